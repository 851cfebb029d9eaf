//! EC2's state in one region.
//!
//! The structures have the names that EC2 uses on the wire, so most of them are their own description; what
//! EC2 derives when it is asked (free addresses of a subnet, black holes in a route table) is added by
//! [`super::rows`].

use serde::{Deserialize, Serialize};

use super::defaults::Defaults;
use super::kind::{self, Kind};

/// When everything came to be that carries a time. The sandbox has no clock, so that a run can be repeated.
pub(super) const THEN: &str = "2026-01-01T00:00:00.000Z";

/// The target of the routes to a VPC Lattice service network.
pub(super) const LATTICE: &str = "VpcLattice";

/// EC2 in one region of the account: its VPCs with all that is in them, and the region's settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ec2 {
    pub(super) account_id: String,
    pub(super) region: String,
    pub(super) ebs: EbsDefaults,
    pub(super) defaults: Defaults,
    pub(super) snapshots: Vec<Snapshot>,
    pub(super) vpcs: Vec<Vpc>,
    pub(super) subnets: Vec<Subnet>,
    pub(super) internet_gateways: Vec<InternetGateway>,
    pub(super) route_tables: Vec<RouteTable>,
    pub(super) network_acls: Vec<NetworkAcl>,
    pub(super) security_groups: Vec<SecurityGroup>,
    pub(super) dhcp_options: Vec<DhcpOptions>,
    pub(super) network_interfaces: Vec<NetworkInterface>,
    pub(super) instances: Vec<Instance>,
    pub(super) addresses: Vec<Address>,
    pub(super) nat_gateways: Vec<NatGateway>,
    pub(super) vpc_endpoints: Vec<VpcEndpoint>,
    pub(super) peerings: Vec<Peering>,
    pub(super) vpn_gateways: Vec<VpnGateway>,
    pub(super) egress_only_gateways: Vec<EgressOnlyGateway>,
    pub(super) transit_attachments: Vec<TransitAttachment>,
    pub(super) flow_logs: Vec<FlowLog>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) carrier_gateways: Vec<CarrierGateway>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) exclusions: Vec<Exclusion>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) cidr_reservations: Vec<CidrReservation>,
}

/// What new volumes are encrypted with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EbsDefaults {
    pub(super) encryption: bool,
    /// The ARN of the chosen key; none means `alias/aws/ebs`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) kms_key: Option<String>,
    /// The keys that aliases turned out to mean: KMS is not simulated, but an alias must keep its meaning.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub(super) aliases: std::collections::BTreeMap<String, String>,
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tag {
    pub(super) key: String,
    pub(super) value: String,
}

/// Something with an id and tags.
pub(super) trait Resource: Serialize {
    const KIND: &'static Kind;
    fn id(&self) -> &str;
    fn tags(&self) -> &Vec<Tag>;
    fn tags_mut(&mut self) -> &mut Vec<Tag>;
}

