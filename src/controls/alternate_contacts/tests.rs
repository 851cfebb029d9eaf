use super::model::{Contact, Kind};
use super::*;
use crate::testing;

const SECURITY: &str =
    "[security]\nname = \"Sec\"\ntitle = \"CISO\"\nemail = \"sec@example.com\"\nphone = \"+81 3-1\"\n";

fn model(text: &str) -> Model {
    toml::from_str(text).unwrap()
}

/// A reading: contacts that are not named do not exist.
fn live(text: &str) -> Model {
    let model = model(text);
    let or_absent = |contact: Option<Contact>| contact.or_else(|| Some(Contact::absent()));
    Model {
        billing: or_absent(model.billing),
        operations: or_absent(model.operations),
        security: or_absent(model.security),
    }
}

fn found(want: &Model, live: &Model) -> Changes<Action> {
    testing::found::<AlternateContacts>(want, &Observed::of(live.clone()))
}

fn plan(want: &str, there: &str) -> String {
    testing::told(&found(&model(want), &live(there)))
}

#[test]
fn a_new_account_gets_what_is_written_and_then_it_is_true() {
    let table: toml::Table = AlternateContacts::DOC.example.parse().unwrap();
    let want: Model = table[AlternateContacts::NAME].clone().try_into().unwrap();
    assert_eq!(AlternateContacts::check(&want), []);
    insta::assert_snapshot!(testing::told(&found(&want, &live(""))), @r"
    add the alternate contact for billing [safe]
    add the alternate contact for operations [safe]
    add the alternate contact for security [safe]
    ");
    assert_eq!(testing::told(&found(&want, &want)), "");
}

#[test]
fn only_written_keys_differ_and_the_others_are_sent_back_as_read() {
    let want = model("security = { title = \"Chief\" }");
    let out = found(&want, &live(SECURITY));
    let contact = Contact {
        title: Some("Chief".to_owned()),
        ..model(SECURITY).security.unwrap()
    };
    assert_eq!(out.steps.len(), 1);
    assert_eq!(
        out.steps[0].action,
        Action::Put {
            kind: Kind::Security,
            contact,
            new: false
        }
    );
    insta::assert_snapshot!(testing::told(&out), @"change the alternate contact for security [safe]");
}

#[test]
fn odd_forms_of_the_same_are_no_difference() {
    assert_eq!(
        plan(
            "security = { email = \"SEC@Example.com\", name = \" Sec \", phone = \"+8131\" }",
            SECURITY
        ),
        ""
    );
    for other in [
        "name = \"sec\"",
        "title = \"ciso\"",
        "phone = \"+8132\"",
        "phone = \"8131\"",
    ] {
        assert_eq!(
            plan(&format!("security = {{ {other} }}"), SECURITY),
            "change the alternate contact for security [safe]",
            "{other}"
        );
    }
}

#[test]
fn what_means_the_same_stays_as_it_is_written_there() {
    let out = found(
        &model("security = { title = \"Chief\", email = \"SEC@Example.com\", phone = \"+8131\" }"),
        &live(SECURITY),
    );
    let Action::Put { contact, .. } = &out.steps[0].action else {
        panic!("{out:?}");
    };
    let expected = Contact {
        title: Some("Chief".to_owned()),
        ..model(SECURITY).security.unwrap()
    };
    assert_eq!(*contact, expected);
}

#[test]
fn a_first_contact_needs_all_of_it() {
    insta::assert_snapshot!(
        plan("security = { email = \"a@example.com\", phone = \"+1\" }", ""),
        @"refused for security: there is no such contact yet, and a new one needs all four keys; write name, title under [alternate_contacts.security]"
    );
}

#[test]
fn a_contact_that_is_refused_leaves_the_others_their_steps() {
    insta::assert_snapshot!(plan(&format!("billing = {{ email = \"b@example.com\" }}\n{SECURITY}"), ""), @r"
    add the alternate contact for security [safe]
    refused for billing: there is no such contact yet, and a new one needs all four keys; write name, title, phone under [alternate_contacts.billing]
    ");
}

#[test]
fn one_is_removed_and_the_others_are_left_alone() {
    let gone = "security = { state = \"absent\" }";
    insta::assert_snapshot!(plan(gone, SECURITY), @"delete the alternate contact for security [destructive]");
    assert_eq!(plan(gone, ""), "");
    assert_eq!(plan("billing = { state = \"absent\" }", SECURITY), "");
}

#[test]
fn an_exported_account_plans_to_nothing() {
    for there in ["", SECURITY] {
        let read: Model = toml::Table::try_from(live(there)).unwrap().try_into().unwrap();
        assert_eq!(AlternateContacts::check(&read), []);
        assert_eq!(testing::told(&found(&read, &live(there))), "");
    }
}

#[test]
fn what_aws_would_refuse_is_refused_with_what_was_expected() {
    for (text, key, says) in [
        ("", "", "says nothing about any contact"),
        (
            "security = {}",
            "security",
            "expected name, title, email or phone",
        ),
        (
            "security = { state = \"absent\", name = \"S\" }",
            "security",
            "no other key",
        ),
        (
            "billing = { email = \"nobody\" }",
            "billing",
            "`nobody` is no e-mail address",
        ),
        (
            "billing = { phone = \"x1\" }",
            "billing",
            "`x1` is no telephone number",
        ),
        ("billing = { title = \" \" }", "billing", "title is empty"),
    ] {
        let wrong = AlternateContacts::check(&model(text));
        assert_eq!((wrong.len(), wrong[0].0), (1, key), "{text}");
        assert!(wrong[0].1.contains(says), "{text}: {}", wrong[0].1);
    }
    let long = format!("security = {{ name = \"{}\" }}", "n".repeat(65));
    assert_eq!(
        AlternateContacts::check(&model(&long)),
        [(
            "security",
            "name has 65 characters; expected at most 64".to_owned()
        )]
    );
}
