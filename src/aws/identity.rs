//! Who calls, and which regions there are.

use trueup_core::fault::{Fault, FaultKind};
use trueup_core::location::Region;

use super::{Aws, Failure};

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account's id, 12 digits.
    pub account: String,
    /// The caller's ARN.
    pub arn: String,
    /// The partition, such as `aws`, as the ARN says it.
    pub partition: String,
    /// The account's alias, if it has one and it may be read.
    pub alias: Option<String>,
    /// True for the root user itself.
    pub is_root: bool,
}

/// A region of the caller's partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionState {
    /// Its name.
    pub region: Region,
    /// True if the account can use it (`OptInStatus` is anything but `not-opted-in`).
    pub enabled: bool,
}

impl Aws {
    /// Asks who calls (sts:GetCallerIdentity, in the home region) and for the account's alias. Credentials of another
    /// account than the one that is found first are never used.
    ///
    /// # Errors
    /// If STS does not answer, or refuses the credentials. If the alias cannot be read in time, there is none.
    pub async fn identity(&self) -> Result<Caller, Failure> {
        let clients = self.clients(self.home());
        let identity = async {
            let identity = clients.sts.get_caller_identity().send().await;
            identity.map_err(|error| Failure(in_general(Failure::from(error).0)))
        };
        let aliases = async {
            let aliases = clients.iam.list_account_aliases().send();
            Ok(tokio::time::timeout(self.optional, aliases).await)
        };
        let (identity, aliases) = tokio::try_join!(identity, aliases)?;
        let unreadable = |what| Fault::answer("sts:GetCallerIdentity", format!("the answer has no {what}"));
        let arn = identity.arn().ok_or_else(|| unreadable("ARN"))?;
        let account = identity.account().ok_or_else(|| unreadable("account id"))?;
        self.credentials.belong_to(account, arn).await;
        Ok(Caller {
            account: account.to_owned(),
            partition: arn
                .split(':')
                .nth(1)
                .filter(|partition| !partition.is_empty())
                .ok_or_else(|| unreadable("partition in its ARN"))?
                .to_owned(),
            alias: aliases
                .ok()
                .and_then(Result::ok)
                .and_then(|answer| answer.account_aliases().first().cloned()),
            is_root: arn.ends_with(":root"),
            arn: arn.to_owned(),
        })
    }

    /// All regions of the caller's partition, enabled or not, sorted by name (ec2:DescribeRegions, in the home
    /// region).
    ///
    /// # Errors
    /// If EC2 does not answer or refuses.
    pub async fn regions(&self, caller: &Caller) -> Result<Vec<RegionState>, Failure> {
        let ec2 = &self.clients(self.home()).ec2;
        let answer = ec2.describe_regions().all_regions(true).send().await?;
        let mut regions: Vec<RegionState> = answer
            .regions()
            .iter()
            .filter_map(|described| {
                // A name of a form that is not known yet cannot be written in a baseline either.
                let region: Region = described.region_name()?.parse().ok()?;
                // Emulators list regions of other partitions, too.
                (region.partition() == caller.partition).then(|| RegionState {
                    region,
                    enabled: described.opt_in_status() != Some("not-opted-in"),
                })
            })
            .collect();
        regions.sort_by(|a, b| a.region.cmp(&b.region));
        Ok(regions)
    }
}

/// A fault of the very first call says nothing about its region: credentials that are refused there are wrong,
/// and a host that is unknown there means that no host can be found.
fn in_general(mut fault: Fault) -> Fault {
    fault.kind = match fault.kind {
        FaultKind::RegionNotEnabled => FaultKind::Credentials,
        FaultKind::NotAvailable => FaultKind::Network,
        kind => kind,
    };
    fault
}
