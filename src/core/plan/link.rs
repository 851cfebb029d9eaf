//! The order of steps: from what each needs, provides, releases and removes to a numbered list.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Cell, PlanError, Step, Survey, Why};
use crate::change::{Asset, Draft};
use crate::control::{Act, Controls};

/// Turns the drafts of all cells into numbered steps: needs become edges, the order becomes topological, and
/// what cannot run says why.
pub(super) fn link(
    registry: &Controls,
    cells: &[Cell],
    drafts: Vec<(usize, Draft<Act>)>,
    held: &BTreeSet<Asset>,
    survey: &Survey,
) -> Result<Vec<Step>, PlanError> {
    let describe = |at: usize| {
        let (cell, draft) = &drafts[at];
        format!(
            "{} ({}, {})",
            draft.action.title, cells[*cell].control, cells[*cell].place
        )
    };
    let mut providers: BTreeMap<&Asset, Vec<usize>> = BTreeMap::new();
    let mut removers: BTreeMap<&Asset, Vec<usize>> = BTreeMap::new();
    for (at, (_, draft)) in drafts.iter().enumerate() {
        for asset in &draft.provides {
            providers.entry(asset).or_default().push(at);
        }
        for asset in &draft.removes {
            removers.entry(asset).or_default().push(at);
        }
    }
    let mut after: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); drafts.len()];
    let mut blocked: Vec<Option<Why>> = vec![None; drafts.len()];
    let mut first_of_cell = 0;
    for (at, (cell, draft)) in drafts.iter().enumerate() {
        if at > 0 && drafts[at - 1].0 != *cell {
            first_of_cell = at;
        }
        after[at].extend(draft.after.iter().map(|local| first_of_cell + local));
        for asset in &draft.needs {
            if let Some(makers) = providers.get(asset) {
                after[at].extend(makers.iter().filter(|maker| **maker != at));
            } else if removers.contains_key(asset) {
                blocked[at].get_or_insert(Why::Leaving(asset.clone()));
            } else if !held.contains(asset) {
                blocked[at].get_or_insert(if is_unread(registry, asset, survey) {
                    Why::Unread(asset.clone())
                } else {
                    Why::Missing(asset.clone())
                });
            }
        }
        for makers in draft.waits_for.iter().filter_map(|asset| providers.get(asset)) {
            after[at].extend(makers.iter().filter(|maker| **maker != at));
        }
        for asset in &draft.releases {
            for remover in removers
                .get(asset)
                .into_iter()
                .flatten()
                .filter(|remover| **remover != at)
            {
                after[*remover].insert(at);
            }
        }
    }
    let order =
        topological(&after).map_err(|cycle| PlanError::Cycle(cycle.into_iter().map(describe).collect()))?;
    for (asset, makers) in &providers {
        let mut touching = makers.clone();
        touching.extend(removers.get(asset).into_iter().flatten());
        touching.sort_unstable();
        touching.dedup();
        for (i, one) in touching.iter().enumerate() {
            for other in &touching[i + 1..] {
                if !reaches(&after, *one, *other) && !reaches(&after, *other, *one) {
                    return Err(PlanError::Unordered {
                        asset: Box::new((*asset).clone()),
                        first: describe(*one),
                        second: describe(*other),
                    });
                }
            }
        }
    }
    let mut number = vec![0; drafts.len()];
    for (position, at) in order.iter().enumerate() {
        number[*at] = position + 1;
    }
    let mut drafts: Vec<Option<(usize, Draft<Act>)>> = drafts.into_iter().map(Some).collect();
    let mut steps = Vec::with_capacity(order.len());
    for at in order {
        let Some((cell, draft)) = drafts[at].take() else {
            continue;
        };
        if blocked[at].is_none() {
            blocked[at] = after[at]
                .iter()
                .find(|before| blocked[**before].is_some())
                .map(|b| Why::BehindBlocked(number[*b]));
        }
        let mut waits: Vec<usize> = after[at].iter().map(|before| number[*before]).collect();
        waits.sort_unstable();
        steps.push(Step {
            number: number[at],
            control: cells[cell].control.clone(),
            place: cells[cell].place.clone(),
            title: draft.action.title,
            effect: draft.effect,
            class: draft.class,
            risks: draft.risks,
            weakens: draft.weakens,
            after: waits,
            blocked: blocked[at].clone(),
            monthly: draft.monthly,
            shown_within_minutes: draft.shown_within_minutes,
            action: draft.action.data,
        });
    }
    Ok(steps)
}

