//! Who hears an alarm, where the file says `topic = "any"`.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::{AlarmType, CompositeAlarm};
use trueup_aws::{Cx, Failure};
use trueup_core::location::Region;

use super::read::arn;
use crate::alerts::{self, Filter};
use crate::monitors::catalogue::Monitor;
use crate::monitors::model::{Found, Heard};

/// Marks the alarms of which people hear: a topic that they or a composite alarm report to has a confirmed
/// subscription. The topic that new alarms should report to.
pub(super) async fn mark(
    cx: &Cx,
    home: &Region,
    found: &mut BTreeMap<Monitor, Found>,
) -> Result<Option<String>, Failure> {
    let composites = composites(cx, home).await?;
    let mut known: BTreeMap<String, Heard> = BTreeMap::new();
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    for alarm in found.values_mut().filter_map(|found| found.alarm.as_mut()) {
        let own = arn(&alarm.name, home, &cx.env);
        let through = composites.iter().filter(|one| repeats(one, &[&alarm.name, &own]));
        let through = through.flat_map(|one| one.alarm_actions().iter().cloned());
        let actions: Vec<String> = alarm.actions.iter().cloned().chain(through).collect();
        for topic in actions.iter().filter(|action| action.contains(":sns:")) {
            if !known.contains_key(topic) {
                known.insert(topic.clone(), subscribed(cx, topic).await?);
            }
            *told.entry(topic.clone()).or_default() += 1;
        }
        let heard = actions.iter().filter_map(|action| known.get(action));
        alarm.heard = heard.copied().max().unwrap_or_default();
    }
    Ok(most_heard(&told, &known))
}

/// The topic that most alarms tell, themselves or through a composite alarm, of those that people hear. One of another
/// account only if there is no other, since whether people hear it cannot be seen.
fn most_heard(told: &BTreeMap<String, usize>, known: &BTreeMap<String, Heard>) -> Option<String> {
    let heard = told.iter().filter_map(|(topic, times)| {
        let heard = *known.get(topic)?;
        (heard != Heard::No).then_some((heard, times, topic))
    });
    let most = heard.rev().max_by_key(|(heard, times, _)| (*heard, *times));
    most.map(|(_, _, topic)| topic.clone())
}

async fn composites(cx: &Cx, home: &Region) -> Result<Vec<CompositeAlarm>, Failure> {
    let call = cx.clients_in(home).cloudwatch.describe_alarms();
    let mut pages = call
        .alarm_types(AlarmType::CompositeAlarm)
        .into_paginator()
        .send();
    let mut all = vec![];
    while let Some(page) = pages.next().await {
        all.extend(page?.composite_alarms.unwrap_or_default());
    }
    Ok(all)
}

/// Whether a composite alarm goes off whenever an alarm of one of these names does: its rule joins alarms by OR alone.
fn repeats(composite: &CompositeAlarm, names: &[&str]) -> bool {
    let rule = composite.alarm_rule().unwrap_or_default();
    let is_enabled = composite.actions_enabled().unwrap_or(true) && composite.actions_suppressor().is_none();
    let mut rest = rule;
    let joined = any_of(&mut rest).filter(|_| rest.trim().is_empty());
    is_enabled
        && joined.is_some_and(|alarms| names.iter().any(|name| alarms.iter().any(|alarm| alarm == name)))
}

/// The alarms of a rule, by name or ARN, if it has nothing but `ALARM(…)` joined by `OR`. What holds at all times, such as
/// `TRUE`, would let it go off once and never again (CloudWatch API reference, `PutCompositeAlarm`).
fn any_of(rest: &mut &str) -> Option<Vec<String>> {
    let mut alarms = one_of(rest)?;
    while takes(rest, "OR") {
        alarms.extend(one_of(rest)?);
    }
    Some(alarms)
}

fn one_of(rest: &mut &str) -> Option<Vec<String>> {
    let alarms = if takes(rest, "(") {
        any_of(rest)?
    } else {
        let is_alarm = takes(rest, "ALARM") && takes(rest, "(");
        vec![alarm(rest).filter(|_| is_alarm)?]
    };
    takes(rest, ")").then_some(alarms)
}

/// Takes a word or a sign, in whatever case it is written.
fn takes(rest: &mut &str, word: &str) -> bool {
    let text = rest.trim_start();
    let is_there = text
        .get(..word.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(word));
    if is_there {
        *rest = &text[word.len()..];
    }
    is_there
}

