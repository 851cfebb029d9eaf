//! Which health events a rule's pattern takes, tried on sample events.
//!
//! Patterns of the same effect can be written in many ways, so they are compared by what they take. A pattern that uses
//! an operator that is not known here takes nothing, as far as can be told.
//!
//! Sources: EventBridge user guide, "Comparison operators for use in event patterns"; AWS Health user guide, "AWS Health
//! events Amazon EventBridge schema".

use serde_json::{Value, json};

/// Both kinds: the second is the notice that an account may be taken over.
const TYPES: [&str; 2] = ["AWS Health Event", "AWS Health Abuse Event"];

const CATEGORIES: [&str; 4] = ["issue", "accountNotification", "scheduledChange", "investigation"];

/// One event of each kind that matters: those of any region, whether it is the original or the copy that goes to the
/// backup region. What a pattern could only list, such as services, has a name that no list has.
fn samples() -> impl Iterator<Item = Value> {
    let regions = ["global", "us-east-1", "us-west-2", "eu-west-1", "zz-sample-1"];
    let copies = [None, Some("false"), Some("true")];
    let scopes = [("ACCOUNT_SPECIFIC", "open"), ("PUBLIC", "closed")];
    let detail = move |category: &str, region: &str, copy: Option<&str>, (scope, status): (&str, &str)| {
        let mut detail = json!({
            "eventArn": "arn:aws:health:zz-sample-1::event/SAMPLE/AWS_SAMPLE/AWS_SAMPLE_1",
            "service": "SAMPLE", "eventTypeCode": "AWS_SAMPLE", "eventTypeCategory": category, "eventScopeCode": scope,
            "communicationId": "sample", "startTime": "Mon, 30 Nov 2026 10:00:00 GMT", "statusCode": status,
            "eventRegion": region, "eventDescription": [{"language": "en_US", "latestDescription": "sample"}],
            "affectedAccount": "123456789012", "page": "1", "totalPages": "1",
        });
        if let Some(copy) = copy {
            detail["backupEvent"] = copy.into();
        }
        detail
    };
    TYPES.into_iter().flat_map(move |kind| {
        CATEGORIES.into_iter().flat_map(move |category| {
            regions.into_iter().flat_map(move |region| {
                copies.into_iter().flat_map(move |copy| {
                    scopes.into_iter().map(move |scope| {
                        json!({
                            "version": "0", "id": "sample", "detail-type": kind, "source": "aws.health",
                            "account": "123456789012", "time": "2026-11-30T10:00:00Z", "region": "zz-sample-1",
                            "resources": [], "detail": detail(category, region, copy, scope),
                        })
                    })
                })
            })
        })
    })
}

/// Whether a pattern takes every event that another one takes.
pub(super) fn takes_all_of(pattern: &Value, wanted: &Value) -> bool {
    samples().all(|event| !takes(wanted, &event) || takes(pattern, &event))
}

/// Whether a pattern is for health events: it takes AWS Health as a source, and not another one. Which of the events
/// it takes does not matter.
pub(super) fn is_health(pattern: &Value) -> bool {
    let takes_source =
        |source: &str| takes(&json!({"source": pattern["source"]}), &json!({"source": source}));
    takes_source("aws.health") && !takes_source("zz.sample")
}

/// Whether a pattern takes an event.
pub(super) fn takes(pattern: &Value, event: &Value) -> bool {
    let Some(fields) = pattern.as_object() else {
        return false;
    };
    fields.iter().all(|(key, wanted)| match wanted {
        Value::Array(any) if key == "$or" => any.iter().any(|one| takes(one, event)),
        Value::Array(any) => any.iter().any(|one| fits(one, &event[key])),
        Value::Object(_) => takes(wanted, &event[key]),
        _ => false,
    })
}

/// Whether a value of the event is what one element of a list asks for. Of a list in the event one element has to be.
fn fits(wanted: &Value, value: &Value) -> bool {
    let is_there = !value.is_null() && value.as_array().is_none_or(|all| !all.is_empty());
    if let Some(exists) = wanted.get("exists") {
        return *exists == json!(is_there);
    }
    let elements = match value {
        Value::Array(elements) => elements.as_slice(),
        Value::Null => &[],
        one => std::slice::from_ref(one),
    };
    let Some(matcher) = wanted.as_object() else {
        return elements.contains(wanted);
    };
    let [(operator, operand)] = matcher.iter().collect::<Vec<_>>()[..] else {
        return false;
    };
    elements.iter().any(|value| is(operator, operand, value))
}

