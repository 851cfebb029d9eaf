//! The gate before the HTTP client: how many calls run at once, and how fast each kind of them may follow.
//!
//! It stands where every call of every client passes, so no control has to think of rates. Against AWS it keeps
//! below the request limits that would only come back as throttling; an emulator or the sandbox sets its own
//! limits, so there only the number of calls at once is bounded.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::Semaphore;

use crate::aws::Operation;

/// The longest that a call may wait here. It is signed already, and a signature is good for five minutes at least.
const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// How many calls of one service run at once in one region.
const PER_SERVICE: usize = 8;

/// A call that was not answered, with which call it was.
#[derive(Debug, thiserror::Error)]
#[error("{operation} was not answered")]
pub(crate) struct CallError {
    pub(crate) operation: Operation,
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// No place came free in time.
#[derive(Debug, thiserror::Error)]
#[error("waited {} seconds for other calls to end", LONGEST_WAIT.as_secs())]
struct Crowded;

/// An HTTP client behind the gate.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    inner: SharedHttpClient,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    all: Semaphore,
    services: Mutex<HashMap<(String, String), Arc<Semaphore>>>,
    rates: Option<Mutex<HashMap<(String, Bucket), Arc<DefaultDirectRateLimiter>>>>,
}

/// The calls that share one token bucket in a region.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Bucket {
    /// One EC2 operation: "Request throttling for the Amazon EC2 API" gives each its own.
    Operation(String),
    /// A whole service, whose limits AWS does not publish.
    Service(String),
}

impl Gate {
    /// A gate before a client, with room for so many calls at once. `limited` keeps below AWS's request limits.
    pub(crate) fn new(inner: SharedHttpClient, parallelism: usize, limited: bool) -> Self {
        Gate {
            inner,
            state: Arc::new(State {
                all: Semaphore::new(parallelism.max(1)),
                services: Mutex::default(),
                rates: limited.then(Mutex::default),
            }),
        }
    }
}

/// How fast calls of a bucket may follow: tokens a second, and how many can be saved up.
fn rate(operation: &Operation) -> Option<(Bucket, u32, u32)> {
    let reads = ["Describe", "Get", "List"].iter().any(|verb| operation.name.starts_with(verb));
    let own = || Bucket::Operation(operation.name.clone());
    match (operation.service.as_str(), operation.name.as_str()) {
        ("ec2", "CreateDefaultVpc" | "CreateDefaultSubnet") => Some((own(), 1, 1)),
        ("ec2", _) if reads => Some((own(), 20, 100)),
        ("ec2", _) => Some((own(), 5, 50)),
        // Not published; what field reports found to be safe.
        ("iam", _) => Some((Bucket::Service("iam".to_owned()), 5, 10)),
        ("sts", _) => None,
        (service, _) => Some((Bucket::Service(service.to_owned()), 10, 20)),
    }
}

impl State {
    fn service(&self, operation: &Operation) -> Arc<Semaphore> {
        let mut services = self.services.lock().unwrap_or_else(PoisonError::into_inner);
        services
            .entry((operation.service.clone(), operation.region.to_string()))
            .or_insert_with(|| Arc::new(Semaphore::new(PER_SERVICE)))
            .clone()
    }

    fn limiter(&self, operation: &Operation) -> Option<Arc<DefaultDirectRateLimiter>> {
        let (bucket, per_second, burst) = rate(operation)?;
        let quota = Quota::per_second(NonZeroU32::new(per_second)?).allow_burst(NonZeroU32::new(burst)?);
        let mut rates = self.rates.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let limiter = rates
            .entry((operation.region.to_string(), bucket))
            .or_insert_with(|| Arc::new(RateLimiter::direct(quota)))
            .clone();
        Some(limiter)
    }
}

impl HttpClient for Gate {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector {
            inner: self.inner.http_connector(settings, components),
            state: self.state.clone(),
        })
    }
}

#[derive(Debug)]
struct Connector {
    inner: SharedHttpConnector,
    state: Arc<State>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (inner, state) = (self.inner.clone(), self.state.clone());
        HttpConnectorFuture::new(async move {
            // Calls for credentials are made by the SDK itself and have no name: they must not wait for calls that
            // wait for credentials.
            let Some(operation) = request.extension::<Operation>().cloned() else {
                return inner.call(request).await;
            };
            match pass(&state, &operation, inner, request).await {
                Ok(mut response) => {
                    response.add_extension(operation);
                    Ok(response)
                }
                Err(error) => Err(named(operation, error)),
            }
        })
    }
}

async fn pass(
    state: &State,
    operation: &Operation,
    inner: SharedHttpConnector,
    request: HttpRequest,
) -> Result<HttpResponse, ConnectorError> {
    let service = state.service(operation);
    let closed = |error: tokio::sync::AcquireError| ConnectorError::other(error.into(), None);
    let admitted = tokio::time::timeout(LONGEST_WAIT, async {
        if let Some(limiter) = state.limiter(operation) {
            limiter.until_ready().await;
        }
        // The narrow door first: who waits there must not hold a place that another service could use.
        let narrow = service.acquire().await.map_err(closed)?;
        let wide = state.all.acquire().await.map_err(closed)?;
        Ok((narrow, wide))
    })
    .await;
    let _places = admitted.map_err(|_| ConnectorError::timeout(Crowded.into()))??;
    inner.call(request).await
}

/// The same error, saying which call it was, and retried as before.
fn named(operation: Operation, error: ConnectorError) -> ConnectorError {
    let (timeout, io, user, other) = (error.is_timeout(), error.is_io(), error.is_user(), error.as_other());
    let source = Box::new(CallError { operation, source: error.into_source() });
    if timeout {
        ConnectorError::timeout(source)
    } else if io {
        ConnectorError::io(source)
    } else if user {
        ConnectorError::user(source)
    } else {
        ConnectorError::other(source, other)
    }
}
