//! The trail from the file to the account and back.

use serde_json::{Value, json};

use crate::folder::Folder;
use crate::moto::Moto;

const HOME: &str = "[account]\nhome_region = \"eu-west-1\"\nregions = [\"eu-west-1\"]\n";
const TAGS: &str = "[tags]\nmanaged-by = \"trueup\"\n";
const TRAIL: &str =
    "[cloudtrail]\nname = \"management-events\"\nmulti_region = true\nlog_file_validation = true\n";
const LOGS: &str = "log_group = \"/aws/cloudtrail/management-events\"\nlog_retention_days = 365\n";
const BUCKET: &str = "[log_bucket]\nname = \"logs-{account_id}\"\ntls_only = true\n";

/// A trail at home in another region that does not record yet, made by hand, with its bucket.
const BY_HAND: &str = r#"
[[call]]
call = "s3:CreateBucket"
input = { Bucket = "their-logs" }
[[call]]
call = "s3:PutBucketPolicy"
[call.input]
Bucket = "their-logs"
Policy = '''{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
  "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": ["s3:GetBucketAcl", "s3:PutObject"],
  "Resource": ["arn:aws:s3:::their-logs", "arn:aws:s3:::their-logs/*"]}]}'''
[[call]]
call = "cloudtrail:CreateTrail"
input = { Name = "theirs", S3BucketName = "their-logs", IsMultiRegionTrail = true, TagsList = [{ Key = "team", Value = "web" }] }
[[call]]
call = "cloudtrail:PutEventSelectors"
[call.input]
TrailName = "theirs"
EventSelectors = [{ ReadWriteType = "WriteOnly", IncludeManagementEvents = true, ExcludeManagementEventSources = ["kms.amazonaws.com"], DataResources = [] }]
"#;

/// Only the bucket of it.
const BUCKET_BY_HAND: &str = r#"
[[call]]
call = "s3:CreateBucket"
input = { Bucket = "their-logs" }
[[call]]
call = "s3:PutBucketPolicy"
[call.input]
Bucket = "their-logs"
Policy = '''{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
  "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": ["s3:GetBucketAcl", "s3:PutObject"],
  "Resource": ["arn:aws:s3:::their-logs", "arn:aws:s3:::their-logs/*"]}]}'''
"#;

/// A trail at home in the home region that delivers to a log group by a role of another name with a path and two
/// policies, which CloudTrail may no longer assume.
const DELIVERS: &str = r#"
[[call]]
region = "eu-west-1"
call = "logs:CreateLogGroup"
input = { logGroupName = "ct/management" }
[[call]]
call = "iam:CreateRole"
[call.input]
RoleName = "CTLogs"
Path = "/service-role/"
AssumeRolePolicyDocument = '''{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
  "Principal": {"Service": ["cloudtrail.amazonaws.com", "ec2.amazonaws.com"]}, "Action": "sts:AssumeRole"}]}'''
[[call]]
call = "iam:PutRolePolicy"
[call.input]
RoleName = "CTLogs"
PolicyName = "deliver"
PolicyDocument = '''{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
  "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}]}'''
[[call]]
call = "iam:AttachRolePolicy"
input = { RoleName = "CTLogs", PolicyArn = "arn:aws:iam::aws:policy/SecurityAudit" }
[[call]]
region = "eu-west-1"
call = "cloudtrail:CreateTrail"
[call.input]
Name = "theirs"
S3BucketName = "their-logs"
IsMultiRegionTrail = true
EnableLogFileValidation = true
CloudWatchLogsLogGroupArn = "arn:aws:logs:eu-west-1:123456789012:log-group:ct/management:*"
CloudWatchLogsRoleArn = "arn:aws:iam::123456789012:role/service-role/CTLogs"
[[call]]
region = "eu-west-1"
call = "cloudtrail:StartLogging"
input = { Name = "theirs" }
"#;

/// The role's trust without CloudTrail.
const UNTRUSTED: &str = r#"
[[call]]
call = "iam:UpdateAssumeRolePolicy"
[call.input]
RoleName = "CTLogs"
PolicyDocument = '''{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
  "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}'''
"#;

/// Worlds and baselines that need every call of the control.
pub(crate) fn exercise() -> Vec<(&'static str, Vec<String>)> {
    let their_role = format!("{BUCKET_BY_HAND}{DELIVERS}{UNTRUSTED}").leak();
    let trail = format!("{HOME}{TAGS}{TRAIL}bucket = \"their-logs\"\n{LOGS}");
    let other = trail
        .replace("\"trueup\"", "\"other\"")
        .replace("365", "\"never\"");
    let bounded = format!("{trail}permissions_boundary = \"arn:aws:iam::aws:policy/AdministratorAccess\"\n");
    vec![
        (their_role, vec![format!("{HOME}{TRAIL}{LOGS}")]),
        (
            BUCKET_BY_HAND,
            vec![
                trail,
                bounded,
                other,
                format!("{HOME}[cloudtrail]\nstate = \"absent\"\n"),
            ],
        ),
        (
            BY_HAND,
            vec![
                format!("{HOME}{TAGS}{TRAIL}management_events = \"all\"\n"),
                format!("{HOME}{TRAIL}logging = false\n"),
            ],
        ),
    ]
}

