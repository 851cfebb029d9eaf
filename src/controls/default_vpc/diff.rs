//! What has to be done.

use trueup_core::change::Changes;
use trueup_core::control::Observed;

use super::model::{Action, DefaultRoute, Ids, Model, State, Vpc};
use super::obstacles::NOT_LOOKED_FOR;

/// See [`Control::diff`](trueup_core::control::Control::diff).
pub(super) fn diff(want: &Model, seen: &Observed<Model, Ids>, out: &mut Changes<Action>) {
    match (want.state, &seen.ids.vpc) {
        (Some(State::Absent), Some(vpc)) => remove(vpc, out),
        (Some(State::Present), None) => {
            out.add(Action::Create);
        }
        (Some(State::Present), Some(vpc)) => complete(vpc, out),
        (Some(State::Incomplete), _) if seen.model != *want => out.refuse(
            "state = \"incomplete\" is how a half-deleted default VPC reads and cannot be made; write \
             \"absent\" or \"present\"",
        ),
        (Some(State::Absent), None) | (Some(State::Incomplete) | None, _) => {}
    }
}

/// The steps that remove a default VPC, or why not.
fn remove(vpc: &Vpc, out: &mut Changes<Action>) {
    vpc.notices.iter().for_each(|line| out.notice(line));
    if !vpc.obstacles.is_empty() {
        vpc.lost.iter().for_each(|line| out.notice(line));
        vpc.obstacles.iter().for_each(|line| out.refuse(line));
        return;
    }
    let mut earlier = None;
    // One after the other, so that the first refusal stops all that would follow. What comes back as it was goes first.
    for subnet in &vpc.subnets {
        let step = out
            .destroy(Action::DeleteSubnet(subnet.clone()))
            .after_all(earlier);
        earlier = Some(step.id());
    }
    for group in &vpc.unused_groups {
        let step = out
            .destroy(Action::DeleteGroup(group.clone()))
            .after_all(earlier)
            .destructive(
                "its rules go with it, and what names it, such as a launch template, no longer works",
            );
        earlier = Some(step.id());
    }
    for gateway in &vpc.gateways {
        let detach = Action::DetachGateway {
            gateway: gateway.clone(),
            vpc: vpc.id.clone(),
        };
        earlier = Some(out.destroy(detach).after_all(earlier).id());
        let delete = Action::DeleteGateway {
            gateway: gateway.clone(),
        };
        earlier = Some(out.destroy(delete).after_all(earlier).id());
    }
    if let Some(gateway) = &vpc.detached_gateway {
        // Before the VPC: only its route table still leads to this gateway.
        let delete = Action::DeleteGateway {
            gateway: gateway.clone(),
        };
        earlier = Some(out.destroy(delete).after_all(earlier).id());
    }
    let delete = out
        .destroy(Action::DeleteVpc { vpc: vpc.id.clone() })
        .after_all(earlier)
        .destructive(format!("not looked for: {NOT_LOOKED_FOR}"));
    // What was changed goes with it, and is named where there is consent to be given.
    vpc.lost.iter().fold(delete, |step, line| step.destructive(line));
}

/// The steps that give a default VPC what AWS would have made with it.
fn complete(vpc: &Vpc, out: &mut Changes<Action>) {
    let gateway = vpc.gateways.is_empty().then(|| {
        let id = vpc.id.clone();
        out.add(match vpc.detached_gateway.clone() {
            Some(gateway) => Action::AttachGateway { gateway, vpc: id },
            None => Action::AddGateway { vpc: id },
        })
        .id()
    });
    let (table, id) = (vpc.main_route_table.clone(), vpc.id.clone());
    let route = match vpc.default_route {
        DefaultRoute::Leads => None,
        DefaultRoute::Missing => Some(out.add(Action::CreateRoute { table, vpc: id })),
        DefaultRoute::Dead => Some(out.change(Action::ReplaceRoute { table, vpc: id })),
    };
    if let Some(route) = route {
        route.after_all(gateway);
    }
    for zone in &vpc.zones_without_subnet {
        out.add(Action::CreateSubnet { zone: zone.clone() });
    }
}
