//! The decisions, with two values each: what is wanted, and what is there.

use trueup_core::env::Run;
use trueup_core::tags::Tags;
use trueup_policy::Policy;

use super::model::Role;
use super::*;
use crate::role_rights::OtherPolicies;
use crate::role_trust::Own;
use crate::testing;

const OWN: Own<'_> = Own {
    partition: "aws",
    account: "111122223333",
};
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
                arn: "arn:aws:iam::111122223333:role/support".to_owned(),
                trust,
                boundary: None,
                others: OtherPolicies::default(),
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
fn a_trust_is_changed_where_users_get_in_without_mfa_or_nobody_does() {
    let statement = |effect: &str, condition: &str| {
        with(|role| {
            role.trust = policy(&format!(
                r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "{effect}", "Principal": {{"AWS": "111122223333"}},
                    "Action": "sts:AssumeRole"{condition}}}}}"#
            ));
        })
    };
    let mfa = r#", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}"#;
    insta::assert_snapshot!(told(&want(), &statement("Allow", "")), @"
    set who may assume the role support [disruptive]
      ! no longer let in: users without MFA, the roles of account 111122223333 (a role session carries no MFA)
    ");
    insta::assert_snapshot!(told(&want(), &statement("Deny", mfa)), @"
    set who may assume the role support [disruptive]
      ! users of account 111122223333 who have signed in with MFA can assume it from then on
    ");
    insta::assert_snapshot!(told(&want(), &statement("Deny", "")), @"refused for role: the trust of the role support is left as it is: statement 1 (no Sid) of it denies the account's users also with MFA: take it out first");
    insta::assert_snapshot!(told(&naming(&["111122223333"]), &statement("Deny", mfa)), @"set who may assume the role support [safe]");
    // Whom the owner lets in is the owner's business.
    let oncall = with(|role| {
        role.trust = policy(
            r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999988887777:role/oncall"},
                "Action": "sts:AssumeRole"}}"#,
        );
    });
    insta::assert_snapshot!(told(&want(), &oncall), @"note: the role support lets others in without MFA, which stays as it is: arn:aws:iam::999988887777:role/oncall");
}

#[test]
fn who_is_named_in_the_file_gets_in_by_whatever_statements() {
    let barrier = with(|role| {
        role.trust = policy(
            r#"{"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:user/alice",
                    "AROAEXAMPLEEXAMPLE123"]}, "Action": "sts:AssumeRole"},
                {"Effect": "Deny", "Principal": "*", "Action": "sts:*",
                 "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}]}"#,
        );
    });
    insta::assert_snapshot!(told(&naming(&[ALICE, "111122223333"]), &barrier), @"note: the trust of the role support names deleted principals, which let no one in: AROAEXAMPLEEXAMPLE123; IAM takes no document that names them: they have to be left out once it is changed");
    insta::assert_snapshot!(told(&naming(&["111122223333"]), &barrier), @"
    set who may assume the role support [disruptive]
      ! no longer let in: arn:aws:iam::111122223333:user/alice
    note: the trust of the role support names deleted principals, which let no one in: AROAEXAMPLEEXAMPLE123; they are left out of the document that is sent
    ");
}

