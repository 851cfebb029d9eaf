//! How long an answer is waited for: for one attempt, for one call with all its attempts, and for a service that says
//! nothing at all.
//!
//! The SDK's own time-outs do not fit. They also count the wait for the [rate limit](crate::rate_limit), and a call that
//! waits for its turn behind hundreds of others is not a service that hangs. So what is counted here is silence: from the
//! moment a request is sent until an answer that makes progress.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use aws_smithy_types::retry::ErrorKind;
use tokio::time::Instant;
use trueup_core::location::Region;

use crate::clients::CallName;
use crate::text::{causes, deepest_cause};

/// The largest answer that is taken: far more than any page of any operation.
const LARGEST: usize = 64 << 20;
/// How often a connection may be refused before the call fails: nothing listens there.
const REFUSALS: u32 = 3;

/// The bounds of waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For an answer to the first attempt to read, and between two pieces of it. A later attempt has all the time that is
    /// left.
    pub attempt: Duration,
    /// For the answer to a call, with all its attempts. A write gets twice as long, and half of that for one attempt: an
    /// attempt that is given up too early may have been carried out.
    pub call: Duration,
    /// For the first call, which says whose the credentials are.
    pub first: Duration,
    /// For what is only shown, if it is known: the account's alias.
    pub optional: Duration,
    /// How long a service that gave no answer to a call is not asked again.
    pub rest: Duration,
    /// From when on it is told what is waited for.
    pub told: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            attempt: Duration::from_secs(20),
            call: Duration::from_secs(60),
            first: Duration::from_secs(20),
            optional: Duration::from_secs(8),
            rest: Duration::from_secs(10),
            told: Duration::from_secs(10),
        }
    }
}

impl Patience {
    /// How long one attempt and the whole call may take.
    fn of(&self, call: &CallName) -> (Duration, Duration) {
        if (call.service, call.operation.as_str()) == ("sts", "GetCallerIdentity") {
            (self.attempt.min(self.first / 2), self.first)
        } else if call.is_read() {
            (self.attempt, self.call)
        } else {
            (self.call, self.call * 2)
        }
    }
}

/// How long one call has been without an answer, over all its attempts. Each request of the call carries it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Silence(Arc<Mutex<Unheard>>);

impl Storable for Silence {
    type Storer = StoreReplace<Self>;
}

#[derive(Debug, Default)]
struct Unheard {
    /// When the first request of this silence was sent.
    since: Option<Instant>,
    /// How long the call then waited for its turn.
    queued: Duration,
    /// How often the connection was refused.
    refused: u32,
    /// What became of the last attempt, if it failed by itself.
    last: Option<String>,
}

impl Silence {
    /// The call waited so long for its turn: that is not the service's silence.
    pub(crate) fn excuse(&self, queued: Duration) {
        let mut unheard = lock(&self.0);
        if unheard.since.is_some() {
            unheard.queued += queued;
        }
    }

    /// The silence so far; it begins now, if it has not begun yet.
    fn so_far(&self) -> Duration {
        let mut unheard = lock(&self.0);
        let now = Instant::now();
        let since = *unheard.since.get_or_insert(now);
        (now - since).saturating_sub(unheard.queued)
    }

    /// An answer came: a failing one of a gateway, which is tried again, does not count.
    fn heard(&self, response: &HttpResponse) {
        let status = response.status().as_u16();
        if [500, 502, 504].contains(&status) {
            self.failed(Some(format!("HTTP status {status}")));
        } else {
            *lock(&self.0) = Unheard::default();
        }
    }

    fn failed(&self, how: Option<String>) {
        lock(&self.0).last = how;
    }

    fn last(&self) -> Option<String> {
        lock(&self.0).last.clone()
    }

    fn is_refused_too_often(&self) -> bool {
        let mut unheard = lock(&self.0);
        unheard.refused += 1;
        unheard.refused >= REFUSALS
    }
}

/// A service gave no answer in the time that it has. Another attempt is not made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unanswering {
    /// This call waited all of its time.
    #[error("{}", unanswered(.last.as_deref(), *.waited))]
    Now {
        waited: Duration,
        /// What became of the attempts, if the last one failed by itself.
        last: Option<String>,
    },
    /// Another call of the service did, a moment ago.
    #[error("not asked, because {service} in {region} gave no answer to another call")]
    Before { service: &'static str, region: Region },
}

fn unanswered(last: Option<&str>, waited: Duration) -> String {
    let waited = waited.as_secs_f32();
    match last {
        Some(last) => format!("{last} (tried for {waited} s)"),
        None => format!("no complete answer within {waited} s"),
    }
}

/// One attempt was not answered in time; another one may be.
#[derive(Debug, thiserror::Error)]
#[error("no complete answer within {} s", .0.as_secs_f32())]
struct TooSlow(Duration);

