use aws_sdk_ec2::types::{
    AttachmentStatus, CarrierGateway, CarrierGatewayState, EgressOnlyInternetGateway, FlowLog, InstanceState,
    InstanceStateName, InternetGatewayAttachment, IpPermission, IpRange, NatGateway, NatGatewayState,
    NetworkAcl, NetworkAclEntry, NetworkInterface, NetworkInterfaceAttachment, Route, RouteState,
    RouteTableAssociation, RuleAction, SecurityGroup, Tag, TransitGatewayAttachmentState,
    TransitGatewayVpcAttachment, UserIdGroupPair, VpcAttachment, VpcBlockPublicAccessExclusionState,
    VpcCidrBlockAssociation, VpcCidrBlockState, VpcCidrBlockStateCode, VpcEndpoint, VpcEndpointType,
    VpcIpv6CidrBlockAssociation, VpcPeeringConnection, VpcPeeringConnectionStateReason,
    VpcPeeringConnectionStateReasonCode, VpcPeeringConnectionVpcInfo, VpnGateway,
};
use insta::assert_snapshot;
use trueup_core::fault::Fault;

use super::lines::*;
use super::*;

const VPC: &str = "vpc-1";

/// No tags but AWS's.
const NONE: IgnoredTags = IgnoredTags(vec![]);

