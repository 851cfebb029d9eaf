//! The policies of the organization that are in effect on the account: who else may own what a control manages.
//!
//! Any account may ask for its own (AWS Organizations API reference, `DescribeEffectivePolicy`), one type a call. It matters
//! only where something differs, so only then is it asked.

use std::marker::PhantomData;

use aws_sdk_organizations::types::EffectivePolicyType;
use serde_json::Value;
use tokio::sync::Mutex;
use trueup_aws::{Cx, Failure, Reading};
use trueup_core::fault::FaultKind;
use trueup_core::location::Location;

/// A type of policy.
pub(crate) trait Kind: Send + Sync + 'static {
    /// Its name in the API.
    const TYPE: &'static str;
}

/// What is known of the policy of one type.
struct Effective<K> {
    content: Value,
    kind: PhantomData<K>,
}

/// Whether no type is worth asking for any more, because the account is in no organization or may not ask. One refusal is
/// enough: denied calls ring the account's own alarms.
#[derive(Default)]
struct IsOver(Mutex<bool>);

impl Reading for IsOver {
    async fn read(_cx: &Cx) -> Result<Self, Failure> {
        Ok(IsOver::default())
    }
}

impl<K: Kind> Reading for Effective<K> {
    async fn read(cx: &Cx) -> Result<Self, Failure> {
        let is_over = cx.cached::<IsOver>().await?;
        let mut is_over = is_over.0.lock().await;
        if *is_over {
            return Ok(Effective::of(Value::Null));
        }
        let call = cx.clients().organizations.describe_effective_policy();
        // The SDK's list of types lags behind AWS's.
        let answer = call.policy_type(EffectivePolicyType::from(K::TYPE)).send().await;
        let content = match answer.map_err(Failure::from) {
            Ok(answer) => match answer.effective_policy.and_then(|policy| policy.policy_content) {
                None => Value::Null,
                Some(text) => serde_json::from_str(&text).map_err(|error| {
                    Failure::answer("organizations:DescribeEffectivePolicy", error.to_string())
                })?,
            },
            Err(fault) if fault.is_one_of(&OF_ONE_TYPE) => Value::Null,
            Err(fault)
                if fault.is_one_of(&OF_ALL_TYPES)
                    || is_refusal(fault.kind)
                    || cx.is_emulator() && is_unknown(fault.kind) =>
            {
                *is_over = true;
                Value::Null
            }
            Err(fault) => return Err(fault),
        };
        Ok(Effective::of(content))
    }
}

/// The codes that say nothing about the other types: there is no policy of this one, or the partition does not know it.
const OF_ONE_TYPE: [&str; 2] = ["EffectivePolicyNotFoundException", "InvalidInputException"];

/// The codes that hold for all types: there is no organization, or its policies cannot be asked for here.
const OF_ALL_TYPES: [&str; 2] = [
    "AWSOrganizationsNotInUseException",
    "UnsupportedAPIEndpointException",
];

impl<K> Effective<K> {
    fn of(content: Value) -> Self {
        Effective {
            content,
            kind: PhantomData,
        }
    }
}

/// Whether the account may not ask, or has nothing that it could ask. Any other failure leaves open who owns what differs.
fn is_refusal(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::Denied | FaultKind::DeniedByOrganization | FaultKind::NotAvailable
    )
}

/// Whether an emulator may have answered that has no such call.
fn is_unknown(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::Service | FaultKind::Unexpected)
}

/// The policy of a type that is in effect on the account, its operators resolved; null where there is none, or none that the
/// caller may know of. Each survey asks once.
pub(crate) async fn effective_policy<K: Kind>(cx: &Cx) -> Result<Value, Failure> {
    let policy = cx.at(Location::Account).cached::<Effective<K>>().await?;
    Ok(policy.content.clone())
}
