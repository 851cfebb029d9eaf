//! EC2, as far as a reconciler of accounts meets it: regions and zones, the account's settings of a region, and VPCs
//! with what keeps them from being deleted.
//!
//! The specification of names and shapes is the EC2 API Reference (version 2016-11-15); of refusals, its
//! "Error codes" and the sentences that the service sends. Each region is an [`Ec2`] of its own. A `Describe`
//! operation is an entry in `reads`; every other operation is an entry in `OPERATIONS` and a function
//! beside its subject.

mod addresses;
mod cidr;
mod defaults;
mod ebs;
mod gateways;
mod geography;
mod groups;
mod input;
mod instances;
mod kind;
mod listing;
mod model;
mod occupy;
mod reads;
mod routes;
mod rows;
mod snapshots;
mod subnets;
mod tags;
#[cfg(test)]
mod tests;
mod vpcs;

use serde_json::{Value, json};

use super::service::{Refusal, Service};
use super::wire::Protocol;
use super::{Account, Answer, AwsError, Call, Ids};
use input::Input;

pub use defaults::{DeclarativePolicy, HttpTokens, ImageSharing, InstanceMetadata, SnapshotSharing, Switch};
pub use model::{Ec2, InstanceState};
pub use occupy::{EndpointKind, Occupant, occupy};

/// The service.
pub(super) static SERVICE: Service = Service {
    denied_resource: |call, id| format!("arn:aws:ec2:{}:{id}:*", call.region),
    denied: |who| {
        let message = format!("You are not authorized to perform this operation. {who}.");
        AwsError::with_status(403, "UnauthorizedOperation", message)
    },
    invalid_code: "InvalidParameterValue",
    missing: |_, name| {
        let message = format!("The request must contain the parameter {name}");
        AwsError::new("MissingParameter", message)
    },
    malformed: |name, value| {
        let value = value.as_str().unwrap_or_default();
        SERVICE.invalid(format!(
            "Invalid value '{value}' for {name}: Expected 'true' or 'false'"
        ))
    },
    throttled: Refusal::new(503, "RequestLimitExceeded", "Request limit exceeded."),
    region_not_enabled: Refusal::new(
        401,
        "AuthFailure",
        "AWS was not able to validate the provided access credentials",
    ),
    ..Service::new(
        "ec2",
        &[Protocol::Ec2Query("http://ec2.amazonaws.com/doc/2016-11-15/")],
        handle,
    )
};

/// What an operation works on: one region, and the source of its ids.
struct Cx<'a> {
    ec2: &'a mut Ec2,
    ids: &'a mut Ids,
}

/// An operation that is not a `Describe` with ids, filters and pages.
struct Operation {
    name: &'static str,
    /// Parameters without which EC2 refuses the request, whatever it says otherwise.
    required: &'static [&'static str],
    optional: &'static [&'static str],
    run: fn(&mut Cx<'_>, &Input<'_>) -> Answer,
}

macro_rules! operations {
    ($($name:literal [$($required:literal)*] [$($optional:literal)*] $run:path;)*) => {
        static OPERATIONS: &[Operation] = &[$(Operation {
            name: $name,
            required: &[$($required),*],
            optional: &[$($optional),*],
            run: $run,
        }),*];
    };
}

