//! Signatures by keys that are elsewhere: two homes that share nothing but request and answer files.
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

use std::fs;

use data_encoding::BASE64URL_NOPAD;
use greatseal_core::key::Role;
use greatseal_testkit::wasm;
use serde_json::{Value, json};
use support::{Place, Run, contains};

/// A home with the realm, and one that has the operator's keys and nothing else.
struct Homes {
    /// The realm; keys of its own for daily work.
    near: Place,
    /// The keys of the operator: in its keys folder, and files that were carried there.
    far: Place,
}

impl Homes {
    /// Makes a realm whose operator keys are all in the far home.
    fn new() -> Self {
        let (near, far) = (Place::new(), Place::new());
        near.realm();
        fs::create_dir_all(far.path(".config/greatseal")).unwrap();
        fs::rename(near.keys(), far.keys()).unwrap();
        Self { near, far }
    }

    /// Has an account ordered whose token a far key has to sign; returns the file of the request.
    fn order_account(&self, name: &str) -> String {
        self.near.keys_at_hand(Role::Account, &[name]);
        let words = ["account", "create", name, "--signing-keys", "0", "--realm", "acme"];
        let left = self.near.issue(words).exits(0).json();
        let file = format!("account-{name}.json");
        assert_eq!(
            left["pending"],
            self.near.path("acme/requests").canonicalize().unwrap().join(&file).to_str().unwrap()
        );
        file
    }

    /// Carries a request to the far home, as it is.
    fn carry(&self, file: &str) -> Value {
        let bytes = self.near.read(&format!("acme/requests/{file}"));
        self.far.write(&format!("stick/{file}"), &bytes);
        serde_json::from_slice(&bytes).unwrap()
    }

    /// Signs carried requests without asking.
    fn sign(&self, files: &[&str]) -> Run {
        let files: Vec<String> = files.iter().map(|file| format!("stick/{file}")).collect();
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        self.far.issue([&["request", "sign", "--yes"], &files[..]].concat())
    }

    /// Carries an answer back; returns its text.
    fn bring_back(&self, request: &str) -> (String, Value) {
        let answer = request.replace(".json", ".answer.json");
        let bytes = self.far.read(&format!("stick/{answer}"));
        self.near.write(&answer, &bytes);
        (answer, serde_json::from_slice(&bytes).unwrap())
    }

    fn receive(&self, answers: &[&str]) -> Run {
        self.near.run([&["request", "receive", "--realm", "acme", "--output", "json"], answers].concat())
    }

    /// Insists that the far home got a file refused, and that nothing came of it.
    #[track_caller]
    fn refuses(&self, file: &str, exit: i32, code: &str) {
        self.sign(&[file]).exits(exit).says(code);
        assert!(!self.far.path("stick").join(file.replace(".json", ".answer.json")).exists());
        assert!(self.far.files(".config/greatseal/keys").keys().all(|name| !name.ends_with(".signed")));
    }
}

/// The claims in a request's statement, to change them as a forger would.
fn claims(request: &Value) -> (String, Value) {
    let message = BASE64URL_NOPAD.decode(request["statements"][0]["message"].as_str().unwrap().as_bytes()).unwrap();
    let message = String::from_utf8(message).unwrap();
    let (header, claims) = message.split_once('.').unwrap();
    (header.into(), serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap()).unwrap())
}

/// Replaces the text of a request's statement, and its digest, which anybody can compute.
fn with_text(request: &Value, message: &str) -> Value {
    use sha2::{Digest, Sha256};
    let mut forged = request.clone();
    forged["statements"][0]["message"] = BASE64URL_NOPAD.encode(message.as_bytes()).into();
    let digest = Sha256::new_with_prefix(b"greatseal request 1\n").chain_update(Sha256::digest(message)).finalize();
    forged["digest"] = data_encoding::HEXLOWER.encode(&digest).into();
    forged
}

