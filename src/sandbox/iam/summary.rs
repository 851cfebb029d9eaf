//! The account in numbers, and its users' lines of the credential report.

use serde_json::{Value, json};

use super::entities::{Entities, Key, Kind, User, output};
use super::root::{DAY, stamp};
use super::{Iam, managed, members};
use crate::input::Input;

/// `GetAccountSummary`: what there is, and the quotas of an account that never asked for higher ones.
pub(super) fn summary(iam: &Iam) -> Value {
    let all = &iam.entities;
    let root = &iam.root_user;
    let root_devices = root.virtual_mfa_devices + root.hardware_mfa_devices;
    let in_use = all
        .devices
        .values()
        .filter(|device| device.user.is_some())
        .count();
    let versions: usize = all.policies.values().map(|policy| policy.versions.len()).sum();
    let entries: [(&str, usize); 33] = [
        ("AccessKeysPerUserQuota", 2),
        ("AccountAccessKeysPresent", usize::from(root.access_keys > 0)),
        ("AccountMFAEnabled", usize::from(root_devices > 0)),
        ("AccountPasswordPresent", usize::from(root.password)),
        (
            "AccountSigningCertificatesPresent",
            usize::from(root.signing_certificates > 0),
        ),
        ("AssumeRolePolicySizeQuota", 2048),
        ("AttachedPoliciesPerGroupQuota", 10),
        ("AttachedPoliciesPerRoleQuota", 10),
        ("AttachedPoliciesPerUserQuota", 10),
        ("GlobalEndpointTokenVersion", 1),
        ("GroupPolicySizeQuota", 5120),
        ("Groups", all.groups.len()),
        ("GroupsPerUserQuota", members::GROUPS),
        ("GroupsQuota", 300),
        ("InstanceProfiles", 0),
        ("InstanceProfilesQuota", 1000),
        ("MFADevices", all.devices.len() + root_devices as usize),
        ("MFADevicesInUse", in_use + root_devices as usize),
        ("Policies", all.policies.len()),
        ("PoliciesQuota", 1500),
        ("PolicySizeQuota", 6144),
        ("PolicyVersionsInUse", versions),
        ("PolicyVersionsInUseQuota", 10000),
        ("Providers", 0),
        ("RolePolicySizeQuota", 10240),
        ("Roles", all.roles.len()),
        ("RolesQuota", 1000),
        ("ServerCertificates", 0),
        ("ServerCertificatesQuota", 20),
        ("SigningCertificatesPerUserQuota", 2),
        ("UserPolicySizeQuota", 2048),
        ("Users", all.users.len()),
        ("UsersQuota", 5000),
    ];
    let mut entries: Vec<Value> = entries
        .into_iter()
        .map(|(key, value)| json!({ "key": key, "value": value }))
        .collect();
    entries.push(json!({ "key": "VersionsPerPolicyQuota", "value": managed::VERSIONS }));
    json!({ "SummaryMap": entries })
}

/// The lines of the report beneath the root user's, one for each user.
pub(super) fn lines(iam: &Iam, account: &str) -> String {
    let all = &iam.entities;
    let age = iam
        .password_policy
        .as_ref()
        .and_then(|policy| policy.max_password_age);
    all.users
        .iter()
        .map(|(name, user)| line(all, account, name, user, age))
        .collect()
}

fn line(all: &Entities, account: &str, name: &str, user: &User, age: Option<u32>) -> String {
    let shown = output(account, Kind::User, name, &user.common);
    let arn = shown.text("Arn");
    // The sandbox sees nobody sign in: a password there is one that was never used.
    let (used, changed) = match user.password {
        None => ("N/A", "N/A".to_owned()),
        Some(made) => ("no_information", stamp(made)),
    };
    let rotation = user.password.zip(age).map_or_else(
        || "N/A".to_owned(),
        |(made, days)| stamp(made + i64::from(days) * DAY),
    );
    let has_mfa = all
        .devices
        .values()
        .any(|device| device.user.as_deref() == Some(name));
    let mut keys: Vec<&Key> = user.keys.values().collect();
    keys.sort_by_key(|key| key.created);
    let key = |at: usize| match keys.get(at) {
        None => "false,N/A,N/A,N/A,N/A".to_owned(),
        Some(key) => {
            let used = key.used.as_ref().map_or_else(
                || "N/A,N/A,N/A".to_owned(),
                |used| format!("{},{},{}", stamp(used.at), used.region, used.service),
            );
            format!("{},{},{used}", key.active, stamp(key.created))
        }
    };
    format!(
        "{name},{arn},{},{},{used},{changed},{rotation},{has_mfa},{},{},false,N/A,false,N/A\n",
        stamp(user.common.created),
        user.password.is_some(),
        key(0),
        key(1),
    )
}
