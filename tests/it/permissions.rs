//! The calls that a control says it makes are those that it makes, and the actions that they need are AWS's.
//!
//! Each whole run of the tests is held against the lists ([`hold`]): what it calls is in the list of a control of its file,
//! or of one that such a control relies on. Nothing may be listed that no run needs.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use trueup::aws::actions::{self, EVERY_RUN};
use trueup::controls::HOME_CALLS;
use trueup::core::control::Controls;
use trueup::core::registry::{Entry, Name};

use crate::controls::exercise;
use crate::folder::{Folder, side_by_side};
use crate::python;

/// The calls that runs may make which look at these controls, and write if asked.
fn permitted<'a>(
    controls: &Controls,
    names: impl IntoIterator<Item = &'a Name>,
    writes: bool,
) -> BTreeSet<&'static str> {
    let mut may: BTreeSet<&'static str> = EVERY_RUN.iter().copied().collect();
    for name in names {
        let control = controls.get(name).unwrap();
        may.extend(control.calls().read);
        if writes {
            may.extend(control.calls().write);
        }
        for relied in control.relies_on() {
            may.extend(controls.find(relied).unwrap().control.calls().read);
        }
    }
    may
}

/// The controls that a command looks at, if it looks at an account and its file can be read.
fn looked_at(controls: &Controls, folder: &Path, args: &[&str]) -> Option<Vec<Name>> {
    let of = |option: &str| -> Vec<&str> {
        let pairs = args.windows(2).filter(|pair| pair[0] == option);
        pairs.map(|pair| pair[1]).collect()
    };
    let all = || controls.names().cloned().collect();
    let mut names: Vec<Name> = match *args.first()? {
        "plan" | "apply" if of("--plan").is_empty() => {
            let file = args[1..].iter().find(|arg| arg.ends_with(".toml"));
            let file = folder.join(file.unwrap_or(&"baseline.toml"));
            let baseline = trueup::files::loader(controls).load(&file).ok()?;
            baseline.controls().cloned().collect()
        }
        "export" | "init" => all(),
        _ => return None,
    };
    let only = of("--only");
    names.retain(|name| only.is_empty() || only.contains(&name.as_str()));
    Some(names)
}

/// Asserts that a command made no call that its controls do not list.
#[track_caller]
pub(crate) fn hold(folder: &Path, args: &[&str], made: &BTreeSet<String>) {
    let controls = trueup::controls::controls();
    let Some(names) = looked_at(&controls, folder, args) else {
        return;
    };
    let mut may = permitted(&controls, &names, args[0] == "apply");
    if args[0] == "export" {
        may.extend(HOME_CALLS);
    }
    let unlisted: Vec<_> = made.iter().filter(|call| !may.contains(call.as_str())).collect();
    assert!(
        unlisted.is_empty(),
        "{args:?} of {names:?} makes {unlisted:?}, which are not listed"
    );
}

/// Asserts that the plan of a control made no call that it does not list.
#[track_caller]
pub(crate) fn hold_plan(control: &Name, made: &BTreeSet<String>) {
    let may = permitted(&trueup::controls::controls(), [control], false);
    let unlisted: Vec<_> = made.iter().filter(|call| !may.contains(call.as_str())).collect();
    assert!(
        unlisted.is_empty(),
        "a plan of {control} makes {unlisted:?}, which are not listed"
    );
}

/// Calls that no account of the sandbox needs, with the reason.
const WITHOUT_A_RUN: [(&str, &str); 1] = [(
    "securityhub:ListSecurityControlDefinitions",
    "asked only where a standard that is ready does not find a control that it has",
)];

#[test]
fn the_calls_that_each_control_lists_are_those_that_it_makes() {
    let controls = trueup::controls::controls();
    side_by_side(controls.iter(), |Entry { name: id, control }| {
        let mut used = BTreeSet::new();
        for (world, baselines) in exercise(id.as_str()) {
            let folder = Folder::new();
            folder.world(world);
            for baseline in baselines {
                folder.write("b.toml", &baseline);
                folder.sandbox(&["plan", "b.toml"]).expect(0);
                folder.sandbox(&["export", "--only", id.as_str()]).expect(0);
                folder.apply().expect(0);
            }
            folder.forget_exchanges();
            used.extend(folder.forgotten_calls());
        }
        let listed = [control.calls().read, control.calls().write].concat();
        let may_be_unused = |call: &str| WITHOUT_A_RUN.iter().any(|(known, _)| *known == call);
        let unused = listed
            .iter()
            .filter(|call| !used.contains(**call) && !may_be_unused(call));
        let unused: Vec<_> = unused.collect();
        assert!(unused.is_empty(), "{id} lists {unused:?}, which nothing needed");
    });
}

/// Actions that the reference has behind another one, and that no call of trueup needs.
const NOT_NEEDED: [(&str, &str, &str); 7] = [
    (
        "budgets:ModifyBudget",
        "iam:CreateServiceLinkedRole",
        "for budgets of other accounts' billing views",
    ),
    (
        "cloudtrail:CreateTrail",
        "iam:CreateServiceLinkedRole",
        "for trails of an organization",
    ),
    (
        "cloudtrail:CreateTrail",
        "organizations:ListAWSServiceAccessForOrganization",
        "for trails of an organization",
    ),
    (
        "cloudtrail:UpdateTrail",
        "iam:CreateServiceLinkedRole",
        "for trails of an organization",
    ),
    (
        "cloudtrail:UpdateTrail",
        "organizations:ListAWSServiceAccessForOrganization",
        "for trails of an organization",
    ),
    (
        "ec2:CreateInternetGateway",
        "ec2:CreateTags",
        "it is made without tags",
    ),
    (
        "sns",
        "iam:PassRole",
        "for the roles that log deliveries, which are not written",
    ),
];

#[test]
fn every_action_exists_and_what_it_depends_on_is_listed_with_it() {
    let controls = trueup::controls::controls();
    let mut calls: BTreeSet<&str> = EVERY_RUN.iter().copied().collect();
    for Entry { control, .. } in controls.iter() {
        calls.extend(control.calls().read);
        calls.extend(control.calls().write);
    }
    let needed = |call: &str| -> Vec<String> {
        let needed = actions::needed(call).into_iter();
        needed.map(|needed| needed.action).collect()
    };
    let asked: Value = calls
        .iter()
        .map(|call| (call.to_string(), json!(needed(call))))
        .collect();
    let home = tempfile::tempdir().unwrap();
    let mut command = python::module("actions", home.path());
    let told = python::succeed(command.arg(asked.to_string()));
    let mut left = vec![];
    let mut used = BTreeSet::new();
    for line in told.lines() {
        let known = NOT_NEEDED.iter().position(|(action, behind, _)| {
            line.strip_prefix(action)
                .is_some_and(|rest| rest.ends_with(&format!(" depends on {behind}")))
        });
        used.extend(known);
        left.extend(known.is_none().then_some(line));
    }
    assert!(left.is_empty(), "{left:#?}");
    assert_eq!(used.len(), NOT_NEEDED.len(), "not all are needed: {used:?}");
}
