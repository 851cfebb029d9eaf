//! The way to AWS: one configuration, one HTTP client, and the clients of every region.
//!
//! [`Aws::connect`] loads the shared configuration once and asks for credentials once. Every client then comes from
//! that one base, so that all of them share connections, credentials, retries and rate limits (`rate_limit.rs`).
//!
//! [`Live`] is the half of a control that reads and writes; a [`Cx`] is what it does that with. The SDK's errors end here:
//! what goes up is a [`Failure`], a fault as data.
//!
//! This crate makes calls possible and decides nothing: which ones are made, and what an answer means, is for the controls.
//! It knows none of them, it prints nothing, and nothing but it reads AWS's environment variables and files.

pub mod actions;
mod clients;
mod credentials;
mod denial;
mod endpoint;
mod error;
mod failure;
mod http;
mod identity;
mod live;
mod offered;
mod patience;
mod proof;
mod rate_limit;
mod read_cache;
mod text;
mod trust;
pub mod wait;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::identity::IdentityCache;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::app_name::AppName;
use aws_types::os_shim_internal::Env;
use aws_types::{SdkConfig, sdk_config};
use trueup_core::location::Region;

use self::clients::Manner;
use self::denial::Denials;
use self::patience::Clock;
use self::proof::Proven;
use self::rate_limit::RateLimit;

pub use self::clients::{CallName, Clients};
pub use self::denial::EbsEncryption;
pub use self::endpoint::Address;
pub use self::error::ConnectError;
pub use self::failure::{Failure, done, found, kind_of_code};
pub use self::http::{Hosts, Network};
pub use self::identity::{Caller, RegionState};
pub use self::live::{AnyLive, Cx, Live};
pub use self::offered::{is_lacking, known_regions};
pub use self::patience::{Awaited, Overdue, Patience};
pub use self::proof::Untrusted;
pub use self::read_cache::Reading;

/// The region that account-wide things are asked for in, where nothing else is configured.
const DEFAULT_HOME: &str = "us-east-1";
/// How many calls run at once, where nothing else is asked for.
const DEFAULT_PARALLELISM: usize = 32;
/// How long it may take to renew credentials and to learn whose they are. The SDK's own limit counts on fewer calls.
const RENEWAL: Duration = Duration::from_secs(180);

/// Asks a person for the current code of an MFA device: `(profile, serial number or ARN of the device)`.
/// Nothing if there is nobody to ask or no code was given.
pub type Prompt = fn(&str, &str) -> Option<String>;

/// How an account is to be reached.
#[derive(Clone, Debug, Default)]
pub struct Connect {
    /// The profile of the shared AWS files. If named, credentials of the environment do not count, as with the
    /// AWS CLI's `--profile`.
    pub profile: Option<String>,
    /// Another address than AWS's own, for an emulator. `AWS_ENDPOINT_URL` and the profile's `endpoint_url` say
    /// the same.
    pub endpoint_url: Option<String>,
    /// Another address for STS alone. What environment and profile say for other services alone counts as it is, but for
    /// STS it must be named here: STS says whose the credentials are.
    pub sts_endpoint_url: Option<String>,
    /// The home region. Otherwise the configured one counts, or else `us-east-1`.
    pub region: Option<Region>,
    /// Who answers instead of the network: a simulated account. Then neither environment nor files are read, and
    /// the credentials are made up, unless `credentials` gives some.
    pub http_client: Option<SharedHttpClient>,
    /// What gives out the credentials, instead of where they come from otherwise.
    pub credentials: Option<SharedCredentialsProvider>,
    /// How many calls run at once; 0 stands for 32.
    pub parallelism: usize,
    /// How a person is asked for the code of an MFA device.
    pub prompt: Option<Prompt>,
    /// How long answers are waited for.
    pub patience: Patience,
    /// Is told what has not been answered for some time.
    pub overdue: Overdue,
    /// What stands in the place of the machine's name server, proxies and trusted authorities.
    pub network: Option<Network>,
}

/// Who answers the calls.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answerer {
    /// AWS itself.
    Aws,
    /// An emulator at another address.
    Emulator,
    /// A simulated account in this process.
    Simulation,
}

