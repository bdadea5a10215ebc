//! Keys that a command makes, or finds where an interrupted one left them.

use greatseal_core::Code;
use greatseal_core::issue::SigningRequest;
use greatseal_core::key::{Nkey, Role, Spelled};
use greatseal_core::signature::Signature;
use greatseal_custody::{CustodyFault, KeyName, KeyUri, Seed};

use super::Desk;
use crate::output;
use crate::problem::Problem;

/// Keys by name, about to be named in the realm.
#[derive(Debug, Default)]
pub(crate) struct NewKeys {
    pub(crate) keys: Vec<(KeyName, Spelled)>,
    /// Those that custody does not have yet.
    drawn: Vec<(KeyName, Seed, Place)>,
}

/// Where a new key is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// With the others.
    Here,
    /// In the folder that is to be carried elsewhere.
    Apart,
}

impl NewKeys {
    /// Signs with a key that was just drawn, and is in no custody yet; nothing for another key.
    pub(super) fn sign(&self, request: &SigningRequest) -> Result<Option<Signature>, Problem> {
        let own = self.drawn.iter().find(|(_, seed, _)| seed.nkey().public_key() == *request.signer());
        Ok(own.map(|(_, seed, _)| seed.sign(request)).transpose()?)
    }

    /// Counts those of some keys, the first left out, that were just drawn for this custody.
    pub(super) fn made_here(&self, of: &[(KeyName, Nkey)]) -> usize {
        let here = |name: &KeyName| self.drawn.iter().any(|(own, _, place)| own == name && *place == Place::Here);
        of.iter().skip(1).filter(|(name, _)| here(name)).count()
    }

    /// Returns those that have a role: all of them, where they were drawn for one that signs nkey tokens.
    pub(crate) fn nkeys(&self) -> impl Iterator<Item = (&KeyName, Nkey)> {
        self.keys.iter().filter_map(|(name, key)| Some((name, key.nkey()?)))
    }

    /// Joins others to these.
    pub(crate) fn join(&mut self, others: Self) {
        self.keys.extend(others.keys);
        self.drawn.extend(others.drawn);
    }

    /// Takes keys of which only the public halves have to be known.
    pub(crate) const fn known(keys: Vec<(KeyName, Spelled)>) -> Self {
        Self { keys, drawn: Vec::new() }
    }
}

impl Desk {
    /// Draws keys of one role; one that custody or the realm has already under its name is taken as
    /// it is, wherever its private half may be.
    ///
    /// Nothing is written before [`Self::keep_keys`]: whoever cannot unlock the key that has to
    /// sign for the new ones leaves nothing behind.
    pub(crate) fn draw_keys(&self, names: &[KeyName], role: Role) -> Result<NewKeys, Problem> {
        self.draw_keys_for(names, role, Place::Here)
    }

    /// Draws keys as [`Self::draw_keys`] does, to be kept somewhere.
    pub(crate) fn draw_keys_for(&self, names: &[KeyName], role: Role, place: Place) -> Result<NewKeys, Problem> {
        let mut keys = NewKeys::default();
        for name in names {
            let known = self.realm.key(name).ok();
            // UCANs take keys without a role as well.
            let fits =
                |key: &Spelled| key.role().is_none_or(|of| of == role) && (key.role().is_some() || role == Role::User);
            let public = match self.ring.store.find(name) {
                Ok(entry) if fits(&entry.public) => {
                    output::remark(&match entry.uri {
                        KeyUri::File(_) => format!("using the key {name} that is in custody already"),
                        KeyUri::Offline => format!("using the key {name} that is kept elsewhere"),
                        KeyUri::SshAgent(_) | KeyUri::Pkcs11(_) | KeyUri::Vault(_) | KeyUri::AwsKms(_) => {
                            format!("using the key {name} in {}", entry.uri)
                        }
                    });
                    entry.public
                }
                Ok(entry) => {
                    return Err(Problem::new(
                        Code::NameTaken,
                        format!("custody has a key {name} that is one of {}, not of {role}", entry.public.word()),
                    ));
                }
                Err(CustodyFault::Missing { .. }) => {
                    if let Some(known) = known.filter(fits) {
                        output::remark(&format!("using the key {name} that this realm knows; custody here lacks it"));
                        known
                    } else if known.is_some() {
                        return Err(Problem::new(
                            Code::NameTaken,
                            format!("this realm has a key {name} of another role than {role}"),
                        ));
                    } else {
                        let seed = Seed::generate(role)?;
                        let public = Spelled::from(seed.nkey());
                        keys.drawn.push((name.clone(), seed, place));
                        public
                    }
                }
                Err(fault) => return Err(fault.into()),
            };
            if known.is_some_and(|known| known != public) {
                return Err(Problem::new(Code::NameTaken, format!("this realm has a key {name} already")));
            }
            keys.keys.push((name.clone(), public));
        }
        Ok(keys)
    }

    /// Takes the keys that were drawn into custody.
    ///
    /// All of them get the same passphrase, which is asked for once, or the same recipients.
    pub(crate) fn keep_keys(&self, keys: &NewKeys) -> Result<(), Problem> {
        if keys.drawn.is_empty() {
            return Ok(());
        }
        let protector = (self.new_protection)()?;
        for (name, seed, place) in &keys.drawn {
            // Stretching the passphrase takes the better part of a second for each.
            output::remark(&format!("making the key {name} …"));
            match place {
                Place::Here => _ = self.ring.store.keep_for(name, seed, protector.protection(), self.now)?,
                Place::Apart => {
                    // An interrupted command may have come this far.
                    if self.apart.find(name).is_err() {
                        self.apart.keep_for(name, seed, protector.protection(), self.now)?;
                    }
                    self.ring.store.pin_offline(name, seed.nkey().into(), self.now)?;
                }
            }
            // Its end, prepared at its birth; `status` tells of keys that lack it.
            self.sealed.seal(name, seed, self.now)?;
        }
        Ok(())
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
