//! What is planned, without an account.

use aws_sdk_cloudtrail::operation::get_trail_status::GetTrailStatusOutput;
use aws_sdk_cloudtrail::primitives::DateTime;
use trueup_core::cost::Monthly;
use trueup_core::env::Run;
use trueup_core::tags::Tags;
use trueup_core::values::Template;

use super::model::{Events, Failing, Group, Lets, Other, Place, Role};
use super::*;
use crate::testing;

mod choice;
mod selectors;

fn model(text: &str) -> Model {
    toml::from_str(text).unwrap()
}

/// The example as it is once it is filled.
fn example() -> Model {
    let table: toml::Table = CloudTrail::DOC.example.parse().unwrap();
    let mut model: Model = table[CloudTrail::NAME].clone().try_into().unwrap();
    let wants = Wants {
        all: &[],
        place: &Location::Account,
    };
    CloudTrail::fill(&mut model, &env(), wants);
    model.bucket = Some(Template::from("logs".to_owned()));
    model
}

fn env() -> Env {
    Env {
        account: "111122223333".to_owned(),
        partition: "aws".to_owned(),
        home: "us-east-1".parse().unwrap(),
        enabled: vec![],
        run: Run::default(),
    }
}

fn group() -> Group {
    Group {
        name: "/aws/cloudtrail/management-events".to_owned(),
        region: "us-east-1".parse().unwrap(),
        exists: true,
        is_attached: true,
        retention: Some(365),
        other_class: None,
        tags: Tags::new(),
    }
}

fn live() -> Observed<Model, Ids> {
    let mut model = example();
    model.kms_key = Some("none".to_owned());
    model.management_events = Some(Events::All);
    Observed {
        model,
        ids: Ids {
            arn: Some(arn("management-events", &env())),
            name: Some("management-events".to_owned()),
            home: Some("us-east-1".parse().unwrap()),
            bucket: Some("logs".to_owned()),
            group: Some(group()),
            role: Some(Role {
                name: ROLE.to_owned(),
                exists: true,
                path: None,
                is_attached: true,
                trust: Lets::Yes,
                rights: Lets::Yes,
                mended_trust: None,
                boundary: None,
                tags: Tags::new(),
            }),
            ..Ids::default()
        },
        held_by: None,
    }
}

/// An account without a trail, log group and role.
fn nothing() -> Observed<Model, Ids> {
    Observed {
        model: model("state = \"absent\""),
        ids: Ids {
            group: Some(Group {
                exists: false,
                is_attached: false,
                retention: None,
                ..group()
            }),
            role: Some(Role {
                name: ROLE.to_owned(),
                exists: false,
                path: None,
                is_attached: false,
                trust: Lets::No,
                rights: Lets::No,
                mended_trust: None,
                boundary: None,
                tags: Tags::new(),
            }),
            ..Ids::default()
        },
        held_by: None,
    }
}

fn plan(want: &Model, seen: &Observed<Model, Ids>) -> String {
    testing::told(&testing::found::<CloudTrail>(want, seen))
}

fn wrong(text: &str) -> String {
    let wrong = CloudTrail::check(&model(text));
    let lines: Vec<String> = wrong.iter().map(|(key, what)| format!("{key}: {what}")).collect();
    lines.join("\n")
}

