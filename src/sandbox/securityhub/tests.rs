//! How particular Security Hub is.

use serde_json::{Value, json};

use super::super::{Account, Answer, Call, World};

/// When everything here begins.
const THEN: i64 = 1_770_000_000;
const FSBP: &str = "aws-foundational-security-best-practices/v/1.0.0";

fn ask_at(account: &mut Account, region: &str, now: i64, operation: &str, input: Value) -> Answer {
    let call = Call {
        service: "securityhub",
        region: region.to_owned(),
        operation: operation.to_owned(),
        input,
        now,
    };
    super::handle(account, &call)
}

fn ask(account: &mut Account, operation: &str, input: Value) -> Answer {
    ask_at(account, "eu-west-1", THEN, operation, input)
}

fn refused(account: &mut Account, operation: &str, input: Value) -> (u16, String) {
    let error = ask(account, operation, input).unwrap_err();
    (error.status, error.code)
}

fn account(world: &str) -> Account {
    Account::new(&world.parse::<World>().unwrap())
}

/// An account with a hub that has no standard.
fn hub() -> Account {
    let mut account = account("");
    ask(
        &mut account,
        "EnableSecurityHub",
        json!({"EnableDefaultStandards": false}),
    )
    .unwrap();
    account
}

fn standard(path: &str) -> Value {
    let arn = format!("arn:aws:securityhub:eu-west-1::standards/{path}");
    json!({"StandardsSubscriptionRequests": [{"StandardsArn": arn}]})
}

fn subscription(path: &str) -> Value {
    let arn = format!("arn:aws:securityhub:eu-west-1:123456789012:subscription/{path}");
    json!({"StandardsSubscriptionArns": [arn]})
}

