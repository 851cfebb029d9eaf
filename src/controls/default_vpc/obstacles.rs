//! What forbids removing a default VPC: everything that AWS did not make with it.
//!
//! What cannot be checked is not taken to be free. A check that the caller may not make, or that fails, is
//! an obstacle itself, so that one denied call does not hide what the others found; a passing trouble
//! (throttling, network, credentials) is a fault of the whole reading. Two checks may be missing, since
//! emulators do not know them and AWS makes them again: a transit gateway attachment has a network interface
//! in a subnet, which `DeleteSubnet` refuses first of all, and an egress-only internet gateway serves only a
//! VPC with an IPv6 range, which is an obstacle already, and is refused by `DeleteVpc`. Peering connections,
//! VPN gateways and flow logs have no such net.
//!
//! What other services keep of a VPC is looked for as far as EC2 shows it. An association with a VPC Lattice service
//! network shows as routes of AWS's own in the route tables, and everything else that serves a VPC from another service,
//! such as load balancers, databases or Resolver endpoints, as network interfaces or endpoints. [`NOT_LOOKED_FOR`] leaves
//! no trace in what is read.
//!
//! The rare things, of which some cost a call for each subnet, are looked for last, where nothing else is in the way.
//!
//! The calls are here; what their answers mean is in [`lines`], without I/O.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{
    Instance, InternetGateway, RouteTable, Subnet, SubnetCidrReservation, Vpc, VpcBlockPublicAccessExclusion,
};
use futures::future::{BoxFuture, join_all, try_join_all};
use futures::{FutureExt, try_join};
use trueup_aws::{Failure, found};
use trueup_core::fault::FaultKind;

use self::lines::{
    InTheWay, of_acls, of_carrier_gateways, of_egress_only, of_endpoints, of_exclusions, of_flow_logs,
    of_groups, of_hosts, of_nat_gateways, of_parts, of_peerings, of_reservations, of_transit,
    of_vpn_gateways,
};
use super::live::read::{all, filter};
use super::model::IgnoredTags;

pub(super) mod lines;
#[cfg(test)]
mod tests;

/// What may name a default VPC, its subnets or its groups and is not in the answers that are read.
pub(super) const NOT_LOOKED_FOR: &str = "DB, cache and other subnet groups, Auto Scaling groups, launch templates, idle \
                                         Lambda functions, route servers, local gateways of Outposts, Route 53 \
                                         private hosted zones, Resolver and DNS Firewall rules";

/// The most items of a page: with it and a filter EC2 counts a call as cheap.
const PAGE: i32 = 1000;

/// A default VPC and what every reading of it needs, as AWS sent it.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) vpc: Vpc,
    pub(super) gateways: Vec<InternetGateway>,
    pub(super) subnets: Vec<Subnet>,
    pub(super) route_tables: Vec<RouteTable>,
}

/// One kind of thing to look for.
struct Check<'a> {
    /// What, in the plural.
    what: &'static str,
    /// Whether AWS's own checks would find it even if this one is not made.
    aws_checks: bool,
    found: BoxFuture<'a, Result<InTheWay, Failure>>,
}

impl<'a> Check<'a> {
    fn new(what: &'static str, found: impl Future<Output = Result<InTheWay, Failure>> + Send + 'a) -> Self {
        Check {
            what,
            aws_checks: false,
            found: found.boxed(),
        }
    }

    fn aws_checks_too(self) -> Self {
        Check {
            aws_checks: true,
            ..self
        }
    }
}

/// Everything in the way, in a fixed order.
pub(super) async fn find(
    ec2: &Client,
    vpc: &str,
    parts: &Parts,
    ignored: &IgnoredTags,
) -> Result<InTheWay, Failure> {
    let mut findings = of_parts(parts, ignored);
    let frequent = [
        Check::new("instances and network interfaces", hosts(ec2, vpc)),
        Check::new("NAT gateways", nat_gateways(ec2, vpc)),
        Check::new("VPC endpoints", endpoints(ec2, vpc)),
        Check::new("peering connections", peerings(ec2, vpc)),
        Check::new("VPN gateways", vpn_gateways(ec2, vpc)),
        Check::new("egress-only internet gateways", egress_only(ec2, vpc)).aws_checks_too(),
        Check::new("transit gateway attachments", transit(ec2, vpc)).aws_checks_too(),
        Check::new("security groups", groups(ec2, vpc, ignored)),
        Check::new("network ACLs", acls(ec2, vpc, ignored)),
        Check::new("flow logs", flow_logs(ec2, vpc, parts)),
    ];
    make(frequent, &mut findings).await?;
    if findings.obstacles.is_empty() {
        let rare = [
            Check::new("carrier gateways", carrier_gateways(ec2, vpc)),
            Check::new("VPC Block Public Access exclusions", exclusions(ec2, vpc, parts)),
            Check::new("subnet CIDR reservations", reservations(ec2, parts)),
        ];
        make(rare, &mut findings).await?;
    }
    Ok(findings)
}

