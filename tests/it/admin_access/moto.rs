//! Moto as the judge, looked at through boto3.

use serde_json::json;

use super::{ADOPTED, FULL, completed, deletions, identity_center};
use crate::moto::Moto;

#[test]
fn it_sees_the_administrators_and_what_somebody_deletes_comes_back() {
    let moto = Moto::with_managed_policies();
    moto.folder.write("b.toml", FULL);
    moto.apply().expect(0);
    moto.is_true();

    let look = json!([
        ["get_role", { "RoleName": "administrator" }],
        ["list_attached_role_policies", { "RoleName": "administrator" }],
        ["get_group", { "GroupName": "administrators" }],
        ["get_group_policy", { "GroupName": "administrators", "PolicyName": "trueup-switch-role" }],
        ["get_group_policy", { "GroupName": "administrators", "PolicyName": "trueup-self-service" }],
        ["list_access_keys", { "UserName": "alice" }],
        ["list_user_tags", { "UserName": "alice" }],
    ]);
    let answers = moto.boto3("iam", &look);
    let role = &answers[0]["Role"];
    assert_eq!(role["Arn"], "arn:aws:iam::123456789012:role/administrator");
    assert_eq!(role["Description"], "Administrators of this account");
    assert_eq!(role["MaxSessionDuration"], 7200);
    assert_eq!(role["Tags"], json!([{ "Key": "managed-by", "Value": "trueup" }]));
    assert_eq!(
        role["AssumeRolePolicyDocument"]["Statement"][0],
        json!({
            "Effect": "Allow",
            "Principal": { "AWS": "arn:aws:iam::123456789012:root" },
            "Action": "sts:AssumeRole",
            "Condition": {
                "Bool": { "aws:MultiFactorAuthPresent": "true" },
                "NumericLessThan": { "aws:MultiFactorAuthAge": "3600" },
            },
        })
    );
    assert_eq!(
        answers[1]["AttachedPolicies"][0]["PolicyName"],
        "AdministratorAccess"
    );
    let members = answers[2]["Users"].as_array().unwrap();
    let mut names: Vec<&str> = members
        .iter()
        .map(|user| user["UserName"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["alice", "bob"]);
    assert_eq!(
        answers[3]["PolicyDocument"]["Statement"],
        json!([{ "Effect": "Allow", "Action": "sts:AssumeRole",
            "Resource": "arn:aws:iam::123456789012:role/administrator" }])
    );
    let self_service = answers[4]["PolicyDocument"].to_string();
    assert!(
        self_service.contains("arn:aws:iam::123456789012:user/${aws:username}"),
        "{self_service}"
    );
    assert_eq!(answers[5]["AccessKeyMetadata"], json!([]));
    assert_eq!(
        answers[6]["Tags"],
        json!([{ "Key": "managed-by", "Value": "trueup" }])
    );

    for (calls, steps) in deletions() {
        moto.boto3("iam", &calls);
        assert_eq!(moto.steps(), steps, "{calls}");
        moto.apply().expect(0);
        moto.is_true();
    }

    let export = moto.trueup(&["export", "--only", "admin_access"]).expect(0);
    moto.folder
        .write("b.toml", &export.says("role = \"administrator\"").stdout);
    moto.is_true();
    moto.folder.write(
        "b.toml",
        "[admin_access]\nenabled = false\ngroup = \"administrators\"\nrole = \"administrator\"\n",
    );
    moto.apply().expect(0);
    moto.is_true();
    let left = moto.boto3(
        "iam",
        &json!([["list_groups", {}], ["list_roles", {}], ["list_users", {}]]),
    );
    assert_eq!((&left[0]["Groups"], &left[1]["Roles"]), (&json!([]), &json!([])));
    assert_eq!(left[2]["Users"].as_array().map(Vec::len), Some(2));
}

#[test]
fn it_knows_when_a_user_is_complete_and_when_identity_center_is_enough() {
    let moto = Moto::with_managed_policies();
    moto.folder.write("b.toml", ADOPTED);
    let complete = ["plan", "b.toml", "--fail-on", "needs-person"];
    moto.trueup(&["apply", "b.toml", "--auto-approve"]).expect(0);
    moto.trueup(&complete).expect(4);
    moto.boto3("iam", &completed("alice", "arn:aws:iam::123456789012"));
    moto.trueup(&complete).expect(0).says("No changes.");

    let content =
        ADOPTED.replace("\"administrators\"", "\"others\"") + "satisfied_by = \"identity_center\"\n";
    moto.folder.write("b.toml", &content);
    moto.trueup(&["plan", "b.toml", "--detailed-exitcode"]).expect(2);
    moto.boto3("iam", &identity_center());
    moto.is_true();
    let export = moto.trueup(&["export", "--only", "admin_access"]).expect(0);
    let export = export.says("satisfied_by = \"identity_center\"").stdout;
    moto.folder.write("b.toml", &export);
    moto.is_true();
}
