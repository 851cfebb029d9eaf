//! Requests in the shape of every service.

use super::*;
use crate::services::SERVICES;

/// A request of a service in one of its protocols, and the operation that it means.
fn requests(service: &Service, protocol: Protocol) -> Vec<(Request, &'static str)> {
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=AKID/20261123/eu-west-1/{}/aws4_request, SignedHeaders=host, Signature=0",
        service.signing_name
    );
    let signed = |method: &str, path: &str| {
        http::Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", authorization.as_str())
    };
    let of_routes = |routes: &[Route]| {
        let requests = routes.iter().map(|route| {
            let path = route.place.split_once(' ').unwrap().1;
            let request = signed(route.method(), &path.replace(['{', '}', '+'], ""));
            (request.body(vec![]).unwrap(), route.operation)
        });
        requests.collect()
    };
    let (request, body) = match protocol {
        Protocol::RestXml(dialect) => return of_routes(dialect.routes),
        Protocol::RestJson(routes) => return of_routes(routes),
        Protocol::Query(_) | Protocol::Ec2Query(_) => (signed("POST", "/"), "Action=GetThing"),
        Protocol::Json(_) => (signed("POST", "/").header("x-amz-target", "A.GetThing"), ""),
        Protocol::Cbor(_) => {
            let request = signed("POST", "/service/A/operation/GetThing");
            (request.header("smithy-protocol", "rpc-v2-cbor"), "")
        }
    };
    vec![(request.body(body.as_bytes().to_vec()).unwrap(), "GetThing")]
}

#[test]
fn a_request_finds_its_service_protocol_and_operation() {
    for service in SERVICES {
        for protocol in service.protocols {
            let requests = requests(service, *protocol);
            assert!(!requests.is_empty(), "{}", service.name);
            for (request, operation) in requests {
                let Ok(decoded) = decode(&request, 0) else {
                    panic!("{} does not read {operation}", service.name);
                };
                assert_eq!(decoded.call.service, service.name, "{operation}");
                assert_eq!(decoded.call.operation, operation, "{}", service.name);
                assert_eq!(
                    std::mem::discriminant(&decoded.protocol),
                    std::mem::discriminant(protocol),
                    "{}",
                    service.name
                );
            }
        }
    }
}

#[test]
fn a_refusal_comes_in_the_protocol_of_its_request() {
    let service = &crate::cloudwatch::SERVICE;
    let refusal = Err(AwsError::new("ValidationError", "no"));
    for (protocol, kind, shape) in [
        (service.protocols[0], "application/cbor", "#ValidationException"),
        (
            service.protocols[1],
            "application/x-amz-json-1.0",
            "\"ValidationException\"",
        ),
        (
            service.protocols[2],
            "text/xml;charset=UTF-8",
            "<Code>ValidationError</Code>",
        ),
    ] {
        let (request, _) = requests(service, protocol).remove(0);
        let Ok(decoded) = decode(&request, 0) else {
            panic!("{kind} is not read");
        };
        let response = encode(decoded.protocol, Some(&decoded.call), &refusal, "r-1");
        assert_eq!(response.headers()["content-type"], kind);
        let body = String::from_utf8_lossy(response.body()).into_owned();
        assert!(body.contains(shape), "{body}");
        // Clients go by the code that a form has.
        let header = response.headers().get("x-amzn-query-error");
        let is_form = kind.starts_with("text/xml");
        assert_eq!(
            header.is_none(),
            is_form,
            "{kind} has the code of a form beside its own: {header:?}"
        );
        if let Some(header) = header {
            assert_eq!(header, "ValidationError;Sender");
        }
    }
}
