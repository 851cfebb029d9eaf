//! IAM Access Analyzer: the analyzers of an account. They find nothing.
//!
//! Source: IAM Access Analyzer API reference, `CreateAnalyzer`, `ListAnalyzers`; "IAM Access Analyzer quotas".

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::input::{Input, one_or_many_texts};
use super::service::Service;
use super::wire::{Protocol, Route, route};
use super::{Account, Answer, AwsError, Call};

/// What is kept of it in a region.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessAnalyzer {
    /// The analyzers, by name.
    pub analyzers: BTreeMap<String, Analyzer>,
}

/// One analyzer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Analyzer {
    /// Its type, such as `ACCOUNT`.
    pub kind: String,
    /// When it was made, in seconds since 1970.
    pub created_at: i64,
    /// Its status, such as `ACTIVE`.
    pub status: String,
    /// Its configuration, if its type has one.
    pub configuration: Value,
    /// The service that made it for itself, if one did.
    pub managed_by: Option<String>,
    /// The tags.
    pub tags: BTreeMap<String, String>,
}

/// The types that the sandbox makes, of each of which a region has one at most.
const KINDS: [&str; 2] = ["ACCOUNT", "ACCOUNT_UNUSED_ACCESS"];

/// The service.
pub(super) static SERVICE: Service = Service {
    keeps_tag: |tag| match tag.key {
        Some(key) if key.starts_with("aws:") => {
            Err(SERVICE.invalid(format!("the tag key {key} is reserved")))
        }
        _ => Ok(tag.is_whole()),
    },
    ..Service::new("access-analyzer", &[Protocol::RestJson(ROUTES)], handle)
};

const ROUTES: &[Route] = &[
    route("ListAnalyzers", "GET /analyzer"),
    route("CreateAnalyzer", "PUT /analyzer"),
    route("GetAnalyzer", "GET /analyzer/{analyzerName}"),
    route("DeleteAnalyzer", "DELETE /analyzer/{analyzerName}"),
    route("ListTagsForResource", "GET /tags/{resourceArn+}"),
    route("TagResource", "POST /tags/{resourceArn+}"),
    route("UntagResource", "DELETE /tags/{resourceArn+}"),
];

/// Answers one operation.
fn handle(account: &mut Account, call: &Call) -> Answer {
    let prefix = format!("arn:aws:access-analyzer:{}:{}:analyzer/", call.region, account.id);
    let Some(region) = account.regions.get_mut(&call.region) else {
        return Err(AwsError::region_not_enabled(call));
    };
    let service = &mut region.access_analyzer;
    match call.operation.as_str() {
        "ListAnalyzers" => service.list(call, &prefix),
        "GetAnalyzer" => {
            let name = call.input.text("analyzerName");
            let found = service.analyzers.get(name).ok_or_else(|| missing(name))?;
            Ok(json!({"analyzer": found.output(name, &prefix)}))
        }
        "CreateAnalyzer" => service.create(call, &prefix),
        "DeleteAnalyzer" => {
            let name = call.input.text("analyzerName");
            match service.analyzers.get(name) {
                None => Err(missing(name)),
                Some(analyzer) if analyzer.managed_by.is_some() => Err(AwsError::with_status(
                    403,
                    "AccessDeniedException",
                    "A service-linked analyzer can be deleted by its service alone.",
                )),
                Some(_) => {
                    service.analyzers.remove(name);
                    Ok(Value::Null)
                }
            }
        }
        "ListTagsForResource" => Ok(json!({"tags": service.of_arn(call, &prefix)?.tags})),
        "TagResource" => {
            let tags = SERVICE.tag_map(&call.input["tags"])?;
            service.of_arn(call, &prefix)?.tags.extend(tags);
            Ok(json!({}))
        }
        "UntagResource" => {
            let keys = one_or_many_texts(&call.input["tagKeys"]);
            let analyzer = service.of_arn(call, &prefix)?;
            analyzer.tags.retain(|key, _| !keys.contains(&key.as_str()));
            Ok(json!({}))
        }
        _ => Err(AwsError::not_in_sandbox(call)),
    }
}

