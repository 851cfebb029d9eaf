//! The Config recorder from the file to the account and back.

use serde_json::{Value, json};

use crate::folder::{Folder, STATE, TWO};
use crate::moto::Moto;

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
call = "iam:CreateRole"
input = { RoleName = "own", AssumeRolePolicyDocument = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "config.amazonaws.com"}, "Action": "sts:AssumeRole"}]}' }

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
    vec![
        (
            world,
            vec![
                format!("{TWO}[tags]\na = \"1\"\n{ON}"),
                format!("{TWO}[config_recorder]\nenabled = false\n"),
            ],
        ),
        (
            world,
            vec![format!(
                "{}{ON}",
                TWO.replace("home_region = \"us-east-1\"", "home_region = \"us-west-2\"")
            )],
        ),
    ]
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
    assert_eq!(
        after["recorder"]["group"]["exclusionByResourceTypes"]["resourceTypes"],
        json!([])
    );
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
}

#[test]
fn a_service_linked_role_that_config_does_not_see_yet_is_waited_for_and_a_wrong_role_is_not() {
    let invalid = |nth: u32| {
        format!(
            "[[fault]]\ncall = \"config:PutConfigurationRecorder\"\nregion = \"eu-west-1\"\nnth = {nth}\n\
             kind = \"error\"\ncode = \"InvalidRoleException\"\n"
        )
    };
    let folder = Folder::new();
    folder.world(&format!("{BUCKET}{}{}", invalid(1), invalid(2)));
    let one = |text: &str| {
        format!(
            "[account]\nhome_region = \"us-east-1\"\nregions = [\"eu-west-1\"]\n[config_recorder]\nbucket = \"logs-{{account_id}}\"\n{text}"
        )
    };
    let put = "eu-west-1 config:PutConfigurationRecorder";
    folder.becomes(
        &one("enabled = true\n"),
        &[
            put,
            put,
            put,
            "eu-west-1 config:PutDeliveryChannel",
            "eu-west-1 config:StartConfigurationRecorder",
            "us-east-1 iam:CreateServiceLinkedRole",
        ],
    );

    let folder = Folder::new();
    folder.world(&format!("{BUCKET}{BY_HAND}{}", invalid(1)));
    folder.write("b.toml", &one("exclude = []\n"));
    folder.apply().expect(3).says("InvalidRoleException");
    assert_eq!(folder.writes(), [put]);
}

#[test]
fn a_bucket_policy_that_config_does_not_see_yet_is_waited_for() {
    let folder = Folder::new();
    folder.world("propagation_seconds = 2\n");
    folder.write(
        "b.toml",
        "[account]\nhome_region = \"us-east-1\"\nregions = [\"us-east-1\"]\n[log_bucket]\nname = \"logs-{account_id}\"\n\
         [config_recorder]\nenabled = true\n",
    );
    folder.apply().expect(0);
    let writes = folder.writes();
    let puts = writes
        .iter()
        .filter(|write| write.ends_with("config:PutDeliveryChannel"));
    assert!(puts.count() > 1, "{writes:?}");
    folder.is_true();
}

#[test]
fn a_bucket_that_the_file_does_not_manage_is_not_taken_for_the_log_bucket() {
    let folder = Folder::new();
    let trail = r#"
[[call]]
call = "cloudtrail:CreateTrail"
input = { Name = "theirs", S3BucketName = "central", IsMultiRegionTrail = true }
"#;
    folder.world(&format!(
        "[[bucket]]\nname = \"central\"\nowner = \"999988887777\"\n{trail}"
    ));
    folder.write("b.toml", &format!("{TWO}[config_recorder]\nenabled = true\n"));
    folder
        .apply()
        .expect(3)
        .says("there is no delivery channel, and without one nothing is recorded");
    assert_eq!(folder.writes(), Vec::<String>::new());
}

