//! Private keys as other programs write them: OpenSSH, PKCS#8, credentials of NATS.

use std::path::Path;

use aes::cipher::{KeyIvInit, StreamCipher};
use data_encoding::BASE64;
use greatseal_core::key::Role;
use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox};
use zeroize::Zeroizing;

use crate::fault::CustodyFault;
use crate::passphrase::Passphrase;
use crate::seed::Seed;
use crate::wipe::{self, DECRYPTION_STACK};

/// The most rounds of bcrypt that a foreign file can ask for, about 3 s; OpenSSH's own are 16 or 24.
const MOST_ROUNDS: u32 = 256;

const MAGIC: &[u8] = b"openssh-key-v1\0";
const ED25519: &[u8] = b"ssh-ed25519";

const BEGIN: &[u8] = b"-----BEGIN ";

/// A PKCS#8 key of Ed25519 without its public half (RFC 8410 section 7), up to its 32 bytes.
const PKCS8: &[u8] = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
/// The same with the public half behind it, and how that is written: as in the RFC, and as the
/// crate `ring` has long written it.
const PKCS8_PAIRS: [(&[u8], &[u8]); 2] = [
    (b"\x30\x51\x02\x01\x01\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20", b"\x81\x21\x00"),
    (b"\x30\x53\x02\x01\x01\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20", b"\xa1\x23\x03\x21\x00"),
];

impl Seed {
    /// Reads a private key of Ed25519 from the bytes of the file at `path`, which is only named in
    /// faults: an nkey seed, credentials of NATS, a private key of OpenSSH, or PKCS#8 as PEM.
    ///
    /// Keys of OpenSSH and PKCS#8 have no role, so that one is given them; an nkey's has to be the
    /// one given, if one is. `ask` is asked for the passphrase of a key of OpenSSH that has one.
    ///
    /// # Errors
    /// [`CustodyFault::Foreign`] for what is none of these or has no role, [`CustodyFault::Seed`]
    /// for a seed that is none, [`CustodyFault::Locked`] for another passphrase.
    pub fn read_foreign(
        path: &Path,
        bytes: &[u8],
        role: Option<Role>,
        ask: impl FnOnce() -> Result<Passphrase, CustodyFault>,
    ) -> Result<Self, CustodyFault> {
        let foreign = |problem| CustodyFault::Foreign { path: path.into(), problem };
        if private_parts(bytes) > 1 {
            return Err(foreign("it holds several private keys: bring in a file with one of them"));
        }
        let seed = if let Some(seed) = armored(bytes, "USER NKEY SEED").or_else(|| armored(bytes, "ACCOUNT NKEY SEED"))
        {
            Self::parse(seed.trim_ascii())?
        } else if let Some(base64) = armored(bytes, "OPENSSH PRIVATE KEY") {
            let role = role.ok_or_else(|| foreign(NO_ROLE))?;
            let file = decode(base64).ok_or_else(|| foreign("what is in it is no base64"))?;
            let seed = openssh(&file, path, role, ask);
            wipe::wipe_stack::<DECRYPTION_STACK>();
            return seed;
        } else if let Some(base64) = armored(bytes, "PRIVATE KEY") {
            let role = role.ok_or_else(|| foreign(NO_ROLE))?;
            let key = decode(base64).ok_or_else(|| foreign("what is in it is no base64"))?;
            return pkcs8(&key, role)?.ok_or_else(|| foreign("it is no Ed25519 key of PKCS#8, or a damaged one"));
        } else if armored(bytes, "ENCRYPTED PRIVATE KEY").is_some() {
            return Err(foreign("PKCS#8 with a passphrase is not read: `openssl pkey -in FILE` writes it without"));
        } else if armored(bytes, "EC PRIVATE KEY").is_some() || armored(bytes, "RSA PRIVATE KEY").is_some() {
            return Err(foreign(OTHER_KIND));
        } else {
            Self::parse_line(bytes)?
        };
        match role {
            Some(role) if role != seed.nkey().role() => Err(foreign("its seed is one of another role")),
            Some(_) | None => Ok(seed),
        }
    }
}

const NO_ROLE: &str = "a key of this kind has no role of its own: say which it gets";
const OTHER_KIND: &str = "only keys of Ed25519 are brought in";

/// Counts the private keys in parts with a beginning line, of whatever kind: of several, nobody has
/// said which one is meant.
fn private_parts(bytes: &[u8]) -> usize {
    let begins = |at: &usize| bytes.get(*at..).is_some_and(|rest| rest.starts_with(BEGIN));
    let is_private = |at: usize| {
        let rest = bytes.get(at + BEGIN.len()..).unwrap_or_default();
        let end = rest.windows(5).position(|window| window == b"-----");
        let name = end.and_then(|end| rest.get(..end)).unwrap_or_default();
        name.ends_with(b"PRIVATE KEY") || name.ends_with(b"NKEY SEED")
    };
    (0..bytes.len()).filter(begins).filter(|at| is_private(*at)).count()
}

/// Returns what stands between the lines that begin and end a part of that name.
fn armored<'a>(bytes: &'a [u8], name: &str) -> Option<&'a [u8]> {
    // NATS writes six dashes at some ends; all take five as well.
    let (begin, end) = (format!("-----BEGIN {name}-----"), format!("END {name}-----"));
    let find = |bytes: &[u8], line: &str| bytes.windows(line.len()).position(|window| window == line.as_bytes());
    let rest = bytes.get(find(bytes, &begin)? + begin.len()..)?;
    let part = rest.get(..find(rest, &end)?)?;
    let dashes = part.iter().rev().take_while(|byte| **byte == b'-').count();
    part.get(..part.len() - dashes)
}

