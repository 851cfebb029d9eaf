//! What every simulated operation takes and gives, whatever protocol carried it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::services;

/// One request of a client, after its protocol has been taken off.
#[derive(Clone, Debug)]
pub struct Call {
    /// The service's short name, such as `ec2`.
    pub service: &'static str,
    /// The region that the request was signed for. Global services ignore it.
    pub region: String,
    /// The API operation, such as `DescribeVpcs`.
    pub operation: String,
    /// The input as a tree. Names are those on the wire (query: the form's names; restJson: members of path,
    /// query and body together, under their wire names), lists are arrays, and a query protocol's scalars are strings.
    pub input: Value,
    /// When it is made, in seconds since 1970: what is made by it is of that time.
    pub now: i64,
}

/// An error as the service would send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsError {
    /// The HTTP status.
    pub status: u16,
    /// The wire code, such as `DependencyViolation`.
    pub code: String,
    /// The sentence that comes with it.
    pub message: String,
    /// Further members of the error's body, such as `reason`, for the services that have some.
    pub members: BTreeMap<String, Value>,
}

impl AwsError {
    /// An error of status 400, the commonest.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        AwsError::with_status(400, code, message)
    }

    /// An error of a given status.
    pub fn with_status(status: u16, code: &str, message: impl Into<String>) -> Self {
        AwsError {
            status,
            code: code.to_owned(),
            message: message.into(),
            members: BTreeMap::new(),
        }
    }

    /// The error of a region in which the account cannot be used: its credentials are not valid there, and each
    /// service says so in its own words.
    pub fn region_not_enabled(call: &Call) -> Self {
        services::of(call).region_not_enabled.error()
    }

    /// The error of an operation that the sandbox does not know: loud, and never retried by a client.
    pub fn not_in_sandbox(call: &Call) -> Self {
        AwsError::new(
            "NotInSandbox",
            format!(
                "The sandbox does not know the operation {}:{}.",
                call.service, call.operation
            ),
        )
    }
}

/// What an operation answers: the output as a tree of wire names, or an error.
pub type Answer = Result<Value, AwsError>;
