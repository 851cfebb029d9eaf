//! GuardDuty: one detector a region, and the features that it has on.
//!
//! A detector that exists is adopted, whoever made it, and keeps the features that the baseline does not write
//! down. A new one gets exactly what is written: what AWS would switch on beside it is sent as off.

use std::collections::BTreeSet;
use std::fmt;

use aws_sdk_guardduty::Client;
use aws_sdk_guardduty::operation::get_detector::GetDetectorOutput;
use aws_sdk_guardduty::types::{DetectorStatus, FindingPublishingFrequency, ManagedBy};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::control::{Control, Cx, Doc, Here, Manager, Out, Permissions, Seen};
use crate::fault::Fault;
use crate::place::Scope;
use crate::tags::{self, Tags};

mod features;
mod price;
mod write;

pub use features::{Feature, Features};

/// The control.
pub struct GuardDuty;

/// The table `[guardduty]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// There is a detector, and it works. False suspends it: findings stay, and the other keys wait until it is
    /// true again.
    pub enabled: Option<bool>,
    /// How soon a finding that has occurred again is published again. New findings are published at once.
    pub publish_findings_every: Option<Frequency>,
    /// What it watches beside CloudTrail, VPC flow logs and DNS logs.
    #[serde(default, skip_serializing_if = "Features::is_empty")]
    #[schemars(schema_with = "features::schema")]
    pub features: Features,
}

