//! What has to be done.

use trueup_core::change::{Changes, LocalId};
use trueup_core::control::{Here, Observed};
use trueup_core::location::Location;
use trueup_core::tags;

use super::model::{Action, Delivery, Events, Group, Ids, Model, Settings, Target, arn};
use super::{LOG_GROUP, TRAIL, price};
use crate::log_bucket::{FOR_CLOUDTRAIL, LogBucket};

/// See [`Control::diff`](trueup_core::control::Control::diff).
pub(super) fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
    let (live, ids) = (&seen.model, &seen.ids);
    if want.is_absent() {
        return leave(ids, out);
    }
    if live.is_absent() {
        return create(want, ids, here, out);
    }
    let (Some(arn), Some(name), Some(home)) = (&ids.arn, &ids.name, &ids.home) else {
        return;
    };
    let trail = Target {
        arn: arn.clone(),
        name: name.clone(),
        home: home.clone(),
        is_organizations: ids.is_organizations,
    };
    adopted(want, ids, &trail, here, out);
    incomplete(want, seen, out);
    let for_whom = match ids.is_organizations {
        true => " in every account of the organization",
        false => "",
    };
    let mut before = vec![];
    let mut settings = Settings {
        multi_region: want.multi_region.filter(|on| live.multi_region != Some(*on)),
        validation: want
            .log_file_validation
            .filter(|on| live.log_file_validation != Some(*on)),
        kms_key: want
            .kms_key
            .as_deref()
            .and_then(|key| other_key(key, live.kms_key.as_deref())),
        delivery: None,
    };
    if let Some(group) = &ids.group {
        settings.delivery = deliver(want, group, ids, here, &mut before, out);
    }
    let is_logging = live.logging == Some(true);
    let delivers = settings.delivery.is_some();
    if settings != Settings::default() {
        let risks = risks(&settings, for_whom);
        let mut step = out.change(Action::Update {
            trail: trail.clone(),
            settings,
        });
        step = step.after_all(before);
        if is_logging && delivers && want.logging != Some(false) {
            step = step.costs(price::LOGS);
        }
        for risk in risks {
            step = step.disruptive(risk);
        }
    }
    if let Some(events) = want
        .management_events
        .filter(|one| live.management_events != Some(*one))
    {
        let step = out.change(Action::Select {
            trail: trail.clone(),
            events,
        });
        if events != Events::All && live.management_events.is_some() {
            step.disruptive(format!(
                "other management events are no longer recorded{for_whom}"
            ));
        }
    }
    match want.logging {
        Some(true) if !is_logging => {
            let delivers = delivers || ids.group.as_ref().is_some_and(|group| group.is_attached);
            let start = out.change(Action::Start(trail.clone()));
            start.costs(price::costs(delivers, ids));
        }
        Some(false) if live.logging != Some(false) => {
            out.change(Action::Stop(trail.clone())).disruptive(format!(
                "nothing that happens from now on is recorded by it{for_whom}"
            ));
        }
        _ => {}
    }
    let missing = tags::differing(&here.env.run.tags, &ids.tags);
    if !missing.is_empty() {
        out.change(Action::Tag { trail, tags: missing });
    }
    failing(ids, out);
}

fn leave(ids: &Ids, out: &mut Changes<Action>) {
    if !ids.several.is_empty() {
        out.refuse(format!(
            "the account has several trails of every region, and only one can be meant: {}; delete the others by hand",
            ids.several.join(", ")
        ));
        return;
    }
    let (Some(arn), Some(name), Some(home)) = (&ids.arn, &ids.name, &ids.home) else {
        return;
    };
    if ids.is_organizations {
        out.refuse(format!(
            "the trail `{name}` is the organization's and records every account of it; delete it by hand"
        ));
        return;
    }
    let trail = Target {
        arn: arn.clone(),
        name: name.clone(),
        home: home.clone(),
        is_organizations: false,
    };
    out.destroy(Action::Delete(trail))
        .removes(TRAIL.at(&Location::Account))
        .destructive("nothing that happens from now on is recorded by it");
}

