//! What has to be done to a region's recorder.

use std::collections::BTreeSet;

use trueup_core::change::{Changes, LocalId};
use trueup_core::control::{Control, Here, Observed};
use trueup_core::location::Region;
use trueup_core::tags;

use super::model::{Action, Channel, Frequency, Ids, Model, Recorder, Recording, service_linked_role};
use super::want::{Scope, keep, wanted};
use super::{RECORDER, price};
use crate::global_region;
use crate::log_bucket::{self, LogBucket};

/// What a recorder and a channel are called that trueup makes, as the console calls its own.
const NAME: &str = "default";

/// See [`trueup_core::control::Control::diff`].
pub(super) fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
    let is_on = seen.model.enabled == Some(true);
    if want.enabled == Some(false) {
        if let Some(recorder) = seen.ids.recorder.as_ref().filter(|_| is_on) {
            let name = recorder.name.clone();
            out.change(Action::Stop { name })
                .destructive("what changes from then on is not recorded")
                .removes(RECORDER.at(here.place));
        }
        return;
    }
    let Some(recorder) = &seen.ids.recorder else {
        match want.enabled {
            Some(true) if is_on => {}
            Some(true) => create(want, seen, here, out),
            _ => out.refuse("there is no recorder to change; write `enabled = true` to have one"),
        }
        return;
    };
    let tags = tags::differing(&here.env.run.tags, &recorder.tags);
    if let Some(arn) = recorder.arn.clone().filter(|_| !tags.is_empty()) {
        out.change(Action::Tag { arn, tags });
    }
    let scope = scope(want, seen, here, out);
    let mut before = vec![];
    before.extend(update(want, recorder, scope, here, out));
    let Some(channel) = deliver(want, seen, !is_on && want.enabled == Some(true), here, out) else {
        return;
    };
    if channel.is_none() && !recorder.is_role_gone {
        arrives(seen, here, out);
    }
    before.extend(channel);
    if want.enabled == Some(true) && !is_on {
        let recording = wanted(want, &recorder.recording, scope);
        start(&recorder.name, &recording, before, here, out);
    }
}

/// Whether IAM's types belong here, with what is in the way of that.
fn scope<'a>(
    want: &Model,
    seen: &'a Observed<Model, Ids>,
    here: &'a Here<'_>,
    out: &mut Changes<Action>,
) -> Scope<'a> {
    let of = |region: Option<&'a Region>| Scope {
        global_region: region,
        is_global_region: region.is_some() && region == here.place.region(),
        is_new: false,
    };
    let Some(regions) = &want.global_regions else {
        return of(Some(&here.env.home));
    };
    if regions.is_empty() && want.global_resource_types.is_some_and(|on| *on.value()) {
        out.refuse_entry(
            "global_resource_types",
            "no region of this file can record IAM's types: AWS Config records them only in regions that it served before \
             February 2022. Add one of those, such as us-east-1, to `regions`",
        );
    }
    of(seen.ids.global_region.as_ref())
}

/// Says whether the records arrive, as far as Config knows.
fn arrives(seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
    let (Some(failing), Some(channel)) = (&seen.ids.told.failing, &seen.ids.channel) else {
        return;
    };
    let bucket = &channel.bucket;
    let code = match failing.code.as_str() {
        "" => "AWS gives no reason",
        code => code,
    };
    let log_bucket = here.relied.seen::<LogBucket>();
    let own = log_bucket.filter(|seen| seen.ids.is_managed && seen.ids.name.as_ref() == Some(bucket));
    let is_let_in = own
        .as_ref()
        .is_some_and(|own| LogBucket::holds(own, here).contains(&log_bucket::for_config(&channel.prefix)));
    if own.is_some() && code == "NoSuchBucket" {
        // The bucket is that cell's to judge, and what failed before it was made again says nothing of it.
        out.notice(format!(
            "the last delivery of configuration records to `{bucket}` failed, as the bucket did not exist; the next one \
             shows whether that is over"
        ));
        return;
    }
    // A bucket that lets Config in now may not have done so then.
    let is_permanent = failing.is_permanent && !(is_let_in && code.contains("AccessDenied"));
    if !is_permanent && !failing.is_lasting {
        out.notice(format!(
            "the last delivery of configuration records to `{bucket}` failed ({code}); Config tries again by itself"
        ));
        return;
    }
    let help = match code {
        "NoSuchBucket" => "create the bucket, or write `bucket` to deliver to another one",
        _ => {
            "let config.amazonaws.com write to it by the policies of the bucket and of its key, or write `bucket` to \
             deliver to another one"
        }
    };
    out.person(format!(
        "AWS Config cannot deliver configuration records to `{bucket}` ({code}): {help}. The next delivery that succeeds \
         settles this"
    ));
}

