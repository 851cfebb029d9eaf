//! The calls: reading, and each change.

use futures::{StreamExt, TryStreamExt};
use trueup_aws::{Cx, Failure};
use trueup_core::control::Observed;
use trueup_core::values::{Bound, NumberOr, Presence};

use super::model::{Action, Ids, Model, days};
use crate::credential_report::CredentialReport;

/// See [`Live::fetch`](trueup_aws::Live::fetch).
pub(super) async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
    let answer = cx
        .clients()
        .iam
        .get_account_password_policy()
        .send()
        .await
        .map_err(Failure::from);
    let policy = match answer {
        Ok(answer) => answer.password_policy,
        Err(fault) if fault.is("NoSuchEntity") => None,
        Err(fault) => return Err(fault),
    };
    let model = match policy {
        None => Model {
            state: Some(Presence::Absent),
            ..Model::default()
        },
        Some(policy) => Model {
            state: None,
            minimum_length: Some(Bound::Plain(policy.minimum_password_length.unwrap_or(6))),
            require_symbols: Some(Bound::Plain(policy.require_symbols)),
            require_numbers: Some(Bound::Plain(policy.require_numbers)),
            require_uppercase: Some(Bound::Plain(policy.require_uppercase_characters)),
            require_lowercase: Some(Bound::Plain(policy.require_lowercase_characters)),
            allow_users_to_change: Some(policy.allow_users_to_change_password),
            reuse_prevention: Some(Bound::Plain(NumberOr::from_api(policy.password_reuse_prevention))),
            max_age_days: Some(Bound::Plain(NumberOr::from_api(policy.max_password_age))),
            hard_expiry: Some(policy.hard_expiry.unwrap_or(false)),
        },
    };
    let mut seen = Observed::<Model, Ids>::of(model);
    if want.is_some_and(|want| want.lets_passwords_live(&seen.model)) {
        match without_mfa(cx).await {
            Ok((named, others)) => {
                seen.ids.told.without_mfa = named;
                seen.ids.told.others_without_mfa = others;
            }
            // The policy itself is known all the same.
            Err(fault) => seen.ids.told.unread = Some(fault.0),
        }
    }
    Ok(seen)
}

/// How many users are named at most: each costs two calls.
const NAMED: usize = 5;

/// The IAM users with a console password and without MFA.
///
/// The credential report knows all of them in one call, but is up to four hours old. So those that are named are asked
/// for once more, and the others are only counted.
async fn without_mfa(cx: &Cx) -> Result<(Vec<String>, usize), Failure> {
    let report = cx.cached::<CredentialReport>().await?;
    let mut reported: Vec<String> = report.without_mfa().into_iter().map(str::to_owned).collect();
    let others = reported.split_off(reported.len().min(NAMED));
    let iam = &cx.clients().iam;
    let named = futures::stream::iter(reported)
        .map(|user| async move {
            let is_without = is_without_mfa(iam, &user).await?;
            Ok::<_, Failure>(is_without.then_some(user))
        })
        .buffered(NAMED)
        .try_collect::<Vec<Option<String>>>()
        .await?;
    Ok((named.into_iter().flatten().collect(), others.len()))
}

/// Whether a user has a console password and no MFA now.
async fn is_without_mfa(iam: &aws_sdk_iam::Client, user: &str) -> Result<bool, Failure> {
    let profile = iam.get_login_profile().user_name(user).send().await;
    match profile.map_err(Failure::from) {
        Ok(_) => {}
        Err(fault) if fault.is("NoSuchEntity") => return Ok(false),
        Err(fault) => return Err(fault),
    }
    let devices = iam.list_mfa_devices().user_name(user).send().await;
    match devices.map_err(Failure::from) {
        Ok(devices) => Ok(devices.mfa_devices.is_empty()),
        // The user was deleted in between.
        Err(fault) if fault.is("NoSuchEntity") => Ok(false),
        Err(fault) => Err(fault),
    }
}

/// See [`Live::apply`](trueup_aws::Live::apply).
pub(super) async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
    let iam = &cx.clients().iam;
    match action {
        Action::Put(policy) => {
            iam.update_account_password_policy()
                .set_minimum_password_length(policy.minimum_length.map(Bound::into_value))
                .set_require_symbols(policy.require_symbols.map(Bound::into_value))
                .set_require_numbers(policy.require_numbers.map(Bound::into_value))
                .set_require_uppercase_characters(policy.require_uppercase.map(Bound::into_value))
                .set_require_lowercase_characters(policy.require_lowercase.map(Bound::into_value))
                .set_allow_users_to_change_password(policy.allow_users_to_change)
                // "Off" is said by leaving these two out: AWS refuses 0.
                .set_password_reuse_prevention(policy.reuse_prevention.and_then(|count| count.value().number))
                .set_max_password_age(days(policy))
                .set_hard_expiry(policy.hard_expiry)
                .send()
                .await?;
        }
        Action::Delete => match iam
            .delete_account_password_policy()
            .send()
            .await
            .map_err(Failure::from)
        {
            Ok(_) => {}
            Err(fault) if fault.is("NoSuchEntity") => {}
            Err(fault) => return Err(fault),
        },
    }
    Ok(())
}