impl Folder {
    fn trails(&self, region: &str) -> Value {
        self.region(region)["cloudtrail"]["trails"].clone()
    }

    /// Changes a region behind trueup's back.
    fn edit_region(&self, region: &str, change: impl FnOnce(&mut Value)) {
        self.alter(|account| change(&mut account["regions"][region]));
    }
}

#[test]
fn a_new_trail_comes_after_its_buckets_policy_and_records() {
    let folder = Folder::new();
    // CloudTrail sees the policy late, and says that it is not what it needs.
    folder.world("propagation_seconds = 2\n");
    folder.write("b.toml", &format!("{HOME}{TAGS}{TRAIL}{BUCKET}"));
    folder.apply().expect(0);
    let mut writes = folder.writes();
    let tries = writes
        .iter()
        .filter(|write| write.ends_with("CreateTrail"))
        .count();
    assert!(tries > 1, "{writes:?}");
    // How often depends on how fast the machine is.
    writes.dedup();
    assert_eq!(
        writes,
        [
            "eu-west-1 s3:CreateBucket",
            "eu-west-1 s3:PutBucketTagging",
            "eu-west-1 s3:PutBucketPolicy",
            "eu-west-1 cloudtrail:CreateTrail",
            "eu-west-1 cloudtrail:StartLogging",
        ]
    );
    folder.is_true();
    let made = folder.trails("eu-west-1")["management-events"].clone();
    assert_eq!(made["bucket"], "logs-123456789012");
    assert_eq!(made["logging"], true);
    assert_eq!(made["multi_region"], true);
    assert_eq!(made["validation"], true);
    assert_eq!(made["tags"], json!({"managed-by": "trueup"}));
    folder.edit_region("eu-west-1", |region| {
        region["cloudtrail"]["trails"]["management-events"]["logging"] = false.into();
    });
    assert_eq!(
        folder.steps(),
        ["start recording with the trail `management-events`"]
    );
    folder.apply().expect(0);
    // What fails since is told, and is for a person.
    folder.edit_region("eu-west-1", |region| {
        region["cloudtrail"]["trails"]["management-events"]["delivery_error"] = "AccessDenied".into();
    });
    folder
        .sandbox(&["plan", "b.toml"])
        .expect(0)
        .says("CloudTrail cannot deliver to the bucket `logs-123456789012`: AccessDenied");
    folder.edit_region("eu-west-1", |region| {
        region["cloudtrail"]["trails"]["management-events"]["delivery_error"] = Value::Null;
    });
    let export = folder
        .sandbox(&["export", "--only", "cloudtrail", "--only", "log_bucket"])
        .expect(0);
    folder.write("b.toml", &export.stdout);
    folder.is_true();
}

#[test]
fn a_trail_that_records_every_region_is_adopted_with_its_name_home_and_bucket() {
    let folder = Folder::new();
    folder.world(BY_HAND);
    let before = folder.trails("us-east-1")["theirs"].clone();
    let baseline = format!("{HOME}{TAGS}{TRAIL}management_events = \"all\"\n{BUCKET}");
    folder.write("b.toml", &baseline);
    folder
        .apply()
        .expect(0)
        .says("the account's trail is called `theirs`, is at home in us-east-1")
        .says("the account's trail leaves out what kms.amazonaws.com does");
    let mut writes = folder.writes();
    writes.retain(|write| !write.contains(" s3:"));
    // They depend on nothing of each other.
    writes.sort();
    assert_eq!(
        writes,
        [
            "us-east-1 cloudtrail:AddTags",
            "us-east-1 cloudtrail:PutEventSelectors",
            "us-east-1 cloudtrail:StartLogging",
            "us-east-1 cloudtrail:UpdateTrail",
        ]
    );
    folder.is_true();
    assert_eq!(folder.trails("eu-west-1"), json!({}), "no second trail");
    let after = folder.trails("us-east-1")["theirs"].clone();
    assert_eq!(after["bucket"], before["bucket"]);
    assert_eq!(after["validation"], true);
    assert_eq!(after["tags"], json!({"managed-by": "trueup", "team": "web"}));
    assert_eq!(
        after["selectors"][0]["ExcludeManagementEventSources"],
        json!(["kms.amazonaws.com"])
    );
    let export = folder
        .sandbox(&["export", "--only", "cloudtrail"])
        .expect(0)
        .says("name = \"theirs\"")
        .says("bucket = \"their-logs\"");
    folder.write("b.toml", &export.stdout);
    folder.is_true();
}

