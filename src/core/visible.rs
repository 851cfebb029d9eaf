//! Texts of others, as they may stand in a line that a person reads: what a terminal obeys or hides is shown as Rust would
//! write it, `\u{1b}`. A name of AWS's may be anything, and so may a message that repeats it.

use std::borrow::Cow;

/// Whether a terminal shows something else than a mark or an empty place: control characters, also those of Latin-1;
/// marks that reorder the text around them; characters without width. Joiners stay: scripts and emoji need them.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'
                ..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'
                ..='\u{e007f}'
        )
}

/// A text of others in a line.
pub fn line(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        push(c, &mut shown);
    }
    Cow::Owned(shown)
}

/// Writes a character so that it is seen.
pub fn push(c: char, shown: &mut String) {
    if is_hidden(c) {
        shown.extend(c.escape_default());
    } else {
        shown.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_or_hide_is_shown() {
        assert_eq!(
            line("a\r\nb\t\u{1b}[2Jc\u{9b}31m\u{7f}\u{0}\u{202e}\u{2028}\u{200b}\u{feff}"),
            "a\\r\\nb\\t\\u{1b}[2Jc\\u{9b}31m\\u{7f}\\u{0}\\u{202e}\\u{2028}\\u{200b}\\u{feff}"
        );
    }
}
