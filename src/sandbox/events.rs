//! Amazon EventBridge: the rules of each region's default event bus, and their targets. No event ever comes.
//!
//! Limits, patterns and required members are those of the service's own API model (2015-10-07). A rule that a service
//! made for itself (`managed_by`) can only be put into the state by hand: no call of a customer makes one.

mod schedule;
mod template;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::iam::assume;
use super::input::Input;
use super::service::Service;
use super::wire::Protocol;
use super::{Account, Answer, AwsError, Call, tags};

/// What is kept of it in a region.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Events {
    /// The rules of the default event bus, by name.
    pub rules: BTreeMap<String, Rule>,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Which events it hears, as it was written.
    pub event_pattern: Option<String>,
    /// When it runs by itself.
    pub schedule_expression: Option<String>,
    /// `ENABLED`, `DISABLED` or `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS`.
    pub state: String,
    /// What it is for.
    pub description: Option<String>,
    /// The role that it uses.
    pub role_arn: Option<String>,
    /// The service that made it for itself, if one did.
    pub managed_by: Option<String>,
    /// Its targets, as they were written, in the order of their coming.
    pub targets: Vec<Value>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// The targets of a rule at most.
const TARGETS: usize = 5;
/// The rules of an event bus at most (EventBridge quotas).
const RULES: usize = 300;
/// The tags of a rule at most.
const TAGS: usize = 50;
/// What a rule can be.
const STATES: [&str; 3] = [
    "ENABLED",
    "DISABLED",
    "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
];

/// The service.
pub(super) static SERVICE: Service = Service {
    keeps_tag: |tag| match tag.key {
        None => Err(SERVICE.missing("Key")),
        Some(_) if tag.wrong().is_some() || tag.is_repeated => {
            Err(SERVICE.invalid("Invalid tags in the request."))
        }
        Some(_) => Ok(true),
    },
    ..Service::new("events", &[Protocol::Json("1.1")], handle)
};

/// Answers one operation.
fn handle(account: &mut Account, call: &Call) -> Answer {
    let (input, id) = (&call.input, account.id.clone());
    let here = Here {
        region: &call.region,
        account: &id,
    };
    here.bus(input)?;
    let usable = usable_roles(account);
    let Some(region) = account.regions.get_mut(&call.region) else {
        return Err(AwsError::region_not_enabled(call));
    };
    let rules = &mut region.events.rules;
    match call.operation.as_str() {
        "ListRules" => {
            let prefix = input.text("NamePrefix");
            let named = rules.iter().filter(|(name, _)| name.starts_with(prefix));
            let all = named.map(|(name, rule)| rule.output(name, &here)).collect();
            paged(input, "Rules", all)
        }
        "ListRuleNamesByTarget" => {
            let arn = SERVICE.required(input, "TargetArn")?;
            let has = |rule: &Rule| rule.targets.iter().any(|target| target["Arn"] == arn);
            let names = rules.iter().filter(|(_, rule)| has(rule));
            paged(input, "RuleNames", names.map(|(name, _)| json!(name)).collect())
        }
        "DescribeRule" => {
            let name = SERVICE.required(input, "Name")?;
            let mut told = find(rules, name)?.output(name, &here);
            told["CreatedBy"] = json!(id);
            Ok(told)
        }
        "PutRule" => put_rule(rules, input, &here),
        "EnableRule" | "DisableRule" => {
            let state = match call.operation.starts_with("Enable") {
                true => "ENABLED",
                false => "DISABLED",
            };
            own(rules, SERVICE.required(input, "Name")?)?.state = state.to_owned();
            Ok(Value::Null)
        }
        "DeleteRule" => {
            let name = SERVICE.required(input, "Name")?;
            // One that is not there is as good as deleted.
            if !rules.contains_key(name) {
                return Ok(Value::Null);
            }
            if !own(rules, name)?.targets.is_empty() {
                return Err(SERVICE.invalid("Rule can't be deleted since it has targets."));
            }
            rules.remove(name);
            Ok(Value::Null)
        }
        "ListTargetsByRule" => {
            let all = find(rules, SERVICE.required(input, "Rule")?)?.targets.clone();
            paged(input, "Targets", all)
        }
        "PutTargets" => put_targets(own(rules, SERVICE.required(input, "Rule")?)?, input, &usable),
        "RemoveTargets" => {
            let rule = own(rules, SERVICE.required(input, "Rule")?)?;
            let mut failed = vec![];
            for gone in list(input, "Ids")? {
                match rule.targets.iter().position(|target| target["Id"] == *gone) {
                    Some(at) => {
                        rule.targets.remove(at);
                    }
                    None => failed.push(failure(
                        gone,
                        "ResourceNotFoundException",
                        "The target does not exist on the rule.",
                    )),
                }
            }
            Ok(outcome(&failed))
        }
        "TagResource" => {
            let new = SERVICE.tags(input.list("Tags"))?;
            let rule = tagged(rules, input, &here)?;
            if rule.managed_by.is_some() {
                return Err(managed());
            }
            rule.tags.extend(new);
            match rule.tags.len() > TAGS {
                true => Err(limit()),
                false => Ok(json!({})),
            }
        }
        "UntagResource" => {
            let rule = tagged(rules, input, &here)?;
            for key in list(input, "TagKeys")? {
                rule.tags.remove(key.as_str().unwrap_or_default());
            }
            Ok(json!({}))
        }
        "ListTagsForResource" => {
            let tags = &tagged(rules, input, &here)?.tags;
            Ok(json!({"Tags": tags::output(tags)}))
        }
        _ => Err(AwsError::not_in_sandbox(call)),
    }
}