#[test]
fn an_organizations_trail_counts_and_an_own_one_beside_it_has_to_be_enforced() {
    let folder = Folder::new();
    folder.world("organization_trail = \"999988887777\"\n");
    let baseline = format!("{HOME}{TRAIL}");
    folder.write("b.toml", &baseline);
    folder
        .apply()
        .says("managed elsewhere")
        .says("arn:aws:cloudtrail:us-east-1:999988887777:trail/organization");
    assert_eq!(folder.writes(), Vec::<String>::new());
    folder.write("b.toml", &format!("{baseline}manage = \"enforce\"\n{BUCKET}"));
    folder.apply().expect(0);
    assert_eq!(folder.trails("eu-west-1")["management-events"]["logging"], true);
    folder.is_true();
    // The own one that is healthy is managed, and the other one is named with what it costs, in the export too.
    let beside = "the organization's trail arn:aws:cloudtrail:us-east-1:999988887777:trail/organization records this account too";
    folder.write("b.toml", &format!("{baseline}{BUCKET}"));
    let plan = folder.sandbox(&["plan", "b.toml", "--json"]).expect(0).stdout;
    assert!(plan.contains(beside), "{plan}");
    let export = folder
        .sandbox(&["export", "--only", "cloudtrail"])
        .expect(0)
        .stdout;
    assert!(
        export
            .lines()
            .any(|line| line.starts_with('#') && line.contains("organization's trail")),
        "{export}"
    );
}

#[test]
fn a_stopped_trail_is_not_started_beside_the_organizations() {
    let folder = Folder::new();
    folder.world(&format!("organization_trail = \"999988887777\"\n{BY_HAND}"));
    let baseline = format!("{HOME}{TRAIL}");
    folder.write("b.toml", &baseline);
    folder
        .apply()
        .expect(0)
        .says("managed elsewhere")
        .says("arn:aws:cloudtrail:us-east-1:999988887777:trail/organization");
    assert_eq!(folder.writes(), Vec::<String>::new());
    // Where that is enforced, the second copy is in the sum.
    folder.write("b.toml", &format!("{baseline}manage = \"enforce\"\n"));
    let plan = folder.sandbox(&["plan", "b.toml", "--json"]).expect(0).stdout;
    let plan: Value = serde_json::from_str(&plan).unwrap();
    let mut steps = plan["steps"].as_array().unwrap().iter();
    let start = steps.find(|step| step["title"] == "start recording with the trail `theirs`");
    assert_eq!(start.unwrap()["monthly"]["high_cents"], 2000);
    folder.apply().expect(0);
    folder.is_true();
}

#[test]
fn the_management_account_changes_its_organizations_trail_only_if_enforced_and_keeps_it_as_one() {
    let folder = Folder::new();
    let organization = BY_HAND.replace(
        "IsMultiRegionTrail = true",
        "IsMultiRegionTrail = true, IsOrganizationTrail = true",
    );
    folder.world(&format!("organization_trail = \"123456789012\"\n{organization}"));
    let before = folder.trails("us-east-1")["theirs"].clone();
    assert_eq!(before["organization"], true);
    folder.write("b.toml", &format!("{HOME}{TRAIL}"));
    folder
        .apply()
        .expect(0)
        .says("managed elsewhere")
        .says("arn:aws:cloudtrail:us-east-1:123456789012:trail/theirs");
    assert_eq!(folder.writes(), Vec::<String>::new());
    folder.write(
        "b.toml",
        &format!("{HOME}{TRAIL}manage = \"enforce\"\nmanagement_events = \"all\"\n{LOGS}{BUCKET}"),
    );
    folder
        .apply()
        .expect(0)
        .says("is called `theirs`, is the organization's")
        .says("the organization's trail delivers to no log group");
    let mut writes = folder.writes();
    writes.retain(|write| {
        write.contains(" cloudtrail:") || write.contains(" iam:") || write.contains(" logs:")
    });
    writes.sort();
    assert_eq!(
        writes,
        [
            "us-east-1 cloudtrail:PutEventSelectors",
            "us-east-1 cloudtrail:StartLogging",
            "us-east-1 cloudtrail:UpdateTrail",
        ]
    );
    let after = folder.trails("us-east-1")["theirs"].clone();
    for key in [
        "organization",
        "bucket",
        "prefix",
        "multi_region",
        "key",
        "log_group",
        "tags",
    ] {
        assert_eq!(after[key], before[key], "{key}");
    }
    assert_eq!(
        (&after["validation"], &after["logging"]),
        (&json!(true), &json!(true))
    );
    let update = folder
        .exchanges()
        .into_iter()
        .find(|one| one["operation"] == "UpdateTrail");
    let body = update.unwrap()["request"]["body"].to_string();
    assert!(body.contains("IsOrganizationTrail"), "{body}");

    let absent = "[cloudtrail]\nstate = \"absent\"\nmanage = \"enforce\"\n";
    folder.write("b.toml", &format!("{HOME}{absent}"));
    folder.forget_exchanges();
    folder
        .apply()
        .expect(3)
        .says("the trail `theirs` is the organization's and records every account");
    assert_eq!(folder.writes(), Vec::<String>::new());
    let export = folder.sandbox(&["export", "--only", "cloudtrail"]).expect(0);
    folder.write("b.toml", &export.stdout);
    folder.is_true();
}

