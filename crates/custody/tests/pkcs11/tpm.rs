//! P-256 keys in a TPM 2.0 keep the contract: a real one, in software.

use std::ffi::OsString;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use greatseal_core::Code;
use greatseal_core::key::{PublicKey, Role, Spelled};
use greatseal_custody::{
    Algorithm, Custodian, Deadline, Extractable, KeyUri, Origin, Seed, Surroundings, generator, importer, sign,
};

use super::{Kind, PIN, SO_PIN, Token, open, open_with_file, run, scene, tool};
use crate::contract::{self, Place, Troubled};
use crate::support::{Source, name, request, soon};

const PACKAGES: &str = "swtpm libtpm2-pkcs11-1 libtss2-tcti-swtpm0 opensc";
const PORT: &str = "GREATSEAL_TEST_TPM_PORT";

pub(super) const TPM: Kind = Kind {
    module: &[
        "/usr/lib/x86_64-linux-gnu/pkcs11/libtpm2_pkcs11.so",
        "/usr/lib/aarch64-linux-gnu/pkcs11/libtpm2_pkcs11.so",
        "/usr/lib/x86_64-linux-gnu/libtpm2_pkcs11.so.1",
        "/usr/lib64/pkcs11/libtpm2_pkcs11.so",
    ],
    packages: PACKAGES,
    prepare: |folder| {
        fs::create_dir(folder.join("store")).unwrap();
        fs::create_dir(folder.join("state")).unwrap();
        let port = free_port();
        vec![
            (PORT, port.to_string().into()),
            ("TPM2_PKCS11_STORE", folder.join("store").into()),
            ("TPM2_PKCS11_TCTI", format!("swtpm:host=127.0.0.1,port={port}").into()),
            // What it has to say is said by its answers.
            ("TSS2_LOG", OsString::from("all+NONE")),
            ("TPM2_PKCS11_LOG_LEVEL", OsString::from("0")),
        ]
    },
};

/// Finds a port that is free together with the next one, which the TPM's control channel gets.
fn free_port() -> u16 {
    loop {
        let first = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = first.local_addr().unwrap().port();
        if port.checked_add(1).is_some_and(|next| TcpListener::bind(("127.0.0.1", next)).is_ok()) {
            return port;
        }
    }
}

/// A TPM that runs as long as this value lives.
pub(super) struct Tpm {
    process: Child,
    state: PathBuf,
    stopped: AtomicBool,
}

impl Tpm {
    pub(super) fn start(folder: &Path) -> Self {
        let state = folder.join("state");
        Self { process: launch(&state), state, stopped: AtomicBool::new(false) }
    }

    /// Makes a token in it, as the module's own functions do.
    pub(super) fn token(&self, folder: &Path) -> Token {
        let module = TPM.path();
        let path = module.to_str().unwrap();
        let init = ["--module", path, "--slot-index", "0", "--init-token", "--label", "acme", "--so-pin", SO_PIN];
        run("opensc", "pkcs11-tool", &init);
        let as_officer = ["--module", path, "--slot-index", "0", "--login", "--login-type", "so", "--so-pin", SO_PIN];
        run("opensc", "pkcs11-tool", &[&as_officer[..], &["--init-pin", "--pin", PIN]].concat());
        Token::new(module, "acme", folder)
    }

    fn signal(&self, name: &str) {
        run("procps", "kill", &[name, &self.process.id().to_string()]);
    }

    /// Stops it: it takes what is sent and answers nothing.
    fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.signal("-STOP");
    }

    /// Lets it go on, and what was left waiting come to its end.
    fn go_on(&self) {
        if self.stopped.swap(false, Ordering::SeqCst) {
            self.signal("-CONT");
            thread::sleep(Duration::from_secs(1));
        }
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again with what it keeps when it is switched off.
    fn start_again(&mut self) {
        self.process = launch(&self.state);
    }
}

