//! How strict it is.

use super::*;
use crate::{World, exchange};

const POLICY: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:GetBucketAcl",
     "Resource": "arn:aws:s3:::logs"},
    {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "s3:PutObject",
     "Resource": "arn:aws:s3:::logs/AWSLogs/123456789012/*",
     "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control",
                                    "aws:SourceArn": "arn:aws:cloudtrail:us-east-1:123456789012:trail/all"}}}]}"#;

fn ask_at(account: &mut Account, region: &str, operation: &str, input: Value, now: i64) -> Answer {
    let (service, operation) = operation.split_once(':').unwrap_or(("cloudtrail", operation));
    let service = ["cloudtrail", "iam", "logs", "s3"]
        .into_iter()
        .find(|known| *known == service)
        .unwrap();
    let call = Call {
        service,
        region: region.into(),
        operation: operation.into(),
        input,
        now,
    };
    exchange::answer(account, &call, &mut false)
}

fn ask(account: &mut Account, operation: &str, input: Value) -> Answer {
    ask_at(account, "us-east-1", operation, input, 1_800_000_000)
}

fn code(answer: Answer) -> String {
    answer.unwrap_err().code
}

fn with_bucket(world: &str) -> Account {
    let mut account = Account::new(&world.parse().unwrap());
    ask(&mut account, "s3:CreateBucket", json!({"Bucket": "logs"})).unwrap();
    let policy = json!({"Bucket": "logs", "Policy": POLICY});
    ask_at(
        &mut account,
        "us-east-1",
        "s3:PutBucketPolicy",
        policy,
        1_799_999_990,
    )
    .unwrap();
    account
}

fn trail(more: Value) -> Value {
    let mut trail = json!({"Name": "all", "S3BucketName": "logs"});
    for (key, value) in more.as_object().unwrap() {
        trail[key] = value.clone();
    }
    trail
}

#[test]
fn a_new_trail_does_not_log_before_it_is_started() {
    let mut account = with_bucket("");
    let made = ask(
        &mut account,
        "CreateTrail",
        trail(json!({"IsMultiRegionTrail": true})),
    )
    .unwrap();
    assert_eq!(
        made["TrailARN"],
        "arn:aws:cloudtrail:us-east-1:123456789012:trail/all"
    );
    let all = json!({"Name": "all"});
    assert_eq!(
        ask(&mut account, "GetTrailStatus", all.clone()).unwrap()["IsLogging"],
        false
    );
    ask(&mut account, "StartLogging", all.clone()).unwrap();
    let status = ask(&mut account, "GetTrailStatus", all.clone()).unwrap();
    assert_eq!(
        (&status["IsLogging"], &status["StartLoggingTime"]),
        (&json!(true), &json!(1_800_000_000))
    );
    assert_eq!(
        code(ask(&mut account, "CreateTrail", trail(json!({})))),
        "TrailAlreadyExistsException"
    );
    // Elsewhere it is a shadow, known by its ARN and changed at home only.
    let there = |account: &mut Account, operation: &str, input: Value| {
        ask_at(account, "eu-west-1", operation, input, 1_800_000_000)
    };
    let seen = there(&mut account, "DescribeTrails", json!({})).unwrap();
    assert_eq!(seen["trailList"][0]["HomeRegion"], "us-east-1");
    let own = there(
        &mut account,
        "DescribeTrails",
        json!({"includeShadowTrails": false}),
    )
    .unwrap();
    assert_eq!(own["trailList"], json!([]));
    assert_eq!(
        code(there(&mut account, "GetTrailStatus", all)),
        "TrailNotFoundException"
    );
    let by_arn = json!({"Name": made["TrailARN"]});
    there(&mut account, "GetTrailStatus", by_arn.clone()).unwrap();
    for operation in ["UpdateTrail", "StopLogging", "DeleteTrail"] {
        assert_eq!(
            code(there(&mut account, operation, by_arn.clone())),
            "InvalidHomeRegionException"
        );
    }
}

