//! Files that are read and written: which may be, and what is shown of them.

use crate::folder::{Folder, TWO};

#[test]
fn a_file_of_another_kind_is_not_replaced_and_nothing_is_read_before() {
    let folder = Folder::new();
    folder.write("a.toml", TWO).write("notes.md", "Buy milk.\n");
    for (command, kind) in [
        (&["plan", "a.toml", "--out"][..], "a saved plan"),
        (&["export", "--out"][..], "a baseline"),
    ] {
        folder
            .sandbox(&[command, &["notes.md"]].concat())
            .expect(1)
            .complains(&format!(
                "cannot write notes.md: the file exists and is not {kind}; name another file, or remove this one"
            ));
    }
    assert!(folder.exchanges().is_empty());
    assert_eq!(folder.read("notes.md"), "Buy milk.\n");
}

#[test]
fn a_file_of_the_same_kind_is_replaced() {
    let folder = Folder::new();
    folder.write(
        "a.toml",
        &format!("{TWO}[password_policy]\nminimum_length = 14\n"),
    );
    for _ in 0..2 {
        folder
            .sandbox(&["plan", "a.toml", "--out", "plan.json"])
            .expect(0);
        folder
            .sandbox(&["export", "--only", "account", "--out", "now.toml"])
            .expect(0);
    }
    folder.sandbox(&["plan", "a.toml", "--out", "now.toml"]).expect(1);
    folder.sandbox(&["export", "--out", "plan.json"]).expect(1);
}

#[test]
fn a_device_is_no_state_and_no_world() {
    let folder = Folder::new();
    folder.write("a.toml", TWO);
    folder
        .run(&["plan", "a.toml", "--sandbox=/dev/full"])
        .expect(1)
        .complains("/dev/full")
        .complains("it is not a regular file");
    folder
        .run(&["sandbox", "reset", "--state", "s.json", "--world", "/dev/zero"])
        .expect(1)
        .complains("it is not a regular file");
}

#[test]
fn secrets_beside_a_baseline_are_not_shown() {
    let folder = Folder::new();
    folder
        .write("a.toml", "extends = [\"./.env\"]\n")
        .write(".env", "# Ours.\nDATABASE_PASSWORD=s3cret\n");
    let ended = folder
        .run(&["validate", "a.toml"])
        .expect(1)
        .complains("cannot extend ./.env: it is not a baseline (line 2 is not TOML)");
    assert!(!ended.stderr.contains("s3cret") && !ended.stderr.contains("DATABASE"));
}
