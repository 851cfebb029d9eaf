//! One request and what becomes of it: the service's answer, or what the world does to it.

use serde::{Deserialize, Serialize};

use super::wire::{self, Decoded, Request, Response, Unread};
use super::world::{DeniedBy, FaultKind, World, fits};
use super::{
    Account, Answer, AwsError, Call, DEFAULT_REGIONS, OPT_IN_REGIONS, ec2, guardduty, iam, s3, s3control, sts,
};

/// Everything that is kept of a simulated account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    pub(super) world: World,
    pub(super) progress: Progress,
    pub(super) account: Account,
}

/// How far the world has come: kept with the account, so that several processes agree.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Progress {
    /// How often each fault's calls were made, in the world's order.
    faults: Vec<u64>,
    /// How often each event's calls were made.
    events: Vec<u64>,
    /// For each limit and region, when its tokens are all back: microseconds since 1970.
    limits: Vec<std::collections::BTreeMap<String, u64>>,
}

impl State {
    pub(super) fn new(world: World) -> Self {
        State {
            account: Account::new(&world),
            progress: Progress::default(),
            world,
        }
    }
}

/// What a request came to.
pub(super) struct Exchange {
    /// The service's short name; empty if the request does not tell.
    pub(super) service: String,
    /// The region that it was signed for.
    pub(super) region: String,
    /// The operation; empty if the request does not tell.
    pub(super) operation: String,
    /// The code of an error.
    pub(super) error: Option<String>,
    /// Whether the world made it so: the service itself would have answered otherwise.
    pub(super) injected: bool,
    /// Whether anything that is kept has changed.
    pub(super) changed: bool,
    /// How many milliseconds it takes.
    pub(super) latency_ms: u64,
    /// What the client sees.
    pub(super) effect: Effect,
}

/// What a client sees.
pub(super) enum Effect {
    /// An answer.
    Respond(Response),
    /// The connection breaks.
    Reset,
    /// Nothing, ever.
    Hang,
}

/// What the world does to a call before its service sees it.
enum Verdict {
    /// It is answered as the service does.
    Go,
    /// It is refused.
    Refuse(AwsError),
    /// Its answer never arrives; it may have been carried out.
    Lose {
        effect: fn() -> Effect,
        carried_out: bool,
    },
}

/// Answers a request. `now` is the time in microseconds since 1970, which only limits look at.
pub(super) fn exchange(state: &mut State, request: &Request, request_id: &str, now: u64) -> Exchange {
    let Decoded { call, protocol } = match wire::decode(request) {
        Ok(decoded) => decoded,
        Err(unread) => return refuse(&state.world, *unread, request_id),
    };
    let before = state.progress.clone();
    let mut changed = state.happen(&call);
    let (answer, effect, injected) = match state.verdict(&call, now) {
        Verdict::Go => (answer(&mut state.account, &call, &mut changed), None, false),
        Verdict::Refuse(error) => (Err(error), None, true),
        Verdict::Lose { effect, carried_out } => {
            if carried_out {
                // The client never learns how it went.
                let _ = answer(&mut state.account, &call, &mut changed);
            }
            (Ok(serde_json::Value::Null), Some(effect), true)
        }
    };
    let effect = effect.map_or_else(
        || {
            let mut response = wire::encode(protocol, Some(&call), &answer, request_id);
            if call.service == "s3"
                && let Some(region) = s3::region_of_bucket(&state.account, &call)
                && let Ok(region) = region.parse()
            {
                response.headers_mut().insert("x-amz-bucket-region", region);
            }
            Effect::Respond(response)
        },
        |effect| effect(),
    );
    Exchange {
        latency_ms: state.world.latency_ms(&call.region),
        error: answer.err().map(|error| error.code),
        injected,
        changed: changed || state.progress != before,
        effect,
        service: call.service.to_owned(),
        region: call.region,
        operation: call.operation,
    }
}

/// The answer to a request that tells no call.
fn refuse(world: &World, unread: Unread, request_id: &str) -> Exchange {
    let answer = Err(unread.error);
    Exchange {
        latency_ms: world.latency_ms(&unread.region),
        effect: Effect::Respond(wire::encode(unread.protocol, None, &answer, request_id)),
        error: answer.err().map(|error| error.code),
        injected: false,
        changed: false,
        service: unread.service,
        region: unread.region,
        operation: String::new(),
    }
}

