//! Reads a region's default VPC.
//!
//! One call where there is none. Where there is one, what belongs to it is read together, and what stands in
//! the way of removing it only if it is to be removed.

use std::collections::BTreeSet;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{AvailabilityZoneState, Filter, InternetGateway, RouteState, RouteTable};
use aws_smithy_async::future::pagination_stream::PaginationStream;
use futures::try_join;
use trueup_aws::Failure;

use crate::default_vpc::model::{DefaultRoute, IgnoredTags, Subnet, Vpc};
use crate::default_vpc::obstacles::lines::{InTheWay, tagged};
use crate::default_vpc::obstacles::{self, Parts};

/// The destination of the default route.
pub(crate) const EVERYWHERE: &str = "0.0.0.0/0";

/// The default VPC, if there is one. If it is to be removed, with what stands in the way of that; tags that are to be
/// ignored do not.
pub(super) async fn default_vpc(ec2: &Client, to_go: Option<&IgnoredTags>) -> Result<Option<Vpc>, Failure> {
    let Some(vpc) = find(ec2).await? else {
        return Ok(None);
    };
    let id = present(vpc.vpc_id(), "ec2:DescribeVpcs", "VpcId")?;
    let (gateways, subnets, route_tables) = try_join!(
        attached_gateways(ec2, &id),
        all(ec2
            .describe_subnets()
            .filters(filter("vpc-id", [&id]))
            .into_paginator()
            .items()
            .send()),
        all(ec2
            .describe_route_tables()
            .filters(filter("vpc-id", [&id]))
            .into_paginator()
            .items()
            .send()),
    )?;
    let parts = Parts {
        vpc,
        gateways,
        subnets,
        route_tables,
    };
    let mut read = assemble(&id, &parts)?;
    let (detached, found, zones) = try_join!(
        detached_gateway(ec2, &parts),
        async {
            match to_go {
                Some(ignored) => obstacles::find(ec2, &id, &parts, ignored).await,
                None => Ok(InTheWay::default()),
            }
        },
        async {
            match to_go {
                Some(_) => Ok(vec![]),
                None => zones(ec2).await,
            }
        },
    )?;
    read.zones_without_subnet = without_subnet(zones, &read.subnets);
    read.obstacles = found.obstacles;
    read.lost = found.lost;
    read.notices = found.notices;
    read.unused_groups = found.unused_groups;
    if let Some(gateway) = detached {
        if let Some(ignored) = to_go {
            read.obstacles.extend(tagged(
                "internet gateway",
                gateway.internet_gateway_id(),
                gateway.tags(),
                ignored,
            ));
        }
        read.detached_gateway = gateway.internet_gateway_id;
    }
    Ok(Some(read))
}

/// The VPC that has the mark of the default.
pub(super) async fn find(ec2: &Client) -> Result<Option<aws_sdk_ec2::types::Vpc>, Failure> {
    let vpcs = all(ec2
        .describe_vpcs()
        .filters(filter("is-default", ["true"]))
        .into_paginator()
        .items()
        .send())
    .await?;
    Ok(vpcs.into_iter().next())
}

/// The internet gateways that are attached to a VPC.
pub(super) async fn attached_gateways(ec2: &Client, vpc: &str) -> Result<Vec<InternetGateway>, Failure> {
    all(ec2
        .describe_internet_gateways()
        .filters(filter("attachment.vpc-id", [vpc]))
        .into_paginator()
        .items()
        .send())
    .await
}

/// The gateway that the dead default route names, if it exists and is attached to nothing.
async fn detached_gateway(ec2: &Client, parts: &Parts) -> Result<Option<InternetGateway>, Failure> {
    let named = main_table(&parts.route_tables)
        .and_then(|table| table.routes().iter().find(|route| is_default(route)))
        .filter(|route| route.state() == Some(&RouteState::Blackhole))
        .and_then(|route| route.gateway_id())
        .filter(|id| id.starts_with("igw-"));
    let Some(named) = named.filter(|_| parts.gateways.is_empty()) else {
        return Ok(None);
    };
    // By filter, because asking by id for what is gone is an error.
    let gateways = all(ec2
        .describe_internet_gateways()
        .filters(filter("internet-gateway-id", [named]))
        .into_paginator()
        .items()
        .send())
    .await?;
    Ok(gateways
        .into_iter()
        .find(|gateway| gateway.attachments().is_empty()))
}

/// The zones that can have a default subnet: available ones that are not Local or Wavelength Zones.
pub(super) async fn zones(ec2: &Client) -> Result<Vec<String>, Failure> {
    let answer = ec2
        .describe_availability_zones()
        .filters(filter("zone-type", ["availability-zone"]))
        .filters(filter("state", ["available"]))
        .send()
        .await?;
    Ok(answer
        .availability_zones
        .unwrap_or_default()
        .into_iter()
        .filter(|zone| zone.state() == Some(&AvailabilityZoneState::Available))
        .filter_map(|zone| zone.zone_name)
        .collect())
}

