//! Where custody is, and where passphrases come from.

use std::fs::File;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use greatseal_core::key::Spelled;
use greatseal_core::{Code, Timestamp};
use greatseal_custody::{
    CustodyFault, KeyName, Keystore, Passphrase, PassphraseFault, PassphraseSource, Recipients, Surroundings,
};
use secrecy::SecretString;
use zeroize::Zeroizing;

use greatseal_core::limits::TEXT_FILE_BYTES;

use crate::configuration;
use crate::desk::{Desk, Keyring, NewProtection, Protector};
use crate::files;
use crate::output;
use crate::problem::Problem;
use crate::realm::Realm;
use crate::sealed::SealedStore;
use crate::text;

/// Which custody, and how it is unlocked.
#[derive(Clone, Debug, Args)]
pub(crate) struct Custody {
    /// The private folder with the keys [default: $GREATSEAL_KEYS, else greatseal/keys in your configuration]
    #[arg(long, value_name = "FOLDER")]
    keys: Option<PathBuf>,

    /// Further private folders with keys, brought for this once: another medium, a safe's content.
    #[arg(long, value_name = "FOLDER")]
    more_keys: Vec<PathBuf>,

    /// Encrypt new key files to this recipient of age (age1…) instead of a passphrase; may be repeated.
    #[arg(long, value_name = "RECIPIENT")]
    recipient: Vec<String>,

    /// Encrypt new key files to the recipients in this file, a line each; may be repeated.
    #[arg(long, value_name = "FILE")]
    recipients_file: Vec<PathBuf>,

    /// Open key files that are encrypted to recipients with the age identities in this file; may be repeated.
    #[arg(long, value_name = "FILE")]
    identity: Vec<PathBuf>,

    /// Give up after so many seconds when a key's place does not answer [default: 30; 600 where a person unlocks]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    custody_timeout: Option<u64>,

    #[command(flatten)]
    passphrases: Passphrases,
}

/// Where passphrases come from.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Passphrases {
    /// Read passphrases from this file instead of asking: its first line.
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_fd")]
    passphrase_file: Option<PathBuf>,

    /// Read passphrases from this open file descriptor instead of asking: its first line.
    #[arg(long, value_name = "N")]
    passphrase_fd: Option<u32>,
}

/// Which realm.
#[derive(Clone, Debug, Args)]
pub(crate) struct InRealm {
    /// The realm's folder, or one within it [default: here]
    #[arg(long, value_name = "FOLDER")]
    realm: Option<PathBuf>,
}

impl InRealm {
    /// Says whether a realm was asked for by name, and is not just looked for.
    pub(crate) const fn is_named(&self) -> bool {
        self.realm.is_some()
    }

    pub(crate) fn start(&self) -> &Path {
        self.realm.as_deref().unwrap_or_else(|| Path::new("."))
    }
}

impl Custody {
    /// Opens the private folder.
    pub(crate) fn store(&self) -> Result<Keystore, Problem> {
        Ok(Keystore::open(self.folder()?)?)
    }

    /// Opens realm and custody to issue something.
    pub(crate) fn desk(&self, realm: &InRealm, now: Timestamp) -> Result<Desk, Problem> {
        // Read once, so that a pipe serves both to make keys and to unlock them.
        let given = self.passphrases.given()?;
        let known = given.clone();
        // Read before anything is made: a misspelt recipient is told at once.
        self.recipients()?;
        let custody = self.clone();
        let new_protection: Box<NewProtection> = Box::new(move || match (custody.recipients()?, &known) {
            (Some(recipients), _) => Ok(Protector::Recipients(recipients)),
            (None, Some(text)) => given_passphrase(text).map(Protector::Passphrase),
            (None, None) => ask_twice(NEW_KEYS).map(Protector::Passphrase),
        });
        Ok(Desk {
            realm: Realm::open_to_change(realm.start())?,
            ring: self.keyring(self.around(unlock(given)))?,
            sealed: self.sealed()?,
            apart: self.apart()?,
            new_protection,
            now,
        })
    }

    /// Opens custody alone, to sign what was brought.
    pub(crate) fn ring(&self) -> Result<Keyring, Problem> {
        self.keyring(self.surroundings()?)
    }

    fn keyring(&self, around: Surroundings) -> Result<Keyring, Problem> {
        Ok(Keyring::new(self.store()?, around).with(self.others()?).within(self.custody_timeout))
    }

