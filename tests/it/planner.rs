//! Plans in this process, on a simulated account in memory: thousands of them in the time that a few whole runs take.
//!
//! A [`Planner`] plans for a baseline that never changes, on an account that is replaced before each plan. [`Tape`] keeps
//! the requests that the plan of a converged account makes. For an account of which one leaf differs, they are answered
//! again without the SDK, and only the controls are planned of which an answer differs. That shows the same as the whole
//! plan: what a control reads and decides follows from the answers to its requests alone, so as long as all answers are the
//! same, the requests that follow and the verdict are the same.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use serde_json::Value;
use trueup::aws::{CallName, Connect};
use trueup::core::baseline::{Baseline, Filters};
use trueup::core::location::Scope;
use trueup::core::plan::{Plan, Verdict};
use trueup::core::plan_file::Document;
use trueup::core::registry::Name;
use trueup::engine::execute::Stop;
use trueup::engine::progress::Watch;
use trueup::engine::{Planned, Session};
use trueup::sandbox::{Account, Sandbox, SandboxClient, World};

/// The regions of the accounts that are judged. All others are not enabled, so that an account is small.
pub(crate) const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];

/// How many planners work side by side. Some wait, for a credential report above all, so there are more than cores.
pub(crate) fn threads() -> usize {
    3 * std::thread::available_parallelism().map_or(2, usize::from)
}

/// What is in use beside the baseline: root user devices, and no region but the managed ones.
pub(crate) fn world(trouble: &str) -> World {
    world_text(trouble).parse().unwrap()
}

/// The same as text.
pub(crate) fn world_text(trouble: &str) -> String {
    let others: Vec<String> = trueup::sandbox::DEFAULT_REGIONS
        .iter()
        .filter(|region| !REGIONS.contains(region))
        .map(|region| format!("\"{region}\""))
        .collect();
    format!(
        "disabled_regions = [{}]\n{trouble}\n[root_user]\nvirtual_mfa_devices = 2\nused_days_ago = 200\nmade_days_ago = 400\n",
        others.join(", ")
    )
}

/// What a plan shows of a cell.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shown {
    pub(crate) verdict: Verdict,
    /// Steps, reasons and manual tasks, in their order.
    pub(crate) why: Vec<String>,
    pub(crate) notices: BTreeSet<String>,
}

/// What a plan shows, by control and place.
pub(crate) type Cells = BTreeMap<(String, String), Shown>;

/// The HTTP client of the sandbox, which keeps the requests that pass through it, each with its call, and may answer one
/// of them otherwise.
#[derive(Clone, Debug)]
struct Tape {
    client: SandboxClient,
    requests: Arc<Mutex<Vec<(CallName, HttpRequest)>>>,
    instead: Arc<Mutex<Option<Instead>>>,
}

/// Another answer to a request.
#[derive(Clone, Debug)]
pub(crate) struct Instead {
    pub(crate) identity: Vec<u8>,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Instead {
    fn response(&self) -> HttpResponse {
        let mut response = HttpResponse::new(200.try_into().unwrap(), SdkBody::from(self.body.clone()));
        for (name, value) in &self.headers {
            response.headers_mut().insert(name.clone(), value.clone());
        }
        response
    }
}

impl HttpConnector for Tape {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let call = request.extension::<CallName>().cloned();
        self.requests
            .lock()
            .unwrap()
            .extend(call.zip(request.try_clone()));
        let instead = self.instead.lock().unwrap();
        match instead
            .as_ref()
            .filter(|instead| instead.identity == identity(&request))
        {
            Some(instead) => HttpConnectorFuture::ready(Ok(instead.response())),
            None => self.client.call(request),
        }
    }
}

