//! Calls over HTTP on loopback, with connections that are used again.

use std::sync::{Mutex, PoisonError};

use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::Fault;

/// One service, as others reach it.
#[derive(Debug)]
pub struct Client {
    port: u16,
    idle: Mutex<Vec<SendRequest<Empty<Bytes>>>>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The document.
    pub body: Value,
}

impl Answer {
    /// Returns the code of a refusal; none where it was executed.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        if self.status == 200 {
            return None;
        }
        let code = self.body.get("code").and_then(Value::as_str);
        Some(code.map_or_else(|| format!("HTTP {}", self.status), str::to_owned))
    }
}

impl Client {
    /// Names a port; nothing is connected yet.
    #[must_use]
    pub const fn new(port: u16) -> Self {
        Self { port, idle: Mutex::new(Vec::new()) }
    }

    /// Sends a call with its container.
    ///
    /// # Errors
    /// What the connection says.
    pub async fn post(&self, path: &str, container: &str) -> Result<Answer, Fault> {
        let request = Request::post(path).header("authorization", format!("Bearer {container}"));
        self.send(request.header("host", "localhost").body(Empty::new())?).await
    }

    /// Asks for a document.
    ///
    /// # Errors
    /// What the connection says.
    pub async fn get(&self, path: &str) -> Result<Answer, Fault> {
        self.send(Request::get(path).header("host", "localhost").body(Empty::new())?).await
    }

    async fn send(&self, request: Request<Empty<Bytes>>) -> Result<Answer, Fault> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut sender = match idle.filter(SendRequest::is_ready) {
            Some(sender) => sender,
            None => {
                let (sender, connection) =
                    handshake(TokioIo::new(TcpStream::connect(("127.0.0.1", self.port)).await?)).await?;
                tokio::spawn(connection);
                sender
            }
        };
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await?.to_bytes();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        Ok(Answer { status, body: serde_json::from_slice(&body).unwrap_or(Value::Null) })
    }
}
