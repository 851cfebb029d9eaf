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
//! A new service is one file, with its `mod` line below, and one line in the list of `services`. The file declares a
//! `static SERVICE`: the service's name, its protocols with their routes, the function that answers a call, and the
//! refusals that it words in its own way, in which `input` and `tags` read its requests. What the service keeps in every
//! region is a type of the file that the line names; what a global service keeps is a field of [`Account`].

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
mod fresh;
pub mod guardduty;
mod handle;
pub mod iam;
mod ids;
mod input;
pub mod kms;
pub mod logs;
pub mod organizations;
pub mod s3;
mod s3control;
pub mod securityhub;
mod serve;
mod service;
mod services;
pub mod sns;
mod store;
mod sts;
mod tags;
mod trouble;
mod wire;
pub mod world;

pub use account::{Account, Caller, DEFAULT_REGIONS, OPT_IN_REGIONS};
pub use call::{Answer, AwsError, Call};
pub use client::SandboxClient;
pub use ec2::{DeclarativePolicy, EndpointKind, InstanceState, Occupant};
pub use error::SandboxError;
pub use handle::{LoggedCall, Sandbox};
pub use ids::Ids;
pub use serve::serve;
pub use services::RegionState;
pub use world::World;
