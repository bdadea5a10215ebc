//! The envelope: `[signature, {"h": header, tag: payload}]`, of which the map's bytes are signed.

use core::ops::Range;

use greatseal_core::error::{DecodeFault, Quoted, UcanFault};
use greatseal_core::key::PublicKey;
use greatseal_core::limits::UCAN_BYTES;
use greatseal_core::signature::{SIGNATURE_LENGTH, Signature};
use greatseal_core::statement::Kind;

use super::cbor::{self, Map, Value};

/// What stands before the signature's bytes: a list of two, a byte string of 64.
const OPENING: [u8; 3] = [0x82, 0x58, 0x40];
/// Bytes of a token besides the map that is signed.
const OVERHEAD: usize = OPENING.len() + SIGNATURE_LENGTH;

/// The name of the signature header.
pub(super) const HEADER: &str = "h";

// Varsig 1.0: 0x34, version 1, curve and key, hash, 0x71 for DAG-CBOR.
const ED25519: [u8; 8] = [0x34, 0x01, 0xed, 0x01, 0xed, 0x01, 0x13, 0x71];
const P256: [u8; 8] = [0x34, 0x01, 0xec, 0x01, 0x80, 0x24, 0x12, 0x71];
const SECP256K1: [u8; 8] = [0x34, 0x01, 0xec, 0x01, 0xe7, 0x01, 0x12, 0x71];

/// Returns the signature header of a key's algorithm.
pub(super) const fn header_of(key: &PublicKey) -> &'static [u8] {
    match key {
        PublicKey::Ed25519(_) => &ED25519,
        PublicKey::P256(_) => &P256,
        PublicKey::Secp256k1(_) => &SECP256K1,
    }
}

/// The version of the specification that a token's tag names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// The specification as it was released.
    #[default]
    V1_0_0,
    /// Its release candidate, which peers still write.
    Rc1,
}

/// Which payload a token has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Payload {
    Delegation,
    Invocation,
}

/// Every tag there is, exactly.
const TAGS: [(&str, Payload, Version); 4] = [
    (Kind::UcanDelegation.header(), Payload::Delegation, Version::V1_0_0),
    (Kind::UcanInvocation.header(), Payload::Invocation, Version::V1_0_0),
    ("ucan/dlg@1.0.0-rc.1", Payload::Delegation, Version::Rc1),
    ("ucan/inv@1.0.0-rc.1", Payload::Invocation, Version::Rc1),
];

/// Returns the tag of a payload.
pub(super) const fn tag_of(payload: Payload, version: Version) -> &'static str {
    match (payload, version) {
        (Payload::Delegation, Version::V1_0_0) => Kind::UcanDelegation.header(),
        (Payload::Invocation, Version::V1_0_0) => Kind::UcanInvocation.header(),
        (Payload::Delegation, Version::Rc1) => "ucan/dlg@1.0.0-rc.1",
        (Payload::Invocation, Version::Rc1) => "ucan/inv@1.0.0-rc.1",
    }
}

/// A token taken apart, nothing of it believed.
#[derive(Debug)]
pub(super) struct Envelope<'a> {
    pub(super) signature: Signature,
    /// Which bytes of the token the signature covers.
    pub(super) signed: Range<usize>,
    pub(super) said: Said<'a>,
}

/// What is signed: a header and a payload.
#[derive(Debug)]
pub(super) struct Said<'a> {
    header: &'a [u8],
    pub(super) kind: Payload,
    pub(super) version: Version,
    pub(super) payload: Map<'a>,
}

/// Takes a token apart.
pub(super) fn open(received: &[u8]) -> Result<Envelope<'_>, DecodeFault> {
    if received.is_empty() {
        return Err(DecodeFault::Empty);
    }
    if received.len() > UCAN_BYTES {
        return Err(DecodeFault::TooLarge { found: received.len(), limit: UCAN_BYTES });
    }
    let Value::List(list) = cbor::validate(received)? else { return Err(broken("is no list")) };
    let mut items = list.iter();
    let (Some(signature), Some(signed), None) = (items.next(), items.next(), items.next()) else {
        return Err(broken("is no list of two, a signature and what it covers"));
    };
    let Value::Bytes(signature) = signature else { return Err(broken("begins with something else than a signature")) };
    let signature = signature.try_into().map_err(|_| broken("has a signature that is not 64 bytes"))?;
    let map = signed.as_map().ok_or_else(|| broken(NO_MAP))?;
    let signed = map.at()..map.at() + map.encoded().len();
    Ok(Envelope { signature: Signature::new(signature), signed, said: Said::read(map)? })
}

