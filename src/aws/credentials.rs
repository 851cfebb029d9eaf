//! Where credentials come from: aws-config's chain, and what it leaves out, profiles with an MFA device.

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::meta::ProviderChainError;
use aws_config::profile::{Profile, ProfileFileCredentialsProvider, ProfileSet};
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_sts::types::Credentials as Session;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::error::ErrorMetadata;
use aws_types::SdkConfig;
use aws_types::os_shim_internal::Fs;
use futures::FutureExt;
use futures::future::BoxFuture;
use trueup_core::fault::{Fault, FaultKind};
use trueup_core::location::Region;

use super::clients::{Clients, Manner};
use super::error::ConnectError;
use super::failure::Failure;
use super::failure::of_the_way;
use super::text::{causes, credentials_cause, deepest_cause};
use super::{Patience, Prompt, Surroundings};

/// The name that a role's session gets in CloudTrail, unless the profile has one.
const SESSION_NAME: &str = "trueup";

/// What helps where nothing is known of how one signs in.
const SIGN_IN: &str = "Sign in with `aws login` or `aws sso login`, name a profile with --profile, or try it without AWS: --sandbox.";

/// The shared AWS files, with the profile that is selected.
#[derive(Debug)]
pub(super) struct Profiles {
    set: ProfileSet,
}

impl Profiles {
    /// Reads the files and selects a profile: the one asked for, that of `AWS_PROFILE`, or `default`.
    pub(super) async fn load(asked: Option<&str>, around: &Surroundings) -> Result<Profiles, ConnectError> {
        let selected = asked.map(|name| Cow::Owned(name.to_owned()));
        let set = aws_config::profile::load(&Fs::real(), &around.env, &around.files, selected)
            .await
            .map_err(|error| ConnectError::ProfileFile(deepest_cause(&error)))?;
        let name = set.selected_profile();
        // Without any configuration the name is `default`, and that this does not exist is no mistake.
        let named = asked.is_some() || name != "default";
        if named && set.get_profile(name).is_none() {
            return Err(ConnectError::NoSuchProfile {
                profile: name.to_owned(),
                near: near(name, set.profiles()),
                known: set.profiles().count(),
            });
        }
        Ok(Profiles { set })
    }

    /// A key of the selected profile.
    pub(super) fn selected(&self, key: &str) -> Option<&str> {
        self.set.get(key)
    }

    /// The files as a whole.
    pub(super) fn set(&self) -> &ProfileSet {
        &self.set
    }

    fn name(&self) -> &str {
        self.set.selected_profile()
    }

    fn get(&self, name: &str) -> Option<&Profile> {
        self.set.get_profile(name)
    }

    /// The profile that the way through the roles of this one begins with. A profile that signs in is such a beginning.
    fn source<'a>(&'a self, name: &'a str) -> &'a str {
        let mut seen = vec![name];
        while let Some(profile) = self.get(seen[seen.len() - 1]) {
            match profile.get("source_profile") {
                Some(source) if profile.get("role_arn").is_some() && !seen.contains(&source) => {
                    seen.push(source);
                }
                _ => break,
            }
        }
        seen[seen.len() - 1]
    }

    /// True if the selected profile, or a role on the way to its source, wants an MFA code.
    fn wants_mfa(&self) -> bool {
        let mut seen = vec![];
        let mut name = self.name();
        while let Some(profile) = self.get(name).filter(|_| !seen.contains(&name)) {
            let is_role = profile.get("role_arn").is_some();
            if profile.get("mfa_serial").is_some() && (is_role || seen.is_empty()) {
                return true;
            }
            seen.push(name);
            match profile.get("source_profile") {
                Some(source) if is_role => name = source,
                _ => break,
            }
        }
        false
    }
}

/// The names that look like one, the likeliest first.
fn near<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut near: Vec<(f64, &str)> = known
        .map(|other| (strsim::jaro_winkler(name, other), other))
        .filter(|(likeness, _)| *likeness > 0.8)
        .collect();
    near.sort_by(|(a, left), (b, right)| b.total_cmp(a).then(left.cmp(right)));
    near.into_iter()
        .take(3)
        .map(|(_, name)| name.to_owned())
        .collect()
}

