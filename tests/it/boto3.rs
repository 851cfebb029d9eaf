//! Clients of other authors against `trueup sandbox serve`: boto3 and the AWS CLI. What they and the sandbox said to
//! each other is held against AWS's models too.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::folder::{Ended, Folder, STATE};
use crate::python::{self, Server};

const LOG: &str = "served.jsonl";

/// How version 1 of the AWS CLI ends when the service refuses.
const FAILED: i32 = 255;

/// A brand-new simulated account behind HTTP, as long as this value lives.
struct Served {
    server: Server,
    folder: Folder,
}

impl Folder {
    /// This folder's simulated account behind HTTP.
    #[track_caller]
    pub(crate) fn serve(&self) -> Server {
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
        Server::start(self.command(&serve).stderr(Stdio::null()))
    }

    /// Makes calls as somebody else would, through boto3; AWS's own description of the services judges the answers.
    #[track_caller]
    pub(crate) fn boto3(&self, service: &str, calls: &Value) -> Vec<Value> {
        let server = self.serve();
        let answers = python::call(&server.url, &self.path(""), service, calls);
        drop(server);
        python::judge(&self.path(LOG));
        std::fs::remove_file(self.path(LOG)).unwrap();
        answers
    }
}

impl Served {
    fn start() -> Served {
        let folder = Folder::new();
        let server = folder.serve();
        Served { server, folder }
    }

    /// The AWS CLI, which is Python too, with these words as its arguments.
    fn aws(&self, line: &str) -> Ended {
        Ended::of(self.cli(line, &self.server.url).output().unwrap())
    }

    /// The same with the sandbox as its proxy: so names reach it that only AWS's own resolvers know.
    fn aws_by_proxy(&self, line: &str, endpoint: &str) -> Ended {
        Ended::of(
            self.cli(line, endpoint)
                .env("HTTP_PROXY", &self.server.url)
                .output()
                .unwrap(),
        )
    }

    fn cli(&self, line: &str, endpoint: &str) -> Command {
        let mut command = python::module("awscli", &self.folder.path(""));
        command
            .args(line.split_whitespace())
            .args(["--output", "json", "--endpoint-url", endpoint]);
        command.stdin(Stdio::null());
        command
    }

    fn log(&self) -> PathBuf {
        self.folder.path(LOG)
    }
}

fn document(ended: Ended) -> Value {
    serde_json::from_str(&ended.expect(0).stdout).unwrap()
}

#[test]
fn boto3_finds_the_sandbox_to_be_aws() {
    let served = Served::start();
    python::unittest(
        "test_sandbox",
        &served.folder.path(""),
        &[("AWS_ENDPOINT_URL", &served.server.url)],
    );
    python::judge_tolerating_rejected(&served.log());
}

#[test]
fn the_aws_cli_finds_the_sandbox_to_be_aws() {
    let served = Served::start();
    let vpcs = document(served.aws("ec2 describe-vpcs --region eu-west-1"));
    assert_eq!(vpcs["Vpcs"][0]["IsDefault"], true);
    let vpc = vpcs["Vpcs"][0]["VpcId"].as_str().unwrap();
    let delete = format!("ec2 delete-vpc --vpc-id {vpc} --region eu-west-1");
    served
        .aws(&delete)
        .expect(FAILED)
        .complains("DependencyViolation");

    served
        .aws("iam get-account-password-policy")
        .expect(FAILED)
        .complains("NoSuchEntity");
    served
        .aws("iam update-account-password-policy --minimum-password-length 14")
        .expect(0);
    let policy = document(served.aws("iam get-account-password-policy"));
    assert_eq!(policy["PasswordPolicy"]["MinimumPasswordLength"], 14);

    served
        .aws("guardduty create-detector --enable --region eu-west-1")
        .expect(0);
    let detectors = document(served.aws("guardduty list-detectors --region eu-west-1"));
    assert_eq!(detectors["DetectorIds"].as_array().map(Vec::len), Some(1));

    assert_eq!(document(served.aws("s3api list-buckets"))["Buckets"], json!([]));

    // The account id goes before the host, and a clean machine resolves such a name of this machine's to nothing.
    let s3control = "http://s3-control.us-east-1.amazonaws.com";
    let get = "s3control get-public-access-block --account-id 123456789012";
    let absent = "NoSuchPublicAccessBlockConfiguration";
    served
        .aws_by_proxy(get, s3control)
        .expect(FAILED)
        .complains(absent);
    let put = "s3control put-public-access-block --account-id 123456789012 \
               --public-access-block-configuration BlockPublicAcls=true";
    served.aws_by_proxy(put, s3control).expect(0);
    let read = document(served.aws_by_proxy(get, s3control));
    assert_eq!(read["PublicAccessBlockConfiguration"]["BlockPublicAcls"], true);
    assert_eq!(read["PublicAccessBlockConfiguration"]["BlockPublicPolicy"], false);

    python::judge(&served.log());
}

#[test]
fn the_calls_of_a_world_take_what_awss_models_say() {
    let home = tempfile::tempdir().unwrap();
    let ours: Value = serde_json::from_str(include_str!("../../src/sandbox/world/inputs.json")).unwrap();
    let mut command = python::module("inputs", home.path());
    command.args(ours.as_object().unwrap().keys());
    let known: Value = serde_json::from_str(&python::succeed(&command)).unwrap();
    assert_eq!(ours, known);
}