/// An answer does not end, or not soon enough.
#[derive(Debug, thiserror::Error)]
#[error("the answer is larger than {} MiB", LARGEST >> 20)]
struct TooLarge;

/// An answer to a read has nothing in it. The SDK would take it for one without any of its members: an account in which
/// there is nothing.
#[derive(Debug, thiserror::Error)]
#[error("the answer is empty")]
pub(crate) struct Empty;

/// True if there is no body where each answer has one.
fn is_missing(call: &CallName, response: &HttpResponse) -> bool {
    let is_empty = response.body().bytes().is_some_and(<[u8]>::is_empty);
    call.is_read() && !call.operation.starts_with("Head") && response.status().is_success() && is_empty
}

/// A connection failed as often as is worth trying.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct GivenUp(#[source] ConnectorError);

type Listener = dyn Fn(&[Awaited]) + Send + Sync;

/// What has not been answered for some time, of all calls.
#[derive(Clone, Default)]
pub struct Overdue {
    listener: Option<Arc<Listener>>,
    now: Arc<Mutex<BTreeMap<Awaited, usize>>>,
}

/// A call that is waited for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Awaited {
    /// The call, as `service:Operation`.
    pub call: String,
    /// The region it is made in.
    pub region: Region,
}

impl Overdue {
    /// This listener is told of all that is overdue, each time that it changes.
    pub fn new(listener: impl Fn(&[Awaited]) + Send + Sync + 'static) -> Self {
        Overdue {
            listener: Some(Arc::new(listener)),
            ..Overdue::default()
        }
    }

    /// Counts a call among those that are overdue, until the result is dropped.
    fn add(&self, call: &CallName) -> impl Drop + use<> {
        let awaited = Awaited {
            call: call.to_string(),
            region: call.region.clone(),
        };
        *lock(&self.now).entry(awaited.clone()).or_default() += 1;
        self.tell();
        Told {
            all: self.clone(),
            awaited,
        }
    }

    fn tell(&self) {
        if let Some(listener) = &self.listener {
            let now: Vec<Awaited> = lock(&self.now).keys().cloned().collect();
            listener(&now);
        }
    }
}

impl fmt::Debug for Overdue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Overdue")
    }
}

/// A call that is overdue, while it is.
struct Told {
    all: Overdue,
    awaited: Awaited,
}

impl Drop for Told {
    fn drop(&mut self) {
        {
            let mut now = lock(&self.all.now);
            if let Some(times) = now.get_mut(&self.awaited) {
                *times -= 1;
                if *times == 0 {
                    now.remove(&self.awaited);
                }
            }
        }
        self.all.tell();
    }
}

