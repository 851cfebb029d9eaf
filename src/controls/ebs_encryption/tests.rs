use toml::Table;

use super::live::live_key;
use super::model::{KeyRef, Snapshots};
use super::*;
use crate::testing;

const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

fn arn() -> String {
    format!("arn:aws:kms:eu-west-1:111122223333:key/{ID}")
}

fn model(text: &str) -> Model {
    toml::from_str(text).unwrap()
}

fn plan(want: &Model, live: &Model) -> String {
    testing::told(&testing::found::<EbsEncryption>(
        want,
        &Observed::of(live.clone()),
    ))
}

fn example() -> Model {
    let table: Table = EbsEncryption::DOC.example.parse().unwrap();
    table["ebs_encryption"].clone().try_into().unwrap()
}

#[test]
fn switching_it_on_is_safe() {
    insta::assert_snapshot!(
        plan(&example(), &model("enabled = false")),
        @"encrypt new EBS volumes by default [safe]"
    );
}

#[test]
fn switching_it_on_where_there_are_snapshots_needs_consent() {
    let with = |snapshots| {
        let mut seen = Observed::<Model, Ids>::of(model("enabled = false"));
        seen.ids.snapshots = snapshots;
        testing::told(&testing::found::<EbsEncryption>(&example(), &seen))
    };
    insta::assert_snapshot!(with(Snapshots::Owned), @r"
    encrypt new EBS volumes by default [disruptive]
      ! new snapshots and AMIs cannot be shared with other accounts unless a customer managed key encrypts them, and instance types without encryption support no longer launch
    ");
    insta::assert_snapshot!(with(Snapshots::NotListed("UnauthorizedOperation".to_owned())), @r"
    encrypt new EBS volumes by default [disruptive]
      ! the snapshots could not be listed (UnauthorizedOperation): new snapshots and AMIs cannot be shared with other accounts unless a customer managed key encrypts them, and instance types without encryption support no longer launch
    ");
}

#[test]
fn switching_it_off_needs_consent_because_volumes_stay_plain() {
    insta::assert_snapshot!(plan(&model("enabled = false"), &model("enabled = true")), @r"
    stop encrypting new EBS volumes by default [safe]
      weakens: volumes made from then on are not encrypted, and stay so for good
    ");
}

#[test]
fn a_new_key_is_chosen_before_anything_is_encrypted() {
    let want = model(&format!("enabled = true\nkms_key = \"{}\"", arn()));
    insta::assert_snapshot!(plan(&want, &model("enabled = false\nkms_key = \"aws/ebs\"")), @r"
    make arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab the default key of EBS encryption [disruptive]
      ! who may not use the key can no longer start instances, Auto Scaling among them
    encrypt new EBS volumes by default [safe]
      after make arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab the default key of EBS encryption
    ");
}

#[test]
fn the_aws_managed_key_is_returned_to_by_a_reset() {
    let live = model(&format!("enabled = true\nkms_key = \"{}\"", arn()));
    insta::assert_snapshot!(plan(&model("kms_key = \"aws/ebs\""), &live), @r"
    make aws/ebs the default key of EBS encryption again [disruptive]
      ! snapshots of volumes made from then on cannot be shared with other accounts
    ");
}

#[test]
fn an_id_and_the_arn_with_it_are_one_key() {
    let live = model(&format!("enabled = true\nkms_key = \"{}\"", arn()));
    assert_eq!(plan(&model(&format!("kms_key = \"{ID}\"")), &live), "");
    let other = ID.replace('1', "2");
    assert_ne!(plan(&model(&format!("kms_key = \"{other}\"")), &live), "");
}

#[test]
fn the_same_id_in_another_account_is_another_key() {
    let live = model(&format!("enabled = true\nkms_key = \"{}\"", arn()));
    let theirs = arn().replace("111122223333", "444455556666");
    assert_ne!(plan(&model(&format!("kms_key = \"{theirs}\"")), &live), "");
}

#[test]
fn a_key_of_another_region_is_refused_with_where_to_write_it() {
    let want = model(&format!(
        "enabled = true\nkms_key = \"{}\"",
        arn().replace("eu-west-1", "us-east-1")
    ));
    insta::assert_snapshot!(plan(&want, &model("enabled = false\nkms_key = \"aws/ebs\"")), @"refused: kms_key is a key of us-east-1 (arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab), and EBS takes only keys of its own region, eu-west-1; write it under [region.us-east-1.ebs_encryption]");
}

#[test]
fn what_is_not_written_is_left_alone() {
    let live = model(&format!("enabled = false\nkms_key = \"{}\"", arn()));
    assert_eq!(plan(&model("enabled = false"), &live), "");
    assert_eq!(plan(&model(&format!("kms_key = \"{}\"", arn())), &live), "");
}

#[test]
fn an_exported_region_plans_to_nothing() {
    for live in [
        model("enabled = false\nkms_key = \"aws/ebs\""),
        model(&format!("enabled = true\nkms_key = \"{}\"", arn())),
    ] {
        let table = Table::try_from(&live).unwrap();
        let read: Model = table.try_into().unwrap();
        assert_eq!(read, live);
        assert_eq!(EbsEncryption::check(&read), []);
        assert_eq!(plan(&read, &live), "");
    }
}

#[test]
fn every_form_of_the_aws_managed_key_is_read_as_one() {
    for text in [
        "aws/ebs",
        "alias/aws/ebs",
        "arn:aws:kms:eu-west-1:111122223333:alias/aws/ebs",
    ] {
        assert_eq!(text.parse(), Ok(KeyRef::AwsManaged), "{text}");
    }
    assert_eq!(live_key(""), Ok(KeyRef::AwsManaged));
}

#[test]
fn a_multi_region_key_may_stand_for_all_regions() {
    let id = "mrk-1234abcd12ab34cd56ef1234567890ab";
    assert_eq!(id.parse(), Ok(KeyRef::Id(id.to_owned())));
}

#[test]
fn an_alias_is_refused_with_what_is_expected() {
    let error = toml::from_str::<Model>("kms_key = \"alias/disks\"").unwrap_err();
    insta::assert_snapshot!(error.message(), @r#"`alias/disks` is no KMS key that can be compared with what EC2 reports (EC2 reports the key behind an alias); expected "aws/ebs", a key's id or a key's ARN"#);
}

#[test]
fn what_names_no_key_is_refused() {
    for text in [
        "",
        "aws/rds",
        "1234abcd",
        "mrk-1234",
        "arn:aws:kms:eu-west-1:1111:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "arn:aws:kms:eu-west-1:111122223333:alias/disks",
        "arn:aws:iam::111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    ] {
        assert!(text.parse::<KeyRef>().is_err(), "{text}");
    }
}

#[test]
fn a_table_that_says_nothing_is_a_mistake() {
    assert_eq!(EbsEncryption::check(&Model::default()).len(), 1);
}
