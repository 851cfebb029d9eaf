//! `trueup export`

use std::path::PathBuf;

use clap::ValueHint;
use trueup_controls::home_clues;
use trueup_core::export::{self, Head};
use trueup_core::registry::Name;

use crate::cli::{Display, Exit, Reach, Selection, Trouble, View, account_id};
use crate::files::{self, Kind};
use crate::report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Write to this file, which only you may read, instead of standard output.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    out: Option<PathBuf>,
    /// Home region to write into the file and to read account-wide settings in. By default it is detected: the home region
    /// of the account's own multi-region trail, the region in which AWS Config records global resource types, and the region
    /// in which Security Hub aggregates findings. If these disagree or none exists, it is the configured region or us-east-1.
    /// The file says how it was chosen.
    #[arg(long, value_name = "REGION", value_hint = ValueHint::Other)]
    home_region: Option<trueup_core::location::Region>,
    /// Refuse any other account than this one.
    #[arg(long, value_name = "ID", value_parser = account_id, value_hint = ValueHint::Other)]
    account_id: Option<String>,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    reach: Reach,
}

impl Args {
    pub(super) async fn run(self, view: &View) -> Result<Exit, Trouble> {
        if let Some(out) = &self.out {
            files::may_replace(out, Kind::Baseline)?;
        }
        let wanted = self.account_id.as_deref().map(|id| (id, "--account-id"));
        let display = Display::new(view);
        let session = self
            .reach
            .session(self.home_region.clone(), wanted, &display)
            .await?;
        let clues = home_clues(session.aws.clone(), session.env.clone()).await;
        let home = clues.choose(self.home_region.as_ref(), &session.env.home);
        let session = session.at_home(home.region);
        if home.is_against_clues {
            report::note(&home.why);
        }
        let filters = self.selection.filters();
        display.begin(0);
        let survey = session.survey(&filters, &|event| display.watch(event)).await?;
        display.finish();
        let text = export::export(
            &trueup_controls::controls(),
            &Head {
                alias: session.caller.alias.as_deref(),
                home: &home.why,
                filters: &filters,
            },
            &survey,
        );
        match &self.out {
            Some(path) => files::write_private(path, &text, Kind::Baseline)?,
            None => report::exact(&text)?,
        }
        let unread: Vec<(
            &Name,
            &trueup_core::location::Location,
            &trueup_core::fault::Fault,
        )> = survey
            .cells
            .iter()
            .filter_map(|((control, place), reading)| Some((control, place, reading.as_ref().err()?)))
            .collect();
        for (control, place, fault) in &unread {
            report::unread(control, place, fault);
        }
        // A denial by the organization is a fact of the account, not a failure of the reading.
        let failed = unread.iter().any(|(_, _, fault)| {
            use trueup_core::fault::FaultKind::{DeniedByOrganization, NotAvailable};
            !matches!(fault.kind, DeniedByOrganization | NotAvailable)
        });
        Ok(if failed { Exit::Failed } else { Exit::Done })
    }
}
