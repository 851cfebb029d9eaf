//! What differs: for each control a diff of live against wanted TOML, and the steps that make it true.

use similar::{ChangeTag, TextDiff};
use toml::{Table, Value};
use trueup_core::change::Effect;
use trueup_core::control::Controls;
use trueup_core::location::{Location, Region};
use trueup_core::plan::{Cell, Step, Verdict};
use trueup_core::plan_file::Document;
use trueup_core::projection;
use trueup_core::registry::{Entry, Name};

use super::{Style, outline, phrase};

/// Cells of one control that differ in the same way and are treated in the same way.
struct Alike<'a> {
    live: String,
    want: String,
    verdict: Verdict,
    places: Vec<(&'a Location, Vec<&'a Step>)>,
}

/// One part a control that differs, in the order of the list.
pub(super) fn text(controls: &Controls, doc: &Document, style: &Style) -> Vec<String> {
    let mut has_letters = false;
    let mut parts: Vec<String> = vec![];
    for Entry { name, control } in controls.iter() {
        let groups = alike(doc, name);
        let title = format!("({})", control.doc().title);
        let shown: Vec<String> = groups
            .iter()
            .map(|group| {
                let (text, letters) = one(group, &doc.account.enabled, style);
                has_letters |= letters;
                text
            })
            .collect();
        if !shown.is_empty() {
            parts.push(format!(
                "{} {}\n{}",
                style.bold(name.as_str()),
                style.dim(&title),
                shown.join("\n")
            ));
        }
    }
    if has_letters {
        let hint = "A letter is a step that each region of its table has, under those numbers. `--region` with one \
                    region, or `--json`, shows every step in full.";
        parts.push(phrase::wrap(hint, "", "", style));
    }
    parts
}

fn alike<'a>(doc: &'a Document, control: &Name) -> Vec<Alike<'a>> {
    let mut groups: Vec<Alike<'_>> = vec![];
    for cell in doc.cells.iter().filter(|cell| cell.control == *control) {
        let steps: Vec<&Step> = doc
            .steps
            .iter()
            .filter(|step| step.control == *control && step.place == cell.place)
            .collect();
        let Some((live, want)) = sides(cell).filter(|(live, want)| {
            // A stricter live value stays, so it does not differ.
            (live != want && cell.verdict != Verdict::InSync) || !steps.is_empty()
        }) else {
            continue;
        };
        let entry = (&cell.place, steps);
        match groups
            .iter_mut()
            .find(|group| group.live == live && group.want == want && group.verdict == cell.verdict)
        {
            Some(group) => group.places.push(entry),
            None => groups.push(Alike {
                live,
                want,
                verdict: cell.verdict,
                places: vec![entry],
            }),
        }
    }
    groups
}

/// Both sides of a cell's diff as the file would write them, if the cell differs and is shown.
fn sides(cell: &Cell) -> Option<(String, String)> {
    let shown = matches!(
        cell.verdict,
        Verdict::Change | Verdict::Reported | Verdict::Blocked | Verdict::NeedsPerson
    );
    let seen = cell.seen.as_ref().filter(|_| shown)?;
    let want = projection::shown(&cell.want, &cell.kept);
    let live = projection::mask(&seen.model, &want);
    Some((written(&cell.control, live), written(&cell.control, want)))
}

fn written(control: &Name, table: Table) -> String {
    let mut file = Table::new();
    file.insert(control.to_string(), Value::Table(table));
    toml::to_string_pretty(&file).unwrap_or_else(|_| file.to_string())
}

/// The diff and the steps, and whether some of the steps are behind letters.
fn one(group: &Alike<'_>, enabled: &[Region], style: &Style) -> (String, bool) {
    let steps = outline::show(&group.places, enabled, style);
    let places = group.places.iter().map(|(place, _)| *place);
    let mut text = String::new();
    if places.clone().any(|place| place.region().is_some()) {
        let at = if steps.names_places {
            phrase::count_places(places, enabled)
        } else {
            phrase::places(places, enabled)
        };
        text.push_str(&phrase::wrap(at.trim_start(), "  ", "    ", style));
    }
    text.push_str(&diff(&group.live, &group.want, style));
    match group.verdict {
        Verdict::Reported => text.push_str("  reported only: nothing is changed\n"),
        Verdict::Blocked => text.push_str(&format!("  {}, see below\n", style.warning("blocked"))),
        Verdict::NeedsPerson => text.push_str("  only a person can change this, see below\n"),
        _ => {}
    }
    if !steps.text.is_empty() {
        text.push('\n');
        text.push_str(&steps.text);
    }
    (text, steps.has_letters)
}

/// A unified diff of a few lines of context, without the positions: the tables are short.
fn diff(live: &str, want: &str, style: &Style) -> String {
    const CONTEXT: usize = 2;
    let mut text = String::new();
    let diff = TextDiff::from_lines(live, want);
    for (at, hunk) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if at > 0 {
            text.push_str("      …\n");
        }
        for change in hunk.iter().flat_map(|op| diff.iter_changes(op)) {
            let line = change.value().trim_end();
            let (sign, effect) = match change.tag() {
                ChangeTag::Equal => (' ', None),
                ChangeTag::Delete => ('-', Some(Effect::Destroy)),
                ChangeTag::Insert => ('+', Some(Effect::Add)),
            };
            let line = format!("{sign} {line}");
            let line = line.trim_end();
            let line = effect.map_or_else(|| line.to_owned(), |effect| style.effect(effect, line));
            text.push_str(format!("    {line}").trim_end());
            text.push('\n');
        }
        // An empty line between tables is no context where nothing follows.
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}
