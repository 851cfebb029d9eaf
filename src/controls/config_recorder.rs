//! AWS Config: the recorder of each region, and where it delivers to.
//!
//! A recorder that exists is adopted under its own name, which cannot be changed, and keeps what the baseline does
//! not write down. Control Tower's is left alone, and what services made for themselves is never looked at.

use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::{Asset, AssetKind, Changes};
use trueup_core::control::{Control, Doc, Here, Observed, Permissions, Wants};
use trueup_core::env::Env;
use trueup_core::location::Scope;

mod check;
mod diff;
mod live;
mod model;
mod price;
#[cfg(test)]
mod tests;

use self::model::{Action, Ids, Model};

/// The control.
pub(crate) struct ConfigRecorder;

/// A recorder that runs: Security Hub's checks need the one of their region.
pub(crate) const RECORDER: AssetKind = AssetKind {
    control: "config_recorder",
    what: "running configuration recorder",
};

/// The types that are the same in all regions (AWS Config Developer Guide, "Recording resources").
const GLOBAL: [&str; 4] = [
    "AWS::IAM::Group",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::IAM::User",
];

impl Control for ConfigRecorder {
    const NAME: &'static str = "config_recorder";
    const SCOPE: Scope = Scope::EachRegion;
    const DOC: Doc = Doc {
        title: "AWS Config recorder",
        items: &[17],
        why: "It keeps what every resource looked like and when it changed; Security Hub's checks work on its records.",
        decides: &[
            "The recorder runs and records the written types or more, as often as written or more often.",
            "The delivery channel's bucket takes deliveries; one that fails for 24 h is a manual task.",
            "The recorder's role exists; another than the service-linked role is noted.",
            "IAM types are recorded in one region.",
        ],
        off: "enabled = false stops the recorder; its records, its settings and its delivery channel stay",
        cost: "0.003 USD a recorded change, 0.012 USD a daily record; roughly 2 to 10 USD a month in a small account, \
               much more where much changes",
        benchmarks: &[("CIS 5.0", "3.3"), ("CIS 3.0", "3.3"), ("FSBP", "Config.1")],
        page: "https://docs.aws.amazon.com/config/latest/developerguide/stop-start-recorder.html",
        example: r#"[config_recorder]
enabled = true
frequency = "continuous"
exclude = []                     # everything is recorded
global_resource_types = true     # IAM's, in the home region alone
# bucket = "central-logs"         # that of [log_bucket] unless it is written or the region delivers already
# daily = ["AWS::EC2::NetworkInterface"]   cheaper only for what changes often; later detection
"#,
    };
    const PERMISSIONS: Permissions = Permissions {
        read: &[
            "config:DescribeConfigurationRecorders",
            "config:DescribeConfigurationRecorderStatus",
            "config:DescribeDeliveryChannels",
            "config:ListTagsForResource",
        ],
        write: &[
            "config:PutConfigurationRecorder",
            "config:PutDeliveryChannel",
            "config:StartConfigurationRecorder",
            "config:StopConfigurationRecorder",
            "config:TagResource",
            "iam:GetRole",
            // For config.amazonaws.com.
            "iam:CreateServiceLinkedRole",
            // Of that role, or of the one that an adopted recorder has.
            "iam:PassRole",
        ],
    };

    const RELIES_ON: &'static [&'static str] = &["log_bucket"];

    type Model = Model;
    type Ids = Ids;
    type Action = Action;

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        check::check(want)
    }

    fn fill(want: &mut Model, env: &Env, wants: Wants<'_>) {
        if let Some(bucket) = &mut want.bucket {
            bucket.fill(env);
        }
        if wants.place.region() != Some(&env.home) && want.global_resource_types == Some(true) {
            want.global_resource_types = Some(false);
        }
        // With exceptions, AWS takes IAM's types for granted unless they are among them.
        if let Some(exclude) = want.exclude.as_mut().filter(|exclude| !exclude.is_empty())
            && let Some(global) = want.global_resource_types.take()
            && !global
        {
            exclude.extend(GLOBAL.map(str::to_owned));
        }
    }

    fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
        diff::diff(want, seen, here, out);
    }

    fn holds(seen: &Observed<Model, Ids>, here: &Here<'_>) -> Vec<Asset> {
        match seen.model.enabled {
            Some(true) => vec![RECORDER.at(here.place)],
            _ => vec![],
        }
    }
}

impl Live for ConfigRecorder {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        live::fetch(cx, want).await
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        live::apply(action, cx).await
    }
}
