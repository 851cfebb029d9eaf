//! AWS Config: a region's recorder and its delivery channel. It records nothing.
//!
//! Source: AWS Config API reference, `PutConfigurationRecorder`, `PutDeliveryChannel`, `StartConfigurationRecorder`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::input::{Input, one_or_many, one_or_many_texts};
use super::service::Service;
use super::wire::Protocol;
use super::{Account, Answer, AwsError, Call, tags};

mod check;
#[cfg(test)]
mod tests;

/// What is kept of it in a region.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The recorder that the account's owner made: a region has one at most.
    pub recorder: Option<Recorder>,
    /// The recorders that services made for themselves, by name.
    pub service_linked: BTreeMap<String, ServiceLinked>,
    /// The delivery channel: a region has one at most.
    pub channel: Option<Channel>,
}

/// A recorder of the account's owner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorder {
    /// Its name.
    pub name: String,
    /// The last part of its ARN.
    pub id: String,
    /// The role that it records with.
    pub role_arn: String,
    /// What it records, with all that AWS adds.
    pub group: Value,
    /// How often it records.
    pub mode: Value,
    /// Whether it runs.
    pub recording: bool,
    /// When it was last started, in seconds since 1970.
    pub started_at: Option<i64>,
    /// When it was last stopped.
    pub stopped_at: Option<i64>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A recorder of a service, which only that service can change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceLinked {
    /// The last part of its ARN.
    pub id: String,
    /// The service.
    pub principal: String,
}

/// A delivery channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// As it was put, in the API's form.
    pub settings: Map<String, Value>,
    /// What Config says of its deliveries, where that is not what the bucket shows: members of
    /// `DeliveryChannelStatus`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub status: Map<String, Value>,
}

/// What services' own recorders are called.
const RESERVED: &str = "AWSConfigurationRecorderFor";

/// The service.
pub(super) static SERVICE: Service = Service {
    keeps_tag: |tag| match tag.is_whole() {
        true => Ok(true),
        false => Err(SERVICE.invalid("A tag has a key and a value.")),
    },
    ..Service::new("config", &[Protocol::Json("1.1")], handle)
};

/// Answers one operation.
fn handle(account: &mut Account, call: &Call) -> Answer {
    match call.operation.as_str() {
        "PutConfigurationRecorder" => check::role(account, call)?,
        "PutDeliveryChannel" => {
            config(account, call)?.can_have_channel(call)?;
            check::delivery(account, call)?;
        }
        "DescribeDeliveryChannelStatus" => {
            let refusal = check::refusal_of_delivery(account, call);
            return config(account, call)?.channel_status(call, refusal);
        }
        _ => {}
    }
    let arn = format!(
        "arn:aws:config:{}:{}:configuration-recorder/",
        call.region, account.id
    );
    let id = match call.operation.as_str() {
        "PutConfigurationRecorder" | "PutServiceLinkedConfigurationRecorder" => account.ids.next_hex32(),
        _ => String::new(),
    };
    let config = config(account, call)?;
    match call.operation.as_str() {
        "DescribeConfigurationRecorders" => config.describe(call, &arn),
        "DescribeConfigurationRecorderStatus" => config.status(call, &arn),
        "ListConfigurationRecorders" => Ok(config.list(&arn)),
        "PutConfigurationRecorder" => config.put_recorder(call, &id),
        "PutServiceLinkedConfigurationRecorder" => config.put_service_linked(call, &arn, id),
        "StartConfigurationRecorder" => config.start(call),
        "StopConfigurationRecorder" => {
            let recorder = config.named(&call.input["ConfigurationRecorderName"])?;
            if recorder.recording {
                recorder.recording = false;
                recorder.stopped_at = Some(call.now);
            }
            Ok(Value::Null)
        }
        "DeleteConfigurationRecorder" => {
            config.named(&call.input["ConfigurationRecorderName"])?;
            config.recorder = None;
            Ok(Value::Null)
        }
        "DescribeDeliveryChannels" => config.channels(call),
        "PutDeliveryChannel" => {
            config.put_channel(call);
            Ok(Value::Null)
        }
        "DeleteDeliveryChannel" => config.delete_channel(call),
        "ListTagsForResource" => {
            let tags = &config.of_arn(call, &arn)?.tags;
            Ok(json!({"Tags": tags::output(tags)}))
        }
        "TagResource" => {
            let tags = SERVICE.tags(one_or_many(&call.input["Tags"]))?;
            config.of_arn(call, &arn)?.tags.extend(tags);
            Ok(Value::Null)
        }
        "UntagResource" => {
            let keys = one_or_many_texts(&call.input["TagKeys"]);
            config
                .of_arn(call, &arn)?
                .tags
                .retain(|key, _| !keys.contains(&key.as_str()));
            Ok(Value::Null)
        }
        _ => Err(AwsError::not_in_sandbox(call)),
    }
}

