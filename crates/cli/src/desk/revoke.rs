//! Taking back: a key's own word on all that it signed, or the votes of enough others.
//!
//! Rules 12 to 14 of succession; who may take back what is in `docs/revocation.md`.

use greatseal_core::deed::{Act, Revocation, Survivors, Target};
use greatseal_core::key::{Key, Nkey, Spelled};
use greatseal_core::statement::StatementId;
use greatseal_core::succession::is_quorum;
use greatseal_core::{Code, Decoded};
use greatseal_custody::KeyName;
use greatseal_token::wascap::{Claims, Entity};

use super::{Desk, Filed, Outcome};
use crate::order::Order;
use crate::problem::Problem;

/// What is to be taken back.
#[derive(Debug)]
pub(crate) enum Revoke {
    /// Everything that a key signed.
    Key(Nkey),
    /// One statement, and who signed it, where that is known.
    Statement(StatementId, Option<Nkey>),
    /// What one key said about another.
    Edge(Nkey, Nkey),
}

impl Revoke {
    fn target(&self) -> Target {
        match self {
            Self::Key(key) => Target::Key((*key).into()),
            Self::Statement(id, _) => Target::Statement(*id),
            Self::Edge(issuer, subject) => Target::Edge { issuer: (*issuer).into(), subject: (*subject).into() },
        }
    }

    /// Returns whose own word is enough.
    fn author(&self) -> Option<Nkey> {
        match self {
            Self::Key(key) => Some(*key),
            Self::Statement(_, signer) => *signer,
            Self::Edge(issuer, _) => Some(*issuer),
        }
    }
}

/// Who takes it back.
#[derive(Debug)]
pub(crate) enum Voters {
    /// The author, if at hand; else as many other signing keys of the operator as it takes.
    Any,
    /// These.
    Named(Vec<KeyName>),
}

impl Desk {
    /// Makes the revocations, one for each voter.
    ///
    /// # Errors
    /// `GS-REVOCATION-VOTERS` when neither the author is at hand nor enough others; else what keeps
    /// the order from being carried out.
    pub(crate) fn revoke(
        &mut self,
        what: &Revoke,
        voters: &Voters,
        survivors: Option<Survivors>,
    ) -> Result<Outcome<Vec<Filed>>, Problem> {
        let voters = match voters {
            Voters::Named(names) => names.iter().map(|name| self.realm.nkey(name)).collect::<Result<Vec<_>, _>>()?,
            Voters::Any => self.voters(what)?,
        };
        let mut order = Order::new("revocation", self.now);
        for voter in voters {
            let revocation = Revocation { target: what.target(), survivors };
            order = order.witness(self.deed(voter, Act::Revoke(revocation))?);
        }
        self.carry_out(order)
    }

    /// Picks who takes something back.
    fn voters(&self, what: &Revoke) -> Result<Vec<Nkey>, Problem> {
        let author = what.author();
        if let Some(author) = author
            && self.ring.has(&author.public_key())?
        {
            return Ok(vec![author]);
        }
        let current = self.realm.tokens()?;
        let operator = current.operator.as_ref().map(|(_, token)| token);
        let needed = operator.and_then(|token| Some(token.content().succession.as_ref()?.terms().threshold));
        let others: Vec<Nkey> = operator.map(signers).unwrap_or_default();
        let mut chosen = Vec::new();
        for key in others.into_iter().filter(|key| author.is_none_or(|author| author.raw() != key.raw())) {
            if self.ring.has(&key.public_key())? {
                chosen.push(key);
            }
        }
        // Only an operator that says how many are a quorum has voters.
        let Some(needed) = needed.filter(|needed| is_quorum(*needed, chosen.len() as u64)) else {
            let shown = author.map_or_else(|| "its signer".to_owned(), |author| self.realm.show(&author));
            let fault = format!(
                "{shown} is not at hand, and {} of the operator's other signing keys are, which is not enough",
                chosen.len()
            );
            return Err(Problem::new(Code::RevocationVoters, fault));
        };
        chosen.truncate(usize::try_from(needed).unwrap_or(usize::MAX));
        Ok(chosen)
    }

    /// Says whether a key is, was or is to be an identity of the operator.
    pub(crate) fn is_identity(&self, key: &Nkey) -> Result<bool, Problem> {
        let mut tokens = self.realm.superseded()?;
        tokens.extend(self.realm.tokens()?.operator.map(|(_, token)| token));
        Ok(tokens.iter().any(|token| {
            let claims = token.content();
            let next = claims.succession.as_ref().and_then(|claim| claim.terms().next);
            claims.issuer.raw() == key.raw() || next.is_some_and(|next| next.opens(key.raw()))
        }))
    }

    /// Says which current token names a key, or is about it.
    pub(crate) fn lists(&self, key: &Spelled) -> Result<Option<String>, Problem> {
        let public = key.public_key();
        let is = |name: &KeyName| self.realm.key(name).is_ok_and(|known| known.public_key() == public);
        if self.realm.root().is_ok_and(|(root, _)| is(&root.key) || root.signing.iter().any(is)) {
            return Ok(Some("the root".into()));
        }
        if let Some((name, service)) = self.realm.service_of(&public)
            && service.retired.is_none()
        {
            return Ok(Some(format!("the service {name}")));
        }
        let Some(key) = key.nkey() else { return Ok(None) };
        let current = self.realm.tokens()?;
        let operator = current.operator.iter().map(|(_, token)| ("the operator's token".to_owned(), token));
        let accounts = current.accounts.iter().map(|(name, _, token)| (format!("account {name}"), token));
        let names = |token: &Decoded<Claims>| {
            let claims = token.content();
            let next = claims.succession.as_ref().and_then(|claim| claim.terms().next);
            claims.entity.subject().is_some_and(|subject| subject.raw() == key.raw())
                || claims.entity.signers().iter().any(|signer| signer.raw() == key.raw())
                || next.is_some_and(|next| next.opens(key.raw()))
        };
        Ok(operator.chain(accounts).find(|(_, token)| names(token)).map(|(name, _)| name))
    }

    /// Lists what dies with a key's own revocation, among the tokens of this realm.
    pub(crate) fn dies_with(&self, key: &Nkey) -> Result<Vec<String>, Problem> {
        let current = self.realm.tokens()?;
        let signed = |token: &Decoded<Claims>| token.content().issuer.raw() == key.raw();
        Ok(current
            .accounts
            .iter()
            .filter(|(_, _, token)| signed(token))
            .map(|(name, _, _)| format!("account {name}"))
            .collect())
    }
}

fn signers(token: &Decoded<Claims>) -> Vec<Nkey> {
    match &token.content().entity {
        Entity::Operator(listing) => listing.signers.iter().flatten().map(Key::nkey).collect(),
        Entity::Account(_)
        | Entity::Cluster(_)
        | Entity::Module(_)
        | Entity::Provider(_)
        | Entity::Host(_)
        | Entity::Invocation(_)
        | Entity::Untyped { .. } => Vec::new(),
    }
}
