//! The Python of the tests: a virtual environment with exactly what `tests/python/requirements.txt` pins, and the
//! programs in that folder.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::folder::ROOT;

const REQUIREMENTS: &str = include_str!("../python/requirements.txt");
const NEEDED: &str =
    "these tests need python3 3.10 or newer with its venv module (Debian: apt install python3-venv)";

/// The interpreter of the tests' own environment, which is made where it is missing.
///
/// The environment is kept beside the build, and made anew when the requirements or the machine's Python change.
/// Other tests, of this process and of others, wait meanwhile.
pub(crate) fn python() -> &'static Path {
    static PYTHON: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match PYTHON.get_or_init(environment) {
        Ok(python) => python,
        Err(problem) => panic!("{problem}"),
    }
}

fn environment() -> Result<PathBuf, String> {
    let told = run(Command::new("python3").args([
        "-c",
        "import sys, venv; print(sys.version, sys.executable); sys.exit(sys.version_info < (3, 10))",
    ]))
    .map_err(|problem| format!("{NEEDED}: {problem}"))?;
    let mut hasher = DefaultHasher::new();
    (REQUIREMENTS, told).hash(&mut hasher);
    let name = format!("python-{:016x}", hasher.finish());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(&name);
    let python = folder.join("bin/python");

    let lock = folder.with_extension("lock");
    let lock = File::create(&lock).map_err(|error| format!("cannot make {}: {error}", lock.display()))?;
    lock.lock()
        .map_err(|error| format!("cannot lock the folder of {}: {error}", folder.display()))?;
    // Written last: without it the folder is what an interrupted run left.
    let complete = folder.join("complete");
    if complete.exists() {
        return Ok(python);
    }
    // What cannot be removed, `venv --clear` removes or complains about.
    let _ = std::fs::remove_dir_all(&folder);
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&folder))
    .map_err(|problem| format!("{NEEDED}: {problem}"))?;
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--require-hashes"])
        .arg("--requirement")
        .arg(scripts().join("requirements.txt")))
    .map_err(|problem| {
        format!(
            "cannot install tests/python/requirements.txt; is the package index in reach (pip's own settings and \
             PIP_INDEX_URL are honoured)? {problem}"
        )
    })?;
    std::fs::write(&complete, "").map_err(|error| format!("cannot make {}: {error}", complete.display()))?;
    Ok(python)
}

fn scripts() -> PathBuf {
    Path::new(ROOT).join("tests/python")
}

/// Runs a program to its end and returns what it prints.
pub(crate) fn run(command: &mut Command) -> Result<String, String> {
    let shown = format!("{command:?}");
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot run {shown}: {error}"))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(stdout);
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(format!("{shown} failed ({})\n{stdout}{stderr}", output.status))
}

/// A Python in another process that runs module after module, so that what they load is loaded once. It ends with
/// this value, or with the tests' process.
struct Resident {
    child: Child,
    stdin: ChildStdin,
    answers: Receiver<String>,
}

/// How long a resident may work on one module: far longer than any takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

impl Resident {
    fn start() -> Result<Resident, String> {
        let mut command = module("resident", &scripts());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot run {command:?}: {error}"))?;
        let (told, answers) = mpsc::channel();
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(format!("{command:?} has no pipes"));
        };
        // The thread ends with the pipe. An answer after the time limit is ignored.
        thread::spawn(move || {
            let lines = BufReader::new(stdout).lines();
            lines.map_while(Result::ok).try_for_each(|line| told.send(line))
        });
        Ok(Resident {
            child,
            stdin,
            answers,
        })
    }

    /// Runs what [`module`] made, to its end.
    fn run(&mut self, command: &Command, patience: Duration) -> Result<Ran, String> {
        let text = |part: &OsStr| part.to_string_lossy().into_owned();
        let environment: BTreeMap<String, String> = command
            .get_envs()
            .filter_map(|(name, value)| Some((text(name), text(value?))))
            .collect();
        // The interpreter's own arguments are the first two.
        let arguments: Vec<String> = command.get_args().skip(2).map(text).collect();
        // If the write fails, the process has ended, and the read below reports it.
        let _ = writeln!(self.stdin, "{}", json!([arguments, environment]));
        let problem = match self.answers.recv_timeout(patience) {
            Ok(line) => match serde_json::from_str(&line) {
                Ok((code, stdout, stderr)) => return Ok(Ran { code, stdout, stderr }),
                Err(error) => format!("answered {line:?}: {error}"),
            },
            Err(mpsc::RecvTimeoutError::Timeout) => {
                format!("did not end within {} s", patience.as_secs_f32())
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => "ended with the process that ran it".to_owned(),
        };
        // It fails only where the process has ended already; then there is more to read all the same.
        let _ = self.child.kill();
        let mut said = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            let _ = stderr.read_to_string(&mut said);
        }
        let status = self.child.wait().map(|status| status.to_string());
        Err(format!(
            "{command:?} {problem} ({})\n{said}",
            status.unwrap_or_default()
        ))
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        // It fails only where the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a module ended in a resident process.
struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

/// Runs what [`module`] made in a process that stays for the next one, and returns what it prints.
pub(crate) fn run_resident(command: &Command) -> Result<String, String> {
    // One for each of two tests that run at once.
    static RESIDENTS: [Mutex<Option<Resident>>; 2] = [const { Mutex::new(None) }; 2];
    fn free(slot: &Mutex<Option<Resident>>) -> Option<MutexGuard<'_, Option<Resident>>> {
        slot.try_lock().ok()
    }
    let mut slot = RESIDENTS
        .iter()
        .find_map(free)
        .unwrap_or_else(|| RESIDENTS[0].lock().unwrap_or_else(PoisonError::into_inner));
    // One that failed is not used again.
    let mut resident = match slot.take() {
        Some(resident) => resident,
        None => Resident::start()?,
    };
    let ran = resident.run(command, PATIENCE)?;
    *slot = Some(resident);
    drop(slot);
    if ran.code == 0 {
        return Ok(ran.stdout);
    }
    Err(format!(
        "{command:?} failed (exit status: {})\n{}{}",
        ran.code, ran.stdout, ran.stderr
    ))
}

