//! Reading and writing.

use aws_sdk_iam::Client;
use trueup_aws::{Cx, Failure};
use trueup_core::control::Observed;
use trueup_core::values::Template;

use super::model::{Action, Ids, Model, Role};
use super::{support_access, trust};
use crate::role_rights::OtherPolicies;
use crate::role_trust::Own;
use crate::roles;

/// Reads the role of the wanted name, or else any that has the policy; one of IAM Identity Center comes last.
pub(super) async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
    let clients = cx.clients();
    let iam = &clients.iam;
    let mut having = roles::with_policy(iam, &support_access(&cx.env), None).await?;
    having.sort_by_key(|name| name.starts_with("AWSReservedSSO_"));
    let goes = want.is_some_and(Model::is_off);
    let own = having.first().filter(|name| !name.starts_with("AWSReservedSSO_"));
    let name = match want {
        Some(want) => want.role.as_ref(),
        None => own,
    };
    let mut ids = Ids::default();
    if let Some(name) = name {
        ids.role = role(cx, iam, name, &having, goes).await?;
    }
    let held_by = ids.role.as_ref().and_then(|role| roles::stack(&role.tags));
    if !ids.role.as_ref().is_some_and(|role| role.has_support_access) {
        ids.other = having.into_iter().next();
    }
    let model = match &ids.role {
        Some(role) => Model {
            enabled: Some(true),
            role: Some(
                want.and_then(|want| want.role.clone())
                    .unwrap_or_else(|| role.name.clone()),
            ),
            principals: principals(role, want, Own::of(&cx.env)),
            permissions_boundary: role.boundary.clone().map(Template::from),
            role_description: Some(role.description.clone().unwrap_or_default()),
        },
        None => Model {
            enabled: Some(ids.other.is_some() && !goes),
            ..Model::default()
        },
    };
    Ok(Observed { model, ids, held_by })
}

/// The principals as the file has them, where they mean the same.
fn principals(role: &Role, want: Option<&Model>, own: Own<'_>) -> Option<Vec<String>> {
    let written = want.and_then(|want| want.principals.clone());
    written
        .filter(|written| trust::change(&role.trust, written, own).is_none())
        .or_else(|| trust::principals(&role.trust, own))
}

/// A role. With `whole`, also what stands in the way of deleting it.
async fn role(
    cx: &Cx,
    iam: &Client,
    name: &str,
    having: &[String],
    whole: bool,
) -> Result<Option<Role>, Failure> {
    let Some(role) = roles::get_any_case(iam, name).await? else {
        return Ok(None);
    };
    let (name, support) = (&role.role_name, support_access(&cx.env));
    let attached = roles::attached(iam, name).await?;
    let (mut others, mut foreign) = (OtherPolicies::default(), vec![]);
    if whole {
        foreign = roles::in_the_way(iam, name, attached, &support).await?;
    } else {
        others = roles::policies(iam, name, &attached, Some(&support)).await?;
    }
    Ok(Some(Role {
        has_support_access: having.contains(&role.role_name),
        trust: roles::trust(&role)?,
        boundary: roles::boundary(&role),
        arn: role.arn,
        name: role.role_name,
        description: role.description,
        others,
        foreign,
        tags: roles::tags(role.tags),
    }))
}

/// Makes one change.
pub(super) async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
    let clients = cx.clients();
    let iam = &clients.iam;
    match action {
        Action::CreateRole {
            role,
            trust,
            description,
            boundary,
            tags,
        } => {
            let new = roles::New {
                name: role,
                trust,
                description: description.as_deref(),
                max_session: None,
                boundary: boundary.as_ref().map(Template::as_str),
                tags,
            };
            roles::create(cx, new).await
        }
        Action::AttachSupportAccess { role } => roles::attach(cx, role, &support_access(&cx.env)).await,
        Action::UpdateTrust { role, trust } => roles::set_trust(cx, role, trust).await,
        Action::Describe { role, description } => {
            let call = iam.update_role_description().role_name(role);
            call.description(description).send().await?;
            Ok(())
        }
        Action::PutBoundary { role, boundary } => roles::set_boundary(cx, role, boundary).await,
        Action::DetachPolicy { role, policy } => roles::detach(iam, role, policy).await,
        Action::DeletePolicy { role, policy } => roles::delete_inline(iam, role, policy).await,
        Action::TagRole { role, tags } => roles::tag(iam, role, tags).await,
        Action::DeleteRole { role } => {
            roles::detach(iam, role, &support_access(&cx.env)).await?;
            roles::delete(iam, role).await
        }
    }
}
