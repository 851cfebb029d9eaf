//! AWS Security Hub CSPM: a region's hub, its standards, and the account's finding aggregator. It finds nothing.
//!
//! Source: AWS Security Hub API reference, `DescribeHub`, `EnableSecurityHub`, `BatchEnableStandards`,
//! `CreateFindingAggregator`. Texts that AWS does not document are in the sandbox's own words.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::input::{Input, one_or_many_texts};
use super::service::Service;
use super::wire::{Protocol, Route, route};
use super::{Account, Answer, AwsError, Call};

mod aggregator;
mod controls;
mod standards;
#[cfg(test)]
mod tests;

pub use aggregator::Aggregator;
pub use controls::Association;
pub use standards::{Stuck, Subscription};

/// What is kept of it in a region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityHub {
    /// The account that administers this one's Security Hub and configures it centrally.
    pub administrator: Option<String>,
    /// The central configuration policy by which this account configures itself, as the delegated administrator of its
    /// organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub central_policy: Option<String>,
    /// The hub, if there is one.
    pub hub: Option<Hub>,
    /// The finding aggregator, in the region where the findings come together: an account has one at most.
    pub aggregator: Option<Aggregator>,
}

/// A hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hub {
    /// When it was enabled, in seconds since 1970.
    pub subscribed_at: i64,
    /// Whether controls that come to its standards later are enabled.
    pub auto_enable_controls: bool,
    /// `SECURITY_CONTROL` or `STANDARD_CONTROL`.
    pub control_finding_generator: String,
    /// The standards that are enabled, by name and version as in their ARN.
    pub standards: BTreeMap<String, Subscription>,
    /// The controls of standards that were turned on or off, by standard and control.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub controls: BTreeMap<String, BTreeMap<String, Association>>,
    /// The tags.
    pub tags: BTreeMap<String, String>,
}

/// What a member of an organization that is configured centrally may not do itself.
const CENTRAL: [&str; 6] = [
    "EnableSecurityHub",
    "UpdateSecurityHubConfiguration",
    "DisableSecurityHub",
    "BatchEnableStandards",
    "BatchDisableStandards",
    "BatchUpdateStandardsControlAssociations",
];

/// The service.
pub(super) static SERVICE: Service = Service {
    invalid_code: "InvalidInputException",
    keeps_tag: |tag| match tag.is_usual() {
        true => Ok(true),
        false => Err(SERVICE.invalid("Invalid Tags")),
    },
    malformed: |_, value| SERVICE.invalid(format!("Invalid boolean: {value}")),
    ..Service::new("securityhub", &[Protocol::RestJson(ROUTES)], handle)
};

const ROUTES: &[Route] = &[
    route("DescribeHub", "GET /accounts"),
    route("EnableSecurityHub", "POST /accounts"),
    route("UpdateSecurityHubConfiguration", "PATCH /accounts"),
    route("DisableSecurityHub", "DELETE /accounts"),
    route("DescribeSecurityHubV2", "GET /hubv2"),
    route("GetAdministratorAccount", "GET /administrator"),
    route("DescribeStandards", "GET /standards"),
    route("GetEnabledStandards", "POST /standards/get"),
    route("BatchEnableStandards", "POST /standards/register"),
    route("BatchDisableStandards", "POST /standards/deregister"),
    route(
        "BatchGetStandardsControlAssociations",
        "POST /associations/batchGet",
    ),
    route("BatchUpdateStandardsControlAssociations", "PATCH /associations"),
    route(
        "ListSecurityControlDefinitions",
        "GET /securityControls/definitions",
    ),
    route(
        "GetConfigurationPolicyAssociation",
        "POST /configurationPolicyAssociation/get",
    ),
    route("ListFindingAggregators", "GET /findingAggregator/list"),
    route(
        "GetFindingAggregator",
        "GET /findingAggregator/get/{FindingAggregatorArn+}",
    ),
    route("CreateFindingAggregator", "POST /findingAggregator/create"),
    route("UpdateFindingAggregator", "PATCH /findingAggregator/update"),
    route(
        "DeleteFindingAggregator",
        "DELETE /findingAggregator/delete/{FindingAggregatorArn+}",
    ),
    route("ListTagsForResource", "GET /tags/{ResourceArn+}"),
    route("TagResource", "POST /tags/{ResourceArn+}"),
    route("UntagResource", "DELETE /tags/{ResourceArn+}"),
];

