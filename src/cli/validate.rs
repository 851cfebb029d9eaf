//! `trueup validate`

use std::path::PathBuf;

use clap::ValueHint;

use crate::baseline;
use crate::cli::{DEFAULT_BASELINE, Exit, Trouble, View};
use crate::controls::Id;
use crate::report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The baseline; `-` is standard input.
    #[arg(value_name = "FILE", default_value = DEFAULT_BASELINE, value_hint = ValueHint::FilePath)]
    file: PathBuf,
}

impl Args {
    pub(super) fn run(self, view: &View) -> Result<Exit, Trouble> {
        let baseline = baseline::load(&self.file)?;
        let controls: Vec<&str> = baseline.controls().map(Id::name).collect();
        report::result(&report::validated(baseline.name(), &controls, &view.out))?;
        if let Some(examples) = baseline.examples() {
            report::result(&report::left_to_you(&examples, &view.out))?;
        }
        Ok(Exit::Done)
    }
}
