//! The clients of one region, all made alike, and the name that each call carries.

use std::fmt;
use std::io;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextMut, BeforeSerializationInterceptorContextMut,
    BeforeTransmitInterceptorContextMut, FinalizerInterceptorContextMut, InterceptorContext,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata, OrchestratorError};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_types::SdkConfig;
use trueup_core::location::Region;

use super::http::NoSuchHost;
use crate::patience::Silence;
use crate::text::causes;
use crate::trust::untrusted;

/// Declares [`Clients`]: one line a service, `name: crate`, with what is particular to its configuration after `+`.
/// The name is also the service's part in a [`CallName`], unless another one follows it in parentheses.
macro_rules! clients {
    ($($(#[$doc:meta])* $name:ident $(($called:literal))?: $sdk:ident $(+ $particular:expr)?;)*) => {
        /// The clients of one region.
        #[derive(Debug)]
        pub struct Clients {
            $($(#[$doc])* pub $name: $sdk::Client,)*
        }

        impl Clients {
            pub(super) fn new(base: &SdkConfig, region: &Region, manner: &Manner) -> Self {
                let config = base
                    .to_builder()
                    .region(aws_types::region::Region::new(region.to_string()))
                    .build();
                Clients {
                    $($name: {
                        let service = [stringify!($name) $(, $called)?];
                        let service = service[service.len() - 1];
                        let builder = $sdk::config::Builder::from(&config)
                            .interceptor(Naming { service, region: region.clone() })
                            .retry_classifier(Final {
                                emulated: manner.emulated,
                                throttles_by_limit: service == "ce",
                            });
                        $(let builder = $particular(builder, manner);)?
                        $sdk::Client::from_conf(builder.build())
                    },)*
                }
            }
        }
    };
}

clients! {
    /// IAM Access Analyzer.
    access_analyzer("access-analyzer"): aws_sdk_accessanalyzer;
    /// AWS Account Management.
    account: aws_sdk_account;
    /// AWS Budgets.
    budgets: aws_sdk_budgets;
    /// AWS Cost Explorer, with cost anomaly detection. It says `LimitExceededException` where it throttles.
    ce: aws_sdk_costexplorer;
    /// AWS CloudTrail.
    cloudtrail: aws_sdk_cloudtrail;
    /// Amazon CloudWatch.
    cloudwatch: aws_sdk_cloudwatch;
    /// AWS Config.
    config: aws_sdk_config;
    /// Amazon EC2.
    ec2: aws_sdk_ec2;
    /// Amazon EventBridge.
    events: aws_sdk_eventbridge;
    /// Amazon GuardDuty.
    guardduty: aws_sdk_guardduty;
    /// IAM.
    iam: aws_sdk_iam;
    /// AWS KMS.
    kms: aws_sdk_kms;
    /// Amazon CloudWatch Logs.
    logs: aws_sdk_cloudwatchlogs;
    /// AWS Organizations.
    organizations: aws_sdk_organizations;
    /// Amazon S3. An emulator has no name for each bucket.
    s3: aws_sdk_s3 + buckets_in_path;
    /// Amazon S3 Control.
    s3control: aws_sdk_s3control;
    /// AWS Security Hub.
    securityhub: aws_sdk_securityhub;
    /// Amazon SNS.
    sns: aws_sdk_sns;
    /// AWS STS.
    sts: aws_sdk_sts + at_own_address;
}

/// What holds for all clients beside the SDK's own configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Manner {
    /// Not AWS's own servers answer.
    pub(crate) emulated: bool,
    /// The address of STS that the command line names.
    pub(crate) sts: Option<String>,
}

fn buckets_in_path(builder: aws_sdk_s3::config::Builder, manner: &Manner) -> aws_sdk_s3::config::Builder {
    builder.force_path_style(manner.emulated)
}

fn at_own_address(builder: aws_sdk_sts::config::Builder, manner: &Manner) -> aws_sdk_sts::config::Builder {
    match &manner.sts {
        Some(url) => builder.endpoint_url(url),
        None => builder,
    }
}

/// The name of one call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CallName {
    /// The service's short name, such as `ec2`: the client's field in [`Clients`].
    pub service: &'static str,
    /// The region of the client. For a global service that is the home region, whatever the request was signed for.
    pub region: Region,
    /// The API operation, such as `DescribeVpcs`.
    pub operation: String,
}

impl CallName {
    /// True if the operation only reads, told by the verb that AWS's names begin with. A credential report is made
    /// for nothing but being read.
    pub fn is_read(&self) -> bool {
        ["Describe", "Get", "Head", "List"]
            .iter()
            .any(|verb| self.operation.starts_with(verb))
            || self.operation == "GenerateCredentialReport"
    }
}

impl fmt::Display for CallName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service, self.operation)
    }
}

