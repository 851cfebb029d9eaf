//! What has to be done.

use trueup_core::change::Changes;
use trueup_core::control::Observed;

use super::buckets::Buckets;
use super::model::{Action, Block, Model};

/// See [`Control::diff`](trueup_core::control::Control::diff).
pub(super) fn diff(want: &Model, seen: &Observed<Model, Buckets>, out: &mut Changes<Action>) {
    let live = seen.model.over(Block::default());
    let wanted = want.over(live);
    if !want.is_absent() {
        for ((key, want), (_, live)) in want.settings().into_iter().zip(live.settings()) {
            out.misses(&[key], want.as_ref(), Some(&live), bool::cmp);
        }
    }
    if wanted == live {
        return;
    }
    let opens = wanted.opens_after(live);
    let opening = format!(
        "what {} kept closed is public again where a bucket's own policy, ACL or block lets it be",
        opens.join(", ")
    );
    if want.is_absent() {
        out.destroy(Action::Delete).destructive(opening);
        return;
    }
    let mut step = if seen.model.is_absent() {
        out.add(Action::Put(wanted))
    } else {
        out.change(Action::Put(wanted))
    };
    if !opens.is_empty() {
        step = step.weakening(opening);
    }
    let cuts = wanted.cuts_after(live);
    if !cuts.acls && !cuts.policies {
        return;
    }
    for risk in seen.ids.risks() {
        step = step.disruptive(risk);
    }
    let with_object_acls = seen.ids.with_object_acls();
    if !with_object_acls.is_empty() {
        out.notice(format!(
            "objects are not looked at one by one: those in {} that are public by an ACL of their own are so no \
             longer",
            with_object_acls
                .iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", ")
        ));
    }
}
