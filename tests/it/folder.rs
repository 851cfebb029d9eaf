//! A working folder of its own for each test, and trueup run in it as a person would.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;

use serde::Deserialize;
use serde_json::Value;

/// The repository's folder.
pub(crate) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The simulated account's state in a folder.
pub(crate) const STATE: &str = "state.json";

/// The regions of a baseline, few so that a run is short: the home region and another one.
pub(crate) const TWO: &str =
    "[account]\nhome_region = \"us-east-1\"\nregions = [\"eu-west-1\", \"us-east-1\"]\n";

/// The other one alone.
pub(crate) const ONE: &str = "[account]\nhome_region = \"us-east-1\"\nregions = [\"eu-west-1\"]\n";

/// A fresh working folder, which is also the home of whoever works in it.
///
/// When the test ends, every exchange with its simulated account is held against AWS's own description of its services.
pub(crate) struct Folder {
    folder: tempfile::TempDir,
    /// Whether a command did what it should on the simulated account, so that exchanges must have been logged.
    exchanged: Cell<bool>,
}

/// Where the folders are made: in memory, where the machine has a folder there and the environment names no other.
/// The simulated account is synced to the disk at every write, for which most of a run would wait.
fn place() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    match std::env::var_os("TMPDIR") {
        None if memory.is_dir() => memory,
        _ => std::env::temp_dir(),
    }
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn of(output: Output) -> Ended {
        Ended {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Asserts the exit code, and shows everything if it is another.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Ended {
        assert_eq!(
            self.code, code,
            "--- stdout\n{}\n--- stderr\n{}",
            self.stdout, self.stderr
        );
        self
    }

    /// Asserts that the result says this.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Ended {
        assert!(
            self.stdout.contains(text),
            "no `{text}` in\n{}\n--- stderr\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Asserts that standard error says this.
    #[track_caller]
    pub(crate) fn complains(self, text: &str) -> Ended {
        assert!(
            self.stderr.contains(text),
            "no `{text}` in\n{}\n--- stdout\n{}",
            self.stderr,
            self.stdout
        );
        self
    }
}

impl Folder {
    pub(crate) fn new() -> Self {
        Folder {
            folder: tempfile::tempdir_in(place()).unwrap(),
            exchanged: Cell::new(false),
        }
    }

    /// A folder with the checklist's baseline in it, as `checklist.toml`.
    pub(crate) fn with_checklist() -> Self {
        let folder = Folder::new();
        std::fs::copy(
            Path::new(ROOT).join("baselines/checklist.toml"),
            folder.path("checklist.toml"),
        )
        .unwrap();
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> &Self {
        std::fs::write(self.path(name), text).unwrap();
        self
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// trueup in this folder, without anything of the environment that could reach a real account. `TRUEUP_BINARY` names
    /// another one than today's: see `tests/before`.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let today = || env!("CARGO_BIN_EXE_trueup").into();
        let mut command = Command::new(std::env::var_os("TRUEUP_BINARY").unwrap_or_else(today));
        command
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        Ended::of(self.command(args).output().unwrap())
    }

    /// The same on this folder's simulated account, with its exchanges logged.
    pub(crate) fn sandbox_command(&self, args: &[&str]) -> Command {
        let mut command = self.command(args);
        command
            .arg(format!("--sandbox={STATE}"))
            .args(["--log-exchanges", "exchanges.jsonl"]);
        command
    }

    pub(crate) fn sandbox(&self, args: &[&str]) -> Ended {
        let before = self.logged("exchanges.jsonl").len();
        let ended = Ended::of(self.sandbox_command(args).output().unwrap());
        if [0, 2, 3].contains(&ended.code) {
            self.exchanged.set(true);
        }
        let made = calls(&self.logged("exchanges.jsonl")[before..]);
        crate::permissions::hold(self.folder.path(), args, &made);
        ended
    }

    /// A log of exchanges; nothing if there is none.
    fn logged(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// The calls that were forgotten, as `service:Operation`.
    pub(crate) fn forgotten_calls(&self) -> BTreeSet<String> {
        calls(&self.logged("judged.jsonl"))
    }

    /// The same at a terminal of 80 columns, where a person waits for each text and then types the keys behind it.
    /// Everything that the terminal shows is the result.
    pub(crate) fn at_terminal(&self, args: &[&str], typed: &[(&str, &str)]) -> Ended {
        let trueup = self.sandbox_command(args);
        let python = Command::new("python3")
            .arg("-B")
            .arg(Path::new(ROOT).join("tests/python/terminal.py"))
            .arg(serde_json::to_string(typed).unwrap())
            .arg(trueup.get_program())
            .args(trueup.get_args())
            .current_dir(self.folder.path())
            .env_clear()
            .envs(trueup.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .output();
        Ended::of(python.unwrap())
    }

    /// Makes this folder's simulated account anew.
    pub(crate) fn world(&self, world: &str) -> &Self {
        self.write("world.toml", world);
        self.run(&["sandbox", "reset", "--state", STATE, "--world", "world.toml"])
            .expect(0);
        self
    }

    /// The exchanges since the last time that they were forgotten.
    pub(crate) fn exchanges(&self) -> Vec<Value> {
        std::fs::read_to_string(self.path("exchanges.jsonl"))
            .unwrap_or_default()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    pub(crate) fn forget_exchanges(&self) {
        if self.path("exchanges.jsonl").exists() {
            let mut kept = std::fs::read_to_string(self.path("judged.jsonl")).unwrap_or_default();
            kept.push_str(&self.read("exchanges.jsonl"));
            self.write("judged.jsonl", &kept);
            std::fs::remove_file(self.path("exchanges.jsonl")).unwrap();
        }
    }

    /// The calls that were no reads, as `region service:Operation`, since the exchanges were forgotten.
    pub(crate) fn writes(&self) -> Vec<String> {
        // Nothing else of an exchange is read: a log of a whole run has megabytes.
        #[derive(Deserialize)]
        struct Called {
            region: String,
            service: String,
            operation: String,
        }
        let reads = [
            "BatchGet",
            "Get",
            "Head",
            "List",
            "Describe",
            "GenerateCredentialReport",
        ];
        std::fs::read_to_string(self.path("exchanges.jsonl"))
            .unwrap_or_default()
            .lines()
            .map(|line| serde_json::from_str::<Called>(line).unwrap())
            .filter(|called| !reads.iter().any(|read| called.operation.starts_with(read)))
            .map(|called| format!("{} {}:{}", called.region, called.service, called.operation))
            .collect()
    }
}

/// The calls of a log of exchanges, as `service:Operation`, but for requests that name none.
fn calls(log: &str) -> BTreeSet<String> {
    // Nothing else of an exchange is read: a log of a whole run has megabytes.
    #[derive(Deserialize)]
    struct Called {
        service: String,
        operation: String,
    }
    log.lines()
        .map(|line| serde_json::from_str::<Called>(line).unwrap())
        .filter(|called| !called.operation.is_empty())
        .map(|called| format!("{}:{}", called.service, called.operation))
        .collect()
}

/// Tries the independent cases of a test side by side, a few at a time: often a case waits, as trueup does for AWS.
/// The test fails where a case does.
pub(crate) fn side_by_side<T: Send>(cases: impl IntoIterator<Item = T>, test: impl Fn(T) + Sync) {
    const AT_ONCE: usize = 4;
    let left: Mutex<Vec<T>> = Mutex::new(cases.into_iter().collect());
    let work = || {
        loop {
            // In a statement of its own, which gives the lock back.
            let case = left.lock().unwrap().pop();
            let Some(case) = case else { break };
            test(case);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
}

impl Drop for Folder {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        self.forget_exchanges();
        let log = self.path("judged.jsonl");
        if self.exchanged.get() || log.exists() {
            crate::python::judge(&log);
        }
    }
}
