//! AWS Config: the recorder of each region, and where it delivers to.
//!
//! A recorder that exists is adopted under its own name, which cannot be changed, and keeps what the baseline does
//! not write down. Control Tower's is left alone, and what services made for themselves is never looked at.

use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::{Asset, AssetKind, Changes};
use trueup_core::control::{Calls, Control, Doc, Here, Observed, Wants};
use trueup_core::env::Env;
use trueup_core::location::Scope;
use trueup_core::values::Bound;

mod check;
mod delivery;
mod diff;
mod live;
mod model;
mod price;
mod role;
#[cfg(test)]
mod tests;
mod want;

pub(crate) use self::live::{bucket, records_global};
use self::model::{Action, Ids, Model};
use crate::global_region;

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
global_resource_types = true     # IAM's, in one region: the home region if it can
# bucket = "central-logs"         # that of [log_bucket] unless it is written or the region delivers already
# daily = ["AWS::EC2::NetworkInterface"]   cheaper only for what changes often; later detection
"#,
    };
    const CALLS: Calls = Calls {
        read: &[
            "config:DescribeConfigurationRecorderStatus",
            "config:DescribeConfigurationRecorders",
            "config:DescribeDeliveryChannelStatus",
            "config:DescribeDeliveryChannels",
            "config:ListTagsForResource",
            // Whether the recorder's role exists.
            "iam:GetRole",
            // Which region is the global one, if the home region is not.
            "securityhub:ListFindingAggregators",
        ],
        write: &[
            "config:PutConfigurationRecorder",
            "config:PutDeliveryChannel",
            "config:StartConfigurationRecorder",
            "config:StopConfigurationRecorder",
            "config:TagResource",
            "iam:CreateServiceLinkedRole",
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
        place_global(want, env, wants);
        // With exceptions, AWS takes IAM's types for granted unless they are among them.
        if let Some(Bound::Plain(exclude) | Bound::Exactly(exclude)) = &mut want.exclude
            && !exclude.is_empty()
            && want.global_resource_types.is_some_and(|global| !global.value())
        {
            want.global_resource_types = None;
            exclude.extend(GLOBAL.map(str::to_owned));
        }
    }

    fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
        diff::diff(want, seen, here, out);
        // What another owner holds is not judged.
        if seen.held_by.is_some() {
            out.notices.clear();
        }
    }

    fn holds(seen: &Observed<Model, Ids>, here: &Here<'_>) -> Vec<Asset> {
        match seen.model.enabled {
            Some(true) => vec![RECORDER.at(here.place)],
            _ => vec![],
        }
    }
}

/// Lets IAM's types be recorded in one region: the home region, or, if that cannot or is not managed, one of those that
/// can.
fn place_global(want: &mut Model, env: &Env, wants: Wants<'_>) {
    let (Some(global), Some(here)) = (want.global_resource_types, wants.place.region()) else {
        return;
    };
    if !global.value() {
        return;
    }
    let off = match global {
        Bound::Exactly(_) => Bound::Exactly(false),
        _ => Bound::Plain(false),
    };
    if want.global_regions.is_none() {
        let recorders = wants.in_regions::<ConfigRecorder>();
        let recording = recorders.filter(|(_, recorder)| recorder.enabled != Some(false));
        want.global_regions = global_region::instead_of_home(recording.map(|(region, _)| region), env);
    }
    let may_be = match &want.global_regions {
        None => *here == env.home,
        // Where none can, each says so.
        Some(regions) => regions.is_empty() || regions.contains(here),
    };
    if !may_be {
        want.global_resource_types = Some(off);
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
