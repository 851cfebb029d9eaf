//! Which buckets a tighter block of the account would cut off: read only when there is something to tighten.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::Grant;
use futures::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use trueup_aws::found;
use trueup_aws::{Cx, Failure};
use trueup_core::location::Region;

/// How many buckets are looked at at a time: at most three calls each.
const AT_ONCE: usize = 8;

/// The largest page of `ListBuckets` that every account may ask for. A page size must be named at all for the
/// answer to say in which region a bucket is.
const PAGE: i32 = 1000;

/// What the wanted block would newly do to what exists. The other two settings only refuse new ACLs and
/// policies, and leave those that exist in force (S3 API reference, `PublicAccessBlockConfiguration`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cuts {
    /// Public ACLs lose their effect (`IgnorePublicAcls`).
    pub(super) acls: bool,
    /// Public policies no longer reach beyond the account (`RestrictPublicBuckets`).
    pub(super) policies: bool,
}

/// What was found out about the buckets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Buckets {
    /// Those that the wanted block would or could cut off, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) at_stake: Vec<Bucket>,
    /// Why there is no list of buckets, if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) not_listed: Option<String>,
}

/// A bucket that its own public access block does not keep closed.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Bucket {
    /// Its name.
    pub(crate) name: String,
    /// Its policy is public, and would no longer be.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) policy: bool,
    /// Its ACL is public, and would no longer be.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) acl: bool,
    /// ACLs of its objects, which nobody can list, may be public and would no longer be.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) object_acls: bool,
    /// Why it could not be checked, if it could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unchecked: Option<String>,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl Buckets {
    /// What would or could break, one line each.
    pub(super) fn risks(&self) -> Vec<String> {
        let not_listed = self
            .not_listed
            .iter()
            .map(|why| format!("the buckets could not be listed: {why}"));
        let each = self.at_stake.iter().flat_map(|bucket| {
            let name = &bucket.name;
            [
                bucket
                    .policy
                    .then(|| format!("bucket `{name}` has a public policy")),
                bucket.acl.then(|| format!("bucket `{name}` has a public ACL")),
                bucket
                    .unchecked
                    .as_ref()
                    .map(|why| format!("bucket `{name}` could not be checked: {why}")),
            ]
        });
        not_listed.chain(each.flatten()).collect()
    }

    /// The buckets whose objects may have public ACLs of their own.
    pub(super) fn with_object_acls(&self) -> Vec<&str> {
        self.at_stake
            .iter()
            .filter(|bucket| bucket.object_acls)
            .map(|bucket| bucket.name.as_str())
            .collect()
    }
}

/// Looks at every bucket of the account. What cannot be read is part of the answer, not a fault: the block can
/// be planned without it, and asks for consent.
pub(super) async fn look(cx: &Cx, cuts: Cuts) -> Buckets {
    let listed = match list(&cx.clients().s3).await {
        Ok(listed) => listed,
        Err(fault) => {
            return Buckets {
                at_stake: vec![],
                not_listed: Some(fault.reason().to_owned()),
            };
        }
    };
    let mut at_stake: Vec<Bucket> = stream::iter(listed)
        .map(|(name, region)| look_at(cx, name, region, cuts))
        .buffer_unordered(AT_ONCE)
        .filter_map(|bucket| async { bucket })
        .collect()
        .await;
    at_stake.sort();
    Buckets {
        at_stake,
        not_listed: None,
    }
}

/// Every bucket with the name of its region.
async fn list(s3: &Client) -> Result<Vec<(String, Option<String>)>, Failure> {
    let mut pages = s3.list_buckets().max_buckets(PAGE).into_paginator().send();
    let mut buckets = vec![];
    while let Some(page) = pages.next().await {
        let page = page.map_err(Failure::from)?;
        buckets.extend(
            page.buckets
                .unwrap_or_default()
                .into_iter()
                .filter_map(|bucket| Some((bucket.name?, bucket.bucket_region))),
        );
    }
    Ok(buckets)
}

