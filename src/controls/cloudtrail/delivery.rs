//! What has to be done so that events reach the log group and the bucket.

use jiff::civil::Date;
use trueup_core::change::{Changes, LocalId};
use trueup_core::control::Here;
use trueup_core::location::Location;
use trueup_core::tags;
use trueup_core::values::{Bound, Fit, NumberOr};

use super::LOG_GROUP;
use super::model::{Action, Delivery, Failing, Group, Ids, Lets, Model, Place, Role, longer};
use crate::role_rights::{Boundary, NARROWS};

/// Log group and role; what the trail has to be told about them, if it does not deliver yet.
pub(super) fn deliver(
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
    if let Some(class) = &group.other_class {
        out.refuse_entry(
            "log_group",
            format!(
                "the log group `{}` has the class {class}, which takes no metric filters, and the class of a log group \
                 cannot be changed: {}",
                group.name,
                match group.is_attached {
                    true => "point the trail at a log group of class STANDARD by hand",
                    false => "write another log_group",
                }
            ),
        );
        return None;
    }
    // The role of an organization's trail has to let it write for accounts that are not known here.
    let role = ids.role.as_ref().filter(|_| !ids.is_organizations);
    let obstacle = role
        .filter(|role| role.exists)
        .and_then(|role| obstacle(role, &group.name));
    if group.exists {
        keep_events(want, group, out);
        let missing = tags::differing(&here.env.run.tags, &group.tags);
        if !missing.is_empty() {
            out.change(Action::TagGroup {
                group: group.name.clone(),
                region: group.region.clone(),
                tags: missing,
            });
        }
    } else if obstacle.is_none() {
        let step = out.add(Action::CreateGroup {
            group: group.name.clone(),
            region: group.region.clone(),
            retention: want.log_retention_days.and_then(|days| days.value().number),
            tags: here.env.run.tags.clone(),
        });
        before.push(step.provides(LOG_GROUP.at(&Location::Account)).id());
    }
    if let Some(why) = obstacle {
        out.refuse_entry("role", why);
        return None;
    }
    let role = role?;
    let delivery = Delivery {
        group: group.name.clone(),
        region: group.region.clone(),
        role: role.name.clone(),
        // A new one has no path.
        path: role.path.clone().filter(|_| role.exists),
    };
    if role.exists {
        mend(role, &delivery, before, out);
        let missing = tags::differing(&here.env.run.tags, &role.tags);
        if !missing.is_empty() {
            let role = role.name.clone();
            out.change(Action::TagRole { role, tags: missing });
        }
    } else {
        let step = out.add(Action::CreateRole {
            delivery: delivery.clone(),
            boundary: want.permissions_boundary.clone(),
            tags: here.env.run.tags.clone(),
        });
        before.push(step.id());
    }
    limit(want, role, out);
    let is_attached = group.is_attached && role.is_attached && (role.exists || role.path.is_none());
    (!is_attached).then_some(delivery)
}

/// The permissions boundary of a role that exists, where the file names one.
fn limit(want: &Model, role: &Role, out: &mut Changes<Action>) {
    let wanted = want.permissions_boundary.as_ref().filter(|_| role.exists);
    match wanted.map(|wanted| Boundary::of(&role.name, role.boundary.as_deref(), Some(wanted))) {
        None | Some(Boundary::Right) => {}
        Some(Boundary::Another(why)) => out.refuse_entry("permissions_boundary", why),
        Some(Boundary::Missing(boundary)) => {
            let (role, boundary) = (role.name.clone(), boundary.to_owned());
            out.change(Action::PutBoundary { role, boundary })
                .disruptive(NARROWS);
        }
    }
}

