//! Files of age identities: what opens key files that are encrypted to recipients.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use age::x25519;
use greatseal_core::limits::TEXT_FILE_BYTES;
use zeroize::Zeroizing;

use crate::encrypted;
use crate::fault::CustodyFault;
use crate::passphrase::Passphrase;
#[cfg(not(feature = "age-plugin"))]
use crate::recipients;

/// The most that are tried, because each is tried with each recipient of a file.
const MOST: usize = 64;

/// How lines of plugins begin.
const PLUGIN: &str = "AGE-PLUGIN-";

/// Identities of some files; those of age's own are wiped when dropped.
#[derive(Default)]
pub(crate) struct Identities {
    pub(crate) own: Vec<x25519::Identity>,
    #[cfg(feature = "age-plugin")]
    pub(crate) plugins: Vec<age::plugin::Identity>,
}

impl Identities {
    /// Reads files as `age-keygen` and plugins write them, each perhaps encrypted to a passphrase,
    /// for which `ask` is asked with the file's path.
    ///
    /// # Errors
    /// [`CustodyFault::Setup`] for a file that is not there, [`CustodyFault::Permissions`] for a
    /// secret that others may read, and what else keeps one from being read.
    pub(crate) fn read(
        paths: &[PathBuf],
        ask: impl Fn(&Path) -> Result<Passphrase, CustodyFault>,
    ) -> Result<Self, CustodyFault> {
        let mut identities = Self::default();
        for path in paths {
            let (bytes, open) = bytes(path)?;
            if encrypted::is_age(&bytes) {
                let text = encrypted::text(&bytes, &ask(path)?).map_err(|refusal| refusal.of(path))?;
                identities.add(path, &text)?;
            } else {
                let before = identities.own.len();
                identities.add(path, &bytes)?;
                // What plugins and passphrases guard, others may read.
                if identities.own.len() > before {
                    open?;
                }
            }
        }
        Ok(identities)
    }

    fn add(&mut self, path: &Path, bytes: &[u8]) -> Result<(), CustodyFault> {
        let malformed = |problem| CustodyFault::Malformed { path: path.into(), problem };
        let text = std::str::from_utf8(bytes).map_err(|_| malformed("it is no UTF-8 text"))?;
        let before = self.count();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if line.starts_with(PLUGIN) {
                self.add_plugin(line, malformed)?;
            } else {
                let own = line.parse().map_err(|_| malformed("it has a line that is no age identity"))?;
                self.own.push(own);
            }
            if self.count() > MOST {
                return Err(malformed("with it there are more than 64 identities, which are not tried"));
            }
        }
        if self.count() == before { Err(malformed("it holds no age identity")) } else { Ok(()) }
    }

    #[cfg(feature = "age-plugin")]
    fn add_plugin(&mut self, line: &str, malformed: impl Fn(&'static str) -> CustodyFault) -> Result<(), CustodyFault> {
        let plugin = line.parse().map_err(|_| malformed("it has an identity of a plugin that was changed"))?;
        self.plugins.push(plugin);
        Ok(())
    }

    #[cfg(not(feature = "age-plugin"))]
    #[expect(clippy::unused_self, reason = "with plugins, it is used")]
    fn add_plugin(
        &mut self,
        line: &str,
        _malformed: impl Fn(&'static str) -> CustodyFault,
    ) -> Result<(), CustodyFault> {
        // Its name only: what follows may be a secret of the plugin's.
        let name = line.strip_prefix(PLUGIN).and_then(|rest| rest.rsplit_once("-1")).map_or("", |(name, _)| name);
        Err(recipients::without_plugins(&format!("an identity of age-plugin-{}", name.to_ascii_lowercase())))
    }

    #[cfg(feature = "age-plugin")]
    fn count(&self) -> usize {
        self.own.len() + self.plugins.len()
    }

    #[cfg(not(feature = "age-plugin"))]
    fn count(&self) -> usize {
        self.own.len()
    }
}

/// A secret, and a complaint for later if others may read it.
type Guarded = (Zeroizing<Vec<u8>>, Result<(), CustodyFault>);

fn bytes(path: &Path) -> Result<Guarded, CustodyFault> {
    let fault = |error: io::Error| {
        if error.kind() == io::ErrorKind::NotFound {
            return CustodyFault::Setup { problem: format!("there is no file of identities at {}", path.display()) };
        }
        CustodyFault::io("read", path, &error)
    };
    // Before it is opened: opening a pipe would wait for whoever writes into it.
    if !fs::metadata(path).map_err(fault)?.is_file() {
        return Err(CustodyFault::Malformed { path: path.into(), problem: "it is no regular file" });
    }
    let file = File::open(path).map_err(fault)?;
    let metadata = file.metadata().map_err(fault)?;
    let too_large = CustodyFault::FileTooLarge { path: path.into(), limit: TEXT_FILE_BYTES };
    let room = match usize::try_from(metadata.len()) {
        Ok(length) if metadata.len() <= TEXT_FILE_BYTES => length + 1,
        Ok(_) | Err(_) => return Err(too_large),
    };
    // As large as it will be, so that it does not move and leave a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    let read = file.take(TEXT_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(fault)?;
    if read as u64 > TEXT_FILE_BYTES {
        return Err(too_large);
    }
    Ok((bytes, private(path, &metadata)))
}

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
