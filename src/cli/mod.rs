//! The command line: one command a file, arguments in, exit code out.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use clap::{Args, Parser, Subcommand, ValueHint};
use trueup_aws::{Connect, Overdue};
use trueup_core::baseline::{Baseline, Filters, Problems};
use trueup_core::location::Region;
use trueup_core::plan::{Plan, Verdict};
use trueup_core::plan_file::PlanFileError;
use trueup_core::registry::{Name, UnknownControl};
use trueup_engine::progress::Event;
use trueup_engine::{Session, SessionError};
use trueup_sandbox::Sandbox;

use crate::report::plan::Reached;
use crate::report::progress::Progress;
use crate::report::{self, Style};

mod apply;
mod completions;
mod controls;
mod export;
mod init;
mod plan;
mod sandbox;
mod schema;
mod show;
mod signals;
mod validate;
mod words;

/// The file that is read where none is named.
const DEFAULT_BASELINE: &str = "baseline.toml";
/// The sandbox's state where no file is named.
const DEFAULT_SANDBOX: &str = ".trueup/sandbox.json";

/// Keeps an AWS account true to a TOML file.
#[derive(Debug, Parser)]
#[command(
    name = "trueup",
    version,
    about,
    propagate_version = true,
    max_term_width = 100
)]
#[command(
    after_help = "Exit codes: 0 done; 1 failed, nothing was written; 2 there are changes (plan \
--detailed-exitcode); 3 partly applied; 4 --fail-on matched; 64 wrong usage; 130 interrupted.\n\nTRUEUP_LOG=debug traces every call on standard error."
)]
pub struct Cli {
    /// Print without colours, also to a terminal (NO_COLOR does the same).
    #[arg(long, global = true, help_heading = "Output")]
    no_color: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a short baseline for the account at hand.
    Init(init::Args),
    /// Show how the account differs from the baseline, and the steps that would make it true.
    Plan(plan::Args),
    /// Make the account true to the baseline, after asking.
    Apply(apply::Args),
    /// Check a baseline without reaching the account.
    Validate(validate::Args),
    /// Print the live account as a baseline.
    Export(export::Args),
    /// Show a saved plan.
    Show(show::Args),
    /// List the controls, or explain one.
    Controls(controls::Args),
    /// Print the JSON Schema of baselines, for editors.
    Schema,
    /// Print a completion script for a shell.
    Completions(completions::Args),
    /// Serve or reset a simulated account.
    #[command(subcommand)]
    Sandbox(sandbox::Sandbox),
}

/// How the account is reached.
#[derive(Debug, Args)]
#[command(next_help_heading = "Account")]
struct Reach {
    /// A profile of the shared AWS configuration files.
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Other)]
    profile: Option<String>,
    /// Send all calls to this address instead of AWS (AWS_ENDPOINT_URL does the same).
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, conflicts_with = "sandbox")]
    endpoint_url: Option<String>,
    /// Send calls to STS to this address (AWS_ENDPOINT_URL_STS is not enough: STS says which account it is).
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, conflicts_with = "sandbox")]
    endpoint_url_sts: Option<String>,
    /// Use a simulated account instead of AWS, kept in FILE [default: .trueup/sandbox.json].
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true,
          default_missing_value = DEFAULT_SANDBOX, value_hint = ValueHint::FilePath)]
    sandbox: Option<PathBuf>,
    /// Append every exchange with the sandbox to this file, one JSON document a line.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "sandbox")]
    log_exchanges: Option<PathBuf>,
    /// How many calls, and how many steps, run at once.
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = at_least_one)]
    parallelism: usize,
}

impl Reach {
    /// The file in which a simulated account is kept, with its name in a message.
    fn state(&self) -> Option<(&Path, &'static str)> {
        self.sandbox.as_deref().map(|file| (file, "the sandbox's state"))
    }

