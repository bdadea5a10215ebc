//! A key in every spelling: what a search has to find, or else it is blind.

use data_encoding::{BASE32_NOPAD, BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use ed25519_zebra::{SigningKey, VerificationKeyBytes};
use greatseal_core::key::nkey::seed_checksum;
use greatseal_core::key::{EcKey, PublicKey, RawKey};
use sha2::{Digest, Sha512};

use super::Known;

/// One secret, used as a seed of Ed25519 and as a scalar of P-256, and everything that would let its finder sign.
#[derive(Clone)]
pub struct Planted {
    seed: [u8; 32],
}

impl Planted {
    /// Takes 32 bytes for the secret.
    #[must_use]
    pub const fn new(seed: [u8; 32]) -> Self {
        Self { seed }
    }

    /// The public key over Ed25519.
    #[must_use]
    pub fn ed25519(&self) -> PublicKey {
        let key = SigningKey::from_bytes(&self.seed);
        PublicKey::Ed25519(RawKey::new(VerificationKeyBytes::from(&key).into()))
    }

    /// The public key over P-256; none for a number that the curve does not know.
    #[must_use]
    pub fn p256(&self) -> Option<PublicKey> {
        let key = p256::ecdsa::SigningKey::from_slice(&self.seed).ok()?;
        let point = key.verifying_key().to_sec1_point(true);
        Some(PublicKey::P256(EcKey::new(point.as_bytes().try_into().ok()?)))
    }

    /// What a search has to know to find it.
    #[must_use]
    pub fn known(&self) -> Known {
        let mut known = Known::default();
        known.add(self.ed25519());
        known
    }

    /// The secret in every spelling that there is a name for.
    #[must_use]
    pub fn spellings(&self) -> Vec<(&'static str, Vec<u8>)> {
        let seed = &self.seed;
        let scalar = self.scalar();
        let text = |text: String| text.into_bytes();
        let each = |separator: &str, one: fn(&u8) -> String| seed.iter().map(one).collect::<Vec<_>>().join(separator);
        let json = format!("{{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"{}\"}}", BASE64URL_NOPAD.encode(seed));
        let pkcs8 = [b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20", &seed[..]].concat();
        let both = [*seed, self.public()].concat();
        vec![
            ("raw", seed.to_vec()),
            ("raw, with its public key", both.clone()),
            ("raw, as the scalar that it becomes", scalar.to_vec()),
            ("raw, expanded", self.expanded().to_vec()),
            ("hexadecimal", text(HEXLOWER.encode(seed))),
            ("hexadecimal in capitals", text(HEXUPPER.encode(seed))),
            ("hexadecimal of the scalar", text(HEXLOWER.encode(&scalar))),
            ("hexadecimal behind a digit", text(format!("0{}", HEXLOWER.encode(seed)))),
            ("base64", text(BASE64.encode(seed))),
            ("base64 without padding", text(BASE64_NOPAD.encode(seed))),
            ("base64url", text(BASE64URL.encode(seed))),
            ("base64url without padding", text(BASE64URL_NOPAD.encode(seed))),
            ("base64 of it behind one byte", text(BASE64.encode(&[b":", &seed[..]].concat()))),
            ("base64 of it behind two bytes", text(BASE64.encode(&[b"a:", &seed[..]].concat()))),
            ("base64 behind one character", text(format!("k{}", BASE64.encode(seed)))),
            ("base64 behind two characters", text(format!("k/{}", BASE64.encode(seed)))),
            ("base64 behind three characters", text(format!("key{}", BASE64.encode(seed)))),
            ("base64 of its base64", text(BASE64.encode(&both))),
            ("base32", text(BASE32_NOPAD.encode(seed))),
            ("base32 in lower case", text(BASE32_NOPAD.encode(seed).to_lowercase())),
            ("base32 behind three characters", text(format!("KEY{}", BASE32_NOPAD.encode(seed)))),
            ("nkey", text(self.nkey())),
            ("nkey in lower case", text(self.nkey().to_lowercase())),
            ("nkey behind other letters", text(format!("SEED{}", self.nkey()))),
            ("base58", text(bs58::encode(seed).into_string())),
            ("multibase", text(format!("z{}", bs58::encode(seed).into_string()))),
            ("multibase with its multicodec", text(self.multikey())),
            ("base58, with its public key", text(bs58::encode(&both).into_string())),
            ("decimal numbers", text(each(",", u8::to_string))),
            ("decimal numbers, as Rust prints them", text(format!("{seed:?}"))),
            ("decimal numbers, as Rust prints them in lines", text(format!("{seed:#?}"))),
            ("hexadecimal numbers", text(each(", ", |byte| format!("0x{byte:02x}")))),
            ("hexadecimal with colons", text(each(":", |byte| format!("{byte:02x}")))),
            ("hexadecimal with spaces", text(each(" ", |byte| format!("{byte:02X}")))),
            ("escapes, as Rust prints them", text(format!("b\"{}\"", seed.escape_ascii()))),
            ("escapes in a URI", text(each("", |byte| format!("%{byte:02X}")))),
            ("JWK", text(json.clone())),
            ("PKCS#8", pkcs8.clone()),
            ("PKCS#8 in PEM", text(pem("PRIVATE KEY", &pkcs8, "\n"))),
            ("PKCS#8 in PEM within JSON", text(pem("PRIVATE KEY", &pkcs8, "\\n"))),
            ("OpenSSH", text(pem("OPENSSH PRIVATE KEY", &self.openssh(), "\n"))),
            ("CBOR", [b"\xa1\x61d\x58\x20", &seed[..], b"\xff"].concat()),
        ]
    }

    /// The spellings in which it is searched for as a scalar of P-256: where it stands apart, or in a container.
    #[must_use]
    pub fn p256_spellings(&self) -> Vec<(&'static str, Vec<u8>)> {
        let seed = &self.seed;
        let sec1 = [b"\x30\x31\x02\x01\x01\x04\x20", &seed[..], b"\xa0\x0a\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"];
        let sec1 = sec1.concat();
        vec![
            ("P-256 raw", seed.to_vec()),
            ("P-256 hexadecimal", HEXLOWER.encode(seed).into_bytes()),
            ("P-256 base64url", BASE64URL_NOPAD.encode(seed).into_bytes()),
            ("P-256 base58", bs58::encode(seed).into_vec()),
            ("P-256 SEC 1", sec1.clone()),
            ("P-256 SEC 1 in PEM", pem("EC PRIVATE KEY", &sec1, "\n").into_bytes()),
        ]
    }

    fn public(&self) -> [u8; 32] {
        VerificationKeyBytes::from(&SigningKey::from_bytes(&self.seed)).into()
    }

    /// What a seed is expanded to before it signs: a clamped scalar, and the prefix for nonces (RFC 8032, 5.1.5).
    fn expanded(&self) -> [u8; 64] {
        let mut expanded: [u8; 64] = Sha512::digest(self.seed).into();
        let [first, .., last] = expanded.first_chunk_mut::<32>().expect("64 are more than 32");
        *first &= 0b1111_1000;
        *last = *last & 0b0111_1111 | 0b0100_0000;
        expanded
    }

    fn scalar(&self) -> [u8; 32] {
        *self.expanded().first_chunk().expect("64 are more than 32")
    }

    fn nkey(&self) -> String {
        // `S`, and an account's prefix in the five bits that are left.
        let mut wire = [&[18 << 3, 0][..], &self.seed].concat();
        wire.extend(seed_checksum(&wire).to_le_bytes());
        BASE32_NOPAD.encode(&wire)
    }

    fn multikey(&self) -> String {
        // Multicodec `ed25519-priv`, 0x1300.
        format!("z{}", bs58::encode([&[0x80, 0x26][..], &self.seed].concat()).into_string())
    }

    /// The form `openssh-key-v1` without encryption (PROTOCOL.key of OpenSSH).
    fn openssh(&self) -> Vec<u8> {
        fn string(bytes: &[u8]) -> Vec<u8> {
            [&u32::try_from(bytes.len()).unwrap_or_default().to_be_bytes()[..], bytes].concat()
        }
        let public = self.public();
        let named = [string(b"ssh-ed25519"), string(&public)].concat();
        let secret = string(&[self.seed, public].concat());
        let private = [&[7; 8][..], &named, &secret, &string(b"planted"), &[1, 2, 3]].concat();
        let head = [string(b"none"), string(b"none"), string(b""), vec![0, 0, 0, 1]].concat();
        [b"openssh-key-v1\0", &head[..], &string(&named), &string(&private)].concat()
    }
}

fn pem(label: &str, bytes: &[u8], line_break: &str) -> String {
    let text = BASE64.encode(bytes);
    let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    let body = lines.join(line_break);
    format!("-----BEGIN {label}-----{line_break}{body}{line_break}-----END {label}-----{line_break}")
}