#[test]
fn a_trust_lets_in_exactly_whom_the_file_names() {
    let open = with(|role| {
        role.trust = policy(
            r#"{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"},
                {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}"#,
        );
    });
    insta::assert_snapshot!(told(&want(), &open), @"
    set who may assume the role support [disruptive]
      ! no longer let in: users without MFA, the roles of account 111122223333 (a role session carries no MFA)
    note: the role support lets others in without MFA, which stays as it is: ec2.amazonaws.com
    ");
    insta::assert_snapshot!(told(&naming(&["111122223333"]), &open), @"
    set who may assume the role support [disruptive]
      ! no longer let in: ec2.amazonaws.com, users without MFA, the roles of account 111122223333 (a role session carries no MFA)
    ");
    insta::assert_snapshot!(told(&naming(&["111122223333", ONCALL]), &live()), @"set who may assume the role support [safe]");
    insta::assert_snapshot!(told(&naming(&[ALICE]), &live()), @"
    set who may assume the role support [disruptive]
      ! no longer let in: 111122223333
    ");
    let without_mfa = with(|role| {
        role.trust = policy(
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "111122223333"},
                "Action": "sts:AssumeRole"}}"#,
        );
    });
    insta::assert_snapshot!(told(&naming(&["111122223333"]), &without_mfa), @"
    set who may assume the role support [disruptive]
      ! no longer let in: users without MFA, the roles of account 111122223333 (a role session carries no MFA)
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
    note: the role support lets others in without MFA, which stays as it is: lambda.amazonaws.com
    ");
    let described = Model {
        role_description: Some("cases".to_owned()),
        ..want()
    };
    insta::assert_snapshot!(told(&described, &live()), @"set the description of the role support [safe]");
}

#[test]
fn what_keeps_the_role_from_dealing_with_support_is_taken_away_with_consent() {
    let denying = |text: &str| policy(&format!(r#"{{"Version": "2012-10-17", "Statement": {text}}}"#));
    let shut = with(|role| {
        let all = denying(r#"{"Effect": "Deny", "Action": "support:*", "Resource": "*"}"#);
        let some = denying(r#"{"Effect": "Deny", "Action": "support:CreateCase", "Resource": "*"}"#);
        role.others.inline = [("all".to_owned(), all.clone()), ("some".to_owned(), some)].into();
        role.others.attached = [("arn:aws:iam::aws:policy/AWSDenyAll".to_owned(), all)].into();
    });
    insta::assert_snapshot!(told(&want(), &shut), @"
    detach arn:aws:iam::aws:policy/AWSDenyAll from the role support [safe]
      weakens: arn:aws:iam::aws:policy/AWSDenyAll denies the role everything; without it the role deals with AWS Support
    delete the inline policy all of the role support [destructive]
      weakens: all denies the role everything; without it the role deals with AWS Support
    ");
}

#[test]
fn a_boundary_is_put_where_the_file_names_it_and_never_taken_away() {
    let ours = "arn:aws:iam::111122223333:policy/ours";
    let bounded = Model {
        permissions_boundary: Some(ours.to_owned().into()),
        ..want()
    };
    let live_with = |boundary: &str| with(|role| role.boundary = Some(boundary.to_owned()));
    assert_eq!(told(&bounded, &live_with(ours)), "");
    insta::assert_snapshot!(told(&bounded, &live()), @"
    limit the role support by the permissions boundary arn:aws:iam::111122223333:policy/ours [disruptive]
      ! sessions of the role can no longer do what the boundary does not allow
    ");
    insta::assert_snapshot!(told(&bounded, &live_with("arn:aws:iam::111122223333:policy/theirs")), @r#"refused for permissions_boundary: the role support has the permissions boundary arn:aws:iam::111122223333:policy/theirs, which the file does not name: write permissions_boundary = "arn:aws:iam::111122223333:policy/theirs", or take it from the role"#);
    insta::assert_snapshot!(told(&want(), &live_with(ours)), @r#"refused for permissions_boundary: the role support has the permissions boundary arn:aws:iam::111122223333:policy/ours, which the file does not name: write permissions_boundary = "arn:aws:iam::111122223333:policy/ours", or take it from the role"#);
    let out = testing::found::<SupportRole>(&bounded, &nothing());
    assert!(
        matches!(&out.steps[0].action, Action::CreateRole { boundary, .. } if *boundary == bounded.permissions_boundary)
    );
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
    let said = |text: &str| trust::principals(&policy(text), OWN);
    assert_eq!(
        trust::principals(&live().ids.role.unwrap().trust, OWN),
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
        (
            "role = \"a\"\nrole_description = \"Support – cases\"",
            "role_description",
        ),
        (
            "role = \"a\"\npermissions_boundary = \"boundary\"",
            "permissions_boundary",
        ),
        (
            "enabled = true\npermissions_boundary = \"arn:aws:iam::111122223333:policy/b\"",
            "permissions_boundary",
        ),
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
