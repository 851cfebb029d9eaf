//! What people read. The only module that prints.
//!
//! Each renderer is a pure function from data to text, laid out for a [`Style`] (width and colours), so that a
//! test can hold it against a snapshot. The few functions here put such a text where it belongs: the result on
//! stdout, everything else on stderr.

use std::error::Error;
use std::io::{self, ErrorKind, Write};

pub mod apply;
pub mod ask;
mod by_hand;
pub mod controls;
mod costs;
mod differences;
#[cfg(test)]
mod fixtures;
mod matrix;
mod outline;
mod phrase;
pub mod plan;
pub mod progress;
pub mod promise;
mod remarks;
mod style;
mod summary;
mod visible;

pub use style::Style;

use trueup_core::baseline::Problems;
use trueup_core::fault::Fault;
use trueup_core::location::Location;
use trueup_core::registry::Name;

/// Prints a result for people on stdout.
///
/// # Errors
/// As [`exact`]'s.
pub fn result(text: &str) -> io::Result<()> {
    exact(&visible::whole(text))
}

/// Prints a result for programs on stdout, as it is: TOML, JSON, a script.
///
/// A reader that went away (`| head`) has seen what it wanted, so that a closed pipe is no error; any other
/// failure, such as a full disk, is.
pub fn exact(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Prints what is not the result on stderr, on lines of its own. There is nowhere left to report that this failed.
pub fn note(text: &str) {
    let mut out = anstream::stderr().lock();
    let text = visible::whole(text);
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let _ = write!(out, "{text}{end}").and_then(|()| out.flush());
}

/// What `validate` says of a file without a mistake.
pub fn validated(baseline: &str, controls: &[&str], style: &Style) -> String {
    match controls {
        [] => format!("{} {baseline} manages nothing yet.\n", style.good("Valid.")),
        names => phrase::wrap(
            &format!(
                "{} {baseline} manages {}.",
                style.good("Valid."),
                names.join(", ")
            ),
            "",
            "  ",
            style,
        ),
    }
}

/// What `validate` says of addresses that stand there as examples.
pub fn left_to_you(examples: &Problems, style: &Style) -> String {
    let mut text = phrase::wrap(
        "Left to you before a real account takes it, since nobody has such an address:",
        "",
        "  ",
        style,
    );
    for example in examples.iter() {
        let at = example
            .at
            .as_ref()
            .map(|at| format!(" ({at})"))
            .unwrap_or_default();
        text.push_str(&phrase::wrap(
            &format!("{}{at}", example.message),
            "  ",
            "    ",
            style,
        ));
    }
    text
}

/// What could not be read, on a line of stderr.
pub fn unread(control: &Name, place: &Location, fault: &Fault) {
    let fault = fault.in_full();
    note(&format!(
        "{control} in {place} could not be read: {}",
        visible::line(&fault)
    ));
}

/// Sends what the code traces to stderr, if `TRUEUP_LOG` says what: `debug`, or `trueup=debug,aws_config=info`.
pub fn trace() {
    if let Ok(filter) = tracing_subscriber::EnvFilter::try_from_env("TRUEUP_LOG") {
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(anstream::stderr)
            .init();
    }
}

/// Prints an error with its causes on stderr.
pub fn error(error: &dyn Error, style: &Style) {
    note(&error_text(error, style));
}

/// An error with its causes, each cause once: many errors repeat the text of what caused them.
pub fn error_text(error: &dyn Error, style: &Style) -> String {
    let mut told = error.to_string();
    let mut text = format!("{} {told}\n", style.error("error:"));
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !told.contains(&message) {
            text.push_str(&format!("  caused by: {message}\n"));
        }
        told = message;
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read baseline.toml")]
    struct Outer(#[source] Middle);

    #[derive(Debug, thiserror::Error)]
    #[error("the disk says: no such file")]
    struct Middle(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("no such file")]
    struct Inner;

    #[test]
    fn an_error_names_its_causes_and_repeats_none() {
        insta::assert_snapshot!(error_text(&Outer(Middle(Inner)), &Style::PLAIN), @r"
        error: cannot read baseline.toml
          caused by: the disk says: no such file
        ");
    }
}