/// A call that no service answered, with its name. The SDK's own error does not tell it.
#[derive(Debug, thiserror::Error)]
#[error("{call} was not answered")]
pub(crate) struct Unanswered {
    /// The call.
    pub(crate) call: CallName,
    source: BoxError,
}

/// Gives each request, each response and each failure without response the call's name: requests for the
/// [rate limit](crate::rate_limit), the others for [`Fault`](trueup_core::fault::Fault). All requests of a call share its
/// [`Silence`].
#[derive(Debug)]
struct Naming {
    service: &'static str,
    region: Region,
}

impl Naming {
    fn call(&self, bag: &ConfigBag) -> Option<CallName> {
        bag.load::<Metadata>().map(|metadata| CallName {
            service: self.service,
            region: self.region.clone(),
            operation: metadata.name().to_owned(),
        })
    }
}

impl Intercept for Naming {
    fn name(&self) -> &'static str {
        "Naming"
    }

    fn modify_before_serialization(
        &self,
        _: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        bag.interceptor_state().store_put(Silence::default());
        Ok(())
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(call) = self.call(bag) {
            context.request_mut().add_extension(call);
        }
        if let Some(silence) = bag.load::<Silence>() {
            context.request_mut().add_extension(silence.clone());
        }
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(call) = self.call(bag) {
            context.response_mut().add_extension(call);
        }
        Ok(())
    }

    fn modify_before_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if context.response().is_some() {
            return Ok(());
        }
        if let (Some(call), Some(Err(error))) = (self.call(bag), context.output_or_error_mut()) {
            let source = std::mem::replace(error, OrchestratorError::other("replaced at once"));
            let named = Unanswered {
                call,
                source: source.into(),
            };
            *error = OrchestratorError::connector(ConnectorError::other(named.into(), None));
        }
        Ok(())
    }
}

/// Forbids retries where another attempt cannot end otherwise, and asks for them where a service throttles by a code of
/// its own.
#[derive(Debug)]
struct Final {
    emulated: bool,
    /// The service means throttling by `LimitExceededException` (Cost Explorer API reference, "Common Errors").
    throttles_by_limit: bool,
}

impl ClassifyRetry for Final {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(Err(error)) = context.output_or_error() else {
            return RetryAction::NoActionIndicated;
        };
        // "Too Many Requests", whatever the code is: SNS says `Throttled`, which the SDK does not know.
        if context
            .response()
            .is_some_and(|response| response.status().as_u16() == 429)
        {
            return RetryAction::throttling_error();
        }
        let hopeless = match (error.as_connector_error(), context.response()) {
            (Some(error), _) => self.nobody_there(error) || untrusted(error).is_some(),
            (None, Some(response)) => {
                !self.throttles_by_limit && is_quota(response) || self.emulated && is_page(response)
            }
            (None, None) => false,
        };
        if hopeless {
            RetryAction::RetryForbidden
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "Final errors"
    }
}

impl Final {
    /// A host that does not exist, or an emulator that is not running.
    fn nobody_there(&self, error: &ConnectorError) -> bool {
        causes(error).any(|cause| {
            cause.is::<NoSuchHost>()
                || self.emulated
                    && cause
                        .downcast_ref::<io::Error>()
                        .is_some_and(|io| io.kind() == io::ErrorKind::ConnectionRefused)
        })
    }
}

/// True if an emulator answers with a page: it does not know the operation, or fails in itself, and will again.
fn is_page(response: &HttpResponse) -> bool {
    let body = response.body().bytes().unwrap_or_default();
    let start = String::from_utf8_lossy(&body[..body.len().min(50)]).to_ascii_lowercase();
    response.status().is_server_error()
        && ["<!doctype html", "<html"]
            .iter()
            .any(|tag| start.trim_start().starts_with(tag))
}

/// True if an answer says that a quota is used up.
///
/// The SDK takes `LimitExceededException` for throttling, although nearly all services mean a quota by it. The
/// error's code is not known here, for a classifier of a client does not know the operations' error types; in all
/// of AWS's protocols it is in a header or in the body.
fn is_quota(response: &HttpResponse) -> bool {
    const CODES: [&str; 2] = ["LimitExceededException", "ServiceQuotaExceededException"];
    if !response.status().is_client_error() {
        return false;
    }
    let header = response.headers().get("x-amzn-errortype").unwrap_or_default();
    let body = String::from_utf8_lossy(response.body().bytes().unwrap_or_default());
    [header, &body].iter().any(|text| {
        text.split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| CODES.contains(&word))
    })
}
