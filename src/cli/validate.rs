//! `trueup validate`

use std::path::PathBuf;

use crate::baseline;
use crate::cli::{DEFAULT_BASELINE, Exit, Trouble, View};
use crate::report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The baseline.
    #[arg(value_name = "FILE", default_value = DEFAULT_BASELINE)]
    file: PathBuf,
}

impl Args {
    pub(super) fn run(self, view: &View) -> Result<Exit, Trouble> {
        let baseline = baseline::load(&self.file)?;
        report::result(&report::validated(&baseline, &view.out))?;
        Ok(Exit::Done)
    }
}
