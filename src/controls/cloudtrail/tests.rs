//! What is planned, without an account.

use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;
use aws_sdk_cloudtrail::types::{
    AdvancedEventSelector, AdvancedFieldSelector, EventSelector, ReadWriteType, Trail,
};
use trueup_core::cost::Monthly;
use trueup_core::env::Run;
use trueup_core::tags::Tags;
use trueup_core::values::Template;

use super::model::{Events, Group, Role};
use super::*;
use crate::testing;

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
                is_trusted: true,
                is_attached: true,
                lets: Some(true),
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
                is_trusted: false,
                is_attached: false,
                lets: None,
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
        drift(|seen| seen.ids.group.as_mut().unwrap().retention = None),
        @r"
    keep events in the log group for 365 days [destructive]
      ! events older than 365 days are deleted from the log group
    ");
    insta::assert_snapshot!(
        drift(|seen| seen.ids.group.as_mut().unwrap().retention = Some(30)),
        @"keep events in the log group for 365 days [safe]"
    );
    insta::assert_snapshot!(
        drift(|seen| seen.ids.group.as_mut().unwrap().exists = false),
        @"create the log group `/aws/cloudtrail/management-events` [safe]"
    );
    insta::assert_snapshot!(
        drift(|seen| seen.ids.role.as_mut().unwrap().lets = Some(false)),
        @"let the role `CloudTrailToCloudWatchLogs` deliver to the log group [safe]"
    );
    // Its policy is somebody else's, and does.
    assert_eq!(drift(|seen| seen.ids.role.as_mut().unwrap().lets = None), "");
    insta::assert_snapshot!(drift(|seen| {
        seen.ids.role.as_mut().unwrap().lets = None;
        seen.ids.log_delivery_error = Some("AccessDenied".to_owned());
    }), @r"
    let the role `CloudTrailToCloudWatchLogs` deliver to the log group [safe]
    person: CloudTrail cannot deliver to CloudWatch Logs: AccessDenied; look at the role and at the log group's key
    ");
    insta::assert_snapshot!(
        drift(|seen| seen.ids.delivery_error = Some("NoSuchBucket".to_owned())),
        @"person: CloudTrail cannot deliver to the bucket `logs`: NoSuchBucket; its policy or its key has to let cloudtrail.amazonaws.com in"
    );
}

