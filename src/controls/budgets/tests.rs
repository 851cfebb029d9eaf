use std::collections::BTreeMap;

use trueup_core::env::Run;

use super::model::{Budget, Notification, On, Period};
use super::*;
use crate::testing;

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
    insta::assert_snapshot!(testing::told(&out), @"create the budget monthly [safe]");
    let Action::Create { budget, .. } = &out.steps[0].action else {
        panic!("{:?}", out.steps[0].action);
    };
    assert_eq!(*budget, example().budgets["monthly"]);
}

#[test]
fn what_a_new_budget_lacks_is_said() {
    insta::assert_snapshot!(
        plan(&model("[monthly]\nperiod = \"daily\""), &absent()),
        @"refused: there is no budget monthly, and to make one its table lacks amount, unit"
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
        @"change the budget monthly: amount = 100, include_credits = false [safe]"
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
fn recipients_are_an_exact_list() {
    let want = changed(|budget| first(budget).to = to(&["a@example.com", "b@example.com"]));
    let more = |names: &[&str]| changed(|budget| first(budget).to = to(names));
    insta::assert_snapshot!(
        plan(&want, &more(&["a@example.com"])),
        @"tell b@example.com of the budget monthly on actual > 80% [safe]"
    );
    insta::assert_snapshot!(
        plan(&want, &more(&["A@example.com", "b@example.com", "c@example.com"])),
        @r"
    stop telling c@example.com of the budget monthly on actual > 80% [destructive]
      ! stops this notice to c@example.com
    "
    );
    insta::assert_snapshot!(
        plan(&want, &more(&["a@example.com", "c@example.com"])),
        @r"
    tell b@example.com instead of c@example.com of the budget monthly on actual > 80% [destructive]
      ! stops this notice to c@example.com
    "
    );
    // The last one would take the notification along, so the new ones come first.
    insta::assert_snapshot!(
        plan(
            &more(&["a@example.com"]),
            &more(&["arn:aws:sns:us-east-1:111122223333:old"])
        ),
        @r"
    tell a@example.com of the budget monthly on actual > 80% [safe]
    stop telling arn:aws:sns:us-east-1:111122223333:old of the budget monthly on actual > 80% [destructive]
      after tell a@example.com of the budget monthly on actual > 80%
      ! stops this notice to arn:aws:sns:us-east-1:111122223333:old
    "
    );
}

#[test]
fn another_threshold_moves_the_notification_with_its_recipients() {
    let live = changed(|budget| first(budget).above_percent = "85".parse().ok());
    insta::assert_snapshot!(
        plan(&example(), &live),
        @"notify of the budget monthly on actual > 80% instead of actual > 85% [safe]"
    );
}

#[test]
fn single_notifications_come_and_go() {
    let fewer = changed(|budget| {
        budget.notifications.as_mut().unwrap().pop();
    });
    insta::assert_snapshot!(
        plan(&example(), &fewer),
        @"notify of the budget monthly on forecasted > 100% [safe]"
    );
    insta::assert_snapshot!(plan(&fewer, &example()), @r"
    stop notifying of the budget monthly on forecasted > 100% [destructive]
      ! stops this notice to billing@example.com
    ");
    let other = changed(|budget| {
        *first(budget) = Notification {
            on: Some(On::Actual),
            above_amount: "50".parse().ok(),
            to: to(&["c@example.com"]),
            ..Notification::default()
        };
    });
    insta::assert_snapshot!(plan(&example(), &other), @r"
    notify of the budget monthly on actual > 80% [safe]
    stop notifying of the budget monthly on actual > 50 [destructive]
      after notify of the budget monthly on actual > 80%
      ! stops this notice to c@example.com
    ");
}

#[test]
fn where_aws_has_no_room_for_both_the_old_notification_goes_first() {
    let ten = |from: u32| {
        changed(|budget| {
            let notification = |n: u32| Notification {
                on: Some(On::Actual),
                above_percent: n.to_string().parse().ok(),
                above_amount: None,
                to: to(&[&format!("n{n}@example.com")]),
            };
            budget.notifications = Some((from..from + 10).map(notification).collect());
        })
    };
    insta::assert_snapshot!(plan(&ten(2), &ten(1)), @r"
    stop notifying of the budget monthly on actual > 1% [destructive]
      ! stops this notice to n1@example.com
    notify of the budget monthly on actual > 11% [safe]
      after stop notifying of the budget monthly on actual > 1%
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
    create the budget monthly [safe]
    delete the budget old [destructive]
      after create the budget monthly
    ");
    live.budgets
        .insert("monthly".to_owned(), example().budgets["monthly"].clone());
    insta::assert_snapshot!(plan(&want, &live), @"delete the budget old [destructive]");
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
    insta::assert_snapshot!(plan(&absent(), &example()), @"delete the budget monthly [destructive]");
    assert_eq!(plan(&absent(), &absent()), "");
    let others = BTreeMap::from([("monthly".to_owned(), "is another".to_owned())]);
    let ids = Ids {
        others,
        ..Ids::default()
    };
    insta::assert_snapshot!(
        plan_with(&absent(), &Model::default(), ids),
        @"delete the budget monthly [destructive]"
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
        @"refused: the budget monthly exists and is a USAGE budget, not one of cost: give the table another name, or delete the budget"
    );
    let live = changed(|budget| (budget.include_credits, budget.include_refunds) = (None, None));
    let ids = Ids {
        by_expression: vec!["monthly".to_owned()],
        ..Ids::default()
    };
    insta::assert_snapshot!(
        plan_with(&example(), &live, ids.clone()),
        @"refused: the budget monthly chooses its costs by a filter expression, which include_credits and include_refunds cannot change: leave them out, or give the table another name"
    );
    let mut want = example();
    let budget = want.budgets.get_mut("monthly").unwrap();
    (budget.include_credits, budget.include_refunds) = (None, None);
    assert_eq!(plan_with(&want, &live, ids), "");
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
        @r#"tag the budget monthly: managed-by = "trueup" [safe]"#
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
        ("[m]\namount = 1\nunit = \"dollars\"", "is no currency"),
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
            "tells nobody",
        ),
        (
            "[m]\nnotifications = [{ on = \"actual\", above_amount = 1, to = [\"topic\", \"arn:aws:sns:r:1:t\"] }]",
            "tells 2 topics",
        ),
        (
            "[m]\nnotifications = [{ on = \"actual\", above_amount = 1, to = [\"a@b.c\", \"A@B.C\"] }]",
            "tells A@B.C twice",
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
