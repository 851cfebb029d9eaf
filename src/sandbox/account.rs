//! The whole state of one simulated account.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::budgets::Budgets;
use super::ce::CostExplorer;
use super::contacts::Contacts;
use super::ec2::{self, Ec2};
use super::iam::Iam;
use super::organizations::{self, Organization};
use super::s3::S3;
use super::world::{Detector, Event, Made};
use super::{Call, Ids, Occupant, RegionState, World, exchange, services};

/// The regions that every account has, whether it wants them or not.
pub const DEFAULT_REGIONS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// The regions of the partition `aws` that an account must opt in to.
pub const OPT_IN_REGIONS: [&str; 17] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-west-1",
    "eu-central-2",
    "eu-south-1",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
];

/// When a world's calls were made, unless they say otherwise: 2026-01-01, in seconds since 1970.
const MADE_AT: i64 = 1_767_225_600;

/// One simulated AWS account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The twelve digits.
    pub id: String,
    /// Who calls: every request of a client comes from this identity.
    pub caller: Caller,
    /// The source of the identifiers that are handed out next.
    pub ids: Ids,
    /// For how many seconds other services do not see a new role or a changed bucket policy.
    pub propagation_seconds: u32,
    /// The contacts.
    pub contacts: Contacts,
    /// The budgets.
    pub budgets: Budgets,
    /// Cost anomaly detection.
    pub ce: CostExplorer,
    /// IAM, which is global.
    pub iam: Iam,
    /// The organization that the account is a member of.
    #[serde(default, skip_serializing_if = "Organization::is_none")]
    pub organization: Organization,
    /// S3: the buckets of all regions, and the account's own settings.
    pub s3: S3,
    /// The enabled regions, by name.
    pub regions: BTreeMap<String, RegionState>,
    /// The regions that exist and are not enabled.
    pub opt_in_regions: BTreeSet<String>,
}

/// The identity that calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caller {
    /// Its ARN.
    pub arn: String,
    /// Its unique id.
    pub user_id: String,
}

impl Account {
    /// The account as the world describes it; with `World::default()`, a brand-new one.
    ///
    /// What the world contradicts itself in is left out. A world that was read from TOML does not: see [`World`].
    pub fn new(world: &World) -> Self {
        Account::build(world).0
    }

    /// The account, and what could not be made in it.
    pub(super) fn build(world: &World) -> (Self, Vec<String>) {
        let id = world.account_id().to_owned();
        let mut ids = Ids::default();
        let ce = CostExplorer::new(world.cost_explorer, &id, &mut ids, MADE_AT);
        let mut account = Account {
            caller: Caller {
                arn: world
                    .caller_arn
                    .clone()
                    .unwrap_or_else(|| format!("arn:aws:sts::{id}:assumed-role/sandbox/trueup")),
                user_id: "AROASANDBOX0000000001:trueup".to_owned(),
            },
            ids,
            propagation_seconds: 0,
            contacts: Contacts::default(),
            budgets: Budgets {
                refusal: world.budgets_refusal,
                ..Budgets::default()
            },
            ce,
            iam: Iam::new(world.alias.as_deref(), &world.root_user),
            organization: Organization::default(),
            s3: S3::default(),
            regions: BTreeMap::new(),
            opt_in_regions: OPT_IN_REGIONS.iter().map(|&region| region.to_owned()).collect(),
            id,
        };
        for region in DEFAULT_REGIONS {
            account.enable_region(region);
        }
        let refused = account.shape(world);
        (account, refused)
    }

    /// Enables a region: it has what AWS gives to each, a default VPC above all.
    pub fn enable_region(&mut self, region: &str) {
        self.opt_in_regions.remove(region);
        if !self.regions.contains_key(region) {
            let state = RegionState {
                ec2: Ec2::new_region(&self.id, region, &mut self.ids),
                ..RegionState::default()
            };
            self.regions.insert(region.to_owned(), state);
        }
    }

    /// Whether other services see by now what was changed then; both are seconds since 1970.
    pub(super) fn sees(&self, changed: i64, now: i64) -> bool {
        now >= changed + i64::from(self.propagation_seconds)
    }

