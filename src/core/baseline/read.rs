//! From the bare tables of one file to typed ones, with everything that is wrong in them.
//!
//! Each written table is typed by itself, before merging: every field of a model is optional, and so a wrong
//! value is told once, in the file that it stands in, even where another file replaces it.

use std::collections::HashSet;
use std::fmt;

use jiff::civil::Date;
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue, Error, ValueDeserializer};

use super::common::{self, Common};
use super::merge::cut;
use super::regions::{AccountRegions, ControlRegions};
use super::source::{Finding, Findings, Span};
use crate::control::{AnyControl, Controls};
use crate::location::{Region, Scope};
use crate::registry::{Entry, Name, nearest};
use crate::want::Manage;

/// A control's table as one file has it.
#[derive(Debug)]
pub(super) struct Written<'a> {
    /// The control.
    pub(super) control: Name,
    /// The region of an override.
    pub(super) region: Option<Spanned<Region>>,
    /// Where its name stands.
    pub(super) header: Span,
    /// What it says about writing.
    pub(super) manage: Option<Manage>,
    /// What it says about where.
    pub(super) regions: Option<ControlRegions>,
    /// Its own keys, those that are wrong taken out.
    pub(super) table: DeTable<'a>,
    /// False if something was taken out: what is missing then proves nothing.
    pub(super) whole: bool,
}

/// The table `[account]`, as one file has it or merged.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountTable {
    /// The account's id.
    pub(super) id: Option<AccountId>,
    /// Where account-wide things live that need a region.
    pub(super) home_region: Option<Spanned<Region>>,
    /// Which regions are looked at.
    pub(super) regions: Option<AccountRegions>,
    /// Which of them are not.
    pub(super) exclude_regions: Option<Vec<Spanned<Region>>>,
}

impl AccountTable {
    /// Lays a later table over this one: key by key.
    pub(super) fn lay(&mut self, over: AccountTable) {
        self.id = over.id.or(self.id.take());
        self.home_region = over.home_region.or(self.home_region.take());
        self.regions = over.regions.or(self.regions.take());
        self.exclude_regions = over.exclude_regions.or(self.exclude_regions.take());
    }
}

/// An account's id, 12 digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AccountId(pub(super) String);

impl<'de> Deserialize<'de> for AccountId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;

        impl Visitor<'_> for Digits {
            type Value = AccountId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("12 digits in quotes")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<AccountId, E> {
                if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
                    Ok(AccountId(text.to_owned()))
                } else {
                    Err(E::invalid_value(de::Unexpected::Str(text), &self))
                }
            }
        }

        deserializer.deserialize_any(Digits)
    }
}

/// Types every table of a file.
///
/// `today` is the day that attestations are held against.
pub(super) fn file<'a>(
    controls: &Controls,
    table: DeTable<'a>,
    today: Date,
    findings: &mut Findings,
) -> (AccountTable, Common, Vec<Written<'a>>) {
    let mut account = AccountTable::default();
    let mut common = Common::default();
    let mut written = Vec::new();
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "extends" => {}
            "account" => {
                let span = value.span();
                if let Some(table) = a_table("account", value, findings) {
                    let (ours, rest) = if controls.find("account").is_ok() {
                        parted(table)
                    } else {
                        (table, DeTable::new())
                    };
                    account = self::account(key.span(), ours, findings);
                    if !rest.is_empty() {
                        let rest = Spanned::new(span, DeValue::Table(rest));
                        written.extend(control(controls, &key, rest, None, findings));
                    }
                }
            }
            "tags" => {
                if let Some(table) = a_table("tags", value, findings) {
                    common.lay(common::tags(table, findings));
                }
            }
            "attestations" => {
                if let Some(table) = a_table("attestations", value, findings) {
                    common.attestations = common::attestations(controls, table, today, findings);
                }
            }
            "region" => {
                if let Some(regions) = a_table("region", value, findings) {
                    overrides(controls, regions, &mut written, findings);
                }
            }
            _ => written.extend(control(controls, &key, value, None, findings)),
        }
    }
    (account, common, written)
}

/// The keys of `[account]` that say which account it is and where. Its other keys are the control's of that name.
const OF_THE_ACCOUNT: [&str; 4] = ["id", "home_region", "regions", "exclude_regions"];

/// The table `[account]` in its two parts.
fn parted(table: DeTable<'_>) -> (DeTable<'_>, DeTable<'_>) {
    table
        .into_iter()
        .partition(|(key, _)| OF_THE_ACCOUNT.contains(&key.get_ref().as_ref()))
}

fn account(header: Span, mut table: DeTable<'_>, findings: &mut Findings) -> AccountTable {
    let typed = typed("account", &header, &mut table, &[], findings, |table| {
        AccountTable::deserialize(table)
    });
    let account = typed.value.unwrap_or_default();
    let listed = account.regions.as_ref().map_or(&[][..], AccountRegions::named);
    once("account.regions", listed, findings);
    let excluded = account.exclude_regions.as_deref().unwrap_or_default();
    once("account.exclude_regions", excluded, findings);
    account
}

