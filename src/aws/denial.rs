//! Regions that the organization denies: known from one call, and then spared.
//!
//! A policy that allows few regions denies nearly every service in the others. To ask each of them would only make the
//! account's own alarm on unauthorized calls ring. So EC2 is asked first, and where the organization denies that, only
//! those services are asked that AWS's example of such a policy exempts. (AWS Organizations User Guide, "Deny access to
//! AWS based on the requested AWS Region")
//!
//! Only reads are spared. Whether a write is forbidden is for AWS to say.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use trueup_core::fault::FaultKind;
use trueup_core::location::Region;

use crate::clients::CallName;
use crate::{Cx, Failure, Reading};

/// How long other calls wait for EC2's answer. They are signed by then, and a signature lasts five minutes.
const PATIENCE: Duration = Duration::from_secs(120);

/// The services whose answer does not follow from EC2's: those that the example exempts, in the same region or because
/// there is one endpoint for all regions, and S3, of which a region's buckets are read one by one.
const EXEMPT: [&str; 10] = [
    "access-analyzer",
    "account",
    "budgets",
    "ce",
    "config",
    "iam",
    "organizations",
    "s3",
    "s3control",
    "sts",
];

/// What is known of regions so far, of all clients.
#[derive(Clone, Debug, Default)]
pub(crate) struct Denials(Arc<Mutex<HashMap<Region, watch::Receiver<Option<bool>>>>>);

impl Denials {
    /// Announces that EC2 is about to be asked: whatever else is asked in the region waits for its answer. Nothing if
    /// that is known or under way. Dropping the promise without an answer means that none came.
    fn expect(&self, region: &Region) -> Option<watch::Sender<Option<bool>>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A channel without a sender reports an error at once.
        let is_pending = |answer: &watch::Receiver<_>| answer.has_changed().is_ok();
        let is_settled = |answer: &watch::Receiver<Option<bool>>| answer.borrow().is_some();
        match known.get(region) {
            Some(answer) if is_settled(answer) || is_pending(answer) => None,
            _ => {
                let (promise, answer) = watch::channel(None);
                known.insert(region.clone(), answer);
                Some(promise)
            }
        }
    }

    /// True if a call is not worth sending. Waits for EC2's answer if that is under way.
    pub(crate) async fn spares(&self, call: &CallName) -> bool {
        let is_first = (call.service, call.operation.as_str()) == FIRST;
        if is_first || !call.is_read() || EXEMPT.contains(&call.service) {
            return false;
        }
        let known = {
            let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.get(&call.region).cloned()
        };
        let Some(mut answer) = known else { return false };
        let denied = tokio::time::timeout(PATIENCE, answer.wait_for(Option::is_some)).await;
        matches!(denied, Ok(Ok(denied)) if *denied == Some(true))
    }
}

/// A request was not sent, because the organization denies EC2 in its region.
#[derive(Debug, thiserror::Error)]
#[error("not asked, because the organization denies EC2 in {region}")]
pub(crate) struct Spared {
    pub(crate) region: Region,
}

/// The call that is asked first in a region.
const FIRST: (&str, &str) = ("ec2", "GetEbsEncryptionByDefault");

/// Whether new EBS volumes are encrypted: the first that a region is asked, cheap and needed anyway.
#[derive(Clone, Copy, Debug)]
pub struct EbsEncryption {
    /// True if they are.
    pub by_default: bool,
}

impl Reading for EbsEncryption {
    async fn read(cx: &Cx) -> Result<Self, Failure> {
        let answer = cx.clients().ec2.get_ebs_encryption_by_default().send().await?;
        Ok(EbsEncryption {
            by_default: answer.ebs_encryption_by_default.unwrap_or(false),
        })
    }
}

