//! Plans for the renderers' tests, made by the real planner from readings as the controls make them.

use std::sync::LazyLock;

use indexmap::IndexMap;
use serde_json::json;
use toml::Table;
use trueup_aws::Caller;
use trueup_core::baseline::Filters;
use trueup_core::change::Manager;
use trueup_core::control::{AnyControl, Controls, ObservedDoc};
use trueup_core::env::Env;
use trueup_core::fault::{Fault, FaultKind};
use trueup_core::location::{Location, Region};
use trueup_core::plan::{Cell, Survey, Verdict, plan};
use trueup_core::plan_file::Document;
use trueup_core::registry::Name;
use trueup_core::want::{Manage, Want};

use super::plan::Reached;

pub(super) use trueup_sandbox::DEFAULT_REGIONS as REGIONS;

pub(super) fn region(name: &str) -> Region {
    name.parse().unwrap()
}

pub(super) fn at(name: &str) -> Location {
    Location::Region(region(name))
}

pub(super) fn id(name: &str) -> Name {
    name.try_into().unwrap()
}

pub(super) fn controls() -> Controls {
    trueup_controls::controls()
}

pub(super) fn control(name: &str) -> &'static dyn AnyControl {
    controls().get(&id(name)).unwrap()
}

pub(super) fn reached() -> Reached<'static> {
    static CALLER: LazyLock<Caller> = LazyLock::new(|| Caller {
        account: "123456789012".to_owned(),
        arn: "arn:aws:sts::123456789012:assumed-role/administrator/alice".to_owned(),
        partition: "aws".to_owned(),
        alias: Some("acme-prod".to_owned()),
        is_root: false,
    });
    Reached {
        caller: &CALLER,
        addresses: &[],
    }
}

/// An account under construction: what is wanted and what was read.
pub(super) struct Account {
    wants: Vec<Want>,
    survey: Survey,
}

impl Account {
    pub(super) fn new() -> Self {
        Account {
            wants: vec![],
            survey: Survey {
                env: Env {
                    account: "123456789012".to_owned(),
                    partition: "aws".to_owned(),
                    home: region("ap-northeast-1"),
                    enabled: REGIONS.iter().map(|name| region(name)).collect(),
                    run: trueup_core::env::Run::default(),
                },
                cells: IndexMap::new(),
            },
        }
    }

    /// A cell with what is wanted of it and how it reads.
    pub(super) fn cell(
        mut self,
        control: &str,
        place: &Location,
        want: &str,
        reading: Result<ObservedDoc, Fault>,
    ) -> Self {
        self.wants.push(Want {
            control: id(control),
            place: place.clone(),
            manage: None,
            table: want.parse().unwrap(),
        });
        self.survey.cells.insert((id(control), place.clone()), reading);
        self
    }

    /// Manages the last cell in another way.
    pub(super) fn manage(mut self, manage: Manage) -> Self {
        self.wants.last_mut().unwrap().manage = Some(manage);
        self
    }

    /// A brand-new account's password policy, none, and the one that is wanted.
    pub(super) fn password_policy(self) -> Self {
        let want = "minimum_length = 14\nrequire_symbols = true\nrequire_numbers = true\n\
                    reuse_prevention = 24\nmax_age_days = 180\n";
        self.cell(
            "password_policy",
            &Location::Account,
            want,
            Ok(seen(
                "state = \"absent\"",
                json!({"told": {"without_mfa": [], "unread": null}}),
            )),
        )
    }

    /// Encryption by default, off in every region, to be on.
    pub(super) fn ebs_encryption(self) -> Self {
        let read = "enabled = false\nkms_key = \"aws/ebs\"";
        REGIONS.iter().fold(self, |account, name| {
            account.cell(
                "ebs_encryption",
                &at(name),
                "enabled = true",
                Ok(seen(read, json!({}))),
            )
        })
    }

    /// No block, all four switches to be on, which cuts a public bucket off.
    pub(super) fn s3_public_access_block(self) -> Self {
        let want = "block_public_acls = true\nignore_public_acls = true\n\
                    block_public_policy = true\nrestrict_public_buckets = true\n";
        let site = json!({ "name": "www.example.com", "policy": true });
        let read = seen("state = \"absent\"", json!({ "at_stake": [site] }));
        self.cell("s3_public_access_block", &Location::Account, want, Ok(read))
    }

    /// No detector in any region but us-east-1, where one exists with other settings.
    pub(super) fn guardduty(self) -> Self {
        let want = "enabled = true\npublish_findings_every = \"fifteen_minutes\"\n[features]\ns3_data_events = true\n";
        REGIONS.iter().fold(self, |account, name| {
            let read = if *name == "us-east-1" {
                let there = "enabled = true\npublish_findings_every = \"six_hours\"\n[features]\ns3_data_events = true\n";
                seen(there, json!({ "detector": "12abc34d567e8fa901bc2d34e56789f0" }))
            } else {
                seen("enabled = false", json!({}))
            };
            account.cell("guardduty", &at(name), want, Ok(read))
        })
    }

    /// Default VPCs as AWS makes them, one subnet a zone, to be removed everywhere but in the named regions.
    pub(super) fn default_vpcs(self, but: &[&str]) -> Self {
        REGIONS
            .iter()
            .filter(|name| !but.contains(name))
            .fold(self, |account, name| account.default_vpc(name, &[], &[]))
    }

