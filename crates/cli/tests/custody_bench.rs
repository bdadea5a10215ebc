//! `greatseal custody bench` tried out on key files: the form of its answers, not the numbers.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests look into files and start the command"
)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests: a failure is a panic"
)]

mod support;

use greatseal_core::key::Role;
use serde_json::{Value, json};
use support::{Place, Run};

/// Measures a key in a moment; a command that was built for tests is slow, and nobody asks.
fn bench(place: &Place, words: &[&str]) -> Run {
    place.issue([&["custody", "bench", "--quick", "--rate", "1", "--outage", "30", "--realm", "acme"], words].concat())
}

/// The names of an object's members.
fn members(value: &Value) -> Vec<&str> {
    value.as_object().unwrap_or_else(|| panic!("no object: {value}")).keys().map(String::as_str).collect()
}

#[test]
fn every_number_is_there_and_nothing_is_written() {
    let place = Place::new();
    place.realm();
    let (realm, keys) = (place.files("acme"), support::files(&place.keys()));
    let answer = bench(&place, &["signing-1"]).exits(0).json();
    assert_eq!(place.files("acme"), realm, "it changed the realm");
    assert_eq!(support::files(&place.keys()), keys, "it changed custody");

    assert_eq!(members(&answer), ["bars", "cores", "keys", "quick", "scene", "timeout_seconds", "yardstick"]);
    let yardstick = [
        "bare_us",
        "encode_us",
        "finished_us",
        "least_us",
        "message_bytes",
        "running_us",
        "samples",
        "seed_us",
        "token_us",
        "unverified_us",
        "verify_us",
    ];
    assert_eq!(members(&answer["yardstick"]), yardstick);
    for field in yardstick {
        assert!(answer["yardstick"][field].as_f64().unwrap() > 0.0, "{field}");
    }
    let key = &answer["keys"][0];
    let fields = [
        "algorithm",
        "batches",
        "cold_open",
        "direct",
        "failure",
        "largest_message",
        "lock",
        "name",
        "outages",
        "place",
        "rates",
        "running",
        "sign",
    ];
    assert_eq!(members(key), fields);
    assert_eq!((&key["name"], &key["failure"]), (&json!("acme/signing-1"), &Value::Null));
    let sign = ["own_p50_us", "own_p99_us", "p50_us", "p99_us", "samples", "verify_p50_us"];
    assert_eq!(members(&key["sign"]), sign);
    assert!(sign.iter().all(|field| key["sign"][field].as_f64().unwrap() > 0.0), "{key}");
    let clients = |rates: &Value| -> Vec<u64> {
        rates.as_array().unwrap().iter().map(|rate| rate["clients"].as_u64().unwrap()).collect()
    };
    assert_eq!(clients(&key["rates"]), [1, 4, 16]);
    // A key file takes one message at a time.
    assert_eq!(key["batches"], json!([]));
    assert!(key["cold_open"]["p50_ms"].is_number());
    assert_eq!(
        (&key["outages"][0]["kind"], &key["outages"][0]["code"]),
        (&json!("gone"), &json!("GS-CUSTODY-MISSING"))
    );

    for way in ["direct", "running"] {
        assert_eq!(
            members(&key[way]),
            ["outage", "rates", "samples", "shown_per_1000", "token_p50_us", "token_p99_us"],
            "{way}"
        );
        assert_eq!(clients(&key[way]["rates"]), [1, 4, 16]);
    }
    // The cure: through the whole outage, and out of custody's sight.
    assert_eq!(key["direct"]["outage"], json!({ "wanted": 30, "issued": 0 }));
    assert_eq!(key["running"]["outage"], json!({ "wanted": 30, "issued": 30 }));
    assert_eq!(key["direct"]["shown_per_1000"]["statements"], 1000);
    assert!(key["running"]["shown_per_1000"]["statements"].as_u64().unwrap() < 10);
    let bars = answer["bars"].as_array().unwrap();
    assert_eq!((bars.len(), &bars[0]["key"], &bars[1]["key"]), (2, &json!("acme/signing-1"), &Value::Null));
    assert!(bars.iter().all(|bar| bar["held"].is_boolean()));
}

#[test]
fn it_is_told_to_people_and_drawn() {
    let place = Place::new();
    place.realm();
    let mut command = place.command(["custody", "bench", "--quick", "--rate", "1", "signing-1", "signing-2"]);
    command.args(["--realm", "acme", "--plot", "custody.svg", "--passphrase-file"]).arg(place.path("passphrase"));
    let told = Run::of(&mut command).exits(0).out();
    for words in ["One signature", "Until an outage is told", "running key", "one bare signature", "allowed"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let svg = String::from_utf8(place.read("custody.svg")).unwrap();
    assert_well_formed(&svg);
    for words in ["acme/signing-1", "acme/signing-2", "class=\"running\"", "outage of 30 s"] {
        assert!(svg.contains(words), "{words}");
    }
    // Nothing is overwritten, and it is told before anything is measured.
    Run::of(&mut command).exits(1);
}

#[test]
fn a_key_that_cannot_be_measured_is_told() {
    let place = Place::new();
    place.realm();
    let far = greatseal_custody::Seed::generate(Role::Account).unwrap().nkey().to_string();
    place.run(["key", "pin", "far", &far, "--realm", "acme"]).exits(0);
    let answer = bench(&place, &["far"]).exits(4).json();
    assert_eq!(answer["keys"][0]["failure"]["code"], "GS-CUSTODY-MISSING");
    assert_eq!(answer["keys"][0]["sign"], Value::Null);
    std::fs::remove_file(place.keys().join("acme.signing-1.age")).unwrap();
    let answer = bench(&place, &["signing-1", "signing-2"]).exits(0).json();
    assert_eq!(answer["keys"][0]["failure"]["code"], "GS-CUSTODY-MISSING");
    assert!(answer["keys"][1]["sign"].is_object());
    place.run(["custody", "bench", "--realm", "acme"]).exits(2);
}

/// Every element is closed in its turn, and no sign stands where it would be read as another.
fn assert_well_formed(svg: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = svg;
    while let Some(at) = rest.find('<') {
        let text = &rest[..at];
        assert!(!text.contains('>'), "{text}");
        let end = at + rest[at..].find('>').unwrap();
        let tag = &rest[at + 1..end];
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty(), "{open:?}");
    for (at, _) in svg.match_indices('&') {
        assert!(["&amp;", "&lt;", "&gt;", "&quot;"].iter().any(|it| svg[at..].starts_with(it)), "{}", &svg[at..]);
    }
}
