//! Public nkeys: `prefix ‖ key ‖ CRC-16` in base32, 56 characters.

use core::fmt;

use crc::{CRC_16_XMODEM, Crc, NoTable, Table};
use data_encoding::BASE32_NOPAD;

use super::{PublicKey, RawKey, Role};
use crate::error::KeyFault;

/// Characters of a public nkey's text.
pub const TEXT_LENGTH: usize = 56;
/// Bytes behind that text: prefix, key, checksum.
const WIRE_LENGTH: usize = 35;

// Sixteen bytes at a time: byte by byte, the checksum took longer than everything else about a key.
static CRC: Crc<u16, Table<16>> = Crc::<u16, Table<16>>::new(&CRC_16_XMODEM);
// Seeds are rare, and a table look-up by secret bytes would leak through the cache.
const CRC_WITHOUT_TABLE: Crc<u16, NoTable> = Crc::<u16, NoTable>::new(&CRC_16_XMODEM);

/// A public key with its role, as nkey text shows it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nkey {
    role: Role,
    raw: RawKey,
}

impl Nkey {
    /// Joins a role and a raw key.
    #[must_use]
    pub const fn new(role: Role, raw: RawKey) -> Self {
        Self { role, raw }
    }

    /// Reads exactly 56 characters of upper-case base32.
    ///
    /// # Errors
    /// [`KeyFault`] for another length, another alphabet (lower case and `=` included), a wrong
    /// checksum, or a prefix that is no role; a seed is named as such, without repeating it.
    pub fn parse(text: &str) -> Result<Self, KeyFault> {
        if text.len() != TEXT_LENGTH {
            let seed = text.len() == 58 && text.starts_with('S');
            return Err(if seed { KeyFault::Seed } else { KeyFault::Length { found: text.len() } });
        }
        let mut wire = [0u8; WIRE_LENGTH];
        let written = BASE32_NOPAD.decode_mut(text.as_bytes(), &mut wire).map_err(|_| KeyFault::Alphabet)?;
        if written != WIRE_LENGTH {
            return Err(KeyFault::Length { found: text.len() });
        }
        let [prefix, key @ .., low, high] = wire;
        let role = Role::from_prefix(prefix).ok_or(KeyFault::Prefix { found: prefix })?;
        let (body, _) = wire.split_at(WIRE_LENGTH - 2);
        if CRC.checksum(body) != u16::from_le_bytes([low, high]) {
            return Err(KeyFault::Checksum);
        }
        Ok(Self { role, raw: RawKey::new(key) })
    }

    /// Returns the role the text claims.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Returns the 32 bytes that comparisons use.
    #[must_use]
    pub const fn raw(&self) -> &RawKey {
        &self.raw
    }

    /// Returns the key without its role.
    #[must_use]
    pub const fn public_key(&self) -> PublicKey {
        PublicKey::Ed25519(self.raw)
    }

    /// Returns the first and last characters, for tables: enough to recognise, never to compare.
    #[must_use]
    pub fn short(&self) -> String {
        let text = self.to_string();
        match (text.get(..6), text.get(TEXT_LENGTH - 4..)) {
            (Some(head), Some(tail)) => format!("{head}…{tail}"),
            _ => text,
        }
    }
}

impl fmt::Display for Nkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut wire = [0u8; WIRE_LENGTH];
        let (body, tail) = wire.split_at_mut(WIRE_LENGTH - 2);
        if let Some((prefix, key)) = body.split_first_mut() {
            *prefix = self.role.prefix();
            key.copy_from_slice(self.raw.as_bytes());
        }
        tail.copy_from_slice(&CRC.checksum(body).to_le_bytes());
        f.pad(&BASE32_NOPAD.encode(&wire))
    }
}

impl fmt::Debug for Nkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nkey({self})")
    }
}

/// Returns the CRC-16/XMODEM of a seed's bytes, without a table that secret bytes would index.
#[must_use]
pub fn seed_checksum(bytes: &[u8]) -> u16 {
    CRC_WITHOUT_TABLE.checksum(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPERATOR: &str = "OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT";

    #[test]
    fn text_goes_both_ways() {
        let nkey = Nkey::parse(OPERATOR).unwrap();
        assert_eq!(nkey.role(), Role::Operator);
        assert_eq!(nkey.to_string(), OPERATOR);
        assert_eq!(nkey.short(), "OAB2CB…QZVT");
    }

    #[test]
    fn every_other_spelling_is_refused() {
        let cases = [
            (OPERATOR.to_lowercase(), KeyFault::Alphabet),
            (format!("{OPERATOR}="), KeyFault::Length { found: 57 }),
            (OPERATOR.replace('2', "3"), KeyFault::Checksum),
            (String::new(), KeyFault::Length { found: 0 }),
            (OPERATOR.replace("OAB2", "OAB "), KeyFault::Alphabet),
            (format!("{}é", &OPERATOR[..54]), KeyFault::Alphabet),
            ("SOAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H2AJA".into(), KeyFault::Seed),
        ];
        for (text, fault) in cases {
            assert_eq!(Nkey::parse(&text), Err(fault), "{text}");
        }
    }
}
