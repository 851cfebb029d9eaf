//! The keys of tags that only some services take.

/// What GuardDuty and Security Hub take as a tag's key, where it is not that (both API references, `TagResource`).
pub(crate) fn wrong(key: &str) -> Option<&'static str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "+,-./:;<=_".contains(c);
    (!key.chars().all(is_plain)).then_some("expected letters without accents, digits, + - . / : = and _")
}
