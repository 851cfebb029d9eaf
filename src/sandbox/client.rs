//! The seam: the sandbox as an HTTP client of the SDK.

use std::io;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

use super::Sandbox;
use super::exchange::Effect;
use super::wire::Request;

/// An HTTP client whose every request the sandbox answers: the real SDK serialises, signs, retries and parses.
#[derive(Clone, Debug)]
pub struct SandboxClient {
    sandbox: Sandbox,
    read_timeout: Option<Duration>,
}

impl SandboxClient {
    pub(super) fn new(sandbox: Sandbox) -> Self {
        SandboxClient {
            sandbox,
            read_timeout: None,
        }
    }

    async fn respond(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = whole(request)?;
        let answer = async {
            let reply = self
                .sandbox
                .answer(request)
                .await
                // Of no kind that is retried: another attempt would find the same.
                .map_err(|error| ConnectorError::other(error.into(), None))?;
            if !reply.latency.is_zero() {
                tokio::time::sleep(reply.latency).await;
            }
            match reply.effect {
                Effect::Respond(response) => HttpResponse::try_from(response.map(SdkBody::from))
                    .map_err(|error| ConnectorError::other(error.into(), None)),
                Effect::Reset => Err(ConnectorError::io(
                    io::Error::new(io::ErrorKind::ConnectionReset, "the sandbox reset the connection").into(),
                )),
                Effect::Hang => std::future::pending().await,
            }
        };
        match self.read_timeout {
            None => answer.await,
            Some(limit) => tokio::time::timeout(limit, answer)
                .await
                .unwrap_or_else(|elapsed| Err(ConnectorError::timeout(elapsed.into()))),
        }
    }
}

/// The request with its body in memory. No operation that the sandbox knows streams its body.
fn whole(request: HttpRequest) -> Result<Request, ConnectorError> {
    let request = request
        .try_into_http1x()
        .map_err(|error| ConnectorError::user(error.into()))?;
    let (parts, body) = request.into_parts();
    let body = body
        .bytes()
        .ok_or_else(|| ConnectorError::user("the sandbox takes no streamed request body".into()))?
        .to_vec();
    Ok(Request::from_parts(parts, body))
}

impl HttpConnector for SandboxClient {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().respond(request))
    }
}

impl HttpClient for SandboxClient {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(SandboxClient {
            sandbox: self.sandbox.clone(),
            read_timeout: settings.read_timeout(),
        })
    }
}
