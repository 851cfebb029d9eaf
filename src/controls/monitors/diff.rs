//! What has to be done.

use std::collections::BTreeMap;

use trueup_core::change::{Changes, LocalId};
use trueup_core::control::{Here, Observed};
use trueup_core::location::{Location, Region};
use trueup_core::tags;

use super::catalogue::{Monitor, PERIOD};
use super::chain::{Chain, alarm_name, is_part, parts};
use super::model::{
    Action, Alarm, AlarmChange, Filter, Flaw, Found, Group, Heard, Ids, Model, Patterns, Setting, Tuning,
};
use super::price::Free;
use super::samples::{self, Reach};
use super::sight::{alarming, evaluation, is_blind, lacks, takes_no_filters};
use super::{ACTIONS, FILTERS, NAMESPACE};
use crate::{alerts, cloudtrail};

/// See [`Control::diff`](trueup_core::control::Control::diff).
pub(super) fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
    let ids = &seen.ids;
    let Some(home) = &ids.home else { return };
    let nothing = Found::default();
    let mut last = Last {
        free: Free::beside(want, ids),
        ..Last::default()
    };
    if want.is_any_on() {
        match ready(want, ids, home) {
            Err(why) => return out.refuse(why),
            Ok((group, topic)) => {
                if let Some(why) = takes_no_filters(group, here) {
                    return out.refuse(why);
                }
                let on = On {
                    want,
                    ids,
                    here,
                    home,
                    group,
                    topic,
                };
                for (monitor, setting) in &want.monitors {
                    if let Setting::On(tuning) = setting {
                        if let Some(why) = lacks(*monitor, want, ids) {
                            out.refuse_entry(monitor.entry().key, why);
                            continue;
                        }
                        let found = ids.found.get(monitor).unwrap_or(&nothing);
                        on.monitor(*monitor, *tuning, found, &mut last, out);
                    }
                }
                on.narrow(out);
            }
        }
    }
    alarming(want, ids, here, out);
    evaluation(want, ids, out);
    for (monitor, setting) in &want.monitors {
        if let (Setting::Off, Some(found)) = (setting, ids.found.get(monitor)) {
            off(*monitor, found, want, ids, home, &mut last, out);
        }
    }
}

/// The steps that later ones have to wait for: CloudWatch Logs refuses two changes of a log group at once, and an
/// alarm is read and written as a whole. And what earlier ones leave of what is free.
#[derive(Default)]
struct Last {
    filter: Option<LocalId>,
    alarms: BTreeMap<String, LocalId>,
    free: Free,
}

/// The log group and the topic, or why there can be no monitors.
fn ready<'a>(want: &'a Model, ids: &'a Ids, home: &Region) -> Result<(&'a Group, &'a String), String> {
    // One that is stopped is not started beside the organization's.
    let records = ids.records.as_ref().filter(|_| ids.trail.is_some());
    let has_own = records.map_or(ids.trail.is_some(), |records| records.is_logging);
    if let (false, Some(arn), None | Some(false)) = (has_own, &ids.organization_trail, want.own_trail) {
        return Err(format!(
            "only the organization's trail {arn} records the account, and filters can stand on an own trail's log group \
             alone: write manage = \"enforce\" into [cloudtrail] for an own one beside it (2 USD for 100,000 events), \
             or watch from the management account"
        ));
    }
    let Some(group) = &ids.group else {
        return Err(match &ids.trail {
            None => "there is no trail to watch; write [cloudtrail] with a log_group".to_owned(),
            Some(trail) => {
                format!("the trail {trail} delivers to no log group; write log_group into [cloudtrail]")
            }
        });
    };
    if let (Some(trail), Some(records)) = (&ids.trail, records)
        && let Some(why) = is_blind(records, want)
    {
        return Err(format!("the trail {trail} {why}"));
    }
    let topic = match want.takes_any_topic() {
        true => &ids.heard_topic,
        false => &want.topic,
    };
    if topic.is_none() && want.takes_any_topic() {
        return Err(
            "no alarm reports to a topic that has a confirmed subscription; confirm one, or write a topic's ARN as topic"
                .to_owned(),
        );
    }
    let Some(topic) = topic else {
        return Err(
            "there is no topic to tell: write one into [alerts], or the ARN of one as topic".to_owned(),
        );
    };
    let region = topic.split(':').nth(3).unwrap_or_default();
    if region != home.as_str() {
        return Err(format!(
            "the trail is at home in {home}, and its alarms can tell no topic in {region}: write the ARN of one in \
             {home} as topic"
        ));
    }
    let new = want.monitors.iter().filter(|(monitor, setting)| {
        let found = ids.found.get(monitor);
        matches!(setting, Setting::On(_)) && found.is_none_or(|found| found.filter.is_none())
    });
    let new = new.count() + missing_parts(want, ids, group, topic);
    if new > 0 && group.filters + new > FILTERS {
        return Err(format!(
            "the log group {} has {} metric filters, and {new} more are too many: it can have {FILTERS}",
            group.name, group.filters
        ));
    }
    Ok((group, topic))
}

