//! Laying one table over another without losing where each value was written.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::source::Span;
use crate::values::is_bound_key;

/// A table with every span moved by an offset.
pub(super) fn shifted(table: DeTable<'_>, by: usize) -> DeTable<'_> {
    table
        .into_iter()
        .map(|(key, value)| (moved(key, by), shifted_value(value, by)))
        .collect()
}

fn shifted_value(value: Spanned<DeValue<'_>>, by: usize) -> Spanned<DeValue<'_>> {
    let span = value.span();
    let inner = match value.into_inner() {
        DeValue::Table(table) => DeValue::Table(shifted(table, by)),
        DeValue::Array(array) => {
            DeValue::Array(array.into_iter().map(|item| shifted_value(item, by)).collect())
        }
        plain => plain,
    };
    moved(Spanned::new(span, inner), by)
}

fn moved<T>(value: Spanned<T>, by: usize) -> Spanned<T> {
    let span = value.span();
    Spanned::new(span.start + by..span.end + by, value.into_inner())
}

/// Lays a table over another: tables merge key by key, anything else replaces, bounds such as `{ exactly = 14 }` too.
///
/// `state = "absent"` wipes the slate: it discards every other key of its table, those beneath it and those
/// beside it, but for the one that says how to remove. What else is written over an absent table means that the thing
/// is present again, so it starts from nothing. A table without a key changes nothing.
pub(super) fn lay<'a>(base: &mut DeTable<'a>, over: &DeTable<'a>) {
    if over.is_empty() {
        return;
    }
    if is_absent(over) {
        let below = base
            .get_key_value(FOR_REMOVAL)
            .filter(|_| !over.contains_key(FOR_REMOVAL));
        let written = ["state", FOR_REMOVAL].map(|name| over.get_key_value(name));
        let kept: Vec<_> = written
            .into_iter()
            .chain([below])
            .flatten()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        base.clear();
        base.extend(kept);
        return;
    }
    if is_absent(base) && over.keys().any(|key| key.get_ref() != FOR_REMOVAL) {
        base.clear();
    }
    for (key, value) in over.iter() {
        let below = base.remove(key.get_ref().as_ref());
        let merged = match value.get_ref() {
            DeValue::Table(over) if !is_bound(over) => {
                let mut table = match below.map(Spanned::into_inner) {
                    Some(DeValue::Table(table)) if !is_bound(&table) => table,
                    _ => DeTable::new(),
                };
                lay(&mut table, over);
                Spanned::new(value.span(), DeValue::Table(table))
            }
            _ => value.clone(),
        };
        base.insert(key.clone(), merged);
    }
}

/// The key that says how to remove what is absent, and so stands beside `state = "absent"`.
const FOR_REMOVAL: &str = "ignore_tags";

/// True for `{ exactly = X }` and the like: one value, although it is written as a table.
fn is_bound(table: &DeTable<'_>) -> bool {
    table.len() == 1 && table.keys().all(|key| is_bound_key(key.get_ref()))
}

fn is_absent(table: &DeTable<'_>) -> bool {
    table
        .get("state")
        .and_then(|state| state.get_ref().as_str())
        .is_some_and(|state| state == "absent")
}

/// Takes out the entry that a span points to, its key or its value, and gives its path.
pub(super) fn cut(table: &mut DeTable<'_>, span: &Span) -> Option<Vec<String>> {
    let mut culprit = None;
    for (key, value) in table.iter_mut() {
        let name = key.get_ref().to_string();
        if key.span() == *span {
            culprit = Some(name);
            break;
        }
        // What is wrong in a bound leaves nothing of it.
        if let DeValue::Table(inner) = value.get_mut()
            && !is_bound(inner)
            && let Some(mut path) = cut(inner, span)
        {
            path.insert(0, name);
            return Some(path);
        }
        let outer = value.span();
        if outer.start <= span.start && span.end <= outer.end {
            culprit = Some(name);
            break;
        }
    }
    let name = culprit?;
    table.remove(name.as_str());
    Some(vec![name])
}

/// Where the value of a key was written; the key may lead into tables, `features.s3_data_events`.
pub(super) fn span_of(table: &DeTable<'_>, key: &str) -> Option<Span> {
    let (first, rest) = match key.split_once('.') {
        Some((first, rest)) => (first, Some(rest)),
        None => (key, None),
    };
    let value = table.get(first)?;
    match (rest, value.get_ref()) {
        (None, _) => Some(value.span()),
        (Some(rest), DeValue::Table(inner)) => span_of(inner, rest),
        (Some(_), _) => Some(value.span()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The documents laid over each other in order, as TOML.
    fn layers(texts: &[&str]) -> String {
        let mut base = DeTable::new();
        for text in texts {
            lay(&mut base, &DeTable::parse(text).unwrap().into_inner());
        }
        let table: toml::Table =
            serde::Deserialize::deserialize(toml::de::Deserializer::from(Spanned::new(0..0, base))).unwrap();
        toml::to_string(&table).unwrap()
    }

    #[test]
    fn later_wins_and_what_it_does_not_name_stays() {
        assert_eq!(layers(&["a = 1\nb = 2", "b = 3\nc = 4"]), "a = 1\nb = 3\nc = 4\n");
    }

    #[test]
    fn tables_merge_key_by_key_and_named_tables_unite() {
        assert_eq!(
            layers(&["[one]\na = 1\nb = 2", "[one]\nb = 3\n[two]\nc = 4"]),
            "[one]\na = 1\nb = 3\n\n[two]\nc = 4\n"
        );
    }

    #[test]
    fn lists_and_scalars_replace_also_where_a_table_was() {
        assert_eq!(layers(&["list = [1, 2]", "list = [3]"]), "list = [3]\n");
        assert_eq!(layers(&["x = { a = 1 }", "x = true"]), "x = true\n");
        assert_eq!(layers(&["x = true", "x = { a = 1 }"]), "[x]\na = 1\n");
    }

    #[test]
    fn how_to_remove_is_kept_beside_absent() {
        let absent = "[vpc]\nstate = \"absent\"\nignore_tags = [\"Name\"]\n";
        let plain = "[vpc]\nstate = \"absent\"\n";
        let tags = "[vpc]\nignore_tags = [\"Name\"]\n";
        for texts in [&[absent][..], &[absent, plain], &[plain, tags], &[tags, plain]] {
            let table: toml::Table = layers(texts).parse().unwrap();
            assert_eq!(table, absent.parse().unwrap(), "{texts:?}");
        }
    }

    #[test]
    fn bounds_replace_and_are_replaced_as_a_whole() {
        assert_eq!(
            layers(&["x = { exactly = 8 }", "x = { at_most = 9 }"]),
            "[x]\nat_most = 9\n"
        );
        assert_eq!(layers(&["x = 14", "x = { exactly = 8 }"]), "[x]\nexactly = 8\n");
        assert_eq!(layers(&["x = { exactly = 8 }", "x = 14"]), "x = 14\n");
    }

    #[test]
    fn absent_discards_what_was_written_before_and_beside_it() {
        assert_eq!(
            layers(&["a = 1", "state = \"absent\"\nb = 2"]),
            "state = \"absent\"\n"
        );
        assert_eq!(
            layers(&["[x.y]\na = 1", "[x.y]\nstate = \"absent\""]),
            "[x.y]\nstate = \"absent\"\n"
        );
        assert_eq!(
            layers(&["[x]\nstate = \"absent\"\na = 1"]),
            "[x]\nstate = \"absent\"\n"
        );
    }

    #[test]
    fn what_is_written_over_an_absent_table_is_present_again_and_starts_from_nothing() {
        assert_eq!(layers(&["a = 1", "state = \"absent\"", "b = 2"]), "b = 2\n");
        assert_eq!(
            layers(&["a = 1", "state = \"absent\"", "state = \"present\""]),
            "state = \"present\"\n"
        );
    }

    #[test]
    fn a_table_without_a_key_leaves_an_absent_one_absent() {
        assert_eq!(layers(&["state = \"absent\"", ""]), "state = \"absent\"\n");
    }

    #[test]
    fn the_last_one_that_wrote_a_value_is_who_answers_for_it() {
        let mut base = DeTable::parse("a = 1\n[t]\nb = 2").unwrap().into_inner();
        let over = shifted(DeTable::parse("[t]\nb = 3").unwrap().into_inner(), 100);
        lay(&mut base, &over);
        assert_eq!(span_of(&base, "a"), Some(4..5));
        assert_eq!(span_of(&base, "t.b"), Some(108..109));
        assert_eq!(span_of(&base, "t.c"), None);
    }

    #[test]
    fn cutting_takes_out_the_entry_that_is_meant_and_nothing_else() {
        let text = "a = 1\nlist = [1, 2]\n[t]\nb = 2\nc = 3\nd = { exactly = 4 }\n";
        let cut_at = |what: &str| {
            let mut table = DeTable::parse(text).unwrap().into_inner();
            let at = text.find(what).unwrap();
            let path = cut(&mut table, &(at..at + what.len()));
            (path.map(|path| path.join(".")), table.len())
        };
        assert_eq!(cut_at("a"), (Some("a".to_owned()), 2));
        assert_eq!(cut_at("1\nlist"), (None, 3));
        assert_eq!(cut_at("[1, 2]"), (Some("list".to_owned()), 2));
        assert_eq!(cut_at("c"), (Some("t.c".to_owned()), 3));
        assert_eq!(cut_at("3"), (Some("t.c".to_owned()), 3));
        assert_eq!(cut_at("4"), (Some("t.d".to_owned()), 3));
    }
}
