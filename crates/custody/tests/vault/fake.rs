//! Servers that lie, drip, flood and hang up: no signature but the one asked for comes out.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use ed25519_zebra::{SigningKey, VerificationKeyBytes};
use greatseal_core::Code;
use greatseal_core::key::{PublicKey, RawKey, Spelled};
use greatseal_custody::{Custodian, Deadline, Placed, Surroundings, sign, sign_batch};
use serde_json::{Value, json};

use super::server::{open, write_token};
use crate::support::{Source, around, request, soon};

const TOKEN: &str = "token-of-the-fake-server";

/// What a server was asked.
struct Asked {
    head: String,
    body: Value,
}

impl Asked {
    /// Reads one request; nothing when the caller has gone.
    fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            if stream.read(&mut byte).ok()? == 0 {
                return None;
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        stream.read_exact(&mut body).ok()?;
        Some(Self { head, body: serde_json::from_slice(&body).unwrap_or(Value::Null) })
    }

    /// Returns the messages to be signed.
    fn messages(&self) -> Vec<Vec<u8>> {
        let decode = |value: &Value| BASE64.decode(value["input"].as_str().unwrap().as_bytes()).unwrap();
        match self.body["batch_input"].as_array() {
            Some(inputs) => inputs.iter().map(decode).collect(),
            None => vec![decode(&self.body)],
        }
    }
}

/// A server that holds a key and answers as it likes; it ends with the test.
struct Fake {
    address: String,
    key: SigningKey,
    connections: Arc<AtomicUsize>,
    home: tempfile::TempDir,
}

impl Fake {
    /// Starts one whose answers are written by `answer`, with the number of the request from 0.
    fn start(answer: impl Fn(usize, &Asked, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let (counted, asked, answer) = (Arc::clone(&connections), Arc::new(AtomicUsize::new(0)), Arc::new(answer));
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                counted.fetch_add(1, Ordering::SeqCst);
                let (asked, answer) = (Arc::clone(&asked), Arc::clone(&answer));
                thread::spawn(move || {
                    stream.set_nodelay(true).unwrap();
                    while let Some(question) = Asked::read(&mut stream) {
                        answer(asked.fetch_add(1, Ordering::SeqCst), &question, &mut stream);
                    }
                });
            }
        });
        let home = tempfile::tempdir().unwrap();
        write_token(home.path(), TOKEN);
        Self { address, key: signing_key(), connections, home }
    }

    fn placed(&self) -> Placed {
        let uri = format!("openbao://k?address={}&version=1", self.address).parse().unwrap();
        Placed { uri, public_key: public(&self.key) }
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings { home: Some(self.home.path().into()), ..around(Source::new(None)) }
    }

    fn custodian(&self) -> Box<dyn Custodian> {
        open(&self.placed(), &self.surroundings())
    }

    fn pinned(&self) -> Spelled {
        Spelled::Did(public(&self.key))
    }

    /// Returns the code of the fault that a request meets, and that each of a batch meets.
    fn codes(&self, patience: Duration) -> (Code, Code) {
        let custodian = self.custodian();
        let one = sign(&*custodian, &request(&self.pinned(), "words"), Deadline::after(patience)).unwrap_err();
        let some = [request(&self.pinned(), "a"), request(&self.pinned(), "b")];
        let all = sign_batch(&*custodian, &some, Deadline::after(patience)).unwrap();
        let all: Vec<_> = all.into_iter().map(|answer| answer.unwrap_err()).collect();
        for fault in all.iter().chain([&one]) {
            println!("{fault}");
            assert!(!format!("{fault} {fault:?}").contains(TOKEN), "{fault}");
        }
        assert_eq!(all[0].code(), all[1].code());
        (one.code(), all[0].code())
    }
}

/// The same for all fakes, so that their answers can be made before they are started.
fn signing_key() -> SigningKey {
    SigningKey::from([7; 32])
}

fn public(key: &SigningKey) -> PublicKey {
    PublicKey::Ed25519(RawKey::new(VerificationKeyBytes::from(key).into()))
}

fn respond(stream: &mut TcpStream, status: u16, body: &str) {
    let head =
        format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    let _ = stream.write_all((head + body).as_bytes());
}

/// Answers as the real one does, with signatures that `make` makes of each message.
fn signed(asked: &Asked, make: impl Fn(&[u8]) -> String) -> String {
    let mut all: Vec<_> = asked.messages().iter().map(|message| json!({ "signature": make(message) })).collect();
    let data = if asked.body["batch_input"].is_array() { json!({ "batch_results": all }) } else { all.remove(0) };
    json!({ "data": data }).to_string()
}

fn spelled(key: &SigningKey, message: &[u8]) -> String {
    let signature: [u8; 64] = key.sign(message).into();
    format!("vault:v1:{}", BASE64.encode(&signature))
}

