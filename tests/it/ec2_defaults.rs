//! EC2's settings of the account from the file to the account and back. moto has none of their calls.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::controls::titles;
use crate::folder::{Folder, ONE, TWO};

const CLOSED: &str = r#"[ec2_defaults]
snapshot_public_access = "block_all_sharing"
image_public_access = "block_new_sharing"
serial_console = false
[ec2_defaults.instance_metadata]
http_tokens = "required"
http_put_response_hop_limit = 2
"#;

/// What each key has to be so that nothing is closed and nothing decided.
const OFF: &str = r#"[ec2_defaults]
snapshot_public_access = { exactly = "unblocked" }
image_public_access = { exactly = "unblocked" }
serial_console = { exactly = true }
[ec2_defaults.instance_metadata]
http_tokens = { exactly = "no_preference" }
http_put_response_hop_limit = { exactly = "no_preference" }
http_endpoint = "no_preference"
instance_metadata_tags = "no_preference"
http_tokens_enforced = { exactly = "no_preference" }
"#;

/// An old account, in which people have chosen some of it.
const BY_HAND: &str = r#"
[[call]]
call = "ec2:DisableImageBlockPublicAccess"
region = "eu-west-1"
[[call]]
call = "ec2:EnableSerialConsoleAccess"
region = "eu-west-1"
[[call]]
call = "ec2:EnableSnapshotBlockPublicAccess"
region = "eu-west-1"
input = { State = "block-new-sharing" }
[[call]]
call = "ec2:ModifyInstanceMetadataDefaults"
region = "eu-west-1"
input = { HttpPutResponseHopLimit = "3", HttpEndpoint = "enabled" }
"#;

const SNAPSHOTS: &str = "eu-west-1 ec2:EnableSnapshotBlockPublicAccess";
const IMAGES: &str = "eu-west-1 ec2:EnableImageBlockPublicAccess";
const METADATA: &str = "eu-west-1 ec2:ModifyInstanceMetadataDefaults";

/// Worlds and baselines that need every call of the control.
pub(crate) fn exercise() -> Vec<(&'static str, Vec<String>)> {
    vec![(
        BY_HAND,
        vec![
            format!("{ONE}{CLOSED}"),
            format!("{ONE}{OFF}"),
            format!("{ONE}{CLOSED}"),
        ],
    )]
}

fn defaults(folder: &Folder, region: &str) -> Value {
    folder.region(region)["ec2"]["defaults"].clone()
}

/// Makes a snapshot that everybody may read.
fn publish(folder: &Folder, id: &str) {
    folder.alter(|account| {
        let snapshots = &mut account["regions"]["eu-west-1"]["ec2"]["snapshots"];
        snapshots.as_array_mut().unwrap().push(json!({
            "snapshotId": id, "volumeId": "vol-1a2b3c4d", "ownerId": "123456789012", "description": "",
            "status": "completed", "progress": "100%", "startTime": "2026-01-01T00:00:00.000Z", "volumeSize": 8,
            "encrypted": false, "isPublic": true, "tagSet": [],
        }));
    });
}

#[test]
fn a_new_account_is_closed_and_exports_that() {
    let folder = Folder::new();
    folder.becomes(
        &format!("{TWO}{CLOSED}"),
        &[
            SNAPSHOTS,
            METADATA,
            "us-east-1 ec2:EnableSnapshotBlockPublicAccess",
            "us-east-1 ec2:ModifyInstanceMetadataDefaults",
        ],
    );
    assert_eq!(
        defaults(&folder, "us-east-1"),
        json!({
            "snapshots": "block-all-sharing", "images": "block-new-sharing", "serial_console": false,
            "metadata": { "http_tokens": "required", "http_put_response_hop_limit": 2 }, "policy": {},
        })
    );
    let export = folder
        .sandbox(&["export", "--only", "ec2_defaults", "--region", "eu-west-1"])
        .expect(0)
        .says("http_put_response_hop_limit = 2")
        .says("http_endpoint = \"no_preference\"");
    folder.write("b.toml", &export.stdout);
    folder.is_true();
}

