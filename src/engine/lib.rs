//! trueup without its command line: reads an account, plans, runs the plan's steps and reads back what came of them.
//!
//! A [`Session`] is an account that has been reached. [`Session::plan`] reads what a baseline asks for and plans,
//! [`Session::apply`] runs the steps for which there is consent. What is known of single controls comes in as a value, the
//! [`Registry`](trueup_core::registry::Registry) of them; who answers the calls, AWS or a simulated account, is known to
//! the HTTP client in [`Connect`](trueup_aws::Connect) alone. The engine makes no choice that the plan has not made, and
//! prints nothing: what goes on is told by [`progress`].

mod apply;
pub mod execute;
mod precondition;
pub mod progress;
mod session;
mod survey;

pub use apply::{After, Applied};
pub use session::{Planned, Session, SessionError, today};
