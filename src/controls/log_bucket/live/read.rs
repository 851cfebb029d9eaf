//! Reading the bucket.

use std::collections::BTreeSet;

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{
    BucketVersioningStatus, MfaDeleteStatus, ServerSideEncryption, TransitionDefaultMinimumObjectSize,
};
use futures::join;
use trueup_aws::{Cx, Failure, found};
use trueup_core::control::Observed;
use trueup_core::fault::{Fault, FaultKind};
use trueup_core::location::Region;
use trueup_core::tags::Tags;
use trueup_core::values::{Bound, NumberOr, Presence, Template};
use trueup_policy::Policy;

use crate::log_bucket::model::{Encryption, Ids, Model, Ownership};
use crate::log_bucket::rule::{self, Other, Rule};
use crate::log_bucket::statements;

pub(super) fn absent(ids: Ids) -> Observed<Model, Ids> {
    let model = Model {
        state: Some(Presence::Absent),
        ..Model::default()
    };
    Observed {
        model,
        ids,
        held_by: None,
    }
}

/// The buckets of the home region whose policy has statements of trueup's.
pub(super) async fn ours(cx: &Cx) -> Result<Vec<String>, Failure> {
    let s3 = &cx.clients().s3;
    // Without a page size no region is told.
    let listed = s3
        .list_buckets()
        .max_buckets(1000)
        .bucket_region(cx.region().as_str());
    let mut pages = listed.into_paginator().send();
    let mut ours = vec![];
    while let Some(page) = pages.next().await {
        for name in page?
            .buckets
            .unwrap_or_default()
            .into_iter()
            .filter_map(|bucket| bucket.name)
        {
            let policy = s3
                .get_bucket_policy()
                .bucket(&name)
                .send()
                .await
                .map_err(Failure::from);
            // What may not be looked at can not be ours.
            let text = match policy {
                Ok(answer) => answer.policy,
                Err(fault)
                    if fault.is_one_of(&["AccessDenied", "NoSuchBucketPolicy", "PermanentRedirect"]) =>
                {
                    None
                }
                Err(fault) => return Err(fault),
            };
            let policy: Option<Policy> = text.and_then(|text| text.parse().ok());
            if policy.is_some_and(|policy| statements::is_ours(&policy)) {
                ours.push(name);
            }
        }
    }
    Ok(ours)
}

pub(super) enum Found {
    Nowhere,
    NotOurs,
    Here,
    In(Region),
}

/// Where a bucket is. `HeadBucket` has no text: only its status and a header tell.
pub(super) async fn find(s3: &Client, name: &str, account: &str) -> Result<Found, Failure> {
    let answer = s3
        .head_bucket()
        .bucket(name)
        .expected_bucket_owner(account)
        .send()
        .await;
    let error = match answer {
        Ok(_) => return Ok(Found::Here),
        Err(error) => error,
    };
    let raw = error.raw_response();
    let region = raw.and_then(|raw| raw.headers().get("x-amz-bucket-region")?.parse().ok());
    match (raw.map(|raw| raw.status().as_u16()), region) {
        (Some(404), _) => Ok(Found::Nowhere),
        (Some(403), _) if !is_listed(s3, name).await? => Ok(Found::NotOurs),
        (Some(403), _) => Err(Failure(Fault {
            kind: FaultKind::Denied,
            ..Fault::answer(
                "s3:HeadBucket",
                format!(
                    "HTTP status 403, without a message: the bucket `{name}` is the account's own, and the caller may not s3:ListBucket it"
                ),
            )
        })),
        (Some(301), Some(region)) => Ok(Found::In(region)),
        _ => Err(error.into()),
    }
}

/// Whether a bucket is among the account's own. `HeadBucket` refuses one of another account in the same way as one that
/// the caller may not look at.
async fn is_listed(s3: &Client, name: &str) -> Result<bool, Failure> {
    let answer = s3.list_buckets().prefix(name).max_buckets(1000).send().await?;
    Ok(answer.buckets().iter().any(|bucket| bucket.name() == Some(name)))
}

