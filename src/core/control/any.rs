//! The bridge between a control's types and the engine's documents.

use std::marker::PhantomData;

use schemars::{Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use toml::Table;

use super::{Calls, Control, Doc, Here, Observed, Wants};
use crate::change::{Asset, Changes};
use crate::env::Env;
use crate::location::Scope;
use crate::registry::Named;

/// A reading as a document.
pub type ObservedDoc = Observed<Table, serde_json::Value>;

/// An action as a document, with its line of the plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Act {
    /// The control's own action, serialized.
    pub data: serde_json::Value,
    /// What it does, in the imperative.
    pub title: String,
}

/// A document that does not have the form of the control's type: only a foreign or damaged file can cause it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{control}: {what}: {message}")]
pub struct BadDocument {
    /// The control whose document it is.
    pub control: &'static str,
    /// Which document.
    pub what: &'static str,
    /// What is wrong with it.
    pub message: String,
}

/// A control as the engine sees it: the same for all, with documents instead of types.
pub trait AnyControl: Named + Send + Sync {
    /// See [`Control::SCOPE`].
    fn scope(&self) -> Scope;
    /// See [`Control::DOC`].
    fn doc(&self) -> &'static Doc;
    /// See [`Control::CALLS`].
    fn calls(&self) -> Calls;
    /// See [`Control::RELIES_ON`].
    fn relies_on(&self) -> &'static [&'static str];
    /// The JSON schema of its table.
    fn schema(&self, generator: &mut SchemaGenerator) -> Schema;
    /// Types a table and writes it back in its canonical form; the error carries the span of the culprit.
    fn parse(&self, table: toml::de::Deserializer<'_>) -> Result<Table, toml::de::Error>;
    /// See [`Control::check`].
    fn check(&self, want: &Table) -> Result<Vec<(&'static str, String)>, BadDocument>;
    /// See [`Control::ATTESTATIONS`].
    fn attestations(&self) -> &'static [(&'static str, &'static str)];
    /// See [`Control::wrong_tag_key`].
    fn wrong_tag_key(&self, key: &str) -> Option<&'static str>;
    /// See [`Control::refers_to`].
    fn refers_to(&self, want: &Table) -> Result<Vec<(&'static str, &'static str)>, BadDocument>;
    /// See [`Control::fill`].
    fn fill(&self, want: &Table, env: &Env, wants: Wants<'_>) -> Result<Table, BadDocument>;
    /// A reading of this model without identifiers, as of an account that happens to be as the table says.
    fn seen_as(&self, model: &Table) -> Result<ObservedDoc, BadDocument>;
    /// See [`Control::diff`].
    fn diff(&self, want: &Table, seen: &ObservedDoc, here: &Here<'_>) -> Result<Changes<Act>, BadDocument>;
    /// See [`Control::unsaid`].
    fn unsaid(&self, seen: &ObservedDoc) -> Result<Vec<String>, BadDocument>;
    /// See [`Control::holds`].
    fn holds(&self, seen: &ObservedDoc, here: &Here<'_>) -> Result<Vec<Asset>, BadDocument>;
}

/// The bridge from a control's types to the engine's documents.
pub struct Of<C>(PhantomData<fn() -> C>);

impl<C> Of<C> {
    /// The bridge of one control, for the list.
    pub const NEW: Self = Of(PhantomData);
}

impl<C: Control> Of<C> {
    /// The control's own type of a table.
    ///
    /// # Errors
    /// If the table does not have its form.
    pub fn model(table: &Table) -> Result<C::Model, BadDocument> {
        table
            .clone()
            .try_into()
            .map_err(|error: toml::de::Error| BadDocument {
                control: C::NAME,
                what: "the table",
                message: error.message().to_owned(),
            })
    }

    /// The table of the control's own type.
    ///
    /// # Errors
    /// If the type holds what TOML cannot say.
    pub fn table(model: &C::Model) -> Result<Table, BadDocument> {
        Table::try_from(model).map_err(|error| BadDocument {
            control: C::NAME,
            what: "the model",
            message: error.to_string(),
        })
    }

    pub(super) fn seen(seen: &ObservedDoc) -> Result<Observed<C::Model, C::Ids>, BadDocument> {
        let ids = serde_json::from_value(seen.ids.clone()).map_err(|error| BadDocument {
            control: C::NAME,
            what: "the identifiers",
            message: error.to_string(),
        })?;
        Ok(Observed {
            model: Self::model(&seen.model)?,
            ids,
            held_by: seen.held_by.clone(),
        })
    }

    /// Identifiers or an action as a document. `what` names it in the error.
    ///
    /// # Errors
    /// If the type holds what JSON cannot say.
    pub fn data<T: Serialize>(what: &'static str, value: &T) -> Result<serde_json::Value, BadDocument> {
        serde_json::to_value(value).map_err(|error| BadDocument {
            control: C::NAME,
            what,
            message: error.to_string(),
        })
    }
}

impl<C: Control> Named for Of<C> {
    fn name(&self) -> &'static str {
        C::NAME
    }
}

impl<C: Control> AnyControl for Of<C> {
    fn scope(&self) -> Scope {
        C::SCOPE
    }

    fn doc(&self) -> &'static Doc {
        const { &C::DOC }
    }

    fn calls(&self) -> Calls {
        C::CALLS
    }

    fn relies_on(&self) -> &'static [&'static str] {
        C::RELIES_ON
    }

    fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<C::Model>()
    }

    fn parse(&self, table: toml::de::Deserializer<'_>) -> Result<Table, toml::de::Error> {
        let model = C::Model::deserialize(table)?;
        Self::table(&model).map_err(serde::de::Error::custom)
    }

    fn check(&self, want: &Table) -> Result<Vec<(&'static str, String)>, BadDocument> {
        Ok(C::check(&Self::model(want)?))
    }

    fn attestations(&self) -> &'static [(&'static str, &'static str)] {
        C::ATTESTATIONS
    }

    fn wrong_tag_key(&self, key: &str) -> Option<&'static str> {
        C::wrong_tag_key(key)
    }

    fn refers_to(&self, want: &Table) -> Result<Vec<(&'static str, &'static str)>, BadDocument> {
        Ok(C::refers_to(&Self::model(want)?))
    }

    fn fill(&self, want: &Table, env: &Env, wants: Wants<'_>) -> Result<Table, BadDocument> {
        let mut model = Self::model(want)?;
        C::fill(&mut model, env, wants);
        Self::table(&model)
    }

    fn seen_as(&self, model: &Table) -> Result<ObservedDoc, BadDocument> {
        Ok(Observed {
            model: Self::table(&Self::model(model)?)?,
            ids: Self::data("the identifiers", &C::Ids::default())?,
            held_by: None,
        })
    }

    fn diff(&self, want: &Table, seen: &ObservedDoc, here: &Here<'_>) -> Result<Changes<Act>, BadDocument> {
        let mut out = Changes::default();
        C::diff(&Self::model(want)?, &Self::seen(seen)?, here, &mut out);
        let steps = out
            .steps
            .into_iter()
            .map(|draft| {
                let act = Act {
                    data: Self::data("the action", &draft.action)?,
                    title: draft.action.to_string(),
                };
                Ok(draft.with_action(act))
            })
            .collect::<Result<_, BadDocument>>()?;
        Ok(Changes {
            steps,
            people: out.people,
            refusals: out.refusals,
            entries: out.entries,
            kept: out.kept,
            notices: out.notices,
            unread: out.unread,
            elsewhere: out.elsewhere,
            denied: out.denied,
        })
    }

    fn unsaid(&self, seen: &ObservedDoc) -> Result<Vec<String>, BadDocument> {
        Ok(C::unsaid(&Self::seen(seen)?))
    }

    fn holds(&self, seen: &ObservedDoc, here: &Here<'_>) -> Result<Vec<Asset>, BadDocument> {
        Ok(C::holds(&Self::seen(seen)?, here))
    }
}
