//! What fails, moves or is interrupted under a running apply: nothing is left unsaid, and the next run ends it.

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::folder::{Ended, Folder, STATE, side_by_side};
use crate::python;

const ONE_REGION: &str = "[account]\nregions = [\"us-east-1\"]\n";
const ABSENT: &str = "[password_policy]\nminimum_length = 14\n[ebs_encryption]\nenabled = true\n\
    [default_vpc]\nstate = \"absent\"\n[guardduty]\nenabled = true\n[guardduty.features]\ns3_data_events = true\n";
const PRESENT: &str = "[default_vpc]\nstate = \"present\"\n";
const NO_GATEWAY: &str = "[[default_vpc]]\nregion = \"us-east-1\"\noccupants = [\"no_internet_gateway\"]\n";

fn folder(world: &str, tables: &str) -> Folder {
    let folder = Folder::new();
    folder.world(world);
    folder.write("b.toml", &format!("{ONE_REGION}{tables}"));
    folder
}

const APPLY: [&str; 5] = ["apply", "b.toml", "--auto-approve", "--allow", "all"];

fn apply(folder: &Folder) -> Ended {
    folder.sandbox(&APPLY)
}

/// Lets SIGHUP end a process, as a shell does: where these tests outlive their terminal, it is ignored, and a child would
/// inherit that.
const HEARS_HUP: [&str; 3] = [
    "python3",
    "-c",
    "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])",
];

fn spawn(folder: &Folder, args: &[&str]) -> Child {
    spawn_by(&HEARS_HUP, folder, args)
}

