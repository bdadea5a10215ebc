//! The private folder as a whole: encrypted key files and the table of their names.

use std::collections::BTreeSet;
use std::path::PathBuf;

use greatseal_core::Timestamp;
use greatseal_core::key::{PublicKey, Role, Spelled};

use crate::backend;
use crate::custodian::Custodian;
use crate::encrypted::{self, WorkFactor};
use crate::fault::CustodyFault;
use crate::file::FileCustodian;
use crate::folder::{Held, PrivateFolder};
use crate::memory::{self, SignedStatement};
use crate::name::KeyName;
use crate::passphrase::Passphrase;
use crate::place::Surroundings;
use crate::recipients::Protection;
use crate::seed::Seed;
use crate::table::{Entry, Table};
use crate::unlock::Unlocker;
use crate::uri::{FileName, KeyUri};

const TABLE: &str = "keys.toml";

/// A private folder of keys. Nothing in it is ever overwritten, and only [`Keystore::destroy`]
/// removes a key.
///
/// A key file is on the disk before the table names it, so that a crash between the two leaves a
/// file that no name refers to, an *orphan*, and loses nothing.
#[derive(Clone, Debug)]
pub struct Keystore {
    folder: PrivateFolder,
    work: WorkFactor,
}

/// A key that custody here keeps no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retired {
    /// What is left of it: its name and its public half.
    pub entry: Entry,
    /// Where its private half still is, if it was in no file.
    pub left_at: Option<KeyUri>,
}

/// What is in a keystore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The keys, by name.
    pub entries: Vec<Entry>,
    /// Key files that no name refers to. The key of one that was being generated was never used.
    /// One that belongs to a lost table holds a real key: `age -d FILE` gives it back.
    pub orphans: Vec<PathBuf>,
}

