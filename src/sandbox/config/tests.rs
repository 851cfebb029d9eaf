//! How particular Config is.

use serde_json::{Value, json};

use super::super::{Account, Answer, Call, World};

const ROLE: &str =
    "arn:aws:iam::123456789012:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig";

fn ask(account: &mut Account, service: &'static str, operation: &str, input: Value) -> Answer {
    let call = Call {
        service,
        region: "eu-west-1".to_owned(),
        operation: operation.to_owned(),
        input,
        now: 1_770_000_000,
    };
    match service {
        "iam" => super::super::iam::handle(account, &call),
        "s3" => super::super::s3::handle(account, &call),
        _ => super::handle(account, &call),
    }
}

fn refused(account: &mut Account, operation: &str, input: Value) -> String {
    ask(account, "config", operation, input).unwrap_err().code
}

fn ready() -> Account {
    let mut account = Account::new(&World::default());
    let service = json!({"AWSServiceName": "config.amazonaws.com"});
    ask(&mut account, "iam", "CreateServiceLinkedRole", service.clone()).unwrap();
    let again = ask(&mut account, "iam", "CreateServiceLinkedRole", service).unwrap_err();
    assert_eq!(again.code, "InvalidInput");
    account
}

fn recorder(name: &str) -> Value {
    json!({"ConfigurationRecorder": {"name": name, "roleARN": ROLE}})
}

fn channel(name: &str) -> Value {
    json!({"DeliveryChannel": {"name": name, "s3BucketName": "logs"}})
}

