//! The one HTTP client: hyper and rustls, with names of emulators resolved here.
//!
//! Two things make an own resolver necessary. S3 Control puts the account's id before the host, also before
//! `localhost` and `127.0.0.1`; and not every machine's resolver knows `*.localhost`
//! (RFC 6761, section 6.3, says what it means).

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::http::Uri;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, TlsContext, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use hyper_util::client::legacy;
use hyper_util::client::proxy::matcher::Matcher;

use crate::text::causes;
use crate::trust::untrusted;

/// What stands in the place of this machine's environment, files, name server and proxies: the account is then reached
/// as a real one is, over a network of the caller's own.
#[derive(Clone)]
pub struct Network {
    /// The variables of the environment.
    pub env: Vec<(String, String)>,
    /// The text of `~/.aws/config`.
    pub config: String,
    /// The address of the proxy for all hosts but those in `direct`.
    pub proxy: String,
    /// Hosts that are called directly, in the form of `NO_PROXY`.
    pub direct: String,
    /// The addresses of a host; nothing for one that does not exist.
    pub hosts: Hosts,
}

/// A name server as a function.
pub type Hosts = Arc<dyn Fn(&str) -> Option<Vec<IpAddr>> + Send + Sync>;

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").field("proxy", &self.proxy).finish()
    }
}

/// The client for all services and regions. Proxies are those of the environment (`HTTPS_PROXY`, `NO_PROXY` and
/// so on), unless the endpoint is on this machine. Trusted are the authorities of `tls`, or those of the machine.
pub(super) fn client(
    endpoint_is_loopback: bool,
    tls: Option<TlsContext>,
    network: Option<&Network>,
) -> SharedHttpClient {
    let (config, matcher) = match network.filter(|_| !endpoint_is_loopback) {
        _ if endpoint_is_loopback => (None, None),
        None => (Some(ProxyConfig::from_env()), Some(Matcher::from_env())),
        Some(Network { proxy, direct, .. }) => (
            ProxyConfig::all(proxy.as_str())
                .ok()
                .map(|config| config.no_proxy(direct)),
            Some(Matcher::builder().all(proxy).no(direct).build()),
        ),
    };
    SharedHttpClient::new(Https {
        config,
        matcher: matcher.map(Arc::new),
        tls: tls.unwrap_or_default(),
        resolver: Resolver(network.map(|network| Arc::clone(&network.hosts))),
        pools: Mutex::default(),
    })
}

/// The time-outs of connecting and of reading.
type Timeouts = (Option<Duration>, Option<Duration>);

/// The SDK's own client builder cannot be told of a proxy, so the connectors are made here: one for each pair of
/// time-outs, each with its pool of connections.
struct Https {
    config: Option<ProxyConfig>,
    matcher: Option<Arc<Matcher>>,
    tls: TlsContext,
    resolver: Resolver,
    pools: Mutex<HashMap<Timeouts, SharedHttpConnector>>,
}

impl fmt::Debug for Https {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Https").field("proxies", &self.config).finish()
    }
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
                builder.set_proxy_config(self.config.clone());
                let connector = builder
                    .tls_provider(Provider::Rustls(CryptoMode::Ring))
                    .tls_context(self.tls.clone())
                    .build_with_resolver(self.resolver.clone());
                let inner = SharedHttpConnector::new(connector);
                match self.matcher.clone() {
                    Some(matcher) => SharedHttpConnector::new(Through { inner, matcher }),
                    None => inner,
                }
            })
            .clone()
    }
}

/// Says of what fails at the proxy that it did, and at which one.
struct Through {
    inner: SharedHttpConnector,
    matcher: Arc<Matcher>,
}

impl fmt::Debug for Through {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Through").field("inner", &self.inner).finish()
    }
}

impl HttpConnector for Through {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let uri = request.uri().parse::<Uri>().ok();
        let intercept = uri.and_then(|uri| self.matcher.intercept(&uri));
        let answer = self.inner.call(request);
        let Some(proxy) = intercept.map(|found| found.uri().to_string()) else {
            return answer;
        };
        HttpConnectorFuture::new(async move { answer.await.map_err(|error| at_proxy(proxy, error)) })
    }
}

/// The error as one of the proxy, if no connection came about through it.
fn at_proxy(proxy: String, error: ConnectorError) -> ConnectorError {
    let is_of_connecting = causes(&error).any(|cause| {
        cause
            .downcast_ref::<legacy::Error>()
            .is_some_and(legacy::Error::is_connect)
    });
    if !is_of_connecting || untrusted(&error).is_some() {
        return error;
    }
    let (is_timeout, kind) = (error.is_timeout(), error.as_other());
    let is_io = error.is_io();
    let failed = ProxyFailed {
        proxy: proxy.trim_end_matches('/').to_owned(),
        source: error,
    };
    if is_timeout {
        ConnectorError::timeout(failed.into())
    } else if is_io {
        ConnectorError::io(failed.into())
    } else {
        ConnectorError::other(failed.into(), kind)
    }
}

/// The proxy was not reached, or opened no connection.
#[derive(Debug, thiserror::Error)]
#[error("the proxy {proxy} failed")]
pub(crate) struct ProxyFailed {
    /// Its address, without name and password.
    pub(crate) proxy: String,
    source: ConnectorError,
}

/// Resolves names of this machine by itself, all others as the system does, or as it is given.
#[derive(Clone)]
struct Resolver(Option<Hosts>);

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}

impl ResolveDns for Resolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        match &self.0 {
            None => DnsFuture::new(resolve(name)),
            Some(hosts) => DnsFuture::ready(
                local(name)
                    .or_else(|| hosts(name))
                    .ok_or_else(|| no_such_host(name)),
            ),
        }
    }
}

fn no_such_host(host: &str) -> ResolveDnsError {
    ResolveDnsError::new(NoSuchHost {
        host: host.to_owned(),
    })
}

async fn resolve(name: &str) -> Result<Vec<IpAddr>, ResolveDnsError> {
    let host = without_account(name);
    if let Some(addresses) = local(host) {
        return Ok(addresses);
    }
    match tokio::net::lookup_host((host, 0)).await {
        Ok(found) => {
            let addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
            if addresses.is_empty() {
                Err(no_such_host(host))
            } else {
                Ok(addresses)
            }
        }
        Err(error) if is_temporary(&error) => Err(ResolveDnsError::new(NoNameServer {
            host: host.to_owned(),
        })),
        Err(_) => Err(no_such_host(host)),
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