fn honest(asked: &Asked, stream: &mut TcpStream) {
    respond(stream, 200, &signed(asked, |message| spelled(&signing_key(), message)));
}

#[test]
fn an_honest_one_is_believed_and_asked_as_it_should_be() {
    let fake = Fake::start(|_, asked, stream| {
        assert!(asked.head.starts_with("post /v1/transit/sign/k http/1.1"), "{}", asked.head);
        assert!(asked.head.contains(&format!("x-vault-token: {TOKEN}\r\n")), "{}", asked.head);
        assert_eq!(asked.body["key_version"], 1);
        honest(asked, stream);
    });
    let custodian = fake.custodian();
    assert!(sign(&*custodian, &request(&fake.pinned(), ""), soon()).is_ok());
    let two = [request(&fake.pinned(), "a"), request(&fake.pinned(), "b")];
    assert!(sign_batch(&*custodian, &two, soon()).unwrap().iter().all(Result::is_ok));
}

#[test]
fn signatures_that_were_not_asked_for_are_refused() {
    let another_key = Fake::start(|_, asked, stream| {
        respond(stream, 200, &signed(asked, |message| spelled(&SigningKey::from([8; 32]), message)));
    });
    let another_message = Fake::start(|_, asked, stream| {
        respond(stream, 200, &signed(asked, |message| spelled(&signing_key(), &[message, b" and more"].concat())));
    });
    for fake in [another_key, another_message] {
        assert_eq!(fake.codes(Duration::from_secs(20)), (Code::SignResult, Code::SignResult));
    }

    let previous = Mutex::new(None::<String>);
    let replaying = Fake::start(move |_, asked, stream| {
        let fresh = signed(asked, |message| spelled(&signing_key(), message));
        let old = previous.lock().unwrap().replace(fresh.clone()).unwrap_or(fresh);
        respond(stream, 200, &old);
    });
    let custodian = replaying.custodian();
    assert!(sign(&*custodian, &request(&replaying.pinned(), "first"), soon()).is_ok());
    let fault = sign(&*custodian, &request(&replaying.pinned(), "second"), soon()).unwrap_err();
    assert_eq!(fault.code(), Code::SignResult);
}

#[test]
fn a_batch_in_another_order_is_refused() {
    let fake = Fake::start(|_, asked, stream| {
        let mut answer: Value =
            serde_json::from_str(&signed(asked, |message| spelled(&signing_key(), message))).unwrap();
        answer["data"]["batch_results"].as_array_mut().unwrap().reverse();
        respond(stream, 200, &answer.to_string());
    });
    let some: Vec<_> = ["a", "b", "c"].map(|words| request(&fake.pinned(), words)).into();
    let answers = sign_batch(&*fake.custodian(), &some, soon()).unwrap();
    let codes: Vec<_> = answers.into_iter().map(|answer| answer.err().map(|fault| fault.code())).collect();
    assert_eq!(codes, [Some(Code::SignResult), None, Some(Code::SignResult)]);
}

#[test]
fn another_version_is_told_as_that() {
    let fake = Fake::start(|_, asked, stream| {
        let body = signed(asked, |message| spelled(&signing_key(), message).replace("v1", "v2"));
        respond(stream, 200, &body);
    });
    assert_eq!(fake.codes(Duration::from_secs(20)), (Code::CustodyVersion, Code::CustodyVersion));
}

/// What a server says of a version may lead a terminal astray, or go on and on.
#[test]
fn words_about_a_version_are_told_as_a_quotation() {
    let words = format!("requested version for signing \u{1b}[2J\u{7}{}", "x".repeat(10_000));
    let fake = Fake::start(move |_, asked, stream| {
        let error = json!({ "error": words });
        let body = match asked.body["batch_input"].as_array() {
            Some(inputs) => json!({ "data": { "batch_results": vec![error; inputs.len()] } }),
            None => json!({ "errors": [words] }),
        };
        respond(stream, 400, &body.to_string());
    });
    let custodian = fake.custodian();
    let two = [request(&fake.pinned(), "a"), request(&fake.pinned(), "b")];
    let one = sign(&*custodian, &two[0], soon()).unwrap_err();
    let all = sign_batch(&*custodian, &two, soon()).unwrap().into_iter().map(|answer| answer.unwrap_err());
    for fault in all.chain([one]) {
        assert_eq!(fault.code(), Code::CustodyVersion);
        let text = fault.to_string();
        assert!(!text.contains(char::is_control) && text.len() < 300, "{text}");
        assert!(text.contains("requested version for signing"), "{text}");
    }
}