/// Reads base64 in lines.
fn decode(lines: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    // As large as they will be, so that they do not move and leave copies behind.
    let mut text = Zeroizing::new(Vec::with_capacity(lines.len()));
    text.extend(lines.iter().filter(|byte| !byte.is_ascii_whitespace()));
    let mut bytes = Zeroizing::new(vec![0; BASE64.decode_len(text.len()).ok()?]);
    let length = BASE64.decode_mut(&text, &mut bytes).ok()?;
    bytes.truncate(length);
    Some(bytes)
}

/// Gives 32 bytes a role; nothing where their public half is another than the one beside them.
fn seed(bytes: &[u8; 32], public: Option<&[u8]>, role: Role) -> Result<Option<Seed>, CustodyFault> {
    let mut secret = SecretBox::<[u8; 32]>::default();
    secret.expose_secret_mut().copy_from_slice(bytes);
    let seed = Seed::new(role, secret)?;
    Ok(public.is_none_or(|public| public == seed.nkey().raw().as_bytes()).then_some(seed))
}

fn pkcs8(bytes: &[u8], role: Role) -> Result<Option<Seed>, CustodyFault> {
    if let Some(secret) = bytes.strip_prefix(PKCS8).and_then(|rest| rest.try_into().ok()) {
        return seed(secret, None, role);
    }
    for (before, between) in PKCS8_PAIRS {
        let pair = bytes.strip_prefix(before).and_then(|rest| rest.split_first_chunk::<32>());
        if let Some((secret, public)) = pair
            && let Some(public) = public.strip_prefix(between)
        {
            return seed(secret, Some(public), role);
        }
    }
    Ok(None)
}

/// Reads a private key of OpenSSH (its `PROTOCOL.key`), without a passphrase or by bcrypt and AES-256-CTR.
#[inline(never)]
fn openssh(
    file: &[u8],
    path: &Path,
    role: Role,
    ask: impl FnOnce() -> Result<Passphrase, CustodyFault>,
) -> Result<Seed, CustodyFault> {
    let foreign = |problem| CustodyFault::Foreign { path: path.into(), problem };
    let damaged = || foreign("it is no whole private key of OpenSSH");
    let outer = Outer::parse(file).ok_or_else(damaged)?;
    let mut private = Zeroizing::new(outer.private.to_vec());
    let locked = match (outer.cipher, outer.kdf) {
        (b"none", b"none") => false,
        (b"aes256-ctr", b"bcrypt") => {
            let mut options = Strings(outer.options);
            let (salt, rounds) = options.next().zip(options.number()).ok_or_else(damaged)?;
            if !(1..=MOST_ROUNDS).contains(&rounds) {
                return Err(foreign("it asks for no or more than 256 rounds of bcrypt: `ssh-keygen -p -a 100`"));
            }
            let passphrase = ask()?.secret();
            let mut key = Zeroizing::new([0u8; 48]);
            bcrypt_pbkdf::bcrypt_pbkdf(passphrase.expose_secret(), salt, rounds, &mut *key).map_err(|_| damaged())?;
            let (key, nonce) = key.split_at(32);
            let cipher = ctr::Ctr128BE::<aes::Aes256>::new_from_slices(key, nonce);
            cipher.map_err(|_| damaged())?.apply_keystream(&mut private);
            true
        }
        _ => return Err(foreign("its passphrase is used in a way that is not read: `ssh-keygen -p -Z aes256-ctr`")),
    };
    let mut strings = Strings(&private);
    match strings.number().zip(strings.number()) {
        Some((one, other)) if one == other => {}
        Some(_) | None if locked => return Err(CustodyFault::Locked { path: path.into() }),
        Some(_) | None => return Err(damaged()),
    }
    if strings.next().ok_or_else(damaged)? != ED25519 {
        return Err(foreign(OTHER_KIND));
    }
    let (public, pair) = strings.next().zip(strings.next()).ok_or_else(damaged)?;
    let (secret, beside) = pair.split_first_chunk::<32>().ok_or_else(damaged)?;
    // A comment and padding follow.
    if public != beside {
        return Err(damaged());
    }
    // What `ssh-keygen -y` shows of a locked key: nothing but this tells that it is another's.
    let mut shown = Strings(outer.public);
    if shown.next() != Some(ED25519) || shown.next() != Some(public) || !shown.0.is_empty() {
        return Err(foreign("the public key that it shows is not that of its private key"));
    }
    seed(secret, Some(public), role)?.ok_or_else(damaged)
}

/// What is around the private part of a file of OpenSSH.
struct Outer<'a> {
    cipher: &'a [u8],
    kdf: &'a [u8],
    options: &'a [u8],
    public: &'a [u8],
    private: &'a [u8],
}

impl<'a> Outer<'a> {
    fn parse(file: &'a [u8]) -> Option<Self> {
        let mut strings = Strings(file.strip_prefix(MAGIC)?);
        let (cipher, kdf, options) = (strings.next()?, strings.next()?, strings.next()?);
        if strings.number()? != 1 {
            return None;
        }
        let (public, private) = (strings.next()?, strings.next()?);
        strings.0.is_empty().then_some(Self { cipher, kdf, options, public, private })
    }
}

/// Numbers of four bytes, and strings with such a length before them.
struct Strings<'a>(&'a [u8]);

impl<'a> Strings<'a> {
    fn number(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*number))
    }

    fn next(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (string, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(string)
    }
}
