use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use trueup_core::fault::FaultKind;

use super::*;
use crate::{Aws, Connect};

const OURS: &str = "111111111111";
const OTHERS: &str = "222222222222";

/// Gives out one key after the other, each expired at once, so that every request asks for the next; the last one
/// stays.
#[derive(Debug)]
struct Renewed {
    keys: Vec<&'static str>,
    given: AtomicUsize,
}

impl ProvideCredentials for Renewed {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let at = self.given.fetch_add(1, Ordering::SeqCst).min(self.keys.len() - 1);
        let key = self.keys[at];
        future::ProvideCredentials::ready(Ok(Credentials::new(
            key,
            "secret",
            None,
            Some(SystemTime::now()),
            "test",
        )))
    }
}

/// What STS says of a key, at its n-th question about it.
type Says = fn(key: &str, nth: usize) -> (u16, &'static str);

/// Answers every call with nothing but questions for the caller, and notes all of them with the key that signed.
#[derive(Clone, Debug)]
struct Listening {
    says: Says,
    heard: Arc<Mutex<Vec<(String, &'static str)>>>,
}

impl HttpConnector for Listening {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let signed = request.headers().get("authorization").unwrap();
        let (_, credential) = signed.split_once("Credential=").unwrap();
        let key = credential.split('/').next().unwrap().to_owned();
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default());
        let is_question = body.contains("Action=GetCallerIdentity");
        let what = if is_question { "who" } else { "work" };
        let mut heard = self.heard.lock().unwrap();
        let nth = heard
            .iter()
            .filter(|(by, asked)| *by == key && *asked == "who")
            .count();
        heard.push((key.clone(), what));
        let (status, text) = if is_question {
            let (status, account) = (self.says)(&key, nth + 1);
            let identity = format!(
                "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::{account}:user/alice</Arn>\
                 <UserId>AIDA</UserId><Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
            );
            (
                status,
                if status == 200 {
                    identity
                } else {
                    account.to_owned()
                },
            )
        } else {
            (200, "<DescribeRegionsResponse/>".to_owned())
        };
        let mut response = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(text));
        response.headers_mut().insert("x-amzn-requestid", "11112222");
        HttpConnectorFuture::ready(Ok(response))
    }
}

impl HttpClient for Listening {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// An account that has been reached with the first of these keys, and what STS and EC2 hear.
async fn reached(keys: Vec<&'static str>, says: Says) -> (Aws, Listening) {
    let listening = Listening {
        says,
        heard: Arc::default(),
    };
    let renewed = Renewed {
        keys,
        given: AtomicUsize::new(0),
    };
    let connect = Connect {
        http_client: Some(SharedHttpClient::new(listening.clone())),
        credentials: Some(SharedCredentialsProvider::new(renewed)),
        ..Connect::default()
    };
    let aws = Aws::connect(connect).await.unwrap();
    assert_eq!(aws.identity().await.unwrap().account, OURS);
    (aws, listening)
}

/// So many calls at once.
async fn work(aws: &Aws, calls: usize) -> Vec<Result<(), Failure>> {
    let ec2 = &aws.clients(aws.home()).ec2;
    let calls = (0..calls).map(|_| async {
        ec2.describe_regions()
            .send()
            .await
            .map(drop)
            .map_err(Failure::from)
    });
    futures::future::join_all(calls).await
}

impl Listening {
    fn number(&self, key: &str, what: &str) -> usize {
        let heard = self.heard.lock().unwrap();
        heard
            .iter()
            .filter(|(by, heard)| by == key && *heard == what)
            .count()
    }
}

fn by_key(key: &str, _: usize) -> (u16, &'static str) {
    (200, if key.starts_with("OURS") { OURS } else { OTHERS })
}

#[tokio::test]
async fn a_renewed_key_of_the_same_account_is_asked_about_once_and_goes_on() {
    let (aws, listening) = reached(vec!["OURS1", "OURS1", "OURS1", "OURS2"], by_key).await;
    assert!(work(&aws, 30).await.iter().all(Result::is_ok));
    assert_eq!(listening.number("OURS1", "who"), 1);
    assert_eq!(listening.number("OURS2", "who"), 1);
    assert_eq!(listening.number("OURS2", "work"), 29);
    assert_eq!(aws.untrusted(), None);
}

#[tokio::test]
async fn renewing_the_same_key_costs_no_call() {
    let (aws, listening) = reached(vec!["OURS1"], by_key).await;
    assert!(work(&aws, 30).await.iter().all(Result::is_ok));
    assert_eq!(listening.number("OURS1", "who"), 1);
}

#[tokio::test]
async fn nothing_but_the_question_is_signed_with_a_key_of_another_account() {
    // Those who come later get the old key again, and are refused all the same.
    let keys = vec!["OURS1", "OURS1", "OURS1", "THEIRS", "OURS1"];
    let (aws, listening) = reached(keys, by_key).await;
    let worked = work(&aws, 30).await;
    assert_eq!(worked.iter().filter(|call| call.is_ok()).count(), 1);
    let fault = worked.into_iter().find_map(Result::err).unwrap();
    assert_eq!(fault.kind, FaultKind::Credentials);
    assert_eq!(
        fault.in_full(),
        "ec2:DescribeRegions: the credentials were renewed during the run, and the new ones belong to account \
         222222222222 (arn:aws:iam::222222222222:user/alice), not to 111111111111"
    );
    assert_eq!(listening.number("THEIRS", "who"), 1);
    assert_eq!(listening.number("THEIRS", "work"), 0);
    assert!(matches!(aws.untrusted(), Some(Untrusted::OtherAccount { .. })));
}

#[tokio::test]
async fn a_question_that_fails_for_a_moment_is_asked_again() {
    let (aws, listening) = reached(vec!["OURS1", "OURS1", "OURS2"], |key, nth| match (key, nth) {
        ("OURS2", 1 | 2) => (503, "busy"),
        _ => (200, OURS),
    })
    .await;
    assert!(work(&aws, 10).await.iter().all(Result::is_ok));
    assert_eq!(listening.number("OURS2", "who"), 3);
}

#[tokio::test]
async fn a_key_whose_account_cannot_be_confirmed_is_never_used() {
    const DENIED: &str =
        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
    let (aws, listening) = reached(vec!["OURS1", "OURS1", "OURS2"], |key, _| match key {
        "OURS2" => (403, DENIED),
        _ => (200, OURS),
    })
    .await;
    let fault = work(&aws, 10).await.into_iter().find_map(Result::err).unwrap();
    assert_eq!(
        fault.in_full(),
        "ec2:DescribeRegions: the credentials were renewed during the run, and STS could not confirm their account: \
         sts:GetCallerIdentity: AccessDenied: no"
    );
    assert_eq!(listening.number("OURS2", "who"), 1);
    assert_eq!(listening.number("OURS2", "work"), 0);
}

#[tokio::test]
async fn a_key_that_comes_while_the_first_caller_is_asked_for_must_be_of_the_same_account() {
    let listening = Listening {
        says: by_key,
        heard: Arc::default(),
    };
    let renewed = Renewed {
        keys: vec!["OURS1", "THEIRS"],
        given: AtomicUsize::new(0),
    };
    let connect = Connect {
        http_client: Some(SharedHttpClient::new(listening.clone())),
        credentials: Some(SharedCredentialsProvider::new(renewed)),
        ..Connect::default()
    };
    let aws = Aws::connect(connect).await.unwrap();
    // The caller and the alias are asked for at once: one with each key.
    aws.identity().await.ok();
    assert!(aws.untrusted().is_some());
    assert!(work(&aws, 3).await.iter().all(Result::is_err));
}
