//! Keys that a command makes, or finds where an interrupted one left them.

use greatseal_core::Code;
use greatseal_core::key::{Nkey, Role};
use greatseal_custody::{CustodyFault, KeyName};

use super::Desk;
use crate::output;
use crate::problem::Problem;

/// Keys by name, in custody and about to be named in the realm.
#[derive(Debug, Default)]
pub(crate) struct NewKeys(pub(crate) Vec<(KeyName, Nkey)>);

impl Desk {
    /// Makes keys of one role; one that custody has already under its name is taken as it is.
    ///
    /// All of them get the same passphrase, which is asked for once.
    pub(crate) fn make_keys(&self, names: &[KeyName], role: Role) -> Result<NewKeys, Problem> {
        let mut keys = NewKeys::default();
        let mut passphrase = None;
        for name in names {
            let public = match self.store.find(name) {
                Ok(entry) if entry.public.role() == role => {
                    output::remark(&format!("using the key {name} that is in custody already"));
                    entry.public
                }
                Ok(entry) => {
                    return Err(Problem::new(
                        Code::NameTaken,
                        format!("custody has a key {name} of role {}, not {role}", entry.public.role()),
                    ));
                }
                Err(CustodyFault::Missing { .. }) => {
                    let passphrase = match &mut passphrase {
                        Some(passphrase) => passphrase,
                        none => none.insert((self.new_passphrase)()?),
                    };
                    // Stretching the passphrase takes the better part of a second for each.
                    output::remark(&format!("making the key {name} …"));
                    self.store.create(name, role, passphrase, self.now)?.public
                }
                Err(fault) => return Err(fault.into()),
            };
            keys.0.push((name.clone(), public));
        }
        Ok(keys)
    }

    /// Names `count` signing keys beside `of`: `acme/payments-signing-1` and so on.
    pub(crate) fn signing_names(&self, of: Option<&KeyName>, count: u8) -> Result<Vec<KeyName>, Problem> {
        (1..=count)
            .map(|number| match of {
                Some(of) => self.realm.name(&format!("{}-signing-{number}", crate::realm::own(of))),
                None => self.realm.name(&format!("signing-{number}")),
            })
            .collect()
    }
}
