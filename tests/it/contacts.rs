//! The account's contacts from the file to the account and back.

use serde_json::{Value, json};

use crate::folder::Folder;
use crate::moto::Moto;

const THREE: &str = r#"[alternate_contacts.billing]
name = "Accounting"
title = "Accountant"
email = "billing@example.com"
phone = "+81 3-1234-5678"

[alternate_contacts.operations]
name = "Operations"
title = "Operations manager"
email = "operations@example.com"
phone = "+81 3-1234-5678"

[alternate_contacts.security]
name = "Security"
title = "Security officer"
email = "security@example.com"
phone = "+81 3-1234-5678"
"#;

/// Contacts that were made by hand, in forms of their own.
const BY_HAND: &str = r#"
[[call]]
call = "account:PutAlternateContact"
[call.input]
AlternateContactType = "SECURITY"
Name = "Kim"
Title = "Chief"
EmailAddress = "Security@Example.COM"
PhoneNumber = "+81312345678"

[[call]]
call = "account:PutAlternateContact"
[call.input]
AlternateContactType = "BILLING"
Name = "Lee"
Title = "Bookkeeper"
EmailAddress = "lee@example.com"
PhoneNumber = "03 1234 5678"

[[call]]
call = "account:PutContactInformation"
[call.input.ContactInformation]
FullName = "Kim Example"
CompanyName = "Example"
AddressLine1 = "1-1 Chiyoda"
AddressLine3 = "Room 7"
City = "Chiyoda-ku"
StateOrRegion = "Tokyo"
PostalCode = "100-0001"
CountryCode = "JP"
PhoneNumber = "+81 (3) 1111 2222"
WebsiteUrl = "https://example.com"
"#;

const PUT: &str = "us-east-1 account:PutAlternateContact";
const DELETE: &str = "us-east-1 account:DeleteAlternateContact";
const PUT_INFORMATION: &str = "us-east-1 account:PutContactInformation";

/// Worlds and baselines that need every call of the alternate contacts.
pub(crate) fn exercise_alternate() -> Vec<(&'static str, Vec<String>)> {
    vec![(
        "",
        vec![
            THREE.to_owned(),
            "[alternate_contacts.security]\nstate = \"absent\"\n".to_owned(),
        ],
    )]
}

/// Worlds and baselines that need every call of the contact information.
pub(crate) fn exercise_information() -> Vec<(&'static str, Vec<String>)> {
    vec![(
        "",
        vec!["[contact_information]\nphone = \"+81 3-1234-5678\"\n".to_owned()],
    )]
}

impl Folder {
    fn contacts(&self) -> Value {
        self.account()["contacts"].clone()
    }

    /// Changes the contacts behind trueup's back.
    fn edit_contacts(&self, change: impl FnOnce(&mut Value)) {
        self.alter(|account| change(&mut account["contacts"]));
    }

    /// Asserts the steps of a plan of `b.toml`, as JSON tells them.
    #[track_caller]
    fn has_steps(&self, steps: &[&str]) {
        let planned = self.sandbox(&["plan", "b.toml", "--json"]).expect(0).stdout;
        let planned: Value = serde_json::from_str(&planned).unwrap();
        let titles: Vec<&str> = planned["steps"]
            .as_array()
            .unwrap_or_else(|| panic!("no steps in {planned}"))
            .iter()
            .map(|step| step["title"].as_str().unwrap())
            .collect();
        assert_eq!(titles, steps);
    }

