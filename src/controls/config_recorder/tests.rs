//! What is planned for which recorder.

use std::collections::BTreeSet;

use trueup_core::cost::Monthly;
use trueup_core::env::Run;
use trueup_core::tags::Tags;
use trueup_core::want::Want;

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
                ..Recorder::default()
            }),
            channel: Some(Channel {
                name: "theirs".to_owned(),
                bucket: "logs".to_owned(),
                prefix: String::new(),
            }),
            ..Ids::default()
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
        let seen = self::live(true, live.clone());
        let out = testing::found_at::<ConfigRecorder>("us-east-1", &model(text), &seen);
        let told = testing::told(&out);
        let sent = out.steps.into_iter().find_map(|step| match step.action {
            Action::Update { recording, .. } => Some(recording),
            _ => None,
        });
        (sent, told)
    };
    let on = "global_resource_types = true";
    let off = "global_resource_types = { exactly = false }";
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
        sent(&but(&["AWS::EC2::VPC"]), &format!("exclude = []\n{off}")).1,
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

fn with_iam() -> Recording {
    Recording {
        global: true,
        ..all()
    }
}

#[test]
fn narrowing_is_asked_for_exactly_and_destructive_as_stopping_is() {
    let seen = live(true, with_iam());
    insta::assert_snapshot!(plan("only = { exactly = [\"AWS::EC2::VPC\"] }", &seen), @"
    change the configuration recorder theirs: 1 types [destructive]
      ! all other types are no longer recorded
    ");
    insta::assert_snapshot!(plan("exclude = { exactly = [\"AWS::EC2::VPC\", \"AWS::EC2::Subnet\"] }", &seen), @"
    change the configuration recorder theirs: all but 2 types [destructive]
      ! AWS::EC2::Subnet and 1 more are no longer recorded
    ");
    insta::assert_snapshot!(plan("global_resource_types = { exactly = false }", &seen), @"
    change the configuration recorder theirs: all types without IAM's [destructive]
      ! IAM's types are no longer recorded here
    ");
    insta::assert_snapshot!(plan("frequency = { exactly = \"daily\" }", &seen), @"
    change the configuration recorder theirs: daily [disruptive]
      ! what changes several times a day is recorded once
    ");
    insta::assert_snapshot!(plan("daily = { exactly = [\"AWS::EC2::VPC\"] }", &seen), @"
    change the configuration recorder theirs: 1 types daily [disruptive]
      ! what changes several times a day is recorded once
    ");
    insta::assert_snapshot!(plan("enabled = false", &seen), @"
    stop the configuration recorder theirs [destructive]
      ! what changes from then on is not recorded
    ");
}

#[test]
fn a_recorder_that_does_more_than_is_written_stays_and_is_told() {
    let seen = live(true, with_iam());
    insta::assert_snapshot!(plan("only = [\"AWS::EC2::VPC\"]", &seen), @"note: `only`: more is recorded than the file asks for, and stays; for less write only = { exactly = [...] }");
    insta::assert_snapshot!(plan("exclude = [\"AWS::EC2::VPC\"]\nglobal_resource_types = false", &seen), @"
    note: `exclude`: more is recorded than the file asks for, and stays; for less write exclude = { exactly = [...] }
    note: IAM's types are recorded here too and stay, and each of their records is paid once a region; to record them in one region write global_resource_types = { exactly = true }
    ");
    insta::assert_snapshot!(plan("frequency = \"daily\"\ncontinuous = [\"AWS::EC2::VPC\"]", &seen), @r#"
    note: frequency is "continuous" and stays, as the file asks for "daily" or stricter; for "daily" itself write { exactly = "daily" }
    note: `continuous`: more is recorded continuously than the file asks for, and stays; for less write continuous = { exactly = [...] }
    "#);
    insta::assert_snapshot!(plan("daily = [\"AWS::EC2::VPC\"]", &seen), @"note: `daily`: more is recorded continuously than the file asks for, and stays; for less write daily = { exactly = [...] }");
    let listed = Recording {
        only: Some(set(&["AWS::EC2::VPC", "AWS::EC2::Subnet"])),
        ..all()
    };
    insta::assert_snapshot!(plan("only = [\"AWS::EC2::VPC\"]", &live(true, listed)), @"note: `only`: more is recorded than the file asks for, and stays; for less write only = { exactly = [...] }");
}

#[test]
fn a_recorder_that_does_less_than_is_written_gets_what_is_lacking_and_loses_nothing() {
    let but = |names: &[&str]| Recording {
        exclude: set(names),
        ..all()
    };
    let only = |names: &[&str]| Recording {
        only: Some(set(names)),
        ..all()
    };
    let otherwise = |frequency: Frequency, other: Frequency, names: &[&str]| Recording {
        frequency,
        otherwise: Some((other, set(names))),
        ..all()
    };
    let (vpc, subnet, user) = ("AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::IAM::User");
    let (continuous, daily) = (Frequency::Continuous, Frequency::Daily);
    for (live, text, expected) in [
        (but(&[vpc, subnet]), "exclude = [\"AWS::EC2::VPC\"]", but(&[vpc])),
        (only(&[vpc]), "exclude = [\"AWS::EC2::VPC\"]", all()),
        (
            only(&[subnet]),
            "only = [\"AWS::EC2::VPC\"]",
            only(&[vpc, subnet]),
        ),
        (but(&[vpc, subnet]), "only = [\"AWS::EC2::VPC\"]", but(&[subnet])),
        (all(), "only = [\"AWS::IAM::User\"]", with_iam()),
        (
            otherwise(continuous, daily, &[vpc, subnet]),
            "daily = [\"AWS::EC2::VPC\"]",
            otherwise(continuous, daily, &[vpc]),
        ),
        (otherwise(continuous, daily, &[vpc]), "daily = []", all()),
        (
            otherwise(continuous, daily, &[vpc, subnet]),
            "continuous = [\"AWS::EC2::VPC\"]",
            otherwise(continuous, daily, &[subnet]),
        ),
        (
            otherwise(daily, continuous, &[subnet]),
            "frequency = \"daily\"\ncontinuous = [\"AWS::EC2::VPC\"]",
            otherwise(daily, continuous, &[vpc, subnet]),
        ),
        (
            otherwise(daily, continuous, &[subnet]),
            "frequency = \"continuous\"",
            all(),
        ),
    ] {
        let out = testing::found::<ConfigRecorder>(&model(text), &self::live(true, live.clone()));
        let [step] = &out.steps[..] else {
            panic!("{live} {text}: {}", testing::told(&out))
        };
        let Action::Update { recording, .. } = &step.action else {
            panic!("{live} {text}")
        };
        let expected = match text.contains(user) {
            true => with_iam(),
            false => expected,
        };
        assert_eq!(*recording, expected, "{live} {text}");
        assert_eq!(step.class, trueup_core::change::Class::Safe, "{live} {text}");
    }
}

#[test]
fn a_strategy_that_contradicts_the_lists_is_written_again() {
    let seen = live(
        true,
        Recording {
            is_unclear: true,
            ..all()
        },
    );
    insta::assert_snapshot!(plan("enabled = true", &seen), @"change the configuration recorder theirs: all types without IAM's [safe]");
}

#[test]
fn a_role_that_is_gone_is_made_and_another_one_that_exists_is_told() {
    let mut seen = live(true, all());
    seen.ids.recorder.as_mut().unwrap().is_role_gone = true;
    insta::assert_snapshot!(plan("enabled = true", &seen), @"change the configuration recorder theirs: the service-linked role, as AWSServiceRoleForConfig does not exist [safe]");
    let other = Recording {
        role: "arn:aws:iam::111122223333:role/team/own".to_owned(),
        ..all()
    };
    insta::assert_snapshot!(plan("enabled = true", &live(true, other.clone())), @"note: records with the role own, and Security Hub's control Config.1 expects the service-linked one; write service_linked_role = true to use that");
    insta::assert_snapshot!(plan("service_linked_role = true", &live(true, other.clone())), @"change the configuration recorder theirs: the service-linked role [safe]");
    let mut seen = live(true, other);
    seen.ids.recorder.as_mut().unwrap().is_role_gone = true;
    insta::assert_snapshot!(plan("enabled = true", &seen), @"change the configuration recorder theirs: the service-linked role, as own does not exist [safe]");
}

#[test]
fn a_delivery_that_fails_for_good_is_a_task_and_a_passing_failure_is_told() {
    let failing = |code: &str, is_permanent: bool, is_lasting: bool| {
        let mut seen = live(true, all());
        seen.ids.told.failing = Some(super::model::Failing {
            code: code.to_owned(),
            is_permanent,
            is_lasting,
        });
        seen
    };
    insta::assert_snapshot!(plan("enabled = true", &failing("NoSuchBucket", true, false)), @"person: AWS Config cannot deliver configuration records to `logs` (NoSuchBucket): create the bucket, or write `bucket` to deliver to another one. The next delivery that succeeds settles this");
    insta::assert_snapshot!(plan("enabled = true", &failing("AccessDenied", true, false)), @"person: AWS Config cannot deliver configuration records to `logs` (AccessDenied): let config.amazonaws.com write to it by the policies of the bucket and of its key, or write `bucket` to deliver to another one. The next delivery that succeeds settles this");
    insta::assert_snapshot!(plan("enabled = true", &failing("", false, true)), @"person: AWS Config cannot deliver configuration records to `logs` (AWS gives no reason): let config.amazonaws.com write to it by the policies of the bucket and of its key, or write `bucket` to deliver to another one. The next delivery that succeeds settles this");
    insta::assert_snapshot!(plan("enabled = true", &failing("InternalError", false, false)), @"note: the last delivery of configuration records to `logs` failed (InternalError); Config tries again by itself");
    // What a step is about to change is not judged by what was before.
    let moves = plan(
        "enabled = true\nbucket = \"new\"",
        &failing("NoSuchBucket", true, false),
    );
    assert!(!moves.contains("person"), "{moves}");
    assert_eq!(plan("enabled = false", &live(false, all())), "");
}

#[test]
fn iams_types_are_recorded_in_the_global_region() {
    let want = model(
        "enabled = true\nglobal_resource_types = true\nglobal_regions = [\"eu-west-1\", \"us-east-1\"]",
    );
    let planned = |region: Option<&str>| {
        let mut seen = live(true, all());
        seen.ids.global_region = region.map(|name| name.parse().unwrap());
        testing::told(&testing::found::<ConfigRecorder>(&want, &seen))
    };
    insta::assert_snapshot!(planned(Some("eu-west-1")), @"change the configuration recorder theirs: all types with IAM's [safe]");
    insta::assert_snapshot!(planned(Some("us-east-1")), @"note: IAM's types are recorded in us-east-1");
    let nowhere = model("enabled = true\nglobal_resource_types = true\nglobal_regions = []");
    let out = testing::found::<ConfigRecorder>(&nowhere, &live(false, all()));
    insta::assert_snapshot!(testing::told(&out), @"
    start the configuration recorder theirs [safe]
    refused for global_resource_types: no region of this file can record IAM's types: AWS Config records them only in regions that it served before February 2022. Add one of those, such as us-east-1, to `regions`
    ");
}

#[test]
fn each_region_knows_whether_it_is_the_global_one() {
    let filled = |home: &str, regions: &[&str], here: &str, text: &str| {
        let region = |name: &&str| name.parse::<trueup_core::location::Region>().unwrap();
        let env = Env {
            account: "111122223333".to_owned(),
            partition: "aws".to_owned(),
            home: region(&home),
            enabled: regions.iter().map(region).collect(),
            run: Run::default(),
        };
        let all: Vec<Want> = regions
            .iter()
            .map(|name| Want {
                control: "config_recorder".try_into().unwrap(),
                place: region(name).into(),
                manage: None,
                table: text.parse().unwrap(),
            })
            .collect();
        let mut want = model(text);
        let place = region(&here).into();
        let wants = Wants {
            all: &all,
            place: &place,
        };
        ConfigRecorder::fill(&mut want, &env, wants);
        toml::to_string(&want).unwrap().replace('\n', "; ")
    };
    let on = "enabled = true\nglobal_resource_types = true\n";
    let both = ["eu-west-1", "us-east-1"];
    let after_2022 = ["eu-west-1", "me-central-1", "us-east-1"];
    let lines = [
        filled("us-east-1", &both, "us-east-1", on),
        filled("us-east-1", &both, "eu-west-1", on),
        filled(
            "us-east-1",
            &both,
            "eu-west-1",
            &format!("{on}exclude = [\"AWS::EC2::VPC\"]\n"),
        ),
        filled("me-central-1", &after_2022, "eu-west-1", on),
        filled("me-central-1", &after_2022, "me-central-1", on),
        filled("me-central-1", &["me-central-1"], "me-central-1", on),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r#"
    enabled = true; global_resource_types = true; 
    enabled = true; global_resource_types = false; 
    enabled = true; exclude = ["AWS::EC2::VPC", "AWS::IAM::Group", "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::IAM::User"]; 
    enabled = true; global_resource_types = true; global_regions = ["eu-west-1", "us-east-1"]; 
    enabled = true; global_resource_types = false; global_regions = ["eu-west-1", "us-east-1"]; 
    enabled = true; global_resource_types = true; global_regions = [];
    "#);
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
    insta::assert_snapshot!(plan("enabled = true", &seen), @"
    start the configuration recorder theirs [safe]
    note: records with the role own, and Security Hub's control Config.1 expects the service-linked one; write service_linked_role = true to use that
    ");
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
        ("global_regions = [\"us-east-1\"]", vec!["global_regions"]),
        (
            "global_resource_types = true\nglobal_regions = [\"me-central-1\"]",
            vec!["global_regions"],
        ),
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
            "enabled = true\nfrequency = { exactly = \"daily\" }",
            price::DAILY.home,
            price::DAILY.elsewhere,
        ),
        (
            "enabled = true\nonly = { exactly = [\"AWS::EC2::VPC\"] }",
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
