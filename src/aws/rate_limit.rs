//! The limit that every request passes: how many at once, and how often.
//!
//! It stands between the SDK and the HTTP client, where a request that is tried again passes again. Three bounds hold:
//! so many requests at once over all (`parallelism`), so many at once for each service and region, and AWS's
//! published rates for each operation and region, as token buckets. The last two protect a real account from being
//! throttled, the user's other tools included; an emulator or the sandbox has no other users and is not slowed.
//!
//! A request is signed before it gets here, and a signature is good for five minutes. So nothing waits longer than
//! two: it is handed back as throttled, and the SDK signs it anew.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::retry::ErrorKind;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::CallName;
use crate::denial::{Denials, Spared};
use crate::patience::{Clock, Silence};

/// How long a request may wait here.
const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// How many requests one service in one region gets at once.
const AT_ONCE: usize = 8;

/// An HTTP client that lets requests through to another one at a bearable pace, and notes each. Those that are known to
/// be denied do not get through.
#[derive(Clone, Debug)]
pub(crate) struct RateLimit {
    inner: SharedHttpClient,
    rules: Arc<Rules>,
}

impl RateLimit {
    /// `paced`: AWS's rates and the bound for each service hold, beside the bound over all.
    pub(crate) fn new(
        inner: SharedHttpClient,
        parallelism: usize,
        paced: bool,
        denials: Denials,
        clock: Clock,
    ) -> Self {
        RateLimit {
            inner,
            rules: Arc::new(Rules {
                slots: Arc::new(Semaphore::new(parallelism)),
                lanes: paced.then(Mutex::default),
                calls: Mutex::default(),
                denials,
                clock,
            }),
        }
    }

    /// Every request that came, in the order of coming.
    pub(crate) fn calls(&self) -> Vec<CallName> {
        lock(&self.rules.calls).clone()
    }
}

// `validate_base_client_config` is not handed on: for hyper's client it means to load the system's certificates, once
// for each of a hundred clients.
impl HttpClient for RateLimit {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Passage {
            inner: self.inner.http_connector(settings, components),
            rules: Arc::clone(&self.rules),
        })
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.inner.connector_metadata()
    }
}

#[derive(Debug)]
struct Passage {
    inner: SharedHttpConnector,
    rules: Arc<Rules>,
}

impl HttpConnector for Passage {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let call = request.extension::<CallName>().cloned();
        let silence = request.extension::<Silence>().cloned().unwrap_or_default();
        let (inner, rules) = (self.inner.clone(), Arc::clone(&self.rules));
        HttpConnectorFuture::new(async move {
            let came = Instant::now();
            if let Some(call) = &call
                && rules.denials.spares(call).await
            {
                let region = call.region.clone();
                return Err(ConnectorError::other(Spared { region }.into(), None));
            }
            let _turn = match tokio::time::timeout(LONGEST_WAIT, rules.turn(call.as_ref())).await {
                Ok(turn) => turn,
                Err(_) => {
                    return Err(ConnectorError::other(
                        TooLong.into(),
                        Some(ErrorKind::ThrottlingError),
                    ));
                }
            };
            let Some(call) = call else {
                return inner.call(request).await;
            };
            silence.excuse(came.elapsed());
            let sent = Instant::now();
            let send = async {
                lock(&rules.calls).push(call.clone());
                inner.call(request).await
            };
            let answer = rules.clock.exchange(&call, &silence, send).await;
            let status = answer.as_ref().map(|response| response.status().as_u16()).ok();
            tracing::debug!(%call, region = %call.region, status, elapsed = ?sent.elapsed(), "called");
            answer
        })
    }
}

/// A request waited too long for its turn.
#[derive(Debug, thiserror::Error)]
#[error("too many requests are waiting for their turn")]
pub(crate) struct TooLong;

#[derive(Debug)]
struct Rules {
    slots: Arc<Semaphore>,
    lanes: Option<Mutex<Lanes>>,
    calls: Mutex<Vec<CallName>>,
    denials: Denials,
    clock: Clock,
}

/// What exists for each service and region that has been called so far.
#[derive(Debug, Default)]
struct Lanes {
    at_once: HashMap<LaneKey, Lane>,
    buckets: HashMap<BucketKey, Arc<DefaultDirectRateLimiter>>,
}

