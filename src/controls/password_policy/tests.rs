use trueup_core::fault::{Fault, FaultKind};
use trueup_core::values::NumberOr;

use super::model::Told;
use super::*;
use crate::testing;

fn model(text: &str) -> Model {
    toml::from_str(text).unwrap()
}

/// A policy as `fetch` reads one: every key filled in.
fn live() -> Model {
    model(
        "minimum_length = 14\nrequire_symbols = true\nrequire_numbers = true\nrequire_uppercase = true\n\
         require_lowercase = true\nallow_users_to_change = true\nreuse_prevention = 24\n\
         max_age_days = \"never\"\nhard_expiry = false\n",
    )
}

fn absent() -> Model {
    model("state = \"absent\"")
}

fn example() -> Model {
    let table: toml::Table = PasswordPolicy::DOC.example.parse().unwrap();
    table[PasswordPolicy::NAME].clone().try_into().unwrap()
}

fn found(want: &Model, live: &Model) -> Changes<Action> {
    testing::found::<PasswordPolicy>(want, &Observed::of(live.clone()))
}

fn plan(want: &Model, live: &Model) -> String {
    testing::told(&found(want, live))
}

#[test]
fn a_stricter_policy_is_safe_because_passwords_stay_valid() {
    insta::assert_snapshot!(plan(&example(), &absent()), @"set the IAM password policy [safe]");
    let shorter = Model {
        minimum_length: Some(8),
        ..live()
    };
    insta::assert_snapshot!(plan(&example(), &shorter), @"set the IAM password policy [safe]");
}

#[test]
fn keys_that_are_not_managed_are_sent_back_as_they_were_read() {
    let out = found(&model("minimum_length = 16"), &live());
    let sent = Model {
        minimum_length: Some(16),
        ..live()
    };
    assert_eq!(out.steps[0].action, Action::Put(sent));
}

#[test]
fn a_first_policy_keeps_the_length_of_the_built_in_one() {
    let out = found(&model("require_symbols = true"), &absent());
    assert_eq!(
        out.steps[0].action,
        Action::Put(model("minimum_length = 8\nrequire_symbols = true"))
    );
}

