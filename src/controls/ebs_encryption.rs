//! Encryption of new EBS volumes, and the KMS key that they get when nothing else is said.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::control::{Control, Doc, Here, Observed, Permissions};
use trueup_core::location::Scope;

/// The control.
pub(crate) struct EbsEncryption;

/// The table `[ebs_encryption]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// Every new volume is encrypted, and so is every copy of a snapshot.
    pub(crate) enabled: Option<bool>,
    /// The key for volumes that name none: "aws/ebs" (AWS's own), a key's id, or a key's ARN. A key belongs to
    /// one region, so any but "aws/ebs" and multi-Region ids (mrk-…) belongs under [region.NAME.ebs_encryption].
    pub(crate) kms_key: Option<KeyRef>,
}

/// A KMS key in one of the forms that can be compared with what `GetEbsDefaultKmsKeyId` answers.
///
/// EC2 would take an alias too, but it answers with the ARN of the key behind it: whether the two are the same
/// only KMS could tell, and an alias can be moved to another key without EC2's default following.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum KeyRef {
    /// AWS's own key of the region, `alias/aws/ebs`.
    AwsManaged,
    /// A key of this account, by its id.
    Id(String),
    /// A key of this or another account, by its ARN.
    Arn {
        /// The ARN, whole.
        arn: String,
        /// The region in it.
        region: String,
        /// The key's id in it.
        id: String,
    },
}

/// A text that names no key in a form that can be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no KMS key that can be compared with what EC2 reports{}; expected \"aws/ebs\", a key's id or a \
     key's ARN",
    if .text.contains("alias/") { " (EC2 reports the key behind an alias)" } else { "" }
)]
pub(crate) struct BadKey {
    /// What was written.
    pub(crate) text: String,
}

impl KeyRef {
    const AWS_MANAGED: &'static str = "aws/ebs";

    /// True if both are the same key. An id stands for the key with that id, whatever the rest of its ARN.
    fn is(&self, other: &KeyRef) -> bool {
        match (self, other) {
            (KeyRef::Id(one), KeyRef::Arn { id: two, .. })
            | (KeyRef::Arn { id: two, .. }, KeyRef::Id(one)) => one == two,
            _ => self == other,
        }
    }
}

impl FromStr for KeyRef {
    type Err = BadKey;

    fn from_str(text: &str) -> Result<Self, BadKey> {
        let parts: Vec<&str> = text.split(':').collect();
        let key = match parts.as_slice() {
            ["aws/ebs" | "alias/aws/ebs"] => Some(KeyRef::AwsManaged),
            ["arn", _, "kms", _, _, "alias/aws/ebs"] => Some(KeyRef::AwsManaged),
            ["arn", partition, "kms", region, account, resource] => resource
                .strip_prefix("key/")
                .filter(|id| is_key_id(id) && !partition.is_empty() && !region.is_empty())
                .filter(|_| account.len() == 12 && account.bytes().all(|digit| digit.is_ascii_digit()))
                .map(|id| KeyRef::Arn {
                    arn: text.to_owned(),
                    region: (*region).to_owned(),
                    id: id.to_owned(),
                }),
            [id] if is_key_id(id) => Some(KeyRef::Id(text.to_owned())),
            _ => None,
        };
        key.ok_or_else(|| BadKey {
            text: text.to_owned(),
        })
    }
}

/// A key's id is a UUID, or `mrk-` and 32 hex digits (KMS Developer Guide, "Key identifiers").
fn is_key_id(text: &str) -> bool {
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

impl TryFrom<String> for KeyRef {
    type Error = BadKey;

    fn try_from(text: String) -> Result<Self, BadKey> {
        text.parse()
    }
}

impl From<KeyRef> for String {
    fn from(key: KeyRef) -> String {
        key.to_string()
    }
}

impl fmt::Display for KeyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeyRef::AwsManaged => KeyRef::AWS_MANAGED,
            KeyRef::Id(id) => id,
            KeyRef::Arn { arn, .. } => arn,
        })
    }
}

