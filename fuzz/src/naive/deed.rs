//! Deeds, read from the bytes of their format (`docs/formats/deeds.md`).

use greatseal_core::deed::{self, Act, Survivors, Target};

use super::json::{self, Json};
use super::{key, token};

/// The headers: endorsement, countersignature, revocation.
pub const HEADERS: [&[u8]; 3] = [
    br#"{"typ":"greatseal-endorsement","alg":"Ed25519"}"#,
    br#"{"typ":"greatseal-countersignature","alg":"Ed25519"}"#,
    br#"{"typ":"greatseal-revocation","alg":"Ed25519"}"#,
];

/// Every member, in the order in which they are written.
pub const MEMBERS: &[&str] = &["jti", "iat", "iss", "of", "statement", "edge", "key", "log_size", "log_root"];

/// A deed, keys and digests as they are spelled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deed {
    /// Which of [`HEADERS`].
    pub kind: usize,
    id: String,
    issued_at: u64,
    signer: String,
    of: Option<String>,
    statement: Option<String>,
    edge: Option<(String, String)>,
    key: Option<String>,
    survivors: Option<(u64, String)>,
}

impl Deed {
    /// Takes what the reader under test has read.
    pub fn of(deed: &deed::Deed) -> Self {
        let mut read = Self {
            id: deed.id.clone(),
            issued_at: deed.issued_at.as_secs(),
            signer: deed.signer.to_string(),
            ..Self::default()
        };
        match &deed.act {
            Act::Endorse(of) => read.of = Some(of.to_string()),
            Act::Countersign(of) => (read.kind, read.of) = (1, Some(of.to_string())),
            Act::Revoke(revocation) => {
                read.kind = 2;
                match &revocation.target {
                    Target::Statement(id) => read.statement = Some(id.to_string()),
                    Target::Edge { issuer, subject } => read.edge = Some((issuer.to_string(), subject.to_string())),
                    Target::Key(key) => read.key = Some(key.to_string()),
                }
                read.survivors = revocation.survivors.map(|Survivors { size, root }| (size, root.to_string()));
            }
        }
        read
    }
}

/// Reads a deed, if it is exactly one.
pub fn read(text: &[u8]) -> Option<(Deed, token::Frame)> {
    let (kind, frame) = HEADERS.iter().enumerate().find_map(|(kind, header)| {
        let frame = token::frame_under(header, text)?;
        Some((kind, frame))
    })?;
    Some((claims(kind, &json::read(&frame.claims)?)?, frame))
}

fn claims(kind: usize, claims: &Json) -> Option<Deed> {
    let names: Vec<&str> = claims.members().iter().map(|(name, _)| name.as_str()).collect();
    if claims.repeats() || !names.iter().all(|name| MEMBERS.contains(name)) {
        return None;
    }
    // What is there has to be right, whatever its kind would need.
    let digest = |name: &str| match claims.get(name) {
        Some(value) => value.digest().map(|_| value.text().map(str::to_owned)),
        None => Some(None),
    };
    let deed = Deed {
        kind,
        id: claims.get("jti")?.text()?.to_owned(),
        issued_at: claims.get("iat")?.whole()?,
        signer: spelled(claims.get("iss")?)?,
        of: digest("of")?,
        statement: digest("statement")?,
        edge: match claims.get("edge") {
            Some(edge) => Some(pair(edge)?),
            None => None,
        },
        key: match claims.get("key") {
            Some(key) => Some(spelled(key)?),
            None => None,
        },
        survivors: match (claims.get("log_size"), digest("log_root")?) {
            (Some(size), Some(root)) => Some((size.whole()?, root)),
            (None, None) => None,
            _ => return None,
        },
    };
    let targets = [deed.statement.is_some(), deed.edge.is_some(), deed.key.is_some()];
    let named = targets.into_iter().filter(|named| *named).count();
    let good = match kind {
        2 => deed.of.is_none() && named == 1,
        _ => deed.of.is_some() && named == 0 && deed.survivors.is_none(),
    };
    good.then_some(deed)
}

fn pair(edge: &Json) -> Option<(String, String)> {
    let both = edge.members().len() == 2;
    both.then(|| Some((spelled(edge.get("issuer")?)?, spelled(edge.get("subject")?)?)))?
}

/// Takes a key in either spelling.
fn spelled(text: &Json) -> Option<String> {
    let text = text.text()?;
    let known = key::nkey(text.as_bytes()).is_some() || key::did(text.as_bytes()).is_some();
    known.then(|| text.to_owned())
}
