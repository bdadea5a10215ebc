//! The trust store: whom one trusts, in one's own configuration and out of every realm's reach.
//!
//! ```text
//! trust/                   0700; refused when others can write to it
//!   acme/pin.toml          the key, the statement, since when
//!   acme/token.jwt         the pinned token, as it was pinned; none for a bare key
//!   acme/followed/N/M      statements that led on from it, step by step; only ever added to
//!   acme/revoked/own/ID    revocations that counted, by keys of the pinned side itself
//!   acme/revoked/below/ID  and by keys of the accounts and modules under it
//!   trust.lock
//! ```

mod folder;
mod lesson;
mod line;
mod memory;
mod pin;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use clap::Args;
use greatseal_core::Code;
use greatseal_core::key::Spelled;
use greatseal_core::limits::{PIN_FOLLOWED_BYTES, PIN_STEPS, PINS, STEP_STATEMENTS};

pub(crate) use lesson::Lesson;
pub(crate) use line::Standing;
pub(crate) use memory::Memory;
pub(crate) use pin::{NewPin, Pin, Revoked, bare, role_word, statement};

use crate::configuration;
use crate::problem::Problem;
use crate::realm::Name;
use crate::text;

/// Held by a command while it changes the store.
const LOCK: &str = "trust.lock";

/// Which trust store.
#[derive(Clone, Debug, Args)]
pub(crate) struct InStore {
    /// The private folder with the pins [default: $GREATSEAL_TRUST, else greatseal/trust in your configuration]
    #[arg(long, value_name = "FOLDER")]
    trust_store: Option<PathBuf>,
}

impl InStore {
    /// Opens the store.
    pub(crate) fn store(&self) -> Result<TrustStore, Problem> {
        TrustStore::open(self.folder()?.ok_or_else(|| configuration::missing("--trust-store", "trust"))?)
    }

    /// Opens the store; nothing where there is no configuration at all.
    pub(crate) fn if_any(&self) -> Result<Option<TrustStore>, Problem> {
        self.folder()?.map(TrustStore::open).transpose()
    }

    fn folder(&self) -> Result<Option<PathBuf>, Problem> {
        configuration::folder(self.trust_store.as_ref(), "GREATSEAL_TRUST", "--trust-store", "trust")
    }
}

/// A folder of pins that nobody else can change.
#[derive(Debug)]
pub(crate) struct TrustStore {
    folder: PathBuf,
}