/// The service's own answer. An error changes nothing in the account.
fn answer(account: &mut Account, call: &Call, changed: &mut bool) -> Answer {
    if !account.regions.contains_key(&call.region) {
        let exists = [DEFAULT_REGIONS, OPT_IN_REGIONS]
            .concat()
            .contains(&call.region.as_str());
        if !exists {
            return Err(AwsError::new(
                "NotInSandbox",
                format!("The sandbox has no region `{}`.", call.region),
            ));
        }
        // IAM has one endpoint for the whole partition: the region is only what the client happened to sign for.
        if call.service != "iam" {
            return Err(AwsError::region_not_enabled(call));
        }
    }
    if reads_only(&call.operation) {
        return dispatch(account, call);
    }
    let mut after = account.clone();
    let answer = dispatch(&mut after, call);
    if answer.is_ok() && after != *account {
        *account = after;
        *changed = true;
    }
    answer
}

fn dispatch(account: &mut Account, call: &Call) -> Answer {
    match call.service {
        "ec2" => ec2::handle(account, call),
        "guardduty" => guardduty::handle(account, call),
        "iam" => iam::handle(account, call),
        "s3" => s3::handle(account, call),
        "s3control" => s3control::handle(account, call),
        "sts" => sts::handle(account, call),
        _ => Err(AwsError::not_in_sandbox(call)),
    }
}

/// Whether an operation's name says that it changes nothing.
fn reads_only(operation: &str) -> bool {
    ["Describe", "Get", "Head", "List"]
        .iter()
        .any(|verb| operation.starts_with(verb))
}

impl State {
    /// Lets the events happen whose time has come; tells whether there were any.
    fn happen(&mut self, call: &Call) -> bool {
        let mut happened = false;
        let counts = &mut self.progress.events;
        counts.resize(self.world.event.len(), 0);
        for (event, count) in self.world.event.iter().zip(counts) {
            if event.region == call.region
                && fits(&event.before, call.service, &call.operation)
                && *count < event.nth
            {
                *count += 1;
                if *count == event.nth {
                    self.account.happen(event);
                    happened = true;
                }
            }
        }
        happened
    }

    /// What the world does to a call: first what is too often, then what is broken, then what is forbidden.
    fn verdict(&mut self, call: &Call, now: u64) -> Verdict {
        let counts = &mut self.progress.limits;
        counts.resize_with(self.world.limit.len(), Default::default);
        for (limit, buckets) in self.world.limit.iter().zip(counts) {
            if fits(&limit.call, call.service, &call.operation)
                && !take_token(
                    buckets.entry(call.region.clone()).or_default(),
                    limit.per_second,
                    limit.burst,
                    now,
                )
            {
                return Verdict::Refuse(throttled(call));
            }
        }
        let counts = &mut self.progress.faults;
        counts.resize(self.world.fault.len(), 0);
        for (fault, count) in self.world.fault.iter().zip(counts) {
            let here = fault.region.as_ref().is_none_or(|region| *region == call.region);
            if !here || !fits(&fault.call, call.service, &call.operation) {
                continue;
            }
            // Without a number there is nothing to count, and so nothing to write after a read.
            let strikes = match (fault.nth, fault.every) {
                (None, None) => true,
                (nth, every) => {
                    *count += 1;
                    nth == Some(*count) || every.is_some_and(|every| *count % every == 0)
                }
            };
            if strikes {
                let carried_out = fault.carried_out;
                return match fault.kind {
                    FaultKind::Throttle => Verdict::Refuse(throttled(call)),
                    FaultKind::Reset => Verdict::Lose {
                        effect: || Effect::Reset,
                        carried_out,
                    },
                    FaultKind::Hang => Verdict::Lose {
                        effect: || Effect::Hang,
                        carried_out,
                    },
                    FaultKind::Error => Verdict::Refuse(AwsError::with_status(
                        fault.status.unwrap_or(400),
                        fault.code.as_deref().unwrap_or_default(),
                        fault
                            .message
                            .as_deref()
                            .unwrap_or("The world of this sandbox wants this call to fail."),
                    )),
                };
            }
        }
        match self.denied(call) {
            Some(error) => Verdict::Refuse(error),
            None => Verdict::Go,
        }
    }

