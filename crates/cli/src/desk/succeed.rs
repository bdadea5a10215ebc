//! The operator's next token: reissued, by the next identity, or with other signing keys.
//!
//! Rules 2 and 7 of succession, `docs/succession.md`.

use std::collections::BTreeSet;

use greatseal_core::deed::{Act, Revocation, Target};
use greatseal_core::key::{Key, Nkey, Operator, RawKey, Role, Spelled};
use greatseal_core::succession::{Commitment, Succession, Terms, is_quorum};
use greatseal_core::{Code, Decoded};
use greatseal_custody::KeyName;
use greatseal_token::wascap::{self, Claims, Entity, Listing};

use super::keys::Place;
use super::operator::claim;
use super::{Desk, Filed, NewKeys, Outcome};
use crate::order::{Filing, Order};
use crate::problem::Problem;

/// What becomes different with the next token.
#[derive(Debug, Default)]
pub(crate) struct NextToken {
    /// The next identity issues it, and another is made to come after.
    pub(crate) rotate_identity: bool,
    /// Signing keys to list, made where nobody knows them yet.
    pub(crate) add: Vec<KeyName>,
    /// Signing keys to list no more.
    pub(crate) remove: Vec<KeyName>,
    /// Fewer than a quorum of the old signing keys may stay: for healing.
    pub(crate) replace_all: bool,
    /// How many signing keys are a quorum from then on; the least majority, if absent.
    pub(crate) threshold: Option<u64>,
    /// Who has to endorse beside every key at hand.
    pub(crate) endorsers: Vec<KeyName>,
    pub(crate) days: Option<u32>,
}

/// The operator's next token, as it was filed.
#[derive(Debug)]
pub(crate) struct Succeeded {
    pub(crate) filed: Vec<Filed>,
    pub(crate) endorsed_by: Vec<Nkey>,
}

impl Desk {
    /// Makes the operator's next token, and the endorsements that lead verifiers to it.
    ///
    /// Every key at hand endorses. If that is not enough, the others of the old signing keys are
    /// asked by a request, up to a quorum.
    ///
    /// # Errors
    /// `GS-CHAIN-INCOMPLETE` without an operator; `GS-OPERATOR-QUORUM` when too few old signing keys
    /// would stay; else what keeps the order from being carried out.
    pub(crate) fn succeed(&mut self, next: &NextToken) -> Result<Outcome<Succeeded>, Problem> {
        let current = self.realm.tokens()?;
        let (identity, _) = self.operator(&current)?;
        let Some((_, token)) = current.operator else { return Err(super::filed::no_operator()) };
        let claims = token.content();
        let Entity::Operator(listing) = &claims.entity else { return Err(super::filed::no_operator()) };
        let old: Vec<Key<Operator>> = listing.signers.clone().unwrap_or_default();
        let (signers, mut new_keys) = self.next_signers(next, &old)?;

        let old_terms = claims.succession.as_ref().map(Succession::terms);
        let (issuer, succession) = match old_terms {
            None if next.rotate_identity => {
                return Err(Problem::new(Code::SuccessionNone, "this operator's token names no next identity")
                    .hint("A plain operator cannot be succeeded: whoever trusts its key has to be told of another."));
            }
            None => (identity, None),
            Some(terms) => {
                self.must_keep_a_quorum(next, terms, &old, &signers)?;
                let (issuer, after) = self.identities(next, terms, identity, &mut new_keys)?;
                let terms = Terms {
                    seq: terms.seq + 1,
                    prev: Some(token.id()),
                    threshold: next.threshold.unwrap_or(Succession::least_threshold(signers.len() as u64)),
                    next: after,
                    ..terms.clone()
                };
                (issuer, Some(claim(terms, issuer.raw(), &signers)?))
            }
        };
        let new = Claims {
            terms: self.terms_after(next.days.unwrap_or(self.realm.file().lifetimes.operator), &token)?,
            issuer: issuer.nkey(),
            entity: Entity::Operator(Listing { subject: issuer, name: listing.name.clone(), signers: Some(signers) }),
            revision: Some(super::REVISION),
            succession,
        };
        let unsigned = wascap::encode(&new)?;
        let id = unsigned.id();
        let mut order = Order::new("operator", self.now).sign(unsigned, Filing::Operator).replacing(&token);
        let endorsers = match old_terms {
            Some(terms) => self.endorsers(next, terms, &token, issuer, &old)?,
            None => Vec::new(),
        };
        for endorser in &endorsers {
            order = order.witness(self.deed(*endorser, Act::Endorse(id))?);
        }
        let order = order.with_keys(new_keys);
        self.carry_out(order)?.map(|filed| Ok(Succeeded { filed, endorsed_by: endorsers }))
    }

