//! How an account differs from a brand-new one, and what goes wrong in it: a TOML file.

mod check;
mod inputs;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::budgets::BudgetsRefusal;
use super::iam::root::RootUser;
use super::{DeclarativePolicy, InstanceState, Occupant};

/// A world. Every key may be left out; the empty world is a brand-new account in which nothing goes wrong.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct World {
    /// The account's twelve digits; see [`World::account_id`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// The account's alias.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// The ARN of who calls; an assumed role's unless told otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller_arn: Option<String>,
    /// The root user.
    #[serde(skip_serializing_if = "is_new")]
    pub root_user: RootUser,
    /// The opt-in regions that are enabled besides the 17 that always are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub enabled_regions: Vec<String>,
    /// Regions that are not enabled. AWS allows that for opt-in regions only; a world may take others away too,
    /// so that a rehearsal is shorter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disabled_regions: Vec<String>,
    /// The account whose GuardDuty administers this one's, in every region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guardduty_administrator: Option<String>,
    /// The account whose Security Hub administers this one's and configures it centrally, in every region. What
    /// this account has of it by then stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub securityhub_administrator: Option<String>,
    /// The central configuration policy by which this account, as the delegated administrator of its organization,
    /// configures its own Security Hub, in every region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub securityhub_central_policy: Option<String>,
    /// The features that GuardDuty does not have in a region, by their names in the API.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub guardduty_lacking: BTreeMap<String, BTreeSet<String>>,
    /// Why AWS Budgets refuses every call, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budgets_refusal: Option<BudgetsRefusal>,
    /// Whether Cost Explorer was ever opened in the console, which alone switches it on.
    #[serde(skip_serializing_if = "CostExplorerState::is_default")]
    pub cost_explorer: CostExplorerState,
    /// The management account whose organization's trail records this account too, in every region. The account's own
    /// id makes it that account, which has no such trail yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_trail: Option<String>,
    /// The organization's policies in effect on the account, each by its type, with the content that
    /// `organizations:DescribeEffectivePolicy` tells. One for S3 holds the account's public access block. The account is a
    /// member of an organization if there is one, or a `declarative_policy`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub effective_policies: BTreeMap<String, toml::Table>,
    /// The organization's declarative policy for EC2, in every region. It is one of those in effect, too.
    #[serde(skip_serializing_if = "is_no_policy")]
    pub declarative_policy: DeclarativePolicy,
    /// For how many seconds other services do not see a new role or a changed bucket policy.
    #[serde(skip_serializing_if = "is_zero")]
    pub propagation_seconds: u32,
    /// What is in the default VPCs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub default_vpc: Vec<DefaultVpc>,
    /// GuardDuty detectors that exist.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub detector: Vec<Detector>,
    /// Buckets that exist.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bucket: Vec<Bucket>,
    /// Calls that somebody made before, in this order, after all of the above: whatever exists already.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub call: Vec<Made>,
    /// What is forbidden.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deny: Vec<Deny>,
    /// Every refusal has ids, times and encoded texts of its own in its message, in forms that no program knows.
    #[serde(skip_serializing_if = "is_false")]
    pub fresh_texts: bool,
    /// How long an answer takes: milliseconds by region, and `default_ms` for the others.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub latency: BTreeMap<String, u64>,
    /// How often a call may be made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limit: Vec<Limit>,
    /// Reads that see a change late.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lag: Vec<Lag>,
    /// Calls that fail.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fault: Vec<InjectedFault>,
    /// What happens in the account right before a call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub event: Vec<Event>,
}

/// What Cost Explorer is like when the account is first looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CostExplorerState {
    /// It is on, and nothing watches for anomalies.
    #[default]
    Enabled,
    /// It is on, with the monitor of all services and the subscription of the root address that AWS makes then.
    WithDefaults,
    /// Nobody has opened it: it refuses every call.
    NeverLaunched,
}

impl CostExplorerState {
    fn is_default(&self) -> bool {
        *self == CostExplorerState::default()
    }
}

