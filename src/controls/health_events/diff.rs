//! What has to be done so that every health event is told once.

use std::collections::BTreeSet;

use trueup_core::change::{Changes, LocalId};
use trueup_core::control::{Here, Observed};
use trueup_core::location::{Location, Region};
use trueup_core::tags;

use super::coverage::{self, Coverage};
use super::model::{Action, Ids, Model, Role, Rule, Target};
use super::{FORWARD, RULE, RULES, TARGETS, bus, message};
use crate::alerts;
use crate::role_rights::{Boundary, NARROWS};

/// See [`Control::diff`](trueup_core::control::Control::diff).
pub(super) fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
    if want.is_absent() {
        absent(seen, here, out);
        return;
    }
    home(want, seen, here, out);
    if let Some(coverage) = want.coverage {
        forwarders(want, coverage, seen, here, out);
    }
    unclear_roles(want, &seen.ids, here, out);
}

/// Notes the roles of which cannot be told whether they work, each once for a place that is reached through it.
fn unclear_roles(want: &Model, ids: &Ids, here: &Here<'_>, out: &mut Changes<Action>) {
    let wanted = want
        .coverage
        .map(|coverage| coverage::forwarders(here.env, coverage));
    let wanted = wanted.unwrap_or_default();
    let home = ids.home.iter().filter(|_| want.to.is_some());
    let forwarders = ids
        .forwarders
        .iter()
        .filter(|(region, _)| wanted.contains_key(*region));
    let targets = home
        .chain(forwarders.map(|(_, rule)| rule))
        .filter_map(|rule| rule.target.as_ref());
    let ours = ids.role.as_ref();
    let unclear: BTreeSet<(&str, &str, &str)> = targets
        .filter_map(|target| {
            let role = target.role.as_deref()?;
            let why = match ours.filter(|ours| ours.arn == role) {
                Some(ours) => ours.unclear.as_deref()?,
                None => target.role_unclear.as_deref()?,
            };
            Some((role, target.arn.as_str(), why))
        })
        .collect();
    for (role, target, why) in unclear {
        out.notice(format!(
            "cannot tell whether EventBridge can send to {target} through the role {role} ({why})"
        ));
    }
}

fn home(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
    let region = &here.env.home;
    let live = seen.ids.home.as_ref();
    if let Some(rule) = live {
        tag(region, rule, here, out);
    }
    for rule in &seen.ids.doubles {
        out.notice(format!(
            "the rule {rule} in {region} sends health events to the topic too: some are told twice"
        ));
    }
    // What the account's own word decides is filled in before: without it nothing is asked for.
    let is_deaf = live.is_some_and(|rule| !coverage::hears(rule, here.env, want.coverage));
    if want.to.is_some() && (is_deaf || want.to != seen.model.to) {
        let Some(topic) = want.topic() else {
            out.refuse(
                "there is no alerts topic to send health events to; manage [alerts], or give the ARN of one",
            );
            return;
        };
        if topic.split(':').nth(3) != Some(region.as_str()) {
            out.refuse(format!(
                "the topic {topic} is not in the home region {region}, and EventBridge sends to its own region's topics \
                 only; give a topic of that region"
            ));
            return;
        }
        let (rule, ready) = hearing(
            region,
            RULE,
            &coverage::home_pattern(here.env, want.coverage),
            live,
            here,
            out,
        );
        match live.and_then(|rule| Some((rule, rule.target.as_ref()?))) {
            Some((rule, target)) => {
                if let Some(why) = &target.role_fails {
                    out.notice(format!(
                        "the rule {} in {region} cannot reach the topic: {why}",
                        rule.name
                    ));
                    out.change(Action::DropRole {
                        region: region.clone(),
                        rule: rule.name.clone(),
                        id: target.id.clone(),
                    })
                    .after_all(ready)
                    .waits_for(alerts::topic(topic));
                }
            }
            None if live.is_some_and(|rule| rule.others >= TARGETS) => {
                out.refuse(format!(
                    "the rule {rule} in {region} has {TARGETS} targets already, as many as EventBridge allows; remove one"
                ));
                return;
            }
            None => {
                let message = want.message.clone().unwrap_or_else(message::default_lines);
                out.add(Action::Send {
                    region: region.clone(),
                    rule,
                    topic: topic.to_owned(),
                    message,
                })
                .after_all(ready)
                .waits_for(alerts::topic(topic));
                return;
            }
        }
    }
    let differs = want.message.is_some() && want.message != seen.model.message;
    let target = live.and_then(|rule| Some((rule, rule.target.as_ref()?)));
    if let (true, Some(message), Some((rule, target))) = (differs, &want.message, target) {
        out.change(Action::Reword {
            region: region.clone(),
            rule: rule.name.clone(),
            id: target.id.clone(),
            message: message.clone(),
        });
    }
}

