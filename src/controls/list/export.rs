//! Exports: what was read, as a baseline that wants exactly that.

use indexmap::IndexMap;
use insta::assert_snapshot;
use trueup_core::baseline::Filters;
use trueup_core::change::Manager;
use trueup_core::control::{Observed, ObservedDoc};
use trueup_core::export::Head;
use trueup_core::fault::{Fault, FaultKind};
use trueup_core::plan::{Survey, Verdict, plan};

use super::*;
use crate::s3_public_access_block::buckets::Buckets;

/// The regions of a new account.
const REGIONS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// The export of a survey.
fn export(alias: Option<&str>, survey: &Survey) -> String {
    exported_with(&Filters::default(), alias, survey)
}

/// The export of what these filters let be read.
fn exported_with(filters: &Filters, alias: Option<&str>, survey: &Survey) -> String {
    let home = format!("Home region {}, as --home-region says", survey.env.home);
    let head = Head {
        alias,
        home: &home,
        filters,
    };
    trueup_core::export::export(&controls(), &head, survey)
}

fn env(regions: &[&str]) -> Env {
    Env {
        account: "123456789012".to_owned(),
        partition: "aws".to_owned(),
        home: "eu-west-1".parse().unwrap(),
        enabled: regions.iter().map(|name| name.parse().unwrap()).collect(),
        run: Run::default(),
    }
}

fn seen(text: &str) -> ObservedDoc {
    Observed {
        model: text.parse().unwrap(),
        ids: serde_json::Value::Null,
        held_by: None,
    }
}

fn detector(text: &str) -> ObservedDoc {
    Observed {
        ids: serde_json::json!({ "detector": "d1" }),
        ..seen(text)
    }
}

fn fault(kind: FaultKind, message: &str) -> Fault {
    Fault {
        kind,
        code: Some("AccessDenied".to_owned()),
        request_id: Some("r-1".to_owned()),
        ..Fault::answer("guardduty:ListDetectors", message)
    }
}

fn survey(env: &Env, cells: &[(&str, &str, Result<ObservedDoc, Fault>)]) -> Survey {
    let key = |control: &str, place: &str| (name(control), Location::try_from(place.to_owned()).unwrap());
    // What a control reads besides its model has no other common form than "nothing".
    let ids = |control: &str| match control {
        "password_policy" => serde_json::json!({ "told": { "without_mfa": [], "unread": null } }),
        "s3_public_access_block" => serde_json::to_value(Buckets::default()).unwrap(),
        _ => serde_json::json!({}),
    };
    let mut cells: IndexMap<_, _> = cells
        .iter()
        .map(|(control, place, reading)| (key(control, place), reading.clone()))
        .collect();
    for ((control, _), reading) in &mut cells {
        if let Ok(seen) = reading
            && seen.ids.is_null()
        {
            seen.ids = ids(control.as_str());
        }
    }
    let list = controls();
    cells.sort_by(|one, _, other, _| list.order(one, other));
    Survey {
        env: env.clone(),
        cells,
    }
}

/// The export of a survey, after a proof that it plans to nothing and covers every cell that was read.
fn exported(env: &Env, cells: &[(&str, &str, Result<ObservedDoc, Fault>)]) -> String {
    let survey = survey(env, cells);
    let text = export(None, &survey);
    let baseline = load_text("export.toml", &text).unwrap_or_else(|problems| panic!("{text}\n{problems}"));
    let wants = baseline
        .wants(env, &env.enabled, &Filters::default())
        .unwrap_or_else(|problems| panic!("{text}\n{problems}"));
    let plan = plan(&controls(), &wants, &survey).unwrap();
    assert!(plan.steps.is_empty(), "{text}\n{:?}", plan.steps);
    let read = survey.cells.values().filter(|reading| reading.is_ok()).count();
    assert_eq!(plan.cells.len(), read, "{text}");
    for cell in &plan.cells {
        let fine = [Verdict::InSync, Verdict::ManagedElsewhere];
        assert!(fine.contains(&cell.verdict), "{text}\n{cell:?}");
    }
    text
}