/// Which services, by name and region, give no answers.
#[derive(Debug, Default)]
pub(crate) struct Hanging(Mutex<BTreeMap<(&'static str, Region), Heard>>);

/// What was last heard of a service.
#[derive(Debug, Default)]
struct Heard {
    /// When it last answered.
    answer: Option<Instant>,
    /// When a call last ended without an answer, or was let through as a look whether it answers again. Nothing while it
    /// answers.
    silent: Option<Instant>,
}

impl Hanging {
    fn with<T>(&self, call: &CallName, look: impl FnOnce(&mut Heard) -> T) -> T {
        let mut all = lock(&self.0);
        look(all.entry((call.service, call.region.clone())).or_default())
    }

    /// Fails a call of a service that gave no answer a moment ago. After a while one more is let through: if it is
    /// answered, all are.
    fn spare(&self, call: &CallName, rest: Duration) -> Result<(), Unanswering> {
        let now = Instant::now();
        self.with(call, |heard| match &mut heard.silent {
            Some(silent) if now - *silent < rest => Err(Unanswering::Before {
                service: call.service,
                region: call.region.clone(),
            }),
            Some(silent) => {
                *silent = now;
                Ok(())
            }
            None => Ok(()),
        })
    }

    fn is_hanging(&self, call: &CallName) -> bool {
        self.with(call, |heard| heard.silent.is_some())
    }

    /// A call got no answer for so long. If another one did meanwhile, it is not the service that hangs.
    fn note(&self, call: &CallName, silence: Duration) {
        let now = Instant::now();
        self.with(call, |heard| {
            if heard.answer.is_none_or(|answer| now - answer >= silence) {
                heard.silent = Some(now);
            }
        });
    }

    fn heard(&self, call: &CallName) {
        self.with(call, |heard| {
            *heard = Heard {
                answer: Some(Instant::now()),
                silent: None,
            }
        });
    }
}

/// What every request is measured by.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    pub(crate) patience: Patience,
    pub(crate) overdue: Overdue,
    hanging: Hanging,
}

impl Clock {
    pub(crate) fn new(patience: Patience, overdue: Overdue) -> Self {
        Clock {
            patience,
            overdue,
            hanging: Hanging::default(),
        }
    }

    /// How long the next attempt of a call and the whole call may take.
    fn bounds(&self, call: &CallName) -> (Duration, Duration) {
        let (attempt, whole) = self.patience.of(call);
        if self.hanging.is_hanging(call) {
            // A look whether the service is there again.
            let look = self.patience.rest / 2;
            (attempt.min(look), whole.min(look))
        } else {
            (attempt, whole)
        }
    }

    /// Sends a request and reads the whole answer, in the time that there is. It is sent when the result is polled.
    pub(crate) async fn exchange(
        &self,
        call: &CallName,
        silence: &Silence,
        send: impl Future<Output = Result<HttpResponse, ConnectorError>>,
    ) -> Result<HttpResponse, ConnectorError> {
        let so_far = silence.so_far();
        if so_far.is_zero() {
            let spared = self.hanging.spare(call, self.patience.rest);
            spared.map_err(|why| ConnectorError::other(why.into(), None))?;
        }
        let (attempt, whole) = self.bounds(call);
        let left = whole.saturating_sub(so_far);
        if left.is_zero() {
            return Err(self.end(call, silence, whole));
        }
        // What was not answered in the time of one attempt may need longer.
        let attempt = if so_far < attempt { attempt.min(left) } else { left };
        let end = Instant::now() + left;
        let answer = async {
            let response = match tokio::time::timeout(attempt, send).await {
                Ok(response) => response?,
                Err(_) => return Err(ConnectorError::timeout(TooSlow(attempt).into())),
            };
            let response = read(response, attempt, end).await?;
            if is_missing(call, &response) {
                return Err(ConnectorError::other(
                    Empty.into(),
                    Some(ErrorKind::TransientError),
                ));
            }
            Ok(response)
        };
        match self.telling(call, so_far, answer).await {
            Ok(response) => {
                silence.heard(&response);
                self.hanging.heard(call);
                Ok(response)
            }
            Err(error) => Err(self.failed(call, silence, whole, error)),
        }
    }

    /// What the failure of one attempt means for the call: another attempt, or its end.
    fn failed(
        &self,
        call: &CallName,
        silence: &Silence,
        whole: Duration,
        error: ConnectorError,
    ) -> ConnectorError {
        let fails_by_itself = !error.is_timeout();
        silence.failed(fails_by_itself.then(|| deepest_cause(&error)));
        let so_far = silence.so_far();
        if so_far >= whole {
            return self.end(call, silence, whole);
        }
        if is_refused(&error) && silence.is_refused_too_often() {
            return ConnectorError::other(GivenUp(error).into(), None);
        }
        // Soon after failing ones the next pause would be longer than what is left.
        if fails_by_itself && so_far >= whole / 2 {
            self.hanging.note(call, whole / 2);
            return ConnectorError::other(GivenUp(error).into(), None);
        }
        error
    }

    /// The end of a call that got no answer.
    fn end(&self, call: &CallName, silence: &Silence, waited: Duration) -> ConnectorError {
        self.hanging.note(call, waited);
        let last = silence.last();
        ConnectorError::other(Unanswering::Now { waited, last }.into(), None)
    }

    /// Waits, and tells what is waited for once it takes long.
    async fn telling<T>(&self, call: &CallName, so_far: Duration, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        let quiet = self.patience.told.saturating_sub(so_far);
        match tokio::time::timeout(quiet, work.as_mut()).await {
            Ok(done) => done,
            Err(_) => {
                let _told = self.overdue.add(call);
                work.await
            }
        }
    }
}

/// The response with its body in memory. No operation that is called streams one.
async fn read(
    mut response: HttpResponse,
    pause: Duration,
    end: Instant,
) -> Result<HttpResponse, ConnectorError> {
    if response.body().bytes().is_some() {
        return Ok(response);
    }
    let body = std::mem::replace(response.body_mut(), SdkBody::taken());
    let mut pieces = ByteStream::new(body);
    let mut whole = vec![];
    loop {
        let until = end.min(Instant::now() + pause);
        match tokio::time::timeout_at(until, pieces.next()).await {
            Err(_) => return Err(ConnectorError::timeout(TooSlow(pause).into())),
            Ok(None) => break,
            Ok(Some(Err(error))) => return Err(ConnectorError::io(error.into())),
            Ok(Some(Ok(piece))) if whole.len() + piece.len() > LARGEST => {
                return Err(ConnectorError::other(TooLarge.into(), None));
            }
            Ok(Some(Ok(piece))) => whole.extend_from_slice(&piece),
        }
    }
    *response.body_mut() = SdkBody::from(whole);
    Ok(response)
}

fn is_refused(error: &ConnectorError) -> bool {
    causes(error).any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|io| io.kind() == std::io::ErrorKind::ConnectionRefused)
    })
}

/// Nothing here can be left half changed, so a panic elsewhere does no harm.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
