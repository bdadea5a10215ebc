//! How a token that is to be pinned stands to what is pinned already.

use greatseal_core::{Decoded, StatementId};
use greatseal_token::wascap::{self, Claims};

use super::{NewPin, Pin, TrustStore, folder};
use crate::problem::Problem;
use crate::realm::Name;

/// How an operator token stands to the line of a pin, by what it says itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It says that it comes after the pinned token.
    Newer,
    /// The pinned token says that it comes after this one.
    Older,
}

impl TrustStore {
    /// Finds the pin in whose line a token stands.
    ///
    /// # Errors
    /// When the store is damaged.
    pub(crate) fn line_of(&self, token: &Decoded<Claims>) -> Result<Option<(Pin, Standing)>, Problem> {
        let Some((seq, prev)) = place(token) else { return Ok(None) };
        for pin in self.pins()? {
            let Some((_, pinned)) = pin.token() else { continue };
            let Some((pinned_seq, pinned_prev)) = place(pinned) else { continue };
            let same_identity = pinned.content().entity.subject() == token.content().entity.subject();
            let followed: Vec<StatementId> = pin
                .followed()
                .iter()
                .filter_map(|step| wascap::decode(step.first()?).ok())
                .map(|token| token.id())
                .chain([pinned.id()])
                .collect();
            let follows = prev.is_some_and(|prev| followed.contains(&prev));
            let is_followed = token.id() != pinned.id() && followed.contains(&token.id());
            if follows || is_followed || (same_identity && seq > pinned_seq) {
                return Ok(Some((pin, Standing::Newer)));
            }
            if pinned_prev == Some(token.id()) || (same_identity && seq < pinned_seq) {
                return Ok(Some((pin, Standing::Older)));
            }
        }
        Ok(None)
    }

    /// Pins a newer token in the place of an older one; all that was remembered stays.
    ///
    /// # Errors
    /// `GS-TRUST-UNKNOWN` when there is none of that name, or what keeps it from being written;
    /// interrupted in between, the pin's two files disagree, which is told and never guessed around.
    pub(crate) fn replace(&self, name: &Name, new: &NewPin) -> Result<Pin, Problem> {
        let _held = self.hold()?;
        let path = self.folder().join(name.as_str());
        self.pin(name)?;
        for (file, bytes) in new.files()? {
            folder::write(self.folder(), &path.join(file), &bytes)?;
        }
        Pin::read(name.clone(), &path)
    }
}

/// Returns where a token says that it stands.
fn place(token: &Decoded<Claims>) -> Option<(u64, Option<StatementId>)> {
    let terms = token.content().succession.as_ref()?.terms();
    Some((terms.seq, terms.prev))
}
