//! What EC2 does in a region unless somebody says otherwise: whether snapshots and AMIs may become public, what new
//! instances answer about themselves, and the serial console.
//!
//! Each of the four settings may be held by a declarative policy of the organization (`ManagedBy` in EC2's answer,
//! or the policy itself). The account cannot change such a setting, so it is left alone and said where it differs,
//! and the other settings are managed all the same.
//!
//! `ModifyInstanceMetadataDefaults` does not say what becomes of an option that is not sent. So options that are not
//! managed are sent back as they were read.

use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::control::{Calls, Control, Doc, Here, Observed};
use trueup_core::location::Scope;

mod diff;
mod live;
mod model;
#[cfg(test)]
mod tests;

use self::model::{Action, Ids, InstanceMetadata, Model};

/// The control.
pub(crate) struct Ec2Defaults;

impl Control for Ec2Defaults {
    const NAME: &'static str = "ec2_defaults";
    const SCOPE: Scope = Scope::EachRegion;
    const DOC: Doc = Doc {
        title: "EC2 settings of the account",
        items: &[],
        why: "A snapshot or AMI that is shared with everybody by mistake gives away a disk, and IMDSv1 gives away an instance's \
              credentials. New instances alone get the metadata options.",
        decides: &[
            "Public access of snapshots and AMIs is blocked as written or stricter: all sharing, then new sharing, then none.",
            "IMDS: `http_tokens` is as strict as written or stricter, the hop limit is the written one or lower; other options equal the file's.",
            "The serial console is as written; one that is off stays off.",
            "Keys that are not written may be anything.",
        ],
        off: "{ exactly = X } with \"unblocked\", serial_console = true, or \"no_preference\" for each metadata option; a \
              key that is not written is left alone",
        cost: "free",
        benchmarks: &[
            ("CIS 5.0", "5.7 (new instances)"),
            ("CIS 3.0", "5.6 (new instances)"),
            ("FSBP", "EC2.1, EC2.8 (new instances), EC2.182"),
        ],
        page: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-IMDS-new-instances.html",
        example: r#"[ec2_defaults]
snapshot_public_access = "block_all_sharing"     # "block_new_sharing" spares those that are public; "unblocked"
image_public_access = "block_new_sharing"        # "unblocked"; AWS shows a change within 10 minutes
serial_console = false

[ec2_defaults.instance_metadata]                 # of new instances; what a launch says itself goes before
http_tokens = "required"                         # IMDSv2 alone; "optional", "no_preference"
http_put_response_hop_limit = 2                  # 1 to 64; containers need 2; "no_preference"
# http_endpoint = "enabled"                      # each of these: "enabled", "disabled", "no_preference"
# instance_metadata_tags = "disabled"
# http_tokens_enforced = "enabled"               # what could be launched with IMDSv1 no longer starts
"#,
    };
    const CALLS: Calls = Calls {
        read: &[
            "ec2:DescribeSnapshots",
            "ec2:GetImageBlockPublicAccessState",
            "ec2:GetInstanceMetadataDefaults",
            "ec2:GetSerialConsoleAccessStatus",
            "ec2:GetSnapshotBlockPublicAccessState",
            "organizations:DescribeEffectivePolicy",
        ],
        write: &[
            "ec2:DisableImageBlockPublicAccess",
            "ec2:DisableSerialConsoleAccess",
            "ec2:DisableSnapshotBlockPublicAccess",
            "ec2:EnableImageBlockPublicAccess",
            "ec2:EnableSerialConsoleAccess",
            "ec2:EnableSnapshotBlockPublicAccess",
            "ec2:ModifyInstanceMetadataDefaults",
        ],
    };

    type Model = Model;
    type Ids = Ids;
    type Action = Action;

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        let metadata = want.instance_metadata.clone().unwrap_or_default();
        let silent = Model {
            instance_metadata: None,
            ..want.clone()
        } == Model::default();
        if silent && metadata == InstanceMetadata::default() {
            return vec![(
                "",
                "says nothing about EC2; expected at least one of its settings".to_owned(),
            )];
        }
        let hops = metadata
            .http_put_response_hop_limit
            .and_then(|hops| hops.value().number);
        match hops.filter(|hops| *hops > 64) {
            None => vec![],
            Some(hops) => vec![(
                "instance_metadata.http_put_response_hop_limit",
                format!("is {hops}; expected 1 to 64, or \"no_preference\""),
            )],
        }
    }

    fn diff(want: &Model, seen: &Observed<Model, Ids>, _here: &Here<'_>, out: &mut Changes<Action>) {
        diff::diff(want, seen, out);
    }
}

impl Live for Ec2Defaults {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        live::fetch(cx, want).await
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        live::apply(&cx.clients().ec2, action).await
    }
}
