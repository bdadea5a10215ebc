//! Sealed revocations: each key's own, made when the key is, and kept apart from it.
//!
//! Publishing one ends everything that the key ever signed, at once and without the key. Whoever
//! steals one can do that too, and nothing else; so they lie in a folder of their own, and belong on
//! another medium than the keys, and than each other.

use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use greatseal_core::deed::{Act, Deed, Revocation, Target};
use greatseal_core::issue::SigningRequest;
use greatseal_core::key::{Nkey, PublicKey};
use greatseal_core::limits::TOKEN_BYTES;
use greatseal_core::signature::Signature;
use greatseal_core::{Code, Decoded, Timestamp, View};
use greatseal_custody::{KeyName, Seed};
use greatseal_token::deed;
use greatseal_token::wascap::TokenId;

use crate::files;
use crate::problem::Problem;
use crate::text;

/// The private folder with sealed revocations.
#[derive(Clone, Debug)]
pub(crate) struct SealedStore {
    folder: PathBuf,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) name: KeyName,
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
    pub(crate) deed: Decoded<Deed>,
}

impl SealedStore {
    /// Takes the folder beside one with keys: `keys` has `keys-sealed`.
    pub(crate) fn beside(keys: &Path) -> Self {
        let name = keys.file_name().unwrap_or_default().to_string_lossy();
        Self { folder: keys.with_file_name(format!("{name}-sealed")) }
    }

    /// Makes a key's own revocation and keeps it; one that is there already stays.
    ///
    /// # Errors
    /// What keeps it from being made or written.
    pub(crate) fn seal(&self, name: &KeyName, seed: &Seed, now: Timestamp) -> Result<(), Problem> {
        self.seal_signed(name, seed.nkey(), now, |request| Ok(seed.sign(request)?))
    }

    /// Does the same where only a custody can sign with the key.
    ///
    /// # Errors
    /// As for [`Self::seal`], and what custody says.
    pub(crate) fn seal_signed(
        &self,
        name: &KeyName,
        key: Nkey,
        now: Timestamp,
        sign: impl FnOnce(&SigningRequest) -> Result<Signature, Problem>,
    ) -> Result<(), Problem> {
        let path = self.path(name);
        if path.exists() {
            return match self.find(name)?.filter(|sealed| revokes(sealed.deed.content(), &key.public_key())) {
                Some(_) => Ok(()),
                None => Err(Problem::new(Code::CustodyExists, format!("{} is another key's", text::path(&path)))
                    .hint("Move that file to a safe place under another name, and run the command again.")),
            };
        }
        let unsigned = deed::encode(&own_revocation(key, now)?)?;
        let signature = sign(&unsigned.request())?;
        let view = View::new(greatseal_core::Policy::Strict, Vec::new(), now);
        let issued = unsigned.finish(&signature, &view)?;
        write_private(&path, &[issued.bytes(), b"\n"].concat())
    }

    /// Finds the sealed revocation of a name; nothing when there is none here.
    ///
    /// # Errors
    /// When it cannot be read, or is none.
    pub(crate) fn find(&self, name: &KeyName) -> Result<Option<Sealed>, Problem> {
        let path = self.path(name);
        if !path.exists() {
            return Ok(None);
        }
        Sealed::read(name.clone(), path).map(Some)
    }

    /// Says whether the sealed revocation of a name is here, or was taken to another medium.
    pub(crate) fn is_kept(&self, name: &KeyName) -> bool {
        self.path(name).exists() || self.note(name).exists()
    }

    /// Notes that it is kept elsewhere, so that nobody is reminded for ever.
    ///
    /// # Errors
    /// What keeps the note from being written.
    pub(crate) fn note_elsewhere(&self, name: &KeyName) -> Result<(), Problem> {
        let note = self.note(name);
        if note.exists() { Ok(()) } else { write_private(&note, b"kept on another medium\n") }
    }

    fn note(&self, name: &KeyName) -> PathBuf {
        self.folder.join(format!("{}.elsewhere", name.as_str()))
    }

    fn path(&self, name: &KeyName) -> PathBuf {
        self.folder.join(format!("{}.revocation.jwt", name.as_str()))
    }
}

impl Sealed {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, or holds no revocation of a key by itself.
    pub(crate) fn read(name: KeyName, path: PathBuf) -> Result<Self, Problem> {
        let bytes = files::read(&path, TOKEN_BYTES as u64 + 1)?;
        let deed = deed::decode(bytes.trim_ascii())
            .map_err(|fault| Problem::new(fault.code(), format!("{}: {fault}", text::path(&path))))?;
        Ok(Self { name, path, bytes, deed })
    }
}

/// Says whether a deed is this key's revocation of everything that it signed.
pub(crate) fn revokes(deed: &Deed, own: &PublicKey) -> bool {
    let all = matches!(
        &deed.act,
        Act::Revoke(Revocation { target: Target::Key(named), survivors: None }) if named == own
    );
    all && deed.signer == *own
}

/// Writes down a key's revocation of everything that it signs.
pub(crate) fn own_revocation(key: Nkey, now: Timestamp) -> Result<Deed, Problem> {
    let act = Act::Revoke(Revocation { target: Target::Key(key.into()), survivors: None });
    Ok(Deed { signer: key.into(), id: token_id()?.as_str().to_owned(), issued_at: now, act })
}

/// Draws what tells two statements of one second apart.
pub(crate) fn token_id() -> Result<TokenId, Problem> {
    nonce().map(u128::from_le_bytes).map(TokenId::from_entropy)
}

/// Draws random bytes.
pub(crate) fn nonce<const N: usize>() -> Result<[u8; N], Problem> {
    let mut entropy = [0u8; N];
    getrandom::fill(&mut entropy)
        .map_err(|error| Problem::new(Code::Io, format!("this machine gives no randomness: {error}")))?;
    Ok(entropy)
}

/// Writes a new file that only its owner can read.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| Problem::io("cannot make", folder, &error))?;
    let write = || -> io::Result<()> {
        // Readable by nobody else from its first moment on.
        let mut file = tempfile::Builder::new().prefix(".greatseal-").tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path).map_err(|refused| refused.error)?;
        fs::File::open(folder)?.sync_all()
    };
    write().map_err(|error| Problem::io("cannot write", path, &error))
}
