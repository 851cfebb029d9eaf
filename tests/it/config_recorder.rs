//! The Config recorder from the file to the account and back.

use serde_json::{Value, json};

use crate::folder::{Folder, STATE};
use crate::moto::Moto;

/// Two regions only, so that a run is short.
const TWO: &str = "[account]\nhome_region = \"us-east-1\"\nregions = [\"eu-west-1\", \"us-east-1\"]\n";
const ON: &str = "[config_recorder]\nenabled = true\nfrequency = \"continuous\"\ndaily = []\nexclude = []\n\
                  global_resource_types = true\nservice_linked_role = true\nbucket = \"logs-{account_id}\"\n";

/// A bucket that Config may write to.
const BUCKET: &str = r#"
[[call]]
call = "s3:CreateBucket"
region = "us-east-1"
input = { Bucket = "logs-123456789012" }

[[call]]
call = "s3:PutBucketPolicy"
region = "us-east-1"
[call.input]
Bucket = "logs-123456789012"
Policy = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "config.amazonaws.com"}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::logs-123456789012/AWSLogs/123456789012/Config/*", "Condition": {"StringEquals": {"AWS:SourceAccount": "123456789012"}}}]}'
"#;

/// A recorder that was made by hand under another name, with another role, an exclusion, and not started.
const BY_HAND: &str = r#"
[[call]]
call = "config:PutConfigurationRecorder"
region = "eu-west-1"
[call.input]
Tags = [{ Key = "team", Value = "web" }]
[call.input.ConfigurationRecorder]
name = "mine"
roleARN = "arn:aws:iam::123456789012:role/own"
recordingGroup = { allSupported = false, exclusionByResourceTypes = { resourceTypes = ["AWS::EC2::VPC"] } }
recordingMode = { recordingFrequency = "CONTINUOUS", recordingModeOverrides = [{ resourceTypes = ["AWS::EC2::Subnet"], recordingFrequency = "DAILY" }] }

[[call]]
call = "config:PutDeliveryChannel"
region = "eu-west-1"
[call.input.DeliveryChannel]
name = "theirs"
s3BucketName = "logs-123456789012"
configSnapshotDeliveryProperties = { deliveryFrequency = "Six_Hours" }
"#;

const LINKED: &str = r#"
[[call]]
call = "config:PutServiceLinkedConfigurationRecorder"
region = "us-east-1"
input = { ServicePrincipal = "securityhub.amazonaws.com" }
"#;

/// Worlds and baselines that need every call of the control.
pub(crate) fn exercise() -> Vec<(&'static str, Vec<String>)> {
    let world: &'static str = Box::leak(format!("{BUCKET}{BY_HAND}").into_boxed_str());
    vec![(
        world,
        vec![
            format!("{TWO}[tags]\na = \"1\"\n{ON}"),
            format!("{TWO}[config_recorder]\nenabled = false\n"),
        ],
    )]
}

#[test]
fn a_new_account_gets_role_recorder_channel_and_start_and_exports_to_nothing() {
    let folder = Folder::new();
    folder.world(&format!("{BUCKET}{LINKED}"));
    folder
        .write("b.toml", &format!("{TWO}[tags]\na = \"1\"\n{ON}"))
        .forget_exchanges();
    folder.apply().expect(0);
    let writes = folder.writes();
    let of = |start: &str| -> Vec<&str> {
        let is = |write: &&String| write.starts_with(start) && !write.contains(" iam:");
        writes.iter().filter(is).map(String::as_str).collect()
    };
    for region in ["eu-west-1", "us-east-1"] {
        assert_eq!(
            of(region),
            [
                format!("{region} config:PutConfigurationRecorder"),
                format!("{region} config:PutDeliveryChannel"),
                format!("{region} config:StartConfigurationRecorder"),
            ]
        );
        let recorder = folder.region(region)["config"]["recorder"].clone();
        assert_eq!(recorder["recording"], true);
        assert_eq!(recorder["tags"], json!({"a": "1"}));
        assert_eq!(
            recorder["group"]["includeGlobalResourceTypes"],
            region == "us-east-1"
        );
    }
    let roles = writes
        .iter()
        .filter(|write| write.contains("iam:CreateServiceLinkedRole"));
    assert_eq!(roles.count(), 1, "{writes:?}");
    folder.is_true();
    for region in ["eu-west-1", "us-east-1"] {
        let export = folder
            .sandbox(&["export", "--only", "config_recorder", "--region", region])
            .expect(0)
            .stdout;
        folder.write("b.toml", &export);
        folder.is_true();
    }
    folder.judge();
}

#[test]
fn a_recorder_of_another_name_is_adopted_cleared_and_started() {
    let folder = Folder::new();
    folder.world(&format!("{BUCKET}{BY_HAND}"));
    let one = |text: &str| {
        format!(
            "[account]\nhome_region = \"us-east-1\"\nregions = [\"eu-west-1\"]\n[config_recorder]\n{text}"
        )
    };
    let config = || folder.region("eu-west-1")["config"].clone();
    let before = config();
    folder.becomes(
        &one("enabled = true\n"),
        &["eu-west-1 config:StartConfigurationRecorder"],
    );
    let after = config();
    assert_eq!(after["channel"], before["channel"]);
    for key in ["name", "role_arn", "group", "mode", "tags"] {
        assert_eq!(after["recorder"][key], before["recorder"][key], "{key}");
    }
    folder.becomes(
        &one("enabled = true\ndaily = []\nexclude = []\n"),
        &["eu-west-1 config:PutConfigurationRecorder"],
    );
    let after = config();
    assert_eq!(after["recorder"]["mode"]["recordingModeOverrides"], json!([]));
    assert_eq!(after["recorder"]["group"]["allSupported"], true);
    assert_eq!(after["recorder"]["role_arn"], before["recorder"]["role_arn"]);
    assert_eq!(after["channel"], before["channel"]);

    // A recorder that was stopped behind trueup's back is the one thing to do.
    let mut state: Value = serde_json::from_str(&folder.read(STATE)).unwrap();
    state["account"]["regions"]["eu-west-1"]["config"]["recorder"]["recording"] = false.into();
    folder.write(STATE, &state.to_string());
    let planned = folder.sandbox(&["plan", "b.toml", "--json"]).expect(0).stdout;
    let planned: Value = serde_json::from_str(&planned).unwrap();
    assert_eq!(planned["steps"].as_array().unwrap().len(), 1);
    assert_eq!(
        planned["steps"][0]["title"],
        "start the configuration recorder mine"
    );
    folder.apply().expect(0);
    folder.becomes(
        &one("enabled = false\n"),
        &["eu-west-1 config:StopConfigurationRecorder"],
    );
    folder.judge();
}

#[test]
fn control_towers_recorder_is_left_alone() {
    let folder = Folder::new();
    folder.world(
        &format!("{BUCKET}{BY_HAND}").replace("\"mine\"", "\"aws-controltower-BaselineConfigRecorder\""),
    );
    folder.write(
        "b.toml",
        "[account]\nhome_region = \"us-east-1\"\nregions = [\"eu-west-1\"]\n[config_recorder]\nenabled = true\n",
    );
    folder.apply().says("managed elsewhere").says("AWS Control Tower");
    assert_eq!(folder.writes(), Vec::<String>::new());
    folder.judge();
}

#[test]
fn moto_sees_recorder_and_channel_started() {
    let moto = Moto::start();
    let baseline =
        format!("{TWO}[log_bucket]\nname = \"logs-{{account_id}}\"\n[config_recorder]\nenabled = true\n");
    moto.folder.write("b.toml", &baseline);
    moto.apply().expect(0);
    let calls = json!([
        ["describe_configuration_recorder_status", {}],
        ["describe_delivery_channels", {}]
    ]);
    let answers = moto.boto3("config", &calls);
    let status = &answers[0]["ConfigurationRecordersStatus"][0];
    assert_eq!(status["recording"], true, "{answers:?}");
    let channel = &answers[1]["DeliveryChannels"][0];
    assert_eq!(channel["s3BucketName"], "logs-123456789012", "{answers:?}");
    moto.is_true();
}
