//! Words of the command line: those that are one of a list, and those of the command to run next.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command};
use trueup_core::plan::Verdict;
use trueup_core::registry::Name;

/// A parser of the words of a list: an error of our own for any other word, and the list for completions.
#[derive(Clone)]
pub(super) struct Words<T> {
    list: fn() -> Vec<&'static str>,
    parse: fn(&str) -> Result<T, String>,
}

impl<T> Words<T> {
    pub(super) fn new(list: fn() -> Vec<&'static str>, parse: fn(&str) -> Result<T, String>) -> Self {
        Words { list, parse }
    }
}

impl<T: Clone + Send + Sync + 'static> TypedValueParser for Words<T> {
    type Value = T;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<T, clap::Error> {
        let parse = self.parse;
        StringValueParser::new()
            .try_map(move |text| parse(&text))
            .parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new((self.list)().into_iter().map(PossibleValue::new)))
    }
}

/// The names of all controls, in order.
pub(super) fn names() -> Vec<&'static str> {
    let controls = trueup_controls::controls();
    controls.iter().map(|entry| entry.control.name()).collect()
}

/// The control of a name.
pub(super) fn find(text: &str) -> Result<Name, String> {
    let controls = trueup_controls::controls();
    let found = controls.find(text).map_err(|error| error.to_string())?;
    Ok(found.name.clone())
}

/// The name of a control.
pub(super) fn control() -> Words<Name> {
    Words::new(names, find)
}

/// The word of a verdict.
pub(super) fn verdict() -> Words<Verdict> {
    Words::new(
        || Verdict::ALL.iter().map(|verdict| verdict.word()).collect(),
        |text| {
            Verdict::ALL
                .into_iter()
                .find(|verdict| verdict.word() == text)
                .ok_or_else(|| {
                    let words: Vec<&str> = Verdict::ALL.iter().map(|verdict| verdict.word()).collect();
                    format!("expected one of {}", words.join(", "))
                })
        },
    )
}

/// A command of trueup as one types it into a shell.
pub(super) fn command<I>(words: I) -> String
where
    I: IntoIterator,
    I::Item: AsRef<str>,
{
    let quoted = words.into_iter().map(|word| quoted(word.as_ref()));
    std::iter::once("trueup".to_owned())
        .chain(quoted)
        .collect::<Vec<_>>()
        .join(" ")
}

fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_can_be_typed_as_it_is_printed() {
        assert_eq!(
            command(["apply", "my account.toml", "--plan", "it's.json", ""]),
            r"trueup apply 'my account.toml' --plan 'it'\''s.json' ''"
        );
    }
}
