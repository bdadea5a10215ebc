//! The claims of wascap tokens, every type of every version.

use std::collections::BTreeMap;

use greatseal_core::key::{self, Key, Nkey, PublicKey};
use greatseal_core::statement::{Family, Grant, Statement};
use greatseal_core::succession::Succession;
use greatseal_core::time::{Timestamp, Validity};
use serde_json::Value;

/// The claims of one token.
///
/// Names on the wire may be added by newer versions; what is read here never changes its meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims {
    /// When it was issued, from when and until when it speaks, and its id.
    pub terms: Terms,
    /// The key that signs (`iss`).
    pub issuer: Nkey,
    /// Whom or what it is about (`sub`), and what it says (`wascap`).
    pub entity: Entity,
    /// `wascap_revision`: 3 today, 2 in 0.9, absent before and wherever `ClaimsBuilder` was used.
    pub revision: Option<u32>,
    /// `greatseal`: who decides on an operator's next token. Other tools read over it.
    pub succession: Option<Succession>,
}

/// The claims that every token has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// `jti`.
    pub id: TokenId,
    /// `iat`.
    pub issued_at: Timestamp,
    /// `nbf` and `exp`.
    pub validity: Validity,
}

/// A token's `jti`: tells tokens apart, proves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenId(pub(crate) String);

impl TokenId {
    /// Characters of a NUID.
    const LENGTH: usize = 22;

    /// Makes one of the 22 characters of a NUID out of 128 random bits.
    #[must_use]
    pub fn from_entropy(entropy: u128) -> Self {
        const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut rest = entropy;
        let characters = (0..Self::LENGTH).map(|_| {
            let digit = rest % 62;
            rest /= 62;
            // Smaller than 62, so it is in the alphabet and fits.
            ALPHABET.get(digit as usize).map_or('0', |byte| char::from(*byte))
        });
        Self(characters.collect())
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whom or what a token is about, and what it says.
#[derive(Clone, Debug, PartialEq)]
pub enum Entity {
    /// `O`: an operator and its signing keys.
    Operator(Listing<key::Operator>),
    /// `A`: an account and its signing keys.
    Account(Listing<key::Account>),
    /// `C`: a cluster and its signing keys.
    Cluster(Listing<key::Cluster>),
    /// `M`: a module (an actor up to 0.13, a component since).
    Module(Module),
    /// `V`: a capability provider.
    Provider(Provider),
    /// `N`: a host.
    Host(Host),
    /// One call from one entity to another.
    Invocation(Invocation),
    /// A subject of whom nothing is said: `wascap` is absent.
    Untyped {
        /// `sub` as it is spelled.
        subject: String,
    },
}

/// A principal that lists signing keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<R: key::KeyRole> {
    /// The identity key (`sub`).
    pub subject: Key<R>,
    /// `name`.
    pub name: Option<String>,
    /// `valid_signers`; written as `null` when absent.
    pub signers: Option<Vec<Key<R>>>,
}

impl<R: key::KeyRole> Listing<R> {
    fn listed(&self) -> &[Key<R>] {
        self.signers.as_deref().unwrap_or_default()
    }
}

/// A module or component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// The identity key (`sub`).
    pub subject: Key<key::Module>,
    /// `name`.
    pub name: Option<String>,
    /// `hash`: upper-case hexadecimal SHA-256 of the file without its token section.
    pub hash: String,
    /// `tags`.
    pub tags: Option<Vec<String>>,
    /// `caps`, up to 0.13.
    pub caps: Option<Vec<String>>,
    /// `rev`.
    pub rev: Option<i32>,
    /// `ver`.
    pub ver: Option<String>,
    /// `call_alias`.
    pub call_alias: Option<String>,
    /// `prov`.
    pub provider: bool,
}

impl Module {
    /// Writes an alias as wascap does: lower case, ASCII only, with `_` for blanks, hyphens and dots.
    #[must_use]
    pub fn normal_alias(alias: &str) -> String {
        alias
            .to_lowercase()
            .trim()
            .chars()
            .filter(char::is_ascii)
            .map(|c| if matches!(c, ' ' | '-' | '.') { '_' } else { c })
            .collect()
    }
}

/// A capability provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Provider {
    /// The identity key (`sub`).
    pub subject: Key<key::Provider>,
    /// `name`.
    pub name: Option<String>,
    /// `capid`, up to 0.13.
    pub capid: Option<String>,
    /// `vendor`.
    pub vendor: String,
    /// `rev`.
    pub rev: Option<i32>,
    /// `ver`.
    pub ver: Option<String>,
    /// `target_hashes`: upper-case hexadecimal SHA-256 by target.
    pub target_hashes: BTreeMap<String, String>,
    /// `config_schema`.
    pub config_schema: Option<Value>,
}

