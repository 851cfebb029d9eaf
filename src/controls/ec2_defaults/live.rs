//! The calls to EC2.

use std::future::Future;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{
    ImageBlockPublicAccessEnabledState, InstanceMetadataDefaultsResponse, ManagedBy,
    SnapshotBlockPublicAccessState,
};
use futures::try_join;
use serde_json::Value;
use trueup_aws::{Cx, Failure};
use trueup_core::control::Observed;
use trueup_core::values::Bound;

use super::diff::differs;
use super::model::{
    Action, Ids, ImageAccess, InstanceMetadata, Model, Options, PublicSnapshots, Setting, SnapshotAccess,
    Switch,
};
use crate::effective_policy::{Kind, effective_policy};

/// Reads what the table speaks of: each setting is a call in every region.
pub(super) async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
    let ec2 = &cx.clients().ec2;
    let is_wanted = |is_written: fn(&Model) -> bool| want.is_none_or(is_written);
    let (snapshots, images, console, metadata) = try_join!(
        only_if(is_wanted(|want| want.snapshot_public_access.is_some()), async {
            Ok(ec2.get_snapshot_block_public_access_state().send().await?)
        }),
        only_if(is_wanted(|want| want.image_public_access.is_some()), async {
            Ok(ec2.get_image_block_public_access_state().send().await?)
        }),
        only_if(is_wanted(|want| want.serial_console.is_some()), async {
            Ok(ec2.get_serial_console_access_status().send().await?)
        }),
        only_if(is_wanted(|want| want.instance_metadata.is_some()), async {
            let answer = ec2.get_instance_metadata_defaults().send().await?;
            Ok(answer.account_level.as_ref().map(metadata).unwrap_or_default())
        }),
    )?;
    let (options, metadata_by) = metadata.clone().unwrap_or_default();
    let by_policy = [
        (
            Setting::SnapshotPublicAccess,
            snapshots.as_ref().and_then(|answer| answer.managed_by.clone()),
        ),
        (
            Setting::ImagePublicAccess,
            images.as_ref().and_then(|answer| answer.managed_by.clone()),
        ),
        (
            Setting::SerialConsole,
            console.as_ref().and_then(|answer| answer.managed_by.clone()),
        ),
        (Setting::InstanceMetadata, metadata_by),
    ];
    let model = Model {
        snapshot_public_access: snapshots
            .and_then(|answer| SnapshotAccess::from_api(answer.state?.as_str()))
            .map(Bound::Plain),
        image_public_access: images
            .and_then(|answer| ImageAccess::from_api(&answer.image_block_public_access_state?))
            .map(Bound::Plain),
        serial_console: console
            .map(|answer| Bound::Plain(answer.serial_console_access_enabled.unwrap_or(false))),
        instance_metadata: metadata.map(|(options, _)| options.model()),
    };
    let mut ids = Ids {
        by_policy: by_policy
            .into_iter()
            .filter(|(_, by)| *by == Some(ManagedBy::DeclarativePolicy))
            .map(|(setting, _)| setting)
            .collect(),
        options,
        public_snapshots: PublicSnapshots::default(),
    };
    if want.is_some_and(|want| differs(want, &model, &ids.by_policy)) {
        ids.by_policy
            .extend(owned(&effective_policy::<Ec2Policy>(cx).await?));
    }
    let blocks_all = |table: &Model| {
        let access = table.snapshot_public_access.map(Bound::into_value);
        access == Some(SnapshotAccess::BlockAllSharing)
    };
    let hides = want.is_some_and(blocks_all)
        && !blocks_all(&model)
        && !ids.by_policy.contains(&Setting::SnapshotPublicAccess);
    if hides {
        ids.public_snapshots = public_snapshots(ec2).await;
    }
    Ok(Observed {
        model,
        ids,
        held_by: None,
    })
}

/// The organization's declarative policy for EC2. EC2 itself says which setting it holds, once it has arrived in the region.
struct Ec2Policy;

impl Kind for Ec2Policy {
    const TYPE: &'static str = "DECLARATIVE_POLICY_EC2";
}

/// The settings that the policy in effect holds (AWS Organizations User Guide, "Declarative policy syntax and examples").
pub(super) fn owned(policy: &Value) -> impl Iterator<Item = Setting> {
    let attributes = [
        ("snapshot_block_public_access", Setting::SnapshotPublicAccess),
        ("image_block_public_access", Setting::ImagePublicAccess),
        ("serial_console_access", Setting::SerialConsole),
        ("instance_metadata_defaults", Setting::InstanceMetadata),
    ];
    let held = &policy["ec2_attributes"];
    attributes
        .into_iter()
        .filter(|(name, _)| held[*name].is_object())
        .map(|(_, setting)| setting)
}

