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
    /// The proxy of the environment could not be reached, or opened no connection.
    Proxy,
    /// The certificate that the other side showed is not trusted.
    Certificate,
    /// The service refused the request for its time: the clock of this machine is wrong.
    Clock,
    /// No credentials, or ones that have expired.
    Credentials,
    /// The service refused the request for another reason.
    Service,
    /// The answer is not one of the service: something else answered, or it could not be understood.
    Answer,
    /// The answer was understood, but does not show what it must: a member is missing, or what was made is not visible yet.
    Unexpected,
}

impl FaultKind {
    /// The kind in a few words, for a failure without a code.
    fn words(self) -> &'static str {
        match self {
            FaultKind::DeniedByOrganization => "denied by a policy of the organization",
            FaultKind::ConfiguredElsewhere => "configured by another account",
            FaultKind::Denied => "not permitted",
            FaultKind::RegionNotEnabled => "the region is not enabled",
            FaultKind::NotAvailable => "no endpoint in the region",
            FaultKind::Throttled => "too many requests",
            FaultKind::Quota => "a quota is used up",
            FaultKind::Network => "no answer arrived",
            FaultKind::Credentials => "no valid credentials",
            FaultKind::Service => "refused without an error code",
            FaultKind::Proxy => "the proxy opened no connection",
            FaultKind::Certificate => "the certificate is not trusted",
            FaultKind::Clock => "the clock of this machine is wrong",
            FaultKind::Answer => "an answer that makes no sense",
            FaultKind::Unexpected => "an answer that does not show what it must",
        }
    }
}

/// One failed call.
///
/// Where it happened (control and place) is the key of the cell or step that carries it. As text it says the same of
/// the same trouble every time: that goes into notices, tasks and plans. What a service says in its own words may have
/// an id, a time or an address in it that is new with each call; [`in_full`](Fault::in_full) shows that to whoever
/// looks at this very run. Two faults are equal whatever a service said: kind, call and code decide.
#[derive(Clone, Debug, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What kind of failure it is.
    pub kind: FaultKind,
    /// The call, as `service:Operation`.
    pub call: String,
    /// The service's error code, where one arrived.
    pub code: Option<String>,
    /// The service's own sentence, or the cause. A saved plan has it only where the words are trueup's own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The request id to quote to AWS Support, where one arrived. Kept out of saved plans.
    #[serde(skip)]
    pub request_id: Option<String>,
}

impl PartialEq for Fault {
    fn eq(&self, other: &Fault) -> bool {
        let identity = |fault: &Fault| (fault.kind, fault.is_in_own_words());
        identity(self) == identity(other)
            && (&self.call, &self.code) == (&other.call, &other.code)
            && (!self.is_in_own_words() || self.message == other.message)
    }
}

