//! Making the realm's operator.

use greatseal_core::Code;
use greatseal_core::key::{Key, Nkey, Operator, RawKey, Role};
use greatseal_core::succession::{AccountRule, Commitment, Succession, Terms};
use greatseal_custody::KeyName;
use greatseal_token::wascap::{self, Claims, Entity, Listing};

use super::keys::Place;
use super::{Desk, Filed, Outcome, REVISION, Saved};
use crate::order::{Filing, Order};
use crate::output;
use crate::problem::Problem;

/// What the operator is to be.
#[derive(Debug)]
pub(crate) struct NewOperator {
    /// The name shown to people.
    pub(crate) title: String,
    /// How many signing keys; none is a named choice.
    pub(crate) signing_keys: u8,
    /// Who decides on its next token; nobody in a plain chain.
    pub(crate) succession: Option<NewSuccession>,
    pub(crate) days: Option<u32>,
}

/// Who is to decide on the operator's next token (rule 7 of succession).
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewSuccession {
    /// How many signing keys are a quorum; the least majority, if absent.
    pub(crate) threshold: Option<u64>,
    /// Whether both identities may do without a quorum.
    pub(crate) pair: bool,
    pub(crate) accounts: AccountRule,
}

impl Desk {
    /// Makes the identity key, the signing keys and the token that lists them; where there is to be
    /// a succession, also the next identity key, which is kept apart.
    ///
    /// Keys that the realm or custody knows by these names are taken as they are, so that an identity
    /// key that was made on another machine is asked there for its signature.
    ///
    /// # Errors
    /// `GS-REALM-EXISTS` when the realm has an operator, or a request for one.
    pub(crate) fn create_operator(&mut self, new: &NewOperator) -> Result<Outcome<Saved>, Problem> {
        let path = self.realm.operator_path();
        if path.exists() {
            return Err(Problem::new(
                Code::RealmExists,
                format!("this realm has its operator already: {}", path.display()),
            )
            .hint("A realm has one operator. Make another realm for another: `greatseal init NAME`."));
        }
        let identity_name = self.realm.name("identity")?;
        let signing_names = self.signing_names(None, new.signing_keys)?;
        let names: Vec<_> = core::iter::once(identity_name).chain(signing_names).collect();
        let mut new_keys = self.draw_keys(&names, Role::Operator)?;
        let keys: Vec<(KeyName, Nkey)> = new_keys.nkeys().map(|(name, key)| (name.clone(), key)).collect();
        let next = match new.succession {
            Some(_) => {
                let next = self.draw_keys_for(&[self.realm.name("identity-2")?], Role::Operator, Place::Apart)?;
                let key = next.nkeys().next().map(|(_, key)| key);
                new_keys.join(next);
                key
            }
            None => None,
        };

        if new_keys.made_here(&keys) > 1 && new.signing_keys > 1 {
            output::remark(
                "All new signing keys go into one custody, so one break-in takes a quorum. For three custodies, make them there and name them first: `greatseal key pin signing-2 O…`.",
            );
        }

        let operator = |key: &Nkey| Key::<Operator>::new(*key.raw());
        let Some(((_, identity), signing)) = keys.split_first() else {
            return Err(Problem::usage("an operator needs an identity key"));
        };
        let signers: Vec<Key<Operator>> = signing.iter().map(|(_, key)| operator(key)).collect();
        let succession = new.succession.map(|new| {
            let terms = Terms {
                seq: 0,
                prev: None,
                threshold: new.threshold.unwrap_or(Succession::least_threshold(signers.len() as u64)),
                next: next.map(|key| Commitment::to(key.raw())),
                pair: new.pair && next.is_some(),
                accounts: new.accounts,
            };
            claim(terms, identity.raw(), &signers)
        });
        let claims = Claims {
            terms: self.terms(new.days.unwrap_or(self.realm.file().lifetimes.operator))?,
            issuer: *identity,
            entity: Entity::Operator(Listing {
                subject: operator(identity),
                name: Some(new.title.clone()),
                signers: Some(signers),
            }),
            revision: Some(REVISION),
            succession: succession.transpose()?,
        };
        let order =
            Order::new("operator", self.now).sign(wascap::encode(&claims)?, Filing::Operator).with_keys(new_keys);
        self.carry_out(order)?.map(Filed::saved)
    }
}

/// Holds terms against the keys that they are to stand beside.
pub(super) fn claim(terms: Terms, identity: &RawKey, signers: &[Key<Operator>]) -> Result<Succession, Problem> {
    Succession::new(terms, identity, signers.iter().map(Key::raw)).map_err(|fault| {
        Problem::new(Code::ClaimsSuccession, format!("verifiers would refuse this operator: {fault}"))
            .hint("Choose another threshold or other keys.")
    })
}

impl Desk {
    /// Names the next identity key: `identity-2`, `identity-3` and so on, the first that nobody knows
    /// or that was named for this before.
    pub(super) fn next_identity_name(&self) -> Result<KeyName, Problem> {
        let mut number = 2_u32;
        loop {
            let name = self.realm.name(&format!("identity-{number}"))?;
            let free = match self.realm.key(&name) {
                Ok(known) => match known.nkey() {
                    Some(known) => !self.is_identity(&known)?,
                    None => false,
                },
                Err(_) => true,
            };
            if free {
                return Ok(name);
            }
            number += 1;
        }
    }
}
