//! Operator tokens that follow each other, countersignatures and revocations, through the command
//! and with files; what the trust store remembers of them is in `tests/remembered.rs`.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests write files and start the command"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests: a failure is a panic"
)]

mod support;

use greatseal_testkit::chain::{
    AT, Token, account, account_token, countersignature, edge_revocation, endorsement, key_revocation, module_token,
    operator_token, revocation,
};
use support::line::{DAY, Line};

#[test]
fn a_successor_is_followed_from_a_pinned_file() {
    let line = Line::new();
    line.supply("t0.jwt", &line.t0);
    let step = line.reissued(&line.t0, 1);
    line.supply_endorsed("one", &step, &[0, 1]);
    let answer = line.verify("leaf.jwt", &["--with", "one"]).exits(0).json();
    assert_eq!((answer["anchored"].as_str(), answer["assurance"].as_str()), (Some("token"), Some("signatures")));
    assert_eq!(answer["chain"][0]["id"], step.id().to_string());
    let notice = answer["notices"][0].as_str().unwrap();
    assert!(notice.contains("followed, one step, to one/token.jwt"), "{notice}");
    let people = line.people("leaf.jwt", &["--with", "one"]).exits(0).out();
    assert!(people.contains("notice: the token of operator that is trusted was followed"), "{people}");
    // The same deeds by the other option; the module's bytes change nothing about it.
    line.verify("leaf.jwt", &["--with", "one/token.jwt", "--revocation", "one"]).exits(0);
    line.verify("leaf.wasm", &["--with", "one"]).exits(0);

    // Three steps, the last by the next identity.
    let second = line.reissued(&step, 2);
    line.supply_endorsed("two", &second, &[1, 2]);
    let third = line.by_next(&second, 3);
    line.supply_endorsed("three", &third, &[0, 2]);
    let with = ["--with", "one", "--with", "two", "--with", "three"];
    let answer = line.verify("leaf.jwt", &with).exits(0).json();
    assert_eq!(answer["chain"][0]["subject"], line.next.to_string());
    assert!(answer["notices"].to_string().contains("followed, 3 steps, to three/token.jwt"), "{answer}");
    // The current token is the one that is allowed, and the others are told which it is.
    line.verify("three/token.jwt", &with).exits(0);
    let passed = line.verify("one/token.jwt", &with).exits(3).says("GS-SUPERSEDED").json();
    assert!(passed["message"].as_str().unwrap().contains("three/token.jwt"), "{passed}");
}

#[test]
fn who_stole_an_identity_alone_gets_nothing() {
    let line = Line::new();
    let thief = greatseal_testkit::chain::operator("thief");
    let stolen = operator_token(&line.identity)
        .lists([&thief])
        .line(greatseal_testkit::chain::Line {
            previous: Some(&line.t0),
            threshold: 1,
            next: None,
            accounts: greatseal_core::succession::AccountRule::Plain,
        })
        .iat(AT - 5)
        .sign();
    line.supply("stolen.jwt", &stolen);
    line.supply("tenant2.jwt", &account_token(&account("thiefs"), &thief).sign());
    let with = ["--with", "stolen.jwt", "--with", "tenant2.jwt"];
    line.verify("leaf.jwt", &with).exits(0);
    line.verify("tenant2.jwt", &with).exits(3).says("GS-ACCOUNT-ISSUER");
    let denied = line.verify("stolen.jwt", &with).exits(3).says("GS-SUCCESSION-UNKNOWN").json();
    let message = denied["message"].as_str().unwrap();
    assert!(message.contains("t0.jwt") && message.contains("endorsements"), "{message}");
    let people = line.people("stolen.jwt", &with).exits(3).out();
    assert!(people.contains("Supply the tokens between and their endorsements with `--with"), "{people}");
    // One endorsement is not two, and the same one twice is one.
    line.supply("stolen/1.jwt", &endorsement(&line.signers[0], &stolen));
    line.supply("stolen/2.jwt", &endorsement(&thief, &stolen));
    line.verify("leaf.jwt", &[&with[..], &["--with", "stolen"]].concat()).exits(0);
    line.verify("tenant2.jwt", &[&with[..], &["--with", "stolen"]].concat()).exits(3);
}

#[test]
fn a_successor_without_its_endorsements_is_none() {
    let line = Line::new();
    let step = line.reissued(&line.t0, 1);
    line.supply_endorsed("one", &step, &[0]);
    line.verify("leaf.jwt", &["--with", "one"]).exits(0);
    line.verify("one/token.jwt", &["--with", "one"]).exits(3).says("GS-SUCCESSION-UNKNOWN");
    line.supply("one/endorsement-by-2.jwt", &endorsement(&line.signers[2], &step));
    line.verify("one/token.jwt", &["--with", "one"]).exits(0);
    line.verify("t0.jwt", &["--with", "one"]).exits(3).says("GS-SUPERSEDED");
    // An endorsement whose signature is broken is told, and does not count.
    let forged = endorsement(&line.signers[1], &step).with_signature_of(&line.t0);
    line.supply("two/endorsement.jwt", &forged);
    line.supply("two/endorsement-by-0.jwt", &endorsement(&line.signers[0], &step));
    line.supply("two/token.jwt", &step);
    let run = line.verify("two/token.jwt", &["--with", "two"]).exits(3);
    assert_eq!(run.json()["ignored"][0]["code"], "GS-SIGNATURE-INVALID", "{run}");
    assert!(run.err().contains("two/endorsement.jwt"), "{run}");
}

