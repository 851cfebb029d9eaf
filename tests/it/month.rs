//! A month of daily looks at one account: what the first day has done stays done, and nothing is asked for again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use trueup::aws::Connect;
use trueup::core::baseline::Filters;
use trueup::core::env::{Env, Run};
use trueup::engine::execute::{Outcome, Stop};
use trueup::engine::progress::Watch;
use trueup::engine::{Planned, Session, today};
use trueup::sandbox::{DEFAULT_REGIONS, Sandbox, World};

const DAYS: u32 = 30;

/// The checklist, as people have it who did what only they can do.
const BASELINE: &str = r#"
extends = ["checklist@1"]

[account]
home_region = "us-east-1"

[contact_information]
phone = "+81 3-1234-5678"

[admin_access]
users = ["alice"]

[support_role]
role = "support"

[attestations.root_mfa]
by = "alice"
on = 2026-01-02
expires = 2999-01-02

[attestations.billing_access]
by = "alice"
on = 2026-01-02
expires = 2999-01-02

[attestations.contact_phone]
by = "alice"
on = 2026-01-02
expires = 2999-01-02
"#;

/// An account that is looked at day by day.
struct Account {
    sandbox: Sandbox,
    baseline: String,
}

impl Account {
    /// An account of a world, of which only these regions are enabled.
    fn new(world: &str, regions: &[&str], baseline: &str) -> Account {
        let mut world: World = world.parse().unwrap();
        let others = DEFAULT_REGIONS.iter().filter(|region| !regions.contains(region));
        world.disabled_regions = others.map(|region| (*region).to_owned()).collect();
        Account {
            sandbox: Sandbox::open(None, Some(world)).unwrap(),
            baseline: baseline.to_owned(),
        }
    }

    /// The plan of so many days after the first. To be called once for each day, in their order.
    async fn look(&self, day: u32) -> (Session, Planned) {
        let grow_older = |account: &mut trueup::sandbox::Account| {
            let root = &mut account.iam.root_user;
            let passed = i64::from(day > 0);
            root.made_days_ago += passed;
            root.used_days_ago = root.used_days_ago.map(|days| days + passed);
        };
        self.sandbox.edit(grow_older).unwrap();
        self.sandbox
            .set_later(Duration::from_secs(u64::from(day) * 24 * 60 * 60));
        let connect = Connect {
            region: Some("us-east-1".parse().unwrap()),
            http_client: Some(SharedHttpClient::new(self.sandbox.http_client())),
            ..Connect::default()
        };
        let registry = trueup::controls::registry();
        let mut session = Session::open(registry, connect, None).await.unwrap();
        let date = (0..day).fold(today(), |date, _| date.tomorrow().unwrap());
        session.env = Arc::new(Env {
            run: Run {
                today: date,
                ..session.env.run.clone()
            },
            ..Env::clone(&session.env)
        });
        let controls = trueup::controls::controls();
        let loaded = trueup::files::loader(&controls).load_text("b.toml", &self.baseline);
        let planned = session.plan(&loaded.unwrap(), &Filters::default(), &|_| {}).await;
        (session, planned.unwrap())
    }

    /// Makes the account true on the first day, confirms what came by mail, and looks at it on each day of the month.
    async fn rests_for_a_month(&self, mails: &[&str]) {
        let (session, planned) = self.look(0).await;
        let watch: Arc<Watch<'static>> = Arc::new(|_| {});
        let outcomes = session
            .run(&planned, &|_| true, 16, &Stop::default(), &watch)
            .await;
        let done = outcomes.iter().filter(|outcome| **outcome == Outcome::Done);
        assert!(done.count() > 20, "{outcomes:#?}");
        let sns = &session.aws.clients(session.aws.home()).sns;
        for mail in mails {
            let topic = "arn:aws:sns:us-east-1:123456789012:account-alerts";
            sns.confirm_subscription()
                .topic_arn(topic)
                .token(*mail)
                .send()
                .await
                .unwrap();
        }
        let first = said(&self.look(1).await.1);
        for day in 2..=DAYS {
            let (_, planned) = self.look(day).await;
            let steps: Vec<&str> = planned
                .plan
                .steps
                .iter()
                .map(|step| step.title.as_str())
                .collect();
            assert!(steps.is_empty(), "day {day}: {steps:#?}");
            let now = said(&planned);
            let new: Vec<&String> = now.difference(&first).collect();
            assert!(new.is_empty(), "day {day}: {new:#?}");
        }
    }
}

