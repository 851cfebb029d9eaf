//! Types for fields whose values are words, or numbers with a word for "none".

use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

/// Whether a thing that exists once is there at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// It exists. A written table means that without saying so.
    Present,
    /// It does not exist; if it does, it is removed.
    Absent,
}

/// The word that stands for "no limit" in a field.
pub trait Word: 'static {
    /// The word as written in TOML.
    const WORD: &'static str;
}

/// `"never"`, for ages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Never;

impl Word for Never {
    const WORD: &'static str = "never";
}

/// `"none"`, for counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nothing;

impl Word for Nothing {
    const WORD: &'static str = "none";
}

/// A positive number, or a word for there being none: TOML has no null, and 0 means something else to AWS.
pub struct NumberOr<W> {
    /// The number, or nothing where the word was written.
    pub number: Option<i32>,
    word: PhantomData<fn() -> W>,
}

impl<W> NumberOr<W> {
    /// From what an API sends: nothing or zero is the word.
    pub fn from_api(number: Option<i32>) -> Self {
        NumberOr {
            number: number.filter(|n| *n > 0),
            word: PhantomData,
        }
    }
}

impl<W> Clone for NumberOr<W> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<W> Copy for NumberOr<W> {}

impl<W> PartialEq for NumberOr<W> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl<W> Eq for NumberOr<W> {}

impl<W: Word> fmt::Debug for NumberOr<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<W: Word> fmt::Display for NumberOr<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            Some(number) => write!(f, "{number}"),
            None => f.write_str(W::WORD),
        }
    }
}

impl<W: Word> Serialize for NumberOr<W> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.number {
            Some(number) => serializer.serialize_i32(number),
            None => serializer.serialize_str(W::WORD),
        }
    }
}

impl<'de, W: Word> Deserialize<'de> for NumberOr<W> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<W>(PhantomData<fn() -> W>);

        impl<W: Word> Visitor<'_> for Either<W> {
            type Value = NumberOr<W>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a number from 1, or \"{}\"", W::WORD)
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<NumberOr<W>, E> {
                match i32::try_from(number) {
                    Ok(number) if number > 0 => Ok(NumberOr {
                        number: Some(number),
                        word: PhantomData,
                    }),
                    _ => Err(E::invalid_value(de::Unexpected::Signed(number), &self)),
                }
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<NumberOr<W>, E> {
                match i64::try_from(number) {
                    Ok(number) => self.visit_i64(number),
                    Err(_) => Err(E::invalid_value(de::Unexpected::Unsigned(number), &self)),
                }
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<NumberOr<W>, E> {
                if word == W::WORD {
                    Ok(NumberOr {
                        number: None,
                        word: PhantomData,
                    })
                } else {
                    Err(E::invalid_value(de::Unexpected::Str(word), &self))
                }
            }
        }

        deserializer.deserialize_any(Either(PhantomData))
    }
}

impl<W: Word> JsonSchema for NumberOr<W> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("number_or_{}", W::WORD).into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "oneOf": [{ "type": "integer", "minimum": 1 }, { "const": W::WORD }] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, serde::Deserialize)]
    struct Table {
        age: NumberOr<Never>,
    }

    #[test]
    fn a_number_and_the_word_survive_the_way_there_and_back() {
        for text in ["age = 90\n", "age = \"never\"\n"] {
            let table: Table = toml::from_str(text).unwrap();
            assert_eq!(toml::to_string(&table).unwrap(), text);
        }
    }

    #[test]
    fn anything_else_is_refused_with_what_was_expected() {
        for text in [
            "age = 0",
            "age = -1",
            "age = \"none\"",
            "age = true",
            "age = 5000000000",
        ] {
            let error = toml::from_str::<Table>(text).unwrap_err().to_string();
            assert!(
                error.contains("expected a number from 1, or \"never\""),
                "{text}: {error}"
            );
        }
    }
}
