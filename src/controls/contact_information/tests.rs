use super::model::{self, text};
use super::*;
use crate::testing;

fn model(text: &str) -> Model {
    toml::from_str(text).unwrap()
}

/// A contact as `fetch` reads one: every key filled in.
fn live() -> Model {
    model(
        "full_name = \"Kim Example\"\ncompany_name = \"\"\naddress_line_1 = \"1-1 Chiyoda\"\naddress_line_2 = \"\"\n\
         address_line_3 = \"\"\ncity = \"Chiyoda-ku\"\ndistrict_or_county = \"\"\nstate_or_region = \"Tokyo\"\n\
         postal_code = \"100-0001\"\ncountry_code = \"JP\"\nphone = \"+81 3-1234-5678\"\nwebsite_url = \"\"\n",
    )
}

fn domestic() -> Model {
    Model {
        phone: Some("03-1234-5678".to_owned()),
        ..live()
    }
}

fn found(want: &str, live: Model) -> Changes<Action> {
    testing::found::<ContactInformation>(&model(want), &Observed::of(live))
}

fn plan(want: &str, live: Model) -> String {
    testing::told(&found(want, live))
}

#[test]
fn only_the_written_keys_differ_and_the_others_are_sent_back_as_read() {
    let out = found("phone = \"+81 3-1234-5678\"", domestic());
    insta::assert_snapshot!(testing::told(&out), @"change the account's contact information [safe]");
    assert_eq!(out.steps[0].action, Action::Put(live()));
    assert_eq!(plan("phone = \"+81 3-1234-5678\"", live()), "");
    assert_eq!(
        plan(
            "company_name = \"Example\"",
            Model {
                company_name: Some("Example".to_owned()),
                ..domestic()
            }
        ),
        ""
    );
}

#[test]
fn each_key_that_differs_alone_is_a_change_to_just_it() {
    for key in live().keys() {
        let other = match key.name {
            "phone" => "+81 6-1234-5678",
            "country_code" => "SE",
            _ => "other",
        };
        let out = found(&format!("{} = \"{other}\"", key.name), live());
        assert_eq!(out.steps.len(), 1, "{}", key.name);
        let Action::Put(sent) = &out.steps[0].action;
        for (sent, live) in sent.keys().iter().zip(live().keys()) {
            let expected = if sent.name == key.name {
                other
            } else {
                text(live.text)
            };
            assert_eq!(text(sent.text), expected, "{}: {}", key.name, sent.name);
        }
    }
}

#[test]
fn odd_forms_of_the_same_are_no_difference() {
    for want in [
        "phone = \"+81312345678\"",
        "phone = \"+81 (3) 1234 5678\"",
        "full_name = \" Kim Example \"",
        "website_url = \"\"",
        "website_url = \" \"",
    ] {
        assert_eq!(plan(want, live()), "", "{want}");
    }
    let small = Model {
        country_code: Some("jp".to_owned()),
        ..live()
    };
    assert_eq!(plan("country_code = \"JP\"", small), "");
    assert_ne!(plan("full_name = \"kim example\"", live()), "");
    // Beside another change it stays as it is written there.
    let out = found("phone = \"+81312345678\"\ncity = \"Osaka\"", live());
    let expected = Model {
        city: Some("Osaka".to_owned()),
        ..live()
    };
    assert_eq!(out.steps[0].action, Action::Put(expected));
}

#[test]
fn an_empty_text_clears_what_may_be_empty() {
    let with_site = Model {
        website_url: Some("https://example.com".to_owned()),
        ..live()
    };
    let out = found("website_url = \"\"", with_site);
    assert_eq!(out.steps[0].action, Action::Put(live()));
}

#[test]
fn a_number_that_aws_would_not_take_back_stands_in_the_way_of_every_other_key() {
    insta::assert_snapshot!(
        plan("company_name = \"Example\"", domestic()),
        @r#"refused: AWS takes only the whole contact, and the account's telephone number, 03-1234-5678, lacks the country's code; write phone = "+81 3-1234-5678" under [contact_information]"#
    );
    let unknown = Model {
        country_code: Some("ZZ".to_owned()),
        ..domestic()
    };
    insta::assert_snapshot!(
        plan("company_name = \"Example\"", unknown),
        @"refused: AWS takes only the whole contact, and the account's telephone number, 03-1234-5678, lacks the country's code; write phone with the country's code under [contact_information]"
    );
}

#[test]
fn what_would_not_be_whole_is_refused() {
    insta::assert_snapshot!(
        plan("phone = \"+1 206-555-0100\"", Model::default()),
        @"refused: AWS takes only the whole contact, and the account's has no full_name, address_line_1, city, postal_code, country_code; write full_name, address_line_1, city, postal_code, country_code under [contact_information]"
    );
    let nowhere = Model {
        country_code: Some("SE".to_owned()),
        state_or_region: Some(String::new()),
        ..live()
    };
    insta::assert_snapshot!(
        plan("country_code = \"US\"", nowhere.clone()),
        @"refused: an address in US needs its state or region; write state_or_region under [contact_information]"
    );
    insta::assert_snapshot!(
        plan("city = \"Stockholm\"", nowhere),
        @"change the account's contact information [safe]"
    );
}