fn config<'a>(account: &'a mut Account, call: &Call) -> Result<&'a mut Config, AwsError> {
    account
        .regions
        .get_mut(&call.region)
        .map(|region| &mut region.config)
        .ok_or_else(|| AwsError::region_not_enabled(call))
}

impl Recorder {
    fn output(&self, arn: &str) -> Value {
        json!({
            "arn": format!("{arn}{}/{}", self.name, self.id),
            "name": self.name,
            "roleARN": self.role_arn,
            "recordingGroup": self.group,
            "recordingMode": self.mode,
            "recordingScope": "PAID",
        })
    }
}

impl Config {
    /// The recorder of this name.
    fn named(&mut self, name: &Value) -> Result<&mut Recorder, AwsError> {
        let name = name.as_str().unwrap_or_default();
        if self.service_linked.contains_key(name) {
            return Err(AwsError::new(
                "UnmodifiableEntityException",
                format!("The configuration recorder {name} is service-linked and cannot be changed."),
            ));
        }
        self.recorder
            .as_mut()
            .filter(|recorder| recorder.name == name)
            .ok_or_else(|| no_recorder(name))
    }

    /// Whether the recorder is among those that a request names; a request for one that is not there fails.
    fn is_asked(&self, call: &Call) -> Result<bool, AwsError> {
        let names = one_or_many_texts(&call.input["ConfigurationRecorderNames"]);
        let own = self.recorder.as_ref().map(|recorder| recorder.name.as_str());
        match names.iter().find(|name| Some(**name) != own) {
            Some(other) => Err(no_recorder(other)),
            None => Ok(own.is_some()),
        }
    }

    fn describe(&self, call: &Call, arn: &str) -> Answer {
        let asked = self.is_asked(call)?;
        let found = self.recorder.iter().filter(|_| asked);
        let found: Vec<Value> = found.map(|recorder| recorder.output(arn)).collect();
        Ok(json!({"ConfigurationRecorders": found}))
    }

    fn status(&self, call: &Call, arn: &str) -> Answer {
        let asked = self.is_asked(call)?;
        let found = self.recorder.iter().filter(|_| asked);
        let found: Vec<Value> = found
            .map(|recorder| {
                json!({
                    "arn": format!("{arn}{}/{}", recorder.name, recorder.id),
                    "name": recorder.name,
                    "recording": recorder.recording,
                    "lastStatus": recorder.started_at.map(|_| if recorder.recording { "Success" } else { "Pending" }),
                    "lastStartTime": recorder.started_at,
                    "lastStopTime": recorder.stopped_at,
                })
            })
            .collect();
        Ok(json!({"ConfigurationRecordersStatus": found}))
    }

    fn list(&self, arn: &str) -> Value {
        let own = self.recorder.iter().map(|recorder| {
            json!({
                "arn": format!("{arn}{}/{}", recorder.name, recorder.id),
                "name": recorder.name,
                "recordingScope": "PAID",
            })
        });
        let theirs = self.service_linked.iter().map(|(name, recorder)| {
            json!({
                "arn": format!("{arn}{name}/{}", recorder.id),
                "name": name,
                "servicePrincipal": recorder.principal,
                "recordingScope": "INTERNAL",
            })
        });
        let all: Vec<Value> = own.chain(theirs).collect();
        json!({"ConfigurationRecorderSummaries": all})
    }