    /// The arguments that reach the same account again.
    fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![];
        if let Some(profile) = &self.profile {
            arguments.extend(["--profile".to_owned(), profile.clone()]);
        }
        if let Some(url) = &self.endpoint_url {
            arguments.extend(["--endpoint-url".to_owned(), url.clone()]);
        }
        if let Some(url) = &self.endpoint_url_sts {
            arguments.extend(["--endpoint-url-sts".to_owned(), url.clone()]);
        }
        match &self.sandbox {
            Some(file) if file.as_os_str() == DEFAULT_SANDBOX => arguments.push("--sandbox".to_owned()),
            Some(file) => arguments.push(format!("--sandbox={}", file.display())),
            None => {}
        }
        arguments
    }

    /// `display` shows what is waited for.
    async fn session(
        &self,
        home: Option<Region>,
        wanted: Option<(&str, &str)>,
        display: &Display,
    ) -> Result<Session, Trouble> {
        let connect = Connect {
            profile: self.profile.clone(),
            endpoint_url: self.endpoint_url.clone(),
            sts_endpoint_url: self.endpoint_url_sts.clone(),
            region: home,
            http_client: self.simulated()?,
            parallelism: self.parallelism,
            prompt: Some(ask_mfa_code),
            overdue: display.overdue(),
            ..Connect::default()
        };
        Ok(Session::open(trueup_controls::registry(), connect, wanted).await?)
    }

    /// The simulated account that answers instead of AWS, if one is asked for.
    fn simulated(&self) -> Result<Option<SharedHttpClient>, Trouble> {
        let Some(path) = &self.sandbox else {
            return Ok(None);
        };
        let sandbox = Sandbox::open(Some(path), None)?;
        if let Some(log) = &self.log_exchanges {
            sandbox.log_exchanges(log)?;
        }
        Ok(Some(SharedHttpClient::new(sandbox.http_client())))
    }
}

/// Refuses to write a file, named by an option, over one that the command reads.
fn spare<'a>(
    option: &str,
    file: &Path,
    inputs: impl IntoIterator<Item = (&'a Path, &'static str)>,
) -> Result<(), Trouble> {
    // What is not there yet is nobody's input.
    let Ok(file) = file.canonicalize() else {
        return Ok(());
    };
    let same = |input: &Path| input.canonicalize().is_ok_and(|input| input == file);
    match inputs.into_iter().find(|(input, _)| same(input)) {
        None => Ok(()),
        Some((input, what)) => Err(Trouble::Refused(format!(
            "{option} would write over {what}, {}; nothing was read or written\nName another file.",
            input.display()
        ))),
    }
}

/// Asks for the code of an MFA device, if somebody is there to be asked.
fn ask_mfa_code(profile: &str, serial: &str) -> Option<String> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        return None;
    }
    // An input or a terminal that fails is one where nobody can be asked.
    report::ask::mfa_code(profile, serial, &mut input.lock(), &mut std::io::stderr())
        .ok()
        .flatten()
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("expected a number from 1".to_owned()),
    }
}

/// What of the baseline is looked at.
#[derive(Debug, Args)]
#[command(next_help_heading = "Selection")]
struct Selection {
    /// Only this control; can be repeated.
    #[arg(long, value_name = "CONTROL", value_parser = words::control(), hide_possible_values = true)]
    only: Vec<Name>,
    /// Not this control; can be repeated.
    #[arg(long, value_name = "CONTROL", value_parser = words::control(), hide_possible_values = true)]
    exclude: Vec<Name>,
    /// Only this region; can be repeated.
    #[arg(long, value_name = "REGION", value_hint = ValueHint::Other)]
    region: Vec<Region>,
}

impl Selection {
    fn filters(&self) -> Filters {
        let list = trueup_controls::controls();
        let sorted = |mut names: Vec<Name>| {
            names.sort_by_key(|name| list.rank(name));
            names.dedup();
            names
        };
        let mut regions = self.region.clone();
        regions.sort();
        regions.dedup();
        Filters {
            only: sorted(self.only.clone()),
            exclude: sorted(self.exclude.clone()),
            regions,
        }
    }
}

/// How texts are laid out: the result on standard output, everything else on standard error.
#[derive(Clone, Copy, Debug)]
struct View {
    out: Style,
    err: Style,
}

/// What is going on, on standard error, through all parts of a command.
#[derive(Clone, Debug)]
struct Display {
    style: Style,
    now: Arc<Mutex<Progress>>,
}

impl Display {
    fn new(view: &View) -> Self {
        let now = Progress::new(0, false, view.err);
        Display {
            style: view.err,
            now: Arc::new(Mutex::new(now)),
        }
    }

    /// Begins to show a reading, or the running of so many steps.
    fn begin(&self, steps: usize) {
        *self.locked() = Progress::new(steps, std::io::stderr().is_terminal(), self.style);
    }

    /// Shows an event. Steps and the reading after them are shown apart.
    fn watch(&self, event: Event<'_>) {
        if let Event::Rereading = event {
            self.begin(0);
        }
        self.locked().watch(event);
    }

    /// Takes away what would stand in the way of what is printed next.
    fn finish(&self) {
        *self.locked() = Progress::new(0, false, self.style);
    }

    /// What calls that are not answered are told to.
    fn overdue(&self) -> Overdue {
        let display = self.clone();
        Overdue::new(move |now| display.locked().overdue(now))
    }

