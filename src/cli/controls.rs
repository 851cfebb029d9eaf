//! `trueup controls`

use trueup_core::registry::Name;

use crate::cli::{Exit, Trouble, View, words};
use crate::report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The control to explain; without one, all are listed.
    #[arg(value_name = "NAME", value_parser = words::control(), hide_possible_values = true)]
    name: Option<Name>,
}

impl Args {
    pub(super) fn run(self, view: &View) -> Result<Exit, Trouble> {
        let controls = trueup_controls::controls();
        let text = match self.name {
            Some(name) => report::controls::page(controls.get(&name)?, &controls, &view.out),
            None => report::controls::list(&controls, &view.out),
        };
        report::result(&text)?;
        Ok(Exit::Done)
    }
}
