//! Decisions: whatever is allowed is allowed by the rules, read a second time, in any order of supply.
//!
//! The input writes a small realm: who signs what about whom, when, and what was damaged on the
//! way. The rules (`rules.rs`) are read from the provenance rules 1 to 7 of the format and know
//! only that realm, neither tokens nor keys nor signatures.

mod realm;
mod rules;

use std::num::NonZeroUsize;

use greatseal_core::anchor::Anchored;
use greatseal_core::decide::{Allow, Candidate, Notice};
use greatseal_core::key::Spelled;
use greatseal_core::{Decision, StatementId, View};
use greatseal_token::wascap::module::{ModuleFile, embed, strip};
use greatseal_token::wascap::{Claims, Verifier};

pub use realm::{ANCHORS, Anchor, KEYS, Kind, NOW, Offset, Record, write};

use crate::input::Input;
use realm::{FILES, Realm};
use rules::{Rules, Verdict};

/// Takes a realm and questions about it.
pub fn check(data: &[u8]) {
    let realm = Realm::read(&mut Input::new(data));
    if realm.statements.is_empty() {
        return;
    }
    let view = realm.view();
    let rules = Rules::new(&realm);
    let order: Vec<usize> = (0..realm.statements.len()).collect();

    let mut verifier = verifier();
    let decisions = ask(&mut verifier, &realm, &order, &view);
    for (target, decision) in decisions.iter().enumerate() {
        judge(&realm, &rules, target, decision);
    }
    // Asked again in another order, of tokens that are remembered now.
    let turned = realm.reordered();
    assert_same(&turned, &decisions, &ask(&mut verifier, &realm, &turned, &view), "in another order");

    let chosen = realm.chosen;
    let others: Vec<usize> = turned.into_iter().filter(|other| *other != chosen).collect();
    let alone = self::verifier().decide(vec![realm.candidate(chosen)], realm.candidates(&others), &view);
    assert_same(&[chosen], &decisions, &alone, "when asked alone");

    if realm.statements[chosen].kind == Kind::Module {
        module(&mut verifier, &realm, chosen, &others, &view, &decisions[chosen]);
    }
}

fn verifier() -> Verifier {
    Verifier::new(NonZeroUsize::MIN)
}

fn ask(verifier: &mut Verifier, realm: &Realm, order: &[usize], view: &View) -> Vec<Decision> {
    let candidates = recall(verifier, realm, order);
    verifier.decide(candidates, Vec::new(), view)
}

fn recall(verifier: &mut Verifier, realm: &Realm, order: &[usize]) -> Vec<Candidate<Claims>> {
    let read = |index: &usize| verifier.read(&realm.statements[*index].token).expect("what is in the realm decodes");
    order.iter().map(read).collect()
}

fn assert_same(order: &[usize], expected: &[Decision], found: &[Decision], when: &str) {
    assert_eq!(order.len(), found.len());
    for (index, found) in order.iter().zip(found) {
        match (&expected[*index], found) {
            (Decision::Allow(expected), Decision::Allow(found)) => {
                assert_eq!(subjects(expected), subjects(found), "another chain {when}");
                assert_eq!(expected.anchored(), found.anchored(), "anchored otherwise {when}");
            }
            (Decision::Deny(_), Decision::Deny(_)) => {}
            (expected, found) => panic!("token {index} is decided otherwise {when}: {expected:?} or {found:?}"),
        }
    }
}

fn subjects(allow: &Allow) -> Vec<String> {
    allow.chain().iter().map(|link| link.subject.to_string()).collect()
}

/// Compares a decision with the rules.
fn judge(realm: &Realm, rules: &Rules<'_>, target: usize, decision: &Decision) {
    let verdict = rules.decide(target);
    match decision {
        Decision::Allow(allow) => {
            assert_ne!(verdict, Verdict::Denied, "token {target} is allowed against the rules: {allow:?}\n{realm:?}");
            chain(realm, rules, target, allow);
        }
        Decision::Deny(deny) => {
            assert_ne!(verdict, Verdict::Allowed, "token {target} is denied against the rules: {deny:?}\n{realm:?}");
            assert!(deny.failures().count() > 0);
        }
    }
}

/// Walks the chain that was given as the reason.
fn chain(realm: &Realm, rules: &Rules<'_>, target: usize, allow: &Allow) {
    // Several tokens have one id when only their signatures differ; a good one is what is meant.
    let find = |id: StatementId| {
        let mut found = (0..realm.statements.len()).filter(|index| realm.statements[*index].id == id);
        let first = found.clone().next().expect("a link is one of the tokens");
        found.find(|index| rules.speaks(*index)).unwrap_or(first)
    };
    let links: Vec<usize> = allow.chain().iter().map(|link| find(link.id)).collect();
    assert_eq!(realm.statements[*links.last().expect("a chain has links")].id, realm.statements[target].id);
    for (link, index) in allow.chain().iter().zip(&links) {
        let statement = &realm.statements[*index];
        assert!(rules.speaks(*index), "a link does not speak\n{realm:?}");
        let spelled = (Spelled::Nkey(statement.issuer.nkey()), Spelled::Nkey(statement.subject.nkey()));
        assert_eq!((link.issuer, link.subject), spelled);
        assert_eq!(link.expires.map(|at| at.as_secs()), statement.expires);
    }
    for pair in links.windows(2) {
        assert!(rules.may_issue(pair[0], pair[1]), "{} may not issue {}\n{realm:?}", pair[0], pair[1]);
    }
    let pinned = allow.anchored() == Anchored::Token;
    assert!(rules.is_anchored(links[0], pinned), "the first link is not trusted\n{realm:?}");
    if !realm.relaxed {
        assert!(allow.notices().iter().all(|notice| matches!(notice, Notice::AccountWithoutSigners { .. })));
    }
}

/// A module is allowed if its token is and the file is the one it was issued for.
fn module(verifier: &mut Verifier, realm: &Realm, chosen: usize, others: &[usize], view: &View, decision: &Decision) {
    let statement = &realm.statements[chosen];
    for (index, file) in FILES.iter().enumerate() {
        let stripped = strip(file).expect("it is well-formed");
        let signed = embed(stripped, &String::from_utf8_lossy(&statement.token)).expect("it is small");
        let file = ModuleFile::read(&signed).expect("it was just written");
        let with = recall(verifier, realm, others);
        let allowed = matches!(verifier.decide_module(&file, with, view), Decision::Allow(_));
        let expected = matches!(decision, Decision::Allow(_)) && statement.file == index;
        assert_eq!(allowed, expected, "file {index}\n{realm:?}");
    }
}