impl Answerer {
    /// How long and how often a call is tried. AWS asks for patience; what runs beside us either answers soon or
    /// not at all.
    fn retries(&self) -> RetryConfig {
        match self {
            Answerer::Aws => RetryConfig::standard()
                .with_max_attempts(10)
                .with_max_backoff(Duration::from_secs(20)),
            Answerer::Emulator | Answerer::Simulation => RetryConfig::standard()
                .with_max_attempts(8)
                .with_initial_backoff(Duration::from_millis(50))
                .with_max_backoff(Duration::from_secs(2)),
        }
    }

    /// `sts` is the address of STS that the command line names.
    fn manner(&self, sts: Option<String>) -> Manner {
        Manner {
            emulated: *self != Answerer::Aws,
            sts,
        }
    }

    /// How long a connection may take to come about. Everything else is for [`patience`] to bound: a time-out of the SDK's
    /// would also count the wait for the rate limit.
    fn timeouts(&self) -> TimeoutConfig {
        let seconds = match self {
            Answerer::Aws => 10,
            Answerer::Emulator | Answerer::Simulation => 5,
        };
        TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(seconds))
            .build()
    }
}

/// An account that can be called.
#[derive(Debug)]
pub struct Aws {
    base: SdkConfig,
    answerer: Answerer,
    manner: Manner,
    addresses: Vec<Address>,
    credentials: Proven,
    denials: Denials,
    limit: RateLimit,
    /// How long is waited for what is only shown.
    optional: Duration,
    home: Region,
    clients: Mutex<HashMap<Region, Arc<Clients>>>,
}

impl Aws {
    /// Loads the configuration and obtains credentials, asking for an MFA code where the profile wants one.
    ///
    /// # Errors
    /// If the profile, the region or the endpoint's address is wrong, or there are no usable credentials. No AWS
    /// service has been asked for anything by then, but those that give out credentials.
    pub async fn connect(connect: Connect) -> Result<Aws, ConnectError> {
        match connect.http_client.clone() {
            Some(http) => Ok(Aws::simulated(connect, http)?),
            None => {
                let around = Surroundings::of(connect.network.as_ref());
                Aws::reached(connect, &around).await
            }
        }
    }

    fn simulated(connect: Connect, http: SharedHttpClient) -> Result<Aws, ConnectError> {
        let home = home(connect.region.clone(), None)?;
        let credentials = connect.credentials.clone().unwrap_or_else(|| {
            let made_up = Credentials::new("AKIASANDBOX", "sandbox", None, None, "sandbox");
            SharedCredentialsProvider::new(made_up)
        });
        let builder = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .sleep_impl(TokioSleep::new())
            .time_source(SystemTimeSource::new());
        let connect = Connect {
            sts_endpoint_url: None,
            ..connect
        };
        Ok(Aws::new(
            builder,
            credentials,
            Answerer::Simulation,
            &connect,
            http,
            home,
        ))
    }

    async fn reached(connect: Connect, around: &Surroundings) -> Result<Aws, ConnectError> {
        let profiles = credentials::Profiles::load(connect.profile.as_deref(), around).await?;
        let endpoint = endpoint::find(connect.endpoint_url.as_deref(), &around.env, &profiles)?;
        let addresses = endpoint::addresses(endpoint.as_ref(), &connect, &around.env, &profiles)?;
        let answerer = match &endpoint {
            Some(endpoint) if !endpoint.is_aws() => Answerer::Emulator,
            _ => Answerer::Aws,
        };
        let http = http::client(
            endpoint.as_ref().is_some_and(endpoint::Endpoint::is_loopback),
            trust::configured(around, &profiles)?,
            connect.network.as_ref(),
        );

        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http.clone())
            .timeout_config(answerer.timeouts())
            .profile_files(around.files.clone())
            .no_credentials();
        if let Some(profile) = &connect.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &connect.region {
            loader = loader.region(aws_types::region::Region::new(region.to_string()));
        }
        if let Some(url) = &connect.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        if let Ok(name) = AppName::new(concat!("trueup-", env!("CARGO_PKG_VERSION"))) {
            loader = loader.app_name(name);
        }
        let loaded = loader.load().await;
        let home = home(
            connect.region.clone(),
            loaded.region().map(aws_types::region::Region::as_ref),
        )?;