/// Takes apart what is about to be signed, as [`open`] would the finished token.
pub(super) fn open_unsigned(message: &[u8]) -> Result<Said<'_>, DecodeFault> {
    let found = message.len().saturating_add(OVERHEAD);
    if found > UCAN_BYTES {
        return Err(DecodeFault::TooLarge { found, limit: UCAN_BYTES });
    }
    Said::read(cbor::validate(message)?.as_map().ok_or_else(|| broken(NO_MAP))?)
}

/// Joins a signature and what it covers.
pub(super) fn join(message: &[u8], signature: &Signature) -> Vec<u8> {
    [&OPENING[..], signature.as_bytes(), message].concat()
}

impl<'a> Said<'a> {
    fn read(map: Map<'a>) -> Result<Self, DecodeFault> {
        let mut pairs = map.iter();
        // The header has the shorter name, so it is the first.
        let (Some((HEADER, header)), Some((tag, payload)), None) = (pairs.next(), pairs.next(), pairs.next()) else {
            return Err(broken("signs something else than a header `h` and one payload"));
        };
        let known = TAGS.iter().find(|(known, ..)| *known == tag);
        let (_, kind, version) = known.ok_or_else(|| UcanFault::Tag { found: Quoted::new(tag) })?;
        let Value::Bytes(header) = header else { return Err(misfit("is no byte string")) };
        if ![ED25519, P256, SECP256K1].iter().any(|known| known == header) {
            return Err(misfit("is exactly that of no algorithm known here"));
        }
        let Value::Map(payload) = payload else { return Err(broken("has a payload that is no map")) };
        Ok(Self { header, kind: *kind, version: *version, payload })
    }

    /// Refuses a header of another algorithm than the issuer's key.
    pub(super) fn fits(&self, issuer: &PublicKey) -> Result<(), DecodeFault> {
        if self.header == header_of(issuer) {
            Ok(())
        } else {
            Err(misfit("is of another algorithm than the issuer's key"))
        }
    }
}

const NO_MAP: &str = "holds no map behind the signature";

fn broken(rule: &'static str) -> DecodeFault {
    UcanFault::Envelope { rule }.into()
}

fn misfit(rule: &'static str) -> DecodeFault {
    UcanFault::Varsig { rule }.into()
}