#[test]
fn one_table_exports_an_account_that_is_new_in_every_region() {
    let folder = Folder::new();
    let export = folder.sandbox(&["export", "--only", "ec2_defaults"]).expect(0);
    let export = export.says("serial_console = false").stdout;
    assert_eq!(export.matches("ec2_defaults]").count(), 1, "{export}");
    folder.write("b.toml", &export);
    folder.is_true();
}

#[test]
fn what_people_chose_is_changed_where_it_is_written_and_kept_where_it_is_not() {
    let folder = Folder::new();
    folder.world(BY_HAND);
    folder.write(
        "b.toml",
        &format!("{ONE}[ec2_defaults.instance_metadata]\nhttp_tokens = \"required\"\n"),
    );
    // It asks first: new instances may miss IMDSv1.
    folder
        .sandbox(&["apply", "b.toml", "--auto-approve"])
        .expect(3)
        .says("--allow ec2_defaults");
    assert_eq!(folder.writes(), Vec::<String>::new());
    folder.apply().expect(0);
    assert_eq!(folder.writes(), [METADATA]);
    folder.is_true();
    let sent = folder
        .exchanges()
        .iter()
        .find(|exchange| exchange["operation"] == "ModifyInstanceMetadataDefaults")
        .map(|exchange| exchange["request"]["body"].to_string())
        .unwrap();
    for option in [
        "HttpTokens=required",
        "HttpPutResponseHopLimit=3",
        "HttpEndpoint=enabled",
    ] {
        assert!(sent.contains(option), "{sent}");
    }
    assert!(!sent.contains("InstanceMetadataTags"), "{sent}");
    let kept = json!({
        "snapshots": "block-new-sharing", "images": "unblocked", "serial_console": true,
        "metadata": { "http_tokens": "required", "http_put_response_hop_limit": 3, "http_endpoint": "enabled" },
        "policy": {},
    });
    assert_eq!(defaults(&folder, "eu-west-1"), kept);

    folder.becomes(
        &format!("{ONE}{CLOSED}"),
        &[
            SNAPSHOTS,
            IMAGES,
            "eu-west-1 ec2:DisableSerialConsoleAccess",
            METADATA,
        ],
    );
    // Each is opened again by its word, one by one.
    folder.becomes(
        &format!("{ONE}[ec2_defaults]\nserial_console = {{ exactly = true }}\n"),
        &["eu-west-1 ec2:EnableSerialConsoleAccess"],
    );
    folder.becomes(
        &format!("{ONE}{OFF}"),
        &[
            "eu-west-1 ec2:DisableSnapshotBlockPublicAccess",
            "eu-west-1 ec2:DisableImageBlockPublicAccess",
            METADATA,
        ],
    );
    assert_eq!(defaults(&folder, "eu-west-1")["metadata"], json!({}));
}

#[test]
fn what_somebody_changes_is_all_that_is_changed_back() {
    let folder = Folder::new();
    folder.write("b.toml", &format!("{ONE}{CLOSED}"));
    folder.apply().expect(0);
    for (setting, value, step) in [
        ("snapshots", json!("unblocked"), "block all public snapshots"),
        (
            "snapshots",
            json!("block-new-sharing"),
            "block all public snapshots",
        ),
        ("images", json!("unblocked"), "block new public AMIs"),
        (
            "serial_console",
            json!(true),
            "end the access to the EC2 serial console",
        ),
        (
            "metadata",
            json!({ "http_tokens": "required", "http_put_response_hop_limit": 64 }),
            "set the metadata options of new instances: hop limit 2",
        ),
        (
            "metadata",
            json!({ "http_put_response_hop_limit": 2, "http_tokens_enforced": "enabled" }),
            "set the metadata options of new instances: tokens required",
        ),
    ] {
        folder.alter(|account| {
            account["regions"]["eu-west-1"]["ec2"]["defaults"][setting] = value.clone();
        });
        let plan = folder.sandbox(&["plan", "b.toml", "--json"]).expect(0);
        assert_eq!(titles(&plan.stdout), [step], "{setting} {value}");
        folder.apply().expect(0);
        folder.is_true();
    }
    // What is not written was sent back.
    assert_eq!(
        defaults(&folder, "eu-west-1")["metadata"]["http_tokens_enforced"],
        "enabled"
    );
}

