//! The root user: read, shown to a person, never touched.

use crate::folder::Folder;
use crate::moto::Moto;

const HEAD: &str = "[account]\nid = \"123456789012\"\nhome_region = \"us-east-1\"\n";

const WHOLE: &str = "[root_user]\naccess_keys = \"absent\"\nsigning_certificates = \"absent\"\nmfa = \"required\"\n\
                     mfa_devices = 2\nunused_for_days = 30\n";

/// Baselines that need every call of the control.
pub(crate) fn exercise() -> Vec<(&'static str, Vec<String>)> {
    // Devices are listed where there is MFA.
    let protected = "[root_user]\nvirtual_mfa_devices = 1\n";
    vec![(protected, vec![format!("{HEAD}{WHOLE}")])]
}

fn baseline(table: &str) -> String {
    format!("{HEAD}{table}")
}

/// A root user as it should be, in an account of some age.
const SEALED: &str = "virtual_mfa_devices = 2\nmade_days_ago = 900\nused_days_ago = 400\n";

fn world(root_user: &str) -> String {
    format!("[root_user]\n{root_user}")
}

#[test]
fn a_sealed_root_user_is_true_exports_and_stays_so() {
    let folder = Folder::new();
    folder.world(&world(SEALED));
    folder.becomes(&baseline(WHOLE), &[]);
    let export = folder
        .sandbox(&["export", "--only", "root_user"])
        .expect(0)
        .says("\naccess_keys = \"absent\"")
        .says("\nsigning_certificates = \"absent\"")
        .says("\nmfa = \"required\"")
        .says("\nmfa_devices = 2")
        .says("\nunused_for_days = 400")
        .stdout;
    folder.write("b.toml", &export);
    folder.is_true();
}

#[test]
fn a_new_account_asks_a_person_for_mfa_and_nothing_is_written() {
    let folder = Folder::new();
    folder.write("b.toml", &baseline(WHOLE));
    let ended = folder
        .apply()
        .expect(0)
        .says("protect the root user with MFA")
        .says("until there are 2")
        .says("https://docs.aws.amazon.com/IAM/latest/UserGuide/enable-mfa-for-root.html")
        .says("the account was made on ");
    assert!(!ended.stdout.contains("find out who used"), "{}", ended.stdout);
    assert_eq!(folder.writes(), Vec::<String>::new());
    folder
        .sandbox(&["plan", "b.toml", "--fail-on", "needs-person"])
        .expect(4)
        .says("No changes. 1 thing needs a person.");
}

#[test]
fn all_that_is_open_is_named_and_presence_does_not_wait_for_the_report() {
    let folder = Folder::new();
    folder.world(&world(
        "access_keys = 1\nsigning_certificates = 1\nmade_days_ago = 900\nused_days_ago = 3\n",
    ));
    folder.write("b.toml", &baseline(WHOLE));
    folder
        .apply()
        .expect(0)
        .says("delete the root user's access keys")
        .says("delete the root user's X.509 signing certificates")
        .says("protect the root user with MFA")
        .says("find out who used the root user on ");
    // A person follows the advice. The report is hours old by then, and is not asked about that.
    folder.alter(|account| {
        let root = &mut account["iam"]["root_user"];
        root["access_keys"] = 0.into();
        root["signing_certificates"] = 0.into();
        root["virtual_mfa_devices"] = 2.into();
    });
    let ended = folder
        .apply()
        .expect(0)
        .says("find out who used the root user on ");
    for done in ["access keys:", "certificates:", "with MFA"] {
        assert!(!ended.stdout.contains(done), "{done} in {}", ended.stdout);
    }
    assert_eq!(folder.writes(), Vec::<String>::new());
}

#[test]
fn hardware_keys_are_attested_until_the_day_that_is_written() {
    let folder = Folder::new();
    folder.world(&world(
        "hardware_mfa_devices = 2\nmade_days_ago = 900\nused_days_ago = 400\n",
    ));
    let attested = |expires: &str| {
        baseline(&format!(
            "{WHOLE}hardware_mfa = \"required\"\n[attestations.root_mfa]\nby = \"Kim\"\non = 2026-01-02\n\
             expires = {expires}\nevidence = \"vault record 7\"\n"
        ))
    };
    folder.write("b.toml", &baseline(WHOLE));
    folder
        .sandbox(&["plan", "b.toml", "--fail-on", "needs-person"])
        .expect(4)
        .says("see that the root user has 2 MFA devices");
    folder.write("b.toml", &attested("2999-01-02"));
    folder
        .sandbox(&["plan", "b.toml", "--fail-on", "needs-person"])
        .expect(0)
        .says("Kim vouched for it on 2026-01-02");
    folder.write("b.toml", &attested("2026-01-03"));
    folder
        .sandbox(&["plan", "b.toml", "--fail-on", "needs-person"])
        .expect(4)
        .says("counted until 2026-01-03");
}

