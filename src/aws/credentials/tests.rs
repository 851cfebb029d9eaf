use aws_config::meta::credentials::CredentialsProviderChain;
use aws_credential_types::credential_fn::provide_credentials_fn;
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};

use super::*;
use crate::tests::{Fake, Server, answer, around, clients, connect};

const MFA_ROLE: &str = "\
[profile test]
role_arn = arn:aws:iam::123456789012:role/admin
mfa_serial = arn:aws:iam::123456789012:mfa/alice
source_profile = base
external_id = e-1
[profile base]
aws_access_key_id = AKIABASE
aws_secret_access_key = secret
";

const SESSION: &str = "<Credentials><AccessKeyId>ASIASESSION</AccessKeyId>\
<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>\
</Credentials>";

/// An STS that gives sessions, and says who called.
fn sts(request: &str) -> (u16, &'static str) {
    // Each answer is a constant, so that the server needs no state.
    static ROLE: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
        format!("<AssumeRoleResponse><AssumeRoleResult>{SESSION}</AssumeRoleResult></AssumeRoleResponse>")
    });
    static USER: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
        format!(
            "<GetSessionTokenResponse><GetSessionTokenResult>{SESSION}</GetSessionTokenResult>\
             </GetSessionTokenResponse>"
        )
    });
    if request.contains("TokenCode=000000") {
        (
            403,
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>MultiFactorAuthentication failed with invalid \
             MFA one time pass code.</Message></Error></ErrorResponse>",
        )
    } else if request.contains("Action=AssumeRole") {
        (200, &ROLE)
    } else if request.contains("Action=GetSessionToken") {
        (200, &USER)
    } else {
        (
            200,
            "<GetCallerIdentityResponse><GetCallerIdentityResult>\
             <Arn>arn:aws:iam::123456789012:user/alice</Arn><Account>123456789012</Account>\
             </GetCallerIdentityResult></GetCallerIdentityResponse>",
        )
    }
}

async fn with_mfa(config: &str, prompt: Option<Prompt>) -> Result<Vec<String>, ConnectError> {
    let server = Server::start(sts).await;
    let aws = connect(config, format!("http://127.0.0.1:{}", server.port), prompt).await?;
    aws.identity().await.unwrap();
    Ok(server.seen())
}

#[tokio::test]
async fn a_role_with_a_device_is_taken_on_with_the_code_that_a_person_types() {
    let seen = with_mfa(
        MFA_ROLE,
        Some(|profile, serial| {
            assert_eq!((profile, serial), ("test", "arn:aws:iam::123456789012:mfa/alice"));
            Some(" 123456\n".to_owned())
        }),
    )
    .await
    .unwrap();
    let assume = &seen[0];
    for part in [
        "Action=AssumeRole",
        "SerialNumber=arn%3Aaws%3Aiam%3A%3A123456789012%3Amfa%2Falice",
        "TokenCode=123456",
        "RoleSessionName=trueup",
        "ExternalId=e-1",
        "AKIABASE/",
    ] {
        assert!(assume.contains(part), "{part}: {assume}");
    }
    assert!(
        seen[1..].iter().all(|request| request.contains("ASIASESSION/")),
        "{seen:?}"
    );
}

#[tokio::test]
async fn a_users_own_keys_with_a_device_become_a_session() {
    let seen = with_mfa(
        "[profile test]\naws_access_key_id = AKIABASE\naws_secret_access_key = s\nmfa_serial = GAHT12345678\n",
        Some(|_, _| Some("123456".to_owned())),
    )
    .await
    .unwrap();
    assert!(seen[0].contains("Action=GetSessionToken"), "{}", seen[0]);
    assert!(seen[0].contains("SerialNumber=GAHT12345678"), "{}", seen[0]);
    assert!(seen[1].contains("ASIASESSION/"), "{}", seen[1]);
}