    fn put_recorder(&mut self, call: &Call, id: &str) -> Answer {
        let wanted = &call.input["ConfigurationRecorder"];
        let name = wanted["name"].as_str().unwrap_or("default");
        if name.is_empty() || name.len() > 256 || name.starts_with(RESERVED) {
            return Err(AwsError::new(
                "InvalidConfigurationRecorderNameException",
                format!("The configuration recorder name '{name}' is not valid."),
            ));
        }
        if self.recorder.as_ref().is_some_and(|there| there.name != name) {
            return Err(AwsError::new(
                "MaxNumberOfConfigurationRecordersExceededException",
                format!(
                    "Failed to put configuration recorder '{name}' because the maximum number of configuration \
                     recorders: 1 is reached."
                ),
            ));
        }
        let (group, mode) = (
            check::group(&wanted["recordingGroup"])?,
            check::mode(&wanted["recordingMode"])?,
        );
        let role_arn = wanted.text("roleARN").to_owned();
        if let Some(there) = &mut self.recorder {
            // Tags count at creation alone.
            (there.role_arn, there.group, there.mode) = (role_arn, group, mode);
            return Ok(Value::Null);
        }
        self.recorder = Some(Recorder {
            name: name.to_owned(),
            id: id.to_owned(),
            role_arn,
            group,
            mode,
            recording: false,
            started_at: None,
            stopped_at: None,
            tags: SERVICE.tags(one_or_many(&call.input["Tags"]))?,
        });
        Ok(Value::Null)
    }

    fn put_service_linked(&mut self, call: &Call, arn: &str, id: String) -> Answer {
        let principal = call.input.text("ServicePrincipal");
        let suffix = match principal {
            "securityhub.amazonaws.com" => "SecurityHubCSPM",
            "securityhubv2.amazonaws.com" => "SecurityHubAssets",
            _ => {
                return Err(SERVICE.invalid(format!("{principal} has no service-linked recorder.")));
            }
        };
        let name = format!("{RESERVED}{suffix}");
        if self.service_linked.contains_key(&name) {
            return Err(AwsError::new(
                "ConflictException",
                format!("The service-linked configuration recorder {name} exists."),
            ));
        }
        let answer = json!({"Arn": format!("{arn}{name}/{id}"), "Name": name});
        let principal = principal.to_owned();
        self.service_linked.insert(name, ServiceLinked { id, principal });
        Ok(answer)
    }

    fn start(&mut self, call: &Call) -> Answer {
        let has_channel = self.channel.is_some();
        let recorder = self.named(&call.input["ConfigurationRecorderName"])?;
        if !has_channel {
            return Err(AwsError::new(
                "NoAvailableDeliveryChannelException",
                "Delivery channel is not available to start configuration recorder.",
            ));
        }
        if !recorder.recording {
            recorder.recording = true;
            recorder.started_at = Some(call.now);
        }
        Ok(Value::Null)
    }

    fn channel_name(&self) -> Option<&str> {
        self.channel
            .as_ref()
            .map(|channel| channel.settings["name"].as_str().unwrap_or_default())
    }

    /// What has to be true before the bucket is looked at.
    fn can_have_channel(&self, call: &Call) -> Result<(), AwsError> {
        if self.recorder.is_none() {
            return Err(AwsError::new(
                "NoAvailableConfigurationRecorderException",
                "Configuration recorder is not available to put delivery channel.",
            ));
        }
        let name = call.input["DeliveryChannel"]["name"]
            .as_str()
            .unwrap_or("default");
        if self.channel_name().is_some_and(|there| there != name) {
            return Err(AwsError::new(
                "MaxNumberOfDeliveryChannelsExceededException",
                format!(
                    "Failed to put delivery channel '{name}' because the maximum number of delivery channels: 1 is \
                     reached."
                ),
            ));
        }
        Ok(())
    }

