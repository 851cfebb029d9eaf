//! Whole runs on the simulated account: what the tool is for, and what must never happen.

use std::time::Duration;

use crate::folder::{Folder, STATE};

const ALL: [&str; 4] = ["--auto-approve", "--allow", "all", "checklist.toml"];

/// A few regions for a whole run whose point is not their number: the home region, the one that AWS Health reports to
/// besides, and two more.
pub(crate) const FEW: [&str; 4] = ["eu-west-1", "eu-west-3", "us-east-1", "us-west-2"];

fn apply_all(folder: &Folder) -> crate::folder::Ended {
    folder.sandbox(&[&["apply"], &ALL[..]].concat())
}

#[test]
fn a_new_account_becomes_true_and_stays_so() {
    let folder = Folder::with_checklist();
    folder
        .sandbox(&["plan", "checklist.toml"])
        .expect(0)
        .says("17 regions")
        .says("Plan: ");
    assert_eq!(folder.writes(), Vec::<String>::new());
    apply_all(&folder)
        .expect(0)
        .says("The account is true to checklist.toml");
    folder.forget_exchanges();
    let once = folder
        .sandbox(&["plan", "checklist.toml", "--detailed-exitcode"])
        .expect(0)
        .says("No changes.");
    let twice = folder
        .sandbox(&["plan", "checklist.toml", "--detailed-exitcode"])
        .expect(0);
    assert_eq!(once.stdout, twice.stdout);
    let json = |folder: &Folder| {
        folder
            .sandbox(&["plan", "checklist.toml", "--json"])
            .expect(0)
            .stdout
    };
    assert_eq!(json(&folder), json(&folder));
    assert_eq!(folder.writes(), Vec::<String>::new());
}

#[test]
fn a_plan_makes_no_call_twice() {
    let folder = Folder::with_checklist();
    folder.sandbox(&["plan", "checklist.toml"]).expect(0);
    let mut calls: Vec<String> = folder
        .exchanges()
        .iter()
        // The report is asked for until IAM has written it.
        .filter(|exchange| exchange["operation"] != "GetCredentialReport")
        .map(|exchange| {
            format!(
                "{} {}:{} {}",
                exchange["region"], exchange["service"], exchange["operation"], exchange["request"]["body"]
            ) + exchange["request"]["uri"].as_str().unwrap()
        })
        .collect();
    calls.sort();
    let twice: Vec<&[String]> = calls.windows(2).filter(|two| two[0] == two[1]).collect();
    assert!(twice.is_empty(), "{twice:#?}");
}

#[test]
fn a_second_apply_writes_nothing() {
    let folder = Folder::with_checklist();
    with_regions(&folder, &FEW);
    apply_all(&folder).expect(0);
    folder.forget_exchanges();
    apply_all(&folder).expect(0).says("No changes.");
    assert_eq!(folder.writes(), Vec::<String>::new());
}

#[test]
fn an_export_plans_to_nothing_before_and_after_apply() {
    let folder = Folder::with_checklist();
    for moment in ["before", "after"] {
        let file = format!("{moment}.toml");
        let export = folder.sandbox(&["export"]).expect(0).stdout;
        for control in ["ebs_encryption", "default_vpc", "guardduty"] {
            let heads = export
                .lines()
                .filter(|line| *line == format!("[{control}]"))
                .count();
            assert_eq!(heads, 1, "{control} {moment} in\n{export}");
        }
        // 17 equal regions are one table; IAM's resources are recorded in one of them, and findings come together there.
        let own = [
            "[region.us-east-1.config_recorder]",
            "[region.us-east-1.security_hub]",
        ];
        let differs = |line: &&str| line.starts_with("[region.") && !own.contains(line);
        assert_eq!(export.lines().find(differs), None, "{export}");
        folder.write(&file, &export);
        folder
            .sandbox(&["plan", &file, "--detailed-exitcode"])
            .expect(0)
            .says("No changes.");
        apply_all(&folder).expect(0);
    }
}

/// The checklist's baseline with a list of regions in place of all enabled ones.
pub(crate) fn with_regions(folder: &Folder, regions: &[&str]) {
    let list: Vec<String> = regions.iter().map(|region| format!("\"{region}\"")).collect();
    let text = folder.read("checklist.toml");
    let account = format!("[account]\nregions = [{}]\n", list.join(", "));
    let text = if text.contains("[account]\nregions = \"enabled\"\n") {
        text.replacen("[account]\nregions = \"enabled\"\n", &account, 1)
    } else {
        assert!(
            !text.contains("\n[account]"),
            "the checklist's [account] is not as this test expects:\n{text}"
        );
        format!("{account}\n{text}")
    };
    folder.write("checklist.toml", &text);
}

