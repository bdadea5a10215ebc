//! `awskms://[ENDPOINT]/KEY?region=`: a key in AWS KMS.

use std::fmt;

use crate::fault::CustodyFault;

/// A key in AWS KMS, or the service alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsKmsUri {
    text: String,
}

impl AwsKmsUri {
    /// Reads the whole URI, scheme included.
    ///
    /// # Errors
    /// [`CustodyFault::Uri`], naming what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, CustodyFault> {
        Ok(Self { text: text.into() })
    }
}

impl fmt::Display for AwsKmsUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
