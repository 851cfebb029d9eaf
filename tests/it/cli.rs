//! The command line: what bad input gets, and which exit code.

use trueup::core::registry::{Entry, Name};

use crate::folder::{Ended, Folder};
use crate::sandbox::{FEW, with_regions};

/// Runs `plan` on a file with this text: it must fail with 1, name the file, and make no call.
#[track_caller]
fn refused(text: &str, says: &[&str]) {
    let folder = Folder::new();
    folder.write("b.toml", text);
    for command in ["validate", "plan", "apply"] {
        let ended = match command {
            "validate" => folder.run(&["validate", "b.toml"]),
            "apply" => folder.sandbox(&["apply", "b.toml", "--auto-approve", "--allow", "all"]),
            _ => folder.sandbox(&["plan", "b.toml"]),
        };
        assert_eq!(ended.code, 1, "{command}: {}\n{}", ended.stdout, ended.stderr);
        assert_eq!(ended.stdout, "", "{command}");
        for text in says {
            assert!(
                ended.stderr.contains(text),
                "{command}: no `{text}` in\n{}",
                ended.stderr
            );
        }
    }
    assert!(
        folder.exchanges().is_empty(),
        "a file with mistakes reaches no account"
    );
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_key() {
    refused(
        "[password_policy]\nminimum_lenght = 14\n",
        &["b.toml:2:1", "minimum_lenght", "minimum_length"],
    );
}

#[test]
fn an_unknown_table_is_named_with_the_nearest_control() {
    refused(
        "[guarduty]\nenabled = true\n",
        &["b.toml:1:", "guarduty", "guardduty"],
    );
}

#[test]
fn a_wrong_type_says_what_was_expected() {
    refused(
        "[ebs_encryption]\nenabled = \"yes\"\n",
        &["b.toml:2:11", "expected true or false"],
    );
}

#[test]
fn a_wrong_account_id_says_its_form() {
    refused("[account]\nid = \"12345\"\n", &["b.toml:2:6", "12 digits"]);
    refused(
        "[account]\nid = 123456789012\n",
        &["b.toml:2:6", "\"123456789012\""],
    );
}

#[test]
fn a_bad_region_says_its_form() {
    refused(
        "[account]\nregions = [\"Ireland\"]\n",
        &["b.toml:2:", "Ireland", "eu-west-1"],
    );
}

#[test]
fn broken_toml_names_the_place() {
    refused("[ebs_encryption]\nenabled = \n", &["b.toml:2:"]);
}

#[test]
fn all_mistakes_come_at_once() {
    refused(
        "[ebs_encryption]\nenabled = 1\n[password_policy]\nminimum_length = 3\n[nonsense]\n",
        &["b.toml:2:", "b.toml:4:", "b.toml:5:"],
    );
}

#[test]
fn a_region_that_does_not_exist_is_found_when_the_account_is_asked() {
    let folder = Folder::new();
    folder.write(
        "b.toml",
        "[account]\nregions = [\"eu-west-1\", \"eu-west-9\"]\n[ebs_encryption]\nenabled = true\n",
    );
    folder
        .sandbox(&["plan", "b.toml"])
        .expect(1)
        .complains("b.toml:2:")
        .complains("eu-west-9");
}

#[test]
fn a_home_region_that_is_not_enabled_is_named() {
    let folder = Folder::new();
    folder.write(
        "b.toml",
        "[account]\nhome_region = \"af-south-1\"\n[ebs_encryption]\nenabled = true\n",
    );
    folder
        .sandbox(&["plan", "b.toml"])
        .expect(1)
        .complains("af-south-1 is not enabled");
}

#[test]
fn a_missing_file_is_named() {
    let folder = Folder::new();
    for args in [&["plan"][..], &["validate"], &["apply"]] {
        folder.run(args).expect(1).complains("baseline.toml");
    }
    folder
        .run(&["show", "plan.json"])
        .expect(1)
        .complains("plan.json");
}

#[test]
fn a_parent_file_s_mistake_is_shown_where_it_is() {
    let folder = Folder::new();
    folder.write("parent.toml", "[password_policy]\n\nminimum_length = 500\n");
    folder.write(
        "b.toml",
        "extends = [\"parent.toml\"]\n[password_policy]\nrequire_numbers = true\n",
    );
    folder
        .run(&["validate", "b.toml"])
        .expect(1)
        .complains("parent.toml:3:")
        .complains("6 to 128");
}

#[test]
fn wrong_usage_is_64() {
    let folder = Folder::new();
    for args in [
        &["plan", "--nonsense"][..],
        &["plan", "--only", "guarduty"],
        &["plan", "--region", "Ireland"],
        &["plan", "--parallelism", "0"],
        &["plan", "--account-id", "1"],
        &["plan", "--fail-on", "nonsense"],
        &["apply", "--allow", "nonsense"],
        &["nonsense"],
        &[],
    ] {
        let ended = folder.run(args);
        assert_eq!(ended.code, 64, "{args:?}: {}", ended.stderr);
        assert_eq!(ended.stdout, "", "{args:?}");
    }
    folder
        .run(&["plan", "--only", "guarduty"])
        .complains("did you mean `guardduty`?");
}

#[test]
fn help_and_version_are_results() {
    let folder = Folder::new();
    folder.run(&["--help"]).expect(0).says("Usage: trueup");
    folder.run(&["--version"]).expect(0).says("trueup ");
    folder.run(&["apply", "--help"]).expect(0).says("--auto-approve");
}

#[test]
fn without_credentials_the_error_says_what_to_do() {
    let folder = Folder::new();
    folder.write("b.toml", "[ebs_encryption]\nenabled = true\n");
    folder.run(&["plan", "b.toml"]).expect(1).complains("aws login");
}

#[test]
fn a_profile_that_does_not_exist_is_named() {
    let folder = Folder::new();
    folder.write("b.toml", "[ebs_encryption]\nenabled = true\n");
    folder
        .run(&["plan", "b.toml", "--profile", "nobody"])
        .expect(1)
        .complains("nobody");
}

#[test]
fn init_writes_a_baseline_that_validates_and_never_replaces_one() {
    let folder = Folder::new();
    folder
        .sandbox(&["init"])
        .expect(0)
        .complains("trueup plan baseline.toml");
    let text = folder.read("baseline.toml");
    assert!(text.contains("id = \"123456789012\""), "{text}");
    folder.run(&["validate"]).expect(0);
    folder.sandbox(&["plan"]).expect(0);
    folder.sandbox(&["init"]).expect(1).complains("--force");
    assert_eq!(folder.read("baseline.toml"), text);
}

#[test]
fn every_control_has_a_page_and_a_line_in_the_list() {
    let folder = Folder::new();
    let list = folder.run(&["controls"]).expect(0).stdout;
    for Entry { name, control } in trueup::controls::controls().iter() {
        assert!(list.contains(name.as_str()), "{name} is not in\n{list}");
        let page = folder.run(&["controls", name.as_str()]).expect(0).stdout;
        for text in [control.doc().title, control.doc().page].iter().chain(
            control
                .calls()
                .read
                .iter()
                .filter(|call| call.starts_with("ec2:Describe")),
        ) {
            assert!(page.contains(text), "no `{text}` in\n{page}");
        }
    }
    folder.run(&["controls", "nonsense"]).expect(64);
}

#[test]
fn the_schema_is_json_and_knows_every_control() {
    let schema: serde_json::Value =
        serde_json::from_str(&Folder::new().run(&["schema"]).expect(0).stdout).unwrap();
    for name in trueup::controls::controls().names() {
        assert!(schema["properties"][name.as_str()].is_object(), "{name}");
    }
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        Folder::new()
            .run(&["completions", shell])
            .expect(0)
            .says("trueup");
    }
}

