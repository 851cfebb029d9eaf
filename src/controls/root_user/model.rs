//! The table, what is read beside it, and the changes.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_core::fault::Fault;
use trueup_core::values::{Presence, Required};

/// The table `[root_user]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// "absent": the root user has no access keys. "present" puts up with them.
    pub(crate) access_keys: Option<Presence>,
    /// "absent": the root user has no X.509 signing certificates. "present" puts up with them.
    pub(crate) signing_certificates: Option<Presence>,
    /// The root user signs in with MFA, or has no credentials at all.
    pub(crate) mfa: Option<Required>,
    /// How many MFA devices the root user has at least, 1 to 8. Hardware keys are not readable: attested.
    #[schemars(range(min = 1, max = 8))]
    pub(crate) mfa_devices: Option<i32>,
    /// The root user has no virtual MFA device, but hardware keys or passkeys.
    pub(crate) hardware_mfa: Option<Required>,
    /// For how many days the root user has not been used, at least. A younger account is let off.
    #[schemars(range(min = 1, max = 3650))]
    pub(crate) unused_for_days: Option<i32>,
    /// IAM users and roles may see billing, which only the root user can activate. Not readable: attested.
    pub(crate) billing_access: Option<Required>,
}

impl Model {
    pub(crate) fn asks_for_mfa(&self) -> bool {
        self.mfa.is_some() || self.mfa_devices.is_some() || self.hardware_mfa.is_some()
    }
}

/// What was read beside the table's own keys. Nothing that moves by itself is here: a saved plan has to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// The root user has neither password nor access keys nor certificates, as under an organization's centralised
    /// root access: then there is nothing that MFA could protect.
    pub(crate) without_credentials: bool,
    /// The day of its last use, such as 2026-11-01, if that is too recent for the baseline.
    pub(crate) used: Option<String>,
    /// The day on which the account was made, if that lets a recent use pass.
    pub(crate) new_since: Option<String>,
    /// True if its virtual MFA devices are not known although they were asked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) devices_unread: bool,
    /// What is not known, and the fault that is the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) unread: Vec<(String, Fault)>,
}

/// There is no change: trueup never touches the root user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Action {}

impl fmt::Display for Action {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}