impl HttpClient for Tape {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// A request of the healthy account's plan, its answer, and the controls whose plan asks it.
pub(crate) struct Asked {
    pub(crate) call: CallName,
    request: HttpRequest,
    answer: (u16, Vec<u8>),
    controls: BTreeSet<usize>,
}

impl Asked {
    pub(crate) fn identity(&self) -> Vec<u8> {
        identity(&self.request)
    }
}

/// An answer as it was.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// The healthy account: what its plan asks and shows.
pub(crate) struct Healthy {
    pub(crate) account: Value,
    pub(crate) cells: Cells,
    /// What the models of the cells are.
    pub(crate) models: Models,
    controls: Vec<Name>,
    pub(crate) asked: Vec<Asked>,
}

/// The models of the cells that were read, by control and place.
pub(crate) type Models = BTreeMap<(String, String), String>;

pub(crate) struct Planner {
    runtime: tokio::runtime::Runtime,
    sandbox: Sandbox,
    tape: Tape,
    session: Session,
    baseline: Baseline,
}

fn filters(only: &[Name]) -> Filters {
    Filters {
        only: only.to_vec(),
        ..Filters::default()
    }
}

pub(crate) fn quiet() -> Arc<Watch<'static>> {
    Arc::new(|_| {})
}

impl Planner {
    /// A new account for a baseline.
    pub(crate) fn new(baseline: &str) -> Planner {
        Planner::in_trouble(baseline, "")
    }

    /// The same in a world with these tables besides.
    pub(crate) fn in_trouble(baseline: &str, trouble: &str) -> Planner {
        Planner::of(baseline, world(trouble))
    }

    /// A new account of a world.
    pub(crate) fn of(baseline: &str, world: World) -> Planner {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let list = trueup::controls::controls();
        let loaded = trueup::files::loader(&list).load_text("full.toml", baseline);
        let baseline = match loaded {
            Ok(baseline) => baseline,
            Err(problems) => panic!("{}", problems.render(false)),
        };
        let sandbox = Sandbox::open(None, Some(world)).unwrap();
        let tape = Tape {
            client: sandbox.http_client(),
            requests: Arc::default(),
            instead: Arc::default(),
        };
        let connect = Connect {
            http_client: Some(SharedHttpClient::new(tape.clone())),
            region: baseline.home_region().cloned(),
            ..Connect::default()
        };
        let registry = trueup::controls::registry();
        let session = runtime.block_on(Session::open(registry, connect, None)).unwrap();
        Planner {
            runtime,
            sandbox,
            tape,
            session,
            baseline,
        }
    }

    /// Applies the baseline.
    pub(crate) fn converge(&self) {
        self.runtime.block_on(async {
            let none = Filters::default();
            let planned = self.session.plan(&self.baseline, &none, &*quiet()).await.unwrap();
            let stop = Stop::default();
            self.session.apply(&planned, &|_| true, 32, &stop, &quiet()).await;
        });
    }

    /// The account as a document.
    pub(crate) fn account(&self) -> Value {
        let account = self.sandbox.inspect(|account| serde_json::to_value(account));
        account.unwrap().unwrap()
    }

    /// Puts another account in the place of this one.
    pub(crate) fn put(&self, account: Account) {
        self.sandbox.edit(|kept| *kept = account).unwrap();
    }

    /// Plans these controls, or all if none is named; fails if no plan can be made.
    pub(crate) fn plan(&self, only: &[Name]) -> Result<Cells, String> {
        let planned = self
            .runtime
            .block_on(self.session.plan(&self.baseline, &filters(only), &*quiet()));
        planned
            .map(|planned| cells(&planned.plan))
            .map_err(|error| error.to_string())
    }

    /// The document of a plan for these controls.
    pub(crate) fn document(&self, only: &[Name]) -> Document {
        let filters = filters(only);
        let planned = self
            .runtime
            .block_on(self.session.plan(&self.baseline, &filters, &*quiet()))
            .unwrap();
        Document::new(self.baseline.name(), &self.session.env, &filters, &planned.plan)
    }

    /// Plans the controls that ask this, with another answer to it.
    pub(crate) fn look(
        &self,
        healthy: &Healthy,
        asked: &Asked,
        instead: Option<Instead>,
    ) -> Result<(Cells, Models), String> {
        let names = asked.controls.iter().map(|&number| &healthy.controls[number]);
        let only: Vec<Name> = names.cloned().collect();
        let list = trueup::controls::controls();
        let regional = |name: &Name| list.get(name).unwrap().scope() == Scope::EachRegion;
        // An answer of a region concerns its cells alone.
        let regions = match only.iter().all(regional) {
            true => vec![asked.call.region.clone()],
            false => vec![],
        };
        let filters = Filters {
            regions,
            ..filters(&only)
        };
        *self.tape.instead.lock().unwrap() = instead;
        let planned = self
            .runtime
            .block_on(self.session.plan(&self.baseline, &filters, &*quiet()));
        *self.tape.instead.lock().unwrap() = None;
        let planned = planned.map_err(|error| error.to_string())?;
        Ok((cells(&planned.plan), models(&planned)))
    }