    fn denied(&self, call: &Call) -> Option<AwsError> {
        let (service, action) = iam_action(call);
        // Nobody can be kept from asking who they are.
        if action == "GetCallerIdentity" {
            return None;
        }
        let global = ["iam", "sts", "s3", "s3control"].contains(&call.service);
        let rule = self.world.deny.iter().find(|deny| {
            let here = deny.region.as_ref().is_none_or(|region| *region == call.region);
            let this = deny
                .action
                .as_ref()
                .map_or(!global, |pattern| fits(pattern, service, action));
            here && this
        })?;
        let why = match rule.by {
            DeniedBy::Scp => "with an explicit deny in a service control policy".to_owned(),
            DeniedBy::Iam => format!("because no identity-based policy allows the {service}:{action} action"),
        };
        let who = format!(
            "User: {} is not authorized to perform: {service}:{action} on resource: {}",
            self.account.caller.arn,
            resource(call, &self.account.id),
        );
        let (code, message) = match call.service {
            "ec2" => (
                "UnauthorizedOperation",
                format!("You are not authorized to perform this operation. {who} {why}."),
            ),
            "guardduty" => ("AccessDeniedException", format!("{who} {why}")),
            _ => ("AccessDenied", format!("{who} {why}")),
        };
        Some(AwsError::with_status(403, code, message))
    }
}

/// The service and the name that IAM knows an operation by.
fn iam_action(call: &Call) -> (&'static str, &str) {
    match (call.service, call.operation.as_str()) {
        ("s3control", "GetPublicAccessBlock") => ("s3", "GetAccountPublicAccessBlock"),
        ("s3control", _) => ("s3", "PutAccountPublicAccessBlock"),
        ("s3", "ListBuckets") => ("s3", "ListAllMyBuckets"),
        ("s3", "HeadBucket") => ("s3", "ListBucket"),
        ("s3", "GetPublicAccessBlock") => ("s3", "GetBucketPublicAccessBlock"),
        ("s3", "PutPublicAccessBlock" | "DeletePublicAccessBlock") => ("s3", "PutBucketPublicAccessBlock"),
        (service, operation) => (service, operation),
    }
}

/// The resource that a denial names.
fn resource(call: &Call, account_id: &str) -> String {
    match call.service {
        "ec2" => format!("arn:aws:ec2:{}:{account_id}:*", call.region),
        "guardduty" => format!("arn:aws:guardduty:{}:{account_id}:detector/*", call.region),
        "s3" => match call.input["Bucket"].as_str() {
            Some(bucket) => format!("\"arn:aws:s3:::{bucket}\""),
            None => "*".to_owned(),
        },
        _ => "*".to_owned(),
    }
}

fn throttled(call: &Call) -> AwsError {
    match call.service {
        "ec2" => AwsError::with_status(503, "RequestLimitExceeded", "Request limit exceeded."),
        "guardduty" => AwsError::with_status(429, "TooManyRequestsException", "Too Many Requests"),
        "s3" | "s3control" => AwsError::with_status(503, "SlowDown", "Please reduce your request rate."),
        _ => AwsError::new("Throttling", "Rate exceeded"),
    }
}