fn overrides<'a>(
    list: &Controls,
    regions: DeTable<'a>,
    written: &mut Vec<Written<'a>>,
    findings: &mut Findings,
) {
    for (key, value) in regions {
        let span = key.span();
        match key.get_ref().parse::<Region>() {
            Err(error) => findings.add(Finding::at(span, error.to_string())),
            Ok(region) => {
                let Some(controls) = a_table(&format!("region.{region}"), value, findings) else {
                    continue;
                };
                let region = Spanned::new(span, region);
                for (key, value) in controls {
                    written.extend(control(list, &key, value, Some(&region), findings));
                }
            }
        }
    }
}

/// Types one table of a control, plain or of a region.
fn control<'a>(
    controls: &Controls,
    key: &Spanned<DeString<'a>>,
    value: Spanned<DeValue<'a>>,
    region: Option<&Spanned<Region>>,
    findings: &mut Findings,
) -> Option<Written<'a>> {
    let listed = named(controls, key, region, findings)?;
    let Entry { name, control } = listed;
    let header = key.span();
    let path = match region {
        Some(region) => format!("region.{}.{name}", region.get_ref()),
        None => name.to_string(),
    };
    let mut table = a_table(&path, value, findings)?;
    let mut whole = true;
    let manage = reserved(&path, "manage", &mut table, findings, &mut whole);
    let misplaced = match (region, control.scope()) {
        (Some(region), _) => Some(format!("`{path}` is for {} alone", region.get_ref())),
        (None, Scope::Account) => Some(exists_once(name)),
        (None, Scope::EachRegion) => None,
    };
    let mut besides = vec!["manage"];
    let mut regions = None;
    if *name == *"account" {
        besides.extend(OF_THE_ACCOUNT);
    }
    match misplaced {
        None => {
            besides.push("regions");
            regions = reserved(&path, "regions", &mut table, findings, &mut whole);
            let listed = regions.as_ref().map_or(&[][..], ControlRegions::named);
            once(&format!("{path}.regions"), listed, findings);
        }
        Some(why) => {
            if let Some((key, _)) = table.remove_entry("regions") {
                findings.add(Finding::at(key.span(), why).hint("take `regions` out"));
            }
        }
    }
    let typed = typed(&path, &header, &mut table, &besides, findings, |table| {
        control.parse(table)
    });
    Some(Written {
        control: name.clone(),
        region: region.cloned(),
        header,
        manage,
        regions,
        table,
        whole: whole && typed.whole,
    })
}

/// The control that a table is named after, if it may stand there.
fn named<'l>(
    controls: &'l Controls,
    key: &Spanned<DeString<'_>>,
    region: Option<&Spanned<Region>>,
    findings: &mut Findings,
) -> Option<Entry<'l, dyn AnyControl>> {
    let name = key.get_ref().as_ref();
    let Ok(listed) = controls.find(name) else {
        let others: &[&str] = match region {
            Some(_) => &[],
            None => &["extends", "account", "tags", "attestations", "region"],
        };
        let near = nearest(
            name,
            controls.names().map(Name::as_str).chain(others.iter().copied()),
        );
        findings.add(
            Finding::at(key.span(), format!("there is no table `{name}`")).hint(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`trueup controls` lists the tables that there are".to_owned(),
            }),
        );
        return None;
    };
    if region.is_some() && listed.control.scope() == Scope::Account {
        let once = exists_once(listed.name);
        findings.add(Finding::at(key.span(), once).hint(format!("write it as [{name}]")));
        return None;
    }
    Some(listed)
}

fn exists_once(control: &Name) -> String {
    format!("`{control}` exists once in the account and not in each region")
}

/// Takes a key out that every control has, and types it.
fn reserved<'a, T: Deserialize<'a>>(
    path: &str,
    key: &str,
    table: &mut DeTable<'a>,
    findings: &mut Findings,
    whole: &mut bool,
) -> Option<T> {
    let value = table.remove(key)?;
    let span = value.span();
    match T::deserialize(ValueDeserializer::from(value)) {
        Ok(value) => Some(value),
        Err(error) => {
            let span = error.span().unwrap_or(span);
            findings.add(explain(span, &format!("{path}.{key}"), error.message(), &[]));
            *whole = false;
            None
        }
    }
}

pub(super) fn a_table<'a>(
    path: &str,
    value: Spanned<DeValue<'a>>,
    findings: &mut Findings,
) -> Option<DeTable<'a>> {
    let span = value.span();
    match value.into_inner() {
        DeValue::Table(table) => Some(table),
        other => {
            findings.add(
                Finding::at(
                    span,
                    format!("`{path}` is not a table but of type {}", other.type_str()),
                )
                .expected(format!("expected a table, [{path}]")),
            );
            None
        }
    }
}

