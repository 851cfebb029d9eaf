//! Reading the rules of all the regions concerned, and the role.
//!
//! What a region refuses spoils that region alone: see [`Ids::unread`].

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::{self as api, RuleState};
use futures::StreamExt;
use serde_json::Value;
use trueup_aws::{Cx, Failure};
use trueup_core::env::Env;
use trueup_core::fault::FaultKind;
use trueup_core::location::Region;
use trueup_core::tags::Tags;
use trueup_core::values::{Presence, Template};

use crate::health_events::coverage::{self, Coverage};
use crate::health_events::events::is_health;
use crate::health_events::message::{self, Transformer};
use crate::health_events::model::{Ids, Model, Role, Rule, Target, To};
use crate::health_events::role::{Documents, OfOthers};
use crate::health_events::{FORWARD, RULE, TARGETS, bus, role};
use crate::roles;

/// How many regions are looked at at the same time.
const AT_ONCE: usize = 8;

/// The states in which a rule sends what it matches.
const ENABLED: [RuleState; 2] = [
    RuleState::Enabled,
    RuleState::EnabledWithAllCloudtrailManagementEvents,
];

/// What was read in the words of the table.
pub(crate) fn model(env: &Env, want: Option<&Model>, ids: &Ids) -> Model {
    let wanted = want.and_then(|want| want.coverage);
    let absent = Model {
        state: Some(Presence::Absent),
        ..Model::default()
    };
    let nothing = ids.home.is_none() && ids.forwarders.is_empty() && ids.role.is_none();
    if nothing {
        return absent;
    }
    let covered = [Coverage::Minimal, Coverage::Full].into_iter().find(|coverage| {
        let asked = wanted.is_none_or(|wanted| wanted == *coverage);
        // An export says both, so both have to go together.
        let together = || {
            let home = ids.home.as_ref();
            home.is_some_and(|home| coverage::suits_home(&home.pattern, env, Some(*coverage)))
        };
        asked && (want.is_some() || together()) && covers(env, *coverage, ids)
    });
    let home = ids.home.as_ref();
    let target = home.and_then(|home| home.target.as_ref());
    // For an export a rule that tells nobody at present is not as good as none.
    let counts = |home: &&Rule| want.is_none() || coverage::hears(home, env, wanted);
    let to = home
        .filter(counts)
        .and(target)
        .map(|target| To::Topic(target.arn.clone()));
    // What is to go has to go whole; otherwise nobody's being told is what counts.
    let still_there = want.is_some_and(Model::is_absent);
    Model {
        state: (to.is_none() && !still_there).then_some(Presence::Absent),
        to,
        coverage: covered,
        message: target.and_then(|target| target.message.clone()),
        permissions_boundary: ids
            .role
            .as_ref()
            .and_then(|role| role.boundary.clone())
            .map(Template::from),
    }
}

/// Whether the rules of the other regions are as this coverage asks, where the organization lets them be.
fn covers(env: &Env, coverage: Coverage, ids: &Ids) -> bool {
    let wanted = coverage::forwarders(env, coverage);
    let ours = ids.role_arn(env);
    let role = ids.role.as_ref().is_some_and(|role| role.trusts && role.lets);
    let forwards = |region: &Region, pattern: &Value| {
        ids.forwarders.get(region).is_some_and(|rule| {
            let works = |target: &Target| match &target.role {
                None => false,
                Some(used) if *used == ours => role,
                Some(_) => target.role_fails.is_none(),
            };
            rule.enabled
                && coverage::suits(&rule.pattern, pattern)
                && rule
                    .target
                    .as_ref()
                    .is_some_and(|target| works(target) && !target.is_reshaped)
        })
    };
    wanted
        .iter()
        .all(|(region, pattern)| ids.denied.contains_key(region) || forwards(region, pattern))
        && ids
            .forwarders
            .iter()
            .all(|(region, rule)| rule.name != FORWARD || wanted.contains_key(region))
}

