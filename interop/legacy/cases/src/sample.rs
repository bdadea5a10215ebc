//! The WebAssembly that is signed: as small as every version still accepts.

use crate::wasm::{COMPONENT_HEADER, MODULE_HEADER, custom, section};

/// Width to which some encoders pad every section length.
const PADDED: usize = 5;

/// A module that exports a function answering 42, with a memory, a data segment and a custom section.
pub fn module() -> Vec<u8> {
    encode(1)
}

/// The same module with every section length padded to five bytes.
pub fn padded() -> Vec<u8> {
    encode(PADDED)
}

/// A component around one core module; the core module carries an old `jwt` section of its own,
/// which versions that sign components remove.
pub fn component() -> Vec<u8> {
    let mut inner = module();
    inner.extend(custom("jwt", b"not.a.token", 1));
    let mut bytes = COMPONENT_HEADER.to_vec();
    bytes.extend(section(1, &inner, 1));
    bytes.extend(custom("note", b"around a core module", 1));
    bytes
}

/// A custom section to put behind a token, so that signing again meets a token in the middle.
pub fn afterthought() -> Vec<u8> {
    custom("afterthought", b"appended after the first signature", 1)
}

fn encode(width: usize) -> Vec<u8> {
    let mut bytes = MODULE_HEADER.to_vec();
    let sections: [(u8, &[u8]); 6] = [
        (1, b"\x01\x60\x00\x01\x7f"),           // one type: () -> i32
        (3, b"\x01\x00"),                       // one function of that type
        (5, b"\x01\x00\x01"),                   // one memory of one page
        (7, b"\x01\x06answer\x00\x00"),         // export it
        (10, b"\x01\x04\x00\x41\x2a\x0b"),      // i32.const 42
        (11, b"\x01\x00\x41\x00\x0b\x05hello"), // five bytes at 0
    ];
    for (id, body) in sections {
        bytes.extend(section(id, body, width));
    }
    bytes.extend(custom("note", b"kept and hashed", width));
    bytes
}
