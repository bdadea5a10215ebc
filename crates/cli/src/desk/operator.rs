//! Making the realm's operator.

use greatseal_core::Code;
use greatseal_core::decide::Candidate;
use greatseal_core::key::{Key, Nkey, Operator, Role};
use greatseal_token::wascap::{Claims, Entity, Listing};

use super::{Desk, REVISION, Saved};
use crate::problem::Problem;

/// What the operator is to be.
#[derive(Debug)]
pub(crate) struct NewOperator {
    /// The name shown to people.
    pub(crate) title: String,
    /// How many signing keys; none is a named choice.
    pub(crate) signing_keys: u8,
    pub(crate) days: Option<u32>,
}

impl Desk {
    /// Makes the identity key, the signing keys and the token that lists them.
    ///
    /// # Errors
    /// `GS-REALM-EXISTS` when the realm has an operator.
    pub(crate) fn create_operator(&mut self, new: &NewOperator) -> Result<Saved, Problem> {
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
        let new_keys = self.draw_keys(&names, Role::Operator)?;
        self.keep_keys(&new_keys)?;
        let keys = &new_keys.keys;

        let operator = |key: &Nkey| Key::<Operator>::new(*key.raw());
        let Some(((_, identity), signing)) = keys.split_first() else {
            return Err(Problem::usage("an operator needs an identity key"));
        };
        let claims = Claims {
            terms: self.terms(new.days.unwrap_or(self.realm.file().lifetimes.operator))?,
            issuer: *identity,
            entity: Entity::Operator(Listing {
                subject: operator(identity),
                name: Some(new.title.clone()),
                signers: Some(signing.iter().map(|(_, key)| operator(key)).collect()),
            }),
            revision: Some(REVISION),
        };
        let token = self.issue(&claims)?;
        // Without signing keys it was made by name, and told; verifiers do refuse it.
        if !signing.is_empty() {
            let target = Candidate::Verified(token.verified().clone());
            self.must_speak(operator(identity), Vec::new(), |verifier, with, view| {
                verifier.decide(vec![target], with, view).pop()
            })?;
        }
        self.realm.together(|realm| {
            realm.add_keys(keys)?;
            realm.save(&path, &token)
        })?;
        Ok(Saved { path, token, signed_by: *identity })
    }
}
