//! What has to be done to a region's recorder.

use std::collections::BTreeSet;

use trueup_core::change::{Changes, LocalId};
use trueup_core::control::{Here, Observed};
use trueup_core::tags;

use super::model::{Action, Channel, Frequency, Ids, Model, Recorder, Recording, service_linked_role};
use super::{RECORDER, price};
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
    let mut before = vec![];
    before.extend(update(want, recorder, here, out));
    let Some(channel) = deliver(want, seen, !is_on && want.enabled == Some(true), here, out) else {
        return;
    };
    before.extend(channel);
    if want.enabled == Some(true) && !is_on {
        let recording = wanted(want, &recorder.recording, String::new());
        start(&recorder.name, &recording, before, here, out);
    }
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
    let is_home = here.place.region() == Some(&here.env.home);
    let born = Recording {
        global: is_home,
        ..Recording::default()
    };
    let recording = wanted(want, &born, service_linked_role(here.env));
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

/// What the recorder is to record, with what is not written as it is.
fn wanted(want: &Model, live: &Recording, role: String) -> Recording {
    let mut new = live.clone();
    new.role = role;
    if let Some(exclude) = &want.exclude {
        new.only = None;
        new.exclude.clone_from(exclude);
        // That a list ends does not mean that IAM's types are no longer wanted.
        new.global = exclude.is_empty() && live.has_global() != Some(false);
    }
    if let Some(only) = &want.only {
        new.only = Some(only.clone());
        new.exclude.clear();
        new.global = false;
    }
    if let Some(global) = want.global_resource_types {
        new.set_global(global);
    }
    if let Some(frequency) = want.frequency {
        new.frequency = frequency;
    }
    for (types, frequency) in [
        (&want.daily, Frequency::Daily),
        (&want.continuous, Frequency::Continuous),
    ] {
        match types {
            Some(types) if !types.is_empty() => new.otherwise = Some((frequency, types.clone())),
            Some(_)
                if new
                    .otherwise
                    .as_ref()
                    .is_some_and(|(other, _)| *other == frequency) =>
            {
                new.otherwise = None;
            }
            _ => {}
        }
    }
    new
}

fn update(want: &Model, recorder: &Recorder, here: &Here<'_>, out: &mut Changes<Action>) -> Option<LocalId> {
    let live = &recorder.recording;
    let role = match want.service_linked_role {
        Some(true) => service_linked_role(here.env),
        _ => live.role.clone(),
    };
    let new = wanted(want, live, role);
    if new == *live {
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
    if new.role != live.role {
        changes.push("the service-linked role".to_owned());
    }
    if (&new.only, &new.exclude, new.global) != (&live.only, &live.exclude, live.global) {
        changes.push(new.scope());
    }
    if new.frequency != live.frequency {
        changes.push(new.frequency.to_string());
    }
    if new.otherwise != live.otherwise {
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
    if let Some(prefix) = &want.prefix {
        new.prefix.clone_from(prefix);
    }
    let needed = log_bucket::for_config(&new.prefix);
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
