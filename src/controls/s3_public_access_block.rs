//! The account's own S3 public access block, which stands above those of its buckets.
//!
//! No block at all and a block with all four settings off are the same to S3, so they are the same here.

use std::fmt;
use std::time::Duration;

use aws_sdk_s3control::types::PublicAccessBlockConfiguration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use trueup_aws::wait::Wait;
use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::control::{Control, Doc, Here, Observed, Permissions};
use trueup_core::location::Scope;
use trueup_core::values::Presence;

pub(crate) mod buckets;

use buckets::{Buckets, Cuts};

/// The control.
pub(crate) struct S3PublicAccessBlock;

/// The table `[s3_public_access_block]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// "absent" takes the account's block away; those of single buckets stay.
    pub(crate) state: Option<Presence>,
    /// New public ACLs are refused, and with them every upload that carries one. Existing ones keep their effect.
    pub(crate) block_public_acls: Option<bool>,
    /// Public ACLs of buckets and objects, existing ones too, lose their effect.
    pub(crate) ignore_public_acls: Option<bool>,
    /// New public bucket policies are refused. Existing ones keep their effect.
    pub(crate) block_public_policy: Option<bool>,
    /// A bucket with a public policy, existing ones too, answers only this account and AWS's services.
    pub(crate) restrict_public_buckets: Option<bool>,
}

impl Model {
    fn is_absent(&self) -> bool {
        self.state == Some(Presence::Absent)
    }

    /// What is wanted, over what is there. `PutPublicAccessBlock` takes what it is not sent as off.
    fn over(&self, live: Block) -> Block {
        if self.is_absent() {
            return Block::default();
        }
        Block {
            block_public_acls: self.block_public_acls.unwrap_or(live.block_public_acls),
            ignore_public_acls: self.ignore_public_acls.unwrap_or(live.ignore_public_acls),
            block_public_policy: self.block_public_policy.unwrap_or(live.block_public_policy),
            restrict_public_buckets: self
                .restrict_public_buckets
                .unwrap_or(live.restrict_public_buckets),
        }
    }
}

/// All four settings, as S3 acts on them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Block {
    block_public_acls: bool,
    ignore_public_acls: bool,
    block_public_policy: bool,
    restrict_public_buckets: bool,
}

impl Block {
    fn from_api(block: &PublicAccessBlockConfiguration) -> Self {
        Block {
            block_public_acls: block.block_public_acls.unwrap_or(false),
            ignore_public_acls: block.ignore_public_acls.unwrap_or(false),
            block_public_policy: block.block_public_policy.unwrap_or(false),
            restrict_public_buckets: block.restrict_public_buckets.unwrap_or(false),
        }
    }

    fn to_api(self) -> PublicAccessBlockConfiguration {
        PublicAccessBlockConfiguration::builder()
            .block_public_acls(self.block_public_acls)
            .ignore_public_acls(self.ignore_public_acls)
            .block_public_policy(self.block_public_policy)
            .restrict_public_buckets(self.restrict_public_buckets)
            .build()
    }

    fn model(self) -> Model {
        Model {
            state: None,
            block_public_acls: Some(self.block_public_acls),
            ignore_public_acls: Some(self.ignore_public_acls),
            block_public_policy: Some(self.block_public_policy),
            restrict_public_buckets: Some(self.restrict_public_buckets),
        }
    }

    fn settings(self) -> [(&'static str, bool); 4] {
        [
            ("block_public_acls", self.block_public_acls),
            ("ignore_public_acls", self.ignore_public_acls),
            ("block_public_policy", self.block_public_policy),
            ("restrict_public_buckets", self.restrict_public_buckets),
        ]
    }

    /// What this block newly cuts off of what exists.
    fn cuts_after(self, live: Block) -> Cuts {
        Cuts {
            acls: self.ignore_public_acls && !live.ignore_public_acls,
            policies: self.restrict_public_buckets && !live.restrict_public_buckets,
        }
    }

    /// The settings that are on there and off here.
    fn opens_after(self, live: Block) -> Vec<&'static str> {
        self.settings()
            .into_iter()
            .zip(live.settings())
            .filter(|((_, here), (_, there))| *there && !*here)
            .map(|((name, _), _)| name)
            .collect()
    }
}

