//! Values stricter than the file asks for stay; what loosens says so and needs consent.

use serde_json::Value;

use crate::folder::{Folder, TWO};

/// An account that was set up by stricter rules than today's file has.
const STRICT: &str = r#"
[password_policy]
minimum_length = 20
require_symbols = true
allow_users_to_change = true
reuse_prevention = 24
max_age_days = 90
[guardduty]
enabled = true
publish_findings_every = "fifteen_minutes"
[s3_public_access_block]
block_public_acls = true
restrict_public_buckets = true
[access_analyzer]
external_access = true
unused_access = true
unused_access_days = 30
[ec2_defaults]
snapshot_public_access = "block_all_sharing"
image_public_access = "block_new_sharing"
serial_console = false
[ec2_defaults.instance_metadata]
http_tokens = "required"
http_put_response_hop_limit = 1
"#;

const MILD: &str = r#"
[password_policy]
minimum_length = 14
require_symbols = false
allow_users_to_change = true
reuse_prevention = 5
max_age_days = "never"
[guardduty]
enabled = true
publish_findings_every = "six_hours"
[s3_public_access_block]
block_public_acls = true
restrict_public_buckets = false
[access_analyzer]
external_access = true
unused_access = true
unused_access_days = 90
[ec2_defaults]
snapshot_public_access = "block_new_sharing"
image_public_access = "unblocked"
serial_console = true
[ec2_defaults.instance_metadata]
http_tokens = "optional"
http_put_response_hop_limit = 2
"#;

const EXACT: &str = r#"
[password_policy]
minimum_length = { exactly = 14 }
[guardduty]
publish_findings_every = { exactly = "six_hours" }
[s3_public_access_block]
restrict_public_buckets = { exactly = false }
[ec2_defaults]
serial_console = { exactly = true }
"#;

fn strict() -> Folder {
    let folder = Folder::new();
    folder.write("b.toml", &format!("{TWO}{STRICT}"));
    folder.apply().expect(0);
    folder.is_true();
    folder.forget_exchanges();
    folder
}

#[test]
fn a_stricter_account_is_in_sync_and_its_values_are_noted() {
    let folder = strict();
    folder.write("b.toml", &format!("{TWO}{MILD}"));
    folder.is_true();
    let json = folder.sandbox(&["plan", "b.toml", "--json"]).expect(0).stdout;
    let plan: Value = serde_json::from_str(&json).unwrap();
    let cells = plan["cells"].as_array().unwrap();
    let kept = |control: &str| -> Vec<String> {
        let cell = cells.iter().find(|cell| cell["control"] == control).unwrap();
        assert_eq!(cell["verdict"], "in-sync", "{cell}");
        let paths = cell["kept"].as_array().unwrap().iter();
        let path = |path: &Value| -> Vec<String> { serde_json::from_value(path.clone()).unwrap() };
        paths.map(|keys| path(keys).join(".")).collect()
    };
    assert_eq!(
        kept("password_policy"),
        [
            "minimum_length",
            "reuse_prevention",
            "max_age_days",
            "require_symbols"
        ]
    );
    assert_eq!(kept("guardduty"), ["publish_findings_every"]);
    assert_eq!(kept("s3_public_access_block"), ["restrict_public_buckets"]);
    assert_eq!(
        kept("ec2_defaults"),
        [
            "instance_metadata.http_tokens",
            "instance_metadata.http_put_response_hop_limit",
            "snapshot_public_access",
            "image_public_access",
            "serial_console",
        ]
    );
    folder
        .sandbox(&["plan", "b.toml"])
        .expect(0)
        .says("minimum_length is 20 and stays");
    folder.apply().expect(0);
    assert_eq!(folder.writes(), Vec::<String>::new());
}

#[test]
fn an_export_has_the_live_values_and_plans_to_nothing() {
    let folder = strict();
    let export = folder.sandbox(&["export"]).expect(0).says("minimum_length = 20");
    assert!(!export.stdout.contains("exactly"), "{}", export.stdout);
    folder.write("b.toml", &export.stdout);
    folder.is_true();
}

#[test]
fn exactly_loosens_only_what_is_allowed() {
    let folder = strict();
    folder.write("b.toml", &format!("{TWO}{EXACT}"));
    folder
        .sandbox(&["plan", "b.toml"])
        .expect(0)
        .says("weakening")
        .says("the minimum length falls from 20 to 14");
    folder
        .sandbox(&["apply", "b.toml", "--auto-approve"])
        .expect(3)
        .says("--allow password_policy");
    assert_eq!(folder.writes(), Vec::<String>::new());
    folder
        .sandbox(&["apply", "b.toml", "--auto-approve", "--allow", "password_policy"])
        .expect(3);
    assert_eq!(folder.writes(), ["us-east-1 iam:UpdateAccountPasswordPolicy"]);
    folder.forget_exchanges();
    folder.apply().expect(0);
    let mut written = folder.writes();
    written.sort();
    assert_eq!(
        written,
        [
            "eu-west-1 ec2:EnableSerialConsoleAccess",
            "eu-west-1 guardduty:UpdateDetector",
            "us-east-1 ec2:EnableSerialConsoleAccess",
            "us-east-1 guardduty:UpdateDetector",
            "us-east-1 s3control:PutPublicAccessBlock",
        ]
    );
    folder.is_true();
    let policy = folder.account()["iam"]["password_policy"].clone();
    assert_eq!(policy["minimum_password_length"], 14);
    assert_eq!(policy["max_password_age"], 90);
}

