//! restXml, which only S3 and S3 Control speak, with their habits.

use http::Method;
use quick_xml::escape::escape;
use serde_json::{Map, Value};

use super::{AwsError, Call, Parts, Response, ResponseExt, put, xml, xml_response};

const S3_NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";
const S3_CONTROL_NAMESPACE: &str = "http://awss3control.amazonaws.com/doc/2018-08-20/";

/// What a bucket's operations have in common: method, and the key in the query that tells them apart.
struct Route {
    operation: &'static str,
    method: Method,
    /// The subresource; none for the bucket itself.
    key: Option<&'static str>,
    output: Output,
}

/// How an answer is written.
enum Output {
    /// As a document with this root.
    Xml(&'static str),
    /// As it is: the member of this name.
    Raw(&'static str),
    /// In headers, and no body; with this status.
    Headers(u16),
}

static BUCKET: [Route; 29] = [
    route(
        "GetBucketPolicyStatus",
        Method::GET,
        Some("policyStatus"),
        Output::Xml("PolicyStatus"),
    ),
    route(
        "GetBucketPolicy",
        Method::GET,
        Some("policy"),
        Output::Raw("Policy"),
    ),
    route(
        "PutBucketPolicy",
        Method::PUT,
        Some("policy"),
        Output::Headers(200),
    ),
    route(
        "DeleteBucketPolicy",
        Method::DELETE,
        Some("policy"),
        Output::Headers(204),
    ),
    route(
        "GetBucketAcl",
        Method::GET,
        Some("acl"),
        Output::Xml("AccessControlPolicy"),
    ),
    route("PutBucketAcl", Method::PUT, Some("acl"), Output::Headers(200)),
    route(
        "GetBucketLocation",
        Method::GET,
        Some("location"),
        Output::Xml("LocationConstraint"),
    ),
    route(
        "GetPublicAccessBlock",
        Method::GET,
        Some("publicAccessBlock"),
        PUBLIC_ACCESS_BLOCK,
    ),
    route(
        "PutPublicAccessBlock",
        Method::PUT,
        Some("publicAccessBlock"),
        Output::Headers(200),
    ),
    route(
        "DeletePublicAccessBlock",
        Method::DELETE,
        Some("publicAccessBlock"),
        Output::Headers(204),
    ),
    route(
        "GetBucketOwnershipControls",
        Method::GET,
        Some("ownershipControls"),
        Output::Xml("OwnershipControls"),
    ),
    route(
        "PutBucketOwnershipControls",
        Method::PUT,
        Some("ownershipControls"),
        Output::Headers(200),
    ),
    route(
        "DeleteBucketOwnershipControls",
        Method::DELETE,
        Some("ownershipControls"),
        Output::Headers(204),
    ),
    route(
        "GetBucketEncryption",
        Method::GET,
        Some("encryption"),
        Output::Xml("ServerSideEncryptionConfiguration"),
    ),
    route(
        "PutBucketEncryption",
        Method::PUT,
        Some("encryption"),
        Output::Headers(200),
    ),
    route(
        "DeleteBucketEncryption",
        Method::DELETE,
        Some("encryption"),
        Output::Headers(204),
    ),
    route(
        "GetBucketVersioning",
        Method::GET,
        Some("versioning"),
        Output::Xml("VersioningConfiguration"),
    ),
    route(
        "PutBucketVersioning",
        Method::PUT,
        Some("versioning"),
        Output::Headers(200),
    ),
    route(
        "GetBucketLifecycleConfiguration",
        Method::GET,
        Some("lifecycle"),
        Output::Xml("LifecycleConfiguration"),
    ),
    route(
        "PutBucketLifecycleConfiguration",
        Method::PUT,
        Some("lifecycle"),
        Output::Headers(200),
    ),
    route(
        "DeleteBucketLifecycle",
        Method::DELETE,
        Some("lifecycle"),
        Output::Headers(204),
    ),
    route(
        "GetBucketTagging",
        Method::GET,
        Some("tagging"),
        Output::Xml("Tagging"),
    ),
    route(
        "PutBucketTagging",
        Method::PUT,
        Some("tagging"),
        Output::Headers(200),
    ),
    route(
        "DeleteBucketTagging",
        Method::DELETE,
        Some("tagging"),
        Output::Headers(204),
    ),
    route(
        "ListObjectVersions",
        Method::GET,
        Some("versions"),
        Output::Xml("ListVersionsResult"),
    ),
    route("CreateBucket", Method::PUT, None, Output::Headers(200)),
    route("DeleteBucket", Method::DELETE, None, Output::Headers(204)),
    route("HeadBucket", Method::HEAD, None, Output::Headers(200)),
    route(
        "ListBuckets",
        Method::GET,
        None,
        Output::Xml("ListAllMyBucketsResult"),
    ),
];

static CONTROL: [Route; 3] = [
    route("GetPublicAccessBlock", Method::GET, None, PUBLIC_ACCESS_BLOCK),
    route("PutPublicAccessBlock", Method::PUT, None, Output::Headers(200)),
    route(
        "DeletePublicAccessBlock",
        Method::DELETE,
        None,
        Output::Headers(200),
    ),
];

const PUBLIC_ACCESS_BLOCK: Output = Output::Xml("PublicAccessBlockConfiguration");

const fn route(operation: &'static str, method: Method, key: Option<&'static str>, output: Output) -> Route {
    Route {
        operation,
        method,
        key,
        output,
    }
}

/// The query keys that only identify or page, and name no subresource.
const PLAIN_KEYS: [&str; 6] = [
    "x-id",
    "max-keys",
    "max-buckets",
    "continuation-token",
    "prefix",
    "bucket-region",
];

/// Reads service, operation and input.
pub(super) fn decode(parts: &Parts<'_>) -> Result<(&'static str, String, Value), AwsError> {
    let mut input = Map::new();
    for (name, value) in parts.headers {
        if let (true, Ok(value)) = (name.as_str().starts_with("x-amz-"), value.to_str()) {
            put(&mut input, name.as_str(), Some(value));
        }
    }
    for key in PLAIN_KEYS.iter().skip(1) {
        put(
            &mut input,
            key,
            parts
                .query
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value),
        );
    }
    let segments = parts.segments();
    if let ["v20180820", rest @ ..] = segments.as_slice() {
        return control(parts, rest, input).map(|(operation, input)| ("s3control", operation, input));
    }
    let bucket_in_host = bucket_of_host(parts.host);
    let (bucket, key) = match (bucket_in_host, segments.as_slice()) {
        (Some(bucket), key) => (Some(bucket), key),
        (None, [bucket, key @ ..]) => (Some(*bucket), key),
        (None, []) => (None, &[] as &[&str]),
    };
    put(&mut input, "Bucket", bucket);
    let unknown = || unknown(parts, "s3");
    if !key.is_empty() {
        return Err(unknown());
    }
    let route = BUCKET
        .iter()
        .filter(|route| route.method == *parts.method)
        .find(|route| match route.key {
            Some(key) => bucket.is_some() && parts.has_query(key),
            None => {
                let of_bucket = route.operation != "ListBuckets";
                of_bucket == bucket.is_some()
                    && parts
                        .query
                        .iter()
                        .all(|(name, _)| PLAIN_KEYS.contains(&name.as_str()))
            }
        })
        .ok_or_else(unknown)?;
    payload(route, parts, &mut input)?;
    Ok(("s3", route.operation.to_owned(), Value::Object(input)))
}

/// S3 Control: one path, and the account in a header or in front of the host.
fn control(
    parts: &Parts<'_>,
    path: &[&str],
    mut input: Map<String, Value>,
) -> Result<(String, Value), AwsError> {
    let route = CONTROL
        .iter()
        .find(|route| route.method == *parts.method)
        .filter(|_| path == ["configuration", "publicAccessBlock"])
        .ok_or_else(|| unknown(parts, "s3control"))?;
    put(&mut input, "host-account-id", account_of_host(parts.host));
    payload(route, parts, &mut input)?;
    Ok((route.operation.to_owned(), Value::Object(input)))
}

fn payload(route: &Route, parts: &Parts<'_>, input: &mut Map<String, Value>) -> Result<(), AwsError> {
    if route.method == Method::PUT && !parts.body.is_empty() {
        if route.key == Some("policy") {
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
pub(super) fn encode(call: &Call, output: &Value) -> Response {
    let (routes, namespace): (&[Route], _) = match call.service {
        "s3control" => (&CONTROL, S3_CONTROL_NAMESPACE),
        _ => (&BUCKET, S3_NAMESPACE),
    };
    let Some(route) = routes.iter().find(|route| route.operation == call.operation) else {
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
                &format!("<{root} xmlns=\"{namespace}\""),
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
        Output::Headers(status) => {
            let mut response = Response::default().with_status(status);
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
pub(super) fn encode_error(call: Option<&Call>, error: &AwsError, request_id: &str) -> Response {
    if call.is_some_and(|call| call.operation == "HeadBucket") {
        return Response::default().with_status(error.status);
    }
    let members = format!(
        "<Code>{}</Code><Message>{}</Message>",
        escape(error.code.as_str()),
        escape(error.message.as_str())
    );
    let body = if call.is_some_and(|call| call.service == "s3control") {
        format!(
            "<ErrorResponse xmlns=\"{S3_CONTROL_NAMESPACE}\"><Error>{members}</Error>\
             <RequestId>{request_id}</RequestId></ErrorResponse>"
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

#[cfg(test)]
mod tests {
    use super::*;
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
        decode(&Parts::of(&request).unwrap())
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
