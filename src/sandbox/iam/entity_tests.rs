//! How strict it is with users, groups and roles.

use serde_json::{Value, json};

use crate::{Account, Answer, Call, World};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}]}"#;
const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

fn ask(account: &mut Account, operation: &str, input: Value) -> Answer {
    let call = Call {
        service: "iam",
        region: "us-east-1".into(),
        operation: operation.into(),
        input,
        now: 1_800_000_000,
    };
    super::handle(account, &call)
}

fn code(answer: Answer) -> (u16, String) {
    let error = answer.unwrap_err();
    (error.status, error.code)
}

fn with_role() -> Account {
    let mut account = Account::new(&World::default());
    let role = json!({ "RoleName": "admin", "AssumeRolePolicyDocument": TRUST, "Description": "a+b c",
        "MaxSessionDuration": "7200" });
    ask(&mut account, "CreateRole", role).unwrap();
    account
}

#[test]
fn names_have_no_case_where_they_are_given_and_no_odd_characters() {
    let mut account = with_role();
    let again = json!({ "RoleName": "ADMIN", "AssumeRolePolicyDocument": TRUST });
    assert_eq!(
        code(ask(&mut account, "CreateRole", again)),
        (409, "EntityAlreadyExists".to_owned())
    );
    for name in ["", "a b", "ü"] {
        let user = json!({ "UserName": name });
        assert_eq!(
            code(ask(&mut account, "CreateUser", user)),
            (400, "ValidationError".to_owned()),
            "{name}"
        );
    }
    for operation in ["GetUser", "GetRole", "GetGroup", "GetLoginProfile"] {
        let nobody = json!({ "UserName": "x", "RoleName": "x", "GroupName": "x" });
        assert_eq!(
            code(ask(&mut account, operation, nobody)),
            (404, "NoSuchEntity".to_owned()),
            "{operation}"
        );
    }
}

#[test]
fn documents_come_back_percent_encoded() {
    let mut account = with_role();
    let role = ask(&mut account, "GetRole", json!({ "RoleName": "admin" })).unwrap()["Role"].take();
    let document = role["AssumeRolePolicyDocument"].as_str().unwrap();
    assert!(
        document.starts_with("%7B%22Version%22%3A%222012-10-17%22"),
        "{document}"
    );
    assert_eq!(role["Description"], "a+b c");
    assert_eq!(role["Arn"], "arn:aws:iam::123456789012:role/admin");
}

#[test]
fn an_update_without_a_session_length_resets_it_and_keeps_the_description() {
    let mut account = with_role();
    ask(&mut account, "UpdateRole", json!({ "RoleName": "admin" })).unwrap();
    let role = ask(&mut account, "GetRole", json!({ "RoleName": "admin" })).unwrap()["Role"].take();
    assert_eq!(
        (&role["MaxSessionDuration"], &role["Description"]),
        (&json!(3600), &json!("a+b c"))
    );
    for seconds in ["3599", "43201", "x"] {
        let update = json!({ "RoleName": "admin", "MaxSessionDuration": seconds });
        assert_eq!(
            code(ask(&mut account, "UpdateRole", update)),
            (400, "ValidationError".to_owned()),
            "{seconds}"
        );
    }
}

#[test]
fn a_document_that_iam_would_refuse_is_refused() {
    let mut account = with_role();
    let refused = (400, "MalformedPolicyDocument".to_owned());
    for document in [
        "",
        "{}",
        r#"{"Statement":[{"Effect":"Perhaps","Principal":"*","Action":"sts:AssumeRole"}]}"#,
        r#"{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole"}}"#,
        r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}}"#,
    ] {
        let trust = json!({ "RoleName": "admin", "PolicyDocument": document });
        assert_eq!(
            code(ask(&mut account, "UpdateAssumeRolePolicy", trust)),
            refused,
            "{document}"
        );
        let role = json!({ "RoleName": "other", "AssumeRolePolicyDocument": document });
        assert_eq!(code(ask(&mut account, "CreateRole", role)), refused, "{document}");
    }
    assert!(!account.iam.entities.roles.contains_key("other"));
    for document in [TRUST, r#"{"Statement":{"Effect":"Allow","Action":"s3:*"}}"#] {
        let policy = json!({ "RoleName": "admin", "PolicyName": "p", "PolicyDocument": document });
        assert_eq!(
            code(ask(&mut account, "PutRolePolicy", policy)),
            refused,
            "{document}"
        );
    }
}