fn told(findings: &InTheWay) -> String {
    let lost = findings.lost.iter().map(|line| format!("lost: {line}"));
    let notices = findings.notices.iter().map(|line| format!("notice: {line}"));
    findings
        .obstacles
        .iter()
        .cloned()
        .chain(lost)
        .chain(notices)
        .chain(
            findings
                .unused_groups
                .iter()
                .map(|group| format!("unused: {} ({})", group.id, group.name)),
        )
        .collect::<Vec<_>>()
        .join("\n")
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

fn route(to: &str, gateway: &str) -> Route {
    Route::builder()
        .destination_cidr_block(to)
        .gateway_id(gateway)
        .build()
}

fn table(id: &str, is_main: bool) -> RouteTable {
    RouteTable::builder()
        .route_table_id(id)
        .associations(RouteTableAssociation::builder().main(is_main).build())
        .routes(route("172.31.0.0/16", "local"))
        .routes(route("0.0.0.0/0", "igw-1"))
        .build()
}

fn subnet(id: &str, is_default: bool) -> Subnet {
    Subnet::builder()
        .subnet_id(id)
        .cidr_block("172.31.0.0/20")
        .availability_zone("eu-west-1a")
        .default_for_az(is_default)
        .build()
}

fn range(cidr: &str, state: VpcCidrBlockStateCode) -> VpcCidrBlockAssociation {
    VpcCidrBlockAssociation::builder()
        .cidr_block(cidr)
        .cidr_block_state(VpcCidrBlockState::builder().state(state).build())
        .build()
}

/// A default VPC as AWS makes it.
fn parts() -> Parts {
    Parts {
        vpc: Vpc::builder()
            .vpc_id(VPC)
            .cidr_block("172.31.0.0/16")
            .cidr_block_association_set(range("172.31.0.0/16", VpcCidrBlockStateCode::Associated))
            .build(),
        gateways: vec![InternetGateway::builder().internet_gateway_id("igw-1").build()],
        subnets: vec![subnet("subnet-a", true)],
        route_tables: vec![table("rtb-1", true)],
    }
}

/// What is found after a change to a default VPC as AWS makes it.
fn after(change: impl FnOnce(&mut Parts)) -> String {
    let mut parts = parts();
    change(&mut parts);
    told(&of_parts(&parts, &NONE))
}

#[test]
fn nothing_that_aws_makes_is_in_the_way() {
    assert_eq!(of_parts(&parts(), &NONE), InTheWay::default());
}

#[test]
fn a_further_address_range_is_in_the_way_while_it_is_there() {
    let told = after(|parts| {
        let six = VpcIpv6CidrBlockAssociation::builder()
            .ipv6_cidr_block("2a05:d018::/56")
            .build();
        parts.vpc.ipv6_cidr_block_association_set = Some(vec![six]);
        if let Some(ranges) = &mut parts.vpc.cidr_block_association_set {
            ranges.push(range("100.64.0.0/16", VpcCidrBlockStateCode::Associating));
            ranges.push(range("100.65.0.0/16", VpcCidrBlockStateCode::Disassociated));
        }
    });
    assert_snapshot!(told, @r"
    added CIDR 100.64.0.0/16
    added CIDR 2a05:d018::/56
    ");
}

#[test]
fn more_than_one_internet_gateway_is_in_the_way() {
    let told = after(|parts| {
        let other = InternetGateway::builder().internet_gateway_id("igw-0");
        parts.gateways.push(other.build());
    });
    assert_snapshot!(told, @"more than one internet gateway is attached: igw-0, igw-1");
}

#[test]
fn subnets_and_route_tables_that_somebody_made_are_in_the_way() {
    let told = after(|parts| {
        parts.subnets.push(subnet("subnet-x", false));
        parts.route_tables.push(table("rtb-x", false));
    });
    assert_snapshot!(told, @r"
    subnet subnet-x (172.31.0.0/20) is not a default one
    route table rtb-x is not the main one
    ");
}

#[test]
fn tags_that_somebody_set_are_in_the_way_and_those_of_aws_are_not() {
    let told = after(|parts| {
        parts.vpc.tags = Some(vec![tag("team", "web"), tag("Name", "old \"one\"")]);
        parts.gateways[0].tags = Some(vec![tag("Name", "gateway")]);
        parts.subnets[0].tags = Some(vec![tag("aws:created-by", "someone")]);
        let mut named = subnet("subnet-b", true);
        named.tags = Some(vec![tag("Name", "")]);
        parts.subnets.push(named);
        parts.route_tables[0].tags = Some(vec![tag("Name", "main")]);
    });
    assert_snapshot!(told, @r#"
    VPC vpc-1 is tagged Name = "old \"one\"", team = "web", which ignore_tags does not have
    internet gateway igw-1 is tagged Name = "gateway", which ignore_tags does not have
    subnet subnet-b is tagged Name = "", which ignore_tags does not have
    main route table rtb-1 is tagged Name = "main", which ignore_tags does not have
    "#);
}

#[test]
fn changed_routes_are_told() {
    let told = after(|parts| {
        let routes = parts.route_tables[0].routes.get_or_insert_default();
        routes.push(route("10.9.0.0/16", "vgw-1"));
        routes[1] = Route::builder()
            .destination_cidr_block("0.0.0.0/0")
            .nat_gateway_id("nat-1")
            .build();
    });
    assert_snapshot!(told, @"lost: main route table rtb-1 has routes of its own: 0.0.0.0/0, 10.9.0.0/16");
}

fn interface(id: &str) -> aws_sdk_ec2::types::builders::NetworkInterfaceBuilder {
    NetworkInterface::builder().network_interface_id(id)
}

#[test]
fn an_instance_is_in_the_way_once_and_every_other_interface_too() {
    let instance = Instance::builder()
        .instance_id("i-1")
        .state(InstanceState::builder().name(InstanceStateName::Running).build())
        .build();
    let of = |id: &str| NetworkInterfaceAttachment::builder().instance_id(id).build();
    let interfaces = [
        interface("eni-1").attachment(of("i-1")).build(),
        interface("eni-3").attachment(of("i-9")).description("").build(),
        interface("eni-2").description("ELB app/web/1").build(),
    ];
    assert_snapshot!(told(&of_hosts(&[instance], &interfaces)), @r"
    instance i-1 (running)
    network interface eni-2 (ELB app/web/1)
    network interface eni-3 (?)
    ");
}

#[test]
fn nat_gateways_are_in_the_way_until_they_are_deleted() {
    let gateway = |id: &str, state| NatGateway::builder().nat_gateway_id(id).state(state).build();
    let gateways = [
        gateway("nat-2", NatGatewayState::Deleting),
        gateway("nat-1", NatGatewayState::Available),
        gateway("nat-3", NatGatewayState::Deleted),
    ];
    assert_snapshot!(told(&of_nat_gateways(&gateways)), @r"
    NAT gateway nat-1 (available)
    NAT gateway nat-2 (deleting)
    ");
}

#[test]
fn endpoints_are_in_the_way_also_those_without_an_interface() {
    let endpoint = |id: &str, state: &str| {
        VpcEndpoint::builder()
            .vpc_endpoint_id(id)
            .vpc_endpoint_type(VpcEndpointType::Gateway)
            .service_name("com.amazonaws.eu-west-1.s3")
            .state(state.into())
            .build()
    };
    let endpoints = [endpoint("vpce-1", "available"), endpoint("vpce-2", "deleted")];
    assert_snapshot!(told(&of_endpoints(&endpoints)), @"VPC endpoint vpce-1 (Gateway, com.amazonaws.eu-west-1.s3)");
}

#[test]
fn endpoints_of_vpc_lattice_are_named_by_what_they_lead_to() {
    let endpoint = |id: &str, kind| VpcEndpoint::builder().vpc_endpoint_id(id).vpc_endpoint_type(kind);
    let endpoints = [
        endpoint("vpce-1", VpcEndpointType::ServiceNetwork)
            .service_network_arn("arn:aws:vpc-lattice:eu-west-1:1:servicenetwork/sn-1")
            .build(),
        endpoint("vpce-2", VpcEndpointType::Resource)
            .resource_configuration_arn("arn:aws:vpc-lattice:eu-west-1:1:resourceconfiguration/rcfg-1")
            .build(),
    ];
    assert_snapshot!(told(&of_endpoints(&endpoints)), @r"
    VPC endpoint vpce-1 (ServiceNetwork, arn:aws:vpc-lattice:eu-west-1:1:servicenetwork/sn-1)
    VPC endpoint vpce-2 (Resource, arn:aws:vpc-lattice:eu-west-1:1:resourceconfiguration/rcfg-1)
    ");
}

#[test]
fn ties_to_other_services_that_only_routes_show_are_in_the_way() {
    let told = after(|parts| {
        let routes = parts.route_tables[0].routes.get_or_insert_default();
        for list in ["pl-1", "pl-2"] {
            let lattice = Route::builder().destination_prefix_list_id(list);
            routes.push(lattice.gateway_id("VpcLattice").build());
        }
        let peering = |to: &str| {
            Route::builder()
                .destination_cidr_block(to)
                .odb_network_arn("arn:aws:odb:eu-west-1:1:odb-network/odbnet-1")
        };
        let mut other = table("rtb-2", false);
        let of_other = other.routes.get_or_insert_default();
        of_other.push(peering("10.1.0.0/24").state(RouteState::Blackhole).build());
        of_other.push(peering("10.2.0.0/24").state(RouteState::Active).build());
        parts.route_tables.push(other);
    });
    assert_snapshot!(told, @r"
    association with a VPC Lattice service network (route pl-1 in rtb-1)
    peering with arn:aws:odb:eu-west-1:1:odb-network/odbnet-1 (route 10.2.0.0/24 in rtb-2)
    route table rtb-2 is not the main one
    ");
}

#[test]
fn carrier_gateways_are_in_the_way_until_they_are_deleted() {
    let gateway = |id: &str, vpc: &str, state| {
        CarrierGateway::builder()
            .carrier_gateway_id(id)
            .vpc_id(vpc)
            .state(state)
            .build()
    };
    let gateways = [
        gateway("cagw-2", VPC, CarrierGatewayState::Deleting),
        gateway("cagw-1", VPC, CarrierGatewayState::Available),
        gateway("cagw-3", VPC, CarrierGatewayState::Deleted),
        gateway("cagw-4", "vpc-7", CarrierGatewayState::Available),
    ];
    assert_snapshot!(told(&of_carrier_gateways(VPC, &gateways)), @r"
    carrier gateway cagw-1 (available)
    carrier gateway cagw-2 (deleting)
    ");
}

#[test]
fn exclusions_from_the_block_of_public_access_are_in_the_way_if_they_are_of_this_vpc() {
    use VpcBlockPublicAccessExclusionState as State;
    let exclusion = |id: &str, of: &str, state| {
        VpcBlockPublicAccessExclusion::builder()
            .exclusion_id(id)
            .resource_arn(format!("arn:aws:ec2:eu-west-1:123456789012:{of}"))
            .internet_gateway_exclusion_mode("allow-egress".into())
            .state(state)
            .build()
    };
    let exclusions = [
        exclusion("vpcbpa-exclude-1", "vpc/vpc-1", State::CreateComplete),
        exclusion("vpcbpa-exclude-2", "subnet/subnet-a", State::DisableComplete),
        exclusion("vpcbpa-exclude-3", "vpc/vpc-1", State::DeleteComplete),
        exclusion("vpcbpa-exclude-4", "vpc/vpc-1", State::CreateFailed),
        exclusion("vpcbpa-exclude-5", "vpc/vpc-12", State::CreateComplete),
        exclusion("vpcbpa-exclude-6", "subnet/subnet-z", State::CreateComplete),
    ];
    let found = of_exclusions(VPC, &parts().subnets, &exclusions);
    assert_snapshot!(told(&found), @r"
    VPC Block Public Access exclusion vpcbpa-exclude-1 of vpc-1 (allow-egress)
    VPC Block Public Access exclusion vpcbpa-exclude-2 of subnet-a (allow-egress)
    ");
}

#[test]
fn reserved_addresses_are_in_the_way() {
    let reservation = SubnetCidrReservation::builder()
        .subnet_cidr_reservation_id("scr-1")
        .subnet_id("subnet-a")
        .cidr("172.31.15.240/28")
        .build();
    assert_snapshot!(told(&of_reservations(&[reservation])), @"subnet CIDR reservation scr-1 (172.31.15.240/28 in subnet-a)");
}

#[test]
fn peerings_of_either_side_are_in_the_way_while_they_last() {
    use VpcPeeringConnectionStateReasonCode as Code;
    let side = |vpc: &str| VpcPeeringConnectionVpcInfo::builder().vpc_id(vpc).build();
    let peering = |id: &str, from: &str, to: &str, code| {
        VpcPeeringConnection::builder()
            .vpc_peering_connection_id(id)
            .requester_vpc_info(side(from))
            .accepter_vpc_info(side(to))
            .status(VpcPeeringConnectionStateReason::builder().code(code).build())
            .build()
    };
    let peerings = [
        peering("pcx-2", "vpc-7", VPC, Code::PendingAcceptance),
        peering("pcx-1", VPC, "vpc-7", Code::Active),
        peering("pcx-1", VPC, "vpc-7", Code::Active),
        peering("pcx-3", VPC, "vpc-7", Code::Deleted),
        peering("pcx-4", "vpc-6", "vpc-7", Code::Active),
    ];
    assert_snapshot!(told(&of_peerings(VPC, &peerings)), @r"
    peering connection pcx-1 (active)
    peering connection pcx-2 (pending-acceptance)
    ");
}

#[test]
fn gateways_of_other_kinds_are_in_the_way_where_they_are_attached() {
    let vpn = |id: &str, vpc: &str, state| {
        VpnGateway::builder()
            .vpn_gateway_id(id)
            .vpc_attachments(VpcAttachment::builder().vpc_id(vpc).state(state).build())
            .build()
    };
    let gateways = [
        vpn("vgw-1", VPC, AttachmentStatus::Attached),
        vpn("vgw-2", VPC, AttachmentStatus::Detached),
        vpn("vgw-3", "vpc-7", AttachmentStatus::Attached),
    ];
    assert_snapshot!(told(&of_vpn_gateways(VPC, &gateways)), @"VPN gateway vgw-1");

    let egress = |id: &str, vpc: &str| {
        EgressOnlyInternetGateway::builder()
            .egress_only_internet_gateway_id(id)
            .attachments(InternetGatewayAttachment::builder().vpc_id(vpc).build())
            .build()
    };
    let gateways = [egress("eigw-1", VPC), egress("eigw-2", "vpc-7")];
    assert_snapshot!(told(&of_egress_only(VPC, &gateways)), @"egress-only internet gateway eigw-1");

    let transit = |id: &str, state| {
        TransitGatewayVpcAttachment::builder()
            .transit_gateway_attachment_id(id)
            .vpc_id(VPC)
            .state(state)
            .build()
    };
    let attachments = [
        transit("tgw-attach-1", TransitGatewayAttachmentState::Available),
        transit("tgw-attach-2", TransitGatewayAttachmentState::Deleted),
    ];
    assert_snapshot!(told(&of_transit(VPC, &attachments)), @"transit gateway attachment tgw-attach-1 (available)");
}

fn group(id: &str, name: &str, vpc: &str) -> SecurityGroup {
    SecurityGroup::builder()
        .group_id(id)
        .group_name(name)
        .vpc_id(vpc)
        .build()
}

/// A default group as AWS makes it.
fn default_group() -> SecurityGroup {
    let itself = UserIdGroupPair::builder().group_id("sg-1").build();
    let everywhere = IpRange::builder().cidr_ip("0.0.0.0/0").build();
    let mut group = group("sg-1", "default", VPC);
    let all = || IpPermission::builder().ip_protocol("-1");
    group.ip_permissions = Some(vec![all().user_id_group_pairs(itself).build()]);
    group.ip_permissions_egress = Some(vec![all().ip_ranges(everywhere).build()]);
    group
}

/// A group of the VPC with rules that name others.
fn naming(id: &str, name: &str, others: &[&str]) -> SecurityGroup {
    let pairs = others
        .iter()
        .map(|id| UserIdGroupPair::builder().group_id(*id).build());
    let rule = IpPermission::builder()
        .ip_protocol("tcp")
        .set_user_id_group_pairs(Some(pairs.collect()))
        .build();
    let mut group = group(id, name, VPC);
    group.ip_permissions = Some(vec![rule]);
    group
}

#[test]
fn unused_security_groups_are_listed_in_the_order_of_their_rules() {
    let groups = [
        naming("sg-2", "db", &["sg-2"]),
        naming("sg-3", "web", &["sg-2", "sg-1"]),
        default_group(),
    ];
    assert_snapshot!(told(&of_groups(VPC, &groups, &[], &NONE)), @r"
    unused: sg-3 (web)
    unused: sg-2 (db)
    ");
}

#[test]
fn security_groups_that_rules_name_or_that_are_tagged_are_in_the_way() {
    let circle = [
        naming("sg-2", "db", &["sg-3"]),
        naming("sg-3", "web", &["sg-2"]),
        default_group(),
    ];
    assert_snapshot!(told(&of_groups(VPC, &circle, &[], &NONE)), @r"
    rules of security group sg-2 (db) name security group sg-3 (web)
    rules of security group sg-3 (web) name security group sg-2 (db)
    ");
    let mut by_default = default_group();
    by_default.ip_permissions = naming("sg-1", "default", &["sg-2"]).ip_permissions;
    let groups = [naming("sg-2", "db", &[]), by_default];
    assert_snapshot!(told(&of_groups(VPC, &groups, &[], &NONE)), @r"
    rules of security group sg-1 (default) name security group sg-2 (db)
    lost: the rules of default security group sg-1 have been changed
    ");
    let mut tagged = naming("sg-2", "db", &[]);
    tagged.tags = Some(vec![tag("team", "web")]);
    let found = of_groups(VPC, &[tagged, default_group()], &[], &NONE);
    assert_snapshot!(found.obstacles.join("\n"), @r#"security group sg-2 is tagged team = "web", which ignore_tags does not have"#);
}

#[test]
fn tags_that_the_file_ignores_are_not_in_the_way() {
    let ignored = IgnoredTags(vec!["Name".to_owned(), "team-*".to_owned()]);
    let found = |keys: &[&str]| {
        let mut parts = parts();
        let tags: Vec<Tag> = keys.iter().map(|key| tag(key, "x")).collect();
        parts.vpc.tags = Some(tags.clone());
        parts.gateways[0].tags = Some(tags.clone());
        parts.subnets[0].tags = Some(tags);
        of_parts(&parts, &ignored).obstacles.len()
    };
    assert_eq!(found(&["Name", "team-web", "team-", "aws:created-by"]), 0);
    for key in ["name", "Names", "team", "owner"] {
        assert_eq!(found(&["Name", key]), 3, "{key}");
    }
}

#[test]
fn rules_elsewhere_that_name_the_default_group_are_in_the_way() {
    let mut elsewhere = naming("sg-9", "app", &["sg-1"]);
    elsewhere.vpc_id = Some("vpc-7".to_owned());
    let referring = [default_group(), elsewhere.clone(), elsewhere];
    let found = of_groups(VPC, &[default_group()], &referring, &NONE);
    assert_snapshot!(told(&found), @"rules of security group sg-9 (app) in vpc-7 name security group sg-1 (default)");
}

#[test]
fn a_changed_default_group_is_told_and_a_tagged_one_is_in_the_way() {
    assert_eq!(
        of_groups(VPC, &[default_group()], &[], &NONE),
        InTheWay::default()
    );
    let mut emptied = default_group();
    emptied.ip_permissions = None;
    assert_snapshot!(told(&of_groups(VPC, &[emptied], &[], &NONE)), @"lost: the rules of default security group sg-1 have been changed");
    let mut tagged = default_group();
    tagged.tags = Some(vec![tag("Name", "mine")]);
    assert_snapshot!(told(&of_groups(VPC, &[tagged], &[], &NONE)), @r#"default security group sg-1 is tagged Name = "mine", which ignore_tags does not have"#);
}

fn entry(egress: bool, number: i32, action: RuleAction) -> NetworkAclEntry {
    NetworkAclEntry::builder()
        .egress(egress)
        .rule_number(number)
        .rule_action(action)
        .protocol("-1")
        .cidr_block("0.0.0.0/0")
        .build()
}

/// A default network ACL as AWS makes it.
fn default_acl() -> NetworkAcl {
    NetworkAcl::builder()
        .network_acl_id("acl-1")
        .is_default(true)
        .entries(entry(true, 100, RuleAction::Allow))
        .entries(entry(true, 32767, RuleAction::Deny))
        .entries(entry(false, 100, RuleAction::Allow))
        .entries(entry(false, 32767, RuleAction::Deny))
        .build()
}

#[test]
fn network_acls_that_somebody_made_are_in_the_way_and_changes_of_the_default_one_are_told() {
    assert_eq!(of_acls(&[default_acl()], &NONE), InTheWay::default());
    let mut changed = default_acl();
    changed
        .entries
        .get_or_insert_default()
        .push(entry(false, 90, RuleAction::Deny));
    changed.tags = Some(vec![tag("Name", "mine")]);
    let other = NetworkAcl::builder()
        .network_acl_id("acl-2")
        .is_default(false)
        .build();
    assert_snapshot!(told(&of_acls(&[changed, other], &NONE)), @r#"
    default network ACL acl-1 is tagged Name = "mine", which ignore_tags does not have
    network ACL acl-2 is not the default one
    lost: the rules of default network ACL acl-1 have been changed
    "#);
}

#[test]
fn flow_logs_are_in_the_way() {
    let log = FlowLog::builder()
        .flow_log_id("fl-1")
        .resource_id("subnet-a")
        .build();
    assert_snapshot!(told(&of_flow_logs(&[log])), @"flow log fl-1 of subnet-a");
}

fn fault(kind: FaultKind, code: &str) -> Fault {
    Fault {
        kind,
        code: Some(code.to_owned()),
        ..Fault::answer("ec2:DescribeFlowLogs", "encoded text AAB3")
    }
}

#[test]
fn what_could_not_be_checked_is_not_taken_to_be_free() {
    let denied = fault(FaultKind::Denied, "UnauthorizedOperation");
    for aws_checks in [false, true] {
        let found = unchecked("flow logs", aws_checks, denied.clone().into()).unwrap();
        insta::allow_duplicates!(
            assert_snapshot!(told(&found), @"flow logs could not be checked (ec2:DescribeFlowLogs: UnauthorizedOperation); grant the action to the caller; `trueup controls NAME` lists what a control needs")
        );
    }
    let unknown = fault(FaultKind::Service, "InvalidAction");
    let found = unchecked("flow logs", false, unknown.into()).unwrap();
    assert_snapshot!(told(&found), @"flow logs could not be checked (ec2:DescribeFlowLogs: InvalidAction)");
}

#[test]
fn a_check_that_aws_makes_itself_may_be_unknown_to_an_emulator() {
    let unknown = fault(FaultKind::Service, "InvalidAction");
    let found = unchecked("transit gateway attachments", true, unknown.into()).unwrap();
    assert_snapshot!(told(&found), @"notice: transit gateway attachments could not be checked (ec2:DescribeFlowLogs: InvalidAction); AWS refuses to delete what they use");
}

#[test]
fn passing_trouble_is_a_fault_of_the_reading() {
    for kind in [FaultKind::Throttled, FaultKind::Network, FaultKind::Credentials] {
        for aws_checks in [false, true] {
            let fault = fault(kind, "RequestLimitExceeded");
            assert_eq!(
                unchecked("flow logs", aws_checks, fault.clone().into()),
                Err(fault.into())
            );
        }
    }
}
