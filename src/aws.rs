//! The way to AWS: credentials, one HTTP client, and a set of clients for each region.
//!
//! Credentials come only from aws-config's chain, and only for a real account or an emulator; the sandbox has its
//! own. The configuration is loaded once, and each region's differs from it by the region alone, so that all
//! clients share credentials, connections and the rate gate.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::{ProfileFileRegionProvider, ProfileSet};
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;

use crate::fault::Fault;
use crate::gate::Gate;
use crate::place::Region;

mod clients;
mod errors;
mod http;
mod mfa;

pub use clients::Clients;
pub(crate) use clients::Operation;

/// Where account-wide calls go if nothing says so.
const FALLBACK_REGION: &str = "us-east-1";

/// Asks a person for the code of an MFA device: the profile's name and the device's serial number in, the six
/// digits out, or nothing where nobody can be asked.
pub type AskMfaCode = fn(profile: &str, serial: &str) -> Option<String>;

/// How to connect.
#[derive(Clone, Debug)]
pub struct Connect {
    /// The profile of the shared AWS files, if not the default one.
    pub profile: Option<String>,
    /// Another endpoint than AWS's own.
    pub endpoint_url: Option<String>,
    /// The home region, if it is known already.
    pub region: Option<Region>,
    /// What answers in place of a network: the sandbox. It needs no credentials.
    pub sandbox: Option<SharedHttpClient>,
    /// How many calls run at once, at least one.
    pub parallelism: usize,
    /// How to ask for the code of an MFA device.
    pub ask_mfa_code: AskMfaCode,
}

/// Why there is no way to call AWS.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The profile is not in the files.
    #[error("there is no profile `{name}` in the AWS configuration files{}", .near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    NoProfile {
        /// The name that was asked for.
        name: String,
        /// The profile that was probably meant.
        near: Option<String>,
    },
    /// The files cannot be read.
    #[error("the AWS configuration files cannot be read: {0}")]
    Files(String),
    /// The address of the endpoint has no usable form.
    #[error("`{0}` is not the address of an endpoint; expected a form like http://127.0.0.1:4566")]
    Endpoint(String),
    /// The configured region has no usable form.
    #[error("the configured region is unusable: {0}")]
    Region(#[from] crate::place::BadRegion),
    /// A profile wants an MFA code and nobody can be asked for it.
    #[error(
        "profile `{profile}` assumes its role with the MFA device {serial}, and there is no terminal to ask for its \
         code\nRun it on a terminal, sign in with `aws login` or `aws sso login`, or export the credentials of a \
         session that has MFA."
    )]
    NoMfaCode {
        /// The profile.
        profile: String,
        /// The device's serial number.
        serial: String,
    },
    /// A profile with an MFA device could not assume its role.
    #[error("profile `{profile}` cannot assume {role}: {cause}")]
    Role {
        /// The profile.
        profile: String,
        /// The role's ARN.
        role: String,
        /// Why.
        cause: String,
    },
}

/// Who calls, as STS and IAM tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account's id.
    pub account: String,
    /// The caller's ARN.
    pub arn: String,
    /// The partition, from the ARN.
    pub partition: String,
    /// The account's alias, if it has one that may be read.
    pub alias: Option<String>,
    /// True if it is the root user itself.
    pub is_root: bool,
}

/// A region of the partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionState {
    /// Its name.
    pub region: Region,
    /// True if the account can use it.
    pub enabled: bool,
}

/// The way to one account's services, in all regions.
#[derive(Debug)]
pub struct Aws {
    base: SdkConfig,
    home: Region,
    emulated: bool,
    clients: Mutex<BTreeMap<Region, Arc<Clients>>>,
}

impl Aws {
    /// Finds credentials and a region, and prepares the one HTTP client. Makes no call, unless a role has to be
    /// assumed with an MFA code.
    pub async fn connect(options: Connect) -> Result<Aws, ConnectError> {
        let base = match &options.sandbox {
            Some(sandbox) => simulated(&options, sandbox.clone()),
            None => real(&options).await?,
        };
        let home = match base.region() {
            Some(region) => region.as_ref().parse()?,
            None => FALLBACK_REGION.parse()?,
        };
        Ok(Aws { emulated: base.endpoint_url().is_some(), base, home, clients: Mutex::default() })
    }

    /// The home region: the one asked for, else the configured one, else us-east-1.
    pub fn home(&self) -> &Region {
        &self.home
    }

    /// True if calls go to another endpoint than AWS's own.
    pub fn has_endpoint(&self) -> bool {
        self.emulated
    }

