//! The one walk that checks every rule.

use core::cmp::Ordering;

use greatseal_core::error::UcanFault;
use greatseal_core::limits::CBOR_DEPTH;

use super::cursor::{self, Value};
use super::head::{self, Head};
use super::link;

/// Checks that bytes are exactly one item of strict DAG-CBOR, and opens it.
///
/// # Errors
/// [`UcanFault::Cbor`] naming the first rule that is broken and where, [`UcanFault::Integer`] for
/// an integer beyond ±(2^53−1).
pub fn validate(bytes: &[u8]) -> Result<Value<'_>, UcanFault> {
    let mut walk = Walk { length: bytes.len(), rest: bytes };
    walk.item(CBOR_DEPTH)?;
    if !walk.rest.is_empty() {
        return Err(walk.broken("bytes are left over"));
    }
    let whole = cursor::last(bytes, 0);
    // The walk has just read it.
    whole.ok_or(UcanFault::Cbor { at: 0, rule: CUT_SHORT })
}

const CUT_SHORT: &str = "the bytes end before the item does";

struct Walk<'a> {
    length: usize,
    rest: &'a [u8],
}

impl<'a> Walk<'a> {
    const fn at(&self) -> usize {
        self.length - self.rest.len()
    }

    /// Makes the fault of a rule broken where the walk stands.
    #[cold]
    const fn broken(&self, rule: &'static str) -> UcanFault {
        UcanFault::Cbor { at: self.at(), rule }
    }

    /// Reads a head, with its argument as short as it can be; stays before it if it is none.
    fn head(&mut self) -> Result<Head, UcanFault> {
        match head::split(self.rest) {
            Some((head, rest)) => {
                if !head.is_minimal() && head.first != head::FLOAT64 {
                    return Err(self.broken(match head.major() {
                        head::UNSIGNED | head::NEGATIVE => "an integer is longer than it has to be",
                        head::BYTES | head::TEXT | head::LIST | head::MAP => "a length is longer than it has to be",
                        head::TAG => "a tag is longer than it has to be",
                        _ => "a simple value or a float is not one of those allowed",
                    }));
                }
                self.rest = rest;
                Ok(head)
            }
            None => Err(self.broken(match self.rest.first().map(|first| first & 0x1f) {
                None | Some(0..28) => CUT_SHORT,
                Some(31) => "a length is indefinite",
                Some(_) => "a head is reserved",
            })),
        }
    }

    /// Passes over so many bytes that belong to the item at `at`.
    fn take(&mut self, length: u64, at: usize) -> Result<&'a [u8], UcanFault> {
        let split = usize::try_from(length).ok().and_then(|length| self.rest.split_at_checked(length));
        let (taken, rest) = split.ok_or(UcanFault::Cbor { at, rule: CUT_SHORT })?;
        self.rest = rest;
        Ok(taken)
    }

    /// Walks over one item; `levels` may still be opened.
    fn item(&mut self, levels: usize) -> Result<(), UcanFault> {
        let at = self.at();
        let broken = |rule| UcanFault::Cbor { at, rule };
        let head = self.head()?;
        match head.major() {
            // −1−n is within the bound for one n less.
            head::UNSIGNED if head.argument <= head::INTEGER_LIMIT as u64 => Ok(()),
            head::NEGATIVE if head.argument < head::INTEGER_LIMIT as u64 => Ok(()),
            head::UNSIGNED | head::NEGATIVE => Err(UcanFault::Integer { at }),
            head::BYTES => self.take(head.argument, at).map(|_| ()),
            head::TEXT => {
                let text = self.take(head.argument, at)?;
                str::from_utf8(text).map(|_| ()).map_err(|_| broken("a text is no UTF-8"))
            }
            head::LIST => {
                let levels = levels.checked_sub(1).ok_or(broken(TOO_DEEP))?;
                self.room(head.argument, at)?;
                (0..head.argument).try_for_each(|_| self.item(levels))
            }
            head::MAP => {
                let levels = levels.checked_sub(1).ok_or(broken(TOO_DEEP))?;
                self.room(head.argument, at)?;
                let mut last: Option<&[u8]> = None;
                for _ in 0..head.argument {
                    last = Some(self.key(last)?);
                    self.item(levels)?;
                }
                Ok(())
            }
            head::TAG if head.argument == 42 => self.link(at),
            head::TAG => Err(broken("a tag is not 42")),
            _ => match head.first {
                head::FALSE | head::TRUE | head::NULL => Ok(()),
                head::FLOAT64 if f64::from_bits(head.argument).is_finite() => Ok(()),
                head::FLOAT64 => Err(broken("a float is NaN or infinite")),
                0xf9 | 0xfa => Err(broken("a float has fewer than 64 bits")),
                _ => Err(broken("a simple value is none of false, true and null")),
            },
        }
    }

    /// Refuses a count that what is left cannot hold: an item takes at least a byte.
    fn room(&self, count: u64, at: usize) -> Result<(), UcanFault> {
        let fits = usize::try_from(count).is_ok_and(|count| count <= self.rest.len());
        if fits { Ok(()) } else { Err(UcanFault::Cbor { at, rule: CUT_SHORT }) }
    }

    /// Reads a key, which has to come after the last one: by length, then by bytes.
    fn key(&mut self, last: Option<&[u8]>) -> Result<&'a [u8], UcanFault> {
        let at = self.at();
        let broken = |rule| UcanFault::Cbor { at, rule };
        let head = self.head()?;
        if head.major() != head::TEXT {
            return Err(broken("a key is no text"));
        }
        let key = self.take(head.argument, at)?;
        if str::from_utf8(key).is_err() {
            return Err(broken("a text is no UTF-8"));
        }
        match last.map(|last| order(last, key)) {
            None | Some(Ordering::Less) => Ok(key),
            Some(Ordering::Equal) => Err(broken("a key occurs twice in one map")),
            Some(Ordering::Greater) => Err(broken("keys are not sorted by length, then by bytes")),
        }
    }

    /// Walks over what is inside tag 42.
    fn link(&mut self, at: usize) -> Result<(), UcanFault> {
        let broken = |rule| UcanFault::Cbor { at, rule };
        let head = self.head()?;
        if head.major() != head::BYTES {
            return Err(broken("a link is no byte string"));
        }
        match self.take(head.argument, at)?.split_first() {
            Some((&head::LINK_PREFIX, cid)) if link::is_cid(cid) => Ok(()),
            _ => Err(broken("a link is not 0x00 and a CID")),
        }
    }
}

