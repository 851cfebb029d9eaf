//! Reading and writing a region's recorder.

use std::collections::BTreeSet;

use aws_sdk_config::Client;
use aws_sdk_config::types::{
    ConfigurationRecorder, ConfigurationRecorderStatus, DeliveryChannel, ExclusionByResourceTypes,
    RecordingFrequency, RecordingGroup, RecordingMode, RecordingModeOverride, RecordingStrategy,
    RecordingStrategyType, ResourceType, Tag,
};
use trueup_aws::wait::{self, TWO_MINUTES, Wait};
use trueup_aws::{Cx, Failure, Reading, found};
use trueup_core::change::Manager;
use trueup_core::control::Observed;
use trueup_core::location::Location;
use trueup_core::tags::Tags;
use trueup_core::values::Bound;

use super::model::{
    Action, Channel, Failing, Frequency, Ids, Model, Recorder, Recording, Told, service_linked_role,
};
use super::{delivery, role};
use crate::global_region;

/// What Config answers while it does not yet see its service-linked role. That one always lets it in.
const NEW_ROLE: &[&str] = &["InvalidRoleException"];

/// What it answers while it does not yet see a new bucket policy.
const NEW_POLICY: &[&str] = &["InsufficientDeliveryPolicyException"];

/// What Control Tower's recorders and roles are called like.
const CONTROL_TOWER: &str = "aws-controltower-";

pub(super) async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
    let config = &cx.clients().config;
    let recorder = find(config).await?;
    let read = cx.cached::<RegionChannel>().await?;
    let channel = read.0.clone().map(|channel| Channel {
        name: channel.name.unwrap_or_default(),
        bucket: channel.s3_bucket_name.unwrap_or_default(),
        prefix: channel.s3_key_prefix.unwrap_or_default(),
    });
    let mut ids = Ids {
        global_region: match want.and_then(|want| want.global_regions.as_ref()) {
            Some(regions) => global_region::choose(cx, regions).await?,
            None => None,
        },
        told: Told {
            is_managed: want.is_some(),
            failing: None,
        },
        channel,
        ..Ids::default()
    };
    let Some(recorder) = recorder else {
        return Ok(Observed {
            model: model(None, &ids, false, want, cx),
            ids,
            held_by: None,
        });
    };
    let recording = recording(&recorder);
    let name = recorder.name.unwrap_or_default();
    let statuses = config
        .describe_configuration_recorder_status()
        .configuration_recorder_names(&name)
        .send()
        .await?;
    let running = statuses
        .configuration_recorders_status()
        .iter()
        .find(|status| status.recording);
    let role = recording.role.rsplit('/').next().unwrap_or_default();
    let tower = name.starts_with(CONTROL_TOWER) || role.starts_with(CONTROL_TOWER);
    if let (Some(running), Some(_), Some(_)) = (running, &ids.channel, want) {
        ids.told.failing = failing(config, running).await?;
    }
    let is_role_gone = !tower
        && match role::exists(cx, &recording.role).await {
            // An export does not depend on the role.
            Err(_) if want.is_none() => false,
            read => !read?,
        };
    ids.recorder = Some(Recorder {
        is_role_gone,
        tags: match &recorder.arn {
            Some(arn) if !cx.env.run.tags.is_empty() => tags_of(config, arn).await?,
            _ => Tags::new(),
        },
        name,
        arn: recorder.arn,
        recording,
    });
    Ok(Observed {
        model: model(ids.recorder.as_ref(), &ids, running.is_some(), want, cx),
        ids,
        held_by: tower.then(|| Manager {
            who: "AWS Control Tower".to_owned(),
        }),
    })
}

/// Why the records of a recorder that runs do not arrive, if they do not.
async fn failing(config: &Client, running: &ConfigurationRecorderStatus) -> Result<Option<Failing>, Failure> {
    let answer = config.describe_delivery_channel_status().send().await;
    let answer = found(answer, "NoSuchDeliveryChannelException")?;
    let statuses = answer
        .and_then(|answer| answer.delivery_channels_status)
        .unwrap_or_default();
    let started = running.last_start_time().map(aws_smithy_types::DateTime::secs);
    let now = jiff::Timestamp::now().as_second();
    Ok(statuses
        .iter()
        .find_map(|status| delivery::failing(status, started, now)))
}

