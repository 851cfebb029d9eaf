//! What has to be done.

use trueup_core::change::Changes;
use trueup_core::control::{Here, Observed};
use trueup_core::location::Location;
use trueup_core::tags;

use super::delivery::{deliver, failing};
use super::model::{Action, Events, Ids, Model, Other, Settings, Target, arn};
use super::selectors::{KMS, Selection};
use super::{TRAIL, TRAILS, price};
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
    let is_named = want.name.as_ref() == Some(name);
    others(ids, Some(live), out);
    left_out(want, seen, out);
    let for_whom = match ids.is_organizations {
        true => " in every account of the organization",
        false => "",
    };
    let mut before = vec![];
    let is_everywhere = want.multi_region.or(live.multi_region) == Some(true);
    let multi_region = want.multi_region.filter(|on| live.multi_region != Some(*on));
    let mut settings = Settings {
        bucket: other_bucket(want, ids, is_named, here),
        prefix: want
            .prefix
            .clone()
            .filter(|prefix| is_named && live.prefix.as_ref() != Some(prefix)),
        multi_region,
        // What records every region has to record what is global.
        global: ids.lacks_global && is_everywhere && multi_region.is_none(),
        validation: want
            .log_file_validation
            .filter(|on| live.log_file_validation != Some(*on)),
        kms_key: want
            .kms_key
            .as_deref()
            .and_then(|key| other_key(key, live.kms_key.as_deref())),
        delivery: None,
    };
    adopted(want, live, &trail, &settings, here, out);
    if let Some(group) = &ids.group {
        settings.delivery = deliver(want, group, ids, here, &mut before, out);
    }
    let mends_delivery = !before.is_empty() || settings.delivery.is_some();
    let is_logging = live.logging == Some(true);
    let delivers = settings.delivery.is_some() && !ids.group.as_ref().is_some_and(|group| group.is_attached);
    if settings != Settings::default() {
        let risks = risks(&settings, ids, for_whom);
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
    select(want, seen, &trail, is_named, for_whom, out);
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
    if is_logging {
        failing(ids, mends_delivery, here, out);
    }
}

/// Which management events are recorded.
fn select(
    want: &Model,
    seen: &Observed<Model, Ids>,
    trail: &Target,
    is_named: bool,
    for_whom: &str,
    out: &mut Changes<Action>,
) {
    let (live, ids) = (&seen.model, &seen.ids);
    let has_all = live.management_events == Some(Events::All);
    let events = match want.management_events {
        // On a trail that the file does not name, more than the file asks for belongs to its owner.
        Some(wanted) if has_all && !is_named => {
            if wanted != Events::All {
                out.kept.push(vec!["management_events".to_owned()]);
            }
            None
        }
        Some(wanted) => Some(wanted).filter(|wanted| live.management_events != Some(*wanted)),
        // What changes something is the least that a trail is for.
        None => Some(Events::All).filter(|_| !has_all && live.management_events != Some(Events::WriteOnly)),
    };
    let kms = want.kms_events == Some(true) && live.kms_events == Some(false);
    if events.is_none() && !kms {
        return;
    }
    let is_first = live.management_events.is_none() && !ids.is_narrowed;
    let mut step = out.change(Action::Select {
        trail: trail.clone(),
        selection: Selection { events, kms },
    });
    if is_first && live.logging == Some(true) {
        step = step.costs(price::copy(ids));
    }
    if events.is_some_and(|events| events != Events::All) && live.management_events.is_some() {
        step.disruptive(format!(
            "other management events are no longer recorded{for_whom}"
        ));
    }
}

/// The bucket that the file writes for this very trail. That of `[log_bucket]` is for a new one alone.
fn other_bucket(want: &Model, ids: &Ids, is_named: bool, here: &Here<'_>) -> Option<String> {
    let bucket = want.bucket.as_ref()?.as_str();
    // Where that could not be read, it may be this one.
    let log_bucket = here.relied.seen::<LogBucket>()?.ids;
    let differs = is_named && !log_bucket.is_meant(bucket) && ids.bucket.as_deref() != Some(bucket);
    differs.then(|| bucket.to_owned())
}

