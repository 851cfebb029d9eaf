//! Settings of a bucket: ownership, encryption, versions, tags; and how many objects it has.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Bucket, CREATED_AT, ENFORCED, SERVICE, malformed_xml};
use crate::{Answer, AwsError, Call, tags};

/// The tags of a bucket at most.
const TAGS: usize = 50;

/// How objects are encrypted if nobody says how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encryption {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub algorithm: String,
    /// The key, as it was put.
    pub key: Option<String>,
    /// Whether one data key serves many objects.
    pub bucket_key: bool,
    /// What nobody may ask for.
    pub blocked: Vec<String>,
}

impl Default for Encryption {
    /// What every new bucket has.
    fn default() -> Self {
        Encryption {
            algorithm: "AES256".to_owned(),
            key: None,
            bucket_key: false,
            blocked: vec!["SSE-C".to_owned()],
        }
    }
}

impl Encryption {
    fn put(&self, input: &Value) -> Result<Self, AwsError> {
        let rule = &input["ServerSideEncryptionConfiguration"]["Rule"];
        let default = &rule["ApplyServerSideEncryptionByDefault"];
        let algorithm = default["SSEAlgorithm"].as_str().ok_or_else(malformed_xml)?;
        let key = default["KMSMasterKeyID"].as_str().filter(|key| !key.is_empty());
        match (algorithm, key) {
            ("AES256", Some(_)) => Err(SERVICE.invalid(
                "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
            )),
            ("AES256" | "aws:kms" | "aws:kms:dsse", _) => Ok(Encryption {
                algorithm: algorithm.to_owned(),
                key: key.map(str::to_owned),
                bucket_key: rule["BucketKeyEnabled"] == "true",
                blocked: match &rule["BlockedEncryptionTypes"]["EncryptionType"] {
                    Value::Null => self.blocked.clone(),
                    Value::Array(several) => several
                        .iter()
                        .filter_map(Value::as_str)
                        .map(str::to_owned)
                        .collect(),
                    one => one.as_str().map(str::to_owned).into_iter().collect(),
                },
            }),
            _ => Err(malformed_xml()),
        }
    }

    fn output(&self) -> Value {
        let blocked = (!self.blocked.is_empty()).then(|| json!({"EncryptionType[]": self.blocked}));
        json!({"Rule[]": [{
            "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": self.algorithm, "KMSMasterKeyID": self.key},
            "BucketKeyEnabled": self.bucket_key,
            "BlockedEncryptionTypes": blocked,
        }]})
    }
}

/// An ownership setting, if it is one.
pub(super) fn ownership(wanted: &str) -> Option<String> {
    let known = [ENFORCED, "BucketOwnerPreferred", "ObjectWriter"];
    known.contains(&wanted).then(|| wanted.to_owned())
}

