//! Rules about the code itself that no compiler knows.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::folder::ROOT;

/// The dependencies in a crate's manifest, those of its tests among them if asked for.
fn dependencies(folder: &str, with_tests: bool) -> BTreeSet<String> {
    let path = Path::new(ROOT).join(folder).join("Cargo.toml");
    let manifest: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let tables: &[&str] = match with_tests {
        true => &["dependencies", "build-dependencies", "dev-dependencies"],
        false => &["dependencies", "build-dependencies"],
    };
    let tables = tables.iter().filter_map(|table| manifest.get(*table));
    let names = tables.flat_map(|table| table.as_table().unwrap().keys());
    names.cloned().collect()
}

/// The dependencies of a crate that begin with one of these.
fn of_kind(folder: &str, with_tests: bool, kinds: &[&str]) -> Vec<String> {
    let all = dependencies(folder, with_tests).into_iter();
    all.filter(|name| kinds.iter().any(|kind| name.starts_with(kind)))
        .collect()
}

#[test]
fn each_layer_depends_only_on_those_below() {
    let nothing: Vec<String> = vec![];
    let runtimes = &["aws", "smithy", "tokio", "hyper", "futures", "trueup"];
    assert_eq!(of_kind("src/core", true, runtimes), nothing);
    assert_eq!(of_kind("src/policy", true, runtimes), nothing);
    for (folder, with_tests, below) in [
        ("src/aws", true, &["trueup-core"][..]),
        (
            "src/controls",
            true,
            &["trueup-aws", "trueup-core", "trueup-policy"],
        ),
        ("src/engine", true, &["trueup-aws", "trueup-core"]),
        ("src/sandbox", true, &["trueup-policy"]),
    ] {
        assert_eq!(of_kind(folder, with_tests, &["trueup"]), below, "{folder}");
    }
    assert_eq!(of_kind("src/sandbox", true, &["aws-sdk", "aws-config"]), nothing);
    assert_eq!(of_kind("src/engine", true, &["aws-sdk", "aws-config"]), nothing);
    assert_eq!(of_kind(".", false, &["aws-sdk", "aws-config"]), nothing);
}

/// Every Rust file under a folder of `src`.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn every_file_can_be_read_in_one_sitting() {
    let files = files(&Path::new(ROOT).join("src"));
    assert!(files.len() > 200, "only {} files were found", files.len());
    for file in files {
        let lines = std::fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= 700, "{} has {lines} lines", file.display());
    }
}
