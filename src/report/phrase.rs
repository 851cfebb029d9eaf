//! Small pieces of sentences: counts, ranges of numbers, lists of regions, wrapped lines.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use textwrap::{Options, WordSplitter};
use trueup_core::location::{Location, Region};
use trueup_core::plan_file::Document;
use trueup_core::registry::Name;

use super::Style;

/// `1 step`, `2 steps`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// `1–3, 5`, from ascending numbers.
pub(super) fn numbers(numbers: &[usize]) -> String {
    let mut runs: Vec<(usize, usize)> = vec![];
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => runs.push((*number, *number)),
        }
    }
    let runs: Vec<String> = runs
        .into_iter()
        .map(|(first, last)| match last - first {
            0 => first.to_string(),
            1 => format!("{first}, {last}"),
            _ => format!("{first}–{last}"),
        })
        .collect();
    runs.join(", ")
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list<T: AsRef<str>>(parts: &[T]) -> String {
    let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
    match parts.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// Regions in as few words as still name every one of them, against the enabled ones.
pub(super) fn regions(regions: &[&Region], enabled: &[Region]) -> String {
    const FEW: usize = 4;
    let names: Vec<&str> = regions.iter().map(|region| region.as_str()).collect();
    if names.len() <= FEW {
        return list(&names);
    }
    let others: Vec<&str> = enabled
        .iter()
        .filter(|region| !regions.contains(region))
        .map(Region::as_str)
        .collect();
    let only_enabled = regions.iter().all(|region| enabled.contains(region));
    match others.len() {
        0 if only_enabled => format!("all {} regions", names.len()),
        1..=FEW if only_enabled => format!("{} regions (all but {})", names.len(), list(&others)),
        _ => format!("{} regions ({})", names.len(), names.join(", ")),
    }
}

/// Where something is: ` in …` after a control's name, nothing for the account.
pub(super) fn places<'a>(places: impl IntoIterator<Item = &'a Location>, enabled: &[Region]) -> String {
    let found = places_in(places);
    if found.is_empty() {
        String::new()
    } else {
        format!(" in {}", regions(&found, enabled))
    }
}

/// The regions among the places, each once, sorted.
fn places_in<'a>(places: impl IntoIterator<Item = &'a Location>) -> Vec<&'a Region> {
    let regions: BTreeSet<&Region> = places.into_iter().filter_map(Location::region).collect();
    regions.into_iter().collect()
}

/// Where something is, without the names of many regions: for texts that list them anyway.
pub(super) fn count_places<'a>(places: impl IntoIterator<Item = &'a Location>, enabled: &[Region]) -> String {
    let at = places_in(places);
    let named = regions(&at, enabled);
    match named.split_once(" (") {
        Some((number, names)) if !names.starts_with("all but") => format!(" in {number}"),
        _ => format!(" in {named}"),
    }
}

/// Breaks a text into lines at spaces, the first one after `first`, the others after `rest`.
pub(super) fn wrap(text: &str, first: &str, rest: &str, style: &Style) -> String {
    let options = Options::new(style.width)
        .initial_indent(first)
        .subsequent_indent(rest)
        // Names and ids must stay whole, so that they can be searched and copied.
        .word_splitter(WordSplitter::NoHyphenation)
        .break_words(false);
    let mut lines = String::new();
    for paragraph in text.lines() {
        let options = if lines.is_empty() {
            options.clone()
        } else {
            options.clone().initial_indent(rest)
        };
        for line in textwrap::wrap(paragraph, options) {
            lines.push_str(line.trim_end());
            lines.push('\n');
        }
    }
    lines
}