#[test]
fn a_central_accounts_bucket_is_written_to_and_nothing_else_of_it_is_touched() {
    let folder = Folder::new();
    folder.world("[[bucket]]\nname = \"central\"\nowner = \"999988887777\"\n");
    folder.becomes(
        &format!("{HOME}{TRAIL}bucket = \"central\"\nprefix = \"acme\"\n"),
        &[
            "eu-west-1 cloudtrail:CreateTrail",
            "eu-west-1 cloudtrail:StartLogging",
        ],
    );
    let made = folder.trails("eu-west-1")["management-events"].clone();
    assert_eq!(
        (&made["bucket"], &made["prefix"]),
        (&json!("central"), &json!("acme"))
    );
    folder.becomes(
        &format!("{HOME}[cloudtrail]\nstate = \"absent\"\n"),
        &["eu-west-1 cloudtrail:DeleteTrail"],
    );
}

#[test]
fn moto_sees_the_trail_deliver_to_bucket_and_log_group() {
    let moto = Moto::start();
    let baseline = format!(
        "{TAGS}{TRAIL}{LOGS}{BUCKET}\
         block_public_access = true\nownership = \"bucket_owner_enforced\"\nencryption = \"AES256\"\nversioning = true\n\
         expire_after_days = 2557\nold_versions_expire_after_days = 30\n"
    );
    moto.folder.write("b.toml", &baseline);
    // moto encrypts nothing until it is told to, where AWS encrypts every bucket.
    moto.apply()
        .expect(3)
        .says("Applied: 8 done.")
        .says("encryption: nothing → \"AES256\"");
    moto.apply()
        .expect(0)
        .says("Applied: 1 done.")
        .says("The account is true to b.toml.");
    let account = moto.look(&["us-east-1"]);
    let trail = &account["trails"][0];
    assert_eq!(account["trails"].as_array().unwrap().len(), 1);
    let group = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/cloudtrail/management-events:*";
    assert_eq!(
        [
            &trail["Name"],
            &trail["S3BucketName"],
            &trail["CloudWatchLogsLogGroupArn"],
            &trail["CloudWatchLogsRoleArn"],
        ],
        [
            "management-events",
            "logs-123456789012",
            group,
            "arn:aws:iam::123456789012:role/CloudTrailToCloudWatchLogs"
        ]
    );
    assert_eq!(
        (&trail["IsMultiRegionTrail"], &trail["IsLogging"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(
        account["log_groups"],
        json!([{"logGroupName": "/aws/cloudtrail/management-events", "retentionInDays": 365}])
    );
    let bucket = &account["buckets"]["logs-123456789012"];
    let sids: Vec<&Value> = bucket["policy"]["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["Sid"])
        .collect();
    assert_eq!(
        sids,
        [
            "TrueupCloudTrailAclCheck",
            "TrueupCloudTrailWrite",
            "TrueupConfigPermissionsCheck",
            "TrueupConfigExistenceCheck",
            "TrueupConfigDelivery",
            "TrueupTlsOnly"
        ]
    );
    assert_eq!(bucket["versioning"], "Enabled");
    assert_eq!(bucket["rules"][0]["ID"], "trueup-log-retention");
    assert_eq!(bucket["rules"][0]["Expiration"]["Days"], 2557);
    assert_eq!(bucket["tags"], json!([{"Key": "managed-by", "Value": "trueup"}]));
    assert!(bucket["block"].as_object().unwrap().values().all(|on| on == true));
    moto.is_true();
}

#[test]
fn a_trail_delivers_to_its_log_group_by_its_role_once_that_is_seen() {
    let folder = Folder::new();
    folder.world("propagation_seconds = 2\n");
    folder.write("b.toml", &format!("{HOME}{TAGS}{TRAIL}{LOGS}{BUCKET}"));
    folder.apply().expect(0);
    folder.is_true();
    let tried = folder
        .writes()
        .iter()
        .filter(|write| write.ends_with(":CreateTrail"))
        .count();
    assert!(tried > 1, "the role was not seen at once");
    let made = folder.trails("eu-west-1")["management-events"].clone();
    assert_eq!(
        made["log_group"],
        "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/cloudtrail/management-events:*"
    );
    let group = folder.region("eu-west-1")["logs"]["groups"]["/aws/cloudtrail/management-events"].clone();
    assert_eq!(
        (&group["retention"], &group["tags"]),
        (&json!(365), &json!({"managed-by": "trueup"}))
    );

    // Longer is stricter and stays; shorter loses events and is asked for.
    folder.edit_region("eu-west-1", |region| {
        region["logs"]["groups"]["/aws/cloudtrail/management-events"]["retention"] = Value::Null;
    });
    folder
        .sandbox(&["plan", "b.toml", "--detailed-exitcode"])
        .expect(0)
        .says("are kept and");
    let capped = folder.read("b.toml").replace("365", "{ at_most = 365 }");
    folder.write("b.toml", &capped);
    assert_eq!(folder.steps(), ["keep events in the log group for 365 days"]);
    folder
        .sandbox(&["apply", "b.toml", "--auto-approve"])
        .expect(3)
        .says("--allow cloudtrail");
    folder.apply().expect(0);
    // What is gone is made again, and nothing else is touched.
    folder.edit_region("eu-west-1", |region| region["logs"]["groups"] = json!({}));
    assert_eq!(
        folder.steps(),
        ["create the log group `/aws/cloudtrail/management-events`"]
    );
    folder.apply().expect(0);
    let export = folder.sandbox(&["export", "--only", "cloudtrail"]).expect(0);
    folder.write("b.toml", &export.stdout);
    folder.is_true();
}

/// The leaf of the trail that a new account gets.
fn trail_leaf<'a>(region: &'a mut Value, key: &str) -> &'a mut Value {
    &mut region["cloudtrail"]["trails"]["management-events"][key]
}

#[test]
fn what_keeps_a_trail_from_recording_or_delivering_is_mended() {
    let folder = Folder::new();
    let baseline = format!("{HOME}{TRAIL}{LOGS}{BUCKET}");
    folder.write("b.toml", &baseline);
    folder.apply().expect(0);
    let role = |account: &mut Value| account["iam"]["entities"]["roles"]["CloudTrailToCloudWatchLogs"].take();
    let before = folder.account();
    type Change<'a> = &'a dyn Fn(&mut Value);
    let turned = |text: &Value| Value::from(text.as_str().unwrap().replace("Allow", "Deny"));
    let changes: [(&str, &str, Change<'_>); 6] = [
        (
            "UpdateTrail",
            "change the trail: events of global services",
            &|account| {
                *trail_leaf(&mut account["regions"]["eu-west-1"], "global") = false.into();
            },
        ),
        (
            "UpdateAssumeRolePolicy",
            "let cloudtrail.amazonaws.com assume the role",
            &|account| {
                let trust = &mut account["iam"]["entities"]["roles"]["CloudTrailToCloudWatchLogs"]["trust"];
                *trust = turned(trust);
            },
        ),
        (
            "PutRolePolicy",
            "let the role `CloudTrailToCloudWatchLogs` deliver",
            &|account| {
                let inline = &mut account["iam"]["entities"]["roles"]["CloudTrailToCloudWatchLogs"]["common"]
                    ["inline"];
                let policy = &mut inline["TrueupDeliverToLogGroup"];
                *policy = turned(policy);
            },
        ),
        (
            "CreateRole",
            "create the role `CloudTrailToCloudWatchLogs`",
            &|account| {
                role(account);
                let roles = account["iam"]["entities"]["roles"].as_object_mut().unwrap();
                roles.remove("CloudTrailToCloudWatchLogs");
            },
        ),
        ("PutEventSelectors", "record all management events", &|account| {
            *trail_leaf(&mut account["regions"]["eu-west-1"], "selectors") = json!([
                {"ReadWriteType": "ReadOnly", "IncludeManagementEvents": true, "DataResources": []}
            ]);
        }),
        ("PutEventSelectors", "record all management events", &|account| {
            *trail_leaf(&mut account["regions"]["eu-west-1"], "advanced_selectors") = json!([{"FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Management"]},
                {"Field": "eventName", "NotEquals": ["StopLogging"]},
            ]}]);
        }),
    ];
    for (call, title, change) in changes {
        folder.alter(|account| change(account));
        let steps = folder.steps();
        assert!(matches!(&steps[..], [one] if one.starts_with(title)), "{steps:?}");
        folder.forget_exchanges();
        folder.apply().expect(0);
        assert!(
            folder.writes().iter().any(|write| write.ends_with(call)),
            "{title}"
        );
        folder.is_true();
    }
    let after = folder.account();
    for key in ["global", "bucket", "role", "log_group", "logging"] {
        let leaf = |account: &Value| {
            account["regions"]["eu-west-1"]["cloudtrail"]["trails"]["management-events"][key].clone()
        };
        assert_eq!(leaf(&after), leaf(&before), "{key}");
    }
}

