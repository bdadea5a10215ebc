//! What the client says when a call fails, sorted by who must act, and whether asking again helps.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_kms::config::http::HttpResponse;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use greatseal_core::error::Quoted;
use http_body_util::LengthLimitError;

use super::service::ANSWER_BYTES;
use crate::fault::CustodyFault;

/// A call that failed.
#[derive(Debug)]
pub(super) struct Trouble {
    /// What is told.
    pub(super) fault: CustodyFault,
    /// What became of it there.
    pub(super) outcome: Outcome,
}

/// What became of a call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was answered, and would be answered so again.
    Final,
    /// It was turned away before anything was done.
    Untouched,
    /// Nobody knows: it may have been done, and its answer lost.
    Unknown,
}

/// Whose call it was, for the words of a fault.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// The place, as messages name it.
    pub(super) place: String,
    /// What was tried, as an infinitive.
    pub(super) action: &'static str,
    /// The key that was named.
    pub(super) key: String,
}

impl Call {
    /// Says that an answer has not what it should have.
    pub(super) fn nonsense(&self, what: &str) -> Trouble {
        Trouble { fault: self.answer(what), outcome: Outcome::Final }
    }

    /// Sorts what the client says.
    pub(super) fn trouble<E>(&self, error: SdkError<E, HttpResponse>) -> Trouble
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        match &error {
            SdkError::ServiceError(context) => {
                let (code, message) = (context.err().code(), context.err().message().unwrap_or_default());
                self.refusal(context.raw().status().as_u16(), code, message)
            }
            SdkError::ResponseError(_) if find::<LengthLimitError>(&error).is_some() => {
                self.nonsense(&format!("more than {ANSWER_BYTES} bytes"))
            }
            // Answered, but not to its end, or in no form that this protocol has.
            SdkError::ResponseError(_) if broke_off(&error) => {
                self.unreachable("the answer broke off", Outcome::Unknown)
            }
            SdkError::ResponseError(context) => {
                self.nonsense(&format!("status {}, and nothing that can be read", context.raw().status().as_u16()))
            }
            SdkError::TimeoutError(_) => self.unreachable("no connection in time", Outcome::Unknown),
            SdkError::DispatchFailure(context) => match find::<CredentialsError>(&error) {
                Some(credentials) => self.credentials(credentials),
                // The third are those that the client itself would call passing, such as a connection
                // that was closed in the place of an answer.
                None if context.is_io() || context.is_timeout() || context.as_other().is_some() => {
                    self.unreachable(&innermost(&error), Outcome::Unknown)
                }
                None => self.unasked(&error),
            },
            SdkError::ConstructionFailure(_) | _ => self.unasked(&error),
        }
    }

    /// Sorts what the service refuses. Codes: AWS KMS API Reference, "Errors" of each operation,
    /// and "Common Error Types".
    fn refusal(&self, status: u16, code: Option<&str>, message: &str) -> Trouble {
        let told = |code: &str| if message.is_empty() { code.to_owned() } else { format!("{code}: {message}") };
        let fault = match code {
            Some(
                "ThrottlingException"
                | "Throttling"
                | "ThrottledException"
                | "TooManyRequestsException"
                | "RequestLimitExceeded"
                | "RequestThrottled"
                | "RequestThrottledException",
            ) => {
                return self
                    .unreachable(&format!("it throttles us, {}", told("too many requests")), Outcome::Untouched);
            }
            Some("NotFoundException") => CustodyFault::NoSuchKey { place: self.place.clone(), key: self.key.clone() },
            Some("DisabledException") => self.denied(&told("the key is disabled, and has to be enabled")),
            Some("KMSInvalidStateException") => {
                self.denied(&told("the state of the key allows no use, such as one that waits to be deleted"))
            }
            Some(
                code @ ("AccessDeniedException"
                | "AccessDenied"
                | "UnrecognizedClientException"
                | "InvalidSignatureException"
                | "IncompleteSignature"
                | "IncompleteSignatureException"
                | "ExpiredTokenException"
                | "ExpiredToken"
                | "RequestExpired"
                | "InvalidClientTokenId"
                | "MissingAuthenticationToken"
                | "MissingAuthenticationTokenException"
                | "NotAuthorized"
                | "OptInRequired"
                | "SubscriptionRequiredException"),
            ) => self.denied(&told(code)),
            Some(code @ "InvalidKeyUsageException") => self.answer(&format!("another kind of key: {}", told(code))),
            _ if status >= 500 => {
                return self
                    .unreachable(&format!("status {status} {}", told(code.unwrap_or_default())), Outcome::Unknown);
            }
            Some(code) => self.answer(&told(code)),
            None => self.answer(&format!("status {status}, and nothing that can be read")),
        };
        Trouble { fault, outcome: Outcome::Final }
    }

    /// Sorts why there are no credentials. A program or service that should have given some may
    /// repeat them in its words, so that only the client's own words on its configuration are told.
    fn credentials(&self, error: &CredentialsError) -> Trouble {
        let problem = match error {
            CredentialsError::CredentialsNotLoaded(_) => {
                "AWS's client finds no credentials: neither in the environment, nor in a profile, nor by a role of this machine"
                    .to_owned()
            }
            CredentialsError::InvalidConfiguration(_) => {
                format!("AWS's client cannot use its configuration: {}", configuration(&innermost(error)))
            }
            CredentialsError::ProviderTimedOut(_) => {
                return self.unreachable("who gives AWS's client its credentials does not answer", Outcome::Untouched);
            }
            CredentialsError::ProviderError(_) | CredentialsError::Unhandled(_) | _ => "AWS's client got no credentials from where its configuration says; \
                  `aws sts get-caller-identity` with the same profile tells why"
                .to_owned(),
        };
        Trouble { fault: CustodyFault::Setup { problem }, outcome: Outcome::Final }
    }

    /// Says that the client sent nothing.
    fn unasked(&self, error: &(dyn Error + 'static)) -> Trouble {
        let problem = format!("AWS's client does not ask {}: {}", self.place, Quoted::sentence(&innermost(error)));
        Trouble { fault: CustodyFault::Setup { problem }, outcome: Outcome::Final }
    }

    fn unreachable(&self, message: &str, outcome: Outcome) -> Trouble {
        let message = Quoted::sentence(message.trim()).to_string();
        Trouble { fault: CustodyFault::Unreachable { place: self.place.clone(), message }, outcome }
    }

    fn denied(&self, message: &str) -> CustodyFault {
        let message = Quoted::sentence(message);
        CustodyFault::Denied { place: self.place.clone(), action: self.action, message }
    }

    fn answer(&self, message: &str) -> CustodyFault {
        CustodyFault::Answer { place: self.place.clone(), message: Quoted::sentence(message) }
    }
}

/// Returns what is wrong with the configuration, without the words that lead there.
fn configuration(words: &str) -> Quoted {
    Quoted::sentence(words.strip_prefix("ProfileFile provider could not be built: ").unwrap_or(words))
}

/// Returns an error, its cause, that one's cause, and so on.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// Finds an error of a kind among the causes.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    causes(error).find_map(|error| error.downcast_ref())
}

/// Says whether a connection failed underneath.
fn broke_off(error: &(dyn Error + 'static)) -> bool {
    find::<std::io::Error>(error).is_some()
}

/// Returns the words of the cause of all the others.
fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}
