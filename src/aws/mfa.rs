//! Profiles with an `mfa_serial`, which the SDK's own chain does not know.

use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileSet};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};

use super::{AskMfaCode, ConnectError};
use crate::fault::Fault;

/// A role that a profile assumes with an MFA code.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Role {
    profile: String,
    arn: String,
    serial: String,
    source: String,
    session: String,
    external_id: Option<String>,
    seconds: Option<i32>,
}

impl Role {
    /// The role of the selected profile, if it has one that wants a code. Like the AWS CLI, an `mfa_serial` without
    /// a `role_arn` means nothing.
    pub(super) fn of(profiles: &ProfileSet) -> Option<Role> {
        let name = profiles.selected_profile();
        let text = |key| profiles.get(key).map(str::to_owned);
        Some(Role {
            arn: text("role_arn")?,
            serial: text("mfa_serial")?,
            source: text("source_profile").unwrap_or_else(|| name.to_owned()),
            session: text("role_session_name").unwrap_or_else(|| "trueup".to_owned()),
            external_id: text("external_id"),
            seconds: text("duration_seconds").and_then(|seconds| seconds.parse().ok()),
            profile: name.to_owned(),
        })
    }
}

/// Asks for the code and assumes the role with the credentials of the profile's source.
pub(super) async fn assume(
    role: &Role,
    without: &SdkConfig,
    ask: AskMfaCode,
) -> Result<Credentials, ConnectError> {
    let failed = |cause: String| ConnectError::Role {
        profile: role.profile.clone(),
        role: role.arn.clone(),
        cause,
    };
    let source = ProfileFileCredentialsProvider::builder()
        .profile_name(&role.source)
        .build()
        .provide_credentials()
        .await
        .map_err(|error| {
            failed(format!("its source profile `{}` has no credentials: {}", role.source, super::errors::deepest(&error)))
        })?;
    let code = ask(&role.profile, &role.serial).ok_or_else(|| ConnectError::NoMfaCode {
        profile: role.profile.clone(),
        serial: role.serial.clone(),
    })?;
    let config = without.to_builder().credentials_provider(SharedCredentialsProvider::new(source)).build();
    let answer = aws_sdk_sts::Client::new(&config)
        .assume_role()
        .role_arn(&role.arn)
        .role_session_name(&role.session)
        .serial_number(&role.serial)
        .token_code(code)
        .set_external_id(role.external_id.clone())
        .set_duration_seconds(role.seconds)
        .send()
        .await
        .map_err(|error| failed(Fault::from(error).to_string()))?;
    let session = answer.credentials.ok_or_else(|| failed("the answer has no credentials".to_owned()))?;
    Ok(Credentials::new(
        session.access_key_id,
        session.secret_access_key,
        Some(session.session_token),
        SystemTime::try_from(session.expiration).ok(),
        "trueup-mfa",
    ))
}

#[cfg(test)]
mod tests {
    use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
    use aws_types::os_shim_internal::{Env, Fs};

    use super::*;

    async fn role(config: &str, profile: &str) -> Option<Role> {
        let files = EnvConfigFiles::builder().with_contents(EnvConfigFileKind::Config, config).build();
        let profiles = aws_config::profile::load(
            &Fs::from_slice(&[]),
            &Env::from_slice(&[]),
            &files,
            Some(profile.to_owned().into()),
        )
        .await
        .unwrap();
        Role::of(&profiles)
    }

    const CONFIG: &str = "
[profile admin]
role_arn = arn:aws:iam::123456789012:role/administrator
source_profile = me
mfa_serial = arn:aws:iam::123456789012:mfa/me
duration_seconds = 7200

[profile plain]
role_arn = arn:aws:iam::123456789012:role/administrator
source_profile = me

[profile me]
mfa_serial = arn:aws:iam::123456789012:mfa/me
";

    #[tokio::test]
    async fn a_role_with_a_device_wants_a_code() {
        let role = role(CONFIG, "admin").await.unwrap();
        assert_eq!((role.source.as_str(), role.seconds), ("me", Some(7200)));
        assert_eq!(role.serial, "arn:aws:iam::123456789012:mfa/me");
    }

    #[tokio::test]
    async fn a_role_without_a_device_and_a_device_without_a_role_want_none() {
        assert_eq!(role(CONFIG, "plain").await, None);
        assert_eq!(role(CONFIG, "me").await, None);
    }
}