/// Everything that a plan says of the cells: their verdicts, and each task, reason and note.
fn said(planned: &Planned) -> BTreeSet<String> {
    let mut said = BTreeSet::new();
    for cell in &planned.plan.cells {
        let at = format!("{} in {}", cell.control, cell.place);
        said.insert(format!("{at}: {:?}", cell.verdict));
        for lines in [&cell.people, &cell.reasons, &cell.notices] {
            said.extend(lines.iter().map(|line| format!("{at}: {line}")));
        }
    }
    said
}

#[tokio::test]
async fn the_checklists_account_rests_for_a_month() {
    let account = Account::new("", &["eu-west-1", "us-east-1"], BASELINE);
    account.rests_for_a_month(&["security@example.com"]).await;
}

/// What AWS Control Tower leaves in a member account: its recorder in each governed region, which delivers to the log
/// archive, the organization's trail, and policies that keep both and deny other regions.
fn control_tower() -> String {
    let recorder = |region: &str| {
        format!(
            r#"
[[call]]
call = "config:PutConfigurationRecorder"
region = "{region}"
[call.input.ConfigurationRecorder]
name = "aws-controltower-BaselineConfigRecorder"
roleARN = "arn:aws:iam::123456789012:role/aws-controltower-ConfigRecorderRole"
recordingGroup = {{ allSupported = true, includeGlobalResourceTypes = {global} }}

[[call]]
call = "config:PutDeliveryChannel"
region = "{region}"
[call.input.DeliveryChannel]
name = "aws-controltower-BaselineConfigDeliveryChannel"
s3BucketName = "aws-controltower-logs-999988887777-us-east-1"
s3KeyPrefix = "o-abcd123456"
configSnapshotDeliveryProperties = {{ deliveryFrequency = "TwentyFour_Hours" }}

[[call]]
call = "config:StartConfigurationRecorder"
region = "{region}"
input = {{ ConfigurationRecorderName = "aws-controltower-BaselineConfigRecorder" }}
"#,
            global = region == "us-east-1"
        )
    };
    let denied = [
        "config:DeleteConfigurationRecorder",
        "config:DeleteDeliveryChannel",
        "config:PutConfigurationRecorder",
        "config:PutDeliveryChannel",
        "config:StopConfigurationRecorder",
    ]
    .map(|action| format!("[[deny]]\naction = \"{action}\"\n"));
    format!(
        r#"
organization_trail = "999988887777"

[root_user]
virtual_mfa_devices = 2
made_days_ago = 900
used_days_ago = 400

[[bucket]]
name = "aws-controltower-logs-999988887777-us-east-1"
owner = "999988887777"

[[call]]
call = "iam:CreateRole"
[call.input]
RoleName = "aws-controltower-ConfigRecorderRole"
AssumeRolePolicyDocument = '{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": {{"Service": "config.amazonaws.com"}}, "Action": "sts:AssumeRole"}}]}}'
{}{}
{}
[[deny]]
region = "us-west-2"
"#,
        recorder("eu-west-1"),
        recorder("us-east-1"),
        denied.concat()
    )
}

#[tokio::test]
async fn a_control_tower_account_rests_for_a_month() {
    let account = Account::new(
        &control_tower(),
        &["eu-west-1", "us-east-1", "us-west-2"],
        BASELINE,
    );
    account.rests_for_a_month(&["security@example.com"]).await;
}

