//! The calls: reading, and each change.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use trueup_aws::wait::Wait;
use trueup_aws::{Cx, Failure};
use trueup_core::change::Manager;
use trueup_core::control::Observed;
use trueup_core::values::Presence;

use super::buckets::{self, Buckets};
use super::model::{Action, Block, Model};
use crate::effective_policy::{Kind, effective_policy};

const NO_BLOCK: &str = "NoSuchPublicAccessBlockConfiguration";

/// See [`Live::fetch`](trueup_aws::Live::fetch).
pub(super) async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Buckets>, Failure> {
    let live = read(cx).await?;
    let block = live.unwrap_or_default();
    let held_by = match want {
        Some(want) if want.over(block) != block => owner(&effective_policy::<S3Policy>(cx).await?),
        _ => None,
    };
    let cuts = want
        .filter(|_| held_by.is_none())
        .map(|want| want.over(block).cuts_after(block));
    Ok(Observed {
        model: live.map_or_else(
            || Model {
                state: Some(Presence::Absent),
                ..Model::default()
            },
            Block::model,
        ),
        ids: match cuts {
            Some(cuts) if cuts.acls || cuts.policies => buckets::look(cx, cuts).await,
            _ => Buckets::default(),
        },
        held_by,
    })
}

/// The organization's S3 policy, which stands above the account's block. What S3 answers of the block is what is in effect,
/// whoever set it (S3 Control API reference, `GetPublicAccessBlock`).
struct S3Policy;

impl Kind for S3Policy {
    const TYPE: &'static str = "S3_POLICY";
}

/// Who sets the block, by the policy in effect (AWS Organizations User Guide, "Amazon S3 policy syntax and examples").
pub(super) fn owner(policy: &Value) -> Option<Manager> {
    let turned = match policy["s3_attributes"]["public_access_block_configuration"].as_str()? {
        "all" => "on",
        "none" => "off",
        _ => return None,
    };
    Some(Manager {
        who: format!("an S3 policy of the organization, which turns all four settings {turned}"),
    })
}

/// The account's block, if it has one.
pub(super) async fn read(cx: &Cx) -> Result<Option<Block>, Failure> {
    let answer = cx
        .clients()
        .s3control
        .get_public_access_block()
        .account_id(&cx.env.account)
        .send()
        .await;
    match answer.map_err(Failure::from) {
        Ok(answer) => Ok(answer
            .public_access_block_configuration
            .as_ref()
            .map(Block::from_api)),
        Err(fault) if fault.is(NO_BLOCK) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// See [`Live::apply`](trueup_aws::Live::apply).
pub(super) async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
    let s3control = &cx.clients().s3control;
    let wanted = match action {
        Action::Put(block) => {
            s3control
                .put_public_access_block()
                .account_id(&cx.env.account)
                .public_access_block_configuration(block.to_api())
                .send()
                .await
                .map_err(|error| refused(error.into()))?;
            *block
        }
        Action::Delete => {
            let answer = s3control
                .delete_public_access_block()
                .account_id(&cx.env.account)
                .send()
                .await;
            match answer.map_err(Failure::from) {
                Ok(_) => {}
                Err(fault) if fault.is(NO_BLOCK) => {}
                Err(fault) => return Err(refused(fault)),
            }
            Block::default()
        }
    };
    settle(cx.wait_until("S3 tells the change everywhere"), &PACE, || async {
        Ok(read(cx).await?.unwrap_or_default() == wanted)
    })
    .await
}

/// A refused write, with who else may have refused it: an organization's S3 policy overrides the account's block, may be one
/// that the caller cannot read, and answers with a bare AccessDenied (S3 Control API reference, `PutPublicAccessBlock`).
pub(super) fn refused(fault: Failure) -> Failure {
    // A denial by IAM or by a service control policy says which policy it was.
    if !fault.is("AccessDenied") || fault.message.contains("policy") {
        return fault;
    }
    fault.reworded(|said| {
        format!(
            "{said} (a caller with the permission is refused too where an S3 policy of the organization sets the block)"
        )
    })
}

/// How a change is waited for.
pub(super) struct Pace {
    /// Between two reads that both show the change.
    pub(super) sure: Duration,
    /// After a read that does not show it.
    pub(super) wait: Duration,
    /// In all.
    pub(super) limit: Duration,
}

/// S3 takes up to a minute until every read shows a change of the block, and for a while some do and some do
/// not. Where the very first read shows it (an emulator, or S3 on a good day) a short pause makes sure.
const PACE: Pace = Pace {
    sure: Duration::from_millis(500),
    wait: Duration::from_secs(5),
    limit: Duration::from_secs(60),
};

/// Returns once two reads in a row show the change.
pub(super) async fn settle<F>(
    mut wait: Wait,
    pace: &Pace,
    mut shows: impl FnMut() -> F + Send,
) -> Result<(), Failure>
where
    F: Future<Output = Result<bool, Failure>> + Send,
{
    let begun = Instant::now();
    let mut pause = pace.sure;
    let mut in_a_row = 0;
    loop {
        if shows().await? {
            in_a_row += 1;
        } else {
            in_a_row = 0;
            pause = pace.wait;
        }
        if in_a_row == 2 {
            return Ok(());
        }
        if begun.elapsed() + pause > pace.limit {
            return Err(Failure::answer(
                "s3control:GetPublicAccessBlock",
                format!(
                    "the change was accepted, but is not seen everywhere after {} seconds; plan again later",
                    pace.limit.as_secs()
                ),
            ));
        }
        wait.pause(pause).await;
    }
}
