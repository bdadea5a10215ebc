//! UCANs to bytes that are signed.

use greatseal_core::Decoded;
use greatseal_core::error::{DecodeFault, UcanFault};
use greatseal_core::issue::{IssueFault, Signable, Unsigned};
use greatseal_core::signature::Signature;
use greatseal_core::statement::Kind;

use super::cbor::{Entries, MapBuf, Writer};
use super::content::{self, Ucan};
use super::delegation::Delegation;
use super::dids::Dids;
use super::envelope::{self, HEADER, Payload};
use super::invocation::Invocation;
use super::revokes::REVOKE;

/// Encodes a delegation or an invocation into the bytes that its issuer signs.
///
/// # Errors
/// [`IssueFault::Content`] when a reader would refuse it.
pub fn encode(ucan: &Ucan) -> Result<Unsigned<UcanEnvelope>, IssueFault> {
    let message = message(ucan).map_err(|fault| IssueFault::Content(DecodeFault::from(fault).into()))?;
    Unsigned::new(message)
}

fn message(ucan: &Ucan) -> Result<Vec<u8>, UcanFault> {
    let mut map = Entries::default();
    map.entry(HEADER).bytes(envelope::header_of(&ucan.issuer()));
    match ucan {
        Ucan::Delegation(it) => it.write(map.entry(envelope::tag_of(Payload::Delegation, it.version())))?,
        Ucan::Invocation(it) => it.write(map.entry(envelope::tag_of(Payload::Invocation, it.version())))?,
    }
    let mut message = Writer::default();
    message.map(map)?;
    Ok(message.finish())
}

/// The format of UCANs.
#[derive(Clone, Copy, Debug)]
pub enum UcanEnvelope {}

impl Signable for UcanEnvelope {
    type Content = Ucan;

    const KINDS: &'static [Kind] = &[Kind::UcanDelegation, Kind::UcanInvocation];

    fn from_signing_bytes(message: &[u8]) -> Result<Ucan, DecodeFault> {
        Ucan::read(&envelope::open_unsigned(message)?, &Dids::default())
    }

    fn assemble(message: &[u8], signature: &Signature) -> Vec<u8> {
        envelope::join(message, signature)
    }

    fn decode(received: &[u8]) -> Result<Decoded<Ucan>, DecodeFault> {
        content::decode(received)
    }

    /// Everything that is written: whoever signs sees what a reader will, all of it.
    fn summary(ucan: &Ucan) -> Vec<(&'static str, String)> {
        let mut lines = match ucan {
            Ucan::Delegation(it) => delegation(it),
            Ucan::Invocation(it) => invocation(it),
        };
        let (payload, nonce, meta) = match ucan {
            Ucan::Delegation(it) => (Payload::Delegation, it.nonce(), it.meta()),
            Ucan::Invocation(it) => (Payload::Invocation, it.nonce(), it.meta()),
        };
        lines.push(("expires", ucan.expires().map_or_else(|| "never".to_owned(), |at| at.to_string())));
        lines.extend(meta.map(|meta| ("meta", json(meta))));
        lines.push(("nonce", data_encoding::HEXLOWER.encode(nonce)));
        lines.push(("tag", envelope::tag_of(payload, ucan.version()).to_owned()));
        lines
    }
}

fn delegation(it: &Delegation) -> Vec<(&'static str, String)> {
    let subject = it.subject().map_or_else(|| "any that the issuer was given".to_owned(), |key| key.to_string());
    let mut lines = vec![
        ("kind", "delegation".to_owned()),
        ("issuer", it.issuer().to_string()),
        ("audience", it.audience().to_string()),
        ("subject", subject),
        ("command", it.command().to_string()),
        ("policy", it.policy().to_json().to_string()),
    ];
    lines.extend(it.begins().map(|at| ("not before", at.to_string())));
    lines
}

fn invocation(it: &Invocation) -> Vec<(&'static str, String)> {
    let revocation = it.command().as_str() == REVOKE;
    let mut lines = vec![
        ("kind", if revocation { "revocation" } else { "invocation" }.to_owned()),
        ("issuer", it.issuer().to_string()),
        ("audience", it.audience().to_string()),
        ("subject", it.subject().to_string()),
        ("command", it.command().to_string()),
    ];
    match it.revokes() {
        Some(revokes) => {
            lines.push(("revokes", revokes.token.to_string()));
            lines.extend(revokes.path.iter().map(|cid| ("by way of", cid.to_string())));
        }
        None if revocation => lines.push(("revokes", "nothing that a reader could find".to_owned())),
        None => {}
    }
    lines.push(("arguments", json(it.args())));
    lines.extend(it.proofs().iter().map(|cid| ("proof", cid.to_string())));
    lines.extend(it.cause().map(|cid| ("because of", cid.to_string())));
    lines.extend(it.issued_at().map(|at| ("issued at", at.to_string())));
    lines
}

fn json(map: &MapBuf) -> String {
    serde_json::Value::from(map).to_string()
}

#[cfg(test)]
mod tests {
    use greatseal_core::cid::Cid;
    use greatseal_core::command::Command;
    use greatseal_core::key::{PublicKey, did};
    use greatseal_core::time::Timestamp;
    use greatseal_core::{Code, StatementId};
    use serde_json::json;

    use super::super::envelope::tests::{ALICE, BOB};
    use super::super::{Policy, Revokes, Version};
    use super::*;

