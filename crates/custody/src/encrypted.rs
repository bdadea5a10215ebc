//! Seeds inside age files: armored, encrypted to a passphrase by scrypt or to recipients (C2SP age v1).
//!
//! The plaintext is the seed's nkey text and a line break, so that without this program
//! `age -d FILE` and the passphrase, or `age -d -i IDENTITY FILE`, give the seed back. Armored, because a backup then survives
//! copy and paste, print and mail; binary files of the same content are read as well.

use std::io::{self, Read, Write};
use std::iter;
use std::path::Path;

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::{DecryptError, Decryptor, Encryptor, scrypt, x25519};
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use crate::fault::{CustodyFault, SeedFault};
use crate::passphrase::Passphrase;
use crate::recipients::Protection;
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

/// Bytes of the largest file to recipients: each of them is tried with each identity, so that their
/// number bounds the work.
const RECIPIENTS_BYTES: usize = 64 * 1024;

const ARMOR: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";
const BINARY: &[u8] = b"age-encryption.org/";

/// An age file that is opened.
pub(crate) type Opened<R> = age::stream::StreamReader<ArmoredReader<io::BufReader<R>>>;

/// What opens a key file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A passphrase.
    Passphrase,
    /// An identity.
    Recipients,
}

/// A key file that does not yield its seed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The passphrase is another one, or the passphrase's part of the file was changed.
    Locked,
    /// It asks for more work than [`WorkFactor::MOST`].
    Work { asked: u8 },
    /// It is no whole age file.
    Malformed(&'static str),
    /// It opens, but to something else than a seed.
    Seed(SeedFault),
}

impl Refusal {
    /// Says of which file.
    pub(crate) fn of(self, path: &Path) -> CustodyFault {
        let path = path.into();
        match self {
            Self::Locked => CustodyFault::Locked { path },
            Self::Work { asked } => CustodyFault::Work { path, asked, limit: WorkFactor::MOST.log_n() },
            Self::Malformed(problem) => CustodyFault::Malformed { path, problem },
            Self::Seed(fault) => CustodyFault::NoSeed { path, fault },
        }
    }
}

/// Encrypts the seed, for the file at `path`.
///
/// # Errors
/// What keeps plugins of recipients from it; otherwise none that is known, everything happens in memory.
pub(crate) fn encrypt(
    seed: &Seed,
    protection: Protection<'_>,
    work: WorkFactor,
    path: &Path,
) -> Result<Vec<u8>, CustodyFault> {
    let encryptor = match protection {
        Protection::Passphrase(passphrase) => {
            let mut recipient = scrypt::Recipient::new(passphrase.secret());
            recipient.set_work_factor(work.0);
            Encryptor::with_recipients(iter::once(&recipient as _))
                .map_err(|error| CustodyFault::io("encrypt", path, &io::Error::other(error.to_string())))?
        }
        Protection::Recipients(recipients) => recipients.encryptor()?,
    };
    let result = write_age(seed, encryptor);
    wipe::wipe_age_buffers();
    wipe::wipe_stack::<DECRYPTION_STACK>();
    result.map_err(|error| CustodyFault::io("encrypt", path, &error))
}

#[inline(never)]
fn write_age(seed: &Seed, encryptor: Encryptor) -> io::Result<Vec<u8>> {
    let armor = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?;
    let mut writer = encryptor.wrap_output(armor)?;
    writer.write_all(seed.to_nkey_text().expose_secret().as_bytes())?;
    writer.write_all(b"\n")?;
    writer.finish()?.finish()
}

/// Opens a key file of a passphrase.
///
/// # Errors
/// [`Refusal`], in bounded time and memory whatever the bytes are.
pub(crate) fn decrypt(bytes: &[u8], passphrase: &Passphrase) -> Result<Seed, Refusal> {
    let result = open(bytes, passphrase);
    wipe::wipe_stack::<DECRYPTION_STACK>();
    result
}

/// A frame of its own, so that the wiping that follows lies over it; so are the next two.
#[inline(never)]
fn open(bytes: &[u8], passphrase: &Passphrase) -> Result<Seed, Refusal> {
    reader(bytes, passphrase).and_then(read_seed)
}

