//! The contact information: the account's primary contact, with the telephone number that AWS calls back.
//!
//! `PutContactInformation` takes the whole of it, and whether it keeps what is left out its reference (Account
//! Management API) does not say. So a change sends all of it, with what the baseline does not manage as it was read.

use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::control::{Calls, Control, Doc, Here, Observed};
use trueup_core::location::Scope;

mod check;
mod diff;
mod live;
mod model;
pub(crate) mod phone;
#[cfg(test)]
mod tests;

use self::model::{Action, Ids, Model};

/// The control.
pub(crate) struct ContactInformation;

impl Control for ContactInformation {
    const NAME: &'static str = "contact_information";
    const SCOPE: Scope = Scope::Account;
    const DOC: Doc = Doc {
        title: "Contact information",
        items: &[4],
        why: "AWS calls this number back before it helps somebody who has lost the root user's MFA device; without \
              the country's code the call never arrives.",
        decides: &[
            "Written keys are equal: texts trimmed, the phone number by digits and +.",
            "With `phone_tested`, AWS reports the number as verified; where AWS reports no status, an attestation counts. Otherwise it is a manual task.",
        ],
        off: "it cannot be removed: take the table out, and write \"\" for a key that may be empty to clear it",
        cost: "free",
        benchmarks: &[("CIS 5.0", "1.1"), ("CIS 3.0", "1.1")],
        page: "https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-update-contact-primary.html",
        example: r#"[contact_information]
phone = "+81 3-1234-5678"    # only the written keys are managed
phone_tested = "required"    # verified by AWS, or called by a person who writes [attestations.contact_phone]
"#,
    };
    const CALLS: Calls = Calls {
        read: &["account:GetContactInformation"],
        write: &["account:PutContactInformation"],
    };
    const ATTESTATIONS: &'static [(&'static str, &'static str)] = &[(
        "contact_phone",
        "the telephone number of the contact information was called and answered",
    )];

    type Model = Model;
    type Ids = Ids;
    type Action = Action;

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        check::check(want)
    }

    fn diff(want: &Model, seen: &Observed<Model, Ids>, _here: &Here<'_>, out: &mut Changes<Action>) {
        diff::diff(want, seen, out);
    }
}

impl Live for ContactInformation {
    async fn fetch(cx: &Cx, _want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        live::fetch(cx).await
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        live::apply(action, cx).await
    }
}