#[test]
fn a_trail_that_could_not_deliver_is_refused() {
    let mut account = with_bucket("");
    let group = "arn:aws:logs:us-east-1:123456789012:log-group:g";
    let role = "arn:aws:iam::123456789012:role/r";
    ask(&mut account, "logs:CreateLogGroup", json!({"logGroupName": "g"})).unwrap();
    let to_logs = |group: &str, role: &str| {
        trail(json!({"CloudWatchLogsLogGroupArn": group, "CloudWatchLogsRoleArn": role}))
    };
    for (input, wanted) in [
        (trail(json!({"Name": "a..b"})), "InvalidTrailNameException"),
        (
            trail(json!({"S3BucketName": "none"})),
            "S3BucketDoesNotExistException",
        ),
        // The policy is for another trail, and for no prefix.
        (
            trail(json!({"Name": "other"})),
            "InsufficientS3BucketPolicyException",
        ),
        (
            trail(json!({"S3KeyPrefix": "p"})),
            "InsufficientS3BucketPolicyException",
        ),
        (
            trail(json!({"IsMultiRegionTrail": true, "IncludeGlobalServiceEvents": false})),
            "InvalidParameterCombinationException",
        ),
        (to_logs(group, role), "InvalidCloudWatchLogsLogGroupArnException"),
        (
            to_logs(&format!("{group}x:*"), role),
            "InvalidCloudWatchLogsLogGroupArnException",
        ),
        (
            to_logs(&format!("{group}:*"), ""),
            "InvalidCloudWatchLogsRoleArnException",
        ),
        (to_logs("", role), "InvalidCloudWatchLogsLogGroupArnException"),
        (
            to_logs(&format!("{group}:*"), role),
            "InvalidCloudWatchLogsRoleArnException",
        ),
        (
            trail(json!({"IsOrganizationTrail": true})),
            "OrganizationsNotInUseException",
        ),
    ] {
        assert_eq!(
            code(ask(&mut account, "CreateTrail", input.clone())),
            wanted,
            "{input}"
        );
    }
}

#[test]
fn a_changed_policy_is_seen_late_where_the_world_wants_that() {
    let mut account = with_bucket("propagation_seconds = 12");
    let at = |account: &mut Account, now| ask_at(account, "us-east-1", "CreateTrail", trail(json!({})), now);
    assert_eq!(
        code(at(&mut account, 1_800_000_001)),
        "InsufficientS3BucketPolicyException"
    );
    at(&mut account, 1_800_000_002).unwrap();
}

#[test]
fn an_organizations_trail_is_seen_everywhere_and_changed_nowhere() {
    let mut account = Account::new(&"organization_trail = \"999988887777\"".parse::<World>().unwrap());
    for region in ["us-east-1", "eu-west-1"] {
        let seen = ask_at(&mut account, region, "DescribeTrails", json!({}), 0).unwrap();
        assert_eq!(seen["trailList"][0]["IsOrganizationTrail"], true);
        let arn = json!({"Name": seen["trailList"][0]["TrailARN"]});
        let status = ask_at(&mut account, region, "GetTrailStatus", arn.clone(), 0).unwrap();
        assert_eq!(status["IsLogging"], true);
        assert_eq!(
            code(ask_at(&mut account, region, "StopLogging", arn, 0)),
            "NotOrganizationMasterAccountException"
        );
    }
}

#[test]
fn only_the_management_account_makes_an_organizations_trail_and_keeps_it_so() {
    let organization = |account: &mut Account| {
        ask(
            account,
            "CreateTrail",
            trail(json!({"IsOrganizationTrail": true})),
        )
    };
    let mut account = with_bucket("");
    assert_eq!(code(organization(&mut account)), "OrganizationsNotInUseException");
    let mut account = with_bucket("organization_trail = \"999988887777\"");
    assert_eq!(
        code(organization(&mut account)),
        "NotOrganizationMasterAccountException"
    );
    let mut account = with_bucket("organization_trail = \"123456789012\"");
    let seen = ask(&mut account, "DescribeTrails", json!({})).unwrap();
    assert_eq!(seen["trailList"], json!([]));
    assert_eq!(organization(&mut account).unwrap()["IsOrganizationTrail"], true);
    let update = |account: &mut Account, more: Value| {
        let mut input = json!({"Name": "all"});
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        ask(account, "UpdateTrail", input).unwrap()
    };
    let changed = update(&mut account, json!({"EnableLogFileValidation": true}));
    assert_eq!(changed["IsOrganizationTrail"], true);
    let changed = update(&mut account, json!({"IsOrganizationTrail": false}));
    assert_eq!(changed["IsOrganizationTrail"], false);
}