/// The name of an alarm, with or without quotes.
fn alarm(rest: &mut &str) -> Option<String> {
    let text = rest.trim_start();
    let Some(quoted) = text.strip_prefix('"') else {
        let (name, _) = text.split_once(')')?;
        *rest = &text[name.len()..];
        return Some(name.trim_end().to_owned());
    };
    let mut name = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                *rest = &quoted[at + 1..];
                return Some(name);
            }
            '\\' => name.extend(chars.next().map(|(_, c)| c)),
            c => name.push(c),
        }
    }
    None
}

async fn subscribed(cx: &Cx, topic: &str) -> Result<Heard, Failure> {
    let mut parts = topic.split(':').skip(3);
    let (region, account) = (parts.next().unwrap_or_default(), parts.next());
    let Ok(region) = region.parse::<Region>() else {
        return Ok(Heard::No);
    };
    if account != Some(cx.env.account.as_str()) {
        return Ok(Heard::Foreign);
    }
    let sns = &cx.clients_in(&region).sns;
    let call = sns.list_subscriptions_by_topic();
    let mut pages = call.topic_arn(topic).into_paginator().items().send();
    while let Some(subscription) = pages.next().await {
        match subscription.map_err(Failure::from) {
            // Until it is confirmed it has a word in place of an ARN.
            Ok(one) => {
                let confirmed = one.subscription_arn().filter(|arn| arn.starts_with("arn:"));
                let takes = match confirmed {
                    Some(arn) => alerts::filter(sns, arn).await?,
                    None => None,
                };
                // Alarms have no attributes, so that a filter of these takes none of them.
                if takes.is_some_and(|filter| filter != Some(Filter::Attributes)) {
                    let refuses = alerts::refuses_alarms(sns, topic, &cx.env).await?;
                    return Ok(if refuses { Heard::No } else { Heard::Yes });
                }
            }
            Err(fault) if fault.is_one_of(&["NotFound", "NotFoundException"]) => return Ok(Heard::No),
            Err(fault) => return Err(fault),
        }
    }
    Ok(Heard::No)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_alarms_report_to_the_topic_that_is_heard_most() {
        let of = |topics: &[(&str, usize, Heard)]| {
            let told = topics
                .iter()
                .map(|(topic, times, _)| ((*topic).to_owned(), *times));
            let known = topics
                .iter()
                .map(|(topic, _, heard)| ((*topic).to_owned(), *heard));
            most_heard(&told.collect(), &known.collect())
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("silent", 9, Heard::No)]), None);
        let foreign = ("foreign", 9, Heard::Foreign);
        assert_eq!(of(&[foreign]).as_deref(), Some("foreign"));
        let (less, more) = (("less", 1, Heard::Yes), ("more", 2, Heard::Yes));
        assert_eq!(of(&[foreign, less]).as_deref(), Some("less"));
        assert_eq!(of(&[foreign, less, more]).as_deref(), Some("more"));
        let also = ("also", 1, Heard::Yes);
        assert_eq!(of(&[less, also]).as_deref(), Some("also"));
    }

    #[test]
    fn a_composite_alarm_repeats_those_that_it_joins_by_or() {
        let own = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:RootUsage";
        let joins = |rule: &str| {
            let composite = CompositeAlarm::builder().alarm_rule(rule).build();
            repeats(&composite, &["RootUsage", own])
        };
        for rule in [
            "ALARM(RootUsage)",
            "ALARM(\"RootUsage\") OR ALARM(\"VpcChanges\")",
            "(ALARM(VpcChanges) OR ALARM(arn:aws:cloudwatch:us-east-1:111122223333:alarm:RootUsage))",
            "ALARM(\"Deploy AND test\") or alarm( RootUsage )",
            "(ALARM(a) OR (ALARM(\"\\\"b\\\"\") OR ALARM(RootUsage)))",
        ] {
            assert!(joins(rule), "{rule}");
        }
        for rule in [
            "ALARM(RootUsage) AND ALARM(VpcChanges)",
            "NOT ALARM(RootUsage)",
            "OK(RootUsage)",
            "ALARM(VpcChanges)",
            "ALARM(RootUsage) and ALARM(VpcChanges)",
            "ALARM(VpcChanges) OR ALARM(RootUsage) AND NOT ALARM(Deploy)",
            "ALARM(RootUsage) OR TRUE",
            "ALARM(RootUsage) OR OK(RootUsage)",
            "ALARM(RootUsage",
            "",
        ] {
            assert!(!joins(rule), "{rule}");
        }
        let suppressed = CompositeAlarm::builder()
            .alarm_rule("ALARM(RootUsage)")
            .actions_suppressor("Deployment");
        assert!(!repeats(&suppressed.build(), &["RootUsage"]));
        let silent = CompositeAlarm::builder()
            .alarm_rule("ALARM(RootUsage)")
            .actions_enabled(false);
        assert!(!repeats(&silent.build(), &["RootUsage"]));
    }
}