    /// A default VPC to be removed, with what is in the way and what would be lost.
    pub(super) fn default_vpc(self, region: &str, obstacles: &[&str], notices: &[&str]) -> Self {
        self.cell(
            "default_vpc",
            &at(region),
            "state = \"absent\"",
            Ok(default_vpc(region, obstacles, notices)),
        )
    }

    pub(super) fn document(self) -> Document {
        let plan = plan(&controls(), &self.wants, &self.survey).unwrap();
        Document::new("baseline.toml", &self.survey.env, &Filters::default(), &plan)
    }
}

pub(super) fn seen(model: &str, ids: serde_json::Value) -> ObservedDoc {
    ObservedDoc {
        model: model.parse().unwrap(),
        ids,
        held_by: None,
    }
}

fn default_vpc(region: &str, obstacles: &[&str], notices: &[&str]) -> ObservedDoc {
    let at = REGIONS.iter().position(|name| *name == region).unwrap();
    let zones = match region {
        "us-east-1" => 6,
        "us-west-2" | "ap-northeast-2" => 4,
        "us-west-1" => 2,
        _ => 3,
    };
    let id = |kind: &str, number: usize| format!("{kind}-0{at:02x}{number:02x}a1b2c3d4e5f6");
    let subnets: Vec<_> = ["a", "b", "c", "d", "e", "f"][..zones]
        .iter()
        .enumerate()
        .map(|(number, zone)| json!({ "id": id("subnet", number), "zone": format!("{region}{zone}") }))
        .collect();
    let vpc = json!({
        "id": id("vpc", 0),
        "gateways": [id("igw", 0)],
        "subnets": subnets,
        "zones_without_subnet": [],
        "main_route_table": id("rtb", 0),
        "default_route": "leads",
        "obstacles": obstacles,
        "notices": notices,
    });
    seen("state = \"present\"", json!({ "vpc": vpc }))
}

pub(super) fn fault(kind: FaultKind, call: &str, code: &str, message: &str) -> Fault {
    Fault {
        kind,
        call: call.to_owned(),
        code: Some(code.to_owned()),
        message: message.to_owned(),
        request_id: None,
    }
}

/// A brand-new account.
pub(super) fn fresh() -> Document {
    Account::new()
        .password_policy()
        .ebs_encryption()
        .s3_public_access_block()
        .default_vpcs(&[])
        .guardduty()
        .document()
}

/// An account where something stands in the way of nearly everything.
pub(super) fn busy() -> Document {
    let denied = fault(
        FaultKind::DeniedByOrganization,
        "ec2:DescribeVpcs",
        "UnauthorizedOperation",
        "You are not authorized to perform this operation. User: \
         arn:aws:sts::123456789012:assumed-role/administrator/alice is not authorized to perform: \
         ec2:DescribeVpcs with an explicit deny in a service control policy",
    );
    let unread = |region: &str| {
        Err(fault(
            FaultKind::Denied,
            "ec2:DescribeSubnets",
            "UnauthorizedOperation",
            &format!("not authorized on arn:aws:ec2:{region}:123456789012:subnet/*"),
        ))
    };
    let mut held = default_vpc("sa-east-1", &[], &[]);
    held.held_by = Some(Manager {
        who: "the stack `network` (tag aws:cloudformation:stack-name)".to_owned(),
    });
    let wanted = "state = \"absent\"";
    let exceptions = [
        "eu-west-1",
        "us-east-1",
        "eu-west-2",
        "eu-west-3",
        "sa-east-1",
        "us-west-1",
    ];
    let mut account = Account::new()
        .password_policy()
        .default_vpcs(&exceptions)
        .cell("default_vpc", &at("eu-west-1"), wanted, Err(denied))
        .cell("default_vpc", &at("eu-west-2"), wanted, unread("eu-west-2"))
        .cell("default_vpc", &at("eu-west-3"), wanted, unread("eu-west-3"))
        .cell("default_vpc", &at("sa-east-1"), wanted, Ok(held))
        .default_vpc(
            "us-east-1",
            &[
                "instance i-0abc1234def567890 (running) in subnet-0d00a1b2c3d4e5f6",
                "network interface eni-0abc1234def567890, in use by instance i-0abc1234def567890",
            ],
            &["the VPC has the tag Name = legacy"],
        )
        .default_vpc("us-west-1", &[], &[])
        .manage(Manage::Report);
    account = account.cell(
        "default_vpc",
        &at("me-south-1"),
        wanted,
        Ok(seen("state = \"absent\"", json!({}))),
    );
    let mut doc = account.document();
    let person = doc
        .cells
        .iter_mut()
        .find(|cell| cell.place == Location::Account)
        .unwrap();
    person
        .people
        .push("tell the three IAM users without MFA that their passwords expire after 180 days".to_owned());
    doc
}

/// Cells with these verdicts and nothing else, in as many regions.
pub(super) fn of_cells(verdicts: &[Verdict]) -> Document {
    let mut doc = Account::new().document();
    doc.cells = verdicts
        .iter()
        .zip(REGIONS)
        .map(|(verdict, name)| Cell {
            control: id("default_vpc"),
            place: at(name),
            verdict: *verdict,
            reasons: vec![],
            people: match verdict {
                Verdict::NeedsPerson => vec!["look".to_owned()],
                _ => vec![],
            },
            attested: vec![],
            notices: vec![],
            want: Table::new(),
            kept: vec![],
            seen: None,
            fault: None,
        })
        .collect();
    doc
}