#[test]
fn what_no_step_can_mend_blocks_and_takes_no_other_step_with_it() {
    let folder = Folder::new();
    folder.write("b.toml", &format!("{HOME}{TRAIL}{LOGS}{BUCKET}"));
    folder.apply().expect(0);
    // A Deny beside the Allow, in a policy of another name.
    folder.alter(|account| {
        let role = &mut account["iam"]["entities"]["roles"]["CloudTrailToCloudWatchLogs"];
        role["common"]["inline"]["theirs"] = json!({"Version": "2012-10-17", "Statement": [
            {"Sid": "NoLogs", "Effect": "Deny", "Action": "logs:PutLogEvents", "Resource": "*"}
        ]})
        .to_string()
        .into();
        *trail_leaf(&mut account["regions"]["eu-west-1"], "validation") = false.into();
    });
    folder
        .apply()
        .expect(3)
        .says("NoLogs: applies")
        .says("Applied: 1 done");
    let plan = ["plan", "b.toml", "--detailed-exitcode"];
    folder.sandbox(&plan).expect(2).says("NoLogs: applies");
    folder.alter(|account| {
        let role = &mut account["iam"]["entities"]["roles"]["CloudTrailToCloudWatchLogs"];
        role["common"]["inline"].as_object_mut().unwrap().remove("theirs");
    });
    folder.is_true();
    folder.edit_region("eu-west-1", |region| {
        region["logs"]["groups"]["/aws/cloudtrail/management-events"]["class"] = "INFREQUENT_ACCESS".into();
    });
    folder.sandbox(&plan).expect(2).says("INFREQUENT_ACCESS");
}

