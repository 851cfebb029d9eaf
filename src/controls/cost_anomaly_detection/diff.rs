//! From what is wanted and what is there to the steps between them.

use trueup_core::change::Changes;
use trueup_core::control::{Here, Observed};
use trueup_core::tags;
use trueup_core::values::Recipient;

use super::choice;
use super::model::{Action, Ids, Model, Settings, Subscription};
use super::threshold::{Impact, Incomplete, Threshold};
use crate::alerts::awaiting;

/// See [`Control::diff`](trueup_core::control::Control::diff).
pub(super) fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
    if let Some(why) = &seen.ids.refusal {
        out.refuse(why);
        return;
    }
    if want.is_absent() {
        remove(&seen.ids, out);
        return;
    }
    let live = &seen.model;
    if want.recipients().contains(&Recipient::Alerts) {
        out.refuse(
            "`to` has \"topic\", and the file wants no [alerts] topic to know which: write the topic's ARN",
        );
        return;
    }
    if want.is_silent() {
        if live.is_absent() {
            out.add(Action::CreateMonitor {
                tags: here.env.run.tags.clone(),
            });
        }
    } else if live.is_silent() {
        subscribe(want, seen, here, out);
    } else {
        change(want, seen, out);
    }
    let monitor = seen.ids.monitor.as_ref();
    let monitor = monitor.map(|monitor| (&monitor.arn, "monitor", &monitor.tags));
    let subscription = seen.ids.subscription.as_ref();
    let subscription = subscription.map(|one| (&one.arn, "subscription", &seen.ids.tags));
    for (arn, what, live) in monitor.into_iter().chain(subscription) {
        let tags = tags::differing(&here.env.run.tags, live);
        if !tags.is_empty() {
            out.change(Action::Tag {
                arn: arn.clone(),
                what: what.to_owned(),
                tags,
            });
        }
    }
}

/// The monitor goes last: a subscription to nothing else would be left without one.
fn remove(ids: &Ids, out: &mut Changes<Action>) {
    let Some(monitor) = &ids.monitor else {
        return;
    };
    let mut earlier = vec![];
    for Subscription {
        arn,
        name,
        monitors,
        to,
        ..
    } in ids.subscription.iter().chain(&ids.others)
    {
        let (arn, name) = (arn.clone(), name.clone());
        let kept: Vec<String> = monitors
            .iter()
            .filter(|one| **one != monitor.arn)
            .cloned()
            .collect();
        let step = if kept.is_empty() {
            out.destroy(Action::Unsubscribe { arn, name })
        } else {
            let monitors = kept;
            out.change(Action::Detach { arn, name, monitors })
        };
        let who: Vec<String> = to.iter().map(Recipient::to_string).collect();
        let stops = format!("stops telling {} of services' anomalies", who.join(", "));
        earlier.push(step.destructive(stops).id());
    }
    out.destroy(Action::DeleteMonitor {
        arn: monitor.arn.clone(),
        name: monitor.name.clone(),
    })
    .destructive("what it learnt about the account's usual costs is lost")
    .after_all(earlier);
}

fn subscribe(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
    let threshold = want.threshold();
    let lacks: Vec<&str> = [
        ("frequency", want.frequency.is_none()),
        (
            "impact_absolute or impact_percent",
            threshold == Err(Incomplete::NoImpact),
        ),
        ("to", want.to.is_none()),
    ]
    .into_iter()
    .filter_map(|(key, lacks)| lacks.then_some(key))
    .collect();
    if !lacks.is_empty() {
        out.refuse(format!(
            "there is no subscription yet, and to make one the table lacks {}",
            lacks.join(", ")
        ));
        return;
    }
    if !seen.ids.others.is_empty() {
        let names: Vec<String> = seen
            .ids
            .others
            .iter()
            .map(|one| format!("`{}`", one.name))
            .collect();
        out.notice(format!(
            "others hear of the same anomalies by {}, which trueup leaves alone",
            names.join(", ")
        ));
    }
    let step = out.add(Action::Subscribe {
        monitor: seen.ids.monitor.as_ref().map(|monitor| monitor.arn.clone()),
        settings: Settings {
            frequency: want.frequency,
            to: want.to.clone(),
            threshold: threshold.ok(),
        },
        tags: here.env.run.tags.clone(),
    });
    awaiting(step, want.recipients());
}

fn change(want: &Model, seen: &Observed<Model, Ids>, out: &mut Changes<Action>) {
    let live = &seen.model;
    let threshold = match threshold(want, live, out) {
        Ok(threshold) => threshold,
        Err(why) => {
            out.refuse(why);
            return;
        }
    };
    let change = Settings {
        frequency: want.frequency.filter(|want| live.frequency != Some(*want)),
        to: want
            .to
            .as_ref()
            .filter(|to| !choice::same(to, live.recipients()))
            .map(|to| {
                // Who goes on being told stays as they were written.
                let stays = |one: &Recipient| live.recipients().iter().find(|live| *live == one).cloned();
                to.iter()
                    .map(|one| stays(one).unwrap_or_else(|| one.clone()))
                    .collect()
            }),
        threshold,
    };
    if change == Settings::default() {
        return;
    }
    let to = change.to.as_deref().unwrap_or(live.recipients());
    if let Some(frequency) = want.frequency.or(live.frequency)
        && let Some(what) = frequency.misfit(to)
    {
        out.refuse(format!("{what}: write both frequency and to"));
        return;
    }
    let Some(Subscription { arn, name, .. }) = seen.ids.subscription.clone() else {
        return;
    };
    let new = change.to.clone().unwrap_or_default();
    let dropped = live.recipients().iter().filter(|one| !to.contains(one));
    let dropped: Vec<String> = dropped.map(Recipient::to_string).collect();
    let step = awaiting(out.change(Action::Change { arn, name, change }), &new);
    if !dropped.is_empty() {
        step.destructive(format!("stops this notice to {}", dropped.join(", ")));
    }
}

/// The threshold to send, if it differs: a whole one, with what is not managed as it is. Or what is in the way.
fn threshold(
    want: &Model,
    live: &Model,
    out: &mut Changes<Action>,
) -> Result<Option<Threshold>, &'static str> {
    if !want.manages_threshold() {
        return Ok(None);
    }
    let whole = Model {
        impact_absolute: want.impact_absolute.or(live.impact_absolute),
        impact_percent: want.impact_percent.or(live.impact_percent),
        combine: want.combine.or(live.combine),
        ..Model::default()
    };
    let new = whole.threshold().map_err(|why| match why {
        Incomplete::NoImpact => {
            "a subscription has a threshold, and no impact would be left: write a number for the other one"
        }
        Incomplete::NoCombine => {
            "the subscription asks for the other impact already: write both with combine, or \"none\" for that one"
        }
    })?;
    if live.threshold() == Ok(new) {
        return Ok(None);
    }
    for (key, written, whole) in [
        ("impact_absolute", want.impact_absolute, whole.impact_absolute),
        ("impact_percent", want.impact_percent, whole.impact_percent),
    ] {
        if written.is_none()
            && let Some(number) = whole.and_then(Impact::number)
            && let Some(combine) = new.combine()
        {
            out.notice(format!(
                "{key} = \"{number}\" stays, with combine = \"{}\": write {key} = \"none\" to drop it",
                combine.word()
            ));
        }
    }
    Ok(Some(new))
}
