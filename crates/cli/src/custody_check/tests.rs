//! What key files cannot show: other places, in the shape of a custodian that says what it is told to.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use greatseal_core::issue::SigningRequest;
use greatseal_core::key::{PublicKey, Role, Spelled};
use greatseal_core::signature::Signature;
use greatseal_custody::{
    Audit, Custodian, CustodyFault, Deadline, Description, Examination, Extractable, KeyName, KeyUri, Lock, Origin,
    Rights, Seed, Versions,
};
use serde_json::json;

use super::finding::{Kind, Severity};
use super::judge::State;
use super::*;

const TIME: Duration = Duration::from_millis(200);

/// A place that says what it is told to.
struct Fake {
    seed: Arc<Seed>,
    public: PublicKey,
    uri: KeyUri,
    largest_message: usize,
    claims: Examination,
    refuses: Option<CustodyFault>,
    /// How long it takes, whatever the deadline.
    takes: Duration,
    lies: bool,
}

impl Custodian for Fake {
    fn describe(&self) -> Result<Description, CustodyFault> {
        let (public_key, uri, largest_message) = (self.public, self.uri.clone(), self.largest_message);
        Ok(Description { public_key, uri, lock: Lock::None, largest_message, batch: NonZeroUsize::MIN })
    }

    fn sign(&self, request: &SigningRequest, _deadline: Deadline) -> Result<Signature, CustodyFault> {
        thread::sleep(self.takes);
        match &self.refuses {
            Some(fault) => Err(fault.clone()),
            None if self.lies => Ok(Signature::new([7; 64])),
            None => self.seed.sign(request),
        }
    }

    fn examine(&self, _deadline: Deadline) -> Result<Examination, CustodyFault> {
        Ok(self.claims.clone())
    }
}

fn fake() -> Fake {
    let seed = Arc::new(Seed::generate(Role::Account).unwrap());
    let public = seed.nkey().public_key();
    Fake {
        seed,
        public,
        uri: "openbao://payments?version=1".parse().unwrap(),
        largest_message: 4096,
        claims: Examination {
            public_key: public,
            origin: Origin::GeneratedInside,
            extractable: Extractable::Never,
            version: Some(Versions { pinned: 1, latest: 1, least: 1 }),
            rights: Rights::Beyond(Vec::new()),
            audit: Audit::On,
        },
        refuses: None,
        takes: Duration::ZERO,
        lies: false,
    }
}

fn name(text: &str) -> KeyName {
    KeyName::parse(text).unwrap()
}

fn job(name: &str, fake: Fake) -> (Job, Subject) {
    let issued = issued::Issued { largest: Some((1000, "tokens/account-payments.jwt".into())), ..Default::default() };
    let subject = Subject {
        name: self::name(name),
        public: Spelled::from(fake.seed.nkey()),
        uri: Some(fake.uri.clone()),
        issued,
        sealed: Sealing::Kept,
    };
    let probe = probe::request(fake.public).unwrap();
    let open: lanes::Open = Box::new(move || Ok(Box::new(fake) as Box<dyn Custodian>));
    (Job { name: name.into(), open, probe, time: TIME, in_turn: false }, subject)
}

fn checked(fakes: Vec<Fake>) -> Vec<Checked> {
    let names = (0..fakes.len()).map(|number| format!("acme/key-{number}"));
    let (jobs, subjects): (Vec<_>, Vec<_>) = names.zip(fakes).map(|(name, fake)| job(&name, fake)).unzip();
    let outcomes = ask_all(jobs, |_, _| {});
    subjects.into_iter().zip(outcomes).map(|(subject, outcome)| judge(subject, outcome, TIME)).collect()
}

fn one(change: impl FnOnce(&mut Fake)) -> Checked {
    let mut fake = fake();
    change(&mut fake);
    checked(vec![fake]).pop().unwrap()
}

#[track_caller]
fn finds(change: impl FnOnce(&mut Fake), kind: Kind, severity: Severity) -> Checked {
    let checked = one(change);
    let found: Vec<_> = checked.findings.iter().map(|it| (it.kind, it.severity)).collect();
    assert_eq!(found, [(kind, severity)], "{:?}", checked.findings);
    // Each ends with something to type, or with a page and something to type.
    assert!(checked.findings[0].next.contains("greatseal "), "{}", checked.findings[0].next);
    checked
}

#[test]
fn a_place_as_it_should_be_has_no_findings() {
    let checked = one(|_| {});
    assert_eq!((checked.state, checked.findings.len(), checked.remarks.len()), (State::Signs, 0, 0));
    let shown = object(&checked);
    assert_eq!(shown["version"], json!({ "pinned": 1, "latest": 1, "least": 1 }));
    assert_eq!(shown["rights"], json!({ "beyond_signing": [] }));
    assert_eq!(
        (&shown["origin"], &shown["extractable"], &shown["audit"]),
        (&json!("generated-inside"), &json!("never"), &json!("on"))
    );
}

#[test]
fn what_our_access_allows_beyond_signing_is_found() {
    let rights = |rights: &[&str]| Rights::Beyond(rights.iter().map(|it| (*it).to_owned()).collect());
    let found = finds(|it| it.claims.rights = rights(&["export", "rotate"]), Kind::Rights, Severity::Warning);
    assert!(found.findings[0].what.contains("export, rotate"), "{:?}", found.findings);
    assert!(found.findings[0].next.contains("docs/custody/openbao.md"));
    for rights in [Rights::Everything, Rights::Unknown] {
        let checked = one(|it| it.claims.rights = rights);
        assert_eq!((checked.findings.len(), checked.remarks.len()), (0, 1));
    }
}

