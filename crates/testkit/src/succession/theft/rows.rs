//! The rows of the table, each as histories with the verdicts that it promises.

use super::{HEALERS, IDENTITY, NEXT, PIN, Realm, asked, joined, list, seize, succeed, terms};
use crate::succession::Expect::{Allow, Deny};
use crate::succession::script::Script;
use crate::succession::{Anchor, History, Key, Mode, Survivors, Target, Time};

/// An identity, or the next one, gets nothing; one token with a quorum heals.
#[must_use]
pub fn one_identity(realm: Realm, mode: Mode) -> Vec<History> {
    let mut told = Vec::new();
    for (stolen, other) in [(IDENTITY, NEXT), (NEXT, IDENTITY)] {
        let mut script = with_accounts(realm);
        seize(&mut script, stolen, &joined(&[stolen], &[]));
        told.push(asked(&script, mode, "an identity alone", &[("X", Deny), ("LX", Deny), (PIN, Allow), ("L1", Allow)]));
        succeed(&mut script, "T1", other, &realm.signers(), "I3", &realm.quorum());
        let healed = [("T1", Allow), ("L1", Allow), ("LX", Deny), (PIN, Deny)];
        told.push(asked(&script, mode, "an identity alone, healed by a quorum", &healed));
    }
    told
}

/// Under a bare key its identity is everything, and what was there before can only make it a fork.
#[must_use]
pub fn identity_under_a_bare_key(realm: Realm, mode: Mode) -> Vec<History> {
    let bare = |script: &Script, title: &str, queries: &[_]| History {
        anchor: Anchor::Key(Key::from(IDENTITY)),
        ..asked(script, mode, title, queries)
    };
    let invented = |script: &mut Script| {
        script.operator("X", IDENTITY, &["Sx".to_owned()], Some(terms(0, None, 1, "I9")));
        list(script, "LX", "Sx", "A9", &[]);
    };
    let mut alone = Script::default();
    invented(&mut alone);
    let mut beside = with_accounts(realm);
    invented(&mut beside);
    vec![
        bare(&alone, "an invented token under a bare key", &[("X", Allow), ("LX", Allow)]),
        bare(&beside, "the same beside the genuine one", &[("X", Deny), ("LX", Deny), (PIN, Deny), ("L1", Deny)]),
    ]
}

/// One signing key makes new accounts and takes back what it signed; its sealed revocation and one successor heal.
#[must_use]
pub fn one_signing_key(realm: Realm, mode: Mode) -> Vec<History> {
    let mut script = with_accounts(realm);
    list(&mut script, "L9", "S1", "A9", &[]);
    let mut told = vec![asked(&script, mode, "one signing key", &[("L9", Allow), ("L1", Allow), (PIN, Allow)])];

    let mut denied = script.clone();
    succeed(&mut denied, "T1", IDENTITY, &realm.signers(), "I3", &realm.quorum());
    denied.revoke_all("S1");
    // A log never goes back behind a successor that it accepted.
    let kept = if mode == Mode::Snapshot { Allow } else { Deny };
    let queries = [("T1", kept), (PIN, Deny), ("L1", Deny), ("L9", Deny)];
    told.push(asked(&denied, mode, "one signing key voids a quorum that leans on it", &queries));

    script.revoke_all("S1");
    let others: Vec<String> = realm.signers().into_iter().skip(1).collect();
    let quorum = others.len() >= realm.threshold();
    let endorsers = if quorum { others.clone() } else { joined(&[NEXT], &[]) };
    succeed(&mut script, "T1", IDENTITY, &joined(&[HEALERS], &others), "I3", &endorsers);
    script.at(script.clock().plus(Time::DAY));
    list(&mut script, "L1 again", HEALERS, "A1", &[]);
    let healed = [("T1", Allow), ("L9", Deny), ("L1", Deny), ("L1 again", Allow), ("LN", untouched(realm))];
    told.push(asked(&script, mode, "one signing key, healed by its revocation and a successor", &healed));
    told
}

/// A quorum of signing keys strikes the others but makes no operator token; the pair heals.
#[must_use]
pub fn a_quorum_of_signing_keys(realm: Realm, mode: Mode) -> Vec<History> {
    let stolen = realm.quorum();
    let mut script = with_accounts(realm);
    seize(&mut script, "I9", &stolen);
    list(&mut script, "L9", "S1", "A8", &[]);
    let queries = [("X", Deny), ("LX", Deny), ("L9", Allow), ("L1", Allow), ("LN", untouched(realm))];
    let mut told = vec![asked(&script, mode, "a quorum of signing keys", &queries)];

    let mut fewer = script.clone();
    strike(&mut fewer, realm, stolen.get(1..).unwrap_or_default());
    let spared = [("L1", Allow), ("LN", untouched(realm))];
    told.push(asked(&fewer, mode, "one key less than a quorum strikes nobody", &spared));

    strike(&mut script, realm, &stolen);
    let struck = [("L1", Allow), ("L9", Allow), ("LN", Deny), (PIN, Allow)];
    told.push(asked(&script, mode, "a quorum of signing keys strikes the others", &struck));

    for key in &stolen {
        script.revoke_all(key);
    }
    succeed(&mut script, "T1", NEXT, &joined(&[HEALERS], &[]), "I3", &joined(&[IDENTITY], &[]));
    list(&mut script, "LH", HEALERS, "A7", &[]);
    let healed = [("T1", Allow), ("LH", Allow), ("L9", Deny), ("LX", Deny)];
    told.push(asked(&script, mode, "a quorum of signing keys, healed by the pair", &healed));
    told
}

