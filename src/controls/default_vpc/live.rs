//! The calls: reading, and each change. What is already as asked for, or already gone, counts as done.

use aws_sdk_ec2::types::VpcState;
use futures::try_join;
use trueup_aws::wait::{self, HALF_A_MINUTE};
use trueup_aws::{Cx, Failure, done};
use trueup_core::control::Observed;

use super::model::{Action, Group, Ids, IgnoredTags, Model, State, Subnet, Vpc};
use super::obstacles::NOT_LOOKED_FOR;

pub(super) mod read;
mod write;

use self::read::EVERYWHERE;
use self::write::{GATEWAY_GONE, add_gateway, attach, attached, needed_gateway};

/// What a call answers while something that was deleted or detached just before still counts as there.
const STILL_USED: &[&str] = &["DependencyViolation"];

/// What a deletion answers where something uses what is to go.
const IN_USE: &[&str] = &["DependencyViolation", "InvalidGroup.InUse"];

/// What is waited for then.
const UNUSED: &str = "EC2 sees that nothing uses it";

const VPC_GONE: &str = "InvalidVpcID.NotFound";

/// See [`Live::fetch`](trueup_aws::Live::fetch).
pub(super) async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
    let to_go = want.is_some_and(|want| want.state == Some(State::Absent));
    let ignored = want.map(Model::ignored).unwrap_or_default();
    let vpc = read::default_vpc(&cx.clients().ec2, to_go.then_some(&ignored)).await?;
    Ok(Observed {
        model: Model {
            // The account has no such thing: it is how the file reads the account.
            ignore_tags: want.and_then(|want| want.ignore_tags.clone()),
            ..Model::of(vpc.as_ref().map_or(State::Absent, Vpc::state))
        },
        ids: Ids { vpc },
        held_by: None,
    })
}

/// Makes the change. If AWS refuses a deletion, because something uses what is to go, the fault says what and what is
/// gone already: nothing that would follow is tried.
pub(super) async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
    match change(action, cx).await {
        Err(fault) if fault.is_one_of(IN_USE) => Err(explained(fault, cx).await),
        changed => changed,
    }
}

/// The fault with what is read of the VPC now, as far as that can be read.
async fn explained(fault: Failure, cx: &Cx) -> Failure {
    let ec2 = &cx.clients().ec2;
    // Tags forbid nothing to AWS.
    let every_tag = IgnoredTags(vec!["*".to_owned()]);
    let left = try_join!(read::default_vpc(ec2, Some(&every_tag)), read::zones(ec2));
    match left {
        Ok((Some(vpc), zones)) => fault.reworded(|said| refused(said, &vpc, zones)),
        _ => fault,
    }
}

/// What AWS said, what is in the way, what is gone, and what to do.
fn refused(said: &str, vpc: &Vpc, zones: Vec<String>) -> String {
    let id = &vpc.id;
    let in_the_way = match vpc.obstacles.as_slice() {
        [] => format!("EC2 shows nothing that uses {id}; not looked for: {NOT_LOOKED_FOR}"),
        obstacles => format!("in the way: {}", obstacles.join(", ")),
    };
    let mut gone: Vec<String> = read::without_subnet(zones, &vpc.subnets)
        .into_iter()
        .map(|zone| format!("the default subnet of {zone}"))
        .collect();
    gone.extend(vpc.gateways.is_empty().then(|| match &vpc.detached_gateway {
        Some(gateway) => format!("the attachment of internet gateway {gateway}"),
        None => "the internet gateway".to_owned(),
    }));
    let gone = match gone.as_slice() {
        [] => format!("nothing of {id} is removed"),
        gone => format!("{id} no longer has {}; nothing more is removed", gone.join(", ")),
    };
    format!(
        "{}; {in_the_way}; {gone}. Delete what uses it and apply again, or restore it with state = \"present\"",
        said.trim_end_matches('.')
    )
}

/// Makes the change.
async fn change(action: &Action, cx: &Cx) -> Result<(), Failure> {
    let ec2 = &cx.clients().ec2;
    match action {
        Action::DeleteSubnet(Subnet { id, .. }) => done(
            // Never tried again: a dependency here means that the subnet is in use.
            ec2.delete_subnet().subnet_id(id).send().await,
            &["InvalidSubnetID.NotFound"],
        ),
        Action::DeleteGroup(Group { id, .. }) => done(
            // Never tried again: a dependency here means that the group is in use.
            ec2.delete_security_group().group_id(id).send().await,
            &["InvalidGroup.NotFound"],
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

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::model::DefaultRoute;
    use super::*;

    /// What is left of a default VPC in a region with three zones.
    fn left(zones: &[&str], gateway: bool, obstacles: &[&str]) -> String {
        let vpc = Vpc {
            id: "vpc-1".to_owned(),
            gateways: gateway.then(|| "igw-1".to_owned()).into_iter().collect(),
            detached_gateway: None,
            subnets: zones
                .iter()
                .map(|zone| Subnet {
                    id: format!("subnet-{zone}"),
                    zone: (*zone).to_owned(),
                })
                .collect(),
            zones_without_subnet: vec![],
            main_route_table: "rtb-1".to_owned(),
            default_route: DefaultRoute::Leads,
            unused_groups: vec![],
            obstacles: obstacles.iter().map(|line| (*line).to_owned()).collect(),
            lost: vec![],
            notices: vec![],
        };
        let zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"].map(str::to_owned);
        refused("It has dependencies.", &vpc, zones.to_vec())
    }

    #[test]
    fn a_refused_deletion_says_what_is_in_the_way_what_is_gone_and_what_to_do() {
        assert_snapshot!(left(&["eu-west-1b", "eu-west-1c"], true, &["instance i-1 (running)", "VPN gateway vgw-1"]), @r#"It has dependencies; in the way: instance i-1 (running), VPN gateway vgw-1; vpc-1 no longer has the default subnet of eu-west-1a; nothing more is removed. Delete what uses it and apply again, or restore it with state = "present""#);
        assert_snapshot!(left(&["eu-west-1a", "eu-west-1b", "eu-west-1c"], true, &["instance i-1 (running)"]), @r#"It has dependencies; in the way: instance i-1 (running); nothing of vpc-1 is removed. Delete what uses it and apply again, or restore it with state = "present""#);
        assert_snapshot!(left(&[], false, &[]), @r#"It has dependencies; EC2 shows nothing that uses vpc-1; not looked for: DB, cache and other subnet groups, Auto Scaling groups, launch templates, idle Lambda functions, route servers, local gateways of Outposts, Route 53 private hosted zones, Resolver and DNS Firewall rules; vpc-1 no longer has the default subnet of eu-west-1a, the default subnet of eu-west-1b, the default subnet of eu-west-1c, the internet gateway; nothing more is removed. Delete what uses it and apply again, or restore it with state = "present""#);
    }
}