/// A change of the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Send all four settings.
    Put(Block),
    /// Take the block away.
    Delete,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Action::Put(block) = self else {
            return f.write_str("delete the account's S3 public access block");
        };
        let on: Vec<&str> = block
            .settings()
            .into_iter()
            .filter(|(_, on)| *on)
            .map(|(name, _)| name)
            .collect();
        f.write_str("set the account's S3 public access block: ")?;
        match on.len() {
            0 => f.write_str("all four off"),
            4 => f.write_str("all four on"),
            _ => write!(f, "{} on, the rest off", on.join(", ")),
        }
    }
}

impl Control for S3PublicAccessBlock {
    const NAME: &'static str = "s3_public_access_block";
    const SCOPE: Scope = Scope::Account;
    const DOC: Doc = Doc {
        title: "S3 Block Public Access of the account",
        items: &[13],
        why: "A single wrong policy or ACL makes a bucket public; the account's block holds for all buckets, old and new.",
        off: "all four settings false, or state = \"absent\": where buckets are meant to be public",
        cost: "free",
        benchmarks: &[("CIS 5.0", "2.1.4"), ("CIS 3.0", "2.1.4"), ("FSBP", "S3.1")],
        page: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
        example: r"[s3_public_access_block]
block_public_acls = true
ignore_public_acls = true
block_public_policy = true
restrict_public_buckets = true
",
    };
    const PERMISSIONS: Permissions = Permissions {
        read: &[
            "s3:GetAccountPublicAccessBlock",
            "s3:ListAllMyBuckets",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketPolicyStatus",
            "s3:GetBucketAcl",
        ],
        // Deleting the account's block asks for the same action as putting it.
        write: &["s3:PutAccountPublicAccessBlock"],
    };

    type Model = Model;
    type Ids = Buckets;
    type Action = Action;

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        let silent = Model {
            state: None,
            ..want.clone()
        } == Model::default();
        if silent && !want.is_absent() {
            return vec![(
                "",
                "says nothing about the block; expected at least one of its four settings".to_owned(),
            )];
        }
        vec![]
    }

    fn diff(want: &Model, seen: &Observed<Model, Buckets>, _here: &Here<'_>, out: &mut Changes<Action>) {
        let live = seen.model.over(Block::default());
        let wanted = want.over(live);
        if wanted == live {
            return;
        }
        let opens = wanted.opens_after(live);
        let opening = format!(
            "what {} kept closed is public again where a bucket's own policy, ACL or block lets it be",
            opens.join(", ")
        );
        if want.is_absent() {
            out.destroy(Action::Delete).destructive(opening);
            return;
        }
        let mut step = if seen.model.is_absent() {
            out.add(Action::Put(wanted))
        } else {
            out.change(Action::Put(wanted))
        };
        if !opens.is_empty() {
            step = step.disruptive(opening);
        }
        let cuts = wanted.cuts_after(live);
        if !cuts.acls && !cuts.policies {
            return;
        }
        for risk in seen.ids.risks() {
            step = step.disruptive(risk);
        }
        let with_object_acls = seen.ids.with_object_acls();
        if !with_object_acls.is_empty() {
            out.notice(format!(
                "objects are not looked at one by one: those in {} that are public by an ACL of their own are so no \
                 longer",
                with_object_acls
                    .iter()
                    .map(|name| format!("`{name}`"))
                    .collect::<Vec<_>>()
                    .join(", ")
            ));
        }
    }
}

impl Live for S3PublicAccessBlock {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Buckets>, Failure> {
        let live = read(cx).await?;
        let block = live.unwrap_or_default();
        let cuts = want.map(|want| want.over(block).cuts_after(block));
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
            held_by: None,
        })
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
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
}

const NO_BLOCK: &str = "NoSuchPublicAccessBlockConfiguration";

