//! The clients of one region, all made alike.

use std::fmt;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{BeforeTransmitInterceptorContextMut, InterceptorContext};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata};
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_types::SdkConfig;

use crate::place::Region;

/// Which call a request makes. Travels with the request, and back with its answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Operation {
    /// The service, as IAM actions and this project spell it: `ec2`, `s3control`.
    pub(crate) service: String,
    /// The operation: `DescribeVpcs`.
    pub(crate) name: String,
    /// The region of the client.
    pub(crate) region: Region,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service, self.name)
    }
}

/// Puts the [`Operation`] into the request, so that nothing further down needs to guess it from the wire.
#[derive(Clone, Debug)]
struct NameTheCall(Region);

impl Intercept for NameTheCall {
    fn name(&self) -> &'static str {
        "NameTheCall"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(metadata) = config.load::<Metadata>() {
            context.request_mut().add_extension(Operation {
                service: metadata.service().replace(' ', "").to_ascii_lowercase(),
                name: metadata.name().to_owned(),
                region: self.0.clone(),
            });
        }
        Ok(())
    }
}

/// A quota that is used up does not come back by asking again, although the SDK counts these codes as throttling.
#[derive(Clone, Debug)]
struct QuotasAreFinal;

impl QuotasAreFinal {
    const CODES: [&str; 2] = ["LimitExceededException", "ServiceQuotaExceededException"];

    /// True if an answer that is an error carries one of the codes: restJson and awsJson have it in a header or in
    /// the body, the query protocols in the body alone. By now the body has been read whole.
    fn names_a_quota(response: &HttpResponse) -> bool {
        let header = response.headers().get("x-amzn-errortype").unwrap_or_default();
        let body = String::from_utf8_lossy(response.body().bytes().unwrap_or_default());
        !response.status().is_success()
            && Self::CODES.iter().any(|code| header.contains(code) || body.contains(code))
    }
}

impl ClassifyRetry for QuotasAreFinal {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        if context.response().is_some_and(Self::names_a_quota) {
            RetryAction::RetryForbidden
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "QuotasAreFinal"
    }
}

/// Makes [`Clients`] from a list of services: field, crate, and what one of them needs besides.
macro_rules! clients {
    ($($field:ident: $service:ident $(, $tune:expr)?;)*) => {
        /// One client of each service, for one region.
        #[derive(Clone, Debug)]
        pub struct Clients {
            $(
                #[doc = concat!("The client of `", stringify!($service), "`.")]
                pub $field: $service::Client,
            )*
        }

        impl Clients {
            /// The clients of a region. `emulated` says that they go to another endpoint than AWS's own.
            pub(super) fn new(base: &SdkConfig, region: &Region, emulated: bool) -> Self {
                let sdk = base.to_builder().region(aws_config::Region::new(region.to_string())).build();
                $(
                    let $field = $service::config::Builder::from(&sdk)
                        .interceptor(NameTheCall(region.clone()))
                        .retry_classifier(QuotasAreFinal);
                    $(let $field = $tune($field, emulated);)?
                )*
                Clients { $($field: $service::Client::from_conf($field.build()),)* }
            }
        }
    };
}

clients! {
    ec2: aws_sdk_ec2;
    guardduty: aws_sdk_guardduty;
    iam: aws_sdk_iam;
    // A bucket's name before the host of an emulator would be a name that nobody resolves.
    s3: aws_sdk_s3, aws_sdk_s3::config::Builder::force_path_style;
    s3control: aws_sdk_s3control;
    sts: aws_sdk_sts;
}
