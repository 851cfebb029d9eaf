//! The heart of safety: apply may end anywhere. After every single step, at every single write, and whatever became of
//! that write, the next apply ends where an undisturbed one ends, with nothing doubled.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use futures::{StreamExt, stream};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use trueup::aws::{Aws, CallName, Connect};
use trueup::core::baseline::Filters;
use trueup::core::env::Env;
use trueup::core::plan::Verdict;
use trueup::engine::execute::{Outcome, Stop};
use trueup::engine::progress::{Event, Watch};
use trueup::engine::{Planned, Session};
use trueup::sandbox::world::{InjectedFault, InjectedKind};
use trueup::sandbox::{DEFAULT_REGIONS, Sandbox, SandboxClient, World};

/// Everything of the checklist, with tags, people, and what is off in it unless written.
const BASELINE: &str = r#"
extends = ["checklist@1"]

[account]
home_region = "us-west-2"
alias = "acme"

[tags]
managed-by = "trueup"

[contact_information]
phone = "+81 3-1234-5678"

[admin_access]
users = ["alice"]

[support_role]
role = "support"

# What goes by the same steps as others is left out, so that each can be tried: most monitors, and the other region's VPC.
[monitors]
console_sign_in_failures = false
console_sign_in_without_mfa = false
network_acl_changes = false
vpc_changes = false
network_gateway_changes = false
security_group_changes = false
iam_policy_changes = false
iam_role_changes = false
iam_user_creation = false
access_key_creation = false
cloudtrail_changes = false
s3_bucket_policy_changes = false
kms_key_disabled_or_deletion = false
kms_disabled_key_use = false

[region.us-east-1.default_vpc]
state = "present"
"#;

/// So few regions that every step can be tried: the home region and another one, which between them hear what AWS
/// Health has to say of all.
const REGIONS: [&str; 2] = ["us-west-2", "us-east-1"];

/// How many accounts are worked on at once: most of the time each waits for its clock.
const AT_ONCE: usize = 48;

/// What disturbs an apply.
#[derive(Clone, Copy, Debug)]
enum Disturbance {
    /// Nothing.
    None,
    /// It is asked to stop as soon as so many steps are done.
    Stopped { steps: usize },
    /// The process is killed right after AWS has carried out its n-th write, counted from 1.
    Killed { write: usize },
    /// AWS refuses the n-th write.
    Refused { write: usize },
    /// AWS carries out the n-th write, and its answer is lost. The SDK asks again.
    Lost { write: usize },
}

/// An apply without any disturbance.
struct Undisturbed {
    /// What was planned for the new account, and for everybody else who starts with one.
    planned: Planned,
    env: Arc<Env>,
    /// Its writes as `service:Operation`, in their order.
    writes: Vec<String>,
    /// How many writes were done when each step was.
    after_step: Vec<usize>,
    end: Value,
}

/// An HTTP client that kills the process, as it were, right after its n-th write.
#[derive(Clone, Debug)]
struct Deadly {
    client: SandboxClient,
    connector: Option<SharedHttpConnector>,
    /// How many writes are left until then. Below zero it never happens.
    left: Arc<AtomicUsize>,
    killed: CancellationToken,
}

impl HttpClient for Deadly {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Deadly {
            connector: Some(self.client.http_connector(settings, components)),
            ..self.clone()
        })
    }
}

impl HttpConnector for Deadly {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let is_write = request
            .extension::<CallName>()
            .is_some_and(|call| !call.is_read());
        let deadly = is_write && self.left.fetch_sub(1, Ordering::Relaxed) == 1;
        let (connector, killed) = (self.connector.clone().unwrap(), self.killed.clone());
        HttpConnectorFuture::new(async move {
            let answer = connector.call(request).await;
            if deadly {
                killed.cancel();
                // Whoever waits for this is no more.
                std::future::pending::<()>().await;
            }
            answer
        })
    }
}

/// A simulated account and the way to it.
struct Account {
    sandbox: Sandbox,
    session: Session,
    killed: CancellationToken,
}

