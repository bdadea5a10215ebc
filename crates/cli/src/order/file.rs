//! Request files: JSON that is carried between machines and believed by nobody.
//!
//! Rules for changing it: whatever an older version must not pass over gets another version number;
//! unknown fields are refused, so there is nothing that it could pass over by mistake. What a person
//! is shown comes from the statements' bytes; `kind`, `signer` and `digest` are there for people who
//! open the file, and have to agree with the bytes.

use std::path::Path;

use data_encoding::BASE64URL_NOPAD;
use greatseal_core::key::Spelled;
use greatseal_core::limits::{REQUEST_BYTES, REQUEST_STATEMENTS};
use greatseal_core::signature::{SIGNATURE_LENGTH, Signature, verify};
use greatseal_core::{Code, Timestamp};
use greatseal_custody::{KeyName, SignedStatement};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::draft::Draft;
use super::filing::{self, Filing};
use super::{Item, Order, RequestDigest, is_earlier_word};
use crate::desk::NewKeys;
use crate::files;
use crate::problem::Problem;
use crate::realm::{Note, Realm, WrittenNote};
use crate::text;

/// The version that is written, and the only one that is read.
const VERSION: u64 = 1;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    greatseal_request: u64,
    digest: String,
    created: u64,
    expires: u64,
    statements: Vec<WrittenItem>,
    keys: Vec<WrittenKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    notes: Option<WrittenNote>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenItem {
    kind: String,
    signer: String,
    filing: filing::Written,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replaces: Option<String>,
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<WrittenPast>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPast {
    message: String,
    signature: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenKey {
    name: String,
    public: String,
}

impl Order {
    /// Writes the request file's bytes.
    ///
    /// # Errors
    /// When a path in it cannot be written, or the whole is too large to be read again.
    pub(crate) fn to_bytes(&self, realm: &Realm) -> Result<Vec<u8>, Problem> {
        let statements = self.items.iter().map(|item| item.write(realm)).collect::<Result<_, _>>()?;
        let key = |(name, key): &(KeyName, Spelled)| WrittenKey { name: name.to_string(), public: key.to_string() };
        to_json(&Written {
            greatseal_request: VERSION,
            digest: self.digest().to_string(),
            created: self.created.as_secs(),
            expires: self.expires().as_secs(),
            statements,
            keys: self.keys.keys.iter().map(key).collect(),
            notes: Note::write(&self.notes),
        })
    }

    /// Reads a request file; only with a realm can it be filed.
    ///
    /// # Errors
    /// `GS-REQUEST-MALFORMED` for anything but this version's form, `GS-SIGN-KIND` for a statement
    /// that this version does not know, `GS-REQUEST-ALTERED` where it does not agree with itself.
    pub(crate) fn read(path: &Path, realm: Option<&Realm>) -> Result<Self, Problem> {
        let bytes = files::read(path, REQUEST_BYTES)?;
        // What it is called is up to whoever keeps the file, and says nothing.
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Self::from_bytes(&name, &bytes, realm).map_err(|problem| problem.within(&text::path(path)))
    }

    fn from_bytes(name: &str, bytes: &[u8], realm: Option<&Realm>) -> Result<Self, Problem> {
        let written: Written = from_json(bytes, "greatseal_request", VERSION)?;
        // Before any is read: whoever sent it does not choose how much work that is.
        let (found, limit) = (written.statements.len(), REQUEST_STATEMENTS);
        if found == 0 || found > limit {
            let fault = format!("a request holds 1 to {limit} statements, this has {found}");
            return Err(Problem::new(Code::RequestMalformed, fault));
        }
        let items =
            written.statements.into_iter().map(|item| Item::read(item, realm)).collect::<Result<Vec<_>, _>>()?;
        let mut keys = Vec::new();
        for WrittenKey { name, public } in written.keys {
            let public = Spelled::parse(&public).map_err(|fault| Problem::new(fault.code(), fault.to_string()))?;
            // No name is smuggled into the realm beside what is signed.
            if !items.iter().any(|item| item.draft.names(&public)) {
                return Err(altered(format!("it would name the key {public}, of which no statement speaks")));
            }
            keys.push((KeyName::parse(&name)?, public));
        }
        // Only where there is a realm do its names mean anything.
        let notes = match (written.notes, realm) {
            (Some(notes), Some(realm)) => Note::read(notes, &realm.file().name)?,
            (Some(_) | None, _) => Vec::new(),
        };
        for name in notes.iter().flat_map(Note::keys) {
            let known = keys.iter().any(|(own, _)| own == name) || realm.is_some_and(|realm| realm.key(name).is_ok());
            if !known {
                return Err(altered(format!("it would note {name} in the realm, of which no statement speaks")));
            }
        }
        let order = Self {
            name: name.into(),
            created: Timestamp::from_secs(written.created),
            items,
            keys: NewKeys::known(keys),
            notes,
        };
        order.must_be_fit()?;
        if RequestDigest::parse(&written.digest) != Some(order.digest()) {
            return Err(altered("its digest is not that of its statements"));
        }
        if written.expires != order.expires().as_secs() {
            return Err(altered("the times in it do not agree"));
        }
        Ok(order)
    }
}

impl Item {
    fn write(&self, realm: &Realm) -> Result<WrittenItem, Problem> {
        let request = self.draft.request();
        Ok(WrittenItem {
            kind: request.kind().words().into(),
            signer: request.signer().to_string(),
            filing: self.filing.write(realm)?,
            replaces: self.replaces.clone(),
            message: BASE64URL_NOPAD.encode(request.message()),
            signature: self.signature.as_ref().map(write_signature),
            previous: self.previous.as_ref().map(|past| WrittenPast {
                message: BASE64URL_NOPAD.encode(&past.message),
                signature: write_signature(&past.signature),
            }),
        })
    }

    fn read(written: WrittenItem, realm: Option<&Realm>) -> Result<Self, Problem> {
        let draft = Draft::read(read_bytes(&written.message)?)?;
        let request = draft.request();
        if written.kind != request.kind().words() || written.signer != request.signer().to_string() {
            return Err(altered("what it says beside a statement is not what the statement says"));
        }
        let signature = written.signature.as_deref().map(read_signature).transpose()?;
        if signature.is_some_and(|signature| !is_signature(&draft, &signature)) {
            return Err(altered("a signature in it is not over its statement"));
        }
        let previous = written
            .previous
            .map(|past| {
                let past = SignedStatement {
                    message: read_bytes(&past.message)?,
                    signature: read_signature(&past.signature)?,
                };
                if is_earlier_word(&past, &draft) {
                    Ok(past)
                } else {
                    Err(altered("what it calls the previous token was not signed by this key about this subject"))
                }
            })
            .transpose()?;
        Ok(Self {
            filing: Filing::read(written.filing, &draft, realm)?,
            replaces: written.replaces,
            draft,
            previous,
            signature,
        })
    }
}

/// Says whether a signature is the named signer's over a statement.
pub(super) fn is_signature(draft: &Draft, signature: &Signature) -> bool {
    verify(draft.request().signer(), draft.request().message(), signature).is_ok()
}

pub(super) fn altered(fault: impl Into<String>) -> Problem {
    Problem::new(Code::RequestAltered, fault)
}

/// Writes a carried file: JSON that people can read too.
pub(super) fn to_json<T: Serialize>(written: &T) -> Result<Vec<u8>, Problem> {
    let refused = |why: String| Problem::new(Code::RequestMalformed, format!("it cannot be written: {why}"));
    let mut bytes = serde_json::to_vec_pretty(written).map_err(|error| refused(error.to_string()))?;
    bytes.push(b'\n');
    if bytes.len() as u64 > REQUEST_BYTES {
        return Err(refused(format!("it has {} bytes, at most {REQUEST_BYTES} are read", bytes.len())));
    }
    Ok(bytes)
}

/// Reads a carried file; the version comes first, so that a later one is told as such.
pub(super) fn from_json<T: DeserializeOwned>(bytes: &[u8], heading: &str, known: u64) -> Result<T, Problem> {
    let malformed = |why: String| Problem::new(Code::RequestMalformed, why);
    let any: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
    match any.get(heading).map(serde_json::Value::as_u64) {
        Some(Some(version)) if version == known => {}
        Some(_) => return Err(malformed(format!("another version of `{heading}` than {known}, which is read here"))),
        None => return Err(malformed(format!("there is no `{heading}` in it"))),
    }
    serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))
}

pub(super) fn write_signature(signature: &Signature) -> String {
    BASE64URL_NOPAD.encode(signature.as_bytes())
}

pub(super) fn read_signature(text: &str) -> Result<Signature, Problem> {
    let bytes: Result<[u8; SIGNATURE_LENGTH], _> = read_bytes(text)?.try_into();
    bytes.map(Signature::new).map_err(|_| Problem::new(Code::RequestMalformed, "a signature has 64 bytes"))
}

fn read_bytes(text: &str) -> Result<Vec<u8>, Problem> {
    BASE64URL_NOPAD
        .decode(text.as_bytes())
        .map_err(|_| Problem::new(Code::RequestMalformed, "a message or signature is no unpadded base64url"))
}
