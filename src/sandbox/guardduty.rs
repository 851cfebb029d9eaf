//! GuardDuty: one detector a region.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Account, Answer, AwsError, Call, Ids, world};

/// How often findings may be published.
pub const FREQUENCIES: [&str; 3] = ["FIFTEEN_MINUTES", "ONE_HOUR", "SIX_HOURS"];

/// When everything in the sandbox was made and changed: a clock would make two equal runs differ.
const CREATED_AT: &str = "2026-01-01T00:00:00.000Z";
const CREATED_AT_EPOCH: f64 = 1_767_225_600.0;

/// The sources that every working detector reads, and that nobody can switch.
const READ_ONLY: [&str; 3] = ["CLOUD_TRAIL", "DNS_LOGS", "FLOW_LOGS"];

/// The features that can be switched, whether a new detector has them, and the parts of each.
const FEATURES: [(&str, bool, &[&str]); 9] = [
    ("S3_DATA_EVENTS", true, &[]),
    ("EKS_AUDIT_LOGS", true, &[]),
    ("EBS_MALWARE_PROTECTION", true, &[]),
    ("RDS_LOGIN_EVENTS", true, &[]),
    ("EKS_RUNTIME_MONITORING", false, &["EKS_ADDON_MANAGEMENT"]),
    ("LAMBDA_NETWORK_LOGS", true, &[]),
    (
        "RUNTIME_MONITORING",
        false,
        &[
            "EKS_ADDON_MANAGEMENT",
            "ECS_FARGATE_AGENT_MANAGEMENT",
            "EC2_AGENT_MANAGEMENT",
        ],
    ),
    ("AI_PROTECTION", true, &[]),
    ("AI_ANALYST", true, &[]),
];

/// GuardDuty's state in one region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardDuty {
    /// The account that administers this one's GuardDuty.
    pub administrator: Option<String>,
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

/// The features that can be switched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Features(IndexMap<String, Feature>);

/// One feature with its parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// Whether it is on.
    pub enabled: bool,
    /// Its parts, and whether each is on.
    pub additional: IndexMap<String, bool>,
}

impl Default for Features {
    /// What a new detector has: everything but the runtime monitoring.
    fn default() -> Self {
        let feature = |&(name, enabled, parts): &(&str, bool, &[&str])| {
            let additional = parts.iter().map(|&part| (part.to_owned(), false)).collect();
            (name.to_owned(), Feature { enabled, additional })
        };
        Features(FEATURES.iter().map(feature).collect())
    }
}

impl Features {
    /// Whether a feature is on; nothing for a feature that there is none of.
    pub fn get(&self, name: &str) -> Option<bool> {
        self.0.get(name).map(|feature| feature.enabled)
    }

    /// Switches features by their names.
    pub(super) fn switch(&mut self, wanted: &BTreeMap<String, bool>) -> Result<(), String> {
        for (name, enabled) in wanted {
            match self.0.get_mut(name) {
                Some(feature) => feature.enabled = *enabled,
                None => {
                    let known: Vec<&str> = FEATURES.iter().map(|(name, ..)| *name).collect();
                    return Err(format!(
                        "`{name}` is no feature of GuardDuty that can be switched; expected one of {}",
                        known.join(", ")
                    ));
                }
            }
        }
        Ok(())
    }

    /// Takes over a request's list; what it does not name stays.
    fn merge(&mut self, wanted: &[Value]) -> Result<(), AwsError> {
        let mut named = Vec::new();
        for feature in wanted {
            let name = feature["name"].as_str().ok_or_else(|| invalid("features"))?;
            if named.contains(&name) {
                return Err(invalid("features"));
            }
            named.push(name);
            let known = self.0.get_mut(name).ok_or_else(|| invalid("features"))?;
            if let Some(enabled) = status(&feature["status"], "features")? {
                known.enabled = enabled;
            }
            for part in list(&feature["additionalConfiguration"], "additionalConfiguration")? {
                let known = part["name"]
                    .as_str()
                    .and_then(|name| known.additional.get_mut(name))
                    .ok_or_else(|| invalid("additionalConfiguration"))?;
                if let Some(enabled) = status(&part["status"], "additionalConfiguration")? {
                    *known = enabled;
                }
            }
        }
        if ["RUNTIME_MONITORING", "EKS_RUNTIME_MONITORING"]
            .iter()
            .all(|name| named.contains(name))
        {
            return Err(bad_request(
                "The request is rejected because EKS_RUNTIME_MONITORING and RUNTIME_MONITORING cannot be specified \
                 together.",
            ));
        }
        Ok(())
    }

