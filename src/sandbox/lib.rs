//! The sandbox: one simulated AWS account.
//!
//! A request of any AWS client goes through three layers. `wire` takes its protocol off and makes a [`Call`] of it;
//! the service's file answers the call from the [`Account`]; `wire` puts the answer into the protocol again. `store`
//! makes one durable transaction of that. A [`World`] says how the account differs from a brand-new one, and what
//! goes wrong in it.
//!
//! Requests come from the SDK in this process ([`Sandbox::http_client`]) or from anybody over HTTP ([`serve()`]).
//!
//! The crate knows nothing of trueup's model, controls or AWS clients, and works without them. What AWS checks it checks
//! in words of its own, so that a mistake of trueup's is not repeated here; the one exception is `trueup-policy`, for
//! policy documents and filter patterns.
//!
//! A new service is one file, a line in `exchange::dispatch`, and one in `wire::SERVICES`; a REST protocol also wants
//! the operations' routes.

pub mod access_analyzer;
mod account;
pub mod budgets;
mod call;
pub mod ce;
mod client;
pub mod cloudtrail;
pub mod cloudwatch;
pub mod config;
pub mod contacts;
pub mod ec2;
mod error;
pub mod events;
mod exchange;
pub mod guardduty;
mod handle;
pub mod iam;
mod ids;
pub mod logs;
pub mod s3;
mod s3control;
pub mod securityhub;
mod serve;
pub mod sns;
mod store;
mod sts;
mod tags;
mod trouble;
mod wire;
pub mod world;

pub use account::{Account, Caller, DEFAULT_REGIONS, OPT_IN_REGIONS, RegionState};
pub use call::{Answer, AwsError, Call};
pub use client::SandboxClient;
pub use ec2::{DeclarativePolicy, EndpointKind, InstanceState, Occupant};
pub use error::SandboxError;
pub use handle::{LoggedCall, Sandbox};
pub use ids::Ids;
pub use serve::serve;
pub use world::World;
