//! A realm with a root, a signing principal and services, and a wallet that asks for running keys.

use greatseal_core::key::{PublicKey, Role};
use greatseal_core::{Command, Timestamp, View, issue::Unsigned};
use greatseal_custody::Seed;
use greatseal_token::ucan::cbor::MapBuf;
use greatseal_token::ucan::{self, Delegation, Invocation, Policy, UcanEnvelope};
use serde_json::{Value, json};

use super::{Place, Run};

/// A key that a service runs with; it never leaves its process.
pub(crate) struct Wallet {
    seed: Seed,
}

impl Wallet {
    pub(crate) fn new() -> Self {
        Self { seed: Seed::generate(Role::User).unwrap() }
    }

    pub(crate) fn key(&self) -> PublicKey {
        self.seed.nkey().public_key()
    }

    pub(crate) fn did(&self) -> String {
        self.key().to_string()
    }

    /// Signs what a service would, and returns the bytes of the token.
    pub(crate) fn sign(&self, unsigned: Unsigned<UcanEnvelope>) -> Vec<u8> {
        let signature = self.seed.sign(&unsigned.request()).unwrap();
        // At an instant at which it has not expired yet, whenever that may be.
        let view = View::new(greatseal_core::Policy::Strict, Vec::new(), Timestamp::from_secs(1));
        unsigned.finish(&signature, &view).unwrap().bytes().to_vec()
    }

    /// Asks to run for a service, with other arguments or for another instant where a test wants it.
    pub(crate) fn asks(&self, identity: PublicKey, args: &Value, expires: u64) -> Vec<u8> {
        let command = Command::parse("/greatseal/running-key").unwrap();
        let args = MapBuf::from_json(args).unwrap();
        let at = Some(Timestamp::from_secs(expires));
        let it = Invocation::new(self.key(), self.key(), command, args, &[], b"a nonce here", at).to(identity);
        self.sign(ucan::encode(&it.into()).unwrap())
    }

    /// Writes the request file of a wallet.
    pub(crate) fn request(&self, place: &Place, service: &str) -> String {
        let identity = place.identity(service);
        let args = json!({ "service": identity.to_string(), "key": self.did() });
        let file = format!("{service}.request");
        place.write(&file, self.asks(identity, &args, now() + 3600));
        file
    }

    /// Passes on what it holds, as a running service may.
    pub(crate) fn delegates(&self, to: PublicKey, subject: PublicKey, command: &str, expires: u64) -> Vec<u8> {
        let command = Command::parse(command).unwrap();
        let at = Some(Timestamp::from_secs(expires));
        let it = Delegation::new(self.key(), to, Some(subject), command, Policy::default(), b"twelve bytes", at);
        self.sign(ucan::encode(&it.into()).unwrap())
    }
}

/// Now, by this machine's clock.
pub(crate) fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// Reads a DID out of JSON.
pub(crate) fn key_of(did: &Value) -> PublicKey {
    greatseal_core::key::did::parse(did.as_str().unwrap()).unwrap()
}

impl Place {
    /// Makes the realm `acme` with a root of one signing principal; its keys cost nothing to unlock.
    pub(crate) fn rooted(&self) -> Value {
        self.run(["init", "acme"]).exits(0);
        self.keys_at_hand(Role::User, &["root", "root-signing-1"]);
        self.issue(["root", "create", "--realm", "acme"]).exits(0).json()
    }

    /// Makes a service that may do something.
    pub(crate) fn service(&self, name: &str, commands: &[&str]) -> Value {
        self.keys_at_hand(Role::User, &[name]);
        let commands: Vec<&str> = commands.iter().flat_map(|command| ["--command", command]).collect();
        self.issue([&["service", "create", name, "--realm", "acme"][..], &commands].concat()).exits(0).json()
    }

    /// The realm, `upload` that may read and write files, and `access` that may do nothing yet.
    pub(crate) fn with_services() -> Self {
        let place = Self::new();
        place.rooted();
        place.service("upload", &["/files/read", "/files/write"]);
        place.service("access", &[]);
        place
    }

    /// Looks at something in the realm.
    #[track_caller]
    pub(crate) fn look(&self, words: &[&str]) -> Value {
        self.run([words, &["--realm", "acme", "--output", "json"]].concat()).exits(0).json()
    }

    /// Runs a command in the realm that signs.
    #[track_caller]
    pub(crate) fn seal(&self, words: &[&str]) -> Run {
        self.issue([words, &["--realm", "acme"]].concat())
    }

    pub(crate) fn identity(&self, service: &str) -> PublicKey {
        key_of(&self.look(&["service", "show", service])["identity"])
    }

    pub(crate) fn root_key(&self) -> PublicKey {
        key_of(&self.look(&["root", "show"])["root"])
    }

    /// The names and states of all delegations.
    pub(crate) fn states(&self) -> Vec<(String, String)> {
        let listed = self.look(&["delegation", "list", "--all"]);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        listed["delegations"].as_array().unwrap().iter().map(|it| (text(&it["name"]), text(&it["state"]))).collect()
    }

    /// How one delegation stands.
    #[track_caller]
    pub(crate) fn state(&self, name: &str) -> String {
        let states = self.states();
        states.iter().find(|(of, _)| of == name).unwrap_or_else(|| panic!("no {name} in {states:?}")).1.clone()
    }

    /// What `status` finds, by kind, seen from some instant.
    pub(crate) fn found(&self, at: u64) -> Vec<(String, String)> {
        let run = self.run(["status", "--realm", "acme", "--output", "json", "--at", &at.to_string()]);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        run.json()["findings"].as_array().unwrap().iter().map(|it| (text(&it["kind"]), text(&it["what"]))).collect()
    }
}

/// The names in a list of delegations.
pub(crate) fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect()
}