/// The settings of a bucket that exists.
pub(super) async fn read(
    s3: &Client,
    name: &str,
    cx: &Cx,
    want: Option<&Model>,
    ids: &mut Ids,
) -> Result<Model, Failure> {
    let owner = &cx.env.account;
    let is_for_config = want.is_some_and(|want| want.config == Some(true));
    let (block, ownership, encryption, versioning, lifecycle, policy, tags, retention) = join!(
        s3.get_public_access_block()
            .bucket(name)
            .expected_bucket_owner(owner)
            .send(),
        s3.get_bucket_ownership_controls()
            .bucket(name)
            .expected_bucket_owner(owner)
            .send(),
        s3.get_bucket_encryption()
            .bucket(name)
            .expected_bucket_owner(owner)
            .send(),
        s3.get_bucket_versioning()
            .bucket(name)
            .expected_bucket_owner(owner)
            .send(),
        s3.get_bucket_lifecycle_configuration()
            .bucket(name)
            .expected_bucket_owner(owner)
            .send(),
        s3.get_bucket_policy()
            .bucket(name)
            .expected_bucket_owner(owner)
            .send(),
        async {
            if cx.env.run.tags.is_empty() {
                return Ok(Tags::new());
            }
            live_tags(s3, name, owner).await
        },
        async {
            match is_for_config {
                true => default_retention(s3, name, owner).await,
                false => Ok(None),
            }
        },
    );
    let block = found(block, "NoSuchPublicAccessBlockConfiguration")?
        .and_then(|answer| answer.public_access_block_configuration);
    let is_blocked = block.is_some_and(|block| {
        let all = [
            block.block_public_acls,
            block.ignore_public_acls,
            block.block_public_policy,
            block.restrict_public_buckets,
        ];
        all.iter().all(|one| *one == Some(true))
    });
    let ownership = found(ownership, "OwnershipControlsNotFoundError")?
        .and_then(|answer| answer.ownership_controls)
        .and_then(|controls| controls.rules.into_iter().next());
    let encryption = found(encryption, "ServerSideEncryptionConfigurationNotFoundError")?
        .and_then(|answer| answer.server_side_encryption_configuration)
        .and_then(|all| all.rules.into_iter().next())
        .and_then(|rule| rule.apply_server_side_encryption_by_default);
    let versioning = versioning?;
    ids.has_mfa_delete = versioning.mfa_delete == Some(MfaDeleteStatus::Enabled);
    let versioning = versioning.status;
    ids.default_retention = retention?;
    let lifecycle = found(lifecycle, "NoSuchLifecycleConfiguration")?;
    let least = lifecycle
        .as_ref()
        .and_then(|answer| answer.transition_default_minimum_object_size.as_ref());
    ids.archives_small = least == Some(&TransitionDefaultMinimumObjectSize::VariesByStorageClass);
    // An export looks at what is written without a prefix.
    let prefixes = match want {
        Some(_) => ids.config_prefixes.clone(),
        None => BTreeSet::from([String::new()]),
    };
    let written = statements::written(ids, &prefixes, &cx.env);
    for rule in lifecycle.iter().flat_map(|answer| answer.rules()) {
        match rule.id() {
            Some(rule::ID) => ids.own_rule = Rule::own(rule),
            _ => ids.other_rules.extend(Other::of(rule, &written)),
        }
    }
    // Without a setting the writer owns what it writes.
    let ownership = match ownership.as_ref().map(|rule| rule.object_ownership.as_str()) {
        Some("BucketOwnerEnforced") => Ownership::BucketOwnerEnforced,
        Some("BucketOwnerPreferred") => Ownership::BucketOwnerPreferred,
        _ => Ownership::ObjectWriter,
    };
    let is_to_be_enforced = want.is_some_and(|want| want.ownership == Some(Ownership::BucketOwnerEnforced));
    if is_to_be_enforced && ownership != Ownership::BucketOwnerEnforced {
        ids.grants = foreign_grants(s3, name, owner).await?;
    }
    let policy = found(policy, "NoSuchBucketPolicy")?.and_then(|answer| answer.policy);
    ids.policy = policy
        .map(|text| text.parse())
        .transpose()
        .map_err(|error| Failure::answer("s3:GetBucketPolicy", format!("the bucket's policy {error}")))?;
    ids.tags = tags?;
    let does = ids.own_rule.with(Other::all(&ids.other_rules));
    Ok(Model {
        name: Some(Template::from(name.to_owned())),
        block_public_access: Some(is_blocked),
        ownership: Some(ownership),
        encryption: encryption.as_ref().map(|default| {
            Bound::Plain(match default.sse_algorithm {
                ServerSideEncryption::AwsKms => Encryption::Kms,
                ServerSideEncryption::AwsKmsDsse => Encryption::KmsTwice,
                _ => Encryption::S3,
            })
        }),
        kms_key: encryption.and_then(|default| default.kms_master_key_id),
        versioning: Some(versioning == Some(BucketVersioningStatus::Enabled)),
        archive_after_days: Some(NumberOr::from_api(does.archive.map(|(days, _)| days))),
        archive_class: does.archive.map(|(_, class)| class),
        expire_after_days: Some(Bound::Plain(NumberOr::from_api(does.expire))),
        old_versions_expire_after_days: Some(NumberOr::from_api(does.old_versions)),
        ..Model::default()
    })
}