#[test]
fn completions_know_the_words_that_an_argument_takes() {
    let script = Folder::new().run(&["completions", "zsh"]).expect(0).stdout;
    let controls = trueup::controls::controls();
    let names: Vec<&str> = controls.names().map(Name::as_str).collect();
    let names = names.join(" ");
    for text in [
        &format!("CONTROL:({names}"),
        &format!("one, all are listed:({names}"),
        &format!("({names} all)"),
        ":(in-sync change",
        "--world=[How the account differs from a new one]:FILE:_files",
    ] {
        assert!(script.contains(text), "no `{text}` in\n{script}");
    }
}

#[test]
fn ctrl_c_at_the_prompt_ends_the_run_and_nothing_is_written() {
    let folder = Folder::with_checklist();
    folder
        .at_terminal(&["apply", "checklist.toml"], &[("Type yes: ", "\u{3}")])
        .expect(130)
        .says("Interrupted; nothing was written to the account.");
    folder
        .at_terminal(
            &["apply", "checklist.toml"],
            &[("Type yes: ", "yes\n"), ("Enter to leave it out: ", "\u{3}")],
        )
        .expect(130)
        .says("Interrupted; nothing was written to the account.");
    assert_eq!(folder.writes(), Vec::<String>::new());
}

#[test]
fn what_is_answered_at_the_prompt_is_done() {
    let folder = Folder::with_checklist();
    with_regions(&folder, &FEW);
    folder
        .at_terminal(&["apply", "checklist.toml"], &[("Type yes: ", "no\n")])
        .expect(1)
        .says("Not applied; nothing was written.");
    assert_eq!(folder.writes(), Vec::<String>::new());
    folder
        .at_terminal(
            &["apply", "checklist.toml"],
            &[("Type yes: ", "yes\n"), ("Enter to leave it out: ", "\n")],
        )
        .expect(3)
        .says("run them with --allow default_vpc");
    folder
        .at_terminal(
            &["apply", "checklist.toml"],
            &[
                ("Type yes: ", "yes\n"),
                ("Enter to leave it out: ", "default_vpc\n"),
            ],
        )
        .expect(0)
        .says("The account is true to checklist.toml");
}

