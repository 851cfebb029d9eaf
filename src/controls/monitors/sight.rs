//! What the trail lets monitors see, and what they have seen.

use jiff::civil::Date;
use trueup_core::change::Changes;
use trueup_core::control::Here;

use super::catalogue::Monitor;
use super::model::{Action, Group, Ids, Model, Records, Setting};
use crate::cloudtrail::{CloudTrail, Events};

/// The trail is changed where monitors need it: `[cloudtrail]` manages it, and it is not the organization's, unless that
/// is enforced.
fn is_managed(records: &Records, want: &Model) -> bool {
    want.managed_trail == Some(true) && (!records.is_organizations || want.own_trail == Some(true))
}

/// Why no monitor can see anything on a trail, unless that is about to change.
pub(super) fn is_blind(records: &Records, want: &Model) -> Option<&'static str> {
    let has_writes = match want.management_events {
        Some(events) if is_managed(records, want) => events != Events::ReadOnly,
        None if is_managed(records, want) => true,
        _ => matches!(records.events, Some(Events::All | Events::WriteOnly)),
    };
    match (records.is_logging || is_managed(records, want), has_writes) {
        (false, _) => Some("is stopped, so no alarm can go off: write [cloudtrail], which starts it"),
        (true, false) => Some(
            "does not record all management events that change something, so no alarm can go off: write [cloudtrail] with \
             management_events = \"all\"",
        ),
        (true, true) => None,
    }
}

/// Why one monitor cannot see what it is for, unless that is about to change.
pub(super) fn lacks(monitor: Monitor, want: &Model, ids: &Ids) -> Option<String> {
    let entry = monitor.entry();
    let live = ids.records.as_ref();
    let is_changed = live.is_none_or(|records| is_managed(records, want));
    let written = want.management_events.filter(|_| is_changed);
    let has_reads = match (written, live) {
        (Some(events), _) => events == Events::All,
        (None, Some(records)) => records.events != Some(Events::WriteOnly),
        (None, None) => true,
    };
    let has_kms = written.is_some() || live.is_none_or(|records| !records.lacks_kms);
    let missing = match () {
        () if entry.needs_reads() && !has_reads => "records no management events that only read",
        () if entry.needs_kms() && !has_kms => "leaves out what AWS KMS does",
        () => return None,
    };
    let trail = ids.trail.as_deref().or(want.trail.as_deref()).unwrap_or_default();
    Some(format!(
        "requires [cloudtrail] management_events = \"all\"; the trail {trail} {missing}"
    ))
}

/// Why the trail's log group can have no filters.
pub(super) fn takes_no_filters(group: &Group, here: &Here<'_>) -> Option<String> {
    let trail = here.relied.seen::<CloudTrail>()?;
    let class = trail
        .ids
        .group
        .filter(|seen| seen.name == group.name)?
        .other_class?;
    Some(format!(
        "the log group {} has the class {class}, which takes no metric filters, and the class of a log group cannot be \
         changed: the trail needs a log group of class STANDARD",
        group.name
    ))
}

/// The days for which an alarm may be on before that is worth a look.
const A_WEEK: i32 = 7;

/// Alarms that were never acted on.
pub(super) fn alarming(want: &Model, ids: &Ids, here: &Here<'_>, out: &mut Changes<Action>) {
    for (monitor, setting) in &want.monitors {
        let alarm = ids.found.get(monitor).and_then(|found| found.alarm.as_ref());
        let since = alarm.and_then(|alarm| Some((alarm, ids.told.alarming.get(&alarm.name)?)));
        let (Setting::On(_), Some((alarm, since))) = (setting, since) else {
            continue;
        };
        let days = since
            .parse::<Date>()
            .map(|day| (here.env.run.today - day).get_days());
        if days.is_ok_and(|days| days > A_WEEK) {
            out.notice(format!(
                "{}: alarm `{}` has been in ALARM since {since}; it sends no further alert before it is OK again",
                monitor.entry().key,
                alarm.name
            ));
        }
    }
}

/// What is wrong with the setup of an alarm, in CloudWatch's word: it does not go off.
const ERROR: &str = "EVALUATION_ERROR";

