//! What the tests beside the controls share: a `diff` called and printed.

use std::fmt::Display;

use trueup_core::change::Changes;
use trueup_core::control::{Control, Here, Observed, Relied};
use trueup_core::cost::Monthly;
use trueup_core::env::{Env, Run};
use trueup_core::location::{Location, Region, Scope};

/// What a control's `diff` says in its place: the account, or eu-west-1 of an account at home in us-east-1.
pub(crate) fn found<C: Control>(want: &C::Model, seen: &Observed<C::Model, C::Ids>) -> Changes<C::Action> {
    found_in::<C>(want, seen, Run::default())
}

/// The same in another region, which says the partition too.
pub(crate) fn found_at<C: Control>(
    region: &str,
    want: &C::Model,
    seen: &Observed<C::Model, C::Ids>,
) -> Changes<C::Action> {
    found_by::<C>(region, want, seen, Run::default())
}

/// The same in a run of one's own: another caller, another day, tags.
pub(crate) fn found_in<C: Control>(
    want: &C::Model,
    seen: &Observed<C::Model, C::Ids>,
    run: Run,
) -> Changes<C::Action> {
    found_by::<C>("eu-west-1", want, seen, run)
}

fn found_by<C: Control>(
    region: &str,
    want: &C::Model,
    seen: &Observed<C::Model, C::Ids>,
    run: Run,
) -> Changes<C::Action> {
    let regions: [Region; 2] = ["eu-west-1", "us-east-1"].map(|name| name.parse().unwrap());
    let place = match C::SCOPE {
        Scope::Account => Location::Account,
        Scope::EachRegion => Location::Region(region.parse().unwrap()),
    };
    let env = Env {
        account: "111122223333".to_owned(),
        partition: region.parse::<Region>().unwrap().partition().to_owned(),
        home: regions[1].clone(),
        enabled: regions.to_vec(),
        run,
    };
    let mut out = Changes::default();
    C::diff(
        want,
        seen,
        &Here {
            place: &place,
            env: &env,
            relied: &Relied::default(),
        },
        &mut out,
    );
    out
}

/// What the steps of a `diff` add to each month's bill.
pub(crate) fn monthly<A>(out: &Changes<A>) -> Monthly {
    out.steps.iter().map(|step| step.monthly).sum()
}

/// Everything that a `diff` said, for a snapshot: each step with its class, what it waits for and its risks, then
/// a person's tasks, refusals, notices and what could not be read.
pub(crate) fn told<A: Display>(out: &Changes<A>) -> String {
    let mut lines = vec![];
    for step in &out.steps {
        lines.push(format!("{} [{}]", step.action, step.class));
        lines.extend(
            step.after
                .iter()
                .map(|at| format!("  after {}", out.steps[*at].action)),
        );
        lines.extend(step.risks.iter().map(|risk| format!("  ! {risk}")));
        lines.extend(step.weakens.iter().map(|what| format!("  weakens: {what}")));
    }
    lines.extend(out.people.iter().map(|task| match task.attestation {
        None => format!("person: {}", task.what),
        Some(name) => format!("person, unless {name} is attested: {}", task.what),
    }));
    lines.extend(out.refusals.iter().map(|what| format!("refused: {what}")));
    lines.extend(
        out.entries
            .iter()
            .map(|(entry, what)| format!("refused for {entry}: {what}")),
    );
    lines.extend(out.notices.iter().map(|notice| format!("note: {notice}")));
    lines.extend(
        out.unread
            .iter()
            .map(|(unknown, fault)| format!("unread: {unknown}: {fault}")),
    );
    lines.extend(
        out.elsewhere
            .iter()
            .map(|(key, held)| format!("elsewhere: {key}: {}", held.who)),
    );
    lines.extend(out.denied.iter().map(|fault| format!("denied: {fault}")));
    lines.join("\n")
}
