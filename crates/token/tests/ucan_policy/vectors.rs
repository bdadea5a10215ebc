//! The official cases, those of a peer, and the policies in the tokens of the manifest.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use greatseal_core::error::PolicyFault;
use greatseal_core::steps::Steps;
use greatseal_token::ucan::cbor::{self, Map, Value};
use greatseal_token::ucan::policy::Policy;
use serde_json::{Value as Json, json};

use crate::evaluate;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/ucan");

fn read(name: &str) -> String {
    std::fs::read_to_string(format!("{FOLDER}/{name}")).unwrap()
}

/// Runs every case but one that is known to be wrong, and says how many there were.
fn run(fixtures: &Json, wrong: Option<&Json>) -> (usize, usize) {
    let mut counts = [0, 0];
    let mut met = false;
    for (count, kind) in counts.iter_mut().zip(["valid", "invalid"]) {
        for case in fixtures[kind].as_array().unwrap() {
            for policy in case["policies"].as_array().unwrap() {
                let verdict = evaluate(policy, &case["args"]);
                if Some(&case["args"]) == wrong {
                    met = true;
                    assert!(verdict.is_err(), "the rule for maps changed, or the case was not wrong");
                    continue;
                }
                match kind {
                    "valid" => assert_eq!(verdict, Ok(()), "{policy} {}", case["args"]),
                    _ => assert!(matches!(verdict, Err(PolicyFault::False { .. })), "{policy} {}", case["args"]),
                }
                *count += 1;
            }
        }
    }
    assert_eq!(met, wrong.is_some());
    let [valid, invalid] = counts;
    (valid, invalid)
}

#[test]
fn official_cases() {
    // As published it is no JSON: one brace too many around the newsletters, as PROVENANCE says.
    let text = read("fixtures/1.0.0/policy.json");
    let spread: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mended =
        spread.replacen(r#""newsletters": { {"#, r#""newsletters": {"#, 1).replacen("] } } } },", "] } } },", 1);
    assert_ne!(mended, spread);
    assert_eq!(run(&serde_json::from_str(&mended).unwrap(), None), (17, 8));
}

#[test]
fn cases_of_iso_ucan() {
    // Its repair of the brace lost a level: the values of `newsletters` are then lists, and a list
    // has no `recipients`. Later versions of the peer have this case among the invalid ones.
    let wrong = json!({"newsletters": {"recipients": [{"email": "bob@example.com"}, {"email": "alice@example.com"}]}});
    let fixtures = serde_json::from_str(&read("fixtures/iso-ucan/policy.json")).unwrap();
    assert_eq!(run(&fixtures, Some(&wrong)), (16, 8));
}

fn map<'a>(value: Option<Value<'a>>) -> Map<'a> {
    match value {
        Some(Value::Map(map)) => map,
        other => panic!("{other:?} is no map"),
    }
}

/// Reads the payload out of an envelope, if it has the shape of one.
fn payload(token: &[u8]) -> Option<Map<'_>> {
    let Ok(Value::List(list)) = cbor::validate(token) else { return None };
    let Some(Value::Map(signed)) = list.get(1) else { return None };
    signed.iter().find(|(name, _)| name.starts_with("ucan/")).map(|(_, payload)| map(Some(payload)))
}

#[test]
fn policies_of_the_manifest() {
    let manifest: Json = serde_json::from_str(&read("manifest.json")).unwrap();
    let mut counts = (0, 0, 0);
    for case in manifest["cases"].as_array().unwrap() {
        let (Some(id), Some(invocation), Some(proofs)) =
            (case["id"].as_str(), case["invocation"].as_str(), case["proofs"].as_array())
        else {
            continue;
        };
        let invocation = STANDARD.decode(invocation).unwrap();
        let Some(args) = payload(&invocation).and_then(|payload| payload.get("args")) else { continue };
        let accepted = case["expect"] == "accept";
        let meant = case["reason"] == "Policy";
        if !accepted && !meant {
            continue;
        }
        let mut verdict = Ok(());
        let mut steps = Steps::default();
        for proof in proofs {
            let proof = STANDARD.decode(proof.as_str().unwrap()).unwrap();
            let Some(policy) = payload(&proof).and_then(|payload| payload.get("pol")) else { continue };
            verdict = verdict.and(match Policy::decode(policy) {
                Ok(policy) => policy.holds(args, &mut steps).map_err(|fault| fault.to_string()),
                Err(fault) => Err(fault.to_string()),
            });
        }
        assert_eq!(verdict.is_ok(), accepted, "{id}: {verdict:?}");
        match id {
            "policy-23" | "policy-24" => assert!(verdict.is_err_and(|fault| fault.contains("operator"))),
            _ => {}
        }
        counts.0 += usize::from(id.starts_with("policy-"));
        counts.1 += usize::from(accepted);
        counts.2 += usize::from(meant);
    }
    assert_eq!(counts.0, 29, "28 and the one violated by args");
    println!("policies of the manifest: {} accepted, {} refused", counts.1, counts.2);
}
