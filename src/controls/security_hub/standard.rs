//! How a standard is named: by the end of its ARN, which is the same in all regions.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A standard as `name/version`, such as `cis-aws-foundations-benchmark/5.0.0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Standard(String);

impl Standard {
    /// The standard of an ARN, its own or that of a subscription.
    ///
    /// All end in `/name/v/version`, and what stands before differs: `arn:aws:securityhub:REGION::standards`, or
    /// `arn:aws:securityhub:::ruleset` of the oldest one.
    pub(super) fn of_arn(arn: &str) -> Option<Self> {
        let (_, path) = arn.rsplit(':').next()?.split_once('/')?;
        let (name, version) = path.split_once("/v/")?;
        Some(Standard(format!("{name}/{version}")))
    }

    /// As it is written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it has the form of a standard; whether there is such a one, the regions know.
    pub(super) fn is_well_formed(&self) -> bool {
        let of = |text: &str, is: fn(char) -> bool| {
            text.starts_with(char::is_alphanumeric) && text.chars().all(is)
        };
        self.0.split_once('/').is_some_and(|(name, version)| {
            of(name, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
                && of(version, |c| c.is_ascii_digit() || c == '.')
        })
    }

    /// Whether another service switches it on and off for itself, as Control Tower does ("Service-managed
    /// standards in Security Hub CSPM").
    pub(super) fn is_service_managed(&self) -> bool {
        self.0.starts_with("service-managed-")
    }
}

impl fmt::Display for Standard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Standard {
    fn from(text: &str) -> Self {
        Standard(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_arn_names_its_standard() {
        for (arn, name) in [
            (
                "arn:aws:securityhub:eu-west-1::standards/cis-aws-foundations-benchmark/v/5.0.0",
                Some("cis-aws-foundations-benchmark/5.0.0"),
            ),
            (
                "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0",
                Some("cis-aws-foundations-benchmark/1.2.0"),
            ),
            (
                "arn:aws-us-gov:securityhub:us-gov-west-1:111122223333:subscription/nist-800-53/v/5.0.0",
                Some("nist-800-53/5.0.0"),
            ),
            ("arn:aws:securityhub:eu-west-1::standards/nist-800-53", None),
            ("", None),
        ] {
            assert_eq!(Standard::of_arn(arn), name.map(Standard::from), "{arn}");
        }
    }

    #[test]
    fn the_form_is_a_name_and_a_version() {
        for (text, is) in [
            ("aws-foundational-security-best-practices/1.0.0", true),
            ("nist-800-53/5.0.0", true),
            ("nist-800-53/v/5.0.0", false),
            ("nist-800-53", false),
            ("NIST/5.0.0", false),
            ("nist-800-53/", false),
            ("arn:aws:securityhub:::ruleset/nist-800-53/v/5.0.0", false),
        ] {
            assert_eq!(Standard::from(text).is_well_formed(), is, "{text}");
        }
    }
}
