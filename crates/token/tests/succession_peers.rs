//! The claim `greatseal` among published wascap tools: they read over it, and lose it when they write again.
//!
//! 0.16.2 is asked here; what 0.6.1, 0.9.2 and 0.11.2 answered stands in `interop/legacy/succession`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::num::NonZeroUsize;

use greatseal_core::deed::{Act, Deed};
use greatseal_core::issue::Signable;
use greatseal_core::key::{Nkey, Spelled};
use greatseal_core::signature::Signature;
use greatseal_core::statement::StatementId;
use greatseal_core::succession::{AccountRule, Commitment, Succession, Terms};
use greatseal_core::supply::Supply;
use greatseal_core::{Code, Decision, Policy, Timestamp, View};
use greatseal_testkit::chain::{AT, TestKey, Token, operator, operator_token};
use greatseal_testkit::codes::denied;
use greatseal_token::deed::{self, DeedText};
use greatseal_token::wascap::{self as ours, Entity, Verifier, pin};
use nkeys::{KeyPair, KeyPairType};
use serde_json::Value;
use wascap::jwt::{Claims, Operator, validate_token};

const READINGS: &str = include_str!("../../../interop/legacy/succession/readings.json");
const VERSIONS: [&str; 4] = ["0.6.1", "0.9.2", "0.11.2", "0.16.2"];

/// Endorses a token with each of some keys.
fn endorsements(of: StatementId, by: &[KeyPair]) -> Vec<Vec<u8>> {
    let endorse = |key: &KeyPair| {
        let signer = Spelled::Nkey(Nkey::parse(&key.public_key()).unwrap());
        let deed = Deed { signer, id: "e".into(), issued_at: Timestamp::from_secs(AT), act: Act::Endorse(of) };
        let request = deed::encode(&deed).unwrap().request();
        let signature: [u8; 64] = key.sign(request.message()).unwrap().try_into().unwrap();
        DeedText::assemble(request.message(), &Signature::new(signature))
    };
    by.iter().map(endorse).collect()
}

/// Asks about a token that a quorum endorses, beside the one that is pinned.
fn ask(pinned: &str, target: &str, by: &[KeyPair]) -> Decision {
    let anchor = pin(&ours::decode(pinned.as_bytes()).unwrap()).unwrap();
    let view = View::new(Policy::Strict, vec![anchor], Timestamp::from_secs(AT));
    let mut verifier = Verifier::new(NonZeroUsize::MIN);
    let target = verifier.read(target.as_bytes()).unwrap();
    let deeds: Vec<_> = endorsements(target.id(), by).iter().map(|text| verifier.read_deed(text).unwrap()).collect();
    let supply = Supply::heap(vec![verifier.read(pinned.as_bytes()).unwrap()]).with_deeds(deeds);
    verifier.decide(vec![target], supply, &view).remove(0)
}

/// Expects that a token is the successor, and that a tool that wrote it again made it none.
#[track_caller]
fn followed_until_written_again(pinned: &str, token: &str, again: &str, by: &[KeyPair]) {
    assert!(matches!(ask(pinned, token, by), Decision::Allow(_)));
    assert!(ours::decode(again.as_bytes()).unwrap().content().succession.is_none());
    assert_eq!(denied(&ask(pinned, again, by)), Code::SuccessionUnknown);
    // And the one that is pinned goes on speaking.
    assert!(matches!(ask(pinned, pinned, by), Decision::Allow(_)));
}

#[test]
fn what_each_version_made_of_the_claim_in_every_place() {
    let committed: Value = serde_json::from_str(READINGS).unwrap();
    let pinned = committed["pinned"].as_str().unwrap();
    let seeds = committed["seeds_TEST_ONLY"].as_array().unwrap();
    let quorum: Vec<KeyPair> =
        seeds[1..3].iter().map(|seed| KeyPair::from_seed(seed.as_str().unwrap()).unwrap()).collect();
    let successors = committed["successors"].as_array().unwrap();
    assert_eq!(successors.len(), 9);
    for successor in successors {
        let (token, before) = (successor["token"].as_str().unwrap(), successor["claim_before"].as_str());
        let decoded = ours::decode(token.as_bytes()).unwrap();
        // We write it last, and read it everywhere.
        let request = ours::encode(decoded.content()).unwrap().request();
        assert_eq!(request.message() == decoded.signed(), before.is_none());
        for version in VERSIONS {
            let reading = &committed["readings_of_each_successor"][version];
            assert_eq!(reading["signature_valid"], true);
            assert_eq!((&reading["expired"], &reading["cannot_use_yet"]), (&false.into(), &false.into()));
            let Entity::Operator(listing) = &decoded.content().entity else { unreachable!() };
            let listed: Vec<String> = listing.signers.iter().flatten().map(ToString::to_string).collect();
            assert_eq!(reading["subject"], listing.subject.to_string());
            assert_eq!(reading["issuer"], decoded.content().issuer.to_string());
            assert_eq!(reading["name"].as_str(), listing.name.as_deref());
            assert_eq!(reading["valid_signers"], Value::from(listed));
            followed_until_written_again(pinned, token, reading["written_again"].as_str().unwrap(), &quorum);
        }
    }
}

/// Writes an operator token with the claim, as every command does.
fn written(seq: u64, prev: Option<StatementId>, identity: &TestKey, signers: &[TestKey]) -> Token {
    let mut claims = operator_token(identity).lists(signers).claims().clone();
    let next = Some(Commitment::to(operator("peers next").nkey().raw()));
    let terms = Terms { seq, prev, threshold: 2, next, pair: true, accounts: AccountRule::Countersigned };
    let raw: Vec<_> = signers.iter().map(|key| *key.nkey().raw()).collect();
    claims.succession = Some(Succession::new(terms, identity.nkey().raw(), &raw).unwrap());
    let request = ours::encode(&claims).unwrap().request();
    Token::new(ours::Claims::assemble(request.message(), &identity.answer(&request)))
}

#[test]
fn the_published_crate_reads_over_the_claim_and_loses_it() {
    let identity = operator("peers identity");
    let signers = ["peers one", "peers two", "peers three"].map(operator);
    let pair = |key: &TestKey| KeyPair::new_from_raw(KeyPairType::Operator, key.seed()).unwrap();
    let pinned = written(0, None, &identity, &signers);
    let token = written(1, Some(pinned.decoded().id()), &identity, &signers);
    for token in [&pinned, &token] {
        assert!(validate_token::<Operator>(token.text()).unwrap().signature_valid);
    }
    let read = Claims::<Operator>::decode(token.text()).unwrap();
    assert_eq!(read.subject, identity.to_string());
    let listed = read.metadata.as_ref().and_then(|listing| listing.valid_signers.clone()).unwrap();
    assert_eq!(listed, signers.each_ref().map(ToString::to_string));
    let again = read.encode(&pair(&identity)).unwrap();
    assert!(validate_token::<Operator>(&again).unwrap().signature_valid);
    followed_until_written_again(pinned.text(), token.text(), &again, &[pair(&signers[0]), pair(&signers[2])]);
}
