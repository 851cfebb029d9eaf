//! From which impact on an anomaly is told.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};
use trueup_core::values::{Bound, Decimal};

use super::model::Model;

/// The word for an impact that does not count.
const NONE: &str = "none";

/// The least impact of one kind, or "none" where that kind does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Impact {
    /// At least so much.
    From(Decimal),
    /// It does not count.
    None,
}

impl Impact {
    /// The number, if it counts.
    pub(crate) fn number(self) -> Option<Decimal> {
        match self {
            Impact::From(number) => Some(number),
            Impact::None => None,
        }
    }
}

impl From<Option<Decimal>> for Impact {
    fn from(number: Option<Decimal>) -> Self {
        number.map_or(Impact::None, Impact::From)
    }
}

impl fmt::Display for Impact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Impact::From(number) => fmt::Display::fmt(number, f),
            Impact::None => f.write_str(NONE),
        }
    }
}

impl Serialize for Impact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Impact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrNone;

        impl Visitor<'_> for NumberOrNone {
            type Value = Impact;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a number, such as \"50\", or \"{NONE}\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Impact, E> {
                if text == NONE {
                    return Ok(Impact::None);
                }
                text.parse()
                    .map(Impact::From)
                    .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Impact, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Impact, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Impact, E> {
                Decimal::from_f64(number)
                    .map(Impact::From)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Float(number), &self))
            }
        }

        deserializer.deserialize_any(NumberOrNone)
    }
}

impl JsonSchema for Impact {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "impact".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "oneOf": [
            { "type": "string", "pattern": "^([0-9]+([.][0-9]+)?|none)$" },
            { "type": "number", "minimum": 0 },
        ] })
    }
}

/// How two impacts go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Combine {
    /// An anomaly must reach both.
    And,
    /// One of them is enough.
    Or,
}

impl Combine {
    /// The word as written in TOML.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Combine::And => "and",
            Combine::Or => "or",
        }
    }
}

/// A whole threshold: the only forms that a subscription can have (API reference, `AnomalySubscription`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Threshold {
    /// US dollars more than expected.
    Absolute(Decimal),
    /// Percent more than expected.
    Percent(Decimal),
    /// Both.
    Both {
        /// US dollars more than expected.
        absolute: Decimal,
        /// Percent more than expected.
        percent: Decimal,
        /// How they go together.
        combine: Combine,
    },
}

impl Threshold {
    /// The impact in US dollars.
    pub(crate) fn absolute(self) -> Option<Decimal> {
        match self {
            Threshold::Absolute(absolute) | Threshold::Both { absolute, .. } => Some(absolute),
            Threshold::Percent(_) => None,
        }
    }

    /// The impact in percent.
    pub(crate) fn percent(self) -> Option<Decimal> {
        match self {
            Threshold::Percent(percent) | Threshold::Both { percent, .. } => Some(percent),
            Threshold::Absolute(_) => None,
        }
    }

    /// How both go together.
    pub(crate) fn combine(self) -> Option<Combine> {
        match self {
            Threshold::Both { combine, .. } => Some(combine),
            _ => None,
        }
    }
}

impl Threshold {
    /// True if it alerts on every anomaly that the other one alerts on.
    pub(crate) fn covers(self, other: Threshold) -> bool {
        let least = |mine: Option<Decimal>, its: Option<Decimal>| match (mine, its) {
            (None, _) => true,
            (Some(mine), Some(its)) => mine <= its,
            (Some(_), None) => false,
        };
        let mine = self.either();
        other.either().into_iter().flatten().all(|(absolute, percent)| {
            mine.into_iter()
                .flatten()
                .any(|own| least(own.0, absolute) && least(own.1, percent))
        })
    }

    /// The least impacts of which one pair is enough; what is nothing does not count.
    fn either(self) -> [Option<(Option<Decimal>, Option<Decimal>)>; 2] {
        match self {
            Threshold::Absolute(absolute) => [Some((Some(absolute), None)), None],
            Threshold::Percent(percent) => [Some((None, Some(percent))), None],
            Threshold::Both {
                absolute,
                percent,
                combine: Combine::And,
            } => [Some((Some(absolute), Some(percent))), None],
            Threshold::Both {
                absolute,
                percent,
                combine: Combine::Or,
            } => [Some((Some(absolute), None)), Some((None, Some(percent)))],
        }
    }
}

/// Why keys make no threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Incomplete {
    /// No impact counts.
    NoImpact,
    /// Both count, and nothing says how they go together.
    NoCombine,
}

impl Model {
    /// The whole threshold that its keys make.
    pub(super) fn threshold(&self) -> Result<Threshold, Incomplete> {
        let number = |impact: Option<Bound<Impact>>| impact.and_then(|impact| impact.value().number());
        match (
            number(self.impact_absolute),
            number(self.impact_percent),
            self.combine,
        ) {
            (None, None, _) => Err(Incomplete::NoImpact),
            (Some(absolute), None, _) => Ok(Threshold::Absolute(absolute)),
            (None, Some(percent), _) => Ok(Threshold::Percent(percent)),
            (Some(_), Some(_), None) => Err(Incomplete::NoCombine),
            (Some(absolute), Some(percent), Some(combine)) => Ok(Threshold::Both {
                absolute,
                percent,
                combine,
            }),
        }
    }

    /// True if no other threshold will do.
    pub(super) fn is_exact(&self) -> bool {
        [self.impact_absolute, self.impact_percent]
            .iter()
            .any(|impact| matches!(impact, Some(Bound::Exactly(_))))
    }

    /// True if it says something about the threshold.
    pub(super) fn manages_threshold(&self) -> bool {
        self.impact_absolute.is_some() || self.impact_percent.is_some() || self.combine.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn threshold(text: &str) -> Threshold {
        let model: Model = toml::from_str(text).unwrap();
        model.threshold().unwrap()
    }

    #[test]
    fn a_threshold_covers_another_one_if_it_alerts_on_all_of_that_ones_anomalies() {
        let forms = |absolute: &str, percent: &str| {
            let [a, p] = [
                format!("impact_absolute = {absolute}\n"),
                format!("impact_percent = {percent}\n"),
            ];
            let both = |combine: &str| format!("{a}{p}combine = \"{combine}\"");
            [a.clone(), p.clone(), both("and"), both("or")].map(|text| threshold(&text))
        };
        let covers = |mine: [Threshold; 4], its: [Threshold; 4]| {
            mine.map(|mine| its.map(|its| u8::from(mine.covers(its))))
        };
        // Rows: dollars, percent, both, either; columns the same of the other one.
        let same = [[1, 0, 1, 0], [0, 1, 1, 0], [0, 0, 1, 0], [1, 1, 1, 1]];
        assert_eq!(covers(forms("50", "40"), forms("50", "40")), same);
        assert_eq!(covers(forms("49", "39"), forms("50", "40")), same);
        assert_eq!(covers(forms("51", "41"), forms("50", "40")), [[0; 4]; 4]);
        let less_percent = [[0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0], [0, 1, 1, 0]];
        assert_eq!(covers(forms("51", "39"), forms("50", "40")), less_percent);
    }
}
