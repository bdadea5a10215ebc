//! Private seeds in memory.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey};
use greatseal_core::issue::SigningRequest;
use greatseal_core::key::nkey::seed_checksum;
use greatseal_core::key::{Nkey, RawKey, Role};
use greatseal_core::signature::Signature;
use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox, SecretString};
use zeroize::Zeroizing;

use crate::base32::{self, WIRE_LENGTH};
use crate::custodian;
use crate::fault::{CustodyFault, SeedFault};
use crate::wipe::{self, SIGNING_STACK};

/// First prefix byte of a seed, `S`; its three lowest bits belong to the role.
const SEED_PREFIX: u8 = 18 << 3;

/// The 32 secret bytes of an Ed25519 key, and its role; wiped when dropped.
///
/// It cannot be copied, compared, shown or serialised. Its one way out is
/// [`Seed::to_nkey_text`], for the file it is encrypted into.
pub struct Seed {
    secret: SecretBox<[u8; 32]>,
    nkey: Nkey,
}

impl Seed {
    /// Draws a new seed from the system's randomness.
    ///
    /// # Errors
    /// [`CustodyFault::Randomness`], or [`SeedFault::Curve`] for a role that cannot sign.
    pub fn generate(role: Role) -> Result<Self, CustodyFault> {
        let mut secret = SecretBox::<[u8; 32]>::default();
        getrandom::fill(secret.expose_secret_mut())
            .map_err(|error| CustodyFault::Randomness { message: error.to_string() })?;
        Ok(Self::new(role, secret)?)
    }

    /// Reads exactly 58 characters of upper-case base32 (the nkey format: `b0 b1 ‖ seed ‖ CRC-16`).
    ///
    /// # Errors
    /// [`SeedFault`], which repeats nothing of the text: another length or alphabet, bits that
    /// mean nothing, a wrong checksum, an unknown role, or a curve key.
    pub fn parse(text: &[u8]) -> Result<Self, SeedFault> {
        let wire = base32::decode(text)?;
        let [b0, b1, middle @ .., low, high] = &*wire;
        let (body, _) = wire.split_at(WIRE_LENGTH - 2);
        if seed_checksum(body) != u16::from_le_bytes([*low, *high]) {
            return Err(SeedFault::Checksum);
        }
        if b0 & 0b1111_1000 != SEED_PREFIX {
            return Err(SeedFault::Prefix);
        }
        if b1 & 0b0000_0111 != 0 {
            return Err(SeedFault::PrefixBits);
        }
        let found = (b0 << 5) | (b1 >> 3);
        let role = Role::from_prefix(found).ok_or(SeedFault::Role { found })?;
        let mut secret = SecretBox::<[u8; 32]>::default();
        secret.expose_secret_mut().copy_from_slice(middle);
        Self::new(role, secret)
    }

    /// Reads a seed that stands alone in a file, with or without one line break after it.
    ///
    /// # Errors
    /// As for [`Seed::parse`].
    pub fn parse_line(bytes: &[u8]) -> Result<Self, SeedFault> {
        let line = bytes.strip_suffix(b"\n").map_or(bytes, |line| line.strip_suffix(b"\r").unwrap_or(line));
        Self::parse(line)
    }

    /// Gives 32 secret bytes a role.
    pub(crate) fn new(role: Role, secret: SecretBox<[u8; 32]>) -> Result<Self, SeedFault> {
        if role == Role::Curve {
            return Err(SeedFault::Curve);
        }
        let public = with_signing_key(&secret, |key| key.verifying_key().to_bytes());
        Ok(Self { secret, nkey: Nkey::new(role, RawKey::new(public)) })
    }

    /// Writes the seed as nkey text, for encryption; wiped when dropped.
    #[must_use]
    pub fn to_nkey_text(&self) -> SecretString {
        let mut wire = Zeroizing::new([0u8; WIRE_LENGTH]);
        let (body, checksum) = wire.split_at_mut(WIRE_LENGTH - 2);
        if let [b0, b1, middle @ ..] = body {
            let role = self.nkey.role().prefix();
            *b0 = SEED_PREFIX | (role >> 5);
            *b1 = role << 3;
            middle.copy_from_slice(self.secret.expose_secret());
        }
        checksum.copy_from_slice(&seed_checksum(body).to_le_bytes());
        SecretString::from(base32::encode(&wire).as_str())
    }

