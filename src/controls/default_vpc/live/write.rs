//! What the changes are made of.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::operation::create_internet_gateway::CreateInternetGatewayOutput;
use aws_smithy_types::retry::RetryConfig;
use trueup_aws::wait::{self, HALF_A_MINUTE};
use trueup_aws::{Cx, Failure, done};
use trueup_core::fault::FaultKind;

use super::read;

/// What a call answers that was refused for its rate and so has changed nothing.
const THROTTLED: &[&str] = &["RequestLimitExceeded", "Throttling"];

pub(super) const GATEWAY_GONE: &str = "InvalidInternetGatewayID.NotFound";

/// Creates and attaches in one action, because AWS hands out the id. A gateway that could not be attached
/// does not stay behind.
pub(super) async fn add_gateway(cx: &Cx, vpc: &str) -> Result<(), Failure> {
    let ec2 = &cx.clients().ec2;
    if attached(ec2, vpc).await?.is_some() {
        return Ok(());
    }
    let created = create_gateway(cx).await?.internet_gateway;
    let gateway = read::present(
        created.as_ref().and_then(|created| created.internet_gateway_id()),
        "ec2:CreateInternetGateway",
        "InternetGatewayId",
    )?;
    let is_attached = attach(cx, &gateway, vpc).await;
    // A VPC has one. Another run may have attached its own meanwhile, and a lost answer may have attached this one.
    let there = attached(ec2, vpc).await.ok().flatten();
    if there.as_ref() == Some(&gateway) || (is_attached.is_ok() && there.is_none()) {
        return Ok(());
    }
    let cleared = ec2
        .delete_internet_gateway()
        .internet_gateway_id(&gateway)
        .send()
        .await;
    match (there, done(cleared, &[GATEWAY_GONE])) {
        (Some(_), Ok(())) => Ok(()),
        (None, Ok(())) => is_attached,
        (Some(_), Err(left)) => {
            Err(left.reworded(|said| format!("{gateway} is not needed and could not be deleted: {said}")))
        }
        (None, Err(left)) => is_attached.map_err(|fault| {
            fault
                .reworded(|said| format!("{said}; {gateway}, which was made for it, is left behind ({left})"))
        }),
    }
}

/// Creates an internet gateway, once. It is the one call here that takes no token and has no "already exists": tried
/// again after an answer that was lost, it would make a second one, so that the SDK must not.
async fn create_gateway(cx: &Cx) -> Result<CreateInternetGatewayOutput, Failure> {
    let ec2 = &cx.clients().ec2;
    let answer = wait::patiently(
        cx.wait_until("EC2 takes calls again"),
        HALF_A_MINUTE,
        THROTTLED,
        || async {
            let once = aws_sdk_ec2::config::Config::builder().retry_config(RetryConfig::disabled());
            let call = ec2.create_internet_gateway().customize().config_override(once);
            Ok(call.send().await?)
        },
    )
    .await;
    answer.map_err(|fault| match fault.kind {
        FaultKind::Network => fault.reworded(|said| {
            format!(
                "{said}; AWS may have made an internet gateway all the same: look for one that is attached to nothing \
                 before you apply again"
            )
        }),
        _ => fault,
    })
}

pub(super) async fn attach(cx: &Cx, gateway: &str, vpc: &str) -> Result<(), Failure> {
    let ec2 = &cx.clients().ec2;
    let call = ec2
        .attach_internet_gateway()
        .internet_gateway_id(gateway)
        .vpc_id(vpc);
    // A gateway that was created just before may not be known everywhere yet.
    let answer = wait::patiently(
        cx.wait_until("EC2 knows the new gateway"),
        HALF_A_MINUTE,
        &[GATEWAY_GONE],
        || async { Ok(call.clone().send().await?) },
    )
    .await;
    done(answer, &["Resource.AlreadyAssociated"])?;
    wait::until(
        cx.wait_until("EC2 lists the gateway as attached"),
        HALF_A_MINUTE,
        "ec2:DescribeInternetGateways",
        "does not yet list the gateway as attached",
        || async { Ok(attached(ec2, vpc).await?.is_some()) },
    )
    .await
}

/// The internet gateway that is attached to the VPC.
pub(super) async fn attached(ec2: &Client, vpc: &str) -> Result<Option<String>, Failure> {
    let gateways = read::attached_gateways(ec2, vpc).await?;
    Ok(gateways
        .into_iter()
        .find_map(|gateway| gateway.internet_gateway_id))
}

pub(super) async fn needed_gateway(ec2: &Client, vpc: &str) -> Result<String, Failure> {
    attached(ec2, vpc).await?.ok_or_else(|| {
        Failure::answer(
            "ec2:DescribeInternetGateways",
            format!("no internet gateway is attached to {vpc}, so there is nothing to route to; plan again"),
        )
    })
}
