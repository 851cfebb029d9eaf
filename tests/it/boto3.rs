//! Clients of other authors against `trueup sandbox serve`: boto3 and the AWS CLI. What they and the sandbox said to
//! each other is held against AWS's models too.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::folder::{Ended, Folder, STATE};
use crate::python::{self, Server};

const LOG: &str = "served.jsonl";

/// A brand-new simulated account behind HTTP, as long as this value lives.
struct Served {
    server: Server,
    folder: Folder,
}

impl Served {
    fn start() -> Served {
        let folder = Folder::new();
        let serve = [
            "sandbox",
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--state",
            STATE,
            "--log-exchanges",
            LOG,
        ];
        // What it says on standard error is for people.
        let server = Server::start(folder.command(&serve).stderr(Stdio::null()));
        Served { server, folder }
    }

    /// The AWS CLI, which is Python too.
    fn aws(&self, args: &[&str]) -> Ended {
        let mut command = python::module("awscli", &self.folder.path(""));
        command
            .args(args)
            .args(["--output", "json", "--endpoint-url", &self.server.url]);
        Ended::of(command.stdin(Stdio::null()).output().unwrap())
    }

    /// The AWS CLI with the sandbox as its proxy: so names that only AWS's own resolvers know reach it as well.
    fn aws_by_proxy(&self, endpoint: &str, args: &[&str]) -> Ended {
        let mut command = python::module("awscli", &self.folder.path(""));
        command
            .args(args)
            .args(["--output", "json", "--endpoint-url", endpoint]);
        Ended::of(
            command
                .env("HTTP_PROXY", &self.server.url)
                .stdin(Stdio::null())
                .output()
                .unwrap(),
        )
    }

    fn log(&self) -> std::path::PathBuf {
        self.folder.path(LOG)
    }
}

fn document(ended: Ended) -> Value {
    let ended = ended.expect(0);
    if ended.stdout.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&ended.stdout).unwrap()
    }
}

#[test]
fn boto3_finds_the_sandbox_to_be_aws() {
    let served = Served::start();
    let home: &Path = &served.folder.path("");
    python::unittest("test_sandbox", home, &[("AWS_ENDPOINT_URL", &served.server.url)]);
    python::judge_tolerating_rejected(&served.log());
}

#[test]
fn the_aws_cli_finds_the_sandbox_to_be_aws() {
    let served = Served::start();
    let vpcs = document(served.aws(&["ec2", "describe-vpcs", "--region", "eu-west-1"]));
    let vpc = vpcs["Vpcs"][0]["VpcId"].as_str().unwrap();
    assert_eq!(vpcs["Vpcs"][0]["IsDefault"], true);
    served
        .aws(&["ec2", "delete-vpc", "--vpc-id", vpc, "--region", "eu-west-1"])
        .expect(254)
        .complains("DependencyViolation");

    served
        .aws(&["iam", "get-account-password-policy"])
        .expect(254)
        .complains("NoSuchEntity");
    served
        .aws(&[
            "iam",
            "update-account-password-policy",
            "--minimum-password-length",
            "14",
        ])
        .expect(0);
    let policy = document(served.aws(&["iam", "get-account-password-policy"]));
    assert_eq!(policy["PasswordPolicy"]["MinimumPasswordLength"], 14);

    let detectors = |region| {
        document(served.aws(&["guardduty", "list-detectors", "--region", region]))["DetectorIds"].clone()
    };
    assert_eq!(detectors("eu-west-1"), json!([]));
    served
        .aws(&[
            "guardduty",
            "create-detector",
            "--enable",
            "--region",
            "eu-west-1",
        ])
        .expect(0);
    assert_eq!(detectors("eu-west-1").as_array().map(Vec::len), Some(1));

    let account = document(served.aws(&["sts", "get-caller-identity"]))["Account"].clone();
    let account = account.as_str().unwrap();
    assert_eq!(
        document(served.aws(&["s3api", "list-buckets"]))["Buckets"],
        json!([])
    );

    let s3control = "http://s3-control.us-east-1.amazonaws.com";
    let block = ["s3control", "get-public-access-block", "--account-id", account];
    served
        .aws_by_proxy(s3control, &block)
        .expect(254)
        .complains("NoSuchPublicAccessBlockConfiguration");
    let put = ["s3control", "put-public-access-block", "--account-id", account];
    let sent = ["--public-access-block-configuration", "BlockPublicAcls=true"];
    served
        .aws_by_proxy(s3control, &[&put[..], &sent[..]].concat())
        .expect(0);
    let read = document(served.aws_by_proxy(s3control, &block));
    assert_eq!(read["PublicAccessBlockConfiguration"]["BlockPublicAcls"], true);
    assert_eq!(read["PublicAccessBlockConfiguration"]["BlockPublicPolicy"], false);

    python::judge(&served.log());
}