#[test]
fn a_new_trail_waits_for_log_group_and_role_and_then_starts() {
    insta::assert_snapshot!(plan(&example(), &nothing()), @r"
    create the log group `/aws/cloudtrail/management-events` [safe]
    create the role `CloudTrailToCloudWatchLogs` for CloudTrail [safe]
    create the trail `management-events` to `logs` [safe]
      after create the log group `/aws/cloudtrail/management-events`
      after create the role `CloudTrailToCloudWatchLogs` for CloudTrail
    start recording with the trail `management-events` [safe]
      after create the trail `management-events` to `logs`
    ");
    let mut homeless = example();
    homeless.bucket = None;
    insta::assert_snapshot!(plan(&homeless, &nothing()), @"refused: there is no trail, and no bucket for one; write [log_bucket], or bucket for a central account's");
}

#[test]
fn what_is_as_wanted_needs_nothing() {
    assert_eq!(plan(&example(), &live()), "");
}

#[test]
fn each_drift_takes_its_own_step() {
    let drift = |change: fn(&mut Observed<Model, Ids>)| {
        let mut seen = live();
        change(&mut seen);
        plan(&example(), &seen)
    };
    insta::assert_snapshot!(
        drift(|seen| seen.model.logging = Some(false)),
        @"start recording with the trail `management-events` [safe]"
    );
    insta::assert_snapshot!(drift(|seen| {
        seen.model.multi_region = Some(false);
        seen.model.log_file_validation = Some(false);
    }), @"change the trail: all regions, file validation [safe]");
    insta::assert_snapshot!(
        drift(|seen| seen.ids.group.as_mut().unwrap().retention = Some(30)),
        @"keep events in the log group for 365 days [safe]"
    );
    insta::assert_snapshot!(
        drift(|seen| seen.ids.group.as_mut().unwrap().exists = false),
        @"create the log group `/aws/cloudtrail/management-events` [safe]"
    );
    insta::assert_snapshot!(
        drift(|seen| seen.ids.role.as_mut().unwrap().rights = Lets::No),
        @"let the role `CloudTrailToCloudWatchLogs` deliver to the log group [safe]"
    );
    insta::assert_snapshot!(drift(|seen| {
        let role = seen.ids.role.as_mut().unwrap();
        role.trust = Lets::No;
        role.mended_trust = Some(role::trust());
    }), @"let cloudtrail.amazonaws.com assume the role `CloudTrailToCloudWatchLogs` [safe]");
    insta::assert_snapshot!(drift(|seen| seen.ids.lacks_global = true), @"change the trail: events of global services [safe]");
    // AWS keeps no trail of every region without them; on a regional one they are the owner's choice.
    let mut regional = live();
    regional.ids.lacks_global = true;
    regional.model.multi_region = Some(false);
    let want = model("name = \"management-events\"\nmulti_region = false");
    assert_eq!(plan(&want, &regional), "");
}

/// The role is gone, and it had a path.
#[test]
fn a_role_that_is_gone_is_made_again_and_the_trail_told_where_it_is_another() {
    let mut seen = live();
    let role = seen.ids.role.as_mut().unwrap();
    role.exists = false;
    insta::assert_snapshot!(plan(&example(), &seen), @"create the role `CloudTrailToCloudWatchLogs` for CloudTrail [safe]");
    seen.ids.role.as_mut().unwrap().path = Some("/service-role/".to_owned());
    insta::assert_snapshot!(plan(&example(), &seen), @r"
    create the role `CloudTrailToCloudWatchLogs` for CloudTrail [safe]
    change the trail: CloudWatch Logs [safe]
      after create the role `CloudTrailToCloudWatchLogs` for CloudTrail
    ");
}

#[test]
fn a_role_that_is_kept_from_delivering_blocks_only_itself() {
    let mut seen = live();
    seen.model.log_file_validation = Some(false);
    seen.ids.role.as_mut().unwrap().rights = Lets::Denied("statement No: applies".to_owned());
    insta::assert_snapshot!(plan(&example(), &seen), @r"
    change the trail: file validation [safe]
    refused for role: the role `CloudTrailToCloudWatchLogs` may not write to the log group `/aws/cloudtrail/management-events`, whatever is added to it (statement No: applies): remove what forbids it, or write another role
    ");
    seen.ids.role.as_mut().unwrap().rights = Lets::Unknown("statement S: cannot tell".to_owned());
    seen.ids.role.as_mut().unwrap().trust = Lets::Denied("statement No: applies".to_owned());
    insta::assert_snapshot!(plan(&example(), &seen), @r"
    change the trail: file validation [safe]
    refused for role: the trust policy of the role `CloudTrailToCloudWatchLogs` keeps cloudtrail.amazonaws.com out (statement No: applies): remove that statement, or write another role
    ");
    // What cannot be decided is not drift.
    seen.model.log_file_validation = Some(true);
    seen.ids.role.as_mut().unwrap().trust = Lets::Yes;
    insta::assert_snapshot!(plan(&example(), &seen), @"note: whether the role `CloudTrailToCloudWatchLogs` may write to the log group cannot be told from its policies: statement S: cannot tell");
}

#[test]
fn a_role_of_any_name_is_right_unless_the_file_names_one() {
    let mut seen = live();
    seen.model.role = Some("CTLogs".to_owned());
    seen.ids.role.as_mut().unwrap().name = "CTLogs".to_owned();
    assert_eq!(plan(&example(), &seen), "");
    // The file names another one, which exists and may deliver.
    let mut named = example();
    named.role = Some("mine".to_owned());
    let role = seen.ids.role.as_mut().unwrap();
    role.name = "mine".to_owned();
    role.is_attached = false;
    insta::assert_snapshot!(plan(&named, &seen), @"change the trail: CloudWatch Logs [safe]");
}

#[test]
fn a_retention_is_a_floor() {
    let plan_with = |written: &str, live_days: Option<i32>| {
        let mut want = example();
        want.log_retention_days = model(&format!("log_retention_days = {written}")).log_retention_days;
        let mut seen = live();
        seen.ids.group.as_mut().unwrap().retention = live_days;
        plan(&want, &seen)
    };
    assert_eq!(plan_with("365", Some(365)), "");
    insta::assert_snapshot!(plan_with("365", Some(30)), @"keep events in the log group for 365 days [safe]");
    insta::assert_snapshot!(plan_with("365", Some(3653)), @"note: the log group `/aws/cloudtrail/management-events` keeps events for 3653 days, longer than the 365 of the file; to shorten that write log_retention_days = { at_most = 365 }");
    insta::assert_snapshot!(plan_with("365", None), @"note: the events of the log group `/aws/cloudtrail/management-events` are kept and paid for without end; to end that write log_retention_days = { at_most = 365 }");
    insta::assert_snapshot!(plan_with("{ exactly = 365 }", Some(400)), @r"
    keep events in the log group for 365 days [destructive]
      ! events older than 365 days are deleted from the log group
      weakens: events are kept for less time
    ");
    insta::assert_snapshot!(plan_with("{ at_most = 365 }", None), @r"
    keep events in the log group for 365 days [destructive]
      ! events older than 365 days are deleted from the log group
      weakens: events are kept for less time
    ");
    insta::assert_snapshot!(plan_with("{ at_most = 365 }", Some(30)), @"note: the log group `/aws/cloudtrail/management-events` keeps events for 30 days, which stays: the file caps it at 365");
    insta::assert_snapshot!(plan_with("\"never\"", Some(365)), @"keep events in the log group for ever [safe]");
    assert_eq!(plan_with("\"never\"", None), "");
}

#[test]
fn a_log_group_of_another_class_is_in_the_way_of_nothing_but_itself() {
    let mut seen = live();
    seen.ids.group.as_mut().unwrap().other_class = Some("INFREQUENT_ACCESS".to_owned());
    seen.model.log_file_validation = Some(false);
    insta::assert_snapshot!(plan(&example(), &seen), @r"
    change the trail: file validation [safe]
    refused for log_group: the log group `/aws/cloudtrail/management-events` has the class INFREQUENT_ACCESS, which takes no metric filters, and the class of a log group cannot be changed: point the trail at a log group of class STANDARD by hand
    ");
    seen.ids.group.as_mut().unwrap().is_attached = false;
    seen.model.log_group = None;
    seen.model.log_file_validation = Some(true);
    insta::assert_snapshot!(plan(&example(), &seen), @"refused for log_group: the log group `/aws/cloudtrail/management-events` has the class INFREQUENT_ACCESS, which takes no metric filters, and the class of a log group cannot be changed: write another log_group");
}

/// A failing delivery on 2026-11-30.
fn failing(to: Place, error: &str, since: &str) -> String {
    let mut seen = live();
    seen.ids.failing = vec![Failing {
        to,
        error: error.to_owned(),
        since: Some(since.to_owned()),
    }];
    let run = Run {
        today: jiff::civil::date(2026, 11, 30),
        ..Run::default()
    };
    testing::told(&testing::found_in::<CloudTrail>(&example(), &seen, run))
}

#[test]
fn a_delivery_that_fails_is_a_task_once_a_day_has_passed_or_at_once_where_it_is_refused() {
    assert_eq!(failing(Place::Bucket, "SlowDown", "2026-11-29"), "");
    insta::assert_snapshot!(failing(Place::Bucket, "SlowDown", "2026-11-28"), @"person: CloudTrail cannot deliver to the bucket `logs`: SlowDown; its policy or its key has to let cloudtrail.amazonaws.com in");
    insta::assert_snapshot!(failing(Place::Bucket, "NoSuchBucket", "2026-11-30"), @"person: CloudTrail cannot deliver to the bucket `logs`: NoSuchBucket; its policy or its key has to let cloudtrail.amazonaws.com in");
    insta::assert_snapshot!(failing(Place::Digest, "KMS.DisabledException", "2026-11-30"), @"person: CloudTrail cannot deliver digest files to the bucket `logs`: KMS.DisabledException; its policy or its key has to let cloudtrail.amazonaws.com in");
    insta::assert_snapshot!(failing(Place::Logs, "Access denied. Check the role.", "2026-11-30"), @"person: CloudTrail cannot deliver to CloudWatch Logs: Access denied. Check the role.; look at the role and at the log group's key");
    // What is stopped delivers nothing, and what a step mends is older than the step.
    let mut seen = live();
    seen.ids.failing = vec![Failing {
        to: Place::Logs,
        error: "AccessDenied".to_owned(),
        since: None,
    }];
    seen.ids.role.as_mut().unwrap().rights = Lets::No;
    insta::assert_snapshot!(plan(&example(), &seen), @"let the role `CloudTrailToCloudWatchLogs` deliver to the log group [safe]");
    seen.ids.role.as_mut().unwrap().rights = Lets::Yes;
    seen.model.logging = Some(false);
    insta::assert_snapshot!(plan(&example(), &seen), @"start recording with the trail `management-events` [safe]");
}

fn status(members: &str) -> GetTrailStatusOutput {
    let members: serde_json::Value = serde_json::from_str(members).unwrap();
    let text = |key: &str| members[key].as_str().map(str::to_owned);
    let time = |key: &str| {
        members[key]
            .as_str()
            .map(|text| DateTime::from_secs(text.parse::<jiff::Timestamp>().unwrap().as_second()))
    };
    GetTrailStatusOutput::builder()
        .is_logging(true)
        .set_latest_delivery_error(text("error"))
        .set_latest_delivery_attempt_time(text("attempt"))
        .set_latest_delivery_time(time("delivered"))
        .set_start_logging_time(time("started"))
        .set_latest_cloud_watch_logs_delivery_error(text("logs"))
        .set_latest_cloud_watch_logs_delivery_time(time("logs_delivered"))
        .set_latest_digest_delivery_error(text("digest"))
        .build()
}

#[test]
fn a_delivery_fails_if_nothing_was_delivered_or_started_after_its_last_attempt() {
    let failing = |members: &str| live::read::failing(&status(members));
    assert_eq!(failing(r#"{"error": "", "attempt": ""}"#), []);
    let one = |to, error: &str, since: Option<&str>| Failing {
        to,
        error: error.to_owned(),
        since: since.map(str::to_owned),
    };
    let failed = r#"{"error": "AccessDenied", "attempt": "2026-11-20T10:00:00Z", "delivered": "2026-11-19T09:00:00Z"}"#;
    assert_eq!(
        failing(failed),
        [one(Place::Bucket, "AccessDenied", Some("2026-11-19"))]
    );
    assert_eq!(failing(&failed.replace("11-19", "11-21")), []);
    assert_eq!(
        failing(&failed.replace("delivered", "started").replace("11-19", "11-21")),
        []
    );
    assert_eq!(
        failing(
            r#"{"logs": "Access denied.", "logs_delivered": "2026-11-01T00:00:00Z", "digest": "NoSuchBucket"}"#
        ),
        [
            one(Place::Logs, "Access denied.", Some("2026-11-01")),
            one(Place::Digest, "NoSuchBucket", None)
        ]
    );
}

#[test]
fn a_trail_under_another_name_is_adopted_and_never_pointed_elsewhere() {
    let mut seen = live();
    seen.ids.name = Some("theirs".to_owned());
    seen.ids.home = Some("eu-west-1".parse().unwrap());
    seen.ids.bucket = Some("their-logs".to_owned());
    seen.model.name = seen.ids.name.clone();
    seen.model.bucket = Some(Template::from("their-logs".to_owned()));
    seen.model.log_group = Some("CloudTrail/Logs".to_owned());
    seen.ids.group.as_mut().unwrap().name = "CloudTrail/Logs".to_owned();
    seen.model.logging = Some(false);
    insta::assert_snapshot!(plan(&example(), &seen), @r"
    start recording with the trail `theirs` [safe]
    note: the account's trail is called `theirs`, is at home in eu-west-1, delivers to `their-logs`, has the log group `CloudTrail/Logs` and is left so; a second one would cost 2 USD for 100,000 events
    ");
}

#[test]
fn what_a_trail_leaves_out_is_told() {
    let want = model("name = \"management-events\"");
    let told = |change: fn(&mut Observed<Model, Ids>)| {
        let mut seen = live();
        change(&mut seen);
        plan(&want, &seen)
    };
    assert_eq!(told(|_| {}), "");
    insta::assert_snapshot!(
        told(|seen| seen.ids.told.left_out = vec!["kms.amazonaws.com".to_owned()]),
        @"note: the account's trail leaves out what kms.amazonaws.com does, so monitors of that stay silent; take the exclusion out of its event selectors to hear of it"
    );
    insta::assert_snapshot!(told(|seen| seen.model.management_events = Some(Events::WriteOnly)), @r#"note: the account's trail records only management events that change something: monitors of the root user and of disabled KMS keys miss what only reads; write management_events = "all" to record that too"#);
    // One that records less does not count as the account's trail.
    insta::assert_snapshot!(told(|seen| seen.model.management_events = Some(Events::ReadOnly)), @"record all management events [safe]");
    insta::assert_snapshot!(told(|seen| seen.model.management_events = None), @"record all management events [safe]");
    // What is written is meant.
    let mut seen = live();
    seen.model.management_events = Some(Events::WriteOnly);
    let meant = model("name = \"management-events\"\nmanagement_events = \"write_only\"");
    assert_eq!(plan(&meant, &seen), "");
    // More is recorded by a trail that the file does not name, and stays.
    let mut more = live();
    more.model.name = Some("theirs".to_owned());
    more.ids.name = Some("theirs".to_owned());
    insta::assert_snapshot!(plan(&meant, &more), @"note: the account's trail is called `theirs` and is left so; a second one would cost 2 USD for 100,000 events");
    // What a monitor needs of AWS KMS is recorded where the file says what the trail records.
    seen = live();
    seen.model.kms_events = Some(false);
    seen.ids.told.left_out = vec!["kms.amazonaws.com".to_owned()];
    let needed = model("name = \"management-events\"\nmanagement_events = \"all\"\nkms_events = true");
    insta::assert_snapshot!(plan(&needed, &seen), @"record what AWS KMS does [safe]");
}

#[test]
fn the_file_moves_the_trail_that_it_names() {
    let mut want = example();
    want.prefix = Some("acme".to_owned());
    insta::assert_snapshot!(plan(&want, &live()), @r"
    change the trail: prefix `acme` [disruptive]
      ! readers of the files in `logs` find no new ones there
    ");
}

fn other(name: &str, is_everywhere: bool, is_logging: bool, has_management_events: bool) -> Other {
    Other {
        name: name.to_owned(),
        home: "us-east-1".to_owned(),
        is_everywhere,
        is_organizations: false,
        is_logging,
        has_management_events,
    }
}

#[test]
fn other_trails_are_named_and_a_second_copy_is_priced() {
    let mut seen = live();
    seen.ids.others = vec![
        other("data", true, true, false),
        other("old", true, false, true),
        other("paid", true, true, true),
    ];
    insta::assert_snapshot!(plan(&example(), &seen), @r"
    note: the account has other trails: `data` (all regions, no management events), `old` (all regions, stopped), `paid` (all regions); `management-events` is managed, as the one that fits best
    note: `paid` (all regions) records management events too: each further copy of them costs 2 USD for 100,000 events
    ");
    // Beside one of a region alone a new one is made, and is a second copy there.
    seen = nothing();
    seen.ids.others = vec![other("company-trail", false, true, true)];
    insta::assert_snapshot!(plan(&example(), &seen), @r#"
    create the log group `/aws/cloudtrail/management-events` [safe]
    create the role `CloudTrailToCloudWatchLogs` for CloudTrail [safe]
    create the trail `management-events` to `logs` [safe]
      after create the log group `/aws/cloudtrail/management-events`
      after create the role `CloudTrailToCloudWatchLogs` for CloudTrail
    start recording with the trail `management-events` [safe]
      after create the trail `management-events` to `logs`
    note: the account has other trails: `company-trail` (us-east-1); a new one is made
    note: `company-trail` (us-east-1) records management events too: each further copy of them costs 2 USD for 100,000 events; to make it the trail of the account instead, for all regions, write name = "company-trail"
    "#);
    assert_eq!(costs(&example(), &seen), price::LOGS + price::SECOND_COPY);
    // One without management events becomes a copy once it records them.
    seen = live();
    seen.model.management_events = None;
    seen.ids.others = vec![other("company-trail", false, true, true)];
    insta::assert_snapshot!(plan(&example(), &seen), @r"
    record all management events [safe]
    note: the account has other trails: `company-trail` (us-east-1); `management-events` is managed, as the one that fits best
    note: `company-trail` (us-east-1) records management events too: each further copy of them costs 2 USD for 100,000 events
    ");
    assert_eq!(costs(&example(), &seen), price::SECOND_COPY);
}

#[test]
fn a_sixth_trail_is_not_tried() {
    let mut seen = nothing();
    seen.ids.full = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
    insta::assert_snapshot!(plan(&example(), &seen), @"refused: CloudTrail allows 5 trails in a region, and us-east-1 has 5: a, b, c, d, e. Delete one, or write the name of one as name: it then becomes the trail of the account");
}

#[test]
fn an_organizations_trail_of_this_account_is_changed_as_one_and_never_deleted() {
    let mut seen = live();
    seen.ids.is_organizations = true;
    seen.model.log_file_validation = Some(false);
    insta::assert_snapshot!(plan(&example(), &seen), @"
    change the trail: file validation [safe]
    note: the account's trail is the organization's and is left so; a second one would cost 2 USD for 100,000 events
    ");
    let out = testing::found::<CloudTrail>(&example(), &seen);
    assert!(matches!(&out.steps[0].action, Action::Update { trail, .. } if trail.is_organizations));
    let off = model(
        "name = \"management-events\"\nmulti_region = false\nlogging = false\nmanagement_events = \"write_only\"",
    );
    insta::assert_snapshot!(plan(&off, &seen), @"
    change the trail: its home region only [disruptive]
      ! other regions are no longer recorded in every account of the organization
    record only management events that change something [disruptive]
      ! other management events are no longer recorded in every account of the organization
    stop recording with the trail `management-events` [disruptive]
      ! nothing that happens from now on is recorded by it in every account of the organization
    note: the account's trail is the organization's and is left so; a second one would cost 2 USD for 100,000 events
    ");
    insta::assert_snapshot!(plan(&model("state = \"absent\""), &seen), @"refused: the trail `management-events` is the organization's and records every account of it; delete it by hand");
    // Its role lets it write for accounts that are not known here.
    seen = live();
    seen.ids.is_organizations = true;
    seen.ids.role.as_mut().unwrap().rights = Lets::No;
    insta::assert_snapshot!(plan(&example(), &seen), @"note: the account's trail is the organization's and is left so; a second one would cost 2 USD for 100,000 events");
    seen.ids.group = nothing().ids.group;
    insta::assert_snapshot!(plan(&example(), &seen), @"
    person: the organization's trail delivers to no log group; give it one by hand, with a role that lets it write for every account, or make a trail of this account alone
    note: the account's trail is the organization's and is left so; a second one would cost 2 USD for 100,000 events
    ");
}

#[test]
fn a_trail_without_a_log_group_gets_one() {
    let mut seen = live();
    seen.ids.group = nothing().ids.group;
    seen.ids.role.as_mut().unwrap().is_attached = false;
    seen.ids.role.as_mut().unwrap().rights = Lets::No;
    insta::assert_snapshot!(plan(&example(), &seen), @r"
    create the log group `/aws/cloudtrail/management-events` [safe]
    let the role `CloudTrailToCloudWatchLogs` deliver to the log group [safe]
    change the trail: CloudWatch Logs [safe]
      after create the log group `/aws/cloudtrail/management-events`
      after let the role `CloudTrailToCloudWatchLogs` deliver to the log group
    ");
    seen.ids.role.as_mut().unwrap().trust = Lets::No;
    insta::assert_snapshot!(plan(&example(), &seen), @"refused for role: the role `CloudTrailToCloudWatchLogs` exists and does not let cloudtrail.amazonaws.com assume it: write another role, or let CloudTrail assume this one");
}

#[test]
fn less_recording_asks() {
    let less = model(
        "name = \"management-events\"\nmulti_region = false\nlogging = false\nmanagement_events = \"write_only\"",
    );
    insta::assert_snapshot!(plan(&less, &live()), @r"
    change the trail: its home region only [disruptive]
      ! other regions are no longer recorded
    record only management events that change something [disruptive]
      ! other management events are no longer recorded
    stop recording with the trail `management-events` [disruptive]
      ! nothing that happens from now on is recorded by it
    ");
}

#[test]
fn a_key_is_the_same_by_its_id_and_its_arn() {
    let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
    let mut seen = live();
    seen.model.kms_key = Some(format!("arn:aws:kms:us-east-1:111122223333:key/{id}"));
    let want = |key: &str| model(&format!("name = \"management-events\"\nkms_key = \"{key}\""));
    assert_eq!(plan(&want(id), &seen), "");
    insta::assert_snapshot!(plan(&want("none"), &seen), @r"
    change the trail: no KMS key [disruptive]
      ! who reads the files needs other permissions of KMS from now on
    ");
}

#[test]
fn the_accounts_one_trail_is_deleted_where_that_is_written() {
    let gone = model("state = \"absent\"");
    insta::assert_snapshot!(plan(&gone, &live()), @r"
    delete the trail `management-events` [destructive]
      ! nothing that happens from now on is recorded by it
    ");
    let mut seen = live();
    seen.ids.others = vec![other("theirs", true, true, true)];
    insta::assert_snapshot!(plan(&gone, &seen), @"refused: the account has several trails of every region, and only one can be meant: management-events, theirs; delete the others by hand");
    assert_eq!(plan(&gone, &nothing()), "");
}

#[test]
fn a_table_that_cannot_be_meant_is_told() {
    insta::assert_snapshot!(
        wrong("name = \"a..b\"\nkms_key = \"alias/x\"\nlog_retention_days = 364\nrole = \"r\""),
        @r#"
    name: `a..b` is no trail's name; expected 3 to 128 letters, digits, and single . _ - between them
    kms_key: `alias/x` is no key's ARN or id; expected one, or "none": CloudTrail never tells an alias
    log_retention_days: CloudWatch Logs keeps nothing for 364 days; the next it has is 365
    log_retention_days: stands without log_group
    role: stands without log_group
    "#
    );
    assert_eq!(
        wrong("multi_region = true"),
        ": does not say which trail; expected name"
    );
    assert!(wrong("name = \"all\"\nlog_group = \"aws/x\"").starts_with("log_group: `aws/x`"));
    assert_eq!(
        wrong("name = \"all\"\nlog_group = \"x\"\nlog_retention_days = \"never\""),
        ""
    );
}

fn costs(want: &Model, seen: &Observed<Model, Ids>) -> Monthly {
    testing::monthly(&testing::found::<CloudTrail>(want, seen))
}

#[test]
fn the_log_group_is_paid_once_a_trail_that_records_delivers_to_it() {
    assert!(CloudTrail::DOC.cost.contains(&price::LOGS.to_string()));
    let mut idle = example();
    idle.logging = Some(false);
    let mut without_group = example();
    without_group.log_group = None;
    assert_eq!(costs(&example(), &nothing()), price::LOGS);
    assert!(costs(&idle, &nothing()).is_nothing());
    assert!(costs(&without_group, &nothing()).is_nothing());
    let live_with = |logging: bool, attached: bool| {
        let mut seen = live();
        seen.model.logging = Some(logging);
        seen.ids.group = Some(Group {
            is_attached: attached,
            ..group()
        });
        seen
    };
    for (logging, attached, said) in [
        (true, true, Monthly::default()),
        (true, false, price::LOGS),
        (false, true, price::LOGS),
        (false, false, price::LOGS),
    ] {
        assert_eq!(
            costs(&example(), &live_with(logging, attached)),
            said,
            "{logging} {attached}"
        );
        assert!(costs(&idle, &live_with(logging, attached)).is_nothing());
    }
}

#[test]
fn a_trail_beside_the_organizations_is_a_second_copy() {
    let mut seen = nothing();
    seen.ids.organization_trail = Some("arn:aws:cloudtrail:us-east-1:999988887777:trail/all".to_owned());
    assert_eq!(costs(&example(), &seen), price::LOGS + price::SECOND_COPY);
    assert!(plan(&example(), &seen).contains("trueup manages a new trail in addition"));
}

#[test]
fn the_organizations_trail_beside_a_healthy_own_one_is_noted_with_its_price() {
    let mut seen = live();
    seen.ids.organization_trail = Some("arn:aws:cloudtrail:us-east-1:999988887777:trail/all".to_owned());
    insta::assert_snapshot!(plan(&example(), &seen), @"note: the organization's trail arn:aws:cloudtrail:us-east-1:999988887777:trail/all records this account too (only the account that owns it can see whether it is logging). trueup manages `management-events` in addition: each further copy of management events costs 2 USD for 100,000 events");
}

#[test]
fn a_boundary_that_the_file_names_comes_with_the_role_or_is_put_on_it() {
    let ours = "arn:aws:iam::111122223333:policy/ours";
    let mut bounded = example();
    bounded.permissions_boundary = Some(Template::from(ours.to_owned()));
    let with = |boundary: Option<&str>| {
        let mut seen = live();
        if let Some(role) = &mut seen.ids.role {
            role.boundary = boundary.map(str::to_owned);
        }
        seen
    };
    assert_eq!(plan(&bounded, &with(Some(ours))), plan(&example(), &live()));
    let put = plan(&bounded, &with(None));
    assert!(
        put.contains("by the permissions boundary arn:aws:iam::111122223333:policy/ours [disruptive]"),
        "{put}"
    );
    let theirs = plan(&bounded, &with(Some("arn:aws:iam::111122223333:policy/theirs")));
    assert!(theirs.contains("refused for permissions_boundary"), "{theirs}");
    let made = testing::found::<CloudTrail>(&bounded, &nothing()).steps;
    let given = made.iter().any(|step| {
        matches!(&step.action, Action::CreateRole { boundary, .. } if *boundary == bounded.permissions_boundary)
    });
    assert!(given);
    assert!(
        wrong("name = \"x\"\npermissions_boundary = \"ours\"\nlog_group = \"g\"")
            .contains("permissions_boundary")
    );
}
