//! `trueup init`

use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use clap::ValueHint;
use trueup_core::init;
use trueup_core::location::Region;

use crate::cli::{DEFAULT_BASELINE, Display, Exit, Reach, Trouble, View, account_id, words};
use crate::files::BUILT_IN;
use crate::report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file to write; `-` is standard output.
    #[arg(value_name = "FILE", default_value = DEFAULT_BASELINE, value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// Replace the file if it exists.
    #[arg(long)]
    force: bool,
    /// The home region to write into the file.
    #[arg(long, value_name = "REGION", value_hint = ValueHint::Other)]
    home_region: Option<Region>,
    /// Refuse any other account than this one.
    #[arg(long, value_name = "ID", value_parser = account_id, value_hint = ValueHint::Other)]
    account_id: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

impl Args {
    pub(super) async fn run(self, view: &View) -> Result<Exit, Trouble> {
        let to_stdout = self.file.as_os_str() == "-";
        if !to_stdout && !self.force && self.file.exists() {
            return Err(self.occupied());
        }
        let wanted = self.account_id.as_deref().map(|id| (id, "--account-id"));
        let display = Display::new(view);
        let session = self
            .reach
            .session(self.home_region.clone(), wanted, &display)
            .await?;
        let text = init::baseline(
            &trueup_controls::controls(),
            BUILT_IN,
            &session.env,
            session.caller.alias.as_deref(),
        );
        if to_stdout {
            report::exact(&text)?;
        } else {
            self.write(&text)?;
            let file = self.file.display().to_string();
            let reach = self.reach.arguments();
            let next = words::command(
                ["plan", &file]
                    .into_iter()
                    .chain(reach.iter().map(String::as_str)),
            );
            report::note(&format!("{file} is written. Look through it, then: {next}"));
        }
        Ok(Exit::Done)
    }

    /// Writes the file as any other source file: it is for git, and holds no secret.
    fn write(&self, text: &str) -> Result<(), Trouble> {
        let mut options = std::fs::File::options();
        options.write(true);
        if self.force {
            options.create(true).truncate(true);
        } else {
            options.create_new(true);
        }
        let written = options
            .open(&self.file)
            .and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => self.occupied(),
            _ => Trouble::Refused(format!("cannot write {}: {error}", self.file.display())),
        })
    }

    fn occupied(&self) -> Trouble {
        Trouble::Refused(format!(
            "{} exists already; name another file, or replace it with --force",
            self.file.display()
        ))
    }
}
