//! The account's own S3 public access block, which stands above those of its buckets.
//!
//! No block at all and a block with all four settings off are the same to S3, so they are the same here.

use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::control::{Calls, Control, Doc, Here, Observed};
use trueup_core::location::Scope;

pub(crate) mod buckets;
mod diff;
mod live;
mod model;
#[cfg(test)]
mod tests;

use self::buckets::Buckets;
use self::model::{Action, Model};

/// The control.
pub(crate) struct S3PublicAccessBlock;

impl Control for S3PublicAccessBlock {
    const NAME: &'static str = "s3_public_access_block";
    const SCOPE: Scope = Scope::Account;
    const DOC: Doc = Doc {
        title: "S3 Block Public Access of the account",
        items: &[13],
        why: "A single wrong policy or ACL makes a bucket public; the account's block holds for all buckets, old and new.",
        decides: &[
            "Each written setting is on; one that is on stays on although the file says false.",
            "Settings that are not written may be anything.",
            "A block that differs and that an S3 policy of the organization sets is managed elsewhere.",
        ],
        off: "{ exactly = false } turns a setting off, state = \"absent\" all of them: where buckets are meant to be public",
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
    const CALLS: Calls = Calls {
        read: &[
            "organizations:DescribeEffectivePolicy",
            "s3:GetBucketAcl",
            "s3:GetBucketPolicyStatus",
            "s3:GetPublicAccessBlock",
            "s3:ListBuckets",
            "s3control:GetPublicAccessBlock",
        ],
        write: &[
            "s3control:DeletePublicAccessBlock",
            "s3control:PutPublicAccessBlock",
        ],
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
        diff::diff(want, seen, out);
    }
}

impl Live for S3PublicAccessBlock {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Buckets>, Failure> {
        live::fetch(cx, want).await
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        live::apply(action, cx).await
    }
}
