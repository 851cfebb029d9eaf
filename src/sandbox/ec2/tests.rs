//! What the tests of this service share: an account to call, and the shape of the whole service.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::{Account, Answer, Call, World};
use super::{OPERATIONS, Occupant, handle, occupy, reads};

/// The region that tests call.
pub(super) const REGION: &str = "us-east-1";

/// A brand-new account, called in one region.
pub(super) struct Cloud {
    pub(super) account: Account,
}

impl Cloud {
    pub(super) fn new() -> Self {
        Cloud {
            account: Account::new(&World::default()),
        }
    }

    /// An account in whose default VPC this is.
    pub(super) fn with(what: &Occupant) -> Self {
        let mut cloud = Cloud::new();
        cloud.occupy(what).unwrap();
        cloud
    }

    pub(super) fn occupy(&mut self, what: &Occupant) -> Result<(), String> {
        let state = self.account.regions.get_mut(REGION).unwrap();
        occupy(&mut state.ec2, &mut self.account.ids, what)
    }

    pub(super) fn call_in(&mut self, region: &str, operation: &str, input: Value) -> Answer {
        let call = Call {
            service: "ec2",
            region: region.to_owned(),
            operation: operation.to_owned(),
            input,
            now: 1_800_000_000,
        };
        handle(&mut self.account, &call)
    }

    pub(super) fn call(&mut self, operation: &str, input: Value) -> Answer {
        self.call_in(REGION, operation, input)
    }

    /// The answer of an operation that must succeed.
    pub(super) fn ok(&mut self, operation: &str, input: Value) -> Value {
        self.call(operation, input)
            .unwrap_or_else(|error| panic!("{operation}: {error:?}"))
    }

    /// The code and the sentence of an operation that must be refused, and must not have changed anything.
    pub(super) fn refused(&mut self, operation: &str, input: Value) -> (String, String) {
        let before = self.account.clone();
        let error = match self.call(operation, input) {
            Ok(answer) => panic!("{operation} answered {answer}"),
            Err(error) => error,
        };
        assert_eq!(
            self.account.regions, before.regions,
            "{operation} was refused but changed something"
        );
        (error.code, error.message)
    }

    /// The only list of an operation's answer.
    pub(super) fn list(&mut self, operation: &str, input: Value) -> Vec<Value> {
        let answer = self.ok(operation, input);
        let mut lists = answer.as_object().unwrap().values().filter_map(Value::as_array);
        let list = lists.next().unwrap().clone();
        assert!(lists.next().is_none());
        list
    }

    /// One member of every element of an operation's list.
    pub(super) fn texts(&mut self, operation: &str, member: &str, input: Value) -> Vec<String> {
        let rows = self.list(operation, input);
        rows.iter().map(|row| text(row, member)).collect()
    }

    /// The id of the default VPC.
    pub(super) fn vpc(&mut self) -> String {
        self.texts("DescribeVpcs", "vpcId", filter("is-default", "true"))
            .remove(0)
    }

    /// The id of the default VPC's internet gateway.
    pub(super) fn gateway(&mut self) -> String {
        let vpc = self.vpc();
        let filter = filter("attachment.vpc-id", &vpc);
        self.texts("DescribeInternetGateways", "internetGatewayId", filter)
            .remove(0)
    }

    /// The ids of the default VPC's subnets.
    pub(super) fn subnets(&mut self) -> Vec<String> {
        let vpc = self.vpc();
        self.texts("DescribeSubnets", "subnetId", filter("vpc-id", &vpc))
    }
}

/// A member that is a text.
pub(super) fn text(row: &Value, member: &str) -> String {
    row[member]
        .as_str()
        .unwrap_or_else(|| panic!("no {member} in {row}"))
        .to_owned()
}

/// The input of a `Describe` operation with one filter.
pub(super) fn filter(name: &str, value: &str) -> Value {
    json!({ "Filter": [{ "Name": name, "Value": [value] }] })
}

/// A refusal, to compare with.
pub(super) fn refusal(code: &str, message: impl Into<String>) -> (String, String) {
    (code.to_owned(), message.into())
}

