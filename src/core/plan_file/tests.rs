use super::*;
use crate::change::Class;
use crate::plan::testing::nothing_read;
use crate::plan::tests::planned;

/// A document as it comes back from its file.
fn saved(plan: &Plan) -> Document {
    let document = Document::new("b.toml", &nothing_read().env, &Filters::default(), plan);
    serde_json::from_str(&document.to_json().unwrap()).unwrap()
}

fn moves(old: &Plan, new: &Plan) -> Moves {
    Moves::between(&saved(old), &saved(new))
}

const WANT: &str = "front = 2\nback = 2";

#[test]
fn what_a_plan_explains_may_differ() {
    let old = planned(WANT, "front = 1\nback = 2");
    let mut new = old.clone();
    new.cells[0].notices.push("another house was built".to_owned());
    new.cells[0].attested.push("the key, by alice".to_owned());
    let mut document = saved(&new);
    document.baseline = "other.toml".to_owned();
    assert_eq!(Moves::between(&saved(&old), &document), Moves::default());
}

#[test]
fn steps_that_are_gone_or_new_are_named_with_what_moved_in_their_cell() {
    let old = planned(WANT, "front = 1\nback = 2");
    let new = planned(WANT, "front = 2\nback = 1");
    let moves = moves(&old, &new);
    assert_eq!(moves.gone, old.steps);
    assert_eq!(moves.new, new.steps);
    assert_eq!(moves.changed, []);
    assert_eq!(moves.cells[0].1, ["back: 2 → 1", "front: 1 → 2"]);
}

#[test]
fn a_step_that_is_done_otherwise_says_in_what() {
    let old = planned(WANT, "front = 1\nback = 1");
    let mut new = old.clone();
    new.steps[0].class = Class::Destructive;
    new.steps[0].risks.push("the paint".to_owned());
    new.steps[1].after.push(old.steps[0].number);
    let moves = moves(&old, &new);
    assert_eq!((moves.gone.len(), moves.new.len()), (0, 0));
    let what: Vec<&Vec<String>> = moves.changed.iter().map(|(_, what)| what).collect();
    assert_eq!(
        what,
        [
            &vec!["it was safe and is destructive", "a risk that is new: the paint"],
            &vec!["it waits for: put 2 locks on the back"],
        ]
    );
}

#[test]
fn the_number_of_a_step_is_no_promise() {
    let old = planned(WANT, "front = 1\nback = 1");
    let mut new = old.clone();
    new.steps.reverse();
    for (at, step) in new.steps.iter_mut().enumerate() {
        step.number = at + 1;
    }
    assert_eq!(moves(&old, &new), Moves::default());
}

#[test]
fn a_person_s_tasks_are_a_promise() {
    let (old, new) = (
        planned(WANT, "front = 2\nback = 2"),
        planned(WANT, "front = -3\nback = 2"),
    );
    assert_eq!(moves(&old, &new).tasks[0].1, ["find the key"]);
    assert_eq!(moves(&new, &old).done[0].1, ["find the key"]);
}

#[test]
fn what_a_service_said_in_its_own_words_is_in_no_file() {
    let plan = planned(WANT, "front = 2\nback = -1");
    let fault = plan.cells[0].fault.clone().unwrap();
    assert!(fault.in_full().contains("an explicit deny"));
    let text = Document::new("b.toml", &nothing_read().env, &Filters::default(), &plan)
        .to_json()
        .unwrap();
    assert!(
        !text.contains("explicit deny") && !text.contains("\"ids\""),
        "{text}"
    );
    assert_eq!(saved(&plan).cells[0].fault, Some(fault.lasting()));
}
