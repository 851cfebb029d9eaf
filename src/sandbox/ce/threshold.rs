//! From which impact on an anomaly is told: the one form of `Expression` that a subscription takes.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{AwsError, SERVICE};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
enum Expression {
    Dimensions(Leaf),
    And(Vec<Whole>),
    Or(Vec<Whole>),
}

/// A leaf within `And` or `Or`: they do not nest.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Whole {
    dimensions: Leaf,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Leaf {
    key: Key,
    values: Vec<String>,
    match_options: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
enum Key {
    #[serde(rename = "ANOMALY_TOTAL_IMPACT_ABSOLUTE")]
    Absolute,
    #[serde(rename = "ANOMALY_TOTAL_IMPACT_PERCENTAGE")]
    Percentage,
}

/// The threshold of AWS's own subscription: 100 dollars and 40 percent.
pub(super) fn default() -> Value {
    let leaf = |key: &str, value: &str| json!({"Dimensions": {"Key": key, "Values": [value], "MatchOptions": ["GREATER_THAN_OR_EQUAL"]}});
    json!({"And": [
        leaf("ANOMALY_TOTAL_IMPACT_ABSOLUTE", "100"),
        leaf("ANOMALY_TOTAL_IMPACT_PERCENTAGE", "40"),
    ]})
}

/// Refuses every other form.
pub(super) fn check(expression: &Value) -> Result<(), AwsError> {
    let typed = Expression::deserialize(expression)
        .map_err(|error| SERVICE.invalid(format!("ThresholdExpression is invalid: {error}")))?;
    match typed {
        Expression::Dimensions(leaf) => leaf.check(),
        Expression::And(both) | Expression::Or(both) => match both.as_slice() {
            [one, other] if one.dimensions.key != other.dimensions.key => {
                one.dimensions.check().and_then(|()| other.dimensions.check())
            }
            _ => Err(SERVICE.invalid("ThresholdExpression: And and Or take one expression of each impact")),
        },
    }
}

impl Leaf {
    fn check(&self) -> Result<(), AwsError> {
        if self.match_options != ["GREATER_THAN_OR_EQUAL"] {
            return Err(SERVICE.invalid("ThresholdExpression: MatchOptions must be GREATER_THAN_OR_EQUAL"));
        }
        let number = match self.values.as_slice() {
            [value] => value.parse::<f64>().ok(),
            _ => None,
        };
        if number.is_none_or(|number| !(0.0..=10_000_000_000.0).contains(&number)) {
            return Err(SERVICE.invalid("ThresholdExpression: Values must be one number, 0 to 10000000000"));
        }
        Ok(())
    }
}
