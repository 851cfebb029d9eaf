//! The table, what is read beside it, and the changes.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_core::fault::Fault;
use trueup_core::values::{Never, Nothing, NumberOr, Presence};

/// The table `[password_policy]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// "absent" returns to AWS's built-in policy.
    pub(crate) state: Option<Presence>,
    /// The fewest characters of a password, 6 to 128.
    #[schemars(range(min = 6, max = 128))]
    pub(crate) minimum_length: Option<i32>,
    /// A password needs a symbol.
    pub(crate) require_symbols: Option<bool>,
    /// A password needs a digit.
    pub(crate) require_numbers: Option<bool>,
    /// A password needs an upper-case letter.
    pub(crate) require_uppercase: Option<bool>,
    /// A password needs a lower-case letter.
    pub(crate) require_lowercase: Option<bool>,
    /// IAM users may change their own password.
    pub(crate) allow_users_to_change: Option<bool>,
    /// How many old passwords cannot be used again, 1 to 24, or "none".
    pub(crate) reuse_prevention: Option<NumberOr<Nothing>>,
    /// After how many days a password expires, 1 to 1095, or "never".
    pub(crate) max_age_days: Option<NumberOr<Never>>,
    /// Who lets a password expire is locked out until an administrator resets it.
    pub(crate) hard_expiry: Option<bool>,
}

impl Model {
    pub(super) fn is_absent(&self) -> bool {
        self.state == Some(Presence::Absent)
    }

    /// True if it says nothing about the policy itself.
    pub(super) fn is_silent(&self) -> bool {
        Model {
            state: None,
            ..self.clone()
        } == Model::default()
    }

    /// True if passwords need a character of some kind.
    pub(super) fn asks_for_kinds(&self) -> bool {
        [
            self.require_symbols,
            self.require_numbers,
            self.require_uppercase,
            self.require_lowercase,
        ]
        .contains(&Some(true))
    }

    /// True if no password expires once this is so.
    pub(super) fn lets_passwords_live(&self, live: &Model) -> bool {
        self.is_absent() || days(&self.over(live)).is_none()
    }

    /// The whole policy to send: what is wanted, over what is there, over what AWS does without a policy.
    pub(super) fn over(&self, live: &Model) -> Model {
        Model {
            state: None,
            // Without a policy AWS asks for 8 characters; an update that leaves the length out would make it 6.
            minimum_length: self.minimum_length.or(live.minimum_length).or(Some(8)),
            require_symbols: self.require_symbols.or(live.require_symbols),
            require_numbers: self.require_numbers.or(live.require_numbers),
            require_uppercase: self.require_uppercase.or(live.require_uppercase),
            require_lowercase: self.require_lowercase.or(live.require_lowercase),
            allow_users_to_change: self.allow_users_to_change.or(live.allow_users_to_change),
            reuse_prevention: self.reuse_prevention.or(live.reuse_prevention),
            max_age_days: self.max_age_days.or(live.max_age_days),
            hard_expiry: self.hard_expiry.or(live.hard_expiry),
        }
    }
}

/// What is read beside the policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// For notices alone (see [`TOLD`](trueup_core::control::TOLD)): users come and go while a saved plan waits.
    pub(crate) told: Told,
}

/// Who signs in with nothing but a password. Looked at where the wanted policy lets no password expire.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    /// The IAM users with a console password and without MFA, in order.
    pub(crate) without_mfa: Vec<String>,
    /// Why they are not known, if they are not.
    pub(crate) unread: Option<Fault>,
}

/// A change of the policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Send the whole policy.
    Put(Model),
    /// Return to the built-in policy.
    Delete,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Action::Put(_) => "set the IAM password policy",
            Action::Delete => "delete the IAM password policy",
        })
    }
}

pub(super) fn days(policy: &Model) -> Option<i32> {
    policy.max_age_days.and_then(|age| age.number)
}