/// Alarms that CloudWatch does not evaluate as they should be. An error of the setup is for a person; a failure of
/// CloudWatch, data that are missing for a quota and the time before the first evaluation pass by themselves (CloudWatch
/// user guide, "Alarm evaluation").
pub(super) fn evaluation(want: &Model, ids: &Ids, out: &mut Changes<Action>) {
    for (monitor, setting) in &want.monitors {
        let alarm = ids.found.get(monitor).and_then(|found| found.alarm.as_ref());
        let state = alarm.and_then(|alarm| Some((&alarm.name, ids.told.evaluation.get(&alarm.name)?)));
        let (Setting::On(_), Some((name, state))) = (setting, state) else {
            continue;
        };
        let key = monitor.entry().key;
        if state == ERROR {
            out.person(format!(
                "{key}: CloudWatch cannot evaluate the alarm `{name}` ({ERROR}), so it sends no alert; its state reason in \
                 CloudWatch says what to correct"
            ));
        } else {
            out.notice(format!(
                "{key}: alarm `{name}` is in the evaluation state {state}; it may miss events until that ends"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trueup_core::tags::Tags;

    use crate::monitors::model::{Alarm, Found, Heard};

    fn want(text: &str) -> Model {
        toml::from_str(text).unwrap()
    }

    fn seen(events: Option<Events>, lacks_kms: bool) -> Ids {
        Ids {
            trail: Some("all".to_owned()),
            records: Some(Records {
                is_logging: true,
                is_organizations: false,
                events,
                lacks_kms,
            }),
            ..Ids::default()
        }
    }

    fn blind(want: &Model, ids: &Ids) -> Vec<&'static str> {
        let is_blind = |monitor: &Monitor| lacks(*monitor, want, ids).is_some();
        let blind = Monitor::all().filter(is_blind);
        blind.map(|monitor| monitor.entry().key).collect()
    }

    #[test]
    fn a_monitor_needs_what_it_watches_to_be_recorded_now_or_by_the_plan() {
        let none: [&str; 0] = [];
        let (reads, kms) = (
            ["unauthorized_api_calls"],
            ["kms_key_disabled_or_deletion", "kms_disabled_key_use"],
        );
        let (all, writes) = (Some(Events::All), Some(Events::WriteOnly));
        let plain = want("");
        assert_eq!(blind(&plain, &seen(all, false)), none);
        assert_eq!(blind(&plain, &seen(writes, false)), reads);
        assert_eq!(blind(&plain, &seen(all, true)), kms);
        // What the file has the trail record counts, if the file manages the trail.
        let managed = |events: &str| want(&format!("managed_trail = true\nmanagement_events = \"{events}\""));
        assert_eq!(blind(&managed("all"), &seen(writes, true)), none);
        assert_eq!(blind(&managed("write_only"), &seen(all, false)), reads);
        assert_eq!(blind(&want("managed_trail = true"), &seen(writes, true)).len(), 3);
        assert_eq!(
            blind(&want("management_events = \"all\""), &seen(writes, false)),
            reads
        );
        let mut organizations = seen(writes, false);
        organizations.records.as_mut().unwrap().is_organizations = true;
        assert_eq!(blind(&managed("all"), &organizations), reads);
        // A new trail records what the file says, and everything otherwise.
        assert_eq!(blind(&plain, &Ids::default()), none);
        assert_eq!(blind(&managed("write_only"), &Ids::default()), reads);
    }

    #[test]
    fn an_alarm_in_an_evaluation_error_is_a_task_and_any_other_state_of_it_a_note() {
        let want = want("root_usage = true");
        let monitor = *want.monitors.keys().next().unwrap();
        let mut ids = seen(Some(Events::All), false);
        let alarm = Alarm {
            name: "root".to_owned(),
            counts: true,
            threshold: Some(1),
            flaws: vec![],
            period: Some(300),
            is_enabled: true,
            actions: vec![],
            heard: Heard::No,
            tags: Tags::new(),
        };
        let found = Found {
            alarm: Some(alarm),
            ..Found::default()
        };
        ids.found.insert(monitor, found);
        let mut told = |state: &str| {
            ids.told.evaluation.insert("root".to_owned(), state.to_owned());
            let mut out = Changes::default();
            evaluation(&want, &ids, &mut out);
            (out.people.len(), out.notices.len())
        };
        assert_eq!(told("EVALUATION_ERROR"), (1, 0));
        for state in ["EVALUATION_FAILURE", "PARTIAL_DATA", "IN_WARM_UP"] {
            assert_eq!(told(state), (0, 1), "{state}");
        }
    }

    #[test]
    fn no_monitor_sees_anything_on_a_trail_that_is_stopped_or_records_no_changes() {
        let is_blind = |want: &Model, ids: &Ids| is_blind(ids.records.as_ref().unwrap(), want).is_some();
        let (plain, managed) = (want(""), want("managed_trail = true"));
        let mut stopped = seen(Some(Events::All), false);
        stopped.records.as_mut().unwrap().is_logging = false;
        for (ids, blind) in [
            (seen(Some(Events::WriteOnly), false), false),
            (seen(Some(Events::ReadOnly), false), true),
            (seen(None, false), true),
            (stopped, true),
        ] {
            assert_eq!(is_blind(&plain, &ids), blind, "{ids:?}");
            assert!(!is_blind(&managed, &ids), "{ids:?}");
        }
        let reads = want("managed_trail = true\nmanagement_events = \"read_only\"");
        assert!(is_blind(&reads, &seen(Some(Events::All), false)));
    }
}
