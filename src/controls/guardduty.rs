//! GuardDuty: one detector a region, and the features that it has on.
//!
//! A detector that exists is adopted, whoever made it, and keeps the features that the baseline does not write
//! down. A new one gets exactly what is written: what AWS would switch on beside it is sent as off.
//!
//! Not every region has every feature, and no API tells which before there is a detector. What a region lacks is left
//! out, and said as soon as it is known: in the plan where there is a detector, after the run where it is new.

use std::fmt;

use aws_sdk_guardduty::Client;
use aws_sdk_guardduty::operation::get_detector::GetDetectorOutput;
use aws_sdk_guardduty::types::{DetectorStatus, FindingPublishingFrequency, ManagedBy};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::{Changes, Manager};
use trueup_core::control::{Control, Doc, Here, Observed, Permissions};
use trueup_core::location::Scope;
use trueup_core::tags::Tags;

mod action;
mod diff;
mod features;
mod price;
mod write;

pub(crate) use action::{Action, Settings};
pub(crate) use features::{Feature, Features};

/// The control.
pub(crate) struct GuardDuty;

/// The table `[guardduty]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// There is a detector, and it works. False suspends it: findings stay, and the other keys wait until it is
    /// true again.
    pub(crate) enabled: Option<bool>,
    /// How soon a finding that has occurred again is published again. New findings are published at once.
    pub(crate) publish_findings_every: Option<Frequency>,
    /// What it watches beside CloudTrail, VPC flow logs and DNS logs.
    #[serde(default, skip_serializing_if = "Features::is_empty")]
    #[schemars(schema_with = "features::schema")]
    pub(crate) features: Features,
}

/// How often findings that occur again are published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Frequency {
    /// Every 15 minutes.
    FifteenMinutes,
    /// Every hour.
    OneHour,
    /// Every six hours, AWS's default.
    SixHours,
}

impl Frequency {
    fn from_api(frequency: &FindingPublishingFrequency) -> Option<Self> {
        match frequency {
            FindingPublishingFrequency::FifteenMinutes => Some(Frequency::FifteenMinutes),
            FindingPublishingFrequency::OneHour => Some(Frequency::OneHour),
            FindingPublishingFrequency::SixHours => Some(Frequency::SixHours),
            _ => None,
        }
    }

    fn to_api(self) -> FindingPublishingFrequency {
        match self {
            Frequency::FifteenMinutes => FindingPublishingFrequency::FifteenMinutes,
            Frequency::OneHour => FindingPublishingFrequency::OneHour,
            Frequency::SixHours => FindingPublishingFrequency::SixHours,
        }
    }
}

impl fmt::Display for Frequency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Frequency::FifteenMinutes => "15 minutes",
            Frequency::OneHour => "hour",
            Frequency::SixHours => "6 hours",
        })
    }
}

/// What is needed to act.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// The detector's id, if there is one.
    pub(crate) detector: Option<String>,
    /// Its tags, others' too.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub(crate) tags: Tags,
}

impl Control for GuardDuty {
    const NAME: &'static str = "guardduty";
    const SCOPE: Scope = Scope::EachRegion;
    const DOC: Doc = Doc {
        title: "Amazon GuardDuty",
        items: &[16],
        why: "It tells of stolen keys, mining and other abuse from logs that are there anyway, in regions nobody looks at too.",
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
    const PERMISSIONS: Permissions = Permissions {
        read: &[
            "guardduty:ListDetectors",
            "guardduty:GetDetector",
            "guardduty:GetAdministratorAccount",
        ],
        write: &[
            "guardduty:CreateDetector",
            "guardduty:UpdateDetector",
            "guardduty:TagResource",
            // For guardduty.amazonaws.com, and with ebs_malware_protection for
            // malware-protection.guardduty.amazonaws.com.
            "iam:CreateServiceLinkedRole",
        ],
    };

    type Model = Model;
    type Ids = Ids;
    type Action = Action;

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
    async fn fetch(cx: &Cx, _want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        let guardduty = &cx.clients().guardduty;
        let Some(id) = find(guardduty).await? else {
            return Ok(Observed::of(Model {
                enabled: Some(false),
                ..Model::default()
            }));
        };
        let detector = guardduty.get_detector().detector_id(&id).send().await?;
        let administrator = guardduty
            .get_administrator_account()
            .detector_id(&id)
            .send()
            .await?
            .administrator
            .and_then(|administrator| administrator.account_id)
            .filter(|account| !account.is_empty());
        Ok(Observed {
            model: model(&detector),
            ids: Ids {
                detector: Some(id),
                tags: detector
                    .tags()
                    .into_iter()
                    .flatten()
                    .map(|(k, v)| (k.clone(), v.clone()))
                    .collect(),
            },
            held_by: held_by(administrator.as_deref(), &detector),
        })
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        let guardduty = &cx.clients().guardduty;
        match action {
            Action::Create(settings) => write::create(guardduty, settings).await,
            Action::Update { detector, settings } => write::update(guardduty, detector, settings).await,
            Action::Tag { detector, tags } => {
                let arn = format!(
                    "arn:{}:guardduty:{}:{}:detector/{detector}",
                    cx.env.partition,
                    cx.region(),
                    cx.env.account
                );
                let call = guardduty.tag_resource().resource_arn(arn);
                call.set_tags(Some(tags.clone().into_iter().collect()))
                    .send()
                    .await?;
                Ok(())
            }
        }
    }
}

/// The region's detector.
async fn find(guardduty: &Client) -> Result<Option<String>, Failure> {
    let answer = guardduty.list_detectors().send().await?;
    // A region has one at most.
    Ok(answer.detector_ids.unwrap_or_default().into_iter().next())
}

fn model(detector: &GetDetectorOutput) -> Model {
    Model {
        enabled: Some(detector.status() == Some(&DetectorStatus::Enabled)),
        publish_findings_every: detector
            .finding_publishing_frequency()
            .and_then(Frequency::from_api),
        features: features::listed(detector.features()),
    }
}

fn held_by(administrator: Option<&str>, detector: &GetDetectorOutput) -> Option<Manager> {
    let policy = Some(&ManagedBy::GuarddutyPolicy);
    let by_policy = detector.features().iter().any(|feature| {
        let mut parts = feature.additional_configuration().iter();
        feature.managed_by() == policy || parts.any(|part| part.managed_by() == policy)
    });
    let who = match administrator {
        Some(account) => format!("the GuardDuty administrator account {account}"),
        None if by_policy => "a GuardDuty policy of the organization".to_owned(),
        None => return None,
    };
    Some(Manager { who })
}

#[cfg(test)]
mod tests;
