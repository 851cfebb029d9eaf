//! `trueup schema`

use trueup_core::schema;

use crate::cli::{Exit, Trouble};
use crate::files::BUILT_IN;
use crate::report;

pub(super) fn run() -> Result<Exit, Trouble> {
    let mut text = serde_json::to_string_pretty(&schema::schema(&trueup_controls::controls(), BUILT_IN))
        .map_err(|error| Trouble::Refused(format!("the schema cannot be written: {error}")))?;
    text.push('\n');
    report::exact(&text)?;
    Ok(Exit::Done)
}
