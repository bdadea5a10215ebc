//! The cases of `vectors/ucan/manifest.json`, as far as bytes alone decide them.

use std::collections::BTreeSet;

use greatseal_core::{Cid, Code};
use greatseal_testkit::vectors::{Codes, Expected, Folder};
use greatseal_token::ucan::container::{self, Encoding};
use greatseal_token::ucan::{self, Ucan};
use serde::Deserialize;

use crate::tokens::{base64, decoded, holds};

/// Reasons for which a token is no token; the others need a chain.
const OF_BYTES: [&str; 8] = [
    "Canonical",
    "CommandSyntax",
    "Envelope",
    "IntegerRange",
    "PayloadTag",
    "Schema",
    "Schema (strict; peers differ: iso accepts, rs rejects in delegations)",
    "Varsig",
];

#[derive(Deserialize)]
struct Manifest {
    cases: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    kind: String,
    expect: Expected,
    reason: String,
    invocation: Option<String>,
    invocation_cid: Option<String>,
    #[serde(default)]
    proofs: Vec<String>,
    #[serde(default)]
    proof_cids: Vec<String>,
    #[serde(default)]
    revocations: Vec<String>,
    container: Option<String>,
    #[serde(default)]
    tokens: Vec<String>,
    token: Option<String>,
}

fn cases() -> Vec<Entry> {
    let manifest: Manifest = Folder::open("ucan").json("manifest.json");
    assert_eq!(manifest.cases.len(), 127);
    manifest.cases
}

/// Returns the tokens of a case and the CIDs that the manifest gives for them.
fn tokens(case: &Entry) -> Vec<(Vec<u8>, Option<Cid>)> {
    let cid = |text: &String| Cid::parse(text).unwrap();
    assert_eq!(case.proofs.len(), case.proof_cids.len(), "{}", case.id);
    let invocation = case.invocation.iter().zip(&case.invocation_cid);
    let named = invocation.chain(case.proofs.iter().zip(&case.proof_cids));
    let nameless = case.revocations.iter().map(|token| (base64(token), None));
    named.map(|(token, name)| (base64(token), Some(cid(name)))).chain(nameless).collect()
}

#[test]
fn what_is_a_token_decodes_and_what_is_none_is_refused_for_its_reason() {
    let codes = Codes::load();
    let (mut refused, mut unknown_operators) = (0, 0);
    for case in cases() {
        let of_bytes = OF_BYTES.contains(&case.reason.as_str());
        let faults: Vec<_> =
            tokens(&case).iter().filter_map(|(token, _)| ucan::decode(token).err().map(|fault| fault.code())).collect();
        if case.reason == "Policy" && !faults.is_empty() {
            // An operator that nobody knows is refused before anybody asks what it would say.
            assert_eq!(faults, [Code::UcanPolicySyntax], "{}", case.id);
            assert!(codes.gives(&case.reason, Code::UcanPolicySyntax));
            unknown_operators += 1;
            continue;
        }
        if !of_bytes {
            assert!(faults.is_empty(), "{}: {faults:?}", case.id);
            continue;
        }
        assert_eq!(case.expect, Expected::Reject, "{}", case.id);
        assert_eq!(faults.len(), 1, "{}: {faults:?}", case.id);
        assert!(codes.gives(&case.reason, faults[0]), "{}: {:?} for {}", case.id, faults[0], case.reason);
        refused += 1;
    }
    assert_eq!((refused, unknown_operators), (5 + 1 + 7 + 4 + 1 + 7 + 1 + 6, 2));
}

#[test]
fn cids_are_those_of_the_manifest() {
    let mut compared = 0;
    for case in cases() {
        for (token, cid) in tokens(&case) {
            let Some(cid) = cid else { continue };
            assert_eq!(Cid::of(&token), cid, "{}", case.id);
            if let Ok(decoded) = ucan::decode(&token) {
                assert_eq!(decoded.content().aliases().unwrap().cid, cid, "{}", case.id);
                compared += 1;
            }
        }
    }
    assert!(compared > 200, "{compared}");
}

#[test]
fn proofs_are_named_by_their_cids() {
    // Root first, as the cases give them; some name others on purpose.
    let mut same = 0;
    for case in cases().iter().filter(|case| case.kind == "invocation" && case.expect == Expected::Accept) {
        let Some(token) = &case.invocation else { continue };
        let decoded = decoded(&base64(token));
        let Ucan::Invocation(it) = decoded.content() else { panic!("{} is no invocation", case.id) };
        let named: Vec<Cid> = case.proof_cids.iter().map(|text| Cid::parse(text).unwrap()).collect();
        assert!(it.proofs().iter().all(|proof| named.contains(proof)), "{}", case.id);
        same += usize::from(it.proofs() == named);
    }
    assert!(same > 20, "{same}");
}

#[test]
fn signatures_hold_where_a_chain_is_accepted() {
    for case in cases().iter().filter(|case| case.expect == Expected::Accept && case.kind == "invocation") {
        for (token, _) in tokens(case) {
            assert!(holds(&decoded(&token)), "{}", case.id);
        }
    }
}

#[test]
fn every_revocation_says_what_it_takes_back() {
    let mut read = 0;
    for case in cases().iter().filter(|case| case.kind == "revocation") {
        for token in &case.revocations {
            let decoded = decoded(&base64(token));
            let revokes = decoded.content().invocation().and_then(|it| it.revokes());
            assert!(revokes.is_some(), "{}", case.id);
            read += 1;
        }
    }
    assert!(read >= 10, "{read}");
}

#[test]
fn containers_are_read_or_refused() {
    let mut seen = 0;
    for case in cases().iter().filter(|case| case.kind == "container") {
        let bytes = base64(case.container.as_deref().unwrap());
        let read = container::read(&bytes);
        seen += 1;
        if case.expect == Expected::Reject {
            assert!(read.is_err(), "{}", case.id);
            continue;
        }
        let wanted: BTreeSet<Vec<u8>> = case.tokens.iter().map(|token| base64(token)).collect();
        let read = read.unwrap_or_else(|fault| panic!("{}: {fault}", case.id));
        assert_eq!(read.iter().cloned().collect::<BTreeSet<_>>(), wanted, "{}", case.id);
        assert!(read.iter().all(|token| ucan::decode(token).is_ok()), "{}", case.id);
        // What we write is what a sorting peer writes, but for how it compresses.
        let encoding = Encoding::of(&bytes).unwrap();
        let written = container::write(&read, encoding).unwrap();
        if read.is_sorted() && matches!(encoding, Encoding::Raw | Encoding::Base64 | Encoding::Base64Url) {
            assert_eq!(written, bytes, "{}", case.id);
        }
        assert!(container::read(&written).unwrap().is_sorted(), "{}", case.id);
    }
    assert_eq!(seen, 14);
}

#[test]
fn tokens_of_the_builder_that_signs_too_little_are_refused() {
    for case in cases().iter().filter(|case| case.kind == "token") {
        let token = base64(case.token.as_deref().unwrap());
        // Its fields are not those of the specification; were they, its signature would not hold.
        assert!(ucan::decode(&token).map_or(true, |decoded| !holds(&decoded)), "{}", case.id);
    }
}
