//! What a world does to a call: events before it, limits, faults and denials in its way, answers that come late.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::exchange::{Effect, State, answer, reads_only};
use super::world::{DeniedBy, InjectedFault, InjectedKind, World, fits};
use super::{Account, Answer, AwsError, Call, services};

/// How far the world has come: kept with the account, so that several processes agree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Course {
    /// How often each fault's calls were made, in the world's order.
    faults: Vec<u64>,
    /// How often each event's calls were made.
    events: Vec<u64>,
    /// For each limit and region, when its tokens are all back: microseconds since 1970.
    limits: Vec<BTreeMap<String, u64>>,
    /// For each lag, what its reads see.
    lags: Vec<Option<Stale>>,
}

/// An account as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stale {
    /// Until when it is seen: microseconds since 1970.
    until: u64,
    account: Account,
}

impl Course {
    pub(super) fn of(world: &World) -> Self {
        Course {
            faults: vec![0; world.fault.len()],
            events: vec![0; world.event.len()],
            limits: vec![BTreeMap::new(); world.limit.len()],
            lags: vec![None; world.lag.len()],
        }
    }
}

/// What the world does to a call before its service sees it.
pub(super) enum Interference {
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

impl State {
    /// Lets the events happen whose time has come; tells whether there were any.
    pub(super) fn happen(&mut self, call: &Call) -> bool {
        let mut happened = false;
        for (event, count) in self.world.event.iter().zip(&mut self.progress.events) {
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

    /// The service's answer, unless it is one that lags behind.
    pub(super) fn go(&mut self, call: &Call, now: u64, changed: &mut bool) -> Answer {
        if reads_only(&call.operation) {
            let mut rules = self.world.lag.iter().zip(&self.progress.lags);
            let stale = rules.find_map(|(lag, stale)| {
                let stale = stale.as_ref().filter(|stale| now < stale.until)?;
                fits(&lag.call, call.service, &call.operation).then_some(stale)
            });
            return match stale {
                Some(stale) => answer(&mut stale.account.clone(), call, changed),
                None => answer(&mut self.account, call, changed),
            };
        }
        let before = (!self.world.lag.is_empty()).then(|| self.account.clone());
        let mut wrote = false;
        let answer = answer(&mut self.account, call, &mut wrote);
        *changed |= wrote;
        if let (true, Some(before)) = (wrote, before) {
            for (lag, stale) in self.world.lag.iter().zip(&mut self.progress.lags) {
                let same_service = lag.call.split(':').next() == Some(call.service) || lag.call == "*";
                // A second change while the first is unseen does not put off the end: reads are late, not stuck.
                if same_service && stale.as_ref().is_none_or(|stale| stale.until <= now) {
                    *stale = Some(Stale {
                        until: now + (lag.seconds * 1_000_000.0) as u64,
                        account: before.clone(),
                    });
                }
            }
        }
        answer
    }

    /// What the world does to a call: first what is too often, then what is broken, then what is forbidden.
    pub(super) fn interference(&mut self, call: &Call, now: u64) -> Interference {
        // Every call counts for every fault, also one that another rule catches.
        let fault = self.fault(call);
        if self.is_limited(call, now) {
            return Interference::Refuse(services::of(call).throttled.error());
        }
        if let Some(fault) = fault {
            let carried_out = fault.carried_out;
            return match fault.kind {
                InjectedKind::Throttle => Interference::Refuse(services::of(call).throttled.error()),
                InjectedKind::Reset => Interference::Lose {
                    effect: || Effect::Reset,
                    carried_out,
                },
                InjectedKind::Hang => Interference::Lose {
                    effect: || Effect::Hang,
                    carried_out,
                },
                InjectedKind::Error => Interference::Refuse(AwsError::with_status(
                    fault.status.unwrap_or(400),
                    fault.code.as_deref().unwrap_or_default(),
                    fault
                        .message
                        .as_deref()
                        .unwrap_or("The world of this sandbox wants this call to fail."),
                )),
            };
        }
        match self.denied(call, now) {
            Some(error) => Interference::Refuse(error),
            None => Interference::Go,
        }
    }

    /// The first fault whose turn it is.
    fn fault(&mut self, call: &Call) -> Option<InjectedFault> {
        let mut found = None;
        for (fault, count) in self.world.fault.iter().zip(&mut self.progress.faults) {
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
            if strikes && found.is_none() {
                found = Some(fault.clone());
            }
        }
        found
    }

    fn is_limited(&mut self, call: &Call, now: u64) -> bool {
        for (limit, buckets) in self.world.limit.iter().zip(&mut self.progress.limits) {
            if fits(&limit.call, call.service, &call.operation) {
                let bucket = buckets.entry(call.region.clone()).or_default();
                if !take_token(bucket, limit.per_second, limit.burst, now) {
                    return true;
                }
            }
        }
        false
    }

    fn denied(&self, call: &Call, now: u64) -> Option<AwsError> {
        let service = services::of(call);
        let (prefix, action) = (service.iam_prefix, (service.iam_action)(&call.operation));
        // Nobody can be kept from asking who they are.
        if action == "GetCallerIdentity" {
            return None;
        }
        let rule = self.world.deny.iter().find(|deny| {
            let here = deny.region.as_ref().is_none_or(|region| *region == call.region);
            let this = deny
                .action
                .as_ref()
                .map_or(!service.survives_region_denial, |pattern| {
                    fits(pattern, prefix, action)
                });
            here && this
        })?;
        let why = match rule.by {
            DeniedBy::Scp => "with an explicit deny in a service control policy".to_owned(),
            DeniedBy::Iam => format!("because no identity-based policy allows the {prefix}:{action} action"),
        };
        // What some services add is fresh each time.
        let details = match call.service {
            "iam" => format!(
                ". Go to https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1#/authorization-details/{now:x} \
                 for complete details, or call the GetRequestAuthorizationDetails API with the following authorization \
                 id: {now:x}"
            ),
            "ec2" => format!(". Encoded authorization failure message: {now:x}"),
            _ => String::new(),
        };
        Some((service.denied)(format!(
            "User: {} is not authorized to perform: {prefix}:{action} on resource: {} {why}{details}",
            self.account.caller.arn,
            (service.denied_resource)(call, &self.account.id),
        )))
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