/// An identity and a quorum make an operator token; quorum and pair outrank it.
#[must_use]
pub fn an_identity_and_a_quorum(realm: Realm, mode: Mode) -> Vec<History> {
    let mut told = Vec::new();
    for (stolen, other) in [(IDENTITY, NEXT), (NEXT, IDENTITY)] {
        let mut script = with_accounts(realm);
        seize(&mut script, stolen, &joined(&[stolen], &realm.quorum()));
        let captured = [("X", Allow), ("LX", Allow), (PIN, Deny), ("L1", Deny)];
        told.push(asked(&script, mode, "an identity and a quorum", &captured));

        let mut lost = script.clone();
        for key in realm.quorum() {
            lost.revoke_all(&key);
        }
        succeed(&mut lost, "T1", other, &joined(&[HEALERS], &[]), "I3", &joined(&[stolen], &[]));
        list(&mut lost, "LH", HEALERS, "A7", &[]);
        // A log remembers the quorum that the thief had.
        let (owners, thiefs) = if mode == Mode::Snapshot { (Deny, Allow) } else { (Allow, Deny) };
        let queries = [("T1", owners), ("LH", owners), ("X", thiefs), ("LX", thiefs)];
        told.push(asked(&lost, mode, "the same with signing keys that only the thief has", &queries));

        succeed(&mut script, "T1", other, &realm.signers(), "I3", &joined(&[stolen], &realm.quorum()));
        let healed = [("T1", Allow), ("L1", Allow), ("X", Deny), ("LX", Deny)];
        told.push(asked(&script, mode, "an identity and a quorum, healed by quorum and pair", &healed));
    }
    told
}

/// Both identities make an operator token by the pair; a quorum outranks it.
#[must_use]
pub fn both_identities(realm: Realm, mode: Mode) -> Vec<History> {
    let mut told = Vec::new();
    for (issuer, endorser) in [(IDENTITY, NEXT), (NEXT, IDENTITY)] {
        let mut script = with_accounts(realm);
        seize(&mut script, issuer, &joined(&[endorser], &[]));
        let captured = [("X", Allow), ("LX", Allow), (PIN, Deny), ("L1", Deny)];
        told.push(asked(&script, mode, "both identities", &captured));
        succeed(&mut script, "T1", IDENTITY, &joined(&[HEALERS], &realm.signers()), "I3", &realm.quorum());
        list(&mut script, "LH", HEALERS, "A7", &[]);
        let healed = [("T1", Allow), ("L1", Allow), ("LH", Allow), ("X", Deny), ("LX", Deny)];
        told.push(asked(&script, mode, "both identities, healed by a quorum", &healed));

        for key in realm.signers() {
            script.revoke_all(&key);
        }
        let (owners, thiefs) = if mode == Mode::Snapshot { (Allow, Deny) } else { (Deny, Allow) };
        let queries = [("T1", owners), ("LH", owners), ("X", thiefs), ("LX", thiefs)];
        told.push(asked(&script, mode, "the same, and every sealed revocation is stolen too", &queries));
    }
    told
}

/// Both identities and a quorum are the operator: the owner can only make it a fork, in a log not even that.
#[must_use]
pub fn both_identities_and_a_quorum(realm: Realm, mode: Mode) -> Vec<History> {
    let mut script = with_accounts(realm);
    seize(&mut script, NEXT, &joined(&[IDENTITY], &realm.quorum()));
    let captured = [("X", Allow), ("LX", Allow), (PIN, Deny), ("L1", Deny)];
    let mut told = vec![asked(&script, mode, "both identities and a quorum", &captured)];
    succeed(&mut script, "T1", IDENTITY, &realm.signers(), "I3", &joined(&[NEXT], &realm.signers()));
    let thiefs = if mode == Mode::Snapshot { Allow } else { Deny };
    let queries = [("X", thiefs), ("LX", thiefs), ("T1", Deny), ("L1", Deny)];
    told.push(asked(&script, mode, "the same against the owner's best", &queries));
    told
}

