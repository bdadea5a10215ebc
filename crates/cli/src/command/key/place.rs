//! Keys in other places than files: made there, brought there, or there already.

use std::time::Duration;

use greatseal_core::Code;
use greatseal_core::code::Exit;
use greatseal_core::key::{Nkey, PublicKey, Role, Spelled};
use greatseal_core::limits::CUSTODY_SECONDS;
use greatseal_custody::{Algorithm, Deadline, KeyName, KeyUri, Keystore, Placed, Seed};

use super::{Create, Import, Pin, RoleWord, is_pinned, seed_of, tell_clear, tell_new, tell_where, without_realm};
use crate::clock;
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::realm::Realm;
use crate::secrets::{Custody, InRealm};

/// Where a key is about to be named: in a realm and in custody, or in custody alone.
struct Naming {
    realm: Option<Realm>,
    name: KeyName,
    store: Keystore,
}

impl Naming {
    fn open(name: &str, realm: &InRealm, custody: &Custody) -> Result<Self, Problem> {
        let store = custody.store()?;
        if let Some(name) = without_realm(realm, name)? {
            return Ok(Self { realm: None, name, store });
        }
        let realm = Realm::open_to_change(realm.start())?;
        Ok(Self { name: realm.name(name)?, realm: Some(realm), store })
    }

    /// Refuses a name that is taken, before anything is made elsewhere.
    fn must_be_free(&self) -> Result<(), Problem> {
        if self.realm.as_ref().is_some_and(|realm| realm.key(&self.name).is_ok()) {
            return Err(Problem::new(Code::NameTaken, format!("this realm has a key {} already", self.name)));
        }
        if self.store.find(&self.name).is_ok() {
            return Err(Problem::new(Code::CustodyExists, format!("custody has a key {} already", self.name)));
        }
        Ok(())
    }

    /// Pins the key, prepares its end, and names it in the realm, in this order: whoever is
    /// interrupted types `key pin` with the same place, and goes on.
    fn settle(
        mut self,
        custody: &Custody,
        placed: &Placed,
        public: Spelled,
        seed: Option<&Seed>,
    ) -> Result<Self, Problem> {
        let keys = [(self.name.clone(), public)];
        if let Some(realm) = &self.realm {
            realm.must_admit(&keys)?;
        }
        let now = clock::now()?;
        if !is_pinned(&self.store, &self.name, &public)? {
            self.store.pin(&self.name, placed.uri.clone(), public, now)?;
        }
        match (public, seed) {
            (Spelled::Nkey(_), Some(seed)) => custody.sealed()?.seal(&self.name, seed, now)?,
            (Spelled::Nkey(nkey), None) => {
                let ring = custody.ring()?;
                custody.sealed()?.seal_signed(&self.name, nkey, now, |request| ring.sign(request))?;
            }
            // What UCAN alone knows is taken back by UCAN's own revocations.
            (Spelled::Did(_), _) => {}
        }
        match &mut self.realm {
            Some(realm) => realm.add_keys(&keys)?,
            None => tell_where(&self.name, &public),
        }
        Ok(self)
    }
}

/// Makes a key in a place.
pub(super) fn make(create: &Create, at: &KeyUri, format: Format) -> Result<Exit, Problem> {
    let naming = Naming::open(&create.name, &create.realm, &create.custody)?;
    let (naming, public) = make_in(naming, create.role.into(), create.algorithm.into(), at, &create.custody)?;
    tell_new(&[(naming.name, public)], "made", format);
    Ok(Exit::Ok)
}

/// Makes a key in a place for a command that goes on with it; one that the realm has stays as it is.
pub(super) fn make_unless_known(
    name: &str,
    role: Role,
    at: Option<&KeyUri>,
    custody: &Custody,
    realm: &InRealm,
) -> Result<(), Problem> {
    let mut naming = Naming::open(name, realm, custody)?;
    let kept = naming.store.find(&naming.name);
    if let (Ok(entry), Some(at)) = (&kept, at)
        && !same_place(&entry.uri, at)
    {
        let fault = format!("there is a key {} already, in {}, and not in {at}", naming.name, entry.uri);
        return Err(Problem::new(Code::CustodyExists, fault)
            .hint("Name a key that is not there yet; or leave out `--at`, to go on with the one that is."));
    }
    let Some(known) = naming.realm.as_mut().filter(|known| known.key(&naming.name).is_err()) else { return Ok(()) };
    match (kept, at) {
        // Brought into custody before the realm was told.
        (Ok(entry), _) => known.add_keys(&[(entry.name, entry.public)]),
        (Err(_), Some(at)) => make_in(naming, role, Algorithm::Ed25519, at, custody).map(|_| ()),
        (Err(_), None) => Ok(()),
    }
}

/// Says whether a key is in a place, by the words of both: a key that was made there has all the words of the place.
fn same_place(key: &KeyUri, place: &KeyUri) -> bool {
    let (key, place) = (key.to_string(), place.to_string());
    let (Some((scheme, key)), Some((other, place))) = (key.split_once(':'), place.split_once(':')) else {
        return false;
    };
    let words = |uri: &str| uri.split(['?', '&', ';']).map(str::to_owned).collect::<Vec<_>>();
    let has = |word: String| {
        if word.contains('=') { words(key).contains(&word) } else { key.starts_with(&word) }
    };
    scheme == other && words(place).into_iter().all(has)
}

