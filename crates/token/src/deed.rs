//! Deeds as text: endorsements, countersignatures and revocations, one compact JWT each.
//!
//! The header's `typ` tells them apart from each other and from every other token; what the
//! claims hold is in `docs/formats/deeds.md`. A member that is not known is refused, because
//! passing over one could soften what a newer version meant.

use core::fmt;

use greatseal_core::Decoded;
use greatseal_core::deed::{Act, Deed, Revocation, Survivors, Target};
use greatseal_core::error::{DecodeFault, KeyFault, Quoted};
use greatseal_core::issue::{IssueFault, Signable, Unsigned};
use greatseal_core::key::Spelled;
use greatseal_core::log::LogRoot;
use greatseal_core::signature::Signature;
use greatseal_core::statement::Kind;
use greatseal_core::time::Timestamp;
use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use crate::json::{Faults, Text, Texts, TextsSeed};
use crate::{json, jws};

/// Reads one deed, without believing it: the exact text, up to 64 KiB.
///
/// # Errors
/// [`DecodeFault`] for whatever is not exactly a deed.
pub fn decode(received: &[u8]) -> Result<Decoded<Deed>, DecodeFault> {
    let kind = Kind::of(received).filter(|kind| DeedText::KINDS.contains(kind)).unwrap_or(Kind::Endorsement);
    let frame = jws::split(received, kind.prefix())?;
    Decoded::new(claims(kind, &frame.claims)?, received, frame.signed, frame.signature)
}

/// Says whether a text begins like a deed.
#[must_use]
pub fn is_deed(text: &[u8]) -> bool {
    Kind::of(text).is_some_and(|kind| DeedText::KINDS.contains(&kind))
}

/// Encodes a deed into the bytes that its signer signs.
///
/// # Errors
/// [`IssueFault::Content`] when a reader would refuse it.
pub fn encode(deed: &Deed) -> Result<Unsigned<DeedText>, IssueFault> {
    let revocation = |revocation: &Revocation| {
        let mut document = Document::default();
        match &revocation.target {
            Target::Statement(id) => document.statement = Some(id.to_string()),
            Target::Edge { issuer, subject } => {
                document.edge = Some(Edge { issuer: issuer.to_string(), subject: subject.to_string() });
            }
            Target::Key(key) => document.key = Some(key.to_string()),
        }
        document.log_size = revocation.survivors.map(|survivors| survivors.size);
        document.log_root = revocation.survivors.map(|survivors| survivors.root.to_string());
        document
    };
    let (kind, mut document) = match &deed.act {
        Act::Endorse(of) => (Kind::Endorsement, Document { of: Some(of.to_string()), ..Document::default() }),
        Act::Countersign(of) => (Kind::Countersignature, Document { of: Some(of.to_string()), ..Document::default() }),
        Act::Revoke(it) => (Kind::Revocation, revocation(it)),
    };
    document.jti = &deed.id;
    document.iat = deed.issued_at.as_secs();
    document.iss = deed.signer.to_string();
    // Texts and numbers: nothing here that JSON cannot hold.
    let json = serde_json::to_vec(&document).map_err(|_| IssueFault::Kind)?;
    Unsigned::new(jws::message(kind.prefix(), &json))
}

// The order of the fields is the order on the wire; absent ones are left out.

#[derive(Default, Serialize)]
struct Document<'a> {
    jti: &'a str,
    iat: u64,
    iss: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    edge: Option<Edge>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_root: Option<String>,
}

#[derive(Serialize)]
struct Edge {
    issuer: String,
    subject: String,
}

/// The format of deeds.
#[derive(Clone, Copy, Debug)]
pub enum DeedText {}

impl Signable for DeedText {
    type Content = Deed;

    const KINDS: &'static [Kind] = &[Kind::Endorsement, Kind::Countersignature, Kind::Revocation];

    fn from_signing_bytes(message: &[u8]) -> Result<Deed, DecodeFault> {
        let kind = Kind::of(message).ok_or(DecodeFault::Frame { rule: "another kind of message" })?;
        claims(kind, &jws::claims_of(message, kind.prefix())?)
    }

    fn assemble(message: &[u8], signature: &Signature) -> Vec<u8> {
        jws::join(message, signature)
    }

    fn decode(received: &[u8]) -> Result<Decoded<Deed>, DecodeFault> {
        decode(received)
    }

