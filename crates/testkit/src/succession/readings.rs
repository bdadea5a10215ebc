//! Readings of the rules that no labelled history distinguishes, as histories with verdicts.
//!
//! [`stated`] holds what the texts say. [`chosen`] holds what they leave open and this reference had to decide: a
//! verifier that decides otherwise breaks no word of them, but then the two differ on random histories.

use super::Expect::{Allow, Deny};
use super::script::Script;
use super::theft::{IDENTITY, NEXT, PIN, Realm, asked, joined, list, succeed, terms};
use super::{Anchor, Expect, History, Key, Mode, Target, Time};

const THREE: Realm = Realm { signing_keys: 3 };

/// What the texts say.
#[must_use]
pub fn stated() -> Vec<History> {
    let mut told = operators_stated();
    told.extend(accounts_stated());
    told.extend(modules_stated());
    told
}

/// What the texts leave open.
#[must_use]
pub fn chosen() -> Vec<History> {
    let mut told = operators_chosen();
    told.extend(accounts_chosen());
    told.extend(modules_chosen());
    told
}

fn operators_stated() -> Vec<History> {
    let mut told = Vec::new();

    let mut script = Script::default();
    let impossible = super::Terms { threshold: 4, ..terms(0, None, 3, NEXT) };
    script.operator(PIN, IDENTITY, &THREE.signers(), Some(impossible));
    list(&mut script, "L1", "S1", "A1", &[]);
    told.push(both("a threshold above the number of signing keys", &script, &[(PIN, Deny), ("L1", Deny)]));

    let mut script = Script::default();
    script.operator(PIN, IDENTITY, &THREE.signers(), Some(terms(0, None, 3, NEXT)));
    script.operator("T2", IDENTITY, &THREE.signers(), Some(terms(2, Some(PIN), 3, NEXT)));
    list(&mut script, "L1", "S1", "A1", &[]);
    let queries = [(PIN, Deny), ("T2", Deny), ("L1", Deny)];
    told.push(both("a line with a gap under a bare key", &script, &queries).into_iter().map(bare).collect());

    let mut script = THREE.founded();
    script.revoke_all("S2");
    succeed(&mut script, "T1", IDENTITY, &THREE.signers(), "I3", &THREE.quorum());
    list(&mut script, "L1", "S1", "A1", &[]);
    let queries = [(PIN, Allow), ("T1", Deny), ("L1", Allow)];
    told.push(vec![asked(
        &script,
        Mode::Snapshot,
        "in a log a successor that never had a rank voids nothing",
        &queries,
    )]);

    let mut script = THREE.founded();
    list(&mut script, "L1", "S1", "A1", &[]);
    script.at(Time::days(2));
    script.revoke_all("S1");
    let mut early = asked(&script, Mode::Stateless, "a revocation of the future", &[("L1", Allow)]);
    early.now = Time::days(1);
    told.push(vec![early]);
    told.concat()
}

fn operators_chosen() -> Vec<History> {
    let mut told = Vec::new();

    let mut script = THREE.founded();
    script.timed(|times| times.nbf = Some(Time::days(5)));
    list(&mut script, "L1", "S1", "A1", &[]);
    told.push(both("a pinned token that is not valid yet", &script, &[(PIN, Deny), ("L1", Deny)]));

    let mut script = THREE.founded();
    script.operator("T1", IDENTITY, &THREE.signers(), Some(terms(1, Some(PIN), 3, NEXT)));
    script.timed(|times| times.nbf = Some(Time::days(5)));
    list(&mut script, "L1", "S1", "A1", &[]);
    let queries = [(PIN, Deny), ("T1", Deny), ("L1", Deny)];
    told.push(
        both("under a bare key a last token that is not valid yet speaks for nobody", &script, &queries)
            .into_iter()
            .map(bare)
            .collect(),
    );

    let mut script = THREE.founded();
    script.at(Time::days(700));
    script.operator("T1", IDENTITY, &THREE.signers(), Some(terms(1, Some(PIN), 3, NEXT)));
    list(&mut script, "L1", "S1", "A1", &[]);
    let queries = [("T1", Allow), ("L1", Allow)];
    told.push(
        both("under a bare key nothing is followed, so 400 days end nothing", &script, &queries)
            .into_iter()
            .map(bare)
            .collect(),
    );

    let mut script = Script::default();
    for (id, life) in [("P0", 100), ("P1", 1)] {
        script.operator(id, IDENTITY, &THREE.signers(), None);
        script.timed(|times| times.exp = Some(Time::days(life)));
    }
    list(&mut script, "L1", "S1", "A1", &[]);
    let queries = [("L1", Deny), ("P0", Allow), ("P1", Deny)];
    told.push(
        both("of two plain tokens of one instant one has expired", &script, &queries).into_iter().map(bare).collect(),
    );

    let mut script = THREE.founded();
    succeed(&mut script, "T1", IDENTITY, &THREE.signers(), "I3", &THREE.quorum());
    script.revoke_all("S2");
    list(&mut script, "L1", "S1", "A1", &[]);
    let mut beyond =
        asked(&script, Mode::Snapshot, "what is supplied beyond a log is heard one by one", &[("T1", Allow)]);
    beyond.supplied = beyond.log.split_off(1);
    told.push(vec![beyond]);
    told.concat()
}

