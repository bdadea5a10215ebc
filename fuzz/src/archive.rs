//! Provider archives: files found exactly where a plain tar has them, however the bytes arrive.

use std::io::{self, Read};

use data_encoding::HEXUPPER;
use greatseal_core::Code;
use greatseal_core::error::ArchiveFault;
use greatseal_token::wascap::archive::{ArchiveFile, Contents, Name, Parts, is_archive};
use sha2::{Digest, Sha256};

use crate::input::Input;
use crate::naive::tar;

/// Takes an archive, or, where it does not begin like one, what an archive is made of.
pub fn check(data: &[u8]) {
    if is_archive(data) {
        archive(data);
        return;
    }
    let mut input = Input::new(data);
    let made = build(&mut input);
    archive(&made);
    if !input.is_empty() {
        let mut edited = made;
        input.edit(&mut edited);
        archive(&edited);
        // And with sums that fit, which chance alone does not give.
        for header in edited.chunks_exact_mut(512) {
            if header[0] != 0 && header[257..262] == *b"ustar" {
                sign_off(header);
            }
        }
        archive(&edited);
    }
}

const NAMES: [&str; 16] = [
    "claims.jwt",
    "world.wasm",
    "x86_64-linux.bin",
    "aarch64-linux.bin",
    "a.bin",
    "claims.bin",
    "world.wasm.bin",
    "../x.bin",
    "a/claims.jwt",
    ".bin",
    "x.so",
    "",
    "a.b.bin",
    "A-_.bin",
    "claims.jwt/",
    "é.bin",
];

/// Writes entries, most of them good: what it is, how it is spelled, how long it is.
fn build(input: &mut Input<'_>) -> Vec<u8> {
    let mut made = Vec::new();
    let count = input.byte();
    for number in 0..count % 8 {
        let [what, how, length] = input.array();
        let name = if number == 0 && how & 1 == 0 { NAMES[0] } else { NAMES[usize::from(what % 16)] };
        let length = usize::from(length) * if how & 2 == 0 { 1 } else { 5 };
        let mut data = input.take(length).to_vec();
        data.resize(length, what);
        let mut header = [0; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..136].copy_from_slice(match how >> 4 {
            0 => b"+0000000010\0",
            1 => b"        010\0",
            2 => b"00000000010 ",
            _ => b"00000000000\0",
        });
        if how >> 4 > 2 {
            header[124..135].copy_from_slice(format!("{length:011o}").as_bytes());
        }
        header[156] = match how >> 2 & 3 {
            0 => 0,
            3 if what > 0x80 => what,
            _ => b'0',
        };
        header[257..265].copy_from_slice(if what & 0x10 == 0 { b"ustar  \0" } else { b"ustar\x0000" });
        if what & 0x60 == 0x60 {
            header[345] = b'p';
        }
        sign_off(&mut header);
        made.extend(header);
        made.extend(&data);
        made.resize(made.len().next_multiple_of(512), u8::from(what == 0xff));
    }
    made.resize(made.len() + usize::from(2 + (count >> 3) % 4) * 512, 0);
    if count > 0xf0 {
        made.truncate(made.len() - usize::from(count & 7) * 500);
    }
    made
}

fn sign_off(header: &mut [u8]) {
    let sum = format!("{:06o}\0 ", tar::sum(header));
    header[148..156].copy_from_slice(&sum.as_bytes()[..8]);
}