/// A region's default VPC, where it differs from a new one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DefaultVpc {
    /// The region. In an event it may be left out: the event has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// An instance, in this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<InstanceState>,
    /// Tags on the VPC.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// There is no default VPC.
    #[serde(skip_serializing_if = "is_false")]
    pub absent: bool,
    /// Anything else, in this order: `["nat_gateway", { security_group = "web" }, "no_internet_gateway"]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub occupants: Vec<Occupant>,
}

impl DefaultVpc {
    /// All occupants that these keys mean.
    pub fn occupants(&self) -> Vec<Occupant> {
        let instance = self.instance.map(Occupant::Instance);
        let tags = (!self.tags.is_empty()).then(|| Occupant::Tags(self.tags.clone()));
        let mut occupants: Vec<Occupant> = instance.into_iter().chain(tags).collect();
        occupants.extend(self.occupants.iter().cloned());
        if self.absent {
            occupants.push(Occupant::NoVpc);
        }
        occupants
    }
}

/// A GuardDuty detector that exists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Detector {
    /// The region. In an event it may be left out: the event has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Whether it works; it does unless told otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// `FIFTEEN_MINUTES`, `ONE_HOUR` or `SIX_HOURS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding_publishing_frequency: Option<String>,
    /// Features by their names in the API; what is not named is as in a new detector.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub features: BTreeMap<String, bool>,
    /// Features about which a GuardDuty policy of the organization decides.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub by_policy: BTreeSet<String>,
    /// Its tags.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// A bucket that exists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// Its region; `us-east-1` unless told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The account that it belongs to, if that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// How many objects it has.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub objects: u32,
    /// Anybody may read it by its policy.
    #[serde(default, skip_serializing_if = "is_false")]
    pub public_policy: bool,
    /// Anybody may read it by its ACL.
    #[serde(default, skip_serializing_if = "is_false")]
    pub public_acl: bool,
}

/// A call that somebody made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Made {
    /// The call, as `service:Operation`.
    pub call: String,
    /// The region; `us-east-1` unless told otherwise, which is right for what is global too.
    #[serde(default = "us_east_1")]
    pub region: String,
    /// Its input, under the names on the wire ([`Call::input`](super::Call)). A query protocol's scalars (IAM, SNS,
    /// EC2) are written as text, `"true"` and `"3600"`.
    #[serde(default)]
    pub input: toml::Table,
    /// When, in seconds since 1970; at the start of 2026 unless told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<i64>,
}

/// Something that is forbidden: all of a region, an action everywhere, or an action in a region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deny {
    /// The region. Like the usual policies of organizations, a region without an action spares IAM, STS and S3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The IAM action, with `*` at its end if need be: `guardduty:*`, `ec2:DeleteVpc`, `s3:PutAccountPublicAccessBlock`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// What forbids it.
    #[serde(default)]
    pub by: DeniedBy,
}

/// What forbids an action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeniedBy {
    /// A service control policy of the organization.
    #[default]
    Scp,
    /// The caller's own permissions: they do not allow it.
    Iam,
}

/// How often a call may be made in each region, as a bucket of tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// The calls, as `service:Operation`, with `*` at the end if need be.
    pub call: String,
    /// How many tokens come back each second.
    pub per_second: f64,
    /// How many tokens there are at most; 1 unless told otherwise.
    #[serde(default = "one")]
    pub burst: u32,
}

/// Reads that see a change late: the service is consistent in the end only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lag {
    /// The reads, as `service:Operation`, with `*` at the end if need be.
    pub call: String,
    /// For how long after a change of their service they see the account as it was before.
    pub seconds: f64,
}

/// A call that fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InjectedFault {
    /// The calls, as `service:Operation`, with `*` at the end if need be.
    pub call: String,
    /// Only in this region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Only the n-th such call, counted from 1. Without `nth` and `every`, each fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u64>,
    /// Each n-th such call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// In which way it fails.
    pub kind: InjectedKind,
    /// The code of an `error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The sentence of an `error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The HTTP status of an `error`; 400 unless told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The call is carried out, and only its answer is lost.
    #[serde(default, skip_serializing_if = "is_false")]
    pub carried_out: bool,
}