/// Opens a key file of recipients; nothing where it is for none of these.
///
/// # Errors
/// [`Refusal`], in bounded time and memory whatever the bytes are.
pub(crate) fn decrypt_by(bytes: &[u8], identities: &[x25519::Identity]) -> Result<Option<Seed>, Refusal> {
    let result = open_by(bytes, identities);
    wipe::wipe_stack::<DECRYPTION_STACK>();
    result
}

#[inline(never)]
fn open_by(bytes: &[u8], identities: &[x25519::Identity]) -> Result<Option<Seed>, Refusal> {
    let identities = identities.iter().map(|identity| identity as &dyn age::Identity);
    match decryptor(bytes)?.decrypt(identities) {
        Ok(opened) => read_seed(opened).map(Some),
        Err(DecryptError::NoMatchingKeys) => Ok(None),
        Err(error) => Err(refusal(&error)),
    }
}

/// Reads the seed in a file that is opened.
///
/// # Errors
/// [`Refusal`] for anything else than a seed.
#[inline(never)]
pub(crate) fn read_seed(mut reader: impl Read) -> Result<Seed, Refusal> {
    // Room for the seed and its line break, and one byte more that tells of anything longer.
    let mut text = Zeroizing::new([0u8; crate::base32::TEXT_LENGTH + 3]);
    let mut length = 0;
    while let Some(rest) = text.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(_) => return Err(CHANGED),
        }
    }
    Seed::parse_line(text.get(..length).unwrap_or_default()).map_err(Refusal::Seed)
}

const CHANGED: Refusal = Refusal::Malformed("what is encrypted in it was changed or cut off");

/// Opens the plaintext of an age file of a passphrase, armored or not.
pub(crate) fn reader<'a>(bytes: &'a [u8], passphrase: &Passphrase) -> Result<Opened<&'a [u8]>, Refusal> {
    let decryptor = decryptor(bytes)?;
    if !decryptor.is_scrypt() {
        return Err(Refusal::Malformed("it is encrypted to a key, not to a passphrase"));
    }
    let mut identity = scrypt::Identity::new(passphrase.secret());
    identity.set_max_work_factor(WorkFactor::MOST.0);
    decryptor.decrypt(iter::once(&identity as _)).map_err(|error| refusal(&error))
}

/// Opens the whole plaintext of an age file of a passphrase, which is no larger than the file.
pub(crate) fn text(bytes: &[u8], passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let opened = open_text(bytes, passphrase);
    wipe::wipe_stack::<DECRYPTION_STACK>();
    opened
}

#[inline(never)]
fn open_text(bytes: &[u8], passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let mut text = Zeroizing::new(Vec::with_capacity(bytes.len()));
    reader(bytes, passphrase)?.read_to_end(&mut text).map_err(|_| CHANGED)?;
    Ok(text)
}

/// Says whether bytes begin as an age file does.
pub(crate) fn is_age(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(ARMOR) || bytes.starts_with(BINARY)
}

/// Says what opens a file, if it could be one of ours; whether it opens, only that says.
pub(crate) fn kind(bytes: &[u8]) -> Result<Kind, Refusal> {
    if decryptor(bytes)?.is_scrypt() {
        Ok(Kind::Passphrase)
    } else if bytes.len() > RECIPIENTS_BYTES {
        Err(Refusal::Malformed("it is larger than 64 KiB, which no key file to recipients is"))
    } else {
        Ok(Kind::Recipients)
    }
}

/// Reads the header of an age file, which never mixes a passphrase with other recipients.
pub(crate) fn decryptor<R: Read>(bytes: R) -> Result<Decryptor<ArmoredReader<io::BufReader<R>>>, Refusal> {
    Decryptor::new_buffered(ArmoredReader::new(bytes)).map_err(|error| refusal(&error))
}

