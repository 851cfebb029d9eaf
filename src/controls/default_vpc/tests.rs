use insta::assert_snapshot;
use toml::Table;
use trueup_core::control::{AnyControl, Of};

use super::model::{DefaultRoute, Group, IgnoredTags, State, Subnet, Vpc};
use super::*;
use crate::testing;

/// A default VPC as AWS makes it in a region with two zones.
fn whole() -> Vpc {
    let subnet = |id: &str, zone: &str| Subnet {
        id: id.to_owned(),
        zone: zone.to_owned(),
    };
    Vpc {
        id: "vpc-1".to_owned(),
        gateways: vec!["igw-1".to_owned()],
        detached_gateway: None,
        subnets: vec![subnet("subnet-a", "eu-west-1a"), subnet("subnet-b", "eu-west-1b")],
        zones_without_subnet: vec![],
        main_route_table: "rtb-1".to_owned(),
        default_route: DefaultRoute::Leads,
        unused_groups: vec![],
        obstacles: vec![],
        lost: vec![],
        notices: vec![],
    }
}

/// The same after a change.
fn but(change: impl FnOnce(&mut Vpc)) -> Option<Vpc> {
    let mut vpc = whole();
    change(&mut vpc);
    Some(vpc)
}

fn no_subnets(vpc: &mut Vpc) {
    vpc.zones_without_subnet = vpc.subnets.drain(..).map(|subnet| subnet.zone).collect();
}

fn no_gateway(vpc: &mut Vpc) {
    vpc.gateways.clear();
    vpc.default_route = DefaultRoute::Dead;
}

fn seen(vpc: Option<Vpc>) -> Observed<Model, Ids> {
    Observed {
        model: Model::of(vpc.as_ref().map_or(State::Absent, Vpc::state)),
        ids: Ids { vpc },
        held_by: None,
    }
}

fn out(want: &Model, seen: &Observed<Model, Ids>) -> Changes<Action> {
    testing::found::<DefaultVpc>(want, seen)
}

