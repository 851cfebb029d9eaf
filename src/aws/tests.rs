use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use aws_runtime::env_config::file::EnvConfigFileKind;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use trueup_core::fault::FaultKind;

use super::*;

/// A status and a body, or what becomes of the request instead.
pub(crate) type Answer = Result<(u16, String), ConnectorError>;

pub(crate) fn answer(status: u16, body: impl Into<String>) -> Answer {
    Ok((status, body.into()))
}

const DENIED: &str =
    "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";

const INVALID: &str = "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>The security token included in \
the request is invalid.</Message></Error></ErrorResponse>";

/// An HTTP client that answers by a function of the request's target and body.
#[derive(Clone)]
pub(crate) struct Fake(Arc<dyn Fn(&str) -> Answer + Send + Sync>);

impl Fake {
    pub(crate) fn client(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> SharedHttpClient {
        SharedHttpClient::new(Fake(Arc::new(answer)))
    }
}

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fake")
    }
}

impl HttpConnector for Fake {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
        let answer = (self.0)(&format!("{} {body}", request.uri()));
        HttpConnectorFuture::ready(answer.map(|(status, body)| {
            let mut response = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body));
            response.headers_mut().insert("x-amzn-requestid", "11112222");
            response
        }))
    }
}

impl HttpClient for Fake {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// Clients in `eu-west-1` that ask this client once for each call.
pub(crate) fn clients(http: SharedHttpClient) -> Clients {
    clients_in("eu-west-1", http)
}

/// The same in another region.
pub(crate) fn clients_in(region: &str, http: SharedHttpClient) -> Clients {
    let connect = Connect {
        region: Some(region.parse().unwrap()),
        ..Connect::default()
    };
    let aws = Aws::simulated(connect, http).unwrap();
    let base = aws
        .base
        .to_builder()
        .retry_config(RetryConfig::disabled())
        .build();
    Clients::new(&base, &aws.home, &aws.manner)
}

/// A server on this machine that answers every request by a function of its whole text.
pub(super) struct Server {
    pub(super) port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(super) async fn start(answer: fn(&str) -> (u16, &'static str)) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(vec![]));
        let log = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, answer, Arc::clone(&log)));
            }
        });
        Server { port, seen }
    }

    pub(super) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, answer: fn(&str) -> (u16, &'static str), log: Arc<Mutex<Vec<String>>>) {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    let is_whole = |text: &str| {
        text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length: ")?
                    .parse()
                    .ok()
            });
            body.len() >= length.unwrap_or(0)
        })
    };
    while !is_whole(&text) {
        let read = stream.read(&mut buffer).await.unwrap();
        assert!(read > 0, "the client went away: {text}");
        text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
    let (status, body) = answer(&text);
    log.lock().unwrap().push(text);
    let head = format!(
        "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
}

/// Files with this configuration, and an environment without anything.
pub(super) fn around(config: &str) -> Surroundings {
    Surroundings {
        env: Env::from_slice(&[]),
        files: EnvConfigFiles::builder()
            .with_contents(EnvConfigFileKind::Config, config)
            .build(),
    }
}

/// Connects with profile `test`, the only thing that a test reads of the machine it runs on being the network.
pub(super) async fn connect(config: &str, url: String, prompt: Option<Prompt>) -> Result<Aws, ConnectError> {
    let connect = Connect {
        profile: Some("test".to_owned()),
        endpoint_url: Some(url),
        region: Some("eu-west-1".parse().unwrap()),
        prompt,
        ..Connect::default()
    };
    Aws::reached(connect, &around(config)).await
}

fn address(service: Option<&'static str>, url: &str) -> Address {
    Address {
        service,
        url: url.to_owned(),
    }
}

const KEYS: &str = "[profile test]\naws_access_key_id = AKIAKEYS\naws_secret_access_key = secret\n";

const IDENTITY: &str = "<GetCallerIdentityResponse><GetCallerIdentityResult>\
<Arn>arn:aws-cn:sts::123456789012:assumed-role/admin/me</Arn><UserId>AROA:me</UserId>\
<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";

const REGIONS: &str = "<DescribeRegionsResponse><regionInfo>\
<item><regionName>us-east-1</regionName><optInStatus>opt-in-not-required</optInStatus></item>\
<item><regionName>cn-northwest-1</regionName><optInStatus>not-opted-in</optInStatus></item>\
<item><regionName>cn-north-1</regionName><optInStatus>opted-in</optInStatus></item>\
<item><regionName>moon</regionName></item>\
</regionInfo></DescribeRegionsResponse>";

fn china(request: &str) -> Answer {
    if request.contains("GetCallerIdentity") {
        answer(200, IDENTITY)
    } else if request.contains("DescribeRegions") {
        assert!(request.contains("AllRegions=true"), "{request}");
        answer(200, REGIONS)
    } else {
        answer(403, DENIED)
    }
}

fn simulated(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Aws {
    Aws::simulated(Connect::default(), Fake::client(answer)).unwrap()
}

#[tokio::test]
async fn the_caller_is_known_without_its_alias_and_only_its_partitions_regions_count() {
    let aws = simulated(china);
    let caller = aws.identity().await.unwrap();
    assert_eq!(
        caller,
        Caller {
            account: "123456789012".to_owned(),
            arn: "arn:aws-cn:sts::123456789012:assumed-role/admin/me".to_owned(),
            partition: "aws-cn".to_owned(),
            alias: None,
            is_root: false,
        }
    );
    let regions = aws.regions(&caller).await.unwrap();
    let regions: Vec<_> = regions
        .iter()
        .map(|state| (state.region.as_str(), state.enabled))
        .collect();
    assert_eq!(regions, [("cn-north-1", true), ("cn-northwest-1", false)]);
    assert!(aws.calls().iter().all(CallName::is_read));
    assert!(aws.is_emulator() && aws.addresses().is_empty());
}

#[tokio::test]
async fn credentials_that_are_wrong_everywhere_are_not_a_matter_of_the_region() {
    let aws = simulated(|_| answer(403, INVALID));
    let fault = aws.identity().await.unwrap_err();
    assert_eq!(
        (fault.kind, fault.call.as_str()),
        (FaultKind::Credentials, "sts:GetCallerIdentity")
    );
}

const BLOCK: &str = "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>\
</PublicAccessBlockConfiguration>";

#[tokio::test]
async fn the_account_before_the_host_reaches_this_machine_by_name_and_by_address() {
    let server = Server::start(|_| (200, BLOCK)).await;
    for host in ["localhost", "127.0.0.1", "emulator.localhost"] {
        let url = format!("http://{host}:{}", server.port);
        let aws = connect(KEYS, url.clone(), None).await.unwrap();
        assert_eq!(
            (aws.is_emulator(), aws.addresses()),
            (true, &[address(None, &url)][..])
        );
        let clients = aws.clients(&"eu-west-2".parse().unwrap());
        let answer = clients
            .s3control
            .get_public_access_block()
            .account_id("123456789012")
            .send()
            .await
            .map_err(Failure::from)
            .unwrap();
        let block = answer.public_access_block_configuration().unwrap();
        assert_eq!(block.block_public_acls(), Some(true));
        // Hyper writes headers in lower case, and a bucket stays in the path.
        clients.s3.get_bucket_acl().bucket("mine").send().await.ok();
        let seen = server.seen();
        let [.., block, bucket] = seen.as_slice() else {
            panic!("{seen:?}")
        };
        assert!(
            block.contains(&format!("host: 123456789012.{host}:{}\r\n", server.port)),
            "{block}"
        );
        assert!(block.contains("AKIAKEYS/"), "{block}");
        assert!(bucket.starts_with("GET /mine"), "{bucket}");
    }
}

#[tokio::test]
async fn an_emulator_that_is_not_running_is_known_at_once() {
    // A port that was free a moment ago.
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let aws = connect(KEYS, format!("http://127.0.0.1:{port}"), None)
        .await
        .unwrap();
    let fault = aws.regions(&caller()).await.unwrap_err();
    assert_eq!(
        (fault.kind, fault.in_full().as_str()),
        (
            FaultKind::Network,
            "ec2:DescribeRegions: the connection was refused"
        )
    );
    assert_eq!(aws.calls().len(), 1);
}

fn caller() -> Caller {
    Caller {
        account: "123456789012".to_owned(),
        arn: "arn:aws:iam::123456789012:root".to_owned(),
        partition: "aws".to_owned(),
        alias: None,
        is_root: true,
    }
}

#[tokio::test]
async fn what_an_emulator_does_not_know_is_asked_once_and_told_in_a_line() {
    let aws = simulated(|_| {
        answer(
            500,
            "<!doctype html>\n<html lang=en>\n<title>500 Internal Server Error</title>\n<h1>Oh</h1>\n",
        )
    });
    let ec2 = &aws.clients(aws.home()).ec2;
    let fault: Failure = ec2.get_ebs_default_kms_key_id().send().await.unwrap_err().into();
    assert_eq!(
        (fault.message.as_str(), aws.calls().len()),
        ("HTTP status 500: 500 Internal Server Error", 1)
    );
}

#[tokio::test]
async fn a_quota_is_final_and_throttling_is_tried_again() {
    const QUOTA: &str = r#"{"__type": "LimitExceededException", "message": "too many"}"#;
    let aws = simulated(|_| answer(400, QUOTA));
    let guardduty = &aws.clients(aws.home()).guardduty;
    let fault: Failure = guardduty.list_detectors().send().await.unwrap_err().into();
    assert_eq!((fault.kind, aws.calls().len()), (FaultKind::Quota, 1));

    let times = AtomicUsize::new(0);
    let aws = simulated(move |_| match times.fetch_add(1, Ordering::SeqCst) {
        0 => answer(
            400,
            r#"{"__type": "TooManyRequestsException", "message": "slower"}"#,
        ),
        1 => answer(503, "busy"),
        _ => answer(200, r#"{"detectorIds": ["d"]}"#),
    });
    let guardduty = &aws.clients(aws.home()).guardduty;
    assert_eq!(
        guardduty.list_detectors().send().await.unwrap().detector_ids(),
        ["d"]
    );
    assert_eq!(aws.calls().len(), 3);
}

#[test]
fn the_clients_of_all_regions_are_made_in_no_time_and_once() {
    let aws = simulated(china);
    let regions: Vec<Region> = (1..=17)
        .map(|n| format!("eu-west-{n}").parse().unwrap())
        .collect();
    let start = Instant::now();
    for region in &regions {
        aws.clients(region);
    }
    // It takes a few milliseconds; loading certificates for each would take seconds.
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert!(Arc::ptr_eq(&aws.clients(&regions[0]), &aws.clients(&regions[0])));
}

#[test]
fn the_home_region_is_the_one_asked_for_then_the_configured_one() {
    let region = |name: &str| name.parse::<Region>().unwrap();
    assert_eq!(
        home(Some(region("eu-west-1")), Some("us-west-2")).unwrap(),
        region("eu-west-1")
    );
    assert_eq!(home(None, Some("us-west-2")).unwrap(), region("us-west-2"));
    assert_eq!(home(None, None).unwrap(), region("us-east-1"));
    assert_eq!(
        home(None, Some("ireland")).unwrap_err().to_string(),
        "`ireland` is not the name of a region; expected a form like `eu-west-1`\n\
         it comes from AWS_REGION, AWS_DEFAULT_REGION or the profile's `region`"
    );
}

/// What a connection with these variables and this configuration of profile `test` comes to.
async fn connected(variables: &[(&str, &str)], config: &str, connect: Connect) -> Result<Aws, ConnectError> {
    let around = Surroundings {
        env: Env::from_slice(variables),
        ..around(&format!("{KEYS}{config}"))
    };
    let connect = Connect {
        profile: Some("test".to_owned()),
        region: Some("eu-west-1".parse().unwrap()),
        ..connect
    };
    Aws::reached(connect, &around).await
}

#[tokio::test]
async fn addresses_of_single_services_are_known() {
    let minio = "http://minio:9000";
    let by_profile = format!("services = local\n[services local]\ns3 =\n  endpoint_url = {minio}\n");
    for (variables, config) in [
        (&[("AWS_ENDPOINT_URL_S3", minio)][..], ""),
        (&[], by_profile.as_str()),
    ] {
        let aws = connected(variables, config, Connect::default()).await.unwrap();
        assert_eq!(aws.addresses(), [address(Some("s3"), minio)]);
        assert!(!aws.is_emulator());
    }
    let all = [
        ("AWS_ENDPOINT_URL", "http://localhost:4566"),
        ("AWS_ENDPOINT_URL_COST_EXPLORER", minio),
        ("AWS_ENDPOINT_URL_STS", "http://localhost:4566"),
    ];
    let aws = connected(&all, "", Connect::default()).await.unwrap();
    assert_eq!(
        aws.addresses(),
        [address(None, "http://localhost:4566"), address(Some("ce"), minio)]
    );
    // What the command line says holds for all.
    let named = Connect {
        endpoint_url: Some("http://localhost:5000".to_owned()),
        ..Connect::default()
    };
    let aws = connected(&all, "", named).await.unwrap();
    assert_eq!(aws.addresses(), [address(None, "http://localhost:5000")]);
    let ignored = [
        ("AWS_ENDPOINT_URL_S3", minio),
        ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"),
    ];
    let aws = connected(&ignored, "", Connect::default()).await.unwrap();
    assert!(aws.addresses().is_empty());
    let bad = connected(&[("AWS_ENDPOINT_URL_S3", "minio")], "", Connect::default()).await;
    assert!(bad.unwrap_err().to_string().contains("AWS_ENDPOINT_URL_S3"));
}

#[tokio::test]
async fn an_sts_apart_from_the_other_services_is_refused_unless_the_command_line_names_it() {
    let server = Server::start(|_| (200, IDENTITY)).await;
    let elsewhere = format!("http://localhost:{}", server.port);
    let variables = [("AWS_ENDPOINT_URL_STS", elsewhere.as_str())];
    let error = connected(&variables, "", Connect::default())
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        format!(
            "STS is called at `{elsewhere}` and the other services at AWS: it could not prove whose account they change\n\
             Remove AWS_ENDPOINT_URL_STS or `sts` from the profile's `services`, or confirm it with --endpoint-url-sts \
             {elsewhere}."
        )
    );
    let emulated = [variables[0], ("AWS_ENDPOINT_URL", "http://localhost:1")];
    assert!(connected(&emulated, "", Connect::default()).await.is_err());
    // A VPC endpoint is AWS, too.
    let vpce = [(
        "AWS_ENDPOINT_URL_STS",
        "https://vpce-1-2.sts.eu-west-1.vpce.amazonaws.com",
    )];
    assert_eq!(
        connected(&vpce, "", Connect::default())
            .await
            .unwrap()
            .addresses()
            .len(),
        1
    );
    for variables in [&variables[..], &[]] {
        let named = Connect {
            sts_endpoint_url: Some(elsewhere.clone()),
            ..Connect::default()
        };
        let aws = connected(variables, "", named).await.unwrap();
        assert_eq!(aws.addresses(), [address(Some("sts"), &elsewhere)]);
        let sts = &aws.clients(aws.home()).sts;
        let caller = sts.get_caller_identity().send().await.unwrap();
        assert_eq!(caller.account(), Some("123456789012"));
    }
}
