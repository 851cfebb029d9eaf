//! AWS. (Interim.)
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::fault::{Fault, FaultKind};
use crate::place::Region;

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
    /// STS.
    pub sts: aws_sdk_sts::Client,
}
/// Asks a person for the code of an MFA device.
pub type Prompt = fn(&str, &str) -> Option<String>;
/// How to connect.
#[derive(Clone, Debug, Default)]
pub struct Connect {
    /// Profile.
    pub profile: Option<String>,
    /// Endpoint.
    pub endpoint_url: Option<String>,
    /// Region.
    pub region: Option<Region>,
    /// Sandbox.
    pub http_client: Option<SharedHttpClient>,
    /// Calls at once.
    pub parallelism: usize,
    /// Prompt.
    pub prompt: Option<Prompt>,
}
/// Cannot.
#[derive(Debug, thiserror::Error)]
#[error("cannot connect: {0}")]
pub struct ConnectError(String);
/// A region.
#[derive(Debug)]
pub struct RegionState {
    /// Its name.
    pub region: Region,
    /// Enabled?
    pub enabled: bool,
}
/// The account's access.
#[derive(Debug)]
pub struct Aws {
    config: aws_types::SdkConfig,
    home: Region,
    clients: Mutex<BTreeMap<Region, Arc<Clients>>>,
}
impl Aws {
    /// Connect.
    pub async fn connect(connect: Connect) -> Result<Aws, ConnectError> {
        let http = connect.http_client.ok_or_else(|| ConnectError("no sandbox".into()))?;
        let home = connect.region.unwrap_or_else(|| "us-east-1".parse().unwrap());
        let config = aws_types::SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(
                aws_credential_types::Credentials::new("AKID", "secret", None, None, "sandbox"),
            ))
            .sleep_impl(aws_smithy_async::rt::sleep::SharedAsyncSleep::new(
                aws_smithy_async::rt::sleep::TokioSleep::new(),
            ))
            .time_source(aws_smithy_async::time::SystemTimeSource::new())
            .retry_config(aws_smithy_types::retry::RetryConfig::standard().with_max_attempts(8))
            .http_client(http)
            .region(aws_types::region::Region::new(home.to_string()))
            .build();
        Ok(Aws { config, home, clients: Mutex::default() })
    }
    /// Home.
    pub fn home(&self) -> &Region {
        &self.home
    }
    /// Custom endpoint?
    pub fn has_endpoint(&self) -> bool {
        false
    }
    /// Clients of a region.
    pub fn clients(&self, region: &Region) -> Arc<Clients> {
        let mut clients = self.clients.lock().unwrap();
        clients
            .entry(region.clone())
            .or_insert_with(|| {
                let c = self.config.to_builder().region(aws_types::region::Region::new(region.to_string())).build();
                Arc::new(Clients {
                    iam: aws_sdk_iam::Client::new(&c),
                    ec2: aws_sdk_ec2::Client::new(&c),
                    guardduty: aws_sdk_guardduty::Client::new(&c),
                    s3: aws_sdk_s3::Client::new(&c),
                    s3control: aws_sdk_s3control::Client::new(&c),
                    sts: aws_sdk_sts::Client::new(&c),
                })
            })
            .clone()
    }
    /// Who.
    pub async fn identity(&self) -> Result<Caller, Fault> {
        let id = self.clients(&self.home).sts.get_caller_identity().send().await?;
        Ok(Caller {
            account: id.account().unwrap_or_default().into(),
            arn: id.arn().unwrap_or_default().into(),
            partition: "aws".into(),
            alias: None,
            is_root: false,
        })
    }
    /// Regions.
    pub async fn regions(&self, _caller: &Caller) -> Result<Vec<RegionState>, Fault> {
        let all = self.clients(&self.home).ec2.describe_regions().all_regions(true).send().await?;
        let mut all: Vec<RegionState> = all
            .regions()
            .iter()
            .map(|r| RegionState {
                region: r.region_name().unwrap_or_default().parse().unwrap(),
                enabled: r.opt_in_status() != Some("not-opted-in"),
            })
            .collect();
        all.sort_by(|a, b| a.region.cmp(&b.region));
        Ok(all)
    }
}
impl<E: ProvideErrorMetadata + std::error::Error + 'static> From<SdkError<E, HttpResponse>> for Fault {
    fn from(error: SdkError<E, HttpResponse>) -> Fault {
        let message = error.message().unwrap_or_default().to_owned();
        Fault {
            kind: if message.contains("service control policy") {
                FaultKind::DeniedByOrganization
            } else {
                FaultKind::Service
            },
            call: "?".into(),
            code: error.code().map(str::to_owned),
            message,
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
