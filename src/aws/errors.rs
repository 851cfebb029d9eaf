//! From the SDK's errors to faults.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::clients::Operation;
use super::http::NoSuchHost;
use crate::fault::{Fault, FaultKind};
use crate::gate::CallError;

impl<E> From<SdkError<E, HttpResponse>> for Fault
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Fault {
        let response = error.raw_response();
        let call = response
            .and_then(|response| response.extension::<Operation>())
            .or_else(|| links(&error).find_map(|link| Some(&link.downcast_ref::<CallError>()?.operation)))
            .map(Operation::to_string)
            .unwrap_or_else(|| "the call".to_owned());
        let request_id = response.and_then(|response| {
            ["x-amzn-requestid", "x-amzn-request-id", "x-amz-request-id"]
                .iter()
                .find_map(|header| response.headers().get(header))
                .map(str::to_owned)
        });
        let status = response.map(|response| response.status().as_u16());
        let (kind, code, message) = match &error {
            SdkError::ServiceError(service) => answered(&call, status, service.err().meta()),
            SdkError::ResponseError(_) => (
                FaultKind::Answer,
                None,
                format!("the answer (HTTP {}) could not be understood: {}", status.unwrap_or(0), deepest(&error)),
            ),
            SdkError::DispatchFailure(failure) => unanswered(&call, &error, failure.as_connector_error()),
            SdkError::TimeoutError(_) => (FaultKind::Network, None, "no answer in time".to_owned()),
            _ => (kind_of_cause(&error), None, deepest(&error)),
        };
        Fault { kind, call, code, message, request_id }
    }
}

/// A service's own error.
fn answered(
    call: &str,
    status: Option<u16>,
    metadata: &aws_smithy_types::error::ErrorMetadata,
) -> (FaultKind, Option<String>, String) {
    let code = metadata.code().map(str::to_owned);
    let message = match metadata.message() {
        Some(message) => clean(message),
        None => format!("HTTP {} without a message", status.unwrap_or(0)),
    };
    let kind = code.as_deref().map_or(FaultKind::Service, |code| kind(call, code, &message));
    (kind, code, message)
}

