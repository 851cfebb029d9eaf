//! The account's alias, from the file to the account and back.

use serde_json::json;

use crate::folder::Folder;
use crate::moto::Moto;

/// Baselines that need every call of the control.
pub(crate) fn exercise() -> Vec<(&'static str, Vec<String>)> {
    vec![("", vec![alias("acme"), alias("")])]
}

fn alias(alias: &str) -> String {
    format!("[account]\nid = \"123456789012\"\nhome_region = \"us-east-1\"\nalias = \"{alias}\"\n")
}

const CREATE: &str = "us-east-1 iam:CreateAccountAlias";
const DELETE: &str = "us-east-1 iam:DeleteAccountAlias";

#[test]
fn a_new_account_gets_its_alias_and_exports_it_in_the_one_table() {
    let folder = Folder::new();
    folder.write("b.toml", &alias("acme-prod"));
    folder
        .sandbox(&["plan", "b.toml"])
        .expect(0)
        .says("set the account alias acme-prod")
        .says("https://acme-prod.signin.aws.amazon.com/console");
    folder.becomes(&alias("acme-prod"), &[CREATE]);
    assert_eq!(folder.account()["iam"]["alias"], "acme-prod");

    let export = folder.sandbox(&["export"]).expect(0).stdout;
    assert_eq!(export.matches("[account]").count(), 1, "{export}");
    assert!(export.contains("\nalias = \"acme-prod\"\n"), "{export}");
    folder.write("b.toml", &export);
    folder.is_true();
}

#[test]
fn an_alias_that_exists_is_left_replaced_or_taken_away_as_written() {
    let folder = Folder::new();
    folder.world("[[call]]\ncall = \"iam:CreateAccountAlias\"\ninput = { AccountAlias = \"by-hand\" }\n");
    // What is not written is not managed.
    folder.becomes(
        "[account]\nid = \"123456789012\"\nhome_region = \"us-east-1\"\n[password_policy]\nminimum_length = 14\n",
        &["us-east-1 iam:UpdateAccountPasswordPolicy"],
    );
    assert_eq!(folder.account()["iam"]["alias"], "by-hand");
    folder.becomes(&alias("by-hand"), &[]);

    folder.write("b.toml", &alias("acme"));
    folder.forget_exchanges();
    folder
        .sandbox(&["apply", "b.toml", "--auto-approve"])
        .expect(3)
        .says("the sign-in address with by-hand stops working");
    assert_eq!(folder.writes(), Vec::<String>::new());
    folder.becomes(&alias("acme"), &[CREATE]);

    folder.write("b.toml", &alias(""));
    folder.forget_exchanges();
    folder.sandbox(&["apply", "b.toml", "--auto-approve"]).expect(3);
    assert_eq!(folder.writes(), Vec::<String>::new());
    folder.becomes(&alias(""), &[DELETE]);
    assert_eq!(folder.account()["iam"]["alias"], json!(null));
}

#[test]
fn an_alias_that_was_lost_is_the_one_thing_to_add() {
    let folder = Folder::new();
    folder.becomes(&alias("acme"), &[CREATE]);
    folder.alter(|account| account["iam"]["alias"] = json!(null));
    folder
        .sandbox(&["plan", "b.toml"])
        .expect(0)
        .says("Plan: 1 to add.");
}

#[test]
fn an_alias_of_another_account_is_told_as_that() {
    let folder = Folder::new();
    folder.world(
        "[[fault]]\ncall = \"iam:CreateAccountAlias\"\nkind = \"error\"\ncode = \"EntityAlreadyExists\"\n",
    );
    folder.write("b.toml", &alias("acme"));
    folder
        .apply()
        .expect(3)
        .says("EntityAlreadyExists: another AWS account has the")
        .says("choose another one");
}

#[test]
fn a_table_under_report_or_off_writes_nothing() {
    let folder = Folder::new();
    folder.world("");
    for manage in ["report", "off"] {
        let baseline = format!(
            "{}manage = \"{manage}\"\n[password_policy]\nstate = \"absent\"\n",
            alias("acme")
        );
        folder.write("b.toml", &baseline);
        folder.apply().expect(0);
        assert_eq!(folder.writes(), Vec::<String>::new());
        assert_eq!(folder.account()["iam"]["alias"], json!(null));
    }
}

#[test]
fn moto_has_the_alias_and_knows_another_one() {
    let moto = Moto::start();
    for name in ["acme-prod", "acme-test"] {
        moto.folder.write("alias.toml", &alias(name));
        moto.trueup(&["apply", "alias.toml", "--auto-approve", "--allow", "all"])
            .expect(0)
            .says("The account is true to alias.toml.");
        assert_eq!(moto.look(&["us-east-1"])["alias"], name);
        moto.trueup(&["plan", "alias.toml", "--detailed-exitcode"])
            .expect(0);
    }
    moto.folder.write("alias.toml", &alias(""));
    moto.trueup(&["apply", "alias.toml", "--auto-approve", "--allow", "all"])
        .expect(0);
    assert_eq!(moto.look(&["us-east-1"])["alias"], json!(null));
}

#[test]
fn a_wrong_alias_and_a_wrong_key_are_told_with_their_place() {
    let folder = Folder::new();
    folder.write("b.toml", &alias("Acme Prod"));
    folder
        .run(&["validate", "b.toml"])
        .expect(1)
        .complains("expected lower-case letters, digits and hyphens")
        .complains("b.toml:4");
    folder.write("b.toml", "[account]\nidd = \"123456789012\"\n");
    folder
        .run(&["validate", "b.toml"])
        .expect(1)
        .complains("there is no key `idd` in `account`")
        .complains("did you mean `id`?");
}
