//! S3: buckets and their settings. Of their objects only the number is known.

mod acl;
mod lifecycle;
mod policy;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trueup_policy::evaluate::Request;

use self::lifecycle::Lifecycle;
use self::policy::{check_policy, is_public};
pub(super) use self::policy::{lets, service_request};
use self::settings::Encryption;
use super::input::Input;
use super::service::{Refusal, Service};
use super::tags::Flaw;
use super::wire::{Dialect, Host, Protocol, Route, route};
use super::{Account, Answer, AwsError, Call, OPT_IN_REGIONS, world};

/// When every bucket was made: a clock would make two equal runs differ.
const CREATED_AT: &str = "2026-01-01T00:00:00.000Z";

/// S3's state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3 {
    /// The account's own block, over all its buckets.
    pub public_access_block: Option<PublicAccessBlock>,
    /// The buckets, by name.
    pub buckets: BTreeMap<String, Bucket>,
}

/// What is blocked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the members of S3's PublicAccessBlockConfiguration, by their names"
)]
pub struct PublicAccessBlock {
    pub block_public_acls: bool,
    pub ignore_public_acls: bool,
    pub block_public_policy: bool,
    pub restrict_public_buckets: bool,
}

/// One bucket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// Its region.
    pub region: String,
    /// The account that it belongs to, if that is another one: then it says nothing to this one.
    pub owner: Option<String>,
    /// The policy's text, as it was put.
    pub policy: Option<String>,
    /// When that was, in seconds since 1970.
    pub policy_put_at: i64,
    /// Who owns the objects; since 2023 a new bucket's owner does, and its ACL does not count. Without it ACLs count.
    pub ownership: Option<String>,
    /// What its ACL grants besides the owner's full control: the group and the permission.
    pub grants: Vec<(String, String)>,
    /// The bucket's own block; since 2023 a new bucket has a full one.
    pub public_access_block: Option<PublicAccessBlock>,
    /// How its objects are encrypted if nobody says how.
    pub encryption: Encryption,
    /// `Enabled` or `Suspended`; nothing if versions never were kept.
    pub versioning: Option<String>,
    /// Whether it takes a code of the root user's MFA device to delete a version.
    #[serde(default)]
    pub mfa_delete: bool,
    /// Object Lock, as it was put.
    #[serde(default)]
    pub object_lock: Option<Value>,
    /// Its life cycle, if it has one.
    pub lifecycle: Option<Lifecycle>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// How many objects it has.
    pub objects: u32,
}

/// The setting under which ACLs do not count.
const ENFORCED: &str = "BucketOwnerEnforced";

impl PublicAccessBlock {
    /// The one that has all four alike.
    pub(super) fn all(on: bool) -> Self {
        if on {
            PublicAccessBlock::ALL
        } else {
            PublicAccessBlock::default()
        }
    }

    const ALL: PublicAccessBlock = PublicAccessBlock {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };

    /// What a request puts: it replaces all four, and what it leaves out is off.
    pub(super) fn of(input: &Value) -> Result<Self, AwsError> {
        let configuration = &input["PublicAccessBlockConfiguration"];
        let flag = |name: &str| match configuration[name]
            .as_str()
            .map(str::to_ascii_lowercase)
            .as_deref()
        {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(malformed_xml()),
        };
        if configuration.is_null() {
            return Err(malformed_xml());
        }
        Ok(PublicAccessBlock {
            block_public_acls: flag("BlockPublicAcls")?,
            ignore_public_acls: flag("IgnorePublicAcls")?,
            block_public_policy: flag("BlockPublicPolicy")?,
            restrict_public_buckets: flag("RestrictPublicBuckets")?,
        })
    }

    pub(super) fn output(self) -> Value {
        json!({
            "BlockPublicAcls": self.block_public_acls,
            "IgnorePublicAcls": self.ignore_public_acls,
            "BlockPublicPolicy": self.block_public_policy,
            "RestrictPublicBuckets": self.restrict_public_buckets,
        })
    }