/// What can be told from the parts alone.
fn assemble(id: &str, parts: &Parts) -> Result<Vpc, Failure> {
    let mut gateways = parts
        .gateways
        .iter()
        .map(|gateway| {
            present(
                gateway.internet_gateway_id(),
                "ec2:DescribeInternetGateways",
                "InternetGatewayId",
            )
        })
        .collect::<Result<Vec<_>, _>>()?;
    gateways.sort();
    let mut subnets = parts
        .subnets
        .iter()
        .filter(|subnet| subnet.default_for_az() == Some(true))
        .map(|subnet| {
            Ok(Subnet {
                id: present(subnet.subnet_id(), "ec2:DescribeSubnets", "SubnetId")?,
                zone: present(
                    subnet.availability_zone(),
                    "ec2:DescribeSubnets",
                    "AvailabilityZone",
                )?,
            })
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    subnets.sort_by(|a, b| (&a.zone, &a.id).cmp(&(&b.zone, &b.id)));
    let main = main_table(&parts.route_tables)
        .ok_or_else(|| Failure::answer("ec2:DescribeRouteTables", format!("no main route table for {id}")))?;
    Ok(Vpc {
        id: id.to_owned(),
        gateways,
        detached_gateway: None,
        subnets,
        zones_without_subnet: vec![],
        main_route_table: present(main.route_table_id(), "ec2:DescribeRouteTables", "RouteTableId")?,
        default_route: match main.routes().iter().find(|route| is_default(route)) {
            None => DefaultRoute::Missing,
            Some(route) if route.state() == Some(&RouteState::Blackhole) => DefaultRoute::Dead,
            Some(_) => DefaultRoute::Leads,
        },
        unused_groups: vec![],
        obstacles: vec![],
        lost: vec![],
        notices: vec![],
    })
}

/// The zones that have none of these subnets, sorted.
pub(super) fn without_subnet(zones: Vec<String>, subnets: &[Subnet]) -> Vec<String> {
    let with: BTreeSet<&str> = subnets.iter().map(|subnet| subnet.zone.as_str()).collect();
    let mut without: Vec<String> = zones
        .into_iter()
        .filter(|zone| !with.contains(zone.as_str()))
        .collect();
    without.sort();
    without
}

/// True for the table that the VPC's subnets use unless told otherwise.
pub(crate) fn is_main(table: &RouteTable) -> bool {
    table.associations().iter().any(|link| link.main() == Some(true))
}

fn main_table(tables: &[RouteTable]) -> Option<&RouteTable> {
    tables.iter().find(|table| is_main(table))
}

/// True for the route to everywhere.
pub(crate) fn is_default(route: &aws_sdk_ec2::types::Route) -> bool {
    route.destination_cidr_block() == Some(EVERYWHERE)
}

/// A filter of a `Describe…` call: what has one of the values.
pub(crate) fn filter<V: Into<String>>(name: &str, values: impl IntoIterator<Item = V>) -> Filter {
    Filter::builder()
        .name(name)
        .set_values(Some(values.into_iter().map(Into::into).collect()))
        .build()
}

/// Everything from all pages.
pub(crate) async fn all<T, E>(items: PaginationStream<Result<T, E>>) -> Result<Vec<T>, Failure>
where
    Failure: From<E>,
{
    Ok(items.try_collect().await?)
}

/// A member that AWS always sends.
pub(super) fn present(value: Option<&str>, call: &str, member: &str) -> Result<String, Failure> {
    value
        .map(str::to_owned)
        .ok_or_else(|| Failure::answer(call, format!("an item without {member}")))
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{Route, RouteTableAssociation};

    use super::*;

    fn subnet(id: &str, zone: &str, is_default: bool) -> aws_sdk_ec2::types::Subnet {
        aws_sdk_ec2::types::Subnet::builder()
            .subnet_id(id)
            .availability_zone(zone)
            .default_for_az(is_default)
            .build()
    }

    fn table(id: &str, is_main: bool, routes: Vec<Route>) -> RouteTable {
        RouteTable::builder()
            .route_table_id(id)
            .associations(RouteTableAssociation::builder().main(is_main).build())
            .set_routes(Some(routes))
            .build()
    }

    fn route(to: &str, state: RouteState) -> Route {
        Route::builder().destination_cidr_block(to).state(state).build()
    }

    fn parts(route_tables: Vec<RouteTable>) -> Parts {
        Parts {
            vpc: aws_sdk_ec2::types::Vpc::builder().build(),
            gateways: vec![],
            subnets: vec![
                subnet("subnet-3", "eu-west-1b", true),
                subnet("subnet-2", "eu-west-1a", true),
                subnet("subnet-1", "eu-west-1a", false),
            ],
            route_tables,
        }
    }

    fn default_route(routes: Vec<Route>) -> DefaultRoute {
        let elsewhere = table("rtb-1", false, vec![route(EVERYWHERE, RouteState::Active)]);
        let parts = parts(vec![elsewhere, table("rtb-2", true, routes)]);
        assemble("vpc-1", &parts).unwrap().default_route
    }

    #[test]
    fn only_the_main_table_tells_of_the_default_route() {
        let local = route("172.31.0.0/16", RouteState::Active);
        assert_eq!(default_route(vec![local.clone()]), DefaultRoute::Missing);
        assert_eq!(
            default_route(vec![local.clone(), route(EVERYWHERE, RouteState::Active)]),
            DefaultRoute::Leads
        );
        assert_eq!(
            default_route(vec![local, route(EVERYWHERE, RouteState::Blackhole)]),
            DefaultRoute::Dead
        );
    }

    #[test]
    fn only_default_subnets_count_and_they_are_sorted_by_zone() {
        let read = assemble("vpc-1", &parts(vec![table("rtb-1", true, vec![])])).unwrap();
        let ids: Vec<&str> = read.subnets.iter().map(|subnet| subnet.id.as_str()).collect();
        assert_eq!(ids, ["subnet-2", "subnet-3"]);
        let zones = ["eu-west-1c", "eu-west-1a", "eu-west-1b"].map(str::to_owned);
        assert_eq!(without_subnet(zones.to_vec(), &read.subnets), ["eu-west-1c"]);
    }

    #[test]
    fn a_vpc_without_a_main_table_is_an_answer_that_makes_no_sense() {
        let fault = assemble("vpc-1", &parts(vec![])).unwrap_err();
        assert_eq!(
            fault.to_string(),
            "ec2:DescribeRouteTables: no main route table for vpc-1"
        );
    }
}