#[test]
fn billing_access_is_attested() {
    let folder = Folder::new();
    let table = "[root_user]\nbilling_access = \"required\"\n";
    folder.write("b.toml", &baseline(table));
    folder
        .sandbox(&["plan", "b.toml", "--fail-on", "needs-person"])
        .expect(4)
        .says("activate IAM access to billing");
    folder.write(
        "b.toml",
        &baseline(&format!(
            "{table}[attestations.billing_access]\nby = \"Kim\"\non = 2026-01-02\nexpires = 2999-01-02\n"
        )),
    );
    folder
        .sandbox(&["plan", "b.toml", "--fail-on", "needs-person"])
        .expect(0);
    // Nobody asked how long the root user has been unused, so no report is made for it.
    assert!(
        folder
            .exchanges()
            .iter()
            .all(|exchange| exchange["operation"] != "GenerateCredentialReport")
    );
}

#[test]
fn a_root_user_without_credentials_satisfies_mfa() {
    let folder = Folder::new();
    folder.world(&world(
        "password = false\nmade_days_ago = 900\nused_days_ago = 800\n",
    ));
    folder.becomes(&baseline(&format!("{WHOLE}hardware_mfa = \"required\"\n")), &[]);
}

/// The user alice has a virtual device under the name that the console gives to the root user's first one.
const NAMESAKE: &str = r#"
[[call]]
call = "iam:CreateUser"
input = { UserName = "alice" }
[[call]]
call = "iam:CreateVirtualMFADevice"
input = { VirtualMFADeviceName = "root-account-mfa-device" }
[[call]]
call = "iam:EnableMFADevice"
input = { UserName = "alice", SerialNumber = "arn:aws:iam::123456789012:mfa/root-account-mfa-device", AuthenticationCode1 = "123456", AuthenticationCode2 = "654321" }
"#;

#[test]
fn a_users_device_by_the_name_of_the_root_users_is_not_the_root_users() {
    let folder = Folder::new();
    folder.world(&format!("{NAMESAKE}{}", world("hardware_mfa_devices = 1\n")));
    let table = "[root_user]\nmfa = \"required\"\nmfa_devices = 1\nhardware_mfa = \"required\"\n";
    folder.becomes(&baseline(table), &[]);
    // With one virtual device of its own, the root user has one device and not two.
    let folder = Folder::new();
    folder.world(&format!("{NAMESAKE}{}", world("virtual_mfa_devices = 1\n")));
    folder.write("b.toml", &baseline("[root_user]\nmfa_devices = 2\n"));
    folder
        .sandbox(&["plan", "b.toml", "--fail-on", "needs-person"])
        .expect(4)
        .says("trueup is sure of 1,");
}

#[test]
fn without_the_report_everything_else_is_judged_and_the_run_says_what_is_missing() {
    let open = "access_keys = 2\nmade_days_ago = 900\nused_days_ago = 3\n";
    let table = "[root_user]\naccess_keys = \"absent\"\nmfa = \"required\"\nunused_for_days = 30\n";
    for (by, code) in [("iam", 1), ("scp", 0)] {
        let deny = format!("[[deny]]\naction = \"iam:GenerateCredentialReport\"\nby = \"{by}\"\n");
        let folder = Folder::new();
        folder.world(&format!("{deny}{}", world(open)));
        folder.write("b.toml", &baseline(table));
        let plan = folder.sandbox(&["plan", "b.toml"]).expect(code);
        let plan = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        for said in [
            "delete the root user's access keys",
            "protect the root user with MFA",
            "the root user's last use is not known",
        ] {
            assert!(plan.contains(said), "{by}: no `{said}` in {plan}");
        }
        // A root user whose other keys are as wanted is not in sync by that.
        let folder = Folder::new();
        folder.world(&format!("{deny}{}", world(SEALED)));
        folder.write("b.toml", &baseline(table));
        let verdict = if by == "iam" { "unread" } else { "denied" };
        folder
            .sandbox(&["plan", "b.toml", "--fail-on", verdict])
            .expect(4);
        folder
            .sandbox(&["export", "--only", "root_user"])
            .expect(0)
            .says("# Not read: iam:G")
            .says("access_keys = \"absent\"");
    }
}