/// An account's only signing key issues its modules; revoked, with another listed by the identity, it is silent.
#[must_use]
pub fn an_accounts_only_signing_key(realm: Realm, mode: Mode) -> Vec<History> {
    let mut script = with_accounts(realm);
    script.module("mine", "a1", "M1", 1);
    script.module("his", "a1", "M9", 1);
    let captured = [("mine", Allow), ("his", Allow)];
    let mut told = vec![asked(&script, mode, "an account's only signing key", &captured)];
    script.revoke_all("a1");
    script.at(script.clock().plus(Time::DAY));
    list(&mut script, "L2", "S1", "A1", &["a2"]);
    script.module("mine again", "a2", "M1", 1);
    let healed = [("mine", Deny), ("his", Deny), ("L2", Allow), ("mine again", Allow), ("L1", Deny)];
    told.push(asked(&script, mode, "the same, healed by another listing", &healed));
    told
}

/// A signing key and the account's own side take its listing; another signing key lists it again, and a revocation
/// naming the log spares what was there before.
#[must_use]
pub fn a_listing(realm: Realm, mode: Mode) -> Vec<History> {
    let founded = |own: &[&str]| {
        let mut script = realm.founded();
        list(&mut script, "L1", "S1", "A1", own);
        script
    };
    let taken = |script: &mut Script, by: &[&str]| {
        script.at(Time::days(2));
        let listing = script.account("LT", "S1", "A1", &["ax".to_owned()]);
        for hand in by.iter().chain(&["ax"]) {
            script.countersign(hand, &listing);
        }
        script.module("his", "ax", "M9", 1);
    };
    let mut told = Vec::new();
    for (own, hands, captured) in [
        (["a1"].as_slice(), ["A1"].as_slice(), Allow),
        (&["a1", "a2", "a3"], &["a1", "a2"], Allow),
        (&["a1", "a2", "a3"], &["a1"], Deny),
        (&["a1", "a2"], &["a1"], Deny),
        (&["a1"], &[], Deny),
    ] {
        let mut script = founded(own);
        let before = i64::try_from(script.statements().len()).unwrap_or(0);
        taken(&mut script, hands);
        let owners = if captured == Allow { Deny } else { Allow };
        let queries = [("LT", captured), ("his", captured), ("L1", owners)];
        told.push(asked(&script, mode, "a signing key and a part of the account's side", &queries));
        if captured == Deny || realm.signing_keys < 2 {
            continue;
        }

        let mut spared = script.clone();
        let log = Some(Survivors { size: before, root: None });
        spared.revoke("S1", Target::All(Key::from("S1")), log);
        let queries = [("LT", Deny), ("his", Deny), ("L1", Allow)];
        let mut history = asked(&spared, mode, "the same, revoked naming the log", &queries);
        if mode == Mode::Stateless {
            history.log.clone_from(&history.supplied);
            history.proofs = vec!["L1".to_owned()];
        }
        told.push(history);

        script.revoke_all("S1");
        script.at(Time::days(3));
        list(&mut script, "L2", "S2", "A1", &["a7"]);
        let healed = [("LT", Deny), ("his", Deny), ("L2", Allow)];
        told.push(asked(&script, mode, "the same, listed again by another signing key", &healed));
    }
    told
}

/// Any one destroyed key, and all signing keys together, are healed by one token.
#[must_use]
pub fn destroyed(realm: Realm, mode: Mode) -> Vec<History> {
    let all = realm.keys();
    let each = all.iter().map(|key| vec![key.clone()]);
    let mut told = Vec::new();
    for gone in each.chain([realm.signers()]) {
        let left: Vec<String> = all.iter().filter(|key| !gone.contains(key)).cloned().collect();
        let issuer = if gone.iter().any(|key| key == IDENTITY) { NEXT } else { IDENTITY };
        let mut script = with_accounts(realm);
        succeed(&mut script, "T1", issuer, &joined(&[HEALERS], &[]), "I3", &left);
        list(&mut script, "LH", HEALERS, "A7", &[]);
        told.push(asked(&script, mode, "destroyed keys", &[("T1", Allow), ("LH", Allow), (PIN, Deny)]));
    }
    told
}

/// Founds a realm with an account under the first signing key, and one under the last, which is another if there are
/// two.
fn with_accounts(realm: Realm) -> Script {
    let mut script = realm.founded();
    list(&mut script, "L1", "S1", "A1", &["a1"]);
    if realm.signing_keys > realm.threshold() {
        let last = format!("S{}", realm.signing_keys);
        list(&mut script, "LN", &last, "A2", &[]);
    }
    script
}

/// What holds for the account under the last signing key: without it there is none.
fn untouched(realm: Realm) -> crate::succession::Expect {
    if realm.signing_keys > realm.threshold() { Allow } else { Deny }
}

/// Lets some signing keys take every other one's listing back.
fn strike(script: &mut Script, realm: Realm, voters: &[String]) {
    for voter in voters {
        for struck in realm.signers().iter().filter(|key| *key != voter) {
            let edge = Target::Edge { issuer: Key::from(IDENTITY), subject: Key::from(struck.as_str()) };
            script.revoke(voter, edge, None);
        }
    }
}
