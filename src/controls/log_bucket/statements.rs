//! What the bucket's policy has to allow and to deny, in whatever statements, and the statements that trueup writes for it
//! under names of its own: others' statements are never replaced.

use std::collections::BTreeSet;

use trueup_core::env::Env;
use trueup_core::location::Region;
use trueup_policy::evaluate::{Answer, Context, Principal, Request, evaluate};
use trueup_policy::{Policy, Statement};

use super::model::Ids;
use crate::access::{self, May};

/// What a service has to be allowed, and the statement that allows it.
pub(super) struct Need {
    /// What the service is called.
    pub(super) service: &'static str,
    /// The statement.
    pub(super) statement: Statement,
    requests: Vec<Request>,
}

impl Need {
    /// Whether a policy allows it. Services use TLS 1.2 or 1.3.
    pub(super) fn may(&self, policy: &Policy) -> May {
        let by = |version: &str| {
            let requests = self.requests.iter().map(|request| Request {
                context: request.context.clone().with("s3:TlsVersion", version),
                ..request.clone()
            });
            access::may(policy, &requests.collect::<Vec<_>>())
        };
        match (by("1.2"), by("1.3")) {
            (May::No(by), May::No(_)) => May::No(by),
            (May::No(by), _) => May::CannotTell(by),
            (found, _) => found,
        }
    }

    /// The action that is asked for.
    pub(super) fn action(&self) -> &str {
        self.requests.first().map_or("", |request| &request.action)
    }
}

/// Whether a policy refuses none of these clearly.
pub(super) fn are_met(needs: &[Need], policy: &Policy) -> bool {
    needs.iter().all(|need| !need.may(policy).is_no())
}

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

/// A request of a service for the bucket or for a file in it, in the account's home region and with what the service is
/// known to send. Whether it names an encryption depends on settings of its own.
fn request(service: &str, action: &str, resource: String, env: &Env) -> Request {
    let open = [
        "aws:CurrentTime",
        "aws:EpochTime",
        "aws:ResourceOrgID",
        "aws:ResourceOrgPaths",
        "aws:SourceArn",
        "aws:SourceOrgID",
        "aws:SourceOrgPaths",
        "aws:UserAgent",
        "aws:ViaAWSService",
        "s3:signatureversion",
        "s3:authType",
        "s3:x-amz-server-side-encryption",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
        "s3:x-amz-storage-class",
        "s3:x-amz-content-sha256",
    ];
    let context = open
        .iter()
        .fold(Context::complete(), |context, key| context.unknown(key))
        .with("aws:SecureTransport", "true")
        .with("aws:SourceAccount", &env.account)
        .with("aws:ResourceAccount", &env.account)
        .with("s3:ResourceAccount", &env.account);
    Request {
        principal: Principal::Service(service.to_owned()),
        action: action.to_owned(),
        resource,
        context: match action {
            "s3:PutObject" => context.with("s3:x-amz-acl", FULL_CONTROL),
            _ => context,
        },
    }
}

/// A day's files in a folder of the bucket: one of each region, since a policy may tell regions apart.
fn files<'a>(folder: &str, regions: impl Iterator<Item = &'a Region>, within: &str) -> Vec<String> {
    let regions: BTreeSet<&Region> = regions.collect();
    let of = |region: &&Region| format!("{folder}{region}/2026/01/31/{within}x.json.gz");
    regions.iter().map(of).collect()
}

/// What the trail needs that writes here; nothing if none does.
pub(super) fn for_trail(bucket: &str, ids: &Ids, env: &Env) -> Vec<Need> {
    let Some(trail) = &ids.trail else { return vec![] };
    let bucket = arn(bucket, env);
    let prefix = ids.trail_prefix.as_ref().filter(|prefix| !prefix.is_empty());
    let prefix = prefix.map(|prefix| format!("{prefix}/")).unwrap_or_default();
    let folder = format!("{bucket}/{prefix}AWSLogs/{}/", env.account);
    let allow = |name: &str| {
        let allow = Statement::allow().named(name).principal("Service", CLOUDTRAIL);
        allow.condition("StringEquals", "aws:SourceArn", trail)
    };
    let request = |action: &str, resource: String| {
        let request = request(CLOUDTRAIL, action, resource, env);
        let context = request
            .context
            .absent("aws:SourceArn")
            .with("aws:SourceArn", trail);
        Request { context, ..request }
    };
    vec![
        Need {
            service: "CloudTrail",
            requests: vec![request("s3:GetBucketAcl", bucket.clone())],
            statement: allow(TRAIL_ACL).action("s3:GetBucketAcl").resource(&bucket),
        },
        Need {
            service: "CloudTrail",
            requests: ["CloudTrail/", "CloudTrail-Digest/"]
                .iter()
                .flat_map(|kind| {
                    let regions = env.enabled.iter().chain([&env.home]);
                    files(&format!("{folder}{kind}"), regions, "")
                })
                .map(|file| request("s3:PutObject", file))
                .collect(),
            statement: allow(TRAIL_WRITE)
                .action("s3:PutObject")
                .resource(&format!("{folder}*"))
                .condition("StringEquals", "s3:x-amz-acl", FULL_CONTROL),
        },
    ]
}

