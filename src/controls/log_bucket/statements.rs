//! What the bucket's policy has to say, under names of trueup's own: others' statements are never replaced.

use std::collections::BTreeSet;

use trueup_core::env::Env;
use trueup_policy::{Policy, Statement};

use super::model::Ids;

/// The names of trueup's statements, and what each is about.
const NAMES: [(&str, &str); 6] = [
    (TRAIL_ACL, "CloudTrail"),
    (TRAIL_WRITE, "CloudTrail"),
    (CONFIG_ACL, "Config"),
    (CONFIG_LIST, "Config"),
    (CONFIG_WRITE, "Config"),
    (TLS, "TLS"),
];
const TRAIL_ACL: &str = "TrueupCloudTrailAclCheck";
const TRAIL_WRITE: &str = "TrueupCloudTrailWrite";
const CONFIG_ACL: &str = "TrueupConfigPermissionsCheck";
const CONFIG_LIST: &str = "TrueupConfigExistenceCheck";
const CONFIG_WRITE: &str = "TrueupConfigDelivery";
const TLS: &str = "TrueupTlsOnly";

/// Whether a policy has some of trueup's statements.
pub(super) fn is_ours(policy: &Policy) -> bool {
    let sids = policy.statements().iter().filter_map(Statement::sid);
    NAMES.iter().any(|(name, _)| sids.clone().any(|sid| sid == *name))
}

/// The names of the statements for Config.
pub(super) const FOR_CONFIG: [&str; 3] = [CONFIG_ACL, CONFIG_LIST, CONFIG_WRITE];
/// The name of the statement that asks for TLS.
pub(super) const FOR_TLS: [&str; 1] = [TLS];

const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";
const CONFIG: &str = "config.amazonaws.com";
/// What a writer must grant to the bucket's owner.
const FULL_CONTROL: &str = "bucket-owner-full-control";

fn arn(bucket: &str, env: &Env) -> String {
    format!("arn:{}:s3:::{bucket}", env.partition)
}

/// What the trail needs that writes here; nothing if none does.
pub(super) fn for_trail(bucket: &str, ids: &Ids, env: &Env) -> Vec<Statement> {
    match &ids.trail {
        Some(trail) => let_trail(bucket, Some(trail), ids, env),
        None => vec![],
    }
}

/// What of that the policy lacks. The console's older statements have no `aws:SourceArn`: they let every trail in, and
/// so this one too (CloudTrail user guide, "Amazon S3 bucket policy for CloudTrail").
pub(super) fn lacking_for_trail(live: &Policy, bucket: &str, ids: &Ids, env: &Env) -> Vec<Statement> {
    let wanted = for_trail(bucket, ids, env);
    let lacking = live.lacking(&wanted);
    let every = let_trail(bucket, None, ids, env);
    let lets_every = |one: &Statement| {
        let mut twins = wanted.iter().zip(&every);
        twins.any(|(want, every)| want == one && live.statements().contains(every))
    };
    lacking
        .into_iter()
        .filter(|one| !lets_every(one))
        .cloned()
        .collect()
}

/// Lets a trail write, or every trail.
fn let_trail(bucket: &str, trail: Option<&str>, ids: &Ids, env: &Env) -> Vec<Statement> {
    let bucket = arn(bucket, env);
    let prefix = ids.trail_prefix.as_ref().filter(|prefix| !prefix.is_empty());
    let prefix = prefix.map(|prefix| format!("{prefix}/")).unwrap_or_default();
    let allow = |name: &str| {
        let allow = Statement::allow().named(name).principal("Service", CLOUDTRAIL);
        match trail {
            Some(trail) => allow.condition("StringEquals", "aws:SourceArn", trail),
            None => allow,
        }
    };
    vec![
        allow(TRAIL_ACL).action("s3:GetBucketAcl").resource(&bucket),
        allow(TRAIL_WRITE)
            .action("s3:PutObject")
            .resource(&format!("{bucket}/{prefix}AWSLogs/{}/*", env.account))
            .condition("StringEquals", "s3:x-amz-acl", FULL_CONTROL),
    ]
}