/// Everything that a diff says, one line each.
fn told(want: State, vpc: Option<Vpc>) -> String {
    let out = out(&Model::of(want), &seen(vpc));
    let steps = out.steps.iter().enumerate().map(|(at, step)| {
        let mut line = format!("{} {} [{:?}, {}]", at + 1, step.action, step.effect, step.class);
        if !step.after.is_empty() {
            let after: Vec<String> = step.after.iter().map(|at| (at + 1).to_string()).collect();
            line += &format!(" after {}", after.join(", "));
        }
        line
    });
    let refusals = out.refusals.iter().map(|line| format!("refused: {line}"));
    let notices = out.notices.iter().map(|line| format!("notice: {line}"));
    steps
        .chain(refusals)
        .chain(notices)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn removal_deletes_one_part_after_the_other_so_that_the_first_refusal_ends_it() {
    assert_snapshot!(told(State::Absent, Some(whole())), @r"
    1 delete subnet subnet-a (eu-west-1a) [Destroy, destructive]
    2 delete subnet subnet-b (eu-west-1b) [Destroy, destructive] after 1
    3 detach internet gateway igw-1 from vpc-1 [Destroy, destructive] after 2
    4 delete internet gateway igw-1 [Destroy, destructive] after 3
    5 delete the default VPC vpc-1 [Destroy, destructive] after 4
    ");
}

#[test]
fn the_deletion_of_the_vpc_says_what_was_not_looked_for() {
    let out = out(&Model::of(State::Absent), &seen(Some(whole())));
    let unseen = super::obstacles::NOT_LOOKED_FOR;
    assert!(unseen.starts_with("DB, cache and other subnet groups, "));
    assert_eq!(out.steps[4].risks, [format!("not looked for: {unseen}")]);
    let said = format!("Not looked for: {unseen}.");
    assert!(DefaultVpc::DOC.decides.contains(&said.as_str()));
}

#[test]
fn an_interrupted_removal_goes_on_where_it_stopped() {
    assert_snapshot!(told(State::Absent, but(no_subnets)), @r"
    1 detach internet gateway igw-1 from vpc-1 [Destroy, destructive]
    2 delete internet gateway igw-1 [Destroy, destructive] after 1
    3 delete the default VPC vpc-1 [Destroy, destructive] after 2
    ");
    let between_detaching_and_deleting = but(|vpc| {
        no_subnets(vpc);
        no_gateway(vpc);
        vpc.detached_gateway = Some("igw-1".to_owned());
    });
    assert_snapshot!(told(State::Absent, between_detaching_and_deleting), @r"
    1 delete internet gateway igw-1 [Destroy, destructive]
    2 delete the default VPC vpc-1 [Destroy, destructive] after 1
    ");
    let before_the_last_step = but(|vpc| {
        no_subnets(vpc);
        no_gateway(vpc);
    });
    assert_snapshot!(told(State::Absent, before_the_last_step), @"1 delete the default VPC vpc-1 [Destroy, destructive]");
}

#[test]
fn a_vpc_that_never_had_a_gateway_is_removed_too() {
    assert_snapshot!(told(State::Absent, but(no_gateway)), @r"
    1 delete subnet subnet-a (eu-west-1a) [Destroy, destructive]
    2 delete subnet subnet-b (eu-west-1b) [Destroy, destructive] after 1
    3 delete the default VPC vpc-1 [Destroy, destructive] after 2
    ");
}

#[test]
fn unused_security_groups_are_deleted_by_name_and_with_consent() {
    let grouped = but(|vpc| {
        no_gateway(vpc);
        vpc.unused_groups = [("sg-3", "web"), ("sg-2", "db")]
            .map(|(id, name)| Group {
                id: id.to_owned(),
                name: name.to_owned(),
            })
            .to_vec();
    });
    assert_snapshot!(told(State::Absent, grouped.clone()), @r"
    1 delete subnet subnet-a (eu-west-1a) [Destroy, destructive]
    2 delete subnet subnet-b (eu-west-1b) [Destroy, destructive] after 1
    3 delete security group sg-3 (web) [Destroy, destructive] after 2
    4 delete security group sg-2 (db) [Destroy, destructive] after 3
    5 delete the default VPC vpc-1 [Destroy, destructive] after 4
    ");
    let out = out(&Model::of(State::Absent), &seen(grouped));
    assert_snapshot!(out.steps[2].risks.join("\n"), @"its rules go with it, and what names it, such as a launch template, no longer works");
}

#[test]
fn one_thing_in_the_way_stops_every_step_and_each_is_named() {
    let used = but(|vpc| {
        vpc.obstacles = vec![
            "instance i-1 (running)".to_owned(),
            "NAT gateway nat-1 (available)".to_owned(),
        ];
        vpc.lost = vec!["the rules of default network ACL acl-1 have been changed".to_owned()];
    });
    assert_snapshot!(told(State::Absent, used), @r"
    refused: instance i-1 (running)
    refused: NAT gateway nat-1 (available)
    notice: the rules of default network ACL acl-1 have been changed
    ");
}

#[test]
fn what_was_changed_and_is_lost_is_told_and_stops_nothing() {
    let changed = but(|vpc| {
        no_subnets(vpc);
        no_gateway(vpc);
        vpc.lost = vec!["the rules of default network ACL acl-1 have been changed".to_owned()];
    });
    assert_snapshot!(told(State::Absent, changed.clone()), @"1 delete the default VPC vpc-1 [Destroy, destructive]");
    let out = out(&Model::of(State::Absent), &seen(changed));
    assert_eq!(
        out.steps[0].risks[1..],
        ["the rules of default network ACL acl-1 have been changed"]
    );
}

#[test]
fn nobody_who_wants_it_hears_of_what_would_be_in_the_way() {
    let used = but(|vpc| vpc.obstacles = vec!["instance i-1 (running)".to_owned()]);
    assert_eq!(told(State::Present, used), "");
}

#[test]
fn what_is_absent_is_created_whole() {
    assert_snapshot!(told(State::Present, None), @"1 create the default VPC [Add, safe]");
}

#[test]
fn a_half_deleted_one_gets_what_is_missing() {
    let bare = but(|vpc| {
        no_subnets(vpc);
        no_gateway(vpc);
    });
    assert_snapshot!(told(State::Present, bare), @r"
    1 create an internet gateway and attach it to vpc-1 [Add, safe]
    2 replace the dead route 0.0.0.0/0 in rtb-1 with one to the internet gateway [Change, safe] after 1
    3 create the default subnet in eu-west-1a [Add, safe]
    4 create the default subnet in eu-west-1b [Add, safe]
    ");
    assert_snapshot!(told(State::Present, but(|vpc| vpc.default_route = DefaultRoute::Missing)), @"1 create the route 0.0.0.0/0 to the internet gateway in rtb-1 [Add, safe]");
    assert_snapshot!(told(State::Present, but(|vpc| vpc.zones_without_subnet = vec!["eu-west-1c".to_owned()])), @"1 create the default subnet in eu-west-1c [Add, safe]");
}

#[test]
fn a_gateway_that_was_only_detached_is_attached_again() {
    let detached = but(|vpc| {
        no_gateway(vpc);
        vpc.detached_gateway = Some("igw-1".to_owned());
    });
    assert_snapshot!(told(State::Present, detached), @r"
    1 attach internet gateway igw-1 to vpc-1 [Add, safe]
    2 replace the dead route 0.0.0.0/0 in rtb-1 with one to the internet gateway [Change, safe] after 1
    ");
}

#[test]
fn each_missing_part_makes_it_incomplete() {
    assert_eq!(whole().state(), State::Present);
    let parts: [fn(&mut Vpc); 5] = [
        no_subnets,
        |vpc| vpc.gateways.clear(),
        |vpc| vpc.default_route = DefaultRoute::Dead,
        |vpc| vpc.default_route = DefaultRoute::Missing,
        |vpc| vpc.zones_without_subnet = vec!["eu-west-1c".to_owned()],
    ];
    for part in parts {
        let vpc = but(part);
        assert_eq!(vpc.as_ref().map(Vpc::state), Some(State::Incomplete), "{vpc:?}");
        assert_ne!(told(State::Present, vpc), "");
    }
}

#[test]
fn a_live_state_that_is_wanted_as_it_is_needs_nothing() {
    for vpc in [None, Some(whole()), but(no_gateway)] {
        let seen = seen(vpc);
        let out = out(&seen.model, &seen);
        assert!(out.steps.is_empty() && out.refusals.is_empty() && out.notices.is_empty());
    }
}

#[test]
fn a_table_that_asks_for_nothing_does_nothing() {
    for vpc in [None, Some(whole()), but(no_gateway)] {
        assert!(out(&Model::default(), &seen(vpc)).steps.is_empty());
    }
}

#[test]
fn a_table_says_what_it_asks_for() {
    assert!(DefaultVpc::check(&Model::of(State::Absent)).is_empty());
    assert_snapshot!(DefaultVpc::check(&Model::default())[0].1, @r#"is not written; expected "absent" or "present""#);
    let ignoring = |tags: &[&str]| Model {
        ignore_tags: Some(IgnoredTags(tags.iter().map(|tag| (*tag).to_owned()).collect())),
        ..Model::of(State::Absent)
    };
    assert_eq!(DefaultVpc::check(&ignoring(&["Name", "team-*", "*"])), []);
    for wrong in ["", "te*am", "*-team"] {
        assert_eq!(
            DefaultVpc::check(&ignoring(&[wrong]))[0].0,
            "ignore_tags",
            "{wrong}"
        );
    }
}

#[test]
fn a_half_deleted_one_can_be_exported_and_not_asked_for() {
    for vpc in [but(no_gateway), but(no_subnets)] {
        assert_eq!(told(State::Incomplete, vpc), "");
    }
    let refusal = told(State::Incomplete, Some(whole()));
    assert_eq!(refusal, told(State::Incomplete, None));
    assert_snapshot!(refusal, @r#"refused: state = "incomplete" is how a half-deleted default VPC reads and cannot be made; write "absent" or "present""#);
    let schema = serde_json::to_string(&schemars::schema_for!(Model)).unwrap();
    assert!(
        schema.contains("\"absent\"") && !schema.contains("\"incomplete\""),
        "{schema}"
    );
}

#[test]
fn what_is_exported_reads_back_as_the_same() {
    let control = Of::<DefaultVpc>::NEW;
    for state in [State::Present, State::Absent, State::Incomplete] {
        let table = Table::try_from(Model::of(state)).unwrap();
        let text = table.to_string();
        let back = control
            .parse(toml::de::Deserializer::parse(&text).unwrap())
            .unwrap();
        assert_eq!(back, table);
    }
}

#[test]
fn actions_and_identifiers_survive_the_way_through_a_document() {
    let seen = seen(but(|vpc| {
        no_gateway(vpc);
        vpc.detached_gateway = Some("igw-1".to_owned());
        vpc.obstacles = vec!["instance i-1 (running)".to_owned()];
    }));
    let ids = serde_json::to_value(&seen.ids).unwrap();
    assert_eq!(serde_json::from_value::<Ids>(ids).unwrap(), seen.ids);
    for want in [State::Present, State::Absent] {
        for vpc in [None, Some(whole()), but(no_gateway), but(no_subnets)] {
            for step in out(&Model::of(want), &self::seen(vpc)).steps {
                let action = serde_json::to_value(&step.action).unwrap();
                assert_eq!(serde_json::from_value::<Action>(action).unwrap(), step.action);
            }
        }
    }
}
