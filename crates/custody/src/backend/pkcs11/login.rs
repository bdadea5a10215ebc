//! Logging in to a token, without ever using up its tries.

use std::fs::File;
use std::path::Path;

use cryptoki::context::Pkcs11;
use cryptoki::error::{Error, RvError};
use cryptoki::session::{Session, SessionState, UserType};
use cryptoki::slot::{Slot, TokenInfo};
use greatseal_core::error::Quoted;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::trouble::Trouble;
use crate::fault::CustodyFault;
use crate::passphrase::Passphrase;

/// PINs that tokens have refused, or may have, for as long as the process lives: a token locks itself
/// after a few wrong ones, so none is tried twice, whichever key or thread comes with it.
#[derive(Default)]
pub(super) struct Refusals {
    /// Under which digests are made, so that none of another process fits.
    salt: Option<[u8; 32]>,
    known: Vec<([u8; 32], CustodyFault)>,
}

/// The session that is to be logged in, and what is known of its token.
pub(super) struct Door<'a> {
    pub(super) library: &'a Pkcs11,
    pub(super) session: &'a Session,
    pub(super) slot: Slot,
    pub(super) place: &'a str,
}

/// Logs in, unless the token wants no login or this process is logged in: a login is shared by all
/// sessions that a process has with a token.
///
/// # Errors
/// [`Trouble::PinWanted`] when there is neither a file with a PIN nor a PIN;
/// [`CustodyFault::DeviceLocked`] when the token does not take it.
pub(super) fn login(
    refusals: &mut Refusals,
    door: &Door<'_>,
    file: Option<&Path>,
    given: Option<&Passphrase>,
) -> Result<(), Trouble> {
    let trouble = |error: &Error| Trouble::of(error, door.place, "log in");
    let state = door.session.get_session_info().map_err(|error| trouble(&error))?.session_state();
    if matches!(state, SessionState::RoUser | SessionState::RwUser) {
        return Ok(());
    }
    // Asked for now, because the number of tries that are left is in it.
    let info = door.library.get_token_info(door.slot).map_err(|error| trouble(&error))?;
    if !info.login_required() {
        return Ok(());
    }
    let pin = match (file, given) {
        (Some(path), _) => read(path)?,
        (None, Some(pin)) => pin.secret(),
        (None, None) => return Err(Trouble::PinWanted),
    };
    let digest = refusals.digest(&info, &pin)?;
    if let Some((_, fault)) = refusals.known.iter().find(|(known, _)| *known == digest) {
        return Err(fault.clone().into());
    }
    let locked = |message: String| CustodyFault::DeviceLocked { place: door.place.into(), message };
    if info.user_pin_locked() {
        return Err(locked("it is locked, and its security officer can set a new one".into()).into());
    }
    if info.user_pin_final_try() {
        return Err(locked(LAST_TRY.into()).into());
    }
    let error = match door.session.login(UserType::User, Some(&pin)) {
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => return Ok(()),
        Err(error) => error,
    };
    let Some(mut fault) = refusal(&error, door.place) else { return Err(trouble(&error)) };
    if let CustodyFault::DeviceLocked { message, .. } = &mut fault {
        let after = door.library.get_token_info(door.slot).ok();
        message.push_str(after.as_ref().map_or("", tries));
    }
    refusals.known.push((digest, fault.clone()));
    Err(Trouble::Refused { fault, slot: door.slot.id() })
}

/// Says why a PIN is not tried again; nothing where the answer proves that none was looked at.
///
/// A module that answers vaguely may have counted a try: with ten of them nothing is left.
fn refusal(error: &Error, place: &str) -> Option<CustodyFault> {
    if let Error::Pkcs11(code, _) = error
        && UNTRIED.contains(code)
    {
        return None;
    }
    let trouble = Trouble::of(error, place, "log in");
    // Final, because what counts as not reached would be tried again.
    if let Trouble::Lost { message, .. } = &trouble {
        let message = Quoted::sentence(&format!("{message}; this PIN is not tried again"));
        return Some(CustodyFault::Answer { place: place.into(), message });
    }
    Some(trouble.into_fault(place))
}

