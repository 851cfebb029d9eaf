//! The contact information: the account's primary contact, with the telephone number that AWS calls back.
//!
//! `PutContactInformation` takes the whole of it, and whether it keeps what is left out its reference (Account
//! Management API) does not say. So a change sends all of it, with what the baseline does not manage as it was read.

use std::fmt;

use aws_sdk_account::types::ContactInformation as Sent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::control::{Control, Doc, Here, Observed, Permissions};
use trueup_core::location::Scope;
use trueup_core::values::Required;

use super::alternate_contacts::Settling;

pub(crate) mod phone;
#[cfg(test)]
mod tests;

/// The control.
pub(crate) struct ContactInformation;

/// The table `[contact_information]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// The full name of the primary contact, at most 50 characters.
    #[schemars(length(min = 1, max = 50))]
    pub(crate) full_name: Option<String>,
    /// The company's name, at most 50 characters; "" for none.
    #[schemars(length(max = 50))]
    pub(crate) company_name: Option<String>,
    /// The first line of the address, at most 60 characters.
    #[schemars(length(min = 1, max = 60))]
    pub(crate) address_line_1: Option<String>,
    /// The second line of the address, at most 60 characters; "" for none.
    #[schemars(length(max = 60))]
    pub(crate) address_line_2: Option<String>,
    /// The third line of the address, at most 60 characters; "" for none.
    #[schemars(length(max = 60))]
    pub(crate) address_line_3: Option<String>,
    /// The city, at most 50 characters.
    #[schemars(length(min = 1, max = 50))]
    pub(crate) city: Option<String>,
    /// The district or county, at most 50 characters; "" for none.
    #[schemars(length(max = 50))]
    pub(crate) district_or_county: Option<String>,
    /// The state or region, at most 50 characters; "" for none, except in US, CA, GB, DE, JP, IN and BR.
    #[schemars(length(max = 50))]
    pub(crate) state_or_region: Option<String>,
    /// The postal code, at most 20 characters.
    #[schemars(length(min = 1, max = 20))]
    pub(crate) postal_code: Option<String>,
    /// The country, two letters of ISO 3166.
    #[schemars(regex(pattern = "^[A-Z]{2}$"))]
    pub(crate) country_code: Option<String>,
    /// The telephone number with the country's code, at most 20 characters: "+81 3-1234-5678".
    #[schemars(length(max = 20), regex(pattern = r"^[+][\s0-9()-]+$"))]
    pub(crate) phone: Option<String>,
    /// The website's address, at most 256 characters; "" for none.
    #[schemars(length(max = 256))]
    pub(crate) website_url: Option<String>,
    /// "required" asks a person to call the number, until [attestations.contact_phone] says that it was answered.
    pub(crate) phone_tested: Option<Required>,
}

/// Where an address needs its state (Account Management API reference, `ContactInformation`).
const WITH_STATES: [&str; 7] = ["US", "CA", "GB", "DE", "JP", "IN", "BR"];

/// A key of the table, as AWS limits it.
struct Key<'a> {
    name: &'static str,
    text: &'a Option<String>,
    /// In characters.
    longest: usize,
    /// True if AWS takes no contact information without it.
    required: bool,
}

impl Model {
    fn keys(&self) -> [Key<'_>; 12] {
        let key = |name, text, longest, required| Key {
            name,
            text,
            longest,
            required,
        };
        [
            key("full_name", &self.full_name, 50, true),
            key("company_name", &self.company_name, 50, false),
            key("address_line_1", &self.address_line_1, 60, true),
            key("address_line_2", &self.address_line_2, 60, false),
            key("address_line_3", &self.address_line_3, 60, false),
            key("city", &self.city, 50, true),
            key("district_or_county", &self.district_or_county, 50, false),
            key("state_or_region", &self.state_or_region, 50, false),
            key("postal_code", &self.postal_code, 20, true),
            key("country_code", &self.country_code, 2, true),
            key("phone", &self.phone, 20, true),
            key("website_url", &self.website_url, 256, false),
        ]
    }