/// Something of every kind that a default VPC can have in it.
pub(super) fn everything() -> Vec<Occupant> {
    use super::{EndpointKind, InstanceState};
    vec![
        Occupant::Instance(InstanceState::Running),
        Occupant::Instance(InstanceState::Stopped),
        Occupant::Instance(InstanceState::Terminated),
        Occupant::NatGateway,
        Occupant::NetworkInterface,
        Occupant::ElasticAddress,
        Occupant::VpcEndpoint(EndpointKind::Gateway),
        Occupant::VpcEndpoint(EndpointKind::Interface),
        Occupant::VpcEndpoint(EndpointKind::ServiceNetwork),
        Occupant::SecurityGroup("web".to_owned()),
        Occupant::GroupReference("bastion".to_owned()),
        Occupant::Subnet,
        Occupant::RouteTable,
        Occupant::NetworkAcl,
        Occupant::Peering("active".to_owned()),
        Occupant::VpnGateway,
        Occupant::TransitGatewayAttachment,
        Occupant::EgressOnlyGateway,
        Occupant::CarrierGateway,
        Occupant::LatticeAssociation,
        Occupant::PublicAccessExclusion,
        Occupant::CidrReservation,
        Occupant::ExtraCidr("10.9.0.0/16".to_owned()),
        Occupant::FlowLog,
        Occupant::Tags([("Name".to_owned(), "old".to_owned())].into()),
        Occupant::ChangedDefaultGroup,
        Occupant::ChangedDefaultAcl,
        Occupant::ExtraRoute,
    ]
}

#[test]
fn no_operation_is_there_twice() {
    let names: Vec<&str> = OPERATIONS
        .iter()
        .map(|operation| operation.name)
        .chain(reads::READS.iter().map(|read| read.listing.operation))
        .collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
}

#[test]
fn what_the_sandbox_does_not_know_is_said_loudly() {
    let mut cloud = Cloud::new();
    let (code, message) = cloud.refused("CreateCarrierGateway", json!({}));
    assert_eq!(code, "NotInSandbox");
    assert!(message.contains("CreateCarrierGateway"), "{message}");
    for (operation, parameter) in [
        ("CreateVpc", "Ipv6Pool"),
        ("DescribeVpcs", "Colour"),
        ("DescribeRegions", "Colour"),
    ] {
        let input = json!({ "CidrBlock": "10.0.0.0/16", parameter: "x" });
        let (code, message) = cloud.refused(operation, input);
        assert_eq!(code, "NotInSandbox");
        let unknown = if operation == "CreateVpc" {
            parameter
        } else {
            "CidrBlock"
        };
        assert!(message.contains(unknown), "{message}");
    }
}

#[test]
fn a_region_that_is_not_enabled_does_not_let_anyone_in() {
    let mut cloud = Cloud::new();
    let error = cloud
        .call_in("me-south-1", "DescribeVpcs", json!({}))
        .unwrap_err();
    assert_eq!((error.status, error.code.as_str()), (401, "AuthFailure"));
}

#[test]
fn a_dry_run_changes_nothing_and_ends_in_an_error() {
    let mut cloud = Cloud::new();
    let vpc = cloud.vpc();
    for (operation, input) in [
        ("DeleteVpc", json!({ "VpcId": vpc, "DryRun": "true" })),
        ("EnableEbsEncryptionByDefault", json!({ "DryRun": "true" })),
        ("EnableSerialConsoleAccess", json!({ "DryRun": "true" })),
        ("DescribeVpcs", json!({ "DryRun": "true" })),
        ("DescribeRegions", json!({ "DryRun": "true" })),
    ] {
        let before = cloud.account.clone();
        let error = cloud.call(operation, input).unwrap_err();
        assert_eq!((error.status, error.code.as_str()), (412, "DryRunOperation"));
        assert_eq!(
            error.message,
            "Request would have succeeded, but DryRun flag is set."
        );
        assert_eq!(cloud.account, before, "{operation}");
    }
    let refused = cloud.refused("DeleteVpc", json!({ "DryRun": "true" }));
    assert_eq!(refused.0, "MissingParameter");
    let refused = cloud.refused("DeleteVpc", json!({ "VpcId": vpc, "DryRun": "perhaps" }));
    assert_eq!(refused.0, "InvalidParameterValue");
}

#[test]
fn every_required_parameter_is_required() {
    let mut cloud = Cloud::new();
    for operation in OPERATIONS
        .iter()
        .filter(|operation| !operation.required.is_empty())
    {
        let input: Value = operation.required[1..]
            .iter()
            .map(|name| (*name, json!("x")))
            .collect();
        let refused = cloud.refused(operation.name, input);
        let message = format!("The request must contain the parameter {}", operation.required[0]);
        assert_eq!(
            refused,
            refusal("MissingParameter", message),
            "{}",
            operation.name
        );
    }
}

#[test]
fn a_state_survives_being_saved() {
    let mut cloud = Cloud::new();
    for what in everything() {
        cloud.occupy(&what).unwrap();
    }
    let saved = serde_json::to_string(&cloud.account.regions[REGION].ec2).unwrap();
    let loaded: super::Ec2 = serde_json::from_str(&saved).unwrap();
    assert_eq!(loaded, cloud.account.regions[REGION].ec2);
}