/// Where a call happens.
struct Here<'a> {
    region: &'a str,
    account: &'a str,
}

impl Here<'_> {
    fn rule_arn(&self, name: &str) -> String {
        format!("arn:aws:events:{}:{}:rule/{name}", self.region, self.account)
    }

    /// Refuses every event bus but the default one: the sandbox makes no other.
    fn bus(&self, input: &Value) -> Result<(), AwsError> {
        let arn = format!(
            "arn:aws:events:{}:{}:event-bus/default",
            self.region, self.account
        );
        match input["EventBusName"].as_str() {
            None | Some("default") => Ok(()),
            Some(name) if name == arn => Ok(()),
            Some(name) => Err(missing(format!("Event bus {name} does not exist."))),
        }
    }
}

impl Rule {
    fn output(&self, name: &str, here: &Here<'_>) -> Value {
        json!({
            "Name": name,
            "Arn": here.rule_arn(name),
            "EventPattern": self.event_pattern,
            "ScheduleExpression": self.schedule_expression,
            "State": self.state,
            "Description": self.description,
            "RoleArn": self.role_arn,
            "ManagedBy": self.managed_by,
            "EventBusName": "default",
        })
    }
}

fn find<'a>(rules: &'a BTreeMap<String, Rule>, name: &str) -> Result<&'a Rule, AwsError> {
    rules.get(name).ok_or_else(|| no_rule(name))
}

/// The rule of this name, to be changed: what a service made for itself is its own.
fn own<'a>(rules: &'a mut BTreeMap<String, Rule>, name: &str) -> Result<&'a mut Rule, AwsError> {
    match rules.get_mut(name) {
        None => Err(no_rule(name)),
        Some(rule) if rule.managed_by.is_some() => Err(managed()),
        Some(rule) => Ok(rule),
    }
}

fn tagged<'a>(
    rules: &'a mut BTreeMap<String, Rule>,
    input: &Value,
    here: &Here<'_>,
) -> Result<&'a mut Rule, AwsError> {
    let arn = SERVICE.required(input, "ResourceARN")?;
    let Some(name) = arn.strip_prefix(&here.rule_arn("")) else {
        return Err(missing(format!("Resource {arn} does not exist.")));
    };
    rules.get_mut(name).ok_or_else(|| no_rule(name))
}