#[test]
fn what_an_update_leaves_out_stays_and_selectors_are_either_kind() {
    let mut account = with_bucket("");
    ask(
        &mut account,
        "CreateTrail",
        trail(json!({"EnableLogFileValidation": true, "TagsList": [{"Key": "a", "Value": "b"}]})),
    )
    .unwrap();
    let changed = ask(
        &mut account,
        "UpdateTrail",
        json!({"Name": "all", "IsMultiRegionTrail": true}),
    )
    .unwrap();
    assert_eq!(changed["LogFileValidationEnabled"], true);
    assert_eq!(changed["IsMultiRegionTrail"], true);
    let read = ask(&mut account, "GetEventSelectors", json!({"TrailName": "all"})).unwrap();
    assert_eq!(read["EventSelectors"][0]["ReadWriteType"], "All");
    let both = json!({"TrailName": "all", "EventSelectors": [], "AdvancedEventSelectors": []});
    assert_eq!(
        code(ask(&mut account, "PutEventSelectors", both)),
        "InvalidEventSelectorsException"
    );
    let management = json!([{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]}]);
    let advanced = json!({"TrailName": "all", "AdvancedEventSelectors": management});
    let told = ask(&mut account, "PutEventSelectors", advanced).unwrap();
    assert_eq!(told["AdvancedEventSelectors"], management);
    assert_eq!(told["EventSelectors"], Value::Null);
    let arn = "arn:aws:cloudtrail:us-east-1:123456789012:trail/all";
    let tags = ask(&mut account, "ListTags", json!({"ResourceIdList": [arn]})).unwrap();
    assert_eq!(
        tags["ResourceTagList"][0]["TagsList"],
        json!([{"Key": "a", "Value": "b"}])
    );
}

#[test]
fn a_region_has_five_trails_with_those_of_others() {
    let mut account = with_bucket("");
    let open = POLICY
        .replace("us-east-1:123456789012:trail/all", "*")
        .replace("StringEquals", "StringLike");
    ask(
        &mut account,
        "s3:PutBucketPolicy",
        json!({"Bucket": "logs", "Policy": open}),
    )
    .unwrap();
    for n in 0..5 {
        let name = format!("trail-{n}");
        ask(
            &mut account,
            "CreateTrail",
            trail(json!({"Name": name, "IsMultiRegionTrail": true})),
        )
        .unwrap();
    }
    let sixth = ask_at(
        &mut account,
        "eu-west-1",
        "CreateTrail",
        trail(json!({})),
        1_800_000_000,
    );
    assert_eq!(code(sixth), "MaximumNumberOfTrailsExceededException");
}

#[test]
fn a_role_delivers_once_it_is_seen_trusts_cloudtrail_and_may_write() {
    let mut account = with_bucket("propagation_seconds = 5");
    ask(&mut account, "logs:CreateLogGroup", json!({"logGroupName": "g"})).unwrap();
    let trust = |service: &str| {
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": service},
            "Action": "sts:AssumeRole"}})
        .to_string()
    };
    let may = |stream: &str| {
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": format!("arn:aws:logs:us-east-1:123456789012:log-group:g:log-stream:{stream}*")}})
        .to_string()
    };
    for (name, trusted, stream) in [
        (
            "good",
            "cloudtrail.amazonaws.com",
            "123456789012_CloudTrail_us-east-1",
        ),
        (
            "distrustful",
            "ec2.amazonaws.com",
            "123456789012_CloudTrail_us-east-1",
        ),
        ("elsewhere", "cloudtrail.amazonaws.com", "other"),
    ] {
        let role = json!({"RoleName": name, "AssumeRolePolicyDocument": trust(trusted)});
        ask(&mut account, "iam:CreateRole", role).unwrap();
        let policy = json!({"RoleName": name, "PolicyName": "p", "PolicyDocument": may(stream)});
        ask(&mut account, "iam:PutRolePolicy", policy).unwrap();
    }
    let mut with = |role: &str, now: i64| {
        let input = trail(json!({
            "CloudWatchLogsLogGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:g:*",
            "CloudWatchLogsRoleArn": format!("arn:aws:iam::123456789012:role/{role}"),
        }));
        ask_at(&mut account, "us-east-1", "CreateTrail", input, now)
    };
    for (role, now) in [
        ("good", 1_800_000_004),
        ("distrustful", 1_800_000_009),
        ("elsewhere", 1_800_000_009),
    ] {
        let error = with(role, now).unwrap_err();
        assert_eq!(error.code, "InvalidCloudWatchLogsRoleArnException", "{role}");
        assert!(error.message.contains("Access denied."), "{role}");
    }
    with("good", 1_800_000_005).unwrap();
}
