//! Makes one change of a default VPC. What is already as asked for, or already gone, counts as done.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::operation::create_internet_gateway::CreateInternetGatewayOutput;
use aws_sdk_ec2::types::VpcState;
use aws_smithy_types::retry::RetryConfig;
use trueup_aws::done;
use trueup_aws::wait::{self, HALF_A_MINUTE};
use trueup_aws::{Cx, Failure};
use trueup_core::fault::FaultKind;

use super::read::{self, EVERYWHERE};
use super::{Action, Subnet};

/// What a call answers while something that was deleted or detached just before still counts as there.
const STILL_USED: &[&str] = &["DependencyViolation"];
/// What is waited for then.
const UNUSED: &str = "EC2 sees that nothing uses it";
/// What a call answers that was refused for its rate and so has changed nothing.
const THROTTLED: &[&str] = &["RequestLimitExceeded", "Throttling"];
const VPC_GONE: &str = "InvalidVpcID.NotFound";
const GATEWAY_GONE: &str = "InvalidInternetGatewayID.NotFound";

/// Makes the change.
pub(super) async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
    let ec2 = &cx.clients().ec2;
    match action {
        Action::DeleteSubnet(Subnet { id, .. }) => done(
            // Never tried again: a dependency here means that the subnet is in use.
            ec2.delete_subnet().subnet_id(id).send().await,
            &["InvalidSubnetID.NotFound"],
        ),
        Action::DetachGateway { gateway, vpc } => {
            let call = ec2
                .detach_internet_gateway()
                .internet_gateway_id(gateway)
                .vpc_id(vpc);
            let answer = wait::patiently(cx.wait_until(UNUSED), HALF_A_MINUTE, STILL_USED, || async {
                Ok(call.clone().send().await?)
            })
            .await;
            done(answer, &["Gateway.NotAttached", GATEWAY_GONE, VPC_GONE])
        }
        Action::DeleteGateway { gateway } => {
            let call = ec2.delete_internet_gateway().internet_gateway_id(gateway);
            let answer = wait::patiently(cx.wait_until(UNUSED), HALF_A_MINUTE, STILL_USED, || async {
                Ok(call.clone().send().await?)
            })
            .await;
            done(answer, &[GATEWAY_GONE])
        }
        Action::DeleteVpc { vpc } => {
            let call = ec2.delete_vpc().vpc_id(vpc);
            let answer = wait::patiently(cx.wait_until(UNUSED), HALF_A_MINUTE, STILL_USED, || async {
                Ok(call.clone().send().await?)
            })
            .await;
            done(answer, &[VPC_GONE])?;
            wait::until(
                cx.wait_until("EC2 no longer lists the VPC"),
                HALF_A_MINUTE,
                "ec2:DescribeVpcs",
                "still lists the deleted VPC",
                || async {
                    let left = read::find(ec2).await?;
                    Ok(left.is_none_or(|left| left.vpc_id() != Some(vpc)))
                },
            )
            .await
        }
        Action::Create => {
            done(
                ec2.create_default_vpc().send().await,
                &["DefaultVpcAlreadyExists"],
            )?;
            wait::until(
                cx.wait_until("EC2 lists the new VPC"),
                HALF_A_MINUTE,
                "ec2:DescribeVpcs",
                "does not yet list the new default VPC",
                || async {
                    let made = read::find(ec2).await?;
                    Ok(made.is_some_and(|made| made.state() != Some(&VpcState::Pending)))
                },
            )
            .await
        }
        Action::AddGateway { vpc } => add_gateway(cx, vpc).await,
        Action::AttachGateway { gateway, vpc } => match attached(ec2, vpc).await? {
            Some(_) => Ok(()),
            None => attach(cx, gateway, vpc).await,
        },
        Action::CreateRoute { table, vpc } => {
            let call = ec2
                .create_route()
                .route_table_id(table)
                .destination_cidr_block(EVERYWHERE)
                .gateway_id(needed_gateway(ec2, vpc).await?);
            done(call.send().await, &["RouteAlreadyExists"])
        }
        Action::ReplaceRoute { table, vpc } => {
            ec2.replace_route()
                .route_table_id(table)
                .destination_cidr_block(EVERYWHERE)
                .gateway_id(needed_gateway(ec2, vpc).await?)
                .send()
                .await?;
            Ok(())
        }
        Action::CreateSubnet { zone } => done(
            ec2.create_default_subnet().availability_zone(zone).send().await,
            &["DefaultSubnetAlreadyExistsInAvailabilityZone"],
        ),
    }
}

/// Creates and attaches in one action, because AWS hands out the id. A gateway that could not be attached
/// does not stay behind.
async fn add_gateway(cx: &Cx, vpc: &str) -> Result<(), Failure> {
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
    let Err(fault) = attach(cx, &gateway, vpc).await else {
        return Ok(());
    };
    let cleared = ec2
        .delete_internet_gateway()
        .internet_gateway_id(&gateway)
        .send()
        .await;
    match done(cleared, &[GATEWAY_GONE]) {
        Ok(()) => Err(fault),
        Err(left) => Err(fault
            .reworded(|said| format!("{said}; {gateway}, which was made for it, is left behind ({left})"))),
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

async fn attach(cx: &Cx, gateway: &str, vpc: &str) -> Result<(), Failure> {
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
async fn attached(ec2: &Client, vpc: &str) -> Result<Option<String>, Failure> {
    let gateways = read::attached_gateways(ec2, vpc).await?;
    Ok(gateways
        .into_iter()
        .find_map(|gateway| gateway.internet_gateway_id))
}

async fn needed_gateway(ec2: &Client, vpc: &str) -> Result<String, Failure> {
    attached(ec2, vpc).await?.ok_or_else(|| {
        Failure::answer(
            "ec2:DescribeInternetGateways",
            format!("no internet gateway is attached to {vpc}, so there is nothing to route to; plan again"),
        )
    })
}
