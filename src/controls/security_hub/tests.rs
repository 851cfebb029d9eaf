//! What is planned for which hub.

use std::collections::{BTreeMap, BTreeSet};

use trueup_core::change::Class;
use trueup_core::env::Run;
use trueup_core::location::{Location, Region};
use trueup_core::tags::Tags;

use super::model::{Aggregator, Association, By, Generator, Trouble};
use super::standard::Standard;
use super::*;
use crate::testing;

const FSBP: &str = "aws-foundational-security-best-practices/1.0.0";
const CIS: &str = "cis-aws-foundations-benchmark/5.0.0";
const HUB: &str = "arn:aws:securityhub:eu-west-1:111122223333:hub/default";

fn model(text: &str) -> Model {
    toml::from_str(text).unwrap()
}

fn none() -> Observed<Model, Ids> {
    Observed::of(model("enabled = false"))
}

/// A hub with these standards on.
fn hub(on: &[&str]) -> Observed<Model, Ids> {
    let each = || on.iter().map(|name| Standard::from(*name));
    Observed {
        model: Model {
            enabled: Some(true),
            auto_enable_controls: Some(true),
            finding_generator: Some(Generator::SecurityControl),
            standards: each().map(|name| (name, true)).collect(),
            ..Model::default()
        },
        ids: Ids {
            hub: Some(HUB.to_owned()),
            subscriptions: each()
                .map(|name| (name.clone(), format!("subscription to {name}")))
                .collect(),
            ..Ids::default()
        },
        held_by: None,
    }
}

/// The same with a finding aggregator.
fn aggregating(region: &str, links_all: bool) -> Observed<Model, Ids> {
    let mut seen = hub(&[]);
    let region: Region = region.parse().unwrap();
    // The home region of these tests.
    seen.model.aggregate_in_home_region = Some(links_all && region.to_string() == "us-east-1");
    seen.ids.aggregator = Some(Aggregator {
        arn: "arn".to_owned(),
        region,
        links_all,
        mode: match links_all {
            true => "ALL_REGIONS".to_owned(),
            false => "NO_REGIONS".to_owned(),
        },
    });
    seen
}

fn plan(want: &str, seen: &Observed<Model, Ids>) -> String {
    testing::told(&testing::found::<SecurityHub>(&model(want), seen))
}

fn standards(written: &[(&str, bool)]) -> String {
    let lines: Vec<String> = written
        .iter()
        .map(|(name, on)| format!("\"{name}\" = {on}"))
        .collect();
    format!("enabled = true\n[standards]\n{}", lines.join("\n"))
}

