//! AWS Security Hub CSPM: the hub of each region, the standards that it checks, and the one region in which the
//! findings of all come together.
//!
//! A hub that exists is adopted, and keeps the standards that the baseline does not write down. A new one gets exactly
//! what is written: the standards that AWS would switch on beside it are declined.

use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::control::{Calls, Control, Doc, Here, Observed, Wants};
use trueup_core::env::Env;
use trueup_core::location::Scope;

mod controls;
mod diff;
mod live;
mod model;
mod price;
mod standard;
#[cfg(test)]
mod tests;

pub(crate) use self::live::aggregation_region;
use self::model::{Action, Ids, Model};

/// The control.
pub(crate) struct SecurityHub;

impl Control for SecurityHub {
    const NAME: &'static str = "security_hub";
    const SCOPE: Scope = Scope::EachRegion;
    const DOC: Doc = Doc {
        title: "AWS Security Hub CSPM",
        items: &[18],
        why: "It holds every resource against the standards that are on, and brings the findings of all services together.",
        decides: &[
            "Security Hub is enabled, and the written standards are on or off as the file says; others may be anything.",
            "A standard that failed is a manual task.",
            "Findings of all current regions are linked to the home region.",
            "Global-resource controls and the form of findings equal the file's where written.",
            "A hub that another account or a policy of the organization configures is managed elsewhere.",
        ],
        off: "enabled = false disables it: standards and settings go, findings stay for 90 days; a standard is turned off by false",
        cost: "0.001 USD a check; two standards in 17 regions are roughly 20 to 60 USD a month in a small account; 30 days free",
        benchmarks: &[("CIS 5.0", "4.16"), ("CIS 3.0", "4.16")],
        page: "https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-settingup.html",
        example: r#"[security_hub]             # its checks need [config_recorder], or another recorder that runs
enabled = true
aggregate_in_home_region = true

[security_hub.standards]   # a new hub has only what is true here; an existing one keeps what is not written
"aws-foundational-security-best-practices/1.0.0" = true
"cis-aws-foundations-benchmark/5.0.0" = true
"#,
    };
    const CALLS: Calls = Calls {
        read: &[
            "organizations:DescribeEffectivePolicy",
            "securityhub:BatchGetStandardsControlAssociations",
            "securityhub:DescribeHub",
            "securityhub:DescribeStandards",
            "securityhub:GetAdministratorAccount",
            "securityhub:GetConfigurationPolicyAssociation",
            "securityhub:GetEnabledStandards",
            "securityhub:GetFindingAggregator",
            "securityhub:ListFindingAggregators",
            "securityhub:ListSecurityControlDefinitions",
            "securityhub:ListTagsForResource",
        ],
        write: &[
            "securityhub:BatchDisableStandards",
            "securityhub:BatchEnableStandards",
            "securityhub:BatchUpdateStandardsControlAssociations",
            "securityhub:CreateFindingAggregator",
            "securityhub:DeleteFindingAggregator",
            "securityhub:DisableSecurityHub",
            "securityhub:EnableSecurityHub",
            "securityhub:TagResource",
            "securityhub:UpdateFindingAggregator",
            "securityhub:UpdateSecurityHubConfiguration",
        ],
    };

    const RELIES_ON: &'static [&'static str] = &["config_recorder"];

    type Model = Model;
    type Ids = Ids;
    type Action = Action;

    fn wrong_tag_key(key: &str) -> Option<&'static str> {
        crate::tag_keys::wrong(key)
    }

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        let mut wrong = vec![];
        if *want == Model::default() {
            wrong.push((
                "",
                "says nothing about Security Hub; expected at least enabled".to_owned(),
            ));
        }
        let malformed = want.standards.keys().filter(|name| !name.is_well_formed());
        wrong.extend(malformed.map(|name| {
            (
                "standards",
                format!(
                    "`{name}` is no standard; expected a name and a version, such as \
                     `cis-aws-foundations-benchmark/5.0.0`"
                ),
            )
        }));
        wrong
    }

    fn fill(want: &mut Model, env: &Env, wants: Wants<'_>) {
        // An account has one aggregator.
        if wants.place.region() != Some(&env.home) {
            want.aggregate_in_home_region = None;
        }
        controls::fill(want, env, wants);
    }

    fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
        diff::diff(want, seen, here, out);
        // What another owner holds is not judged.
        if seen.held_by.is_some() {
            out.notices.clear();
        }
    }
}

impl Live for SecurityHub {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        live::fetch(cx, want).await
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        live::apply(action, cx).await
    }
}