/// The recorder of the account's owner. A service's own is none of ours.
async fn find(config: &Client) -> Result<Option<ConfigurationRecorder>, Failure> {
    let answer = config.describe_configuration_recorders().send().await;
    let all = found(answer, "NoSuchConfigurationRecorderException")?
        .and_then(|answer| answer.configuration_recorders)
        .unwrap_or_default();
    Ok(all
        .into_iter()
        .find(|recorder| recorder.service_principal.is_none()))
}

/// Whether the recorder of a region, if it has one, records all global resource types.
pub(crate) async fn records_global(config: &Client) -> Result<bool, Failure> {
    let recorder = find(config).await?;
    Ok(recorder.is_some_and(|recorder| recording(&recorder).has_global() == Some(true)))
}

/// The bucket that the home region's recorder delivers to.
pub(crate) async fn bucket(cx: &Cx) -> Result<Option<String>, Failure> {
    let home = cx.at(Location::Region(cx.env.home.clone()));
    let read = home.cached::<RegionChannel>().await?;
    Ok(read.0.as_ref().and_then(|channel| channel.s3_bucket_name.clone()))
}

/// The delivery channel of a region, if it has one.
struct RegionChannel(Option<DeliveryChannel>);

impl Reading for RegionChannel {
    async fn read(cx: &Cx) -> Result<Self, Failure> {
        Ok(RegionChannel(find_channel(&cx.clients().config).await?))
    }
}

async fn find_channel(config: &Client) -> Result<Option<DeliveryChannel>, Failure> {
    let answer = config.describe_delivery_channels().send().await;
    let all = found(answer, "NoSuchDeliveryChannelException")?.and_then(|answer| answer.delivery_channels);
    Ok(all.unwrap_or_default().into_iter().next())
}

async fn tags_of(config: &Client, arn: &str) -> Result<Tags, Failure> {
    let mut pages = config
        .list_tags_for_resource()
        .resource_arn(arn)
        .into_paginator()
        .send();
    let mut tags = Tags::new();
    while let Some(page) = pages.next().await {
        let page = page?.tags.unwrap_or_default().into_iter();
        tags.extend(page.filter_map(|tag| tag.key.zip(tag.value)));
    }
    Ok(tags)
}

fn names(types: &[ResourceType]) -> BTreeSet<String> {
    types.iter().map(|name| name.as_str().to_owned()).collect()
}

fn types(names: &BTreeSet<String>) -> Vec<ResourceType> {
    names
        .iter()
        .map(|name| ResourceType::from(name.as_str()))
        .collect()
}

impl Frequency {
    fn from_api(frequency: &RecordingFrequency) -> Self {
        match frequency {
            RecordingFrequency::Continuous => Frequency::Continuous,
            // What AWS adds is not taken for the better one.
            _ => Frequency::Daily,
        }
    }

    fn to_api(self) -> RecordingFrequency {
        match self {
            Frequency::Daily => RecordingFrequency::Daily,
            Frequency::Continuous => RecordingFrequency::Continuous,
        }
    }
}

