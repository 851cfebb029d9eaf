//! IAM: the root user, in the account summary, the credential report and the list of virtual MFA devices.

use aws_smithy_types::base64;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Account, Answer, AwsError, Call, summary};

/// The root user, as a world describes it; left out is what a new account has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RootUser {
    /// It has a password. Accounts that an organization made have none.
    pub password: bool,
    /// How many access keys it has, two at most.
    pub access_keys: u32,
    /// How many X.509 signing certificates it has, two at most.
    pub signing_certificates: u32,
    /// How many virtual MFA devices it has.
    pub virtual_mfa_devices: u32,
    /// How many hardware keys and passkeys it has. No API shows them to others.
    pub hardware_mfa_devices: u32,
    /// How many days ago it was used, when the first report is made; left out, it never was.
    pub used_days_ago: Option<i64>,
    /// How many days ago the account was made, at that time.
    pub made_days_ago: i64,
    /// The credential report, if one was made.
    pub report: Option<Report>,
}

/// A credential report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// When the report was asked for, in seconds since 1970.
    pub at: i64,
    /// True until it was asked for once in vain: IAM takes its time.
    pub in_progress: bool,
    /// The report itself.
    pub csv: String,
}

impl Default for RootUser {
    /// That of a new account: a password, used just now to sign up.
    fn default() -> Self {
        RootUser {
            password: true,
            access_keys: 0,
            signing_certificates: 0,
            virtual_mfa_devices: 0,
            hardware_mfa_devices: 0,
            used_days_ago: Some(0),
            made_days_ago: 0,
            report: None,
        }
    }
}

pub(super) const DAY: i64 = 24 * 60 * 60;

impl Report {
    /// Whether it is still made: for a few seconds, or until it was asked after once, whichever call asks.
    fn is_awaited(&mut self, now: i64) -> bool {
        now < self.at + MADE_WITHIN && std::mem::take(&mut self.in_progress)
    }
}

/// How long IAM takes to make a report.
const MADE_WITHIN: i64 = 10;
/// How long IAM keeps a report before it makes a new one (IAM User Guide).
const KEPT: i64 = 4 * 60 * 60;

/// Answers one operation that shows the root user.
pub(super) fn handle(account: &mut Account, call: &Call) -> Answer {
    if call.operation == "GetAccountSummary" {
        return Ok(summary::summary(&account.iam));
    }
    let lines = summary::lines(&account.iam, &account.id);
    let root = &mut account.iam.root_user;
    match call.operation.as_str() {
        "GenerateCredentialReport" => Ok(root.generate(&account.id, &lines, call.now)),
        "GetCredentialReport" => root.get_report(call.now),
        _ => Err(AwsError::not_in_sandbox(call)),
    }
}

impl RootUser {
    fn has_mfa(&self) -> bool {
        self.virtual_mfa_devices + self.hardware_mfa_devices > 0
    }

    /// Its virtual MFA devices.
    pub(super) fn virtual_devices(&self, id: &str, now: i64) -> Vec<Value> {
        (0..self.virtual_mfa_devices)
            .map(|number| {
                // The first one gets this name from the console; others get one that a person chose. AWS sends the
                // account's id as the user's, and no name: here is what its own description of the API allows.
                let name = match number {
                    0 => "root-account-mfa-device".to_owned(),
                    _ => format!("spare-{number}"),
                };
                json!({
                    "SerialNumber": format!("arn:aws:iam::{id}:mfa/{name}"),
                    "EnableDate": moment(now),
                    "User": {
                        "Path": "/",
                        "UserName": "root",
                        "UserId": format!("ROOT{id}"),
                        "Arn": format!("arn:aws:iam::{id}:root"),
                        "CreateDate": moment(now - self.made_days_ago * DAY),
                    },
                })
            })
            .collect()
    }

