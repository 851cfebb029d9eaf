//! Makes one change of a default VPC. What is already as asked for, or already gone, counts as done.

use std::time::Duration;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::operation::create_internet_gateway::CreateInternetGatewayOutput;
use aws_sdk_ec2::types::VpcState;
use aws_smithy_types::retry::RetryConfig;

use super::read::{self, EVERYWHERE};
use super::{Action, Subnet};
use crate::fault::{Fault, FaultKind};

/// How long to wait before each further try where AWS needs time until one call sees what another did: 20
/// seconds in all. Only calls that follow such a change are tried again.
const PAUSES: &[Duration] = &[
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(6),
    Duration::from_secs(10),
];

/// What a call answers while something that was deleted or detached just before still counts as there.
const STILL_USED: &[&str] = &["DependencyViolation"];
/// What a call answers that was refused for its rate and so has changed nothing.
const THROTTLED: &[&str] = &["RequestLimitExceeded", "Throttling"];
const VPC_GONE: &str = "InvalidVpcID.NotFound";
const GATEWAY_GONE: &str = "InvalidInternetGatewayID.NotFound";

/// Makes the change.
pub(super) async fn apply(action: &Action, ec2: &Client) -> Result<(), Fault> {
    match action {
        Action::DeleteSubnet(Subnet { id, .. }) => done(
            // Never tried again: a dependency here means that the subnet is in use.
            ec2.delete_subnet()
                .subnet_id(id)
                .send()
                .await
                .map_err(Fault::from),
            &["InvalidSubnetID.NotFound"],
        ),
        Action::DetachGateway { gateway, vpc } => {
            let call = ec2
                .detach_internet_gateway()
                .internet_gateway_id(gateway)
                .vpc_id(vpc);
            let answer = patiently(PAUSES, STILL_USED, || async { Ok(call.clone().send().await?) }).await;
            done(answer, &["Gateway.NotAttached", GATEWAY_GONE, VPC_GONE])
        }
        Action::DeleteGateway { gateway } => {
            let call = ec2.delete_internet_gateway().internet_gateway_id(gateway);
            let answer = patiently(PAUSES, STILL_USED, || async { Ok(call.clone().send().await?) }).await;
            done(answer, &[GATEWAY_GONE])
        }
        Action::DeleteVpc { vpc } => {
            let call = ec2.delete_vpc().vpc_id(vpc);
            let answer = patiently(PAUSES, STILL_USED, || async { Ok(call.clone().send().await?) }).await;
            done(answer, &[VPC_GONE])?;
            until(
                PAUSES,
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
                ec2.create_default_vpc().send().await.map_err(Fault::from),
                &["DefaultVpcAlreadyExists"],
            )?;
            until(
                PAUSES,
                "ec2:DescribeVpcs",
                "does not yet list the new default VPC",
                || async {
                    let made = read::find(ec2).await?;
                    Ok(made.is_some_and(|made| made.state() != Some(&VpcState::Pending)))
                },
            )
            .await
        }
        Action::AddGateway { vpc } => add_gateway(ec2, vpc).await,
        Action::AttachGateway { gateway, vpc } => match attached(ec2, vpc).await? {
            Some(_) => Ok(()),
            None => attach(ec2, gateway, vpc).await,
        },
        Action::CreateRoute { table, vpc } => {
            let call = ec2
                .create_route()
                .route_table_id(table)
                .destination_cidr_block(EVERYWHERE)
                .gateway_id(needed_gateway(ec2, vpc).await?);
            done(call.send().await.map_err(Fault::from), &["RouteAlreadyExists"])
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
            ec2.create_default_subnet()
                .availability_zone(zone)
                .send()
                .await
                .map_err(Fault::from),
            &["DefaultSubnetAlreadyExistsInAvailabilityZone"],
        ),
    }
}

/// Creates and attaches in one action, because AWS hands out the id. A gateway that could not be attached
/// does not stay behind.
async fn add_gateway(ec2: &Client, vpc: &str) -> Result<(), Fault> {
    if attached(ec2, vpc).await?.is_some() {
        return Ok(());
    }
    let created = create_gateway(ec2).await?.internet_gateway;
    let gateway = read::present(
        created.as_ref().and_then(|created| created.internet_gateway_id()),
        "ec2:CreateInternetGateway",
        "InternetGatewayId",
    )?;
    let Err(fault) = attach(ec2, &gateway, vpc).await else {
        return Ok(());
    };
    let cleared = ec2
        .delete_internet_gateway()
        .internet_gateway_id(&gateway)
        .send()
        .await
        .map_err(Fault::from);
    match done(cleared, &[GATEWAY_GONE]) {
        Ok(()) => Err(fault),
        Err(left) => Err(Fault {
            message: format!(
                "{}; {gateway}, which was made for it, is left behind ({left})",
                fault.message
            ),
            ..fault
        }),
    }
}

/// Creates an internet gateway, once. It is the one call here that takes no token and has no "already exists": tried
/// again after an answer that was lost, it would make a second one, so that the SDK must not.
async fn create_gateway(ec2: &Client) -> Result<CreateInternetGatewayOutput, Fault> {
    let answer = patiently(PAUSES, THROTTLED, || async {
        let once = aws_sdk_ec2::config::Config::builder().retry_config(RetryConfig::disabled());
        let call = ec2.create_internet_gateway().customize().config_override(once);
        Ok(call.send().await?)
    })
    .await;
    answer.map_err(|fault| match fault.kind {
        FaultKind::Network => Fault {
            message: format!(
                "{}; AWS may have made an internet gateway all the same: look for one that is attached to nothing \
                 before you apply again",
                fault.message
            ),
            ..fault
        },
        _ => fault,
    })
}

