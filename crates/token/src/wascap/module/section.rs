//! One section of a WebAssembly file, and how it is written.

use core::iter;

/// The id of custom sections, the same in modules and components.
const CUSTOM: u8 = 0;

/// The name of the section that is written.
const TOKEN_NAME: &str = "wasmcloud_jwt";

/// The name up to wascap 0.8, still read.
const OLD_TOKEN_NAME: &str = "jwt";

/// A section that encloses nothing, where it stands.
#[derive(Clone, Copy)]
pub(super) struct Section<'a> {
    /// Byte offset of its id in the file.
    pub(super) at: u64,
    /// How many modules and components enclose it below the top level.
    pub(super) depth: usize,
    /// Which kind of section.
    pub(super) id: u8,
    /// The bytes of the file before it.
    pub(super) before: &'a [u8],
    /// Id, length and content.
    pub(super) whole: &'a [u8],
    /// The bytes of the file behind it.
    pub(super) after: &'a [u8],
    /// The content alone.
    pub(super) content: &'a [u8],
    /// The same in parts, where it is a custom section.
    pub(super) custom: Option<Custom<'a>>,
}

/// A custom section: foreign data under a foreign name.
#[derive(Clone, Copy)]
pub(super) struct Custom<'a> {
    pub(super) name: &'a str,
    pub(super) data: &'a [u8],
}

impl<'a> Section<'a> {
    /// Returns what it holds, where it is a token section.
    pub(super) fn token(&self) -> Option<&'a [u8]> {
        self.custom.filter(|custom| [TOKEN_NAME, OLD_TOKEN_NAME].contains(&custom.name)).map(|custom| custom.data)
    }

    /// Says whether all its lengths are as short as they can be written.
    pub(super) fn is_minimal(&self) -> bool {
        let framed = 1 + encoded(self.content.len()).count() + self.content.len();
        let named = self.custom.is_none_or(|Custom { name, data }| {
            self.content.len() == encoded(name.len()).count() + name.len() + data.len()
        });
        self.whole.len() == framed && named
    }

    /// Writes it with the shortest length and otherwise as it is.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.push(self.id);
        out.extend(encoded(self.content.len()));
        out.extend_from_slice(self.content);
    }
}

/// Writes a token section.
pub(super) fn write_token(token: &str, out: &mut Vec<u8>) {
    let name = TOKEN_NAME.len();
    out.push(CUSTOM);
    out.extend(encoded(encoded(name).count() + name + token.len()));
    out.extend(encoded(name));
    out.extend_from_slice(TOKEN_NAME.as_bytes());
    out.extend_from_slice(token.as_bytes());
}

/// Encodes a length in as few bytes as it can be (unsigned LEB128, WebAssembly 3.0 section 5.2.2).
pub(super) fn encoded(length: usize) -> impl Iterator<Item = u8> {
    let mut rest = Some(length);
    iter::from_fn(move || {
        let [low, ..] = rest?.to_le_bytes();
        rest = rest.map(|length| length >> 7).filter(|length| *length > 0);
        Some(if rest.is_some() { low | 0x80 } else { low & 0x7f })
    })
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn lengths_take_as_few_bytes_as_they_can() {
        let cases: [(usize, &[u8]); 6] = [
            (0, &[0]),
            (0x7f, &[0x7f]),
            (0x80, &[0x80, 1]),
            (0x3fff, &[0xff, 0x7f]),
            (0x4000, &[0x80, 0x80, 1]),
            (64 << 20, &[0x80, 0x80, 0x80, 0x20]),
        ];
        for (length, bytes) in cases {
            assert_eq!(encoded(length).collect::<Vec<_>>(), bytes, "{length}");
        }
    }
}
