//! The forms of a KMS key's name (KMS Developer Guide, "Key identifiers").

use trueup_core::location::Region;

/// The parts of a key's or alias's ARN: the region, and what stands behind the account.
pub(crate) fn of_arn(text: &str) -> Option<(&str, &str)> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    match parts[..] {
        ["arn", partition, "kms", region, account, resource]
            if is_partition(partition)
                && region.parse::<Region>().is_ok()
                && account.len() == 12
                && account.bytes().all(|digit| digit.is_ascii_digit()) =>
        {
            Some((region, resource))
        }
        _ => None,
    }
}

/// `aws`, `aws-cn` and the like.
fn is_partition(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b == b'-';
    text.starts_with("aws") && text.bytes().all(is_plain)
}

/// A key's id is a UUID, or `mrk-` and 32 hex digits.
pub(crate) fn is_id(text: &str) -> bool {
    let digits = match text.strip_prefix("mrk-") {
        Some(digits) => digits.to_owned(),
        None => {
            let groups: Vec<usize> = text.split('-').map(str::len).collect();
            if groups != [8, 4, 4, 4, 12] {
                return false;
            }
            text.replace('-', "")
        }
    };
    digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// `alias/` and a name (KMS API reference, `AliasNameType`).
fn is_alias(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"/_-".contains(&b);
    text.len() <= 256
        && text
            .strip_prefix("alias/")
            .is_some_and(|name| !name.is_empty() && name.bytes().all(is_plain))
}

/// True for a key's id or ARN.
pub(crate) fn is_key(text: &str) -> bool {
    is_id(text) || of_arn(text).is_some_and(|(_, resource)| resource.strip_prefix("key/").is_some_and(is_id))
}

/// True for a key's id or ARN, for an alias and its ARN.
pub(crate) fn is_key_or_alias(text: &str) -> bool {
    is_key(text) || is_alias(text) || of_arn(text).is_some_and(|(_, resource)| is_alias(resource))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_named_by_its_id_its_arn_or_an_alias() {
        let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
        let arn = |resource: &str| format!("arn:aws-cn:kms:cn-north-1:111122223333:{resource}");
        for text in [
            id,
            "mrk-1234abcd12ab34cd56ef1234567890ab",
            &arn(&format!("key/{id}")),
        ] {
            assert!(is_key(text) && is_key_or_alias(text), "{text}");
        }
        for text in ["alias/aws/sns", "alias/a_b-c/1", &arn("alias/a")] {
            assert!(!is_key(text) && is_key_or_alias(text), "{text}");
        }
        for text in [
            "",
            "k",
            "alias/",
            "alias/a b",
            &arn("key/k"),
            &arn(id),
            &format!("arn:a,s:kms:eu-west-1:111122223333:key/{id}"),
            &format!("arn:aws:kms:europe:111122223333:key/{id}"),
            &format!("arn:aws:kms:eu-west-1:1:key/{id}"),
        ] {
            assert!(!is_key_or_alias(text), "{text}");
        }
    }
}
