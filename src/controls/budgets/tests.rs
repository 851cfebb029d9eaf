use std::collections::BTreeMap;

use trueup_core::env::Run;

use super::model::{Beside, Budget, Compares, Notification, On, Period, Trigger};
use super::*;
use crate::testing;

mod daily;

fn model(text: &str) -> Model {
    toml::from_str(text).unwrap()
}

fn example() -> Model {
    let table: toml::Table = Budgets::DOC.example.parse().unwrap();
    table[Budgets::NAME].clone().try_into().unwrap()
}

fn changed(change: impl FnOnce(&mut Budget)) -> Model {
    let mut live = example();
    change(live.budgets.get_mut("monthly").unwrap());
    live
}

fn first(budget: &mut Budget) -> &mut Notification {
    &mut budget.notifications.as_mut().unwrap()[0]
}

fn to(names: &[&str]) -> Option<Vec<Recipient>> {
    let to = names
        .iter()
        .map(|name| Recipient::try_from((*name).to_owned()).unwrap());
    Some(to.collect())
}

fn absent() -> Model {
    model("[monthly]\nstate = \"absent\"")
}

fn plan(want: &Model, live: &Model) -> String {
    testing::told(&testing::found::<Budgets>(want, &Observed::of(live.clone())))
}

fn plan_with(want: &Model, live: &Model, ids: Ids) -> String {
    let seen = Observed {
        ids,
        ..Observed::of(live.clone())
    };
    testing::told(&testing::found::<Budgets>(want, &seen))
}

#[test]
fn a_new_budget_is_one_call_with_everything() {
    let out = testing::found::<Budgets>(&example(), &Observed::of(absent()));
    insta::assert_snapshot!(testing::told(&out), @"create budget `monthly` [safe]");
    let Action::Create { budget, .. } = &out.steps[0].action else {
        panic!("{:?}", out.steps[0].action);
    };
    assert_eq!(*budget, example().budgets["monthly"]);
}

#[test]
fn what_a_new_budget_lacks_is_said() {
    insta::assert_snapshot!(
        plan(&model("[monthly]\nperiod = \"daily\""), &absent()),
        @"refused for monthly: there is no such budget, and to create it the table lacks amount, unit"
    );
}

#[test]
fn a_budget_as_wanted_needs_nothing_in_whatever_form_it_is_told() {
    assert_eq!(plan(&example(), &example()), "");
    let live = model(
        r#"[monthly]
        amount = "100.00"
        unit = "USD"
        period = "monthly"
        include_credits = false
        include_refunds = false
        notifications = [
          { on = "forecasted", above_percent = "100.0", to = ["Billing@Example.com"] },
          { on = "actual", above_percent = 80.0, to = ["BILLING@example.com"] },
        ]"#,
    );
    assert_eq!(plan(&example(), &live), "");
    assert_eq!(plan(&live, &example()), "");
}

#[test]
fn only_what_differs_is_changed() {
    let live = changed(|budget| {
        budget.amount = "250".parse().ok();
        budget.include_credits = Some(true);
    });
    let out = testing::found::<Budgets>(&example(), &Observed::of(live));
    insta::assert_snapshot!(
        testing::told(&out),
        @"change budget `monthly`: amount = 100, include_credits = false [safe]"
    );
    let Action::Update { change, .. } = &out.steps[0].action else {
        panic!("{:?}", out.steps[0].action);
    };
    assert_eq!((change.include_refunds, &change.notifications), (None, &None));
}

#[test]
fn what_is_not_written_is_left_alone() {
    let want = model("[monthly]\namount = 100");
    assert_eq!(plan(&want, &example()), "");
    let mut with_another = example();
    with_another
        .budgets
        .insert("other".to_owned(), example().budgets["monthly"].clone());
    assert_eq!(plan(&example(), &with_another), "");
}