    /// Applies everything in which the world differs from a brand-new account; tells what could not be.
    fn shape(&mut self, world: &World) -> Vec<String> {
        let mut refused = Vec::new();
        for region in &world.disabled_regions {
            self.regions.remove(region);
            self.opt_in_regions.insert(region.clone());
        }
        for region in &world.enabled_regions {
            self.enable_region(region);
        }
        for wanted in &world.default_vpc {
            refused.extend(self.occupy(wanted.region.as_deref().unwrap_or_default(), &wanted.occupants()));
        }
        for (name, state) in &mut self.regions {
            state.guardduty.administrator = world.guardduty_administrator.clone();
            state.guardduty.lacking = world.guardduty_lacking.get(name).cloned().unwrap_or_default();
        }
        for wanted in &world.detector {
            refused.extend(self.seed_detector(wanted.region.as_deref().unwrap_or_default(), wanted));
        }
        for state in self.regions.values_mut() {
            state.ec2.obey(&world.declarative_policy);
            state
                .cloudtrail
                .organization
                .clone_from(&world.organization_trail);
        }
        for bucket in &world.bucket {
            self.s3.seed(bucket);
        }
        let policies = &mut self.organization.effective_policies;
        policies.extend(
            world
                .declarative_policy
                .content()
                .map(|content| (organizations::EC2.to_owned(), content)),
        );
        refused.extend(world.call.iter().filter_map(|made| self.make(made).err()));
        // What was there before has been seen by all for long.
        self.propagation_seconds = world.propagation_seconds;
        // Who is administered can no longer make the calls that made what is there.
        for state in self.regions.values_mut() {
            let hub = &mut state.securityhub;
            hub.administrator.clone_from(&world.securityhub_administrator);
            hub.central_policy.clone_from(&world.securityhub_central_policy);
        }
        let told = world.effective_policies.iter();
        let policies = told.map(|(kind, content)| (kind.clone(), serde_json::json!(content)));
        self.organization.effective_policies.extend(policies);
        refused
    }

    /// Makes an event of a world happen, as far as it still can: nobody launches an instance in a VPC that is gone.
    pub(super) fn happen(&mut self, event: &Event) {
        let _ = self.occupy(&event.region, &event.occupants());
        if let Some(wanted) = &event.create_detector {
            let _ = self.seed_detector(&event.region, wanted);
        }
        for made in &event.call {
            let _ = self.make(made);
        }
        if event.delete_detector
            && let Some(state) = self.regions.get_mut(&event.region)
        {
            state.guardduty.detector = None;
        }
    }

    /// Makes a call of the world's author; tells why the service refuses it, if it does.
    fn make(&mut self, made: &Made) -> Result<(), String> {
        let (service, operation) = made.call.split_once(':').unwrap_or_default();
        let Some(service) = services::names().find(|known| *known == service) else {
            return Err(format!("[[call]] `{}`: there is no such service", made.call));
        };
        let call = Call {
            service,
            region: made.region.clone(),
            operation: operation.to_owned(),
            input: serde_json::to_value(&made.input).unwrap_or_default(),
            now: made.at.unwrap_or(MADE_AT),
        };
        exchange::answer(self, &call, &mut false)
            .map(|_| ())
            .map_err(|error| format!("[[call]] `{}`: {}: {}", made.call, error.code, error.message))
    }

    /// Puts things into a default VPC; tells what could not be.
    fn occupy(&mut self, region: &str, occupants: &[Occupant]) -> Vec<String> {
        let Some(state) = self.regions.get_mut(region) else {
            return vec![format!("{region} is not enabled and has no default VPC")];
        };
        occupants
            .iter()
            .filter_map(|occupant| ec2::occupy(&mut state.ec2, &mut self.ids, occupant).err())
            .collect()
    }

    fn seed_detector(&mut self, region: &str, wanted: &Detector) -> Option<String> {
        let Some(state) = self.regions.get_mut(region) else {
            return Some(format!("{region} is not enabled and has no detector"));
        };
        state.guardduty.seed(&mut self.ids, wanted);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brand_new_account_has_the_regions_that_are_on_by_default() {
        let account = Account::new(&World::default());
        assert_eq!(account.id, "123456789012");
        assert_eq!(account.regions.len(), 17);
        assert_eq!(account.opt_in_regions.len(), 17);
        assert!(
            account
                .opt_in_regions
                .iter()
                .all(|r| !account.regions.contains_key(r))
        );
        assert_eq!(account, Account::new(&World::default()));
    }

    #[test]
    fn a_world_opts_in_and_out() {
        let world: World = r#"
            enabled_regions = ["me-south-1"]
            disabled_regions = ["eu-west-3"]
        "#
        .parse()
        .unwrap();
        let account = Account::new(&world);
        assert!(account.regions.contains_key("me-south-1"));
        assert!(!account.regions.contains_key("eu-west-3"));
        assert!(account.opt_in_regions.contains("eu-west-3"));
    }
}
