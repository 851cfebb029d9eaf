//! The alternate contacts: whom AWS writes to about bills, operations and security, beside the root user's address.
//!
//! `PutAlternateContact` takes a whole contact (Account Management API reference). So a change sends back what the
//! baseline does not manage as it was read, and a first contact needs all four keys.

use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::control::{Calls, Control, Doc, Here, Observed};
use trueup_core::location::Scope;

mod check;
mod diff;
mod live;
mod model;
#[cfg(test)]
mod tests;

pub(super) use self::live::Settling;
use self::model::{Action, Model};

/// The control.
pub(crate) struct AlternateContacts;

impl Control for AlternateContacts {
    const NAME: &'static str = "alternate_contacts";
    const SCOPE: Scope = Scope::Account;
    const DOC: Doc = Doc {
        title: "Alternate contacts",
        items: &[3],
        why: "Without them AWS writes about abuse, maintenance and bills to the root user's address alone, which \
              nobody may be reading.",
        decides: &[
            "Written keys are equal: names and titles trimmed, e-mail addresses without regard to case, phone numbers by digits and +.",
            "Contacts that are not written may be anything.",
        ],
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
    const CALLS: Calls = Calls {
        read: &["account:GetAlternateContact"],
        write: &["account:DeleteAlternateContact", "account:PutAlternateContact"],
    };

    type Model = Model;
    type Ids = ();
    type Action = Action;

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        check::check(want)
    }

    fn diff(want: &Model, seen: &Observed<Model, ()>, _here: &Here<'_>, out: &mut Changes<Action>) {
        diff::diff(want, seen, out);
    }
}

impl Live for AlternateContacts {
    async fn fetch(cx: &Cx, _want: Option<&Model>) -> Result<Observed<Model, ()>, Failure> {
        live::fetch(cx).await
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        live::apply(action, cx).await
    }
}
