//! Encryption of new EBS volumes: `GetEbsEncryptionByDefault` and its family.

use serde_json::json;

use super::geography;
use super::input::Input;
use super::model::Ec2;
use super::{Answer, Cx, SERVICE};

/// The key that AWS manages for EBS, which is the default one until another is chosen.
const AWS_MANAGED: &str = "alias/aws/ebs";

/// `GetEbsEncryptionByDefault`. Its `sseType` is reserved for future use (API Reference) and left out.
pub(super) fn get_encryption(cx: &mut Cx<'_>, _: &Input<'_>) -> Answer {
    Ok(json!({ "ebsEncryptionByDefault": cx.ec2.ebs.encryption }))
}

/// `EnableEbsEncryptionByDefault`.
pub(super) fn enable_encryption(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    cx.ec2.ebs.encryption = true;
    get_encryption(cx, input)
}

/// `DisableEbsEncryptionByDefault`. It leaves the chosen key as it is.
pub(super) fn disable_encryption(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    cx.ec2.ebs.encryption = false;
    get_encryption(cx, input)
}

/// `GetEbsDefaultKmsKeyId`.
pub(super) fn get_key(cx: &mut Cx<'_>, _: &Input<'_>) -> Answer {
    Ok(json!({ "kmsKeyId": cx.ec2.ebs.kms_key.as_deref().unwrap_or(AWS_MANAGED) }))
}

/// `ModifyEbsDefaultKmsKeyId`. It takes a key's id or ARN, or an alias's name or ARN, and answers the key's
/// ARN.
pub(super) fn modify_key(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let named = input.required("KmsKeyId")?;
    let arn = key_arn(cx, named).ok_or_else(|| {
        SERVICE.invalid(format!(
            "Value ({named}) for parameter KmsKeyId is invalid. Invalid key identifier."
        ))
    })?;
    cx.ec2.ebs.kms_key = Some(arn);
    get_key(cx, input)
}

/// `ResetEbsDefaultKmsKeyId`.
pub(super) fn reset_key(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    cx.ec2.ebs.kms_key = None;
    get_key(cx, input)
}

/// The ARN of the key that a name means. There are no keys to look up: every well-formed id is one, and an
/// alias gets a key of its own when it is first named. A key of another region cannot encrypt volumes here.
fn key_arn(cx: &mut Cx<'_>, named: &str) -> Option<String> {
    let local = match named.strip_prefix("arn:") {
        None => named,
        Some(rest) => {
            let mut parts = rest.splitn(5, ':');
            let partition = parts.next()? == geography::partition(&cx.ec2.region);
            let service = parts.next()? == "kms";
            let region = parts.next()? == cx.ec2.region;
            let account = parts.next()?;
            let local = parts.next()?;
            if !(partition && service && region) {
                return None;
            }
            if account != cx.ec2.account_id {
                // A key that another account shares is named by its ARN, and stays as it is named.
                return local
                    .strip_prefix("key/")
                    .filter(|id| is_key_id(id))
                    .map(|_| named.to_owned());
            }
            // Within an ARN the kind is written; a bare id has none.
            local
                .strip_prefix("key/")
                .or(local.starts_with("alias/").then_some(local))?
        }
    };
    if let Some(alias) = local.strip_prefix("alias/") {
        let well_formed = !alias.is_empty()
            && alias
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "/_-".contains(c));
        return well_formed.then(|| alias_arn(cx, local));
    }
    is_key_id(local).then(|| own_arn(cx.ec2, local))
}

fn alias_arn(cx: &mut Cx<'_>, alias: &str) -> String {
    if let Some(arn) = cx.ec2.ebs.aliases.get(alias) {
        return arn.clone();
    }
    let hex = cx.ids.next_hex32();
    let (a, b, c, d, e) = (&hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..]);
    let arn = own_arn(cx.ec2, &format!("{a}-{b}-4{c}-8{d}-{e}"));
    cx.ec2.ebs.aliases.insert(alias.to_owned(), arn.clone());
    arn
}

fn own_arn(ec2: &Ec2, key_id: &str) -> String {
    let partition = geography::partition(&ec2.region);
    format!(
        "arn:{partition}:kms:{}:{}:key/{key_id}",
        ec2.region, ec2.account_id
    )
}

