//! Statements before and after they are signed, of every kind: the one place that knows them all.
//!
//! A new kind of statement gets a row in [`Kind`], a variant of [`Form`] and one of [`Finished`],
//! and the compiler names every match that has to speak of it.

use greatseal_core::deed::Deed;
use greatseal_core::issue::{IssueFault, Issued, SigningRequest, Unsigned};
use greatseal_core::key::Spelled;
use greatseal_core::signature::Signature;
use greatseal_core::statement::{Kind, Statement, StatementId};
use greatseal_core::{Code, Timestamp, View};
use greatseal_token::deed::{self, DeedText};
use greatseal_token::ucan::{self, Ucan, UcanEnvelope, Version};
use greatseal_token::wascap::{self, Claims};

use crate::capability;
use crate::problem::Problem;
use crate::text;

/// A parsed statement that waits for its signature.
#[derive(Debug)]
pub(crate) struct Draft {
    request: SigningRequest,
    form: Form,
}

/// What the statement is.
#[derive(Debug)]
enum Form {
    /// A wascap token.
    Wascap(Unsigned<Claims>),
    /// An endorsement, a countersignature or a revocation.
    Deed(Unsigned<DeedText>),
    /// A delegation, or an invocation that takes one back.
    Ucan(Unsigned<UcanEnvelope>),
}

/// A statement with its signature, which every reader can verify.
#[derive(Debug)]
pub(crate) enum Finished {
    /// A wascap token.
    Wascap(Issued<Claims>),
    /// An endorsement, a countersignature or a revocation.
    Deed(Issued<Deed>),
    /// A delegation, or an invocation that takes one back.
    Ucan(Issued<Ucan>),
}

impl From<Unsigned<Claims>> for Draft {
    fn from(unsigned: Unsigned<Claims>) -> Self {
        Self { request: unsigned.request(), form: Form::Wascap(unsigned) }
    }
}

impl From<Unsigned<DeedText>> for Draft {
    fn from(unsigned: Unsigned<DeedText>) -> Self {
        Self { request: unsigned.request(), form: Form::Deed(unsigned) }
    }
}

impl From<Unsigned<UcanEnvelope>> for Draft {
    fn from(unsigned: Unsigned<UcanEnvelope>) -> Self {
        Self { request: unsigned.request(), form: Form::Ucan(unsigned) }
    }
}

impl Draft {
    /// Reads bytes that were brought to be signed: exactly what this version itself would write.
    ///
    /// Nothing can stand in them that the summary does not show, because whatever a reader passes
    /// over is not written again.
    ///
    /// # Errors
    /// `GS-SIGN-KIND` for another kind of bytes, or another writing of a known kind; else what any
    /// reader would refuse.
    pub(crate) fn read(message: Vec<u8>) -> Result<Self, Problem> {
        let draft = Self::parse(message)?;
        let written_again = match &draft.form {
            Form::Wascap(unsigned) => wascap::encode(unsigned.content())?.request(),
            Form::Deed(unsigned) => deed::encode(unsigned.content())?.request(),
            Form::Ucan(unsigned) => ucan::encode(unsigned.content())?.request(),
        };
        let old = matches!(&draft.form, Form::Ucan(unsigned) if unsigned.content().version() != Version::default());
        if old || written_again.message() != draft.request.message() {
            let fault = "the statement holds more, or is written otherwise, than this version would write it";
            return Err(Problem::new(Code::SignKind, fault));
        }
        Ok(draft)
    }

    /// Reads bytes that were signed before, by whatever version of whatever tool.
    ///
    /// # Errors
    /// `GS-SIGN-KIND` for another kind of bytes; else what any reader would refuse.
    pub(crate) fn parse(message: Vec<u8>) -> Result<Self, Problem> {
        match Kind::of(&message) {
            Some(Kind::WascapToken) => Ok(Unsigned::<Claims>::new(message)?.into()),
            Some(Kind::Endorsement | Kind::Countersignature | Kind::Revocation) => {
                Ok(Unsigned::<DeedText>::new(message)?.into())
            }
            Some(Kind::UcanDelegation | Kind::UcanInvocation) => Ok(Unsigned::<UcanEnvelope>::new(message)?.into()),
            None => Err(IssueFault::Kind.into()),
        }
    }

    /// Returns what custody is asked, with the summary that was derived from the bytes.
    pub(crate) const fn request(&self) -> &SigningRequest {
        &self.request
    }

    pub(crate) fn id(&self) -> StatementId {
        self.request.id()
    }

    /// Returns the instant its issuer says it was made, where he does.
    pub(crate) fn issued_at(&self) -> Option<Timestamp> {
        match &self.form {
            Form::Wascap(unsigned) => Some(unsigned.content().issued_at()),
            Form::Deed(unsigned) => Some(unsigned.content().issued_at),
            Form::Ucan(unsigned) => capability::made_at(unsigned.content()),
        }
    }

