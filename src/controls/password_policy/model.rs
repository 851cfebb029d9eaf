//! The table, what is read beside it, and the changes.

use std::cmp::Ordering;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_core::fault::Fault;
use trueup_core::values::{Bound, Never, Nothing, NumberOr, Presence};

/// The table `[password_policy]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// "absent" returns to AWS's built-in policy.
    pub(crate) state: Option<Presence>,
    /// The fewest characters of a password, 6 to 128. A longer minimum stays.
    pub(crate) minimum_length: Option<Bound<i32>>,
    /// A password needs a symbol. False does not ask for one, and leaves a policy that does as it is.
    pub(crate) require_symbols: Option<Bound<bool>>,
    /// A password needs a digit. False does not ask for one, and leaves a policy that does as it is.
    pub(crate) require_numbers: Option<Bound<bool>>,
    /// A password needs an upper-case letter. False does not ask for one, and leaves a policy that does as it is.
    pub(crate) require_uppercase: Option<Bound<bool>>,
    /// A password needs a lower-case letter. False does not ask for one, and leaves a policy that does as it is.
    pub(crate) require_lowercase: Option<Bound<bool>>,
    /// IAM users may change their own password.
    pub(crate) allow_users_to_change: Option<bool>,
    /// How many old passwords cannot be used again, 1 to 24, or "none". A higher number stays.
    pub(crate) reuse_prevention: Option<Bound<NumberOr<Nothing>>>,
    /// After how many days a password expires, 1 to 1095, or "never". An earlier expiry stays.
    pub(crate) max_age_days: Option<Bound<NumberOr<Never>>>,
    /// A user whose password has expired is locked out until an administrator resets it.
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
        self.kinds()
            .into_iter()
            .any(|(_, kind)| kind.map(Bound::into_value) == Some(true))
    }

    /// The kinds of characters, by their keys.
    pub(super) fn kinds(&self) -> [(&'static str, Option<Bound<bool>>); 4] {
        [
            ("require_symbols", self.require_symbols),
            ("require_numbers", self.require_numbers),
            ("require_uppercase", self.require_uppercase),
            ("require_lowercase", self.require_lowercase),
        ]
    }

    /// True if no password expires once this is so.
    pub(super) fn lets_passwords_live(&self, live: &Model) -> bool {
        self.is_absent() || days(&self.over(live)).is_none()
    }

    /// The whole policy to send: what is wanted, over what is there, over what AWS does without a policy. `live` is
    /// plain, and so is the answer.
    pub(super) fn over(&self, live: &Model) -> Model {
        // Without a policy AWS asks for 8 characters; an update that leaves the length out would make it 6.
        let length = live.minimum_length.or(Some(Bound::Plain(BUILT_IN_LENGTH)));
        let kind = |want, live| settled(want, live, bool::cmp);
        Model {
            state: None,
            minimum_length: settled(self.minimum_length, length, i32::cmp),
            require_symbols: kind(self.require_symbols, live.require_symbols),
            require_numbers: kind(self.require_numbers, live.require_numbers),
            require_uppercase: kind(self.require_uppercase, live.require_uppercase),
            require_lowercase: kind(self.require_lowercase, live.require_lowercase),
            allow_users_to_change: self.allow_users_to_change.or(live.allow_users_to_change),
            reuse_prevention: settled(self.reuse_prevention, live.reuse_prevention, by_count),
            max_age_days: settled(self.max_age_days, live.max_age_days, by_age),
            hard_expiry: self.hard_expiry.or(live.hard_expiry),
        }
    }
}

/// The minimum length of AWS's built-in policy.
pub(super) const BUILT_IN_LENGTH: i32 = 8;

/// The value to send for a bound; the live one where nothing is written.
fn settled<T: Copy>(
    want: Option<Bound<T>>,
    live: Option<Bound<T>>,
    strictness: fn(&T, &T) -> Ordering,
) -> Option<Bound<T>> {
    let Some(want) = want else { return live };
    let live = live.map(Bound::into_value);
    Some(Bound::Plain(*want.settled(live.as_ref(), strictness)))
}

/// More old passwords are stricter, and "none" is the least.
pub(super) fn by_count(one: &NumberOr<Nothing>, other: &NumberOr<Nothing>) -> Ordering {
    one.number.cmp(&other.number)
}

/// Fewer days are stricter, and "never" is the least.
pub(super) fn by_age(one: &NumberOr<Never>, other: &NumberOr<Never>) -> Ordering {
    let days = |age: &NumberOr<Never>| age.number.unwrap_or(i32::MAX);
    days(other).cmp(&days(one))
}

/// What is read beside the policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// For notices alone: users come and go while a saved plan waits.
    pub(crate) told: Told,
}

/// Who signs in with nothing but a password. Looked at where the wanted policy lets no password expire.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    /// Some IAM users with a console password and without MFA, in order.
    pub(crate) without_mfa: Vec<String>,
    /// How many more there are by the credential report, which may be four hours old.
    #[serde(default)]
    pub(crate) others_without_mfa: usize,
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
    policy.max_age_days.and_then(|age| age.value().number)
}
