//! GuardDuty call by call.

use super::*;
use crate::World;

fn call(operation: &str, input: Value) -> Call {
    Call {
        service: "guardduty",
        region: "eu-west-1".into(),
        operation: operation.into(),
        input,
        now: 1_800_000_000,
    }
}

fn with_detector(input: Value) -> (Account, String) {
    let mut account = Account::new(&World::default());
    let output = handle(&mut account, &call("CreateDetector", input)).unwrap();
    let id = output["detectorId"].as_str().unwrap().to_owned();
    (account, id)
}

fn feature(account: &mut Account, id: &str, name: &str) -> String {
    let detector = handle(account, &call("GetDetector", json!({"detectorId": id}))).unwrap();
    let features = detector["features"].as_array().unwrap();
    let found = features.iter().find(|feature| feature["name"] == name).unwrap();
    found["status"].as_str().unwrap().to_owned()
}

#[test]
fn features_that_are_not_named_are_on_but_for_runtime_monitoring() {
    let (mut account, id) = with_detector(
        json!({"enable": true, "features": [{"name": "S3_DATA_EVENTS", "status": "DISABLED"}]}),
    );
    for (name, status) in [
        ("FLOW_LOGS", "ENABLED"),
        ("S3_DATA_EVENTS", "DISABLED"),
        ("RDS_LOGIN_EVENTS", "ENABLED"),
        ("RUNTIME_MONITORING", "DISABLED"),
        ("AI_PROTECTION", "ENABLED"),
        ("AI_ANALYST", "ENABLED"),
    ] {
        assert_eq!(feature(&mut account, &id, name), status, "{name}");
    }
}

#[test]
fn there_is_one_detector_a_region() {
    let (mut account, id) = with_detector(json!({"enable": true}));
    let error = handle(&mut account, &call("CreateDetector", json!({"enable": true}))).unwrap_err();
    assert_eq!((error.status, error.code.as_str()), (400, "BadRequestException"));
    assert!(
        error
            .message
            .contains("a detector already exists for the current account.")
    );
    assert_eq!(
        handle(&mut account, &call("ListDetectors", json!({}))).unwrap(),
        json!({"detectorIds": [id]})
    );
}

#[test]
fn an_update_changes_what_it_names() {
    let (mut account, id) = with_detector(json!({"enable": true, "findingPublishingFrequency": "ONE_HOUR"}));
    let update = json!({"detectorId": id, "features": [{"name": "RUNTIME_MONITORING", "status": "ENABLED",
        "additionalConfiguration": [{"name": "EC2_AGENT_MANAGEMENT", "status": "ENABLED"}]}]});
    handle(&mut account, &call("UpdateDetector", update)).unwrap();
    let detector = handle(&mut account, &call("GetDetector", json!({"detectorId": id}))).unwrap();
    assert_eq!(detector["findingPublishingFrequency"], "ONE_HOUR");
    assert_eq!(feature(&mut account, &id, "RUNTIME_MONITORING"), "ENABLED");
    assert_eq!(feature(&mut account, &id, "S3_DATA_EVENTS"), "ENABLED");
    let both = json!({"detectorId": id, "features": [{"name": "RUNTIME_MONITORING", "status": "ENABLED"},
        {"name": "EKS_RUNTIME_MONITORING", "status": "ENABLED"}]});
    assert!(handle(&mut account, &call("UpdateDetector", both)).is_err());
}

#[test]
fn the_read_only_sources_cannot_be_switched() {
    let (mut account, id) = with_detector(json!({"enable": true}));
    for features in [
        json!([{"name": "FLOW_LOGS", "status": "DISABLED"}]),
        json!([{"name": "S3_DATA_EVENTS", "status": "off"}]),
    ] {
        let update = json!({"detectorId": id, "features": features});
        assert_eq!(
            handle(&mut account, &call("UpdateDetector", update))
                .unwrap_err()
                .code,
            "BadRequestException"
        );
    }
}