#[test]
fn a_report_that_is_lost_after_writing_is_not_told_as_a_failure_before_it() {
    const LIMIT: usize = 1 << 20;
    let folder = Folder::with_checklist();
    let apply = [
        "apply",
        "checklist.toml",
        "--sandbox=state.json",
        "--auto-approve",
    ];
    let plan = folder.sandbox(&["plan", "checklist.toml"]).expect(0).stdout;
    // A disk with room for the plan, which comes first, and not for the report.
    folder.write("output", &"x".repeat(LIMIT - plan.len() - 1));
    let trueup = folder.command(&[]);
    let mut limited = std::process::Command::new("bash");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 1024; exec \"$0\" \"$@\" >>output"])
        .arg(trueup.get_program())
        .args(apply)
        .current_dir(folder.path("."))
        .env("HOME", folder.path("."));
    Ended::of(limited.output().unwrap())
        .expect(3)
        .complains("the result cannot be written");
    assert_eq!(folder.read("output").len(), LIMIT);
    // What could run without consent did run.
    folder
        .sandbox(&[
            "plan",
            "checklist.toml",
            "--only",
            "ebs_encryption",
            "--detailed-exitcode",
        ])
        .expect(0);
}

#[test]
fn a_slip_of_the_hand_replaces_no_other_file() {
    let folder = Folder::with_checklist();
    let baseline = folder.read("checklist.toml");
    folder
        .sandbox(&["plan", "checklist.toml", "--out", "./checklist.toml"])
        .expect(1)
        .complains("would write over the baseline");
    folder
        .run(&["sandbox", "reset", "--state", "checklist.toml"])
        .expect(1)
        .complains("not a sandbox state");
    assert_eq!(folder.read("checklist.toml"), baseline);
}

#[test]
fn the_next_command_is_printed_whole() {
    let folder = Folder::with_checklist();
    folder
        .sandbox(&[
            "plan",
            "checklist.toml",
            "--out",
            "my plan.json",
            "--only",
            "guardduty",
        ])
        .expect(0)
        .complains(
            "trueup apply checklist.toml --plan 'my plan.json' --only guardduty --sandbox=state.json\n",
        );
    folder
        .sandbox(&[
            "apply",
            "checklist.toml",
            "--plan",
            "my plan.json",
            "--only",
            "guardduty",
            "--auto-approve",
        ])
        .expect(0);
    let discarded = folder
        .sandbox(&["plan", "checklist.toml", "--out", "/dev/null"])
        .expect(0);
    assert!(!discarded.stderr.contains("--plan"), "{}", discarded.stderr);
    folder
        .sandbox(&["init"])
        .expect(0)
        .complains("trueup plan baseline.toml --sandbox=state.json\n");
}

