//! Middleware for axum, and for anything that tower serves.
//!
//! The invocation and its proofs travel as one container in `Authorization: Bearer …`, in base64url
//! or base64, compressed or not: what `ucan-http-bearer-token` calls for, with a container in the
//! place of its list of proofs, for UCAN 1.0 has no specification of its own for HTTP. A
//! container's first letter (`B`, `C`, `O`, `P`) tells its encoding, and all of its characters are
//! those of a token68. One header, no other place, no cookies, no query.
//!
//! A route declares the command that it executes, and an invocation of exactly that command is
//! accepted. A command that covers it is something to delegate, and nothing to execute.
//!
//! Refusals are problem documents (RFC 9457).

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use greatseal_core::Command;
use greatseal_core::limits::HEADER_BYTES;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use tower_layer::Layer;
use tower_service::Service;

use crate::clock::Clock;
use crate::gate::{Allowed, Gate};
use crate::refusal::Refusal;

/// The scheme, compared without regard to case (RFC 9110 section 11.1).
const SCHEME: &str = "bearer ";

/// Told about every refusal, with all that the caller is not told.
pub type Refused = Arc<dyn Fn(&Refusal) + Send + Sync>;

/// A gate with a clock: what routes are guarded with.
#[derive(Clone)]
pub struct Guard {
    gate: Arc<Gate>,
    clock: Arc<dyn Clock>,
    refused: Refused,
}

impl Guard {
    /// Joins gate and clock; `refused` hears about every refusal.
    #[must_use]
    pub fn new(gate: Arc<Gate>, clock: Arc<dyn Clock>, refused: Refused) -> Self {
        Self { gate, clock, refused }
    }

    /// Makes the layer of a route that executes exactly this command. Handlers find what was
    /// invoked as the extension [`Allowed`].
    #[must_use]
    pub fn requires(&self, command: Command) -> Requires {
        Requires { guard: self.clone(), command: Arc::new(command) }
    }
}

/// The layer of a route.
#[derive(Clone)]
pub struct Requires {
    guard: Guard,
    command: Arc<Command>,
}

impl<S> Layer<S> for Requires {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { requires: self.clone(), inner }
    }
}

/// A route that executes nothing without an invocation.
#[derive(Clone)]
pub struct Guarded<S> {
    requires: Requires,
    inner: S,
}

impl<S, B> Service<Request<B>> for Guarded<S>
where
    S: Service<Request<B>, Response = Response> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        // The one that was found ready is used, and another kept.
        let other = self.inner.clone();
        let mut inner = core::mem::replace(&mut self.inner, other);
        let requires = self.requires.clone();
        Box::pin(async move {
            match requires.admit(request.headers()).await {
                Ok(allowed) => {
                    request.extensions_mut().insert(allowed);
                    inner.call(request).await
                }
                Err(refusal) => {
                    (requires.guard.refused)(&refusal);
                    Ok(problem(&refusal))
                }
            }
        })
    }
}

impl Requires {
    async fn admit(&self, headers: &HeaderMap) -> Result<Allowed, Refusal> {
        let container = container(headers)?;
        let Self { guard: Guard { gate, clock, .. }, command } = self.clone();
        // Curves and disk take their time, and other calls go on.
        let decide = move || gate.admit(&container, Some(&command), clock.now());
        tokio::task::spawn_blocking(decide).await.unwrap_or(Err(Refusal::Interrupted))
    }
}

/// Takes the container out of the one header.
fn container(headers: &HeaderMap) -> Result<Vec<u8>, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Err(Refusal::Missing),
        (Some(value), None) => value,
        (Some(_), Some(_)) => return Err(Refusal::Header { rule: "occurs more than once" }),
    };
    if value.len() > HEADER_BYTES {
        return Err(Refusal::Header { rule: "is larger than 64 KiB" });
    }
    let (scheme, token) = value.as_bytes().split_at_checked(SCHEME.len()).ok_or(Refusal::Missing)?;
    if !scheme.eq_ignore_ascii_case(SCHEME.as_bytes()) {
        return Err(Refusal::Missing);
    }
    let token = token.trim_ascii();
    // As text: bytes beyond ASCII would not arrive everywhere as they were sent.
    if !matches!(token.first(), Some(b'B' | b'C' | b'O' | b'P')) {
        return Err(Refusal::Header { rule: "has no container in base64 or base64url" });
    }
    Ok(token.to_vec())
}

/// Answers with a problem document: code, title, what is wrong, what to do.
#[must_use]
pub fn problem(refusal: &Refusal) -> Response {
    let code = refusal.code();
    let document = serde_json::json!({
        "type": format!("urn:greatseal:{}", code.text()),
        "title": code.title(),
        "status": code.http_status(),
        "detail": refusal.detail(),
        "code": code.text(),
        "advice": code.advice(),
    });
    let mut response = Response::new(Body::from(document.to_string()));
    // Every status of the table is one.
    *response.status_mut() = StatusCode::from_u16(code.http_status()).unwrap_or(StatusCode::FORBIDDEN);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if *refusal == Refusal::Missing {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"ucan\""));
    }
    response
}
