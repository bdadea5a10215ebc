//! Games against a verifier: everything that a thief can play with some keys, and everything that an owner can answer.
//!
//! A verifier is a function that says whether a statement of a history is allowed.

use super::{HEALERS, IDENTITY, NEXT, Realm, asked, joined, list, seize, succeed};
use crate::succession::script::Script;
use crate::succession::{History, Key, Mode, Survivors, Target, Time};

/// Returns every subset.
#[must_use]
pub fn subsets(keys: &[String]) -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    for key in keys {
        let with: Vec<_> = all.iter().map(|set| set.iter().chain([key]).cloned().collect()).collect();
        all.extend::<Vec<Vec<String>>>(with);
    }
    all
}

/// Says whether a thief with those keys can make an operator token that a verifier follows: issued by any identity,
/// endorsed by any of his keys, with sealed revocations of all signing keys, or with every strike, or without.
pub fn captures(realm: Realm, stolen: &[String], mode: Mode, allows: &dyn Fn(&History, &str) -> bool) -> bool {
    let issuers = joined(&["I8"], &held(stolen, &[IDENTITY, NEXT]));
    let tries = issuers.iter().flat_map(|issuer| subsets(stolen).into_iter().map(move |hands| (issuer, hands)));
    tries.into_iter().any(|(issuer, hands)| {
        let plain = {
            let mut script = realm.founded();
            seize(&mut script, issuer, &hands);
            script
        };
        let mut sealed = plain.clone();
        realm.signers().iter().for_each(|key| drop(sealed.revoke_all(key)));
        let mut struck = plain.clone();
        strike(&mut struck, realm, stolen);
        [plain, sealed, struck].iter().any(|script| allows(&asked(script, mode, "capture", &[]), "LX"))
    })
}

/// Says whether a thief with those keys can list the account `A1`, which lists `a1`, `a2` and `a3`.
pub fn takes_listing(realm: Realm, stolen: &[String], mode: Mode, allows: &dyn Fn(&History, &str) -> bool) -> bool {
    let issuers = joined(&["Sx"], &held(stolen, &["S1", "S2"]));
    let tries = issuers.iter().flat_map(|issuer| subsets(stolen).into_iter().map(move |hands| (issuer, hands)));
    tries.into_iter().any(|(issuer, hands)| {
        let mut script = realm.founded();
        list(&mut script, "L1", "S1", "A1", &["a1", "a2", "a3"]);
        script.at(Time::days(2));
        let listing = script.account("LT", issuer, "A1", &["ax".to_owned()]);
        for hand in joined(&["ax"], &hands) {
            script.countersign(&hand, &listing);
        }
        allows(&asked(&script, mode, "listing", &[]), "LT")
    })
}

/// What became of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Only the owner has it.
    Safe,
    /// A thief has it too.
    Copied,
    /// Only a thief has it.
    Moved,
    /// Nobody has it.
    Destroyed,
}

impl Fate {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Safe, Self::Copied, Self::Moved, Self::Destroyed];

    /// Says whether the owner has it no more.
    #[must_use]
    pub fn lost(self) -> bool {
        matches!(self, Self::Moved | Self::Destroyed)
    }

    /// Says whether a thief has it.
    #[must_use]
    pub fn stolen(self) -> bool {
        matches!(self, Self::Copied | Self::Moved)
    }
}

/// Returns every fate of a realm's keys; signing keys are alike, so only how many met each fate counts.
#[must_use]
pub fn fates(realm: Realm) -> Vec<Vec<Fate>> {
    let mut signers = vec![Vec::new()];
    for _ in 0..realm.signing_keys {
        let longer = |fates: &Vec<Fate>| {
            let last = fates.last().copied();
            let from = Fate::ALL.into_iter().skip_while(move |fate| last.is_some_and(|last| last != *fate));
            from.map(|fate| [fates.as_slice(), &[fate]].concat()).collect::<Vec<_>>()
        };
        signers = signers.iter().flat_map(longer).collect();
    }
    let pairs = Fate::ALL.into_iter().flat_map(|one| Fate::ALL.map(|other| [one, other]));
    pairs.flat_map(|pair| signers.iter().map(move |rest| [pair.as_slice(), rest].concat())).collect()
}

