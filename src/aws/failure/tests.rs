use std::io;

use super::*;
use crate::tests::{Fake, answer, clients, clients_in};

/// What one call comes to when this is answered.
async fn fault(call: &str, status: u16, body: impl Into<String>) -> Fault {
    let body = body.into();
    sent(call, Fake::client(move |_| answer(status, body.as_str()))).await
}

/// What one call comes to when no answer arrives.
async fn lost(error: fn() -> ConnectorError) -> Fault {
    sent("ec2", Fake::client(move |_| Err(error()))).await
}

async fn sent(call: &str, http: aws_smithy_runtime_api::client::http::SharedHttpClient) -> Fault {
    let clients = clients(http);
    let failure: Failure = match call {
        "ec2" => clients.ec2.describe_vpcs().send().await.unwrap_err().into(),
        "iam" => clients
            .iam
            .get_account_password_policy()
            .send()
            .await
            .unwrap_err()
            .into(),
        "sts" => clients.sts.get_caller_identity().send().await.unwrap_err().into(),
        "guardduty" => clients
            .guardduty
            .list_detectors()
            .send()
            .await
            .unwrap_err()
            .into(),
        "sns" => clients.sns.list_topics().send().await.unwrap_err().into(),
        "s3" => clients.s3.list_buckets().send().await.unwrap_err().into(),
        other => panic!("{other}"),
    };
    failure.0
}

/// An error as the service sends it.
fn body(call: &str, code: &str, message: &str) -> String {
    let xml = format!("<Code>{code}</Code><Message>{message}</Message>");
    match call {
        "ec2" => {
            format!("<Response><Errors><Error>{xml}</Error></Errors><RequestID>9</RequestID></Response>")
        }
        "s3" => format!("<Error>{xml}</Error>"),
        "guardduty" => serde_json::json!({"__type": code, "message": message}).to_string(),
        _ => format!("<ErrorResponse><Error>{xml}</Error><RequestId>9</RequestId></ErrorResponse>"),
    }
}

/// Kind, service, code and message.
const ANSWERS: &str = "
denied_by_organization | ec2 | UnauthorizedOperation | You are not authorized to perform this operation. User: arn:aws:iam::1:user/a is not authorized to perform: ec2:DescribeVpcs with an explicit deny in a service control policy. Encoded authorization failure message: AbC
denied_by_organization | iam | AccessDenied | User: arn:aws:iam::1:user/a is not authorized to perform: iam:GetAccountPasswordPolicy on resource: * with an explicit deny in a service control policy: arn:aws:organizations::2:policy/o-x/service_control_policy/p-y
denied_by_organization | guardduty | AccessDeniedException | because no service control policy allows the guardduty:ListDetectors action
denied_by_organization | s3 | AccessDenied | with an explicit deny in a resource control policy
denied_by_organization | ec2 | OperationNotPermitted | This action is denied due to an organizational policy in effect
denied | ec2 | UnauthorizedOperation | You are not authorized to perform this operation.
denied | iam | AccessDenied | because no permissions boundary allows the iam:GetAccountPasswordPolicy action
denied | guardduty | AccessDeniedException | no identity-based policy allows it; a service control policy is attached
region_not_enabled | ec2 | AuthFailure | AWS was not able to validate the provided access credentials
region_not_enabled | ec2 | OptInRequired | You are not subscribed to this service.
region_not_enabled | guardduty | UnrecognizedClientException | The security token included in the request is invalid.
region_not_enabled | sts | RegionDisabledException | STS is not activated in this region for account:1.
credentials | iam | InvalidClientTokenId | The security token included in the request is invalid.
credentials | sts | ExpiredToken | The security token included in the request is expired
credentials | ec2 | RequestExpired | Request has expired.
throttled | ec2 | RequestLimitExceeded | Request limit exceeded.
throttled | guardduty | TooManyRequestsException | Rate exceeded
throttled | sns | Throttled | Rate exceeded
clock | s3 | RequestTimeTooSkewed | The difference between the request time and the current time is too large.
clock | iam | SignatureDoesNotMatch | Signature expired: 20261123T093000Z is now earlier than 20261123T094500Z (20261123T100000Z - 15 min.)
clock | guardduty | InvalidSignatureException | Signature not yet current: 20261123T103000Z is still later than 20261123T101500Z
credentials | guardduty | InvalidSignatureException | The request signature we calculated does not match the signature you provided.
throttled | s3 | SlowDown | Please reduce your request rate.
quota | ec2 | VpcLimitExceeded | The maximum number of VPCs has been reached.
quota | iam | LimitExceeded | Cannot exceed quota for UsersPerAccount: 5000
quota | guardduty | LimitExceededException | too many
service | iam | NoSuchEntity | The Password Policy with domain name 1 cannot be found.
service | ec2 | DependencyViolation | The vpc 'vpc-1' has dependencies and cannot be deleted.
service | guardduty | InternalServerErrorException | Internal server error.
";