/// Whether a text is the id of a key: a UUID, or `mrk-` and 32 hexadecimal digits for a multi-region key.
fn is_key_id(id: &str) -> bool {
    let hex = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
    match id.strip_prefix("mrk-") {
        Some(digits) => digits.len() == 32 && hex(digits),
        None => {
            let groups: Vec<&str> = id.split('-').collect();
            groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]) && groups.into_iter().all(hex)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{Cloud, REGION};

    #[test]
    fn encryption_is_off_until_it_is_switched_on_in_a_region() {
        let mut cloud = Cloud::new();
        let get = "GetEbsEncryptionByDefault";
        assert_eq!(cloud.ok(get, json!({}))["ebsEncryptionByDefault"], false);
        let answer = cloud.ok("EnableEbsEncryptionByDefault", json!({}));
        assert_eq!(answer["ebsEncryptionByDefault"], true);
        assert_eq!(cloud.ok(get, json!({}))["ebsEncryptionByDefault"], true);
        let other = cloud.call_in("eu-west-1", get, json!({})).unwrap();
        assert_eq!(other["ebsEncryptionByDefault"], false);
        let answer = cloud.ok("DisableEbsEncryptionByDefault", json!({}));
        assert_eq!(answer["ebsEncryptionByDefault"], false);
    }

    #[test]
    fn a_key_is_answered_as_an_arn() {
        let mut cloud = Cloud::new();
        let key = "1234abcd-12ab-34cd-56ef-1234567890ab";
        let arn = format!("arn:aws:kms:{REGION}:123456789012:key/{key}");
        let get = |cloud: &mut Cloud| cloud.ok("GetEbsDefaultKmsKeyId", json!({}))["kmsKeyId"].clone();
        assert_eq!(get(&mut cloud), "alias/aws/ebs");
        for named in [key, &arn] {
            let answer = cloud.ok("ModifyEbsDefaultKmsKeyId", json!({ "KmsKeyId": named }));
            assert_eq!(answer["kmsKeyId"], arn);
            assert_eq!(get(&mut cloud), arn);
        }
        let answer = cloud.ok("ResetEbsDefaultKmsKeyId", json!({}));
        assert_eq!(answer["kmsKeyId"], "alias/aws/ebs");
        assert_eq!(get(&mut cloud), "alias/aws/ebs");
    }

    #[test]
    fn an_alias_keeps_its_meaning() {
        let mut cloud = Cloud::new();
        let mut modify = |named: &str| {
            let answer = cloud.ok("ModifyEbsDefaultKmsKeyId", json!({ "KmsKeyId": named }));
            answer["kmsKeyId"].as_str().unwrap().to_owned()
        };
        let first = modify("alias/ebs");
        assert!(super::is_key_id(first.rsplit('/').next().unwrap()), "{first}");
        assert_ne!(modify("alias/other"), first);
        assert_eq!(
            modify(&format!("arn:aws:kms:{REGION}:123456789012:alias/ebs")),
            first
        );
    }

    #[test]
    fn a_key_of_another_account_is_named_by_its_arn() {
        let mut cloud = Cloud::new();
        let arn = format!("arn:aws:kms:{REGION}:210987654321:key/mrk-1234abcd12ab34cd56ef1234567890ab");
        let answer = cloud.ok("ModifyEbsDefaultKmsKeyId", json!({ "KmsKeyId": arn }));
        assert_eq!(answer["kmsKeyId"], arn);
    }

    #[test]
    fn what_cannot_be_a_key_here_is_refused() {
        let mut cloud = Cloud::new();
        for named in [
            "",
            "my key",
            "alias/",
            "alias/a b",
            "key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "1234abcd-12ab-34cd-56ef-1234567890",
            "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:s3:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws-cn:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:us-east-1:123456789012:1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:us-east-1:210987654321:alias/theirs",
        ] {
            let (code, message) = cloud.refused("ModifyEbsDefaultKmsKeyId", json!({ "KmsKeyId": named }));
            assert_eq!(code, "InvalidParameterValue", "{named}");
            assert!(message.contains(named), "{message}");
        }
    }
}
