//! `trueup apply`

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::ValueHint;

use crate::baseline::{self, Baseline};
use crate::cli::signals::Signals;
use crate::cli::words::{self, Words};
use crate::cli::{
    DEFAULT_BASELINE, Exit, Reach, Selection, Trouble, View, account_id, fails_on, wanted_account,
};
use crate::control::Cx;
use crate::controls::{Id, UnknownControl};
use crate::execute::{self, Outcome};
use crate::export;
use crate::plan::{Class, Plan, Step, Survey, Verdict, Want};
use crate::recheck::Recheck;
use crate::report;
use crate::report::progress::Progress;
use crate::saved::{self, Document};
use crate::session::{Planned, Session};

/// Where the touched cells are saved before the first write.
const BEFORE: &str = ".trueup/before.toml";
/// How often the touched cells are read again while AWS's answers do not yet show what was written.
const READ_AGAIN: u32 = 4;

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
            saved::read(path)?;
        }
        let progress = view.progress(0);
        let mut signals = Signals::new();
        let (session, planned) = signals.or_interrupted(self.prepare(&baseline, &progress)).await?;
        progress.finish();
        let filters = self.selection.filters();
        let document = Document::new(baseline.name(), &session.env, &filters, &planned.plan);
        if let Some(path) = &self.plan {
            saved::hold(path, &document)?;
        }
        report::result(&report::plan::text(&document, Some(&session.caller), &view.out))?;
        if planned.plan.steps.iter().all(|step| step.blocked.is_some()) {
            return Ok(exit(&planned.plan, &[], &self.fail_on));
        }
        let Some(allowed) = signals
            .or_interrupted(self.consent(&session, &document, view))
            .await?
        else {
            report::note("Not applied; nothing was written.");
            return Ok(Exit::Failed);
        };
        let consent = |step: &Step| step.class == Class::Safe || allowed.contains(&step.control);
        let stop = signals.into_stop();
        if planned
            .plan
            .steps
            .iter()
            .any(|step| step.blocked.is_none() && consent(step))
        {
            save_before(&self.before, &session, &planned)?;
        }
        let progress = view.progress(planned.plan.steps.len());
        let outcomes = self.execute(&session, &planned, &consent, &stop, &progress).await;
        progress.finish();
        let progress = view.progress(0);
        let after = unless_stopped(&stop, reread(&session, &planned, &outcomes, &progress)).await;
        progress.finish();
        // From here on an error must not end the run as one before the first write does.
        let (after, mut trouble) = match after.transpose() {
            Ok(after) => (after, None),
            Err(error) => (None, Some(error)),
        };
        let now = after
            .as_ref()
            .map(|after| Document::new(baseline.name(), &session.env, &filters, after));
        let applied = report::apply::Applied {
            plan: &document,
            outcomes: &outcomes,
            again: now.as_ref(),
        };
        if let Err(error) = report::result(&report::apply::text(&applied, &view.out)) {
            trouble = trouble.or(Some(Trouble::Output(error)));
        }
        if let Some(trouble) = &trouble {
            report::error(trouble, &view.err);
        }
        Ok(match after {
            _ if stop.soon.is_cancelled() => Exit::Interrupted,
            Some(after) if trouble.is_none() => exit(&after, &outcomes, &self.fail_on),
            _ => Exit::Partly,
        })
    }

    async fn prepare(&self, baseline: &Baseline, progress: &Progress) -> Result<(Session, Planned), Trouble> {
        let wanted = wanted_account(self.account_id.as_deref(), baseline)?;
        let session = self
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
        // Whoever asks blocks until a person answers, and a person may answer with Ctrl-C.
        let asking = tokio::task::spawn_blocking(move || {
            report::ask::consent(
                &document,
                alias.as_deref(),
                &allowed,
                &mut std::io::stdin().lock(),
                &mut std::io::stderr(),
                &style,
            )
        });
        let unasked =
            |error: std::io::Error| Trouble::Refused(format!("cannot ask: {error}; nothing was written"));
        asking
            .await
            .map_err(|error| unasked(error.into()))?
            .map_err(unasked)
    }

    async fn execute(
        &self,
        session: &Session,
        planned: &Planned,
        consent: &(dyn Fn(&Step) -> bool + Sync),
        stop: &execute::Stop,
        progress: &Progress,
    ) -> Vec<Outcome> {
        let steps = &planned.plan.steps;
        let recheck = &Recheck::new(
            session.aws.clone(),
            session.env.clone(),
            &planned.wants,
            &planned.plan,
        );
        let watch = |event: crate::progress::Event<'_>| progress.watch(event);
        execute::run(steps, consent, self.reach.parallelism, stop, &watch, |at| {
            let step = &steps[at];
            let cx = Cx::new(
                Arc::clone(&session.aws),
                Arc::clone(&session.env),
                step.place.clone(),
            );
            async move {
                recheck.before(step).await?;
                step.control.control().apply(&step.action, &cx).await?;
                Ok(())
            }
        })
        .await
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
    keep_older(path).map_err(|error| {
        Trouble::Refused(format!(
            "cannot keep the older {}: {error}; nothing was written",
            path.display()
        ))
    })?;
    let text = export::export(&session.env, session.caller.alias.as_deref(), &survey);
    saved::write_private(path, &text)?;
    report::note(&format!("What is there now is saved in {}.", path.display()));
    Ok(())
}