async fn attach(ec2: &Client, gateway: &str, vpc: &str) -> Result<(), Fault> {
    let call = ec2
        .attach_internet_gateway()
        .internet_gateway_id(gateway)
        .vpc_id(vpc);
    // A gateway that was created just before may not be known everywhere yet.
    let answer = patiently(PAUSES, &[GATEWAY_GONE], || async {
        Ok(call.clone().send().await?)
    })
    .await;
    done(answer, &["Resource.AlreadyAssociated"])?;
    until(
        PAUSES,
        "ec2:DescribeInternetGateways",
        "does not yet list the gateway as attached",
        || async { Ok(attached(ec2, vpc).await?.is_some()) },
    )
    .await
}

/// The internet gateway that is attached to the VPC.
async fn attached(ec2: &Client, vpc: &str) -> Result<Option<String>, Fault> {
    let gateways = read::attached_gateways(ec2, vpc).await?;
    Ok(gateways
        .into_iter()
        .find_map(|gateway| gateway.internet_gateway_id))
}

async fn needed_gateway(ec2: &Client, vpc: &str) -> Result<String, Fault> {
    attached(ec2, vpc).await?.ok_or_else(|| {
        Fault::answer(
            "ec2:DescribeInternetGateways",
            format!("no internet gateway is attached to {vpc}, so there is nothing to route to; plan again"),
        )
    })
}

/// Nothing to do counts as done.
fn done<T>(answer: Result<T, Fault>, already: &[&str]) -> Result<(), Fault> {
    match answer {
        Err(fault) if !fault.is_one_of(already) => Err(fault),
        _ => Ok(()),
    }
}

/// Calls again, after each of the pauses, while the answer is one of these codes. The last answer stands.
async fn patiently<T, F>(
    pauses: &[Duration],
    passing: &[&str],
    call: impl Fn() -> F + Send,
) -> Result<T, Fault>
where
    F: Future<Output = Result<T, Fault>> + Send,
{
    for pause in pauses {
        match call().await {
            Err(fault) if fault.is_one_of(passing) => tokio::time::sleep(*pause).await,
            answer => return answer,
        }
    }
    call().await.map_err(|fault| {
        if fault.is_one_of(passing) {
            Fault {
                message: format!("{} (tried {} times)", fault.message, pauses.len() + 1),
                ..fault
            }
        } else {
            fault
        }
    })
}

/// Asks again, after each of the pauses, until the answer is yes.
async fn until<F>(
    pauses: &[Duration],
    call: &str,
    not_yet: &str,
    is_so: impl Fn() -> F + Send,
) -> Result<(), Fault>
where
    F: Future<Output = Result<bool, Fault>> + Send,
{
    for pause in pauses {
        if is_so().await? {
            return Ok(());
        }
        tokio::time::sleep(*pause).await;
    }
    if is_so().await? {
        return Ok(());
    }
    let waited: Duration = pauses.iter().sum();
    Err(Fault::answer(
        call,
        format!("{not_yet} after {} seconds; plan again later", waited.as_secs()),
    ))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const AT_ONCE: &[Duration] = &[Duration::ZERO; 4];

    fn fault(code: &str) -> Fault {
        Fault {
            kind: FaultKind::Service,
            code: Some(code.to_owned()),
            ..Fault::answer("ec2:DeleteVpc", "the vpc has dependencies")
        }
    }

    /// Calls patiently something that answers with these codes in turn, then well; how often was it called?
    async fn tried(codes: &[&str]) -> (Result<(), Fault>, usize) {
        let calls = AtomicUsize::new(0);
        let answer = patiently(AT_ONCE, STILL_USED, || async {
            match codes.get(calls.fetch_add(1, Ordering::Relaxed)) {
                Some(code) => Err(fault(code)),
                None => Ok(()),
            }
        })
        .await;
        (answer, calls.into_inner())
    }

    #[tokio::test]
    async fn what_still_counts_as_used_is_tried_again_until_it_is_not() {
        assert_eq!(tried(&[]).await, (Ok(()), 1));
        assert_eq!(
            tried(&["DependencyViolation", "DependencyViolation"]).await,
            (Ok(()), 3)
        );
    }

    #[tokio::test]
    async fn after_the_last_try_the_fault_says_how_often_it_was_tried() {
        let (answer, calls) = tried(&["DependencyViolation"; 9]).await;
        assert_eq!(calls, 5);
        assert_eq!(
            answer.unwrap_err().to_string(),
            "ec2:DeleteVpc: DependencyViolation: the vpc has dependencies (tried 5 times)"
        );
    }

    #[tokio::test]
    async fn another_fault_ends_the_tries_at_once() {
        let (answer, calls) = tried(&["DependencyViolation", "UnauthorizedOperation"]).await;
        assert_eq!((answer.unwrap_err(), calls), (fault("UnauthorizedOperation"), 2));
    }

    #[test]
    fn what_is_already_gone_is_done_and_nothing_else_is() {
        assert_eq!(done(Ok("deleted"), &[VPC_GONE]), Ok(()));
        assert_eq!(done::<()>(Err(fault(VPC_GONE)), &[VPC_GONE]), Ok(()));
        assert!(done::<()>(Err(fault("DependencyViolation")), &[VPC_GONE]).is_err());
    }

    #[tokio::test]
    async fn waiting_ends_with_a_fault_that_says_what_did_not_come() {
        let fault = until(AT_ONCE, "ec2:DescribeVpcs", "still lists it", || async {
            Ok(false)
        })
        .await
        .unwrap_err();
        assert_eq!(
            fault.to_string(),
            "ec2:DescribeVpcs: still lists it after 0 seconds; plan again later"
        );
    }
}
