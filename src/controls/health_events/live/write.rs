//! The writing calls.

use std::future::Future;

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::error::BuildError;
use aws_sdk_eventbridge::types::{InputTransformer, RuleState, Tag, Target};
use serde_json::Value;
use trueup_aws::wait::{self, TWO_MINUTES};
use trueup_aws::{Cx, Failure, done};
use trueup_core::env::Env;
use trueup_core::fault::{Fault, FaultKind};
use trueup_core::location::Region;
use trueup_core::tags::Tags;
use trueup_core::values::Template;
use trueup_policy::Policy;

use super::read::targets;
use crate::health_events::model::Action;
use crate::health_events::{FORWARD, POLICY, message, role};
use crate::roles;

/// The id of our targets.
const ID: &str = "trueup";

/// What the rules are for.
pub(super) const DESCRIPTION: &str = "What AWS Health has to say, for the alerts topic";

/// The ARN of a rule of the default event bus.
pub(super) fn rule_arn(env: &Env, region: &Region, name: &str) -> String {
    format!(
        "arn:{}:events:{region}:{}:rule/{name}",
        env.partition, env.account
    )
}

pub(super) async fn role(action: &Action, cx: &Cx) -> Result<(), Failure> {
    let iam = &cx.clients().iam;
    match action {
        Action::CreateRole { boundary, tags } => {
            let new = roles::New {
                name: FORWARD,
                trust: &Policy::of([role::trusts()]),
                description: Some(DESCRIPTION),
                max_session: None,
                boundary: boundary.as_ref().map(Template::as_str),
                tags,
            };
            roles::create(cx, new).await
        }
        Action::PutBoundary { boundary } => roles::set_boundary(cx, FORWARD, boundary).await,
        Action::TrustEventBridge => {
            let live = roles::get(iam, FORWARD).await?;
            let live = live.ok_or_else(|| {
                Failure::answer("iam:GetRole", format!("the role {FORWARD} is gone; plan again"))
            })?;
            match roles::trust(&live)?.merged(&[role::trusts()]) {
                Some(merged) => roles::set_trust(cx, FORWARD, &merged).await,
                None => Ok(()),
            }
        }
        Action::LetPutEvents { bus } => roles::put_inline(cx, FORWARD, POLICY, &role::lets(bus)).await,
        Action::TagRole { tags } => roles::tag(iam, FORWARD, tags).await,
        Action::DeleteRole => {
            let policy = iam.delete_role_policy().role_name(FORWARD).policy_name(POLICY);
            done(policy.send().await, &[roles::NONE])?;
            roles::delete(iam, FORWARD).await
        }
        // Everything else is EventBridge's.
        _ => Ok(()),
    }
}

/// `PutRule` forgets what is left out, so everything that the rule has is sent back (EventBridge API
/// reference, `PutRule`).
pub(super) async fn change(
    events: &Client,
    name: &str,
    pattern: Option<&Value>,
    enable: bool,
) -> Result<(), Failure> {
    let live = events.describe_rule().name(name).send().await?;
    let state = match enable {
        true => Some(RuleState::Enabled),
        false => live.state,
    };
    events
        .put_rule()
        .name(name)
        .set_event_pattern(pattern.map(ToString::to_string).or(live.event_pattern))
        .set_schedule_expression(live.schedule_expression)
        .set_description(live.description)
        .set_role_arn(live.role_arn)
        .set_state(state)
        .send()
        .await?;
    Ok(())
}

pub(super) fn target(id: String, arn: &str) -> Result<Target, Failure> {
    built(Target::builder().id(id).arn(arn).build())
}

/// An id that no target of the rule has: putting a target of the same id would replace it.
pub(super) fn free_id(live: &[Target]) -> String {
    let numbered = (2..).map(|n| format!("{ID}-{n}"));
    let mut ids = std::iter::once(ID.to_owned()).chain(numbered);
    ids.find(|id| live.iter().all(|target| target.id != *id))
        .unwrap_or_default()
}

pub(super) async fn existing(events: &Client, rule: &str, id: &str) -> Result<Target, Failure> {
    let live = targets(events, rule).await?.into_iter();
    let mut named = live.filter(|target| target.id == id);
    named.next().ok_or_else(|| {
        let what = format!("the rule {rule} no longer has the target {id}; plan again");
        Failure::answer("events:ListTargetsByRule", what)
    })
}

/// The target with this message, in place of whatever else was sent to it.
pub(super) fn worded(mut target: Target, lines: &[String]) -> Result<Target, Failure> {
    let made = message::render(lines);
    let transformer = InputTransformer::builder()
        .set_input_paths_map(Some(made.paths.into_iter().collect()))
        .input_template(made.template);
    (target.input, target.input_path) = (None, None);
    target.input_transformer = Some(built(transformer.build())?);
    Ok(target)
}

pub(super) async fn put(cx: &Cx, events: &Client, rule: &str, target: Target) -> Result<(), Failure> {
    patiently(cx, || async {
        let answer = events
            .put_targets()
            .rule(rule)
            .targets(target.clone())
            .send()
            .await?;
        let failed = answer.failed_entries.unwrap_or_default().into_iter();
        let first = failed.map(|one| (one.error_code, one.error_message)).next();
        refused("events:PutTargets", answer.failed_entry_count, first)
    })
    .await
}

pub(super) async fn remove(cx: &Cx, events: &Client, rule: &str, id: &str) -> Result<(), Failure> {
    let gone = patiently(cx, || async {
        let answer = events.remove_targets().rule(rule).ids(id).send().await?;
        let failed = answer.failed_entries.unwrap_or_default().into_iter();
        let first = failed.map(|one| (one.error_code, one.error_message)).next();
        refused("events:RemoveTargets", answer.failed_entry_count, first)
    });
    match gone.await {
        Err(fault) if fault.is("ResourceNotFoundException") => Ok(()),
        other => other,
    }
}

/// What an answer of status 200 says of targets that it did not take.
pub(crate) fn refused(
    call: &str,
    count: i32,
    first: Option<(Option<String>, Option<String>)>,
) -> Result<(), Failure> {
    if count == 0 {
        return Ok(());
    }
    let (code, message) = first.unwrap_or_default();
    Err(Failure(Fault {
        kind: FaultKind::Service,
        call: call.to_owned(),
        code,
        message: message
            .unwrap_or_else(|| format!("{count} targets were not taken, and EventBridge does not say why")),
        request_id: None,
    }))
}

/// Tries again as long as somebody else changes the same rule, or EventBridge does not see a new role yet.
pub(super) async fn patiently<F>(cx: &Cx, call: impl Fn() -> F + Send) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>> + Send,
{
    let is_passing = |fault: &Fault| {
        fault.is("ConcurrentModificationException")
            || fault.is("ValidationException") && fault.message.contains("cannot be assumed")
    };
    let wait = cx.wait_until("EventBridge sees the role and the rule");
    wait::while_passing(wait, TWO_MINUTES, is_passing, call).await
}

pub(super) fn api_tags(tags: &Tags) -> Result<Vec<Tag>, Failure> {
    let pairs = tags.iter();
    pairs
        .map(|(key, value)| built(Tag::builder().key(key).value(value).build()))
        .collect()
}

/// A part of a request that its own builder does not take: nothing was sent.
fn built<T>(part: Result<T, BuildError>) -> Result<T, Failure> {
    part.map_err(|error| Failure::answer("events", error.to_string()))
}
