use std::fs;

use insta::assert_snapshot;
use proptest::prelude::*;
use tempfile::TempDir;
use toml::Table;
use trueup_core::baseline::{Filters, Problems};
use trueup_core::location::Region;
use trueup_core::want::Want;

use super::*;

mod built_in;
mod merging;
mod messages;
mod places;

fn regions(names: &[&str]) -> Vec<Region> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

/// An account with three enabled regions.
fn env() -> Env {
    Env {
        account: "123456789012".to_owned(),
        partition: "aws".to_owned(),
        home: "eu-west-1".parse().unwrap(),
        enabled: regions(&["ap-south-1", "eu-west-1", "us-east-1"]),
        run: Run::default(),
    }
}

/// Its partition has one more.
fn known() -> Vec<Region> {
    regions(&["ap-south-1", "eu-west-1", "me-south-1", "us-east-1"])
}

fn filters(only: &[&str], exclude: &[&str], of: &[&str]) -> Filters {
    let ids = |names: &[&str]| names.iter().map(|name| super::name(name)).collect();
    Filters {
        only: ids(only),
        exclude: ids(exclude),
        regions: regions(of),
    }
}

fn wants_of(text: &str, filters: &Filters) -> Result<Vec<Want>, Problems> {
    load_text("baseline.toml", text)?.wants(&env(), &known(), filters)
}

/// The cells that a text wants, one line each.
fn cells(text: &str) -> String {
    lines(&wants_of(text, &Filters::default()).unwrap())
}

fn lines(wants: &[Want]) -> String {
    let line = |want: &Want| {
        let table = toml::to_string(&want.table).unwrap().trim().replace('\n', ", ");
        let manage = want
            .manage
            .map(|manage| format!(" {manage:?}"))
            .unwrap_or_default();
        format!("{} {}{manage}: {table}", want.control, want.place)
    };
    wants.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What is said of a text that has something wrong.
fn problems(text: &str) -> String {
    load_text("baseline.toml", text).unwrap_err().to_string()
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn load_in(folder: &TempDir, name: &str) -> Result<Baseline, Problems> {
    load(&folder.path().join(name))
}

fn cells_in(folder: &TempDir, name: &str) -> String {
    let baseline = load_in(folder, name).unwrap();
    lines(&baseline.wants(&env(), &known(), &Filters::default()).unwrap())
}

/// What is said of files that have something wrong, with the folder's path left out.
fn problems_in(folder: &TempDir, name: &str) -> String {
    let folder_path = format!("{}/", folder.path().display());
    load_in(folder, name)
        .unwrap_err()
        .to_string()
        .replace(&folder_path, "")
}

/// Text near to a baseline, with everything that can be wrong with one.
fn mutated() -> impl Strategy<Value = String> {
    const TEXT: &str = "extends = [\"minimal@1\", \"x\"]\n[account]\nid = \"123456789012\"\nregions = [\"eu-west-1\"]\n\
        home_region = \"eu-west-1\"\n[password_policy]\nminimum_length = 14\nmax_age_days = \"never\"\n\
        manage = \"report\"\n[default_vpc]\nstate = \"absent\"\nregions = \"all\"\n\
        [region.us-east-1.default_vpc]\nstate = \"present\"\n# é\n";
    const PIECES: &[&str] = &[
        "",
        "\"",
        "'",
        "[",
        "]",
        "[[",
        "{",
        "}",
        ".",
        "=",
        ",",
        "\n",
        "\r\n",
        "#",
        "é",
        "0",
        "-1",
        "1e999",
        "true",
        "99999999999999999999",
        "1979-05-27",
        "\"\"\"",
        "\\u0000",
        "\t",
        "state = \"absent\"",
        "extends",
        "region",
        "[region]",
        "x = {a.b = 1, c = [1, {}]}",
        "\u{feff}",
    ];
    let edit = (
        any::<prop::sample::Index>(),
        0..12usize,
        prop::sample::select(PIECES),
    );
    prop::collection::vec(edit, 1..6).prop_map(|edits| {
        let mut text: Vec<char> = TEXT.chars().collect();
        for (at, gone, piece) in edits {
            let at = at.index(text.len() + 1);
            let end = (at + gone).min(text.len());
            text.splice(at..end, piece.chars());
        }
        text.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bad_input_never_panics_and_every_problem_lies_in_its_file(text in mutated()) {
        match load_text("baseline.toml", &text) {
            Ok(baseline) => {
                let _ = baseline.wants(&env(), &known(), &Filters::default());
            }
            Err(problems) => {
                prop_assert!(problems.count() > 0);
                for problem in problems.iter() {
                    if let Some(at) = problem.at.as_ref().filter(|at| at.file == "baseline.toml") {
                        prop_assert!(text.get(at.span.clone()).is_some(), "{at}: {:?}", at.span);
                    }
                }
                problems.render(true);
            }
        }
    }
}
