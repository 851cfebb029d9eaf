//! Who may assume a role: its trust policy decides, by the policy evaluator.

use serde_json::json;
use trueup_policy::Policy;
use trueup_policy::evaluate::{Context, Decision, Principal, Request, evaluate};

use super::SERVICE;
use super::entities::{Role, time};
use crate::input::Input;
use crate::{Account, Answer, AwsError, Call};

/// What a role's trust says of a caller; nothing if it is not a document.
fn decided(role: &Role, principal: Principal, context: Context) -> Option<Decision> {
    let trust: Policy = role.trust.parse().ok()?;
    let request = Request {
        principal,
        action: "sts:AssumeRole".to_owned(),
        resource: "*".to_owned(),
        context,
    };
    Some(evaluate(&[&trust], &request))
}

/// Whether a service may assume a role for what it does in this account. Which keys it sends beside the account is not
/// documented for each service: what depends on one of those is taken to let it in.
pub(crate) fn by_service(role: &Role, service: &str, account: &str) -> bool {
    let context = Context::partial().with("aws:SourceAccount", account);
    let decision = decided(role, Principal::Service(service.to_owned()), context);
    decision.is_some_and(|decision| !decision.is_refused())
}

/// Answers `sts:AssumeRole` for the caller of the account.
///
/// An MFA device of the call counts as MFA (IAM User Guide, "Configuring MFA-protected API access"). The caller is
/// taken to have the permission itself: the sandbox knows no policies of callers.
pub(crate) fn assume(account: &mut Account, call: &Call) -> Answer {
    let arn = call.input.text("RoleArn").to_owned();
    let session = call.input.text("RoleSessionName").to_owned();
    let plain = |c: char| c.is_ascii_alphanumeric() || "_=,.@-".contains(c);
    if !(2..=64).contains(&session.len()) || !session.chars().all(plain) {
        return Err(SERVICE.invalid(format!(
            "1 validation error detected: Value '{session}' at 'roleSessionName' failed to satisfy constraint: Member \
             must satisfy regular expression pattern: [\\w+=,.@-]*"
        )));
    }
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    if parts.len() < 6 || parts[0] != "arn" || [1, 2, 5].iter().any(|at| parts[*at].is_empty()) {
        return Err(SERVICE.invalid(format!("{arn} is invalid")));
    }
    let caller = account.caller.arn.clone();
    let refused = || {
        let what = format!("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {arn}");
        Err(AwsError::with_status(403, "AccessDenied", what))
    };
    let mut roles = account.iam.entities.roles.iter();
    let found = roles
        .find(|(name, role)| format!("arn:aws:iam::{}:role{}{name}", account.id, role.common.path) == arn);
    let (Some((name, role)), Ok(principal)) = (found, caller.parse::<Principal>()) else {
        return refused();
    };
    if matches!(principal, Principal::Root { .. }) {
        let what = "Roles may not be assumed by root accounts.";
        return Err(AwsError::with_status(403, "AccessDenied", what));
    }
    let mut context = Context::complete()
        .with("sts:RoleSessionName", &session)
        .with("aws:SecureTransport", "true")
        .with("aws:ViaAWSService", "false")
        .unknown("aws:SourceIp")
        .unknown("aws:PrincipalOrgID");
    if let Some(id) = call.input["ExternalId"].as_str() {
        context = context.with("sts:ExternalId", id);
    }
    if call.input["SerialNumber"].is_string() && call.input["TokenCode"].is_string() {
        context = context
            .with("aws:MultiFactorAuthPresent", "true")
            .with("aws:MultiFactorAuthAge", "0");
    }
    if !decided(role, principal, context).is_some_and(|decision| decision.is_allowed()) {
        return refused();
    }
    let seconds: u32 = SERVICE
        .parsed(&call.input["DurationSeconds"], "DurationSeconds")?
        .unwrap_or(3600);
    if seconds > role.max_session {
        return Err(SERVICE
            .invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role."));
    }
    let (id, name) = (role.common.id.clone(), name.clone());
    Ok(json!({
        "Credentials": {
            "AccessKeyId": format!("ASIA{}", account.ids.next_hex32()[..16].to_uppercase()),
            "SecretAccessKey": account.ids.next_hex32(),
            "SessionToken": account.ids.next_hex32(),
            "Expiration": time(call.now + i64::from(seconds)),
        },
        "AssumedRoleUser": {
            "AssumedRoleId": format!("{id}:{session}"),
            "Arn": format!("arn:aws:sts::{}:assumed-role/{name}/{session}", account.id),
        },
    }))
}
