//! The services that publish to the topic: what each needs of the topic's policy, and of the key's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use trueup_core::env::Env;
use trueup_policy::evaluate::{Context, Principal, Request};
use trueup_policy::{Policy, Statement};

/// A service that publishes to the topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Publisher {
    /// Amazon CloudWatch: alarms.
    #[serde(rename = "cloudwatch")]
    CloudWatch,
    /// AWS Budgets.
    Budgets,
    /// AWS Cost Anomaly Detection.
    CostAlerts,
    /// Amazon EventBridge: AWS Health events.
    #[serde(rename = "eventbridge")]
    EventBridge,
}

impl Publisher {
    pub(super) const ALL: [Publisher; 4] = [
        Publisher::CloudWatch,
        Publisher::Budgets,
        Publisher::CostAlerts,
        Publisher::EventBridge,
    ];

    /// What the service is called.
    pub(super) fn title(self) -> &'static str {
        match self {
            Publisher::CloudWatch => "CloudWatch",
            Publisher::Budgets => "Budgets",
            Publisher::CostAlerts => "cost alerts",
            Publisher::EventBridge => "EventBridge",
        }
    }

    /// The name of its statement, by which it is found again.
    fn sid(self) -> &'static str {
        match self {
            Publisher::CloudWatch => "TrueupCloudWatch",
            Publisher::Budgets => "TrueupBudgets",
            Publisher::CostAlerts => "TrueupCostAlerts",
            Publisher::EventBridge => "TrueupEventBridge",
        }
    }

    fn service(self) -> &'static str {
        match self {
            Publisher::CloudWatch => "cloudwatch.amazonaws.com",
            Publisher::Budgets => "budgets.amazonaws.com",
            Publisher::CostAlerts => "costalerts.amazonaws.com",
            Publisher::EventBridge => "events.amazonaws.com",
        }
    }

    /// The statement that the topic's policy needs for it, narrowed to this account where the service says which
    /// account it publishes for.
    pub(super) fn statement(self, topic: &str, env: &Env) -> Statement {
        let publish = Statement::allow()
            .named(self.sid())
            .principal("Service", self.service())
            .action("sns:Publish")
            .resource(topic);
        let from_here =
            |statement: Statement| statement.condition("StringEquals", "aws:SourceAccount", &env.account);
        match self {
            // Cost Management user guide, "Creating an Amazon SNS topic for anomaly notifications".
            Publisher::CloudWatch | Publisher::CostAlerts => from_here(publish),
            // Cost Management user guide, "Creating an Amazon SNS topic for budget notifications".
            Publisher::Budgets => from_here(publish).condition(
                "ArnLike",
                "aws:SourceArn",
                &format!("arn:{}:budgets::{}:*", env.partition, env.account),
            ),
            // EventBridge drops what a condition stands before (EventBridge user guide, "Using resource-based
            // policies").
            Publisher::EventBridge => publish,
        }
    }

    /// What it sends to publish.
    pub(super) fn publish(self, topic: &str, env: &Env) -> Request {
        self.request("sns:Publish", topic, self.context(env, Context::complete()))
    }

    /// What SNS needs of the key of an encrypted topic when the service publishes. Beyond what the service says of
    /// itself little is documented of these requests.
    pub(super) fn use_key(self, key: &str, topic: &str, env: &Env) -> [Request; 2] {
        ["kms:GenerateDataKey", "kms:Decrypt"].map(|action| {
            let context = self
                .context(env, Context::partial())
                .with("kms:EncryptionContext:aws:sns:topicArn", topic);
            self.request(action, key, context)
        })
    }

    fn request(self, action: &str, resource: &str, context: Context) -> Request {
        Request {
            principal: Principal::Service(self.service().to_owned()),
            action: action.to_owned(),
            resource: resource.to_owned(),
            context,
        }
    }

    /// The condition keys that it sends. The names behind an ARN's last colon stand for all alarms and budgets.
    fn context(self, env: &Env, context: Context) -> Context {
        let Env {
            account,
            partition,
            home,
            ..
        } = env;
        let open = [
            "aws:CurrentTime",
            "aws:EpochTime",
            "aws:ResourceOrgID",
            "aws:ResourceOrgPaths",
            "aws:SourceOrgID",
            "aws:SourceOrgPaths",
            "aws:UserAgent",
            "aws:ViaAWSService",
        ];
        let context = open
            .iter()
            .fold(context, |context, key| context.unknown(key))
            .with("aws:SecureTransport", "true")
            .with("aws:RequestedRegion", home.as_str())
            .with("aws:ResourceAccount", account);
        match self {
            // The policy that SNS gives to a new topic lets the account's alarms publish by `aws:SourceOwner`.
            Publisher::CloudWatch => context
                .with("aws:SourceAccount", account)
                .with("aws:SourceOwner", account)
                .with(
                    "aws:SourceArn",
                    &format!("arn:{partition}:cloudwatch:{home}:{account}:alarm:any"),
                ),
            Publisher::Budgets => context
                .with("aws:SourceAccount", account)
                .absent("aws:SourceOwner")
                .with(
                    "aws:SourceArn",
                    &format!("arn:{partition}:budgets::{account}:budget/any"),
                ),
            Publisher::CostAlerts => context
                .with("aws:SourceAccount", account)
                .absent("aws:SourceOwner")
                .unknown("aws:SourceArn"),
            Publisher::EventBridge => context
                .absent("aws:SourceAccount")
                .absent("aws:SourceArn")
                .absent("aws:SourceOrgID")
                .absent("aws:SourceOrgPaths")
                .absent("aws:SourceOwner"),
        }
    }
}

/// The statement that lets these services use a topic's key.
pub(super) fn key_statement(publishers: &[Publisher]) -> Statement {
    let services = publishers.iter().map(|publisher| publisher.service());
    services
        .fold(Statement::allow().named("TrueupAlerts"), |statement, service| {
            statement.principal("Service", service)
        })
        .action("kms:Decrypt")
        .action("kms:GenerateDataKey*")
        .resource("*")
}

/// A statement as one pastes it.
pub(super) fn text(statement: &Statement) -> String {
    json!(statement).to_string()
}

/// Whether trueup has put something into this policy.
pub(super) fn is_ours(policy: &Policy) -> bool {
    let sids = policy.statements().iter().filter_map(Statement::sid);
    Publisher::ALL
        .iter()
        .any(|publisher| sids.clone().any(|sid| sid == publisher.sid()))
}

/// What the services of these statements are called.
pub(super) fn titles(statements: &[Statement]) -> Vec<&'static str> {
    let title = |statement: &Statement| {
        let mut all = Publisher::ALL.into_iter();
        let publisher = all.find(|publisher| statement.sid() == Some(publisher.sid()))?;
        Some(publisher.title())
    };
    statements.iter().filter_map(title).collect()
}
