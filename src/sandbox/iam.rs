//! IAM: the account's alias, its password policy, its root user, and what else can sign in or be assumed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::root::RootUser;
use super::input::{Input, lower_first};
use super::service::{Refusal, Service};
use super::wire::Protocol;
use super::{Account, Answer, AwsError, Call};

pub(super) mod assume;
mod credentials;
mod entities;
#[cfg(test)]
mod entity_tests;
mod managed;
mod members;
mod paging;
mod policies;
#[cfg(test)]
mod policy_tests;
pub mod root;
mod service_linked;
mod summary;

pub use credentials::Device;
pub use entities::{Common, Entities, Group, Key, Role, Used, User};
pub use managed::{Managed, Version};

/// IAM's state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Iam {
    /// The account's alias.
    pub alias: Option<String>,
    /// The account's password policy; without one, AWS's built-in rules hold.
    pub password_policy: Option<PasswordPolicy>,
    /// The root user.
    pub root_user: RootUser,
    /// Users, groups and roles.
    pub entities: Entities,
    /// The roles that services have for themselves: the service by the role's name.
    #[serde(default)]
    pub service_linked_roles: BTreeMap<String, String>,
}

/// A password policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the members of IAM's PasswordPolicy, by their names")]
pub struct PasswordPolicy {
    pub minimum_password_length: u32,
    pub require_symbols: bool,
    pub require_numbers: bool,
    pub require_uppercase_characters: bool,
    pub require_lowercase_characters: bool,
    pub allow_users_to_change_password: bool,
    pub max_password_age: Option<u32>,
    pub password_reuse_prevention: Option<u32>,
    pub hard_expiry: bool,
}

impl Iam {
    /// IAM of a new account.
    pub(super) fn new(alias: Option<&str>, root_user: &RootUser) -> Self {
        Iam {
            alias: alias.map(str::to_owned),
            password_policy: None,
            root_user: root_user.clone(),
            entities: Entities::default(),
            service_linked_roles: BTreeMap::new(),
        }
    }
}

/// The service.
pub(super) static SERVICE: Service = Service {
    is_global: true,
    survives_region_denial: true,
    invalid_code: "ValidationError",
    malformed: |member, _| AwsError::new("MalformedInput", format!("The value of {member} is malformed.")),
    region_not_enabled: Refusal::INVALID_CLIENT_TOKEN,
    ..Service::new(
        "iam",
        &[Protocol::Query("https://iam.amazonaws.com/doc/2010-05-08/")],
        handle,
    )
};

/// Answers one operation of IAM.
pub(super) fn handle(account: &mut Account, call: &Call) -> Answer {
    match call.operation.as_str() {
        "CreateServiceLinkedRole" => return service_linked::create(account, call),
        operation if service_linked::is_named(call) && operation != "CreateRole" => {
            return service_linked::handle(account, call);
        }
        _ => {}
    }
    if let Some(answer) = entities::handle(account, call) {
        return answer;
    }
    let iam = &mut account.iam;
    match call.operation.as_str() {
        "GetAccountPasswordPolicy" => match &iam.password_policy {
            Some(policy) => Ok(json!({"PasswordPolicy": policy.output()})),
            None => Err(no_policy(&account.id)),
        },
        "UpdateAccountPasswordPolicy" => {
            iam.password_policy = Some(PasswordPolicy::of(&call.input)?);
            Ok(Value::Null)
        }
        "DeleteAccountPasswordPolicy" => match iam.password_policy.take() {
            Some(_) => Ok(Value::Null),
            None => Err(no_policy(&account.id)),
        },
        "ListAccountAliases" => {
            let aliases = iam.alias.iter().map(|alias| json!(alias));
            paging::page(call, "AccountAliases", aliases.collect())
        }
        "CreateAccountAlias" => {
            // An account has one alias: a second one takes the first one's place.
            iam.alias = Some(alias(&call.input)?);
            Ok(Value::Null)
        }
        "DeleteAccountAlias" => {
            let wanted = alias(&call.input)?;
            if iam.alias.as_deref() != Some(&wanted) {
                return Err(AwsError::with_status(
                    404,
                    "NoSuchEntity",
                    format!("The account alias {wanted} cannot be found."),
                ));
            }
            iam.alias = None;
            Ok(Value::Null)
        }
        "GetAccountSummary" | "GenerateCredentialReport" | "GetCredentialReport" => {
            root::handle(account, call)
        }
        _ => Err(AwsError::not_in_sandbox(call)),
    }
}

