//! Account Management: the contacts of the account.
//!
//! Lengths, patterns and required members are those of the service's own API model (2021-02-01).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::input::lower_first;
use super::service::Service;
use super::wire::{Protocol, Route, route};
use super::{Account, Answer, AwsError, Call};

/// What is kept of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contacts {
    /// The alternate contacts that exist, by `BILLING`, `OPERATIONS` and `SECURITY`.
    pub alternate: BTreeMap<String, BTreeMap<String, String>>,
    /// The primary contact, under the API's names. An account has one from its sign-up on.
    pub information: BTreeMap<String, String>,
    /// Whether its telephone number is verified: `PENDING`, `VERIFIED`, `UNVERIFIED`, or `NOT_SUPPORTED`.
    #[serde(default = "not_supported")]
    pub verification: String,
}

fn not_supported() -> String {
    "NOT_SUPPORTED".to_owned()
}

impl Default for Contacts {
    /// The contacts of a new account: nobody but who signed up, with a telephone number in the domestic form, which
    /// the sign-up form took for years.
    fn default() -> Self {
        let information = [
            ("FullName", "Sandbox Owner"),
            ("AddressLine1", "1-1 Chiyoda"),
            ("City", "Chiyoda-ku"),
            ("StateOrRegion", "Tokyo"),
            ("PostalCode", "100-0001"),
            ("CountryCode", "JP"),
            ("PhoneNumber", "03-1234-5678"),
        ];
        Contacts {
            alternate: BTreeMap::new(),
            information: information
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            verification: not_supported(),
        }
    }
}

/// Whether a text has the form that a pattern asks for.
type Fits = fn(&str) -> bool;

