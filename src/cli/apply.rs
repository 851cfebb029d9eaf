//! `trueup apply`

use std::collections::HashSet;
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ValueHint;
use trueup_core::baseline::{Baseline, Filters};
use trueup_core::control::Controls;
use trueup_core::export::{self, Head};
use trueup_core::location::Location;
use trueup_core::plan::{Step, Survey, Verdict};
use trueup_core::plan_file::{self, Document};
use trueup_core::registry::Name;
use trueup_engine::execute::Outcome;
use trueup_engine::progress::Watch;
use trueup_engine::{Applied, Planned, Session};

use crate::cli::words::{self, Words};
use crate::cli::{
    DEFAULT_BASELINE, Display, Exit, Reach, Selection, Trouble, View, account_id, reached, signals, spare,
    wanted_account,
};
use crate::files;
use crate::report;

mod ended;

use ended::{Ran, exit};

/// Where the touched cells are saved before the first write.
const BEFORE: &str = ".trueup/before.toml";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The baseline; `-` is standard input.
    #[arg(value_name = "FILE", default_value = DEFAULT_BASELINE, value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// Proceed only if a fresh plan has the steps, cells and manual tasks of this saved one.
    #[arg(long, value_name = "PLAN", value_hint = ValueHint::FilePath)]
    plan: Option<PathBuf>,
    /// Do not ask. Disruptive and destructive steps still need --allow.
    #[arg(long)]
    auto_approve: bool,
    /// Allow this control's disruptive, destructive and weakening steps; `all` allows every control's. Can be repeated.
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
#[derive(Clone, Debug)]
enum Allowance {
    All,
    Only(Name),
}

fn allowances() -> Words<Allowance> {
    Words::new(
        || [words::names(), vec!["all"]].concat(),
        |text| match text {
            "all" => Ok(Allowance::All),
            name => words::find(name).map(Allowance::Only),
        },
    )
}

impl Args {
    pub(super) async fn run(self, view: &View) -> Result<Exit, Trouble> {
        let controls = trueup_controls::controls();
        let baseline = files::loader(&controls).load(&self.file)?;
        if let Some(path) = &self.plan {
            // A file that is no plan is told before anything is read.
            plan_file::recognize(&controls, path, &files::saved_plan(path)?)?;
        }
        self.spare_inputs()?;
        let stop = signals::stop_on_signals();
        let display = Display::new(view);
        let (session, planned) = signals::unless(&stop.soon, self.prepare(&baseline, &display))
            .await
            .ok_or(Trouble::Interrupted)??;
        display.finish();
        let filters = self.selection.filters();
        let document = Document::new(baseline.name(), &session.env, &filters, &planned.plan);
        if let Some(path) = &self.plan {
            plan_file::hold(&controls, path, &files::saved_plan(path)?, &document)?;
        }
        report::result(&report::plan::text(
            &controls,
            &document,
            Some(reached(&session)),
            &view.out,
        ))?;
        if planned.plan.steps.iter().all(|step| step.blocked.is_some()) {
            return Ok(exit(&planned.plan, Ran::Nothing, &self.fail_on));
        }
        let consent = signals::unless(&stop.soon, self.consent(&session, &document, view)).await;
        let Some(allowed) = consent.ok_or(Trouble::Interrupted)?? else {
            report::note("Not applied; nothing was written.");
            return Ok(Exit::Failed);
        };
        let consent = |step: &Step| !step.needs_consent() || allowed.contains(&step.control);
        if planned
            .plan
            .steps
            .iter()
            .any(|step| step.blocked.is_none() && consent(step))
        {
            signals::unless(&stop.soon, session.still_the_same_account())
                .await
                .ok_or(Trouble::Interrupted)??;
            save_before(&self.before, &controls, &session, &planned)?;
        }
        let steps = &planned.plan.steps;
        display.begin(steps.len());
        let shown = display.clone();
        let watch: Arc<Watch<'static>> = Arc::new(move |event| shown.watch(event));
        let Applied {
            outcomes,
            denied,
            after,
        } = session
            .apply(&planned, &consent, self.reach.parallelism, &stop, &watch)
            .await;
        display.finish();
        // From here on something may have been written, and nothing may end the run without saying what.
        let after = after.transpose().unwrap_or_else(|error| {
            report::error(&error, &view.err);
            None
        });
        let now = after
            .as_ref()
            .map(|after| Document::new(baseline.name(), &session.env, &filters, &after.plan));
        let unseen: Vec<&Step> = after
            .iter()
            .flat_map(|after| after.unseen.iter().map(|at| &steps[*at]))
            .collect();
        let undo = outcomes.iter().any(may_have_written).then(|| self.undo());
        let applied = report::apply::Applied {
            plan: &document,
            outcomes: &outcomes,
            again: now.as_ref(),
            unseen: &unseen,
            undo: undo.as_deref(),
        };
        let told = report::result(&report::apply::text(&applied, &view.out)).map_err(Trouble::from);
        if let Err(trouble) = &told {
            report::error(trouble, &view.err);
        }
        Ok(if stop.soon.is_cancelled() {
            Exit::Interrupted
        } else {
            match after {
                Some(after) if told.is_ok() => {
                    let ran = Ran::of(steps, &outcomes, &denied);
                    exit(&after.plan, ran, &self.fail_on)
                }
                _ => Exit::Partly,
            }
        })
    }

