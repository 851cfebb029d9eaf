//! Routes: `CreateRoute`, `ReplaceRoute`, `DeleteRoute`.

use serde_json::json;

use super::cidr::Cidr;
use super::input::Input;
use super::kind;
use super::model::{Ec2, Route, RouteTable, find, find_mut};
use super::{Answer, AwsError, Cx, SERVICE, done};

/// The parameters that name the target of a route.
const TARGETS: [&str; 4] = [
    "GatewayId",
    "NatGatewayId",
    "NetworkInterfaceId",
    "VpcPeeringConnectionId",
];

/// `CreateRoute`.
pub(super) fn create_route(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let (table, destination) = place(cx.ec2, input)?;
    let route = target(cx.ec2, table, &destination, input)?;
    if table
        .route_set
        .iter()
        .any(|route| route.destination_cidr_block.as_ref() == Some(&destination))
    {
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
        return Err(SERVICE.invalid(format!(
            "cannot remove local route {destination} in route table {id}"
        )));
    }
    find_mut(&mut cx.ec2.route_tables, &id)?
        .route_set
        .remove(position);
    done()
}

/// The table and the destination that a request names.
fn place<'a>(ec2: &'a Ec2, input: &Input<'_>) -> Result<(&'a RouteTable, String), AwsError> {
    let id = input.id("RouteTableId", &kind::ROUTE_TABLE)?;
    let destination = input.required("DestinationCidrBlock")?;
    let block: Cidr = destination.parse().map_err(|_| {
        SERVICE.invalid(format!("Value ({destination}) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block."),
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
            format!("The request must contain exactly one of {}", TARGETS.join(", ")),
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
                gateway
                    .attachments
                    .iter()
                    .any(|attachment| attachment.vpc_id == table.vpc_id)
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
        Err(SERVICE.invalid(format!(
            "route table {} and network gateway {id} belong to different networks",
            table.route_table_id
        )))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Occupant;
    use super::super::tests::{Cloud, refusal, text};

    fn table(cloud: &mut Cloud) -> String {
        cloud
            .texts("DescribeRouteTables", "routeTableId", json!({}))
            .remove(0)
    }

    #[test]
    fn the_way_to_the_internet_goes_and_comes_back() {
        let mut cloud = Cloud::new();
        let (table, gateway) = (table(&mut cloud), cloud.gateway());
        let create =
            json!({ "RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway });
        assert_eq!(
            cloud.refused("CreateRoute", create.clone()),
            refusal(
                "RouteAlreadyExists",
                "The route identified by 0.0.0.0/0 already exists."
            )
        );
        let delete = json!({ "RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0" });
        cloud.ok("DeleteRoute", delete.clone());
        let gone = refusal(
            "InvalidRoute.NotFound",
            format!("no route with destination-cidr-block 0.0.0.0/0 in route table {table}"),
        );
        assert_eq!(cloud.refused("DeleteRoute", delete), gone);
        assert_eq!(cloud.refused("ReplaceRoute", create.clone()), gone);
        assert_eq!(cloud.ok("CreateRoute", create.clone()), json!({ "return": true }));
        cloud.ok("ReplaceRoute", create);
        let rows = cloud.list("DescribeRouteTables", json!({}));
        assert_eq!(rows[0]["routeSet"][1]["gatewayId"], gateway);
        assert_eq!(rows[0]["routeSet"][1]["state"], "active");
    }

    #[test]
    fn routes_are_checked() {
        let mut cloud = Cloud::with(&Occupant::DetachedInternetGateway);
        let table = table(&mut cloud);
        let gateway = cloud
            .texts("DescribeInternetGateways", "internetGatewayId", json!({}))
            .remove(0);
        let to = |gateway: &str| json!({ "RouteTableId": table, "DestinationCidrBlock": "10.0.0.0/8", "GatewayId": gateway });
        assert_eq!(
            cloud.refused("CreateRoute", to(&gateway)),
            refusal(
                "InvalidParameterValue",
                format!("route table {table} and network gateway {gateway} belong to different networks")
            )
        );
        assert_eq!(
            cloud.refused("CreateRoute", to("igw-00000000")).0,
            "InvalidInternetGatewayID.NotFound"
        );
        let without = json!({ "RouteTableId": table, "DestinationCidrBlock": "10.0.0.0/8" });
        assert_eq!(
            cloud.refused("CreateRoute", without).0,
            "InvalidParameterCombination"
        );
        let local = json!({ "RouteTableId": table, "DestinationCidrBlock": "172.31.0.0/16" });
        assert_eq!(
            cloud.refused("DeleteRoute", local),
            refusal(
                "InvalidParameterValue",
                format!("cannot remove local route 172.31.0.0/16 in route table {table}")
            )
        );
        let unknown = json!({ "RouteTableId": "rtb-00000000", "DestinationCidrBlock": "10.0.0.0/8" });
        assert_eq!(
            cloud.refused("DeleteRoute", unknown),
            refusal(
                "InvalidRouteTableID.NotFound",
                "The routeTable ID 'rtb-00000000' does not exist"
            )
        );
        let wrong = json!({ "RouteTableId": table, "DestinationCidrBlock": "everywhere" });
        assert_eq!(cloud.refused("DeleteRoute", wrong).0, "InvalidParameterValue");
    }

    #[test]
    fn a_route_can_lead_to_a_nat_gateway() {
        let mut cloud = Cloud::with(&Occupant::NatGateway);
        let table = table(&mut cloud);
        let nat = text(&cloud.list("DescribeNatGateways", json!({}))[0], "natGatewayId");
        let route =
            json!({ "RouteTableId": table, "DestinationCidrBlock": "10.0.0.0/8", "NatGatewayId": nat });
        cloud.ok("CreateRoute", route);
        let rows = cloud.list("DescribeRouteTables", json!({}));
        assert_eq!(rows[0]["routeSet"][2]["natGatewayId"], nat);
        assert_eq!(rows[0]["routeSet"][2]["state"], "active");
    }
}
