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

/// Worlds and baselines that need every call of the control.
pub(crate) fn exercise() -> Vec<(&'static str, Vec<String>)> {
    let trail = format!("{HOME}{TAGS}{TRAIL}bucket = \"their-logs\"\n{LOGS}");
    let other = trail
        .replace("\"trueup\"", "\"other\"")
        .replace("365", "\"never\"");
    vec![
        (
            BUCKET_BY_HAND,
            vec![trail, other, format!("{HOME}[cloudtrail]\nstate = \"absent\"\n")],
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
    folder.becomes(
        &format!("{HOME}{TAGS}{TRAIL}{BUCKET}"),
        &[
            "eu-west-1 s3:CreateBucket",
            "eu-west-1 s3:PutBucketTagging",
            "eu-west-1 s3:PutBucketPolicy",
            "eu-west-1 cloudtrail:CreateTrail",
            "eu-west-1 cloudtrail:CreateTrail",
            "eu-west-1 cloudtrail:CreateTrail",
            "eu-west-1 cloudtrail:StartLogging",
        ],
    );
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

    // Longer is safe; shorter loses events and is asked for.
    folder.edit_region("eu-west-1", |region| {
        region["logs"]["groups"]["/aws/cloudtrail/management-events"]["retention"] = Value::Null;
    });
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
