//! Canonical DAG-CBOR, written.

use greatseal_core::cid::Cid;
use greatseal_core::error::{Quoted, UcanFault};
use greatseal_core::time::Timestamp;

use super::cursor::{List, Map, Value};
use super::head;
use super::validate::order;

/// Bytes of canonical DAG-CBOR, one item after the other.
///
/// What is written is canonical item by item; that a list gets as many items as its head says is
/// up to whoever writes it, and every reader checks it.
#[derive(Clone, Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// Writes null.
    pub fn null(&mut self) {
        self.0.push(head::NULL);
    }

    /// Writes a truth value.
    pub fn bool(&mut self, value: bool) {
        self.0.push(if value { head::TRUE } else { head::FALSE });
    }

    /// Writes an integer.
    ///
    /// # Errors
    /// [`UcanFault::Integer`] beyond ±(2^53−1).
    pub fn integer(&mut self, value: i64) -> Result<(), UcanFault> {
        if value.unsigned_abs() > head::INTEGER_LIMIT as u64 {
            return Err(UcanFault::Integer { at: self.0.len() });
        }
        match u64::try_from(value) {
            Ok(value) => self.head(head::UNSIGNED, value),
            // −1−n, which is n's complement.
            Err(_) => self.head(head::NEGATIVE, !value as u64),
        }
        Ok(())
    }

    /// Writes a float.
    ///
    /// # Errors
    /// [`UcanFault::Cbor`] for NaN and infinity.
    pub fn float(&mut self, value: f64) -> Result<(), UcanFault> {
        if !value.is_finite() {
            return Err(UcanFault::Cbor { at: self.0.len(), rule: "a float is NaN or infinite" });
        }
        self.0.push(head::FLOAT64);
        self.0.extend_from_slice(&value.to_bits().to_be_bytes());
        Ok(())
    }

    /// Writes bytes.
    pub fn bytes(&mut self, value: &[u8]) {
        self.head(head::BYTES, value.len() as u64);
        self.0.extend_from_slice(value);
    }

    /// Writes a text.
    pub fn text(&mut self, value: &str) {
        self.head(head::TEXT, value.len() as u64);
        self.0.extend_from_slice(value.as_bytes());
    }

    /// Writes a link to a UCAN.
    pub fn link(&mut self, cid: &Cid) {
        self.link_bytes(&cid.to_bytes());
    }

    /// Writes a link to the bytes of a CID of any kind.
    pub(super) fn link_bytes(&mut self, cid: &[u8]) {
        self.0.extend_from_slice(&head::LINK);
        self.head(head::BYTES, cid.len() as u64 + 1);
        self.0.push(head::LINK_PREFIX);
        self.0.extend_from_slice(cid);
    }

    /// Writes a text, or null.
    pub(crate) fn text_or_null(&mut self, value: Option<&str>) {
        match value {
            Some(text) => self.text(text),
            None => self.null(),
        }
    }

    /// Writes an instant in seconds, or null.
    pub(crate) fn instant_or_null(&mut self, at: Option<Timestamp>) -> Result<(), UcanFault> {
        match at.map(|at| i64::try_from(at.as_secs())) {
            Some(Ok(seconds)) => self.integer(seconds)?,
            Some(Err(_)) => return Err(UcanFault::Integer { at: self.0.len() }),
            None => self.null(),
        }
        Ok(())
    }

    /// Begins a map of so many names, which have to follow sorted, each with its value.
    pub(crate) fn sorted(&mut self, length: usize) {
        self.head(head::MAP, length as u64);
    }

    /// Begins a list of so many items, which have to follow.
    pub fn list(&mut self, length: usize) {
        self.head(head::LIST, length as u64);
    }

    /// Writes a map, its names sorted as DAG-CBOR has them.
    ///
    /// # Errors
    /// [`UcanFault::Field`] for a name that occurs twice.
    pub fn map(&mut self, entries: Entries<'_>) -> Result<(), UcanFault> {
        let Entries(mut entries) = entries;
        entries.sort_by(|(a, _), (b, _)| order(a.as_bytes(), b.as_bytes()));
        let mut last = None;
        self.head(head::MAP, entries.len() as u64);
        for (name, Self(value)) in &entries {
            if last == Some(name) {
                return Err(UcanFault::Field {
                    name: Quoted::sentence(name),
                    problem: Quoted::sentence("occurs twice in one map"),
                });
            }
            last = Some(name);
            self.text(name);
            self.0.extend_from_slice(value);
        }
        Ok(())
    }

    /// Writes a value as it was read.
    pub fn value(&mut self, value: Value<'_>) {
        match value {
            Value::Null => self.null(),
            Value::Bool(value) => self.bool(value),
            Value::Integer(value) if value < 0 => self.head(head::NEGATIVE, !value as u64),
            Value::Integer(value) => self.head(head::UNSIGNED, value as u64),
            Value::Float(value) => {
                self.0.push(head::FLOAT64);
                self.0.extend_from_slice(&value.to_bits().to_be_bytes());
            }
            Value::Bytes(value) => self.bytes(value),
            Value::Text(value) => self.text(value),
            Value::List(list) => self.encoded(List::encoded(&list)),
            Value::Map(map) => self.encoded(Map::encoded(&map)),
            Value::Link(cid) => self.link_bytes(cid),
        }
    }

    /// Writes items that are canonical already.
    pub(crate) fn encoded(&mut self, items: &[u8]) {
        self.0.extend_from_slice(items);
    }

    /// Returns what was written.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.0
    }

    /// Writes a major type and the shortest form of its argument.
    fn head(&mut self, major: u8, argument: u64) {
        let major = major << 5;
        let [.., b4, b5, b6, b7] = argument.to_be_bytes();
        match argument {
            0..24 => self.0.push(major | b7),
            24..=0xff => self.0.extend_from_slice(&[major | 24, b7]),
            0x100..=0xffff => self.0.extend_from_slice(&[major | 25, b6, b7]),
            0x1_0000..=0xffff_ffff => self.0.extend_from_slice(&[major | 26, b4, b5, b6, b7]),
            _ => {
                self.0.push(major | 27);
                self.0.extend_from_slice(&argument.to_be_bytes());
            }
        }
    }
}

