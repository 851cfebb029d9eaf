//! The sandbox behind HTTP, for clients in other processes.

use std::future::Future;
use std::io;
use std::sync::Arc;

use http::{Method, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Sandbox;
use super::exchange::Effect;
use super::wire::Request;

/// No request of any operation comes near it.
const LARGEST_BODY: usize = 16 << 20;

type Body = Full<Bytes>;

/// Answers requests until `shutdown` ends; what is being answered then is answered to its end.
///
/// Requests may name the path alone or, as through a proxy, the whole address; so `HTTP_PROXY` reaches the sandbox
/// from clients that cannot resolve host names like `123456789012.s3-control.us-east-1.amazonaws.com` to it. There is
/// no TLS, and no tunnel either.
pub async fn serve(
    sandbox: Sandbox,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let closing = CancellationToken::new();
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => {
                // A client that is gone before it is accepted is no reason to stop.
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(sandbox.clone(), stream, closing.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    closing.cancel();
    while connections.join_next().await.is_some() {}
    Ok(())
}

async fn connection(sandbox: Sandbox, stream: TcpStream, closing: CancellationToken) {
    // Small answers are not worth waiting for more.
    let _ = stream.set_nodelay(true);
    let hanging = closing.clone();
    let service = service_fn(move |request| {
        let sandbox = sandbox.clone();
        let hanging = hanging.clone();
        async move { answer(&sandbox, request, &hanging).await }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    // An error is the client's, or one that the world wanted: nobody here needs it.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// Answers one request; an error breaks the connection.
async fn answer(
    sandbox: &Sandbox,
    request: hyper::Request<Incoming>,
    closing: &CancellationToken,
) -> Result<hyper::Response<Body>, Arc<io::Error>> {
    if request.method() == Method::CONNECT {
        return Ok(refusal(
            StatusCode::METHOD_NOT_ALLOWED,
            "The sandbox speaks plain HTTP and makes no tunnels: use http:// endpoints, with HTTP_PROXY rather than \
             HTTPS_PROXY.",
        ));
    }
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => body.to_bytes().to_vec(),
        Err(error) => {
            return Ok(refusal(
                StatusCode::BAD_REQUEST,
                &format!("The request's body could not be read: {error}."),
            ));
        }
    };
    let reply = match sandbox.answer(Request::from_parts(parts, body)).await {
        Ok(reply) => reply,
        // Not a 5xx: clients would try again, and find the same.
        Err(error) => return Ok(refusal(StatusCode::BAD_REQUEST, &format!("{error}"))),
    };
    if !reply.latency.is_zero() {
        tokio::time::sleep(reply.latency).await;
    }
    let broken = |why| Err(Arc::new(io::Error::new(io::ErrorKind::ConnectionReset, why)));
    match reply.effect {
        Effect::Respond(response) => Ok(response.map(|body| Full::new(Bytes::from(body)))),
        Effect::Reset => broken("the world wants a reset"),
        Effect::Hang => {
            closing.cancelled().await;
            broken("the sandbox closes")
        }
    }
}

fn refusal(status: StatusCode, text: &str) -> hyper::Response<Body> {
    let mut response = hyper::Response::new(Full::new(Bytes::from(format!("{text}\n"))));
    *response.status_mut() = status;
    response
}
