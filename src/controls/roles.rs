//! IAM roles as several controls read and write them.

use aws_sdk_iam::Client;
use aws_sdk_iam::types::{AttachedPolicy, EntityType, Role, Tag};
use trueup_aws::wait::{self, HALF_A_MINUTE, TWO_MINUTES};
use trueup_aws::{Cx, Failure, done, found};
use trueup_core::change::Manager;
use trueup_core::fault::Fault;
use trueup_core::tags::Tags;
use trueup_policy::Policy;

use crate::role_rights::OtherPolicies;

/// What IAM answers of what does not exist.
pub(crate) const NONE: &str = "NoSuchEntity";
/// What IAM answers while it does not know yet what exists already, or is still busy with it.
const PASSING: &[&str] = &[NONE, "ConcurrentModification", "EntityTemporarilyUnmodifiable"];

/// Calls again while IAM does not know yet what was just made, or is still busy with it.
pub(crate) async fn patiently<T, F>(cx: &Cx, call: impl Fn() -> F + Send) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>> + Send,
{
    let wait = cx.wait_until("IAM knows what was just made");
    wait::patiently(wait, HALF_A_MINUTE, PASSING, call).await
}

/// Makes a call that sends a role's trust, again while IAM does not know a principal in it that was just made (IAM
/// user guide, "Changes that I make are not always immediately visible").
async fn trusting<T, F>(cx: &Cx, call: impl Fn() -> F + Send) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>> + Send,
{
    let is_passing = |fault: &Fault| {
        fault.is_one_of(&["ConcurrentModification", "EntityTemporarilyUnmodifiable"])
            || fault.is("MalformedPolicyDocument")
                && fault.message.contains("Invalid principal")
                // The id of a deleted principal is never known again.
                && !["\"AROA", "\"AIDA"].iter().any(|id| fault.message.contains(id))
    };
    let wait = cx.wait_until("IAM knows the principals of the trust");
    wait::while_passing(wait, TWO_MINUTES, is_passing, call).await
}

/// What is wrong with a name of a user, a group or a role, if something is (IAM API reference, their patterns).
pub(crate) fn wrong_name(name: &str, most: usize) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    let is_valid = !name.is_empty() && name.len() <= most && name.chars().all(plain);
    (!is_valid).then(|| {
        format!("`{name}` is not a valid IAM name; expected 1 to {most} letters, digits or _ + = , . @ -")
    })
}

/// What is wrong with a description, if something is (IAM API reference, the pattern of `roleDescriptionType`).
pub(crate) fn wrong_description(text: &str) -> Option<String> {
    let is_valid = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{a1}'..='\u{ff}');
    if text.chars().count() > 1000 {
        return Some("is too long; expected at most 1000 characters".to_owned());
    }
    text.chars().find(|c| !is_valid(*c)).map(|c| {
        format!(
            "IAM does not take the character `{c}` (U+{:04X}); expected letters of English and Western European \
             languages (Latin-1), digits, spaces and punctuation",
            u32::from(c)
        )
    })
}

/// A role that is to be made.
#[derive(Debug)]
pub(crate) struct New<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Who may assume it.
    pub(crate) trust: &'a Policy,
    /// Its description.
    pub(crate) description: Option<&'a str>,
    /// The longest session, in seconds, where it is not IAM's default.
    pub(crate) max_session: Option<i32>,
    /// The ARN of the policy that limits it.
    pub(crate) boundary: Option<&'a str>,
    /// Its tags.
    pub(crate) tags: &'a Tags,
}

/// The role of this name in this case.
pub(crate) async fn get(iam: &Client, name: &str) -> Result<Option<Role>, Failure> {
    let answer = found(iam.get_role().role_name(name).send().await, NONE)?;
    Ok(answer.and_then(|answer| answer.role))
}

/// The role of this name in any case: `GetRole` knows the exact one alone, and IAM makes no second role of another.
pub(crate) async fn get_any_case(iam: &Client, name: &str) -> Result<Option<Role>, Failure> {
    if let Some(role) = get(iam, name).await? {
        return Ok(Some(role));
    }
    let roles = iam.list_roles().into_paginator().items().send();
    let roles = roles.collect::<Result<Vec<_>, _>>().await?;
    let mut others = roles.into_iter();
    match others.find(|role| role.role_name.eq_ignore_ascii_case(name)) {
        // The list leaves out the tags and the boundary (IAM API reference, `ListRoles`).
        Some(other) => get(iam, &other.role_name).await,
        None => Ok(None),
    }
}

/// A policy document of an answer to this call.
pub(crate) fn document(call: &str, text: Option<&str>) -> Result<Policy, Failure> {
    Policy::from_encoded(text.unwrap_or_default()).map_err(|error| Failure::answer(call, error.to_string()))
}

