//! The protocols: from a request to a [`Call`], and from its answer to a response.
//!
//! Each AWS protocol is a codec beside this file; which one a service speaks, and which protocol-level facts it needs
//! (a namespace, routes), the service declares with a [`Protocol`].

mod cbor;
mod chunked;
mod form;
mod json;
mod rest_json;
mod rest_xml;
mod route;
mod scope;
#[cfg(test)]
mod tests;
mod xml;

use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Map, Value};

use super::service::Service;
use super::{Answer, AwsError, Call, services};

pub(super) use rest_xml::{Dialect, Host};
pub(super) use route::{Route, route};

/// A request as it came from a client, with its whole body.
pub(super) type Request = http::Request<Vec<u8>>;
/// A response that goes back.
pub(super) type Response = http::Response<Vec<u8>>;

/// How a service encodes requests and answers.
#[derive(Clone, Copy)]
pub(super) enum Protocol {
    /// A form in, XML out, lists of `member`. The text is the XML namespace.
    Query(&'static str),
    /// EC2's variant of it: lists of `item`, another form of errors.
    Ec2Query(&'static str),
    /// A header tells the operation, JSON in and out. The text is the version of the protocol, such as `1.1`.
    Json(&'static str),
    /// The path tells the operation, CBOR in and out. The text is the namespace of the service's shapes.
    Cbor(&'static str),
    /// Method and path tell the operation, XML in and out.
    RestXml(&'static Dialect),
    /// Method and path tell the operation, JSON in and out.
    RestJson(&'static [Route]),
}

impl Service {
    /// The protocol of a request: the one that its headers tell. A form, which no header tells, comes last; without one
    /// it is the preferred protocol.
    fn protocol(&self, headers: &HeaderMap) -> Protocol {
        let told = self.protocols.iter().find(|protocol| match protocol {
            Protocol::Cbor(_) => headers.contains_key("smithy-protocol"),
            Protocol::Json(_) => headers.contains_key("x-amz-target"),
            Protocol::Query(_) | Protocol::Ec2Query(_) => true,
            Protocol::RestXml(_) | Protocol::RestJson(_) => false,
        });
        *told.unwrap_or(&self.protocols[0])
    }

    /// An error as it is written in a protocol without forms, if the service speaks a form protocol too: the name of the
    /// error's shape in the body, and a header with the code, by which clients go (Smithy 2.0, `awsQueryCompatible`).
    fn query_compatible(&self, protocol: Protocol, error: &AwsError) -> Option<(AwsError, String)> {
        let is_query = |protocol: &Protocol| matches!(protocol, Protocol::Query(_));
        if is_query(&protocol) || !self.protocols.iter().any(is_query) {
            return None;
        }
        let blame = if error.status < 500 { "Sender" } else { "Receiver" };
        let shape = AwsError {
            code: (self.error_shape)(&error.code).to_owned(),
            ..error.clone()
        };
        Some((shape, format!("{};{blame}", error.code)))
    }
}

/// A request that could be read.
pub(super) struct Decoded {
    /// What is asked.
    pub(super) call: Call,
    /// How the answer is to be written.
    pub(super) protocol: Protocol,
}

/// A request that could not be read, with as much as is known of it.
pub(super) struct Unread {
    /// The service's name, as far as it is known.
    pub(super) service: String,
    /// The region, as far as it is known.
    pub(super) region: String,
    /// How the client expects its error.
    pub(super) protocol: Protocol,
    /// What is wrong.
    pub(super) error: AwsError,
}

/// Takes the protocol off a request that came at this time, in seconds since 1970.
pub(super) fn decode(request: &Request, now: i64) -> Result<Decoded, Box<Unread>> {
    let Some(scope) = scope::of(request.headers()) else {
        return Err(Box::new(Unread {
            service: String::new(),
            region: String::new(),
            protocol: guess(request.headers()),
            error: AwsError::with_status(
                403,
                "MissingAuthenticationToken",
                "Request is missing Authentication Token",
            ),
        }));
    };
    let unread = |protocol, error| {
        Box::new(Unread {
            service: scope.service.to_owned(),
            region: scope.region.to_owned(),
            protocol,
            error,
        })
    };
    let segments = segments(request.uri());
    let first = segments.first().map(String::as_str);
    let Some(service) = services::signed_for(scope.service, first) else {
        let message = format!("The sandbox does not know the service {}.", scope.service);
        return Err(unread(
            guess(request.headers()),
            AwsError::new("NotInSandbox", message),
        ));
    };
    let protocol = service.protocol(request.headers());
    let parts = Parts::of(request).map_err(|error| unread(protocol, error))?;
    let (operation, input) = match protocol {
        Protocol::Query(_) | Protocol::Ec2Query(_) => form::decode(&parts),
        Protocol::Json(_) => json::decode(&parts),
        Protocol::Cbor(_) => cbor::decode(&parts),
        Protocol::RestXml(dialect) => rest_xml::decode(service.name, dialect, &parts),
        Protocol::RestJson(routes) => rest_json::decode(service.name, routes, &parts),
    }
    .map_err(|error| unread(protocol, error))?;
    Ok(Decoded {
        call: Call {
            service: service.name,
            region: scope.region.to_owned(),
            operation,
            input,
            now,
        },
        protocol,
    })
}

/// Puts an answer into its protocol.
pub(super) fn encode(protocol: Protocol, call: Option<&Call>, answer: &Answer, request_id: &str) -> Response {
    let compatible = match (call, answer) {
        (Some(call), Err(error)) => services::of(call).query_compatible(protocol, error),
        _ => None,
    };
    match compatible {
        Some((error, code)) => {
            written(protocol, call, &Err(error), request_id).with_header("x-amzn-query-error", &code)
        }
        None => written(protocol, call, answer, request_id),
    }
}

fn written(protocol: Protocol, call: Option<&Call>, answer: &Answer, request_id: &str) -> Response {
    match (protocol, call, answer) {
        (Protocol::Query(namespace), Some(call), Ok(output)) => xml_response(
            200,
            xml::query_answer(namespace, &call.operation, output, request_id),
        ),
        (Protocol::Ec2Query(namespace), Some(call), Ok(output)) => xml_response(
            200,
            xml::ec2_answer(namespace, &call.operation, output, request_id),
        ),
        (Protocol::Json(version), Some(_), Ok(output)) => json::encode(version, output),
        (Protocol::Cbor(_), Some(_), Ok(output)) => cbor::encode(output),
        (Protocol::RestXml(dialect), Some(call), Ok(output)) => rest_xml::encode(dialect, call, output),
        (Protocol::RestJson(routes), Some(call), Ok(output)) => rest_json::encode(routes, call, output),
        (Protocol::Query(namespace), _, Err(error)) => {
            xml_response(error.status, xml::query_error(namespace, error, request_id))
        }
        (Protocol::Ec2Query(_), _, Err(error)) => {
            xml_response(error.status, xml::ec2_error(error, request_id))
        }
        (Protocol::Json(version), _, Err(error)) => json::encode_error(version, error),
        (Protocol::Cbor(namespace), _, Err(error)) => cbor::encode_error(namespace, error),
        (Protocol::RestXml(dialect), _, Err(error)) => {
            rest_xml::encode_error(dialect, call, error, request_id)
        }
        (Protocol::RestJson(_), _, Err(error)) => rest_json::encode_error(error),
        // Only errors are ever answered without a call.
        (_, None, Ok(_)) => Response::default(),
    }
    .with_header(
        match protocol {
            Protocol::RestXml(_) => "x-amz-request-id",
            _ => "x-amzn-requestid",
        },
        request_id,
    )
}

/// The parts of a request that tell operation and input.
struct Parts<'a> {
    method: &'a Method,
    /// The host without its port.
    host: &'a str,
    /// The path's segments, percent-decoded; none of a path `/`.
    segments: Vec<String>,
    /// The query, decoded; a key without a value has an empty one.
    query: Vec<(String, String)>,
    headers: &'a HeaderMap,
    body: Vec<u8>,
}

impl<'a> Parts<'a> {
    fn of(request: &'a Request) -> Result<Self, AwsError> {
        let uri = request.uri();
        let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
        Ok(Parts {
            method: request.method(),
            host: host(uri, request.headers()),
            segments: segments(uri),
            query,
            headers: request.headers(),
            body: chunked::plain(request.headers(), request.body())?,
        })
    }

    fn has_query(&self, key: &str) -> bool {
        self.query.iter().any(|(name, _)| name == key)
    }

    fn segments(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }
}

/// The segments of a path, percent-decoded.
fn segments(uri: &Uri) -> Vec<String> {
    let segments = uri.path().split('/').filter(|segment| !segment.is_empty());
    segments
        .map(|segment| {
            percent_encoding::percent_decode_str(segment)
                .decode_utf8_lossy()
                .into_owned()
        })
        .collect()
}

/// The host that a request names: in an absolute address (a proxy's form), or in its header.
fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> &'a str {
    let named = uri
        .host()
        .or_else(|| headers.get("host").and_then(|value| value.to_str().ok()))
        .unwrap_or_default();
    match named.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => named,
    }
}

/// The protocol of a request whose service is unknown, so that its client can at least read the error.
fn guess(headers: &HeaderMap) -> Protocol {
    let content_type = headers
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if content_type.starts_with("application/x-www-form-urlencoded") {
        Protocol::Query("")
    } else if content_type.contains("xml") {
        Protocol::RestXml(&rest_xml::UNKNOWN)
    } else {
        Protocol::RestJson(&[])
    }
}

/// Adds to a tree under construction, where there is a value.
fn put(input: &mut Map<String, Value>, name: &str, value: Option<impl Into<String>>) {
    if let Some(value) = value {
        input.insert(name.to_owned(), Value::String(value.into()));
    }
}

/// Small conveniences on a response. Whatever cannot be a header or a status is left out: a response is always made.
trait ResponseExt {
    fn with_header(self, name: &'static str, value: &str) -> Self;
    fn with_status(self, status: u16) -> Self;
}

impl ResponseExt for Response {
    fn with_header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = http::HeaderValue::from_str(value) {
            self.headers_mut().insert(name, value);
        }
        self
    }

    fn with_status(mut self, status: u16) -> Self {
        if let Ok(status) = StatusCode::from_u16(status) {
            *self.status_mut() = status;
        }
        self
    }
}

fn xml_response(status: u16, body: String) -> Response {
    Response::new(body.into_bytes())
        .with_status(status)
        .with_header("content-type", "text/xml;charset=UTF-8")
}