/// The account's block, if it has one.
async fn read(cx: &Cx) -> Result<Option<Block>, Failure> {
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

/// A refused write, with who else may have refused it: an organization's S3 policy overrides the account's block, shows
/// in no read, and answers with a bare AccessDenied (S3 Control API reference, `PutPublicAccessBlock`).
fn refused(fault: Failure) -> Failure {
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
struct Pace {
    /// Between two reads that both show the change.
    sure: Duration,
    /// After a read that does not show it.
    wait: Duration,
    /// In all.
    limit: Duration,
}

/// S3 takes up to a minute until every read shows a change of the block, and for a while some do and some do
/// not. Where the very first read shows it (an emulator, or S3 on a good day) a short pause makes sure.
const PACE: Pace = Pace {
    sure: Duration::from_millis(500),
    wait: Duration::from_secs(5),
    limit: Duration::from_secs(60),
};

/// Returns once two reads in a row show the change.
async fn settle<F>(mut wait: Wait, pace: &Pace, mut shows: impl FnMut() -> F + Send) -> Result<(), Failure>
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

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use toml::Table;
    use trueup_core::fault::Fault;

    use super::buckets::Bucket;
    use super::*;
    use crate::testing;
    use trueup_aws::wait::Tell;

    fn model(text: &str) -> Model {
        toml::from_str(text).unwrap()
    }

    fn all(on: bool) -> Model {
        Block {
            block_public_acls: on,
            ignore_public_acls: on,
            block_public_policy: on,
            restrict_public_buckets: on,
        }
        .model()
    }

    fn absent() -> Model {
        model("state = \"absent\"")
    }

    fn bucket(name: &str) -> Bucket {
        Bucket {
            name: name.to_owned(),
            ..Bucket::default()
        }
    }

    fn at_stake(buckets: Vec<Bucket>) -> Buckets {
        Buckets {
            at_stake: buckets,
            not_listed: None,
        }
    }

    fn found(want: &Model, live: &Model, buckets: Buckets) -> Changes<Action> {
        let seen = Observed {
            model: live.clone(),
            ids: buckets,
            held_by: None,
        };
        testing::found::<S3PublicAccessBlock>(want, &seen)
    }

    fn plan(want: &Model, live: &Model, buckets: Buckets) -> String {
        testing::told(&found(want, live, buckets))
    }

    #[test]
    fn a_new_account_is_closed_without_consent() {
        insta::assert_snapshot!(
            plan(&all(true), &absent(), Buckets::default()),
            @"set the account's S3 public access block: all four on [safe]"
        );
    }

    #[test]
    fn public_buckets_are_named_and_ask_for_consent() {
        let site = Bucket {
            policy: true,
            acl: true,
            object_acls: true,
            ..bucket("site")
        };
        let secret = Bucket {
            unchecked: Some("AccessDenied".to_owned()),
            ..bucket("secret")
        };
        insta::assert_snapshot!(plan(&all(true), &absent(), at_stake(vec![secret, site])), @r"
        set the account's S3 public access block: all four on [disruptive]
          ! bucket `secret` could not be checked: AccessDenied
          ! bucket `site` has a public policy
          ! bucket `site` has a public ACL
        note: objects are not looked at one by one: those in `site` that are public by an ACL of their own are so no longer
        ");
    }

    #[test]
    fn buckets_that_could_not_be_listed_ask_for_consent() {
        let buckets = Buckets {
            at_stake: vec![],
            not_listed: Some("AccessDenied".to_owned()),
        };
        insta::assert_snapshot!(plan(&all(true), &all(false), buckets), @r"
        set the account's S3 public access block: all four on [disruptive]
          ! the buckets could not be listed: AccessDenied
        ");
    }

    #[test]
    fn only_what_cuts_existing_access_is_a_reason_to_look_at_buckets() {
        let cuts = |want: &str| {
            let cuts = model(want).over(Block::default()).cuts_after(Block::default());
            (cuts.acls, cuts.policies)
        };
        assert_eq!(
            cuts("block_public_acls = true\nblock_public_policy = true"),
            (false, false)
        );
        assert_eq!(cuts("ignore_public_acls = true"), (true, false));
        assert_eq!(cuts("restrict_public_buckets = true"), (false, true));
        let closed = all(true).over(Block::default());
        assert_eq!(
            closed.cuts_after(closed),
            Cuts {
                acls: false,
                policies: false
            }
        );
    }

    #[test]
    fn opening_what_was_closed_asks_for_consent() {
        insta::assert_snapshot!(
            plan(&model("restrict_public_buckets = false"), &all(true), Buckets::default()),
            @r"
        set the account's S3 public access block: block_public_acls, ignore_public_acls, block_public_policy on, the rest off [disruptive]
          ! what restrict_public_buckets kept closed is public again where a bucket's own policy, ACL or block lets it be
        "
        );
    }

    #[test]
    fn taking_the_block_away_is_destructive() {
        let live = model("block_public_acls = true");
        insta::assert_snapshot!(plan(&absent(), &live, Buckets::default()), @r"
        delete the account's S3 public access block [destructive]
          ! what block_public_acls kept closed is public again where a bucket's own policy, ACL or block lets it be
        ");
    }

    #[test]
    fn settings_that_are_not_managed_are_sent_back_as_they_were_read() {
        let live = model("ignore_public_acls = true\nblock_public_policy = true");
        let out = found(&model("block_public_acls = true"), &live, Buckets::default());
        assert_eq!(
            out.steps[0].action,
            Action::Put(Block {
                block_public_acls: true,
                ignore_public_acls: true,
                block_public_policy: true,
                restrict_public_buckets: false,
            })
        );
    }

    #[test]
    fn no_block_and_one_with_all_settings_off_are_the_same() {
        assert_eq!(plan(&all(false), &absent(), Buckets::default()), "");
        assert_eq!(plan(&absent(), &all(false), Buckets::default()), "");
    }

    #[test]
    fn an_exported_account_plans_to_nothing() {
        for live in [absent(), all(true), all(false)] {
            let read: Model = Table::try_from(&live).unwrap().try_into().unwrap();
            assert_eq!(read, live);
            assert_eq!(S3PublicAccessBlock::check(&read), []);
            assert_eq!(plan(&read, &live, Buckets::default()), "");
        }
    }

    #[test]
    fn the_example_is_all_four_on() {
        let table: Table = S3PublicAccessBlock::DOC.example.parse().unwrap();
        let example: Model = table[S3PublicAccessBlock::NAME].clone().try_into().unwrap();
        assert_eq!(example, all(true));
    }

    #[test]
    fn a_table_that_says_nothing_is_a_mistake() {
        for text in ["", "state = \"present\""] {
            assert_eq!(S3PublicAccessBlock::check(&model(text)).len(), 1, "{text}");
        }
        assert_eq!(S3PublicAccessBlock::check(&absent()), []);
    }

    const FAST: Pace = Pace {
        sure: Duration::from_millis(1),
        wait: Duration::from_millis(2),
        limit: Duration::from_millis(50),
    };

    /// The number of reads that it takes with these answers, the last of which stays.
    async fn reads(answers: &[bool]) -> Result<usize, Failure> {
        let mut answers = VecDeque::from(answers.to_vec());
        let mut count = 0;
        settle(Wait::new(Tell::default(), "S3 tells it"), &FAST, || {
            count += 1;
            let answer = if answers.len() > 1 {
                answers.pop_front()
            } else {
                answers.front().copied()
            };
            async move { Ok(answer.unwrap()) }
        })
        .await?;
        Ok(count)
    }

    #[tokio::test]
    async fn a_change_is_done_when_two_reads_in_a_row_show_it() {
        assert_eq!(reads(&[true]).await, Ok(2));
        assert_eq!(reads(&[false, true, false, true]).await, Ok(5));
    }

    #[test]
    fn a_bare_denial_may_be_the_organizations_and_one_that_names_its_policy_is_not() {
        let denied = |message: &str| {
            Failure(Fault {
                code: Some("AccessDenied".to_owned()),
                ..Fault::answer("s3control:PutPublicAccessBlock", message)
            })
        };
        insta::assert_snapshot!(
            refused(denied("Access Denied")).message,
            @"Access Denied (a caller with the permission is refused too where an S3 policy of the organization sets the block)"
        );
        for named in [
            denied("no identity-based policy allows the s3:PutAccountPublicAccessBlock action"),
            Failure::answer("s3control:PutPublicAccessBlock", "something else"),
        ] {
            assert_eq!(refused(named.clone()), named);
        }
    }

    #[tokio::test]
    async fn a_change_that_never_shows_is_a_fault_and_no_endless_wait() {
        let fault = reads(&[false]).await.unwrap_err();
        assert!(fault.message.contains("plan again later"), "{fault}");
    }
}
