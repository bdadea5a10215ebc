//! Small WebAssembly files, written byte by byte.

/// The header of a module.
pub(crate) const MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// The header of a component.
pub(crate) const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// The ids of sections that enclose modules and components.
pub(crate) const CORE_MODULE: u8 = 1;
pub(crate) const NESTED_COMPONENT: u8 = 4;

/// Writes a length with some bytes more than it needs.
pub(crate) fn length(mut length: usize, padding: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while length > 0x7f {
        bytes.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    for _ in 0..padding.min(5 - bytes.len()) {
        *bytes.last_mut().unwrap() |= 0x80;
        bytes.push(0);
    }
    bytes
}

/// Writes a section with a padded length.
pub(crate) fn padded_section(id: u8, content: &[u8], padding: usize) -> Vec<u8> {
    [&[id][..], &length(content.len(), padding), content].concat()
}

/// Writes a section.
pub(crate) fn section(id: u8, content: &[u8]) -> Vec<u8> {
    padded_section(id, content, 0)
}

/// Writes the content of a custom section.
pub(crate) fn named(name: &str, data: &[u8], padding: usize) -> Vec<u8> {
    [&length(name.len(), padding)[..], name.as_bytes(), data].concat()
}

/// Writes a custom section.
pub(crate) fn custom(name: &str, data: &[u8]) -> Vec<u8> {
    section(0, &named(name, data, 0))
}

/// Writes a token section as it is written today.
pub(crate) fn token(text: &str) -> Vec<u8> {
    custom("wasmcloud_jwt", text.as_bytes())
}

/// A module with one function that returns 42, and a custom section.
pub(crate) fn answer() -> Vec<u8> {
    [
        MODULE,
        // One type: no parameters, one i32.
        &section(1, &[1, 0x60, 0, 1, 0x7f]),
        // One function of type 0.
        &section(3, &[1, 0]),
        // Its body: four bytes, no locals, `i32.const 42`, `end`.
        &section(10, &[1, 4, 0, 0x41, 42, 0x0b]),
        &custom("note", b"kept"),
    ]
    .concat()
}

/// Cuts every top-level token section out of a file with another walker than the one under test.
pub(crate) fn cut(file: &[u8]) -> Vec<u8> {
    let mut kept = file[..8].to_vec();
    let mut at = 8;
    while at < file.len() {
        let (content, begins) = read_length(file, at + 1);
        let ends = begins + content;
        let is_token = file[at] == 0 && {
            let (name, begins) = read_length(file, begins);
            [&b"jwt"[..], b"wasmcloud_jwt"].contains(&&file[begins..begins + name])
        };
        if !is_token {
            kept.extend_from_slice(&file[at..ends]);
        }
        at = ends;
    }
    kept
}

fn read_length(file: &[u8], mut at: usize) -> (usize, usize) {
    let (mut length, mut shift) = (0, 0);
    loop {
        let byte = file[at];
        length |= usize::from(byte & 0x7f) << shift;
        (at, shift) = (at + 1, shift + 7);
        if byte < 0x80 {
            return (length, at);
        }
    }
}
