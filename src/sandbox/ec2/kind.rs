//! The kinds of things that EC2 has ids for, and how it refuses an id (EC2 API, "Error codes").

use super::super::AwsError;

/// One kind of resource: the form of its ids, and its two refusals.
#[derive(Debug)]
pub(super) struct Kind {
    /// What ids start with; empty where they have no fixed form, such as addresses.
    pub(super) prefix: &'static str,
    /// The name in `DescribeTags` and in tag specifications.
    pub(super) resource_type: &'static str,
    not_found: &'static str,
    /// The sentence that comes with it; `{}` stands for the id.
    sentence: &'static str,
    malformed: &'static str,
}

impl Kind {
    /// The refusal of a well-formed id that names nothing.
    pub(super) fn not_found(&self, id: &str) -> AwsError {
        AwsError::new(self.not_found, self.sentence.replace("{}", id))
    }

    /// Refuses an id that does not have the form of this kind: 8 or 17 hexadecimal digits behind the prefix.
    pub(super) fn check(&self, id: &str) -> Result<(), AwsError> {
        let well_formed = self.prefix.is_empty()
            || id
                .strip_prefix(self.prefix)
                .and_then(|rest| rest.strip_prefix('-'))
                .is_some_and(|hex| matches!(hex.len(), 8 | 17) && hex.bytes().all(|b| b.is_ascii_hexdigit()));
        if well_formed {
            Ok(())
        } else {
            let prefix = self.prefix;
            Err(AwsError::new(
                self.malformed,
                format!("Invalid id: \"{id}\" (expecting \"{prefix}-...\")"),
            ))
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal, $resource_type:literal, $not_found:literal, $sentence:literal, $malformed:literal;)*) => {
        $($(#[$doc])* pub(super) static $name: Kind = Kind {
            prefix: $prefix,
            resource_type: $resource_type,
            not_found: $not_found,
            sentence: $sentence,
            malformed: $malformed,
        };)*
    };
}