pub(super) async fn home(cx: &Cx, want: Option<&Model>, ids: &mut Ids) -> Result<(), Failure> {
    let events = &cx.clients_in(&cx.env.home).events;
    let topic = want.and_then(Model::topic);
    let must_be_ours = want.is_some_and(Model::is_absent);
    let wanted = want.and_then(|want| want.coverage);
    let mut found = vec![];
    for (rule, pattern) in health_rules(events, None, RULE).await? {
        let targets = targets(events, rule.name().unwrap_or_default()).await?;
        let is_it = |target: &&api::Target| match topic {
            Some(topic) => target.arn == topic,
            None => want.is_none() && target.arn.split(':').nth(2) == Some("sns"),
        };
        let target = targets.iter().find(is_it);
        let rule = read(&rule, pattern, target, targets.len());
        let is_ours = rule.name == RULE;
        let suits = coverage::suits_home(&rule.pattern, &cx.env, None)
            || coverage::suits_home(&rule.pattern, &cx.env, wanted);
        let can_be = is_ours
            || suits
                && match (&rule.target, want) {
                    (Some(_), Some(_)) => true,
                    (Some(_), None) => rule.enabled,
                    (None, Some(_)) => !must_be_ours && rule.enabled && rule.others < TARGETS,
                    (None, None) => false,
                };
        found.push((!can_be, rule.target.is_none(), !is_ours, rule));
    }
    found.sort_by(|one, other| {
        (one.0, one.1, one.2, &one.3.name).cmp(&(other.0, other.1, other.2, &other.3.name))
    });
    let mut found = found.into_iter().peekable();
    if let Some((_, _, _, mut rule)) = found.next_if(|(cannot_be, ..)| !cannot_be) {
        rule.tags = tags(cx, &cx.env.home, events, &rule.name).await?;
        ids.home = Some(rule);
    }
    let doubles = found.map(|(.., rule)| rule);
    ids.doubles = doubles
        .filter(|rule| topic.is_some() && rule.enabled && rule.target.is_some())
        .map(|rule| rule.name)
        .collect();
    Ok(())
}

/// The regions beside the home region: in those that are to forward any rule that does, in the others only ours.
pub(super) async fn elsewhere(cx: &Cx, want: Option<&Model>, coverage: Option<Coverage>, ids: &mut Ids) {
    let wanted: BTreeSet<Region> = match (want, coverage) {
        (None, _) => cx.env.looked_at().cloned().collect(),
        (Some(_), Some(coverage)) => coverage::forwarders(&cx.env, coverage).into_keys().collect(),
        (Some(_), None) => BTreeSet::new(),
    };
    let mut others: Vec<Region> = cx.env.looked_at().cloned().collect();
    others.retain(|region| *region != cx.env.home);
    let mut readings = futures::stream::iter(others)
        .map(|region| {
            let any = wanted.contains(&region);
            async move {
                let read = forwarder(cx, &region, any).await;
                (region, any, read)
            }
        })
        .buffered(AT_ONCE);
    while let Some((region, any, read)) = readings.next().await {
        match read {
            Ok(rule) => {
                if let Some(rule) = rule {
                    ids.forwarders.insert(region, rule);
                }
            }
            // Where nothing can be done, nothing was done by us either.
            Err(fault) if !any && is_closed(fault.kind) => {}
            Err(fault) if fault.kind == FaultKind::DeniedByOrganization => {
                ids.denied.insert(region, fault.0);
            }
            Err(fault) => {
                ids.unread.insert(region, fault.to_string());
            }
        }
    }
    // An export names what it could read.
    if want.is_none() {
        ids.unread.clear();
        ids.denied.clear();
    }
}

fn is_closed(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::DeniedByOrganization | FaultKind::NotAvailable | FaultKind::RegionNotEnabled
    )
}

