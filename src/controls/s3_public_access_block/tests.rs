use std::collections::VecDeque;
use std::time::Duration;

use toml::Table;
use trueup_aws::wait::{Tell, Wait};
use trueup_core::fault::Fault;

use super::buckets::{Bucket, Cuts};
use super::live::{Pace, owner, refused, settle};
use super::model::Block;
use super::*;
use crate::testing;

fn model(text: &str) -> Model {
    toml::from_str(text).unwrap()
}

fn all(on: bool) -> Model {
    Block {
        block_public_acls: on,
        ignore_public_acls: on,
        block_public_policy: on,
        restrict_public_buckets: on,
    }
    .model()
}

fn absent() -> Model {
    model("state = \"absent\"")
}

fn bucket(name: &str) -> Bucket {
    Bucket {
        name: name.to_owned(),
        ..Bucket::default()
    }
}

fn at_stake(buckets: Vec<Bucket>) -> Buckets {
    Buckets {
        at_stake: buckets,
        not_listed: None,
    }
}

fn found(want: &Model, live: &Model, buckets: Buckets) -> Changes<Action> {
    let seen = Observed {
        model: live.clone(),
        ids: buckets,
        held_by: None,
    };
    testing::found::<S3PublicAccessBlock>(want, &seen)
}

fn plan(want: &Model, live: &Model, buckets: Buckets) -> String {
    testing::told(&found(want, live, buckets))
}

#[test]
fn a_new_account_is_closed_without_consent() {
    insta::assert_snapshot!(
        plan(&all(true), &absent(), Buckets::default()),
        @"set the account's S3 public access block: all four on [safe]"
    );
}

