//! `trueup show`

use std::path::PathBuf;

use clap::ValueHint;
use trueup_core::plan_file;

use crate::cli::{Exit, Trouble, View};
use crate::files;
use crate::report;

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
        let controls = trueup_controls::controls();
        let text = files::saved_plan(&self.plan)?;
        let document = plan_file::parse(&controls, &self.plan, &text)?;
        if self.json {
            report::exact(&document.to_json()?)?;
        } else {
            report::result(&report::plan::text(&controls, &document, None, &view.out))?;
        }
        Ok(Exit::Done)
    }
}
