//! VPCs: what a new one has, the default one, and when one may go.

use serde_json::{Value, json};

use super::cidr::Cidr;
use super::geography;
use super::input::Input;
use super::kind;
use super::model::{
    AclEntry, CidrAssociation, Ec2, NetworkAcl, Route, RouteTable, RouteTableAssociation, Rule,
    SecurityGroup, State, Tag, Vpc, find,
};
use super::{Answer, AwsError, Cx, SERVICE, done, gateways, rows, subnets};

/// The addresses of every default VPC (VPC User Guide, "Default VPC components").
const DEFAULT_BLOCK: &str = "172.31.0.0/16";

/// How many VPCs a region may have (VPC User Guide, "Amazon VPC quotas").
const MOST_VPCS: usize = 5;

/// Creates a VPC with what each has: a main route table with its local route, a default security group and a
/// default network ACL.
fn create(cx: &mut Cx<'_>, block: &str, is_default: bool, tag_set: Vec<Tag>) -> Vpc {
    let vpc = Vpc {
        vpc_id: cx.ids.next("vpc"),
        owner_id: cx.ec2.account_id.clone(),
        state: "available".to_owned(),
        cidr_block: block.to_owned(),
        cidr_block_association_set: vec![CidrAssociation {
            association_id: cx.ids.next("vpc-cidr-assoc"),
            cidr_block: block.to_owned(),
            cidr_block_state: State::associated(),
        }],
        dhcp_options_id: default_dhcp_options(cx.ec2),
        instance_tenancy: "default".to_owned(),
        is_default,
        tag_set,
    };
    cx.ec2.vpcs.push(vpc.clone());
    let mut table = route_table(cx, &vpc.vpc_id);
    let association = table_association(cx, &table, None);
    table.association_set.push(association);
    cx.ec2.route_tables.push(table);
    let acl = network_acl(cx, &vpc.vpc_id, true);
    cx.ec2.network_acls.push(acl);
    let mut group = security_group(cx, &vpc.vpc_id, "default", "default VPC security group");
    group.rules.insert(
        0,
        Rule {
            security_group_rule_id: cx.ids.next("sgr"),
            is_egress: false,
            ip_protocol: "-1".to_owned(),
            from_port: -1,
            to_port: -1,
            cidr_ipv4: None,
            group: Some(group.group_id.clone()),
            tag_set: Vec::new(),
        },
    );
    cx.ec2.security_groups.push(group);
    vpc
}

/// The set of DHCP options that a region has from the start, which new VPCs get.
fn default_dhcp_options(ec2: &Ec2) -> String {
    let options = ec2.dhcp_options.first();
    options.map_or_else(|| "default".to_owned(), |options| options.dhcp_options_id.clone())
}

/// A route table that is not in the state yet: it has the VPC's local route and no associations.
pub(super) fn route_table(cx: &mut Cx<'_>, vpc_id: &str) -> RouteTable {
    let blocks = cx.ec2.vpcs.iter().find(|vpc| vpc.vpc_id == vpc_id);
    let blocks = blocks
        .map(|vpc| vpc.cidr_block_association_set.as_slice())
        .unwrap_or_default();
    let route_set = blocks
        .iter()
        .map(|block| local_route(&block.cidr_block))
        .collect();
    RouteTable {
        route_table_id: cx.ids.next("rtb"),
        vpc_id: vpc_id.to_owned(),
        owner_id: cx.ec2.account_id.clone(),
        association_set: Vec::new(),
        route_set,
        tag_set: Vec::new(),
    }
}

/// What makes a route table the one of a subnet or, without one, the main one.
pub(super) fn table_association(
    cx: &mut Cx<'_>,
    table: &RouteTable,
    subnet_id: Option<String>,
) -> RouteTableAssociation {
    RouteTableAssociation {
        route_table_association_id: cx.ids.next("rtbassoc"),
        route_table_id: table.route_table_id.clone(),
        main: subnet_id.is_none(),
        subnet_id,
        association_state: State::associated(),
    }
}