/// How many filters beside their first ones the wanted monitors lack.
fn missing_parts(want: &Model, ids: &Ids, group: &Group, topic: &str) -> usize {
    let chain = chain(want, ids, group, topic);
    let is_on = |setting: &&Setting| matches!(setting, Setting::On(_));
    let on = want.monitors.iter().filter(|(_, setting)| is_on(setting));
    on.flat_map(|(monitor, _)| {
        let live = ids.found.get(monitor).map_or(&[][..], |found| &found.beside);
        let parts = parts(monitor.entry(), &chain).into_iter();
        parts.filter(move |part| {
            !live
                .iter()
                .any(|filter| part.is(filter) || filter.name == part.name)
        })
    })
    .count()
}

/// The chain as it is going to be.
fn chain<'a>(want: &Model, ids: &'a Ids, group: &'a Group, topic: &'a str) -> Chain<'a> {
    let on = want
        .monitors
        .iter()
        .filter(|(_, setting)| matches!(setting, Setting::On(_)));
    Chain {
        group: &group.name,
        topic,
        alarms: on
            .map(|(monitor, _)| alarm_name(*monitor, ids.found.get(monitor)))
            .collect(),
    }
}

/// Monitors that are wanted.
struct On<'a> {
    want: &'a Model,
    ids: &'a Ids,
    here: &'a Here<'a>,
    home: &'a Region,
    group: &'a Group,
    topic: &'a String,
}

