//! An account that has been reached: who calls, which regions there are, and the clients to go on with.

use std::path::PathBuf;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::aws::{Aws, Caller, Connect, ConnectError, Prompt, RegionState};
use crate::baseline::{Baseline, Filters, Problems};
use crate::control::{Cx, Env, Run};
use crate::execute::{self, Outcome, Stop};
use crate::fault::{Fault, FaultKind};
use crate::place::Region;
use crate::plan::{Plan, PlanError, Step, Survey, Want};
use crate::progress::{Event, Tell, Watch};
use crate::recheck::Recheck;
use crate::sandbox::{Sandbox, SandboxError};
use crate::{attestation, plan, survey};

/// How to reach the account.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// The profile of the shared AWS files, if not the default one.
    pub profile: Option<String>,
    /// Another endpoint than AWS's own, for an emulator.
    pub endpoint_url: Option<String>,
    /// The state file of the sandbox, if the account is to be simulated.
    pub sandbox: Option<PathBuf>,
    /// Where the sandbox's exchanges are logged, if they are.
    pub log_exchanges: Option<PathBuf>,
    /// How many calls run at once.
    pub parallelism: usize,
}

/// Why an account could not be reached, or not be planned for.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// No way to call AWS.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The sandbox's state cannot be used.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// A call that everything rests on failed.
    #[error("cannot learn {what}, asking in {region}: {fault}{}", advice(.fault, .region))]
    Fault {
        /// What the call was to tell.
        what: &'static str,
        /// The home region, in which it was asked.
        region: Region,
        /// What it said.
        fault: Fault,
    },
    /// The credentials are of another account than the file.
    #[error(
        "the credentials are of account {live}, and {source_name} is for account {wanted}; nothing was read or written"
    )]
    OtherAccount {
        /// The account at hand.
        live: String,
        /// The account that the file or the command line names.
        wanted: String,
        /// Who names it.
        source_name: String,
    },
    /// The credentials have become those of another account since the plan was made.
    #[error(
        "the credentials are of account {live} now, and the plan is for account {planned}; nothing was written"
    )]
    AccountChanged {
        /// The account at hand.
        live: String,
        /// The account that was planned for.
        planned: String,
    },
    /// The baseline does not fit the account.
    #[error("the baseline does not fit the account")]
    Problems(Problems),
    /// No order makes the steps right.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

/// What to do next about a call that everything rests on.
fn advice(fault: &Fault, region: &Region) -> String {
    let hint = fault.hint().map(|hint| format!("\n{hint}")).unwrap_or_default();
    match fault.kind {
        // A region that is not enabled knows no credentials at all.
        FaultKind::Credentials => {
            format!(
                "{hint}\nIf they are good elsewhere, {region} is not enabled: choose another home region."
            )
        }
        _ => hint,
    }
}

/// An account that has been reached.
#[derive(Debug)]
pub struct Session {
    /// The way to its services.
    pub aws: Arc<Aws>,
    /// Who calls.
    pub caller: Caller,
    /// The account around the cells.
    pub env: Arc<Env>,
    /// Every region of the partition, enabled or not.
    pub regions: Vec<Region>,
    /// True if this is neither the sandbox nor an emulator.
    pub is_real: bool,
}

/// A plan with everything it was made of.
#[derive(Debug)]
pub struct Planned {
    /// What is wanted, cell by cell.
    pub wants: Vec<Want>,
    /// The same of the whole file, whatever part of it is looked at: that tells how to read what the part relies on.
    pub all: Vec<Want>,
    /// What was read.
    pub survey: Survey,
    /// The verdicts and the steps.
    pub plan: Plan,
}

impl Session {
    /// Reaches the account: credentials, identity, regions. `wanted` is the account id that a file or the
    /// command line asks for, with its name; another account is refused before anything else is read.
    pub async fn open(
        target: &Target,
        home: Option<Region>,
        wanted: Option<(&str, &str)>,
        prompt: Option<Prompt>,
    ) -> Result<Session, SessionError> {
        let http_client = match &target.sandbox {
            None => None,
            Some(path) => {
                let sandbox = Sandbox::open(Some(path), None)?;
                if let Some(log) = &target.log_exchanges {
                    sandbox.log_exchanges(log)?;
                }
                Some(SharedHttpClient::new(sandbox.http_client()))
            }
        };
        let connect = Connect {
            profile: target.profile.clone(),
            endpoint_url: target.endpoint_url.clone(),
            region: home,
            http_client,
            parallelism: target.parallelism,
            prompt,
        };
        Session::reach(connect, wanted).await
    }