/// The route within the VPC, which every table has and nobody can remove.
pub(super) fn local_route(block: &str) -> Route {
    Route {
        destination_cidr_block: Some(block.to_owned()),
        gateway_id: Some("local".to_owned()),
        origin: "CreateRouteTable".to_owned(),
        ..Route::default()
    }
}

/// A network ACL that is not in the state yet. The default one lets everything through; another one nothing.
pub(super) fn network_acl(cx: &mut Cx<'_>, vpc_id: &str, default: bool) -> NetworkAcl {
    let entry = |rule_number, rule_action: &str, egress| AclEntry {
        rule_number,
        protocol: "-1".to_owned(),
        rule_action: rule_action.to_owned(),
        egress,
        cidr_block: "0.0.0.0/0".to_owned(),
    };
    let entries = |egress| {
        let allow = default.then(|| entry(100, "allow", egress));
        allow.into_iter().chain([entry(32767, "deny", egress)])
    };
    NetworkAcl {
        network_acl_id: cx.ids.next("acl"),
        vpc_id: vpc_id.to_owned(),
        owner_id: cx.ec2.account_id.clone(),
        default,
        association_set: Vec::new(),
        entry_set: entries(true).chain(entries(false)).collect(),
        tag_set: Vec::new(),
    }
}

/// A security group that is not in the state yet. It lets everything out and nothing in.
pub(super) fn security_group(cx: &mut Cx<'_>, vpc_id: &str, name: &str, description: &str) -> SecurityGroup {
    SecurityGroup {
        group_id: cx.ids.next("sg"),
        group_name: name.to_owned(),
        group_description: description.to_owned(),
        vpc_id: vpc_id.to_owned(),
        owner_id: cx.ec2.account_id.clone(),
        rules: vec![Rule {
            security_group_rule_id: cx.ids.next("sgr"),
            is_egress: true,
            ip_protocol: "-1".to_owned(),
            from_port: -1,
            to_port: -1,
            cidr_ipv4: Some("0.0.0.0/0".to_owned()),
            group: None,
            tag_set: Vec::new(),
        }],
        tag_set: Vec::new(),
    }
}

/// Creates the default VPC: an attached internet gateway with a route to it, and a default subnet in each
/// zone.
pub(super) fn create_default(cx: &mut Cx<'_>) -> Vpc {
    let vpc = create(cx, DEFAULT_BLOCK, true, Vec::new());
    let gateway = gateways::create(cx, Vec::new());
    gateways::attach(cx.ec2, &gateway.internet_gateway_id, &vpc.vpc_id);
    if let Some(table) = cx.ec2.main_table_mut(&vpc.vpc_id) {
        table.route_set.push(Route {
            destination_cidr_block: Some("0.0.0.0/0".to_owned()),
            gateway_id: Some(gateway.internet_gateway_id),
            origin: "CreateRoute".to_owned(),
            ..Route::default()
        });
    }
    for zone in geography::zones(&cx.ec2.region) {
        subnets::create_default(cx, &vpc, &zone);
    }
    vpc
}

/// `CreateDefaultVpc`.
pub(super) fn create_default_vpc(cx: &mut Cx<'_>, _: &Input<'_>) -> Answer {
    if cx.ec2.default_vpc().is_some() {
        return Err(AwsError::new(
            "DefaultVpcAlreadyExists",
            "A Default VPC already exists for this account in this region.",
        ));
    }
    let vpc = create_default(cx);
    Ok(json!({ "vpc": just_made(&vpc) }))
}

/// A VPC as the call that made it answers it: what is described later is available.
fn just_made(vpc: &Vpc) -> Value {
    let mut shown = json!(rows::vpc(vpc));
    shown["state"] = json!("pending");
    shown
}

