//! restJson: method and path tell the operation; path, query and body together are its input.

use http::Method;
use serde_json::{Map, Value};

use super::{AwsError, Call, Parts, Response, ResponseExt};

/// One operation's place among the paths. A segment in braces is a label, and so is the last one with a `+`, which
/// takes the rest of the path.
struct Route {
    service: &'static str,
    operation: &'static str,
    method: Method,
    path: &'static [&'static str],
    /// The status of success.
    status: u16,
}

static ROUTES: [Route; 41] = [
    analyzer("ListAnalyzers", Method::GET, &["analyzer"]),
    analyzer("CreateAnalyzer", Method::PUT, &["analyzer"]),
    analyzer("GetAnalyzer", Method::GET, &["analyzer", "{analyzerName}"]),
    analyzer("DeleteAnalyzer", Method::DELETE, &["analyzer", "{analyzerName}"]),
    analyzer("ListTagsForResource", Method::GET, &["tags", "{resourceArn+}"]),
    analyzer("TagResource", Method::POST, &["tags", "{resourceArn+}"]),
    analyzer("UntagResource", Method::DELETE, &["tags", "{resourceArn+}"]),
    contact("DeleteAlternateContact", &["deleteAlternateContact"]),
    contact("GetAccountInformation", &["getAccountInformation"]),
    contact("GetAlternateContact", &["getAlternateContact"]),
    contact("GetContactInformation", &["getContactInformation"]),
    contact("ListRegions", &["listRegions"]),
    contact("PutAlternateContact", &["putAlternateContact"]),
    contact("PutContactInformation", &["putContactInformation"]),
    route("ListDetectors", Method::GET, &["detector"], 200),
    route("CreateDetector", Method::POST, &["detector"], 200),
    route("GetDetector", Method::GET, &["detector", "{detectorId}"], 200),
    route("UpdateDetector", Method::POST, &["detector", "{detectorId}"], 200),
    route(
        "DeleteDetector",
        Method::DELETE,
        &["detector", "{detectorId}"],
        200,
    ),
    route(
        "GetAdministratorAccount",
        Method::GET,
        &["detector", "{detectorId}", "administrator"],
        200,
    ),
    route(
        "ListTagsForResource",
        Method::GET,
        &["tags", "{resourceArn+}"],
        200,
    ),
    route("TagResource", Method::POST, &["tags", "{resourceArn+}"], 204),
    route("UntagResource", Method::DELETE, &["tags", "{resourceArn+}"], 204),
    hub("DescribeHub", Method::GET, &["accounts"]),
    hub("EnableSecurityHub", Method::POST, &["accounts"]),
    hub("UpdateSecurityHubConfiguration", Method::PATCH, &["accounts"]),
    hub("DisableSecurityHub", Method::DELETE, &["accounts"]),
    hub("DescribeSecurityHubV2", Method::GET, &["hubv2"]),
    hub("GetAdministratorAccount", Method::GET, &["administrator"]),
    hub("DescribeStandards", Method::GET, &["standards"]),
    hub("GetEnabledStandards", Method::POST, &["standards", "get"]),
    hub("BatchEnableStandards", Method::POST, &["standards", "register"]),
    hub(
        "BatchDisableStandards",
        Method::POST,
        &["standards", "deregister"],
    ),
    hub(
        "ListFindingAggregators",
        Method::GET,
        &["findingAggregator", "list"],
    ),
    hub(
        "GetFindingAggregator",
        Method::GET,
        &["findingAggregator", "get", "{FindingAggregatorArn+}"],
    ),
    hub(
        "CreateFindingAggregator",
        Method::POST,
        &["findingAggregator", "create"],
    ),
    hub(
        "UpdateFindingAggregator",
        Method::PATCH,
        &["findingAggregator", "update"],
    ),
    hub(
        "DeleteFindingAggregator",
        Method::DELETE,
        &["findingAggregator", "delete", "{FindingAggregatorArn+}"],
    ),
    hub("ListTagsForResource", Method::GET, &["tags", "{ResourceArn+}"]),
    hub("TagResource", Method::POST, &["tags", "{ResourceArn+}"]),
    hub("UntagResource", Method::DELETE, &["tags", "{ResourceArn+}"]),
];

