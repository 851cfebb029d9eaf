//! One request and what becomes of it: the service's answer, or what the world does to it.

use serde::{Deserialize, Serialize};

use super::fresh::Fresh;
use super::trouble::{Course, Interference};
use super::wire::{self, Decoded, Request, Response, Unread};
use super::{Account, Answer, AwsError, Call, DEFAULT_REGIONS, OPT_IN_REGIONS, World, services};

/// Everything that is kept of a simulated account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    pub(super) world: World,
    pub(super) progress: Course,
    pub(super) account: Account,
}

impl State {
    pub(super) fn new(world: World) -> Self {
        State {
            account: Account::new(&world),
            progress: Course::of(&world),
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

/// Answers a request. `now` is the time in microseconds since 1970.
pub(super) fn exchange(state: &mut State, request: &Request, request_id: &str, now: u64) -> Exchange {
    let fresh = state.world.fresh_texts.then(|| Fresh::new(request_id, now));
    let request_id = fresh.as_ref().map_or(request_id, |fresh| &fresh.request_id);
    let Decoded { call, protocol } = match wire::decode(request, (now / 1_000_000).cast_signed()) {
        Ok(decoded) => decoded,
        Err(unread) => return refuse(&state.world, *unread, request_id),
    };
    let before = state.progress.clone();
    let mut changed = state.happen(&call);
    let (answer, effect, injected) = match state.interference(&call, now) {
        Interference::Go => (state.go(&call, now, &mut changed), None, false),
        Interference::Refuse(error) => (Err(error), None, true),
        Interference::Lose { effect, carried_out } => {
            if carried_out {
                // The client never learns how it went.
                let _ = state.go(&call, now, &mut changed);
            }
            (Ok(serde_json::Value::Null), Some(effect), true)
        }
    };
    let answer = answer.map_err(|error| match &fresh {
        Some(fresh) => fresh.refusal(error),
        None => error,
    });
    let effect = effect.map_or_else(
        || {
            let mut response = wire::encode(protocol, Some(&call), &answer, request_id);
            if let Some((name, value)) = (services::of(&call).header)(&state.account, &call)
                && let Ok(value) = value.parse()
            {
                response.headers_mut().insert(name, value);
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
pub(super) fn answer(account: &mut Account, call: &Call, changed: &mut bool) -> Answer {
    let service = services::of(call);
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
        if !service.is_global {
            return Err(AwsError::region_not_enabled(call));
        }
    }
    if reads_only(&call.operation) && !moves(&call.operation) {
        return (service.handle)(account, call);
    }
    let mut after = account.clone();
    let answer = (service.handle)(&mut after, call);
    if (answer.is_ok() || moves(&call.operation)) && after != *account {
        *account = after;
        *changed = true;
    }
    answer
}

/// Whether an operation's name says that it changes nothing.
pub(super) fn reads_only(operation: &str) -> bool {
    ["Describe", "Get", "Head", "List"]
        .iter()
        .any(|verb| operation.starts_with(verb))
}

/// Whether a read moves what it reads all the same: a report that is asked after is ready the next time.
fn moves(operation: &str) -> bool {
    operation == "GetCredentialReport"
}

#[cfg(test)]
mod tests;
