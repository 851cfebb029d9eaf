//! The sandbox as the rest of the program sees it.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::exchange::{self, Effect, Exchange};
use super::store::Store;
use super::wire::{Request, Response};
use super::{Account, SandboxClient, SandboxError, World, ids};

/// A simulated account that can be asked. Clones are the same account.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

struct Inner {
    store: Mutex<Store>,
    /// Lets one request at a time have a thread of its own for the file: waiting for the store costs no thread.
    gate: tokio::sync::Mutex<()>,
    on_disk: bool,
    account_id: String,
    requests: AtomicU64,
    /// By how many microseconds this handle's clock is ahead.
    later: AtomicU64,
    calls: Mutex<Vec<LoggedCall>>,
    exchanges: Mutex<Option<ExchangeLog>>,
}

struct ExchangeLog {
    path: PathBuf,
    file: File,
}

/// A call that was made, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedCall {
    /// The service's short name.
    pub service: String,
    /// The region that it was signed for.
    pub region: String,
    /// The operation; empty if the request did not tell.
    pub operation: String,
    /// The code of its error; nothing if it went well.
    pub error: Option<String>,
}

/// One line of the exchange log.
#[derive(Serialize)]
struct LoggedExchange<'a> {
    service: &'a str,
    region: &'a str,
    operation: &'a str,
    request: LoggedRequest<'a>,
    response: Option<LoggedResponse<'a>>,
    error: Option<&'a str>,
    injected: bool,
}

#[derive(Serialize)]
struct LoggedRequest<'a> {
    method: &'a str,
    uri: String,
    headers: BTreeMap<&'a str, String>,
    body: String,
}

#[derive(Serialize)]
struct LoggedResponse<'a> {
    status: u16,
    headers: BTreeMap<&'a str, String>,
    body: String,
}

/// What a transport is to do for a request.
pub(super) struct Reply {
    /// How long the client waits for it.
    pub(super) latency: Duration,
    /// And what it then sees.
    pub(super) effect: Effect,
}

impl Sandbox {
    /// Opens the account in a file, or makes one in memory that ends with the process.
    ///
    /// A missing file is a brand-new account of the world. A file that exists is of its own world, and a given one
    /// must be the same.
    pub fn open(state: Option<&Path>, world: Option<World>) -> Result<Sandbox, SandboxError> {
        match state {
            None => Sandbox::of(Store::in_memory(world.unwrap_or_default()), false),
            Some(path) => Sandbox::of(Store::open(path, world)?, true),
        }
    }

    /// Puts a new account of a world in the place of whatever the file holds.
    pub fn reset(state: &Path, world: World) -> Result<Sandbox, SandboxError> {
        Sandbox::of(Store::create(state, world)?, true)
    }

    fn of(mut store: Store, on_disk: bool) -> Result<Sandbox, SandboxError> {
        // The id never changes, so it can be known without asking the file again.
        let account_id = store.request(|state| (false, state.account.id.clone()))?;
        Ok(Sandbox(Arc::new(Inner {
            store: Mutex::new(store),
            gate: tokio::sync::Mutex::new(()),
            on_disk,
            account_id,
            requests: AtomicU64::new(0),
            later: AtomicU64::new(0),
            calls: Mutex::default(),
            exchanges: Mutex::default(),
        })))
    }

    /// The account's twelve digits.
    pub fn account_id(&self) -> &str {
        &self.0.account_id
    }

    /// A client for the SDK whose requests the sandbox answers.
    pub fn http_client(&self) -> SandboxClient {
        SandboxClient::new(self.clone())
    }

    /// The calls that this process made, in the order of their answers.
    pub fn call_log(&self) -> Vec<LoggedCall> {
        locked(&self.0.calls).clone()
    }

    /// Looks at the account as it is now.
    pub fn inspect<T>(&self, look: impl FnOnce(&Account) -> T) -> Result<T, SandboxError> {
        locked(&self.0.store).request(|state| (false, look(&state.account)))
    }

