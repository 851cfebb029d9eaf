//! AWS's part of the internet, in this process: a proxy through which every host of AWS is reached by TLS, with a
//! certificate of a private authority, and a simulated account behind it. What becomes of a request on the way is for a
//! test to say.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_types::body::SdkBody;
use futures::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use trueup::sandbox::Sandbox;

/// A request as it arrives.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// The host that it was sent to.
    pub(crate) host: String,
    /// The operation, as far as the request names it: in the target, in the body, or by its method and path.
    pub(crate) operation: String,
    /// The key that signed it.
    pub(crate) key: String,
    /// The time that it was signed at.
    pub(crate) signed: String,
    /// How many of this host and operation came before it.
    pub(crate) number: usize,
}

/// What becomes of a request.
#[derive(Clone, Debug)]
pub(crate) enum Fate {
    /// The account answers.
    Pass,
    /// The account carries it out, and the answer is lost.
    Lose,
    /// The connection ends without an answer.
    Reset,
    /// The connection ends within the answer.
    Cut,
    /// There is no answer.
    Hang,
    /// The answer comes byte by byte, for ever.
    Drip,
    /// Something answers with this status, these headers and this body.
    Say(u16, Vec<(&'static str, String)>, String),
}

type Decide = Arc<dyn Fn(&Seen) -> Fate + Send + Sync>;

/// See the [module](self).
#[derive(Clone)]
pub(crate) struct Internet {
    pub(crate) proxy: SocketAddr,
    /// The authority's certificate.
    pub(crate) authority: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl fmt::Debug for Internet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Internet")
    }
}

impl Internet {
    /// Starts one with a simulated account; the key that signs decides between two, if there are. To some hosts the proxy
    /// opens no connection.
    pub(crate) async fn start(
        accounts: Vec<(&'static str, Sandbox)>,
        closed: &'static [&'static str],
        decide: impl Fn(&Seen) -> Fate + Send + Sync + 'static,
    ) -> Internet {
        static AUTHORITY: LazyLock<Arc<Authority>> = LazyLock::new(|| Arc::new(Authority::new()));
        let authority = Arc::clone(&AUTHORITY);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let internet = Internet {
            proxy: listener.local_addr().unwrap(),
            authority: authority.pem.clone(),
            seen: Arc::default(),
        };
        let accounts = accounts
            .into_iter()
            .map(|(key, sandbox)| (key, connector(&sandbox)))
            .collect();
        let inside = Arc::new(Inside {
            accounts,
            closed,
            decide: Arc::new(decide),
            seen: Arc::clone(&internet.seen),
            tls: authority.acceptor(),
        });
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let inside = Arc::clone(&inside);
                // A client that goes away is not the test's concern.
                tokio::spawn(async move { inside.tunnel(client).await });
            }
        });
        internet
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Writes the authority's certificate into a file.
    pub(crate) fn bundle(&self, folder: &Path) -> String {
        let file = folder.join("ca.pem");
        std::fs::write(&file, &self.authority).unwrap();
        file.display().to_string()
    }
}

fn connector(sandbox: &Sandbox) -> SharedHttpConnector {
    let components = RuntimeComponentsBuilder::for_tests()
        .with_sleep_impl(Some(TokioSleep::new()))
        .build()
        .unwrap();
    let settings = HttpConnectorSettings::builder().build();
    sandbox.http_client().http_connector(&settings, &components)
}

/// What serves the tunnels.
struct Inside {
    accounts: Vec<(&'static str, SharedHttpConnector)>,
    closed: &'static [&'static str],
    decide: Decide,
    seen: Arc<Mutex<Vec<Seen>>>,
    tls: TlsAcceptor,
}

impl Inside {
    /// Opens a tunnel to a host and is that host itself.
    async fn tunnel(self: Arc<Self>, mut client: TcpStream) -> io::Result<()> {
        let mut head = vec![];
        while !head.ends_with(b"\r\n\r\n") {
            if client.read_buf(&mut head).await? == 0 {
                return Ok(());
            }
        }
        assert!(
            head.starts_with(b"CONNECT "),
            "{}",
            String::from_utf8_lossy(&head)
        );
        let head = String::from_utf8_lossy(&head);
        if self.closed.iter().any(|host| head.contains(host)) {
            return client
                .write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
                .await;
        }
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
        let stream = self.tls.accept(client).await?;
        let service = service_fn(move |request| Arc::clone(&self).answer(request));
        // An error is what the test wants, or the client's.
        let _ = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await;
        Ok(())
    }

