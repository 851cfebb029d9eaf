//! restXml, which only S3 and S3 Control speak, with their habits.

use http::Method;
use quick_xml::escape::escape;
use serde_json::{Map, Value};

use super::route::Output;
use super::{AwsError, Call, Parts, Response, ResponseExt, Route, put, xml, xml_response};

/// What one of the services has of its own.
pub(crate) struct Dialect {
    /// The XML namespace.
    pub(crate) namespace: &'static str,
    /// Its operations.
    pub(crate) routes: &'static [Route],
    /// What a host name begins with.
    pub(crate) host: Host,
    /// Whether an error stands in an `ErrorResponse`.
    pub(crate) wraps_errors: bool,
}

/// What a host name begins with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    /// The bucket, unless it is the first segment of the path.
    Bucket,
    /// The account.
    Account,
}

/// The dialect of a request whose service is not known.
pub(super) static UNKNOWN: Dialect = Dialect {
    namespace: "",
    routes: &[],
    host: Host::Bucket,
    wraps_errors: false,
};

/// The query keys that only identify or page, and name no subresource.
const PLAIN_KEYS: [&str; 6] = [
    "x-id",
    "max-keys",
    "max-buckets",
    "continuation-token",
    "prefix",
    "bucket-region",
];

/// Reads operation and input.
pub(super) fn decode(
    service: &str,
    dialect: &Dialect,
    parts: &Parts<'_>,
) -> Result<(String, Value), AwsError> {
    let mut input = Map::new();
    for (name, value) in parts.headers {
        if let (true, Ok(value)) = (name.as_str().starts_with("x-amz-"), value.to_str()) {
            put(&mut input, name.as_str(), Some(value));
        }
    }
    for key in PLAIN_KEYS.iter().skip(1) {
        let mut query = parts.query.iter();
        let found = query.find(|(name, _)| name == key).map(|(_, value)| value);
        put(&mut input, key, found);
    }
    let mut segments = parts.segments();
    match dialect.host {
        Host::Bucket => segments.splice(0..0, bucket_of_host(parts.host)).for_each(drop),
        Host::Account => put(&mut input, "host-account-id", account_of_host(parts.host)),
    }
    let is_meant = |route: &Route| match route.key() {
        Some(key) => parts.has_query(key),
        // Only a bucket has subresources, and one that is not known must not pass for the bucket itself.
        None => {
            let is_plain = |(name, _): &(String, String)| PLAIN_KEYS.contains(&name.as_str());
            dialect.host == Host::Account || parts.query.iter().all(is_plain)
        }
    };
    let (route, labels) = dialect
        .routes
        .iter()
        .filter(|route| is_meant(route))
        .find_map(|route| Some((route, route.labels(parts.method, &segments)?)))
        .ok_or_else(|| unknown(parts, service))?;
    input.extend(labels);
    payload(route, parts, &mut input)?;
    Ok((route.operation.to_owned(), Value::Object(input)))
}

fn payload(route: &Route, parts: &Parts<'_>, input: &mut Map<String, Value>) -> Result<(), AwsError> {
    if *parts.method == Method::PUT && !parts.body.is_empty() {
        if route.key() == Some("policy") {
            put(input, "Policy", Some(String::from_utf8_lossy(&parts.body)));
        } else {
            let (root, value) = xml::parse(&parts.body)?;
            input.insert(root, value);
        }
    }
    Ok(())
}

fn unknown(parts: &Parts<'_>, service: &str) -> AwsError {
    let query: Vec<&str> = parts.query.iter().map(|(name, _)| name.as_str()).collect();
    AwsError::new(
        "NotInSandbox",
        format!(
            "The sandbox does not know the operation {service}:{} /{}?{}.",
            parts.method,
            parts.segments.join("/"),
            query.join("&")
        ),
    )
}

/// The bucket in front of a virtual host: `bucket.s3.eu-west-1.amazonaws.com`, `bucket.s3.localhost`,
/// `bucket.localhost`.
fn bucket_of_host(host: &str) -> Option<&str> {
    if host == "s3" || host.starts_with("s3.") || host.starts_with("s3-") {
        return None;
    }
    [".s3.", ".s3-"]
        .iter()
        .find_map(|mark| host.find(mark).map(|at| &host[..at]))
        .or_else(|| host.strip_suffix(".localhost"))
        .filter(|bucket| !bucket.is_empty())
}

/// The account in front of a host of S3 Control: `123456789012.s3-control.eu-west-1.amazonaws.com`.
fn account_of_host(host: &str) -> Option<&str> {
    host.split('.')
        .next()
        .filter(|label| label.len() == 12 && label.bytes().all(|b| b.is_ascii_digit()))
}

