//! AWS KMS: keys and their policies. Nothing is encrypted here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::input::Input;
use super::service::Service;
use super::wire::Protocol;
use super::{Account, Answer, AwsError, Call};

/// When every key was made: a clock would make two equal runs differ.
const CREATED_AT: f64 = 1_767_225_600.0;

/// KMS of one region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kms {
    /// The keys, by their ids.
    pub keys: BTreeMap<String, Key>,
    /// The id of the key behind each alias.
    pub aliases: BTreeMap<String, String>,
}

/// A customer managed key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Its policy, as it was put.
    policy: String,
    /// Such as `Enabled`, `Disabled`, `PendingDeletion`.
    state: String,
}

/// The service.
pub(super) static SERVICE: Service = Service {
    denied_resource: |call, id| match call.input["KeyId"].as_str() {
        Some(arn) if arn.starts_with("arn:") => arn.to_owned(),
        _ => format!("arn:aws:kms:{}:{id}:key/*", call.region),
    },
    denied: |who| AwsError::with_status(400, "AccessDeniedException", who),
    ..Service::new("kms", &[Protocol::Json("1.1")], handle)
};

/// Answers one operation of KMS.
fn handle(account: &mut Account, call: &Call) -> Answer {
    let id = account.id.clone();
    let ids = &mut account.ids;
    let Some(state) = account.regions.get_mut(&call.region) else {
        return Err(AwsError::region_not_enabled(call));
    };
    let here = format!("arn:aws:kms:{}:{id}:", call.region);
    let (kms, input) = (&mut state.kms, &call.input);
    match call.operation.as_str() {
        "CreateKey" => {
            let hex = ids.next_hex32();
            let key = format!(
                "{}-{}-{}-{}-{}",
                &hex[..8],
                &hex[8..12],
                &hex[12..16],
                &hex[16..20],
                &hex[20..]
            );
            let policy = match input["Policy"].as_str() {
                Some(policy) => checked(policy)?,
                None => default_policy(&id),
            };
            let state = "Enabled".to_owned();
            kms.keys.insert(key.clone(), Key { policy, state });
            Ok(json!({"KeyMetadata": kms.keys[&key].output(&key, &here, &id)}))
        }
        "CreateAlias" => {
            let alias = SERVICE.required(input, "AliasName")?.to_owned();
            if !alias.starts_with("alias/") {
                return Err(SERVICE.invalid(
                    "Alias must start with the prefix \"alias/\". Please see \
                     https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
                ));
            }
            if alias.starts_with("alias/aws/") {
                return Err(AwsError::new("InvalidAliasNameException", "Invalid alias name"));
            }
            if kms.aliases.contains_key(&alias) {
                let message = format!("An alias with the name {here}{alias} already exists");
                return Err(AwsError::new("AlreadyExistsException", message));
            }
            let key = kms.id(SERVICE.required(input, "TargetKeyId")?, &here, false)?;
            kms.aliases.insert(alias, key);
            Ok(json!({}))
        }
        "DescribeKey" => {
            let key = kms.id(SERVICE.required(input, "KeyId")?, &here, true)?;
            Ok(json!({"KeyMetadata": kms.keys[&key].output(&key, &here, &id)}))
        }
        "GetKeyPolicy" => {
            let key = kms.id(SERVICE.required(input, "KeyId")?, &here, false)?;
            Ok(json!({"Policy": kms.keys[&key].policy, "PolicyName": "default"}))
        }
        "PutKeyPolicy" => {
            let key = kms.id(SERVICE.required(input, "KeyId")?, &here, false)?;
            let policy = checked(input.text("Policy"))?;
            if let Some(key) = kms.keys.get_mut(&key) {
                key.policy = policy;
            }
            Ok(json!({}))
        }
        _ => Err(AwsError::not_in_sandbox(call)),
    }
}

