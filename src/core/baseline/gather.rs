//! From the name of one file to all files that it extends, each once, in the order in which they apply.

use std::io;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::source::{Finding, Findings, Source, Sources, Span};
use super::{BuiltIn, File, Loader};
use crate::control::Controls;
use crate::registry::nearest;

/// All files of a baseline.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// The files, in the order in which they were opened.
    pub(super) sources: Sources,
    /// Their numbers, in the order in which they apply: later wins.
    pub(super) order: Vec<usize>,
}

/// What tells two files apart.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Identity {
    BuiltIn(&'static str),
    File(PathBuf),
    Text,
}

/// The most files that a baseline is made of: far more than any needs.
const MOST_FILES: usize = 100;

struct Gatherer<'l> {
    loader: &'l Loader<'l>,
    gathered: Gathered,
    findings: Findings,
    done: Vec<Identity>,
    trail: Vec<(Identity, String)>,
}

/// What people call the file of a path.
pub(super) fn shown(path: &Path) -> String {
    if is_stdin(path) {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Reads a file, or standard input where the path is `-`, and what it extends.
pub(super) fn file(loader: &Loader<'_>, path: &Path, name: &str) -> (Gathered, Findings) {
    let mut gatherer = Gatherer::new(loader);
    match loader.files.read(path) {
        Ok(File { identity, text }) => {
            gatherer.visit(Identity::File(identity), name.to_owned(), text, parent(path));
        }
        Err(error) => gatherer.findings.add(
            Finding::nowhere(format!("cannot read {name}: {error}")).hint_if(
                (error.kind() == io::ErrorKind::NotFound)
                    .then_some("give the baseline's path, or write one with `trueup init`"),
            ),
        ),
    }
    (gatherer.gathered, gatherer.findings)
}

/// Takes a text under a name, and reads what it extends.
pub(super) fn text(loader: &Loader<'_>, name: &str, text: &str) -> (Gathered, Findings) {
    let mut gatherer = Gatherer::new(loader);
    gatherer.visit(
        Identity::Text,
        name.to_owned(),
        text.to_owned(),
        parent(Path::new(name)),
    );
    (gatherer.gathered, gatherer.findings)
}

/// A file's tables, its spans counted over all files, as far as its form can be understood.
pub(super) fn parse<'a>(source: &'a Source, findings: &mut Findings) -> DeTable<'a> {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let (message, expected) = match error.message().split_once(", expected ") {
            Some((message, "nothing")) => (message, None),
            Some((message, expected)) => (message, Some(format!("expected {expected}"))),
            None => (error.message(), None),
        };
        let finding = Finding::at(shift(&span, source.start), message)
            .of_syntax()
            .hint_if(bare_account_id(&source.text, &span).map(|id| format!("write it in quotes: \"{id}\"")));
        findings.add(match expected {
            Some(expected) => finding.expected(expected),
            None => finding,
        });
    }
    super::merge::shifted(table.into_inner(), source.start)
}

impl<'l> Gatherer<'l> {
    fn new(loader: &'l Loader<'l>) -> Self {
        Gatherer {
            loader,
            gathered: Gathered::default(),
            findings: Findings::default(),
            done: vec![],
            trail: vec![],
        }
    }

    fn visit(&mut self, identity: Identity, name: String, text: String, directory: &Path) {
        let index = self.gathered.sources.add(name.clone(), text);
        let entries = {
            let table = parse(self.gathered.sources.file(index), &mut self.findings);
            extends(&table, &mut self.findings)
        };
        self.trail.push((identity.clone(), name));
        for (entry, span) in entries {
            self.parent(&entry, span, directory);
        }
        self.trail.pop();
        self.done.push(identity);
        self.gathered.order.push(index);
    }

    fn parent(&mut self, entry: &str, span: Span, directory: &Path) {
        if self.gathered.sources.count() == MOST_FILES {
            self.findings.add(
                Finding::at(
                    span,
                    format!("a baseline is made of more than {MOST_FILES} files"),
                )
                .hint("extend fewer of them"),
            );
            return;
        }
        let found = if is_path(entry) {
            let path = directory.join(entry);
            let shown = path.display().to_string();
            match self.loader.files.read(&path) {
                Ok(File { identity, text }) => match other_kind(self.loader.controls, &text) {
                    None => Ok((Identity::File(identity), shown, text, parent(&path).to_owned())),
                    Some(why) => Err(Finding::at(span.clone(), format!("cannot extend {shown}: {why}"))
                        .expected(
                            "expected a baseline, a TOML file with a table of the account or of a control",
                        )),
                },
                Err(error) => Err(Finding::at(span.clone(), format!("cannot read {shown}: {error}"))
                    .expected("expected a file, relative to this one")),
            }
        } else {
            built_in(self.loader.built_in, entry, &span).map(|BuiltIn { name, text }| {
                let shown = format!("{name} (built in)");
                (Identity::BuiltIn(name), shown, (*text).to_owned(), PathBuf::new())
            })
        };
        match found {
            Err(finding) => self.findings.add(finding),
            Ok((identity, ..)) if self.done.contains(&identity) => {}
            Ok((identity, name, text, directory)) => {
                match self.trail.iter().position(|(above, _)| *above == identity) {
                    None => self.visit(identity, name, text, &directory),
                    Some(first) => {
                        let chain: Vec<&str> = self.trail[first..]
                            .iter()
                            .map(|(_, name)| name.as_str())
                            .chain([name.as_str()])
                            .collect();
                        self.findings.add(
                            Finding::at(
                                span,
                                format!("a file cannot extend itself: {}", chain.join(" → ")),
                            )
                            .hint("take one of these names out of `extends`"),
                        );
                    }
                }
            }
        }
    }
}

