//! The decisions, with two values each: what is wanted, and what is there.

use trueup_core::env::Run;
use trueup_core::tags::Tags;
use trueup_policy::Policy;

use super::model::Role;
use super::*;
use crate::testing;

const ALICE: &str = "arn:aws:iam::111122223333:user/alice";
const ONCALL: &str = "arn:aws:iam::999988887777:role/oncall";

fn model(text: &str) -> Model {
    toml::from_str(text).unwrap()
}

fn want() -> Model {
    model("role = \"support\"")
}

fn naming(principals: &[&str]) -> Model {
    Model {
        principals: Some(principals.iter().map(|who| (*who).to_owned()).collect()),
        ..want()
    }
}

fn policy(text: &str) -> Policy {
    text.parse().unwrap()
}

/// An account that is as `want` says, with the trust of a new role.
fn live() -> Observed<Model, Ids> {
    let trust = policy(
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
            "Action": "sts:AssumeRole", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}}"#,
    );
    Observed {
        model: model(
            "enabled = true\nrole = \"support\"\nprincipals = [\"111122223333\"]\nrole_description = \"\"",
        ),
        ids: Ids {
            role: Some(Role {
                name: "support".to_owned(),
                has_support_access: true,
                trust,
                description: None,
                foreign: vec![],
                tags: Tags::new(),
            }),
            other: None,
        },
        held_by: None,
    }
}

fn with(change: impl FnOnce(&mut Role)) -> Observed<Model, Ids> {
    let mut seen = live();
    change(seen.ids.role.as_mut().unwrap());
    seen
}

fn nothing() -> Observed<Model, Ids> {
    Observed::of(model("enabled = false"))
}

fn told(want: &Model, seen: &Observed<Model, Ids>) -> String {
    testing::told(&testing::found::<SupportRole>(want, seen))
}

#[test]
fn a_new_account_gets_a_role_that_its_own_users_assume_with_mfa() {
    let out = testing::found::<SupportRole>(&want(), &nothing());
    insta::assert_snapshot!(testing::told(&out), @"
    create the role support [safe]
    attach AWSSupportAccess to the role support [safe]
      after create the role support
    ");
    let Action::CreateRole { trust, .. } = &out.steps[0].action else {
        panic!("{:?}", out.steps[0].action);
    };
    assert_eq!(*trust, live().ids.role.unwrap().trust);
}

#[test]
fn people_are_asked_for_mfa_and_roles_cannot_be() {
    let out = testing::found::<SupportRole>(&naming(&[ALICE, ONCALL, "111122223333"]), &nothing());
    let Action::CreateRole { trust, .. } = &out.steps[0].action else {
        panic!("{:?}", out.steps[0].action);
    };
    let expected = policy(
        r#"{"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole",
             "Principal": {"AWS": ["arn:aws:iam::111122223333:user/alice", "111122223333"]},
             "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}},
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::999988887777:role/oncall"}}]}"#,
    );
    assert_eq!(*trust, expected);
}

#[test]
fn what_is_as_wanted_needs_nothing_in_whatever_words() {
    assert_eq!(told(&want(), &live()), "");
    assert_eq!(told(&naming(&["111122223333"]), &live()), "");
    assert_eq!(told(&naming(&["arn:aws:iam::111122223333:root"]), &live()), "");
    let apart = with(|role| {
        role.trust = policy(
            r#"{"Statement": [
                {"Sid": "b", "Effect": "Allow", "Principal": {"AWS": ["111122223333"]}, "Action": ["STS:AssumeRole"],
                 "Condition": {"Bool": {"aws:multifactorauthpresent": true}}},
                {"Sid": "a", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:user/alice"},
                 "Action": "sts:AssumeRole", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": ["true"]}}},
                {"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::999988887777:role/oncall"]}, "Action": "sts:AssumeRole"}]}"#,
        );
    });
    assert_eq!(told(&naming(&[ONCALL, ALICE, "111122223333"]), &apart), "");
}

#[test]
fn a_trust_is_changed_only_where_the_file_names_who_gets_in() {
    let open = with(|role| {
        role.trust = policy(
            r#"{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"},
                {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}"#,
        );
    });
    assert_eq!(told(&want(), &open), "");
    insta::assert_snapshot!(told(&naming(&["111122223333"]), &open), @"
    set who may assume the role support [disruptive]
      ! ec2.amazonaws.com no longer gets in
    ");
    insta::assert_snapshot!(told(&naming(&["111122223333", ONCALL]), &live()), @"set who may assume the role support [safe]");
    insta::assert_snapshot!(told(&naming(&[ALICE]), &live()), @"
    set who may assume the role support [disruptive]
      ! 111122223333 no longer gets in
    ");
    let without_mfa = with(|role| {
        role.trust = policy(
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "111122223333"},
                "Action": "sts:AssumeRole"}}"#,
        );
    });
    insta::assert_snapshot!(told(&naming(&["111122223333"]), &without_mfa), @"
    set who may assume the role support [disruptive]
      ! it changes how those who assume the role get in
    ");
}