/// What a recorder records; AWS's defaults and empty lists read as what they mean. The strategy decides, and where there
/// is none (recorders are older than strategies), the lists do.
fn recording(recorder: &ConfigurationRecorder) -> Recording {
    let group = recorder.recording_group();
    let all = group.is_none_or(|group| group.all_supported);
    let exclude = group
        .and_then(RecordingGroup::exclusion_by_resource_types)
        .map(|exclude| names(exclude.resource_types()))
        .unwrap_or_default();
    let only = group
        .map(|group| names(group.resource_types()))
        .unwrap_or_default();
    let by_lists = match (all, exclude.is_empty()) {
        (true, _) => RecordingStrategyType::AllSupportedResourceTypes,
        (false, true) => RecordingStrategyType::InclusionByResourceTypes,
        (false, false) => RecordingStrategyType::ExclusionByResourceTypes,
    };
    let told = group
        .and_then(RecordingGroup::recording_strategy)
        .and_then(RecordingStrategy::use_only);
    let includes_global = group.is_some_and(|group| group.include_global_resource_types);
    // A strategy that contradicts the lists decides nothing, and they say what was meant.
    let is_clear = match told {
        None => true,
        Some(RecordingStrategyType::AllSupportedResourceTypes) => {
            all && exclude.is_empty() && only.is_empty()
        }
        Some(RecordingStrategyType::ExclusionByResourceTypes) => !all && only.is_empty(),
        Some(RecordingStrategyType::InclusionByResourceTypes) => !all && exclude.is_empty(),
        Some(_) => false,
    };
    let (only, exclude, global) = match told.filter(|_| is_clear).unwrap_or(&by_lists) {
        RecordingStrategyType::InclusionByResourceTypes => (Some(only), BTreeSet::new(), false),
        // What is not excluded is recorded, IAM's types too.
        RecordingStrategyType::ExclusionByResourceTypes => {
            let is_all = exclude.is_empty();
            (None, exclude, is_all)
        }
        _ => (None, BTreeSet::new(), includes_global),
    };
    let mode = recorder.recording_mode();
    let otherwise = mode
        .and_then(|mode| mode.recording_mode_overrides().first())
        .map(|one| {
            (
                Frequency::from_api(&one.recording_frequency),
                names(&one.resource_types),
            )
        });
    Recording {
        role: recorder.role_arn.clone().unwrap_or_default(),
        only,
        exclude,
        global,
        frequency: mode.map_or(Frequency::Continuous, |mode| {
            Frequency::from_api(&mode.recording_frequency)
        }),
        otherwise,
        is_unclear: !is_clear,
    }
}

fn model(recorder: Option<&Recorder>, ids: &Ids, runs: bool, want: Option<&Model>, cx: &Cx) -> Model {
    let Some(recorder) = recorder else {
        return Model {
            enabled: Some(false),
            ..Model::default()
        };
    };
    let live = &recorder.recording;
    let asks_for_global = want.is_some_and(|want| want.global_resource_types.is_some());
    let of = |types: BTreeSet<String>| Some(Bound::Plain(types));
    Model {
        enabled: Some(runs),
        frequency: Some(Bound::Plain(live.frequency)),
        daily: of(live.with(Frequency::Daily)),
        continuous: of(live.with(Frequency::Continuous)),
        exclude: live.only.is_none().then(|| Bound::Plain(live.exclude.clone())),
        only: live.only.clone().map(Bound::Plain),
        // A list of types says it by itself, unless it is asked for.
        global_resource_types: live
            .has_global()
            .filter(|_| live.is_all() || asks_for_global)
            .map(Bound::Plain),
        global_regions: want.and_then(|want| want.global_regions.clone()),
        service_linked_role: (live.role == service_linked_role(&cx.env)).then_some(true),
        bucket: ids.channel.as_ref().map(|channel| channel.bucket.clone().into()),
        prefix: ids.channel.as_ref().map(|channel| channel.prefix.clone()),
    }
}

pub(super) async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
    let config = &cx.clients().config;
    match action {
        Action::Create {
            name,
            recording,
            tags,
        } => {
            role::make(cx).await?;
            let new = ConfigurationRecorder::builder().name(name).build();
            put(cx, sent(new, recording)?, tags).await
        }
        Action::Update { name, recording, .. } => {
            if recording.role == service_linked_role(&cx.env) {
                role::make(cx).await?;
            }
            // What Config knows beside this table is sent back as it is.
            let live = find(config).await?;
            let live = live.unwrap_or_else(|| ConfigurationRecorder::builder().name(name).build());
            put(cx, sent(live, recording)?, &Tags::new()).await
        }
        Action::Deliver(channel) => {
            deliver(config, channel, cx.wait_until("Config sees the bucket's policy")).await
        }
        Action::Start { name } => {
            let call = config.start_configuration_recorder();
            call.configuration_recorder_name(name).send().await?;
            Ok(())
        }
        Action::Stop { name } => {
            let call = config.stop_configuration_recorder();
            call.configuration_recorder_name(name).send().await?;
            Ok(())
        }
        Action::Tag { arn, tags } => {
            let call = config.tag_resource().resource_arn(arn);
            call.set_tags(Some(listed(tags))).send().await?;
            Ok(())
        }
    }
}