#[test]
fn snapshots_that_are_public_are_named_before_they_are_hidden() {
    let folder = Folder::new();
    folder.world("");
    folder.write(
        "b.toml",
        &format!("{ONE}[ec2_defaults]\nsnapshot_public_access = \"block_all_sharing\"\n"),
    );
    publish(&folder, "snap-1a2b3c4d");
    folder
        .sandbox(&["apply", "b.toml", "--auto-approve"])
        .expect(3)
        .says("snapshot snap-1a2b3c4d is no longer public");
    assert_eq!(folder.writes(), Vec::<String>::new());
    folder.apply().expect(0);
    assert_eq!(folder.writes(), [SNAPSHOTS]);
    folder.forget_exchanges();
    // With nothing to hide nobody looks for snapshots.
    folder.is_true();
    let looked = |exchange: &Value| exchange["operation"] == "DescribeSnapshots";
    assert!(!folder.exchanges().iter().any(looked));
}

#[test]
fn snapshots_that_cannot_be_listed_make_the_block_ask() {
    let folder = Folder::new();
    folder.world("[[deny]]\naction = \"ec2:DescribeSnapshots\"\nby = \"iam\"\n");
    folder.write(
        "b.toml",
        &format!("{ONE}[ec2_defaults]\nsnapshot_public_access = \"block_all_sharing\"\n"),
    );
    folder
        .sandbox(&["apply", "b.toml", "--auto-approve"])
        .expect(3)
        .says("the public snapshots could not be listed: UnauthorizedOperation");
    folder.apply().expect(0);
    assert_eq!(folder.writes(), [SNAPSHOTS]);
}

/// Images are open, and EC2 shows for ten minutes that they still are.
const LATE: &str = r#"
[[call]]
call = "ec2:DisableImageBlockPublicAccess"
region = "eu-west-1"
[[call]]
call = "ec2:DisableImageBlockPublicAccess"
region = "us-east-1"
[[lag]]
call = "ec2:GetImageBlockPublicAccessState"
seconds = 600
"#;

#[test]
fn a_change_that_ec2_shows_late_is_no_failure() {
    let folder = Folder::new();
    folder.world(LATE);
    let block = format!("{TWO}[ec2_defaults]\nimage_public_access = \"block_new_sharing\"\n");
    folder.write("b.toml", &block);
    let begun = Instant::now();
    folder
        .apply()
        .expect(0)
        .says("Done, and not shown by AWS yet")
        .says("AWS shows this within 10 minutes")
        .says("The account is true to b.toml, as far as AWS shows it yet.");
    // Nobody waits for what will not come.
    assert!(begun.elapsed() < Duration::from_secs(10));
    let writes = [IMAGES, "us-east-1 ec2:EnableImageBlockPublicAccess"];
    let written = |folder: &Folder| {
        let mut written = folder.writes();
        written.sort();
        written
    };
    assert_eq!(written(&folder), writes);
    for region in ["eu-west-1", "us-east-1"] {
        assert_eq!(defaults(&folder, region)["images"], "block-new-sharing");
    }
    // Until then it is planned again, and doing it again is no failure either.
    folder.forget_exchanges();
    folder
        .sandbox(&["plan", "b.toml", "--detailed-exitcode"])
        .expect(2)
        .says("which does no harm");
    folder.apply().expect(0);
    assert_eq!(written(&folder), writes);
}

#[test]
fn what_is_shown_late_hides_no_failure_beside_it() {
    let folder = Folder::new();
    folder.world(&format!(
        "{LATE}[[fault]]\ncall = \"ec2:EnableSnapshotBlockPublicAccess\"\nkind = \"error\"\ncode = \"InternalFailure\"\n"
    ));
    folder.write("b.toml", &format!("{ONE}{CLOSED}"));
    folder
        .apply()
        .expect(3)
        .says("Done, and not shown by AWS yet")
        .says("ec2:EnableSnapshotBlockPublicAccess: InternalFailure")
        .says("The account is not yet true to b.toml")
        .says("snapshot_public_access: \"unblocked\" → \"block_all_sharing\"");
}

