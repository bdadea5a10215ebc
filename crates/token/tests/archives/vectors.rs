//! Archives that the published provider-archive wrote, both ways.

use core::cell::Cell;
use core::num::NonZeroUsize;
use std::io::{self, Read};

use greatseal_core::key::{Key, Nkey};
use greatseal_core::{Anchor, Code, Policy, Timestamp, View};
use greatseal_testkit::chain::{AT, Token, verify_archive};
use greatseal_testkit::codes;
use greatseal_testkit::vectors::Folder;
use greatseal_token::wascap::archive::{ArchiveFile, Parts, is_archive};
use greatseal_token::wascap::{Entity, Verifier, decode};
use serde::Deserialize;

use crate::build::{Shop, tar, target};

#[derive(Deserialize)]
struct Manifest {
    at: u64,
    trust: String,
    with: Vec<String>,
    subject: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    file: String,
    expected_strict: String,
    files: Vec<String>,
}

#[test]
fn what_the_peer_wrote_is_allowed_and_written_alike() {
    let folder = Folder::open("archives");
    let manifest: Manifest = folder.json("manifest.json");
    let with: Vec<Token> = manifest.with.iter().map(|file| Token::new(folder.read(file))).collect();
    let operator: Key<_> = Nkey::parse(&manifest.trust).unwrap().try_into().unwrap();
    for case in &manifest.cases {
        let bytes = folder.read(&case.file);
        assert_eq!(case.expected_strict, "accept");
        assert!(is_archive(&bytes));
        let ask = verify_archive(&bytes).with(&with).anchor(Anchor::Operator(operator)).at(manifest.at);
        let allow = ask.allowed();
        assert_eq!(allow.chain().last().unwrap().subject.to_string(), manifest.subject);
        assert_eq!(allow.chain().len(), 3);

        let file = ArchiveFile::open(&*bytes).unwrap();
        assert_eq!(file.is_gzipped(), case.file.ends_with(".gz"));
        let token = file.token().to_vec();
        let (contents, parts) = file.parts().unwrap();
        assert_eq!(contents.files.iter().map(|file| file.name.to_string()).collect::<Vec<_>>(), case.files);
        let decoded = decode(&token).unwrap();
        let Entity::Provider(provider) = &decoded.content().entity else { panic!("a provider's") };
        assert_eq!(parts.hashes(), provider.target_hashes);
        assert_eq!(contents.bytes, parts.pack(&token, false).unwrap().len() as u64);
        // Of one program the order is no matter of chance.
        if parts.targets.len() == 1 && case.file.ends_with(".par") {
            assert!(parts.pack(&token, false).unwrap() == bytes, "{}: other bytes", case.file);
        }
    }
    folder.assert_all_used();
}

#[test]
fn what_is_packed_comes_back_and_is_the_same_every_time() {
    let shop = Shop::new("packed");
    let token = shop.token(shop.parts.hashes());
    for compress in [false, true] {
        let packed = shop.parts.pack(token.bytes(), compress).unwrap();
        assert_eq!(shop.parts.pack(token.bytes(), compress).unwrap(), packed);
        shop.ask(&packed).allowed();
        let file = ArchiveFile::open(&*packed).unwrap();
        assert_eq!((file.token(), file.is_gzipped()), (token.bytes(), compress));
        assert_eq!(file.parts().unwrap().1, shop.parts);
    }
    // And the good archive of the attacks is what is packed, but for the spelling of "plain file".
    shop.allows(&tar(&shop.entries()));
}

#[test]
fn any_order_behind_the_token_and_any_record_size_will_do() {
    let shop = Shop::new("order");
    let mut entries = shop.entries();
    entries[1..].reverse();
    shop.allows(&tar(&entries));
    let mut padded = tar(&entries);
    padded.resize(padded.len().next_multiple_of(10_240), 0);
    shop.allows(&padded);
}

/// Notes how far it was read.
struct Counted<'a>(&'a [u8], &'a Cell<usize>);

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1.set(self.1.get() + read);
        Ok(read)
    }
}

#[test]
fn nothing_is_read_on_for_words_nobody_signed() {
    let shop = Shop::new("chain first");
    let mut parts = Parts::default();
    parts.targets.insert(target("x86_64-linux"), vec![b'x'; 1 << 20]);
    let archive = parts.pack(shop.token(parts.hashes()).bytes(), false).unwrap();
    let taken = Cell::new(0);
    let mut verifier = Verifier::new(NonZeroUsize::MIN);
    let mut decide = |anchors: Vec<Anchor>| {
        taken.set(0);
        let view = View::new(Policy::Strict, anchors, Timestamp::from_secs(AT));
        let file = ArchiveFile::open(Counted(&archive, &taken)).unwrap();
        let with = [&shop.realm.root, &shop.realm.tenant].map(|token| verifier.read(token.bytes()).unwrap());
        (verifier.decide_archive(file, with.to_vec(), &view), taken.get())
    };
    let (denied, read) = decide(Vec::new());
    assert_eq!(codes::denied(&denied), Code::OperatorUntrusted);
    assert!(read < 64 * 1024, "{read} bytes");
    let (allowed, read) = decide(vec![Anchor::Operator(shop.realm.operator.typed())]);
    let _ = codes::allowed(&allowed);
    assert_eq!(read, archive.len());
}