    /// Tells custody of its surroundings: who knows passphrases, and where agents and services are.
    pub(crate) fn surroundings(&self) -> Result<Surroundings, Problem> {
        Ok(self.around(unlock(self.passphrases.given()?)))
    }

    fn around(&self, passphrases: Arc<dyn PassphraseSource>) -> Surroundings {
        Surroundings { identities: self.identity.clone(), ..configuration::surroundings(passphrases) }
    }

    /// Opens all custody that was named, the everyday one first.
    pub(crate) fn stores(&self) -> Result<Vec<Keystore>, Problem> {
        let mut stores = vec![self.store()?];
        stores.extend(self.others()?);
        Ok(stores)
    }

    /// Returns how many seconds a place gets, where that was said.
    pub(crate) const fn timeout(&self) -> Option<u64> {
        self.custody_timeout
    }

    /// Says whether a person at the terminal would be asked for passphrases.
    pub(crate) fn asks(&self) -> bool {
        let Passphrases { passphrase_file, passphrase_fd } = &self.passphrases;
        passphrase_file.is_none() && passphrase_fd.is_none() && std::io::stdin().is_terminal()
    }

    fn others(&self) -> Result<Vec<Keystore>, Problem> {
        self.more_keys.iter().map(|folder| Ok(Keystore::open(folder)?)).collect()
    }

    /// Returns where sealed revocations are kept: in a folder beside the keys'.
    pub(crate) fn sealed(&self) -> Result<SealedStore, Problem> {
        Ok(SealedStore::beside(&self.folder()?))
    }

    /// Opens the folder beside the keys' for those that are to be carried elsewhere.
    pub(crate) fn apart(&self) -> Result<Keystore, Problem> {
        let keys = self.folder()?;
        let name = keys.file_name().unwrap_or_default().to_string_lossy();
        Ok(Keystore::open(keys.with_file_name(format!("{name}-apart")))?)
    }

    /// Says what protects a new key's file.
    pub(crate) fn new_protection(&self) -> Result<Protector, Problem> {
        match self.recipients()? {
            Some(recipients) => Ok(Protector::Recipients(recipients)),
            None => self.passphrases.new_passphrase(NEW_KEYS).map(Protector::Passphrase),
        }
    }

    /// Reads the recipients that new key files are for; nothing when none was named.
    fn recipients(&self) -> Result<Option<Recipients>, Problem> {
        if self.recipient.is_empty() && self.recipients_file.is_empty() {
            return Ok(None);
        }
        let mut texts = self.recipient.clone();
        for file in &self.recipients_file {
            let bytes = files::read(file, TEXT_FILE_BYTES)?;
            let text = String::from_utf8(bytes)
                .map_err(|_| Problem::usage(format!("{} is no UTF-8 text", text::path(file))))?;
            texts.extend(Recipients::lines(&text).map(str::to_owned));
        }
        Ok(Some(Recipients::parse(texts.iter().map(String::as_str))?))
    }

    pub(crate) fn passphrases(&self) -> &Passphrases {
        &self.passphrases
    }

    fn folder(&self) -> Result<PathBuf, Problem> {
        configuration::folder(self.keys.as_ref(), "GREATSEAL_KEYS", "--keys", "keys")?
            .ok_or_else(|| configuration::missing("--keys", "keys"))
    }
}

impl Passphrases {
    /// Reads from this file, and asks nobody.
    pub(crate) fn of_file(path: &Path) -> Self {
        Self { passphrase_file: Some(path.into()), passphrase_fd: None }
    }

    /// Returns a passphrase for something new; a person types it twice.
    pub(crate) fn new_passphrase(&self, prompt: &str) -> Result<Passphrase, Problem> {
        match self.given()? {
            Some(text) => given_passphrase(&text),
            None => ask_twice(prompt),
        }
    }

    /// Returns the passphrase of something that exists.
    pub(crate) fn existing(&self, prompt: &str) -> Result<Passphrase, Problem> {
        match self.given()? {
            Some(text) => given_passphrase(&text),
            None => Ok(Passphrase::new(SecretString::from(ask(prompt)?.as_str()))?),
        }
    }

    /// Returns whoever knows the passphrases of keys: what was given, else the terminal.
    pub(crate) fn source(&self) -> Result<Arc<dyn PassphraseSource>, Problem> {
        Ok(unlock(self.given()?))
    }

