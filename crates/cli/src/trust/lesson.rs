//! Writing down what a verification learned under a pin, within bounds.

use core::cmp::Reverse;
use std::collections::BTreeMap;

use greatseal_core::deed::{Act, Target};
use greatseal_core::limits::{PIN_REVOCATION_BYTES, PIN_REVOCATIONS, PIN_REVOKED_BYTES};
use greatseal_core::statement::Statement as _;
use greatseal_token::deed;

use super::pin::{REVOKED, Revoked};
use super::{TrustStore, folder};
use crate::problem::Problem;
use crate::realm::Name;

/// What one verification learned under one pin.
#[derive(Debug, Default)]
pub(crate) struct Lesson {
    /// Steps that were followed: each a token, and endorsements of it.
    pub(crate) steps: Vec<Vec<Vec<u8>>>,
    /// Revocations that counted.
    pub(crate) revocations: Vec<Revoked>,
}

impl TrustStore {
    /// Remembers a lesson; revocations first, whatever becomes of the steps.
    ///
    /// # Errors
    /// What keeps it from being written.
    pub(crate) fn learn(&self, name: &Name, lesson: &Lesson) -> Result<(), Problem> {
        let revoked = self.revoke(name, &lesson.revocations);
        for step in &lesson.steps {
            let statements: Vec<&[u8]> = step.iter().map(Vec::as_slice).collect();
            self.remember(name, &statements)?;
        }
        revoked
    }

    /// Remembers revocations; where there are too many, those of whoever made the most give way.
    fn revoke(&self, name: &Name, revocations: &[Revoked]) -> Result<(), Problem> {
        if revocations.is_empty() {
            return Ok(());
        }
        let _held = self.hold()?;
        let pin = self.pin(name)?;
        let place = |revoked: &Revoked| {
            let path = self.folder().join(name.as_str());
            revoked.place().iter().fold(path, |path, part| path.join(part))
        };
        for own in [true, false] {
            let known = || pin.revoked().iter().filter(|revoked| revoked.own == own);
            let is_new =
                |it: &&Revoked| !known().any(|known| known.id == it.id) && it.text.len() <= PIN_REVOCATION_BYTES;
            let new: Vec<&Revoked> = revocations.iter().filter(|it| it.own == own).filter(is_new).collect();
            let Some(first) = new.first() else { continue };
            let kept = within_bounds(known().chain(new.iter().copied()).collect());
            let is_kept = |it: &Revoked| kept.iter().any(|kept| kept.id == it.id);
            // What counts for more is there before what it takes the place of is gone.
            if let Some(above) = place(first).parent() {
                folder::make(&self.folder().join(name.as_str()).join(REVOKED))?;
                folder::make(above)?;
            }
            for it in new.into_iter().filter(|it| is_kept(it)) {
                folder::write(self.folder(), &place(it), &it.text)?;
            }
            for it in known().filter(|it| !is_kept(it)) {
                folder::remove_file(&place(it))?;
            }
        }
        Ok(())
    }
}

/// Drops what is over the bounds: of the signer with the most, what takes back the least.
///
/// So a thief who revokes by the thousand displaces only what the same stolen key revoked, and
/// never the revocation of that whole key.
fn within_bounds(revocations: Vec<&Revoked>) -> Vec<&Revoked> {
    let mut of_signer: BTreeMap<Vec<u8>, Vec<(u8, &Revoked)>> = BTreeMap::new();
    let (mut count, mut bytes) = (0, 0);
    for it in revocations {
        let Ok(decoded) = deed::decode(&it.text) else { continue };
        let weight = match &decoded.content().act {
            Act::Revoke(revocation) => match (&revocation.target, revocation.survivors) {
                (Target::Key(_), None) => 0,
                (Target::Key(_), Some(_)) => 1,
                (Target::Edge { .. }, _) => 2,
                (Target::Statement(_), _) => 3,
            },
            Act::Endorse(_) | Act::Countersign(_) => continue,
        };
        let signer = decoded.content().signer();
        of_signer.entry(signer.as_bytes().to_vec()).or_default().push((weight, it));
        (count, bytes) = (count + 1, bytes + it.text.len());
    }
    for of_one in of_signer.values_mut() {
        // The last is the first to go.
        of_one.sort_by(|(a, it), (b, other)| a.cmp(b).then_with(|| it.id.cmp(&other.id)));
    }
    while count > PIN_REVOCATIONS || bytes > PIN_REVOKED_BYTES {
        let Some(most) =
            of_signer.values_mut().max_by_key(|of_one| (of_one.len(), Reverse(of_one.first().map(|it| it.0))))
        else {
            break;
        };
        let Some((_, dropped)) = most.pop() else { break };
        (count, bytes) = (count - 1, bytes - dropped.text.len());
    }
    of_signer.into_values().flatten().map(|(_, it)| it).collect()
}

#[cfg(test)]
mod tests {
    use greatseal_core::deed::{Deed, Revocation};
    use greatseal_core::issue::Signable as _;
    use greatseal_core::key::Spelled;
    use greatseal_core::signature::Signature;
    use greatseal_core::{StatementId, Timestamp};
    use greatseal_token::deed::DeedText;

    use super::*;

    fn key(byte: u8) -> Spelled {
        Spelled::Did(greatseal_core::key::PublicKey::Ed25519(greatseal_core::key::RawKey::new([byte; 32])))
    }

    fn revoked(by: u8, target: Target) -> Revoked {
        let act = Act::Revoke(Revocation { target, survivors: None });
        let deed = Deed { signer: key(by), id: "1".into(), issued_at: Timestamp::from_secs(1), act };
        let unsigned = deed::encode(&deed).unwrap();
        let text = DeedText::assemble(unsigned.request().message(), &Signature::new([0; 64]));
        Revoked { own: true, id: deed::decode(&text).unwrap().id().to_string(), text }
    }

    #[test]
    fn a_flood_displaces_nobody_elses_revocations() {
        let statement = |number: u32| Target::Statement(StatementId::of(&number.to_be_bytes()));
        let mut all: Vec<Revoked> = (0..1200).map(|number| revoked(1, statement(number))).collect();
        all.extend([revoked(1, Target::Key(key(1))), revoked(2, statement(7)), revoked(3, Target::Key(key(3)))]);
        let kept = within_bounds(all.iter().collect());
        assert!(kept.len() <= PIN_REVOCATIONS && kept.len() > PIN_REVOCATIONS / 2, "{}", kept.len());
        assert!(kept.iter().map(|it| it.text.len()).sum::<usize>() <= PIN_REVOKED_BYTES);
        for it in &all[1200..] {
            assert!(kept.iter().any(|kept| kept.id == it.id));
        }
        // What fits is kept whole.
        assert_eq!(within_bounds(all.iter().take(300).collect()).len(), 300);
    }
}