    fn generate(&mut self, id: &str, users: &str, now: i64) -> Value {
        match &mut self.report {
            Some(report) if now < report.at + KEPT => {
                let state = if report.is_awaited(now) {
                    "INPROGRESS"
                } else {
                    "COMPLETE"
                };
                json!({"State": state})
            }
            _ => {
                self.report = Some(Report {
                    at: now,
                    in_progress: true,
                    csv: self.csv(id, now) + users,
                });
                json!({
                    "State": "STARTED",
                    "Description": "No report exists. Starting a new report generation task",
                })
            }
        }
    }

    fn get_report(&mut self, now: i64) -> Answer {
        let Some(report) = &mut self.report else {
            return Err(AwsError::with_status(
                410,
                "ReportNotPresent",
                "No report exists. Call GenerateCredentialReport to generate one.",
            ));
        };
        if now >= report.at + KEPT {
            return Err(AwsError::with_status(
                410,
                "ReportExpired",
                "The report has expired. Call GenerateCredentialReport to generate a new one.",
            ));
        }
        if report.is_awaited(now) {
            return Err(AwsError::with_status(
                404,
                "ReportInProgress",
                "Report generation is in progress.",
            ));
        }
        Ok(json!({
            "Content": base64::encode(&report.csv),
            "ReportFormat": "text/csv",
            "GeneratedTime": moment(report.at),
        }))
    }

    fn csv(&self, id: &str, now: i64) -> String {
        let made = stamp(now - self.made_days_ago * DAY);
        let used = self
            .used_days_ago
            .map_or_else(|| "no_information".to_owned(), |days| stamp(now - days * DAY));
        let key = |number| {
            if self.access_keys >= number {
                format!("true,{made},N/A,N/A,N/A")
            } else {
                "false,N/A,N/A,N/A,N/A".to_owned()
            }
        };
        let certificate = |number| {
            if self.signing_certificates >= number {
                format!("true,{made}")
            } else {
                "false,N/A".to_owned()
            }
        };
        format!(
            "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
             password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,\
             access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,\
             access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,\
             access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,\
             cert_2_active,cert_2_last_rotated\n\
             <root_account>,arn:aws:iam::{id}:root,{made},not_supported,{used},not_supported,not_supported,{},{},{},\
             {},{}\n",
            self.has_mfa(),
            key(1),
            key(2),
            certificate(1),
            certificate(2),
        )
    }
}

fn moment(seconds: i64) -> String {
    Timestamp::from_second(seconds)
        .map(|moment| moment.to_string())
        .unwrap_or_default()
}