#[cfg(test)]
pub(super) mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    use greatseal_core::Code;
    use serde_json::{Value as Json, json};

    use super::super::decode;
    use super::*;

    /// The key of the first example of the did:key specification.
    pub(in crate::ucan) const ALICE: &str = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";
    /// Its example of P-256.
    pub(in crate::ucan) const BOB: &str = "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169";

    fn bytes(bytes: &[u8]) -> Json {
        json!({"/": {"bytes": STANDARD_NO_PAD.encode(bytes)}})
    }

    /// Writes a token that nobody signed, its map given as JSON.
    fn around(map: &Json) -> Vec<u8> {
        join(&cbor::from_json(map).unwrap(), &Signature::new([7; 64]))
    }

    /// Writes a token of alice's that nobody signed, its payload given as JSON.
    pub(in crate::ucan) fn token(tag: &str, payload: &Json) -> Vec<u8> {
        around(&json!({"h": bytes(&ED25519), tag: payload}))
    }

    #[track_caller]
    fn code(bytes: &[u8]) -> Code {
        decode(bytes).unwrap_err().code()
    }

    fn payload() -> Json {
        json!({
            "iss": ALICE, "aud": BOB, "sub": ALICE, "cmd": "/", "pol": [], "nonce": bytes(b"n"), "exp": null,
        })
    }

    #[test]
    fn signed_is_the_whole_map() {
        let token = token("ucan/dlg@1.0.0", &payload());
        let envelope = open(&token).unwrap();
        assert_eq!(envelope.signed, 67..token.len());
        assert_eq!(envelope.signature, Signature::new([7; 64]));
        assert_eq!(join(&token[envelope.signed], &envelope.signature), token);
        assert!(matches!(open_unsigned(&token[67..]), Ok(Said { kind: Payload::Delegation, .. })));
    }

    #[test]
    fn tags_are_exact() {
        for (tag, kind, version) in TAGS {
            assert_eq!(tag_of(kind, version), tag);
        }
        assert!(decode(&token("ucan/dlg@1.0.0", &payload())).is_ok());
        assert!(decode(&token("ucan/dlg@1.0.0-rc.1", &payload())).is_ok());
        for tag in [
            "ucan/dlg@1.0.0-rc.2",
            "ucan/dlg@1.0.1",
            "ucan/dlg@9.9.9",
            "ucan/dlg",
            "ucan/dlg@1.0.0 ",
            "UCAN/dlg@1.0.0",
            "ucan/dlg@1",
            "ucan/rev@1.0.0",
            "ucan/dlg@1.0.0-rc.1\0",
            "i",
            "zz",
        ] {
            assert_eq!(code(&token(tag, &payload())), Code::UcanTag, "{tag}");
        }
        // One kind's payload under the other's tag has fields that do not belong there.
        assert_eq!(code(&token("ucan/inv@1.0.0", &payload())), Code::UcanField);
    }

    #[test]
    fn headers_are_exact() {
        let with = |header: Json| around(&json!({"h": header, "ucan/dlg@1.0.0": payload()}));
        assert!(decode(&with(bytes(&ED25519))).is_ok());
        for header in [
            bytes(&P256),
            bytes(&SECP256K1),
            bytes(&[]),
            bytes(&ED25519[..7]),
            bytes(&[&ED25519[..], &[0]].concat()),
            // Version 0, SHA-256, DAG-JSON, a varint that is too long.
            bytes(&[0x34, 0xed, 0x01, 0x13, 0x71]),
            bytes(&[0x34, 0x01, 0xed, 0x01, 0xed, 0x01, 0x12, 0x71]),
            bytes(&[0x34, 0x01, 0xed, 0x01, 0xed, 0x01, 0x13, 0xa9, 0x02]),
            bytes(&[0x34, 0x81, 0x00, 0xed, 0x01, 0xed, 0x01, 0x13, 0x71]),
            json!("4"),
            json!(null),
        ] {
            assert_eq!(code(&with(header.clone())), Code::UcanVarsig, "{header}");
        }
    }

    #[test]
    fn the_frame_is_exact() {
        let message = cbor::from_json(&json!({"h": bytes(&ED25519), "ucan/dlg@1.0.0": payload()})).unwrap();
        for (token, expected) in [
            (vec![], Code::TokenEmpty),
            (vec![0xa0], Code::UcanEnvelope),
            (vec![0x80], Code::UcanEnvelope),
            ([&[0x81][..], &message].concat(), Code::UcanEnvelope),
            ([&[0x83, 0x58, 0x40][..], &[7; 64], &message, &[0xf6]].concat(), Code::UcanEnvelope),
            ([&[0x82, 0x58, 0x3f][..], &[7; 63], &message].concat(), Code::UcanEnvelope),
            ([&[0x82, 0x58, 0x41][..], &[7; 65], &message].concat(), Code::UcanEnvelope),
            ([&[0x82, 0x78, 0x40][..], &[0x61; 64], &message].concat(), Code::UcanEnvelope),
            ([&OPENING[..], &[7; 64], &[0x80]].concat(), Code::UcanEnvelope),
            ([&OPENING[..], &[7; 64], &message, &[0]].concat(), Code::UcanCbor),
            (around(&json!({})), Code::UcanEnvelope),
            (around(&json!({"h": bytes(&ED25519)})), Code::UcanEnvelope),
            (around(&json!({"ucan/dlg@1.0.0": payload(), "x": 1})), Code::UcanEnvelope),
            (around(&json!({"h": bytes(&ED25519), "ucan/dlg@1.0.0": payload(), "x": 1})), Code::UcanEnvelope),
            (around(&json!({"h": bytes(&ED25519), "ucan/dlg@1.0.0": []})), Code::UcanEnvelope),
        ] {
            assert_eq!(code(&token), expected, "{token:02x?}");
        }
    }

    #[test]
    fn size_is_bounded_before_and_after_signing() {
        let of = |length: usize| {
            let mut payload = payload();
            payload["meta"] = json!({"x": "x".repeat(length)});
            token("ucan/dlg@1.0.0", &payload)
        };
        let overhead = of(1 << 16).len() - (1 << 16);
        let largest = of(UCAN_BYTES - overhead);
        assert_eq!(largest.len(), UCAN_BYTES);
        assert!(decode(&largest).is_ok());
        assert!(open_unsigned(&largest[OVERHEAD..]).is_ok());
        let larger = of(UCAN_BYTES - overhead + 1);
        assert_eq!(code(&larger), Code::TokenTooLarge);
        assert_eq!(open_unsigned(&larger[OVERHEAD..]).unwrap_err().code(), Code::TokenTooLarge);
    }
}