/// The names of terraform-aws-secure-baseline's monitors, each with a pattern of the CIS benchmark for it.
const MONITORS: [(&str, &str); 15] = [
    (
        "UnauthorizedAPICalls",
        r#"{($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*")}"#,
    ),
    (
        "NoMFAConsoleSignin",
        r#"{($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes")}"#,
    ),
    (
        "RootUsage",
        r#"{$.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent"}"#,
    ),
    (
        "IAMChanges",
        "{($.eventName=DeleteGroupPolicy)||($.eventName=DeleteRolePolicy)||($.eventName=DeleteUserPolicy)||($.eventName=PutGroupPolicy)||($.eventName=PutRolePolicy)||($.eventName=PutUserPolicy)||($.eventName=CreatePolicy)||($.eventName=DeletePolicy)||($.eventName=CreatePolicyVersion)||($.eventName=DeletePolicyVersion)||($.eventName=AttachRolePolicy)||($.eventName=DetachRolePolicy)||($.eventName=AttachUserPolicy)||($.eventName=DetachUserPolicy)||($.eventName=AttachGroupPolicy)||($.eventName=DetachGroupPolicy)}",
    ),
    (
        "CloudTrailCfgChanges",
        "{($.eventName = CreateTrail) || ($.eventName = UpdateTrail) || ($.eventName = DeleteTrail) || ($.eventName = StartLogging) || ($.eventName = StopLogging)}",
    ),
    (
        "ConsoleSigninFailures",
        r#"{($.eventName = ConsoleLogin) && ($.errorMessage = "Failed authentication")}"#,
    ),
    (
        "DisableOrDeleteCMK",
        "{($.eventSource = kms.amazonaws.com) && (($.eventName = DisableKey) || ($.eventName = ScheduleKeyDeletion))}",
    ),
    (
        "S3BucketPolicyChanges",
        "{($.eventSource = s3.amazonaws.com) && (($.eventName = PutBucketAcl) || ($.eventName = PutBucketPolicy) || ($.eventName = PutBucketCors) || ($.eventName = PutBucketLifecycle) || ($.eventName = PutBucketReplication) || ($.eventName = DeleteBucketPolicy) || ($.eventName = DeleteBucketCors) || ($.eventName = DeleteBucketLifecycle) || ($.eventName = DeleteBucketReplication))}",
    ),
    (
        "AWSConfigChanges",
        "{($.eventSource = config.amazonaws.com) && (($.eventName=StopConfigurationRecorder)||($.eventName=DeleteDeliveryChannel)||($.eventName=PutDeliveryChannel)||($.eventName=PutConfigurationRecorder))}",
    ),
    (
        "SecurityGroupChanges",
        "{($.eventName = AuthorizeSecurityGroupIngress) || ($.eventName = AuthorizeSecurityGroupEgress) || ($.eventName = RevokeSecurityGroupIngress) || ($.eventName = RevokeSecurityGroupEgress) || ($.eventName = CreateSecurityGroup) || ($.eventName = DeleteSecurityGroup)}",
    ),
    (
        "NACLChanges",
        "{($.eventName = CreateNetworkAcl) || ($.eventName = CreateNetworkAclEntry) || ($.eventName = DeleteNetworkAcl) || ($.eventName = DeleteNetworkAclEntry) || ($.eventName = ReplaceNetworkAclEntry) || ($.eventName = ReplaceNetworkAclAssociation)}",
    ),
    (
        "NetworkGWChanges",
        "{($.eventName = CreateCustomerGateway) || ($.eventName = DeleteCustomerGateway) || ($.eventName = AttachInternetGateway) || ($.eventName = CreateInternetGateway) || ($.eventName = DeleteInternetGateway) || ($.eventName = DetachInternetGateway)}",
    ),
    (
        "RouteTableChanges",
        "{($.eventName = CreateRoute) || ($.eventName = CreateRouteTable) || ($.eventName = ReplaceRoute) || ($.eventName = ReplaceRouteTableAssociation) || ($.eventName = DeleteRouteTable) || ($.eventName = DeleteRoute) || ($.eventName = DisassociateRouteTable)}",
    ),
    (
        "VPCChanges",
        "{($.eventName = CreateVpc) || ($.eventName = DeleteVpc) || ($.eventName = ModifyVpcAttribute) || ($.eventName = AcceptVpcPeeringConnection) || ($.eventName = CreateVpcPeeringConnection) || ($.eventName = DeleteVpcPeeringConnection) || ($.eventName = RejectVpcPeeringConnection) || ($.eventName = AttachClassicLinkVpc) || ($.eventName = DetachClassicLinkVpc) || ($.eventName = DisableVpcClassicLink) || ($.eventName = EnableVpcClassicLink)}",
    ),
    (
        "OrganizationsChanges",
        "{($.eventSource = organizations.amazonaws.com) && (($.eventName = AcceptHandshake) || ($.eventName = AttachPolicy) || ($.eventName = CreateAccount) || ($.eventName = CreatePolicy) || ($.eventName = DeclineHandshake) || ($.eventName = DeletePolicy) || ($.eventName = DetachPolicy) || ($.eventName = DisablePolicyType) || ($.eventName = EnablePolicyType) || ($.eventName = InviteAccountToOrganization) || ($.eventName = LeaveOrganization) || ($.eventName = MoveAccount) || ($.eventName = RemoveAccountFromOrganization) || ($.eventName = UpdatePolicy))}",
    ),
];

