//! The simulated account as the SDK's own clients see it, whatever trueup does with them.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_guardduty::error::ProvideErrorMetadata;
use aws_sdk_s3control::types::PublicAccessBlockConfiguration;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use trueup::sandbox::Sandbox;

/// An SDK configuration whose requests a sandbox of this world answers.
fn sdk(world: &str, region: &'static str) -> (Sandbox, SdkConfig) {
    let sandbox = Sandbox::open(None, Some(world.parse().unwrap())).unwrap();
    let credentials = Credentials::new("AKID", "secret", None, None, "sandbox");
    let config = SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(
            credentials,
        ))
        .sleep_impl(aws_smithy_async::rt::sleep::SharedAsyncSleep::new(
            aws_smithy_async::rt::sleep::TokioSleep::new(),
        ))
        .time_source(aws_smithy_async::time::SystemTimeSource::new())
        .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(1)))
        .timeout_config(
            TimeoutConfig::builder()
                .read_timeout(Duration::from_millis(200))
                .build(),
        )
        .http_client(sandbox.http_client())
        .build();
    (sandbox, config)
}

#[tokio::test]
async fn the_sdk_speaks_every_protocol_with_the_sandbox() {
    let (sandbox, config) = sdk(
        "alias = \"acme\"\n[[bucket]]\nname = \"open\"\npublic_acl = true",
        "us-east-1",
    );
    let identity = aws_sdk_sts::Client::new(&config)
        .get_caller_identity()
        .send()
        .await
        .unwrap();
    assert_eq!(identity.account(), Some(sandbox.account_id()));
    let aliases = aws_sdk_iam::Client::new(&config)
        .list_account_aliases()
        .send()
        .await
        .unwrap();
    assert_eq!(aliases.account_aliases(), ["acme"]);
    let regions = aws_sdk_ec2::Client::new(&config)
        .describe_regions()
        .send()
        .await
        .unwrap();
    assert_eq!(regions.regions().len(), 17);
    let s3 = aws_sdk_s3::Client::new(&config);
    let buckets = s3.list_buckets().max_buckets(10).send().await.unwrap();
    assert_eq!(buckets.buckets()[0].bucket_region(), Some("us-east-1"));
    let acl = s3.get_bucket_acl().bucket("open").send().await.unwrap();
    assert_eq!(acl.grants().len(), 2);
    let status = s3
        .get_bucket_policy_status()
        .bucket("open")
        .send()
        .await
        .unwrap_err();
    assert_eq!(status.code(), Some("NoSuchBucketPolicy"));
    let control = aws_sdk_s3control::Client::new(&config);
    let absent = control
        .get_public_access_block()
        .account_id(sandbox.account_id())
        .send()
        .await
        .unwrap_err();
    assert_eq!(absent.code(), Some("NoSuchPublicAccessBlockConfiguration"));
    control
        .put_public_access_block()
        .account_id(sandbox.account_id())
        .public_access_block_configuration(
            PublicAccessBlockConfiguration::builder()
                .block_public_acls(true)
                .build(),
        )
        .send()
        .await
        .unwrap();
    assert!(
        sandbox
            .inspect(|account| account.s3.public_access_block.unwrap().block_public_acls)
            .unwrap()
    );
    let guardduty = aws_sdk_guardduty::Client::new(&config);
    let created = guardduty.create_detector().enable(true).send().await.unwrap();
    let detector = guardduty
        .get_detector()
        .detector_id(created.detector_id().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(detector.features().len(), 12);
    let second = guardduty.create_detector().enable(true).send().await.unwrap_err();
    assert_eq!(second.code(), Some("BadRequestException"));
}

#[tokio::test]
async fn what_is_lost_is_retried_and_what_is_unknown_is_not() {
    let (sandbox, config) = sdk(
        "[[fault]]\ncall = \"sts:*\"\nnth = 1\nkind = \"reset\"\n\
         [[fault]]\ncall = \"sts:*\"\nnth = 2\nkind = \"throttle\"\n\
         [[fault]]\ncall = \"guardduty:*\"\nkind = \"hang\"",
        "eu-west-1",
    );
    aws_sdk_sts::Client::new(&config)
        .get_caller_identity()
        .send()
        .await
        .unwrap();
    assert_eq!(sandbox.call_log().len(), 3);
    let unknown = aws_sdk_iam::Client::new(&config)
        .list_saml_providers()
        .send()
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), Some("NotInSandbox"));
    assert_eq!(sandbox.call_log().len(), 4);
    let hanging = aws_sdk_guardduty::Client::new(&config)
        .list_detectors()
        .send()
        .await
        .unwrap_err();
    assert!(matches!(
        hanging,
        aws_smithy_runtime_api::client::result::SdkError::DispatchFailure(failure) if failure.is_timeout()
    ));
}