#[test]
fn what_still_has_something_cannot_be_deleted() {
    let mut account = with_role();
    let conflict = (409, "DeleteConflict".to_owned());
    let role = json!({ "RoleName": "admin" });
    let attached = json!({ "RoleName": "admin", "PolicyArn": ADMINISTRATOR });
    ask(&mut account, "AttachRolePolicy", attached.clone()).unwrap();
    assert_eq!(code(ask(&mut account, "DeleteRole", role.clone())), conflict);
    ask(&mut account, "DetachRolePolicy", attached.clone()).unwrap();
    assert_eq!(
        code(ask(&mut account, "DetachRolePolicy", attached)),
        (404, "NoSuchEntity".to_owned())
    );
    ask(&mut account, "DeleteRole", role).unwrap();

    let both = json!({ "GroupName": "g", "UserName": "u" });
    for operation in ["CreateGroup", "CreateUser", "AddUserToGroup"] {
        ask(&mut account, operation, both.clone()).unwrap();
    }
    for operation in ["DeleteGroup", "DeleteUser"] {
        assert_eq!(
            code(ask(&mut account, operation, both.clone())),
            conflict,
            "{operation}"
        );
    }
    ask(&mut account, "RemoveUserFromGroup", both.clone()).unwrap();
    ask(&mut account, "DeleteGroup", both.clone()).unwrap();
    ask(&mut account, "CreateLoginProfile", both.clone()).unwrap();
    assert_eq!(code(ask(&mut account, "DeleteUser", both)), conflict);
}

#[test]
fn a_policy_names_the_roles_that_have_it_by_their_path() {
    let mut account = with_role();
    let other = json!({ "RoleName": "sso", "Path": "/aws-reserved/x/", "AssumeRolePolicyDocument": TRUST });
    ask(&mut account, "CreateRole", other).unwrap();
    for role in ["admin", "sso"] {
        let attached = json!({ "RoleName": role, "PolicyArn": ADMINISTRATOR });
        ask(&mut account, "AttachRolePolicy", attached).unwrap();
    }
    let mut roles = |path: &str| {
        let asked = json!({ "PolicyArn": ADMINISTRATOR, "PathPrefix": path, "EntityFilter": "Role" });
        let answer = ask(&mut account, "ListEntitiesForPolicy", asked).unwrap();
        let roles = answer["PolicyRoles"].as_array().unwrap().clone();
        roles
            .iter()
            .map(|role| role["RoleName"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(roles("/"), ["admin", "sso"]);
    assert_eq!(roles("/aws-reserved/"), ["sso"]);
    let foreign = json!({ "RoleName": "admin", "PolicyArn": "arn:aws:iam::aws:policy/Nonsense" });
    assert_eq!(
        code(ask(&mut account, "AttachRolePolicy", foreign)),
        (404, "NoSuchEntity".to_owned())
    );
}

#[test]
fn a_user_has_two_keys_at_most_and_a_password_once() {
    let mut account = Account::new(&World::default());
    let user = json!({ "UserName": "u" });
    ask(&mut account, "CreateUser", user.clone()).unwrap();
    for _ in 0..2 {
        ask(&mut account, "CreateAccessKey", user.clone()).unwrap();
    }
    assert_eq!(
        code(ask(&mut account, "CreateAccessKey", user.clone())),
        (409, "LimitExceeded".to_owned())
    );
    ask(&mut account, "CreateLoginProfile", user.clone()).unwrap();
    assert_eq!(
        code(ask(&mut account, "CreateLoginProfile", user)),
        (409, "EntityAlreadyExists".to_owned())
    );
}
