//! `custody doctor` and `custody bench` on a real server of OpenBao.
#![cfg(feature = "vault")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests write files, start a server and the command"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests: a failure is a panic"
)]

mod support;

use serde_json::{Value, json};
use support::bao::Bao;
use support::{Place, contains};

/// A realm with a key of each algorithm in a server, reached with a token that may do all.
fn realm() -> (Place, Bao) {
    let (place, bao) = (Place::new(), Bao::on_disk());
    place.run(["init", "acme"]).exits(0);
    let token = place.write("token", bao.root_token());
    support::private(&token);
    let at = format!("openbao://?address={}&token-file={}", bao.address(), token.display());
    place.seal(&["key", "create", "payments", "--role", "account", "--at", &at]).exits(0);
    place.seal(&["key", "create", "upload", "--role", "user", "--algorithm", "p256", "--at", &at]).exits(0);
    (place, bao)
}

/// What the doctor finds about the key `payments`, by kind.
#[track_caller]
fn finds(place: &Place, expected: &[&str]) -> Value {
    let run = place.seal(&["custody", "doctor", "payments", "--timeout", "2"]).exits(7);
    let answer = run.json();
    let kinds: Vec<&str> =
        answer["findings"].as_array().unwrap().iter().map(|finding| finding["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, expected, "{answer}");
    answer
}

#[test]
fn the_doctor_finds_what_happened_to_a_server() {
    let (place, mut bao) = realm();
    // A token that may do all, and a server that could record all and does not.
    let answer = finds(&place, &["rights", "audit-off"]);
    assert!(answer["findings"][0]["what"].as_str().unwrap().contains("export"), "{answer}");
    let key = &answer["keys"][0];
    assert_eq!((&key["state"], &key["origin"]), (&json!("signs"), &json!("generated-inside")));
    assert_eq!(key["version"], json!({ "pinned": 1, "latest": 1, "least": 1 }));
    assert_eq!((&key["extractable"], &key["sealed_revocation"]), (&json!("configurable"), &json!("kept")));
    // The other algorithm signs the same probe, and needs no revocation of its own.
    let upload = place.seal(&["custody", "doctor", "upload"]).exits(7).json();
    assert_eq!(upload["keys"][0]["state"], "signs");
    assert_eq!(upload["keys"][0]["sealed_revocation"], "not-needed");

    // A token that may only sign, and a record of all uses.
    let least = "path \"transit/sign/acme.payments\" { capabilities = [\"update\"] }\n\
         path \"transit/sign/acme.payments/*\" { capabilities = [\"update\"] }\n\
         path \"transit/keys/acme.payments\" { capabilities = [\"read\"] }\n\
         path \"sys/capabilities-self\" { capabilities = [\"update\"] }\n";
    let policy = place.write("least.hcl", least);
    bao.bao(&["policy", "write", "least", policy.to_str().unwrap()]);
    let token = bao.bao(&["token", "create", "-policy=least", "-field=token"]);
    support::private(&place.write("token", token.trim()));
    let run = place.seal(&["custody", "doctor", "payments"]).exits(0);
    assert_eq!(run.json()["keys"][0]["rights"], json!({ "beyond_signing": [] }), "{run}");
    assert!(!contains(&run.all(), token.trim().as_bytes()));

    bao.bao(&["write", "-f", "transit/keys/acme.payments/rotate"]);
    finds(&place, &["version-rotated"]);
    bao.bao(&["write", "transit/keys/acme.payments/config", "min_decryption_version=2"]);
    finds(&place, &["version-retired"]);
    bao.bao(&["write", "transit/keys/acme.payments/config", "min_decryption_version=1"]);

    bao.signal("-STOP");
    let hanging = finds(&place, &["hangs"]);
    assert!(hanging["findings"][0]["what"].as_str().unwrap().ends_with("did not answer within 2 s"), "{hanging}");
    bao.signal("-CONT");
    bao.kill();
    finds(&place, &["unreachable"]);
    bao.launch();
    finds(&place, &["place-sealed"]);
}

#[test]
fn the_bench_measures_a_server() {
    let (place, bao) = realm();
    let words = ["custody", "bench", "payments", "upload", "--quick", "--rate", "1"];
    let answer = place.seal(&words).exits(0).json();
    drop(bao);
    for key in answer["keys"].as_array().unwrap() {
        assert_eq!(key["failure"], Value::Null, "{key}");
        let sizes: Vec<_> = key["batches"].as_array().unwrap().iter().map(|batch| batch["size"].clone()).collect();
        assert_eq!(sizes, [10, 100]);
        let outages: Vec<_> =
            key["outages"].as_array().unwrap().iter().map(|it| (it["kind"].as_str(), it["code"].as_str())).collect();
        assert_eq!(
            outages,
            [(Some("refused"), Some("GS-CUSTODY-UNREACHABLE")), (Some("silent"), Some("GS-CUSTODY-DEADLINE"))]
        );
        assert_eq!(key["running"]["outage"], json!({ "wanted": 30, "issued": 30 }));
        assert_eq!(key["direct"]["outage"], json!({ "wanted": 30, "issued": 0 }));
    }
}
