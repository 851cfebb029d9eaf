//! What has to be done to a region's settings, and what that may do to others.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde::Serialize;
use trueup_core::change::Changes;
use trueup_core::control::Observed;
use trueup_core::values::Bound;

use super::model::{
    Action, Ids, ImageAccess, InstanceMetadata, Model, PublicSnapshots, Setting, SnapshotAccess, Switch,
    Tokens, by_hops,
};

/// Until EC2 shows whether AMIs may become public (API Reference, `EnableImageBlockPublicAccess`).
const IMAGES_SHOWN_WITHIN_MINUTES: u32 = 10;

/// How many snapshots are named one by one.
const NAMED: usize = 5;

/// See [`trueup_core::control::Control::diff`].
pub(super) fn diff(want: &Model, seen: &Observed<Model, Ids>, out: &mut Changes<Action>) {
    let live = &seen.model;
    let mut changes = changes(want, live, out);
    for setting in &seen.ids.by_policy {
        let others = setting.out_of(changes.clone());
        if others != changes {
            out.elsewhere(setting.key(), "a declarative policy of the organization sets it");
        }
        changes = others;
    }
    if let Some(access) = changes.snapshot_public_access {
        snapshots(
            access.into_value(),
            live.snapshot_public_access.map(Bound::into_value),
            &seen.ids.public_snapshots,
            out,
        );
    }
    if let Some(access) = changes.image_public_access.map(Bound::into_value) {
        let step = out
            .change(Action::SetImageAccess(access))
            .shown_within_minutes(IMAGES_SHOWN_WITHIN_MINUTES);
        if access == ImageAccess::Unblocked {
            step.weakening("principals that may share an AMI may make it public");
        }
        out.notice(format!(
            "EC2 shows a change of image_public_access within {IMAGES_SHOWN_WITHIN_MINUTES} minutes; one that was \
             made just now is planned again, which does no harm"
        ));
    }
    if let Some(on) = changes.serial_console.map(Bound::into_value) {
        let step = out.change(Action::SetSerialConsole(on));
        match on {
            true => step
                .weakening("principals with the permission reach instances past their network and its rules"),
            false => {
                step.disruptive("sessions at a serial console are cut off, those for want of a network too")
            }
        };
    }
    if let Some(set) = changes.instance_metadata {
        let known = live.instance_metadata.clone().unwrap_or_default();
        let (risks, opens) = (risks(&set, &known), opens(&set, &known));
        let mut step = out.change(Action::SetInstanceMetadata {
            set,
            keep: seen.ids.options.clone(),
        });
        for risk in risks {
            step = step.disruptive(risk);
        }
        for what in opens {
            step = step.weakening(what);
        }
    }
}

/// Whether anything is wanted and not so that is not known to be held by another owner.
pub(super) fn differs(want: &Model, live: &Model, held: &BTreeSet<Setting>) -> bool {
    let changes = changes(want, live, &mut Changes::default());
    held.iter()
        .fold(changes, |changes, setting| setting.out_of(changes))
        != Model::default()
}

/// What is wanted and not so. What is stricter and stays is noted.
fn changes(want: &Model, live: &Model, out: &mut Changes<Action>) -> Model {
    let metadata = want.instance_metadata.as_ref().map(|want| {
        let live = live.instance_metadata.clone().unwrap_or_default();
        let mut option = Missed {
            table: Some("instance_metadata"),
            out,
        };
        InstanceMetadata {
            http_tokens: option.of(
                "http_tokens",
                want.http_tokens,
                live.http_tokens,
                Tokens::by_strictness,
            ),
            http_put_response_hop_limit: option.of(
                "http_put_response_hop_limit",
                want.http_put_response_hop_limit,
                live.http_put_response_hop_limit,
                by_hops,
            ),
            http_endpoint: differing(want.http_endpoint, live.http_endpoint),
            instance_metadata_tags: differing(want.instance_metadata_tags, live.instance_metadata_tags),
            http_tokens_enforced: option.of(
                "http_tokens_enforced",
                want.http_tokens_enforced,
                live.http_tokens_enforced,
                Switch::by_strictness,
            ),
        }
    });
    let mut setting = Missed { table: None, out };
    Model {
        snapshot_public_access: setting.of(
            "snapshot_public_access",
            want.snapshot_public_access,
            live.snapshot_public_access,
            SnapshotAccess::cmp,
        ),
        image_public_access: setting.of(
            "image_public_access",
            want.image_public_access,
            live.image_public_access,
            ImageAccess::cmp,
        ),
        // Closed is stricter.
        serial_console: setting.of(
            "serial_console",
            want.serial_console,
            live.serial_console,
            |one, other| other.cmp(one),
        ),
        instance_metadata: metadata.filter(|changes| *changes != InstanceMetadata::default()),
    }
}

/// The bounds of a table that live values miss.
struct Missed<'a> {
    table: Option<&'static str>,
    out: &'a mut Changes<Action>,
}

