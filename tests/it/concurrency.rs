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
            // The one that looks later may find that the account has changed since it planned.
            assert!([0, 3].contains(&ended.code), "{ended:?}");
        }
    }
}

#[test]
fn two_applies_at_once_leave_one_monitor_and_one_subscription_of_cost_anomalies() {
    let folder = Folder::new();
    folder.world(SLOW).write("b.toml", MAIL);
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
