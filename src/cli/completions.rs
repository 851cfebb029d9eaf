//! `trueup completions`

use clap::CommandFactory;

use crate::cli::{Cli, Exit, Trouble};
use crate::report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell.
    #[arg(value_name = "SHELL")]
    shell: clap_complete::Shell,
}

impl Args {
    pub(super) fn run(self) -> Result<Exit, Trouble> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "trueup", &mut script);
        report::exact(&String::from_utf8_lossy(&script))?;
        Ok(Exit::Done)
    }
}
