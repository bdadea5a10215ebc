//! Keys in a real agent of OpenSSH keep the contract, and what is particular to them.

mod agents;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use greatseal_core::Code;
use greatseal_core::key::{PublicKey, Role, Spelled};
use greatseal_custody::{
    Audit, Custodian, CustodyFault, Deadline, Extractable, KeyUri, Lock, Origin, Rights, Seed, SshAgentUri,
    Surroundings, generator, importer, look_up, sign,
};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use self::agents::{Agent, Impostor, strings, surroundings, uri_of, write};
use crate::contract::{self, Place, Troubled};
use crate::support::{NOW, Source, around, contains, name, new_keystore, request, soon, spellings};

const SIGN_REQUEST: u8 = 13;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_RESPONSE: u8 = 14;

/// Opens a key as every caller does: pinned in a keystore.
fn open(uri: &KeyUri, pinned: PublicKey, around: &Surroundings) -> Box<dyn Custodian> {
    try_open(uri, pinned, around).unwrap()
}

fn try_open(uri: &KeyUri, pinned: PublicKey, around: &Surroundings) -> Result<Box<dyn Custodian>, CustodyFault> {
    let (_outer, _, store) = new_keystore();
    store.pin(&name("acme/x"), uri.clone(), Spelled::Did(pinned), NOW)?;
    store.custodian(&name("acme/x"), around)
}

/// Names a key by its public half as SSH writes it.
fn uri_of_blob(blob: &[u8]) -> KeyUri {
    let fingerprint: [u8; 32] = Sha256::digest(blob).into();
    format!("ssh-agent:{}", SshAgentUri::spell(&fingerprint)).parse().unwrap()
}

/// Agents in every state that the contract is about.
struct Agents {
    good: Agent,
    uri: KeyUri,
    pinned: PublicKey,
    other: KeyUri,
    ended: Agent,
    empty: Agent,
    locked: Agent,
    asking: Agent,
    open: Agent,
    stopped: Agent,
    silent: Impostor,
    rubbish: Impostor,
    mute: Impostor,
}

impl Agents {
    fn new(kind: &str) -> Self {
        let good = Agent::start();
        let key = good.new_key("key", kind);
        good.add(&["-q"], Some(&key));
        let uri = uri_of(&key);
        let pinned = look_up(&uri, &good.surroundings(), soon()).unwrap().public_key;
        let (other, _) = good.with_key("other", kind);

        let with_key = |options: &[&str]| {
            let agent = Agent::start();
            agent.add(&[&["-q"], options].concat(), Some(&key));
            agent
        };
        let mut ended = with_key(&[]);
        ended.kill();
        let locked = with_key(&[]);
        locked.lock("-x");
        let open = with_key(&[]);
        fs::set_permissions(open.socket(), fs::Permissions::from_mode(0o666)).unwrap();
        let stopped = with_key(&[]);
        stopped.signal("-STOP");
        Self {
            uri,
            pinned,
            other,
            ended,
            empty: Agent::start(),
            locked,
            asking: with_key(&["-c"]),
            open,
            stopped,
            silent: Impostor::new(|_, stream| drop(stream.shutdown(std::net::Shutdown::Both))),
            rubbish: Impostor::new(|_, stream| write(stream, b"HTTP/1.1 400 Bad Request")),
            mute: Impostor::new(|_, _| {}),
            good,
        }
    }

    fn at(&self, around: &Surroundings) -> Box<dyn Custodian> {
        open(&self.uri, self.pinned, around)
    }
}

impl Place for Agents {
    fn pinned(&self) -> Spelled {
        Spelled::Did(self.pinned)
    }
    fn good(&self) -> Box<dyn Custodian> {
        self.at(&self.good.surroundings())
    }
    fn replaced(&self) -> Troubled {
        (open(&self.other, self.pinned, &self.good.surroundings()), Code::CustodyPin)
    }
    fn troubles(&self) -> Vec<(&'static str, Troubled)> {
        let agent = |agent: &Agent| self.at(&agent.surroundings());
        let nowhere = surroundings(&self.good.socket().with_file_name("nowhere"));
        let file = surroundings(&self.good.socket().with_file_name("key"));
        vec![
            ("the agent ended", (agent(&self.ended), Code::CustodyUnreachable)),
            ("there is no socket", (self.at(&nowhere), Code::CustodyUnreachable)),
            ("a file in its place", (self.at(&file), Code::CustodySetup)),
            ("another agent", (agent(&self.empty), Code::CustodyMissing)),
            ("locked", (agent(&self.locked), Code::CustodyMissing)),
            ("confirmation declined", (agent(&self.asking), Code::CustodyDenied)),
            ("open to others", (agent(&self.open), Code::CustodyPermissions)),
            ("closes without an answer", (self.at(&self.silent.surroundings()), Code::CustodyUnreachable)),
            ("no agent at all", (self.at(&self.rubbish.surroundings()), Code::CustodyAnswer)),
        ]
    }
    fn hanging(&self) -> Option<Box<dyn Custodian>> {
        Some(self.at(&self.stopped.surroundings()))
    }
}