    /// Puts the next list of signing keys together.
    fn next_signers(&self, next: &NextToken, old: &[Key<Operator>]) -> Result<(Vec<Key<Operator>>, NewKeys), Problem> {
        let removed = next.remove.iter().map(|name| self.realm.nkey(name)).collect::<Result<Vec<_>, _>>()?;
        if let Some(stranger) = removed.iter().find(|key| !old.iter().any(|listed| listed.raw() == key.raw())) {
            let fault = format!("{} is no signing key of the operator", self.realm.show(stranger));
            return Err(Problem::new(Code::NameUnknown, fault).hint("`greatseal key list` shows the keys there are."));
        }
        let stays = |key: &&Key<Operator>| !removed.iter().any(|removed| removed.raw() == key.raw());
        let mut signers: Vec<Key<Operator>> = old.iter().filter(stays).copied().collect();
        let new_keys = self.draw_keys(&next.add, Role::Operator)?;
        for (name, key) in new_keys.nkeys() {
            if signers.iter().any(|listed| listed.raw() == key.raw()) {
                return Err(Problem::new(Code::NameTaken, format!("{name} is a signing key of the operator already")));
            }
            signers.push(Key::new(*key.raw()));
        }
        Ok((signers, new_keys))
    }

    /// Holds the custom of rule 7: verifiers that slept need keys that they know.
    fn must_keep_a_quorum(
        &self,
        next: &NextToken,
        terms: &Terms,
        old: &[Key<Operator>],
        signers: &[Key<Operator>],
    ) -> Result<(), Problem> {
        let kept = old.iter().filter(|key| signers.contains(key)).count() as u64;
        if is_quorum(terms.threshold, kept) || next.replace_all || next.remove.is_empty() {
            return Ok(());
        }
        let fault = format!("only {kept} of the signing keys would stay, and {} are a quorum", terms.threshold);
        Err(Problem::new(Code::OperatorQuorum, fault))
    }

    /// Returns who issues the next token, and the identity that it commits to.
    fn identities(
        &self,
        next: &NextToken,
        terms: &Terms,
        identity: Key<Operator>,
        new_keys: &mut NewKeys,
    ) -> Result<(Key<Operator>, Option<Commitment>), Problem> {
        if !next.rotate_identity {
            return Ok((identity, terms.next));
        }
        let Some(commitment) = terms.next else {
            return Err(Problem::new(Code::SuccessionNone, "the operator's token names no next identity"));
        };
        let issuer = self.next_identity(&commitment)?;
        let name = self.next_identity_name()?;
        let after = self.draw_keys_for(&[name], Role::Operator, Place::Apart)?;
        let commitment = after.nkeys().next().map(|(_, key)| Commitment::to(key.raw()));
        new_keys.join(after);
        Ok((Key::new(*issuer.raw()), commitment))
    }

    /// Finds the key that a token commits to among those that the realm names.
    pub(crate) fn next_identity(&self, commitment: &Commitment) -> Result<Nkey, Problem> {
        self.realm.file().keys.values().filter_map(Spelled::nkey).find(|key| commitment.opens(key.raw())).ok_or_else(
            || {
                Problem::new(Code::NameUnknown, "this realm does not know the public half of its next identity")
                    .hint("`greatseal key pin NAME KEY` names it; the operator's token holds its SHA-256.")
            },
        )
    }

    /// Picks who endorses: every key at hand, and as many elsewhere as a quorum still needs.
    fn endorsers(
        &self,
        next: &NextToken,
        terms: &Terms,
        token: &Decoded<Claims>,
        issuer: Key<Operator>,
        old: &[Key<Operator>],
    ) -> Result<Vec<Nkey>, Problem> {
        let dead = self.revoked_keys()?;
        let living: Vec<Nkey> = old.iter().map(Key::nkey).filter(|key| !dead.contains(key.raw())).collect();
        let mut chosen: Vec<Nkey> = Vec::new();
        for key in &living {
            if self.ring.has(&key.public_key())? {
                chosen.push(*key);
            }
        }
        let by_signers = chosen.len() as u64;
        // The other identity: the old one where the next one issues.
        let old_identity = token.content().entity.subject().filter(|subject| *subject != issuer.nkey());
        let other = old_identity.or_else(|| terms.next.and_then(|next| self.next_identity(&next).ok()));
        let mut paired = false;
        if let Some(other) = other
            && self.ring.has(&other.public_key())?
        {
            chosen.push(other);
            paired = terms.pair;
        }
        for name in &next.endorsers {
            let key = self.realm.nkey(name)?;
            if !chosen.iter().any(|known| known.raw() == key.raw()) {
                chosen.push(key);
            }
        }
        if next.endorsers.is_empty() && !is_quorum(terms.threshold, by_signers) && !paired {
            let missing = usize::try_from(terms.threshold - by_signers).unwrap_or(usize::MAX);
            let elsewhere: Vec<Nkey> =
                living.iter().filter(|key| !chosen.contains(key)).take(missing).copied().collect();
            chosen.extend(elsewhere);
        }
        Ok(chosen)
    }

    /// Returns the keys whose own revocations are published here.
    pub(crate) fn revoked_keys(&self) -> Result<BTreeSet<RawKey>, Problem> {
        let deeds = self.realm.deeds()?;
        let own = deeds.iter().filter_map(|(_, deed)| {
            let deed = deed.content();
            let Act::Revoke(Revocation { target: Target::Key(key), survivors: None }) = &deed.act else { return None };
            let own = deed.signer == key.public_key();
            key.public_key().ed25519().copied().filter(|_| own)
        });
        Ok(own.collect())
    }
}
