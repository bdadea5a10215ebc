//! The messages of the agent protocol (draft-ietf-sshm-ssh-agent-05 sections 4 and 5), in memory.
//!
//! Each is a length, a number that says what it is, and strings with a length of their own. Of
//! what an agent holds, keys of two kinds are of use: `ssh-ed25519` and `ecdsa-sha2-nistp256`.

use greatseal_core::key::{EcKey, PublicKey, RawKey};
use greatseal_core::signature::Signature;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::seed::Seed;

/// Bytes of the largest message that OpenSSH's agent takes, without the length before it.
pub(super) const MESSAGE_BYTES: usize = 256 * 1024;

const FAILURE: u8 = 5;
const SUCCESS: u8 = 6;
const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;
const ADD_IDENTITY: u8 = 17;

const ED25519: &[u8] = b"ssh-ed25519";
const P256: &[u8] = b"ecdsa-sha2-nistp256";
const P256_CURVE: &[u8] = b"nistp256";

/// What is around the data in a request for a signature: number, lengths of key and data, flags.
const SIGN_FRAME: usize = 1 + 4 + 4 + 4;
const ED25519_BLOB: usize = 4 + ED25519.len() + 4 + 32;
const P256_BLOB: usize = 4 + P256.len() + 4 + P256_CURVE.len() + 4 + 65;

/// A request as it is sent, its length before it. Wiped when dropped, because one holds a seed.
pub(super) struct Request(Zeroizing<Vec<u8>>);

impl Request {
    /// Asks which keys there are.
    pub(super) fn identities() -> Self {
        Self::new(REQUEST_IDENTITIES, &[], None)
    }

    /// Asks for a signature over the data; the flags, which are RSA's, are 0.
    pub(super) fn sign(blob: &[u8], data: &[u8]) -> Self {
        Self::new(SIGN_REQUEST, &[blob, data], Some(0))
    }

    /// Brings an Ed25519 key in, without constraints: kind, public half, seed and public half, comment.
    pub(super) fn add(seed: &Seed, comment: &str) -> Self {
        let nkey = seed.nkey();
        let public = nkey.raw().as_bytes();
        let mut pair = Zeroizing::new([0u8; 64]);
        let (private, beside) = pair.split_at_mut(32);
        seed.lend(|seed| private.copy_from_slice(seed));
        beside.copy_from_slice(public);
        Self::new(ADD_IDENTITY, &[ED25519, public, &*pair, comment.as_bytes()], None)
    }

    fn new(number: u8, strings: &[&[u8]], flags: Option<u32>) -> Self {
        let flags = flags.map(u32::to_be_bytes);
        let flags = flags.as_ref().map_or(&[][..], |flags| flags);
        let length = 1 + strings.iter().map(|string| 4 + string.len()).sum::<usize>() + flags.len();
        // As large as it will be, so that it never moves and leaves a copy behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(4 + length));
        bytes.extend_from_slice(&size(length));
        bytes.push(number);
        for string in strings {
            bytes.extend_from_slice(&size(string.len()));
            bytes.extend_from_slice(string);
        }
        bytes.extend_from_slice(flags);
        Self(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What an agent answers.
pub(super) enum Answer<'a> {
    /// No, for whatever reason: the protocol has one word for all.
    Failure,
    /// Done.
    Success,
    /// The keys, to be read by [`identities`].
    Identities(&'a [u8]),
    /// A signature, to be read by [`signature`].
    Signature(&'a [u8]),
}

impl<'a> Answer<'a> {
    /// Reads an answer without the length before it; nothing for a number that answers nothing of ours.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        match bytes.split_first()? {
            (&FAILURE, _) => Some(Self::Failure),
            (&SUCCESS, []) => Some(Self::Success),
            (&IDENTITIES_ANSWER, rest) => Some(Self::Identities(rest)),
            (&SIGN_RESPONSE, rest) => Some(Self::Signature(rest)),
            _ => None,
        }
    }
}

/// A key in the agent, as it names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// The public key as SSH writes it.
    pub(super) blob: Vec<u8>,
}

/// Which kind of key it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// One whose signatures are over the bytes given.
    Usable(PublicKey),
    /// One of a FIDO device.
    Fido,
    /// Any other, by its name.
    Other(String),
}

impl Identity {
    pub(super) fn fingerprint(&self) -> [u8; 32] {
        fingerprint(&self.blob)
    }

    pub(super) fn held(&self) -> Option<Held> {
        let mut strings = Strings(&self.blob);
        let kind = strings.next()?;
        match kind {
            ED25519 => {
                let raw = strings.next()?.try_into().ok()?;
                strings.end()?;
                Some(Held::Usable(PublicKey::Ed25519(RawKey::new(raw))))
            }
            P256 => {
                let (curve, point) = (strings.next()?, strings.next()?);
                strings.end()?;
                (curve == P256_CURVE).then_some(Held::Usable(PublicKey::P256(compress(point)?)))
            }
            kind if kind.starts_with(b"sk-") => Some(Held::Fido),
            kind => Some(Held::Other(String::from_utf8_lossy(kind).into_owned())),
        }
    }
}