#[tokio::test]
async fn the_kind_is_told_from_the_code_and_the_text() {
    for line in ANSWERS.lines().filter(|line| !line.is_empty()) {
        let [kind, call, code, message] = line.split(" | ").collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let fault = fault(call, 400, body(call, code, message)).await;
        assert_eq!(serde_json::to_value(fault.kind).unwrap(), kind, "{line}");
        assert!(fault.is(code), "{fault:?}");
        assert!(fault.request_id.is_some(), "{fault:?}");
    }
}

#[tokio::test]
async fn a_fault_names_its_call_and_says_the_same_every_time() {
    let message = "User: arn:aws:sts::1:assumed-role/admin/1700000000 may not.\n\
                   Encoded authorization failure message: x-Y_z";
    let fault = fault("ec2", 403, body("ec2", "UnauthorizedOperation", message)).await;
    assert_eq!(fault.kind, FaultKind::Denied);
    assert_eq!(fault.to_string(), "ec2:DescribeVpcs: UnauthorizedOperation");
    assert_eq!(
        fault.in_full(),
        "ec2:DescribeVpcs: UnauthorizedOperation: User: arn:aws:sts::1:assumed-role/admin/* may not. \
         (request id 11112222)"
    );
}

#[tokio::test]
async fn what_is_not_in_the_services_form_is_one_readable_line() {
    let html = "<!doctype html>\n<html lang=en><title>500 Internal Server Error</title>\n<h1>Oh</h1></html>";
    for (call, status, body, message) in [
        ("ec2", 500, html, "HTTP status 500: 500 Internal Server Error"),
        (
            "guardduty",
            500,
            html,
            "HTTP status 500: 500 Internal Server Error",
        ),
        ("iam", 502, "", "HTTP status 502: no text"),
    ] {
        let fault = fault(call, status, body).await;
        assert_eq!((fault.kind, fault.code), (FaultKind::Service, None));
        assert_eq!(fault.message, message);
    }
    let page = "a web page answered, not the service";
    let other = "the answer could not be understood: ";
    for (call, body, message) in [
        ("ec2", "<html><body>Sign in</body></html>", page),
        ("guardduty", "<!DOCTYPE html>", page),
        ("ec2", "<other/>", other),
        ("s3", "no", other),
    ] {
        let fault = fault(call, 200, body).await;
        assert_eq!(fault.kind, FaultKind::Answer, "{fault}");
        assert!(fault.message.starts_with(message), "{}", fault.message);
    }
}

