//! What somebody deletes through boto3 is the one thing that the next plan shows.

use serde_json::{Value, json};

use crate::folder::Folder;

/// One thing of each control that makes things for the account as a whole. Administrators have a test of their own.
const EVERYTHING: &str = r#"[account]
id = "123456789012"
home_region = "us-east-1"
regions = ["us-east-1"]
alias = "acme-prod"

[tags]
managed-by = "trueup"

[alternate_contacts.billing]
name = "Accounting"
title = "Accountant"
email = "billing@example.com"
phone = "+81 3-1234-5678"

[alternate_contacts.security]
name = "Security"
title = "Security officer"
email = "security@example.com"
phone = "+81 3-1234-5678"

[alerts]
topic = "account-alerts"
emails = ["security@example.com"]

[budgets.monthly]
amount = "100"
unit = "USD"
period = "monthly"
notifications = [
  { on = "actual", above_percent = 80, to = ["topic", "billing@example.com"] },
  { on = "forecasted", above_percent = 100, to = ["billing@example.com"] },
]

[cost_anomaly_detection]
frequency = "daily"
impact_absolute = "50"
to = ["billing@example.com"]

[password_policy]
minimum_length = 14

[support_role]
enabled = true
role = "support"

[access_analyzer]
external_access = true
"#;

/// A deletion: the service, boto3's calls, and the steps that bring back what was lost.
type Deletion = (&'static str, Value, &'static [&'static str]);

fn deletions(folder: &Folder) -> Vec<Deletion> {
    let account = folder.account();
    let subscription = account["ce"]["subscriptions"][0]["arn"].clone();
    let topic = "arn:aws:sns:us-east-1:123456789012:account-alerts";
    let budget = json!({ "AccountId": "123456789012", "BudgetName": "monthly" });
    let of_budget = |more: Value| {
        let mut whole = budget.clone();
        whole
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        whole
    };
    let actual = json!({ "NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80,
        "ThresholdType": "PERCENTAGE" });
    vec![
        (
            "iam",
            json!([["delete_account_alias", { "AccountAlias": "acme-prod" }]]),
            &["set the account alias acme-prod"],
        ),
        (
            "iam",
            json!([["delete_account_password_policy", {}]]),
            &["set the IAM password policy"],
        ),
        (
            "iam",
            json!([["detach_role_policy", { "RoleName": "support",
                "PolicyArn": "arn:aws:iam::aws:policy/AWSSupportAccess" }]]),
            &["attach AWSSupportAccess to the role support"],
        ),
        (
            "iam",
            json!([["untag_role", { "RoleName": "support", "TagKeys": ["managed-by"] }]]),
            &["tag the role support: managed-by = \"trueup\""],
        ),
        (
            "account",
            json!([["delete_alternate_contact", { "AlternateContactType": "BILLING" }]]),
            &["add the alternate contact for billing"],
        ),
        (
            "sns",
            json!([["untag_resource", { "ResourceArn": topic, "TagKeys": ["managed-by"] }]]),
            &["tag the SNS topic: managed-by = \"trueup\""],
        ),
        (
            "sns",
            json!([["set_topic_attributes", { "TopicArn": topic, "AttributeName": "Policy",
                "AttributeValue": json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "theirs",
                    "Effect": "Allow", "Principal": { "AWS": "123456789012" }, "Action": "SNS:Publish",
                    "Resource": topic }] }).to_string() }]]),
            &["allow Budgets to publish to the topic"],
        ),
        (
            "sns",
            json!([["delete_topic", { "TopicArn": topic }]]),
            &[
                "create the SNS topic `account-alerts`",
                "allow Budgets to publish to the topic",
                "subscribe security@example.com, who must confirm by mail",
            ],
        ),
        (
            "budgets",
            json!([[
                "delete_subscriber",
                of_budget(json!({ "Notification": actual,
                "Subscriber": { "SubscriptionType": "EMAIL", "Address": "billing@example.com" } }))
            ]]),
            &["add recipient billing@example.com to notification actual > 80% of budget `monthly`"],
        ),
        (
            "budgets",
            json!([[
                "delete_notification",
                of_budget(json!({ "Notification": actual }))
            ]]),
            &["add notification actual > 80% to budget `monthly`"],
        ),
        (
            "budgets",
            json!([["delete_budget", budget.clone()]]),
            &["create budget `monthly`"],
        ),
        (
            "ce",
            json!([["delete_anomaly_subscription", { "SubscriptionArn": subscription }]]),
            &["create the cost anomaly subscription `cost-anomalies`"],
        ),
        (
            "accessanalyzer",
            json!([["delete_analyzer", { "analyzerName": "external-access" }]]),
            &["create the analyzer of external access"],
        ),
    ]
}

#[test]
fn what_somebody_deletes_is_all_that_the_next_plan_shows() {
    let folder = Folder::new();
    folder.write("b.toml", EVERYTHING);
    folder.apply().expect(0);
    for (service, calls, steps) in deletions(&folder) {
        folder.boto3(service, &calls);
        assert_eq!(folder.steps(), steps, "{calls}");
        folder.apply().expect(0);
    }
}