#[test]
fn a_default_vpc_with_a_tag_that_is_ignored_goes_and_unused_groups_go_with_it() {
    let folder = Folder::new();
    folder.world(
        "[[default_vpc]]\nregion = \"us-east-1\"\ntags = { Name = \"default\" }\n\
         [[default_vpc]]\nregion = \"eu-west-1\"\noccupants = [{ group_reference = \"app\" }]\n",
    );
    let absent = format!("{TWO}[default_vpc]\nstate = \"absent\"\n");
    folder.write("b.toml", &absent);
    folder
        .sandbox(&["plan", "b.toml", "--detailed-exitcode"])
        .expect(2)
        .says("Name = \"default\"")
        .says("ignore_tags")
        .says("(app)");
    folder.write("b.toml", &format!("{absent}ignore_tags = [\"Na*\"]\n"));
    folder.apply().expect(0);
    assert!(
        folder
            .writes()
            .contains(&"eu-west-1 ec2:DeleteSecurityGroup".to_owned())
    );
    folder.is_true();
}

#[test]
fn unused_security_groups_go_with_the_default_vpc() {
    let folder = Folder::new();
    folder.world("[[default_vpc]]\nregion = \"eu-west-1\"\noccupants = [{ group_reference = \"app\" }]\n");
    folder.write("b.toml", &format!("{TWO}[default_vpc]\nstate = \"absent\"\n"));
    folder.apply().expect(0);
    let deleted = "eu-west-1 ec2:DeleteSecurityGroup".to_owned();
    assert!(folder.writes().contains(&deleted));
    folder.is_true();
}

#[test]
fn a_former_guardduty_administrator_holds_nothing() {
    let folder = Folder::new();
    folder.world(
        "guardduty_administrator = \"999988887777\"\n[[detector]]\nregion = \"eu-west-1\"\nenabled = false\n\
         [[detector]]\nregion = \"us-east-1\"\n",
    );
    let baseline = format!("{TWO}[guardduty]\nenabled = true\n");
    folder.write("b.toml", &baseline);
    folder
        .sandbox(&["plan", "b.toml"])
        .expect(0)
        .says("the GuardDuty administrator account 999988887777");
    folder.alter(|account| {
        let regions = account["regions"].as_object_mut().unwrap();
        for region in regions.values_mut() {
            region["guardduty"]["relationship_status"] = "Removed".into();
        }
    });
    folder.becomes(&baseline, &["eu-west-1 guardduty:UpdateDetector"]);
}

#[test]
fn an_organizations_analyzer_counts_and_a_broken_one_is_replaced() {
    let folder = Folder::new();
    let baseline = format!("{TWO}[access_analyzer]\nexternal_access = true\n");
    folder.write("b.toml", &baseline);
    folder.apply().expect(0);
    let set = |region: &str, member: &str, value: &str| {
        folder.alter(|account| {
            let analyzers = &mut account["regions"][region]["access_analyzer"]["analyzers"];
            analyzers["external-access"][member] = value.into();
        });
    };
    set("us-east-1", "kind", "ORGANIZATION");
    set("eu-west-1", "status", "CREATING");
    folder.becomes(&baseline, &[]);
    folder
        .sandbox(&["plan", "b.toml"])
        .expect(0)
        .says("whole organization");
    set("eu-west-1", "status", "FAILED");
    folder
        .sandbox(&["apply", "b.toml", "--auto-approve"])
        .expect(3)
        .says("--allow access_analyzer");
    folder.becomes(
        &baseline,
        &[
            "eu-west-1 access-analyzer:DeleteAnalyzer",
            "eu-west-1 access-analyzer:CreateAnalyzer",
        ],
    );
}

#[test]
fn an_analyzer_with_a_greater_age_is_blocked_and_its_neighbour_is_made() {
    let folder = Folder::new();
    folder.world(
        "[[call]]\ncall = \"access-analyzer:CreateAnalyzer\"\nregion = \"us-east-1\"\n[call.input]\n\
         analyzerName = \"theirs\"\ntype = \"ACCOUNT_UNUSED_ACCESS\"\n\
         configuration = { unusedAccess = { unusedAccessAge = 180 } }\n",
    );
    folder.write(
        "b.toml",
        &format!(
            "{TWO}[access_analyzer]\nexternal_access = true\nunused_access = true\nunused_access_days = 90\n"
        ),
    );
    folder.apply().expect(3).says("unused_access_days = 180");
    assert_eq!(
        folder.writes().len(),
        2,
        "the external analyzers are made: {:?}",
        folder.writes()
    );
}

#[test]
fn encryption_by_default_needs_consent_where_the_region_owns_a_snapshot() {
    let folder = Folder::new();
    folder.world(
        "[[call]]\ncall = \"ec2:CreateSnapshot\"\nregion = \"eu-west-1\"\ninput = { VolumeId = \"vol-1a2b3c4d\" }\n",
    );
    let baseline = format!("{TWO}[ebs_encryption]\nenabled = true\n");
    folder.write("b.toml", &baseline);
    folder
        .sandbox(&["apply", "b.toml", "--auto-approve"])
        .expect(3)
        .says("cannot be shared with other accounts")
        .says("--allow ebs_encryption");
    assert_eq!(folder.writes(), ["us-east-1 ec2:EnableEbsEncryptionByDefault"]);
    folder.becomes(&baseline, &["eu-west-1 ec2:EnableEbsEncryptionByDefault"]);
    // Nothing is left to ask for.
    folder.forget_exchanges();
    folder.is_true();
    let asked = folder.exchanges();
    assert!(
        asked
            .iter()
            .all(|exchange| exchange["operation"] != "DescribeSnapshots")
    );
}