    /// The answer of the account as it is, whole.
    pub(crate) fn whole_answer(&self, asked: &Asked) -> Answer {
        let request = asked.request.try_clone().unwrap();
        let response: HttpResponse = self.runtime.block_on(self.tape.client.call(request)).unwrap();
        let headers = response.headers().iter();
        Answer {
            status: response.status().as_u16(),
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: response.body().bytes().unwrap().to_vec(),
        }
    }

    /// Looks at a converged account: what its plan shows, and what each control asks for that.
    pub(crate) fn healthy(&self, account: Value) -> Healthy {
        let start: Account = serde_json::from_value(account.clone()).unwrap();
        self.put(start.clone());
        let (all, watch) = (Filters::default(), quiet());
        let planned = self.session.plan(&self.baseline, &all, &*watch);
        let planned = self.runtime.block_on(planned).unwrap();
        let cells = cells(&planned.plan);
        let controls: Vec<Name> = self.baseline.controls().cloned().collect();
        let mut asked: HashMap<Vec<u8>, Asked> = HashMap::new();
        for (number, control) in controls.iter().enumerate() {
            self.put(start.clone());
            self.tape.requests.lock().unwrap().clear();
            let alone = self.plan(std::slice::from_ref(control)).unwrap();
            for (cell, shown) in &alone {
                assert_eq!(Some(shown), cells.get(cell), "{cell:?} alone and among all");
            }
            let requests = std::mem::take(&mut *self.tape.requests.lock().unwrap());
            let made = requests.iter().map(|(call, _)| call.to_string()).collect();
            crate::permissions::hold_plan(control, &made);
            for (call, request) in requests {
                let known = asked.entry(identity(&request)).or_insert_with(|| Asked {
                    call,
                    request,
                    answer: (0, vec![]),
                    controls: BTreeSet::new(),
                });
                known.controls.insert(number);
            }
        }
        self.put(start);
        let mut asked: Vec<Asked> = asked.into_values().collect();
        for asked in &mut asked {
            asked.answer = self.answer(&asked.request);
        }
        Healthy {
            account,
            cells,
            models: models(&planned),
            controls,
            asked,
        }
    }

    /// What the plan of an account shows in the cells of those controls that see it differ from the healthy one.
    pub(crate) fn differing(&self, healthy: &Healthy, account: &Account) -> Result<Cells, String> {
        self.put(account.clone());
        let mut concerned = BTreeSet::new();
        for asked in &healthy.asked {
            if !asked.controls.is_subset(&concerned) && self.answer(&asked.request) != asked.answer {
                concerned.extend(&asked.controls);
            }
        }
        if concerned.is_empty() {
            return Ok(Cells::new());
        }
        self.put(account.clone());
        let only: Vec<Name> = concerned
            .iter()
            .map(|&number| healthy.controls[number].clone())
            .collect();
        self.plan(&only)
    }

    /// The sandbox's answer, without what is new in each: the request's id.
    fn answer(&self, request: &HttpRequest) -> (u16, Vec<u8>) {
        let request = request.try_clone().unwrap();
        let response: HttpResponse = self.runtime.block_on(self.tape.client.call(request)).unwrap();
        let ids = ["x-amzn-requestid", "x-amz-request-id"];
        let id = ids.iter().find_map(|name| response.headers().get(*name));
        // Bytes, not text: some services answer in CBOR.
        let body = response.body().bytes().unwrap();
        let mut body = id.map_or_else(|| body.to_vec(), |id| without(body, id.as_bytes()));
        // S3 has members in headers.
        let members = response.headers().iter();
        for (name, value) in members.filter(|(name, _)| name.starts_with("x-amz-") && !ids.contains(name)) {
            body.extend(format!("{name}: {value}\n").into_bytes());
        }
        (response.status().as_u16(), body)
    }
}

/// Bytes without each occurrence of some of them.
fn without(bytes: &[u8], part: &[u8]) -> Vec<u8> {
    let mut left = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, behind)) = rest.split_first() {
        match rest.strip_prefix(part) {
            Some(behind) if !part.is_empty() => rest = behind,
            _ => {
                left.push(*first);
                rest = behind;
            }
        }
    }
    left
}

