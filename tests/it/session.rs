//! What a session notices while it lasts.

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
use trueup::aws::Connect;
use trueup::core::baseline::Filters;
use trueup::engine::execute::{Outcome, Stop};
use trueup::engine::progress::{Event, Watch};
use trueup::engine::{Applied, Planned, Session, SessionError};
use trueup::sandbox::{DEFAULT_REGIONS, Sandbox, World};

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
struct Renewed {
    next: Arc<OnceLock<&'static str>>,
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

impl Renewable {
    async fn new() -> Renewable {
        let account = |id: &str| {
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
        };
        let (ours, others) = (account("111111111111"), account("222222222222"));
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