impl AccessAnalyzer {
    fn list(&self, call: &Call, prefix: &str) -> Answer {
        let kind = call.input["type"].as_str();
        let size = match call.input["maxResults"].as_str().map(str::parse::<usize>) {
            None => 100,
            Some(Ok(size)) if size > 0 => size,
            Some(_) => return Err(SERVICE.invalid("maxResults is not a positive number")),
        };
        let after = call.input["nextToken"].as_str();
        let mut found = self.analyzers.iter().filter(|(name, analyzer)| {
            kind.is_none_or(|kind| analyzer.kind == kind) && after.is_none_or(|after| name.as_str() > after)
        });
        let page: Vec<_> = found.by_ref().take(size).collect();
        let next = found.next().and_then(|_| page.last().map(|(name, _)| *name));
        let page: Vec<Value> = page
            .iter()
            .map(|(name, analyzer)| analyzer.output(name, prefix))
            .collect();
        Ok(json!({"analyzers": page, "nextToken": next}))
    }

    fn create(&mut self, call: &Call, prefix: &str) -> Answer {
        let (name, kind) = (call.input.text("analyzerName"), call.input.text("type"));
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.len() <= 255
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
        if !is_name {
            return Err(SERVICE.invalid("analyzerName must match [A-Za-z][A-Za-z0-9_.-]*"));
        }
        if !KINDS.contains(&kind) {
            return Err(AwsError::not_in_sandbox(call));
        }
        let age = &call.input["configuration"]["unusedAccess"]["unusedAccessAge"];
        let configuration = if kind == "ACCOUNT" {
            if !call.input["configuration"].is_null() {
                return Err(SERVICE.invalid("an analyzer of external access has no configuration"));
            }
            Value::Null
        } else {
            let age = age.as_u64().unwrap_or(90);
            if !(1..=365).contains(&age) {
                return Err(SERVICE.invalid("unusedAccessAge must be from 1 to 365"));
            }
            json!({"unusedAccess": {"unusedAccessAge": age}})
        };
        if self.analyzers.contains_key(name) {
            return Err(AwsError::with_status(
                409,
                "ConflictException",
                format!("An analyzer with the name {name} already exists."),
            ));
        }
        if self
            .analyzers
            .values()
            .any(|analyzer| analyzer.kind == kind && analyzer.managed_by.is_none())
        {
            return Err(AwsError::with_status(
                402,
                "ServiceQuotaExceededException",
                format!("Limit exceeded: analyzers of the type {kind}."),
            ));
        }
        let made = Analyzer {
            kind: kind.to_owned(),
            created_at: call.now,
            status: "ACTIVE".to_owned(),
            configuration,
            managed_by: None,
            tags: SERVICE.tag_map(&call.input["tags"])?,
        };
        self.analyzers.insert(name.to_owned(), made);
        Ok(json!({"arn": format!("{prefix}{name}")}))
    }

    fn of_arn(&mut self, call: &Call, prefix: &str) -> Result<&mut Analyzer, AwsError> {
        let arn = call.input.text("resourceArn");
        arn.strip_prefix(prefix)
            .and_then(|name| self.analyzers.get_mut(name))
            .ok_or_else(|| missing(arn))
    }
}

impl Analyzer {
    fn output(&self, name: &str, prefix: &str) -> Value {
        json!({
            "arn": format!("{prefix}{name}"),
            "name": name,
            "type": self.kind,
            "createdAt": jiff::Timestamp::from_second(self.created_at)
                .map(|at| at.to_string())
                .unwrap_or_default(),
            "status": self.status,
            "configuration": self.configuration,
            "managedBy": self.managed_by,
            "tags": self.tags,
        })
    }
}

