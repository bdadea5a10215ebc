//! nkeys and `did:key`, digit by digit.

/// A role: its letter, and the byte in front of the key.
pub const ROLES: [(char, u8); 8] = [
    ('O', 14 << 3),
    ('A', 0),
    ('U', 20 << 3),
    ('M', 12 << 3),
    ('V', 21 << 3),
    ('N', 13 << 3),
    ('C', 2 << 3),
    ('X', 23 << 3),
];

const SEED: u8 = 18 << 3;

const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE58: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// Reads a public nkey: its letter and its 32 bytes.
pub fn nkey(text: &[u8]) -> Option<(char, [u8; 32])> {
    let wire: [u8; 35] = (text.len() == 56).then(|| from_base32(text))??.try_into().ok()?;
    let key = checked(&wire)?;
    let (letter, _) = ROLES.into_iter().find(|(_, prefix)| *prefix == key[0])?;
    Some((letter, key[1..].try_into().ok()?))
}

/// Reads a seed: the letter of its role and its 32 bytes. Curve keys cannot sign, so theirs are none.
pub fn seed(text: &[u8]) -> Option<(char, [u8; 32])> {
    let wire: [u8; 36] = (text.len() == 58).then(|| from_base32(text))??.try_into().ok()?;
    let seed = checked(&wire)?;
    let spelled = |prefix: u8| [SEED | (prefix >> 5), (prefix & 31) << 3];
    let (letter, _) = ROLES.into_iter().find(|(_, prefix)| spelled(*prefix) == seed[..2])?;
    (letter != 'X').then_some((letter, seed[2..].try_into().ok()?))
}

/// Reads the `did:key` of an Ed25519 key.
pub fn did(text: &[u8]) -> Option<[u8; 32]> {
    let (Curve::Ed25519, key) = any_did(text)? else { return None };
    key.try_into().ok()
}

/// What a key is a point of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    Ed25519,
    P256,
    Secp256k1,
}

/// Reads the `did:key` of a key of any curve that is known.
pub fn any_did(text: &[u8]) -> Option<(Curve, Vec<u8>)> {
    let digits = text.strip_prefix(b"did:key:z")?;
    // The longest text that is looked at; one of the right length has 48 digits.
    if digits.len() > 256 {
        return None;
    }
    let bytes = from_base58(digits)?;
    let key = bytes.get(2..)?.to_vec();
    let compressed = key.len() == 33 && (key[0] == 2 || key[0] == 3);
    match bytes[..2] {
        [0xed, 0x01] if key.len() == 32 => Some((Curve::Ed25519, key)),
        [0x80, 0x24] if compressed => Some((Curve::P256, key)),
        [0xe7, 0x01] if compressed => Some((Curve::Secp256k1, key)),
        _ => None,
    }
}

/// Writes the text of a public nkey or a seed: the bytes, then their checksum.
pub fn text(bytes: &[u8]) -> Vec<u8> {
    to_base32(&[bytes, &crc16(bytes).to_le_bytes()].concat())
}

fn checked(wire: &[u8]) -> Option<&[u8]> {
    let (body, checksum) = wire.split_at(wire.len() - 2);
    (crc16(body).to_le_bytes() == checksum).then_some(body)
}

/// CRC-16/XMODEM, bit by bit.
pub fn crc16(bytes: &[u8]) -> u16 {
    let mut crc = 0u16;
    for byte in bytes {
        crc ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 != 0 { (crc << 1) ^ 0x1021 } else { crc << 1 };
        }
    }
    crc
}

fn from_base32(text: &[u8]) -> Option<Vec<u8>> {
    let mut bits = Vec::new();
    for character in text {
        let value = BASE32.iter().position(|symbol| symbol == character)?;
        bits.extend((0..5).rev().map(|bit| value >> bit & 1 == 1));
    }
    let whole = bits.len() / 8 * 8;
    let byte = |bits: &[bool]| bits.iter().fold(0u8, |byte, bit| byte << 1 | u8::from(*bit));
    (!bits[whole..].contains(&true)).then(|| bits[..whole].chunks(8).map(byte).collect())
}

fn to_base32(bytes: &[u8]) -> Vec<u8> {
    let bits: Vec<bool> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1)).collect();
    let symbol = |bits: &[bool]| {
        let value = (0..5).fold(0, |value, bit| value << 1 | usize::from(bits.get(bit).copied().unwrap_or(false)));
        BASE32[value]
    };
    bits.chunks(5).map(symbol).collect()
}

fn from_base58(digits: &[u8]) -> Option<Vec<u8>> {
    // Least significant byte first.
    let mut number: Vec<u8> = Vec::new();
    for digit in digits {
        let mut carry = BASE58.iter().position(|symbol| symbol == digit)?;
        for byte in &mut number {
            carry += usize::from(*byte) * 58;
            *byte = carry.to_le_bytes()[0];
            carry >>= 8;
        }
        while carry > 0 {
            number.push(carry.to_le_bytes()[0]);
            carry >>= 8;
        }
    }
    number.extend(digits.iter().take_while(|digit| **digit == BASE58[0]).map(|_| 0));
    number.reverse();
    Some(number)
}

/// Writes bytes in base58.
pub fn to_base58(bytes: &[u8]) -> Vec<u8> {
    // Least significant digit first.
    let mut digits: Vec<usize> = Vec::new();
    for byte in bytes {
        let mut carry = usize::from(*byte);
        for digit in &mut digits {
            carry += *digit << 8;
            *digit = carry % 58;
            carry /= 58;
        }
        while carry > 0 {
            digits.push(carry % 58);
            carry /= 58;
        }
    }
    digits.extend(bytes.iter().take_while(|byte| **byte == 0).map(|_| 0));
    digits.iter().rev().map(|digit| BASE58[*digit]).collect()
}