impl Drop for Tpm {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn launch(state: &Path) -> Child {
    let port: u16 = std::env::var(PORT).unwrap().parse().unwrap();
    let server = format!("type=tcp,port={port},bindaddr=127.0.0.1");
    let control = format!("type=tcp,port={},bindaddr=127.0.0.1", port + 1);
    let folder = format!("dir={}", state.display());
    // It ends with this process, however that ends.
    let process = Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "swtpm", "socket", "--tpm2", "--server", &server, "--ctrl", &control])
        .args(["--tpmstate", &folder, "--flags", "startup-clear,not-need-init"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut process =
        process.unwrap_or_else(|error| panic!("swtpm: {error}: install it with `apt-get install -y {PACKAGES}`"));
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port + 1)).is_err() {
        let ended = process.try_wait().unwrap();
        assert!(ended.is_none(), "swtpm ended: {ended:?}: install it with `apt-get install -y {PACKAGES}`");
        assert!(began.elapsed() < Duration::from_secs(20), "swtpm does not listen");
        thread::sleep(Duration::from_millis(20));
    }
    process
}

struct Chip {
    tpm: Tpm,
    token: Token,
    uri: KeyUri,
    pinned: PublicKey,
    other: KeyUri,
}

impl Chip {
    fn new(folder: &Path) -> Self {
        let tpm = Tpm::start(folder);
        let token = tpm.token(folder);
        let key = token.generate("acme/signing-1", Algorithm::P256);
        let other = token.generate("acme/signing-2", Algorithm::P256).uri;
        Self { tpm, token, uri: key.uri, pinned: key.public_key, other }
    }
}

impl Place for Chip {
    fn pinned(&self) -> Spelled {
        Spelled::Did(self.pinned)
    }
    fn good(&self) -> Box<dyn Custodian> {
        self.tpm.go_on();
        open_with_file(&self.uri, self.pinned)
    }
    fn replaced(&self) -> Troubled {
        self.tpm.go_on();
        (open_with_file(&self.other, self.pinned), Code::CustodyPin)
    }
    fn troubles(&self) -> Vec<(&'static str, Troubled)> {
        self.tpm.go_on();
        let key = ";object=acme%2Fsigning-1";
        let asking = |source| open(&self.token.uri(key, ""), self.pinned, source);
        let missing = Token { label: "missing".into(), ..self.token.clone() };
        vec![
            ("wrong PIN", (asking(Source::new(Some("wrong"))), Code::CustodyLocked)),
            ("nobody to ask", (asking(Source::new(None)), Code::CustodyPassphrase)),
            ("no such token", (open_with_file(&missing.with_pin(key), self.pinned), Code::CustodyUnreachable)),
            ("no such key", (open_with_file(&self.token.with_pin(";id=%01"), self.pinned), Code::CustodyMissing)),
        ]
    }
    fn hanging(&self) -> Option<Box<dyn Custodian>> {
        let custodian = self.good();
        assert!(sign(&*custodian, &request(&self.pinned(), ""), soon()).is_ok());
        self.tpm.stop();
        Some(custodian)
    }
}

#[test]
fn p256_keys_keep_the_contract() {
    scene(&TPM, "tpm::p256_keys_keep_the_contract", |folder| contract::keep(&Chip::new(folder)));
}