impl Account {
    /// A new one, on the way to something of this kind.
    async fn new(disturbance: Disturbance, undisturbed: Option<&Undisturbed>) -> Account {
        let mut world = World {
            disabled_regions: DEFAULT_REGIONS
                .iter()
                .filter(|region| !REGIONS.contains(region))
                .map(|region| (*region).to_owned())
                .collect(),
            ..World::default()
        };
        let writes = undisturbed.map(|run| &run.writes[..]).unwrap_or_default();
        let mut left = 0;
        match disturbance {
            Disturbance::None | Disturbance::Stopped { .. } => {}
            Disturbance::Killed { write } => left = write,
            Disturbance::Refused { write } => {
                let mut fault = fault(writes, write, InjectedKind::Error);
                fault.code = Some("AccessDenied".to_owned());
                fault.status = Some(403);
                world.fault.push(fault);
            }
            Disturbance::Lost { write } => {
                let mut fault = fault(writes, write, InjectedKind::Reset);
                fault.carried_out = true;
                world.fault.push(fault);
            }
        }
        let sandbox = Sandbox::open(None, Some(world)).unwrap();
        let killed = CancellationToken::new();
        let mut session = reach(&sandbox, left, &killed).await;
        if let Some(undisturbed) = undisturbed {
            session.env = undisturbed.env.clone();
        }
        Account {
            sandbox,
            session,
            killed,
        }
    }

    async fn plan(&mut self) -> Planned {
        let controls = trueup::controls::controls();
        let baseline = trueup::files::loader(&controls)
            .load_text("b.toml", BASELINE)
            .unwrap();
        self.session
            .plan(&baseline, &Filters::default(), &|_| {})
            .await
            .unwrap()
    }

    /// Applies one step after the other, and tells how many writes were done after each; nothing if the process was
    /// killed meanwhile.
    async fn apply(&self, planned: &Planned, disturbance: Disturbance) -> Option<(Vec<Outcome>, Vec<usize>)> {
        let (stop, ended) = (Stop::default(), Arc::new(Mutex::new(vec![])));
        let (soon, told, aws) = (
            stop.soon.clone(),
            Arc::clone(&ended),
            Arc::clone(&self.session.aws),
        );
        let stop_if = move |done: usize| {
            if matches!(disturbance, Disturbance::Stopped { steps } if steps == done) {
                soon.cancel();
            }
        };
        stop_if(0);
        let watch: Arc<Watch<'static>> = Arc::new(move |event| {
            if let Event::Ended(..) = event {
                let mut told = told.lock().unwrap();
                told.push(writes(&aws).len());
                stop_if(told.len());
            }
        });
        let work = self.session.run(planned, &|_| true, 1, &stop, &watch);
        let outcomes = self.killed.run_until_cancelled(work).await?;
        let ended = ended.lock().unwrap().clone();
        Some((outcomes, ended))
    }

    /// The account without what another order of the same calls changes: times, identifiers, the order of lists.
    fn normal(&self) -> Value {
        let mut account = self
            .sandbox
            .inspect(|account| serde_json::to_value(account).unwrap())
            .unwrap();
        normalise(&mut account);
        account
    }
}

/// The writes so far, in their order.
fn writes(aws: &Aws) -> Vec<String> {
    let calls = aws.calls();
    let writes = calls.iter().filter(|call| !call.is_read());
    writes.map(CallName::to_string).collect()
}

async fn reach(sandbox: &Sandbox, left: usize, killed: &CancellationToken) -> Session {
    let client = Deadly {
        client: sandbox.http_client(),
        connector: None,
        left: Arc::new(AtomicUsize::new(left)),
        killed: killed.clone(),
    };
    let connect = Connect {
        region: Some(REGIONS[0].parse().unwrap()),
        http_client: Some(SharedHttpClient::new(client)),
        ..Connect::default()
    };
    Session::open(trueup::controls::registry(), connect, None)
        .await
        .unwrap()
}