#[test]
fn nonsense_is_told_as_an_answer() {
    let bodies: [fn(&Asked) -> String; 14] = [
        |_| String::new(),
        |_| "null".into(),
        |_| "{}".into(),
        |_| r#"{"data":null}"#.into(),
        |_| r#"{"data":{}}"#.into(),
        |_| r#"{"data":{"signature":7,"batch_results":7}}"#.into(),
        |_| r#"{"data":{"signature":"","batch_results":[]}}"#.into(),
        |_| r#"{"data":{"signature":"vault:v1:","batch_results":[{},{}]}}"#.into(),
        |_| r#"{"data":{"signature":"vault:v1:AAAA","batch_results":[{"signature":"x"},{"signature":"y"}]}}"#.into(),
        |asked| signed(asked, |message| spelled(&signing_key(), message)).split_at(40).0.into(),
        |asked| signed(asked, |message| spelled(&signing_key(), message).replace("vault:v1:", "")),
        |asked| signed(asked, |message| spelled(&signing_key(), message).replace("=", "")),
        |_| "[".repeat(100_000),
        |_| "<html>a proxy's page</html>".into(),
    ];
    for (number, body) in bodies.into_iter().enumerate() {
        let fake = Fake::start(move |_, asked, stream| respond(stream, 200, &body(asked)));
        let codes = fake.codes(Duration::from_secs(20));
        assert_eq!(codes, (Code::CustodyAnswer, Code::CustodyAnswer), "{number}");
    }
    for status in [201, 204, 400, 404, 405, 412, 418, 500, 501] {
        let fake = Fake::start(move |_, _, stream| respond(stream, status, r#"{"errors":["no"]}"#));
        let expected = if status == 404 { Code::CustodyMissing } else { Code::CustodyAnswer };
        assert_eq!(fake.codes(Duration::from_secs(20)), (expected, expected), "{status}");
    }
}

#[test]
fn no_http_is_told_as_an_answer_or_as_nothing() {
    for line in ["SSH-2.0-OpenSSH_9.9\r\n\r\n", "HTTP/9.9 200 X\r\n\r\n", "\0\0\0\0\r\n\r\n"] {
        let fake = Fake::start(move |_, _, stream| {
            let _ = stream.write_all(line.as_bytes());
            let _ = stream.shutdown(std::net::Shutdown::Both);
        });
        let (one, all) = fake.codes(Duration::from_secs(1));
        for code in [one, all] {
            assert!(matches!(code, Code::CustodyAnswer | Code::CustodyUnreachable), "{line:?}: {code:?}");
        }
    }
}

#[test]
fn redirects_are_not_followed() {
    let elsewhere = Fake::start(|_, asked, stream| honest(asked, stream));
    for status in [301, 302, 303, 307, 308] {
        let target = elsewhere.address.clone();
        let fake = Fake::start(move |_, _, stream| {
            let head = format!(
                "HTTP/1.1 {status} X\r\nlocation: {target}/v1/transit/sign/k?{TOKEN}\r\ncontent-length: 0\r\n\r\n"
            );
            let _ = stream.write_all(head.as_bytes());
        });
        assert_eq!(fake.codes(Duration::from_secs(20)), (Code::CustodyAnswer, Code::CustodyAnswer));
    }
    assert_eq!(elsewhere.connections.load(Ordering::SeqCst), 0);
}

#[test]
fn a_flood_is_not_read_to_its_end() {
    let with_length = Fake::start(|_, _, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 X\r\ncontent-length: 1000000000000\r\n\r\n");
        while stream.write_all(&[b' '; 65_536]).is_ok() {}
    });
    let chunked = Fake::start(|_, _, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n");
        let chunk = ["10000\r\n", &" ".repeat(65_536), "\r\n"].concat();
        while stream.write_all(chunk.as_bytes()).is_ok() {}
    });
    for fake in [with_length, chunked] {
        assert_eq!(fake.codes(Duration::from_secs(60)), (Code::CustodyAnswer, Code::CustodyAnswer));
    }
    let endless_head = Fake::start(|_, _, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 X\r\n");
        while stream.write_all(b"a-header: with a value\r\n").is_ok() {}
    });
    assert_eq!(endless_head.codes(Duration::from_secs(60)), (Code::CustodyAnswer, Code::CustodyAnswer));
}

