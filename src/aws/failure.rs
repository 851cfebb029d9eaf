//! From the SDK's errors to faults.

use std::error::Error;
use std::fmt;
use std::ops::Deref;
use std::time::{Duration, SystemTime};

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use trueup_core::fault::{Fault, FaultKind};

use crate::clients::{CallName, Unanswered};
use crate::denial::Spared;
use crate::http::{NoSuchHost, ProxyFailed, is_aws_host};
use crate::offered::is_lacking;
use crate::patience::{Empty, Unanswering};
use crate::rate_limit::TooLong;
use crate::text::{causes, credentials_cause, deepest_cause, page, repeatable, title};
use crate::trust::untrusted;

/// A [`Fault`] on its way up: what a function that calls AWS fails with, so that `?` takes the SDK's errors.
///
/// The core knows no SDK, and so its `Fault` cannot be made from the SDK's errors itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(pub Fault);

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        Failure(fault)
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Fault {
        failure.0
    }
}

impl Deref for Failure {
    type Target = Fault;

    fn deref(&self) -> &Fault {
        &self.0
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Failure {}

impl Failure {
    /// A fault that no service sent, see [`Fault::answer`].
    pub fn answer(call: &str, message: impl Into<String>) -> Self {
        Failure(Fault::answer(call, message))
    }

    /// The same failure in other words, which are made from its own.
    pub fn reworded(self, reword: impl FnOnce(&str) -> String) -> Self {
        Failure(Fault {
            message: reword(&self.message),
            ..self.0
        })
    }
}

impl<E> From<SdkError<E, HttpResponse>> for Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Failure {
        Failure(match error.raw_response() {
            Some(response) => answered(&error, response),
            None => unanswered(&error),
        })
    }
}

/// Takes these codes for success: what was to be done had been done.
pub fn done<T, E>(answer: Result<T, E>, codes: &[&str]) -> Result<(), Failure>
where
    Failure: From<E>,
{
    match answer.map_err(Failure::from) {
        Err(fault) if !fault.is_one_of(codes) => Err(fault),
        _ => Ok(()),
    }
}

/// The answer, or nothing where the service says by this code that there is none.
pub fn found<T, E>(answer: Result<T, E>, nothing: &str) -> Result<Option<T>, Failure>
where
    Failure: From<E>,
{
    match answer.map_err(Failure::from) {
        Ok(answer) => Ok(Some(answer)),
        Err(fault) if fault.is(nothing) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// A service, or something in its place, answered.
fn answered<E>(error: &SdkError<E, HttpResponse>, response: &HttpResponse) -> Fault
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let call = response.extension::<CallName>();
    let code = error.code().filter(|code| !code.is_empty());
    let status = response.status().as_u16();
    let said = error.message().filter(|message| !message.is_empty());
    let message = match (said, code) {
        (Some(message), _) => repeatable(message),
        (None, Some(_)) => format!("HTTP status {status}, without a message"),
        (None, None) if response.status().is_success() => {
            let body = response.body().bytes().unwrap_or_default();
            if is_web_page(body) {
                // Its title alone: pages say the time, addresses and ids.
                let title = title(body).map(|title| format!(": {title}")).unwrap_or_default();
                format!("a web page answered, not the service{title}")
            } else {
                format!("the answer could not be understood: {}", deepest_cause(error))
            }
        }
        (None, None) => {
            let body = response.body().bytes().unwrap_or_default();
            format!("HTTP status {status}: {}", shown(body))
        }
    };
    let kind = match code {
        Some(code) if is_of_the_clock(code, &message, response) => FaultKind::Clock,
        Some(code) => kind(call.map(|call| call.service), status, code, &message),
        None if status == TOO_MANY => FaultKind::Throttled,
        None if response.status().is_success() => FaultKind::Answer,
        None => FaultKind::Service,
    };
    Fault {
        kind,
        call: name(call),
        code: code.map(str::to_owned),
        message,
        request_id: error
            .meta()
            .request_id()
            .or_else(|| response.request_id())
            .map(str::to_owned),
    }
}

fn shown(body: &[u8]) -> String {
    let page = page(body);
    if page.is_empty() {
        "no text".to_owned()
    } else {
        page
    }
}

/// True if the body is HTML: what a proxy's sign-in page or a wrong address answers with.
fn is_web_page(body: &[u8]) -> bool {
    let start = body.trim_ascii_start();
    ["<!doctype html", "<html"].iter().any(|tag| {
        start
            .get(..tag.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(tag.as_bytes()))
    })
}

/// No service was reached, or none could be asked.
fn unanswered(error: &(dyn Error + 'static)) -> Fault {
    let find = |is: fn(&(dyn Error + 'static)) -> bool| causes(error).any(is);
    let call = causes(error).find_map(|cause| cause.downcast_ref::<Unanswered>());
    let call = call.map(|unanswered| &unanswered.call);
    let distrust = untrusted(error);
    let kind = if let Some(kind) = of_the_way(error) {
        kind
    } else if find(|cause| cause.is::<CredentialsError>()) {
        FaultKind::Credentials
    } else if find(|cause| cause.is::<Spared>()) {
        FaultKind::DeniedByOrganization
    } else if find(|cause| cause.is::<TooLong>()) {
        FaultKind::Throttled
    } else if find(|cause| cause.is::<Empty>()) {
        FaultKind::Answer
    } else if no_endpoint(error, call) {
        FaultKind::NotAvailable
    } else if find(|cause| {
        cause.is::<NoSuchHost>()
            || cause.is::<Unanswering>()
            || cause.downcast_ref().is_some_and(is_of_the_network)
    }) {
        FaultKind::Network
    } else {
        // The request could not even be made: the SDK refused its input or found no endpoint.
        FaultKind::Service
    };
    Fault {
        kind,
        call: name(call),
        code: None,
        message: distrust
            .unwrap_or_else(|| repeatable(&credentials_cause(error).unwrap_or_else(|| cause(error)))),
        request_id: None,
    }
}

/// What stands in the way to any service: a proxy that fails, or a certificate that is not trusted.
pub(crate) fn of_the_way(error: &(dyn Error + 'static)) -> Option<FaultKind> {
    if untrusted(error).is_some() {
        return Some(FaultKind::Certificate);
    }
    let mut all = causes(error);
    all.any(|cause| cause.is::<ProxyFailed>())
        .then_some(FaultKind::Proxy)
}

/// What the innermost cause says, with the proxy if it happened there.
fn cause(error: &(dyn Error + 'static)) -> String {
    let said = deepest_cause(error);
    let mut all = causes(error);
    match all.find_map(|cause| cause.downcast_ref::<ProxyFailed>()) {
        Some(failed) => format!("proxy {}: {said}", failed.proxy),
        None => said,
    }
}

/// True if the service's name in the region does not resolve, and the service is known to have no endpoint there. One
/// without the other says nothing about the account.
fn no_endpoint(error: &(dyn Error + 'static), call: Option<&CallName>) -> bool {
    let mut hosts = causes(error).filter_map(|cause| cause.downcast_ref::<NoSuchHost>());
    let is_known = call.is_some_and(|call| is_lacking(call.service, call.region.as_str()));
    is_known && hosts.any(|unknown| is_aws_host(&unknown.host))
}

fn is_of_the_network(error: &ConnectorError) -> bool {
    error.is_io() || error.is_timeout() || error.as_other().is_some()
}

/// A request whose input is incomplete fails before it has a name.
fn name(call: Option<&CallName>) -> String {
    call.map_or_else(|| "a request".to_owned(), CallName::to_string)
}

/// How far this machine's clock may be off before AWS refuses a signature.
const TOLERATED: Duration = Duration::from_secs(5 * 60);

/// True if a request was refused for its time. Some services have a code for that; others say it in the text of a bad
/// signature, or only show their own time beside a refusal that has many causes.
fn is_of_the_clock(code: &str, message: &str, response: &HttpResponse) -> bool {
    match code {
        "RequestTimeTooSkewed" | "RequestInTheFuture" => true,
        "RequestExpired" | "SignatureDoesNotMatch" | "InvalidSignatureException" | "AuthFailure" => {
            message.contains("Signature expired")
                || message.contains("Signature not yet current")
                || is_far_from_now(response)
        }
        _ => false,
    }
}

/// True if the service's time, which each answer has, is not that of this machine.
fn is_far_from_now(response: &HttpResponse) -> bool {
    let date = response.headers().get("date");
    let theirs = date
        .and_then(|date| DateTime::from_str(date, Format::HttpDate).ok())
        .and_then(|date| SystemTime::try_from(date).ok());
    let now = SystemTime::now();
    theirs.is_some_and(|theirs| {
        let apart = theirs.duration_since(now).or_else(|_| now.duration_since(theirs));
        apart.is_ok_and(|apart| apart > TOLERATED)
    })
}

/// What EC2 says where a declarative policy sets something, unless the policy has a sentence of its own. The code that
/// comes with it is not published (Organizations User Guide, "Custom error messages for EC2 policies").
const BY_DECLARATIVE_POLICY: &str = "denied due to an organizational policy in effect";

/// What Security Hub says to an account that a central configuration policy configures, the delegated administrator's
/// own one included. The code is that of a lack of permission.
const BY_CENTRAL_CONFIGURATION: &str = "central configuration policy";

/// "Too Many Requests", whatever the code is.
const TOO_MANY: u16 = 429;

/// The kind that a service means by an error's code, where its text says nothing else.
pub fn kind_of_code(service: &str, status: u16, code: &str) -> FaultKind {
    kind(Some(service), status, code, "")
}

/// The kind that an error's status, code and text tell.
fn kind(service: Option<&str>, status: u16, code: &str, message: &str) -> FaultKind {
    if status == TOO_MANY {
        return FaultKind::Throttled;
    }
    if message.contains(BY_DECLARATIVE_POLICY) {
        return FaultKind::DeniedByOrganization;
    }
    if service == Some("securityhub") && message.contains(BY_CENTRAL_CONFIGURATION) {
        return FaultKind::ConfiguredElsewhere;
    }
    match code {
        // EC2, query protocols and S3, JSON protocols, SNS.
        "UnauthorizedOperation" | "AccessDenied" | "AccessDeniedException" | "AuthorizationError" => {
            if is_by_organization(message) {
                FaultKind::DeniedByOrganization
            } else {
                FaultKind::Denied
            }
        }
        "ExpiredToken"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "InvalidAccessKeyId"
        | "InvalidSignatureException"
        | "InvalidToken"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "RequestExpired"
        | "SignatureDoesNotMatch"
        | "TokenRefreshRequired" => FaultKind::Credentials,
        // A region that is not enabled does not know the account's credentials. For IAM there are no regions.
        "AuthFailure" | "InvalidClientTokenId" | "UnrecognizedClientException" if service == Some("iam") => {
            FaultKind::Credentials
        }
        "AuthFailure"
        | "InvalidClientTokenId"
        | "OptInRequired"
        | "RegionDisabledException"
        | "SubscriptionRequiredException"
        | "UnrecognizedClientException" => FaultKind::RegionNotEnabled,
        "BandwidthLimitExceeded"
        | "EC2ThrottledException"
        | "PriorRequestNotComplete"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "SlowDown"
        | "Throttled"
        | "ThrottledException"
        | "Throttling"
        | "ThrottlingException"
        | "TooManyRequestsException" => FaultKind::Throttled,
        // Cost Explorer throttles with the word that others have for quotas.
        "LimitExceededException" if service == Some("ce") => FaultKind::Throttled,
        "LimitExceededException" | "ServiceQuotaExceededException" => FaultKind::Quota,
        // IAM's `LimitExceeded`, and EC2's of each kind, such as `VpcLimitExceeded`.
        code if code.ends_with("LimitExceeded") => FaultKind::Quota,
        _ => FaultKind::Service,
    }
}

/// True if the text names a service or resource control policy as what forbids the call
/// (IAM User Guide, "Troubleshoot access denied error messages").
fn is_by_organization(message: &str) -> bool {
    ["service control policy", "resource control policy"]
        .iter()
        .any(|policy| {
            message.match_indices(policy).any(|(at, _)| {
                let (before, after) = (&message[..at], &message[at + policy.len()..]);
                before.ends_with("explicit deny in a ")
                    || before.ends_with("explicit deny in an ")
                    || before.ends_with("no ") && after.starts_with(" allows")
            })
        })
}

#[cfg(test)]
mod tests;