#[test]
fn public_buckets_are_named_and_ask_for_consent() {
    let site = Bucket {
        policy: true,
        acl: true,
        object_acls: true,
        ..bucket("site")
    };
    let secret = Bucket {
        unchecked: Some("AccessDenied".to_owned()),
        ..bucket("secret")
    };
    insta::assert_snapshot!(plan(&all(true), &absent(), at_stake(vec![secret, site])), @r"
    set the account's S3 public access block: all four on [disruptive]
      ! bucket `secret` could not be checked: AccessDenied
      ! bucket `site` has a public policy
      ! bucket `site` has a public ACL
    note: objects are not looked at one by one: those in `site` that are public by an ACL of their own are so no longer
    ");
}

#[test]
fn buckets_that_could_not_be_listed_ask_for_consent() {
    let buckets = Buckets {
        at_stake: vec![],
        not_listed: Some("AccessDenied".to_owned()),
    };
    insta::assert_snapshot!(plan(&all(true), &all(false), buckets), @r"
    set the account's S3 public access block: all four on [disruptive]
      ! the buckets could not be listed: AccessDenied
    ");
}

#[test]
fn only_what_cuts_existing_access_is_a_reason_to_look_at_buckets() {
    let cuts = |want: &str| {
        let cuts = model(want).over(Block::default()).cuts_after(Block::default());
        (cuts.acls, cuts.policies)
    };
    assert_eq!(
        cuts("block_public_acls = true\nblock_public_policy = true"),
        (false, false)
    );
    assert_eq!(cuts("ignore_public_acls = true"), (true, false));
    assert_eq!(cuts("restrict_public_buckets = true"), (false, true));
    let closed = all(true).over(Block::default());
    assert_eq!(
        closed.cuts_after(closed),
        Cuts {
            acls: false,
            policies: false
        }
    );
}

#[test]
fn a_setting_that_is_on_stays_on_although_the_file_says_false() {
    insta::assert_snapshot!(
        plan(&model("restrict_public_buckets = false"), &all(true), Buckets::default()),
        @"note: restrict_public_buckets is true and stays, as the file asks for false or stricter; for false itself write { exactly = false }"
    );
    // It is sent back with a change of another one.
    let live = model("restrict_public_buckets = true");
    let out = found(
        &model("restrict_public_buckets = false\nblock_public_acls = true"),
        &live,
        Buckets::default(),
    );
    insta::assert_snapshot!(testing::told(&out), @r"
    set the account's S3 public access block: block_public_acls, restrict_public_buckets on, the rest off [safe]
    note: restrict_public_buckets is true and stays, as the file asks for false or stricter; for false itself write { exactly = false }
    ");
}

#[test]
fn exactly_opens_what_was_closed_by_consent() {
    insta::assert_snapshot!(
        plan(&model("restrict_public_buckets = { exactly = false }"), &all(true), Buckets::default()),
        @r"
    set the account's S3 public access block: block_public_acls, ignore_public_acls, block_public_policy on, the rest off [safe]
      weakens: what restrict_public_buckets kept closed is public again where a bucket's own policy, ACL or block lets it be
    "
    );
}

#[test]
fn taking_the_block_away_is_destructive() {
    let live = model("block_public_acls = true");
    insta::assert_snapshot!(plan(&absent(), &live, Buckets::default()), @r"
    delete the account's S3 public access block [destructive]
      ! what block_public_acls kept closed is public again where a bucket's own policy, ACL or block lets it be
    ");
}

#[test]
fn settings_that_are_not_managed_are_sent_back_as_they_were_read() {
    let live = model("ignore_public_acls = true\nblock_public_policy = true");
    let out = found(&model("block_public_acls = true"), &live, Buckets::default());
    assert_eq!(
        out.steps[0].action,
        Action::Put(Block {
            block_public_acls: true,
            ignore_public_acls: true,
            block_public_policy: true,
            restrict_public_buckets: false,
        })
    );
}

#[test]
fn no_block_and_one_with_all_settings_off_are_the_same() {
    assert_eq!(plan(&all(false), &absent(), Buckets::default()), "");
    assert_eq!(plan(&absent(), &all(false), Buckets::default()), "");
}

#[test]
fn an_exported_account_plans_to_nothing() {
    for live in [absent(), all(true), all(false)] {
        let read: Model = Table::try_from(&live).unwrap().try_into().unwrap();
        assert_eq!(read, live);
        assert_eq!(S3PublicAccessBlock::check(&read), []);
        assert_eq!(plan(&read, &live, Buckets::default()), "");
    }
}

#[test]
fn the_example_is_all_four_on() {
    let table: Table = S3PublicAccessBlock::DOC.example.parse().unwrap();
    let example: Model = table[S3PublicAccessBlock::NAME].clone().try_into().unwrap();
    assert_eq!(example, all(true));
}

#[test]
fn a_table_that_says_nothing_is_a_mistake() {
    for text in ["", "state = \"present\""] {
        assert_eq!(S3PublicAccessBlock::check(&model(text)).len(), 1, "{text}");
    }
    assert_eq!(S3PublicAccessBlock::check(&absent()), []);
}

const FAST: Pace = Pace {
    sure: Duration::from_millis(1),
    wait: Duration::from_millis(2),
    limit: Duration::from_millis(50),
};

/// The number of reads that it takes with these answers, the last of which stays.
async fn reads(answers: &[bool]) -> Result<usize, Failure> {
    let mut answers = VecDeque::from(answers.to_vec());
    let mut count = 0;
    settle(Wait::new(Tell::default(), "S3 tells it"), &FAST, || {
        count += 1;
        let answer = if answers.len() > 1 {
            answers.pop_front()
        } else {
            answers.front().copied()
        };
        async move { Ok(answer.unwrap()) }
    })
    .await?;
    Ok(count)
}

#[tokio::test]
async fn a_change_is_done_when_two_reads_in_a_row_show_it() {
    assert_eq!(reads(&[true]).await, Ok(2));
    assert_eq!(reads(&[false, true, false, true]).await, Ok(5));
}

#[test]
fn a_bare_denial_may_be_the_organizations_and_one_that_names_its_policy_is_not() {
    let denied = |message: &str| {
        Failure(Fault {
            code: Some("AccessDenied".to_owned()),
            ..Fault::answer("s3control:PutPublicAccessBlock", message)
        })
    };
    insta::assert_snapshot!(
        refused(denied("Access Denied")).message,
        @"Access Denied (a caller with the permission is refused too where an S3 policy of the organization sets the block)"
    );
    for named in [
        denied("no identity-based policy allows the s3:PutAccountPublicAccessBlock action"),
        Failure::answer("s3control:PutPublicAccessBlock", "something else"),
    ] {
        assert_eq!(refused(named.clone()), named);
    }
}

#[test]
fn a_policy_of_the_organization_that_sets_the_block_is_its_owner() {
    let who = |policy: serde_json::Value| owner(&policy).map(|owner| owner.who);
    let policy =
        |value: &str| serde_json::json!({"s3_attributes": {"public_access_block_configuration": value}});
    for (value, turned) in [("all", "on"), ("none", "off")] {
        let said = format!("an S3 policy of the organization, which turns all four settings {turned}");
        assert_eq!(who(policy(value)), Some(said));
    }
    for unknown in [
        policy("some"),
        serde_json::Value::Null,
        serde_json::json!({"s3_attributes": {}}),
        serde_json::json!({"s3_attributes": {"public_access_block_configuration": {"@@assign": "all"}}}),
        serde_json::json!(["all"]),
    ] {
        assert_eq!(who(unknown.clone()), None, "{unknown}");
    }
}

#[tokio::test]
async fn a_change_that_never_shows_is_a_fault_and_no_endless_wait() {
    let fault = reads(&[false]).await.unwrap_err();
    assert!(fault.message.contains("plan again later"), "{fault}");
}