#[test]
fn each_drift_of_recorder_and_channel_takes_its_own_write() {
    let folder = Folder::new();
    let policy = r#"
[[call]]
call = "s3:CreateBucket"
input = { Bucket = "other" }
[[call]]
call = "s3:PutBucketPolicy"
[call.input]
Bucket = "other"
Policy = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "config.amazonaws.com"}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::other/*"}]}'
"#;
    folder.world(&format!("{BUCKET}{policy}"));
    let (put, deliver, tag) = (
        "eu-west-1 config:PutConfigurationRecorder",
        "eu-west-1 config:PutDeliveryChannel",
        "eu-west-1 config:TagResource",
    );
    let config = || folder.region("eu-west-1")["config"].clone();
    let with = |tags: &str, text: &str| {
        format!(
            "[account]\nhome_region = \"us-east-1\"\nregions = [\"eu-west-1\"]\n[tags]\n{tags}[config_recorder]\nenabled = true\n{text}"
        )
    };
    folder.write("b.toml", &with("a = \"1\"\n", "bucket = \"logs-{account_id}\"\n"));
    folder.apply().expect(0);
    folder.forget_exchanges();
    let made = config();

    // Another bucket, and another prefix in it; what somebody set on the channel stays.
    folder.alter(|account| {
        account["regions"]["eu-west-1"]["config"]["channel"]["settings"]["configSnapshotDeliveryProperties"] =
            json!({"deliveryFrequency": "Six_Hours"});
    });
    folder.becomes(&with("a = \"1\"\n", "bucket = \"other\"\n"), &[deliver]);
    folder.becomes(
        &with("a = \"1\"\n", "bucket = \"other\"\nprefix = \"acme\"\n"),
        &[deliver],
    );
    let settings = json!({
        "name": "default", "s3BucketName": "other", "s3KeyPrefix": "acme",
        "configSnapshotDeliveryProperties": {"deliveryFrequency": "Six_Hours"},
    });
    assert_eq!(config()["channel"]["settings"], settings);
    folder.becomes(
        &with("a = \"1\"\n", "bucket = \"other\"\nprefix = \"\"\n"),
        &[deliver],
    );
    assert_eq!(config()["channel"]["settings"].get("s3KeyPrefix"), None);
    assert_eq!(config()["recorder"], made["recorder"]);

    // Only some types, and all of them again.
    folder.becomes(
        &with(
            "a = \"1\"\n",
            "only = { exactly = [\"AWS::EC2::VPC\", \"AWS::IAM::Role\"] }\n",
        ),
        &[put],
    );
    let group = config()["recorder"]["group"].clone();
    assert_eq!(group["resourceTypes"], json!(["AWS::EC2::VPC", "AWS::IAM::Role"]));
    assert_eq!(
        group["recordingStrategy"]["useOnly"],
        "INCLUSION_BY_RESOURCE_TYPES"
    );
    let no_global = "global_resource_types = { exactly = false }\n";
    folder.becomes(&with("a = \"1\"\n", no_global), &[put]);
    assert_eq!(
        config()["recorder"]["group"]["resourceTypes"],
        json!(["AWS::EC2::VPC"])
    );
    folder.becomes(&with("a = \"1\"\n", "exclude = []\n"), &[put]);
    assert_eq!(config()["recorder"], made["recorder"]);

    // IAM's types beside an exclusion that only the account has.
    folder.becomes(
        &with("a = \"1\"\n", "exclude = { exactly = [\"AWS::EC2::VPC\"] }\n"),
        &[put],
    );
    folder.becomes(&with("a = \"1\"\n", no_global), &[put]);
    assert_eq!(
        config()["recorder"]["group"]["exclusionByResourceTypes"]["resourceTypes"],
        json!([
            "AWS::EC2::VPC",
            "AWS::IAM::Group",
            "AWS::IAM::Policy",
            "AWS::IAM::Role",
            "AWS::IAM::User"
        ])
    );

    // Tags, beside those of others.
    folder.alter(|account| {
        account["regions"]["eu-west-1"]["config"]["recorder"]["tags"] = json!({"a": "2", "team": "web"});
    });
    folder.becomes(&with("a = \"1\"\n", ""), &[tag]);
    assert_eq!(config()["recorder"]["tags"], json!({"a": "1", "team": "web"}));
}

#[test]
fn what_the_organization_refuses_in_one_region_leaves_the_others_done() {
    let deny =
        "[[deny]]\naction = \"config:PutConfigurationRecorder\"\nregion = \"eu-west-1\"\nby = \"scp\"\n";
    for there in ["", BY_HAND] {
        let folder = Folder::new();
        folder.world(&format!("{BUCKET}{there}{deny}"));
        folder.write("b.toml", &format!("{TWO}{ON}"));
        let before = folder.region("eu-west-1")["config"]["recorder"].clone();
        folder
            .apply()
            .expect(3)
            .says("Denied by the organization")
            .says("config:PutConfigurationRecorder: AccessDenied")
            .says("The account matches b.toml, except 1 region the organization denies.");
        assert_eq!(folder.region("eu-west-1")["config"]["recorder"], before);
        assert_eq!(
            folder.region("us-east-1")["config"]["recorder"]["recording"],
            true
        );
        folder
            .sandbox(&[
                "apply",
                "b.toml",
                "--auto-approve",
                "--allow",
                "all",
                "--fail-on",
                "denied",
            ])
            .expect(3);
    }
}

#[test]
fn control_towers_recorder_is_left_alone() {
    for (name, towers) in [
        ("\"mine\"", "\"aws-controltower-BaselineConfigRecorder\""),
        (":role/own\"", ":role/aws-controltower-ConfigRecorderRole\""),
    ] {
        let folder = Folder::new();
        folder.world(&format!("{BUCKET}{BY_HAND}").replace(name, towers));
        folder.write(
            "b.toml",
            "[account]\nhome_region = \"us-east-1\"\nregions = [\"eu-west-1\"]\n[config_recorder]\nenabled = true\n",
        );
        folder
            .apply()
            .expect(0)
            .says("managed elsewhere")
            .says("AWS Control Tower");
        assert_eq!(folder.writes(), Vec::<String>::new());
    }
}

#[test]
fn moto_sees_recorder_and_channel_started() {
    let moto = Moto::start();
    let baseline =
        format!("{TWO}[log_bucket]\nname = \"logs-{{account_id}}\"\n[config_recorder]\nenabled = true\n");
    moto.folder.write("b.toml", &baseline);
    // Whether the records arrive it cannot tell.
    moto.apply()
        .expect(3)
        .says("could not be read: config:DescribeDeliveryChannelStatus");
    let calls = json!([
        ["describe_configuration_recorder_status", {}],
        ["describe_delivery_channels", {}]
    ]);
    let answers = moto.boto3("config", &calls);
    let status = &answers[0]["ConfigurationRecordersStatus"][0];
    assert_eq!(status["recording"], true, "{answers:?}");
    let channel = &answers[1]["DeliveryChannels"][0];
    assert_eq!(channel["s3BucketName"], "logs-123456789012", "{answers:?}");
}

/// A file whose bucket has no trail.
const WITH_BUCKET: &str = "[log_bucket]\nname = \"audit-{account_id}\"\nconfig = true\n";

#[test]
fn one_region_of_a_file_knows_the_bucket_that_the_filter_leaves_out() {
    let folder = Folder::new();
    folder.write("b.toml", &format!("{TWO}{WITH_BUCKET}"));
    folder.apply().expect(0);
    folder.write(
        "b.toml",
        &format!("{TWO}{WITH_BUCKET}[config_recorder]\nenabled = true\n"),
    );
    for filter in [["--region", "eu-west-1"], ["--only", "config_recorder"]] {
        let args = ["apply", "b.toml", "--auto-approve", filter[0], filter[1]];
        folder.sandbox(&args).expect(0);
        folder
            .sandbox(&["plan", "b.toml", "--detailed-exitcode", filter[0], filter[1]])
            .expect(0)
            .says("No changes.");
    }
    folder.is_true();
}

#[test]
fn a_bucket_to_which_config_alone_delivers_is_exported_and_stays() {
    let folder = Folder::new();
    folder.write(
        "b.toml",
        &format!("{TWO}{WITH_BUCKET}[config_recorder]\nenabled = true\n"),
    );
    folder.apply().expect(0);
    let export = folder.sandbox(&["export"]).expect(0).says("[log_bucket]").stdout;
    assert!(export.contains("name = \"audit-123456789012\""), "{export}");
    folder.write("b.toml", &export);
    folder.is_true();
}

/// A file for this region alone.
fn in_one(region: &str, tables: &str) -> String {
    format!("[account]\nhome_region = \"us-east-1\"\nregions = [\"{region}\"]\n{tables}")
}

/// What a plan says of the recorder in a region: its verdict, and its tasks.
fn judged(folder: &Folder, region: &str) -> (String, String) {
    let planned = folder.sandbox(&["plan", "b.toml", "--json"]).expect(0).stdout;
    let planned: Value = serde_json::from_str(&planned).unwrap();
    let cells = planned["cells"].as_array().unwrap().iter();
    let mut cells = cells.filter(|cell| cell["control"] == "config_recorder" && cell["place"] == region);
    let cell = cells.next().unwrap_or_else(|| panic!("{planned}"));
    let verdict = cell["verdict"].as_str().unwrap().to_owned();
    (verdict, cell["people"].to_string())
}

#[test]
fn a_recorder_whose_bucket_was_deleted_is_a_task_at_once() {
    let folder = Folder::new();
    let start = "\n[[call]]\ncall = \"config:StartConfigurationRecorder\"\nregion = \"eu-west-1\"\n\
                 input = { ConfigurationRecorderName = \"mine\" }\n";
    let gone = "\n[[call]]\ncall = \"s3:DeleteBucket\"\ninput = { Bucket = \"logs-123456789012\" }\n";
    folder.world(&format!("{BUCKET}{BY_HAND}{start}{gone}"));
    let tables = "[log_bucket]\nname = \"audit-{account_id}\"\n[config_recorder]\nenabled = true\n";
    folder.write("b.toml", &in_one("eu-west-1", tables));
    folder
        .apply()
        .says("AWS Config cannot deliver")
        .says("NoSuchBucket")
        .says("records with the role own");
    assert_eq!(judged(&folder, "eu-west-1").0, "needs-person");
    // To deliver to the log bucket helps.
    let moved = format!("{tables}bucket = \"audit-{{account_id}}\"\n");
    folder.becomes(
        &in_one("eu-west-1", &moved),
        &["eu-west-1 config:PutDeliveryChannel"],
    );
    assert_eq!(judged(&folder, "eu-west-1").0, "in-sync");
}

#[test]
fn deliveries_are_judged_by_the_last_one_that_is_known() {
    let folder = Folder::new();
    folder.world(BUCKET);
    folder.write(
        "b.toml",
        &in_one(
            "eu-west-1",
            "[config_recorder]\nenabled = true\nbucket = \"logs-{account_id}\"\n",
        ),
    );
    folder.apply().expect(0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.unwrap().as_secs();
    let hours = |ago: u64| now - ago * 60 * 60;
    for (member, info, verdict) in [
        ("configHistoryDeliveryInfo", json!({}), "in-sync"),
        (
            "configHistoryDeliveryInfo",
            json!({"lastStatus": "Success", "lastAttemptTime": hours(9000), "lastSuccessfulTime": hours(9000)}),
            "in-sync",
        ),
        (
            "configHistoryDeliveryInfo",
            json!({"lastStatus": "Failure", "lastErrorCode": "InternalError", "lastAttemptTime": hours(1), "lastSuccessfulTime": hours(7)}),
            "in-sync",
        ),
        (
            "configHistoryDeliveryInfo",
            json!({"lastStatus": "Failure", "lastErrorCode": "InternalError", "lastAttemptTime": hours(1), "lastSuccessfulTime": hours(25)}),
            "needs-person",
        ),
        (
            "configSnapshotDeliveryInfo",
            json!({"lastStatus": "Failure", "lastErrorCode": "AccessDenied", "lastAttemptTime": hours(1), "lastSuccessfulTime": hours(2)}),
            "needs-person",
        ),
        (
            "configSnapshotDeliveryInfo",
            json!({"lastStatus": "Failure", "lastErrorCode": "AccessDenied", "lastAttemptTime": hours(2), "lastSuccessfulTime": hours(1)}),
            "in-sync",
        ),
        // Without a topic that is its normal state.
        (
            "configStreamDeliveryInfo",
            json!({"lastStatus": "Not_Applicable"}),
            "in-sync",
        ),
    ] {
        folder.alter(|account| {
            account["regions"]["eu-west-1"]["config"]["channel"]["status"] = json!({member: info});
        });
        assert_eq!(judged(&folder, "eu-west-1").0, verdict, "{member} {info}");
    }
}

#[test]
fn what_a_recorder_loses_behind_its_name_is_noticed() {
    let folder = Folder::new();
    folder.world(BUCKET);
    let tables = "[config_recorder]\nenabled = true\nexclude = []\nbucket = \"logs-{account_id}\"\n";
    let baseline = in_one("eu-west-1", tables);
    folder.write("b.toml", &baseline);
    folder.apply().expect(0);
    folder.is_true();
    let config = |folder: &Folder| folder.region("eu-west-1")["config"].clone();
    let made = config(&folder);
    let put = "eu-west-1 config:PutConfigurationRecorder";

    // A strategy that contradicts the list, or that records a list that is empty.
    for strategy in ["EXCLUSION_BY_RESOURCE_TYPES", "INCLUSION_BY_RESOURCE_TYPES"] {
        folder.alter(|account| {
            let group = &mut account["regions"]["eu-west-1"]["config"]["recorder"]["group"];
            group["recordingStrategy"]["useOnly"] = strategy.into();
        });
        folder.becomes(&baseline, &[put]);
        assert_eq!(config(&folder), made, "{strategy}");
    }
    // Recorders that are older than strategies have none.
    folder.alter(|account| {
        let group = &mut account["regions"]["eu-west-1"]["config"]["recorder"]["group"];
        group.as_object_mut().unwrap().remove("recordingStrategy");
    });
    folder.is_true();
    // Its role.
    folder.alter(|account| account["iam"]["service_linked_roles"] = json!({}));
    folder.becomes(&baseline, &[put, "us-east-1 iam:CreateServiceLinkedRole"]);
    folder.alter(|account| {
        account["regions"]["eu-west-1"]["config"]["recorder"]["role_arn"] =
            "arn:aws:iam::123456789012:role/deleted".into();
    });
    folder.becomes(&baseline, &[put]);
    // Its bucket.
    folder.alter(|account| {
        account["regions"]["eu-west-1"]["config"]["channel"]["settings"]["s3BucketName"] = "elsewhere".into();
    });
    folder.becomes(&baseline, &["eu-west-1 config:PutDeliveryChannel"]);
    folder.alter(|account| {
        account["regions"]["eu-west-1"]["config"]["channel"]["settings"]["s3BucketName"] = "elsewhere".into();
    });
    folder.write(
        "b.toml",
        &in_one("eu-west-1", "[config_recorder]\nenabled = true\n"),
    );
    let (verdict, people) = judged(&folder, "eu-west-1");
    assert_eq!(verdict, "needs-person");
    assert!(people.contains("elsewhere"), "{people}");
}

#[test]
fn without_tags_in_the_file_no_tags_are_read() {
    let folder = Folder::new();
    folder.world(BUCKET);
    folder.write("b.toml", &format!("{TWO}{ON}"));
    folder.apply().expect(0);
    folder.forget_exchanges();
    folder.is_true();
    let calls = |operation: &str| {
        let exchanges = folder.exchanges();
        let all = exchanges
            .iter()
            .filter(|exchange| exchange["operation"] == operation);
        all.count()
    };
    assert_eq!(calls("ListTagsForResource"), 0);
    assert_eq!(calls("DescribeDeliveryChannelStatus"), 2);
    assert_eq!(calls("GetRole"), 1, "one role, whatever the number of regions");
}

#[test]
fn a_home_region_that_cannot_record_iam_leaves_it_to_the_global_region() {
    let folder = Folder::new();
    folder.world("enabled_regions = [\"me-central-1\"]\n");
    let file = |regions: &str| {
        format!(
            "[account]\nhome_region = \"me-central-1\"\nregions = [{regions}]\n[log_bucket]\nname = \"audit-{{account_id}}\"\n\
             [config_recorder]\nenabled = true\nexclude = []\nglobal_resource_types = true\n"
        )
    };
    let has_iam = |region: &str| {
        folder.region(region)["config"]["recorder"]["group"]["includeGlobalResourceTypes"] == true
    };
    // No region of the file can.
    folder.write("b.toml", &file("\"me-central-1\""));
    folder.apply().expect(3).says("no region of this file can record");
    assert!(!has_iam("me-central-1"));
    assert_eq!(
        folder.region("me-central-1")["config"]["recorder"]["recording"],
        true
    );

    folder.write("b.toml", &file("\"me-central-1\", \"eu-west-1\", \"us-east-1\""));
    folder.apply().expect(0);
    folder.is_true();
    assert!(has_iam("eu-west-1") && !has_iam("us-east-1") && !has_iam("me-central-1"));

    // Where findings come together already is the better place.
    folder.alter(|account| {
        let hub = |region: &str| {
            json!({"subscribed_at": 0, "auto_enable_controls": true, "control_finding_generator": "SECURITY_CONTROL",
                   "standards": {}, "tags": {}, "region": region})
        };
        for region in ["us-east-1", "me-central-1"] {
            let mut hub = hub(region);
            hub.as_object_mut().unwrap().remove("region");
            account["regions"][region]["securityhub"]["hub"] = hub;
        }
        account["regions"]["us-east-1"]["securityhub"]["aggregator"] =
            json!({"id": "1", "region_linking_mode": "ALL_REGIONS", "regions": []});
    });
    folder.forget_exchanges();
    folder.apply().expect(0);
    assert_eq!(folder.writes(), ["us-east-1 config:PutConfigurationRecorder"]);
    assert!(has_iam("us-east-1"));
}

#[test]
fn a_channel_with_a_prefix_that_moves_to_the_log_bucket_asks_for_the_prefix() {
    let folder = Folder::new();
    let team = BY_HAND.replace(
        "s3BucketName = \"logs-123456789012\"",
        "s3BucketName = \"logs-123456789012\"\ns3KeyPrefix = \"team\"",
    );
    let open = BUCKET.replace(
        "logs-123456789012/AWSLogs/123456789012/Config/*",
        "logs-123456789012/*",
    );
    folder.world(&format!("{open}{team}"));
    let tables = "[log_bucket]\nname = \"audit-{account_id}\"\n\
                  [config_recorder]\nenabled = true\nbucket = \"audit-{account_id}\"\n";
    folder.write("b.toml", &in_one("eu-west-1", tables));
    let planned = folder.sandbox(&["plan", "b.toml"]).expect(0).stdout;
    let planned = planned.split_whitespace().collect::<Vec<_>>().join(" ");
    let asks = "write prefix = \"team\" to keep it, or prefix = \"\" to drop it";
    assert!(planned.contains(asks), "{planned}");
    folder.apply().expect(3);
    folder.write(
        "b.toml",
        &in_one("eu-west-1", &format!("{tables}prefix = \"team\"\n")),
    );
    folder.apply().expect(0);
    folder.is_true();
    let settings = folder.region("eu-west-1")["config"]["channel"]["settings"].clone();
    assert_eq!(settings["s3KeyPrefix"], "team");
    assert_eq!(settings["s3BucketName"], "audit-123456789012");
}