#[test]
fn a_void_successor_denies_and_never_goes_back() {
    let line = Line::new();
    let step = line.reissued(&line.t0, 1);
    line.supply_endorsed("one", &step, &[0, 1]);
    line.supply("sealed.jwt", &key_revocation(&line.signers[1], &line.signers[1]));
    let words = ["--with", "one", "--revocation", "sealed.jwt"];
    let denied = line.verify("leaf.jwt", &words).exits(3).says("GS-SUCCESSION-VOID").json();
    assert!(denied["message"].as_str().unwrap().contains("one/token.jwt"), "{denied}");
    assert_eq!(denied["ignored"], serde_json::json!([]));
    // It lives again with enough living endorsements.
    line.supply("more.jwt", &endorsement(&line.signers[2], &step));
    line.verify("leaf.jwt", &[&words[..], &["--with", "more.jwt"]].concat()).exits(0);
}

#[test]
fn two_successors_of_equal_standing_are_a_fork() {
    let line = Line::new();
    let (step, other) = (line.reissued(&line.t0, 1), line.reissued(&line.t0, 2));
    line.supply_endorsed("one", &step, &[0, 1]);
    line.supply_endorsed("other", &other, &[1, 2]);
    let with = ["--with", "one", "--with", "other"];
    let denied = line.verify("leaf.jwt", &with).exits(3).says("GS-SUCCESSION-FORK").json();
    let message = denied["message"].as_str().unwrap();
    assert!(message.contains("one/token.jwt") && message.contains("other/token.jwt"), "{message}");
    // Quorum with both identities outranks.
    line.supply("pair.jwt", &endorsement(&line.next, &other));
    let answer = line.verify("leaf.jwt", &[&with[..], &["--with", "pair.jwt"]].concat()).exits(0).json();
    assert_eq!(answer["chain"][0]["id"], other.id().to_string());
}

#[test]
fn an_expired_pin_speaks_for_nobody_and_is_followed() {
    let line = Line::expiring(AT + DAY);
    let step = line.reissued(&line.t0, 1);
    line.supply_endorsed("one", &step, &[0, 1]);
    let late = |days: u64, words: &[&str]| {
        let at = (AT + days * DAY).to_string();
        line.place.run(
            [
                &["verify", "leaf.jwt", "--trust", "t0.jwt", "--with", "chain"],
                words,
                &["--at", &at, "--output", "json"],
            ]
            .concat(),
        )
    };
    late(2, &[]).exits(3).says("GS-TIME-EXPIRED");
    late(2, &["--with", "one"]).exits(0);
    late(400, &["--with", "one"]).exits(0);
    late(402, &["--with", "one"]).exits(3).says("GS-SUCCESSION-STALE");
}

#[test]
fn an_account_has_to_agree_to_what_is_listed_for_it() {
    let line = Line::new();
    let stranger = account("stranger signer");
    let listing = account_token(&line.account, &line.signers[1]).lists([&stranger]).iat(AT - 5).sign();
    line.supply("listing.jwt", &listing);
    let with = ["--with", "listing.jwt"];
    let denied = line.verify("listing.jwt", &with).exits(3).says("GS-ACCOUNT-NOT-COUNTERSIGNED").json();
    assert!(denied["message"].as_str().unwrap().contains(&line.account.to_string()), "{denied}");
    // The listing before it speaks as long as its own side did not agree to a newer one.
    line.verify("leaf.jwt", &with).exits(0);
    line.supply("agreed/account.jwt", &countersignature(&line.account, &listing));
    line.verify("listing.jwt", &[&with[..], &["--with", "agreed"]].concat()).exits(0);
    // A listed key speaks only for what it countersigned itself.
    line.supply("by-stranger.jwt", &module_token(&line.module, &stranger).sign());
    let words = [&with[..], &["--with", "agreed"]].concat();
    let denied = line.verify("by-stranger.jwt", &words).exits(3).says("GS-CODE-NOT-COUNTERSIGNED");
    assert!(denied.json()["message"].as_str().unwrap().contains(&stranger.to_string()), "{denied}");
    line.supply("agreed/key.jwt", &countersignature(&stranger, &listing));
    line.verify("by-stranger.jwt", &words).exits(0);
}

