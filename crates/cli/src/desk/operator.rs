//! Making the realm's operator.

use greatseal_core::Code;
use greatseal_core::key::{Key, Nkey, Operator, Role};
use greatseal_token::wascap::{self, Claims, Entity, Listing};

use super::{Desk, Filed, NewKeys, Outcome, REVISION, Saved};
use crate::order::{Filing, Order};
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
        let new_keys = self.draw_keys(&names, Role::Operator)?;
        // The first of them is to sign, so they are in custody before anything else.
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
            succession: None,
        };
        let order = Order::new("operator", self.now)
            .sign(wascap::encode(&claims)?, Filing::Operator)
            .with_keys(NewKeys::known(new_keys.keys));
        self.carry_out(order)?.map(Filed::saved)
    }
}
