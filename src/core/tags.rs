//! Tags: the baseline's `[tags]` on everything that can have some, beside whatever tags others put there.

use std::collections::BTreeMap;

/// Tags, value by key.
pub type Tags = BTreeMap<String, String>;

/// The wanted tags that are missing or have another value: what has to be sent. Others' tags are none of them.
pub fn differing(want: &Tags, live: &Tags) -> Tags {
    want.iter()
        .filter(|(key, value)| live.get(*key) != Some(value))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// Tags in a line: `managed-by = "trueup", team = "web"`.
pub fn shown(tags: &Tags) -> String {
    let pairs: Vec<String> = tags
        .iter()
        .map(|(key, value)| format!("{key} = \"{value}\""))
        .collect();
    pairs.join(", ")
}

/// The most tags that a resource has (the same page).
pub const MOST: usize = 50;

/// What is wrong with a tag, if anything is: the rules that hold for every service
/// (AWS General Reference, "Tagging AWS resources").
pub fn wrong(key: &str, value: &str) -> Option<&'static str> {
    let plain = |text: &str| {
        text.chars()
            .all(|c| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c))
    };
    if key.is_empty() || key.chars().count() > 128 {
        Some("a key has 1 to 128 characters")
    } else if key.to_ascii_lowercase().starts_with("aws:") {
        Some("keys that start with `aws:` are AWS's own")
    } else if value.is_empty() || value.chars().count() > 256 {
        // CloudTrail alone takes no empty one (API reference, `Tag`).
        Some("a value has 1 to 256 characters")
    } else if !plain(key) || !plain(value) {
        Some("only letters, digits, spaces and _ . : / = + - @ are allowed")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn only_what_is_missing_or_other_is_sent() {
        let live = tags(&[("a", "1"), ("b", "2"), ("foreign", "x")]);
        assert_eq!(
            differing(&tags(&[("a", "1"), ("b", "3"), ("c", "4")]), &live),
            tags(&[("b", "3"), ("c", "4")])
        );
        assert_eq!(differing(&Tags::new(), &live), Tags::new());
        assert_eq!(shown(&tags(&[("b", "2"), ("a", "1")])), "a = \"1\", b = \"2\"");
    }

    #[test]
    fn what_no_service_takes_is_known() {
        for (key, value, is_wrong) in [
            ("managed-by", "trueup", false),
            ("équipe", "web", false),
            ("team", "", true),
            ("", "x", true),
            ("AWS:x", "x", true),
            ("a", "<x>", true),
            ("a*", "x", true),
        ] {
            assert_eq!(wrong(key, value).is_some(), is_wrong, "{key} {value}");
        }
    }
}