impl Missed<'_> {
    /// The bound, plain, if it is missed.
    fn of<T: Copy + Serialize>(
        &mut self,
        key: &str,
        want: Option<Bound<T>>,
        live: Option<Bound<T>>,
        strictness: fn(&T, &T) -> Ordering,
    ) -> Option<Bound<T>> {
        let path: Vec<&str> = self.table.into_iter().chain([key]).collect();
        let live = live.map(Bound::into_value);
        let misses = self.out.misses(&path, want.as_ref(), live.as_ref(), strictness);
        want.filter(|_| misses)
            .map(|want| Bound::Plain(want.into_value()))
    }
}

fn differing<T: PartialEq>(want: Option<T>, live: Option<T>) -> Option<T> {
    want.filter(|want| live.as_ref() != Some(want))
}

fn snapshots(
    access: SnapshotAccess,
    live: Option<SnapshotAccess>,
    public: &PublicSnapshots,
    out: &mut Changes<Action>,
) {
    let mut step = out.change(Action::SetSnapshotAccess(access));
    // A block hides public snapshots and leaves their permissions, so its end shows them again (API Reference,
    // `DisableSnapshotBlockPublicAccess`).
    if live == Some(SnapshotAccess::BlockAllSharing) {
        step = step.weakening("snapshots that were public before all sharing was blocked are public again");
    }
    if access == SnapshotAccess::Unblocked {
        step = step.weakening("principals that may share a snapshot may make it public");
    }
    if access == SnapshotAccess::BlockAllSharing {
        if let Some(why) = &public.not_listed {
            step = step.disruptive(format!("the public snapshots could not be listed: {why}"));
        }
        if let [first, ..] = public.ids.as_slice() {
            let named: Vec<&str> = public.ids.iter().take(NAMED).map(String::as_str).collect();
            let risk = match public.ids.len() {
                1 => format!("snapshot {first} is no longer public"),
                many if many <= NAMED => format!("snapshots {} are no longer public", named.join(", ")),
                many => format!(
                    "snapshots {} and {} more are no longer public",
                    named.join(", "),
                    many - NAMED
                ),
            };
            step.disruptive(risk);
        }
    }
}

/// What metadata options may break in instances that are launched from then on, such as by Auto Scaling.
fn risks(set: &InstanceMetadata, live: &InstanceMetadata) -> Vec<&'static str> {
    let mut risks = vec![];
    if value(set.http_tokens) == Some(Tokens::Required) {
        risks.push("what speaks only IMDSv1 gets no credentials on new instances, Auto Scaling's among them");
    }
    // Without a preference the limit is 2 for AMIs that ask for IMDSv2, and 1 for others.
    if let Some((before, after)) = hops(set, live)
        && after.unwrap_or(1) < before.unwrap_or(2)
    {
        risks.push("containers on new instances may no longer reach the metadata and its credentials");
    }
    if set.http_endpoint == Some(Switch::Disabled) {
        risks.push("new instances have no metadata, and so no credentials of their role");
    }
    match set.instance_metadata_tags {
        Some(Switch::Enabled) => {
            risks.push("an instance with a space or a slash in the key of a tag is no longer launched");
        }
        Some(_) if live.instance_metadata_tags == Some(Switch::Enabled) => {
            risks.push("new instances no longer find their tags in the metadata");
        }
        _ => {}
    }
    if value(set.http_tokens_enforced) == Some(Switch::Enabled) {
        risks.push(
            "what does not require IMDSv2 is no longer launched by any principal, and IMDSv1 cannot be enabled again \
             on existing instances",
        );
    }
    risks
}

/// What metadata options open to others on instances that are launched from then on.
fn opens(set: &InstanceMetadata, live: &InstanceMetadata) -> Vec<&'static str> {
    let mut opens = vec![];
    match value(set.http_tokens) {
        // An AMI that asks for IMDSv2 has its way only where the account has no preference.
        Some(Tokens::Optional) if value(live.http_tokens) == Some(Tokens::NoPreference) => {
            opens.push("new instances answer IMDSv1, even where their AMI asks for IMDSv2");
        }
        Some(Tokens::Optional | Tokens::NoPreference) => {
            opens.push("new instances answer IMDSv1 again, unless their AMI asks for IMDSv2");
        }
        _ => {}
    }
    if let Some((before, after)) = hops(set, live)
        && after.unwrap_or(2) > before.unwrap_or(2)
    {
        opens.push("containers and proxies on new instances reach the metadata from further away");
    }
    if value(set.http_tokens_enforced).is_some_and(|switch| switch != Switch::Enabled)
        && value(live.http_tokens_enforced) == Some(Switch::Enabled)
    {
        opens.push("instances that answer IMDSv1 may be launched again");
    }
    opens
}

/// The hop limits before and after a change of it, without one where there is no preference.
fn hops(set: &InstanceMetadata, live: &InstanceMetadata) -> Option<(Option<i32>, Option<i32>)> {
    let after = value(set.http_put_response_hop_limit)?.number;
    let before = value(live.http_put_response_hop_limit).and_then(|limit| limit.number);
    Some((before, after))
}

fn value<T>(bound: Option<Bound<T>>) -> Option<T> {
    bound.map(Bound::into_value)
}
