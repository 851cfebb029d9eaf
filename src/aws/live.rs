//! The other half of a control: reading and writing an account.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use toml::Table;
use trueup_core::control::{AnyControl, BadDocument, Control, Observed, ObservedDoc, Of};
use trueup_core::env::Env;
use trueup_core::fault::Fault;
use trueup_core::location::{Location, Region};

use crate::Aws;
use crate::clients::Clients;
use crate::failure::Failure;
use crate::read_cache::ReadCache;
use crate::wait::{Tell, Wait};

/// Where a reading or writing function of a control stands, with the clients to reach it.
#[derive(Clone, Debug)]
pub struct Cx {
    /// The cell's place.
    pub place: Location,
    /// The account around it.
    pub env: Arc<Env>,
    pub(crate) aws: Arc<Aws>,
    pub(crate) readings: ReadCache,
    tell: Tell,
}

impl Cx {
    /// The context of one place, which shares no readings with others.
    pub fn new(aws: Arc<Aws>, env: Arc<Env>, place: Location) -> Self {
        Cx {
            place,
            env,
            aws,
            readings: ReadCache::default(),
            tell: Tell::default(),
        }
    }

    /// True if not AWS answers, see [`Aws::is_emulator`].
    pub fn is_emulator(&self) -> bool {
        self.aws.is_emulator()
    }

    /// The context of another place, which shares its readings with this one.
    pub fn at(&self, place: Location) -> Self {
        Cx {
            place,
            ..self.clone()
        }
    }

    /// The same, with somebody who is told what is waited for.
    pub fn telling(self, tell: Tell) -> Self {
        Cx { tell, ..self }
    }

    /// A wait for what AWS sees late. `what` has to be so before the step goes on, in at most 40 characters, so
    /// that a line of the progress has room for the step too: `CloudTrail sees the role`.
    pub fn wait_until(&self, what: &'static str) -> Wait {
        Wait::new(self.tell.clone(), what)
    }

    /// The region that calls go to: the place's own, or the home region for the account's things.
    pub fn region(&self) -> &Region {
        self.place.region().unwrap_or(&self.env.home)
    }

    /// The clients of this place's region.
    pub fn clients(&self) -> Arc<Clients> {
        self.aws.clients(self.region())
    }

    /// The clients of another region, for things that live in several.
    pub fn clients_in(&self, region: &Region) -> Arc<Clients> {
        self.aws.clients(region)
    }
}

/// One thing of an account that trueup keeps true: the half that touches AWS. Nothing else of a control does.
pub trait Live: Control {
    /// Reads one place. `want` is what the baseline asks for there (readings that only serve a wanted change may
    /// depend on it), or nothing for `export`.
    fn fetch(
        cx: &Cx,
        want: Option<&Self::Model>,
    ) -> impl Future<Output = Result<Observed<Self::Model, Self::Ids>, Failure>> + Send;

    /// Makes one change. What is already as asked for, or already gone, counts as done.
    fn apply(action: &Self::Action, cx: &Cx) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// A control with both halves as the engine sees it: the same for all, with documents instead of types.
pub trait AnyLive: AnyControl {
    /// See [`Live::fetch`].
    fn fetch<'a>(&'a self, cx: &'a Cx, want: Option<&'a Table>) -> BoxFuture<'a, Result<ObservedDoc, Fault>>;
    /// See [`Live::apply`].
    fn apply<'a>(&'a self, action: &'a serde_json::Value, cx: &'a Cx) -> BoxFuture<'a, Result<(), Fault>>;
}

/// A control's own type could not be carried over the bridge: reported like a failed call, so that it spoils
/// only its own cell.
fn broken(error: BadDocument) -> Fault {
    Fault::answer(error.control, error.to_string())
}

impl<C: Live> AnyLive for Of<C> {
    fn fetch<'a>(&'a self, cx: &'a Cx, want: Option<&'a Table>) -> BoxFuture<'a, Result<ObservedDoc, Fault>> {
        async move {
            let want = want.map(Self::model).transpose().map_err(broken)?;
            let seen = C::fetch(cx, want.as_ref()).await?;
            Ok(Observed {
                model: Self::table(&seen.model).map_err(broken)?,
                ids: Self::data("the identifiers", &seen.ids).map_err(broken)?,
                held_by: seen.held_by,
            })
        }
        .boxed()
    }

    fn apply<'a>(&'a self, action: &'a serde_json::Value, cx: &'a Cx) -> BoxFuture<'a, Result<(), Fault>> {
        async move {
            let action: C::Action = serde_json::from_value(action.clone())
                .map_err(|error| Fault::answer(C::NAME, format!("the action: {error}")))?;
            Ok(C::apply(&action, cx).await?)
        }
        .boxed()
    }
}