operations! {
    "GetEbsEncryptionByDefault" [] [] ebs::get_encryption;
    "EnableEbsEncryptionByDefault" [] [] ebs::enable_encryption;
    "DisableEbsEncryptionByDefault" [] [] ebs::disable_encryption;
    "GetEbsDefaultKmsKeyId" [] [] ebs::get_key;
    "ModifyEbsDefaultKmsKeyId" ["KmsKeyId"] [] ebs::modify_key;
    "ResetEbsDefaultKmsKeyId" [] [] ebs::reset_key;
    "GetSnapshotBlockPublicAccessState" [] [] defaults::get_snapshots;
    "EnableSnapshotBlockPublicAccess" ["State"] [] defaults::enable_snapshots;
    "DisableSnapshotBlockPublicAccess" [] [] defaults::disable_snapshots;
    "GetImageBlockPublicAccessState" [] [] defaults::get_images;
    "EnableImageBlockPublicAccess" ["ImageBlockPublicAccessState"] [] defaults::enable_images;
    "DisableImageBlockPublicAccess" [] [] defaults::disable_images;
    "GetSerialConsoleAccessStatus" [] [] defaults::get_serial_console;
    "EnableSerialConsoleAccess" [] [] defaults::enable_serial_console;
    "DisableSerialConsoleAccess" [] [] defaults::disable_serial_console;
    "GetInstanceMetadataDefaults" [] [] defaults::get_metadata;
    "ModifyInstanceMetadataDefaults" []
        ["HttpTokens" "HttpPutResponseHopLimit" "HttpEndpoint" "InstanceMetadataTags" "HttpTokensEnforced"]
        defaults::modify_metadata;
    "CreateSnapshot" ["VolumeId"] ["Description" "TagSpecification"] snapshots::create_snapshot;
    "ModifySnapshotAttribute" ["SnapshotId"] ["CreateVolumePermission"] snapshots::modify_attribute;
    "DescribeSnapshots" [] ["Owner" "RestorableBy" "SnapshotId" "Filter" "MaxResults" "NextToken"]
        snapshots::describe_snapshots;
    "CreateVpc" ["CidrBlock"] ["TagSpecification"] vpcs::create_vpc;
    "CreateDefaultVpc" [] [] vpcs::create_default_vpc;
    "DeleteVpc" ["VpcId"] [] vpcs::delete_vpc;
    "CreateSubnet" ["VpcId" "CidrBlock"] ["AvailabilityZone" "AvailabilityZoneId" "TagSpecification"]
        subnets::create_subnet;
    "CreateDefaultSubnet" [] ["AvailabilityZone" "AvailabilityZoneId"] subnets::create_default_subnet;
    "DeleteSubnet" ["SubnetId"] [] subnets::delete_subnet;
    "GetSubnetCidrReservations" ["SubnetId"] ["Filter" "MaxResults" "NextToken"] subnets::get_cidr_reservations;
    "CreateInternetGateway" [] ["TagSpecification"] gateways::create_internet_gateway;
    "AttachInternetGateway" ["InternetGatewayId" "VpcId"] [] gateways::attach_internet_gateway;
    "DetachInternetGateway" ["InternetGatewayId" "VpcId"] [] gateways::detach_internet_gateway;
    "DeleteInternetGateway" ["InternetGatewayId"] [] gateways::delete_internet_gateway;
    "CreateRoute" ["RouteTableId" "DestinationCidrBlock"]
        ["GatewayId" "NatGatewayId" "NetworkInterfaceId" "VpcPeeringConnectionId"] routes::create_route;
    "ReplaceRoute" ["RouteTableId" "DestinationCidrBlock"]
        ["GatewayId" "NatGatewayId" "NetworkInterfaceId" "VpcPeeringConnectionId"] routes::replace_route;
    "DeleteRoute" ["RouteTableId" "DestinationCidrBlock"] [] routes::delete_route;
    "CreateSecurityGroup" ["GroupName" "GroupDescription"] ["VpcId" "TagSpecification"]
        groups::create_security_group;
    "DeleteSecurityGroup" [] ["GroupId" "GroupName"] groups::delete_security_group;
    "DescribeSecurityGroupReferences" ["GroupId"] [] groups::describe_references;
    "CreateTags" ["ResourceId" "Tag"] [] tags::create_tags;
    "DeleteTags" ["ResourceId"] ["Tag"] tags::delete_tags;
    "RunInstances" ["ImageId" "MinCount" "MaxCount"]
        ["InstanceType" "SubnetId" "SecurityGroupId" "ClientToken" "TagSpecification"] instances::run_instances;
    "TerminateInstances" ["InstanceId"] [] instances::terminate_instances;
    "AllocateAddress" [] ["Domain" "TagSpecification"] addresses::allocate_address;
    "AssociateAddress" ["AllocationId"] ["InstanceId" "NetworkInterfaceId"] addresses::associate_address;
    "DisassociateAddress" ["AssociationId"] [] addresses::disassociate_address;
    "ReleaseAddress" ["AllocationId"] [] addresses::release_address;
}

