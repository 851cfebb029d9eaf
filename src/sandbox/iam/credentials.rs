//! What users sign in with: passwords, MFA devices and access keys.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::SERVICE;
use super::entities::{Entities, Key, Kind, find, find_mut, not_found, output, time};
use super::paging::page;
use crate::input::Input;
use crate::{Account, Answer, AwsError, Call};

/// So many devices a user has at most (IAM User Guide, "IAM and AWS STS quotas").
const DEVICES: usize = 8;

/// A virtual MFA device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Whose it is, once it was enabled.
    pub user: Option<String>,
    /// When it was enabled, in seconds since 1970.
    pub enabled: Option<i64>,
}

fn conflict(code: &str, what: impl Into<String>) -> AwsError {
    AwsError::with_status(409, code, what)
}

pub(super) fn password(account: &mut Account, call: &Call) -> Answer {
    let name = call.input.text("UserName").to_owned();
    let user = find_mut(&mut account.iam.entities.users, call, Kind::User)?;
    if call.operation == "CreateLoginProfile" {
        if user.password.is_some() {
            let what = format!("Login Profile for user {name} already exists.");
            return Err(conflict("EntityAlreadyExists", what));
        }
        user.password = Some(call.now);
    }
    let made = user
        .password
        .ok_or_else(|| not_found(format!("Login Profile for User {name} cannot be found.")))?;
    if call.operation == "DeleteLoginProfile" {
        user.password = None;
        return Ok(Value::Null);
    }
    Ok(
        json!({ "LoginProfile": { "UserName": name, "CreateDate": time(made), "PasswordResetRequired": false } }),
    )
}

pub(super) fn device(account: &mut Account, call: &Call) -> Answer {
    match call.operation.as_str() {
        "ListVirtualMFADevices" => virtual_devices(account, call),
        "ListMFADevices" => {
            let all = &account.iam.entities;
            find(&all.users, call, Kind::User)?;
            let name = call.input.text("UserName");
            let own = all
                .devices
                .iter()
                .filter(|(_, device)| device.user.as_deref() == Some(name));
            let shown = own.map(|(serial, device)| {
                json!({ "UserName": name, "SerialNumber": serial,
                    "EnableDate": time(device.enabled.unwrap_or_default()) })
            });
            page(call, "MFADevices", shown.collect())
        }
        "CreateVirtualMFADevice" => create_device(account, call),
        _ => change_device(&mut account.iam.entities, call),
    }
}

fn create_device(account: &mut Account, call: &Call) -> Answer {
    let name = call.input.text("VirtualMFADeviceName");
    let plain = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if name.is_empty() || name.len() > 226 || !name.chars().all(plain) {
        return Err(SERVICE.invalid("The specified value for virtualMFADeviceName is invalid. It must contain only alphanumeric characters \
             and/or the following: +=,.@_-",
        ));
    }
    let path = call.input["Path"].as_str().unwrap_or("/");
    let serial = format!("arn:aws:iam::{}:mfa{path}{name}", account.id);
    let devices = &mut account.iam.entities.devices;
    if devices.contains_key(&serial) {
        return Err(conflict(
            "EntityAlreadyExists",
            "MFADevice entity at the same path and name already exists.",
        ));
    }
    devices.insert(serial.clone(), Device::default());
    Ok(json!({ "VirtualMFADevice": { "SerialNumber": serial } }))
}

fn change_device(all: &mut Entities, call: &Call) -> Answer {
    let serial = call.input.text("SerialNumber");
    let name = call.input.text("UserName");
    let unknown = || {
        not_found(format!(
            "VirtualMFADevice with serial number {serial} does not exist."
        ))
    };
    if call.operation == "DeleteVirtualMFADevice" {
        if all.devices.get(serial).ok_or_else(unknown)?.user.is_some() {
            return Err(conflict(
                "DeleteConflict",
                "MFA VirtualDevice in use. Must deactivate first.",
            ));
        }
        all.devices.remove(serial);
        return Ok(Value::Null);
    }
    find(&all.users, call, Kind::User)?;
    let devices = all.devices.values();
    let has = devices
        .filter(|device| device.user.as_deref() == Some(name))
        .count();
    let device = all.devices.get_mut(serial).ok_or_else(unknown)?;
    if call.operation == "DeactivateMFADevice" {
        if device.user.as_deref() != Some(name) {
            return Err(not_found(format!(
                "MFA Device with serial number {serial} is not assigned to user {name}."
            )));
        }
        *device = Device::default();
        return Ok(Value::Null);
    }
    let codes = [
        call.input.text("AuthenticationCode1"),
        call.input.text("AuthenticationCode2"),
    ];
    let is_code = |code: &&str| code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit());
    if !codes.iter().all(is_code) {
        return Err(SERVICE.invalid("1 validation error detected: Value at 'authenticationCode1' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: [\\d]+",
        ));
    }
    // Two codes in a row are never the same.
    if codes[0] == codes[1] {
        return Err(AwsError::with_status(
            403,
            "InvalidAuthenticationCode",
            "Authentication code for device is not valid.",
        ));
    }
    if device.user.is_some() {
        return Err(conflict(
            "EntityAlreadyExists",
            "MFADevice entity at the same path and name already exists.",
        ));
    }
    if has >= DEVICES {
        let what = format!("Cannot exceed quota for MFADevicesPerUser: {DEVICES}");
        return Err(conflict("LimitExceeded", what));
    }
    *device = Device {
        user: Some(name.to_owned()),
        enabled: Some(call.now),
    };
    Ok(Value::Null)
}