#[test]
fn what_is_revoked_is_denied_and_by_whom_is_told() {
    let line = Line::new();
    for (name, revoked, target) in [
        ("account", revocation(&line.signers[0], &line.tenant), "chain/account.jwt"),
        ("edge", edge_revocation(&line.signers[0], &line.signers[0], &line.account), "chain/account.jwt"),
        ("key", key_revocation(&line.signers[0], &line.signers[0]), "chain/account.jwt"),
        ("module", revocation(&line.account_signer, &line.leaf), "leaf.jwt"),
    ] {
        let file = format!("revoked-{name}.jwt");
        line.supply(&file, &revoked);
        let run = line.verify(target, &["--revocation", &file]).exits(3).says("GS-REVOKED");
        assert!(run.json()["message"].as_str().unwrap().contains(&file), "{run}");
        let people = line.people("leaf.jwt", &["--with", &file]).exits(3).out();
        assert!(people.contains(&file), "{people}");
        // Shown and explained as what it is.
        let shown = line.place.run(["inspect", &file, "--output", "json"]).exits(0).json();
        assert_eq!(
            (shown["kind"].as_str(), shown["deed"]["signature_good"].as_bool()),
            (Some("revocation"), Some(true))
        );
        assert!(shown["deed"]["target"].is_object() && shown["deed"]["log"].is_null(), "{shown}");
        line.place.run(["explain", &file]).exits(0);
    }
}

#[test]
fn what_has_no_effect_is_listed_with_its_reason() {
    let line = Line::new();
    let stranger = account("stranger");
    line.supply("revocations/stranger.jwt", &revocation(&stranger, &line.tenant));
    line.supply("revocations/identity.jwt", &key_revocation(&line.identity, &line.identity));
    let broken = revocation(&line.signers[0], &line.tenant).with_signature_of(&line.t0);
    line.supply("revocations/broken.jwt", &broken);
    line.supply("revocations/cut.jwt", &Token::new(&broken.bytes()[..200]));
    line.supply("revocations/token.jwt", &line.leaf);
    let run = line.verify("leaf.jwt", &["--revocation", "revocations", "--with", "revocations/stranger.jwt"]).exits(0);
    let ignored: Vec<(String, String)> = run.json()["ignored"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["file"].as_str().unwrap().into(), it["code"].as_str().unwrap().into()))
        .collect();
    for (file, code) in [
        ("stranger", "GS-REVOCATION-IGNORED"),
        ("identity", "GS-REVOCATION-IGNORED"),
        ("broken", "GS-SIGNATURE-INVALID"),
        ("cut", "GS-TOKEN-FRAME"),
        ("token", "GS-NO-RULE"),
    ] {
        let entry = (format!("revocations/{file}.jwt"), code.to_owned());
        assert_eq!(ignored.iter().filter(|it| **it == entry).count(), 1, "{entry:?} in {ignored:?}");
        assert!(run.err().contains(&entry.0), "{run}");
    }
    assert_eq!(ignored.len(), 5, "{ignored:?}");
    line.verify("leaf.jwt", &["--revocation", "nowhere"]).exits(1).says("GS-IO");
}

#[test]
fn a_deed_by_itself_is_no_token() {
    let line = Line::new();
    for (file, deed, word) in [
        ("e.jwt", endorsement(&line.signers[0], &line.t0), "endorsement"),
        ("c.jwt", countersignature(&line.account, &line.tenant), "countersignature"),
        ("r.jwt", revocation(&line.signers[0], &line.tenant), "revocation"),
    ] {
        line.supply(file, &deed);
        let denied = line.verify(file, &[]).exits(3).says("GS-NO-RULE").json();
        assert!(denied["message"].as_str().unwrap().contains(&format!(" {word}, which")), "{denied}");
        let people = line.place.run(["inspect", file]).exits(0).out();
        assert!(people.contains(word) && people.contains("signature"), "{people}");
        line.place.run(["verify", "leaf.jwt", "--trust", file, "--output", "json"]).exits(2).says("GS-USAGE");
        line.place.run(["trust", "add", "x", file, "--yes", "--output", "json"]).exits(2).says("GS-USAGE");
        let spoiled = deed.with_signature_of(&line.t0);
        line.supply("spoiled.jwt", &spoiled);
        line.place.run(["explain", "spoiled.jwt"]).exits(3);
    }
    let shown = line.place.run(["inspect", "t0.jwt", "--output", "json"]).exits(0).json();
    let claim = &shown["token"]["succession"];
    assert_eq!((claim["seq"].as_u64(), claim["threshold"].as_u64()), (Some(0), Some(2)), "{claim}");
    assert!(claim["prev"].is_null() && claim["next"].is_string() && claim["pair"] == true, "{claim}");
    let people = line.place.run(["inspect", "t0.jwt"]).exits(0).out();
    assert!(people.contains("2 of 3 signing keys"), "{people}");
    let people = line.place.run(["explain", "t0.jwt"]).out();
    assert!(people.contains("succession: token 0 of its line"), "{people}");
}
