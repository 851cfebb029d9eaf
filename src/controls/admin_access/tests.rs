//! The decisions, with two values each: what is wanted, and what is there.

use trueup_core::env::Run;
use trueup_core::tags::Tags;
use trueup_core::values::NumberOr;
use trueup_policy::Policy;

use super::documents;
use super::model::{Group, Role, SatisfiedBy, User};
use super::*;
use crate::role_rights::OtherPolicies;
use crate::role_trust::{self, Demand};
use crate::testing;

const OWN: Own<'_> = Own {
    partition: "aws",
    account: "111122223333",
};

const ROLE: &str = "arn:aws:iam::111122223333:role/administrator";

mod role;

fn model(text: &str) -> Model {
    toml::from_str(text).unwrap()
}

/// Two users, a group and a role; the second user has a path of his own making.
fn want() -> Model {
    model(
        "group = \"administrators\"\nusers = [\"alice\", \"bob\"]\nrole = \"administrator\"\nmfa_condition = \"Bool\"",
    )
}

fn good_user(name: &str) -> User {
    User {
        name: name.to_owned(),
        arn: format!("arn:aws:iam::111122223333:user/{name}"),
        has_password: true,
        has_mfa: true,
        ..User::default()
    }
}

/// An account that is as `want` says.
fn live() -> Observed<Model, Ids> {
    let inline = [
        (SWITCH_ROLE, documents::switch_role(ROLE)),
        (SELF_SERVICE, documents::self_service(OWN)),
    ];
    Observed {
        model: Model {
            role_description: Some(String::new()),
            mfa_max_age_seconds: Some(NumberOr::from_api(None)),
            max_session_seconds: Some(3600),
            ..want()
        },
        ids: Ids {
            identity_center: None,
            group: Some(Group {
                name: "administrators".to_owned(),
                inline: inline.map(|(name, policy)| (name.to_owned(), policy)).into(),
                attached: [].into(),
            }),
            role: Some(Role {
                name: "administrator".to_owned(),
                arn: ROLE.to_owned(),
                description: None,
                max_session: 3600,
                trust: trust(MfaCondition::Bool),
                lacks_administrator_access: false,
                boundary: None,
                others: OtherPolicies::default(),
                foreign: vec![],
                tags: Tags::new(),
            }),
            users: ["alice", "bob"]
                .map(|name| (name.to_owned(), good_user(name)))
                .into(),
        },
        held_by: None,
    }
}

fn with(change: impl FnOnce(&mut Observed<Model, Ids>)) -> Observed<Model, Ids> {
    let mut seen = live();
    change(&mut seen);
    seen
}

fn nothing() -> Observed<Model, Ids> {
    Observed::of(model("enabled = false"))
}

fn run(caller: &str) -> Run {
    Run {
        caller: format!("arn:aws:{caller}"),
        today: "2026-11-25".parse().unwrap(),
        ..Run::default()
    }
}

/// What is said, without the address that is said always.
fn told_to(caller: &str, want: &Model, seen: &Observed<Model, Ids>) -> String {
    let told = testing::told(&testing::found_in::<AdminAccess>(want, seen, run(caller)));
    let address = "note: switch to the role";
    let lines: Vec<&str> = told.lines().filter(|line| !line.starts_with(address)).collect();
    lines.join("\n")
}

fn told(want: &Model, seen: &Observed<Model, Ids>) -> String {
    told_to("iam::111122223333:root", want, seen)
}

fn trust(mfa: MfaCondition) -> Policy {
    role_trust::trust(OWN, Demand { mfa, max_age: None })
}

fn policy(text: &str) -> Policy {
    text.parse().unwrap()
}