#[test]
fn ed25519_keys_keep_the_contract() {
    contract::keep(&Agents::new("ed25519"));
}

#[test]
fn p256_keys_keep_the_contract() {
    contract::keep(&Agents::new("ecdsa"));
}

#[test]
fn one_that_listens_and_says_nothing_is_left_at_the_deadline() {
    let agents = Agents::new("ed25519");
    let began = Instant::now();
    let custodian = agents.at(&agents.mute.surroundings());
    let brief = Deadline::after(Duration::from_millis(200));
    let asked = request(&agents.pinned(), "");
    assert_eq!(sign(&*custodian, &asked, brief), Err(CustodyFault::Deadline));
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn it_is_described_and_examined_as_it_is() {
    let agent = Agent::start();
    let (uri, pinned) = agent.with_key("key", "ed25519");
    let custodian = open(&uri, pinned, &agent.surroundings());
    let description = custodian.describe().unwrap();
    assert_eq!((description.uri, description.lock, description.batch.get()), (uri, Lock::None, 1));
    assert!((255_000..256 * 1024).contains(&description.largest_message));
    let seen = custodian.examine(soon()).unwrap();
    assert_eq!((seen.origin, seen.extractable), (Origin::Imported, Extractable::Unknown));
    assert_eq!((seen.rights, seen.audit, seen.version), (Rights::Everything, Audit::Off, None));
}

#[test]
fn what_is_too_large_is_refused_even_past_the_one_road() {
    let agent = Agent::start();
    let (uri, pinned) = agent.with_key("key", "ed25519");
    let custodian = open(&uri, pinned, &agent.surroundings());
    let limit = custodian.describe().unwrap().largest_message;
    let asked = crate::support::request_of_size(&Spelled::Did(pinned), limit + 1);
    let fault = custodian.sign(&asked, soon()).unwrap_err();
    assert_eq!(fault, CustodyFault::TooLarge { found: limit + 1, limit });
}

#[test]
fn faults_say_what_to_do() {
    let agents = Agents::new("ed25519");
    let said: Vec<_> = agents
        .troubles()
        .into_iter()
        .map(|(name, (custodian, _))| {
            (name, sign(&*custodian, &request(&agents.pinned(), ""), soon()).unwrap_err().to_string())
        })
        .collect();
    let of = |name: &str| said.iter().find(|(known, _)| *known == name).unwrap().1.clone();
    assert!(of("locked").contains("`ssh-add -X` unlocks it"), "{}", of("locked"));
    assert!(of("confirmation declined").contains("a confirmation was declined"), "{}", of("confirmation declined"));
    assert!(of("open to others").contains("666"), "{}", of("open to others"));
    assert!(of("the agent ended").contains("cannot reach the agent at /"), "{}", of("the agent ended"));
}

#[test]
fn a_locked_agent_serves_again_when_it_is_unlocked() {
    let agent = Agent::start();
    let (uri, pinned) = agent.with_key("key", "ed25519");
    let custodian = open(&uri, pinned, &agent.surroundings());
    let asked = request(&Spelled::Did(pinned), "");
    assert!(sign(&*custodian, &asked, soon()).is_ok());
    agent.lock("-x");
    assert_eq!(sign(&*custodian, &asked, soon()).unwrap_err().code(), Code::CustodyMissing);
    agent.lock("-X");
    assert!(sign(&*custodian, &asked, soon()).is_ok());
}

#[test]
fn a_key_of_another_kind_is_refused_with_a_reason() {
    let agent = Agent::start();
    let key = agent.new_key("key", "rsa");
    agent.add(&["-q"], Some(&key));
    let fault = look_up(&uri_of(&key), &agent.surroundings(), soon()).unwrap_err();
    assert_eq!(fault.code(), Code::CustodyUnsupported);
    assert!(fault.to_string().contains("of the kind ssh-rsa"), "{fault}");
}

/// There is no FIDO device here, so that an agent of our own lists the key of one.
#[test]
fn a_key_of_a_fido_device_is_refused_with_a_reason() {
    let blob = strings(&[b"sk-ssh-ed25519@openssh.com", &[1; 32], b"ssh:"]);
    let uri = uri_of_blob(&blob);
    let list = [&[IDENTITIES_ANSWER, 0, 0, 0, 1][..], &strings(&[&blob, b"a device"])].concat();
    let agent = Impostor::new(move |_, stream| write(stream, &list));
    let fault = look_up(&uri, &agent.surroundings(), soon()).unwrap_err();
    assert_eq!(fault.code(), Code::CustodyUnsupported);
    assert!(fault.to_string().contains("FIDO"), "{fault}");
}

/// What an agent answers is verified by the one road, so that one that lies gives an error.
#[test]
fn an_agent_that_lies_gives_no_signature() {
    let key = Seed::generate(Role::Account).unwrap().nkey();
    let uri = uri_of_blob(&strings(&[b"ssh-ed25519", key.raw().as_bytes()]));
    let answer = |value: Vec<u8>| [&[SIGN_RESPONSE][..], &strings(&[&value])].concat();
    for (message, code) in [
        (answer(strings(&[b"ssh-ed25519", &[7; 64]])), Code::SignResult),
        (answer(strings(&[b"ssh-ed25519", &[7; 63]])), Code::CustodyAnswer),
        (answer(strings(&[b"ssh-rsa", &[7; 64]])), Code::CustodyAnswer),
        (answer(Vec::new()), Code::CustodyAnswer),
        (vec![6], Code::CustodyAnswer),
        (vec![IDENTITIES_ANSWER, 0, 0, 0, 0], Code::CustodyAnswer),
        (vec![SIGN_RESPONSE], Code::CustodyAnswer),
        (vec![0xff; 300_000], Code::CustodyAnswer),
    ] {
        let agent = Impostor::new(move |_, stream| write(stream, &message));
        let custodian = open(&uri, key.public_key(), &agent.surroundings());
        assert_eq!(sign(&*custodian, &request(&key, ""), soon()).unwrap_err().code(), code);
    }
}

/// The whole message, no flags, and one request for each signature.
#[test]
fn one_signature_is_one_request_on_one_connection() {
    let seed = Seed::generate(Role::Account).unwrap();
    let key = seed.nkey();
    let blob = strings(&[b"ssh-ed25519", key.raw().as_bytes()]);
    let uri = uri_of_blob(&blob);
    let asked = request(&key, "words");
    let signature = seed.sign(&asked).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let agent = Impostor::new(move |request, stream| {
        // The descriptor tells one connection from another.
        log.lock().unwrap().push((std::os::fd::AsRawFd::as_raw_fd(stream), request.to_vec()));
        let value = strings(&[b"ssh-ed25519", signature.as_bytes()]);
        write(stream, &[&[SIGN_RESPONSE][..], &strings(&[&value])].concat());
    });
    let custodian = open(&uri, key.public_key(), &agent.surroundings());
    for _ in 0..10 {
        assert!(sign(&*custodian, &asked, soon()).is_ok());
    }
    let seen = seen.lock().unwrap();
    let expected = [&[SIGN_REQUEST][..], &strings(&[&blob, asked.message()]), &[0; 4]].concat();
    assert_eq!(seen.len(), 10);
    assert!(seen.iter().all(|(connection, request)| *connection == seen[0].0 && *request == expected));
}

#[test]
fn the_uris_own_socket_goes_before_the_surroundings() {
    let (agent, empty) = (Agent::start(), Agent::start());
    let (uri, pinned) = agent.with_key("key", "ed25519");
    let with = |socket: &Agent| format!("{uri}?socket={}", socket.socket().display()).parse::<KeyUri>().unwrap();
    let asked = request(&Spelled::Did(pinned), "");
    assert!(sign(&*open(&with(&agent), pinned, &empty.surroundings()), &asked, soon()).is_ok());
    assert!(sign(&*open(&with(&empty), pinned, &agent.surroundings()), &asked, soon()).is_err());
    assert!(sign(&*open(&with(&agent), pinned, &around(Source::new(None))), &asked, soon()).is_ok());
    let fault = try_open(&uri, pinned, &around(Source::new(None))).err().unwrap();
    assert_eq!(fault.code(), Code::CustodySetup);
    assert!(fault.to_string().contains("SSH_AUTH_SOCK"), "{fault}");
}

#[test]
fn a_key_has_to_be_named() {
    let agent = Agent::start();
    let (uri, pinned) = agent.with_key("key", "ed25519");
    let place: KeyUri = "ssh-agent:".parse().unwrap();
    assert_eq!(try_open(&place, pinned, &agent.surroundings()).err().unwrap().code(), Code::Usage);
    assert_eq!(look_up(&place, &agent.surroundings(), soon()).unwrap_err().code(), Code::Usage);
    assert_eq!(importer(&uri, &agent.surroundings()).err().unwrap().code(), Code::Usage);
    assert_eq!(generator(&place, &agent.surroundings()).err().unwrap().code(), Code::CustodyUnsupported);
    assert_eq!(look_up(&uri, &agent.surroundings(), soon()).map(|placed| placed.public_key), Ok(pinned));
}

#[test]
fn a_seed_is_brought_in_and_signs_as_itself() {
    let agent = Agent::start();
    let place: KeyUri = "ssh-agent:".parse().unwrap();
    let seed = Seed::generate(Role::Account).unwrap();
    let import = importer(&place, &agent.surroundings()).unwrap();
    let placed = import.import(&name("acme/signing-1"), &seed, soon()).unwrap();
    assert_eq!(placed.public_key, seed.nkey().public_key());
    let listed = agent.add(&["-l"], None);
    let KeyUri::SshAgent(uri) = &placed.uri else { panic!("{}", placed.uri) };
    assert!(listed.contains(&uri.to_string()["ssh-agent:".len()..]), "{listed}");
    assert!(listed.contains("acme/signing-1 (ED25519)"), "{listed}");

    let asked = request(&seed.nkey(), "words");
    let custodian = open(&placed.uri, placed.public_key, &agent.surroundings());
    assert_eq!(sign(&*custodian, &asked, soon()), seed.sign(&asked));
    // What is there stays as it is.
    let again = import.import(&name("acme/signing-1"), &seed, soon());
    assert_eq!(again, Err(CustodyFault::Exists { name: name("acme/signing-1") }));

    // The place's own socket is kept in the key's URI.
    let other = Agent::start();
    let there: KeyUri = format!("ssh-agent:?socket={}", other.socket().display()).parse().unwrap();
    let placed = importer(&there, &agent.surroundings()).unwrap().import(&name("a"), &seed, soon()).unwrap();
    let custodian = open(&placed.uri, placed.public_key, &agent.surroundings());
    agent.add(&["-q", "-D"], None);
    assert_eq!(sign(&*custodian, &asked, soon()), seed.sign(&asked));
}

#[test]
fn a_locked_agent_takes_no_key() {
    let agent = Agent::start();
    agent.lock("-x");
    let import = importer(&"ssh-agent:".parse().unwrap(), &agent.surroundings()).unwrap();
    let fault = import.import(&name("a"), &Seed::generate(Role::Account).unwrap(), soon()).unwrap_err();
    assert_eq!(fault.code(), Code::CustodyDenied);
    assert!(fault.to_string().contains("locked"), "{fault}");
}

#[test]
fn a_seed_goes_to_nobody_else() {
    let seed = Seed::generate(Role::Account).unwrap();
    let place: KeyUri = "ssh-agent:".parse().unwrap();
    let agent = Agent::start();
    fs::set_permissions(agent.socket(), fs::Permissions::from_mode(0o777)).unwrap();
    let import = importer(&place, &agent.surroundings()).unwrap();
    let fault = import.import(&name("a"), &seed, soon()).unwrap_err();
    assert_eq!(fault.code(), Code::CustodyPermissions);
}

#[test]
fn no_fault_repeats_the_seed() {
    let seed = Seed::generate(Role::Account).unwrap();
    let mut said = String::new();
    // One that sends back whatever it was sent, and two that stop when they have it.
    let echo = Impostor::new(|request, stream| write(stream, request));
    let echo_as_list = Impostor::new(|request, stream| match request.first() {
        Some(17) => write(stream, &[&[5][..], request].concat()),
        _ => write(stream, &[IDENTITIES_ANSWER, 0, 0, 0, 0]),
    });
    let mute = Impostor::new(|request, stream| {
        if request.first() != Some(&17) {
            write(stream, &[IDENTITIES_ANSWER, 0, 0, 0, 0]);
        }
    });
    for agent in [&echo, &echo_as_list, &mute] {
        let import = importer(&"ssh-agent:".parse().unwrap(), &agent.surroundings()).unwrap();
        let fault = import.import(&name("a"), &seed, Deadline::after(Duration::from_millis(300))).unwrap_err();
        said += &format!("{fault} {fault:?}\n");
    }
    let text = seed.to_nkey_text();
    let bytes = data_encoding::BASE32_NOPAD.decode(text.expose_secret().as_bytes()).unwrap();
    for needle in spellings(&bytes[2..34]).into_iter().chain([text.expose_secret().as_bytes()[4..54].to_vec()]) {
        assert!(!contains(said.as_bytes(), &needle), "{said}");
    }
}

/// An outage in the middle loses nothing: every answer is the signature or a clear fault, and the
/// agent is found again without a new custodian.
#[test]
fn an_agent_that_is_restarted_underneath_is_found_again() {
    let mut agent = Agent::start();
    let key = agent.new_key("key", "ed25519");
    agent.add(&["-q"], Some(&key));
    let uri = uri_of(&key);
    let pinned = look_up(&uri, &agent.surroundings(), soon()).unwrap().public_key;
    let custodian = open(&uri, pinned, &agent.surroundings());
    let spelled = Spelled::Did(pinned);
    let (over, signed) = (AtomicBool::new(false), Mutex::new((0, 0)));
    thread::scope(|scope| {
        for thread in 0..4 {
            let (custodian, over, signed) = (&*custodian, &over, &signed);
            scope.spawn(move || {
                let mut round = 0;
                while !over.load(Ordering::SeqCst) {
                    let deadline = Deadline::after(Duration::from_secs(5));
                    let answer = sign(custodian, &request(&spelled, &format!("{thread}/{round}")), deadline);
                    round += 1;
                    match answer {
                        Ok(_) => signed.lock().unwrap().0 += 1,
                        Err(fault) => {
                            // The new agent has no keys at first.
                            let codes = [Code::CustodyUnreachable, Code::CustodyMissing, Code::CustodyDenied];
                            assert!(codes.contains(&fault.code()), "{fault}");
                            signed.lock().unwrap().1 += 1;
                        }
                    }
                }
            });
        }
        for _ in 0..3 {
            thread::sleep(Duration::from_millis(100));
            agent.start_again();
            agent.add(&["-q"], Some(&key));
        }
        thread::sleep(Duration::from_millis(100));
        over.store(true, Ordering::SeqCst);
    });
    assert!(signed.lock().unwrap().0 > 100, "{signed:?}");
    assert!(sign(&*custodian, &request(&spelled, "after"), soon()).is_ok());
}

/// One that is stopped and goes on answers again: what was left behind disturbs nobody.
#[test]
fn an_agent_that_goes_on_serves_again() {
    let agent = Agent::start();
    let (uri, pinned) = agent.with_key("key", "ed25519");
    let custodian = open(&uri, pinned, &agent.surroundings());
    let spelled = Spelled::Did(pinned);
    assert!(sign(&*custodian, &request(&spelled, "before"), soon()).is_ok());
    agent.signal("-STOP");
    for round in 0..3 {
        let deadline = Deadline::after(Duration::from_millis(100));
        let answer = sign(&*custodian, &request(&spelled, &format!("meanwhile {round}")), deadline);
        assert_eq!(answer, Err(CustodyFault::Deadline));
    }
    agent.signal("-CONT");
    for round in 0..10 {
        assert!(sign(&*custodian, &request(&spelled, &format!("after {round}")), soon()).is_ok());
    }
}

/// What the custodian adds to the agent's own signing call. A measurement, run by hand.
#[test]
#[ignore = "a measurement: cargo nextest run --release --run-ignored only --no-capture"]
fn overhead() {
    use std::io::{Read, Write};
    let agent = Agent::start();
    let (uri, pinned) = agent.with_key("key", "ed25519");
    let custodian = open(&uri, pinned, &agent.surroundings());
    let blob = strings(&[b"ssh-ed25519", pinned.as_bytes()]);
    let asked = request(&Spelled::Did(pinned), &"x".repeat(600));
    let message = [&[SIGN_REQUEST][..], &strings(&[&blob, asked.message()]), &[0; 4]].concat();
    let mut stream = std::os::unix::net::UnixStream::connect(agent.socket()).unwrap();
    let (mut raw, mut ours, mut verify) = (Vec::new(), Vec::new(), Vec::new());
    let mut answer = [0; 1024];
    for _ in 0..4_000 {
        let began = Instant::now();
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        stream.write_all(&[&length[..], &message].concat()).unwrap();
        assert!(stream.read(&mut answer).unwrap() > 80);
        raw.push(began.elapsed());
        let began = Instant::now();
        let signature = sign(&*custodian, &asked, soon()).unwrap();
        ours.push(began.elapsed());
        let began = Instant::now();
        greatseal_core::signature::verify(&pinned, asked.message(), &signature).unwrap();
        verify.push(began.elapsed());
    }
    for (name, times) in
        [("the agent's call", &mut raw), ("ours, verified", &mut ours), ("one verification", &mut verify)]
    {
        times.sort();
        println!("{name}: p50 {:?}, p99 {:?}", times[times.len() / 2], times[times.len() * 99 / 100]);
    }
}
