//! Deeds that were signed and verified for real, and are kept for the next history that has them.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use ed25519_zebra::{SigningKey, VerificationKeyBytes};
use greatseal_core::deed::{Act, Deed, Revocation, Survivors, Target};
use greatseal_core::issue::Signable;
use greatseal_core::key::{Nkey, RawKey, Role, Spelled};
use greatseal_core::log::LogRoot;
use greatseal_core::signature::Signature;
use greatseal_core::time::Timestamp;
use greatseal_core::verify::verify;
use greatseal_core::{StatementId, Verified};
use greatseal_token::deed::{DeedText, decode, encode};

use crate::chain::operator;

/// Deeds that are kept at most: some 300 MiB.
const KEPT: usize = 250_000;

/// A key of a history, by its number, and whether it is spelled as a DID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hand {
    pub(super) key: usize,
    pub(super) did: bool,
}

/// A deed in the words of a history whose keys are numbered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wording {
    pub(super) by: Hand,
    pub(super) iat: u64,
    /// Tells deeds of the same words apart.
    pub(super) copy: usize,
    pub(super) says: Says,
}

/// What a deed says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Says {
    Endorse(StatementId),
    Countersign(StatementId),
    RevokeStatement(StatementId, Option<(u64, LogRoot)>),
    RevokeEdge(Hand, Hand, Option<(u64, LogRoot)>),
    RevokeKey(Hand, Option<(u64, LogRoot)>),
}

/// Keys by number, and the deeds that they signed so far.
#[derive(Default)]
pub(super) struct Deeds {
    keys: Vec<(SigningKey, RawKey)>,
    kept: BTreeMap<Wording, Verified<Deed>>,
}

impl Deeds {
    /// Returns the raw key of a number.
    pub(super) fn raw(&mut self, number: usize) -> RawKey {
        self.pair(number).1
    }

    /// Returns a verified deed of that wording.
    pub(super) fn deed(&mut self, wording: Wording) -> Verified<Deed> {
        if let Some(kept) = self.kept.get(&wording) {
            return kept.clone();
        }
        let made = self.make(&wording);
        if self.kept.len() >= KEPT {
            self.kept.clear();
        }
        self.kept.insert(wording, made.clone());
        made
    }

    fn make(&mut self, wording: &Wording) -> Verified<Deed> {
        let survivors = |log: Option<(u64, LogRoot)>| log.map(|(size, root)| Survivors { size, root });
        let revoke = |target, log| Act::Revoke(Revocation { target, survivors: survivors(log) });
        let act = match &wording.says {
            Says::Endorse(of) => Act::Endorse(*of),
            Says::Countersign(of) => Act::Countersign(*of),
            Says::RevokeStatement(id, log) => revoke(Target::Statement(*id), *log),
            Says::RevokeEdge(issuer, subject, log) => {
                revoke(Target::Edge { issuer: self.spelled(*issuer), subject: self.spelled(*subject) }, *log)
            }
            Says::RevokeKey(key, log) => revoke(Target::Key(self.spelled(*key)), *log),
        };
        let (signer, id) = (self.spelled(wording.by), wording.copy.to_string());
        let deed = Deed { signer, id, issued_at: Timestamp::from_secs(wording.iat), act };
        let unsigned = encode(&deed).expect("a deed that a reader takes");
        let request = unsigned.request();
        let signature = Signature::new(self.pair(wording.by.key).0.sign(request.message()).to_bytes());
        let text = DeedText::assemble(request.message(), &signature);
        let decoded = decode(&text).expect("written just now");
        let verdict = verify(vec![decoded], NonZeroUsize::MIN).pop();
        verdict.and_then(Result::ok).expect("signed just now")
    }

    /// Spells a key; its role plays no part in deeds, so all are spelled as operators'.
    fn spelled(&mut self, hand: Hand) -> Spelled {
        let nkey = Nkey::new(Role::Operator, self.raw(hand.key));
        if hand.did { Spelled::Did(nkey.public_key()) } else { Spelled::Nkey(nkey) }
    }

    fn pair(&mut self, number: usize) -> &(SigningKey, RawKey) {
        while self.keys.len() <= number {
            let key = SigningKey::from(operator(&format!("number {} of the model", self.keys.len())).seed());
            self.keys.push((key, RawKey::new(VerificationKeyBytes::from(&key).into())));
        }
        #[expect(clippy::indexing_slicing, reason = "made just now, if it was not there")]
        &self.keys[number]
    }
}
