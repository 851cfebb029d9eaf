//! IAM's credential report: every user's credentials in one answer, which several controls read.
//!
//! IAM keeps a report for four hours (IAM User Guide, "Get credential reports for your AWS account"), so what it says
//! may be that old.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use trueup_aws::{Cx, Failure, Reading};

/// The report: its lines, each by the names of the columns. Columns have been added over the years.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CredentialReport {
    lines: Vec<BTreeMap<String, String>>,
}

/// What the report knows of the root user's use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    /// The day, in UTC, on which its password or one of its keys was last used, if ever.
    pub(crate) last: Option<Date>,
    /// The day on which the account was made.
    pub(crate) created: Option<Date>,
}

/// The user name of the root user in a report.
const ROOT: &str = "<root_account>";

/// The columns that say when something was used.
const USED: [&str; 3] = [
    "password_last_used",
    "access_key_1_last_used_date",
    "access_key_2_last_used_date",
];

/// How often a report is asked for while IAM is writing it, with two seconds between.
const MOST_ATTEMPTS: u32 = 30;

impl Reading for CredentialReport {
    /// Has IAM write a report if there is none.
    async fn read(cx: &Cx) -> Result<Self, Failure> {
        let iam = &cx.clients().iam;
        let mut wait = cx.wait_until("IAM has written the credential report");
        let mut pause = Duration::from_millis(250);
        let mut attempt = 0;
        loop {
            let fault = match iam.get_credential_report().send().await.map_err(Failure::from) {
                Ok(answer) => {
                    let content = answer.content.map(|blob| blob.into_inner()).unwrap_or_default();
                    return parse(&content).map_err(|why| Failure::answer("iam:GetCredentialReport", why));
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
}

fn parse(csv: &[u8]) -> Result<CredentialReport, String> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(csv);
    let lines = reader.deserialize().collect::<Result<_, _>>();
    lines
        .map(|lines| CredentialReport { lines })
        .map_err(|error| format!("the credential report cannot be parsed: {error}"))
}

impl CredentialReport {
    /// When the root user was used.
    pub(crate) fn use_of_root(&self) -> Result<Use, Failure> {
        let root = self.lines.iter().find(|line| user(line) == ROOT).ok_or_else(|| {
            Failure::answer(
                "iam:GetCredentialReport",
                "the credential report has no line for the root user",
            )
        })?;
        Ok(Use {
            last: USED.iter().filter_map(|column| day(root.get(*column)?)).max(),
            created: root.get("user_creation_time").and_then(|text| day(text)),
        })
    }

    /// The IAM users that had a console password and no MFA when it was written, in order.
    pub(crate) fn without_mfa(&self) -> Vec<&str> {
        let says = |line: &BTreeMap<String, String>, column: &str, word: &str| {
            line.get(column)
                .is_some_and(|text| text.trim().eq_ignore_ascii_case(word))
        };
        let mut users: Vec<&str> = self
            .lines
            .iter()
            .filter(|line| says(line, "password_enabled", "true") && says(line, "mfa_active", "false"))
            .map(user)
            .filter(|name| *name != ROOT)
            .collect();
        users.sort_unstable();
        users
    }
}

fn user(line: &BTreeMap<String, String>) -> &str {
    line.get("user").map(String::as_str).unwrap_or_default()
}

/// The day of a moment; nothing where there is a word instead (`N/A`, `no_information`, `not_supported`).
fn day(text: &str) -> Option<Date> {
    let moment: Timestamp = text.trim().parse().ok()?;
    Some(TimeZone::UTC.to_datetime(moment).date())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const HEADER: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
                          password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,\
                          access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,\
                          access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,\
                          access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,\
                          cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

    fn report(root: &str) -> Option<Use> {
        let alice = "alice,arn:aws:iam::111122223333:user/alice,2024-01-01T00:00:00+00:00,true,\
                     2026-11-20T00:00:00+00:00,N/A,N/A,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,\
                     false,N/A";
        parsed(&format!("{HEADER}\n{alice}\n{root}\n")).use_of_root().ok()
    }

    fn parsed(csv: &str) -> CredentialReport {
        parse(csv.as_bytes()).unwrap()
    }

    #[test]
    fn the_latest_of_password_and_keys_counts() {
        let line = "<root_account>,arn:aws:iam::111122223333:root,2023-05-06T07:08:09+00:00,not_supported,\
                    2026-01-02T23:59:59+00:00,not_supported,not_supported,true,true,2023-05-06T07:08:09+00:00,\
                    2026-02-03T00:00:00Z,us-east-1,s3,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A";
        assert_eq!(
            report(line),
            Some(Use {
                last: Some(date(2026, 2, 3)),
                created: Some(date(2023, 5, 6)),
            })
        );
    }

    #[test]
    fn words_instead_of_moments_are_no_use() {
        let line = "<root_account>,arn:aws:iam::111122223333:root,2023-05-06T07:08:09+00:00,FALSE,no_information,\
                    N/A,not_supported,FALSE,FALSE,N/A,N/A,N/A,N/A,FALSE,N/A,N/A,N/A,N/A,FALSE,N/A,FALSE,N/A";
        assert_eq!(
            report(line),
            Some(Use {
                last: None,
                created: Some(date(2023, 5, 6)),
            })
        );
    }

    #[test]
    fn columns_go_by_name() {
        let csv = "additional_credentials_info,password_last_used,user\n,2026-01-02T00:00:00+00:00,<root_account>\n";
        assert_eq!(
            parsed(csv).use_of_root().ok(),
            Some(Use {
                last: Some(date(2026, 1, 2)),
                created: None,
            })
        );
    }

    #[test]
    fn a_report_without_the_root_user_says_nothing_of_it() {
        for csv in ["", "user,arn\nalice,x\n"] {
            let fault = parsed(csv).use_of_root().unwrap_err();
            assert_eq!(
                fault.message,
                "the credential report has no line for the root user"
            );
        }
    }

    #[test]
    fn users_with_a_password_and_without_mfa_are_found_whatever_the_case_of_the_words() {
        let csv = "user,password_enabled,mfa_active\n<root_account>,not_supported,false\nzoe,TRUE,FALSE\n\
                   alice,true,false\nbob,true,true\ndeploy,false,false\nnew,no_information,false\n";
        assert_eq!(parsed(csv).without_mfa(), ["alice", "zoe"]);
    }
}
