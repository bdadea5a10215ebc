//! What a module answers, sorted by what helps.

use cryptoki::error::{Error, RvError};
use greatseal_core::error::Quoted;

use crate::fault::CustodyFault;

/// Why a visit to a token came to nothing.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The session, the token or the module went away: worth a new session.
    Lost {
        /// What the module said.
        message: String,
        /// Whether it may mean anything: modules say so of a dead device and of a bad request alike.
        vague: bool,
    },
    /// A PIN is needed that nobody has given yet.
    PinWanted,
    /// A login failed. The same one is not tried again; and for the next one the module is started anew,
    /// because some (tpm2-pkcs11) fail at every login that follows a wrong PIN, a right one included.
    Refused {
        /// What is told.
        fault: CustodyFault,
        /// The slot of the token.
        slot: u64,
    },
    /// Asking again changes nothing.
    Final(CustodyFault),
}

impl From<CustodyFault> for Trouble {
    fn from(fault: CustodyFault) -> Self {
        Self::Final(fault)
    }
}

impl Trouble {
    /// Sorts an error of the module.
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the errors of PKCS#11 are many, and those that are named matter"
    )]
    pub(super) fn of(error: &Error, place: &str, action: &'static str) -> Self {
        let message = describe(error);
        let place = || place.to_owned();
        let Error::Pkcs11(code, _) = error else {
            return Self::Final(CustodyFault::Answer { place: place(), message: Quoted::sentence(&message) });
        };
        match code {
            RvError::DeviceError | RvError::FunctionFailed | RvError::GeneralError => {
                Self::Lost { message, vague: true }
            }
            RvError::CryptokiNotInitialized
            | RvError::DeviceRemoved
            | RvError::FunctionCanceled
            | RvError::KeyHandleInvalid
            | RvError::ObjectHandleInvalid
            | RvError::OperationActive
            | RvError::SessionClosed
            | RvError::SessionCount
            | RvError::SessionHandleInvalid
            | RvError::SlotIdInvalid
            | RvError::TokenNotPresent
            | RvError::TokenNotRecognized
            | RvError::UserNotLoggedIn => Self::Lost { message, vague: false },
            RvError::ActionProhibited
            | RvError::KeyFunctionNotPermitted
            | RvError::SessionReadOnly
            | RvError::TokenWriteProtected
            | RvError::UserAnotherAlreadyLoggedIn
            | RvError::UserTypeInvalid => {
                Self::Final(CustodyFault::Denied { place: place(), action, message: Quoted::sentence(&message) })
            }
            RvError::CurveNotSupported
            | RvError::DomainParamsInvalid
            | RvError::FunctionNotSupported
            | RvError::MechanismInvalid
            | RvError::MechanismParamInvalid => {
                let problem = format!("{} cannot {action} with this algorithm: {message}", place());
                Self::Final(CustodyFault::Unsupported { problem })
            }
            RvError::DataInvalid | RvError::DataLenRange => {
                let problem = format!(
                    "{} takes no message as large as this ({message}): say in the URI with x-max-message what it takes",
                    place()
                );
                Self::Final(CustodyFault::Unsupported { problem })
            }
            RvError::PinExpired
            | RvError::PinIncorrect
            | RvError::PinInvalid
            | RvError::PinLenRange
            | RvError::PinLocked
            | RvError::UserPinNotInitialized => Self::Final(CustodyFault::DeviceLocked { place: place(), message }),
            _ => Self::Final(CustodyFault::Answer { place: place(), message: Quoted::sentence(&message) }),
        }
    }

    /// Takes away the doubt: whatever keeps a session from being opened keeps the token from being
    /// reached.
    pub(super) fn plainly_lost(self) -> Self {
        if let Self::Lost { message, .. } = self { Self::Lost { message, vague: false } } else { self }
    }

    /// Says what it comes to when no new session is tried.
    pub(super) fn into_fault(self, place: &str) -> CustodyFault {
        match self {
            Self::Lost { message, vague: true } => {
                CustodyFault::Answer { place: place.into(), message: Quoted::sentence(&message) }
            }
            Self::Lost { message, vague: false } => CustodyFault::Unreachable { place: place.into(), message },
            // Only a caller that has given a PIN, or asks nobody, ends here.
            Self::PinWanted => CustodyFault::DeviceLocked { place: place.into(), message: "it wants a PIN".into() },
            Self::Refused { fault, .. } | Self::Final(fault) => fault,
        }
    }
}

/// Says an error in the words of the standard: `CKR_PIN_INCORRECT from C_Login`.
pub(super) fn describe(error: &Error) -> String {
    let Error::Pkcs11(code, function) = error else { return error.to_string() };
    format!("{} from C_{function:?}", name(*code))
}

#[allow(clippy::wildcard_enum_match_arm, reason = "the name of an error is its own")]
fn name(code: RvError) -> String {
    match code {
        RvError::VendorDefined(number) | RvError::UnknownErrorCode(number) => format!("error {number:#x}"),
        code => format!("{code:?}").chars().fold(String::from("CKR"), |mut name, letter| {
            if letter.is_ascii_uppercase() {
                name.push('_');
            }
            name.push(letter.to_ascii_uppercase());
            name
        }),
    }
}

#[cfg(test)]
mod tests {
    use cryptoki::context::Function;

    use super::*;

    #[test]
    fn errors_have_the_names_of_the_standard() {
        let error = Error::Pkcs11(RvError::PinIncorrect, Function::Login);
        assert_eq!(describe(&error), "CKR_PIN_INCORRECT from C_Login");
        let error = Error::Pkcs11(RvError::VendorDefined(0x8000_0001), Function::Sign);
        assert_eq!(describe(&error), "error 0x80000001 from C_Sign");
    }
}
