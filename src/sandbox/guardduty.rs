//! GuardDuty: one detector a region.

mod features;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use features::{Feature, Features};

use super::input::{Input, one_or_many_texts};
use super::service::{Refusal, Service};
use super::wire::{Protocol, Route, route};
use super::{Account, Answer, AwsError, Call, Ids, world};

/// How often findings may be published.
pub const FREQUENCIES: [&str; 3] = ["FIFTEEN_MINUTES", "ONE_HOUR", "SIX_HOURS"];

/// When everything in the sandbox was made and changed: a clock would make two equal runs differ.
const CREATED_AT: &str = "2026-01-01T00:00:00.000Z";
const CREATED_AT_EPOCH: f64 = 1_767_225_600.0;

/// GuardDuty's state in one region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardDuty {
    /// The account that administers this one's GuardDuty.
    pub administrator: Option<String>,
    /// How that account stands to this one: `Enabled` where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relationship_status: Option<String>,
    /// The features that there are not in the region.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub lacking: BTreeSet<String>,
    /// The detector, if there is one.
    pub detector: Option<Detector>,
}

/// A detector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detector {
    /// Its 32 hex digits.
    pub id: String,
    /// Whether it works.
    pub enabled: bool,
    /// One of [`FREQUENCIES`].
    pub finding_publishing_frequency: String,
    /// What it looks at.
    pub features: Features,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl GuardDuty {
    /// Makes a detector as a world describes it, in place of any other.
    pub(super) fn seed(&mut self, ids: &mut Ids, wanted: &world::Detector) {
        let mut detector = Detector::new(ids, &self.lacking);
        detector.enabled = wanted.enabled.unwrap_or(true);
        if let Some(frequency) = &wanted.finding_publishing_frequency {
            detector.finding_publishing_frequency.clone_from(frequency);
        }
        // Names were checked when the world was read; an unknown one could change nothing.
        let _ = detector.features.switch(&wanted.features);
        let _ = detector.features.hand_over(&wanted.by_policy);
        detector.tags.clone_from(&wanted.tags);
        self.detector = Some(detector);
    }

    /// The detector that a request names.
    fn named(&mut self, call: &Call) -> Result<&mut Detector, AwsError> {
        let id = call.input.text("detectorId");
        self.detector
            .as_mut()
            .filter(|detector| detector.id == id)
            .ok_or_else(|| {
                SERVICE.invalid(
                    "The request is rejected because the input detectorId is not owned by the current account.",
                )
            })
    }

    fn relationship(&self) -> &str {
        self.relationship_status.as_deref().unwrap_or("Enabled")
    }

    /// An account whose GuardDuty is administered by another one cannot change it itself.
    fn writable(&self, own: &str) -> Result<(), AwsError> {
        match self.administrator.as_deref() {
            None => Ok(()),
            Some(account) if account == own || self.relationship() != "Enabled" => Ok(()),
            Some(_) => Err(SERVICE.invalid(
                "The request is rejected because the current account is a member account and cannot call this API.",
            )),
        }
    }
}

impl Detector {
    fn new(ids: &mut Ids, lacking: &BTreeSet<String>) -> Self {
        Detector {
            id: ids.next_hex32(),
            enabled: true,
            finding_publishing_frequency: "SIX_HOURS".to_owned(),
            features: Features::without(lacking),
            tags: BTreeMap::new(),
        }
    }

    /// Takes over what a request says; what it leaves out stays.
    fn update(&mut self, input: &Value) -> Result<(), AwsError> {
        if let Some(enabled) = SERVICE.boolean(&input["enable"], "enable")? {
            self.enabled = enabled;
        }
        match &input["findingPublishingFrequency"] {
            Value::Null => {}
            Value::String(frequency) if FREQUENCIES.contains(&frequency.as_str()) => {
                self.finding_publishing_frequency.clone_from(frequency);
            }
            _ => return Err(parameter("findingPublishingFrequency")),
        }
        match (&input["features"], &input["dataSources"]) {
            (features, Value::Null) => self.features.merge(list(features, "features")?),
            (Value::Null, sources) => self.features.merge_data_sources(sources),
            _ => Err(SERVICE.invalid(
                "The request is rejected because dataSources and features cannot be specified together.",
            )),
        }
    }