#[tokio::test]
async fn the_device_may_be_further_up_the_way() {
    let config = MFA_ROLE.replace("[profile test]", "[profile middle]")
        + "[profile test]\nrole_arn = arn:aws:iam::210987654321:role/audit\nsource_profile = middle\n";
    let seen = with_mfa(&config, Some(|_, _| Some("123456".to_owned())))
        .await
        .unwrap();
    assert!(
        seen[0].contains("role%2Fadmin") && seen[0].contains("TokenCode"),
        "{}",
        seen[0]
    );
    assert!(
        seen[1].contains("role%2Faudit") && !seen[1].contains("TokenCode"),
        "{}",
        seen[1]
    );
    assert!(seen[1].contains("ASIASESSION/"), "{}", seen[1]);
}

#[tokio::test]
async fn without_a_code_it_says_what_else_can_be_done() {
    let nobody = with_mfa(MFA_ROLE, None).await.unwrap_err();
    insta::assert_snapshot!(nobody, @"
    profile `test` needs a code of the MFA device arn:aws:iam::123456789012:mfa/alice, and nobody gave one
    Run it on a terminal to be asked for the code. Where there is none, bring credentials that need no code: those of `aws login` or `aws sso login`, of a profile with `credential_process`, or those of a session in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN (then without --profile).
    ");
    let nothing = with_mfa(MFA_ROLE, Some(|_, _| Some("  ".to_owned())))
        .await
        .unwrap_err();
    assert_eq!(nothing.to_string(), nobody.to_string());
}

#[tokio::test]
async fn a_wrong_code_is_named_as_such() {
    let error = with_mfa(MFA_ROLE, Some(|_, _| Some("000000".to_owned())))
        .await
        .unwrap_err();
    insta::assert_snapshot!(error, @"
    profile `test` got no session with the MFA device arn:aws:iam::123456789012:mfa/alice: sts:AssumeRole: AccessDenied: MultiFactorAuthentication failed with invalid MFA one time pass code.
    Wait for the next code (each works once) and check `mfa_serial`, `role_arn` and the keys of the profile.
    ");
}

#[tokio::test]
async fn what_is_wrong_with_a_profile_is_said_with_its_name() {
    for (config, expected) in [
        (
            "[profile test]\nrole_arn = r\nmfa_serial = m\n",
            "profile `test` has a role and an MFA device, but no `source_profile`",
        ),
        (
            "[profile test]\nrole_arn = r\nmfa_serial = m\nsource_profile = gone\n",
            "profile `gone` is named as a source, but does not exist",
        ),
        (
            "[profile test]\nrole_arn = r\nmfa_serial = m\nsource_profile = test\n",
            "profile `test` is its own `source_profile`, but has no access keys",
        ),
        (
            "[profile test]\nregion = eu-west-1\n",
            "no AWS credentials: profile `test` has none\nSign in with",
        ),
        (
            "[profile test]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = r\n\
             [sso-session corp]\nsso_start_url = https://corp.example.com\nsso_region = eu-west-1\n",
            "no AWS credentials: an error occurred while loading an access token: failed to load the cached SSO token\n\
             Sign in again: `aws sso login --profile test`.",
        ),
        (
            "[profile test]\ncredential_process = false\n",
            "no AWS credentials: Error retrieving credentials: external process exited",
        ),
        (
            "[profile test]\nrole_arn = r\nsource_profile = gone\n",
            "no AWS credentials: profile `gone` was not defined: ",
        ),
    ] {
        let error = with_mfa(config, Some(|_, _| None)).await.unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[tokio::test]
async fn the_profile_that_the_roles_begin_with_is_the_one_to_sign_in_to() {
    const SSO: &str = "[profile base]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = r\n\
        [sso-session corp]\nsso_start_url = https://corp.example.com\nsso_region = eu-west-1\n\
        [profile middle]\nrole_arn = r\nsource_profile = base\n";
    for (test, login) in [
        (
            "role_arn = r\nsource_profile = base\n",
            "aws sso login --profile base",
        ),
        (
            "role_arn = r\nsource_profile = middle\n",
            "aws sso login --profile base",
        ),
        (
            "role_arn = r\nsource_profile = signed\n[profile signed]\nlogin_session = s\n",
            "aws login --profile signed",
        ),
    ] {
        let error = with_mfa(&format!("[profile test]\n{test}{SSO}"), None)
            .await
            .unwrap_err()
            .to_string();
        assert!(error.ends_with(&format!("Sign in again: `{login}`.")), "{error}");
    }
}

#[tokio::test]
async fn a_role_that_refuses_the_caller_is_told_in_the_words_of_sts() {
    let http = Fake::client(|_| {
        answer(
            403,
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>User: arn:aws:iam::123456789012:user/a is not authorized \
             to perform: sts:AssumeRole</Message></Error><RequestId>9</RequestId></ErrorResponse>",
        )
    });
    let sts = clients(http).sts;
    let refused = sts
        .assume_role()
        .role_arn("r")
        .role_session_name("s")
        .send()
        .await
        .unwrap_err();
    let error = CredentialsError::provider_error(refused);
    let files =
        around("[profile test]\nrole_arn = r\nsource_profile = base\n[profile base]\nsso_session = c\n");
    let profiles = Profiles::load(Some("test"), &files).await.unwrap();
    insta::assert_snapshot!(no_credentials(&error, &profiles, false), @"
    no AWS credentials: AccessDenied: User: arn:aws:iam::123456789012:user/a is not authorized to perform: sts:AssumeRole
    Check that the role of profile `test` exists, and that its trust policy and the caller's own policies allow sts:AssumeRole.
    ");
}

#[tokio::test]
async fn a_profile_that_does_not_exist_is_an_error_that_names_the_likeliest() {
    let files = around(
        "[profile acme-prod]\nregion = eu-west-1\n[profile acme-dev]\nregion = eu-west-1\n[profile x]\n",
    );
    let error = Profiles::load(Some("acme-pord"), &files).await.unwrap_err();
    insta::assert_snapshot!(error, @"
    there is no profile `acme-pord` in the shared AWS files (~/.aws/config and ~/.aws/credentials)
    did you mean `acme-prod` or `acme-dev`?
    ");
    let error = Profiles::load(Some("zzz"), &files).await.unwrap_err();
    insta::assert_snapshot!(error, @"
    there is no profile `zzz` in the shared AWS files (~/.aws/config and ~/.aws/credentials)
    `aws configure list-profiles` lists those there are
    ");
    // Nothing is configured and nothing was asked for: credentials may still come from elsewhere.
    assert_eq!(Profiles::load(None, &around("")).await.unwrap().name(), "default");
}

#[tokio::test]
async fn a_file_that_is_no_configuration_is_an_error_and_not_skipped() {
    let mut files = around("");
    files.files = EnvConfigFiles::builder()
        .with_contents(EnvConfigFileKind::Config, "[profile test\nregion")
        .build();
    let error = Profiles::load(None, &files).await.unwrap_err();
    insta::assert_snapshot!(error, @"
    the shared AWS files cannot be used: error parsing on line 1: Profile definition must end with ']'
    correct the file, or name another with AWS_CONFIG_FILE
    ");
}

#[tokio::test]
async fn a_chain_that_found_nothing_lists_what_it_tried_with_the_next_step() {
    let nothing = |why: &'static str| {
        provide_credentials_fn(move || async move { Err(CredentialsError::not_loaded(why)) })
    };
    let chain = CredentialsProviderChain::first_try("Environment", nothing("environment variable not set"))
        .or_else("Profile", nothing("No profiles\nwere defined"));
    let error = chain.provide_credentials().await.unwrap_err();
    let profiles = Profiles::load(None, &around("")).await.unwrap();
    insta::assert_snapshot!(no_credentials(&error, &profiles, false), @"
    no AWS credentials: no source gave any
      environment variables: environment variable not set
      profile `default`: No profiles were defined
    Sign in with `aws login` or `aws sso login`, name a profile with --profile, or try it without AWS: --sandbox.
    ");
    insta::assert_snapshot!(no_credentials(&error, &profiles, true), @"
    no AWS credentials: no source gave any
      environment variables: environment variable not set
      profile `default`: No profiles were defined
    An emulator takes any: AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test.
    ");
}