    /// The command that writes back what was there before.
    fn undo(&self) -> String {
        let mut command = vec!["apply".to_owned(), self.before.display().to_string()];
        if self.before == Path::new(BEFORE) {
            // That file is the baseline then, and must not be saved over.
            let other = self.before.with_extension("undo.toml");
            command.extend(["--before".to_owned(), other.display().to_string()]);
        }
        command.extend(self.reach.arguments());
        words::command(command)
    }

    /// Refuses to save what was there over a file that is still needed.
    fn spare_inputs(&self) -> Result<(), Trouble> {
        let plan = self.plan.as_deref().map(|plan| (plan, "the saved plan"));
        let others = [Some((&*self.file, "the baseline")), plan, self.reach.state()];
        spare("--before", &self.before, others.into_iter().flatten())
    }

    async fn prepare(&self, baseline: &Baseline, display: &Display) -> Result<(Session, Planned), Trouble> {
        let wanted = wanted_account(self.account_id.as_deref(), baseline)?;
        let session = self
            .reach
            .session(baseline.home_region().cloned(), wanted, display)
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
        display.begin(0);
        let filters = self.selection.filters();
        let planned = session
            .plan(baseline, &filters, &|event| display.watch(event))
            .await?;
        Ok((session, planned))
    }

    /// The controls whose disruptive, destructive and weakening steps may run, or nothing if nothing may.
    async fn consent(
        &self,
        session: &Session,
        document: &Document,
        view: &View,
    ) -> Result<Option<HashSet<Name>>, Trouble> {
        let asking: HashSet<&Name> = document
            .steps
            .iter()
            .filter(|step| step.blocked.is_none() && step.needs_consent())
            .map(|step| &step.control)
            .collect();
        let allowed: HashSet<Name> = asking
            .into_iter()
            .filter(|name| {
                self.allow.iter().any(|allowance| match allowance {
                    Allowance::All => true,
                    Allowance::Only(only) => only == *name,
                })
            })
            .cloned()
            .collect();
        if self.auto_approve {
            return Ok(Some(allowed));
        }
        if !std::io::stdin().is_terminal() {
            return Err(Trouble::Refused(
                "standard input is no terminal, so nobody can be asked; nothing was written\n\
                 Pass --auto-approve, and --allow CONTROL for steps that are disruptive, destructive or
                 weakening."
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

fn may_have_written(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Done | Outcome::Failed(_) | Outcome::Unknown)
}

/// Saves the live state of every cell that may be touched, so that it can be looked up, or written back.
fn save_before(
    path: &Path,
    controls: &Controls,
    session: &Session,
    planned: &Planned,
) -> Result<(), Trouble> {
    let touched = |control: &Name, place: &Location| {
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
    let home = format!(
        "Home region {}, as the baseline says. This file has only what the steps of an apply were about to change",
        survey.env.home
    );
    let head = Head {
        alias: session.caller.alias.as_deref(),
        home: &home,
        filters: &Filters::default(),
    };
    let text = export::export(controls, &head, &survey);
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
        if files::write_new(path, text)? {
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
    let mut taken = tempfile::NamedTempFile::new_in(files::folder(path))?.into_temp_path();
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
