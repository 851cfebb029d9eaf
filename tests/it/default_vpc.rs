//! The default VPC against the sandbox: what keeps one, how its removal ends where AWS refuses, and how it goes on.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::folder::{Ended, Folder};

/// One region for each of the things that keep a VPC and that only EC2's rarer calls, or its routes, show.
const RARE: [(&str, &str, &str); 5] = [
    ("us-east-1", "\"carrier_gateway\"", "carrier gateway cagw-"),
    (
        "us-east-2",
        "\"lattice_association\"",
        "association with a VPC Lattice service network (route pl-",
    ),
    (
        "us-west-1",
        "\"public_access_exclusion\"",
        "VPC Block Public Access exclusion vpcbpa-exclude-",
    ),
    (
        "us-west-2",
        "\"cidr_reservation\"",
        "subnet CIDR reservation scr-",
    ),
    (
        "eu-west-1",
        "{ vpc_endpoint = \"service_network\" }",
        "(ServiceNetwork, arn:aws:vpc-lattice:eu-west-1:",
    ),
];

/// The calls that are made only where everything else shows nothing.
const RARE_CALLS: [&str; 3] = [
    "DescribeCarrierGateways",
    "DescribeVpcBlockPublicAccessExclusions",
    "GetSubnetCidrReservations",
];

/// A folder with this world and a baseline of these regions.
fn folder(world: &str, regions: &[&str], state: &str) -> Folder {
    let folder = Folder::new();
    folder.world(world);
    folder.write(
        "b.toml",
        &format!("[account]\nregions = {regions:?}\n[default_vpc]\nstate = \"{state}\"\n"),
    );
    folder
}

fn plan(folder: &Folder) -> Ended {
    folder.sandbox(&["plan", "b.toml", "--detailed-exitcode"])
}

/// A text without its line breaks, which fall anywhere.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn says(ended: Ended, texts: &[&str]) {
    let stdout = flat(&ended.stdout);
    for text in texts {
        assert!(stdout.contains(text), "no `{text}` in\n{}", ended.stdout);
    }
}