#[test]
fn a_new_account_gets_all_of_it_and_a_person_the_rest() {
    let out = testing::found_in::<AdminAccess>(
        &model("group = \"administrators\"\nusers = [\"alice\"]\nrole = \"administrator\""),
        &nothing(),
        run("iam::111122223333:root"),
    );
    insta::assert_snapshot!(testing::told(&out), @"
    create the role administrator [safe]
    attach AdministratorAccess to the role administrator [safe]
      after create the role administrator
    create the group administrators [safe]
      after create the role administrator
    let the group administrators switch to the role [safe]
      after create the group administrators
    let members of administrators manage their own password and MFA [safe]
      after create the group administrators
    create the user alice, without password and keys [safe]
      after create the group administrators
    add alice to the group administrators [safe]
      after create the group administrators
      after create the user alice, without password and keys
    person: give alice a first console password, to be changed at once: `aws iam create-login-profile --user-name alice --password-reset-required --password …`, for https://111122223333.signin.aws.amazon.com/console
    person: alice has no MFA device: let alice sign in and add one under Security credentials, then sign in again with it
    note: switch to the role administrator at https://signin.aws.amazon.com/switchrole?roleName=administrator&account=111122223333
    ");
    let Action::CreateRole { trust, .. } = &out.steps[0].action else {
        panic!("{:?}", out.steps[0].action);
    };
    assert_eq!(
        trust.to_string(),
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}"#
    );
}

#[test]
fn what_is_written_of_a_new_role_goes_into_its_creation() {
    let mut run = run("iam::111122223333:root");
    run.tags = [("managed-by".to_owned(), "trueup".to_owned())].into();
    let want = model(
        "role = \"administrator\"\nrole_description = \"Administrators\"\nmfa_max_age_seconds = 3600\n\
         max_session_seconds = 7200\npermissions_boundary = \"arn:aws:iam::111122223333:policy/limit\"",
    );
    let out = testing::found_in::<AdminAccess>(&want, &nothing(), run.clone());
    assert_eq!(
        out.steps[0].action,
        Action::CreateRole {
            role: "administrator".to_owned(),
            trust: role_trust::trust(
                OWN,
                Demand {
                    mfa: MfaCondition::Bool,
                    max_age: Some(3600)
                }
            ),
            description: Some("Administrators".to_owned()),
            max_session: Some(7200),
            boundary: Some("arn:aws:iam::111122223333:policy/limit".to_owned().into()),
            tags: run.tags,
        }
    );
}

#[test]
fn what_is_as_wanted_needs_nothing_however_it_is_spelt() {
    assert_eq!(told(&want(), &live()), "");
    let odd = with(|seen| {
        let group = seen.ids.group.as_mut().unwrap();
        group.name = "Administrators".to_owned();
        group.inline.insert(
            SWITCH_ROLE.to_owned(),
            policy(&format!(
                r#"{{"Statement": {{"Sid": "x", "Action": ["STS:AssumeRole"], "Resource": ["{ROLE}"],
                    "Effect": "Allow"}}, "Version": "2012-10-17"}}"#
            )),
        );
        seen.ids.role.as_mut().unwrap().trust = policy(
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": ["111122223333"]},
                "Action": ["sts:assumerole"], "Condition": {"Bool": {"AWS:multifactorauthpresent": [true]}}}}"#,
        );
        seen.model.users = Some(vec!["bob".to_owned(), "ALICE".to_owned()]);
    });
    assert_eq!(told(&want(), &odd), "");
}

#[test]
fn the_address_to_switch_at_has_the_roles_path() {
    let address = |seen: &Observed<Model, Ids>| {
        let out = testing::found_in::<AdminAccess>(&want(), seen, run("iam::111122223333:root"));
        out.notices.last().unwrap().clone()
    };
    insta::assert_snapshot!(address(&live()), @"switch to the role administrator at https://signin.aws.amazon.com/switchrole?roleName=administrator&account=111122223333");
    let pathed = with(|seen| {
        seen.ids.role.as_mut().unwrap().arn = "arn:aws:iam::111122223333:role/ops/administrator".to_owned();
    });
    insta::assert_snapshot!(address(&pathed), @"switch to the role ops/administrator at https://signin.aws.amazon.com/switchrole?roleName=ops/administrator&account=111122223333");
}