impl JsonSchema for KeyRef {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "kms_key".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "examples": [KeyRef::AWS_MANAGED] })
    }
}

/// A change of one region's settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Encrypt new volumes.
    Enable,
    /// Leave it to whoever makes a volume.
    Disable,
    /// Encrypt with this key unless another is named.
    SetKey(KeyRef),
    /// Encrypt with AWS's own key unless another is named.
    ResetKey,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Enable => f.write_str("encrypt new EBS volumes by default"),
            Action::Disable => f.write_str("stop encrypting new EBS volumes by default"),
            Action::SetKey(key) => write!(f, "make {key} the default key of EBS encryption"),
            Action::ResetKey => f.write_str("make aws/ebs the default key of EBS encryption again"),
        }
    }
}

impl Control for EbsEncryption {
    const NAME: &'static str = "ebs_encryption";
    const SCOPE: Scope = Scope::EachRegion;
    const DOC: Doc = Doc {
        title: "EBS encryption by default",
        items: &[12],
        why: "Without it, a volume is encrypted only if whoever makes it asks for that. Existing volumes stay as they are.",
        off: "enabled = false; kms_key = \"aws/ebs\" returns to AWS's own key",
        cost: "free with aws/ebs; a key of one's own costs what KMS asks for it",
        benchmarks: &[("CIS 5.0", "5.1.1"), ("CIS 3.0", "2.2.1"), ("FSBP", "EC2.7")],
        page: "https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html",
        example: r#"[ebs_encryption]
enabled = true
# kms_key = "aws/ebs"      # or, for one region: the id or ARN of a key there
"#,
    };
    const PERMISSIONS: Permissions = Permissions {
        read: &["ec2:GetEbsEncryptionByDefault", "ec2:GetEbsDefaultKmsKeyId"],
        write: &[
            "ec2:EnableEbsEncryptionByDefault",
            "ec2:DisableEbsEncryptionByDefault",
            "ec2:ModifyEbsDefaultKmsKeyId",
            "ec2:ResetEbsDefaultKmsKeyId",
        ],
    };

    type Model = Model;
    type Ids = ();
    type Action = Action;

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        if *want == Model::default() {
            return vec![(
                "",
                "says nothing about EBS encryption; expected at least enabled".to_owned(),
            )];
        }
        vec![]
    }

    fn diff(want: &Model, seen: &Observed<Model, ()>, here: &Here<'_>, out: &mut Changes<Action>) {
        let live = &seen.model;
        if let (Some(KeyRef::Arn { arn, region, .. }), Some(place)) = (&want.kms_key, here.place.region())
            && region != place.as_str()
        {
            out.refuse(format!(
                "kms_key is a key of {region} ({arn}), and EBS takes only keys of its own region, {place}; write it \
                 under [region.{region}.ebs_encryption]"
            ));
            return;
        }
        let key = want
            .kms_key
            .as_ref()
            .filter(|want| live.kms_key.as_ref().is_none_or(|live| !want.is(live)))
            .map(|key| match key {
                // The default key is used by whoever starts an instance without naming one, and Auto Scaling's
                // service-linked role has no permission on a key of one's own unless the key grants it.
                KeyRef::Id(_) | KeyRef::Arn { .. } => out
                    .change(Action::SetKey(key.clone()))
                    .disruptive(
                        "who may not use the key can no longer start instances, Auto Scaling among them",
                    )
                    .id(),
                // Sharing an encrypted snapshot means sharing its key, and AWS's own keys cannot be shared.
                KeyRef::AwsManaged => out
                    .change(Action::ResetKey)
                    .disruptive("snapshots of volumes made from then on cannot be shared with other accounts")
                    .id(),
            });
        match want.enabled {
            Some(true) if live.enabled != Some(true) => {
                // The key first: no volume shall be encrypted with one that nobody wanted.
                out.change(Action::Enable).after_all(key);
            }
            Some(false) if live.enabled != Some(false) => {
                // Nothing breaks, but it cannot be made good: a volume never changes from plain to encrypted.
                out.change(Action::Disable)
                    .disruptive("volumes made from then on are not encrypted, and stay so for good");
            }
            _ => {}
        }
    }
}

