//! One transit engine: where it is, how it is asked, and what its answers mean to everybody.

use std::fmt;
use std::io::ErrorKind;
use std::thread;
use std::time::{Duration, Instant};

use greatseal_core::error::Quoted;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use ureq::http::{HeaderValue, Response};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Body, Error};

use super::answer::{Answer, Refusal, is_about_version};
use super::names::Names;
use super::tls;
use super::token::Token;
use crate::custodian::Deadline;
use crate::fault::CustodyFault;
use crate::place::Surroundings;
use crate::uri::VaultUri;

/// Connections kept open: callers at once that need not connect again.
const CONNECTIONS: usize = 64;
/// How long an idle connection is kept. Balancers in between drop them after a minute or more.
const IDLE: Duration = Duration::from_secs(50);
/// Bytes of an answer that are read. A hundred signatures take 20 KiB, a thousand versions 200 KiB.
const ANSWER_BYTES: u64 = 1024 * 1024;

/// Pauses before asking again where nothing was answered.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// How long a sealed server is waited for: one that opens itself is sealed for a moment when it
/// starts, and one that waits for people would only hold up whoever has to call them.
const SEALED_PATIENCE: Duration = Duration::from_secs(2);

/// A transit engine, with connections that stay open.
pub(super) struct Engine {
    agent: Agent,
    uri: VaultUri,
    address: String,
    name: String,
    namespace: Option<HeaderValue>,
    token: Token,
}

/// A question: safe to ask again as long as it was not answered.
pub(super) struct Call {
    action: &'static str,
    url: String,
    body: Option<Vec<u8>>,
}

impl Call {
    /// Reads; `action` is what a person would call it.
    pub(super) const fn get(action: &'static str, url: String) -> Self {
        Self { action, url, body: None }
    }

    /// Sends a body.
    pub(super) const fn post(action: &'static str, url: String, body: Vec<u8>) -> Self {
        Self { action, url, body: Some(body) }
    }
}

/// An answer, read whole.
pub(super) struct Reply {
    pub(super) status: u16,
    body: Vec<u8>,
}

impl Reply {
    /// Returns the errors that it tells; none if it is no refusal in the servers' own form.
    pub(super) fn errors(&self) -> Option<Vec<String>> {
        serde_json::from_slice::<Refusal>(&self.body).ok().map(|refusal| refusal.errors)
    }

    /// Returns what went wrong in one line.
    fn told(&self) -> String {
        let text = match self.errors() {
            Some(errors) => errors.join("; "),
            None => String::from_utf8_lossy(self.body.get(..200).unwrap_or(&self.body)).into_owned(),
        };
        let words: Vec<_> = text.split_whitespace().filter(|word| *word != "*").collect();
        let words = words.join(" ");
        let words = words.strip_prefix("1 error occurred: ").unwrap_or(&words);
        if words.is_empty() { format!("status {}", self.status) } else { format!("{}: {words}", self.status) }
    }
}

/// What one attempt came to, short of a final fault.
enum Attempt {
    Answered(Reply),
    /// Refused, with the token that was refused.
    Denied(Reply),
    /// Nothing was answered: worth asking again, for so long.
    NotNow(CustodyFault, Duration),
}

impl Engine {
    /// Makes ready to ask; nothing is reached yet.
    pub(super) fn open(uri: &VaultUri, around: &Surroundings) -> Result<Self, CustodyFault> {
        let uri = addressed(uri, around)?;
        let address = uri.address().unwrap_or_default().to_owned();
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            // Redirects lead elsewhere, and the token would go with them.
            .max_redirects(0)
            .max_redirects_will_error(false)
            // Not by the environment: this room is told its surroundings.
            .proxy(None)
            .user_agent("greatseal")
            .accept("application/json")
            .max_idle_connections(CONNECTIONS)
            .max_idle_connections_per_host(CONNECTIONS)
            .max_idle_age(IDLE);
        if address.starts_with("https://") {
            config = config.tls_config(tls::config(uri.ca_file())?);
        }
        Ok(Self {
            agent: Agent::with_parts(config.build(), DefaultConnector::new(), Names::default()),
            name: format!("{} at {address}", uri.kind().name()),
            namespace: uri.namespace().and_then(|namespace| HeaderValue::from_str(namespace).ok()),
            token: Token::of(&uri, around)?,
            address,
            uri,
        })
    }

    /// Returns the server's name, for messages.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the URI, with the address written down.
    pub(super) const fn uri(&self) -> &VaultUri {
        &self.uri
    }

    pub(super) fn mount(&self) -> &str {
        self.uri.mount()
    }

    /// Returns the URL of something below the engine. The parts hold nothing that would need escaping.
    pub(super) fn path(&self, parts: &[&str]) -> String {
        self.url(&format!("{}/{}", self.mount(), parts.join("/")))
    }

