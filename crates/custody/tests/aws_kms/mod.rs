//! Keys in AWS KMS keep the contract, and what is particular to them: Amazon's real client against
//! a fake of the service (see [`fake`], which says why).
//!
//! The client is configured by files and variables of its process, so that each of these tests
//! runs in a process of its own, with made-up credentials and without the instance metadata that
//! the client would otherwise look for.

mod fake;
mod lies;
mod making;
mod outages;
mod speed;

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use greatseal_core::Code;
use greatseal_core::key::{PublicKey, RawKey, Spelled};
use greatseal_core::limits::UCAN_BYTES;
use greatseal_custody::{
    Audit, Custodian, CustodyFault, Deadline, Extractable, KeyUri, Lock, Origin, Rights, look_up, sign,
};

use self::fake::{Fake, Mood, REGION};
use crate::contract::{self, Place, Troubled};
use crate::support::{NOW, Source, around, child, given_folder, name, new_keystore, request, request_of_size, soon};

const SECRET: &str = "TESTSECRETtestsecretTESTSECRETtestsecret";
/// A certificate of nobody, whose private key is gone: the system's own may be missing.
const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBejCCAR+gAwIBAgIUQDfnsvJfIaRNx8bvo0dRAmz4ULgwCgYIKoZIzj0EAwIw\n\
ETEPMA0GA1UEAwwGbm9ib2R5MCAXDTI2MTEyMjEyNTIxM1oYDzIxMjYxMDI5MTI1\n\
MjEzWjARMQ8wDQYDVQQDDAZub2JvZHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n\
AAQtgocYf0E3Y2Vw2iRSjNGJo0zq9QwAjO4BKbbOFLhdkYt/V1jKh3XbjXMLRCwd\n\
h/AS9yoQ3sTX5ur6HaxUyUZ3o1MwUTAdBgNVHQ4EFgQUsVZypqBqPb4VHuU3AiGH\n\
Ulla3HswHwYDVR0jBBgwFoAUsVZypqBqPb4VHuU3AiGHUlla3HswDwYDVR0TAQH/\n\
BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEA+AYvh4XRq4AaMYD+eKzjjAZsncAT\n\
cYgbkZxy2rKsIUgCIQDTAfwLShOgABPKZjJsgEBnTcfHlrl+3/AOXGXbLT4sag==\n\
-----END CERTIFICATE-----\n";
const ED25519: &str = "ECC_NIST_EDWARDS25519";
const P256: &str = "ECC_NIST_P256";

/// Runs a test of this module in a process of its own, whose client of AWS is configured by files
/// of the test.
fn alone(test: &str, run: impl FnOnce(&Path)) {
    if let Some(folder) = given_folder() {
        return run(&folder);
    }
    let folder = tempfile::tempdir().unwrap();
    let (config, credentials) = (folder.path().join("config"), folder.path().join("credentials"));
    fs::write(&config, "[default]\nuse_fips_endpoint = false\n\n[profile nobody]\nregion = eu-central-1\n").unwrap();
    let keys = format!("aws_access_key_id = AKIDTESTTESTTESTTEST\naws_secret_access_key = {SECRET}\n");
    fs::write(&credentials, format!("[default]\n{keys}\n[signing]\n{keys}")).unwrap();
    let mut command = child(&format!("aws_kms::{test}"), folder.path());
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy().to_ascii_lowercase();
        if name.starts_with("aws_") || name.ends_with("_proxy") {
            command.env_remove(variable);
        }
    }
    command.env("AWS_CONFIG_FILE", config).env("AWS_SHARED_CREDENTIALS_FILE", credentials);
    let roots = folder.path().join("roots.pem");
    fs::write(&roots, CERTIFICATE).unwrap();
    command.env("SSL_CERT_FILE", roots).env_remove("SSL_CERT_DIR");
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("HOME", folder.path());
    let output = command.args(["--include-ignored"]).stderr(Stdio::inherit()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    print!("{told}");
    assert!(output.status.success() && told.contains("1 passed"), "{test} failed in its own process");
}

/// Names a key at a fake.
fn uri(fake: &Fake, key: &str) -> KeyUri {
    let region = if key.starts_with("arn:") { String::new() } else { format!("?region={REGION}") };
    parse(&format!("awskms://{}/{key}{region}", fake.address()))
}

fn parse(text: &str) -> KeyUri {
    text.parse().unwrap()
}

