//! Bytes to claims.

use core::fmt;
use std::borrow::Cow;
use std::collections::BTreeSet;

use greatseal_core::Decoded;
use greatseal_core::error::{DecodeFault, KeyFault, Quoted};
use greatseal_core::key::{Key, KeyRole, Nkey, Role};
use greatseal_core::statement::Kind;
use greatseal_core::succession::{self, Succession};
use greatseal_core::time::{Timestamp, Validity};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::claims::{Claims, Entity, Host, Invocation, Listing, Module, Provider, Terms, TokenId};
use super::succession::TermsSeed;
use crate::json::{AnyValue, Faults, Text, Texts, TextsSeed};
use crate::{json, jws};

/// Reads one token, without believing it.
///
/// `token` is the exact text: up to 64 KiB, no blanks or line breaks around it.
///
/// # Errors
/// [`DecodeFault`] for whatever is not exactly a wascap token of some version.
pub fn decode(token: &[u8]) -> Result<Decoded<Claims>, DecodeFault> {
    let frame = jws::split(token, Kind::WascapToken.prefix())?;
    Decoded::new(claims(&frame.claims)?, token, frame.signed, frame.signature)
}

/// Reads the claims' JSON.
pub(super) fn claims(bytes: &[u8]) -> Result<Claims, DecodeFault> {
    let faults = Faults::default();
    json::read(bytes, &faults, DocumentSeed(&faults))?.into_claims()
}

/// Everything a token may say, before it is known what it is about.
#[derive(Default)]
struct Document<'de> {
    exp: Option<Option<u64>>,
    jti: Option<String>,
    iat: Option<u64>,
    iss: Option<Text<'de>>,
    sub: Option<Text<'de>>,
    nbf: Option<Option<u64>>,
    wascap: Option<Option<Fields<'de>>>,
    wascap_revision: Option<Option<u32>>,
    greatseal: Option<succession::Terms>,
}

/// Everything that may stand under `wascap`, of all claim types.
#[derive(Default)]
struct Fields<'de> {
    name: Option<Option<String>>,
    hash: Option<String>,
    tags: Option<Option<Vec<String>>>,
    caps: Option<Option<Vec<String>>>,
    rev: Option<Option<i32>>,
    ver: Option<Option<String>>,
    call_alias: Option<Option<String>>,
    prov: Option<bool>,
    capid: Option<Option<String>>,
    vendor: Option<String>,
    target_hashes: Option<Texts>,
    config_schema: Option<Value>,
    valid_signers: Option<Option<Vec<Text<'de>>>>,
    target_url: Option<String>,
    origin_url: Option<String>,
    labels: Option<Texts>,
}

struct DocumentSeed<'f>(&'f Faults);

impl<'de> DeserializeSeed<'de> for DocumentSeed<'_> {
    type Value = Document<'de>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Document<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for DocumentSeed<'_> {
    type Value = Document<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document<'de>, A::Error> {
        let faults = self.0;
        let mut document = Document::default();
        let mut unknown = BTreeSet::new();
        while let Some(Text(name)) = map.next_key()? {
            match name.as_ref() {
                "exp" => faults.once(&mut document.exp, &mut map, "exp")?,
                "jti" => faults.once(&mut document.jti, &mut map, "jti")?,
                "iat" => faults.once(&mut document.iat, &mut map, "iat")?,
                "iss" => faults.once(&mut document.iss, &mut map, "iss")?,
                "sub" => faults.once(&mut document.sub, &mut map, "sub")?,
                "nbf" => faults.once(&mut document.nbf, &mut map, "nbf")?,
                "wascap_revision" => faults.once(&mut document.wascap_revision, &mut map, "wascap_revision")?,
                "wascap" => {
                    if document.wascap.is_some() {
                        return Err(faults.duplicate("wascap"));
                    }
                    document.wascap = Some(map.next_value_seed(FieldsSeed(faults))?);
                }
                "greatseal" => {
                    if document.greatseal.is_some() {
                        return Err(faults.duplicate("greatseal"));
                    }
                    document.greatseal = Some(map.next_value_seed(TermsSeed(faults))?);
                }
                other => skip(faults, &mut unknown, other, &mut map, 1)?,
            }
        }
        Ok(document)
    }
}

struct FieldsSeed<'f>(&'f Faults);

