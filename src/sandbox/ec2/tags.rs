//! Tags: `CreateTags`, `DeleteTags` and the rows of `DescribeTags`.

use serde_json::{Value, json};

use super::input::Input;
use super::model::{Ec2, Resource, Tag, each_resource};
use super::{Answer, AwsError, Cx, SERVICE, done};

/// How many tags a resource may have (EC2 User Guide, "Tag restrictions").
const MOST_TAGS: usize = 50;

/// Sets one tag, with the checks that EC2 makes.
pub(super) fn put(tags: &mut Vec<Tag>, key: &str, value: &str) -> Result<(), AwsError> {
    let refuse = |message: String| Err(SERVICE.invalid(message));
    if key.to_ascii_lowercase().starts_with("aws:") {
        return refuse(format!(
            "Tag keys starting with 'aws:' are reserved for internal use: {key}"
        ));
    }
    if key.is_empty() || key.chars().count() > 128 {
        return refuse("Tag key must be between 1 and 128 characters long.".to_owned());
    }
    if value.chars().count() > 256 {
        return refuse("Tag value exceeds the maximum length of 256 characters".to_owned());
    }
    if tags.len() >= MOST_TAGS && !tags.iter().any(|tag| tag.key == key) {
        return Err(AwsError::new(
            "TagLimitExceeded",
            "The maximum number of Tags for a resource has been reached.",
        ));
    }
    put_unchecked(tags, key, value);
    Ok(())
}

/// Sets one tag, as AWS itself may.
pub(super) fn put_unchecked(tags: &mut Vec<Tag>, key: &str, value: &str) {
    match tags.iter_mut().find(|tag| tag.key == key) {
        Some(tag) => value.clone_into(&mut tag.value),
        None => tags.push(Tag {
            key: key.to_owned(),
            value: value.to_owned(),
        }),
    }
}

/// Changes the tags of the named resources: of all of them, or, where one does not exist, of none.
fn change(
    ec2: &mut Ec2,
    ids: &[&str],
    mut change: impl FnMut(&mut Vec<Tag>) -> Result<(), AwsError>,
) -> Result<(), AwsError> {
    let mut changed = ec2.clone();
    for id in ids {
        let tags = tags_of(&mut changed, id);
        change(tags.ok_or_else(|| AwsError::new("InvalidID", format!("The ID '{id}' is not valid")))?)?;
    }
    *ec2 = changed;
    Ok(())
}

fn tags_of<'a>(ec2: &'a mut Ec2, id: &str) -> Option<&'a mut Vec<Tag>> {
    each_resource!(&mut, ec2, list => {
        if let Some(position) = list.iter().position(|resource| resource.id() == id) {
            return Some(list[position].tags_mut());
        }
    });
    None
}

/// `CreateTags`.
pub(super) fn create_tags(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let tags = input.tags("Tag");
    if tags.is_empty() {
        return Err(SERVICE.missing("Tag"));
    }
    change(cx.ec2, &input.list("ResourceId"), |existing| {
        tags.iter()
            .try_for_each(|(key, value)| put(existing, key, value.unwrap_or_default()))
    })?;
    done()
}

/// `DeleteTags`: without tags it removes all; a tag with a value goes only where it has that value.
pub(super) fn delete_tags(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let tags = input.tags("Tag");
    change(cx.ec2, &input.list("ResourceId"), |existing| {
        existing.retain(|tag| {
            let named = tags
                .iter()
                .any(|(key, value)| *key == tag.key && value.is_none_or(|value| value == tag.value));
            let all = tags.is_empty() && !tag.key.starts_with("aws:");
            !named && !all
        });
        Ok(())
    })?;
    done()
}

