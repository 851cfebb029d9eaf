//! The element Condition: its operators, and what they make of missing keys and of several values.
//!
//! Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Conditions with multiple context keys
//! or values".

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde_json::Value;

use super::pattern::{Token, Unresolved, fits, fits_arn, pattern};
use super::request::{Held, Request};
use super::truth::{Truth, Why};
use super::{is_nothing, values};

/// Whether all conditions are met.
pub(super) fn are_met(element: &Value, request: &Request, has_variables: bool) -> Truth {
    let Value::Object(operators) = element else {
        return Truth::malformed("Condition");
    };
    Truth::all(
        operators
            .iter()
            .filter(|(_, keys)| !is_nothing(keys))
            .map(|(name, keys)| match (Operator::from_str(name), by_key(keys)) {
                (Ok(operator), Some(keys)) => Truth::all(keys.iter().map(|(key, wanted)| {
                    let variables = has_variables.then_some(request);
                    Condition {
                        operator,
                        key,
                        wanted,
                        variables,
                    }
                    .is_met(request.key(key))
                })),
                _ => Truth::malformed(format!("condition {name}")),
            }),
    )
}

/// The wanted values by key, whose names have no case.
fn by_key(keys: &Value) -> Option<BTreeMap<String, Vec<String>>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, wanted) in keys.as_object()?.iter().filter(|(_, wanted)| !is_nothing(wanted)) {
        found
            .entry(key.to_lowercase())
            .or_default()
            .extend(values(wanted)?);
    }
    Some(found)
}

/// Keys that hold a list, also where it has one value. Source: IAM User Guide, "AWS global condition context keys" (value
/// type), and Service Authorization Reference, "Condition keys for Amazon EventBridge".
const LISTS: [&str; 9] = [
    "aws:calledvia",
    "aws:principalorgpaths",
    "aws:principalservicenameslist",
    "aws:resourceorgpaths",
    "aws:sourceorgpaths",
    "aws:tagkeys",
    "aws:vpceorgpaths",
    "events:detail-type",
    "events:source",
];

/// An operator with its prefix and suffix.
#[derive(Clone, Copy)]
struct Operator {
    set: Set,
    compare: Compare,
    is_negated: bool,
    if_exists: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Set {
    None,
    AllValues,
    AnyValue,
}

#[derive(Clone, Copy, PartialEq)]
enum Compare {
    Text { wildcards: bool, ignore_case: bool },
    Number(Order),
    Date(Order),
    Bool,
    Binary,
    Ip,
    Arn,
    Null,
}

/// What the value of the request is, compared with the one of the document.
#[derive(Clone, Copy, PartialEq)]
enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl FromStr for Operator {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        let name = name.to_lowercase();
        let (set, name) = match name.split_once(':') {
            None => (Set::None, name.as_str()),
            Some(("forallvalues", base)) => (Set::AllValues, base),
            Some(("foranyvalue", base)) => (Set::AnyValue, base),
            Some(_) => return Err(()),
        };
        let (name, if_exists) = match name.strip_suffix("ifexists") {
            Some(base) => (base, true),
            None => (name, false),
        };
        let text = |wildcards, ignore_case| Compare::Text {
            wildcards,
            ignore_case,
        };
        let (compare, is_negated) = match name {
            "stringequals" => (text(false, false), false),
            "stringnotequals" => (text(false, false), true),
            "stringequalsignorecase" => (text(false, true), false),
            "stringnotequalsignorecase" => (text(false, true), true),
            "stringlike" => (text(true, false), false),
            "stringnotlike" => (text(true, false), true),
            "bool" => (Compare::Bool, false),
            "binaryequals" => (Compare::Binary, false),
            "ipaddress" => (Compare::Ip, false),
            "notipaddress" => (Compare::Ip, true),
            "arnequals" | "arnlike" => (Compare::Arn, false),
            "arnnotequals" | "arnnotlike" => (Compare::Arn, true),
            // It takes neither the suffix nor a prefix.
            "null" if !if_exists && set == Set::None => (Compare::Null, false),
            other => {
                let (kind, order): (fn(Order) -> Compare, _) = match other.strip_prefix("numeric") {
                    Some(order) => (Compare::Number, order),
                    None => (Compare::Date, other.strip_prefix("date").ok_or(())?),
                };
                match order {
                    "equals" => (kind(Order::Equal), false),
                    "notequals" => (kind(Order::Equal), true),
                    "lessthan" => (kind(Order::Less), false),
                    "lessthanequals" => (kind(Order::LessOrEqual), false),
                    "greaterthan" => (kind(Order::Greater), false),
                    "greaterthanequals" => (kind(Order::GreaterOrEqual), false),
                    _ => return Err(()),
                }
            }
        };
        Ok(Operator {
            set,
            compare,
            is_negated,
            if_exists,
        })
    }
}

/// One key of one operator, with the values that the document wants.
struct Condition<'a> {
    operator: Operator,
    key: &'a str,
    wanted: &'a [String],
    /// Where the values of variables come from, if the document can contain variables.
    variables: Option<&'a Request>,
}

