//! What has to be done, from two values.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use trueup_core::control::Relied;
use trueup_core::env::Run;
use trueup_core::fault::{Fault, FaultKind};
use trueup_core::location::{Location, Region};
use trueup_core::values::Presence;

use super::coverage::Coverage;
use super::live::{read, write};
use super::model::{Role, Rule, Target};
use super::*;
use crate::testing;

const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:alerts";

fn region(name: &str) -> Region {
    name.parse().unwrap()
}

/// An account at home in us-east-1, as the shared tests have it, with us-west-2 besides.
fn env(home: &str, run: Run) -> Env {
    Env {
        account: "111122223333".to_owned(),
        partition: "aws".to_owned(),
        home: region(home),
        enabled: ["eu-west-1", "us-east-1", "us-west-2"].map(region).to_vec(),
        run,
    }
}

fn example() -> Model {
    let file: toml::Table = HealthEvents::DOC.example.parse().unwrap();
    Model {
        to: Some(To::Topic(TOPIC.to_owned())),
        ..file[HealthEvents::NAME].clone().try_into().unwrap()
    }
}

fn full() -> Model {
    Model {
        coverage: Some(Coverage::Full),
        ..example()
    }
}

fn absent() -> Model {
    Model {
        state: Some(Presence::Absent),
        ..Model::default()
    }
}

/// What is there once the table is applied.
fn made(want: &Model, env: &Env) -> Ids {
    let rule = |name: &str, pattern: Value, target: Target| Rule {
        name: name.to_owned(),
        pattern,
        enabled: true,
        target: Some(target),
        others: 0,
        tags: env.run.tags.clone(),
    };
    let topic = Target {
        id: "trueup".to_owned(),
        arn: TOPIC.to_owned(),
        role: None,
        role_fails: None,
        role_unclear: None,
        message: want.message.clone(),
        is_reshaped: true,
    };
    let forward = Target {
        id: "trueup".to_owned(),
        arn: bus(env),
        role: Some(Ids::default().role_arn(env)),
        role_fails: None,
        role_unclear: None,
        message: None,
        is_reshaped: false,
    };
    let forwarders = coverage::forwarders(env, want.coverage.unwrap()).into_iter();
    Ids {
        home: Some(rule(RULE, coverage::home_pattern(env, want.coverage), topic)),
        forwarders: forwarders
            .map(|(region, pattern)| (region, rule(FORWARD, pattern, forward.clone())))
            .collect(),
        role: Some(Role {
            arn: Ids::default().role_arn(env),
            trusts: true,
            lets: true,
            obstacles: vec![],
            unclear: None,
            boundary: None,
            tags: env.run.tags.clone(),
        }),
        ..Ids::default()
    }
}

fn plan_in(env: &Env, want: &Model, ids: Ids) -> String {
    let seen = Observed {
        model: read::model(env, Some(want), &ids),
        ids,
        held_by: None,
    };
    let mut out = Changes::default();
    let here = Here {
        place: &Location::Account,
        env,
        relied: &Relied::default(),
    };
    HealthEvents::diff(want, &seen, &here, &mut out);
    for step in &out.steps {
        let title = step.action.to_string();
        assert!(title.chars().count() <= 70 || title.starts_with("tag"), "{title}");
    }
    testing::told(&out)
}

fn plan(want: &Model, ids: Ids) -> String {
    plan_in(&env("us-east-1", Run::default()), want, ids)
}

/// The plan for an account as wanted in which something else was changed.
fn after(want: &Model, change: impl FnOnce(&mut Ids)) -> String {
    let mut ids = made(want, &env("us-east-1", Run::default()));
    change(&mut ids);
    plan(want, ids)
}