#[test]
fn missing_recipients_are_added_and_others_stay() {
    let want = changed(|budget| first(budget).to = to(&["a@example.com", "b@example.com"]));
    let more = |names: &[&str]| changed(|budget| first(budget).to = to(names));
    insta::assert_snapshot!(
        plan(&want, &more(&["a@example.com", "c@example.com"])),
        @r"
    add recipient b@example.com to notification actual > 80% of budget `monthly` [safe]
    note: budget monthly also notifies, which stays: c@example.com on actual > 80%
    "
    );
    let out = testing::found::<Budgets>(
        &want,
        &Observed::of(more(&["A@example.com", "b@example.com", "c@example.com"])),
    );
    insta::assert_snapshot!(
        testing::told(&out),
        @"note: budget monthly also notifies, which stays: c@example.com on actual > 80%"
    );
    assert!(out.steps.is_empty());
}

#[test]
fn a_notification_has_one_topic_so_that_another_one_makes_room_with_consent() {
    let topic = |name: &str| format!("arn:aws:sns:us-east-1:111122223333:{name}");
    let with = |name: &str| changed(|budget| first(budget).to = to(&[&topic(name)]));
    insta::assert_snapshot!(plan(&with("new"), &with("old")), @r"
    replace recipient arn:aws:sns:us-east-1:111122223333:old of notification actual > 80% of budget `monthly` by arn:aws:sns:us-east-1:111122223333:new [destructive]
      ! stops this notification to arn:aws:sns:us-east-1:111122223333:old
    ");
}

#[test]
fn an_address_too_many_is_refused() {
    let names: Vec<String> = (0..10).map(|n| format!("n{n}@example.com")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    insta::assert_snapshot!(
        plan(&example(), &changed(|budget| first(budget).to = to(&names))),
        @"refused for monthly: notification actual > 80% has 10 addresses, and AWS allows 10: delete one that is no longer needed"
    );
}

fn notification(text: &str) -> Notification {
    toml::from_str(text).unwrap()
}

/// The example with these notifications instead of its own.
fn notifying(all: &[&str]) -> Model {
    changed(|budget| budget.notifications = Some(all.iter().map(|text| notification(text)).collect()))
}

const TO_A: &str = "to = [\"a@example.com\"]";

fn actual(threshold: &str) -> String {
    format!("on = \"actual\"\n{threshold}\n{TO_A}")
}

fn thresholds(all: &[&str]) -> Model {
    let all: Vec<String> = all.iter().map(|threshold| actual(threshold)).collect();
    notifying(&all.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_notification_that_comes_earlier_counts_as_long_as_it_is_not_the_next_wanted_one() {
    let want = thresholds(&["above_percent = 80", "above_percent = 100"]);
    for live in [
        ["above_percent = 70", "above_percent = 90"],
        ["above_percent = 80", "above_percent = 80.5"],
        // As amounts, of a budget of 100.
        ["above_amount = 80", "above_amount = 99"],
    ] {
        let out = testing::found::<Budgets>(&want, &Observed::of(thresholds(&live)));
        assert!(
            out.steps.is_empty() && out.entries.is_empty(),
            "{live:?}: {}",
            testing::told(&out)
        );
        assert_eq!(out.kept, [["monthly", "notifications"]], "{live:?}");
    }
    insta::assert_snapshot!(plan(&want, &thresholds(&["above_percent = 80", "above_percent = 60"])), @r"
    add notification actual > 100% to budget `monthly` [safe]
    note: budget monthly also notifies, which stays: a@example.com on actual > 60%
    ");
    // Each counts for one, and none of a forecast for what was spent.
    let forecast = notifying(&[&actual("above_percent = 80").replace("actual", "forecasted")]);
    insta::assert_snapshot!(plan(&thresholds(&["above_percent = 80"]), &forecast), @r"
    add notification actual > 80% to budget `monthly` [safe]
    note: budget monthly also notifies, which stays: a@example.com on forecasted > 80%
    ");
}

#[test]
fn of_several_that_come_in_time_the_one_with_the_wanted_recipients_counts() {
    let want = thresholds(&["above_percent = 80"]);
    let live = notifying(&[
        &actual("above_percent = 60"),
        "on = \"actual\"\nabove_percent = 70\nto = [\"b@example.com\"]",
    ]);
    let out = testing::found::<Budgets>(&want, &Observed::of(live));
    assert!(out.steps.is_empty(), "{}", testing::told(&out));
}

#[test]
fn a_notification_that_comes_too_late_moves_with_its_recipients() {
    let late = thresholds(&["above_percent = 85"]);
    insta::assert_snapshot!(
        plan(&thresholds(&["above_percent = 80"]), &late),
        @"change notification actual > 85% of budget `monthly` to actual > 80% [safe]"
    );
    // Others would lose theirs.
    let of_others = notifying(&["on = \"actual\"\nabove_percent = 85\nto = [\"b@example.com\"]"]);
    insta::assert_snapshot!(plan(&thresholds(&["above_percent = 80"]), &of_others), @r"
    add notification actual > 80% to budget `monthly` [safe]
    note: budget monthly also notifies, which stays: b@example.com on actual > 85%
    ");
}

#[test]
fn only_the_word_exactly_makes_a_notification_later_and_that_needs_consent() {
    let early = thresholds(&["above_percent = 80"]);
    let out = testing::found::<Budgets>(&thresholds(&["above_percent = 90"]), &Observed::of(early.clone()));
    assert!(out.steps.is_empty(), "{}", testing::told(&out));
    insta::assert_snapshot!(
        plan(&thresholds(&["above_percent = { exactly = 90 }"]), &early),
        @r"
    change notification actual > 80% of budget `monthly` to actual > 90% [safe]
      weakens: notifies on actual > 90% instead of actual > 80%
    "
    );
    assert_eq!(
        plan(&thresholds(&["above_percent = { exactly = 80 }"]), &early),
        ""
    );
}

#[test]
fn a_notification_of_less_than_the_threshold_is_none() {
    let odd = Trigger {
        on: On::Actual,
        is_amount: false,
        above: "80".parse().unwrap(),
        compares: Compares::LessThan,
    };
    let ids = Ids {
        beside: BTreeMap::from([(
            "monthly".to_owned(),
            Beside {
                odd: vec![odd],
                ..Beside::default()
            },
        )]),
        ..Ids::default()
    };
    let live = notifying(&[]);
    insta::assert_snapshot!(plan_with(&thresholds(&["above_percent = 80"]), &live, ids.clone()), @r"
    add notification actual > 80% to budget `monthly` [safe]
    note: budget monthly also notifies, which stays: actual < 80%
    ");
    // The empty list asks for none at all.
    insta::assert_snapshot!(plan_with(&live, &live, ids), @r"
    delete notification actual < 80% of budget `monthly` [destructive]
      ! stops this notification
    ");
}

#[test]
fn an_empty_list_deletes_every_notification() {
    insta::assert_snapshot!(plan(&notifying(&[]), &example()), @r"
    delete notification actual > 80% of budget `monthly` [destructive]
      ! stops this notification to billing@example.com
    delete notification forecasted > 100% of budget `monthly` [destructive]
      ! stops this notification to billing@example.com
    ");
}

#[test]
fn where_aws_has_no_room_for_another_notification_that_budget_alone_is_refused() {
    let full = |from: u32| {
        let all: Vec<String> = (from..from + 10)
            .map(|n| format!("on = \"forecasted\"\nabove_percent = {n}\nto = [\"n{n}@example.com\"]"))
            .collect();
        notifying(&all.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let mut want = thresholds(&["above_percent = 80"]);
    want.budgets.get_mut("monthly").unwrap().amount = "7".parse().ok();
    want.budgets
        .insert("other".to_owned(), example().budgets["monthly"].clone());
    insta::assert_snapshot!(plan(&want, &full(1)), @r"
    create budget `other` [safe]
    refused for monthly: AWS allows 10 notifications of a budget: delete one that is no longer needed
    ");
}

/// What `fetch` reads where a budget of another name exists and none of the wanted one.
fn other_name(live: Model, beside: Beside) -> Observed<Model, Ids> {
    Observed {
        ids: Ids {
            stand_ins: BTreeMap::from([("theirs".to_owned(), live.budgets["monthly"].clone())]),
            beside: BTreeMap::from([("theirs".to_owned(), beside)]),
            ..Ids::default()
        },
        ..Observed::of(absent())
    }
}

#[test]
fn a_budget_of_another_name_counts_if_it_does_all_that_is_wanted() {
    let out = |live: Model| testing::found::<Budgets>(&example(), &other_name(live, Beside::default()));
    for live in [
        example(),
        changed(|budget| budget.amount = "90".parse().ok()),
        changed(|budget| first(budget).above_percent = notification("above_percent = 70").above_percent),
        changed(|budget| first(budget).to = to(&["x@example.com", "billing@example.com"])),
    ] {
        let out = out(live.clone());
        assert!(
            out.steps.is_empty() && out.entries.is_empty(),
            "{live:?}: {}",
            testing::told(&out)
        );
        assert_eq!(out.kept, [["monthly"]]);
    }
    insta::assert_snapshot!(
        testing::told(&out(example())),
        @"note: budget theirs does what [budgets.monthly] asks for, so no second one is made"
    );
}

#[test]
fn a_budget_of_another_name_that_lacks_something_stays_and_the_wanted_one_is_made() {
    let made = "create budget `monthly` [safe]";
    for live in [
        changed(|budget| budget.amount = "101".parse().ok()),
        // It would notify once a month, long before.
        changed(|budget| budget.amount = "1".parse().ok()),
        changed(|budget| budget.unit = Some("EUR".to_owned())),
        changed(|budget| budget.period = Some(Period::Quarterly)),
        changed(|budget| budget.include_credits = Some(true)),
        changed(|budget| budget.notifications = Some(vec![])),
        changed(|budget| first(budget).to = to(&["x@example.com"])),
    ] {
        let seen = other_name(live.clone(), Beside::default());
        let out = testing::found::<Budgets>(&example(), &seen);
        assert_eq!(testing::told(&out), made, "{live:?}");
    }
    for beside in [
        Beside {
            moves: Some("adjusts its amount by itself".to_owned()),
            ..Beside::default()
        },
        Beside {
            unhealthy: Some("FILTER_INVALID".to_owned()),
            ..Beside::default()
        },
        Beside {
            ends: Some("2000-01-01".to_owned()),
            ..Beside::default()
        },
    ] {
        let seen = other_name(example(), beside.clone());
        let run = Run {
            today: jiff::civil::date(2026, 11, 30),
            ..Run::default()
        };
        let out = testing::found_in::<Budgets>(&example(), &seen, run);
        assert_eq!(testing::told(&out), made, "{beside:?}");
    }
}

#[test]
fn of_several_the_nearest_counts_and_the_others_are_named() {
    let mut seen = other_name(example(), Beside::default());
    let lower = changed(|budget| budget.amount = "60".parse().ok()).budgets["monthly"].clone();
    seen.ids.stand_ins.insert("lower".to_owned(), lower);
    insta::assert_snapshot!(
        testing::told(&testing::found::<Budgets>(&example(), &seen)),
        @"note: budget theirs does what [budgets.monthly] asks for (so do lower), so no second one is made"
    );
}

fn with(live: &Model, beside: Beside) -> Observed<Model, Ids> {
    Observed {
        ids: Ids {
            beside: BTreeMap::from([("monthly".to_owned(), beside)]),
            ..Ids::default()
        },
        ..Observed::of(live.clone())
    }
}

#[test]
fn an_amount_that_moves_by_itself_stays_while_it_is_not_above_the_wanted_one() {
    let adjusts = || Beside {
        moves: Some("adjusts its amount by itself".to_owned()),
        ..Beside::default()
    };
    let at = |amount: Option<&str>| {
        let live = changed(|budget| budget.amount = amount.map(|amount| amount.parse().unwrap()));
        testing::told(&testing::found::<Budgets>(&example(), &with(&live, adjusts())))
    };
    insta::assert_snapshot!(at(Some("90")), @"note: budget monthly adjusts its amount by itself, now 90, which is not above 100; that stays");
    insta::assert_snapshot!(at(Some("100")), @"note: budget monthly adjusts its amount by itself, now 100, which is not above 100; that stays");
    insta::assert_snapshot!(at(Some("110")), @"refused for monthly: the budget adjusts its amount by itself, now 110, and the file asks for 100: give the table another name, or give the budget a fixed amount in the console");
    insta::assert_snapshot!(at(None), @"refused for monthly: the budget adjusts its amount by itself, and the file asks for 100: give the table another name, or give the budget a fixed amount in the console");
}

#[test]
fn a_budget_that_has_ended_gets_no_end_and_a_later_end_is_noted() {
    let run = || Run {
        today: jiff::civil::date(2026, 11, 30),
        ..Run::default()
    };
    let ends = |day: &str| {
        let beside = Beside {
            ends: Some(day.to_owned()),
            ..Beside::default()
        };
        testing::told(&testing::found_in::<Budgets>(
            &example(),
            &with(&example(), beside),
            run(),
        ))
    };
    insta::assert_snapshot!(ends("2026-11-30"), @"change budget `monthly`: no end date [safe]");
    insta::assert_snapshot!(ends("2026-12-01"), @"note: budget monthly ends on 2026-12-01, and AWS deletes it then");
}

#[test]
fn a_budget_that_aws_does_not_update_is_a_manual_task_and_other_cost_types_are_noted() {
    let beside = Beside {
        unhealthy: Some("its billing view does not work".to_owned()),
        cost_types: vec!["IncludeTax = false".to_owned()],
        ..Beside::default()
    };
    insta::assert_snapshot!(testing::told(&testing::found::<Budgets>(&example(), &with(&example(), beside))), @r"
    person: repair budget monthly: AWS does not update it, so it sends no notifications (its billing view does not work). https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html
    note: budget monthly has cost types other than AWS's defaults: IncludeTax = false
    ");
}

#[test]
fn a_renamed_table_leaves_the_old_budget_behind() {
    let mut want = example();
    want.budgets.get_mut("monthly").unwrap().previously = Some("old".to_owned());
    let mut live = absent();
    live.budgets
        .insert("old".to_owned(), example().budgets["monthly"].clone());
    insta::assert_snapshot!(plan(&want, &live), @r"
    create budget `monthly` [safe]
    delete budget `old` [destructive]
      after create budget `monthly`
    ");
    live.budgets
        .insert("monthly".to_owned(), example().budgets["monthly"].clone());
    insta::assert_snapshot!(plan(&want, &live), @"delete budget `old` [destructive]");
    live.budgets.remove("old");
    assert_eq!(plan(&want, &live), "");
    // Without the new one the old one stays.
    let mut poor = model("[monthly]\namount = 1\npreviously = \"old\"");
    poor.budgets.get_mut("monthly").unwrap().period = Some(Period::Daily);
    let mut live = absent();
    live.budgets
        .insert("old".to_owned(), example().budgets["monthly"].clone());
    assert!(!plan(&poor, &live).contains("delete"));
}

#[test]
fn a_budget_to_be_absent_goes() {
    insta::assert_snapshot!(plan(&absent(), &example()), @"delete budget `monthly` [destructive]");
    assert_eq!(plan(&absent(), &absent()), "");
    let others = BTreeMap::from([("monthly".to_owned(), "is another".to_owned())]);
    let ids = Ids {
        others,
        ..Ids::default()
    };
    insta::assert_snapshot!(
        plan_with(&absent(), &Model::default(), ids),
        @"delete budget `monthly` [destructive]"
    );
}

#[test]
fn what_a_table_cannot_say_is_not_overwritten() {
    let others = BTreeMap::from([(
        "monthly".to_owned(),
        "exists and is a USAGE budget, not one of cost".to_owned(),
    )]);
    let ids = Ids {
        others,
        ..Ids::default()
    };
    insta::assert_snapshot!(
        plan_with(&example(), &Model::default(), ids),
        @"refused for monthly: the budget of this name exists and is a USAGE budget, not one of cost: give the table another name, or delete the budget"
    );
}

#[test]
fn a_name_that_is_taken_leaves_the_neighbours_their_steps() {
    let mut want = example();
    want.budgets
        .insert("other".to_owned(), example().budgets["monthly"].clone());
    let ids = Ids {
        others: BTreeMap::from([(
            "monthly".to_owned(),
            "counts a part of the bill only (Service)".to_owned(),
        )]),
        ..Ids::default()
    };
    let out = testing::found::<Budgets>(
        &want,
        &Observed {
            ids,
            ..Observed::of(Model::default())
        },
    );
    insta::assert_snapshot!(testing::told(&out), @r"
    create budget `other` [safe]
    refused for monthly: the budget of this name counts a part of the bill only (Service): give the table another name, or delete the budget
    ");
    assert!(out.refusals.is_empty());
}

#[test]
fn a_service_that_refuses_is_told_once() {
    let ids = Ids {
        refusal: Some("ask the payer".to_owned()),
        ..Ids::default()
    };
    insta::assert_snapshot!(
        plan_with(&example(), &Model::default(), ids),
        @"refused: ask the payer"
    );
}

#[test]
fn tags_go_along_and_are_kept_true_beside_others() {
    let run = Run {
        tags: BTreeMap::from([("managed-by".to_owned(), "trueup".to_owned())]),
        ..Run::default()
    };
    let out = testing::found_in::<Budgets>(&example(), &Observed::of(absent()), run.clone());
    let Action::Create { tags, .. } = &out.steps[0].action else {
        panic!("{:?}", out.steps[0].action);
    };
    assert_eq!(*tags, run.tags);
    let with = |tags: &[(&str, &str)]| {
        let tags = tags
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let seen = Observed {
            ids: Ids {
                tags: BTreeMap::from([("monthly".to_owned(), tags.collect())]),
                ..Ids::default()
            },
            ..Observed::of(example())
        };
        testing::told(&testing::found_in::<Budgets>(&example(), &seen, run.clone()))
    };
    insta::assert_snapshot!(
        with(&[("team", "web")]),
        @r#"tag budget `monthly`: managed-by = "trueup" [safe]"#
    );
    assert_eq!(with(&[("team", "web"), ("managed-by", "trueup")]), "");
}

#[test]
fn mistakes_are_named_with_their_budget() {
    let wrong = |text: &str| -> Vec<String> {
        let wrong = Budgets::check(&model(text));
        wrong.into_iter().map(|(_, what)| what).collect()
    };
    for (text, said) in [
        ("[\"a:b\"]\namount = 1", "`:` and `\\` are not allowed"),
        ("[\"a/action/b\"]\namount = 1", "`/action/` is not allowed"),
        ("[m]", "m: says nothing"),
        ("[m]\namount = -1", "m: amount -1 is out of range"),
        ("[m]\namount = 1\nunit = \"EUR\"", "is not one in which AWS bills"),
        ("[m]\namount = 1\npreviously = \"m\"", "own name"),
        (
            "[m]\namount = 1\npreviously = \"o\"\n[o]\namount = 2",
            "has a table of its own",
        ),
        (
            "[m]\nnotifications = [{ above_percent = 1, to = [\"topic\"] }]",
            "m: notification 1 lacks `on`",
        ),
        (
            "[m]\nnotifications = [{ on = \"actual\", to = [\"topic\"] }]",
            "either above_percent or above_amount",
        ),
        (
            "[m]\nnotifications = [{ on = \"actual\", above_amount = 15000000000001, to = [\"topic\"] }]",
            "out of range",
        ),
        (
            "[m]\nnotifications = [{ on = \"actual\", above_amount = 1 }]",
            "has no recipients",
        ),
        (
            "[m]\nnotifications = [{ on = \"actual\", above_amount = 1, to = [\"topic\", \"arn:aws:sns:r:1:t\"] }]",
            "has 2 topics",
        ),
        (
            "[m]\nnotifications = [{ on = \"actual\", above_amount = 1, to = [\"a@b.c\", \"A@B.C\"] }]",
            "has A@B.C twice",
        ),
        (
            "[m]\nnotifications = [{ on = \"actual\", above_amount = 1, to = [\"a@b.c\"] }, \
             { on = \"actual\", above_amount = \"1.0\", to = [\"b@b.c\"] }]",
            "notification 2 is on actual > 1, as another one",
        ),
    ] {
        let found = wrong(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].contains(said), "{text}: {found:?}");
    }
    let one = |n: u32| format!("{{ on = \"actual\", above_percent = {n}, to = [\"a@b.c\"] }}");
    let many: Vec<String> = (1..=11).map(one).collect();
    let found = wrong(&format!("[m]\nnotifications = [{}]", many.join(", ")));
    assert_eq!(found, ["m: 11 notifications are too many; expected 10 at most"]);
    assert_eq!(Budgets::check(&example()), []);
    assert_eq!(Budgets::check(&absent()), []);
}

#[test]
fn what_is_exported_plans_to_nothing() {
    for live in [example(), absent()] {
        let text = toml::to_string(&live).unwrap();
        assert_eq!(model(&text), live);
        assert_eq!(plan(&model(&text), &live), "");
    }
}