async fn put(cx: &Cx, recorder: ConfigurationRecorder, tags: &Tags) -> Result<(), Failure> {
    // Another role that is wrong stays wrong.
    let is_linked = recorder.role_arn() == Some(&service_linked_role(&cx.env));
    let passing = if is_linked { NEW_ROLE } else { &[] };
    let call = cx
        .clients()
        .config
        .put_configuration_recorder()
        .configuration_recorder(recorder)
        .set_tags((!tags.is_empty()).then(|| listed(tags)));
    let wait = cx.wait_until("Config sees its service-linked role");
    wait::patiently(wait, TWO_MINUTES, passing, || async {
        Ok(call.clone().send().await?)
    })
    .await?;
    Ok(())
}

fn listed(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build();
    tags.iter().map(tag).collect()
}

/// A recorder with this recording. Everything is said: what a request leaves out AWS may keep.
fn sent(
    mut recorder: ConfigurationRecorder,
    recording: &Recording,
) -> Result<ConfigurationRecorder, Failure> {
    let bad = |error: aws_sdk_config::error::BuildError| {
        Failure::answer("config:PutConfigurationRecorder", error.to_string())
    };
    let is_all = recording.is_all();
    let strategy = match &recording.only {
        Some(_) => RecordingStrategyType::InclusionByResourceTypes,
        None if is_all => RecordingStrategyType::AllSupportedResourceTypes,
        None => RecordingStrategyType::ExclusionByResourceTypes,
    };
    let exclude = (!recording.exclude.is_empty()).then(|| {
        ExclusionByResourceTypes::builder()
            .set_resource_types(Some(types(&recording.exclude)))
            .build()
    });
    let group = RecordingGroup::builder()
        .all_supported(is_all)
        .include_global_resource_types(is_all && recording.global)
        .set_resource_types(recording.only.as_ref().map(types))
        .set_exclusion_by_resource_types(exclude)
        .recording_strategy(RecordingStrategy::builder().use_only(strategy).build())
        .build();
    let overrides = recording
        .otherwise
        .iter()
        .map(|(frequency, names)| {
            RecordingModeOverride::builder()
                .recording_frequency(frequency.to_api())
                .set_resource_types(Some(types(names)))
                .build()
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(bad)?;
    let mode = RecordingMode::builder()
        .recording_frequency(recording.frequency.to_api())
        .set_recording_mode_overrides(Some(overrides))
        .build()
        .map_err(bad)?;
    recorder.role_arn = Some(recording.role.clone());
    recorder.recording_group = Some(group);
    recorder.recording_mode = Some(mode);
    // What AWS says of a recorder but takes from nobody.
    recorder.arn = None;
    recorder.recording_scope = None;
    Ok(recorder)
}

async fn deliver(config: &Client, channel: &Channel, wait: Wait) -> Result<(), Failure> {
    let live = find_channel(config).await?;
    let mut sent = live.unwrap_or_else(|| DeliveryChannel::builder().name(&channel.name).build());
    sent.s3_bucket_name = Some(channel.bucket.clone());
    sent.s3_key_prefix = Some(channel.prefix.clone()).filter(|prefix| !prefix.is_empty());
    let call = config.put_delivery_channel().delivery_channel(sent);
    wait::patiently(wait, TWO_MINUTES, NEW_POLICY, || async {
        Ok(call.clone().send().await?)
    })
    .await?;
    Ok(())
}