fn missing(what: &str) -> AwsError {
    AwsError::with_status(
        404,
        "ResourceNotFoundException",
        format!("{what} could not be found."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;

    fn call(account: &mut Account, operation: &str, input: Value) -> Answer {
        let call = Call {
            service: "access-analyzer",
            region: "us-east-1".to_owned(),
            operation: operation.to_owned(),
            input,
            now: 1_767_225_600,
        };
        handle(account, &call)
    }

    fn create(account: &mut Account, name: &str, kind: &str) -> Result<Value, String> {
        call(
            account,
            "CreateAnalyzer",
            json!({"analyzerName": name, "type": kind}),
        )
        .map_err(|error| format!("{} {}", error.status, error.code))
    }

    #[test]
    fn a_region_has_one_analyzer_of_each_type() {
        let account = &mut Account::new(&World::default());
        create(account, "a", "ACCOUNT").unwrap();
        assert_eq!(
            create(account, "b", "ACCOUNT").unwrap_err(),
            "402 ServiceQuotaExceededException"
        );
        assert_eq!(
            create(account, "a", "ACCOUNT_UNUSED_ACCESS").unwrap_err(),
            "409 ConflictException"
        );
        create(account, "b", "ACCOUNT_UNUSED_ACCESS").unwrap();
        let listed = call(account, "ListAnalyzers", json!({"type": "ACCOUNT_UNUSED_ACCESS"})).unwrap();
        assert_eq!(
            listed["analyzers"][0]["configuration"],
            json!({"unusedAccess": {"unusedAccessAge": 90}})
        );
        assert_eq!(listed["analyzers"][0]["createdAt"], "2026-01-01T00:00:00Z");
        let first = call(account, "ListAnalyzers", json!({"maxResults": "1"})).unwrap();
        assert_eq!(first["nextToken"], "a");
        let rest = call(account, "ListAnalyzers", json!({"nextToken": "a"})).unwrap();
        assert_eq!(rest["analyzers"][0]["name"], "b");
        call(account, "DeleteAnalyzer", json!({"analyzerName": "a"})).unwrap();
        assert_eq!(
            call(account, "DeleteAnalyzer", json!({"analyzerName": "a"}))
                .unwrap_err()
                .code,
            "ResourceNotFoundException"
        );
    }

    #[test]
    fn what_is_no_analyzer_is_refused() {
        let account = &mut Account::new(&World::default());
        for name in ["", "1a", "a b"] {
            assert_eq!(
                create(account, name, "ACCOUNT").unwrap_err(),
                "400 ValidationException",
                "{name}"
            );
        }
        for (kind, configuration) in [
            ("ACCOUNT", json!({"unusedAccess": {"unusedAccessAge": 90}})),
            (
                "ACCOUNT_UNUSED_ACCESS",
                json!({"unusedAccess": {"unusedAccessAge": 366}}),
            ),
        ] {
            let input = json!({"analyzerName": "a", "type": kind, "configuration": configuration});
            assert_eq!(
                call(account, "CreateAnalyzer", input).unwrap_err().code,
                "ValidationException"
            );
        }
        assert_eq!(
            create(account, "a", "ORGANIZATION").unwrap_err(),
            "400 NotInSandbox"
        );
    }

    #[test]
    fn a_service_linked_analyzer_belongs_to_its_service() {
        let account = &mut Account::new(&World::default());
        create(account, "a", "ACCOUNT").unwrap();
        let analyzers = &mut account
            .regions
            .get_mut("us-east-1")
            .unwrap()
            .access_analyzer
            .analyzers;
        analyzers.get_mut("a").unwrap().managed_by = Some("securityhubv2.amazonaws.com".to_owned());
        assert_eq!(
            call(account, "DeleteAnalyzer", json!({"analyzerName": "a"}))
                .unwrap_err()
                .code,
            "AccessDeniedException"
        );
        create(account, "b", "ACCOUNT").unwrap();
    }

    #[test]
    fn tags_are_put_and_taken_by_arn() {
        let account = &mut Account::new(&World::default());
        let made = create(account, "a", "ACCOUNT").unwrap();
        let arn = made["arn"].clone();
        let tag = json!({"resourceArn": arn, "tags": {"a": "1", "b": "2"}});
        call(account, "TagResource", tag).unwrap();
        call(
            account,
            "UntagResource",
            json!({"resourceArn": arn, "tagKeys": "a"}),
        )
        .unwrap();
        assert_eq!(
            call(account, "ListTagsForResource", json!({"resourceArn": arn})).unwrap(),
            json!({"tags": {"b": "2"}})
        );
        let reserved = json!({"resourceArn": arn, "tags": {"aws:a": "1"}});
        assert_eq!(
            call(account, "TagResource", reserved).unwrap_err().code,
            "ValidationException"
        );
    }
}
