//! What has to be done.

use std::collections::BTreeMap;

use trueup_core::change::{Changes, LocalId};
use trueup_core::control::{Here, Observed};
use trueup_core::cost::Monthly;
use trueup_core::location::Location;
use trueup_core::tags;
use trueup_core::values::{Bound, Fit, NumberOr};
use trueup_policy::evaluate::deleted_principals;
use trueup_policy::{Policy, Statement};

use super::model::{Action, Encryption, Ids, Model, Ownership, Target, by_length};
use super::rule::{Other, Rule};
use super::statements::{self, Need};
use super::{BUCKET, FOR_CLOUDTRAIL, for_config as for_config_at};
use crate::access::{May, explained, named};

/// How many bytes a bucket policy has at most (S3 user guide, "Bucket policies").
const POLICY: usize = 20 * 1024;

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
    if let Some(written) = &ids.in_place_of {
        out.keep(
            &["name"],
            format!(
                "there is no bucket `{written}`, and the account's logs go to `{name}`: that one is judged in its place"
            ),
        );
    }
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
    encryption(want, live, &at, created, out);
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
    if let (Some(true), Some(retention)) = (want.config, &ids.default_retention) {
        out.person(format!(
            "the bucket retains new objects by Object Lock ({retention}), and AWS Config cannot deliver to such a bucket; \
             turn the default retention off, or let Config deliver to another bucket"
        ));
    }
    life_cycle(want, &at, created, ids, out);
}

/// What S3 gives to a new bucket, beside what its creation sets (S3 user guide, "Default settings").
fn new_bucket() -> Model {
    Model {
        encryption: Some(Bound::Plain(Encryption::S3)),
        versioning: Some(false),
        ..Model::default()
    }
}

