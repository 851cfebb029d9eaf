//! rpc-v2-cbor: the path tells the operation, the body is its input in CBOR (RFC 8949).
//!
//! Source: Smithy 2.0, "Smithy RPC v2 CBOR protocol".

use minicbor::data::{IanaTag, Tag, Type};
use minicbor::{Decoder, Encoder};
use serde_json::{Map, Value};

use super::rest_json::present;
use super::{AwsError, Parts, Response, ResponseExt};

/// Reads operation and input: `/service/GraniteServiceVersion20100801/operation/DescribeAlarms`.
///
/// A timestamp becomes the number of seconds since 1970 that it is.
pub(super) fn decode(parts: &Parts<'_>) -> Result<(String, Value), AwsError> {
    let segments = parts.segments();
    let ["service", _, "operation", operation] = segments.as_slice() else {
        return Err(AwsError::new("UnknownOperationException", ""));
    };
    let input = if parts.body.is_empty() {
        Value::Object(Map::new())
    } else {
        value(&mut Decoder::new(&parts.body), 0)
            .ok()
            .filter(Value::is_object)
            .ok_or_else(|| AwsError::new("SerializationException", "The request body is not a CBOR map."))?
    };
    Ok(((*operation).to_owned(), input))
}

/// Writes an answer. An operation without output answers an empty map.
///
/// What is called `…Timestamp` is one: its number is marked as the protocol wants it.
pub(super) fn encode(output: &Value) -> Response {
    let members = match output {
        Value::Object(members) => present(members),
        _ => Map::new(),
    };
    response(200, &Value::Object(members))
}

/// Writes an error, whose type carries the namespace of the service's shapes.
pub(super) fn encode_error(namespace: &str, error: &AwsError) -> Response {
    let body = serde_json::json!({
        "__type": format!("{namespace}#{}", error.code),
        "message": error.message,
    });
    response(error.status, &body)
}

fn response(status: u16, body: &Value) -> Response {
    let mut bytes = Vec::new();
    // Nothing can go wrong in memory.
    let _ = write(&mut Encoder::new(&mut bytes), "", body);
    Response::new(bytes)
        .with_status(status)
        .with_header("content-type", "application/cbor")
        .with_header("smithy-protocol", "rpc-v2-cbor")
}

type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

fn write(to: &mut Encoder<&mut Vec<u8>>, name: &str, value: &Value) -> Written {
    match value {
        Value::Null => to.null()?,
        Value::Bool(bool) => to.bool(*bool)?,
        Value::String(text) => to.str(text)?,
        Value::Number(number) => {
            if name.ends_with("Timestamp") {
                to.tag(IanaTag::Timestamp)?;
            }
            match number.as_i64() {
                Some(whole) => to.i64(whole)?,
                None => to.f64(number.as_f64().unwrap_or_default())?,
            }
        }
        Value::Array(values) => {
            to.array(values.len() as u64)?;
            for value in values {
                write(to, name, value)?;
            }
            to
        }
        Value::Object(members) => {
            to.map(members.len() as u64)?;
            for (name, value) in members {
                to.str(name)?;
                write(to, name, value)?;
            }
            to
        }
    };
    Ok(())
}

/// How deep a body may be: nobody's input is, and a hostile one must not exhaust the stack.
const DEEPEST: u8 = 64;

fn value(from: &mut Decoder<'_>, depth: u8) -> Result<Value, minicbor::decode::Error> {
    if depth > DEEPEST {
        return Err(minicbor::decode::Error::message("too deep"));
    }
    let next = |from: &mut Decoder<'_>| value(from, depth + 1);
    Ok(match from.datatype()? {
        Type::Null => from.null().map(|()| Value::Null)?,
        Type::Undefined => from.undefined().map(|()| Value::Null)?,
        Type::Bool => from.bool()?.into(),
        Type::String | Type::StringIndef => from.str_iter()?.collect::<Result<String, _>>()?.into(),
        Type::F16 | Type::F32 | Type::F64 => from.f64()?.into(),
        Type::Array | Type::ArrayIndef => {
            let length = from.array()?;
            let mut values = Vec::new();
            while more(from, length, values.len())? {
                values.push(next(from)?);
            }
            values.into()
        }
        Type::Map | Type::MapIndef => {
            let length = from.map()?;
            let mut members = Map::new();
            let mut read = 0;
            while more(from, length, read)? {
                let name = from.str_iter()?.collect::<Result<String, _>>()?;
                members.insert(name, next(from)?);
                read += 1;
            }
            members.into()
        }
        Type::Tag if from.tag()? == Tag::from(IanaTag::Timestamp) => next(from)?,
        Type::U8 | Type::U16 | Type::U32 | Type::U64 | Type::I8 | Type::I16 | Type::I32 | Type::I64 => {
            from.i64()?.into()
        }
        other => return Err(minicbor::decode::Error::type_mismatch(other)),
    })
}

/// Whether a list or map of this length, if it told one, has more than what was read of it.
fn more(from: &mut Decoder<'_>, length: Option<u64>, read: usize) -> Result<bool, minicbor::decode::Error> {
    match length {
        Some(length) => Ok((read as u64) < length),
        None if from.datatype()? == Type::Break => from.skip().map(|()| false),
        None => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(path: &str, body: &[u8]) -> Result<(String, Value), AwsError> {
        let request = http::Request::builder()
            .method("POST")
            .uri(path)
            .body(body.to_vec())
            .unwrap();
        decode(&Parts::of(&request).unwrap())
    }

    #[test]
    fn the_path_tells_the_operation() {
        let path = "/service/GraniteServiceVersion20100801/operation/DescribeAlarms";
        assert_eq!(read(path, b"").unwrap(), ("DescribeAlarms".to_owned(), json!({})));
        assert_eq!(read("/", b"").unwrap_err().code, "UnknownOperationException");
        for body in [&b"\x80"[..], b"\xa1", b"\xff", b"\xa1\x01\x01", &[0x81; 4000]] {
            assert_eq!(
                read(path, body).unwrap_err().code,
                "SerializationException",
                "{body:?}"
            );
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let output = json!({
            "MetricAlarms": [{"Threshold": 1.0, "Period": 300, "ActionsEnabled": true, "Names": ["a", "b"]}],
            "Negative": -7,
            "StateUpdatedTimestamp": 1_767_225_600.5,
        });
        let response = encode(&output);
        assert_eq!(response.headers()["smithy-protocol"], "rpc-v2-cbor");
        assert_eq!(value(&mut Decoder::new(response.body()), 0).unwrap(), output);
        // The timestamp alone is marked as one.
        assert_eq!(response.body().iter().filter(|byte| **byte == 0xc1).count(), 1);
    }

    #[test]
    fn lists_and_maps_may_tell_no_length() {
        let path = "/service/S/operation/O";
        let (_, input) = read(path, b"\xbf\x61a\x9f\x01\xf5\xff\x61b\x7f\x61x\x61y\xff\xff").unwrap();
        assert_eq!(input, json!({"a": [1, true], "b": "xy"}));
    }

    #[test]
    fn an_error_carries_its_type() {
        let response = encode_error(
            "com.amazonaws.cloudwatch",
            &AwsError::new("ResourceNotFound", "no alarm"),
        );
        assert_eq!(response.status(), 400);
        assert_eq!(
            value(&mut Decoder::new(response.body()), 0).unwrap(),
            json!({"__type": "com.amazonaws.cloudwatch#ResourceNotFound", "message": "no alarm"})
        );
    }
}
