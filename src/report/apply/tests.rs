use trueup_core::fault::FaultKind;

use super::super::fixtures::{self, at, id};
use super::*;

fn report(plan: &Document, outcomes: &[Outcome], again: Option<&Document>) -> String {
    text(
        &Applied {
            plan,
            outcomes,
            again,
            unseen: &[],
            undo: None,
        },
        &Style::PLAIN,
    )
}

/// The plan's cells, all as wanted.
fn all_true(plan: &Document) -> Document {
    let mut again = plan.clone();
    for cell in &mut again.cells {
        cell.verdict = Verdict::InSync;
    }
    again
}

#[test]
fn an_account_that_reads_as_wanted_is_true() {
    let plan = fixtures::fresh();
    let outcomes = vec![Outcome::Done; plan.steps.len()];
    insta::assert_snapshot!(report(&plan, &outcomes, Some(&all_true(&plan))), @r"
    Done
      password_policy: 1 step done (1)
      ebs_encryption: 17 steps done in all 17 regions (2–18)
      s3_public_access_block: 1 step done (19)
      default_vpc: 106 steps done in all 17 regions (20–125)
      guardduty: 17 steps done in all 17 regions (126–142)

    Applied: 142 done.
    The account is true to baseline.toml.
    ");
}

#[test]
fn a_report_ends_with_the_tasks_of_all_cells_and_the_way_back() {
    let plan = fixtures::busy();
    let mut again = all_true(&plan);
    again.cells[0]
        .people
        .push("tell them again after a week".to_owned());
    again.cells[1].people = vec!["look at the VPC".to_owned()];
    again.cells[1].verdict = Verdict::Change;
    let outcomes = vec![Outcome::NoConsent; plan.steps.len()];
    let applied = Applied {
        plan: &plan,
        outcomes: &outcomes,
        again: Some(&again),
        unseen: &[],
        undo: Some("trueup apply .trueup/before.toml"),
    };
    let text = text(&applied, &Style::PLAIN);
    let end: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.starts_with("Applied"))
        .collect();
    insta::assert_snapshot!(end.join("\n"), @r#"
    Applied: 69 left out.
    The account is not yet true to baseline.toml. What differs:
      default_vpc in ap-northeast-1:
        state: "present" → "absent"
        not approved: --allow default_vpc
    Besides, 3 things need a person.

    Needs a person
      password_policy:
        tell the three IAM users without MFA that their passwords expire after 180
          days
        tell them again after a week
      default_vpc in ap-northeast-1:
        look at the VPC

    To write back what was there before: trueup apply .trueup/before.toml
    "#);
}

#[test]
fn what_aws_shows_late_is_done_and_said() {
    let mut plan = fixtures::fresh();
    plan.steps.retain(|step| step.control == id("ebs_encryption"));
    for step in &mut plan.steps {
        step.shown_within_minutes = Some(10);
    }
    let applied = Applied {
        plan: &plan,
        outcomes: &vec![Outcome::Done; plan.steps.len()],
        again: Some(&all_true(&plan)),
        unseen: &plan.steps[..2].iter().collect::<Vec<_>>(),
        undo: None,
    };
    insta::assert_snapshot!(text(&applied, &Style::PLAIN), @r"
    Done
      ebs_encryption: 17 steps done in all 17 regions (2–18)

    Done, and not shown by AWS yet
      2, 3 encrypt new EBS volumes by default (ebs_encryption in ap-northeast-1 and
        ap-northeast-2)
        AWS shows this within 10 minutes; a plan before that plans it again

    Applied: 17 done.
    The account is true to baseline.toml, as far as AWS shows it yet.
    ");
}

#[test]
fn what_is_not_trueups_to_change_is_named_beside_the_truth() {
    let plan = fixtures::fresh();
    let mut again = all_true(&plan);
    again.cells[3].verdict = Verdict::Denied;
    again.cells[4].verdict = Verdict::NeedsPerson;
    again.cells[4].people.push("choose a key".to_owned());
    let text = report(&plan, &vec![Outcome::Done; plan.steps.len()], Some(&again));
    insta::assert_snapshot!(text.lines().skip_while(|line| !line.starts_with("Applied")).collect::<Vec<_>>().join("\n"), @r"
    Applied: 142 done.
    The account is true to baseline.toml, but for what trueup does not change: 1
    thing needs a person and 1 region is denied by the organization.

    Needs a person
      ebs_encryption in ap-south-1:
        choose a key
    ");
}

#[test]
fn what_only_the_new_reading_tells_is_said_once_for_all_places() {
    let mut plan = fixtures::fresh();
    let mut again = all_true(&plan);
    for cell in &mut plan.cells {
        cell.notices = vec!["told before".to_owned()];
    }
    for (at, cell) in again.cells.iter_mut().enumerate() {
        cell.notices = vec!["told before".to_owned()];
        if cell.control == id("guardduty") && at % 2 == 0 {
            cell.notices.push("left out: ai_analyst".to_owned());
        }
    }
    let text = report(&plan, &vec![Outcome::Done; plan.steps.len()], Some(&again));
    insta::assert_snapshot!(text.lines().skip_while(|line| !line.starts_with("Worth")).collect::<Vec<_>>().join("\n"), @"
    Worth knowing
      guardduty in 9 regions (ap-northeast-1, ap-northeast-3, ap-southeast-1,
        ca-central-1, eu-north-1, eu-west-2, sa-east-1, us-east-2, us-west-2):
        left out: ai_analyst

    Applied: 142 done.
    The account is true to baseline.toml.
    ");
}

#[test]
fn failures_come_last_with_all_that_one_needs_to_act() {
    let plan = fixtures::fresh();
    let mut again = all_true(&plan);
    let mut outcomes = vec![Outcome::Done; plan.steps.len()];
    let mut reread = |control: &str, region: &str| {
        let cell = again
            .cells
            .iter_mut()
            .find(|cell| cell.control == id(control) && cell.place == at(region))
            .unwrap();
        cell.verdict = Verdict::Change;
    };
    for (position, step) in plan.steps.iter().enumerate() {
        if step.control == id("password_policy") {
            outcomes[position] = Outcome::NoConsent;
        }
        if step.control == id("guardduty") && [at("eu-west-1"), at("eu-west-2")].contains(&step.place) {
            let mut fault = fixtures::fault(
                FaultKind::Denied,
                "guardduty:CreateDetector",
                "AccessDeniedException",
                &format!(
                    "not authorized on arn:aws:guardduty:{}:123456789012:*",
                    step.place
                ),
            );
            fault.request_id = Some(format!("7c1a9e02-{position:04}"));
            outcomes[position] = Outcome::Failed(fault);
            reread("guardduty", &step.place.to_string());
        }
    }
    let of_vpc = |region: &str| -> Vec<usize> {
        let matches = |step: &Step| step.control == id("default_vpc") && step.place == at(region);
        (0..plan.steps.len())
            .filter(|position| matches(&plan.steps[*position]))
            .collect()
    };
    for (region, first) in [
        (
            "us-east-1",
            Outcome::Blocked(Why::InUse {
                what: vec!["instance i-0abc1234def567890 (running) appeared after the plan".to_owned()],
            }),
        ),
        ("us-west-1", Outcome::Unknown),
    ] {
        let positions = of_vpc(region);
        for position in &positions {
            outcomes[*position] = Outcome::NotStarted;
        }
        let number = plan.steps[positions[0]].number;
        if region == "us-east-1" {
            // The second one waits for another that was skipped.
            outcomes[positions[6]] = Outcome::Skipped(number);
            outcomes[positions[7]] = Outcome::Skipped(plan.steps[positions[6]].number);
            reread("default_vpc", region);
        }
        outcomes[positions[0]] = first;
    }
    insta::assert_snapshot!(report(&plan, &outcomes, Some(&again)), @r#"
    Done
      ebs_encryption: 17 steps done in all 17 regions (2–18)
      s3_public_access_block: 1 step done (19)
      default_vpc: 92 steps done in 15 regions (all but us-east-1 and us-west-1)
        (20–98, 108–113, 119–125)
      guardduty: 15 steps done in 15 regions (all but eu-west-1 and eu-west-2)
        (126–134, 137–142)

    Left out for want of consent
      password_policy: 1 disruptive step (1)
      → run them with --allow password_policy

    Not started before the interruption
      10 steps: 100–104, 107, 115–118

    Blocked
      default_vpc in us-east-1:
        99 delete subnet subnet-00d00a1b2c3d4e5f6 (us-east-1a)
        instance i-0abc1234def567890 (running) appeared after the plan
        skipped behind it: 105, 106

    Unknown: abandoned while running, may or may not have happened
      114 delete subnet subnet-00f00a1b2c3d4e5f6 (us-west-1a) (default_vpc,
        us-west-1)
      → `trueup plan` shows whether they happened

    Failed
      135, 136 enable GuardDuty: findings every 15 minutes, s3_data_events on
        (guardduty in eu-west-1 and eu-west-2)
        guardduty:CreateDetector: AccessDeniedException: not authorized on
          arn:aws:guardduty:…:123456789012:*
        request ids 7c1a9e02-0134 (eu-west-1), 7c1a9e02-0135 (eu-west-2)
        → grant the action to the caller; `trueup controls guardduty` lists what a
          control needs

    Applied: 125 done, 2 failed, 1 unknown, 2 skipped, 1 blocked, 1 left out, 10 not started.
    The account is not yet true to baseline.toml. What differs:
      default_vpc in us-east-1:
        state: "present" → "absent"
      guardduty in eu-west-1 and eu-west-2:
        enabled: false → true
        features.s3_data_events: nothing → true
        publish_findings_every: nothing → "fifteen_minutes"
    "#);
}

#[test]
fn what_the_organization_forbids_is_no_failure_of_the_run() {
    let plan = fixtures::fresh();
    let mut again = all_true(&plan);
    let mut outcomes = vec![Outcome::Done; plan.steps.len()];
    for (position, step) in plan.steps.iter().enumerate() {
        if step.control == id("guardduty") && step.place == at("eu-west-1") {
            outcomes[position] = Outcome::Denied(fixtures::fault(
                FaultKind::DeniedByOrganization,
                "guardduty:CreateDetector",
                "AccessDeniedException",
                "not authorized with an explicit deny in a service control policy",
            ));
        }
    }
    let cell = again
        .cells
        .iter_mut()
        .find(|cell| cell.control == id("guardduty") && cell.place == at("eu-west-1"));
    cell.unwrap().verdict = Verdict::Denied;
    let text = report(&plan, &outcomes, Some(&again));
    insta::assert_snapshot!(text.lines().skip_while(|line| !line.starts_with("Denied")).collect::<Vec<_>>().join("\n"), @"
    Denied by the organization
      135 enable GuardDuty: findings every 15 minutes, s3_data_events on (guardduty
        in eu-west-1)
        guardduty:CreateDetector: AccessDeniedException: not authorized with an
          explicit deny in a service control policy
        → the organization's policy forbids it; leave the region or control out, or
          ask its owner

    Applied: 141 done, 1 denied by the organization.
    The account matches baseline.toml, except 1 region the organization denies.
    ");
}

#[test]
fn every_step_is_in_the_report() {
    let plan = fixtures::fresh();
    let outcomes = vec![Outcome::NotStarted; plan.steps.len()];
    let text = report(&plan, &outcomes, None);
    assert!(text.contains(&format!("1–{}", plan.steps.len())), "{text}");
}

#[test]
fn a_field_is_named_by_its_path() {
    let mut lines = vec![];
    let table = |text: &str| text.parse::<Table>().unwrap();
    fields(
        "",
        &table("a = 1\nsame = true\n[deep]\nx = false"),
        &table("b = [1]\nsame = true\n[deep]\nx = true\n[new]\ny = 2"),
        &mut lines,
    );
    assert_eq!(
        lines,
        [
            "a: 1 → nothing",
            "b: nothing → [1]",
            "deep.x: false → true",
            "new.y: nothing → 2"
        ]
    );
}
