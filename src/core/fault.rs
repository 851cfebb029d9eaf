//! What went wrong with one call, as data: planning, execution and the reports decide by its kind.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of a fault, told from the error's code and text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// An organization's policy (service or resource control policy) forbids the call.
    DeniedByOrganization,
    /// Another account configures the service here, and alone may change it.
    ConfiguredElsewhere,
    /// The caller's own permissions do not allow the call.
    Denied,
    /// The region is not enabled for this account, or not yet usable with these credentials.
    RegionNotEnabled,
    /// The service has no endpoint in the region.
    NotAvailable,
    /// The service refused for its rate limits, after all retries.
    Throttled,
    /// A quota of the account is used up; trying again does not help.
    Quota,
    /// No answer arrived: name resolution, connection, reset or time-out.
    Network,
    /// No credentials, or ones that have expired.
    Credentials,
    /// The service refused the request for another reason.
    Service,
    /// The answer could not be understood.
    Answer,
}

/// One failed call.
///
/// Where it happened (control and place) is the key of the cell or step that carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What kind of failure it is.
    pub kind: FaultKind,
    /// The call, as `service:Operation`.
    pub call: String,
    /// The service's error code, where one arrived.
    pub code: Option<String>,
    /// The service's own sentence, or the cause.
    pub message: String,
    /// The request id to quote to AWS Support, where one arrived. Kept out of saved plans.
    #[serde(skip)]
    pub request_id: Option<String>,
}

impl Fault {
    /// A fault that no service sent: the answer was read but makes no sense.
    pub fn answer(call: &str, message: impl Into<String>) -> Self {
        Fault {
            kind: FaultKind::Answer,
            call: call.to_owned(),
            code: None,
            message: message.into(),
            request_id: None,
        }
    }

    /// True if the service answered with this error code.
    pub fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// True if the service answered with one of these error codes.
    pub fn is_one_of(&self, codes: &[&str]) -> bool {
        self.code.as_deref().is_some_and(|code| codes.contains(&code))
    }

    /// False for a denial that follows from another one: the call was not made.
    pub fn was_asked(&self) -> bool {
        self.kind != FaultKind::DeniedByOrganization || self.code.is_some()
    }

    /// What to do next, in one sentence, where there is something to say.
    pub fn hint(&self) -> Option<&'static str> {
        match self.kind {
            FaultKind::Denied => {
                Some("grant the action to the caller; `trueup controls NAME` lists what a control needs")
            }
            FaultKind::DeniedByOrganization => Some(
                "the organization's policy forbids it; leave the region or control out, or ask its owner",
            ),
            FaultKind::ConfiguredElsewhere => Some(
                "the account is configured centrally; change that policy in the administrator's account, or leave the \
                 control out",
            ),
            FaultKind::RegionNotEnabled => {
                Some("enable the region in the account, or take it out of the file")
            }
            FaultKind::NotAvailable => {
                Some("the service is not offered in this region; take it out of `regions`")
            }
            FaultKind::Throttled => Some("run again later, or with a smaller --parallelism"),
            FaultKind::Quota => Some("ask for a higher quota, or remove what is no longer needed"),
            FaultKind::Network => Some("check the network, a proxy or --endpoint-url, and run again"),
            FaultKind::Credentials => Some("sign in again, for example with `aws login` or `aws sso login`"),
            FaultKind::Answer => {
                Some("check that it is the service that answers there: a proxy, --endpoint-url")
            }
            FaultKind::Service => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.call)?;
        if let Some(code) = &self.code {
            write!(f, "{code}: ")?;
        }
        write!(f, "{}", self.message)?;
        if let Some(id) = &self.request_id {
            write!(f, " (request id {id})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}
