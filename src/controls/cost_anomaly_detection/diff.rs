//! From what is wanted and what is there to the steps between them.

use trueup_core::change::Changes;
use trueup_core::control::{Here, Observed};
use trueup_core::tags;
use trueup_core::values::Recipient;

use super::choice;
use super::model::{Action, Frequency, Ids, Model, Settings, Subscription};
use super::threshold::{Incomplete, Threshold};
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
            "there is no subscription to adopt, and to create one the table lacks {}",
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
            "others are notified of the same anomalies by {}, which stays",
            names.join(", ")
        ));
    }
    let step = out.add(Action::Subscribe {
        monitor: seen.ids.monitor.as_ref().map(|monitor| monitor.arn.clone()),
        settings: Settings {
            frequency: want.often(),
            to: want.to.clone(),
            threshold: threshold.ok(),
        },
        tags: here.env.run.tags.clone(),
    });
    awaiting(step, want.recipients());
}

fn change(want: &Model, seen: &Observed<Model, Ids>, out: &mut Changes<Action>) {
    let Some(subscription) = &seen.ids.subscription else {
        return;
    };
    for recipient in choice::declined(want, subscription) {
        out.person(format!(
            "{recipient} declined what the cost anomaly subscription `{}` sends: have the recipient confirm it in the \
             Billing and Cost Management console, or write another one",
            subscription.name
        ));
    }
    let live = &seen.model;
    let threshold = match threshold(want, subscription, live, out) {
        Ok(threshold) => threshold,
        Err(why) => {
            out.refuse(why);
            return;
        }
    };
    let often = subscription.frequency;
    // What is sent at once cannot go to addresses, and a summary cannot go to topics: then no other recipient stays.
    let turns = often.is_some_and(|often| often.misfit(want.recipients()).is_some());
    let wrong = turns
        || out.misses(
            &["frequency"],
            want.frequency.as_ref(),
            often.as_ref(),
            Frequency::by_strictness,
        );
    let frequency = want.often().filter(|_| wrong);
    let stay = match turns {
        true => &[][..],
        false => live.recipients(),
    };
    let to = recipients(want, stay);
    if want.to.is_some() && to.len() > want.recipients().len() {
        let others = choice::lacking(&to, want.recipients());
        let others: Vec<String> = others.iter().map(Recipient::to_string).collect();
        let why = format!(
            "`{}` also goes to {}, which stays",
            subscription.name,
            others.join(", ")
        );
        match choice::lacking(&to, live.recipients()).is_empty() {
            true => out.keep(&["to"], why),
            false => out.notice(why),
        }
    }
    let change = Settings {
        frequency,
        to: Some(to).filter(|to| turns || !choice::lacking(to, live.recipients()).is_empty()),
        threshold,
    };
    if change == Settings::default() {
        return;
    }
    let to = change.to.as_deref().unwrap_or(live.recipients());
    if let Some(frequency) = change.frequency.or(often)
        && let Some(what) = frequency.misfit(to)
    {
        out.refuse(format!("{what}: write both frequency and to"));
        return;
    }
    let Subscription { arn, name, .. } = subscription.clone();
    let new = change.to.clone().unwrap_or_default();
    let dropped = choice::lacking(live.recipients(), to);
    let dropped: Vec<String> = dropped.iter().map(Recipient::to_string).collect();
    let weaker = [
        !turns && (change.frequency.zip(often)).is_some_and(|(new, live)| new.by_strictness(&live).is_lt()),
        (change.threshold.zip(subscription.threshold)).is_some_and(|(new, live)| !new.covers(live)),
    ];
    let mut step = awaiting(out.change(Action::Change { arn, name, change }), &new);
    for (_, what) in weaker
        .into_iter()
        .zip(["alerts less often", "no longer alerts on all of what it does now"])
        .filter(|(is, _)| *is)
    {
        step = step.weakening(what);
    }
    if !dropped.is_empty() {
        step.destructive(format!("stops this notification to {}", dropped.join(", ")));
    }
}

/// The recipients to have: those that stay as they were written, and the wanted ones that are missing.
fn recipients(want: &Model, stay: &[Recipient]) -> Vec<Recipient> {
    let missing = choice::lacking(want.recipients(), stay);
    stay.iter().cloned().chain(missing).collect()
}

/// The threshold to send, if the live one alerts on less: a whole one, with what is not managed as it is. Or what is in
/// the way.
fn threshold(
    want: &Model,
    subscription: &Subscription,
    live: &Model,
    out: &mut Changes<Action>,
) -> Result<Option<Threshold>, &'static str> {
    if !want.manages_threshold() {
        return Ok(None);
    }
    let Some(now) = subscription.threshold else {
        out.notice(format!(
            "`{}` has a threshold that no key can express; it stays",
            subscription.name
        ));
        return Ok(None);
    };
    let whole = choice::whole(want, live);
    let new = whole.threshold().map_err(|why| match why {
        Incomplete::NoImpact => {
            "a subscription has a threshold, and no impact would be left: write a number for the other one"
        }
        Incomplete::NoCombine => {
            "the subscription asks for the other impact already: write both with combine, or \"none\" for that one"
        }
    })?;
    if now == new {
        return Ok(None);
    }
    if now.covers(new) && !want.is_exact() {
        out.keep(
            &["impact_absolute"],
            format!(
                "`{}` alerts on all that the file asks for and more, which stays; for the threshold itself write \
                 {{ exactly = … }}",
                subscription.name
            ),
        );
        out.kept
            .extend(["impact_percent", "combine"].map(|key| vec![key.to_owned()]));
        return Ok(None);
    }
    for (key, written, whole) in [
        ("impact_absolute", want.impact_absolute, whole.impact_absolute),
        ("impact_percent", want.impact_percent, whole.impact_percent),
    ] {
        if written.is_none()
            && let Some(number) = whole.and_then(|impact| impact.value().number())
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
