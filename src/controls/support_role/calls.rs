//! Reading and writing.

use super::model::{Action, Ids, Model, Role};
use super::{support_access, trust};
use crate::control::{Cx, Manager, Seen};
use crate::controls::admin_access::read::{self, Iam};
use crate::controls::admin_access::write::{patiently, sent, trusting, trusts, unless};
use crate::fault::Fault;

/// Reads the role of the wanted name, or else any that has the policy; one of IAM Identity Center comes last.
pub(super) async fn read(cx: &Cx, want: Option<&Model>) -> Result<Seen<Model, Ids>, Fault> {
    let clients = cx.clients();
    let iam = &clients.iam;
    let mut having = read::roles_with(iam, &support_access(&cx.env), None).await?;
    having.sort_by_key(|name| name.starts_with("AWSReservedSSO_"));
    let goes = want.is_some_and(Model::is_off);
    let own = having.first().filter(|name| !name.starts_with("AWSReservedSSO_"));
    let name = match want {
        Some(want) => want.role.as_ref(),
        None => own,
    };
    let mut ids = Ids::default();
    let mut held_by = None;
    if let Some(name) = name {
        (ids.role, held_by) = match role(cx, iam, name, &having, goes).await? {
            Some((role, stack)) => (Some(role), stack),
            None => (None, None),
        };
    }
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
            principals: principals(role, want),
            role_description: Some(role.description.clone().unwrap_or_default()),
        },
        None => Model {
            enabled: Some(ids.other.is_some() && !goes),
            ..Model::default()
        },
    };
    Ok(Seen { model, ids, held_by })
}

/// The principals as the file has them, where they mean the same.
fn principals(role: &Role, want: Option<&Model>) -> Option<Vec<String>> {
    let written = want.and_then(|want| want.principals.clone());
    written
        .filter(|written| trust::change(&role.trust, written).is_none())
        .or_else(|| trust::principals(&role.trust))
}

/// A role with who else manages it. With `whole`, also what stands in the way of deleting it.
async fn role(
    cx: &Cx,
    iam: &Iam,
    name: &str,
    having: &[String],
    whole: bool,
) -> Result<Option<(Role, Option<Manager>)>, Fault> {
    let Some(role) = read::any_case(iam, name).await? else {
        return Ok(None);
    };
    let mut foreign = vec![];
    if whole {
        let support = support_access(&cx.env);
        let attached = read::attached_to(iam, &role.role_name).await?.into_iter();
        let others = attached.filter(|policy| policy.policy_arn.as_deref() != Some(&support));
        foreign.extend(others.filter_map(|policy| policy.policy_name));
        foreign.extend(read::in_the_way(iam, &role.role_name).await?);
    }
    let tags = read::tags(role.tags);
    let held_by = tags.get("aws:cloudformation:stack-name").map(|stack| Manager {
        who: format!("the CloudFormation stack {stack}, which made the role"),
    });
    let role = Role {
        has_support_access: having.contains(&role.role_name),
        trust: read::document("iam:GetRole", role.assume_role_policy_document.as_deref())?,
        name: role.role_name,
        description: role.description,
        foreign,
        tags,
    };
    Ok(Some((role, held_by)))
}

/// Makes one change.
pub(super) async fn write(action: &Action, cx: &Cx) -> Result<(), Fault> {
    let clients = cx.clients();
    let iam = &clients.iam;
    match action {
        Action::CreateRole {
            role,
            trust,
            description,
            tags,
        } => {
            let call = iam
                .create_role()
                .role_name(role)
                .assume_role_policy_document(trust.to_string())
                .set_description(description.clone())
                .set_tags(sent(tags)?);
            let made = trusting(cx, || async { Ok(call.clone().send().await?) }).await;
            match made {
                // Another role of this name may trust anybody: it is taken for done only if it trusts the same.
                Err(fault) if fault.is("EntityAlreadyExists") && !trusts(cx, role, trust).await? => {
                    Err(fault)
                }
                answer => unless("EntityAlreadyExists", answer),
            }
        }
        Action::AttachSupportAccess { role } => {
            patiently(cx, || async {
                iam.attach_role_policy()
                    .role_name(role)
                    .policy_arn(support_access(&cx.env))
                    .send()
                    .await?;
                Ok(())
            })
            .await
        }
        Action::UpdateTrust { role, trust } => {
            trusting(cx, || async {
                iam.update_assume_role_policy()
                    .role_name(role)
                    .policy_document(trust.to_string())
                    .send()
                    .await?;
                Ok(())
            })
            .await
        }
        Action::Describe { role, description } => {
            iam.update_role_description()
                .role_name(role)
                .description(description)
                .send()
                .await?;
            Ok(())
        }
        Action::TagRole { role, tags } => {
            iam.tag_role()
                .role_name(role)
                .set_tags(sent(tags)?)
                .send()
                .await?;
            Ok(())
        }
        Action::DeleteRole { role } => {
            let detached = iam
                .detach_role_policy()
                .role_name(role)
                .policy_arn(support_access(&cx.env))
                .send()
                .await;
            unless("NoSuchEntity", detached.map_err(Fault::from))?;
            unless(
                "NoSuchEntity",
                iam.delete_role()
                    .role_name(role)
                    .send()
                    .await
                    .map_err(Fault::from),
            )
        }
    }
}