#[test]
fn a_version_that_was_made_or_retired_underneath_is_found() {
    let version = |pinned, latest, least| Some(Versions { pinned, latest, least });
    finds(|it| it.claims.version = version(1, 2, 1), Kind::VersionRotated, Severity::Warning);
    finds(|it| it.claims.version = version(1, 2, 2), Kind::VersionRetired, Severity::Error);
    let refused = |it: &mut Fake| {
        it.claims.version = version(1, 2, 2);
        let (place, key) = ("http://127.0.0.1:8200".into(), "payments".into());
        it.refuses = Some(CustodyFault::Version { place, key, problem: "version 1 signs no more".into() });
    };
    // Told once, whoever said it.
    let both = one(refused);
    assert_eq!(both.findings.iter().filter(|it| it.kind == Kind::VersionRetired).count(), 1, "{:?}", both.findings);
}

#[test]
fn other_keys_and_false_signatures_are_found() {
    let other = Seed::generate(Role::Account).unwrap().nkey();
    finds(|it| it.claims.public_key = other.public_key(), Kind::Pin, Severity::Error);
    finds(|it| it.lies = true, Kind::Signature, Severity::Error);
    let pin = |it: &mut Fake| {
        let pinned = it.seed.nkey().into();
        it.refuses = Some(CustodyFault::Pin { pinned, found: other.into() });
        it.claims.public_key = other.public_key();
    };
    finds(pin, Kind::Pin, Severity::Error);
}

#[test]
fn what_its_place_refuses_is_found_with_its_code() {
    let place = || "http://127.0.0.1:8200".to_owned();
    let quoted = greatseal_core::error::Quoted::new("permission denied");
    for (fault, kind) in [
        (CustodyFault::Unreachable { place: place(), message: "refused".into() }, Kind::Unreachable),
        (CustodyFault::Sealed { place: place() }, Kind::PlaceSealed),
        (CustodyFault::Denied { place: place(), action: "sign", message: quoted }, Kind::Denied),
        (CustodyFault::NoSuchKey { place: place(), key: "payments".into() }, Kind::Gone),
        (CustodyFault::DeviceLocked { place: place(), message: "2 tries left".into() }, Kind::Locked),
    ] {
        let found = finds(|it| it.refuses = Some(fault.clone()), kind, Severity::Error);
        assert_eq!((found.state, found.findings[0].code), (State::Fails, Some(fault.code())));
    }
}

#[test]
fn claims_that_give_a_key_away_are_found() {
    finds(|it| it.claims.extractable = Extractable::Yes, Kind::Extractable, Severity::Warning);
    finds(|it| it.claims.audit = Audit::Off, Kind::AuditOff, Severity::Warning);
    let agent = |it: &mut Fake| {
        it.uri = "ssh-agent:".parse().unwrap();
        (it.claims.audit, it.claims.rights) = (Audit::Off, Rights::Everything);
    };
    // An agent has no audit that could be turned on.
    assert_eq!(one(agent).findings, []);
}

#[test]
fn tokens_near_the_largest_message_are_found() {
    assert_eq!(one(|it| it.largest_message = 1250).findings, []);
    finds(|it| it.largest_message = 1230, Kind::MessageSize, Severity::Warning);
    let found = finds(|it| it.largest_message = 999, Kind::MessageSize, Severity::Error);
    assert!(found.findings[0].what.contains("1000 bytes (tokens/account-payments.jwt), 100 %"), "{found:?}");
}

#[test]
fn a_place_that_hangs_delays_no_other() {
    let hanging = || Fake { takes: Duration::from_secs(30), ..fake() };
    let start = Instant::now();
    let checked = checked(vec![hanging(), fake(), hanging(), fake()]);
    assert!(start.elapsed() < Duration::from_secs(15));
    let states: Vec<_> = checked.iter().map(|it| it.state).collect();
    assert_eq!(states, [State::Hangs, State::Signs, State::Hangs, State::Signs]);
    assert!(checked[0].findings[0].what.contains("did not answer within 0.2 s"), "{:?}", checked[0].findings);
    // One that keeps its deadline is told in the same words.
    let fault = one(|it| it.refuses = Some(CustodyFault::Deadline));
    assert_eq!((fault.state, &fault.findings[0].what), (State::Hangs, &checked[0].findings[0].what));
}

#[test]
fn more_places_than_are_asked_at_once_are_all_asked() {
    let count = greatseal_core::limits::CUSTODY_ASKED_AT_ONCE * 2 + 1;
    let checked = checked((0..count).map(|_| fake()).collect());
    assert_eq!(checked.len(), count);
    assert!(checked.iter().all(|it| it.state == State::Signs));
}

#[test]
fn a_key_without_its_own_revocation_is_found() {
    let (_, mut subject) = job("acme/payments", fake());
    subject.sealed = Sealing::Missing;
    let checked = judge(subject, lanes::Outcome::Refused(CustodyFault::Deadline), TIME);
    let kinds: Vec<_> = checked.findings.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [Kind::Hangs, Kind::SealedRevocation]);
    assert_eq!(checked.findings[1].next, "greatseal key sealed make payments --out FILE");
}
