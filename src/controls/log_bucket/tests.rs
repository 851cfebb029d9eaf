//! What is planned, without an account.

use serde_json::{Value, json};
use trueup_core::values::{Bound, Template};
use trueup_policy::{Policy, Statement};

use super::model::{Encryption, Ownership};
use super::rule::{ArchiveClass, Other, Rule};
use super::statements::Need;
use super::*;
use crate::testing;

mod policy;

fn model(text: &str) -> Model {
    toml::from_str(text).unwrap()
}

fn example() -> Model {
    let table: toml::Table = LogBucket::DOC.example.parse().unwrap();
    let mut model: Model = table[LogBucket::NAME].clone().try_into().unwrap();
    model.name = Some(Template::from("logs".to_owned()));
    model.trail = Some("all".to_owned());
    model.config = Some(true);
    model
}

fn env() -> Env {
    Env {
        account: "111122223333".to_owned(),
        partition: "aws".to_owned(),
        home: "us-east-1".parse().unwrap(),
        enabled: vec![],
        run: trueup_core::env::Run::default(),
    }
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// The identifiers of a bucket that is as the example wants it.
fn ids() -> Ids {
    let mut ids = Ids {
        is_managed: true,
        name: Some("logs".to_owned()),
        region: Some("us-east-1".parse().unwrap()),
        has_objects: true,
        trail: Some("arn:aws:cloudtrail:us-east-1:111122223333:trail/all".to_owned()),
        own_rule: Rule {
            archive: None,
            expire: Some(2557),
            old_versions: Some(30),
        },
        ..Ids::default()
    };
    ids.config_prefixes = set(&[""]);
    let trail = statements::for_trail("logs", &ids, &env())
        .into_iter()
        .map(|need| need.statement);
    let all = trail
        .chain(for_config(&[""]))
        .chain([statements::for_tls("logs", &env())]);
    ids.policy = Some(Policy::of(all));
    ids
}

/// trueup's statements for Config.
fn for_config(prefixes: &[&str]) -> Vec<Statement> {
    let needs = statements::for_config("logs", &set(prefixes), &set(&[]), &env());
    needs.into_iter().map(|need: Need| need.statement).collect()
}

/// The bucket with this policy.
fn with_policy(statements: Value) -> Observed<Model, Ids> {
    let mut seen = live();
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    seen.ids.policy = Some(document.to_string().parse().unwrap());
    seen
}

/// The statements of its policy, to be changed.
fn own_statements() -> Vec<Value> {
    json!(ids().policy.unwrap())["Statement"]
        .as_array()
        .unwrap()
        .clone()
}

fn live() -> Observed<Model, Ids> {
    Observed {
        model: example(),
        ids: ids(),
        held_by: None,
    }
}

fn plan(want: &Model, seen: &Observed<Model, Ids>) -> String {
    testing::told(&testing::found::<LogBucket>(want, seen))
}

fn wrong(text: &str) -> String {
    let wrong = LogBucket::check(&model(text));
    let lines: Vec<String> = wrong.iter().map(|(key, what)| format!("{key}: {what}")).collect();
    lines.join("\n")
}

#[test]
fn a_new_bucket_is_made_first_and_all_else_waits_for_it() {
    let mut seen = live();
    seen.model = model("state = \"absent\"");
    seen.ids = Ids {
        name: seen.ids.name,
        trail: seen.ids.trail,
        ..Ids::default()
    };
    insta::assert_snapshot!(plan(&example(), &seen), @r"
    create the S3 bucket `logs` [safe]
    keep old versions of objects [safe]
      after create the S3 bucket `logs`
    bucket policy: let CloudTrail and Config write, ask for TLS [safe]
      after create the S3 bucket `logs`
    life cycle: expire after 2557 days, old versions after 30 days [safe]
      after create the S3 bucket `logs`
    ");
    let costs = testing::monthly(&testing::found::<LogBucket>(&example(), &seen));
    assert_eq!(costs, diff::LOGS);
    assert!(LogBucket::DOC.cost.contains(&costs.to_string()), "{costs}");
}

#[test]
fn what_is_as_wanted_needs_nothing() {
    assert_eq!(plan(&example(), &live()), "");
    assert_eq!(plan(&model("name = \"logs\""), &live()), "");
}

#[test]
fn each_setting_is_changed_alone() {
    let drift = |change: fn(&mut Observed<Model, Ids>)| {
        let mut seen = live();
        change(&mut seen);
        plan(&example(), &seen)
    };
    insta::assert_snapshot!(drift(|seen| seen.model.block_public_access = Some(false)), @r"
    block public access to the bucket [disruptive]
      ! what reads the bucket because it is public no longer can
    ");
    insta::assert_snapshot!(drift(|seen| seen.model.ownership = Some(Ownership::ObjectWriter)), @r"
    set the objects' ownership to BucketOwnerEnforced [disruptive]
      ! principals that read the bucket by an object's ACL no longer can
    ");
    insta::assert_snapshot!(
        drift(|seen| seen.model.versioning = Some(false)),
        @"keep old versions of objects [safe]"
    );
    insta::assert_snapshot!(
        drift(|seen| seen.ids.policy = seen.ids.policy.as_ref().unwrap().without(&["TrueupTlsOnly"])),
        @"bucket policy: ask for TLS [safe]"
    );
    insta::assert_snapshot!(
        drift(|seen| seen.ids.trail = Some("arn:aws:cloudtrail:eu-west-1:111122223333:trail/other".to_owned())),
        @"bucket policy: let CloudTrail write [safe]"
    );
    // Nobody delivers here: nobody is let in.
    assert_eq!(drift(|seen| seen.ids.trail = None), "");
}

#[test]
fn config_is_let_in_under_each_prefix_that_is_used_and_none_is_taken_away() {
    let policy = |prefixes: &[&str], name: Option<&str>| {
        let mut statements = self::for_config(prefixes);
        if let Some(name) = name {
            statements = statements.into_iter().map(|one| one.named(name)).collect();
        }
        Policy::of(statements)
    };
    let found = |policy: &Policy| statements::config_prefixes(policy, &set(&[]), "logs", &env());
    assert_eq!(found(&policy(&[""], None)), set(&[""]));
    assert_eq!(found(&policy(&["", "a", "b/c"], None)), set(&["", "a", "b/c"]));
    // Somebody else's statements say it as well, but not without all three.
    assert_eq!(found(&policy(&["a"], Some("Theirs"))), set(&["a"]));
    let without = policy(&["a"], None).without(&["TrueupConfigExistenceCheck"]);
    assert_eq!(found(&without.unwrap()), set(&[]));

    let resources = |live: &[&str], wanted: &[&str]| {
        let mut seen = self::live();
        seen.ids.policy = Some(policy(live, None));
        let want = Model {
            tls_only: None,
            trail: None,
            config_prefixes: Some(set(wanted)),
            ..example()
        };
        let out = testing::found::<LogBucket>(&want, &seen);
        let step = out.steps.into_iter().next()?;
        let Action::Allow { statements, .. } = &step.action else {
            panic!("{:?}", step.action)
        };
        let resources: Vec<String> = statements
            .iter()
            .flat_map(Statement::resources)
            .map(str::to_owned)
            .collect();
        let provided: Vec<String> = step.provides.iter().map(ToString::to_string).collect();
        Some((resources, provided))
    };
    assert_eq!(resources(&["", "a"], &["a"]), None);
    let (sent, provided) = resources(&[""], &["a"]).unwrap();
    assert_eq!(
        sent,
        [
            "arn:aws:s3:::logs/AWSLogs/111122223333/Config/*",
            "arn:aws:s3:::logs/a/AWSLogs/111122223333/Config/*"
        ]
    );
    assert_eq!(
        provided,
        [
            "log bucket that Config may write to (log_bucket, account)",
            "log bucket that Config may write to `a` (log_bucket, account)"
        ]
    );
    assert_eq!(
        wrong("name = \"logs\"\nconfig_prefixes = []"),
        "config_prefixes: is empty; expected at least one, \"\" for none, or config = false"
    );
}

/// A rule of others, if it does something.
fn other(prefix: &str, does: Rule) -> Vec<Other> {
    let other = Other {
        id: "theirs".to_owned(),
        prefix: prefix.to_owned(),
        does,
    };
    Some(other)
        .filter(|other| !other.does.does_nothing())
        .into_iter()
        .collect()
}

#[test]
fn only_an_earlier_end_of_what_is_there_is_destructive() {
    let with = |own: Rule, others: Rule, has_objects: bool| {
        let mut seen = live();
        seen.ids.own_rule = own;
        seen.ids.other_rules = other("", others);
        seen.ids.has_objects = has_objects;
        plan(&example(), &seen)
    };
    let rule = |expire: Option<i32>, old_versions: Option<i32>| Rule {
        archive: None,
        expire,
        old_versions,
    };
    let none = Rule::default();
    insta::assert_snapshot!(with(none, none, true), @r"
    life cycle: old versions after 30 days [destructive]
      ! versions that are out of date for more than 30 days are deleted
    note: objects are never deleted, and so kept and paid for without end; `expire_after_days = { at_most = N }` deletes them
    ");
    insta::assert_snapshot!(
        with(none, none, false),
        @r"
    life cycle: old versions after 30 days [safe]
    note: objects are never deleted, and so kept and paid for without end; `expire_after_days = { at_most = N }` deletes them
    "
    );
    insta::assert_snapshot!(
        with(rule(Some(365), Some(30)), none, true),
        @"life cycle: expire after 2557 days, old versions after 30 days [safe]"
    );
    // What others' rules do already needs no rule of trueup's.
    assert_eq!(with(none, rule(Some(2557), Some(30)), true), "");
    insta::assert_snapshot!(
        with(rule(None, Some(30)), rule(Some(90), None), true),
        @"person: the life cycle rule `theirs` of the bucket deletes all objects after 90 days, earlier than expire_after_days asks for; change that rule, or expire_after_days"
    );
}

#[test]
fn what_a_rule_does_beside_what_is_managed_stays() {
    let mut seen = live();
    seen.ids.own_rule.archive = Some((90, ArchiveClass::Glacier));
    let out = testing::found::<LogBucket>(&model("name = \"logs\"\nexpire_after_days = \"never\""), &seen);
    let rule = Rule {
        expire: None,
        ..seen.ids.own_rule
    };
    let sent: Vec<&Action> = out.steps.iter().map(|step| &step.action).collect();
    let [Action::Age { rule: found, .. }] = sent[..] else {
        panic!("{sent:?}")
    };
    assert_eq!(*found, rule);
    let archive = model("name = \"logs\"\narchive_after_days = 90\narchive_class = \"glacier\"");
    assert_eq!(plan(&archive, &seen), "");
    seen.ids.archives_small = true;
    insta::assert_snapshot!(
        plan(&archive, &seen),
        @"life cycle: GLACIER after 90 days, expire after 2557 days, old versions after 30 days, archive nothing that is smaller than 128 KB [safe]"
    );
    seen.ids.archives_small = false;
    let never = model("name = \"logs\"\narchive_after_days = \"never\"");
    insta::assert_snapshot!(
        plan(&never, &seen),
        @"life cycle: expire after 2557 days, old versions after 30 days [safe]"
    );
    insta::assert_snapshot!(
        plan(&model("name = \"logs\"\narchive_after_days = 30\narchive_class = \"glacier_ir\""), &seen),
        @"life cycle: GLACIER_IR after 30 days, expire after 2557 days, old versions after 30 days [safe]"
    );
}

#[test]
fn an_empty_bucket_can_go_and_a_full_one_stays() {
    let gone = model("state = \"absent\"");
    insta::assert_snapshot!(plan(&gone, &live()), @"refused: the bucket `logs` has objects or old versions, and trueup empties no bucket; leave the table out to keep it, or empty it first");
    let mut seen = live();
    seen.ids.has_objects = false;
    insta::assert_snapshot!(plan(&gone, &seen), @r"
    delete the S3 bucket `logs` [destructive]
      ! anybody may take its name, and what still writes to it would write to them
    ");
    seen.model = model("state = \"absent\"");
    assert_eq!(plan(&gone, &seen), "");
}

#[test]
fn writers_are_let_in_no_longer_where_that_is_written() {
    let closed = model("name = \"logs\"\nconfig = false\ntls_only = false");
    insta::assert_snapshot!(plan(&closed, &live()), @r"
    bucket policy: let Config no longer write, no longer ask for TLS [disruptive]
      ! Config can no longer deliver to the bucket
    ");
}

#[test]
fn a_bucket_of_somebody_else_is_refused() {
    let mut seen = live();
    seen.ids.unusable = Some("the bucket `logs` belongs to another account".to_owned());
    insta::assert_snapshot!(plan(&example(), &seen), @"refused: the bucket `logs` belongs to another account");
}

#[test]
fn a_table_that_cannot_be_meant_is_told() {
    assert_eq!(wrong(""), ": does not say which bucket; expected name");
    assert!(wrong("name = \"Logs\"").starts_with("name: `Logs` is no bucket's name"));
    assert_eq!(wrong("name = \"logs-{account_id}\""), "");
    insta::assert_snapshot!(
        wrong("name = \"logs\"\nkms_key = \"k\"\narchive_after_days = 9\nexpire_after_days = 9"),
        @r#"
    kms_key: stands without encryption = "aws:kms"
    archive_after_days: stands without archive_class; expected both
    expire_after_days: 9 is not later than archive_after_days = 9
    "#
    );
    assert!(
        wrong("name = \"logs\"\narchive_after_days = 9\narchive_class = \"standard_ia\"")
            .contains("30 or more")
    );
    assert_eq!(wrong("state = \"absent\""), "");
}

#[test]
fn a_stronger_encryption_stays_unless_the_file_says_exactly() {
    let with = |want: Bound<Encryption>, live: Encryption| {
        let mut seen = self::live();
        seen.model.encryption = Some(Bound::Plain(live));
        let want = Model {
            encryption: Some(want),
            ..example()
        };
        plan(&want, &seen)
    };
    insta::assert_snapshot!(with(Bound::Plain(Encryption::S3), Encryption::Kms), @r#"note: encryption is "aws:kms" and stays, as the file asks for "AES256" or stricter; for "AES256" itself write { exactly = "AES256" }"#);
    insta::assert_snapshot!(with(Bound::Plain(Encryption::Kms), Encryption::KmsTwice), @r#"note: encryption is "aws:kms:dsse" and stays, as the file asks for "aws:kms" or stricter; for "aws:kms" itself write { exactly = "aws:kms" }"#);
    insta::assert_snapshot!(with(Bound::Plain(Encryption::Kms), Encryption::S3), @"encrypt objects with aws:kms [safe]");
    insta::assert_snapshot!(with(Bound::Exactly(Encryption::S3), Encryption::Kms), @r"
    encrypt objects with AES256 [safe]
      weakens: new objects are encrypted with AES256 only
    ");
}

#[test]
fn what_is_kept_for_longer_stays_and_what_goes_sooner_is_changed() {
    let with = |want: &str, own: Option<i32>, others: Vec<Other>| {
        let mut seen = self::live();
        seen.ids.own_rule = Rule {
            archive: None,
            expire: own,
            old_versions: None,
        };
        seen.ids.other_rules = others;
        plan(
            &model(&format!("name = \"logs\"\nexpire_after_days = {want}")),
            &seen,
        )
    };
    let expires = |prefix: &str, days: i32| {
        other(
            prefix,
            Rule {
                expire: Some(days),
                ..Rule::default()
            },
        )
    };
    insta::assert_snapshot!(with("2557", None, vec![]), @"note: objects are never deleted, and so kept and paid for without end; `expire_after_days = { at_most = N }` deletes them");
    insta::assert_snapshot!(with("2557", Some(3653), vec![]), @"note: expire_after_days is 3653 and stays, as the file asks for 2557 or stricter; for 2557 itself write { exactly = 2557 }");
    insta::assert_snapshot!(with("2557", Some(365), vec![]), @"life cycle: expire after 2557 days [safe]");
    insta::assert_snapshot!(with("{ at_most = 2557 }", Some(3653), vec![]), @r"
    life cycle: expire after 2557 days [destructive]
      ! objects older than 2557 days are deleted
    ");
    insta::assert_snapshot!(with("{ at_most = 2557 }", None, vec![]), @r"
    life cycle: expire after 2557 days [destructive]
      ! objects older than 2557 days are deleted
    ");
    assert_eq!(with("{ at_most = 2557 }", Some(30), vec![]).lines().count(), 1);
    insta::assert_snapshot!(with("{ exactly = 30 }", Some(2557), vec![]), @r"
    life cycle: expire after 30 days [destructive]
      ! objects older than 30 days are deleted
    ");
    insta::assert_snapshot!(with("2557", None, expires("AWSLogs/", 90)), @"person: the life cycle rule `theirs` of the bucket deletes AWSLogs/ after 90 days, earlier than expire_after_days asks for; change that rule, or expire_after_days");
    insta::assert_snapshot!(with("\"never\"", None, expires("", 90)), @"person: the life cycle rule `theirs` of the bucket deletes all objects after 90 days, earlier than expire_after_days asks for; change that rule, or expire_after_days");
    insta::assert_snapshot!(with("2557", None, expires("", 1)), @"person: the life cycle rule `theirs` of the bucket deletes all objects after 1 day, or from a date on, earlier than expire_after_days asks for; change that rule, or expire_after_days");
}

#[test]
fn what_s3_would_refuse_is_refused_at_plan_time() {
    let mut seen = live();
    seen.model.ownership = Some(Ownership::ObjectWriter);
    seen.ids.grants = vec![
        "WRITE to LogDelivery".to_owned(),
        "READ_ACP to LogDelivery".to_owned(),
    ];
    seen.model.versioning = Some(false);
    insta::assert_snapshot!(plan(&example(), &seen), @r"
    keep old versions of objects [safe]
    refused for ownership: the bucket's ACL grants WRITE to LogDelivery, READ_ACP to LogDelivery, and S3 refuses BucketOwnerEnforced while it does; allow them by the bucket policy if they still need it, and set the ACL to private
    ");
    let mut seen = live();
    seen.ids.has_mfa_delete = true;
    insta::assert_snapshot!(plan(&example(), &seen), @"refused for expire_after_days: the bucket has MFA delete, and S3 allows no life cycle beside it; choose one of the two: turn MFA delete off as the root user, or leave the days of expiry and archiving out of the file");
    seen.ids.own_rule = Rule::default();
    insta::assert_snapshot!(plan(&example(), &seen), @r"
    refused for expire_after_days: the bucket has MFA delete, and S3 allows no life cycle beside it; choose one of the two: turn MFA delete off as the root user, or leave the days of expiry and archiving out of the file
    note: objects are never deleted, and so kept and paid for without end; `expire_after_days = { at_most = N }` deletes them
    ");
    let mut seen = live();
    seen.ids.default_retention = Some("GOVERNANCE, 30 days".to_owned());
    insta::assert_snapshot!(plan(&example(), &seen), @"person: the bucket retains new objects by Object Lock (GOVERNANCE, 30 days), and AWS Config cannot deliver to such a bucket; turn the default retention off, or let Config deliver to another bucket");
    let without_config = Model {
        config: Some(false),
        ..example()
    };
    seen.ids.policy = seen.ids.policy.unwrap().without(&statements::FOR_CONFIG);
    assert_eq!(plan(&without_config, &seen), "");
}

#[test]
fn a_rule_counts_for_the_logs_that_it_reaches() {
    use aws_sdk_s3::types::{
        ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleAndOperator, LifecycleRuleFilter,
        Tag,
    };
    let written = [
        "AWSLogs/1/CloudTrail".to_owned(),
        "acme/AWSLogs/1/Config/".to_owned(),
    ];
    let does = Rule {
        archive: Some((30, ArchiveClass::StandardIa)),
        expire: Some(90),
        old_versions: Some(7),
    };
    let with = |filter: LifecycleRuleFilter| {
        let mut rule = does.to_api().unwrap();
        rule.filter = Some(filter);
        rule
    };
    let for_prefix = |prefix: &str| with(LifecycleRuleFilter::builder().prefix(prefix).build());
    let expires = |rule: &LifecycleRule| {
        Other::of(rule, &written).map(|other| (other.does.expire, other.does.archive.is_some()))
    };
    assert_eq!(Rule::own(&for_prefix("")), does);
    assert_eq!(expires(&for_prefix("")), Some((Some(90), true)));
    // Some of the logs go, and only some are archived.
    for prefix in ["AWSLogs/", "AWSLogs/1/CloudTrail/us-east-1/", "acme/"] {
        assert_eq!(expires(&for_prefix(prefix)), Some((Some(90), false)), "{prefix}");
        assert!(Rule::own(&for_prefix(prefix)).does_nothing());
    }
    assert_eq!(expires(&for_prefix("tmp/")), None);
    let large = LifecycleRuleFilter::builder()
        .object_size_greater_than(131_072)
        .build();
    assert_eq!(expires(&with(large)), Some((Some(90), false)));
    let tag = Tag::builder().key("a").value("b").build().unwrap();
    let tagged = LifecycleRuleAndOperator::builder().prefix("").tags(tag).build();
    assert_eq!(
        expires(&with(LifecycleRuleFilter::builder().and(tagged).build())),
        None
    );
    let mut by_date = for_prefix("");
    let someday = aws_smithy_types::DateTime::from_secs(2_000_000_000);
    by_date.expiration = Some(LifecycleExpiration::builder().date(someday).build());
    assert_eq!(expires(&by_date), Some((Some(1), true)));
    let mut off = for_prefix("");
    off.status = ExpirationStatus::Disabled;
    assert_eq!(expires(&off), None);
    // The old form means the same, and is sent back in the new one.
    let mut old = for_prefix("");
    old.filter = None;
    #[expect(deprecated, reason = "old rules have it")]
    old.prefix.replace("AWSLogs/".to_owned());
    assert_eq!(expires(&old), Some((Some(90), false)));
    let sent = rule::with_filter(old);
    assert_eq!(sent.filter.unwrap().prefix(), Some("AWSLogs/"));
}