    fn summary(deed: &Deed) -> Vec<(&'static str, String)> {
        let mut lines = vec![("signer", deed.signer.to_string())];
        match &deed.act {
            Act::Endorse(of) => lines.push(("endorses the operator token", of.to_string())),
            Act::Countersign(of) => lines.push(("countersigns the token", of.to_string())),
            Act::Revoke(revocation) => {
                match &revocation.target {
                    Target::Statement(id) => lines.push(("revokes the statement", id.to_string())),
                    Target::Edge { issuer, subject } => {
                        lines.push(("revokes what is said by", issuer.to_string()));
                        lines.push(("about", subject.to_string()));
                    }
                    Target::Key(key) => lines.push(("revokes everything signed by", key.to_string())),
                }
                match revocation.survivors {
                    Some(Survivors { size, root }) => {
                        lines.push(("spares the first entries of a log", size.to_string()));
                        lines.push(("whose root is", root.to_string()));
                    }
                    None => lines.push(("spares", "nothing".to_owned())),
                }
            }
        }
        lines.push(("deed id", deed.id.clone()));
        lines.push(("issued at", deed.issued_at.to_string()));
        lines
    }
}

/// Everything a deed may say, before it is known which kind it is.
#[derive(Default)]
struct Fields<'de> {
    jti: Option<String>,
    iat: Option<u64>,
    iss: Option<Text<'de>>,
    of: Option<Text<'de>>,
    statement: Option<Text<'de>>,
    edge: Option<Texts>,
    key: Option<Text<'de>>,
    log_size: Option<u64>,
    log_root: Option<Text<'de>>,
}

struct FieldsSeed<'f>(&'f Faults);

impl<'de> DeserializeSeed<'de> for FieldsSeed<'_> {
    type Value = Fields<'de>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Fields<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for FieldsSeed<'_> {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let faults = self.0;
        let mut fields = Fields::default();
        while let Some(Text(name)) = map.next_key()? {
            match name.as_ref() {
                "jti" => faults.once(&mut fields.jti, &mut map, "jti")?,
                "iat" => faults.once(&mut fields.iat, &mut map, "iat")?,
                "iss" => faults.once(&mut fields.iss, &mut map, "iss")?,
                "of" => faults.once(&mut fields.of, &mut map, "of")?,
                "statement" => faults.once(&mut fields.statement, &mut map, "statement")?,
                "key" => faults.once(&mut fields.key, &mut map, "key")?,
                "log_size" => faults.once(&mut fields.log_size, &mut map, "log_size")?,
                "log_root" => faults.once(&mut fields.log_root, &mut map, "log_root")?,
                "edge" => {
                    if fields.edge.is_some() {
                        return Err(faults.duplicate("edge"));
                    }
                    fields.edge = Some(map.next_value_seed(TextsSeed(faults))?);
                }
                other => return Err(faults.raise(json::unknown(other))),
            }
        }
        Ok(fields)
    }
}

/// Reads the claims' JSON as a deed of a kind.
fn claims(kind: Kind, bytes: &[u8]) -> Result<Deed, DecodeFault> {
    let faults = Faults::default();
    let mut fields = json::read(bytes, &faults, FieldsSeed(&faults))?;
    let missing = |name: &'static str| json::field(name, "is missing");
    let id = fields.jti.take().ok_or_else(|| missing("jti"))?;
    let iss = fields.iss.take().ok_or_else(|| missing("iss"))?;
    let signer = Spelled::parse(&iss.0).map_err(|fault| DecodeFault::Issuer { found: Quoted::new(&iss.0), fault })?;
    // The header says Ed25519.
    if signer.public_key().ed25519().is_none() {
        return Err(DecodeFault::Issuer { found: Quoted::new(&iss.0), fault: KeyFault::DidAlgorithm });
    }
    let issued_at = Timestamp::from_secs(fields.iat.ok_or_else(|| missing("iat"))?);
    let of = match fields.of.take() {
        Some(text) => Some(json::statement_id("of", &text.0)?),
        None => None,
    };
    let act = match (kind, of) {
        (Kind::Endorsement, Some(of)) => Act::Endorse(of),
        (Kind::Countersignature, Some(of)) => Act::Countersign(of),
        (Kind::Endorsement | Kind::Countersignature, None) => return Err(missing("of")),
        (Kind::Revocation, None) => {
            let act = Act::Revoke(fields.into_revocation()?);
            return Ok(Deed { signer, id, issued_at, act });
        }
        (Kind::Revocation, Some(_)) => return Err(json::field("of", "belongs to other deeds")),
        (Kind::WascapToken | Kind::UcanDelegation | Kind::UcanInvocation, _) => {
            return Err(DecodeFault::Frame { rule: "another kind of message" });
        }
    };
    fields.revoke_nothing()?;
    Ok(Deed { signer, id, issued_at, act })
}

