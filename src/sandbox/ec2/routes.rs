//! Routes: `CreateRoute`, `ReplaceRoute`, `DeleteRoute`.

use serde_json::json;

use super::cidr::Cidr;
use super::input::Input;
use super::kind;
use super::model::{Ec2, Route, RouteTable, find, find_mut};
use super::{Answer, AwsError, Cx, done};

/// The parameters that name the target of a route.
const TARGETS: [&str; 4] = ["GatewayId", "NatGatewayId", "NetworkInterfaceId", "VpcPeeringConnectionId"];

/// `CreateRoute`.
pub(super) fn create_route(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let (table, destination) = place(cx.ec2, input)?;
    let route = target(cx.ec2, table, &destination, input)?;
    if table.route_set.iter().any(|route| route.destination_cidr_block.as_ref() == Some(&destination)) {
        return Err(AwsError::new(
            "RouteAlreadyExists",
            format!("The route identified by {destination} already exists."),
        ));
    }
    let id = table.route_table_id.clone();
    find_mut(&mut cx.ec2.route_tables, &id)?.route_set.push(route);
    Ok(json!({ "return": true }))
}

/// `ReplaceRoute`.
pub(super) fn replace_route(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let (table, destination) = place(cx.ec2, input)?;
    let position = position(table, &destination)?;
    let route = target(cx.ec2, table, &destination, input)?;
    let id = table.route_table_id.clone();
    find_mut(&mut cx.ec2.route_tables, &id)?.route_set[position] = route;
    done()
}

/// `DeleteRoute`.
pub(super) fn delete_route(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let (table, destination) = place(cx.ec2, input)?;
    let position = position(table, &destination)?;
    let id = table.route_table_id.clone();
    if table.route_set[position].gateway_id.as_deref() == Some("local") {
        return Err(AwsError::new(
            "InvalidParameterValue",
            format!("cannot remove local route {destination} in route table {id}"),
        ));
    }
    find_mut(&mut cx.ec2.route_tables, &id)?.route_set.remove(position);
    done()
}

/// The table and the destination that a request names.
fn place<'a>(ec2: &'a Ec2, input: &Input<'_>) -> Result<(&'a RouteTable, String), AwsError> {
    let id = input.id("RouteTableId", &kind::ROUTE_TABLE)?;
    let destination = input.required("DestinationCidrBlock")?;
    let block: Cidr = destination.parse().map_err(|_| {
        AwsError::new(
            "InvalidParameterValue",
            format!("Value ({destination}) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block."),
        )
    })?;
    Ok((find(&ec2.route_tables, id)?, block.to_string()))
}

fn position(table: &RouteTable, destination: &str) -> Result<usize, AwsError> {
    let mut routes = table.route_set.iter();
    routes
        .position(|route| route.destination_cidr_block.as_deref() == Some(destination))
        .ok_or_else(|| {
            AwsError::new(
                "InvalidRoute.NotFound",
                format!(
                    "no route with destination-cidr-block {destination} in route table {}",
                    table.route_table_id
                ),
            )
        })
}

/// The route to the one target that a request names, which must exist and be in the table's VPC.
fn target(ec2: &Ec2, table: &RouteTable, destination: &str, input: &Input<'_>) -> Result<Route, AwsError> {
    let mut named = TARGETS.iter().filter_map(|name| Some((*name, input.text(name)?)));
    let (Some((parameter, id)), None) = (named.next(), named.next()) else {
        return Err(AwsError::new(
            "InvalidParameterCombination",
            format!(
                "The request must contain exactly one of {}",
                TARGETS.join(", ")
            ),
        ));
    };
    let mut route = Route {
        destination_cidr_block: Some(destination.to_owned()),
        origin: "CreateRoute".to_owned(),
        ..Route::default()
    };
    let target = Some(id.to_owned());
    let here = match parameter {
        "GatewayId" => {
            route.gateway_id = target;
            if id.starts_with("vgw-") {
                let gateway = find(&ec2.vpn_gateways, id)?;
                gateway.attachments.iter().any(|attachment| attachment.vpc_id == table.vpc_id)
            } else {
                kind::INTERNET_GATEWAY.check(id)?;
                find(&ec2.internet_gateways, id)?.vpc() == Some(table.vpc_id.as_str())
            }
        }
        "NatGatewayId" => {
            route.nat_gateway_id = target;
            find(&ec2.nat_gateways, id)?.vpc_id == table.vpc_id
        }
        "NetworkInterfaceId" => {
            route.network_interface_id = target;
            find(&ec2.network_interfaces, id)?.vpc_id == table.vpc_id
        }
        _ => {
            route.vpc_peering_connection_id = target;
            find(&ec2.peerings, id)?.has_side(&table.vpc_id)
        }
    };
    if here {
        Ok(route)
    } else {
        Err(AwsError::new(
            "InvalidParameterValue",
            format!(
                "route table {} and network gateway {id} belong to different networks",
                table.route_table_id
            ),
        ))
    }
}