#[test]
fn seventeen_equal_regions_are_one_table() {
    let env = env(&REGIONS);
    let cells: Vec<_> = REGIONS
        .iter()
        .flat_map(|region| {
            [
                (
                    "ebs_encryption",
                    *region,
                    Ok(seen("enabled = false\nkms_key = \"aws/ebs\"")),
                ),
                ("guardduty", *region, Ok(seen("enabled = false"))),
            ]
        })
        .collect();
    assert_snapshot!(exported(&env, &cells), @r#"
    # What trueup found in the AWS account 123456789012. `trueup plan` on this file has nothing to change.
    # Home region eu-west-1, as --home-region says.

    [account]
    id = "123456789012"
    home_region = "eu-west-1"
    regions = "enabled"

    # EBS encryption by default
    [ebs_encryption]
    enabled = false
    kms_key = "aws/ebs"

    # Amazon GuardDuty
    [guardduty]
    enabled = false
    "#);
}

#[test]
fn what_exists_once_is_written_and_what_is_absent_says_so() {
    let env = env(&["eu-west-1"]);
    let cells = [
        ("password_policy", "account", Ok(seen("state = \"absent\""))),
        (
            "s3_public_access_block",
            "account",
            Ok(seen(
                "block_public_acls = true\nignore_public_acls = false\nblock_public_policy = true\n\
                 restrict_public_buckets = false",
            )),
        ),
    ];
    assert_snapshot!(exported(&env, &cells), @r#"
    # What trueup found in the AWS account 123456789012. `trueup plan` on this file has nothing to change.
    # Home region eu-west-1, as --home-region says.

    [account]
    id = "123456789012"
    home_region = "eu-west-1"
    regions = "enabled"

    # IAM password policy
    [password_policy]
    state = "absent"

    # S3 Block Public Access of the account
    [s3_public_access_block]
    block_public_acls = true
    ignore_public_acls = false
    block_public_policy = true
    restrict_public_buckets = false
    "#);
}

#[test]
fn the_commonest_value_is_the_base_and_a_region_says_only_what_differs() {
    let env = env(&["ap-south-1", "eu-west-1", "eu-west-2", "us-east-1"]);
    let common = "enabled = true\npublish_findings_every = \"six_hours\"\n[features]\ns3_data_events = true\nrds_login_events = true";
    let cells = [
        ("guardduty", "ap-south-1", Ok(seen("enabled = false"))),
        ("guardduty", "eu-west-1", Ok(detector(common))),
        ("guardduty", "eu-west-2", Ok(detector(common))),
        (
            "guardduty",
            "us-east-1",
            Ok(detector(
                &common.replace("rds_login_events = true", "rds_login_events = false"),
            )),
        ),
    ];
    assert_snapshot!(exported(&env, &cells), @r#"
    # What trueup found in the AWS account 123456789012. `trueup plan` on this file has nothing to change.
    # Home region eu-west-1, as --home-region says.

    [account]
    id = "123456789012"
    home_region = "eu-west-1"
    regions = "enabled"

    # Amazon GuardDuty
    [guardduty]
    enabled = true
    publish_findings_every = "six_hours"

    [guardduty.features]
    s3_data_events = true
    rds_login_events = true

    [region.ap-south-1.guardduty]
    enabled = false

    [region.us-east-1.guardduty.features]
    rds_login_events = false
    "#);
}

#[test]
fn a_key_that_only_some_regions_have_is_in_no_base() {
    let env = env(&["ap-south-1", "eu-west-1", "eu-west-2"]);
    let with = "enabled = true\npublish_findings_every = \"six_hours\"\n[features]\ns3_data_events = true\nai_analyst = false";
    let without = "enabled = true\npublish_findings_every = \"six_hours\"\n[features]\ns3_data_events = true";
    let cells = [
        ("guardduty", "ap-south-1", Ok(detector(without))),
        (
            "guardduty",
            "eu-west-1",
            Ok(detector(&with.replace("false", "true"))),
        ),
        (
            "guardduty",
            "eu-west-2",
            Ok(detector(&with.replace("false", "true"))),
        ),
    ];
    assert_snapshot!(exported(&env, &cells), @r#"
    # What trueup found in the AWS account 123456789012. `trueup plan` on this file has nothing to change.
    # Home region eu-west-1, as --home-region says.

    [account]
    id = "123456789012"
    home_region = "eu-west-1"
    regions = "enabled"

    # Amazon GuardDuty
    [guardduty]
    enabled = true
    publish_findings_every = "six_hours"

    [guardduty.features]
    s3_data_events = true

    [region.eu-west-1.guardduty.features]
    ai_analyst = true

    [region.eu-west-2.guardduty.features]
    ai_analyst = true
    "#);
}

#[test]
fn what_could_not_be_read_is_a_comment_and_not_managed() {
    let env = env(&["ap-south-1", "eu-west-1", "us-east-1"]);
    let ebs = || Ok(seen("enabled = true\nkms_key = \"aws/ebs\""));
    let denied = || {
        Err(fault(
            FaultKind::DeniedByOrganization,
            "explicit deny in a\nservice control policy",
        ))
    };
    let cells = [
        (
            "password_policy",
            "account",
            Err(fault(FaultKind::Denied, "not authorized")),
        ),
        ("ebs_encryption", "ap-south-1", denied()),
        ("ebs_encryption", "eu-west-1", ebs()),
        ("ebs_encryption", "us-east-1", ebs()),
        ("guardduty", "ap-south-1", denied()),
        ("guardduty", "eu-west-1", Ok(seen("enabled = false"))),
        ("guardduty", "us-east-1", Err(fault(FaultKind::Network, "reset"))),
    ];
    assert_snapshot!(exported(&env, &cells), @r#"
    # What trueup found in the AWS account 123456789012. `trueup plan` on this file has nothing to change.
    # Home region eu-west-1, as --home-region says.

    # Nothing of ap-south-1: guardduty:ListDetectors: AccessDenied (a policy of the organization)
    [account]
    id = "123456789012"
    home_region = "eu-west-1"
    regions = "enabled"
    exclude_regions = ["ap-south-1"]

    # IAM password policy
    # Not managed here: guardduty:ListDetectors: AccessDenied

    # EBS encryption by default
    [ebs_encryption]
    enabled = true
    kms_key = "aws/ebs"

    # Amazon GuardDuty
    # Not managed in us-east-1: guardduty:ListDetectors: AccessDenied
    [guardduty]
    enabled = false

    [region.us-east-1.guardduty]
    manage = "off"
    "#);
}

#[test]
fn a_survey_of_one_region_manages_that_region_alone() {
    let env = env(&["ap-south-1", "eu-west-1", "us-east-1"]);
    let cells = [("default_vpc", "us-east-1", Ok(seen("state = \"absent\"")))];
    assert_snapshot!(exported(&env, &cells), @r#"
    # What trueup found in the AWS account 123456789012. `trueup plan` on this file has nothing to change.
    # Home region eu-west-1, as --home-region says.

    # Nothing of ap-south-1, eu-west-1: it was not read
    [account]
    id = "123456789012"
    home_region = "eu-west-1"
    regions = ["us-east-1"]

    # Default VPC
    [default_vpc]
    state = "absent"
    "#);
}

#[test]
fn what_another_owner_holds_is_written_with_its_name() {
    let env = env(&["eu-west-1"]);
    let held = Observed {
        held_by: Some(Manager {
            who: "the organization's GuardDuty administrator 111122223333".to_owned(),
        }),
        ..detector("enabled = true")
    };
    assert_snapshot!(exported(&env, &[("guardduty", "eu-west-1", Ok(held))]), @r#"
    # What trueup found in the AWS account 123456789012. `trueup plan` on this file has nothing to change.
    # Home region eu-west-1, as --home-region says.

    [account]
    id = "123456789012"
    home_region = "eu-west-1"
    regions = "enabled"

    # Amazon GuardDuty
    # Managed in eu-west-1 by the organization's GuardDuty administrator 111122223333
    [guardduty]
    enabled = true
    "#);
}

#[test]
fn what_cannot_be_asked_for_is_a_comment_with_why() {
    let env = env(&["eu-west-1", "us-east-1"]);
    let half = "runtime_monitoring_ec2_agent = true";
    let cells = [
        ("guardduty", "eu-west-1", Ok(detector("enabled = true"))),
        (
            "guardduty",
            "us-east-1",
            Ok(detector(&format!("enabled = true\n[features]\n{half}"))),
        ),
    ];
    assert_snapshot!(export(Some("acme"), &survey(&env, &cells)), @r#"
    # What trueup found in the AWS account 123456789012 (acme). `trueup plan` on this file has nothing to change.
    # Home region eu-west-1, as --home-region says.

    [account]
    id = "123456789012"
    home_region = "eu-west-1"
    regions = "enabled"

    # Amazon GuardDuty
    # Not managed in us-east-1: `features`: runtime_monitoring_ec2_agent is a part of runtime_monitoring; expected runtime_monitoring = true beside it
    [guardduty]
    enabled = true

    [region.us-east-1.guardduty]
    manage = "off"
    "#);
}

#[test]
fn nothing_read_is_a_file_without_tables() {
    let env = env(&["eu-west-1"]);
    assert_snapshot!(exported(&env, &[]), @r#"
    # What trueup found in the AWS account 123456789012. `trueup plan` on this file has nothing to change.
    # Home region eu-west-1, as --home-region says.

    [account]
    id = "123456789012"
    home_region = "eu-west-1"
    regions = "enabled"
    "#);
    let down = Err(fault(FaultKind::Network, "reset"));
    assert_snapshot!(exported(&env, &[("guardduty", "eu-west-1", down)]), @r#"
    # What trueup found in the AWS account 123456789012. `trueup plan` on this file has nothing to change.
    # Home region eu-west-1, as --home-region says.

    [account]
    id = "123456789012"
    home_region = "eu-west-1"
    regions = "enabled"

    # Amazon GuardDuty
    # Not managed in eu-west-1: guardduty:ListDetectors: AccessDenied
    "#);
}

#[test]
fn a_part_of_the_account_says_what_is_not_in_the_file() {
    let env = env(&["ap-south-1", "eu-west-1", "us-east-1"]);
    let filters = Filters {
        exclude: vec![name("guardduty")],
        regions: vec!["us-east-1".parse().unwrap()],
        ..Filters::default()
    };
    let cells = [("default_vpc", "us-east-1", Ok(seen("state = \"absent\"")))];
    assert_snapshot!(exported_with(&filters, None, &survey(&env, &cells)), @r#"
    # What trueup found in the AWS account 123456789012. `trueup plan` on this file has nothing to change.
    # Home region eu-west-1, as --home-region says.
    # This is a part of the account, exported with --exclude guardduty --region us-east-1. What is not in it:
    # - controls that were left out: guardduty
    # - controls of what exists once in the account, which --region leaves out: account (the alias), root_user, alternate_contacts, contact_information, alerts, budgets, cost_anomaly_detection, log_bucket, cloudtrail, monitors, health_events, password_policy, admin_access, support_role, ebs_encryption, s3_public_access_block, access_analyzer, config_recorder, security_hub, ec2_defaults
    # - regions: ap-south-1, eu-west-1

    [account]
    id = "123456789012"
    home_region = "eu-west-1"
    regions = ["us-east-1"]

    # Default VPC
    [default_vpc]
    state = "absent"
    "#);
}

#[test]
fn an_export_that_can_hold_nothing_says_so() {
    let env = env(&["ap-south-1", "eu-west-1"]);
    let filters = Filters {
        only: vec![name("cloudtrail")],
        regions: vec!["eu-west-1".parse().unwrap()],
        ..Filters::default()
    };
    assert_snapshot!(exported_with(&filters, None, &survey(&env, &[])), @r#"
    # What trueup found in the AWS account 123456789012. `trueup plan` on this file has nothing to change.
    # Home region eu-west-1, as --home-region says.
    # This is a part of the account, exported with --only cloudtrail --region eu-west-1. What is not in it:
    # - controls that were left out: account (the alias), root_user, alternate_contacts, contact_information, alerts, budgets, cost_anomaly_detection, log_bucket, monitors, health_events, password_policy, admin_access, support_role, ebs_encryption, s3_public_access_block, default_vpc, access_analyzer, guardduty, config_recorder, security_hub, ec2_defaults
    # - controls of what exists once in the account, which --region leaves out: cloudtrail
    # - regions: ap-south-1
    # Nothing was read: no control is left. Export again with other options.

    [account]
    id = "123456789012"
    home_region = "eu-west-1"
    regions = "enabled"
    exclude_regions = ["ap-south-1"]
    "#);
}

#[test]
fn what_an_empty_reading_says_stands_in_the_place_of_its_table() {
    let env = env(&["eu-west-1"]);
    let bucket = ObservedDoc {
        ids: serde_json::json!({ "unusable": "the trail delivers to the bucket `central`, which belongs to another account" }),
        ..seen("")
    };
    let cells = [("log_bucket", "account", Ok(bucket))];
    assert_snapshot!(exported_with(&Filters::default(), None, &survey(&env, &cells)), @r#"
    # What trueup found in the AWS account 123456789012. `trueup plan` on this file has nothing to change.
    # Home region eu-west-1, as --home-region says.

    [account]
    id = "123456789012"
    home_region = "eu-west-1"
    regions = "enabled"

    # S3 bucket for logs
    # No table: the trail delivers to the bucket `central`, which belongs to another account
    "#);
}
