//! The outermost sections of a module or component: as much of the format as the check needs.

use crate::Result;

/// First bytes of a core module.
pub const MODULE_HEADER: [u8; 8] = *b"\0asm\x01\0\0\0";
/// First bytes of a component.
pub const COMPONENT_HEADER: [u8; 8] = *b"\0asm\x0d\0\x01\0";

/// Names under which a token is embedded: up to 0.8, and from 0.9.
pub const TOKEN_SECTIONS: [&str; 2] = ["jwt", "wasmcloud_jwt"];

/// One outermost section and where it lies.
#[derive(Debug)]
pub struct Section<'a> {
    /// The section and its own header, as offsets into the file.
    pub range: std::ops::Range<usize>,
    /// Name, for a custom section.
    pub name: Option<&'a str>,
    /// What a custom section holds after its name; empty for others.
    pub payload: &'a [u8],
    /// Whether its length, or the length of its name, takes more bytes than it needs.
    pub padded: bool,
}

impl Section<'_> {
    /// Whether this section holds a token.
    pub fn is_token(&self) -> bool {
        self.name.is_some_and(|name| TOKEN_SECTIONS.contains(&name))
    }
}

/// Lists the outermost sections in file order.
pub fn sections(file: &[u8]) -> Result<Vec<Section<'_>>> {
    if !file.starts_with(&MODULE_HEADER) && !file.starts_with(&COMPONENT_HEADER) {
        return Err("neither a module nor a component".into());
    }
    let mut found = Vec::new();
    let mut at = MODULE_HEADER.len();
    while let Some(&id) = file.get(at) {
        let (length, body, mut padded) = number(file, at + 1)?;
        let end = body + length;
        let content = file.get(body..end).ok_or("section runs past the end")?;
        let (mut name, mut payload) = (None, &[][..]);
        if id == 0 {
            let (length, start, name_padded) = number(content, 0)?;
            let text = content.get(start..start + length).ok_or("name runs past its section")?;
            name = Some(std::str::from_utf8(text)?);
            payload = content.get(start + length..).unwrap_or_default();
            padded |= name_padded;
        }
        found.push(Section { range: at..end, name, payload, padded });
        at = end;
    }
    Ok(found)
}

/// Encodes a section whose length takes at least `width` bytes.
pub fn section(id: u8, body: &[u8], width: usize) -> Vec<u8> {
    let mut bytes = vec![id];
    bytes.extend(leb128(body.len(), width));
    bytes.extend(body);
    bytes
}

/// Encodes a custom section whose length takes at least `width` bytes.
pub fn custom(name: &str, payload: &[u8], width: usize) -> Vec<u8> {
    let mut body = leb128(name.len(), 1);
    body.extend(name.as_bytes());
    body.extend(payload);
    section(0, &body, width)
}

fn leb128(mut value: usize, width: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 && bytes.len() + 1 >= width {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// Reads a LEB128 number: its value, where it ends, and whether it was padded.
fn number(bytes: &[u8], start: usize) -> Result<(usize, usize, bool)> {
    let mut value = 0_usize;
    for (index, byte) in bytes.iter().skip(start).take(5).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Ok((value, start + index + 1, index > 0 && *byte == 0));
        }
    }
    Err("a length does not end".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn padding_changes_the_bytes_and_not_the_sections() {
        let (plain, padded) = (sample::module(), sample::padded());
        let (plain, padded) = (sections(&plain).unwrap(), sections(&padded).unwrap());
        assert_eq!(plain.len(), padded.len());
        assert!(plain.iter().all(|section| !section.padded));
        assert!(padded.iter().all(|section| section.padded));
        assert_eq!(plain.last().unwrap().payload, padded.last().unwrap().payload);
    }
}