    const SIGNATURE: Signature = Signature::new([7; 64]);

    fn key(text: &str) -> PublicKey {
        did::parse(text).unwrap()
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    fn command(text: &str) -> Command {
        Command::parse(text).unwrap()
    }

    fn map(json: serde_json::Value) -> MapBuf {
        MapBuf::from_json(&json).unwrap()
    }

    fn delegation() -> Delegation {
        let policy = Policy::from_json(&json!([["like", ".uri", "https://*"]])).unwrap();
        Delegation::new(key(ALICE), key(BOB), Some(key(ALICE)), command("/crud"), policy, b"nonce", Some(at(20)))
    }

    fn invocation(issuer: &str, name: &str, args: MapBuf) -> Invocation {
        Invocation::new(key(issuer), key(ALICE), command(name), args, &[Cid::of(b"proof")], b"nonce", None)
    }

    /// Encodes it, and checks that a reader of the finished token reads the same.
    #[track_caller]
    fn there_and_back(ucan: impl Into<Ucan>) -> Unsigned<UcanEnvelope> {
        let ucan = ucan.into();
        let unsigned = encode(&ucan).unwrap();
        assert_eq!(unsigned.content(), &ucan);
        let request = unsigned.request();
        let token = UcanEnvelope::assemble(request.message(), &SIGNATURE);
        let decoded = UcanEnvelope::decode(&token).unwrap();
        assert_eq!(decoded.signed(), request.message());
        assert_eq!(decoded.id(), StatementId::of(request.message()));
        let aliases = decoded.content().aliases().unwrap();
        assert_eq!(aliases.cid, Cid::of(&token));
        assert_eq!(decoded.content(), &ucan.named(aliases));
        unsigned
    }

    #[test]
    fn whatever_is_written_is_read_back() {
        for version in [Version::V1_0_0, Version::Rc1] {
            let full = delegation().not_before(at(10)).with_meta(map(json!({"a": {"b": 1.5}}))).in_version(version);
            assert_eq!(there_and_back(full).request().kind(), Kind::UcanDelegation);
            for issuer in [ALICE, BOB] {
                let it = invocation(issuer, "/crud/read", map(json!({"uri": "x", "n": [1, null]}))).in_version(version);
                let full = it.clone().to(key(BOB)).made_at(at(5)).because_of(Cid::of(b"receipt"));
                assert_eq!(there_and_back(it).request().kind(), Kind::UcanInvocation);
                there_and_back(full.with_meta(MapBuf::default()));
            }
        }
        there_and_back(Delegation::new(key(BOB), key(ALICE), None, command("/"), Policy::default(), b"", None));
    }

    #[test]
    fn whoever_signs_sees_all_of_it() {
        let ucan = Ucan::from(delegation().not_before(at(10)).with_meta(map(json!({"a": 1}))));
        let summary = UcanEnvelope::summary(&ucan);
        for line in [
            ("issuer", ALICE),
            ("audience", BOB),
            ("subject", ALICE),
            ("command", "/crud"),
            ("policy", r#"[["like",".uri","https://*"]]"#),
            ("not before", "10"),
            ("expires", "20"),
            ("meta", r#"{"a":1}"#),
            ("nonce", "6e6f6e6365"),
            ("tag", "ucan/dlg@1.0.0"),
        ] {
            assert!(summary.contains(&(line.0, line.1.to_owned())), "{line:?} in {summary:?}");
        }
        let revokes = Revokes { token: Cid::of(b"token"), path: [Cid::of(b"way")].into() };
        let ucan = Ucan::from(invocation(ALICE, REVOKE, revokes.to_args()));
        let summary = UcanEnvelope::summary(&ucan);
        let json = json!({"pth": [{"/": Cid::of(b"way").to_string()}], "rev": {"/": Cid::of(b"token").to_string()}});
        for line in [
            ("kind", "revocation".to_owned()),
            ("revokes", Cid::of(b"token").to_string()),
            ("by way of", Cid::of(b"way").to_string()),
            ("arguments", json.to_string()),
            ("proof", Cid::of(b"proof").to_string()),
            ("expires", "never".to_owned()),
        ] {
            assert!(summary.contains(&line), "{line:?} in {summary:?}");
        }
        let nothing = UcanEnvelope::summary(&Ucan::from(invocation(ALICE, REVOKE, MapBuf::default())));
        assert!(nothing.iter().any(|(name, value)| *name == "revokes" && value.starts_with("nothing")));
    }

    #[test]
    fn what_no_reader_takes_is_not_signed() {
        let late = at(1 << 53);
        assert_eq!(encode(&delegation().not_before(late).into()).unwrap_err().code(), Code::UcanInteger);
        let large = map(json!({"x": "x".repeat(1 << 20)}));
        assert_eq!(encode(&invocation(ALICE, "/x", large).into()).unwrap_err().code(), Code::TokenTooLarge);
        let message = encode(&delegation().into()).unwrap().request().message().to_vec();
        let other = [&message[..], &[0]].concat();
        assert_eq!(Unsigned::<UcanEnvelope>::new(other).unwrap_err().code(), Code::UcanCbor);
        assert_eq!(Unsigned::<UcanEnvelope>::new(b"text".to_vec()).unwrap_err().code(), Code::SignKind);
    }
}
