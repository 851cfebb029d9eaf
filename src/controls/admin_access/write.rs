//! Writing: one call for each change, with the waits that IAM's propagation needs.

use trueup_aws::done;
use trueup_aws::{Cx, Failure};

use super::administrator_access;
use super::model::Action;
use crate::roles::{self, NONE, sent};

/// The code for a name that is taken.
const TAKEN: &str = "EntityAlreadyExists";

/// Makes one change.
pub(super) async fn write(action: &Action, cx: &Cx) -> Result<(), Failure> {
    let clients = cx.clients();
    let iam = &clients.iam;
    match action {
        Action::CreateGroup { group } => done(iam.create_group().group_name(group).send().await, &[TAKEN]),
        Action::PutGroupPolicy {
            group,
            policy,
            document,
        } => {
            let call = iam.put_group_policy().group_name(group).policy_name(policy);
            let call = call.policy_document(document.to_string());
            roles::patiently(cx, || async { Ok(call.clone().send().await?) }).await?;
            Ok(())
        }
        Action::CreateUser { user, tags } => {
            let call = iam.create_user().user_name(user).set_tags(sent(tags)?);
            done(call.send().await, &[TAKEN])
        }
        Action::AddUser { group, user } => {
            let call = iam.add_user_to_group().group_name(group).user_name(user);
            roles::patiently(cx, || async { Ok(call.clone().send().await?) }).await?;
            Ok(())
        }
        Action::RemoveUser { group, user } => {
            let call = iam.remove_user_from_group().group_name(group).user_name(user);
            done(call.send().await, &[NONE])
        }
        Action::CreateRole {
            role,
            trust,
            description,
            max_session,
            tags,
        } => {
            let new = roles::New {
                name: role,
                trust,
                description: description.as_deref(),
                max_session: *max_session,
                tags,
            };
            roles::create(cx, new).await
        }
        Action::AttachAdministratorAccess { role } => {
            roles::attach(cx, role, &administrator_access(&cx.env)).await
        }
        Action::UpdateTrust { role, trust, .. } => roles::set_trust(cx, role, trust).await,
        Action::UpdateRole {
            role,
            description,
            max_session,
        } => {
            let call = iam
                .update_role()
                .role_name(role)
                .max_session_duration(*max_session);
            let call = call.set_description(description.clone());
            roles::patiently(cx, || async { Ok(call.clone().send().await?) }).await?;
            Ok(())
        }
        Action::TagRole { role, tags } => roles::tag(iam, role, tags).await,
        Action::TagUser { user, tags } => {
            let call = iam.tag_user().user_name(user).set_tags(sent(tags)?);
            call.send().await?;
            Ok(())
        }
        Action::DeleteGroupPolicy { group, policy } => {
            let call = iam.delete_group_policy().group_name(group).policy_name(policy);
            done(call.send().await, &[NONE])
        }
        Action::DeleteGroup { group } => done(iam.delete_group().group_name(group).send().await, &[NONE]),
        Action::DeleteRole { role } => {
            roles::detach(iam, role, &administrator_access(&cx.env)).await?;
            roles::delete(iam, role).await
        }
    }
}
