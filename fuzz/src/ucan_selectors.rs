//! Selectors: read as a naive reader reads them, leading where it says they lead.

use greatseal_core::steps::Steps;
use greatseal_token::ucan::Policy;
use greatseal_token::ucan::cbor;
use serde_json::{Value as Json, json};

use crate::naive::cbor::{Tree, read};
use crate::naive::policy::{equal, find, path};

/// Something of every kind at every turn.
fn args() -> Json {
    json!({
        "a": {"a": [1, 2.5, [true, null], {"b": "x"}], "b": {"/": {"bytes": "AAECAw"}}, "": 7, "length": "y"},
        "b": [[0, 1, 2, 3], [], [[["deep"]]], "text", {"/": {"bytes": ""}}],
        "é": {"a b": -1, "\"": 0, "]": [1], "\\": {"a": 1}},
        "_": null,
        "a-$": {"a": {"a": {"a": {"a": "end"}}}},
    })
}

/// Takes text.
pub fn check(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else { return };
    if text.len() > 4096 {
        return;
    }
    let bytes = cbor::from_json(&args()).expect("it is DAG-CBOR");
    let value = cbor::validate(&bytes).expect("it is DAG-CBOR");
    let tree = read(&bytes).expect("it is DAG-CBOR");
    let policy = |operator: &str, argument: &Tree| {
        let mut list = Vec::from([0x81, 0x83]);
        list.extend(Tree::Text(operator.into()).write());
        list.extend(Tree::Text(text.into()).write());
        list.extend(argument.write());
        Policy::decode(cbor::validate(&list).expect("it is DAG-CBOR"))
    };
    let holds = |operator: &str, argument: &Tree| {
        let policy = policy(operator, argument).expect("it was read before");
        policy.holds(value, &mut Steps::default()).is_ok()
    };
    match (policy("==", &Tree::Null), path(text)) {
        (Ok(_), Some(path)) => match find(&path, &tree) {
            Some(found) => {
                assert!(holds("==", &found), "{text} does not lead to {found:?}");
                assert!(!holds("!=", &found));
                let other = Tree::Text("nowhere in there".into());
                assert!(holds("!=", &other) && !holds("==", &other));
                assert_eq!(holds("==", &Tree::Null), equal(&found, &Tree::Null));
                // Whatever is behind is a map, a list or bytes, or leads nowhere.
                assert_eq!(holds("all", &always()), matches!(found, Tree::List(_) | Tree::Map(_)));
            }
            None => assert!(!holds("==", &Tree::Null) && !holds("!=", &Tree::Null) && !holds("all", &always())),
        },
        (Err(_), None) => {}
        (Ok(_), None) => panic!("a naive reader refuses this selector"),
        (Err(fault), Some(path)) => panic!("{fault}: a naive reader takes {path:?}"),
    }
}

/// A statement that is true of everything.
fn always() -> Tree {
    Tree::List(vec![Tree::Text("and".into()), Tree::List(Vec::new())])
}