impl Live for EbsEncryption {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, ()>, Failure> {
        let ec2 = &cx.clients().ec2;
        let enabled = ec2
            .get_ebs_encryption_by_default()
            .send()
            .await?
            .ebs_encryption_by_default
            .unwrap_or(false);
        // A second call in each region, that most baselines have no use for.
        let kms_key = if want.is_none_or(|want| want.kms_key.is_some()) {
            let answer = ec2.get_ebs_default_kms_key_id().send().await?.kms_key_id;
            Some(live_key(answer.as_deref().unwrap_or_default())?)
        } else {
            None
        };
        Ok(Observed::of(Model {
            enabled: Some(enabled),
            kms_key,
        }))
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        let ec2 = &cx.clients().ec2;
        match action {
            Action::Enable => {
                ec2.enable_ebs_encryption_by_default().send().await?;
            }
            Action::Disable => {
                ec2.disable_ebs_encryption_by_default().send().await?;
            }
            Action::SetKey(key) => {
                ec2.modify_ebs_default_kms_key_id()
                    .kms_key_id(key.to_string())
                    .send()
                    .await?;
            }
            Action::ResetKey => {
                ec2.reset_ebs_default_kms_key_id().send().await?;
            }
        }
        Ok(())
    }
}

/// The key that EC2 reports: an ARN, `alias/aws/ebs`, or nothing while none was ever chosen.
fn live_key(answer: &str) -> Result<KeyRef, Failure> {
    if answer.is_empty() {
        return Ok(KeyRef::AwsManaged);
    }
    answer
        .parse()
        .map_err(|error: BadKey| Failure::answer("ec2:GetEbsDefaultKmsKeyId", error.to_string()))
}

#[cfg(test)]
mod tests {
    use toml::Table;

    use super::*;
    use crate::testing;

    const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

    fn arn() -> String {
        format!("arn:aws:kms:eu-west-1:111122223333:key/{ID}")
    }

    fn model(text: &str) -> Model {
        toml::from_str(text).unwrap()
    }

    fn plan(want: &Model, live: &Model) -> String {
        testing::told(&testing::found::<EbsEncryption>(
            want,
            &Observed::of(live.clone()),
        ))
    }

    fn example() -> Model {
        let table: Table = EbsEncryption::DOC.example.parse().unwrap();
        table["ebs_encryption"].clone().try_into().unwrap()
    }

    #[test]
    fn switching_it_on_is_safe() {
        insta::assert_snapshot!(
            plan(&example(), &model("enabled = false")),
            @"encrypt new EBS volumes by default [safe]"
        );
    }