fn message(header: &str, claims: &str) -> String {
    format!("{header}.{}", BASE64URL_NOPAD.encode(claims.as_bytes()))
}

/// The whole story: the identity key is made, kept and used in a home that never sees the realm.
#[test]
fn an_identity_key_signs_without_ever_leaving_its_home() {
    let (near, far) = (Place::new(), Place::new());
    let words = ["key", "create", "acme/identity", "--role", "operator"];
    let identity = far.issue(words).exits(0).json()["keys"][0]["public"].as_str().unwrap().to_owned();
    let listed = far.run(["key", "list", "--output", "json"]).exits(0).json();
    assert_eq!(listed["keys"][0]["name"], "acme/identity");
    far.issue(words).exits(1).says("GS-CUSTODY-EXISTS");

    near.run(["init", "acme"]).exits(0);
    let pin = ["key", "pin", "identity", &identity, "--realm", "acme", "--output", "json"];
    for _ in 0..2 {
        assert_eq!(near.run(pin).exits(0).json()["keys"][0]["public"], identity);
    }
    near.keys_at_hand(Role::Operator, &["signing-1"]);
    let create = ["operator", "create", "--signing-keys", "1", "--title", "Acme", "--realm", "acme"];
    let left = near.issue(create).exits(0).json();
    assert_eq!(left["missing"].as_array().unwrap().len(), 1);
    assert!(!near.path("acme/tokens/operator.jwt").exists());
    near.issue(create).exits(1).says("GS-REALM-EXISTS");

    let listed = near.run(["request", "list", "--realm", "acme", "--output", "json"]).exits(0).json();
    assert_eq!((&listed["requests"][0]["name"], &listed["requests"][0]["words"]), (&"operator".into(), &left["words"]));
    let shown = near.run(["request", "show", "operator", "--realm", "acme", "--output", "json"]).exits(0).json();
    assert_eq!(shown["words"], left["words"]);
    assert_eq!(shown["statements"][0]["signer_name"], "acme/identity");

    // Only the request goes over; the words are read out.
    far.write("stick/operator.json", near.read("acme/requests/operator.json"));
    let words = left["words"].as_str().unwrap();
    assert_eq!(words.split(' ').count(), 12);
    let show = far.run(["request", "show", "stick/operator.json"]).exits(0);
    for part in words.split(' ').collect::<Vec<_>>().chunks(4) {
        assert!(show.out().contains(&part.join(" ")), "{show}");
    }
    let sign = ["request", "sign", "stick/operator.json"];
    far.issue(sign).exits(2).says("GS-REQUEST-UNCONFIRMED");
    let wrong = words.replacen(words.split(' ').next().unwrap(), "zoo", 1);
    far.issue([&sign[..], &["--words", &wrong]].concat()).exits(3).says("GS-REQUEST-WORDS");
    let signed = far.issue([&sign[..], &["--words", words]].concat()).exits(0);
    assert!(signed.err().contains("name: Acme"), "{signed}");
    assert_eq!(signed.json()["answers"][0]["signed"], 1);

    // Only the answer comes back.
    near.write("operator.answer.json", far.read("stick/operator.answer.json"));
    let receive = ["request", "receive", "operator.answer.json", "--realm", "acme", "--output", "json"];
    let received = near.run(receive).exits(0).json();
    assert!(received["requests"][0]["filed"][0].as_str().unwrap().ends_with("tokens/operator.jwt"));
    near.run(["verify", "acme/tokens/operator.jwt", "--trust", &identity]).exits(0);
    near.run(receive).exits(1).says("GS-REQUEST-COMPLETE");
    assert!(near.files("acme/requests").keys().all(|name| name == ".gitkeep"));
    assert!(near.files("acme/history").keys().any(|name| name.starts_with("operator-")));

    // Everyday work needs the far home no more.
    near.account("payments");
    near.run(["verify", "acme/tokens/account-payments.jwt", "--trust", &identity, "--with", "acme"]).exits(0);
    // The private half has stayed where it was, and the realm has not come over.
    assert!(near.files(".config/greatseal/keys").keys().all(|name| !name.contains("identity")));
    let kept = far.files(".");
    assert!(
        kept.keys().all(|name| name.starts_with(".config/greatseal/keys/")
            || name.starts_with("stick/")
            || name == "passphrase")
    );
    for (name, bytes) in near.files(".") {
        assert!(!contains(&bytes, b"AGE ENCRYPTED") || !name.contains("identity"), "{name}");
    }
}