    /// What is wanted, over what is there, which stays as it is written where both mean the same.
    fn over(&self, live: &Model) -> Model {
        let or = |name, want: &Option<String>, live: &Option<String>| match want {
            Some(text) if !same(name, want, live) => Some(text.clone()),
            _ => live.clone(),
        };
        Model {
            full_name: or("full_name", &self.full_name, &live.full_name),
            company_name: or("company_name", &self.company_name, &live.company_name),
            address_line_1: or("address_line_1", &self.address_line_1, &live.address_line_1),
            address_line_2: or("address_line_2", &self.address_line_2, &live.address_line_2),
            address_line_3: or("address_line_3", &self.address_line_3, &live.address_line_3),
            city: or("city", &self.city, &live.city),
            district_or_county: or(
                "district_or_county",
                &self.district_or_county,
                &live.district_or_county,
            ),
            state_or_region: or("state_or_region", &self.state_or_region, &live.state_or_region),
            postal_code: or("postal_code", &self.postal_code, &live.postal_code),
            country_code: or("country_code", &self.country_code, &live.country_code),
            phone: or("phone", &self.phone, &live.phone),
            website_url: or("website_url", &self.website_url, &live.website_url),
            phone_tested: None,
        }
    }

    /// True if it means the same contact.
    fn is_like(&self, other: &Model) -> bool {
        let mut both = self.keys().into_iter().zip(other.keys());
        both.all(|(one, other)| same(one.name, one.text, other.text))
    }

    fn needs_a_state(&self) -> bool {
        WITH_STATES
            .iter()
            .any(|country| country.eq_ignore_ascii_case(text(&self.country_code)))
            && text(&self.state_or_region).is_empty()
    }

    /// The number that is meant where the country's code is missing, for a hint.
    fn number_meant(&self) -> Option<String> {
        phone::corrected(text(&self.phone), text(&self.country_code))
    }
}

/// True if a key's texts mean the same: spaces around, the form of the number and the case of the country do not count,
/// and nothing is an empty text.
fn same(name: &str, one: &Option<String>, other: &Option<String>) -> bool {
    let (one, other) = (text(one), text(other));
    match name {
        "phone" => phone::same(one, other),
        "country_code" => one.eq_ignore_ascii_case(other),
        _ => one == other,
    }
}

/// A key's text without what stands around it.
fn text(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default().trim()
}

/// A change of the contact information.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Send all of it.
    Put(Model),
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Put(_) => f.write_str("change the account's contact information"),
        }
    }
}

impl Control for ContactInformation {
    const NAME: &'static str = "contact_information";
    const SCOPE: Scope = Scope::Account;
    const DOC: Doc = Doc {
        title: "Contact information",
        items: &[4],
        why: "AWS calls this number back before it helps somebody who has lost the root user's MFA device; without \
              the country's code the call never arrives.",
        off: "it cannot be removed: take the table out, and write \"\" for a key that may be empty to clear it",
        cost: "free",
        benchmarks: &[("CIS 5.0", "1.1"), ("CIS 3.0", "1.1")],
        page: "https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-update-contact-primary.html",
        example: r#"[contact_information]
phone = "+81 3-1234-5678"    # only the written keys are managed
phone_tested = "required"    # until a person has called it and says so in [attestations.contact_phone]
"#,
    };
    const PERMISSIONS: Permissions = Permissions {
        read: &["account:GetContactInformation"],
        write: &["account:PutContactInformation"],
    };
    const ATTESTATIONS: &'static [(&'static str, &'static str)] = &[(
        "contact_phone",
        "the telephone number of the contact information was called and answered",
    )];

    type Model = Model;
    type Ids = ();
    type Action = Action;

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        let mut wrong = vec![];
        for key in want.keys() {
            let Some(written) = key.text else { continue };
            let length = written.chars().count();
            if written.trim().is_empty() && key.required {
                let expected = format!("is empty; expected 1 to {} characters", key.longest);
                wrong.push((key.name, expected));
            } else if length > key.longest {
                wrong.push((
                    key.name,
                    format!("has {length} characters; expected at most {}", key.longest),
                ));
            }
        }
        let country = text(&want.country_code);
        if country.len() == 2 && !country.bytes().all(|b| b.is_ascii_uppercase()) {
            wrong.push((
                "country_code",
                format!("`{country}` is no country; expected two capital letters, such as \"JP\""),
            ));
        }
        let number = text(&want.phone);
        if !number.is_empty() && !phone::is_international(number) {
            let hint = match want.number_meant() {
                Some(meant) => format!("expected \"{meant}\""),
                None => {
                    "expected + and the country's code, then digits, spaces, - and brackets: 03-1234-5678 in \
                         Japan is \"+81 3-1234-5678\""
                        .to_owned()
                }
            };
            let what = if number.starts_with('+') {
                "is no telephone number"
            } else {
                "lacks the country's code"
            };
            wrong.push(("phone", format!("`{number}` {what}; {hint}")));
        }
        if want.state_or_region.is_some() && want.needs_a_state() {
            wrong.push((
                "state_or_region",
                format!("is empty; an address in {country} needs its state or region"),
            ));
        }
        if *want == Model::default() {
            wrong.push((
                "",
                "says nothing about the contact; expected at least phone".to_owned(),
            ));
        }
        wrong
    }

    fn diff(want: &Model, seen: &Observed<Model, ()>, _here: &Here<'_>, out: &mut Changes<Action>) {
        let whole = want.over(&seen.model);
        let number = text(&whole.phone);
        let is_international = phone::is_international(number);
        let with_code = || {
            whole.number_meant().map_or_else(
                || "phone with the country's code".to_owned(),
                |meant| format!("phone = \"{meant}\""),
            )
        };
        if want.phone_tested == Some(Required::Required) && !number.is_empty() {
            if is_international {
                out.attestable(
                    "contact_phone",
                    format!(
                        "call {number} and see that the account's owners answer: AWS calls it back before it helps \
                         with a lost root MFA device"
                    ),
                );
            } else {
                out.person(format!(
                    "the account's telephone number, {number}, lacks the country's code, so AWS's call-back never \
                     arrives; write {} under [contact_information]",
                    with_code()
                ));
            }
        }
        if whole.is_like(&seen.model) {
            return;
        }
        let missing: Vec<&str> = whole
            .keys()
            .iter()
            .filter(|key| key.required && text(key.text).is_empty())
            .map(|key| key.name)
            .collect();
        if !missing.is_empty() {
            out.refuse(format!(
                "AWS takes only the whole contact, and the account's has no {missing}; write {missing} under \
                 [contact_information]",
                missing = missing.join(", ")
            ));
        } else if whole.needs_a_state() {
            out.refuse(format!(
                "an address in {} needs its state or region; write state_or_region under [contact_information]",
                text(&whole.country_code)
            ));
        } else if !is_international {
            out.refuse(format!(
                "AWS takes only the whole contact, and the account's telephone number, {number}, lacks the \
                 country's code; write {} under [contact_information]",
                with_code()
            ));
        } else {
            out.change(Action::Put(whole));
        }
    }
}