#[test]
fn a_tpm_that_hangs_from_the_first_call_on_is_given_up_at_the_deadline() {
    scene(&TPM, "tpm::a_tpm_that_hangs_from_the_first_call_on_is_given_up_at_the_deadline", |folder| {
        let chip = Chip::new(folder);
        let custodian = chip.good();
        chip.tpm.stop();
        let began = Instant::now();
        for _ in 0..8 {
            let deadline = Deadline::after(Duration::from_millis(200));
            let fault = sign(&*custodian, &request(&chip.pinned(), ""), deadline).unwrap_err();
            assert_eq!(fault.code(), Code::CustodyDeadline);
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        // And what hung comes back.
        chip.tpm.go_on();
        assert!(sign(&*custodian, &request(&chip.pinned(), ""), soon()).is_ok());
    });
}

#[test]
fn a_tpm_that_is_started_again_underneath_is_found_again() {
    scene(&TPM, "tpm::a_tpm_that_is_started_again_underneath_is_found_again", |folder| {
        let mut chip = Chip::new(folder);
        let custodians = [chip.good(), chip.good()];
        let asked = request(&chip.pinned(), "");
        for custodian in &custodians {
            assert!(sign(&**custodian, &asked, soon()).is_ok());
        }
        for _ in 0..2 {
            chip.tpm.kill();
            for custodian in &custodians {
                let fault = sign(&**custodian, &asked, Deadline::after(Duration::from_secs(3))).unwrap_err();
                assert_eq!(fault.code(), Code::CustodyUnreachable, "{fault}");
            }
            chip.tpm.start_again();
            for custodian in &custodians {
                let answer = sign(&**custodian, &asked, soon());
                assert!(answer.is_ok(), "{answer:?}");
            }
        }
    });
}

#[test]
fn an_outage_in_the_middle_loses_nothing() {
    scene(&TPM, "tpm::an_outage_in_the_middle_loses_nothing", |folder| {
        let chip = Chip::new(folder);
        let custodian = chip.good();
        let pinned = chip.pinned();
        let (mut signed, mut failed) = (0, 0);
        thread::scope(|scope| {
            let workers: Vec<_> = (0..3)
                .map(|thread| {
                    let custodian = &*custodian;
                    scope.spawn(move || {
                        let (mut signed, mut failed) = (0, 0);
                        let began = Instant::now();
                        while began.elapsed() < Duration::from_secs(6) {
                            let asked = request(&pinned, &format!("{thread}/{signed}/{failed}"));
                            match sign(custodian, &asked, Deadline::after(Duration::from_millis(700))) {
                                Ok(_) => signed += 1,
                                Err(fault) => {
                                    failed += 1;
                                    assert_eq!(fault.code(), Code::CustodyDeadline, "{fault}");
                                }
                            }
                        }
                        (signed, failed)
                    })
                })
                .collect();
            thread::sleep(Duration::from_secs(1));
            chip.tpm.stop();
            thread::sleep(Duration::from_secs(2));
            chip.tpm.go_on();
            for worker in workers {
                let (good, bad) = worker.join().unwrap();
                signed += good;
                failed += bad;
            }
        });
        println!("{signed} signed, {failed} failed");
        assert!(signed > 5 && failed > 0, "{signed}, {failed}");
        assert!(sign(&*custodian, &request(&pinned, "after"), soon()).is_ok());
    });
}

/// A TPM locks itself after three wrong tries: of many, one may reach it.
#[test]
fn a_wrong_pin_is_tried_once() {
    scene(&TPM, "tpm::a_wrong_pin_is_tried_once", |folder| {
        let chip = Chip::new(folder);
        let key = ";object=acme%2Fsigning-1";
        for _ in 0..10 {
            let custodian = open(&chip.token.uri(key, ""), chip.pinned, Source::new(Some("wrong")));
            for _ in 0..3 {
                let fault = sign(&*custodian, &request(&chip.pinned(), ""), soon()).unwrap_err();
                assert_eq!(fault.code(), Code::CustodyLocked, "{fault}");
            }
        }
        assert!(sign(&*chip.good(), &request(&chip.pinned(), ""), soon()).is_ok());
    });
}

#[test]
fn it_is_examined_as_it_is() {
    scene(&TPM, "tpm::it_is_examined_as_it_is", |folder| {
        let chip = Chip::new(folder);
        let seen = chip.good().examine(soon()).unwrap();
        assert_eq!((seen.origin, seen.extractable), (Origin::GeneratedInside, Extractable::Never));
        assert!(tool(&chip.token.module, &["-O", "-y", "privkey"]).contains("never extractable, local"));
    });
}

#[test]
fn it_has_no_ed25519_and_says_so() {
    scene(&TPM, "tpm::it_has_no_ed25519_and_says_so", |folder| {
        let chip = Chip::new(folder);
        let around = Surroundings::of(Source::new(None));
        let place = chip.token.with_pin("");
        let made = generator(&place, &around).unwrap().generate(&name("acme/e"), Algorithm::Ed25519, soon());
        let fault = made.unwrap_err();
        assert_eq!(fault.code(), Code::CustodyUnsupported, "{fault}");
        let seed = Seed::generate(Role::Account).unwrap();
        let fault = importer(&place, &around).unwrap().import(&name("acme/e"), &seed, soon()).unwrap_err();
        assert_eq!(fault.code(), Code::CustodyUnsupported, "{fault}");
        assert!(!tool(&chip.token.module, &["-O"]).contains("acme/e"));
    });
}