/// Defines the structures of the wire, each with its list of tags, and makes those with an id a [`Resource`].
macro_rules! wire {
    ($(
        $(#[$doc:meta])*
        $name:ident $(($id:ident: $kind:ident))? { $($(#[$attribute:meta])* $field:ident: $type:ty,)* }
    )*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
            #[serde(rename_all = "camelCase", deny_unknown_fields)]
            pub(super) struct $name {
                $(pub(super) $id: String,)?
                $($(#[$attribute])* pub(super) $field: $type,)*
            }
            $(impl Resource for $name {
                const KIND: &'static Kind = &kind::$kind;
                fn id(&self) -> &str {
                    &self.$id
                }
                fn tags(&self) -> &Vec<Tag> {
                    &self.tag_set
                }
                fn tags_mut(&mut self) -> &mut Vec<Tag> {
                    &mut self.tag_set
                }
            })?
        )*
    };
}

wire! {
    /// A VPC (`Vpc` of the EC2 API).
    Vpc(vpc_id: VPC) {
        owner_id: String,
        state: String,
        cidr_block: String,
        cidr_block_association_set: Vec<CidrAssociation>,
        dhcp_options_id: String,
        instance_tenancy: String,
        is_default: bool,
        tag_set: Vec<Tag>,
    }

    /// One of a VPC's blocks of addresses (`VpcCidrBlockAssociation`).
    CidrAssociation {
        association_id: String,
        cidr_block: String,
        cidr_block_state: State,
    }

    /// A state within a structure of its own, as associations have it.
    State {
        state: String,
    }

    /// A subnet (`Subnet`).
    Subnet(subnet_id: SUBNET) {
        subnet_arn: String,
        vpc_id: String,
        owner_id: String,
        state: String,
        cidr_block: String,
        availability_zone: String,
        availability_zone_id: String,
        default_for_az: bool,
        map_public_ip_on_launch: bool,
        tag_set: Vec<Tag>,
    }

    /// A snapshot of a volume (`Snapshot`).
    Snapshot(snapshot_id: SNAPSHOT) {
        volume_id: String,
        owner_id: String,
        description: String,
        status: String,
        progress: String,
        start_time: String,
        volume_size: u32,
        encrypted: bool,
        is_public: bool,
        tag_set: Vec<Tag>,
    }

    /// An internet gateway (`InternetGateway`).
    InternetGateway(internet_gateway_id: INTERNET_GATEWAY) {
        owner_id: String,
        attachment_set: Vec<Attachment>,
        tag_set: Vec<Tag>,
    }

    /// The attachment of a gateway to a VPC (`InternetGatewayAttachment`, `VpcAttachment`).
    Attachment {
        vpc_id: String,
        state: String,
    }

    /// A route table (`RouteTable`).
    RouteTable(route_table_id: ROUTE_TABLE) {
        vpc_id: String,
        owner_id: String,
        association_set: Vec<RouteTableAssociation>,
        route_set: Vec<Route>,
        tag_set: Vec<Tag>,
    }

    /// What a route table is for: the whole VPC or one subnet (`RouteTableAssociation`).
    RouteTableAssociation {
        route_table_association_id: String,
        route_table_id: String,
        main: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subnet_id: Option<String>,
        association_state: State,
    }

    /// A route (`Route`), without its state.
    #[derive(Default)]
    Route {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        destination_cidr_block: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        destination_prefix_list_id: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        gateway_id: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        nat_gateway_id: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        network_interface_id: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        vpc_peering_connection_id: Option<String>,
        origin: String,
    }

    /// A network ACL (`NetworkAcl`).
    NetworkAcl(network_acl_id: NETWORK_ACL) {
        vpc_id: String,
        owner_id: String,
        default: bool,
        association_set: Vec<AclAssociation>,
        entry_set: Vec<AclEntry>,
        tag_set: Vec<Tag>,
    }

    /// The subnet that a network ACL is for (`NetworkAclAssociation`).
    AclAssociation {
        network_acl_association_id: String,
        network_acl_id: String,
        subnet_id: String,
    }

    /// A rule of a network ACL (`NetworkAclEntry`).
    AclEntry {
        rule_number: u16,
        protocol: String,
        rule_action: String,
        egress: bool,
        cidr_block: String,
    }

    /// A security group (`SecurityGroup`) with its rules, from which its permissions are derived.
    SecurityGroup(group_id: SECURITY_GROUP) {
        group_name: String,
        group_description: String,
        vpc_id: String,
        owner_id: String,
        rules: Vec<Rule>,
        tag_set: Vec<Tag>,
    }

    /// A rule of a security group (`SecurityGroupRule`). Its source or destination is a block or a group.
    Rule(security_group_rule_id: SECURITY_GROUP_RULE) {
        is_egress: bool,
        ip_protocol: String,
        from_port: i32,
        to_port: i32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cidr_ipv4: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<String>,
        tag_set: Vec<Tag>,
    }

    /// A set of DHCP options (`DhcpOptions`).
    DhcpOptions(dhcp_options_id: DHCP_OPTIONS) {
        owner_id: String,
        domain_name: String,
        tag_set: Vec<Tag>,
    }

    /// A network interface (`NetworkInterface`).
    NetworkInterface(network_interface_id: NETWORK_INTERFACE) {
        subnet_id: String,
        vpc_id: String,
        availability_zone: String,
        owner_id: String,
        description: String,
        interface_type: String,
        status: String,
        mac_address: String,
        private_ip_address: String,
        requester_managed: bool,
        source_dest_check: bool,
        group_set: Vec<GroupIdentifier>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attachment: Option<InterfaceAttachment>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        association: Option<PublicAddress>,
        tag_set: Vec<Tag>,
    }

    /// A security group as others name it (`GroupIdentifier`).
    GroupIdentifier {
        group_id: String,
        group_name: String,
    }

    /// What a network interface is attached to (`NetworkInterfaceAttachment`).
    InterfaceAttachment {
        attachment_id: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instance_id: Option<String>,
        instance_owner_id: String,
        device_index: u8,
        status: String,
        attach_time: String,
        delete_on_termination: bool,
    }

    /// The public address of a network interface (`NetworkInterfaceAssociation`).
    PublicAddress {
        public_ip: String,
        public_dns_name: String,
        /// `amazon`, or the account where it is an Elastic IP address.
        ip_owner_id: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        allocation_id: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        association_id: Option<String>,
    }

    /// An instance (`Instance`).
    Instance(instance_id: INSTANCE) {
        reservation_id: String,
        image_id: String,
        instance_type: String,
        ami_launch_index: usize,
        client_token: String,
        state: InstanceState,
        availability_zone: String,
        /// Where it stands; gone once it is terminated.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        network_interface_id: Option<String>,
        tag_set: Vec<Tag>,
    }

    /// An Elastic IP address (`Address`).
    Address(allocation_id: ADDRESS) {
        public_ip: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        network_interface_id: Option<String>,
        tag_set: Vec<Tag>,
    }

    /// A NAT gateway (`NatGateway`).
    NatGateway(nat_gateway_id: NAT_GATEWAY) {
        vpc_id: String,
        subnet_id: String,
        state: String,
        connectivity_type: String,
        create_time: String,
        nat_gateway_address_set: Vec<NatAddress>,
        tag_set: Vec<Tag>,
    }

    /// An address of a NAT gateway (`NatGatewayAddress`).
    NatAddress {
        allocation_id: String,
        network_interface_id: String,
        private_ip: String,
        public_ip: String,
        is_primary: bool,
        status: String,
    }

    /// A VPC endpoint (`VpcEndpoint`).
    VpcEndpoint(vpc_endpoint_id: VPC_ENDPOINT) {
        vpc_endpoint_type: String,
        vpc_id: String,
        owner_id: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service_name: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service_network_arn: Option<String>,
        /// In lower case, as EC2 sends it, whatever its model says.
        state: String,
        route_table_id_set: Vec<String>,
        subnet_id_set: Vec<String>,
        network_interface_id_set: Vec<String>,
        group_set: Vec<GroupIdentifier>,
        private_dns_enabled: bool,
        requester_managed: bool,
        creation_timestamp: String,
        tag_set: Vec<Tag>,
    }

    /// A VPC peering connection (`VpcPeeringConnection`).
    Peering(vpc_peering_connection_id: PEERING) {
        requester_vpc_info: PeeringVpc,
        accepter_vpc_info: PeeringVpc,
        status: PeeringStatus,
        tag_set: Vec<Tag>,
    }

    /// One side of a peering connection (`VpcPeeringConnectionVpcInfo`).
    PeeringVpc {
        owner_id: String,
        vpc_id: String,
        cidr_block: String,
        region: String,
    }

    /// How far a peering connection is (`VpcPeeringConnectionStateReason`).
    PeeringStatus {
        code: String,
        message: String,
    }

    /// A virtual private gateway (`VpnGateway`).
    VpnGateway(vpn_gateway_id: VPN_GATEWAY) {
        state: String,
        r#type: String,
        amazon_side_asn: u32,
        attachments: Vec<Attachment>,
        tag_set: Vec<Tag>,
    }

    /// An egress-only internet gateway (`EgressOnlyInternetGateway`).
    EgressOnlyGateway(egress_only_internet_gateway_id: EGRESS_ONLY_GATEWAY) {
        attachment_set: Vec<Attachment>,
        tag_set: Vec<Tag>,
    }

    /// The attachment of a VPC to a transit gateway (`TransitGatewayVpcAttachment`).
    TransitAttachment(transit_gateway_attachment_id: TRANSIT_ATTACHMENT) {
        transit_gateway_id: String,
        vpc_id: String,
        vpc_owner_id: String,
        state: String,
        subnet_ids: Vec<String>,
        creation_time: String,
        tag_set: Vec<Tag>,
    }

    /// A carrier gateway (`CarrierGateway`).
    CarrierGateway(carrier_gateway_id: CARRIER_GATEWAY) {
        vpc_id: String,
        state: String,
        owner_id: String,
        tag_set: Vec<Tag>,
    }

    /// What exempts a VPC or a subnet from VPC Block Public Access (`VpcBlockPublicAccessExclusion`).
    Exclusion(exclusion_id: EXCLUSION) {
        internet_gateway_exclusion_mode: String,
        resource_arn: String,
        state: String,
        creation_timestamp: String,
        last_update_timestamp: String,
        tag_set: Vec<Tag>,
    }

    /// A part of a subnet that is kept free (`SubnetCidrReservation`).
    CidrReservation(subnet_cidr_reservation_id: CIDR_RESERVATION) {
        subnet_id: String,
        cidr: String,
        reservation_type: String,
        owner_id: String,
        description: String,
        tag_set: Vec<Tag>,
    }

    /// A flow log (`FlowLog`).
    FlowLog(flow_log_id: FLOW_LOG) {
        flow_log_status: String,
        deliver_logs_status: String,
        resource_id: String,
        traffic_type: String,
        log_destination_type: String,
        log_group_name: String,
        log_format: String,
        max_aggregation_interval: u32,
        creation_time: String,
        tag_set: Vec<Tag>,
    }
}

/// The state of an instance (`InstanceState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstanceState {
    /// It is starting.
    Pending,
    /// It runs.
    #[default]
    Running,
    /// It is stopping.
    Stopping,
    /// It is stopped; its network interface stays.
    Stopped,
    /// It is going away.
    ShuttingDown,
    /// It is gone but still listed, without a network interface.
    Terminated,
}

impl InstanceState {
    /// The name on the wire.
    pub(super) fn name(self) -> &'static str {
        match self {
            InstanceState::Pending => "pending",
            InstanceState::Running => "running",
            InstanceState::Stopping => "stopping",
            InstanceState::Stopped => "stopped",
            InstanceState::ShuttingDown => "shutting-down",
            InstanceState::Terminated => "terminated",
        }
    }

    /// The number on the wire (`InstanceState`, member `Code`).
    pub(super) fn code(self) -> u8 {
        match self {
            InstanceState::Pending => 0,
            InstanceState::Running => 16,
            InstanceState::ShuttingDown => 32,
            InstanceState::Terminated => 48,
            InstanceState::Stopping => 64,
            InstanceState::Stopped => 80,
        }
    }
}

impl State {
    pub(super) fn associated() -> Self {
        State {
            state: "associated".to_owned(),
        }
    }
}

impl InternetGateway {
    /// The VPC that it is attached to; there is at most one.
    pub(super) fn vpc(&self) -> Option<&str> {
        self.attachment_set
            .first()
            .map(|attachment| attachment.vpc_id.as_str())
    }
}

impl RouteTable {
    /// Whether the VPC is associated with a VPC Lattice service network, of which EC2 has only the routes.
    pub(super) fn leads_to_lattice(&self) -> bool {
        let mut gateways = self.route_set.iter().map(|route| route.gateway_id.as_deref());
        gateways.any(|gateway| gateway == Some(LATTICE))
    }

    /// Whether it is for every subnet of the VPC that has no table of its own.
    pub(super) fn is_main(&self) -> bool {
        self.association_set.iter().any(|association| association.main)
    }
}

impl SecurityGroup {
    /// Whether it came with the VPC, and goes with it.
    pub(super) fn is_default(&self) -> bool {
        self.group_name == "default"
    }
}

impl Peering {
    /// Whether it still connects, or may come to.
    pub(super) fn is_live(&self) -> bool {
        matches!(
            self.status.code.as_str(),
            "initiating-request" | "pending-acceptance" | "provisioning" | "active"
        )
    }

    /// Whether the VPC is one of its sides.
    pub(super) fn has_side(&self, vpc_id: &str) -> bool {
        self.requester_vpc_info.vpc_id == vpc_id || self.accepter_vpc_info.vpc_id == vpc_id
    }
}

impl Ec2 {
    /// The region's default VPC.
    pub(super) fn default_vpc(&self) -> Option<&Vpc> {
        self.vpcs.iter().find(|vpc| vpc.is_default)
    }

    /// The subnets of a VPC.
    pub(super) fn subnets_of<'a>(&'a self, vpc_id: &'a str) -> impl Iterator<Item = &'a Subnet> {
        self.subnets.iter().filter(move |subnet| subnet.vpc_id == vpc_id)
    }

    /// The network interfaces in a subnet.
    pub(super) fn interfaces_in<'a>(
        &'a self,
        subnet_id: &'a str,
    ) -> impl Iterator<Item = &'a NetworkInterface> {
        self.network_interfaces
            .iter()
            .filter(move |interface| interface.subnet_id == subnet_id)
    }

    /// The security group that came with a VPC.
    pub(super) fn default_group(&self, vpc_id: &str) -> Option<&SecurityGroup> {
        self.security_groups
            .iter()
            .find(|group| group.vpc_id == vpc_id && group.is_default())
    }

    /// The main route table of a VPC.
    pub(super) fn main_table_mut(&mut self, vpc_id: &str) -> Option<&mut RouteTable> {
        self.route_tables
            .iter_mut()
            .find(|table| table.vpc_id == vpc_id && table.is_main())
    }
}

/// The thing with this id.
pub(super) fn find<'a, R: Resource>(list: &'a [R], id: &str) -> Result<&'a R, super::AwsError> {
    list.iter()
        .find(|resource| resource.id() == id)
        .ok_or_else(|| R::KIND.not_found(id))
}