#[test]
fn a_role_of_another_name_and_path_with_other_policies_delivers_as_well() {
    let folder = Folder::new();
    folder.world(&format!("{BUCKET_BY_HAND}{DELIVERS}"));
    folder.becomes(&format!("{HOME}{TRAIL}{LOGS}"), &[]);
    // CloudTrail is let in again, and who else is in stays.
    folder.world(&format!("{BUCKET_BY_HAND}{DELIVERS}{UNTRUSTED}"));
    folder.becomes(
        &format!("{HOME}{TRAIL}{LOGS}"),
        &["us-east-1 iam:UpdateAssumeRolePolicy"],
    );
    let trust = folder.account()["iam"]["entities"]["roles"]["CTLogs"]["trust"].clone();
    let trust: Value = serde_json::from_str(trust.as_str().unwrap()).unwrap();
    assert_eq!(
        trust["Statement"][0]["Principal"],
        json!({"Service": "ec2.amazonaws.com"})
    );
    // The file names another role, which is made, and the trail uses it.
    folder.becomes(
        &format!("{HOME}{TRAIL}{LOGS}role = \"mine\"\n"),
        &[
            "eu-west-1 cloudtrail:UpdateTrail",
            "us-east-1 iam:CreateRole",
            "us-east-1 iam:PutRolePolicy",
        ],
    );
    assert_eq!(
        folder.trails("eu-west-1")["theirs"]["role"],
        "arn:aws:iam::123456789012:role/mine"
    );
}

#[test]
fn the_file_moves_the_trail_that_it_names_and_no_other_one() {
    let folder = Folder::new();
    let central = "[[bucket]]\nname = \"central\"\nowner = \"999988887777\"\n";
    folder.world(&format!("{central}{BUCKET_BY_HAND}{DELIVERS}"));
    let moved = format!("{HOME}{TRAIL}bucket = \"central\"\nprefix = \"acme\"\n");
    folder.write("b.toml", &moved);
    folder.is_true();
    // That of [log_bucket] is for a new one.
    let named = TRAIL.replace("management-events", "theirs");
    folder.write("b.toml", &format!("{HOME}{named}{BUCKET}"));
    let steps = folder.steps();
    assert!(
        !steps.iter().any(|step| step.starts_with("change the trail")),
        "{steps:?}"
    );
    let moved = moved.replace("management-events", "theirs");
    folder.becomes(&moved, &["eu-west-1 cloudtrail:UpdateTrail"]);
    let now = folder.trails("eu-west-1")["theirs"].clone();
    assert_eq!(
        (&now["bucket"], &now["prefix"]),
        (&json!("central"), &json!("acme"))
    );
}

