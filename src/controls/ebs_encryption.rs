//! Encryption of new EBS volumes, and the KMS key that they get when nothing else is said.

use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::control::{Calls, Control, Doc, Here, Observed};
use trueup_core::location::Scope;

mod diff;
mod live;
mod model;
#[cfg(test)]
mod tests;

use self::model::{Action, Ids, Model};

/// The control.
pub(crate) struct EbsEncryption;

impl Control for EbsEncryption {
    const NAME: &'static str = "ebs_encryption";
    const SCOPE: Scope = Scope::EachRegion;
    const DOC: Doc = Doc {
        title: "EBS encryption by default",
        items: &[12],
        why: "Without it, a volume is encrypted only if whoever makes it asks for that. Existing volumes stay as they are.",
        decides: &[
            "Encryption by default is on in the region.",
            "The key equals the written one; unless written, any key is fine.",
        ],
        off: "enabled = false; kms_key = \"aws/ebs\" returns to AWS's own key",
        cost: "free with aws/ebs; a key of one's own costs what KMS asks for it",
        benchmarks: &[("CIS 5.0", "5.1.1"), ("CIS 3.0", "2.2.1"), ("FSBP", "EC2.7")],
        page: "https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html",
        example: r#"[ebs_encryption]
enabled = true
# kms_key = "aws/ebs"      # or, for one region: the id or ARN of a key there
"#,
    };
    const CALLS: Calls = Calls {
        read: &[
            "ec2:DescribeSnapshots",
            "ec2:GetEbsDefaultKmsKeyId",
            "ec2:GetEbsEncryptionByDefault",
        ],
        write: &[
            "ec2:DisableEbsEncryptionByDefault",
            "ec2:EnableEbsEncryptionByDefault",
            "ec2:ModifyEbsDefaultKmsKeyId",
            "ec2:ResetEbsDefaultKmsKeyId",
        ],
    };

    type Model = Model;
    type Ids = Ids;
    type Action = Action;

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        if *want == Model::default() {
            return vec![(
                "",
                "says nothing about EBS encryption; expected at least enabled".to_owned(),
            )];
        }
        vec![]
    }

    fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
        diff::diff(want, seen, here, out);
    }
}

impl Live for EbsEncryption {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        live::fetch(cx, want).await
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        live::apply(action, cx).await
    }
}
