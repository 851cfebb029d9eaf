//! What requests look like. An unknown member is refused, as a misspelt one would be.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Frequency, MonitorDimension, MonitorKind, Subscriber};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CreateMonitor {
    pub(super) anomaly_monitor: NewMonitor,
    #[serde(default)]
    pub(super) resource_tags: Vec<ResourceTag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct NewMonitor {
    pub(super) monitor_name: String,
    pub(super) monitor_type: MonitorKind,
    pub(super) monitor_dimension: Option<MonitorDimension>,
    pub(super) monitor_specification: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct RenameMonitor {
    pub(super) monitor_arn: String,
    pub(super) monitor_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OneMonitor {
    pub(super) monitor_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CreateSubscription {
    pub(super) anomaly_subscription: NewSubscription,
    #[serde(default)]
    pub(super) resource_tags: Vec<ResourceTag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct NewSubscription {
    pub(super) subscription_name: String,
    pub(super) monitor_arn_list: Vec<String>,
    pub(super) subscribers: Vec<Subscriber>,
    pub(super) frequency: Frequency,
    pub(super) threshold: Option<f64>,
    pub(super) threshold_expression: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UpdateSubscription {
    pub(super) subscription_arn: String,
    pub(super) subscription_name: Option<String>,
    pub(super) monitor_arn_list: Option<Vec<String>>,
    pub(super) subscribers: Option<Vec<Subscriber>>,
    pub(super) frequency: Option<Frequency>,
    pub(super) threshold: Option<f64>,
    pub(super) threshold_expression: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OneSubscription {
    pub(super) subscription_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Listing {
    #[serde(default)]
    pub(super) monitor_arn_list: Vec<String>,
    #[serde(default)]
    pub(super) subscription_arn_list: Vec<String>,
    pub(super) monitor_arn: Option<String>,
    pub(super) next_page_token: Option<String>,
    pub(super) max_results: Option<i64>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ResourceTag {
    pub(super) key: String,
    pub(super) value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Tagging {
    pub(super) resource_arn: String,
    #[serde(default)]
    pub(super) resource_tags: Vec<ResourceTag>,
    #[serde(default)]
    pub(super) resource_tag_keys: Vec<String>,
}