/// The ways to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InjectedKind {
    /// The service's own code for too many requests.
    Throttle,
    /// An error with a given code.
    Error,
    /// The connection breaks.
    Reset,
    /// No answer ever comes.
    Hang,
}

/// Something that happens in the account right before a call, once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The call, as `service:Operation`, with `*` at the end if need be.
    pub before: String,
    /// Where the call is made and where it happens.
    pub region: String,
    /// Before the n-th such call, counted from 1.
    #[serde(default = "first")]
    pub nth: u64,
    /// An instance is launched in the default VPC.
    #[serde(default, skip_serializing_if = "is_false")]
    pub launch_instance: bool,
    /// Things come into the default VPC, or leave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_vpc: Option<DefaultVpc>,
    /// A detector is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_detector: Option<Detector>,
    /// Somebody makes these calls, as far as the services let them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub call: Vec<Made>,
    /// The detector is deleted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub delete_detector: bool,
}

impl Event {
    /// What happens in the default VPC.
    pub fn occupants(&self) -> Vec<Occupant> {
        let mut occupants = self
            .default_vpc
            .as_ref()
            .map(DefaultVpc::occupants)
            .unwrap_or_default();
        if self.launch_instance {
            occupants.push(Occupant::Instance(InstanceState::Running));
        }
        occupants
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_no_policy(policy: &DeclarativePolicy) -> bool {
    *policy == DeclarativePolicy::default()
}

fn is_new(root: &RootUser) -> bool {
    *root == RootUser::default()
}

fn us_east_1() -> String {
    "us-east-1".to_owned()
}

fn one() -> u32 {
    1
}

fn first() -> u64 {
    1
}

impl World {
    /// The account's twelve digits.
    pub fn account_id(&self) -> &str {
        self.account_id.as_deref().unwrap_or("123456789012")
    }

    /// How many milliseconds an answer of a region takes.
    pub(super) fn latency_ms(&self, region: &str) -> u64 {
        let of = |key: &str| self.latency.get(key).copied();
        of(region).or_else(|| of("default_ms")).unwrap_or(0)
    }
}

/// Whether `service:Name` fits a pattern that may end in `*`. Case is ignored, as IAM does.
pub(super) fn fits(pattern: &str, service: &str, name: &str) -> bool {
    let full = format!("{service}:{name}").to_ascii_lowercase();
    let pattern = pattern.to_ascii_lowercase();
    match pattern.strip_suffix('*') {
        Some(start) => full.starts_with(start),
        None => full == pattern,
    }
}

/// A world that cannot be: the text is no TOML, has a key that no world has, or says what does not fit together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldError(String);

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.trim_end())
    }
}

impl std::error::Error for WorldError {}

impl FromStr for World {
    type Err = WorldError;

