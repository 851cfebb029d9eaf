//! The plan as a document: what `plan --out` saves, `plan --json` prints and `apply --plan` holds against a new plan.
//!
//! This module works on texts; the command line reads and writes the files.
//!
//! A saved plan is a promise, not a program: nothing in it is ever executed. So two plans of the same account
//! and the same wishes must be the same bytes. No time, no request id, no sentence of a service and no name of the
//! caller is in it: the pipeline that plans and the person who applies may be different callers. What it promises, and
//! what it only explains, [`Moves`] says.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::baseline::Filters;
use crate::control::Controls;
use crate::cost::Monthly;
use crate::env::Env;
use crate::plan::{Cell, Plan, Step, Verdict};
use crate::registry::{Name, UnknownControl};

mod moves;
#[cfg(test)]
mod tests;

pub use moves::Moves;

/// The version of the document's form. Raised whenever a reader of the old form would misread the new one.
pub const FORMAT_VERSION: u64 = 2;

/// How every saved plan begins, of whatever version. The state of a sandbox, which is JSON too, has no line break there.
pub const HEAD: &str = "{\n  \"format_version\": ";

/// A plan with what it was made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// See [`FORMAT_VERSION`].
    pub format_version: u64,
    /// The baseline's path, as it was given.
    pub baseline: String,
    /// The account, its home region and its enabled regions.
    pub account: Env,
    /// What of the baseline was planned.
    pub filters: Filters,
    /// The plan in numbers.
    pub summary: Summary,
    /// The verdicts and what they rest on.
    pub cells: Vec<Cell>,
    /// The steps, in topological order.
    pub steps: Vec<Step>,
}

/// The last line of a plan, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Steps that add.
    pub add: usize,
    /// Steps that change.
    pub change: usize,
    /// Steps that destroy.
    pub destroy: usize,
    /// Tasks that a person has.
    pub needs_person: usize,
    /// Cells that are blocked.
    pub blocked: usize,
    /// Cells that could not be read.
    pub unread: usize,
    /// What the steps that are not blocked add to each month's bill.
    #[serde(default, skip_serializing_if = "Monthly::is_nothing")]
    pub monthly: Monthly,
}

impl Document {
    /// The document of a plan.
    pub fn new(baseline: &str, env: &Env, filters: &Filters, plan: &Plan) -> Self {
        let counts = plan.counts();
        let mut cells = plan.cells.clone();
        // Identifiers are of one run: steps have what they need of them.
        for seen in cells.iter_mut().filter_map(|cell| cell.seen.as_mut()) {
            seen.ids = serde_json::Value::Null;
        }
        Document {
            format_version: FORMAT_VERSION,
            baseline: baseline.to_owned(),
            account: env.clone(),
            filters: filters.clone(),
            summary: Summary {
                add: counts.add,
                change: counts.change,
                destroy: counts.destroy,
                needs_person: plan.tasks(),
                blocked: plan.count(Verdict::Blocked),
                unread: plan.count(Verdict::Unread),
                monthly: plan.monthly(),
            },
            cells,
            steps: plan.steps.clone(),
        }
    }

    /// The position of a control among those of the plan: they are in the order of the list.
    pub fn rank(&self, control: &Name) -> usize {
        let first = self.cells.iter().position(|cell| cell.control == *control);
        first.unwrap_or(self.cells.len())
    }

    /// The plan in it.
    pub fn plan(&self) -> Plan {
        Plan {
            cells: self.cells.clone(),
            steps: self.steps.clone(),
        }
    }

    /// Whether all of its controls are in the list: names from a file are checked by their form alone.
    ///
    /// # Errors
    /// The first control that is not.
    fn known(&self, controls: &Controls) -> Result<(), UnknownControl> {
        let cells = self.cells.iter().map(|cell| &cell.control);
        let steps = self.steps.iter().map(|step| &step.control);
        let filters = self.filters.only.iter().chain(&self.filters.exclude);
        for name in cells.chain(steps).chain(filters) {
            controls.get(name)?;
        }
        Ok(())
    }

    /// The document as it is saved and printed: JSON, two spaces, a line feed at the end.
    pub fn to_json(&self) -> Result<String, PlanFileError> {
        let mut text = serde_json::to_string_pretty(self).map_err(|error| PlanFileError::Unwritable {
            path: PathBuf::from("the plan"),
            cause: error.to_string(),
        })?;
        text.push('\n');
        Ok(text)
    }
}

