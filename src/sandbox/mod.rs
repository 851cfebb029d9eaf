//! The sandbox: one simulated AWS account.

mod call;

pub use call::{Answer, AwsError, Call};