/// What Config needs, from every region, to write files whose names have one of these beginnings.
pub(super) fn for_config(bucket: &str, prefixes: &BTreeSet<String>, env: &Env) -> Vec<Statement> {
    let objects: Vec<String> = prefixes
        .iter()
        .map(|prefix| object(prefix, bucket, env))
        .collect();
    let bucket = arn(bucket, env);
    let allow = |name: &str| {
        Statement::allow()
            .named(name)
            .principal("Service", CONFIG)
            .condition("StringEquals", "AWS:SourceAccount", &env.account)
    };
    vec![
        allow(CONFIG_ACL).action("s3:GetBucketAcl").resource(&bucket),
        allow(CONFIG_LIST).action("s3:ListBucket").resource(&bucket),
        objects
            .iter()
            .fold(allow(CONFIG_WRITE), |statement, object| {
                statement.resource(object)
            })
            .action("s3:PutObject")
            .condition("StringEquals", "s3:x-amz-acl", FULL_CONTROL),
    ]
}

/// The files that Config writes under a prefix.
fn object(prefix: &str, bucket: &str, env: &Env) -> String {
    let folder = match prefix {
        "" => String::new(),
        prefix => format!("{prefix}/"),
    };
    format!("{}/{folder}AWSLogs/{}/Config/*", arn(bucket, env), env.account)
}

/// The prefixes in a statement's resources.
fn prefixes_in(statement: &Statement, bucket: &str, env: &Env) -> BTreeSet<String> {
    let start = format!("{}/", arn(bucket, env));
    let end = format!("AWSLogs/{}/Config/*", env.account);
    let prefix = |resource: &str| {
        let folder = resource.strip_prefix(&start)?.strip_suffix(&end)?;
        match folder {
            "" => Some(String::new()),
            folder => folder.strip_suffix('/').map(str::to_owned),
        }
    };
    statement.resources().into_iter().filter_map(prefix).collect()
}

/// The prefixes in trueup's own statement. They are kept: a recorder that still writes there would lose its records.
pub(super) fn own_prefixes(policy: &Policy, bucket: &str, env: &Env) -> BTreeSet<String> {
    let own = policy
        .statements()
        .iter()
        .filter(|one| one.sid() == Some(CONFIG_WRITE));
    own.flat_map(|one| prefixes_in(one, bucket, env)).collect()
}

/// The prefixes that Config may write files under, by trueup's statement or by one of somebody else's for each.
pub(super) fn config_prefixes(policy: &Policy, bucket: &str, env: &Env) -> BTreeSet<String> {
    let lets = |policy: &Policy, prefixes: &BTreeSet<String>| {
        policy.lacking(&for_config(bucket, prefixes, env)).is_empty()
    };
    let mut found = own_prefixes(policy, bucket, env);
    if !found.is_empty() && !lets(policy, &found) {
        found.clear();
    }
    let others = policy.without(&[CONFIG_WRITE]).unwrap_or_else(|| policy.clone());
    let candidates = others.statements().iter();
    let candidates: BTreeSet<String> = candidates.flat_map(|one| prefixes_in(one, bucket, env)).collect();
    found.extend(
        candidates
            .into_iter()
            .filter(|prefix| lets(&others, &BTreeSet::from([prefix.clone()]))),
    );
    found
}

/// What refuses requests without TLS.
pub(super) fn for_tls(bucket: &str, env: &Env) -> Vec<Statement> {
    let bucket = arn(bucket, env);
    vec![
        Statement::deny()
            .named(TLS)
            .principal("AWS", "*")
            .action("s3:*")
            .resource(&bucket)
            .resource(&format!("{bucket}/*"))
            .condition("Bool", "aws:SecureTransport", "false"),
    ]
}

/// A change of the policy in a few words: `let CloudTrail and Config write, ask for TLS`.
pub(super) fn told(statements: &[Statement], without: &[String]) -> String {
    let about = |name: &str| {
        NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, about)| *about)
    };
    let among = |names: Vec<&str>, wanted: &str| names.into_iter().any(|name| about(name) == Some(wanted));
    let put = |wanted: &str| among(statements.iter().filter_map(Statement::sid).collect(), wanted);
    let gone = |wanted: &str| among(without.iter().map(String::as_str).collect(), wanted);
    let mut parts = vec![];
    let writers: Vec<&str> = ["CloudTrail", "Config"]
        .into_iter()
        .filter(|who| put(who))
        .collect();
    if !writers.is_empty() {
        parts.push(format!("let {} write", writers.join(" and ")));
    }
    if put("TLS") {
        parts.push("ask for TLS".to_owned());
    }
    if gone("Config") {
        parts.push("let Config no longer write".to_owned());
    }
    if gone("TLS") {
        parts.push("no longer ask for TLS".to_owned());
    }
    parts.join(", ")
}
