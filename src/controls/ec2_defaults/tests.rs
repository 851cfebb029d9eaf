use std::collections::BTreeSet;

use toml::Table;
use trueup_core::control::{Control, Observed};
use trueup_core::values::Bound;

use super::diff::differs;
use super::live::owned;
use super::model::{Options, PublicSnapshots, Setting};
use super::*;
use crate::testing;

fn model(text: &str) -> Model {
    toml::from_str(text).unwrap()
}

fn new_account() -> Model {
    model(
        r#"
        snapshot_public_access = "unblocked"
        image_public_access = "block_new_sharing"
        serial_console = false
        [instance_metadata]
        http_tokens = "no_preference"
        http_put_response_hop_limit = "no_preference"
        http_endpoint = "no_preference"
        instance_metadata_tags = "no_preference"
        http_tokens_enforced = "no_preference"
        "#,
    )
}

fn example() -> Model {
    let table: Table = Ec2Defaults::DOC.example.parse().unwrap();
    table["ec2_defaults"].clone().try_into().unwrap()
}

fn found(want: &Model, live: &Model, ids: Ids) -> String {
    let seen = Observed {
        model: live.clone(),
        ids,
        held_by: None,
    };
    testing::told(&testing::found::<Ec2Defaults>(want, &seen))
}

fn plan(want: &str, live: &str) -> String {
    found(&model(want), &model(live), Ids::default())
}

/// The plan for options alone.
fn options(want: &str, live: &str) -> String {
    let table = |text: &str| format!("instance_metadata = {{ {text} }}");
    plan(&table(want), &table(live))
}

