//! The roles that recorders record with. They are the account's, and many regions name the same one.

use std::collections::BTreeMap;

use tokio::sync::Mutex;
use trueup_aws::{Cx, Failure, Reading, found};
use trueup_core::location::Location;

/// The role is the account's and every region wants it: one at a time looks and makes it.
static LINKED: Mutex<()> = Mutex::const_new(());

/// Config's service-linked role.
const NAME: &str = "AWSServiceRoleForConfig";

/// Which roles there are, as far as it was asked for.
#[derive(Default)]
struct Roles(Mutex<BTreeMap<String, bool>>);

impl Reading for Roles {
    async fn read(_: &Cx) -> Result<Self, Failure> {
        Ok(Roles::default())
    }
}

/// Whether the role of this ARN exists. One of another account counts as existing, as this account cannot read it.
pub(super) async fn exists(cx: &Cx, arn: &str) -> Result<bool, Failure> {
    let own = format!("arn:{}:iam::{}:role/", cx.env.partition, cx.env.account);
    let Some(name) = arn.strip_prefix(&own).and_then(|path| path.rsplit('/').next()) else {
        return Ok(true);
    };
    let account = cx.at(Location::Account);
    let roles = account.cached::<Roles>().await?;
    let mut known = roles.0.lock().await;
    if let Some(exists) = known.get(name) {
        return Ok(*exists);
    }
    let exists = is_there(&account, name).await?;
    known.insert(name.to_owned(), exists);
    Ok(exists)
}

async fn is_there(cx: &Cx, name: &str) -> Result<bool, Failure> {
    let answer = cx.clients().iam.get_role().role_name(name).send().await;
    Ok(found(answer, "NoSuchEntity")?.is_some())
}

/// Makes Config's service-linked role if there is none.
pub(super) async fn make(cx: &Cx) -> Result<(), Failure> {
    let _alone = LINKED.lock().await;
    if is_there(cx, NAME).await? {
        return Ok(());
    }
    let call = cx.clients().iam.create_service_linked_role();
    match call.aws_service_name("config.amazonaws.com").send().await {
        Ok(_) => Ok(()),
        Err(error) => match Failure::from(error) {
            // "Service role name … has been taken in this account": another region's step made it meanwhile.
            fault if fault.is("InvalidInput") || fault.is("EntityAlreadyExists") => Ok(()),
            fault => Err(fault),
        },
    }
}