#[test]
fn a_person_calls_the_number_until_it_is_attested() {
    insta::assert_snapshot!(
        plan("phone_tested = \"required\"", live()),
        @"person, unless contact_phone is attested: call +81 3-1234-5678 and see that the account's owners answer: AWS calls it back before it helps with a lost root MFA device"
    );
    // The number to call is the one that will be there.
    insta::assert_snapshot!(
        plan("phone = \"+81 6-1234-5678\"\nphone_tested = \"required\"", domestic()),
        @r"
    change the account's contact information [safe]
    person, unless contact_phone is attested: call +81 6-1234-5678 and see that the account's owners answer: AWS calls it back before it helps with a lost root MFA device
    "
    );
    // A number that cannot be reached is not to be vouched for.
    insta::assert_snapshot!(
        plan("phone_tested = \"required\"", domestic()),
        @r#"person: the account's telephone number, 03-1234-5678, lacks the country's code, so AWS's call-back never arrives; write phone = "+81 3-1234-5678" under [contact_information]"#
    );
}

#[test]
fn a_number_that_aws_verifies_needs_no_attestation_and_cannot_have_one() {
    let told = |want: &str, verified| {
        let seen = Observed {
            ids: model::Ids { verified },
            ..Observed::of(live())
        };
        testing::told(&testing::found::<ContactInformation>(&model(want), &seen))
    };
    let tested = "phone_tested = \"required\"";
    assert_eq!(told(tested, Some(true)), "");
    insta::assert_snapshot!(told(tested, Some(false)), @"person: verify the account's telephone number +81 3-1234-5678: `aws account send-phone-number-verification` sends a passcode to it, and `aws account verify-phone-number --otp PASSCODE` confirms it. AWS calls this number before it helps with a lost root MFA device");
    // Another number has to be verified again.
    let moved = told(&format!("phone = \"+81 6-1234-5678\"\n{tested}"), Some(true));
    assert!(
        moved.contains("person: verify the account's telephone number +81 6-1234-5678:"),
        "{moved}"
    );
    // The same in another form does not.
    assert_eq!(
        told(&format!("phone = \"+81312345678\"\n{tested}"), Some(true)),
        ""
    );
    assert_eq!(told("city = \"Chiyoda-ku\"", Some(false)), "");
}

#[test]
fn an_exported_account_plans_to_nothing() {
    let read: Model = toml::Table::try_from(live()).unwrap().try_into().unwrap();
    assert_eq!(read, live());
    assert_eq!(ContactInformation::check(&read), []);
    assert_eq!(
        testing::told(&testing::found::<ContactInformation>(
            &read,
            &Observed::of(live())
        )),
        ""
    );
}

#[test]
fn what_aws_would_refuse_is_refused_with_what_was_expected() {
    for (text, key, says) in [
        ("", "", "says nothing about the contact; expected at least phone"),
        (
            "phone = \"03-1234-5678\"\ncountry_code = \"JP\"",
            "phone",
            "`03-1234-5678` lacks the country's code; expected \"+81 3-1234-5678\"",
        ),
        (
            "phone = \"03-1234-5678\"",
            "phone",
            "03-1234-5678 in Japan is \"+81 3-1234-5678\"",
        ),
        ("phone = \"+81 x\"", "phone", "`+81 x` is no telephone number"),
        ("phone = \"\"", "phone", "is empty; expected 1 to 20"),
        (
            "phone = \"+81 3-1234-5678-123456\"",
            "phone",
            "has 22 characters; expected at most 20",
        ),
        ("full_name = \" \"", "full_name", "is empty"),
        ("country_code = \"jp\"", "country_code", "two capital letters"),
        ("country_code = \"JPN\"", "country_code", "at most 2"),
        (
            "country_code = \"JP\"\nstate_or_region = \"\"",
            "state_or_region",
            "an address in JP needs its state",
        ),
    ] {
        let wrong = ContactInformation::check(&model(text));
        assert_eq!((wrong.len(), wrong[0].0), (1, key), "{text}: {wrong:?}");
        assert!(wrong[0].1.contains(says), "{text}: {}", wrong[0].1);
    }
    assert!(toml::from_str::<Model>("phone_tested = \"yes\"").is_err());
    for fine in [
        "phone_tested = \"required\"",
        "company_name = \"\"",
        "country_code = \"US\"",
    ] {
        assert_eq!(ContactInformation::check(&model(fine)), [], "{fine}");
    }
}
