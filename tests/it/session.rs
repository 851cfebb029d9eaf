//! What a session notices while it lasts.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use trueup::aws::Connect;
use trueup::core::baseline::Filters;
use trueup::engine::execute::{Outcome, Stop};
use trueup::engine::progress::{Event, Watch};
use trueup::engine::{Applied, Planned, Session, SessionError};
use trueup::sandbox::{DEFAULT_REGIONS, Sandbox, World};

use crate::folder::{Ended, Folder};

#[tokio::test]
async fn credentials_that_have_become_another_accounts_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let sandbox = Sandbox::open(Some(&state), None).unwrap();
    let connect = Connect {
        http_client: Some(SharedHttpClient::new(sandbox.http_client())),
        ..Connect::default()
    };
    let session = Session::open(trueup::controls::registry(), connect, None)
        .await
        .unwrap();
    session.still_the_same_account().await.unwrap();
    Sandbox::reset(&state, "account_id = \"210987654321\"".parse().unwrap()).unwrap();
    let error = session.still_the_same_account().await.unwrap_err().to_string();
    assert!(
        error.contains("210987654321 now") && error.contains("123456789012"),
        "{error}"
    );
}

/// Sends each request to the account of the key that signed it.
#[derive(Clone, Debug)]
struct TwoAccounts {
    ours: SharedHttpConnector,
    others: SharedHttpConnector,
}

impl HttpConnector for TwoAccounts {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let signed = request.headers().get("authorization").unwrap_or_default();
        let account = if signed.contains("Credential=AKIAOURS") {
            &self.ours
        } else {
            &self.others
        };
        account.call(request)
    }
}

/// The client of each account, until it is asked for a connector.
#[derive(Clone, Debug)]
struct TwoClients(SharedHttpClient, SharedHttpClient);

impl HttpClient for TwoClients {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(TwoAccounts {
            ours: self.0.http_connector(settings, components),
            others: self.1.http_connector(settings, components),
        })
    }
}

/// Credentials that expire at once. From some moment on they have another key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Renewed {
    pub(crate) next: Arc<OnceLock<&'static str>>,
}

impl ProvideCredentials for Renewed {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let key = self.next.get().copied().unwrap_or("AKIAOURS1");
        let expired = Some(SystemTime::now());
        future::ProvideCredentials::ready(Ok(Credentials::new(key, "secret", None, expired, "test")))
    }
}

/// A session whose credentials can be renewed, and the accounts that its requests reach.
struct Renewable {
    session: Session,
    renewed: Renewed,
    ours: Sandbox,
    others: Sandbox,
}

const TWO_REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];

/// A new account with two regions.
pub(crate) fn two_regions(id: &str) -> Sandbox {
    let world = World {
        account_id: Some(id.to_owned()),
        disabled_regions: DEFAULT_REGIONS
            .iter()
            .filter(|region| !TWO_REGIONS.contains(region))
            .map(|region| (*region).to_owned())
            .collect(),
        ..World::default()
    };
    Sandbox::open(None, Some(world)).unwrap()
}

impl Renewable {
    async fn new() -> Renewable {
        let (ours, others) = (two_regions("111111111111"), two_regions("222222222222"));
        let client = |account: &Sandbox| SharedHttpClient::new(account.http_client());
        let renewed = Renewed::default();
        let connect = Connect {
            region: Some(TWO_REGIONS[0].parse().unwrap()),
            http_client: Some(SharedHttpClient::new(TwoClients(client(&ours), client(&others)))),
            credentials: Some(SharedCredentialsProvider::new(renewed.clone())),
            ..Connect::default()
        };
        let session = Session::open(trueup::controls::registry(), connect, None)
            .await
            .unwrap();
        Renewable {
            session,
            renewed,
            ours,
            others,
        }
    }

    async fn plan(&self) -> Result<Planned, SessionError> {
        let controls = trueup::controls::controls();
        let baseline = trueup::files::loader(&controls)
            .load_text("b.toml", "extends = [\"checklist@1\"]")
            .unwrap();
        self.session.plan(&baseline, &Filters::default(), &|_| {}).await
    }

    /// Applies; after so many steps the credentials are renewed.
    async fn apply(&self, planned: &Planned, renewed_after: usize, key: &'static str) -> Applied {
        let (ended, next) = (AtomicUsize::new(0), Arc::clone(&self.renewed.next));
        let watch: Arc<Watch<'static>> = Arc::new(move |event| {
            if let Event::Ended(_, Outcome::Done) = event
                && ended.fetch_add(1, Ordering::SeqCst) + 1 == renewed_after
            {
                next.get_or_init(|| key);
            }
        });
        self.session
            .apply(planned, &|_| true, 4, &Stop::default(), &watch)
            .await
    }

    fn heard_by_the_other(&self) -> Vec<String> {
        let calls = self.others.call_log();
        calls.into_iter().map(|call| call.operation).collect()
    }
}