/// No answer arrived.
fn unanswered(
    call: &str,
    error: &(dyn Error + 'static),
    connector: Option<&ConnectorError>,
) -> (FaultKind, Option<String>, String) {
    if let Some(host) = links(error).find_map(|link| link.downcast_ref::<NoSuchHost>()) {
        // One region's missing endpoint is a fact of that region; at the first call of all it is a network without
        // names.
        let of_aws = host.host.ends_with(".amazonaws.com") || host.host.ends_with(".api.aws");
        let kind =
            if of_aws && !call.starts_with("sts:") { FaultKind::NotAvailable } else { FaultKind::Network };
        return (kind, None, host.to_string());
    }
    if connector.is_some_and(ConnectorError::is_timeout) {
        return (FaultKind::Network, None, "no answer in time".to_owned());
    }
    (kind_of_cause(error), None, deepest(error))
}

/// What lies behind a call that was not even sent, or not answered.
fn kind_of_cause(error: &(dyn Error + 'static)) -> FaultKind {
    if links(error).any(|link| link.is::<CredentialsError>()) {
        FaultKind::Credentials
    } else {
        FaultKind::Network
    }
}

/// The kind of a service's error, by its code and text (AWS's services differ in their codes for the same thing).
fn kind(call: &str, code: &str, message: &str) -> FaultKind {
    if denied_by_organization(message) {
        return FaultKind::DeniedByOrganization;
    }
    match code {
        "UnauthorizedOperation"
        | "AccessDenied"
        | "AccessDeniedException"
        | "AuthorizationError"
        | "UnauthorizedAccess"
        | "NotAuthorized" => FaultKind::Denied,
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" | "SignatureDoesNotMatch"
        | "InvalidAccessKeyId" | "IncompleteSignature" | "MissingAuthenticationToken" => FaultKind::Credentials,
        // In one region the credentials are not known yet, or never will be; if even STS does not know them, they
        // are wrong.
        "AuthFailure" | "UnrecognizedClientException" | "InvalidClientTokenId" => {
            if call.starts_with("sts:") { FaultKind::Credentials } else { FaultKind::RegionNotEnabled }
        }
        "OptInRequired" | "RegionDisabledException" | "SubscriptionRequiredException" => {
            FaultKind::RegionNotEnabled
        }
        "Throttling" | "ThrottlingException" | "ThrottledException" | "TooManyRequestsException"
        | "RequestLimitExceeded" | "RequestThrottled" | "RequestThrottledException" | "SlowDown"
        | "EC2ThrottledException" | "BandwidthLimitExceeded" => FaultKind::Throttled,
        "LimitExceeded" | "LimitExceededException" | "ServiceQuotaExceededException" => FaultKind::Quota,
        other if other.ends_with("LimitExceeded") => FaultKind::Quota,
        _ => FaultKind::Service,
    }
}

/// True for the texts by which a service or resource control policy denies: "with an explicit deny in a service
/// control policy", sometimes followed by the policy's ARN, or "because no service control policy allows the
/// ... action" (IAM User Guide, "Troubleshoot access denied error messages").
fn denied_by_organization(message: &str) -> bool {
    ["service control policy", "resource control policy"].iter().any(|policy| {
        [format!("explicit deny in a {policy}"), format!("explicit deny in an {policy}"), format!("no {policy} allows")]
            .iter()
            .any(|text| message.contains(text.as_str()))
    })
}

/// A service's sentence on one line, without the encoded text that differs from call to call.
fn clean(message: &str) -> String {
    let told = message.split("Encoded authorization failure message").next().unwrap_or(message);
    told.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The last of the causes: what actually went wrong.
pub(super) fn deepest(error: &(dyn Error + 'static)) -> String {
    clean(&links(error).last().map(ToString::to_string).unwrap_or_default())
}

/// An error and its causes.
fn links<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |link| link.source())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_follows_from_code_and_text() {
        let scp = "User: x is not authorized to perform: ec2:DescribeVpcs with an explicit deny in a service control \
                   policy: arn:aws:organizations::1:policy/o-x/service_control_policy/p-y";
        for (call, code, message, expected) in [
            ("ec2:DescribeVpcs", "UnauthorizedOperation", scp, FaultKind::DeniedByOrganization),
            (
                "iam:GetRole",
                "AccessDenied",
                "because no resource control policy allows the iam:GetRole action",
                FaultKind::DeniedByOrganization,
            ),
            ("ec2:DescribeVpcs", "UnauthorizedOperation", "You are not authorized", FaultKind::Denied),
            ("guardduty:ListDetectors", "AccessDeniedException", "", FaultKind::Denied),
            ("sns:GetTopicAttributes", "AuthorizationError", "", FaultKind::Denied),
            ("ec2:DescribeVpcs", "AuthFailure", "", FaultKind::RegionNotEnabled),
            ("guardduty:ListDetectors", "UnrecognizedClientException", "", FaultKind::RegionNotEnabled),
            ("ec2:DescribeVpcs", "OptInRequired", "", FaultKind::RegionNotEnabled),
            ("sts:GetCallerIdentity", "InvalidClientTokenId", "", FaultKind::Credentials),
            ("sts:GetCallerIdentity", "ExpiredToken", "", FaultKind::Credentials),
            ("ec2:DeleteVpc", "RequestLimitExceeded", "", FaultKind::Throttled),
            ("iam:CreateRole", "LimitExceeded", "", FaultKind::Quota),
            ("ec2:CreateDefaultVpc", "VpcLimitExceeded", "", FaultKind::Quota),
            ("ec2:DeleteVpc", "DependencyViolation", "", FaultKind::Service),
        ] {
            assert_eq!(kind(call, code, message), expected, "{call} {code}");
        }
    }

    #[test]
    fn an_encoded_text_that_differs_from_call_to_call_is_cut_off() {
        let message = "You are not authorized to perform this operation.\nEncoded authorization failure message: \
                       k3JfZ0-9";
        assert_eq!(clean(message), "You are not authorized to perform this operation.");
    }
}
