//! Internet gateways.

use serde_json::json;

use super::input::Input;
use super::kind;
use super::model::{Attachment, Ec2, InternetGateway, Tag, find, find_mut};
use super::{Answer, AwsError, Cx, SERVICE, done, rows};

/// Creates a gateway that is attached to nothing.
pub(super) fn create(cx: &mut Cx<'_>, tag_set: Vec<Tag>) -> InternetGateway {
    let gateway = InternetGateway {
        internet_gateway_id: cx.ids.next("igw"),
        owner_id: cx.ec2.account_id.clone(),
        attachment_set: Vec::new(),
        tag_set,
    };
    cx.ec2.internet_gateways.push(gateway.clone());
    gateway
}

/// Attaches a gateway, without any checks.
pub(super) fn attach(ec2: &mut Ec2, id: &str, vpc_id: &str) {
    if let Ok(gateway) = find_mut(&mut ec2.internet_gateways, id) {
        // EC2 says `available` here and `attached` of every other kind of gateway.
        gateway.attachment_set = vec![Attachment {
            vpc_id: vpc_id.to_owned(),
            state: "available".to_owned(),
        }];
    }
}

/// `CreateInternetGateway`.
pub(super) fn create_internet_gateway(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let tags = input.creation_tags(&kind::INTERNET_GATEWAY)?;
    let gateway = create(cx, tags);
    Ok(json!({ "internetGateway": rows::plain(&gateway) }))
}

/// `AttachInternetGateway`: a gateway is attached to one VPC, and a VPC has one gateway.
pub(super) fn attach_internet_gateway(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let (id, vpc_id) = both(cx.ec2, input)?;
    if let Some(other) = find(&cx.ec2.internet_gateways, id)?.vpc() {
        return Err(AwsError::new(
            "Resource.AlreadyAssociated",
            format!("resource {id} is already attached to network {other}"),
        ));
    }
    if cx
        .ec2
        .internet_gateways
        .iter()
        .any(|gateway| gateway.vpc() == Some(vpc_id))
    {
        return Err(SERVICE.invalid(format!(
            "Network {vpc_id} already has an internet gateway attached"
        )));
    }
    attach(cx.ec2, id, vpc_id);
    done()
}

/// `DetachInternetGateway`: not while an address of the VPC is public.
pub(super) fn detach_internet_gateway(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let (id, vpc_id) = both(cx.ec2, input)?;
    if find(&cx.ec2.internet_gateways, id)?.vpc() != Some(vpc_id) {
        return Err(AwsError::new(
            "Gateway.NotAttached",
            format!("resource {id} is not attached to network {vpc_id}"),
        ));
    }
    let mut interfaces = cx.ec2.network_interfaces.iter();
    if interfaces.any(|interface| interface.vpc_id == vpc_id && interface.association.is_some()) {
        return Err(AwsError::new(
            "DependencyViolation",
            format!(
                "Network {vpc_id} has some mapped public address(es). Please unmap those public address(es) before \
                 detaching the gateway."
            ),
        ));
    }
    find_mut(&mut cx.ec2.internet_gateways, id)?
        .attachment_set
        .clear();
    done()
}

/// `DeleteInternetGateway`: not while it is attached.
pub(super) fn delete_internet_gateway(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let id = input.id("InternetGatewayId", &kind::INTERNET_GATEWAY)?;
    if find(&cx.ec2.internet_gateways, id)?.vpc().is_some() {
        return Err(AwsError::new(
            "DependencyViolation",
            format!("The internetGateway '{id}' has dependencies and cannot be deleted."),
        ));
    }
    cx.ec2
        .internet_gateways
        .retain(|gateway| gateway.internet_gateway_id != id);
    done()
}

/// The gateway and the VPC that a request names; both must exist.
fn both<'a>(ec2: &Ec2, input: &Input<'a>) -> Result<(&'a str, &'a str), AwsError> {
    let id = input.id("InternetGatewayId", &kind::INTERNET_GATEWAY)?;
    let vpc_id = input.id("VpcId", &kind::VPC)?;
    find(&ec2.internet_gateways, id)?;
    find(&ec2.vpcs, vpc_id)?;
    Ok((id, vpc_id))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{Cloud, refusal, text};
    use super::super::{InstanceState, Occupant};

    #[test]
    fn a_public_address_keeps_the_gateway_attached() {
        let mut cloud = Cloud::with(&Occupant::Instance(InstanceState::Running));
        let (vpc, gateway) = (cloud.vpc(), cloud.gateway());
        let both = json!({ "InternetGatewayId": gateway, "VpcId": vpc });
        assert_eq!(
            cloud.refused("DetachInternetGateway", both.clone()),
            refusal(
                "DependencyViolation",
                format!(
                    "Network {vpc} has some mapped public address(es). Please unmap those public address(es) before \
                     detaching the gateway."
                )
            )
        );
        let reservations = cloud.list("DescribeInstances", json!({}));
        let instance = text(&reservations[0]["instancesSet"][0], "instanceId");
        cloud.ok("TerminateInstances", json!({ "InstanceId": [instance] }));
        cloud.ok("DetachInternetGateway", both);
    }

    #[test]
    fn a_vpc_has_one_gateway_and_a_gateway_one_vpc() {
        let mut cloud = Cloud::new();
        let (vpc, gateway) = (cloud.vpc(), cloud.gateway());
        let created = cloud.ok("CreateInternetGateway", json!({}));
        let second = text(&created["internetGateway"], "internetGatewayId");
        assert_eq!(
            cloud.refused(
                "AttachInternetGateway",
                json!({ "InternetGatewayId": gateway, "VpcId": vpc })
            ),
            refusal(
                "Resource.AlreadyAssociated",
                format!("resource {gateway} is already attached to network {vpc}")
            )
        );
        assert_eq!(
            cloud.refused(
                "AttachInternetGateway",
                json!({ "InternetGatewayId": second, "VpcId": vpc })
            ),
            refusal(
                "InvalidParameterValue",
                format!("Network {vpc} already has an internet gateway attached")
            )
        );
        cloud.ok("DeleteInternetGateway", json!({ "InternetGatewayId": second }));
        assert_eq!(
            cloud.refused("DeleteInternetGateway", json!({ "InternetGatewayId": second })),
            refusal(
                "InvalidInternetGatewayID.NotFound",
                format!("The internetGateway ID '{second}' does not exist")
            )
        );
    }

    #[test]
    fn a_vpc_without_a_gateway_gets_one() {
        let mut cloud = Cloud::with(&Occupant::NoInternetGateway);
        let vpc = cloud.vpc();
        let created = cloud.ok("CreateInternetGateway", json!({}));
        let gateway = text(&created["internetGateway"], "internetGatewayId");
        let unknown = json!({ "InternetGatewayId": gateway, "VpcId": "vpc-00000000" });
        assert_eq!(
            cloud.refused("AttachInternetGateway", unknown).0,
            "InvalidVpcID.NotFound"
        );
        cloud.ok(
            "AttachInternetGateway",
            json!({ "InternetGatewayId": gateway, "VpcId": vpc }),
        );
        let rows = cloud.list(
            "DescribeInternetGateways",
            json!({ "InternetGatewayId": [gateway] }),
        );
        assert_eq!(
            rows[0]["attachmentSet"],
            json!([{ "vpcId": vpc, "state": "available" }])
        );
    }
}