kinds! {
    /// VPCs.
    VPC = "vpc", "vpc",
        "InvalidVpcID.NotFound", "The vpc ID '{}' does not exist",
        "InvalidVpcID.Malformed";
    /// Subnets.
    SUBNET = "subnet", "subnet",
        "InvalidSubnetID.NotFound", "The subnet ID '{}' does not exist",
        "InvalidSubnetID.Malformed";
    /// Internet gateways.
    INTERNET_GATEWAY = "igw", "internet-gateway",
        "InvalidInternetGatewayID.NotFound", "The internetGateway ID '{}' does not exist",
        "InvalidInternetGatewayId.Malformed";
    /// Route tables.
    ROUTE_TABLE = "rtb", "route-table",
        "InvalidRouteTableID.NotFound", "The routeTable ID '{}' does not exist",
        "InvalidRouteTableId.Malformed";
    /// Network ACLs.
    NETWORK_ACL = "acl", "network-acl",
        "InvalidNetworkAclID.NotFound", "The networkAcl ID '{}' does not exist",
        "InvalidNetworkAclId.Malformed";
    /// Security groups.
    SECURITY_GROUP = "sg", "security-group",
        "InvalidGroup.NotFound", "The security group '{}' does not exist",
        "InvalidGroupId.Malformed";
    /// Security groups, by their names.
    SECURITY_GROUP_NAME = "", "",
        "InvalidGroup.NotFound", "The security group '{}' does not exist",
        "";
    /// The rules of security groups.
    SECURITY_GROUP_RULE = "sgr", "security-group-rule",
        "InvalidSecurityGroupRuleId.NotFound", "The security group rule ID '{}' does not exist",
        "InvalidSecurityGroupRuleId.Malformed";
    /// DHCP option sets.
    DHCP_OPTIONS = "dopt", "dhcp-options",
        "InvalidDhcpOptionID.NotFound", "The dhcpOption ID '{}' does not exist",
        "InvalidDhcpOptionsId.Malformed";
    /// Network interfaces.
    NETWORK_INTERFACE = "eni", "network-interface",
        "InvalidNetworkInterfaceID.NotFound", "The networkInterface ID '{}' does not exist",
        "InvalidNetworkInterfaceId.Malformed";
    /// Instances.
    INSTANCE = "i", "instance",
        "InvalidInstanceID.NotFound", "The instance ID '{}' does not exist",
        "InvalidInstanceID.Malformed";
    /// Machine images. The sandbox has none, and takes every well-formed id.
    IMAGE = "ami", "image",
        "InvalidAMIID.NotFound", "The image id '[{}]' does not exist",
        "InvalidAMIID.Malformed";
    /// Volumes. The sandbox has none, and takes every well-formed id.
    VOLUME = "vol", "volume",
        "InvalidVolume.NotFound", "The volume '{}' does not exist.",
        "InvalidVolumeID.Malformed";
    /// Snapshots of volumes.
    SNAPSHOT = "snap", "snapshot",
        "InvalidSnapshot.NotFound", "The snapshot '{}' does not exist.",
        "InvalidSnapshotID.Malformed";
    /// Elastic IP addresses, by their allocation.
    ADDRESS = "eipalloc", "elastic-ip",
        "InvalidAllocationID.NotFound", "The allocation ID '{}' does not exist",
        "InvalidAllocationID.Malformed";
    /// Elastic IP addresses, by themselves.
    PUBLIC_IP = "", "",
        "InvalidAddress.NotFound", "Address '{}' not found.",
        "";
    /// NAT gateways.
    NAT_GATEWAY = "nat", "natgateway",
        "NatGatewayNotFound", "NatGateway {} was not found",
        "NatGatewayMalformed";
    /// VPC endpoints.
    VPC_ENDPOINT = "vpce", "vpc-endpoint",
        "InvalidVpcEndpointId.NotFound", "The Vpc Endpoint Id '{}' does not exist",
        "InvalidVpcEndpointId.Malformed";
    /// VPC peering connections.
    PEERING = "pcx", "vpc-peering-connection",
        "InvalidVpcPeeringConnectionID.NotFound", "The vpcPeeringConnection ID '{}' does not exist",
        "InvalidVpcPeeringConnectionId.Malformed";
    /// Virtual private gateways.
    VPN_GATEWAY = "vgw", "vpn-gateway",
        "InvalidVpnGatewayID.NotFound", "The vpnGateway ID '{}' does not exist",
        "InvalidVpnGatewayId.Malformed";
    /// Egress-only internet gateways.
    EGRESS_ONLY_GATEWAY = "eigw", "egress-only-internet-gateway",
        "InvalidEgressOnlyInternetGatewayId.NotFound", "The egressOnlyInternetGateway ID '{}' does not exist",
        "InvalidEgressOnlyInternetGatewayId.Malformed";
    /// Attachments of a VPC to a transit gateway.
    TRANSIT_ATTACHMENT = "tgw-attach", "transit-gateway-attachment",
        "InvalidTransitGatewayAttachmentID.NotFound", "Transit Gateway Attachment {} was deleted or does not exist.",
        "InvalidTransitGatewayAttachmentID.Malformed";
    /// Carrier gateways.
    CARRIER_GATEWAY = "cagw", "carrier-gateway",
        "InvalidCarrierGatewayID.NotFound", "The carrier gateway ID '{}' does not exist",
        "InvalidCarrierGatewayID.Malformed";
    /// Exclusions from VPC Block Public Access.
    EXCLUSION = "vpcbpa-exclude", "vpc-block-public-access-exclusion",
        "InvalidVpcBlockPublicAccessExclusionId.NotFound", "The exclusion ID '{}' does not exist",
        "InvalidVpcBlockPublicAccessExclusionId.Malformed";
    /// Reservations of addresses in subnets.
    CIDR_RESERVATION = "scr", "subnet-cidr-reservation",
        "InvalidSubnetCidrReservationID.NotFound", "The subnet CIDR reservation ID '{}' does not exist",
        "InvalidSubnetCidrReservationID.Malformed";
    /// Flow logs.
    FLOW_LOG = "fl", "vpc-flow-log",
        "InvalidFlowLogId.NotFound", "These flow log ids in the input list are not found: [TotalCount: 1] {}",
        "InvalidFlowLogId.Malformed";
    /// Regions, by their names.
    REGION = "", "",
        "InvalidParameterValue", "Invalid region: [{}]",
        "";
    /// Availability zones, by their names or ids.
    ZONE = "", "",
        "InvalidParameterValue", "Invalid availability zone: [{}]",
        "";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_a_form() {
        assert_eq!(VPC.check("vpc-0123456789abcdef0"), Ok(()));
        assert_eq!(VPC.check("vpc-1a2b3c4d"), Ok(()));
        assert_eq!(TRANSIT_ATTACHMENT.check("tgw-attach-0123456789abcdef0"), Ok(()));
        assert_eq!(PUBLIC_IP.check("203.0.113.1"), Ok(()));
        for bad in ["", "vpc-", "vpc-12", "igw-1a2b3c4d", "vpc-0123456789abcdefg"] {
            let refusal = VPC.check(bad).unwrap_err();
            assert_eq!(refusal.code, "InvalidVpcID.Malformed");
            assert_eq!(
                refusal.message,
                format!("Invalid id: \"{bad}\" (expecting \"vpc-...\")")
            );
        }
    }

    #[test]
    fn what_does_not_exist_is_named() {
        let refusal = VPC.not_found("vpc-1a2b3c4d");
        assert_eq!(refusal.status, 400);
        assert_eq!(refusal.code, "InvalidVpcID.NotFound");
        assert_eq!(refusal.message, "The vpc ID 'vpc-1a2b3c4d' does not exist");
    }
}
