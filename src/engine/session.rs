//! An account that has been reached: who calls, which regions there are, and the clients to go on with.

use std::sync::Arc;

use jiff::civil::Date;
use trueup_aws::{AnyLive, Aws, Caller, Connect, ConnectError, Failure, RegionState, Untrusted};
use trueup_core::baseline::{Baseline, Filters, Problems};
use trueup_core::control::{AnyControl, Controls};
use trueup_core::env::{Env, Run};
use trueup_core::fault::{Fault, FaultKind};
use trueup_core::location::Region;
use trueup_core::plan::{self, Plan, PlanError, Survey};
use trueup_core::registry::Registry;
use trueup_core::want::Want;

use crate::progress::Watch;
use crate::survey;

/// Why an account could not be reached, or not be planned for.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// No way to call AWS.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// A call that everything rests on failed.
    #[error("cannot learn {what}, asking in {region}: {}{}", .fault.in_full(), advice(.fault, .region))]
    Fault {
        /// What the call was to tell.
        what: &'static str,
        /// The home region, in which it was asked.
        region: Region,
        /// What it said.
        fault: Box<Fault>,
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
    /// Credentials that were renewed during the run are not known to be of the same account.
    #[error(
        "{0}; the run ended before anything else was signed with them\nSign in to the account again and run the command again."
    )]
    Untrusted(Untrusted),
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
    /// True if this is neither a simulated account nor an emulator.
    pub is_real: bool,
    pub(crate) live: Registry<dyn AnyLive>,
    pub(crate) controls: Controls,
}

/// A plan with everything it was made of.
#[derive(Debug)]
pub struct Planned {
    /// The account around the cells, with what the baseline says of all of them: tags and attestations.
    pub env: Arc<Env>,
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
    ///
    /// # Errors
    /// If the account cannot be reached, or is not the wanted one.
    pub async fn open(
        controls: Registry<dyn AnyLive>,
        connect: Connect,
        wanted: Option<(&str, &str)>,
    ) -> Result<Session, SessionError> {
        let home = connect.region.clone();
        let aws = Arc::new(Aws::connect(connect).await?);
        let learn = |what| {
            let region = aws.home().clone();
            move |failure: Failure| SessionError::Fault {
                what,
                region,
                fault: Box::new(failure.0),
            }
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
                today: today(),
                ..Run::default()
            },
        };
        Ok(Session {
            is_real: !aws.is_emulator(),
            aws,
            caller,
            env: Arc::new(env),
            regions: states.into_iter().map(|state| state.region).collect(),
            controls: controls.map(|control| control as &'static dyn AnyControl),
            live: controls,
        })
    }

    /// The same account, at home in another region.
    pub fn at_home(self, home: Region) -> Session {
        let env = Env {
            home,
            ..Env::clone(&self.env)
        };
        Session {
            env: Arc::new(env),
            ..self
        }
    }

    /// Asks again who calls. Between the plan and the first write a person thinks, credentials are renewed, and
    /// somebody signs in elsewhere: what is renewed need not be of the same account.
    ///
    /// # Errors
    /// If the caller is of another account than the one that was reached, or cannot be told.
    pub async fn still_the_same_account(&self) -> Result<(), SessionError> {
        let asked = self.aws.identity().await;
        let live = match asked {
            Ok(live) => live,
            Err(failure) => {
                self.credentials_are_trusted()?;
                return Err(SessionError::Fault {
                    what: "whether the credentials are still of the same account",
                    region: self.aws.home().clone(),
                    fault: Box::new(failure.0),
                });
            }
        };
        if live.account == self.env.account {
            return Ok(());
        }
        Err(SessionError::AccountChanged {
            live: live.account,
            planned: self.env.account.clone(),
        })
    }

    /// What failed for this reason says nothing about the account.
    fn credentials_are_trusted(&self) -> Result<(), SessionError> {
        match self.aws.untrusted() {
            None => Ok(()),
            Some(untrusted) => Err(SessionError::Untrusted(untrusted.clone())),
        }
    }

    /// Reads what a baseline asks for and plans.
    ///
    /// # Errors
    /// If the baseline does not fit the account: above all, if it still has its examples in the place of somebody's
    /// addresses, and the account is a real one.
    pub async fn plan(
        &self,
        baseline: &Baseline,
        filters: &Filters,
        watch: &Watch<'_>,
    ) -> Result<Planned, SessionError> {
        if let Some(problems) = baseline.examples().filter(|_| self.is_real) {
            return Err(SessionError::Problems(problems));
        }
        let mut env = Env::clone(&self.env);
        env.run.regions = Some(baseline.looked_at(&env, &self.regions));
        env.run.tags = baseline.tags();
        env.run.attestations = baseline.attestations();
        let wants = baseline
            .wants(&env, &self.regions, filters)
            .map_err(SessionError::Problems)?;
        let all = baseline
            .wants(&env, &self.regions, &Filters::default())
            .map_err(SessionError::Problems)?;
        self.plan_for(Arc::new(env), wants, all, watch).await
    }

    /// Reads the cells of these wants, among all that the file wants, and plans.
    pub(crate) async fn plan_for(
        &self,
        env: Arc<Env>,
        wants: Vec<Want>,
        all: Vec<Want>,
        watch: &Watch<'_>,
    ) -> Result<Planned, SessionError> {
        let readings = survey::for_wants(&self.controls, &wants, &all, &env);
        let survey = survey::survey(&self.live, &self.aws, &env, readings, watch).await;
        self.credentials_are_trusted()?;
        let plan = plan::plan(&self.controls, &wants, &survey)?;
        Ok(Planned {
            env,
            wants,
            all,
            survey,
            plan,
        })
    }

    /// Reads every control in every place that the filters let pass, to be exported.
    ///
    /// # Errors
    /// If credentials that were renewed meanwhile may be another account's.
    pub async fn survey(&self, filters: &Filters, watch: &Watch<'_>) -> Result<Survey, SessionError> {
        let readings = survey::for_export(&self.controls, &self.env, filters);
        let survey = survey::survey(&self.live, &self.aws, &self.env, readings, watch).await;
        self.credentials_are_trusted()?;
        Ok(survey)
    }
}

/// This day, in UTC.
pub fn today() -> Date {
    jiff::Timestamp::now()
        .to_zoned_datetime(jiff::tz::TimeZone::UTC)
        .date()
}