    /// Returns the public key with its role.
    #[must_use]
    pub const fn nkey(&self) -> Nkey {
        self.nkey
    }

    /// Lends the 32 secret bytes, to be brought into another place.
    #[cfg_attr(not(any(feature = "ssh-agent", feature = "pkcs11")), expect(dead_code))]
    pub(crate) fn lend<T>(&self, to: impl FnOnce(&[u8; 32]) -> T) -> T {
        to(self.secret.expose_secret())
    }

    /// Signs a request for this key.
    ///
    /// # Errors
    /// [`CustodyFault::Kind`] and [`CustodyFault::Signer`], as for every custodian.
    pub fn sign(&self, request: &SigningRequest) -> Result<Signature, CustodyFault> {
        custodian::check(request, self.nkey.public_key())?;
        let signature = with_signing_key(&self.secret, |key| key.sign(request.message()).to_bytes());
        Ok(Signature::new(signature))
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seed({}, …)", self.nkey)
    }
}

/// Expands the seed for one use, and wipes what that leaves behind.
pub(crate) fn with_signing_key<T>(secret: &SecretBox<[u8; 32]>, use_it: impl FnOnce(&SigningKey) -> T) -> T {
    let result = expanded(secret, use_it);
    wipe::wipe_stack::<SIGNING_STACK>();
    result
}

/// A frame of its own, so that the wiping that follows lies over it.
#[inline(never)]
fn expanded<T>(secret: &SecretBox<[u8; 32]>, use_it: impl FnOnce(&SigningKey) -> T) -> T {
    use_it(&SigningKey::from_bytes(secret.expose_secret()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "SOAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H2AJA";
    const PUBLIC: &str = "OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT";

    #[test]
    fn text_goes_both_ways() {
        let seed = Seed::parse(TEXT.as_bytes()).unwrap();
        assert_eq!(seed.nkey().to_string(), PUBLIC);
        assert_eq!(seed.to_nkey_text().expose_secret(), TEXT);
        assert_eq!(format!("{seed:?}"), format!("Seed({PUBLIC}, …)"));
    }

    #[test]
    fn one_line_break_may_follow() {
        for end in ["", "\n", "\r\n"] {
            assert!(Seed::parse_line(format!("{TEXT}{end}").as_bytes()).is_ok());
        }
        for text in [format!("{TEXT}\n\n"), format!("{TEXT}\r"), format!(" {TEXT}"), format!("{TEXT} \n")] {
            assert!(matches!(Seed::parse_line(text.as_bytes()), Err(SeedFault::Length { .. })));
        }
    }

    #[test]
    fn new_seeds_differ_and_keep_their_role() {
        for role in Role::ALL {
            match (role, Seed::generate(role)) {
                (Role::Curve, seed) => assert_eq!(seed.unwrap_err(), SeedFault::Curve.into()),
                (_, seed) => {
                    let seed = seed.unwrap();
                    let again = Seed::parse(seed.to_nkey_text().expose_secret().as_bytes()).unwrap();
                    assert_eq!(again.nkey(), seed.nkey());
                    assert_eq!(seed.nkey().role(), role);
                    assert_ne!(Seed::generate(role).unwrap().nkey(), seed.nkey());
                }
            }
        }
    }

    #[test]
    fn every_changed_character_is_noticed() {
        for at in 0..TEXT.len() {
            let mut text = TEXT.as_bytes().to_vec();
            text[at] = if text[at] == b'A' { b'B' } else { b'A' };
            assert!(Seed::parse(&text).is_err(), "{at}");
            text[at] = text[at].to_ascii_lowercase();
            assert_eq!(Seed::parse(&text).unwrap_err(), SeedFault::Alphabet, "{at}");
        }
    }
}
