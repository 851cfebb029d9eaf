//! The one HTTP client, and the names that a resolver may not know.

use std::net::{IpAddr, Ipv4Addr};

use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::ConnectError;

/// The client for all services and regions: one pool of connections, TLS by rustls.
pub(super) fn client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
        .build_with_resolver(Resolver)
}

/// Refuses what cannot be the address of an endpoint.
pub(super) fn check_endpoint(url: &str) -> Result<(), ConnectError> {
    let parsed: Option<http::Uri> = url.parse().ok();
    let usable = parsed.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
    });
    if usable { Ok(()) } else { Err(ConnectError::Endpoint(url.to_owned())) }
}

/// The system's resolver, with the names of emulators before it.
#[derive(Clone, Debug)]
struct Resolver;

impl ResolveDns for Resolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            let host = without_account(name);
            if let Some(address) = local(host) {
                return Ok(vec![address]);
            }
            let found = tokio::net::lookup_host((host, 0)).await.map_err(|cause| {
                ResolveDnsError::new(NoSuchHost { host: name.to_owned(), cause: cause.to_string() })
            })?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// S3 Control puts the account id before the host, also before a literal address. AWS's own names are left alone.
fn without_account(name: &str) -> &str {
    match name.split_once('.') {
        Some((label, host))
            if label.len() == 12 && label.bytes().all(|b| b.is_ascii_digit()) && local(host).is_some() =>
        {
            host
        }
        _ => name,
    }
}

/// The address that a name stands for on every machine, also on one whose resolver does not know `*.localhost`
/// (RFC 6761 says that it should).
fn local(name: &str) -> Option<IpAddr> {
    if name == "localhost" || name.ends_with(".localhost") {
        return Some(Ipv4Addr::LOCALHOST.into());
    }
    name.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// A name that does not resolve.
#[derive(Debug, thiserror::Error)]
#[error("the name {host} does not resolve: {cause}")]
pub(super) struct NoSuchHost {
    /// The name.
    pub(super) host: String,
    cause: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_goes_from_before_local_names_and_addresses_only() {
        for (name, host) in [
            ("123456789012.localhost", "localhost"),
            ("123456789012.s3-control.localhost", "s3-control.localhost"),
            ("123456789012.127.0.0.1", "127.0.0.1"),
            ("123456789012.s3-control.eu-west-1.amazonaws.com", "123456789012.s3-control.eu-west-1.amazonaws.com"),
            ("12345.localhost", "12345.localhost"),
            ("ec2.eu-west-1.amazonaws.com", "ec2.eu-west-1.amazonaws.com"),
        ] {
            assert_eq!(without_account(name), host);
        }
    }

    #[test]
    fn local_names_are_this_machine_and_addresses_are_themselves() {
        for (name, address) in [
            ("localhost", Some("127.0.0.1")),
            ("bucket.s3.localhost", Some("127.0.0.1")),
            ("127.0.0.2", Some("127.0.0.2")),
            ("[::1]", Some("::1")),
            ("mylocalhost", None),
            ("example.com", None),
        ] {
            assert_eq!(local(name), address.map(|a| a.parse().unwrap()), "{name}");
        }
    }

    #[test]
    fn an_endpoint_is_an_address_with_scheme_and_host() {
        for url in ["http://127.0.0.1:4566", "https://emulator.example", "http://localhost:1/base"] {
            assert_eq!(check_endpoint(url), Ok(()), "{url}");
        }
        for url in ["127.0.0.1:4566", "localhost", "ftp://x", "http://", "", "http//x"] {
            assert!(check_endpoint(url).is_err(), "{url}");
        }
    }
}
