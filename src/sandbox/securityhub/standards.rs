//! The standards of a hub. None of them checks anything.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Hub, SERVICE, page};
use crate::input::Input;
use crate::{Answer, AwsError, Call};

/// The standards that there are: how each ends in its ARN, what it is called, and whether a hub starts with it.
const STANDARDS: [(&str, &str, bool); 9] = [
    (
        "aws-foundational-security-best-practices/v/1.0.0",
        "AWS Foundational Security Best Practices v1.0.0",
        true,
    ),
    (CIS_1_2, "CIS AWS Foundations Benchmark v1.2.0", true),
    (
        "cis-aws-foundations-benchmark/v/1.4.0",
        "CIS AWS Foundations Benchmark v1.4.0",
        false,
    ),
    (
        "cis-aws-foundations-benchmark/v/3.0.0",
        "CIS AWS Foundations Benchmark v3.0.0",
        false,
    ),
    (
        "cis-aws-foundations-benchmark/v/5.0.0",
        "CIS AWS Foundations Benchmark v5.0.0",
        false,
    ),
    (
        "nist-800-53/v/5.0.0",
        "NIST Special Publication 800-53 Revision 5",
        false,
    ),
    (
        "nist-800-171/v/2.0.0",
        "NIST Special Publication 800-171 Revision 2",
        false,
    ),
    ("pci-dss/v/4.0.1", "PCI DSS v4.0.1", false),
    (
        "aws-resource-tagging-standard/v/1.0.0",
        "AWS Resource Tagging Standard v1.0.0",
        false,
    ),
];

/// The one standard whose ARN has no region and another form.
const CIS_1_2: &str = "cis-aws-foundations-benchmark/v/1.2.0";

/// A standard that is enabled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// When it was enabled, in seconds since 1970.
    pub enabled_at: i64,
    /// When it was disabled; it is gone some time later.
    pub disabled_at: Option<i64>,
    /// What its status is stuck at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stuck: Option<Stuck>,
}

/// A status that a standard does not leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stuck {
    /// `FAILED` or `INCOMPLETE`.
    pub status: String,
    /// The code of the reason.
    pub reason: String,
}

/// What the state of a standard depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// The time, in seconds since 1970.
    pub(super) now: i64,
    /// For how many seconds longer than one a change takes.
    pub(super) delay: i64,
    /// Whether Config's recorder of the region runs.
    pub(super) is_recorded: bool,
}

impl Moment {
    /// Whether what was begun then is done.
    fn is_past(self, begun: i64) -> bool {
        self.now > begun + self.delay
    }
}

impl Subscription {
    pub(super) fn new(now: i64) -> Self {
        Subscription {
            enabled_at: now,
            disabled_at: None,
            stuck: None,
        }
    }

    /// Whether its controls can be turned on and off.
    pub(super) fn is_ready(&self, at: Moment) -> bool {
        matches!(self.status(at), Some(("READY", _)))
    }

    /// Its status and the reason for it; nothing if it is gone.
    fn status(&self, at: Moment) -> Option<(&str, Option<&str>)> {
        if let (None, Some(stuck)) = (self.disabled_at, &self.stuck) {
            return Some((&stuck.status, Some(&stuck.reason)));
        }
        match self.disabled_at {
            Some(disabled) if at.is_past(disabled) => None,
            Some(_) => Some(("DELETING", None)),
            None if !at.is_past(self.enabled_at) => Some(("PENDING", None)),
            None if !at.is_recorded => Some(("INCOMPLETE", Some("NO_AVAILABLE_CONFIGURATION_RECORDER"))),
            None => Some(("READY", None)),
        }
    }
}

/// The standards that a hub starts with unless it is told otherwise.
pub(super) fn by_default() -> impl Iterator<Item = String> {
    STANDARDS
        .iter()
        .filter(|(.., by_default)| *by_default)
        .map(|(path, ..)| (*path).to_owned())
}

/// The standard of an ARN.
pub(super) fn named(standard_arn: &str, call: &Call) -> Option<&'static str> {
    let mut paths = STANDARDS.iter().map(|(path, ..)| *path);
    paths.find(|path| arn(path, call) == standard_arn)
}

fn arn(path: &str, call: &Call) -> String {
    match path {
        CIS_1_2 => format!("arn:aws:securityhub:::ruleset/{path}"),
        _ => format!("arn:aws:securityhub:{}::standards/{path}", call.region),
    }
}