impl Ec2 {
    /// EC2 in a region that has just been enabled: nothing is set, and there is a default VPC (VPC User
    /// Guide, "Default VPCs").
    pub fn new_region(account_id: &str, region: &str, ids: &mut Ids) -> Self {
        let mut ec2 = Ec2 {
            account_id: account_id.to_owned(),
            region: region.to_owned(),
            dhcp_options: vec![model::DhcpOptions {
                dhcp_options_id: ids.next("dopt"),
                owner_id: account_id.to_owned(),
                domain_name: geography::private_domain(region),
                tag_set: Vec::new(),
            }],
            ..Ec2::default()
        };
        vpcs::create_default(&mut Cx { ec2: &mut ec2, ids });
        ec2
    }

    /// From now on the organization's declarative policy stands above the account's settings.
    pub fn obey(&mut self, policy: &DeclarativePolicy) {
        self.defaults.policy.clone_from(policy);
    }
}

/// Answers one operation of EC2. After a refusal nothing has changed.
fn handle(account: &mut Account, call: &Call) -> Answer {
    let input = Input::new(call);
    if !account.regions.contains_key(&call.region) {
        return Err(SERVICE.region_not_enabled.error());
    }
    if call.operation == reads::REGIONS.operation {
        dry_run(&input)?;
        let rows = region_rows(account, &input)?;
        return reads::REGIONS.answer(&input, rows);
    }
    let Some(state) = account.regions.get_mut(&call.region) else {
        return Err(AwsError::not_in_sandbox(call));
    };
    if let Some(read) = reads::READS
        .iter()
        .find(|read| read.listing.operation == call.operation)
    {
        dry_run(&input)?;
        let mut answer = read.listing.answer(&input, (read.rows)(&state.ec2))?;
        if let Some(Value::Array(reservations)) = answer.get_mut("reservationSet") {
            *reservations = rows::merge_reservations(std::mem::take(reservations));
        }
        return Ok(answer);
    }
    let mut operations = OPERATIONS.iter();
    let operation = operations
        .find(|operation| operation.name == call.operation)
        .ok_or_else(|| AwsError::not_in_sandbox(call))?;
    input.only(|name| operation.required.contains(&name) || operation.optional.contains(&name))?;
    if let Some(absent) = operation.required.iter().find(|name| !input.has(name)) {
        return Err(SERVICE.missing(absent));
    }
    dry_run(&input)?;
    let mut cx = Cx {
        ec2: &mut state.ec2,
        ids: &mut account.ids,
    };
    (operation.run)(&mut cx, &input)
}

/// The answer of an operation that has nothing to say (its output is not modelled).
fn done() -> Answer {
    Ok(json!({}))
}

/// A dry run ends where permissions and parameters are checked, with an error that says that all is well.
fn dry_run(input: &Input<'_>) -> Result<(), AwsError> {
    if input.flag("DryRun")? {
        return Err(AwsError::with_status(
            412,
            "DryRunOperation",
            "Request would have succeeded, but DryRun flag is set.",
        ));
    }
    Ok(())
}

/// The rows of `DescribeRegions`: the enabled ones, and with `AllRegions` the others too. A region that is
/// asked for by its name is listed whether it is enabled or not.
fn region_rows(account: &Account, input: &Input<'_>) -> Result<Vec<Value>, AwsError> {
    let all = input.flag("AllRegions")? || !input.list("RegionName").is_empty();
    let enabled = account.regions.keys().map(|region| {
        let always = super::DEFAULT_REGIONS.contains(&region.as_str());
        let status = if always { "opt-in-not-required" } else { "opted-in" };
        (region, status)
    });
    let others = account
        .opt_in_regions
        .iter()
        .map(|region| (region, "not-opted-in"));
    let others = others.filter(|_| all);
    let mut rows: Vec<(&String, &str)> = enabled.chain(others).collect();
    rows.sort();
    Ok(rows
        .into_iter()
        .map(|(region, status)| geography::region_row(region, status))
        .collect())
}