/// Makes checks side by side, and adds what they find in their order.
async fn make(checks: impl IntoIterator<Item = Check<'_>>, findings: &mut InTheWay) -> Result<(), Failure> {
    let made = checks.into_iter().map(|check| async move {
        let Check {
            what,
            aws_checks,
            found,
        } = check;
        found.await.or_else(|fault| unchecked(what, aws_checks, fault))
    });
    for found in join_all(made).await {
        findings.add(found?);
    }
    Ok(())
}

/// What a check that failed means.
fn unchecked(what: &str, aws_checks: bool, fault: Failure) -> Result<InTheWay, Failure> {
    let why = format!("{}: {}", fault.call, fault.reason());
    match fault.kind {
        FaultKind::Throttled
        | FaultKind::Network
        | FaultKind::Proxy
        | FaultKind::Certificate
        | FaultKind::Clock
        | FaultKind::Credentials
        | FaultKind::RegionNotEnabled => Err(fault),
        FaultKind::Service | FaultKind::Answer | FaultKind::Unexpected | FaultKind::NotAvailable
            if aws_checks =>
        {
            Ok(InTheWay {
                obstacles: vec![],
                notices: vec![format!(
                    "{what} could not be checked ({why}); AWS refuses to delete what they use"
                )],
                ..InTheWay::default()
            })
        }
        _ => {
            let hint = fault.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
            Ok(InTheWay::obstacles([format!(
                "{what} could not be checked ({why}){hint}"
            )]))
        }
    }
}

async fn hosts(ec2: &Client, vpc: &str) -> Result<InTheWay, Failure> {
    let (reservations, interfaces) = try_join!(
        all(ec2
            .describe_instances()
            .filters(filter("vpc-id", [vpc]))
            .filters(filter(
                "instance-state-name",
                ["pending", "running", "shutting-down", "stopping", "stopped"],
            ))
            .into_paginator()
            .page_size(PAGE)
            .items()
            .send()),
        all(ec2
            .describe_network_interfaces()
            .filters(filter("vpc-id", [vpc]))
            .into_paginator()
            .page_size(PAGE)
            .items()
            .send()),
    )?;
    let instances: Vec<Instance> = reservations
        .into_iter()
        .flat_map(|reservation| reservation.instances.unwrap_or_default())
        .collect();
    Ok(of_hosts(&instances, &interfaces))
}

async fn nat_gateways(ec2: &Client, vpc: &str) -> Result<InTheWay, Failure> {
    let call = ec2.describe_nat_gateways().filter(filter("vpc-id", [vpc]));
    Ok(of_nat_gateways(&all(call.into_paginator().items().send()).await?))
}

async fn endpoints(ec2: &Client, vpc: &str) -> Result<InTheWay, Failure> {
    let call = ec2.describe_vpc_endpoints().filters(filter("vpc-id", [vpc]));
    Ok(of_endpoints(&all(call.into_paginator().items().send()).await?))
}

async fn peerings(ec2: &Client, vpc: &str) -> Result<InTheWay, Failure> {
    // Two calls: filters of different names must all match, and a VPC is on one side only.
    let side = |name: &str| {
        let call = ec2
            .describe_vpc_peering_connections()
            .filters(filter(name, [vpc]));
        all(call.into_paginator().items().send())
    };
    let (asked, accepted) = try_join!(
        side("requester-vpc-info.vpc-id"),
        side("accepter-vpc-info.vpc-id")
    )?;
    Ok(of_peerings(vpc, asked.iter().chain(&accepted)))
}

async fn vpn_gateways(ec2: &Client, vpc: &str) -> Result<InTheWay, Failure> {
    let answer = ec2
        .describe_vpn_gateways()
        .filters(filter("attachment.vpc-id", [vpc]))
        .send()
        .await?;
    Ok(of_vpn_gateways(vpc, answer.vpn_gateways()))
}