impl Fields<'_> {
    /// Refuses members by which another reader would take the deed for a revocation.
    fn revoke_nothing(&self) -> Result<(), DecodeFault> {
        let members = [
            ("statement", self.statement.is_some()),
            ("edge", self.edge.is_some()),
            ("key", self.key.is_some()),
            ("log_size", self.log_size.is_some()),
            ("log_root", self.log_root.is_some()),
        ];
        match members.into_iter().find(|(_, present)| *present) {
            Some((name, _)) => Err(json::field(name, "belongs to revocations")),
            None => Ok(()),
        }
    }

    fn into_revocation(self) -> Result<Revocation, DecodeFault> {
        let target = match (self.statement, self.edge, self.key) {
            (Some(text), None, None) => Target::Statement(json::statement_id("statement", &text.0)?),
            (None, Some(edge), None) => edge_of(edge)?,
            (None, None, Some(text)) => Target::Key(spelled(&text.0)?),
            _ => return Err(json::field("statement", "or `edge` or `key` has to be there, exactly one of them")),
        };
        let survivors = match (self.log_size, self.log_root) {
            (None, None) => None,
            (Some(size), Some(text)) => {
                Some(Survivors { size, root: LogRoot::new(json::digest("log_root", &text.0)?) })
            }
            _ => return Err(json::field("log_size", "and `log_root` have to be there together")),
        };
        Ok(Revocation { target, survivors })
    }
}

fn edge_of(Texts(mut members): Texts) -> Result<Target, DecodeFault> {
    match (members.remove("issuer"), members.remove("subject"), members.is_empty()) {
        (Some(issuer), Some(subject), true) => {
            Ok(Target::Edge { issuer: spelled(&issuer)?, subject: spelled(&subject)? })
        }
        _ => Err(json::field("edge", "has to name `issuer` and `subject`, and nothing else")),
    }
}

fn spelled(text: &str) -> Result<Spelled, DecodeFault> {
    Spelled::parse(text).map_err(|fault| DecodeFault::Subject { found: Quoted::new(text), fault })
}

#[cfg(test)]
mod tests {
    use greatseal_core::statement::StatementId;

    use super::*;

    const KEY: &str = "OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT";

    fn read(kind: Kind, members: &str) -> Result<Deed, DecodeFault> {
        claims(kind, format!(r#"{{"jti":"a","iat":5,"iss":"{KEY}"{members}}}"#).as_bytes())
    }

    fn id() -> String {
        StatementId::of(b"x").to_string()
    }

    #[test]
    fn every_deed_is_read_as_it_was_written() {
        let key = Spelled::parse(KEY).unwrap();
        let did = Spelled::Did(key.public_key());
        let survivors = Some(Survivors { size: u64::MAX, root: LogRoot::new([3; 32]) });
        let id = StatementId::of(b"x");
        let edge = Target::Edge { issuer: key, subject: did };
        let revoke = |target, survivors| Act::Revoke(Revocation { target, survivors });
        for act in [
            Act::Endorse(id),
            Act::Countersign(id),
            revoke(Target::Statement(id), None),
            revoke(edge, survivors),
            revoke(Target::Key(did), survivors),
        ] {
            let deed = Deed { signer: key, id: "7".into(), issued_at: Timestamp::from_secs(5), act };
            let unsigned = encode(&deed).unwrap();
            assert_eq!(format!("{:?}", unsigned.content()), format!("{deed:?}"));
            let token = DeedText::assemble(unsigned.request().message(), &Signature::new([0; 64]));
            assert!(is_deed(&token));
            assert_eq!(format!("{:?}", decode(&token).unwrap().content()), format!("{deed:?}"));
        }
    }

    #[test]
    fn what_is_not_exactly_a_deed_is_refused() {
        let id = id();
        let of = format!(r#","of":"{id}""#);
        for (kind, members) in [
            (Kind::Endorsement, String::new()),
            (Kind::Endorsement, format!(r#","of":"{}""#, id.to_uppercase())),
            (Kind::Endorsement, r#","of":"00""#.to_owned()),
            (Kind::Endorsement, format!("{of}{of}")),
            (Kind::Endorsement, format!(r#"{of},"exp":9"#)),
            (Kind::Countersignature, format!(r#"{of},"key":"{KEY}""#)),
            (Kind::Countersignature, format!(r#"{of},"log_size":1"#)),
            (Kind::Revocation, String::new()),
            (Kind::Revocation, of.clone()),
            (Kind::Revocation, format!(r#","statement":"{id}","key":"{KEY}""#)),
            (Kind::Revocation, format!(r#","statement":"{id}","log_size":1"#)),
            (Kind::Revocation, format!(r#","statement":"{id}","log_root":"{id}""#)),
            (Kind::Revocation, format!(r#","statement":"{id}","log_size":-1,"log_root":"{id}""#)),
            (Kind::Revocation, format!(r#","edge":{{"issuer":"{KEY}"}}"#)),
            (Kind::Revocation, format!(r#","edge":{{"issuer":"{KEY}","subject":"{KEY}","more":"x"}}"#)),
            (Kind::Revocation, r#","key":"did:web:example.org""#.to_owned()),
            (Kind::WascapToken, of),
        ] {
            assert!(read(kind, &members).is_err(), "{kind:?} {members}");
        }
        assert!(claims(Kind::Endorsement, b"[1,2,3,4]").is_err());
    }
}