#[tokio::test]
async fn what_never_arrived_is_told_apart_by_its_cause() {
    fn no_host(host: &str) -> ConnectorError {
        ConnectorError::io(
            NoSuchHost {
                host: host.to_owned(),
            }
            .into(),
        )
    }
    fn io(kind: io::ErrorKind) -> ConnectorError {
        ConnectorError::io(io::Error::from(kind).into())
    }
    fn certificate(why: rustls::CertificateError) -> ConnectorError {
        let why = rustls::Error::InvalidCertificate(why);
        ConnectorError::io(io::Error::new(io::ErrorKind::InvalidData, why).into())
    }
    type Case = (fn() -> ConnectorError, FaultKind, &'static str);
    let cases: [Case; 8] = [
        (
            || certificate(rustls::CertificateError::UnknownIssuer),
            FaultKind::Certificate,
            "the certificate of the other side is signed by an authority that is not trusted here",
        ),
        (
            || certificate(rustls::CertificateError::Expired),
            FaultKind::Certificate,
            "the certificate of the other side has expired, by the clock of this machine",
        ),
        (
            || no_host("ec2.eu-west-1.amazonaws.com"),
            FaultKind::Network,
            "there is no host `ec2.eu-west-1.amazonaws.com`",
        ),
        (|| no_host("moto"), FaultKind::Network, "there is no host `moto`"),
        (
            || io(io::ErrorKind::ConnectionRefused),
            FaultKind::Network,
            "the connection was refused",
        ),
        (
            || io(io::ErrorKind::ConnectionReset),
            FaultKind::Network,
            "the connection was reset",
        ),
        (
            || ConnectorError::timeout("HTTP read timeout occurred after 60s".into()),
            FaultKind::Network,
            "HTTP read timeout occurred after 60s",
        ),
        (
            || ConnectorError::other(TooLong.into(), None),
            FaultKind::Throttled,
            "too many requests are waiting for their turn",
        ),
    ];
    for (error, kind, message) in cases {
        let fault = lost(error).await;
        assert_eq!(
            (fault.kind, fault.call.as_str(), fault.message.as_str()),
            (kind, "ec2:DescribeVpcs", message)
        );
    }
}

#[tokio::test]
async fn a_service_is_not_available_only_where_it_is_known_to_have_no_endpoint() {
    for (region, kind) in [
        ("us-isob-west-1", FaultKind::NotAvailable),
        ("eu-west-1", FaultKind::Network),
        // A region that the table does not list.
        ("eu-west-9", FaultKind::Network),
    ] {
        let unresolved = NoSuchHost {
            host: format!("guardduty.{region}.amazonaws.com"),
        };
        let unresolved = std::sync::Mutex::new(Some(unresolved));
        let http = Fake::client(move |_| {
            let host = unresolved.lock().unwrap().take().unwrap();
            Err(ConnectorError::io(host.into()))
        });
        let answer = clients_in(region, http).guardduty.list_detectors().send().await;
        let failure = Failure::from(answer.unwrap_err());
        assert_eq!(failure.kind, kind, "{region}");
    }
}

#[tokio::test]
async fn credentials_that_cannot_be_loaded_say_why() {
    // The chain's own error, as it comes to light when a session ends in the middle of a run.
    let fault = lost(|| {
        ConnectorError::other(
            CredentialsError::provider_error("the SSO session has expired\n or is invalid").into(),
            None,
        )
    })
    .await;
    assert_eq!(
        (fault.kind, fault.message.as_str()),
        (
            FaultKind::Credentials,
            "the SSO session has expired or is invalid"
        )
    );
}

#[tokio::test]
async fn a_request_that_could_not_be_made_is_a_fault_too() {
    let clients = clients(Fake::client(|_| answer(200, "")));
    let error = clients
        .s3control
        .get_public_access_block()
        .send()
        .await
        .unwrap_err();
    let fault = Failure::from(error);
    assert_eq!(fault.kind, FaultKind::Service, "{fault}");
    assert!(fault.message.contains("account_id"), "{}", fault.in_full());
}

#[tokio::test]
async fn a_refusal_that_has_many_causes_is_of_the_clock_if_the_services_time_is_another() {
    let body = body(
        "ec2",
        "AuthFailure",
        "AWS was not able to validate the provided access credentials",
    );
    for (date, kind) in [
        (None, FaultKind::RegionNotEnabled),
        (
            Some(DateTime::from(SystemTime::now())),
            FaultKind::RegionNotEnabled,
        ),
        (Some(DateTime::from_secs(1_700_000_000)), FaultKind::Clock),
    ] {
        let mut response = HttpResponse::new(401.try_into().unwrap(), body.clone().into());
        if let Some(date) = date {
            response
                .headers_mut()
                .insert("date", date.fmt(Format::HttpDate).unwrap());
        }
        let is_of_the_clock = is_of_the_clock("AuthFailure", "AWS was not able to validate", &response);
        assert_eq!(is_of_the_clock, kind == FaultKind::Clock, "{date:?}");
    }
}

#[tokio::test]
async fn any_answer_of_too_many_requests_is_throttling() {
    let fault = fault("guardduty", 429, body("guardduty", "SomethingNew", "slower")).await;
    assert_eq!(fault.kind, FaultKind::Throttled);
}
