//! What an ordered key asks for: a bound that a stricter live value also keeps, or exactly one value.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, Expected, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use toml::{Table, Value};

const EXACTLY: &str = "exactly";
const AT_MOST: &str = "at_most";

/// What an ordered key asks for. Written plain, `14`, it is a floor, or a ceiling where less is stricter: a stricter
/// live value stays. `{ exactly = 14 }` also loosens, by consent. Where `CAPPED`, `{ at_most = 14 }` is possible, too.
///
/// The live model has it plain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound<T, const CAPPED: bool = false> {
    /// A stricter live value stays.
    Plain(T),
    /// No other value will do.
    Exactly(T),
    /// A less strict live value stays: for what is paid for as long as it is kept.
    AtMost(T),
}

/// A bound that can also be turned round: `{ at_most = X }`.
pub type Capped<T> = Bound<T, true>;

/// How a live value stands to a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It is the wanted value.
    Equal,
    /// It is another one, on the side that the bound leaves free.
    Other,
    /// It has to be changed.
    Misses,
}

impl<T, const CAPPED: bool> Bound<T, CAPPED> {
    /// The value that is written, which is the one to send where a live value misses the bound.
    pub fn value(&self) -> &T {
        match self {
            Bound::Plain(value) | Bound::Exactly(value) | Bound::AtMost(value) => value,
        }
    }

    /// The same, by value.
    pub fn into_value(self) -> T {
        match self {
            Bound::Plain(value) | Bound::Exactly(value) | Bound::AtMost(value) => value,
        }
    }

    /// How a live value stands to it. `strictness` gives the stricter of two values as the greater one.
    pub fn fit(&self, live: &T, strictness: impl FnOnce(&T, &T) -> Ordering) -> Fit {
        match (strictness(live, self.value()), self) {
            (Ordering::Equal, _) => Fit::Equal,
            (Ordering::Greater, Bound::Plain(_)) | (Ordering::Less, Bound::AtMost(_)) => Fit::Other,
            _ => Fit::Misses,
        }
    }

    /// The value that stands once the bound is kept: the live one if it fits, else the written one.
    pub fn settled<'a>(&'a self, live: Option<&'a T>, strictness: impl FnOnce(&T, &T) -> Ordering) -> &'a T {
        match live {
            Some(live) if self.fit(live, strictness) != Fit::Misses => live,
            _ => self.value(),
        }
    }
}

/// The value of a table that is a bound, such as `{ exactly = 14 }`.
pub fn bounded(table: &Table) -> Option<&Value> {
    let mut entries = table.iter();
    match (entries.next(), entries.next()) {
        (Some((key, value)), None) if is_bound_key(key) => Some(value),
        _ => None,
    }
}

/// True for the keys that turn a table into a bound. Such a table is one value: it replaces and is replaced as a whole.
pub fn is_bound_key(key: &str) -> bool {
    [EXACTLY, AT_MOST].contains(&key)
}

impl<T: Serialize, const CAPPED: bool> Serialize for Bound<T, CAPPED> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (key, value) = match self {
            Bound::Plain(value) => return value.serialize(serializer),
            Bound::Exactly(value) => (EXACTLY, value),
            Bound::AtMost(value) => (AT_MOST, value),
        };
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(key, value)?;
        map.end()
    }
}

impl<'de, T: Deserialize<'de>, const CAPPED: bool> Deserialize<'de> for Bound<T, CAPPED> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T, const CAPPED: bool>(PhantomData<fn() -> T>);

        macro_rules! plain {
            ($($visit:ident: $kind:ty),*) => {$(
                fn $visit<E: de::Error>(self, value: $kind) -> Result<Self::Value, E> {
                    T::deserialize(value.into_deserializer()).map(Bound::Plain)
                }
            )*};
        }

        impl<'de, T: Deserialize<'de>, const CAPPED: bool> Visitor<'de> for Either<T, CAPPED> {
            type Value = Bound<T, CAPPED>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(if CAPPED {
                    "a value, { exactly = value } or { at_most = value }"
                } else {
                    "a value or { exactly = value }"
                })
            }

            plain!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                T::deserialize(SeqAccessDeserializer::new(seq)).map(Bound::Plain)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let refuse =
                    |what: String| de::Error::custom(format!("{what}; expected {}", &self as &dyn Expected));
                let bound: fn(T) -> Self::Value = match map.next_key::<String>()?.as_deref() {
                    Some(EXACTLY) => Bound::Exactly,
                    Some(AT_MOST) if CAPPED => Bound::AtMost,
                    Some(AT_MOST) => return Err(refuse(format!("{AT_MOST} is not possible here"))),
                    Some(key) => return Err(refuse(format!("`{key}` is not a bound"))),
                    None => return Err(refuse("the bound is empty".to_owned())),
                };
                let value = map.next_value()?;
                match map.next_key::<String>()? {
                    None => Ok(bound(value)),
                    Some(_) => Err(refuse("a bound has one key".to_owned())),
                }
            }
        }

        deserializer.deserialize_any(Either(PhantomData))
    }
}

