//! Writing a provider archive: the same bytes for the same files and token, always.

use std::collections::BTreeMap;
use std::io::Write as _;

use data_encoding::HEXUPPER;
use flate2::{Compression, write::GzEncoder};
use greatseal_core::error::{ArchiveFault, Quoted};
use greatseal_core::limits::{ARCHIVE_BYTES, ARCHIVE_FILES};
use sha2::{Digest, Sha256};
use tar::Header;

use super::name::{Name, Target};
use super::tape::{BLOCK, padding};

/// The files that a token is to vouch for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// The WIT world, encoded as a component.
    pub world: Option<Vec<u8>>,
    /// A program for each target.
    pub targets: BTreeMap<Target, Vec<u8>>,
}

impl Parts {
    /// Hashes every file, as `target_hashes` holds it.
    #[must_use]
    pub fn hashes(&self) -> BTreeMap<String, String> {
        let hash = |bytes: &[u8]| HEXUPPER.encode(&Sha256::digest(bytes));
        self.files().map(|(name, bytes)| (name.key().to_owned(), hash(bytes))).collect()
    }

    /// Writes the archive: token, world, then the programs in the order of their targets.
    ///
    /// Byte for byte what `provider-archive` 0.16 writes, but for the order of the programs, which
    /// is random there: no owner, no mode, no time. Compressed, the bytes are those of this
    /// version's compressor.
    ///
    /// # Errors
    /// [`ArchiveFault::Empty`] without a program; [`ArchiveFault::TooLarge`] and
    /// [`ArchiveFault::TooMany`] for what nobody would read back.
    pub fn pack(&self, token: &[u8], compress: bool) -> Result<Vec<u8>, ArchiveFault> {
        if self.targets.is_empty() {
            return Err(ArchiveFault::Empty);
        }
        let files = || core::iter::once((Name::Claims, token)).chain(self.files());
        if files().count() > ARCHIVE_FILES {
            return Err(ArchiveFault::TooMany { limit: ARCHIVE_FILES });
        }
        let end = [0; 2 * BLOCK];
        let length = files().fold(end.len() as u64, |length, (_, bytes)| {
            let file = bytes.len() as u64;
            length.saturating_add(BLOCK as u64).saturating_add(file).saturating_add(padding(file) as u64)
        });
        if length > ARCHIVE_BYTES {
            return Err(ArchiveFault::TooLarge { limit: ARCHIVE_BYTES, place: "unpacked" });
        }

        let mut tar = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        for (name, bytes) in files() {
            tar.extend_from_slice(header(&name, bytes.len() as u64)?.as_bytes());
            tar.extend_from_slice(bytes);
            tar.resize(tar.len() + padding(bytes.len() as u64), 0);
        }
        tar.extend_from_slice(&end);
        if !compress {
            return Ok(tar);
        }
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        let written = gzip.write_all(&tar).and_then(|()| gzip.finish());
        // Nothing keeps memory from being written to.
        written.map_err(|error| ArchiveFault::Source { detail: Quoted::sentence(&error.to_string()) })
    }

    fn files(&self) -> impl Iterator<Item = (Name, &[u8])> {
        let world = self.world.as_deref().map(|bytes| (Name::World, bytes));
        let programs = self.targets.iter().map(|(target, bytes)| (Name::Target(target.clone()), bytes.as_slice()));
        world.into_iter().chain(programs)
    }
}

fn header(name: &Name, bytes: u64) -> Result<Header, ArchiveFault> {
    let mut header = Header::new_gnu();
    let refused = ArchiveFault::Entry { name: Quoted::new(&name.to_string()), problem: "does not fit a header" };
    header.set_path(name.to_string()).map_err(|_| refused)?;
    header.set_size(bytes);
    header.set_cksum();
    Ok(header)
}
