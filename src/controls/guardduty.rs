//! GuardDuty: one detector a region, and the features that it has on.
//!
//! A detector that exists is adopted, whoever made it, and keeps the features that the baseline does not write
//! down. A new one gets exactly what is written: what AWS would switch on beside it is sent as off.
//!
//! Not every region has every feature, and no API tells which before there is a detector. What a region lacks is left
//! out, and said as soon as it is known: in the plan where there is a detector, after the run where it is new.

use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::control::{Calls, Control, Doc, Here, Observed};
use trueup_core::location::Scope;

mod diff;
mod features;
mod live;
mod model;
mod price;
#[cfg(test)]
mod tests;

pub(crate) use self::features::Feature;
use self::model::{Action, Ids, Model};

/// The control.
pub(crate) struct GuardDuty;

impl Control for GuardDuty {
    const NAME: &'static str = "guardduty";
    const SCOPE: Scope = Scope::EachRegion;
    const DOC: Doc = Doc {
        title: "Amazon GuardDuty",
        items: &[16],
        why: "It tells of stolen keys, mining and other abuse from logs that are there anyway, in regions nobody looks at too.",
        decides: &[
            "The detector is enabled.",
            "Findings are published as often as written or more often.",
            "Written features equal the file's; others may be anything, and enabled ones that trueup does not know are noted.",
            "A detector that an enabled administrator account manages is managed elsewhere, and so is one that a GuardDuty policy of the organization enables or disables.",
        ],
        off: "enabled = false suspends the detector and keeps its findings; a feature is switched off by false",
        cost: "roughly 1 to 5 USD a month in an idle account, each feature up to 1.50 USD more in a small one; 30 days free",
        benchmarks: &[(
            "FSBP",
            "GuardDuty.1; by feature GuardDuty.5, .6, .7, .8, .9, .10, .11, .12, .13",
        )],
        page: "https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_settingup.html",
        example: r#"[guardduty]
enabled = true
publish_findings_every = "fifteen_minutes"

[guardduty.features]       # a new detector has only what is true here; an existing one keeps what is not written
s3_data_events = true
"#,
    };
    const CALLS: Calls = Calls {
        read: &[
            "guardduty:GetAdministratorAccount",
            "guardduty:GetDetector",
            "guardduty:ListDetectors",
            "organizations:DescribeEffectivePolicy",
        ],
        write: &[
            "guardduty:CreateDetector",
            "guardduty:TagResource",
            "guardduty:UpdateDetector",
        ],
    };

    type Model = Model;
    type Ids = Ids;
    type Action = Action;

    fn wrong_tag_key(key: &str) -> Option<&'static str> {
        crate::tag_keys::wrong(key)
    }

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        let is_on = |feature| want.features.get(&feature) == Some(&true);
        let mut wrong = vec![];
        if *want == Model::default() {
            wrong.push((
                "",
                "says nothing about GuardDuty; expected at least enabled".to_owned(),
            ));
        }
        for part in Feature::ALL.into_iter().filter(|feature| is_on(*feature)) {
            if let Some(whole) = part.whole().filter(|whole| !is_on(*whole)) {
                wrong.push((
                    "features",
                    format!("{part} is a part of {whole}; expected {whole} = true beside it"),
                ));
            }
        }
        wrong
    }

    fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
        diff::diff(want, seen, here, out);
    }
}

impl Live for GuardDuty {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        live::fetch(cx, want).await
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        live::apply(action, cx).await
    }
}