    fn given(&self) -> Result<Option<Given>, Problem> {
        let path = match (&self.passphrase_file, self.passphrase_fd) {
            (Some(path), _) => path.clone(),
            // Opening the descriptor by its name needs no unsafe code.
            (None, Some(number)) => PathBuf::from(format!("/dev/fd/{number}")),
            (None, None) => return Ok(None),
        };
        let file = File::open(&path).map_err(|error| {
            Problem::new(
                Code::CustodyPassphrase,
                format!("cannot read the passphrase from {}: {error}", path.display()),
            )
        })?;
        // As bytes, because the same line is needed for every key.
        let mut line = Zeroizing::new(Vec::with_capacity(LONGEST_LINE));
        let mut reader = std::io::BufReader::with_capacity(1, file);
        std::io::Read::read_to_end(&mut std::io::Read::take(&mut reader, LONGEST_LINE as u64), &mut line).map_err(
            |error| {
                Problem::new(
                    Code::CustodyPassphrase,
                    format!("cannot read the passphrase from {}: {error}", path.display()),
                )
            },
        )?;
        Ok(Some(Arc::new(line)))
    }
}

/// What is asked for new keys.
const NEW_KEYS: &str = "passphrase for the new keys: ";

/// Bytes that are read for a passphrase.
const LONGEST_LINE: usize = 4096;

/// A passphrase that was read, wiped when the last user lets go of it.
type Given = Arc<Zeroizing<Vec<u8>>>;

fn given_passphrase(given: &Given) -> Result<Passphrase, Problem> {
    Ok(Passphrase::from_reader(given.as_slice())?)
}

fn unlock(given: Option<Given>) -> Arc<dyn PassphraseSource> {
    Arc::new(Unlocker { given })
}

/// Knows the passphrase that was given, else asks at the terminal.
struct Unlocker {
    given: Option<Given>,
}

impl Unlocker {
    fn find(&self, prompt: &str, nobody: PassphraseFault) -> Result<Passphrase, CustodyFault> {
        match &self.given {
            Some(given) => Passphrase::from_reader(given.as_slice()),
            None => asked(prompt, nobody),
        }
    }
}

impl PassphraseSource for Unlocker {
    fn passphrase(&self, name: &KeyName, _: &Spelled) -> Result<Passphrase, CustodyFault> {
        self.find(&format!("passphrase of {name}: "), PassphraseFault::Nobody { name: name.clone() })
    }

    fn identity_passphrase(&self, file: &Path, name: &KeyName, _: &Spelled) -> Result<Passphrase, CustodyFault> {
        let prompt = format!("passphrase of {}: ", text::path(file));
        self.find(&prompt, PassphraseFault::Nobody { name: name.clone() })
    }

    /// At the terminal alone: a device that is given a passphrase for its PIN locks itself.
    fn pin(&self, question: &str) -> Result<Passphrase, CustodyFault> {
        asked(&format!("{question}: "), PassphraseFault::NobodyForPin { question: question.into() })
    }

    fn tell(&self, message: &str) {
        output::remark(message);
    }
}

/// Asks for the passphrase of a file that is to be read.
pub(crate) fn asked_for(file: &Path) -> Result<Passphrase, CustodyFault> {
    let question = format!("passphrase of {}", text::path(file));
    asked(&format!("{question}: "), PassphraseFault::NobodyForPin { question })
}

fn asked(prompt: &str, nobody: PassphraseFault) -> Result<Passphrase, CustodyFault> {
    let text = ask(prompt).map_err(|_| nobody)?;
    Passphrase::new(SecretString::from(text.as_str()))
}

fn ask_twice(prompt: &str) -> Result<Passphrase, Problem> {
    let first = ask(prompt)?;
    let second = ask("the same once more: ")?;
    if *first != *second {
        return Err(Problem::new(Code::CustodyPassphrase, "the two passphrases differ").hint("Run it again."));
    }
    Ok(Passphrase::new(SecretString::from(first.as_str()))?)
}

fn ask(prompt: &str) -> Result<Zeroizing<String>, Problem> {
    if !std::io::stdin().is_terminal() {
        return Err(Problem::new(
            Code::CustodyPassphrase,
            "a passphrase is needed, and there is no terminal to ask at",
        ));
    }
    rpassword::prompt_password(prompt)
        .map(Zeroizing::new)
        .map_err(|error| Problem::new(Code::CustodyPassphrase, format!("cannot ask for the passphrase: {error}")))
}
