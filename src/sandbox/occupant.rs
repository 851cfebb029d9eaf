//! What may stand in a default VPC and so be in the way of its removal.

pub use super::ec2::{EndpointKind, InstanceState, Occupant};