/// Writes an answer.
pub(super) fn encode(dialect: &Dialect, call: &Call, output: &Value) -> Response {
    let Some(route) = dialect.route(call) else {
        return Response::default();
    };
    match route.output {
        Output::Xml(root) => {
            let mut body = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
            let mut document = String::new();
            let in_header = |name: &str| name.starts_with("x-amz-");
            let mut shown = output.clone();
            if let Some(members) = shown.as_object_mut() {
                members.retain(|name, _| !in_header(name));
            }
            xml::element(&mut document, root, &shown, &|list| match list {
                "Buckets" => "Bucket",
                "TagSet" => "Tag",
                _ => "Grant",
            });
            // The namespace belongs to the root alone.
            body.push_str(&document.replacen(
                &format!("<{root}"),
                &format!("<{root} xmlns=\"{}\"", dialect.namespace),
                1,
            ));
            let mut response = xml_response(200, body).with_header("content-type", "application/xml");
            add_headers(&mut response, output, in_header);
            response
        }
        Output::Raw(member) => {
            let text = output.get(member).and_then(Value::as_str).unwrap_or_default();
            Response::new(text.as_bytes().to_vec()).with_header("content-type", "application/json")
        }
        Output::Headers => {
            let mut response = Response::default().with_status(route.status);
            add_headers(&mut response, output, |_| true);
            response
        }
    }
}

/// Puts the members that pass into headers of their names.
fn add_headers(response: &mut Response, output: &Value, passes: impl Fn(&str) -> bool) {
    for (name, value) in output.as_object().into_iter().flatten() {
        let header = http::HeaderName::try_from(name.as_str());
        let value = value.as_str().map(http::HeaderValue::from_str);
        if let (true, Ok(header), Some(Ok(value))) = (passes(name), header, value) {
            response.headers_mut().insert(header, value);
        }
    }
}

/// Writes an error: S3 and S3 Control wrap theirs differently, and an answer to HEAD has no body at all.
pub(super) fn encode_error(
    dialect: &Dialect,
    call: Option<&Call>,
    error: &AwsError,
    request_id: &str,
) -> Response {
    let route = call.and_then(|call| dialect.route(call));
    if route.is_some_and(|route| route.method() == "HEAD") {
        return Response::default().with_status(error.status);
    }
    let members = format!(
        "<Code>{}</Code><Message>{}</Message>",
        escape(error.code.as_str()),
        escape(error.message.as_str())
    );
    let body = if dialect.wraps_errors && call.is_some() {
        format!(
            "<ErrorResponse xmlns=\"{}\"><Error>{members}</Error>\
             <RequestId>{request_id}</RequestId></ErrorResponse>",
            dialect.namespace
        )
    } else {
        format!("<Error>{members}<RequestId>{request_id}</RequestId></Error>")
    };
    xml_response(
        error.status,
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}"),
    )
    .with_header("content-type", "application/xml")
}

impl Dialect {
    fn route(&self, call: &Call) -> Option<&Route> {
        self.routes.iter().find(|route| route.operation == call.operation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services;
    use serde_json::json;

    fn input(
        method: &str,
        uri: &str,
        host: &str,
        body: &str,
    ) -> Result<(&'static str, String, Value), AwsError> {
        let request = http::Request::builder()
            .method(method)
            .uri(uri)
            .header("host", host)
            .body(body.as_bytes().to_vec())
            .unwrap();
        let parts = Parts::of(&request).unwrap();
        let service = services::signed_for("s3", parts.segments().first().copied()).unwrap();
        let super::super::Protocol::RestXml(dialect) = service.protocols[0] else {
            panic!("{} does not speak restXml", service.name);
        };
        decode(service.name, dialect, &parts).map(|(operation, input)| (service.name, operation, input))
    }

    #[test]
    fn the_bucket_is_in_the_path_or_in_the_host() {
        for (uri, host) in [
            ("/b?policyStatus", "127.0.0.1:4566"),
            ("/?policyStatus", "b.s3.localhost:4566"),
            ("/?policyStatus", "b.localhost:4566"),
            ("/?policyStatus", "b.s3.eu-west-1.amazonaws.com"),
            ("http://b.s3.amazonaws.com/?policyStatus", "localhost:4566"),
        ] {
            assert_eq!(
                input("GET", uri, host, "").unwrap(),
                ("s3", "GetBucketPolicyStatus".into(), json!({"Bucket": "b"})),
                "{uri} {host}"
            );
        }
    }

    #[test]
    fn the_whole_service_is_not_a_bucket() {
        let (_, operation, input) = input(
            "GET",
            "/?x-id=ListBuckets&bucket-region=eu-west-1",
            "s3.eu-west-1.amazonaws.com",
            "",
        )
        .unwrap();
        assert_eq!(operation, "ListBuckets");
        assert_eq!(input, json!({"bucket-region": "eu-west-1"}));
    }

    #[test]
    fn s3_control_is_told_by_its_path() {
        let (service, operation, input) = input(
            "PUT",
            "/v20180820/configuration/publicAccessBlock",
            "123456789012.localhost:4566",
            "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>",
        )
        .unwrap();
        assert_eq!(
            (service, operation.as_str()),
            ("s3control", "PutPublicAccessBlock")
        );
        assert_eq!(
            input,
            json!({"host-account-id": "123456789012",
                "PublicAccessBlockConfiguration": {"BlockPublicAcls": "true"}})
        );
    }

    #[test]
    fn objects_and_other_subresources_are_unknown() {
        for uri in ["/b/key", "/b?replication", "/b?list-type=2"] {
            assert_eq!(
                input("GET", uri, "localhost", "").unwrap_err().code,
                "NotInSandbox",
                "{uri}"
            );
        }
    }
}