#[test]
fn trouble_in_three_regions_spoils_nothing_else() {
    let folder = Folder::with_checklist();
    with_regions(
        &folder,
        &[
            "ap-northeast-1",
            "eu-west-1",
            "me-south-1",
            "us-east-1",
            "us-west-2",
        ],
    );
    folder.world(
        r#"
        [[deny]]
        region = "eu-west-1"
        by = "scp"

        [[default_vpc]]
        region = "us-east-1"
        instance = "running"
        "#,
    );
    let ended = apply_all(&folder)
        .expect(3)
        .says("me-south-1")
        .says("eu-west-1")
        .says("denied by the organization")
        .says("region not enabled")
        .says("(running)");
    assert!(
        !ended.stdout.contains("The account is true to"),
        "{}",
        ended.stdout
    );
    let writes = folder.writes();
    assert!(writes.contains(&"us-west-2 ec2:DeleteVpc".to_owned()));
    assert!(writes.contains(&"us-east-1 ec2:EnableEbsEncryptionByDefault".to_owned()));
    for write in &writes {
        assert!(
            !write.starts_with("eu-west-1") && !write.starts_with("me-south-1"),
            "{write}"
        );
        let vpc = ["Delete", "Detach"]
            .iter()
            .any(|verb| write.contains(&format!("ec2:{verb}")));
        assert!(!(write.starts_with("us-east-1") && vpc), "{write}");
    }
}

#[test]
fn an_instance_that_appears_after_the_plan_saves_its_vpc() {
    let folder = Folder::with_checklist();
    with_regions(&folder, &["us-east-1", "us-west-2"]);
    folder.world(
        r#"
        [[event]]
        before = "ec2:DescribeInstances"
        region = "us-east-1"
        nth = 2
        launch_instance = true
        "#,
    );
    folder
        .sandbox(&["plan", "checklist.toml", "--only", "password_policy"])
        .expect(0);
    apply_all(&folder).expect(3).says("(running)");
    let deletes: Vec<String> = folder
        .writes()
        .into_iter()
        .filter(|w| w.contains("ec2:Delete") || w.contains("ec2:Detach"))
        .collect();
    assert!(deletes.iter().any(|write| write.starts_with("us-west-2")));
    assert!(
        !deletes.iter().any(|write| write.starts_with("us-east-1")),
        "{deletes:?}"
    );
}

#[test]
fn a_saved_plan_applies_while_nothing_moved_and_never_else() {
    let folder = Folder::with_checklist();
    with_regions(&folder, &FEW);
    let with_plan = [&["apply", "--plan", "plan.json"], &ALL[..]].concat();
    folder
        .sandbox(&["plan", "checklist.toml", "--out", "plan.json"])
        .expect(0);
    folder.write(
        "hand.toml",
        "[account]\nregions = [\"eu-west-3\"]\n[ebs_encryption]\nenabled = true\n",
    );
    folder
        .sandbox(&["apply", "hand.toml", "--auto-approve"])
        .expect(0);
    folder.forget_exchanges();
    folder
        .sandbox(&with_plan)
        .expect(1)
        .complains("no longer the one in plan.json")
        .complains("Steps that are gone")
        .complains("ebs_encryption in eu-west-3:")
        .complains("enabled: false → true");
    assert_eq!(folder.writes(), Vec::<String>::new());

    folder
        .sandbox(&["plan", "checklist.toml", "--out", "plan.json"])
        .expect(0);
    let whole = folder.read("plan.json");
    for (from, to) in [("destructive", "safe"), ("us-east-1", "us-east-2"), ("  ", " ")] {
        folder.write("plan.json", &whole.replacen(from, to, 1));
        folder.sandbox(&with_plan).expect(1);
    }
    // A byte that makes it no JSON any more is shown like any other difference.
    let at = whole.find("\"summary\"").unwrap();
    folder.write("plan.json", &format!("{}\u{1}{}", &whole[..at], &whole[at + 1..]));
    folder
        .sandbox(&with_plan)
        .expect(1)
        .complains("no longer the one in plan.json")
        .complains("not a whole plan");
    folder.write("plan.json", "{\"something\": \"else\"}");
    let foreign = folder.sandbox(&with_plan).expect(1).complains("not a whole plan");
    assert!(!foreign.stderr.contains("Reading"), "{}", foreign.stderr);
    folder.write("plan.json", &whole[..whole.len() / 2]);
    folder
        .sandbox(&with_plan)
        .expect(1)
        .complains("plan.json")
        .complains("not a whole plan");
    folder.write("plan.json", &whole.replacen("123456789012", "210987654321", 1));
    folder.sandbox(&with_plan).expect(1).complains("210987654321");
    folder.write(
        "plan.json",
        &whole.replacen("\"format_version\": 2", "\"format_version\": 1", 1),
    );
    folder.sandbox(&with_plan).expect(1).complains("format version 1");
    assert_eq!(folder.writes(), Vec::<String>::new());

    folder.write("plan.json", &whole);
    folder
        .sandbox(&with_plan)
        .expect(0)
        .says("The account is true to checklist.toml");
}