    /// The same over a connection of the caller's, such as one to a sandbox that is in memory.
    ///
    /// # Errors
    /// As [`Session::open`]'s.
    pub async fn reach(connect: Connect, wanted: Option<(&str, &str)>) -> Result<Session, SessionError> {
        let home = connect.region.clone();
        let aws = Arc::new(Aws::connect(connect).await?);
        let learn = |what| {
            let region = aws.home().clone();
            move |fault| SessionError::Fault { what, region, fault }
        };
        let caller = aws.identity().await.map_err(learn("who calls"))?;
        if let Some((wanted, source_name)) = wanted.filter(|(wanted, _)| *wanted != caller.account) {
            return Err(SessionError::OtherAccount {
                live: caller.account,
                wanted: wanted.to_owned(),
                source_name: source_name.to_owned(),
            });
        }
        let states: Vec<RegionState> = aws
            .regions(&caller)
            .await
            .map_err(learn("which regions are enabled"))?;
        let env = Env {
            account: caller.account.clone(),
            partition: caller.partition.clone(),
            home: home.unwrap_or_else(|| aws.home().clone()),
            enabled: states
                .iter()
                .filter(|state| state.enabled)
                .map(|state| state.region.clone())
                .collect(),
            run: Run {
                caller: caller.arn.clone(),
                is_root: caller.is_root,
                today: attestation::today(),
                ..Run::default()
            },
        };
        Ok(Session {
            is_real: !aws.is_emulator(),
            aws,
            caller,
            env: Arc::new(env),
            regions: states.into_iter().map(|state| state.region).collect(),
        })
    }

    /// Asks again who calls. Between the plan and the first write a person thinks, credentials are renewed, and
    /// somebody signs in elsewhere: what is renewed need not be of the same account.
    ///
    /// # Errors
    /// If the caller is of another account than the one that was reached, or cannot be told.
    pub async fn still_the_same_account(&self) -> Result<(), SessionError> {
        let live = self.aws.identity().await.map_err(|fault| SessionError::Fault {
            what: "whether the credentials are still of the same account",
            region: self.aws.home().clone(),
            fault,
        })?;
        if live.account == self.env.account {
            return Ok(());
        }
        Err(SessionError::AccountChanged {
            live: live.account,
            planned: self.env.account.clone(),
        })
    }

    /// Reads what a baseline asks for and plans.
    ///
    /// # Errors
    /// If the baseline does not fit the account: above all, if it still has its examples in the place of somebody's
    /// addresses, and the account is a real one.
    pub async fn plan(
        &mut self,
        baseline: &Baseline,
        filters: &Filters,
        watch: &Watch<'_>,
    ) -> Result<Planned, SessionError> {
        if let Some(problems) = baseline.examples().filter(|_| self.is_real) {
            return Err(SessionError::Problems(problems));
        }
        let env = Arc::make_mut(&mut self.env);
        env.run.tags = baseline.tags();
        env.run.attestations = baseline.attestations();
        let wants = baseline
            .wants(&self.env, &self.regions, filters)
            .map_err(SessionError::Problems)?;
        let all = baseline
            .wants(&self.env, &self.regions, &Filters::default())
            .map_err(SessionError::Problems)?;
        self.plan_for(wants, all, watch).await
    }

    /// Reads the cells of these wants, among all that the file wants, and plans.
    pub async fn plan_for(
        &self,
        wants: Vec<Want>,
        all: Vec<Want>,
        watch: &Watch<'_>,
    ) -> Result<Planned, SessionError> {
        let readings = survey::for_wants(&wants, &all, &self.env);
        let survey = survey::survey(&self.aws, &self.env, readings, watch).await;
        let plan = plan::plan(&wants, &survey)?;
        Ok(Planned {
            wants,
            all,
            survey,
            plan,
        })
    }

    /// Runs the steps of a plan for which there is consent, as [`execute::run`] does; each cell is looked at again
    /// right before its first write. Returns one outcome a step, in the order of the steps.
    pub async fn apply(
        &self,
        planned: &Planned,
        consent: &(dyn Fn(&Step) -> bool + Sync),
        parallelism: usize,
        stop: &Stop,
        watch: &Arc<Watch<'static>>,
    ) -> Vec<Outcome> {
        let steps = &planned.plan.steps;
        let recheck = &Recheck::new(
            self.aws.clone(),
            self.env.clone(),
            &planned.wants,
            &planned.survey,
            &planned.plan,
        );
        execute::run(steps, consent, parallelism, stop, &**watch, |at| {
            let step = &steps[at];
            let (watch, waiting) = (Arc::clone(watch), step.clone());
            let tell = Tell::new(move |wait| watch(Event::Waiting(&waiting, wait)));
            let cx = Cx::new(self.aws.clone(), self.env.clone(), step.place.clone()).telling(tell);
            async move {
                recheck.before(step).await?;
                step.control.control().apply(&step.action, &cx).await?;
                Ok(())
            }
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn credentials_that_have_become_another_accounts_are_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state.json");
        let target = Target {
            sandbox: Some(state.clone()),
            ..Target::default()
        };
        let session = Session::open(&target, None, None, None).await.unwrap();
        session.still_the_same_account().await.unwrap();
        Sandbox::reset(&state, "account_id = \"210987654321\"".parse().unwrap()).unwrap();
        let error = session.still_the_same_account().await.unwrap_err().to_string();
        assert!(
            error.contains("210987654321 now") && error.contains("123456789012"),
            "{error}"
        );
    }
}