    /// What `plan b.toml` prints, without its line breaks: the lines of a plan are wrapped.
    #[track_caller]
    fn planned(&self) -> String {
        let plan = self.sandbox(&["plan", "b.toml"]).expect(0).stdout;
        plan.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

#[test]
fn a_new_account_gets_three_contacts_and_is_exported_as_it_was_written() {
    let folder = Folder::new();
    folder.becomes(THREE, &[PUT, PUT, PUT]);
    assert_eq!(
        folder.contacts()["alternate"]["BILLING"],
        json!({
            "Name": "Accounting",
            "Title": "Accountant",
            "EmailAddress": "billing@example.com",
            "PhoneNumber": "+81 3-1234-5678",
        })
    );
    let export = folder
        .sandbox(&["export", "--only", "alternate_contacts"])
        .expect(0)
        .says(THREE);
    folder.write("b.toml", &export.stdout);
    folder.is_true();
}

#[test]
fn an_account_without_contacts_is_exported_as_having_none() {
    let folder = Folder::new();
    folder.world("");
    let export = folder
        .sandbox(&["export", "--only", "alternate_contacts"])
        .expect(0)
        .says("[alternate_contacts.security]\nstate = \"absent\"\n");
    folder.write("b.toml", &export.stdout);
    folder.is_true();
    // It means what it says: who comes later is to go.
    folder.edit_contacts(|contacts| contacts["alternate"]["SECURITY"] = security());
    folder.has_steps(&["delete the alternate contact for security"]);
}

fn security() -> Value {
    json!({"Name": "Kim", "Title": "Chief", "EmailAddress": "kim@example.com", "PhoneNumber": "+1 206-555-0100"})
}

#[test]
fn contacts_that_exist_change_in_the_written_keys_alone() {
    let folder = Folder::new();
    folder.world(BY_HAND);
    let before = folder.contacts();
    folder.becomes(
        "[alternate_contacts.security]\ntitle = \"Security officer\"\nemail = \"security@example.com\"\n",
        &[PUT],
    );
    let mut expected = before;
    expected["alternate"]["SECURITY"]["Title"] = "Security officer".into();
    // The address stays as somebody else wrote it, because it is the same one.
    assert_eq!(folder.contacts(), expected);

    folder.becomes(
        "[contact_information]\nphone = \"+81 3-1234-5678\"\nwebsite_url = \"\"\n",
        &[PUT_INFORMATION],
    );
    expected["information"]["PhoneNumber"] = "+81 3-1234-5678".into();
    expected["information"]
        .as_object_mut()
        .unwrap()
        .remove("WebsiteUrl");
    assert_eq!(folder.contacts(), expected);
}

#[test]
fn odd_forms_of_the_same_contacts_are_no_difference() {
    let folder = Folder::new();
    folder.world(BY_HAND);
    folder.write(
        "b.toml",
        r#"
        [alternate_contacts.security]
        name = " Kim "
        email = "security@example.com"
        phone = "+81 3-1234-5678"

        [alternate_contacts.billing]
        phone = "(03) 1234-5678"

        [alternate_contacts.operations]
        state = "absent"

        [contact_information]
        full_name = "Kim Example "
        phone = "+81311112222"
        address_line_2 = ""
        "#,
    );
    folder.is_true();
}

#[test]
fn a_contact_that_was_deleted_by_hand_is_all_that_comes_back() {
    let folder = Folder::new();
    folder.becomes(THREE, &[PUT, PUT, PUT]);
    folder.edit_contacts(|contacts| {
        contacts["alternate"]
            .as_object_mut()
            .unwrap()
            .remove("OPERATIONS");
    });
    folder.has_steps(&["add the alternate contact for operations"]);
    folder.becomes(THREE, &[PUT]);
    folder.edit_contacts(|contacts| {
        let mut other = security();
        other["EmailAddress"] = "other@example.com".into();
        contacts["alternate"]["SECURITY"] = other;
    });
    folder.has_steps(&["change the alternate contact for security"]);
    folder.becomes(THREE, &[PUT]);
}

#[test]
fn removing_a_contact_needs_consent_and_leaves_the_others() {
    let folder = Folder::new();
    folder.becomes(THREE, &[PUT, PUT, PUT]);
    let before = folder.contacts();
    folder.forget_exchanges();
    let gone = "[alternate_contacts.billing]\nstate = \"absent\"\n";
    folder.write("b.toml", gone);
    folder
        .sandbox(&["apply", "b.toml", "--auto-approve"])
        .expect(3)
        .says("--allow alternate_contacts");
    assert_eq!(folder.writes(), Vec::<String>::new());
    folder.becomes(gone, &[DELETE]);
    let mut expected = before;
    expected["alternate"].as_object_mut().unwrap().remove("BILLING");
    assert_eq!(folder.contacts(), expected);
}

#[test]
fn a_first_contact_that_is_not_whole_is_blocked_with_what_is_missing() {
    let folder = Folder::new();
    folder.write(
        "b.toml",
        "[alternate_contacts.security]\nemail = \"a@example.com\"\n",
    );
    let plan = folder.planned();
    assert!(
        plan.contains("blocked")
            && plan.contains("write name, title, phone under [alternate_contacts.security]"),
        "{plan}"
    );
}

#[test]
fn a_change_is_awaited_until_it_can_be_read() {
    let folder = Folder::new();
    folder.world("[[lag]]\ncall = \"account:Get*\"\nseconds = 1.5\n");
    folder.write(
        "b.toml",
        &format!("{THREE}[contact_information]\nphone = \"+81 3-1234-5678\"\n"),
    );
    folder.apply().expect(0);
    let mut writes = folder.writes();
    writes.sort();
    assert_eq!(writes, [PUT, PUT, PUT, PUT_INFORMATION]);
    // A plan right behind it reads what was written.
    folder.is_true();
}

#[test]
fn a_number_in_its_domestic_form_is_refused_with_the_right_one() {
    let folder = Folder::new();
    folder.write(
        "b.toml",
        "[contact_information]\nphone = \"03-1234-5678\"\ncountry_code = \"JP\"\n",
    );
    let ended = folder.run(&["validate", "b.toml"]).expect(1);
    assert!(
        ended.stderr.contains("b.toml:2") && ended.stderr.contains("expected \"+81 3-1234-5678\""),
        "{}",
        ended.stderr
    );
}

#[test]
fn the_number_of_a_new_account_is_told_corrected_and_attested() {
    let folder = Folder::new();
    folder.world("");
    let tested = "[contact_information]\nphone_tested = \"required\"\n";
    folder.write("b.toml", tested);
    let plan = folder.planned();
    assert!(
        plan.contains("03-1234-5678, lacks the country's code")
            && plan.contains("write phone = \"+81 3-1234-5678\" under [contact_information]"),
        "{plan}"
    );
    folder
        .sandbox(&["plan", "b.toml", "--fail-on", "needs-person"])
        .expect(4);

    // Such a number is not exported, since AWS would not take it back.
    let export = folder
        .sandbox(&["export", "--only", "contact_information"])
        .expect(0)
        .says("# Without `phone`: `phone`: `03-1234-5678` lacks the country's code")
        .says("full_name = ");
    folder.write("b.toml", &export.stdout).is_true();

    let corrected = format!("{tested}phone = \"+81 3-1234-5678\"\n");
    let before = folder.contacts();
    folder.becomes(&corrected, &[PUT_INFORMATION]);
    let mut expected = before;
    expected["information"]["PhoneNumber"] = "+81 3-1234-5678".into();
    assert_eq!(folder.contacts(), expected);
    let plan = folder.planned();
    assert!(
        plan.contains("call +81 3-1234-5678") && plan.contains("write [attestations.contact_phone]"),
        "{plan}"
    );

    folder.write(
        "b.toml",
        &format!(
            "{corrected}[attestations.contact_phone]\nby = \"Kim\"\non = 2020-01-02\nexpires = 2999-01-02\n"
        ),
    );
    folder.is_true();
    folder
        .sandbox(&["plan", "b.toml", "--fail-on", "needs-person"])
        .expect(0)
        .says("Kim vouched for it on 2020-01-02");

    let export = folder
        .sandbox(&["export", "--only", "contact_information"])
        .expect(0)
        .says("phone = \"+81 3-1234-5678\"")
        .says("company_name = \"\"");
    folder.write("b.toml", &export.stdout);
    folder.is_true();
}

#[test]
fn an_account_without_contact_information_is_told_all_that_it_needs() {
    let folder = Folder::new();
    folder.world("");
    folder.edit_contacts(|contacts| contacts["information"] = json!({}));
    folder.write("b.toml", "[contact_information]\nphone = \"+81 3-1234-5678\"\n");
    let plan = folder.planned();
    assert!(
        plan.contains("blocked") && plan.contains("write full_name,"),
        "{plan}"
    );
    let whole = "[contact_information]\nphone = \"+81 3-1234-5678\"\nfull_name = \"Kim\"\ncity = \"Chiyoda-ku\"\n\
                 address_line_1 = \"1-1\"\nstate_or_region = \"Tokyo\"\npostal_code = \"100-0001\"\ncountry_code = \"JP\"\n";
    folder.becomes(whole, &[PUT_INFORMATION]);
}

#[test]
fn moto_sees_the_alternate_contacts_come_change_and_go() {
    let moto = Moto::start();
    let apply = |baseline: &str| {
        moto.folder.write("b.toml", baseline);
        moto.apply().expect(0).says("The account is true to b.toml.");
        moto.is_true();
        moto.look(&["us-east-1"])["alternate_contacts"].clone()
    };
    let contact = |name: &str, title: &str, email: &str| json!({"Name": name, "Title": title, "EmailAddress": email, "PhoneNumber": "+81 3-1234-5678"});
    let mut expected = json!({
        "BILLING": contact("Accounting", "Accountant", "billing@example.com"),
        "OPERATIONS": contact("Operations", "Operations manager", "operations@example.com"),
        "SECURITY": contact("Security", "Security officer", "security@example.com"),
    });
    assert_eq!(apply(THREE), expected);
    expected["SECURITY"]["Title"] = "Chief".into();
    assert_eq!(
        apply("[alternate_contacts.security]\ntitle = \"Chief\"\nemail = \"SECURITY@example.com\"\n"),
        expected
    );
    expected["BILLING"] = Value::Null;
    assert_eq!(
        apply("[alternate_contacts.billing]\nstate = \"absent\"\n"),
        expected
    );
}

#[test]
fn one_contact_that_is_refused_does_not_block_the_others() {
    let folder = Folder::new();
    folder.write(
        "b.toml",
        "[alternate_contacts.billing]\nemail = \"b@example.com\"\n[alternate_contacts.security]\nname = \"S\"\n\
         title = \"T\"\nemail = \"s@example.com\"\nphone = \"+1 5\"\n",
    );
    folder.apply().expect(3);
    assert_eq!(folder.writes(), [PUT]);
    folder
        .sandbox(&["plan", "b.toml", "--detailed-exitcode"])
        .expect(2)
        .says("billing: there is no such contact yet");
}

#[test]
fn the_telephone_number_is_verified_by_aws_where_it_can() {
    let folder = Folder::new();
    folder.world(BY_HAND);
    folder.write("b.toml", "[contact_information]\nphone_tested = \"required\"\n");
    for (status, code) in [
        ("VERIFIED", 0),
        ("PENDING", 4),
        ("UNVERIFIED", 4),
        ("NOT_SUPPORTED", 4),
    ] {
        folder.edit_contacts(|contacts| contacts["verification"] = status.into());
        folder
            .sandbox(&["plan", "b.toml", "--fail-on", "needs-person"])
            .expect(code);
    }
    let attested = "[contact_information]\nphone_tested = \"required\"\n[attestations.contact_phone]\nby = \"Kim\"\n\
                    on = 2026-01-02\nexpires = 2999-01-02\n";
    folder.write("b.toml", attested);
    for (status, code) in [("NOT_SUPPORTED", 0), ("UNVERIFIED", 4)] {
        folder.edit_contacts(|contacts| contacts["verification"] = status.into());
        folder
            .sandbox(&["plan", "b.toml", "--fail-on", "needs-person"])
            .expect(code);
    }
}