#[test]
fn nothing_that_hurts_runs_without_consent() {
    let folder = Folder::with_checklist();
    with_regions(&folder, &FEW);
    folder
        .sandbox(&["apply", "checklist.toml"])
        .expect(1)
        .complains("--auto-approve");
    assert_eq!(folder.writes(), Vec::<String>::new());
    folder
        .sandbox(&["apply", "checklist.toml", "--auto-approve"])
        .expect(3)
        .says("--allow default_vpc");
    let writes = folder.writes();
    assert!(
        writes
            .iter()
            .any(|write| write.contains("guardduty:CreateDetector"))
    );
    assert!(!writes.iter().any(|write| write.contains("Delete")), "{writes:?}");
    folder
        .sandbox(&[
            "apply",
            "checklist.toml",
            "--auto-approve",
            "--allow",
            "default_vpc",
        ])
        .expect(0)
        .says("The account is true to checklist.toml");
}

#[test]
fn what_was_there_is_saved_before_the_first_write_and_older_savings_are_kept() {
    let folder = Folder::with_checklist();
    with_regions(&folder, &FEW);
    apply_all(&folder).expect(0).complains(".trueup/before.toml");
    let before = folder.read(".trueup/before.toml");
    assert_eq!(folder.read(".trueup/.gitignore"), "*\n");
    assert!(before.contains("[default_vpc]\nstate = \"present\""), "{before}");
    folder.write("back.toml", &before);
    folder
        .sandbox(&["apply", "back.toml", "--auto-approve", "--allow", "all"])
        .expect(0);
    assert_eq!(folder.read(".trueup/before.1.toml"), before);
    folder
        .sandbox(&["plan", "back.toml", "--detailed-exitcode"])
        .expect(0);
}

#[test]
fn one_failing_region_does_not_stop_the_others_and_the_next_run_ends_it() {
    let folder = Folder::with_checklist();
    folder.world(
        r#"
        [[fault]]
        call = "ec2:DeleteInternetGateway"
        region = "eu-west-2"
        nth = 1
        kind = "error"
        code = "UnauthorizedOperation"
        status = 403
        message = "You are not authorized to perform this operation."
        "#,
    );
    apply_all(&folder)
        .expect(3)
        .says("UnauthorizedOperation")
        .says("ec2:DeleteInternetGateway")
        .says("eu-west-2");
    let deleted = folder
        .writes()
        .iter()
        .filter(|write| write.contains("ec2:DeleteVpc"))
        .count();
    assert_eq!(deleted, 16);
    folder.forget_exchanges();
    apply_all(&folder)
        .expect(0)
        .says("The account is true to checklist.toml");
    assert!(
        folder.writes().iter().all(|write| write.starts_with("eu-west-2")),
        "{:?}",
        folder.writes()
    );
}

#[test]
fn throttled_and_broken_calls_are_tried_again() {
    let folder = Folder::with_checklist();
    folder.world(
        r#"
        [[fault]]
        call = "ec2:DescribeVpcs"
        nth = 3
        kind = "throttle"

        [[fault]]
        call = "guardduty:ListDetectors"
        nth = 2
        kind = "reset"

        [[fault]]
        call = "ec2:DeleteSubnet"
        region = "us-west-1"
        nth = 1
        kind = "reset"
        carried_out = true

        [[limit]]
        call = "ec2:DeleteSubnet"
        per_second = 50
        burst = 5
        "#,
    );
    apply_all(&folder)
        .expect(0)
        .says("The account is true to checklist.toml");
}