fn once(path: &str, regions: &[Spanned<Region>], findings: &mut Findings) {
    let mut seen = HashSet::new();
    for region in regions {
        if !seen.insert(region.get_ref()) {
            findings.add(
                Finding::at(
                    region.span(),
                    format!("`{path}` names {} twice", region.get_ref()),
                )
                .hint("take one of them out"),
            );
        }
    }
}

/// What came of typing a table.
pub(super) struct Typed<T> {
    /// What could be typed.
    pub(super) value: Option<T>,
    /// False if something was taken out.
    pub(super) whole: bool,
}

/// The most mistakes of one table that are looked for. Each is found by typing the whole table again.
const MOST_MISTAKES: usize = 25;

/// Types a table; what is wrong is told and cut out until the rest is right.
pub(super) fn typed<'a, T>(
    path: &str,
    header: &Span,
    table: &mut DeTable<'a>,
    besides: &[&str],
    findings: &mut Findings,
    parse: impl Fn(toml::de::Deserializer<'a>) -> Result<T, Error>,
) -> Typed<T> {
    let mut whole = true;
    for mistakes in 0.. {
        let spanned = Spanned::new(header.clone(), table.clone());
        match parse(toml::de::Deserializer::from(spanned)) {
            Ok(value) => {
                return Typed {
                    value: Some(value),
                    whole,
                };
            }
            Err(_) if mistakes == MOST_MISTAKES => break,
            Err(error) => {
                whole = false;
                let span = error.span().unwrap_or(header.clone());
                let Some(entry) = cut(table, &span) else {
                    findings.add(explain(span, path, error.message(), besides));
                    table.clear();
                    return Typed { value: None, whole };
                };
                let path = format!("{path}.{}", entry.join("."));
                findings.add(explain(span, &path, error.message(), besides));
            }
        }
    }
    findings.cut();
    table.clear();
    Typed { value: None, whole }
}

/// Says what serde says, in words for people: what is wrong, what was expected, what was probably meant.
pub(super) fn explain(span: Span, path: &str, message: &str, besides: &[&str]) -> Finding {
    let (what, expected) = match said(message) {
        Some((what, expected)) => (what, Some(expected)),
        None => (message, None),
    };
    let quoted =
        |text: &str| -> Vec<String> { text.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let mut words = expected.map(quoted).unwrap_or_default();
    let culprit = quoted(what).into_iter().next().unwrap_or_default();
    let unknown_key = what.starts_with("unknown field ");
    let unknown_word = what.starts_with("unknown variant ");
    if unknown_key {
        // Only the table itself has the keys that are common to all; its inner tables do not.
        let inner = path
            .rsplit_once('.')
            .is_some_and(|(table, _)| !is_of_a_control(table));
        words.extend(besides.iter().filter(|_| !inner).map(|&word| word.to_owned()));
        let table = path.rsplit_once('.').map_or("the file", |(table, _)| table);
        return Finding::at(span, format!("there is no key `{culprit}` in `{table}`"))
            .expected(one_of(&words, '`'))
            .hint_if(did_you_mean(&culprit, &words));
    }
    if unknown_word {
        return Finding::at(span, format!("`{path}` cannot be \"{culprit}\""))
            .expected(one_of(&words, '"'))
            .hint_if(did_you_mean(&culprit, &words));
    }
    let finding = Finding::at(span, format!("`{path}`: {what}"));
    let Some(expected) = expected else {
        return finding;
    };
    let finding = finding.expected(format!("expected {}", plainly(expected)));
    match what.strip_prefix("invalid type: integer ") {
        Some(number) if expected.contains("in quotes") => {
            finding.hint(format!("write it in quotes: \"{}\"", number.trim_matches('`')))
        }
        _ => finding,
    }
}

/// What is wrong and what was expected: serde writes a comma between them, trueup's own types a semicolon.
pub(super) fn said(message: &str) -> Option<(&str, &str)> {
    message
        .split_once("; expected ")
        .or_else(|| message.split_once(", expected "))
}

/// True of a control's own table, plain or of a region, and not of one inside it.
fn is_of_a_control(path: &str) -> bool {
    match path.strip_prefix("region.") {
        Some(rest) => rest.matches('.').count() == 1,
        None => !path.contains('.'),
    }
}

fn did_you_mean(word: &str, words: &[String]) -> Option<String> {
    nearest(word, words.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"))
}

fn one_of(words: &[String], quote: char) -> String {
    let list: Vec<String> = words.iter().map(|word| format!("{quote}{word}{quote}")).collect();
    match list.as_slice() {
        [] => "expected nothing".to_owned(),
        [one] => format!("expected {one}"),
        [firsts @ .., last] => format!("expected {} or {last}", firsts.join(", ")),
    }
}

/// Rust's names of types, in the words of TOML.
fn plainly(expected: &str) -> &str {
    match expected {
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
        "f32" | "f64" => "a number",
        "a TOML datetime" => "a day, such as 2026-11-01",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "a table",
        named if named.starts_with("struct ") => "a table",
        other => other,
    }
}