impl Cx {
    /// Asks EC2 in the place's region whether the organization denies it, unless that is known. Until the result is
    /// there, other calls to the region wait, from this very call on.
    pub fn ask_first(&self) -> impl Future<Output = ()> + Send + use<> {
        let cx = self.clone();
        let promise = cx.aws.denials.expect(cx.region());
        async move {
            let Some(promise) = promise else { return };
            let denied = match cx.cached::<EbsEncryption>().await {
                Ok(_) => false,
                Err(failure) => failure.kind == FaultKind::DeniedByOrganization,
            };
            promise.send_replace(Some(denied));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::Connect;
    use crate::tests::{Fake, answer};

    const DENIED: &str = "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>not authorized to perform: \
        ec2:GetEbsEncryptionByDefault with an explicit deny in a service control policy</Message></Error></Errors></Response>";
    const ALLOWED: &str = "<GetEbsEncryptionByDefaultResponse><ebsEncryptionByDefault>true</ebsEncryptionByDefault>\
        </GetEbsEncryptionByDefaultResponse>";

    /// A region in which EC2 says this when it is asked first, and how many other requests arrive there.
    fn region(first: (u16, &'static str)) -> (Cx, Arc<AtomicUsize>) {
        let others = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&others);
        let client = Fake::client(move |request| {
            if request.contains("GetEbsEncryptionByDefault") {
                return answer(first.0, first.1);
            }
            counted.fetch_add(1, Ordering::SeqCst);
            let is_ec2 = request.contains("Action=");
            answer(200, if is_ec2 { "<DescribeVpcsResponse/>" } else { "{}" })
        });
        let connect = Connect {
            http_client: Some(client),
            ..Connect::default()
        };
        let aws = futures::executor::block_on(crate::Aws::connect(connect)).unwrap();
        let env = trueup_core::env::Env {
            account: "123456789012".to_owned(),
            partition: "aws".to_owned(),
            home: aws.home().clone(),
            enabled: vec![],
            run: trueup_core::env::Run::default(),
        };
        let place = trueup_core::location::Location::Region("eu-west-3".parse().unwrap());
        (Cx::new(Arc::new(aws), Arc::new(env), place), others)
    }

    /// Asks three services beside EC2's first call, all at once; gives back what GuardDuty's came to.
    async fn all(cx: &Cx) -> Result<(), Failure> {
        let clients = cx.clients();
        let (_, guardduty, vpcs, config) = tokio::join!(
            cx.ask_first(),
            clients.guardduty.list_detectors().send(),
            clients.ec2.describe_vpcs().send(),
            clients.config.describe_configuration_recorders().send(),
        );
        assert!(config.is_ok());
        assert_eq!(vpcs.is_ok(), guardduty.is_ok());
        Ok(guardduty.map(drop)?)
    }

    #[tokio::test]
    async fn where_the_organization_denies_ec2_only_the_exempt_services_are_asked() {
        let (cx, others) = region((403, DENIED));
        let fault = all(&cx).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::DeniedByOrganization);
        assert!(!fault.was_asked());
        assert_eq!(
            fault.to_string(),
            "guardduty:ListDetectors: not asked, because the organization denies EC2 in eu-west-3"
        );
        assert_eq!(others.load(Ordering::SeqCst), 1);
        // It stays known, and writes are for AWS to refuse.
        all(&cx).await.unwrap_err();
        assert_eq!(others.load(Ordering::SeqCst), 2);
        cx.clients()
            .guardduty
            .create_detector()
            .enable(true)
            .send()
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn where_ec2_answers_or_fails_otherwise_everything_is_asked() {
        const NOT_GRANTED: &str = "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>not authorized, \
            because no identity-based policy allows the ec2:GetEbsEncryptionByDefault action</Message></Error></Errors></Response>";
        for first in [(200, ALLOWED), (403, NOT_GRANTED), (403, "no")] {
            let (cx, others) = region(first);
            all(&cx).await.unwrap();
            assert_eq!(others.load(Ordering::SeqCst), 3, "{first:?}");
        }
    }

    #[tokio::test]
    async fn a_promise_that_is_not_kept_holds_up_nothing() {
        let (cx, others) = region((200, ALLOWED));
        drop(cx.ask_first());
        cx.clients().guardduty.list_detectors().send().await.unwrap();
        assert_eq!(others.load(Ordering::SeqCst), 1);
        all(&cx).await.unwrap();
    }
}
