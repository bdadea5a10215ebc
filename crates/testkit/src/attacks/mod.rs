//! The attack vectors: a few flaws as files, each beside what is accepted without it.
//!
//! `cargo run -p greatseal-testkit --bin attack-vectors` writes them to `vectors/attacks`, always
//! the same bytes; a test compares. The form is that of `vectors/wascap`.

mod chains;
mod encodings;
mod files;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::chain::{AT, Realm, Token};

/// One case, before it is written.
#[derive(Debug)]
pub struct Attack {
    id: &'static str,
    description: &'static str,
    /// Why strict denies it; nothing if it is accepted.
    reason: Option<&'static str>,
    trusted: Vec<String>,
    operators: Vec<Token>,
    accounts: Vec<Token>,
    /// The token asked about, where it is not a module's.
    target: Option<Token>,
    module: Option<Vec<u8>>,
}

impl Attack {
    /// Asks about `target` in a realm.
    fn new(
        id: &'static str,
        description: &'static str,
        reason: Option<&'static str>,
        realm: &Realm,
        target: &Token,
    ) -> Self {
        Self {
            id,
            description,
            reason,
            trusted: vec![realm.operator.to_string()],
            operators: vec![realm.root.clone()],
            accounts: vec![realm.tenant.clone()],
            target: Some(target.clone()),
            module: None,
        }
    }

    /// Asks about a module's file instead.
    fn module(mut self, file: Vec<u8>) -> Self {
        self.target = None;
        self.module = Some(file);
        self
    }

    /// Supplies other operator tokens.
    fn operators(mut self, tokens: impl IntoIterator<Item = Token>) -> Self {
        self.operators = tokens.into_iter().collect();
        self
    }

    /// Supplies other account tokens.
    fn accounts(mut self, tokens: impl IntoIterator<Item = Token>) -> Self {
        self.accounts = tokens.into_iter().collect();
        self
    }

    fn expected(&self) -> &'static str {
        if self.reason.is_some() { "reject" } else { "accept" }
    }

    fn module_file(&self) -> Option<String> {
        self.module.as_ref().map(|_| format!("{}.wasm", self.id))
    }

    fn entry(&self) -> Value {
        json!({
            "id": self.id,
            "description": self.description,
            "file": format!("{}.json", self.id),
            "module_file": self.module_file(),
            "expected_strict": self.expected(),
            "reason": self.reason.unwrap_or_default(),
        })
    }

    fn file(&self) -> Value {
        let texts = |tokens: &[Token]| tokens.iter().map(|token| token.text().to_owned()).collect::<Vec<_>>();
        json!({
            "id": self.id,
            "description": self.description,
            "at": AT,
            "trusted_operators": self.trusted,
            "operator_tokens": texts(&self.operators),
            "account_tokens": texts(&self.accounts),
            "actor_token": self.target.as_ref().map(Token::text),
            "module": self.module_file(),
            "expected_strict": self.expected(),
            "reason": self.reason.unwrap_or_default(),
        })
    }
}

/// Makes every case.
#[must_use]
pub fn all() -> Vec<Attack> {
    [chains::cases(), encodings::cases(), files::cases()].into_iter().flatten().collect()
}

/// Makes every file of `vectors/attacks` but its README, by name.
#[must_use]
pub fn folder() -> BTreeMap<String, Vec<u8>> {
    let attacks = all();
    let mut files = BTreeMap::new();
    let cases: Vec<Value> = attacks.iter().map(Attack::entry).collect();
    files.insert("manifest.json".into(), pretty(&json!({ "at": AT, "cases": cases })));
    for attack in attacks {
        files.insert(format!("{}.json", attack.id), pretty(&attack.file()));
        files.extend(attack.module_file().zip(attack.module));
    }
    files
}

fn pretty(value: &Value) -> Vec<u8> {
    let mut text = serde_json::to_string_pretty(value).expect("a value can be written");
    text.push('\n');
    text.into_bytes()
}