/// The fault that hits exactly the n-th write of an undisturbed run.
fn fault(writes: &[String], n: usize, kind: InjectedKind) -> InjectedFault {
    let call = &writes[n - 1];
    InjectedFault {
        call: call.clone(),
        region: None,
        nth: Some(writes[..n].iter().filter(|write| *write == call).count() as u64),
        every: None,
        kind,
        code: None,
        message: None,
        status: None,
        carried_out: false,
    }
}

fn normalise(value: &mut Value) {
    match value {
        Value::Object(map) => {
            // The source of identifiers counts those of what is gone, too; a report is made of times; and who was asked
            // to subscribe by a call whose answer was lost is asked by a second mail.
            map.retain(|key, _| !["ids", "report", "requests"].contains(&key.as_str()));
            map.values_mut().for_each(normalise);
            map.sort_keys();
        }
        Value::Array(list) => {
            list.iter_mut().for_each(normalise);
            list.sort_by_cached_key(Value::to_string);
        }
        Value::Number(number) if number.as_f64().is_some_and(|number| number > 1e9) => {
            *value = "a time".into();
        }
        Value::String(text) if is_identifier(text) => *value = "an identifier".into(),
        _ => {}
    }
}

/// Hexadecimal digits in the forms of AWS's identifiers, alone or at the end of an ARN.
fn is_identifier(text: &str) -> bool {
    let last = text.rsplit(['/', ':']).next().unwrap_or(text);
    let digits = last.chars().filter(char::is_ascii_hexdigit).count();
    last.len() >= 16 && digits + 4 >= last.len()
}

async fn undisturbed() -> Undisturbed {
    let mut account = Account::new(Disturbance::None, None).await;
    let planned = account.plan().await;
    let (outcomes, after_step) = account.apply(&planned, Disturbance::None).await.unwrap();
    assert_eq!(done(&outcomes), planned.plan.steps.len(), "{outcomes:#?}");
    let writes = writes(&account.session.aws);
    assert_nothing_left(&account.plan().await, "undisturbed");
    Undisturbed {
        planned,
        env: account.session.env.clone(),
        writes,
        after_step,
        end: account.normal(),
    }
}

fn done(outcomes: &[Outcome]) -> usize {
    let done = outcomes.iter().filter(|outcome| **outcome == Outcome::Done);
    done.count()
}

#[track_caller]
fn assert_nothing_left(planned: &Planned, after: &str) {
    let titles: Vec<&str> = planned
        .plan
        .steps
        .iter()
        .map(|step| step.title.as_str())
        .collect();
    assert!(titles.is_empty(), "{after}: {titles:#?}");
    for cell in &planned.plan.cells {
        let fine = [Verdict::InSync, Verdict::NeedsPerson].contains(&cell.verdict);
        assert!(
            fine,
            "{after}: {} {}: {:?} {:?}",
            cell.control, cell.place, cell.verdict, cell.reasons
        );
    }
}