/// Answers to a login that say that no PIN was looked at.
const UNTRIED: [RvError; 16] = [
    RvError::ArgumentsBad,
    RvError::CryptokiNotInitialized,
    RvError::DeviceRemoved,
    RvError::FunctionNotSupported,
    RvError::OperationActive,
    RvError::OperationNotInitialized,
    RvError::SessionClosed,
    RvError::SessionCount,
    RvError::SessionHandleInvalid,
    RvError::SessionReadOnlyExists,
    RvError::SlotIdInvalid,
    RvError::TokenNotPresent,
    RvError::TokenNotRecognized,
    RvError::UserAlreadyLoggedIn,
    RvError::UserAnotherAlreadyLoggedIn,
    RvError::UserTypeInvalid,
];

const LAST_TRY: &str = "one try is left before it locks itself, and this program does not use it up; log in with the \
                        token's own tool, such as `pkcs11-tool --login --test`, which sets the count back";

/// Says what a token tells about the tries that are left.
fn tries(info: &TokenInfo) -> &'static str {
    if info.user_pin_locked() {
        "; it is locked now"
    } else if info.user_pin_final_try() {
        "; one try is left"
    } else if info.user_pin_count_low() {
        "; there were wrong ones, few tries may be left"
    } else {
        ""
    }
}

/// Reads the first line of the file with the PIN.
fn read(path: &Path) -> Result<SecretString, Trouble> {
    let setup = |why: String| {
        let problem = format!("the file with the PIN, {}, cannot be read: {why}", path.display());
        Trouble::Final(CustodyFault::Setup { problem })
    };
    let file = File::open(path).map_err(|error| setup(error.to_string()))?;
    Passphrase::from_reader(file).map(|pin| pin.secret()).map_err(|fault| setup(fault.to_string()))
}

impl Refusals {
    /// Makes a PIN at a token recognisable without keeping it.
    fn digest(&mut self, token: &TokenInfo, pin: &SecretString) -> Result<[u8; 32], Trouble> {
        let salt = match self.salt {
            Some(salt) => salt,
            None => {
                let mut salt = [0; 32];
                getrandom::fill(&mut salt).map_err(|error| CustodyFault::Randomness { message: error.to_string() })?;
                *self.salt.insert(salt)
            }
        };
        let mut digest = Sha256::new_with_prefix(salt);
        for text in [token.serial_number(), token.label(), token.manufacturer_id(), pin.expose_secret()] {
            digest.update(text.len().to_be_bytes());
            digest.update(text);
        }
        Ok(digest.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use cryptoki::context::Function;

    use super::*;

    fn after(code: RvError) -> Option<CustodyFault> {
        refusal(&Error::Pkcs11(code, Function::Login), "token acme")
    }

    #[test]
    fn a_pin_is_tried_once_unless_nobody_looked_at_it() {
        for code in [
            RvError::FunctionFailed,
            RvError::GeneralError,
            RvError::DeviceError,
            RvError::DeviceMemory,
            RvError::FunctionCanceled,
            RvError::VendorDefined(0x8000_0001),
        ] {
            // Not one that the way to the token would take for a token that is not reached.
            assert!(matches!(after(code), Some(CustodyFault::Answer { .. })), "{code:?}");
        }
        assert!(after(RvError::FunctionFailed).unwrap().to_string().contains("not tried again"));
        for code in [RvError::PinIncorrect, RvError::PinLenRange, RvError::PinLocked] {
            assert!(matches!(after(code), Some(CustodyFault::DeviceLocked { .. })), "{code:?}");
        }
        for code in [
            RvError::SessionHandleInvalid,
            RvError::SessionClosed,
            RvError::TokenNotPresent,
            RvError::SlotIdInvalid,
            RvError::CryptokiNotInitialized,
            RvError::UserAlreadyLoggedIn,
        ] {
            assert_eq!(after(code), None, "{code:?}");
        }
    }
}
