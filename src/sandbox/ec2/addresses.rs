//! Public addresses: those that EC2 lends to instances, and Elastic IP addresses.

use std::net::Ipv4Addr;

use serde_json::json;

use super::geography;
use super::input::Input;
use super::kind;
use super::model::{Address, Ec2, PublicAddress, find, find_mut};
use super::{Answer, AwsError, Cx, SERVICE, done};

/// A public address that nothing here has: of the blocks that are set aside for documentation (RFC 5737).
pub(super) fn free_public_address(ec2: &Ec2) -> Result<String, AwsError> {
    let blocks: [[u8; 3]; 3] = [[203, 0, 113], [198, 51, 100], [192, 0, 2]];
    let taken: Vec<&str> = ec2
        .network_interfaces
        .iter()
        .filter_map(|interface| interface.association.as_ref())
        .map(|association| association.public_ip.as_str())
        .chain(ec2.addresses.iter().map(|address| address.public_ip.as_str()))
        .collect();
    blocks
        .iter()
        .flat_map(|[a, b, c]| (1..=254_u8).map(move |d| Ipv4Addr::new(*a, *b, *c, d).to_string()))
        .find(|address| !taken.contains(&address.as_str()))
        .ok_or_else(|| {
            AwsError::new(
                "InsufficientAddressCapacity",
                "There are not enough free addresses.",
            )
        })
}

pub(super) fn public_address(ec2: &Ec2, public_ip: String, ip_owner_id: &str) -> PublicAddress {
    let domain = geography::public_domain(&ec2.region);
    PublicAddress {
        public_dns_name: format!("ec2-{}.{domain}", public_ip.replace('.', "-")),
        public_ip,
        ip_owner_id: ip_owner_id.to_owned(),
        allocation_id: None,
        association_id: None,
    }
}

/// `AllocateAddress`.
pub(super) fn allocate_address(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    if input.text("Domain").is_some_and(|domain| domain != "vpc") {
        return Err(
            SERVICE.invalid("Value (standard) for parameter domain is invalid. EC2-Classic is retired.")
        );
    }
    let tags = input.creation_tags(&kind::ADDRESS)?;
    let mut address = allocate(cx)?;
    address.tag_set = tags;
    *find_mut(&mut cx.ec2.addresses, &address.allocation_id)? = address.clone();
    Ok(json!({
        "publicIp": address.public_ip,
        "allocationId": address.allocation_id,
        "domain": "vpc",
        "publicIpv4Pool": "amazon",
        "networkBorderGroup": cx.ec2.region,
    }))
}

/// Allocates an Elastic IP address.
pub(super) fn allocate(cx: &mut Cx<'_>) -> Result<Address, AwsError> {
    let address = Address {
        public_ip: free_public_address(cx.ec2)?,
        allocation_id: cx.ids.next("eipalloc"),
        network_interface_id: None,
        tag_set: Vec::new(),
    };
    cx.ec2.addresses.push(address.clone());
    Ok(address)
}

/// Gives an Elastic IP address to a network interface and answers the id of the association.
pub(super) fn associate(
    cx: &mut Cx<'_>,
    allocation_id: &str,
    interface_id: &str,
) -> Result<String, AwsError> {
    let owner = cx.ec2.account_id.clone();
    let public_ip = find(&cx.ec2.addresses, allocation_id)?.public_ip.clone();
    let association_id = cx.ids.next("eipassoc");
    let association = PublicAddress {
        allocation_id: Some(allocation_id.to_owned()),
        association_id: Some(association_id.clone()),
        ..public_address(cx.ec2, public_ip, &owner)
    };
    find_mut(&mut cx.ec2.network_interfaces, interface_id)?.association = Some(association);
    find_mut(&mut cx.ec2.addresses, allocation_id)?.network_interface_id = Some(interface_id.to_owned());
    Ok(association_id)
}

/// `AssociateAddress`, with an instance or a network interface. The VPC must have a way to the internet.
pub(super) fn associate_address(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let allocation_id = input.id("AllocationId", &kind::ADDRESS)?;
    let address = find(&cx.ec2.addresses, allocation_id)?;
    let interface_id = match (input.text("InstanceId"), input.text("NetworkInterfaceId")) {
        (Some(_), None) => {
            let id = input.id("InstanceId", &kind::INSTANCE)?;
            let instance = find(&cx.ec2.instances, id)?;
            instance.network_interface_id.clone().ok_or_else(|| {
                AwsError::new(
                    "InvalidInstanceID",
                    format!("The instance '{id}' is not in a valid state for this operation."),
                )
            })?
        }
        (None, Some(_)) => input
            .id("NetworkInterfaceId", &kind::NETWORK_INTERFACE)?
            .to_owned(),
        _ => {
            return Err(AwsError::new(
                "InvalidParameterCombination",
                "You must specify either an instance id or a network interface id",
            ));
        }
    };
    let vpc_id = find(&cx.ec2.network_interfaces, &interface_id)?.vpc_id.clone();
    if address.network_interface_id.is_some() {
        return Err(AwsError::new(
            "Resource.AlreadyAssociated",
            format!("resource {allocation_id} is already associated with associate-id"),
        ));
    }
    let mut gateways = cx.ec2.internet_gateways.iter();
    if !gateways.any(|gateway| gateway.vpc() == Some(&vpc_id)) {
        return Err(AwsError::new(
            "Gateway.NotAttached",
            format!("Network {vpc_id} is not attached to any internet gateway"),
        ));
    }
    let association_id = associate(cx, allocation_id, &interface_id)?;
    Ok(json!({ "associationId": association_id }))
}

