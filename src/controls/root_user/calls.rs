//! The calls that read the root user.

use std::time::Duration;

use aws_sdk_iam::Client;
use aws_sdk_iam::types::{AssignmentStatusType, SummaryKeyType};
use trueup_aws::Failure;
use trueup_aws::wait::Wait;

use super::report::{self, Use};

/// What the account summary says of the root user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) access_keys: bool,
    pub(super) mfa: bool,
    pub(super) password: bool,
    pub(super) signing_certificates: bool,
}

/// The account summary (`GetAccountSummary`).
pub(super) async fn summary(iam: &Client) -> Result<Summary, Failure> {
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
pub(super) async fn virtual_devices(iam: &Client) -> Result<i32, Failure> {
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
pub(super) async fn use_of_root(iam: &Client, mut wait: Wait) -> Result<Use, Failure> {
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
