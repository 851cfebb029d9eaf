//! Why an account could not be reached, for people.

use trueup_core::fault::Fault;
use trueup_core::location::BadRegion;

/// Why an account could not be reached. Its text says what, where, why, and what to do next.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The profile is in none of the shared files.
    #[error("there is no profile `{profile}` in the shared AWS files (~/.aws/config and ~/.aws/credentials)\n{}",
        suggestion(.near, .known))]
    NoSuchProfile {
        /// The name that was asked for.
        profile: String,
        /// Names that look like it, the likeliest first.
        near: Vec<String>,
        /// How many profiles there are.
        known: usize,
    },
    /// The shared files cannot be read or understood.
    #[error(
        "the shared AWS files cannot be used: {0}\ncorrect the file, or name another with AWS_CONFIG_FILE"
    )]
    ProfileFile(String),
    /// The profile cannot work as it is written.
    #[error("profile `{profile}` {why}\ncorrect it in ~/.aws/config, or choose another one with --profile")]
    Profile {
        /// The profile's name.
        profile: String,
        /// What is wrong, to follow its name.
        why: String,
    },
    /// The profile needs an MFA code, and nobody gave one.
    #[error(
        "profile `{profile}` needs a code of the MFA device {serial}, and nobody gave one\n\
         Run it on a terminal to be asked for the code. Where there is none, bring credentials that need no code: \
         those of `aws login` or `aws sso login`, of a profile with `credential_process`, or those of a session \
         in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN (then without --profile)."
    )]
    NeedsMfaCode {
        /// The profile's name.
        profile: String,
        /// The device's serial number or ARN.
        serial: String,
    },
    /// STS gave no session for the MFA code.
    #[error(
        "profile `{profile}` got no session with the MFA device {serial}: {}\n\
         Wait for the next code (each works once) and check `mfa_serial`, `role_arn` and the keys of the profile.",
        .fault.in_full()
    )]
    Mfa {
        /// The profile's name.
        profile: String,
        /// The device's serial number or ARN.
        serial: String,
        /// What STS said.
        fault: Box<Fault>,
    },
    /// Nothing gave credentials, or what should have failed.
    #[error("no AWS credentials: {why}{}\n{next}", tried_lines(.tried))]
    NoCredentials {
        /// What happened, in a few words.
        why: String,
        /// What was tried, each with its outcome.
        tried: Vec<String>,
        /// What to do next.
        next: String,
    },
    /// The address of the endpoint is of a bad form.
    #[error("`{url}` (from {from}) {why}\nexpected an address like `http://localhost:4566`")]
    Endpoint {
        /// The address as it was given.
        url: String,
        /// Who gave it.
        from: String,
        /// What is wrong, to follow the address.
        why: &'static str,
    },
    /// The bundle of trusted authorities cannot be used.
    #[error("the certificate bundle {file} (from {from}) {why}\nname a file with certificates in PEM form")]
    CaBundle {
        /// The file as it was given.
        file: String,
        /// Who gave it.
        from: &'static str,
        /// What is wrong, to follow the name.
        why: String,
    },
    /// STS has an address of its own, which the command line does not name.
    #[error(
        "STS is called at `{url}` and the other services at {others}: it could not prove whose account they change\n\
         Remove AWS_ENDPOINT_URL_STS or `sts` from the profile's `services`, or confirm it with --endpoint-url-sts {url}."
    )]
    OtherSts {
        /// The address.
        url: String,
        /// Where the others are.
        others: String,
    },
    /// The configured region is not one.
    #[error("{0}\nit comes from AWS_REGION, AWS_DEFAULT_REGION or the profile's `region`")]
    Region(BadRegion),
}

fn suggestion(near: &[String], known: &usize) -> String {
    match (near, known) {
        ([], 0) => "there is no profile at all; `aws login` or `aws configure` writes one".to_owned(),
        ([], _) => "`aws configure list-profiles` lists those there are".to_owned(),
        (near, _) => {
            let names: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
            format!("did you mean {}?", names.join(" or "))
        }
    }
}

fn tried_lines(tried: &[String]) -> String {
    tried.iter().map(|line| format!("\n  {line}")).collect()
}
