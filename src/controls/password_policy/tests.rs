use trueup_core::fault::{Fault, FaultKind};
use trueup_core::values::{Bound, NumberOr};

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
        minimum_length: Some(Bound::Plain(8)),
        ..live()
    };
    insta::assert_snapshot!(plan(&example(), &shorter), @"set the IAM password policy [safe]");
}

#[test]
fn keys_that_are_not_managed_are_sent_back_as_they_were_read() {
    let out = found(&model("minimum_length = 16"), &live());
    let sent = Model {
        minimum_length: Some(Bound::Plain(16)),
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
    // One that asks for nothing in their place is weaker.
    insta::assert_snapshot!(plan(&model("reuse_prevention = 5"), &absent()), @r"
    set the IAM password policy [safe]
      weakens: this replaces AWS's built-in policy, which asks for three of the four kinds of characters; write require_symbols, require_numbers, require_uppercase or require_lowercase to keep asking for them
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
        max_age_days: Some(Bound::Plain(NumberOr::from_api(Some(90)))),
        ..live()
    };
    insta::assert_snapshot!(plan(&want, &sooner), @"note: max_age_days is 90 and stays, as the file asks for 180 or stricter; for 180 itself write { exactly = 180 }");
}

#[test]
fn a_hard_expiry_needs_consent_once_something_expires() {
    let expiring = Model {
        max_age_days: Some(Bound::Plain(NumberOr::from_api(Some(90)))),
        ..live()
    };
    insta::assert_snapshot!(plan(&model("hard_expiry = true"), &expiring), @r"
    set the IAM password policy [disruptive]
      ! users whose password expires are locked out until an administrator resets it
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
    insta::assert_snapshot!(plan(&model("max_age_days = 90\nhard_expiry = true"), &hard), @r"
    set the IAM password policy [disruptive]
      ! passwords older than 90 days expire at once
      ! users whose password expires are locked out until an administrator resets it
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
    seen.ids.told.others_without_mfa = 195;
    assert!(
        told(&seen)
            .contains(": alice, bob and 195 more by the credential report, which may be four hours old;")
    );
    seen.ids.told.without_mfa.clear();
    assert!(
        told(&seen).contains("expires: 195 more by the"),
        "{}",
        told(&seen)
    );
    let refused = Fault {
        kind: FaultKind::Denied,
        call: "iam:GetCredentialReport".to_owned(),
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
        unread: Some(throttled),
        ..Told::default()
    };
    insta::assert_snapshot!(told(&seen), @"note: whether IAM users sign in without MFA is not known: iam:GetCredentialReport: Throttling; run again later, or with a smaller --parallelism");
    seen.ids.told.unread = Some(refused);
    insta::assert_snapshot!(told(&seen), @"note: whether IAM users sign in without MFA is not known: IAM does not show the users (AccessDenied); iam:GenerateCredentialReport, iam:GetCredentialReport, iam:GetLoginProfile and iam:ListMFADevices are needed");
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
fn a_stricter_policy_stays_and_is_noted_key_by_key() {
    let want = model(
        "minimum_length = 14\nrequire_symbols = false\nrequire_numbers = true\nreuse_prevention = 5\n\
         max_age_days = \"never\"",
    );
    let stricter = model(
        "minimum_length = 20\nrequire_symbols = true\nreuse_prevention = 24\nmax_age_days = 90\n\
         allow_users_to_change = true\nhard_expiry = false",
    );
    insta::assert_snapshot!(plan(&want, &stricter.over(&live())), @r#"
    note: minimum_length is 20 and stays, as the file asks for 14 or stricter; for 14 itself write { exactly = 14 }
    note: reuse_prevention is 24 and stays, as the file asks for 5 or stricter; for 5 itself write { exactly = 5 }
    note: max_age_days is 90 and stays, as the file asks for "never" or stricter; for "never" itself write { exactly = "never" }
    note: require_symbols is true and stays, as the file asks for false or stricter; for false itself write { exactly = false }
    "#);
}

#[test]
fn exactly_loosens_each_key_by_consent() {
    let want = model(
        "minimum_length = { exactly = 10 }\nrequire_symbols = { exactly = false }\n\
         reuse_prevention = { exactly = 5 }\nmax_age_days = { exactly = \"never\" }",
    );
    let expiring = model("max_age_days = 90").over(&live());
    insta::assert_snapshot!(plan(&want, &expiring), @r"
    set the IAM password policy [safe]
      weakens: the minimum length falls from 14 to 10
      weakens: require_symbols is turned off
      weakens: reuse_prevention falls from 24 to 5
      weakens: passwords no longer expire after 90 days
    ");
    insta::assert_snapshot!(plan(&model("max_age_days = { exactly = 180 }"), &expiring), @r"
    set the IAM password policy [safe]
      weakens: passwords expire after 180 days instead of 90
    ");
    // A value stricter than the account's does not loosen anything.
    insta::assert_snapshot!(
        plan(&model("minimum_length = { exactly = 20 }"), &expiring),
        @"set the IAM password policy [safe]"
    );
}

#[test]
fn a_policy_written_for_one_key_sends_back_the_stricter_values_of_the_others() {
    let stricter = model("minimum_length = 20\nmax_age_days = 90").over(&live());
    let want = model("minimum_length = 14\nmax_age_days = 180\nallow_users_to_change = false");
    let out = found(&want, &stricter);
    let sent = Model {
        allow_users_to_change: Some(false),
        ..stricter
    };
    assert_eq!(out.steps[0].action, Action::Put(sent));
    assert_eq!(out.steps[0].weakens, [""; 0]);
    assert_eq!(out.kept, [["minimum_length"], ["max_age_days"]]);
}

#[test]
fn a_first_policy_never_asks_for_fewer_characters_than_the_built_in_one() {
    let sent = |text: &str| match &found(&model(text), &absent()).steps[0].action {
        Action::Put(policy) => policy.minimum_length,
        Action::Delete => None,
    };
    assert_eq!(sent("minimum_length = 6"), Some(Bound::Plain(8)));
    assert_eq!(sent("minimum_length = { exactly = 6 }"), Some(Bound::Plain(6)));
}

#[test]
fn a_hard_expiry_that_is_written_is_compared_and_one_that_is_not_is_noted() {
    let hard = Model {
        hard_expiry: Some(true),
        ..live()
    };
    insta::assert_snapshot!(
        plan(&model("hard_expiry = false"), &hard),
        @"set the IAM password policy [safe]"
    );
    insta::assert_snapshot!(plan(&model("minimum_length = 14"), &hard), @"note: hard_expiry is true: users whose password expires are locked out until an administrator resets it; write hard_expiry to manage it");
    assert_eq!(
        plan(&model("hard_expiry = true\nmax_age_days = \"never\""), &hard),
        ""
    );
}

#[test]
fn users_who_cannot_change_their_password_are_noted_where_the_key_is_not_written() {
    let fixed = Model {
        allow_users_to_change: Some(false),
        ..live()
    };
    insta::assert_snapshot!(plan(&model("minimum_length = 14"), &fixed), @"note: allow_users_to_change is false: the policy lets no IAM user change their own password; write allow_users_to_change to manage it");
    insta::assert_snapshot!(plan(&example(), &fixed), @"set the IAM password policy [safe]");
}

#[test]
fn a_table_that_says_nothing_is_a_mistake() {
    for text in ["", "state = \"present\""] {
        assert_eq!(PasswordPolicy::check(&model(text)).len(), 1, "{text}");
    }
    assert_eq!(PasswordPolicy::check(&absent()), []);
}
