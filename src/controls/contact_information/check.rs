//! What is wrong with a table as a whole.

use super::model::{Model, text};
use super::phone;

/// See [`Control::check`](trueup_core::control::Control::check).
pub(super) fn check(want: &Model) -> Vec<(&'static str, String)> {
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
    let is_code = country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase());
    if !country.is_empty() && country.chars().count() <= 2 && !is_code {
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