/// Returns the SHA-256 of a public key as SSH writes it.
pub(super) fn fingerprint(blob: &[u8]) -> [u8; 32] {
    Sha256::digest(blob).into()
}

/// Writes an Ed25519 public key as SSH does.
pub(super) fn ed25519_blob(key: &RawKey) -> Vec<u8> {
    let mut blob = Vec::with_capacity(ED25519_BLOB);
    for string in [ED25519, key.as_bytes()] {
        blob.extend_from_slice(&size(string.len()));
        blob.extend_from_slice(string);
    }
    blob
}

/// Returns the bytes of the largest data that a key of this kind signs.
pub(super) const fn largest_data(key: &PublicKey) -> usize {
    let blob = match key {
        PublicKey::Ed25519(_) => ED25519_BLOB,
        PublicKey::P256(_) | PublicKey::Secp256k1(_) => P256_BLOB,
    };
    MESSAGE_BYTES - SIGN_FRAME - blob
}

/// Reads the keys in an answer; nothing when it is damaged.
pub(super) fn identities(bytes: &[u8]) -> Option<Vec<Identity>> {
    let (count, rest) = bytes.split_first_chunk()?;
    let mut strings = Strings(rest);
    let mut identities = Vec::new();
    // Each takes eight bytes at least, so that the answer's own length bounds them.
    for _ in 0..u32::from_be_bytes(*count) {
        let (blob, _comment) = (strings.next()?, strings.next()?);
        identities.push(Identity { blob: blob.into() });
    }
    strings.end()?;
    Some(identities)
}

/// Reads the signature in an answer; nothing when it is none of a key of this kind.
pub(super) fn signature(bytes: &[u8], key: &PublicKey) -> Option<Signature> {
    let mut outer = Strings(bytes);
    let mut strings = Strings(outer.next()?);
    outer.end()?;
    let (kind, value) = (strings.next()?, strings.next()?);
    strings.end()?;
    match key {
        PublicKey::Ed25519(_) if kind == ED25519 => Some(Signature::new(value.try_into().ok()?)),
        PublicKey::P256(_) if kind == P256 => {
            let mut numbers = Strings(value);
            let (r, s) = (scalar(numbers.next()?)?, scalar(numbers.next()?)?);
            numbers.end()?;
            let mut both = [0; 64];
            let (first, second) = both.split_at_mut(32);
            first.copy_from_slice(&r);
            second.copy_from_slice(&s);
            Some(Signature::new(both))
        }
        PublicKey::Ed25519(_) | PublicKey::P256(_) | PublicKey::Secp256k1(_) => None,
    }
}

/// Reads a number as SSH writes it (`mpint`): without leading zeros, but for one before a set first bit.
fn scalar(bytes: &[u8]) -> Option<[u8; 32]> {
    let digits = match bytes {
        [0, rest @ ..] if rest.first().is_some_and(|first| first & 0x80 != 0) => rest,
        [first, ..] if (1..0x80).contains(first) => bytes,
        _ => return None,
    };
    let mut scalar = [0; 32];
    let start = scalar.len().checked_sub(digits.len())?;
    scalar.get_mut(start..)?.copy_from_slice(digits);
    Some(scalar)
}

/// Writes an uncompressed point (SEC 1 section 2.3.3) compressed; whether it is one, core finds out.
fn compress(point: &[u8]) -> Option<EcKey> {
    let [4, both @ ..]: &[u8; 65] = point.try_into().ok()? else { return None };
    let (x, y) = both.split_first_chunk::<32>()?;
    let mut key = [0; 33];
    let (parity, rest) = key.split_first_mut()?;
    *parity = 2 | (y.last()? & 1);
    rest.copy_from_slice(x);
    Some(EcKey::new(key))
}

/// Nothing here is longer than a message, so that the fallback is never written.
fn size(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()
}

/// Strings one after another, each with its length before it.
struct Strings<'a>(&'a [u8]);

