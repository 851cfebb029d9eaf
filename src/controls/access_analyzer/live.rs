//! The calls: reading, and each change.

use std::time::Duration;

use aws_sdk_accessanalyzer::types::{
    AnalyzerConfiguration, AnalyzerStatus, AnalyzerSummary, Type, UnusedAccessConfiguration,
};
use trueup_aws::{Cx, Failure};
use trueup_core::control::Observed;
use trueup_core::tags::Tags;
use trueup_core::values::Bound;

use super::model::{Action, Analyzer, Ids, Kind, Model};

/// See [`Live::fetch`](trueup_aws::Live::fetch).
pub(super) async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
    let mut pages = cx
        .clients()
        .access_analyzer
        .list_analyzers()
        .into_paginator()
        .send();
    let mut all = vec![];
    while let Some(page) = pages.next().await {
        all.extend(page?.analyzers);
    }
    let external = best(&all, &[Type::Account, Type::Organization]);
    let unused = best(&all, &[Type::AccountUnusedAccess]);
    // An export says it where there is one, and of the home region alone.
    let with_unused = match want {
        None => unused.is_some() && cx.place.region() == Some(&cx.env.home),
        Some(want) => want.unused_access.is_some(),
    };
    Ok(Observed {
        model: Model {
            external_access: Some(external.is_some()),
            unused_access: with_unused.then_some(unused.is_some()),
            unused_access_days: unused.filter(|_| with_unused).and_then(days).map(Bound::Plain),
        },
        ids: Ids {
            external: external.map(Analyzer::from),
            unused: unused.filter(|_| with_unused).map(Analyzer::from),
        },
        held_by: None,
    })
}

/// Of several of these types: what works before what does not, then by type, then the account's own before a service's.
pub(super) fn best<'a>(all: &'a [AnalyzerSummary], kinds: &[Type]) -> Option<&'a AnalyzerSummary> {
    all.iter()
        .filter_map(|analyzer| {
            let kind = kinds.iter().position(|kind| *kind == analyzer.r#type)?;
            Some((kind, analyzer))
        })
        .min_by_key(|(kind, analyzer)| {
            (
                !works(&analyzer.status),
                *kind,
                analyzer.managed_by.is_some(),
                analyzer.name.clone(),
            )
        })
        .map(|(_, analyzer)| analyzer)
}

fn works(status: &AnalyzerStatus) -> bool {
    matches!(status, AnalyzerStatus::Active | AnalyzerStatus::Creating)
}

impl From<&AnalyzerSummary> for Analyzer {
    fn from(summary: &AnalyzerSummary) -> Self {
        let broken = (!works(&summary.status)).then(|| {
            let reason = summary
                .status_reason
                .as_ref()
                .map(|reason| reason.code().as_str());
            [Some(summary.status.as_str()), reason]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(": ")
        });
        Analyzer {
            name: summary.name.clone(),
            arn: summary.arn.clone(),
            of_organization: summary.r#type == Type::Organization,
            broken,
            managed_by: summary.managed_by.clone(),
            leaves_out: leaves_out(summary),
            tags: summary.tags.clone().into_iter().flatten().collect(),
        }
    }
}

fn days(summary: &AnalyzerSummary) -> Option<i32> {
    match &summary.configuration {
        Some(AnalyzerConfiguration::UnusedAccess(unused)) => unused.unused_access_age,
        _ => None,
    }
}

/// Whether an analyzer of unused access has exclusions (API reference, `AnalysisRule`).
fn leaves_out(summary: &AnalyzerSummary) -> bool {
    match &summary.configuration {
        Some(AnalyzerConfiguration::UnusedAccess(unused)) => unused
            .analysis_rule
            .as_ref()
            .is_some_and(|rule| !rule.exclusions().is_empty()),
        _ => false,
    }
}

/// See [`Live::apply`](trueup_aws::Live::apply).
pub(super) async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
    let analyzers = &cx.clients().access_analyzer;
    match action {
        Action::Create { kind, tags } => create(cx, *kind, tags).await,
        Action::Delete { name } => match analyzers.delete_analyzer().analyzer_name(name).send().await {
            Err(error) => match Failure::from(error) {
                fault if fault.is("ResourceNotFoundException") => Ok(()),
                fault => Err(fault),
            },
            Ok(_) => Ok(()),
        },
        Action::Tag { arn, tags, .. } => {
            analyzers
                .tag_resource()
                .resource_arn(arn)
                .set_tags(Some(tags.clone().into_iter().collect()))
                .send()
                .await?;
            Ok(())
        }
    }
}

/// Makes an analyzer and waits until it works.
async fn create(cx: &Cx, kind: Kind, tags: &Tags) -> Result<(), Failure> {
    let analyzers = &cx.clients().access_analyzer;
    let configuration = match kind {
        Kind::External => None,
        Kind::Unused(days) => Some(AnalyzerConfiguration::UnusedAccess(
            UnusedAccessConfiguration::builder()
                .unused_access_age(days)
                .build(),
        )),
    };
    let made = analyzers
        .create_analyzer()
        .analyzer_name(kind.name())
        .r#type(kind.to_api())
        .set_configuration(configuration)
        .set_tags((!tags.is_empty()).then(|| tags.clone().into_iter().collect()))
        .send()
        .await;
    if let Err(error) = made {
        let fault = Failure::from(error);
        if !fault.is("ServiceQuotaExceededException") && !fault.is("ConflictException") {
            return Err(fault);
        }
        // Somebody else made one meanwhile, or a repeated call got through the first time.
        let listed = analyzers.list_analyzers().r#type(kind.to_api()).send().await?;
        return match listed.analyzers.is_empty() {
            true => Err(fault),
            false => Ok(()),
        };
    }
    let mut wait = cx.wait_until("the analyzer works");
    for _ in 0..60 {
        let read = analyzers.get_analyzer().analyzer_name(kind.name()).send().await?;
        if read
            .analyzer
            .is_none_or(|made| made.status != AnalyzerStatus::Creating)
        {
            break;
        }
        wait.pause(Duration::from_secs(1)).await;
    }
    Ok(())
}
