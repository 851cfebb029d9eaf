//! The log bucket from the file to the account and back.

use serde_json::{Value, json};

use crate::folder::Folder;

const BUCKET: &str = r#"[log_bucket]
name = "logs-{account_id}"
block_public_access = true
ownership = "bucket_owner_enforced"
encryption = "AES256"
versioning = true
tls_only = true
expire_after_days = 2557
old_versions_expire_after_days = 30
"#;
const HOME: &str = "[account]\nhome_region = \"eu-west-1\"\nregions = [\"eu-west-1\"]\n";
const TAGS: &str = "[tags]\nmanaged-by = \"trueup\"\n";
const NAME: &str = "logs-123456789012";

/// A bucket that somebody made by hand: open, in another region, with a policy, a life cycle and tags of its own, and
/// a trail that writes to it.
pub(crate) const BY_HAND: &str = r#"
[[call]]
call = "s3:CreateBucket"
region = "us-east-1"
input = { Bucket = "logs-123456789012", x-amz-object-ownership = "ObjectWriter" }
[[call]]
call = "s3:DeletePublicAccessBlock"
input = { Bucket = "logs-123456789012" }
[[call]]
call = "s3:PutBucketTagging"
input = { Bucket = "logs-123456789012", Tagging = { TagSet = { Tag = [{ Key = "team", Value = "web" }, { Key = "managed-by", Value = "hand" }] } } }
[[call]]
call = "s3:PutBucketEncryption"
[call.input]
Bucket = "logs-123456789012"
[call.input.ServerSideEncryptionConfiguration.Rule]
ApplyServerSideEncryptionByDefault = { SSEAlgorithm = "aws:kms" }
BucketKeyEnabled = "true"
[[call]]
call = "s3:PutBucketLifecycleConfiguration"
[call.input]
Bucket = "logs-123456789012"
x-amz-transition-default-minimum-object-size = "varies_by_storage_class"
LifecycleConfiguration = { Rule = [
  { ID = "theirs", Status = "Enabled", Filter = { Prefix = "tmp/" }, Expiration = { Days = "7" } },
  { ID = "parts", Status = "Enabled", Filter = "", AbortIncompleteMultipartUpload = { DaysAfterInitiation = "3" } },
] }
[[call]]
call = "s3:PutBucketPolicy"
[call.input]
Bucket = "logs-123456789012"
Policy = '''{"Version": "2012-10-17", "Statement": [
  {"Sid": "AWSCloudTrailAclCheck20150319", "Effect": "Allow", "Principal": {"Service": ["cloudtrail.amazonaws.com"]},
   "Action": ["s3:GetBucketAcl"], "Resource": ["arn:aws:s3:::logs-123456789012"],
   "Condition": {"StringEquals": {"AWS:SourceArn": ["arn:aws:cloudtrail:us-east-1:123456789012:trail/theirs"]}}},
  {"Sid": "AWSCloudTrailWrite20150319", "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
   "Action": "s3:PutObject", "Resource": "arn:aws:s3:::logs-123456789012/AWSLogs/123456789012/*",
   "Condition": {"StringEquals": {"aws:SourceArn": "arn:aws:cloudtrail:us-east-1:123456789012:trail/theirs",
                                  "s3:x-amz-acl": "bucket-owner-full-control"}}},
  {"Sid": "Auditor", "Effect": "Allow", "Principal": {"AWS": "999988887777"}, "Action": "s3:GetObject",
   "Resource": "arn:aws:s3:::logs-123456789012/*"}
]}'''
[[call]]
call = "cloudtrail:CreateTrail"
input = { Name = "theirs", S3BucketName = "logs-123456789012", IsMultiRegionTrail = true }
"#;

/// Worlds and baselines that need every call of the control.
pub(crate) fn exercise() -> Vec<(&'static str, Vec<String>)> {
    let bucket = format!("{HOME}{TAGS}{BUCKET}");
    let alone = format!("{HOME}[log_bucket]\nname = \"logs-{{account_id}}\"\nconfig = false\n");
    vec![
        (
            BY_HAND,
            vec![
                bucket.replace("\"AES256\"", "{ exactly = \"AES256\" }"),
                bucket.replace("\"trueup\"", "\"trueup2\""),
            ],
        ),
        (
            "",
            vec![bucket, format!("{HOME}[log_bucket]\nstate = \"absent\"\n")],
        ),
        // One with nothing but trueup's, which goes again.
        (
            "",
            vec![
                format!("{alone}tls_only = true\nexpire_after_days = 400\n"),
                format!("{alone}tls_only = false\nexpire_after_days = {{ exactly = \"never\" }}\n"),
            ],
        ),
    ]
}

