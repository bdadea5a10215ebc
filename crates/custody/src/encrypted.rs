//! Seeds inside age files: armored, encrypted to a passphrase by scrypt (C2SP age v1).
//!
//! The plaintext is the seed's nkey text and a line break, so that without this program
//! `age -d FILE` and the passphrase give the seed back. Armored, because a backup then survives
//! copy and paste, print and mail; binary files of the same content are read as well.

use std::io::{self, Read, Write};
use std::iter;

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::{DecryptError, Decryptor, Encryptor, scrypt};
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use crate::fault::{CustodyFault, SeedFault};
use crate::passphrase::Passphrase;
use crate::seed::Seed;
use crate::wipe::{self, DECRYPTION_STACK};

/// How much work each guess of a passphrase costs: scrypt with 2ⁿ rounds of 1 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkFactor(u8);

impl WorkFactor {
    /// 18, which is also what `age -p` uses: 256 MiB, about 0.6 s.
    pub const STANDARD: Self = Self(18);

    /// 20, the most that is written or read: 1 GiB, about 2.5 s. The time and memory that a
    /// foreign file can ask for end here.
    pub const MOST: Self = Self(20);

    /// Takes a work factor between [`Self::STANDARD`] and [`Self::MOST`].
    ///
    /// # Errors
    /// [`CustodyFault::WorkFactor`] for any other, above all for a weaker one.
    pub const fn new(log_n: u8) -> Result<Self, CustodyFault> {
        let (least, most) = (Self::STANDARD.0, Self::MOST.0);
        if log_n < least || log_n > most {
            return Err(CustodyFault::WorkFactor { asked: log_n, least, most });
        }
        Ok(Self(log_n))
    }

    /// Returns n, the binary logarithm of the rounds.
    #[must_use]
    pub const fn log_n(self) -> u8 {
        self.0
    }

    /// A work factor that protects nothing, so that tests do not wait.
    #[must_use]
    pub const fn worthless_for_tests() -> Self {
        Self(2)
    }
}

/// A key file that does not yield its seed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The passphrase is another one, or the passphrase's part of the file was changed.
    Locked,
    /// It asks for more work than [`WorkFactor::MOST`].
    Work { asked: u8 },
    /// It is no whole age file of a passphrase.
    Malformed(&'static str),
    /// It opens, but to something else than a seed.
    Seed(SeedFault),
}

/// Encrypts the seed.
///
/// # Errors
/// None that is known: everything happens in memory.
pub(crate) fn encrypt(seed: &Seed, passphrase: &Passphrase, work: WorkFactor) -> io::Result<Vec<u8>> {
    let result = write_age(seed, passphrase, work);
    wipe::wipe_age_buffers();
    wipe::wipe_stack::<DECRYPTION_STACK>();
    result
}

#[inline(never)]
fn write_age(seed: &Seed, passphrase: &Passphrase, work: WorkFactor) -> io::Result<Vec<u8>> {
    let mut recipient = scrypt::Recipient::new(passphrase.secret());
    recipient.set_work_factor(work.0);
    let encryptor =
        Encryptor::with_recipients(iter::once(&recipient as _)).map_err(|error| io::Error::other(error.to_string()))?;
    let armor = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?;
    let mut writer = encryptor.wrap_output(armor)?;
    writer.write_all(seed.to_nkey_text().expose_secret().as_bytes())?;
    writer.write_all(b"\n")?;
    writer.finish()?.finish()
}

/// Opens a key file.
///
/// # Errors
/// [`Refusal`], in bounded time and memory whatever the bytes are.
pub(crate) fn decrypt(bytes: &[u8], passphrase: &Passphrase) -> Result<Seed, Refusal> {
    let result = read_age(bytes, passphrase);
    wipe::wipe_stack::<DECRYPTION_STACK>();
    result
}

#[inline(never)]
fn read_age(bytes: &[u8], passphrase: &Passphrase) -> Result<Seed, Refusal> {
    let mut reader = reader(bytes, passphrase)?;
    // Room for the seed and its line break, and one byte more that tells of anything longer.
    let mut text = Zeroizing::new([0u8; crate::base32::TEXT_LENGTH + 3]);
    let mut length = 0;
    while let Some(rest) = text.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(_) => return Err(Refusal::Malformed("what is encrypted in it was changed or cut off")),
        }
    }
    Seed::parse_line(text.get(..length).unwrap_or_default()).map_err(Refusal::Seed)
}

/// Opens the plaintext of an age file of a passphrase, armored or not.
pub(crate) fn reader<'a>(bytes: &'a [u8], passphrase: &Passphrase) -> Result<impl Read + use<'a>, Refusal> {
    let mut identity = scrypt::Identity::new(passphrase.secret());
    identity.set_max_work_factor(WorkFactor::MOST.0);
    decryptor(bytes)?.decrypt(iter::once(&identity as _)).map_err(refusal)
}

/// Says whether a file could be one of ours; whether it opens, only its passphrase says.
pub(crate) fn check(bytes: &[u8]) -> Result<(), &'static str> {
    match decryptor(bytes) {
        Ok(_) => Ok(()),
        Err(Refusal::Malformed(problem)) => Err(problem),
        Err(Refusal::Locked | Refusal::Work { .. } | Refusal::Seed(_)) => Err("it is no whole age file"),
    }
}

fn decryptor(bytes: &[u8]) -> Result<Decryptor<ArmoredReader<io::BufReader<&[u8]>>>, Refusal> {
    let decryptor = Decryptor::new_buffered(ArmoredReader::new(bytes)).map_err(refusal)?;
    if decryptor.is_scrypt() {
        Ok(decryptor)
    } else {
        Err(Refusal::Malformed("it is encrypted to a key, not to a passphrase"))
    }
}

