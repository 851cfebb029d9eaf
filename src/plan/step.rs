//! What a plan is made of: steps, and the things that tie them together.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::controls::Id;
use crate::monthly::Monthly;
use crate::place::Place;

/// What a step does to the account, for the summary line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Something new comes into being.
    Add,
    /// Something that exists is changed.
    Change,
    /// Something ceases to exist.
    Destroy,
}

/// How much harm a step can do. The last two need consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// No workload and no person notices.
    Safe,
    /// It may break a workload or lock someone out.
    Disruptive,
    /// It loses data or a resource.
    Destructive,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Class::Safe => "safe",
            Class::Disruptive => "disruptive",
            Class::Destructive => "destructive",
        })
    }
}

/// The kind of thing that one control makes and another needs, such as the alerts topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssetKind {
    /// The control that reads and makes it.
    pub control: &'static str,
    /// What it is, in AWS's words.
    pub what: &'static str,
}

impl AssetKind {
    /// The one of this kind in a place.
    pub fn at(self, place: &Place) -> Asset {
        Asset {
            control: self.control.to_owned(),
            what: self.what.to_owned(),
            place: place.clone(),
            name: None,
        }
    }

    /// One of several of this kind in a place.
    pub fn named(self, place: &Place, name: impl Into<String>) -> Asset {
        Asset {
            name: Some(name.into()),
            ..self.at(place)
        }
    }
}

/// Something that a step needs, provides, releases or removes. Order across controls comes from these alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Asset {
    /// The control that reads and makes it.
    pub control: String,
    /// What it is.
    pub what: String,
    /// Where it is.
    pub place: Place,
    /// Which one, where there can be several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)?;
        if let Some(name) = &self.name {
            write!(f, " `{name}`")?;
        }
        write!(f, " ({}, {})", self.control, self.place)
    }
}

/// A step as a control describes it, before it has a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft<A> {
    /// What to do.
    pub action: A,
    /// What that does to the account.
    pub effect: Effect,
    /// How much harm it can do.
    pub class: Class,
    /// Why it can, a few words each.
    pub risks: Vec<String>,
    /// Earlier drafts of the same cell that it waits for, by their place in the cell's list.
    pub after: Vec<usize>,
    /// What it needs.
    pub needs: Vec<Asset>,
    /// What it waits for if another step makes it, and does without otherwise.
    pub waits_for: Vec<Asset>,
    /// What exists once it is done.
    pub provides: Vec<Asset>,
    /// What it no longer uses once it is done.
    pub releases: Vec<Asset>,
    /// What no longer exists once it is done.
    pub removes: Vec<Asset>,
    /// What it adds to each month's bill.
    pub monthly: Monthly,
    /// See [`Step::shown_within_minutes`].
    pub shown_within_minutes: Option<u32>,
}

impl<A> Draft<A> {
    /// A step that waits for nothing.
    pub fn new(action: A, effect: Effect, class: Class) -> Self {
        Draft {
            action,
            effect,
            class,
            risks: vec![],
            after: vec![],
            needs: vec![],
            waits_for: vec![],
            provides: vec![],
            releases: vec![],
            removes: vec![],
            monthly: Monthly::default(),
            shown_within_minutes: None,
        }
    }

    /// The same step with its action in another form.
    pub fn with_action<B>(self, action: B) -> Draft<B> {
        Draft {
            action,
            effect: self.effect,
            class: self.class,
            risks: self.risks,
            after: self.after,
            needs: self.needs,
            waits_for: self.waits_for,
            provides: self.provides,
            releases: self.releases,
            removes: self.removes,
            monthly: self.monthly,
            shown_within_minutes: self.shown_within_minutes,
        }
    }
}

/// Why a step of the plan cannot run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It needs what neither exists nor is planned.
    Missing(Asset),
    /// It needs what another step removes.
    Leaving(Asset),
    /// It needs what could not be read.
    Unread(Asset),
    /// It is in use, or moved between the plan and the write: what stands in the way.
    InUse {
        /// One line for each thing.
        what: Vec<String>,
    },
    /// It waits for a step that cannot run.
    BehindBlocked(usize),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Missing(asset) => write!(f, "needs the {asset}, which does not exist and is not planned"),
            Why::Leaving(asset) => write!(f, "needs the {asset}, which another step removes"),
            Why::Unread(asset) => write!(f, "needs the {asset}, which could not be read"),
            Why::InUse { what } => write!(f, "{}", what.join("; ")),
            Why::BehindBlocked(step) => write!(f, "waits for step {step}, which is blocked"),
        }
    }
}

/// One numbered step of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its number, from 1, in an order in which all of them could run one by one.
    pub number: usize,
    /// The control whose step it is.
    pub control: Id,
    /// Where it happens.
    pub place: Place,
    /// What it does, in the imperative.
    pub title: String,
    /// What that does to the account.
    pub effect: Effect,
    /// How much harm it can do.
    pub class: Class,
    /// Why it can.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub risks: Vec<String>,
    /// The numbers of the steps that must be done before, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<usize>,
    /// Why it cannot run, if it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<Why>,
    /// What it adds to each month's bill, if it turns on what is metered.
    #[serde(default, skip_serializing_if = "Monthly::is_nothing")]
    pub monthly: Monthly,
    /// For how many minutes after it AWS's reads may still show what was there before, where that is longer than
    /// anybody wants to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_within_minutes: Option<u32>,
    /// The control's own action.
    pub action: serde_json::Value,
}
