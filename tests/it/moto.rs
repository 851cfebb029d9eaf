//! Against moto, an emulator by other authors; and what came of it is looked at through boto3.
//!
//! Where moto is known to differ from AWS (moto 5.2.5). What of it the checklist meets is asserted in [`whole`], so that
//! a better moto makes the test say so; nothing else of it is asserted, since moto may become better:
//!
//! | call | what moto does |
//! |---|---|
//! | `ec2:DescribeRegions` | lists 38 regions of three partitions, the ones not opted in among them, even without AllRegions |
//! | `ec2:DescribeVpcs` | default VPCs have no internet gateway, no route to one, no rule in the default group that names itself, and `DhcpOptionsId` is `default` |
//! | `ec2:CreateDefaultVpc` | makes no internet gateway either |
//! | `ec2:DeleteVpc` | leaves the network ACL behind |
//! | `ec2:DeleteSubnet` | deletes also what has an instance in it; ignores DryRun |
//! | `ec2:GetEbsDefaultKmsKeyId`, `ec2:ResetEbsDefaultKmsKeyId`, `ec2:DescribeSecurityGroupReferences` | not implemented: status 500 and HTML |
//! | `ec2:ModifyEbsDefaultKmsKeyId` | fails in itself: status 500 and HTML |
//! | `ec2:GetSnapshotBlockPublicAccessState`, `ec2:GetImageBlockPublicAccessState`, `ec2:GetSerialConsoleAccessStatus`, `ec2:GetInstanceMetadataDefaults`, and what sets them | not implemented: status 500 and HTML |
//! | `ec2:DescribeVpcBlockPublicAccessExclusions` | not implemented; the test's server answers that there is none |
//! | `guardduty:CreateDetector` | makes a second one in the same region; features that are not sent are missing instead of enabled |
//! | `guardduty:UpdateDetector` | replaces the list of features instead of merging it |
//! | `guardduty:GetDetector` | `UpdatedAt` never moves; FLOW_LOGS, CLOUD_TRAIL and DNS_LOGS are missing |
//! | `guardduty:TagResource`, `account:ListRegions`, `account:GetContactInformation`, `account:PutContactInformation` | not implemented: status 404 and HTML |
//! | `account:PutAlternateContact`, `account:DeleteAlternateContact` | takes any text; deletes also what is not there |
//! | all of `access-analyzer` | not implemented: status 404 and HTML |
//! | `budgets:UpdateBudget`, `budgets:UpdateNotification`, `budgets:DescribeSubscribersForNotification`, `budgets:ListTagsForResource`, and what else there is of single subscribers and tags | not implemented |
//! | `budgets:CreateBudget` | keeps amounts as they were sent, adds no cost types where some were sent, and forgets the tags |
//! | all of `cloudwatch` | does not know rpc-v2-cbor, which the SDK speaks; the test's server speaks it in front |
//! | `cloudwatch:PutMetricAlarm` | a new alarm's state is OK, where AWS has INSUFFICIENT_DATA |
//! | `cloudwatch:ListTagsForResource` | an alarm that does not exist has no tags, and is no error |
//! | `config:DescribeDeliveryChannelStatus` | not implemented: status 500 and HTML |
//! | `ce:GetAnomalyMonitors`, and what else there is of anomalies | not implemented |
//! | `iam:GetAccountPasswordPolicy` | `MaxPasswordAge` is 0 where passwords do not expire |
//! | `iam:CreateServiceLinkedRole` | makes of the service's name another name of the role; refuses a second one as EntityAlreadyExists |
//! | `iam:GetCredentialReport` | has no line for the root user |
//! | `securityhub:EnableSecurityHub` | a second one is no error; the default standards are forgotten |
//! | `securityhub:UpdateSecurityHubConfiguration` | not implemented: status 500 and HTML |
//! | all of `securityhub` that is of standards, finding aggregators and tags | not implemented: status 404 and HTML |
//! | `sns:Subscribe` | an e-mail subscription is confirmed at once |
//! | `s3:GetBucketEncryption` | a new bucket has none, where AWS encrypts each with AES256 |
//! | `s3:GetBucketVersioning` | the answer's root is `GetBucketVersioningResponse`, which the SDK does not read; the test's server renames it |
//! | `s3:ListBuckets` | ignores the region; `MaxBuckets` cuts off without a ContinuationToken |

