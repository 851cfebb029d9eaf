//! What long work tells while it runs. Whoever watches decides whether and how to show it.

use trueup_aws::wait::Waiting;
use trueup_core::plan::Step;

use crate::execute::Outcome;

/// Something that just happened.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// So many cells of so many are read.
    Read {
        /// How many are done.
        done: usize,
        /// How many there are.
        total: usize,
    },
    /// A step has started.
    Started(&'a Step),
    /// A step that runs waits, or has waited and goes on.
    Waiting(&'a Step, Option<Waiting>),
    /// A step has come to an end, one way or another.
    Ended(&'a Step, &'a Outcome),
    /// The steps are over, and the touched cells are read again.
    Rereading,
    /// The run was asked to stop and waits for what has started.
    Stopping {
        /// How many steps are still running.
        running: usize,
    },
}

/// Who is told.
pub type Watch<'w> = dyn Fn(Event<'_>) + Send + Sync + 'w;
