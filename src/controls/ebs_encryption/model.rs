//! The table and the changes.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::kms_key;

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

/// What is read where encryption is to be turned on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// Whether the account owns a snapshot in the region. An AMI with an EBS volume has one.
    #[serde(default)]
    pub(crate) snapshots: Snapshots,
}

/// Whether the account owns a snapshot in the region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Snapshots {
    /// It owns none, or they were not asked for.
    #[default]
    None,
    /// It owns some.
    Owned,
    /// They could not be listed, and why.
    NotListed(String),
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

impl KeyRef {
    const AWS_MANAGED: &'static str = "aws/ebs";

    /// True if both are the same key. An id stands for the key with that id, whatever the rest of its ARN.
    pub(super) fn is(&self, other: &KeyRef) -> bool {
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
            [id] if kms_key::is_id(id) => Some(KeyRef::Id(text.to_owned())),
            _ => kms_key::of_arn(text).and_then(|(region, resource)| {
                let id = resource.strip_prefix("key/").filter(|id| kms_key::is_id(id))?;
                Some(KeyRef::Arn {
                    arn: text.to_owned(),
                    region: region.to_owned(),
                    id: id.to_owned(),
                })
            }),
        };
        key.ok_or_else(|| BadKey {
            text: text.to_owned(),
        })
    }
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