/// What the bucket's ACL grants to others than its owner: `READ to AllUsers`.
async fn foreign_grants(s3: &Client, name: &str, owner: &str) -> Result<Vec<String>, Failure> {
    let call = s3.get_bucket_acl().bucket(name).expected_bucket_owner(owner);
    let acl = call.send().await?;
    let own = acl.owner.as_ref().and_then(|owner| owner.id.as_deref());
    let mut grants = vec![];
    for grant in acl.grants() {
        let Some(grantee) = &grant.grantee else { continue };
        let group = grantee.uri().and_then(|uri| uri.rsplit('/').next());
        let names = [
            group,
            grantee.display_name(),
            grantee.email_address(),
            grantee.id(),
        ];
        let is_own = grantee.id.is_some() && grantee.id.as_deref() == own;
        if let (false, Some(who), Some(permission)) =
            (is_own, names.into_iter().flatten().next(), &grant.permission)
        {
            grants.push(format!("{} to {who}", permission.as_str()));
        }
    }
    Ok(grants)
}

/// How long Object Lock retains new objects by default, if it does: `GOVERNANCE, 30 days`.
async fn default_retention(s3: &Client, name: &str, owner: &str) -> Result<Option<String>, Failure> {
    let call = s3.get_object_lock_configuration().bucket(name);
    let answer = call.expected_bucket_owner(owner).send().await;
    let lock = found(answer, "ObjectLockConfigurationNotFoundError")?
        .and_then(|answer| answer.object_lock_configuration);
    let retention = lock.and_then(|lock| lock.rule?.default_retention);
    Ok(retention.map(|retention| {
        let mode = retention.mode.as_ref().map_or("no mode", |mode| mode.as_str());
        match (retention.days, retention.years) {
            (_, Some(years)) => format!("{mode}, {years} years"),
            (days, None) => format!("{mode}, {} days", days.unwrap_or_default()),
        }
    }))
}

/// All tags of a bucket.
pub(super) async fn live_tags(s3: &Client, name: &str, owner: &str) -> Result<Tags, Failure> {
    let call = s3.get_bucket_tagging().bucket(name).expected_bucket_owner(owner);
    let answer = found(call.send().await, "NoSuchTagSet")?;
    let tags = answer.map(|answer| answer.tag_set).unwrap_or_default();
    Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
}
