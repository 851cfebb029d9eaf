//! What is planned for which recorder.

use std::collections::BTreeSet;

use trueup_core::cost::Monthly;
use trueup_core::env::Run;
use trueup_core::tags::Tags;

use super::model::{Channel, Frequency, Recorder, Recording};
use super::*;
use crate::testing;

const ROLE: &str =
    "arn:aws:iam::111122223333:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig";

fn model(text: &str) -> Model {
    toml::from_str(text).unwrap()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn live(enabled: bool, recording: Recording) -> Observed<Model, Ids> {
    Observed {
        model: Model {
            enabled: Some(enabled),
            ..Model::default()
        },
        ids: Ids {
            recorder: Some(Recorder {
                name: "theirs".to_owned(),
                arn: Some("arn".to_owned()),
                recording,
                tags: Tags::new(),
            }),
            channel: Some(Channel {
                name: "theirs".to_owned(),
                bucket: "logs".to_owned(),
                prefix: String::new(),
            }),
        },
        held_by: None,
    }
}

fn all() -> Recording {
    Recording {
        role: ROLE.to_owned(),
        ..Recording::default()
    }
}

fn none() -> Observed<Model, Ids> {
    Observed::of(model("enabled = false"))
}

fn plan(want: &str, seen: &Observed<Model, Ids>) -> String {
    testing::told(&testing::found::<ConfigRecorder>(&model(want), seen))
}

#[test]
fn a_new_region_gets_recorder_channel_and_start_in_that_order() {
    insta::assert_snapshot!(plan("enabled = true\nbucket = \"logs\"", &none()), @"
    create the configuration recorder default: continuous, all types without IAM's [safe]
    deliver configuration records to logs [safe]
      after create the configuration recorder default: continuous, all types without IAM's
    start the configuration recorder default [safe]
      after create the configuration recorder default: continuous, all types without IAM's
      after deliver configuration records to logs
    ");
}

#[test]
fn what_is_as_wanted_stays() {
    let want = "enabled = true\nfrequency = \"continuous\"\ndaily = []\nexclude = []\nbucket = \"logs\"\nprefix = \"\"";
    assert_eq!(plan(want, &live(true, all())), "");
    assert_eq!(plan("enabled = false", &none()), "");
    assert_eq!(plan("enabled = false", &live(false, all())), "");
}

#[test]
fn without_a_bucket_nothing_is_begun() {
    insta::assert_snapshot!(plan("enabled = true", &none()), @"refused: there is no delivery channel, and without one nothing is recorded; write `bucket`, or have a [log_bucket]");
    insta::assert_snapshot!(plan("frequency = \"daily\"", &none()), @"refused: there is no recorder to change; write `enabled = true` to have one");
}

#[test]
fn iams_types_go_into_a_recorders_list_and_out_of_it() {
    let iam = [
        "AWS::IAM::Group",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::IAM::User",
    ];
    let but = |names: &[&str]| Recording {
        exclude: set(names),
        ..all()
    };
    let only = |names: &[&str]| Recording {
        only: Some(set(names)),
        ..all()
    };
    let sent = |live: &Recording, text: &str| {
        let out = testing::found::<ConfigRecorder>(&model(text), &self::live(true, live.clone()));
        let told = testing::told(&out);
        let sent = out.steps.into_iter().find_map(|step| match step.action {
            Action::Update { recording, .. } => Some(recording),
            _ => None,
        });
        (sent, told)
    };
    let (on, off) = ("global_resource_types = true", "global_resource_types = false");
    let with_iam = [&["AWS::EC2::VPC"], &iam[..]].concat();
    for (live, text, expected) in [
        (but(&["AWS::EC2::VPC"]), on, None),
        (but(&["AWS::EC2::VPC"]), off, Some(but(&with_iam))),
        (but(&with_iam), off, None),
        (but(&["AWS::EC2::VPC", iam[0]]), on, Some(but(&["AWS::EC2::VPC"]))),
        (
            but(&iam),
            on,
            Some(Recording {
                global: true,
                ..all()
            }),
        ),
        (only(&["AWS::EC2::VPC"]), off, None),
        (only(&["AWS::EC2::VPC"]), on, Some(only(&with_iam))),
        (
            only(&["AWS::EC2::VPC", iam[3]]),
            off,
            Some(only(&["AWS::EC2::VPC"])),
        ),
    ] {
        let (sent, told) = sent(&live, text);
        assert_eq!(sent, expected, "{live} {text}: {told}");
        let after = expected.unwrap_or(live);
        assert_eq!(after.has_global(), Some(text == on), "{after}");
    }
    insta::assert_snapshot!(sent(&but(&["AWS::EC2::VPC"]), off).1, @"
    change the configuration recorder theirs: all but 5 types [destructive]
      ! AWS::IAM::Group and 3 more are no longer recorded
    ");
    insta::assert_snapshot!(sent(&only(&iam[..1]), off).1, @"refused: only IAM's types are recorded here, and without them nothing is left; write `only` or `exclude`, or `enabled = false`");
    // A list that ends takes them with it only where that is written.
    insta::assert_snapshot!(sent(&but(&["AWS::EC2::VPC"]), "exclude = []").1, @"change the configuration recorder theirs: all types with IAM's [safe]");
    insta::assert_snapshot!(
        sent(&but(&["AWS::EC2::VPC"]), "exclude = []\nglobal_resource_types = false").1,
        @"
    change the configuration recorder theirs: all types without IAM's [destructive]
      ! IAM's types are no longer recorded here
    "
    );
    insta::assert_snapshot!(sent(&but(&with_iam), "exclude = []").1, @"change the configuration recorder theirs: all types without IAM's [safe]");
}

#[test]
fn clearing_really_clears() {
    let seen = live(
        true,
        Recording {
            exclude: set(&["AWS::EC2::VPC"]),
            otherwise: Some((Frequency::Daily, set(&["AWS::EC2::Subnet"]))),
            ..all()
        },
    );
    insta::assert_snapshot!(plan("daily = []\nexclude = []", &seen), @"change the configuration recorder theirs: all types with IAM's, no exceptions from that [safe]");
    let out = testing::found::<ConfigRecorder>(&model("daily = []\nexclude = []"), &seen);
    let Action::Update { recording, .. } = &out.steps[0].action else {
        panic!("{out:?}")
    };
    // IAM's types were not among what was left out.
    let with_iam = Recording {
        global: true,
        ..all()
    };
    assert_eq!(*recording, with_iam);
    // What is not written stays.
    assert_eq!(plan("frequency = \"continuous\"", &seen), "");
}

#[test]
fn narrowing_and_stopping_are_destructive() {
    let seen = live(
        true,
        Recording {
            global: true,
            ..all()
        },
    );
    insta::assert_snapshot!(plan("only = [\"AWS::EC2::VPC\"]", &seen), @"
    change the configuration recorder theirs: 1 types [destructive]
      ! all other types are no longer recorded
    ");
    insta::assert_snapshot!(plan("exclude = [\"AWS::EC2::VPC\", \"AWS::EC2::Subnet\"]", &seen), @"
    change the configuration recorder theirs: all but 2 types [destructive]
      ! AWS::EC2::Subnet and 1 more are no longer recorded
    ");
    insta::assert_snapshot!(plan("global_resource_types = false", &seen), @"
    change the configuration recorder theirs: all types without IAM's [destructive]
      ! IAM's types are no longer recorded here
    ");
    insta::assert_snapshot!(plan("frequency = \"daily\"", &seen), @"
    change the configuration recorder theirs: daily [disruptive]
      ! what changes several times a day is recorded once
    ");
    insta::assert_snapshot!(plan("daily = [\"AWS::EC2::VPC\"]", &seen), @"
    change the configuration recorder theirs: 1 types daily [disruptive]
      ! what changes several times a day is recorded once
    ");
    insta::assert_snapshot!(plan("enabled = false", &seen), @"
    stop the configuration recorder theirs [destructive]
      ! what changes from then on is not recorded
    ");
}

#[test]
fn an_adopted_recorder_is_started_and_keeps_its_name_and_role() {
    let seen = live(
        false,
        Recording {
            role: "arn:aws:iam::111122223333:role/own".to_owned(),
            ..all()
        },
    );
    insta::assert_snapshot!(plan("enabled = true", &seen), @"start the configuration recorder theirs [safe]");
    insta::assert_snapshot!(plan("enabled = true\nservice_linked_role = true\nbucket = \"new\"", &seen), @"
    change the configuration recorder theirs: the service-linked role [safe]
    deliver configuration records to new [disruptive]
      ! whoever reads logs sees no new records there
    start the configuration recorder theirs [safe]
      after change the configuration recorder theirs: the service-linked role
      after deliver configuration records to new
    ");
}

#[test]
fn tags_come_beside_those_of_others() {
    let mut seen = live(true, all());
    let tag = |key: &str| (key.to_owned(), "1".to_owned());
    seen.ids.recorder.as_mut().unwrap().tags = Tags::from([tag("team")]);
    let run = Run {
        tags: Tags::from([tag("a")]),
        ..Run::default()
    };
    let out = testing::found_in::<ConfigRecorder>(&model("enabled = true"), &seen, run.clone());
    assert_eq!(
        testing::told(&out),
        "tag the configuration recorder: a = \"1\" [safe]"
    );
    let out = testing::found_in::<ConfigRecorder>(&model("enabled = true\nbucket = \"b\""), &none(), run);
    assert!(matches!(&out.steps[0].action, Action::Create { tags, .. } if tags.contains_key("a")));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let keys = |text: &str| -> Vec<&str> {
        ConfigRecorder::check(&model(text))
            .into_iter()
            .map(|(key, _)| key)
            .collect()
    };
    for (text, expected) in [
        ("", vec![""]),
        ("only = []", vec!["only"]),
        ("only = [\"AWS::EC2::VPC\"]\nexclude = []", vec!["only"]),
        (
            "only = [\"AWS::EC2::VPC\"]\nglobal_resource_types = true",
            vec!["global_resource_types"],
        ),
        (
            "exclude = [\"AWS::IAM::Role\"]\nglobal_resource_types = true",
            vec!["global_resource_types"],
        ),
        (
            "daily = [\"AWS::EC2::VPC\"]\ncontinuous = [\"AWS::EC2::Subnet\"]",
            vec!["daily"],
        ),
        (
            "frequency = \"daily\"\ndaily = [\"AWS::EC2::VPC\"]",
            vec!["daily"],
        ),
        ("daily = [\"AWS::Config::ResourceCompliance\"]", vec!["daily"]),
        ("exclude = [\"vpc\"]", vec!["exclude"]),
        ("service_linked_role = false", vec!["service_linked_role"]),
        (
            "enabled = true\nexclude = []\nglobal_resource_types = true",
            vec![],
        ),
    ] {
        assert_eq!(keys(text), expected, "{text}");
    }
}

/// What is added to the bill in a region of an account that is at home in us-east-1.
fn costs_in(region: &str, want: &str, seen: &Observed<Model, Ids>) -> Monthly {
    let want = model(&format!("{want}\nbucket = \"logs\""));
    testing::monthly(&testing::found_at::<ConfigRecorder>(region, &want, seen))
}

#[test]
fn the_sum_of_all_regions_is_what_the_documentation_says() {
    let sum = price::CONTINUOUS.in_regions(17).to_string();
    assert!(ConfigRecorder::DOC.cost.contains(&sum), "{sum}");
}

#[test]
fn a_recorder_that_starts_is_paid_by_what_it_records() {
    for (want, home, elsewhere) in [
        (
            "enabled = true",
            price::CONTINUOUS.home,
            price::CONTINUOUS.elsewhere,
        ),
        (
            "enabled = true\nfrequency = \"daily\"",
            price::DAILY.home,
            price::DAILY.elsewhere,
        ),
        (
            "enabled = true\nonly = [\"AWS::EC2::VPC\"]",
            Monthly::up_to(price::CONTINUOUS.home.high_cents),
            Monthly::up_to(price::CONTINUOUS.elsewhere.high_cents),
        ),
    ] {
        for seen in [none(), live(false, all())] {
            assert_eq!(costs_in("us-east-1", want, &seen), home, "{want}");
            assert_eq!(costs_in("eu-west-1", want, &seen), elsewhere, "{want}");
        }
    }
    let daily = Recording {
        frequency: Frequency::Daily,
        ..all()
    };
    assert_eq!(
        costs_in("us-east-1", "enabled = true", &live(false, daily)),
        price::DAILY.home,
        "as it was"
    );
}

#[test]
fn a_recorder_that_runs_or_is_stopped_says_nothing_of_the_bill() {
    for want in ["enabled = true\nfrequency = \"daily\"", "enabled = false"] {
        assert!(
            costs_in("us-east-1", want, &live(true, all())).is_nothing(),
            "{want}"
        );
    }
}