fn bucket(account: &mut Account, resource: &str) {
    let world: World = "[[bucket]]\nname = \"logs\"\n".parse().unwrap();
    let mut made = Account::new(&world).s3;
    made.buckets.get_mut("logs").unwrap().policy = Some(
        json!({"Statement": [{
            "Effect": "Allow",
            "Principal": {"Service": "config.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": resource,
        }]})
        .to_string(),
    );
    account.s3 = made;
}

#[test]
fn the_order_is_role_recorder_channel_start() {
    let mut account = Account::new(&World::default());
    let put = "PutConfigurationRecorder";
    assert_eq!(
        refused(&mut account, put, recorder("default")),
        "InvalidRoleException"
    );
    let mut account = ready();
    let start = json!({"ConfigurationRecorderName": "default"});
    let begin = "StartConfigurationRecorder";
    assert_eq!(
        refused(&mut account, "PutDeliveryChannel", channel("default")),
        "NoAvailableConfigurationRecorderException"
    );
    assert_eq!(
        refused(&mut account, begin, start.clone()),
        "NoSuchConfigurationRecorderException"
    );
    ask(&mut account, "config", put, recorder("default")).unwrap();
    assert_eq!(
        refused(&mut account, begin, start.clone()),
        "NoAvailableDeliveryChannelException"
    );
    assert_eq!(
        refused(&mut account, "PutDeliveryChannel", channel("default")),
        "NoSuchBucketException"
    );
    bucket(&mut account, "arn:aws:s3:::logs/other/*");
    assert_eq!(
        refused(&mut account, "PutDeliveryChannel", channel("default")),
        "InsufficientDeliveryPolicyException"
    );
    bucket(&mut account, "arn:aws:s3:::logs/AWSLogs/123456789012/Config/*");
    ask(&mut account, "config", "PutDeliveryChannel", channel("default")).unwrap();
    ask(&mut account, "config", begin, start).unwrap();
    let status = ask(
        &mut account,
        "config",
        "DescribeConfigurationRecorderStatus",
        json!({}),
    )
    .unwrap();
    assert_eq!(status["ConfigurationRecordersStatus"][0]["recording"], true);
    assert_eq!(
        refused(
            &mut account,
            "DeleteDeliveryChannel",
            json!({"DeliveryChannelName": "default"})
        ),
        "LastDeliveryChannelDeleteFailedException"
    );
}

#[test]
fn a_bucket_policy_is_seen_late_where_the_world_wants_that() {
    let mut account = ready();
    bucket(&mut account, "arn:aws:s3:::logs/*");
    ask(
        &mut account,
        "config",
        "PutConfigurationRecorder",
        recorder("default"),
    )
    .unwrap();
    account.propagation_seconds = 5;
    let put = |account: &mut Account, put_at: i64| {
        account.s3.buckets.get_mut("logs").unwrap().policy_put_at = put_at;
        ask(account, "config", "PutDeliveryChannel", channel("default"))
    };
    assert_eq!(
        put(&mut account, 1_769_999_996).unwrap_err().code,
        "InsufficientDeliveryPolicyException"
    );
    put(&mut account, 1_769_999_995).unwrap();
}

#[test]
fn a_second_one_is_refused_and_the_first_is_replaced_with_what_aws_adds() {
    let mut account = ready();
    bucket(&mut account, "arn:aws:s3:::logs/*");
    let put = "PutConfigurationRecorder";
    let mut first = recorder("mine");
    first["ConfigurationRecorder"]["recordingMode"] = json!({
        "recordingFrequency": "CONTINUOUS",
        "recordingModeOverrides": [{"resourceTypes": ["AWS::EC2::VPC"], "recordingFrequency": "DAILY"}],
    });
    ask(&mut account, "config", put, first).unwrap();
    assert_eq!(
        refused(&mut account, put, recorder("default")),
        "MaxNumberOfConfigurationRecordersExceededException"
    );
    ask(&mut account, "config", "PutDeliveryChannel", channel("mine")).unwrap();
    assert_eq!(
        refused(&mut account, "PutDeliveryChannel", channel("default")),
        "MaxNumberOfDeliveryChannelsExceededException"
    );
    let told = |account: &mut Account| {
        ask(account, "config", "DescribeConfigurationRecorders", json!({})).unwrap()["ConfigurationRecorders"]
            [0]
        .clone()
    };
    let there = told(&mut account);
    assert_eq!(
        there["recordingMode"]["recordingModeOverrides"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        there["recordingGroup"]["recordingStrategy"]["useOnly"],
        "ALL_SUPPORTED_RESOURCE_TYPES"
    );
    ask(&mut account, "config", put, recorder("mine")).unwrap();
    assert_eq!(
        told(&mut account)["recordingMode"]["recordingModeOverrides"],
        json!([])
    );
}

#[test]
fn what_contradicts_itself_is_refused() {
    let mut account = ready();
    let put = "PutConfigurationRecorder";
    let mut with = |key: &str, value: Value| {
        let mut input = recorder("default");
        input["ConfigurationRecorder"][key] = value;
        refused(&mut account, put, input)
    };
    for group in [
        json!({"allSupported": true, "resourceTypes": ["AWS::EC2::VPC"]}),
        json!({"allSupported": false}),
        json!({"includeGlobalResourceTypes": true, "resourceTypes": ["AWS::EC2::VPC"]}),
    ] {
        assert_eq!(with("recordingGroup", group), "InvalidRecordingGroupException");
    }
    let daily = |name: &str| json!({"resourceTypes": [name], "recordingFrequency": "DAILY"});
    for overrides in [
        vec![daily("AWS::EC2::VPC"), daily("AWS::EC2::Subnet")],
        vec![daily("AWS::Config::ResourceCompliance")],
    ] {
        let mode = json!({"recordingFrequency": "CONTINUOUS", "recordingModeOverrides": overrides});
        assert_eq!(with("recordingMode", mode), "ValidationException");
    }
    assert_eq!(
        refused(&mut account, put, recorder("AWSConfigurationRecorderForMe")),
        "InvalidConfigurationRecorderNameException"
    );
}

#[test]
fn a_services_recorder_stands_beside_and_cannot_be_changed() {
    let mut account = ready();
    let service = json!({"ServicePrincipal": "securityhub.amazonaws.com"});
    ask(
        &mut account,
        "config",
        "PutServiceLinkedConfigurationRecorder",
        service,
    )
    .unwrap();
    ask(
        &mut account,
        "config",
        "PutConfigurationRecorder",
        recorder("default"),
    )
    .unwrap();
    let described = ask(
        &mut account,
        "config",
        "DescribeConfigurationRecorders",
        json!({}),
    )
    .unwrap();
    assert_eq!(described["ConfigurationRecorders"].as_array().unwrap().len(), 1);
    let listed = ask(&mut account, "config", "ListConfigurationRecorders", json!({})).unwrap();
    assert_eq!(
        listed["ConfigurationRecorderSummaries"].as_array().unwrap().len(),
        2
    );
    let name = json!({"ConfigurationRecorderName": "AWSConfigurationRecorderForSecurityHubCSPM"});
    assert_eq!(
        refused(&mut account, "StopConfigurationRecorder", name),
        "UnmodifiableEntityException"
    );
}

/// What the channel says of its history: its status, and S3's code.
fn history(account: &mut Account) -> (Value, Value) {
    let told = ask(account, "config", "DescribeDeliveryChannelStatus", json!({})).unwrap();
    let info = told["DeliveryChannelsStatus"][0]["configHistoryDeliveryInfo"].clone();
    (info["lastStatus"].clone(), info["lastErrorCode"].clone())
}

#[test]
fn a_delivery_goes_well_as_long_as_the_bucket_is_there_and_open() {
    let mut account = ready();
    let resource = "arn:aws:s3:::logs/AWSLogs/123456789012/Config/*";
    bucket(&mut account, resource);
    let mut config = |operation: &str, input: Value| ask(&mut account, "config", operation, input).unwrap();
    let none = config("DescribeDeliveryChannelStatus", json!({}));
    assert_eq!(none["DeliveryChannelsStatus"], json!([]));
    config("PutConfigurationRecorder", recorder("default"));
    config("PutDeliveryChannel", channel("default"));
    assert_eq!(history(&mut account), (Value::Null, Value::Null));
    let name = json!({"ConfigurationRecorderName": "default"});
    ask(&mut account, "config", "StartConfigurationRecorder", name).unwrap();
    assert_eq!(history(&mut account), (json!("Success"), Value::Null));
    bucket(&mut account, "arn:aws:s3:::logs/elsewhere/*");
    assert_eq!(history(&mut account), (json!("Failure"), json!("AccessDenied")));
    account.s3.buckets.clear();
    assert_eq!(history(&mut account), (json!("Failure"), json!("NoSuchBucket")));
    let wrong = json!({"DeliveryChannelNames": ["other"]});
    let refused = refused(&mut account, "DescribeDeliveryChannelStatus", wrong);
    assert_eq!(refused, "NoSuchDeliveryChannelException");
}
