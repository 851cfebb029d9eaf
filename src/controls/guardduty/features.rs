//! The features of a detector: their names here and at AWS, and the lists that requests carry.

use std::collections::BTreeMap;
use std::fmt;

use aws_sdk_guardduty::types::{
    DetectorAdditionalConfiguration, DetectorFeature, DetectorFeatureConfiguration,
    DetectorFeatureConfigurationResult, FeatureAdditionalConfiguration, FeatureStatus,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What a detector can watch beside its foundation (CloudTrail, VPC flow logs and DNS logs, which cannot be
/// switched), each metered by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Feature {
    /// S3 Protection: reads and writes of objects.
    S3DataEvents,
    /// EKS Protection: the clusters' audit logs.
    EksAuditLogs,
    /// Malware Protection for EC2: scans volumes of instances with findings.
    EbsMalwareProtection,
    /// RDS Protection: sign-ins to Aurora and RDS databases.
    RdsLoginEvents,
    /// Lambda Protection: what functions do on the network.
    LambdaNetworkLogs,
    /// Runtime Monitoring: what goes on inside instances and containers. Needs an agent in them.
    RuntimeMonitoring,
    /// GuardDuty installs and updates the agent in EKS clusters. Part of runtime_monitoring.
    RuntimeMonitoringEksAddon,
    /// GuardDuty puts the agent beside ECS tasks on Fargate. Part of runtime_monitoring.
    RuntimeMonitoringEcsFargateAgent,
    /// GuardDuty installs and updates the agent on EC2 instances. Part of runtime_monitoring.
    RuntimeMonitoringEc2Agent,
    /// The older Runtime Monitoring of EKS alone. Not needed beside runtime_monitoring, which includes it.
    EksRuntimeMonitoring,
    /// GuardDuty installs and updates the agent in EKS clusters. Part of eks_runtime_monitoring.
    EksRuntimeMonitoringAddon,
    /// AI Protection.
    AiProtection,
    /// The AI analyst, which investigates findings.
    AiAnalyst,
}

use Feature::{
    AiAnalyst, AiProtection, EbsMalwareProtection, EksAuditLogs, EksRuntimeMonitoring,
    EksRuntimeMonitoringAddon, LambdaNetworkLogs, RdsLoginEvents, RuntimeMonitoring,
    RuntimeMonitoringEc2Agent, RuntimeMonitoringEcsFargateAgent, RuntimeMonitoringEksAddon, S3DataEvents,
};

/// Features that are on or off.
pub(crate) type Features = BTreeMap<Feature, bool>;

/// The schema of [`Features`] with each key: derived, it would take any key, and an editor could offer none.
pub(super) fn schema(generator: &mut SchemaGenerator) -> Schema {
    let feature = Feature::json_schema(generator);
    let choices = feature.get("oneOf").and_then(Value::as_array);
    let properties: Map<String, Value> = choices
        .into_iter()
        .flatten()
        .filter_map(|choice| {
            let name = choice.get("const")?.as_str()?;
            let property = json!({ "type": "boolean", "description": choice.get("description")? });
            Some((name.to_owned(), property))
        })
        .collect();
    json_schema!({ "type": "object", "properties": properties, "additionalProperties": false })
}

impl Feature {
    /// All of them: what `CreateDetector` of the API's description can be sent.
    pub(crate) const ALL: [Feature; 13] = [
        S3DataEvents,
        EksAuditLogs,
        EbsMalwareProtection,
        RdsLoginEvents,
        LambdaNetworkLogs,
        RuntimeMonitoring,
        RuntimeMonitoringEksAddon,
        RuntimeMonitoringEcsFargateAgent,
        RuntimeMonitoringEc2Agent,
        EksRuntimeMonitoring,
        EksRuntimeMonitoringAddon,
        AiProtection,
        AiAnalyst,
    ];

    /// The name in the API, among the features or, for a part, among the parts of its whole.
    fn api_name(self) -> &'static str {
        match self {
            S3DataEvents => "S3_DATA_EVENTS",
            EksAuditLogs => "EKS_AUDIT_LOGS",
            EbsMalwareProtection => "EBS_MALWARE_PROTECTION",
            RdsLoginEvents => "RDS_LOGIN_EVENTS",
            LambdaNetworkLogs => "LAMBDA_NETWORK_LOGS",
            RuntimeMonitoring => "RUNTIME_MONITORING",
            RuntimeMonitoringEksAddon | EksRuntimeMonitoringAddon => "EKS_ADDON_MANAGEMENT",
            RuntimeMonitoringEcsFargateAgent => "ECS_FARGATE_AGENT_MANAGEMENT",
            RuntimeMonitoringEc2Agent => "EC2_AGENT_MANAGEMENT",
            EksRuntimeMonitoring => "EKS_RUNTIME_MONITORING",
            AiProtection => "AI_PROTECTION",
            AiAnalyst => "AI_ANALYST",
        }
    }

    /// The feature that this one is a part of ("additional configuration" in the API).
    pub(super) fn whole(self) -> Option<Feature> {
        match self {
            RuntimeMonitoringEksAddon | RuntimeMonitoringEcsFargateAgent | RuntimeMonitoringEc2Agent => {
                Some(RuntimeMonitoring)
            }
            EksRuntimeMonitoringAddon => Some(EksRuntimeMonitoring),
            _ => None,
        }
    }

    /// The feature to name in a request for this one.
    pub(super) fn family(self) -> Feature {
        self.whole().unwrap_or(self)
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// The settable features that `GetDetector` lists. What this version does not know is left out, and a part of
/// a feature that is off counts as off, whatever its own status says: it has no effect.
pub(super) fn listed(answer: &[DetectorFeatureConfigurationResult]) -> Features {
    let is_on = |status: Option<&FeatureStatus>| status == Some(&FeatureStatus::Enabled);
    let named = |name: &str, whole: Option<&str>| {
        Feature::ALL
            .into_iter()
            .find(|feature| feature.api_name() == name && feature.whole().map(Feature::api_name) == whole)
    };
    let mut features = Features::new();
    for feature in answer {
        let Some(name) = feature.name().map(|name| name.as_str()) else {
            continue;
        };
        let whole_is_on = is_on(feature.status());
        features.extend(named(name, None).map(|known| (known, whole_is_on)));
        for part in feature.additional_configuration() {
            let part_name = part.name().map(|name| name.as_str()).unwrap_or_default();
            let part_is_on = whole_is_on && is_on(part.status());
            features.extend(named(part_name, Some(name)).map(|known| (known, part_is_on)));
        }
    }
    features
}

/// What is on in an answer and has no name here, as the API calls it; a part with its whole. Not the foundation, which
/// cannot be switched.
pub(super) fn unknown(answer: &[DetectorFeatureConfigurationResult]) -> Vec<String> {
    const FOUNDATION: [&str; 3] = ["CLOUD_TRAIL", "DNS_LOGS", "FLOW_LOGS"];
    let is_on = |status: Option<&FeatureStatus>| status == Some(&FeatureStatus::Enabled);
    let is_known = |name: &str, whole: Option<&str>| {
        Feature::ALL
            .into_iter()
            .any(|known| known.api_name() == name && known.whole().map(Feature::api_name) == whole)
    };
    let mut unknown = vec![];
    for feature in answer.iter().filter(|feature| is_on(feature.status())) {
        let name = feature.name().map(|name| name.as_str()).unwrap_or_default();
        if !is_known(name, None) && !FOUNDATION.contains(&name) {
            unknown.push(name.to_owned());
        }
        let parts = feature.additional_configuration().iter();
        unknown.extend(
            parts
                .filter(|part| is_on(part.status()))
                .filter_map(|part| part.name())
                .filter(|part| !is_known(part.as_str(), Some(name)))
                .map(|part| format!("{} of {name}", part.as_str())),
        );
    }
    unknown.sort();
    unknown
}

/// The list for a new detector: every feature there is. `CreateDetector` switches on what it is not sent, with
/// RUNTIME_MONITORING as the one exception, and what nobody wrote down must not start to cost money.
pub(super) fn at_birth(wanted: &Features) -> Features {
    // Naming both kinds of runtime monitoring takes a second request, which is saved where the newer one is not
    // wanted: it stays off by itself.
    let is_wanted = wanted.get(&RuntimeMonitoring) == Some(&true);
    Feature::ALL
        .into_iter()
        .filter(|feature| is_wanted || feature.family() != RuntimeMonitoring)
        .map(|feature| (feature, wanted.get(&feature).copied().unwrap_or(false)))
        .collect()
}

/// The lists of features to send, one request each: a request that names both kinds of runtime monitoring is
/// refused, so one goes first and by itself: the one that goes off, or the older one.
pub(super) fn requests(features: &Features) -> Vec<Vec<DetectorFeatureConfiguration>> {
    let mut families: BTreeMap<Feature, Features> = BTreeMap::new();
    for (feature, on) in features {
        families
            .entry(feature.family())
            .or_default()
            .insert(*feature, *on);
    }
    let mut requests = vec![];
    if families.contains_key(&RuntimeMonitoring) && families.contains_key(&EksRuntimeMonitoring) {
        let first = if features.get(&RuntimeMonitoring) == Some(&false) {
            RuntimeMonitoring
        } else {
            EksRuntimeMonitoring
        };
        requests.extend(
            families
                .remove(&first)
                .map(|family| vec![configuration(first, &family)]),
        );
    }
    requests.push(
        families
            .iter()
            .map(|(first, family)| configuration(*first, family))
            .collect(),
    );
    requests
}

fn configuration(whole: Feature, family: &Features) -> DetectorFeatureConfiguration {
    let status = |on: &bool| {
        if *on {
            FeatureStatus::Enabled
        } else {
            FeatureStatus::Disabled
        }
    };
    let parts: Vec<_> = family
        .iter()
        .filter(|(feature, _)| **feature != whole)
        .map(|(part, on)| {
            DetectorAdditionalConfiguration::builder()
                .name(FeatureAdditionalConfiguration::from(part.api_name()))
                .status(status(on))
                .build()
        })
        .collect();
    DetectorFeatureConfiguration::builder()
        .name(DetectorFeature::from(whole.api_name()))
        .set_status(family.get(&whole).map(status))
        .set_additional_configuration(Some(parts).filter(|parts| !parts.is_empty()))
        .build()
}

#[cfg(test)]
mod tests {
    use aws_sdk_guardduty::types::{DetectorAdditionalConfigurationResult, DetectorFeatureResult};

    use super::*;

    /// A request as `NAME=on(PART=off)`, one feature a line.
    fn text(request: &[DetectorFeatureConfiguration]) -> String {
        let status = |status: Option<&FeatureStatus>| match status {
            Some(FeatureStatus::Enabled) => "on",
            Some(_) => "off",
            None => "?",
        };
        request
            .iter()
            .map(|feature| {
                let parts: Vec<String> = feature
                    .additional_configuration()
                    .iter()
                    .map(|part| format!("{}={}", part.name().unwrap(), status(part.status())))
                    .collect();
                format!(
                    "{}={}({})",
                    feature.name().unwrap(),
                    status(feature.status()),
                    parts.join(", ")
                )
                .replace("()", "")
            })
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn a_new_detector_is_sent_everything_that_aws_would_switch_on() {
        let born = requests(&at_birth(&Features::from([(S3DataEvents, true)])));
        assert_eq!(born.len(), 1);
        insta::assert_snapshot!(text(&born[0]), @r"
        S3_DATA_EVENTS=on
        EKS_AUDIT_LOGS=off
        EBS_MALWARE_PROTECTION=off
        RDS_LOGIN_EVENTS=off
        LAMBDA_NETWORK_LOGS=off
        EKS_RUNTIME_MONITORING=off(EKS_ADDON_MANAGEMENT=off)
        AI_PROTECTION=off
        AI_ANALYST=off
        ");
    }

    #[test]
    fn a_new_detector_with_runtime_monitoring_is_sent_the_older_kind_by_itself() {
        let born = requests(&at_birth(&Features::from([
            (RuntimeMonitoring, true),
            (RuntimeMonitoringEc2Agent, true),
        ])));
        assert_eq!(born.len(), 2);
        assert_eq!(
            text(&born[0]),
            "EKS_RUNTIME_MONITORING=off(EKS_ADDON_MANAGEMENT=off)"
        );
        insta::assert_snapshot!(text(&born[1]), @r"
        S3_DATA_EVENTS=off
        EKS_AUDIT_LOGS=off
        EBS_MALWARE_PROTECTION=off
        RDS_LOGIN_EVENTS=off
        LAMBDA_NETWORK_LOGS=off
        RUNTIME_MONITORING=on(EKS_ADDON_MANAGEMENT=off, ECS_FARGATE_AGENT_MANAGEMENT=off, EC2_AGENT_MANAGEMENT=on)
        AI_PROTECTION=off
        AI_ANALYST=off
        ");
    }

    #[test]
    fn the_two_kinds_of_runtime_monitoring_never_go_into_one_request() {
        for (on, off) in [
            (RuntimeMonitoring, EksRuntimeMonitoring),
            (EksRuntimeMonitoring, RuntimeMonitoring),
        ] {
            let sent = requests(&Features::from([(on, true), (off, false), (S3DataEvents, true)]));
            let sent: Vec<String> = sent.iter().map(|request| text(request)).collect();
            assert_eq!(sent[0], format!("{}=off", off.api_name()));
            assert_eq!(sent[1], format!("S3_DATA_EVENTS=on\n{}=on", on.api_name()));
        }
    }

    #[test]
    fn without_features_there_is_one_request_that_names_none() {
        assert_eq!(requests(&Features::new()), [vec![]]);
    }

    #[test]
    fn every_feature_of_the_api_is_known_by_its_name() {
        let mut known: Vec<&str> = Feature::ALL
            .into_iter()
            .filter(|feature| feature.whole().is_none())
            .map(Feature::api_name)
            .collect();
        known.sort_unstable();
        assert_eq!(known, DetectorFeature::values());
    }

    #[test]
    fn what_aws_lists_is_read_with_its_parts_and_without_what_cannot_be_switched() {
        let part = |name| {
            DetectorAdditionalConfigurationResult::builder()
                .name(name)
                .status(FeatureStatus::Enabled)
                .build()
        };
        let feature = |name| DetectorFeatureConfigurationResult::builder().name(name);
        let answer = [
            feature(DetectorFeatureResult::FlowLogs)
                .status(FeatureStatus::Enabled)
                .build(),
            feature(DetectorFeatureResult::from("FROM_TOMORROW"))
                .status(FeatureStatus::Enabled)
                .build(),
            feature(DetectorFeatureResult::S3DataEvents)
                .status(FeatureStatus::Enabled)
                .build(),
            feature(DetectorFeatureResult::EksRuntimeMonitoring)
                .status(FeatureStatus::Disabled)
                .additional_configuration(part(FeatureAdditionalConfiguration::EksAddonManagement))
                .build(),
            feature(DetectorFeatureResult::RuntimeMonitoring)
                .status(FeatureStatus::Enabled)
                .additional_configuration(part(FeatureAdditionalConfiguration::Ec2AgentManagement))
                .additional_configuration(part(FeatureAdditionalConfiguration::from("PART_FROM_TOMORROW")))
                .build(),
        ];
        assert_eq!(
            unknown(&answer),
            ["FROM_TOMORROW", "PART_FROM_TOMORROW of RUNTIME_MONITORING"]
        );
        assert_eq!(
            listed(&answer),
            Features::from([
                (S3DataEvents, true),
                (RuntimeMonitoring, true),
                (RuntimeMonitoringEc2Agent, true),
                (EksRuntimeMonitoring, false),
                (EksRuntimeMonitoringAddon, false),
            ])
        );
    }
}
