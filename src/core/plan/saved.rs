//! A cell as a plan is saved: without what differs from run to run.

/// A reading without its identifiers.
pub(super) mod seen {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use toml::Table;

    use crate::change::Manager;
    use crate::control::ObservedDoc;

    #[derive(Serialize)]
    struct Written<'a> {
        model: &'a Table,
        #[serde(skip_serializing_if = "Option::is_none")]
        held_by: &'a Option<Manager>,
    }

    #[derive(Deserialize)]
    struct Read {
        model: Table,
        #[serde(default)]
        held_by: Option<Manager>,
    }

    pub(in crate::plan) fn serialize<S: Serializer>(
        seen: &Option<ObservedDoc>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let written = seen.as_ref().map(|seen| Written {
            model: &seen.model,
            held_by: &seen.held_by,
        });
        written.serialize(to)
    }

    pub(in crate::plan) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<ObservedDoc>, D::Error> {
        let read = Option::<Read>::deserialize(from)?;
        Ok(read.map(|Read { model, held_by }| ObservedDoc {
            model,
            ids: serde_json::Value::Null,
            held_by,
        }))
    }
}

/// A fault without a service's own words.
pub(super) mod fault {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::fault::Fault;

    pub(in crate::plan) fn serialize<S: Serializer>(fault: &Option<Fault>, to: S) -> Result<S::Ok, S::Error> {
        fault.as_ref().map(Fault::lasting).serialize(to)
    }

    pub(in crate::plan) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Fault>, D::Error> {
        Option::deserialize(from)
    }
}