    fn locked(&self) -> MutexGuard<'_, Progress> {
        // A panic elsewhere leaves the display as it was: good enough to go on with.
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Done,
    Failed,
    Changes,
    Partly,
    FailOn,
    Usage,
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Changes => 2,
            Exit::Partly => 3,
            Exit::FailOn => 4,
            Exit::Usage => 64,
            Exit::Interrupted => 130,
        })
    }
}

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("the baseline has problems")]
    Baseline(Problems),
    #[error(transparent)]
    Session(Box<SessionError>),
    #[error(transparent)]
    PlanFile(#[from] PlanFileError),
    #[error(transparent)]
    Sandbox(#[from] trueup_sandbox::SandboxError),
    #[error(transparent)]
    Unknown(#[from] UnknownControl),
    #[error("{0}")]
    Refused(String),
    #[error("the result cannot be written: {0}")]
    Output(#[from] std::io::Error),
    #[error("interrupted")]
    Interrupted,
}

impl From<Problems> for Trouble {
    fn from(problems: Problems) -> Self {
        Trouble::Baseline(problems)
    }
}

impl From<SessionError> for Trouble {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Problems(problems) => Trouble::Baseline(problems),
            other => Trouble::Session(Box::new(other)),
        }
    }
}

/// Parses the arguments of the process, runs the command, and says how it ended.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help is a result like any other: a reader that went away has seen enough, a full disk is a failure.
            let lost = error
                .print()
                .is_err_and(|lost| lost.kind() != std::io::ErrorKind::BrokenPipe);
            return match (error.use_stderr(), lost) {
                (true, _) => Exit::Usage.into(),
                (false, true) => Exit::Failed.into(),
                (false, false) => Exit::Done.into(),
            };
        }
    };
    report::trace();
    let view = View {
        out: Style::of_stdout(cli.no_color),
        err: Style::of_stderr(cli.no_color),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            report::error(&error, &view.err);
            return Exit::Failed.into();
        }
    };
    let ended = runtime.block_on(dispatch(cli.command, &view));
    // A reading that was abandoned by a signal must not hold the process.
    runtime.shutdown_background();
    match ended {
        Ok(exit) => exit.into(),
        Err(Trouble::Interrupted) => {
            // A terminal shows ^C where the cursor stood.
            let line = if std::io::stderr().is_terminal() { "\n" } else { "" };
            report::note(&format!("{line}Interrupted; nothing was written to the account."));
            Exit::Interrupted.into()
        }
        Err(Trouble::Baseline(problems)) => {
            report::note(&problems.render(view.err.color));
            Exit::Failed.into()
        }
        Err(Trouble::PlanFile(error @ PlanFileError::Moved { .. })) => {
            report::note(&report::promise::broken(&error, &view.err));
            Exit::Failed.into()
        }
        Err(trouble) => {
            report::error(&trouble, &view.err);
            Exit::Failed.into()
        }
    }
}

async fn dispatch(command: Command, view: &View) -> Result<Exit, Trouble> {
    match command {
        Command::Init(args) => signals::or_interrupted(args.run(view)).await,
        Command::Plan(args) => signals::or_interrupted(args.run(view)).await,
        Command::Apply(args) => args.run(view).await,
        Command::Validate(args) => args.run(view),
        Command::Export(args) => signals::or_interrupted(args.run(view)).await,
        Command::Show(args) => args.run(view),
        Command::Controls(args) => args.run(view),
        Command::Schema => schema::run(),
        Command::Completions(args) => args.run(),
        Command::Sandbox(args) => args.run().await,
    }
}

/// The account id that is asked for, with who asks: the command line, or the file. They must agree.
fn wanted_account<'a>(
    given: Option<&'a str>,
    baseline: &'a Baseline,
) -> Result<Option<(&'a str, &'a str)>, Trouble> {
    match (given, baseline.account_id()) {
        (Some(given), Some(written)) if given != written => Err(Trouble::Refused(format!(
            "--account-id is {given}, and {} is for account {written}",
            baseline.name()
        ))),
        (Some(given), _) => Ok(Some((given, "--account-id"))),
        (None, Some(written)) => Ok(Some((written, baseline.name()))),
        (None, None) => Ok(None),
    }
}

fn account_id(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("expected the 12 digits of an account id".to_owned())
    }
}

/// How the account was reached, for the head of a plan.
fn reached(session: &Session) -> Reached<'_> {
    Reached {
        caller: &session.caller,
        addresses: session.aws.addresses(),
    }
}

/// True if a cell has one of the verdicts that were to fail the run.
fn fails_on(plan: &Plan, verdicts: &[Verdict]) -> bool {
    verdicts.iter().any(|verdict| plan.has(*verdict))
}
