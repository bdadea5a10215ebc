//! The worst policies and arguments that fit the limits: each ends within the budget, whatever the
//! time. `--nocapture` shows the times; nothing hangs on them.

use std::time::{Duration, Instant};

use greatseal_core::error::PolicyFault;
use greatseal_core::limits::{POLICY_BYTES, POLICY_STEPS, UCAN_BYTES};
use greatseal_core::steps::Steps;
use greatseal_token::ucan::cbor::{self, Entries, Writer};
use greatseal_token::ucan::policy::Policy;
use serde_json::{Value as Json, json};

/// Room that the rest of a token takes.
const ARGS: usize = UCAN_BYTES - 1024;

/// Repeats a statement until the policy is full. Every one has to be true, or the first ends it.
fn filled(statement: &Json) -> Json {
    let one = cbor::from_json(statement).unwrap().len();
    Json::Array(vec![statement.clone(); (POLICY_BYTES - 8) / one])
}

fn map(entries: Entries<'_>) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.map(entries).unwrap();
    writer.finish()
}

/// A list of so many equal items.
fn list(to: &mut Writer, length: usize, item: impl Fn(&mut Writer)) {
    to.list(length);
    (0..length).for_each(|_| item(to));
}

fn null(to: &mut Writer) {
    to.null();
}

/// Lists in lists, each with something behind the inner one, around many items.
fn nested(to: &mut Writer, levels: usize, items: usize) {
    for _ in 0..levels {
        to.list(2);
    }
    list(to, items, null);
    (0..levels).for_each(|_| to.null());
}

fn run(name: &str, policy: &Json, args: &[u8]) -> Duration {
    assert!(args.len() <= ARGS + 1024, "{name}: {} bytes", args.len());
    let start = Instant::now();
    let policy = Policy::from_json(policy).unwrap_or_else(|fault| panic!("{name}: {fault}"));
    let encoded = cbor::validate(policy.encoded()).unwrap();
    let start_decoding = Instant::now();
    let decoded = Policy::decode(encoded).unwrap();
    let decoding = start_decoding.elapsed();
    assert_eq!(decoded, policy);
    let args = cbor::validate(args).unwrap();
    let made = start.elapsed();
    let mut steps = Steps::default();
    let start = Instant::now();
    let verdict = policy.holds(args, &mut steps);
    let time = start.elapsed();
    let taken = POLICY_STEPS - steps.left();
    println!(
        "{name:36} {:>8} µs, {taken:>7} steps, {:>6.1} ns each, {verdict:?}; decoding {} µs, making {} ms",
        time.as_micros(),
        time.as_nanos() as f64 / taken.max(1) as f64,
        decoding.as_micros(),
        made.as_millis(),
    );
    if let Err(PolicyFault::Steps { limit }) = verdict {
        assert_eq!((limit, steps.left()), (POLICY_STEPS, 0));
    }
    time
}

#[test]
fn the_worst_that_fits_ends() {
    let mut worst = (Duration::ZERO, "");
    for (name, policy, args) in cases() {
        worst = worst.max((run(name, &policy, &args), name));
    }
    println!("worst: {} in {} µs", worst.1, worst.0.as_micros());
}