use std::fs::File;
use std::path::Path;

use serde_json::{Value, json};

use crate::controls::titles;
use crate::folder::{Ended, Folder};
use crate::python::{self, CREDENTIALS, Server};

mod whole;

/// What the checklist wants of every region, with little of what it wants of the account: [`whole`] judges all of it
/// together, in two regions.
const LIST: &str = r#"
extends = ["checklist@1"]

[access_analyzer]
manage = "off"

[alerts]
manage = "off"

[budgets]
manage = "off"

[cost_anomaly_detection]
manage = "off"

[cloudtrail]
manage = "off"

[health_events]
manage = "off"

[config_recorder]
manage = "off"

[contact_information]
manage = "off"

[log_bucket]
manage = "off"

[monitors]
manage = "off"

[root_user]
manage = "off"

[security_hub]
manage = "off"
"#;

/// What the checklist's baseline does not reach, on top of it.
const FURTHER: &str = r#"
extends = ["./list.toml"]

[account]
id = "123456789012"

[password_policy]
max_age_days = 180
reuse_prevention = { exactly = 5 }

[s3_public_access_block]
restrict_public_buckets = { exactly = false }
"#;

/// A new account in moto, as long as this value lives.
pub(crate) struct Moto {
    server: Server,
    pub(crate) folder: Folder,
}

impl Moto {
    pub(crate) fn start() -> Moto {
        Moto::new(&[])
    }

    /// An account that knows AWS's own managed policies, which take seconds to load.
    pub(crate) fn with_managed_policies() -> Moto {
        Moto::new(&[("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")])
    }

    fn new(environment: &[(&str, &str)]) -> Moto {
        let folder = Folder::with_checklist();
        // A call that fails in moto itself is told there alone.
        let log = File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join("moto.log")).unwrap();
        let mut command = python::module("moto_account", &folder.path(""));
        let server = Server::start(command.envs(environment.iter().copied()).stderr(log));
        folder.write("list.toml", LIST);
        folder.write("further.toml", FURTHER);
        Moto { server, folder }
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.server.url
    }

    pub(crate) fn trueup(&self, args: &[&str]) -> Ended {
        let mut command = self.folder.command(args);
        command
            .args(["--endpoint-url", &self.server.url])
            .envs(CREDENTIALS)
            .env("AWS_REGION", "us-east-1");
        Ended::of(command.output().unwrap())
    }

    /// Applies `b.toml` with consent to everything.
    pub(crate) fn apply(&self) -> Ended {
        self.trueup(&["apply", "b.toml", "--auto-approve", "--allow", "all"])
    }

    /// Asserts that nothing is left to do for `b.toml`.
    #[track_caller]
    pub(crate) fn is_true(&self) {
        self.trueup(&["plan", "b.toml", "--detailed-exitcode"])
            .expect(0)
            .says("No changes.");
    }

    /// The titles of the steps that are planned for `b.toml`.
    #[track_caller]
    pub(crate) fn steps(&self) -> Vec<String> {
        titles(&self.trueup(&["plan", "b.toml", "--json"]).expect(0).stdout)
    }

    /// Makes calls as somebody else would, through boto3.
    #[track_caller]
    pub(crate) fn boto3(&self, service: &str, calls: &Value) -> Vec<Value> {
        python::call(&self.server.url, &self.folder.path(""), service, calls)
    }

    /// The account as boto3 sees it: of these regions, or of all enabled ones of the partition.
    pub(crate) fn look(&self, regions: &[&str]) -> Value {
        let mut command = python::module("account", &self.folder.path(""));
        let told = python::succeed(command.args(regions).env("AWS_ENDPOINT_URL", &self.server.url));
        serde_json::from_str(&told).unwrap()
    }
}