fn create(want: &Model, ids: &Ids, here: &Here<'_>, out: &mut Changes<Action>) {
    let Some(name) = &want.name else { return };
    let Some(bucket) = &want.bucket else {
        out.refuse(
            "there is no trail, and no bucket for one; write [log_bucket], or bucket for a central account's",
        );
        return;
    };
    let mut before = vec![];
    let delivery = ids
        .group
        .as_ref()
        .and_then(|group| deliver(want, group, ids, here, &mut before, out));
    let env = here.env;
    let costs = price::costs(delivery.is_some(), ids);
    let step = out.add(Action::Create {
        name: name.clone(),
        bucket: bucket.to_string(),
        prefix: want.prefix.clone(),
        settings: Settings {
            multi_region: want.multi_region,
            validation: want.log_file_validation,
            kms_key: want.kms_key.clone().filter(|key| key != "none"),
            delivery,
        },
        tags: env.run.tags.clone(),
    });
    let mut step = step.after_all(before).provides(TRAIL.at(&Location::Account));
    // Another account's bucket has to let CloudTrail in by itself.
    let log_bucket = here.relied.seen::<LogBucket>().map(|seen| seen.ids);
    if log_bucket.is_some_and(|ids| ids.is_managed && ids.name.as_deref() == Some(bucket.as_str())) {
        step = step.needs(FOR_CLOUDTRAIL.at(&Location::Account));
    }
    let created = step.id();
    let trail = Target {
        arn: arn(name, env),
        name: name.clone(),
        home: env.home.clone(),
        is_organizations: false,
    };
    let mut last = created;
    if let Some(events) = want.management_events.filter(|events| *events != Events::All) {
        let select = Action::Select {
            trail: trail.clone(),
            events,
        };
        last = out.change(select).after(created).id();
    }
    if want.logging == Some(true) {
        out.change(Action::Start(trail)).after(last).costs(costs);
    }
}

/// Log group and role; what the trail has to be told about them, if it does not deliver yet.
fn deliver(
    want: &Model,
    group: &Group,
    ids: &Ids,
    here: &Here<'_>,
    before: &mut Vec<LocalId>,
    out: &mut Changes<Action>,
) -> Option<Delivery> {
    want.log_group.as_ref()?;
    if ids.is_organizations && !group.is_attached {
        out.person(
            "the organization's trail delivers to no log group; give it one by hand, with a role that lets it write \
             for every account, or make a trail of this account alone",
        );
        return None;
    }
    let (name, region) = (group.name.clone(), group.region.clone());
    let wanted = want.log_retention_days.map(|days| days.number);
    if !group.exists {
        let step = out.add(Action::CreateGroup {
            group: name.clone(),
            region: region.clone(),
            retention: wanted.flatten(),
            tags: here.env.run.tags.clone(),
        });
        before.push(step.provides(LOG_GROUP.at(&Location::Account)).id());
    } else {
        if let Some(days) = wanted.filter(|days| *days != group.retention) {
            let step = out.change(Action::Retain {
                group: name.clone(),
                region: region.clone(),
                days,
            });
            let is_shorter = match (days, group.retention) {
                (Some(days), Some(live)) => days < live,
                (Some(_), None) => true,
                (None, _) => false,
            };
            if let Some(days) = days.filter(|_| is_shorter) {
                step.destructive(format!(
                    "events older than {days} days are deleted from the log group"
                ));
            }
        }
        let missing = tags::differing(&here.env.run.tags, &group.tags);
        if !missing.is_empty() {
            out.change(Action::TagGroup {
                group: name.clone(),
                region: region.clone(),
                tags: missing,
            });
        }
    }
    // The role of an organization's trail has to let it write for accounts that are not known here.
    let role = ids.role.as_ref().filter(|_| !ids.is_organizations)?;
    let delivery = Delivery {
        group: name,
        region,
        role: role.name.clone(),
    };
    if !role.exists {
        let step = out.add(Action::CreateRole {
            delivery: delivery.clone(),
            tags: here.env.run.tags.clone(),
        });
        before.push(step.id());
    } else if !role.is_trusted && !role.is_attached {
        out.refuse(format!(
            "the role `{}` exists and does not let CloudTrail assume it; write another role, or let it",
            role.name
        ));
    } else if role.lets == Some(false) || (role.lets.is_none() && needs_policy(role.is_attached, ids)) {
        before.push(out.change(Action::LetDeliver(delivery.clone())).id());
    }
    (!group.is_attached).then_some(delivery)
}

