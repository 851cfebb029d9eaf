//! awsJson: a header tells the operation, the body is its input.

use serde_json::{Map, Value};

use super::rest_json::present;
use super::{AwsError, Parts, Response, ResponseExt};

/// Reads operation and input: `X-Amz-Target: AWSBudgetServiceGateway.DescribeBudgets`.
pub(super) fn decode(parts: &Parts<'_>) -> Result<(String, Value), AwsError> {
    let target = parts
        .headers
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok())
        .and_then(|target| target.rsplit_once('.'));
    let Some((_, operation)) = target else {
        return Err(AwsError::new("UnknownOperationException", ""));
    };
    let input: Map<String, Value> = if parts.body.is_empty() {
        Map::new()
    } else {
        serde_json::from_slice(&parts.body)
            .map_err(|_| AwsError::new("SerializationException", "The request body is not a JSON object."))?
    };
    Ok((operation.to_owned(), Value::Object(input)))
}

/// Writes an answer. An operation without output answers an empty object.
pub(super) fn encode(version: &str, output: &Value) -> Response {
    let members = match output {
        Value::Object(members) => present(members),
        _ => Map::new(),
    };
    response(200, version, &Value::Object(members))
}

/// Writes an error.
pub(super) fn encode_error(version: &str, error: &AwsError) -> Response {
    // `Message`, with a capital, is what most of these services write; clients read both.
    let body = serde_json::json!({ "__type": error.code, "Message": error.message });
    response(error.status, version, &body)
}

fn response(status: u16, version: &str, body: &Value) -> Response {
    Response::new(body.to_string().into_bytes())
        .with_status(status)
        .with_header("content-type", &format!("application/x-amz-json-{version}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn input(target: Option<&str>, body: &str) -> Result<(String, Value), AwsError> {
        let mut request = http::Request::builder().method("POST").uri("/");
        if let Some(target) = target {
            request = request.header("X-Amz-Target", target);
        }
        let request = request.body(body.as_bytes().to_vec()).unwrap();
        decode(&Parts::of(&request).unwrap())
    }

    #[test]
    fn the_header_tells_the_operation() {
        assert_eq!(
            input(
                Some("AWSBudgetServiceGateway.DescribeBudgets"),
                r#"{"AccountId": "1"}"#
            )
            .unwrap(),
            ("DescribeBudgets".to_owned(), json!({"AccountId": "1"}))
        );
        assert_eq!(input(Some("A.B"), "").unwrap().1, json!({}));
        assert_eq!(input(None, "{}").unwrap_err().code, "UnknownOperationException");
        assert_eq!(
            input(Some("A.B"), "[1]").unwrap_err().code,
            "SerializationException"
        );
    }

    #[test]
    fn what_has_no_value_is_left_out() {
        let response = encode("1.1", &json!({"Budgets": [{"a": null, "b": 1}]}));
        assert_eq!(response.body().as_slice(), br#"{"Budgets":[{"b":1}]}"#);
        assert_eq!(response.headers()["content-type"], "application/x-amz-json-1.1");
    }
}