    fn or(self, other: Self) -> Self {
        PublicAccessBlock {
            block_public_acls: self.block_public_acls || other.block_public_acls,
            ignore_public_acls: self.ignore_public_acls || other.ignore_public_acls,
            block_public_policy: self.block_public_policy || other.block_public_policy,
            restrict_public_buckets: self.restrict_public_buckets || other.restrict_public_buckets,
        }
    }
}

impl Bucket {
    /// A bucket with what AWS gives to a new one.
    pub fn new(region: &str) -> Self {
        Bucket {
            region: region.to_owned(),
            owner: None,
            policy: None,
            policy_put_at: 0,
            ownership: Some(ENFORCED.to_owned()),
            grants: Vec::new(),
            public_access_block: Some(PublicAccessBlock::ALL),
            encryption: Encryption::default(),
            versioning: None,
            mfa_delete: false,
            object_lock: None,
            lifecycle: None,
            tags: BTreeMap::new(),
            objects: 0,
        }
    }

    fn takes_acls(&self) -> bool {
        self.ownership.as_deref() != Some(ENFORCED)
    }
}

impl S3 {
    /// Makes a bucket of a world.
    pub(super) fn seed(&mut self, wanted: &world::Bucket) {
        let mut bucket = Bucket::new(wanted.region.as_deref().unwrap_or("us-east-1"));
        bucket.owner.clone_from(&wanted.owner);
        bucket.objects = wanted.objects;
        if wanted.public_policy || wanted.public_acl {
            bucket.public_access_block = None;
        }
        if wanted.public_policy {
            let policy = json!({"Version": "2012-10-17", "Statement": [{
                "Sid": "AnybodyReads",
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": format!("arn:aws:s3:::{}/*", wanted.name),
            }]});
            bucket.policy = Some(policy.to_string());
        }
        if wanted.public_acl {
            bucket.ownership = Some("ObjectWriter".to_owned());
            bucket.grants = vec![("AllUsers".to_owned(), "READ".to_owned())];
        }
        self.buckets.insert(wanted.name.clone(), bucket);
    }

    /// Whether the policy of a bucket lets a service in, as far as that policy is known by now: of another account's
    /// bucket nothing is known, and nothing is said against it.
    pub(super) fn lets(&self, bucket: &str, request: &Request, is_known: impl Fn(i64) -> bool) -> bool {
        self.buckets.get(bucket).is_some_and(|bucket| {
            let policy = bucket.policy.as_deref().unwrap_or_default();
            bucket.owner.is_some() || (is_known(bucket.policy_put_at) && lets(policy, request))
        })
    }

    /// What is blocked on a bucket: the account's block and its own together.
    fn effective_block(&self, bucket: &Bucket) -> PublicAccessBlock {
        self.public_access_block
            .unwrap_or_default()
            .or(bucket.public_access_block.unwrap_or_default())
    }
}

/// The service.
pub(super) static SERVICE: Service = Service {
    survives_region_denial: true,
    invalid_code: "InvalidArgument",
    keeps_tag: |tag| {
        if !tag.is_whole() {
            return Err(malformed_xml());
        }
        let message = match tag.flaw() {
            _ if tag.is_repeated => "Cannot provide multiple Tags with the same key",
            None => return Ok(true),
            Some(Flaw::Reserved) => "System tags cannot be added/updated by requester",
            Some(Flaw::Key) => "The TagKey you have provided is invalid",
            Some(Flaw::Value) => "The TagValue you have provided is invalid",
        };
        Err(AwsError::new("InvalidTag", message))
    },
    iam_action: |operation| match operation {
        "GetObjectLockConfiguration" => "GetBucketObjectLockConfiguration",
        "PutObjectLockConfiguration" => "PutBucketObjectLockConfiguration",
        "ListBuckets" => "ListAllMyBuckets",
        "HeadBucket" => "ListBucket",
        "GetPublicAccessBlock" => "GetBucketPublicAccessBlock",
        "PutPublicAccessBlock" | "DeletePublicAccessBlock" => "PutBucketPublicAccessBlock",
        _ => operation,
    },
    denied_resource: |call, _| match call.input["Bucket"].as_str() {
        Some(bucket) => format!("\"arn:aws:s3:::{bucket}\""),
        None => "*".to_owned(),
    },
    throttled: SLOW_DOWN,
    region_not_enabled: INVALID_TOKEN,
    header: |account, call| {
        let bucket = account.s3.buckets.get(call.input["Bucket"].as_str()?)?;
        Some(("x-amz-bucket-region", bucket.region.clone()))
    },
    ..Service::new("s3", &[Protocol::RestXml(&DIALECT)], handle)
};

pub(super) const SLOW_DOWN: Refusal = Refusal::new(503, "SlowDown", "Please reduce your request rate.");
pub(super) const INVALID_TOKEN: Refusal = Refusal::new(
    400,
    "InvalidToken",
    "The provided token is malformed or otherwise invalid.",
);

static DIALECT: Dialect = Dialect {
    namespace: "http://s3.amazonaws.com/doc/2006-03-01/",
    routes: ROUTES,
    host: Host::Bucket,
    wraps_errors: false,
};

/// The root of a public access block.
pub(super) const BLOCK: &str = "PublicAccessBlockConfiguration";

const ROUTES: &[Route] = &[
    route("GetBucketPolicyStatus", "GET /{Bucket}?policyStatus").xml("PolicyStatus"),
    route("GetBucketPolicy", "GET /{Bucket}?policy").raw("Policy"),
    route("PutBucketPolicy", "PUT /{Bucket}?policy").status(204),
    route("DeleteBucketPolicy", "DELETE /{Bucket}?policy").status(204),
    route("GetBucketAcl", "GET /{Bucket}?acl").xml("AccessControlPolicy"),
    route("PutBucketAcl", "PUT /{Bucket}?acl"),
    route("GetBucketLocation", "GET /{Bucket}?location").xml("LocationConstraint"),
    route("GetPublicAccessBlock", "GET /{Bucket}?publicAccessBlock").xml(BLOCK),
    route("PutPublicAccessBlock", "PUT /{Bucket}?publicAccessBlock"),
    route("DeletePublicAccessBlock", "DELETE /{Bucket}?publicAccessBlock").status(204),
    route("GetBucketOwnershipControls", "GET /{Bucket}?ownershipControls").xml("OwnershipControls"),
    route("PutBucketOwnershipControls", "PUT /{Bucket}?ownershipControls"),
    route(
        "DeleteBucketOwnershipControls",
        "DELETE /{Bucket}?ownershipControls",
    )
    .status(204),
    route("GetBucketEncryption", "GET /{Bucket}?encryption").xml("ServerSideEncryptionConfiguration"),
    route("PutBucketEncryption", "PUT /{Bucket}?encryption"),
    route("DeleteBucketEncryption", "DELETE /{Bucket}?encryption").status(204),
    route("GetBucketVersioning", "GET /{Bucket}?versioning").xml("VersioningConfiguration"),
    route("PutBucketVersioning", "PUT /{Bucket}?versioning"),
    route("GetBucketLifecycleConfiguration", "GET /{Bucket}?lifecycle").xml("LifecycleConfiguration"),
    route("PutBucketLifecycleConfiguration", "PUT /{Bucket}?lifecycle"),
    route("DeleteBucketLifecycle", "DELETE /{Bucket}?lifecycle").status(204),
    route("GetBucketTagging", "GET /{Bucket}?tagging").xml("Tagging"),
    route("PutBucketTagging", "PUT /{Bucket}?tagging").status(204),
    route("DeleteBucketTagging", "DELETE /{Bucket}?tagging").status(204),
    route("ListObjectVersions", "GET /{Bucket}?versions").xml("ListVersionsResult"),
    route("GetObjectLockConfiguration", "GET /{Bucket}?object-lock").xml("ObjectLockConfiguration"),
    route("PutObjectLockConfiguration", "PUT /{Bucket}?object-lock"),
    route("CreateBucket", "PUT /{Bucket}"),
    route("DeleteBucket", "DELETE /{Bucket}").status(204),
    route("HeadBucket", "HEAD /{Bucket}"),
    route("ListBuckets", "GET /").xml("ListAllMyBucketsResult"),
];

/// Answers one operation of S3.
pub(super) fn handle(account: &mut Account, call: &Call) -> Answer {
    match call.operation.as_str() {
        "ListBuckets" => list_buckets(account, call),
        "CreateBucket" => create_bucket(account, call),
        _ => {
            let name = call.input.text("Bucket").to_owned();
            let bucket = account.s3.buckets.get(&name).ok_or_else(|| {
                AwsError::with_status(404, "NoSuchBucket", "The specified bucket does not exist")
            })?;
            let owner = call.input["x-amz-expected-bucket-owner"].as_str();
            if owner.is_some_and(|owner| owner.len() != 12 || owner.bytes().any(|b| !b.is_ascii_digit())) {
                return Err(AwsError::new(
                    "InvalidBucketOwnerAWSAccountID",
                    "The value of the expected bucket owner parameter must be an AWS account ID",
                ));
            }
            if bucket.owner.is_some() || owner.is_some_and(|owner| owner != account.id) {
                return Err(access_denied("Access Denied"));
            }
            // A bucket answers in its own region only; GetBucketLocation is how to find out which one that is.
            if bucket.region != call.region && call.operation != "GetBucketLocation" {
                return Err(AwsError::with_status(
                    301,
                    "PermanentRedirect",
                    "The bucket you are attempting to access must be addressed using the specified endpoint. Please \
                     send all future requests to this endpoint.",
                ));
            }
            of_bucket(account, call, &name)
        }
    }
}

fn list_buckets(account: &Account, call: &Call) -> Answer {
    let wanted = |key: &str| call.input[key].as_str();
    let max = match wanted("max-buckets").map(str::parse::<usize>) {
        None => 10_000,
        Some(Ok(max)) if (1..=10_000).contains(&max) => max,
        Some(_) => {
            let message = "Argument max-buckets must be an integer between 1 and 10000";
            return Err(SERVICE.invalid(message));
        }
    };
    let prefix = wanted("prefix");
    let region = wanted("bucket-region");
    // The token is the last name of the page before: opaque to clients, and enough here.
    let after = wanted("continuation-token").unwrap_or_default();
    let mut found = account.s3.buckets.iter().filter(|(name, bucket)| {
        name.as_str() > after
            && bucket.owner.is_none()
            && prefix.is_none_or(|prefix| name.starts_with(prefix))
            && region.is_none_or(|region| bucket.region == region)
    });
    let page: Vec<_> = found.by_ref().take(max).collect();
    let token = match (found.next(), page.last()) {
        (Some(_), Some((last, _))) => Some(*last),
        _ => None,
    };
    // The region is told only "if the request contains at least one valid parameter" (API reference, Bucket).
    let tells_region = ["max-buckets", "prefix", "bucket-region", "continuation-token"]
        .into_iter()
        .any(|key| wanted(key).is_some());
    let buckets: Vec<Value> = page
        .iter()
        .map(|(name, bucket)| {
            json!({
                "BucketRegion": tells_region.then_some(&bucket.region),
                "CreationDate": CREATED_AT,
                "Name": name,
            })
        })
        .collect();
    Ok(json!({
        "Owner": {"ID": canonical_id(&account.id)},
        "Buckets": buckets,
        "ContinuationToken": token,
        "Prefix": prefix,
    }))
}

fn create_bucket(account: &mut Account, call: &Call) -> Answer {
    let name = call.input.text("Bucket").to_owned();
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let edges = [name.bytes().next(), name.bytes().last()];
    let well_formed = (3..=63).contains(&name.len())
        && name.bytes().all(|b| plain(b) || b == b'-' || b == b'.')
        && edges.iter().flatten().all(|&b| plain(b))
        && !name.contains("..");
    if !well_formed {
        return Err(AwsError::new(
            "InvalidBucketName",
            "The specified bucket is not valid.",
        ));
    }
    let constraint = call.input["CreateBucketConfiguration"]["LocationConstraint"].as_str();
    // Only the endpoint of us-east-1 makes buckets elsewhere; every other one wants its own region to be named.
    let region = match (constraint, call.region.as_str()) {
        (None, "us-east-1") => "us-east-1",
        (Some("us-east-1"), _) => {
            let message = "The specified location-constraint is not valid";
            return Err(AwsError::new("InvalidLocationConstraint", message));
        }
        (Some(constraint), "us-east-1") => constraint,
        (Some(constraint), own) if constraint == own => own,
        (constraint, _) => {
            return Err(AwsError::new(
                "IllegalLocationConstraintException",
                format!(
                    "The {} location constraint is incompatible for the region specific endpoint this request was \
                     sent to.",
                    constraint.unwrap_or("unspecified")
                ),
            ));
        }
    };
    if !account.regions.contains_key(region) {
        let code = if OPT_IN_REGIONS.contains(&region) {
            "IllegalLocationConstraintException"
        } else {
            "InvalidLocationConstraint"
        };
        return Err(AwsError::new(
            code,
            "The specified location-constraint is not valid",
        ));
    }
    let tags = settings::read_tags(&call.input["CreateBucketConfiguration"]["Tags"]["Tag"])?;
    if let Some(bucket) = account.s3.buckets.get(&name) {
        if bucket.owner.is_some() {
            return Err(AwsError::with_status(
                409,
                "BucketAlreadyExists",
                "The requested bucket name is not available. The bucket namespace is shared by all users of the \
                 system. Please select a different name and try again.",
            ));
        }
        // For its age's sake us-east-1 takes a second creation for success, without tags.
        if bucket.region != "us-east-1" || region != "us-east-1" || !tags.is_empty() {
            return Err(AwsError::with_status(
                409,
                "BucketAlreadyOwnedByYou",
                "Your previous request to create the named bucket succeeded and you already own it.",
            ));
        }
    } else {
        let mut bucket = Bucket::new(region);
        bucket.tags = tags;
        if call.input["x-amz-bucket-object-lock-enabled"] == "true" {
            bucket.versioning = Some("Enabled".to_owned());
            bucket.object_lock = Some(json!({"ObjectLockEnabled": "Enabled"}));
        }
        if let Some(wanted) = call.input["x-amz-object-ownership"].as_str() {
            let ownership = settings::ownership(wanted)
                .ok_or_else(|| SERVICE.invalid(format!("Invalid x-amz-object-ownership header: {wanted}")))?;
            bucket.ownership = Some(ownership);
        }
        let acl = call.input["x-amz-acl"].as_str();
        let grants = acl::canned(acl.unwrap_or("private"))?;
        if acl.is_some() && !bucket.takes_acls() && !grants.is_empty() {
            return Err(AwsError::new(
                "InvalidBucketAclWithObjectOwnership",
                "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
            ));
        }
        if acl::is_public(&grants) {
            // The new bucket's own block is full, so a public ACL cannot come with its creation.
            return Err(access_denied("Access Denied"));
        }
        bucket.grants = grants;
        account.s3.buckets.insert(name.clone(), bucket);
    }
    Ok(json!({"location": format!("/{name}"), "x-amz-bucket-arn": format!("arn:aws:s3:::{name}")}))
}

/// Everything on a bucket that exists and is in the right region.
fn of_bucket(account: &mut Account, call: &Call, name: &str) -> Answer {
    let caller = account.caller.arn.clone();
    let owner = canonical_id(&account.id);
    let Some(bucket) = account.s3.buckets.get(name) else {
        return Err(AwsError::not_in_sandbox(call));
    };
    let block = account.s3.effective_block(bucket);
    let Some(bucket) = account.s3.buckets.get_mut(name) else {
        return Err(AwsError::not_in_sandbox(call));
    };
    match call.operation.as_str() {
        "HeadBucket" => Ok(json!({"x-amz-bucket-arn": format!("arn:aws:s3:::{name}")})),
        "DeleteBucket" => {
            if bucket.objects > 0 {
                return Err(AwsError::with_status(
                    409,
                    "BucketNotEmpty",
                    "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
                ));
            }
            account.s3.buckets.remove(name);
            Ok(Value::Null)
        }
        // The oldest region has no name here.
        "GetBucketLocation" => Ok(match bucket.region.as_str() {
            "us-east-1" => json!(""),
            region => json!(region),
        }),
        "GetBucketPolicy" => {
            let policy = bucket.policy.as_ref().ok_or_else(no_policy)?;
            Ok(json!({"Policy": policy}))
        }
        "GetBucketPolicyStatus" => {
            let policy = bucket.policy.as_ref().ok_or_else(no_policy)?;
            Ok(json!({"IsPublic": is_public(policy)}))
        }
        "PutBucketPolicy" => {
            let policy = call.input.text("Policy");
            check_policy(policy, name)?;
            if block.block_public_policy && is_public(policy) {
                return Err(access_denied(&format!(
                    "User: {caller} is not authorized to perform: s3:PutBucketPolicy on resource: \
                     \"arn:aws:s3:::{name}\" because public policies are prevented by the BlockPublicPolicy setting \
                     in S3 Block Public Access."
                )));
            }
            bucket.policy = Some(policy.to_owned());
            bucket.policy_put_at = call.now;
            Ok(Value::Null)
        }
        "DeleteBucketPolicy" => {
            bucket.policy = None;
            Ok(Value::Null)
        }
        "GetBucketAcl" => Ok(acl::output(&owner, &bucket.grants)),
        "PutBucketAcl" => {
            let grants = acl::input(call, &owner)?;
            if !bucket.takes_acls() && !grants.is_empty() {
                let message = "The bucket does not allow ACLs";
                return Err(AwsError::new("AccessControlListNotSupported", message));
            }
            if block.block_public_acls && acl::is_public(&grants) {
                return Err(access_denied(&format!(
                    "User: {caller} is not authorized to perform: s3:PutBucketAcl on resource: \
                     \"arn:aws:s3:::{name}\" because public access control lists (ACLs) are prevented by the \
                     BlockPublicAcls setting in S3 Block Public Access."
                )));
            }
            bucket.grants = grants;
            Ok(Value::Null)
        }
        "GetPublicAccessBlock" => match bucket.public_access_block {
            Some(block) => Ok(block.output()),
            None => Err(no_block()),
        },
        "PutPublicAccessBlock" => {
            bucket.public_access_block = Some(PublicAccessBlock::of(&call.input)?);
            Ok(Value::Null)
        }
        "DeletePublicAccessBlock" => {
            bucket.public_access_block = None;
            Ok(Value::Null)
        }
        operation if operation.contains("Lifecycle") => lifecycle::handle(bucket, call, &mut account.ids),
        _ => settings::handle(bucket, call, name, &owner),
    }
}

/// The error of an account or a bucket without a block.
pub(super) fn no_block() -> AwsError {
    AwsError::with_status(
        404,
        "NoSuchPublicAccessBlockConfiguration",
        "The public access block configuration was not found",
    )
}

pub(super) fn access_denied(message: &str) -> AwsError {
    AwsError::with_status(403, "AccessDenied", message)
}

fn no_policy() -> AwsError {
    AwsError::with_status(404, "NoSuchBucketPolicy", "The bucket policy does not exist")
}

fn malformed_xml() -> AwsError {
    AwsError::new(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
}

/// The canonical user id of an account: 64 hex digits, here the account's own ones over and over.
fn canonical_id(account_id: &str) -> String {
    account_id.chars().cycle().take(64).collect()
}
