//! What is wrong with a table as a whole.

use super::model::{MfaCondition, Model};
use crate::role_rights::wrong_boundary;
use crate::roles::{self, wrong_name};

/// See [`Control::check`](trueup_core::control::Control::check).
pub(super) fn check(want: &Model) -> Vec<(&'static str, String)> {
    let mut wrong = vec![];
    let mut name =
        |key, name: &str, most: usize| wrong.extend(wrong_name(name, most).map(|what| (key, what)));
    if let Some(group) = &want.group {
        name("group", group, 128);
    }
    if let Some(role) = &want.role {
        name("role", role, 64);
    }
    for user in want.members() {
        name("users", user, 64);
    }
    for (at, user) in want.members().iter().enumerate() {
        if want.members()[..at]
            .iter()
            .any(|other| other.eq_ignore_ascii_case(user))
        {
            wrong.push((
                "users",
                format!("`{user}` is there twice; IAM's names have no case"),
            ));
        }
    }
    if let Some(role) = want
        .role
        .as_ref()
        .filter(|role| role.starts_with("AWSReservedSSO_"))
    {
        wrong.push((
            "role",
            format!(
                "`{role}` is IAM Identity Center's own; expected satisfied_by = \"identity_center\" instead"
            ),
        ));
    }
    if let Some(session) = want.max_session_seconds.filter(|n| !(3600..=43200).contains(n)) {
        wrong.push((
            "max_session_seconds",
            format!("{session} is out of range; expected 3600 to 43200"),
        ));
    }
    let description = want
        .role_description
        .as_deref()
        .and_then(roles::wrong_description);
    wrong.extend(description.map(|what| ("role_description", what)));
    let boundary = want.permissions_boundary.as_ref().and_then(wrong_boundary);
    wrong.extend(boundary.map(|what| ("permissions_boundary", what)));
    if want.mfa() == MfaCondition::BoolIfExists
        && want.mfa_max_age_seconds.is_some_and(|age| age.number.is_some())
    {
        wrong.push((
            "mfa_max_age_seconds",
            "an age asks for MFA always; expected mfa_condition = \"Bool\" with it".to_owned(),
        ));
    }
    if want.is_off() {
        return wrong;
    }
    let needs = |key: &'static str, written: bool, other: &str, has: bool| {
        (written && !has).then(|| {
            (
                key,
                format!("says nothing without {other}; expected {other} beside it"),
            )
        })
    };
    let (has_role, has_group) = (want.role.is_some(), want.group.is_some());
    wrong.extend(
        [
            needs("users", want.users.is_some(), "group", has_group),
            needs(
                "access_key_max_age_days",
                want.access_key_max_age_days.is_some(),
                "users",
                want.users.is_some(),
            ),
            needs(
                "role_description",
                want.role_description.is_some(),
                "role",
                has_role,
            ),
            needs(
                "permissions_boundary",
                want.permissions_boundary.is_some(),
                "role",
                has_role,
            ),
            needs("mfa_condition", want.mfa_condition.is_some(), "role", has_role),
            needs(
                "mfa_max_age_seconds",
                want.mfa_max_age_seconds.is_some(),
                "role",
                has_role,
            ),
            needs(
                "max_session_seconds",
                want.max_session_seconds.is_some(),
                "role",
                has_role,
            ),
        ]
        .into_iter()
        .flatten(),
    );
    if !has_role && !has_group && want.satisfied_by.is_none() {
        wrong.push((
            "",
            "says nothing about administrators; expected at least group, role or satisfied_by".to_owned(),
        ));
    }
    wrong
}
