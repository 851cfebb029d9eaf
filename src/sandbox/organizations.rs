//! AWS Organizations, as a member account sees it: the policies in effect on the account.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::service::{Refusal, Service};
use super::wire::Protocol;
use super::{Account, Answer, AwsError, Call};

/// When every policy was last changed: a clock would make two equal runs differ.
const UPDATED_AT: f64 = 1_767_225_600.0;

/// The types of policy that have an effect which can be asked for (`EffectivePolicyType`).
pub(super) const TYPES: [&str; 13] = [
    "AISERVICES_OPT_OUT_POLICY",
    "BACKUP_POLICY",
    "BEDROCK_POLICY",
    "CHATBOT_POLICY",
    EC2,
    "GUARDDUTY_POLICY",
    "INSPECTOR_POLICY",
    "NETWORK_SECURITY_DIRECTOR_POLICY",
    S3,
    "SECURITYHUB_CSPM_POLICY",
    "SECURITYHUB_POLICY",
    "TAG_POLICY",
    "UPGRADE_ROLLOUT_POLICY",
];

/// The type of declarative policies for EC2.
pub(super) const EC2: &str = "DECLARATIVE_POLICY_EC2";

/// The type of policies for S3.
const S3: &str = "S3_POLICY";

/// What is kept of it. An account on which no policy is in effect is in no organization.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    /// The policies in effect on the account, by their types.
    pub effective_policies: BTreeMap<String, Value>,
}

impl Organization {
    /// True if it is none.
    pub(super) fn is_none(&self) -> bool {
        self.effective_policies.is_empty()
    }

    /// Whether all four settings of the account's S3 public access block are on, if a policy says that (Organizations User
    /// Guide, "Amazon S3 policy syntax and examples").
    pub(super) fn s3_block(&self) -> Option<bool> {
        let policy = self.effective_policies.get(S3)?;
        match policy["s3_attributes"]["public_access_block_configuration"].as_str()? {
            "all" => Some(true),
            "none" => Some(false),
            _ => None,
        }
    }
}

/// The service.
pub(super) static SERVICE: Service = Service {
    is_global: true,
    survives_region_denial: true,
    denied: |who| AwsError::with_status(400, "AccessDeniedException", who),
    throttled: Refusal::new(400, "TooManyRequestsException", "Rate exceeded"),
    invalid_code: "InvalidInputException",
    ..Service::new("organizations", &[Protocol::Json("1.1")], handle)
};

/// Answers one operation.
fn handle(account: &mut Account, call: &Call) -> Answer {
    match call.operation.as_str() {
        "DescribeEffectivePolicy" => describe(account, &call.input),
        _ => Err(AwsError::not_in_sandbox(call)),
    }
}

fn describe(account: &Account, input: &Value) -> Answer {
    let kind = SERVICE.required(input, "PolicyType")?;
    if !TYPES.contains(&kind) {
        return Err(SERVICE.invalid("You specified an invalid value."));
    }
    if account.organization.is_none() {
        return Err(AwsError::new(
            "AWSOrganizationsNotInUseException",
            "Your account is not a member of an organization.",
        ));
    }
    // Only the management account may name an account.
    if input["TargetId"].as_str().is_some_and(|id| id != account.id) {
        let message = "You don't have permissions to access this resource.";
        return Err(AwsError::new("AccessDeniedException", message));
    }
    let Some(policy) = account.organization.effective_policies.get(kind) else {
        return Err(AwsError::new(
            "EffectivePolicyNotFoundException",
            "The account has no effective policy of this type.",
        ));
    };
    Ok(json!({"EffectivePolicy": {
        "PolicyContent": policy.to_string(),
        "LastUpdatedTimestamp": UPDATED_AT,
        "TargetId": account.id,
        "PolicyType": kind,
    }}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;

    fn ask(world: &str, kind: &str) -> Answer {
        let world: World = world.parse().unwrap();
        let call = Call {
            service: "organizations",
            region: "us-east-1".into(),
            operation: "DescribeEffectivePolicy".into(),
            input: json!({"PolicyType": kind}),
            now: 1_800_000_000,
        };
        handle(&mut Account::new(&world), &call)
    }

    fn content(world: &str, kind: &str) -> Value {
        let answer = ask(world, kind).unwrap();
        serde_json::from_str(answer["EffectivePolicy"]["PolicyContent"].as_str().unwrap()).unwrap()
    }

    #[test]
    fn an_account_is_in_no_organization_or_has_a_policy_or_lacks_it() {
        const WITH: &str =
            "[effective_policies.S3_POLICY.s3_attributes]\npublic_access_block_configuration = \"all\"\n";
        let code = |world: &str, kind: &str| ask(world, kind).unwrap_err().code;
        assert_eq!(code("", S3), "AWSOrganizationsNotInUseException");
        assert_eq!(code(WITH, "GUARDDUTY_POLICY"), "EffectivePolicyNotFoundException");
        assert_eq!(code(WITH, "SERVICE_CONTROL_POLICY"), "InvalidInputException");
        assert_eq!(
            content(WITH, S3),
            json!({"s3_attributes": {"public_access_block_configuration": "all"}})
        );
    }

    #[test]
    fn the_declarative_policy_of_a_world_is_one_that_is_in_effect() {
        let world = "[declarative_policy]\nsnapshot_block_public_access = \"block-all-sharing\"\n\
                     serial_console_access = false\n\
                     instance_metadata_defaults = { http_tokens = \"required\", http_put_response_hop_limit = 2 }\n";
        assert_eq!(
            content(world, EC2),
            json!({"ec2_attributes": {
                "snapshot_block_public_access": {"state": "block_all_sharing"},
                "serial_console_access": {"status": "disabled"},
                "instance_metadata_defaults": {"http_tokens": "required", "http_put_response_hop_limit": "2"},
            }})
        );
    }
}
