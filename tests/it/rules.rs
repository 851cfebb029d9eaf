//! Rules about the code itself that no compiler knows.

use std::path::{Path, PathBuf};

use crate::folder::ROOT;

/// Every Rust file of a module: `src/NAME.rs` and what is under `src/NAME`.
fn files(module: &str) -> Vec<PathBuf> {
    let src = Path::new(ROOT).join("src");
    let mut found = vec![src.join(module).with_extension("rs")];
    let mut folders = vec![src.join(module)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.retain(|path| path.exists());
    found
}

#[test]
fn what_decides_and_what_prints_knows_nothing_of_the_sdk() {
    for module in [
        "baseline", "document", "execute", "export", "init", "plan", "report", "saved", "schema",
    ] {
        let files = files(module);
        assert!(!files.is_empty(), "{module}");
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            let culprit = text
                .lines()
                .find(|line| line.contains("aws_sdk") || line.contains("aws_smithy"));
            assert_eq!(culprit, None, "{}", file.display());
        }
    }
}

#[test]
fn planning_does_no_input_and_no_output() {
    for module in ["document", "plan"] {
        for file in files(module) {
            let text = std::fs::read_to_string(&file).unwrap();
            for word in ["std::fs", "std::net", "tokio::", ".await", "std::env"] {
                assert!(!text.contains(word), "{word} in {}", file.display());
            }
        }
    }
}

#[test]
fn every_file_can_be_read_in_one_sitting() {
    for module in ["aws", "baseline", "cli", "controls", "plan", "report", "sandbox"] {
        for file in files(module) {
            let lines = std::fs::read_to_string(&file).unwrap().lines().count();
            assert!(lines <= 700, "{} has {lines} lines", file.display());
        }
    }
}