/// What it takes to obtain credentials.
#[derive(Debug)]
pub(super) struct Reach<'a> {
    /// The loaded configuration, without credentials.
    pub(super) base: &'a SdkConfig,
    /// The region of the services that give out credentials, where the profile names none.
    pub(super) home: &'a Region,
    /// The client for all requests.
    pub(super) http: &'a SharedHttpClient,
    /// Environment and files.
    pub(super) around: &'a Surroundings,
    /// What holds for all clients.
    pub(super) manner: Manner,
    /// How a person is asked for a code.
    pub(super) prompt: Option<Prompt>,
    /// How long the services that give out credentials are waited for.
    pub(super) patience: Patience,
}

/// The provider of credentials, after it has given some.
///
/// `named`: the profile was named on the command line, so that the environment's credentials do not count.
pub(super) async fn obtain(
    profiles: &Profiles,
    named: bool,
    reach: &Reach<'_>,
) -> Result<SharedCredentialsProvider, ConnectError> {
    let from_environment = !named
        && ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
            .iter()
            .all(|name| reach.around.variable(name).is_some());
    if !from_environment && profiles.wants_mfa() {
        return reach.session(profiles, profiles.name(), true).await;
    }
    let config = reach.provider_config();
    let provider = if named {
        SharedCredentialsProvider::new(reach.profile(profiles.name()))
    } else {
        let region = config_region(reach.home);
        let chain = DefaultCredentialsChain::builder()
            .configure(config)
            .region(region);
        SharedCredentialsProvider::new(chain.build().await)
    };
    let first = provider
        .provide_credentials()
        .await
        .map_err(|error| no_credentials(&error, profiles, reach.base.endpoint_url().is_some()))?;
    Ok(SharedCredentialsProvider::new(AskedOnce {
        first: Mutex::new(Some(first)),
        then: provider,
    }))
}

