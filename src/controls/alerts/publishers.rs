//! The services that publish to the topic, and the statement that lets each.

use trueup_core::env::Env;
use trueup_policy::{Policy, Statement};

/// The statements' names, by which they are found again, with what the services are called.
const TITLES: [(&str, &str); 4] = [
    (CLOUDWATCH, "CloudWatch"),
    (BUDGETS, "Budgets"),
    (COST_ALERTS, "cost alerts"),
    (EVENTBRIDGE, "EventBridge"),
];

const CLOUDWATCH: &str = "TrueupCloudWatch";
const BUDGETS: &str = "TrueupBudgets";
const COST_ALERTS: &str = "TrueupCostAlerts";
const EVENTBRIDGE: &str = "TrueupEventBridge";

/// The statements that a topic needs so that all services can publish to it for this account alone.
pub(super) fn statements(topic: &str, env: &Env) -> Vec<Statement> {
    let publish = |sid: &str, service: &str| {
        Statement::allow()
            .named(sid)
            .principal("Service", service)
            .action("sns:Publish")
            .resource(topic)
    };
    let from_here =
        |statement: Statement| statement.condition("StringEquals", "aws:SourceAccount", &env.account);
    vec![
        from_here(publish(CLOUDWATCH, "cloudwatch.amazonaws.com")),
        // Cost Management user guide, "Creating an Amazon SNS topic for budget notifications".
        from_here(publish(BUDGETS, "budgets.amazonaws.com")).condition(
            "ArnLike",
            "aws:SourceArn",
            &format!("arn:{}:budgets::{}:*", env.partition, env.account),
        ),
        // Cost Management user guide, "Creating an Amazon SNS topic for anomaly notifications".
        from_here(publish(COST_ALERTS, "costalerts.amazonaws.com")),
        // EventBridge drops what a condition stands before (EventBridge user guide, "Using resource-based policies").
        publish(EVENTBRIDGE, "events.amazonaws.com"),
    ]
}

/// What the service of one of these statements is called.
pub(super) fn title(statement: &Statement) -> Option<&'static str> {
    let sid = statement.sid()?;
    TITLES
        .iter()
        .find(|(known, _)| *known == sid)
        .map(|(_, title)| *title)
}

/// Whether trueup has put something into this policy.
pub(super) fn is_ours(policy: &Policy) -> bool {
    policy
        .statements()
        .iter()
        .any(|statement| title(statement).is_some())
}