impl<'de> DeserializeSeed<'de> for FieldsSeed<'_> {
    type Value = Option<Fields<'de>>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Fields<'de>>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for FieldsSeed<'_> {
    type Value = Option<Fields<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object under `wascap`")
    }

    fn visit_unit<E>(self) -> Result<Option<Fields<'de>>, E> {
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<Fields<'de>>, A::Error> {
        let faults = self.0;
        let mut fields = Fields::default();
        let mut unknown = BTreeSet::new();
        while let Some(Text(name)) = map.next_key()? {
            match name.as_ref() {
                "name" => faults.once(&mut fields.name, &mut map, "wascap.name")?,
                "hash" => faults.once(&mut fields.hash, &mut map, "wascap.hash")?,
                "tags" => faults.once(&mut fields.tags, &mut map, "wascap.tags")?,
                "caps" => faults.once(&mut fields.caps, &mut map, "wascap.caps")?,
                "rev" => faults.once(&mut fields.rev, &mut map, "wascap.rev")?,
                "ver" => faults.once(&mut fields.ver, &mut map, "wascap.ver")?,
                "call_alias" => faults.once(&mut fields.call_alias, &mut map, "wascap.call_alias")?,
                "prov" => faults.once(&mut fields.prov, &mut map, "wascap.prov")?,
                "capid" => faults.once(&mut fields.capid, &mut map, "wascap.capid")?,
                "vendor" => faults.once(&mut fields.vendor, &mut map, "wascap.vendor")?,
                "valid_signers" => faults.once(&mut fields.valid_signers, &mut map, "wascap.valid_signers")?,
                "target_url" => faults.once(&mut fields.target_url, &mut map, "wascap.target_url")?,
                "origin_url" => faults.once(&mut fields.origin_url, &mut map, "wascap.origin_url")?,
                "target_hashes" => texts(faults, &mut fields.target_hashes, &mut map, "target_hashes")?,
                "labels" => texts(faults, &mut fields.labels, &mut map, "labels")?,
                "config_schema" => {
                    if fields.config_schema.is_some() {
                        return Err(faults.duplicate("config_schema"));
                    }
                    fields.config_schema = Some(map.next_value_seed(AnyValue { faults, depth: 3 })?);
                }
                other => skip(faults, &mut unknown, other, &mut map, 2)?,
            }
        }
        Ok(Some(fields))
    }
}

fn texts<'de, A: MapAccess<'de>>(
    faults: &Faults,
    slot: &mut Option<Texts>,
    map: &mut A,
    name: &str,
) -> Result<(), A::Error> {
    if slot.is_some() {
        return Err(faults.duplicate(name));
    }
    *slot = Some(map.next_value_seed(TextsSeed(faults))?);
    Ok(())
}

/// Reads over a member that is not known, as strictly as over one that is.
fn skip<'de, A: MapAccess<'de>>(
    faults: &Faults,
    unknown: &mut BTreeSet<String>,
    name: &str,
    map: &mut A,
    depth: usize,
) -> Result<(), A::Error> {
    if !unknown.insert(name.into()) {
        return Err(faults.duplicate(name));
    }
    map.next_value_seed(AnyValue { faults, depth: depth + 1 }).map(|_| ())
}

const fn missing(name: &'static str) -> impl FnOnce() -> DecodeFault {
    move || DecodeFault::Field { name, problem: Quoted::sentence("is missing") }
}

impl Document<'_> {
    fn into_claims(self) -> Result<Claims, DecodeFault> {
        let Text(iss) = self.iss.ok_or_else(missing("iss"))?;
        let Text(sub) = self.sub.ok_or_else(missing("sub"))?;
        let issuer = Nkey::parse(&iss)
            .and_then(|nkey| match nkey.role() {
                // X25519 keys agree on secrets and sign nothing.
                Role::Curve => Err(KeyFault::Role { expected: Role::Account, found: nkey }),
                Role::Operator
                | Role::Account
                | Role::User
                | Role::Module
                | Role::Provider
                | Role::Host
                | Role::Cluster => Ok(nkey),
            })
            .map_err(|fault| DecodeFault::Issuer { found: Quoted::new(&iss), fault })?;
        let entity = match self.wascap.flatten() {
            Some(fields) => fields.into_entity(sub)?,
            None => Entity::Untyped { subject: sub.into() },
        };
        let succession = match (self.greatseal, &entity) {
            (None, _) => None,
            (Some(terms), Entity::Operator(listing)) => {
                let signers = listing.signers.iter().flatten().map(Key::raw);
                Some(Succession::new(terms, listing.subject.raw(), signers)?)
            }
            (Some(_), _) => return Err(DecodeFault::SuccessionElsewhere),
        };
        Ok(Claims {
            terms: Terms {
                id: TokenId(self.jti.ok_or_else(missing("jti"))?),
                issued_at: Timestamp::from_secs(self.iat.ok_or_else(missing("iat"))?),
                validity: Validity {
                    not_before: self.nbf.flatten().map(Timestamp::from_secs),
                    expires: self.exp.flatten().map(Timestamp::from_secs),
                },
            },
            issuer,
            entity,
            revision: self.wascap_revision.flatten(),
            succession,
        })
    }
}

