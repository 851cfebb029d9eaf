//! The table as it is written: the monitors' keys stand beside those that concern all.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::catalogue::{CATALOGUE, Monitor};
use super::model::{Model, Setting, Tuning};

/// The keys that concern all monitors.
const COMMON: [&str; 7] = [
    "trail",
    "log_group",
    "own_trail",
    "managed_trail",
    "management_events",
    "topic",
    "patterns",
];

impl Serialize for Model {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        for (key, text) in [
            ("trail", &self.trail),
            ("log_group", &self.log_group),
            ("topic", &self.topic),
        ] {
            if let Some(text) = text {
                map.serialize_entry(key, text)?;
            }
        }
        for (key, is_so) in [
            ("own_trail", self.own_trail),
            ("managed_trail", self.managed_trail),
        ] {
            if let Some(is_so) = is_so {
                map.serialize_entry(key, &is_so)?;
            }
        }
        if let Some(events) = self.management_events {
            map.serialize_entry("management_events", &events)?;
        }
        if let Some(patterns) = self.patterns {
            map.serialize_entry("patterns", &patterns)?;
        }
        for (monitor, setting) in &self.monitors {
            map.serialize_entry(monitor, setting)?;
        }
        map.end()
    }
}

/// A key of the table.
enum Key {
    Common(&'static str),
    Monitor(Monitor),
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let key = String::deserialize(from)?;
        if let Some(common) = COMMON.into_iter().find(|common| *common == key) {
            return Ok(Key::Common(common));
        }
        Monitor::of(&key).map(Key::Monitor).ok_or_else(|| {
            let known: Vec<String> = COMMON
                .into_iter()
                .chain(CATALOGUE.iter().map(|entry| entry.key))
                .map(|known| format!("`{known}`"))
                .collect();
            D::Error::custom(format!(
                "unknown field `{key}`, expected one of {}",
                known.join(", ")
            ))
        })
    }
}

struct OfModel;

impl<'de> Visitor<'de> for OfModel {
    type Value = Model;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of monitors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Model, A::Error> {
        let mut model = Model::default();
        while let Some(key) = map.next_key()? {
            match key {
                Key::Common("trail") => model.trail = Some(map.next_value()?),
                Key::Common("log_group") => model.log_group = Some(map.next_value()?),
                Key::Common("own_trail") => model.own_trail = Some(map.next_value()?),
                Key::Common("managed_trail") => model.managed_trail = Some(map.next_value()?),
                Key::Common("management_events") => model.management_events = Some(map.next_value()?),
                Key::Common("topic") => model.topic = Some(map.next_value()?),
                Key::Common("patterns") => model.patterns = Some(map.next_value()?),
                Key::Common(_) => {
                    map.next_value::<IgnoredAny>()?;
                }
                Key::Monitor(monitor) => {
                    model.monitors.insert(monitor, map.next_value()?);
                }
            }
        }
        Ok(model)
    }
}

impl<'de> Deserialize<'de> for Model {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(OfModel)
    }
}

impl Serialize for Setting {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Setting::Off => to.serialize_bool(false),
            Setting::On(tuning) if *tuning == Tuning::default() => to.serialize_bool(true),
            Setting::On(tuning) => tuning.serialize(to),
        }
    }
}

struct OfSetting;

impl<'de> Visitor<'de> for OfSetting {
    type Value = Setting;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false or a table { threshold, period }")
    }

    fn visit_bool<E: Error>(self, is_on: bool) -> Result<Setting, E> {
        Ok(match is_on {
            true => Setting::On(Tuning::default()),
            false => Setting::Off,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Setting, A::Error> {
        Tuning::deserialize(MapAccessDeserializer::new(map)).map(Setting::On)
    }
}

impl<'de> Deserialize<'de> for Setting {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(OfSetting)
    }
}
