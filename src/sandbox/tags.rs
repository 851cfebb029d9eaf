//! The rules for tags that hold for every service.

/// What is wrong with a tag, if anything is: the rules that hold for every service
/// (AWS General Reference, "Tagging AWS resources").
pub(crate) fn wrong(key: &str, value: &str) -> Option<&'static str> {
    let plain = |text: &str| {
        text.chars()
            .all(|c| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c))
    };
    if key.is_empty() || key.chars().count() > 128 {
        Some("a key has 1 to 128 characters")
    } else if key.to_ascii_lowercase().starts_with("aws:") {
        Some("keys that start with `aws:` are AWS's own")
    } else if value.chars().count() > 256 {
        Some("a value has at most 256 characters")
    } else if !plain(key) || !plain(value) {
        Some("only letters, digits, spaces and _ . : / = + - @ are allowed")
    } else {
        None
    }
}
