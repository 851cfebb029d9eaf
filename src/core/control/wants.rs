//! What the whole file wants, for a control whose table speaks of another one's.

use super::{Control, Of};
use crate::location::{Location, Region};
use crate::want::{Manage, Want};

/// What the whole file wants, for a control whose table speaks of another one's.
#[derive(Clone, Copy, Debug)]
pub struct Wants<'a> {
    /// What is wanted of each cell, the filled in tables first.
    pub all: &'a [Want],
    /// The place of the table that is filled in.
    pub place: &'a Location,
}

impl Wants<'_> {
    /// What is wanted of another control that exists once in the account, if the file manages it.
    pub fn of<C: Control>(&self) -> Option<C::Model> {
        let want = self.all.iter().find(|want| want.control == C::NAME)?;
        Of::<C>::model(&want.table).ok()
    }

    /// What the file says about writing where it manages another control, if it says so.
    pub fn manage<C: Control>(&self) -> Option<Manage> {
        self.all.iter().find(|want| want.control == C::NAME)?.manage
    }

    /// What is wanted of a control in each region in which the file manages it.
    pub fn in_regions<C: Control>(&self) -> impl Iterator<Item = (Region, C::Model)> {
        let wants = self.all.iter().filter(|want| want.control == C::NAME);
        let managed = wants.filter(|want| want.manage != Some(Manage::Off));
        managed.filter_map(|want| Some((want.place.region()?.clone(), Of::<C>::model(&want.table).ok()?)))
    }

    /// What is wanted of another control in all its places.
    pub fn each_of<C: Control>(&self) -> impl Iterator<Item = C::Model> {
        let wants = self.all.iter().filter(|want| want.control == C::NAME);
        wants.filter_map(|want| Of::<C>::model(&want.table).ok())
    }
}
