//! Lists in pages, as all of IAM's lists come: `Marker`, `MaxItems`, `IsTruncated`.

use aws_smithy_types::base64;
use serde_json::{Value, json};

use super::SERVICE;
use crate::{AwsError, Call};

/// A page without `MaxItems` (IAM API reference).
const USUAL: usize = 100;

/// One page of a list, under the list's name.
pub(super) fn page(call: &Call, member: &str, all: Vec<Value>) -> Result<Value, AwsError> {
    let (page, mut answer) = cut(call, all)?;
    answer[member] = page.into();
    Ok(answer)
}

/// One page of a list, and beside it what says whether there is more.
pub(super) fn cut<T>(call: &Call, mut all: Vec<T>) -> Result<(Vec<T>, Value), AwsError> {
    let most = match call.input["MaxItems"].as_str() {
        None => USUAL,
        Some(asked) => asked
            .parse()
            .ok()
            .filter(|n| (1..=1000).contains(n))
            .ok_or_else(|| {
                SERVICE.invalid(format!(
                        "1 validation error detected: Value '{asked}' at 'maxItems' failed to satisfy constraint: \
                         Member must have value between 1 and 1000"
                    ),
                )
            })?,
    };
    let from = match call.input["Marker"].as_str() {
        None => 0,
        Some(marker) => begun(marker)
            .filter(|from| *from < all.len())
            .ok_or_else(|| SERVICE.invalid("Invalid Marker."))?,
    };
    let mut page = all.split_off(from);
    let rest = page.split_off(most.min(page.len()));
    if rest.is_empty() {
        return Ok((page, json!({ "IsTruncated": false })));
    }
    let marker = base64::encode(format!("from {}", from + most));
    Ok((page, json!({ "IsTruncated": true, "Marker": marker })))
}

fn begun(marker: &str) -> Option<usize> {
    let text = String::from_utf8(base64::decode(marker).ok()?).ok()?;
    text.strip_prefix("from ")?.parse().ok()
}
