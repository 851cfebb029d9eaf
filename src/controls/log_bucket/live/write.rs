//! What the changes are made of.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, BucketLocationConstraint, BucketVersioningStatus,
    CreateBucketConfiguration, ObjectOwnership, OwnershipControls, OwnershipControlsRule,
    PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Tag, Tagging,
    TransitionDefaultMinimumObjectSize, VersioningConfiguration,
};
use trueup_aws::wait::{self, HALF_A_MINUTE};
use trueup_aws::{Cx, Failure};
use trueup_core::fault::Fault;
use trueup_core::tags::Tags;
use trueup_policy::{Policy, Statement};

use super::read;
use crate::log_bucket::model::{Encryption, Ownership, Target};
use crate::log_bucket::rule::{self, Rule};

/// What S3 answers while it still works on another change of the same bucket.
const BUSY: &[&str] = &["OperationAborted"];

/// What is waited for then.
const IDLE: &str = "the bucket takes changes again";

/// True if S3 does not yet know the bucket, or a principal of its policy, everywhere.
fn is_unseen(fault: &Fault) -> bool {
    fault.is_one_of(&["NoSuchBucket", "OperationAborted"])
        || fault.is("MalformedPolicy") && fault.message.contains("Invalid principal")
}

/// What is waited for then.
const SEEN: &str = "S3 knows the bucket and its principals";

/// A part of a request that lacks a member: a defect, told like a failed call.
fn built<T>(part: Result<T, BuildError>) -> Result<T, Failure> {
    part.map_err(|error| Failure::answer("s3", error.to_string()))
}

/// The client of a bucket's own region, and what its calls are made for.
pub(super) struct Bucket<'a> {
    pub(super) cx: &'a Cx,
    pub(super) s3: Client,
    pub(super) name: &'a str,
    pub(super) owner: &'a str,
}