    /// Says in one line what it is about: the same for an older statement about the same subject.
    pub(crate) fn about(&self) -> String {
        match &self.form {
            Form::Wascap(unsigned) => {
                let entity = &unsigned.content().entity;
                format!("{} {}", entity.word(), entity.subject_text())
            }
            Form::Deed(unsigned) => format!("{} {}", unsigned.content().act.word(), self.id()),
            Form::Ucan(unsigned) => {
                let content = unsigned.content();
                match content {
                    Ucan::Delegation(_) => format!("delegation of {} to {}", content.command(), content.audience()),
                    Ucan::Invocation(it) => match it.revokes() {
                        Some(revokes) => format!("revocation of {}", revokes.token),
                        None => format!("invocation {}", self.id()),
                    },
                }
            }
        }
    }

    /// Returns the deed that it is, if it is one.
    pub(crate) const fn deed(&self) -> Option<&Deed> {
        match &self.form {
            Form::Deed(unsigned) => Some(unsigned.content()),
            Form::Wascap(_) | Form::Ucan(_) => None,
        }
    }

    /// Returns the UCAN that it is, if it is one.
    pub(crate) const fn ucan(&self) -> Option<&Ucan> {
        match &self.form {
            Form::Ucan(unsigned) => Some(unsigned.content()),
            Form::Wascap(_) | Form::Deed(_) => None,
        }
    }

    /// Returns its claims, if it is a wascap token.
    pub(crate) const fn wascap(&self) -> Option<&Claims> {
        match &self.form {
            Form::Wascap(unsigned) => Some(unsigned.content()),
            Form::Deed(_) | Form::Ucan(_) => None,
        }
    }

    /// Says whether it speaks of that key, or commits to it.
    pub(crate) fn names(&self, key: &Spelled) -> bool {
        let spelled = [key.to_string(), key.public_key().to_string()];
        let claim = self.wascap().and_then(|claims| claims.succession.as_ref());
        let next = claim.and_then(|claim| claim.terms().next);
        next.zip(key.nkey()).is_some_and(|(next, key)| next.opens(key.raw()))
            || self.request.summary().iter().any(|(_, value)| spelled.contains(value))
    }

    /// Refuses texts that would steer a terminal, break out of their line, or publish a seed.
    ///
    /// # Errors
    /// `GS-SIGN-TEXT`.
    pub(crate) fn must_be_fit(&self) -> Result<(), Problem> {
        // A statement is public for ever; a seed that was pasted into a title must not get there.
        let unfit = |value: &str| text::fit(value) != value || value.contains('\n');
        match self.request.summary().iter().find(|(_, value)| unfit(value)) {
            Some((name, _)) => {
                Err(Problem::new(Code::SignText, format!("the {name} holds a private seed or control characters")))
            }
            None => Ok(()),
        }
    }

    /// Joins the signature, and checks the result with the same function as any reader.
    ///
    /// # Errors
    /// What any reader would refuse.
    pub(crate) fn finish(self, signature: &Signature, view: &View) -> Result<Finished, Problem> {
        match self.form {
            Form::Wascap(unsigned) => Ok(Finished::Wascap(unsigned.finish(signature, view)?)),
            Form::Deed(unsigned) => Ok(Finished::Deed(unsigned.finish(signature, view)?)),
            Form::Ucan(unsigned) => Ok(Finished::Ucan(unsigned.finish(signature, view)?)),
        }
    }
}

impl Finished {
    /// Returns the bytes as they are filed: text that ends with a line break.
    ///
    /// # Errors
    /// When it is too large for a file of its kind.
    pub(crate) fn file_bytes(&self) -> Result<Vec<u8>, Problem> {
        match self {
            Self::Wascap(token) => Ok([token.bytes(), b"\n"].concat()),
            Self::Deed(deed) => Ok([deed.bytes(), b"\n"].concat()),
            Self::Ucan(token) => capability::container(token.bytes()),
        }
    }

    /// Returns the wascap token that it is.
    ///
    /// # Errors
    /// `GS-SIGN-KIND` when it is something else.
    pub(crate) fn into_wascap(self) -> Result<Issued<Claims>, Problem> {
        match self {
            Self::Wascap(token) => Ok(token),
            Self::Deed(_) | Self::Ucan(_) => Err(IssueFault::Kind.into()),
        }
    }

    /// Returns it as a wascap token, if it is one.
    pub(crate) const fn wascap(&self) -> Option<&Issued<Claims>> {
        match self {
            Self::Wascap(token) => Some(token),
            Self::Deed(_) | Self::Ucan(_) => None,
        }
    }

    /// Returns it as a UCAN, if it is one.
    pub(crate) const fn ucan(&self) -> Option<&Issued<Ucan>> {
        match self {
            Self::Ucan(token) => Some(token),
            Self::Wascap(_) | Self::Deed(_) => None,
        }
    }
}
