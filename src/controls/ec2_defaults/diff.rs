//! What has to be done to a region's settings, and what that may do to others.

use trueup_core::change::Changes;
use trueup_core::control::Observed;

use super::model::{
    Action, Ids, ImageAccess, InstanceMetadata, Model, PublicSnapshots, SnapshotAccess, Switch, Tokens,
};

/// Until EC2 shows whether AMIs may become public (API Reference, `EnableImageBlockPublicAccess`).
const IMAGES_SHOWN_WITHIN_MINUTES: u32 = 10;

/// How many snapshots are named one by one.
const NAMED: usize = 5;

/// See [`trueup_core::control::Control::diff`].
pub(super) fn diff(want: &Model, seen: &Observed<Model, Ids>, out: &mut Changes<Action>) {
    let live = &seen.model;
    let mut changes = changes(want, live);
    for setting in &seen.ids.by_policy {
        let others = setting.out_of(changes.clone());
        if others != changes {
            out.elsewhere(setting.key(), "a declarative policy of the organization sets it");
        }
        changes = others;
    }
    if let Some(access) = changes.snapshot_public_access {
        snapshots(
            access,
            live.snapshot_public_access,
            &seen.ids.public_snapshots,
            out,
        );
    }
    if let Some(access) = changes.image_public_access {
        let step = out
            .change(Action::SetImageAccess(access))
            .shown_within_minutes(IMAGES_SHOWN_WITHIN_MINUTES);
        if access == ImageAccess::Unblocked {
            step.disruptive("whoever may share an AMI may share it with everybody");
        }
        out.notice(format!(
            "EC2 shows a change of image_public_access within {IMAGES_SHOWN_WITHIN_MINUTES} minutes; one that was \
             made just now is planned again, which does no harm"
        ));
    }
    if let Some(on) = changes.serial_console {
        out.change(Action::SetSerialConsole(on)).disruptive(match on {
            true => "whoever has the permission gets to instances past their network and its rules",
            false => "whoever works at a serial console, for want of a network perhaps, is cut off",
        });
    }
    if let Some(set) = changes.instance_metadata {
        let known = live.instance_metadata.clone().unwrap_or_default();
        let risks = risks(&set, &known);
        let mut step = out.change(Action::SetInstanceMetadata {
            set,
            keep: seen.ids.options.clone(),
        });
        for risk in risks {
            step = step.disruptive(risk);
        }
    }
}

/// What is wanted and not so.
fn changes(want: &Model, live: &Model) -> Model {
    let metadata = want.instance_metadata.as_ref().map(|want| {
        let live = live.instance_metadata.clone().unwrap_or_default();
        InstanceMetadata {
            http_tokens: differing(want.http_tokens, live.http_tokens),
            http_put_response_hop_limit: differing(
                want.http_put_response_hop_limit,
                live.http_put_response_hop_limit,
            ),
            http_endpoint: differing(want.http_endpoint, live.http_endpoint),
            instance_metadata_tags: differing(want.instance_metadata_tags, live.instance_metadata_tags),
            http_tokens_enforced: differing(want.http_tokens_enforced, live.http_tokens_enforced),
        }
    });
    Model {
        snapshot_public_access: differing(want.snapshot_public_access, live.snapshot_public_access),
        image_public_access: differing(want.image_public_access, live.image_public_access),
        serial_console: differing(want.serial_console, live.serial_console),
        instance_metadata: metadata.filter(|changes| *changes != InstanceMetadata::default()),
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
        step = step.disruptive("snapshots that were public before all sharing was blocked are public again");
    }
    if access == SnapshotAccess::Unblocked {
        step = step.disruptive("whoever may share a snapshot may share it with everybody");
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

/// What metadata options may do to instances that are launched from then on. Nobody has to do anything for that to
/// matter: Auto Scaling launches by itself.
fn risks(set: &InstanceMetadata, live: &InstanceMetadata) -> Vec<String> {
    let mut risks = vec![];
    match set.http_tokens {
        Some(Tokens::Required) => {
            risks.push(
                "what speaks only IMDSv1 gets no credentials on new instances, Auto Scaling's among them",
            );
        }
        // An AMI that asks for IMDSv2 has its way only where the account has no preference.
        Some(Tokens::Optional) => {
            risks.push("new instances answer IMDSv1, even where their AMI asks for IMDSv2")
        }
        Some(Tokens::NoPreference) if live.http_tokens == Some(Tokens::Required) => {
            risks.push("new instances answer IMDSv1 again, unless their AMI asks for IMDSv2");
        }
        _ => {}
    }
    // Without a preference it is 2 for AMIs that ask for IMDSv2, and 1 for others.
    let hops = |limit: Option<i32>| limit.unwrap_or(2);
    let before = hops(live.http_put_response_hop_limit.and_then(|limit| limit.number));
    if let Some(limit) = set.http_put_response_hop_limit {
        let after = limit.number.unwrap_or(1);
        if after < before {
            risks.push("containers on new instances may no longer reach the metadata and its credentials");
        }
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
    match set.http_tokens_enforced {
        Some(Switch::Enabled) => {
            risks.push(
                "what does not require IMDSv2 is no longer launched, whoever launches it, and IMDSv1 cannot be \
                 enabled again on existing instances",
            );
        }
        Some(_) if live.http_tokens_enforced == Some(Switch::Enabled) => {
            risks.push("instances that answer IMDSv1 may be launched again");
        }
        _ => {}
    }
    risks.into_iter().map(str::to_owned).collect()
}
