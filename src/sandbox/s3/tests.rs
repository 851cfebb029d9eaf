//! How strict it is.

use super::*;
use crate::World;

const PUBLIC: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::web/*"}]}"#;

fn ask(account: &mut Account, operation: &str, input: Value) -> Answer {
    let call = Call {
        service: "s3",
        region: "us-east-1".into(),
        operation: operation.into(),
        input,
        now: 1_800_000_000,
    };
    handle(account, &call)
}

fn code(answer: Answer) -> String {
    answer.unwrap_err().code
}

fn with_bucket() -> Account {
    let mut account = Account::new(&World::default());
    let input = json!({"Bucket": "web", "x-amz-object-ownership": "ObjectWriter"});
    ask(&mut account, "CreateBucket", input).unwrap();
    account
}

#[test]
fn a_new_bucket_cannot_become_public_before_its_block_is_gone() {
    let mut account = with_bucket();
    let policy = json!({"Bucket": "web", "Policy": PUBLIC});
    let acl = json!({"Bucket": "web", "x-amz-acl": "public-read"});
    assert_eq!(
        code(ask(&mut account, "PutBucketPolicy", policy.clone())),
        "AccessDenied"
    );
    assert_eq!(
        code(ask(&mut account, "PutBucketAcl", acl.clone())),
        "AccessDenied"
    );
    ask(&mut account, "DeletePublicAccessBlock", json!({"Bucket": "web"})).unwrap();
    ask(&mut account, "PutBucketPolicy", policy.clone()).unwrap();
    ask(&mut account, "PutBucketAcl", acl).unwrap();
    assert_eq!(
        ask(&mut account, "GetBucketPolicyStatus", json!({"Bucket": "web"})).unwrap(),
        json!({"IsPublic": true})
    );
    let read = ask(&mut account, "GetBucketAcl", json!({"Bucket": "web"})).unwrap();
    assert_eq!(read["AccessControlList"].as_array().unwrap().len(), 2);
    // The account's block holds for the bucket too.
    account.s3.public_access_block = Some(PublicAccessBlock::ALL);
    assert_eq!(code(ask(&mut account, "PutBucketPolicy", policy)), "AccessDenied");
}

#[test]
fn what_is_absent_has_its_own_code() {
    let mut account = with_bucket();
    let web = json!({"Bucket": "web"});
    assert_eq!(
        code(ask(&mut account, "GetBucketPolicyStatus", web.clone())),
        "NoSuchBucketPolicy"
    );
    ask(&mut account, "DeletePublicAccessBlock", web.clone()).unwrap();
    assert_eq!(
        code(ask(&mut account, "GetPublicAccessBlock", web)),
        "NoSuchPublicAccessBlockConfiguration"
    );
    assert_eq!(
        code(ask(&mut account, "GetBucketAcl", json!({"Bucket": "no"}))),
        "NoSuchBucket"
    );
}

#[test]
fn buckets_are_listed_by_region_and_in_pages() {
    let world: World = "[[bucket]]\nname = \"one\"\n[[bucket]]\nname = \"two\"\nregion = \"eu-west-1\"\n\
                        [[bucket]]\nname = \"three\"\npublic_acl = true"
        .parse()
        .unwrap();
    let mut account = Account::new(&world);
    let names = |answer: Value| -> Vec<String> {
        let list = answer["Buckets"].as_array().unwrap();
        list.iter()
            .map(|bucket| bucket["Name"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = ask(&mut account, "ListBuckets", json!({})).unwrap();
    assert_eq!(all["Buckets"][0]["BucketRegion"], Value::Null);
    assert_eq!(names(all), ["one", "three", "two"]);
    let there = ask(&mut account, "ListBuckets", json!({"bucket-region": "eu-west-1"})).unwrap();
    assert_eq!(there["Buckets"][0]["BucketRegion"], "eu-west-1");
    assert_eq!(names(there), ["two"]);
    let first = ask(&mut account, "ListBuckets", json!({"max-buckets": "2"})).unwrap();
    let rest = json!({"continuation-token": first["ContinuationToken"]});
    assert_eq!(names(first), ["one", "three"]);
    let rest = ask(&mut account, "ListBuckets", rest).unwrap();
    assert_eq!(rest["ContinuationToken"], Value::Null);
    assert_eq!(names(rest), ["two"]);
    assert_eq!(
        code(ask(&mut account, "GetBucketAcl", json!({"Bucket": "two"}))),
        "PermanentRedirect"
    );
    assert_eq!(
        ask(&mut account, "GetBucketLocation", json!({"Bucket": "two"})).unwrap(),
        json!("eu-west-1")
    );
}

#[test]
fn creation_is_as_particular_as_aws() {
    let mut account = Account::new(&World::default());
    for (input, wanted) in [
        (json!({"Bucket": "Web"}), "InvalidBucketName"),
        (
            json!({"Bucket": "web", "x-amz-acl": "public-read"}),
            "InvalidBucketAclWithObjectOwnership",
        ),
        (
            json!({"Bucket": "web", "CreateBucketConfiguration": {"LocationConstraint": "me-south-1"}}),
            "IllegalLocationConstraintException",
        ),
    ] {
        assert_eq!(code(ask(&mut account, "CreateBucket", input)), wanted);
    }
    let mut account = with_bucket();
    ask(&mut account, "CreateBucket", json!({"Bucket": "web"})).unwrap();
    let malformed = json!({"Bucket": "web", "Policy": "[]"});
    assert_eq!(
        code(ask(&mut account, "PutBucketPolicy", malformed)),
        "MalformedPolicy"
    );
}

#[test]
fn a_new_bucket_has_what_aws_gives_to_it() {
    let mut account = Account::new(&World::default());
    let logs = json!({"Bucket": "logs"});
    ask(&mut account, "CreateBucket", logs.clone()).unwrap();
    let encryption = ask(&mut account, "GetBucketEncryption", logs.clone()).unwrap();
    assert_eq!(
        encryption["Rule[]"][0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"],
        "AES256"
    );
    let ownership = ask(&mut account, "GetBucketOwnershipControls", logs.clone()).unwrap();
    assert_eq!(
        ownership,
        json!({"Rule[]": [{"ObjectOwnership": "BucketOwnerEnforced"}]})
    );
    let versioning = ask(&mut account, "GetBucketVersioning", logs.clone()).unwrap();
    assert_eq!(versioning["Status"], Value::Null);
    for (operation, wanted) in [
        ("GetBucketTagging", "NoSuchTagSet"),
        ("GetBucketLifecycleConfiguration", "NoSuchLifecycleConfiguration"),
        ("GetBucketPolicy", "NoSuchBucketPolicy"),
    ] {
        assert_eq!(code(ask(&mut account, operation, logs.clone())), wanted);
    }
    ask(&mut account, "DeleteBucketOwnershipControls", logs.clone()).unwrap();
    assert_eq!(
        code(ask(&mut account, "GetBucketOwnershipControls", logs)),
        "OwnershipControlsNotFoundError"
    );
}

#[test]
fn settings_are_as_particular_as_aws() {
    let mut account = with_bucket();
    let rule = |more: Value| {
        let mut rule = json!({"Status": "Enabled", "Filter": ""});
        for (key, value) in more.as_object().unwrap() {
            rule[key] = value.clone();
        }
        json!({"Bucket": "web", "LifecycleConfiguration": {"Rule": rule}})
    };
    let foreign = PUBLIC.replace("web", "other");
    for (operation, input, wanted) in [
        (
            "PutBucketLifecycleConfiguration",
            rule(json!({})),
            "InvalidRequest",
        ),
        (
            "PutBucketLifecycleConfiguration",
            rule(json!({"Expiration": {"Days": "0"}})),
            "InvalidArgument",
        ),
        (
            "PutBucketLifecycleConfiguration",
            rule(
                json!({"Expiration": {"Days": "9"}, "Transition": {"Days": "9", "StorageClass": "GLACIER"}}),
            ),
            "InvalidArgument",
        ),
        (
            "PutBucketLifecycleConfiguration",
            rule(json!({"Transition": {"Days": "9", "StorageClass": "STANDARD_IA"}})),
            "InvalidArgument",
        ),
        (
            "PutBucketLifecycleConfiguration",
            rule(json!({"Prefix": "x", "Expiration": {"Days": "1"}})),
            "MalformedXML",
        ),
        (
            "PutBucketLifecycleConfiguration",
            json!({"Bucket": "web", "LifecycleConfiguration": {"Rule": [
                {"Status": "Enabled", "Filter": "", "Expiration": {"Days": "9"}},
                {"Status": "Enabled", "Prefix": "x/", "Expiration": {"Days": "9"}},
            ]}}),
            "InvalidRequest",
        ),
        (
            "PutBucketVersioning",
            json!({"Bucket": "web", "VersioningConfiguration": {"Status": "Enabled", "MfaDelete": "Enabled"}}),
            "AccessDenied",
        ),
        (
            "PutObjectLockConfiguration",
            json!({"Bucket": "web", "ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}),
            "InvalidBucketState",
        ),
        (
            "PutBucketVersioning",
            json!({"Bucket": "web", "VersioningConfiguration": {"Status": "On"}}),
            "MalformedXML",
        ),
        (
            "PutBucketEncryption",
            json!({"Bucket": "web", "ServerSideEncryptionConfiguration": {"Rule":
                {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256", "KMSMasterKeyID": "k"}}}}),
            "InvalidArgument",
        ),
        (
            "PutBucketTagging",
            json!({"Bucket": "web", "Tagging": {"TagSet": {"Tag": {"Key": "aws:x", "Value": "y"}}}}),
            "InvalidTag",
        ),
        (
            "PutBucketPolicy",
            json!({"Bucket": "web", "Policy": foreign}),
            "MalformedPolicy",
        ),
    ] {
        assert_eq!(code(ask(&mut account, operation, input)), wanted, "{operation}");
    }
    // With MFA delete there is no life cycle.
    let with_code = json!({"Bucket": "web", "x-amz-mfa": "serial 123456",
        "VersioningConfiguration": {"Status": "Enabled", "MfaDelete": "Enabled"}});
    ask(&mut account, "PutBucketVersioning", with_code).unwrap();
    assert_eq!(
        ask(&mut account, "GetBucketVersioning", json!({"Bucket": "web"})).unwrap(),
        json!({"Status": "Enabled", "MfaDelete": "Enabled"})
    );
    let expires = rule(json!({"Expiration": {"Days": "9"}}));
    assert_eq!(
        code(ask(&mut account, "PutBucketLifecycleConfiguration", expires)),
        "InvalidBucketState"
    );
    account.s3.buckets.get_mut("web").unwrap().mfa_delete = false;
    let lock = json!({"ObjectLockEnabled": "Enabled"});
    let put = json!({"Bucket": "web", "ObjectLockConfiguration": lock});
    ask(&mut account, "PutObjectLockConfiguration", put).unwrap();
    assert_eq!(
        ask(
            &mut account,
            "GetObjectLockConfiguration",
            json!({"Bucket": "web"})
        )
        .unwrap(),
        lock
    );
    let two = json!([{"Status": "Enabled", "Filter": "", "Expiration": {"Days": "7"}},
        {"ID": "x", "Status": "Disabled", "Filter": {"Prefix": "a/"}, "Transition": [
            {"Days": "30", "StorageClass": "STANDARD_IA"}, {"Days": "90", "StorageClass": "GLACIER"}]}]);
    let put = json!({"Bucket": "web", "LifecycleConfiguration": {"Rule": two}});
    ask(&mut account, "PutBucketLifecycleConfiguration", put).unwrap();
    let read = ask(
        &mut account,
        "GetBucketLifecycleConfiguration",
        json!({"Bucket": "web"}),
    )
    .unwrap();
    assert!(read["Rule[]"][0]["ID"].is_string(), "S3 gives every rule an id");
    assert_eq!(read["Rule[]"][1]["Transition[]"][1]["StorageClass"], "GLACIER");
    assert_eq!(
        read["x-amz-transition-default-minimum-object-size"],
        "all_storage_classes_128K"
    );
}

#[test]
fn a_bucket_of_another_account_says_nothing_and_keeps_its_name() {
    let world: World =
        "[[bucket]]\nname = \"central\"\nowner = \"999988887777\"\n[[bucket]]\nname = \"full\"\nobjects = 3"
            .parse()
            .unwrap();
    let mut account = Account::new(&world);
    let central = json!({"Bucket": "central"});
    assert_eq!(
        code(ask(&mut account, "HeadBucket", central.clone())),
        "AccessDenied"
    );
    assert_eq!(
        code(ask(&mut account, "CreateBucket", central)),
        "BucketAlreadyExists"
    );
    let listed = ask(&mut account, "ListBuckets", json!({})).unwrap();
    assert_eq!(listed["Buckets"].as_array().unwrap().len(), 1);
    let full = json!({"Bucket": "full", "max-keys": "1"});
    assert_eq!(
        code(ask(&mut account, "DeleteBucket", full.clone())),
        "BucketNotEmpty"
    );
    let versions = ask(&mut account, "ListObjectVersions", full).unwrap();
    assert_eq!(versions["Version[]"].as_array().unwrap().len(), 1);
    assert_eq!(versions["IsTruncated"], true);
}
