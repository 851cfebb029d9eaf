//! Security groups.

use serde_json::{Value, json};

use super::input::Input;
use super::kind;
use super::listing::{Listing, Pages};
use super::model::{Ec2, find};
use super::{Answer, AwsError, Cx, SERVICE, rows, vpcs};

/// `CreateSecurityGroup`. Without a VPC it is created in the default one.
pub(super) fn create_security_group(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let name = input.required("GroupName")?;
    let description = input.required("GroupDescription")?;
    let tags = input.creation_tags(&kind::SECURITY_GROUP)?;
    let vpc_id = match input.text("VpcId") {
        Some(_) => input.id("VpcId", &kind::VPC)?.to_owned(),
        None => super::instances::default_vpc_id(cx.ec2)?,
    };
    find(&cx.ec2.vpcs, &vpc_id)?;
    if name == "default" {
        return Err(SERVICE.invalid("Cannot use reserved security group name: default"));
    }
    let mut groups = cx.ec2.security_groups.iter();
    if groups.any(|group| group.vpc_id == vpc_id && group.group_name == name) {
        return Err(AwsError::new(
            "InvalidGroup.Duplicate",
            format!("The security group '{name}' already exists for VPC '{vpc_id}'"),
        ));
    }
    let mut group = vpcs::security_group(cx, &vpc_id, name, description);
    group.tag_set = tags;
    let answer = json!({
        "groupId": group.group_id,
        "securityGroupArn": rows::group_arn(cx.ec2, &group.group_id),
        "tagSet": group.tag_set,
    });
    cx.ec2.security_groups.push(group);
    Ok(answer)
}

/// `DeleteSecurityGroup`: not the default one, and not while an interface or another group's rule uses it.
pub(super) fn delete_security_group(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let group = match (input.text("GroupId"), input.text("GroupName")) {
        (Some(_), _) => {
            let id = input.id("GroupId", &kind::SECURITY_GROUP)?;
            find(&cx.ec2.security_groups, id)?
        }
        (None, Some(name)) => {
            let vpc_id = super::instances::default_vpc_id(cx.ec2)?;
            let mut groups = cx.ec2.security_groups.iter();
            groups
                .find(|group| group.vpc_id == vpc_id && group.group_name == name)
                .ok_or_else(|| kind::SECURITY_GROUP_NAME.not_found(name))?
        }
        (None, None) => return Err(SERVICE.missing("GroupId")),
    };
    let id = group.group_id.clone();
    if group.is_default() {
        return Err(AwsError::new(
            "CannotDelete",
            format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user"),
        ));
    }
    if is_used(cx.ec2, &id) {
        return Err(AwsError::new(
            "DependencyViolation",
            format!("resource {id} has a dependent object"),
        ));
    }
    cx.ec2.security_groups.retain(|group| group.group_id != id);
    Ok(json!({ "return": true, "groupId": id }))
}

fn is_used(ec2: &Ec2, id: &str) -> bool {
    let by_interface = ec2
        .network_interfaces
        .iter()
        .any(|interface| interface.group_set.iter().any(|group| group.group_id == id));
    let by_rule = ec2
        .security_groups
        .iter()
        .filter(|group| group.group_id != id)
        .any(|group| group.rules.iter().any(|rule| rule.group.as_deref() == Some(id)));
    by_interface || by_rule
}

/// `DescribeSecurityGroupReferences`, which tells of groups **in peered VPCs** only: a rule in the same VPC
/// is no reference here. The other side of every peering of the sandbox lies outside of it, so there are
/// none.
static REFERENCES: Listing = Listing {
    operation: "DescribeSecurityGroupReferences",
    set: "securityGroupReferenceSet",
    ids: &[],
    filters: &[],
    pages: Pages::None,
    also: &["GroupId"],
};