#[test]
fn a_trail_under_another_name_is_adopted_and_never_pointed_elsewhere() {
    let mut seen = live();
    seen.ids.name = Some("theirs".to_owned());
    seen.ids.home = Some("eu-west-1".parse().unwrap());
    seen.ids.bucket = Some("their-logs".to_owned());
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
    insta::assert_snapshot!(told(|seen| seen.model.management_events = Some(Events::WriteOnly)), @r#"note: the account's trail records only management events that change something, so monitors hear of no others; write management_events = "all""#);
    insta::assert_snapshot!(told(|seen| seen.model.management_events = Some(Events::ReadOnly)), @r#"note: the account's trail records only management events that read, so monitors hear of no others; write management_events = "all""#);
    insta::assert_snapshot!(told(|seen| seen.model.management_events = None), @r#"note: the account's trail records no management events, so monitors hear of no others; write management_events = "all""#);
    // What is written is meant.
    let mut seen = live();
    seen.model.management_events = Some(Events::WriteOnly);
    let meant = model("name = \"management-events\"\nmanagement_events = \"write_only\"");
    assert_eq!(plan(&meant, &seen), "");
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
    seen.ids.role.as_mut().unwrap().lets = Some(false);
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
    seen.ids.role.as_mut().unwrap().lets = None;
    insta::assert_snapshot!(plan(&example(), &seen), @r"
    create the log group `/aws/cloudtrail/management-events` [safe]
    let the role `CloudTrailToCloudWatchLogs` deliver to the log group [safe]
    change the trail: CloudWatch Logs [safe]
      after create the log group `/aws/cloudtrail/management-events`
      after let the role `CloudTrailToCloudWatchLogs` deliver to the log group
    ");
    seen.ids.role.as_mut().unwrap().is_trusted = false;
    assert!(
        plan(&example(), &seen)
            .contains("refused: the role `CloudTrailToCloudWatchLogs` exists and does not let")
    );
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
    seen.ids.several = vec!["management-events".to_owned(), "theirs".to_owned()];
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

#[test]
fn an_own_trail_of_every_region_is_chosen_before_a_new_one_is_made() {
    let trail = |account: &str, home: &str, name: &str, everywhere: bool| {
        Trail::builder()
            .name(name)
            .trail_arn(format!("arn:aws:cloudtrail:{home}:{account}:trail/{name}"))
            .home_region(home)
            .is_multi_region_trail(everywhere)
            .build()
    };
    let own = "111122223333";
    let all = [
        trail("999988887777", "us-east-1", "all", true),
        trail(own, "us-east-1", "local", false),
        trail(own, "eu-west-1", "wide", true),
    ];
    let chosen = |trails: &[Trail], name: Option<&str>| {
        choose(trails, name, &env()).and_then(|trail| trail.name.clone())
    };
    assert_eq!(chosen(&all, Some("all")).as_deref(), Some("wide"));
    assert_eq!(chosen(&all, None).as_deref(), Some("wide"));
    // One for this account alone before the organization's, which is better than none.
    let mut organizations = trail(own, "ap-south-1", "org", true);
    organizations.is_organization_trail = Some(true);
    let both = [organizations, all[2].clone()];
    assert_eq!(chosen(&both, Some("all")).as_deref(), Some("wide"));
    assert_eq!(chosen(&both, Some("org")).as_deref(), Some("org"));
    assert_eq!(chosen(&both[..1], Some("all")).as_deref(), Some("org"));
    // By its name also one that does not record every region yet.
    assert_eq!(chosen(&all, Some("local")).as_deref(), Some("local"));
    assert_eq!(chosen(&all[..2], Some("all")), None);
}

fn recorded(basic: &[EventSelector], advanced: &[AdvancedEventSelector]) -> Option<Events> {
    selectors::recorded(
        &GetEventSelectorsOutput::builder()
            .set_event_selectors(Some(basic.to_vec()))
            .set_advanced_event_selectors(Some(advanced.to_vec()))
            .build(),
    )
}

#[test]
fn a_service_is_left_out_if_no_selector_of_management_events_takes_it() {
    let basic = |excluded: &[&str], management: bool| {
        EventSelector::builder()
            .include_management_events(management)
            .set_exclude_management_event_sources(Some(
                excluded.iter().map(|one| (*one).to_owned()).collect(),
            ))
            .build()
    };
    let (kms, rds) = ("kms.amazonaws.com", "rdsdata.amazonaws.com");
    let left_out = |basic: &[EventSelector], advanced: &[AdvancedEventSelector]| {
        selectors::left_out(
            &GetEventSelectorsOutput::builder()
                .set_event_selectors(Some(basic.to_vec()))
                .set_advanced_event_selectors(Some(advanced.to_vec()))
                .build(),
        )
    };
    let none: [&str; 0] = [];
    assert_eq!(left_out(&[basic(&[], true)], &[]), none);
    assert_eq!(left_out(&[basic(&[kms, rds], true)], &[]), [kms, rds]);
    assert_eq!(left_out(&[basic(&[kms], true), basic(&[rds], true)], &[]), none);
    assert_eq!(left_out(&[basic(&[kms], true), basic(&[], false)], &[]), [kms]);
    // Where there are no management events at all, that is told instead.
    assert_eq!(left_out(&[basic(&[kms], false)], &[]), none);

    let field = |name: &str| AdvancedFieldSelector::builder().field(name);
    let management = || field("eventCategory").equals("Management").build().unwrap();
    let advanced = |source: AdvancedFieldSelector| {
        AdvancedEventSelector::builder()
            .field_selectors(management())
            .field_selectors(source)
            .build()
            .unwrap()
    };
    let source = || field("eventSource");
    for (selector, expected) in [
        (field("readOnly").equals("false"), &[][..]),
        (source().not_equals(kms), &[kms]),
        (source().not_equals(kms).not_equals(rds), &[kms, rds]),
        (source().equals(kms), &[rds]),
        (source().starts_with("k"), &[rds]),
        (source().not_ends_with(".amazonaws.com"), &[kms, rds]),
    ] {
        let selector = selector.build().unwrap();
        assert_eq!(
            left_out(&[], &[advanced(selector.clone())]),
            expected,
            "{selector:?}"
        );
    }
}

#[test]
fn selectors_change_in_what_they_say_of_management_events_alone() {
    let data_only = EventSelector::builder().include_management_events(false).build();
    let writes = EventSelector::builder()
        .include_management_events(true)
        .read_write_type(ReadWriteType::WriteOnly)
        .exclude_management_event_sources("kms.amazonaws.com")
        .build();
    assert_eq!(recorded(std::slice::from_ref(&data_only), &[]), None);
    assert_eq!(
        recorded(&[data_only.clone(), writes.clone()], &[]),
        Some(Events::WriteOnly)
    );
    let wider = selectors::basic(&[data_only.clone(), writes.clone()], Events::All);
    assert_eq!(wider[0], data_only);
    assert_eq!(
        wider[1].exclude_management_event_sources,
        writes.exclude_management_event_sources
    );
    assert_eq!(recorded(&wider, &[]), Some(Events::All));
    assert_eq!(selectors::basic(&[data_only], Events::All).len(), 2);

    let field = |name: &str, value: &str| {
        AdvancedFieldSelector::builder()
            .field(name)
            .equals(value)
            .build()
            .unwrap()
    };
    let selector = |fields: Vec<AdvancedFieldSelector>| {
        AdvancedEventSelector::builder()
            .set_field_selectors(Some(fields))
            .build()
            .unwrap()
    };
    let data = selector(vec![
        field("eventCategory", "Data"),
        field("resources.type", "AWS::S3::Object"),
    ]);
    let reads = selector(vec![
        field("eventCategory", "Management"),
        field("readOnly", "true"),
    ]);
    assert_eq!(recorded(&[], std::slice::from_ref(&data)), None);
    assert_eq!(
        recorded(&[], &[data.clone(), reads.clone()]),
        Some(Events::ReadOnly)
    );
    let all = selectors::advanced(&[data.clone(), reads], Events::All).unwrap();
    assert_eq!((&all[0], recorded(&[], &all)), (&data, Some(Events::All)));
    let added = selectors::advanced(&[data], Events::WriteOnly).unwrap();
    assert_eq!((added.len(), recorded(&[], &added)), (2, Some(Events::WriteOnly)));
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
}
