//! Web addresses that alerts are posted to.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An address that begins with `https://`. Equal to another one if they differ in a password at most: SNS does not
/// tell that.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Endpoint(
    #[schemars(extend("pattern" = "^https://"))]
    String,
);

impl Endpoint {
    /// The address as it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Endpoint {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let host = text.strip_prefix("https://").unwrap_or_default();
        if host.is_empty() || host.starts_with('/') || text.contains(char::is_whitespace) {
            return Err(format!(
                "`{text}` is no address to post to; expected one such as https://alerts.example.com/aws"
            ));
        }
        Ok(Endpoint(text))
    }
}

impl From<Endpoint> for String {
    fn from(endpoint: Endpoint) -> String {
        endpoint.0
    }
}

impl PartialEq for Endpoint {
    fn eq(&self, other: &Self) -> bool {
        masked(&self.0) == masked(&other.0)
    }
}

impl Eq for Endpoint {}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&masked(&self.0))
    }
}

/// An address with its password hidden, as SNS lists it.
pub(super) fn masked(address: &str) -> String {
    let hidden = address.split_once("://").and_then(|(scheme, rest)| {
        let host_ends = rest.find('/').unwrap_or(rest.len());
        let (login, _) = rest[..host_ends].rsplit_once('@')?;
        let (user, _) = login.split_once(':')?;
        Some(format!("{scheme}://{user}:****{}", &rest[login.len()..]))
    });
    hidden.unwrap_or_else(|| address.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_hidden_and_nothing_else() {
        for (address, shown) in [
            ("https://a.example.com/x", "https://a.example.com/x"),
            (
                "https://me:secret@a.example.com/x",
                "https://me:****@a.example.com/x",
            ),
            ("https://me:****@a.example.com", "https://me:****@a.example.com"),
            ("https://a.example.com/x:y@z", "https://a.example.com/x:y@z"),
            ("a@example.com", "a@example.com"),
        ] {
            assert_eq!(masked(address), shown);
        }
    }

    #[test]
    fn an_address_begins_with_https_and_has_a_host() {
        for (text, is_one) in [
            ("https://a.example.com", true),
            ("http://a.example.com", false),
            ("https://", false),
            ("https:///x", false),
            ("https://a b", false),
        ] {
            assert_eq!(Endpoint::try_from(text.to_owned()).is_ok(), is_one, "{text}");
        }
    }
}