/// The standards that are enabled at a time, each with its status.
fn enabled(account: &mut Account, now: i64) -> Vec<(String, String)> {
    let answer = ask_at(account, "eu-west-1", now, "GetEnabledStandards", json!({})).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    answer["StandardsSubscriptions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (text(&one["StandardsArn"]), text(&one["StandardsStatus"])))
        .collect()
}

#[test]
fn without_a_hub_nothing_is_told_but_that() {
    let mut account = account("");
    for operation in [
        "DescribeHub",
        "DescribeStandards",
        "GetEnabledStandards",
        "GetAdministratorAccount",
        "ListFindingAggregators",
        "DisableSecurityHub",
    ] {
        let error = ask(&mut account, operation, json!({})).unwrap_err();
        assert_eq!(
            (error.status, error.code.as_str()),
            (401, "InvalidAccessException"),
            "{operation}"
        );
        assert!(error.message.contains("is not subscribed to"), "{operation}");
    }
    let v2 = refused(&mut account, "DescribeSecurityHubV2", json!({}));
    assert_eq!(v2, (404, "ResourceNotFoundException".to_owned()));
}

#[test]
fn a_new_hub_has_two_standards_unless_told_otherwise_and_there_is_one_a_region() {
    let mut account = account("");
    ask(&mut account, "EnableSecurityHub", json!({"Tags": {"a": "1"}})).unwrap();
    let arns: Vec<String> = enabled(&mut account, THEN)
        .into_iter()
        .map(|(arn, _)| arn)
        .collect();
    assert_eq!(
        arns,
        [
            format!("arn:aws:securityhub:eu-west-1::standards/{FSBP}"),
            "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0".to_owned(),
        ]
    );
    let told = ask(&mut account, "DescribeHub", json!({})).unwrap();
    assert_eq!(
        told,
        json!({
            "HubArn": "arn:aws:securityhub:eu-west-1:123456789012:hub/default",
            "SubscribedAt": "2026-02-02T02:40:00Z",
            "AutoEnableControls": true,
            "ControlFindingGenerator": "SECURITY_CONTROL",
        })
    );
    let again = refused(&mut account, "EnableSecurityHub", json!({}));
    assert_eq!(again, (409, "ResourceConflictException".to_owned()));
    assert_eq!(enabled(&mut hub(), THEN), []);
}

#[test]
fn a_standard_is_pending_and_then_ready_if_config_records() {
    let mut account = hub();
    ask(&mut account, "BatchEnableStandards", standard(FSBP)).unwrap();
    let status = |account: &mut Account, now: i64| enabled(account, now).remove(0).1;
    assert_eq!(status(&mut account, THEN), "PENDING");
    assert_eq!(status(&mut account, THEN + 1), "INCOMPLETE");
    let answer = ask_at(
        &mut account,
        "eu-west-1",
        THEN + 1,
        "GetEnabledStandards",
        subscription(FSBP),
    );
    assert_eq!(
        answer.unwrap()["StandardsSubscriptions"][0]["StandardsStatusReason"]["StatusReasonCode"],
        "NO_AVAILABLE_CONFIGURATION_RECORDER"
    );
    let config = &mut account.regions.get_mut("eu-west-1").unwrap().config;
    config.recorder = Some(super::super::config::Recorder {
        name: "default".to_owned(),
        id: String::new(),
        role_arn: String::new(),
        group: Value::Null,
        mode: Value::Null,
        recording: true,
        started_at: None,
        stopped_at: None,
        tags: std::collections::BTreeMap::new(),
    });
    assert_eq!(status(&mut account, THEN), "PENDING");
    assert_eq!(status(&mut account, THEN + 1), "READY");
    account.propagation_seconds = 60;
    assert_eq!(status(&mut account, THEN + 60), "PENDING");
    assert_eq!(status(&mut account, THEN + 61), "READY");
    // Enabling it once more changes nothing.
    ask_at(
        &mut account,
        "eu-west-1",
        THEN + 61,
        "BatchEnableStandards",
        standard(FSBP),
    )
    .unwrap();
    assert_eq!(status(&mut account, THEN + 61), "READY");
}

#[test]
fn a_standard_that_is_disabled_goes_in_a_while() {
    let mut account = hub();
    ask(&mut account, "BatchEnableStandards", standard(FSBP)).unwrap();
    ask(&mut account, "BatchDisableStandards", subscription(FSBP)).unwrap();
    assert_eq!(enabled(&mut account, THEN)[0].1, "DELETING");
    assert_eq!(enabled(&mut account, THEN + 1), []);
    let gone = ask_at(
        &mut account,
        "eu-west-1",
        THEN + 1,
        "BatchDisableStandards",
        subscription(FSBP),
    );
    assert_eq!(gone.unwrap_err().code, "InvalidInputException");
    ask_at(
        &mut account,
        "eu-west-1",
        THEN + 1,
        "BatchEnableStandards",
        standard(FSBP),
    )
    .unwrap();
    assert_eq!(enabled(&mut account, THEN + 1)[0].1, "PENDING");
}

#[test]
fn a_standard_is_named_by_the_arn_of_its_region() {
    let mut account = hub();
    let arn = |arn: &str| json!({"StandardsSubscriptionRequests": [{"StandardsArn": arn}]});
    for wrong in [
        "arn:aws:securityhub:us-east-1::standards/pci-dss/v/4.0.1",
        "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/5.0.0",
        "arn:aws:securityhub:eu-west-1::standards/cis-aws-foundations-benchmark/v/1.2.0",
        "arn:aws:securityhub:eu-west-1::standards/pci-dss/v/9.0.0",
    ] {
        let refused = refused(&mut account, "BatchEnableStandards", arn(wrong));
        assert_eq!(refused, (400, "InvalidInputException".to_owned()), "{wrong}");
    }
    let none = refused(
        &mut account,
        "BatchEnableStandards",
        json!({"StandardsSubscriptionRequests": []}),
    );
    assert_eq!(none.1, "InvalidInputException");
    let first = ask(&mut account, "DescribeStandards", json!({"MaxResults": "5"})).unwrap();
    let rest = json!({"MaxResults": "5", "NextToken": first["NextToken"]});
    let rest = ask(&mut account, "DescribeStandards", rest).unwrap();
    let count = |page: &Value| page["Standards"].as_array().unwrap().len();
    assert_eq!((count(&first), count(&rest)), (5, 4));
    assert_eq!(rest["NextToken"], Value::Null);
}

#[test]
fn settings_and_tags_change_by_what_is_named() {
    let mut account = hub();
    ask(
        &mut account,
        "UpdateSecurityHubConfiguration",
        json!({"AutoEnableControls": false}),
    )
    .unwrap();
    let told = ask(&mut account, "DescribeHub", json!({})).unwrap();
    assert_eq!(told["AutoEnableControls"], false);
    assert_eq!(told["ControlFindingGenerator"], "SECURITY_CONTROL");
    let arn = told["HubArn"].clone();
    let with = |more: Value| {
        let mut input = json!({"ResourceArn": arn});
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        input
    };
    ask(
        &mut account,
        "TagResource",
        with(json!({"Tags": {"a": "1", "b": "2"}})),
    )
    .unwrap();
    ask(&mut account, "UntagResource", with(json!({"tagKeys": "a"}))).unwrap();
    let tags = ask(&mut account, "ListTagsForResource", with(json!({}))).unwrap();
    assert_eq!(tags, json!({"Tags": {"b": "2"}}));
    assert_eq!(
        refused(&mut account, "TagResource", with(json!({"Tags": {}}))).1,
        "InvalidInputException"
    );
    let other = json!({"ResourceArn": "arn:aws:securityhub:us-east-1:123456789012:hub/default"});
    assert_eq!(
        refused(&mut account, "ListTagsForResource", other).1,
        "ResourceNotFoundException"
    );
}

#[test]
fn an_account_has_one_aggregator_which_is_changed_in_its_region_alone() {
    let mut account = hub();
    let all = json!({"RegionLinkingMode": "ALL_REGIONS"});
    let made = ask(&mut account, "CreateFindingAggregator", all.clone()).unwrap();
    assert_eq!(made["FindingAggregationRegion"], "eu-west-1");
    ask_at(
        &mut account,
        "us-east-1",
        THEN,
        "EnableSecurityHub",
        json!({"EnableDefaultStandards": false}),
    )
    .unwrap();
    let mut there = |operation: &str, input: Value| ask_at(&mut account, "us-east-1", THEN, operation, input);
    let listed = there("ListFindingAggregators", json!({})).unwrap();
    let arn = &listed["FindingAggregators"][0]["FindingAggregatorArn"];
    assert_eq!(*arn, made["FindingAggregatorArn"]);
    let named = json!({"FindingAggregatorArn": arn});
    let some = json!({"FindingAggregatorArn": arn, "RegionLinkingMode": "SPECIFIED_REGIONS", "Regions": ["us-east-1"]});
    for (operation, input) in [
        ("CreateFindingAggregator", &all),
        ("UpdateFindingAggregator", &some),
        ("DeleteFindingAggregator", &named),
    ] {
        let error = there(operation, input.clone()).unwrap_err();
        assert_eq!(error.code, "InvalidInputException", "{operation}");
    }
    ask(&mut account, "UpdateFindingAggregator", some).unwrap();
    let told = ask(&mut account, "GetFindingAggregator", named.clone()).unwrap();
    assert_eq!(told["Regions"], json!(["us-east-1"]));
    for wrong in [
        json!({"RegionLinkingMode": "ALL"}),
        json!({"RegionLinkingMode": "SPECIFIED_REGIONS"}),
        json!({"RegionLinkingMode": "NO_REGIONS", "Regions": ["us-east-1"]}),
    ] {
        let mut input = named.clone();
        input
            .as_object_mut()
            .unwrap()
            .extend(wrong.as_object().unwrap().clone());
        let refused = refused(&mut account, "UpdateFindingAggregator", input);
        assert_eq!(refused.1, "InvalidInputException", "{wrong}");
    }
    ask(&mut account, "DeleteFindingAggregator", named.clone()).unwrap();
    let gone = refused(&mut account, "GetFindingAggregator", named);
    assert_eq!(gone, (404, "ResourceNotFoundException".to_owned()));
}

#[test]
fn a_region_that_is_off_by_default_cannot_aggregate() {
    let mut account = account("enabled_regions = [\"me-south-1\"]");
    let mut there =
        |operation: &str, input: Value| ask_at(&mut account, "me-south-1", THEN, operation, input);
    there("EnableSecurityHub", json!({})).unwrap();
    let all = json!({"RegionLinkingMode": "ALL_REGIONS"});
    let error = there("CreateFindingAggregator", all).unwrap_err();
    assert_eq!(error.code, "InvalidInputException");
}

#[test]
fn a_member_that_is_configured_centrally_can_only_look() {
    let mut account = account(
        "securityhub_administrator = \"999988887777\"\n[[call]]\ncall = \"securityhub:EnableSecurityHub\"\n\
         region = \"eu-west-1\"\n",
    );
    let told = ask(&mut account, "GetAdministratorAccount", json!({})).unwrap();
    assert_eq!(told["Administrator"]["AccountId"], "999988887777");
    assert_eq!(enabled(&mut account, THEN).len(), 2);
    for (operation, input) in [
        ("DisableSecurityHub", json!({})),
        ("BatchEnableStandards", standard(FSBP)),
        ("BatchDisableStandards", subscription(FSBP)),
        (
            "UpdateSecurityHubConfiguration",
            json!({"AutoEnableControls": false}),
        ),
    ] {
        let refused = refused(&mut account, operation, input);
        assert_eq!(refused, (403, "AccessDeniedException".to_owned()), "{operation}");
    }
    let all = json!({"RegionLinkingMode": "ALL_REGIONS"});
    let refused = refused(&mut account, "CreateFindingAggregator", all);
    assert_eq!(refused, (401, "InvalidInputException".to_owned()));
}

#[test]
fn a_hub_that_is_disabled_takes_everything_along() {
    let mut account = hub();
    ask(&mut account, "BatchEnableStandards", standard(FSBP)).unwrap();
    let all = json!({"RegionLinkingMode": "ALL_REGIONS"});
    ask(&mut account, "CreateFindingAggregator", all).unwrap();
    ask(&mut account, "DisableSecurityHub", json!({})).unwrap();
    assert_eq!(
        account.regions["eu-west-1"].securityhub,
        super::SecurityHub::default()
    );
}

#[test]
fn a_control_is_on_until_it_is_turned_off_and_what_a_standard_lacks_is_not_found() {
    let mut account = hub();
    ask(&mut account, "BatchEnableStandards", standard(FSBP)).unwrap();
    account
        .regions
        .get_mut("eu-west-1")
        .unwrap()
        .securityhub
        .hub
        .as_mut()
        .unwrap()
        .standards
        .get_mut(FSBP)
        .unwrap()
        .stuck = Some(super::Stuck {
        status: "READY".to_owned(),
        reason: String::new(),
    });
    let arn = format!("arn:aws:securityhub:eu-west-1::standards/{FSBP}");
    let pair = |control: &str| json!({"StandardsArn": arn, "SecurityControlId": control});
    let asked = json!({"StandardsControlAssociationIds": [pair("IAM.4"), pair("IAM.27")]});
    let get = "BatchGetStandardsControlAssociations";
    let told = ask(&mut account, get, asked.clone()).unwrap();
    let detail = &told["StandardsControlAssociationDetails"][0];
    assert_eq!(
        (&detail["SecurityControlId"], &detail["AssociationStatus"]),
        (&json!("IAM.4"), &json!("ENABLED"))
    );
    assert_eq!(
        told["UnprocessedAssociations"][0]["ErrorCode"],
        "RESOURCE_NOT_FOUND"
    );

    let update = |control: &str| {
        let mut update = pair(control);
        update["AssociationStatus"] = "DISABLED".into();
        update["UpdatedReason"] = "not needed".into();
        update
    };
    let updates = json!({"StandardsControlAssociationUpdates": [update("IAM.4"), update("IAM.27")]});
    let told = ask(&mut account, "BatchUpdateStandardsControlAssociations", updates).unwrap();
    assert_eq!(told["UnprocessedAssociationUpdates"].as_array().unwrap().len(), 1);
    let told = ask(&mut account, get, asked).unwrap();
    let detail = &told["StandardsControlAssociationDetails"][0];
    assert_eq!(detail["AssociationStatus"], "DISABLED");
    assert_eq!(detail["UpdatedReason"], "not needed");

    let listed = ask(
        &mut account,
        "ListSecurityControlDefinitions",
        json!({"StandardsArn": arn}),
    )
    .unwrap();
    let ids: Vec<&str> = listed["SecurityControlDefinitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["SecurityControlId"].as_str().unwrap())
        .collect();
    assert!(ids.contains(&"IAM.4") && !ids.contains(&"IAM.27"), "{ids:?}");
    let none = json!({"StandardsControlAssociationIds": []});
    assert_eq!(refused(&mut account, get, none).1, "InvalidInputException");
}

#[test]
fn the_controls_of_a_standard_that_is_not_ready_are_not_found() {
    let mut account = hub();
    ask(&mut account, "BatchEnableStandards", standard(FSBP)).unwrap();
    let arn = format!("arn:aws:securityhub:eu-west-1::standards/{FSBP}");
    let asked =
        json!({"StandardsControlAssociationIds": [{"StandardsArn": arn, "SecurityControlId": "IAM.4"}]});
    let told = ask(&mut account, "BatchGetStandardsControlAssociations", asked).unwrap();
    assert_eq!(
        told["UnprocessedAssociations"][0]["ErrorCode"],
        "RESOURCE_NOT_FOUND"
    );
}

#[test]
fn only_a_delegated_administrator_knows_its_own_policy_and_it_may_change_nothing() {
    let own = json!({"Target": {"AccountId": "123456789012"}});
    let get = "GetConfigurationPolicyAssociation";
    let denied = refused(&mut hub(), get, own.clone());
    assert_eq!(denied, (403, "AccessDeniedException".to_owned()));
    let mut account = account(
        "securityhub_central_policy = \"policy-1\"\n[[call]]\ncall = \"securityhub:EnableSecurityHub\"\n\
         region = \"eu-west-1\"\n",
    );
    let told = ask(&mut account, get, own).unwrap();
    assert_eq!(told["ConfigurationPolicyId"], "policy-1");
    let error = ask(&mut account, "BatchEnableStandards", standard(FSBP)).unwrap_err();
    assert_eq!(error.code, "AccessDeniedException");
    assert!(error.message.contains("central configuration policy"));
}
