//! What an export says beside the tables: how the home region was chosen, and what is not in the file.

use std::path::Path;

use crate::controls::exercise;
use crate::folder::{Folder, ROOT, side_by_side};

/// A multi-region trail at home in a region, which delivers to a bucket of the account.
fn trail(region: &str) -> String {
    format!(
        r#"
[[call]]
call = "s3:CreateBucket"
input = {{ Bucket = "their-logs" }}
[[call]]
call = "s3:PutBucketPolicy"
[call.input]
Bucket = "their-logs"
Policy = '''{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow",
  "Principal": {{"Service": ["cloudtrail.amazonaws.com", "config.amazonaws.com"]}},
  "Action": ["s3:GetBucketAcl", "s3:PutObject"],
  "Resource": ["arn:aws:s3:::their-logs", "arn:aws:s3:::their-logs/*"]}}]}}'''
[[call]]
call = "cloudtrail:CreateTrail"
region = "{region}"
input = {{ Name = "theirs", S3BucketName = "their-logs", IsMultiRegionTrail = true }}
"#
    )
}

/// A recorder of everything in a region, with global types, which delivers to the same bucket.
fn recorder(region: &str) -> String {
    format!(
        r#"
[[call]]
call = "iam:CreateServiceLinkedRole"
input = {{ AWSServiceName = "config.amazonaws.com" }}
[[call]]
call = "config:PutConfigurationRecorder"
region = "{region}"
[call.input.ConfigurationRecorder]
name = "default"
roleARN = "arn:aws:iam::123456789012:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
recordingGroup = {{ allSupported = true, includeGlobalResourceTypes = true }}
[[call]]
call = "config:PutDeliveryChannel"
region = "{region}"
input = {{ DeliveryChannel = {{ name = "default", s3BucketName = "their-logs" }} }}
"#
    )
}

impl Folder {
    /// The whole account as a file that has nothing to change, exported with these options.
    #[track_caller]
    fn exported(&self, options: &[&str]) -> String {
        let args = [&["export"], options].concat();
        let export = self.sandbox(&args).expect(0).stdout;
        self.write("b.toml", &export).is_true();
        export
    }
}

#[track_caller]
fn assert_says(export: &str, text: &str) {
    assert!(export.contains(text), "no `{text}` in\n{export}");
}

#[test]
fn an_export_detects_the_home_region() {
    let folder = Folder::new();
    folder.world(&format!("{}{}", trail("eu-central-1"), recorder("eu-central-1")));
    let export = folder.exported(&[]);
    assert_says(&export, "home_region = \"eu-central-1\"");
    assert_says(
        &export,
        "# Home region eu-central-1, detected: trail `theirs` is at home in eu-central-1; \
         AWS Config records global resource types in eu-central-1.\n",
    );
    // A region that is asked for wins, and the file and the terminal say what the account shows.
    let other = "Home region us-east-1, as --home-region says. The account shows eu-central-1:";
    let asked = folder
        .sandbox(&["export", "--home-region", "us-east-1"])
        .expect(0)
        .complains(other)
        .says("home_region = \"us-east-1\"");
    assert_says(&asked.stdout, &format!("# {other}"));
    folder.write("b.toml", &asked.stdout).is_true();
}

#[test]
fn a_home_region_that_the_account_does_not_show_clearly_is_the_default_one() {
    let folder = Folder::new();
    folder.world(&format!("{}{}", trail("eu-central-1"), recorder("eu-west-1")));
    let export = folder.exported(&["--only", "account"]);
    assert_says(
        &export,
        "# Home region us-east-1, the configured or default one, because the account shows several: \
         trail `theirs` is at home in eu-central-1; AWS Config records global resource types in eu-west-1.",
    );
    folder.world("");
    let export = folder.exported(&["--only", "account"]);
    assert_says(&export, "because the account shows none");
    // What may not be read is said, and the export goes on.
    folder.world("[[deny]]\naction = \"cloudtrail:DescribeTrails\"\nby = \"iam\"\n");
    let export = folder.exported(&["--only", "account"]);
    assert_says(&export, "Not read: cloudtrail:DescribeTrails: AccessDenied");
}

#[test]
fn an_export_of_a_part_says_what_is_not_in_it() {
    let folder = Folder::new();
    folder.world("");
    let export = folder.exported(&["--only", "cloudtrail", "--region", "us-east-1"]);
    assert_says(
        &export,
        "exported with --only cloudtrail --region us-east-1. What is not in it:\n",
    );
    assert_says(&export, "which --region leaves out: cloudtrail\n");
    assert_says(&export, "# - regions: ap-northeast-1, ");
    assert_says(&export, "# Nothing was read");
}

#[test]
fn an_export_names_the_bucket_that_takes_the_logs_whoever_made_it() {
    // To which the recorder alone delivers, and to which a trail does that is not the account's own of all regions.
    let by_recorder = trail("us-east-1")
        .split("[[call]]\ncall = \"cloudtrail")
        .next()
        .unwrap()
        .to_owned();
    let single = trail("us-east-1").replace("IsMultiRegionTrail = true", "IsMultiRegionTrail = false");
    for world in [by_recorder + &recorder("us-east-1"), single] {
        let folder = Folder::new();
        folder.world(&world);
        let export = folder.exported(&[]);
        assert_says(&export, "[log_bucket]\nname = \"their-logs\"\n");
    }
}

#[test]
fn an_export_writes_no_log_bucket_where_another_account_takes_the_logs() {
    let folder = Folder::new();
    let central = "[[bucket]]\nname = \"central\"\nowner = \"999988887777\"\n\
                   [[call]]\ncall = \"cloudtrail:CreateTrail\"\n\
                   input = { Name = \"theirs\", S3BucketName = \"central\", IsMultiRegionTrail = true }\n";
    folder.world(central);
    let export = folder.exported(&[]);
    assert_says(
        &export,
        "# S3 bucket for logs\n# No table: the trail delivers to the bucket `central`, which belongs to another account\n",
    );
    assert!(!export.contains("[log_bucket]"), "{export}");
}

#[test]
fn every_world_of_these_tests_exports_to_a_file_that_changes_nothing() {
    let controls = trueup::controls::controls();
    let mut worlds: Vec<String> = controls
        .names()
        .flat_map(|name| exercise(name.as_str()))
        .map(|(world, _)| world.to_owned())
        .collect();
    worlds.sort();
    worlds.dedup();
    for example in ["brownfield", "trouble"] {
        let file = Path::new(ROOT).join(format!("examples/worlds/{example}.toml"));
        worlds.push(std::fs::read_to_string(file).unwrap());
    }
    side_by_side(worlds, |world| {
        let folder = Folder::new();
        folder.world(&world);
        let export = folder.sandbox(&["export"]);
        assert!([0, 1].contains(&export.code), "{export:?}");
        folder.write("b.toml", &export.stdout);
        let plan = folder
            .sandbox(&["plan", "b.toml", "--detailed-exitcode"])
            .expect(0);
        assert!(
            plan.stdout.contains("No changes."),
            "{world}\n{}\n{}",
            export.stdout,
            plan.stdout
        );
    });
}