/// How long the log group keeps events.
fn keep_events(want: &Model, group: &Group, out: &mut Changes<Action>) {
    let Some(wanted) = want.log_retention_days else {
        return;
    };
    let live = NumberOr::from_api(group.retention);
    match wanted.fit(&live, longer) {
        Fit::Equal => {}
        Fit::Other => {
            let (name, asked) = (&group.name, wanted.value());
            let told = match (live.number, wanted) {
                (Some(days), Bound::AtMost(_)) => {
                    format!(
                        "the log group `{name}` keeps events for {days} days, which stays: the file caps it at {asked}"
                    )
                }
                (Some(days), _) => format!(
                    "the log group `{name}` keeps events for {days} days, longer than the {asked} of the file; to shorten \
                     that write log_retention_days = {{ at_most = {asked} }}"
                ),
                (None, _) => format!(
                    "the events of the log group `{name}` are kept and paid for without end; to end that write \
                     log_retention_days = {{ at_most = {asked} }}"
                ),
            };
            out.keep(&["log_retention_days"], told);
        }
        Fit::Misses => {
            let is_shorter = longer(wanted.value(), &live).is_lt();
            let step = out.change(Action::Retain {
                group: group.name.clone(),
                region: group.region.clone(),
                days: wanted.value().number,
            });
            if let Some(days) = wanted.value().number.filter(|_| is_shorter) {
                step.destructive(format!(
                    "events older than {days} days are deleted from the log group"
                ))
                .weakening("events are kept for less time");
            }
        }
    }
}

/// Why a role cannot be made to deliver.
fn obstacle(role: &Role, group: &str) -> Option<String> {
    let name = &role.name;
    match (&role.trust, &role.rights) {
        (Lets::No, _) if !role.is_attached || role.mended_trust.is_none() => Some(format!(
            "the role `{name}` exists and does not let cloudtrail.amazonaws.com assume it: write another role, or let \
             CloudTrail assume this one"
        )),
        (Lets::Denied(why), _) => Some(format!(
            "the trust policy of the role `{name}` keeps cloudtrail.amazonaws.com out ({why}): remove that statement, or \
             write another role"
        )),
        (_, Lets::Denied(why)) => Some(format!(
            "the role `{name}` may not write to the log group `{group}`, whatever is added to it ({why}): remove what \
             forbids it, or write another role"
        )),
        _ => None,
    }
}

/// Lets a role deliver that does not.
fn mend(role: &Role, delivery: &Delivery, before: &mut Vec<LocalId>, out: &mut Changes<Action>) {
    let name = &role.name;
    match &role.trust {
        Lets::Unknown(why) => out.notice(format!(
            "whether CloudTrail may assume the role `{name}` cannot be told from its trust policy: {why}"
        )),
        Lets::No => {
            if let Some(trust) = role.mended_trust.clone() {
                let role = name.clone();
                before.push(out.change(Action::SetTrust { role, trust }).id());
            }
        }
        Lets::Yes | Lets::Denied(_) => {}
    }
    match &role.rights {
        Lets::Unknown(why) => out.notice(format!(
            "whether the role `{name}` may write to the log group cannot be told from its policies: {why}"
        )),
        Lets::No => before.push(out.change(Action::LetDeliver(delivery.clone())).id()),
        Lets::Yes | Lets::Denied(_) => {}
    }
}

/// Deliveries that fail for longer than a day, or for a reason that does not go away by itself.
pub(super) fn failing(ids: &Ids, mends_logs: bool, here: &Here<'_>, out: &mut Changes<Action>) {
    let lasts = |one: &&Failing| {
        is_permanent(&one.error) || one.since.as_deref().is_none_or(|day| is_past(day, here))
    };
    for one in ids.failing.iter().filter(lasts) {
        let bucket = ids.bucket.as_deref().unwrap_or_default();
        let error = &one.error;
        match one.to {
            // What these steps change is newer than the failure.
            Place::Logs if mends_logs => {}
            Place::Logs => out.person(format!(
                "CloudTrail cannot deliver to CloudWatch Logs: {error}; look at the role and at the log group's key"
            )),
            Place::Bucket => out.person(format!(
                "CloudTrail cannot deliver to the bucket `{bucket}`: {error}; its policy or its key has to let \
                 cloudtrail.amazonaws.com in"
            )),
            Place::Digest => out.person(format!(
                "CloudTrail cannot deliver digest files to the bucket `{bucket}`: {error}; its policy or its key has to let \
                 cloudtrail.amazonaws.com in"
            )),
        }
    }
}

/// What does not go away by itself: the bucket is gone, or something refuses.
fn is_permanent(error: &str) -> bool {
    let error = error.to_lowercase().replace(' ', "");
    ["nosuchbucket", "accessdenied", "kms"]
        .iter()
        .any(|code| error.contains(code))
}

/// A day is known, not an hour: at least 24 hours have passed once two days lie between.
fn is_past(day: &str, here: &Here<'_>) -> bool {
    let day = day.parse::<Date>();
    day.is_ok_and(|day| (here.env.run.today - day).get_days() >= 2)
}