async fn forwarder(cx: &Cx, region: &Region, any: bool) -> Result<Option<Rule>, Failure> {
    let events = &cx.clients_in(region).events;
    let home = bus(&cx.env);
    let mut found = vec![];
    for (rule, pattern) in health_rules(events, (!any).then_some(FORWARD), FORWARD).await? {
        let name = rule.name().unwrap_or_default();
        if !any && name != FORWARD {
            continue;
        }
        let targets = targets(events, name).await?;
        let target = targets.iter().find(|target| target.arn == home);
        if name == FORWARD || target.is_some() {
            let rule = read(&rule, pattern, target, targets.len());
            found.push((rule.target.is_none(), rule.name != FORWARD, rule));
        }
    }
    found.sort_by(|one, other| (one.0, one.1, &one.2.name).cmp(&(other.0, other.1, &other.2.name)));
    let Some((.., mut rule)) = found.into_iter().next() else {
        return Ok(None);
    };
    rule.tags = tags(cx, region, events, &rule.name).await?;
    Ok(Some(rule))
}

/// The rules of a region that hear AWS Health and nothing else, and the one of our name whatever it hears; without
/// those that AWS services made for themselves.
async fn health_rules(
    events: &Client,
    prefix: Option<&str>,
    ours: &str,
) -> Result<Vec<(api::Rule, Value)>, Failure> {
    let mut found = vec![];
    let mut next = None;
    loop {
        let call = events.list_rules().set_name_prefix(prefix.map(str::to_owned));
        let page = call.set_next_token(next).send().await?;
        for rule in page.rules.unwrap_or_default() {
            let pattern: Value = rule
                .event_pattern()
                .and_then(|text| serde_json::from_str(text).ok())
                .unwrap_or_default();
            let hears = rule.schedule_expression.is_none() && is_health(&pattern);
            if rule.managed_by.is_none() && (hears || rule.name() == Some(ours)) {
                found.push((rule, pattern));
            }
        }
        next = page.next_token;
        if next.is_none() {
            return Ok(found);
        }
    }
}

/// All targets of a rule.
pub(super) async fn targets(events: &Client, rule: &str) -> Result<Vec<api::Target>, Failure> {
    let mut all = vec![];
    let mut next = None;
    loop {
        let call = events.list_targets_by_rule().rule(rule).set_next_token(next);
        let page = match call.send().await.map_err(Failure::from) {
            Ok(page) => page,
            // It was deleted in the meantime.
            Err(fault) if fault.is("ResourceNotFoundException") => return Ok(vec![]),
            Err(fault) => return Err(fault),
        };
        all.extend(page.targets.unwrap_or_default());
        next = page.next_token;
        if next.is_none() {
            return Ok(all);
        }
    }
}

fn read(rule: &api::Rule, pattern: Value, target: Option<&api::Target>, count: usize) -> Rule {
    let told = |target: &api::Target| {
        let transformer = target.input_transformer.as_ref()?;
        let paths = transformer.input_paths_map.clone().unwrap_or_default();
        message::read(&Transformer {
            paths: paths.into_iter().collect(),
            template: transformer.input_template.clone(),
        })
    };
    Rule {
        name: rule.name.clone().unwrap_or_default(),
        pattern,
        enabled: rule.state.as_ref().is_some_and(|state| ENABLED.contains(state)),
        others: count - usize::from(target.is_some()),
        target: target.map(|target| Target {
            id: target.id.clone(),
            arn: target.arn.clone(),
            role: target.role_arn.clone(),
            role_fails: None,
            role_unclear: None,
            message: told(target),
            is_reshaped: target.input.is_some()
                || target.input_path.is_some()
                || target.input_transformer.is_some(),
        }),
        tags: Tags::new(),
    }
}

/// The tags of a rule, if somebody wants to know.
async fn tags(cx: &Cx, region: &Region, events: &Client, rule: &str) -> Result<Tags, Failure> {
    if cx.env.run.tags.is_empty() {
        return Ok(Tags::new());
    }
    let arn = super::write::rule_arn(&cx.env, region, rule);
    let answer = events.list_tags_for_resource().resource_arn(arn).send().await?;
    let pairs = answer.tags.unwrap_or_default().into_iter();
    Ok(pairs.map(|tag| (tag.key, tag.value)).collect())
}

