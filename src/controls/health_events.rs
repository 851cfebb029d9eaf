//! What AWS Health has to say, sent to the alerts topic.
//!
//! Each region's events come to its own event bus. One rule in the home region sends what it hears to the topic; rules
//! in other regions forward theirs to the home region's bus, through a role. Which region forwards what, so that each
//! event is told once, is in `coverage.rs`.
//!
//! Rules are recognised by what they do: one of somebody else's that hears AWS Health in the home region is taken over
//! under its own name, with whatever else it does. Rules that AWS services made for themselves are never touched.

use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::{AssetKind, Changes};
use trueup_core::control::{Calls, Control, Doc, Here, Observed, Wants};
use trueup_core::env::Env;
use trueup_core::location::Scope;

use crate::alerts::Alerts;
use crate::role_rights::wrong_boundary;

mod coverage;
mod diff;
mod events;
mod live;
mod message;
mod model;
mod role;
#[cfg(test)]
mod tests;

use self::model::{Action, Ids, Model, To};

/// The control.
pub(crate) struct HealthEvents;

/// The EventBridge rules of a region: what could not be read cannot be made true there.
const RULES: AssetKind = AssetKind {
    control: "health_events",
    what: "EventBridge rules",
};

/// The rule that sends to the topic, where there is none yet that could.
const RULE: &str = "trueup-health-events";

/// The rules that forward, and the role that they use.
const FORWARD: &str = "trueup-health-forward";

/// The role's policy.
const POLICY: &str = "put-events";

/// The targets of a rule at most (EventBridge quotas).
const TARGETS: usize = 5;

/// The ARN of the home region's event bus, which the others forward to.
fn bus(env: &Env) -> String {
    format!(
        "arn:{}:events:{}:{}:event-bus/default",
        env.partition, env.home, env.account
    )
}

impl Control for HealthEvents {
    const NAME: &'static str = "health_events";
    const SCOPE: Scope = Scope::Account;
    const DOC: Doc = Doc {
        title: "AWS Health events through EventBridge",
        items: &[9],
        why: "AWS tells through AWS Health of a compromised account, of instances to be retired and of outages; the \
              mails about it go to the root user's address alone.",
        decides: &[
            "In each covered region an enabled rule on the default bus matches the account's events and abuse events.",
            "Its target is the topic or, from other regions, the home region's bus, through a role that EventBridge can assume and that may put events.",
            "The message of rules that trueup made equals the written one; others' may be anything.",
        ],
        off: "state = \"absent\" removes the rules and the role that trueup made",
        cost: "free; forwarding costs 1 USD for a million events",
        benchmarks: &[],
        page: "https://docs.aws.amazon.com/health/latest/ug/cloudwatch-events-health.html",
        example: r#"[health_events]
coverage = "minimal"      # what us-east-1 and us-west-2 hear; "full": public events of all regions
message = [
  "<type>: <service> in <region>",
  "<eventTypeCode> since <startTime>",
  "<eventDescription>",
  "https://health.aws.amazon.com/health/home",
]
"#,
    };
    const CALLS: Calls = Calls {
        read: &[
            "events:ListRules",
            "events:ListTagsForResource",
            "events:ListTargetsByRule",
            "iam:GetPolicy",
            "iam:GetPolicyVersion",
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
        ],
        write: &[
            "events:DeleteRule",
            "events:DescribeRule",
            "events:PutRule",
            "events:PutTargets",
            "events:RemoveTargets",
            "events:TagResource",
            "iam:CreateRole",
            "iam:DeleteRole",
            "iam:DeleteRolePolicy",
            "iam:PutRolePermissionsBoundary",
            "iam:PutRolePolicy",
            "iam:TagRole",
            "iam:UpdateAssumeRolePolicy",
        ],
    };

    type Model = Model;
    type Ids = Ids;
    type Action = Action;

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        let wrong = want.message.as_deref().filter(|_| !want.is_absent());
        let message = wrong.and_then(message::wrong).map(|what| ("message", what));
        let boundary = want.permissions_boundary.as_ref().and_then(wrong_boundary);
        let boundary = boundary.map(|what| ("permissions_boundary", what));
        message.into_iter().chain(boundary).collect()
    }

    fn refers_to(want: &Model) -> Vec<(&'static str, &'static str)> {
        match &want.to {
            _ if want.is_absent() => vec![],
            None => vec![("", Alerts::NAME)],
            Some(To::Alerts) => vec![("to", Alerts::NAME)],
            Some(To::Topic(_)) => vec![],
        }
    }

    fn fill(want: &mut Model, env: &Env, wants: Wants<'_>) {
        if let Some(boundary) = &mut want.permissions_boundary {
            boundary.fill(env);
        }
        if want.topic().is_none() {
            let topic = wants.of::<Alerts>().and_then(|alerts| alerts.topic_arn(env));
            want.to = topic.map(To::Topic).or_else(|| want.to.take());
        }
    }

    fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
        diff::diff(want, seen, here, out);
    }
}

impl Live for HealthEvents {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        live::fetch(cx, want).await
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        live::apply(action, cx).await
    }
}