fn is_unread(registry: &Controls, asset: &Asset, survey: &Survey) -> bool {
    registry
        .find(&asset.control)
        .is_ok_and(|control| !matches!(survey.cells.get(&control.at(asset.place.clone())), Some(Ok(_))))
}

/// An order in which everything comes after what it waits for. Stable: what is free to run keeps the order of
/// the list as far as it can, so that a plan reads cell by cell. The error is one cycle, nothing else.
fn topological(after: &[BTreeSet<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut waiting: Vec<usize> = after.iter().map(BTreeSet::len).collect();
    let mut followers: Vec<Vec<usize>> = vec![vec![]; after.len()];
    for (at, before) in after.iter().enumerate() {
        for earlier in before {
            followers[*earlier].push(at);
        }
    }
    let mut free: BTreeSet<usize> = (0..after.len()).filter(|at| waiting[*at] == 0).collect();
    let mut order = Vec::with_capacity(after.len());
    while let Some(at) = free.pop_first() {
        order.push(at);
        for follower in &followers[at] {
            waiting[*follower] -= 1;
            if waiting[*follower] == 0 {
                free.insert(*follower);
            }
        }
    }
    if order.len() == after.len() {
        return Ok(order);
    }
    // Everything that is left waits for something that is left: walking backwards must come round.
    let mut path: Vec<usize> = Vec::new();
    let mut at = (0..after.len()).find(|at| waiting[*at] > 0).unwrap_or_default();
    while !path.contains(&at) {
        path.push(at);
        at = after[at]
            .iter()
            .copied()
            .find(|before| waiting[*before] > 0)
            .unwrap_or(at);
    }
    let start = path.iter().position(|step| *step == at).unwrap_or_default();
    Err(path.split_off(start))
}

/// True if `to` waits for `from`, directly or through others.
fn reaches(after: &[BTreeSet<usize>], from: usize, to: usize) -> bool {
    let mut queue = VecDeque::from([to]);
    let mut met = BTreeSet::new();
    while let Some(at) = queue.pop_front() {
        if at == from {
            return true;
        }
        if met.insert(at) {
            queue.extend(&after[at]);
        }
    }
    false
}

#[cfg(test)]
pub(crate) mod testing {
    //! Webs of steps that no control would write, for the properties of planning and execution.

    use toml::Table;

    use super::*;
    use indexmap::IndexMap;

    use crate::change::{AssetKind, Class, Effect};
    use crate::env::{Env, Run};
    use crate::location::{Location, Region};
    use crate::registry::{Name, Registry};
    use crate::want::Want;

    /// One made-up step: the cell it is in, and what it needs, provides, releases and removes, by number.
    #[derive(Clone, Debug)]
    pub(crate) struct Strand {
        pub(crate) after: Vec<usize>,
        pub(crate) needs: Vec<u8>,
        pub(crate) provides: Option<u8>,
        pub(crate) releases: Vec<u8>,
    }

    /// Made-up steps, cell by cell.
    #[derive(Clone, Debug)]
    pub(crate) struct Web(pub(crate) Vec<Vec<Strand>>);

    /// A cell whose control and wishes do not matter.
    pub(crate) fn cell(place: Location) -> Cell {
        Cell::new(&Want {
            control: Name::try_from("account").unwrap(),
            place,
            manage: None,
            table: Table::new(),
        })
    }

    pub(crate) fn asset(number: u8) -> Asset {
        AssetKind {
            control: "nobody",
            what: "thing",
        }
        .named(&Location::Account, number.to_string())
    }

    /// The real linking of a made-up web.
    pub(crate) fn linked(web: &Web) -> Result<Vec<Step>, PlanError> {
        let mut cells = vec![];
        let mut drafts = vec![];
        for (at, strands) in web.0.iter().enumerate() {
            let region: Region = format!("test-region-{at}").parse().unwrap();
            cells.push(cell(region.into()));
            for (local, strand) in strands.iter().enumerate() {
                let act = Act {
                    data: serde_json::Value::Null,
                    title: format!("step {local}"),
                };
                let mut draft = Draft::new(act, Effect::Add, Class::Safe);
                draft.after = strand.after.clone();
                draft.needs = strand.needs.iter().copied().map(asset).collect();
                draft.provides = strand.provides.into_iter().map(asset).collect();
                draft.releases = strand.releases.iter().copied().map(asset).collect();
                drafts.push((at, draft));
            }
        }
        link(
            &nothing_listed(),
            &cells,
            drafts,
            &BTreeSet::new(),
            &nothing_read(),
        )
    }

    pub(crate) fn nothing_listed() -> Controls {
        Registry::new(&[])
    }

    pub(crate) fn nothing_read() -> Survey {
        Survey {
            env: Env {
                account: "123456789012".into(),
                partition: "aws".into(),
                home: "us-east-1".parse().unwrap(),
                enabled: vec![],
                run: Run::default(),
            },
            cells: IndexMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::testing::{Strand, Web, asset, cell, linked, nothing_listed, nothing_read};
    use super::*;
    use crate::change::{Class, Effect};
    use crate::location::Location;

    fn strand(after: &[usize], needs: &[u8], provides: Option<u8>) -> Strand {
        Strand {
            after: after.to_vec(),
            needs: needs.to_vec(),
            provides,
            releases: vec![],
        }
    }

    fn lines(steps: &[Step]) -> Vec<String> {
        steps
            .iter()
            .map(|s| {
                let blocked = s
                    .blocked
                    .as_ref()
                    .map(|why| format!(" blocked: {why}"))
                    .unwrap_or_default();
                format!(
                    "{} {} {} after {:?}{blocked}",
                    s.number, s.place, s.title, s.after
                )
            })
            .collect()
    }

    #[test]
    fn a_need_becomes_an_edge_to_the_step_that_provides_it() {
        let web = Web(vec![
            vec![strand(&[], &[1], None)],
            vec![strand(&[], &[], Some(1))],
        ]);
        assert_eq!(
            lines(&linked(&web).unwrap()),
            [
                "1 test-region-1 step 0 after []",
                "2 test-region-0 step 0 after [1]"
            ]
        );
    }

    #[test]
    fn a_need_that_nothing_meets_blocks_the_step_and_what_waits_for_it_and_nothing_else() {
        let web = Web(vec![vec![
            strand(&[], &[9], None),
            strand(&[0], &[], None),
            strand(&[], &[], None),
        ]]);
        assert_eq!(
            lines(&linked(&web).unwrap()),
            [
                "1 test-region-0 step 0 after [] blocked: needs the thing `9` (nobody, account), \
                 which does not exist and is not planned",
                "2 test-region-0 step 1 after [1] blocked: waits for step 1, which is blocked",
                "3 test-region-0 step 2 after []",
            ]
        );
    }

    #[test]
    fn a_need_that_the_account_meets_costs_nothing() {
        let web = Web(vec![vec![strand(&[], &[], None)]]);
        let mut steps = linked(&web).unwrap();
        assert_eq!(steps.pop().unwrap().after, Vec::<usize>::new());
        let mut draft = Draft::new(
            Act {
                data: serde_json::Value::Null,
                title: "x".into(),
            },
            Effect::Add,
            Class::Safe,
        );
        draft.needs = vec![asset(3)];
        let cells = [cell(Location::Account)];
        let held = BTreeSet::from([asset(3)]);
        let steps = link(
            &nothing_listed(),
            &cells,
            vec![(0, draft)],
            &held,
            &nothing_read(),
        )
        .unwrap();
        assert_eq!(lines(&steps), ["1 account x after []"]);
    }

    #[test]
    fn what_is_only_awaited_blocks_nothing() {
        let step = |title: &str| {
            let title = title.into();
            let data = serde_json::Value::Null;
            Draft::new(Act { data, title }, Effect::Add, Class::Safe)
        };
        let mut awaits = step("awaits");
        awaits.waits_for = vec![asset(1), asset(2)];
        let mut provides = step("provides");
        provides.provides = vec![asset(1)];
        let drafts = vec![(0, awaits), (0, provides)];
        let steps = link(
            &nothing_listed(),
            &[cell(Location::Account)],
            drafts,
            &BTreeSet::new(),
            &nothing_read(),
        )
        .unwrap();
        assert_eq!(
            lines(&steps),
            ["1 account provides after []", "2 account awaits after [1]"]
        );
    }

    #[test]
    fn what_another_step_removes_cannot_be_needed() {
        let act = |title: &str| Act {
            data: serde_json::Value::Null,
            title: title.into(),
        };
        let mut needs = Draft::new(act("needs"), Effect::Add, Class::Safe);
        needs.needs = vec![asset(1)];
        let mut removes = Draft::new(act("removes"), Effect::Destroy, Class::Safe);
        removes.removes = vec![asset(1)];
        let mut releases = Draft::new(act("releases"), Effect::Change, Class::Safe);
        releases.releases = vec![asset(1)];
        let held = BTreeSet::from([asset(1)]);
        let drafts = vec![(0, removes), (0, needs), (0, releases)];
        let steps = link(
            &nothing_listed(),
            &[cell(Location::Account)],
            drafts,
            &held,
            &nothing_read(),
        )
        .unwrap();
        assert_eq!(
            lines(&steps),
            [
                "1 account needs after [] blocked: needs the thing `1` (nobody, account), which another step removes",
                "2 account releases after []",
                "3 account removes after [2]",
            ]
        );
    }

    #[test]
    fn two_makers_of_one_thing_must_be_ordered() {
        let unordered = Web(vec![vec![strand(&[], &[], Some(1)), strand(&[], &[], Some(1))]]);
        let error = linked(&unordered).unwrap_err().to_string();
        assert!(
            error.starts_with("nothing says which comes first of two steps"),
            "{error}"
        );
        let ordered = Web(vec![vec![strand(&[], &[], Some(1)), strand(&[0], &[], Some(1))]]);
        assert!(linked(&ordered).is_ok());
    }

    #[test]
    fn a_cycle_is_refused_and_named_alone() {
        let web = Web(vec![
            vec![strand(&[], &[1], Some(2))],
            vec![strand(&[], &[2], Some(1)), strand(&[0], &[], None)],
            vec![strand(&[], &[], None)],
        ]);
        let Err(PlanError::Cycle(steps)) = linked(&web) else {
            panic!("not refused")
        };
        let first = "account";
        let mut steps = steps;
        steps.sort();
        assert_eq!(
            steps,
            [
                format!("step 0 ({first}, test-region-0)"),
                format!("step 0 ({first}, test-region-1)")
            ]
        );
    }

    proptest! {
        #[test]
        fn any_graph_is_ordered_or_its_cycle_is_a_cycle(
            edges in proptest::collection::vec((0_usize..12, 0_usize..12), 0..30)
        ) {
            let mut after = vec![BTreeSet::new(); 12];
            for (from, to) in edges {
                after[to].insert(from);
            }
            match topological(&after) {
                Ok(order) => {
                    prop_assert_eq!(order.len(), after.len());
                    for (position, at) in order.iter().enumerate() {
                        for before in &after[*at] {
                            prop_assert!(order[..position].contains(before));
                        }
                    }
                }
                Err(cycle) => {
                    prop_assert!(!cycle.is_empty());
                    for (at, step) in cycle.iter().enumerate() {
                        let next = cycle[(at + 1) % cycle.len()];
                        prop_assert!(after[*step].contains(&next), "{:?} is no cycle", cycle);
                    }
                }
            }
        }
    }
}