/// Answers one operation.
fn handle(account: &mut Account, call: &Call) -> Answer {
    let operation = call.operation.as_str();
    let id = account.id.clone();
    let Some(region) = account.regions.get_mut(&call.region) else {
        return Err(AwsError::region_not_enabled(call));
    };
    let at = standards::Moment {
        now: call.now,
        delay: i64::from(account.propagation_seconds),
        is_recorded: region
            .config
            .recorder
            .as_ref()
            .is_some_and(|recorder| recorder.recording),
    };
    let service = &mut region.securityhub;
    if service.administrator.is_some() && CENTRAL.contains(&operation) {
        return Err(AwsError::with_status(
            403,
            "AccessDeniedException",
            "The account is configured centrally, by the administrator of its organization.",
        ));
    }
    if service.central_policy.is_some() && CENTRAL.contains(&operation) {
        return Err(AwsError::with_status(
            403,
            "AccessDeniedException",
            "This account is currently associated with a central configuration policy, so only the administrator can \
             access this operation.",
        ));
    }
    match operation {
        // The unified Security Hub is another service than this one, and not enabled.
        "DescribeSecurityHubV2" => Err(AwsError::with_status(
            404,
            "ResourceNotFoundException",
            format!("Security Hub is not enabled for the account {id}."),
        )),
        "EnableSecurityHub" => service.enable(call),
        "DescribeHub" => {
            let arn = hub_arn(&id, call);
            let hub = service.hub(call, &id)?;
            match call.input["HubArn"].as_str() {
                Some(other) if other != arn => Err(not_found(other)),
                _ => Ok(hub.output(&arn)),
            }
        }
        "UpdateSecurityHubConfiguration" => service.hub(call, &id)?.update(&call.input),
        "DisableSecurityHub" => {
            service.hub(call, &id)?;
            service.hub = None;
            service.aggregator = None;
            Ok(json!({}))
        }
        "GetAdministratorAccount" => {
            service.hub(call, &id)?;
            Ok(match &service.administrator {
                None => json!({}),
                Some(id) => json!({"Administrator": {"AccountId": id, "MemberStatus": "Enabled"}}),
            })
        }
        "DescribeStandards" => {
            service.hub(call, &id)?;
            standards::describe(call)
        }
        "GetEnabledStandards" => service.hub(call, &id)?.enabled_standards(call, &id, at),
        "BatchEnableStandards" => service.hub(call, &id)?.enable_standards(call, &id, at),
        "BatchDisableStandards" => service.hub(call, &id)?.disable_standards(call, &id, at),
        "BatchGetStandardsControlAssociations" => service.hub(call, &id)?.control_associations(call, &id, at),
        "BatchUpdateStandardsControlAssociations" => service.hub(call, &id)?.update_controls(call, at),
        "ListSecurityControlDefinitions" => {
            service.hub(call, &id)?;
            controls::definitions(call)
        }
        "GetConfigurationPolicyAssociation" => service.policy_association(call, &id),
        "ListTagsForResource" => Ok(json!({"Tags": service.of_arn(call, &id)?.tags})),
        "TagResource" => {
            let tags = tags(&call.input["Tags"])?;
            service.of_arn(call, &id)?.tags.extend(tags);
            Ok(json!({}))
        }
        "UntagResource" => {
            let keys = one_or_many_texts(&call.input["tagKeys"]);
            service
                .of_arn(call, &id)?
                .tags
                .retain(|key, _| !keys.contains(&key.as_str()));
            Ok(json!({}))
        }
        _ if operation.contains("FindingAggregator") => {
            service.hub(call, &id)?;
            aggregator::handle(account, call)
        }
        _ => Err(AwsError::not_in_sandbox(call)),
    }
}

impl SecurityHub {
    fn hub(&mut self, call: &Call, id: &str) -> Result<&mut Hub, AwsError> {
        self.hub.as_mut().ok_or_else(|| {
            AwsError::with_status(
                401,
                "InvalidAccessException",
                format!(
                    "Account {id} is not subscribed to AWS Security Hub in {}",
                    call.region
                ),
            )
        })
    }

    fn of_arn(&mut self, call: &Call, id: &str) -> Result<&mut Hub, AwsError> {
        let arn = call.input.text("ResourceArn");
        let is_named = arn == hub_arn(id, call);
        self.hub
            .as_mut()
            .filter(|_| is_named)
            .ok_or_else(|| not_found(arn))
    }