/// What Config needs, from every region, to write files whose names have one of these beginnings; its statement also
/// names the prefixes that are kept.
pub(super) fn for_config(
    bucket: &str,
    prefixes: &BTreeSet<String>,
    kept: &BTreeSet<String>,
    env: &Env,
) -> Vec<Need> {
    let folder = |prefix: &str| format!("{}Config/", folder(prefix, bucket, env));
    let objects: BTreeSet<String> = prefixes
        .union(kept)
        .map(|prefix| format!("{}*", folder(prefix)))
        .collect();
    let bucket = arn(bucket, env);
    let allow = |name: &str| {
        Statement::allow()
            .named(name)
            .principal("Service", CONFIG)
            .condition("StringEquals", "AWS:SourceAccount", &env.account)
    };
    let files = prefixes.iter().flat_map(|prefix| {
        let folder = folder(prefix);
        let of = |kind: &str| files(&folder, env.looked_at().chain([&env.home]), kind);
        let check = vec![format!("{folder}ConfigWritabilityCheckFile")];
        [check, of("ConfigHistory/"), of("ConfigSnapshot/")].concat()
    });
    let of_bucket = |name: &str, action: &str| Need {
        service: "Config",
        requests: vec![request(CONFIG, action, bucket.clone(), env)],
        statement: allow(name).action(action).resource(&bucket),
    };
    vec![
        of_bucket(CONFIG_ACL, "s3:GetBucketAcl"),
        of_bucket(CONFIG_LIST, "s3:ListBucket"),
        Need {
            service: "Config",
            requests: files
                .map(|file| request(CONFIG, "s3:PutObject", file, env))
                .collect(),
            statement: objects
                .iter()
                .fold(allow(CONFIG_WRITE), |statement, object| {
                    statement.resource(object)
                })
                .action("s3:PutObject")
                .condition("StringEquals", "s3:x-amz-acl", FULL_CONTROL),
        },
    ]
}

/// The folder of the account's files under a prefix.
fn folder(prefix: &str, bucket: &str, env: &Env) -> String {
    let before = match prefix {
        "" => String::new(),
        prefix => format!("{prefix}/"),
    };
    format!("{}/{before}AWSLogs/{}/", arn(bucket, env), env.account)
}

/// The beginnings of the names of all files that are written here: the trail's, and Config's under these prefixes.
pub(super) fn written(ids: &Ids, prefixes: &BTreeSet<String>, env: &Env) -> Vec<String> {
    let of = |prefix: &str, kind: &str| {
        let before = match prefix {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        format!("{before}AWSLogs/{}/{kind}", env.account)
    };
    let trail = ids
        .trail
        .as_ref()
        .map(|_| of(ids.trail_prefix.as_deref().unwrap_or_default(), "CloudTrail"));
    let config = prefixes.iter().map(|prefix| of(prefix, "Config/"));
    trail.into_iter().chain(config).collect()
}

/// The prefixes in a statement's resources.
fn prefixes_in(statement: &Statement, bucket: &str, env: &Env) -> BTreeSet<String> {
    let start = format!("{}/", arn(bucket, env));
    let prefix = |resource: &str| {
        let (folder, _) = resource.strip_prefix(&start)?.split_once("AWSLogs/")?;
        let is_plain = !folder.contains(['*', '?', '$']);
        match folder {
            "" => Some(String::new()),
            folder => folder.strip_suffix('/').filter(|_| is_plain).map(str::to_owned),
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

/// The prefixes that Config may write files under: of those that are asked for, and of those that a statement names.
pub(super) fn config_prefixes(
    policy: &Policy,
    asked: &BTreeSet<String>,
    bucket: &str,
    env: &Env,
) -> BTreeSet<String> {
    let named = policy
        .statements()
        .iter()
        .flat_map(|one| prefixes_in(one, bucket, env));
    let mut all: BTreeSet<String> = named
        .chain(asked.iter().cloned())
        .chain([String::new()])
        .collect();
    all.retain(|prefix| {
        let one = BTreeSet::from([prefix.clone()]);
        are_met(&for_config(bucket, &one, &BTreeSet::new(), env), policy)
    });
    all
}

/// The statement that denies requests without TLS.
pub(super) fn for_tls(bucket: &str, env: &Env) -> Statement {
    let bucket = arn(bucket, env);
    Statement::deny()
        .named(TLS)
        .principal("AWS", "*")
        .action("s3:*")
        .resource(&bucket)
        .resource(&format!("{bucket}/*"))
        .condition("Bool", "aws:SecureTransport", "false")
}

/// Whether a policy denies requests without TLS to every user and role, of the account and of others. AWS services use
/// TLS by themselves, and callers without credentials are kept out by the block of public access.
pub(super) fn is_tls_only(policy: &Policy, bucket: &str, env: &Env) -> May {
    let Env {
        account, partition, ..
    } = env;
    let principals = [
        format!("arn:{partition}:iam::{account}:root"),
        format!("arn:{partition}:iam::{account}:user/any"),
        format!("arn:{partition}:sts::{account}:assumed-role/any/any"),
        format!("arn:{partition}:iam::000000000000:user/any"),
    ];
    let (bucket, policy) = (arn(bucket, env), policy.without_allows());
    let mut open = vec![];
    for principal in principals
        .iter()
        .filter_map(|principal| principal.parse::<Principal>().ok())
    {
        for (action, resource) in [
            ("s3:GetObject", format!("{bucket}/any")),
            ("s3:PutObject", format!("{bucket}/any")),
            ("s3:ListBucket", bucket.clone()),
            ("s3:GetBucketPolicy", bucket.clone()),
        ] {
            let decision = evaluate(
                &[&policy],
                &Request {
                    principal: principal.clone(),
                    action: action.to_owned(),
                    resource,
                    context: Context::partial()
                        .with("aws:SecureTransport", "false")
                        .absent("s3:TlsVersion"),
                },
            );
            match decision.answer {
                Answer::Denied => {}
                _ if decision.by.is_empty() => return May::No(vec![]),
                _ => open.extend(decision.by),
            }
        }
    }
    match open.is_empty() {
        true => May::Yes,
        false => May::CannotTell(open),
    }
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
