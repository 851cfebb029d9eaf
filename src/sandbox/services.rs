//! The list of the services. [`RegionState`] and all that is looked up by a service's name follow from it.

use serde::{Deserialize, Serialize};

use super::service::Service;
use super::wire::Protocol;
use super::{AwsError, Call};

/// Makes the list: for each service its module and, if it keeps something in every region, the type of that.
macro_rules! services {
    ($($service:ident $(: $state:ident)?;)*) => {
        /// Every service.
        pub(super) static SERVICES: &[&Service] = &[$(&super::$service::SERVICE),*];

        /// What the account has in one enabled region.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct RegionState {
            $($(
                #[doc = concat!("The state of [`", stringify!($service), "`](crate::", stringify!($service), ").")]
                pub $service: super::$service::$state,
            )?)*
        }
    };
}

services! {
    access_analyzer: AccessAnalyzer;
    contacts;
    budgets;
    ce;
    cloudtrail: CloudTrail;
    cloudwatch: CloudWatch;
    config: Config;
    ec2: Ec2;
    events: Events;
    guardduty: GuardDuty;
    iam;
    kms: Kms;
    logs: Logs;
    organizations;
    s3;
    securityhub: SecurityHub;
    sns: Sns;
    sts;
    s3control;
}

/// The service of a call that names none of the list.
static UNKNOWN: Service = Service::new("", &[Protocol::RestJson(&[])], |_, call| {
    Err(AwsError::not_in_sandbox(call))
});

/// The short names of all services.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    SERVICES.iter().map(|service| service.name)
}

/// The service of a call.
pub(super) fn of(call: &Call) -> &'static Service {
    let mut all = SERVICES.iter();
    all.find(|service| service.name == call.service)
        .copied()
        .unwrap_or(&UNKNOWN)
}

/// The service of a request: by the name that it is signed for, and where several services share that, by the first
/// segment of the path.
pub(super) fn signed_for(signing_name: &str, segment: Option<&str>) -> Option<&'static Service> {
    let candidates = SERVICES
        .iter()
        .filter(|service| service.signing_name == signing_name);
    let with_prefix = candidates
        .clone()
        .find(|service| service.path_prefix.is_some() && service.path_prefix == segment);
    with_prefix
        .or_else(|| candidates.clone().find(|service| service.path_prefix.is_none()))
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_is_found_by_a_name_of_its_own() {
        for service in SERVICES {
            let call = Call {
                service: service.name,
                region: "us-east-1".to_owned(),
                operation: "GetNothing".to_owned(),
                input: serde_json::Value::Null,
                now: 0,
            };
            assert!(std::ptr::eq(of(&call), *service), "{}", service.name);
            assert_eq!(names().filter(|name| *name == service.name).count(), 1);
        }
    }

    #[test]
    fn the_path_tells_services_of_one_signing_name_apart() {
        let found = |name, segment| signed_for(name, segment).map(|service| service.name);
        assert_eq!(found("s3", None), Some("s3"));
        assert_eq!(found("s3", Some("bucket")), Some("s3"));
        assert_eq!(found("s3", Some("v20180820")), Some("s3control"));
        assert_eq!(found("monitoring", Some("v20180820")), Some("cloudwatch"));
        assert_eq!(found("cloudwatch", None), None);
    }
}