impl TrustStore {
    /// Opens the folder; one that does not exist is empty, and made when the first pin is.
    ///
    /// # Errors
    /// `GS-TRUST-PERMISSIONS` when others can write to it.
    pub(crate) fn open(folder: PathBuf) -> Result<Self, Problem> {
        folder::check(&folder)?;
        Ok(Self { folder })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Reads every pin, by name.
    ///
    /// # Errors
    /// `GS-TRUST-MALFORMED` when one is damaged: whom one trusts is not guessed.
    pub(crate) fn pins(&self) -> Result<Vec<Pin>, Problem> {
        let mut pins = Vec::new();
        for name in folder::list(&self.folder)? {
            // What begins with a dot is not finished, or was on its way out.
            if name == LOCK || name.starts_with('.') {
                continue;
            }
            let path = self.folder.join(&name);
            let named = Name::parse(&name).map_err(|_| folder::malformed(&path, "it is no pin"))?;
            if pins.len() >= PINS {
                return Err(folder::malformed(&self.folder, &format!("it holds more than {PINS} pins")));
            }
            pins.push(Pin::read(named, &path)?);
        }
        Ok(pins)
    }

    /// Finds a pin.
    ///
    /// # Errors
    /// `GS-TRUST-UNKNOWN` when there is none of that name.
    pub(crate) fn pin(&self, name: &Name) -> Result<Pin, Problem> {
        let path = self.folder.join(name.as_str());
        if fs::symlink_metadata(&path).is_err() {
            return Err(self.unknown(name));
        }
        Pin::read(name.clone(), &path)
    }

    /// Refuses a name, or a key, that is pinned already.
    ///
    /// One pin per key, so that trusting a bare key never weakens a token that is pinned.
    ///
    /// # Errors
    /// `GS-TRUST-TAKEN`.
    pub(crate) fn admit(&self, name: &Name, key: &Spelled) -> Result<(), Problem> {
        let taken = |fault: String| Err(Problem::new(Code::TrustTaken, fault));
        if fs::symlink_metadata(self.folder.join(name.as_str())).is_ok() {
            return taken(format!("there is a pin {name} already"));
        }
        match self.pins()?.iter().find(|pin| pin.key().public_key() == key.public_key()) {
            Some(pin) => taken(format!("{key} is pinned already, as {}", pin.name())),
            None => Ok(()),
        }
    }

    /// Adds a pin, whole or not at all.
    ///
    /// # Errors
    /// As for [`Self::admit`], or what keeps it from being written.
    pub(crate) fn add(&self, name: &Name, pin: &NewPin) -> Result<Pin, Problem> {
        let _held = self.hold()?;
        self.admit(name, &pin.key_of())?;
        let path = self.folder.join(name.as_str());
        folder::create(&path, &pin.files()?)?;
        Pin::read(name.clone(), &path)
    }

    /// Removes a pin, with everything that was followed from it.
    ///
    /// # Errors
    /// `GS-TRUST-UNKNOWN` when there is none of that name.
    pub(crate) fn remove(&self, name: &Name) -> Result<(), Problem> {
        let path = self.folder.join(name.as_str());
        if fs::symlink_metadata(&path).is_err() {
            return Err(self.unknown(name));
        }
        let _held = self.hold()?;
        folder::remove(&path)
    }

    /// Remembers statements that led on from a pinned token: a newer token and its endorsements.
    ///
    /// They are kept as one step after those before, and nothing takes a step back. Whether they
    /// do lead on is for the caller to know. What is remembered already is not written again.
    ///
    /// # Errors
    /// `GS-TRUST-UNKNOWN` for a name without a pin, `GS-FILE-TOO-LARGE` for more than any step is.
    pub(crate) fn remember(&self, name: &Name, statements: &[&[u8]]) -> Result<(), Problem> {
        let _held = self.hold()?;
        let pin = self.pin(name)?;
        let known = |text: &&[u8]| pin.followed().iter().flatten().any(|known| known == text);
        if !statements.is_empty() && statements.iter().all(known) {
            return Ok(());
        }
        let largest = greatseal_core::limits::TOKEN_BYTES;
        let bytes = pin.followed().iter().flatten().map(Vec::len).chain(statements.iter().map(|text| text.len()));
        let too_large = statements.len() > STEP_STATEMENTS
            || statements.iter().any(|bytes| bytes.len() > largest)
            || bytes.sum::<usize>() > PIN_FOLLOWED_BYTES;
        if too_large || statements.is_empty() || pin.followed().len() >= PIN_STEPS {
            let fault = format!(
                "{name}: a step has 1 to {STEP_STATEMENTS} statements of at most {largest} bytes, and all steps {PIN_FOLLOWED_BYTES}"
            );
            return Err(Problem::new(Code::FileTooLarge, fault));
        }
        let followed = self.folder.join(name.as_str()).join(pin::FOLLOWED);
        folder::make(&followed)?;
        let named = |(number, bytes): (usize, &&[u8])| ((number + 1).to_string(), bytes.to_vec());
        let files: Vec<_> = statements.iter().enumerate().map(named).collect();
        folder::create(&followed.join((pin.followed().len() + 1).to_string()), &files)
    }

    /// Returns every file of every pin, by its path in the store, as they are at one moment.
    ///
    /// # Errors
    /// As for [`Self::pins`]: a damaged store is not backed up as if it were whole.
    pub(crate) fn snapshot(&self) -> Result<Vec<(String, Vec<u8>)>, Problem> {
        if !folder::check(&self.folder)? {
            return Ok(Vec::new());
        }
        let _held = self.hold()?;
        let mut files = Vec::new();
        for pin in self.pins()? {
            folder::collect(&self.folder, pin.name().as_str(), &mut files)?;
        }
        Ok(files)
    }

    fn unknown(&self, name: &Name) -> Problem {
        Problem::new(Code::TrustUnknown, format!("there is no pin {name} in {}", text::path(&self.folder)))
    }

    /// Waits until nobody else changes the store, and takes away what a killed command left.
    fn hold(&self) -> Result<File, Problem> {
        folder::make(&self.folder)?;
        let path = self.folder.join(LOCK);
        let file = folder::open_lock(&path)?;
        file.lock().map_err(|error| Problem::io("cannot lock", &path, &error))?;
        folder::sweep(&self.folder);
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT";

    fn store() -> (tempfile::TempDir, TrustStore) {
        let outer = tempfile::tempdir().unwrap();
        let store = TrustStore::open(outer.path().join("a/trust")).unwrap();
        (outer, store)
    }

    fn key_pin() -> NewPin {
        let anchor = bare(Spelled::parse(KEY).unwrap()).unwrap();
        NewPin::key(anchor, greatseal_core::Timestamp::from_secs(1_700_000_000)).unwrap()
    }

    #[test]
    fn what_was_followed_is_kept_in_order_and_never_taken_back() {
        let (_outer, store) = store();
        let name = Name::parse("acme").unwrap();
        assert_eq!(store.remember(&name, &[b"x"]).unwrap_err().code(), Code::TrustUnknown);
        store.add(&name, &key_pin()).unwrap();
        assert!(store.pin(&name).unwrap().followed().is_empty());
        for step in 0..12u8 {
            store.remember(&name, &[&[b't', step], b"endorsement"]).unwrap();
        }
        let followed = store.pin(&name).unwrap().followed().to_vec();
        assert_eq!(followed.len(), 12);
        for (number, step) in followed.iter().enumerate() {
            assert_eq!(*step, [vec![b't', u8::try_from(number).unwrap()], b"endorsement".to_vec()]);
        }
        for statements in [&[][..], &[&[0u8; 65 * 1024][..]][..], &[&b"x"[..]; 2001][..]] {
            assert_eq!(store.remember(&name, statements).unwrap_err().code(), Code::FileTooLarge);
        }
        assert_eq!(store.pin(&name).unwrap().followed().len(), 12);
        store.remove(&name).unwrap();
        assert!(store.pins().unwrap().is_empty());
    }

    #[test]
    fn one_pin_per_name_and_per_key() {
        let (_outer, store) = store();
        let (acme, other) = (Name::parse("acme").unwrap(), Name::parse("other").unwrap());
        store.add(&acme, &key_pin()).unwrap();
        for name in [&acme, &other] {
            assert_eq!(store.add(name, &key_pin()).unwrap_err().code(), Code::TrustTaken);
        }
        assert_eq!(store.remove(&other).unwrap_err().code(), Code::TrustUnknown);
    }
}
