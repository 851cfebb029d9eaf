//! The sandbox: one simulated AWS account.
//!
//! A request of any AWS client goes through three layers. [`wire`] takes its protocol off and makes a [`Call`] of
//! it; the service's file answers the call from the [`Account`]; `wire` puts the answer into the protocol again.
//! [`store`] makes one durable transaction of that. A [`World`] says how the account differs from a brand-new one,
//! and what goes wrong in it.

mod account;
mod call;
pub mod ec2;
pub mod guardduty;
pub mod iam;
mod ids;
mod occupant;
pub mod s3;
mod world;

pub use account::{Account, Caller, DEFAULT_REGIONS, OPT_IN_REGIONS, RegionState};
pub use call::{Answer, AwsError, Call};
pub use ids::Ids;
pub use occupant::{EndpointKind, InstanceState, Occupant};
pub use world::World;