/// How often findings that occur again are published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Frequency {
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
pub struct Ids {
    /// The detector's id, if there is one.
    pub detector: Option<String>,
    /// Its tags, others' too.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// Settings of a detector, as far as they are to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Whether it works.
    pub enabled: Option<bool>,
    /// How often it publishes.
    pub publish_findings_every: Option<Frequency>,
    /// The features to switch.
    pub features: Features,
    /// The tags of a new detector.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// A change of one region's detector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Make a detector with these settings and no feature beside them. One that appeared meanwhile is given
    /// these settings and keeps the rest.
    Create(Settings),
    /// Change the detector that there is.
    Update {
        /// Its id.
        detector: String,
        /// What changes. With a part of a feature goes the feature, even if that stays.
        settings: Settings,
    },
    /// Tag the detector that there is.
    Tag {
        /// Its id.
        detector: String,
        /// The tags that are missing or have another value.
        tags: Tags,
    },
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, settings) = match self {
            Action::Tag { tags, .. } => {
                return write!(f, "tag the GuardDuty detector: {}", tags::shown(tags));
            }
            Action::Create(settings) => ("enable GuardDuty", settings),
            Action::Update { settings, .. } => match settings.enabled {
                Some(true) => ("resume GuardDuty", settings),
                Some(false) => ("suspend GuardDuty", settings),
                None => ("change GuardDuty", settings),
            },
        };
        let mut details = vec![];
        details.extend(
            settings
                .publish_findings_every
                .map(|every| format!("findings every {every}")),
        );
        details.extend(
            settings
                .features
                .iter()
                .map(|(feature, on)| format!("{feature} {}", if *on { "on" } else { "off" })),
        );
        match details.len() {
            0 => f.write_str(verb),
            _ => write!(f, "{verb}: {}", details.join(", ")),
        }
    }
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

    async fn fetch(cx: &Cx, _want: Option<&Model>) -> Result<Seen<Model, Ids>, Fault> {
        let guardduty = &cx.clients().guardduty;
        let Some(id) = find(guardduty).await? else {
            return Ok(Seen::of(Model {
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
        Ok(Seen {
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

    fn diff(want: &Model, seen: &Seen<Model, Ids>, here: &Here<'_>, out: &mut Out<Action>) {
        let live = &seen.model;
        let missing = tags::differing(&here.env.run.tags, &seen.ids.tags);
        if let Some(detector) = seen.ids.detector.clone()
            && want.enabled != Some(false)
            && !missing.is_empty()
        {
            out.change(Action::Tag {
                detector,
                tags: missing,
            });
        }
        let settings = changes(want, live);
        if settings == Settings::default() {
            return;
        }
        let is_wanted = |feature| want.features.get(&feature) == Some(&true);
        if is_wanted(Feature::RuntimeMonitoring) && is_wanted(Feature::EksRuntimeMonitoring) {
            out.notice(
                "runtime_monitoring watches EKS too, so eks_runtime_monitoring is not needed beside it",
            );
        }
        let Some(detector) = seen.ids.detector.clone() else {
            if settings.enabled == Some(true) {
                out.add(Action::Create(Settings {
                    features: want.features.clone(),
                    tags: here.env.run.tags.clone(),
                    ..settings
                }))
                .costs(price::costs(want, seen, here));
            } else {
                out.refuse("there is no detector to change; write `enabled = true` to have one");
            }
            return;
        };
        let unlisted: Vec<String> = settings
            .features
            .iter()
            .filter(|(feature, on)| **on && !live.features.contains_key(feature))
            .map(|(feature, _)| feature.to_string())
            .collect();
        if !unlisted.is_empty() {
            out.notice(format!(
                "GuardDuty does not list {} here; the region may not have it yet",
                unlisted.join(", ")
            ));
        }
        let blinded: Vec<String> = settings
            .features
            .iter()
            .filter(|(feature, on)| !**on && live.features.get(feature) == Some(&true))
            .map(|(feature, _)| feature.to_string())
            .collect();
        let suspends = settings.enabled == Some(false);
        // Nothing breaks, but an attack in the meantime goes unseen, and an attacker would do the same.
        let costs = price::costs(want, seen, here);
        let mut step = out.change(Action::Update { detector, settings }).costs(costs);
        if suspends {
            step = step.disruptive("threats go unnoticed from then on");
        }
        if !blinded.is_empty() {
            step.disruptive(format!(
                "threats to {} go unnoticed from then on",
                blinded.join(", ")
            ));
        }
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Fault> {
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

/// What has to be sent so that the live detector is as wanted.
fn changes(want: &Model, live: &Model) -> Settings {
    let enabled = want.enabled.filter(|want| live.enabled != Some(*want));
    if want.enabled == Some(false) {
        // A suspended detector watches nothing and costs nothing, whatever else is written.
        return Settings {
            enabled,
            ..Settings::default()
        };
    }
    // A feature that is not listed does not exist here, which is as good as off.
    let is_on = |feature: &Feature| live.features.get(feature).copied().unwrap_or(false);
    let mut features: Features = want
        .features
        .iter()
        .filter(|(feature, on)| is_on(feature) != **on)
        .map(|(feature, on)| (*feature, *on))
        .collect();
    // A part is never sent without its whole. Nor is a whole without its parts: switching it on could bring a
    // part to life that only read as off because the whole was.
    let families: BTreeSet<Feature> = features.keys().map(|feature| feature.family()).collect();
    for (feature, on) in &want.features {
        if families.contains(&feature.family()) {
            features.insert(*feature, *on);
        }
    }
    for whole in families {
        features.entry(whole).or_insert_with(|| is_on(&whole));
    }
    Settings {
        enabled,
        publish_findings_every: want
            .publish_findings_every
            .filter(|want| live.publish_findings_every != Some(*want)),
        features,
        tags: Tags::new(),
    }
}

/// The region's detector.
async fn find(guardduty: &Client) -> Result<Option<String>, Fault> {
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
    let by_policy = detector
        .features()
        .iter()
        .any(|feature| feature.managed_by() == Some(&ManagedBy::GuarddutyPolicy));
    let who = match administrator {
        Some(account) => format!("the GuardDuty administrator account {account}"),
        None if by_policy => "a GuardDuty policy of the organization".to_owned(),
        None => return None,
    };
    Some(Manager { who })
}

#[cfg(test)]
mod tests {
    use aws_sdk_guardduty::types::{
        DetectorFeatureConfigurationResult, DetectorFeatureResult, FeatureStatus,
    };
    use toml::Table;

    use super::*;
    use crate::control::{Run, testing};

    fn model(text: &str) -> Model {
        toml::from_str(text).unwrap()
    }

    fn found(want: &Model, live: &Model, detector: Option<&str>) -> Out<Action> {
        let ids = Ids {
            detector: detector.map(str::to_owned),
            tags: Tags::new(),
        };
        testing::found::<GuardDuty>(
            want,
            &Seen {
                model: live.clone(),
                ids,
                held_by: None,
            },
        )
    }

    fn plan(want: &Model, live: &Model, detector: Option<&str>) -> String {
        testing::told(&found(want, live, detector))
    }

    fn example() -> Model {
        let table: Table = GuardDuty::DOC.example.parse().unwrap();
        table[GuardDuty::NAME].clone().try_into().unwrap()
    }

    fn none() -> Model {
        model("enabled = false")
    }

    fn live() -> Model {
        model(
            "enabled = true\npublish_findings_every = \"six_hours\"\n[features]\ns3_data_events = false\n\
             rds_login_events = true\nruntime_monitoring = true\nruntime_monitoring_ec2_agent = false\n",
        )
    }

    const ID: Option<&str> = Some("12abc34d567e8fa901bc2d34e56789f0");

    #[test]
    fn tags_are_sent_at_creation_and_as_drift_and_those_of_others_stay() {
        let tags = |pairs: &[(&str, &str)]| -> Tags {
            pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect()
        };
        let run = Run {
            tags: tags(&[("managed-by", "trueup")]),
            ..Run::default()
        };
        let plan = |detector: Option<&str>, live: &Model, there: Tags| {
            let ids = Ids {
                detector: detector.map(str::to_owned),
                tags: there,
            };
            let seen = Seen {
                model: live.clone(),
                ids,
                held_by: None,
            };
            testing::found_in::<GuardDuty>(&model("enabled = true"), &seen, run.clone())
        };
        let made = plan(None, &none(), Tags::new());
        let Action::Create(settings) = &made.steps[0].action else {
            panic!("{made:?}");
        };
        assert_eq!(settings.tags, run.tags);
        insta::assert_snapshot!(
            testing::told(&plan(ID, &live(), tags(&[("team", "web")]))),
            @r#"tag the GuardDuty detector: managed-by = "trueup" [safe]"#
        );
        let tagged = tags(&[("managed-by", "trueup"), ("team", "web")]);
        assert_eq!(testing::told(&plan(ID, &live(), tagged)), "");
    }

    #[test]
    fn a_region_without_a_detector_gets_one() {
        insta::assert_snapshot!(
            plan(&example(), &none(), None),
            @"enable GuardDuty: findings every 15 minutes, s3_data_events on [safe]"
        );
    }

    #[test]
    fn a_detector_that_exists_is_adopted_and_only_what_differs_is_sent() {
        insta::assert_snapshot!(
            plan(&example(), &live(), ID),
            @"change GuardDuty: findings every 15 minutes, s3_data_events on [safe]"
        );
        let out = found(&example(), &live(), ID);
        assert_eq!(
            out.steps[0].action,
            Action::Update {
                detector: ID.unwrap().to_owned(),
                settings: Settings {
                    enabled: None,
                    publish_findings_every: Some(Frequency::FifteenMinutes),
                    features: Features::from([(Feature::S3DataEvents, true)]),
                    tags: Tags::new(),
                },
            }
        );
    }

    #[test]
    fn a_suspended_detector_is_resumed() {
        let suspended = Model {
            enabled: Some(false),
            ..live()
        };
        insta::assert_snapshot!(
            plan(&model("enabled = true"), &suspended, ID),
            @"resume GuardDuty [safe]"
        );
    }

    #[test]
    fn suspending_it_needs_consent_and_leaves_everything_else() {
        let want = Model {
            enabled: Some(false),
            ..example()
        };
        insta::assert_snapshot!(plan(&want, &live(), ID), @r"
        suspend GuardDuty [disruptive]
          ! threats go unnoticed from then on
        ");
    }

    #[test]
    fn switching_a_feature_off_needs_consent() {
        insta::assert_snapshot!(plan(&model("features = { rds_login_events = false }"), &live(), ID), @r"
        change GuardDuty: rds_login_events off [disruptive]
          ! threats to rds_login_events go unnoticed from then on
        ");
    }

    #[test]
    fn with_a_part_goes_its_whole_as_it_is() {
        let want = model("features = { runtime_monitoring = true, runtime_monitoring_ec2_agent = true }");
        insta::assert_snapshot!(
            plan(&want, &live(), ID),
            @"change GuardDuty: runtime_monitoring on, runtime_monitoring_ec2_agent on [safe]"
        );
    }

    #[test]
    fn with_a_whole_go_its_written_parts() {
        let off = Model {
            features: Features::from([
                (Feature::RuntimeMonitoring, false),
                (Feature::RuntimeMonitoringEksAddon, false),
            ]),
            ..live()
        };
        let want = model("features = { runtime_monitoring = true, runtime_monitoring_eks_addon = false }");
        insta::assert_snapshot!(
            plan(&want, &off, ID),
            @"change GuardDuty: runtime_monitoring on, runtime_monitoring_eks_addon off [safe]"
        );
    }

    #[test]
    fn no_detector_is_as_good_as_a_suspended_one() {
        for want in ["enabled = false", "features = { s3_data_events = false }"] {
            assert_eq!(plan(&model(want), &none(), None), "", "{want}");
        }
    }

    #[test]
    fn features_without_a_detector_are_refused_with_what_to_write() {
        insta::assert_snapshot!(
            plan(&model("features = { s3_data_events = true }"), &none(), None),
            @"refused: there is no detector to change; write `enabled = true` to have one"
        );
    }

    #[test]
    fn a_feature_that_the_region_does_not_list_is_tried_and_pointed_out() {
        insta::assert_snapshot!(plan(&model("features = { ai_protection = true }"), &live(), ID), @r"
        change GuardDuty: ai_protection on [safe]
        note: GuardDuty does not list ai_protection here; the region may not have it yet
        ");
        assert_eq!(
            plan(&model("features = { ai_protection = false }"), &live(), ID),
            ""
        );
    }

    #[test]
    fn an_exported_region_plans_to_nothing() {
        for (live, detector) in [(live(), ID), (none(), None), (example(), None)] {
            let read: Model = Table::try_from(&live).unwrap().try_into().unwrap();
            assert_eq!(read, live);
            assert_eq!(GuardDuty::check(&read), []);
            assert_eq!(plan(&read, &live, detector), "");
        }
    }

    #[test]
    fn both_kinds_of_runtime_monitoring_can_be_had_and_one_is_said_to_be_enough() {
        let want =
            model("enabled = true\nfeatures = { runtime_monitoring = true, eks_runtime_monitoring = true }");
        assert_eq!(GuardDuty::check(&want), []);
        insta::assert_snapshot!(plan(&want, &none(), None), @r"
        enable GuardDuty: runtime_monitoring on, eks_runtime_monitoring on [safe]
        note: runtime_monitoring watches EKS too, so eks_runtime_monitoring is not needed beside it
        ");
        assert_eq!(plan(&want, &want, ID), "");
    }

    #[test]
    fn what_needs_another_feature_is_said() {
        let want = model("features = { runtime_monitoring_ec2_agent = true }");
        insta::assert_debug_snapshot!(GuardDuty::check(&want), @r#"
        [
            (
                "features",
                "runtime_monitoring_ec2_agent is a part of runtime_monitoring; expected runtime_monitoring = true beside it",
            ),
        ]
        "#);
        assert_eq!(GuardDuty::check(&Model::default()).len(), 1);
    }

    #[test]
    fn an_unknown_feature_is_refused_with_those_there_are() {
        let error = toml::from_str::<Model>("[features]\ns3_events = true").unwrap_err();
        assert!(error.message().contains("unknown variant `s3_events`"), "{error}");
        assert!(error.message().contains("`s3_data_events`"), "{error}");
    }

    fn listing(managed_by: Option<ManagedBy>) -> GetDetectorOutput {
        let feature = DetectorFeatureConfigurationResult::builder()
            .name(DetectorFeatureResult::S3DataEvents)
            .status(FeatureStatus::Enabled)
            .set_managed_by(managed_by)
            .build();
        GetDetectorOutput::builder()
            .status(DetectorStatus::Enabled)
            .finding_publishing_frequency(FindingPublishingFrequency::OneHour)
            .features(feature)
            .build()
    }

    #[test]
    fn a_live_detector_is_read_with_all_that_can_be_managed() {
        assert_eq!(
            super::model(&listing(None)),
            model(
                "enabled = true\npublish_findings_every = \"one_hour\"\nfeatures = { s3_data_events = true }"
            )
        );
    }

    #[test]
    fn an_administrator_or_a_policy_owns_the_detector() {
        let who = |administrator, managed_by| {
            held_by(administrator, &listing(managed_by)).map(|manager| manager.who)
        };
        assert_eq!(who(None, None), None);
        assert_eq!(
            who(Some("444455556666"), None).as_deref(),
            Some("the GuardDuty administrator account 444455556666")
        );
        assert_eq!(
            who(None, Some(ManagedBy::GuarddutyPolicy)).as_deref(),
            Some("a GuardDuty policy of the organization")
        );
    }
}
