//! What AWS answered to what, as others recorded it: each fact is asked of the simulated account as a client of another
//! author asks it, in every protocol of the service's model.
//!
//! The data are the files of `tests/facts`, one a service. A fact says where it was recorded. One that the simulated
//! account answers otherwise says why in `differs`, and fails here as soon as it is answered right.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::net::TcpListener;
use trueup::sandbox::{Sandbox, serve};

use crate::folder::ROOT;
use crate::python;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The service as boto3 names it.
    service: String,
    /// Where the facts were recorded, by the names that they use.
    sources: BTreeMap<String, String>,
    fact: Vec<Fact>,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Fact {
    /// The fact in a sentence.
    says: String,
    /// The name of one of the sources.
    source: String,
    /// The place in it.
    #[serde(default)]
    place: String,
    #[serde(default = "home")]
    region: String,
    /// How the account differs from a new one.
    #[serde(default)]
    world: String,
    /// The calls before, which must succeed.
    #[serde(default)]
    before: Vec<Step>,
    call: String,
    #[serde(default = "nothing")]
    input: Value,
    /// The code of the refusal.
    code: Option<String>,
    /// What its text has, where trueup goes by that.
    message: Option<String>,
    /// The HTTP status.
    status: Option<u16>,
    /// What the answer has, among other things.
    #[serde(default = "nothing")]
    answer: Value,
    /// What it has not.
    #[serde(default)]
    without: Vec<String>,
    /// Why the simulated account answers otherwise.
    #[serde(skip_serializing)]
    differs: Option<String>,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Step {
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    call: String,
    #[serde(default = "nothing")]
    input: Value,
    /// What of its answer later inputs name as `${name}`.
    #[serde(default)]
    keep: BTreeMap<String, String>,
}

impl Fact {
    /// Whether it is about a refusal, or about an answer, and not about both.
    fn is_whole(&self) -> bool {
        let has_answer = self.answer != nothing() || !self.without.is_empty();
        match self.code {
            Some(_) => !has_answer,
            None => self.message.is_none() && (has_answer || self.status.is_some()),
        }
    }
}

/// A fact as it is asked.
#[derive(Serialize)]
struct Question<'a> {
    #[serde(flatten)]
    fact: &'a Fact,
    service: &'a str,
    protocol: &'a str,
    url: String,
}

fn home() -> String {
    "us-east-1".to_owned()
}

fn nothing() -> Value {
    Value::Object(serde_json::Map::new())
}

fn files() -> Vec<File> {
    let mut paths: Vec<_> = std::fs::read_dir(Path::new(ROOT).join("tests/facts"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let read = |path: &Path| -> File {
        let text = std::fs::read_to_string(path).unwrap();
        toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    paths.iter().map(|path| read(path)).collect()
}

/// The protocols of each service's model, the one that clients prefer first.
fn protocols(home: &Path, services: &[&str]) -> BTreeMap<String, Vec<String>> {
    let mut command = python::module("facts", home);
    serde_json::from_str(&python::succeed(command.arg("--protocols").args(services))).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[allow(clippy::print_stdout, reason = "the figures are what the test reports")]
async fn recorded_answers_of_aws_are_those_of_the_simulated_account() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("exchanges.jsonl");
    let files = files();
    let services: Vec<&str> = files.iter().map(|file| file.service.as_str()).collect();
    let protocols = protocols(folder.path(), &services);
    assert_eq!(protocols["cloudwatch"], ["smithy-rpc-v2-cbor", "json", "query"]);
    let mut questions = vec![];
    for file in &files {
        let used: BTreeSet<&String> = file.fact.iter().map(|fact| &fact.source).collect();
        assert_eq!(
            used,
            file.sources.keys().collect(),
            "the sources of {}",
            file.service
        );
        for fact in &file.fact {
            assert!(fact.is_whole(), "`{}` must say what is answered", fact.says);
            for protocol in &protocols[&file.service] {
                let world = fact
                    .world
                    .parse()
                    .unwrap_or_else(|error| panic!("{}: {error}", fact.says));
                let account = Sandbox::open(None, Some(world)).unwrap();
                account.log_exchanges(&log).unwrap();
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let url = format!("http://{}", listener.local_addr().unwrap());
                // It ends with the test.
                tokio::spawn(serve(account, listener, std::future::pending()));
                questions.push(Question {
                    fact,
                    service: &file.service,
                    protocol,
                    url,
                });
            }
        }
    }
    let asked = folder.path().join("questions.json");
    std::fs::write(&asked, serde_json::to_vec(&questions).unwrap()).unwrap();
    let home = folder.path().to_owned();
    let answered = tokio::task::spawn_blocking(move || {
        let mut command = python::module("facts", &home);
        python::succeed(command.arg(asked))
    });
    let problems: Vec<Option<String>> = serde_json::from_str(&answered.await.unwrap()).unwrap();
    assert_eq!(problems.len(), questions.len());

    let mut wrong = vec![];
    let mut right = 0;
    for (question, problem) in questions.iter().zip(&problems) {
        let says = format!(
            "{} ({}): {}",
            question.service, question.protocol, question.fact.says
        );
        match (problem, &question.fact.differs) {
            (None, None) => right += 1,
            (None, Some(_)) => wrong.push(format!("{says}: it is answered right now; remove `differs`")),
            (Some(problem), None) => wrong.push(format!("{says}: {problem}")),
            (Some(_), Some(_)) => {}
        }
    }
    let facts: Vec<&Fact> = files.iter().flat_map(|file| &file.fact).collect();
    let differs = facts.iter().filter(|fact| fact.differs.is_some()).count();
    let figures = format!(
        "{} of {} facts are answered as AWS did ({right} of {} answers, each protocol counted)",
        facts.len() - differs,
        facts.len(),
        questions.len()
    );
    println!("{figures}");
    assert!(wrong.is_empty(), "{figures}\n{}", wrong.join("\n"));
    assert!(facts.len() >= 150, "{figures}");
    tokio::task::spawn_blocking(move || python::judge_tolerating_rejected(&log))
        .await
        .unwrap();
}