    fn from_str(text: &str) -> Result<Self, WorldError> {
        let world: World = toml::from_str(text).map_err(|error| WorldError(error.to_string()))?;
        inputs::check(text).map_err(WorldError)?;
        world.check().map_err(WorldError)?;
        Ok(world)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_world_says_how_an_account_differs() {
        let world: World = r#"
            account_id = "111122223333"
            alias = "acme"
            enabled_regions = ["me-south-1"]

            [[deny]]
            region = "eu-west-1"

            [[default_vpc]]
            region = "us-east-1"
            instance = "running"
            tags = { team = "web" }
            occupants = ["nat_gateway", { security_group = "web" }]

            [latency]
            default_ms = 5
            "ap-southeast-2" = 300

            [[limit]]
            call = "ec2:CreateDefaultVpc"
            per_second = 1

            [[fault]]
            call = "ec2:DescribeVpcs"
            nth = 2
            kind = "throttle"

            [[event]]
            before = "ec2:DeleteSubnet"
            region = "us-east-1"
            launch_instance = true
        "#
        .parse()
        .unwrap();
        assert_eq!(world.account_id(), "111122223333");
        assert_eq!(world.deny[0].by, DeniedBy::Scp);
        assert_eq!(world.default_vpc[0].occupants().len(), 4);
        assert_eq!(
            (world.latency_ms("ap-southeast-2"), world.latency_ms("eu-west-1")),
            (300, 5)
        );
        assert_eq!(world.limit[0].burst, 1);
        assert_eq!(world.event[0].nth, 1);
        let again: World = serde_json::from_str(&serde_json::to_string(&world).unwrap()).unwrap();
        assert_eq!(again, world);
    }

    #[test]
    fn what_is_wrong_in_a_world_is_said() {
        for (text, said) in [
            ("regions = []", "unknown field `regions`"),
            (
                "[declarative_policy]\nserial_console = true",
                "unknown field `serial_console`",
            ),
            (
                "[declarative_policy.instance_metadata_defaults]\nhttp_put_response_hop_limit = 65",
                "expected 1 to 64",
            ),
            ("account_id = \"12\"", "expected twelve digits"),
            ("[effective_policies.SCP]", "`SCP` in [effective_policies]"),
            ("[[deny]]\nby = \"scp\"", "needs a `region` or an `action`"),
            ("[[deny]]\nregion = \"eu-west-9\"", "`eu-west-9` in [[deny]]"),
            ("[latency]\n\"mars-1\" = 3", "`mars-1` in [latency]"),
            (
                "[[fault]]\ncall = \"DescribeVpcs\"\nkind = \"reset\"",
                "expected a form like",
            ),
            (
                "[[fault]]\ncall = \"ec2:*\"\nkind = \"error\"",
                "needs its `code`",
            ),
            (
                "[[fault]]\ncall = \"ec2:*\"\nkind = \"hang\"\nstatus = 500",
                "only kind = \"error\"",
            ),
            (
                "[[fault]]\ncall = \"ec2:*\"\nkind = \"boom\"",
                "unknown variant `boom`",
            ),
            (
                "[[event]]\nbefore = \"ec2:DeleteVpc\"\nregion = \"us-east-1\"",
                "nothing happens",
            ),
            (
                "[[limit]]\ncall = \"ec2:*\"\nper_second = 0",
                "per_second above 0",
            ),
            (
                "[[detector]]\nregion = \"us-east-1\"\nfeatures = { X = true }",
                "`X`",
            ),
            ("[guardduty_lacking]\nus-east-1 = [\"X\"]", "`X`"),
            (
                "[guardduty_lacking]\nmars-1 = []",
                "`mars-1` in [guardduty_lacking]",
            ),
            (
                "[guardduty_lacking]\nus-east-1 = [\"AI_ANALYST\"]\n[[detector]]\nregion = \"us-east-1\"\n\
                 by_policy = [\"AI_ANALYST\"]",
                "`AI_ANALYST` is no feature of GuardDuty that can be switched there",
            ),
            ("[[default_vpc]]\ninstance = \"running\"", "needs its `region`"),
            (
                "[[default_vpc]]\nregion = \"us-east-1\"\nnat_gateway = true",
                "unknown field `nat_gateway`",
            ),
            (
                "[[default_vpc]]\nregion = \"us-east-1\"\noccupants = [\"no_vpc\", \"nat_gateway\"]",
                "us-east-1 has no default VPC",
            ),
            (
                "[[detector]]\nregion = \"me-south-1\"",
                "me-south-1 is not enabled",
            ),
        ] {
            let error = text.parse::<World>().unwrap_err().to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn patterns_fit_calls() {
        assert!(fits("ec2:DeleteSubnet", "ec2", "DeleteSubnet"));
        assert!(fits("guardduty:*", "guardduty", "ListDetectors"));
        assert!(fits("ec2:Delete*", "ec2", "DeleteVpc"));
        assert!(fits("*", "iam", "GetUser"));
        assert!(!fits("ec2:Delete", "ec2", "DeleteVpc"));
        assert!(!fits("s3:*", "s3control", "GetPublicAccessBlock"));
    }
}