    /// Changes the account behind everybody's back, as a person with a console would.
    pub fn edit<T>(&self, change: impl FnOnce(&mut Account) -> T) -> Result<T, SandboxError> {
        locked(&self.0.store).request(|state| (true, change(&mut state.account)))
    }

    /// From now on requests of this handle and its clones are answered as if so much more time had passed since the real
    /// clock's.
    pub fn set_later(&self, by: Duration) {
        self.0.later.store(by.as_micros() as u64, Ordering::Relaxed);
    }

    /// From now on writes every exchange to a file, one JSON line each, behind what the file has already.
    pub fn log_exchanges(&self, path: &Path) -> Result<(), SandboxError> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(|source| SandboxError::Log {
                path: path.to_owned(),
                source,
            })?;
        *locked(&self.0.exchanges) = Some(ExchangeLog {
            path: path.to_owned(),
            file,
        });
        Ok(())
    }

    /// Answers one request, whatever brought it.
    pub(super) async fn answer(&self, request: Request) -> Result<Reply, SandboxError> {
        if !self.0.on_disk {
            return self.transact(&request);
        }
        let turn = self.0.gate.lock().await;
        let sandbox = self.clone();
        let answered = tokio::task::spawn_blocking(move || sandbox.transact(&request)).await;
        drop(turn);
        // A task that cannot be joined has panicked, and the panic goes on here.
        answered.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()))
    }

    fn transact(&self, request: &Request) -> Result<Reply, SandboxError> {
        let n = self.0.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_micros() as u64);
        let now = now + self.0.later.load(Ordering::Relaxed);
        let exchange = locked(&self.0.store).request(|state| {
            let exchange = exchange::exchange(state, request, &ids::request_id(n), now);
            (exchange.changed, exchange)
        })?;
        locked(&self.0.calls).push(LoggedCall {
            service: exchange.service.clone(),
            region: exchange.region.clone(),
            operation: exchange.operation.clone(),
            error: exchange.error.clone(),
        });
        self.log(request, &exchange)?;
        Ok(Reply {
            latency: Duration::from_millis(exchange.latency_ms),
            effect: exchange.effect,
        })
    }

    fn log(&self, request: &Request, exchange: &Exchange) -> Result<(), SandboxError> {
        let mut log = locked(&self.0.exchanges);
        let Some(log) = log.as_mut() else {
            return Ok(());
        };
        let response = match &exchange.effect {
            Effect::Respond(response) => Some(LoggedResponse::of(response)),
            Effect::Reset | Effect::Hang => None,
        };
        let entry = LoggedExchange {
            service: &exchange.service,
            region: &exchange.region,
            operation: &exchange.operation,
            request: LoggedRequest {
                method: request.method().as_str(),
                uri: request.uri().to_string(),
                headers: headers(request.headers()),
                body: body(request.headers(), request.body()),
            },
            response,
            error: exchange.error.as_deref(),
            injected: exchange.injected,
        };
        // One write a line, or the lines of two processes could run into each other.
        let write = |file: &mut File| {
            let mut line = serde_json::to_vec(&entry)?;
            line.push(b'\n');
            file.write_all(&line)
        };
        write(&mut log.file).map_err(|source| SandboxError::Log {
            path: log.path.clone(),
            source,
        })
    }
}

impl LoggedResponse<'_> {
    fn of(response: &Response) -> LoggedResponse<'_> {
        LoggedResponse {
            status: response.status().as_u16(),
            headers: headers(response.headers()),
            body: body(response.headers(), response.body()),
        }
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox")
            .field("account_id", &self.0.account_id)
            .finish_non_exhaustive()
    }
}

/// A body as text. CBOR is none, and goes in base64.
fn body(headers: &http::HeaderMap, bytes: &[u8]) -> String {
    if headers
        .get("content-type")
        .is_some_and(|kind| kind == "application/cbor")
    {
        aws_smithy_types::base64::encode(bytes)
    } else {
        String::from_utf8_lossy(bytes).into_owned()
    }
}