    fn output(&self, account_id: &str) -> Value {
        let source = json!({"status": status_name(self.enabled)});
        let feature = |name: &str| json!({"status": self.features.on(name)});
        let role = |service: &str, name: &str| {
            format!("arn:aws:iam::{account_id}:role/aws-service-role/{service}/{name}")
        };
        json!({
            "createdAt": CREATED_AT,
            "updatedAt": CREATED_AT,
            "findingPublishingFrequency": self.finding_publishing_frequency,
            "serviceRole": role("guardduty.amazonaws.com", "AWSServiceRoleForAmazonGuardDuty"),
            "status": status_name(self.enabled),
            "dataSources": {
                "cloudTrail": source,
                "dnsLogs": source,
                "flowLogs": source,
                "s3Logs": feature("S3_DATA_EVENTS"),
                "kubernetes": {"auditLogs": feature("EKS_AUDIT_LOGS")},
                "malwareProtection": {
                    "scanEc2InstanceWithFindings": {"ebsVolumes": feature("EBS_MALWARE_PROTECTION")},
                    "serviceRole": role(
                        "malware-protection.guardduty.amazonaws.com",
                        "AWSServiceRoleForAmazonGuardDutyMalwareProtection",
                    ),
                },
            },
            "tags": self.tags,
            "features": self.features.output(self.enabled),
        })
    }
}

/// The service.
pub(super) static SERVICE: Service = Service {
    invalid_code: "BadRequestException",
    keeps_tag: |tag| match tag.is_usual() {
        true => Ok(true),
        false => Err(parameter("tags")),
    },
    missing: |_, member| parameter(member),
    malformed: |member, _| parameter(member),
    denied: |who| AwsError::with_status(403, "AccessDeniedException", who),
    denied_resource: |call, id| format!("arn:aws:guardduty:{}:{id}:detector/*", call.region),
    throttled: Refusal::new(429, "TooManyRequestsException", "Too Many Requests"),
    ..Service::new("guardduty", &[Protocol::RestJson(ROUTES)], handle)
};

const ROUTES: &[Route] = &[
    route("ListDetectors", "GET /detector"),
    route("CreateDetector", "POST /detector"),
    route("GetDetector", "GET /detector/{detectorId}"),
    route("UpdateDetector", "POST /detector/{detectorId}"),
    route("DeleteDetector", "DELETE /detector/{detectorId}"),
    route(
        "GetAdministratorAccount",
        "GET /detector/{detectorId}/administrator",
    ),
    route("ListTagsForResource", "GET /tags/{resourceArn+}"),
    route("TagResource", "POST /tags/{resourceArn+}").status(204),
    route("UntagResource", "DELETE /tags/{resourceArn+}").status(204),
];