#[test]
fn a_drip_is_cut_off_at_the_deadline() {
    let drip = |text: &'static str| {
        move |_: usize, asked: &Asked, stream: &mut TcpStream| {
            let body = signed(asked, |message| spelled(&signing_key(), message));
            let whole = format!("{text}content-length: {}\r\n\r\n{body}", body.len());
            let at_once = if text.len() > 20 { whole.len() - body.len() } else { 0 };
            let _ = stream.write_all(&whole.as_bytes()[..at_once]);
            for byte in &whole.as_bytes()[at_once..] {
                if stream.write_all(&[*byte]).is_err() {
                    return;
                }
                thread::sleep(Duration::from_millis(50));
            }
        }
    };
    // In the head, and in the body.
    for fake in [Fake::start(drip("HTTP/1.1 200 X\r\n")), Fake::start(drip("HTTP/1.1 200 X\r\nserver: fake\r\n"))] {
        let began = Instant::now();
        assert_eq!(fake.codes(Duration::from_millis(400)), (Code::CustodyDeadline, Code::CustodyDeadline));
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    }
}

#[test]
fn a_line_that_breaks_before_the_answer_is_tried_again() {
    // Broken before a word, and in the middle of an answer.
    for part in ["", "HTTP/1.1 200 X\r\ncontent-length: 500\r\n\r\n{\"data\""] {
        let fake = Fake::start(move |number, asked, stream| {
            if number % 3 < 2 {
                let _ = stream.write_all(part.as_bytes());
                let _ = stream.shutdown(std::net::Shutdown::Both);
            } else {
                honest(asked, stream);
            }
        });
        let custodian = fake.custodian();
        for number in 0..5 {
            assert!(sign(&*custodian, &request(&fake.pinned(), &number.to_string()), soon()).is_ok());
        }
        assert_eq!(fake.connections.load(Ordering::SeqCst), 11);
    }
}

#[test]
fn between_two_leaders_and_behind_a_balancer_it_asks_again() {
    for (status, body) in [
        (500, r#"{"errors":["local node not active but active cluster node not found"]}"#),
        (502, "<html>bad gateway</html>"),
        (503, "<html>no upstream</html>"),
        (503, r#"{"errors":["Vault is sealed"]}"#),
        (429, r#"{"errors":["rate limit quota exceeded"]}"#),
    ] {
        let fake = Fake::start(
            move |number, asked, stream| {
                if number < 3 { respond(stream, status, body) } else { honest(asked, stream) }
            },
        );
        assert!(sign(&*fake.custodian(), &request(&fake.pinned(), ""), soon()).is_ok(), "{status}");
    }
}

#[test]
fn a_server_that_is_about_to_lead_sends_to_itself() {
    let fake = Fake::start(|number, asked, stream| {
        if number >= 3 {
            return honest(asked, stream);
        }
        let host = asked.head.split("host: ").nth(1).and_then(|rest| rest.split("\r\n").next()).unwrap();
        let head = format!("HTTP/1.1 307 X\r\nlocation: http://{host}/v1/transit/sign/k\r\ncontent-length: 0\r\n\r\n");
        let _ = stream.write_all(head.as_bytes());
    });
    assert!(sign(&*fake.custodian(), &request(&fake.pinned(), ""), soon()).is_ok());
}

#[test]
fn a_server_that_stays_sealed_is_not_waited_for_until_the_deadline() {
    let fake = Fake::start(|_, _, stream| respond(stream, 503, r#"{"errors":["Vault is sealed"]}"#));
    let began = Instant::now();
    assert_eq!(fake.codes(Duration::from_secs(60)), (Code::CustodySealed, Code::CustodySealed));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn what_a_server_says_of_our_token_is_not_repeated() {
    for status in [400, 403, 429, 500] {
        let fake = Fake::start(move |_, asked, stream| {
            let token = asked.head.split("x-vault-token: ").nth(1).and_then(|rest| rest.split("\r\n").next()).unwrap();
            respond(stream, status, &json!({ "errors": [format!("bad token {token}")] }).to_string());
        });
        // That it is not there is asserted for every fault.
        fake.codes(Duration::from_millis(500));
    }
}

#[test]
fn sixteen_callers_are_served_at_once_over_connections_that_stay_open() {
    let together = Arc::new(Barrier::new(16));
    let fake = Fake::start(move |_, asked, stream| {
        // None is answered before all have asked.
        together.wait();
        honest(asked, stream);
    });
    let custodian = fake.custodian();
    thread::scope(|scope| {
        for caller in 0..16 {
            let (custodian, pinned) = (&*custodian, fake.pinned());
            scope.spawn(move || {
                for round in 0..20 {
                    assert!(sign(custodian, &request(&pinned, &format!("{caller}/{round}")), soon()).is_ok());
                }
            });
        }
    });
    assert_eq!(fake.connections.load(Ordering::SeqCst), 16);
}

#[test]
fn one_caller_uses_one_connection() {
    let fake = Fake::start(|_, asked, stream| honest(asked, stream));
    let custodian = fake.custodian();
    for number in 0..50 {
        assert!(sign(&*custodian, &request(&fake.pinned(), &number.to_string()), soon()).is_ok());
    }
    assert_eq!(fake.connections.load(Ordering::SeqCst), 1);
}
