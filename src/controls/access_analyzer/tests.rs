use aws_sdk_accessanalyzer::types::{AnalyzerStatus, AnalyzerSummary, Type};
use trueup_core::cost::Monthly;
use trueup_core::env::Run;

use super::diff::{PRICE_CENTS, UNUSED};
use super::live::best;
use super::model::Analyzer;
use super::*;
use crate::testing::{found_in, monthly, told};

fn model(text: &str) -> Model {
    toml::from_str(text).unwrap()
}

fn analyzer(name: &str) -> Analyzer {
    Analyzer {
        name: name.to_owned(),
        arn: format!("arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/{name}"),
        ..Analyzer::default()
    }
}

/// A region with the console's analyzer of external access, and one of unused access for so many days.
fn seen(unused: Option<i32>) -> Observed<Model, Ids> {
    Observed {
        model: Model {
            external_access: Some(true),
            unused_access: Some(unused.is_some()),
            unused_access_days: unused.map(Bound::Plain),
        },
        ids: Ids {
            external: Some(analyzer("ConsoleAnalyzer")),
            unused: unused.map(|_| analyzer("theirs")),
        },
        held_by: None,
    }
}

fn plan_with(want: &str, seen: &Observed<Model, Ids>, own: &[(&str, &str)]) -> String {
    let tags = own
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    let run = Run {
        tags,
        ..Run::default()
    };
    told(&found_in::<AccessAnalyzer>(&model(want), seen, run))
}

fn plan(want: &str, seen: &Observed<Model, Ids>) -> String {
    plan_with(want, seen, &[])
}

const NOTHING: fn() -> Observed<Model, Ids> = || {
    Observed::of(Model {
        external_access: Some(false),
        unused_access: Some(false),
        unused_access_days: None,
    })
};

#[test]
fn a_region_without_analyzers_gets_those_that_are_wanted() {
    insta::assert_snapshot!(plan("external_access = true", &NOTHING()), @"create the analyzer of external access [safe]");
    insta::assert_snapshot!(plan("unused_access = true", &NOTHING()), @"create the analyzer of access unused for 90 days [safe]");
    insta::assert_snapshot!(
        plan("unused_access = true\nunused_access_days = 180", &NOTHING()),
        @"create the analyzer of access unused for 180 days [safe]"
    );
    let Changes { steps, .. } = found_in::<AccessAnalyzer>(
        &model("external_access = true"),
        &NOTHING(),
        Run {
            tags: [("a".to_owned(), "1".to_owned())].into(),
            ..Run::default()
        },
    );
    let Action::Create { tags, .. } = &steps[0].action else {
        panic!("{steps:?}")
    };
    assert_eq!(tags["a"], "1");
}

#[test]
fn exclusions_of_an_analyzer_are_noted() {
    let mut seen = seen(Some(90));
    seen.ids.unused.as_mut().unwrap().leaves_out = true;
    assert_eq!(
        plan("unused_access = true", &seen),
        "note: the analyzer theirs has exclusions: unused access that they name is not reported"
    );
}

#[test]
fn an_analyzer_of_any_name_is_adopted_and_what_is_not_written_is_left_alone() {
    assert_eq!(plan("external_access = true", &seen(Some(30))), "");
    assert_eq!(plan("unused_access = true", &seen(Some(30))), "");
    assert_eq!(
        plan("unused_access = true\nunused_access_days = 30", &seen(Some(30))),
        ""
    );
    assert_eq!(plan("external_access = false", &NOTHING()), "");
}

#[test]
fn an_analyzer_that_counts_fewer_days_stays_and_one_that_counts_more_is_blocked() {
    let plan = |days: &str, live| {
        let want = format!("external_access = true\nunused_access = true\nunused_access_days = {days}");
        plan(&want, &seen(Some(live)))
    };
    insta::assert_snapshot!(plan("90", 30), @"note: unused_access_days is 30 and stays, as the file asks for 90 or stricter; for 90 itself write { exactly = 90 }");
    insta::assert_snapshot!(plan("90", 180), @"refused for unused_access_days: the analyzer theirs counts access as unused after 180 days, and AWS cannot change that; delete it with its findings and apply again, or write unused_access_days = 180");
    insta::assert_snapshot!(plan("{ exactly = 90 }", 30), @"refused for unused_access_days: the analyzer theirs counts access as unused after 30 days, and AWS cannot change that; delete it with its findings and apply again, or write unused_access_days = 30");
}