impl Reach<'_> {
    fn provider_config(&self) -> ProviderConfig {
        let config = ProviderConfig::without_region()
            .with_http_client(self.http.clone())
            .with_region(Some(config_region(self.home)));
        match self.base.timeout_config() {
            Some(timeouts) => {
                let timeouts = timeouts
                    .to_builder()
                    .operation_attempt_timeout(self.patience.first / 2)
                    .operation_timeout(self.patience.first);
                config.with_timeout_config(timeouts.build())
            }
            None => config,
        }
    }

    /// The SDK's own provider of a profile.
    fn profile(&self, name: &str) -> ProfileFileCredentialsProvider {
        ProfileFileCredentialsProvider::builder()
            .configure(&self.provider_config())
            .profile_files(self.around.files.clone())
            .profile_name(name)
            .build()
    }

    /// The credentials of a profile, through each role on the way, with an MFA code wherever one is wanted.
    /// Each source is followed once: [`Profiles::wants_mfa`] has found the way to the device.
    fn session<'a>(
        &'a self,
        profiles: &'a Profiles,
        name: &'a str,
        is_top: bool,
    ) -> BoxFuture<'a, Result<SharedCredentialsProvider, ConnectError>> {
        async move {
            let wrong = |why: &str| ConnectError::Profile {
                profile: name.to_owned(),
                why: why.to_owned(),
            };
            let profile = profiles
                .get(name)
                .ok_or_else(|| wrong("is named as a source, but does not exist"))?;
            // As the SDK does: a source's own keys come before its role.
            if !is_top && let Some(keys) = keys(profile) {
                return Ok(SharedCredentialsProvider::new(keys));
            }
            let serial = profile.get("mfa_serial");
            let Some(role) = profile.get("role_arn") else {
                let source = SharedCredentialsProvider::new(self.profile(name));
                return match serial {
                    Some(serial) if is_top => self.session_token(source, name, serial, profile).await,
                    _ => Ok(source),
                };
            };
            let source = match profile.get("source_profile") {
                None => return Err(wrong("has a role and an MFA device, but no `source_profile`")),
                Some(source) if source == name => SharedCredentialsProvider::new(
                    keys(profile)
                        .ok_or_else(|| wrong("is its own `source_profile`, but has no access keys"))?,
                ),
                Some(source) => self.session(profiles, source, false).await?,
            };
            self.role(source, name, role, serial, profile).await
        }
        .boxed()
    }

    /// A session of the user itself, proved by a code (sts:GetSessionToken).
    async fn session_token(
        &self,
        source: SharedCredentialsProvider,
        name: &str,
        serial: &str,
        profile: &Profile,
    ) -> Result<SharedCredentialsProvider, ConnectError> {
        let code = self.code(name, serial).await?;
        let session = self
            .clients(source)
            .sts
            .get_session_token()
            .serial_number(serial)
            .token_code(code)
            .set_duration_seconds(seconds(profile))
            .send()
            .await
            .map_err(|error| refused(name, serial, Failure::from(error).0))?;
        given(session.credentials, "sts:GetSessionToken").map_err(|fault| refused(name, serial, fault))
    }

    /// A role's session (sts:AssumeRole), proved by a code if there is a device.
    async fn role(
        &self,
        source: SharedCredentialsProvider,
        name: &str,
        role: &str,
        serial: Option<&str>,
        profile: &Profile,
    ) -> Result<SharedCredentialsProvider, ConnectError> {
        let code = match serial {
            Some(serial) => Some(self.code(name, serial).await?),
            None => None,
        };
        let refused = |fault: Fault| match serial {
            Some(serial) => refused(name, serial, fault),
            None => ConnectError::Profile {
                profile: name.to_owned(),
                why: format!("could not take on the role {role}: {}", fault.in_full()),
            },
        };
        let session = self
            .clients(source)
            .sts
            .assume_role()
            .role_arn(role)
            .role_session_name(profile.get("role_session_name").unwrap_or(SESSION_NAME))
            .set_external_id(profile.get("external_id").map(str::to_owned))
            .set_serial_number(serial.map(str::to_owned))
            .set_token_code(code)
            .set_duration_seconds(seconds(profile))
            .send()
            .await
            .map_err(|error| refused(Failure::from(error).0))?;
        given(session.credentials, "sts:AssumeRole").map_err(refused)
    }

    fn clients(&self, source: SharedCredentialsProvider) -> Clients {
        let config = self.base.to_builder().credentials_provider(source).build();
        Clients::new(&config, self.home, &self.manner)
    }

    async fn code(&self, profile: &str, serial: &str) -> Result<String, ConnectError> {
        let (name, device) = (profile.to_owned(), serial.to_owned());
        let asked = match self.prompt {
            // Whoever asks blocks until a person answers.
            Some(prompt) => tokio::task::spawn_blocking(move || prompt(&name, &device))
                .await
                .unwrap_or_default(),
            None => None,
        };
        asked
            .map(|code| code.trim().to_owned())
            .filter(|code| !code.is_empty())
            .ok_or_else(|| ConnectError::NeedsMfaCode {
                profile: profile.to_owned(),
                serial: serial.to_owned(),
            })
    }
}

fn config_region(region: &Region) -> aws_types::region::Region {
    aws_types::region::Region::new(region.to_string())
}

/// The long-lived keys that a profile holds itself.
fn keys(profile: &Profile) -> Option<Credentials> {
    Some(Credentials::new(
        profile.get("aws_access_key_id")?,
        profile.get("aws_secret_access_key")?,
        profile.get("aws_session_token").map(str::to_owned),
        None,
        "shared AWS files",
    ))
}

fn seconds(profile: &Profile) -> Option<i32> {
    profile.get("duration_seconds")?.parse().ok()
}

fn given(session: Option<Session>, call: &str) -> Result<SharedCredentialsProvider, Fault> {
    let session = session.ok_or_else(|| Fault::answer(call, "the answer has no credentials"))?;
    let expiry = SystemTime::try_from(session.expiration)
        .map_err(|error| Fault::answer(call, format!("the session's end is no time: {error}")))?;
    Ok(SharedCredentialsProvider::new(Credentials::new(
        session.access_key_id,
        session.secret_access_key,
        Some(session.session_token),
        Some(expiry),
        "STS session",
    )))
}

fn refused(profile: &str, serial: &str, fault: Fault) -> ConnectError {
    ConnectError::Mfa {
        profile: profile.to_owned(),
        serial: serial.to_owned(),
        fault: Box::new(fault),
    }
}

