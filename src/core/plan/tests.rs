//! Judging a cell, with a control made for it.

use std::fmt;

use schemars::JsonSchema;

use super::link::testing::nothing_read;
use super::*;
use crate::control::{Calls, Control, Doc, Observed, Of};
use crate::location::Scope;
use crate::registry::Registry;
use crate::values::Bound;

/// A table of doors, each with how many locks it has.
struct Doors;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Locks(std::collections::BTreeMap<String, Bound<i32>>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Lock(String, i32);

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "put {} locks on the {}", self.1, self.0)
    }
}

impl Control for Doors {
    const NAME: &'static str = "doors";
    const SCOPE: Scope = Scope::Account;
    const DOC: Doc = Doc {
        title: "",
        items: &[],
        why: "",
        decides: &[],
        off: "",
        cost: "",
        benchmarks: &[],
        page: "",
        example: "",
    };
    const CALLS: Calls = Calls {
        read: &[],
        write: &[],
    };
    type Model = Locks;
    type Ids = ();
    type Action = Lock;

    fn diff(want: &Locks, seen: &Observed<Locks, ()>, _: &Here<'_>, out: &mut Changes<Lock>) {
        for (door, wanted) in &want.0 {
            let live = seen.model.0.get(door).map(Bound::value);
            if live == Some(&0) {
                out.refuse_entry(door, "it is bricked up");
            } else if live == Some(&-1) {
                out.deny(forbidden());
            } else if live == Some(&-2) {
                out.unread(
                    format!("the {door} is not known"),
                    Fault::answer("doors:Look", "it is dark"),
                );
            } else if live == Some(&-3) {
                out.person("find the key");
            } else if out.misses(&[door], Some(wanted), live, i32::cmp) {
                let step = out.change(Lock(door.clone(), *wanted.value()));
                if live.is_some_and(|live| live > wanted.value()) {
                    step.weakening("fewer locks");
                }
            }
        }
    }
}

fn forbidden() -> Fault {
    Fault {
        kind: FaultKind::DeniedByOrganization,
        call: "doors:Look".to_owned(),
        code: Some("AccessDenied".to_owned()),
        message: "an explicit deny in a service control policy".to_owned(),
        request_id: None,
    }
}

fn table(text: &str) -> Table {
    text.parse().unwrap()
}

pub(crate) fn planned(want: &str, live: &str) -> Plan {
    let registry: Controls = Registry::new(&[&Of::<Doors>::NEW]);
    let want = Want {
        control: registry.iter().next().unwrap().name.clone(),
        place: Location::Account,
        manage: None,
        table: table(want),
    };
    let mut survey = nothing_read();
    let seen = ObservedDoc {
        model: table(live),
        ids: serde_json::Value::Null,
        held_by: None,
    };
    survey.cells.insert(want.cell(), Ok(seen));
    plan(&registry, &[want], &survey).unwrap()
}

fn titles(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| &*step.title).collect()
}

#[test]
fn what_stands_in_the_way_of_one_entry_leaves_its_neighbours_their_steps() {
    let plan = planned("front = 2\nback = 2", "front = 1\nback = 0");
    assert_eq!(plan.cells[0].verdict, Verdict::Blocked);
    assert_eq!(plan.cells[0].reasons, ["back: it is bricked up"]);
    assert_eq!(titles(&plan), ["put 2 locks on the front"]);
    assert_eq!(plan.steps[0].blocked, None);
}

#[test]
fn what_the_organization_forbids_in_part_counts_as_denied_once_the_rest_is_done() {
    let plan = planned("front = 2\nback = 2", "front = 1\nback = -1");
    assert_eq!(plan.cells[0].verdict, Verdict::Change);
    assert_eq!(titles(&plan), ["put 2 locks on the front"]);
    let plan = planned("front = 2\nback = 2", "front = 2\nback = -1");
    assert_eq!(plan.cells[0].verdict, Verdict::Denied);
    assert_eq!(plan.cells[0].fault, Some(forbidden()));
    assert!(plan.steps.is_empty());
}

#[test]
fn a_stricter_live_value_stays_and_is_noted() {
    let plan = planned("front = 2", "front = 3");
    assert_eq!(plan.cells[0].verdict, Verdict::InSync);
    assert_eq!(plan.cells[0].kept, [["front"]]);
    assert_eq!(
        plan.cells[0].notices,
        ["front is 3 and stays, as the file asks for 2 or stricter; for 2 itself write { exactly = 2 }"]
    );
}

#[test]
fn what_loosens_by_the_word_exactly_needs_consent() {
    let plan = planned("front = { exactly = 2 }\nback = 2", "front = 3\nback = 1");
    let consent: Vec<bool> = plan.steps.iter().map(Step::needs_consent).collect();
    assert_eq!(
        titles(&plan),
        ["put 2 locks on the back", "put 2 locks on the front"]
    );
    assert_eq!(consent, [false, true]);
    assert_eq!(plan.steps[1].weakens, ["fewer locks"]);
}

#[test]
fn a_part_that_could_not_be_read_is_not_in_sync_and_leaves_the_rest_judged() {
    let cell = |live: &str| planned("front = 2\nback = 2", live).cells.remove(0);
    let alone = cell("front = 2\nback = -2");
    assert_eq!(alone.verdict, Verdict::Unread);
    assert_eq!(alone.fault.unwrap().message, "it is dark");
    assert_eq!(alone.reasons, ["the back is not known"]);
    let with_a_task = cell("front = -3\nback = -2");
    assert_eq!(with_a_task.verdict, Verdict::Unread);
    assert_eq!(with_a_task.people, ["find the key"]);
    // Steps run, and what is missing is still said.
    let plan = planned("front = 2\nback = 2", "front = 1\nback = -2");
    assert_eq!(plan.cells[0].verdict, Verdict::Change);
    assert_eq!(titles(&plan), ["put 2 locks on the front"]);
    assert_eq!(
        plan.cells[0].notices,
        ["the back is not known: doors:Look: it is dark"]
    );
}