/// Says whether some token of the owner's is followed by a stateless verifier, whatever the thief plays against it.
///
/// The owner has the sealed revocations of all keys. The thief issues his own token or none, revokes none of his
/// keys, one, all, or all but what he signed himself, and strikes or not.
pub fn heals(realm: Realm, fates: &[Fate], allows: &dyn Fn(&History, &str) -> bool) -> bool {
    let keys = realm.keys();
    let having = |has: fn(Fate) -> bool| -> Vec<String> {
        keys.iter().zip(fates).filter(|(_, fate)| has(**fate)).map(|(key, _)| key.clone()).collect()
    };
    let owners = having(|fate| !fate.lost());
    let thiefs = having(Fate::stolen);
    let answers =
        held(&owners, &[IDENTITY, NEXT]).into_iter().flat_map(|issuer| [(issuer.clone(), false), (issuer, true)]);
    answers.into_iter().any(|(issuer, sealed)| {
        let mut plays = joined(&["I8"], &held(&thiefs, &[IDENTITY, NEXT])).into_iter();
        plays.all(|his| {
            Revoked::ALL.into_iter().all(|revoked| {
                [false, true].into_iter().all(|strikes| {
                    let history = duel(realm, (&issuer, &owners, sealed), (&his, &thiefs, revoked, strikes));
                    allows(&history, "LH")
                })
            })
        })
    })
}

/// Which of his signing keys a thief revokes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Revoked {
    None,
    One,
    All,
    AllButHis,
}

impl Revoked {
    const ALL: [Self; 4] = [Self::None, Self::One, Self::All, Self::AllButHis];
}

/// Writes what both play, told to a stateless verifier that has proofs for the thief's part alone.
fn duel(
    realm: Realm,
    (issuer, owners, sealed): (&str, &[String], bool),
    (his, thiefs, revoked, strikes): (&str, &[String], Revoked, bool),
) -> History {
    let mut script = realm.founded();
    seize(&mut script, his, thiefs);
    let part: Vec<String> = script.statements().iter().map(|it| it.id().to_owned()).collect();
    let signing: Vec<&String> = thiefs.iter().filter(|key| key.starts_with('S')).collect();
    for (place, key) in signing.iter().enumerate() {
        let size = i64::try_from(part.len()).unwrap_or(0);
        let all = Target::All(Key::from(key.as_str()));
        match revoked {
            Revoked::All => drop(script.revoke_all(key)),
            Revoked::One if place == 0 => drop(script.revoke_all(key)),
            Revoked::AllButHis => drop(script.revoke(key, all, Some(Survivors { size, root: None }))),
            Revoked::None | Revoked::One => {}
        }
    }
    if strikes {
        strike(&mut script, realm, thiefs);
    }
    succeed(&mut script, "T1", issuer, &joined(&[HEALERS], &[]), "I3", owners);
    list(&mut script, "LH", HEALERS, "A7", &[]);
    if sealed {
        signing.iter().for_each(|key| drop(script.revoke_all(key)));
    }
    let mut history = asked(&script, Mode::Stateless, "duel", &[]);
    history.log.clone_from(&part);
    history.proofs = part;
    history
}

/// Lets the signing keys among those take back every other signing key.
fn strike(script: &mut Script, realm: Realm, hands: &[String]) {
    for voter in hands.iter().filter(|key| key.starts_with('S')) {
        for struck in realm.signers().iter().filter(|key| *key != voter) {
            script.revoke(voter, Target::All(Key::from(struck.as_str())), None);
        }
    }
}

/// Returns which of the wanted keys are among those.
fn held(keys: &[String], wanted: &[&str]) -> Vec<String> {
    keys.iter().filter(|key| wanted.contains(&key.as_str())).cloned().collect()
}