fn archive(bytes: &[u8]) {
    let read = read(bytes);
    let again = read_from(Trickle(bytes));
    assert_eq!(read, again, "it depends on how the bytes arrive");
    if bytes.starts_with(&[0x1f, 0x8b]) {
        if let Ok((token, contents, parts)) = &read {
            comes_back(token, contents, parts);
        }
        return;
    }
    match (&read, tar::read(bytes)) {
        (Ok((token, contents, parts)), Some(files)) => {
            assert_eq!(*token, files[0].1);
            let found: Vec<(String, u64, [u8; 32])> =
                contents.files.iter().map(|file| (file.name.to_string(), file.bytes, file.hash)).collect();
            let wanted: Vec<(String, u64, [u8; 32])> = files[1..]
                .iter()
                .map(|(name, data)| (name.clone(), data.len() as u64, Sha256::digest(data).into()))
                .collect();
            assert_eq!(found, wanted);
            assert_eq!(contents.bytes, bytes.len() as u64);
            comes_back(token, contents, parts);
        }
        (Err(_), None) => {}
        (Ok(_), None) => panic!("a naive reader refuses this archive"),
        (Err(fault), Some(files)) => {
            assert!(files.is_empty() || files[0].1.len() > 64 * 1024, "a naive reader takes this archive: {fault}");
        }
    }
    // Gzipped it is the same, or refused for the same.
    let code = |read: &Outcome| read.as_ref().err().map(ArchiveFault::code);
    let gzipped = self::read(&tar::stored(bytes));
    assert_eq!(code(&gzipped), code(&read));
    if let Ok(read) = read {
        assert_eq!(gzipped.expect("it has no code"), read);
        let twice = [tar::stored(bytes), tar::stored(b"")].concat();
        assert_eq!(code(&self::read(&twice)), Some(Code::ArchiveTrailing));
    }
}

type Outcome = Result<(Vec<u8>, Contents, Parts), ArchiveFault>;

fn read(bytes: &[u8]) -> Outcome {
    let outcome = read_from(bytes);
    let hashed = ArchiveFile::open(bytes).and_then(ArchiveFile::contents);
    assert_eq!(outcome.clone().map(|(_, contents, _)| contents), hashed);
    outcome
}

fn read_from(source: impl Read) -> Outcome {
    let file = ArchiveFile::open(source)?;
    let token = file.token().to_vec();
    let (contents, parts) = file.parts()?;
    Ok((token, contents, parts))
}

/// One byte at a time.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(1);
        self.0.read(&mut buffer[..most])
    }
}

/// Packs what was read, and holds hashes against it that are right, and wrong in each way.
fn comes_back(token: &[u8], contents: &Contents, parts: &Parts) {
    let hashes = parts.hashes();
    assert_eq!(hashes.len(), contents.files.len());
    for file in &contents.files {
        assert_eq!(hashes[file.name.key()], HEXUPPER.encode(&file.hash));
        let mut fewer = hashes.clone();
        fewer.remove(file.name.key());
        assert!(matches!(contents.check(&fewer), Err(ArchiveFault::Unlisted { .. })));
        let mut other = hashes.clone();
        other.insert(file.name.key().into(), HEXUPPER.encode(&[0; 32]));
        assert!(matches!(contents.check(&other), Err(ArchiveFault::Hash { .. })));
    }
    let mut more = hashes.clone();
    more.insert("claims.jwt".into(), String::new());
    assert!(matches!(contents.check(&more), Err(ArchiveFault::Missing { .. })));

    let programs = contents.files.iter().any(|file| matches!(file.name, Name::Target(_)));
    let packed = parts.pack(token, false);
    if !programs {
        assert_eq!((contents.check(&hashes), packed), (Err(ArchiveFault::Empty), Err(ArchiveFault::Empty)));
        return;
    }
    assert_eq!(contents.check(&hashes), Ok(()));
    let packed = packed.expect("what was read can be packed");
    for bytes in [&packed, &parts.pack(token, true).expect("compressed, too")] {
        match read_from(&bytes[..]) {
            Ok((again, _, same)) => assert_eq!((again.as_slice(), &same), (token, parts)),
            Err(fault) => panic!("what was packed is not read: {fault}"),
        }
    }
    let names: Vec<String> = tar::read(&packed).expect("it is a tar").into_iter().map(|(name, _)| name).collect();
    // The world, then by target: `a.bin` stands before `a.b.bin`.
    let place = |name: &String| (name != "world.wasm", name.trim_end_matches(".bin").to_owned());
    assert!(names[1..].is_sorted_by_key(place));
}
