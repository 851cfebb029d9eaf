//! `trueup schema`

use crate::cli::{Exit, Trouble};
use crate::report;
use crate::schema;

pub(super) fn run() -> Result<Exit, Trouble> {
    let mut text = serde_json::to_string_pretty(&schema::schema())
        .map_err(|error| Trouble::Refused(format!("the schema cannot be written: {error}")))?;
    text.push('\n');
    report::result(&text)?;
    Ok(Exit::Done)
}