fn encryption(want: &Model, live: &Model, at: &Target, created: Option<LocalId>, out: &mut Changes<Action>) {
    let Some(bound) = &want.encryption else { return };
    let before = live.encryption.as_ref().map(Bound::value);
    let misses = out.misses(&["encryption"], Some(bound), before, Ord::cmp);
    let key_differs = want.kms_key.is_some() && want.kms_key != live.kms_key;
    if !misses && !key_differs {
        return;
    }
    let encryption = *bound.settled(before, Ord::cmp);
    let step = out.change(Action::Encrypt {
        at: at.clone(),
        encryption,
        key: want.kms_key.clone(),
    });
    let step = match created {
        Some(created) => step.after(created),
        None => step,
    };
    if before.is_some_and(|before| *before > encryption) {
        step.weakening(format!(
            "new objects are encrypted with {} only",
            encryption.name()
        ));
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
        if ownership == Ownership::BucketOwnerEnforced && !ids.grants.is_empty() {
            out.refuse_entry(
                "ownership",
                format!(
                    "the bucket's ACL grants {}, and S3 refuses BucketOwnerEnforced while it does; allow them by the \
                     bucket policy if they still need it, and set the ACL to private",
                    ids.grants.join(", ")
                ),
            );
        } else {
            let step = out.change(Action::Own { at: at(), ownership });
            if ownership == Ownership::BucketOwnerEnforced {
                step.disruptive("principals that read the bucket by an object's ACL no longer can");
            }
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
    let none = Policy::of([]);
    let live = ids.policy.as_ref().unwrap_or(&none);
    let for_trail = match &want.trail {
        Some(_) => statements::for_trail(bucket, ids, env),
        None => vec![],
    };
    let prefixes = want.config_prefixes();
    let kept = statements::own_prefixes(live, bucket, env);
    let for_config = match want.config {
        Some(true) => statements::for_config(bucket, &prefixes, &kept, env),
        _ => vec![],
    };
    let is_config_let_in = statements::are_met(&for_config, live);
    let needs: Vec<&Need> = for_trail.iter().chain(&for_config).collect();
    let mut lacking: Vec<Statement> = needs
        .iter()
        .filter(|need| need.may(live).is_no())
        .map(|need| need.statement.clone())
        .collect();
    if want.tls_only == Some(true) {
        match statements::is_tls_only(live, bucket, env) {
            May::Yes => {}
            May::No(_) => lacking.push(statements::for_tls(bucket, env)),
            May::CannotTell(by) => out.notice(format!(
                "cannot tell whether the bucket policy denies every request without TLS ({})",
                explained(&by)
            )),
        }
    }
    let mut without: Vec<&str> = vec![];
    if want.config == Some(false) {
        without.extend(statements::FOR_CONFIG);
    }
    if want.tls_only == Some(false) {
        without.extend(statements::FOR_TLS);
    }
    let has = |sid: &&str| live.statements().iter().any(|one| one.sid() == Some(*sid));
    let without: Vec<&str> = without.into_iter().filter(has).collect();
    let rest = live.without(&without).unwrap_or_else(|| live.clone());
    let merged = rest.merged(&lacking).unwrap_or(rest);
    if !is_clear(&needs, &merged, out) || lacking.is_empty() && without.is_empty() {
        return;
    }
    let merged = merged.without_deleted_principals().to_string();
    if merged.len() > POLICY {
        out.refuse_entry(
            "policy",
            format!(
                "with what it lacks, the bucket policy would have {} bytes, and S3 takes {POLICY}; shorten it",
                merged.len()
            ),
        );
        return;
    }
    let stops_config = want.config == Some(false) && !without.is_empty();
    let deleted = deleted_principals(live).into_iter();
    let deleted = deleted.map(|(sid, id)| match sid {
        Some(sid) => format!("{id} (statement {sid})"),
        None => id,
    });
    let step = out.change(Action::Allow {
        at: at.clone(),
        statements: lacking,
        without: without.into_iter().map(str::to_owned).collect(),
        deleted: deleted.collect(),
    });
    let mut step = match created {
        Some(created) => step.after(created),
        None => step,
    };
    if !for_trail.is_empty() {
        step = step.provides(FOR_CLOUDTRAIL.at(&Location::Account));
    }
    if want.config == Some(true) && !is_config_let_in {
        for prefix in prefixes.union(&kept) {
            step = step.provides(for_config_at(prefix));
        }
    }
    if stops_config {
        step.disruptive("Config can no longer deliver to the bucket");
    }
}

/// Whether a policy lets those in that need it, unless it is unclear, which is noted. What denies them is in the way.
fn is_clear(needs: &[&Need], policy: &Policy, out: &mut Changes<Action>) -> bool {
    let (mut denied, mut unclear) = (BTreeMap::new(), BTreeMap::new());
    for need in needs {
        let what = format!("{} to {}", need.action(), need.service);
        match need.may(policy) {
            May::Yes => {}
            May::No(by) => denied.entry(named(&by)).or_insert_with(Vec::new).push(what),
            May::CannotTell(by) => unclear.entry(explained(&by)).or_insert_with(Vec::new).push(what),
        }
    }
    for (by, what) in &denied {
        out.refuse_entry(
            "policy",
            format!(
                "{by} of the bucket policy denies {}, and trueup removes no statement of others; change or remove it",
                what.join(", ")
            ),
        );
    }
    for (by, what) in unclear {
        out.notice(format!(
            "cannot tell whether the bucket policy allows {} ({by})",
            what.join(", ")
        ));
    }
    denied.is_empty()
}

fn life_cycle(want: &Model, at: &Target, created: Option<LocalId>, ids: &Ids, out: &mut Changes<Action>) {
    let (own, others) = (ids.own_rule, Other::all(&ids.other_rules));
    let before = own.with(others);
    let mut rule = own;
    if expiry_misses(want, created, before.expire, out) {
        let wanted = want
            .expire_after_days
            .as_ref()
            .and_then(|bound| bound.value().number);
        if !is_sooner(
            wanted,
            |other| other.expire,
            "deletes",
            "expire_after_days",
            ids,
            out,
        ) {
            rule.expire = wanted;
        }
    }
    if let Some(wanted) = want.old_versions_expire_after_days.map(|days| days.number)
        && !is_sooner(
            wanted,
            |other| other.old_versions,
            "deletes old versions of",
            "old_versions_expire_after_days",
            ids,
            out,
        )
        && wanted != before.old_versions
    {
        rule.old_versions = wanted;
    }
    if let Some(after) = want.archive_after_days
        && after.number.zip(want.archive_class) != before.archive
        && !is_sooner(
            after.number,
            |other| other.archive.map(|(days, _)| days),
            "archives",
            "archive_after_days",
            ids,
            out,
        )
    {
        rule.archive = after.number.zip(want.archive_class);
    }
    let not_small = ids.archives_small && rule.archive.is_some();
    let is_right = rule == own && !not_small;
    if ids.has_mfa_delete && !(is_right && rule.does_nothing()) {
        out.refuse_entry(
            "expire_after_days",
            "the bucket has MFA delete, and S3 allows no life cycle beside it; choose one of the two: turn MFA delete \
             off as the root user, or leave the days of expiry and archiving out of the file",
        );
        return;
    }
    if is_right {
        return;
    }
    let sooner = |before: Option<i32>, after: Option<i32>| match (before, after) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(before), Some(after)) => after < before,
    };
    let after = rule.with(others);
    let risks = risks(&before, &after, sooner);
    let step = out.change(Action::Age {
        at: at.clone(),
        rule,
        not_small,
    });
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

/// Whether the expiry has to be changed. What is never deleted fits every one.
fn expiry_misses(
    want: &Model,
    created: Option<LocalId>,
    before: Option<i32>,
    out: &mut Changes<Action>,
) -> bool {
    let path = ["expire_after_days"];
    let Some(bound) = &want.expire_after_days else {
        return false;
    };
    if created.is_some() {
        return bound.value().number.is_some();
    }
    let live = NumberOr::from_api(before);
    match bound.fit(&live, by_length) {
        Fit::Other if before.is_none() => {
            out.keep(
                &path,
                "objects are never deleted, and so kept and paid for without end; `expire_after_days = { at_most = N }` \
                 deletes them",
            );
            false
        }
        _ => out.misses(&path, Some(bound), Some(&live), by_length),
    }
}

/// Whether rules of others do something sooner than is wanted: then nothing that trueup's rule says can help.
fn is_sooner(
    wanted: Option<i32>,
    after: impl Fn(&Rule) -> Option<i32>,
    does: &str,
    key: &str,
    ids: &Ids,
    out: &mut Changes<Action>,
) -> bool {
    let sooner = ids.other_rules.iter().filter_map(|other| {
        let days = after(&other.does).filter(|days| wanted.is_none_or(|wanted| wanted > *days))?;
        Some((other, days))
    });
    let mut is_sooner = false;
    for (other, days) in sooner {
        let what = match other.prefix.as_str() {
            "" => "all objects",
            prefix => prefix,
        };
        let when = match days {
            1 => "after 1 day, or from a date on".to_owned(),
            days => format!("after {days} days"),
        };
        out.person(format!(
            "the life cycle rule `{}` of the bucket {does} {what} {when}, earlier than {key} asks for; change that rule, \
             or {key}",
            other.id
        ));
        is_sooner = true;
    }
    is_sooner
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
