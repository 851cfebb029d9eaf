//! What has to be done, and what is told.

use trueup_core::change::Changes;
use trueup_core::control::{Here, Observed};
use trueup_core::tags;

use super::model::{Action, Ids, Model, Role};
use super::trust;
use crate::role_rights::{Boundary, NARROWS};
use crate::role_trust::{self, Own, Probe};

/// See [`Control::diff`](trueup_core::control::Control::diff).
pub(super) fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
    let ids = &seen.ids;
    if want.is_off() {
        if let Some(role) = ids.role.as_ref().filter(|_| want.role.is_some()) {
            remove(role, out);
        }
        return;
    }
    let Some(name) = &want.role else {
        if seen.model.enabled != Some(true) {
            out.person(
                "no role has AWSSupportAccess: name one that is to be made, role = \"support\", or assign a permission \
                 set with that policy to this account in IAM Identity Center",
            );
        }
        return;
    };
    if let Some(other) = &ids.other {
        out.notice(format!(
            "the role {other} has AWSSupportAccess, which is enough: it stays as it is, and none of the name {name} is \
             made"
        ));
        return;
    }
    match &ids.role {
        Some(role) => adopt(want, role, here, out),
        None if seen.model.role.is_none() => create(want, name, here, out),
        None => {}
    }
}

fn create(want: &Model, name: &str, here: &Here<'_>, out: &mut Changes<Action>) {
    let trust = match &want.principals {
        Some(principals) => trust::of(principals),
        None => trust::of_account(here.env),
    };
    let made = out
        .add(Action::CreateRole {
            role: name.to_owned(),
            trust,
            description: want.role_description.clone().filter(|text| !text.is_empty()),
            boundary: want.permissions_boundary.clone(),
            tags: here.env.run.tags.clone(),
        })
        .id();
    let role = name.to_owned();
    out.add(Action::AttachSupportAccess { role }).after(made);
}

fn adopt(want: &Model, live: &Role, here: &Here<'_>, out: &mut Changes<Action>) {
    let role = &live.name;
    let own = Own::of(here.env);
    let probe = Probe::new(&live.trust, own, vec![]);
    let change = match &want.principals {
        Some(principals) => Ok(trust::change(&live.trust, principals, own)),
        None => probe.rewritten(&live.trust, trust::DEMAND, |trust| probe.any_caller(trust)),
    };
    let change = change.unwrap_or_else(|why| {
        out.refuse_entry(
            "role",
            format!("the trust of the role {role} is left as it is: {why}"),
        );
        None
    });
    let mut after = None;
    let mut stands = live.trust.clone();
    if let Some(change) = change {
        let step = out.change(Action::UpdateTrust {
            role: role.clone(),
            trust: change.trust.clone(),
        });
        // Whom the file names is meant.
        let is_asked_for = want.principals.is_some() && change.out.is_empty();
        let step = match is_asked_for {
            true => step,
            false => step.disruptive(role_trust::consequence(&change, own)),
        };
        after = Some(step.id());
        stands = change.trust;
    }
    let others = probe.others(&stands);
    if !live.has_support_access {
        let step = out
            .add(Action::AttachSupportAccess { role: role.clone() })
            .after_all(after);
        if want.principals.is_none() && !others.is_empty() {
            step.disruptive(format!("it lets {} deal with AWS Support too", others.join(", ")));
        }
    }
    if want.principals.is_none() && !others.is_empty() {
        out.notice(format!(
            "the role {role} lets others in without MFA, which stays as it is: {}",
            others.join(", ")
        ));
    }
    for why in probe.unclear(&stands) {
        out.notice(format!("the trust of the role {role}: {why}"));
    }
    role_trust::tell_deleted(role, &live.trust, &stands, out);
    rights(want, live, here, out);
    let has = live.description.as_deref().unwrap_or_default();
    if let Some(description) = want.role_description.as_ref().filter(|text| *text != has) {
        out.change(Action::Describe {
            role: role.clone(),
            description: description.clone(),
        });
    }
    let missing = tags::differing(&here.env.run.tags, &live.tags);
    if !missing.is_empty() {
        out.change(Action::TagRole {
            role: role.clone(),
            tags: missing,
        });
    }
}

/// Actions of AWSSupportAccess that no two policies have in common unless they are about all of it.
const PROBED: [&str; 3] = [
    "support:CreateCase",
    "support:DescribeCases",
    "support:AddCommunicationToCase",
];

/// What keeps the role from doing what AWSSupportAccess allows.
fn rights(want: &Model, live: &Role, here: &Here<'_>, out: &mut Changes<Action>) {
    let role = &live.name;
    let wanted = want.permissions_boundary.as_ref();
    match Boundary::of(role, live.boundary.as_deref(), wanted) {
        Boundary::Right => {}
        Boundary::Another(why) => out.refuse_entry("permissions_boundary", why),
        Boundary::Missing(boundary) => {
            let (role, boundary) = (role.clone(), boundary.to_owned());
            out.change(Action::PutBoundary { role, boundary })
                .disruptive(NARROWS);
        }
    }
    let denying = live.others.denying(&live.arn, &PROBED, here.env);
    let risk = |policy: &str| {
        format!("{policy} denies the role everything; without it the role deals with AWS Support")
    };
    for policy in denying.attached {
        let (role, why) = (role.clone(), risk(&policy));
        out.change(Action::DetachPolicy { role, policy }).weakening(why);
    }
    for policy in denying.inline {
        let (role, why) = (role.clone(), risk(&policy));
        out.destroy(Action::DeletePolicy { role, policy }).weakening(why);
    }
    for why in denying.unclear {
        out.notice(format!(
            "a policy of the role {role} may deny it everything: {why}"
        ));
    }
}

fn remove(role: &Role, out: &mut Changes<Action>) {
    if !role.foreign.is_empty() {
        out.refuse(format!(
            "the role {} has policies or instance profiles of others: {}; take them away first",
            role.name,
            role.foreign.join(", ")
        ));
    }
    out.destroy(Action::DeleteRole {
        role: role.name.clone(),
    });
}
