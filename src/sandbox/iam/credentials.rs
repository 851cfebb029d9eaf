//! What users sign in with: passwords, MFA devices and access keys.

use serde_json::{Value, json};

use super::entities::{Key, Kind, find, find_mut, text, time};
use crate::sandbox::{Account, Answer, AwsError, Call};

pub(super) fn password(account: &mut Account, call: &Call) -> Answer {
    let name = text(call, "UserName").to_owned();
    let user = find_mut(&mut account.iam.entities.users, call, Kind::User)?;
    if call.operation == "CreateLoginProfile" {
        if user.password.is_some() {
            return Err(AwsError::with_status(
                409,
                "EntityAlreadyExists",
                format!("Login Profile for user {name} already exists."),
            ));
        }
        user.password = Some(call.now);
    }
    let made = user.password.ok_or_else(|| {
        AwsError::with_status(
            404,
            "NoSuchEntity",
            format!("Login Profile for User {name} cannot be found."),
        )
    })?;
    Ok(
        json!({ "LoginProfile": { "UserName": name, "CreateDate": time(made), "PasswordResetRequired": false } }),
    )
}

pub(super) fn device(account: &mut Account, call: &Call) -> Answer {
    let name = text(call, "UserName").to_owned();
    let all = &mut account.iam.entities;
    match call.operation.as_str() {
        "CreateVirtualMFADevice" => {
            let device = text(call, "VirtualMFADeviceName");
            let serial = format!("arn:aws:iam::{}:mfa/{device}", account.id);
            all.devices.insert(serial.clone(), None);
            Ok(json!({ "VirtualMFADevice": { "SerialNumber": serial } }))
        }
        "EnableMFADevice" => {
            find(&all.users, call, Kind::User)?;
            let serial = text(call, "SerialNumber");
            let device = all.devices.get_mut(serial).ok_or_else(|| {
                AwsError::with_status(
                    404,
                    "NoSuchEntity",
                    format!("VirtualMFADevice with serial number {serial} does not exist."),
                )
            })?;
            *device = Some(name);
            Ok(Value::Null)
        }
        _ => {
            find(&all.users, call, Kind::User)?;
            let devices = all
                .devices
                .iter()
                .filter(|(_, user)| user.as_ref() == Some(&name));
            let shown: Vec<Value> = devices
                .map(|(serial, _)| json!({ "UserName": name, "SerialNumber": serial, "EnableDate": time(call.now) }))
                .collect();
            Ok(json!({ "MFADevices": shown, "IsTruncated": false }))
        }
    }
}

pub(super) fn key(account: &mut Account, call: &Call) -> Answer {
    let name = text(call, "UserName").to_owned();
    let id = format!("AKIA{}", account.ids.next_hex32()[..16].to_uppercase());
    let user = find_mut(&mut account.iam.entities.users, call, Kind::User)?;
    let word = |active| if active { "Active" } else { "Inactive" };
    match call.operation.as_str() {
        "CreateAccessKey" => {
            if user.keys.len() >= 2 {
                return Err(AwsError::with_status(
                    409,
                    "LimitExceeded",
                    "Cannot exceed quota for AccessKeysPerUser: 2",
                ));
            }
            let secret = format!("sandbox{}x", account.ids.next_hex32());
            let user = find_mut(&mut account.iam.entities.users, call, Kind::User)?;
            user.keys.insert(
                id.clone(),
                Key {
                    created: call.now,
                    active: true,
                },
            );
            Ok(
                json!({ "AccessKey": { "UserName": name, "AccessKeyId": id, "Status": "Active",
                "SecretAccessKey": secret, "CreateDate": time(call.now) } }),
            )
        }
        "UpdateAccessKey" => {
            let id = text(call, "AccessKeyId");
            let key = user.keys.get_mut(id).ok_or_else(|| {
                AwsError::with_status(
                    404,
                    "NoSuchEntity",
                    format!("The Access Key with id {id} cannot be found"),
                )
            })?;
            key.active = text(call, "Status") == "Active";
            Ok(Value::Null)
        }
        _ => {
            let keys = user.keys.iter();
            let shown: Vec<Value> = keys
                .map(|(id, key)| {
                    json!({ "UserName": name, "AccessKeyId": id, "Status": word(key.active), "CreateDate": time(key.created) })
                })
                .collect();
            Ok(json!({ "AccessKeyMetadata": shown, "IsTruncated": false }))
        }
    }
}