fn is(operator: &str, operand: &Value, value: &Value) -> bool {
    let (Some(text), operand_text) = (value.as_str(), operand.as_str()) else {
        return false;
    };
    match (operator, operand, operand_text) {
        ("anything-but", Value::Array(others), _) => !others.contains(value),
        ("anything-but", Value::String(other), _) => other != text,
        ("anything-but", Value::Object(inner), _) => {
            let [(operator, operand)] = inner.iter().collect::<Vec<_>>()[..] else {
                return false;
            };
            KNOWN.contains(&operator.as_str()) && operand.is_string() && !is(operator, operand, value)
        }
        ("prefix", _, Some(start)) => text.starts_with(start),
        ("suffix", _, Some(end)) => text.ends_with(end),
        ("equals-ignore-case", _, Some(other)) => text.eq_ignore_ascii_case(other),
        ("wildcard", _, Some(pattern)) => wildcard(pattern, text),
        _ => false,
    }
}

/// The operators that `anything-but` turns round.
const KNOWN: [&str; 4] = ["prefix", "suffix", "equals-ignore-case", "wildcard"];

/// `*` is any number of characters.
fn wildcard(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            let mut ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.any(|at| wildcard(rest, &text[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_what_it_takes() {
        let all = json!({"source": ["aws.health"]});
        for same in [
            json!({"source": ["aws.health"], "detail-type": ["AWS Health Event", "AWS Health Abuse Event"]}),
            json!({"source": ["aws.health"], "detail-type": [{"prefix": "AWS Health"}]}),
            json!({"source": [{"wildcard": "aws.h*"}]}),
            json!({"source": ["aws.health"], "detail": {"eventTypeCategory":
                ["issue", "accountNotification", "scheduledChange", "investigation"]}}),
            json!({"source": ["aws.health"], "detail": {"service": [{"exists": true}]}}),
            json!({"source": ["aws.health"], "$or": [
                {"detail-type": ["AWS Health Event"]}, {"detail-type": [{"suffix": "Abuse Event"}]}]}),
            json!({"source": ["aws.health"], "detail": {"eventRegion": [{"anything-but": ["xx-none-1"]}]}}),
            json!({"source": ["aws.health"], "detail": {"statusCode": [{"anything-but": {"prefix": "up"}}]}}),
        ] {
            assert!(takes_all_of(&same, &all) && is_health(&same), "{same}");
        }
        for less in [
            json!({"source": ["aws.health"], "detail-type": ["AWS Health Event"]}),
            json!({"source": ["aws.health"], "detail": {"eventTypeCategory": ["issue"]}}),
            json!({"source": ["aws.health"], "detail": {"service": ["EC2", "S3", "RISK"]}}),
            json!({"source": ["aws.health"], "detail": {"eventScopeCode": ["ACCOUNT_SPECIFIC"]}}),
            json!({"source": ["aws.health"], "detail": {"backupEvent": ["false", {"exists": false}]}}),
            json!({"source": ["aws.health"], "resources": [{"exists": true}]}),
            json!({"source": ["aws.health"], "detail": {"statusCode": [{"anything-but": {"newer": "up"}}]}}),
            json!({"source": ["aws.health"], "detail": {"page": [{"numeric": [">", 0]}]}}),
            json!({"source": ["aws.ec2"]}),
            json!({"source": "aws.health"}),
            json!(null),
        ] {
            assert!(!takes_all_of(&less, &all), "{less}");
            assert!(takes_all_of(&all, &less), "{less}");
        }
    }

    #[test]
    fn a_health_rule_takes_nothing_else() {
        for detail in [
            json!({"eventTypeCategory": ["issue"]}),
            json!({"service": ["EC2"]}),
        ] {
            let health = json!({"source": ["aws.health"], "detail": detail});
            assert!(is_health(&health), "{health}");
        }
        for other in [
            json!({"source": ["aws.health", "zz.sample"]}),
            json!({"source": [{"prefix": ""}]}),
            json!({"detail-type": ["AWS Health Event"]}),
            json!({"source": ["aws.ec2"]}),
            json!({}),
        ] {
            assert!(!is_health(&other), "{other}");
        }
    }
}
