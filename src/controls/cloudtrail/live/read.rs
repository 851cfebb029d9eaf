//! Reading the trail, its log group and its role.

use std::sync::Arc;

use aws_sdk_cloudtrail::operation::get_trail_status::GetTrailStatusOutput;
use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::Trail;
use aws_sdk_cloudwatchlogs::types::LogGroupClass;
use aws_sdk_iam::Client;
use aws_sdk_iam::types::Role as IamRole;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use trueup_aws::{Cx, Failure, Reading};
use trueup_core::change::Manager;
use trueup_core::control::Observed;
use trueup_core::env::Env;
use trueup_core::location::Region;
use trueup_core::tags::Tags;
use trueup_core::values::Presence;

use crate::cloudtrail::ROLE;
use crate::cloudtrail::model::{
    self, Delivery, Events, Failing, Group, Ids, Lets, Model, Other, Place, Role,
};
use crate::cloudtrail::role::{self, Policies};
use crate::cloudtrail::selectors::Recorded;
use crate::roles;

/// A trail, with what the account's own ones are asked for besides.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// As it is listed.
    pub(crate) trail: Trail,
    /// What it does, or why that could not be read; nothing of another account's.
    pub(crate) does: Option<Result<Does, Failure>>,
}

/// What a trail does.
#[derive(Clone, Debug)]
pub(crate) struct Does {
    /// Whether it logs, and how its deliveries went.
    pub(crate) status: GetTrailStatusOutput,
    /// What it records.
    pub(crate) records: Recorded,
}

impl Seen {
    /// The account that it belongs to.
    pub(crate) fn owner(&self) -> Option<&str> {
        self.trail.trail_arn.as_deref()?.split(':').nth(4)
    }

    pub(crate) fn is_everywhere(&self) -> bool {
        self.trail.is_multi_region_trail == Some(true)
    }

    pub(crate) fn is_organizations(&self) -> bool {
        self.trail.is_organization_trail == Some(true)
    }

    pub(crate) fn is_logging(&self) -> bool {
        let does = self.read();
        does.is_some_and(|does| does.status.is_logging == Some(true))
    }

    /// What it records while it logs.
    pub(crate) fn records(&self) -> Recorded {
        let does = self.read();
        does.map(|does| does.records.clone()).unwrap_or_default()
    }

    /// Files arrive in its bucket: the last delivery did not fail.
    pub(crate) fn fills_its_bucket(&self) -> bool {
        self.read().is_some_and(|does| {
            let status = &does.status;
            let fails = |one: &Failing| matches!(one.to, Place::Bucket);
            status.is_logging == Some(true)
                && status.latest_delivery_time.is_some()
                && !failing(status).iter().any(fails)
        })
    }

    fn read(&self) -> Option<&Does> {
        self.does.as_ref()?.as_ref().ok()
    }

    /// It may record management events: what could not be read may.
    fn may_record(&self) -> bool {
        matches!(self.does, Some(Err(_))) || self.records().is_any()
    }

    /// Management events are recorded by it now.
    fn works(&self) -> bool {
        self.is_logging() && self.records().is_any()
    }
}

/// All trails that are seen from one region.
struct Trails(Arc<Vec<Seen>>);

impl Reading for Trails {
    async fn read(cx: &Cx) -> Result<Self, Failure> {
        let call = cx
            .clients()
            .cloudtrail
            .describe_trails()
            .include_shadow_trails(true);
        let mut trails = call.send().await?.trail_list.unwrap_or_default();
        trails.sort_by(|one, other| one.trail_arn.cmp(&other.trail_arn));
        let mut seen = vec![];
        for trail in trails {
            let mut one = Seen { trail, does: None };
            if one.owner() == Some(&cx.env.account) {
                one.does = Some(does(cx, &one.trail).await);
            }
            seen.push(one);
        }
        Ok(Trails(Arc::new(seen)))
    }
}

async fn does(cx: &Cx, trail: &Trail) -> Result<Does, Failure> {
    let home = region(trail.home_region().unwrap_or_default())?;
    let cloudtrail = &cx.clients_in(&home).cloudtrail;
    let arn = trail.trail_arn().unwrap_or_default();
    let status = cloudtrail.get_trail_status().name(arn).send().await?;
    let answer = cloudtrail.get_event_selectors().trail_name(arn).send().await?;
    Ok(Does {
        status,
        records: Recorded::of(&answer),
    })
}

