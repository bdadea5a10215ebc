//! Keys and tokens that are measured: made from fixed seeds, so that every run measures the same.

use ed25519_dalek_2::{Signer as _, SigningKey};
use greatseal_core::issue::IssueFault;
use greatseal_core::key::{self, Key, KeyRole, Nkey, RawKey};
use greatseal_core::signature::Signature;
use greatseal_core::succession::Succession;
use greatseal_core::time::Validity;
use greatseal_core::{Anchor, Policy, Timestamp, View};
use greatseal_token::wascap::{self, Claims, Entity, Listing, Module, Terms, TokenId};
use sha2::{Digest as _, Sha256};

/// When everything was issued, and the instant of every decision.
pub(crate) const NOW: u64 = 1_760_000_000;

/// A signing key made from its name.
pub(crate) fn signing_key(name: &str) -> SigningKey {
    SigningKey::from_bytes(&Sha256::digest(format!("greatseal bench {name}")).into())
}

pub(crate) fn public<R: KeyRole>(key: &SigningKey) -> Key<R> {
    Key::new(RawKey::new(key.verifying_key().to_bytes()))
}

/// An operator with signing keys, and everything below it.
pub(crate) struct Realm {
    identity: SigningKey,
    signers: Vec<SigningKey>,
    /// The operator's own token.
    pub(crate) operator: Vec<u8>,
}

impl Realm {
    /// Makes an operator that lists so many signing keys.
    pub(crate) fn new(signers: usize) -> Result<Self, IssueFault> {
        let identity = signing_key("operator");
        let signers: Vec<_> = (0..signers).map(|index| signing_key(&format!("operator signer {index}"))).collect();
        let listing = Listing {
            subject: public(&identity),
            name: Some("acme".into()),
            signers: Some(signers.iter().map(public).collect()),
        };
        let operator = issue::<key::Operator>(&identity, Entity::Operator(listing), 0, None)?;
        Ok(Self { identity, signers, operator })
    }

    /// Returns the view that trusts this operator.
    pub(crate) fn view(&self) -> View {
        trusting(Anchor::Operator(public(&self.identity)))
    }

    /// Makes the token of an account, `age` seconds old, by a signing key of the operator's.
    ///
    /// The account lists the keys that sign its modules before and after a rotation.
    pub(crate) fn account(&self, name: &str, signer: usize, age: u64) -> Result<Vec<u8>, IssueFault> {
        let identity = signing_key(name);
        let listing = Listing {
            subject: public(&identity),
            name: Some(name.into()),
            signers: Some(vec![public(&signing_key(&format!("{name} signer")))]),
        };
        // Indices come from ranges no longer than the list; the identity would be refused.
        let by = self.signers.get(signer).unwrap_or(&self.identity);
        issue::<key::Operator>(by, Entity::Account(listing), age, None)
    }
}

/// Returns the view that trusts one thing.
pub(crate) fn trusting(anchor: Anchor) -> View {
    View::new(Policy::Strict, vec![anchor], Timestamp::from_secs(NOW))
}

/// Makes the token of a module, by the signing key of an account.
pub(crate) fn module_token(account: &str, name: &str, hash: &str) -> Result<Vec<u8>, IssueFault> {
    let claims = Module {
        subject: public(&signing_key(name)),
        name: Some(name.into()),
        hash: hash.into(),
        tags: None,
        caps: None,
        rev: Some(1),
        ver: Some("0.1.0".into()),
        call_alias: None,
        provider: false,
    };
    issue::<key::Account>(&signing_key(&format!("{account} signer")), Entity::Module(claims), 0, None)
}

/// Makes a token, `age` seconds old, which only an operator's may carry a claim of succession in.
pub(crate) fn issue<R: KeyRole>(
    signer: &SigningKey,
    entity: Entity,
    age: u64,
    succession: Option<Succession>,
) -> Result<Vec<u8>, IssueFault> {
    let issued_at = Timestamp::from_secs(NOW - age);
    let issuer = public::<R>(signer).nkey();
    let claims = Claims {
        terms: Terms {
            id: TokenId::from_entropy(entropy(&issuer, &entity)),
            issued_at,
            validity: Validity { not_before: None, expires: Some(Timestamp::from_secs(NOW + 86_400 * 365)) },
        },
        issuer,
        entity,
        revision: Some(3),
        succession,
    };
    let unsigned = wascap::encode(&claims)?;
    let signature = Signature::new(signer.sign(unsigned.request().message()).to_bytes());
    let view = View::new(Policy::Strict, Vec::new(), Timestamp::from_secs(NOW));
    Ok(unsigned.finish(&signature, &view)?.bytes().to_vec())
}

/// Anything that differs between tokens.
fn entropy(issuer: &Nkey, entity: &Entity) -> u128 {
    let digest = Sha256::digest(format!("{issuer} {}", entity.subject_text()));
    digest.first_chunk::<16>().map_or(0, |bytes| u128::from_le_bytes(*bytes))
}
