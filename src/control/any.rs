//! The bridge between a control's types and the engine's documents.

use std::marker::PhantomData;

use futures::FutureExt;
use futures::future::BoxFuture;
use schemars::{Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use toml::Table;

use super::{Control, Cx, Doc, Env, Here, Manager, Out, Permissions, Seen, Task, Wants};
use crate::fault::Fault;
use crate::place::Scope;
use crate::plan::{Asset, Draft};

/// A reading as a document.
pub type SeenDoc = Seen<Table, serde_json::Value>;

/// What a control's `diff` said, as documents.
#[derive(Debug, Default)]
pub struct Findings {
    /// The steps, in the order in which the control named them.
    pub steps: Vec<Draft<Act>>,
    /// What a person must do.
    pub people: Vec<Task>,
    /// What is in the way.
    pub refusals: Vec<String>,
    /// What is worth knowing.
    pub notices: Vec<String>,
    /// The keys that differ and that another owner holds.
    pub elsewhere: Vec<(&'static str, Manager)>,
}

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
pub trait AnyControl: Send + Sync {
    /// See [`Control::NAME`].
    fn name(&self) -> &'static str;
    /// See [`Control::SCOPE`].
    fn scope(&self) -> Scope;
    /// See [`Control::DOC`].
    fn doc(&self) -> &'static Doc;
    /// See [`Control::PERMISSIONS`].
    fn permissions(&self) -> Permissions;
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
    /// See [`Control::refers_to`].
    fn refers_to(&self, want: &Table) -> Result<Vec<(&'static str, &'static str)>, BadDocument>;
    /// See [`Control::fill`].
    fn fill(&self, want: &Table, env: &Env, wants: Wants<'_>) -> Result<Table, BadDocument>;
    /// A reading of this model without identifiers, as of an account that happens to be as the table says.
    fn seen_as(&self, model: &Table) -> Result<SeenDoc, BadDocument>;
    /// See [`Control::fetch`].
    fn fetch<'a>(&'a self, cx: &'a Cx, want: Option<&'a Table>) -> BoxFuture<'a, Result<SeenDoc, Fault>>;
    /// See [`Control::diff`].
    fn diff(&self, want: &Table, seen: &SeenDoc, here: &Here<'_>) -> Result<Findings, BadDocument>;
    /// See [`Control::holds`].
    fn holds(&self, seen: &SeenDoc, here: &Here<'_>) -> Result<Vec<Asset>, BadDocument>;
    /// See [`Control::apply`].
    fn apply<'a>(&'a self, action: &'a serde_json::Value, cx: &'a Cx) -> BoxFuture<'a, Result<(), Fault>>;
}

/// The bridge from a control's types to the engine's documents.
pub struct Of<C>(PhantomData<fn() -> C>);

impl<C> Of<C> {
    /// The bridge of one control, for the list.
    pub const NEW: Self = Of(PhantomData);
}

impl<C: Control> Of<C> {
    pub(super) fn model(table: &Table) -> Result<C::Model, BadDocument> {
        table
            .clone()
            .try_into()
            .map_err(|error: toml::de::Error| BadDocument {
                control: C::NAME,
                what: "the table",
                message: error.message().to_owned(),
            })
    }

    fn table(model: &C::Model) -> Result<Table, BadDocument> {
        Table::try_from(model).map_err(|error| BadDocument {
            control: C::NAME,
            what: "the model",
            message: error.to_string(),
        })
    }

    pub(super) fn seen(seen: &SeenDoc) -> Result<Seen<C::Model, C::Ids>, BadDocument> {
        let ids = serde_json::from_value(seen.ids.clone()).map_err(|error| BadDocument {
            control: C::NAME,
            what: "the identifiers",
            message: error.to_string(),
        })?;
        Ok(Seen {
            model: Self::model(&seen.model)?,
            ids,
            held_by: seen.held_by.clone(),
        })
    }

    fn data<T: Serialize>(what: &'static str, value: &T) -> Result<serde_json::Value, BadDocument> {
        serde_json::to_value(value).map_err(|error| BadDocument {
            control: C::NAME,
            what,
            message: error.to_string(),
        })
    }
}

/// A control's own type could not be carried over the bridge: reported like a failed call, so that it spoils
/// only its own cell.
fn broken(error: BadDocument) -> Fault {
    Fault::answer(error.control, error.to_string())
}

impl<C: Control> AnyControl for Of<C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn scope(&self) -> Scope {
        C::SCOPE
    }

    fn doc(&self) -> &'static Doc {
        const { &C::DOC }
    }

    fn permissions(&self) -> Permissions {
        C::PERMISSIONS
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

    fn refers_to(&self, want: &Table) -> Result<Vec<(&'static str, &'static str)>, BadDocument> {
        Ok(C::refers_to(&Self::model(want)?))
    }

    fn fill(&self, want: &Table, env: &Env, wants: Wants<'_>) -> Result<Table, BadDocument> {
        let mut model = Self::model(want)?;
        C::fill(&mut model, env, wants);
        Self::table(&model)
    }

    fn seen_as(&self, model: &Table) -> Result<SeenDoc, BadDocument> {
        Ok(Seen {
            model: Self::table(&Self::model(model)?)?,
            ids: Self::data("the identifiers", &C::Ids::default())?,
            held_by: None,
        })
    }

    fn fetch<'a>(&'a self, cx: &'a Cx, want: Option<&'a Table>) -> BoxFuture<'a, Result<SeenDoc, Fault>> {
        async move {
            let want = want.map(Self::model).transpose().map_err(broken)?;
            let seen = C::fetch(cx, want.as_ref()).await?;
            Ok(Seen {
                model: Self::table(&seen.model).map_err(broken)?,
                ids: Self::data("the identifiers", &seen.ids).map_err(broken)?,
                held_by: seen.held_by,
            })
        }
        .boxed()
    }

    fn diff(&self, want: &Table, seen: &SeenDoc, here: &Here<'_>) -> Result<Findings, BadDocument> {
        let mut out = Out::default();
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
        Ok(Findings {
            steps,
            people: out.people,
            refusals: out.refusals,
            notices: out.notices,
            elsewhere: out.elsewhere,
        })
    }

    fn holds(&self, seen: &SeenDoc, here: &Here<'_>) -> Result<Vec<Asset>, BadDocument> {
        Ok(C::holds(&Self::seen(seen)?, here))
    }

    fn apply<'a>(&'a self, action: &'a serde_json::Value, cx: &'a Cx) -> BoxFuture<'a, Result<(), Fault>> {
        async move {
            let action: C::Action = serde_json::from_value(action.clone())
                .map_err(|error| Fault::answer(C::NAME, format!("the action: {error}")))?;
            C::apply(&action, cx).await
        }
        .boxed()
    }
}