/// Makes a rule or writes it anew: what is left out of the request is gone from the rule, except its targets and tags.
fn put_rule(rules: &mut BTreeMap<String, Rule>, input: &Value, here: &Here<'_>) -> Answer {
    let name = SERVICE.required(input, "Name")?;
    is_name("name", name)?;
    let (pattern, schedule) = (given(input, "EventPattern"), given(input, "ScheduleExpression"));
    if pattern.is_none() && schedule.is_none() {
        return Err(SERVICE.invalid("Parameter(s) EventPattern or ScheduleExpression must be specified."));
    }
    if let Some(pattern) = &pattern {
        check_pattern(pattern)?;
    }
    if schedule.as_deref().is_some_and(|text| !schedule::is_one(text)) {
        return Err(SERVICE.invalid("Parameter ScheduleExpression is not valid."));
    }
    let state = input["State"].as_str().unwrap_or("ENABLED").to_owned();
    if !STATES.contains(&state.as_str()) {
        return Err(SERVICE.invalid(format!(
            "1 validation error detected: Value '{state}' at 'state' failed to satisfy constraint: Member must satisfy \
             enum value set: [{}]",
            STATES.join(", ")
        )));
    }
    let description = given(input, "Description");
    if description
        .as_ref()
        .is_some_and(|text| text.chars().count() > 512)
    {
        return Err(SERVICE.invalid(
            "1 validation error detected: Value at 'description' failed to satisfy constraint: Member must have length \
             less than or equal to 512",
        ));
    }
    // Of a rule that exists, tags are only changed by TagResource (API reference, PutRule).
    let (targets, tags) = match rules.contains_key(name) {
        true => {
            let live = own(rules, name)?;
            (live.targets.clone(), live.tags.clone())
        }
        false => (vec![], SERVICE.tags(input.list("Tags"))?),
    };
    let rule = Rule {
        event_pattern: pattern,
        schedule_expression: schedule,
        state,
        description,
        role_arn: given(input, "RoleArn"),
        managed_by: None,
        targets,
        tags,
    };
    rules.insert(name.to_owned(), rule);
    match rules.len() > RULES || rules[name].tags.len() > TAGS {
        true => Err(limit()),
        false => Ok(json!({"RuleArn": here.rule_arn(name)})),
    }
}

/// Refuses what is no event pattern (EventBridge user guide, "Creating event patterns": an object whose leaves are
/// lists).
fn check_pattern(text: &str) -> Result<(), AwsError> {
    let wrong = |why: &str| {
        Err(AwsError::new(
            "InvalidEventPatternException",
            format!("Event pattern is not valid. Reason: {why}"),
        ))
    };
    if text.len() > 4096 {
        return wrong("Filter is too long");
    }
    fn check(value: &Value, depth: usize) -> Result<(), String> {
        match value {
            Value::Object(fields) if fields.is_empty() => Err("Empty objects are not allowed".to_owned()),
            Value::Object(fields) => fields.iter().try_for_each(|(name, value)| match value {
                // The alternatives of `$or` are patterns themselves.
                Value::Array(either) if name == "$or" => {
                    either.iter().try_for_each(|one| check(one, depth + 1))
                }
                Value::Array(values) if values.is_empty() => Err("Empty arrays are not allowed".to_owned()),
                Value::Array(values) => match values.iter().find(|value| value.is_array()) {
                    Some(_) => Err(format!("\"{name}\" must not hold an array in an array")),
                    None => Ok(()),
                },
                Value::Object(_) => check(value, depth + 1),
                _ => Err(format!("\"{name}\" must be an object or an array")),
            }),
            _ if depth == 0 => Err("Filter is not an object".to_owned()),
            _ => Err("must be an object".to_owned()),
        }
    }
    match serde_json::from_str::<Value>(text) {
        Err(error) => wrong(&error.to_string()),
        Ok(value) => check(&value, 0).or_else(|why| wrong(&why)),
    }
}