fn cases() -> Vec<(&'static str, Json, Vec<u8>)> {
    let behind = |write: &dyn Fn(&mut Writer)| {
        let mut entries = Entries::default();
        write(entries.entry("a"));
        entries.entry("zz").integer(1).unwrap();
        map(entries)
    };
    let last = filled(&json!(["==", ".zz", 1]));
    let true_of_all = json!(["not", ["==", ".", 1]]);
    let mut nulls = Writer::default();
    list(&mut nulls, ARGS - 16, null);
    let nulls = nulls.finish();
    let mut texts = Writer::default();
    list(&mut texts, ARGS / 2 - 16, |to| to.text("a"));
    let texts = texts.finish();
    let mut long = Writer::default();
    long.text(&"a".repeat(ARGS - 16));
    let long = long.finish();
    let mut rows = Writer::default();
    list(&mut rows, 1000, |to| list(to, 1000, null));
    let rows = rows.finish();
    let deep = |levels: usize, inner: Json| (0..levels).fold(inner, |inner, _| json!(["all", ".", inner]));

    let mut cases = vec![
        ("names behind a flat list", last.clone(), behind(&|to| list(to, ARGS - 64, null))),
        ("names behind a list of small lists", last.clone(), behind(&|to| list(to, ARGS / 2 - 64, |to| to.list(0)))),
        ("names behind deep lists", last.clone(), behind(&|to| nested(to, 60, ARGS - 256))),
        ("names behind a long text", last.clone(), behind(&|to| to.text(&"a".repeat(ARGS - 64)))),
        ("names behind a long text, not ASCII", last.clone(), behind(&|to| to.text(&"é".repeat(ARGS / 2 - 64)))),
        ("names behind a long text, 4 bytes each", last.clone(), behind(&|to| to.text(&"😀".repeat(ARGS / 4 - 64)))),
        ("names behind long bytes", last, behind(&|to| to.bytes(&vec![0; ARGS - 64]))),
        (
            "into deep lists",
            filled(&json!(["==", format!(".a{}", "[0]".repeat(60)), null])),
            behind(&|to| nested(to, 60, ARGS - 256)),
        ),
        ("the last of a list", filled(&json!(["==", ".[-1]", null])), nulls.clone()),
        ("slices", filled(&json!(["!=", ".[1:][1:][1:][1:][-1]", 1])), nulls.clone()),
        (
            "one long selector",
            json!([["any", ".", ["==", format!(".{}", "[]?".repeat(POLICY_BYTES / 3 - 16)), 1]]]),
            nulls.clone(),
        ),
        ("all over nulls", filled(&json!(["all", ".", true_of_all])), nulls.clone()),
        ("all over rows, twice", filled(&json!(["all", ".", ["all", ".", true_of_all]])), rows.clone()),
        ("any over rows, negated", filled(&json!(["not", ["any", ".", ["any", ".", ["==", ".", 1]]]])), rows),
        (
            "many small statements per item",
            json!([["all", ".", ["and", filled(&json!(["and", []])).as_array().unwrap()[..10_000]]]]),
            nulls.clone(),
        ),
        (
            "nots per item",
            json!([["all", ".", (0..56).fold(json!(["and", []]), |inner, _| json!(["not", inner]))]]),
            nulls.clone(),
        ),
        ("one long pattern, long text", json!([["like", ".", "*a".repeat(POLICY_BYTES / 2 - 16) + "*"]]), long.clone()),
        (
            "one long pattern, no match",
            json!([["like", ".", "*".to_owned() + &"a".repeat(POLICY_BYTES - 32) + "b*"]]),
            long.clone(),
        ),
        ("periodic pattern, no match", json!([["like", ".", "*".to_owned() + &"ab".repeat(15_000) + "aa*"]]), {
            let mut writer = Writer::default();
            writer.text(&"ab".repeat(ARGS / 2 - 16));
            writer.finish()
        }),
        ("patterns that pass over the text", filled(&json!(["not", ["like", ".", "*b*"]])), long.clone()),
        ("patterns of two pieces", filled(&json!(["like", ".", "*a*a*"])), long.clone()),
        ("patterns from the end", filled(&json!(["not", ["like", ".", "*ab*"]])), long),
        ("pattern per small text", json!([["all", ".", ["like", ".", "*a*"]]]), texts.clone()),
        ("long pattern per small text", json!([["any", ".", ["like", ".", "a".repeat(60_000) + "*b"]]]), texts),
        (
            "equal long texts",
            {
                let mut statements = vec![json!(["not", ["all", ".", ["==", ".", "a".repeat(30_000) + "b"]]]); 2];
                statements.push(json!(["all", ".", ["!=", ".", "b"]]));
                Json::Array(statements)
            },
            {
                let mut writer = Writer::default();
                list(&mut writer, ARGS / 30_010, |to| to.text(&("a".repeat(30_000) + "c")));
                writer.finish()
            },
        ),
        ("long names of one length", filled(&json!(["==", format!(".[\"{}b\"]?", "a".repeat(2000)), null])), {
            let names: Vec<String> = (0..500).map(|number| format!("{}{number:03}", "a".repeat(1998))).collect();
            let mut entries = Entries::default();
            names.iter().for_each(|name| entries.entry(name).null());
            map(entries)
        }),
        ("many short names", filled(&json!(["==", ".zzzz", 1])), {
            let names: Vec<String> = (0..ARGS / 8).map(|number| format!("{number:06}")).collect();
            let short: Vec<String> = (0..9999).map(|number| format!("{number:04}")).collect();
            let mut entries = Entries::default();
            names[..100_000].iter().chain(&short).for_each(|name| entries.entry(name).null());
            entries.entry("zzzz").integer(1).unwrap();
            map(entries)
        }),
    ];
    let literal = |last: i64| {
        let mut items = vec![json!(0); 20_000];
        items.push(json!(last));
        Json::Array(items)
    };
    let mut lists = Writer::default();
    let item = cbor::from_json(&literal(2)).unwrap();
    lists.list(ARGS / item.len());
    for _ in 0..ARGS / item.len() {
        lists.value(cbor::validate(&item).unwrap());
    }
    let lists = lists.finish();
    cases.push((
        "long lists, different at the end",
        json!([["all", ".", ["!=", ".", literal(1)]], ["all", ".", ["!=", ".", literal(3)]]]),
        lists,
    ));
    let tower = |last: i64| (0..55).fold(Json::Array(vec![json!(0); 25_000]), |inner, _| json!([inner, last]));
    let mut towers = Writer::default();
    let item = cbor::from_json(&tower(2)).unwrap();
    towers.list(ARGS / item.len());
    for _ in 0..ARGS / item.len() {
        towers.value(cbor::validate(&item).unwrap());
    }
    cases.push((
        "deep lists, different at the end",
        json!([["all", ".", ["!=", ".", tower(1)]], ["all", ".", ["!=", ".", tower(3)]]]),
        towers.finish(),
    ));
    let mut one = Writer::default();
    nested(&mut one, 56, ARGS - 256);
    cases.push(("all in all, deep", json!([deep(50, json!(["not", ["==", ".", 1]]))]), one.finish()));
    let mut rows = Writer::default();
    list(&mut rows, 100, |to| list(to, 100, |to| list(to, 90, null)));
    cases.push(("all in all in all", filled(&deep(3, json!(["not", ["==", ".", 1]]))), rows.finish()));
    cases
}

#[test]
fn decoding_the_worst_policies_is_quick() {
    // Statements in statements, each with more behind it, so that every level is walked over.
    let bulk = Json::Array(vec![json!(["and", []]); (POLICY_BYTES - 512) / 6]);
    let nested = (0..28).fold(json!(["and", bulk]), |inner, _| json!(["and", [inner, ["or", []]]]));
    let names = format!(".{}", "a.".repeat(POLICY_BYTES / 2 - 32) + "a");
    let quoted = format!(".{}", r#"["\u0061"]"#.repeat(POLICY_BYTES / 10 - 4));
    for (name, policy) in [
        ("small statements", Json::Array(vec![json!(["and", []]); (POLICY_BYTES - 8) / 6])),
        ("nested statements", json!([nested])),
        ("a long selector", json!([["==", names, 1]])),
        ("a long quoted selector", json!([["==", quoted, 1]])),
        ("a long pattern", json!([["like", ".", "*a".repeat(POLICY_BYTES / 2 - 16)]])),
    ] {
        run(name, &policy, &[0xa0]);
    }
}
