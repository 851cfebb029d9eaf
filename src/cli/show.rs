//! `trueup show`

use std::path::PathBuf;

use crate::cli::{Exit, Trouble};
use crate::report::{self, Style};
use crate::saved;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A plan that `plan --out` saved.
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(self, style: &Style) -> Result<Exit, Trouble> {
        let document = saved::read(&self.plan)?;
        if self.json {
            report::result(&document.to_json()?);
        } else {
            report::result(&report::plan::text(&document, None, style));
        }
        Ok(Exit::Done)
    }
}
