//! The root user's line of the credential report.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// What the credential report knows of the root user's use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Use {
    /// The day, in UTC, on which its password or one of its keys was last used, if ever.
    pub(super) last: Option<Date>,
    /// The day on which the account was made.
    pub(super) created: Option<Date>,
}

/// The user name of the root user in a report.
const ROOT: &str = "<root_account>";

/// The columns that say when something was used. Others have been added over the years, so columns go by name.
const USED: [&str; 3] = [
    "password_last_used",
    "access_key_1_last_used_date",
    "access_key_2_last_used_date",
];

/// Reads the root user's line.
pub(super) fn root(csv: &[u8]) -> Result<Use, String> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(csv);
    for row in reader.deserialize::<BTreeMap<String, String>>() {
        let row = row.map_err(|error| format!("the credential report is not as expected: {error}"))?;
        if row.get("user").map(String::as_str) != Some(ROOT) {
            continue;
        }
        return Ok(Use {
            last: USED.iter().filter_map(|column| day(row.get(*column)?)).max(),
            created: row.get("user_creation_time").and_then(|text| day(text)),
        });
    }
    Err("the credential report has no line for the root user".to_owned())
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

    fn report(root: &str) -> Result<Use, String> {
        let alice = "alice,arn:aws:iam::111122223333:user/alice,2024-01-01T00:00:00+00:00,true,\
                     2026-11-20T00:00:00+00:00,N/A,N/A,true,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,\
                     false,N/A";
        super::root(format!("{HEADER}\n{alice}\n{root}\n").as_bytes())
    }

    #[test]
    fn the_latest_of_password_and_keys_counts() {
        let line = "<root_account>,arn:aws:iam::111122223333:root,2023-05-06T07:08:09+00:00,not_supported,\
                    2026-01-02T23:59:59+00:00,not_supported,not_supported,true,true,2023-05-06T07:08:09+00:00,\
                    2026-02-03T00:00:00Z,us-east-1,s3,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A";
        assert_eq!(
            report(line),
            Ok(Use {
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
            Ok(Use {
                last: None,
                created: Some(date(2023, 5, 6)),
            })
        );
    }

    #[test]
    fn columns_go_by_name() {
        let csv = "additional_credentials_info,password_last_used,user\n,2026-01-02T00:00:00+00:00,<root_account>\n";
        assert_eq!(
            super::root(csv.as_bytes()),
            Ok(Use {
                last: Some(date(2026, 1, 2)),
                created: None,
            })
        );
    }

    #[test]
    fn a_report_without_the_root_user_is_no_report() {
        for csv in ["", "user,arn\nalice,x\n"] {
            assert_eq!(
                super::root(csv.as_bytes()).unwrap_err(),
                "the credential report has no line for the root user"
            );
        }
    }
}
