//! The policy evaluator held against another one: iam-simulate, a program of other authors, on generated documents and
//! requests. Documents that both decide differently have a row in `tests/policy/decisions.toml`, with the source.
//!
//! Needs node and npm: `cargo nextest run --run-ignored only -E 'test(policy::)' --no-capture`.

mod generated;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use trueup_policy::Policy;
use trueup_policy::evaluate::{Answer, Decision, Principal, Request, evaluate, evaluate_identity};

use self::generated::{Case, Choice, OWN};
use crate::folder::ROOT;

const CASES: usize = 6000;
impl Case {
    fn decision(&self) -> Decision {
        decide(&self.documents, self.is_identity, &self.request)
    }

    /// Whether the decision is another one without the conditions.
    fn is_decided_by_condition(&self, decision: &Decision) -> bool {
        let mut documents = self.documents.clone();
        for statement in documents
            .iter_mut()
            .flat_map(|document| document["Statement"].as_array_mut().into_iter().flatten())
        {
            statement.as_object_mut().unwrap().remove("Condition");
        }
        decide(&documents, self.is_identity, &self.request).answer != decision.answer
    }

    /// The documents in words that the other evaluator takes as AWS does. What it takes otherwise has rows in
    /// `tests/policy/decisions.toml`: those whose source names it.
    fn reworded(&self) -> Vec<Value> {
        self.documents
            .iter()
            .map(|document| self.reworded_document(document))
            .collect()
    }

    fn reworded_document(&self, document: &Value) -> Value {
        // It ignores the version, and does not match a variable right after a colon.
        let text = document.to_string();
        let mut document: Value = match (document["Version"].as_str(), &self.context.get("aws:username")) {
            (Some("2008-10-17"), _) => text.replace("${", "${$}{"),
            (_, Some(Value::String(name))) => text.replace(":${aws:username}", &format!(":{name}")),
            _ => text,
        }
        .parse()
        .unwrap();
        for statement in document["Statement"].as_array_mut().into_iter().flatten() {
            let Some(operators) = statement.get_mut("Condition").and_then(Value::as_object_mut) else {
                continue;
            };
            for (operator, keys) in std::mem::take(operators) {
                for (key, wanted) in keys.as_object().unwrap() {
                    let held = self.context.get(key);
                    let (mut operator, mut wanted) = (operator.as_str(), wanted.clone());
                    if operator.starts_with("ForAnyValue:") && operator.ends_with("IfExists") {
                        // It ignores the suffix: without the key the condition is met, with it the suffix means nothing.
                        if held.is_none() {
                            continue;
                        }
                        operator = operator.trim_end_matches("IfExists");
                    }
                    if let (true, Some(Value::String(held))) = (operator.contains("NotIpAddress"), held) {
                        // No address of one family is in a range of the other.
                        let all = wanted.as_array().cloned().unwrap_or_else(|| vec![wanted.clone()]);
                        let is_alike = |range: &Value| {
                            range
                                .as_str()
                                .is_some_and(|range| range.contains(':') == held.contains(':'))
                        };
                        let alike: Vec<Value> = all.into_iter().filter(is_alike).collect();
                        if alike.is_empty() {
                            continue;
                        }
                        wanted = json!(alike);
                    }
                    operators.entry(operator).or_insert(json!({}))[key] = wanted;
                }
            }
        }
        document
    }

    fn simulation(&self, documents: &[Value]) -> Value {
        let named = |number: usize| json!([{"name": number.to_string(), "policy": documents[number]}]);
        let mut simulation = json!({
            "request": {
                "principal": self.principal, "action": self.request.action, "contextVariables": self.context,
                "resource": {"resource": self.request.resource, "accountId": OWN},
            },
            "identityPolicies": [], "serviceControlPolicies": [], "resourceControlPolicies": [],
        });
        if self.is_identity {
            simulation["identityPolicies"] = named(0);
            if documents.len() > 1 {
                simulation["permissionBoundaryPolicies"] = named(1);
            }
        } else {
            simulation["resourcePolicy"] = documents[0].clone();
        }
        json!({"simulation": simulation, "part": if self.is_identity { "whole" } else { "resource" }})
    }
}