    /// Takes over the older form of the same, `dataSources`.
    fn merge_data_sources(&mut self, sources: &Value) -> Result<(), AwsError> {
        let switches = [
            ("S3_DATA_EVENTS", &sources["s3Logs"]["enable"]),
            ("EKS_AUDIT_LOGS", &sources["kubernetes"]["auditLogs"]["enable"]),
            (
                "EBS_MALWARE_PROTECTION",
                &sources["malwareProtection"]["scanEc2InstanceWithFindings"]["ebsVolumes"],
            ),
        ];
        for (name, value) in switches {
            if let (Some(feature), Some(enabled)) = (self.0.get_mut(name), boolean(value, "dataSources")?) {
                feature.enabled = enabled;
            }
        }
        Ok(())
    }

    fn on(&self, name: &str) -> &'static str {
        status_name(self.get(name).unwrap_or(false))
    }

    /// As `GetDetector` lists them, those that cannot be switched first.
    fn output(&self, detector_enabled: bool) -> Value {
        let read_only = READ_ONLY.iter().map(|name| {
            json!({"name": name, "status": status_name(detector_enabled), "updatedAt": CREATED_AT_EPOCH})
        });
        let switched = self.0.iter().map(|(name, feature)| {
            let parts: Vec<Value> = feature
                .additional
                .iter()
                .map(|(name, &enabled)| {
                    json!({"name": name, "status": status_name(enabled), "updatedAt": CREATED_AT_EPOCH})
                })
                .collect();
            json!({
                "name": name,
                "status": status_name(feature.enabled),
                "updatedAt": CREATED_AT_EPOCH,
                "additionalConfiguration": if parts.is_empty() { Value::Null } else { Value::Array(parts) },
            })
        });
        read_only.chain(switched).collect()
    }
}

impl GuardDuty {
    /// Makes a detector as a world describes it, in place of any other.
    pub(super) fn seed(&mut self, ids: &mut Ids, wanted: &world::Detector) {
        let mut detector = Detector::new(ids);
        detector.enabled = wanted.enabled.unwrap_or(true);
        if let Some(frequency) = &wanted.finding_publishing_frequency {
            detector.finding_publishing_frequency.clone_from(frequency);
        }
        // Names were checked when the world was read; an unknown one could change nothing.
        let _ = detector.features.switch(&wanted.features);
        detector.tags.clone_from(&wanted.tags);
        self.detector = Some(detector);
    }

    /// The detector that a request names.
    fn named(&mut self, call: &Call) -> Result<&mut Detector, AwsError> {
        let id = call.input["detectorId"].as_str().unwrap_or_default();
        self.detector
            .as_mut()
            .filter(|detector| detector.id == id)
            .ok_or_else(|| {
                bad_request("The request is rejected because the input detectorId is not owned by the current account.")
            })
    }

    /// An account whose GuardDuty is administered by another one cannot change it itself.
    fn writable(&self) -> Result<(), AwsError> {
        match self.administrator {
            None => Ok(()),
            Some(_) => Err(bad_request(
                "The request is rejected because the current account is a member account and cannot call this API.",
            )),
        }
    }
}

impl Detector {
    fn new(ids: &mut Ids) -> Self {
        Detector {
            id: ids.next_hex32(),
            enabled: true,
            finding_publishing_frequency: "SIX_HOURS".to_owned(),
            features: Features::default(),
            tags: BTreeMap::new(),
        }
    }