/// The same in the form of the report.
pub(super) fn stamp(seconds: i64) -> String {
    moment(seconds).replace('Z', "+00:00")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;

    const NOW: i64 = 1_800_000_000;

    fn account(world: &str) -> Account {
        Account::new(&world.parse::<World>().unwrap())
    }

    fn ask_at(account: &mut Account, operation: &str, input: Value, now: i64) -> Answer {
        let call = Call {
            service: "iam",
            region: "us-east-1".into(),
            operation: operation.into(),
            input,
            now,
        };
        super::super::handle(account, &call)
    }

    fn ask(account: &mut Account, operation: &str) -> Answer {
        ask_at(account, operation, json!({}), NOW)
    }

    fn code(answer: Answer) -> (u16, String) {
        let error = answer.unwrap_err();
        (error.status, error.code)
    }

    fn summary(account: &mut Account) -> Vec<u64> {
        let told = ask(account, "GetAccountSummary").unwrap();
        let entries = told["SummaryMap"].as_array().unwrap();
        let value = |key: &str| {
            let entry = entries.iter().find(|entry| entry["key"] == key).unwrap();
            entry["value"].as_u64().unwrap()
        };
        [
            "AccountAccessKeysPresent",
            "AccountMFAEnabled",
            "AccountPasswordPresent",
            "AccountSigningCertificatesPresent",
        ]
        .map(value)
        .to_vec()
    }

    #[test]
    fn a_new_root_user_has_a_password_and_nothing_else() {
        assert_eq!(summary(&mut account("")), [0, 0, 1, 0]);
        assert_eq!(
            summary(&mut account(
                "[root_user]\npassword = false\naccess_keys = 2\nsigning_certificates = 1\nhardware_mfa_devices = 1\n"
            )),
            [1, 1, 0, 1]
        );
    }

    #[test]
    fn virtual_devices_are_listed_and_hardware_is_not() {
        let mut account = account("[root_user]\nvirtual_mfa_devices = 2\nhardware_mfa_devices = 1\n");
        let listed = |account: &mut Account, status: &str| {
            let input = json!({"AssignmentStatus": status});
            ask_at(account, "ListVirtualMFADevices", input, NOW)
        };
        let told = listed(&mut account, "Assigned").unwrap();
        let devices = told["VirtualMFADevices"].as_array().unwrap();
        assert_eq!(devices.len(), 2);
        assert!(
            devices
                .iter()
                .all(|device| device["User"]["Arn"].as_str().unwrap().ends_with(":root"))
        );
        let none = listed(&mut account, "Unassigned").unwrap();
        assert_eq!(none["VirtualMFADevices"], json!([]));
        assert_eq!(
            code(listed(&mut account, "assigned")),
            (400, "ValidationError".into())
        );
    }

    #[test]
    fn a_report_is_asked_for_made_kept_and_expires() {
        let mut account = account("[root_user]\nused_days_ago = 2\nmade_days_ago = 400\n");
        assert_eq!(
            code(ask(&mut account, "GetCredentialReport")),
            (410, "ReportNotPresent".into())
        );
        assert_eq!(
            ask(&mut account, "GenerateCredentialReport").unwrap()["State"],
            "STARTED"
        );
        assert_eq!(
            ask(&mut account, "GenerateCredentialReport").unwrap()["State"],
            "INPROGRESS"
        );
        assert_eq!(
            ask(&mut account, "GenerateCredentialReport").unwrap()["State"],
            "COMPLETE"
        );
        let report = ask(&mut account, "GetCredentialReport").unwrap();
        let csv = base64::decode(report["Content"].as_str().unwrap()).unwrap();
        let csv = String::from_utf8(csv).unwrap();
        let line = csv.lines().nth(1).unwrap();
        assert!(
            line.starts_with(
                "<root_account>,arn:aws:iam::123456789012:root,2025-12-11T08:00:00+00:00,not_supported,\
                 2027-01-13T08:00:00+00:00,"
            ),
            "{line}"
        );
        assert_eq!(
            csv.lines().next().unwrap().split(',').count(),
            line.split(',').count()
        );
        assert_eq!(
            ask(&mut account, "GenerateCredentialReport").unwrap()["State"],
            "COMPLETE"
        );
        // What changes in the meantime is not in it.
        account.iam.root_user.virtual_mfa_devices = 1;
        let again = ask_at(&mut account, "GetCredentialReport", json!({}), NOW + KEPT - 1).unwrap();
        assert_eq!(again["Content"], report["Content"]);
        assert_eq!(
            code(ask_at(&mut account, "GetCredentialReport", json!({}), NOW + KEPT)),
            (410, "ReportExpired".into())
        );
    }

    #[test]
    fn a_report_is_complete_after_a_while_or_a_second_call_of_either_kind() {
        let mut one = account("");
        ask(&mut one, "GenerateCredentialReport").unwrap();
        assert_eq!(
            code(ask(&mut one, "GetCredentialReport")),
            (404, "ReportInProgress".into())
        );
        ask(&mut one, "GetCredentialReport").unwrap();

        let mut other = account("");
        ask(&mut other, "GenerateCredentialReport").unwrap();
        ask_at(&mut other, "GetCredentialReport", json!({}), NOW + MADE_WITHIN).unwrap();
    }
}