fn decide(documents: &[Value], is_identity: bool, request: &Request) -> Decision {
    let policies: Vec<Policy> = documents
        .iter()
        .map(|document| document.to_string().parse().unwrap())
        .collect();
    match is_identity {
        true => evaluate_identity(&[&policies[0]], policies.get(1), request),
        false => evaluate(&[&policies[0]], request),
    }
}

/// The other evaluator, installed as `tests/node/package-lock.json` pins it. It answers every request, or the test fails.
fn simulated(simulations: &[Value]) -> Vec<String> {
    for program in ["node", "npm"] {
        let found = Command::new(program).arg("--version").output();
        assert!(
            found.is_ok(),
            "this test requires {program}; install node and npm"
        );
    }
    let folder: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("iam-simulate");
    fs::create_dir_all(&folder).unwrap();
    for file in ["package.json", "package-lock.json", "simulate.mjs"] {
        fs::copy(Path::new(ROOT).join("tests/node").join(file), folder.join(file)).unwrap();
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(&folder);
    let installed = npm.output().unwrap();
    assert!(
        installed.status.success(),
        "{}",
        String::from_utf8_lossy(&installed.stderr)
    );
    let mut node = Command::new("node");
    node.arg("simulate.mjs")
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = node.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(json!(simulations).to_string().as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let results: Vec<String> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(results.len(), simulations.len());
    results
}

#[test]
#[ignore = "needs node, npm and its registry"]
#[allow(clippy::print_stdout, reason = "the figures are what the test reports")]
fn another_evaluator_decides_the_same() {
    let mut choice = Choice(1);
    let cases: Vec<Case> = (0..CASES).map(|_| Case::new(&mut choice)).collect();
    let simulations: Vec<Value> = cases
        .iter()
        .map(|case| case.simulation(&case.documents))
        .collect();
    let results = simulated(&simulations);
    let (mut compared, mut unknown, mut refused, mut denied, mut conditional) = (0, 0, 0, 0, 0);
    let mut differing = Vec::new();
    for (case, result) in cases.iter().zip(&results) {
        let decision = case.decision();
        match agrees(case, &decision, result) {
            // A Deny that cannot be decided, where nothing is allowed.
            _ if decision.answer == Answer::NotAllowed && !decision.by.is_empty() => unknown += 1,
            _ if decision.answer == Answer::Unknown => unknown += 1,
            None => refused += 1,
            Some(is_same) => {
                compared += 1;
                denied += usize::from(decision.answer == Answer::Denied);
                conditional += usize::from(case.is_decided_by_condition(&decision));
                if !is_same {
                    differing.push(case);
                }
            }
        }
    }
    let again: Vec<Value> = differing
        .iter()
        .map(|case| case.simulation(&case.reworded()))
        .collect();
    let results = simulated(&again);
    let unexplained: Vec<String> = differing
        .iter()
        .zip(&results)
        .filter(|(case, result)| agrees(case, &case.decision(), result) != Some(true))
        .map(|(case, result)| {
            format!(
                "trueup {:?}, other {result}\n{:?}\n{}",
                case.decision(),
                case.request,
                json!(case.documents)
            )
        })
        .collect();
    println!(
        "{CASES} cases: {compared} compared ({denied} decided by a Deny, {conditional} by a condition), {unknown} cannot \
         tell, {refused} refused by the other evaluator; {} disagreements, {} of them not explained",
        differing.len(),
        unexplained.len()
    );
    assert!(unexplained.is_empty(), "{}", unexplained.join("\n\n"));
    assert!(compared >= 3000 && denied * 5 >= compared && conditional * 5 >= compared);
}

/// Whether both decide the same. `None` where the other one does not decide.
fn agrees(case: &Case, decision: &Decision, result: &str) -> Option<bool> {
    let theirs = match result {
        "Allowed" | "AllowedForAccount" => Answer::Allowed,
        "ExplicitlyDenied" | "DeniedForAccount" => Answer::Denied,
        "ImplicitlyDenied" | "NotApplicable" => Answer::NotAllowed,
        _ => return None,
    };
    // The account stands for its root user.
    let is_root = matches!(case.request.principal, Principal::Root { .. });
    let delegates = is_root || decision.needs_identity_policy() == (result == "AllowedForAccount");
    Some(decision.answer == theirs && delegates)
}
