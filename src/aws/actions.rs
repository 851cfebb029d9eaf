//! The IAM actions that calls need: one table for all of them.
//!
//! Sources: Service Authorization Reference; API references of CreateBucket, CreateTopic, CreateLogGroup, CreateRole,
//! PutMetricAlarm and GetCallerIdentity. A test of whole runs holds the names against another author's copy of the
//! reference, and its dependent actions against this table.

use std::collections::BTreeMap;

/// The calls of every run, whatever it manages: who calls, where to look, and whether the organization denies a region.
pub const EVERY_RUN: &[&str] = &[
    "ec2:DescribeRegions",
    "ec2:GetEbsEncryptionByDefault",
    "iam:ListAccountAliases",
    "sts:GetCallerIdentity",
];

/// An action that a call needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    /// The action, such as `s3:ListAllMyBuckets`.
    pub action: String,
    /// When it is needed, if not always: a few words that continue a sentence, such as `with [tags]`.
    pub when: Option<&'static str>,
}

/// A call, and the actions that it needs with the time when; an empty text means always.
type Row = (&'static str, &'static [(&'static str, &'static str)]);

const TAGS: &str = "with [tags]";

/// The calls that need something else than the action of their own name.
const TABLE: &[Row] = &[
    (
        "access-analyzer:CreateAnalyzer",
        &[
            ("access-analyzer:CreateAnalyzer", ""),
            ("access-analyzer:TagResource", TAGS),
            (
                "iam:CreateServiceLinkedRole",
                "for access-analyzer.amazonaws.com, the first time",
            ),
        ],
    ),
    (
        "budgets:CreateBudget",
        &[("budgets:ModifyBudget", ""), ("budgets:TagResource", TAGS)],
    ),
    ("budgets:CreateNotification", &[("budgets:ModifyBudget", "")]),
    ("budgets:CreateSubscriber", &[("budgets:ModifyBudget", "")]),
    ("budgets:DeleteBudget", &[("budgets:ModifyBudget", "")]),
    ("budgets:DeleteNotification", &[("budgets:ModifyBudget", "")]),
    ("budgets:DescribeBudget", VIEW_BUDGET),
    ("budgets:DescribeBudgets", VIEW_BUDGET),
    ("budgets:DescribeNotificationsForBudget", VIEW_BUDGET),
    ("budgets:DescribeSubscribersForNotification", VIEW_BUDGET),
    ("budgets:UpdateBudget", &[("budgets:ModifyBudget", "")]),
    ("budgets:UpdateNotification", &[("budgets:ModifyBudget", "")]),
    ("budgets:UpdateSubscriber", &[("budgets:ModifyBudget", "")]),
    (
        "ce:CreateAnomalyMonitor",
        &[("ce:CreateAnomalyMonitor", ""), ("ce:TagResource", TAGS)],
    ),
    (
        "ce:CreateAnomalySubscription",
        &[("ce:CreateAnomalySubscription", ""), ("ce:TagResource", TAGS)],
    ),
    (
        "cloudtrail:CreateTrail",
        &[
            ("cloudtrail:CreateTrail", ""),
            ("cloudtrail:AddTags", TAGS),
            ("iam:GetRole", WITH_LOG_GROUP),
            ("iam:PassRole", WITH_LOG_GROUP),
        ],
    ),
    (
        "cloudtrail:UpdateTrail",
        &[
            ("cloudtrail:UpdateTrail", ""),
            ("iam:GetRole", WITH_LOG_GROUP),
            ("iam:PassRole", WITH_LOG_GROUP),
        ],
    ),
    (
        "cloudwatch:PutMetricAlarm",
        &[
            ("cloudwatch:PutMetricAlarm", ""),
            ("cloudwatch:TagResource", TAGS),
        ],
    ),
    (
        "config:PutConfigurationRecorder",
        &[
            ("config:PutConfigurationRecorder", ""),
            ("config:TagResource", TAGS),
            ("iam:PassRole", ""),
        ],
    ),
    (
        "events:PutRule",
        &[
            ("events:PutRule", ""),
            ("events:TagResource", TAGS),
            ("iam:PassRole", "for an adopted rule that has a role"),
        ],
    ),
    (
        "events:PutTargets",
        &[
            ("events:PutTargets", ""),
            ("iam:PassRole", "for a target that has a role"),
        ],
    ),
    (
        "guardduty:CreateDetector",
        &[
            ("guardduty:CreateDetector", ""),
            ("guardduty:TagResource", TAGS),
            (
                "iam:CreateServiceLinkedRole",
                "for guardduty.amazonaws.com and malware-protection.guardduty.amazonaws.com, the first time",
            ),
        ],
    ),
    (
        "guardduty:UpdateDetector",
        &[
            ("guardduty:UpdateDetector", ""),
            (
                "iam:CreateServiceLinkedRole",
                "for guardduty.amazonaws.com and malware-protection.guardduty.amazonaws.com, the first time",
            ),
        ],
    ),
    ("iam:CreateRole", &[("iam:CreateRole", ""), ("iam:TagRole", TAGS)]),
    ("iam:CreateUser", &[("iam:CreateUser", ""), ("iam:TagUser", TAGS)]),
    (
        "logs:CreateLogGroup",
        &[("logs:CreateLogGroup", ""), ("logs:TagResource", TAGS)],
    ),
    (
        "s3:CreateBucket",
        &[
            ("s3:CreateBucket", ""),
            ("s3:PutBucketOwnershipControls", "with `ownership`"),
        ],
    ),
    (
        "s3:DeleteBucketLifecycle",
        &[("s3:PutLifecycleConfiguration", "")],
    ),
    ("s3:GetBucketEncryption", &[("s3:GetEncryptionConfiguration", "")]),
    (
        "s3:GetBucketLifecycleConfiguration",
        &[("s3:GetLifecycleConfiguration", "")],
    ),
    (
        "s3:GetObjectLockConfiguration",
        &[("s3:GetBucketObjectLockConfiguration", "")],
    ),
    (
        "s3:GetPublicAccessBlock",
        &[("s3:GetBucketPublicAccessBlock", "")],
    ),
    ("s3:HeadBucket", &[("s3:ListBucket", "")]),
    ("s3:ListBuckets", &[("s3:ListAllMyBuckets", "")]),
    ("s3:ListObjectVersions", &[("s3:ListBucketVersions", "")]),
    ("s3:PutBucketEncryption", &[("s3:PutEncryptionConfiguration", "")]),
    (
        "s3:PutBucketLifecycleConfiguration",
        &[("s3:PutLifecycleConfiguration", "")],
    ),
    (
        "s3:PutPublicAccessBlock",
        &[("s3:PutBucketPublicAccessBlock", "")],
    ),
    (
        "s3control:DeletePublicAccessBlock",
        &[("s3:PutAccountPublicAccessBlock", "")],
    ),
    (
        "s3control:GetPublicAccessBlock",
        &[("s3:GetAccountPublicAccessBlock", "")],
    ),
    (
        "s3control:PutPublicAccessBlock",
        &[("s3:PutAccountPublicAccessBlock", "")],
    ),
    (
        "securityhub:BatchGetStandardsControlAssociations",
        &[
            ("securityhub:BatchGetStandardsControlAssociations", ""),
            ("securityhub:DescribeStandardsControls", ""),
        ],
    ),
    (
        "securityhub:BatchUpdateStandardsControlAssociations",
        &[
            ("securityhub:BatchUpdateStandardsControlAssociations", ""),
            ("securityhub:UpdateStandardsControl", ""),
        ],
    ),
    (
        "securityhub:EnableSecurityHub",
        &[
            ("securityhub:EnableSecurityHub", ""),
            ("securityhub:TagResource", TAGS),
            (
                "iam:CreateServiceLinkedRole",
                "for securityhub.amazonaws.com, the first time",
            ),
        ],
    ),
    (
        "sns:CreateTopic",
        &[("sns:CreateTopic", ""), ("sns:TagResource", TAGS)],
    ),
    // Allowed whatever policies say.
    ("sts:GetCallerIdentity", &[]),
];

