//! Texts with wildcards and policy variables.

use super::request::{Held, Request};

/// One place of a pattern.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token {
    /// This character.
    One(char),
    /// `?`: any one character.
    AnyOne,
    /// `*`: any characters, also none.
    Any,
}

/// Why a pattern has no meaning for a request.
#[derive(Debug, PartialEq)]
pub(super) enum Unresolved {
    /// The request has no value for this variable, or several ones.
    Absent(String),
    /// The value of this variable is unknown.
    Unknown(String),
}

/// What a text of a document means for a request.
///
/// Variables are those of the request, where it is given; without one they are plain text, as in documents of version
/// 2008-10-17. Their values are taken literally. Source: IAM User Guide, "IAM policy elements: Variables and tags".
pub(super) fn pattern(
    text: &str,
    wildcards: bool,
    request: Option<&Request>,
) -> Result<Vec<Token>, Unresolved> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let (Some(request), Some((variable, after))) = (
            request,
            rest.strip_prefix("${").and_then(|inner| inner.split_once('}')),
        ) {
            tokens.extend(value_of(variable, request)?.chars().map(Token::One));
            rest = after;
            continue;
        }
        tokens.push(match first {
            '*' if wildcards => Token::Any,
            '?' if wildcards => Token::AnyOne,
            other => Token::One(other),
        });
        rest = &rest[first.len_utf8()..];
    }
    Ok(tokens)
}

/// The value of what stands between `${` and `}`: a key, a key and its default in quotes, or an escaped character.
fn value_of(variable: &str, request: &Request) -> Result<String, Unresolved> {
    if matches!(variable, "*" | "?" | "$") {
        return Ok(variable.to_owned());
    }
    let (key, default) = match variable.split_once(',') {
        Some((key, default)) => (key.trim(), Some(default.trim())),
        None => (variable.trim(), None),
    };
    let default = default.and_then(|text| text.strip_prefix('\'')?.strip_suffix('\''));
    match (request.key(key), default) {
        (Held::Values(mut values), _) if values.len() == 1 => Ok(values.remove(0)),
        (Held::Absent, Some(default)) => Ok(default.to_owned()),
        (Held::Unknown, _) => Err(Unresolved::Unknown(key.to_owned())),
        (Held::Values(_) | Held::Absent, _) => Err(Unresolved::Absent(key.to_owned())),
    }
}

/// Whether a whole text fits a pattern.
pub(super) fn fits(pattern: &[Token], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut in_text) = (0, 0);
    // Where the last `*` stands, and where its match ends.
    let mut star = None;
    while in_text < text.len() {
        match pattern.get(at) {
            Some(Token::Any) => {
                star = Some((at, in_text));
                at += 1;
            }
            Some(Token::AnyOne) => (at, in_text) = (at + 1, in_text + 1),
            Some(Token::One(one)) if *one == text[in_text] => (at, in_text) = (at + 1, in_text + 1),
            _ => {
                let Some((back, end)) = star else { return false };
                star = Some((back, end + 1));
                (at, in_text) = (back + 1, end + 1);
            }
        }
    }
    pattern[at..].iter().all(|token| *token == Token::Any)
}

/// Whether an ARN fits a pattern: component by component, so that a wildcard does not go beyond its component.
/// `None` if the pattern does not have the six components of an ARN. Source: IAM User Guide, "IAM JSON policy elements:
/// Condition operators", section "Amazon Resource Name (ARN) condition operators".
pub(super) fn fits_arn(pattern: &[Token], arn: &str) -> Option<bool> {
    let patterns: Vec<&[Token]> = pattern.splitn(6, |token| *token == Token::One(':')).collect();
    let components: Vec<&str> = arn.splitn(6, ':').collect();
    if patterns.len() < 6 {
        return None;
    }
    let fit = |(pattern, component): (&&[Token], &&str)| fits(pattern, component);
    Some(components.len() == 6 && patterns.iter().zip(&components).all(fit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(text: &str, other: &str) -> bool {
        fits(&pattern(text, true, None).unwrap(), other)
    }

    #[test]
    fn wildcards_stand_for_characters() {
        for (text, other) in [
            ("", ""),
            ("*", ""),
            ("*", "a/b:c"),
            ("a*b*c", "a-b-b-c"),
            ("a**", "a"),
            ("?b", "äb"),
            ("*aab", "aaaab"),
            ("${x}", "${x}"),
        ] {
            assert!(like(text, other), "{text} {other}");
        }
        for (text, other) in [
            ("", "a"),
            ("?", ""),
            ("a*b", "a-b-"),
            ("A", "a"),
            ("*?", ""),
            ("${*}", "*"),
        ] {
            assert!(!like(text, other), "{text} {other}");
        }
    }
}
