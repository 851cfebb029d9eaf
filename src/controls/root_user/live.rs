//! The calls that read the root user.

use aws_sdk_iam::Client;
use aws_sdk_iam::types::{AssignmentStatusType, SummaryKeyType, VirtualMfaDevice};
use jiff::civil::Date;
use trueup_aws::{Cx, Failure};
use trueup_core::control::Observed;
use trueup_core::values::{Presence, Required};

use super::model::{Ids, Model};
use crate::credential_report::{CredentialReport, Use};

/// See [`Live::fetch`](trueup_aws::Live::fetch).
///
/// The summary is what everything rests on. What another call cannot show leaves the rest as it was read.
pub(super) async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
    let iam = &cx.clients().iam;
    let summary = summary(iam).await?;
    let devices_matter =
        want.is_none_or(|want| want.hardware_mfa.is_some() || want.mfa_devices.is_some_and(|n| n > 1));
    let virtual_devices = match summary.mfa && devices_matter {
        true => Some(virtual_devices(iam).await),
        false => None,
    };
    let use_matters = want.is_none_or(|want| want.unused_for_days.is_some());
    let used = match use_matters {
        true => Some(
            cx.cached::<CredentialReport>()
                .await
                .and_then(|report| report.use_of_root()),
        ),
        false => None,
    };
    Ok(read(
        Read {
            summary: summary.in_partition(&cx.env.partition),
            virtual_devices,
            used,
        },
        want.and_then(|want| want.unused_for_days),
        cx.env.run.today,
    ))
}

/// What the calls found; nothing where one was not needed.
pub(super) struct Read {
    pub(super) summary: Summary,
    pub(super) virtual_devices: Option<Result<i32, Failure>>,
    pub(super) used: Option<Result<Use, Failure>>,
}

/// The reading, from what the calls found.
///
/// Without a number of days (`export`), the model says for how long the root user has not been used.
pub(super) fn read(found: Read, days: Option<i32>, today: Date) -> Observed<Model, Ids> {
    let summary = found.summary;
    let without_credentials = !(summary.password || summary.access_keys || summary.signing_certificates);
    let mut ids = Ids {
        without_credentials,
        ..Ids::default()
    };
    let mut or_unread = |unknown: &str, failure: Failure| ids.unread.push((unknown.to_owned(), failure.0));
    let virtual_devices = match found.virtual_devices {
        None => Some(0),
        Some(Ok(count)) => Some(count),
        Some(Err(failure)) => {
            or_unread("the root user's virtual MFA devices are not known", failure);
            None
        }
    };
    let used = found.used.and_then(|used| {
        used.map_err(|failure| or_unread("the root user's last use is not known", failure))
            .ok()
    });
    let protected = summary.mfa || without_credentials;
    let mut model = Model {
        access_keys: Some(presence(summary.access_keys)),
        signing_certificates: Some(presence(summary.signing_certificates)),
        mfa: protected.then_some(Required::Required),
        mfa_devices: summary.mfa.then_some(virtual_devices.unwrap_or_default().max(1)),
        hardware_mfa: (protected && virtual_devices == Some(0)).then_some(Required::Required),
        unused_for_days: None,
        billing_access: None,
    };
    if let Some(used) = used {
        let age = |day: Date| (today - day).get_days();
        let unused = used.last.map(age);
        match days {
            None => model.unused_for_days = unused.filter(|days| (1..=3650).contains(days)),
            Some(days) if unused.is_none_or(|unused| unused >= days) => model.unused_for_days = Some(days),
            Some(days) => match used.created.filter(|created| age(*created) < days) {
                Some(created) => {
                    model.unused_for_days = Some(days);
                    ids.new_since = Some(created.to_string());
                }
                None => ids.used = used.last.map(|day| day.to_string()),
            },
        }
    }
    ids.devices_unread = virtual_devices.is_none();
    Observed {
        model,
        ids,
        held_by: None,
    }
}

fn presence(present: bool) -> Presence {
    match present {
        true => Presence::Present,
        false => Presence::Absent,
    }
}

/// What the account summary says of the root user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) access_keys: bool,
    pub(super) mfa: bool,
    pub(super) password: bool,
    pub(super) signing_certificates: bool,
}

impl Summary {
    /// The same summary, without a password in a partition where the root user cannot sign in with one.
    pub(super) fn in_partition(self, partition: &str) -> Summary {
        Summary {
            password: self.password && super::signs_in(partition),
            ..self
        }
    }
}

/// The account summary (`GetAccountSummary`).
async fn summary(iam: &Client) -> Result<Summary, Failure> {
    let answer = iam.get_account_summary().send().await?;
    let map = answer.summary_map.unwrap_or_default();
    let number = |key: SummaryKeyType| map.get(&key).copied();
    let known = |key: SummaryKeyType| {
        let name = key.as_str().to_owned();
        number(key)
            .map(|number| number > 0)
            .ok_or_else(|| Failure::answer("iam:GetAccountSummary", format!("the answer has no {name}")))
    };
    Ok(Summary {
        access_keys: known(SummaryKeyType::AccountAccessKeysPresent)?,
        mfa: known(SummaryKeyType::AccountMfaEnabled)?,
        // Newer than the others. Where it is missing there is a password, as always before.
        password: number(SummaryKeyType::AccountPasswordPresent).is_none_or(|number| number > 0),
        signing_certificates: number(SummaryKeyType::AccountSigningCertificatesPresent)
            .is_some_and(|number| number > 0),
    })
}

/// How many virtual MFA devices the root user has.
async fn virtual_devices(iam: &Client) -> Result<i32, Failure> {
    let mut pages = iam
        .list_virtual_mfa_devices()
        .assignment_status(AssignmentStatusType::Assigned)
        .into_paginator()
        .send();
    let mut count = 0;
    while let Some(page) = pages.next().await {
        let devices = page?.virtual_mfa_devices;
        count += devices
            .iter()
            .map(|device| i32::from(is_roots(device)))
            .sum::<i32>();
    }
    Ok(count)
}

/// Whether a device is the root user's. The name that the console gives to its first one decides only where the answer
/// names no user: a user may name a device so.
fn is_roots(device: &VirtualMfaDevice) -> bool {
    match &device.user {
        Some(user) => user.arn.ends_with(":root"),
        None => device.serial_number.ends_with(":mfa/root-account-mfa-device"),
    }
}