#[test]
fn moto_sees_the_account_become_true_and_stay_so() {
    let moto = Moto::with_managed_policies();
    moto.trueup(&["plan", "list.toml", "--detailed-exitcode"])
        .expect(2);
    moto.trueup(&["apply", "list.toml", "--auto-approve", "--allow", "all"])
        .expect(0)
        .says("The account is true to list.toml, but for what trueup does not change: 1 thing");

    let mut account = moto.look(&[]);
    // Where nothing expires AWS leaves it out, and moto says 0.
    account["password_policy"]["MaxPasswordAge"].take();
    assert_eq!(
        account["password_policy"],
        json!({
            "MinimumPasswordLength": 14,
            "RequireSymbols": true,
            "RequireNumbers": true,
            "RequireUppercaseCharacters": true,
            "RequireLowercaseCharacters": true,
            "AllowUsersToChangePassword": true,
            "ExpirePasswords": false,
            "MaxPasswordAge": null,
            "PasswordReusePrevention": 24,
            "HardExpiry": false,
        })
    );
    assert_eq!(
        account["public_access_block"],
        json!({
            "BlockPublicAcls": true,
            "IgnorePublicAcls": true,
            "BlockPublicPolicy": true,
            "RestrictPublicBuckets": true,
        })
    );
    let regions = account["regions"].as_object().unwrap();
    assert!(
        regions.len() >= 17,
        "too few regions to mean anything: {regions:?}"
    );
    for (region, seen) in regions {
        assert_eq!(seen["default_vpcs"], json!([]), "{region}");
        assert_eq!(seen["orphans"], json!([]), "{region}");
        assert_eq!(seen["ebs_encryption"], json!(true), "{region}");
        let detectors = seen["detectors"].as_array().unwrap();
        assert_eq!(detectors.len(), 1, "{region}: {detectors:?}");
        assert_eq!(detectors[0]["Status"], "ENABLED", "{region}");
        assert_eq!(
            detectors[0]["FindingPublishingFrequency"], "FIFTEEN_MINUTES",
            "{region}"
        );
        let feature = |name: &str| {
            let features = detectors[0]["Features"].as_array().unwrap();
            let found = features.iter().find(|feature| feature["Name"] == name);
            found.map_or(Value::Null, |feature| feature["Status"].clone())
        };
        assert_eq!(feature("S3_DATA_EVENTS"), "ENABLED", "{region}");
        assert_eq!(feature("EKS_AUDIT_LOGS"), "DISABLED", "{region}");
    }

    // A region that is not enabled, and one of another partition: moto would have let trueup in.
    let elsewhere = moto.look(&["me-south-1", "us-gov-west-1"]);
    for (region, seen) in elsewhere["regions"].as_object().unwrap() {
        assert_eq!(
            seen["default_vpcs"].as_array().map(Vec::len),
            Some(1),
            "{region} was touched"
        );
        assert_eq!(seen["ebs_encryption"], json!(false), "{region} was touched");
        assert_eq!(seen["detectors"], json!([]), "{region} was touched");
    }

    moto.trueup(&["plan", "list.toml", "--detailed-exitcode"])
        .expect(0)
        .says("No changes. 1 thing needs a person.");

    moto.trueup(&["apply", "further.toml", "--auto-approve", "--allow", "all"])
        .expect(0)
        .says("The account is true to further.toml, but for");
    let account = moto.look(&["us-east-1"]);
    let policy = &account["password_policy"];
    assert_eq!(
        [
            &policy["MaxPasswordAge"],
            &policy["PasswordReusePrevention"],
            &policy["MinimumPasswordLength"],
        ],
        [180, 5, 14]
    );
    assert_eq!(account["public_access_block"]["RestrictPublicBuckets"], false);
    assert_eq!(account["public_access_block"]["BlockPublicAcls"], true);

    // What moto does not know is a line of the export and no trouble for the rest of it.
    let export = moto.trueup(&["export", "--region", "us-east-1"]);
    for line in export
        .stderr
        .lines()
        .filter(|line| line.contains("could not be read"))
    {
        let known = [
            "ebs_encryption in us-east-1",
            "ec2_defaults in us-east-1",
            "access_analyzer in us-east-1",
            "budgets",
            "cost_anomaly_detection",
            "contact_information",
        ];
        assert!(
            known.iter().any(|known| line.starts_with(known)) && line.len() < 150,
            "{line}"
        );
    }
    let export = export.says("s3_data_events = true").stdout;
    moto.folder.write("export.toml", &export);
    moto.trueup(&["plan", "export.toml", "--detailed-exitcode"])
        .expect(0)
        .says("No changes.");
}
