//! Planning, case by case: a baseline, a live account, and the plan as it is printed.
//!
//! A case is a folder under `tests/cases`: `baseline.toml`, `live.toml`, `plan.txt`. To accept new output after
//! reading it, run with `TRUEUP_UPDATE_CASES=1`.

use std::path::Path;

use indexmap::IndexMap;
use serde::Deserialize;
use trueup::core::baseline::Filters;
use trueup::core::change::Manager;
use trueup::core::control::Observed;
use trueup::core::env::{Env, Run};
use trueup::core::fault::{Fault, FaultKind};
use trueup::core::location::{Location, Region};
use trueup::core::plan::{Survey, plan};
use trueup::core::plan_file::Document;
use trueup::core::registry::Name;
use trueup::report::{self, Style};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Live {
    home: Region,
    enabled: Vec<Region>,
    #[serde(default)]
    not_enabled: Vec<Region>,
    cell: Vec<LiveCell>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LiveCell {
    control: Name,
    places: Vec<Location>,
    #[serde(default)]
    model: toml::Table,
    ids: Option<serde_json::Value>,
    held_by: Option<String>,
    fault: Option<LiveFault>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct LiveFault {
    kind: FaultKind,
    call: String,
    code: String,
    message: String,
}

fn planned(folder: &Path) -> String {
    let live: Live = toml::from_str(&std::fs::read_to_string(folder.join("live.toml")).unwrap()).unwrap();
    let env = Env {
        account: "123456789012".into(),
        partition: "aws".into(),
        home: live.home,
        enabled: live.enabled.clone(),
        run: Run::default(),
    };
    let controls = trueup::controls::controls();
    let mut cells = IndexMap::new();
    for cell in live.cell {
        for place in cell.places {
            let reading = match cell.fault.clone() {
                Some(LiveFault {
                    kind,
                    call,
                    code,
                    message,
                }) => Err(Fault {
                    kind,
                    call,
                    code: Some(code),
                    message,
                    request_id: None,
                }),
                None => Ok(Observed {
                    model: cell.model.clone(),
                    ids: cell.ids.clone().unwrap_or_else(|| {
                        let seen = controls.get(&cell.control).unwrap().seen_as(&cell.model);
                        seen.unwrap_or_else(|error| panic!("{error}")).ids
                    }),
                    held_by: cell.held_by.clone().map(|who| Manager { who }),
                }),
            };
            cells.insert((cell.control.clone(), place), reading);
        }
    }
    cells.sort_by(|one, _, other, _| controls.order(one, other));
    let survey = Survey { env, cells };
    let loader = trueup::files::loader(&controls);
    let baseline = match loader.load(&folder.join("baseline.toml")) {
        Ok(baseline) => baseline,
        Err(problems) => panic!("{}", problems.render(false)),
    };
    let regions: Vec<Region> = live.enabled.into_iter().chain(live.not_enabled).collect();
    let filters = Filters::default();
    let wants = match baseline.wants(&survey.env, &regions, &filters) {
        Ok(wants) => wants,
        Err(problems) => panic!("{}", problems.render(false)),
    };
    match plan(&controls, &wants, &survey) {
        Ok(plan) => {
            let document = Document::new("baseline.toml", &survey.env, &filters, &plan);
            // The plan survives being saved, or `show` would print another one.
            let again: Document = serde_json::from_str(&document.to_json().unwrap()).unwrap();
            assert_eq!(again, document);
            report::plan::text(&controls, &document, None, &Style::PLAIN)
        }
        Err(error) => format!("{error}\n"),
    }
}

#[test]
fn every_case_prints_its_plan() {
    let cases = Path::new(crate::folder::ROOT).join("tests/cases");
    let update = std::env::var_os("TRUEUP_UPDATE_CASES").is_some();
    let mut wrong = vec![];
    let mut count = 0;
    let mut folders: Vec<_> = std::fs::read_dir(cases)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    for folder in folders {
        count += 1;
        let printed = planned(&folder);
        let file = folder.join("plan.txt");
        if update {
            std::fs::write(&file, &printed).unwrap();
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        if printed != expected {
            let diff = similar::TextDiff::from_lines(&expected, &printed)
                .unified_diff()
                .to_string();
            wrong.push(format!("{}:\n{diff}", file.display()));
        }
        // The last line is for programs too, and stays one line.
        let long = printed
            .lines()
            .rev()
            .skip(1)
            .filter(|line| line.chars().count() > 80)
            .count();
        assert_eq!(long, 0, "lines over 80 columns in {}", file.display());
    }
    assert!(count >= 5, "only {count} cases were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
