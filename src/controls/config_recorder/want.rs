//! From what is written and what is recorded to what is to be recorded: a recorder that does more keeps that.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use trueup_core::change::Changes;
use trueup_core::location::Region;
use trueup_core::values::Bound;

use super::GLOBAL;
use super::model::{Action, Frequency, Model, Recording};

/// Where a recorder stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    /// The region for IAM's types, if there is one.
    pub(super) global_region: Option<&'a Region>,
    /// It is this one.
    pub(super) is_global_region: bool,
    /// It is made anew: what it could keep is only what AWS would give it.
    pub(super) is_new: bool,
}

impl Scope<'_> {
    /// The value that has to be taken over as it is, if it has.
    fn exactly<T>(self, want: &Bound<T>) -> Option<&T> {
        let is_exact = self.is_new || matches!(want, Bound::Exactly(_));
        is_exact.then(|| want.value())
    }
}

/// What the recorder is to record. What is not written stays as it is, and so does what does more than is written.
pub(super) fn wanted(want: &Model, live: &Recording, scope: Scope<'_>) -> Recording {
    let mut new = Recording {
        is_unclear: false,
        ..live.clone()
    };
    if let Some(exclude) = &want.exclude {
        leave_out(exclude, live, scope, &mut new);
    }
    if let Some(only) = &want.only {
        include(only, live, scope, &mut new);
    }
    if let Some(global) = &want.global_resource_types {
        let on = *global.value() && scope.is_global_region;
        let is_asked = on || scope.exactly(global).is_some();
        if is_asked && new.has_global() != Some(on) {
            new.set_global(on);
        }
    }
    frequency(want, scope, &mut new);
    new
}

fn leave_out(want: &Bound<BTreeSet<String>>, live: &Recording, scope: Scope<'_>, new: &mut Recording) {
    let exclude = match (scope.exactly(want), &live.only) {
        (Some(exactly), _) => exactly.clone(),
        // What is recorded stays recorded.
        (None, Some(only)) => want.value() - only,
        (None, None) => want.value() & &live.exclude,
    };
    if live.only.is_none() && exclude == live.exclude {
        return;
    }
    // That a list ends does not mean that IAM's types are no longer wanted.
    new.global = exclude.is_empty() && live.has_global() != Some(false);
    new.only = None;
    new.exclude = exclude;
}

fn include(want: &Bound<BTreeSet<String>>, live: &Recording, scope: Scope<'_>, new: &mut Recording) {
    if let Some(exactly) = scope.exactly(want) {
        new.only = Some(exactly.clone());
        new.exclude.clear();
        new.global = false;
        return;
    }
    if let Some(only) = &mut new.only {
        only.extend(want.value().iter().cloned());
        return;
    }
    let asks_for_global = GLOBAL.iter().any(|name| want.value().contains(*name));
    if !live.exclude.is_empty() {
        new.exclude = &live.exclude - want.value();
        new.global = new.exclude.is_empty() && (asks_for_global || live.has_global() != Some(false));
    } else if asks_for_global {
        new.global = true;
    }
}

fn frequency(want: &Model, scope: Scope<'_>, new: &mut Recording) {
    let before = new.frequency;
    if let Some(frequency) = &want.frequency
        && (*frequency.value() == Frequency::Continuous || scope.exactly(frequency).is_some())
    {
        new.frequency = *frequency.value();
    }
    let none = BTreeSet::new();
    let continuous = want.continuous.as_ref();
    let exceptions = match new.frequency {
        Frequency::Continuous => {
            let live = new.with(Frequency::Daily);
            let allowed = match &want.daily {
                Some(daily) => scope
                    .exactly(daily)
                    .cloned()
                    .unwrap_or_else(|| &live & daily.value()),
                None => live,
            };
            &allowed - continuous.map_or(&none, Bound::value)
        }
        Frequency::Daily => {
            let live = new.with(Frequency::Continuous);
            match continuous {
                Some(continuous) => scope
                    .exactly(continuous)
                    .cloned()
                    .unwrap_or_else(|| &live | continuous.value()),
                None => live,
            }
        }
    };
    let is_other = match new.frequency {
        Frequency::Continuous => Frequency::Daily,
        Frequency::Daily => Frequency::Continuous,
    };
    // What says the same as the frequency itself is not an exception, and stays as it is.
    if exceptions != new.with(is_other) || new.frequency != before {
        new.otherwise = (!exceptions.is_empty()).then_some((is_other, exceptions));
    }
}

/// Says of each written key whose value is another one in the end that the recorder does more, and keeps it.
pub(super) fn keep(want: &Model, new: &Recording, scope: Scope<'_>, out: &mut Changes<Action>) {
    let stricter = |_: &_, _: &_| Ordering::Greater;
    if want.frequency.is_some_and(|want| *want.value() != new.frequency) {
        out.misses(
            &["frequency"],
            want.frequency.as_ref(),
            Some(&new.frequency),
            stricter,
        );
    }
    let exact = |key: &str| format!("for less write {key} = {{ exactly = [...] }}");
    let more = |key: &str| {
        format!(
            "`{key}`: more is recorded than the file asks for, and stays; {}",
            exact(key)
        )
    };
    if want
        .exclude
        .as_ref()
        .is_some_and(|want| new.only.is_none() && *want.value() != new.exclude)
    {
        out.keep(&["exclude"], more("exclude"));
    }
    if want
        .only
        .as_ref()
        .is_some_and(|want| Some(want.value()) != new.only.as_ref())
    {
        out.keep(&["only"], more("only"));
    }
    for (key, bound, frequency) in [
        ("daily", &want.daily, Frequency::Daily),
        ("continuous", &want.continuous, Frequency::Continuous),
    ] {
        if bound
            .as_ref()
            .is_some_and(|want| *want.value() != new.with(frequency))
        {
            out.keep(
                &[key],
                format!(
                    "`{key}`: more is recorded continuously than the file asks for, and stays; {}",
                    exact(key)
                ),
            );
        }
    }
    if let Some(want) = &want.global_resource_types {
        let on = *want.value() && scope.is_global_region;
        if !on && new.has_global() != Some(false) {
            out.keep(
                &["global_resource_types"],
                "IAM's types are recorded here too and stay, and each of their records is paid once a region; to record \
                 them in one region write global_resource_types = { exactly = true }",
            );
        } else if let (true, Some(region)) = (on != *want.value(), scope.global_region) {
            out.keep(
                &["global_resource_types"],
                format!("IAM's types are recorded in {region}"),
            );
        }
    }
}