/// Opens a key as every caller does: pinned in a keystore.
fn open(uri: KeyUri, pinned: PublicKey) -> Box<dyn Custodian> {
    try_open(uri, pinned).unwrap()
}

fn try_open(uri: KeyUri, pinned: PublicKey) -> Result<Box<dyn Custodian>, CustodyFault> {
    let (_outer, _, store) = new_keystore();
    store.pin(&name("acme/x"), uri, Spelled::Did(pinned), NOW)?;
    store.custodian(&name("acme/x"), &around(Source::right()))
}

/// A fake with one key, and its custodian.
fn ready(spec: &str) -> (Fake, Spelled, Box<dyn Custodian>) {
    let fake = Fake::start();
    let arn = fake.add(spec);
    let pinned = fake.public_key(&arn);
    let custodian = open(uri(&fake, &arn), pinned);
    (fake, Spelled::Did(pinned), custodian)
}

/// Asks a custodian of a fake in some mood, and returns the fault.
fn fault_of(spec: &str, mood: Mood) -> CustodyFault {
    let (fake, pinned, custodian) = ready(spec);
    fake.set(mood);
    let asked = request(&pinned, "");
    // By the custodian itself: what it says, before the one road judges it.
    custodian.sign(&asked, Deadline::after(Duration::from_millis(1_500))).unwrap_err()
}

/// Fakes in every state that the contract is about, all with the same key under the same ARN.
struct Fakes {
    spec: &'static str,
    good: Fake,
    arn: String,
    pinned: PublicKey,
    /// Other fakes, which live as long as this.
    others: std::cell::RefCell<Vec<Fake>>,
}

impl Fakes {
    fn new(spec: &'static str) -> Self {
        let good = Fake::start();
        let arn = good.add(spec);
        let pinned = good.public_key(&arn);
        Self { spec, good, arn, pinned, others: Vec::new().into() }
    }

    /// Returns a custodian whose service is in some mood from the beginning.
    fn at(&self, mood: Mood) -> Box<dyn Custodian> {
        let fake = Fake::start();
        let arn = fake.add(self.spec);
        fake.set(mood);
        let custodian = open(uri(&fake, &arn), self.pinned);
        self.others.borrow_mut().push(fake);
        custodian
    }
}

impl Place for Fakes {
    fn pinned(&self) -> Spelled {
        Spelled::Did(self.pinned)
    }
    fn good(&self) -> Box<dyn Custodian> {
        open(uri(&self.good, &self.arn), self.pinned)
    }
    /// An alias that was pointed at another key of the same kind.
    fn replaced(&self) -> Troubled {
        let other = self.good.add(self.spec);
        self.good.point("alias/acme", &other);
        (open(uri(&self.good, "alias/acme"), self.pinned), Code::SignResult)
    }
    fn troubles(&self) -> Vec<(&'static str, Troubled)> {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let elsewhere = |text: String| open(parse(&text), self.pinned);
        let host = self.good.address();
        let key = self.arn.rsplit('/').next().unwrap();
        let other = self.good.add(if self.spec == P256 { ED25519 } else { P256 });
        let mut troubles = vec![
            ("refused", (elsewhere(format!("awskms://{closed}/{}", self.arn)), Code::CustodyUnreachable)),
            ("an error of its own", (self.at(Mood::Says(500, "{}")), Code::CustodyUnreachable)),
            ("a proxy's error", (self.at(Mood::Says(503, "<html>later</html>")), Code::CustodyUnreachable)),
            ("throttled for ever", (self.at(Mood::Refuses("ThrottlingException")), Code::CustodyUnreachable)),
            ("closes the connection", (self.at(Mood::Drop), Code::CustodyUnreachable)),
            ("half an answer", (self.at(Mood::Truncate), Code::CustodyUnreachable)),
            ("no such key", (open(uri(&self.good, "0000"), self.pinned), Code::CustodyMissing)),
            ("no such alias", (open(uri(&self.good, "alias/none"), self.pinned), Code::CustodyMissing)),
            ("another kind of key", (open(uri(&self.good, &other), self.pinned), Code::CustodyAnswer)),
            ("nonsense", (self.at(Mood::Says(200, "hello")), Code::CustodyAnswer)),
            ("an empty object", (self.at(Mood::Says(200, "{}")), Code::CustodyAnswer)),
            ("not found, in HTML", (self.at(Mood::Says(404, "<html>")), Code::CustodyAnswer)),
            ("half a signature", (self.at(Mood::HalfSignature), Code::CustodyAnswer)),
            ("over another message", (self.at(Mood::OtherMessage), Code::SignResult)),
            ("no region", (elsewhere(format!("awskms://{host}/{key}")), Code::CustodySetup)),
            ("no credentials", (elsewhere(format!("awskms://{host}/{}?profile=nobody", self.arn)), Code::CustodySetup)),
            ("no such profile", (elsewhere(format!("awskms://{host}/{}?profile=none", self.arn)), Code::CustodySetup)),
        ];
        for code in [
            "AccessDeniedException",
            "UnrecognizedClientException",
            "ExpiredTokenException",
            "InvalidSignatureException",
            "DisabledException",
            "KMSInvalidStateException",
        ] {
            troubles.push((code, (self.at(Mood::Refuses(code)), Code::CustodyDenied)));
        }
        troubles
    }
    fn hanging(&self) -> Option<Box<dyn Custodian>> {
        Some(self.at(Mood::Hang))
    }
}

