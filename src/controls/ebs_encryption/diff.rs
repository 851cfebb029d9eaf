//! What has to be done.

use trueup_core::change::Changes;
use trueup_core::control::{Here, Observed};

use super::model::{Action, Ids, KeyRef, Model, Snapshots};

/// What encryption with `aws/ebs` changes for those who make snapshots or AMIs (EBS User Guide, "Encryption by
/// default"; "Share an Amazon EBS snapshot").
const CUTS: &str = "new snapshots and AMIs cannot be shared with other accounts unless a customer managed key encrypts \
                    them, and instance types without encryption support no longer launch";

/// See [`Control::diff`](trueup_core::control::Control::diff).
pub(super) fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
    let live = &seen.model;
    if let (Some(KeyRef::Arn { arn, region, .. }), Some(place)) = (&want.kms_key, here.place.region())
        && region != place.as_str()
    {
        out.refuse(format!(
            "kms_key is a key of {region} ({arn}), and EBS takes only keys of its own region, {place}; write it \
             under [region.{region}.ebs_encryption]"
        ));
        return;
    }
    let key = want
        .kms_key
        .as_ref()
        .filter(|want| live.kms_key.as_ref().is_none_or(|live| !want.is(live)))
        .map(|key| match key {
            // The default key is used by whoever starts an instance without naming one, and Auto Scaling's
            // service-linked role has no permission on a key of one's own unless the key grants it.
            KeyRef::Id(_) | KeyRef::Arn { .. } => out
                .change(Action::SetKey(key.clone()))
                .disruptive("who may not use the key can no longer start instances, Auto Scaling among them")
                .id(),
            // Sharing an encrypted snapshot means sharing its key, and AWS's own keys cannot be shared.
            KeyRef::AwsManaged => out
                .change(Action::ResetKey)
                .disruptive("snapshots of volumes made from then on cannot be shared with other accounts")
                .id(),
        });
    match want.enabled {
        Some(true) if live.enabled != Some(true) => {
            // The key first: no volume shall be encrypted with one that nobody wanted.
            let step = out.change(Action::Enable).after_all(key);
            match &seen.ids.snapshots {
                Snapshots::None => {}
                Snapshots::Owned => {
                    step.disruptive(CUTS);
                }
                Snapshots::NotListed(why) => {
                    step.disruptive(format!("the snapshots could not be listed ({why}): {CUTS}"));
                }
            }
        }
        Some(false) if live.enabled != Some(false) => {
            // Nothing breaks, but it cannot be made good: a volume never changes from plain to encrypted.
            out.change(Action::Disable)
                .weakening("volumes made from then on are not encrypted, and stay so for good");
        }
        _ => {}
    }
}