/// The thing with this id, to be changed.
pub(super) fn find_mut<'a, R: Resource>(list: &'a mut [R], id: &str) -> Result<&'a mut R, super::AwsError> {
    list.iter_mut()
        .find(|resource| resource.id() == id)
        .ok_or_else(|| R::KIND.not_found(id))
}

/// Does the same with each list of taggable things, borrowed as the first argument says.
macro_rules! each_resource {
    (& $($mutable:ident)? , $ec2:ident, $list:ident => $body:expr) => {
        each_resource!(@ ($($mutable)?) $ec2, $list, $body;
            vpcs, subnets, internet_gateways, route_tables, network_acls, security_groups, dhcp_options,
            network_interfaces, instances, addresses, nat_gateways, vpc_endpoints, peerings, vpn_gateways,
            egress_only_gateways, transit_attachments, flow_logs, snapshots, carrier_gateways, exclusions,
            cidr_reservations)
    };
    (@ $mutable:tt $ec2:ident, $list:ident, $body:expr; $($field:ident),*) => {
        $(each_resource!(@@ $mutable $ec2, $list, $body, $field);)*
    };
    (@@ (mut) $ec2:ident, $list:ident, $body:expr, $field:ident) => {{ let $list = &mut $ec2.$field; $body }};
    (@@ () $ec2:ident, $list:ident, $body:expr, $field:ident) => {{ let $list = &$ec2.$field; $body }};
}
pub(super) use each_resource;