/// One disturbed apply, a second one, and a look at the end.
async fn disturbed(disturbance: Disturbance, undisturbed: &Undisturbed) {
    let said = format!("{disturbance:?}");
    let mut account = Account::new(disturbance, Some(undisturbed)).await;
    let first = account.apply(&undisturbed.planned, disturbance).await;
    let outcomes = first.map(|(outcomes, _)| outcomes);
    match (disturbance, &outcomes) {
        (Disturbance::Stopped { steps }, Some(outcomes)) => {
            assert_eq!(done(outcomes), steps, "{said}");
            let rest = outcomes.iter().filter(|outcome| **outcome == Outcome::NotStarted);
            assert_eq!(rest.count(), outcomes.len() - steps, "{said}");
        }
        (Disturbance::Killed { write }, None) => {
            assert_eq!(
                writes(&account.session.aws),
                undisturbed.writes[..write],
                "{said}"
            );
            // Another process has another connection.
            account.killed = CancellationToken::new();
            account.session = reach(&account.sandbox, 0, &account.killed).await;
        }
        (Disturbance::Refused { .. }, Some(outcomes)) => {
            let failed = outcomes
                .iter()
                .filter(|outcome| matches!(outcome, Outcome::Failed(_)));
            assert_eq!(failed.count(), 1, "{said}: {outcomes:#?}");
        }
        (Disturbance::Lost { .. }, Some(_)) => {}
        _ => panic!("{said}: {outcomes:#?}"),
    }
    if outcomes.is_none_or(|outcomes| done(&outcomes) != outcomes.len()) {
        let planned = account.plan().await;
        let (outcomes, _) = account.apply(&planned, Disturbance::None).await.unwrap();
        assert_eq!(done(&outcomes), planned.plan.steps.len(), "{said}: {outcomes:#?}");
    }
    // What is like the undisturbed account plans to nothing, as that does; where it is cheap, that is looked at, too.
    let mut end = account.normal();
    take_for_kept(&mut end, &undisturbed.end);
    assert!(
        end == undisturbed.end,
        "{said}: {}",
        difference(&undisturbed.end, &end)
    );
    if let Disturbance::Stopped { .. } = disturbance {
        assert_nothing_left(&account.plan().await, &said);
    }
}

/// A log group or a bucket whose retention was refused right after it was made keeps all without end, which is more than
/// the file asks for and stays, with a notice.
fn take_for_kept(end: &mut Value, undisturbed: &Value) {
    let (Some(end), Some(undisturbed)) = (end.as_object_mut(), undisturbed.as_object()) else {
        return;
    };
    if end.get("ID").is_some_and(|id| id == "trueup-log-retention")
        && let (None, Some(expiration)) = (end.get("Expiration"), undisturbed.get("Expiration"))
    {
        end.insert("Expiration".to_owned(), expiration.clone());
    }
    for (key, value) in end {
        let Some(other) = undisturbed.get(key) else {
            continue;
        };
        if key == "retention" && value.is_null() {
            *value = other.clone();
        } else {
            take_for_kept(value, other);
        }
        if let (Some(values), Some(others)) = (value.as_array_mut(), other.as_array()) {
            for (value, other) in values.iter_mut().zip(others) {
                take_for_kept(value, other);
            }
        }
    }
}

/// What of two accounts differs, line by line.
fn difference(one: &Value, other: &Value) -> String {
    let (one, other) = (format!("{one:#}"), format!("{other:#}"));
    similar::TextDiff::from_lines(&one, &other)
        .unified_diff()
        .context_radius(6)
        .to_string()
}

/// Tries them all, many at a time.
async fn each(undisturbed: Undisturbed, disturbances: Vec<Disturbance>) {
    assert!(disturbances.len() > 50, "{}", disturbances.len());
    let undisturbed = Arc::new(undisturbed);
    let tried = disturbances.into_iter().map(|disturbance| {
        let undisturbed = undisturbed.clone();
        tokio::spawn(async move { disturbed(disturbance, &undisturbed).await })
    });
    let tried: Vec<_> = stream::iter(tried).buffer_unordered(AT_ONCE).collect().await;
    let failed = tried.iter().filter(|ended| ended.is_err()).count();
    assert_eq!(failed, 0, "of {}; each is told above", tried.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_any_step_the_next_apply_ends_as_an_undisturbed_one() {
    let undisturbed = undisturbed().await;
    let steps = 0..undisturbed.planned.plan.steps.len();
    each(
        undisturbed,
        steps.map(|steps| Disturbance::Stopped { steps }).collect(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_becomes_of_any_write_the_next_apply_ends_as_an_undisturbed_one() {
    let undisturbed = undisturbed().await;
    let mut fates = vec![];
    for write in 1..=undisturbed.writes.len() {
        fates.extend([Disturbance::Refused { write }, Disturbance::Lost { write }]);
        // After the last write of a step the account is as after the step, which the other test is about.
        if !undisturbed.after_step.contains(&write) {
            fates.push(Disturbance::Killed { write });
        }
    }
    each(undisturbed, fates).await;
}
