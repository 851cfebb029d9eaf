//! Attestations: what no API can show, vouched for by a person, in git.

use std::collections::BTreeMap;

use jiff::civil::Date;

/// The attestations of a baseline, by name.
pub type Attestations = BTreeMap<String, Attestation>;

/// One table `[attestations.NAME]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// Who vouches.
    pub by: String,
    /// The day on which they saw it.
    pub on: Date,
    /// The last day on which it counts.
    pub expires: Date,
    /// Where the proof is, for whoever asks.
    pub evidence: Option<String>,
}

impl Attestation {
    /// True if it counts on a day, the last one included.
    pub fn counts(&self, day: Date) -> bool {
        day <= self.expires
    }

    /// Who vouched for what and until when, in a sentence.
    pub fn told(&self, name: &str) -> String {
        let evidence = self
            .evidence
            .as_ref()
            .map(|evidence| format!(" ({evidence})"))
            .unwrap_or_default();
        format!(
            "{name}: {} vouched for it on {}, until {}{evidence}",
            self.by, self.on, self.expires
        )
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn it_counts_until_the_end_of_its_last_day() {
        let attestation = Attestation {
            by: "Kim".to_owned(),
            on: date(2026, 1, 2),
            expires: date(2027, 1, 2),
            evidence: Some("vault record 7".to_owned()),
        };
        assert!(attestation.counts(date(2027, 1, 2)));
        assert!(!attestation.counts(date(2027, 1, 3)));
        assert_eq!(
            attestation.told("root_mfa"),
            "root_mfa: Kim vouched for it on 2026-01-02, until 2027-01-02 (vault record 7)"
        );
    }
}
