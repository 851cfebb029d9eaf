//! What planning says of GuardDuty, and what it reads.

use aws_sdk_guardduty::operation::get_detector::GetDetectorOutput;
use aws_sdk_guardduty::types::{
    Administrator, DetectorFeatureConfigurationResult, DetectorFeatureResult, DetectorStatus, FeatureStatus,
    FindingPublishingFrequency, ManagedBy,
};
use toml::Table;
use trueup_core::env::Run;
use trueup_core::tags::Tags;

use super::features::Features;
use super::live::{held_by, managing, owner};
use super::model::{Frequency, Settings};
use super::*;
use crate::testing;

fn model(text: &str) -> Model {
    toml::from_str(text).unwrap()
}

fn found(want: &Model, live: &Model, detector: Option<&str>) -> Changes<Action> {
    let ids = Ids {
        detector: detector.map(str::to_owned),
        ..Ids::default()
    };
    testing::found::<GuardDuty>(
        want,
        &Observed {
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
            ..Ids::default()
        };
        let seen = Observed {
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
    suspend GuardDuty [safe]
      weakens: threats go unnoticed from then on
    ");
}

#[test]
fn switching_a_feature_off_needs_consent() {
    insta::assert_snapshot!(plan(&model("features = { rds_login_events = false }"), &live(), ID), @r"
    change GuardDuty: rds_login_events off [safe]
      weakens: threats to rds_login_events go unnoticed from then on
    ");
}

#[test]
fn findings_that_are_published_more_often_stay_so_unless_exactly_says_otherwise() {
    let hourly = model("enabled = true\npublish_findings_every = \"one_hour\"");
    assert_eq!(
        plan(&model("publish_findings_every = \"one_hour\""), &hourly, ID),
        ""
    );
    insta::assert_snapshot!(plan(&model("publish_findings_every = \"six_hours\""), &hourly, ID), @r#"note: publish_findings_every is "one_hour" and stays, as the file asks for "six_hours" or stricter; for "six_hours" itself write { exactly = "six_hours" }"#);
    insta::assert_snapshot!(
        plan(&model("publish_findings_every = \"fifteen_minutes\""), &hourly, ID),
        @"change GuardDuty: findings every 15 minutes [safe]"
    );
    insta::assert_snapshot!(plan(&model("publish_findings_every = { exactly = \"six_hours\" }"), &hourly, ID), @r"
    change GuardDuty: findings every 6 hours [safe]
      weakens: findings that occur again are published every 6 hours instead of every hour
    ");
}

#[test]
fn features_that_are_on_and_not_known_here_are_noted() {
    let mut seen = Observed::<Model, Ids>::of(live());
    seen.ids.detector = ID.map(str::to_owned);
    seen.ids.told.unknown_features = vec!["FROM_TOMORROW".to_owned()];
    let told = |want: &str| testing::told(&testing::found::<GuardDuty>(&model(want), &seen));
    insta::assert_snapshot!(told("enabled = true"), @"note: GuardDuty features are on that this version of trueup cannot manage: FROM_TOMORROW; they stay, and may be paid for");
    assert!(!told("enabled = false").contains("FROM_TOMORROW"));
}

#[test]
fn only_an_enabled_administrator_of_another_account_manages_the_detector() {
    let who = |account: &str, status: Option<&str>| {
        let administrator = Administrator::builder()
            .account_id(account)
            .set_relationship_status(status.map(str::to_owned))
            .build();
        managing(&administrator, "111122223333").map(str::to_owned)
    };
    assert_eq!(
        who("444455556666", Some("Enabled")).as_deref(),
        Some("444455556666")
    );
    for status in [Some("Removed"), Some("Resigned"), Some("Disabled"), None] {
        assert_eq!(who("444455556666", status), None, "{status:?}");
    }
    assert_eq!(who("111122223333", Some("Enabled")), None);
    assert_eq!(who("", Some("Enabled")), None);
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
fn a_feature_that_the_region_does_not_list_is_left_out_and_said() {
    let want =
        "publish_findings_every = \"one_hour\"\nfeatures = { ai_analyst = true, ai_protection = true }";
    insta::assert_snapshot!(plan(&model(want), &live(), ID), @"
    change GuardDuty: findings every hour [safe]
    note: left out because GuardDuty does not offer it in this region: ai_protection, ai_analyst
    ");
    // It is all that was asked for: nothing is left to do, and it is still said.
    insta::assert_snapshot!(plan(&model("features = { ai_protection = true }"), &live(), ID), @"note: left out because GuardDuty does not offer it in this region: ai_protection");
    // What is not there is as good as off, and nothing of a suspended detector is of interest.
    for want in [
        "features = { ai_protection = false }",
        "enabled = false\nfeatures = { ai_protection = true }",
    ] {
        let live = Model {
            enabled: Some(want.starts_with("features")),
            ..live()
        };
        assert_eq!(plan(&model(want), &live, ID), "", "{want}");
    }
    // Without a detector nobody knows.
    insta::assert_snapshot!(
        plan(&model("enabled = true\nfeatures = { ai_protection = true }"), &none(), None),
        @"enable GuardDuty: ai_protection on [safe]"
    );
}

#[test]
fn a_part_is_not_known_to_be_missing_while_its_whole_is_off() {
    let want = model("features = { runtime_monitoring = true, runtime_monitoring_eks_addon = true }");
    let with = |on: &[(Feature, bool)]| Model {
        features: on.iter().copied().collect(),
        ..live()
    };
    insta::assert_snapshot!(plan(&want, &with(&[(Feature::RuntimeMonitoring, false)]), ID), @"change GuardDuty: runtime_monitoring on, runtime_monitoring_eks_addon on [safe]");
    insta::assert_snapshot!(plan(&want, &with(&[(Feature::RuntimeMonitoring, true)]), ID), @"note: left out because GuardDuty does not offer it in this region: runtime_monitoring_eks_addon");
    insta::assert_snapshot!(plan(&want, &with(&[]), ID), @"note: left out because GuardDuty does not offer it in this region: runtime_monitoring, runtime_monitoring_eks_addon");
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
        super::live::model(&listing(None)),
        model("enabled = true\npublish_findings_every = \"one_hour\"\nfeatures = { s3_data_events = true }")
    );
}

#[test]
fn an_administrator_or_a_policy_owns_the_detector() {
    let who =
        |administrator, managed_by| held_by(administrator, &listing(managed_by)).map(|manager| manager.who);
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

#[test]
fn a_policy_decides_in_the_regions_that_it_names_or_everywhere_by_default() {
    let foundational = |status: &str| serde_json::json!({"foundational": {"status": status}});
    let policy = |blocks: serde_json::Value| serde_json::json!({"guardduty": {"enablement": blocks}});
    let held = |policy: serde_json::Value| owner(&policy, "eu-west-1").map(|owner| owner.who);
    let by = |status: &str| {
        Some(format!(
            "a GuardDuty policy of the organization, which wants GuardDuty {status} here"
        ))
    };
    let blocks =
        |own: &str| serde_json::json!({"default": foundational("enabled"), "eu-west-1": foundational(own)});
    assert_eq!(
        held(policy(serde_json::json!({"default": foundational("enabled")}))),
        by("enabled")
    );
    assert_eq!(held(policy(blocks("disabled"))), by("disabled"));
    for unmanaged in [
        serde_json::Value::Null,
        policy(serde_json::json!({"us-east-1": foundational("enabled")})),
        // A region's own block replaces the default one as a whole.
        policy(serde_json::json!({"default": foundational("enabled"), "eu-west-1": {}})),
        policy(serde_json::json!({"default": foundational("automatic")})),
        policy(serde_json::json!({"default": {"foundational": {"status": {"@@assign": "enabled"}}}})),
    ] {
        assert_eq!(held(unmanaged.clone()), None, "{unmanaged}");
    }
}