fn refusal(error: DecryptError) -> Refusal {
    match error {
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => Refusal::Locked,
        DecryptError::ExcessiveWork { required, target: _ } => Refusal::Work { asked: required },
        DecryptError::InvalidMac => Refusal::Malformed("its header was changed"),
        DecryptError::UnknownFormat => Refusal::Malformed("it is of a newer version of the age format"),
        DecryptError::InvalidHeader | DecryptError::Io(_) | DecryptError::NoMatchingKeys | _ => {
            Refusal::Malformed("it is no whole age file")
        }
    }
}

#[cfg(test)]
mod tests {
    use greatseal_core::key::Role;
    use secrecy::SecretString;

    use super::*;

    const WORK: WorkFactor = WorkFactor::worthless_for_tests();

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(SecretString::from(text)).unwrap()
    }

    fn wrap(plaintext: &[u8], log_n: u8, format: Format) -> Vec<u8> {
        let mut recipient = scrypt::Recipient::new(SecretString::from("right"));
        recipient.set_work_factor(log_n);
        let encryptor = Encryptor::with_recipients(iter::once(&recipient as _)).unwrap();
        let mut writer = encryptor.wrap_output(ArmoredWriter::wrap_output(Vec::new(), format).unwrap()).unwrap();
        writer.write_all(plaintext).unwrap();
        writer.finish().unwrap().finish().unwrap()
    }

    #[test]
    fn what_is_encrypted_can_be_read_by_any_age() {
        let seed = Seed::generate(Role::Account).unwrap();
        let file = encrypt(&seed, &passphrase("right"), WORK).unwrap();
        assert!(file.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----\n"));
        let identity = scrypt::Identity::new(SecretString::from("right"));
        let plaintext = age::decrypt(&identity, &file).unwrap();
        assert_eq!(plaintext, format!("{}\n", seed.to_nkey_text().expose_secret()).as_bytes());
    }

    #[test]
    fn what_any_age_has_encrypted_can_be_read() {
        let seed = Seed::generate(Role::Operator).unwrap();
        let text = seed.to_nkey_text();
        for format in [Format::Binary, Format::AsciiArmor] {
            let file = wrap(text.expose_secret().as_bytes(), 10, format);
            assert_eq!(decrypt(&file, &passphrase("right")).unwrap().nkey(), seed.nkey());
        }
    }

    #[test]
    fn another_passphrase_opens_nothing() {
        let seed = Seed::generate(Role::Account).unwrap();
        let file = encrypt(&seed, &passphrase("right"), WORK).unwrap();
        for wrong in ["wrong", "right ", "Right", "\0"] {
            assert_eq!(decrypt(&file, &passphrase(wrong)).unwrap_err(), Refusal::Locked);
        }
    }

    #[test]
    fn what_holds_no_seed_is_refused() {
        let length = |found| Refusal::Seed(SeedFault::Length { found });
        for (plaintext, expected) in [
            (b"".as_slice(), length(0)),
            (b"\n", length(0)),
            (b"# a comment\n", length(11)),
            (&[b'A'; 58], Refusal::Seed(SeedFault::Prefix)),
            (&[b'B'; 58], Refusal::Seed(SeedFault::TrailingBits)),
            (&[b'A'; 100_000], length(61)),
        ] {
            let file = wrap(plaintext, 2, Format::AsciiArmor);
            assert_eq!(decrypt(&file, &passphrase("right")).unwrap_err(), expected);
        }
    }

    #[test]
    fn every_damaged_byte_is_noticed() {
        let seed = Seed::generate(Role::Account).unwrap();
        let file = wrap(seed.to_nkey_text().expose_secret().as_bytes(), 2, Format::Binary);
        for at in 0..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= 1;
            assert!(decrypt(&damaged, &passphrase("right")).is_err(), "byte {at}");
            assert!(decrypt(&file[..at], &passphrase("right")).is_err(), "cut at {at}");
        }
        assert!(decrypt(&file, &passphrase("right")).is_ok());
    }

    #[test]
    fn more_work_than_the_most_is_refused_at_once() {
        let seed = Seed::generate(Role::Account).unwrap();
        let file = wrap(seed.to_nkey_text().expose_secret().as_bytes(), 2, Format::Binary);
        for (text, asked) in [("21", 21), ("40", 40), ("63", 63)] {
            let file = replace(&file, b" 2\n", format!(" {text}\n").as_bytes());
            assert_eq!(decrypt(&file, &passphrase("right")).unwrap_err(), Refusal::Work { asked });
        }
    }

    fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
        let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
        [&bytes[..at], to, &bytes[at + from.len()..]].concat()
    }

    #[test]
    fn nobody_gets_a_weaker_one_by_asking() {
        for log_n in [0, 1, 10, 17, 21, 255] {
            assert!(WorkFactor::new(log_n).is_err());
        }
        assert_eq!(WorkFactor::new(18), Ok(WorkFactor::STANDARD));
        assert_eq!(WorkFactor::new(20), Ok(WorkFactor::MOST));
    }

    #[test]
    fn other_recipients_are_refused() {
        let recipient = age::x25519::Identity::generate().to_public();
        let file = age::encrypt(&recipient, b"SO").unwrap();
        assert!(matches!(decrypt(&file, &passphrase("right")), Err(Refusal::Malformed(_))));
        assert!(matches!(decrypt(b"", &passphrase("right")), Err(Refusal::Malformed(_))));
        assert!(matches!(decrypt(b"SOAAAA", &passphrase("right")), Err(Refusal::Malformed(_))));
    }
}
