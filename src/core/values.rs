//! Types for fields whose values are words, or numbers with a word for "none".

use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

mod bound;
mod recipient;

pub use self::bound::{Bound, Capped, Fit, bounded, is_bound_key};
pub use self::recipient::Recipient;

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

/// `"no_preference"`, for what is left to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPreference;

impl Word for NoPreference {
    const WORD: &'static str = "no_preference";
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

/// The one word `"required"`: for what no API shows, so that a person has to vouch for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Required {
    /// It has to be so.
    Required,
}

/// Amounts and percentages: equal by value, so that `"100"`, `100` and AWS's `"100.0"` are the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(rust_decimal::Decimal);

impl Decimal {
    /// The number itself.
    pub fn value(self) -> rust_decimal::Decimal {
        self.0
    }

    /// The number for an API that takes floating point.
    pub fn to_f64(self) -> f64 {
        // A decimal's own text is always a number.
        self.to_string().parse().unwrap_or_default()
    }

    /// How many percent of another amount this one is; nothing if that one is 0.
    pub fn percent_of(self, whole: Self) -> Option<Self> {
        let hundredfold = self.0.checked_mul(100.into())?;
        hundredfold
            .checked_div(whole.0)
            .map(|share| Decimal(share.normalize()))
    }

    /// From an API's floating point number; nothing if it is none.
    pub fn from_f64(number: f64) -> Option<Self> {
        number.to_string().parse().ok()
    }
}

impl std::str::FromStr for Decimal {
    type Err = rust_decimal::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        text.parse()
            .or_else(|error| rust_decimal::Decimal::from_scientific(text).map_err(|_| error))
            .map(|number: rust_decimal::Decimal| Decimal(number.normalize()))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;

        impl Visitor<'_> for Number {
            type Value = Decimal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, such as \"100\" or \"99.5\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Decimal, E> {
                text.parse()
                    .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Decimal, E> {
                Ok(Decimal(number.into()))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Decimal, E> {
                Ok(Decimal(number.into()))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Decimal, E> {
                Decimal::from_f64(number)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Float(number), &self))
            }
        }

        deserializer.deserialize_any(Number)
    }
}

impl JsonSchema for Decimal {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "decimal".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "oneOf": [{ "type": "string", "pattern": "^-?[0-9]+([.][0-9]+)?$" }, { "type": "number" }] })
    }
}

/// An e-mail address. Its case does not matter, and it is kept as it was written.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Email(#[schemars(extend("format" = "email"))] String);

impl Email {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which two equal addresses are the same bytes.
    pub fn folded(&self) -> String {
        self.0.trim().to_lowercase()
    }
}

impl std::str::FromStr for Email {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let well_formed = text.rsplit_once('@').is_some_and(|(name, domain)| {
            !name.is_empty()
                && domain.contains('.')
                && !domain.starts_with('.')
                && !domain.ends_with('.')
                && !text.contains(char::is_whitespace)
        });
        if well_formed {
            Ok(Email(text.to_owned()))
        } else {
            Err("is no e-mail address")
        }
    }
}

impl PartialEq for Email {
    fn eq(&self, other: &Self) -> bool {
        self.folded() == other.folded()
    }
}

impl Eq for Email {}

impl PartialOrd for Email {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Email {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.folded().cmp(&other.folded())
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| {
            de::Error::invalid_value(
                de::Unexpected::Str(&text),
                &"an e-mail address, such as \"security@example.com\"",
            )
        })
    }
}

/// A text with `{account_id}` and `{home_region}`, which are put in once the account is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Template(String);

impl Template {
    /// The text as it stands: whole once it is filled.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Puts the account in.
    pub fn fill(&mut self, env: &crate::env::Env) {
        self.0 = self
            .0
            .replace("{account_id}", &env.account)
            .replace("{home_region}", env.home.as_str());
    }
}

impl From<String> for Template {
    fn from(text: String) -> Self {
        Template(text)
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let rest = text.replace("{account_id}", "").replace("{home_region}", "");
        if rest.contains(['{', '}']) {
            return Err(de::Error::invalid_value(
                de::Unexpected::Str(&text),
                &"a text with no other braces than {account_id} and {home_region}",
            ));
        }
        Ok(Template(text))
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

    #[derive(Debug, PartialEq, Serialize, serde::Deserialize)]
    struct Words {
        amount: Option<Decimal>,
        email: Option<Email>,
        name: Option<Template>,
    }

    fn words(text: &str) -> Result<Words, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn decimals_are_equal_by_value() {
        let hundred = words("amount = \"100\"").unwrap();
        for text in ["100", "100.0", "\"100.00\"", "\"1E2\""] {
            assert_eq!(words(&format!("amount = {text}")).unwrap(), hundred, "{text}");
        }
        assert_eq!(toml::to_string(&hundred).unwrap(), "amount = \"100\"\n");
        assert_eq!(words("amount = 99.5").unwrap().amount.unwrap().to_f64(), 99.5);
        assert_eq!(Decimal::from_f64(80.0).unwrap().to_string(), "80");
        let number = |text: &str| text.parse::<Decimal>().unwrap();
        assert_eq!(number("120.5").percent_of(number("50")), Some(number("241")));
        assert_eq!(number("1").percent_of(number("0")), None);
        for text in ["\"a\"", "true", "inf"] {
            let error = words(&format!("amount = {text}")).unwrap_err();
            assert!(error.contains("expected a number, such as"), "{error}");
        }
    }

    #[test]
    fn the_case_of_an_address_does_not_matter_and_stays() {
        let address: Email = "Ops@Example.com".parse().unwrap();
        assert_eq!(address, "ops@example.COM".parse().unwrap());
        assert_eq!(address.to_string(), "Ops@Example.com");
        for text in ["ops", "@example.com", "a@b", "a b@example.com", "a@.com"] {
            assert!(text.parse::<Email>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_template_knows_two_places_and_no_others() {
        let mut name = words("name = \"logs-{account_id}-{home_region}\"")
            .unwrap()
            .name
            .unwrap();
        name.fill(&crate::env::Env {
            account: "123456789012".to_owned(),
            partition: "aws".to_owned(),
            home: "eu-west-1".parse().unwrap(),
            enabled: vec![],
            run: crate::env::Run::default(),
        });
        assert_eq!(name.as_str(), "logs-123456789012-eu-west-1");
        assert!(
            words("name = \"{region}\"")
                .unwrap_err()
                .contains("no other braces")
        );
    }
}