/// All trails that are seen from the home region: those that are at home there, and all that record every region.
pub(crate) async fn trails(cx: &Cx) -> Result<Arc<Vec<Seen>>, Failure> {
    Ok(Arc::clone(&cx.cached::<Trails>().await?.0))
}

/// The account's own trail that is meant: of those that record management events of every region, and the one of this
/// name, the fittest.
///
/// A running one comes before one that would have to be started beside it. One that records no management events is
/// there for another purpose, and is meant only by its name.
pub(crate) fn choose<'a>(trails: &'a [Seen], name: Option<&str>, env: &Env) -> Option<&'a Seen> {
    let is_named = |seen: &Seen| name.is_some() && seen.trail.name() == name;
    let own = trails.iter().filter(|seen| seen.owner() == Some(&env.account));
    own.filter(|seen| is_named(seen) || seen.is_everywhere() && seen.may_record())
        .min_by_key(|seen| {
            (
                !seen.works(),
                seen.records().events != Some(Events::All),
                !seen.is_everywhere(),
                seen.trail.cloud_watch_logs_log_group_arn.is_none(),
                !is_named(seen),
                seen.is_organizations(),
                seen.trail.home_region() != Some(env.home.as_str()),
            )
        })
}

/// The account's own trails but the chosen one.
pub(super) fn others(trails: &[Seen], chosen: Option<&Seen>, env: &Env) -> Vec<Other> {
    let arn = |seen: &Seen| seen.trail.trail_arn.clone();
    let others = trails.iter().filter(|seen| {
        seen.owner() == Some(&env.account) && chosen.is_none_or(|chosen| arn(seen) != arn(chosen))
    });
    let described = others.map(|seen| Other {
        name: seen.trail.name.clone().unwrap_or_default(),
        home: seen.trail.home_region.clone().unwrap_or_default(),
        is_everywhere: seen.is_everywhere(),
        is_organizations: seen.is_organizations(),
        is_logging: seen.is_logging(),
        has_management_events: seen.records().is_any(),
    });
    described.collect()
}

pub(super) fn of_the_organization(arn: &str) -> Manager {
    Manager {
        who: format!("the organization's trail {arn}"),
    }
}

/// There is no trail of the account's own.
pub(super) async fn absent(
    cx: &Cx,
    want: Option<&Model>,
    mut ids: Ids,
) -> Result<Observed<Model, Ids>, Failure> {
    if let Some(name) = want.and_then(|want| want.log_group.as_deref()) {
        ids.group = Some(group(cx, name, &cx.env.home, false).await?);
        read_role(cx, want, None, &mut ids).await?;
    }
    let held_by = ids.organization_trail.as_deref().map(of_the_organization);
    Ok(Observed {
        model: Model {
            state: Some(Presence::Absent),
            ..Model::default()
        },
        ids,
        held_by,
    })
}

pub(super) fn region(name: &str) -> Result<Region, Failure> {
    let parsed = name.parse();
    parsed.map_err(|_| {
        Failure::answer(
            "cloudtrail:DescribeTrails",
            format!("the home region `{name}` is none"),
        )
    })
}

/// The name in the ARN of a log group.
pub(crate) fn group_of(arn: &str) -> Option<&str> {
    let (_, name) = arn.split_once(":log-group:")?;
    Some(name.strip_suffix(":*").unwrap_or(name)).filter(|name| !name.is_empty())
}

pub(super) async fn group(cx: &Cx, name: &str, region: &Region, is_attached: bool) -> Result<Group, Failure> {
    let logs = &cx.clients_in(region).logs;
    // The name is only a prefix here.
    let mut pages = logs
        .describe_log_groups()
        .log_group_name_prefix(name)
        .into_paginator()
        .items()
        .send();
    let mut found = None;
    while let Some(listed) = pages.next().await {
        let listed = listed?;
        if listed.log_group_name() == Some(name) {
            found = Some(listed);
            break;
        }
    }
    let mut tags = Tags::new();
    if found.is_some() && !cx.env.run.tags.is_empty() {
        let call = logs
            .list_tags_for_resource()
            .resource_arn(group_arn(name, region, &cx.env));
        tags = call.send().await?.tags.unwrap_or_default().into_iter().collect();
    }
    Ok(Group {
        name: name.to_owned(),
        region: region.clone(),
        exists: found.is_some(),
        is_attached,
        other_class: found
            .as_ref()
            .and_then(|group| group.log_group_class())
            .filter(|class| **class != LogGroupClass::Standard)
            .map(ToString::to_string),
        retention: found.and_then(|group| group.retention_in_days),
        tags,
    })
}