impl Live for ContactInformation {
    async fn fetch(cx: &Cx, _want: Option<&Model>) -> Result<Observed<Model, ()>, Failure> {
        read(cx).await.map(Observed::of)
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        let Action::Put(whole) = action;
        // An empty text is a key that AWS is not to have; it takes none.
        let sent = |key: &Option<String>| key.clone().filter(|text| !text.trim().is_empty());
        let information = Sent::builder()
            .set_full_name(sent(&whole.full_name))
            .set_company_name(sent(&whole.company_name))
            .set_address_line1(sent(&whole.address_line_1))
            .set_address_line2(sent(&whole.address_line_2))
            .set_address_line3(sent(&whole.address_line_3))
            .set_city(sent(&whole.city))
            .set_district_or_county(sent(&whole.district_or_county))
            .set_state_or_region(sent(&whole.state_or_region))
            .set_postal_code(sent(&whole.postal_code))
            .set_country_code(sent(&whole.country_code))
            .set_phone_number(sent(&whole.phone))
            .set_website_url(sent(&whole.website_url))
            .build()
            .map_err(|error| Failure::answer("account:PutContactInformation", error.to_string()))?;
        cx.clients()
            .account
            .put_contact_information()
            .contact_information(information)
            .send()
            .await?;
        let mut settling = Settling::new(cx, "account:GetContactInformation", 1);
        while settling.goes_on(read(cx).await?.is_like(whole)).await? {}
        Ok(())
    }
}

async fn read(cx: &Cx) -> Result<Model, Failure> {
    let answer = cx
        .clients()
        .account
        .get_contact_information()
        .send()
        .await
        .map_err(Failure::from);
    let information = match answer {
        Ok(answer) => answer.contact_information,
        Err(fault) if fault.is("ResourceNotFoundException") => None,
        Err(fault) => return Err(fault),
    };
    let Some(information) = information else {
        return Ok(Model::default());
    };
    // What is not there is empty, so that an export says that it stays so.
    let or_empty = |text: Option<String>| Some(text.unwrap_or_default());
    Ok(Model {
        full_name: Some(information.full_name),
        company_name: or_empty(information.company_name),
        address_line_1: Some(information.address_line1),
        address_line_2: or_empty(information.address_line2),
        address_line_3: or_empty(information.address_line3),
        city: Some(information.city),
        district_or_county: or_empty(information.district_or_county),
        state_or_region: or_empty(information.state_or_region),
        postal_code: Some(information.postal_code),
        country_code: Some(information.country_code),
        phone: Some(information.phone_number),
        website_url: or_empty(information.website_url),
        phone_tested: None,
    })
}