/// One bucket, if it is at stake.
async fn look_at(cx: &Cx, name: String, region: Option<String>, cuts: Cuts) -> Option<Bucket> {
    let region = match region.map(|region| region.parse::<Region>()).transpose() {
        Ok(region) => region.unwrap_or_else(|| cx.region().clone()),
        Err(error) => {
            return Some(Bucket {
                name,
                unchecked: Some(error.to_string()),
                ..Bucket::default()
            });
        }
    };
    match read(&cx.clients_in(&region).s3, &name, cuts).await {
        Ok(Bucket {
            policy: false,
            acl: false,
            object_acls: false,
            ..
        }) => None,
        Ok(bucket) => Some(bucket),
        // Deleted since it was listed.
        Err(fault) if fault.is("NoSuchBucket") => None,
        Err(fault) => Some(Bucket {
            name,
            unchecked: Some(fault.reason().to_owned()),
            ..Bucket::default()
        }),
    }
}

async fn read(s3: &Client, name: &str, cuts: Cuts) -> Result<Bucket, Failure> {
    let own = s3.get_public_access_block().bucket(name).send().await;
    let own = found(own, "NoSuchPublicAccessBlockConfiguration")?
        .and_then(|answer| answer.public_access_block_configuration);
    let on = |setting: Option<bool>| setting.unwrap_or(false);
    let policies = cuts.policies && !own.as_ref().is_some_and(|own| on(own.restrict_public_buckets));
    let acls = cuts.acls && !own.as_ref().is_some_and(|own| on(own.ignore_public_acls));

    let policy = policies && {
        let status = s3.get_bucket_policy_status().bucket(name).send().await;
        found(status, "NoSuchBucketPolicy")?
            .and_then(|answer| answer.policy_status)
            .is_some_and(|status| on(status.is_public))
    };
    let acl = acls && {
        let answer = s3.get_bucket_acl().bucket(name).send().await?;
        answer.grants.unwrap_or_default().iter().any(is_public)
    };
    Ok(Bucket {
        name: name.to_owned(),
        policy,
        acl,
        object_acls: acls,
        unchecked: None,
    })
}