#[test]
fn ed25519_keeps_the_contract() {
    alone("ed25519_keeps_the_contract", |_| contract::keep(&Fakes::new(ED25519)));
}

#[test]
fn p256_keeps_the_contract() {
    alone("p256_keeps_the_contract", |_| contract::keep(&Fakes::new(P256)));
}

#[test]
fn it_is_described_as_it_is() {
    // Nobody is asked, so that nobody has to be there.
    let raw = PublicKey::Ed25519(RawKey::new([7; 32]));
    let uri = parse("awskms:///alias/acme?region=eu-central-1&profile=signing");
    let description = open(uri.clone(), raw).describe().unwrap();
    assert_eq!((description.uri, description.public_key), (uri.clone(), raw));
    assert_eq!((description.lock, description.largest_message, description.batch.get()), (Lock::None, 4_096, 1));
    let p256 = PublicKey::P256(greatseal_core::key::EcKey::new([2; 33]));
    assert_eq!(open(uri.clone(), p256).describe().unwrap().largest_message, UCAN_BYTES);
    let other = PublicKey::Secp256k1(greatseal_core::key::EcKey::new([2; 33]));
    assert_eq!(try_open(uri, other).err().unwrap().code(), Code::CustodyUnsupported);
    assert_eq!(try_open(parse("awskms:///"), raw).err().unwrap().code(), Code::CustodyUnsupported);
}

#[test]
fn a_key_is_pinned_by_its_arn() {
    alone("a_key_is_pinned_by_its_arn", |_| {
        let fake = Fake::start();
        for spec in [ED25519, P256] {
            let arn = fake.add(spec);
            fake.point("alias/acme", &arn);
            let exact = format!("awskms://{}/{arn}", fake.address());
            for key in [arn.as_str(), arn.rsplit('/').next().unwrap(), "alias/acme"] {
                let placed = look_up(&uri(&fake, key), &around(Source::right()), soon()).unwrap();
                assert_eq!((placed.uri.to_string(), placed.public_key), (exact.clone(), fake.public_key(&arn)));
            }
            let text = format!("awskms://{}/alias/acme?region={REGION}&profile=signing", fake.address());
            let placed = look_up(&parse(&text), &around(Source::right()), soon()).unwrap();
            assert_eq!(placed.uri.to_string(), format!("{exact}?profile=signing"));
        }
        let look = |key: &str| look_up(&uri(&fake, key), &around(Source::right()), soon()).unwrap_err();
        assert_eq!(look("alias/none").code(), Code::CustodyMissing);
        assert_eq!(look("").code(), Code::CustodyUnsupported);
        let fault = look(&fake.add("RSA_2048"));
        assert!(fault.to_string().contains("RSA_2048"), "{fault}");
        assert_eq!(fault.code(), Code::CustodyAnswer);
    });
}

#[test]
fn it_is_examined_by_the_word_of_the_service() {
    alone("it_is_examined_by_the_word_of_the_service", |_| {
        let fake = Fake::start();
        for (told, origin) in [
            ("AWS_KMS", Origin::GeneratedInside),
            ("EXTERNAL", Origin::Imported),
            ("AWS_CLOUDHSM", Origin::Unknown),
            ("EXTERNAL_KEY_STORE", Origin::Unknown),
            ("a later word", Origin::Unknown),
        ] {
            let arn = fake.add_from(told);
            let custodian = open(uri(&fake, &arn), fake.public_key(&arn));
            let seen = custodian.examine(soon()).unwrap();
            assert_eq!((seen.public_key, seen.origin), (fake.public_key(&arn), origin), "{told}");
            assert_eq!((seen.extractable, seen.version), (Extractable::Never, None));
            assert_eq!((seen.rights, seen.audit), (Rights::Unknown, Audit::Unknown));
        }
        // Who may sign and read the public key need not be allowed to read the rest.
        let (fake, _, custodian) = ready(ED25519);
        fake.set(Mood::RefusesTo("DescribeKey", "AccessDeniedException"));
        assert_eq!(custodian.examine(soon()).unwrap().origin, Origin::Unknown);
        fake.set(Mood::RefusesTo("GetPublicKey", "AccessDeniedException"));
        assert_eq!(custodian.examine(soon()).unwrap_err().code(), Code::CustodyDenied);
    });
}