/// The ARN of a log group as its tags are called by, without `:*`.
pub(super) fn group_arn(name: &str, region: &Region, env: &Env) -> String {
    format!(
        "arn:{}:logs:{region}:{}:log-group:{name}",
        env.partition, env.account
    )
}

/// The role that delivers, or is going to; looked at only where a log group is wanted, or exported with its role.
pub(super) async fn read_role(
    cx: &Cx,
    want: Option<&Model>,
    attached: Option<&str>,
    ids: &mut Ids,
) -> Result<(), Failure> {
    let counts = want.map_or(attached.is_some(), |want| want.log_group.is_some());
    if !counts {
        return Ok(());
    }
    let Some(group) = &ids.group else { return Ok(()) };
    let attached_name = attached.and_then(|arn| arn.rsplit('/').next());
    let written = want.and_then(|want| want.role.as_deref());
    let name = written.or(attached_name).unwrap_or(ROLE);
    let is_attached = attached_name == Some(name);
    let iam = &cx.clients().iam;
    let live = roles::get(iam, name).await?;
    let arn = live.as_ref().map(|role| role.arn.as_str());
    let arn = arn.or(attached.filter(|_| is_attached)).unwrap_or_default();
    let mut role = Role {
        name: name.to_owned(),
        path: path_of(arn),
        exists: live.is_some(),
        is_attached,
        trust: Lets::No,
        rights: Lets::No,
        mended_trust: None,
        boundary: live.as_ref().and_then(roles::boundary),
        tags: roles::tags(live.as_ref().and_then(|role| role.tags.clone())),
    };
    if let Some(live) = &live {
        let trust = roles::trust(live)?;
        let written = || Some(model::arn(want?.name.as_ref()?, &cx.env));
        let trail = ids.arn.clone().or_else(written).unwrap_or_default();
        role.trust = role::trusts(&trust, arn, &trail, &cx.env);
        role.mended_trust = (role.trust == Lets::No).then(|| role::mended(&trust));
        let delivery = Delivery {
            group: group.name.clone(),
            region: group.region.clone(),
            role: name.to_owned(),
            path: None,
        };
        role.rights = role::may_deliver(&policies(iam, live).await?, arn, &delivery, &cx.env);
    }
    ids.role = Some(role);
    Ok(())
}

/// The path in a role's ARN, unless it is `/`.
fn path_of(arn: &str) -> Option<String> {
    let (_, named) = arn.split_once(":role")?;
    let (path, _) = named.rsplit_once('/')?;
    (!path.is_empty()).then(|| format!("{path}/"))
}

/// All policies of a role.
async fn policies(iam: &Client, role: &IamRole) -> Result<Policies, Failure> {
    let attached = roles::attached(iam, &role.role_name).await?;
    let held = roles::policies(iam, &role.role_name, &attached, None).await?;
    Ok(Policies {
        inline: held.inline,
        attached: held.attached.into_values().collect(),
        boundary: roles::limit(iam, role).await?,
    })
}

/// A text that says something.
pub(super) fn some(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The deliveries that failed when they were last tried: a success or a start after the failure ends it.
pub(crate) fn failing(status: &GetTrailStatusOutput) -> Vec<Failing> {
    let started = status.start_logging_time().map(DateTime::secs);
    // "No longer in use", and still sent (API reference, `GetTrailStatus`).
    let attempt = status.latest_delivery_attempt_time();
    let attempt = attempt
        .and_then(|text| text.parse::<Timestamp>().ok())
        .map(Timestamp::as_second);
    let deliveries = [
        (
            Place::Bucket,
            status.latest_delivery_error(),
            status.latest_delivery_time(),
            attempt,
        ),
        (
            Place::Logs,
            status.latest_cloud_watch_logs_delivery_error(),
            status.latest_cloud_watch_logs_delivery_time(),
            None,
        ),
        (
            Place::Digest,
            status.latest_digest_delivery_error(),
            status.latest_digest_delivery_time(),
            None,
        ),
    ];
    let failing = deliveries
        .into_iter()
        .filter_map(|(to, error, delivered, attempt)| {
            let error = some(error)?;
            let last = delivered.map(DateTime::secs).max(started);
            let is_over = attempt.zip(last).is_some_and(|(attempt, last)| last > attempt);
            (!is_over).then(|| Failing {
                to,
                error,
                since: last.and_then(day),
            })
        });
    failing.collect()
}

fn day(seconds: i64) -> Option<String> {
    let time = Timestamp::from_second(seconds).ok()?;
    Some(TimeZone::UTC.to_datetime(time).date().to_string())
}
