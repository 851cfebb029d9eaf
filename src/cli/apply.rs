//! `trueup apply`

use std::collections::BTreeSet;
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::ValueHint;

use crate::baseline::{self, Baseline};
use crate::cli::words::{self, Words};
use crate::cli::{
    DEFAULT_BASELINE, Exit, Reach, Selection, Trouble, View, account_id, signals, spare, wanted_account,
};
use crate::controls::{Id, UnknownControl};
use crate::execute::{self, Outcome};
use crate::export;
use crate::plan::{self, Class, Plan, Step, Survey, Verdict, Want};
use crate::progress::Watch;
use crate::report;
use crate::report::progress::Progress;
use crate::saved::{self, Document};
use crate::session::{Planned, Session, SessionError};

mod ended;

use ended::{Ran, exit, judge_denied};

/// Where the touched cells are saved before the first write.
const BEFORE: &str = ".trueup/before.toml";
/// How often the touched cells are read again while AWS's answers do not yet show what was written.
const LOOKS: u32 = 4;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The baseline; `-` is standard input.
    #[arg(value_name = "FILE", default_value = DEFAULT_BASELINE, value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// Go on only if the new plan is this saved one, to the byte.
    #[arg(long, value_name = "PLAN", value_hint = ValueHint::FilePath)]
    plan: Option<PathBuf>,
    /// Do not ask. Disruptive and destructive steps still need --allow.
    #[arg(long)]
    auto_approve: bool,
    /// Allow this control's disruptive and destructive steps; `all` allows every control's. Can be repeated.
    #[arg(long, value_name = "CONTROL", value_parser = allowances(), hide_possible_values = true)]
    allow: Vec<Allowance>,
    /// Where to save what was there before the first write.
    #[arg(long, value_name = "FILE", default_value = BEFORE, value_hint = ValueHint::FilePath)]
    before: PathBuf,
    /// Exit with 4 if any control has one of these verdicts anywhere afterwards.
    #[arg(long, value_name = "VERDICT,…", value_delimiter = ',', value_parser = words::verdict())]
    fail_on: Vec<Verdict>,
    /// The account to write to; on a real account it is required here or in the file.
    #[arg(long, value_name = "ID", value_parser = account_id, value_hint = ValueHint::Other)]
    account_id: Option<String>,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    reach: Reach,
}

/// Whose steps that can hurt may run.
#[derive(Clone, Copy, Debug)]
enum Allowance {
    All,
    Only(Id),
}

fn allowances() -> Words<Allowance> {
    Words::new(
        || Id::all().map(Id::name).chain(["all"]).collect(),
        |text| match text {
            "all" => Ok(Allowance::All),
            name => name
                .parse()
                .map(Allowance::Only)
                .map_err(|error: UnknownControl| error.to_string()),
        },
    )
}

impl Args {
    pub(super) async fn run(self, view: &View) -> Result<Exit, Trouble> {
        let baseline = baseline::load(&self.file)?;
        if let Some(path) = &self.plan {
            // A file that is no plan is told before anything is read.
            saved::recognize(path)?;
        }
        self.spare_inputs()?;
        let stop = signals::stop_on_signals();
        let progress = view.progress(0);
        let (session, planned) = signals::unless(&stop.soon, self.prepare(&baseline, &progress))
            .await
            .ok_or(Trouble::Interrupted)??;
        progress.finish();
        let filters = self.selection.filters();
        let document = Document::new(baseline.name(), &session.env, &filters, &planned.plan);
        if let Some(path) = &self.plan {
            saved::hold(path, &document)?;
        }
        report::result(&report::plan::text(&document, Some(&session.caller), &view.out))?;
        if planned.plan.steps.iter().all(|step| step.blocked.is_some()) {
            return Ok(exit(&planned.plan, Ran::Nothing, &self.fail_on));
        }
        let consent = signals::unless(&stop.soon, self.consent(&session, &document, view)).await;
        let Some(allowed) = consent.ok_or(Trouble::Interrupted)?? else {
            report::note("Not applied; nothing was written.");
            return Ok(Exit::Failed);
        };
        let consent = |step: &Step| step.class == Class::Safe || allowed.contains(&step.control);
        if planned
            .plan
            .steps
            .iter()
            .any(|step| step.blocked.is_none() && consent(step))
        {
            signals::unless(&stop.soon, session.still_the_same_account())
                .await
                .ok_or(Trouble::Interrupted)??;
            save_before(&self.before, &session, &planned)?;
        }
        let progress = Arc::new(view.progress(planned.plan.steps.len()));
        let shown = Arc::clone(&progress);
        let watch: Arc<Watch<'static>> = Arc::new(move |event| shown.watch(event));
        let outcomes = session
            .apply(&planned, &consent, self.reach.parallelism, &stop, &watch)
            .await;
        progress.finish();
        let progress = view.progress(0);
        let after = look_again(&session, &planned, &outcomes, &stop, &progress).await;
        progress.finish();
        // From here on something may have been written, and nothing may end the run without saying what.
        let mut after = after.transpose().unwrap_or_else(|error| {
            report::error(&error, &view.err);
            None
        });
        let denied = execute::denied(&planned.plan.steps, &outcomes);
        if let Some((after, _)) = &mut after {
            judge_denied(after, &denied);
        }
        let now = after
            .as_ref()
            .map(|(after, _)| Document::new(baseline.name(), &session.env, &filters, after));
        let applied = report::apply::Applied {
            plan: &document,
            outcomes: &outcomes,
            again: now.as_ref(),
            unseen: after.as_ref().map_or(&[], |(_, unseen)| unseen),
        };
        let told = report::result(&report::apply::text(&applied, &view.out)).map_err(Trouble::from);
        if let Err(trouble) = &told {
            report::error(trouble, &view.err);
        }
        Ok(if stop.soon.is_cancelled() {
            Exit::Interrupted
        } else {
            match after {
                Some((after, _)) if told.is_ok() => {
                    let ran = Ran::of(&planned.plan.steps, &outcomes, &denied);
                    exit(&after, ran, &self.fail_on)
                }
                _ => Exit::Partly,
            }
        })
    }

