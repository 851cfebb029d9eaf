//! What long work tells while it runs. Whoever watches decides whether and how to show it.

use crate::execute::Outcome;
use crate::plan::Step;

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
    /// A step has come to an end, one way or another.
    Ended(&'a Step, &'a Outcome),
    /// The run was asked to stop and waits for what has started.
    Stopping {
        /// How many steps are still running.
        running: usize,
    },
}

/// Who is told.
pub type Watch<'w> = dyn Fn(Event<'_>) + Send + Sync + 'w;