#[test]
fn a_role_of_the_name_gets_the_policy_and_keeps_the_rest() {
    let bare = with(|role| role.has_support_access = false);
    insta::assert_snapshot!(told(&want(), &bare), @"attach AWSSupportAccess to the role support [safe]");
    let lambda = with(|role| {
        role.has_support_access = false;
        role.trust = policy(
            r#"{"Statement": {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}}"#,
        );
    });
    insta::assert_snapshot!(told(&want(), &lambda), @"
    attach AWSSupportAccess to the role support [disruptive]
      ! it lets lambda.amazonaws.com deal with AWS Support too
    ");
    let described = Model {
        role_description: Some("cases".to_owned()),
        ..want()
    };
    insta::assert_snapshot!(told(&described, &live()), @"set the description of the role support [safe]");
}

#[test]
fn a_role_of_another_name_is_enough() {
    let mut other = nothing();
    other.ids.other = Some("SupportEngineers".to_owned());
    other.model = model("enabled = true");
    assert_eq!(told(&naming(&[ALICE]), &other), told(&want(), &other));
    insta::assert_snapshot!(told(&want(), &other), @"note: the role SupportEngineers has AWSSupportAccess, which is enough: it stays as it is, and none of the name support is made");
    let any = model("enabled = true");
    assert_eq!(told(&any, &other), "");
    assert!(told(&any, &nothing()).starts_with("person: no role has AWSSupportAccess"));
    // The one that is named comes first.
    assert_eq!(told(&any, &live()), "");
}

#[test]
fn tags_that_are_missing_are_sent_and_others_stay() {
    let seen = with(|role| role.tags = [("team".to_owned(), "web".to_owned())].into());
    let run = Run {
        tags: [("managed-by".to_owned(), "trueup".to_owned())].into(),
        ..Run::default()
    };
    let out = testing::found_in::<SupportRole>(&want(), &seen, run.clone());
    insta::assert_snapshot!(testing::told(&out), @r#"tag the role support: managed-by = "trueup" [safe]"#);
    let out = testing::found_in::<SupportRole>(&want(), &nothing(), run.clone());
    assert!(matches!(&out.steps[0].action, Action::CreateRole { tags, .. } if *tags == run.tags));
}

#[test]
fn the_off_switch_removes_the_role_that_is_named_and_nothing_else() {
    let off = model("enabled = false\nrole = \"support\"");
    insta::assert_snapshot!(told(&off, &live()), @"delete the role support [destructive]");
    assert_eq!(told(&off, &nothing()), "");
    assert_eq!(told(&model("enabled = false"), &live()), "");
    let foreign = with(|role| role.foreign = vec!["extra".to_owned()]);
    assert!(told(&off, &foreign).contains(
        "refused: the role support has policies or instance profiles of others: extra; take them away first"
    ));
}

#[test]
fn what_an_export_says_is_read_back_and_plans_to_nothing() {
    for seen in [live(), nothing()] {
        let text = toml::to_string(&seen.model).unwrap();
        let read = model(&text);
        assert_eq!(read, seen.model);
        assert_eq!(SupportRole::check(&read), [], "{text}");
        assert_eq!(told(&read, &seen), "", "{text}");
    }
}

#[test]
fn a_trust_that_a_list_cannot_say_is_not_exported() {
    let said = |text: &str| trust::principals(&policy(text));
    assert_eq!(
        trust::principals(&live().ids.role.unwrap().trust),
        Some(vec!["111122223333".to_owned()])
    );
    for text in [
        r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}}"#,
        r#"{"Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}}"#,
        r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}}"#,
        r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "AROAEXAMPLEID"}, "Action": "sts:AssumeRole"}}"#,
        r#"{"Statement": []}"#,
    ] {
        assert_eq!(said(text), None, "{text}");
    }
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (text, key) in [
        ("", ""),
        ("role = \"a b\"", "role"),
        ("role = \"AWSReservedSSO_x\"", "role"),
        ("role = \"a\"\nprincipals = []", "principals"),
        ("role = \"a\"\nprincipals = [\"*\"]", "principals"),
        ("role = \"a\"\nprincipals = [\"alice\"]", "principals"),
        (
            "role = \"a\"\nprincipals = [\"arn:aws:iam::111122223333:user/*\"]",
            "principals",
        ),
        (
            "role = \"a\"\nprincipals = [\"arn:aws:iam::111122223333:group/g\"]",
            "principals",
        ),
        ("enabled = true\nprincipals = [\"111122223333\"]", "principals"),
        ("enabled = true\nrole_description = \"x\"", "role_description"),
    ] {
        let wrong = SupportRole::check(&model(text));
        assert!(wrong.iter().any(|(at, _)| *at == key), "{text}: {wrong:?}");
    }
    for text in [
        "enabled = false",
        "enabled = true",
        "role = \"a\"",
        "role = \"a\"\nprincipals = [\"111122223333\", \"arn:aws-us-gov:iam::111122223333:role/x/y\"]",
    ] {
        assert_eq!(SupportRole::check(&model(text)), [], "{text}");
    }
}
