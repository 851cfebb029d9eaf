//! Each control from the file to the account and back: what single calls and the checklist's baseline do not show.

use serde_json::Value;

use crate::folder::{Ended, Folder, ONE, STATE, TWO};

/// The titles of the steps of a plan in JSON.
#[track_caller]
pub(crate) fn titles(plan: &str) -> Vec<String> {
    let plan: Value = serde_json::from_str(plan).unwrap();
    let steps = plan["steps"]
        .as_array()
        .unwrap_or_else(|| panic!("no steps in {plan}"));
    steps
        .iter()
        .map(|step| step["title"].as_str().unwrap().to_owned())
        .collect()
}

impl Folder {
    /// Plans or applies `b.toml` with consent to everything.
    pub(crate) fn apply(&self) -> Ended {
        self.sandbox(&["apply", "b.toml", "--auto-approve", "--allow", "all"])
    }

    pub(crate) fn is_true(&self) {
        self.sandbox(&["plan", "b.toml", "--detailed-exitcode"])
            .expect(0)
            .says("No changes.");
    }

    /// The titles of the steps that are planned.
    #[track_caller]
    pub(crate) fn steps(&self) -> Vec<String> {
        titles(&self.sandbox(&["plan", "b.toml", "--json"]).expect(0).stdout)
    }

    /// Writes `b.toml`, applies it, asserts the writes that this took, and that nothing is left to do.
    #[track_caller]
    pub(crate) fn becomes(&self, baseline: &str, writes: &[&str]) {
        self.write("b.toml", baseline).forget_exchanges();
        self.apply().expect(0);
        let mut written = self.writes();
        // Between regions there is no order.
        written.sort_by_key(|write| write.split(' ').next().map(str::to_owned));
        assert_eq!(written, writes);
        self.is_true();
    }

    /// The simulated account.
    pub(crate) fn account(&self) -> Value {
        let state: Value = serde_json::from_str(&self.read(STATE)).unwrap();
        state["account"].clone()
    }

    /// Changes the simulated account behind trueup's back.
    pub(crate) fn alter(&self, change: impl FnOnce(&mut Value)) {
        let mut state: Value = serde_json::from_str(&self.read(STATE)).unwrap();
        change(&mut state["account"]);
        self.write(STATE, &state.to_string());
    }

    /// A region of it.
    pub(crate) fn region(&self, name: &str) -> Value {
        self.account()["regions"][name].clone()
    }
}

#[test]
fn a_new_detector_takes_one_write_and_has_what_is_written_alone() {
    let folder = Folder::new();
    folder.becomes(
        &format!("{ONE}[guardduty]\nenabled = true\n[guardduty.features]\ns3_data_events = true\n"),
        &["eu-west-1 guardduty:CreateDetector"],
    );
    let features = folder.region("eu-west-1")["guardduty"]["detector"]["features"].clone();
    for (name, feature) in features.as_object().unwrap() {
        assert_eq!(feature["enabled"], name == "S3_DATA_EVENTS", "{name}");
    }
}

#[test]
fn tags_come_with_a_new_detector_and_as_drift_beside_those_of_others() {
    let folder = Folder::new();
    folder.world("[[detector]]\nregion = \"eu-west-1\"\ntags = { team = \"web\", stage = \"test\" }\n");
    let with = |tags: &str| format!("{TWO}[tags]\n{tags}[guardduty]\nenabled = true\n");
    folder.becomes(
        &with("stage = \"prod\"\n"),
        &[
            "eu-west-1 guardduty:TagResource",
            "us-east-1 guardduty:CreateDetector",
        ],
    );
    let tags = |region: &str| folder.region(region)["guardduty"]["detector"]["tags"].clone();
    assert_eq!(
        tags("eu-west-1"),
        serde_json::json!({"stage": "prod", "team": "web"})
    );
    assert_eq!(tags("us-east-1"), serde_json::json!({"stage": "prod"}));
    // A tag that is no longer written is no longer managed.
    folder.becomes(
        &with("managed-by = \"trueup\"\n"),
        &[
            "eu-west-1 guardduty:TagResource",
            "us-east-1 guardduty:TagResource",
        ],
    );
    assert_eq!(
        tags("us-east-1"),
        serde_json::json!({"managed-by": "trueup", "stage": "prod"})
    );
}