impl Kms {
    /// The id of an existing key: from its id or ARN, and for some operations from an alias.
    fn id(&self, named: &str, here: &str, takes_alias: bool) -> Result<String, AwsError> {
        let name = named.strip_prefix(here).unwrap_or(named);
        let found = match name.strip_prefix("key/") {
            Some(id) => Some(id.to_owned()),
            None if name.starts_with("alias/") && !takes_alias => {
                return Err(AwsError::new(
                    "InvalidArnException",
                    format!("Invalid keyId '{named}'"),
                ));
            }
            None if name.starts_with("alias/") => self.aliases.get(name).cloned(),
            None => Some(name.to_owned()),
        };
        found.filter(|id| self.keys.contains_key(id)).ok_or_else(|| {
            let region = |arn: &str| arn.split(':').nth(3).unwrap_or_default().to_owned();
            if named.starts_with("arn:") && region(named) != region(here) {
                let message = format!("Invalid arn {}", region(named));
                return AwsError::new("NotFoundException", message);
            }
            if !named.starts_with("arn:") && !name.starts_with("alias/") && !is_uuid(name) {
                return AwsError::new("NotFoundException", format!("Invalid keyId '{named}'"));
            }
            let (kind, arn) = match name.starts_with("alias/") {
                true => ("Alias", format!("{here}{name}")),
                false if named.starts_with("arn:") => ("Key", named.to_owned()),
                false => ("Key", format!("{here}key/{name}")),
            };
            AwsError::new("NotFoundException", format!("{kind} '{arn}' does not exist"))
        })
    }
}

/// Whether it has the form of a key's id.
fn is_uuid(id: &str) -> bool {
    let lengths: Vec<usize> = id.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

impl Key {
    fn output(&self, id: &str, here: &str, account: &str) -> Value {
        json!({
            "AWSAccountId": account,
            "Arn": format!("{here}key/{id}"),
            "CreationDate": CREATED_AT,
            "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "Description": "",
            "Enabled": self.state == "Enabled",
            "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
            "KeyId": id,
            "KeyManager": "CUSTOMER",
            "KeySpec": "SYMMETRIC_DEFAULT",
            "KeyState": self.state,
            "KeyUsage": "ENCRYPT_DECRYPT",
            "MultiRegion": false,
            "Origin": "AWS_KMS",
        })
    }
}

/// The policy that the API gives to a key without one (KMS developer guide, "Default key policy").
fn default_policy(account: &str) -> String {
    json!({
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [{
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": {"AWS": format!("arn:aws:iam::{account}:root")},
            "Action": "kms:*",
            "Resource": "*",
        }],
    })
    .to_string()
}

fn checked(policy: &str) -> Result<String, AwsError> {
    match policy.parse::<trueup_policy::Policy>() {
        Ok(_) => Ok(policy.to_owned()),
        Err(_) => Err(AwsError::new(
            "MalformedPolicyDocumentException",
            "The new key policy is not valid.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;

    fn ask(account: &mut Account, operation: &str, input: Value) -> Answer {
        let call = Call {
            service: "kms",
            region: "us-east-1".into(),
            operation: operation.into(),
            input,
            now: 0,
        };
        handle(account, &call)
    }

    #[test]
    fn a_key_is_found_by_each_of_its_names_and_its_policy_by_id_and_arn() {
        let mut account = Account::new(&World::default());
        let made = ask(&mut account, "CreateKey", json!({})).unwrap()["KeyMetadata"].clone();
        let alias = json!({"AliasName": "alias/alerts", "TargetKeyId": made["KeyId"]});
        ask(&mut account, "CreateAlias", alias.clone()).unwrap();
        let arn = "arn:aws:kms:us-east-1:123456789012:alias/alerts";
        for name in [&made["KeyId"], &made["Arn"], &json!("alias/alerts"), &json!(arn)] {
            let told = ask(&mut account, "DescribeKey", json!({"KeyId": name})).unwrap();
            assert_eq!(told["KeyMetadata"], made, "{name}");
        }
        let policy = json!({"KeyId": made["Arn"], "Policy": "{\"Statement\": []}"});
        ask(&mut account, "PutKeyPolicy", policy.clone()).unwrap();
        let told = ask(&mut account, "GetKeyPolicy", json!({"KeyId": made["KeyId"]})).unwrap();
        assert_eq!(told["Policy"], policy["Policy"]);
        for (operation, input, code) in [
            ("DescribeKey", json!({"KeyId": "alias/none"}), "NotFoundException"),
            ("GetKeyPolicy", json!({"KeyId": "none"}), "NotFoundException"),
            (
                "GetKeyPolicy",
                json!({"KeyId": "alias/alerts"}),
                "InvalidArnException",
            ),
            ("CreateAlias", alias, "AlreadyExistsException"),
            (
                "PutKeyPolicy",
                json!({"KeyId": made["KeyId"], "Policy": "x"}),
                "MalformedPolicyDocumentException",
            ),
        ] {
            assert_eq!(
                ask(&mut account, operation, input).unwrap_err().code,
                code,
                "{operation}"
            );
        }
    }
}
