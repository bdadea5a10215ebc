//! Strict DAG-CBOR, read into a tree and written again.

use std::cmp::Ordering;

const LARGEST: u64 = (1 << 53) - 1;
const DEPTH: usize = 64;

/// A value with everything that is in it.
#[derive(Clone, Debug)]
pub enum Tree {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Bytes(Vec<u8>),
    Text(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
    Link(Vec<u8>),
}

/// Reads exactly one item.
pub fn read(bytes: &[u8]) -> Option<Tree> {
    let mut at = 0;
    let tree = item(bytes, &mut at, DEPTH)?;
    (at == bytes.len()).then_some(tree)
}

/// Reads the item that begins at `at`, and moves behind it.
pub fn item(bytes: &[u8], at: &mut usize, levels: usize) -> Option<Tree> {
    let first = *bytes.get(*at)?;
    *at += 1;
    let (major, short) = (first / 32, first % 32);
    if major == 7 {
        return match first {
            0xf4 => Some(Tree::Bool(false)),
            0xf5 => Some(Tree::Bool(true)),
            0xf6 => Some(Tree::Null),
            0xfb => {
                let bits: [u8; 8] = take(bytes, at, 8)?.try_into().ok()?;
                let float = f64::from_be_bytes(bits);
                (!float.is_nan() && !float.is_infinite()).then_some(Tree::Float(float))
            }
            _ => None,
        };
    }
    let number = match short {
        0..24 => u64::from(short),
        24..28 => {
            let width = 1 << (short - 24);
            let number = take(bytes, at, width)?.iter().fold(0, |number, byte| number * 256 + u64::from(*byte));
            let least = [24, 0x100, 0x1_0000, 0x1_0000_0000][usize::from(short - 24)];
            if number < least {
                return None;
            }
            number
        }
        _ => return None,
    };
    match major {
        0 if number <= LARGEST => Some(Tree::Integer(number as i64)),
        1 if number < LARGEST => Some(Tree::Integer(-1 - number as i64)),
        2 => Some(Tree::Bytes(take(bytes, at, number)?.to_vec())),
        3 => String::from_utf8(take(bytes, at, number)?.to_vec()).ok().map(Tree::Text),
        4 if levels > 0 => {
            let mut items = Vec::new();
            for _ in 0..number {
                items.push(item(bytes, at, levels - 1)?);
            }
            Some(Tree::List(items))
        }
        5 if levels > 0 => {
            let mut pairs: Vec<(String, Tree)> = Vec::new();
            for _ in 0..number {
                // A name is not a level of its own, and nothing but a text.
                let Tree::Text(name) = item(bytes, at, 0)? else { return None };
                if pairs.last().is_some_and(|(last, _)| order(last, &name) != Ordering::Less) {
                    return None;
                }
                pairs.push((name, item(bytes, at, levels - 1)?));
            }
            Some(Tree::Map(pairs))
        }
        6 if number == 42 => {
            let Tree::Bytes(inner) = item(bytes, at, 0)? else { return None };
            let (0, cid) = inner.split_first().map(|(zero, cid)| (*zero, cid))? else { return None };
            is_cid(cid).then(|| Tree::Link(cid.to_vec()))
        }
        _ => None,
    }
}

fn take<'a>(bytes: &'a [u8], at: &mut usize, length: u64) -> Option<&'a [u8]> {
    let end = at.checked_add(usize::try_from(length).ok()?)?;
    let taken = bytes.get(*at..end)?;
    *at = end;
    Some(taken)
}

/// Names stand shorter first, then by their bytes.
fn order(a: &str, b: &str) -> Ordering {
    (a.len(), a.as_bytes()).cmp(&(b.len(), b.as_bytes()))
}

fn is_cid(bytes: &[u8]) -> bool {
    if bytes.len() == 34 && bytes[0] == 0x12 && bytes[1] == 0x20 {
        return true;
    }
    let mut at = 0;
    let mut numbers = Vec::new();
    for _ in 0..4 {
        let mut number = 0_u64;
        let mut width = 0;
        loop {
            let Some(byte) = bytes.get(at) else { return false };
            at += 1;
            number |= u64::from(byte % 128) << (7 * width);
            width += 1;
            if *byte < 128 {
                if *byte == 0 && width > 1 {
                    return false;
                }
                break;
            }
            if width == 9 {
                return false;
            }
        }
        numbers.push(number);
    }
    numbers[0] == 1 && bytes[0] == 1 && numbers[3] == (bytes.len() - at) as u64
}

impl Tree {
    /// Returns the value of a name.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(pairs) => pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Writes it in the one form there is.
    pub fn write(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.append(&mut bytes);
        bytes
    }

    fn append(&self, to: &mut Vec<u8>) {
        match self {
            Self::Null => to.push(0xf6),
            Self::Bool(value) => to.push(0xf4 + u8::from(*value)),
            Self::Integer(value) if *value < 0 => head(1, (-1 - value) as u64, to),
            Self::Integer(value) => head(0, *value as u64, to),
            Self::Float(value) => {
                to.push(0xfb);
                to.extend(value.to_be_bytes());
            }
            Self::Bytes(bytes) => {
                head(2, bytes.len() as u64, to);
                to.extend(bytes);
            }
            Self::Text(text) => {
                head(3, text.len() as u64, to);
                to.extend(text.as_bytes());
            }
            Self::List(items) => {
                head(4, items.len() as u64, to);
                items.iter().for_each(|item| item.append(to));
            }
            Self::Map(pairs) => {
                head(5, pairs.len() as u64, to);
                for (name, value) in pairs {
                    Self::Text(name.clone()).append(to);
                    value.append(to);
                }
            }
            Self::Link(cid) => {
                to.extend([0xd8, 42]);
                head(2, cid.len() as u64 + 1, to);
                to.push(0);
                to.extend(cid);
            }
        }
    }
}

fn head(major: u8, number: u64, to: &mut Vec<u8>) {
    let major = major * 32;
    match number {
        0..24 => to.push(major + number as u8),
        24..0x100 => to.extend([major + 24, number as u8]),
        0x100..0x1_0000 => {
            to.push(major + 25);
            to.extend((number as u16).to_be_bytes());
        }
        0x1_0000..0x1_0000_0000 => {
            to.push(major + 26);
            to.extend((number as u32).to_be_bytes());
        }
        _ => {
            to.push(major + 27);
            to.extend(number.to_be_bytes());
        }
    }
}