impl Folder {
    pub(crate) fn bucket(&self) -> Value {
        self.account()["s3"]["buckets"][NAME].clone()
    }

    /// The names of the statements in its policy.
    fn sids(&self) -> Vec<String> {
        let policy = self.bucket()["policy"].clone();
        let policy: Value = serde_json::from_str(policy.as_str().unwrap()).unwrap();
        let statements = policy["Statement"].as_array().unwrap().iter();
        statements
            .map(|one| one["Sid"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Changes the bucket behind trueup's back.
    pub(crate) fn edit_bucket(&self, change: impl FnOnce(&mut Value)) {
        self.alter(|account| change(&mut account["s3"]["buckets"][NAME]));
    }
}

#[test]
fn a_new_bucket_takes_few_writes_and_is_exported_as_it_was_written() {
    let folder = Folder::new();
    folder.becomes(
        &format!("{HOME}{TAGS}{BUCKET}"),
        &[
            "eu-west-1 s3:CreateBucket",
            "eu-west-1 s3:PutPublicAccessBlock",
            "eu-west-1 s3:PutBucketTagging",
            "eu-west-1 s3:PutBucketVersioning",
            "eu-west-1 s3:PutBucketPolicy",
            "eu-west-1 s3:PutBucketLifecycleConfiguration",
        ],
    );
    let made = folder.bucket();
    assert_eq!(made["region"], "eu-west-1");
    assert_eq!(made["tags"], json!({"managed-by": "trueup"}));
    assert_eq!(made["lifecycle"]["rules"].as_array().unwrap().len(), 1);
    assert_eq!(
        folder.sids(),
        [
            "TrueupConfigPermissionsCheck",
            "TrueupConfigExistenceCheck",
            "TrueupConfigDelivery",
            "TrueupTlsOnly"
        ]
    );
    folder.edit_bucket(|bucket| bucket["versioning"] = "Suspended".into());
    assert_eq!(folder.steps(), ["keep old versions of objects"]);
    folder.edit_bucket(|bucket| {
        bucket["versioning"] = "Enabled".into();
        bucket["lifecycle"] = Value::Null;
    });
    // What is never deleted is kept for long enough.
    assert_eq!(folder.steps(), ["life cycle: old versions after 30 days"]);
}

#[test]
fn a_bucket_that_exists_is_adopted_where_it_is_with_all_that_others_put_there() {
    let folder = Folder::new();
    folder.world(BY_HAND);
    folder.edit_bucket(|bucket| bucket["objects"] = 5.into());
    let theirs = folder.bucket();
    // What loses data or may break somebody is not done unasked.
    folder.write("b.toml", &format!("{HOME}{TAGS}{BUCKET}"));
    folder.sandbox(&["apply", "b.toml", "--auto-approve"]).expect(3);
    assert_eq!(folder.bucket()["lifecycle"], theirs["lifecycle"]);
    folder.forget_exchanges();
    folder.becomes(
        &format!("{HOME}{TAGS}{BUCKET}"),
        &[
            "us-east-1 s3:PutPublicAccessBlock",
            "us-east-1 s3:PutBucketOwnershipControls",
            "us-east-1 s3:PutBucketLifecycleConfiguration",
        ],
    );
    let mine = folder.bucket();
    assert_eq!(mine["tags"], json!({"managed-by": "trueup", "team": "web"}));
    assert_eq!(mine["encryption"]["bucket_key"], true, "it is not managed");
    assert_eq!(
        mine["encryption"]["algorithm"], "aws:kms",
        "it is the stronger one"
    );
    assert_eq!(mine["lifecycle"]["minimum_size"], "varies_by_storage_class");
    let rules = mine["lifecycle"]["rules"].as_array().unwrap();
    assert_eq!(rules[..2], theirs["lifecycle"]["rules"].as_array().unwrap()[..]);
    assert_eq!(rules[2]["ID"], "trueup-log-retention");
    // The trail that writes here is let in already, in other words.
    assert_eq!(
        folder.sids(),
        [
            "AWSCloudTrailAclCheck20150319",
            "AWSCloudTrailWrite20150319",
            "Auditor",
            "TrueupConfigPermissionsCheck",
            "TrueupConfigExistenceCheck",
            "TrueupConfigDelivery",
            "TrueupTlsOnly"
        ]
    );
    let export = folder
        .sandbox(&["export", "--only", "log_bucket"])
        .expect(0)
        .says("\nexpire_after_days = \"never\"")
        .says("trail = \"theirs\"");
    folder.write("b.toml", &export.stdout);
    folder.is_true();
}

#[test]
fn config_delivers_under_the_prefix_of_each_region_and_its_old_one_stays_open() {
    let folder = Folder::new();
    let with = |prefix: &str| {
        format!(
            "[account]\nhome_region = \"eu-west-1\"\nregions = [\"eu-west-1\", \"us-east-1\"]\n{BUCKET}\
             [cloudtrail]\nname = \"all\"\nmulti_region = true\n\
             [config_recorder]\nenabled = true\nprefix = \"{prefix}\"\n[region.us-east-1.config_recorder]\nprefix = \"\"\n"
        )
    };
    let objects = || {
        let policy: Value = serde_json::from_str(folder.bucket()["policy"].as_str().unwrap()).unwrap();
        let statements = policy["Statement"].as_array().unwrap().iter();
        let mut delivery = statements.filter(|one| one["Sid"] == "TrueupConfigDelivery");
        delivery.next().unwrap()["Resource"].clone()
    };
    let object = |prefix: &str| format!("arn:aws:s3:::{NAME}/{prefix}AWSLogs/123456789012/Config/*");
    folder.write("b.toml", &with("acme"));
    folder.apply().expect(0);
    folder.is_true();
    assert_eq!(objects(), json!([object(""), object("acme/")]));
    folder.becomes(
        &with("acme/eu"),
        &[
            "eu-west-1 s3:PutBucketPolicy",
            "eu-west-1 config:PutDeliveryChannel",
        ],
    );
    assert_eq!(
        objects(),
        json!([object(""), object("acme/"), object("acme/eu/")])
    );
    let export = folder
        .sandbox(&[
            "export",
            "--home-region",
            "eu-west-1",
            "--only",
            "log_bucket",
            "--only",
            "config_recorder",
        ])
        .expect(0)
        .says("config_prefixes = [\"\", \"acme\", \"acme/eu\"]");
    folder.write("b.toml", &export.stdout);
    folder.is_true();
}

#[test]
fn the_bucket_goes_only_if_it_is_empty() {
    let folder = Folder::new();
    folder.write("b.toml", &format!("{HOME}{BUCKET}"));
    folder.apply().expect(0);
    folder.edit_bucket(|bucket| bucket["objects"] = 1.into());
    let gone = format!("{HOME}[log_bucket]\nstate = \"absent\"\n");
    folder.write("b.toml", &gone);
    folder.apply().says("has objects or old versions");
    folder.edit_bucket(|bucket| bucket["objects"] = 0.into());
    folder.becomes(&gone, &["eu-west-1 s3:DeleteBucket"]);
}

#[test]
fn a_name_that_another_account_has_is_told_before_anything_is_written() {
    let folder = Folder::new();
    folder.world(&format!(
        "[[bucket]]\nname = \"{NAME}\"\nowner = \"999988887777\"\n"
    ));
    folder.write("b.toml", &format!("{HOME}{BUCKET}"));
    folder.apply().says("belongs to another account");
    assert_eq!(folder.writes(), Vec::<String>::new());
}

/// A bucket that a trail may write to, with this set-up behind it.
fn legacy(setup: &str) -> String {
    format!(
        r#"
[[bucket]]
name = "{NAME}"
objects = 4
[[call]]
call = "s3:PutBucketPolicy"
[call.input]
Bucket = "{NAME}"
Policy = """{{"Version": "2012-10-17", "Statement": [
  {{"Sid": "AWSCloudTrailAclCheck20150319", "Effect": "Allow", "Principal": {{"Service": "cloudtrail.amazonaws.com"}},
   "Action": "s3:GetBucketAcl", "Resource": "arn:aws:s3:::{NAME}"}},
  {{"Sid": "AWSCloudTrailWrite20150319", "Effect": "Allow", "Principal": {{"Service": "cloudtrail.amazonaws.com"}},
   "Action": "s3:PutObject", "Resource": "arn:aws:s3:::{NAME}/AWSLogs/123456789012/*",
   "Condition": {{"StringEquals": {{"s3:x-amz-acl": "bucket-owner-full-control"}}}}}}]}}"""
{setup}
"#
    )
}

const RETAINED: &str = "[log_bucket]\nname = \"logs-{account_id}\"\nexpire_after_days = 2557\n\
                        old_versions_expire_after_days = 30\n";

#[test]
fn a_rule_that_deletes_the_logs_earlier_is_a_manual_task() {
    let folder = Folder::new();
    folder.world(&legacy(&format!(
        r#"
[[call]]
call = "s3:PutBucketLifecycleConfiguration"
[call.input]
Bucket = "{NAME}"
LifecycleConfiguration = {{ Rule = [
  {{ ID = "expire-90", Status = "Enabled", Filter = {{ Prefix = "AWSLogs/" }}, Expiration = {{ Days = "90" }}, NoncurrentVersionExpiration = {{ NoncurrentDays = "1" }} }},
] }}
"#
    )));
    folder.write("b.toml", RETAINED);
    folder.apply();
    folder
        .sandbox(&["plan", "b.toml", "--fail-on", "needs-person"])
        .expect(4)
        .says("`expire-90`");
    // The rule of others is the only one, and stays.
    let rules = folder.bucket()["lifecycle"]["rules"].as_array().unwrap().len();
    assert_eq!(rules, 1);
    let export = folder.sandbox(&["export", "--only", "log_bucket"]).expect(0);
    folder.write("b.toml", &export.says("expire_after_days = 90").stdout);
    folder.is_true();
}

#[test]
fn a_rule_of_the_old_form_is_sent_back_in_the_new_one() {
    let folder = Folder::new();
    folder.world(&legacy(&format!(
        r#"
[[call]]
call = "s3:PutBucketLifecycleConfiguration"
[call.input]
Bucket = "{NAME}"
LifecycleConfiguration = {{ Rule = [
  {{ ID = "archive", Status = "Enabled", Prefix = "AWSLogs/", Transition = {{ Days = "90", StorageClass = "GLACIER" }} }},
] }}
"#
    )));
    folder.write("b.toml", RETAINED);
    folder.apply().expect(0);
    folder.is_true();
    let rules = folder.bucket()["lifecycle"]["rules"].clone();
    assert_eq!(rules[0]["Filter"]["Prefix"], "AWSLogs/", "{rules}");
    assert!(rules[0]["Prefix"].is_null(), "{rules}");
    assert_eq!(rules[1]["ID"], "trueup-log-retention");
}

#[test]
fn grants_of_the_acl_are_named_before_anything_is_written() {
    let folder = Folder::new();
    folder.world(&format!("[[bucket]]\nname = \"{NAME}\"\npublic_acl = true\n"));
    folder.write(
        "b.toml",
        "[log_bucket]\nname = \"logs-{account_id}\"\nconfig = false\nownership = \"bucket_owner_enforced\"\n",
    );
    folder.apply().expect(3).says("AllUsers");
    assert_eq!(folder.writes(), Vec::<String>::new());
}

#[test]
fn a_customer_key_is_stronger_than_what_the_file_asks_for_and_stays() {
    let folder = Folder::new();
    folder.world(&legacy(&format!(
        r#"
[[call]]
call = "s3:PutBucketEncryption"
[call.input]
Bucket = "{NAME}"
ServerSideEncryptionConfiguration = {{ Rule = {{ ApplyServerSideEncryptionByDefault = {{ SSEAlgorithm = "aws:kms", KMSMasterKeyID = "arn:aws:kms:us-east-1:123456789012:key/1234abcd" }}, BucketKeyEnabled = "true" }} }}
"#
    )));
    let with = |encryption: &str| {
        format!("[log_bucket]\nname = \"logs-{{account_id}}\"\nconfig = false\nencryption = {encryption}\n")
    };
    folder.becomes(&with("\"AES256\""), &[]);
    // What loosens needs consent.
    folder.write("b.toml", &with("{ exactly = \"AES256\" }"));
    folder.sandbox(&["apply", "b.toml", "--auto-approve"]).expect(3);
    folder.becomes(
        &with("{ exactly = \"AES256\" }"),
        &["us-east-1 s3:PutBucketEncryption"],
    );
}

#[test]
fn a_bucket_with_mfa_delete_takes_no_life_cycle_and_one_with_a_default_retention_no_files_of_config() {
    let folder = Folder::new();
    folder.world(&legacy(""));
    folder.edit_bucket(|bucket| {
        bucket["versioning"] = "Enabled".into();
        bucket["mfa_delete"] = true.into();
    });
    folder.write(
        "b.toml",
        &format!("{RETAINED}versioning = true\nconfig = false\n"),
    );
    folder.apply().expect(3).says("MFA");
    assert_eq!(folder.writes(), Vec::<String>::new());
    folder.edit_bucket(|bucket| {
        bucket["mfa_delete"] = false.into();
        bucket["object_lock"] = json!({"ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": "30"}}});
    });
    folder.write("b.toml", RETAINED);
    folder.apply();
    folder
        .sandbox(&["plan", "b.toml", "--fail-on", "needs-person"])
        .expect(4)
        .says("GOVERNANCE");
}

#[test]
fn an_export_finds_the_own_bucket_beside_a_trail_that_delivers_to_another_account() {
    let folder = Folder::new();
    folder.world(
        r#"
[[bucket]]
name = "org-central-logs"
owner = "999988887777"
[[call]]
call = "cloudtrail:CreateTrail"
input = { Name = "company-trail", S3BucketName = "org-central-logs", IsMultiRegionTrail = true, EnableLogFileValidation = true }
[[call]]
call = "cloudtrail:StartLogging"
input = { Name = "company-trail" }
"#,
    );
    folder.write(
        "b.toml",
        "[account]\nregions = [\"us-east-1\"]\n[log_bucket]\nname = \"config-{account_id}\"\n\
         [config_recorder]\nenabled = true\n",
    );
    folder.apply().expect(0);
    let export = folder
        .sandbox(&["export", "--only", "log_bucket"])
        .expect(0)
        .says("name = \"config-123456789012\"");
    folder.write("b.toml", &export.stdout);
    folder.is_true();
}

#[test]
fn the_bucket_that_the_trail_fills_is_judged_in_place_of_one_that_does_not_exist() {
    let folder = Folder::new();
    folder.world(&legacy(&format!(
        r#"
[[call]]
call = "cloudtrail:CreateTrail"
input = {{ Name = "theirs", S3BucketName = "{NAME}", IsMultiRegionTrail = true, EnableLogFileValidation = true }}
[[call]]
call = "cloudtrail:StartLogging"
input = {{ Name = "theirs" }}
"#
    )));
    folder.write(
        "b.toml",
        &format!(
            "{HOME}[log_bucket]\nname = \"audit-{{account_id}}\"\nversioning = true\n[cloudtrail]\nname = \"theirs\"\n\
             logging = true\n"
        ),
    );
    folder
        .apply()
        .expect(0)
        .says("there is no bucket `audit-123456789012`, and the account's logs go to")
        .says("that one is judged in its place");
    let writes = folder.writes();
    assert!(
        !writes
            .iter()
            .any(|write| write.ends_with("s3:CreateBucket") || write.contains("cloudtrail:UpdateTrail")),
        "{writes:?}"
    );
    assert_eq!(folder.bucket()["versioning"], "Enabled");
    folder.is_true();
}

#[test]
fn a_bucket_that_may_not_be_looked_at_is_not_taken_for_another_accounts() {
    const OWN: &str = "[[call]]\ncall = \"s3:CreateBucket\"\nregion = \"eu-west-1\"\n\
        input = { Bucket = \"logs-123456789012\", CreateBucketConfiguration = { LocationConstraint = \"eu-west-1\" } }\n";
    let folder = Folder::new();
    folder.world(&format!(
        "{OWN}[[deny]]\naction = \"s3:ListBucket\"\nby = \"iam\"\n"
    ));
    folder.write("b.toml", &format!("{HOME}{BUCKET}"));
    let told = folder.sandbox(&["plan", "b.toml"]).expect(1);
    assert!(!told.stdout.contains("another account"), "{}", told.stdout);
    told.says("is the account's own, and the caller may not")
        .says("grant the action");
}