/// A message that the service does not take whole is sent as its digest, where that is the same.
#[test]
fn large_messages_are_signed_by_p256_alone() {
    alone("large_messages_are_signed_by_p256_alone", |_| {
        let (_fake, pinned, custodian) = ready(P256);
        for bytes in [4_095, 4_096, 4_097, 70_000, UCAN_BYTES] {
            sign(&*custodian, &request_of_size(&pinned, bytes), soon()).unwrap();
        }
        let (fake, pinned, custodian) = ready(ED25519);
        sign(&*custodian, &request_of_size(&pinned, 4_096), soon()).unwrap();
        fake.asked();
        // Also by the custodian itself, which asks nobody.
        let fault = custodian.sign(&request_of_size(&pinned, 4_097), soon()).unwrap_err();
        assert_eq!(fault, CustodyFault::TooLarge { found: 4_097, limit: 4_096 });
        assert!(fake.asked().is_empty());
    });
}

/// Half of all ECDSA signatures have a high s, and are as good.
#[test]
fn signatures_of_p256_are_taken_as_they_come() {
    alone("signatures_of_p256_are_taken_as_they_come", |_| {
        let (_fake, pinned, custodian) = ready(P256);
        let mut high = 0;
        for round in 0..64 {
            let signature = sign(&*custodian, &request(&pinned, &round.to_string()), soon()).unwrap();
            high += usize::from(signature.as_bytes()[32] >= 0x80);
        }
        assert!((1..64).contains(&high), "{high}");
    });
}

/// Neither Amazon's client nor we tell the secret of a credential, whatever goes wrong with it.
#[test]
fn no_fault_tells_a_secret() {
    alone("no_fault_tells_a_secret", |folder| {
        let mut told = Vec::new();
        for mood in [
            Mood::Refuses("InvalidSignatureException"),
            Mood::Refuses("AccessDeniedException"),
            Mood::Refuses("SomethingElse"),
            Mood::Says(200, "x"),
            Mood::Says(500, "x"),
            Mood::Drop,
        ] {
            let fault = fault_of(ED25519, mood);
            told.push(format!("{fault} {fault:?}"));
        }
        // Files of the client that are damaged, with secrets in them where there should be none.
        let program = folder.join("program");
        fs::write(&program, format!("#!/bin/sh\necho {SECRET}\necho {SECRET} >&2\nexit $1\n")).unwrap();
        let program = format!("/bin/sh {}", program.display());
        let (fake, pinned, custodian) = ready(ED25519);
        sign(&*custodian, &request(&pinned, ""), soon()).unwrap();
        for (file, text) in [
            ("credentials", format!("[default]\naws_secret_access_key {SECRET}\n")),
            ("credentials", format!("[{SECRET}\n")),
            ("credentials", format!("{SECRET} = {SECRET}\n")),
            ("credentials", format!("[default]\naws_access_key_id = A\naws_secret_access_key = \n{SECRET}\n")),
            ("config", format!("[default]\ncredential_process = {program} 0\n")),
            ("config", format!("[default]\ncredential_process = {program} 1\n")),
        ] {
            fs::write(folder.join("credentials"), "").unwrap();
            fs::write(folder.join(file), &text).unwrap();
            for profile in ["", "?profile=default"] {
                let custodian =
                    open(parse(&format!("{}{profile}", custodian.describe().unwrap().uri)), pinned.public_key());
                let fault = sign(&*custodian, &request(&pinned, ""), soon()).unwrap_err();
                assert_eq!(fault.code(), Code::CustodySetup, "{text}: {fault}");
                told.push(format!("{fault} {fault:?}"));
            }
        }
        drop(fake);
        for words in told {
            println!("{words}");
            assert!(!words.contains(&SECRET[..10]), "{words}");
        }
    });
}