/// Takes a token from a bucket of `burst` tokens that come back at `per_second`. The bucket is one number, the time
/// at which it is full again (the generic cell rate algorithm).
fn take_token(full_at: &mut u64, per_second: f64, burst: u32, now: u64) -> bool {
    let interval = (1_000_000.0 / per_second) as u64;
    let full_after = (*full_at).max(now) + interval;
    let fits = full_after - now <= interval * u64::from(burst);
    if fits {
        *full_at = full_after;
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(world: &str) -> State {
        State::new(world.parse().unwrap())
    }

    fn signed(region: &str, service: &str) -> http::request::Builder {
        http::Request::builder().header("host", "localhost").header(
            "authorization",
            format!(
                "AWS4-HMAC-SHA256 Credential=AKID/20261123/{region}/{service}/aws4_request, SignedHeaders=host, \
                 Signature=0"
            ),
        )
    }

    fn list_detectors(region: &str) -> Request {
        signed(region, "guardduty").uri("/detector").body(vec![]).unwrap()
    }

    fn query(region: &str, service: &str, form: &str) -> Request {
        signed(region, service)
            .method("POST")
            .uri("/")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.as_bytes().to_vec())
            .unwrap()
    }

    fn ask(state: &mut State, request: &Request) -> Exchange {
        exchange(state, request, "r-1", 0)
    }

    fn body(exchange: &Exchange) -> (u16, String) {
        match &exchange.effect {
            Effect::Respond(response) => (
                response.status().as_u16(),
                String::from_utf8(response.body().clone()).unwrap(),
            ),
            _ => panic!("no response"),
        }
    }

    #[test]
    fn an_unsigned_request_is_refused() {
        let request = http::Request::builder().uri("/detector").body(vec![]).unwrap();
        let exchange = ask(&mut state(""), &request);
        assert_eq!(body(&exchange).0, 403);
        assert_eq!(exchange.error.as_deref(), Some("MissingAuthenticationToken"));
    }

    #[test]
    fn what_the_sandbox_does_not_know_is_said_and_is_not_retried() {
        for request in [
            query("us-east-1", "iam", "Action=ListUsers&Version=2010-05-08"),
            query("us-east-1", "rds", "Action=DescribeDBInstances"),
            query("us-east-1", "ec2", "Action=DescribeMacHosts"),
            signed("us-east-1", "guardduty")
                .uri("/ipset")
                .body(vec![])
                .unwrap(),
            signed("us-east-1", "s3").uri("/bucket/key").body(vec![]).unwrap(),
            query("eu-west-9", "ec2", "Action=DescribeVpcs"),
        ] {
            let exchange = ask(&mut state(""), &request);
            assert_eq!(exchange.error.as_deref(), Some("NotInSandbox"), "{request:?}");
            assert_eq!(body(&exchange).0, 400);
        }
        let (_, text) = body(&ask(
            &mut state(""),
            &query("us-east-1", "iam", "Action=ListUsers"),
        ));
        assert!(text.contains("iam:ListUsers"), "{text}");
    }

    #[test]
    fn the_protocols_answer() {
        let mut state = state("alias = \"acme\"");
        let (status, text) = body(&ask(
            &mut state,
            &query("eu-west-1", "iam", "Action=ListAccountAliases"),
        ));
        assert_eq!(status, 200);
        assert!(
            text.contains("<AccountAliases><member>acme</member></AccountAliases>"),
            "{text}"
        );
        let (status, text) = body(&ask(&mut state, &list_detectors("eu-west-1")));
        assert_eq!((status, text.as_str()), (200, r#"{"detectorIds":[]}"#));
        let (_, text) = body(&ask(
            &mut state,
            &query("eu-west-1", "sts", "Action=GetCallerIdentity"),
        ));
        assert!(text.contains("<Account>123456789012</Account>"), "{text}");
    }

    #[test]
    fn a_region_that_is_not_enabled_knows_no_credentials() {
        let mut state = state("");
        for (request, code) in [
            (query("me-south-1", "ec2", "Action=DescribeVpcs"), "AuthFailure"),
            (list_detectors("me-south-1"), "UnrecognizedClientException"),
            (
                query("me-south-1", "sts", "Action=GetCallerIdentity"),
                "InvalidClientTokenId",
            ),
        ] {
            let exchange = ask(&mut state, &request);
            assert_eq!(exchange.error.as_deref(), Some(code));
            assert!(!exchange.injected);
        }
        assert_eq!(
            ask(
                &mut state,
                &query("me-south-1", "iam", "Action=ListAccountAliases")
            )
            .error,
            None
        );
    }

    #[test]
    fn a_denied_region_says_who_denies_it() {
        let mut state =
            state("[[deny]]\nregion = \"eu-west-1\"\n[[deny]]\naction = \"iam:List*\"\nby = \"iam\"");
        let exchange = ask(&mut state, &list_detectors("eu-west-1"));
        assert_eq!(exchange.error.as_deref(), Some("AccessDeniedException"));
        assert!(exchange.injected);
        let (status, text) = body(&exchange);
        assert_eq!(status, 403);
        assert!(text.contains("guardduty:ListDetectors"), "{text}");
        assert!(
            text.contains("with an explicit deny in a service control policy"),
            "{text}"
        );
        let exchange = ask(&mut state, &query("eu-west-1", "ec2", "Action=DescribeVpcs"));
        assert_eq!(exchange.error.as_deref(), Some("UnauthorizedOperation"));
        let (_, text) = body(&ask(
            &mut state,
            &query("us-east-1", "iam", "Action=ListAccountAliases"),
        ));
        assert!(
            text.contains("because no identity-based policy allows the iam:ListAccountAliases action"),
            "{text}"
        );
        assert_eq!(ask(&mut state, &list_detectors("eu-west-2")).error, None);
        assert_eq!(
            ask(&mut state, &query("eu-west-1", "sts", "Action=GetCallerIdentity")).error,
            None
        );
    }

    #[test]
    fn faults_strike_when_their_time_has_come() {
        let mut state = state(
            "[[fault]]\ncall = \"guardduty:ListDetectors\"\nnth = 2\nkind = \"throttle\"\n\
             [[fault]]\ncall = \"sts:*\"\nkind = \"reset\"\n\
             [[fault]]\ncall = \"iam:*\"\nevery = 2\nkind = \"error\"\ncode = \"ServiceFailure\"\nstatus = 500",
        );
        let codes: Vec<_> = (0..3)
            .map(|_| ask(&mut state, &list_detectors("eu-west-1")).error)
            .collect();
        assert_eq!(codes, [None, Some("TooManyRequestsException".to_owned()), None]);
        let reset = ask(&mut state, &query("eu-west-1", "sts", "Action=GetCallerIdentity"));
        assert!(matches!(reset.effect, Effect::Reset));
        let mut alias = || {
            ask(
                &mut state,
                &query("us-east-1", "iam", "Action=ListAccountAliases"),
            )
            .error
        };
        assert_eq!(alias(), None);
        assert_eq!(alias().as_deref(), Some("ServiceFailure"));
        assert_eq!(alias(), None);
    }

    #[test]
    fn a_lost_answer_may_be_that_of_a_call_carried_out() {
        let mut state = state(
            "[[fault]]\ncall = \"iam:CreateAccountAlias\"\nnth = 1\nkind = \"reset\"\ncarried_out = true",
        );
        ask(
            &mut state,
            &query("us-east-1", "iam", "Action=CreateAccountAlias&AccountAlias=acme"),
        );
        assert_eq!(state.account.iam.alias.as_deref(), Some("acme"));
    }

    #[test]
    fn limits_are_buckets_of_tokens() {
        let mut state = state("[[limit]]\ncall = \"guardduty:*\"\nper_second = 2\nburst = 2");
        let mut at = |now| {
            exchange(&mut state, &list_detectors("eu-west-1"), "r", now)
                .error
                .is_none()
        };
        let second = 1_000_000;
        assert_eq!([at(second), at(second), at(second)], [true, true, false]);
        assert_eq!([at(second * 3 / 2), at(second * 3 / 2)], [true, false]);
        assert_eq!(
            [at(second * 9), at(second * 9), at(second * 9)],
            [true, true, false]
        );
        assert_eq!(
            exchange(&mut state, &list_detectors("us-east-1"), "r", second).error,
            None
        );
    }

    #[test]
    fn an_event_happens_once() {
        let mut state = state(
            "[[detector]]\nregion = \"eu-west-1\"\n[[event]]\nbefore = \"guardduty:ListDetectors\"\n\
             region = \"eu-west-1\"\nnth = 2\ndelete_detector = true",
        );
        let mut found = || body(&ask(&mut state, &list_detectors("eu-west-1"))).1.len() > 30;
        assert_eq!([found(), found()], [true, false]);
        state.account.regions.get_mut("eu-west-1").unwrap().guardduty =
            Account::new(&state.world).regions["eu-west-1"].guardduty.clone();
        assert!(body(&ask(&mut state, &list_detectors("eu-west-1"))).1.len() > 30);
    }
}