#[test]
fn a_detector_that_another_account_administers_is_left_alone_unless_enforced() {
    let folder = Folder::new();
    folder.world(
        r#"
        guardduty_administrator = "999988887777"

        [[detector]]
        region = "eu-west-1"
        "#,
    );
    let baseline = format!("{ONE}[guardduty]\nenabled = true\npublish_findings_every = \"one_hour\"\n");
    folder.write("b.toml", &baseline);
    folder
        .apply()
        .says("managed elsewhere")
        .says("the GuardDuty administrator account 999988887777");
    assert_eq!(folder.writes(), Vec::<String>::new());

    folder.write("b.toml", &format!("{baseline}manage = \"enforce\"\n"));
    // The administrator's word is final: GuardDuty refuses, and says why.
    folder.apply().expect(3).says("is a member account");
    assert_eq!(folder.writes(), ["eu-west-1 guardduty:UpdateDetector"]);
}

#[test]
fn the_two_kinds_of_runtime_monitoring_take_turns() {
    let folder = Folder::new();
    let with = |features: &str| format!("{ONE}[guardduty]\nenabled = true\n[guardduty.features]\n{features}");
    let create = "eu-west-1 guardduty:CreateDetector";
    let update = "eu-west-1 guardduty:UpdateDetector";
    folder.becomes(
        &with("eks_runtime_monitoring = true\neks_runtime_monitoring_addon = true\n"),
        &[create],
    );
    // AWS refuses a request that names both, so each gets its own, and the older one goes first.
    folder.becomes(
        &with("eks_runtime_monitoring = false\nruntime_monitoring = true\nruntime_monitoring_ec2_agent = true\n"),
        &[update, update],
    );
    let features = folder.region("eu-west-1")["guardduty"]["detector"]["features"].clone();
    assert_eq!(features["EKS_RUNTIME_MONITORING"]["enabled"], false);
    assert_eq!(features["RUNTIME_MONITORING"]["enabled"], true);
    assert_eq!(
        features["RUNTIME_MONITORING"]["additional"]["EC2_AGENT_MANAGEMENT"],
        true
    );
    assert_eq!(
        features["RUNTIME_MONITORING"]["additional"]["EKS_ADDON_MANAGEMENT"],
        false
    );
    folder.becomes(
        &with("eks_runtime_monitoring = true\nruntime_monitoring = false\n"),
        &[update, update],
    );
}

#[test]
fn both_kinds_of_runtime_monitoring_together_are_made_and_exported() {
    let folder = Folder::new();
    folder.becomes(
        &format!(
            "{ONE}[guardduty]\nenabled = true\n[guardduty.features]\nruntime_monitoring = true\n\
             eks_runtime_monitoring = true\n"
        ),
        &[
            "eu-west-1 guardduty:CreateDetector",
            "eu-west-1 guardduty:UpdateDetector",
        ],
    );
    let export = folder
        .sandbox(&["export", "--only", "guardduty", "--region", "eu-west-1"])
        .expect(0)
        .says("\nruntime_monitoring = true")
        .says("\neks_runtime_monitoring = true");
    folder.write("b.toml", &export.stdout);
    folder.is_true();
}

const KEY: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