impl Keystore {
    /// Opens the folder; one that does not exist is empty, and made when the first key is.
    ///
    /// # Errors
    /// [`CustodyFault::Permissions`] when others may look into the folder, or
    /// [`CustodyFault::Malformed`] when it is none.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, CustodyFault> {
        let folder = PrivateFolder::new(folder.into());
        folder.check()?;
        Ok(Self { folder, work: WorkFactor::STANDARD })
    }

    /// Returns the private folder.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Sets how much work each guess of a passphrase costs, for keys added from here on.
    #[must_use]
    pub const fn with_work_factor(mut self, work: WorkFactor) -> Self {
        self.work = work;
        self
    }

    /// Generates a key and keeps it under a new name.
    ///
    /// # Errors
    /// [`CustodyFault::Exists`] or [`CustodyFault::Orphan`] where something is in the way; else
    /// what keeps it from being generated or written.
    pub fn create(
        &self,
        name: &KeyName,
        role: Role,
        passphrase: &Passphrase,
        now: Timestamp,
    ) -> Result<Entry, CustodyFault> {
        self.keep(name, &Seed::generate(role)?, passphrase, now)
    }

    /// Keeps an existing seed, as nkey text with or without one line break, under a new name.
    ///
    /// # Errors
    /// [`CustodyFault::Seed`] for a text that is none, [`CustodyFault::SameKey`] for a key that
    /// has a name already; else as for [`Self::create`].
    pub fn import(
        &self,
        name: &KeyName,
        text: &[u8],
        passphrase: &Passphrase,
        now: Timestamp,
    ) -> Result<Entry, CustodyFault> {
        self.keep(name, &Seed::parse_line(text)?, passphrase, now)
    }

    /// Pins a key whose private half is kept elsewhere, so that requests for it are carried.
    ///
    /// # Errors
    /// As for [`Self::import`].
    pub fn pin_offline(&self, name: &KeyName, public: Spelled, now: Timestamp) -> Result<Entry, CustodyFault> {
        self.pin(name, KeyUri::Offline, public, now)
    }

    /// Pins the public key of a key in some place: from here on no other will do.
    ///
    /// # Errors
    /// As for [`Self::import`].
    pub fn pin(&self, name: &KeyName, uri: KeyUri, public: Spelled, now: Timestamp) -> Result<Entry, CustodyFault> {
        let held = self.folder.hold()?;
        let table = self.table()?;
        table.admit(name, &public)?;
        self.record(&held, table, Entry { name: name.clone(), uri, public, created: Some(now) })
    }

    /// Returns every key, and every key file that no name refers to.
    ///
    /// # Errors
    /// What keeps the folder or the table from being read.
    pub fn list(&self) -> Result<Listing, CustodyFault> {
        let listing = self.look()?;
        if listing.orphans.is_empty() {
            return Ok(listing);
        }
        // Perhaps somebody is between the two writes right now: look again when nobody can be.
        let _held = self.folder.hold();
        self.look()
    }

    fn look(&self) -> Result<Listing, CustodyFault> {
        let names = self.folder.names()?;
        let entries: Vec<_> = self.table()?.entries().cloned().collect();
        let known: BTreeSet<_> = entries
            .iter()
            .filter_map(|entry| if let KeyUri::File(file) = &entry.uri { Some(file.as_str()) } else { None })
            .collect();
        let is_orphan = |name: &&String| FileName::parse(name).is_ok() && !known.contains(name.as_str());
        let orphans = names.iter().filter(is_orphan).map(|name| self.folder.join(name)).collect();
        Ok(Listing { entries, orphans })
    }

    /// Returns the table and every key file, orphans included, as they are at one moment.
    ///
    /// # Errors
    /// What keeps one of them from being read.
    pub fn snapshot(&self) -> Result<Vec<(String, Vec<u8>)>, CustodyFault> {
        if !self.folder.check()? {
            return Ok(Vec::new());
        }
        let _held = self.folder.hold()?;
        let is_ours = |name: &String| name == TABLE || FileName::parse(name).is_ok();
        let names = self.folder.names()?.into_iter().filter(is_ours);
        let gone = |name: &str| CustodyFault::Gone { path: self.folder.join(name) };
        names.map(|name| Ok((name.clone(), self.folder.read(&name)?.ok_or_else(|| gone(&name))?))).collect()
    }

    /// Returns the key of a name.
    ///
    /// # Errors
    /// [`CustodyFault::Missing`] when there is none.
    pub fn find(&self, name: &KeyName) -> Result<Entry, CustodyFault> {
        let missing = || CustodyFault::Missing { name: name.clone(), folder: self.folder.path().into() };
        self.table()?.get(name).cloned().ok_or_else(missing)
    }

    /// Returns the entry of a public key, compared by raw bytes; nothing when there is none.
    ///
    /// # Errors
    /// What keeps the table from being read.
    pub fn find_by_key(&self, key: &PublicKey) -> Result<Option<Entry>, CustodyFault> {
        Ok(self.table()?.by_key(key).cloned())
    }

    /// Finds the entry of a public key that can sign here: not kept offline, and a file in place.
    ///
    /// # Errors
    /// As for [`Self::list`].
    pub fn at_hand(&self, key: &PublicKey) -> Result<Option<Entry>, CustodyFault> {
        let Some(entry) = self.find_by_key(key)? else { return Ok(None) };
        let here = match &entry.uri {
            KeyUri::File(file) => self.folder.has(file.as_str())?,
            KeyUri::Offline => false,
            // Whether the place answers, only asking it tells; a name that is pinned there is at hand.
            KeyUri::SshAgent(_) | KeyUri::Pkcs11(_) | KeyUri::Vault(_) | KeyUri::AwsKms(_) => true,
        };
        Ok(here.then_some(entry))
    }

    /// Takes a seed into custody under a name.
    ///
    /// # Errors
    /// As for [`Self::create`].
    pub fn keep(
        &self,
        name: &KeyName,
        seed: &Seed,
        passphrase: &Passphrase,
        now: Timestamp,
    ) -> Result<Entry, CustodyFault> {
        self.keep_for(name, seed, Protection::Passphrase(passphrase), now)
    }

    /// Takes a seed into custody under a name, in a file for a passphrase or for recipients.
    ///
    /// # Errors
    /// As for [`Self::create`]; and what keeps the plugins of recipients from encrypting.
    pub fn keep_for(
        &self,
        name: &KeyName,
        seed: &Seed,
        protection: Protection<'_>,
        now: Timestamp,
    ) -> Result<Entry, CustodyFault> {
        let file = FileName::of(name);
        let orphan = || CustodyFault::Orphan { path: self.folder.join(file.as_str()) };
        let public = Spelled::from(seed.nkey());
        let admit = || {
            let table = self.table()?;
            table.admit(name, &public)?;
            if self.folder.has(file.as_str())? { Err(orphan()) } else { Ok(table) }
        };
        // Before the work, so that a name in use is told at once; and after it, because nobody
        // should have to wait for another's encryption.
        if admit().is_err() {
            // Perhaps somebody is between the two writes right now: ask when nobody can be.
            let _held = self.folder.hold()?;
            admit()?;
        }
        let bytes = encrypted::encrypt(seed, protection, self.work, &self.folder.join(file.as_str()))?;
        let held = self.folder.hold()?;
        let table = admit()?;
        if !self.folder.create(&held, file.as_str(), &bytes)? {
            return Err(orphan());
        }
        self.record(&held, table, Entry { name: name.clone(), uri: KeyUri::File(file), public, created: Some(now) })
    }

    /// Destroys the private half of a key: its file is removed, its name and public half stay. Of a
    /// key in another place, where it is is forgotten.
    ///
    /// A disk may keep the old file's blocks, encrypted as they were; whoever fears for them
    /// destroys the medium.
    ///
    /// # Errors
    /// [`CustodyFault::Missing`], or [`CustodyFault::Offline`] for a key that is not here.
    pub fn destroy(&self, name: &KeyName) -> Result<Retired, CustodyFault> {
        let held = self.folder.hold()?;
        let entry = self.find(name)?;
        if entry.uri == KeyUri::Offline {
            return Err(CustodyFault::Offline { name: name.clone() });
        }
        // The table first: a name without a file would look like a loss, a file without a name is told.
        let gone = Entry { uri: KeyUri::Offline, ..entry.clone() };
        let mut table = self.table()?;
        table.insert(gone.clone());
        self.write_table(&held, &table)?;
        if let KeyUri::File(file) = entry.uri {
            self.folder.remove(&held, file.as_str())?;
            return Ok(Retired { entry: gone, left_at: None });
        }
        Ok(Retired { entry: gone, left_at: Some(entry.uri) })
    }

    /// Returns what a key signed last about a subject, as [`Self::remember`] noted it.
    ///
    /// # Errors
    /// [`CustodyFault::Malformed`] for a note that the key did not sign, or what keeps it from
    /// being read.
    pub fn recall(&self, key: &PublicKey, subject: &str) -> Result<Option<SignedStatement>, CustodyFault> {
        memory::recall(&self.folder, key, subject)
    }

    /// Notes what a key signed about a subject, in the place of what it signed before.
    ///
    /// # Errors
    /// What keeps it from being written; then the older note is still there.
    pub fn remember(&self, key: &PublicKey, subject: &str, statement: &SignedStatement) -> Result<(), CustodyFault> {
        memory::remember(&self.folder, key, subject, statement)
    }

    /// Returns the custodian of a name; nobody is asked and nothing is reached before the first
    /// signature.
    ///
    /// # Errors
    /// [`CustodyFault::Missing`], [`CustodyFault::Offline`] for a key that is not here, or
    /// [`CustodyFault::Unsupported`] for a place that this build does not reach.
    pub fn custodian(&self, name: &KeyName, around: &Surroundings) -> Result<Box<dyn Custodian>, CustodyFault> {
        let Entry { name, uri, public, created: _ } = self.find(name)?;
        match uri {
            KeyUri::File(file) => {
                Ok(Box::new(FileCustodian::within(self.folder.clone(), file, name, public, Unlocker::of(around))))
            }
            KeyUri::Offline => Err(CustodyFault::Offline { name }),
            KeyUri::SshAgent(_) | KeyUri::Pkcs11(_) | KeyUri::Vault(_) | KeyUri::AwsKms(_) => {
                backend::custodian(uri, public, around)
            }
        }
    }

    fn record(&self, held: &Held, mut table: Table, entry: Entry) -> Result<Entry, CustodyFault> {
        table.insert(entry.clone());
        self.write_table(held, &table)?;
        Ok(entry)
    }

    fn write_table(&self, held: &Held, table: &Table) -> Result<(), CustodyFault> {
        let path = self.folder.join(TABLE);
        let refused = |message: String| CustodyFault::Io {
            action: "write",
            path: path.clone(),
            kind: std::io::ErrorKind::InvalidData,
            message,
        };
        let text = table.to_text().map_err(|error| refused(error.to_string()))?;
        // One entry that cannot be read would take every other key with it.
        Table::parse(&path, text.as_bytes())
            .map_err(|fault| refused(format!("it could not be read again: {fault}")))?;
        self.folder.replace(held, TABLE, text.as_bytes())
    }

    fn table(&self) -> Result<Table, CustodyFault> {
        match self.folder.read(TABLE)? {
            Some(bytes) => Table::parse(&self.folder.join(TABLE), &bytes),
            None => Ok(Table::default()),
        }
    }
}
