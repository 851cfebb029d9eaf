//! Controls × regions, one character a cell.

use trueup_core::change::Effect;
use trueup_core::location::{Location, Region};
use trueup_core::plan::{Cell, Verdict};
use trueup_core::plan_file::Document;
use trueup_core::registry::Name;

use super::style::sign;
use super::{Style, phrase};

/// The matrix with its legend. Regions that do not fit beside each other go into further blocks.
pub(super) fn text(doc: &Document, style: &Style) -> String {
    let mut controls: Vec<&Name> = doc.cells.iter().map(|cell| &cell.control).collect();
    controls.dedup();
    let mut regions: Vec<&Region> = doc.cells.iter().filter_map(|cell| cell.place.region()).collect();
    regions.sort_unstable();
    regions.dedup();
    let of_account = doc.cells.iter().any(|cell| cell.place == Location::Account);
    let label = controls
        .iter()
        .map(|name| name.as_str().len())
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    let account = if of_account { ACCOUNT.len() + 2 } else { 0 };
    let room = style.width.saturating_sub(label + 2);
    let mut blocks = blocks(&regions, room.saturating_sub(account), room);
    if blocks.is_empty() {
        blocks.push(vec![]);
    }
    for (at, block) in blocks.iter().enumerate() {
        let with_account = of_account && at == 0;
        let shown: Vec<&Name> = controls
            .iter()
            .copied()
            .filter(|id| {
                let is_shown = |cell: &Cell| match cell.place.region() {
                    None => with_account,
                    Some(region) => block.iter().any(|geography| geography.regions.contains(&region)),
                };
                doc.cells
                    .iter()
                    .any(|cell| cell.control == **id && is_shown(cell))
            })
            .collect();
        if at > 0 {
            text.push('\n');
        }
        text.push_str(&heads(block, label, with_account));
        for id in shown {
            text.push_str(&row(doc, id, block, label, with_account, style));
        }
    }
    text.push('\n');
    text.push_str(&legend(doc, style));
    text
}

const ACCOUNT: &str = "account";
const HEAD_LINES: usize = 3;

/// Regions beside each other that share the first part of their names.
struct Geography<'a> {
    name: String,
    regions: Vec<&'a Region>,
}

impl Geography<'_> {
    fn width(&self) -> usize {
        self.name.len().max(self.regions.len() * 2 - 1)
    }
}

/// Splits the regions' names into what stands over the group, `ap`, and what over the column, `ne` and `1`.
fn split(region: &Region) -> (&str, String, &str) {
    let name = region.as_str();
    let (rest, number) = name.rsplit_once('-').unwrap_or((name, ""));
    let (geography, direction) = rest.rsplit_once('-').unwrap_or((rest, ""));
    // As AWS people write it: northeast is ne, central is c.
    let short = match direction {
        "northeast" => "ne",
        "northwest" => "nw",
        "southeast" => "se",
        "southwest" => "sw",
        other => other.get(..1).unwrap_or_default(),
    };
    (geography, short.to_owned(), number)
}

/// The regions by geography, in as many blocks as the width asks for.
fn blocks<'a>(regions: &[&'a Region], first: usize, others: usize) -> Vec<Vec<Geography<'a>>> {
    let mut blocks: Vec<Vec<Geography<'a>>> = vec![];
    let mut left = 0;
    for region in regions {
        let (name, ..) = split(region);
        let known = blocks
            .last_mut()
            .and_then(|block| block.last_mut())
            .filter(|geography| geography.name == name);
        if let Some(geography) = known {
            let before = geography.width();
            let more = (geography.regions.len() * 2 + 1).max(geography.name.len()) - before;
            if more <= left {
                left -= more;
                geography.regions.push(region);
                continue;
            }
        }
        let geography = Geography {
            name: name.to_owned(),
            regions: vec![region],
        };
        let width = geography.width() + 2;
        match blocks.last_mut() {
            Some(block) if width <= left => {
                left -= width;
                block.push(geography);
            }
            _ => {
                let room = if blocks.is_empty() { first } else { others };
                left = room.saturating_sub(width);
                blocks.push(vec![geography]);
            }
        }
    }
    blocks
}