#[test]
fn what_a_region_lacks_is_refused_by_its_name_and_not_listed() {
    let world: World = "[guardduty_lacking]\neu-west-1 = [\"AI_ANALYST\"]"
        .parse()
        .unwrap();
    let mut account = Account::new(&world);
    let features = json!([{"name": "AI_ANALYST", "status": "DISABLED"}]);
    let create = json!({"enable": true, "features": features});
    let error = handle(&mut account, &call("CreateDetector", create)).unwrap_err();
    assert_eq!(error.code, "BadRequestException");
    assert!(
        error.message.contains("the feature AI_ANALYST is not supported"),
        "{}",
        error.message
    );
    // Nothing was made, and a detector of the region never lists it.
    let listed = handle(&mut account, &call("ListDetectors", json!({}))).unwrap();
    assert_eq!(listed, json!({"detectorIds": []}));
    let made = handle(&mut account, &call("CreateDetector", json!({"enable": true}))).unwrap();
    let detector = handle(&mut account, &call("GetDetector", made)).unwrap();
    assert!(!detector.to_string().contains("AI_ANALYST"), "{detector}");
    assert!(detector.to_string().contains("AI_PROTECTION"), "{detector}");
}

#[test]
fn what_a_policy_manages_says_so_and_cannot_be_switched() {
    let world: World = "[[detector]]\nregion = \"eu-west-1\"\nby_policy = [\"S3_DATA_EVENTS\"]"
        .parse()
        .unwrap();
    let mut account = Account::new(&world);
    let list = handle(&mut account, &call("ListDetectors", json!({}))).unwrap();
    let id = list["detectorIds"][0].clone();
    let detector = handle(&mut account, &call("GetDetector", json!({"detectorId": id}))).unwrap();
    let managed = detector["features"].as_array().unwrap().iter();
    let managed: Vec<&Value> = managed
        .filter(|feature| feature["managedBy"] == "GUARDDUTY_POLICY")
        .collect();
    assert_eq!(managed.len(), 1);
    assert_eq!(managed[0]["name"], "S3_DATA_EVENTS");
    let update = json!({"detectorId": id, "features": [{"name": "S3_DATA_EVENTS", "status": "DISABLED"}]});
    assert!(handle(&mut account, &call("UpdateDetector", update)).is_err());
}

#[test]
fn a_foreign_detector_is_not_owned() {
    let mut account = Account::new(&World::default());
    let error = handle(&mut account, &call("GetDetector", json!({"detectorId": "x"}))).unwrap_err();
    assert!(
        error
            .message
            .contains("the input detectorId is not owned by the current account.")
    );
}

#[test]
fn an_administered_account_cannot_change_its_detector() {
    let world: World = "guardduty_administrator = \"999988887777\"\n[[detector]]\nregion = \"eu-west-1\""
        .parse()
        .unwrap();
    let mut account = Account::new(&world);
    let list = handle(&mut account, &call("ListDetectors", json!({}))).unwrap();
    let named = json!({"detectorId": list["detectorIds"][0]});
    let administrator = handle(&mut account, &call("GetAdministratorAccount", named.clone())).unwrap();
    assert_eq!(administrator["administrator"]["accountId"], "999988887777");
    assert!(handle(&mut account, &call("DeleteDetector", named)).is_err());
}

#[test]
fn tags_come_and_go() {
    let (mut account, id) = with_detector(json!({"enable": true, "tags": {"a": "1"}}));
    let arn = format!("arn:aws:guardduty:eu-west-1:123456789012:detector/{id}");
    let add = json!({"resourceArn": arn, "tags": {"b": "2"}});
    handle(&mut account, &call("TagResource", add)).unwrap();
    let remove = json!({"resourceArn": arn, "tagKeys": "a"});
    handle(&mut account, &call("UntagResource", remove)).unwrap();
    assert_eq!(
        handle(
            &mut account,
            &call("ListTagsForResource", json!({"resourceArn": arn}))
        )
        .unwrap(),
        json!({"tags": {"b": "2"}})
    );
}