#[test]
fn an_answer_is_compared_byte_by_byte_but_for_the_id_of_its_request() {
    assert_eq!(without(b"a1-2b1-2", b"1-2"), b"ab");
    // False and true in CBOR, neither of which is text.
    assert_ne!(without(b"\xf4", b"1"), without(b"\xf5", b"1"));
}

/// What tells one request from another: everything but its signature and its time.
fn identity(request: &HttpRequest) -> Vec<u8> {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    let mut identity = format!("{} {} {target} ", request.method(), request.uri()).into_bytes();
    identity.extend(request.body().bytes().unwrap());
    identity
}

fn models(planned: &Planned) -> Models {
    let read = planned
        .survey
        .cells
        .iter()
        .filter_map(|((control, place), seen)| {
            let model = &seen.as_ref().ok()?.model;
            Some(((control.to_string(), place.to_string()), format!("{model:?}")))
        });
    read.collect()
}

fn cells(plan: &Plan) -> Cells {
    let of = |cell: &trueup::core::plan::Cell| {
        let steps = plan
            .steps
            .iter()
            .filter(|step| step.control == cell.control && step.place == cell.place);
        let why = steps
            .map(|step| step.title.clone())
            .chain(cell.reasons.iter().cloned())
            .chain(cell.people.iter().cloned())
            .chain(cell.attested.iter().cloned());
        Shown {
            verdict: cell.verdict,
            why: why.collect(),
            notices: cell.notices.iter().cloned().collect(),
        }
    };
    plan.cells
        .iter()
        .map(|cell| ((cell.control.to_string(), cell.place.to_string()), of(cell)))
        .collect()
}

/// The baseline with everything in it that can be written, for accounts of two regions.
pub(crate) fn full_baseline() -> String {
    let today = trueup::engine::today();
    let expires = today.saturating_add(std::time::Duration::from_hours(90 * 24));
    include_str!("leaves/full.toml")
        .replace("2026-11-01", &today.to_string())
        .replace("2027-10-01", &expires.to_string())
}

/// An account that is true to [`full_baseline`], with nothing left for a person: subscriptions are confirmed, and the
/// users have a password and an MFA device.
pub(crate) fn healthy() -> (String, Healthy) {
    let baseline = full_baseline();
    let planner = Planner::new(&baseline);
    planner.converge();
    let mut account = planner.account();
    for region in REGIONS {
        for topic in members(&mut account["regions"][region]["sns"]["topics"]) {
            for subscription in topic["subscriptions"].as_array_mut().into_iter().flatten() {
                subscription["status"] = "confirmed".into();
            }
        }
    }
    let id = account["id"].as_str().unwrap_or_default().to_owned();
    let entities = &mut account["iam"]["entities"];
    let users: Vec<String> = entities["users"].as_object().unwrap().keys().cloned().collect();
    for user in users {
        let made = entities["users"][&user]["common"]["created"].clone();
        entities["users"][&user]["password"] = made.clone();
        entities["devices"][format!("arn:aws:iam::{id}:mfa/{user}")] =
            serde_json::json!({ "user": user, "enabled": made });
    }
    // A user who is none of the administrators.
    let mut other = entities["users"]["alice"].clone();
    other["common"]["id"] = "AIDA0000000000000000C".into();
    other["common"]["tags"] = serde_json::json!({});
    other["password"] = Value::Null;
    entities["users"]["carol"] = other;
    // The report of before the users had passwords.
    account["iam"]["root_user"]["report"] = Value::Null;
    let account = serde_json::from_value::<Account>(account).unwrap();
    planner.put(account);
    // Once more, for what an apply does only where users have signed in; and the report is there afterwards.
    planner.converge();
    let account = planner.account();
    let healthy = planner.healthy(account);
    for (cell, shown) in &healthy.cells {
        assert!(
            matches!(shown.verdict, Verdict::InSync | Verdict::Attested),
            "{cell:?} is not healthy: {shown:#?}"
        );
    }
    (baseline, healthy)
}

fn members(value: &mut Value) -> impl Iterator<Item = &mut Value> {
    value.as_object_mut().into_iter().flat_map(|map| map.values_mut())
}