#[test]
fn an_analyzer_of_the_organization_counts_and_is_noted() {
    let mut live = seen(None);
    live.ids.external.as_mut().unwrap().of_organization = true;
    insta::assert_snapshot!(plan_with("external_access = true", &live, &[("a", "1")]), @"note: the analyzer ConsoleAnalyzer is one of the whole organization: access that other accounts of the organization have is not reported");
    insta::assert_snapshot!(plan("external_access = false", &live), @"refused for external_access: the analyzer ConsoleAnalyzer is one of the whole organization, and is not deleted for one account");
    live.ids.external.as_mut().unwrap().broken = Some("DISABLED".to_owned());
    insta::assert_snapshot!(plan("external_access = true", &live), @r"
    create the analyzer of external access [safe]
    note: the analyzer ConsoleAnalyzer does not work (DISABLED)
    ");
}

#[test]
fn the_analyzer_that_works_is_taken_before_one_that_does_not() {
    let summary = |name: &str, kind: Type, status: AnalyzerStatus, service: Option<&str>| {
        AnalyzerSummary::builder()
            .arn(format!(
                "arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/{name}"
            ))
            .name(name)
            .r#type(kind)
            .created_at(aws_smithy_types::DateTime::from_secs(0))
            .status(status)
            .set_managed_by(service.map(str::to_owned))
            .build()
            .unwrap()
    };
    use AnalyzerStatus::{Active, Creating, Disabled, Failed};
    let external = [Type::Account, Type::Organization];
    let taken = |all: &[AnalyzerSummary]| best(all, &external).map(|analyzer| analyzer.name.clone());
    let broken = summary("a", Type::Account, Failed, None);
    let service = summary("b", Type::Account, Active, Some("securityhubv2.amazonaws.com"));
    let own = summary("c", Type::Account, Creating, None);
    let organization = summary("d", Type::Organization, Active, None);
    let unused = summary("e", Type::AccountUnusedAccess, Active, None);
    let all = [
        broken.clone(),
        service.clone(),
        own,
        organization.clone(),
        unused.clone(),
    ];
    assert_eq!(taken(&all).as_deref(), Some("c"));
    assert_eq!(
        taken(&[broken.clone(), service, organization.clone()]).as_deref(),
        Some("b")
    );
    assert_eq!(
        taken(&[broken.clone(), organization, unused.clone()]).as_deref(),
        Some("d")
    );
    let disabled = summary("d", Type::Organization, Disabled, None);
    assert_eq!(taken(&[broken, disabled]).as_deref(), Some("a"));
    assert_eq!(taken(&[unused]), None);
}

#[test]
fn analyzers_are_switched_off_by_name_and_with_consent() {
    insta::assert_snapshot!(plan("external_access = false\nunused_access = false", &seen(Some(30))), @r"
    delete the analyzer ConsoleAnalyzer [destructive]
      ! its findings and archive rules go with it
    delete the analyzer theirs [destructive]
      ! its findings and archive rules go with it
    ");
}

#[test]
fn tags_are_added_beside_those_of_others() {
    let mut live = seen(None);
    live.ids.external.as_mut().unwrap().tags = [("team", "web"), ("a", "0")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    insta::assert_snapshot!(
        plan_with("external_access = true", &live, &[("a", "1")]),
        @r#"tag the analyzer ConsoleAnalyzer: a = "1" [safe]"#
    );
    assert_eq!(plan_with("external_access = true", &live, &[("team", "web")]), "");
}

#[test]
fn what_a_service_made_for_itself_is_used_and_never_touched() {
    let mut live = seen(None);
    live.ids.external.as_mut().unwrap().managed_by = Some("securityhubv2.amazonaws.com".to_owned());
    assert_eq!(plan_with("external_access = true", &live, &[("a", "1")]), "");
    insta::assert_snapshot!(
        plan("external_access = false", &live),
        @"refused for external_access: the analyzer ConsoleAnalyzer belongs to securityhubv2.amazonaws.com, which alone can delete it"
    );
}

#[test]
fn an_analyzer_that_does_not_work_is_replaced_with_consent() {
    let mut live = seen(None);
    live.ids.external.as_mut().unwrap().broken = Some("FAILED: INTERNAL_ERROR".to_owned());
    insta::assert_snapshot!(plan("external_access = true", &live), @r"
    delete the analyzer ConsoleAnalyzer [destructive]
      ! its findings and archive rules go with it
    create the analyzer of external access [safe]
      after delete the analyzer ConsoleAnalyzer
    note: the analyzer ConsoleAnalyzer does not work (FAILED: INTERNAL_ERROR)
    ");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let wrong = |text: &str| -> Vec<String> {
        AccessAnalyzer::check(&model(text))
            .into_iter()
            .map(|(key, what)| format!("{key}: {what}"))
            .collect()
    };
    assert_eq!(
        wrong(""),
        [": says nothing about Access Analyzer; expected at least external_access"]
    );
    assert_eq!(
        wrong("unused_access = true\nunused_access_days = 366"),
        ["unused_access_days: 366 is out of range; expected 1 to 365"]
    );
    assert_eq!(
        wrong("unused_access_days = 90"),
        ["unused_access_days: is of no use without an analyzer; expected unused_access = true beside it"]
    );
    assert_eq!(wrong("external_access = true"), Vec::<String>::new());
}

#[test]
fn only_a_new_analyzer_of_unused_access_is_paid() {
    let each = Monthly::cents(PRICE_CENTS, PRICE_CENTS);
    assert!(AccessAnalyzer::DOC.cost.contains(&each.to_string()), "{each}");
    for (want, seen, costs) in [
        ("external_access = true", NOTHING(), Monthly::default()),
        ("unused_access = true", NOTHING(), UNUSED),
        ("unused_access = true", seen(Some(90)), Monthly::default()),
        ("unused_access = false", seen(Some(90)), Monthly::default()),
    ] {
        let out = found_in::<AccessAnalyzer>(&model(want), &seen, Run::default());
        assert_eq!(monthly(&out), costs, "{want}");
    }
}
