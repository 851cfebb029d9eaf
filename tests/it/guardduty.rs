//! GuardDuty from the file to the account and back, where a region lacks features or somebody else decides.

use crate::folder::{Folder, ONE, TWO};

const ON: &str = "[guardduty]\nenabled = true\npublish_findings_every = \"one_hour\"\n\
    [guardduty.features]\ns3_data_events = true\nai_analyst = true\n";
/// One feature that the baseline wants, and one that a new detector is sent as off.
const LACKING: &str = "[guardduty_lacking]\neu-west-1 = [\"AI_ANALYST\", \"EKS_RUNTIME_MONITORING\"]\n";
const LEFT_OUT: &str = "left out because GuardDuty does not offer it in this region: ai_analyst";

impl Folder {
    /// The features of a region's detector that are on.
    fn features_on(&self, region: &str) -> Vec<String> {
        let features = self.region(region)["guardduty"]["detector"]["features"].clone();
        let all = features.as_object().unwrap().iter();
        all.filter(|(_, feature)| feature["enabled"] == true)
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// Asserts that a plan, an apply and a plan of the export all leave the account as it is.
    fn stays(&self, baseline: &str) {
        self.write("b.toml", baseline).forget_exchanges();
        self.is_true();
        self.apply().expect(0);
        let export = self
            .sandbox(&[
                "export",
                "--only",
                "guardduty",
                "--region",
                "eu-west-1",
                "--region",
                "us-east-1",
            ])
            .expect(0);
        self.write("b.toml", &export.stdout);
        self.is_true();
        // It asks for nothing that is not there.
        let plan = self.sandbox(&["plan", "b.toml"]).expect(0);
        assert!(!plan.stdout.contains("left out"), "{}", plan.stdout);
        assert_eq!(self.writes(), Vec::<String>::new());
    }
}

#[test]
fn a_new_detector_does_without_what_its_region_lacks_and_the_run_says_so() {
    let folder = Folder::new();
    folder.world(LACKING);
    folder.write("b.toml", &format!("{TWO}{ON}"));
    let ended = folder.apply().expect(0).says("The account is true to b.toml");
    let report = &ended.stdout[ended.stdout.find("\nDone\n").unwrap()..];
    insta::assert_snapshot!(report.trim_start(), @"
    Done
      guardduty: 2 steps done in eu-west-1 and us-east-1 (1, 2)

    Worth knowing
      guardduty in eu-west-1:
        left out because GuardDuty does not offer it in this region: ai_analyst

    Applied: 2 done.
    The account is true to b.toml.

    To write back what was there before: trueup apply .trueup/before.toml --before .trueup/before.undo.toml --sandbox=state.json
    ");
    // Nothing tells before that the region lacks it: the detector is made suspended, looked at, and then set to work.
    let mut writes = folder.writes();
    writes.sort();
    insta::assert_snapshot!(writes.join("\n"), @"
    eu-west-1 guardduty:CreateDetector
    eu-west-1 guardduty:CreateDetector
    eu-west-1 guardduty:UpdateDetector
    us-east-1 guardduty:CreateDetector
    ");
    assert_eq!(folder.features_on("eu-west-1"), ["S3_DATA_EVENTS"]);
    assert_eq!(folder.features_on("us-east-1"), ["S3_DATA_EVENTS", "AI_ANALYST"]);
    assert_eq!(
        folder.region("eu-west-1")["guardduty"]["detector"]["enabled"],
        true
    );

    folder.sandbox(&["plan", "b.toml"]).expect(0).says(LEFT_OUT);
    folder.stays(&format!("{TWO}{ON}"));
}

#[test]
fn of_a_detector_that_exists_the_plan_knows_what_its_region_lacks() {
    let folder = Folder::new();
    folder.world(&format!("{LACKING}[[detector]]\nregion = \"eu-west-1\"\n"));
    folder.write("b.toml", &format!("{ONE}{ON}"));
    let plan = folder.sandbox(&["plan", "b.toml"]).expect(0);
    insta::assert_snapshot!(plan.stdout, @r#"
    baseline    b.toml
    account     123456789012
    caller      arn:aws:sts::123456789012:assumed-role/sandbox/trueup
    home region us-east-1
    regions     17 enabled in partition aws

    guardduty (Amazon GuardDuty)
      in eu-west-1
          [guardduty]
          enabled = true
        - publish_findings_every = "six_hours"
        + publish_findings_every = "one_hour"

          [guardduty.features]
          s3_data_events = true
        + ai_analyst = true

      ~ 1  change GuardDuty: findings every hour

               eu
               w
               1
    guardduty  ~

    ~ changes

    Worth knowing
      guardduty in eu-west-1:
        left out because GuardDuty does not offer it in this region: ai_analyst

    Plan: 1 to change.
    "#);
    folder.becomes(&format!("{ONE}{ON}"), &["eu-west-1 guardduty:UpdateDetector"]);
    folder.stays(&format!("{ONE}{ON}"));
}

#[test]
fn what_a_policy_of_the_organization_decides_is_left_alone_unless_enforced() {
    let folder = Folder::new();
    folder.world("[[detector]]\nregion = \"eu-west-1\"\nfeatures = { S3_DATA_EVENTS = false }\nby_policy = [\"S3_DATA_EVENTS\"]\n");
    let baseline = format!("{ONE}{ON}");
    folder.write("b.toml", &baseline);
    let plan = folder.sandbox(&["plan", "b.toml"]).expect(0);
    insta::assert_snapshot!(plan.stdout, @"
    baseline    b.toml
    account     123456789012
    caller      arn:aws:sts::123456789012:assumed-role/sandbox/trueup
    home region us-east-1
    regions     17 enabled in partition aws

               eu
               w
               1
    guardduty  m

    m managed elsewhere

    Managed elsewhere
      guardduty in eu-west-1:
        a GuardDuty policy of the organization

    No changes. 1 thing is managed elsewhere.
    ");
    let json = folder.sandbox(&["plan", "b.toml", "--json"]).expect(0);
    assert!(json.stdout.contains("\"managed-elsewhere\""), "{}", json.stdout);
    folder.apply().expect(0);
    folder
        .sandbox(&["export", "--only", "guardduty", "--region", "eu-west-1"])
        .expect(0)
        .says("# Managed in eu-west-1 by a GuardDuty policy of the organization");
    assert_eq!(folder.writes(), Vec::<String>::new());

    // The policy's word is final: GuardDuty refuses, and says why.
    folder.write(
        "b.toml",
        &baseline.replace("enabled = true", "enabled = true\nmanage = \"enforce\""),
    );
    folder.apply().expect(3).says("managed by a GuardDuty policy");
}

#[test]
fn a_member_of_an_organization_shows_who_administers_it_and_is_not_written() {
    let folder = Folder::new();
    folder.world(
        "guardduty_administrator = \"999988887777\"\n[[detector]]\nregion = \"eu-west-1\"\nenabled = false\n",
    );
    folder.write("b.toml", &format!("{ONE}[tags]\nmanaged-by = \"trueup\"\n{ON}"));
    let plan = folder.sandbox(&["plan", "b.toml"]).expect(0);
    insta::assert_snapshot!(plan.stdout, @"
    baseline    b.toml
    account     123456789012
    caller      arn:aws:sts::123456789012:assumed-role/sandbox/trueup
    home region us-east-1
    regions     17 enabled in partition aws

               eu
               w
               1
    guardduty  m

    m managed elsewhere

    Managed elsewhere
      guardduty in eu-west-1:
        the GuardDuty administrator account 999988887777

    No changes. 1 thing is managed elsewhere.
    ");
    folder.apply().expect(0);
    folder
        .sandbox(&["plan", "b.toml", "--detailed-exitcode"])
        .expect(0);
    folder
        .sandbox(&["export", "--only", "guardduty", "--region", "eu-west-1"])
        .expect(0)
        .says("# Managed in eu-west-1 by the GuardDuty administrator account 999988887777");
    assert_eq!(folder.writes(), Vec::<String>::new());
}
