//! Whose a module is in a log: the account of its first publication that its own key countersigned.
//!
//! Rule 10 of succession. Nothing said later moves an owner, and death does not either.

use std::collections::{BTreeMap, BTreeSet};

use super::account::{Above, AccountSide};
use super::death::Mortal;
use super::index::Names;
use super::{Graph, Place};
use crate::key::{Account, Key, Nkey, RawKey};
use crate::statement::{Grant, Statement};

/// Which account an issuing key was listed for, from each place on.
type Behind = Vec<(Place, Option<Key<Account>>)>;

impl<T: Statement> Graph<'_, T> {
    /// Finds the owner of a module among its publications, which come in the order of the log.
    ///
    /// A publication is complete once it, the countersignature of the module's own key, and a
    /// listing that tells whose key issued it have been heard.
    pub(super) fn owner(&self, side: &AccountSide<'_>, rivals: &[usize], subject: Nkey) -> Option<Key<Account>> {
        let mut known: BTreeMap<RawKey, Behind> = BTreeMap::new();
        let mut first: Option<(Place, Key<Account>)> = None;
        for rival in rivals {
            let Some(Grant::Code { issuer, .. }) = self.grant(*rival) else { continue };
            let Some(agreed) = self.agreed_since(*rival, subject.raw()) else { continue };
            let complete = agreed.max(self.place(*rival));
            let behind = known.entry(*issuer.raw()).or_insert_with(|| self.behind(side, issuer.raw()));
            // What held when it was complete, or else came to hold first afterwards.
            let before = behind.partition_point(|(place, _)| *place <= complete);
            let then = before.checked_sub(1).and_then(|at| behind.get(at)).and_then(|(_, account)| *account);
            let later = || {
                let rest = behind.get(before..).unwrap_or_default().iter();
                rest.filter_map(|(place, account)| account.map(|account| (*place, account))).next()
            };
            if let Some((place, account)) = then.map(|account| (complete, account)).or_else(later)
                && first.is_none_or(|(earliest, _)| place < earliest)
            {
                first = Some((place, account));
            }
        }
        first.map(|(_, account)| account)
    }

    /// Finds when the module's own key first agreed to a publication, by a countersignature that lives.
    fn agreed_since(&self, rival: usize, own: &RawKey) -> Option<Place> {
        let supports = self.deeds.countersignatures(&self.id(rival)).iter().filter(|support| support.by == *own);
        let living = supports.filter(|support| {
            let mortal = Mortal { id: support.id, signer: support.by, subject: None, place: support.place };
            self.coroner().by_signer(&mortal).is_none()
        });
        living.map(|support| support.place).min()
    }

    /// Tells over time which one account an issuing key was listed for, whatever became of either:
    /// as its identity or a signing key, and of several the one whose listing it countersigned.
    ///
    /// Only listings by keys that the operator listed on its way tell: a stranger's say nothing.
    fn behind(&self, side: &AccountSide<'_>, issuer: &RawKey) -> Behind {
        let ever: BTreeSet<RawKey> = match side.above() {
            Above::Operator(operator) => operator
                .way()
                .filter_map(|token| self.members.get(token))
                .flat_map(|it| super::listed(it.content()))
                .collect(),
            Above::Nothing(_) => return vec![(0, Some(*side.identity()))],
        };
        // What each place adds: an account that lists the key, or one that it agreed to.
        let mut events: Vec<(Place, Key<Account>, bool)> = Vec::new();
        let naming: BTreeSet<usize> = [Names::AccountSubject, Names::AccountSigner]
            .into_iter()
            .flat_map(|how| self.index.find(how, issuer))
            .collect();
        for listing in naming {
            let Some(Grant::Account { issuer: by, subject, .. }) = self.grant(listing) else { continue };
            if !ever.contains(by.raw()) || !self.is_first(listing) || !self.verified_now_or_later(listing) {
                continue;
            }
            let place = self.place(listing);
            events.push((place, subject, false));
            let agreed = self.deeds.countersignatures(&self.id(listing)).iter().filter(|support| support.by == *issuer);
            events.extend(agreed.map(|support| (support.place.max(place), subject, true)));
        }
        events.sort_by_key(|(place, account, agreed)| (*place, *account, *agreed));
        let (mut named, mut agreed) = (BTreeSet::new(), BTreeSet::new());
        let mut behind = Behind::new();
        for (place, account, agrees) in events {
            if agrees { &mut agreed } else { &mut named }.insert(account);
            let only = |accounts: &BTreeSet<Key<Account>>| accounts.first().copied().filter(|_| accounts.len() == 1);
            let now = only(&named).or_else(|| only(&agreed));
            match behind.last_mut() {
                Some((last, account)) if *last == place => *account = now,
                Some(_) | None => behind.push((place, now)),
            }
        }
        behind
    }
}
