//! The calls that read the root user.

use std::time::Duration;

use aws_sdk_iam::Client;
use aws_sdk_iam::types::{AssignmentStatusType, SummaryKeyType};
use jiff::civil::Date;
use trueup_aws::wait::Wait;
use trueup_aws::{Cx, Failure};
use trueup_core::control::Observed;
use trueup_core::values::{Presence, Required};

use super::model::{Ids, Model};
use super::report::{self, Use};

/// See [`Live::fetch`](trueup_aws::Live::fetch).
pub(super) async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
    let iam = &cx.clients().iam;
    let summary = summary(iam).await?;
    let virtual_devices = virtual_devices(iam).await?;
    let use_matters = want.is_none_or(|want| want.unused_for_days.is_some());
    let used = if use_matters {
        Some(use_of_root(iam, cx.wait_until("IAM has written the credential report")).await?)
    } else {
        None
    };
    Ok(read(
        summary,
        virtual_devices,
        used,
        want.and_then(|want| want.unused_for_days),
        cx.env.run.today,
    ))
}

/// The reading, from what the calls found.
///
/// Without a number of days (`export`), the model says for how long the root user has not been used.
pub(super) fn read(
    summary: Summary,
    virtual_devices: i32,
    used: Option<report::Use>,
    days: Option<i32>,
    today: Date,
) -> Observed<Model, Ids> {
    let presence = |present| {
        Some(if present {
            Presence::Present
        } else {
            Presence::Absent
        })
    };
    let without_credentials = !(summary.password || summary.access_keys || summary.signing_certificates);
    let protected = summary.mfa || without_credentials;
    let mut model = Model {
        access_keys: presence(summary.access_keys),
        signing_certificates: presence(summary.signing_certificates),
        mfa: protected.then_some(Required::Required),
        mfa_devices: summary.mfa.then_some(virtual_devices.max(1)),
        hardware_mfa: (protected && virtual_devices == 0).then_some(Required::Required),
        unused_for_days: None,
        billing_access: None,
    };
    let mut ids = Ids {
        without_credentials,
        ..Ids::default()
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
    Observed {
        model,
        ids,
        held_by: None,
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
        for device in page?.virtual_mfa_devices {
            let user = device
                .user
                .as_ref()
                .map(|user| user.arn.as_str())
                .unwrap_or_default();
            // The first virtual device of the root user has this name, whatever the answer says of its user.
            let is_roots =
                user.ends_with(":root") || device.serial_number.ends_with(":mfa/root-account-mfa-device");
            count += i32::from(is_roots);
        }
    }
    Ok(count)
}

/// How often a report is asked for while IAM is writing it, with two seconds between.
const MOST_ATTEMPTS: u32 = 30;

/// When the root user was last used, from the credential report. Has IAM write one if there is none.
async fn use_of_root(iam: &Client, mut wait: Wait) -> Result<Use, Failure> {
    let mut pause = Duration::from_millis(250);
    let mut attempt = 0;
    loop {
        let fault = match iam.get_credential_report().send().await.map_err(Failure::from) {
            Ok(answer) => {
                let content = answer.content.map(|blob| blob.into_inner()).unwrap_or_default();
                return report::root(&content).map_err(|why| Failure::answer("iam:GetCredentialReport", why));
            }
            Err(fault) => fault,
        };
        attempt += 1;
        if attempt > MOST_ATTEMPTS {
            return Err(fault);
        }
        if fault.is_one_of(&["ReportNotPresent", "ReportExpired"]) {
            iam.generate_credential_report().send().await?;
        } else if !fault.is("ReportInProgress") {
            return Err(fault);
        }
        wait.pause(pause).await;
        pause = (pause * 2).min(Duration::from_secs(2));
    }
}