impl On<'_> {
    fn monitor(
        &self,
        monitor: Monitor,
        tuning: Tuning,
        found: &Found,
        last: &mut Last,
        out: &mut Changes<Action>,
    ) {
        let entry = monitor.entry();
        let own = (NAMESPACE.to_owned(), entry.name.to_owned());
        let (metric, before) = match &found.filter {
            Some(filter) if filter.counts_nothing => {
                (&filter.metric, Some(self.counting(monitor, filter, last, out)))
            }
            Some(filter) => (&filter.metric, self.pattern(monitor, filter, last, out)),
            None => (&own, Some(self.new_filter(monitor, found, &own, last, out))),
        };
        let before = self.parts(monitor, found, metric, before, last, out);
        let Some(alarm) = &found.alarm else {
            let name = found.other_alarm.clone();
            let step = out.add(Action::PutAlarm {
                region: self.home.clone(),
                name: name.unwrap_or_else(|| entry.name.to_owned()),
                description: format!("Tells of {}.", entry.title),
                metric: metric.clone(),
                threshold: tuning.threshold.unwrap_or(entry.threshold),
                period: tuning.period.unwrap_or(PERIOD),
                topic: self.topic.clone(),
                tags: self.here.env.run.tags.clone(),
            });
            step.after_all(before)
                .waits_for(alerts::topic(self.topic))
                .costs(last.free.alarm());
            return;
        };
        self.alarm(monitor, tuning, alarm, last, out);
        let missing = tags::differing(&self.here.env.run.tags, &alarm.tags);
        if !missing.is_empty() {
            out.change(Action::TagAlarm {
                region: self.home.clone(),
                name: alarm.name.clone(),
                tags: missing,
            });
        }
    }

    /// Says which filters match what is asked for and not what trueup's own patterns add to it.
    fn narrow(&self, out: &mut Changes<Action>) {
        if self.want.patterns.is_some() {
            return;
        }
        let is_narrow = |monitor: &&Monitor| {
            let filter = self
                .ids
                .found
                .get(monitor)
                .and_then(|found| found.filter.as_ref());
            let is_on = matches!(self.want.monitors.get(monitor), Some(Setting::On(_)));
            is_on && filter.is_some_and(|filter| monitor.entry().reach(&filter.pattern) == Reach::Asked)
        };
        let narrow = self.want.monitors.keys().filter(is_narrow);
        let missed: Vec<String> = narrow
            .map(|monitor| {
                let names: Vec<&str> = samples::added(monitor.entry()).into_iter().collect();
                format!("{} ({})", monitor.entry().key, names.join(", "))
            })
            .collect();
        if !missed.is_empty() {
            out.notice(format!(
                "filters that match what benchmarks ask for, and miss events that trueup's own patterns match: {}; \
                 write patterns = \"better\" to have those too",
                missed.join(", ")
            ));
        }
    }

    fn wanted(&self, monitor: Monitor) -> &'static str {
        match self.want.patterns {
            Some(Patterns::Exact) => monitor.entry().exact(),
            Some(Patterns::Better) | None => monitor.entry().better,
        }
    }

    fn new_filter(
        &self,
        monitor: Monitor,
        found: &Found,
        metric: &(String, String),
        last: &mut Last,
        out: &mut Changes<Action>,
    ) -> LocalId {
        let name = found.other_filter.clone();
        let mut step = out.add(Action::PutFilter {
            region: self.home.clone(),
            group: self.group.name.clone(),
            name: name.unwrap_or_else(|| monitor.entry().name.to_owned()),
            pattern: self.wanted(monitor).to_owned(),
            metric: metric.clone(),
        });
        if self.ids.trail.is_none() {
            step = step.needs(cloudtrail::TRAIL.at(&Location::Account));
        }
        if !self.group.exists {
            step = step.needs(cloudtrail::LOG_GROUP.at(&Location::Account));
        }
        let id = step.after_all(last.filter).costs(last.free.metric()).id();
        last.filter = Some(id);
        id
    }

    /// The monitor's own filter, made as it should be: it adds nothing to its metric.
    fn counting(
        &self,
        monitor: Monitor,
        filter: &Filter,
        last: &mut Last,
        out: &mut Changes<Action>,
    ) -> LocalId {
        let step = out.change(Action::PutFilter {
            region: self.home.clone(),
            group: self.group.name.clone(),
            name: filter.name.clone(),
            pattern: self.wanted(monitor).to_owned(),
            metric: filter.metric.clone(),
        });
        let id = step.after_all(last.filter).id();
        last.filter = Some(id);
        id
    }

    /// The filters of a monitor beside its first one.
    fn parts(
        &self,
        monitor: Monitor,
        found: &Found,
        metric: &(String, String),
        first: Option<LocalId>,
        last: &mut Last,
        out: &mut Changes<Action>,
    ) -> Option<LocalId> {
        let chain = chain(self.want, self.ids, self.group, self.topic);
        let mut latest = first;
        for part in parts(monitor.entry(), &chain) {
            if found.beside.iter().any(|filter| part.is(filter)) {
                continue;
            }
            let is_there = found.beside.iter().any(|filter| filter.name == part.name);
            let action = Action::PutFilter {
                region: self.home.clone(),
                group: self.group.name.clone(),
                name: part.name,
                pattern: part.pattern,
                metric: metric.clone(),
            };
            let step = if is_there {
                out.change(action)
            } else {
                out.add(action)
            };
            last.filter = Some(step.after_all(last.filter).id());
            latest = last.filter;
        }
        latest
    }

    /// Any pattern that matches what is asked for will do, as long as the file does not say which.
    fn pattern(
        &self,
        monitor: Monitor,
        filter: &Filter,
        last: &mut Last,
        out: &mut Changes<Action>,
    ) -> Option<LocalId> {
        let entry = monitor.entry();
        let wanted = self.wanted(monitor);
        let is_right = match self.want.patterns {
            Some(Patterns::Exact) => filter.pattern.trim() == wanted,
            Some(Patterns::Better) => entry.reach(&filter.pattern) == Reach::Better,
            None => entry.knows(&filter.pattern),
        };
        if is_right {
            return None;
        }
        let mut step = out.change(Action::SetPattern {
            region: self.home.clone(),
            group: self.group.name.clone(),
            name: filter.name.clone(),
            pattern: wanted.to_owned(),
        });
        if entry.reach(&filter.pattern) == Reach::Better && entry.reach(wanted) != Reach::Better {
            step = step.weakening(format!(
                "events of {} that the benchmark's pattern misses are no longer counted",
                entry.key
            ));
        }
        last.filter = Some(step.after_all(last.filter).id());
        last.filter
    }

    fn alarm(
        &self,
        monitor: Monitor,
        tuning: Tuning,
        alarm: &Alarm,
        last: &mut Last,
        out: &mut Changes<Action>,
    ) {
        let entry = monitor.entry();
        let or_default = |default| (!alarm.counts).then_some(default);
        let has = |flaw| alarm.flaws.contains(&flaw);
        let is_heard = alarm.actions.contains(self.topic) || alarm.heard != Heard::No;
        if alarm.heard == Heard::Foreign {
            out.notice(format!(
                "{}: alarm `{}` reports to another account's topic, whose subscriptions are not shown",
                entry.key, alarm.name
            ));
        }
        let mut change = AlarmChange {
            topic: (!is_heard).then(|| self.topic.clone()),
            enable: !alarm.is_enabled,
            threshold: or_default(tuning.threshold.unwrap_or(entry.threshold)),
            period: tuning.period.filter(|period| alarm.period != Some(*period)),
            one_period: has(Flaw::Datapoints) && !entry.is_rate(),
            missing_is_fine: has(Flaw::MissingData),
            any_unit: has(Flaw::Unit),
        };
        if change.period.is_none() && tuning.period.is_none() && has(Flaw::Period) {
            change.period = Some(PERIOD);
        }
        // Fewer events than asked for are stricter, and stay.
        if let (Some(most), Some(at)) = (entry.at_most(tuning.threshold), alarm.threshold) {
            change.threshold = change.threshold.or((at > most).then_some(most));
            if at < most {
                out.notice(format!(
                    "{}: alarm `{}` needs {at} events, fewer than the {most} of the file",
                    entry.key, alarm.name
                ));
            }
        }
        if let (None, Some(at), true) = (tuning.threshold, alarm.threshold, entry.is_rate())
            && at > entry.threshold
        {
            out.notice(format!(
                "{}: alarm `{}` needs {at} events, more than the {} of a new one; write threshold into the file to have \
                 another",
                entry.key, alarm.name, entry.threshold
            ));
        }
        if entry.is_rate() && has(Flaw::Datapoints) {
            out.notice(format!(
                "{}: alarm `{}` needs events in several periods",
                entry.key, alarm.name
            ));
        }
        if change.topic.is_some() && alarm.actions.len() >= ACTIONS {
            change.topic = None;
            out.person(format!(
                "the alarm `{}` has {ACTIONS} actions and can have no more: remove one, so that it can tell the topic",
                alarm.name
            ));
        }
        if change == AlarmChange::default() {
            return;
        }
        let mut step = out.change(Action::ChangeAlarm {
            region: self.home.clone(),
            name: alarm.name.clone(),
            change: change.clone(),
        });
        if change.topic.is_some() {
            step = step.waits_for(alerts::topic(self.topic));
        }
        let id = step.after_all(last.alarms.get(&alarm.name).copied()).id();
        last.alarms.insert(alarm.name.clone(), id);
    }
}

