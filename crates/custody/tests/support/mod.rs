//! Requests, folders and passphrases for tests.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use data_encoding::HEXLOWER;
use greatseal_core::error::{DecodeFault, Quoted};
use greatseal_core::issue::{Signable, SigningRequest, Unsigned};
use greatseal_core::key::{PublicKey, Spelled, did};
use greatseal_core::signature::Signature;
use greatseal_core::statement::{Family, Grant, Kind};
use greatseal_core::time::Validity;
use greatseal_core::{Decoded, Statement, Timestamp};
use greatseal_custody::{
    CustodyFault, Deadline, KeyName, Keystore, Passphrase, PassphraseFault, PassphraseSource, Surroundings, WorkFactor,
};

/// The passphrase of every key in these tests; long enough to be recognised wherever it shows up.
pub(crate) const PASSPHRASE: &str = "correct-horse-battery-staple";

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

/// The smallest statement: a signer, and words for it to sign.
#[derive(Debug)]
struct Words {
    signer: PublicKey,
}

impl Statement for Words {
    fn family(&self) -> Family {
        Family::Wascap
    }
    fn signer(&self) -> PublicKey {
        self.signer
    }
    fn issued_at(&self) -> Timestamp {
        NOW
    }
    fn validity(&self) -> Validity {
        Validity::default()
    }
    fn grant(&self) -> Grant<'_> {
        Grant::Nothing { what: "test" }
    }
}

impl Signable for Words {
    type Content = Self;
    const KINDS: &'static [Kind] = &[Kind::WascapToken];

    fn from_signing_bytes(message: &[u8]) -> Result<Self, DecodeFault> {
        let fault = || DecodeFault::Unknown { found: Quoted::new("words") };
        let rest = message.get(Kind::WascapToken.prefix().len()..).ok_or_else(fault)?;
        let did = rest.split(|byte| *byte == b' ').next().ok_or_else(fault)?;
        let did = std::str::from_utf8(did).map_err(|_| fault())?;
        Ok(Self { signer: did::parse(did).map_err(|_| fault())? })
    }
    fn assemble(message: &[u8], signature: &Signature) -> Vec<u8> {
        [message, signature.as_bytes()].concat()
    }
    fn decode(_received: &[u8]) -> Result<Decoded<Self>, DecodeFault> {
        Err(DecodeFault::Empty)
    }
    fn summary(words: &Self) -> Vec<(&'static str, String)> {
        vec![("signer", words.signer.to_string())]
    }
}

/// Asks for the signer's signature over some words.
pub(crate) fn request(signer: &(impl Copy + Into<Spelled>), words: &str) -> SigningRequest {
    let mut message = Kind::WascapToken.prefix().to_vec();
    message.extend_from_slice(format!("{} ", (*signer).into().public_key()).as_bytes());
    message.extend_from_slice(words.as_bytes());
    Unsigned::<Words>::new(message).unwrap().request()
}

/// Asks for a signature over a message of exactly so many bytes.
pub(crate) fn request_of_size(signer: &(impl Copy + Into<Spelled>), bytes: usize) -> SigningRequest {
    let least = request(signer, "").message().len();
    request(signer, &"x".repeat(bytes - least))
}

pub(crate) fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

pub(crate) fn name(text: &str) -> KeyName {
    KeyName::parse(text).unwrap()
}

pub(crate) fn passphrase(text: &str) -> Passphrase {
    Passphrase::from_reader(text.as_bytes()).unwrap()
}

pub(crate) fn keystore(path: &Path) -> Keystore {
    Keystore::open(path).unwrap().with_work_factor(WorkFactor::worthless_for_tests())
}

/// A keystore in a folder that goes away with it.
pub(crate) fn new_keystore() -> (tempfile::TempDir, PathBuf, Keystore) {
    let outer = tempfile::tempdir().unwrap();
    let path = outer.path().join("keys");
    let store = keystore(&path);
    (outer, path, store)
}

/// Knows one passphrase, and counts how often it is asked.
#[derive(Debug)]
pub(crate) struct Source {
    answer: Option<&'static str>,
    asked: AtomicUsize,
}

impl Source {
    pub(crate) fn new(answer: Option<&'static str>) -> Arc<Self> {
        Arc::new(Self { answer, asked: AtomicUsize::new(0) })
    }

    pub(crate) fn right() -> Arc<Self> {
        Self::new(Some(PASSPHRASE))
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl PassphraseSource for Source {
    fn passphrase(&self, name: &KeyName, _public: &Spelled) -> Result<Passphrase, CustodyFault> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        match self.answer {
            Some(text) => Ok(passphrase(text)),
            None => Err(PassphraseFault::Nobody { name: name.clone() }.into()),
        }
    }
    fn pin(&self, question: &str) -> Result<Passphrase, CustodyFault> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let nobody = || PassphraseFault::NobodyForPin { question: question.into() };
        Ok(self.answer.map(passphrase).ok_or_else(nobody)?)
    }
}

/// Knows who is asked, and nothing else.
pub(crate) fn around(source: Arc<Source>) -> Surroundings {
    Surroundings::of(source)
}

const FOLDER: &str = "GREATSEAL_TEST_FOLDER";

/// Returns the folder that this process was given, if it was started by [`child`].
pub(crate) fn given_folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

/// Runs one of these tests in a process of its own, which finds the folder in [`given_folder`].
pub(crate) fn child(test: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(FOLDER, folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// Returns a secret in every spelling that text, files or memory could hold it in.
pub(crate) fn spellings(secret: &[u8]) -> Vec<Vec<u8>> {
    use data_encoding::{BASE32_NOPAD, BASE64_NOPAD, BASE64URL_NOPAD, HEXUPPER};
    let listed = |separator: &str| secret.iter().map(u8::to_string).collect::<Vec<_>>().join(separator).into_bytes();
    let mut spellings = vec![secret.to_vec(), listed(", "), listed(",")];
    let encodings = [BASE32_NOPAD, BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER];
    spellings.extend(encodings.map(|encoding| encoding.encode(secret).into_bytes()));
    spellings
}

pub(crate) fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}
