//! How wide a text may be and whether it has colours.

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style as Ink};
use terminal_size::{Width, terminal_size_of};
use trueup_core::change::{Class, Effect};

/// The layout of a text for one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// True if the text is coloured.
    pub color: bool,
    /// How many columns a line may take.
    pub width: usize,
}

/// Wider lines are harder to follow than a second line.
const WIDEST: usize = 120;
/// What is narrower than this would be mere fragments.
const NARROWEST: usize = 60;

impl Style {
    /// No colours, 80 columns: for files, pipes and tests.
    pub const PLAIN: Style = Style {
        color: false,
        width: 80,
    };

    /// The style of stdout. No colours with `--no-color`, with `NO_COLOR` set, or where stdout is no terminal.
    pub fn of_stdout(no_color: bool) -> Style {
        Style {
            color: !no_color && AutoStream::choice(&std::io::stdout()) != ColorChoice::Never,
            width: width(terminal_size_of(std::io::stdout())),
        }
    }

    /// The style of stderr, found in the same way.
    pub fn of_stderr(no_color: bool) -> Style {
        Style {
            color: !no_color && AutoStream::choice(&std::io::stderr()) != ColorChoice::Never,
            width: width(terminal_size_of(std::io::stderr())),
        }
    }

    fn paint(&self, ink: Ink, text: &str) -> String {
        if self.color && !text.is_empty() {
            format!("{ink}{text}{ink:#}")
        } else {
            text.to_owned()
        }
    }

    /// A heading or a name to find again.
    pub(super) fn bold(&self, text: &str) -> String {
        self.paint(Ink::new().bold(), text)
    }

    /// What matters less.
    pub(super) fn dim(&self, text: &str) -> String {
        self.paint(Ink::new().dimmed(), text)
    }

    /// What went wrong.
    pub(super) fn error(&self, text: &str) -> String {
        self.paint(AnsiColor::Red.on_default().bold(), text)
    }

    /// What went well.
    pub(super) fn good(&self, text: &str) -> String {
        self.paint(AnsiColor::Green.on_default().bold(), text)
    }

    /// What asks for attention.
    pub(super) fn warning(&self, text: &str) -> String {
        self.paint(AnsiColor::Yellow.on_default(), text)
    }

    /// Something in the colour of what a step does.
    pub(super) fn effect(&self, effect: Effect, text: &str) -> String {
        let color = match effect {
            Effect::Add => AnsiColor::Green,
            Effect::Change => AnsiColor::Yellow,
            Effect::Destroy => AnsiColor::Red,
        };
        self.paint(color.on_default(), text)
    }

    /// Something in the colour of the harm that a step can do.
    pub(super) fn class(&self, class: Class, text: &str) -> String {
        match class {
            Class::Safe => text.to_owned(),
            Class::Disruptive => self.warning(text),
            Class::Destructive => self.paint(AnsiColor::Red.on_default(), text),
        }
    }
}

fn width(terminal: Option<(Width, terminal_size::Height)>) -> usize {
    terminal.map_or(Style::PLAIN.width, |(Width(columns), _)| {
        usize::from(columns).clamp(NARROWEST, WIDEST)
    })
}

/// The sign of what a step does, as Terraform writes it.
pub(super) fn sign(effect: Effect) -> char {
    match effect {
        Effect::Add => '+',
        Effect::Change => '~',
        Effect::Destroy => '-',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colours_a_text_stays_as_it_is() {
        assert_eq!(Style::PLAIN.error("no"), "no");
    }

    #[test]
    fn a_colour_ends_where_its_text_ends() {
        let style = Style {
            color: true,
            ..Style::PLAIN
        };
        assert_eq!(style.effect(Effect::Destroy, "-"), "\u{1b}[31m-\u{1b}[0m");
    }

    #[test]
    fn a_stream_that_is_no_terminal_is_80_columns_wide() {
        assert_eq!(width(None), 80);
        assert_eq!(width(Some((Width(20), terminal_size::Height(9)))), 60);
        assert_eq!(width(Some((Width(400), terminal_size::Height(9)))), 120);
    }
}