#[test]
fn a_delivery_that_fails_is_a_task_once_it_lasts() {
    let folder = Folder::new();
    folder.write("b.toml", &format!("{HOME}{TRAIL}{BUCKET}"));
    folder.apply().expect(0);
    let now = folder.trails("eu-west-1")["management-events"]["started"]
        .as_i64()
        .unwrap();
    let day = 86_400;
    let told = |leaves: Value| {
        folder.edit_region("eu-west-1", |region| {
            for key in [
                "delivery_error",
                "delivered",
                "attempted",
                "digest_error",
                "started",
            ] {
                *trail_leaf(region, key) = Value::Null;
            }
            for (key, value) in leaves.as_object().unwrap() {
                *trail_leaf(region, key) = value.clone();
            }
        });
        let ended = folder.sandbox(&["plan", "b.toml"]).expect(0);
        ended.stdout.contains("CloudTrail cannot deliver")
    };
    assert!(!told(
        json!({"delivery_error": "SlowDown", "delivered": now - day / 24, "attempted": now})
    ));
    assert!(told(
        json!({"delivery_error": "SlowDown", "delivered": now - 3 * day, "attempted": now})
    ));
    assert!(told(
        json!({"delivery_error": "NoSuchBucket", "delivered": now - 60, "attempted": now})
    ));
    // A success or a start follows.
    assert!(!told(
        json!({"delivery_error": "NoSuchBucket", "delivered": now, "attempted": now - 60})
    ));
    assert!(!told(
        json!({"delivery_error": "NoSuchBucket", "started": now, "attempted": now - 60})
    ));
    assert!(told(json!({"digest_error": "AccessDenied"})));
}

/// A bucket for trails.
const CT_LOGS: &str = r#"
[[bucket]]
name = "ct-logs"
[[call]]
call = "s3:PutBucketPolicy"
[call.input]
Bucket = "ct-logs"
Policy = '''{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:GetBucketAcl",
   "Resource": "arn:aws:s3:::ct-logs"},
  {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:PutObject",
   "Resource": "arn:aws:s3:::ct-logs/AWSLogs/123456789012/*"}]}'''
"#;

/// A trail for S3 objects whose ARN sorts first, and one for management events with a log group, a filter and an alarm.
const TWO_TRAILS: &str = r#"
[[call]]
call = "cloudtrail:CreateTrail"
input = { Name = "a-s3-object-level", S3BucketName = "ct-logs", IsMultiRegionTrail = true }
[[call]]
call = "cloudtrail:PutEventSelectors"
[call.input]
TrailName = "a-s3-object-level"
AdvancedEventSelectors = [{ Name = "S3 objects", FieldSelectors = [{ Field = "eventCategory", Equals = ["Data"] }, { Field = "resources.type", Equals = ["AWS::S3::Object"] }] }]
[[call]]
call = "cloudtrail:StartLogging"
input = { Name = "a-s3-object-level" }
[[call]]
call = "iam:CreateRole"
[call.input]
RoleName = "CTLogs"
AssumeRolePolicyDocument = '''{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
  "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "sts:AssumeRole"}]}'''
[[call]]
call = "iam:PutRolePolicy"
[call.input]
RoleName = "CTLogs"
PolicyName = "p"
PolicyDocument = '''{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
  "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}]}'''
[[call]]
call = "logs:CreateLogGroup"
input = { logGroupName = "ct/management" }
[[call]]
call = "cloudtrail:CreateTrail"
[call.input]
Name = "org-baseline"
S3BucketName = "ct-logs"
IsMultiRegionTrail = true
EnableLogFileValidation = true
CloudWatchLogsLogGroupArn = "arn:aws:logs:us-east-1:123456789012:log-group:ct/management:*"
CloudWatchLogsRoleArn = "arn:aws:iam::123456789012:role/CTLogs"
[[call]]
call = "cloudtrail:StartLogging"
input = { Name = "org-baseline" }
[[call]]
call = "logs:PutMetricFilter"
[call.input]
logGroupName = "ct/management"
filterName = "RootAccountUsage"
filterPattern = '{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }'
metricTransformations = [{ metricNamespace = "CloudTrailMetrics", metricName = "RootAccountUsage", metricValue = "1" }]
[[call]]
call = "sns:CreateTopic"
input = { Name = "account-alerts" }
[[call]]
call = "cloudwatch:PutMetricAlarm"
[call.input]
AlarmName = "RootAccountUsage"
Namespace = "CloudTrailMetrics"
MetricName = "RootAccountUsage"
Statistic = "Sum"
ComparisonOperator = "GreaterThanOrEqualToThreshold"
Threshold = 1
Period = 300
EvaluationPeriods = 1
TreatMissingData = "notBreaching"
AlarmActions = ["arn:aws:sns:us-east-1:123456789012:account-alerts"]
"#;

const US_HOME: &str = "[account]\nhome_region = \"us-east-1\"\nregions = [\"us-east-1\"]\n";
const WATCHED: &str = "bucket = \"ct-logs\"\nlog_group = \"/aws/cloudtrail/management-events\"\n\
                       log_retention_days = 365\n[alerts]\ntopic = \"account-alerts\"\n\
                       [monitors]\nroot_usage = true\niam_user_creation = true\n";

