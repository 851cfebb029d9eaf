//! Two languages that AWS evaluates, read and compared by what they mean: IAM policy documents, which are evaluated too,
//! and the filter patterns of CloudWatch Logs.
//!
//! Everything here is pure: texts and values in, values out; no I/O, no AWS SDK, nothing of trueup's model. So both
//! trueup's controls and the simulated account use it. That is the one thing they share: see `trueup-sandbox` for why
//! they share nothing else.

pub mod evaluate;
pub mod filter_pattern;
mod iam;

pub use iam::{NotAPolicy, Policy, Statement};
