use std::sync::atomic::{AtomicUsize, Ordering};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use http_body_util::StreamBody;
use hyper::body::{Bytes, Frame};
use trueup_core::fault::{Fault, FaultKind};

use super::*;
use crate::{Aws, Connect, Failure};

/// A second of these tests lasts less, so that they do not last long.
const SECOND: Duration = Duration::from_millis(10);

/// So many seconds of these tests.
fn seconds(of: Duration) -> f32 {
    of.as_secs_f32() / SECOND.as_secs_f32()
}

/// The bounds as they are, in seconds of these tests.
fn scaled() -> Patience {
    let scale = |bound: Duration| SECOND * u32::try_from(bound.as_secs()).unwrap();
    let all = Patience::default();
    Patience {
        attempt: scale(all.attempt),
        call: scale(all.call),
        first: scale(all.first),
        optional: scale(all.optional),
        rest: scale(all.rest),
        told: scale(all.told),
    }
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Hang,
    Reset,
    Refused,
    Status(u16),
    /// An answer after so many seconds.
    Late(u32),
    /// A body of which a byte comes each second, for ever.
    Drip,
    Answer,
}

type Fates = dyn Fn(usize, &CallName) -> Fate + Send + Sync;

/// A network on which each request meets the fate that belongs to its number.
#[derive(Clone)]
struct Net {
    fate: Arc<Fates>,
    sent: Arc<AtomicUsize>,
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Net")
    }
}

