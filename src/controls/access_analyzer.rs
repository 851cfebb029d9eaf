//! IAM Access Analyzer: what strangers may reach, in every region; and, if wanted, what nobody uses.
//!
//! A region has one analyzer of external access (quota "Analyzers with an account zone of trust"), so one that is
//! there is adopted whatever its name.

use std::fmt;
use std::time::Duration;

use aws_sdk_accessanalyzer::types::{
    AnalyzerConfiguration, AnalyzerStatus, AnalyzerSummary, Type, UnusedAccessConfiguration,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::control::{Control, Doc, Here, Observed, Permissions, Wants};
use trueup_core::cost::Monthly;
use trueup_core::env::Env;
use trueup_core::location::Scope;
use trueup_core::tags::{self, Tags};

#[cfg(test)]
mod tests;

/// The control.
pub(crate) struct AccessAnalyzer;

/// The table `[access_analyzer]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// An analyzer looks for what can be reached from outside the account.
    pub(crate) external_access: Option<bool>,
    /// An analyzer looks for roles, keys and permissions that nobody uses: one, in the home region, for IAM is the
    /// same everywhere. It is paid by role and user.
    pub(crate) unused_access: Option<bool>,
    /// After how many days something counts as unused. An analyzer that counts otherwise is replaced.
    #[schemars(range(min = 1, max = 365))]
    pub(crate) unused_access_days: Option<i32>,
}

/// What is needed to act.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// The analyzer of external access.
    pub(crate) external: Option<Analyzer>,
    /// The analyzer of unused access.
    pub(crate) unused: Option<Analyzer>,
}

/// An analyzer that there is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Analyzer {
    /// Its name.
    pub(crate) name: String,
    /// Its ARN.
    pub(crate) arn: String,
    /// Why it does not work, if it does not.
    pub(crate) broken: Option<String>,
    /// The service that made it for itself, if one did.
    pub(crate) managed_by: Option<String>,
    /// Its tags, others' too.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub(crate) tags: Tags,
}

/// What an analyzer looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// What can be reached from outside the account.
    External,
    /// What nobody used for so many days.
    Unused(i32),
}

impl Kind {
    /// The name of an analyzer that trueup makes.
    fn name(self) -> &'static str {
        match self {
            Kind::External => "external-access",
            Kind::Unused(_) => "unused-access",
        }
    }

    fn to_api(self) -> Type {
        match self {
            Kind::External => Type::Account,
            Kind::Unused(_) => Type::AccountUnusedAccess,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::External => f.write_str("analyzer of external access"),
            Kind::Unused(days) => write!(f, "analyzer of access unused for {days} days"),
        }
    }
}

/// A change of one region's analyzers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Make one. One of the same type that appeared meanwhile is as good.
    Create {
        /// What it looks for.
        kind: Kind,
        /// Its tags.
        #[serde(default, skip_serializing_if = "Tags::is_empty")]
        tags: Tags,
    },
    /// Delete one.
    Delete {
        /// Its name.
        name: String,
    },
    /// Tag one.
    Tag {
        /// Its name.
        name: String,
        /// Its ARN.
        arn: String,
        /// The tags that are missing or have another value.
        tags: Tags,
    },
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Create { kind, .. } => write!(f, "create the {kind}"),
            Action::Delete { name } => write!(f, "delete the analyzer {name}"),
            Action::Tag { name, tags, .. } => write!(f, "tag the analyzer {name}: {}", tags::shown(tags)),
        }
    }
}

/// The days of an analyzer whose table says none: what the console proposes.
const DAYS: i32 = 90;

/// What an analyzer of unused access costs in each month for a role or a user.
const PRICE_CENTS: u32 = 20;

/// A small account has five to fifty roles and users.
const UNUSED: Monthly = Monthly::cents(5 * PRICE_CENTS, 50 * PRICE_CENTS);