/// Everything of a bucket that has nothing to do with its being public.
pub(super) fn handle(bucket: &mut Bucket, call: &Call, name: &str, owner: &str) -> Answer {
    let input = &call.input;
    let missing = |code: &str, message: &str| Err(AwsError::with_status(404, code, message));
    match call.operation.as_str() {
        "GetBucketOwnershipControls" => match &bucket.ownership {
            Some(ownership) => Ok(json!({"Rule[]": [{"ObjectOwnership": ownership}]})),
            None => missing(
                "OwnershipControlsNotFoundError",
                "The bucket ownership controls were not found",
            ),
        },
        "PutBucketOwnershipControls" => {
            let wanted = input["OwnershipControls"]["Rule"]["ObjectOwnership"].as_str();
            let wanted = wanted.and_then(ownership).ok_or_else(malformed_xml)?;
            if wanted == ENFORCED && !bucket.grants.is_empty() {
                return Err(AwsError::new(
                    "InvalidBucketAclWithObjectOwnership",
                    "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
                ));
            }
            bucket.ownership = Some(wanted);
            Ok(Value::Null)
        }
        "DeleteBucketOwnershipControls" => {
            bucket.ownership = None;
            Ok(Value::Null)
        }
        "GetBucketEncryption" => Ok(bucket.encryption.output()),
        "PutBucketEncryption" => {
            bucket.encryption = bucket.encryption.put(input)?;
            Ok(Value::Null)
        }
        "DeleteBucketEncryption" => {
            bucket.encryption = Encryption::default();
            Ok(Value::Null)
        }
        "GetBucketVersioning" => {
            let mfa_delete = bucket.mfa_delete.then_some("Enabled");
            Ok(json!({"Status": bucket.versioning, "MfaDelete": mfa_delete}))
        }
        "PutBucketVersioning" => put_versioning(bucket, input),
        "GetObjectLockConfiguration" => match &bucket.object_lock {
            Some(lock) => Ok(lock.clone()),
            None => missing(
                "ObjectLockConfigurationNotFoundError",
                "Object Lock configuration does not exist for this bucket",
            ),
        },
        "PutObjectLockConfiguration" => {
            if bucket.versioning.as_deref() != Some("Enabled") {
                return Err(AwsError::with_status(
                    409,
                    "InvalidBucketState",
                    "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
                ));
            }
            let retention = &input["ObjectLockConfiguration"]["Rule"]["DefaultRetention"];
            if !retention.is_null() && retention["Days"].is_null() == retention["Years"].is_null() {
                return Err(malformed_xml());
            }
            bucket.object_lock = Some(input["ObjectLockConfiguration"].clone());
            Ok(Value::Null)
        }
        "GetBucketTagging" if bucket.tags.is_empty() => missing("NoSuchTagSet", "The TagSet does not exist"),
        "GetBucketTagging" => Ok(json!({"TagSet": tags::output(&bucket.tags)})),
        "PutBucketTagging" => {
            bucket.tags = read_tags(&input["Tagging"]["TagSet"]["Tag"])?;
            Ok(Value::Null)
        }
        "DeleteBucketTagging" => {
            bucket.tags.clear();
            Ok(Value::Null)
        }
        "ListObjectVersions" => {
            let max: u32 = match input["max-keys"].as_str() {
                None => 1000,
                Some(text) => text
                    .parse()
                    .map_err(|_| SERVICE.invalid("Argument maxKeys must be an integer"))?,
            };
            let shown = bucket.objects.min(max.min(1000));
            let object = |n: u32| {
                json!({
                    "ETag": "\"d41d8cd98f00b204e9800998ecf8427e\"",
                    "Size": 512,
                    "StorageClass": "STANDARD",
                    "Key": format!("AWSLogs/{n}.json.gz"),
                    "VersionId": "null",
                    "IsLatest": true,
                    "LastModified": CREATED_AT,
                    "Owner": {"ID": owner},
                })
            };
            Ok(json!({
                "Name": name,
                "Prefix": "",
                "KeyMarker": "",
                "VersionIdMarker": "",
                "MaxKeys": max,
                "IsTruncated": shown < bucket.objects,
                "Version[]": (0..shown).map(object).collect::<Vec<Value>>(),
            }))
        }
        _ => Err(AwsError::not_in_sandbox(call)),
    }
}

/// The state of versions; with MFA delete only who gives a code may change it.
fn put_versioning(bucket: &mut Bucket, input: &Value) -> Answer {
    let wanted = &input["VersioningConfiguration"];
    let has_code = input["x-amz-mfa"].is_string();
    if !has_code && (bucket.mfa_delete || !wanted["MfaDelete"].is_null()) {
        return Err(AwsError::with_status(
            403,
            "AccessDenied",
            "Mfa Authentication must be used for this request",
        ));
    }
    match wanted["Status"].as_str() {
        Some("Suspended") if bucket.object_lock.is_some() => Err(AwsError::with_status(
            409,
            "InvalidBucketState",
            "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
        )),
        Some(status @ ("Enabled" | "Suspended")) => {
            bucket.versioning = Some(status.to_owned());
            if let Some(mfa_delete) = wanted["MfaDelete"].as_str() {
                bucket.mfa_delete = mfa_delete == "Enabled";
            }
            Ok(Value::Null)
        }
        Some(_) => Err(malformed_xml()),
        None => Err(AwsError::new(
            "IllegalVersioningConfigurationException",
            "The Versioning element must be specified",
        )),
    }
}

pub(super) fn read_tags(tags: &Value) -> Result<BTreeMap<String, String>, AwsError> {
    let list = match tags {
        Value::Array(several) => several.as_slice(),
        Value::Object(_) => std::slice::from_ref(tags),
        _ => &[],
    };
    let read = SERVICE.tags(list)?;
    if read.len() > TAGS {
        return Err(AwsError::new(
            "BadRequest",
            "Bucket tag count cannot be greater than 50",
        ));
    }
    Ok(read)
}