/// A host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The identity key (`sub`).
    pub subject: Key<key::Host>,
    /// `name`.
    pub name: Option<String>,
    /// `labels`.
    pub labels: Option<BTreeMap<String, String>>,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// `sub`: the call's own id, which is no key.
    pub subject: String,
    /// `target_url`.
    pub target_url: String,
    /// `origin_url`.
    pub origin_url: String,
    /// `hash`.
    pub hash: String,
}

impl Entity {
    /// Returns the word for this kind of claims.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Operator(_) => "operator",
            Self::Account(_) => "account",
            Self::Cluster(_) => "cluster",
            Self::Module(_) => "module",
            Self::Provider(_) => "provider",
            Self::Host(_) => "host",
            Self::Invocation(_) => "invocation",
            Self::Untyped { .. } => "untyped",
        }
    }

    /// Returns the name, where one is given.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Operator(listing) => listing.name.as_deref(),
            Self::Account(listing) => listing.name.as_deref(),
            Self::Cluster(listing) => listing.name.as_deref(),
            Self::Module(module) => module.name.as_deref(),
            Self::Provider(provider) => provider.name.as_deref(),
            Self::Host(host) => host.name.as_deref(),
            Self::Invocation(_) | Self::Untyped { .. } => None,
        }
    }

    /// Returns the subject's key; an invocation has none.
    #[must_use]
    pub const fn subject(&self) -> Option<Nkey> {
        match self {
            Self::Operator(listing) => Some(listing.subject.nkey()),
            Self::Account(listing) => Some(listing.subject.nkey()),
            Self::Cluster(listing) => Some(listing.subject.nkey()),
            Self::Module(module) => Some(module.subject.nkey()),
            Self::Provider(provider) => Some(provider.subject.nkey()),
            Self::Host(host) => Some(host.subject.nkey()),
            Self::Invocation(_) | Self::Untyped { .. } => None,
        }
    }

    /// Returns the subject as the token spells it.
    #[must_use]
    pub fn subject_text(&self) -> String {
        match self {
            Self::Invocation(invocation) => invocation.subject.clone(),
            Self::Untyped { subject } => subject.clone(),
            Self::Operator(_)
            | Self::Account(_)
            | Self::Cluster(_)
            | Self::Module(_)
            | Self::Provider(_)
            | Self::Host(_) => self.subject().map(|key| key.to_string()).unwrap_or_default(),
        }
    }

    /// Returns the signing keys it lists.
    #[must_use]
    pub fn signers(&self) -> Vec<Nkey> {
        match self {
            Self::Operator(listing) => listing.listed().iter().map(Key::nkey).collect(),
            Self::Account(listing) => listing.listed().iter().map(Key::nkey).collect(),
            Self::Cluster(listing) => listing.listed().iter().map(Key::nkey).collect(),
            Self::Module(_) | Self::Provider(_) | Self::Host(_) | Self::Invocation(_) | Self::Untyped { .. } => {
                Vec::new()
            }
        }
    }
}

impl Statement for Claims {
    fn family(&self) -> Family {
        Family::Wascap
    }

    fn signer(&self) -> PublicKey {
        self.issuer.public_key()
    }

    fn issued_at(&self) -> Timestamp {
        self.terms.issued_at
    }

    fn validity(&self) -> Validity {
        self.terms.validity
    }

    fn grant(&self) -> Grant<'_> {
        let issuer = self.issuer;
        match &self.entity {
            Entity::Operator(listing) => Grant::Operator {
                issuer,
                subject: listing.subject,
                signers: listing.listed(),
                succession: self.succession.as_ref(),
            },
            Entity::Account(listing) => Grant::Account { issuer, subject: listing.subject, signers: listing.listed() },
            Entity::Module(module) => {
                Grant::Code { issuer, subject: module.subject.nkey(), revision: module.rev.unwrap_or(0) }
            }
            Entity::Provider(provider) => {
                Grant::Code { issuer, subject: provider.subject.nkey(), revision: provider.rev.unwrap_or(0) }
            }
            Entity::Cluster(_) | Entity::Host(_) | Entity::Invocation(_) | Entity::Untyped { .. } => {
                Grant::Nothing { what: self.entity.word() }
            }
        }
    }
}