fn no_policy(account_id: &str) -> AwsError {
    AwsError::with_status(
        404,
        "NoSuchEntity",
        format!("The Password Policy with domain name {account_id} cannot be found."),
    )
}

impl PasswordPolicy {
    /// What a request means: all that it leaves out goes back to its reset value, it does not stay.
    fn of(input: &Value) -> Result<Self, AwsError> {
        let mut violations = Vec::new();
        let mut number = |name: &str, low: u32, high: u32| {
            let value: Option<i64> = SERVICE.parsed(&input[name], name)?;
            if let Some(value) = value {
                let member = lower_first(name);
                if value < i64::from(low) {
                    violations.push(violation(
                        value,
                        &member,
                        &format!("greater than or equal to {low}"),
                    ));
                } else if value > i64::from(high) {
                    violations.push(violation(
                        value,
                        &member,
                        &format!("less than or equal to {high}"),
                    ));
                }
            }
            Ok::<_, AwsError>(value.and_then(|value| u32::try_from(value).ok()))
        };
        let minimum_password_length = number("MinimumPasswordLength", 6, 128)?.unwrap_or(6);
        let max_password_age = number("MaxPasswordAge", 1, 1095)?;
        let password_reuse_prevention = number("PasswordReusePrevention", 1, 24)?;
        if !violations.is_empty() {
            return Err(validation_error(&violations));
        }
        let flag = |name: &str| {
            let value = SERVICE.boolean(&input[name], name)?;
            Ok::<_, AwsError>(value.unwrap_or_default())
        };
        Ok(PasswordPolicy {
            minimum_password_length,
            require_symbols: flag("RequireSymbols")?,
            require_numbers: flag("RequireNumbers")?,
            require_uppercase_characters: flag("RequireUppercaseCharacters")?,
            require_lowercase_characters: flag("RequireLowercaseCharacters")?,
            allow_users_to_change_password: flag("AllowUsersToChangePassword")?,
            max_password_age,
            password_reuse_prevention,
            hard_expiry: flag("HardExpiry")?,
        })
    }

    fn output(&self) -> Value {
        json!({
            "MinimumPasswordLength": self.minimum_password_length,
            "RequireSymbols": self.require_symbols,
            "RequireNumbers": self.require_numbers,
            "RequireUppercaseCharacters": self.require_uppercase_characters,
            "RequireLowercaseCharacters": self.require_lowercase_characters,
            "AllowUsersToChangePassword": self.allow_users_to_change_password,
            "ExpirePasswords": self.max_password_age.is_some(),
            "MaxPasswordAge": self.max_password_age,
            "PasswordReusePrevention": self.password_reuse_prevention,
            "HardExpiry": self.hard_expiry,
        })
    }
}

fn alias(input: &Value) -> Result<String, AwsError> {
    let alias = input.text("AccountAlias");
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let well_formed = (3..=63).contains(&alias.len())
        && alias.bytes().all(|b| plain(b) || b == b'-')
        && !alias.starts_with('-')
        && !alias.ends_with('-')
        && !alias.contains("--");
    if well_formed {
        return Ok(alias.to_owned());
    }
    Err(validation_error(&[format!(
        "Value '{alias}' at 'accountAlias' failed to satisfy constraint: Member must satisfy regular expression \
         pattern: ^[a-z0-9]([a-z0-9]|-(?!-)){{1,61}}[a-z0-9]$"
    )]))
}

fn violation(value: i64, member: &str, bound: &str) -> String {
    format!("Value '{value}' at '{member}' failed to satisfy constraint: Member must have value {bound}")
}

