//! What a command could not do, and what to do about it.

use std::io;
use std::path::Path;

use greatseal_core::Code;
use greatseal_core::code::Exit;
use greatseal_core::issue::IssueFault;
use greatseal_custody::CustodyFault;
use serde_json::{Value, json};

use crate::text;

/// A failure that ends a command: what, where, which rule, and the next thing to type.
#[derive(Debug)]
pub(crate) struct Problem {
    code: Code,
    message: String,
    hint: Option<String>,
}

impl Problem {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: text::fit(message.into().trim_end()), hint: None }
    }

    /// Replaces the code's general advice by one that fits the case.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(text::fit(&hint.into()));
        self
    }

    /// Says which file it is about.
    #[must_use]
    pub(crate) fn within(mut self, place: &str) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// Reports a file that could not be read or written.
    pub(crate) fn io(doing: &str, path: &Path, error: &io::Error) -> Self {
        Self::new(Code::Io, format!("{doing} {}: {error}", text::path(path)))
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Code::Usage, message)
    }

    pub(crate) fn code(&self) -> Code {
        self.code
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn advice(&self) -> &str {
        self.hint.as_deref().unwrap_or_else(|| self.code.advice())
    }

    /// Writes it for programs.
    pub(crate) fn object(&self) -> Value {
        json!({ "error": { "code": self.code.text(), "message": self.message, "advice": self.advice() } })
    }

    pub(crate) fn exit(&self) -> Exit {
        self.code.exit()
    }
}

impl From<CustodyFault> for Problem {
    fn from(fault: CustodyFault) -> Self {
        Self::new(fault.code(), fault.to_string())
    }
}

impl From<IssueFault> for Problem {
    fn from(fault: IssueFault) -> Self {
        Self::new(fault.code(), fault.to_string())
    }
}