pub(crate) fn refusal(error: &DecryptError) -> Refusal {
    match error {
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => Refusal::Locked,
        DecryptError::ExcessiveWork { required, target: _ } => Refusal::Work { asked: *required },
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
    use crate::recipients::Recipients;

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
        let file = encrypt(&seed, Protection::Passphrase(&passphrase("right")), WORK, Path::new("x.age")).unwrap();
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
        let file = encrypt(&seed, Protection::Passphrase(&passphrase("right")), WORK, Path::new("x.age")).unwrap();
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
    fn files_to_recipients_open_to_each_of_them_and_to_nobody_else() {
        let seed = Seed::generate(Role::Account).unwrap();
        let [one, two, other] = [(); 3].map(|()| x25519::Identity::generate());
        let texts = [&one, &two].map(|identity| identity.to_public().to_string());
        let recipients = Recipients::parse(texts.iter().map(String::as_str)).unwrap();
        let file = encrypt(&seed, Protection::Recipients(&recipients), WORK, Path::new("x.age")).unwrap();
        assert!(file.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----\n"));
        assert_eq!(kind(&file), Ok(Kind::Recipients));
        for identity in [&one, &two] {
            let opened = decrypt_by(&file, &[other.clone(), identity.clone()]).unwrap().unwrap();
            assert_eq!(opened.nkey(), seed.nkey());
            let plaintext = age::decrypt(identity, &file).unwrap();
            assert_eq!(plaintext, format!("{}\n", seed.to_nkey_text().expose_secret()).as_bytes());
        }
        assert!(decrypt_by(&file, std::slice::from_ref(&other)).unwrap().is_none());
        assert!(decrypt_by(&file, &[]).unwrap().is_none());
        assert!(matches!(decrypt(&file, &passphrase("right")), Err(Refusal::Malformed(_))));
        let locked = encrypt(&seed, Protection::Passphrase(&passphrase("right")), WORK, Path::new("x.age")).unwrap();
        assert_eq!(kind(&locked), Ok(Kind::Passphrase));
        assert!(decrypt_by(&locked, &[one]).unwrap().is_none());
    }

    #[test]
    fn every_damaged_byte_of_a_file_to_recipients_is_noticed() {
        let seed = Seed::generate(Role::Account).unwrap();
        let identity = x25519::Identity::generate();
        let encryptor = Encryptor::with_recipients(iter::once(&identity.to_public() as _)).unwrap();
        let mut writer = encryptor.wrap_output(Vec::new()).unwrap();
        writer.write_all(seed.to_nkey_text().expose_secret().as_bytes()).unwrap();
        let file = writer.finish().unwrap();
        let open = |bytes: &[u8]| decrypt_by(bytes, std::slice::from_ref(&identity));
        for at in 0..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= 1;
            assert!(!matches!(open(&damaged), Ok(Some(_))), "byte {at}");
            assert!(!matches!(open(&file[..at]), Ok(Some(_))), "cut at {at}");
        }
        assert!(open(&file).unwrap().is_some());
    }

    #[test]
    fn a_passphrase_among_other_recipients_is_refused() {
        let to_key = age::encrypt(&x25519::Identity::generate().to_public(), b"SO").unwrap();
        let to_passphrase = wrap(b"SO", 2, Format::Binary);
        let stanza = |bytes: &[u8]| {
            let start = bytes.windows(3).position(|window| window == b"-> ").unwrap();
            let end = bytes.windows(4).position(|window| window == b"\n---").unwrap() + 1;
            (start, bytes[start..end].to_vec())
        };
        let ((_, scrypt), (start, _)) = (stanza(&to_passphrase), stanza(&to_key));
        let mixed = [&to_key[..start], &scrypt, &to_key[start..]].concat();
        assert!(matches!(kind(&mixed), Err(Refusal::Malformed(_))));
        assert!(matches!(decrypt(&mixed, &passphrase("right")), Err(Refusal::Malformed(_))));
    }

    #[test]
    fn no_file_asks_for_the_work_of_many_recipients() {
        let texts = vec![x25519::Identity::generate().to_public().to_string(); Recipients::MOST];
        let most = Recipients::parse(texts.iter().map(String::as_str)).unwrap();
        let seed = Seed::generate(Role::Account).unwrap();
        let file = encrypt(&seed, Protection::Recipients(&most), WORK, Path::new("x.age")).unwrap();
        assert_eq!(kind(&file), Ok(Kind::Recipients));
        let recipient = x25519::Identity::generate().to_public();
        let many = Encryptor::with_recipients(iter::repeat_n(&recipient as _, 700)).unwrap();
        let file = many.wrap_output(Vec::new()).unwrap().finish().unwrap();
        assert!(matches!(kind(&file), Err(Refusal::Malformed(_))));
    }

    #[test]
    fn what_is_no_age_file_is_refused() {
        for bytes in [&b""[..], b"SOAAAA", b"age-encryption.org/v1\n", ARMOR] {
            assert!(matches!(kind(bytes), Err(Refusal::Malformed(_))));
            assert!(matches!(decrypt(bytes, &passphrase("right")), Err(Refusal::Malformed(_))));
        }
    }
}
