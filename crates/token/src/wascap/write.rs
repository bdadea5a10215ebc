//! Claims to bytes, as wascap 0.16 writes them.

use greatseal_core::Decoded;
use greatseal_core::error::DecodeFault;
use greatseal_core::issue::{IssueFault, Signable, Unsigned};
use greatseal_core::key::Key;
use greatseal_core::signature::Signature;
use greatseal_core::statement::Kind;
use greatseal_core::succession::Succession;
use serde::Serialize;
use serde_json::Value;

use super::claims::{Claims, Entity, Listing};
use super::read;
use super::succession::Written;
use crate::jws;

/// Encodes claims into the bytes that their issuer signs.
///
/// # Errors
/// [`IssueFault::Content`] when a reader would refuse the claims.
pub fn encode(claims: &Claims) -> Result<Unsigned<Claims>, IssueFault> {
    // Texts, numbers and maps with text keys: nothing here that JSON cannot hold.
    let json = serde_json::to_vec(&Document::of(claims)).map_err(|_| IssueFault::Kind)?;
    Unsigned::new(jws::message(Kind::WascapToken.prefix(), &json))
}

impl Signable for Claims {
    type Content = Self;

    const KINDS: &'static [Kind] = &[Kind::WascapToken];

    fn from_signing_bytes(message: &[u8]) -> Result<Self, DecodeFault> {
        read::claims(&jws::claims_of(message, Kind::WascapToken.prefix())?)
    }

    fn assemble(message: &[u8], signature: &Signature) -> Vec<u8> {
        jws::join(message, signature)
    }

    fn decode(received: &[u8]) -> Result<Decoded<Self>, DecodeFault> {
        read::decode(received)
    }

    /// Everything that is written: whoever signs sees what a reader will, all of it.
    fn summary(claims: &Self) -> Vec<(&'static str, String)> {
        let mut lines = vec![("kind", claims.entity.word().to_owned())];
        lines.extend(claims.entity.name().map(|name| ("name", name.to_owned())));
        lines.push(("subject", claims.entity.subject_text()));
        lines.push(("issuer", claims.issuer.to_string()));
        lines.extend(claims.entity.signers().iter().map(|key| ("signing key", key.to_string())));
        if let Some(terms) = claims.succession.as_ref().map(Succession::terms) {
            lines.push(("place in the line", terms.seq.to_string()));
            lines.push(("follows", terms.prev.map_or_else(|| "nothing".to_owned(), |id| id.to_string())));
            lines.push(("threshold", format!("{} of {}", terms.threshold, claims.entity.signers().len())));
            lines.push((
                "next identity",
                terms.next.map_or_else(|| "none".to_owned(), |next| format!("SHA-256 {next}")),
            ));
            lines.push(("both identities suffice", if terms.pair { "yes" } else { "no" }.to_owned()));
            lines.push(("accounts", terms.accounts.word().to_owned()));
        }
        match &claims.entity {
            Entity::Operator(_) | Entity::Account(_) | Entity::Cluster(_) | Entity::Untyped { .. } => {}
            Entity::Module(module) => {
                lines.push(("hash", module.hash.clone()));
                lines.extend(module.rev.map(|rev| ("revision", rev.to_string())));
                lines.extend(module.ver.clone().map(|ver| ("version", ver)));
                lines.extend(module.call_alias.clone().map(|alias| ("call alias", alias)));
                lines.extend(module.tags.iter().flatten().map(|tag| ("tag", tag.clone())));
                lines.extend(module.caps.iter().flatten().map(|capability| ("capability", capability.clone())));
                lines.extend(module.provider.then(|| ("provider", "true".to_owned())));
            }
            Entity::Provider(provider) => {
                lines.push(("vendor", provider.vendor.clone()));
                lines.extend(provider.capid.clone().map(|id| ("capability", id)));
                lines.extend(provider.rev.map(|rev| ("revision", rev.to_string())));
                lines.extend(provider.ver.clone().map(|ver| ("version", ver)));
                let hash = |(target, hash): (&String, &String)| ("target hash", format!("{target} {hash}"));
                lines.extend(provider.target_hashes.iter().map(hash));
                lines.extend(provider.config_schema.as_ref().map(|schema| ("config schema", schema.to_string())));
            }
            Entity::Host(host) => {
                let label = |(name, value): (&String, &String)| ("label", format!("{name}={value}"));
                lines.extend(host.labels.iter().flatten().map(label));
            }
            Entity::Invocation(invocation) => {
                lines.push(("target", invocation.target_url.clone()));
                lines.push(("origin", invocation.origin_url.clone()));
                lines.push(("hash", invocation.hash.clone()));
            }
        }
        lines.push(("token id", claims.terms.id.as_str().to_owned()));
        lines.push(("issued at", claims.terms.issued_at.to_string()));
        lines.extend(claims.terms.validity.not_before.map(|at| ("not before", at.to_string())));
        lines.push(("expires", claims.terms.validity.expires.map_or_else(|| "never".to_owned(), |at| at.to_string())));
        lines.extend(claims.revision.map(|revision| ("wascap revision", revision.to_string())));
        lines
    }
}