impl HttpClient for Net {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Net {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let call = request.extension::<CallName>().cloned().unwrap();
        let number = self.sent.fetch_add(1, Ordering::SeqCst);
        let fate = (self.fate)(number, &call);
        HttpConnectorFuture::new(async move {
            let io = |kind| Err(ConnectorError::io(std::io::Error::from(kind).into()));
            let response = |status: u16, body| {
                let status = status.try_into().unwrap();
                Ok(HttpResponse::new(status, body))
            };
            match fate {
                Fate::Hang => std::future::pending().await,
                Fate::Reset => io(std::io::ErrorKind::ConnectionReset),
                Fate::Refused => io(std::io::ErrorKind::ConnectionRefused),
                Fate::Status(status) => response(status, SdkBody::from("")),
                Fate::Drip => response(200, drip()),
                Fate::Late(seconds) => {
                    tokio::time::sleep(SECOND * seconds).await;
                    response(200, SdkBody::from(r#"{"detectorIds": []}"#))
                }
                Fate::Answer => response(200, SdkBody::from(r#"{"detectorIds": []}"#)),
            }
        })
    }
}

/// A byte each second, for ever.
fn drip() -> SdkBody {
    let bytes = futures::stream::unfold((), |()| async {
        tokio::time::sleep(SECOND).await;
        Some((Ok::<_, std::io::Error>(Frame::data(Bytes::from_static(b" "))), ()))
    });
    SdkBody::from_body_1_x(StreamBody::new(bytes))
}

/// Reached as AWS is, but for the network: with AWS's retries and pace.
async fn reached(
    fate: impl Fn(usize, &CallName) -> Fate + Send + Sync + 'static,
    overdue: Overdue,
) -> (Aws, Net) {
    let net = Net {
        fate: Arc::new(fate),
        sent: Arc::default(),
    };
    let connect = Connect {
        http_client: Some(SharedHttpClient::new(net.clone())),
        overdue,
        patience: scaled(),
        ..Connect::default()
    };
    (Aws::connect(connect).await.unwrap(), net)
}

/// What a read comes to, how long it took, and how many requests were sent.
async fn read_with(
    fate: impl Fn(usize, &CallName) -> Fate + Send + Sync + 'static,
) -> (Result<(), Fault>, f32, usize) {
    let (aws, net) = reached(fate, Overdue::default()).await;
    let start = Instant::now();
    let answer = aws.clients(aws.home()).guardduty.list_detectors().send().await;
    let answer = answer.map(drop).map_err(|error| Failure::from(error).0);
    (answer, seconds(start.elapsed()), net.sent.load(Ordering::SeqCst))
}

#[tokio::test]
async fn a_call_without_an_answer_ends_within_its_time_whatever_becomes_of_its_requests() {
    for (fate, message) in [
        (Fate::Hang, "no complete answer within 0.6 s"),
        (Fate::Drip, "no complete answer within 0.6 s"),
        (Fate::Reset, "the connection was reset"),
        (Fate::Status(502), "HTTP status 502"),
    ] {
        let (answer, took, _) = read_with(move |_, _| fate).await;
        let fault = answer.unwrap_err();
        // Between two attempts it may pause for two real seconds.
        assert!(took < 350.0, "{fate:?}: {took} s");
        assert!(fault.message.contains(message), "{fault}");
    }
}

#[tokio::test]
async fn a_refused_connection_is_tried_a_few_times_only() {
    let (answer, _, sent) = read_with(|_, _| Fate::Refused).await;
    let fault = answer.unwrap_err();
    assert_eq!(
        (fault.kind, fault.message.as_str()),
        (FaultKind::Network, "the connection was refused")
    );
    assert!(sent <= 3, "{sent} requests");
}

#[tokio::test]
async fn one_request_that_hangs_is_sent_again_in_good_time() {
    let (answer, took, sent) = read_with(|number, _| match number {
        0 => Fate::Hang,
        _ => Fate::Answer,
    })
    .await;
    answer.unwrap();
    assert!(took < 60.0 && sent == 2, "{took} s, {sent} requests");
}

#[tokio::test]
async fn an_answer_that_needs_longer_than_the_first_attempt_has_is_waited_for() {
    let (answer, took, sent) = read_with(|_, _| Fate::Late(30)).await;
    answer.unwrap();
    assert!(took >= 50.0 && sent == 2, "{took} s, {sent} requests");
}

#[tokio::test]
async fn the_first_call_ends_after_twenty_seconds() {
    let (aws, _) = reached(|_, _| Fate::Hang, Overdue::default()).await;
    let start = Instant::now();
    let fault = aws.identity().await.unwrap_err();
    assert_eq!(
        fault.in_full(),
        "sts:GetCallerIdentity: no complete answer within 0.2 s"
    );
    assert!(seconds(start.elapsed()) < 50.0);
}

#[tokio::test]
async fn a_service_that_hangs_costs_a_run_its_time_once() {
    let is_back = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let back = Arc::clone(&is_back);
    let (aws, net) = reached(
        move |_, _| {
            if back.load(Ordering::SeqCst) {
                Fate::Answer
            } else {
                Fate::Hang
            }
        },
        Overdue::default(),
    )
    .await;
    let guardduty = &aws.clients(aws.home()).guardduty;
    let start = Instant::now();
    let mut said = vec![];
    for _ in 0..20 {
        said.push(
            Failure::from(guardduty.list_detectors().send().await.unwrap_err())
                .message
                .clone(),
        );
    }
    assert!(seconds(start.elapsed()) < 90.0, "{:?}", start.elapsed());
    assert_eq!(
        said[1],
        "not asked, because guardduty in us-east-1 gave no answer to another call"
    );
    // It is looked at again after a while, and then serves all.
    tokio::time::sleep(SECOND * 12).await;
    is_back.store(true, Ordering::SeqCst);
    let before = net.sent.load(Ordering::SeqCst);
    for _ in 0..3 {
        guardduty.list_detectors().send().await.unwrap();
    }
    assert_eq!(net.sent.load(Ordering::SeqCst), before + 3);
}

#[tokio::test]
async fn an_answer_that_asks_for_patience_ends_the_silence() {
    let silence = Silence::default();
    silence.so_far();
    let answer = |status: u16| HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
    for (status, is_heard) in [(502, false), (429, true), (503, true), (400, true)] {
        lock(&silence.0).since = Some(Instant::now() - SECOND);
        silence.heard(&answer(status));
        assert_eq!(silence.so_far() < SECOND, is_heard, "{status}");
    }
}

#[tokio::test]
async fn a_write_has_more_time_than_a_read() {
    let (aws, _) = reached(|_, _| Fate::Hang, Overdue::default()).await;
    let start = Instant::now();
    let create = aws.clients(aws.home()).guardduty.create_detector().enable(true);
    let failure = Failure::from(create.send().await.unwrap_err());
    assert_eq!(failure.message, "no complete answer within 1.2 s");
    assert!(seconds(start.elapsed()) > 60.0);
}

#[tokio::test]
async fn what_is_waited_for_is_told_from_the_tenth_second_until_the_end() {
    let told = Arc::new(Mutex::new(vec![]));
    let heard = Arc::clone(&told);
    let start = Instant::now();
    let overdue = Overdue::new(move |now: &[Awaited]| {
        let names: Vec<String> = now
            .iter()
            .map(|one| format!("{} {}", one.call, one.region))
            .collect();
        lock(&heard).push((seconds(start.elapsed()) >= 10.0, names.join(", ")));
    });
    let (aws, _) = reached(
        |number, _| if number == 0 { Fate::Hang } else { Fate::Answer },
        overdue,
    )
    .await;
    let guardduty = &aws.clients(aws.home()).guardduty;
    guardduty.list_detectors().send().await.unwrap();
    guardduty.list_detectors().send().await.unwrap();
    let told = lock(&told);
    assert_eq!(
        *told,
        [
            (true, "guardduty:ListDetectors us-east-1".to_owned()),
            (true, String::new())
        ]
    );
}

#[tokio::test]
async fn the_wait_for_a_turn_is_not_silence() {
    // 100 calls through one place, each of a second: the last waits far longer than any call may.
    let net = Net {
        fate: Arc::new(|_, _| Fate::Late(1)),
        sent: Arc::default(),
    };
    let connect = Connect {
        http_client: Some(SharedHttpClient::new(net)),
        parallelism: 1,
        patience: scaled(),
        ..Connect::default()
    };
    let aws = Aws::connect(connect).await.unwrap();
    let clients = aws.clients(aws.home());
    let calls = (0..100).map(|_| clients.guardduty.list_detectors().send());
    for answer in futures::future::join_all(calls).await {
        answer.unwrap();
    }
}

#[tokio::test]
async fn one_operation_that_hangs_does_not_make_the_service_one_that_hangs() {
    let fate = |_, call: &CallName| match call.operation.as_str() {
        "ListDetectors" => Fate::Answer,
        _ => Fate::Hang,
    };
    let (aws, _) = reached(fate, Overdue::default()).await;
    let guardduty = &aws.clients(aws.home()).guardduty;
    let others = async {
        for _ in 0..10 {
            guardduty.list_detectors().send().await.unwrap();
            tokio::time::sleep(SECOND * 8).await;
        }
    };
    let (hung, ()) = tokio::join!(guardduty.list_members().detector_id("d").send(), others);
    hung.unwrap_err();
    guardduty.list_detectors().send().await.unwrap();
}