/// Gives a file that is there already the first free numbered name: no saved state is ever overwritten.
fn keep_older(path: &Path) -> std::io::Result<()> {
    if !path.is_file() {
        return Ok(());
    }
    let numbered = |number: u32| path.with_extension(format!("{number}.toml"));
    let free = (1..).map(numbered).find(|name| !name.exists());
    match free {
        Some(name) => std::fs::rename(path, name),
        None => Ok(()),
    }
}

/// The work, or nothing if a signal comes meanwhile: after one that has ended the steps, the next one.
async fn unless_stopped<T>(stop: &execute::Stop, work: impl Future<Output = T>) -> Option<T> {
    let next = if stop.soon.is_cancelled() {
        &stop.now
    } else {
        &stop.soon
    };
    tokio::select! {
        biased;
        () = next.cancelled() => None,
        done = work => Some(done),
    }
}

/// Reads the touched cells again and judges the whole plan anew with them.
///
/// AWS's answers may lag behind its writes: cells whose steps all ran get a few more looks.
async fn reread(
    session: &Session,
    planned: &Planned,
    outcomes: &[Outcome],
    progress: &Progress,
) -> Result<Plan, Trouble> {
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
    let ran = |outcome: &Outcome| matches!(outcome, Outcome::Done | Outcome::Failed(_) | Outcome::Unknown);
    let touched: Vec<Want> = planned
        .wants
        .iter()
        .filter(|want| steps_of(want).any(ran))
        .cloned()
        .collect();
    let mut again = session
        .plan_for(touched.clone(), &|event| progress.watch(event))
        .await?
        .plan;
    for attempt in 1..READ_AGAIN {
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
        again = session.plan_for(touched.clone(), &|_| {}).await?.plan;
    }
    let cells = planned
        .plan
        .cells
        .iter()
        .map(|cell| again.cell(cell.control, &cell.place).unwrap_or(cell).clone())
        .collect();
    Ok(Plan {
        cells,
        steps: again.steps,
    })
}

/// Partly, if anything that was wanted and could have been done was not.
fn exit(after: &Plan, outcomes: &[Outcome], fail_on: &[Verdict]) -> Exit {
    let left = after.count(Verdict::Change) + after.count(Verdict::Blocked) + after.count(Verdict::Unread);
    if left > 0 || outcomes.iter().any(|outcome| *outcome != Outcome::Done) {
        Exit::Partly
    } else if fails_on(after, fail_on) {
        Exit::FailOn
    } else {
        Exit::Done
    }
}
