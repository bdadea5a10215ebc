//! WebAssembly files, section by section.

const MODULE: &[u8] = b"\0asm\x01\0\0\0";
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// Names of the sections that hold a token.
pub const TOKEN_NAMES: [&str; 2] = ["wasmcloud_jwt", "jwt"];

/// Which sections of a component are modules and components.
const NESTED_MODULE: u8 = 1;
const NESTED_COMPONENT: u8 = 4;

/// A module or component.
pub struct File<'a> {
    /// Whether it is a component.
    pub component: bool,
    /// Its sections, in their order.
    pub sections: Vec<Section<'a>>,
}

/// One section.
pub struct Section<'a> {
    /// Offset of its first byte.
    pub start: usize,
    /// Offset behind its last byte.
    pub end: usize,
    /// Its id.
    pub id: u8,
    /// What is behind its length.
    pub content: &'a [u8],
    /// What a module or component within a component consists of.
    pub inner: Option<File<'a>>,
    /// Name and data of a custom section.
    pub custom: Option<(&'a str, &'a [u8])>,
    /// Whether its lengths are as short as they can be.
    pub minimal: bool,
}

/// Reads a file to its end.
pub fn read(bytes: &[u8]) -> Option<File<'_>> {
    let component = bytes.starts_with(COMPONENT);
    if !component && !bytes.starts_with(MODULE) {
        return None;
    }
    let mut sections = Vec::new();
    let mut at = 8;
    while at < bytes.len() {
        let section = section(bytes, at, component)?;
        at = section.end;
        sections.push(section);
    }
    Some(File { component, sections })
}

fn section(bytes: &[u8], start: usize, component: bool) -> Option<Section<'_>> {
    let id = *bytes.get(start)?;
    let (length, width) = length(bytes.get(start + 1..)?)?;
    let begin = start + 1 + width;
    let end = begin + length;
    let content = bytes.get(begin..end)?;
    let mut minimal = width == leb128(length).len();
    let mut custom = None;
    let mut inner = None;
    if id == 0 {
        let (length, width) = self::length(content)?;
        let name = std::str::from_utf8(content.get(width..width + length)?).ok()?;
        minimal &= width == leb128(length).len();
        custom = Some((name, content.get(width + length..)?));
    } else if component && (id == NESTED_MODULE || id == NESTED_COMPONENT) {
        let file = read(content)?;
        if file.component != (id == NESTED_COMPONENT) {
            return None;
        }
        inner = Some(file);
    }
    Some(Section { start, end, id, content, inner, custom, minimal })
}

impl<'a> File<'a> {
    /// Returns the token sections of the top level.
    pub fn tokens(&self) -> Vec<&Section<'a>> {
        self.sections.iter().filter(|section| section.token().is_some()).collect()
    }

    /// Counts the token sections of whatever is enclosed.
    pub fn enclosed_tokens(&self) -> usize {
        let inner = self.sections.iter().filter_map(|section| section.inner.as_ref());
        inner.map(|file| file.tokens().len() + file.enclosed_tokens()).sum()
    }

    /// Writes it without any token, every length of a section as short as it can be.
    pub fn stripped(&self) -> Vec<u8> {
        let mut out = if self.component { COMPONENT } else { MODULE }.to_vec();
        for section in self.sections.iter().filter(|section| section.token().is_none()) {
            let content = section.inner.as_ref().map_or_else(|| section.content.to_vec(), File::stripped);
            out.extend(write(section.id, &content));
        }
        out
    }
}

impl<'a> Section<'a> {
    /// Returns the token that it holds.
    pub fn token(&self) -> Option<&'a [u8]> {
        self.custom.filter(|(name, _)| TOKEN_NAMES.contains(name)).map(|(_, data)| data)
    }
}

/// Writes a section.
pub fn write(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id], &leb128(content.len())[..], content].concat()
}

/// Writes a token section as current tools do.
pub fn token_section(token: &str) -> Vec<u8> {
    let name = TOKEN_NAMES[0];
    write(0, &[&leb128(name.len()), name.as_bytes(), token.as_bytes()].concat())
}

/// Writes a length in as few bytes as it can be.
pub fn leb128(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push((value % 0x80 + 0x80) as u8);
        value /= 0x80;
    }
    bytes.push(value as u8);
    bytes
}

/// Reads a length of 32 bits, and how many bytes it takes.
fn length(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0u64;
    for (at, byte) in bytes.iter().enumerate().take(5) {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((u32::try_from(value).ok()? as usize, at + 1));
        }
    }
    None
}