/// What terraform-aws-secure-baseline makes: a trail with its bucket, log group and role, the monitors on it, and what
/// it switches on in each region.
fn secure_baseline() -> String {
    let monitors = MONITORS.map(|(name, pattern)| {
        format!(
            r#"
[[call]]
call = "logs:PutMetricFilter"
[call.input]
logGroupName = "cloudtrail-multi-region"
filterName = "{name}"
filterPattern = '{pattern}'
metricTransformations = [{{ metricNamespace = "CISBenchmark", metricName = "{name}", metricValue = "1" }}]

[[call]]
call = "cloudwatch:PutMetricAlarm"
[call.input]
AlarmName = "{name}"
Namespace = "CISBenchmark"
MetricName = "{name}"
Statistic = "Sum"
ComparisonOperator = "GreaterThanOrEqualToThreshold"
Threshold = 1
Period = 300
EvaluationPeriods = 1
TreatMissingData = "notBreaching"
AlarmActions = ["arn:aws:sns:us-east-1:123456789012:account-alerts"]
"#
        )
    });
    let regions = ["eu-west-1", "us-east-1"].map(|region| {
        format!(
            r#"
[[detector]]
region = "{region}"
finding_publishing_frequency = "SIX_HOURS"

[[call]]
call = "access-analyzer:CreateAnalyzer"
region = "{region}"
input = {{ analyzerName = "default-analyzer", type = "ACCOUNT" }}

[[call]]
call = "config:PutConfigurationRecorder"
region = "{region}"
[call.input.ConfigurationRecorder]
name = "default"
roleARN = "arn:aws:iam::123456789012:role/Config-Recorder"
recordingGroup = {{ allSupported = true, includeGlobalResourceTypes = {global} }}

[[call]]
call = "config:PutDeliveryChannel"
region = "{region}"
[call.input.DeliveryChannel]
name = "default"
s3BucketName = "acme-audit-logs"
s3KeyPrefix = "config"
configSnapshotDeliveryProperties = {{ deliveryFrequency = "One_Hour" }}

[[call]]
call = "config:StartConfigurationRecorder"
region = "{region}"
input = {{ ConfigurationRecorderName = "default" }}

[[call]]
call = "securityhub:EnableSecurityHub"
region = "{region}"
"#,
            global = region == "us-east-1"
        )
    });
    format!(
        r#"
[[bucket]]
name = "acme-audit-logs"
objects = 3

[[call]]
call = "s3:PutBucketPolicy"
[call.input]
Bucket = "acme-audit-logs"
Policy = '''{{"Version": "2012-10-17", "Statement": [
  {{"Sid": "AWSCloudTrailAclCheckForConfig", "Effect": "Allow", "Principal": {{"Service": ["cloudtrail.amazonaws.com", "config.amazonaws.com"]}},
   "Action": ["s3:GetBucketAcl", "s3:ListBucket"], "Resource": "arn:aws:s3:::acme-audit-logs"}},
  {{"Sid": "AWSCloudTrailWriteForCloudTrail", "Effect": "Allow", "Principal": {{"Service": "cloudtrail.amazonaws.com"}},
   "Action": "s3:PutObject", "Resource": "arn:aws:s3:::acme-audit-logs/cloudtrail/AWSLogs/123456789012/*",
   "Condition": {{"StringEquals": {{"s3:x-amz-acl": "bucket-owner-full-control"}}}}}},
  {{"Sid": "AWSCloudTrailWriteForConfig", "Effect": "Allow", "Principal": {{"Service": "config.amazonaws.com"}},
   "Action": "s3:PutObject", "Resource": "arn:aws:s3:::acme-audit-logs/config/AWSLogs/123456789012/Config/*",
   "Condition": {{"StringEquals": {{"s3:x-amz-acl": "bucket-owner-full-control"}}}}}}
]}}'''

[[call]]
call = "sns:CreateTopic"
input = {{ Name = "account-alerts" }}

[[call]]
call = "logs:CreateLogGroup"
input = {{ logGroupName = "cloudtrail-multi-region" }}

[[call]]
call = "logs:PutRetentionPolicy"
input = {{ logGroupName = "cloudtrail-multi-region", retentionInDays = 365 }}

[[call]]
call = "iam:CreateRole"
[call.input]
RoleName = "CloudTrail-CloudWatch-Delivery-Role"
AssumeRolePolicyDocument = '{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": {{"Service": "cloudtrail.amazonaws.com"}}, "Action": "sts:AssumeRole"}}]}}'

[[call]]
call = "iam:PutRolePolicy"
[call.input]
RoleName = "CloudTrail-CloudWatch-Delivery-Role"
PolicyName = "CloudTrail-CloudWatch-Delivery-Policy"
PolicyDocument = '{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "arn:aws:logs:us-east-1:123456789012:log-group:cloudtrail-multi-region:log-stream:*"}}]}}'

[[call]]
call = "iam:CreateRole"
[call.input]
RoleName = "Config-Recorder"
AssumeRolePolicyDocument = '{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": {{"Service": "config.amazonaws.com"}}, "Action": "sts:AssumeRole"}}]}}'

[[call]]
call = "iam:AttachRolePolicy"
input = {{ RoleName = "Config-Recorder", PolicyArn = "arn:aws:iam::aws:policy/ReadOnlyAccess" }}

[[call]]
call = "iam:UpdateAccountPasswordPolicy"
input = {{ MinimumPasswordLength = "14", RequireNumbers = "true", RequireLowercaseCharacters = "true", RequireUppercaseCharacters = "true", RequireSymbols = "true", AllowUsersToChangePassword = "true", PasswordReusePrevention = "24" }}

[[call]]
call = "cloudtrail:CreateTrail"
[call.input]
Name = "cloudtrail-multi-region"
S3BucketName = "acme-audit-logs"
S3KeyPrefix = "cloudtrail"
IsMultiRegionTrail = true
EnableLogFileValidation = true
CloudWatchLogsLogGroupArn = "arn:aws:logs:us-east-1:123456789012:log-group:cloudtrail-multi-region:*"
CloudWatchLogsRoleArn = "arn:aws:iam::123456789012:role/CloudTrail-CloudWatch-Delivery-Role"

[[call]]
call = "cloudtrail:StartLogging"
input = {{ Name = "cloudtrail-multi-region" }}
{}{}"#,
        monitors.concat(),
        regions.concat()
    )
}

#[tokio::test]
async fn an_account_made_by_terraform_aws_secure_baseline_rests_for_a_month() {
    let account = Account::new(&secure_baseline(), &["eu-west-1", "us-east-1"], BASELINE);
    account.rests_for_a_month(&["security@example.com"]).await;
}