#[test]
fn what_a_declarative_policy_holds_is_left_to_it_and_the_rest_is_made_true() {
    let folder = Folder::new();
    folder.world(
        r#"
        [declarative_policy]
        snapshot_block_public_access = "block-new-sharing"
        serial_console_access = false

        [[call]]
        call = "ec2:DisableImageBlockPublicAccess"
        region = "eu-west-1"
        "#,
    );
    let held = "snapshot_public_access: a declarative";
    folder.write("b.toml", &format!("{ONE}{CLOSED}"));
    let plan = folder.sandbox(&["plan", "b.toml"]).expect(0).says(held);
    assert!(!plan.stdout.contains("block_all_sharing"), "{}", plan.stdout);
    folder
        .apply()
        .expect(0)
        .says("The account is true to b.toml, but for what trueup does not change: 1");
    assert_eq!(folder.writes(), [IMAGES, METADATA]);
    folder.forget_exchanges();
    // Nor does anybody write it who says so.
    for manage in ["", "manage = \"enforce\"\n"] {
        let table = CLOSED.replace("[ec2_defaults]\n", &format!("[ec2_defaults]\n{manage}"));
        folder.write("b.toml", &format!("{ONE}{table}"));
        folder.apply().expect(0);
        let plan = folder
            .sandbox(&["plan", "b.toml", "--detailed-exitcode"])
            .expect(0);
        plan.says("Managed elsewhere").says(held);
    }
    assert_eq!(folder.writes(), Vec::<String>::new());
    // What the policy sets as the file wants it is true.
    let agreed = CLOSED.replace("block_all_sharing", "block_new_sharing");
    folder.becomes(&format!("{ONE}{agreed}"), &[]);
    let export = folder
        .sandbox(&["export", "--only", "ec2_defaults", "--region", "eu-west-1"])
        .expect(0);
    folder.write("b.toml", &export.says("block_new_sharing").stdout);
    folder.is_true();
}

#[test]
fn a_policy_that_comes_between_the_plan_and_the_write_is_named() {
    let folder = Folder::new();
    folder.world(
        "[[fault]]\ncall = \"ec2:EnableSerialConsoleAccess\"\nkind = \"error\"\ncode = \"OperationNotPermitted\"\n\
         message = \"This action is denied due to an organizational policy in effect\"\n",
    );
    folder.write(
        "b.toml",
        &format!("{ONE}[ec2_defaults]\nserial_console = {{ exactly = true }}\n"),
    );
    folder
        .apply()
        .expect(3)
        .says("Denied by the organization")
        .says("an organizational policy in effect")
        .says("the organization's policy forbids it");
}

#[test]
fn every_write_may_fail_once_and_running_again_ends_it() {
    let calls = [
        SNAPSHOTS,
        IMAGES,
        "eu-west-1 ec2:DisableSerialConsoleAccess",
        METADATA,
    ];
    for (kind, code) in [
        ("throttle\"", 0),
        ("reset\"", 3),
        ("reset\"\ncarried_out = true", 3),
        ("error\"\ncode = \"UnauthorizedOperation\"\nstatus = 403", 3),
    ] {
        let faults: String = calls
            .iter()
            .map(|call| call.split_once(' ').unwrap().1)
            .map(|call| {
                format!("[[fault]]\ncall = \"{call}\"\nregion = \"eu-west-1\"\nnth = 1\nkind = \"{kind}\n")
            })
            .collect();
        let folder = Folder::new();
        folder.world(&format!("{BY_HAND}{faults}"));
        folder.write("b.toml", &format!("{ONE}{CLOSED}"));
        let first = folder.apply().code;
        assert!(first == 0 || first == code, "{kind}: {first}");
        folder.apply().expect(0);
        folder.is_true();
    }
}
