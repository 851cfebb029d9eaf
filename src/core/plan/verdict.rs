//! The judgement on one cell.

use serde::{Deserialize, Serialize};

/// The judgement on one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is as wanted.
    InSync,
    /// It differs and steps change it.
    Change,
    /// It differs and is only reported.
    Reported,
    /// It differs and cannot be changed now.
    Blocked,
    /// It differs and only a person can change it.
    NeedsPerson,
    /// A person has vouched for what cannot be read.
    Attested,
    /// The file does not manage it.
    Unmanaged,
    /// The service has no endpoint in the region.
    NotAvailable,
    /// The region is not enabled for the account.
    NotEnabled,
    /// The organization's policy forbids reading or changing it.
    Denied,
    /// Another tool or account owns it.
    ManagedElsewhere,
    /// It could not be read.
    Unread,
}

impl Verdict {
    /// All of them, in the order of the legend.
    pub const ALL: [Verdict; 12] = [
        Verdict::InSync,
        Verdict::Change,
        Verdict::Reported,
        Verdict::Blocked,
        Verdict::NeedsPerson,
        Verdict::Attested,
        Verdict::Unmanaged,
        Verdict::NotAvailable,
        Verdict::NotEnabled,
        Verdict::Denied,
        Verdict::ManagedElsewhere,
        Verdict::Unread,
    ];

    /// The verdict in words, for people.
    pub fn words(self) -> &'static str {
        match self {
            Verdict::InSync => "in sync",
            Verdict::Change => "change",
            Verdict::Reported => "reported (differs, not enforced)",
            Verdict::Blocked => "blocked",
            Verdict::NeedsPerson => "needs a person",
            Verdict::Attested => "attested",
            Verdict::Unmanaged => "unmanaged",
            Verdict::NotAvailable => "not available in the region",
            Verdict::NotEnabled => "region not enabled",
            Verdict::Denied => "denied by the organization",
            Verdict::ManagedElsewhere => "managed elsewhere",
            Verdict::Unread => "could not be read",
        }
    }

    /// The verdict as a word of the command line (`--fail-on`) and of JSON.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::InSync => "in-sync",
            Verdict::Change => "change",
            Verdict::Reported => "reported",
            Verdict::Blocked => "blocked",
            Verdict::NeedsPerson => "needs-person",
            Verdict::Attested => "attested",
            Verdict::Unmanaged => "unmanaged",
            Verdict::NotAvailable => "not-available",
            Verdict::NotEnabled => "not-enabled",
            Verdict::Denied => "denied",
            Verdict::ManagedElsewhere => "managed-elsewhere",
            Verdict::Unread => "unread",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_verdicts_are_those_of_json() {
        for verdict in Verdict::ALL {
            assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.word());
        }
    }
}