#[test]
fn several_requests_are_signed_in_one_sitting() {
    let homes = Homes::new();
    let files = ["payments", "partners"].map(|name| homes.order_account(name));
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    files.iter().for_each(|file| drop(homes.carry(file)));
    let signed = homes.sign(&files).exits(0).json();
    assert_eq!(signed["answers"].as_array().unwrap().len(), 2);
    let answers: Vec<String> = files.iter().map(|file| homes.bring_back(file).0).collect();
    let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
    let received = homes.receive(&answers).exits(0).json();
    assert_eq!(received["requests"].as_array().unwrap().len(), 2);
    let listed = homes.near.run(["account", "list", "--realm", "acme", "--output", "json"]).exits(0).json();
    assert_eq!(listed["accounts"].as_array().unwrap().len(), 2);
    // The realm names the accounts' keys from here on, and not before.
    let shown = homes.near.run(["key", "show", "payments", "--realm", "acme", "--output", "json"]).exits(0).json();
    assert_eq!(shown["role"], "account");
    // Each request has its own words; one pair is not enough for two.
    let words = signed["answers"][0]["words"].as_str().unwrap();
    assert_ne!(words, signed["answers"][1]["words"]);
    let both = ["request", "sign", "stick/account-payments.json", "stick/account-partners.json", "--words", words];
    homes.far.issue(both).exits(3).says("GS-REQUEST-WORDS");
    // Signing again is the same again, and overwrites nothing.
    homes.sign(&files).exits(0);
    homes.far.write("stick/account-payments.answer.json", "something of somebody's");
    homes.sign(&files[..1]).exits(1).says("GS-REALM-EXISTS");
}

