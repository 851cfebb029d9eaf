//! The default VPC of a region.
//!
//! It is removed one part after the other, and the first refusal ends it. It starts with the subnets, because
//! `DeleteSubnet` is AWS's own in-use check: it fails while a network interface is left in the subnet, and a VPC that
//! turns out to be used then still has its gateway and its routes. `DeleteVpc` at the end takes the main route table,
//! the default network ACL and the default security group with it (EC2 API reference); the set of DHCP options stays.
//!
//! `live` says what is there and makes one change, and `obstacles` says what forbids removing it.

use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::control::{Calls, Control, Doc, Here, Observed};
use trueup_core::location::Scope;

mod diff;
mod live;
mod model;
mod obstacles;
#[cfg(test)]
mod tests;

use self::model::{Action, Ids, Model};

/// The control.
pub(crate) struct DefaultVpc;

impl Control for DefaultVpc {
    const NAME: &'static str = "default_vpc";
    const SCOPE: Scope = Scope::EachRegion;
    const DOC: Doc = Doc {
        title: "Default VPC",
        items: &[14],
        why: "AWS puts one into every region. What is launched there without a thought gets a public address \
              and a way to the internet, in regions that nobody looks at too.",
        decides: &[
            r#"The region has no default VPC or, with "present", one with a subnet in each zone and a route to the internet."#,
            "A VPC that anything uses, or that has tags other than AWS's and those of `ignore_tags`, is not deleted; the region counts as blocked.",
            "Use is what EC2 shows: network interfaces, gateways, endpoints, peering connections, VPC Lattice associations, flow logs, CIDR reservations and the like.",
            "Not looked for: DB, cache and other subnet groups, Auto Scaling groups, launch templates, idle Lambda functions, route servers, local gateways of Outposts, Route 53 private hosted zones, Resolver and DNS Firewall rules.",
            "It is looked at again right before the first deletion, and the first refusal of AWS ends the removal in that region; a later run goes on.",
            "Unused security groups and changed default rules do not keep it; what is lost is listed, and the deletion needs consent.",
        ],
        off: "state = \"present\" restores it, with new ids, and also repairs a half-deleted one",
        cost: "free",
        benchmarks: &[("CIS 5.0", "5.5"), ("CIS 3.0", "5.4"), ("FSBP", "EC2.2")],
        page: "https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc.html",
        example: r#"[default_vpc]
state = "absent"           # refused where anything uses it; "present" restores it
"#,
    };
    const CALLS: Calls = Calls {
        read: &[
            "ec2:DescribeAvailabilityZones",
            "ec2:DescribeCarrierGateways",
            "ec2:DescribeEgressOnlyInternetGateways",
            "ec2:DescribeFlowLogs",
            "ec2:DescribeInstances",
            "ec2:DescribeInternetGateways",
            "ec2:DescribeNatGateways",
            "ec2:DescribeNetworkAcls",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeRouteTables",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeTransitGatewayVpcAttachments",
            "ec2:DescribeVpcBlockPublicAccessExclusions",
            "ec2:DescribeVpcEndpoints",
            "ec2:DescribeVpcPeeringConnections",
            "ec2:DescribeVpcs",
            "ec2:DescribeVpnGateways",
            "ec2:GetSubnetCidrReservations",
        ],
        write: &[
            "ec2:AttachInternetGateway",
            "ec2:CreateDefaultSubnet",
            "ec2:CreateDefaultVpc",
            "ec2:CreateInternetGateway",
            "ec2:CreateRoute",
            "ec2:DeleteInternetGateway",
            "ec2:DeleteSecurityGroup",
            "ec2:DeleteSubnet",
            "ec2:DeleteVpc",
            "ec2:DetachInternetGateway",
            "ec2:ReplaceRoute",
        ],
    };

    type Model = Model;
    type Ids = Ids;
    type Action = Action;

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        let mut wrong = vec![];
        if want.state.is_none() {
            wrong.push((
                "state",
                "is not written; expected \"absent\" or \"present\"".to_owned(),
            ));
        }
        if let Some(pattern) = want.ignored().wrong() {
            wrong.push((
                "ignore_tags",
                format!("\"{pattern}\" is not a tag key; expected a key such as \"Name\", or a prefix such as \"team-*\""),
            ));
        }
        wrong
    }

    fn diff(want: &Model, seen: &Observed<Model, Ids>, _here: &Here<'_>, out: &mut Changes<Action>) {
        diff::diff(want, seen, out);
    }
}

impl Live for DefaultVpc {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        live::fetch(cx, want).await
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        live::apply(action, cx).await
    }
}
