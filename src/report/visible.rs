//! The border to the terminal: what names and messages of others have in them that a terminal obeys or hides is shown
//! as Rust would write it, `\u{1b}`. A name of AWS's may be anything, and so may a message that repeats it.
//!
//! [`line()`] is for a text of others that stands in a line, where a line break would pass for a line of trueup's own.
//! [`whole()`] is for all that is printed for people, whatever it is made of.

use std::borrow::Cow;

use trueup_core::fault::Fault;
use trueup_core::plan::{Cell, Step, Why};
use trueup_core::plan_file::Document;
pub(super) use trueup_core::visible::line;
use trueup_core::visible::{is_hidden, push};
use trueup_engine::execute::Outcome;

/// How the lines begin that CI systems obey: GitHub's `::error::`, `##[…]` of GitHub and Azure, `##teamcity[…]`.
const COMMANDS: [&str; 2] = ["::", "##"];

/// All that is printed for people: line breaks and colours stay. A line that a CI system would obey is shown as another
/// one, since a name can come to stand at the start of a line.
pub(super) fn whole(text: &str) -> Cow<'_, str> {
    let is_obeyed = |line: &str| COMMANDS.iter().any(|start| line.trim_start().starts_with(start));
    if !text.contains(|c| is_hidden(c) && c != '\n') && !text.lines().any(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    let mut at_start = true;
    while let Some(c) = rest.chars().next() {
        let colour = colour(rest);
        if colour > 0 {
            shown.push_str(&rest[..colour]);
            rest = &rest[colour..];
            continue;
        }
        match c {
            '\n' => shown.push(c),
            _ if at_start && !c.is_whitespace() && is_obeyed(rest) => shown.extend(c.escape_unicode()),
            _ => push(c, &mut shown),
        }
        at_start = c == '\n' || (at_start && c.is_whitespace());
        rest = &rest[c.len_utf8()..];
    }
    Cow::Owned(shown)
}

/// The length of the colour that a text starts with, such as `\u{1b}[31m`; 0 if it starts with none. What hides or
/// blinks is none.
fn colour(text: &str) -> usize {
    let Some((parameters, _)) = text.strip_prefix("\u{1b}[").and_then(|rest| rest.split_once('m')) else {
        return 0;
    };
    let is_one = |parameter: &str| {
        let digits = parameter.bytes().all(|b| b.is_ascii_digit());
        digits && parameter.len() <= 3 && !["5", "6", "7", "8"].contains(&parameter)
    };
    // 38;5;N is a colour out of 256, and its 5 does not blink.
    let of_many = parameters.strip_prefix("38;5;").unwrap_or(parameters);
    if of_many.split(';').all(is_one) {
        "\u{1b}[".len() + parameters.len() + "m".len()
    } else {
        0
    }
}

fn make(text: &mut String) {
    if let Cow::Owned(shown) = line(text) {
        *text = shown;
    }
}

fn make_all<'a>(texts: impl IntoIterator<Item = &'a mut String>) {
    texts.into_iter().for_each(make);
}

/// A plan whose sentences are lines. Its tables stay: they are shown as TOML, which quotes line breaks.
pub(super) fn document(doc: &Document) -> Document {
    let mut doc = doc.clone();
    doc.cells.iter_mut().for_each(cell);
    doc.steps.iter_mut().for_each(of_step);
    doc
}

fn cell(cell: &mut Cell) {
    let sentences = [
        &mut cell.reasons,
        &mut cell.people,
        &mut cell.attested,
        &mut cell.notices,
    ];
    make_all(sentences.into_iter().flatten());
    cell.fault.iter_mut().for_each(of_fault);
}

/// The same of a step.
pub(super) fn step(step: &Step) -> Step {
    let mut step = step.clone();
    of_step(&mut step);
    step
}

fn of_step(step: &mut Step) {
    make(&mut step.title);
    make_all(step.risks.iter_mut().chain(&mut step.weakens));
    step.blocked.iter_mut().for_each(of_why);
}

fn of_why(why: &mut Why) {
    match why {
        Why::InUse { what } => make_all(what),
        Why::Missing(asset) | Why::Leaving(asset) | Why::Unread(asset) => make_all(&mut asset.name),
        Why::BehindBlocked(_) => {}
    }
}

fn of_fault(fault: &mut Fault) {
    make(&mut fault.message);
    make_all(&mut fault.code);
}

/// The same of what became of a step.
pub(super) fn outcome(outcome: &Outcome) -> Outcome {
    let mut outcome = outcome.clone();
    match &mut outcome {
        Outcome::Failed(fault) | Outcome::Denied(fault) => of_fault(fault),
        Outcome::Blocked(why) => of_why(why),
        _ => {}
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_script_stay_as_they_are() {
        for text in [
            "Größe",
            "管理者",
            "مدير",
            "👩\u{200d}💻",
            "क्\u{200d}ष",
            "e\u{301}",
            "– … “”",
            "a\u{a0}b",
        ] {
            assert_eq!(line(text), text);
            assert_eq!(whole(text), text);
        }
    }

    #[test]
    fn a_line_that_a_ci_system_would_obey_is_shown_as_another_one() {
        assert_eq!(
            whole("a\n  ::error::b\n##vso[x]\nc ::error::d # e\n"),
            "a\n  \\u{3a}:error::b\n\\u{23}#vso[x]\nc ::error::d # e\n"
        );
    }

    #[test]
    fn line_breaks_and_colours_of_a_text_stay_and_nothing_else() {
        let own = "\u{1b}[1m\u{1b}[38;5;9merror\u{1b}[0m\n  \u{1b}[2mdim\u{1b}[0m\u{1b}[1;31m\n";
        assert_eq!(whole(own), own);
        assert_eq!(
            whole("\u{1b}[8mhidden\u{1b}[2J\u{1b}]0;title\u{7}\u{1b}[5m\u{1b}[m\r"),
            "\\u{1b}[8mhidden\\u{1b}[2J\\u{1b}]0;title\\u{7}\\u{1b}[5m\u{1b}[m\\r"
        );
    }
}