#[test]
fn a_key_of_ones_own_is_chosen_before_anything_is_encrypted_and_in_its_own_region_only() {
    let folder = Folder::new();
    let arn = format!("arn:aws:kms:eu-west-1:123456789012:key/{KEY}");
    let own = format!("[region.eu-west-1.ebs_encryption]\nkms_key = \"{arn}\"\n");
    folder.write("b.toml", &format!("{TWO}[ebs_encryption]\nenabled = true\n{own}"));
    folder.apply().expect(0);
    let mut writes = folder.writes();
    // Between regions there is no order.
    writes.sort_by_key(|write| write.starts_with("us-east-1"));
    assert_eq!(
        writes,
        [
            "eu-west-1 ec2:ModifyEbsDefaultKmsKeyId",
            "eu-west-1 ec2:EnableEbsEncryptionByDefault",
            "us-east-1 ec2:EnableEbsEncryptionByDefault",
        ]
    );
    folder.is_true();
    assert_eq!(folder.region("eu-west-1")["ec2"]["ebs"]["kms_key"], *arn);
    assert_eq!(folder.region("us-east-1")["ec2"]["ebs"]["kms_key"], Value::Null);

    folder.forget_exchanges();
    folder.write("b.toml", &format!("{TWO}[ebs_encryption]\nkms_key = \"{arn}\"\n"));
    folder
        .apply()
        .expect(3)
        .says("us-east-1")
        .says("EBS takes only keys of its own region");
    assert_eq!(folder.writes(), Vec::<String>::new());

    folder.becomes(
        &format!("{ONE}[ebs_encryption]\nkms_key = \"{KEY}\"\n"),
        // The id is that of the key that is there.
        &[],
    );
    folder.becomes(
        &format!("{ONE}[ebs_encryption]\nkms_key = \"aws/ebs\"\n"),
        &["eu-west-1 ec2:ResetEbsDefaultKmsKeyId"],
    );
}

const BLOCK: &str = "[s3_public_access_block]\nblock_public_acls = true\nignore_public_acls = true\n\
                     block_public_policy = true\nrestrict_public_buckets = true\n";

#[test]
fn a_block_over_buckets_that_are_closed_by_their_own_is_safe() {
    let folder = Folder::new();
    folder.world("[[bucket]]\nname = \"logs\"\n[[bucket]]\nname = \"far\"\nregion = \"eu-west-1\"\n");
    folder.write("b.toml", BLOCK);
    folder.sandbox(&["apply", "b.toml", "--auto-approve"]).expect(0);
    assert_eq!(folder.writes(), ["us-east-1 s3control:PutPublicAccessBlock"]);
    let asked = |operation: &str| {
        let is = |exchange: &&Value| exchange["service"] == "s3" && exchange["operation"] == operation;
        folder.exchanges().iter().filter(is).count()
    };
    assert!(asked("GetPublicAccessBlock") >= 2);
    assert_eq!((asked("GetBucketPolicyStatus"), asked("GetBucketAcl")), (0, 0));
    folder.forget_exchanges();
    // With nothing to tighten no bucket is looked at.
    folder.is_true();
    assert!(
        folder
            .exchanges()
            .iter()
            .all(|exchange| exchange["service"] != "s3")
    );

    folder.becomes(
        "[s3_public_access_block]\nstate = \"absent\"\n",
        &["us-east-1 s3control:DeletePublicAccessBlock"],
    );
    assert_eq!(folder.account()["s3"]["public_access_block"], Value::Null);
}

#[test]
fn a_bucket_that_cannot_be_looked_at_makes_the_block_ask() {
    for (action, line) in [
        (
            "s3:GetBucketPolicyStatus",
            "bucket `www` could not be checked: AccessDenied",
        ),
        (
            "s3:ListAllMyBuckets",
            "the buckets could not be listed: AccessDenied",
        ),
    ] {
        let folder = Folder::new();
        folder.world(&format!(
            "[[bucket]]\nname = \"www\"\npublic_acl = true\n[[deny]]\naction = \"{action}\"\nby = \"iam\"\n"
        ));
        folder.write("b.toml", BLOCK);
        folder
            .sandbox(&["apply", "b.toml", "--auto-approve"])
            .expect(3)
            .says(line)
            .says("--allow s3_public_access_block");
        assert_eq!(folder.writes(), Vec::<String>::new());
        folder.apply().expect(0);
        assert_eq!(folder.writes(), ["us-east-1 s3control:PutPublicAccessBlock"]);
    }
}