    /// The clients of a region, made when they are first asked for.
    pub fn clients(&self, region: &Region) -> Arc<Clients> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients
            .entry(region.clone())
            .or_insert_with(|| Arc::new(Clients::new(&self.base, region, self.emulated)))
            .clone()
    }

    /// Who calls: `sts:GetCallerIdentity` at the home region's endpoint, and `iam:ListAccountAliases`, whose
    /// refusal only means that no alias is shown.
    pub async fn identity(&self) -> Result<Caller, Fault> {
        let clients = self.clients(&self.home);
        let (identity, aliases) = tokio::join!(
            clients.sts.get_caller_identity().send(),
            clients.iam.list_account_aliases().send()
        );
        let identity = identity?;
        let missing = |what: &str| Fault::answer("sts:GetCallerIdentity", format!("the answer has no {what}"));
        let arn = identity.arn().ok_or_else(|| missing("Arn"))?;
        let mut parts = arn.split(':').skip(1);
        Ok(Caller {
            account: identity.account().ok_or_else(|| missing("Account"))?.to_owned(),
            partition: parts.next().unwrap_or("aws").to_owned(),
            is_root: parts.nth(3) == Some("root"),
            arn: arn.to_owned(),
            alias: aliases.ok().and_then(|answer| answer.account_aliases.into_iter().next()),
        })
    }

    /// Every region of the caller's partition, sorted: `ec2:DescribeRegions` with all of them. Emulators list other
    /// partitions too.
    pub async fn regions(&self, caller: &Caller) -> Result<Vec<RegionState>, Fault> {
        let answer = self.clients(&self.home).ec2.describe_regions().all_regions(true).send().await?;
        let mut regions: Vec<RegionState> = answer
            .regions()
            .iter()
            .filter_map(|entry| {
                Some(RegionState {
                    region: entry.region_name()?.parse().ok()?,
                    enabled: entry.opt_in_status() != Some("not-opted-in"),
                })
            })
            .filter(|state| state.region.partition() == caller.partition)
            .collect();
        regions.sort_by(|one, other| one.region.cmp(&other.region));
        Ok(regions)
    }
}

/// What all configurations have in common. Timeouts are set once, since connections are pooled by them. There is
/// no limit for a whole attempt: one that waits at the gate is not late.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(Duration::from_secs(5)).read_timeout(Duration::from_secs(60)).build()
}

/// Many small buckets are shared by all regions' calls: patience wins over giving up.
fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(9).with_max_backoff(Duration::from_secs(20))
}

/// A request waits at the gate with its body unsent, which must not look like a stalled upload.
fn streams() -> StalledStreamProtectionConfig {
    StalledStreamProtectionConfig::enabled().upload_enabled(false).build()
}

/// Nothing of the user's environment reaches the sandbox, and the other way round.
fn simulated(options: &Connect, sandbox: SharedHttpClient) -> SdkConfig {
    let region = options.region.as_ref().map_or(FALLBACK_REGION, Region::as_str).to_owned();
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(aws_config::Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "AKIASANDBOX",
            "sandbox",
            None,
            None,
            "sandbox",
        )))
        .identity_cache(IdentityCache::lazy().build())
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .time_source(SystemTimeSource::new())
        .timeout_config(timeouts())
        .retry_config(retries())
        .stalled_stream_protection(streams())
        .http_client(Gate::new(sandbox, options.parallelism, false))
        .build()
}

async fn real(options: &Connect) -> Result<SdkConfig, ConnectError> {
    if let Some(url) = &options.endpoint_url {
        http::check_endpoint(url)?;
    }
    let profile = profile(options).await?;
    // Not the default chain of providers: that would end with a question to a machine's metadata service, which
    // takes seconds wherever there is none.
    let region = RegionProviderChain::first_try(
        options.region.as_ref().map(|region| aws_config::Region::new(region.to_string())),
    )
    .or_else(EnvironmentVariableRegionProvider::new())
    .or_else({
        let mut files = ProfileFileRegionProvider::builder();
        if let Some(name) = &options.profile {
            files = files.profile_name(name);
        }
        files.build()
    })
    .or_else(aws_config::Region::new(FALLBACK_REGION))
    .region()
    .await;
    let client = http::client();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .region(region.clone())
        .http_client(client.clone())
        .timeout_config(timeouts())
        .retry_config(retries())
        .stalled_stream_protection(streams())
        .identity_cache(IdentityCache::lazy().build());
    if let Ok(name) = AppName::new("trueup") {
        loader = loader.app_name(name);
    }
    if let Some(name) = &options.profile {
        loader = loader.profile_name(name);
    }
    if let Some(url) = &options.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    if let Some(role) = profile.as_ref().and_then(mfa::Role::of) {
        let without = loader.no_credentials().load().await;
        let credentials = mfa::assume(&role, &without, options.ask_mfa_code).await?;
        return Ok(gated(&without, options, client)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build());
    }
    let loaded = loader.load().await;
    Ok(gated(&loaded, options, client).build())
}

/// The loaded configuration with the gate before its client.
fn gated(loaded: &SdkConfig, options: &Connect, client: SharedHttpClient) -> aws_types::sdk_config::Builder {
    let limited = loaded.endpoint_url().is_none();
    loaded.to_builder().http_client(Gate::new(client, options.parallelism, limited))
}

/// The profiles of the shared files, the wanted one checked to exist.
async fn profile(options: &Connect) -> Result<Option<ProfileSet>, ConnectError> {
    let loaded = aws_config::profile::load(
        &aws_types::os_shim_internal::Fs::real(),
        &aws_types::os_shim_internal::Env::real(),
        &aws_runtime::env_config::file::EnvConfigFiles::default(),
        options.profile.clone().map(Into::into),
    )
    .await
    .map_err(|error| ConnectError::Files(errors::deepest(&error)))?;
    let name = loaded.selected_profile();
    let named = options.profile.is_some() || std::env::var_os("AWS_PROFILE").is_some();
    if named && loaded.get_profile(name).is_none() {
        return Err(ConnectError::NoProfile {
            name: name.to_owned(),
            near: crate::controls::nearest(name, loaded.profiles()).map(str::to_owned),
        });
    }
    Ok(Some(loaded))
}
