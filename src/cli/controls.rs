//! `trueup controls`

use crate::cli::{Exit, Trouble, View, words};
use crate::controls::Id;
use crate::report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The control to explain; without one, all are listed.
    #[arg(value_name = "NAME", value_parser = words::control(), hide_possible_values = true)]
    name: Option<Id>,
}

impl Args {
    pub(super) fn run(self, view: &View) -> Result<Exit, Trouble> {
        let text = match self.name {
            Some(id) => report::controls::page(id, &view.out),
            None => report::controls::list(&view.out),
        };
        report::result(&text)?;
        Ok(Exit::Done)
    }
}