#[test]
fn what_is_to_be_absent_goes_and_stays_away() {
    let folder = Folder::with_checklist();
    folder.write("b.toml", &format!("{ONE}{}", folder.read("checklist.toml")));
    folder.apply().expect(0);
    folder.becomes(
        "[password_policy]\nstate = \"absent\"\n",
        &["us-east-1 iam:DeleteAccountPasswordPolicy"],
    );
    assert_eq!(folder.account()["iam"]["password_policy"], Value::Null);
    folder.becomes(
        &format!("{ONE}[ebs_encryption]\nenabled = false\n"),
        &["eu-west-1 ec2:DisableEbsEncryptionByDefault"],
    );
    // A suspended detector keeps everything else.
    let before = folder.region("eu-west-1")["guardduty"]["detector"]["features"].clone();
    folder.becomes(
        &format!("{ONE}[guardduty]\nenabled = false\n"),
        &["eu-west-1 guardduty:UpdateDetector"],
    );
    let detector = folder.region("eu-west-1")["guardduty"]["detector"].clone();
    assert_eq!(
        (&detector["enabled"], &detector["features"]),
        (&false.into(), &before)
    );
}

/// Worlds and, for each, baselines to apply one after the other: together they need every call of the control.
pub(crate) fn exercise(control: &str) -> Vec<(&'static str, Vec<String>)> {
    let one = |text: &str| format!("{ONE}{text}");
    let vpc = |state: &str| one(&format!("[default_vpc]\nstate = \"{state}\"\n"));
    match control {
        "access_analyzer" => crate::access_analyzer::exercise(),
        "account" => crate::account::exercise(),
        "root_user" => crate::root_user::exercise(),
        "alternate_contacts" => crate::contacts::exercise_alternate(),
        "contact_information" => crate::contacts::exercise_information(),
        "alerts" => crate::alerts::exercise(),
        "admin_access" => crate::admin_access::exercise(),
        "support_role" => crate::support_role::exercise(),
        "budgets" => crate::budgets::exercise(),
        "cost_anomaly_detection" => crate::cost_anomaly_detection::exercise(),
        "cloudtrail" => crate::cloudtrail::exercise(),
        "log_bucket" => crate::log_bucket::exercise(),
        "monitors" => crate::monitors::exercise(),
        "config_recorder" => crate::config_recorder::exercise(),
        "ec2_defaults" => crate::ec2_defaults::exercise(),
        "health_events" => crate::health_events::exercise(),
        "security_hub" => crate::security_hub::exercise(),
        "password_policy" => vec![(
            crate::password_policy::ALICE,
            vec![
                "[password_policy]\nminimum_length = 14\n".to_owned(),
                "[password_policy]\nstate = \"absent\"\n".to_owned(),
            ],
        )],
        "ebs_encryption" => vec![(
            "",
            vec![
                one(&format!(
                    "[ebs_encryption]\nenabled = true\nkms_key = \"{KEY}\"\n"
                )),
                one("[ebs_encryption]\nenabled = false\nkms_key = \"aws/ebs\"\n"),
            ],
        )],
        "s3_public_access_block" => vec![(
            "[[bucket]]\nname = \"www\"\npublic_acl = true\npublic_policy = true\n",
            vec![
                BLOCK.to_owned(),
                "[s3_public_access_block]\nstate = \"absent\"\n".to_owned(),
            ],
        )],
        "default_vpc" => vec![
            ("", vec![vpc("absent"), vpc("present")]),
            (
                "[[default_vpc]]\nregion = \"eu-west-1\"\noccupants = [{ security_group = \"web\" }]\n",
                vec![vpc("absent")],
            ),
            (
                "[[default_vpc]]\nregion = \"eu-west-1\"\noccupants = [\"no_internet_gateway\", \"no_internet_route\"]\n",
                vec![vpc("present")],
            ),
            (
                "[[default_vpc]]\nregion = \"eu-west-1\"\noccupants = [\"detached_internet_gateway\", \"no_subnets\"]\n",
                vec![vpc("present")],
            ),
        ],
        "guardduty" => vec![(
            "",
            vec![
                one("[guardduty]\nenabled = true\n"),
                one("[tags]\nmanaged-by = \"trueup\"\n[guardduty]\nenabled = true\n"),
                one("[guardduty]\nenabled = false\n"),
            ],
        )],
        unknown => panic!("say here which worlds need every call of {unknown}"),
    }
}
