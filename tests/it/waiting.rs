//! What AWS sees late is waited for, and whoever watches is told: one line where nobody sits at a terminal.

use crate::folder::{Ended, Folder, side_by_side};

/// A trail with its bucket in one region: CloudTrail has to see the bucket's policy.
const TRAIL: &str = "[account]\nhome_region = \"eu-west-1\"\nregions = [\"eu-west-1\"]\n\
    [cloudtrail]\nname = \"management-events\"\n[log_bucket]\nname = \"logs-{account_id}\"\ntls_only = true\n";
/// It has to see the role too.
const LOGS: &str = "log_group = \"/aws/cloudtrail/management-events\"\nlog_retention_days = 365\n";

/// The lines on standard error that say that something is waited for.
fn waits(ended: &Ended) -> Vec<&str> {
    ended
        .stderr
        .lines()
        .filter(|line| line.contains("waiting"))
        .collect()
}

/// Applies in an account in which the first such call is refused in this way. Tells how the run ended and how often
/// the call was made.
fn refused_once(call: &str, code: &str, message: &str, baseline: &str) -> (Ended, usize) {
    let folder = Folder::new();
    folder.world(&format!(
        "[[fault]]\ncall = \"{call}\"\nnth = 1\nkind = \"error\"\ncode = \"{code}\"\nmessage = \"{message}\"\n"
    ));
    folder.write("b.toml", baseline);
    let ended = folder.apply();
    let calls = folder.writes();
    let times = calls
        .iter()
        .filter(|write| write.ends_with(&format!(" {call}")))
        .count();
    (ended, times)
}

#[test]
fn a_wait_is_one_line_however_often_the_call_is_made() {
    let folder = Folder::new();
    folder.world("propagation_seconds = 4\n");
    folder.write("b.toml", TRAIL);
    let ended = folder.apply().expect(0);
    let tried = folder.writes();
    let tried = tried.iter().filter(|write| write.ends_with(":CreateTrail"));
    assert!(tried.count() > 2, "{:?}", folder.writes());
    insta::assert_snapshot!(waits(&ended).join("\n"), @"[2/4] … 3 create the trail `management-events` to `logs-123456789012` (cloudtrail, account): waiting until CloudTrail sees the policy and the role");

    // Where nothing is waited for, nothing is said of it, and what is printed for programs never says it.
    let ended = folder.apply().expect(0);
    assert_eq!(waits(&ended), Vec::<&str>::new());
    let plan = folder.sandbox(&["plan", "b.toml", "--json"]).expect(0);
    assert!(!format!("{}{}", plan.stdout, plan.stderr).contains("waiting"));
}

#[test]
fn at_a_terminal_the_seconds_are_counted_below_the_bar() {
    let folder = Folder::new();
    folder.world("propagation_seconds = 4\n");
    folder.write("b.toml", TRAIL);
    let shown = folder
        .at_terminal(&["apply", "b.toml"], &[("Type yes: ", "yes\n")])
        .expect(0);
    for seconds in [0, 2] {
        // As long as the title is, the line stays within the 80 columns, or it could not be taken away again.
        let below = format!(
            "  account: create …, waiting until CloudTrail sees the policy and the role, {seconds} s"
        );
        assert!(below.chars().count() < 80);
        assert!(
            shown.stdout.contains(&format!("{below} ")),
            "no `{below}` in\n{}",
            shown.stdout
        );
    }
}

#[test]
fn every_code_that_only_says_not_yet_is_waited_for_and_told() {
    let support = "[support_role]\nrole = \"support\"\n";
    let trail = TRAIL.replace("[log_bucket]", &format!("{LOGS}[log_bucket]"));
    let config = "[account]\nhome_region = \"eu-west-1\"\nregions = [\"eu-west-1\"]\n[config_recorder]\nenabled = true\n\
        bucket = \"logs-{account_id}\"\nservice_linked_role = true\n[log_bucket]\nname = \"logs-{account_id}\"\n";
    let cases = [
        (
            "cloudtrail:CreateTrail",
            "InvalidCloudWatchLogsRoleArnException",
            "Access denied. Check the trust relationships for your role.",
            trail.as_str(),
            "CloudTrail sees the policy and the role",
        ),
        (
            "cloudtrail:CreateTrail",
            "InsufficientS3BucketPolicyException",
            "Incorrect S3 bucket policy is detected for bucket: logs-123456789012",
            TRAIL,
            "CloudTrail sees the policy and the role",
        ),
        (
            "config:PutDeliveryChannel",
            "InsufficientDeliveryPolicyException",
            "Insufficient delivery policy to s3 bucket: logs-123456789012, unable to write to bucket",
            config,
            "Config sees the bucket's policy",
        ),
        (
            "iam:CreateRole",
            "MalformedPolicyDocument",
            "Invalid principal in policy",
            support,
            "IAM knows the principals of the trust",
        ),
        (
            "s3:PutBucketPolicy",
            "MalformedPolicy",
            "Invalid principal in policy",
            TRAIL,
            "S3 knows the bucket and its principals",
        ),
    ];
    side_by_side(cases, |(call, code, message, baseline, until)| {
        let (ended, calls) = refused_once(call, code, message, baseline);
        let ended = ended.expect(0);
        assert_eq!(calls, 2, "{call}: {code}");
        let waits = waits(&ended);
        assert_eq!(waits.len(), 1, "{call}: {waits:?}");
        assert!(
            waits[0].ends_with(&format!(": waiting until {until}")),
            "{waits:?}"
        );

        // Everything else fails at once: another code, and of the vaguer ones another text.
        for (code, message) in [("AccessDeniedException", "no"), (code, "for another reason")] {
            let is_plain = [
                "InsufficientS3BucketPolicyException",
                "InsufficientDeliveryPolicyException",
            ];
            if is_plain.contains(&code) {
                continue;
            }
            let (ended, calls) = refused_once(call, code, message, baseline);
            let ended = ended.expect(3).complains(message);
            assert_eq!(calls, 1, "{call}: {code}: {message}");
            assert_eq!(self::waits(&ended), Vec::<&str>::new());
        }
    });
}
