//! What of a live document a wanted one speaks of: what is not written is not managed.

use toml::{Table, Value};

use crate::values::bounded;

/// The live document without what the wanted one does not mention: the left side of the diff.
///
/// A thing that is absent has only its state to show.
pub fn mask(live: &Table, want: &Table) -> Table {
    if is_absent(live) {
        return live
            .iter()
            .filter(|(key, _)| *key == "state")
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
    }
    want.iter()
        .filter_map(|(key, wanted)| {
            let value = match (live.get(key)?, wanted) {
                (Value::Table(live), Value::Table(want)) => Value::Table(mask(live, want)),
                (other, _) => other.clone(),
            };
            Some((key.clone(), value))
        })
        .chain(
            // What is to go is there now: the diff must show both sides of that.
            (is_absent(want) && !live.contains_key("state"))
                .then(|| live.clone())
                .into_iter()
                .flatten(),
        )
        .collect()
}

/// The wanted document as the diff shows it beside the live one: without the keys whose live value stays, and with
/// plain values for bounds.
pub fn shown(want: &Table, kept: &[Vec<String>]) -> Table {
    let mut shown = plain(want);
    for path in kept {
        remove(&mut shown, path);
    }
    shown
}

fn plain(want: &Table) -> Table {
    let value = |value: &Value| match value {
        Value::Table(table) => bounded(table)
            .cloned()
            .unwrap_or_else(|| Value::Table(plain(table))),
        other => other.clone(),
    };
    want.iter()
        .map(|(key, wanted)| (key.clone(), value(wanted)))
        .collect()
}

/// Takes out what a path leads to, and the tables that are empty then.
fn remove(table: &mut Table, path: &[String]) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    if let (false, Some(Value::Table(inner))) = (rest.is_empty(), table.get_mut(first)) {
        remove(inner, rest);
        if !inner.is_empty() {
            return;
        }
    }
    table.remove(first);
}

/// True if the document says `state = "absent"`.
pub fn is_absent(table: &Table) -> bool {
    table.get("state").and_then(Value::as_str) == Some("absent")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        text.parse().unwrap()
    }

    #[test]
    fn the_diff_does_not_show_what_is_not_wanted() {
        let live = table("a = 1\nb = 2\nlist = [1]\n[deep]\nx = true\ny = true");
        let want = table("b = 3\nlist = []\nnew = 1\n[deep]\ny = false\nz = true");
        assert_eq!(mask(&live, &want), table("b = 2\nlist = [1]\n[deep]\ny = true"));
    }

    #[test]
    fn what_stays_is_not_shown_and_a_bound_is_shown_by_its_value() {
        let want = table("a = { exactly = 1 }\nb = 2\n[deep]\nx = 1\n[other]\nx = 1\ny = 2");
        let path = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        let kept = [
            path(&["b"]),
            path(&["deep", "x"]),
            path(&["other", "x"]),
            path(&["none"]),
        ];
        assert_eq!(shown(&want, &kept), table("a = 1\n[other]\ny = 2"));
    }

    #[test]
    fn an_absent_thing_shows_only_that_it_is_absent() {
        assert_eq!(
            mask(&table("state = \"absent\"\na = 1"), &table("a = 2")),
            table("state = \"absent\"")
        );
    }

    #[test]
    fn what_is_to_go_shows_what_is_there() {
        assert_eq!(
            mask(&table("a = 1"), &table("state = \"absent\"")),
            table("a = 1")
        );
        let present = table("state = \"present\"\na = 1");
        assert_eq!(
            mask(&present, &table("state = \"absent\"")),
            table("state = \"present\"")
        );
    }
}
