//! `trueup validate`

use std::path::PathBuf;

use crate::baseline;
use crate::cli::{DEFAULT_BASELINE, Exit, Trouble};
use crate::report::{self, Style};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The baseline.
    #[arg(value_name = "FILE", default_value = DEFAULT_BASELINE)]
    file: PathBuf,
}

impl Args {
    pub(super) fn run(self, style: &Style) -> Result<Exit, Trouble> {
        let baseline = baseline::load(&self.file)?;
        report::result(&report::validated(&baseline, style));
        Ok(Exit::Done)
    }
}
