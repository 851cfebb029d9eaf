//! The features of a detector.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{CREATED_AT_EPOCH, SERVICE, list, parameter, status, status_name};
use crate::AwsError;

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
    /// Whether a GuardDuty policy of the organization decides about it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_policy: bool,
}

impl Features {
    /// What a new detector has in a region that lacks these: everything but the runtime monitoring.
    pub(crate) fn without(lacking: &BTreeSet<String>) -> Self {
        let feature = |&(name, enabled, parts): &(&str, bool, &[&str])| {
            let feature = Feature {
                enabled,
                additional: parts.iter().map(|&part| (part.to_owned(), false)).collect(),
                by_policy: false,
            };
            (name.to_owned(), feature)
        };
        let had = FEATURES.iter().filter(|(name, ..)| !lacking.contains(*name));
        Features(had.map(feature).collect())
    }

    /// Whether a feature is on; nothing for a feature that there is none of.
    pub fn get(&self, name: &str) -> Option<bool> {
        self.0.get(name).map(|feature| feature.enabled)
    }

    /// Switches features by their names.
    pub(crate) fn switch(&mut self, wanted: &BTreeMap<String, bool>) -> Result<(), String> {
        for (name, enabled) in wanted {
            self.known(name)?.enabled = *enabled;
        }
        Ok(())
    }

    /// Lets a policy of the organization decide about features.
    pub(crate) fn hand_over(&mut self, names: &BTreeSet<String>) -> Result<(), String> {
        for name in names {
            self.known(name)?.by_policy = true;
        }
        Ok(())
    }

    fn known(&mut self, name: &str) -> Result<&mut Feature, String> {
        let known: Vec<String> = self.0.keys().cloned().collect();
        self.0.get_mut(name).ok_or_else(|| {
            format!(
                "`{name}` is no feature of GuardDuty that can be switched there; expected one of {}",
                known.join(", ")
            )
        })
    }

    /// Takes over a request's list; what it does not name stays.
    pub(super) fn merge(&mut self, wanted: &[Value]) -> Result<(), AwsError> {
        let mut named = Vec::new();
        for feature in wanted {
            let name = feature["name"].as_str().ok_or_else(|| parameter("features"))?;
            if named.contains(&name) {
                return Err(parameter("features"));
            }
            named.push(name);
            let exists = FEATURES.iter().any(|(known, ..)| *known == name);
            let known = self.0.get_mut(name).ok_or_else(|| match exists {
                // The sentence is the sandbox's own: AWS says in no document how it refuses this.
                true => SERVICE.invalid(format!(
                    "The request is rejected because the feature {name} is not supported in the current region."
                )),
                false => parameter("features"),
            })?;
            if known.by_policy {
                return Err(SERVICE.invalid(format!(
                    "The request is rejected because the feature {name} is managed by a GuardDuty policy."
                )));
            }
            if let Some(enabled) = status(&feature["status"], "features")? {
                known.enabled = enabled;
            }
            for part in list(&feature["additionalConfiguration"], "additionalConfiguration")? {
                let known = part["name"]
                    .as_str()
                    .and_then(|name| known.additional.get_mut(name))
                    .ok_or_else(|| parameter("additionalConfiguration"))?;
                if let Some(enabled) = status(&part["status"], "additionalConfiguration")? {
                    *known = enabled;
                }
            }
        }
        if ["RUNTIME_MONITORING", "EKS_RUNTIME_MONITORING"]
            .iter()
            .all(|name| named.contains(name))
        {
            return Err(SERVICE.invalid(
                "The request is rejected because EKS_RUNTIME_MONITORING and RUNTIME_MONITORING cannot be specified \
                 together.",
            ));
        }
        Ok(())
    }

    /// Takes over the older form of the same, `dataSources`.
    pub(super) fn merge_data_sources(&mut self, sources: &Value) -> Result<(), AwsError> {
        let switches = [
            ("S3_DATA_EVENTS", &sources["s3Logs"]["enable"]),
            ("EKS_AUDIT_LOGS", &sources["kubernetes"]["auditLogs"]["enable"]),
            (
                "EBS_MALWARE_PROTECTION",
                &sources["malwareProtection"]["scanEc2InstanceWithFindings"]["ebsVolumes"],
            ),
        ];
        for (name, value) in switches {
            if let (Some(feature), Some(enabled)) =
                (self.0.get_mut(name), SERVICE.boolean(value, "dataSources")?)
            {
                feature.enabled = enabled;
            }
        }
        Ok(())
    }

    pub(super) fn on(&self, name: &str) -> &'static str {
        status_name(self.get(name).unwrap_or(false))
    }

    /// As `GetDetector` lists them, those that cannot be switched first.
    pub(super) fn output(&self, detector_enabled: bool) -> Value {
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
                "managedBy": feature.by_policy.then_some("GUARDDUTY_POLICY"),
                "additionalConfiguration": if parts.is_empty() { Value::Null } else { Value::Array(parts) },
            })
        });
        read_only.chain(switched).collect()
    }
}