#[test]
fn of_two_trails_of_every_region_the_one_of_management_events_is_adopted() {
    let folder = Folder::new();
    folder.world(&format!("{CT_LOGS}{TWO_TRAILS}"));
    let before = folder.trails("us-east-1");
    folder.write("b.toml", &format!("{US_HOME}{TRAIL}{WATCHED}"));
    folder
        .sandbox(&["plan", "b.toml"])
        .expect(0)
        .says("`a-s3-object-level` (all regions, no")
        .says("`org-baseline` is managed")
        .says("without");
    folder.forget_exchanges();
    folder.apply().expect(0);
    let mut writes = folder.writes();
    writes.sort();
    assert_eq!(
        writes,
        [
            "us-east-1 cloudwatch:PutMetricAlarm",
            "us-east-1 logs:PutMetricFilter"
        ]
    );
    folder.is_true();
    assert_eq!(folder.trails("us-east-1"), before);
    let export = folder
        .sandbox(&["export", "--only", "cloudtrail"])
        .expect(0)
        .says("name = \"org-baseline\"");
    folder.write("b.toml", &export.stdout);
    folder.is_true();

    // A stopped one of the written name is not started beside the one that runs.
    folder.edit_region("us-east-1", |region| {
        let trails = region["cloudtrail"]["trails"].as_object_mut().unwrap();
        let mut stopped = trails["org-baseline"].clone();
        stopped["logging"] = false.into();
        trails.insert("management-events".to_owned(), stopped);
    });
    folder.write("b.toml", &format!("{US_HOME}{TRAIL}{WATCHED}"));
    folder
        .sandbox(&["plan", "b.toml", "--detailed-exitcode"])
        .expect(0)
        .says("`management-events` (all regions, stopped)");
}

#[test]
fn a_trail_of_one_region_is_named_and_the_second_copy_is_priced() {
    let folder = Folder::new();
    folder.world(&format!(
        "{CT_LOGS}[[call]]\ncall = \"cloudtrail:CreateTrail\"\n\
         input = {{ Name = \"company-trail\", S3BucketName = \"ct-logs\", IsMultiRegionTrail = false }}\n\
         [[call]]\ncall = \"cloudtrail:StartLogging\"\ninput = {{ Name = \"company-trail\" }}\n"
    ));
    folder.write("b.toml", &format!("{US_HOME}{TRAIL}{WATCHED}"));
    let plan = folder
        .sandbox(&["plan", "b.toml"])
        .expect(0)
        .says("`company-trail` (us-east-1) records management events too")
        .says("write name = \"company-trail\"");
    let alone = {
        let folder = Folder::new();
        folder.world(CT_LOGS);
        folder.write("b.toml", &format!("{US_HOME}{TRAIL}{WATCHED}"));
        folder.sandbox(&["plan", "b.toml", "--json"]).expect(0).stdout
    };
    let monthly = |plan: &str| {
        let plan: Value = serde_json::from_str(plan).unwrap();
        plan["summary"]["monthly"].clone()
    };
    let priced = monthly(&folder.sandbox(&["plan", "b.toml", "--json"]).expect(0).stdout);
    let alone = monthly(&alone);
    assert_ne!(priced, alone, "{}", plan.stdout);
    // Named, it becomes the trail of the account.
    let named = TRAIL.replace("management-events", "company-trail");
    folder.write("b.toml", &format!("{US_HOME}{named}bucket = \"ct-logs\"\n"));
    assert_eq!(folder.steps(), ["change the trail: all regions, file validation"]);
    folder.apply().expect(0);
    folder.is_true();
}

#[test]
fn a_sixth_trail_is_refused_when_planned_and_nothing_is_made() {
    let folder = Folder::new();
    let mut world = CT_LOGS.to_owned();
    for number in 1..=5 {
        world += &format!(
            "[[call]]\ncall = \"cloudtrail:CreateTrail\"\n\
             input = {{ Name = \"data-trail-{number}\", S3BucketName = \"ct-logs\" }}\n"
        );
    }
    folder.world(&world);
    folder.write("b.toml", &format!("{US_HOME}{TRAIL}{WATCHED}"));
    folder
        .sandbox(&["plan", "b.toml", "--detailed-exitcode"])
        .expect(2)
        .says("CloudTrail allows 5 trails in a region")
        .says("data-trail-5");
    folder.forget_exchanges();
    folder.apply().expect(3);
    let writes = folder.writes();
    for made in ["CreateTrail", "CreateLogGroup", "CreateRole", "PutMetricFilter"] {
        assert!(!writes.iter().any(|write| write.ends_with(made)), "{writes:?}");
    }
}
