//! Two applies at once on one account: nothing that AWS allows twice is there twice.
//!
//! What AWS makes at every call, whatever exists, are subscriptions to cost anomalies and internet gateways. Of everything
//! else that trueup creates it allows one of a name, or one in an account, a region or a VPC.

use std::process::Stdio;

use serde_json::json;

use crate::cost_anomaly_detection::MAIL;
use crate::folder::{Ended, Folder};

/// Answers that take so long that both look before either has written.
const SLOW: &str = "latency = { default_ms = 400 }\n";

impl Folder {
    /// Applies `b.toml` twice at the same time.
    #[track_caller]
    fn apply_twice_at_once(&self) {
        let server = self.serve();
        let run = || {
            let mut command = self.command(&["apply", "b.toml", "--auto-approve", "--allow", "all"]);
            command
                .args(["--endpoint-url", &server.url, "--endpoint-url-sts", &server.url])
                .env("AWS_ACCESS_KEY_ID", "AKIASANDBOX")
                .env("AWS_SECRET_ACCESS_KEY", "sandbox")
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
            command.spawn().unwrap()
        };
        for run in [run(), run()] {
            let ended = Ended::of(run.wait_with_output().unwrap());
            // One that looks only after the other has written says so, and stops before its own write.
            let is_late = ended.code == 3 && ended.stdout.contains("it changed since it was planned");
            assert!(ended.code == 0 || is_late, "{ended:?}");
        }
    }
}

#[test]
fn two_applies_at_once_leave_one_monitor_and_one_subscription_of_cost_anomalies() {
    let folder = Folder::new();
    // With AWS's own monitor both have but one call to make.
    let with_monitor = r#"
        cost_explorer = "with_defaults"

        [[call]]
        call = "ce:DeleteAnomalySubscription"
        input = { SubscriptionArn = "arn:aws:ce::123456789012:anomalysubscription/6e789e6a-a1b9-65f4-7a1f-74a83d0e2a5a" }
        "#;
    folder
        .world(&format!("{SLOW}{with_monitor}"))
        .write("b.toml", MAIL);
    folder.apply_twice_at_once();
    let account = folder.account();
    for list in ["monitors", "subscriptions"] {
        assert_eq!(account["ce"][list].as_array().unwrap().len(), 1, "{account}");
    }
    folder.is_true();
}

#[test]
fn two_applies_at_once_leave_one_internet_gateway() {
    let folder = Folder::new();
    folder.world(SLOW);
    folder.alter(|account| account["regions"]["us-east-1"]["ec2"]["internet_gateways"] = json!([]));
    let baseline = "[account]\nregions = [\"us-east-1\"]\n[default_vpc]\nstate = \"present\"\n";
    folder.write("b.toml", baseline);
    folder.apply_twice_at_once();
    let gateways = folder.region("us-east-1")["ec2"]["internet_gateways"].clone();
    assert_eq!(gateways.as_array().unwrap().len(), 1, "{gateways}");
    folder.is_true();
}