fn off(
    monitor: Monitor,
    found: &Found,
    want: &Model,
    ids: &Ids,
    home: &Region,
    last: &mut Last,
    out: &mut Changes<Action>,
) {
    let entry = monitor.entry();
    let blinds = format!("no alert on {} any more", entry.title);
    let is_used = |alarm: &Alarm| {
        ids.found.iter().any(|(other, found)| {
            *other != monitor
                && want.monitors.get(other) != Some(&Setting::Off)
                && found.alarm.as_ref().is_some_and(|one| one.name == alarm.name)
        })
    };
    let mut before = None;
    let is_new = |alarm: &&Alarm| !last.alarms.contains_key(&alarm.name);
    if let Some(alarm) = found
        .alarm
        .as_ref()
        .filter(|alarm| !is_used(alarm))
        .filter(is_new)
    {
        let step = out.destroy(Action::DeleteAlarm {
            region: home.clone(),
            name: alarm.name.clone(),
        });
        let id = step.weakening(blinds.clone()).id();
        last.alarms.insert(alarm.name.clone(), id);
        before = Some(id);
    }
    if let (Some(filter), Some(group)) = (&found.filter, &ids.group) {
        let step = out.destroy(Action::DeleteFilter {
            region: home.clone(),
            group: group.name.clone(),
            name: filter.name.clone(),
        });
        let step = step
            .weakening(blinds.clone())
            .after_all(before)
            .after_all(last.filter);
        last.filter = Some(step.id());
        for filter in found.beside.iter().filter(|filter| is_part(entry, filter)) {
            let step = out.destroy(Action::DeleteFilter {
                region: home.clone(),
                group: group.name.clone(),
                name: filter.name.clone(),
            });
            last.filter = Some(step.weakening(blinds.clone()).after_all(last.filter).id());
        }
    }
}