    /// Refuses to save what was there over a file that is still needed.
    fn spare_inputs(&self) -> Result<(), Trouble> {
        let plan = self.plan.as_deref().map(|plan| (plan, "the saved plan"));
        let others = [Some((&*self.file, "the baseline")), plan, self.reach.state()];
        spare("--before", &self.before, others.into_iter().flatten())
    }

    async fn prepare(&self, baseline: &Baseline, progress: &Progress) -> Result<(Session, Planned), Trouble> {
        let wanted = wanted_account(self.account_id.as_deref(), baseline)?;
        let mut session = self
            .reach
            .session(baseline.home_region().cloned(), wanted)
            .await?;
        if session.is_real && wanted.is_none() {
            return Err(Trouble::Refused(format!(
                "the account to write to is not named; nothing was written\n\
                 The credentials are of account {0}. If that is the one, write `id = \"{0}\"` under [account] in \
                 {1}, or pass --account-id {0}.",
                session.caller.account,
                baseline.name()
            )));
        }
        let filters = self.selection.filters();
        let planned = session
            .plan(baseline, &filters, &|event| progress.watch(event))
            .await?;
        Ok((session, planned))
    }

    /// The controls whose disruptive and destructive steps may run, or nothing if nothing may.
    async fn consent(
        &self,
        session: &Session,
        document: &Document,
        view: &View,
    ) -> Result<Option<BTreeSet<Id>>, Trouble> {
        let asking: BTreeSet<Id> = document
            .steps
            .iter()
            .filter(|step| step.blocked.is_none() && step.class > Class::Safe)
            .map(|step| step.control)
            .collect();
        let allowed: BTreeSet<Id> = asking
            .iter()
            .copied()
            .filter(|id| {
                self.allow.iter().any(|allowance| match allowance {
                    Allowance::All => true,
                    Allowance::Only(only) => only == id,
                })
            })
            .collect();
        if self.auto_approve {
            return Ok(Some(allowed));
        }
        if !std::io::stdin().is_terminal() {
            return Err(Trouble::Refused(
                "standard input is no terminal, so nobody can be asked; nothing was written\n\
                 Pass --auto-approve, and --allow CONTROL for steps that are disruptive or destructive."
                    .to_owned(),
            ));
        }
        let (document, alias, style) = (document.clone(), session.caller.alias.clone(), view.err);
        // On a thread of its own: nothing interrupts the wait for a line, and a signal must end the command all
        // the same.
        let asked = tokio::task::spawn_blocking(move || {
            report::ask::consent(
                &document,
                alias.as_deref(),
                &allowed,
                &mut std::io::stdin().lock(),
                &mut std::io::stderr(),
                &style,
            )
        });
        Ok(asked.await.map_err(std::io::Error::other)??)
    }
}

/// Saves the live state of every cell that may be touched, so that it can be looked up, or written back.
fn save_before(path: &Path, session: &Session, planned: &Planned) -> Result<(), Trouble> {
    let touched = |control: &Id, place: &crate::place::Place| {
        planned
            .plan
            .steps
            .iter()
            .any(|step| step.control == *control && step.place == *place)
    };
    let survey = Survey {
        env: planned.survey.env.clone(),
        cells: planned
            .survey
            .cells
            .iter()
            .filter(|((control, place), _)| touched(control, place))
            .map(|(key, reading)| (key.clone(), reading.clone()))
            .collect(),
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| {
            Trouble::Refused(format!(
                "cannot make the folder {}: {error}; nothing was written",
                folder.display()
            ))
        })?;
    }
    keep_out_of_git(path);
    let text = export::export(&session.env, session.caller.alias.as_deref(), &survey);
    save_beside_older(path, &text)?;
    report::note(&format!("What is there now is saved in {}.", path.display()));
    Ok(())
}

/// What was there may hold phone numbers and addresses, which do not belong into the baseline's repository. Only
/// trueup's own folder is marked so; that it cannot be is no reason to stop.
fn keep_out_of_git(path: &Path) {
    let Some(folder) = path.parent().filter(|folder| folder.ends_with(".trueup")) else {
        return;
    };
    let ignored = std::fs::File::options()
        .write(true)
        .create_new(true)
        .open(folder.join(".gitignore"));
    if let Ok(mut file) = ignored {
        let _ = file.write_all(b"*\n");
    }
}

