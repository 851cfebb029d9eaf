//! Which of several trails is meant.

use aws_sdk_cloudtrail::types::Trail;
use trueup_aws::Failure;

use super::*;
use crate::cloudtrail::live::read::{Does, Seen};
use crate::cloudtrail::selectors::Recorded;

/// A trail that runs and records all management events.
fn trail(account: &str, home: &str, name: &str, everywhere: bool) -> Seen {
    Seen {
        trail: Trail::builder()
            .name(name)
            .trail_arn(format!("arn:aws:cloudtrail:{home}:{account}:trail/{name}"))
            .home_region(home)
            .is_multi_region_trail(everywhere)
            .build(),
        does: Some(Ok(Does {
            status: GetTrailStatusOutput::builder().is_logging(true).build(),
            records: Recorded {
                events: Some(Events::All),
                ..Recorded::default()
            },
        })),
    }
}

const OWN: &str = "111122223333";

fn chosen(trails: &[Seen], name: Option<&str>) -> Option<String> {
    choose(trails, name, &env()).and_then(|seen| seen.trail.name.clone())
}

#[test]
fn an_own_trail_of_every_region_is_chosen_before_a_new_one_is_made() {
    let all = [
        trail("999988887777", "us-east-1", "all", true),
        trail(OWN, "us-east-1", "local", false),
        trail(OWN, "eu-west-1", "wide", true),
    ];
    assert_eq!(chosen(&all, Some("all")).as_deref(), Some("wide"));
    assert_eq!(chosen(&all, None).as_deref(), Some("wide"));
    // One for this account alone before the organization's, which is better than none.
    let mut organizations = trail(OWN, "ap-south-1", "org", true);
    organizations.trail.is_organization_trail = Some(true);
    let both = [organizations, all[2].clone()];
    assert_eq!(chosen(&both, Some("all")).as_deref(), Some("wide"));
    assert_eq!(chosen(&both, Some("org")).as_deref(), Some("org"));
    assert_eq!(chosen(&both[..1], Some("all")).as_deref(), Some("org"));
    // By its name also one that does not record every region yet, but not beside one that does.
    assert_eq!(chosen(&all[..2], Some("local")).as_deref(), Some("local"));
    assert_eq!(chosen(&all, Some("local")).as_deref(), Some("wide"));
    assert_eq!(chosen(&all[..2], Some("all")), None);
}

#[test]
fn of_several_trails_the_fittest_is_chosen_and_the_name_decides_last() {
    type Change = fn(&mut Seen);
    let fitter: [(&str, Change); 4] = [
        ("it is stopped", |less| does(less).status.is_logging = Some(false)),
        ("it records less", |less| {
            does(less).records.events = Some(Events::WriteOnly)
        }),
        ("it records one region", |less| {
            less.trail.is_multi_region_trail = Some(false)
        }),
        ("it records no management events", |less| {
            does(less).records.events = None
        }),
    ];
    for (why, change) in fitter {
        let mut less = trail(OWN, "us-east-1", "a", true);
        change(&mut less);
        let both = [less, trail(OWN, "us-east-1", "b", true)];
        for name in [Some("a"), Some("b"), None] {
            assert_eq!(chosen(&both, name).as_deref(), Some("b"), "{why}: {name:?}");
        }
    }
    let mut with_group = trail(OWN, "us-east-1", "b", true);
    with_group.trail.cloud_watch_logs_log_group_arn = Some("arn".to_owned());
    let both = [trail(OWN, "us-east-1", "a", true), with_group];
    assert_eq!(chosen(&both, Some("a")).as_deref(), Some("b"));
    let both = [
        trail(OWN, "us-east-1", "a", true),
        trail(OWN, "us-east-1", "b", true),
    ];
    assert_eq!(chosen(&both, Some("b")).as_deref(), Some("b"));
    assert_eq!(chosen(&both, None).as_deref(), Some("a"));
}

fn does(seen: &mut Seen) -> &mut Does {
    seen.does.as_mut().unwrap().as_mut().unwrap()
}

#[test]
fn a_trail_for_data_alone_is_meant_only_by_its_name() {
    let mut data = trail(OWN, "us-east-1", "data", true);
    does(&mut data).records.events = None;
    let mut stopped = trail(OWN, "us-east-1", "stopped", true);
    does(&mut stopped).status.is_logging = Some(false);
    assert_eq!(chosen(&[data.clone()], Some("other")), None);
    assert_eq!(chosen(&[data.clone()], Some("data")).as_deref(), Some("data"));
    // Nothing else records management events, so starting one does not make a second copy.
    assert_eq!(
        chosen(&[data.clone(), stopped], Some("data")).as_deref(),
        Some("stopped")
    );
    // Some management events are more than none.
    let mut some = trail(OWN, "us-east-1", "some", true);
    does(&mut some).records = Recorded {
        is_narrowed: true,
        ..Recorded::default()
    };
    assert_eq!(chosen(&[data, some], None).as_deref(), Some("some"));
}

#[test]
fn a_trail_that_could_not_be_read_is_no_reason_for_a_new_one() {
    let mut unread = trail(OWN, "us-west-2", "a", true);
    unread.does = Some(Err(Failure::answer(
        "cloudtrail:GetTrailStatus",
        "denied".to_owned(),
    )));
    assert_eq!(chosen(&[unread.clone()], Some("b")).as_deref(), Some("a"));
    assert_eq!(
        chosen(&[unread, trail(OWN, "us-east-1", "b", true)], None).as_deref(),
        Some("b")
    );
}