#[test]
fn a_group_without_members_needs_an_administrator() {
    let unmanaged = Model {
        users: None,
        ..want()
    };
    let empty = with(|seen| seen.model.users = Some(vec![]));
    insta::assert_snapshot!(told(&unmanaged, &empty), @r#"person: name at least one administrator: the group administrators has no members; write users = ["…"] in [admin_access]"#);
    assert_eq!(told(&unmanaged, &live()), "");
}

#[test]
fn the_default_condition_is_put_into_the_table_where_a_role_is_wanted() {
    let filled = |text: &str| {
        let mut want = model(text);
        let env = Env {
            account: "111122223333".to_owned(),
            partition: "aws".to_owned(),
            home: "us-east-1".parse().unwrap(),
            enabled: vec![],
            run: Run::default(),
        };
        let wants = Wants {
            all: &[],
            place: &trueup_core::location::Location::Account,
        };
        AdminAccess::fill(&mut want, &env, wants);
        want.mfa_condition
    };
    assert_eq!(filled("role = \"a\""), Some(MfaCondition::Bool));
    assert_eq!(
        filled("role = \"a\"\nmfa_condition = \"BoolIfExists\""),
        Some(MfaCondition::BoolIfExists)
    );
    assert_eq!(filled("group = \"a\""), None);
    assert_eq!(filled("role = \"a\"\nenabled = false"), None);
}

#[test]
fn an_age_or_a_session_that_is_shorter_is_disruptive() {
    let want = model("role = \"administrator\"\nmfa_max_age_seconds = 900\nmax_session_seconds = 3600");
    let seen = with(|seen| seen.ids.role.as_mut().unwrap().max_session = 7200);
    insta::assert_snapshot!(told(&want, &seen), @"
    set who may assume the role administrator, with MFA (Bool) [disruptive]
      ! no longer let in: users whose sign-in with MFA is older
    set description and session length of the role administrator [disruptive]
      ! whoever asks for a session of 7200 seconds is refused
    ");
}

#[test]
fn an_update_sends_back_what_is_not_managed() {
    let seen = with(|seen| {
        let role = seen.ids.role.as_mut().unwrap();
        role.description = Some("by hand".to_owned());
        role.max_session = 7200;
    });
    let sent = |text: &str| {
        let want = model(&format!("role = \"administrator\"\n{text}"));
        let out = testing::found::<AdminAccess>(&want, &seen);
        out.steps
            .iter()
            .map(|step| step.action.clone())
            .collect::<Vec<_>>()
    };
    let update = |description: &str, max_session| Action::UpdateRole {
        role: "administrator".to_owned(),
        description: Some(description.to_owned()),
        max_session,
    };
    assert_eq!(sent("role_description = \"new\""), [update("new", 7200)]);
    assert_eq!(sent("max_session_seconds = 43200"), [update("by hand", 43200)]);
    assert_eq!(sent(""), []);
    assert_eq!(
        sent("role_description = \"by hand\"\nmax_session_seconds = 7200"),
        []
    );
}

#[test]
fn a_detached_policy_is_attached_again_and_strangers_are_warned_of() {
    let seen = with(|seen| seen.ids.role.as_mut().unwrap().lacks_administrator_access = true);
    insta::assert_snapshot!(told(&want(), &seen), @"attach AdministratorAccess to the role administrator [safe]");
    let open = with(|seen| {
        let role = seen.ids.role.as_mut().unwrap();
        role.lacks_administrator_access = true;
        role.boundary = Some("arn:aws:iam::111122223333:policy/limit".to_owned());
        role.trust = policy(
            r#"{"Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}"#,
        );
    });
    insta::assert_snapshot!(told(&want(), &open), @r#"
    set who may assume the role administrator, with MFA (Bool) [disruptive]
      ! users of account 111122223333 who have signed in with MFA can assume it from then on
    attach AdministratorAccess to the role administrator [disruptive]
      after set who may assume the role administrator, with MFA (Bool)
      ! it makes administrators of ec2.amazonaws.com too
    refused for permissions_boundary: the role administrator has the permissions boundary arn:aws:iam::111122223333:policy/limit, which the file does not name: write permissions_boundary = "arn:aws:iam::111122223333:policy/limit", or take it from the role
    note: the role administrator lets others in without MFA, which stays as it is: ec2.amazonaws.com
    "#);
}

#[test]
fn a_group_by_other_policies_needs_none_of_trueups() {
    let seen = with(|seen| {
        let group = seen.ids.group.as_mut().unwrap();
        group.inline.clear();
        group.attached.insert(
            "IAMFullAccess".to_owned(),
            policy(r#"{"Statement": {"Effect": "Allow", "Action": ["iam:*"], "Resource": "*"}}"#),
        );
        group.inline.insert(
            "assume".to_owned(),
            policy(r#"{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/admin*"}}"#),
        );
    });
    assert_eq!(told(&want(), &seen), "");
    let mut less = seen.clone();
    less.ids.group.as_mut().unwrap().inline.clear();
    insta::assert_snapshot!(told(&want(), &less), @"let the group administrators switch to the role [safe]");
    let all = with(|seen| {
        let group = seen.ids.group.as_mut().unwrap();
        group.inline.clear();
        let all = policy(r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#);
        group.attached = [("AdministratorAccess".to_owned(), all)].into();
    });
    insta::assert_snapshot!(told(&want(), &all), @"note: the group administrators has every permission itself: its members need neither the role nor MFA");
}

#[test]
fn a_policy_of_trueups_own_name_says_exactly_what_it_should() {
    let saying = |text: &str| {
        with(|seen| {
            let group = seen.ids.group.as_mut().unwrap();
            group.inline.insert(SELF_SERVICE.to_owned(), policy(text));
        })
    };
    let less = saying(
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:GetAccountSummary", "Resource": "*"}}"#,
    );
    insta::assert_snapshot!(told(&want(), &less), @"let members of administrators manage their own password and MFA [safe]");
    let more = saying(
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}}"#,
    );
    insta::assert_snapshot!(told(&want(), &more), @"
    let members of administrators manage their own password and MFA [disruptive]
      ! members lose what the policy allows beyond this
    ");
    let members_run = told_to("iam::111122223333:user/alice", &want(), &more);
    insta::assert_snapshot!(members_run, @"person: replacing the group's policy trueup-self-service would take access from the one who runs trueup, arn:aws:iam::111122223333:user/alice: let another administrator apply it, or write caller_may_lose_access = true");
}

#[test]
fn users_are_an_exact_list() {
    let seen = with(|seen| {
        seen.model.users = Some(vec!["alice".to_owned(), "mallory".to_owned()]);
    });
    insta::assert_snapshot!(told(&want(), &seen), @"
    add bob to the group administrators [safe]
    remove mallory from the group administrators [destructive]
      ! mallory is no longer an administrator
    ");
    let unmanaged = Model {
        users: None,
        ..want()
    };
    assert_eq!(told(&unmanaged, &seen), "");
    let no_users = Model {
        users: Some(vec![]),
        ..want()
    };
    insta::assert_snapshot!(told(&no_users, &live()), @r#"
    remove alice from the group administrators [destructive]
      ! alice is no longer an administrator
    remove bob from the group administrators [destructive]
      ! bob is no longer an administrator
    person: name at least one administrator: the group administrators has no members; write users = ["…"] in [admin_access]
    "#);
}

#[test]
fn what_a_person_must_do_for_a_user_is_told_by_user() {
    let seen = with(|seen| {
        let alice = seen.ids.users.get_mut("alice").unwrap();
        alice.has_mfa = false;
        let bob = seen.ids.users.get_mut("bob").unwrap();
        bob.has_password = false;
        bob.keys = [("AKIAOLD", "2026-08-26"), ("AKIANEW", "2026-08-27")]
            .map(|(key, day)| (key.to_owned(), day.to_owned()))
            .into();
    });
    insta::assert_snapshot!(told(&want(), &seen), @"person: alice has a console password but no MFA device: let alice sign in and add one under Security credentials, then sign in again with it");
    let aged = Model {
        access_key_max_age_days: Some(NumberOr::from_api(Some(90))),
        ..want()
    };
    insta::assert_snapshot!(told(&aged, &seen), @"
    person: alice has a console password but no MFA device: let alice sign in and add one under Security credentials, then sign in again with it
    person: replace or delete the access key AKIAOLD of bob: it is of 2026-08-26, 91 days old, older than 90
    ");
}

#[test]
fn tags_that_are_missing_are_sent_and_others_stay() {
    let seen = with(|seen| {
        seen.ids.role.as_mut().unwrap().tags = [("team".to_owned(), "web".to_owned())].into();
        let bob = seen.ids.users.get_mut("bob").unwrap();
        bob.tags = [("managed-by".to_owned(), "trueup".to_owned())].into();
    });
    let mut run = run("iam::111122223333:root");
    run.tags = [("managed-by".to_owned(), "trueup".to_owned())].into();
    let out = testing::found_in::<AdminAccess>(&want(), &seen, run);
    let lines: Vec<String> = out.steps.iter().map(|step| step.action.to_string()).collect();
    assert_eq!(
        lines,
        [
            "tag the role administrator: managed-by = \"trueup\"",
            "tag the user alice: managed-by = \"trueup\"",
        ]
    );
}

#[test]
fn identity_center_stands_for_all_of_it_where_the_file_says_so() {
    let mut there = nothing();
    there.model = model("satisfied_by = \"identity_center\"");
    there.ids.identity_center = Some("AWSReservedSSO_AdministratorAccess_0123456789abcdef".to_owned());
    let content = Model {
        satisfied_by: Some(SatisfiedBy::IdentityCenter),
        ..want()
    };
    assert_eq!(told(&content, &there), "");
    // Without the word it is only mentioned.
    assert!(told(&want(), &there).contains("create the role administrator"));
    assert!(told(&want(), &there).contains("satisfied_by = \"identity_center\""));
    // With the word, but nothing there: the rest of the table is made, or a person is asked.
    assert!(told(&content, &nothing()).contains("create the role administrator"));
    let alone = model("satisfied_by = \"identity_center\"");
    insta::assert_snapshot!(told(&alone, &nothing()), @"person: no IAM Identity Center role with AdministratorAccess is in this account: assign a permission set with the policy AdministratorAccess to it in IAM Identity Center");
}

/// Callers, each with what must not happen to them, and what would do it.
#[test]
fn the_caller_loses_nothing_without_having_consented_to_that() {
    let alice_goes = Model {
        users: Some(vec!["bob".to_owned()]),
        ..want()
    };
    let absent = Model {
        enabled: Some(false),
        ..want()
    };
    let open = with(|seen| {
        let root = r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}}"#;
        let role = seen.ids.role.as_mut().unwrap();
        role.trust = policy(root);
        role.lacks_administrator_access = true;
        seen.ids.users.get_mut("alice").unwrap().has_mfa = false;
    });
    let alice = "iam::111122223333:user/people/Alice";
    let role = "sts::111122223333:assumed-role/administrator/alice";
    for (caller, want, seen, spared) in [
        (alice, &alice_goes, &live(), "remove alice from the group"),
        (alice, &absent, &live(), "delete the group"),
        (role, &absent, &live(), "delete the role"),
        (role, &want(), &open, "set who may assume the role"),
        (alice, &want(), &open, "set who may assume the role"),
    ] {
        let said = told_to(caller, want, seen);
        assert!(!said.contains(spared), "{caller}: {said}");
        assert!(!said.contains("attach AdministratorAccess"), "{caller}: {said}");
        assert!(said.contains("caller_may_lose_access = true"), "{caller}: {said}");
        let consenting = Model {
            caller_may_lose_access: Some(true),
            ..want.clone()
        };
        for said in [
            told_to(caller, &consenting, seen),
            told_to("iam::111122223333:user/carol", want, seen),
        ] {
            assert!(said.contains(spared), "{caller}: {said}");
            assert!(!said.contains("would take access"), "{caller}: {said}");
        }
    }
    // Others are still removed.
    let both_go = Model {
        users: Some(vec![]),
        ..want()
    };
    let said = told_to(alice, &both_go, &live());
    assert!(
        said.contains("remove bob from the group") && !said.contains("remove alice"),
        "{said}"
    );
}

#[test]
fn the_off_switch_removes_what_is_named_and_leaves_the_users() {
    let absent = Model {
        enabled: Some(false),
        ..want()
    };
    insta::assert_snapshot!(told(&absent, &live()), @"
    remove alice from the group administrators [destructive]
    remove bob from the group administrators [destructive]
    delete trueup-self-service of the group administrators [destructive]
    delete trueup-switch-role of the group administrators [destructive]
    delete the group administrators [destructive]
      after remove alice from the group administrators
      after remove bob from the group administrators
      after delete trueup-self-service of the group administrators
      after delete trueup-switch-role of the group administrators
    delete the role administrator [destructive]
      after delete the group administrators
    note: the users stay: alice, bob
    ");
    assert_eq!(told(&absent, &nothing()), "");
    let group_only = model("enabled = false\ngroup = \"administrators\"");
    assert!(!told(&group_only, &live()).contains("role administrator"));
    let foreign = with(|seen| {
        seen.ids.role.as_mut().unwrap().foreign = vec!["extra".to_owned()];
        let group = seen.ids.group.as_mut().unwrap();
        group
            .attached
            .insert("IAMReadOnlyAccess".to_owned(), documents::switch_role(ROLE));
    });
    let said = told(&absent, &foreign);
    assert!(
        said.contains("refused: the group administrators has policies of others: IAMReadOnlyAccess"),
        "{said}"
    );
    assert!(
        said.contains("refused: the role administrator has policies or instance profiles of others: extra"),
        "{said}"
    );
}

#[test]
fn a_group_is_judged_by_what_its_policies_let_members_do() {
    let group =
        |change: fn(&mut Group)| told(&want(), &with(|seen| change(seen.ids.group.as_mut().unwrap())));
    let wider = group(|group| {
        let wider = r#"{"Statement": {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Resource": "arn:aws:iam::*:role/*"}}"#;
        group
            .inline
            .insert(SWITCH_ROLE.to_owned(), wider.parse().unwrap());
    });
    assert_eq!(
        wider,
        "note: the policy trueup-switch-role of the group administrators says more than trueup's, or the same in other words"
    );
    let denied = group(|group| {
        let denied = r#"{"Statement": {"Sid": "Stop", "Effect": "Deny", "Action": "*", "Resource": "*"}}"#;
        group.inline.insert("theirs".to_owned(), denied.parse().unwrap());
    });
    insta::assert_snapshot!(denied, @r"
    refused for group: statement Stop of a policy of the group administrators denies its members to switch to the role, and trueup removes no policy of others; change or remove it
    note: statement Stop of a policy of the group administrators denies its members to manage their own password and MFA devices
    ");
    // A Deny under trueup's own name goes with the policy that it is in.
    let own = group(|group| {
        let denied = r#"{"Statement": {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"}}"#;
        group
            .inline
            .insert(SWITCH_ROLE.to_owned(), denied.parse().unwrap());
    });
    assert_eq!(own, "let the group administrators switch to the role [safe]");
}

#[test]
fn what_an_export_says_is_read_back_and_plans_to_nothing() {
    for seen in [live(), nothing()] {
        let text = toml::to_string(&seen.model).unwrap();
        let read = model(&text);
        assert_eq!(read, seen.model);
        assert_eq!(AdminAccess::check(&read), [], "{text}");
        assert_eq!(told(&read, &seen), "", "{text}");
    }
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (text, key) in [
        ("", ""),
        ("users = [\"alice\"]", "users"),
        ("group = \"a b\"", "group"),
        ("group = \"a\"\nusers = [\"alice\", \"Alice\"]", "users"),
        ("group = \"a\"\nusers = [\"al ice\"]", "users"),
        ("role = \"AWSReservedSSO_x\"", "role"),
        ("role = \"a\"\nrole_description = \"管理者\"", "role_description"),
        (
            "role = \"a\"\npermissions_boundary = \"boundary\"",
            "permissions_boundary",
        ),
        (
            "group = \"a\"\npermissions_boundary = \"arn:aws:iam::111122223333:policy/b\"",
            "permissions_boundary",
        ),
        ("role = \"a\"\nmax_session_seconds = 60", "max_session_seconds"),
        (
            "role = \"a\"\nmfa_condition = \"BoolIfExists\"\nmfa_max_age_seconds = 3600",
            "mfa_max_age_seconds",
        ),
        ("group = \"a\"\nmfa_condition = \"Bool\"", "mfa_condition"),
        ("group = \"a\"\nrole_description = \"x\"", "role_description"),
        (
            "group = \"a\"\naccess_key_max_age_days = 90",
            "access_key_max_age_days",
        ),
    ] {
        let wrong = AdminAccess::check(&model(text));
        assert!(wrong.iter().any(|(at, _)| *at == key), "{text}: {wrong:?}");
    }
    for text in [
        "enabled = false",
        "satisfied_by = \"identity_center\"",
        "role = \"a\"",
        "group = \"a\"\nusers = []",
    ] {
        assert_eq!(AdminAccess::check(&model(text)), [], "{text}");
    }
}
