//! The addresses that calls go to instead of AWS: of all services, and of single ones.

use std::fmt;
use std::net::IpAddr;

use ::http::Uri;
use aws_runtime::env_config::EnvConfigValue;
use aws_types::os_shim_internal::Env;

use super::Connect;
use super::credentials::Profiles;
use super::error::ConnectError;
use super::http::{is_aws_host, local};

/// A well-formed address of an endpoint, such as `http://localhost:5000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    url: String,
    host: String,
}

impl Endpoint {
    /// `from` says who gave the address, for the error.
    fn parse(url: &str, from: &str) -> Result<Endpoint, ConnectError> {
        let bad = |why| ConnectError::Endpoint {
            url: url.to_owned(),
            from: from.to_owned(),
            why,
        };
        let uri: Uri = url.parse().map_err(|_| bad("is not an address"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(bad("does not begin with `http://` or `https://`"));
        }
        if uri.query().is_some() {
            return Err(bad("has a query"));
        }
        let host = match uri.host() {
            None | Some("") => return Err(bad("names no host")),
            Some(host) if host.starts_with('[') => {
                // S3 Control puts the account's id before the host, and nothing may stand before a bracket.
                return Err(bad("has an IPv6 address; write a name, for example `localhost`"));
            }
            Some(host) => host.to_owned(),
        };
        // A port that is too large is not one to `Uri`, which then takes the scheme's own.
        let bare = uri
            .authority()
            .is_some_and(|whole| whole.as_str().ends_with(&host));
        if uri.port_u16().is_none() && !bare {
            return Err(bad("has a wrong port"));
        }
        Ok(Endpoint {
            url: url.to_owned(),
            host,
        })
    }

    /// True if it is one of AWS's own hosts after all.
    pub(super) fn is_aws(&self) -> bool {
        is_aws_host(&self.host)
    }

    /// True if it is on this machine.
    pub(super) fn is_loopback(&self) -> bool {
        local(&self.host).is_some_and(|addresses| addresses.iter().all(IpAddr::is_loopback))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

/// The endpoint that is in force for all services.
///
/// The SDK finds the same one, but goes on to AWS if its form is bad; here that is an error.
/// (AWS SDKs and Tools Reference Guide, "Service-specific endpoints")
pub(super) fn find(
    asked: Option<&str>,
    env: &Env,
    profiles: &Profiles,
) -> Result<Option<Endpoint>, ConnectError> {
    if let Some(url) = asked {
        return Endpoint::parse(url, "--endpoint-url").map(Some);
    }
    if is_ignored(env, profiles) {
        return Ok(None);
    }
    if let Some(url) = variable(env, "AWS_ENDPOINT_URL") {
        return Endpoint::parse(&url, "AWS_ENDPOINT_URL").map(Some);
    }
    profiles
        .selected("endpoint_url")
        .map(|url| Endpoint::parse(url, "the profile's `endpoint_url`"))
        .transpose()
}

fn variable(env: &Env, name: &str) -> Option<String> {
    env.get(name).ok().filter(|value| !value.is_empty())
}

/// Whether what environment and profile say about addresses does not count.
fn is_ignored(env: &Env, profiles: &Profiles) -> bool {
    variable(env, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
        .or_else(|| {
            let of_profile = profiles.selected("ignore_configured_endpoint_urls");
            of_profile.map(str::to_owned)
        })
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// Another address than AWS's own that services are called at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The service, by its name in a [`CallName`](crate::CallName); nothing for all that have none of their own.
    pub service: Option<&'static str>,
    /// The address.
    pub url: String,
}

/// The services by their names in calls, each with its id in AWS's configuration.
const SERVICES: [(&str, &str); 19] = [
    ("access-analyzer", "AccessAnalyzer"),
    ("account", "Account"),
    ("budgets", "Budgets"),
    ("ce", "Cost Explorer"),
    ("cloudtrail", "CloudTrail"),
    ("cloudwatch", "CloudWatch"),
    ("config", "Config Service"),
    ("ec2", "EC2"),
    ("events", "EventBridge"),
    ("guardduty", "GuardDuty"),
    ("iam", "IAM"),
    ("kms", "KMS"),
    ("logs", "CloudWatch Logs"),
    ("organizations", "Organizations"),
    ("s3", "S3"),
    ("s3control", "S3 Control"),
    ("securityhub", "SecurityHub"),
    ("sns", "SNS"),
    (STS, "STS"),
];

const STS: &str = "sts";

/// All addresses that differ from AWS's own: the one for all services, and those of single ones.
///
/// STS says whose the credentials are. An STS that is not where the other services are would prove the wrong account, so
/// its address (`sts`) must be named on the command line.
pub(super) fn addresses(
    all: Option<&Endpoint>,
    asked: &Connect,
    env: &Env,
    profiles: &Profiles,
) -> Result<Vec<Address>, ConnectError> {
    let address = |service, url: &str| Address {
        service,
        url: url.to_owned(),
    };
    // What the command line says holds for all services.
    let only_asked = asked.endpoint_url.is_some() || is_ignored(env, profiles);
    let mut addresses: Vec<Address> = all.map(|all| address(None, &all.url)).into_iter().collect();
    for (service, id) in SERVICES {
        if let (STS, Some(url)) = (service, &asked.sts_endpoint_url) {
            Endpoint::parse(url, "--endpoint-url-sts")?;
            addresses.push(address(Some(service), url));
            continue;
        }
        let configured = EnvConfigValue::new()
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .service_id(id);
        let Some((url, _)) = configured.load(env, Some(profiles.set())).filter(|_| !only_asked) else {
            continue;
        };
        // For a service without one of its own, this is the address of all.
        if all.is_some_and(|all| all.url == url) {
            continue;
        }
        let key = id.to_ascii_uppercase().replace(' ', "_");
        let own = Endpoint::parse(
            &url,
            &format!("AWS_ENDPOINT_URL_{key} or the profile's `services`"),
        )?;
        let both_aws = own.is_aws() && all.is_none_or(Endpoint::is_aws);
        if service == STS && !both_aws {
            return Err(ConnectError::OtherSts {
                url: url.into_owned(),
                others: all.map_or("AWS".to_owned(), |all| format!("`{all}`")),
            });
        }
        addresses.push(address(Some(service), &url));
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Endpoint, ConnectError> {
        Endpoint::parse(url, "--endpoint-url")
    }

    #[test]
    fn an_emulator_is_told_from_aws_and_from_a_distant_one() {
        for (url, aws, loopback) in [
            ("http://localhost:5000", false, true),
            ("http://sandbox.localhost", false, true),
            ("http://127.0.0.1:4566/", false, true),
            ("https://moto.example.com", false, false),
            ("http://moto:5000/prefix", false, false),
            ("https://sts.eu-west-1.amazonaws.com", true, false),
            ("https://ec2.cn-north-1.amazonaws.com.cn", true, false),
        ] {
            let endpoint = parse(url).unwrap();
            assert_eq!(
                (endpoint.is_aws(), endpoint.is_loopback()),
                (aws, loopback),
                "{url}"
            );
        }
    }

    #[test]
    fn an_address_of_a_bad_form_is_an_error_that_shows_a_good_one() {
        for url in [
            "localhost:5000",
            "localhost",
            "ftp://localhost",
            "http://",
            "http://a b",
            "http://localhost/?x=1",
            "http://localhost:99999",
            "http://[::1]:5000",
        ] {
            let error = parse(url).unwrap_err().to_string();
            assert!(
                error.contains(url) && error.contains("http://localhost:4566"),
                "{error}"
            );
        }
    }
}
