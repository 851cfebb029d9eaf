//! What has to be done.

use trueup_core::change::{Changes, LocalId, StepDraft};
use trueup_core::control::{Here, Observed};
use trueup_core::cost::Monthly;
use trueup_core::tags::{self, Tags};
use trueup_core::values::Bound;

use super::model::{Action, Analyzer, DAYS, Ids, Kind, Model};

/// See [`Control::diff`](trueup_core::control::Control::diff).
pub(super) fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
    let own = &here.env.run.tags;
    if let Some(wanted) = want.external_access {
        let live = (seen.model.external_access, seen.ids.external.as_ref());
        one("external_access", wanted, Kind::External, live, own, out);
    }
    let Some(wanted) = want.unused_access else {
        return;
    };
    let live = seen.model.unused_access_days.map(Bound::into_value);
    let days = want.unused_access_days.map(Bound::into_value).or(live);
    if let (true, Some(analyzer), Some(live)) = (wanted, &seen.ids.unused, live)
        && out.misses(
            &["unused_access_days"],
            want.unused_access_days.as_ref(),
            Some(&live),
            |one, other| other.cmp(one),
        )
    {
        // The number of days cannot be changed afterwards.
        out.refuse_entry(
            "unused_access_days",
            format!(
                "the analyzer {} counts access as unused after {live} days, and AWS cannot change that; delete it \
                 with its findings and apply again, or write unused_access_days = {live}",
                analyzer.name
            ),
        );
        return;
    }
    let kind = Kind::Unused(days.unwrap_or(DAYS));
    let live = (seen.model.unused_access, seen.ids.unused.as_ref());
    one("unused_access", wanted, kind, live, own, out);
}

/// What an analyzer of unused access costs in each month for a role or a user.
pub(super) const PRICE_CENTS: u32 = 20;

/// A small account has five to fifty roles and users.
pub(super) const UNUSED: Monthly = Monthly::cents(5 * PRICE_CENTS, 50 * PRICE_CENTS);

/// The steps of one kind of analyzer, which is there or not.
fn one(
    key: &str,
    wanted: bool,
    kind: Kind,
    (is_there, analyzer): (Option<bool>, Option<&Analyzer>),
    own: &Tags,
    out: &mut Changes<Action>,
) {
    match (wanted, analyzer) {
        (true, None) if is_there != Some(true) => {
            create(kind, own, out);
        }
        (true, Some(analyzer)) if analyzer.broken.is_some() => replace(key, kind, analyzer, own, out),
        (true, Some(analyzer)) => {
            if analyzer.of_organization {
                out.notice(format!(
                    "the analyzer {} is one of the whole organization: access that other accounts of the organization \
                     have is not reported",
                    analyzer.name
                ));
            }
            if analyzer.leaves_out {
                out.notice(format!(
                    "the analyzer {} has exclusions: unused access that they name is not reported",
                    analyzer.name
                ));
            }
            let tags = tags::differing(own, &analyzer.tags);
            // What a service made for itself, or what is the organization's, is not ours to mark.
            if !tags.is_empty() && analyzer.managed_by.is_none() && !analyzer.of_organization {
                let Analyzer { name, arn, .. } = analyzer.clone();
                out.change(Action::Tag { name, arn, tags });
            }
        }
        (false, Some(analyzer)) if !foreign(key, analyzer, out) => {
            delete(analyzer, out);
        }
        _ => {}
    }
}

/// An analyzer that does not work is never repaired by a call, and another one of its type needs its place.
fn replace(key: &str, kind: Kind, analyzer: &Analyzer, own: &Tags, out: &mut Changes<Action>) {
    out.notice(format!(
        "the analyzer {} does not work ({})",
        analyzer.name,
        analyzer.broken.as_deref().unwrap_or_default()
    ));
    // One of the account has a place of its own beside one of the organization.
    if analyzer.of_organization {
        create(kind, own, out);
    } else if !foreign(key, analyzer, out) {
        let gone = delete(analyzer, out);
        create(kind, own, out).after(gone);
    }
}

fn create<'a>(kind: Kind, own: &Tags, out: &'a mut Changes<Action>) -> StepDraft<'a, Action> {
    let tags = own.clone();
    let step = out.add(Action::Create { kind, tags });
    match kind {
        Kind::Unused(_) => step.costs(UNUSED),
        Kind::External => step,
    }
}

fn delete(analyzer: &Analyzer, out: &mut Changes<Action>) -> LocalId {
    let name = analyzer.name.clone();
    out.destroy(Action::Delete { name })
        .destructive("its findings and archive rules go with it")
        .id()
}

/// Refuses to touch what is not the account's own; tells whether it is such.
fn foreign(key: &str, analyzer: &Analyzer, out: &mut Changes<Action>) -> bool {
    let name = &analyzer.name;
    if let Some(service) = &analyzer.managed_by {
        out.refuse_entry(
            key,
            format!("the analyzer {name} belongs to {service}, which alone can delete it"),
        );
        return true;
    }
    if analyzer.of_organization {
        out.refuse_entry(
            key,
            format!(
                "the analyzer {name} is one of the whole organization, and is not deleted for one account"
            ),
        );
    }
    analyzer.of_organization
}