    /// Returns the URL of something of the server's own.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}/v1/{path}", self.address)
    }

    /// Asks until there is an answer, within the deadline.
    ///
    /// Asks again where nothing was answered: refused, lost, sealed, throttled. What is asked is
    /// safe to be asked twice: Ed25519 signs the same, another ECDSA signature is as good, and a
    /// key is not made a second time.
    pub(super) fn ask(&self, call: &Call, deadline: Deadline) -> Result<Reply, CustodyFault> {
        let began = Instant::now();
        let mut pause = FIRST_PAUSE;
        let mut token = self.token.current()?;
        loop {
            match self.attempt(call, &token, deadline)? {
                Attempt::Answered(reply) => return Ok(reply),
                Attempt::Denied(reply) => match self.token.renewed(&token)? {
                    Some(renewed) => token = renewed,
                    None => return Err(self.denied(call, &reply)),
                },
                Attempt::NotNow(fault, patience) => {
                    let left = deadline.remaining().unwrap_or_default().min(patience.saturating_sub(began.elapsed()));
                    if left <= pause {
                        return Err(fault);
                    }
                    thread::sleep(pause);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Asks once.
    fn attempt(&self, call: &Call, token: &SecretString, deadline: Deadline) -> Result<Attempt, CustodyFault> {
        let left = deadline.remaining()?;
        let mut header = HeaderValue::from_str(token.expose_secret())
            .map_err(|_| CustodyFault::Malformed { path: self.token.path().into(), problem: "it holds no token" })?;
        header.set_sensitive(true);
        let answer = self.send(call, header, (left != Duration::MAX).then_some(left)).and_then(read);
        let (mut reply, location) = match answer {
            Ok(answer) => answer,
            Err(error) => return self.unanswered(error),
        };
        // Whatever is told of it must not repeat the token, even if a server does.
        blot(&mut reply.body, token.expose_secret().as_bytes());
        Ok(match reply.status {
            301 | 302 | 303 | 307 | 308 => {
                let mut location = location;
                blot(&mut location, token.expose_secret().as_bytes());
                let location = String::from_utf8_lossy(&location).into_owned();
                // A server that is about to lead sends us to itself.
                if reply.status == 307 && location == call.url {
                    let told = "it sends us to itself, so it does not lead yet";
                    return Ok(Attempt::NotNow(self.unreachable(told.into()), Duration::MAX));
                }
                return Err(self.answered(&format!("{}, go to {location}; redirects are not followed", reply.status)));
            }
            403 => Attempt::Denied(reply),
            429 => Attempt::NotNow(self.unreachable(reply.told()), Duration::MAX),
            503 if reply.told().contains("sealed") => {
                Attempt::NotNow(CustodyFault::Sealed { place: self.name.clone() }, SEALED_PATIENCE)
            }
            502..=504 => Attempt::NotNow(self.unreachable(reply.told()), Duration::MAX),
            // Between two leaders of a cluster.
            500 if reply.told().contains("local node not active") => {
                Attempt::NotNow(self.unreachable(reply.told()), Duration::MAX)
            }
            _ => Attempt::Answered(reply),
        })
    }

    fn send(&self, call: &Call, token: HeaderValue, limit: Option<Duration>) -> Result<Response<Body>, Error> {
        macro_rules! dressed {
            ($request:expr) => {{
                let mut request = $request.header("X-Vault-Token", token).header("X-Vault-Request", "true");
                if let Some(namespace) = &self.namespace {
                    request = request.header("X-Vault-Namespace", namespace);
                }
                request.config().timeout_global(limit).build()
            }};
        }
        match &call.body {
            Some(body) => dressed!(self.agent.post(&call.url)).content_type("application/json").send(body.as_slice()),
            None => dressed!(self.agent.get(&call.url)).call(),
        }
    }

    /// Tells what it means that there was no answer.
    fn unanswered(&self, error: Error) -> Result<Attempt, CustodyFault> {
        if matches!(error, Error::Timeout(_)) {
            return Err(CustodyFault::Deadline);
        }
        if let Error::BodyExceedsLimit(limit) = error {
            return Err(self.answered(&format!("more than {limit} bytes")));
        }
        // What is wrong with a certificate is wrong the next time too.
        let untrusted = matches!(&error, Error::Io(error) if error.kind() == ErrorKind::InvalidData)
            || matches!(error, Error::Rustls(_) | Error::Tls(_));
        let lost = matches!(error, Error::Io(_) | Error::HostNotFound | Error::ConnectionFailed);
        let message = error.to_string();
        if untrusted {
            Err(self.unreachable(message))
        } else if lost {
            Ok(Attempt::NotNow(self.unreachable(message), Duration::MAX))
        } else {
            Err(self.answered(&message))
        }
    }

    /// Reads the answer to a question that went well.
    pub(super) fn read<T: DeserializeOwned>(&self, reply: &Reply) -> Result<T, CustodyFault> {
        // The parser's words could repeat anything, and help nobody.
        let answer: Result<Answer<T>, _> = serde_json::from_slice(&reply.body);
        answer.map(|answer| answer.data).map_err(|_| self.nonsense("JSON of another form than was asked for"))
    }

    /// Tells what a refusal means for a key.
    pub(super) fn refusal(&self, reply: &Reply, key: &str) -> CustodyFault {
        let told = reply.told();
        match reply.status {
            404 if told.contains("no handler for route") => CustodyFault::NoSuchKey {
                place: self.name.clone(),
                key: format!("{key}, for nothing is mounted at {}/", self.mount()),
            },
            404 => self.no_such_key(key),
            400 if told.contains("signing key not found") => self.no_such_key(key),
            400 | 500 if is_about_version(&told) => {
                // Without the status, which says nothing here and takes room.
                self.version_refused(key, told.split_once(": ").map_or(&*told, |(_, words)| words))
            }
            _ => self.answered(&told),
        }
    }

    pub(super) fn no_such_key(&self, key: &str) -> CustodyFault {
        CustodyFault::NoSuchKey { place: self.name.clone(), key: format!("{}/{key}", self.mount()) }
    }

    pub(super) fn version(&self, key: &str, problem: String) -> CustodyFault {
        CustodyFault::Version { place: self.name.clone(), key: format!("{}/{key}", self.mount()), problem }
    }

    /// Repeats what it said of a version.
    pub(super) fn version_refused(&self, key: &str, told: &str) -> CustodyFault {
        self.version(key, Quoted::sentence(told).to_string())
    }

    /// Complains of an answer that can be read and makes no sense.
    pub(super) fn nonsense(&self, what: &str) -> CustodyFault {
        CustodyFault::Answer { place: self.name.clone(), message: Quoted::sentence(what) }
    }

    /// Repeats what it said.
    pub(super) fn answered(&self, text: &str) -> CustodyFault {
        CustodyFault::Answer { place: self.name.clone(), message: Quoted::new(text) }
    }

    fn denied(&self, call: &Call, reply: &Reply) -> CustodyFault {
        let message = Quoted::new(&reply.told());
        CustodyFault::Denied { place: self.name.clone(), action: call.action, message }
    }

    fn unreachable(&self, message: String) -> CustodyFault {
        CustodyFault::Unreachable { place: self.name.clone(), message: Quoted::sentence(&message).to_string() }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/ of {}, token in {}", self.mount(), self.name, self.token.path().display())
    }
}

/// Writes down the address that we were told of, where the URI has none.
fn addressed(uri: &VaultUri, around: &Surroundings) -> Result<VaultUri, CustodyFault> {
    match (uri.address(), &around.vault_address) {
        (Some(_), _) => Ok(uri.clone()),
        (None, Some(told)) => uri.or_at(told).map_err(|problem| CustodyFault::Setup {
            problem: format!("{uri} names no address, and the one that is set is none: {problem}"),
        }),
        (None, None) => Err(CustodyFault::Setup {
            problem: format!("{uri} names no address, and none is set: add `address=https://…`"),
        }),
    }
}

/// Reads an answer whole, with where it redirects to.
fn read(mut response: Response<Body>) -> Result<(Reply, Vec<u8>), Error> {
    let status = response.status().as_u16();
    let location = response.headers().get("location").map(|value| value.as_bytes().to_vec()).unwrap_or_default();
    let body = response.body_mut().with_config().limit(ANSWER_BYTES).read_to_vec()?;
    Ok((Reply { status, body }, location))
}

/// Overwrites a secret wherever it stands.
fn blot(text: &mut [u8], secret: &[u8]) {
    if secret.is_empty() {
        return;
    }
    let mut from = 0;
    while let Some(at) =
        text.get(from..).and_then(|rest| rest.windows(secret.len()).position(|window| window == secret))
    {
        let (start, end) = (from + at, from + at + secret.len());
        if let Some(found) = text.get_mut(start..end) {
            found.fill(b'*');
        }
        from = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_blotted_out() {
        let mut text = b"a s.1 b s.1s.1".to_vec();
        blot(&mut text, b"s.1");
        assert_eq!(text, b"a *** b ******");
        blot(&mut text, b"");
    }

    #[test]
    fn refusals_are_told_in_a_line() {
        let told = |status, body: &str| Reply { status, body: body.into() }.told();
        assert_eq!(told(404, r#"{"errors":[]}"#), "status 404");
        let multi = r#"{"errors":["1 error occurred:\n\t* permission denied\n\n"]}"#;
        assert_eq!(told(403, multi), "403: permission denied");
        assert_eq!(told(502, "<html>\n<p>bad"), "502: <html> <p>bad");
        assert_eq!(told(500, ""), "status 500");
    }
}