/// A role that the trail delivers by has its policy from somebody else, unless that policy does not do.
fn needs_policy(is_attached: bool, ids: &Ids) -> bool {
    !is_attached || ids.log_delivery_error.is_some()
}

/// What to send so that a key becomes the wanted one.
fn other_key(want: &str, live: Option<&str>) -> Option<String> {
    let live = live.unwrap_or("none");
    let same = want == live || live.ends_with(&format!(":key/{want}"));
    (!same).then(|| {
        if want == "none" {
            String::new()
        } else {
            want.to_owned()
        }
    })
}

fn risks(settings: &Settings, for_whom: &str) -> Vec<String> {
    let mut risks = vec![];
    if settings.multi_region == Some(false) {
        risks.push(format!("other regions are no longer recorded{for_whom}"));
    }
    if settings.validation == Some(false) {
        risks.push(format!(
            "changes of files from now on cannot be found out{for_whom}"
        ));
    }
    if settings.kms_key.is_some() {
        risks.push("who reads the files needs other permissions of KMS from now on".to_owned());
    }
    risks
}

/// Says where an adopted trail is another than the written one.
fn adopted(want: &Model, ids: &Ids, trail: &Target, here: &Here<'_>, out: &mut Changes<Action>) {
    let mut other = vec![];
    if want.name.as_ref().is_some_and(|name| *name != trail.name) {
        other.push(format!("is called `{}`", trail.name));
    }
    if trail.is_organizations {
        other.push("is the organization's".to_owned());
    }
    if trail.home != here.env.home {
        other.push(format!("is at home in {}", trail.home));
    }
    if let (Some(want), Some(live)) = (&want.bucket, &ids.bucket)
        && want.as_str() != live
    {
        other.push(format!("delivers to `{live}`"));
    }
    if let (Some(want), Some(live)) = (&want.log_group, &ids.group)
        && live.is_attached
        && *want != live.name
    {
        other.push(format!("has the log group `{}`", live.name));
    }
    if !other.is_empty() {
        out.notice(format!(
            "the account's trail {} and is left so; a second one would cost 2 USD for 100,000 events",
            other.join(", ")
        ));
    }
}

/// Says what monitors cannot hear of, because the trail leaves it out.
fn incomplete(want: &Model, seen: &Observed<Model, Ids>, out: &mut Changes<Action>) {
    let recorded = match (want.management_events, seen.model.management_events) {
        (Some(_), _) | (None, Some(Events::All)) => None,
        (None, Some(Events::ReadOnly)) => Some("only management events that read"),
        (None, Some(Events::WriteOnly)) => Some("only management events that change something"),
        (None, None) => Some("no management events"),
    };
    if let Some(recorded) = recorded {
        out.notice(format!(
            "the account's trail records {recorded}, so monitors hear of no others; write management_events = \"all\""
        ));
    }
    let left_out = &seen.ids.told.left_out;
    if !left_out.is_empty() {
        out.notice(format!(
            "the account's trail leaves out what {} does, so monitors of that stay silent; take the exclusion out of its \
             event selectors to hear of it",
            left_out.join(" and what ")
        ));
    }
}

/// What only a person can find out.
fn failing(ids: &Ids, out: &mut Changes<Action>) {
    if let Some(error) = &ids.delivery_error {
        out.person(format!(
            "CloudTrail cannot deliver to the bucket `{}`: {error}; its policy or its key has to let \
             cloudtrail.amazonaws.com in",
            ids.bucket.as_deref().unwrap_or_default()
        ));
    }
    if let Some(error) = &ids.log_delivery_error {
        out.person(format!(
            "CloudTrail cannot deliver to CloudWatch Logs: {error}; look at the role and at the log group's key"
        ));
    }
}
