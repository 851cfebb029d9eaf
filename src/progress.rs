//! What long work tells while it runs. Whoever watches decides whether and how to show it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

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
    /// A step that runs waits, or has waited and goes on.
    Waiting(&'a Step, Option<Waiting>),
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

/// What a step waits for before it makes a call again: AWS sees late what was changed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// What has to be so, as it follows on the word "until": `CloudTrail sees the role`.
    pub until: &'static str,
    /// How long the step has waited for it.
    pub so_far: Duration,
}

/// How a step says that it waits, and by nothing that it goes on. By default nobody listens, as with readings.
#[derive(Clone, Default)]
pub struct Tell(Option<Arc<dyn Fn(Option<Waiting>) + Send + Sync>>);

impl Tell {
    /// Tells this listener.
    pub fn new(listener: impl Fn(Option<Waiting>) + Send + Sync + 'static) -> Self {
        Tell(Some(Arc::new(listener)))
    }

    /// Tells whoever listens.
    pub fn tell(&self, waiting: Option<Waiting>) {
        if let Some(listener) = &self.0 {
            listener(waiting);
        }
    }
}

impl fmt::Debug for Tell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Tell" } else { "Tell(nobody)" })
    }
}
