//! The token: read from its file when it is needed, and again when it was refused.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::fault::CustodyFault;
use crate::place::Surroundings;
use crate::uri::VaultUri;

/// Where `bao login` and `vault login` write it, in the home folder.
const FILE: &str = ".vault-token";
/// Bytes of a file with a token: a batch token has a few hundred.
const TOKEN_BYTES: u64 = 16 * 1024;

/// A token's file, and what was read from it last.
pub(super) struct Token {
    path: PathBuf,
    known: Mutex<Option<Arc<SecretString>>>,
}

impl Token {
    /// Names the file; nothing is read yet.
    pub(super) fn of(uri: &VaultUri, around: &Surroundings) -> Result<Self, CustodyFault> {
        let path = match (uri.token_file(), &around.home) {
            (Some(path), _) => path.into(),
            (None, Some(home)) => home.join(FILE),
            (None, None) => {
                let problem = format!("there is no home folder to look for {FILE} in: name a file with `token-file=`");
                return Err(CustodyFault::Setup { problem });
            }
        };
        Ok(Self { path, known: Mutex::new(None) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns what was read last, or reads it.
    pub(super) fn current(&self) -> Result<Arc<SecretString>, CustodyFault> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some(token) => Ok(Arc::clone(token)),
            None => Ok(Arc::clone(known.insert(Arc::new(read(&self.path)?)))),
        }
    }

    /// Reads the file again after a refusal: an agent may have written a new token. Says nothing
    /// when it is the one that was refused.
    pub(super) fn renewed(&self, refused: &SecretString) -> Result<Option<Arc<SecretString>>, CustodyFault> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = Arc::new(read(&self.path)?);
        let differs = fresh.expose_secret() != refused.expose_secret();
        *known = Some(Arc::clone(&fresh));
        Ok(differs.then_some(fresh))
    }
}

/// Reads a token from a file of ours alone.
fn read(path: &Path) -> Result<SecretString, CustodyFault> {
    let fault = |error: &std::io::Error| CustodyFault::io("read the token in", path, error);
    // Before it is opened: opening a pipe would wait for whoever writes into it.
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let problem = format!("there is no token in {}: log in, or let an agent write one there", path.display());
            return Err(CustodyFault::Setup { problem });
        }
        Err(error) => return Err(fault(&error)),
    };
    if !metadata.is_file() {
        return Err(CustodyFault::Malformed { path: path.into(), problem: "it is no regular file" });
    }
    let file = File::open(path).map_err(|error| fault(&error))?;
    private(path, &file.metadata().map_err(|error| fault(&error))?)?;
    // As large as it may ever be, so that it never moves and leaves a copy behind.
    let limit = usize::try_from(TOKEN_BYTES).unwrap_or(usize::MAX).saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit));
    let read = file.take(TOKEN_BYTES + 1).read_to_end(&mut bytes).map_err(|error| fault(&error))?;
    if read as u64 > TOKEN_BYTES {
        return Err(CustodyFault::FileTooLarge { path: path.into(), limit: TOKEN_BYTES });
    }
    let token = bytes.trim_ascii();
    if token.is_empty() || !token.iter().all(u8::is_ascii_graphic) {
        return Err(CustodyFault::Malformed { path: path.into(), problem: "it holds no token" });
    }
    let text = std::str::from_utf8(token);
    text.map(SecretString::from)
        .map_err(|_| CustodyFault::Malformed { path: path.into(), problem: "it holds no token" })
}

/// Insists that nobody but the owner may read or write it, as of key files.
#[cfg(unix)]
fn private(path: &Path, metadata: &fs::Metadata) -> Result<(), CustodyFault> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(CustodyFault::Permissions { path: path.into(), mode, allowed: 0o600 }) }
}

/// Elsewhere there are no permission bits.
#[cfg(not(unix))]
fn private(_path: &Path, _metadata: &fs::Metadata) -> Result<(), CustodyFault> {
    Ok(())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn write(path: &Path, bytes: &[u8], mode: u32) {
        fs::write(path, bytes).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn it_is_read_without_the_line_break_and_only_from_a_file_of_ours() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        assert!(matches!(read(&path), Err(CustodyFault::Setup { .. })));
        for text in ["s.abc", "s.abc\n", " s.abc\r\n"] {
            write(&path, text.as_bytes(), 0o600);
            assert_eq!(read(&path).unwrap().expose_secret(), "s.abc");
        }
        for mode in [0o640, 0o604, 0o620, 0o666] {
            write(&path, b"s.abc", mode);
            let fault = read(&path).unwrap_err();
            assert_eq!(fault, CustodyFault::Permissions { path: path.clone(), mode, allowed: 0o600 });
        }
        for bytes in [&b""[..], b"\n", b"a b", b"a\nb", b"\xff", b"a\0"] {
            write(&path, bytes, 0o600);
            assert!(matches!(read(&path), Err(CustodyFault::Malformed { .. })), "{bytes:?}");
        }
        write(&path, &[b'a'; 16 * 1024 + 1], 0o600);
        assert!(matches!(read(&path), Err(CustodyFault::FileTooLarge { .. })));
        assert!(matches!(read(folder.path()), Err(CustodyFault::Malformed { .. })));
    }

    #[test]
    fn it_is_read_again_only_when_it_was_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        write(&path, b"first", 0o600);
        let token = Token { path: path.clone(), known: Mutex::new(None) };
        let first = token.current().unwrap();
        write(&path, b"second", 0o600);
        assert_eq!(token.current().unwrap().expose_secret(), "first");
        assert_eq!(token.renewed(&first).unwrap().unwrap().expose_secret(), "second");
        let second = token.current().unwrap();
        assert_eq!(second.expose_secret(), "second");
        assert!(token.renewed(&second).unwrap().is_none());
    }
}
