//! Whom a request was signed for.

use http::HeaderMap;

/// The credential scope of a SigV4 signature.
pub(super) struct Scope<'a> {
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

/// Reads the scope from the `Authorization` header; nothing on an unsigned request.
///
/// The signature itself is not checked: the sandbox has no secrets.
pub(super) fn of(headers: &HeaderMap) -> Option<Scope<'_>> {
    let authorization = headers.get("authorization")?.to_str().ok()?;
    let parameters = authorization.strip_prefix("AWS4-HMAC-SHA256")?;
    let credential = parameters
        .split([',', ' '])
        .find_map(|parameter| parameter.strip_prefix("Credential="))?;
    // KEY/20261123/eu-west-1/ec2/aws4_request, read from the right: a key may contain slashes.
    let mut scope = credential.rsplit('/');
    let terminator = scope.next()?;
    let service = scope.next()?;
    let region = scope.next()?;
    (terminator == "aws4_request").then_some(Scope { region, service })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scope_names_service_and_region() {
        let mut headers = HeaderMap::new();
        assert!(of(&headers).is_none());
        headers.insert(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKID/20261123/eu-west-1/ec2/aws4_request, SignedHeaders=host, Signature=0"
                .parse()
                .unwrap(),
        );
        let scope = of(&headers).unwrap();
        assert_eq!((scope.region, scope.service), ("eu-west-1", "ec2"));
        headers.insert("authorization", "Basic Zm9v".parse().unwrap());
        assert!(of(&headers).is_none());
    }
}