/// `CreateVpc`.
pub(super) fn create_vpc(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let text = input.required("CidrBlock")?;
    let block: Cidr = text.parse().map_err(|_| not_a_block(text))?;
    if !(16..=28).contains(&block.length()) {
        return Err(AwsError::new(
            "InvalidVpc.Range",
            format!("The CIDR '{text}' is invalid."),
        ));
    }
    let tags = input.creation_tags(&kind::VPC)?;
    if cx.ec2.vpcs.len() >= MOST_VPCS {
        return Err(AwsError::new(
            "VpcLimitExceeded",
            "The maximum number of VPCs has been reached.",
        ));
    }
    let vpc = create(cx, &block.to_string(), false, tags);
    Ok(json!({ "vpc": just_made(&vpc) }))
}

/// The refusal of a text that is not a block of addresses.
pub(super) fn not_a_block(text: &str) -> AwsError {
    SERVICE.invalid(format!(
        "Value ({text}) for parameter cidrBlock is invalid. This is not a valid CIDR block."
    ))
}

/// What keeps a VPC from being deleted.
///
/// `DeleteVpc` takes the main route table, the default network ACL and the default security group with it,
/// and wants everything else gone before.
pub(super) fn in_the_way(ec2: &Ec2, vpc_id: &str) -> bool {
    let attached = |attachments: &[super::model::Attachment]| {
        attachments
            .iter()
            .any(|attachment| attachment.vpc_id == vpc_id && attachment.state != "detached")
    };
    let is_live = |state: &str| !matches!(state, "deleted" | "failed" | "rejected");
    ec2.subnets_of(vpc_id).next().is_some()
        || ec2
            .network_interfaces
            .iter()
            .any(|interface| interface.vpc_id == vpc_id)
        || ec2
            .internet_gateways
            .iter()
            .any(|gateway| gateway.vpc() == Some(vpc_id))
        || ec2
            .egress_only_gateways
            .iter()
            .any(|gateway| attached(&gateway.attachment_set))
        || ec2
            .carrier_gateways
            .iter()
            .any(|gateway| gateway.vpc_id == vpc_id && is_live(&gateway.state))
        || ec2
            .vpn_gateways
            .iter()
            .any(|gateway| attached(&gateway.attachments))
        || ec2
            .nat_gateways
            .iter()
            .any(|nat| nat.vpc_id == vpc_id && is_live(&nat.state))
        || ec2
            .vpc_endpoints
            .iter()
            .any(|endpoint| endpoint.vpc_id == vpc_id && is_live(&endpoint.state))
        || ec2
            .transit_attachments
            .iter()
            .any(|a| a.vpc_id == vpc_id && is_live(&a.state))
        || ec2
            .peerings
            .iter()
            .any(|peering| peering.has_side(vpc_id) && peering.is_live())
        || ec2
            .route_tables
            .iter()
            .any(|table| table.vpc_id == vpc_id && (!table.is_main() || table.leads_to_lattice()))
        || ec2
            .network_acls
            .iter()
            .any(|acl| acl.vpc_id == vpc_id && !acl.default)
        || ec2
            .security_groups
            .iter()
            .any(|group| group.vpc_id == vpc_id && !group.is_default())
}

/// `DeleteVpc`.
pub(super) fn delete_vpc(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let id = input.id("VpcId", &kind::VPC)?;
    find(&cx.ec2.vpcs, id)?;
    if in_the_way(cx.ec2, id) {
        return Err(AwsError::new(
            "DependencyViolation",
            format!("The vpc '{id}' has dependencies and cannot be deleted."),
        ));
    }
    remove(cx.ec2, id);
    done()
}

/// Takes a VPC away with what came with it and what only refers to it.
pub(super) fn remove(ec2: &mut Ec2, vpc_id: &str) {
    ec2.vpcs.retain(|vpc| vpc.vpc_id != vpc_id);
    ec2.route_tables.retain(|table| table.vpc_id != vpc_id);
    ec2.network_acls.retain(|acl| acl.vpc_id != vpc_id);
    ec2.security_groups.retain(|group| group.vpc_id != vpc_id);
    ec2.flow_logs.retain(|log| log.resource_id != vpc_id);
}

#[cfg(test)]
mod tests;
