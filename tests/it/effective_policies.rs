//! What a policy of the organization holds, as any account may ask: it is left to the policy, and said.

use crate::folder::{Folder, ONE, TWO};

const BLOCK: &str = "[s3_public_access_block]\nblock_public_acls = true\nignore_public_acls = true\n\
                     block_public_policy = true\nrestrict_public_buckets = true\n";

/// A policy of the organization for S3.
fn s3(value: &str) -> String {
    format!("[effective_policies.S3_POLICY.s3_attributes]\npublic_access_block_configuration = \"{value}\"\n")
}

/// How often the organization was asked.
fn asked(folder: &Folder) -> usize {
    let of = |exchange: &&serde_json::Value| exchange["service"] == "organizations";
    folder.exchanges().iter().filter(of).count()
}

/// Asserts that the only thing in the file is managed elsewhere for this reason, in a plan and in an apply.
#[track_caller]
fn is_left(folder: &Folder, who: &str) {
    folder
        .sandbox(&["plan", "b.toml", "--detailed-exitcode"])
        .expect(0)
        .says("m managed elsewhere")
        .says(who);
    folder.apply().expect(0);
    assert_eq!(folder.writes(), Vec::<String>::new());
}

#[test]
fn a_block_that_a_policy_turns_off_is_left_to_the_policy() {
    let folder = Folder::new();
    folder.world(&s3("none"));
    folder.write("b.toml", BLOCK);
    is_left(
        &folder,
        "an S3 policy of the organization, which turns all four settings off",
    );
    folder.write(
        "b.toml",
        &BLOCK.replace("access_block]", "access_block]\nmanage = \"enforce\""),
    );
    folder.apply().expect(3).says("an S3 policy of the organization");
}

#[test]
fn a_block_that_a_policy_turns_on_is_true_and_cannot_be_taken_away() {
    let folder = Folder::new();
    folder.world(&s3("all"));
    folder.write("b.toml", BLOCK);
    folder.is_true();
    // Who holds what is as wanted does not matter.
    assert_eq!(asked(&folder), 0);
    folder.write("b.toml", "[s3_public_access_block]\nstate = \"absent\"\n");
    is_left(
        &folder,
        "an S3 policy of the organization, which turns all four settings on",
    );
}

#[test]
fn without_an_organization_a_policy_or_a_right_to_ask_all_goes_on_as_ever() {
    let tags = "[effective_policies.TAG_POLICY.tags]\n";
    let denied = |by: &str| format!("[[deny]]\naction = \"organizations:*\"\nby = \"{by}\"\n");
    for world in ["", tags, &s3("some"), &denied("iam"), &denied("scp")] {
        let folder = Folder::new();
        folder.world(world);
        folder.becomes(BLOCK, &["us-east-1 s3control:PutPublicAccessBlock"]);
        assert!(asked(&folder) > 0, "{world}");
    }
}

#[test]
fn one_refusal_is_enough_for_all_types_of_policies() {
    let rest = "[guardduty]\nenabled = true\n[security_hub]\nenabled = true\n";
    let of_all = format!("{ONE}{BLOCK}{rest}");
    let denied = "[[deny]]\naction = \"organizations:*\"\nby = \"iam\"\n";
    for (world, times) in [("", 1), (denied, 1), (&s3("some"), 3)] {
        let folder = Folder::new();
        folder.world(world);
        folder.write("b.toml", &of_all);
        folder.sandbox(&["plan", "b.toml"]).expect(0);
        assert_eq!(asked(&folder), times, "{world}");
    }
}

#[test]
fn an_organization_that_cannot_be_reached_leaves_open_what_differs_and_nothing_else() {
    let folder = Folder::new();
    folder.world(
        "[[fault]]\ncall = \"organizations:*\"\nkind = \"throttle\"\n\
         [[call]]\ncall = \"ec2:EnableEbsEncryptionByDefault\"\nregion = \"eu-west-1\"\n",
    );
    let rest = format!("{ONE}[ebs_encryption]\nenabled = true\n");
    folder.write("b.toml", &format!("{rest}{BLOCK}"));
    folder
        .sandbox(&["plan", "b.toml"])
        .expect(1)
        .says("organizations:DescribeEffectivePolicy");
    assert_eq!(folder.writes(), Vec::<String>::new());
    folder.write("b.toml", &rest);
    folder.is_true();
}

#[test]
fn a_declarative_policy_holds_its_settings_before_ec2_shows_it() {
    let folder = Folder::new();
    folder.world(
        "[effective_policies.DECLARATIVE_POLICY_EC2.ec2_attributes]\n\
         snapshot_block_public_access = { state = \"block_new_sharing\" }\n\
         vpc_block_public_access = { internet_gateway_block = { mode = \"block_ingress\", exclusions_allowed = \"enabled\" } }\n",
    );
    let table = "[ec2_defaults]\nsnapshot_public_access = \"block_all_sharing\"\n";
    folder.write("b.toml", &format!("{TWO}{table}"));
    is_left(
        &folder,
        "snapshot_public_access: a declarative policy of the organization sets it",
    );
    folder.becomes(
        &format!("{ONE}{table}[ec2_defaults.instance_metadata]\nhttp_tokens = \"required\"\n"),
        &["eu-west-1 ec2:ModifyInstanceMetadataDefaults"],
    );
}

#[test]
fn a_guardduty_policy_enables_guardduty_itself_in_the_regions_that_it_names() {
    let folder = Folder::new();
    folder.world(
        "[effective_policies.GUARDDUTY_POLICY.guardduty.enablement.eu-west-1]\n\
         foundational = { status = \"enabled\" }\n",
    );
    let table = "[guardduty]\nenabled = true\n";
    folder.write("b.toml", &format!("{ONE}{table}"));
    is_left(
        &folder,
        "a GuardDuty policy of the organization, which wants GuardDuty enabled here",
    );
    assert_eq!(asked(&folder), 2, "a plan and an apply ask once each");
    folder.becomes(&format!("{TWO}{table}"), &["us-east-1 guardduty:CreateDetector"]);
}

#[test]
fn a_security_hub_cspm_policy_decides_whether_there_is_a_hub() {
    let folder = Folder::new();
    folder.world(
        "[effective_policies.SECURITYHUB_CSPM_POLICY.securityhub_cspm.cspm_enablement]\n\
         enable_in_regions = [\"ALL_SUPPORTED\"]\ndisable_in_regions = [\"eu-west-1\"]\n",
    );
    folder.write("b.toml", &format!("{ONE}[security_hub]\nenabled = true\n"));
    is_left(
        &folder,
        "a Security Hub CSPM policy of the organization, which wants no hub here",
    );
}