/// The bucket of `[log_bucket]`, if the file has one: what a new channel delivers to unless the table says otherwise.
fn log_bucket(here: &Here<'_>) -> Option<String> {
    let ids = here.relied.seen::<LogBucket>()?.ids;
    ids.name.filter(|_| ids.is_managed)
}

fn create(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
    if want.bucket.is_none() && seen.ids.channel.is_none() && log_bucket(here).is_none() {
        out.refuse(NO_BUCKET);
        return;
    }
    let born = Recording {
        role: service_linked_role(here.env),
        global: here.is_home() && here.place.region().is_some_and(global_region::can_record_iam),
        ..Recording::default()
    };
    let scope = Scope {
        is_new: true,
        ..scope(want, seen, here, out)
    };
    let recording = wanted(want, &born, scope);
    let made = out
        .add(Action::Create {
            name: NAME.to_owned(),
            recording: recording.clone(),
            tags: here.env.run.tags.clone(),
        })
        .id();
    let channel = deliver_after(want, seen, Some(made), here, out);
    start(NAME, &recording, std::iter::once(made).chain(channel), here, out);
}

const NO_BUCKET: &str = "there is no delivery channel, and without one nothing is recorded; write `bucket`, or have a \
                         [log_bucket]";

fn start(
    name: &str,
    recording: &Recording,
    before: impl IntoIterator<Item = LocalId>,
    here: &Here<'_>,
    out: &mut Changes<Action>,
) {
    let name = name.to_owned();
    out.change(Action::Start { name })
        .after_all(before)
        .provides(RECORDER.at(here.place))
        .costs(price::costs(recording, here));
}

/// The last part of a role's ARN.
fn role_name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or_default()
}

fn update(
    want: &Model,
    recorder: &Recorder,
    scope: Scope<'_>,
    here: &Here<'_>,
    out: &mut Changes<Action>,
) -> Option<LocalId> {
    let live = &recorder.recording;
    let linked = service_linked_role(here.env);
    let mut new = wanted(want, live, scope);
    if want.service_linked_role == Some(true) || recorder.is_role_gone {
        new.role = linked;
    } else if live.role != linked {
        out.notice(format!(
            "records with the role {}, and Security Hub's control Config.1 expects the service-linked one; write \
             service_linked_role = true to use that",
            role_name(&live.role)
        ));
    }
    keep(want, &new, scope, out);
    if new == *live && !recorder.is_role_gone {
        return None;
    }
    if new.only.as_ref().is_some_and(BTreeSet::is_empty) {
        out.refuse(
            "only IAM's types are recorded here, and without them nothing is left; write `only` or `exclude`, or \
             `enabled = false`",
        );
        return None;
    }
    let mut changes = vec![];
    if recorder.is_role_gone {
        changes.push(format!(
            "the service-linked role, as {} does not exist",
            role_name(&live.role)
        ));
    } else if new.role != live.role {
        changes.push("the service-linked role".to_owned());
    }
    if live.is_unclear || (&new.only, &new.exclude, new.global) != (&live.only, &live.exclude, live.global) {
        changes.push(new.scope());
    }
    if new.frequency != live.frequency {
        changes.push(new.frequency.to_string());
    }
    if new.exceptions() != live.exceptions() {
        changes.push(match &new.otherwise {
            Some((frequency, types)) => format!("{} types {frequency}", types.len()),
            None => "no exceptions from that".to_owned(),
        });
    }
    let (narrower, later) = (narrows(live, &new), is_later(live, &new));
    let mut step = out.change(Action::Update {
        name: recorder.name.clone(),
        recording: new,
        changes,
    });
    if let Some(what) = narrower {
        step = step.destructive(what);
    }
    if later {
        step = step.disruptive("what changes several times a day is recorded once");
    }
    Some(step.id())
}