#[test]
fn a_request_that_was_altered_or_is_out_of_time_is_not_signed() {
    let homes = Homes::new();
    let file = homes.order_account("payments");
    let good = homes.carry(&file);
    let (header, claims) = claims(&good);
    let text = |claims: &Value| message(&header, &serde_json::to_string(claims).unwrap());
    let original = {
        let bytes = BASE64URL_NOPAD.decode(good["statements"][0]["message"].as_str().unwrap().as_bytes()).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    let plain =
        String::from_utf8(BASE64URL_NOPAD.decode(original.split('.').nth(1).unwrap().as_bytes()).unwrap()).unwrap();
    let changed = |name: &str, value: Value| {
        let mut forged = good.clone();
        forged.pointer_mut(name).map(|place| *place = value).unwrap();
        forged
    };
    let added = |name: &str, value: Value| {
        let mut forged = good.clone();
        forged.as_object_mut().unwrap().insert(name.into(), value);
        forged
    };
    let replaced = |from: &str, to: &str| {
        assert!(plain.contains(from), "{plain}");
        with_text(&good, &message(&header, &plain.replace(from, to)))
    };
    let seed = format!("S{}", "A7".repeat(28) + "A");
    let name = "\"name\":\"payments\"";
    let created = good["created"].as_u64().unwrap();
    let month = 30 * 24 * 60 * 60;
    let iat = format!("\"iat\":{}", claims["iat"]);
    let past = json!({ "message": good["statements"][0]["message"], "signature": BASE64URL_NOPAD.encode(&[7; 64]) });
    let with_past = {
        let mut forged = good.clone();
        forged["statements"][0].as_object_mut().unwrap().insert("previous".into(), past);
        forged
    };
    let with_signature = {
        let mut forged = good.clone();
        let signature = BASE64URL_NOPAD.encode(&[7; 64]);
        forged["statements"][0].as_object_mut().unwrap().insert("signature".into(), signature.into());
        forged
    };
    let mut older = changed("/created", (created - month - 1).into());
    older["expires"] = (created - 1).into();
    let mut ahead = changed("/created", (created + 3600).into());
    ahead["expires"] = (created + 3600 + month).into();
    let mut none = good.clone();
    none["statements"] = json!([]);
    let mut many = good.clone();
    many["statements"] = Value::Array(vec![good["statements"][0].clone(); 65]);
    let stranger = "OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT";
    for (what, forged, exit, code) in [
        ("another version", changed("/greatseal_request", 2.into()), 1, "GS-REQUEST-MALFORMED"),
        ("an unknown field", added("note", "trust me".into()), 1, "GS-REQUEST-MALFORMED"),
        ("no statement", none, 1, "GS-REQUEST-MALFORMED"),
        ("too many statements", many, 1, "GS-REQUEST-MALFORMED"),
        ("an unknown filing", changed("/statements/0/filing", json!({ "as": "cron" })), 1, "GS-REQUEST-MALFORMED"),
        ("no base64url", changed("/statements/0/message", "=".into()), 1, "GS-REQUEST-MALFORMED"),
        ("another digest", changed("/digest", "00".repeat(32).into()), 3, "GS-REQUEST-ALTERED"),
        ("another kind beside it", changed("/statements/0/kind", "greeting".into()), 3, "GS-REQUEST-ALTERED"),
        ("another signer beside it", changed("/statements/0/signer", "did:key:z6Mk".into()), 3, "GS-REQUEST-ALTERED"),
        ("another place", changed("/statements/0/filing", json!({ "as": "operator" })), 3, "GS-REQUEST-ALTERED"),
        ("a longer life", changed("/expires", (created + 2 * month).into()), 3, "GS-REQUEST-ALTERED"),
        ("a past that is none", with_past, 3, "GS-REQUEST-ALTERED"),
        ("a signature that is none", with_signature, 3, "GS-REQUEST-ALTERED"),
        (
            "a key beside it",
            changed("/keys", json!([{ "name": "acme/x", "public": stranger }])),
            3,
            "GS-REQUEST-ALTERED",
        ),
        ("old", older, 3, "GS-REQUEST-OLD"),
        ("from the future", ahead, 3, "GS-REQUEST-FUTURE"),
        ("an old statement", replaced(&iat, &format!("\"iat\":{}", created - month - 1)), 3, "GS-REQUEST-OLD"),
        ("a statement from the future", replaced(&iat, &format!("\"iat\":{}", created + 3600)), 3, "GS-REQUEST-FUTURE"),
        ("unknown bytes", with_text(&good, "transfer everything"), 1, "GS-SIGN-KIND"),
        (
            "a hidden claim",
            with_text(
                &good,
                &text(&{
                    let mut more = claims.clone();
                    more["wascap"].as_object_mut().unwrap().insert("admin".into(), true.into());
                    more
                }),
            ),
            1,
            "GS-SIGN-KIND",
        ),
        ("another writing", with_text(&good, &message(&header, &plain.replacen('{', "{ ", 1))), 1, "GS-SIGN-KIND"),
        ("a seed", replaced(name, &format!("\"name\":\"{seed}\"")), 2, "GS-SIGN-TEXT"),
        ("a control character", replaced(name, "\"name\":\"a\\u001b[2J\""), 2, "GS-SIGN-TEXT"),
        ("a line of its own", replaced(name, "\"name\":\"a\\nissuer: me\""), 2, "GS-SIGN-TEXT"),
    ] {
        homes.far.write("stick/forged.json", serde_json::to_vec(&forged).unwrap());
        println!("{what}");
        homes.refuses("forged.json", exit, code);
    }
    for (what, bytes) in [
        ("nothing", vec![]),
        ("words", b"please".to_vec()),
        ("half of it", serde_json::to_vec(&good).unwrap()[..200].to_vec()),
        ("an answer", br#"{"greatseal_answer":1,"request":"","signatures":[]}"#.to_vec()),
        ("a list", b"[]".to_vec()),
        ("depth", vec![b'['; 100_000]),
    ] {
        homes.far.write("stick/forged.json", bytes);
        println!("{what}");
        homes.refuses("forged.json", 1, "GS-REQUEST-MALFORMED");
    }
    homes.far.write("stick/forged.json", vec![b' '; 1024 * 1024 + 1]);
    homes.refuses("forged.json", 1, "GS-FILE-TOO-LARGE");
    // Whatever was altered in what is to be signed has other words.
    let forged = replaced(name, "\"name\":\"thieves\"");
    homes.far.write("stick/forged.json", serde_json::to_vec(&forged).unwrap());
    let words = homes.near.run(["request", "list", "--realm", "acme", "--output", "json"]).exits(0).json();
    let words = words["requests"][0]["words"].as_str().unwrap();
    homes.far.issue(["request", "sign", "stick/forged.json", "--words", words]).exits(3).says("GS-REQUEST-WORDS");
    // The key is somewhere else again.
    homes
        .near
        .issue(["request", "sign", "--yes", "acme/requests/account-payments.json"])
        .exits(4)
        .says("GS-CUSTODY-MISSING");
    // And the request itself is as good as before.
    homes.sign(&[&file]).exits(0);
}

#[test]
fn an_answer_that_is_not_to_this_request_is_refused() {
    let homes = Homes::new();
    let files = ["payments", "partners"].map(|name| homes.order_account(name));
    files.iter().for_each(|file| drop(homes.carry(file)));
    homes.sign(&[&files[0], &files[1]]).exits(0);
    let [(_, good), (other_file, other)] = [&files[0], &files[1]].map(|file| homes.bring_back(file));
    let before = homes.near.files("acme");
    let changed = |name: &str, value: Value| {
        let mut forged = good.clone();
        forged.pointer_mut(name).map(|place| *place = value).unwrap();
        forged
    };
    let mut none = good.clone();
    none["signatures"] = json!([]);
    let key = "did:key:z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd";
    for (what, forged, exit, code) in [
        ("another request", changed("/request", "00".repeat(32).into()), 3, "GS-REQUEST-OTHER"),
        ("another's signatures", changed("/signatures", other["signatures"].clone()), 3, "GS-REQUEST-ALTERED"),
        ("another's request", changed("/request", other["request"].clone()), 3, "GS-REQUEST-ALTERED"),
        ("another key", changed("/signatures/0/signer", key.into()), 3, "GS-REQUEST-SIGNER"),
        (
            "another signature",
            changed("/signatures/0/signature", other["signatures"][0]["signature"].clone()),
            3,
            "GS-REQUEST-ALTERED",
        ),
        ("no signature", none, 3, "GS-REQUEST-ALTERED"),
        ("another version", changed("/greatseal_answer", 2.into()), 1, "GS-REQUEST-MALFORMED"),
        ("half a signature", changed("/signatures/0/signature", "AAAA".into()), 1, "GS-REQUEST-MALFORMED"),
        ("no key", changed("/signatures/0/signer", "me".into()), 1, "GS-REQUEST-MALFORMED"),
    ] {
        homes.near.write("forged.answer.json", serde_json::to_vec(&forged).unwrap());
        println!("{what}");
        homes.receive(&["forged.answer.json"]).exits(exit).says(code);
        // A good one beside it does not make it better, and is not half taken in.
        homes.receive(&[&other_file, "forged.answer.json"]).exits(exit).says(code);
        assert_eq!(homes.near.files("acme"), before);
    }
    homes.near.write("forged.answer.json", "");
    homes.receive(&["forged.answer.json"]).exits(1).says("GS-REQUEST-MALFORMED");
    homes.receive(&["nowhere.answer.json"]).exits(1).says("GS-IO");

    // Cancelled: nothing of it stays in the realm, and its answer comes too late.
    let cancel = ["request", "cancel", "account-payments", "--realm", "acme", "--output", "json"];
    assert_eq!(homes.near.run(cancel).exits(0).json()["keys_kept"], json!(["acme/payments"]));
    homes.near.run(cancel).exits(2).says("GS-REQUEST-UNKNOWN");
    homes.receive(&["account-payments.answer.json"]).exits(3).says("GS-REQUEST-OTHER");
    // Made again, it is another request with the same keys; the older answer does not fit it.
    let words = ["account", "create", "payments", "--signing-keys", "0", "--realm", "acme"];
    homes.near.issue(words).exits(0);
    homes.receive(&["account-payments.answer.json"]).exits(3).says("GS-REQUEST-OTHER");

    // Too old when the answer comes: as if it had lain in a drawer.
    let path = "acme/requests/account-partners.json";
    let mut old: Value = serde_json::from_slice(&homes.near.read(path)).unwrap();
    for name in ["created", "expires"] {
        old[name] = (old[name].as_u64().unwrap() - 31 * 24 * 60 * 60).into();
    }
    homes.near.write(path, serde_json::to_vec(&old).unwrap());
    homes.receive(&[&other_file]).exits(3).says("GS-REQUEST-OLD");
    let listed = homes.near.run(["request", "list", "--realm", "acme", "--output", "json"]).exits(0).json();
    assert_eq!(listed["requests"][0]["code"], "GS-REQUEST-OLD");
    // One that is damaged keeps nobody else waiting, and can be given up.
    homes.near.write(path, "{}");
    let listed = homes.near.run(["request", "list", "--realm", "acme", "--output", "json"]).exits(0);
    assert!(listed.err().contains("GS-REQUEST-MALFORMED"), "{listed}");
    homes.near.run(["request", "cancel", "account-partners", "--realm", "acme"]).exits(0);
}

/// The difference comes from the far home's own memory where it has one, and from a token whose
/// signature was checked where it has none.
#[test]
fn the_difference_from_the_last_token_is_shown() {
    let homes = Homes::new();
    let near = &homes.near;
    let file = homes.order_account("payments");
    homes.carry(&file);
    homes.sign(&[&file]).exits(0);
    let answer = homes.bring_back(&file).0;
    homes.receive(&[&answer]).exits(0);
    // From here on the account's key is far as well: it signs two revisions of a module.
    for entry in ["acme.payments.age", "keys.toml"] {
        fs::rename(near.keys().join(entry), near.path(entry)).unwrap();
    }
    let far = Place::new();
    fs::create_dir_all(far.keys()).unwrap();
    for entry in ["acme.payments.age", "keys.toml"] {
        fs::copy(near.path(entry), far.keys().join(entry)).unwrap();
    }
    #[cfg(unix)]
    fs::set_permissions(far.keys(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    near.keys_at_hand(Role::Module, &["ledger"]);
    near.write("ledger.wasm", wasm::sample("ledger"));
    let sign = |from: &str, out: &str, more: &[&str]| {
        let words = ["module", "sign", from, "--account", "payments", "--module", "ledger", "--out", out];
        near.issue([&words[..], more, &["--realm", "acme"]].concat()).exits(0).json()
    };
    let answered = |far: &Place| {
        far.write("stick/module-ledger.json", near.read("acme/requests/module-ledger.json"));
        let _ = fs::remove_file(far.path("stick/module-ledger.answer.json"));
        let run = far.issue(["request", "sign", "--yes", "stick/module-ledger.json"]).exits(0);
        near.write("module-ledger.answer.json", far.read("stick/module-ledger.answer.json"));
        run
    };
    let left = sign("ledger.wasm", "1.wasm", &["--new-key", "--rev", "1", "--title", "Ledger"]);
    assert!(left["pending"].is_string() && !near.path("1.wasm").exists());
    let first = answered(&far).json();
    let first = &first["answers"][0]["statements"][0];
    assert_eq!((&first["compared_with"], &first["signer_name"]), (&Value::Null, &"acme/payments".into()));

    // The module goes missing, and is changed, before its signature comes; nothing is lost by that.
    let module = near.read("ledger.wasm");
    fs::remove_file(near.path("ledger.wasm")).unwrap();
    homes.receive(&["module-ledger.answer.json"]).exits(1).says("GS-IO");
    near.write("ledger.wasm", wasm::sample("other"));
    homes.receive(&["module-ledger.answer.json"]).exits(3).says("GS-MODULE-HASH");
    near.write("ledger.wasm", module);
    let listed = near.run(["request", "list", "--realm", "acme", "--output", "json"]).exits(0).json();
    assert_eq!(listed["requests"][0]["missing"], json!([]), "the signature was kept: {listed}");
    // Without an answer: what is complete is filed.
    homes.receive(&[]).exits(0);
    near.run(["verify", "1.wasm", "--trust", "acme/tokens/operator.jwt", "--with", "acme"]).exits(0);

    let diff = |statement: &Value, what: &str| -> Vec<(String, String)> {
        let text = |line: &Value, name: &str| line[name].as_str().unwrap().to_owned();
        let lines = statement[what].as_array().unwrap().iter();
        let lines = lines.map(|line| (text(line, "name"), text(line, "value")));
        lines.filter(|(name, _)| !["token id", "issued at", "expires"].contains(&name.as_str())).collect()
    };
    let line = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    sign("1.wasm", "2.wasm", &["--rev", "2", "--title", "Ledger", "--tag", "new"]);
    // A fresh home knows only what was carried: the token in the module, by the same key.
    let fresh = Place::new();
    fs::create_dir_all(fresh.path(".config/greatseal")).unwrap();
    let copied = std::process::Command::new("cp").arg("-Rp").args([far.keys(), fresh.keys()]).status().unwrap();
    assert!(copied.success());
    for entry in fs::read_dir(fresh.keys()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "signed") {
            fs::remove_file(path).unwrap();
        }
    }
    for (home, from) in [(&fresh, "request"), (&far, "memory")] {
        let run = answered(home);
        let second = run.json()["answers"][0]["statements"][0].clone();
        assert_eq!(second["compared_with"]["from"], from);
        assert_eq!(second["compared_with"]["id"], first["id"]);
        assert_eq!(diff(&second, "added"), [line("revision", "2"), line("tag", "new")]);
        assert_eq!(diff(&second, "removed"), [line("revision", "1")]);
        assert!(run.err().contains("- revision: 1") && run.err().contains("+ revision: 2"), "{run}");
    }
    homes.receive(&["module-ledger.answer.json"]).exits(0);

    // Whoever carries a request cannot hide the second revision: the memory goes first.
    sign("1.wasm", "3.wasm", &["--rev", "3", "--title", "Ledger"]);
    let third = answered(&far).json()["answers"][0]["statements"][0].clone();
    assert_eq!(diff(&third, "removed"), [line("revision", "2"), line("tag", "new")]);
}

/// One that is stopped after it saved the signatures, and before it filed them, goes on.
#[test]
fn an_interrupted_receive_loses_nothing() {
    let homes = Homes::new();
    let file = homes.order_account("payments");
    homes.carry(&file);
    homes.sign(&[&file]).exits(0);
    let (answer, _) = homes.bring_back(&file);
    let path = format!("acme/requests/{file}");
    let waiting = homes.near.read(&path);
    // Another file in the way: told, with the signatures kept.
    homes.near.write("acme/tokens/account-payments.jwt", "something of somebody's");
    homes.receive(&[&answer]).exits(1);
    fs::remove_file(homes.near.path("acme/tokens/account-payments.jwt")).unwrap();
    let before = homes.near.read("acme/greatseal.toml");
    homes.receive(&[&answer]).exits(0);
    let token = homes.near.read("acme/tokens/account-payments.jwt");
    let record = homes.near.files("acme/history").into_iter().find(|(name, _)| name.starts_with("account-")).unwrap();
    // Stopped before the request was moved away, and before the realm named the keys.
    for undo in [&["request"][..], &["request", "token"], &["request", "token", "keys"], &["request", "keys"]] {
        fs::remove_file(homes.near.path("acme/history").join(&record.0)).unwrap();
        homes.near.write(&path, &record.1);
        if undo.contains(&"token") {
            fs::remove_file(homes.near.path("acme/tokens/account-payments.jwt")).unwrap();
        }
        if undo.contains(&"keys") {
            homes.near.write("acme/greatseal.toml", &before);
        }
        let answers: &[&str] = if undo.len() == 2 { &[] } else { &[&answer] };
        homes.receive(answers).exits(0);
        assert_eq!(homes.near.read("acme/tokens/account-payments.jwt"), token, "{undo:?}");
        homes.near.run(["key", "show", "payments", "--realm", "acme"]).exits(0);
        assert!(!homes.near.path(&path).exists());
    }
    assert_ne!(waiting, record.1, "the record holds the signature");
}

#[test]
fn requests_are_told_to_people_and_programs() {
    let homes = Homes::new();
    let list = ["request", "list", "--realm", "acme"];
    assert!(homes.near.run(list).exits(0).out().contains("no request waits"));
    let file = homes.order_account("payments");
    let listed = homes.near.run(list).exits(0);
    assert!(listed.out().contains("account-payments") && listed.out().contains("acme/signing-1"), "{listed}");
    let shown = homes.near.run(["request", "show", "account-payments", "--realm", "acme"]).exits(0);
    assert!(
        shown.out().contains("to be signed by acme/signing-1") && shown.out().contains("name: payments"),
        "{shown}"
    );
    let words = ["request", "show", "nothing", "--realm", "acme", "--output", "json"];
    homes.near.run(words).exits(2).says("GS-REQUEST-UNKNOWN");
    homes.near.run(["request", "show", "nothing", "--output", "json"]).exits(2).says("GS-REALM-MISSING");
    homes.carry(&file);
    let signed =
        homes.far.run(["request", "sign", "--yes", "stick/account-payments.json", "--passphrase-file", "passphrase"]);
    assert!(signed.exits(0).out().contains("account-payments.answer.json"));
    let (answer, _) = homes.bring_back(&file);
    let filed = homes.near.run(["request", "receive", &answer, "--realm", "acme"]).exits(0);
    assert!(filed.out().contains("account-payments.jwt"), "{filed}");
    // One that has every signature is told as such.
    let record = homes.near.files("acme/history").into_iter().find(|(name, _)| name.starts_with("account-")).unwrap();
    homes.far.write("stick/done.json", record.1);
    homes.sign(&["done.json"]).exits(1).says("GS-REQUEST-COMPLETE");
    // A wrong passphrase signs nothing, and remembers nothing.
    let file = homes.order_account("partners");
    homes.carry(&file);
    homes.far.write("wrong", "not the passphrase\n");
    let before = homes.far.files(".");
    let words =
        ["request", "sign", "--yes", "stick/account-partners.json", "--passphrase-file", "wrong", "--output", "json"];
    homes.far.run(words).exits(4).says("GS-CUSTODY-LOCKED");
    assert_eq!(homes.far.files("."), before);
}