/// The role's trust policy.
pub(crate) fn trust(role: &Role) -> Result<Policy, Failure> {
    document("iam:GetRole", role.assume_role_policy_document())
}

/// The roles with a managed policy, by name, in order.
pub(crate) async fn with_policy(
    iam: &Client,
    policy: &str,
    path: Option<&str>,
) -> Result<Vec<String>, Failure> {
    let pages = iam
        .list_entities_for_policy()
        .policy_arn(policy)
        .entity_filter(EntityType::Role)
        .set_path_prefix(path.map(str::to_owned))
        .into_paginator()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await?;
    let roles = pages
        .into_iter()
        .flat_map(|page| page.policy_roles.unwrap_or_default());
    let mut names: Vec<String> = roles.filter_map(|role| role.role_name).collect();
    names.sort();
    Ok(names)
}

/// The ARN of the policy that limits a role.
pub(crate) fn boundary(role: &Role) -> Option<String> {
    let boundary = role.permissions_boundary.as_ref()?;
    boundary.permissions_boundary_arn.clone()
}

/// The document of a role's permissions boundary, if it has one.
pub(crate) async fn limit(iam: &Client, role: &Role) -> Result<Option<Policy>, Failure> {
    match boundary(role) {
        Some(arn) => Ok(Some(managed(iam, &arn).await?)),
        None => Ok(None),
    }
}

/// Limits a role that has no limit yet.
pub(crate) async fn set_boundary(cx: &Cx, role: &str, boundary: &str) -> Result<(), Failure> {
    let call = cx.clients().iam.put_role_permissions_boundary();
    let call = call.role_name(role).permissions_boundary(boundary);
    patiently(cx, || async { Ok(call.clone().send().await?) }).await?;
    Ok(())
}

/// The document of a managed policy.
pub(crate) async fn managed(iam: &Client, arn: &str) -> Result<Policy, Failure> {
    let policy = iam.get_policy().policy_arn(arn).send().await?;
    let version = policy.policy.and_then(|policy| policy.default_version_id);
    let answer = iam
        .get_policy_version()
        .policy_arn(arn)
        .set_version_id(version)
        .send()
        .await?;
    let text = answer.policy_version.and_then(|version| version.document);
    document("iam:GetPolicyVersion", text.as_deref())
}

/// The policies of a role, all or but one that is attached.
pub(crate) async fn policies(
    iam: &Client,
    role: &str,
    attached: &[AttachedPolicy],
    but: Option<&str>,
) -> Result<OtherPolicies, Failure> {
    let mut others = OtherPolicies::default();
    let arns = attached.iter().filter_map(|policy| policy.policy_arn.as_deref());
    for arn in arns.filter(|arn| Some(*arn) != but) {
        others.attached.insert(arn.to_owned(), managed(iam, arn).await?);
    }
    for name in inline_names(iam, role).await? {
        let answer = iam
            .get_role_policy()
            .role_name(role)
            .policy_name(&name)
            .send()
            .await?;
        let policy = document("iam:GetRolePolicy", Some(&answer.policy_document))?;
        others.inline.insert(name, policy);
    }
    Ok(others)
}

async fn inline_names(iam: &Client, role: &str) -> Result<Vec<String>, Failure> {
    let inline = iam.list_role_policies().role_name(role);
    let inline = inline.into_paginator().items().send();
    Ok(inline.collect::<Result<Vec<_>, _>>().await?)
}

/// The managed policies of a role.
pub(crate) async fn attached(iam: &Client, role: &str) -> Result<Vec<AttachedPolicy>, Failure> {
    let call = iam.list_attached_role_policies().role_name(role);
    let pages = call.into_paginator().items().send();
    Ok(pages.collect::<Result<Vec<_>, _>>().await?)
}

/// What stands in the way of deleting a role once this managed policy is detached, by name: the other policies and the
/// instance profiles.
pub(crate) async fn in_the_way(
    iam: &Client,
    role: &str,
    attached: Vec<AttachedPolicy>,
    policy: &str,
) -> Result<Vec<String>, Failure> {
    let others = attached
        .into_iter()
        .filter(|one| one.policy_arn.as_deref() != Some(policy));
    let mut names: Vec<String> = others.filter_map(|policy| policy.policy_name).collect();
    names.extend(inline_names(iam, role).await?);
    let profiles = iam.list_instance_profiles_for_role().role_name(role);
    let profiles = profiles.into_paginator().items().send();
    let profiles = profiles.collect::<Result<Vec<_>, _>>().await?;
    names.extend(profiles.into_iter().map(|profile| profile.instance_profile_name));
    Ok(names)
}

