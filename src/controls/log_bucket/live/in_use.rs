//! The bucket that takes the logs now, where no file names one, or that of the file does not exist or is not this
//! account's.

use trueup_aws::{Cx, Failure};

use super::read::{Found, find, ours};
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

/// What a file may name as the account's log bucket.
pub(super) enum ToExport {
    /// A bucket of this account.
    Own(String),
    /// None: the logs go to a bucket that is not this account's, in a sentence.
    Elsewhere(String),
    /// None, and there are no logs.
    Nothing,
}

/// The first bucket of this account of these: where the chosen trail delivers to, where the home region's recorder does,
/// one that has trueup's statements, where any other trail of the account's own does.
pub(super) async fn to_export(
    cx: &Cx,
    trails: &[cloudtrail::Seen],
    chosen: Option<&cloudtrail::Seen>,
) -> Result<ToExport, Failure> {
    let of_trail = |seen: &cloudtrail::Seen| seen.trail.s3_bucket_name.clone();
    let mut elsewhere = None;
    if let Some(name) = chosen.and_then(of_trail) {
        match not_own(cx, &name).await? {
            None => return Ok(ToExport::Own(name)),
            Some(why) => elsewhere = Some(format!("the trail delivers to the bucket `{name}`, which {why}")),
        }
    }
    // That Config may not be asked says nothing of a bucket that others know.
    let of_config = config_recorder::bucket(cx).await;
    if let Ok(Some(name)) = &of_config {
        match not_own(cx, name).await? {
            None => return Ok(ToExport::Own(name.clone())),
            Some(why) => {
                elsewhere.get_or_insert(format!("AWS Config delivers to the bucket `{name}`, which {why}"));
            }
        }
    }
    if let Some(name) = ours(cx).await?.into_iter().next() {
        return Ok(ToExport::Own(name));
    }
    let own = trails.iter().filter(|seen| seen.owner() == Some(&cx.env.account));
    for name in own.filter_map(of_trail) {
        match not_own(cx, &name).await? {
            None => return Ok(ToExport::Own(name)),
            Some(why) => {
                elsewhere.get_or_insert(format!("a trail delivers to the bucket `{name}`, which {why}"));
            }
        }
    }
    // What Config would have told may be a bucket of this account.
    of_config?;
    Ok(elsewhere.map_or(ToExport::Nothing, ToExport::Elsewhere))
}

/// Nothing if a bucket is this account's; otherwise what it is, after `which`.
async fn not_own(cx: &Cx, name: &str) -> Result<Option<&'static str>, Failure> {
    Ok(match find(&cx.clients().s3, name, &cx.env.account).await? {
        Found::Here | Found::In(_) => None,
        Found::NotOurs => Some("belongs to another account"),
        Found::Nowhere => Some("does not exist"),
    })
}

fn arrives(trail: Option<&cloudtrail::Seen>) -> bool {
    trail.is_some_and(cloudtrail::Seen::fills_its_bucket)
}