impl<T: JsonSchema, const CAPPED: bool> JsonSchema for Bound<T, CAPPED> {
    fn schema_name() -> Cow<'static, str> {
        let kind = if CAPPED { "capped_bound" } else { "bound" };
        format!("{kind}_of_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        let table = |key: &str| {
            json_schema!({
                "type": "object",
                "properties": { key: value },
                "required": [key],
                "additionalProperties": false
            })
        };
        let mut forms = vec![value.clone(), table(EXACTLY)];
        if CAPPED {
            forms.push(table(AT_MOST));
        }
        json_schema!({ "oneOf": forms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::{Never, NumberOr};

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Model {
        length: Option<Bound<i32>>,
        days: Option<Capped<NumberOr<Never>>>,
        types: Option<Bound<Vec<String>>>,
    }

    fn read(text: &str) -> Result<Model, String> {
        toml::from_str(text).map_err(|error: toml::de::Error| error.message().to_owned())
    }

    #[test]
    fn each_form_is_read_and_written_back() {
        let plain = "length = 14\ndays = \"never\"\ntypes = [\"a\", \"b\"]\n";
        let exact = "[length]\nexactly = 8\n\n[days]\nat_most = 400\n\n[types]\nexactly = []\n";
        for text in [plain, exact] {
            assert_eq!(toml::to_string(&read(text).unwrap()).unwrap(), text);
        }
        assert_eq!(
            read("length = { exactly = 8 }").unwrap().length,
            Some(Bound::Exactly(8))
        );
    }

    #[test]
    fn other_forms_are_refused_with_what_is_expected() {
        let told = |text: &str| read(text).unwrap_err();
        assert_eq!(
            told("length = { at_most = 8 }"),
            "at_most is not possible here; expected a value or { exactly = value }"
        );
        let a_cap = "expected a value, { exactly = value } or { at_most = value }";
        for (bound, what) in [
            ("{ exactly = 8, at_most = 9 }", "a bound has one key"),
            ("{ exact = 8 }", "`exact` is not a bound"),
            ("{}", "the bound is empty"),
        ] {
            assert_eq!(told(&format!("days = {bound}")), format!("{what}; {a_cap}"));
        }
        assert_eq!(
            told("length = \"long\""),
            "invalid type: string \"long\", expected i32"
        );
        assert_eq!(
            told("length = { exactly = \"long\" }"),
            "invalid type: string \"long\", expected i32"
        );
        assert_eq!(
            told("days = 0"),
            "invalid value: integer `0`, expected a number from 1, or \"never\""
        );
    }

    #[test]
    fn a_stricter_value_keeps_a_floor_and_a_milder_one_a_cap() {
        let fits = |bound: Bound<i32, true>| [1, 2, 3].map(|live| bound.fit(&live, i32::cmp));
        assert_eq!(fits(Bound::Plain(2)), [Fit::Misses, Fit::Equal, Fit::Other]);
        assert_eq!(fits(Bound::Exactly(2)), [Fit::Misses, Fit::Equal, Fit::Misses]);
        assert_eq!(fits(Bound::AtMost(2)), [Fit::Other, Fit::Equal, Fit::Misses]);
    }

    #[test]
    fn what_stands_in_the_end_is_the_live_value_where_it_fits() {
        let settled = |bound: Bound<i32>, live: Option<i32>| *bound.settled(live.as_ref(), i32::cmp);
        assert_eq!(settled(Bound::Plain(2), Some(3)), 3);
        assert_eq!(settled(Bound::Exactly(2), Some(3)), 2);
        assert_eq!(settled(Bound::Plain(2), None), 2);
    }
}