/// Headers as one object; what comes several times is joined, as HTTP means it.
fn headers(headers: &http::HeaderMap) -> BTreeMap<&str, String> {
    let mut object: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        object
            .entry(name.as_str())
            .and_modify(|known| {
                known.push_str(", ");
                known.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    object
}

/// A panic of one test's closure need not spoil the others: nothing that is guarded here is ever half done.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(region: &str, service: &str, method: &str, uri: &str, body: &str) -> Request {
        let scope = format!("AKID/20261123/{region}/{service}/aws4_request");
        http::Request::builder()
            .method(method)
            .uri(uri)
            .header("host", "localhost")
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"),
            )
            .body(body.as_bytes().to_vec())
            .unwrap()
    }

    async fn status(sandbox: &Sandbox, request: Request) -> u16 {
        match sandbox.answer(request).await.unwrap().effect {
            Effect::Respond(response) => response.status().as_u16(),
            Effect::Reset | Effect::Hang => 0,
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn many_writers_on_one_file_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sandbox.json");
        let sandboxes = [0, 1].map(|_| Sandbox::open(Some(&path), None).unwrap());
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..60 {
            let sandbox = sandboxes[n % 2].clone();
            tasks.spawn(async move {
                let uri = format!("/bucket-{n}");
                status(&sandbox, request("us-east-1", "s3", "PUT", &uri, "")).await
            });
        }
        while let Some(status) = tasks.join_next().await {
            assert_eq!(status.unwrap(), 200);
            // Whoever reads between two writes reads one whole state.
            if let Ok(text) = std::fs::read(&path) {
                serde_json::from_slice::<serde_json::Value>(&text).unwrap();
            }
        }
        for sandbox in sandboxes
            .iter()
            .chain([&Sandbox::open(Some(&path), None).unwrap()])
        {
            assert_eq!(sandbox.inspect(|account| account.s3.buckets.len()).unwrap(), 60);
        }
        assert_eq!(
            sandboxes
                .iter()
                .map(|sandbox| sandbox.call_log().len())
                .sum::<usize>(),
            60
        );
    }

    #[tokio::test]
    async fn reading_writes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sandbox.json");
        let sandbox = Sandbox::open(Some(&path), Some(World::default())).unwrap();
        let written = std::fs::metadata(&path).unwrap().modified().unwrap();
        for uri in ["/detector", "/detector/none"] {
            status(&sandbox, request("eu-west-1", "guardduty", "GET", uri, "")).await;
        }
        let refused = request("eu-west-1", "guardduty", "POST", "/detector", "{}");
        assert_eq!(status(&sandbox, refused).await, 400);
        assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), written);
        assert_eq!(
            sandbox.call_log()[1],
            LoggedCall {
                service: "guardduty".into(),
                region: "eu-west-1".into(),
                operation: "GetDetector".into(),
                error: Some("BadRequestException".into()),
            }
        );
    }

    #[tokio::test]
    async fn exchanges_are_logged_one_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("exchanges.jsonl");
        let world = "[[fault]]\ncall = \"iam:*\"\nkind = \"reset\"".parse().unwrap();
        let sandbox = Sandbox::open(None, Some(world)).unwrap();
        sandbox.log_exchanges(&path).unwrap();
        status(
            &sandbox,
            request("eu-west-1", "guardduty", "GET", "/detector", ""),
        )
        .await;
        status(
            &sandbox,
            request("eu-west-1", "iam", "POST", "/", "Action=ListAccountAliases"),
        )
        .await;
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<serde_json::Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["operation"], "ListDetectors");
        assert_eq!(lines[0]["request"]["headers"]["host"], "localhost");
        assert_eq!(lines[0]["response"]["body"], "{\"detectorIds\":[]}");
        assert_eq!(lines[0]["injected"], false);
        assert_eq!(lines[1]["response"], serde_json::Value::Null);
        assert_eq!(lines[1]["injected"], true);
    }
}
