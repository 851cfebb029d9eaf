//! What has to be done.

use trueup_core::change::Changes;
use trueup_core::control::{Here, Observed};
use trueup_core::cost::Monthly;
use trueup_core::tags::{self, Tags};

use super::model::{Action, Analyzer, DAYS, Ids, Kind, Model};

/// See [`Control::diff`](trueup_core::control::Control::diff).
pub(super) fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
    let own = &here.env.run.tags;
    let is_there = seen.model.external_access == Some(true);
    one(
        want.external_access,
        Kind::External,
        (is_there, &seen.ids.external),
        own,
        out,
    );
    let Some(wanted) = want.unused_access else {
        return;
    };
    let is_there = seen.model.unused_access == Some(true);
    let live = seen.model.unused_access_days;
    let days = want.unused_access_days.or(live).unwrap_or(DAYS);
    match &seen.ids.unused {
        // The number of days cannot be changed afterwards.
        Some(analyzer) if wanted && live.is_some_and(|live| live != days) => {
            if foreign(analyzer, out) {
                return;
            }
            let gone = delete(analyzer, out);
            let tags = own.clone();
            let kind = Kind::Unused(days);
            out.add(Action::Create { kind, tags }).after(gone);
        }
        unused => one(Some(wanted), Kind::Unused(days), (is_there, unused), own, out),
    }
}

/// What an analyzer of unused access costs in each month for a role or a user.
pub(super) const PRICE_CENTS: u32 = 20;

/// A small account has five to fifty roles and users.
pub(super) const UNUSED: Monthly = Monthly::cents(5 * PRICE_CENTS, 50 * PRICE_CENTS);

/// The steps of one kind of analyzer, which is there or not.
fn one(
    wanted: Option<bool>,
    kind: Kind,
    (is_there, analyzer): (bool, &Option<Analyzer>),
    own: &Tags,
    out: &mut Changes<Action>,
) {
    match (wanted, analyzer) {
        (Some(true), _) if !is_there => {
            let tags = own.clone();
            let step = out.add(Action::Create { kind, tags });
            if matches!(kind, Kind::Unused(_)) {
                step.costs(UNUSED);
            }
        }
        (Some(true), Some(analyzer)) => {
            if let Some(why) = &analyzer.broken {
                out.refuse(format!(
                    "the analyzer {} does not work ({why}) and no call repairs it: delete it, and apply again",
                    analyzer.name
                ));
                return;
            }
            let tags = tags::differing(own, &analyzer.tags);
            // What a service made for itself is not ours to mark.
            if !tags.is_empty() && analyzer.managed_by.is_none() {
                let Analyzer { name, arn, .. } = analyzer.clone();
                out.change(Action::Tag { name, arn, tags });
            }
        }
        (Some(false), Some(analyzer)) if !foreign(analyzer, out) => {
            delete(analyzer, out);
        }
        _ => {}
    }
}

fn delete(analyzer: &Analyzer, out: &mut Changes<Action>) -> trueup_core::change::LocalId {
    let name = analyzer.name.clone();
    out.destroy(Action::Delete { name })
        .destructive("its findings and archive rules go with it")
        .id()
}

/// Refuses to touch what a service made for itself; tells whether it is such.
fn foreign(analyzer: &Analyzer, out: &mut Changes<Action>) -> bool {
    if let Some(service) = &analyzer.managed_by {
        out.refuse(format!(
            "the analyzer {} belongs to {service}, which alone can delete it",
            analyzer.name
        ));
    }
    analyzer.managed_by.is_some()
}