#[test]
fn a_first_policy_that_drops_what_the_built_in_one_asks_for_says_so() {
    insta::assert_snapshot!(plan(&model("minimum_length = 14"), &absent()), @r"
    set the IAM password policy [safe]
    note: this replaces AWS's built-in policy, which asks for three of the four kinds of characters; write require_symbols, require_numbers, require_uppercase or require_lowercase to keep asking for them
    ");
}

#[test]
fn an_earlier_expiry_needs_consent() {
    let want = model("max_age_days = 180");
    insta::assert_snapshot!(plan(&want, &live()), @r"
    set the IAM password policy [disruptive]
      ! passwords older than 180 days expire at once
    ");
    let sooner = Model {
        max_age_days: Some(NumberOr::from_api(Some(90))),
        ..live()
    };
    insta::assert_snapshot!(plan(&want, &sooner), @"set the IAM password policy [safe]");
}

#[test]
fn a_hard_expiry_needs_consent_once_something_expires() {
    let expiring = Model {
        max_age_days: Some(NumberOr::from_api(Some(90))),
        ..live()
    };
    insta::assert_snapshot!(plan(&model("hard_expiry = true"), &expiring), @r"
    set the IAM password policy [disruptive]
      ! who lets a password expire is locked out until an administrator resets it
    ");
    insta::assert_snapshot!(
        plan(&model("hard_expiry = true"), &live()),
        @"set the IAM password policy [safe]"
    );
}

#[test]
fn an_earlier_expiry_under_a_hard_one_says_that_it_locks_out() {
    let hard = Model {
        hard_expiry: Some(true),
        ..live()
    };
    insta::assert_snapshot!(plan(&model("max_age_days = 90"), &hard), @r"
    set the IAM password policy [disruptive]
      ! passwords older than 90 days expire at once
      ! who lets a password expire is locked out until an administrator resets it
    ");
}

#[test]
fn who_signs_in_with_a_password_alone_is_named_and_no_difference() {
    let mut seen = Observed::<Model, Ids>::of(live());
    seen.ids.told.without_mfa = vec!["alice".to_owned(), "bob".to_owned()];
    let told = |seen: &Observed<Model, Ids>| {
        let out = testing::found::<PasswordPolicy>(&example(), seen);
        assert!(out.steps.is_empty() && out.people.is_empty());
        testing::told(&out)
    };
    insta::assert_snapshot!(told(&seen), @"note: these IAM users sign in with a password alone, without MFA, and it never expires: alice, bob; give them MFA, or write max_age_days = 180 and reuse_prevention = 5 or more");
    seen.ids.told.without_mfa = (10..22).map(|n| format!("u{n}")).collect();
    assert!(told(&seen).contains("u10, u11, u12, u13, u14, u15, u16, u17, u18, u19 and 2 more;"));
    let refused = Fault {
        kind: FaultKind::Denied,
        call: "iam:ListUsers".to_owned(),
        code: Some("AccessDenied".to_owned()),
        message: "not authorized".to_owned(),
        request_id: None,
    };
    let throttled = Fault {
        kind: FaultKind::Throttled,
        code: Some("Throttling".to_owned()),
        message: "Rate exceeded".to_owned(),
        ..refused.clone()
    };
    seen.ids.told = Told {
        without_mfa: vec![],
        unread: Some(throttled),
    };
    insta::assert_snapshot!(told(&seen), @"note: whether IAM users sign in without MFA is not known: iam:ListUsers: Throttling: Rate exceeded; run again later, or with a smaller --parallelism");
    seen.ids.told.unread = Some(refused);
    insta::assert_snapshot!(told(&seen), @"note: whether IAM users sign in without MFA is not known: IAM does not show the users (AccessDenied); iam:ListUsers, iam:GetLoginProfile and iam:ListMFADevices are needed");
}

#[test]
fn users_are_looked_at_only_where_no_password_expires() {
    let expiring = model("max_age_days = 180").over(&live());
    assert!(example().lets_passwords_live(&live()));
    assert!(example().lets_passwords_live(&absent()));
    assert!(absent().lets_passwords_live(&expiring));
    assert!(!example().lets_passwords_live(&expiring));
    assert!(!model("max_age_days = 180").lets_passwords_live(&live()));
}

#[test]
fn the_built_in_policy_is_returned_to_by_deleting_ones_own() {
    insta::assert_snapshot!(plan(&absent(), &live()), @"delete the IAM password policy [destructive]");
    assert_eq!(plan(&absent(), &absent()), "");
}

#[test]
fn an_exported_policy_plans_to_nothing() {
    let expiring = model("max_age_days = 90\nreuse_prevention = \"none\"").over(&live());
    for live in [live(), expiring, absent()] {
        let read: Model = toml::Table::try_from(&live).unwrap().try_into().unwrap();
        assert_eq!(read, live);
        assert_eq!(PasswordPolicy::check(&read), []);
        assert_eq!(plan(&read, &live), "");
    }
}

#[test]
fn a_value_that_aws_would_refuse_is_refused_with_its_range() {
    for (text, key, message) in [
        (
            "minimum_length = 5",
            "minimum_length",
            "5 is out of range; expected 6 to 128",
        ),
        (
            "reuse_prevention = 25",
            "reuse_prevention",
            "25 is out of range; expected 1 to 24",
        ),
        (
            "max_age_days = 1096",
            "max_age_days",
            "1096 is out of range; expected 1 to 1095",
        ),
    ] {
        assert_eq!(PasswordPolicy::check(&model(text)), [(key, message.to_owned())]);
    }
}

#[test]
fn a_hard_expiry_of_what_never_expires_is_a_mistake() {
    let wrong = PasswordPolicy::check(&model("hard_expiry = true\nmax_age_days = \"never\""));
    assert_eq!(wrong.len(), 1);
    assert_eq!(wrong[0].0, "hard_expiry");
}

#[test]
fn a_table_that_says_nothing_is_a_mistake() {
    for text in ["", "state = \"present\""] {
        assert_eq!(PasswordPolicy::check(&model(text)).len(), 1, "{text}");
    }
    assert_eq!(PasswordPolicy::check(&absent()), []);
}