/// `python -m module`, beside the tests' programs, with credentials that mean nothing and nothing else of the
/// environment that could reach a real account.
pub(crate) fn module(name: &str, home: &Path) -> Command {
    let mut command = Command::new(python());
    command
        .args(["-B", "-m", name])
        .current_dir(scripts())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .envs(CREDENTIALS)
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

/// Credentials for endpoints that look at none.
pub(crate) const CREDENTIALS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "unused"),
];

/// Runs one of the tests' own modules, which must succeed, and returns what it prints.
#[track_caller]
pub(crate) fn succeed(command: &Command) -> String {
    run_resident(command).unwrap_or_else(|problem| panic!("{problem}"))
}

/// Calls a service at this address through boto3, as somebody else would: pairs of the operation as boto3 names it and
/// its arguments. Their answers.
#[track_caller]
pub(crate) fn call(url: &str, home: &Path, service: &str, calls: &Value) -> Vec<Value> {
    let mut command = module("calls", home);
    let command = command.arg(service).arg(calls.to_string());
    serde_json::from_str(&succeed(command.env("AWS_ENDPOINT_URL", url))).unwrap()
}

/// Runs one of Python's own test modules.
#[track_caller]
pub(crate) fn unittest(name: &str, home: &Path, environment: &[(&str, &str)]) {
    let mut command = module("unittest", home);
    let ran = run(command.arg(name).envs(environment.iter().copied()));
    ran.unwrap_or_else(|problem| panic!("{problem}"));
}

/// Holds a log of exchanges against AWS's own description of its services.
#[track_caller]
pub(crate) fn judge(log: &Path) {
    succeed(module("judge", log.parent().unwrap_or(log)).arg(log));
}

/// The same where clients sent bad requests on purpose: such a one is bad only if it was not rejected.
#[track_caller]
pub(crate) fn judge_tolerating_rejected(log: &Path) {
    succeed(
        module("judge", log.parent().unwrap_or(log))
            .arg("--tolerate-rejected")
            .arg(log),
    );
}

/// A server in another process, which says its address in its first line and ends with this value.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
}

impl Server {
    /// Starts the server; its standard input stays open as long as this value lives.
    #[track_caller]
    pub(crate) fn start(command: &mut Command) -> Server {
        let shown = format!("{command:?}");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run {shown}: {error}"));
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            // A line that cannot be read is no address, which is said below.
            let _ = BufReader::new(stdout).read_line(&mut line);
        }
        let server = Server {
            child,
            url: line.trim_end().to_owned(),
        };
        assert!(
            server.url.starts_with("http://127.0.0.1:"),
            "{shown} said {line:?} instead of its address"
        );
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It fails only where the server has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_judge_passes_good_exchanges_and_finds_each_kind_of_bad_one() {
    let home = tempfile::tempdir().unwrap();
    unittest("test_judge", home.path(), &[]);
}

/// A run of these statements of Python.
fn statements(python: &str) -> Command {
    let mut command = module("timeit", &scripts());
    command.args(["-n", "1", "-r", "1", python]);
    command
}

#[test]
fn a_resident_judges_each_log_by_itself() {
    let home = tempfile::tempdir().unwrap();
    let log = home.path().join("log.jsonl");
    let mut command = module("judge", home.path());
    command.arg(&log);
    let mut resident = Resident::start().unwrap();
    for (text, found) in [
        ("nonsense\n", "log line 1 is no JSON: "),
        ("{}\n", "log line 1 lacks error, injected, operation"),
    ] {
        std::fs::write(&log, text).unwrap();
        let ran = resident.run(&command, PATIENCE).unwrap();
        assert_eq!(ran.code, 1, "{text}");
        assert!(ran.stdout.starts_with(found), "{}", ran.stdout);
    }
    std::fs::remove_file(&log).unwrap();
    let ran = resident.run(&command, PATIENCE).unwrap();
    assert_eq!((ran.code, &*ran.stdout), (1, ""));
    assert!(ran.stderr.contains("FileNotFoundError"), "{}", ran.stderr);
}

#[test]
fn a_resident_that_ends_or_hangs_is_reported_with_what_it_printed() {
    for (python, patience, problem) in [
        (
            "import os; os.write(2, b'gone'); os._exit(3)",
            PATIENCE,
            "ended with the process that ran it (exit status: 3)\ngone",
        ),
        (
            "import time; time.sleep(60)",
            Duration::from_millis(200),
            "did not end within 0.2 s (signal: 9 (SIGKILL))\n",
        ),
    ] {
        let mut resident = Resident::start().unwrap();
        let told = resident.run(&statements(python), patience).err().unwrap();
        assert!(told.ends_with(problem), "{told}");
    }
    // The next run has a process again.
    for _ in 0..2 {
        let told = run_resident(&statements("import os; os._exit(3)")).unwrap_err();
        assert!(told.ends_with("(exit status: 3)\n"), "{told}");
        let printed = run_resident(&statements("pass")).unwrap();
        assert!(printed.starts_with("1 loop"), "{printed}");
    }
}