/// The rows of `DescribeTags`.
pub(super) fn rows(ec2: &Ec2) -> Vec<Value> {
    fn collect<R: Resource>(list: &[R], rows: &mut Vec<Value>) {
        for resource in list {
            for tag in resource.tags() {
                rows.push(json!({
                    "resourceId": resource.id(),
                    "resourceType": R::KIND.resource_type,
                    "key": tag.key,
                    "value": tag.value,
                }));
            }
        }
    }
    let mut rows = Vec::new();
    each_resource!(&, ec2, list => collect(list, &mut rows));
    rows
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::Occupant;
    use super::super::tests::{Cloud, everything, filter, refusal};

    fn tag(key: &str, value: &str) -> Value {
        json!({ "Key": key, "Value": value })
    }

    #[test]
    fn tags_come_change_and_go() {
        let mut cloud = Cloud::new();
        let (vpc, gateway) = (cloud.vpc(), cloud.gateway());
        let create = json!({ "ResourceId": [vpc, gateway], "Tag": [tag("Name", "a"), tag("Team", "b")] });
        cloud.ok("CreateTags", create);
        cloud.ok(
            "CreateTags",
            json!({ "ResourceId": [vpc], "Tag": [tag("Name", "c")] }),
        );
        let rows = cloud.list("DescribeTags", filter("resource-id", &vpc));
        assert_eq!(
            rows,
            [
                json!({ "resourceId": vpc, "resourceType": "vpc", "key": "Name", "value": "c" }),
                json!({ "resourceId": vpc, "resourceType": "vpc", "key": "Team", "value": "b" }),
            ]
        );
        assert_eq!(cloud.list("DescribeTags", filter("tag:Name", "a")).len(), 1);
        assert_eq!(cloud.list("DescribeVpcs", filter("tag:Name", "c")).len(), 1);
        assert_eq!(cloud.list("DescribeVpcs", filter("tag:Name", "a")).len(), 0);
        assert_eq!(cloud.list("DescribeVpcs", filter("tag-key", "Team")).len(), 1);

        // A tag with another value than the given one stays.
        cloud.ok(
            "DeleteTags",
            json!({ "ResourceId": [vpc], "Tag": [tag("Name", "x"), json!({ "Key": "Team" })] }),
        );
        assert_eq!(
            cloud.texts("DescribeTags", "key", filter("resource-id", &vpc)),
            ["Name"]
        );
        cloud.ok("DeleteTags", json!({ "ResourceId": [vpc, gateway] }));
        assert_eq!(cloud.list("DescribeTags", json!({})), [] as [Value; 0]);
    }

    #[test]
    fn tags_are_checked_and_all_or_none_are_set() {
        let mut cloud = Cloud::new();
        let vpc = cloud.vpc();
        let create = |ids: Value, tag: Value| json!({ "ResourceId": ids, "Tag": [tag] });
        assert_eq!(
            cloud.refused("CreateTags", create(json!([vpc, "igw-00000000"]), tag("a", "b"))),
            refusal("InvalidID", "The ID 'igw-00000000' is not valid")
        );
        for bad in [
            tag("aws:a", ""),
            tag("", ""),
            tag(&"k".repeat(129), ""),
            tag("k", &"v".repeat(257)),
        ] {
            assert_eq!(
                cloud.refused("CreateTags", create(json!([vpc]), bad)).0,
                "InvalidParameterValue"
            );
        }
        let fifty: Vec<Value> = (0..50).map(|n| tag(&format!("k{n}"), "v")).collect();
        cloud.ok("CreateTags", json!({ "ResourceId": [vpc], "Tag": fifty }));
        assert_eq!(
            cloud
                .refused("CreateTags", create(json!([vpc]), tag("one", "more")))
                .0,
            "TagLimitExceeded"
        );
        cloud.ok("CreateTags", create(json!([vpc]), tag("k7", "changed")));
        assert_eq!(
            cloud
                .refused("CreateTags", json!({ "ResourceId": [vpc], "Tag": [] }))
                .0,
            "MissingParameter"
        );
    }

    #[test]
    fn a_tag_of_awss_own_stays() {
        let of_aws = [("aws:cloudformation:stack-name".to_owned(), "base".to_owned())].into();
        let mut cloud = Cloud::with(&Occupant::Tags(of_aws));
        let vpc = cloud.vpc();
        cloud.ok("DeleteTags", json!({ "ResourceId": [vpc] }));
        assert_eq!(cloud.list("DescribeTags", json!({})).len(), 1);
    }

    #[test]
    fn everything_can_be_tagged() {
        let mut cloud = Cloud::new();
        for what in everything() {
            cloud.occupy(&what).unwrap();
        }
        let kinds = [
            ("DescribeSubnets", "subnetId", "subnet"),
            ("DescribeRouteTables", "routeTableId", "route-table"),
            ("DescribeNetworkAcls", "networkAclId", "network-acl"),
            ("DescribeSecurityGroups", "groupId", "security-group"),
            ("DescribeDhcpOptions", "dhcpOptionsId", "dhcp-options"),
            (
                "DescribeNetworkInterfaces",
                "networkInterfaceId",
                "network-interface",
            ),
            ("DescribeAddresses", "allocationId", "elastic-ip"),
            ("DescribeNatGateways", "natGatewayId", "natgateway"),
            ("DescribeVpcEndpoints", "vpcEndpointId", "vpc-endpoint"),
            (
                "DescribeVpcPeeringConnections",
                "vpcPeeringConnectionId",
                "vpc-peering-connection",
            ),
            ("DescribeVpnGateways", "vpnGatewayId", "vpn-gateway"),
            (
                "DescribeEgressOnlyInternetGateways",
                "egressOnlyInternetGatewayId",
                "egress-only-internet-gateway",
            ),
            (
                "DescribeTransitGatewayVpcAttachments",
                "transitGatewayAttachmentId",
                "transit-gateway-attachment",
            ),
            ("DescribeFlowLogs", "flowLogId", "vpc-flow-log"),
            ("DescribeCarrierGateways", "carrierGatewayId", "carrier-gateway"),
            (
                "DescribeVpcBlockPublicAccessExclusions",
                "exclusionId",
                "vpc-block-public-access-exclusion",
            ),
        ];
        for (operation, member, resource_type) in kinds {
            let id = cloud.texts(operation, member, json!({})).remove(0);
            cloud.ok(
                "CreateTags",
                json!({ "ResourceId": [id], "Tag": [tag("of", resource_type)] }),
            );
            assert_eq!(
                cloud.list("DescribeTags", filter("resource-type", resource_type)),
                [
                    json!({ "resourceId": id, "resourceType": resource_type, "key": "of", "value": resource_type })
                ]
            );
            let found = cloud.texts(operation, member, filter("tag:of", resource_type));
            assert_eq!(found, [id], "{operation}");
        }
    }
}
