//! What has to be done.

use trueup_core::change::Changes;
use trueup_core::control::Observed;

use super::model::{Action, Contact, Model};

/// See [`Control::diff`](trueup_core::control::Control::diff).
pub(super) fn diff(want: &Model, seen: &Observed<Model, ()>, out: &mut Changes<Action>) {
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
            let entry = kind.key();
            out.refuse_entry(
                entry,
                format!(
                    "there is no such contact yet, and a new one needs all four keys; write {} under \
                     [alternate_contacts.{entry}]",
                    missing.join(", "),
                ),
            );
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