/// The root user's virtual devices and the users', those of nobody among them.
fn virtual_devices(account: &Account, call: &Call) -> Answer {
    let status = call.input["AssignmentStatus"].as_str().unwrap_or("Any");
    if !["Any", "Unassigned", "Assigned"].contains(&status) {
        return Err(SERVICE.invalid(format!(
                "1 validation error detected: Value '{status}' at 'assignmentStatus' failed to satisfy constraint: \
                 Member must satisfy enum value set: [Any, Unassigned, Assigned]"
            ),
        ));
    }
    let all = &account.iam.entities;
    let mut found = account.iam.root_user.virtual_devices(&account.id, call.now);
    for (serial, device) in &all.devices {
        let mut shown = json!({ "SerialNumber": serial });
        if let Some((name, user)) = device
            .user
            .as_ref()
            .and_then(|name| Some((name, all.users.get(name)?)))
        {
            shown["EnableDate"] = time(device.enabled.unwrap_or_default()).into();
            shown["User"] = output(&account.id, Kind::User, name, &user.common);
        }
        found.push(shown);
    }
    found.retain(|device| match status {
        "Assigned" => device.get("User").is_some(),
        "Unassigned" => device.get("User").is_none(),
        _ => true,
    });
    page(call, "VirtualMFADevices", found)
}

pub(super) fn key(account: &mut Account, call: &Call) -> Answer {
    let name = call.input.text("UserName").to_owned();
    let user = find(&account.iam.entities.users, call, Kind::User)?;
    let word = |active| if active { "Active" } else { "Inactive" };
    match call.operation.as_str() {
        "ListAccessKeys" => {
            let keys = user.keys.iter();
            let shown = keys.map(|(id, key)| {
                json!({ "UserName": name, "AccessKeyId": id, "Status": word(key.active), "CreateDate": time(key.created) })
            });
            page(call, "AccessKeyMetadata", shown.collect())
        }
        "CreateAccessKey" => {
            if user.keys.len() >= 2 {
                return Err(conflict(
                    "LimitExceeded",
                    "Cannot exceed quota for AccessKeysPerUser: 2",
                ));
            }
            let id = format!("AKIA{}", account.ids.next_hex32()[..16].to_uppercase());
            let secret = format!("sandbox{}x", account.ids.next_hex32());
            let user = find_mut(&mut account.iam.entities.users, call, Kind::User)?;
            let key = Key {
                created: call.now,
                active: true,
                used: None,
            };
            user.keys.insert(id.clone(), key);
            Ok(
                json!({ "AccessKey": { "UserName": name, "AccessKeyId": id, "Status": "Active",
                "SecretAccessKey": secret, "CreateDate": time(call.now) } }),
            )
        }
        _ => {
            let user = find_mut(&mut account.iam.entities.users, call, Kind::User)?;
            let id = call.input.text("AccessKeyId");
            let key = user
                .keys
                .get_mut(id)
                .ok_or_else(|| not_found(format!("The Access Key with id {id} cannot be found")))?;
            if call.operation == "DeleteAccessKey" {
                user.keys.remove(id);
                return Ok(Value::Null);
            }
            key.active = match call.input.text("Status") {
                "Active" => true,
                "Inactive" => false,
                other => {
                    return Err(SERVICE.invalid(format!(
                            "1 validation error detected: Value '{other}' at 'status' failed to satisfy constraint: \
                             Member must satisfy enum value set: [Active, Inactive]"
                        ),
                    ));
                }
            };
            Ok(Value::Null)
        }
    }
}