#[test]
fn trueup_says_when_it_is_the_root_user() {
    let folder = Folder::new();
    folder.world(&format!(
        "caller_arn = \"arn:aws:iam::123456789012:root\"\n{}",
        world(SEALED)
    ));
    folder.write("b.toml", &baseline(WHOLE));
    folder
        .sandbox(&["plan", "b.toml"])
        .expect(0)
        .says("trueup itself runs as the root user");
}

#[test]
fn a_saved_plan_holds_although_the_report_is_made_anew() {
    let folder = Folder::new();
    folder.world(&world("made_days_ago = 900\nused_days_ago = 3\n"));
    folder.write(
        "b.toml",
        &baseline(&format!("{WHOLE}[password_policy]\nminimum_length = 14\n")),
    );
    folder
        .sandbox(&["plan", "b.toml", "--out", "plan.json"])
        .expect(0);
    folder.alter(|account| account["iam"]["root_user"]["report"]["at"] = 0.into());
    folder
        .sandbox(&["apply", "b.toml", "--plan", "plan.json", "--auto-approve"])
        .expect(0);
    assert_eq!(folder.writes(), ["us-east-1 iam:UpdateAccountPasswordPolicy"]);
}

#[test]
fn report_and_off_ask_nobody() {
    let folder = Folder::new();
    for manage in ["report", "off"] {
        folder.write(
            "b.toml",
            &baseline(&format!(
                "{WHOLE}manage = \"{manage}\"\n[password_policy]\nstate = \"absent\"\n"
            )),
        );
        folder
            .sandbox(&["plan", "b.toml", "--fail-on", "needs-person"])
            .expect(0);
    }
}

#[test]
fn moto_has_a_root_user_whose_mfa_is_missing() {
    let moto = Moto::start();
    // moto's credential report has no line for the root user, so its use is not asked for here.
    moto.folder.write(
        "root.toml",
        &baseline("[root_user]\naccess_keys = \"absent\"\nmfa = \"required\"\n"),
    );
    let ended = moto
        .trueup(&["plan", "root.toml", "--fail-on", "needs-person"])
        .expect(4)
        .says("protect the root user with MFA");
    assert!(
        !ended.stdout.contains("delete the root user's access keys"),
        "{}",
        ended.stdout
    );
}

#[test]
fn tasks_are_counted_as_they_are_printed_and_apply_ends_with_them_and_the_way_back() {
    let folder = Folder::new();
    folder.world(&world(
        "access_keys = 2\nmade_days_ago = 900\nused_days_ago = 3\n",
    ));
    folder.write(
        "b.toml",
        &baseline(&format!("{WHOLE}[password_policy]\nminimum_length = 14\n")),
    );
    let json = folder.sandbox(&["plan", "b.toml", "--json"]).expect(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let tasks: Vec<&str> = json["cells"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|cell| cell["people"].as_array())
        .flatten()
        .map(|task| task.as_str().unwrap())
        .collect();
    assert!(tasks.len() > 2, "{tasks:?}");
    assert_eq!(json["summary"]["needs_person"], tasks.len());
    let plan = folder.sandbox(&["plan", "b.toml"]).expect(0).stdout;
    let counted = format!("{} need a person", tasks.len());
    assert!(plan.lines().last().unwrap().contains(&counted), "{plan}");
    let applied = folder
        .sandbox(&["apply", "b.toml", "--auto-approve", "--allow", "all"])
        .expect(0)
        .stdout;
    let end: Vec<&str> = applied
        .lines()
        .skip_while(|line| !line.starts_with("Applied:"))
        .collect();
    let end = end.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        end.contains(&format!("{} things need a person", tasks.len())),
        "{end}"
    );
    for task in tasks {
        assert!(end.contains(task), "no `{task}` in {end}");
    }
    let undo = "apply .trueup/before.toml --before .trueup/before.undo.toml";
    assert!(
        end.ends_with(&format!("trueup {undo} --sandbox={}", crate::folder::STATE)),
        "{end}"
    );
    let undo: Vec<&str> = undo
        .split(' ')
        .chain(["--auto-approve", "--allow", "all"])
        .collect();
    folder.sandbox(&undo).expect(0);
}
