//! What the whole file wants, for a control whose table speaks of another one's.

use super::{Control, Of};
use crate::place::Place;
use crate::plan::Want;

/// What the whole file wants, for a control whose table speaks of another one's.
#[derive(Clone, Copy, Debug)]
pub struct Wants<'a> {
    pub(crate) all: &'a [Want],
    pub(crate) place: &'a Place,
}

impl Wants<'_> {
    /// The place of the table that is filled in.
    pub fn place(&self) -> &Place {
        self.place
    }

    /// What is wanted of another control that exists once in the account, if the file manages it.
    pub fn of<C: Control>(&self) -> Option<C::Model> {
        let want = self.all.iter().find(|want| want.control.name() == C::NAME)?;
        Of::<C>::model(&want.table).ok()
    }

    /// What is wanted of another control in all its places.
    pub fn each_of<C: Control>(&self) -> impl Iterator<Item = C::Model> {
        let wants = self.all.iter().filter(|want| want.control.name() == C::NAME);
        wants.filter_map(|want| Of::<C>::model(&want.table).ok())
    }
}