    /// Takes over what a request says; what it leaves out stays.
    fn update(&mut self, input: &Value) -> Result<(), AwsError> {
        if let Some(enabled) = boolean(&input["enable"], "enable")? {
            self.enabled = enabled;
        }
        match &input["findingPublishingFrequency"] {
            Value::Null => {}
            Value::String(frequency) if FREQUENCIES.contains(&frequency.as_str()) => {
                self.finding_publishing_frequency.clone_from(frequency);
            }
            _ => return Err(invalid("findingPublishingFrequency")),
        }
        match (&input["features"], &input["dataSources"]) {
            (features, Value::Null) => self.features.merge(list(features, "features")?),
            (Value::Null, sources) => self.features.merge_data_sources(sources),
            _ => Err(bad_request(
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

/// Answers one operation of GuardDuty.
pub(super) fn handle(account: &mut Account, call: &Call) -> Answer {
    let Some(region) = account.regions.get_mut(&call.region) else {
        return Err(AwsError::region_not_enabled(call));
    };
    let guardduty = &mut region.guardduty;
    match call.operation.as_str() {
        "ListDetectors" => {
            if let Some(max) = call.input["maxResults"].as_str()
                && !max.parse().is_ok_and(|max: u32| (1..=50).contains(&max))
            {
                return Err(invalid("maxResults"));
            }
            let ids: Vec<&String> = guardduty.detector.iter().map(|detector| &detector.id).collect();
            Ok(json!({"detectorIds": ids}))
        }
        "CreateDetector" => {
            if guardduty.detector.is_some() {
                return Err(bad_request(
                    "The request is rejected because a detector already exists for the current account.",
                ));
            }
            if call.input["enable"].is_null() {
                return Err(invalid("enable"));
            }
            let mut detector = Detector::new(&mut account.ids);
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
            guardduty.writable()?;
            guardduty.named(call)?.update(&call.input)?;
            Ok(json!({}))
        }
        "DeleteDetector" => {
            guardduty.named(call)?;
            guardduty.writable()?;
            guardduty.detector = None;
            Ok(json!({}))
        }
        "GetAdministratorAccount" => {
            let administrator = guardduty.administrator.clone();
            guardduty.named(call)?;
            Ok(match administrator {
                None => json!({"administrator": {}}),
                Some(id) => json!({"administrator": {
                    "accountId": id,
                    "relationshipStatus": "Enabled",
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
            match &call.input["tagKeys"] {
                Value::String(key) => {
                    detector.tags.remove(key);
                }
                Value::Array(keys) => {
                    for key in keys.iter().filter_map(Value::as_str) {
                        detector.tags.remove(key);
                    }
                }
                _ => return Err(invalid("tagKeys")),
            }
            Ok(Value::Null)
        }
        _ => Err(AwsError::not_in_sandbox(call)),
    }
}

impl GuardDuty {
    /// The detector that an ARN names.
    fn of_arn(&mut self, account_id: &str, call: &Call) -> Result<&mut Detector, AwsError> {
        let arn = call.input["resourceArn"].as_str().unwrap_or_default();
        let prefix = format!("arn:aws:guardduty:{}:{account_id}:detector/", call.region);
        let detector = self.detector.as_mut();
        detector
            .filter(|detector| arn.strip_prefix(&prefix) == Some(&detector.id))
            .ok_or_else(|| invalid("resourceArn"))
    }
}

fn bad_request(message: &str) -> AwsError {
    AwsError::new("BadRequestException", message)
}

fn invalid(parameter: &str) -> AwsError {
    bad_request(&format!(
        "The request is rejected because the parameter {parameter} has an invalid value."
    ))
}

fn list<'a>(value: &'a Value, parameter: &str) -> Result<&'a [Value], AwsError> {
    match value {
        Value::Null => Ok(&[]),
        Value::Array(items) => Ok(items),
        _ => Err(invalid(parameter)),
    }
}

fn boolean(value: &Value, parameter: &str) -> Result<Option<bool>, AwsError> {
    match value {
        Value::Null => Ok(None),
        Value::Bool(value) => Ok(Some(*value)),
        _ => Err(invalid(parameter)),
    }
}

fn status(value: &Value, parameter: &str) -> Result<Option<bool>, AwsError> {
    match value.as_str() {
        None if value.is_null() => Ok(None),
        Some("ENABLED") => Ok(Some(true)),
        Some("DISABLED") => Ok(Some(false)),
        _ => Err(invalid(parameter)),
    }
}

fn status_name(enabled: bool) -> &'static str {
    if enabled { "ENABLED" } else { "DISABLED" }
}

fn tags(value: &Value) -> Result<BTreeMap<String, String>, AwsError> {
    let tags: BTreeMap<String, String> =
        serde_json::from_value(value.clone()).map_err(|_| invalid("tags"))?;
    let fits = |(key, value): (&String, &String)| {
        (1..=128).contains(&key.chars().count()) && !key.starts_with("aws:") && value.chars().count() <= 256
    };
    if tags.is_empty() || tags.len() > 200 || !tags.iter().all(fits) {
        return Err(invalid("tags"));
    }
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::World;

    fn call(operation: &str, input: Value) -> Call {
        Call {
            service: "guardduty",
            region: "eu-west-1".into(),
            operation: operation.into(),
            input,
            now: 1_800_000_000,
        }
    }

    fn with_detector(input: Value) -> (Account, String) {
        let mut account = Account::new(&World::default());
        let output = handle(&mut account, &call("CreateDetector", input)).unwrap();
        let id = output["detectorId"].as_str().unwrap().to_owned();
        (account, id)
    }

    fn feature(account: &mut Account, id: &str, name: &str) -> String {
        let detector = handle(account, &call("GetDetector", json!({"detectorId": id}))).unwrap();
        let features = detector["features"].as_array().unwrap();
        let found = features.iter().find(|feature| feature["name"] == name).unwrap();
        found["status"].as_str().unwrap().to_owned()
    }

    #[test]
    fn features_that_are_not_named_are_on_but_for_runtime_monitoring() {
        let (mut account, id) = with_detector(
            json!({"enable": true, "features": [{"name": "S3_DATA_EVENTS", "status": "DISABLED"}]}),
        );
        for (name, status) in [
            ("FLOW_LOGS", "ENABLED"),
            ("S3_DATA_EVENTS", "DISABLED"),
            ("RDS_LOGIN_EVENTS", "ENABLED"),
            ("RUNTIME_MONITORING", "DISABLED"),
            ("AI_PROTECTION", "ENABLED"),
            ("AI_ANALYST", "ENABLED"),
        ] {
            assert_eq!(feature(&mut account, &id, name), status, "{name}");
        }
    }

    #[test]
    fn there_is_one_detector_a_region() {
        let (mut account, id) = with_detector(json!({"enable": true}));
        let error = handle(&mut account, &call("CreateDetector", json!({"enable": true}))).unwrap_err();
        assert_eq!((error.status, error.code.as_str()), (400, "BadRequestException"));
        assert!(
            error
                .message
                .contains("a detector already exists for the current account.")
        );
        assert_eq!(
            handle(&mut account, &call("ListDetectors", json!({}))).unwrap(),
            json!({"detectorIds": [id]})
        );
    }

    #[test]
    fn an_update_changes_what_it_names() {
        let (mut account, id) =
            with_detector(json!({"enable": true, "findingPublishingFrequency": "ONE_HOUR"}));
        let update = json!({"detectorId": id, "features": [{"name": "RUNTIME_MONITORING", "status": "ENABLED",
            "additionalConfiguration": [{"name": "EC2_AGENT_MANAGEMENT", "status": "ENABLED"}]}]});
        handle(&mut account, &call("UpdateDetector", update)).unwrap();
        let detector = handle(&mut account, &call("GetDetector", json!({"detectorId": id}))).unwrap();
        assert_eq!(detector["findingPublishingFrequency"], "ONE_HOUR");
        assert_eq!(feature(&mut account, &id, "RUNTIME_MONITORING"), "ENABLED");
        assert_eq!(feature(&mut account, &id, "S3_DATA_EVENTS"), "ENABLED");
        let both = json!({"detectorId": id, "features": [{"name": "RUNTIME_MONITORING", "status": "ENABLED"},
            {"name": "EKS_RUNTIME_MONITORING", "status": "ENABLED"}]});
        assert!(handle(&mut account, &call("UpdateDetector", both)).is_err());
    }

    #[test]
    fn the_read_only_sources_cannot_be_switched() {
        let (mut account, id) = with_detector(json!({"enable": true}));
        for features in [
            json!([{"name": "FLOW_LOGS", "status": "DISABLED"}]),
            json!([{"name": "S3_DATA_EVENTS", "status": "off"}]),
        ] {
            let update = json!({"detectorId": id, "features": features});
            assert_eq!(
                handle(&mut account, &call("UpdateDetector", update))
                    .unwrap_err()
                    .code,
                "BadRequestException"
            );
        }
    }

    #[test]
    fn a_foreign_detector_is_not_owned() {
        let mut account = Account::new(&World::default());
        let error = handle(&mut account, &call("GetDetector", json!({"detectorId": "x"}))).unwrap_err();
        assert!(
            error
                .message
                .contains("the input detectorId is not owned by the current account.")
        );
    }

    #[test]
    fn an_administered_account_cannot_change_its_detector() {
        let world: World = "guardduty_administrator = \"999988887777\"\n[[detector]]\nregion = \"eu-west-1\""
            .parse()
            .unwrap();
        let mut account = Account::new(&world);
        let list = handle(&mut account, &call("ListDetectors", json!({}))).unwrap();
        let named = json!({"detectorId": list["detectorIds"][0]});
        let administrator = handle(&mut account, &call("GetAdministratorAccount", named.clone())).unwrap();
        assert_eq!(administrator["administrator"]["accountId"], "999988887777");
        assert!(handle(&mut account, &call("DeleteDetector", named)).is_err());
    }

    #[test]
    fn tags_come_and_go() {
        let (mut account, id) = with_detector(json!({"enable": true, "tags": {"a": "1"}}));
        let arn = format!("arn:aws:guardduty:eu-west-1:123456789012:detector/{id}");
        let add = json!({"resourceArn": arn, "tags": {"b": "2"}});
        handle(&mut account, &call("TagResource", add)).unwrap();
        let remove = json!({"resourceArn": arn, "tagKeys": "a"});
        handle(&mut account, &call("UntagResource", remove)).unwrap();
        assert_eq!(
            handle(
                &mut account,
                &call("ListTagsForResource", json!({"resourceArn": arn}))
            )
            .unwrap(),
            json!({"tags": {"b": "2"}})
        );
    }
}
