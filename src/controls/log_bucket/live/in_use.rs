//! The bucket that takes the logs now, where that of the file does not exist or is not this account's.

use trueup_aws::{Cx, Failure};

use super::read::{Found, find};
use crate::{cloudtrail, config_recorder};

/// What takes the logs.
pub(super) enum InUse {
    /// A bucket of this account.
    Own(String, Found),
    /// A bucket of another account, by the evidence that CloudTrail delivers to it.
    Central(String),
    /// Nothing that is known to.
    Nothing,
}

/// Looks where the trail and the home region's recorder deliver to.
///
/// A central bucket does not show its settings, so that files arrive is all that can be known. Where Config has yet to
/// be given a bucket, that of the file is made for it.
pub(super) async fn look(
    cx: &Cx,
    written: &str,
    place: &Found,
    trail: Option<&cloudtrail::Seen>,
) -> Result<InUse, Failure> {
    let of_trail = trail.and_then(|seen| seen.trail.s3_bucket_name.clone());
    let of_config = config_recorder::bucket(cx).await?;
    for used in [&of_trail, &of_config].into_iter().flatten() {
        if used == written {
            continue;
        }
        match find(&cx.clients().s3, used, &cx.env.account).await? {
            own @ (Found::Here | Found::In(_)) => return Ok(InUse::Own(used.to_owned(), own)),
            Found::NotOurs if of_trail.as_ref() == Some(used) && arrives(trail) && of_config.is_some() => {
                return Ok(InUse::Central(used.to_owned()));
            }
            Found::NotOurs | Found::Nowhere => {}
        }
    }
    let is_central = matches!(place, Found::NotOurs) && of_trail.as_deref() == Some(written);
    Ok(match is_central && arrives(trail) {
        true => InUse::Central(written.to_owned()),
        false => InUse::Nothing,
    })
}

fn arrives(trail: Option<&cloudtrail::Seen>) -> bool {
    trail.is_some_and(cloudtrail::Seen::fills_its_bucket)
}
