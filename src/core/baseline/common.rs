//! The tables that are no control's: `[tags]` and `[attestations]`.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;
use toml::de::DeTable;
use toml::value::Datetime;
use toml::{Spanned, Table};

use super::read::{a_table, typed};
use super::source::{Finding, Findings, Span};
use crate::attestation::{Attestation, Attestations};
use crate::control::{AnyControl, Controls};
use crate::registry::{Entry, nearest};
use crate::tags::{self, Tags};

/// What the files say beside the account and the controls.
#[derive(Debug, Default)]
pub(super) struct Common {
    /// What everything is tagged with.
    pub(super) tags: Tags,
    /// Where their keys stand.
    tag_places: BTreeMap<String, Span>,
    /// What persons have vouched for.
    pub(super) attestations: Attestations,
}

impl Common {
    /// Lays a later file over this one: tags key by key, attestations name by name.
    pub(super) fn lay(&mut self, over: Common) {
        self.tags.extend(over.tags);
        self.tag_places.extend(over.tag_places);
        self.attestations.extend(over.attestations);
    }
}

/// Types `[tags]`.
pub(super) fn tags(table: DeTable<'_>, findings: &mut Findings) -> Common {
    let mut common = Common::default();
    if let Some((first_too_many, _)) = table.iter().nth(tags::MOST) {
        findings.add(
            Finding::at(first_too_many.span(), format!("`tags` has {} tags", table.len()))
                .expected(format!("expected {} at most", tags::MOST)),
        );
    }
    for (key, value) in table {
        let name = key.get_ref().to_string();
        let Some(text) = value.get_ref().as_str() else {
            findings.add(
                Finding::at(value.span(), format!("`tags.{name}` is not a text"))
                    .expected("expected a text in quotes"),
            );
            continue;
        };
        match tags::wrong(&name, text) {
            Some(why) => findings.add(Finding::at(key.span(), format!("`tags.{name}`: {why}"))),
            None => {
                common.tag_places.insert(name.clone(), key.span());
                common.tags.insert(name, text.to_owned());
            }
        }
    }
    common
}