/// Tags as IAM tells them.
pub(crate) fn tags(tags: Option<Vec<Tag>>) -> Tags {
    let tags = tags.unwrap_or_default().into_iter();
    tags.map(|tag| (tag.key, tag.value)).collect()
}

/// Tags as IAM takes them.
pub(crate) fn sent(tags: &Tags) -> Result<Option<Vec<Tag>>, Failure> {
    if tags.is_empty() {
        return Ok(None);
    }
    tags.iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect::<Result<Vec<_>, _>>()
        .map(Some)
        .map_err(|error| Failure::answer("iam", error.to_string()))
}

/// The CloudFormation stack that made a role of these tags.
pub(crate) fn stack(tags: &Tags) -> Option<Manager> {
    let stack = tags.get("aws:cloudformation:stack-name")?;
    Some(Manager {
        who: format!("the CloudFormation stack {stack}, which made the role"),
    })
}

/// Makes a role. Another one of its name may trust anybody: it is taken for done only if it trusts the same.
pub(crate) async fn create(cx: &Cx, new: New<'_>) -> Result<(), Failure> {
    let iam = &cx.clients().iam;
    let call = iam
        .create_role()
        .role_name(new.name)
        .assume_role_policy_document(new.trust.to_string())
        .set_description(new.description.map(str::to_owned))
        .set_max_session_duration(new.max_session)
        .set_permissions_boundary(new.boundary.map(str::to_owned))
        .set_tags(sent(new.tags)?);
    let made = trusting(cx, || async { Ok(call.clone().send().await?) }).await;
    let fault = match made {
        Err(fault) if fault.is("EntityAlreadyExists") => fault,
        answer => return answer.map(drop),
    };
    let live = get(iam, new.name).await?;
    match live.is_some_and(|role| trust(&role).is_ok_and(|live| live == *new.trust)) {
        true => Ok(()),
        false => Err(fault),
    }
}

/// Replaces a role's trust policy.
pub(crate) async fn set_trust(cx: &Cx, role: &str, trust: &Policy) -> Result<(), Failure> {
    let call = cx.clients().iam.update_assume_role_policy().role_name(role);
    let call = call.policy_document(trust.to_string());
    trusting(cx, || async { Ok(call.clone().send().await?) }).await?;
    Ok(())
}

/// Puts an inline policy on a role.
pub(crate) async fn put_inline(cx: &Cx, role: &str, name: &str, document: &Policy) -> Result<(), Failure> {
    let call = cx
        .clients()
        .iam
        .put_role_policy()
        .role_name(role)
        .policy_name(name);
    let call = call.policy_document(document.to_string());
    patiently(cx, || async { Ok(call.clone().send().await?) }).await?;
    Ok(())
}

/// Attaches a managed policy to a role.
pub(crate) async fn attach(cx: &Cx, role: &str, policy: &str) -> Result<(), Failure> {
    let call = cx.clients().iam.attach_role_policy();
    let call = call.role_name(role).policy_arn(policy);
    patiently(cx, || async { Ok(call.clone().send().await?) }).await?;
    Ok(())
}

/// Tags a role.
pub(crate) async fn tag(iam: &Client, role: &str, tags: &Tags) -> Result<(), Failure> {
    let call = iam.tag_role().role_name(role).set_tags(sent(tags)?);
    call.send().await?;
    Ok(())
}

/// Takes an inline policy from a role.
pub(crate) async fn delete_inline(iam: &Client, role: &str, name: &str) -> Result<(), Failure> {
    let call = iam.delete_role_policy().role_name(role).policy_name(name);
    done(call.send().await, &[NONE])
}

/// Detaches a managed policy from a role.
pub(crate) async fn detach(iam: &Client, role: &str, policy: &str) -> Result<(), Failure> {
    let call = iam.detach_role_policy().role_name(role).policy_arn(policy);
    done(call.send().await, &[NONE])
}

/// Deletes a role that has nothing any more.
pub(crate) async fn delete(iam: &Client, role: &str) -> Result<(), Failure> {
    done(iam.delete_role().role_name(role).send().await, &[NONE])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_has_the_characters_that_iam_takes() {
        for text in ["", "Administrators,\tonly with MFA\r\n", "Größe ¡ÿ"] {
            assert_eq!(wrong_description(text), None, "{text}");
        }
        for (text, c) in [
            ("only – with MFA", "`–` (U+2013)"),
            ("管理者", "`管` (U+7BA1)"),
            ("a\u{a0}b", "(U+00A0)"),
            ("a\u{7f}", "(U+007F)"),
            ("a\u{0}", "(U+0000)"),
        ] {
            let said = wrong_description(text).unwrap();
            assert!(said.contains(c), "{said}");
        }
        assert!(wrong_description(&"x".repeat(1001)).is_some());
    }
}