#[test]
fn what_is_no_baseline_at_all_is_told_at_once() {
    let folder = Folder::new();
    folder
        .run(&["validate", "/dev/zero"])
        .expect(1)
        .complains("cannot read /dev/zero: it is not a regular file");
    let many: String = (0..3000).map(|number| format!("[t{number}]\n")).collect();
    folder.write("b.toml", &many);
    folder
        .run(&["validate", "b.toml"])
        .expect(1)
        .complains("b.toml:100:2")
        .complains("… and 2900 more\n");
}

#[test]
fn a_saved_plan_that_is_none_is_told_before_anything_is_read() {
    let folder = Folder::with_checklist();
    folder
        .sandbox(&["apply", "checklist.toml", "--plan", "plan.json", "--auto-approve"])
        .expect(1)
        .complains("plan.json");
    assert!(folder.exchanges().is_empty());
}

#[test]
fn a_folder_that_does_not_exist_is_named() {
    let folder = Folder::with_checklist();
    folder
        .sandbox(&["plan", "checklist.toml", "--out", "plans/p.json"])
        .expect(1)
        .complains("cannot write plans/p.json: there is no folder plans\n");
}

#[test]
fn a_choice_that_leaves_nothing_says_which_option_did_it() {
    let folder = Folder::with_checklist();
    let both = [
        "plan",
        "checklist.toml",
        "--only",
        "guardduty",
        "--exclude",
        "guardduty",
    ];
    folder
        .sandbox(&both)
        .expect(1)
        .complains("--exclude leaves out all that --only picks");
}

#[test]
fn help_that_cannot_be_printed_is_a_failure() {
    let folder = Folder::new();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let ended = folder.command(&["--help"]).stdout(full).status().unwrap();
    assert_eq!(ended.code(), Some(1));
}

#[test]
fn a_wrong_state_of_the_default_vpc_is_told_what_one_may_write() {
    refused(
        "[default_vpc]\nstate = \"gone\"\n",
        &["b.toml:2:9", "expected \"present\" or \"absent\"\n"],
    );
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let folder = Folder::with_checklist();
    let line = format!(
        "'{}' plan checklist.toml --sandbox=state.json --json | head -c 10; echo ${{PIPESTATUS[0]}} >&2",
        env!("CARGO_BIN_EXE_trueup")
    );
    let output = std::process::Command::new("bash")
        .args(["-c", &line])
        .current_dir(folder.path("."))
        .env("HOME", folder.path("."))
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        !stderr.contains("panic") && !stderr.contains("Broken pipe"),
        "{stderr}"
    );
}

#[test]
fn colours_are_for_terminals_alone() {
    let folder = Folder::with_checklist();
    let ended = folder.sandbox(&["plan", "checklist.toml"]).expect(0);
    assert!(!ended.stdout.contains('\u{1b}') && !ended.stderr.contains('\u{1b}'));
}

#[test]
fn a_saved_plan_is_for_its_owner_s_eyes() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::with_checklist();
    folder
        .sandbox(&["plan", "checklist.toml", "--out", "plan.json"])
        .expect(0);
    let mode = std::fs::metadata(folder.path("plan.json"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let json = folder
        .sandbox(&["plan", "checklist.toml", "--json"])
        .expect(0)
        .stdout;
    assert_eq!(json, folder.read("plan.json"));
    let shown = folder.run(&["show", "plan.json"]).expect(0).stdout;
    assert!(shown.contains("Plan: "), "{shown}");
}

#[test]
fn the_sandbox_listens_to_other_machines_only_when_told() {
    let folder = Folder::new();
    folder
        .run(&["sandbox", "serve", "--listen", "0.0.0.0:0"])
        .expect(1)
        .complains("--allow-remote");
}

#[test]
fn a_damaged_state_or_world_is_refused_and_kept() {
    let folder = Folder::new();
    folder.write("state.json", "{\"half\": ");
    folder.sandbox(&["export"]).expect(1).complains("state.json");
    assert_eq!(folder.read("state.json"), "{\"half\": ");
    folder.write("world.toml", "nonsense = 1\n");
    folder
        .run(&[
            "sandbox",
            "reset",
            "--state",
            "other.json",
            "--world",
            "world.toml",
        ])
        .expect(1)
        .complains("world.toml")
        .complains("nonsense");
}
