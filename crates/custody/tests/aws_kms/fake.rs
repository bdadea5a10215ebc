//! A fake of AWS KMS on loopback, spoken to by Amazon's real client.
//!
//! It is a fake because there is no other way to run these tests: the service itself runs nowhere
//! but at Amazon, and no emulator signs with Ed25519 (moto refuses the key spec). It speaks the
//! protocol (AWS JSON 1.1 over HTTP/1.1) for six operations, signs with real keys, and holds a
//! caller to what the service holds it to: the target, the content type, a signature of version 4
//! for the region, a message of at most 4,096 bytes, and the message types that each algorithm
//! takes. What it says of them was written after the API reference (2014-11-01), not after the
//! service itself.
//!
//! It can also be in trouble, and lie.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use data_encoding::BASE64;
use ed25519_zebra::SigningKey;
use greatseal_core::key::{EcKey, PublicKey, RawKey};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use serde_json::{Value, json};

pub(crate) const REGION: &str = "eu-central-1";
const MESSAGE_BYTES: usize = 4_096;

/// A private key in the fake.
#[derive(Clone)]
enum Private {
    Ed25519(SigningKey),
    P256(p256::ecdsa::SigningKey),
    /// A kind that we do not use.
    Rsa,
}

/// How the fake behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// As the service does.
    Good,
    /// Takes requests and never answers.
    Hang,
    /// Closes the connection in the place of an answer.
    Drop,
    /// Promises an answer and sends half of it.
    Truncate,
    /// Answers with a status and some body.
    Says(u16, &'static str),
    /// Refuses with a code.
    Refuses(&'static str),
    /// Refuses one operation with a code.
    RefusesTo(&'static str, &'static str),
    /// Signs with another key.
    OtherKey,
    /// Signs another message.
    OtherMessage,
    /// Answers what it answered last.
    Previous,
    /// Answers half a signature.
    HalfSignature,
}

struct Key {
    private: Private,
    origin: &'static str,
}

#[derive(Default)]
struct Holdings {
    keys: BTreeMap<String, Key>,
    /// Alias to ARN.
    aliases: BTreeMap<String, String>,
    previous: Vec<u8>,
    /// How often a new key is not found at first.
    unsettled: usize,
    /// Operations in the order in which they were asked.
    asked: Vec<String>,
}

struct State {
    holdings: Mutex<Holdings>,
    mood: Mutex<Mood>,
    throttled: AtomicUsize,
    connections: AtomicUsize,
    requests: AtomicUsize,
    busy: AtomicUsize,
    busiest: AtomicUsize,
    takes: Mutex<Duration>,
    ended: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

/// A fake that ends when it is dropped; what it holds can be carried into another.
pub(crate) struct Fake {
    address: SocketAddr,
    state: Arc<State>,
}

impl Fake {
    pub(crate) fn start() -> Self {
        Self::on("127.0.0.1:0".parse().unwrap(), Holdings::default())
    }

    fn on(address: SocketAddr, holdings: Holdings) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            holdings: Mutex::new(holdings),
            mood: Mutex::new(Mood::Good),
            throttled: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            busiest: AtomicUsize::new(0),
            takes: Mutex::new(Duration::ZERO),
            ended: AtomicBool::new(false),
            open: Mutex::new(Vec::new()),
        });
        let serving = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if serving.ended.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let serving = Arc::clone(&serving);
                serving.connections.fetch_add(1, Ordering::SeqCst);
                serving.open.lock().unwrap().push(stream.try_clone().unwrap());
                thread::spawn(move || serving.serve(stream));
            }
        });
        Self { address, state }
    }

    /// Ends it: every connection is closed, and further ones are refused.
    pub(crate) fn stop(&self) {
        if self.state.ended.swap(true, Ordering::SeqCst) {
            return;
        }
        for stream in self.state.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
        // Wakes the thread that accepts, which then drops the listener.
        let _ = TcpStream::connect(self.address);
        while TcpStream::connect(self.address).is_ok() {
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Begins again at the same address, with the same keys.
    pub(crate) fn restarted(&self) -> Self {
        self.stop();
        Self::on(self.address, std::mem::take(&mut *self.state.holdings.lock().unwrap()))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn set(&self, mood: Mood) {
        *self.state.mood.lock().unwrap() = mood;
    }

    /// Turns the next so many requests away.
    pub(crate) fn throttle(&self, requests: usize) {
        self.state.throttled.store(requests, Ordering::SeqCst);
    }

    /// Lets every signature take so long.
    pub(crate) fn take(&self, time: Duration) {
        *self.state.takes.lock().unwrap() = time;
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// Requests so far, however they were answered.
    pub(crate) fn requests(&self) -> usize {
        self.state.requests.load(Ordering::SeqCst)
    }

    /// The most signatures that were under way at once.
    pub(crate) fn busiest(&self) -> usize {
        self.state.busiest.load(Ordering::SeqCst)
    }

    /// Returns the operations that were asked since the last call.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state.holdings.lock().unwrap().asked)
    }

    /// Makes a key of a spec, and returns its ARN.
    pub(crate) fn add(&self, spec: &str) -> String {
        self.state.holdings.lock().unwrap().add(spec, "AWS_KMS")
    }

    /// Makes a key of Ed25519 that came from somewhere.
    pub(crate) fn add_from(&self, origin: &'static str) -> String {
        self.state.holdings.lock().unwrap().add("ECC_NIST_EDWARDS25519", origin)
    }

    /// Does not find keys for the next so many questions that follow their making.
    pub(crate) fn unsettle(&self, questions: usize) {
        self.state.holdings.lock().unwrap().unsettled = questions;
    }

    /// Points an alias at a key.
    pub(crate) fn point(&self, alias: &str, arn: &str) {
        self.state.holdings.lock().unwrap().aliases.insert(alias.into(), arn.into());
    }

    pub(crate) fn public_key(&self, arn: &str) -> PublicKey {
        match &self.state.holdings.lock().unwrap().keys[arn].private {
            Private::Ed25519(key) => {
                PublicKey::Ed25519(RawKey::new(ed25519_zebra::VerificationKeyBytes::from(key).into()))
            }
            Private::P256(key) => {
                let point = key.verifying_key().to_sec1_point(true);
                PublicKey::P256(EcKey::new(point.as_bytes().try_into().unwrap()))
            }
            Private::Rsa => panic!("not for us"),
        }
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.stop();
    }
}

/// An answer: its status and body.
type Answer = Result<Value, (u16, &'static str, String)>;

fn refuse(code: &'static str, message: impl Into<String>) -> Answer {
    Err((400, code, message.into()))
}

impl Holdings {
    fn add(&mut self, spec: &str, origin: &'static str) -> String {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).unwrap();
        let private = match spec {
            "ECC_NIST_EDWARDS25519" => Private::Ed25519(SigningKey::from(seed)),
            "ECC_NIST_P256" => Private::P256(p256::ecdsa::SigningKey::from_slice(&seed).unwrap()),
            _ => Private::Rsa,
        };
        let id = format!("{:08x}-0000-4000-8000-000000000000", self.keys.len() + 1);
        let arn = format!("arn:aws:kms:{REGION}:111122223333:key/{id}");
        self.keys.insert(arn.clone(), Key { private, origin });
        arn
    }

    fn find(&self, name: &Value) -> Result<(String, &Key), (u16, &'static str, String)> {
        let name = name.as_str().unwrap_or_default();
        let alias =
            name.strip_prefix(&format!("arn:aws:kms:{REGION}:111122223333:")).filter(|it| it.starts_with("alias/"));
        let arn = self.aliases.get(alias.unwrap_or(name)).map_or(name, String::as_str);
        let found = self.keys.iter().find(|(known, _)| known.as_str() == arn || known.ends_with(&format!("key/{arn}")));
        match found {
            Some((arn, key)) => Ok((arn.clone(), key)),
            None => Err((400, "NotFoundException", format!("Key '{name}' does not exist"))),
        }
    }

    fn sign(&mut self, asked: &Value, mood: &Mood) -> Answer {
        let (arn, key) = self.find(&asked["KeyId"])?;
        let mut message = BASE64.decode(asked["Message"].as_str().unwrap_or_default().as_bytes()).unwrap();
        if message.is_empty() || message.len() > MESSAGE_BYTES {
            return refuse("ValidationException", "Member must have length less than or equal to 4096");
        }
        if *mood == Mood::OtherMessage {
            message.push(b'!');
        }
        let private = if *mood == Mood::OtherKey {
            let Private::Ed25519(_) = &key.private else { return refuse("ValidationException", "no lie for this key") };
            Private::Ed25519(SigningKey::from([9; 32]))
        } else {
            key.private.clone()
        };
        let algorithm = asked["SigningAlgorithm"].as_str().unwrap_or_default();
        // RAW is what is meant where nothing is said.
        let kind = asked["MessageType"].as_str().unwrap_or("RAW");
        let signature = match (&private, algorithm, kind) {
            (Private::Ed25519(key), "ED25519_SHA_512", "RAW") => key.sign(&message).to_bytes().to_vec(),
            (Private::P256(key), "ECDSA_SHA_256", "RAW") => {
                Signer::<p256::ecdsa::Signature>::sign(key, &message).to_der().as_bytes().to_vec()
            }
            (Private::P256(key), "ECDSA_SHA_256", "DIGEST") if message.len() == 32 => {
                let signature: p256::ecdsa::Signature = key.sign_prehash(&message).unwrap();
                signature.to_der().as_bytes().to_vec()
            }
            (Private::Ed25519(_), "ED25519_SHA_512", _) | (Private::P256(_), "ECDSA_SHA_256", _) => {
                return refuse("ValidationException", format!("{algorithm} does not take {kind} of this length"));
            }
            _ => return refuse("InvalidKeyUsageException", format!("{algorithm} is not valid for {arn}")),
        };
        let signature = if *mood == Mood::HalfSignature {
            signature[..signature.len() / 2].to_vec()
        } else if *mood == Mood::Previous && !self.previous.is_empty() {
            self.previous.clone()
        } else {
            signature
        };
        self.previous.clone_from(&signature);
        Ok(json!({"KeyId": arn, "Signature": BASE64.encode(&signature), "SigningAlgorithm": algorithm}))
    }

    fn public_key(&self, asked: &Value) -> Answer {
        let (arn, key) = self.find(&asked["KeyId"])?;
        let (spec, algorithms, der) = match &key.private {
            Private::Ed25519(key) => {
                let bytes: [u8; 32] = ed25519_zebra::VerificationKeyBytes::from(key).into();
                let der = [&[0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0][..], &bytes].concat();
                ("ECC_NIST_EDWARDS25519", json!(["ED25519_SHA_512", "ED25519_PH_SHA_512"]), der)
            }
            Private::P256(key) => {
                let head = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE";
                // 27 bytes: the last of them is the 4 of an uncompressed point.
                let head = BASE64.decode(head.as_bytes()).unwrap();
                let der = [&head[..26], key.verifying_key().to_sec1_point(false).as_bytes()].concat();
                ("ECC_NIST_P256", json!(["ECDSA_SHA_256"]), der)
            }
            Private::Rsa => ("RSA_2048", json!(["RSASSA_PSS_SHA_256"]), vec![0x30; 294]),
        };
        Ok(json!({
            "KeyId": arn, "KeySpec": spec, "CustomerMasterKeySpec": spec, "KeyUsage": "SIGN_VERIFY",
            "PublicKey": BASE64.encode(&der), "SigningAlgorithms": algorithms,
        }))
    }

    fn metadata(&self, asked: &Value) -> Answer {
        let (arn, key) = self.find(&asked["KeyId"])?;
        let id = arn.rsplit('/').next().unwrap();
        Ok(json!({"KeyMetadata": {
            "Arn": arn, "KeyId": id, "Origin": key.origin, "KeyState": "Enabled", "Enabled": true,
            "KeyUsage": "SIGN_VERIFY", "KeyManager": "CUSTOMER",
        }}))
    }

    fn answer(&mut self, operation: &str, asked: &Value, mood: &Mood) -> Answer {
        self.asked.push(operation.into());
        if matches!(operation, "CreateAlias" | "GetPublicKey") && self.unsettled > 0 {
            self.unsettled -= 1;
            return refuse("NotFoundException", "not yet");
        }
        match operation {
            "Sign" => self.sign(asked, mood),
            "GetPublicKey" => self.public_key(asked),
            "DescribeKey" => self.metadata(asked),
            "CreateKey" => {
                if asked["KeyUsage"] != "SIGN_VERIFY" {
                    return refuse("ValidationException", "KeyUsage");
                }
                let arn = self.add(asked["KeySpec"].as_str().unwrap(), "AWS_KMS");
                self.metadata(&json!({"KeyId": arn}))
            }
            "CreateAlias" => {
                let (arn, _) = self.find(&asked["TargetKeyId"])?;
                let alias = asked["AliasName"].as_str().unwrap();
                if self.aliases.contains_key(alias) {
                    return refuse("AlreadyExistsException", format!("An alias with the name {alias} already exists"));
                }
                self.aliases.insert(alias.into(), arn);
                Ok(Value::Null)
            }
            "ListAliases" => {
                let listed = self.aliases.iter().map(|(alias, arn)| json!({"AliasName": alias, "TargetKeyId": arn}));
                Ok(json!({"Aliases": listed.collect::<Vec<_>>(), "Truncated": false}))
            }
            _ => refuse("UnknownOperationException", operation),
        }
    }
}

impl State {
    fn serve(&self, stream: TcpStream) {
        stream.set_nodelay(true).unwrap();
        let mut writer = stream.try_clone().unwrap();
        let mut reader = BufReader::new(stream);
        while let Some((headers, body)) = read(&mut reader) {
            self.requests.fetch_add(1, Ordering::SeqCst);
            let mood = self.mood.lock().unwrap().clone();
            let operation = headers.get("x-amz-target").and_then(|it| it.strip_prefix("TrentService.")).unwrap_or("");
            let turned_away =
                self.throttled.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
            let answer = match &mood {
                Mood::Hang => {
                    while !self.ended.load(Ordering::SeqCst) {
                        thread::sleep(Duration::from_millis(10));
                    }
                    return;
                }
                Mood::Drop => {
                    let _ = writer.shutdown(std::net::Shutdown::Both);
                    return;
                }
                Mood::Truncate => {
                    let _ = writer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"Signature\":");
                    let _ = writer.shutdown(std::net::Shutdown::Both);
                    return;
                }
                Mood::Says(status, body) => Ok((*status, (*body).to_owned())),
                _ if turned_away => Err((400, "ThrottlingException", "Rate exceeded".into())),
                Mood::Refuses(code) => Err((400, *code, "in the words of the fake".into())),
                Mood::RefusesTo(what, code) if *what == operation => {
                    Err((400, *code, "in the words of the fake".into()))
                }
                Mood::Good
                | Mood::RefusesTo(..)
                | Mood::OtherKey
                | Mood::OtherMessage
                | Mood::Previous
                | Mood::HalfSignature => self
                    .answer(&headers, operation, &body, &mood)
                    .map(|answer| (200, if answer.is_null() { String::new() } else { answer.to_string() })),
            };
            let (status, body) = answer.unwrap_or_else(|(status, code, message)| {
                (status, json!({"__type": code, "message": message}).to_string())
            });
            let head = format!(
                "HTTP/1.1 {status} -\r\ncontent-type: application/x-amz-json-1.1\r\nx-amzn-requestid: 1\r\n\
                 content-length: {}\r\n\r\n",
                body.len()
            );
            if writer.write_all(&[head.as_bytes(), body.as_bytes()].concat()).is_err() {
                return;
            }
        }
    }

    fn answer(&self, headers: &BTreeMap<String, String>, operation: &str, body: &[u8], mood: &Mood) -> Answer {
        let header = |name: &str| headers.get(name).map_or("", String::as_str);
        if header("content-type") != "application/x-amz-json-1.1" {
            return refuse("SerializationException", "content type");
        }
        let signed = header("authorization");
        let scope = format!("/{REGION}/kms/aws4_request, SignedHeaders=");
        let tail = signed.rsplit_once(", Signature=").map_or("", |(_, tail)| tail);
        if !signed.starts_with("AWS4-HMAC-SHA256 Credential=AKIDTESTTESTTESTTEST/")
            || !signed.contains(&scope)
            || tail.len() != 64
            || header("x-amz-date").is_empty()
        {
            return refuse("IncompleteSignatureException", signed);
        }
        let Ok(asked) = serde_json::from_slice(body) else { return refuse("SerializationException", "no JSON") };
        let busy = self.busy.fetch_add(1, Ordering::SeqCst) + 1;
        self.busiest.fetch_max(busy, Ordering::SeqCst);
        let takes = *self.takes.lock().unwrap();
        if operation == "Sign" && !takes.is_zero() {
            thread::sleep(takes);
        }
        let answer = self.holdings.lock().unwrap().answer(operation, &asked, mood);
        self.busy.fetch_sub(1, Ordering::SeqCst);
        answer
    }
}

/// Reads one request: its headers in lower case, and its body.
fn read(reader: &mut BufReader<TcpStream>) -> Option<(BTreeMap<String, String>, Vec<u8>)> {
    let mut headers = BTreeMap::new();
    let mut first = true;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            _ if std::mem::take(&mut first) => assert!(line.starts_with("POST / HTTP/1.1"), "{line}"),
            line => {
                let (name, value) = line.split_once(':')?;
                headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
            }
        }
    }
    let length = headers.get("content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((headers, body))
}
