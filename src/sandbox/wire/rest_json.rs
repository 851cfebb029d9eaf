//! restJson: method and path tell the operation; path, query and body together are its input.

use serde_json::{Map, Value};

use super::{AwsError, Call, Parts, Response, ResponseExt, Route};

/// Reads operation and input. A query parameter that comes once is a string, one that is repeated a list.
pub(super) fn decode(
    service: &str,
    routes: &[Route],
    parts: &Parts<'_>,
) -> Result<(String, Value), AwsError> {
    let segments = parts.segments();
    let found = routes
        .iter()
        .find_map(|route| Some((route, route.labels(parts.method, &segments)?)));
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

/// Writes an answer.
pub(super) fn encode(routes: &[Route], call: &Call, output: &Value) -> Response {
    let status = routes
        .iter()
        .find(|route| route.operation == call.operation)
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
    use crate::guardduty;
    use serde_json::json;

    fn input(method: &str, uri: &str, body: &str) -> Result<(String, Value), AwsError> {
        let request = http::Request::builder()
            .method(method)
            .uri(uri)
            .body(body.as_bytes().to_vec())
            .unwrap();
        let super::super::Protocol::RestJson(routes) = guardduty::SERVICE.protocols[0] else {
            panic!("GuardDuty does not speak restJson");
        };
        decode("guardduty", routes, &Parts::of(&request).unwrap())
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
