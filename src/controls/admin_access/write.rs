//! Writing: one call for each change, with the waits that IAM's propagation needs.

use aws_sdk_iam::types::Tag;

use super::administrator_access;
use super::model::Action;
use crate::control::Cx;
use crate::fault::Fault;
use crate::policy::Policy;
use crate::tags::Tags;
use crate::wait::{self, HALF_A_MINUTE, TWO_MINUTES};

/// What IAM answers while it is still busy with an earlier change, or does not yet know what was just made.
const PASSING: &[&str] = &[
    "NoSuchEntity",
    "ConcurrentModification",
    "EntityTemporarilyUnmodifiable",
];

/// Calls again while IAM does not know yet what was just made, or is still busy with it.
pub(in crate::controls) async fn patiently<T, F>(cx: &Cx, call: impl Fn() -> F + Send) -> Result<T, Fault>
where
    F: Future<Output = Result<T, Fault>> + Send,
{
    let wait = cx.wait_until("IAM knows what was just made");
    wait::patiently(wait, HALF_A_MINUTE, PASSING, call).await
}

/// Makes a call that sends a role's trust, again while IAM does not know a principal in it that was just made (IAM
/// user guide, "Changes that I make are not always immediately visible").
pub(in crate::controls) async fn trusting<T, F>(cx: &Cx, call: impl Fn() -> F + Send) -> Result<T, Fault>
where
    F: Future<Output = Result<T, Fault>> + Send,
{
    let is_passing = |fault: &Fault| {
        fault.is_one_of(&["ConcurrentModification", "EntityTemporarilyUnmodifiable"])
            || fault.is("MalformedPolicyDocument") && fault.message.contains("Invalid principal")
    };
    let wait = cx.wait_until("IAM knows the principals of the trust");
    wait::while_passing(wait, TWO_MINUTES, is_passing, call).await
}

/// Done, also where it was done already.
pub(in crate::controls) fn unless<T>(code: &str, answer: Result<T, Fault>) -> Result<(), Fault> {
    match answer {
        Ok(_) => Ok(()),
        Err(fault) if fault.is(code) => Ok(()),
        Err(fault) => Err(fault),
    }
}

/// Makes one change.
pub(super) async fn write(action: &Action, cx: &Cx) -> Result<(), Fault> {
    let clients = cx.clients();
    let iam = &clients.iam;
    match action {
        Action::CreateGroup { group } => unless(
            "EntityAlreadyExists",
            iam.create_group()
                .group_name(group)
                .send()
                .await
                .map_err(Fault::from),
        ),
        Action::PutGroupPolicy {
            group,
            policy,
            document,
        } => {
            patiently(cx, || async {
                iam.put_group_policy()
                    .group_name(group)
                    .policy_name(policy)
                    .policy_document(document.to_string())
                    .send()
                    .await?;
                Ok(())
            })
            .await
        }
        Action::CreateUser { user, tags } => unless(
            "EntityAlreadyExists",
            iam.create_user()
                .user_name(user)
                .set_tags(sent(tags)?)
                .send()
                .await
                .map_err(Fault::from),
        ),
        Action::AddUser { group, user } => {
            patiently(cx, || async {
                iam.add_user_to_group()
                    .group_name(group)
                    .user_name(user)
                    .send()
                    .await?;
                Ok(())
            })
            .await
        }
        Action::RemoveUser { group, user } => unless(
            "NoSuchEntity",
            iam.remove_user_from_group()
                .group_name(group)
                .user_name(user)
                .send()
                .await
                .map_err(Fault::from),
        ),
        Action::CreateRole {
            role,
            trust,
            description,
            max_session,
            tags,
        } => {
            let call = iam
                .create_role()
                .role_name(role)
                .assume_role_policy_document(trust.to_string())
                .set_description(description.clone())
                .set_max_session_duration(*max_session)
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
        Action::AttachAdministratorAccess { role } => {
            patiently(cx, || async {
                iam.attach_role_policy()
                    .role_name(role)
                    .policy_arn(administrator_access(&cx.env))
                    .send()
                    .await?;
                Ok(())
            })
            .await
        }
        Action::UpdateTrust { role, trust, .. } => {
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
        Action::UpdateRole {
            role,
            description,
            max_session,
        } => {
            patiently(cx, || async {
                iam.update_role()
                    .role_name(role)
                    .set_description(description.clone())
                    .max_session_duration(*max_session)
                    .send()
                    .await?;
                Ok(())
            })
            .await
        }
        Action::TagRole { role, tags } => {
            iam.tag_role()
                .role_name(role)
                .set_tags(sent(tags)?)
                .send()
                .await?;
            Ok(())
        }
        Action::TagUser { user, tags } => {
            iam.tag_user()
                .user_name(user)
                .set_tags(sent(tags)?)
                .send()
                .await?;
            Ok(())
        }
        Action::DeleteGroupPolicy { group, policy } => unless(
            "NoSuchEntity",
            iam.delete_group_policy()
                .group_name(group)
                .policy_name(policy)
                .send()
                .await
                .map_err(Fault::from),
        ),
        Action::DeleteGroup { group } => unless(
            "NoSuchEntity",
            iam.delete_group()
                .group_name(group)
                .send()
                .await
                .map_err(Fault::from),
        ),
        Action::DeleteRole { role } => {
            let detached = iam
                .detach_role_policy()
                .role_name(role)
                .policy_arn(administrator_access(&cx.env))
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

/// True if a role's trust means the same as this one.
pub(in crate::controls) async fn trusts(cx: &Cx, role: &str, trust: &Policy) -> Result<bool, Fault> {
    let answer = cx.clients().iam.get_role().role_name(role).send().await?;
    let document = answer.role.and_then(|role| role.assume_role_policy_document);
    Ok(document.is_some_and(|text| Policy::from_encoded(&text).is_ok_and(|live| live == *trust)))
}

/// Tags as IAM takes them.
pub(in crate::controls) fn sent(tags: &Tags) -> Result<Option<Vec<Tag>>, Fault> {
    if tags.is_empty() {
        return Ok(None);
    }
    tags.iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect::<Result<Vec<_>, _>>()
        .map(Some)
        .map_err(|error| Fault::answer("iam", error.to_string()))
}