impl Bucket<'_> {
    pub(super) async fn create(&self, at: &Target, ownership: Option<Ownership>) -> Result<(), Failure> {
        // The oldest region is said by saying none.
        let elsewhere = (at.region.as_str() != "us-east-1").then(|| {
            CreateBucketConfiguration::builder()
                .location_constraint(BucketLocationConstraint::from(at.region.as_str()))
                .build()
        });
        let call = self
            .s3
            .create_bucket()
            .bucket(self.name)
            .set_create_bucket_configuration(elsewhere)
            .set_object_ownership(ownership.map(|one| ObjectOwnership::from(one.name())));
        let made = wait::patiently(self.cx.wait_until(IDLE), HALF_A_MINUTE, BUSY, || async {
            Ok(call.clone().send().await?)
        })
        .await;
        match made {
            Ok(_) => Ok(()),
            Err(fault) if fault.is("BucketAlreadyOwnedByYou") => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    pub(super) async fn block(&self, on: bool) -> Result<(), Failure> {
        let block = PublicAccessBlockConfiguration::builder()
            .block_public_acls(on)
            .ignore_public_acls(on)
            .block_public_policy(on)
            .restrict_public_buckets(on)
            .build();
        let call = self
            .s3
            .put_public_access_block()
            .bucket(self.name)
            .expected_bucket_owner(self.owner)
            .public_access_block_configuration(block);
        wait::while_passing(self.cx.wait_until(SEEN), HALF_A_MINUTE, is_unseen, || async {
            Ok(call.clone().send().await?)
        })
        .await?;
        Ok(())
    }

    pub(super) async fn own(&self, ownership: Ownership) -> Result<(), Failure> {
        let rule = OwnershipControlsRule::builder().object_ownership(ObjectOwnership::from(ownership.name()));
        let controls = OwnershipControls::builder().rules(built(rule.build())?);
        self.s3
            .put_bucket_ownership_controls()
            .bucket(self.name)
            .expected_bucket_owner(self.owner)
            .ownership_controls(built(controls.build())?)
            .send()
            .await?;
        Ok(())
    }

    pub(super) async fn encrypt(&self, encryption: Encryption, key: Option<&str>) -> Result<(), Failure> {
        let read = self
            .s3
            .get_bucket_encryption()
            .bucket(self.name)
            .expected_bucket_owner(self.owner);
        let live = match read.send().await.map_err(Failure::from) {
            Ok(answer) => answer.server_side_encryption_configuration,
            Err(fault) if fault.is("ServerSideEncryptionConfigurationNotFoundError") => None,
            Err(fault) => return Err(fault),
        };
        let live = live.and_then(|all| all.rules.into_iter().next());
        let default = ServerSideEncryptionByDefault::builder()
            .sse_algorithm(ServerSideEncryption::from(encryption.name()))
            .set_kms_master_key_id(key.map(str::to_owned));
        // What is not managed goes back as it was read.
        let rule = ServerSideEncryptionRule::builder()
            .apply_server_side_encryption_by_default(built(default.build())?)
            .set_bucket_key_enabled(live.as_ref().and_then(|rule| rule.bucket_key_enabled))
            .set_blocked_encryption_types(live.and_then(|rule| rule.blocked_encryption_types));
        let all = ServerSideEncryptionConfiguration::builder().rules(rule.build());
        let call = self
            .s3
            .put_bucket_encryption()
            .bucket(self.name)
            .expected_bucket_owner(self.owner)
            .server_side_encryption_configuration(built(all.build())?);
        call.send().await?;
        Ok(())
    }

    pub(super) async fn version(&self, on: bool) -> Result<(), Failure> {
        let status = match on {
            true => BucketVersioningStatus::Enabled,
            false => BucketVersioningStatus::Suspended,
        };
        self.s3
            .put_bucket_versioning()
            .bucket(self.name)
            .expected_bucket_owner(self.owner)
            .versioning_configuration(VersioningConfiguration::builder().status(status).build())
            .send()
            .await?;
        Ok(())
    }

    pub(super) async fn allow(&self, statements: &[Statement], without: &[String]) -> Result<(), Failure> {
        let read = self
            .s3
            .get_bucket_policy()
            .bucket(self.name)
            .expected_bucket_owner(self.owner);
        let live = match read.send().await.map_err(Failure::from) {
            Ok(answer) => answer.policy().unwrap_or_default().parse().map_err(|error| {
                Failure::answer("s3:GetBucketPolicy", format!("the bucket's policy {error}"))
            })?,
            Err(fault) if fault.is("NoSuchBucketPolicy") => Policy::of([]),
            Err(fault) => return Err(fault),
        };
        let gone: Vec<&str> = without.iter().map(String::as_str).collect();
        let less = live.without(&gone);
        let merged = less.as_ref().unwrap_or(&live).merged(statements);
        let Some(policy) = merged.or(less) else {
            return Ok(());
        };
        if policy.statements().is_empty() {
            let call = self.s3.delete_bucket_policy().bucket(self.name);
            call.expected_bucket_owner(self.owner).send().await?;
            return Ok(());
        }
        let call = self
            .s3
            .put_bucket_policy()
            .bucket(self.name)
            .expected_bucket_owner(self.owner)
            .policy(policy.without_deleted_principals().to_string());
        wait::while_passing(self.cx.wait_until(SEEN), HALF_A_MINUTE, is_unseen, || async {
            Ok(call.clone().send().await?)
        })
        .await?;
        Ok(())
    }

    pub(super) async fn age(&self, rule: Rule, not_small: bool) -> Result<(), Failure> {
        let live = self.rules().await?;
        let size = match not_small {
            true => Some(TransitionDefaultMinimumObjectSize::AllStorageClasses128K),
            false => live.1,
        };
        let mut rules: Vec<_> = live
            .0
            .into_iter()
            .filter(|other| other.id() != Some(rule::ID))
            .map(rule::with_filter)
            .collect();
        if !rule.does_nothing() {
            rules.push(built(rule.to_api())?);
        }
        if rules.is_empty() {
            let call = self.s3.delete_bucket_lifecycle().bucket(self.name);
            call.expected_bucket_owner(self.owner).send().await?;
        } else {
            let all = BucketLifecycleConfiguration::builder().set_rules(Some(rules));
            let call = self
                .s3
                .put_bucket_lifecycle_configuration()
                .bucket(self.name)
                .expected_bucket_owner(self.owner)
                .set_transition_default_minimum_object_size(size)
                .lifecycle_configuration(built(all.build())?);
            wait::patiently(self.cx.wait_until(IDLE), HALF_A_MINUTE, BUSY, || async {
                Ok(call.clone().send().await?)
            })
            .await?;
        }
        // Reads see the change late.
        wait::until(
            self.cx.wait_until("S3 tells the new life cycle"),
            HALF_A_MINUTE,
            "s3:GetBucketLifecycleConfiguration",
            "does not yet tell the new life cycle",
            || async {
                let (rules, _) = self.rules().await?;
                let own = rules.iter().find(|other| other.id() == Some(rule::ID));
                Ok(own.map(Rule::own).unwrap_or_default() == rule)
            },
        )
        .await
    }

    async fn rules(
        &self,
    ) -> Result<
        (
            Vec<aws_sdk_s3::types::LifecycleRule>,
            Option<aws_sdk_s3::types::TransitionDefaultMinimumObjectSize>,
        ),
        Failure,
    > {
        let call = self.s3.get_bucket_lifecycle_configuration().bucket(self.name);
        match call
            .expected_bucket_owner(self.owner)
            .send()
            .await
            .map_err(Failure::from)
        {
            Ok(answer) => Ok((
                answer.rules.unwrap_or_default(),
                answer.transition_default_minimum_object_size,
            )),
            Err(fault) if fault.is("NoSuchLifecycleConfiguration") => Ok((vec![], None)),
            Err(fault) => Err(fault),
        }
    }

    pub(super) async fn tag(&self, tags: &Tags) -> Result<(), Failure> {
        // A put replaces all of them, AWS's own included.
        let mut all = read::live_tags(&self.s3, self.name, self.owner).await?;
        all.extend(tags.clone());
        let all: Result<Vec<Tag>, BuildError> = all
            .iter()
            .map(|(key, value)| Tag::builder().key(key).value(value).build())
            .collect();
        let tagging = Tagging::builder().set_tag_set(Some(built(all)?));
        self.s3
            .put_bucket_tagging()
            .bucket(self.name)
            .expected_bucket_owner(self.owner)
            .tagging(built(tagging.build())?)
            .send()
            .await?;
        Ok(())
    }
}