    /// "Only the Security Hub CSPM delegated administrator can invoke this operation from the home Region"
    /// (`GetConfigurationPolicyAssociation`).
    fn policy_association(&self, call: &Call, id: &str) -> Answer {
        let (Some(policy), true) = (&self.central_policy, call.input["Target"].text("AccountId") == id)
        else {
            return Err(AwsError::with_status(
                403,
                "AccessDeniedException",
                format!("Account {id} is not the delegated administrator of an organization."),
            ));
        };
        Ok(json!({
            "ConfigurationPolicyId": policy,
            "TargetId": id,
            "TargetType": "ACCOUNT",
            "AssociationType": "APPLIED",
            "AssociationStatus": "SUCCESS",
        }))
    }

    fn enable(&mut self, call: &Call) -> Answer {
        if self.hub.is_some() {
            return Err(AwsError::with_status(
                409,
                "ResourceConflictException",
                "Account is already subscribed to Security Hub",
            ));
        }
        let with_standards = SERVICE
            .boolean(&call.input["EnableDefaultStandards"], "EnableDefaultStandards")?
            .unwrap_or(true);
        let standards = standards::by_default().filter(|_| with_standards);
        self.hub = Some(Hub {
            subscribed_at: call.now,
            auto_enable_controls: true,
            control_finding_generator: generator(&call.input)?.unwrap_or("SECURITY_CONTROL").to_owned(),
            standards: standards
                .map(|path| (path, Subscription::new(call.now)))
                .collect(),
            controls: BTreeMap::new(),
            tags: match &call.input["Tags"] {
                Value::Null => BTreeMap::new(),
                wanted => tags(wanted)?,
            },
        });
        Ok(json!({}))
    }
}

impl Hub {
    fn output(&self, arn: &str) -> Value {
        json!({
            "HubArn": arn,
            "SubscribedAt": jiff::Timestamp::from_second(self.subscribed_at)
                .map(|at| at.to_string())
                .unwrap_or_default(),
            "AutoEnableControls": self.auto_enable_controls,
            "ControlFindingGenerator": self.control_finding_generator,
        })
    }

    fn update(&mut self, input: &Value) -> Answer {
        if let Some(generator) = generator(input)? {
            generator.clone_into(&mut self.control_finding_generator);
        }
        if let Some(enable) = SERVICE.boolean(&input["AutoEnableControls"], "AutoEnableControls")? {
            self.auto_enable_controls = enable;
        }
        Ok(json!({}))
    }
}

fn hub_arn(id: &str, call: &Call) -> String {
    format!("arn:aws:securityhub:{}:{id}:hub/default", call.region)
}

fn generator(input: &Value) -> Result<Option<&str>, AwsError> {
    match &input["ControlFindingGenerator"] {
        Value::Null => Ok(None),
        Value::String(one) if one == "SECURITY_CONTROL" || one == "STANDARD_CONTROL" => Ok(Some(one)),
        other => Err(SERVICE.invalid(format!("Invalid ControlFindingGenerator: {other}"))),
    }
}

/// The tags of a request: between 1 and 50 of them.
fn tags(value: &Value) -> Result<BTreeMap<String, String>, AwsError> {
    let tags = SERVICE.tag_map(value)?;
    match (1..=50).contains(&tags.len()) {
        true => Ok(tags),
        false => Err(SERVICE.invalid("Invalid Tags")),
    }
}

/// One page of a list, as `MaxResults` and `NextToken` ask for it, and the token of the next one.
fn page(all: &[Value], input: &Value) -> Result<(Vec<Value>, Option<String>), AwsError> {
    // In a query it is a text, in a body a number.
    let size = match &input["MaxResults"] {
        Value::Null => Some(100),
        Value::String(text) => text.parse().ok(),
        number => number.as_u64().and_then(|number| number.try_into().ok()),
    };
    let size: usize = size
        .filter(|size| (1..=100).contains(size))
        .ok_or_else(|| SERVICE.invalid("Invalid MaxResults"))?;
    let start = match input["NextToken"].as_str() {
        None => 0,
        Some(token) => token.parse().map_err(|_| SERVICE.invalid("Invalid NextToken"))?,
    };
    let found: Vec<Value> = all.iter().skip(start).take(size).cloned().collect();
    let end = start.saturating_add(found.len());
    Ok((found, (end < all.len()).then(|| end.to_string())))
}

fn not_found(what: &str) -> AwsError {
    AwsError::with_status(
        404,
        "ResourceNotFoundException",
        format!("The resource {what} was not found."),
    )
}
