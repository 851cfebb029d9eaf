//! What a plan would add to each month's bill.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use indexmap::IndexMap;
use trueup_core::cost::Monthly;
use trueup_core::location::Region;
use trueup_core::plan::Step;
use trueup_core::plan_file::Document;
use trueup_core::registry::Name;

use super::{Style, phrase};

/// The sum, then each control with its part, the biggest first. Nothing if nothing that is metered is turned on.
pub(super) fn text(doc: &Document, style: &Style) -> Option<String> {
    let total = doc.summary.monthly;
    if total.is_nothing() {
        return None;
    }
    let mut parts: IndexMap<&Name, (Monthly, BTreeSet<&Region>)> = IndexMap::new();
    let metered = |step: &&Step| step.blocked.is_none() && !step.monthly.is_nothing();
    for step in doc.steps.iter().filter(metered) {
        let (monthly, regions) = parts.entry(&step.control).or_default();
        *monthly = *monthly + step.monthly;
        regions.extend(step.place.region());
    }
    let mut parts: Vec<_> = parts.into_iter().collect();
    parts.sort_by_key(|(control, (monthly, _))| {
        let dearest = Reverse((monthly.high_cents, monthly.low_cents));
        (dearest, doc.rank(control))
    });
    let rows: Vec<Vec<String>> = parts
        .into_iter()
        .map(|(control, (monthly, regions))| {
            let at = match Vec::from_iter(regions).as_slice() {
                [] => String::new(),
                [one] => one.to_string(),
                several => phrase::count(several.len(), "region", "regions"),
            };
            vec![control.to_string(), monthly.to_string(), at]
        })
        .collect();
    let heading = style.bold(&format!("It would cost {total} a month"));
    let mut text = format!("{heading}\n{}", phrase::table(&rows, "  ", &[]));
    text.push_str(&phrase::wrap(
        "estimated for a small account by list prices of us-east-1, without free trials; `trueup controls NAME` says \
         what each is metered by",
        "  → ",
        "    ",
        style,
    ));
    Some(text)
}

#[cfg(test)]
mod tests {
    use trueup_core::location::Location;
    use trueup_core::plan::Why;

    use super::super::fixtures::{self, Account, at, id, seen};
    use super::*;

    /// Detectors, one of them paid for already, recorders in two regions, a bucket, and an analyzer at home.
    fn account() -> Document {
        let absent = || Ok(seen("enabled = false", serde_json::json!({})));
        let recorder = "enabled = true\nbucket = \"central-logs\"";
        Account::new()
            .guardduty()
            .cell("config_recorder", &at("ap-northeast-1"), recorder, absent())
            .cell("config_recorder", &at("us-east-1"), recorder, absent())
            .cell(
                "access_analyzer",
                &at("ap-northeast-1"),
                "unused_access = true",
                Ok(seen("unused_access = false", serde_json::json!({}))),
            )
            .cell(
                "log_bucket",
                &Location::Account,
                "name = \"logs\"",
                Ok(seen("state = \"absent\"", serde_json::json!({ "name": "logs" }))),
            )
            .document()
    }

    #[test]
    fn the_sum_comes_first_and_then_the_biggest_part() {
        insta::assert_snapshot!(text(&account(), &Style::PLAIN).unwrap(), @r"
        It would cost 3 to 24 USD a month
          access_analyzer  1 to 10 USD    ap-northeast-1
          config_recorder  1.25 to 7 USD  2 regions
          guardduty        1 to 6.40 USD  16 regions
          log_bucket       0.05 to 1 USD
          → estimated for a small account by list prices of us-east-1, without free
            trials; `trueup controls NAME` says what each is metered by
        ");
    }

    #[test]
    fn nothing_is_said_where_nothing_metered_is_turned_on() {
        let doc = Account::new().password_policy().default_vpcs(&[]).document();
        assert_eq!(text(&doc, &Style::PLAIN), None);
    }

    #[test]
    fn what_is_blocked_is_not_counted() {
        let doc = account();
        let mut plan = doc.plan();
        for step in plan
            .steps
            .iter_mut()
            .filter(|step| step.control != id("access_analyzer"))
        {
            step.blocked = Some(Why::InUse { what: vec![] });
        }
        let doc = Document::new("baseline.toml", &doc.account, &doc.filters, &plan);
        insta::assert_snapshot!(text(&doc, &Style::PLAIN).unwrap(), @r"
        It would cost 1 to 10 USD a month
          access_analyzer  1 to 10 USD  ap-northeast-1
          → estimated for a small account by list prices of us-east-1, without free
            trials; `trueup controls NAME` says what each is metered by
        ");
    }

    #[test]
    fn the_parts_are_the_sum() {
        for doc in [account(), fixtures::fresh(), fixtures::busy()] {
            let parts: Monthly = doc.steps.iter().map(|step| step.monthly).sum();
            assert_eq!(parts, doc.summary.monthly);
        }
    }
}
