//! What has to be done.

use trueup_core::change::Changes;
use trueup_core::control::Observed;
use trueup_core::values::Required;

use super::model::{Action, Ids, Model, text};
use super::phone;

/// What is to be done about a number that AWS can call.
fn tested(number: &str, verified: Option<bool>, out: &mut Changes<Action>) {
    match verified {
        Some(true) => {}
        Some(false) => out.person(format!(
            "verify the account's telephone number {number}: `aws account send-phone-number-verification` sends a \
             passcode to it, and `aws account verify-phone-number --otp PASSCODE` confirms it. AWS calls this number \
             before it helps with a lost root MFA device"
        )),
        None => out.attestable(
            "contact_phone",
            format!(
                "call {number} and see that the account's owners answer: AWS calls it back before it helps with a \
                 lost root MFA device"
            ),
        ),
    }
}

/// See [`Control::diff`](trueup_core::control::Control::diff).
pub(super) fn diff(want: &Model, seen: &Observed<Model, Ids>, out: &mut Changes<Action>) {
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
            let stays = phone::same(number, text(&seen.model.phone));
            tested(number, seen.ids.verified.map(|verified| verified && stays), out);
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