/// Adds targets, or writes those of the same ids anew. What is wrong with the form of one fails the call; what is
/// wrong with what it names fails that target alone, in an answer of status 200.
fn put_targets(rule: &mut Rule, input: &Value, usable: &dyn Fn(&str) -> bool) -> Answer {
    let mut failed = vec![];
    for new in list(input, "Targets")? {
        let (id, arn) = (SERVICE.required(new, "Id")?, SERVICE.required(new, "Arn")?);
        is_name("targets.id", id)?;
        if !arn.starts_with("arn:aws:") || arn.split(':').count() < 6 || arn.len() > 1600 {
            return Err(SERVICE.invalid(format!(
                "Parameter {arn} is not valid. Reason: Provided Arn is not in correct format."
            )));
        }
        if arn.starts_with("arn:aws:autoscaling:") {
            return Err(SERVICE.invalid(format!(
                "Parameter {arn} is not valid. Reason: Service as target config for ARN: {arn} not found."
            )));
        }
        let inputs = ["Input", "InputPath", "InputTransformer"];
        if inputs.iter().filter(|name| !new[**name].is_null()).count() > 1 {
            return Err(SERVICE.invalid(format!(
                "Only one of Input, InputPath, or InputTransformer must be provided for target {id}."
            )));
        }
        if let Some(why) = template::wrong(&new["InputTransformer"]) {
            return Err(SERVICE.invalid(format!("Invalid InputTemplate for target {id} : {why}")));
        }
        if arn.starts_with("arn:aws:events:") && arn.contains(":event-bus/") {
            let Some(role) = new["RoleArn"].as_str() else {
                return Err(SERVICE.invalid(format!("RoleArn is required for target {arn}.")));
            };
            if !usable(role) {
                failed.push(failure(
                    &new["Id"],
                    "ValidationException",
                    &format!("Provided role '{role}' cannot be assumed by principal 'events.amazonaws.com'."),
                ));
                continue;
            }
        }
        let whole: serde_json::Map<String, Value> = new
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        match rule.targets.iter_mut().find(|live| live["Id"] == id) {
            Some(live) => *live = whole.into(),
            None => rule.targets.push(whole.into()),
        }
    }
    match rule.targets.len() > TARGETS {
        true => Err(limit()),
        false => Ok(outcome(&failed)),
    }
}

/// Tells whether EventBridge can assume a role: of this account, with a trust that lets it.
fn usable_roles(account: &Account) -> impl Fn(&str) -> bool + use<> {
    let roles = account.iam.entities.roles.iter();
    let trusting: Vec<String> = roles
        .filter(|(_, role)| assume::by_service(role, "events.amazonaws.com", &account.id))
        .map(|(name, role)| format!("arn:aws:iam::{}:role{}{name}", account.id, role.common.path))
        .collect();
    move |arn| trusting.iter().any(|one| one == arn)
}

fn failure(id: &Value, code: &str, message: &str) -> Value {
    json!({"TargetId": id, "ErrorCode": code, "ErrorMessage": message})
}

fn outcome(failed: &[Value]) -> Value {
    json!({"FailedEntryCount": failed.len(), "FailedEntries": failed})
}

/// A page of a list; the token is where the next one begins.
fn paged(input: &Value, name: &str, all: Vec<Value>) -> Answer {
    let size = match &input["Limit"] {
        Value::Null => 100,
        size => size
            .as_u64()
            .filter(|size| (1..=100).contains(size))
            .and_then(|size| usize::try_from(size).ok())
            .ok_or_else(|| SERVICE.invalid("Limit is 1 to 100."))?,
    };
    let start: usize = match input["NextToken"].as_str() {
        None => 0,
        Some(token) => token.parse().map_err(|_| SERVICE.invalid("Invalid NextToken."))?,
    };
    let next = (start + size < all.len()).then(|| (start + size).to_string());
    let page: Vec<Value> = all.into_iter().skip(start).take(size).collect();
    Ok(json!({name: page, "NextToken": next}))
}

fn is_name(member: &str, name: &str) -> Result<(), AwsError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    match (1..=64).contains(&name.len()) && name.chars().all(plain) {
        true => Ok(()),
        false => Err(SERVICE.invalid(format!(
            "1 validation error detected: Value '{name}' at '{member}' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+"
        ))),
    }
}

fn given(input: &Value, member: &str) -> Option<String> {
    input[member]
        .as_str()
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

/// A list of 1 to 100.
fn list<'a>(input: &'a Value, member: &str) -> Result<&'a [Value], AwsError> {
    input[member]
        .as_array()
        .map(Vec::as_slice)
        .filter(|all| (1..=100).contains(&all.len()))
        .ok_or_else(|| SERVICE.invalid(format!("{member} must have 1 to 100 members.")))
}

fn missing(message: String) -> AwsError {
    AwsError::new("ResourceNotFoundException", message)
}

fn no_rule(name: &str) -> AwsError {
    missing(format!("Rule {name} does not exist on EventBus default."))
}

fn managed() -> AwsError {
    AwsError::new(
        "ManagedRuleException",
        "The rule is managed by an AWS service and can only be changed by that service.",
    )
}

fn limit() -> AwsError {
    AwsError::new(
        "LimitExceededException",
        "The requested resource exceeds the maximum number allowed.",
    )
}
