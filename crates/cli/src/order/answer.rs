//! Answer files: the signatures that come back.

use std::path::{Path, PathBuf};

use greatseal_core::Code;
use greatseal_core::key::PublicKey;
use greatseal_core::limits::REQUEST_BYTES;
use greatseal_core::signature::Signature;
use serde::{Deserialize, Serialize};

use super::file::{altered, from_json, is_signature, read_signature, to_json, write_signature};
use super::{Order, RequestDigest};
use crate::files;
use crate::problem::Problem;
use crate::text;

/// The version that is written, and the only one that is read.
const VERSION: u64 = 1;
/// Ending of answer files.
const ENDING: &str = ".answer.json";

/// Rules for changing it: as for requests.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    greatseal_answer: u64,
    request: String,
    signatures: Vec<WrittenSignature>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSignature {
    statement: String,
    signer: String,
    signature: String,
}

/// Signatures that answer a request, believed only by [`Answer::merge_into`].
#[derive(Debug)]
pub(crate) struct Answer {
    path: PathBuf,
    pub(crate) request: RequestDigest,
    signatures: Vec<Answered>,
}

/// One signature of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    /// Statement id, in hexadecimal digits.
    pub(crate) statement: String,
    pub(crate) signer: PublicKey,
    pub(crate) signature: Signature,
}

impl Answer {
    /// Names the answer of a request file: `operator.json` is answered by `operator.answer.json`.
    pub(crate) fn path_for(request: &Path) -> PathBuf {
        let stem = request.file_stem().unwrap_or_default().to_string_lossy();
        request.with_file_name(format!("{stem}{ENDING}"))
    }

    /// Says whether a file is named as answers are.
    pub(crate) fn is_name(name: &str) -> bool {
        name.ends_with(ENDING)
    }

    /// Writes an answer file's bytes.
    pub(crate) fn to_bytes(request: RequestDigest, signatures: &[Answered]) -> Result<Vec<u8>, Problem> {
        let write = |answered: &Answered| WrittenSignature {
            statement: answered.statement.clone(),
            signer: answered.signer.to_string(),
            signature: write_signature(&answered.signature),
        };
        to_json(&Written {
            greatseal_answer: VERSION,
            request: request.to_string(),
            signatures: signatures.iter().map(write).collect(),
        })
    }

    /// Reads an answer file.
    ///
    /// # Errors
    /// `GS-REQUEST-MALFORMED` for anything but this version's form.
    pub(crate) fn read(path: &Path) -> Result<Self, Problem> {
        let bytes = files::read(path, REQUEST_BYTES)?;
        let read = || {
            let written: Written = from_json(&bytes, "greatseal_answer", VERSION)?;
            let malformed = |what: &str| Problem::new(Code::RequestMalformed, what);
            let request = RequestDigest::parse(&written.request)
                .ok_or_else(|| malformed("it does not say which request it answers"))?;
            let mut signatures = Vec::new();
            for WrittenSignature { statement, signer, signature } in written.signatures {
                let signer = greatseal_core::key::did::parse(&signer)
                    .map_err(|fault| malformed(&format!("a signer in it is no key: {fault}")))?;
                signatures.push(Answered { statement, signer, signature: read_signature(&signature)? });
            }
            Ok(Self { path: path.into(), request, signatures })
        };
        read().map_err(|problem: Problem| problem.within(&text::path(path)))
    }

    /// Puts its signatures into the order, all or none; says how many were new.
    ///
    /// # Errors
    /// `GS-REQUEST-OTHER` for another order's answer, `GS-REQUEST-SIGNER` for one by another key,
    /// `GS-REQUEST-ALTERED` for signatures that do not hold or answer no statement.
    pub(crate) fn merge_into(&self, order: &mut Order) -> Result<usize, Problem> {
        self.merge(order).map_err(|problem| problem.within(&text::path(&self.path)))
    }

    fn merge(&self, order: &mut Order) -> Result<usize, Problem> {
        if order.digest() != self.request {
            return Err(Problem::new(Code::RequestOther, "it answers another request"));
        }
        if self.signatures.is_empty() {
            return Err(altered("it holds no signature"));
        }
        let mut found = Vec::new();
        for answered in &self.signatures {
            let place = order.items.iter().position(|item| item.draft.id().to_string() == answered.statement);
            let Some((place, item)) = place.and_then(|place| Some((place, order.items.get(place)?))) else {
                return Err(altered("it signs a statement that the request does not hold"));
            };
            let asked = item.draft.request().signer();
            if answered.signer != *asked {
                let fault = format!("it was signed by {}, and {asked} was asked", answered.signer);
                return Err(Problem::new(Code::RequestSigner, fault));
            }
            if !is_signature(&item.draft, &answered.signature) {
                return Err(altered("a signature in it is not the key's over the statement"));
            }
            found.push((place, answered.signature));
        }
        let mut new = 0;
        for (place, signature) in found {
            if let Some(item) = order.items.get_mut(place).filter(|item| item.signature.is_none()) {
                item.signature = Some(signature);
                new += 1;
            }
        }
        Ok(new)
    }
}