#[tokio::test]
async fn an_apply_ends_where_the_renewed_credentials_are_of_another_account() {
    let run = Renewable::new().await;
    let planned = run.plan().await.unwrap();
    let applied = run.apply(&planned, 20, "AKIATHEIRS").await;
    let number = |is: fn(&Outcome) -> bool| applied.outcomes.iter().filter(|outcome| is(outcome)).count();
    let done = number(|outcome| *outcome == Outcome::Done);
    // What was under way when the key changed may fail or, with the last of its calls out, succeed.
    assert!((20..=24).contains(&done), "{done}");
    assert!((1..=4).contains(&number(|outcome| matches!(outcome, Outcome::Failed(_)))));
    assert!(number(|outcome| *outcome == Outcome::NotStarted) > 20);
    assert_eq!(run.heard_by_the_other(), ["GetCallerIdentity"]);
    let error = applied.after.unwrap().unwrap_err().to_string();
    assert!(
        error.contains("belong to account 222222222222") && error.contains("not to 111111111111"),
        "{error}"
    );
    assert!(run.plan().await.is_err());
    // What is reported as done is what the account shows.
    let connect = Connect {
        region: Some(TWO_REGIONS[0].parse().unwrap()),
        http_client: Some(SharedHttpClient::new(run.ours.http_client())),
        ..Connect::default()
    };
    let session = Session::open(trueup::controls::registry(), connect, None)
        .await
        .unwrap();
    let again = Renewable { session, ..run }.plan().await.unwrap();
    let still: Vec<_> = again.plan.steps.iter().map(|step| &step.action).collect();
    for (step, outcome) in planned.plan.steps.iter().zip(&applied.outcomes) {
        if *outcome == Outcome::Done {
            assert!(!still.contains(&&step.action), "{}", step.title);
        }
    }
}

#[tokio::test]
async fn an_apply_goes_on_where_the_renewed_credentials_are_of_the_same_account() {
    let run = Renewable::new().await;
    let planned = run.plan().await.unwrap();
    let applied = run.apply(&planned, 20, "AKIAOURS2").await;
    assert!(applied.outcomes.iter().all(|outcome| *outcome == Outcome::Done));
    assert!(run.heard_by_the_other().is_empty());
    let asked = run.ours.call_log();
    let asked = asked.iter().filter(|call| call.operation == "GetCallerIdentity");
    assert_eq!(asked.count(), 2);
}

#[tokio::test]
async fn a_plan_fails_where_the_renewed_credentials_are_of_another_account() {
    let run = Renewable::new().await;
    run.renewed.next.get_or_init(|| "AKIATHEIRS");
    let error = run.plan().await.unwrap_err();
    assert!(matches!(error, SessionError::Untrusted(_)), "{error}");
    assert_eq!(run.heard_by_the_other(), ["GetCallerIdentity"]);
}

/// Carries one request to the account of the key that signed it, and its answer back.
async fn carry(mut client: TcpStream, ours: u16, others: u16) -> io::Result<()> {
    let mut request = vec![];
    let body_starts = loop {
        if let Some(at) = request.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if client.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    };
    let head = String::from_utf8_lossy(&request[..body_starts]).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.parse().ok())?
    });
    while request.len() < body_starts + 4 + length.unwrap_or(0) {
        client.read_buf(&mut request).await?;
    }
    let port = if head.contains("Credential=AKIAOURS") {
        ours
    } else {
        others
    };
    let mut account = TcpStream::connect(("127.0.0.1", port)).await?;
    account.write_all(head.as_bytes()).await?;
    // One request a connection, or the next one would go to the same account.
    account.write_all(b"\r\nconnection: close").await?;
    account.write_all(&request[body_starts..]).await?;
    tokio::io::copy(&mut account, &mut client).await?;
    client.shutdown().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_says_what_was_done_before_the_credentials_became_another_accounts() {
    let folder = Folder::new();
    let (ours, others) = (two_regions("111111111111"), two_regions("222222222222"));
    let mut ports = vec![];
    for account in [&ours, &others] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        ports.push(listener.local_addr().unwrap().port());
        tokio::spawn(trueup::sandbox::serve(
            account.clone(),
            listener,
            std::future::pending(),
        ));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (logged, renewed) = (ours.clone(), folder.path("renewed"));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let writes = logged
                .call_log()
                .into_iter()
                .filter(|call| call.operation.starts_with("Put"));
            if writes.count() >= 5 {
                std::fs::write(&renewed, "").unwrap();
            }
            tokio::spawn(carry(client, ports[0], ports[1]));
        }
    });
    // Whatever it gives is about to expire, so that it is asked again for each call.
    folder.write(
        "credentials.sh",
        "key=AKIAOURS1\n[ -e renewed ] && key=AKIATHEIRS\n\
         end=$(date -u -d '+5 seconds' +%Y-%m-%dT%H:%M:%SZ)\n\
         echo \"{\\\"Version\\\": 1, \\\"AccessKeyId\\\": \\\"$key\\\", \\\"SecretAccessKey\\\": \\\"s\\\", \
         \\\"SessionToken\\\": \\\"t\\\", \\\"Expiration\\\": \\\"$end\\\"}\"\n",
    );
    std::fs::create_dir(folder.path(".aws")).unwrap();
    folder.write(
        ".aws/config",
        "[profile test]\ncredential_process = sh credentials.sh\n",
    );
    folder.write(
        "b.toml",
        "extends = [\"checklist@1\"]\n[account]\nid = \"111111111111\"\nhome_region = \"eu-west-1\"\n",
    );
    let reach = ["--profile", "test", "--endpoint-url", &endpoint];
    // So few steps at once that some are left when it ends.
    let apply = [
        "apply",
        "b.toml",
        "--auto-approve",
        "--allow",
        "all",
        "--parallelism",
        "2",
    ];
    let mut command = folder.command(&[&apply[..], &reach[..]].concat());
    let output = tokio::task::spawn_blocking(move || command.output());
    Ended::of(output.await.unwrap().unwrap())
        .expect(3)
        .complains("belong to account 222222222222")
        .says(" done")
        .says("not started")
        .says("The account was not read again");
    let calls = others.call_log();
    let calls: Vec<&str> = calls.iter().map(|call| call.operation.as_str()).collect();
    assert_eq!(calls, ["GetCallerIdentity"]);
}