fn validation_error(violations: &[String]) -> AwsError {
    let count = match violations.len() {
        1 => "1 validation error".to_owned(),
        n => format!("{n} validation errors"),
    };
    SERVICE.invalid(format!("{count} detected: {}", violations.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;

    fn ask(account: &mut Account, operation: &str, input: Value) -> Answer {
        let call = Call {
            service: "iam",
            region: "us-east-1".into(),
            operation: operation.into(),
            input,
            now: 1_800_000_000,
        };
        handle(account, &call)
    }

    #[test]
    fn a_new_account_has_no_policy() {
        let mut account = Account::new(&World::default());
        for operation in ["GetAccountPasswordPolicy", "DeleteAccountPasswordPolicy"] {
            let error = ask(&mut account, operation, json!({})).unwrap_err();
            assert_eq!((error.status, error.code.as_str()), (404, "NoSuchEntity"));
        }
    }

    #[test]
    fn what_an_update_leaves_out_is_reset() {
        let mut account = Account::new(&World::default());
        let full = json!({"MinimumPasswordLength": "14", "RequireSymbols": "true", "MaxPasswordAge": "90",
            "PasswordReusePrevention": "24", "AllowUsersToChangePassword": "true"});
        ask(&mut account, "UpdateAccountPasswordPolicy", full).unwrap();
        let policy = ask(&mut account, "GetAccountPasswordPolicy", json!({})).unwrap();
        assert_eq!(policy["PasswordPolicy"]["ExpirePasswords"], true);
        assert_eq!(policy["PasswordPolicy"]["MaxPasswordAge"], 90);
        ask(
            &mut account,
            "UpdateAccountPasswordPolicy",
            json!({"RequireNumbers": "true"}),
        )
        .unwrap();
        assert_eq!(
            ask(&mut account, "GetAccountPasswordPolicy", json!({})).unwrap(),
            json!({"PasswordPolicy": {
                "MinimumPasswordLength": 6,
                "RequireSymbols": false,
                "RequireNumbers": true,
                "RequireUppercaseCharacters": false,
                "RequireLowercaseCharacters": false,
                "AllowUsersToChangePassword": false,
                "ExpirePasswords": false,
                "MaxPasswordAge": null,
                "PasswordReusePrevention": null,
                "HardExpiry": false,
            }})
        );
    }

    #[test]
    fn values_out_of_range_are_refused_together() {
        let mut account = Account::new(&World::default());
        let input =
            json!({"MinimumPasswordLength": "5", "MaxPasswordAge": "0", "PasswordReusePrevention": "3"});
        let error = ask(&mut account, "UpdateAccountPasswordPolicy", input).unwrap_err();
        assert_eq!(error.code, "ValidationError");
        assert_eq!(
            error.message,
            "2 validation errors detected: Value '5' at 'minimumPasswordLength' failed to satisfy constraint: Member \
             must have value greater than or equal to 6; Value '0' at 'maxPasswordAge' failed to satisfy constraint: \
             Member must have value greater than or equal to 1"
        );
        assert_eq!(account.iam.password_policy, None);
    }

    #[test]
    fn an_account_has_one_alias() {
        let mut account = Account::new(&World::default());
        ask(&mut account, "CreateAccountAlias", json!({"AccountAlias": "one"})).unwrap();
        ask(&mut account, "CreateAccountAlias", json!({"AccountAlias": "two"})).unwrap();
        assert_eq!(
            ask(&mut account, "ListAccountAliases", json!({})).unwrap()["AccountAliases"],
            json!(["two"])
        );
        for bad in ["a", "-ab", "a--b", "Abc"] {
            let error = ask(&mut account, "CreateAccountAlias", json!({"AccountAlias": bad})).unwrap_err();
            assert_eq!(error.code, "ValidationError", "{bad}");
        }
        let error = ask(&mut account, "DeleteAccountAlias", json!({"AccountAlias": "one"})).unwrap_err();
        assert_eq!(error.code, "NoSuchEntity");
        ask(&mut account, "DeleteAccountAlias", json!({"AccountAlias": "two"})).unwrap();
    }
}
