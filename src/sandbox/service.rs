//! What a service declares of itself: a `static SERVICE` in its own file.
//!
//! Dispatch, protocols, routes and the errors that every service words in its own way follow from it.

use serde_json::Value;

use super::input::null_at;
use super::tags::Tag;
use super::wire::Protocol;
use super::{Account, Answer, AwsError, Call};

/// A service.
pub(super) struct Service {
    /// Its short name here.
    pub(super) name: &'static str,
    /// The name that its requests are signed for.
    pub(super) signing_name: &'static str,
    /// The first segment of its paths, which tells it from another service of the same signing name.
    pub(super) path_prefix: Option<&'static str>,
    /// The protocols that it speaks, the preferred one first.
    pub(super) protocols: &'static [Protocol],
    /// Whether one endpoint serves the whole partition: the region is then only what the client happens to sign for.
    pub(super) is_global: bool,
    /// Whether it works in a region that a policy denies as a whole.
    pub(super) survives_region_denial: bool,
    /// Its prefix in IAM.
    pub(super) iam_prefix: &'static str,
    /// The name that IAM knows an operation by.
    pub(super) iam_action: fn(&str) -> &str,
    /// The resource that a denial names; the text is the account's id.
    pub(super) denied_resource: fn(&Call, &str) -> String,
    /// The denial, with the sentence that tells who may not do what.
    pub(super) denied: fn(String) -> AwsError,
    /// The refusal of a call that comes too soon after others.
    pub(super) throttled: Refusal,
    /// The refusal in a region that the account has not enabled, where its credentials are not valid.
    pub(super) region_not_enabled: Refusal,
    /// The code of the refusal of a request that breaks the API's description.
    pub(super) invalid_code: &'static str,
    /// The name of the shape of an error with this code, where a service writes one and the other.
    pub(super) error_shape: fn(&str) -> &str,
    /// The refusal of a request that lacks this member.
    pub(super) missing: fn(&Service, &str) -> AwsError,
    /// The refusal of a request in which this member is of another type.
    pub(super) malformed: fn(&str, &Value) -> AwsError,
    /// Whether a tag of a request is kept, or the refusal of the request.
    pub(super) keeps_tag: fn(&Tag<'_>) -> Result<bool, AwsError>,
    /// A header that every answer carries.
    pub(super) header: fn(&Account, &Call) -> Option<(&'static str, String)>,
    /// Answers a call.
    pub(super) handle: fn(&mut Account, &Call) -> Answer,
}

impl Service {
    /// A service that refuses in the commonest words. Its file overrides what differs.
    pub(super) const fn new(
        name: &'static str,
        protocols: &'static [Protocol],
        handle: fn(&mut Account, &Call) -> Answer,
    ) -> Self {
        Service {
            name,
            signing_name: name,
            path_prefix: None,
            protocols,
            is_global: false,
            survives_region_denial: false,
            iam_prefix: name,
            iam_action: |operation| operation,
            denied_resource: |_, _| "*".to_owned(),
            denied: |who| AwsError::with_status(403, "AccessDenied", who),
            throttled: Refusal::new(400, "Throttling", "Rate exceeded"),
            region_not_enabled: Refusal::new(
                403,
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            ),
            invalid_code: "ValidationException",
            error_shape: |code| code,
            missing: |service, member| service.invalid(null_at(member)),
            malformed: |member, _| {
                AwsError::new("SerializationException", format!("{member} is of another type."))
            },
            keeps_tag: |tag| Ok(tag.is_whole()),
            header: |_, _| None,
            handle,
        }
    }
}

/// An error that says the same whatever the call is.
pub(super) struct Refusal {
    status: u16,
    code: &'static str,
    message: &'static str,
}

impl Refusal {
    /// What the services of the query protocol say in a region that is not enabled.
    pub(super) const INVALID_CLIENT_TOKEN: Refusal = Refusal::new(
        403,
        "InvalidClientTokenId",
        "The security token included in the request is invalid",
    );

    pub(super) const fn new(status: u16, code: &'static str, message: &'static str) -> Self {
        Refusal {
            status,
            code,
            message,
        }
    }

    pub(super) fn error(&self) -> AwsError {
        AwsError::with_status(self.status, self.code, self.message)
    }
}