/// `DescribeSecurityGroupReferences`.
pub(super) fn describe_references(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    for id in input.list("GroupId") {
        kind::SECURITY_GROUP.check(id)?;
        find(&cx.ec2.security_groups, id)?;
    }
    REFERENCES.answer(input, Vec::<Value>::new())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::Occupant;
    use super::super::tests::{Cloud, filter, refusal, text};

    #[test]
    fn the_default_group_cannot_be_made_or_deleted() {
        let mut cloud = Cloud::new();
        let group = cloud
            .texts("DescribeSecurityGroups", "groupId", json!({}))
            .remove(0);
        assert_eq!(
            cloud.refused("DeleteSecurityGroup", json!({ "GroupId": group })),
            refusal(
                "CannotDelete",
                format!("the specified group: \"{group}\" name: \"default\" cannot be deleted by a user")
            )
        );
        let input = json!({ "GroupName": "default", "GroupDescription": "mine" });
        assert_eq!(
            cloud.refused("CreateSecurityGroup", input),
            refusal(
                "InvalidParameterValue",
                "Cannot use reserved security group name: default"
            )
        );
    }

    #[test]
    fn a_group_is_made_once_in_a_vpc() {
        let mut cloud = Cloud::new();
        let vpc = cloud.vpc();
        let input = json!({
            "GroupName": "web",
            "GroupDescription": "of the web",
            "TagSpecification": [{ "ResourceType": "security-group", "Tag": [{ "Key": "Name", "Value": "w" }] }],
        });
        let answer = cloud.ok("CreateSecurityGroup", input.clone());
        let group = text(&answer, "groupId");
        assert_eq!(
            answer["securityGroupArn"],
            format!("arn:aws:ec2:us-east-1:123456789012:security-group/{group}")
        );
        assert_eq!(
            cloud.refused("CreateSecurityGroup", input),
            refusal(
                "InvalidGroup.Duplicate",
                format!("The security group 'web' already exists for VPC '{vpc}'")
            )
        );
        let rows = cloud.list("DescribeSecurityGroups", filter("tag:Name", "w"));
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0]["vpcId"], vpc);
        assert_eq!(rows[0]["ipPermissions"], json!([]));
        let answer = cloud.ok("DeleteSecurityGroup", json!({ "GroupName": "web" }));
        assert_eq!(answer, json!({ "return": true, "groupId": group }));
        assert_eq!(
            cloud.refused("DeleteSecurityGroup", json!({ "GroupId": group })),
            refusal(
                "InvalidGroup.NotFound",
                format!("The security group '{group}' does not exist")
            )
        );
        assert_eq!(
            cloud.refused("DeleteSecurityGroup", json!({})).0,
            "MissingParameter"
        );
    }

    #[test]
    fn a_group_in_use_stays() {
        let mut cloud = Cloud::with(&Occupant::SecurityGroup("web".to_owned()));
        let group = cloud
            .texts("DescribeSecurityGroups", "groupId", filter("group-name", "web"))
            .remove(0);
        let launch = json!({
            "ImageId": "ami-12345678", "MinCount": "1", "MaxCount": "1", "SecurityGroupId": [group],
        });
        let launched = cloud.ok("RunInstances", launch);
        assert_eq!(
            cloud.refused("DeleteSecurityGroup", json!({ "GroupId": group })),
            refusal(
                "DependencyViolation",
                format!("resource {group} has a dependent object")
            )
        );
        let instance = text(&launched["instancesSet"][0], "instanceId");
        cloud.ok("TerminateInstances", json!({ "InstanceId": [instance] }));
        cloud.ok("DeleteSecurityGroup", json!({ "GroupId": group }));
    }

    #[test]
    fn a_rule_of_another_group_shows_whom_it_refers_to() {
        let mut cloud = Cloud::with(&Occupant::GroupReference("bastion".to_owned()));
        let default = cloud
            .texts(
                "DescribeSecurityGroups",
                "groupId",
                filter("group-name", "default"),
            )
            .remove(0);
        let other = cloud
            .texts(
                "DescribeSecurityGroups",
                "groupId",
                filter("group-name", "bastion"),
            )
            .remove(0);
        let by = cloud.texts(
            "DescribeSecurityGroups",
            "groupId",
            filter("ip-permission.group-id", &default),
        );
        assert_eq!(by, [default.clone(), other.clone()]);
        let rules = cloud.list("DescribeSecurityGroupRules", filter("group-id", &other));
        assert_eq!(rules.len(), 2);
        assert_eq!(rules[1]["referencedGroupInfo"]["groupId"], default);
        // The operation for references tells of peered VPCs only.
        let input = json!({ "GroupId": [default] });
        assert_eq!(
            cloud.list("DescribeSecurityGroupReferences", input),
            [] as [Value; 0]
        );
        let unknown = json!({ "GroupId": ["sg-00000000"] });
        assert_eq!(
            cloud.refused("DescribeSecurityGroupReferences", unknown).0,
            "InvalidGroup.NotFound"
        );
    }
}