    #[test]
    fn switching_it_off_needs_consent_because_volumes_stay_plain() {
        insta::assert_snapshot!(plan(&model("enabled = false"), &model("enabled = true")), @r"
        stop encrypting new EBS volumes by default [disruptive]
          ! volumes made from then on are not encrypted, and stay so for good
        ");
    }

    #[test]
    fn a_new_key_is_chosen_before_anything_is_encrypted() {
        let want = model(&format!("enabled = true\nkms_key = \"{}\"", arn()));
        insta::assert_snapshot!(plan(&want, &model("enabled = false\nkms_key = \"aws/ebs\"")), @r"
        make arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab the default key of EBS encryption [disruptive]
          ! who may not use the key can no longer start instances, Auto Scaling among them
        encrypt new EBS volumes by default [safe]
          after make arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab the default key of EBS encryption
        ");
    }

    #[test]
    fn the_aws_managed_key_is_returned_to_by_a_reset() {
        let live = model(&format!("enabled = true\nkms_key = \"{}\"", arn()));
        insta::assert_snapshot!(plan(&model("kms_key = \"aws/ebs\""), &live), @r"
        make aws/ebs the default key of EBS encryption again [disruptive]
          ! snapshots of volumes made from then on cannot be shared with other accounts
        ");
    }

    #[test]
    fn an_id_and_the_arn_with_it_are_one_key() {
        let live = model(&format!("enabled = true\nkms_key = \"{}\"", arn()));
        assert_eq!(plan(&model(&format!("kms_key = \"{ID}\"")), &live), "");
        let other = ID.replace('1', "2");
        assert_ne!(plan(&model(&format!("kms_key = \"{other}\"")), &live), "");
    }

    #[test]
    fn the_same_id_in_another_account_is_another_key() {
        let live = model(&format!("enabled = true\nkms_key = \"{}\"", arn()));
        let theirs = arn().replace("111122223333", "444455556666");
        assert_ne!(plan(&model(&format!("kms_key = \"{theirs}\"")), &live), "");
    }

    #[test]
    fn a_key_of_another_region_is_refused_with_where_to_write_it() {
        let want = model(&format!(
            "enabled = true\nkms_key = \"{}\"",
            arn().replace("eu-west-1", "us-east-1")
        ));
        insta::assert_snapshot!(plan(&want, &model("enabled = false\nkms_key = \"aws/ebs\"")), @"refused: kms_key is a key of us-east-1 (arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab), and EBS takes only keys of its own region, eu-west-1; write it under [region.us-east-1.ebs_encryption]");
    }

    #[test]
    fn what_is_not_written_is_left_alone() {
        let live = model(&format!("enabled = false\nkms_key = \"{}\"", arn()));
        assert_eq!(plan(&model("enabled = false"), &live), "");
        assert_eq!(plan(&model(&format!("kms_key = \"{}\"", arn())), &live), "");
    }

    #[test]
    fn an_exported_region_plans_to_nothing() {
        for live in [
            model("enabled = false\nkms_key = \"aws/ebs\""),
            model(&format!("enabled = true\nkms_key = \"{}\"", arn())),
        ] {
            let table = Table::try_from(&live).unwrap();
            let read: Model = table.try_into().unwrap();
            assert_eq!(read, live);
            assert_eq!(EbsEncryption::check(&read), []);
            assert_eq!(plan(&read, &live), "");
        }
    }

    #[test]
    fn every_form_of_the_aws_managed_key_is_read_as_one() {
        for text in [
            "aws/ebs",
            "alias/aws/ebs",
            "arn:aws:kms:eu-west-1:111122223333:alias/aws/ebs",
        ] {
            assert_eq!(text.parse(), Ok(KeyRef::AwsManaged), "{text}");
        }
        assert_eq!(live_key(""), Ok(KeyRef::AwsManaged));
    }

    #[test]
    fn a_multi_region_key_may_stand_for_all_regions() {
        let id = "mrk-1234abcd12ab34cd56ef1234567890ab";
        assert_eq!(id.parse(), Ok(KeyRef::Id(id.to_owned())));
    }

    #[test]
    fn an_alias_is_refused_with_what_is_expected() {
        let error = toml::from_str::<Model>("kms_key = \"alias/disks\"").unwrap_err();
        insta::assert_snapshot!(error.message(), @r#"`alias/disks` is no KMS key that can be compared with what EC2 reports (EC2 reports the key behind an alias); expected "aws/ebs", a key's id or a key's ARN"#);
    }

    #[test]
    fn what_names_no_key_is_refused() {
        for text in [
            "",
            "aws/rds",
            "1234abcd",
            "mrk-1234",
            "arn:aws:kms:eu-west-1:1111:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:eu-west-1:111122223333:alias/disks",
            "arn:aws:iam::111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        ] {
            assert!(text.parse::<KeyRef>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_table_that_says_nothing_is_a_mistake() {
        assert_eq!(EbsEncryption::check(&Model::default()).len(), 1);
    }
}
