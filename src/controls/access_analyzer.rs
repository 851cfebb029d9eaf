//! IAM Access Analyzer: what strangers may reach, in every region; and, if wanted, what nobody uses.
//!
//! A region has one analyzer of external access (quota "Analyzers with an account zone of trust"), so one that is
//! there is adopted whatever its name.

use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::control::{Calls, Control, Doc, Here, Observed, Wants};
use trueup_core::env::Env;
use trueup_core::location::Scope;
use trueup_core::values::Bound;

mod diff;
mod live;
mod model;
#[cfg(test)]
mod tests;

use self::model::{Action, Ids, Model};

/// The control.
pub(crate) struct AccessAnalyzer;

impl Control for AccessAnalyzer {
    const NAME: &'static str = "access_analyzer";
    const SCOPE: Scope = Scope::EachRegion;
    const DOC: Doc = Doc {
        title: "IAM Access Analyzer",
        items: &[15],
        why: "It names the buckets, roles, keys and queues that somebody outside the account can reach.",
        decides: &[
            "An analyzer of external access is active in the region, under any name; one of the organization counts in its own account.",
            "An analyzer of unused access has the written age or a lower one. AWS cannot change an age, so a higher one is blocked.",
        ],
        off: "external_access = false and unused_access = false delete the analyzers with their findings",
        cost: "external access is free; unused access costs 0.20 USD a month for each role and user",
        benchmarks: &[
            ("CIS 5.0", "1.19"),
            ("CIS 3.0", "1.20"),
            ("Security Hub", "IAM.28"),
        ],
        page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/what-is-access-analyzer.html",
        example: r"[access_analyzer]
external_access = true
# unused_access = true       # in the home region; paid by role and user
# unused_access_days = 90
",
    };
    const CALLS: Calls = Calls {
        read: &["access-analyzer:ListAnalyzers"],
        write: &[
            "access-analyzer:CreateAnalyzer",
            "access-analyzer:DeleteAnalyzer",
            "access-analyzer:GetAnalyzer",
            "access-analyzer:TagResource",
        ],
    };

    type Model = Model;
    type Ids = Ids;
    type Action = Action;

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        let mut wrong = vec![];
        if *want == Model::default() {
            wrong.push((
                "",
                "says nothing about Access Analyzer; expected at least external_access".to_owned(),
            ));
        }
        if let Some(days) = want.unused_access_days.map(Bound::into_value) {
            if !(1..=365).contains(&days) {
                wrong.push((
                    "unused_access_days",
                    format!("{days} is out of range; expected 1 to 365"),
                ));
            }
            if want.unused_access != Some(true) {
                wrong.push((
                    "unused_access_days",
                    "is of no use without an analyzer; expected unused_access = true beside it".to_owned(),
                ));
            }
        }
        wrong
    }

    fn fill(want: &mut Model, env: &Env, wants: Wants<'_>) {
        // IAM is the same in all regions, and a second analyzer would be paid a second time.
        if wants.place.region() != Some(&env.home) {
            want.unused_access = None;
            want.unused_access_days = None;
        }
    }

    fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
        diff::diff(want, seen, here, out);
    }
}

impl Live for AccessAnalyzer {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        live::fetch(cx, want).await
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        live::apply(action, cx).await
    }
}
