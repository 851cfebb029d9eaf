//! Questions to a person, on stderr, with answers from whatever is read from.

use std::collections::HashSet;
use std::io::{self, BufRead, Write};

use trueup_core::change::Class;
use trueup_core::plan::Step;
use trueup_core::plan_file::Document;
use trueup_core::registry::Name;

use super::{Style, phrase, visible};

/// Asks for consent to a plan: first to the whole, then to each control with disruptive, destructive or weakening
/// steps that is not `allowed` already.
///
/// Returns the controls whose steps of these kinds may run, or nothing if the answer was anything
/// but `yes`. Asks nothing more, and counts it as a no, when the input ends.
///
/// # Errors
/// If the input cannot be read or the question cannot be written.
pub fn consent(
    doc: &Document,
    alias: Option<&str>,
    allowed: &HashSet<Name>,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
    style: &Style,
) -> io::Result<Option<HashSet<Name>>> {
    let steps: Vec<&Step> = doc.steps.iter().filter(|step| step.blocked.is_none()).collect();
    let alias = alias
        .map(|alias| format!(" ({})", visible::line(alias)))
        .unwrap_or_default();
    let question = format!(
        "Apply {} to account {}? Type {}: ",
        match steps.len() {
            1 => "this 1 step".to_owned(),
            number => format!("these {number} steps"),
        },
        style.bold(&format!("{}{alias}", doc.account.account)),
        style.bold("yes"),
    );
    if answer(&question, input, output)?.as_deref() != Some("yes") {
        return Ok(None);
    }
    let mut consent = allowed.clone();
    let mut controls: Vec<&Name> = doc.cells.iter().map(|cell| &cell.control).collect();
    controls.dedup();
    for control in controls.into_iter().filter(|name| !allowed.contains(*name)) {
        let risky: Vec<&Step> = steps
            .iter()
            .copied()
            .filter(|step| step.control == *control && step.needs_consent())
            .collect();
        if risky.is_empty() {
            continue;
        }
        let question = phrase::wrap(
            &format!(
                "{}: {}{}. Type {} to allow it, or press Enter to leave it out:",
                style.bold(control.as_str()),
                classes(&risky, style),
                phrase::places(risky.iter().map(|step| &step.place), &doc.account.enabled),
                style.bold(control.as_str()),
            ),
            "",
            "",
            style,
        );
        match answer(&format!("{} ", question.trim_end()), input, output)? {
            Some(typed) if *control == *typed => {
                consent.insert(control.clone());
            }
            Some(_) => {}
            None => return Ok(None),
        }
    }
    Ok(Some(consent))
}

/// `2 disruptive and 68 destructive steps`.
pub(super) fn classes(steps: &[&Step], style: &Style) -> String {
    // A step that is safe and needs consent all the same loosens something.
    let parts: Vec<String> = [Class::Safe, Class::Disruptive, Class::Destructive]
        .into_iter()
        .filter_map(|class| {
            let number = steps.iter().filter(|step| step.class == class).count();
            let word = match class {
                Class::Safe => style.warning("weakening"),
                class => style.class(class, &class.to_string()),
            };
            (number > 0).then(|| format!("{number} {word}"))
        })
        .collect();
    let noun = if steps.len() == 1 { "step" } else { "steps" };
    format!("{} {noun}", phrase::list(&parts))
}

/// Asks for the code of an MFA device. Nothing if the input ends or the answer is empty.
///
/// # Errors
/// If the input cannot be read or the question cannot be written.
pub fn mfa_code(
    profile: &str,
    serial: &str,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> io::Result<Option<String>> {
    let question = format!(
        "MFA code of {} (profile {}): ",
        visible::line(serial),
        visible::line(profile)
    );
    Ok(answer(&question, input, output)?.filter(|code| !code.is_empty()))
}

/// One line of an answer, without spaces around it; nothing at the end of the input.
fn answer(question: &str, input: &mut dyn BufRead, output: &mut dyn Write) -> io::Result<Option<String>> {
    write!(output, "{}", visible::whole(question))?;
    output.flush()?;
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        // The cursor stands behind the question, and what comes next starts a new line.
        writeln!(output)?;
        return Ok(None);
    }
    Ok(Some(line.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;

    fn ask(typed: &str, allowed: &[&str]) -> (Option<HashSet<Name>>, String) {
        let mut output = vec![];
        let allowed = allowed.iter().map(|name| fixtures::id(name)).collect();
        let consent = consent(
            &fixtures::fresh(),
            Some("acme-prod"),
            &allowed,
            &mut typed.as_bytes(),
            &mut output,
            &Style::PLAIN,
        );
        (consent.unwrap(), String::from_utf8(output).unwrap())
    }

    #[test]
    fn each_control_with_risky_steps_is_asked_for_by_name() {
        let (consent, shown) = ask("yes\n\n\ndefault_vpc\n", &[]);
        assert_eq!(consent, Some([fixtures::id("default_vpc")].into()));
        insta::assert_snapshot!(shown.replace("out: ", "out:\n").replace("yes: ", "yes:\n"), @r"
        Apply these 142 steps to account 123456789012 (acme-prod)? Type yes:
        password_policy: 1 disruptive step. Type password_policy to allow it, or press
        Enter to leave it out:
        s3_public_access_block: 1 disruptive step. Type s3_public_access_block to allow
        it, or press Enter to leave it out:
        default_vpc: 106 destructive steps in all 17 regions. Type default_vpc to allow
        it, or press Enter to leave it out:
        ");
    }

    #[test]
    fn what_is_allowed_already_is_not_asked_for() {
        let (consent, shown) = ask("yes\n\n\n", &["default_vpc"]);
        assert_eq!(consent, Some([fixtures::id("default_vpc")].into()));
        assert!(!shown.contains("default_vpc"), "{shown}");
    }

    #[test]
    fn another_word_than_the_name_leaves_a_control_out() {
        assert_eq!(ask("yes\nyes\ny\ndefault_vp\n", &[]).0, Some(HashSet::new()));
    }

    #[test]
    fn anything_but_yes_is_no() {
        for typed in ["", "\n", "y\n", "YES\n", "no\n"] {
            assert_eq!(ask(typed, &[]).0, None, "{typed:?}");
        }
    }

    #[test]
    fn an_input_that_ends_between_the_questions_is_no() {
        assert_eq!(ask("yes\n\n", &[]).0, None);
    }

    #[test]
    fn an_empty_mfa_code_is_none() {
        let mut output = vec![];
        let mut ask = |typed: &str| {
            mfa_code(
                "prod",
                "arn:aws:iam::123456789012:mfa/alice",
                &mut typed.as_bytes(),
                &mut output,
            )
            .unwrap()
        };
        assert_eq!(ask(" 123456 \n").as_deref(), Some("123456"));
        assert_eq!(ask("\n"), None);
        assert_eq!(ask(""), None);
    }
}