/// The names and values of a map that is about to be written, in any order.
#[derive(Clone, Debug, Default)]
pub struct Entries<'k>(Vec<(&'k str, Writer)>);

impl<'k> Entries<'k> {
    /// Adds a name, and returns where its value, one item, is to be written.
    pub fn entry(&mut self, name: &'k str) -> &mut Writer {
        let (_, value) = self.0.push_mut((name, Writer::default()));
        value
    }
}

#[cfg(test)]
mod tests {
    use greatseal_core::Code;

    use super::super::validate;
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for value in [0, 23, 24, 255, 256, 65_535, 65_536, (1 << 32) - 1, 1 << 32, head::INTEGER_LIMIT] {
            for value in [value, -value, (-value - 1).max(-head::INTEGER_LIMIT)] {
                let mut writer = Writer::default();
                writer.integer(value).unwrap();
                assert_eq!(validate(&writer.finish()), Ok(Value::Integer(value)));
            }
        }
        let cid = Cid::of(b"it");
        let mut map = Entries::default();
        map.entry("b").link(&cid);
        map.entry("aa").bytes(&[7; 300]);
        map.entry("a").float(-0.5).unwrap();
        let mut writer = Writer::default();
        writer.list(4);
        writer.null();
        writer.bool(true);
        writer.text(&"é".repeat(40_000));
        writer.map(map).unwrap();
        let bytes = writer.finish();
        let Ok(Value::List(list)) = validate(&bytes) else { panic!("it is a list") };
        let Some(Value::Map(map)) = list.get(3) else { panic!("it is a map") };
        assert!(map.iter().map(|(name, _)| name).eq(["a", "b", "aa"]));
        assert_eq!(map.get("b"), Some(Value::Link(&cid.to_bytes())));
        let mut again = Writer::default();
        again.list(4);
        list.iter().for_each(|value| again.value(value));
        assert_eq!(again.finish(), bytes);
    }

    #[test]
    fn what_no_reader_takes_is_not_written() {
        let mut writer = Writer::default();
        for value in [head::INTEGER_LIMIT + 1, -head::INTEGER_LIMIT - 1, i64::MAX, i64::MIN] {
            assert_eq!(writer.integer(value).unwrap_err().code(), Code::UcanInteger);
        }
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(writer.float(value).unwrap_err().code(), Code::UcanCbor);
        }
        let mut map = Entries::default();
        map.entry("a").null();
        map.entry("b").null();
        map.entry("a").null();
        assert_eq!(writer.map(map).unwrap_err().code(), Code::UcanField);
    }
}
