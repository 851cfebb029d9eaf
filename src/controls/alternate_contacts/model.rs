//! The table and the changes.

use std::fmt;

use aws_sdk_account::types::AlternateContactType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_core::values::Presence;

use crate::contact_information::phone;

/// The tables `[alternate_contacts.…]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// Who hears about bills and payments.
    pub(crate) billing: Option<Contact>,
    /// Who hears about the service's own maintenance and trouble.
    pub(crate) operations: Option<Contact>,
    /// Who hears about abuse and security.
    pub(crate) security: Option<Contact>,
}

impl Model {
    pub(super) fn contacts(&self) -> [(Kind, &Option<Contact>); 3] {
        [
            (Kind::Billing, &self.billing),
            (Kind::Operations, &self.operations),
            (Kind::Security, &self.security),
        ]
    }

    pub(super) fn contact(&self, kind: Kind) -> Option<&Contact> {
        let found = self.contacts().into_iter().find(|(each, _)| *each == kind);
        found.and_then(|(_, contact)| contact.as_ref())
    }
}

/// One contact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contact {
    /// "absent" removes the contact.
    pub(crate) state: Option<Presence>,
    /// The name, at most 64 characters.
    #[schemars(length(min = 1, max = 64))]
    pub(crate) name: Option<String>,
    /// The title, such as "Security officer", at most 50 characters.
    #[schemars(length(min = 1, max = 50))]
    pub(crate) title: Option<String>,
    /// The e-mail address, at most 254 characters. Its case does not matter.
    #[schemars(length(min = 1, max = 254), extend("format" = "email"))]
    pub(crate) email: Option<String>,
    /// The telephone number, at most 25 characters, as a rule with the country's code: "+81 3-1234-5678".
    #[schemars(length(min = 1, max = 25))]
    pub(crate) phone: Option<String>,
}

impl Contact {
    pub(super) fn absent() -> Self {
        Contact {
            state: Some(Presence::Absent),
            ..Contact::default()
        }
    }

    pub(super) fn is_absent(&self) -> bool {
        self.state == Some(Presence::Absent)
    }

    /// The four keys that make a contact, with their greatest lengths.
    pub(super) fn keys(&self) -> [(&'static str, &Option<String>, usize); 4] {
        [
            ("name", &self.name, 64),
            ("title", &self.title, 50),
            ("email", &self.email, 254),
            ("phone", &self.phone, 25),
        ]
    }

    /// What is wanted, over what is there, which stays as it is written where both mean the same.
    pub(super) fn over(&self, live: &Contact) -> Contact {
        let or = |name, want: &Option<String>, live: &Option<String>| match want {
            Some(text) if !same(name, want, live) => Some(text.clone()),
            _ => live.clone(),
        };
        Contact {
            state: None,
            name: or("name", &self.name, &live.name),
            title: or("title", &self.title, &live.title),
            email: or("email", &self.email, &live.email),
            phone: or("phone", &self.phone, &live.phone),
        }
    }

    /// True if it means the same person.
    pub(super) fn is_like(&self, other: &Contact) -> bool {
        let mut both = self.keys().into_iter().zip(other.keys());
        self.is_absent() == other.is_absent()
            && both.all(|((name, one, _), (_, other, _))| same(name, one, other))
    }
}

/// True if a key's texts mean the same: spaces around, the case of an e-mail address and the form of a number do not
/// count.
fn same(name: &str, one: &Option<String>, other: &Option<String>) -> bool {
    let trimmed = |text: &Option<String>| text.as_deref().unwrap_or_default().trim().to_owned();
    let (one, other) = (trimmed(one), trimmed(other));
    match name {
        "phone" => phone::same(&one, &other),
        "email" => one.to_lowercase() == other.to_lowercase(),
        _ => one == other,
    }
}

/// Which of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// For bills.
    Billing,
    /// For operations.
    Operations,
    /// For security.
    Security,
}

impl Kind {
    /// The key of its table.
    pub(super) fn key(self) -> &'static str {
        match self {
            Kind::Billing => "billing",
            Kind::Operations => "operations",
            Kind::Security => "security",
        }
    }

    pub(super) fn api(self) -> AlternateContactType {
        match self {
            Kind::Billing => AlternateContactType::Billing,
            Kind::Operations => AlternateContactType::Operations,
            Kind::Security => AlternateContactType::Security,
        }
    }
}

/// A change of one contact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Send a whole contact.
    Put {
        /// Which.
        kind: Kind,
        /// All of it.
        contact: Contact,
        /// True if there was none.
        new: bool,
    },
    /// Remove a contact.
    Delete(Kind),
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Put { kind, new: true, .. } => write!(f, "add the alternate contact for {}", kind.key()),
            Action::Put { kind, .. } => write!(f, "change the alternate contact for {}", kind.key()),
            Action::Delete(kind) => write!(f, "delete the alternate contact for {}", kind.key()),
        }
    }
}