/// Makes a rule hear a pattern: its name, and the step that a target waits for.
fn hearing(
    region: &Region,
    name: &str,
    pattern: &serde_json::Value,
    live: Option<&Rule>,
    here: &Here<'_>,
    out: &mut Changes<Action>,
) -> (String, Option<LocalId>) {
    let Some(live) = live else {
        let create = Action::CreateRule {
            region: region.clone(),
            name: name.to_owned(),
            pattern: pattern.clone(),
            tags: here.env.run.tags.clone(),
        };
        return (name.to_owned(), Some(out.add(create).id()));
    };
    let differs = !coverage::suits(&live.pattern, pattern);
    if live.enabled && !differs {
        return (live.name.clone(), None);
    }
    let mut step = out.change(Action::ChangeRule {
        region: region.clone(),
        name: live.name.clone(),
        pattern: differs.then(|| pattern.clone()),
        enable: !live.enabled,
    });
    if live.others > 0 {
        step = step.disruptive(format!(
            "{} other targets of the rule hear what it hears",
            live.others
        ));
    }
    (live.name.clone(), Some(step.id()))
}

fn tag(region: &Region, rule: &Rule, here: &Here<'_>, out: &mut Changes<Action>) {
    let lacking = tags::differing(&here.env.run.tags, &rule.tags);
    if !lacking.is_empty() {
        out.change(Action::TagRule {
            region: region.clone(),
            name: rule.name.clone(),
            tags: lacking,
        });
    }
}

fn forwarders(
    want: &Model,
    coverage: Coverage,
    seen: &Observed<Model, Ids>,
    here: &Here<'_>,
    out: &mut Changes<Action>,
) {
    let ids = &seen.ids;
    let wanted = coverage::forwarders(here.env, coverage);
    if coverage::leaves_out_global(here.env) {
        out.notice("the file's `regions` leave out us-east-1, which receives global health events: they are not forwarded");
    }
    for (region, rule) in &ids.forwarders {
        if wanted.contains_key(region) {
            tag(region, rule, here, out);
        }
    }
    if let Some(role) = &ids.role {
        let lacking = tags::differing(&here.env.run.tags, &role.tags);
        if !lacking.is_empty() {
            out.change(Action::TagRole { tags: lacking });
        }
        limit(want, role, out);
    }
    for (region, fault) in ids
        .denied
        .iter()
        .filter(|(region, _)| wanted.contains_key(*region))
    {
        out.notice(format!(
            "{region}: its health events are not forwarded, because the organization denies EventBridge there"
        ));
        out.deny(fault.clone());
    }
    if seen.model.coverage == Some(coverage) {
        return;
    }
    let ours = ids.role_arn(here.env);
    let uses_ours = |region: &Region| {
        let target = ids.forwarders.get(region).and_then(|rule| rule.target.as_ref());
        !ids.unread.contains_key(region)
            && !ids.denied.contains_key(region)
            && target.is_none_or(|target| {
                target.role_fails.is_some() || target.role.as_ref().is_none_or(|role| *role == ours)
            })
    };
    let role = match wanted.keys().any(uses_ours) {
        true => role(want, ids, here, out),
        false => vec![],
    };
    for (region, pattern) in wanted
        .iter()
        .filter(|(region, _)| !ids.denied.contains_key(*region))
    {
        if let Some(why) = ids.unread.get(region) {
            out.notice(format!("{region} could not be read: {why}"));
            out.add(Action::Forward {
                region: region.clone(),
                rule: FORWARD.to_owned(),
                id: None,
                bus: bus(here.env),
                role: ours.clone(),
            })
            .needs(RULES.at(&Location::Region(region.clone())));
            continue;
        }
        let live = ids.forwarders.get(region);
        let (rule, ready) = hearing(region, FORWARD, pattern, live, here, out);
        let target = live.and_then(|rule| rule.target.as_ref());
        if target
            .is_some_and(|target| target.role.is_some() && target.role_fails.is_none() && !target.is_reshaped)
        {
            continue;
        }
        if let Some(why) = target.and_then(|target| target.role_fails.as_ref()) {
            out.notice(format!("the rule {rule} in {region} cannot forward: {why}"));
        }
        // The role of others that works stays.
        let role_of = |target: &Target| target.role.clone().filter(|_| target.role_fails.is_none());
        let through = target.and_then(role_of).unwrap_or_else(|| ours.clone());
        let forward = Action::Forward {
            region: region.clone(),
            rule,
            id: target.map(|target| target.id.clone()),
            bus: bus(here.env),
            role: through,
        };
        match target {
            None => out.add(forward),
            Some(_) => out.change(forward),
        }
        .after_all(role.iter().copied())
        .after_all(ready);
    }
    let surplus = ids.forwarders.iter();
    for (region, rule) in
        surplus.filter(|(region, rule)| rule.name == FORWARD && !wanted.contains_key(*region))
    {
        let step = out.destroy(Action::DeleteRule {
            region: region.clone(),
            name: rule.name.clone(),
        });
        step.destructive(format!("public events of {region} are no longer told"));
    }
}

