//! Keys in tokens behind PKCS#11 modules: SoftHSM, TPM 2.0, smart cards, hardware modules.
//!
//! ```text
//! TokenCustodian ─► Access ─► Pool: threads ─► Link: a session each ─► Module: one per process
//!                   PIN, retries    deadline         login, key             initialisation
//! ```

mod access;
mod custodian;
mod key;
mod link;
mod login;
mod maker;
mod module;
mod point;
mod pool;
mod trouble;

use greatseal_core::error::Quoted;
use greatseal_core::key::{PublicKey, Spelled};

use self::access::Access;
use self::custodian::{TokenCustodian, Work};
use self::link::Purpose;
use self::maker::TokenMaker;
use crate::custodian::{Custodian, Deadline};
use crate::fault::CustodyFault;
use crate::place::{Generate, Import, Surroundings};
use crate::uri::Pkcs11Uri;

/// Opens the custodian of a key in a token; nothing is reached yet.
pub(super) fn custodian(
    uri: Pkcs11Uri,
    pinned: Spelled,
    around: &Surroundings,
) -> Result<Box<dyn Custodian>, CustodyFault> {
    names_key(&uri)?;
    // A key that no token signs with is told before anything is reached.
    Work::of(&pinned.public_key(), &[])?;
    Ok(Box::new(TokenCustodian::new(uri, pinned, around.passphrases.clone())))
}

/// Asks a token for the public half of a key: without a PIN where it shows it to everybody.
pub(super) fn public_key(
    uri: &Pkcs11Uri,
    around: &Surroundings,
    deadline: Deadline,
) -> Result<PublicKey, CustodyFault> {
    names_key(uri)?;
    let access = |purpose| Access::new(uri.clone(), None, purpose, around.passphrases.clone());
    let shown = access(Purpose::Look).run(deadline, |live, _| live.objects().public_key());
    let Err(CustodyFault::NoSuchKey { place, .. }) = shown else { return shown };
    access(Purpose::Sign).run(deadline, move |live, _| {
        let silent = || CustodyFault::Answer {
            place: place.clone(),
            message: Quoted::sentence("it keeps no public half of this key"),
        };
        Ok(live.key()?.public.ok_or_else(silent)?)
    })
}

/// Opens a token in which keys can be made.
pub(super) fn generator(uri: &Pkcs11Uri, around: &Surroundings) -> Result<Box<dyn Generate>, CustodyFault> {
    Ok(Box::new(TokenMaker::new(uri.clone(), around.passphrases.clone())?))
}

/// Opens a token to which seeds can be brought.
pub(super) fn importer(uri: &Pkcs11Uri, around: &Surroundings) -> Result<Box<dyn Import>, CustodyFault> {
    Ok(Box::new(TokenMaker::new(uri.clone(), around.passphrases.clone())?))
}

fn names_key(uri: &Pkcs11Uri) -> Result<(), CustodyFault> {
    if uri.names_key() {
        return Ok(());
    }
    let problem = "it names the token alone: add `;object=LABEL` or `;id=%..` for the key".into();
    Err(CustodyFault::Uri { found: Quoted::new(&uri.to_string()), problem })
}
