//! Requests of every protocol, in worlds of every kind.

use super::*;

fn state(world: &str) -> State {
    State::new(world.parse().unwrap())
}

fn signed(region: &str, service: &str) -> http::request::Builder {
    http::Request::builder().header("host", "localhost").header(
        "authorization",
        format!(
            "AWS4-HMAC-SHA256 Credential=AKID/20261123/{region}/{service}/aws4_request, SignedHeaders=host, \
             Signature=0"
        ),
    )
}

fn list_detectors(region: &str) -> Request {
    signed(region, "guardduty").uri("/detector").body(vec![]).unwrap()
}

fn query(region: &str, service: &str, form: &str) -> Request {
    signed(region, service)
        .method("POST")
        .uri("/")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.as_bytes().to_vec())
        .unwrap()
}

fn ask(state: &mut State, request: &Request) -> Exchange {
    exchange(state, request, "r-1", 0)
}

fn body(exchange: &Exchange) -> (u16, String) {
    match &exchange.effect {
        Effect::Respond(response) => (
            response.status().as_u16(),
            String::from_utf8(response.body().clone()).unwrap(),
        ),
        _ => panic!("no response"),
    }
}

#[test]
fn an_unsigned_request_is_refused() {
    let request = http::Request::builder().uri("/detector").body(vec![]).unwrap();
    let exchange = ask(&mut state(""), &request);
    assert_eq!(body(&exchange).0, 403);
    assert_eq!(exchange.error.as_deref(), Some("MissingAuthenticationToken"));
}

#[test]
fn what_the_sandbox_does_not_know_is_said_and_is_not_retried() {
    for request in [
        query("us-east-1", "iam", "Action=ListSAMLProviders&Version=2010-05-08"),
        query("us-east-1", "rds", "Action=DescribeDBInstances"),
        query("us-east-1", "ec2", "Action=DescribeMacHosts"),
        signed("us-east-1", "guardduty")
            .uri("/ipset")
            .body(vec![])
            .unwrap(),
        signed("us-east-1", "s3").uri("/bucket/key").body(vec![]).unwrap(),
        query("eu-west-9", "ec2", "Action=DescribeVpcs"),
    ] {
        let exchange = ask(&mut state(""), &request);
        assert_eq!(exchange.error.as_deref(), Some("NotInSandbox"), "{request:?}");
        assert_eq!(body(&exchange).0, 400);
    }
    let (_, text) = body(&ask(
        &mut state(""),
        &query("us-east-1", "iam", "Action=ListSAMLProviders"),
    ));
    assert!(text.contains("iam:ListSAMLProviders"), "{text}");
}