impl Fault {
    /// A fault that no service sent: the answer was read, but does not show what it must.
    pub fn answer(call: &str, message: impl Into<String>) -> Self {
        Fault {
            kind: FaultKind::Unexpected,
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

    /// True if the message is trueup's own, which is the same every time.
    fn is_in_own_words(&self) -> bool {
        let is_ours = matches!(
            self.kind,
            FaultKind::Answer | FaultKind::Unexpected | FaultKind::DeniedByOrganization
        );
        is_ours && self.code.is_none() && !self.message.is_empty()
    }

    /// Why it failed in a few words that are the same every time: the code, or the kind.
    pub fn reason(&self) -> &str {
        match (&self.code, self.is_in_own_words()) {
            (Some(code), _) => code,
            (None, true) => &self.message,
            (None, false) => self.kind.words(),
        }
    }

    /// The fault as a plan keeps it: without what may differ the next time.
    pub fn lasting(&self) -> Fault {
        Fault {
            message: match self.is_in_own_words() {
                true => self.message.clone(),
                false => String::new(),
            },
            request_id: None,
            ..self.clone()
        }
    }

    /// Everything that is known of it, with the service's own sentence and the request id: for people, never to be
    /// saved or compared.
    pub fn in_full(&self) -> String {
        let mut text = match (&self.code, self.message.as_str()) {
            (_, "") => self.to_string(),
            (Some(code), said) => format!("{}: {code}: {said}", self.call),
            (None, said) => format!("{}: {said}", self.call),
        };
        if let Some(id) = &self.request_id {
            text.push_str(&format!(" (request id {id})"));
        }
        text
    }

    /// What to do next, in one sentence, where there is something to say.
    pub fn hint(&self) -> Option<&'static str> {
        match self.kind {
            FaultKind::Denied => Some(self.way_to_permission()),
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
            FaultKind::Proxy => Some(
                "start or correct the proxy (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY), or exempt AWS's hosts from it with \
                 NO_PROXY",
            ),
            FaultKind::Certificate => Some(
                "name a file with the certificate of the authority that signs there in AWS_CA_BUNDLE, or as `ca_bundle` in \
                 the profile",
            ),
            FaultKind::Clock => Some("set the clock of this machine, and run again"),
            FaultKind::Credentials => Some("sign in again, for example with `aws login` or `aws sso login`"),
            FaultKind::Answer => {
                Some("check that it is the service that answers there: a proxy, --endpoint-url")
            }
            FaultKind::Service | FaultKind::Unexpected => None,
        }
    }

    /// Which policy has to change before the call is allowed. AWS's sentence names its type (IAM User Guide,
    /// "Troubleshoot access denied error messages"); without one, a grant is what most often is missing.
    fn way_to_permission(&self) -> &'static str {
        let says = |words: &str| self.message.contains(words);
        if says("permissions boundary") {
            "allow the action in the permissions boundary of the caller; a grant alone does not help"
        } else if says("session policy") {
            "allow the action in the session policy that the session was started with; a grant alone does not help"
        } else if says("VPC endpoint policy") {
            "allow the action in the policy of the VPC endpoint, or call from elsewhere; a grant alone does not help"
        } else if says("explicit deny in a resource-based policy") {
            "remove the Deny statement from the resource's policy; a grant does not override it"
        } else if says("explicit deny") {
            "remove the Deny statement from the caller's policies; a grant does not override it"
        } else {
            "grant the action to the caller; `trueup controls NAME` lists what a control needs"
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.call, self.reason())?;
        match (self.kind, &self.code) {
            (FaultKind::DeniedByOrganization, Some(_)) => f.write_str(" (a policy of the organization)"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_step_after_a_denial_follows_the_policy_that_denies() {
        const USER: &str = "User: arn:aws:iam::123456789012:user/a is not authorized to perform: iam:GetRole on resource: r ";
        for (says, hint) in [
            (
                "because no identity-based policy allows the iam:GetRole action",
                "grant the action",
            ),
            ("", "grant the action"),
            (
                "because no permissions boundary allows the iam:GetRole action",
                "permissions boundary",
            ),
            (
                "with an explicit deny in a permissions boundary",
                "permissions boundary",
            ),
            (
                "because no session policy allows the iam:GetRole action",
                "session policy",
            ),
            (
                "with an explicit deny in an identity-based policy: arn:aws:iam::1:policy/No",
                "the caller's policies",
            ),
            ("with an explicit deny", "the caller's policies"),
            (
                "with an explicit deny in a resource-based policy",
                "the resource's policy",
            ),
            (
                "because no VPC endpoint policy allows the iam:GetRole action",
                "VPC endpoint",
            ),
        ] {
            let fault = Fault {
                kind: FaultKind::Denied,
                ..Fault::answer("iam:GetRole", format!("{USER}{says}"))
            };
            let told = fault.hint().unwrap();
            assert!(told.contains(hint), "{says}: {told}");
            assert_eq!(
                told.starts_with("grant"),
                hint.starts_with("grant"),
                "{says}: {told}"
            );
        }
    }

    #[test]
    fn what_is_not_visible_yet_is_not_blamed_on_a_proxy() {
        let fault = Fault::answer(
            "securityhub:DescribeHub",
            "the new hub is not visible yet; plan again later",
        );
        assert_eq!(fault.hint(), None);
    }

    fn fault(kind: FaultKind, code: Option<&str>, message: &str) -> Fault {
        Fault {
            kind,
            call: "iam:GetRole".to_owned(),
            code: code.map(str::to_owned),
            message: message.to_owned(),
            request_id: Some("7c1a".to_owned()),
        }
    }

    #[test]
    fn a_text_and_what_is_kept_have_nothing_that_is_new_with_each_call() {
        let said = "explicit deny in a service control policy, id 0a1b at 09:30:00";
        for (kind, code, text) in [
            (
                FaultKind::DeniedByOrganization,
                Some("AccessDenied"),
                "iam:GetRole: AccessDenied (a policy of the organization)",
            ),
            (
                FaultKind::Denied,
                Some("AccessDenied"),
                "iam:GetRole: AccessDenied",
            ),
            (FaultKind::Network, None, "iam:GetRole: no answer arrived"),
            (
                FaultKind::Service,
                None,
                "iam:GetRole: refused without an error code",
            ),
        ] {
            let fault = fault(kind, code, said);
            assert_eq!(fault.to_string(), text);
            assert_eq!(fault.lasting().in_full(), text);
            assert_eq!(fault.lasting(), fault);
            let kept = serde_json::to_string(&fault.lasting()).unwrap();
            assert!(!kept.contains("0a1b") && !kept.contains("7c1a"), "{kept}");
            assert!(fault.in_full().ends_with("at 09:30:00 (request id 7c1a)"));
        }
    }

    #[test]
    fn what_trueup_says_itself_is_kept() {
        for kind in [
            FaultKind::Answer,
            FaultKind::Unexpected,
            FaultKind::DeniedByOrganization,
        ] {
            let fault = fault(kind, None, "not asked").lasting();
            assert_eq!(
                (fault.to_string(), fault.message),
                ("iam:GetRole: not asked".to_owned(), "not asked".to_owned())
            );
        }
    }
}