#[test]
fn a_new_account_is_closed_and_asks_only_for_what_new_instances_may_miss() {
    insta::assert_snapshot!(found(&example(), &new_account(), Ids::default()), @r"
    block all public snapshots [safe]
    set the metadata options of new instances: tokens required, hop limit 2 [disruptive]
      ! what speaks only IMDSv1 gets no credentials on new instances, Auto Scaling's among them
    ");
}

#[test]
fn public_snapshots_are_named_and_ask_for_consent() {
    let want = model("snapshot_public_access = \"block_all_sharing\"");
    let with = |public_snapshots| {
        let ids = Ids {
            public_snapshots,
            ..Ids::default()
        };
        found(&want, &new_account(), ids)
    };
    let ids = |count: usize| PublicSnapshots {
        ids: (1..=count).map(|n| format!("snap-{n}")).collect(),
        not_listed: None,
    };
    assert_eq!(with(ids(0)), "block all public snapshots [safe]");
    insta::assert_snapshot!([1, 2, 7].map(|count| with(ids(count))).join("\n"), @r"
    block all public snapshots [disruptive]
      ! snapshot snap-1 is no longer public
    block all public snapshots [disruptive]
      ! snapshots snap-1, snap-2 are no longer public
    block all public snapshots [disruptive]
      ! snapshots snap-1, snap-2, snap-3, snap-4, snap-5 and 2 more are no longer public
    ");
    let unlisted = PublicSnapshots {
        ids: vec![],
        not_listed: Some("UnauthorizedOperation".to_owned()),
    };
    insta::assert_snapshot!(with(unlisted), @r"
    block all public snapshots [disruptive]
      ! the public snapshots could not be listed: UnauthorizedOperation
    ");
}

const CLOSED: &str = "snapshot_public_access = \"block_all_sharing\"\nimage_public_access = \"block_new_sharing\"\n\
                      serial_console = false";

#[test]
fn what_is_stricter_than_the_file_asks_stays_and_is_noted() {
    let open = "snapshot_public_access = \"block_new_sharing\"\nimage_public_access = \"unblocked\"\n\
                serial_console = true";
    insta::assert_snapshot!(plan(open, CLOSED), @r#"
    note: snapshot_public_access is "block_all_sharing" and stays, as the file asks for "block_new_sharing" or stricter; for "block_new_sharing" itself write { exactly = "block_new_sharing" }
    note: image_public_access is "block_new_sharing" and stays, as the file asks for "unblocked" or stricter; for "unblocked" itself write { exactly = "unblocked" }
    note: serial_console is false and stays, as the file asks for true or stricter; for true itself write { exactly = true }
    "#);
    insta::assert_snapshot!(options("http_tokens = \"optional\"", "http_tokens = \"required\""), @r#"note: instance_metadata.http_tokens is "required" and stays, as the file asks for "optional" or stricter; for "optional" itself write { exactly = "optional" }"#);
    for (want, live) in [
        ("http_tokens = \"optional\"", "http_tokens = \"no_preference\""),
        ("http_tokens = \"no_preference\"", "http_tokens = \"required\""),
        (
            "http_put_response_hop_limit = 2",
            "http_put_response_hop_limit = 1",
        ),
        (
            "http_put_response_hop_limit = \"no_preference\"",
            "http_put_response_hop_limit = 3",
        ),
        (
            "http_tokens_enforced = \"disabled\"",
            "http_tokens_enforced = \"enabled\"",
        ),
    ] {
        let told = options(want, live);
        assert!(
            told.starts_with("note: ") && told.contains("and stays"),
            "{want}: {told}"
        );
    }
    // Off is off, whichever word says so.
    let (disabled, none) = (
        "http_tokens_enforced = \"disabled\"",
        "http_tokens_enforced = \"no_preference\"",
    );
    assert_eq!(options(disabled, none), "");
    assert_eq!(options(none, disabled), "");
}

#[test]
fn exactly_opens_by_consent_and_says_what() {
    let open = "snapshot_public_access = { exactly = \"unblocked\" }\n\
                image_public_access = { exactly = \"unblocked\" }\nserial_console = { exactly = true }";
    insta::assert_snapshot!(plan(open, CLOSED), @r"
    let snapshots be public again [safe]
      weakens: snapshots that were public before all sharing was blocked are public again
      weakens: principals that may share a snapshot may make it public
    let AMIs be public again [safe]
      weakens: principals that may share an AMI may make it public
    give access to the EC2 serial console [safe]
      weakens: principals with the permission reach instances past their network and its rules
    note: EC2 shows a change of image_public_access within 10 minutes; one that was made just now is planned again, which does no harm
    ");
    insta::assert_snapshot!(plan("snapshot_public_access = { exactly = \"block_new_sharing\" }", CLOSED), @r"
    block new public snapshots [safe]
      weakens: snapshots that were public before all sharing was blocked are public again
    ");
    for (want, live, what) in [
        (
            "http_tokens = { exactly = \"optional\" }",
            "http_tokens = \"no_preference\"",
            "answer IMDSv1, even",
        ),
        (
            "http_tokens = { exactly = \"no_preference\" }",
            "http_tokens = \"required\"",
            "answer IMDSv1 again",
        ),
        (
            "http_put_response_hop_limit = { exactly = 64 }",
            "http_put_response_hop_limit = 1",
            "from further away",
        ),
        (
            "http_put_response_hop_limit = { exactly = \"no_preference\" }",
            "http_put_response_hop_limit = 1",
            "from further away",
        ),
        (
            "http_put_response_hop_limit = 64",
            "http_put_response_hop_limit = \"no_preference\"",
            "from further away",
        ),
        (
            "http_tokens_enforced = { exactly = \"no_preference\" }",
            "http_tokens_enforced = \"enabled\"",
            "launched again",
        ),
    ] {
        let told = options(want, live);
        assert!(
            told.contains("[safe]\n  weakens: ") && told.contains(what),
            "{want}: {told}"
        );
    }
}

#[test]
fn what_closes_something_is_safe_unless_somebody_uses_it() {
    let half = "snapshot_public_access = \"block_new_sharing\"\nimage_public_access = \"block_new_sharing\"\n\
                serial_console = false";
    let open =
        "snapshot_public_access = \"unblocked\"\nimage_public_access = \"unblocked\"\nserial_console = true";
    insta::assert_snapshot!(plan(half, open), @r"
    block new public snapshots [safe]
    block new public AMIs [safe]
    end the access to the EC2 serial console [disruptive]
      ! sessions at a serial console are cut off, those for want of a network too
    note: EC2 shows a change of image_public_access within 10 minutes; one that was made just now is planned again, which does no harm
    ");
}

#[test]
fn each_option_says_what_it_may_break() {
    for (want, live, risk) in [
        (
            "http_tokens = \"no_preference\"",
            "http_tokens = \"optional\"",
            "",
        ),
        (
            "http_put_response_hop_limit = 1",
            "http_put_response_hop_limit = \"no_preference\"",
            "containers",
        ),
        (
            "http_put_response_hop_limit = 2",
            "http_put_response_hop_limit = \"no_preference\"",
            "",
        ),
        (
            "http_put_response_hop_limit = { exactly = \"no_preference\" }",
            "http_put_response_hop_limit = 3",
            "containers",
        ),
        (
            "http_endpoint = \"disabled\"",
            "http_endpoint = \"no_preference\"",
            "no metadata",
        ),
        ("http_endpoint = \"enabled\"", "http_endpoint = \"disabled\"", ""),
        (
            "instance_metadata_tags = \"enabled\"",
            "instance_metadata_tags = \"disabled\"",
            "a slash in the key",
        ),
        (
            "instance_metadata_tags = \"disabled\"",
            "instance_metadata_tags = \"enabled\"",
            "find their tags",
        ),
        (
            "instance_metadata_tags = \"disabled\"",
            "instance_metadata_tags = \"no_preference\"",
            "",
        ),
        (
            "http_tokens_enforced = \"enabled\"",
            "http_tokens_enforced = \"disabled\"",
            "no longer launched",
        ),
    ] {
        let told = options(want, live);
        let class = if risk.is_empty() { "[safe]" } else { "[disruptive]" };
        assert!(told.contains(class) && told.contains(risk), "{want}: {told}");
        assert_eq!(options(live, live), "");
    }
}

#[test]
fn options_that_are_not_written_are_sent_back_as_they_were_read() {
    let ids = Ids {
        options: Options {
            http_tokens: Some("optional".to_owned()),
            http_endpoint: Some("of-a-later-day".to_owned()),
            ..Options::default()
        },
        ..Ids::default()
    };
    let want = model("instance_metadata = { http_tokens = \"required\" }");
    let live = Model {
        instance_metadata: Some(ids.options.model()),
        ..Model::default()
    };
    let seen = Observed {
        model: live,
        ids: ids.clone(),
        held_by: None,
    };
    let out = testing::found::<Ec2Defaults>(&want, &seen);
    let Action::SetInstanceMetadata { set, keep } = &out.steps[0].action else {
        panic!("{out:?}")
    };
    assert_eq!((Some(set), keep), (want.instance_metadata.as_ref(), &ids.options));
}

#[test]
fn a_declarative_policy_holds_the_settings_that_it_names_and_no_other() {
    let held = |policy: serde_json::Value| owned(&policy).collect::<Vec<_>>();
    let policy = serde_json::json!({"ec2_attributes": {
        "exception_message": "Ask the platform team.",
        "image_block_public_access": {"state": "block_new_sharing"},
        "vpc_block_public_access": {"internet_gateway_block": {"mode": "block_ingress", "exclusions_allowed": "enabled"}},
        "instance_metadata_defaults": {"http_tokens": "required"},
    }});
    assert_eq!(
        held(policy),
        [Setting::ImagePublicAccess, Setting::InstanceMetadata]
    );
    for unknown in [
        serde_json::Value::Null,
        serde_json::json!({"ec2_attributes": {"serial_console_access": "disabled"}}),
        serde_json::json!({"ec2_attributes": "all"}),
    ] {
        assert_eq!(held(unknown.clone()), [], "{unknown}");
    }
}

#[test]
fn only_a_difference_in_a_setting_that_is_not_known_to_be_held_leads_to_the_policy() {
    let (want, live) = (model("serial_console = false"), model("serial_console = true"));
    let held = [Setting::SerialConsole].into();
    assert!(differs(&want, &live, &BTreeSet::new()));
    assert!(!differs(&want, &live, &held));
    assert!(!differs(&want, &want, &BTreeSet::new()));
}

#[test]
fn a_setting_that_a_declarative_policy_holds_is_left_alone_and_stops_no_other() {
    let held = |settings: &[Setting]| Ids {
        by_policy: settings.iter().copied().collect(),
        ..Ids::default()
    };
    let some = held(&[Setting::SnapshotPublicAccess, Setting::InstanceMetadata]);
    let live = Model {
        serial_console: Some(Bound::Plain(true)),
        ..new_account()
    };
    insta::assert_snapshot!(found(&example(), &live, some), @r"
    end the access to the EC2 serial console [disruptive]
      ! sessions at a serial console are cut off, those for want of a network too
    elsewhere: snapshot_public_access: a declarative policy of the organization sets it
    elsewhere: instance_metadata: a declarative policy of the organization sets it
    ");
    // What the policy sets as the file wants it is as it should be.
    let all = held(&[
        Setting::SnapshotPublicAccess,
        Setting::ImagePublicAccess,
        Setting::SerialConsole,
        Setting::InstanceMetadata,
    ]);
    assert_eq!(found(&example(), &example(), all), "");
}

#[test]
fn what_is_not_written_is_left_alone() {
    assert_eq!(
        plan(
            "serial_console = false",
            "serial_console = false\nimage_public_access = \"unblocked\""
        ),
        ""
    );
    assert_eq!(
        options(
            "http_endpoint = \"enabled\"",
            "http_endpoint = \"enabled\", http_tokens = \"optional\""
        ),
        ""
    );
}

#[test]
fn a_state_that_is_not_known_here_differs_from_every_other() {
    let live = Model {
        instance_metadata: Some(
            Options {
                http_tokens: Some("of-a-later-day".to_owned()),
                ..Options::default()
            }
            .model(),
        ),
        ..Model::default()
    };
    let told = found(&example(), &live, Ids::default());
    assert!(told.contains("block all public snapshots [safe]"), "{told}");
    assert!(told.contains("tokens required, hop limit 2"), "{told}");
}

#[test]
fn an_exported_region_plans_to_nothing() {
    let live = new_account();
    let read: Model = Table::try_from(&live).unwrap().try_into().unwrap();
    assert_eq!(read, live);
    assert_eq!(Ec2Defaults::check(&read), []);
    assert_eq!(found(&read, &live, Ids::default()), "");
}

#[test]
fn no_preference_is_read_in_each_of_its_forms() {
    let said = Options {
        http_tokens: Some("no-preference".to_owned()),
        http_put_response_hop_limit: Some(-1),
        http_endpoint: Some("no-preference".to_owned()),
        ..Options::default()
    };
    assert_eq!(said.model(), Options::default().model());
    assert_eq!(Some(said.model()), new_account().instance_metadata);
}

#[test]
fn what_cannot_be_wanted_is_a_mistake() {
    for text in ["", "[instance_metadata]"] {
        assert_eq!(Ec2Defaults::check(&model(text)).len(), 1, "{text}");
    }
    let far = model("instance_metadata = { http_put_response_hop_limit = 65 }");
    assert_eq!(
        Ec2Defaults::check(&far),
        [(
            "instance_metadata.http_put_response_hop_limit",
            "is 65; expected 1 to 64, or \"no_preference\"".to_owned()
        )]
    );
    for text in [
        "image_public_access = \"block_all_sharing\"",
        "snapshot_public_access = \"block-all-sharing\"",
        "instance_metadata = { http_put_response_hop_limit = 0 }",
        "instance_metadata = { http_tokens = \"enabled\" }",
        "instance_metadata = { http_endpoint = true }",
        "vpc_public_access = true",
    ] {
        assert!(toml::from_str::<Model>(text).is_err(), "{text}");
    }
}