/// A grant to everybody, or to everybody with an AWS account of whatever owner (S3 User Guide, "Access control
/// list (ACL) overview").
fn is_public(grant: &Grant) -> bool {
    grant
        .grantee()
        .and_then(|grantee| grantee.uri())
        .is_some_and(|uri| {
            ["/groups/global/AllUsers", "/groups/global/AuthenticatedUsers"]
                .iter()
                .any(|group| uri.ends_with(group))
        })
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::config::{BehaviorVersion, Config, Credentials, Region};
    use aws_sdk_s3::types::{Grantee, Type};
    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
    };
    use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
    use aws_smithy_types::body::SdkBody;

    use super::*;

    /// A bucket: the answers of S3 by the query of the request.
    #[derive(Clone, Debug)]
    struct Simulated {
        block: Option<&'static str>,
        policy_is_public: Option<bool>,
        acl_group: Option<&'static str>,
    }

    impl HttpConnector for Simulated {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            let refused = |code: &str| {
                (
                    404,
                    format!("<Error><Code>{code}</Code><Message>no</Message></Error>"),
                )
            };
            let query = request.uri().split_once('?').unwrap().1;
            let (status, body) = if query.starts_with("publicAccessBlock") {
                self.block.map_or_else(
                    || refused("NoSuchPublicAccessBlockConfiguration"),
                    |setting| {
                        let body = format!(
                            "<PublicAccessBlockConfiguration><{setting}>true</{setting}>\
                             </PublicAccessBlockConfiguration>"
                        );
                        (200, body)
                    },
                )
            } else if query.starts_with("policyStatus") {
                self.policy_is_public.map_or_else(
                    || refused("NoSuchBucketPolicy"),
                    |public| {
                        (
                            200,
                            format!("<PolicyStatus><IsPublic>{public}</IsPublic></PolicyStatus>"),
                        )
                    },
                )
            } else if query.starts_with("acl") {
                self.acl_group.map_or_else(
                    || refused("AccessDenied"),
                    |group| {
                        let grantee = format!(
                            "<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"Group\">\
                             <URI>http://acs.amazonaws.com/groups/{group}</URI></Grantee>"
                        );
                        let grant = format!("<Grant>{grantee}<Permission>READ</Permission></Grant>");
                        let list = format!("<AccessControlList>{grant}</AccessControlList>");
                        (200, format!("<AccessControlPolicy>{list}</AccessControlPolicy>"))
                    },
                )
            } else {
                panic!("{query} was not to be asked");
            };
            HttpConnectorFuture::ready(Ok(HttpResponse::new(
                status.try_into().unwrap(),
                SdkBody::from(body),
            )))
        }
    }

    impl Simulated {
        /// No block of its own, and open to everybody both ways.
        fn open() -> Self {
            Simulated {
                block: None,
                policy_is_public: Some(true),
                acl_group: Some("global/AllUsers"),
            }
        }

        /// What is found at stake, as (policy, ACL, ACLs of objects).
        async fn found(self, cuts: Cuts) -> Result<(bool, bool, bool), Failure> {
            let connector = SharedHttpConnector::new(self);
            let client = Client::from_conf(
                Config::builder()
                    .behavior_version(BehaviorVersion::v2026_01_12())
                    .region(Region::new("eu-west-1"))
                    .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
                    .http_client(http_client_fn(move |_, _| connector.clone()))
                    .build(),
            );
            let bucket = read(&client, "site", cuts).await?;
            Ok((bucket.policy, bucket.acl, bucket.object_acls))
        }
    }

    const BOTH: Cuts = Cuts {
        acls: true,
        policies: true,
    };

    #[tokio::test]
    async fn a_bucket_is_at_stake_for_its_public_policy_and_its_public_acl() {
        assert_eq!(Simulated::open().found(BOTH).await, Ok((true, true, true)));
        let private = Simulated {
            policy_is_public: None,
            acl_group: Some("s3/LogDelivery"),
            ..Simulated::open()
        };
        assert_eq!(private.found(BOTH).await, Ok((false, false, true)));
    }

    #[tokio::test]
    async fn what_a_buckets_own_block_cuts_off_already_is_not_at_stake() {
        let own = |setting| Simulated {
            block: Some(setting),
            ..Simulated::open()
        };
        let restricted = own("RestrictPublicBuckets").found(BOTH).await;
        assert_eq!(restricted, Ok((false, true, true)));
        let ignoring = own("IgnorePublicAcls").found(BOTH).await;
        assert_eq!(ignoring, Ok((true, false, false)));
        // These two keep out new ones only.
        let refusing = own("BlockPublicPolicy").found(BOTH).await;
        assert_eq!(refusing, Ok((true, true, true)));
    }

    #[tokio::test]
    async fn what_the_wanted_block_does_not_cut_off_is_not_asked_for() {
        let cuts = Cuts { acls: false, ..BOTH };
        let no_acl = Simulated {
            acl_group: None,
            ..Simulated::open()
        };
        assert_eq!(no_acl.clone().found(cuts).await, Ok((true, false, false)));
        let fault = no_acl.found(BOTH).await.unwrap_err();
        assert!(fault.is("AccessDenied"), "{fault}");
    }

    fn grant(uri: Option<&str>) -> Grant {
        let grantee = Grantee::builder()
            .r#type(Type::Group)
            .set_uri(uri.map(str::to_owned))
            .build()
            .unwrap();
        Grant::builder().grantee(grantee).build()
    }

    #[test]
    fn only_grants_to_everybody_are_public() {
        assert!(is_public(&grant(Some(
            "http://acs.amazonaws.com/groups/global/AllUsers"
        ))));
        assert!(is_public(&grant(Some(
            "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
        ))));
        assert!(!is_public(&grant(Some(
            "http://acs.amazonaws.com/groups/s3/LogDelivery"
        ))));
        assert!(!is_public(&grant(None)));
    }
}
