//! A plan as a person reads it: differences and steps, the matrix, what needs attention, one line at the end.

use super::{Style, differences, matrix, phrase, remarks, summary};
use crate::aws::Caller;
use crate::plan::Effect;
use crate::saved::{Document, SavedError};

pub use super::summary::line as summary_line;

/// The whole plan. `caller` is who made it, where that is known: a saved plan does not say.
pub fn text(doc: &Document, caller: Option<&Caller>, style: &Style) -> String {
    let mut sections = vec![head(doc, caller, style)];
    sections.extend(differences::text(doc, style));
    if !doc.cells.is_empty() {
        sections.push(matrix::text(doc, style));
    }
    sections.extend(remarks::text(doc, style));
    sections.push(format!("{}\n", style.bold(&summary_line(doc))));
    sections.join("\n")
}

fn head(doc: &Document, caller: Option<&Caller>, style: &Style) -> String {
    let env = &doc.account;
    let alias = caller
        .and_then(|caller| caller.alias.as_deref())
        .map(|alias| format!(" ({alias})"))
        .unwrap_or_default();
    let mut rows = vec![
        ("baseline", summary::scope(doc)),
        ("account", style.bold(&format!("{}{alias}", env.account))),
    ];
    if let Some(caller) = caller {
        let root = if caller.is_root { " (the root user)" } else { "" };
        rows.push(("caller", format!("{}{root}", caller.arn)));
    }
    rows.push(("home region", env.home.to_string()));
    rows.push((
        "regions",
        format!("{} enabled in partition {}", env.enabled.len(), env.partition),
    ));
    rows.into_iter()
        .map(|(label, value)| format!("{} {value}\n", style.dim(&format!("{label:11}"))))
        .collect()
}

/// Why a saved plan no longer holds, with how the new one differs from it.
pub fn broken_promise(error: &SavedError, style: &Style) -> String {
    let mut text = super::error_text(error, style);
    if let SavedError::Moved { diff, hint, .. } = error {
        if let Some(hint) = hint {
            text.push_str(&phrase::wrap(hint, "  ", "  ", style));
        }
        text.push('\n');
        let lines: Vec<&str> = diff.lines().collect();
        for line in lines.iter().take(MOST_LINES) {
            let colored = match line.as_bytes() {
                [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => style.bold(line),
                [b'@', ..] => style.dim(line),
                [b'+', ..] => style.effect(Effect::Add, line),
                [b'-', ..] => style.effect(Effect::Destroy, line),
                _ => (*line).to_owned(),
            };
            text.push_str(&colored);
            text.push('\n');
        }
        if let Some(more) = lines.len().checked_sub(MOST_LINES).filter(|more| *more > 0) {
            text.push_str(&format!(
                "… and {}\n",
                phrase::count(more, "more line", "more lines")
            ));
        }
        text.push('\n');
        text.push_str(&phrase::wrap(
            "Look at the new plan with `trueup plan`, save it with `--out` if it is right, and apply that one.",
            "",
            "",
            style,
        ));
    }
    text
}

/// Enough of a diff to see what moved. A plan that differs everywhere is better read as a new plan.
const MOST_LINES: usize = 100;

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;

    #[test]
    fn a_plan_of_a_new_account_shows_every_step_in_few_lines() {
        let doc = fixtures::fresh();
        insta::assert_snapshot!(text(&doc, Some(&fixtures::caller()), &Style::PLAIN), @"");
    }

    #[test]
    fn a_plan_of_a_busy_account_says_what_is_in_the_way() {
        let doc = fixtures::busy();
        insta::assert_snapshot!(text(&doc, None, &Style::PLAIN), @"");
    }
}