impl Condition<'_> {
    fn is_met(&self, held: Held) -> Truth {
        let Operator {
            set,
            compare,
            is_negated,
            if_exists,
        } = self.operator;
        let held = match held {
            Held::Unknown => return Truth::Unknown(Why::UnknownKey(self.key.to_owned())),
            Held::Absent => None,
            Held::Values(values) => Some(values),
        };
        if compare == Compare::Null {
            let is_null = held.is_none();
            return Truth::any(self.wanted.iter().map(|wanted| match truth(wanted) {
                Some(wanted) => Truth::from(wanted == is_null),
                None => Truth::malformed(format!("value {wanted} of Null")),
            }));
        }
        // A list without values, or of empty ones, is as good as no key to a set operator.
        let is_filled = |value: &String| !value.is_empty();
        match (set, held) {
            (Set::AllValues, None) => Truth::Yes,
            (Set::AnyValue, None) => Truth::from(if_exists),
            (Set::None, None) => Truth::from(if_exists || is_negated),
            (Set::AllValues, Some(held)) => {
                Truth::all(held.iter().filter(|v| is_filled(v)).map(|v| self.suits(v)))
            }
            (Set::AnyValue, Some(held)) => {
                Truth::any(held.iter().filter(|v| is_filled(v)).map(|v| self.suits(v)))
            }
            (Set::None, Some(held)) => {
                let any = Truth::any(held.iter().map(|value| self.suits(value)));
                let is_list = held.len() > 1 || LISTS.contains(&self.key);
                // Without prefix AWS may take any value, all, or none of a list: a no is clear, a yes is not.
                if is_list && any != Truth::No {
                    Truth::Unknown(Why::SeveralValues(self.key.to_owned()))
                } else {
                    any
                }
            }
        }
    }

    /// Whether one value of the request suits: it is one of those wanted or, for a negated operator, none of them.
    fn suits(&self, held: &str) -> Truth {
        let any = Truth::any(self.wanted.iter().map(|wanted| self.is_alike(wanted, held)));
        if self.operator.is_negated {
            any.negated()
        } else {
            any
        }
    }

    fn is_alike(&self, wanted: &str, held: &str) -> Truth {
        let alike = match self.operator.compare {
            Compare::Text {
                wildcards,
                ignore_case: false,
            } => self.with_pattern(wanted, wildcards, |p| Some(fits(p, held))),
            Compare::Text {
                wildcards,
                ignore_case: true,
            } => self.with_pattern(wanted, wildcards, |p| {
                let lower = p.iter().flat_map(|token| lower(*token)).collect::<Vec<_>>();
                Some(fits(&lower, &held.to_lowercase()))
            }),
            Compare::Arn => self.with_pattern(wanted, true, |p| fits_arn(p, held)),
            Compare::Number(order) => Ok(number(held)
                .zip(number(wanted))
                .map(|(h, w)| order.holds(h.cmp(&w)))),
            Compare::Date(order) => Ok(date(held).zip(date(wanted)).map(|(h, w)| order.holds(h.cmp(&w)))),
            Compare::Bool => Ok(truth(held).zip(truth(wanted)).map(|(h, w)| h == w)),
            Compare::Ip => Ok(held
                .parse()
                .ok()
                .zip(network(wanted))
                .map(|(h, w): (IpAddr, _)| w.contains(&h))),
            Compare::Binary | Compare::Null => Ok(Some(held == wanted)),
        };
        match alike {
            Ok(Some(alike)) => Truth::from(alike),
            Ok(None) => Truth::malformed(format!("value of {}: {wanted} or {held}", self.key)),
            Err(why) => why,
        }
    }

    /// What a comparison says of a wanted text with its variables filled in. One without value matches nothing; what
    /// a negated operator makes of it, the guide does not say.
    fn with_pattern(
        &self,
        wanted: &str,
        wildcards: bool,
        compare: impl Fn(&[Token]) -> Option<bool>,
    ) -> Result<Option<bool>, Truth> {
        match pattern(wanted, wildcards, self.variables) {
            Ok(pattern) => Ok(compare(&pattern)),
            Err(Unresolved::Unknown(key)) => Err(Truth::Unknown(Why::UnknownKey(key))),
            Err(Unresolved::Absent(key)) if self.operator.is_negated => {
                Err(Truth::Unknown(Why::UnresolvedVariable(key)))
            }
            Err(Unresolved::Absent(_)) => Err(Truth::No),
        }
    }
}

impl Order {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Order::Equal => ordering.is_eq(),
            Order::Less => ordering.is_lt(),
            Order::LessOrEqual => ordering.is_le(),
            Order::Greater => ordering.is_gt(),
            Order::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

fn lower(token: Token) -> Vec<Token> {
    match token {
        Token::One(one) => one.to_lowercase().map(Token::One).collect(),
        wildcard => vec![wildcard],
    }
}

fn truth(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

fn number(text: &str) -> Option<Decimal> {
    text.parse().ok()
}

/// A range, or one address as the range of itself.
fn network(text: &str) -> Option<IpNet> {
    text.parse()
        .ok()
        .or_else(|| text.parse().ok().map(|address: IpAddr| IpNet::from(address)))
}

/// A moment as ISO 8601 writes it, a day (its first moment), or seconds since 1970.
fn date(text: &str) -> Option<Timestamp> {
    // Four digits may be a year too.
    if let (Ok(seconds), false) = (text.parse(), text.len() == 4) {
        return Timestamp::from_second(seconds).ok();
    }
    if text.contains('T') {
        return text.parse().ok();
    }
    let day: DateTime = text.parse().ok()?;
    TimeZone::UTC.to_timestamp(day).ok()
}