/// What is no longer recorded, if anything is.
fn narrows(live: &Recording, new: &Recording) -> Option<String> {
    let said = |types: Vec<&String>| match types.as_slice() {
        [] => None,
        [one] => Some(format!("{one} is no longer recorded")),
        [one, rest @ ..] => Some(format!("{one} and {} more are no longer recorded", rest.len())),
    };
    let named = match (&live.only, &new.only) {
        (None, Some(_)) => Some("all other types are no longer recorded".to_owned()),
        (Some(live), Some(new)) => said(live.difference(new).collect()),
        (Some(live), None) => said(live.intersection(&new.exclude).collect()),
        (None, None) => said(new.exclude.difference(&live.exclude).collect()),
    };
    named.or_else(|| {
        let lost = new.is_all() && !new.global && live.has_global() != Some(false);
        lost.then(|| "IAM's types are no longer recorded here".to_owned())
    })
}

/// Whether anything that was recorded at once is to be recorded daily.
fn is_later(live: &Recording, new: &Recording) -> bool {
    let daily = new.with(Frequency::Daily);
    match (live.frequency, new.frequency) {
        (Frequency::Continuous, Frequency::Daily) => true,
        (Frequency::Continuous, Frequency::Continuous) => !daily.is_subset(&live.with(Frequency::Daily)),
        _ => !live
            .with(Frequency::Continuous)
            .iter()
            .all(|one| match new.frequency {
                Frequency::Continuous => !daily.contains(one),
                Frequency::Daily => new.with(Frequency::Continuous).contains(one),
            }),
    }
}

/// The step of the delivery channel, if there is one to do; nothing at all if the recorder cannot start.
fn deliver(
    want: &Model,
    seen: &Observed<Model, Ids>,
    is_to_start: bool,
    here: &Here<'_>,
    out: &mut Changes<Action>,
) -> Option<Option<LocalId>> {
    if seen.ids.channel.is_none() && want.bucket.is_none() && log_bucket(here).is_none() {
        if is_to_start || want.prefix.is_some() {
            out.refuse(NO_BUCKET);
        }
        return None;
    }
    Some(deliver_after(want, seen, None, here, out))
}

fn deliver_after(
    want: &Model,
    seen: &Observed<Model, Ids>,
    after: Option<LocalId>,
    here: &Here<'_>,
    out: &mut Changes<Action>,
) -> Option<LocalId> {
    let own = log_bucket(here);
    let live = seen.ids.channel.as_ref();
    let mut new = live.cloned().unwrap_or_else(|| Channel {
        name: NAME.to_owned(),
        ..Channel::default()
    });
    if let Some(bucket) = &want.bucket {
        bucket.as_str().clone_into(&mut new.bucket);
    } else if let (None, Some(own)) = (live, &own) {
        new.bucket.clone_from(own);
    }
    let is_own = own.as_ref() == Some(&new.bucket);
    let needed = log_bucket::for_config(want.prefix.as_ref().unwrap_or(&new.prefix));
    if let Some(prefix) = &want.prefix {
        new.prefix.clone_from(prefix);
    } else if is_own && live.is_some_and(|live| live.bucket != new.bucket) && !new.prefix.is_empty() {
        // The bucket's policy follows what the file says, and of the live prefix it says nothing.
        let lets = here.relied.seen::<LogBucket>();
        if !lets.is_some_and(|seen| LogBucket::holds(&seen, here).contains(&needed)) {
            out.refuse(format!(
                "the delivery channel writes under the prefix `{0}`, and [log_bucket] lets Config write without one; \
                 write prefix = \"{0}\" to keep it, or prefix = \"\" to drop it",
                new.prefix
            ));
            return None;
        }
    }
    let step = match live {
        Some(live) if *live == new => return None,
        None => out.add(Action::Deliver(new)),
        Some(live) => {
            let why = format!("whoever reads {} sees no new records there", live.bucket);
            out.change(Action::Deliver(new)).disruptive(why)
        }
    };
    let step = step.after_all(after);
    let step = match is_own {
        true => step.needs(needed),
        false => step,
    };
    Some(step.id())
}
