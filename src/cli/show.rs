//! `trueup show`

use std::path::PathBuf;

use clap::ValueHint;

use crate::cli::{Exit, Trouble, View};
use crate::report;
use crate::saved;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A plan that `plan --out` saved.
    #[arg(value_name = "PLAN", value_hint = ValueHint::FilePath)]
    plan: PathBuf,
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(self, view: &View) -> Result<Exit, Trouble> {
        let document = saved::read(&self.plan)?;
        if self.json {
            report::result(&document.to_json()?)?;
        } else {
            report::result(&report::plan::text(&document, None, &view.out))?;
        }
        Ok(Exit::Done)
    }
}