/// The heads of the columns: the geography, the direction downwards, the number.
fn heads(block: &[Geography<'_>], label: usize, with_account: bool) -> String {
    let mut lines = vec![format!("{:label$}", ""); HEAD_LINES + 1];
    if with_account {
        for (at, line) in lines.iter_mut().enumerate() {
            let head = if at == HEAD_LINES { ACCOUNT } else { "" };
            line.push_str(&format!("  {head:7}"));
        }
    }
    for geography in block {
        let width = geography.width();
        lines[0].push_str(&format!("  {:width$}", geography.name));
        for (at, line) in lines.iter_mut().enumerate().skip(1) {
            let column: Vec<String> = geography
                .regions
                .iter()
                .map(|region| {
                    let (_, direction, number) = split(region);
                    let direction = format!("{direction:2}");
                    let letters = direction.chars().chain(number.chars());
                    letters.skip(at - 1).take(1).collect()
                })
                .collect();
            line.push_str(&format!("  {:width$}", column.join(" ")));
        }
    }
    // Where all directions have one letter, their second line is empty.
    lines.retain(|line| !line.trim().is_empty());
    lines
        .iter()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

fn row(
    doc: &Document,
    id: &Name,
    block: &[Geography<'_>],
    label: usize,
    with_account: bool,
    style: &Style,
) -> String {
    let cell = |place: &Location| {
        let found = doc
            .cells
            .iter()
            .find(|cell| cell.control == *id && cell.place == *place);
        found.map_or_else(
            || " ".to_owned(),
            |cell| painted(cell.verdict, character(doc, cell), style),
        )
    };
    let mut line = format!("{id:label$}");
    if with_account {
        line.push_str(&format!("  {}      ", cell(&Location::Account)));
    }
    for geography in block {
        let cells: Vec<String> = geography
            .regions
            .iter()
            .map(|region| cell(&Location::Region((*region).clone())))
            .collect();
        let space = geography.width() - (geography.regions.len() * 2 - 1);
        line.push_str(&format!("  {}{}", cells.join(" "), " ".repeat(space)));
    }
    format!("{}\n", line.trim_end())
}

/// A cell's character. A change has the sign of what its steps do: `-` as soon as one of them destroys.
fn character(doc: &Document, cell: &Cell) -> char {
    match cell.verdict {
        Verdict::InSync => '.',
        Verdict::Change => sign(change(doc, cell)),
        Verdict::Reported => 'r',
        Verdict::Blocked => '!',
        Verdict::NeedsPerson => 'p',
        Verdict::Attested => 'a',
        Verdict::Unmanaged => 'u',
        Verdict::NotAvailable => 'x',
        Verdict::NotEnabled => 'o',
        Verdict::Denied => 'd',
        Verdict::ManagedElsewhere => 'm',
        Verdict::Unread => '?',
    }
}

fn change(doc: &Document, cell: &Cell) -> Effect {
    let mut effects: Vec<Effect> = doc
        .steps
        .iter()
        .filter(|step| step.control == cell.control && step.place == cell.place)
        .map(|step| step.effect)
        .collect();
    effects.sort_unstable();
    effects.dedup();
    match effects.as_slice() {
        [Effect::Add] => Effect::Add,
        [.., Effect::Destroy] => Effect::Destroy,
        _ => Effect::Change,
    }
}

fn painted(verdict: Verdict, character: char, style: &Style) -> String {
    let text = character.to_string();
    match (verdict, character) {
        (Verdict::InSync | Verdict::Attested | Verdict::NotAvailable | Verdict::Unmanaged, _) => {
            style.dim(&text)
        }
        (_, '+') => style.effect(Effect::Add, &text),
        (_, '-') => style.effect(Effect::Destroy, &text),
        (Verdict::Blocked | Verdict::Unread, _) => style.error(&text),
        _ => style.warning(&text),
    }
}

/// What the characters mean: those that occur, in the order of the verdicts.
fn legend(doc: &Document, style: &Style) -> String {
    let mut entries: Vec<(Verdict, char)> = vec![];
    for cell in &doc.cells {
        let entry = (cell.verdict, character(doc, cell));
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    entries.sort_unstable_by_key(|(verdict, character)| {
        // The signs in their usual order: + ~ -
        (
            *verdict,
            ['+', '~', '-'].iter().position(|sign| sign == character),
        )
    });
    let entries: Vec<String> = entries
        .into_iter()
        .map(|(verdict, character)| {
            let words = match (verdict, character) {
                (Verdict::Change, '+') => "adds",
                (Verdict::Change, '-') => "destroys",
                (Verdict::Change, _) => "changes",
                (verdict, _) => verdict.words(),
            };
            // Joined by what no wrapping breaks, so that no entry is torn apart.
            format!("{} {words}", painted(verdict, character, style)).replace(' ', "\u{a0}")
        })
        .collect();
    phrase::wrap(&entries.join("   "), "", "", style).replace('\u{a0}', " ")
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{self, REGIONS};
    use super::*;

    fn heads_of(names: &[&str], width: usize) -> String {
        let regions: Vec<Region> = names.iter().map(|name| fixtures::region(name)).collect();
        let regions: Vec<&Region> = regions.iter().collect();
        let blocks = blocks(&regions, width, width);
        blocks.iter().map(|block| heads(block, 4, false)).collect()
    }

    #[test]
    fn a_column_is_named_by_geography_direction_and_number() {
        insta::assert_snapshot!(heads_of(&REGIONS, 60), @r"
        ap           ca  eu         sa  us
        n n n s s s  c   c n w w w  e   e e w w
        e e e   e e
        1 2 3 1 1 2  1   1 1 1 2 3  1   1 2 1 2
        ");
    }

    #[test]
    fn other_partitions_have_longer_geographies() {
        insta::assert_snapshot!(
            heads_of(&["cn-north-1", "cn-northwest-1", "us-gov-east-1", "us-gov-west-1"], 60),
            @r"
        cn   us-gov
        n n  e w
          w
        1 1  1 1
        "
        );
    }

    #[test]
    fn regions_that_do_not_fit_go_into_another_block() {
        let text = heads_of(&REGIONS, 20);
        assert!(text.lines().all(|line| line.len() <= 24), "{text}");
        insta::assert_snapshot!(text, @r"
        ap           ca
        n n n s s s  c
        e e e   e e
        1 2 3 1 1 2  1
        eu         sa  us
        c n w w w  e   e e
        1 1 1 2 3  1   1 2
        us
        w w
        1 2
        ");
    }

    #[test]
    fn no_two_verdicts_share_a_character() {
        let doc = fixtures::busy();
        let mut cell = doc.cells[0].clone();
        let mut characters: Vec<char> = Verdict::ALL
            .into_iter()
            .map(|verdict| {
                cell.verdict = verdict;
                character(&doc, &cell)
            })
            .collect();
        characters.sort_unstable();
        characters.dedup();
        assert_eq!(characters.len(), Verdict::ALL.len());
    }
}