/// The operations that were called in a region, in their order.
fn called(folder: &Folder, region: &str) -> Vec<String> {
    let exchanges = folder.exchanges();
    let here = exchanges.iter().filter(|exchange| exchange["region"] == region);
    here.map(|exchange| exchange["operation"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn what_ec2_shows_of_other_services_keeps_a_vpc_before_anything_is_deleted() {
    let world: String = RARE
        .map(|(region, what, _)| format!("[[default_vpc]]\nregion = \"{region}\"\noccupants = [{what}]\n"))
        .concat();
    let folder = folder(&world, &RARE.map(|(region, ..)| region), "absent");
    says(plan(&folder).expect(2), &RARE.map(|(.., said)| said));
    folder.apply().expect(3);
    assert_eq!(folder.writes(), Vec::<String>::new());
}

#[test]
fn what_may_not_be_looked_for_counts_as_in_the_way() {
    for call in RARE_CALLS {
        let denied = format!("[[deny]]\naction = \"ec2:{call}\"\nby = \"iam\"\n");
        let folder = folder(&denied, &["us-east-1"], "absent");
        says(
            plan(&folder).expect(2),
            &[&format!(
                "could not be checked (ec2:{call}: UnauthorizedOperation)"
            )],
        );
        folder.apply().expect(3);
        assert_eq!(folder.writes(), Vec::<String>::new());
    }
}

#[test]
fn the_rarer_calls_are_made_only_where_a_vpc_is_to_go_and_nothing_else_keeps_it() {
    let world = "[[default_vpc]]\nregion = \"us-east-2\"\noccupants = [\"no_vpc\"]\n\
                 [[default_vpc]]\nregion = \"us-west-1\"\noccupants = [\"network_interface\"]\n";
    let regions = ["us-east-1", "us-east-2", "us-west-1"];
    let folder = folder(world, &regions, "absent");
    plan(&folder).expect(2);
    let rare = |region: &str| {
        let called = called(&folder, region);
        called
            .iter()
            .filter(|call| RARE_CALLS.contains(&call.as_str()))
            .count()
    };
    // One for each of its six subnets, and one each of the others.
    assert_eq!(regions.map(rare), [8, 0, 0]);
    folder.write(
        "b.toml",
        "[account]\nregions = [\"us-east-1\"]\n[default_vpc]\nstate = \"present\"\n",
    );
    folder.forget_exchanges();
    folder.is_true();
    assert_eq!(rare("us-east-1"), 0);
}

#[test]
fn the_first_refusal_ends_the_removal_in_its_region_and_a_later_run_goes_on() {
    let late =
        "[[event]]\nbefore = \"ec2:DeleteSubnet\"\nregion = \"us-east-1\"\nnth = 2\nlaunch_instance = true\n";
    let folder = folder(late, &["us-east-1", "us-west-2"], "absent");
    let ended = folder.apply().expect(3);
    let vpc = folder.region("us-east-1")["ec2"]["vpcs"][0]["vpcId"].clone();
    says(
        ended,
        &[
            "has dependencies and cannot be deleted; in the way: instance i-",
            &format!(
                "{} no longer has the default subnet of us-east-1a; nothing more is removed.",
                vpc.as_str().unwrap()
            ),
            "Delete what uses it and apply again, or restore it with state = \"present\"",
        ],
    );
    let deleted = |region: &str| {
        let called = called(&folder, region);
        let mut deleted: Vec<String> = called
            .into_iter()
            .filter(|call| call.starts_with("De") && !call.starts_with("Describe"))
            .collect();
        deleted.dedup();
        deleted
    };
    assert_eq!(deleted("us-east-1"), ["DeleteSubnet"]);
    let all = [
        "DeleteSubnet",
        "DetachInternetGateway",
        "DeleteInternetGateway",
        "DeleteVpc",
    ];
    assert_eq!(deleted("us-west-2"), all);
    let subnets = folder.region("us-east-1")["ec2"]["subnets"].clone();
    assert_eq!(subnets.as_array().map(Vec::len), Some(5));

    folder.forget_exchanges();
    says(plan(&folder).expect(2), &["Blocked", "instance i-"]);
    folder.apply().expect(3);
    assert_eq!(deleted("us-east-1"), [] as [&str; 0]);

    folder.alter(|account| {
        let ec2 = &mut account["regions"]["us-east-1"]["ec2"];
        ec2["instances"] = json!([]);
        ec2["network_interfaces"] = json!([]);
    });
    folder.apply().expect(0);
    assert_eq!(deleted("us-east-1"), all);
    folder.is_true();
}

#[test]
fn what_is_left_of_a_vpc_can_be_made_whole_again() {
    let late =
        "[[event]]\nbefore = \"ec2:DeleteSubnet\"\nregion = \"us-east-1\"\nnth = 3\nlaunch_instance = true\n";
    let folder = folder(late, &["us-east-1"], "absent");
    folder.apply().expect(3);
    folder.becomes(
        "[account]\nregions = [\"us-east-1\"]\n[default_vpc]\nstate = \"present\"\n",
        &["us-east-1 ec2:CreateDefaultSubnet"; 2],
    );
}

/// A tag of a robot's, changed default rules, and a VPC in use, in one file.
#[test]
fn tags_that_do_not_matter_changed_rules_and_use_are_told_apart() {
    let world = "[[default_vpc]]\nregion = \"us-east-1\"\ntags = { Name = \"default\" }\n\
                 [[default_vpc]]\nregion = \"us-west-2\"\n\
                 occupants = [\"changed_default_group\", \"changed_default_acl\", \"extra_route\"]\n\
                 [[default_vpc]]\nregion = \"eu-west-1\"\noccupants = [\"egress_only_gateway\", \
                 { vpc_endpoint = \"gateway\" }, { group_reference = \"app\" }, \"flow_log\"]\n";
    let regions = ["eu-west-1", "us-east-1", "us-west-2"];
    let folder = folder(world, &regions, "absent");
    says(
        plan(&folder).expect(2),
        &["is tagged Name = \"default\", which ignore_tags does not have"],
    );
    let baseline = folder.read("b.toml");
    folder.write("b.toml", &format!("{baseline}ignore_tags = [\"Name\"]\n"));
    let lost = [
        "the rules of default security group sg-",
        "the rules of default network ACL acl-",
        "has routes of its own: 192.0.2.0/24",
    ];
    says(plan(&folder).expect(2), &lost);
    // What is lost is lost by a step that needs consent, and that names it.
    let planned = folder.sandbox(&["plan", "b.toml", "--json"]).expect(0).stdout;
    let planned: Value = serde_json::from_str(&planned).unwrap();
    let step = planned["steps"].as_array().unwrap().iter().find(|step| {
        step["place"] == "us-west-2"
            && step["title"]
                .as_str()
                .unwrap()
                .starts_with("delete the default VPC")
    });
    let step = step.unwrap();
    assert_eq!(step["class"], "destructive");
    let risks = step["risks"].to_string();
    assert!(lost.iter().all(|line| risks.contains(line)), "{risks}");
    folder.sandbox(&["apply", "b.toml", "--auto-approve"]).expect(3);
    assert_eq!(folder.writes(), Vec::<String>::new());

    says(
        folder.apply().expect(3),
        &[
            "egress-only internet gateway eigw-",
            "VPC endpoint vpce-",
            "(Gateway, com.amazonaws.eu-west-1.s3)",
            "flow log fl-",
        ],
    );
    let written: BTreeSet<String> = folder
        .writes()
        .iter()
        .map(|write| write.split(' ').next().unwrap().to_owned())
        .collect();
    assert_eq!(
        written,
        BTreeSet::from(["us-east-1", "us-west-2"].map(str::to_owned))
    );
    folder.write("b.toml", &baseline.replace("[\"eu-west-1\", ", "["));
    folder.is_true();
}