impl<'a> Strings<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk()?;
        let (string, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        self.0 = rest;
        Some(string)
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;
    use greatseal_core::key::Role;

    use super::*;
    use crate::uri::SshAgentUri;

    /// Made by `ssh-keygen -t ed25519` and `-t ecdsa`; the fingerprints are what `ssh-keygen -l` says.
    const PUBLIC: [(&str, &str); 2] = [
        (
            "AAAAC3NzaC1lZDI1NTE5AAAAIGS1cPt05j1GNEJMJ2dDXNh/6B5TJFvb0FuIhPXRnb0Q",
            "SHA256:Cgq3bvx7F/E1NsB5W/m+GwQd2W0+YB5XJB2l7WRVHmQ",
        ),
        (
            "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBJgtMd5jEXbuTYFQkMt2mQ/MoHTPN4bjOgLAutadG+0LNoW8Q0yI0eff+A7SNe0SrK0p0RzCcpFH+FEtkovTT8U=",
            "SHA256:+FgubTZjgUZrfRdz8U8k0WMsSQvpGS1lZsfH0GEM0RU",
        ),
    ];

    fn identity(text: &str) -> Identity {
        Identity { blob: BASE64.decode(text.as_bytes()).unwrap() }
    }

    #[test]
    fn keys_of_openssh_are_read() {
        for (text, fingerprint) in PUBLIC {
            let identity = identity(text);
            assert_eq!(SshAgentUri::spell(&identity.fingerprint()), fingerprint);
            let Some(Held::Usable(key)) = identity.held() else { panic!("{text}") };
            assert_eq!(MESSAGE_BYTES - largest_data(&key), SIGN_FRAME + identity.blob.len());
            if let Some(raw) = key.ed25519() {
                assert_eq!(ed25519_blob(raw), identity.blob);
            }
        }
    }

    #[test]
    fn every_cut_key_is_refused() {
        for (text, _) in PUBLIC {
            let whole = identity(text).blob;
            for length in 0..whole.len() {
                let cut = Identity { blob: whole[..length].to_vec() };
                assert!(!matches!(cut.held(), Some(Held::Usable(_))), "{length}");
            }
            let longer = Identity { blob: [&whole[..], b"x"].concat() };
            assert_eq!(longer.held(), None);
        }
    }

    fn strings(strings: &[&[u8]]) -> Vec<u8> {
        strings.iter().flat_map(|string| [&size(string.len())[..], string].concat()).collect()
    }

    #[test]
    fn other_kinds_are_told_apart() {
        let fido = strings(&[b"sk-ssh-ed25519@openssh.com", &[1; 32], b"ssh:"]);
        assert_eq!(Identity { blob: fido }.held(), Some(Held::Fido));
        let rsa = strings(&[b"ssh-rsa", &[1, 0, 1], &[1; 256]]);
        assert_eq!(Identity { blob: rsa }.held(), Some(Held::Other("ssh-rsa".into())));
        let curve = strings(&[P256, b"nistp384", &[4; 65]]);
        assert_eq!(Identity { blob: curve }.held(), None);
    }

    #[test]
    fn lists_are_read_whole_or_not_at_all() {
        let list = [&2u32.to_be_bytes()[..], &strings(&[b"one", b"", b"two", b"a comment"])].concat();
        let blobs: Vec<_> = identities(&list).unwrap().into_iter().map(|identity| identity.blob).collect();
        assert_eq!(blobs, [b"one".to_vec(), b"two".to_vec()]);
        assert_eq!(identities(&0u32.to_be_bytes()).unwrap(), []);
        for length in 0..list.len() {
            assert_eq!(identities(&list[..length]), None, "{length}");
        }
        assert_eq!(identities(&[&list[..], b"x"].concat()), None);
        assert_eq!(identities(&u32::MAX.to_be_bytes()), None);
    }

    #[test]
    fn signatures_are_of_the_kind_of_the_key() {
        let (ed25519, p256) = (PublicKey::Ed25519(RawKey::new([1; 32])), PublicKey::P256(EcKey::new([2; 33])));
        let answer = |kind: &[u8], value: &[u8]| strings(&[&strings(&[kind, value])]);
        let good = answer(ED25519, &[7; 64]);
        assert_eq!(signature(&good, &ed25519), Some(Signature::new([7; 64])));
        assert_eq!(signature(&good, &p256), None);
        for length in 0..good.len() {
            assert_eq!(signature(&good[..length], &ed25519), None, "{length}");
        }
        assert_eq!(signature(&answer(ED25519, &[7; 65]), &ed25519), None);
        assert_eq!(signature(&answer(b"sk-ssh-ed25519@openssh.com", &[7; 64]), &ed25519), None);

        let short = answer(P256, &strings(&[&[0x7f], &[&[0u8][..], &[0xff; 32]].concat()]));
        let mut expected = [0; 64];
        expected[31] = 0x7f;
        expected[32..].fill(0xff);
        assert_eq!(signature(&short, &p256), Some(Signature::new(expected)));
        assert_eq!(signature(&short, &ed25519), None);
        for number in [&[][..], &[0], &[0x80], &[0, 1], &[1; 33], &[&[0u8][..], &[0xff; 33]].concat()] {
            assert_eq!(signature(&answer(P256, &strings(&[number, &[1]])), &p256), None, "{number:?}");
        }
    }

    #[test]
    fn a_request_says_its_length() {
        let seed = Seed::generate(Role::Account).unwrap();
        let blob = ed25519_blob(seed.nkey().raw());
        for request in [Request::identities(), Request::sign(&blob, b"data"), Request::add(&seed, "acme/x")] {
            let (length, rest) = request.bytes().split_first_chunk().unwrap();
            assert_eq!(u32::from_be_bytes(*length) as usize, rest.len());
            assert_eq!(request.0.capacity(), request.0.len());
        }
        let most = largest_data(&seed.nkey().public_key());
        assert_eq!(Request::sign(&blob, &vec![0; most]).bytes().len(), 4 + MESSAGE_BYTES);
    }
}