fn accounts_stated() -> Vec<History> {
    let mut told = Vec::new();

    let mut script = THREE.founded();
    script.account("LT", "S1", "A1", &joined(&["ax"], &[]));
    script.countersign("ax", "LT");
    script.at(Time::days(1));
    script.account("LU", "S1", "A1", &joined(&["ay"], &[]));
    script.countersign("ax", "LU");
    let queries = [("LT", Deny), ("LU", Deny)];
    told.push(both("a listing that the account's side never countersigned carries nothing", &script, &queries));

    let mut script = THREE.founded();
    list(&mut script, "L1", "S1", "A1", &["a1"]);
    list(&mut script, "L2", "S2", "A1", &["a2"]);
    let queries = [("L1", Deny), ("L2", Allow)];
    told.push(vec![asked(&script, Mode::Snapshot, "in a log a listing of the same instant replaces", &queries)]);
    let queries = [("L1", Allow), ("L2", Allow)];
    told.push(vec![asked(&script, Mode::Stateless, "without a log both are current", &queries)]);

    let mut script = THREE.founded();
    list(&mut script, "L1", "S1", "A1", &["a1"]);
    script.at(Time::days(1));
    let listing = script.account("L2", "S1", "A1", &joined(&["a2"], &[]));
    script.timed(|times| times.nbf = Some(Time::days(9)));
    script.countersign("A1", &listing);
    told.push(both("a listing that is not valid yet supersedes nothing", &script, &[("L1", Allow), ("L2", Deny)]));
    told.concat()
}

fn accounts_chosen() -> Vec<History> {
    let mut told = Vec::new();

    // The owner drops S1 without revoking it; what S1 listed lives, though it no longer speaks.
    let mut script = THREE.founded();
    list(&mut script, "L0", "S2", "A1", &["a0"]);
    script.at(Time::days(1));
    list(&mut script, "L1", "S1", "A1", &["a1"]);
    succeed(&mut script, "T1", IDENTITY, &joined(&["S2", "S3"], &[]), NEXT, &THREE.signers());
    script.at(Time::days(2));
    for (id, hand) in [("L2", "a1"), ("L3", "a0")] {
        let listing = script.account(id, "S3", "A1", &joined(&["a3"], &[]));
        script.countersign(hand, &listing);
    }
    let queries = [("L2", Allow), ("L3", Deny), ("L1", Deny)];
    told.push(both("the newest earlier listing counts, though its issuer is listed no more", &script, &queries));

    // An old listing comes to light after a newer one.
    let mut script = THREE.founded();
    script.at(Time::days(2));
    list(&mut script, "L1", "S1", "A1", &["a1"]);
    script.at(Time::days(1));
    list(&mut script, "L0", "S1", "A1", &["a0"]);
    script.at(Time::days(3));
    for (id, hand) in [("L2", "a0"), ("L3", "a1")] {
        let listing = script.account(id, "S1", "A1", &joined(&["a3"], &[]));
        script.countersign(hand, &listing);
    }
    let title = "in a log too the newest earlier listing is that of the newest instant";
    told.push(vec![asked(&script, Mode::Snapshot, title, &[("L2", Deny), ("L3", Allow), ("L0", Deny)])]);

    let mut script = THREE.founded();
    list(&mut script, "L1", "S1", "A1", &["a1"]);
    list(&mut script, "L2", "S2", "A1", &["a2"]);
    script.module("m1", "a1", "M1", 1);
    script.module("m2", "A1", "M1", 1);
    let title = "two listings of one instant without a common key: nobody issues, the identity neither";
    told.push(vec![asked(&script, Mode::Stateless, title, &[("m1", Deny), ("m2", Deny)])]);
    told.concat()
}

