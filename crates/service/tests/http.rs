//! The middleware before real connections on loopback.

use std::sync::{Arc, Mutex};

use axum::routing::post;
use axum::{Extension, Router};
use greatseal_core::Code;
use greatseal_core::limits::HEADER_BYTES;
use greatseal_custody::RunningKey;
use greatseal_service::http::Guard;
use greatseal_service::{Allowed, Refusal};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};

use crate::realm::{Realm, at, command};

const INDEX: &str = "/files/ingest/index";

type Refusals = Arc<Mutex<Vec<Code>>>;

/// Serves `index` on a port of its own.
async fn serve(realm: &Realm) -> (u16, Refusals) {
    let refusals = Refusals::default();
    let heard = Arc::clone(&refusals);
    let refused = move |refusal: &Refusal| heard.lock().unwrap().push(refusal.code());
    let guard = Guard::new(Arc::new(realm.gate()), Arc::new(|| at(0)), Arc::new(refused));
    let handler = async |Extension(allowed): Extension<Allowed>| allowed.invocation().issuer().to_string();
    let routes = Router::new().route("/index", post(handler).layer(guard.requires(command(INDEX))));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async { axum::serve(listener, routes).await.unwrap() });
    (port, refusals)
}

async fn send(port: u16, headers: &[String]) -> (StatusCode, Option<Value>, String) {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut request = Request::post("/index").header("host", "index");
    for header in headers {
        request = request.header("authorization", header);
    }
    let response = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
    let status = response.status();
    let problem = response.headers().get("content-type").is_some_and(|it| it == "application/problem+json");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(body.to_vec()).unwrap();
    (status, problem.then(|| serde_json::from_str(&text).unwrap()), text)
}

#[tokio::test]
async fn calls_are_executed_once_and_refusals_are_problems() {
    let (realm, running) = (Realm::new(), RunningKey::generate().unwrap());
    let proofs = vec![
        realm.delegate(&realm.root, realm.upload.public_key(), "/files/ingest", Some(5000)),
        realm.delegate(&realm.upload, running.public_key(), "/files/ingest", Some(1000)),
    ];
    let (port, refusals) = serve(&realm).await;
    let bearer = |container: Vec<u8>| format!("Bearer {}", String::from_utf8(container).unwrap());
    let call = |what: &str| bearer(realm.invoke(&running, what, &proofs, Some(60)));

    let good = call(INDEX);
    let (status, _, body) = send(port, std::slice::from_ref(&good)).await;
    assert_eq!((status, body), (StatusCode::OK, running.public_key().to_string()));
    let (status, _, _) = send(port, &[call(INDEX).replace("Bearer", "bEARER")]).await;
    assert_eq!(status, StatusCode::OK);

    let elsewhere = realm.invoke_to(realm.upload.public_key(), &running, INDEX, &proofs, Some(60));
    let large = format!("Bearer C{}", "A".repeat(HEADER_BYTES));
    for (headers, status, code) in [
        (vec![good.clone()], 409, Code::UcanReplay),
        (vec![], 401, Code::CallUnsigned),
        (vec!["Basic YTpi".into()], 401, Code::CallUnsigned),
        (vec!["B".into()], 401, Code::CallUnsigned),
        (vec![call(INDEX), call(INDEX)], 400, Code::CallMalformed),
        (vec!["Bearer eyJhbGciOiJub25lIn0.e30.".into()], 400, Code::CallMalformed),
        (vec!["Bearer CAAAA".into()], 400, Code::UcanCbor),
        (vec![large], 400, Code::CallMalformed),
        (vec![call("/files/ingest/drop")], 403, Code::CallCommand),
        (vec![bearer(elsewhere)], 403, Code::UcanAudience),
    ] {
        refusals.lock().unwrap().clear();
        let (found, problem, text) = send(port, &headers).await;
        assert_eq!(found.as_u16(), status, "{code}: {text}");
        let problem = problem.unwrap();
        assert_eq!(problem["code"], code.text(), "{text}");
        assert_eq!(problem["status"], status);
        for name in ["type", "title", "detail", "advice"] {
            assert!(problem[name].is_string(), "{text}");
        }
        assert_eq!(*refusals.lock().unwrap(), [code]);
    }
    assert_eq!(realm.records.lock().unwrap().len(), 2);
}