    fn put_channel(&mut self, call: &Call) {
        let mut settings = call.input["DeliveryChannel"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        settings.retain(|_, value| !value.is_null());
        settings.entry("name").or_insert_with(|| "default".into());
        self.channel = Some(Channel {
            settings,
            status: Map::new(),
        });
    }

    /// Refuses a request that names a channel that is not there.
    fn knows_channels(&self, call: &Call) -> Result<(), AwsError> {
        let names = one_or_many_texts(&call.input["DeliveryChannelNames"]);
        match names.iter().find(|name| Some(**name) != self.channel_name()) {
            Some(other) => Err(no_channel(other)),
            None => Ok(()),
        }
    }

    /// How the deliveries went: since it was started the recorder has delivered, or has just been refused again.
    fn channel_status(&self, call: &Call, refusal: Option<(&str, String)>) -> Answer {
        self.knows_channels(call)?;
        let Some(channel) = &self.channel else {
            return Ok(json!({"DeliveryChannelsStatus": []}));
        };
        let recorder = self.recorder.as_ref();
        let started = recorder.and_then(|recorder| recorder.started_at);
        let history = match (started, refusal) {
            (None, _) => json!({}),
            (Some(started), None) => json!({
                "lastStatus": "Success",
                "lastAttemptTime": started,
                "lastSuccessfulTime": started,
            }),
            (Some(started), Some((code, message))) => json!({
                "lastStatus": "Failure",
                "lastErrorCode": code,
                "lastErrorMessage": message,
                "lastAttemptTime": call.now,
                "lastSuccessfulTime": started,
            }),
        };
        // Without a topic there is no stream, and without a frequency no snapshot.
        let mut status = json!({
            "name": self.channel_name(),
            "configHistoryDeliveryInfo": history,
            "configSnapshotDeliveryInfo": {},
            "configStreamDeliveryInfo": {"lastStatus": "Not_Applicable"},
        });
        for (member, told) in &channel.status {
            status[member] = told.clone();
        }
        Ok(json!({"DeliveryChannelsStatus": [status]}))
    }

    fn channels(&self, call: &Call) -> Answer {
        self.knows_channels(call)?;
        let found: Vec<&Map<String, Value>> = self.channel.iter().map(|channel| &channel.settings).collect();
        Ok(json!({"DeliveryChannels": found}))
    }

    fn delete_channel(&mut self, call: &Call) -> Answer {
        let name = call.input.text("DeliveryChannelName");
        if self.channel_name() != Some(name) {
            return Err(no_channel(name));
        }
        if self.recorder.as_ref().is_some_and(|recorder| recorder.recording) {
            return Err(AwsError::new(
                "LastDeliveryChannelDeleteFailedException",
                format!(
                    "Failed to delete last specified delivery channel with name '{name}', because there is a running \
                     configuration recorder."
                ),
            ));
        }
        self.channel = None;
        Ok(Value::Null)
    }

    /// The recorder that an ARN names.
    fn of_arn(&mut self, call: &Call, prefix: &str) -> Result<&mut Recorder, AwsError> {
        let arn = call.input.text("ResourceArn");
        self.recorder
            .as_mut()
            .filter(|recorder| {
                arn.strip_prefix(prefix) == Some(&format!("{}/{}", recorder.name, recorder.id))
            })
            .ok_or_else(|| {
                AwsError::new(
                    "ResourceNotFoundException",
                    format!("Resource '{arn}' does not exist."),
                )
            })
    }
}

fn no_recorder(name: &str) -> AwsError {
    AwsError::new(
        "NoSuchConfigurationRecorderException",
        format!("Cannot find configuration recorder with the specified name '{name}'."),
    )
}

fn no_channel(name: &str) -> AwsError {
    AwsError::new(
        "NoSuchDeliveryChannelException",
        format!("Cannot find delivery channel with specified name '{name}'."),
    )
}