#[test]
fn a_new_hub_gets_what_is_written_once_config_records() {
    let want = standards(&[(FSBP, true), (CIS, true), ("pci-dss/4.0.1", false)]);
    insta::assert_snapshot!(plan(&want, &none()), @"
    enable Security Hub [safe]
    turn on the standards aws-foundational-security-best-practices/1.0.0, cis-aws-foundations-benchmark/5.0.0 [safe]
      after enable Security Hub
    ");
    let out = testing::found::<SecurityHub>(&model(&want), &none());
    let place: Location = "eu-west-1".parse::<Region>().unwrap().into();
    for step in &out.steps {
        assert_eq!(step.needs, [crate::config_recorder::RECORDER.at(&place)]);
    }
    // A hub that checks nothing needs no record.
    let out = testing::found::<SecurityHub>(&model("enabled = true\nauto_enable_controls = false"), &none());
    insta::assert_snapshot!(testing::told(&out), @"enable Security Hub, with later controls off [safe]");
    assert_eq!(out.steps[0].needs, []);
}

#[test]
fn what_is_as_wanted_stays() {
    assert_eq!(plan("enabled = false", &none()), "");
    assert_eq!(plan(&standards(&[(FSBP, true), (CIS, false)]), &hub(&[FSBP])), "");
    // What is on and not written stays on.
    assert_eq!(
        plan("enabled = true\nauto_enable_controls = true", &hub(&[FSBP, CIS])),
        ""
    );
    assert_eq!(
        plan("aggregate_in_home_region = true", &aggregating("us-east-1", true)),
        ""
    );
    assert_eq!(plan("aggregate_in_home_region = false", &hub(&[])), "");
    assert_eq!(
        plan(
            "aggregate_in_home_region = false",
            &aggregating("eu-central-1", true)
        ),
        ""
    );
    assert_eq!(plan("[standards]\n\"pci-dss/4.0.1\" = false", &none()), "");
}

#[test]
fn standards_are_turned_off_before_others_are_turned_on() {
    let want = standards(&[(FSBP, false), (CIS, true)]);
    insta::assert_snapshot!(plan(&want, &hub(&[FSBP, "pci-dss/4.0.1"])), @"
    turn off the standard aws-foundational-security-best-practices/1.0.0 [safe]
      weakens: what breaks the standard goes unnoticed from then on
    turn on the standard cis-aws-foundations-benchmark/5.0.0 [safe]
      after turn off the standard aws-foundational-security-best-practices/1.0.0
    ");
    let out = testing::found::<SecurityHub>(&model(&want), &hub(&[FSBP]));
    assert_eq!(
        out.steps[0].action,
        Action::TurnOff(BTreeMap::from([(FSBP.into(), format!("subscription to {FSBP}"))]))
    );
}

#[test]
fn disabling_is_destructive_and_everything_else_waits() {
    let out = testing::found::<SecurityHub>(
        &model(&format!(
            "enabled = false\naggregate_in_home_region = true\n[standards]\n\"{CIS}\" = true"
        )),
        &hub(&[FSBP]),
    );
    insta::assert_snapshot!(testing::told(&out), @"
    disable Security Hub [destructive]
      ! standards, settings and automation rules go, and findings after 90 days
    ");
    assert_eq!(out.steps[0].class, Class::Destructive);
    assert_eq!(out.steps[0].releases.len(), 1);
}

#[test]
fn without_a_hub_nothing_can_be_set() {
    for want in [
        "auto_enable_controls = false".to_owned(),
        "aggregate_in_home_region = true".to_owned(),
        format!("[standards]\n\"{FSBP}\" = true"),
    ] {
        assert_eq!(
            plan(&want, &none()),
            "refused: Security Hub is not enabled here; write `enabled = true` to have it"
        );
    }
}

#[test]
fn the_aggregator_of_the_home_region_is_adopted_and_another_one_is_in_the_way() {
    let on = "enabled = true\naggregate_in_home_region = true";
    insta::assert_snapshot!(plan(on, &none()), @"
    enable Security Hub [safe]
    aggregate the findings of all regions here [safe]
      after enable Security Hub
    ");
    insta::assert_snapshot!(plan(on, &hub(&[])), @"aggregate the findings of all regions here [safe]");
    insta::assert_snapshot!(plan(on, &aggregating("us-east-1", false)), @"link all regions to the finding aggregator [safe]");
    insta::assert_snapshot!(plan(on, &aggregating("eu-central-1", true)), @r#"refused: the account's findings come together in eu-central-1, and an account has one finding aggregator: delete that one, or write `home_region = "eu-central-1"` under [account] in place of us-east-1"#);
    insta::assert_snapshot!(plan("aggregate_in_home_region = false", &aggregating("us-east-1", true)), @"
    delete the finding aggregator [disruptive]
      ! what other regions find no longer shows in us-east-1
    ");
}

#[test]
fn the_aggregator_is_the_home_regions_alone() {
    let wants = |region: &str| {
        let mut want = model("enabled = true\naggregate_in_home_region = true");
        let env = Env {
            account: "111122223333".to_owned(),
            partition: "aws".to_owned(),
            home: "us-east-1".parse().unwrap(),
            enabled: vec![],
            run: Run::default(),
        };
        let place = Location::Region(region.parse().unwrap());
        let all = [];
        SecurityHub::fill(
            &mut want,
            &env,
            Wants {
                all: &all,
                place: &place,
            },
        );
        want.aggregate_in_home_region
    };
    assert_eq!(wants("us-east-1"), Some(true));
    assert_eq!(wants("eu-west-1"), None);
}

#[test]
fn what_the_region_does_not_offer_is_said_and_stops_nothing() {
    let mut seen = none();
    let typed = "cis-aws-foundation-benchmark/5.0.0";
    seen.ids.unoffered = BTreeSet::from([typed.into(), "pci-dss/9.0.0".into()]);
    seen.ids.told.offered = [FSBP, CIS].map(Standard::from).into();
    let want = standards(&[(FSBP, true), (typed, true), ("pci-dss/9.0.0", true)]);
    insta::assert_snapshot!(plan(&want, &seen), @"
    enable Security Hub [safe]
    turn on the standard aws-foundational-security-best-practices/1.0.0 [safe]
      after enable Security Hub
    note: Security Hub does not offer the standard cis-aws-foundation-benchmark/5.0.0 here, so it is left out; did you mean `cis-aws-foundations-benchmark/5.0.0`?
    note: Security Hub does not offer the standard pci-dss/9.0.0 here, so it is left out
    ");
    // If nothing is left, no recorder is needed either.
    let out = testing::found::<SecurityHub>(&model(&standards(&[(typed, true)])), &seen);
    assert_eq!((out.steps.len(), &out.steps[0].needs[..]), (1, &[][..]));
}

/// Puts trouble of this kind to standards that are on.
fn troubled(standards: &[(&str, bool, &str)], is_old: bool) -> Observed<Model, Ids> {
    let mut seen = hub(&[FSBP, CIS]);
    seen.ids.told.is_old = is_old;
    seen.ids.told.troubled = standards
        .iter()
        .map(|(name, has_failed, code)| {
            let trouble = Trouble {
                has_failed: *has_failed,
                code: (*code).to_owned(),
            };
            (Standard::from(*name), trouble)
        })
        .collect();
    seen
}

#[test]
fn a_standard_that_is_not_complete_is_a_task_once_the_hub_is_a_day_old() {
    let want = standards(&[(FSBP, true), (CIS, true)]);
    let none = "NO_AVAILABLE_CONFIGURATION_RECORDER";
    let both = [(FSBP, false, none), (CIS, false, none)];
    insta::assert_snapshot!(plan(&want, &troubled(&both, false)), @"note: the standards aws-foundational-security-best-practices/1.0.0, cis-aws-foundations-benchmark/5.0.0 are on and not complete: no configuration recorder runs here; start one, as [config_recorder] does");
    insta::assert_snapshot!(plan(&want, &troubled(&both, true)), @"person: the standards aws-foundational-security-best-practices/1.0.0, cis-aws-foundations-benchmark/5.0.0 are on and not complete: no configuration recorder runs here; start one, as [config_recorder] does");
    // Of what is not written nothing is said.
    assert_eq!(plan("enabled = true", &troubled(&both, true)), "");
}

#[test]
fn a_standard_that_failed_is_a_task_at_once_and_one_for_each_reason() {
    let want = standards(&[(FSBP, true), (CIS, true)]);
    let seen = troubled(
        &[
            (FSBP, true, "INTERNAL_ERROR"),
            (CIS, false, "MAXIMUM_NUMBER_OF_CONFIG_RULES_EXCEEDED"),
        ],
        true,
    );
    insta::assert_snapshot!(plan(&want, &seen), @"
    person: the standard cis-aws-foundations-benchmark/5.0.0 is on and not complete: the region's quota of AWS Config rules is used up; ask AWS for a higher one
    person: the standard aws-foundational-security-best-practices/1.0.0 could not be turned on: AWS says INTERNAL_ERROR; if it stays so, ask AWS Support
    ");
    let young = troubled(&[(FSBP, true, "INTERNAL_ERROR")], false);
    assert!(plan(&want, &young).starts_with("person: "));
}

#[test]
fn the_way_in_which_findings_are_made_changes_only_where_it_is_written() {
    let mut seen = hub(&[]);
    seen.model.finding_generator = Some(Generator::StandardControl);
    insta::assert_snapshot!(plan("finding_generator = \"security_control\"", &seen), @"
    make findings: one a control [disruptive]
      ! the IDs of findings change, and what refers to them no longer finds them
    ");
    insta::assert_snapshot!(plan("enabled = true", &seen), @r#"note: findings are made for each standard again (STANDARD_CONTROL); finding_generator = "security_control" makes one a control"#);
    assert_eq!(plan("finding_generator = \"standard_control\"", &seen), "");
    let out = testing::found::<SecurityHub>(
        &model("enabled = true\nfinding_generator = \"standard_control\""),
        &none(),
    );
    let generator = Generator::StandardControl;
    assert!(matches!(&out.steps[0].action, Action::Enable { generator: made, .. } if *made == generator));
}

#[test]
fn another_mode_that_links_all_regions_of_now_is_told_and_stays() {
    let mut seen = aggregating("us-east-1", true);
    if let Some(aggregator) = &mut seen.ids.aggregator {
        aggregator.mode = "SPECIFIED_REGIONS".to_owned();
    }
    insta::assert_snapshot!(plan("aggregate_in_home_region = true", &seen), @"note: the finding aggregator links all regions that are enabled now, and perhaps not those that are enabled later (RegionLinkingMode SPECIFIED_REGIONS)");
}

/// A hub with controls on global resources that stand so in both standards.
fn controlled(controls: &[(&str, bool, By)]) -> Observed<Model, Ids> {
    let mut seen = hub(&[FSBP, CIS]);
    let of: BTreeMap<String, Association> = controls
        .iter()
        .map(|(id, is_on, by)| {
            let one = Association {
                is_on: *is_on,
                by: *by,
            };
            ((*id).to_owned(), one)
        })
        .collect();
    seen.ids.associations = [FSBP, CIS].map(|name| (name.into(), of.clone())).into();
    seen
}

const PLACED: &str = "enabled = true\n[controls]\nglobal_resources = \"global_region_only\"\n";

fn planned_in(region: &str, want: &str, seen: &Observed<Model, Ids>) -> String {
    testing::told(&testing::found_at::<SecurityHub>(region, &model(want), seen))
}

#[test]
fn controls_on_global_resources_are_turned_off_outside_the_global_region_in_every_standard() {
    let seen = controlled(&[
        ("IAM.4", true, By::Default),
        ("IAM.5", false, By::Default),
        ("IAM.6", true, By::Others),
        ("KMS.1", true, By::Trueup),
    ]);
    insta::assert_snapshot!(planned_in("eu-west-1", PLACED, &seen), @"
    turn off the controls on global resources in aws-foundational-security-best-practices/1.0.0, cis-aws-foundations-benchmark/5.0.0 (us-east-1 has them) [safe]
      weakens: what they check is checked in us-east-1 alone
    note: controls on global resources that stay on, as their UpdatedReason is not trueup's: IAM.6
    ");
    let out = testing::found::<SecurityHub>(&model(PLACED), &seen);
    let Action::TurnControls { controls, .. } = &out.steps[0].action else {
        panic!("{out:?}")
    };
    let ids = BTreeSet::from(["IAM.4".to_owned(), "KMS.1".to_owned()]);
    assert_eq!(
        *controls,
        [FSBP, CIS].map(|name| (name.into(), ids.clone())).into()
    );
    // Unmanaged where it is not written.
    assert_eq!(planned_in("eu-west-1", "enabled = true", &seen), "");
}

#[test]
fn in_the_global_region_only_what_trueup_turned_off_is_turned_on_again() {
    let seen = controlled(&[
        ("IAM.4", false, By::Trueup),
        // New controls show so for days.
        ("IAM.5", false, By::Default),
        ("IAM.6", false, By::Others),
        ("IAM.7", true, By::Default),
    ]);
    insta::assert_snapshot!(planned_in("us-east-1", PLACED, &seen), @"
    turn on the controls on global resources in aws-foundational-security-best-practices/1.0.0, cis-aws-foundations-benchmark/5.0.0 [safe]
    note: controls on global resources that stay off, as their UpdatedReason is not trueup's: IAM.6
    ");
}

#[test]
fn the_controls_of_a_new_standard_need_no_consent() {
    let want = format!("{PLACED}[standards]\n\"{FSBP}\" = true");
    insta::assert_snapshot!(planned_in("eu-west-1", &want, &none()), @"
    enable Security Hub [safe]
    turn on the standard aws-foundational-security-best-practices/1.0.0 [safe]
      after enable Security Hub
    turn off the controls on global resources in aws-foundational-security-best-practices/1.0.0 (us-east-1 has them) [safe]
      after turn on the standard aws-foundational-security-best-practices/1.0.0
    ");
    assert!(!planned_in("us-east-1", &want, &none()).contains("controls"));
}

#[test]
fn where_no_region_can_record_iam_the_controls_stay_and_the_rest_goes_on() {
    let want = format!("{PLACED}global_regions = []");
    let out = planned_in("eu-west-1", &want, &controlled(&[("IAM.4", true, By::Default)]));
    assert!(
        out.starts_with(
            "refused for controls.global_resources: no region of this file can record IAM's types"
        ),
        "{out}"
    );
}

#[test]
fn awss_list_has_no_control_of_what_exists_in_one_region_only() {
    for start in ["CloudFront.", "GlobalAccelerator.", "Route53.", "WAF."] {
        assert!(
            !controls::GLOBAL.iter().any(|id| id.starts_with(start)),
            "{start}"
        );
    }
    let all: BTreeSet<&str> = controls::GLOBAL.into();
    assert_eq!(all.len(), 29);
}

#[test]
fn what_control_tower_turned_on_is_its_own() {
    let theirs = "service-managed-aws-control-tower/1.0.0";
    insta::assert_snapshot!(plan(&standards(&[(theirs, false)]), &hub(&[theirs])), @"
    turn off the standard service-managed-aws-control-tower/1.0.0 [safe]
      weakens: what breaks the standard goes unnoticed from then on
    refused: the standard service-managed-aws-control-tower/1.0.0 belongs to another service, which alone turns it on and off
    ");
    assert_eq!(plan(&standards(&[(theirs, true)]), &hub(&[theirs])), "");
}

#[test]
fn tags_come_with_a_new_hub_and_beside_those_of_others() {
    let tag = |key: &str| (key.to_owned(), "1".to_owned());
    let run = || Run {
        tags: Tags::from([tag("a")]),
        ..Run::default()
    };
    let mut seen = hub(&[]);
    seen.ids.tags = Tags::from([tag("team")]);
    let out = testing::found_in::<SecurityHub>(&model("enabled = true"), &seen, run());
    assert_eq!(testing::told(&out), "tag Security Hub: a = \"1\" [safe]");
    let out = testing::found_in::<SecurityHub>(&model("enabled = true"), &none(), run());
    assert!(matches!(&out.steps[0].action, Action::Enable { tags, .. } if tags.contains_key("a")));
}

#[test]
fn settings_of_a_hub_that_is_there_change_alone() {
    insta::assert_snapshot!(plan("auto_enable_controls = false", &hub(&[FSBP])), @"let Security Hub leave later controls off [safe]");
    let mut seen = hub(&[]);
    seen.model.auto_enable_controls = Some(false);
    insta::assert_snapshot!(plan("auto_enable_controls = true", &seen), @"let Security Hub enable later controls [safe]");
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (text, expected) in [
        (
            "",
            vec![("", "says nothing about Security Hub; expected at least enabled")],
        ),
        (
            "enabled = true\n[standards]\n\"cis-aws-foundations-benchmark/v/5.0.0\" = true",
            vec![(
                "standards",
                "`cis-aws-foundations-benchmark/v/5.0.0` is no standard; expected a name and a version, such as \
                 `cis-aws-foundations-benchmark/5.0.0`",
            )],
        ),
        (
            "[standards]\n\"cis-aws-foundations-benchmark/6.0.0\" = true",
            vec![],
        ),
    ] {
        let wrong = SecurityHub::check(&model(text));
        let wrong: Vec<(&str, &str)> = wrong.iter().map(|(key, what)| (*key, what.as_str())).collect();
        assert_eq!(wrong, expected, "{text}");
    }
}