fn modules_stated() -> Vec<History> {
    let owned = |title: &str, kill: &dyn Fn(&mut Script)| {
        let mut script = two_accounts();
        script.module("m1", "a1", "M1", 1);
        script.countersign("M1", "m1");
        kill(&mut script);
        script.module("mE", "ab1", "M1", 1);
        script.countersign("M1", "mE");
        asked(&script, Mode::Snapshot, title, &[("m1", Deny), ("mE", Deny)])
    };
    let mut edge = two_accounts();
    edge.module("m1", "a1", "M1", 1);
    edge.module("m2", "a1", "M2", 1);
    edge.revoke("a1", Target::Edge { issuer: Key::from("a1"), subject: Key::from("M1") }, None);
    let mut told = vec![
        owned("a module keeps its owner when its publication dies by name", &|script| {
            drop(script.revoke("a1", Target::Statement("m1".to_owned()), None));
        }),
        owned("a module keeps its owner when the key that published it dies", &|script| {
            drop(script.revoke_all("a1"));
        }),
        owned("a module keeps its owner when its account dies", &|script| drop(script.revoke_all("S1"))),
    ];
    told.extend(both("a module's edge is revoked by its issuer", &edge, &[("m1", Deny), ("m2", Allow)]));
    told
}

fn modules_chosen() -> Vec<History> {
    let mut told = Vec::new();

    let mut script = two_accounts();
    script.module("mE", "ab1", "M1", 1);
    script.module("m1", "a1", "M1", 1);
    script.countersign("M1", "m1");
    script.countersign("M1", "mE");
    let title = "the owner is whose publication was complete first, not published first";
    told.push(vec![asked(&script, Mode::Snapshot, title, &[("m1", Allow), ("mE", Deny)])]);

    let mut script = two_accounts();
    script.module("m1", "a1", "M1", 1);
    script.at(Time::days(1));
    script.module("mE", "ab1", "M1", 9);
    let queries = [("m1", Allow), ("mE", Allow)];
    told.push(both("a module without an owner: one account replaces nothing of another's", &script, &queries));

    let mut script = two_accounts();
    script.module("m1", "a1", "M1", 1);
    script.at(Time::days(1));
    script.module("m2", "a1", "M1", 2);
    let title = "without a log a newer module replaces nothing";
    told.push(vec![asked(&script, Mode::Stateless, title, &[("m1", Allow), ("m2", Allow)])]);
    let title = "in a log it does";
    told.push(vec![asked(&script, Mode::Snapshot, title, &[("m1", Deny), ("m2", Allow)])]);

    let mut script = two_accounts();
    script.module("m1", "a1", "M1", 9);
    script.at(Time::days(1));
    list(&mut script, "L2", "S1", "A1", &["a2"]);
    script.module("m2", "a2", "M1", 1);
    told.push(both("a module by a key that is listed no more sets no floor", &script, &[("m1", Deny), ("m2", Allow)]));

    let mut script = two_accounts();
    script.at(Time::days(1));
    let listing = script.account("L2", "S2", "A2", &joined(&["a1"], &[]));
    script.timed(|times| times.exp = Some(Time::days(2)));
    script.countersign("A2", &listing);
    script.countersign("a1", &listing);
    script.module("m1", "a1", "M1", 1);
    let title = "an account whose listing has expired takes no key from another";
    told.push(both(title, &script, &[("m1", Allow), ("L2", Deny)]));
    told.concat()
}

/// Founds a realm with two accounts under two signing keys.
fn two_accounts() -> Script {
    let mut script = THREE.founded();
    list(&mut script, "L1", "S1", "A1", &["a1"]);
    list(&mut script, "LE", "S2", "A2", &["ab1"]);
    script
}

/// Asks both kinds of verifier.
fn both(title: &str, script: &Script, queries: &[(&str, Expect)]) -> Vec<History> {
    [Mode::Stateless, Mode::Snapshot].map(|mode| asked(script, mode, title, queries)).into()
}

/// Trusts the bare key of the identity instead of a token.
fn bare(history: History) -> History {
    History { anchor: Anchor::Key(Key::from(IDENTITY)), ..history }
}
