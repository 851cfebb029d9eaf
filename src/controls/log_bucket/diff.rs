//! What has to be done.

use trueup_core::change::{Changes, LocalId};
use trueup_core::control::{Here, Observed};
use trueup_core::cost::Monthly;
use trueup_core::location::Location;
use trueup_core::tags;
use trueup_core::values::{Never, NumberOr};
use trueup_policy::Policy;

use super::model::{Action, Encryption, Ids, Model, Ownership, Target};
use super::rule::Rule;
use super::{BUCKET, FOR_CLOUDTRAIL, for_config, statements};

/// What a small account's logs cost. A trail of 17 regions that all have events writes some 150,000 files a month, at
/// 0.005 USD for 1,000; what lies there after years is a few GB, at 0.023 USD.
pub(super) const LOGS: Monthly = Monthly::cents(5, 100);

/// See [`Control::diff`](trueup_core::control::Control::diff).
pub(super) fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
    let (live, ids) = (&seen.model, &seen.ids);
    if let Some(why) = &ids.unusable {
        out.refuse(why);
        return;
    }
    if want.is_absent() {
        return leave(seen, out);
    }
    // A reading without identifiers is of an account that happens to be as the table says.
    let Some(name) = &ids.name else { return };
    let at = Target {
        bucket: name.clone(),
        region: ids.region.clone().unwrap_or_else(|| here.env.home.clone()),
    };
    let mut created = None;
    let fresh = new_bucket();
    let live = if live.is_absent() {
        let step = out.add(Action::Create {
            at: at.clone(),
            ownership: want.ownership,
            block: want.block_public_access,
            tags: here.env.run.tags.clone(),
        });
        let step = step.provides(BUCKET.at(&Location::Account)).costs(LOGS);
        created = Some(step.id());
        &fresh
    } else {
        settings(want, live, &at, here, ids, out);
        live
    };
    if let Some(encryption) = want.encryption {
        let key_differs = want.kms_key.is_some() && want.kms_key != live.kms_key;
        if live.encryption != Some(encryption) || key_differs {
            let action = Action::Encrypt {
                at: at.clone(),
                encryption,
                key: want.kms_key.clone(),
            };
            change(action, created, out);
        }
    }
    if let Some(on) = want.versioning.filter(|on| live.versioning != Some(*on)) {
        let step = out.change(Action::Version { at: at.clone(), on });
        let step = match created {
            Some(created) => step.after(created),
            None => step,
        };
        if !on {
            step.disruptive("what is overwritten or deleted from now on is lost");
        }
    }
    policy(want, &at, created, ids, here, out);
    life_cycle(want, &at, created, ids, out);
}

/// What S3 gives to a new bucket, beside what its creation sets (S3 user guide, "Default settings").
fn new_bucket() -> Model {
    Model {
        encryption: Some(Encryption::S3),
        versioning: Some(false),
        ..Model::default()
    }
}

fn change(action: Action, created: Option<LocalId>, out: &mut Changes<Action>) {
    let step = out.change(action);
    if let Some(created) = created {
        step.after(created);
    }
}

fn leave(seen: &Observed<Model, Ids>, out: &mut Changes<Action>) {
    let ids = &seen.ids;
    if !ids.several.is_empty() {
        out.refuse(format!(
            "several buckets have statements of trueup's, and only one can be meant: {}; take them out of the others",
            ids.several.join(", ")
        ));
        return;
    }
    let (false, Some(bucket), Some(region)) = (seen.model.is_absent(), &ids.name, &ids.region) else {
        return;
    };
    if ids.has_objects {
        out.refuse(format!(
            "the bucket `{bucket}` has objects or old versions, and trueup empties no bucket; leave the table out to \
             keep it, or empty it first"
        ));
        return;
    }
    let at = Target {
        bucket: bucket.clone(),
        region: region.clone(),
    };
    out.destroy(Action::Delete { at })
        .removes(BUCKET.at(&Location::Account))
        .destructive("anybody may take its name, and what still writes to it would write to them");
}

/// What a creation has set already.
fn settings(want: &Model, live: &Model, at: &Target, here: &Here<'_>, ids: &Ids, out: &mut Changes<Action>) {
    let at = || at.clone();
    if let Some(on) = want
        .block_public_access
        .filter(|on| live.block_public_access != Some(*on))
    {
        let step = out.change(Action::Block { at: at(), on });
        match on {
            true => step.disruptive("what reads the bucket because it is public no longer can"),
            false => step.disruptive("the logs can then be made public by a policy or an ACL"),
        };
    }
    if let Some(ownership) = want.ownership.filter(|one| live.ownership != Some(*one)) {
        let step = out.change(Action::Own { at: at(), ownership });
        if ownership == Ownership::BucketOwnerEnforced {
            step.disruptive("who reads the bucket by an ACL no longer can");
        }
    }
    let missing = tags::differing(&here.env.run.tags, &ids.tags);
    if !missing.is_empty() {
        out.change(Action::Tag {
            at: at(),
            tags: missing,
        });
    }
}