#[test]
fn an_interrupted_apply_finishes_what_has_started_and_says_so() {
    let folder = Folder::with_checklist();
    with_regions(&folder, &FEW);
    folder.world("[latency]\ndefault_ms = 150\n");
    let args = [&["apply", "--parallelism", "4"], &ALL[..]].concat();
    let child = folder
        .sandbox_command(&args)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let started = std::time::Instant::now();
    while folder.writes_so_far() == 0 {
        assert!(started.elapsed() < Duration::from_secs(60), "no write came");
        std::thread::sleep(Duration::from_millis(20));
    }
    let killed = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(130), "{stdout}");
    assert!(stdout.contains("not started"), "{stdout}");
    assert!(!stdout.contains("unknown"), "{stdout}");
    folder.world_keeps_latency_off();
    apply_all(&folder)
        .expect(0)
        .says("The account is true to checklist.toml");
}

#[test]
fn an_existing_detector_is_adopted_with_what_nobody_manages_untouched() {
    let folder = Folder::new();
    folder.world(
        r#"
        [[detector]]
        region = "eu-central-1"
        finding_publishing_frequency = "ONE_HOUR"
        "#,
    );
    folder.write(
        "b.toml",
        "[account]\nregions = [\"eu-central-1\"]\n[guardduty]\nenabled = true\n[guardduty.features]\nrds_login_events = false\n",
    );
    folder
        .sandbox(&["apply", "b.toml", "--auto-approve", "--allow", "all"])
        .expect(0);
    assert!(
        !folder
            .writes()
            .iter()
            .any(|write| write.contains("CreateDetector"))
    );
    let export = folder
        .sandbox(&["export", "--only", "guardduty", "--region", "eu-central-1"])
        .expect(0)
        .stdout;
    assert!(
        export.contains("publish_findings_every = \"one_hour\""),
        "{export}"
    );
    assert!(export.contains("rds_login_events = false"), "{export}");
}

#[test]
fn keys_that_the_file_leaves_out_are_sent_back_as_they_were() {
    let folder = Folder::new();
    folder.write(
        "one.toml",
        "[password_policy]\nrequire_numbers = true\nreuse_prevention = 5\nallow_users_to_change = true\n",
    );
    folder.write(
        "two.toml",
        "[password_policy]\nminimum_length = 20\nrequire_symbols = true\n",
    );
    folder.sandbox(&["apply", "one.toml", "--auto-approve"]).expect(0);
    folder.sandbox(&["apply", "two.toml", "--auto-approve"]).expect(0);
    let export = folder
        .sandbox(&["export", "--only", "password_policy"])
        .expect(0)
        .stdout;
    for line in [
        "minimum_length = 20",
        "require_symbols = true",
        "allow_users_to_change = true",
        "reuse_prevention = 5",
    ] {
        assert!(export.lines().any(|l| l == line), "no `{line}` in\n{export}");
    }
}

#[test]
fn a_default_vpc_comes_back_also_from_a_half_deleted_one() {
    let folder = Folder::new();
    folder.write(
        "absent.toml",
        "[account]\nregions = [\"us-east-1\"]\n[default_vpc]\nstate = \"absent\"\n",
    );
    folder.write(
        "present.toml",
        "[account]\nregions = [\"us-east-1\"]\n[default_vpc]\nstate = \"present\"\n",
    );
    let apply = |file: &str| folder.sandbox(&["apply", file, "--auto-approve", "--allow", "all"]);
    // The second call of DeleteInternetGateway is the one that fails: the VPC is left without subnets and gateway.
    folder.world(
        r#"
        [[fault]]
        call = "ec2:DeleteVpc"
        nth = 1
        kind = "error"
        code = "UnauthorizedOperation"
        status = 403
        message = "You are not authorized to perform this operation."
        "#,
    );
    apply("absent.toml").expect(3);
    folder
        .sandbox(&["plan", "present.toml", "--detailed-exitcode"])
        .expect(2);
    apply("present.toml")
        .expect(0)
        .says("The account is true to present.toml.");
    apply("absent.toml").expect(0);
    apply("present.toml").expect(0);
    folder
        .sandbox(&["plan", "present.toml", "--detailed-exitcode"])
        .expect(0);
}

