//! `trueup schema`

use crate::cli::{Exit, Trouble};
use crate::report::{self, Style};
use crate::schema;

pub(super) fn run(_style: &Style) -> Result<Exit, Trouble> {
    let mut text = serde_json::to_string_pretty(&schema::schema())
        .map_err(|error| Trouble::Refused(format!("the schema cannot be written: {error}")))?;
    text.push('\n');
    report::result(&text);
    Ok(Exit::Done)
}