#[test]
fn the_protocols_answer() {
    let mut state = state("alias = \"acme\"");
    let (status, text) = body(&ask(
        &mut state,
        &query("eu-west-1", "iam", "Action=ListAccountAliases"),
    ));
    assert_eq!(status, 200);
    assert!(
        text.contains("<AccountAliases><member>acme</member></AccountAliases>"),
        "{text}"
    );
    let (status, text) = body(&ask(&mut state, &list_detectors("eu-west-1")));
    assert_eq!((status, text.as_str()), (200, r#"{"detectorIds":[]}"#));
    let (_, text) = body(&ask(
        &mut state,
        &query("eu-west-1", "sts", "Action=GetCallerIdentity"),
    ));
    assert!(text.contains("<Account>123456789012</Account>"), "{text}");
}

#[test]
fn a_region_that_is_not_enabled_knows_no_credentials() {
    let mut state = state("");
    for (request, code) in [
        (query("me-south-1", "ec2", "Action=DescribeVpcs"), "AuthFailure"),
        (list_detectors("me-south-1"), "UnrecognizedClientException"),
        (
            query("me-south-1", "sts", "Action=GetCallerIdentity"),
            "InvalidClientTokenId",
        ),
    ] {
        let exchange = ask(&mut state, &request);
        assert_eq!(exchange.error.as_deref(), Some(code));
        assert!(!exchange.injected);
    }
    assert_eq!(
        ask(
            &mut state,
            &query("me-south-1", "iam", "Action=ListAccountAliases")
        )
        .error,
        None
    );
}

#[test]
fn a_denied_region_says_who_denies_it() {
    let mut state = state("[[deny]]\nregion = \"eu-west-1\"\n[[deny]]\naction = \"iam:List*\"\nby = \"iam\"");
    let exchange = ask(&mut state, &list_detectors("eu-west-1"));
    assert_eq!(exchange.error.as_deref(), Some("AccessDeniedException"));
    assert!(exchange.injected);
    let (status, text) = body(&exchange);
    assert_eq!(status, 403);
    assert!(text.contains("guardduty:ListDetectors"), "{text}");
    assert!(
        text.contains("with an explicit deny in a service control policy"),
        "{text}"
    );
    let exchange = ask(&mut state, &query("eu-west-1", "ec2", "Action=DescribeVpcs"));
    assert_eq!(exchange.error.as_deref(), Some("UnauthorizedOperation"));
    let (_, text) = body(&ask(
        &mut state,
        &query("us-east-1", "iam", "Action=ListAccountAliases"),
    ));
    assert!(
        text.contains("because no identity-based policy allows the iam:ListAccountAliases action"),
        "{text}"
    );
    assert_eq!(ask(&mut state, &list_detectors("eu-west-2")).error, None);
    assert_eq!(
        ask(&mut state, &query("eu-west-1", "sts", "Action=GetCallerIdentity")).error,
        None
    );
}

#[test]
fn faults_strike_when_their_time_has_come() {
    let mut state = state(
        "[[fault]]\ncall = \"guardduty:ListDetectors\"\nnth = 2\nkind = \"throttle\"\n\
         [[fault]]\ncall = \"sts:*\"\nkind = \"reset\"\n\
         [[fault]]\ncall = \"iam:*\"\nevery = 2\nkind = \"error\"\ncode = \"ServiceFailure\"\nstatus = 500",
    );
    let codes: Vec<_> = (0..3)
        .map(|_| ask(&mut state, &list_detectors("eu-west-1")).error)
        .collect();
    assert_eq!(codes, [None, Some("TooManyRequestsException".to_owned()), None]);
    let reset = ask(&mut state, &query("eu-west-1", "sts", "Action=GetCallerIdentity"));
    assert!(matches!(reset.effect, Effect::Reset));
    let mut alias = || {
        ask(
            &mut state,
            &query("us-east-1", "iam", "Action=ListAccountAliases"),
        )
        .error
    };
    assert_eq!(alias(), None);
    assert_eq!(alias().as_deref(), Some("ServiceFailure"));
    assert_eq!(alias(), None);
}

#[test]
fn a_lost_answer_may_be_that_of_a_call_carried_out() {
    let mut state =
        state("[[fault]]\ncall = \"iam:CreateAccountAlias\"\nnth = 1\nkind = \"reset\"\ncarried_out = true");
    ask(
        &mut state,
        &query("us-east-1", "iam", "Action=CreateAccountAlias&AccountAlias=acme"),
    );
    assert_eq!(state.account.iam.alias.as_deref(), Some("acme"));
}

#[test]
fn limits_are_buckets_of_tokens() {
    let mut state = state("[[limit]]\ncall = \"guardduty:*\"\nper_second = 2\nburst = 2");
    let mut at = |now| {
        exchange(&mut state, &list_detectors("eu-west-1"), "r", now)
            .error
            .is_none()
    };
    let second = 1_000_000;
    assert_eq!([at(second), at(second), at(second)], [true, true, false]);
    assert_eq!([at(second * 3 / 2), at(second * 3 / 2)], [true, false]);
    assert_eq!(
        [at(second * 9), at(second * 9), at(second * 9)],
        [true, true, false]
    );
    assert_eq!(
        exchange(&mut state, &list_detectors("us-east-1"), "r", second).error,
        None
    );
}

#[test]
fn reads_may_see_a_change_late() {
    let mut state = state("[[lag]]\ncall = \"iam:List*\"\nseconds = 2");
    let create = query("us-east-1", "iam", "Action=CreateAccountAlias&AccountAlias=acme");
    exchange(&mut state, &create, "r", 1_000_000);
    let mut sees = |now| {
        let list = query("us-east-1", "iam", "Action=ListAccountAliases");
        body(&exchange(&mut state, &list, "r", now)).1.contains("acme")
    };
    assert_eq!(
        [sees(1_000_001), sees(2_999_999), sees(3_000_000)],
        [false, false, true]
    );
}

#[test]
fn an_event_happens_once() {
    let mut state = state(
        "[[detector]]\nregion = \"eu-west-1\"\n[[event]]\nbefore = \"guardduty:ListDetectors\"\n\
         region = \"eu-west-1\"\nnth = 2\ndelete_detector = true",
    );
    let mut found = || body(&ask(&mut state, &list_detectors("eu-west-1"))).1.len() > 30;
    assert_eq!([found(), found()], [true, false]);
    state.account.regions.get_mut("eu-west-1").unwrap().guardduty =
        Account::new(&state.world).regions["eu-west-1"].guardduty.clone();
    assert!(body(&ask(&mut state, &list_detectors("eu-west-1"))).1.len() > 30);
}
