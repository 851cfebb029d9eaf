//! The Python of the tests: a virtual environment with exactly what `tests/python/requirements.txt` pins, and the
//! programs in that folder.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

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

/// Runs one of the modules, which must succeed, and returns what it prints.
#[track_caller]
pub(crate) fn succeed(command: &mut Command) -> String {
    run(command).unwrap_or_else(|problem| panic!("{problem}"))
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
    succeed(
        module("unittest", home)
            .arg(name)
            .envs(environment.iter().copied()),
    );
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
