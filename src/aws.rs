//! AWS.
use crate::{
    fault::{Fault, FaultKind},
    place::Region,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::sync::Arc;
/// Clients.
#[derive(Debug)]
pub struct Clients {
    /// IAM.
    pub iam: aws_sdk_iam::Client,
    /// EC2.
    pub ec2: aws_sdk_ec2::Client,
    /// GuardDuty.
    pub guardduty: aws_sdk_guardduty::Client,
    /// S3.
    pub s3: aws_sdk_s3::Client,
    /// S3 Control.
    pub s3control: aws_sdk_s3control::Client,
}
/// The account's access.
#[derive(Debug)]
pub struct Aws {}
impl Aws {
    /// Clients of a region.
    pub fn clients(&self, _region: &Region) -> Arc<Clients> {
        todo!()
    }
}
impl<E: aws_smithy_types::error::metadata::ProvideErrorMetadata + std::error::Error + 'static>
    From<SdkError<E, HttpResponse>> for Fault
{
    fn from(error: SdkError<E, HttpResponse>) -> Fault {
        Fault {
            kind: FaultKind::Service,
            call: String::new(),
            code: error.code().map(str::to_owned),
            message: error.message().unwrap_or_default().to_owned(),
            request_id: None,
        }
    }
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account's id.
    pub account: String,
    /// The caller's ARN.
    pub arn: String,
    /// The partition.
    pub partition: String,
    /// The account's alias, if it has one that may be read.
    pub alias: Option<String>,
    /// The root user itself.
    pub is_root: bool,
}