fn policy(
    want: &Model,
    at: &Target,
    created: Option<LocalId>,
    ids: &Ids,
    here: &Here<'_>,
    out: &mut Changes<Action>,
) {
    let (bucket, env) = (&at.bucket, here.env);
    let mut statements = vec![];
    let for_trail = match &want.trail {
        Some(_) => statements::for_trail(bucket, ids, env),
        None => vec![],
    };
    let mut without: Vec<&str> = vec![];
    let live = ids.policy.clone().unwrap_or_else(|| Policy::of([]));
    let mut prefixes = want.config_prefixes();
    let is_let_in = prefixes.is_subset(&statements::config_prefixes(&live, bucket, env));
    match want.config {
        Some(true) if is_let_in => {}
        Some(true) => {
            prefixes.extend(statements::own_prefixes(&live, bucket, env));
            statements.extend(statements::for_config(bucket, &prefixes, env));
        }
        Some(false) => without.extend(statements::FOR_CONFIG),
        None => {}
    }
    match want.tls_only {
        Some(true) => statements.extend(statements::for_tls(bucket, env)),
        Some(false) => without.extend(statements::FOR_TLS),
        None => {}
    }
    let mut lacking = match for_trail.is_empty() {
        true => vec![],
        false => statements::lacking_for_trail(&live, bucket, ids, env),
    };
    lacking.extend(live.lacking(&statements).into_iter().cloned());
    let has = |sid: &&str| live.statements().iter().any(|one| one.sid() == Some(*sid));
    let without: Vec<String> = without.into_iter().filter(has).map(str::to_owned).collect();
    if lacking.is_empty() && without.is_empty() {
        return;
    }
    let stops_config = want.config == Some(false) && !without.is_empty();
    let step = out.change(Action::Allow {
        at: at.clone(),
        statements: lacking,
        without,
    });
    let mut step = match created {
        Some(created) => step.after(created),
        None => step,
    };
    if !for_trail.is_empty() {
        step = step.provides(FOR_CLOUDTRAIL.at(&Location::Account));
    }
    if want.config == Some(true) && !is_let_in {
        for prefix in &prefixes {
            step = step.provides(for_config(prefix));
        }
    }
    if stops_config {
        step.disruptive("Config can no longer deliver to the bucket");
    }
}

fn life_cycle(want: &Model, at: &Target, created: Option<LocalId>, ids: &Ids, out: &mut Changes<Action>) {
    let (own, others) = (ids.own_rule, ids.other_rules);
    let before = own.with(others);
    let mut rule = own;
    let mut earlier = vec![];
    // Where others' rules are earlier than wanted, nothing that trueup's rule says can help.
    let mut choose = |what: &str, want: Option<NumberOr<Never>>, live: Option<i32>, other: Option<i32>| {
        let wanted = want?.number;
        match other {
            Some(other) if wanted.is_none_or(|wanted| wanted > other) => {
                earlier.push(format!("{what} after {other} days"));
                None
            }
            _ => (wanted != live).then_some(wanted),
        }
    };
    let expire = choose(
        "deletes objects",
        want.expire_after_days,
        before.expire,
        others.expire,
    );
    let old = choose(
        "deletes old versions",
        want.old_versions_expire_after_days,
        before.old_versions,
        others.old_versions,
    );
    let archive_at = others.archive.map(|(days, _)| days);
    let archive = match want.archive_after_days {
        Some(after) if after.number.zip(want.archive_class) != before.archive => {
            choose("archives objects", want.archive_after_days, None, archive_at)
                .or_else(|| (after.number.is_none() && archive_at.is_none()).then_some(None))
        }
        _ => None,
    };
    if let Some(days) = expire {
        rule.expire = days;
    }
    if let Some(days) = old {
        rule.old_versions = days;
    }
    if let Some(days) = archive {
        rule.archive = days.zip(want.archive_class);
    }
    for what in earlier {
        out.person(format!(
            "another rule of the bucket's life cycle {what}, earlier than wanted; change that rule, or write what it does"
        ));
    }
    if rule == own {
        return;
    }
    let sooner = |before: Option<i32>, after: Option<i32>| match (before, after) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(before), Some(after)) => after < before,
    };
    let after = rule.with(others);
    let risks = risks(&before, &after, sooner);
    let step = out.change(Action::Age { at: at.clone(), rule });
    let mut step = match created {
        Some(created) => step.after(created),
        None => step,
    };
    if ids.has_objects {
        for risk in risks {
            step = step.destructive(risk);
        }
    }
}

fn risks(before: &Rule, after: &Rule, sooner: impl Fn(Option<i32>, Option<i32>) -> bool) -> Vec<String> {
    let mut risks = vec![];
    if let Some(days) = after.expire.filter(|_| sooner(before.expire, after.expire)) {
        risks.push(format!("objects older than {days} days are deleted"));
    }
    if let Some(days) = after
        .old_versions
        .filter(|_| sooner(before.old_versions, after.old_versions))
    {
        risks.push(format!(
            "versions that are out of date for more than {days} days are deleted"
        ));
    }
    risks
}
