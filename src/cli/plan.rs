//! `trueup plan`

use std::path::{Path, PathBuf};

use clap::ValueHint;
use trueup_core::plan::{Plan, Verdict};
use trueup_core::plan_file::Document;

use crate::cli::{
    DEFAULT_BASELINE, Display, Exit, Reach, Selection, Trouble, View, account_id, fails_on, reached, spare,
    wanted_account, words,
};
use crate::files::{self, Kind};
use crate::report;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The baseline; `-` is standard input.
    #[arg(value_name = "FILE", default_value = DEFAULT_BASELINE, value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// Save the plan, for `show` and for `apply --plan`.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    out: Option<PathBuf>,
    /// Print the plan as JSON.
    #[arg(long)]
    json: bool,
    /// Exit with 2 if there are changes.
    #[arg(long)]
    detailed_exitcode: bool,
    /// Exit with 4 if any control has one of these verdicts anywhere.
    #[arg(long, value_name = "VERDICT,…", value_delimiter = ',', value_parser = words::verdict())]
    fail_on: Vec<Verdict>,
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
        let controls = trueup_controls::controls();
        let baseline = files::loader(&controls).load(&self.file)?;
        if let Some(out) = &self.out {
            let others = [Some((&*self.file, "the baseline")), self.reach.state()];
            spare("--out", out, others.into_iter().flatten())?;
            files::may_replace(out, Kind::Plan)?;
        }
        let wanted = wanted_account(self.account_id.as_deref(), &baseline)?;
        let display = Display::new(view);
        let session = self
            .reach
            .session(baseline.home_region().cloned(), wanted, &display)
            .await?;
        display.begin(0);
        let filters = self.selection.filters();
        let planned = session
            .plan(&baseline, &filters, &|event| display.watch(event))
            .await?;
        display.finish();
        let document = Document::new(baseline.name(), &session.env, &filters, &planned.plan);
        if self.json {
            report::exact(&document.to_json()?)?;
        } else {
            report::result(&report::plan::text(
                &controls,
                &document,
                Some(reached(&session)),
                &view.out,
            ))?;
        }
        if let Some(path) = &self.out {
            self.save(path, &document)?;
        }
        Ok(exit(&planned.plan, self.detailed_exitcode, &self.fail_on))
    }

    fn save(&self, path: &Path, document: &Document) -> Result<(), Trouble> {
        files::write_private(path, &document.to_json()?, Kind::Plan)?;
        // Nothing can be applied from /dev/null or a pipe.
        if path.is_file() {
            let mut next = vec!["apply".to_owned(), self.file.display().to_string()];
            next.extend(["--plan".to_owned(), path.display().to_string()]);
            if let Some(id) = &self.account_id {
                next.extend(["--account-id".to_owned(), id.clone()]);
            }
            next.extend(document.filters.arguments());
            next.extend(self.reach.arguments());
            report::note(&format!(
                "The plan is saved. To apply exactly this: {}",
                words::command(next)
            ));
        }
        Ok(())
    }
}

/// What could not be read wins over what differs: a plan with holes must not look like a clean one.
fn exit(plan: &Plan, detailed: bool, fail_on: &[Verdict]) -> Exit {
    if fails_on(plan, fail_on) {
        Exit::FailOn
    } else if plan.count(Verdict::Unread) > 0 {
        Exit::Failed
    } else if detailed && plan.count(Verdict::Change) + plan.count(Verdict::Blocked) > 0 {
        Exit::Changes
    } else {
        Exit::Done
    }
}
