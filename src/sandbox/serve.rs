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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=AKID/20261123/eu-west-1/s3/aws4_request, \
                                 SignedHeaders=host, Signature=0";

    /// A server on a free port, what stops it, and its end.
    async fn server(
        world: &str,
    ) -> (
        std::net::SocketAddr,
        CancellationToken,
        tokio::task::JoinHandle<io::Result<()>>,
    ) {
        let sandbox = Sandbox::open(None, Some(world.parse().unwrap())).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let served = tokio::spawn(serve(sandbox, listener, stop.clone().cancelled_owned()));
        (address, stop, served)
    }

    /// Sends a request that asks for the connection to be closed, and reads all that comes.
    async fn exchange(address: std::net::SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A reset may come as an error or as an early end: both are no answer.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }

    fn request(head: &str, host: &str, body: &str) -> String {
        format!(
            "{head} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {AUTHORIZATION}\r\nx-amz-account-id: 123456789012\r\n\
             Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    #[tokio::test]
    async fn paths_and_whole_addresses_are_answered() {
        let (address, stop, served) = server("").await;
        let path = "/v20180820/configuration/publicAccessBlock";
        let body = "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>\
                    </PublicAccessBlockConfiguration>";
        let put = request(&format!("PUT {path}"), "123456789012.localhost:4566", body);
        assert!(exchange(address, &put).await.starts_with("HTTP/1.1 200"));
        let whole = format!("GET http://123456789012.s3-control.eu-west-1.amazonaws.com{path}");
        let answer = exchange(address, &request(&whole, "ignored", "")).await;
        assert!(
            answer.contains("<BlockPublicAcls>true</BlockPublicAcls>"),
            "{answer}"
        );
        let foreign = request(&format!("GET {path}"), "999988887777.localhost:4566", "");
        assert!(exchange(address, &foreign).await.starts_with("HTTP/1.1 403"));
        stop.cancel();
        served.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn tunnels_are_refused_with_the_way_out() {
        let (address, ..) = server("").await;
        let answer = exchange(
            address,
            "CONNECT sts:443 HTTP/1.1\r\nHost: sts\r\nConnection: close\r\n\r\n",
        )
        .await;
        assert!(
            answer.starts_with("HTTP/1.1 405") && answer.contains("HTTP_PROXY"),
            "{answer}"
        );
    }

    #[tokio::test]
    async fn an_expected_continue_is_given() {
        let (address, ..) = server("").await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "PUT /bucket HTTP/1.1\r\nHost: localhost\r\nAuthorization: {AUTHORIZATION}\r\nConnection: close\r\n\
             Expect: 100-continue\r\nContent-Length: 121\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut go_on = [0; 12];
        stream.read_exact(&mut go_on).await.unwrap();
        assert_eq!(&go_on, b"HTTP/1.1 100");
        let body = "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint>\
                    </CreateBucketConfiguration>";
        stream.write_all(format!("{body:121}").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains("HTTP/1.1 200"), "{answer}");
    }

    #[tokio::test]
    async fn a_world_may_break_connections_and_a_hanging_one_does_not_hinder_the_end() {
        let world = "[[fault]]\ncall = \"s3:ListBuckets\"\nnth = 1\nkind = \"reset\"\n\
                     [[fault]]\ncall = \"s3:HeadBucket\"\nkind = \"hang\"";
        let (address, stop, served) = server(world).await;
        assert_eq!(exchange(address, &request("GET /", "localhost", "")).await, "");
        assert!(
            exchange(address, &request("GET /", "localhost", ""))
                .await
                .starts_with("HTTP/1.1 200")
        );
        let hanging =
            tokio::spawn(async move { exchange(address, &request("HEAD /b", "localhost", "")).await });
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!hanging.is_finished());
        stop.cancel();
        served.await.unwrap().unwrap();
        assert_eq!(hanging.await.unwrap(), "");
    }
}
