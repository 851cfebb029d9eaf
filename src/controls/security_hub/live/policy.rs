//! The organization's policy for Security Hub CSPM, as far as it decides whether there is a hub.

use serde_json::Value;
use trueup_aws::{Cx, Failure};
use trueup_core::change::Manager;

use crate::effective_policy::{Kind, effective_policy};
use crate::security_hub::model::Model;

struct CspmPolicy;

impl Kind for CspmPolicy {
    const TYPE: &'static str = "SECURITYHUB_CSPM_POLICY";
}

/// The policy that decides whether there is a hub here, asked for where that is not as wanted.
pub(super) async fn policy(
    cx: &Cx,
    want: Option<&Model>,
    is_there: bool,
) -> Result<Option<Manager>, Failure> {
    if want.is_none_or(|want| want.enabled != Some(!is_there)) {
        return Ok(None);
    }
    let policy = effective_policy::<CspmPolicy>(cx).await?;
    Ok(owner(&policy, cx.region().as_str()))
}

/// Who decides whether there is a hub in a region, by the policy in effect: a region that is in neither list is not managed,
/// and the list of those that have none goes before (AWS Organizations User Guide, "Security Hub CSPM policy syntax and
/// examples").
fn owner(policy: &Value, region: &str) -> Option<Manager> {
    let mut parts = policy.as_object()?.values();
    let enablement = parts.find_map(|part| part.get("cspm_enablement"))?;
    let names = |list: &str| {
        let regions = enablement[list].as_array();
        regions.is_some_and(|regions| {
            regions
                .iter()
                .any(|name| name == region || name == "ALL_SUPPORTED")
        })
    };
    let wants = match (names("disable_in_regions"), names("enable_in_regions")) {
        (true, _) => "no hub",
        (false, true) => "a hub",
        (false, false) => return None,
    };
    Some(Manager {
        who: format!("a Security Hub CSPM policy of the organization, which wants {wants} here"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn held(enable: &[&str], disable: &[&str]) -> Option<String> {
        let lists = json!({"enable_in_regions": enable, "disable_in_regions": disable});
        let policy = json!({"securityhub_cspm": {"cspm_enablement": lists}});
        owner(&policy, "eu-west-1").map(|owner| owner.who)
    }

    #[test]
    fn a_policy_decides_in_the_regions_of_its_lists_and_against_a_hub_first() {
        let by = |wants: &str| {
            Some(format!(
                "a Security Hub CSPM policy of the organization, which wants {wants} here"
            ))
        };
        assert_eq!(held(&["us-east-1", "eu-west-1"], &[]), by("a hub"));
        assert_eq!(held(&["ALL_SUPPORTED"], &["us-east-1"]), by("a hub"));
        assert_eq!(held(&["ALL_SUPPORTED"], &["eu-west-1"]), by("no hub"));
        assert_eq!(held(&["us-east-1"], &[]), None);
        for unknown in [
            json!(null),
            json!({"securityhub": {}}),
            json!({"a": {"cspm_enablement": "all"}}),
        ] {
            assert_eq!(owner(&unknown, "eu-west-1").map(|owner| owner.who), None);
        }
    }
}