/// `DisassociateAddress`.
pub(super) fn disassociate_address(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let id = input.required("AssociationId")?;
    let of = |association: &PublicAddress| association.association_id.as_deref() == Some(id);
    let mut interfaces = cx.ec2.network_interfaces.iter_mut();
    let interface = interfaces
        .find(|interface| interface.association.as_ref().is_some_and(of))
        .ok_or_else(|| {
            AwsError::new(
                "InvalidAssociationID.NotFound",
                format!("The association ID '{id}' does not exist"),
            )
        })?;
    interface.association = None;
    let interface_id = interface.network_interface_id.clone();
    for address in &mut cx.ec2.addresses {
        address.network_interface_id.take_if(|of| *of == interface_id);
    }
    done()
}

/// `ReleaseAddress`.
pub(super) fn release_address(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let id = input.id("AllocationId", &kind::ADDRESS)?;
    let address = find(&cx.ec2.addresses, id)?;
    if address.network_interface_id.is_some() {
        return Err(AwsError::new(
            "InvalidIPAddress.InUse",
            format!("Address {} is in use.", address.public_ip),
        ));
    }
    cx.ec2.addresses.retain(|address| address.allocation_id != id);
    done()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{Cloud, filter, refusal, text};
    use super::super::{InstanceState, Occupant};

    #[test]
    fn an_elastic_address_is_allocated_associated_and_released() {
        let mut cloud = Cloud::with(&Occupant::NetworkInterface);
        let interface = cloud
            .texts("DescribeNetworkInterfaces", "networkInterfaceId", json!({}))
            .remove(0);
        let address = cloud.ok("AllocateAddress", json!({ "Domain": "vpc" }));
        let id = text(&address, "allocationId");
        let associate = json!({ "AllocationId": id, "NetworkInterfaceId": interface });
        let answer = cloud.ok("AssociateAddress", associate.clone());
        assert_eq!(
            cloud.refused("AssociateAddress", associate.clone()).0,
            "Resource.AlreadyAssociated"
        );
        let row = &cloud.list("DescribeAddresses", json!({ "PublicIp": [address["publicIp"]] }))[0];
        assert_eq!(row["associationId"], answer["associationId"]);
        assert_eq!(row["networkInterfaceId"], interface);
        assert_eq!(
            cloud.refused("ReleaseAddress", json!({ "AllocationId": id })),
            refusal(
                "InvalidIPAddress.InUse",
                format!("Address {} is in use.", text(&address, "publicIp"))
            )
        );
        let end = json!({ "AssociationId": answer["associationId"] });
        cloud.ok("DisassociateAddress", end.clone());
        assert_eq!(
            cloud.refused("DisassociateAddress", end).0,
            "InvalidAssociationID.NotFound"
        );

        cloud.occupy(&Occupant::DetachedInternetGateway).unwrap();
        assert_eq!(
            cloud.refused("AssociateAddress", associate).0,
            "Gateway.NotAttached"
        );
        let neither = json!({ "AllocationId": id });
        assert_eq!(
            cloud.refused("AssociateAddress", neither.clone()).0,
            "InvalidParameterCombination"
        );
        cloud.ok("ReleaseAddress", neither.clone());
        assert_eq!(
            cloud.refused("ReleaseAddress", neither),
            refusal(
                "InvalidAllocationID.NotFound",
                format!("The allocation ID '{id}' does not exist")
            )
        );
        assert_eq!(
            cloud
                .refused("AllocateAddress", json!({ "Domain": "standard" }))
                .0,
            "InvalidParameterValue"
        );
    }

    #[test]
    fn an_elastic_address_of_a_terminated_instance_is_free_again() {
        let mut cloud = Cloud::with(&Occupant::Instance(InstanceState::Running));
        let reservations = cloud.list("DescribeInstances", json!({}));
        let instance = text(&reservations[0]["instancesSet"][0], "instanceId");
        let id = text(&cloud.ok("AllocateAddress", json!({})), "allocationId");
        cloud.ok(
            "AssociateAddress",
            json!({ "AllocationId": id, "InstanceId": instance }),
        );
        assert_eq!(
            cloud
                .list("DescribeAddresses", filter("instance-id", &instance))
                .len(),
            1
        );
        cloud.ok("TerminateInstances", json!({ "InstanceId": [instance] }));
        let again = json!({ "AllocationId": id, "InstanceId": instance });
        assert_eq!(cloud.refused("AssociateAddress", again).0, "InvalidInstanceID");
        cloud.ok("ReleaseAddress", json!({ "AllocationId": id }));
    }
}
