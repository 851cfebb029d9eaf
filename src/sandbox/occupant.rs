//! What may stand in a default VPC and so be in the way of its removal.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One thing that a world or an event puts into (or takes out of) a region's default VPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Occupant {
    /// An instance with its network interface, in the first default subnet.
    Instance(InstanceState),
    /// A NAT gateway with its network interface.
    NatGateway,
    /// A network interface that belongs to no instance.
    NetworkInterface,
    /// A security group besides the default one, by its name.
    SecurityGroup(String),
    /// A VPC endpoint.
    VpcEndpoint(EndpointKind),
    /// A subnet that is not a default one.
    Subnet,
    /// A route table besides the main one.
    RouteTable,
    /// A network ACL besides the default one.
    NetworkAcl,
    /// Tags on the VPC.
    Tags(BTreeMap<String, String>),
    /// No internet gateway: somebody began to take the VPC apart.
    NoInternetGateway,
    /// No subnets: somebody began to take the VPC apart.
    NoSubnets,
    /// No default VPC at all.
    NoVpc,
}

/// The state of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstanceState {
    /// It runs.
    Running,
    /// It is stopped, and its network interface stays.
    Stopped,
    /// It is gone but still listed, without a network interface.
    Terminated,
}

/// The kind of a VPC endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointKind {
    /// A gateway endpoint, which has routes and no network interface.
    Gateway,
    /// An interface endpoint, with network interfaces.
    Interface,
}
