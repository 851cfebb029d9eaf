//! The table and the changes.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_core::values::Required;

use super::phone;

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
    /// "required": AWS has verified the number by a passcode. For an account whose number it cannot verify, a person
    /// calls it and writes [attestations.contact_phone].
    pub(crate) phone_tested: Option<Required>,
}

impl Model {
    pub(super) fn keys(&self) -> [Key<'_>; 12] {
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
    pub(super) fn over(&self, live: &Model) -> Model {
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
    pub(super) fn is_like(&self, other: &Model) -> bool {
        let mut both = self.keys().into_iter().zip(other.keys());
        both.all(|(one, other)| same(one.name, one.text, other.text))
    }

    pub(super) fn needs_a_state(&self) -> bool {
        WITH_STATES
            .iter()
            .any(|country| country.eq_ignore_ascii_case(text(&self.country_code)))
            && text(&self.state_or_region).is_empty()
    }

    /// The number that is meant where the country's code is missing, for a hint.
    pub(super) fn number_meant(&self) -> Option<String> {
        phone::corrected(text(&self.phone), text(&self.country_code))
    }
}

/// Where an address needs its state (Account Management API reference, `ContactInformation`).
const WITH_STATES: [&str; 7] = ["US", "CA", "GB", "DE", "JP", "IN", "BR"];

/// A key of the table, as AWS limits it.
pub(super) struct Key<'a> {
    pub(super) name: &'static str,
    pub(super) text: &'a Option<String>,
    /// In characters.
    pub(super) longest: usize,
    /// True if AWS takes no contact information without it.
    pub(super) required: bool,
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
pub(super) fn text(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default().trim()
}

/// What is known beside the table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// Whether AWS has verified the telephone number; nothing where it cannot.
    pub(crate) verified: Option<bool>,
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
