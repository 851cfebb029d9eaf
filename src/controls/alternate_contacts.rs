//! The alternate contacts: whom AWS writes to about bills, operations and security, beside the root user's address.
//!
//! `PutAlternateContact` takes a whole contact (Account Management API reference). So a change sends back what the
//! baseline does not manage as it was read, and a first contact needs all four keys.

use std::fmt;
use std::time::Duration;

use aws_sdk_account::types::AlternateContactType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_aws::wait::Wait;
use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::control::{Control, Doc, Here, Observed, Permissions};
use trueup_core::location::Scope;
use trueup_core::values::Presence;

use super::contact_information::phone;

/// The control.
pub(crate) struct AlternateContacts;

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
    fn absent() -> Self {
        Contact {
            state: Some(Presence::Absent),
            ..Contact::default()
        }
    }

    fn is_absent(&self) -> bool {
        self.state == Some(Presence::Absent)
    }

    /// The four keys that make a contact, with their greatest lengths.
    fn keys(&self) -> [(&'static str, &Option<String>, usize); 4] {
        [
            ("name", &self.name, 64),
            ("title", &self.title, 50),
            ("email", &self.email, 254),
            ("phone", &self.phone, 25),
        ]
    }

    /// What is wanted, over what is there, which stays as it is written where both mean the same.
    fn over(&self, live: &Contact) -> Contact {
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
    fn is_like(&self, other: &Contact) -> bool {
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

impl Model {
    fn contacts(&self) -> [(Kind, &Option<Contact>); 3] {
        [
            (Kind::Billing, &self.billing),
            (Kind::Operations, &self.operations),
            (Kind::Security, &self.security),
        ]
    }

    fn contact(&self, kind: Kind) -> Option<&Contact> {
        let found = self.contacts().into_iter().find(|(each, _)| *each == kind);
        found.and_then(|(_, contact)| contact.as_ref())
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
    fn key(self) -> &'static str {
        match self {
            Kind::Billing => "billing",
            Kind::Operations => "operations",
            Kind::Security => "security",
        }
    }

    fn api(self) -> AlternateContactType {
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

impl Control for AlternateContacts {
    const NAME: &'static str = "alternate_contacts";
    const SCOPE: Scope = Scope::Account;
    const DOC: Doc = Doc {
        title: "Alternate contacts",
        items: &[3],
        why: "Without them AWS writes about abuse, maintenance and bills to the root user's address alone, which \
              nobody may be reading.",
        off: "state = \"absent\" in a contact's table removes that contact",
        cost: "free",
        benchmarks: &[
            ("CIS 5.0", "1.1, 1.2"),
            ("CIS 3.0", "1.1, 1.2"),
            ("FSBP", "Account.1"),
        ],
        page: "https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-update-contact-alternate.html",
        example: r#"[alternate_contacts.billing]
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
"#,
    };
    const PERMISSIONS: Permissions = Permissions {
        read: &["account:GetAlternateContact"],
        write: &["account:PutAlternateContact", "account:DeleteAlternateContact"],
    };

    type Model = Model;
    type Ids = ();
    type Action = Action;

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        let mut wrong = vec![];
        for (kind, contact) in want.contacts() {
            let Some(contact) = contact else { continue };
            let mut say = |what: String| wrong.push((kind.key(), what));
            let written = contact.keys().iter().any(|(_, text, _)| text.is_some());
            match (contact.is_absent(), written) {
                (true, true) => say("is to be absent, so it needs no other key".to_owned()),
                (false, false) => {
                    say("says nothing about the contact; expected name, title, email or phone".to_owned());
                }
                _ => {}
            }
            for (key, text, longest) in contact.keys() {
                let Some(text) = text else { continue };
                let length = text.chars().count();
                if text.trim().is_empty() {
                    say(format!("{key} is empty; expected 1 to {longest} characters"));
                } else if length > longest {
                    say(format!(
                        "{key} has {length} characters; expected at most {longest}"
                    ));
                }
            }
            if let Some(email) = contact.email.as_deref().filter(|email| !is_email(email)) {
                say(format!(
                    "email: `{email}` is no e-mail address; expected a form like \"{}@example.com\"",
                    kind.key()
                ));
            }
            if let Some(phone) = contact.phone.as_deref().filter(|phone| !is_phone(phone)) {
                say(format!(
                    "phone: `{phone}` is no telephone number; expected digits, spaces, +, - and brackets, such as \
                     \"+81 3-1234-5678\""
                ));
            }
        }
        if *want == Model::default() {
            wrong.push((
                "",
                "says nothing about any contact; expected billing, operations or security".to_owned(),
            ));
        }
        wrong
    }

    fn diff(want: &Model, seen: &Observed<Model, ()>, _here: &Here<'_>, out: &mut Changes<Action>) {
        for (kind, contact) in want.contacts() {
            let Some(contact) = contact else { continue };
            let live = seen.model.contact(kind).filter(|live| !live.is_absent());
            if contact.is_absent() {
                if live.is_some() {
                    out.destroy(Action::Delete(kind));
                }
                continue;
            }
            let whole = contact.over(live.unwrap_or(&Contact::default()));
            if live.is_some_and(|live| whole.is_like(live)) {
                continue;
            }
            let missing: Vec<&str> = whole
                .keys()
                .iter()
                .filter(|(_, text, _)| text.is_none())
                .map(|(key, _, _)| *key)
                .collect();
            if !missing.is_empty() {
                out.refuse(format!(
                    "there is no alternate contact for {kind} yet, and a new one needs all four keys; write {missing} \
                     under [alternate_contacts.{kind}]",
                    kind = kind.key(),
                    missing = missing.join(", "),
                ));
                continue;
            }
            let action = |new| Action::Put {
                kind,
                contact: whole,
                new,
            };
            if live.is_none() {
                out.add(action(true));
            } else {
                out.change(action(false));
            }
        }
    }
}

impl Live for AlternateContacts {
    async fn fetch(cx: &Cx, _want: Option<&Model>) -> Result<Observed<Model, ()>, Failure> {
        let (billing, operations, security) = futures::try_join!(
            read(cx, Kind::Billing),
            read(cx, Kind::Operations),
            read(cx, Kind::Security),
        )?;
        Ok(Observed::of(Model {
            billing: Some(billing),
            operations: Some(operations),
            security: Some(security),
        }))
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        let account = &cx.clients().account;
        match action {
            Action::Put { kind, contact, new } => {
                account
                    .put_alternate_contact()
                    .alternate_contact_type(kind.api())
                    .set_name(contact.name.clone())
                    .set_title(contact.title.clone())
                    .set_email_address(contact.email.clone())
                    .set_phone_number(contact.phone.clone())
                    .send()
                    .await?;
                // A new contact can be found once and then not, so once is not enough.
                let mut settling = Settling::new(cx, READING, if *new { 2 } else { 1 });
                while settling.goes_on(read(cx, *kind).await?.is_like(contact)).await? {}
            }
            Action::Delete(kind) => {
                let answer = account
                    .delete_alternate_contact()
                    .alternate_contact_type(kind.api())
                    .send()
                    .await
                    .map_err(Failure::from);
                match answer {
                    Ok(_) => {}
                    Err(fault) if fault.is("ResourceNotFoundException") => {}
                    Err(fault) => return Err(fault),
                }
                let mut settling = Settling::new(cx, READING, 1);
                while settling.goes_on(read(cx, *kind).await?.is_absent()).await? {}
            }
        }
        Ok(())
    }
}

async fn read(cx: &Cx, kind: Kind) -> Result<Contact, Failure> {
    let answer = cx
        .clients()
        .account
        .get_alternate_contact()
        .alternate_contact_type(kind.api())
        .send()
        .await
        .map_err(Failure::from);
    let contact = match answer {
        Ok(answer) => answer.alternate_contact,
        Err(fault) if fault.is("ResourceNotFoundException") => None,
        Err(fault) => return Err(fault),
    };
    Ok(contact.map_or_else(Contact::absent, |contact| Contact {
        state: None,
        name: contact.name,
        title: contact.title,
        email: contact.email_address,
        phone: contact.phone_number,
    }))
}

/// The call that reads a contact.
const READING: &str = "account:GetAlternateContact";

/// How long a change may stay unseen: the pauses between the readings, about half a minute together.
const PAUSES_MS: [u64; 8] = [250, 500, 1000, 2000, 4000, 6000, 8000, 8000];

/// Waits until what is read is what was written: contacts are read later than written.
pub(super) struct Settling {
    /// How many readings in a row still have to agree.
    left: u32,
    times: u32,
    pauses: std::slice::Iter<'static, u64>,
    wait: Wait,
    call: &'static str,
}

impl Settling {
    /// Until so many readings in a row agree. `call` is the reading one, for the fault where that takes too long.
    pub(super) fn new(cx: &Cx, call: &'static str, times: u32) -> Self {
        Settling {
            left: times,
            times,
            pauses: PAUSES_MS.iter(),
            wait: cx.wait_until("AWS tells what was written"),
            call,
        }
    }

    /// Takes a reading; true if another one is needed, after a pause.
    pub(super) async fn goes_on(&mut self, agrees: bool) -> Result<bool, Failure> {
        self.left = if agrees { self.left - 1 } else { self.times };
        if self.left == 0 {
            return Ok(false);
        }
        let Some(pause) = self.pauses.next() else {
            return Err(Failure::answer(
                self.call,
                "the change was accepted, but is not seen after half a minute; plan again later",
            ));
        };
        self.wait.pause(Duration::from_millis(*pause)).await;
        Ok(true)
    }
}

/// True if AWS takes it as an e-mail address (Account Management API reference, `PutAlternateContact`).
fn is_email(text: &str) -> bool {
    let all = |text: &str, more: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_' || more.contains(c))
    };
    text.trim().split_once('@').is_some_and(|(name, host)| {
        all(name, "+=.#|!&-")
            && host
                .rsplit_once('.')
                .is_some_and(|(host, last)| all(host, ".-") && all(last, ""))
    })
}

/// True if AWS takes it as an alternate contact's number (the same page).
fn is_phone(text: &str) -> bool {
    text.chars().any(|c| c.is_ascii_digit())
        && text
            .chars()
            .all(|c| c.is_ascii_digit() || c.is_whitespace() || "()+-".contains(c))
}

#[cfg(test)]
mod tests {
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
            @"refused: there is no alternate contact for security yet, and a new one needs all four keys; write name, title under [alternate_contacts.security]"
        );
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
}
