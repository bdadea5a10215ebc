//! WebAssembly files, as small as they can be and as odd as one likes.

use greatseal_core::key::Role;

use crate::chain::{TestKey, module_token};

/// The first bytes of a core module; by themselves an empty one.
pub const MODULE: [u8; 8] = *b"\0asm\x01\0\0\0";
/// The first bytes of a component; by themselves an empty one.
pub const COMPONENT: [u8; 8] = *b"\0asm\x0d\0\x01\0";

/// Section id of a core module within a component.
pub const NESTED_MODULE: u8 = 1;

/// The name of the token section from wascap 0.9 on.
pub const TOKEN: &str = "wasmcloud_jwt";
/// The name of the token section up to wascap 0.8.
pub const OLD_TOKEN: &str = "jwt";

/// Writes a length in at least `width` bytes: more than it needs is padding.
#[must_use]
pub fn leb128(mut value: usize, width: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(value & 0x7f).expect("seven bits");
        value >>= 7;
        if value == 0 && bytes.len() + 1 >= width {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// Writes a section whose length takes at least `width` bytes.
#[must_use]
pub fn section(id: u8, body: &[u8], width: usize) -> Vec<u8> {
    [&[id], &*leb128(body.len(), width), body].concat()
}

/// Writes a custom section.
#[must_use]
pub fn custom(name: &str, payload: &[u8]) -> Vec<u8> {
    custom_padded(name, payload, 1, 1)
}

/// Writes a custom section with lengths of at least so many bytes: its own, and its name's.
#[must_use]
pub fn custom_padded(name: &str, payload: &[u8], width: usize, name_width: usize) -> Vec<u8> {
    let body = [&*leb128(name.len(), name_width), name.as_bytes(), payload].concat();
    section(0, &body, width)
}

/// A core module with a section that holds `note`, so that modules differ.
#[must_use]
pub fn sample(note: &str) -> Vec<u8> {
    [&MODULE[..], &custom("note", note.as_bytes())].concat()
}

/// Signs a file: the token's section is appended under its current name.
#[must_use]
pub fn signed(file: &[u8], subject: &TestKey, issuer: &TestKey) -> Vec<u8> {
    assert_eq!(subject.role(), Role::Module);
    let token = module_token(subject, issuer).hash(file).sign();
    [file, &custom(TOKEN, token.bytes())].concat()
}