/// Columns of text with two spaces between them; those named in `right` are aligned to the right.
pub(super) fn table(rows: &[Vec<String>], indent: &str, right: &[usize]) -> String {
    let mut widths: Vec<usize> = vec![];
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            let width = textwrap::core::display_width(cell);
            match widths.get_mut(column) {
                Some(widest) => *widest = width.max(*widest),
                None => widths.push(width),
            }
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = indent.to_owned();
        for (column, cell) in row.iter().enumerate() {
            let space = " ".repeat(widths[column] - textwrap::core::display_width(cell));
            if column > 0 {
                line.push_str("  ");
            }
            if right.contains(&column) {
                line.push_str(&space);
                line.push_str(cell);
            } else {
                line.push_str(cell);
                line.push_str(&space);
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A title or message with everything that belongs to one place alone taken out, and what was taken out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pattern {
    /// The text with `…` for identifiers, for the region's name and for its zones.
    pub(super) text: String,
    /// The identifiers.
    pub(super) ids: Vec<String>,
}

/// What several places' texts have in common: identifiers, the region and its zones become `…`.
pub(super) fn pattern(text: &str, place: &Location) -> Pattern {
    let mut pattern = Pattern {
        text: String::new(),
        ids: vec![],
    };
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| inside(c) != inside(first)).unwrap_or(rest.len());
        let (token, after) = rest.split_at(end);
        rest = after;
        if let Some(prefix) = id_prefix(token) {
            pattern.text.push_str(prefix);
            pattern.text.push('…');
            pattern.ids.push(token.to_owned());
        } else if place.region().is_some_and(|region| is_in(token, region)) {
            pattern.text.push('…');
        } else {
            pattern.text.push_str(token);
        }
    }
    pattern
}

/// The part of an AWS identifier that tells its kind: `vpc-` of `vpc-0a1b2c3d`, nothing of 32 hexadecimal digits.
fn id_prefix(token: &str) -> Option<&str> {
    let digits = token.rfind('-').map_or(0, |dash| dash + 1);
    let (prefix, id) = token.split_at(digits);
    let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let long_enough = if prefix.is_empty() {
        id.len() == 32
    } else {
        matches!(id.len(), 8 | 17)
    };
    (long_enough && id.chars().all(is_hex)).then_some(prefix)
}

/// True for the region's name and for those of its availability zones.
fn is_in(token: &str, region: &Region) -> bool {
    token.strip_prefix(region.as_str()).is_some_and(|zone| {
        zone.is_empty() || (zone.len() == 1 && zone.chars().all(|c| c.is_ascii_lowercase()))
    })
}

/// Things of several controls and places, named in few words: `default_vpc and guardduty in us-east-1`.
pub(super) fn cells<'a>(cells: impl IntoIterator<Item = (&'a Name, &'a Location)>, doc: &Document) -> String {
    let mut of_control: IndexMap<&Name, Vec<&Location>> = IndexMap::new();
    for (control, place) in cells {
        of_control.entry(control).or_default().push(place);
    }
    of_control.sort_by_cached_key(|control, _| doc.rank(control));
    let mut at: Vec<(Vec<&Location>, Vec<&str>)> = vec![];
    for (control, places) in of_control {
        match at.iter_mut().find(|(same, _)| *same == places) {
            Some((_, controls)) => controls.push(control.as_str()),
            None => at.push((places, vec![control.as_str()])),
        }
    }
    let parts: Vec<String> = at
        .into_iter()
        .map(|(at, controls)| format!("{}{}", list(&controls), places(at, &doc.account.enabled)))
        .collect();
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{REGIONS, region};
    use super::*;

    #[test]
    fn runs_of_numbers_are_short() {
        assert_eq!(numbers(&[1, 2, 3, 5, 7, 8]), "1–3, 5, 7, 8");
    }

    #[test]
    fn every_region_can_be_told_from_the_words() {
        let all: Vec<Region> = REGIONS.iter().map(|name| region(name)).collect();
        let some = |from: usize, to: usize| regions(&all[from..to].iter().collect::<Vec<_>>(), &all);
        assert_eq!(some(0, 2), "ap-northeast-1 and ap-northeast-2");
        assert_eq!(some(0, 17), "all 17 regions");
        assert_eq!(some(1, 17), "16 regions (all but ap-northeast-1)");
        assert_eq!(
            some(0, 5),
            "5 regions (ap-northeast-1, ap-northeast-2, ap-northeast-3, ap-south-1, ap-southeast-1)"
        );
        let foreign = region("me-south-1");
        let with_foreign: Vec<&Region> = all[..16].iter().chain([&foreign]).collect();
        assert!(regions(&with_foreign, &all).contains("me-south-1"));
    }

    #[test]
    fn what_belongs_to_one_region_alone_is_taken_out() {
        let place = Location::Region(region("us-east-1"));
        let pattern = pattern(
            "delete subnet subnet-0123456789abcdef0 (us-east-1a) of arn:aws:x:us-east-1:123456789012:y in eu-west-1",
            &place,
        );
        assert_eq!(
            pattern.text,
            "delete subnet subnet-… (…) of arn:aws:x:…:123456789012:y in eu-west-1"
        );
        assert_eq!(pattern.ids, ["subnet-0123456789abcdef0"]);
    }

    #[test]
    fn words_with_dashes_are_no_identifiers() {
        let text = "set read-only defaults for multi-feedbeef0 and the 0.0.0.0/0 route";
        assert_eq!(pattern(text, &Location::Account).text, text);
    }

    #[test]
    fn long_words_stay_whole() {
        let arn = format!("arn:aws:iam::123456789012:role/{}", "x".repeat(90));
        assert!(wrap(&format!("denied for {arn}"), "  ", "    ", &Style::PLAIN).contains(&arn));
    }
}