#[test]
fn a_public_bucket_makes_the_block_ask_and_is_named() {
    let folder = Folder::with_checklist();
    folder.world(
        r#"
        [[bucket]]
        name = "www-example"
        region = "eu-west-1"
        public_policy = true
        "#,
    );
    folder
        .sandbox(&[
            "apply",
            "checklist.toml",
            "--only",
            "s3_public_access_block",
            "--auto-approve",
        ])
        .expect(3)
        .says("www-example")
        .says("disruptive")
        .says("--allow s3_public_access_block");
    assert_eq!(folder.writes(), Vec::<String>::new());
}

#[test]
fn two_processes_on_one_account_lose_nothing() {
    let folder = Folder::with_checklist();
    let spawn = |control: &str| {
        folder
            .sandbox_command(
                &[
                    &[
                        "apply",
                        "--only",
                        control,
                        "--before",
                        &format!("{control}.before.toml"),
                    ],
                    &ALL[..],
                ]
                .concat(),
            )
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap()
    };
    let controls = ["default_vpc", "guardduty", "ebs_encryption", "password_policy"];
    let mut children: Vec<_> = controls.into_iter().map(spawn).collect();
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let mut plan = vec!["plan", "checklist.toml", "--detailed-exitcode"];
    plan.extend(controls.iter().flat_map(|control| ["--only", control]));
    folder.sandbox(&plan).expect(0);
}

#[test]
fn report_and_off_never_write() {
    let folder = Folder::new();
    folder.write(
        "b.toml",
        "[ebs_encryption]\nenabled = true\nmanage = \"report\"\n[guardduty]\nmanage = \"off\"\nenabled = true\n",
    );
    folder
        .sandbox(&["apply", "b.toml", "--auto-approve", "--allow", "all"])
        .expect(0)
        .says("reported");
    folder
        .sandbox(&["plan", "b.toml", "--fail-on", "reported"])
        .expect(4);
    assert_eq!(folder.writes(), Vec::<String>::new());
    assert!(
        !folder
            .exchanges()
            .iter()
            .any(|exchange| exchange["service"] == "guardduty")
    );
}

#[test]
fn another_account_is_refused_before_anything_is_read_of_it() {
    let folder = Folder::new();
    folder.write(
        "b.toml",
        "[account]\nid = \"210987654321\"\n[ebs_encryption]\nenabled = true\n",
    );
    folder
        .sandbox(&["plan", "b.toml"])
        .expect(1)
        .complains("123456789012")
        .complains("210987654321");
    folder.write("c.toml", "[ebs_encryption]\nenabled = true\n");
    folder
        .sandbox(&["plan", "c.toml", "--account-id", "210987654321"])
        .expect(1)
        .complains("210987654321");
    let calls: Vec<String> = folder
        .exchanges()
        .iter()
        .map(|e| e["operation"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        calls
            .iter()
            .all(|call| ["GetCallerIdentity", "ListAccountAliases"].contains(&call.as_str())),
        "{calls:?}"
    );
}

#[test]
fn an_apply_that_can_read_nothing_fails_before_the_first_write() {
    let folder = Folder::new();
    folder.world("[[deny]]\naction = \"iam:GetAccountPasswordPolicy\"\nby = \"iam\"\n");
    folder.write("b.toml", "[password_policy]\nminimum_length = 14\n");
    folder
        .sandbox(&["apply", "b.toml", "--auto-approve"])
        .expect(1)
        .says("could not be read")
        .says("iam:GetAccountPasswordPolicy");
    folder
        .sandbox(&["apply", "b.toml", "--auto-approve", "--fail-on", "unread"])
        .expect(4);
    assert_eq!(folder.writes(), Vec::<String>::new());
}

impl Folder {
    fn writes_so_far(&self) -> usize {
        // The log may end in the middle of a line while another process writes it.
        let text = std::fs::read_to_string(self.path("exchanges.jsonl")).unwrap_or_default();
        let write = |line: &&str| {
            ["\"Delete", "\"Enable", "\"Create", "\"Put"]
                .iter()
                .any(|verb| line.contains(verb))
        };
        text.lines().filter(write).count()
    }

    /// Takes the latency out of the saved world, so that the rest of a test is quick.
    fn world_keeps_latency_off(&self) {
        let mut state: serde_json::Value = serde_json::from_str(&self.read(STATE)).unwrap();
        let world = &mut state["world"];
        world.as_object_mut().unwrap().remove("latency");
        self.write(STATE, &serde_json::to_string(&state).unwrap());
    }
}
