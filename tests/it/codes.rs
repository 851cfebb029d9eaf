//! The error codes that trueup decides by, held against the models of the services: what is sent is the code, which need not
//! be the name of the error's shape.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use trueup::core::fault::FaultKind;

use crate::folder::ROOT;
use crate::python;

#[derive(Deserialize)]
struct Models {
    services: BTreeMap<String, BTreeMap<String, Modelled>>,
    retried: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Modelled {
    status: Option<u16>,
    throttling: bool,
}

fn models() -> Models {
    let home = tempfile::tempdir().unwrap();
    serde_json::from_str(&python::succeed(&python::module("codes", home.path()))).unwrap()
}

#[test]
fn what_the_models_call_throttling_is_throttling() {
    let models = models();
    let mut seen = 0;
    for (service, codes) in &models.services {
        for (code, modelled) in codes {
            let status = modelled.status.unwrap_or(400);
            if modelled.throttling || status == 429 || models.retried.contains(code) {
                seen += 1;
                let kind = trueup::aws::kind_of_code(service, status, code);
                assert_eq!(kind, FaultKind::Throttled, "{service}: {code}");
            }
        }
    }
    assert!(seen > 5, "{seen}");
    // DynamoDB's is of no service that is called.
    for code in models
        .retried
        .iter()
        .filter(|code| !code.starts_with("Provisioned"))
    {
        assert_eq!(
            trueup::aws::kind_of_code("ec2", 400, code),
            FaultKind::Throttled,
            "{code}"
        );
    }
}

/// Codes of services whose models name no errors, or not all of them (EC2 User Guide, "Error codes for the Amazon EC2 API";
/// Amazon S3 API Reference, "Error responses"; the "Common Errors" of each service).
const UNMODELLED: &[&str] = &[
    "DefaultSubnetAlreadyExistsInAvailabilityZone",
    "DefaultVpcAlreadyExists",
    "Gateway.NotAttached",
    "InvalidGroup.NotFound",
    "InvalidSubnetID.NotFound",
    "MalformedPolicy",
    "NoSuchBucketPolicy",
    "NoSuchLifecycleConfiguration",
    "NoSuchTagSet",
    "ObjectLockConfigurationNotFoundError",
    "OperationAborted",
    "OwnershipControlsNotFoundError",
    "PermanentRedirect",
    "Resource.AlreadyAssociated",
    "RouteAlreadyExists",
    "ServerSideEncryptionConfigurationNotFoundError",
];

/// The literals in the parentheses that follow on any of these words.
fn literals(source: &str) -> BTreeSet<&str> {
    const BEFORE: [&str; 4] = [".is(", ".is_one_of(", "found(", "done("];
    let mut all = BTreeSet::new();
    for word in BEFORE {
        for (at, _) in source.match_indices(word) {
            let rest = &source[at + word.len()..];
            let mut depth = 1;
            let end = rest.find(|c| {
                depth += match c {
                    '(' => 1,
                    ')' => -1,
                    _ => 0,
                };
                depth == 0
            });
            let inside = &rest[..end.unwrap_or(0)];
            all.extend(inside.split('"').skip(1).step_by(2));
        }
    }
    all
}

fn sources(folder: &Path, all: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            sources(&path, all);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            all.push(std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn each_code_that_a_control_waits_for_is_one_that_a_service_sends() {
    let models = models();
    let modelled: BTreeSet<&str> = models
        .services
        .values()
        .flat_map(|codes| codes.keys().map(String::as_str))
        .collect();
    let mut all = vec![];
    sources(&Path::new(ROOT).join("src/controls"), &mut all);
    let waited_for: BTreeSet<&str> = all.iter().flat_map(|source| literals(source)).collect();
    assert!(waited_for.len() > 40, "{waited_for:?}");
    let unknown: Vec<&&str> = waited_for
        .iter()
        .filter(|code| !modelled.contains(**code) && !UNMODELLED.contains(code))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let needless: Vec<&&str> = UNMODELLED
        .iter()
        .filter(|code| !waited_for.contains(*code))
        .collect();
    assert!(needless.is_empty(), "{needless:?}");
}