impl Fields<'_> {
    /// Finds what the claims are about: the subject says, and the fields have to agree.
    fn into_entity(self, sub: Cow<'_, str>) -> Result<Entity, DecodeFault> {
        if self.target_url.is_some() || self.origin_url.is_some() {
            return self.into_invocation(sub.into());
        }
        let subject = Nkey::parse(&sub).map_err(|fault| DecodeFault::Subject { found: Quoted::new(&sub), fault })?;
        match subject.role() {
            Role::Operator => self.into_listing(subject).map(Entity::Operator),
            Role::Account => self.into_listing(subject).map(Entity::Account),
            Role::Cluster => self.into_listing(subject).map(Entity::Cluster),
            Role::Module => self.into_module(subject),
            Role::Provider => self.into_provider(subject),
            Role::Host => self.into_host(subject),
            role @ (Role::User | Role::Curve) => Err(DecodeFault::Entity {
                subject: role.word(),
                field: "wascap",
                problem: "has no claims for that role",
            }),
        }
    }

    /// Refuses fields by which another reader would take the claims for something else.
    fn foreign(&self, subject: Role, own: &[&'static str]) -> Result<(), DecodeFault> {
        let telling = [
            ("hash", self.hash.is_some()),
            ("valid_signers", self.valid_signers.is_some()),
            ("vendor", self.vendor.is_some()),
            ("target_hashes", self.target_hashes.is_some()),
            ("labels", self.labels.is_some()),
        ];
        match telling.into_iter().find(|(name, present)| *present && !own.contains(name)) {
            Some((field, _)) => {
                Err(DecodeFault::Entity { subject: subject.word(), field, problem: "belongs to other claims" })
            }
            None => Ok(()),
        }
    }

    fn into_listing<R: KeyRole>(self, subject: Nkey) -> Result<Listing<R>, DecodeFault> {
        self.foreign(subject.role(), &["valid_signers"])?;
        let subject = Key::try_from(subject)
            .map_err(|fault| DecodeFault::Subject { found: Quoted::new(&subject.to_string()), fault })?;
        let Some(signers) = self.valid_signers else {
            return Err(DecodeFault::Entity { subject: R::ROLE.word(), field: "valid_signers", problem: "is missing" });
        };
        let signers = signers
            .map(|texts| {
                texts
                    .iter()
                    .map(|Text(text)| {
                        Key::parse(text).map_err(|fault| DecodeFault::Signer { found: Quoted::new(text), fault })
                    })
                    .collect()
            })
            .transpose()?;
        Ok(Listing { subject, name: self.name.flatten(), signers })
    }

    fn into_module(self, subject: Nkey) -> Result<Entity, DecodeFault> {
        self.foreign(subject.role(), &["hash"])?;
        let hash = self.hash.ok_or(DecodeFault::Entity { subject: "module", field: "hash", problem: "is missing" })?;
        Ok(Entity::Module(Module {
            subject: Key::new(*subject.raw()),
            name: self.name.flatten(),
            hash,
            tags: self.tags.flatten(),
            caps: self.caps.flatten(),
            rev: self.rev.flatten(),
            ver: self.ver.flatten(),
            call_alias: self.call_alias.flatten(),
            provider: self.prov.unwrap_or(false),
        }))
    }

    fn into_provider(self, subject: Nkey) -> Result<Entity, DecodeFault> {
        self.foreign(subject.role(), &["vendor", "target_hashes"])?;
        let wanted = |field| DecodeFault::Entity { subject: "provider", field, problem: "is missing" };
        Ok(Entity::Provider(Provider {
            subject: Key::new(*subject.raw()),
            name: self.name.flatten(),
            capid: self.capid.flatten(),
            vendor: self.vendor.ok_or_else(|| wanted("vendor"))?,
            rev: self.rev.flatten(),
            ver: self.ver.flatten(),
            target_hashes: self.target_hashes.ok_or_else(|| wanted("target_hashes"))?.0,
            config_schema: self.config_schema,
        }))
    }

    fn into_host(self, subject: Nkey) -> Result<Entity, DecodeFault> {
        self.foreign(subject.role(), &["labels"])?;
        Ok(Entity::Host(Host {
            subject: Key::new(*subject.raw()),
            name: self.name.flatten(),
            labels: self.labels.map(|texts| texts.0),
        }))
    }

    fn into_invocation(self, subject: String) -> Result<Entity, DecodeFault> {
        // An invocation has no role of its own; its issuer is a host.
        self.foreign(Role::Host, &["hash"])?;
        let wanted = |field| DecodeFault::Entity { subject: "invocation", field, problem: "is missing" };
        Ok(Entity::Invocation(Invocation {
            subject,
            target_url: self.target_url.ok_or_else(|| wanted("target_url"))?,
            origin_url: self.origin_url.ok_or_else(|| wanted("origin_url"))?,
            hash: self.hash.ok_or_else(|| wanted("hash"))?,
        }))
    }
}