/// Answers one operation of GuardDuty.
fn handle(account: &mut Account, call: &Call) -> Answer {
    let Some(region) = account.regions.get_mut(&call.region) else {
        return Err(AwsError::region_not_enabled(call));
    };
    let guardduty = &mut region.guardduty;
    match call.operation.as_str() {
        "ListDetectors" => {
            if let Some(max) = call.input["maxResults"].as_str()
                && !max.parse().is_ok_and(|max: u32| (1..=50).contains(&max))
            {
                return Err(parameter("maxResults"));
            }
            let ids: Vec<&String> = guardduty.detector.iter().map(|detector| &detector.id).collect();
            Ok(json!({"detectorIds": ids}))
        }
        "CreateDetector" => {
            if guardduty.detector.is_some() {
                return Err(SERVICE.invalid(
                    "The request is rejected because a detector already exists for the current account.",
                ));
            }
            if call.input["enable"].is_null() {
                return Err(SERVICE.missing("enable"));
            }
            let mut detector = Detector::new(&mut account.ids, &guardduty.lacking);
            detector.update(&call.input)?;
            if !call.input["tags"].is_null() {
                detector.tags = tags(&call.input["tags"])?;
            }
            let id = detector.id.clone();
            guardduty.detector = Some(detector);
            Ok(json!({"detectorId": id}))
        }
        "GetDetector" => Ok(guardduty.named(call)?.output(&account.id)),
        "UpdateDetector" => {
            guardduty.named(call)?;
            guardduty.writable(&account.id)?;
            guardduty.named(call)?.update(&call.input)?;
            Ok(json!({}))
        }
        "DeleteDetector" => {
            guardduty.named(call)?;
            guardduty.writable(&account.id)?;
            guardduty.detector = None;
            Ok(json!({}))
        }
        "GetAdministratorAccount" => {
            let administrator = guardduty.administrator.clone();
            let relationship = guardduty.relationship().to_owned();
            guardduty.named(call)?;
            Ok(match administrator {
                None => json!({"administrator": {}}),
                Some(id) => json!({"administrator": {
                    "accountId": id,
                    "relationshipStatus": relationship,
                    "invitedAt": CREATED_AT,
                }}),
            })
        }
        "ListTagsForResource" => {
            let detector = guardduty.of_arn(&account.id, call)?;
            Ok(json!({"tags": detector.tags}))
        }
        "TagResource" => {
            let wanted = tags(&call.input["tags"])?;
            guardduty.of_arn(&account.id, call)?.tags.extend(wanted);
            Ok(Value::Null)
        }
        "UntagResource" => {
            let detector = guardduty.of_arn(&account.id, call)?;
            let keys = &call.input["tagKeys"];
            if !keys.is_string() && !keys.is_array() {
                return Err(parameter("tagKeys"));
            }
            for key in one_or_many_texts(keys) {
                detector.tags.remove(key);
            }
            Ok(Value::Null)
        }
        _ => Err(AwsError::not_in_sandbox(call)),
    }
}

impl GuardDuty {
    /// The detector that an ARN names.
    fn of_arn(&mut self, account_id: &str, call: &Call) -> Result<&mut Detector, AwsError> {
        let arn = call.input.text("resourceArn");
        let prefix = format!("arn:aws:guardduty:{}:{account_id}:detector/", call.region);
        let detector = self.detector.as_mut();
        detector
            .filter(|detector| arn.strip_prefix(&prefix) == Some(&detector.id))
            .ok_or_else(|| parameter("resourceArn"))
    }
}

fn parameter(name: &str) -> AwsError {
    SERVICE.invalid(format!(
        "The request is rejected because the parameter {name} has an invalid value."
    ))
}

fn list<'a>(value: &'a Value, name: &str) -> Result<&'a [Value], AwsError> {
    match value {
        Value::Null => Ok(&[]),
        Value::Array(items) => Ok(items),
        _ => Err(parameter(name)),
    }
}

fn status(value: &Value, name: &str) -> Result<Option<bool>, AwsError> {
    match value.as_str() {
        None if value.is_null() => Ok(None),
        Some("ENABLED") => Ok(Some(true)),
        Some("DISABLED") => Ok(Some(false)),
        _ => Err(parameter(name)),
    }
}

fn status_name(enabled: bool) -> &'static str {
    if enabled { "ENABLED" } else { "DISABLED" }
}

fn tags(value: &Value) -> Result<BTreeMap<String, String>, AwsError> {
    let tags = SERVICE.tag_map(value)?;
    match (1..=200).contains(&tags.len()) {
        true => Ok(tags),
        false => Err(parameter("tags")),
    }
}

#[cfg(test)]
mod tests;
