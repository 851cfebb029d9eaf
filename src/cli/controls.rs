//! `trueup controls`

use crate::cli::{Exit, Trouble};
use crate::controls::Id;
use crate::report::{self, Style};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The control to explain; without one, all are listed.
    #[arg(value_name = "NAME")]
    name: Option<Id>,
}

impl Args {
    pub(super) fn run(self, style: &Style) -> Result<Exit, Trouble> {
        report::result(&match self.name {
            Some(id) => report::controls::page(id, style),
            None => report::controls::list(style),
        });
        Ok(Exit::Done)
    }
}
