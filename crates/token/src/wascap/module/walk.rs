//! The one way through a WebAssembly file, for reading and for rewriting alike.
//!
//! Two walkers could disagree on where a section stands, and a token would vouch for other bytes
//! than were meant. What one reader takes for a section and another does not (ids that no
//! published format has, a component where a module belongs) is refused.

use greatseal_core::error::{ModuleFault, Quoted};
use greatseal_core::limits::{MODULE_BYTES, MODULE_DEPTH, MODULE_PARTS};
use wasmparser::{BinaryReader, Chunk, Parser, Payload};

use super::is_wasm;
use super::section::{Custom, Section};

/// What a walk comes upon.
pub(super) enum Piece<'a> {
    /// The eight bytes before the sections of a module or component.
    Header(&'a [u8]),
    /// A section that encloses nothing.
    Section(Section<'a>),
    /// Id and length of a section that is a module or component; its pieces follow.
    Enter {
        /// Which kind of section.
        id: u8,
    },
    /// The end of what was entered last.
    Leave,
}

/// A walk through a file, piece by piece; it ends with the file or with the first fault.
pub(super) struct Walk<'a> {
    bytes: &'a [u8],
    /// What was not walked yet.
    rest: &'a [u8],
    parser: Parser,
    /// The parsers of what encloses the current one.
    parents: Vec<Parser>,
    /// How many more sections and functions may follow.
    parts: u32,
    done: bool,
}

impl<'a> Walk<'a> {
    /// Begins at the first byte.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, ModuleFault> {
        let found = bytes.len() as u64;
        if found > MODULE_BYTES {
            return Err(ModuleFault::TooLarge { found, limit: MODULE_BYTES });
        }
        if !is_wasm(bytes) {
            return Err(malformed(0, "it does not begin like WebAssembly"));
        }
        refuse_encoding(bytes)?;
        Ok(Self { bytes, rest: bytes, parser: Parser::new(0), parents: Vec::new(), parts: MODULE_PARTS, done: false })
    }

    /// Takes one step; `None` is the end of the file.
    fn step(&mut self) -> Result<Option<Piece<'a>>, ModuleFault> {
        let (at, start) = (self.parser.offset(), self.rest);
        let Chunk::Parsed { consumed, payload } = self.parser.parse(start, true).map_err(refused)? else {
            return Err(cut_short(at));
        };
        self.rest = start.get(consumed..).ok_or_else(|| cut_short(at))?;

        #[expect(clippy::wildcard_enum_match_arm, reason = "every other payload is a section that encloses nothing")]
        match payload {
            Payload::Version { .. } => Ok(Some(Piece::Header(start.get(..consumed).ok_or_else(|| cut_short(at))?))),
            Payload::ModuleSection { ref parser, .. } | Payload::ComponentSection { ref parser, .. } => {
                if self.parents.len() >= MODULE_DEPTH {
                    return Err(malformed(at, &format!("nested deeper than {MODULE_DEPTH} levels")));
                }
                let (id, _, content) = frame(&payload, at, start)?;
                refuse_encoding(content)?;
                self.count(1, at)?;
                self.parents.push(core::mem::replace(&mut self.parser, parser.clone()));
                Ok(Some(Piece::Enter { id }))
            }
            Payload::End(_) => Ok(self.parents.pop().map(|parent| {
                self.parser = parent;
                Piece::Leave
            })),
            Payload::UnknownSection { id, .. } => Err(malformed(at, &format!("section id {id} is not known"))),
            Payload::CodeSectionStart { count, .. } => {
                self.count(count, at)?;
                let (id, whole, content) = frame(&payload, at, start)?;
                check_bodies(content, at + (whole.len() - content.len()) as u64)?;
                // The parser would make a value of each body, which takes far longer than hashing it.
                self.parser.skip_section();
                self.rest = start.get(whole.len()..).ok_or_else(|| cut_short(at))?;
                self.section(at, id, whole, content, None).map(Some)
            }
            Payload::CustomSection(ref custom) => {
                let (id, whole, content) = frame(&payload, at, start)?;
                let custom = Custom { name: custom.name(), data: custom.data() };
                self.section(at, id, whole, content, Some(custom)).map(Some)
            }
            _ => {
                let (id, whole, content) = frame(&payload, at, start)?;
                self.section(at, id, whole, content, None).map(Some)
            }
        }
    }

    /// Takes sections or functions off what one file may have.
    fn count(&mut self, parts: u32, at: u64) -> Result<(), ModuleFault> {
        let left = self.parts.checked_sub(parts);
        self.parts = left.ok_or_else(|| malformed(at, &format!("more than {MODULE_PARTS} sections and functions")))?;
        Ok(())
    }

    /// Makes the piece of a section that has just been passed.
    fn section(
        &mut self,
        at: u64,
        id: u8,
        whole: &'a [u8],
        content: &'a [u8],
        custom: Option<Custom<'a>>,
    ) -> Result<Piece<'a>, ModuleFault> {
        self.count(1, at)?;
        let before = usize::try_from(at).ok().and_then(|at| self.bytes.get(..at)).ok_or_else(|| cut_short(at))?;
        let (depth, after) = (self.parents.len(), self.rest);
        Ok(Piece::Section(Section { at, depth, id, before, whole, after, content, custom }))
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Result<Piece<'a>, ModuleFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let step = self.step().transpose();
        self.done = !matches!(step, Some(Ok(_)));
        step
    }
}

/// Returns a section's id, the whole of it and its content, of bytes that begin with it.
fn frame<'a>(payload: &Payload<'_>, at: u64, start: &'a [u8]) -> Result<(u8, &'a [u8], &'a [u8]), ModuleFault> {
    let framed = payload.as_section().and_then(|(id, content)| {
        let head = usize::try_from(content.start.checked_sub(at)?).ok()?;
        let end = usize::try_from(content.end.checked_sub(at)?).ok()?;
        let whole = start.get(..end)?;
        Some((id, whole, whole.get(head..)?))
    });
    framed.ok_or_else(|| cut_short(at))
}

/// Checks that the bodies of functions fill the code section exactly.
fn check_bodies(content: &[u8], at: u64) -> Result<(), ModuleFault> {
    let mut reader = BinaryReader::new(content, at);
    let count = reader.read_var_u32().map_err(refused)?;
    for _ in 0..count {
        let size = reader.read_var_u32().map_err(refused)?;
        reader.read_bytes(size as usize).map_err(refused)?;
    }
    if reader.eof() {
        Ok(())
    } else {
        Err(malformed(reader.original_position(), "the code section goes on after its last function"))
    }
}

/// Refuses versions and layers that are not read, so that the message can name them.
fn refuse_encoding(bytes: &[u8]) -> Result<(), ModuleFault> {
    match bytes {
        [0, b'a', b's', b'm', v0, v1, l0, l1, ..] if !Parser::is_core_wasm(bytes) && !Parser::is_component(bytes) => {
            Err(ModuleFault::Encoding {
                version: u16::from_le_bytes([*v0, *v1]),
                layer: u16::from_le_bytes([*l0, *l1]),
            })
        }
        _ => Ok(()),
    }
}

/// Passes on what the parser says.
fn refused(error: wasmparser::Error) -> ModuleFault {
    malformed(error.offset(), error.message())
}

fn cut_short(at: u64) -> ModuleFault {
    malformed(at, "it ends within a section")
}

fn malformed(at: u64, detail: &str) -> ModuleFault {
    ModuleFault::Malformed { at, detail: Quoted::sentence(detail) }
}