const fn route(operation: &'static str, method: Method, path: &'static [&'static str], status: u16) -> Route {
    Route {
        service: "guardduty",
        operation,
        method,
        path,
        status,
    }
}

/// An operation of Access Analyzer.
const fn analyzer(operation: &'static str, method: Method, path: &'static [&'static str]) -> Route {
    Route {
        service: "access-analyzer",
        operation,
        method,
        path,
        status: 200,
    }
}

/// An operation of Security Hub.
const fn hub(operation: &'static str, method: Method, path: &'static [&'static str]) -> Route {
    Route {
        service: "securityhub",
        operation,
        method,
        path,
        status: 200,
    }
}

/// An operation of Account Management: all are posted, and the path is the operation's name.
const fn contact(operation: &'static str, path: &'static [&'static str]) -> Route {
    Route {
        service: "account",
        operation,
        method: Method::POST,
        path,
        status: 200,
    }
}

/// Reads operation and input. A query parameter that comes once is a string, one that is repeated a list.
pub(super) fn decode(service: &str, parts: &Parts<'_>) -> Result<(String, Value), AwsError> {
    let segments = parts.segments();
    let found = ROUTES
        .iter()
        .filter(|route| route.service == service && route.method == *parts.method)
        .find_map(|route| labels(route.path, &segments).map(|labels| (route, labels)));
    let Some((route, labels)) = found else {
        return Err(AwsError::new(
            "NotInSandbox",
            format!(
                "The sandbox does not know the operation {service}:{} /{}.",
                parts.method,
                segments.join("/")
            ),
        ));
    };
    let mut input = if parts.body.is_empty() {
        Map::new()
    } else {
        serde_json::from_slice(&parts.body)
            .map_err(|_| AwsError::new("SerializationException", "The request body is not a JSON object."))?
    };
    for (name, value) in &parts.query {
        match input.get_mut(name) {
            None => {
                input.insert(name.clone(), Value::String(value.clone()));
            }
            Some(Value::Array(list)) => list.push(Value::String(value.clone())),
            Some(first) => *first = Value::Array(vec![first.take(), Value::String(value.clone())]),
        }
    }
    input.extend(labels);
    Ok((route.operation.to_owned(), Value::Object(input)))
}

/// The labels of a path that fits.
fn labels(template: &[&str], segments: &[&str]) -> Option<Vec<(String, Value)>> {
    let mut labels = Vec::new();
    for (i, part) in template.iter().enumerate() {
        let segment = segments.get(i)?;
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            None if part == segment => {}
            None => return None,
            Some(name) => match name.strip_suffix('+') {
                Some(name) => {
                    labels.push((name.to_owned(), Value::String(segments[i..].join("/"))));
                    return Some(labels);
                }
                None => labels.push((name.to_owned(), Value::String((*segment).to_owned()))),
            },
        }
    }
    (template.len() == segments.len()).then_some(labels)
}

/// Writes an answer.
pub(super) fn encode(call: &Call, output: &Value) -> Response {
    let status = ROUTES
        .iter()
        .find(|route| route.service == call.service && route.operation == call.operation)
        .map_or(200, |route| route.status);
    if status == 204 {
        return Response::default().with_status(status);
    }
    let body = match output {
        Value::Object(members) => Value::Object(present(members)),
        _ => Value::Object(Map::new()),
    };
    Response::new(body.to_string().into_bytes())
        .with_status(status)
        .with_header("content-type", "application/json")
}

/// Writes an error.
pub(super) fn encode_error(error: &AwsError) -> Response {
    let mut body: serde_json::Map<String, Value> = error.members.clone().into_iter().collect();
    body.insert("__type".to_owned(), error.code.clone().into());
    body.insert("message".to_owned(), error.message.clone().into());
    Response::new(Value::Object(body).to_string().into_bytes())
        .with_status(error.status)
        .with_header("content-type", "application/json")
        .with_header("x-amzn-errortype", &error.code)
}

/// The members that have a value, at every depth.
pub(super) fn present(members: &Map<String, Value>) -> Map<String, Value> {
    fn value(of: &Value) -> Value {
        match of {
            Value::Object(members) => Value::Object(present(members)),
            Value::Array(items) => items.iter().map(value).collect(),
            scalar => scalar.clone(),
        }
    }
    members
        .iter()
        .filter(|(_, member)| !member.is_null())
        .map(|(name, member)| (name.clone(), value(member)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn input(method: &str, uri: &str, body: &str) -> Result<(String, Value), AwsError> {
        let request = http::Request::builder()
            .method(method)
            .uri(uri)
            .body(body.as_bytes().to_vec())
            .unwrap();
        decode("guardduty", &Parts::of(&request).unwrap())
    }

    #[test]
    fn the_path_tells_the_operation() {
        assert_eq!(
            input("GET", "/detector?maxResults=1", "").unwrap(),
            ("ListDetectors".into(), json!({"maxResults": "1"}))
        );
        assert_eq!(
            input("POST", "/detector/abc", r#"{"enable": false}"#).unwrap(),
            (
                "UpdateDetector".into(),
                json!({"enable": false, "detectorId": "abc"})
            )
        );
        assert_eq!(
            input(
                "GET",
                "/tags/arn%3Aaws%3Aguardduty%3Aeu-west-1%3A1%3Adetector%2Fabc",
                ""
            )
            .unwrap(),
            (
                "ListTagsForResource".into(),
                json!({"resourceArn": "arn:aws:guardduty:eu-west-1:1:detector/abc"})
            )
        );
        assert_eq!(input("GET", "/member", "").unwrap_err().code, "NotInSandbox");
        assert_eq!(
            input("POST", "/detector", "[1]").unwrap_err().code,
            "SerializationException"
        );
    }
}
