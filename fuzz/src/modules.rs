//! WebAssembly files: the token cut out of exactly its place, and put in so that it is found again.

use data_encoding::BASE64URL_NOPAD;
use greatseal_core::error::ModuleFault;
use greatseal_token::wascap::module::{Kind, ModuleFile, embed, is_wasm, strip};
use sha2::{Digest, Sha256};

use crate::input::Input;
use crate::naive::wasm;

/// Longest token that is put in: its length takes one byte or two.
const LONGEST: usize = 300;

/// Takes a file, or, where it does not begin like one, what a file is made of.
pub fn check(data: &[u8]) {
    let mut token = BASE64URL_NOPAD.encode(data);
    token.truncate(LONGEST.min(data.len()));
    if is_wasm(data) {
        file(data, &token);
    } else {
        let mut input = Input::new(data);
        let mut made = Vec::new();
        build(&mut input, &mut made, 0);
        file(&made, &token);
        if !input.is_empty() {
            input.edit(&mut made);
            file(&made, &token);
        }
    }
}

const NAMES: [&str; 8] = ["wasmcloud_jwt", "jwt", "name", "", "JWT", "jwt\0", "wasmcloud_jwt_", "é"];

/// Most sections of one module or component, and how deep they are built.
const SECTIONS: usize = 12;
const LEVELS: usize = 70;

/// Writes a module or component, most of it well-formed.
fn build(input: &mut Input<'_>, out: &mut Vec<u8>, depth: usize) {
    let begin = input.byte();
    out.extend_from_slice(match begin >> 4 {
        0 => b"\0asm\x02\0\0\0",
        1..=7 => b"\0asm\x01\0\0\0",
        _ => b"\0asm\x0d\0\x01\0",
    });
    for _ in 0..usize::from(begin) % (SECTIONS + 1) {
        let [what, how] = input.array();
        let widths = (usize::from(how) >> 4 & 3, usize::from(how) >> 6);
        match what % 8 {
            0 | 1 => {
                let name = NAMES[usize::from(how & 7)];
                let length = usize::from(input.byte());
                let content = [&padded(name.len(), widths.1), name.as_bytes(), input.take(length)].concat();
                section(0, &content, widths.0, out);
            }
            2 | 3 if depth < LEVELS => {
                let mut inner = Vec::new();
                build(input, &mut inner, depth + 1);
                section(if how & 1 == 0 { 1 } else { 4 }, &inner, widths.0, out);
            }
            4 => {
                let length = usize::from(input.byte() % 16);
                section(how % 16, input.take(length), widths.0, out);
            }
            5 => {
                // Bodies of functions, which have lengths of their own.
                let count = usize::from(how % 4);
                let mut content = padded(count, widths.1);
                for _ in 0..count {
                    let length = usize::from(input.byte() % 8);
                    let body = input.take(length);
                    content.extend(padded(body.len(), widths.1));
                    content.extend_from_slice(body);
                }
                section(10, &content, widths.0, out);
            }
            6 => {
                // Long enough that lengths take three bytes.
                let filling = vec![how; usize::from(input.byte()) * 97];
                section(0, &[&[4], &b"long"[..], &filling].concat(), widths.0, out);
            }
            _ => out.extend_from_slice(input.take(usize::from(how % 4))),
        }
    }
}

fn section(id: u8, content: &[u8], more: usize, out: &mut Vec<u8>) {
    out.push(id);
    out.extend(padded(content.len(), more));
    out.extend_from_slice(content);
}

/// Writes a length in so many more bytes than it needs.
fn padded(length: usize, more: usize) -> Vec<u8> {
    let mut bytes = wasm::leb128(length);
    for _ in 0..more {
        if let Some(last) = bytes.last_mut() {
            *last |= 0x80;
        }
        bytes.push(0);
    }
    bytes
}

fn file(bytes: &[u8], token: &str) {
    let naive = wasm::read(bytes);
    let read = ModuleFile::read(bytes);
    match &read {
        Ok(file) => agrees(file, naive.as_ref().expect("a naive reader refuses this file"), bytes),
        Err(ModuleFault::Ambiguous { .. }) => {
            assert!(naive.as_ref().is_none_or(|naive| naive.tokens().len() > 1 || naive.enclosed_tokens() > 0));
        }
        Err(ModuleFault::Padded { .. }) => {
            assert!(naive.as_ref().is_none_or(|naive| naive.tokens().iter().any(|section| !section.minimal)));
        }
        Err(ModuleFault::Malformed { .. } | ModuleFault::Encoding { .. }) => {}
        Err(other) => panic!("{other}"),
    }
    match strip(bytes) {
        Ok(stripped) => {
            assert!(matches!(read, Ok(_) | Err(ModuleFault::Ambiguous { .. } | ModuleFault::Padded { .. })));
            // The tokens are gone, and everything else is in its place.
            assert_eq!(stripped[..], naive.expect("a naive reader refuses this file").stripped()[..]);
            assert_eq!(stripped.hash()[..], Sha256::digest(&stripped[..])[..]);
            assert!(stripped.len() <= bytes.len());
            comes_back(&stripped, token);
        }
        Err(fault) => {
            assert!(matches!(fault, ModuleFault::Malformed { .. } | ModuleFault::Encoding { .. }), "{fault}");
            assert!(read.is_err(), "it can be read and not be signed");
        }
    }
}

/// Compares what was read with what stands there.
fn agrees(file: &ModuleFile<'_>, naive: &wasm::File<'_>, bytes: &[u8]) {
    assert_eq!(file.kind() == Kind::Component, naive.component);
    assert_eq!(file.len(), bytes.len());
    assert_eq!(naive.enclosed_tokens(), 0);
    let customs: Vec<(&str, usize)> =
        naive.sections.iter().filter_map(|section| section.custom).map(|(name, data)| (name, data.len())).collect();
    assert_eq!(file.custom_sections().collect::<Vec<_>>(), customs);

    let rest = match naive.tokens()[..] {
        [] => {
            assert_eq!(file.token(), None);
            bytes.to_vec()
        }
        [section] => {
            assert!(section.minimal);
            assert_eq!(file.token(), section.token());
            [&bytes[..section.start], &bytes[section.end..]].concat()
        }
        _ => panic!("more than one token was let through"),
    };
    assert_eq!(file.hash()[..], Sha256::digest(&rest)[..]);
    let cut = ModuleFile::read(&rest).expect("without its token it is a file");
    assert_eq!((cut.token(), cut.hash()), (None, file.hash()));
}

/// Strips and signs a stripped file again.
fn comes_back(stripped: &[u8], token: &str) {
    let again = strip(stripped).expect("what was stripped can be stripped");
    assert_eq!(again[..], *stripped);
    let hash = again.hash();
    let unsigned = ModuleFile::read(stripped).expect("what was stripped can be read");
    assert_eq!((unsigned.token(), unsigned.hash()), (None, hash));

    let signed = embed(again, token).expect("it is small");
    assert_eq!(signed, [stripped, &wasm::token_section(token)].concat());
    let read = ModuleFile::read(&signed).expect("what was signed can be read");
    assert_eq!((read.token(), read.hash()), (Some(token.as_bytes()), hash));
    assert_eq!(strip(&signed).expect("and signed again")[..], *stripped);
}