    async fn answer(
        self: Arc<Self>,
        request: hyper::Request<Incoming>,
    ) -> io::Result<hyper::Response<BoxBody<Bytes, io::Error>>> {
        let full = |body: Bytes| Full::new(body).map_err(|never| match never {}).boxed();
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let seen = self.note(&parts, &body);
        let lost = || io::Error::from(io::ErrorKind::ConnectionReset);
        match (self.decide)(&seen) {
            Fate::Pass => Ok(self.carry(&seen, parts, body).await?.map(full)),
            Fate::Lose => {
                self.carry(&seen, parts, body).await?;
                Err(lost())
            }
            Fate::Reset => Err(lost()),
            Fate::Cut => {
                let response = self.carry(&seen, parts, body).await?;
                let half = response.body().slice(..response.body().len() / 2);
                let pieces = [Ok(Frame::data(half)), Err(lost())];
                Ok(hyper::Response::new(
                    StreamBody::new(stream::iter(pieces)).boxed(),
                ))
            }
            Fate::Hang => std::future::pending().await,
            Fate::Drip => Ok(hyper::Response::new(Dripping::default().boxed())),
            Fate::Say(status, headers, body) => {
                let mut response = hyper::Response::builder().status(status);
                for (name, value) in headers {
                    response = response.header(name, value);
                }
                Ok(response.body(full(Bytes::from(body))).map_err(io::Error::other)?)
            }
        }
    }

    fn note(&self, parts: &http::request::Parts, body: &[u8]) -> Seen {
        let header = |name: &str| {
            let value = parts.headers.get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let text = String::from_utf8_lossy(body);
        let action = text
            .split('&')
            .find_map(|pair| pair.strip_prefix("Action="))
            .map(str::to_owned);
        let target = header("x-amz-target");
        let target = target.rsplit('.').next().filter(|target| !target.is_empty());
        let path = parts.uri.path();
        let operation = action
            .or(target.map(str::to_owned))
            .unwrap_or_else(|| format!("{} {path}", parts.method));
        let host = header("host");
        let mut all = self.seen.lock().unwrap();
        let number = all
            .iter()
            .filter(|seen| seen.host == host && seen.operation == operation)
            .count();
        let key = header("authorization");
        let key = key.split_once("Credential=").map_or("", |(_, rest)| rest);
        let seen = Seen {
            key: key.split('/').next().unwrap_or_default().to_owned(),
            signed: header("x-amz-date"),
            host,
            operation,
            number,
        };
        all.push(seen.clone());
        seen
    }

    /// Lets the account answer that the key belongs to.
    async fn carry(
        &self,
        seen: &Seen,
        parts: http::request::Parts,
        body: Bytes,
    ) -> io::Result<hyper::Response<Bytes>> {
        let of_key = self.accounts.iter().find(|(key, _)| seen.key.starts_with(key));
        let (_, account) = of_key.unwrap_or(&self.accounts[0]);
        let request = http::Request::from_parts(parts, SdkBody::from(body.to_vec()));
        let request = HttpRequest::try_from(request).map_err(io::Error::other)?;
        let response = account.call(request).await.map_err(io::Error::other)?;
        let response = response.try_into_http1x().map_err(io::Error::other)?;
        Ok(response.map(|body| Bytes::copy_from_slice(body.bytes().unwrap_or_default())))
    }
}

/// A body of which a byte comes ten times a second.
#[derive(Default)]
pub(crate) struct Dripping {
    next: Option<std::pin::Pin<Box<tokio::time::Sleep>>>,
}

impl hyper::body::Body for Dripping {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, io::Error>>> {
        let next = self
            .next
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(Duration::from_millis(100))));
        std::task::ready!(next.as_mut().poll(cx));
        self.next = None;
        std::task::Poll::Ready(Some(Ok(hyper::body::Frame::data(Bytes::from_static(b" ")))))
    }
}

/// A private authority that vouches for each host that is asked for.
#[derive(Debug)]
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    /// The hosts' own key: one for all.
    key: KeyPair,
    made: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Authority {
            issuer: Issuer::new(params, key),
            pem,
            key: KeyPair::generate().unwrap(),
            made: Mutex::default(),
        }
    }

    fn make(&self, host: &str) -> Option<CertifiedKey> {
        let params = CertificateParams::new(vec![host.to_owned()]).ok()?;
        let certificate = params.signed_by(&self.key, &self.issuer).ok()?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let key = ring::sign::any_supported_type(&key).ok()?;
        Some(CertifiedKey::new(vec![certificate.der().clone()], key))
    }

    fn acceptor(self: Arc<Self>) -> TlsAcceptor {
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(self);
        TlsAcceptor::from(Arc::new(config))
    }
}

impl ResolvesServerCert for Authority {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let host = hello.server_name()?;
        let mut made = self.made.lock().ok()?;
        if let Some(certificate) = made.get(host) {
            return Some(Arc::clone(certificate));
        }
        let certificate = Arc::new(self.make(host)?);
        made.insert(host.to_owned(), Arc::clone(&certificate));
        Some(certificate)
    }
}
