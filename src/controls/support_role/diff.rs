//! What has to be done, and what is told.

use trueup_core::change::Changes;
use trueup_core::control::{Here, Observed};
use trueup_core::tags;

use super::model::{Action, Ids, Model, Role};
use super::trust;
use crate::admin_access::documents::{self, Own};

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
            tags: here.env.run.tags.clone(),
        })
        .id();
    let role = name.to_owned();
    out.add(Action::AttachSupportAccess { role }).after(made);
}

fn adopt(want: &Model, live: &Role, here: &Here<'_>, out: &mut Changes<Action>) {
    let role = &live.name;
    let change = want
        .principals
        .as_ref()
        .and_then(|principals| trust::change(&live.trust, principals));
    let mut after = None;
    let mut trusts = live.trust.clone();
    if let Some(change) = change {
        trusts = change.trust.clone();
        let step = out.change(Action::UpdateTrust {
            role: role.clone(),
            trust: change.trust,
        });
        let step = match change.out.len() {
            0 if !change.narrows => step,
            0 => step.disruptive("it changes how those who assume the role get in"),
            1 => step.disruptive(format!("{} no longer gets in", change.out[0])),
            _ => step.disruptive(format!("{} no longer get in", change.out.join(", "))),
        };
        after = Some(step.id());
    }
    if !live.has_support_access {
        let strangers = documents::strangers(&trusts, Own::of(here.env));
        let step = out
            .add(Action::AttachSupportAccess { role: role.clone() })
            .after_all(after);
        // Whom the file names is meant.
        if want.principals.is_none() && !strangers.is_empty() {
            step.disruptive(format!(
                "it lets {} deal with AWS Support too",
                strangers.join(", ")
            ));
        }
    }
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