fn subscription_arn(path: &str, call: &Call, id: &str) -> String {
    format!("arn:aws:securityhub:{}:{id}:subscription/{path}", call.region)
}

/// `DescribeStandards`.
pub(super) fn describe(call: &Call) -> Answer {
    let all: Vec<Value> = STANDARDS
        .iter()
        .map(|(path, name, by_default)| {
            json!({
                "StandardsArn": arn(path, call),
                "Name": name,
                "Description": name,
                "EnabledByDefault": by_default,
                "StandardsManagedBy": {"Company": "AWS", "Product": "Security Hub"},
            })
        })
        .collect();
    let (page, next) = page(&all, &call.input)?;
    Ok(json!({"Standards": page, "NextToken": next}))
}

impl Hub {
    fn subscription(&self, path: &str, call: &Call, id: &str, at: Moment) -> Option<Value> {
        let (status, reason) = self.standards.get(path)?.status(at)?;
        let updatable = match status {
            "READY" => "READY_FOR_UPDATES",
            _ => "NOT_READY_FOR_UPDATES",
        };
        Some(json!({
            "StandardsSubscriptionArn": subscription_arn(path, call, id),
            "StandardsArn": arn(path, call),
            "StandardsInput": {},
            "StandardsStatus": status,
            "StandardsControlsUpdatable": updatable,
            "StandardsStatusReason": reason.map(|code| json!({"StatusReasonCode": code})),
        }))
    }

    pub(super) fn enabled_standards(&self, call: &Call, id: &str, at: Moment) -> Answer {
        let asked = call.input.texts("StandardsSubscriptionArns");
        let all: Vec<Value> = self
            .standards
            .keys()
            .filter_map(|path| self.subscription(path, call, id, at))
            .filter(|found| {
                let arn = found.text("StandardsSubscriptionArn");
                asked.is_empty() || asked.contains(&arn)
            })
            .collect();
        let (page, next) = page(&all, &call.input)?;
        Ok(json!({"StandardsSubscriptions": page, "NextToken": next}))
    }

    pub(super) fn enable_standards(&mut self, call: &Call, id: &str, at: Moment) -> Answer {
        let wanted = between_1_and_25(&call.input["StandardsSubscriptionRequests"])?;
        let mut paths = vec![];
        for request in wanted {
            let wanted = request.text("StandardsArn");
            paths.push(named(wanted, call).ok_or_else(|| {
                SERVICE.invalid(format!("Invalid StandardsSubscriptionRequest(s): [{request}]"))
            })?);
        }
        for path in &paths {
            let there = self.standards.get(*path);
            if there.is_none_or(|there| there.disabled_at.is_some()) {
                self.standards
                    .insert((*path).to_owned(), Subscription::new(call.now));
            }
        }
        self.listed(&paths, call, id, at)
    }

    pub(super) fn disable_standards(&mut self, call: &Call, id: &str, at: Moment) -> Answer {
        let wanted = between_1_and_25(&call.input["StandardsSubscriptionArns"])?;
        let prefix = subscription_arn("", call, id);
        let mut paths = vec![];
        for arn in wanted {
            let arn = arn.as_str().unwrap_or_default();
            let path = arn.strip_prefix(&prefix).filter(|path| {
                let there = self.standards.get(*path);
                there.is_some_and(|there| there.status(at).is_some())
            });
            paths.push(
                path.ok_or_else(|| SERVICE.invalid(format!("Invalid StandardsSubscriptionArn: {arn}")))?,
            );
        }
        for path in &paths {
            if let Some(there) = self.standards.get_mut(*path) {
                there.disabled_at.get_or_insert(call.now);
            }
            self.controls.remove(*path);
        }
        self.listed(&paths, call, id, at)
    }

    fn listed(&self, paths: &[&str], call: &Call, id: &str, at: Moment) -> Answer {
        let listed: Vec<Value> = paths
            .iter()
            .filter_map(|path| self.subscription(path, call, id, at))
            .collect();
        Ok(json!({"StandardsSubscriptions": listed}))
    }
}

fn between_1_and_25(value: &Value) -> Result<&[Value], AwsError> {
    match value {
        Value::Array(items) if (1..=25).contains(&items.len()) => Ok(items),
        _ => Err(SERVICE.invalid("Expected between 1 and 25 standards")),
    }
}
