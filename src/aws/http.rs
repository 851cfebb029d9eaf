//! The one HTTP client: hyper and rustls, with names of emulators resolved here.
//!
//! Two things make an own resolver necessary. S3 Control puts the account's id before the host, also before
//! `localhost` and `127.0.0.1`; and not every machine's resolver knows `*.localhost`
//! (RFC 6761, section 6.3, says what it means).

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// The client for all services and regions. Proxies are those of the environment (`HTTPS_PROXY`, `NO_PROXY` and
/// so on), unless the endpoint is on this machine.
pub(super) fn client(endpoint_is_loopback: bool) -> SharedHttpClient {
    SharedHttpClient::new(Https {
        proxied: !endpoint_is_loopback,
        pools: Mutex::default(),
    })
}

/// The time-outs of connecting and of reading.
type Timeouts = (Option<Duration>, Option<Duration>);

/// The SDK's own client builder cannot be told of a proxy, so the connectors are made here: one for each pair of
/// time-outs, each with its pool of connections.
#[derive(Debug)]
struct Https {
    proxied: bool,
    pools: Mutex<HashMap<Timeouts, SharedHttpConnector>>,
}

impl HttpClient for Https {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let key = (settings.connect_timeout(), settings.read_timeout());
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools
            .entry(key)
            .or_insert_with(|| {
                let mut builder = Connector::builder().connector_settings(settings.clone());
                builder.set_sleep_impl(components.sleep_impl());
                if self.proxied {
                    builder.set_proxy_config(Some(ProxyConfig::from_env()));
                }
                let connector = builder
                    .tls_provider(Provider::Rustls(CryptoMode::Ring))
                    .build_with_resolver(Resolver);
                SharedHttpConnector::new(connector)
            })
            .clone()
    }
}

/// Resolves names of this machine by itself, all others as the system does.
#[derive(Clone, Copy, Debug)]
struct Resolver;

impl ResolveDns for Resolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(resolve(name))
    }
}

async fn resolve(name: &str) -> Result<Vec<IpAddr>, ResolveDnsError> {
    let host = without_account(name);
    if let Some(addresses) = local(host) {
        return Ok(addresses);
    }
    let unknown = || {
        ResolveDnsError::new(NoSuchHost {
            host: host.to_owned(),
        })
    };
    match tokio::net::lookup_host((host, 0)).await {
        Ok(found) => {
            let addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
            if addresses.is_empty() {
                Err(unknown())
            } else {
                Ok(addresses)
            }
        }
        Err(error) if is_temporary(&error) => Err(ResolveDnsError::new(NoNameServer {
            host: host.to_owned(),
        })),
        Err(_) => Err(unknown()),
    }
}

/// The standard library keeps the resolver's code to itself; its text is the same everywhere but for one letter.
fn is_temporary(error: &io::Error) -> bool {
    error.to_string().contains("emporary")
}

/// The name server says that there is no such host.
#[derive(Debug, thiserror::Error)]
#[error("there is no host `{host}`")]
pub(crate) struct NoSuchHost {
    /// The host that was asked for.
    pub(crate) host: String,
}

/// No name server could be asked.
#[derive(Debug, thiserror::Error)]
#[error("no name server answers for `{host}`")]
struct NoNameServer {
    host: String,
}

/// The host without the account's id that S3 Control puts before it. AWS's own hosts keep it.
fn without_account(name: &str) -> &str {
    match name.split_once('.') {
        Some((label, host))
            if label.len() == 12 && label.bytes().all(|b| b.is_ascii_digit()) && !is_aws_host(host) =>
        {
            host
        }
        _ => name,
    }
}

/// The addresses of a host that is one itself or is this machine.
pub(super) fn local(host: &str) -> Option<Vec<IpAddr>> {
    if let Ok(address) = host.parse() {
        return Some(vec![address]);
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or(host);
    last.eq_ignore_ascii_case("localhost")
        .then(|| vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()])
}

/// True for a host of AWS in any partition (AWS General Reference, "AWS service endpoints").
pub(crate) fn is_aws_host(host: &str) -> bool {
    const DOMAINS: [&str; 9] = [
        "amazonaws.com",
        "amazonaws.com.cn",
        "amazonaws.eu",
        "api.aws",
        "c2s.ic.gov",
        "sc2s.sgov.gov",
        "cloud.adc-e.uk",
        "csp.hci.ic.gov",
        "api.amazonwebservices.com.cn",
    ];
    DOMAINS.iter().any(|domain| {
        host.strip_suffix(domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn names_of_this_machine_need_no_name_server() {
        let loopback: Vec<IpAddr> = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        for name in [
            "localhost",
            "a.b.localhost",
            "LOCALHOST.",
            "123456789012.localhost",
        ] {
            assert_eq!(resolve(name).await.unwrap(), loopback, "{name}");
        }
        for name in ["127.0.0.1", "123456789012.127.0.0.1"] {
            assert_eq!(
                resolve(name).await.unwrap(),
                [IpAddr::from(Ipv4Addr::LOCALHOST)],
                "{name}"
            );
        }
    }

    #[test]
    fn only_the_account_of_an_emulators_host_is_taken_off() {
        for (name, host) in [
            ("123456789012.moto", "moto"),
            ("123456789012.emulator.example.com", "emulator.example.com"),
            ("12345678901.moto", "12345678901.moto"),
            ("my-bucket.moto", "my-bucket.moto"),
            (
                "123456789012.s3-control.eu-west-1.amazonaws.com",
                "123456789012.s3-control.eu-west-1.amazonaws.com",
            ),
        ] {
            assert_eq!(without_account(name), host);
        }
    }

    #[test]
    fn a_host_is_of_aws_by_whole_labels_only() {
        for (host, aws) in [
            ("guardduty.eu-west-1.amazonaws.com", true),
            ("sts.eusc-de-east-1.amazonaws.eu", true),
            ("s3.dualstack.us-east-1.api.aws", true),
            ("notamazonaws.com", false),
            ("amazonaws.com.example.org", false),
            ("localhost", false),
        ] {
            assert_eq!(is_aws_host(host), aws, "{host}");
        }
    }
}
