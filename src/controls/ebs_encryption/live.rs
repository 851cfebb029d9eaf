//! The calls: reading, and each change.

use aws_sdk_ec2::Client;
use trueup_aws::{Cx, EbsEncryption, Failure};
use trueup_core::control::Observed;

use super::model::{Action, BadKey, Ids, KeyRef, Model, Snapshots};

/// See [`Live::fetch`](trueup_aws::Live::fetch).
pub(super) async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
    let ec2 = &cx.clients().ec2;
    let enabled = cx.cached::<EbsEncryption>().await?.by_default;
    // A second call in each region, that most baselines have no use for.
    let kms_key = if want.is_none_or(|want| want.kms_key.is_some()) {
        let answer = ec2.get_ebs_default_kms_key_id().send().await?.kms_key_id;
        Some(live_key(answer.as_deref().unwrap_or_default())?)
    } else {
        None
    };
    let turns_on = !enabled && want.is_some_and(|want| want.enabled == Some(true));
    Ok(Observed {
        model: Model {
            enabled: Some(enabled),
            kms_key,
        },
        ids: Ids {
            snapshots: if turns_on {
                snapshots(ec2).await
            } else {
                Snapshots::None
            },
        },
        held_by: None,
    })
}

/// Whether the account owns a snapshot. That they cannot be listed is part of the answer, not a fault: encryption can
/// be planned without them, and asks for consent.
async fn snapshots(ec2: &Client) -> Snapshots {
    // The fewest that a page may have.
    let one = ec2.describe_snapshots().owner_ids("self").max_results(5);
    match one.send().await.map_err(Failure::from) {
        Ok(answer) if answer.snapshots().is_empty() => Snapshots::None,
        Ok(_) => Snapshots::Owned,
        Err(fault) => Snapshots::NotListed(fault.reason().to_owned()),
    }
}

/// The key that EC2 reports: an ARN, `alias/aws/ebs`, or nothing while none was ever chosen.
pub(super) fn live_key(answer: &str) -> Result<KeyRef, Failure> {
    if answer.is_empty() {
        return Ok(KeyRef::AwsManaged);
    }
    answer
        .parse()
        .map_err(|error: BadKey| Failure::answer("ec2:GetEbsDefaultKmsKeyId", error.to_string()))
}

/// See [`Live::apply`](trueup_aws::Live::apply).
pub(super) async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
    let ec2 = &cx.clients().ec2;
    match action {
        Action::Enable => {
            ec2.enable_ebs_encryption_by_default().send().await?;
        }
        Action::Disable => {
            ec2.disable_ebs_encryption_by_default().send().await?;
        }
        Action::SetKey(key) => {
            ec2.modify_ebs_default_kms_key_id()
                .kms_key_id(key.to_string())
                .send()
                .await?;
        }
        Action::ResetKey => {
            ec2.reset_ebs_default_kms_key_id().send().await?;
        }
    }
    Ok(())
}
