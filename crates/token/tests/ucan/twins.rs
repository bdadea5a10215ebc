//! Both signatures that anybody can write over one ECDSA statement: two CIDs, one statement, each known by both.

use greatseal_core::ecdsa;
use greatseal_core::issue::Signable as _;
use greatseal_core::statement::Statement as _;
use greatseal_testkit::vectors::Folder;
use greatseal_token::ucan::UcanEnvelope;
use serde_json::Value as Json;

use crate::tokens::{base64, decoded, holds};

#[test]
fn a_statement_is_known_under_both_names() {
    let manifest: Json = Folder::open("ucan").json("manifest.json");
    let mut algorithms = Vec::new();
    for case in manifest["cases"].as_array().unwrap() {
        let texts = case["proofs"].as_array().into_iter().flatten().chain(case.get("invocation"));
        let ours = case["id"].as_str().unwrap().starts_with("alg-");
        for text in texts.filter(|_| ours) {
            let one = decoded(&base64(text.as_str().unwrap()));
            let names = one.content().aliases().unwrap();
            let signer = one.content().signer();
            let Some(signature) = ecdsa::twin(&signer, one.signature()) else {
                assert_eq!((signer.algorithm(), names.twin), ("Ed25519", None));
                continue;
            };
            let other = decoded(&UcanEnvelope::assemble(one.signed(), &signature));
            let others = other.content().aliases().unwrap();
            assert_ne!(one.received(), other.received());
            assert_eq!((names.cid, names.twin), (others.twin.unwrap(), Some(others.cid)));
            assert_eq!(one.id(), other.id());
            assert!(holds(&one) && holds(&other));
            algorithms.push(signer.algorithm());
        }
    }
    algorithms.sort_unstable();
    algorithms.dedup();
    assert_eq!(algorithms, ["P-256", "secp256k1"]);
}
