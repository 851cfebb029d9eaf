//! What is wrong with a table as a whole.

use super::model::Model;

/// See [`Control::check`](trueup_core::control::Control::check).
pub(super) fn check(want: &Model) -> Vec<(&'static str, String)> {
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
            .all(|c| c.is_ascii_digit() || " \t\n\u{b}\u{c}\r()+-".contains(c))
}
