//! `trueup validate`

use std::path::PathBuf;

use clap::ValueHint;
use trueup_core::registry::Name;

use crate::cli::{DEFAULT_BASELINE, Exit, Trouble, View};
use crate::files;
use crate::report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The baseline; `-` is standard input.
    #[arg(value_name = "FILE", default_value = DEFAULT_BASELINE, value_hint = ValueHint::FilePath)]
    file: PathBuf,
}

impl Args {
    pub(super) fn run(self, view: &View) -> Result<Exit, Trouble> {
        let list = trueup_controls::controls();
        let baseline = files::loader(&list).load(&self.file)?;
        let known = trueup_aws::known_regions(baseline.home_region());
        if let Some(unknown) = baseline.unknown_regions(&known) {
            return Err(unknown.into());
        }
        let controls: Vec<&str> = baseline.controls().map(Name::as_str).collect();
        report::result(&report::validated(baseline.name(), &controls, &view.out))?;
        if let Some(examples) = baseline.examples() {
            report::result(&report::left_to_you(&examples, &view.out))?;
        }
        Ok(Exit::Done)
    }
}