const TOO_DEEP: &str = "it is nested deeper than any token";

/// Compares keys as DAG-CBOR sorts them.
pub(super) fn order(a: &[u8], b: &[u8]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER_PERMISSIVE;
    use greatseal_core::Code;

    use super::*;

    #[track_caller]
    fn bytes(hex: &str) -> Vec<u8> {
        HEXLOWER_PERMISSIVE.decode(hex.replace(' ', "").as_bytes()).unwrap()
    }

    /// Says which rule a text of hexadecimal digits breaks.
    #[track_caller]
    fn rule(hex: &str) -> (usize, &'static str) {
        match validate(&bytes(hex)) {
            Err(UcanFault::Cbor { at, rule }) => (at, rule),
            other => panic!("{hex}: {other:?}"),
        }
    }

    #[test]
    fn non_minimal_integers_are_refused() {
        for hex in ["1800", "1817", "190017", "1900ff", "1a0000ffff", "1b00000000ffffffff", "3817", "3900ff"] {
            assert_eq!(rule(hex), (0, "an integer is longer than it has to be"), "{hex}");
        }
        for hex in ["00", "17", "1818", "18ff", "190100", "1a00010000", "1b0000000100000000", "37", "3818"] {
            assert!(validate(&bytes(hex)).is_ok(), "{hex}");
        }
    }

    #[test]
    fn non_minimal_lengths_are_refused() {
        for hex in ["5801 00", "7801 61", "9801 00", "b801 6161 00", "590001 00", "5b0000000000000001 00"] {
            assert_eq!(rule(hex), (0, "a length is longer than it has to be"), "{hex}");
        }
        assert_eq!(rule("81 7801 61"), (1, "a length is longer than it has to be"));
        assert_eq!(rule("d9002a 41 00"), (0, "a tag is longer than it has to be"));
    }

    #[test]
    fn indefinite_lengths_are_refused() {
        for hex in ["5f 41 00 ff", "7f 6161 ff", "9f ff", "bf ff", "ff"] {
            assert_eq!(rule(hex), (0, "a length is indefinite"), "{hex}");
        }
        for hex in ["1c", "5d", "9e", "fc"] {
            assert_eq!(rule(hex), (0, "a head is reserved"), "{hex}");
        }
    }

    #[test]
    fn unsorted_keys_are_refused() {
        // {"b": 0, "a": 0}, {"aa": 0, "b": 0}
        assert_eq!(rule("a2 6162 00 6161 00"), (4, "keys are not sorted by length, then by bytes"));
        assert_eq!(rule("a2 626161 00 6162 00"), (5, "keys are not sorted by length, then by bytes"));
        // {"b": 0, "aa": 0}: shorter first, whatever the bytes.
        assert!(validate(&bytes("a2 6162 00 626161 00")).is_ok());
    }

    #[test]
    fn duplicate_keys_are_refused() {
        assert_eq!(rule("a2 6161 00 6161 01"), (4, "a key occurs twice in one map"));
        assert_eq!(rule("81 a2 60 00 60 01"), (4, "a key occurs twice in one map"));
    }

    #[test]
    fn keys_are_texts() {
        for hex in ["a1 00 00", "a1 4161 00", "a1 f6 00", "a1 80 00"] {
            assert_eq!(rule(hex), (1, "a key is no text"), "{hex}");
        }
    }

    #[test]
    fn short_floats_are_refused() {
        for hex in ["f93c00", "fa3f800000", "f97e00"] {
            assert_eq!(rule(hex), (0, "a float has fewer than 64 bits"), "{hex}");
        }
        assert_eq!(validate(&bytes("fb3ff0000000000000")), Ok(Value::Float(1.0)));
        // The bits of a small float are no argument that could be shorter.
        assert_eq!(validate(&bytes("fb0000000000000001")), Ok(Value::Float(5e-324)));
    }

    #[test]
    fn nan_and_infinity_are_refused() {
        for hex in ["fb7ff8000000000000", "fbfff8000000000001", "fb7ff0000000000000", "fbfff0000000000000"] {
            assert_eq!(rule(hex), (0, "a float is NaN or infinite"), "{hex}");
        }
    }

    #[test]
    fn integers_beyond_two_to_the_53_are_refused() {
        for (hex, value) in [("1b001fffffffffffff", (1 << 53) - 1), ("3b001ffffffffffffe", -((1 << 53) - 1))] {
            assert_eq!(validate(&bytes(hex)), Ok(Value::Integer(value)));
        }
        // 2^53, −2^53, 2^64−1, −2^64.
        for hex in ["1b0020000000000000", "3b001fffffffffffff", "1bffffffffffffffff", "3bffffffffffffffff"] {
            assert_eq!(validate(&bytes(hex)).unwrap_err().code(), Code::UcanInteger, "{hex}");
        }
        assert_eq!(validate(&bytes("82 00 1b0020000000000000")), Err(UcanFault::Integer { at: 2 }));
    }

    #[test]
    fn other_simple_values_are_refused() {
        for hex in ["e0", "f3", "f7"] {
            assert_eq!(rule(hex), (0, "a simple value is none of false, true and null"), "{hex}");
        }
        for hex in ["f800", "f814", "f8ff"] {
            assert!(validate(&bytes(hex)).is_err(), "{hex}");
        }
        for (hex, value) in [("f4", Value::Bool(false)), ("f5", Value::Bool(true)), ("f6", Value::Null)] {
            assert_eq!(validate(&bytes(hex)), Ok(value));
        }
    }

    #[test]
    fn links_hold_a_cid() {
        let digest = "22".repeat(32);
        for cid in
            [format!("01711220{digest}"), format!("01551220{digest}"), format!("1220{digest}"), "01550000".into()]
        {
            let cid = bytes(&cid);
            let mut link = vec![0xd8, 0x2a, 0x58, u8::try_from(cid.len() + 1).unwrap(), 0];
            if cid.len() < 23 {
                link[2..4].copy_from_slice(&[0x40 | u8::try_from(cid.len() + 1).unwrap(), 0]);
                link.truncate(4);
            }
            link.extend_from_slice(&cid);
            assert_eq!(validate(&link), Ok(Value::Link(&cid)), "{link:02x?}");
        }
        for hex in [
            "d82a 40",
            "d82a 41 00",
            "d82a 42 00 01",
            "d82a 45 01 01550000",
            "d82a 46 00 0155000000",
            "d82a 46 00 8100550000",
        ] {
            assert_eq!(rule(hex), (0, "a link is not 0x00 and a CID"), "{hex}");
        }
        assert_eq!(rule("d82a 60"), (0, "a link is no byte string"));
        for hex in ["c0 60", "d818 40", "d9d9f7 00", "d82b 45 00 01550000"] {
            assert_eq!(rule(hex), (0, "a tag is not 42"), "{hex}");
        }
    }

    #[test]
    fn nothing_is_missing_and_nothing_left_over() {
        for hex in [
            "",
            "18",
            "1900",
            "41",
            "61",
            "81",
            "a1",
            "a1 60",
            "fb00",
            "d82a",
            "5bffffffffffffffff",
            "9bffffffffffffffff",
            "bb7fffffffffffffff",
        ] {
            assert_eq!(rule(hex).1, CUT_SHORT, "{hex}");
        }
        assert_eq!(rule("00 00"), (1, "bytes are left over"));
        assert_eq!(rule("80 80"), (1, "bytes are left over"));
    }

    #[test]
    fn texts_are_utf8() {
        assert_eq!(rule("61 ff"), (0, "a text is no UTF-8"));
        assert_eq!(rule("a1 62 c080 00"), (1, "a text is no UTF-8"));
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |levels: usize| [vec![0x81; levels - 1], vec![0x80]].concat();
        assert!(validate(&nested(CBOR_DEPTH)).is_ok());
        assert_eq!(validate(&nested(CBOR_DEPTH + 1)), Err(UcanFault::Cbor { at: CBOR_DEPTH, rule: TOO_DEEP }));
        assert!(validate(&vec![0x81; 1_000_000]).is_err());
        assert!(validate(&b"\xa1\x60".repeat(500_000)).is_err());
    }
}