impl Common {
    /// Finds the tags whose keys a control's service does not take.
    pub(super) fn check_tag_keys(&self, control: Entry<'_, dyn AnyControl>, findings: &mut Findings) {
        for (key, place) in &self.tag_places {
            if let Some(expected) = control.control.wrong_tag_key(key) {
                let what = format!("`tags.{key}`: [{}] does not take this key", control.name);
                findings.add(Finding::at(place.clone(), what).expected(expected));
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    by: Option<String>,
    on: Option<Spanned<Datetime>>,
    expires: Option<Spanned<Datetime>>,
    evidence: Option<String>,
}

/// Types `[attestations.NAME]`, all of them.
pub(super) fn attestations(
    controls: &Controls,
    table: DeTable<'_>,
    today: Date,
    findings: &mut Findings,
) -> Attestations {
    let mut attestations = Attestations::new();
    for (key, value) in table {
        let name = key.get_ref().to_string();
        let path = format!("attestations.{name}");
        let known: Vec<&str> = controls
            .iter()
            .flat_map(|entry| entry.control.attestations())
            .map(|(name, _)| *name)
            .collect();
        if !known.contains(&name.as_str()) {
            findings.add(
                Finding::at(key.span(), format!("nothing is attested by the name `{name}`"))
                    .expected(format!("expected one of {}", known.join(", ")))
                    .hint_if(nearest(&name, known).map(|near| format!("did you mean `{near}`?"))),
            );
            continue;
        }
        let header = key.span();
        if let Some(mut table) = a_table(&path, value, findings)
            && let Some(attestation) = attestation(&path, &header, &mut table, today, findings)
        {
            attestations.insert(name, attestation);
        }
    }
    attestations
}

fn attestation(
    path: &str,
    header: &Span,
    table: &mut DeTable<'_>,
    today: Date,
    findings: &mut Findings,
) -> Option<Attestation> {
    let typed = typed(path, header, table, &[], findings, |table| {
        Written::deserialize(table)
    });
    let Written {
        by,
        on,
        expires,
        evidence,
    } = typed.value?;
    // What was cut out because it is wrong is not missing too.
    if typed.whole {
        for (key, is_missing) in [
            ("by", by.is_none()),
            ("on", on.is_none()),
            ("expires", expires.is_none()),
        ] {
            if is_missing {
                findings.add(
                    Finding::at(header.clone(), format!("`{path}.{key}` is not written"))
                        .expected("expected by, on and expires, such as on = 2026-11-01"),
                );
            }
        }
    }
    let (by, on, expires) = (by?, on?, expires?);
    let by_whom = !by.trim().is_empty();
    if !by_whom {
        findings.add(Finding::at(header.clone(), format!("`{path}.by` names nobody")));
    }
    let (from, to) = (
        day(path, "on", &on, findings)?,
        day(path, "expires", &expires, findings)?,
    );
    if from > today {
        findings.add(
            Finding::at(
                on.span(),
                format!("`{path}.on` is {from}, and that day is yet to come"),
            )
            .expected("expected the day on which somebody saw it"),
        );
    } else if to < from {
        findings.add(Finding::at(
            expires.span(),
            format!("`{path}.expires` is {to}, which is before `on`"),
        ));
    } else if by_whom {
        return Some(Attestation {
            by,
            on: from,
            expires: to,
            evidence,
        });
    }
    None
}

/// A day without a time.
fn day(path: &str, key: &str, written: &Spanned<Datetime>, findings: &mut Findings) -> Option<Date> {
    let Datetime {
        date: Some(date),
        time: None,
        ..
    } = written.get_ref()
    else {
        findings.add(
            Finding::at(written.span(), format!("`{path}.{key}` is not a day"))
                .expected("expected a day without a time, such as 2026-11-01"),
        );
        return None;
    };
    let parts = (
        i16::try_from(date.year),
        i8::try_from(date.month),
        i8::try_from(date.day),
    );
    match parts {
        (Ok(year), Ok(month), Ok(day)) => Date::new(year, month, day).ok(),
        _ => None,
    }
}

/// The endings of domains that nobody has (RFC 2606, "Reserved Top Level DNS Names").
const NOBODYS: [&str; 6] = [
    "example.com",
    "example.net",
    "example.org",
    "example",
    "invalid",
    "test",
];

/// The e-mail addresses of a table that stand there as examples: path, address, place.
pub(super) fn examples(path: &str, table: &DeTable<'_>) -> Vec<(String, String, Span)> {
    fn walk(path: &str, value: &Spanned<toml::de::DeValue<'_>>, found: &mut Vec<(String, String, Span)>) {
        match value.get_ref() {
            toml::de::DeValue::String(text) if is_example(text) => {
                found.push((path.to_owned(), text.to_string(), value.span()));
            }
            toml::de::DeValue::Array(items) => items.iter().for_each(|item| walk(path, item, found)),
            toml::de::DeValue::Table(table) => table
                .iter()
                .for_each(|(key, value)| walk(&format!("{path}.{}", key.get_ref()), value, found)),
            _ => {}
        }
    }
    let mut found = vec![];
    for (key, value) in table.iter() {
        walk(&format!("{path}.{}", key.get_ref()), value, &mut found);
    }
    found
}

fn is_example(text: &str) -> bool {
    let Some((name, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let domain = domain.trim_end_matches('.').to_ascii_lowercase();
    !name.is_empty()
        && NOBODYS
            .iter()
            .any(|ending| domain == *ending || domain.ends_with(&format!(".{ending}")))
}

/// True if a control's table wants something there that others may speak of.
pub(super) fn is_there(table: &Table) -> bool {
    !crate::projection::is_absent(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_nobody_has_is_an_example() {
        for (text, is) in [
            ("security@example.com", true),
            ("a@mail.EXAMPLE.org", true),
            ("a@b.invalid", true),
            ("a@myexample.com", false),
            ("a@example.com.au", false),
            ("example.com", false),
            ("@example.com", false),
        ] {
            assert_eq!(is_example(text), is, "{text}");
        }
    }
}
