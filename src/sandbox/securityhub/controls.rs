//! The controls of a hub's standards, each of them on until it is turned off.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::standards::{Moment, named};
use super::{Hub, SERVICE, page};
use crate::input::{Input, one_or_many};
use crate::{Answer, AwsError, Call};

/// A control of a standard that was turned on or off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Association {
    /// Whether it is on.
    pub enabled: bool,
    /// Why it was turned on or off.
    pub reason: Option<String>,
    /// When, in seconds since 1970.
    pub updated_at: i64,
}

/// Controls that look at resources of a region.
const REGIONAL: [&str; 4] = ["CloudTrail.1", "Config.1", "EC2.2", "S3.1"];

/// Those on global resources that AWS's own standard has. Other catalogues have about as many.
const OWN: [&str; 12] = [
    "Account.1",
    "IAM.1",
    "IAM.2",
    "IAM.3",
    "IAM.4",
    "IAM.5",
    "IAM.6",
    "IAM.7",
    "IAM.8",
    "IAM.21",
    "KMS.1",
    "KMS.2",
];

/// Those that the benchmarks of CIS have.
const CIS: [&str; 13] = [
    "Account.1",
    "IAM.2",
    "IAM.3",
    "IAM.4",
    "IAM.5",
    "IAM.6",
    "IAM.9",
    "IAM.15",
    "IAM.16",
    "IAM.18",
    "IAM.22",
    "IAM.26",
    "IAM.27",
];

/// How many associations a request may name.
const AT_ONCE: usize = 100;

/// The controls of a standard.
fn of(path: &str) -> impl Iterator<Item = &'static str> {
    let global: &[&str] = match path.starts_with("cis-") {
        true => &CIS,
        false => &OWN,
    };
    global.iter().chain(&REGIONAL).copied()
}

fn asked<'a>(call: &'a Call, member: &str) -> Result<&'a [Value], AwsError> {
    let all = one_or_many(&call.input[member]);
    match (1..=AT_ONCE).contains(&all.len()) {
        true => Ok(all),
        false => Err(SERVICE.invalid(format!("Invalid {member}"))),
    }
}

impl Hub {
    /// The standard and the control that a request names, if there are such.
    fn control(&self, one: &Value, call: &Call, at: Moment) -> Option<(&'static str, &'static str)> {
        let path = named(one.text("StandardsArn"), call)?;
        // "RESOURCE_NOT_FOUND" also where the standard cannot be updated yet.
        self.standards.get(path).filter(|there| there.is_ready(at))?;
        let id = one.text("SecurityControlId");
        Some((path, of(path).find(|known| *known == id)?))
    }

    pub(super) fn control_associations(&self, call: &Call, id: &str, at: Moment) -> Answer {
        let (mut found, mut lost) = (vec![], vec![]);
        for one in asked(call, "StandardsControlAssociationIds")? {
            let Some((path, control)) = self.control(one, call, at) else {
                lost.push(json!({
                    "StandardsControlAssociationId": one,
                    "ErrorCode": "RESOURCE_NOT_FOUND",
                    "ErrorReason": "Standards control association not found",
                }));
                continue;
            };
            let turned = self.controls.get(path).and_then(|controls| controls.get(control));
            found.push(json!({
                "StandardsArn": one["StandardsArn"],
                "SecurityControlId": control,
                "SecurityControlArn": format!("arn:aws:securityhub:{}:{id}:security-control/{control}", call.region),
                "AssociationStatus": match turned.is_none_or(|turned| turned.enabled) {
                    true => "ENABLED",
                    false => "DISABLED",
                },
                "UpdatedReason": turned.and_then(|turned| turned.reason.clone()),
                "StandardsControlTitle": format!("Checks {control}"),
            }));
        }
        Ok(json!({"StandardsControlAssociationDetails": found, "UnprocessedAssociations": lost}))
    }

    pub(super) fn update_controls(&mut self, call: &Call, at: Moment) -> Answer {
        let mut lost = vec![];
        for one in asked(call, "StandardsControlAssociationUpdates")? {
            let Some((path, control)) = self.control(one, call, at) else {
                lost.push(json!({
                    "StandardsControlAssociationUpdate": one,
                    "ErrorCode": "RESOURCE_NOT_FOUND",
                    "ErrorReason": "Standards control association not found",
                }));
                continue;
            };
            let turned = Association {
                enabled: one.text("AssociationStatus") == "ENABLED",
                reason: one["UpdatedReason"].as_str().map(str::to_owned),
                updated_at: call.now,
            };
            let controls = self.controls.entry(path.to_owned()).or_default();
            controls.insert(control.to_owned(), turned);
        }
        Ok(json!({"UnprocessedAssociationUpdates": lost}))
    }
}

/// `ListSecurityControlDefinitions`: the controls of a standard, or of all.
pub(super) fn definitions(call: &Call) -> Answer {
    let mut ids: Vec<&str> = match call.input["StandardsArn"].as_str() {
        None => OWN.iter().chain(&CIS).chain(&REGIONAL).copied().collect(),
        Some(arn) => {
            let path =
                named(arn, call).ok_or_else(|| SERVICE.invalid(format!("Invalid StandardsArn: {arn}")))?;
            of(path).collect()
        }
    };
    ids.sort_unstable();
    ids.dedup();
    let all: Vec<Value> = ids
        .into_iter()
        .map(|id| {
            json!({
                "SecurityControlId": id,
                "Title": format!("Checks {id}"),
                "Description": format!("Checks {id}"),
                "RemediationUrl": format!("https://docs.aws.amazon.com/console/securityhub/{id}/remediation"),
                "SeverityRating": "MEDIUM",
                "CurrentRegionAvailability": "AVAILABLE",
            })
        })
        .collect();
    let (page, next) = page(&all, &call.input)?;
    Ok(json!({"SecurityControlDefinitions": page, "NextToken": next}))
}
