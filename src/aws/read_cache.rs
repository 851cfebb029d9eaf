//! What several controls read alike: each survey asks AWS for it once.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;
use trueup_core::location::Location;

use crate::{Cx, Failure};

/// A reading that the readings of several controls rest on, such as the account's trails.
pub trait Reading: Sized + Send + Sync + 'static {
    /// Asks AWS.
    fn read(cx: &Cx) -> impl Future<Output = Result<Self, Failure>> + Send;
}

/// The shared readings of one survey.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReadCache {
    made: Arc<Mutex<Slots>>,
}

/// By what is read and where, a [`Slot`] of that type.
type Slots = BTreeMap<(TypeId, Location), Arc<dyn Any + Send + Sync>>;

/// One reading of one place, once somebody has asked for it.
type Slot<R> = OnceCell<Result<Arc<R>, Failure>>;

impl ReadCache {
    fn slot<R: Reading>(&self, place: &Location) -> Arc<Slot<R>> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = made
            .entry((TypeId::of::<R>(), place.clone()))
            .or_insert_with(|| Arc::new(Slot::<R>::new()));
        // The key has the type in it, so it is of that type.
        Arc::clone(slot).downcast().unwrap_or_default()
    }
}

impl Cx {
    /// The reading of this place that other controls of the same survey rest on too. Whoever comes first asks AWS,
    /// and the others wait for that answer, also if it is a failure.
    pub async fn cached<R: Reading>(&self) -> Result<Arc<R>, Failure> {
        let slot = self.readings.slot::<R>(&self.place);
        slot.get_or_init(|| async { R::read(self).await.map(Arc::new) })
            .await
            .clone()
    }
}