#[test]
fn a_new_account_gets_topic_rule_target_and_role_rule_target() {
    insta::assert_snapshot!(plan(&example(), Ids::default()), @r"
    create the rule trueup-health-events in us-east-1 [safe]
    send health events to the topic alerts [safe]
      after create the rule trueup-health-events in us-east-1
    create the role trueup-health-forward [safe]
    let the role trueup-health-forward put events [safe]
      after create the role trueup-health-forward
    create the rule trueup-health-forward in us-west-2 [safe]
    forward health events of us-west-2 to us-east-1 [safe]
      after let the role trueup-health-forward put events
      after create the role trueup-health-forward
      after create the rule trueup-health-forward in us-west-2
    ");
}

#[test]
fn a_home_elsewhere_hears_of_both_hubs() {
    let env = env("eu-west-1", Run::default());
    let mut want = example();
    want.to = Some(To::Topic(TOPIC.replace("us-east-1", "eu-west-1")));
    let plan = plan_in(&env, &want, Ids::default());
    for region in ["us-east-1", "us-west-2"] {
        assert!(
            plan.contains(&format!("forward health events of {region} to eu-west-1 [safe]")),
            "{plan}"
        );
    }
}

#[test]
fn the_target_waits_for_the_topic() {
    let seen = Observed {
        model: read::model(
            &env("us-east-1", Run::default()),
            Some(&example()),
            &Ids::default(),
        ),
        ..Observed::of(Model::default())
    };
    let out = testing::found::<HealthEvents>(&example(), &seen);
    let send = out
        .steps
        .iter()
        .find(|step| matches!(step.action, Action::Send { .. }));
    assert_eq!(send.unwrap().waits_for, [crate::alerts::topic(TOPIC)]);
}

#[test]
fn an_account_as_wanted_needs_nothing() {
    for home in ["eu-west-1", "us-east-1", "us-west-2"] {
        for want in [example(), full()] {
            let env = env(home, Run::default());
            let topic = TOPIC.replace("us-east-1", home);
            let want = Model {
                to: Some(To::Topic(topic.clone())),
                ..want
            };
            let mut ids = made(&want, &env);
            ids.home.as_mut().unwrap().target.as_mut().unwrap().arn = topic;
            assert_eq!(plan_in(&env, &want, ids), "", "{home}");
        }
    }
}

#[test]
fn what_is_not_written_is_left_alone() {
    let want = Model {
        coverage: None,
        message: None,
        ..example()
    };
    let odd = |ids: &mut Ids| {
        ids.forwarders.clear();
        ids.role = None;
        ids.home.as_mut().unwrap().target.as_mut().unwrap().message = None;
    };
    let mut ids = made(&example(), &env("us-east-1", Run::default()));
    odd(&mut ids);
    assert_eq!(plan(&want, ids), "");
    // Only a new target has to have some message.
    let seen = Observed::of(Model::default());
    let out = testing::found::<HealthEvents>(&want, &seen);
    let Action::Send { message, .. } = &out.steps[1].action else {
        panic!("{:?}", out.steps);
    };
    assert_eq!(
        message.last().unwrap(),
        "https://health.aws.amazon.com/health/home"
    );
}

#[test]
fn each_drift_of_the_home_rule_is_one_change() {
    let home = |change: fn(&mut Rule)| after(&example(), |ids| change(ids.home.as_mut().unwrap()));
    insta::assert_snapshot!(home(|rule| rule.enabled = false), @"enable the rule trueup-health-events in us-east-1 [safe]");
    insta::assert_snapshot!(
        home(|rule| rule.pattern = json!({"source": ["aws.health"], "detail-type": ["AWS Health Event"]})),
        @"change the events of the rule trueup-health-events in us-east-1 [safe]"
    );
    insta::assert_snapshot!(
        home(|rule| {
            rule.enabled = false;
            rule.pattern = Value::Null;
            rule.others = 2;
        }),
        @r"
    enable and change the rule trueup-health-events in us-east-1 [disruptive]
      ! 2 other targets of the rule hear what it hears
    "
    );
    insta::assert_snapshot!(
        home(|rule| {
            let target = rule.target.as_mut().unwrap();
            target.role = Some("arn:aws:iam::111122223333:role/theirs".to_owned());
            target.role_fails = Some("the role theirs is gone".to_owned());
        }),
        @r"
    let the rule trueup-health-events send to the topic without a role [safe]
    note: the rule trueup-health-events in us-east-1 cannot reach the topic: the role theirs is gone
    "
    );
    insta::assert_snapshot!(home(|rule| rule.target = None), @"send health events to the topic alerts [safe]");
    insta::assert_snapshot!(
        home(|rule| rule.target.as_mut().unwrap().message = None),
        @"change the message of the rule trueup-health-events [safe]"
    );
    insta::assert_snapshot!(
        home(|rule| {
            rule.target = None;
            rule.others = 5;
        }),
        @"refused: the rule trueup-health-events in us-east-1 has 5 targets already, as many as EventBridge allows; remove one"
    );
    insta::assert_snapshot!(after(&example(), |ids| ids.doubles.push("theirs".to_owned())),
        @"note: the rule theirs in us-east-1 sends health events to the topic too: some are told twice");
}

#[test]
fn each_drift_of_a_forwarder_is_one_change() {
    let oregon = |change: fn(&mut Rule)| {
        after(&example(), |ids| {
            change(ids.forwarders.get_mut("us-west-2").unwrap())
        })
    };
    insta::assert_snapshot!(oregon(|rule| rule.enabled = false), @"enable the rule trueup-health-forward in us-west-2 [safe]");
    insta::assert_snapshot!(
        oregon(|rule| rule.pattern = coverage::everything()),
        @"change the events of the rule trueup-health-forward in us-west-2 [safe]"
    );
    insta::assert_snapshot!(oregon(|rule| rule.target = None), @"forward health events of us-west-2 to us-east-1 [safe]");
    insta::assert_snapshot!(
        oregon(|rule| rule.target.as_mut().unwrap().role = None),
        @"forward health events of us-west-2 to us-east-1 [safe]"
    );
    insta::assert_snapshot!(
        oregon(|rule| rule.target.as_mut().unwrap().is_reshaped = true),
        @"forward health events of us-west-2 to us-east-1 [safe]"
    );
    // More events than are wanted are no loss.
    assert_eq!(
        oregon(|rule| rule.pattern = json!({"source": [{"prefix": "aws.health"}]})),
        ""
    );
    // A role of others forwards as well, as long as it can.
    insta::assert_snapshot!(
        oregon(|rule| {
            let target = rule.target.as_mut().unwrap();
            target.role = Some("arn:aws:iam::111122223333:role/theirs".to_owned());
            target.role_fails = Some("the role theirs is gone".to_owned());
        }),
        @r"
    forward health events of us-west-2 to us-east-1 [safe]
    note: the rule trueup-health-forward in us-west-2 cannot forward: the role theirs is gone
    "
    );
    let theirs = after(&example(), |ids| {
        let rule = ids.forwarders.get_mut("us-west-2").unwrap();
        rule.target.as_mut().unwrap().role = Some("arn:aws:iam::111122223333:role/theirs".to_owned());
        ids.role = None;
    });
    assert_eq!(theirs, "");
    insta::assert_snapshot!(after(&example(), |ids| ids.role.as_mut().unwrap().trusts = false),
        @"let EventBridge assume the role trueup-health-forward [safe]");
    insta::assert_snapshot!(after(&example(), |ids| ids.role.as_mut().unwrap().lets = false),
        @"let the role trueup-health-forward put events [safe]");
    insta::assert_snapshot!(after(&example(), |ids| ids.role = None), @r"
    create the role trueup-health-forward [safe]
    let the role trueup-health-forward put events [safe]
      after create the role trueup-health-forward
    ");
}

#[test]
fn a_role_that_no_step_can_mend_blocks_what_goes_through_it_alone() {
    let told = after(&example(), |ids| {
        let role = ids.role.as_mut().unwrap();
        role.lets = false;
        role.obstacles = vec!["statement NoEvents denies it".to_owned()];
        ids.home.as_mut().unwrap().enabled = false;
    });
    assert_eq!(
        told,
        "enable the rule trueup-health-events in us-east-1 [safe]\nrefused for coverage: statement NoEvents denies it"
    );
}

#[test]
fn another_coverage_adds_or_removes_forwarders() {
    let env = env("us-east-1", Run::default());
    insta::assert_snapshot!(plan(&full(), made(&example(), &env)), @r"
    change the events of the rule trueup-health-events in us-east-1 [safe]
    create the rule trueup-health-forward in eu-west-1 [safe]
    forward health events of eu-west-1 to us-east-1 [safe]
      after create the rule trueup-health-forward in eu-west-1
    change the events of the rule trueup-health-forward in us-west-2 [safe]
    ");
    insta::assert_snapshot!(plan(&example(), made(&full(), &env)), @r"
    change the events of the rule trueup-health-events in us-east-1 [safe]
    change the events of the rule trueup-health-forward in us-west-2 [safe]
    delete the rule trueup-health-forward in eu-west-1 [destructive]
      ! public events of eu-west-1 are no longer told
    ");
}

#[test]
fn a_region_that_cannot_be_read_holds_up_itself_alone() {
    let env = env("us-east-1", Run::default());
    let mut ids = made(&full(), &env);
    ids.forwarders.clear();
    ids.unread
        .insert(region("eu-west-1"), "events:ListRules: AccessDenied".to_owned());
    let seen = Observed {
        model: read::model(&env, Some(&full()), &ids),
        ids: ids.clone(),
        held_by: None,
    };
    let mut out = Changes::default();
    let here = Here {
        place: &Location::Account,
        env: &env,
        relied: &Relied::default(),
    };
    HealthEvents::diff(&full(), &seen, &here, &mut out);
    let blocked: Vec<String> = out
        .steps
        .iter()
        .filter(|step| !step.needs.is_empty())
        .map(|step| format!("{} needs {}", step.action, step.needs[0]))
        .collect();
    assert_eq!(
        blocked,
        [
            "forward health events of eu-west-1 to us-east-1 needs EventBridge rules (health_events, eu-west-1)"
        ]
    );
    insta::assert_snapshot!(plan(&full(), ids), @r"
    forward health events of eu-west-1 to us-east-1 [safe]
    create the rule trueup-health-forward in us-west-2 [safe]
    forward health events of us-west-2 to us-east-1 [safe]
      after create the rule trueup-health-forward in us-west-2
    note: eu-west-1 could not be read: events:ListRules: AccessDenied
    ");
}

fn denied() -> Fault {
    Fault {
        kind: FaultKind::DeniedByOrganization,
        call: "events:ListRules".to_owned(),
        code: Some("AccessDeniedException".to_owned()),
        message: "explicit deny in a service control policy".to_owned(),
        request_id: None,
    }
}

#[test]
fn a_region_that_the_organization_denies_is_no_step_and_the_others_are_done() {
    let lacking = |ids: &mut Ids| {
        ids.forwarders.clear();
        ids.denied.insert(region("us-west-2"), denied());
    };
    insta::assert_snapshot!(after(&full(), lacking), @r"
    create the rule trueup-health-forward in eu-west-1 [safe]
    forward health events of eu-west-1 to us-east-1 [safe]
      after create the rule trueup-health-forward in eu-west-1
    note: us-west-2: its health events are not forwarded, because the organization denies EventBridge there
    denied: events:ListRules: AccessDeniedException (a policy of the organization)
    ");
    let done = |ids: &mut Ids| {
        ids.forwarders.remove(&region("us-west-2"));
        ids.denied.insert(region("us-west-2"), denied());
    };
    insta::assert_snapshot!(after(&full(), done), @r"
    note: us-west-2: its health events are not forwarded, because the organization denies EventBridge there
    denied: events:ListRules: AccessDeniedException (a policy of the organization)
    ");
}

#[test]
fn global_events_that_the_file_leaves_out_are_noted() {
    let run = Run {
        regions: Some(vec![region("eu-west-1"), region("us-west-2")]),
        ..Run::default()
    };
    let env = env("eu-west-1", run);
    insta::assert_snapshot!(plan_in(&env, &example(), made(&example(), &env)), @"note: the file's `regions` leave out us-east-1, which receives global health events: they are not forwarded");
}

#[test]
fn the_off_switch_takes_back_what_is_ours() {
    let env = env("us-east-1", Run::default());
    insta::assert_snapshot!(plan(&absent(), made(&example(), &env)), @r"
    delete the rule trueup-health-forward in us-west-2 [destructive]
    delete the rule trueup-health-events in us-east-1 [destructive]
      ! nobody is told of AWS Health's events any more
    delete the role trueup-health-forward [destructive]
      after delete the rule trueup-health-forward in us-west-2
    ");
    assert_eq!(plan(&absent(), Ids::default()), "");
    let mut theirs = Ids {
        home: made(&example(), &env).home,
        ..Ids::default()
    };
    theirs.home.as_mut().unwrap().name = "theirs".to_owned();
    insta::assert_snapshot!(plan(&absent(), theirs), @r"
    remove the topic from the rule theirs [destructive]
      ! nobody is told of AWS Health's events any more
    ");
}

#[test]
fn a_topic_that_cannot_be_told_is_refused() {
    let to = |to: To| Model {
        to: Some(to),
        ..example()
    };
    insta::assert_snapshot!(plan(&to(To::Alerts), Ids { role: Some(Role::default()), ..Ids::default() }).lines().last().unwrap(),
        @"refused: there is no alerts topic to send health events to; manage [alerts], or give the ARN of one");
    let far = To::Topic(TOPIC.replace("us-east-1", "eu-west-1"));
    let told = plan(&to(far), Ids::default());
    assert!(
        told.contains(
            "refused: the topic arn:aws:sns:eu-west-1:111122223333:alerts is not in the home region"
        ),
        "{told}"
    );
}

#[test]
fn tags_go_along_and_are_kept_true_beside_others() {
    let run = Run {
        tags: BTreeMap::from([("managed-by".to_owned(), "trueup".to_owned())]),
        ..Run::default()
    };
    let env = env("us-east-1", run);
    assert_eq!(plan_in(&env, &example(), made(&example(), &env)), "");
    let mut ids = made(&example(), &env);
    let theirs = BTreeMap::from([("team".to_owned(), "web".to_owned())]);
    ids.home.as_mut().unwrap().tags = theirs.clone();
    ids.forwarders.get_mut("us-west-2").unwrap().tags = theirs.clone();
    ids.role.as_mut().unwrap().tags = theirs;
    insta::assert_snapshot!(plan_in(&env, &example(), ids), @r#"
    tag the rule trueup-health-events in us-east-1: managed-by = "trueup" [safe]
    tag the rule trueup-health-forward in us-west-2: managed-by = "trueup" [safe]
    tag the role trueup-health-forward: managed-by = "trueup" [safe]
    "#);
}

#[test]
fn what_is_exported_plans_to_nothing() {
    let env = env("us-east-1", Run::default());
    for want in [example(), full()] {
        let ids = made(&want, &env);
        let exported = read::model(&env, None, &ids);
        assert_eq!(exported, want);
        let text = toml::to_string(&exported).unwrap();
        assert_eq!(plan(&toml::from_str(&text).unwrap(), ids), "");
    }
    assert_eq!(read::model(&env, None, &Ids::default()), absent());
    assert_eq!(read::model(&env, Some(&example()), &Ids::default()), absent());
}

#[test]
fn what_is_switched_off_or_left_over_is_exported_neither_as_working_nor_as_absent() {
    let env = env("us-east-1", Run::default());
    // An export writes no table that there would be something to do for, and says what instead.
    let to_do = |ids: &Ids| {
        let exported = read::model(&env, None, ids);
        let seen = Observed {
            model: exported.clone(),
            ids: ids.clone(),
            held_by: None,
        };
        testing::told(&testing::found::<HealthEvents>(&exported, &seen))
    };
    assert_eq!(to_do(&made(&example(), &env)), "");
    let mut ids = made(&example(), &env);
    ids.home.as_mut().unwrap().enabled = false;
    insta::assert_snapshot!(to_do(&ids), @"enable the rule trueup-health-events in us-east-1 [safe]");
    let mut ids = made(&example(), &env);
    ids.home.as_mut().unwrap().pattern =
        json!({"source": ["aws.health"], "detail-type": ["AWS Health Event"]});
    insta::assert_snapshot!(to_do(&ids), @"change the events of the rule trueup-health-events in us-east-1 [safe]");
    let mut ids = made(&example(), &env);
    ids.home.as_mut().unwrap().target = None;
    ids.forwarders.clear();
    insta::assert_snapshot!(to_do(&ids), @r"
    delete the rule trueup-health-events in us-east-1 [destructive]
      ! nobody is told of AWS Health's events any more
    delete the role trueup-health-forward [destructive]
    ");
    // In a plan a rule that tells nobody is as good as none, unless it is to go.
    assert_eq!(
        read::model(&env, Some(&example()), &ids).state,
        Some(Presence::Absent)
    );
    assert_eq!(read::model(&env, Some(&absent()), &ids).state, None);
}

#[test]
fn mistakes_are_named() {
    let wrong = |text: &str| HealthEvents::check(&toml::from_str(text).unwrap());
    assert_eq!(wrong(""), []);
    let found = wrong("message = [\"<servce>\"]");
    assert_eq!(found[0].0, "message");
    assert_eq!(wrong("state = \"absent\"\nmessage = []"), []);
    for text in [
        "to = \"alerts\"",
        "to = \"arn:aws:sqs:us-east-1:1:q\"",
        "coverage = \"some\"",
    ] {
        assert!(toml::from_str::<Model>(text).is_err(), "{text}");
    }
    let refers = |text: &str| HealthEvents::refers_to(&toml::from_str(text).unwrap());
    assert_eq!(refers(""), [("", "alerts")]);
    assert_eq!(refers("to = \"topic\""), [("to", "alerts")]);
    assert_eq!(refers(&format!("to = \"{TOPIC}\"")), []);
    assert_eq!(refers("state = \"absent\""), []);
}

#[test]
fn a_target_that_was_not_taken_is_a_failure_although_the_answer_is_200() {
    let call = "events:PutTargets";
    assert_eq!(write::refused(call, 0, None), Ok(()));
    let why = (
        Some("ValidationException".to_owned()),
        Some("no such role".to_owned()),
    );
    let fault = write::refused(call, 1, Some(why)).unwrap_err();
    assert!(fault.is("ValidationException") && fault.message.contains("no such role"));
    let fault = write::refused(call, 2, None).unwrap_err();
    assert!(fault.message.contains("2 targets were not taken"));
}

#[test]
fn a_boundary_that_the_file_names_comes_with_the_role_or_is_put_on_it() {
    let ours = "arn:aws:iam::111122223333:policy/ours";
    let bounded = Model {
        permissions_boundary: Some(ours.to_owned().into()),
        ..example()
    };
    let with = |boundary: Option<&str>| {
        let mut ids = made(&bounded, &env("us-east-1", Run::default()));
        if let Some(role) = &mut ids.role {
            role.boundary = boundary.map(str::to_owned);
        }
        ids
    };
    assert_eq!(plan(&bounded, with(Some(ours))), "");
    // Of one that the file does not name nothing is said: the role works within it, or its deliveries fail.
    assert_eq!(plan(&example(), with(Some(ours))), "");
    let put = "limit the role trueup-health-forward by its permissions boundary [disruptive]\n  ! sessions of the role \
               can no longer do what the boundary does not allow";
    assert_eq!(plan(&bounded, with(None)), put);
    assert!(plan(&bounded, with(Some("arn:aws:iam::111122223333:policy/theirs"))).starts_with("refused for"));
}

#[test]
fn a_role_of_which_cannot_be_told_whether_it_works_is_noted_once_and_stays_in_sync() {
    let full = full();
    let none = after(&full, |_| {});
    assert_eq!(none, "");
    let ours = after(&full, |ids| {
        ids.role.as_mut().unwrap().unclear = Some("its policies: statement Here: cannot tell".to_owned());
    });
    assert_eq!(
        ours,
        "note: cannot tell whether EventBridge can send to arn:aws:events:us-east-1:111122223333:event-bus/default through \
         the role arn:aws:iam::111122223333:role/trueup-health-forward (its policies: statement Here: cannot tell)"
    );
    let theirs = after(&full, |ids| {
        for rule in ids.forwarders.values_mut() {
            let target = rule.target.as_mut().unwrap();
            target.role = Some("arn:aws:iam::444455556666:role/forward".to_owned());
            target.role_unclear = Some("it belongs to account 444455556666".to_owned());
        }
    });
    assert_eq!(theirs.lines().count(), 1, "{theirs}");
    assert!(
        theirs.contains("role/forward (it belongs to account 444455556666)"),
        "{theirs}"
    );
}