/// Starts the command by another one, which becomes it.
fn spawn_by(starter: &[&str], folder: &Folder, args: &[&str]) -> Child {
    let trueup = folder.sandbox_command(args);
    Command::new(starter[0])
        .args(&starter[1..])
        .arg(trueup.get_program())
        .args(trueup.get_args())
        .current_dir(folder.path(""))
        .env_clear()
        .envs(trueup.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until the exchange log has so many lines with this text.
fn wait_for(folder: &Folder, text: &str, times: usize) {
    let begun = Instant::now();
    let seen = || {
        let log = std::fs::read_to_string(folder.path("exchanges.jsonl")).unwrap_or_default();
        log.lines().filter(|line| line.contains(text)).count()
    };
    while seen() < times {
        assert!(begun.elapsed() < Duration::from_secs(30), "no {times} × {text}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn send(signal: &str, child: &Child) {
    let status = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(status.unwrap().success());
}

fn end(child: Child) -> Ended {
    Ended::of(child.wait_with_output().unwrap())
}

/// Every write that making this world true takes.
fn writes_of(world: &str, tables: &str) -> BTreeSet<String> {
    let folder = folder(world, tables);
    apply(&folder).expect(0);
    let calls = folder.writes();
    calls
        .iter()
        .map(|write| write.split_once(' ').unwrap().1.to_owned())
        .collect()
}

#[test]
fn every_write_may_fail_once_and_running_again_ends_it() {
    for (world, tables) in [("", ABSENT), (NO_GATEWAY, PRESENT)] {
        let calls = writes_of(world, tables);
        assert!(calls.len() > 2, "{calls:?}");
        let kinds = [
            ("kind = \"throttle\"", true),
            ("kind = \"reset\"", false),
            ("kind = \"reset\"\ncarried_out = true", false),
            (
                "kind = \"error\"\ncode = \"UnauthorizedOperation\"\nstatus = 403",
                false,
            ),
        ];
        side_by_side(kinds, |(kind, ends_at_once)| {
            let faults: String = calls
                .iter()
                .map(|call| format!("[[fault]]\ncall = \"{call}\"\nnth = 1\n{kind}\n"))
                .collect();
            let folder = folder(&format!("{world}{faults}"), tables);
            let mut code = apply(&folder).code;
            assert!(!ends_at_once || code == 0, "{kind}: {code}");
            for _ in 0..calls.len() {
                if code == 0 {
                    break;
                }
                assert_eq!(code, 3, "{kind}");
                code = apply(&folder).code;
            }
            assert_eq!(code, 0, "{kind}");
            folder.forget_exchanges();
            apply(&folder).expect(0).says("No changes.");
            assert_eq!(folder.writes(), Vec::<String>::new(), "{kind}");
        });
    }
}

#[test]
fn an_internet_gateway_whose_answer_was_lost_is_not_made_twice_by_itself() {
    let lost =
        "[[fault]]\ncall = \"ec2:CreateInternetGateway\"\nnth = 1\nkind = \"reset\"\ncarried_out = true\n";
    let folder = folder(&format!("{NO_GATEWAY}{lost}"), PRESENT);
    apply(&folder)
        .expect(3)
        .says("ec2:CreateInternetGateway")
        .says("look for one");
    let creates = |folder: &Folder| {
        let writes = folder.writes();
        writes
            .iter()
            .filter(|write| write.contains("CreateInternetGateway"))
            .count()
    };
    assert_eq!(creates(&folder), 1);
    let throttled = "[[fault]]\ncall = \"ec2:CreateInternetGateway\"\nnth = 1\nkind = \"throttle\"\n";
    let folder = self::folder(&format!("{NO_GATEWAY}{throttled}"), PRESENT);
    apply(&folder).expect(0);
    assert_eq!(creates(&folder), 2);
}

#[test]
fn an_apply_interrupted_anywhere_leaves_what_the_next_one_ends() {
    std::thread::scope(|scope| {
        for (call, times, signal) in [
            ("EnableEbsEncryptionByDefault", 1, "-TERM"),
            ("DeleteSubnet", 1, "-INT"),
            ("DeleteSubnet", 5, "-HUP"),
            ("DetachInternetGateway", 1, "-INT"),
            ("DeleteInternetGateway", 1, "-TERM"),
            ("CreateDetector", 1, "-INT"),
        ] {
            scope.spawn(move || {
                let folder = folder("[latency]\ndefault_ms = 40\n", ABSENT);
                let child = spawn(&folder, &[&APPLY[..], &["--parallelism", "2"]].concat());
                wait_for(&folder, &format!("\"operation\":\"{call}\""), times);
                send(signal, &child);
                let ended = end(child).expect(130);
                assert!(!ended.stdout.contains("unknown"), "{}", ended.stdout);
                apply(&folder).expect(0).says("The account is true to b.toml");
                folder.forget_exchanges();
                apply(&folder).expect(0);
                assert_eq!(folder.writes(), Vec::<String>::new());
            });
        }
    });
}

#[test]
fn a_signal_ends_the_reading_at_once_and_nothing_is_written() {
    for signal in ["-INT", "-TERM", "-HUP"] {
        let folder = folder(
            "[[fault]]\ncall = \"ec2:DescribeVpcs\"\nkind = \"hang\"\n",
            ABSENT,
        );
        let child = spawn(&folder, &APPLY);
        wait_for(&folder, "DescribeVpcs", 1);
        send(signal, &child);
        end(child).expect(130).complains("nothing was written");
        assert_eq!(folder.writes(), Vec::<String>::new());
    }
}

#[test]
fn a_run_that_is_to_outlive_its_terminal_does_so() {
    let folder = folder(
        "[latency]\ndefault_ms = 40\n",
        "[ebs_encryption]\nenabled = true\n",
    );
    let ignores_hup = ["sh", "-c", "trap '' HUP; exec \"$0\" \"$@\""];
    let child = spawn_by(&ignores_hup, &folder, &APPLY);
    wait_for(&folder, "GetEbsEncryptionByDefault", 1);
    send("-HUP", &child);
    end(child).expect(0).says("The account is true to b.toml");
}

#[test]
fn a_second_signal_abandons_what_hangs_and_says_which_step_is_unknown() {
    let hang = "[[fault]]\ncall = \"ec2:DeleteSubnet\"\nkind = \"hang\"\n";
    let folder = folder(hang, "[default_vpc]\nstate = \"absent\"\n");
    let child = spawn(&folder, &[&APPLY[..], &["--parallelism", "1"]].concat());
    wait_for(&folder, "DeleteSubnet", 1);
    send("-INT", &child);
    std::thread::sleep(Duration::from_millis(200));
    let begun = Instant::now();
    send("-INT", &child);
    end(child)
        .expect(130)
        .says("1 unknown, 8 not started")
        .says("was not read again");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_signal_during_the_last_reading_reports_what_was_done() {
    // Read to plan, read before the write, and then the reading that hangs.
    let hang = "[[fault]]\ncall = \"ec2:GetEbsEncryptionByDefault\"\nnth = 3\nkind = \"hang\"\n";
    let folder = folder(hang, "[ebs_encryption]\nenabled = true\n");
    let child = spawn(&folder, &APPLY);
    wait_for(&folder, "\"operation\":\"GetEbsEncryptionByDefault\"", 3);
    send("-TERM", &child);
    end(child)
        .expect(130)
        .says("Applied: 1 done.")
        .says("was not read again");
}

#[test]
fn a_last_reading_that_fails_is_part_of_the_report() {
    let fault =
        "[[fault]]\ncall = \"ec2:GetEbsEncryptionByDefault\"\nnth = 3\nkind = \"error\"\ncode = \"Boom\"\n";
    let folder = folder(fault, "[ebs_encryption]\nenabled = true\n");
    apply(&folder).expect(3).says("Applied: 1 done.").says("Boom");
}

/// Starts trueup with a terminal to ask on, waits for the question, sends a signal and tells how it ended.
const ASKED: &str = r#"
import os, pty, subprocess, sys
terminal, theirs = pty.openpty()
child = subprocess.Popen(sys.argv[1:], stdin=theirs, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
said = b""
while b"Type yes" not in said:
    more = os.read(child.stderr.fileno(), 4096)
    assert more, said
    said += more
child.send_signal(2)
try:
    _, rest = child.communicate(timeout=10)
except subprocess.TimeoutExpired:
    child.kill()
    sys.exit("the question outlives the signal")
sys.stdout.buffer.write(rest)
sys.exit(child.returncode)
"#;

#[test]
fn a_signal_ends_the_question() {
    let folder = folder("", ABSENT);
    let trueup = folder.sandbox_command(&["apply", "b.toml"]);
    let mut python = Command::new("python3");
    python
        .args(["-c", ASKED])
        .arg(trueup.get_program())
        .args(trueup.get_args())
        .current_dir(folder.path(""))
        .env_clear()
        .envs(trueup.get_envs().filter_map(|(key, value)| Some((key, value?))));
    let output = python.output().expect("python3 is there");
    Ended::of(output).expect(130).says("nothing was written");
    assert_eq!(folder.writes(), Vec::<String>::new());
}

#[test]
fn what_somebody_changed_since_the_plan_is_not_undone_by_a_step_that_is_safe() {
    // While eu-west-1 is slow to answer, somebody sets another key of the policy that is already read.
    let folder = folder("[latency]\n\"eu-west-1\" = 2000\n", "");
    folder.write(
        "b.toml",
        "[account]\nregions = [\"eu-west-1\"]\n[password_policy]\nminimum_length = 14\n[ebs_encryption]\nenabled = true\n",
    );
    folder.write(
        "hand.toml",
        "[password_policy]\nrequire_symbols = true\nreuse_prevention = 5\n",
    );
    let child = spawn(&folder, &APPLY);
    wait_for(&folder, "GetAccountPasswordPolicy", 1);
    let by_hand = [
        "apply",
        "hand.toml",
        "--auto-approve",
        "--before",
        "hand.before.toml",
    ];
    // Two runs share the log, so that what each of them calls cannot be told.
    end(spawn(&folder, &by_hand)).expect(0);
    end(child)
        .expect(3)
        .says("it changed since it was planned")
        .says("Applied: 1 done, 1 blocked.");
    folder
        .sandbox(&["export", "--only", "password_policy"])
        .expect(0)
        .says("reuse_prevention = 5");
    apply(&folder).expect(0);
}

#[test]
fn no_option_writes_over_what_the_command_reads() {
    let folder = folder("", ABSENT);
    folder
        .sandbox(&["plan", "b.toml", "--out", "plan.json"])
        .expect(0);
    let kept = ["b.toml", "plan.json", STATE].map(|name| folder.read(name));
    for name in ["b.toml", "./plan.json", STATE] {
        folder
            .sandbox(&[&APPLY[..], &["--plan", "plan.json", "--before", name]].concat())
            .expect(1)
            .complains("--before would write over");
    }
    for name in ["b.toml", STATE] {
        folder
            .sandbox(&["plan", "b.toml", "--out", name])
            .expect(1)
            .complains("--out would write over");
    }
    folder
        .sandbox(&[&APPLY[..], &["--before", "."]].concat())
        .expect(1)
        .complains("cannot write");
    assert_eq!(["b.toml", "plan.json", STATE].map(|name| folder.read(name)), kept);
    assert_eq!(folder.writes(), Vec::<String>::new());
}

#[test]
fn what_another_account_administers_is_never_written() {
    let folder = folder(
        "guardduty_administrator = \"210987654321\"\n[[detector]]\nregion = \"us-east-1\"\nenabled = false\n",
        "[guardduty]\nenabled = true\n",
    );
    apply(&folder).expect(0).says("210987654321");
    assert_eq!(folder.writes(), Vec::<String>::new());
}

#[test]
fn the_services_that_a_region_lacks_are_those_without_an_endpoint_in_botocores_data() {
    let home = tempfile::tempdir().unwrap();
    let lacking: serde_json::Value =
        serde_json::from_str(&python::succeed(&python::module("endpoints", home.path()))).unwrap();
    let known = trueup::aws::known_regions(None);
    let known: Vec<&str> = known.iter().map(|region| region.as_str()).collect();
    assert_eq!(serde_json::json!(known), lacking["regions"]);
    let lacking = lacking["lacking"].as_object().unwrap();
    assert!(lacking.len() > 700, "only {} were compared", lacking.len());
    for (of, is_lacking) in lacking {
        let (service, region) = of.split_once(' ').unwrap();
        assert_eq!(
            trueup::aws::is_lacking(service, region),
            is_lacking.as_bool().unwrap(),
            "{of}"
        );
    }
}