impl Control for AccessAnalyzer {
    const NAME: &'static str = "access_analyzer";
    const SCOPE: Scope = Scope::EachRegion;
    const DOC: Doc = Doc {
        title: "IAM Access Analyzer",
        items: &[15],
        why: "It names the buckets, roles, keys and queues that somebody outside the account can reach.",
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
    const PERMISSIONS: Permissions = Permissions {
        read: &["access-analyzer:ListAnalyzers"],
        write: &[
            "access-analyzer:CreateAnalyzer",
            "access-analyzer:DeleteAnalyzer",
            "access-analyzer:GetAnalyzer",
            "access-analyzer:TagResource",
            // For access-analyzer.amazonaws.com.
            "iam:CreateServiceLinkedRole",
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
        if let Some(days) = want.unused_access_days {
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
        let own = &here.env.run.tags;
        let is_there = seen.model.external_access == Some(true);
        one(
            want.external_access,
            Kind::External,
            (is_there, &seen.ids.external),
            own,
            out,
        );
        let Some(wanted) = want.unused_access else {
            return;
        };
        let is_there = seen.model.unused_access == Some(true);
        let live = seen.model.unused_access_days;
        let days = want.unused_access_days.or(live).unwrap_or(DAYS);
        match &seen.ids.unused {
            // The number of days cannot be changed afterwards.
            Some(analyzer) if wanted && live.is_some_and(|live| live != days) => {
                if foreign(analyzer, out) {
                    return;
                }
                let gone = delete(analyzer, out);
                let tags = own.clone();
                let kind = Kind::Unused(days);
                out.add(Action::Create { kind, tags }).after(gone);
            }
            unused => one(Some(wanted), Kind::Unused(days), (is_there, unused), own, out),
        }
    }
}

impl Live for AccessAnalyzer {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
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
        let external = best(&all, &Type::Account);
        let unused = best(&all, &Type::AccountUnusedAccess);
        // An export says it where there is one, and of the home region alone.
        let with_unused = match want {
            None => unused.is_some() && cx.place.region() == Some(&cx.env.home),
            Some(want) => want.unused_access.is_some(),
        };
        Ok(Observed {
            model: Model {
                external_access: Some(external.is_some()),
                unused_access: with_unused.then_some(unused.is_some()),
                unused_access_days: unused.filter(|_| with_unused).and_then(days),
            },
            ids: Ids {
                external: external.map(Analyzer::from),
                unused: unused.filter(|_| with_unused).map(Analyzer::from),
            },
            held_by: None,
        })
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
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
}

/// The steps of one kind of analyzer, which is there or not.
fn one(
    wanted: Option<bool>,
    kind: Kind,
    (is_there, analyzer): (bool, &Option<Analyzer>),
    own: &Tags,
    out: &mut Changes<Action>,
) {
    match (wanted, analyzer) {
        (Some(true), _) if !is_there => {
            let tags = own.clone();
            let step = out.add(Action::Create { kind, tags });
            if matches!(kind, Kind::Unused(_)) {
                step.costs(UNUSED);
            }
        }
        (Some(true), Some(analyzer)) => {
            if let Some(why) = &analyzer.broken {
                out.refuse(format!(
                    "the analyzer {} does not work ({why}) and no call repairs it: delete it, and apply again",
                    analyzer.name
                ));
                return;
            }
            let tags = tags::differing(own, &analyzer.tags);
            // What a service made for itself is not ours to mark.
            if !tags.is_empty() && analyzer.managed_by.is_none() {
                let Analyzer { name, arn, .. } = analyzer.clone();
                out.change(Action::Tag { name, arn, tags });
            }
        }
        (Some(false), Some(analyzer)) if !foreign(analyzer, out) => {
            delete(analyzer, out);
        }
        _ => {}
    }
}

fn delete(analyzer: &Analyzer, out: &mut Changes<Action>) -> trueup_core::change::LocalId {
    let name = analyzer.name.clone();
    out.destroy(Action::Delete { name })
        .destructive("its findings and archive rules go with it")
        .id()
}

/// Refuses to touch what a service made for itself; tells whether it is such.
fn foreign(analyzer: &Analyzer, out: &mut Changes<Action>) -> bool {
    if let Some(service) = &analyzer.managed_by {
        out.refuse(format!(
            "the analyzer {} belongs to {service}, which alone can delete it",
            analyzer.name
        ));
    }
    analyzer.managed_by.is_some()
}

/// Of several of a type, the account's own before a service's.
fn best<'a>(all: &'a [AnalyzerSummary], kind: &Type) -> Option<&'a AnalyzerSummary> {
    all.iter()
        .filter(|analyzer| analyzer.r#type == *kind)
        .min_by_key(|analyzer| (analyzer.managed_by.is_some(), analyzer.name.clone()))
}

impl From<&AnalyzerSummary> for Analyzer {
    fn from(summary: &AnalyzerSummary) -> Self {
        let works = matches!(summary.status, AnalyzerStatus::Active | AnalyzerStatus::Creating);
        let broken = (!works).then(|| {
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
            broken,
            managed_by: summary.managed_by.clone(),
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
