//! What is planned, without an account.

use trueup_core::values::Template;
use trueup_policy::Policy;

use super::model::{Encryption, Ownership};
use super::rule::{ArchiveClass, Rule};
use super::*;
use crate::testing;

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
    ids.policy = Some(Policy::of(
        [
            statements::for_trail("logs", &ids, &env()),
            statements::for_config("logs", &set(&[""]), &env()),
            statements::for_tls("logs", &env()),
        ]
        .concat(),
    ));
    ids
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
      ! who reads the bucket by an ACL no longer can
    ");
    insta::assert_snapshot!(
        drift(|seen| seen.model.encryption = Some(Encryption::Kms)),
        @"encrypt objects with AES256 [safe]"
    );
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
        let mut statements = statements::for_config("logs", &set(prefixes), &env());
        if let Some(name) = name {
            statements = statements.into_iter().map(|one| one.named(name)).collect();
        }
        Policy::of(statements)
    };
    let found = |policy: &Policy| statements::config_prefixes(policy, "logs", &env());
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

#[test]
fn only_an_earlier_end_of_what_is_there_is_destructive() {
    let with = |own: Rule, others: Rule, has_objects: bool| {
        let mut seen = live();
        seen.ids.own_rule = own;
        seen.ids.other_rules = others;
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
    life cycle: expire after 2557 days, old versions after 30 days [destructive]
      ! objects older than 2557 days are deleted
      ! versions that are out of date for more than 30 days are deleted
    ");
    insta::assert_snapshot!(
        with(none, none, false),
        @"life cycle: expire after 2557 days, old versions after 30 days [safe]"
    );
    insta::assert_snapshot!(
        with(rule(Some(365), Some(30)), none, true),
        @"life cycle: expire after 2557 days, old versions after 30 days [safe]"
    );
    // What others' rules do already needs no rule of trueup's.
    assert_eq!(with(none, rule(Some(2557), Some(30)), true), "");
    insta::assert_snapshot!(
        with(rule(None, Some(30)), rule(Some(90), None), true),
        @"person: another rule of the bucket's life cycle deletes objects after 90 days, earlier than wanted; change that rule, or write what it does"
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
fn only_a_rule_for_every_object_counts() {
    let api = Rule {
        archive: Some((30, ArchiveClass::StandardIa)),
        expire: Some(90),
        old_versions: Some(7),
    }
    .to_api()
    .unwrap();
    assert_eq!(Rule::of(&api).archive, Some((30, ArchiveClass::StandardIa)));
    let mut off = api.clone();
    off.status = aws_sdk_s3::types::ExpirationStatus::Disabled;
    assert!(Rule::of(&off).does_nothing());
    let mut some = api;
    some.filter = Some(
        aws_sdk_s3::types::LifecycleRuleFilter::builder()
            .prefix("a/")
            .build(),
    );
    assert!(Rule::of(&some).does_nothing());
}