/// Puts what the provider said into words: what was tried, and what helps.
fn no_credentials(error: &CredentialsError, profiles: &Profiles, has_endpoint: bool) -> ConnectError {
    let chain = std::error::Error::source(error)
        .and_then(|source| source.downcast_ref::<ProviderChainError<CredentialsError>>());
    let Some(chain) = chain else {
        return ConnectError::NoCredentials {
            why: credentials_cause(error)
                .unwrap_or_else(|| format!("profile `{}` has none", profiles.name())),
            tried: vec![],
            next: match next_step(error) {
                Some(next) => next,
                None if is_refused(error) => format!(
                    "Check that the role of profile `{}` exists, and that its trust policy and the caller's own policies \
                     allow sts:AssumeRole.",
                    profiles.name()
                ),
                None => sign_in(profiles),
            },
        };
    };
    // A machine without metadata does not show a fault of the network.
    let is_of_network = |name: &str| ["Profile", "WebIdentityToken"].contains(&name);
    let mut attempts = chain.attempts().iter();
    let of_the_way = attempts.find_map(|attempt| {
        let error = is_of_network(attempt.name()).then(|| attempt.error())?;
        next_step(error)
    });
    let tried = chain.attempts().iter().map(|attempt| {
        let source = match attempt.name() {
            "Environment" => "environment variables".to_owned(),
            "Profile" => format!("profile `{}`", profiles.name()),
            "WebIdentityToken" => "web identity token file".to_owned(),
            "EcsContainer" => "container credentials".to_owned(),
            "Ec2InstanceMetadata" => "EC2 instance metadata".to_owned(),
            other => other.to_owned(),
        };
        let why = credentials_cause(attempt.error()).unwrap_or_else(|| "none".to_owned());
        format!("{source}: {why}")
    });
    ConnectError::NoCredentials {
        why: "no source gave any".to_owned(),
        tried: tried.collect(),
        next: if let Some(next) = of_the_way {
            next
        } else if has_endpoint {
            "An emulator takes any: AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test.".to_owned()
        } else {
            SIGN_IN.to_owned()
        },
    }
}

/// What helps where a service that gives out credentials was not reached.
fn next_step(error: &CredentialsError) -> Option<String> {
    let kind = of_the_way(error).or_else(|| {
        let is_unreached = causes(error).any(|cause| cause.is::<ConnectorError>());
        is_unreached.then_some(FaultKind::Network)
    })?;
    let fault = Fault {
        kind,
        ..Fault::answer("", "")
    };
    let hint = fault.hint()?;
    Some(format!("{}{}.", hint[..1].to_uppercase(), &hint[1..]))
}

/// True if a service knows the caller, and refuses the session that was asked for.
fn is_refused(error: &CredentialsError) -> bool {
    causes(error).any(|cause| {
        cause
            .downcast_ref::<ErrorMetadata>()
            .is_some_and(|sent| sent.code() == Some("AccessDenied"))
    })
}

/// How one signs in again: to the selected profile, or to the source that its roles begin with.
fn sign_in(profiles: &Profiles) -> String {
    let selected = profiles.name();
    let name = profiles.source(selected);
    let has = |key| {
        profiles
            .get(name)
            .is_some_and(|profile| profile.get(key).is_some())
    };
    if has("sso_session") || has("sso_start_url") {
        format!("Sign in again: `aws sso login --profile {name}`.")
    } else if has("login_session") {
        format!("Sign in again: `aws login --profile {name}`.")
    } else if has("credential_process") {
        format!("See why the `credential_process` of profile `{name}` fails.")
    } else if profiles.selected("role_arn").is_some() {
        format!("Check the role and the source of profile `{selected}` in ~/.aws/config.")
    } else {
        SIGN_IN.to_owned()
    }
}

/// Gives out what has been obtained already before it asks again: a process or a person behind the provider is not
/// bothered twice at the start.
#[derive(Debug)]
struct AskedOnce {
    first: Mutex<Option<Credentials>>,
    then: SharedCredentialsProvider,
}

impl AskedOnce {
    async fn next(&self) -> provider::Result {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        match first {
            Some(credentials) => Ok(credentials),
            None => self.then.provide_credentials().await,
        }
    }
}

impl ProvideCredentials for AskedOnce {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.next())
    }
}

#[cfg(test)]
mod tests;