        let reach = credentials::Reach {
            base: &loaded
                .to_builder()
                .region(aws_types::region::Region::new(home.to_string()))
                .retry_config(answerer.retries())
                .build(),
            home: &home,
            http: &http,
            around,
            manner: answerer.manner(connect.sts_endpoint_url.clone()),
            prompt: connect.prompt,
            patience: connect.patience,
        };
        let provider = match &connect.credentials {
            Some(given) => given.clone(),
            None => credentials::obtain(&profiles, connect.profile.is_some(), &reach).await?,
        };
        let builder = loaded.into_builder();
        let aws = Aws::new(builder, provider, answerer, &connect, http, home);
        Ok(Aws { addresses, ..aws })
    }

    fn new(
        builder: sdk_config::Builder,
        credentials: SharedCredentialsProvider,
        answerer: Answerer,
        connect: &Connect,
        http: SharedHttpClient,
        home: Region,
    ) -> Aws {
        let manner = answerer.manner(connect.sts_endpoint_url.clone());
        let parallelism = match connect.parallelism {
            0 => DEFAULT_PARALLELISM,
            asked => asked,
        };
        let denials = Denials::default();
        let clock = Clock::new(connect.patience, connect.overdue.clone());
        let is_paced = answerer == Answerer::Aws;
        let limit = RateLimit::new(http, parallelism, is_paced, denials.clone(), clock);
        let without_credentials = builder
            .http_client(limit.clone())
            .retry_config(answerer.retries())
            .timeout_config(answerer.timeouts())
            // Whole answers come from the rate limit, which bounds how long they take.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .identity_cache(IdentityCache::lazy().load_timeout(RENEWAL).build())
            .build();
        let credentials = Proven::new(
            credentials,
            without_credentials.clone(),
            home.clone(),
            manner.clone(),
        );
        let base = without_credentials
            .into_builder()
            .credentials_provider(SharedCredentialsProvider::new(credentials.clone()))
            .build();
        Aws {
            base,
            answerer,
            manner,
            addresses: vec![],
            credentials,
            denials,
            limit,
            optional: connect.patience.optional,
            home,
            clients: Mutex::default(),
        }
    }

    /// The home region: the one asked for, the configured one, or `us-east-1`.
    pub fn home(&self) -> &Region {
        &self.home
    }

    /// True if not AWS answers, but an emulator or a simulated account: nothing there can be lost.
    pub fn is_emulator(&self) -> bool {
        self.answerer != Answerer::Aws
    }

    /// The addresses that are not AWS's own, or at least not those that it gives its services.
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// The clients of one region. They are made once.
    pub fn clients(&self, region: &Region) -> Arc<Clients> {
        let mut made = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(clients) = made.get(region) {
            return Arc::clone(clients);
        }
        let clients = Arc::new(Clients::new(&self.base, region, &self.manner));
        made.insert(region.clone(), Arc::clone(&clients));
        clients
    }

    /// Why renewed credentials are not used, if so: from then on, every call fails.
    pub fn untrusted(&self) -> Option<&Untrusted> {
        self.credentials.untrusted()
    }

    /// Every request that was sent so far, in the order of sending; one for each attempt.
    pub fn calls(&self) -> Vec<CallName> {
        self.limit.calls()
    }
}

/// What the configuration is read from.
#[derive(Debug)]
struct Surroundings {
    env: Env,
    files: EnvConfigFiles,
}

impl Surroundings {
    /// Those of this process, or those of a network in their place.
    fn of(network: Option<&Network>) -> Self {
        let Some(network) = network else {
            return Surroundings {
                env: Env::real(),
                files: EnvConfigFiles::default(),
            };
        };
        let variables: Vec<(&str, &str)> = network
            .env
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        Surroundings {
            env: Env::from_slice(&variables),
            files: EnvConfigFiles::builder()
                .with_contents(EnvConfigFileKind::Config, &network.config)
                .build(),
        }
    }

    /// A variable of the environment that is set and not empty.
    fn variable(&self, name: &str) -> Option<String> {
        self.env.get(name).ok().filter(|value| !value.is_empty())
    }
}

fn home(asked: Option<Region>, configured: Option<&str>) -> Result<Region, ConnectError> {
    match asked {
        Some(region) => Ok(region),
        None => configured
            .unwrap_or(DEFAULT_HOME)
            .parse()
            .map_err(ConnectError::Region),
    }
}

#[cfg(test)]
pub(crate) mod tests;