type LaneKey = (&'static str, String);
/// Service, region and operation; the last two empty where one bucket serves them all.
type BucketKey = (&'static str, String, String);

#[derive(Clone, Debug)]
struct Lane {
    all: Arc<Semaphore>,
    /// Writes of one service in one region go one by one: many of AWS's services refuse concurrent changes.
    writes: Arc<Semaphore>,
}

impl Default for Lane {
    fn default() -> Self {
        Lane {
            all: Arc::new(Semaphore::new(AT_ONCE)),
            writes: Arc::new(Semaphore::new(1)),
        }
    }
}

impl Rules {
    /// Waits until the request may go; it holds its places until the result is dropped.
    ///
    /// The narrower bound comes first, so that nobody holds back others while waiting for it.
    async fn turn(&self, call: Option<&CallName>) -> Vec<OwnedSemaphorePermit> {
        let mut places = vec![];
        if let (Some(lanes), Some(call)) = (&self.lanes, call) {
            let (lane, bucket) = lock(lanes).of(call);
            while let Err(not_yet) = bucket.check() {
                tokio::time::sleep(not_yet.wait_time_from(DefaultClock::default().now())).await;
            }
            if !call.is_read() {
                places.extend(lane.writes.acquire_owned().await);
            }
            places.extend(lane.all.acquire_owned().await);
        }
        places.extend(Arc::clone(&self.slots).acquire_owned().await);
        places
    }
}

impl Lanes {
    fn of(&mut self, call: &CallName) -> (Lane, Arc<DefaultDirectRateLimiter>) {
        let lane = self
            .at_once
            .entry((call.service, call.region.to_string()))
            .or_default()
            .clone();
        let (key, quota) = rate(call);
        let bucket = self
            .buckets
            .entry(key)
            .or_insert_with(|| Arc::new(DefaultDirectRateLimiter::direct(quota)));
        (lane, Arc::clone(bucket))
    }
}

/// The bucket of a call, and its rate.
///
/// EC2's are published (EC2 API Reference, "Request throttling for the Amazon EC2 API"); those of IAM are not, but
/// are known to be low and to hold for the account as a whole. The others have shown none that would matter here.
fn rate(call: &CallName) -> (BucketKey, Quota) {
    let quota = |burst, per_second| Quota::per_second(number(per_second)).allow_burst(number(burst));
    let own = (call.service, call.region.to_string(), call.operation.clone());
    match (call.service, call.operation.as_str()) {
        ("ec2", "CreateDefaultVpc" | "CreateDefaultSubnet") => (own, quota(1, 1)),
        ("ec2", "ModifyInstanceMetadataDefaults") => (own, quota(2, 2)),
        (
            "ec2",
            "EnableImageBlockPublicAccess"
            | "DisableImageBlockPublicAccess"
            | "EnableSnapshotBlockPublicAccess"
            | "DisableSnapshotBlockPublicAccess",
        ) => (own, Quota::per_minute(number(6)).allow_burst(number(1))),
        // Unfiltered and unpaginated reads of some kinds get half of what EC2's other reads get.
        ("ec2", _) if call.is_read() => (own, quota(50, 10)),
        ("ec2", _) => (own, quota(50, 5)),
        ("iam", _) => (("iam", String::new(), String::new()), quota(5, 5)),
        _ => (own, quota(20, 10)),
    }
}

const fn number(n: u32) -> NonZeroU32 {
    match NonZeroU32::new(n) {
        Some(n) => n,
        None => NonZeroU32::MIN,
    }
}

/// Nothing here can be left half changed, so a panic elsewhere does no harm.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
    use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    /// Answers after a while, and counts how many requests are there at once.
    #[derive(Clone, Debug, Default)]
    struct Slow {
        now: Arc<AtomicUsize>,
        most: Arc<AtomicUsize>,
    }

    impl HttpConnector for Slow {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            let slow = self.clone();
            HttpConnectorFuture::new(async move {
                let now = slow.now.fetch_add(1, Ordering::SeqCst) + 1;
                slow.most.fetch_max(now, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(5)).await;
                slow.now.fetch_sub(1, Ordering::SeqCst);
                Ok(HttpResponse::new(
                    StatusCode::try_from(200).unwrap(),
                    SdkBody::from("{}"),
                ))
            })
        }
    }

    impl HttpClient for Slow {
        fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
            SharedHttpConnector::new(self.clone())
        }
    }

    fn named(service: &'static str, region: &str, operation: &str) -> CallName {
        CallName {
            service,
            region: region.parse().unwrap(),
            operation: operation.to_owned(),
        }
    }

    /// Sends these calls all at once; gives back the most that were under way together, and how long it took.
    async fn send(limit: &RateLimit, slow: &Slow, calls: Vec<CallName>) -> (usize, Duration) {
        let components = RuntimeComponentsBuilder::for_tests().build().unwrap();
        let connector = limit.http_connector(&HttpConnectorSettings::builder().build(), &components);
        let start = Instant::now();
        let requests = calls.into_iter().map(|call| {
            let mut request = HttpRequest::empty();
            request.add_extension(call);
            connector.call(request)
        });
        for answer in futures::future::join_all(requests).await {
            answer.unwrap();
        }
        (slow.most.load(Ordering::SeqCst), start.elapsed())
    }

    fn limited(parallelism: usize, paced: bool) -> (RateLimit, Slow) {
        let slow = Slow::default();
        let limit = RateLimit::new(
            SharedHttpClient::new(slow.clone()),
            parallelism,
            paced,
            Denials::default(),
            Clock::default(),
        );
        (limit, slow)
    }

    #[tokio::test]
    async fn no_more_than_asked_for_are_under_way_over_all() {
        let (limit, slow) = limited(3, false);
        let calls = vec![named("ec2", "eu-west-1", "DeleteVpc"); 12];
        assert_eq!(send(&limit, &slow, calls).await.0, 3);
    }

    #[tokio::test]
    async fn one_service_in_one_region_gets_a_share_and_its_writes_go_one_by_one() {
        let (limit, slow) = limited(100, true);
        let reads = vec![named("ec2", "eu-west-1", "DescribeVpcs"); 12];
        assert_eq!(send(&limit, &slow, reads).await.0, AT_ONCE);
        slow.most.store(0, Ordering::SeqCst);
        let writes = vec![named("ec2", "eu-west-1", "DeleteSubnet"); 4];
        assert_eq!(send(&limit, &slow, writes).await.0, 1);
        slow.most.store(0, Ordering::SeqCst);
        let elsewhere =
            ["eu-west-1", "eu-west-2", "eu-west-3"].map(|region| named("ec2", region, "DeleteSubnet"));
        assert_eq!(send(&limit, &slow, elsewhere.to_vec()).await.0, 3);
    }

    #[tokio::test]
    async fn a_slow_operation_of_aws_is_waited_for_and_an_emulators_is_not() {
        let calls = || vec![named("ec2", "eu-west-1", "CreateDefaultVpc"); 2];
        let (paced, slow) = limited(8, true);
        assert!(send(&paced, &slow, calls()).await.1 > Duration::from_millis(800));
        let (unpaced, slow) = limited(8, false);
        assert!(send(&unpaced, &slow, calls()).await.1 < Duration::from_millis(800));
    }

    #[tokio::test]
    async fn every_request_is_noted() {
        let (limit, slow) = limited(1, false);
        let calls = vec![
            named("iam", "us-east-1", "GetAccountPasswordPolicy"),
            named("ec2", "eu-west-1", "DeleteVpc"),
        ];
        send(&limit, &slow, calls.clone()).await;
        assert_eq!(limit.calls(), calls);
        let reads: Vec<bool> = limit.calls().iter().map(CallName::is_read).collect();
        assert_eq!(reads, [true, false]);
    }

    #[test]
    fn what_ec2_takes_once_in_ten_seconds_is_sent_no_more_often_in_each_region() {
        for operation in ["EnableImageBlockPublicAccess", "DisableSnapshotBlockPublicAccess"] {
            let (key, quota) = rate(&named("ec2", "eu-west-1", operation));
            assert_eq!(quota.replenish_interval(), Duration::from_secs(10), "{operation}");
            assert_eq!(quota.burst_size().get(), 1, "{operation}");
            assert_ne!(key, rate(&named("ec2", "us-east-1", operation)).0);
        }
        let (_, read) = rate(&named("ec2", "eu-west-1", "GetImageBlockPublicAccessState"));
        assert!(read.burst_size().get() > 1);
    }

    #[test]
    fn iam_has_one_bucket_and_ec2_one_for_each_operation_and_region() {
        let key = |service, region, operation| rate(&named(service, region, operation)).0;
        assert_eq!(
            key("iam", "us-east-1", "ListUsers"),
            key("iam", "eu-west-1", "GetUser")
        );
        assert_ne!(
            key("ec2", "us-east-1", "DeleteVpc"),
            key("ec2", "eu-west-1", "DeleteVpc")
        );
        assert_ne!(
            key("ec2", "us-east-1", "DeleteVpc"),
            key("ec2", "us-east-1", "DeleteSubnet")
        );
    }
}
