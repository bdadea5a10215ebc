//! Keys of UCANs in a service that knows P-256: a signing principal and a service's identity, from the
//! delegation to the call that somebody accepts.
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

use greatseal_core::key::Role;
use support::Place;
use support::bao::Bao;
use support::services::Wallet;

fn at(place: &Place, bao: &Bao) -> String {
    let token = place.write("token", bao.root_token());
    support::private(&token);
    format!("openbao://?address={}&token-file={}", bao.address(), token.display())
}

#[test]
fn p256_keys_sign_for_services() {
    let (place, bao) = (Place::new(), Bao::on_disk());
    place.run(["init", "acme"]).exits(0);
    place.keys_at_hand(Role::User, &["root"]);
    let at = at(&place, &bao);
    let p256 = |name: &str| {
        let made = place.seal(&["key", "create", name, "--role", "user", "--at", &at, "--algorithm", "p256"]).exits(0);
        let key = made.json()["keys"][0].clone();
        assert_eq!((&key["algorithm"], &key["role"]), (&"P-256".into(), &serde_json::Value::Null), "{key}");
        assert!(key["did"].as_str().unwrap().starts_with("did:key:zDn"), "{key}");
        key["did"].as_str().unwrap().to_owned()
    };
    let principal = p256("root-signing-1");
    let identity = p256("upload");
    let root = place.seal(&["root", "create"]).exits(0).json();
    assert_eq!(root["signing_principals"][0]["did"], principal.as_str(), "{root}");
    let made = place.seal(&["service", "create", "upload", "--command", "/files/read"]).exits(0).json();
    assert_eq!(made["identity"], identity.as_str());

    // One signature of the identity, in the server, for a running key that signs from then on.
    let wallet = Wallet::new();
    let file = wallet.request(&place, "upload");
    let rotated = place.seal(&["service", "rotate", "upload", "--for", &file, "--yes"]).exits(0).json();
    assert_eq!((&rotated["tokens"], &rotated["identity"]), (&1.into(), &identity.clone().into()));
    let states = place.states();
    assert!(states.iter().all(|(_, state)| state == "current") && states.len() == 3, "{states:?}");

    // Taken back by the principal above, which is there too.
    let name = rotated["delegations"][0]["name"].as_str().unwrap().to_owned();
    place.seal(&["delegation", "revoke", &name, "--confirm", &name]).exits(0);
    assert_eq!(place.state(&name), "revoked");

    let listed = place.look(&["key", "list"]);
    assert!(listed.to_string().contains("openbao://acme.root-signing-1?"), "{listed}");
}

#[test]
fn a_p256_key_is_refused_where_only_ed25519_is_taken() {
    let (place, bao) = (Place::new(), Bao::on_disk());
    place.realm();
    place.account("payments");
    let at = at(&place, &bao);
    let words = ["key", "create", "odd", "--role", "account", "--at", &at, "--algorithm", "p256"];
    place.seal(&words).exits(3).says("GS-KEY-ROLE");
    place.seal(&["key", "create", "odd", "--role", "user", "--at", &at, "--algorithm", "p256"]).exits(0);
    place.seal(&["account", "signing-key", "add", "payments", "odd"]).says("GS-NAME-TAKEN");
    place.seal(&["key", "move", "payments-signing-1", "odd"]).says("GS-KEY-ROLE");
    // A key that is there is adopted by what the place says of it, and only as what it is.
    let wanted = format!("openbao://acme.odd?{}", at.split_once('?').unwrap().1);
    place.seal(&["key", "pin", "again", "--role", "account", "--at", &wanted]).says("GS-KEY-ROLE");
    place.seal(&["key", "pin", "again", "--at", &wanted]).says("GS-NAME-TAKEN");
    place.seal(&["key", "retire", "odd", "--confirm", "odd"]).exits(0);
}