async fn egress_only(ec2: &Client, vpc: &str) -> Result<InTheWay, Failure> {
    // It knows no filter by VPC.
    let call = ec2.describe_egress_only_internet_gateways();
    Ok(of_egress_only(
        vpc,
        &all(call.into_paginator().items().send()).await?,
    ))
}

async fn transit(ec2: &Client, vpc: &str) -> Result<InTheWay, Failure> {
    let call = ec2
        .describe_transit_gateway_vpc_attachments()
        .filters(filter("vpc-id", [vpc]));
    Ok(of_transit(vpc, &all(call.into_paginator().items().send()).await?))
}

async fn groups(ec2: &Client, vpc: &str, ignored: &IgnoredTags) -> Result<InTheWay, Failure> {
    let list = |name: &str, values: Vec<String>| {
        let call = ec2.describe_security_groups().filters(filter(name, values));
        all(call.into_paginator().page_size(PAGE).items().send())
    };
    let groups = list("vpc-id", vec![vpc.to_owned()]).await?;
    let ids: Vec<String> = groups.iter().filter_map(|group| group.group_id.clone()).collect();
    if ids.is_empty() {
        return Ok(of_groups(vpc, &groups, &[], ignored));
    }
    let (inward, outward) = try_join!(
        list("ip-permission.group-id", ids.clone()),
        list("egress.ip-permission.group-id", ids)
    )?;
    Ok(of_groups(vpc, &groups, &[inward, outward].concat(), ignored))
}

async fn acls(ec2: &Client, vpc: &str, ignored: &IgnoredTags) -> Result<InTheWay, Failure> {
    let call = ec2.describe_network_acls().filters(filter("vpc-id", [vpc]));
    Ok(of_acls(
        &all(call.into_paginator().items().send()).await?,
        ignored,
    ))
}

async fn flow_logs(ec2: &Client, vpc: &str, parts: &Parts) -> Result<InTheWay, Failure> {
    let resources = parts
        .subnets
        .iter()
        .filter_map(|subnet| subnet.subnet_id())
        .chain([vpc]);
    let call = ec2.describe_flow_logs().filter(filter("resource-id", resources));
    Ok(of_flow_logs(&all(call.into_paginator().items().send()).await?))
}

async fn carrier_gateways(ec2: &Client, vpc: &str) -> Result<InTheWay, Failure> {
    let call = ec2.describe_carrier_gateways().filters(filter("vpc-id", [vpc]));
    Ok(of_carrier_gateways(
        vpc,
        &all(call.into_paginator().items().send()).await?,
    ))
}

async fn exclusions(ec2: &Client, vpc: &str, parts: &Parts) -> Result<InTheWay, Failure> {
    // Its filter `resource-arn` is, by its description, not the ARN of the VPC.
    let mut exclusions: Vec<VpcBlockPublicAccessExclusion> = vec![];
    let mut next = None;
    loop {
        let call = ec2.describe_vpc_block_public_access_exclusions();
        let page = call.set_next_token(next).send().await?;
        exclusions.extend(page.vpc_block_public_access_exclusions.unwrap_or_default());
        next = page.next_token.filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(of_exclusions(vpc, &parts.subnets, &exclusions));
        }
    }
}

async fn reservations(ec2: &Client, parts: &Parts) -> Result<InTheWay, Failure> {
    let subnets = parts.subnets.iter().filter_map(|subnet| subnet.subnet_id());
    let all = try_join_all(subnets.map(|subnet| reservations_of(ec2, subnet))).await?;
    Ok(of_reservations(&all.concat()))
}

async fn reservations_of(ec2: &Client, subnet: &str) -> Result<Vec<SubnetCidrReservation>, Failure> {
    let mut reservations = vec![];
    let mut next = None;
    loop {
        let call = ec2.get_subnet_cidr_reservations().subnet_id(subnet);
        let answer = call.set_next_token(next).send().await;
        // A subnet that was deleted just before may still be listed.
        let Some(page) = found(answer, "InvalidSubnetID.NotFound")? else {
            return Ok(reservations);
        };
        reservations.extend(page.subnet_ipv4_cidr_reservations.unwrap_or_default());
        reservations.extend(page.subnet_ipv6_cidr_reservations.unwrap_or_default());
        next = page.next_token.filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(reservations);
        }
    }
}
