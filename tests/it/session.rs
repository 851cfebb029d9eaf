//! What a session notices while it lasts.

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use trueup::aws::Connect;
use trueup::engine::Session;
use trueup::sandbox::Sandbox;

#[tokio::test]
async fn credentials_that_have_become_another_accounts_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let sandbox = Sandbox::open(Some(&state), None).unwrap();
    let connect = Connect {
        http_client: Some(SharedHttpClient::new(sandbox.http_client())),
        ..Connect::default()
    };
    let session = Session::open(trueup::controls::registry(), connect, None)
        .await
        .unwrap();
    session.still_the_same_account().await.unwrap();
    Sandbox::reset(&state, "account_id = \"210987654321\"".parse().unwrap()).unwrap();
    let error = session.still_the_same_account().await.unwrap_err().to_string();
    assert!(
        error.contains("210987654321 now") && error.contains("123456789012"),
        "{error}"
    );
}