// The order of the fields below is the order on the wire; absent ones are left out.

#[derive(Serialize)]
struct Document<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<u64>,
    jti: &'a str,
    iat: u64,
    iss: String,
    sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wascap: Option<Fields<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wascap_revision: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    greatseal: Option<Written>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Fields<'a> {
    Listing {
        name: Option<&'a str>,
        valid_signers: Option<Vec<String>>,
    },
    Module {
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<&'a str>,
        hash: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        tags: Option<&'a [String]>,
        #[serde(skip_serializing_if = "Option::is_none")]
        caps: Option<&'a [String]>,
        #[serde(skip_serializing_if = "Option::is_none")]
        rev: Option<i32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        ver: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        call_alias: Option<&'a str>,
        prov: bool,
    },
    Provider {
        name: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        capid: Option<&'a str>,
        vendor: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        rev: Option<i32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        ver: Option<&'a str>,
        target_hashes: &'a std::collections::BTreeMap<String, String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        config_schema: Option<&'a Value>,
    },
    Host {
        name: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        labels: Option<&'a std::collections::BTreeMap<String, String>>,
    },
    Invocation {
        target_url: &'a str,
        origin_url: &'a str,
        hash: &'a str,
    },
}

impl<'a> Document<'a> {
    fn of(claims: &'a Claims) -> Self {
        let terms = &claims.terms;
        Self {
            exp: terms.validity.expires.map(|at| at.as_secs()),
            jti: terms.id.as_str(),
            iat: terms.issued_at.as_secs(),
            iss: claims.issuer.to_string(),
            sub: claims.entity.subject_text(),
            nbf: terms.validity.not_before.map(|at| at.as_secs()),
            wascap: Fields::of(&claims.entity),
            wascap_revision: claims.revision,
            greatseal: claims.succession.as_ref().map(|claim| Written::of(claim.terms())),
        }
    }
}

impl<'a> Fields<'a> {
    fn of(entity: &'a Entity) -> Option<Self> {
        Some(match entity {
            Entity::Operator(listing) => Self::listing(listing),
            Entity::Account(listing) => Self::listing(listing),
            Entity::Cluster(listing) => Self::listing(listing),
            Entity::Module(module) => Self::Module {
                name: module.name.as_deref(),
                hash: &module.hash,
                tags: module.tags.as_deref(),
                caps: module.caps.as_deref(),
                rev: module.rev,
                ver: module.ver.as_deref(),
                call_alias: module.call_alias.as_deref(),
                prov: module.provider,
            },
            Entity::Provider(provider) => Self::Provider {
                name: provider.name.as_deref(),
                capid: provider.capid.as_deref(),
                vendor: &provider.vendor,
                rev: provider.rev,
                ver: provider.ver.as_deref(),
                target_hashes: &provider.target_hashes,
                config_schema: provider.config_schema.as_ref(),
            },
            Entity::Host(host) => Self::Host { name: host.name.as_deref(), labels: host.labels.as_ref() },
            Entity::Invocation(invocation) => Self::Invocation {
                target_url: &invocation.target_url,
                origin_url: &invocation.origin_url,
                hash: &invocation.hash,
            },
            Entity::Untyped { .. } => return None,
        })
    }

    fn listing<R: greatseal_core::key::KeyRole>(listing: &'a Listing<R>) -> Self {
        Self::Listing {
            name: listing.name.as_deref(),
            valid_signers: listing.signers.as_ref().map(|signers| signers.iter().map(Key::to_string).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use greatseal_core::Code;
    use greatseal_core::limits::TOKEN_BYTES;
    use serde_json::json;

    use super::*;

    const CLAIMS: &str = r#"{"jti":"","iat":0,"iss":"AAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QPZV",
        "sub":"VAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3RSLE",
        "wascap":{"vendor":"","target_hashes":{},"config_schema":SCHEMA}}"#;

    fn with_schema(schema: &str) -> Claims {
        read::claims(CLAIMS.replace("SCHEMA", schema).as_bytes()).unwrap()
    }

    #[test]
    fn numbers_are_written_as_they_were_read() {
        for schema in ["[123456789.123456789]", "[0.1,-0.0,1e21,2.2250738585072011e-308]", "[1e23,9007199254740993]"] {
            let claims = with_schema(schema);
            assert_eq!(encode(&claims).unwrap().content(), &claims, "{schema}");
        }
    }

    #[test]
    fn what_is_too_long_for_a_reader_is_not_signed() {
        let signature = Signature::new([0; 64]);
        let mut claims = with_schema("null");
        let mut finished_at = |length: usize| {
            let Entity::Provider(provider) = &mut claims.entity else { panic!("it is a provider") };
            provider.config_schema = Some(json!("x".repeat(length)));
            encode(&claims).map(|unsigned| Claims::assemble(unsigned.request().message(), &signature))
        };
        let overhead = finished_at(0).unwrap().len();
        let longest = (TOKEN_BYTES - overhead) / 4 * 3;
        assert!(read::decode(&finished_at(longest).unwrap()).is_ok());
        assert_eq!(finished_at(longest + 3).unwrap_err().code(), Code::TokenTooLarge);
    }
}
