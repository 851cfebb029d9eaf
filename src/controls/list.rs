//! The list as a whole, and what the core makes of it: baselines, exports, the first baseline, the schema. These tests are
//! here because the core has no list.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use jiff::civil::date;
use trueup_core::baseline::{Baseline, BuiltIn, File, Files, Loader, Problems};
use trueup_core::control::{Controls, Here, Relied};
use trueup_core::env::{Env, Run};
use trueup_core::location::{Location, Scope};
use trueup_core::registry::{Entry, Name};

use self::built_in::BUILT_IN;
use super::*;

mod baseline;
// The command line's own file: this crate must not reach outside its folder but for its tests.
#[expect(unreachable_pub, reason = "the command line publishes it")]
#[path = "../built_in.rs"]
mod built_in;
mod export;
mod init;
mod schema;

/// The files of this machine.
#[derive(Debug)]
struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<File> {
        Ok(File {
            text: std::fs::read_to_string(path)?,
            identity: path.canonicalize()?,
        })
    }
}

fn loader(controls: &Controls) -> Loader<'_> {
    Loader {
        controls,
        files: &Disk,
        built_in: BUILT_IN,
        today: date(2026, 11, 30),
    }
}

fn load(path: &Path) -> Result<Baseline, Problems> {
    loader(&controls()).load(path)
}

fn load_text(name: &str, text: &str) -> Result<Baseline, Problems> {
    loader(&controls()).load_text(name, text)
}

fn name(text: &str) -> Name {
    text.try_into().unwrap()
}

/// The control's example, typed and written back.
fn example(id: Entry<'_, dyn AnyControl>) -> toml::Table {
    let doc = id.control.doc();
    let file: toml::Table = doc.example.parse().unwrap();
    assert_eq!(
        file.keys().collect::<Vec<_>>(),
        [id.name.as_str()],
        "the example is the control's table, alone"
    );
    let text = toml::to_string(&file[id.name.as_str()]).unwrap();
    id.control
        .parse(toml::de::Deserializer::parse(&text).unwrap())
        .unwrap()
}

#[test]
fn every_name_is_there_once_and_finds_its_control() {
    let list = controls();
    let names: BTreeSet<&str> = list.names().map(Name::as_str).collect();
    assert_eq!(names.len(), ALL.len());
    for (rank, entry) in list.iter().enumerate() {
        assert_eq!(Name::try_from(entry.control.name()).as_ref(), Ok(entry.name));
        assert_eq!(list.find(entry.control.name()).unwrap().name, entry.name);
        assert_eq!(list.rank(entry.name), rank);
    }
}

#[test]
fn a_misspelt_name_finds_the_nearest() {
    let error = controls().find("guarduty").unwrap_err().to_string();
    assert_eq!(error, "there is no control `guarduty`; did you mean `guardduty`?");
    let error = controls().find("zzz").unwrap_err().to_string();
    assert_eq!(error, "there is no control `zzz`; `trueup controls` lists them");
}

#[test]
fn every_control_is_documented() {
    for id in controls().iter() {
        let doc = id.control.doc();
        for text in [doc.title, doc.why, doc.off, doc.cost, doc.example] {
            assert!(!text.trim().is_empty(), "{}", id.name);
        }
        assert!(!doc.decides.is_empty(), "{}", id.name);
        for text in doc.decides {
            assert!(text.ends_with('.'), "{}: {text}", id.name);
        }
        assert!(
            doc.page.starts_with("https://docs.aws.amazon.com/"),
            "{id:?}: {}",
            doc.page
        );
    }
}

#[test]
fn every_example_is_what_one_may_write() {
    for id in controls().iter() {
        assert_eq!(id.control.check(&example(id)).unwrap(), [], "{}", id.name);
    }
}

#[test]
fn an_account_that_is_as_wanted_needs_nothing() {
    let env = Env {
        account: "123456789012".into(),
        partition: "aws".into(),
        home: "us-east-1".parse().unwrap(),
        enabled: vec!["us-east-1".parse().unwrap()],
        run: Run::default(),
    };
    for id in controls().iter() {
        let place = match id.control.scope() {
            Scope::Account => Location::Account,
            Scope::EachRegion => Location::Region(env.home.clone()),
        };
        let want = example(id);
        let seen = id.control.seen_as(&want).unwrap();
        let findings = id
            .control
            .diff(
                &want,
                &seen,
                &Here {
                    place: &place,
                    env: &env,
                    relied: &Relied::default(),
                },
            )
            .unwrap();
        assert_eq!(
            findings.steps.iter().map(|s| &s.action.title).collect::<Vec<_>>(),
            [""; 0],
            "{}",
            id.name
        );
        assert_eq!(findings.refusals, [""; 0], "{}", id.name);
        // What no API shows is asked of a person until it is attested.
        let asked = findings.people.iter().filter(|task| task.attestation.is_none());
        assert_eq!(asked.count(), 0, "{}", id.name);
    }
}

#[test]
fn what_is_exported_is_read_back_the_same() {
    for id in controls().iter() {
        let model = id.control.seen_as(&example(id)).unwrap().model;
        let text = toml::to_string(&model).unwrap();
        let again = id
            .control
            .parse(toml::de::Deserializer::parse(&text).unwrap())
            .unwrap();
        assert_eq!(again, model, "{}", id.name);
    }
}

#[test]
fn every_call_is_listed_once_and_where_it_belongs() {
    for Entry { name, control } in controls().iter() {
        let calls = control.calls();
        assert!(!calls.read.is_empty(), "{name}");
        for list in [calls.read, calls.write] {
            for pair in list.windows(2) {
                assert!(pair[0] < pair[1], "{name}: {} before {}", pair[0], pair[1]);
            }
        }
        for call in calls.write {
            assert!(!calls.read.contains(call), "{name}: {call} is there twice");
        }
    }
}

#[test]
fn every_attestation_has_one_name_and_says_what_for() {
    let mut names = BTreeSet::new();
    for (name, what) in controls().iter().flat_map(|id| id.control.attestations()) {
        assert!(names.insert(name), "{name} is there twice");
        assert!(!what.is_empty(), "{name}");
    }
}

#[test]
fn what_a_control_relies_on_exists() {
    for id in controls().iter() {
        for name in id.control.relies_on() {
            assert!(controls().find(name).is_ok(), "{} relies on {name}", id.name);
        }
    }
}
