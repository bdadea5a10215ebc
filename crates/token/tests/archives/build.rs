//! A provider in a realm of its own, and tars from parts.

use std::collections::BTreeMap;

use flate2::{Compression, write::GzEncoder};
use greatseal_core::Code;
use greatseal_testkit::chain::{Question, Realm, TestKey, Token, provider, provider_token, verify_archive};
use greatseal_token::wascap::archive::{Parts, Target};
use std::io::Write as _;
use tar::Header;

/// A realm with a provider that has two programs and a world.
pub(crate) struct Shop {
    pub(crate) realm: Realm,
    pub(crate) provider: TestKey,
    pub(crate) parts: Parts,
}

impl Shop {
    pub(crate) fn new(name: &str) -> Self {
        Self { realm: Realm::new(name), provider: provider(name), parts: parts(name) }
    }

    /// A token that vouches for these hashes.
    pub(crate) fn token(&self, hashes: BTreeMap<String, String>) -> Token {
        provider_token(&self.provider, &self.realm.account_signer).targets(hashes).sign()
    }

    /// The entries of the good archive: token, world, two programs.
    pub(crate) fn entries(&self) -> Vec<Vec<u8>> {
        let token = self.token(self.parts.hashes());
        let mut entries = vec![file("claims.jwt", token.bytes())];
        entries.extend(self.parts.world.iter().map(|world| file("world.wasm", world)));
        entries.extend(self.parts.targets.iter().map(|(target, bytes)| file(&format!("{target}.bin"), bytes)));
        entries
    }

    pub(crate) fn ask<'t>(&self, archive: &'t [u8]) -> Question<'t> {
        verify_archive(archive).with([&self.realm.root, &self.realm.tenant]).trust(&self.realm.operator)
    }

    /// Insists on a refusal for one reason, gzipped or not.
    #[track_caller]
    pub(crate) fn refuses(&self, archive: &[u8], code: Code) {
        assert_eq!(self.ask(archive).denied(), code);
        assert_eq!(self.ask(&gzip(archive)).denied(), code, "gzipped");
    }

    #[track_caller]
    pub(crate) fn allows(&self, archive: &[u8]) {
        self.ask(archive).allowed();
        self.ask(&gzip(archive)).allowed();
    }
}

pub(crate) fn target(name: &str) -> Target {
    Target::parse(name).unwrap()
}

pub(crate) fn parts(name: &str) -> Parts {
    let program = |target: &str| format!("{name} for {target}").repeat(50).into_bytes();
    let targets = ["aarch64-linux", "x86_64-linux"].map(|name| (target(name), program(name)));
    Parts { world: Some(b"a world".to_vec()), targets: targets.into() }
}

/// A header and what follows it, whatever the kind.
pub(crate) fn entry(name: &str, kind: u8, data: &[u8]) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.as_old_mut().linkflag = [kind];
    header.set_size(data.len() as u64);
    with_header(header, data)
}

pub(crate) fn with_header(mut header: Header, data: &[u8]) -> Vec<u8> {
    header.set_cksum();
    let mut entry = [header.as_bytes(), data].concat();
    entry.resize(entry.len().next_multiple_of(512), 0);
    entry
}

pub(crate) fn file(name: &str, data: &[u8]) -> Vec<u8> {
    entry(name, b'0', data)
}

/// Entries and the end behind them.
pub(crate) fn tar(entries: &[Vec<u8>]) -> Vec<u8> {
    [&entries.concat()[..], &[0; 1024]].concat()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}