/// The permissions boundary of a role that exists, where the file names one.
fn limit(want: &Model, role: &Role, out: &mut Changes<Action>) {
    let wanted = want.permissions_boundary.as_ref();
    match wanted.map(|wanted| Boundary::of(FORWARD, role.boundary.as_deref(), Some(wanted))) {
        None | Some(Boundary::Right) => {}
        Some(Boundary::Another(why)) => out.refuse_entry("permissions_boundary", why),
        Some(Boundary::Missing(boundary)) => {
            let boundary = boundary.to_owned();
            out.change(Action::PutBoundary { boundary }).disruptive(NARROWS);
        }
    }
}

/// The role, ready to be used: the steps that a target waits for.
fn role(want: &Model, ids: &Ids, here: &Here<'_>, out: &mut Changes<Action>) -> Vec<LocalId> {
    let obstacles: &[String] = ids.role.as_ref().map_or(&[], |role| &role.obstacles);
    if !obstacles.is_empty() {
        for why in obstacles {
            out.refuse_entry("coverage", why);
        }
        return vec![];
    }
    let mut steps = vec![];
    let create = match &ids.role {
        None => Some(
            out.add(Action::CreateRole {
                boundary: want.permissions_boundary.clone(),
                tags: here.env.run.tags.clone(),
            })
            .id(),
        ),
        Some(role) => {
            if !role.trusts {
                steps.push(out.change(Action::TrustEventBridge).id());
            }
            None
        }
    };
    if !ids.role.as_ref().is_some_and(|role| role.lets) {
        let let_put = Action::LetPutEvents { bus: bus(here.env) };
        steps.push(out.change(let_put).after_all(create).id());
    }
    steps.extend(create);
    steps
}

fn absent(seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
    let ids = &seen.ids;
    for (region, why) in &ids.unread {
        out.notice(format!(
            "{region} could not be read for a rule that forwards: {why}"
        ));
    }
    let mut gone = vec![];
    for (region, rule) in ids.forwarders.iter().filter(|(_, rule)| rule.name == FORWARD) {
        let delete = Action::DeleteRule {
            region: region.clone(),
            name: rule.name.clone(),
        };
        gone.push(out.destroy(delete).id());
    }
    if let Some(rule) = &ids.home {
        let region = here.env.home.clone();
        let step = match &rule.target {
            Some(target) if rule.name != RULE => out.destroy(Action::StopSending {
                region,
                rule: rule.name.clone(),
                id: target.id.clone(),
            }),
            _ => out.destroy(Action::DeleteRule {
                region,
                name: rule.name.clone(),
            }),
        };
        step.destructive("nobody is told of AWS Health's events any more")
            .releases(alerts::TOPIC.at(&Location::Account));
    }
    if ids.role.is_some() {
        out.destroy(Action::DeleteRole).after_all(gone);
    }
}