/// What a member must be like.
struct Member {
    name: &'static str,
    longest: usize,
    required: bool,
    /// The pattern as AWS writes it, and whether a text fits.
    form: Option<(&'static str, Fits)>,
}

const fn member(name: &'static str, longest: usize, required: bool) -> Member {
    Member {
        name,
        longest,
        required,
        form: None,
    }
}

const ALTERNATE: [Member; 4] = [
    member("Name", 64, true),
    member("Title", 50, true),
    Member {
        name: "EmailAddress",
        longest: 254,
        required: true,
        form: Some((r"^[\s]*[\w+=.#|!&-]+@[\w.-]+\.[\w]+[\s]*$", is_email_address)),
    },
    Member {
        name: "PhoneNumber",
        longest: 25,
        required: true,
        form: Some((r"^[\s0-9()+-]+$", |text| {
            text.chars().all(|c| c == '+' || is_of_a_number(c))
        })),
    },
];

const INFORMATION: [Member; 12] = [
    member("FullName", 50, true),
    member("CompanyName", 50, false),
    member("AddressLine1", 60, true),
    member("AddressLine2", 60, false),
    member("AddressLine3", 60, false),
    member("City", 50, true),
    member("DistrictOrCounty", 50, false),
    member("StateOrRegion", 50, false),
    member("PostalCode", 20, true),
    member("CountryCode", 2, true),
    Member {
        name: "PhoneNumber",
        longest: 20,
        required: true,
        form: Some((r"^[+][\s0-9()-]+$", |text| {
            text.strip_prefix('+')
                .is_some_and(|rest| !rest.is_empty() && rest.chars().all(is_of_a_number))
        })),
    },
    member("WebsiteUrl", 256, false),
];

/// Where an address needs its state (Account Management API reference, `ContactInformation`).
const WITH_STATES: [&str; 7] = ["US", "CA", "GB", "DE", "JP", "IN", "BR"];

fn is_of_a_number(c: char) -> bool {
    c.is_ascii_digit() || c.is_whitespace() || "()-".contains(c)
}

fn is_email_address(text: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let all = |text: &str, more: &str| !text.is_empty() && text.chars().all(|c| word(c) || more.contains(c));
    text.trim().split_once('@').is_some_and(|(name, host)| {
        all(name, "+=.#|!&-")
            && host
                .rsplit_once('.')
                .is_some_and(|(host, last)| all(host, ".-") && all(last, ""))
    })
}

/// The service.
pub(super) static SERVICE: Service = Service {
    is_global: true,
    ..Service::new("account", &[Protocol::RestJson(ROUTES)], handle)
};

const ROUTES: &[Route] = &[
    route("DeleteAlternateContact", "POST /deleteAlternateContact"),
    route("GetAccountInformation", "POST /getAccountInformation"),
    route("GetAlternateContact", "POST /getAlternateContact"),
    route("GetContactInformation", "POST /getContactInformation"),
    route("ListRegions", "POST /listRegions"),
    route("PutAlternateContact", "POST /putAlternateContact"),
    route("PutContactInformation", "POST /putContactInformation"),
];

/// Answers one operation.
fn handle(account: &mut Account, call: &Call) -> Answer {
    own_account(account, &call.input)?;
    let contacts = &mut account.contacts;
    match call.operation.as_str() {
        "GetAlternateContact" => {
            let kind = kind(&call.input)?;
            let found = contacts.alternate.get(kind).ok_or_else(no_contact)?;
            let mut contact = json!(found);
            contact["AlternateContactType"] = kind.into();
            Ok(json!({"AlternateContact": contact}))
        }
        "PutAlternateContact" => {
            let kind = kind(&call.input)?.to_owned();
            let own = ["AccountId", "AlternateContactType"];
            let contact = members(&ALTERNATE, &call.input, &own, "")?;
            contacts.alternate.insert(kind, contact);
            Ok(Value::Null)
        }
        "DeleteAlternateContact" => {
            let kind = kind(&call.input)?;
            contacts.alternate.remove(kind).ok_or_else(no_contact)?;
            Ok(Value::Null)
        }
        "GetContactInformation" if contacts.information.is_empty() => Err(AwsError::with_status(
            404,
            "ResourceNotFoundException",
            "No contact information found.",
        )),
        "GetContactInformation" => Ok(json!({
            "ContactInformation": contacts.information,
            "VerificationStatus": contacts.verification,
        })),
        "PutContactInformation" => {
            let wanted = &call.input["ContactInformation"];
            if !wanted.is_object() {
                return Err(invalid("contactInformation", "Member must not be null"));
            }
            let information = members(&INFORMATION, wanted, &[], "contactInformation.")?;
            let country = &information["CountryCode"];
            if WITH_STATES.contains(&country.as_str()) && !information.contains_key("StateOrRegion") {
                return Err(invalid(
                    "stateOrRegion",
                    &format!("StateOrRegion is required for the country {country}"),
                ));
            }
            let number = |of: &BTreeMap<String, String>| of.get("PhoneNumber").cloned();
            if number(&information) != number(&contacts.information)
                && contacts.verification != not_supported()
            {
                contacts.verification = "UNVERIFIED".to_owned();
            }
            contacts.information = information;
            Ok(Value::Null)
        }
        "ListRegions" => list_regions(account, &call.input),
        _ => Err(AwsError::not_in_sandbox(call)),
    }
}

/// Only an organization's management account and its delegates may name an account, and only another one.
fn own_account(account: &Account, input: &Value) -> Result<(), AwsError> {
    let Some(id) = input.get("AccountId").filter(|id| !id.is_null()) else {
        return Ok(());
    };
    let id = id.as_str().unwrap_or_default();
    if id.len() != 12 || !id.bytes().all(|b| b.is_ascii_digit()) {
        return Err(invalid(
            "accountId",
            r"Member must satisfy regular expression pattern: ^\d{12}$",
        ));
    }
    let message = if id == account.id {
        "The management account can't be managed using the AccountId parameter; leave it out."
    } else {
        "User is not authorized to access the account that AccountId names."
    };
    Err(AwsError::with_status(403, "AccessDeniedException", message))
}

fn kind(input: &Value) -> Result<&str, AwsError> {
    input["AlternateContactType"]
        .as_str()
        .filter(|kind| ["BILLING", "OPERATIONS", "SECURITY"].contains(kind))
        .ok_or_else(|| {
            invalid(
                "alternateContactType",
                "Member must satisfy enum value set: [BILLING, OPERATIONS, SECURITY]",
            )
        })
}

/// The members of a request, if AWS would take them. All that are not of the type are unknown to it.
fn members(
    known: &[Member],
    input: &Value,
    besides: &[&str],
    within: &str,
) -> Result<BTreeMap<String, String>, AwsError> {
    let given = input.as_object().into_iter().flatten();
    for (name, _) in given {
        if !besides.contains(&name.as_str()) && known.iter().all(|member| member.name != name) {
            return Err(invalid(name, "There is no such member"));
        }
    }
    let mut taken = BTreeMap::new();
    for member in known {
        let refuse = |what: &str| Err(invalid(&format!("{within}{}", lower_first(member.name)), what));
        let text = match input.get(member.name) {
            None | Some(Value::Null) if member.required => return refuse("Member must not be null"),
            None | Some(Value::Null) => continue,
            Some(Value::String(text)) => text,
            Some(_) => return Err(AwsError::new("SerializationException", "A member is no string.")),
        };
        let shortest = if member.name == "CountryCode" { 2 } else { 1 };
        let length = text.chars().count();
        if length < shortest {
            return refuse(&format!(
                "Member must have length greater than or equal to {shortest}"
            ));
        }
        if length > member.longest {
            return refuse(&format!(
                "Member must have length less than or equal to {}",
                member.longest
            ));
        }
        if let Some((pattern, _)) = member.form.filter(|(_, fits)| !fits(text)) {
            return refuse(&format!(
                "Member must satisfy regular expression pattern: {pattern}"
            ));
        }
        taken.insert(member.name.to_owned(), text.clone());
    }
    Ok(taken)
}

fn list_regions(account: &Account, input: &Value) -> Answer {
    let on = account.regions.keys().map(|name| {
        let always = super::DEFAULT_REGIONS.contains(&name.as_str());
        (name, if always { "ENABLED_BY_DEFAULT" } else { "ENABLED" })
    });
    let off = account.opt_in_regions.iter().map(|name| (name, "DISABLED"));
    let wanted = input["RegionOptStatusContains"].as_array();
    let regions: BTreeMap<&String, &str> = on
        .chain(off)
        .filter(|(_, status)| wanted.is_none_or(|wanted| wanted.contains(&json!(status))))
        .collect();
    let regions: Vec<Value> = regions
        .iter()
        .map(|(name, status)| json!({"RegionName": name, "RegionOptStatus": status}))
        .collect();
    Ok(json!({"Regions": regions}))
}

fn no_contact() -> AwsError {
    AwsError::with_status(
        404,
        "ResourceNotFoundException",
        "No contact of the inputted alternate contact type found.",
    )
}

fn invalid(field: &str, what: &str) -> AwsError {
    let message = format!("Value at '{field}' failed to satisfy constraint: {what}");
    let mut error = SERVICE.invalid(message.clone());
    error
        .members
        .insert("reason".to_owned(), "fieldValidationFailed".into());
    error.members.insert(
        "fieldList".to_owned(),
        json!([{"name": field, "message": message}]),
    );
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;

    fn ask(account: &mut Account, operation: &str, input: Value) -> Answer {
        let call = Call {
            service: "account",
            region: "us-east-1".into(),
            operation: operation.into(),
            input,
            now: 1_800_000_000,
        };
        handle(account, &call)
    }

    fn security() -> Value {
        json!({"AlternateContactType": "SECURITY", "Name": "Sec", "Title": "CISO",
            "EmailAddress": "sec@example.com", "PhoneNumber": "+81 3-1234-5678"})
    }

    fn with(mut input: Value, member: &str, value: impl Into<Value>) -> Value {
        input[member] = value.into();
        input
    }

    #[test]
    fn a_contact_is_absent_until_it_is_put_and_again_once_it_is_deleted() {
        let mut account = Account::new(&World::default());
        let which = json!({"AlternateContactType": "SECURITY"});
        for operation in ["GetAlternateContact", "DeleteAlternateContact"] {
            let error = ask(&mut account, operation, which.clone()).unwrap_err();
            assert_eq!(
                (error.status, error.code.as_str()),
                (404, "ResourceNotFoundException")
            );
        }
        ask(&mut account, "PutAlternateContact", security()).unwrap();
        let answer = ask(&mut account, "GetAlternateContact", which.clone()).unwrap();
        assert_eq!(answer, json!({"AlternateContact": security()}));
        ask(&mut account, "DeleteAlternateContact", which).unwrap();
        assert_eq!(account.contacts, Contacts::default());
    }

    #[test]
    fn an_alternate_contact_is_whole_and_well_formed() {
        let mut account = Account::new(&World::default());
        for (member, bad) in [
            ("AlternateContactType", json!("LEGAL")),
            ("Name", json!(null)),
            ("Name", json!("")),
            ("Name", json!("n".repeat(65))),
            ("Title", json!("t".repeat(51))),
            ("EmailAddress", json!("sec@example")),
            ("EmailAddress", json!("s e c@example.com")),
            ("PhoneNumber", json!("+81 x")),
            ("PhoneNumber", json!("1".repeat(26))),
            ("Fax", json!("1")),
        ] {
            let input = with(security(), member, bad.clone());
            let error = ask(&mut account, "PutAlternateContact", input).unwrap_err();
            assert_eq!(error.code, "ValidationException", "{member} {bad}");
            assert_eq!(error.members["reason"], "fieldValidationFailed");
            let field = error.members["fieldList"][0]["name"].as_str().unwrap();
            assert!(field.eq_ignore_ascii_case(member), "{field}");
        }
        assert_eq!(account.contacts, Contacts::default());
    }

    #[test]
    fn the_contact_information_is_replaced_as_a_whole() {
        let mut account = Account::new(&World::default());
        let read = ask(&mut account, "GetContactInformation", json!({})).unwrap();
        let mut information = read["ContactInformation"].clone();
        // What a new account has cannot be sent back: its telephone number lacks the country.
        let put = |information: &Value| json!({"ContactInformation": information});
        let error = ask(&mut account, "PutContactInformation", put(&information)).unwrap_err();
        assert_eq!(
            error.members["fieldList"][0]["name"],
            "contactInformation.phoneNumber"
        );

        information["PhoneNumber"] = "+81 3-1234-5678".into();
        information["CompanyName"] = "Example".into();
        ask(&mut account, "PutContactInformation", put(&information)).unwrap();
        information.as_object_mut().unwrap().remove("CompanyName");
        ask(&mut account, "PutContactInformation", put(&information)).unwrap();
        let read = ask(&mut account, "GetContactInformation", json!({})).unwrap();
        assert_eq!(read["ContactInformation"], information);

        for (member, bad) in [
            ("StateOrRegion", json!(null)),
            ("CountryCode", json!("JPN")),
            ("CountryCode", json!("J")),
            ("PostalCode", json!(null)),
            ("PhoneNumber", json!("+")),
            ("PhoneNumber", json!("+81 3-1234-5678 123456")),
            ("WebsiteUrl", json!("w".repeat(257))),
        ] {
            let bad = with(information.clone(), member, bad);
            let error = ask(&mut account, "PutContactInformation", put(&bad)).unwrap_err();
            assert_eq!(error.code, "ValidationException", "{member}");
        }
        let elsewhere = with(
            with(information, "StateOrRegion", Value::Null),
            "CountryCode",
            "SE",
        );
        ask(&mut account, "PutContactInformation", put(&elsewhere)).unwrap();

        account.contacts.verification = "VERIFIED".to_owned();
        let mut moved = elsewhere.clone();
        ask(&mut account, "PutContactInformation", put(&moved)).unwrap();
        assert_eq!(account.contacts.verification, "VERIFIED");
        moved["PhoneNumber"] = "+46 8 123 456".into();
        ask(&mut account, "PutContactInformation", put(&moved)).unwrap();
        let read = ask(&mut account, "GetContactInformation", json!({})).unwrap();
        assert_eq!(read["VerificationStatus"], "UNVERIFIED");

        account.contacts.information.clear();
        let error = ask(&mut account, "GetContactInformation", json!({})).unwrap_err();
        assert_eq!(
            (error.status, error.code.as_str()),
            (404, "ResourceNotFoundException")
        );
    }

    #[test]
    fn nobody_names_the_own_account_or_one_that_is_no_member() {
        let mut account = Account::new(&World::default());
        for (id, code) in [
            ("123456789012", "AccessDeniedException"),
            ("111122223333", "AccessDeniedException"),
            ("12", "ValidationException"),
        ] {
            let error = ask(&mut account, "GetContactInformation", json!({"AccountId": id})).unwrap_err();
            assert_eq!(error.code, code, "{id}");
        }
    }

    #[test]
    fn regions_are_listed_by_their_status() {
        let world: World = "enabled_regions = [\"me-south-1\"]".parse().unwrap();
        let mut account = Account::new(&world);
        let all = ask(&mut account, "ListRegions", json!({})).unwrap();
        assert_eq!(all["Regions"].as_array().unwrap().len(), 34);
        let input = json!({"RegionOptStatusContains": ["ENABLED"]});
        assert_eq!(
            ask(&mut account, "ListRegions", input).unwrap(),
            json!({"Regions": [{"RegionName": "me-south-1", "RegionOptStatus": "ENABLED"}]})
        );
    }
}
