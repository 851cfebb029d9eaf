//! Security Hub from the file to the account and back.

use serde_json::{Value, json};

use crate::folder::{Folder, ONE, TWO};
use crate::moto::Moto;
use crate::python;

const BUCKET: &str = "[log_bucket]\nname = \"logs-{account_id}\"\n";
const CONFIG: &str = "[config_recorder]\nenabled = true\n";
const ON: &str = "[security_hub]\nenabled = true\nauto_enable_controls = false\naggregate_in_home_region = true\n\
                  [security_hub.standards]\n\
                  \"aws-foundational-security-best-practices/1.0.0\" = true\n\
                  \"cis-aws-foundations-benchmark/5.0.0\" = true\n";

const FSBP: &str = "aws-foundational-security-best-practices/v/1.0.0";
const CIS_1: &str = "cis-aws-foundations-benchmark/v/1.2.0";
const CIS_5: &str = "cis-aws-foundations-benchmark/v/5.0.0";

/// A recorder of another tool that runs, in eu-west-1.
const RECORDER: &str = r#"
[[call]]
call = "s3:CreateBucket"
input = { Bucket = "theirs" }

[[call]]
call = "s3:PutBucketPolicy"
[call.input]
Bucket = "theirs"
Policy = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "config.amazonaws.com"}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::theirs/*"}]}'

[[call]]
call = "config:PutConfigurationRecorder"
region = "eu-west-1"
input = { ConfigurationRecorder = { name = "theirs", roleARN = "arn:aws:iam::123456789012:role/own" } }

[[call]]
call = "config:PutDeliveryChannel"
region = "eu-west-1"
input = { DeliveryChannel = { name = "theirs", s3BucketName = "theirs" } }

[[call]]
call = "config:StartConfigurationRecorder"
region = "eu-west-1"
input = { ConfigurationRecorderName = "theirs" }
"#;

/// A hub that was enabled in the console with what AWS proposes, and tagged.
const BY_HAND: &str = r#"
[[call]]
call = "securityhub:EnableSecurityHub"
region = "eu-west-1"
input = { Tags = { team = "web" } }
"#;

/// A finding aggregator of this mode in this region, which has a hub.
fn aggregator(region: &str, linking: &str) -> String {
    format!(
        "\n[[call]]\ncall = \"securityhub:EnableSecurityHub\"\nregion = \"{region}\"\n\
         input = {{ EnableDefaultStandards = false }}\n\n\
         [[call]]\ncall = \"securityhub:CreateFindingAggregator\"\nregion = \"{region}\"\ninput = {{ {linking} }}\n"
    )
}

/// Worlds and baselines that need every call of the control.
pub(crate) fn exercise() -> Vec<(&'static str, Vec<String>)> {
    let partly = aggregator("us-east-1", "RegionLinkingMode = \"NO_REGIONS\"");
    let world: &'static str = Box::leak(format!("{RECORDER}{BY_HAND}{partly}").into_boxed_str());
    let home = |text: &str| {
        format!("[account]\nhome_region = \"us-east-1\"\nregions = [\"us-east-1\"]\n[security_hub]\n{text}")
    };
    let off = format!(
        "{ONE}[tags]\na = \"1\"\n[security_hub]\nenabled = true\nauto_enable_controls = false\n\
         [security_hub.standards]\n\"aws-foundational-security-best-practices/1.0.0\" = false\n\
         \"cis-aws-foundations-benchmark/5.0.0\" = true\n"
    );
    vec![(
        world,
        vec![
            off,
            home("aggregate_in_home_region = true\n"),
            home("aggregate_in_home_region = false\n"),
            home("aggregate_in_home_region = true\n"),
            format!(
                "{TWO}[security_hub]\nenabled = true\n\
                 [security_hub.controls]\nglobal_resources = \"global_region_only\"\n"
            ),
            format!("{TWO}[security_hub]\nenabled = false\n"),
            format!("{TWO}[security_hub]\nenabled = true\n"),
        ],
    )]
}

impl Folder {
    /// The standards that are on in a region, by the ends of their ARNs.
    fn standards(&self, region: &str) -> Vec<String> {
        let hub = &self.region(region)["securityhub"]["hub"];
        let on = hub["standards"].as_object().unwrap().iter();
        on.filter(|(_, one)| one["disabled_at"].is_null())
            .map(|(path, _)| path.clone())
            .collect()
    }

    /// The writes to Security Hub in a region, in order.
    fn hub_writes(&self, region: &str) -> Vec<String> {
        let prefix = format!("{region} securityhub:");
        let writes = self.writes().into_iter();
        writes
            .filter_map(|write| write.strip_prefix(&prefix).map(str::to_owned))
            .collect()
    }
}

#[test]
fn a_new_account_gets_hub_and_standards_behind_the_recorder_and_exports_to_nothing() {
    let folder = Folder::new();
    folder.write("b.toml", &format!("{TWO}[tags]\na = \"1\"\n{BUCKET}{CONFIG}{ON}"));
    let plan = folder.sandbox(&["plan", "b.toml", "--json"]).expect(0).stdout;
    let plan: Value = serde_json::from_str(&plan).unwrap();
    let step = |title: &str| {
        let steps = plan["steps"].as_array().unwrap().iter();
        let mut found = steps.filter(|step| step["title"] == title && step["place"] == "eu-west-1");
        found
            .next()
            .unwrap_or_else(|| panic!("no `{title}` in {plan}"))
            .clone()
    };
    let started = step("start the configuration recorder default")["number"].clone();
    let enabled = step("enable Security Hub, with later controls off");
    assert_eq!(enabled["after"], json!([started]));

    folder.apply().expect(0);
    let common = [
        "EnableSecurityHub",
        "UpdateSecurityHubConfiguration",
        "BatchEnableStandards",
    ];
    assert_eq!(folder.hub_writes("eu-west-1"), common);
    let mut home = folder.hub_writes("us-east-1");
    // The aggregator and the standards wait for the hub alone.
    home.sort();
    assert_eq!(
        home,
        [
            "BatchEnableStandards",
            "CreateFindingAggregator",
            "EnableSecurityHub",
            "UpdateSecurityHubConfiguration"
        ]
    );
    for region in ["eu-west-1", "us-east-1"] {
        let hub = folder.region(region)["securityhub"]["hub"].clone();
        assert_eq!(hub["tags"], json!({"a": "1"}));
        assert_eq!(hub["auto_enable_controls"], false);
        assert_eq!(folder.standards(region), [FSBP, CIS_5]);
    }
    let aggregator = |region: &str| folder.region(region)["securityhub"]["aggregator"].clone();
    assert_eq!(aggregator("us-east-1")["region_linking_mode"], "ALL_REGIONS");
    assert_eq!(aggregator("eu-west-1"), Value::Null);
    folder.is_true();
    for region in ["eu-west-1", "us-east-1"] {
        let export = folder
            .sandbox(&["export", "--only", "security_hub", "--region", region])
            .expect(0)
            .says("\"cis-aws-foundations-benchmark/5.0.0\" = true")
            .stdout;
        let aggregates = export.contains("aggregate_in_home_region = true");
        assert_eq!(aggregates, region == "us-east-1", "{export}");
        folder.write("b.toml", &export);
        folder.is_true();
    }
}

#[test]
fn a_hub_that_was_enabled_by_hand_is_adopted_and_keeps_what_is_not_written() {
    let folder = Folder::new();
    folder.world(&format!("{RECORDER}{BY_HAND}"));
    let with = |text: &str| format!("{ONE}[security_hub]\nenabled = true\n{text}");
    folder.becomes(
        &with("[security_hub.standards]\n\"cis-aws-foundations-benchmark/5.0.0\" = true\n"),
        &["eu-west-1 securityhub:BatchEnableStandards"],
    );
    assert_eq!(folder.standards("eu-west-1"), [FSBP, CIS_1, CIS_5]);
    // Turning off asks for consent.
    let off = with("[security_hub.standards]\n\"cis-aws-foundations-benchmark/1.2.0\" = false\n");
    folder.write("b.toml", &off);
    folder
        .sandbox(&["apply", "b.toml", "--auto-approve"])
        .expect(3)
        .says("--allow security_hub");
    folder.becomes(&off, &["eu-west-1 securityhub:BatchDisableStandards"]);
    assert_eq!(folder.standards("eu-west-1"), [FSBP, CIS_5]);
    folder.becomes(
        &format!("{ONE}[tags]\na = \"1\"\n[security_hub]\nauto_enable_controls = false\n"),
        &[
            "eu-west-1 securityhub:TagResource",
            "eu-west-1 securityhub:UpdateSecurityHubConfiguration",
        ],
    );
    let hub = folder.region("eu-west-1")["securityhub"]["hub"].clone();
    assert_eq!(hub["tags"], json!({"a": "1", "team": "web"}));

    // What somebody turns off by hand is all that comes back.
    folder.alter(|account| {
        let hub = &mut account["regions"]["eu-west-1"]["securityhub"]["hub"];
        hub["standards"].as_object_mut().unwrap().remove(FSBP);
    });
    folder.becomes(
        &with("[security_hub.standards]\n\"aws-foundational-security-best-practices/1.0.0\" = true\n"),
        &["eu-west-1 securityhub:BatchEnableStandards"],
    );
    folder.write("b.toml", &format!("{ONE}[security_hub]\nenabled = false\n"));
    folder.sandbox(&["apply", "b.toml", "--auto-approve"]).expect(3);
    folder.becomes(
        &format!("{ONE}[security_hub]\nenabled = false\n"),
        &["eu-west-1 securityhub:DisableSecurityHub"],
    );
}

#[test]
fn what_drifts_is_all_that_comes_back() {
    let folder = Folder::new();
    let baseline = "[account]\nhome_region = \"us-east-1\"\nregions = [\"us-east-1\"]\n[tags]\na = \"1\"\n\
                    [security_hub]\nenabled = true\nauto_enable_controls = false\naggregate_in_home_region = true\n";
    folder.write("b.toml", baseline);
    folder.apply().expect(0);
    for (drift, write) in [
        (
            json!({"hub": {"auto_enable_controls": true}}),
            "UpdateSecurityHubConfiguration",
        ),
        (json!({"hub": {"tags": {"a": "2"}}}), "TagResource"),
        (json!({"aggregator": null}), "CreateFindingAggregator"),
        (
            json!({"aggregator": {"region_linking_mode": "NO_REGIONS"}}),
            "UpdateFindingAggregator",
        ),
    ] {
        folder.alter(|account| merge(&mut account["regions"]["us-east-1"]["securityhub"], &drift));
        folder.becomes(baseline, &[&format!("us-east-1 securityhub:{write}")]);
    }
}

/// Puts the scalars of one tree into another.
fn merge(into: &mut Value, from: &Value) {
    match from {
        Value::Object(members) => members
            .iter()
            .for_each(|(key, member)| merge(&mut into[key], member)),
        scalar => into.clone_from(scalar),
    }
}

#[test]
fn a_standard_is_waited_for_until_it_is_ready() {
    let folder = Folder::new();
    folder.world(&format!("propagation_seconds = 2\n{RECORDER}"));
    folder.write("b.toml", &format!("{ONE}{ON}"));
    folder.apply().expect(0);
    let looks = folder
        .exchanges()
        .iter()
        .filter(|exchange| exchange["operation"] == "GetEnabledStandards")
        .count();
    // Pending twice at least, then ready, and once more when the cell is read again.
    assert!(looks >= 4, "{looks}");
}

#[test]
fn without_a_recorder_the_region_is_blocked_and_no_other() {
    let folder = Folder::new();
    folder.world(RECORDER);
    folder.write("b.toml", &format!("{TWO}{ON}"));
    folder
        .apply()
        .expect(3)
        .says("needs the running configuration recorder (config_recorder, us-east-1)")
        .says("does not exist and is not planned");
    assert_eq!(folder.hub_writes("us-east-1"), Vec::<String>::new());
    assert_eq!(folder.standards("eu-west-1"), [FSBP, CIS_5]);
}

#[test]
fn a_standard_that_checks_nothing_for_want_of_a_recorder_says_so() {
    let folder = Folder::new();
    folder.world(BY_HAND);
    folder.write(
        "b.toml",
        &format!(
            "{ONE}[security_hub]\nenabled = true\n[security_hub.standards]\n\
             \"aws-foundational-security-best-practices/1.0.0\" = true\n"
        ),
    );
    folder
        .sandbox(&["plan", "b.toml", "--detailed-exitcode"])
        .expect(0)
        .says("complete: no configuration recorder runs here; start one");
}

#[test]
fn hub_and_recorder_go_together_and_the_hub_first() {
    let folder = Folder::new();
    folder.write("b.toml", &format!("{ONE}{BUCKET}{CONFIG}{ON}"));
    folder.apply().expect(0);
    folder.becomes(
        &format!("{ONE}[config_recorder]\nenabled = false\n[security_hub]\nenabled = false\n"),
        &[
            "eu-west-1 securityhub:DisableSecurityHub",
            "eu-west-1 config:StopConfigurationRecorder",
        ],
    );
}

#[test]
fn a_standard_that_no_region_offers_is_said_and_the_rest_is_turned_on() {
    let folder = Folder::new();
    folder.world(RECORDER);
    let written = "[security_hub]\nenabled = true\n[security_hub.standards]\n\
                   \"aws-foundational-security-best-practices/1.0.0\" = true\n\
                   \"cis-aws-foundations-benchmark/5.0.1\" = true\n";
    folder.becomes(
        &format!("{ONE}{written}"),
        &[
            "eu-west-1 securityhub:EnableSecurityHub",
            "eu-west-1 securityhub:BatchEnableStandards",
        ],
    );
    folder
        .sandbox(&["plan", "b.toml"])
        .expect(0)
        .says("Security Hub does not offer the standard cis-aws-foundations-benchmark/5.0.1")
        .says("`cis-aws-foundations-benchmark/5.0.0`?");
    let off = "[security_hub.standards]\n\"aws-foundational-security-best-practises/1.0.0\" = false\n";
    folder.write("b.toml", &format!("{ONE}{off}"));
    folder
        .sandbox(&["plan", "b.toml"])
        .expect(0)
        .says("did you mean")
        .says("which is on?");
    folder.write(
        "b.toml",
        &format!("{ONE}{}", off.replace("practises", "practices")),
    );
    let plan = folder.sandbox(&["plan", "b.toml"]).expect(0);
    assert!(!plan.stdout.contains("did you mean"), "{}", plan.stdout);
    folder.write(
        "b.toml",
        &format!("{ONE}{}", written.replace("/5.0.1", "/v/5.0.1")),
    );
    folder
        .sandbox(&["plan", "b.toml"])
        .expect(1)
        .complains("`cis-aws-foundations-benchmark/v/5.0.1` is no standard");
}

#[test]
fn findings_come_together_in_the_home_region_and_nowhere_else() {
    let folder = Folder::new();
    let home = |text: &str| {
        format!("[account]\nhome_region = \"us-east-1\"\nregions = [\"us-east-1\"]\n[security_hub]\n{text}")
    };
    let on = home("enabled = true\naggregate_in_home_region = true\n");
    folder.world(&aggregator(
        "us-east-1",
        "RegionLinkingMode = \"SPECIFIED_REGIONS\", Regions = [\"eu-west-1\"]",
    ));
    let before = folder.region("us-east-1")["securityhub"]["aggregator"]["id"].clone();
    // One that links some regions only is nothing that the key can say.
    let export = ["export", "--only", "security_hub", "--region", "us-east-1"];
    let export = folder.sandbox(&export).expect(0).stdout;
    assert!(!export.contains("aggregate_in_home_region"), "{export}");
    folder.becomes(&on, &["us-east-1 securityhub:UpdateFindingAggregator"]);
    let after = folder.region("us-east-1")["securityhub"]["aggregator"].clone();
    assert_eq!((&after["id"], &after["regions"]), (&before, &json!([])));
    folder.becomes(
        &home("aggregate_in_home_region = false\n"),
        &["us-east-1 securityhub:DeleteFindingAggregator"],
    );

    // Known before: the plan refuses.
    let elsewhere = aggregator("eu-west-1", "RegionLinkingMode = \"ALL_REGIONS\"");
    let hub = BY_HAND.replace("eu-west-1", "us-east-1");
    folder.world(&format!("{elsewhere}{hub}")).forget_exchanges();
    folder.write("b.toml", &on);
    folder
        .sandbox(&["plan", "b.toml"])
        .expect(0)
        .says("the account's findings come together in eu-west-1");
    folder.apply().expect(3);
    assert_eq!(folder.writes(), Vec::<String>::new());
    // Without a hub in the home region nobody knows before AWS refuses.
    folder.world(&elsewhere);
    folder
        .apply()
        .expect(3)
        .says("findings come together in eu-west-1, and an account has one finding");
}

#[test]
fn an_account_that_is_configured_centrally_is_left_alone_unless_enforced() {
    let folder = Folder::new();
    folder.world(&format!(
        "securityhub_administrator = \"999988887777\"\n{RECORDER}{BY_HAND}"
    ));
    let baseline = format!(
        "{ONE}[security_hub]\nenabled = true\n[security_hub.standards]\n\"cis-aws-foundations-benchmark/5.0.0\" = true\n"
    );
    folder.write("b.toml", &baseline);
    folder
        .apply()
        .says("managed elsewhere")
        .says("the Security Hub administrator account 999988887777");
    assert_eq!(folder.writes(), Vec::<String>::new());
    let enforced = baseline.replace("enabled = true\n", "enabled = true\nmanage = \"enforce\"\n");
    folder.write("b.toml", &enforced);
    folder.apply().expect(3).says("configured centrally");
    assert_eq!(folder.writes(), ["eu-west-1 securityhub:BatchEnableStandards"]);
}

#[test]
fn a_hub_that_appears_meanwhile_is_as_good() {
    let folder = Folder::new();
    folder.world(&format!(
        "{RECORDER}\n[[event]]\nbefore = \"securityhub:EnableSecurityHub\"\nregion = \"eu-west-1\"\n\
         [[event.call]]\ncall = \"securityhub:EnableSecurityHub\"\nregion = \"eu-west-1\"\n\
         input = {{ EnableDefaultStandards = false }}\n"
    ));
    folder.becomes(
        &format!("{ONE}{ON}"),
        &[
            "eu-west-1 securityhub:EnableSecurityHub",
            "eu-west-1 securityhub:UpdateSecurityHubConfiguration",
            "eu-west-1 securityhub:BatchEnableStandards",
        ],
    );
}

/// Of the hub itself moto knows something; of standards, aggregators and tags nothing.
#[test]
fn moto_sees_the_hub_come_and_go() {
    let moto = Moto::start();
    let becomes = |enabled: bool| {
        let baseline = format!(
            "[account]\nhome_region = \"us-east-1\"\nregions = [\"us-east-1\"]\n[security_hub]\nenabled = {enabled}\n"
        );
        moto.folder.write("b.toml", &baseline);
        moto.trueup(&["apply", "b.toml", "--auto-approve", "--allow", "all"])
            .expect(0);
        moto.trueup(&["plan", "b.toml", "--detailed-exitcode"]).expect(0);
        let mut command = python::module("calls", &moto.folder.path(""));
        let calls = r#"[["describe_hub", {}], ["get_administrator_account", {}]]"#;
        python::run_resident(
            command
                .args(["securityhub", calls])
                .env("AWS_ENDPOINT_URL", moto.url()),
        )
    };
    let hub = becomes(true).unwrap();
    assert!(
        hub.contains("arn:aws:securityhub:us-east-1:123456789012:hub/default"),
        "{hub}"
    );
    let none = becomes(false).unwrap_err();
    assert!(none.contains("not subscribed"), "{none}");
}

/// How a control stands in a standard of a region: on unless it was turned off.
fn is_on(folder: &Folder, region: &str, standard: &str, control: &str) -> bool {
    let hub = folder.region(region)["securityhub"]["hub"].clone();
    hub["controls"][standard][control]["enabled"] != json!(false)
}

#[test]
fn controls_on_global_resources_are_on_in_the_home_region_alone() {
    let folder = Folder::new();
    let placed = format!("{ON}[security_hub.controls]\nglobal_resources = \"global_region_only\"\n");
    let baseline = format!("{TWO}{BUCKET}{CONFIG}{placed}");
    folder.write("b.toml", &baseline);
    // A new standard loses nothing.
    folder.sandbox(&["apply", "b.toml", "--auto-approve"]).expect(0);
    folder.is_true();
    for (standard, control) in [
        (FSBP, "IAM.4"),
        (FSBP, "KMS.1"),
        (CIS_5, "IAM.4"),
        (CIS_5, "IAM.9"),
    ] {
        assert!(
            !is_on(&folder, "eu-west-1", standard, control),
            "{standard} {control}"
        );
        assert!(
            is_on(&folder, "us-east-1", standard, control),
            "{standard} {control}"
        );
    }
    assert!(is_on(&folder, "eu-west-1", FSBP, "Config.1"));
    let looks = |operation: &str| {
        let exchanges = folder.exchanges();
        exchanges
            .iter()
            .filter(|exchange| exchange["operation"] == operation)
            .count()
    };
    folder.forget_exchanges();
    folder.is_true();
    assert_eq!(looks("BatchGetStandardsControlAssociations"), 2);
    assert_eq!(looks("ListSecurityControlDefinitions"), 0);

    // One that comes back goes again, by consent; what was turned on with another reason stays.
    let turned = |reason: Value| json!({"enabled": true, "reason": reason, "updated_at": 0});
    folder.alter(|account| {
        let controls = &mut account["regions"]["eu-west-1"]["securityhub"]["hub"]["controls"][FSBP];
        controls["IAM.4"] = turned(Value::Null);
        controls["IAM.5"] = turned("audit of 2026".into());
    });
    folder.write("b.toml", &baseline);
    folder
        .sandbox(&["apply", "b.toml", "--auto-approve"])
        .expect(3)
        .says("--allow security_hub");
    folder.becomes(
        &baseline,
        &["eu-west-1 securityhub:BatchUpdateStandardsControlAssociations"],
    );
    assert!(!is_on(&folder, "eu-west-1", FSBP, "IAM.4"));
    assert!(is_on(&folder, "eu-west-1", FSBP, "IAM.5"));
    folder.sandbox(&["plan", "b.toml"]).expect(0).says("IAM.5");
}

#[test]
fn a_standard_that_failed_or_stays_incomplete_is_a_task() {
    let folder = Folder::new();
    folder.world(RECORDER);
    folder.write("b.toml", &format!("{ONE}{ON}"));
    folder.apply().expect(0);
    folder.is_true();
    let stuck = |status: &str, code: &str, subscribed_at: i64| {
        folder.alter(|account| {
            let hub = &mut account["regions"]["eu-west-1"]["securityhub"]["hub"];
            hub["standards"][FSBP]["stuck"] = json!({"status": status, "reason": code});
            hub["subscribed_at"] = subscribed_at.into();
        });
        folder.sandbox(&["plan", "b.toml"]).expect(0).stdout
    };
    let old = 1_770_000_000;
    let young = i64::MAX / 1_000_000_000;
    let rules = "MAXIMUM_NUMBER_OF_CONFIG_RULES_EXCEEDED";
    let plan = stuck("INCOMPLETE", rules, young);
    assert!(!plan.contains("1 needs a person"), "{plan}");
    for (status, code, said) in [
        ("INCOMPLETE", rules, "quota of AWS Config rules is used up"),
        (
            "FAILED",
            "INTERNAL_ERROR",
            "could not be turned on: AWS says INTERNAL_ERROR",
        ),
    ] {
        let plan = stuck(status, code, old);
        let words = plan.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(said), "{plan}");
        assert!(words.contains("needs a person"), "{plan}");
    }
    // AWS adds controls to it.
    let plan = stuck("PENDING", "INTERNAL_ERROR", old);
    assert!(!plan.contains("needs a person"), "{plan}");
}

#[test]
fn an_aggregator_that_links_all_regions_of_now_stays_as_it_is() {
    let folder = Folder::new();
    folder.world(&format!(
        "disabled_regions = [\"ap-northeast-1\", \"ap-northeast-2\", \"ap-northeast-3\", \"ap-south-1\", \"ap-southeast-1\", \
         \"ap-southeast-2\", \"ca-central-1\", \"eu-central-1\", \"eu-north-1\", \"eu-west-2\", \"eu-west-3\", \"sa-east-1\", \
         \"us-east-2\", \"us-west-1\", \"us-west-2\"]\n{}",
        aggregator(
            "us-east-1",
            "RegionLinkingMode = \"SPECIFIED_REGIONS\", Regions = [\"eu-west-1\"]"
        )
    ));
    folder.write(
        "b.toml",
        "[account]\nhome_region = \"us-east-1\"\nregions = [\"us-east-1\"]\n\
         [security_hub]\nenabled = true\naggregate_in_home_region = true\n",
    );
    folder
        .sandbox(&["plan", "b.toml", "--detailed-exitcode"])
        .expect(0)
        .says("RegionLinkingMode SPECIFIED_REGIONS");
}

#[test]
fn findings_cannot_come_together_in_a_region_that_is_disabled_by_default() {
    let folder = Folder::new();
    folder.world("enabled_regions = [\"me-central-1\"]\n");
    folder.write(
        "b.toml",
        "[account]\nhome_region = \"me-central-1\"\nregions = [\"me-central-1\"]\n\
         [security_hub]\nenabled = true\naggregate_in_home_region = true\n",
    );
    folder
        .sandbox(&["plan", "b.toml"])
        .expect(0)
        .says("the region me-central-1 is disabled by default");
    folder.apply().expect(3);
    assert_eq!(folder.hub_writes("me-central-1"), ["EnableSecurityHub"]);
}

#[test]
fn the_way_findings_are_made_is_changed_by_consent_where_it_is_written() {
    let folder = Folder::new();
    folder.world(&BY_HAND.replace(
        "input = {",
        "input = { ControlFindingGenerator = \"STANDARD_CONTROL\", EnableDefaultStandards = false,",
    ));
    let silent = format!("{ONE}[security_hub]\nenabled = true\n");
    folder.write("b.toml", &silent);
    folder.is_true();
    let written = format!("{silent}finding_generator = \"security_control\"\n");
    folder.write("b.toml", &written);
    folder.sandbox(&["apply", "b.toml", "--auto-approve"]).expect(3);
    folder.becomes(
        &written,
        &["eu-west-1 securityhub:UpdateSecurityHubConfiguration"],
    );
    let hub = folder.region("eu-west-1")["securityhub"]["hub"].clone();
    assert_eq!(hub["control_finding_generator"], "SECURITY_CONTROL");
}

/// The delegated administrator of an organization: it has no administrator, and findings come together in it.
fn delegated_administrator() -> String {
    let recorder = RECORDER.replace("eu-west-1", "us-east-1");
    let aggregator = aggregator("us-east-1", "RegionLinkingMode = \"ALL_REGIONS\"");
    format!("{recorder}{aggregator}")
}

#[test]
fn a_delegated_administrator_that_is_configured_centrally_is_managed_elsewhere() {
    let baseline = format!("{}{ON}", TWO.replace("\"eu-west-1\", ", ""));
    // It can know of its own policy.
    let folder = Folder::new();
    folder.world(&format!(
        "securityhub_central_policy = \"12345678-1234-1234-1234-123456789012\"\n{}",
        delegated_administrator()
    ));
    folder.write("b.toml", &baseline);
    folder
        .sandbox(&["plan", "b.toml"])
        .expect(0)
        .says("managed elsewhere")
        .says("12345678-1234-1234-1234-123456789012");
    folder.apply().expect(0);
    assert_eq!(folder.writes(), Vec::<String>::new());

    // Where it cannot, the refusal says so, and no permission helps.
    let folder = Folder::new();
    folder.world(&format!(
        "{}\n[[fault]]\ncall = \"securityhub:BatchEnableStandards\"\nkind = \"error\"\ncode = \"AccessDeniedException\"\n\
         status = 403\nmessage = \"This account is currently associated with a central configuration policy, so only the \
         administrator can access this operation.\"\n",
        delegated_administrator()
    ));
    folder.write("b.toml", &baseline.replace("auto_enable_controls = false\n", ""));
    let applied = folder
        .apply()
        .expect(0)
        .says("the account is configured centrally");
    assert!(!applied.stdout.contains("grant the action"), "{}", applied.stdout);
}

#[test]
fn a_refusal_in_other_words_is_no_absence() {
    let folder = Folder::new();
    let fault = |message: &str| {
        format!(
            "[[fault]]\ncall = \"securityhub:DescribeHub\"\nkind = \"error\"\ncode = \"InvalidAccessException\"\nstatus = 401\n\
             message = \"{message}\"\n"
        )
    };
    folder.write("b.toml", &format!("{ONE}[security_hub]\nenabled = false\n"));
    for (message, code) in [
        ("Account 123456789012 is not subscribed to AWS Security Hub", 0),
        ("The account 123456789012 is not enabled for securityhub", 0),
        ("The account lacks permission", 1),
    ] {
        folder.world(&fault(message));
        folder.sandbox(&["plan", "b.toml"]).expect(code);
    }
}
