//! Deeds that had no effect, and why: a revocation that somebody supplied should not vanish silently.
//!
//! Endorsements and countersignatures are told only when their signatures are bad: of those that
//! are good there may be any number that bear on other tokens.

use super::{Graph, Member};
use crate::code::Code;
use crate::deed::{Act, Deed, Target};
use crate::error::{SignatureFault, TimeFault};
use crate::key::{PublicKey, RawKey, Spelled};
use crate::statement::{Grant, Statement, StatementId};
use crate::supply::Subject;
use crate::view::Standing;

/// A deed without effect.
#[derive(Clone, Debug)]
pub struct Ignored {
    /// Where it stood in what was supplied.
    pub position: Subject,
    /// Which one.
    pub id: StatementId,
    /// Who signed it, or is said to have.
    pub signer: Spelled,
    /// Why.
    pub why: Ineffective,
}

/// Why a deed has no effect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ineffective {
    /// Its signature does not hold.
    #[error(transparent)]
    Signature(SignatureFault),
    /// It claims to be made in the future.
    #[error(transparent)]
    Time(TimeFault),
    /// An operator identity revokes nothing but the bare-key anchors on itself (rule 13).
    #[error("an operator's identity revokes nothing but itself, where its bare key is trusted")]
    Identity,
    /// Nothing at hand is what its signer may take back (rule 12).
    #[error("its signer may not revoke this, or nothing at hand is touched by it")]
    Stranger,
}

impl Ineffective {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Signature(fault) => fault.code(),
            Self::Time(fault) => fault.code(),
            Self::Identity | Self::Stranger => Code::RevocationIgnored,
        }
    }
}

impl<T: Statement> Graph<'_, T> {
    /// Lists the deeds that had no effect, as far as that is to be told.
    ///
    /// A revocation that is itself asked about is not told: it was not supplied for its effect.
    pub(crate) fn ignored(&self, deeds: &[Member<Deed>], targets: &[usize]) -> Vec<Ignored> {
        let supplied = self.members.iter().enumerate().filter(|(at, _)| !targets.contains(at));
        let revocations = supplied.filter_map(|(at, member)| self.without_effect(at, member));
        let deeds = deeds.iter().enumerate().filter_map(|(position, member)| {
            let why = match (&member.content().act, member) {
                (Act::Revoke(revocation), _) => self.ineffective(member, &revocation.target)?,
                (_, Member::Refused(refused)) => Ineffective::Signature(refused.fault()),
                (_, Member::Verified(_) | Member::Pending(_)) => return None,
            };
            let position = Subject::Deed(position);
            Some(Ignored { position, id: member.id(), signer: member.content().signer, why })
        });
        revocations.chain(deeds).collect()
    }

    /// Says why a UCAN that takes something back had no effect, if it had none.
    fn without_effect(&self, at: usize, member: &Member<T>) -> Option<Ignored> {
        member.content().grant().invocation()?.revokes?;
        let why = match member {
            Member::Refused(refused) => Ineffective::Signature(refused.fault()),
            // Unverified, because nothing that was decided could turn on it.
            Member::Pending(_) => Ineffective::Stranger,
            Member::Verified(_) if self.took_effect(at) => return None,
            Member::Verified(_) => Ineffective::Stranger,
        };
        let signer = Spelled::Did(member.content().signer());
        Some(Ignored { position: Subject::Token(at), id: member.id(), signer, why })
    }

    fn ineffective(&self, member: &Member<Deed>, target: &Target) -> Option<Ineffective> {
        if let Standing::Absent(fault) | Standing::Expired(fault) = self.view.standing(member.content()) {
            return Some(Ineffective::Time(fault));
        }
        let PublicKey::Ed25519(by) = member.content().signer() else { return Some(Ineffective::Stranger) };
        match member {
            Member::Refused(refused) => Some(Ineffective::Signature(refused.fault())),
            // Unverified, because nothing that was decided could turn on it.
            Member::Pending(_) => Some(Ineffective::Stranger),
            Member::Verified(_) if self.may(&by, target) => None,
            Member::Verified(_) if self.is_identity(&by) => Some(Ineffective::Identity),
            Member::Verified(_) => Some(Ineffective::Stranger),
        }
    }

    /// Says whether somebody may take back what a target names, alone or as one vote of several.
    fn may(&self, by: &RawKey, target: &Target) -> bool {
        let is = |spelled: &Spelled, key: &RawKey| spelled.public_key() == PublicKey::Ed25519(*key);
        let votes = self
            .sides
            .iter()
            .flatten()
            .any(|side| side.way().any(|token| self.line_of(token).is_some_and(|line| line.lists(by))));
        match target {
            Target::Key(key) => is(key, by) && (!self.is_identity(by) || self.is_bare_anchor(by)) || votes,
            Target::Edge { issuer, .. } => is(issuer, by) && !self.is_identity(by) || votes,
            Target::Statement(id) => votes || self.signed_by(id, by),
        }
    }

    fn is_identity(&self, key: &RawKey) -> bool {
        let on_the_way = |token: usize| self.claim(token).is_some_and(|(identity, _)| identity.raw() == key);
        self.is_bare_anchor(key) || self.sides.iter().flatten().any(|side| side.way().any(on_the_way))
    }

    fn is_bare_anchor(&self, key: &RawKey) -> bool {
        self.view.anchors().iter().any(|anchor| matches!(anchor, crate::Anchor::Operator(own) if own.raw() == key))
    }

    fn signed_by(&self, id: &StatementId, by: &RawKey) -> bool {
        let token = self.members.iter().find(|member| member.id() == *id);
        let by_token = token.is_some_and(|member| {
            member.content().signer() == PublicKey::Ed25519(*by)
                && !matches!(member.content().grant(), Grant::Operator { .. })
        });
        by_token || self.deeds.signed_by(id, by)
    }
}