const VIEW_BUDGET: &[(&str, &str)] = &[
    ("budgets:ViewBudget", ""),
    (
        "billing:GetBillingViewData",
        "for a budget of a custom billing view",
    ),
];

const WITH_LOG_GROUP: &str = "with `log_group`";

/// The actions that a call needs, such as `s3:HeadBucket`.
pub fn needed(call: &str) -> Vec<Needed> {
    let of = |&(action, when): &(&str, &'static str)| Needed {
        action: action.to_owned(),
        when: Some(when).filter(|when| !when.is_empty()),
    };
    match TABLE.iter().find(|(known, _)| *known == call) {
        Some((_, actions)) => actions.iter().map(of).collect(),
        None => vec![of(&(call, ""))],
    }
}

/// The actions that some calls need together, each once, by name. What one of them always needs has no `when`; of
/// several the first counts.
pub fn permissions<'a>(calls: impl IntoIterator<Item = &'a str>) -> Vec<Needed> {
    let mut all: BTreeMap<String, Option<&'static str>> = BTreeMap::new();
    for Needed { action, when } in calls.into_iter().flat_map(needed) {
        let known = all.entry(action).or_insert(when);
        *known = known.and(when).and(*known);
    }
    all.into_iter()
        .map(|(action, when)| Needed { action, when })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(calls: &[&str]) -> Vec<String> {
        let told = |needed: Needed| match needed.when {
            Some(when) => format!("{} {when}", needed.action),
            None => needed.action,
        };
        permissions(calls.iter().copied()).into_iter().map(told).collect()
    }

    #[test]
    fn a_call_needs_the_action_of_its_name_unless_the_table_says_otherwise() {
        assert_eq!(told(&["ec2:DescribeVpcs"]), ["ec2:DescribeVpcs"]);
        assert_eq!(told(&["s3:ListBuckets"]), ["s3:ListAllMyBuckets"]);
        assert_eq!(told(&["sts:GetCallerIdentity"]), [""; 0]);
        assert_eq!(
            told(&[
                "s3control:PutPublicAccessBlock",
                "s3control:DeletePublicAccessBlock"
            ]),
            ["s3:PutAccountPublicAccessBlock"]
        );
    }

    #[test]
    fn what_one_call_always_needs_is_not_conditional() {
        let alone = told(&["iam:CreateRole"]);
        assert_eq!(alone, ["iam:CreateRole", "iam:TagRole with [tags]"]);
        for order in [
            ["iam:CreateRole", "iam:TagRole"],
            ["iam:TagRole", "iam:CreateRole"],
        ] {
            assert_eq!(told(&order), ["iam:CreateRole", "iam:TagRole"]);
        }
    }

    #[test]
    fn each_call_is_in_the_table_once_and_with_more_than_its_name() {
        for pair in TABLE.windows(2) {
            assert!(pair[0].0 < pair[1].0, "{} before {}", pair[0].0, pair[1].0);
        }
        for (call, actions) in TABLE {
            assert_ne!(*actions, [(*call, "")], "{call}");
        }
    }
}