fn make_in(
    naming: Naming,
    role: Role,
    algorithm: Algorithm,
    at: &KeyUri,
    custody: &Custody,
) -> Result<(Naming, Spelled), Problem> {
    naming.must_be_free()?;
    if matches!(algorithm, Algorithm::P256) && role != Role::User {
        let fault = format!("a P-256 key cannot be one of {role}: only UCANs take it");
        return Err(Problem::new(Code::KeyRole, fault).hint("Make it with `--role user`, or an Ed25519 key."));
    }
    let generator = greatseal_custody::generator(at, &custody.surroundings()?)?;
    output::remark(&format!("making the key {} in {at} …", naming.name));
    let placed = generator.generate(&naming.name, algorithm, soon())?;
    let public = spelled(placed.public_key, Some(role))?;
    let naming = naming.settle(custody, &placed, public, None)?;
    output::remark(&format!("its private half is in {}", placed.uri));
    Ok((naming, public))
}

/// Brings a seed to a place.
pub(super) fn bring_in(import: &Import, at: &KeyUri, format: Format) -> Result<Exit, Problem> {
    let naming = Naming::open(&import.name, &import.realm, &import.custody)?;
    naming.must_be_free()?;
    let seed = seed_of(import)?;
    let importer = greatseal_custody::importer(at, &import.custody.surroundings()?)?;
    output::remark(&format!("bringing the key {} to {at} …", naming.name));
    let placed = importer.import(&naming.name, &seed, soon())?;
    if placed.public_key != seed.nkey().public_key() {
        let fault = format!("{at} says that it took in {}, and the seed's key is {}", placed.public_key, seed.nkey());
        return Err(Problem::new(Code::CustodyPin, fault));
    }
    let naming = naming.settle(&import.custody, &placed, seed.nkey().into(), Some(&seed))?;
    let exit = told(naming, &placed, seed.nkey().into(), "brought in", format)?;
    tell_clear(&import.file);
    Ok(exit)
}

/// Pins a key that is in a place already.
pub(super) fn adopt(pin: &Pin, at: &KeyUri, format: Format) -> Result<Exit, Problem> {
    let naming = Naming::open(&pin.name, &pin.realm, &pin.custody)?;
    let placed = greatseal_custody::look_up(at, &pin.custody.surroundings()?, soon())?;
    let public = match pin.public {
        Some(expected) if expected.public_key() == placed.public_key => expected,
        Some(expected) => {
            let fault = format!("{at} holds {}, not {expected}", placed.public_key);
            return Err(Problem::new(Code::CustodyPin, fault));
        }
        None => spelled(placed.public_key, pin.role.map(RoleWord::into))?,
    };
    told(naming.settle(&pin.custody, &placed, public, None)?, &placed, public, "pinned", format)
}

/// Gives a public key its role; one that nkeys do not know stays without.
fn spelled(key: PublicKey, role: Option<Role>) -> Result<Spelled, Problem> {
    match (key, role) {
        (PublicKey::Ed25519(raw), Some(role)) => Ok(Nkey::new(role, raw).into()),
        (PublicKey::Ed25519(_), None) => Err(Problem::usage("it is not said what the key is for")
            .hint("Say it with `--role operator`, `account`, `module`, `provider` or `user`.")),
        (PublicKey::P256(_) | PublicKey::Secp256k1(_), None | Some(Role::User)) => Ok(Spelled::Did(key)),
        (PublicKey::P256(_) | PublicKey::Secp256k1(_), Some(role)) => {
            let fault = format!("a {} key cannot be one of {role}: only UCANs take it", key.algorithm());
            Err(Problem::new(Code::KeyRole, fault)
                .hint("Make it for UCANs with `--role user`, or make an Ed25519 key."))
        }
    }
}

fn told(naming: Naming, placed: &Placed, public: Spelled, done: &str, format: Format) -> Result<Exit, Problem> {
    tell_new(&[(naming.name, public)], done, format);
    output::remark(&format!("its private half is in {}", placed.uri));
    Ok(Exit::Ok)
}

/// How long a place may take to make, take or show a key; a person may have to touch it.
fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(CUSTODY_SECONDS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_in_the_place_that_it_was_made_in() {
        let same = |key: &str, place: &str| same_place(&key.parse().unwrap(), &place.parse().unwrap());
        let module = "module-path=/usr/lib/softhsm/libsofthsm2.so";
        let bao = "address=http://127.0.0.1:8200";
        assert!(same(&format!("pkcs11:token=acme;object=a;id=%01?{module}"), &format!("pkcs11:token=acme?{module}")));
        assert!(!same(&format!("pkcs11:token=acme;object=a?{module}"), &format!("pkcs11:token=other?{module}")));
        assert!(same(&format!("openbao://acme.a?{bao}&version=1"), &format!("openbao://?{bao}")));
        assert!(!same(&format!("hashivault://acme.a?{bao}&version=1"), &format!("openbao://?{bao}")));
        assert!(!same("file:acme.a.age", &format!("pkcs11:token=acme?{module}")));
        assert!(!same("file:acme.a.age", "ssh-agent:"));
    }
}