fn leave(ids: &Ids, out: &mut Changes<Action>) {
    let several = ids
        .others
        .iter()
        .filter(|other| other.is_everywhere && !other.is_organizations);
    let mut several: Vec<&str> = several.map(|other| other.name.as_str()).collect();
    if let (Some(name), false) = (&ids.name, several.is_empty()) {
        several.push(name);
        several.sort_unstable();
        out.refuse(format!(
            "the account has several trails of every region, and only one can be meant: {}; delete the others by hand",
            several.join(", ")
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
    if !ids.full.is_empty() {
        out.refuse(format!(
            "CloudTrail allows {TRAILS} trails in a region, and {} has {}: {}. Delete one, or write the name of one as \
             name: it then becomes the trail of the account",
            here.env.home,
            ids.full.len(),
            ids.full.join(", ")
        ));
        return;
    }
    others(ids, None, out);
    let log_bucket = here.relied.seen::<LogBucket>().map(|seen| seen.ids);
    let log_bucket = log_bucket.filter(|ids| ids.is_meant(bucket.as_str()));
    let in_use = log_bucket.as_ref().and_then(|ids| ids.name.clone());
    let mut before = vec![];
    let delivery = ids
        .group
        .as_ref()
        .and_then(|group| deliver(want, group, ids, here, &mut before, out));
    let env = here.env;
    let costs = price::costs(delivery.is_some(), ids);
    let step = out.add(Action::Create {
        name: name.clone(),
        bucket: in_use.unwrap_or_else(|| bucket.to_string()),
        prefix: want.prefix.clone(),
        settings: Settings {
            multi_region: want.multi_region,
            validation: want.log_file_validation,
            kms_key: want.kms_key.clone().filter(|key| key != "none"),
            delivery,
            ..Settings::default()
        },
        tags: env.run.tags.clone(),
    });
    let mut step = step.after_all(before).provides(TRAIL.at(&Location::Account));
    // Another account's bucket has to let CloudTrail in by itself.
    if log_bucket.is_some() {
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
            selection: Selection {
                events: Some(events),
                kms: false,
            },
        };
        last = out.change(select).after(created).id();
    }
    if want.logging == Some(true) {
        out.change(Action::Start(trail)).after(last).costs(costs);
    }
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

fn risks(settings: &Settings, ids: &Ids, for_whom: &str) -> Vec<String> {
    let mut risks = vec![];
    if settings.bucket.is_some() || settings.prefix.is_some() {
        risks.push(format!(
            "readers of the files in `{}` find no new ones there",
            ids.bucket.as_deref().unwrap_or_default()
        ));
    }
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

/// Says where an adopted trail is another than the written one. What is so stays.
fn adopted(
    want: &Model,
    live: &Model,
    trail: &Target,
    settings: &Settings,
    here: &Here<'_>,
    out: &mut Changes<Action>,
) {
    let mut other = vec![];
    let mut stays = |key: Option<&str>, is_other: bool, what: String| {
        if is_other {
            out.kept.extend(key.map(|key| vec![key.to_owned()]));
            other.push(what);
        }
    };
    let is_other = |want: Option<&str>, live: Option<&str>| want.is_some() && live.is_some() && want != live;
    stays(
        Some("name"),
        is_other(want.name.as_deref(), live.name.as_deref()),
        format!("is called `{}`", trail.name),
    );
    stays(None, trail.is_organizations, "is the organization's".to_owned());
    stays(
        None,
        trail.home != here.env.home,
        format!("is at home in {}", trail.home),
    );
    let bucket = |model: &Model| model.bucket.as_ref().map(|bucket| bucket.as_str().to_owned());
    stays(
        Some("bucket"),
        is_other(bucket(want).as_deref(), bucket(live).as_deref()) && settings.bucket.is_none(),
        format!("delivers to `{}`", bucket(live).unwrap_or_default()),
    );
    let prefix = live.prefix.as_deref().unwrap_or_default();
    stays(
        Some("prefix"),
        want.prefix.as_deref().is_some_and(|want| want != prefix) && settings.prefix.is_none(),
        format!("has the prefix `{prefix}`"),
    );
    stays(
        Some("log_group"),
        is_other(want.log_group.as_deref(), live.log_group.as_deref()),
        format!(
            "has the log group `{}`",
            live.log_group.as_deref().unwrap_or_default()
        ),
    );
    if !other.is_empty() {
        out.notice(format!(
            "the account's trail {} and is left so; a second one would cost 2 USD for 100,000 events",
            other.join(", ")
        ));
    }
}

/// Names the other trails, and says which of them is a second copy that is paid for.
fn others(ids: &Ids, chosen: Option<&Model>, out: &mut Changes<Action>) {
    if let Some(arn) = &ids.organization_trail {
        let own = match (&ids.name, chosen) {
            (Some(name), Some(_)) => format!("`{name}`"),
            _ => "a new trail".to_owned(),
        };
        out.notice(format!(
            "the organization's trail {arn} records this account too (only the account that owns it can see whether it is \
             logging). trueup manages {own} in addition: each further copy of management events costs 2 USD for 100,000 events"
        ));
    }
    let list = |all: &[&Other]| {
        let names: Vec<String> = all.iter().map(ToString::to_string).collect();
        names.join(", ")
    };
    let all: Vec<&Other> = ids.others.iter().collect();
    let copies: Vec<&Other> = ids.others.iter().filter(|other| other.is_a_copy()).collect();
    if !all.is_empty() {
        let manages = match (&ids.name, chosen) {
            (Some(name), Some(_)) => format!("`{name}` is managed, as the one that fits best"),
            _ => "a new one is made".to_owned(),
        };
        out.notice(format!("the account has other trails: {}; {manages}", list(&all)));
    }
    if !copies.is_empty() {
        let instead = match (chosen, copies.iter().find(|other| !other.is_everywhere)) {
            (None, Some(other)) => format!(
                "; to make it the trail of the account instead, for all regions, write name = \"{}\"",
                other.name
            ),
            _ => String::new(),
        };
        let many = if copies.len() == 1 { "records" } else { "record" };
        out.notice(format!(
            "{} {many} management events too: each further copy of them costs 2 USD for 100,000 events{instead}",
            list(&copies)
        ));
    }
}

/// Says what monitors cannot hear of, because the trail leaves it out.
fn left_out(want: &Model, seen: &Observed<Model, Ids>, out: &mut Changes<Action>) {
    if want.management_events.is_none() && seen.model.management_events == Some(Events::WriteOnly) {
        out.notice(
            "the account's trail records only management events that change something: monitors of the root user and of \
             disabled KMS keys miss what only reads; write management_events = \"all\" to record that too",
        );
    }
    let is_mended = |source: &&String| want.kms_events == Some(true) && source.as_str() == KMS;
    let left_out = seen.ids.told.left_out.iter().filter(|source| !is_mended(source));
    let left_out: Vec<&str> = left_out.map(String::as_str).collect();
    if !left_out.is_empty() {
        out.notice(format!(
            "the account's trail leaves out what {} does, so monitors of that stay silent; take the exclusion out of its \
             event selectors to hear of it",
            left_out.join(" and what ")
        ));
    }
}