async fn only_if<T>(
    wanted: bool,
    read: impl Future<Output = Result<T, Failure>> + Send,
) -> Result<Option<T>, Failure> {
    if wanted { read.await.map(Some) } else { Ok(None) }
}

fn metadata(level: &InstanceMetadataDefaultsResponse) -> (Options, Option<ManagedBy>) {
    let options = Options {
        http_tokens: level.http_tokens().map(|word| word.as_str().to_owned()),
        http_put_response_hop_limit: level.http_put_response_hop_limit(),
        http_endpoint: level.http_endpoint().map(|word| word.as_str().to_owned()),
        instance_metadata_tags: level
            .instance_metadata_tags()
            .map(|word| word.as_str().to_owned()),
        http_tokens_enforced: level.http_tokens_enforced().map(|word| word.as_str().to_owned()),
    };
    (options, level.managed_by().cloned())
}

/// The account's snapshots that everybody may read. That they cannot be listed is part of the answer, not a fault: the
/// block can be planned without them, and asks for consent.
async fn public_snapshots(ec2: &Client) -> PublicSnapshots {
    match list(ec2).await {
        Ok(mut ids) => {
            ids.sort();
            PublicSnapshots {
                ids,
                not_listed: None,
            }
        }
        Err(fault) => PublicSnapshots {
            ids: vec![],
            not_listed: Some(fault.reason().to_owned()),
        },
    }
}

async fn list(ec2: &Client) -> Result<Vec<String>, Failure> {
    let mut pages = ec2
        .describe_snapshots()
        .owner_ids("self")
        .restorable_by_user_ids("all")
        .max_results(1000)
        .into_paginator()
        .send();
    let mut ids = vec![];
    while let Some(page) = pages.next().await {
        let snapshots = page.map_err(Failure::from)?.snapshots.unwrap_or_default();
        ids.extend(snapshots.into_iter().filter_map(|snapshot| snapshot.snapshot_id));
    }
    Ok(ids)
}

/// Makes one change. EC2 takes each of them again where it is made already.
pub(super) async fn apply(ec2: &Client, action: &Action) -> Result<(), Failure> {
    match action {
        Action::SetSnapshotAccess(access) => {
            let state = match access {
                SnapshotAccess::Unblocked => {
                    ec2.disable_snapshot_block_public_access().send().await?;
                    return Ok(());
                }
                SnapshotAccess::BlockNewSharing => SnapshotBlockPublicAccessState::BlockNewSharing,
                SnapshotAccess::BlockAllSharing => SnapshotBlockPublicAccessState::BlockAllSharing,
            };
            ec2.enable_snapshot_block_public_access()
                .state(state)
                .send()
                .await?;
        }
        Action::SetImageAccess(ImageAccess::Unblocked) => {
            ec2.disable_image_block_public_access().send().await?;
        }
        Action::SetImageAccess(ImageAccess::BlockNewSharing) => {
            ec2.enable_image_block_public_access()
                .image_block_public_access_state(ImageBlockPublicAccessEnabledState::BlockNewSharing)
                .send()
                .await?;
        }
        Action::SetSerialConsole(true) => {
            ec2.enable_serial_console_access().send().await?;
        }
        Action::SetSerialConsole(false) => {
            ec2.disable_serial_console_access().send().await?;
        }
        Action::SetInstanceMetadata { set, keep } => set_metadata(ec2, set, keep).await?,
    }
    Ok(())
}

async fn set_metadata(ec2: &Client, set: &InstanceMetadata, keep: &Options) -> Result<(), Failure> {
    let switch = |set: Option<Switch>, keep: &Option<String>| {
        set.map(Switch::api)
            .or(keep.as_deref())
            .map(|word| word.to_owned())
    };
    let tokens = set
        .http_tokens
        .map(|tokens| tokens.value().api())
        .or(keep.http_tokens.as_deref())
        .map(Into::into);
    // "no_preference" is -1.
    let hops = set
        .http_put_response_hop_limit
        .map(|hops| hops.value().number.unwrap_or(-1))
        .or(keep.http_put_response_hop_limit);
    let endpoint = switch(set.http_endpoint, &keep.http_endpoint);
    let tags = switch(set.instance_metadata_tags, &keep.instance_metadata_tags);
    let enforced = switch(
        set.http_tokens_enforced.map(Bound::into_value),
        &keep.http_tokens_enforced,
    );
    ec2.modify_instance_metadata_defaults()
        .set_http_tokens(tokens)
        .set_http_put_response_hop_limit(hops)
        .set_http_endpoint(endpoint.as_deref().map(Into::into))
        .set_instance_metadata_tags(tags.as_deref().map(Into::into))
        .set_http_tokens_enforced(enforced.as_deref().map(Into::into))
        .send()
        .await?;
    Ok(())
}