pub(super) async fn role(cx: &Cx, coverage: Option<Coverage>) -> Result<Option<Role>, Failure> {
    let Some(read) = documents(cx, FORWARD).await? else {
        return Ok(None);
    };
    // An export does not know yet which regions forward.
    let wanted = coverage.map(|coverage| coverage::forwarders(&cx.env, coverage));
    let rules: Vec<String> = wanted
        .iter()
        .flat_map(BTreeMap::keys)
        .map(|region| super::write::rule_arn(&cx.env, region, FORWARD))
        .collect();
    let judged = role::judge(&read.documents, &read.role.arn, &rules, &cx.env);
    Ok(Some(Role {
        trusts: judged.trusts,
        lets: judged.lets,
        obstacles: judged.obstacles,
        unclear: judged.unclear,
        boundary: roles::boundary(&read.role),
        arn: read.role.arn,
        tags: roles::tags(read.role.tags),
    }))
}

/// A role with its documents.
struct ReadRole {
    role: aws_sdk_iam::types::Role,
    documents: Documents,
}

async fn documents(cx: &Cx, name: &str) -> Result<Option<ReadRole>, Failure> {
    let iam = &cx.clients().iam;
    let Some(role) = roles::get(iam, name).await? else {
        return Ok(None);
    };
    let attached = roles::attached(iam, name).await?;
    let documents = Documents {
        held: roles::policies(iam, name, &attached, None).await?,
        boundary: roles::limit(iam, &role).await?,
        trust: roles::trust(&role)?,
    };
    Ok(Some(ReadRole { role, documents }))
}

/// What is known of a role of others.
enum OtherRole {
    /// It belongs to this account, whose roles cannot be read from here.
    OfAccount(String),
    Gone,
    Read(Box<Documents>),
}

/// Judges the roles of others through which rules reach the topic or the home region's bus, for each rule by itself.
pub(super) async fn other_roles(cx: &Cx, ids: &mut Ids) -> Result<(), Failure> {
    let ours = ids.role_arn(&cx.env);
    let home = ids.home.iter_mut().map(|rule| (&cx.env.home, rule));
    let mut read: BTreeMap<String, OtherRole> = BTreeMap::new();
    for (region, rule) in home.chain(&mut ids.forwarders) {
        let Some(target) = rule.target.as_mut() else {
            continue;
        };
        let Some(arn) = target.role.clone().filter(|role| *role != ours) else {
            continue;
        };
        if !read.contains_key(&arn) {
            read.insert(arn.clone(), other_role(cx, &arn).await?);
        }
        let by = super::write::rule_arn(&cx.env, region, &rule.name);
        let judged = match &read[&arn] {
            OtherRole::OfAccount(account) => OfOthers {
                fails: None,
                unclear: Some(format!(
                    "the role belongs to account {account}, and its policies cannot be read from this account"
                )),
            },
            OtherRole::Gone => OfOthers {
                fails: Some("is gone".to_owned()),
                unclear: None,
            },
            OtherRole::Read(documents) => role::of_others(documents, (&arn, &target.arn), &by, &cx.env),
        };
        let name = arn.rsplit('/').next().unwrap_or_default();
        target.role_fails = judged.fails.map(|why| format!("the role {name} {why}"));
        target.role_unclear = judged.unclear;
    }
    Ok(())
}

async fn other_role(cx: &Cx, role: &str) -> Result<OtherRole, Failure> {
    let mut parts = role.splitn(6, ':').skip(4);
    let (account, path) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if account != cx.env.account {
        return Ok(OtherRole::OfAccount(account.to_owned()));
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    Ok(match documents(cx, name).await? {
        None => OtherRole::Gone,
        Some(read) => OtherRole::Read(Box::new(read.documents)),
    })
}
