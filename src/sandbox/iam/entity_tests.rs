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
        let missing = json!({ "UserName": "x", "RoleName": "x", "GroupName": "x" });
        assert_eq!(
            code(ask(&mut account, operation, missing)),
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
fn a_description_beyond_latin_1_is_refused() {
    let mut account = with_role();
    for (operation, document) in [
        ("CreateRole", TRUST),
        ("UpdateRole", ""),
        ("UpdateRoleDescription", ""),
    ] {
        for description in ["管理者", "only – with MFA", "a\u{a0}b"] {
            let role = match operation {
                "CreateRole" => "other",
                _ => "admin",
            };
            let input =
                json!({ "RoleName": role, "Description": description, "AssumeRolePolicyDocument": document });
            assert_eq!(
                code(ask(&mut account, operation, input)),
                (400, "ValidationError".to_owned()),
                "{operation} {description}"
            );
        }
        let input = json!({ "RoleName": "admin", "Description": "Größe" });
        if operation != "CreateRole" {
            ask(&mut account, operation, input).unwrap();
        }
    }
}

#[test]
fn a_boundary_is_a_policy_that_exists_and_is_shown_with_the_role_alone() {
    let mut account = with_role();
    let put = |arn: &str| json!({ "RoleName": "admin", "PermissionsBoundary": arn });
    let gone = (404, "NoSuchEntity".to_owned());
    let missing = put("arn:aws:iam::123456789012:policy/none");
    assert_eq!(
        code(ask(&mut account, "PutRolePermissionsBoundary", missing)),
        gone
    );
    ask(&mut account, "PutRolePermissionsBoundary", put(ADMINISTRATOR)).unwrap();
    let read = |account: &mut Account| {
        ask(account, "GetRole", json!({ "RoleName": "admin" })).unwrap()["Role"].take()
    };
    assert_eq!(
        read(&mut account)["PermissionsBoundary"],
        json!({ "PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": ADMINISTRATOR })
    );
    let listed = ask(&mut account, "ListRoles", json!({})).unwrap();
    assert_eq!(listed["Roles"][0]["PermissionsBoundary"], Value::Null);
    ask(
        &mut account,
        "DeleteRolePermissionsBoundary",
        json!({ "RoleName": "admin" }),
    )
    .unwrap();
    assert_eq!(read(&mut account)["PermissionsBoundary"], Value::Null);
    let new =
        json!({ "RoleName": "new", "AssumeRolePolicyDocument": TRUST, "PermissionsBoundary": ADMINISTRATOR });
    let made = ask(&mut account, "CreateRole", new).unwrap();
    assert_eq!(
        made["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"],
        ADMINISTRATOR
    );
}

/// Whether the caller gets into the role, with these members in the call.
fn assumes(account: &mut Account, more: Value) -> Result<(), (u16, String)> {
    let mut input = json!({ "RoleArn": "arn:aws:iam::123456789012:role/admin", "RoleSessionName": "test" });
    input
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let call = Call {
        service: "sts",
        region: "us-east-1".into(),
        operation: "AssumeRole".into(),
        input,
        now: 1_800_000_000,
    };
    let answer = super::assume::assume(account, &call);
    answer.map(|_| ()).map_err(|error| (error.status, error.code))
}

#[test]
fn a_role_is_assumed_by_whom_its_trust_lets_in() {
    let mut account = with_role();
    let denied = Err((403, "AccessDenied".to_owned()));
    let trust = |account: &mut Account, statement: Value| {
        let document = json!({ "Version": "2012-10-17", "Statement": statement }).to_string();
        let input = json!({ "RoleName": "admin", "PolicyDocument": document });
        ask(account, "UpdateAssumeRolePolicy", input).unwrap();
    };
    let with = |condition: Value| {
        json!({ "Effect": "Allow", "Principal": { "AWS": "123456789012" }, "Action": "sts:AssumeRole",
            "Condition": condition })
    };
    account.caller.arn = "arn:aws:iam::123456789012:user/alice".to_owned();
    let code_too = json!({ "SerialNumber": "arn:aws:iam::123456789012:mfa/alice", "TokenCode": "123456" });
    assert_eq!(assumes(&mut account, json!({})), Ok(()));
    trust(
        &mut account,
        with(json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } })),
    );
    assert_eq!(assumes(&mut account, json!({})), denied);
    assert_eq!(assumes(&mut account, code_too.clone()), Ok(()));
    trust(
        &mut account,
        with(json!({ "StringEquals": { "sts:ExternalId": "x" } })),
    );
    assert_eq!(assumes(&mut account, code_too), denied);
    assert_eq!(assumes(&mut account, json!({ "ExternalId": "x" })), Ok(()));
    trust(
        &mut account,
        with(json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::123456789012:role/ci" } })),
    );
    assert_eq!(assumes(&mut account, json!({})), denied);
    account.caller.arn = "arn:aws:sts::123456789012:assumed-role/ci/1".to_owned();
    assert_eq!(assumes(&mut account, json!({})), Ok(()));
    let long = json!({ "DurationSeconds": "7201" });
    assert_eq!(
        assumes(&mut account, long),
        Err((400, "ValidationError".to_owned()))
    );
    account.caller.arn = "arn:aws:iam::123456789012:root".to_owned();
    assert_eq!(assumes(&mut account, json!({})), denied);
}

#[test]
fn the_id_of_a_deleted_principal_cannot_be_sent_back() {
    let mut account = with_role();
    let trust = TRUST.replace("123456789012", "AROAEXAMPLEEXAMPLE123");
    let update = json!({ "RoleName": "admin", "PolicyDocument": trust });
    assert_eq!(
        code(ask(&mut account, "UpdateAssumeRolePolicy", update)),
        (400, "MalformedPolicyDocument".to_owned())
    );
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