/// What is wrong with a saved plan.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PlanFileError {
    /// The file cannot be read.
    #[error("cannot read the saved plan {}: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// The file is no plan, or not a whole one.
    #[error(
        "{} is not a whole plan: {cause}\nMake it anew with `trueup plan --out {}`.", path.display(), path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        cause: String,
    },
    /// Another version of trueup made it.
    #[error(
        "{} has format version {found}, and this trueup reads {FORMAT_VERSION}\nMake it anew with `trueup plan --out {}`.",
        path.display(), path.display()
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: u64,
    },
    /// It was made for another account.
    #[error("{} is a plan of account {saved}, and the credentials are of account {live}; nothing was written", path.display())]
    Account {
        /// The file.
        path: PathBuf,
        /// The account in the file.
        saved: String,
        /// The account at hand.
        live: String,
    },
    /// The new plan is not the saved one.
    #[error("the plan is no longer the one in {}; nothing was written", path.display())]
    Moved {
        /// The file.
        path: PathBuf,
        /// In what the two differ.
        moves: Box<Moves>,
        /// The plan just made.
        new: Box<Document>,
        /// What else to know, for example other filters.
        hint: Option<String>,
    },
    /// The file cannot be written.
    #[error("cannot write {}: {cause}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: String,
    },
}

/// Takes the text of a saved plan, to be shown.
///
/// # Errors
/// If it is not a plan, has another version, or names controls that are not in the list.
pub fn parse(controls: &Controls, path: &Path, text: &str) -> Result<Document, PlanFileError> {
    #[derive(Deserialize)]
    struct Probe {
        format_version: u64,
    }
    let damaged = |error: serde_json::Error| PlanFileError::Damaged {
        path: path.to_owned(),
        cause: error.to_string(),
    };
    // The version first: a document of another form would only give a confusing error.
    let probe: Probe = serde_json::from_str(text).map_err(damaged)?;
    if probe.format_version != FORMAT_VERSION {
        return Err(PlanFileError::Version {
            path: path.to_owned(),
            found: probe.format_version,
        });
    }
    let document: Document = serde_json::from_str(text).map_err(damaged)?;
    match document.known(controls) {
        Ok(()) => Ok(document),
        Err(error) => Err(PlanFileError::Damaged {
            path: path.to_owned(),
            cause: format!("{error}{}", place_of(&error.name, text)),
        }),
    }
}

/// Where a text has a string first, as the errors of its form say it: `at line 3 column 5`, the string's last column.
fn place_of(string: &str, text: &str) -> String {
    let quoted = format!("\"{string}\"");
    let Some(start) = text.find(&quoted) else {
        return String::new();
    };
    let before = &text[..start];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    format!(
        " at line {} column {}",
        before.matches('\n').count() + 1,
        start - line_start + quoted.len()
    )
}

/// Tells early, before an account is read, that a file cannot be a saved plan at all. One that was a plan and is
/// damaged passes: [`hold`] shows where.
///
/// # Errors
/// As [`parse`]'s.
pub fn recognize(controls: &Controls, path: &Path, text: &str) -> Result<(), PlanFileError> {
    if text.contains("\"format_version\"") {
        Ok(())
    } else {
        parse(controls, path, text).map(|_| ())
    }
}

/// Holds a saved plan against the one just made: what is promised must be the same. A file that trueup did not write as
/// it is was edited, and is not taken at all.
///
/// # Errors
/// If the two differ, with the difference; if the file is not a plan, or is a plan of another account.
pub fn hold(controls: &Controls, path: &Path, old_text: &str, new: &Document) -> Result<(), PlanFileError> {
    let moved = |moves, hint| {
        Err(PlanFileError::Moved {
            path: path.to_owned(),
            moves: Box::new(moves),
            new: Box::new(new.clone()),
            hint,
        })
    };
    let old = match parse(controls, path, old_text) {
        Ok(old) => old,
        Err(damaged @ PlanFileError::Damaged { .. }) => {
            return moved(Moves::default(), Some(damaged.to_string()));
        }
        Err(other) => return Err(other),
    };
    if old.account.account != new.account.account {
        return Err(PlanFileError::Account {
            path: path.to_owned(),
            saved: old.account.account,
            live: new.account.account.clone(),
        });
    }
    let moves = Moves::between(&old, new);
    if let Some(line) = edited(&old.to_json()?, old_text) {
        let hint =
            format!("it was edited after it was saved, at line {line}: only what trueup wrote itself counts");
        return moved(moves, Some(hint));
    }
    if moves.is_empty() {
        return Ok(());
    }
    let hint = if old.filters != new.filters {
        Some(format!(
            "the saved plan was made with {}, this one with {}",
            old.filters, new.filters
        ))
    } else if old.baseline != new.baseline {
        Some(format!(
            "the saved plan was made from {}, this one from {}",
            old.baseline, new.baseline
        ))
    } else {
        None
    };
    moved(moves, hint)
}

/// The first line in which a file is not as it was written, if there is one.
fn edited(written: &str, found: &str) -> Option<usize> {
    if written == found {
        return None;
    }
    let same = written
        .lines()
        .zip(found.lines())
        .take_while(|(one, other)| one == other);
    Some(same.count() + 1)
}