/// Another run may save to the same name meanwhile: a file is never written over, only moved away.
fn save_beside_older(path: &Path, text: &str) -> Result<(), Trouble> {
    loop {
        keep_older(path).map_err(|error| {
            Trouble::Refused(format!(
                "cannot keep the older {}: {error}; nothing was written",
                path.display()
            ))
        })?;
        if saved::write_new(path, text)? {
            return Ok(());
        }
    }
}

/// Gives a file that is there already the first free numbered name: no saved state is ever overwritten, nor lost
/// to another run that does the same.
fn keep_older(path: &Path) -> std::io::Result<()> {
    if !path.is_file() {
        return Ok(());
    }
    // Only one of several runs gets the file away from its name; after that nobody else touches it.
    let mut taken = tempfile::NamedTempFile::new_in(saved::folder(path))?.into_temp_path();
    match std::fs::rename(path, &taken) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        renamed => renamed?,
    }
    let mut number = 1_u32;
    loop {
        let Err(failed) = taken.persist_noclobber(path.with_extension(format!("{number}.toml"))) else {
            return Ok(());
        };
        if failed.error.kind() != ErrorKind::AlreadyExists {
            // Whatever happens, the file is not to be cleared away as a temporary one.
            let _ = failed.path.keep();
            return Err(failed.error);
        }
        taken = failed.path;
        number += 1;
    }
}

/// A plan made anew, without what was done and AWS does not show yet; and the steps that did that.
type Again<'a> = (Plan, Vec<&'a Step>);

/// Reads the touched cells again, unless a signal comes that has not come before. After an interruption it looks
/// once and does not wait for answers that lag behind.
async fn look_again<'a>(
    session: &Session,
    planned: &'a Planned,
    outcomes: &[Outcome],
    stop: &execute::Stop,
    progress: &Progress,
) -> Option<Result<Again<'a>, SessionError>> {
    let (given_up, looks) = if stop.soon.is_cancelled() {
        (&stop.now, 1)
    } else {
        (&stop.soon, LOOKS)
    };
    signals::unless(given_up, reread(session, planned, outcomes, looks, progress)).await
}

/// Reads the touched cells again and judges the whole plan anew with them.
///
/// AWS's answers may lag behind its writes: cells whose steps all ran get a few more looks.
async fn reread<'a>(
    session: &Session,
    planned: &'a Planned,
    outcomes: &[Outcome],
    looks: u32,
    progress: &Progress,
) -> Result<Again<'a>, SessionError> {
    let steps_of = |want: &Want| {
        let same = move |step: &Step, want: &Want| step.control == want.control && step.place == want.place;
        let want = want.clone();
        planned
            .plan
            .steps
            .iter()
            .zip(outcomes)
            .filter(move |(step, _)| same(step, &want))
            .map(|(_, outcome)| outcome)
    };
    let ran = |outcome: &Outcome| {
        matches!(
            outcome,
            Outcome::Done | Outcome::Failed(_) | Outcome::Denied(_) | Outcome::Unknown
        )
    };
    let touched: Vec<Want> = planned
        .wants
        .iter()
        .filter(|want| steps_of(want).any(ran))
        .cloned()
        .collect();
    let done: Vec<&Step> = planned
        .plan
        .steps
        .iter()
        .zip(outcomes)
        .filter(|(_, outcome)| **outcome == Outcome::Done)
        .map(|(step, _)| step)
        .collect();
    let mut again = session
        .plan_for(touched.clone(), planned.all.clone(), &|event| {
            progress.watch(event)
        })
        .await?
        .plan;
    let mut unseen = plan::settle(&mut again, &done);
    for attempt in 1..looks {
        let lagging = again.cells.iter().any(|cell| {
            cell.verdict == Verdict::Change
                && touched
                    .iter()
                    .filter(|want| want.control == cell.control && want.place == cell.place)
                    .any(|want| steps_of(want).all(|outcome| *outcome == Outcome::Done))
        });
        if !lagging {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1 << attempt)).await;
        again = session
            .plan_for(touched.clone(), planned.all.clone(), &|_| {})
            .await?
            .plan;
        unseen = plan::settle(&mut again, &done);
    }
    let cells = planned
        .plan
        .cells
        .iter()
        .map(|cell| again.cell(cell.control, &cell.place).unwrap_or(cell).clone())
        .collect();
    let steps = again.steps;
    Ok((Plan { cells, steps }, unseen))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_runs_save_to_one_name_is_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("before.toml");
        std::thread::scope(|scope| {
            for run in 0..16 {
                let path = &path;
                scope.spawn(move || save_beside_older(path, &format!("run = {run}\n")).unwrap());
            }
        });
        let mut kept: Vec<String> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
            .collect();
        kept.sort();
        let mut saved: Vec<String> = (0..16).map(|run| format!("run = {run}\n")).collect();
        saved.sort();
        assert_eq!(kept, saved);
        assert!(folder.path().join("before.15.toml").exists());
    }
}