/// Whether most of a text's tables are those that a baseline has, so that it is a baseline, with mistakes or without.
pub fn is_one(controls: &Controls, text: &str) -> bool {
    other_kind(controls, text).is_none()
}

/// Why a text is a file of another kind, such as one of credentials; nothing if it is a baseline. Names lines and
/// shows nothing of them: what `extends` names may be any file, and what is wrong with it ends up in public logs.
fn other_kind(controls: &Controls, text: &str) -> Option<String> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let table = table.into_inner();
    let is_known = |name: &str, value: &DeValue<'_>| match name {
        "extends" => value.is_array(),
        "account" | "tags" | "attestations" | "region" => value.is_table(),
        _ => value.is_table() && controls.find(name).is_ok(),
    };
    let (known, others): (Vec<_>, Vec<_>) = table
        .iter()
        .partition(|(key, value)| is_known(key.get_ref(), value.get_ref()));
    let at = |offset: usize| {
        text.get(..offset)
            .map_or(0, |before| before.matches('\n').count())
            + 1
    };
    match (errors.first(), others.first()) {
        _ if !known.is_empty() && known.len() >= others.len() => None,
        (None, None) => None,
        (Some(error), _) => {
            let line = at(error.span().unwrap_or_default().start);
            Some(format!("it is not a baseline (line {line} is not TOML)"))
        }
        (None, Some((key, _))) => {
            let line = at(key.span().start);
            Some(format!(
                "it is not a baseline (line {line} is not part of any of its tables)"
            ))
        }
    }
}

/// The names in `extends`.
fn extends(table: &DeTable<'_>, findings: &mut Findings) -> Vec<(String, Span)> {
    const EXPECTED: &str = "expected a list of names, such as [\"recommended@1\"]";
    let Some(written) = table.get("extends") else {
        return vec![];
    };
    let DeValue::Array(entries) = written.get_ref() else {
        findings.add(Finding::at(written.span(), "`extends` is not a list").expected(EXPECTED));
        return vec![];
    };
    let mut names = Vec::new();
    for entry in entries.iter() {
        match entry.get_ref() {
            DeValue::String(name) => names.push((name.to_string(), entry.span())),
            _ => findings.add(Finding::at(entry.span(), "this is not a name").expected(EXPECTED)),
        }
    }
    names
}

fn built_in<'l>(all: &'l [BuiltIn], entry: &str, span: &Span) -> Result<&'l BuiltIn, Finding> {
    if let Some(known) = all.iter().find(|known| known.name == entry) {
        return Ok(known);
    }
    let names: Vec<&str> = all.iter().map(|known| known.name).collect();
    let near = names
        .iter()
        .copied()
        .find(|name| name.split('@').next() == entry.split('@').next())
        .or_else(|| nearest(entry, names.iter().copied()));
    Err(
        Finding::at(span.clone(), format!("there is no built-in baseline `{entry}`"))
            .expected(format!("expected {}, or a path", names.join(", ")))
            .hint(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("a file is named by its path, such as \"./{entry}.toml\""),
            }),
    )
}

/// A name with a separator or the extension is a file's; any other is built in.
fn is_path(entry: &str) -> bool {
    entry.contains(['/', std::path::MAIN_SEPARATOR]) || entry.ends_with(".toml")
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

/// The account id that stands without quotes on the line of a fault: one that starts with 0 is no number of TOML.
fn bare_account_id<'t>(text: &'t str, span: &Span) -> Option<&'t str> {
    let line_start = text
        .get(..span.start)?
        .rfind('\n')
        .map_or(0, |newline| newline + 1);
    let (key, rest) = text[line_start..].lines().next()?.split_once('=')?;
    let value = rest.split('#').next()?.trim();
    let is_id = value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_digit());
    (key.trim().ends_with("id") && is_id).then_some(value)
}

fn shift(span: &Span, by: usize) -> Span {
    span.start + by..span.end + by
}
