//! Vectors, discovered from their folders: a file that no case uses fails the test that reads them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use greatseal_core::Code;
use greatseal_core::key::Nkey;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::chain::{Question, Token, verify, verify_module};

/// Explains a folder and belongs to no case.
const README: &str = "README.md";
/// Lists the cases of a folder.
const MANIFEST: &str = "manifest.json";

/// Returns the folder `vectors/` of the repository.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors")).to_path_buf()
}

/// A folder of vectors that remembers which of its files were read.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    used: RefCell<BTreeSet<String>>,
}

impl Folder {
    /// Opens a folder under `vectors/`.
    #[must_use]
    pub fn open(name: &str) -> Self {
        Self { root: root().join(name), used: RefCell::default() }
    }

    /// Reads a file, and counts it as used.
    #[must_use]
    #[track_caller]
    pub fn read(&self, file: &str) -> Vec<u8> {
        self.used.borrow_mut().insert(file.to_owned());
        fs::read(self.root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    /// Reads a JSON file, and counts it as used.
    #[must_use]
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self, file: &str) -> T {
        serde_json::from_slice(&self.read(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    /// Returns every file in it, folders within included, as paths from here.
    #[must_use]
    pub fn files(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        list(&self.root, "", &mut found);
        found
    }

    /// Fails for a file that was not read.
    ///
    /// # Panics
    /// When there is one besides a README.
    #[track_caller]
    pub fn assert_all_used(&self) {
        let used = self.used.borrow();
        let unused: Vec<String> =
            self.files().into_iter().filter(|file| !used.contains(file) && !file.ends_with(README)).collect();
        assert!(unused.is_empty(), "no case uses {unused:?} in {}", self.root.display());
    }
}

fn list(folder: &Path, prefix: &str, found: &mut BTreeSet<String>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("a folder can be listed").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("names of vectors are text");
        let name = format!("{prefix}{name}");
        if path.is_dir() {
            list(&path, &format!("{name}/"), found);
        } else {
            found.insert(name);
        }
    }
}

/// What a manifest expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expected {
    /// The strict policy allows it.
    Accept,
    /// The strict policy denies it, for the reason given.
    Reject,
    /// It decodes and is well signed, but nothing follows from it.
    Inspect,
}

/// One case, ready to be asked.
#[derive(Debug)]
pub struct Case {
    /// Its name.
    pub id: String,
    /// The verdict.
    pub expected: Expected,
    /// Why it is rejected; empty otherwise.
    pub reason: String,
    /// The target, what comes with it, the anchors and the instant.
    pub question: Question<'static>,
    /// The target's bytes.
    pub target: Vec<u8>,
}

/// The names of all folders whose cases have the form of `vectors/wascap`.
#[must_use]
pub fn wascap_folders() -> Vec<String> {
    let manifests = Folder { root: root(), used: RefCell::default() };
    let listed =
        manifests.files().into_iter().filter_map(|file| file.strip_suffix("/manifest.json").map(str::to_owned));
    // A manifest of that form names the file of each case; those of other families do not.
    listed
        .filter(|folder| {
            let manifest: serde_json::Value = manifests.json(&format!("{folder}/{MANIFEST}"));
            let cases = manifest.get("cases").and_then(serde_json::Value::as_array);
            cases.is_some_and(|cases| cases.iter().all(|case| case.get("module_file").is_some()))
        })
        .collect()
}

/// Reads the cases of a folder of the form of `vectors/wascap`.
#[must_use]
pub fn wascap_cases(folder: &Folder) -> Vec<Case> {
    #[derive(Deserialize)]
    struct Manifest {
        cases: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        id: String,
        file: String,
        module_file: Option<String>,
        expected_strict: Expected,
        reason: String,
    }
    #[derive(Deserialize)]
    struct File {
        at: u64,
        trusted_operators: Vec<String>,
        #[serde(default)]
        operator_tokens: Vec<String>,
        #[serde(default)]
        account_tokens: Vec<String>,
        actor_token: Option<String>,
    }

    let manifest: Manifest = folder.json(MANIFEST);
    let case = |entry: Entry| {
        let file: File = folder.json(&entry.file);
        let with: Vec<Token> = file.operator_tokens.into_iter().chain(file.account_tokens).map(Token::new).collect();
        // As `contract/run.py` has it: the module, else the actor's token, else the last of the others.
        let alone = file.actor_token.map(Token::new).or_else(|| with.last().cloned());
        let (question, target) = match entry.module_file {
            Some(module) => {
                let bytes = folder.read(&module);
                (verify_module(bytes.clone()), bytes)
            }
            None => {
                let token = alone.expect("a case has a token");
                (verify(&token), token.bytes().to_vec())
            }
        };
        let question = trusting(question.with(&with).at(file.at), &file.trusted_operators);
        Case { id: entry.id, expected: entry.expected_strict, reason: entry.reason, question, target }
    };
    manifest.cases.into_iter().map(case).collect()
}

/// Reads the cases of `vectors/legacy`.
#[must_use]
pub fn legacy_cases(folder: &Folder) -> Vec<Case> {
    #[derive(Deserialize)]
    struct Manifest {
        at: u64,
        cases: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        id: String,
        kind: String,
        file: String,
        with: Vec<String>,
        trust: Vec<String>,
        expected_strict: Expected,
        reason: String,
    }

    let manifest: Manifest = folder.json(MANIFEST);
    let case = |entry: Entry| {
        let target = folder.read(&entry.file);
        let with: Vec<Token> = entry.with.iter().map(|file| Token::new(folder.read(file))).collect();
        let question = match entry.kind.as_str() {
            "module" => verify_module(target.clone()),
            _ => verify(&Token::new(target.clone())),
        };
        let question = trusting(question.with(&with).at(manifest.at), &entry.trust);
        Case { id: entry.id, expected: entry.expected_strict, reason: entry.reason, question, target }
    };
    manifest.cases.into_iter().map(case).collect()
}

fn trusting(question: Question<'static>, keys: &[String]) -> Question<'static> {
    keys.iter().fold(question, |question, text| question.trust_nkey(Nkey::parse(text).expect("an anchor is a key")))
}

/// `vectors/codes.json`: which codes state a manifest's reason.
#[derive(Debug)]
pub struct Codes {
    reasons: BTreeMap<String, BTreeSet<Code>>,
    cases: BTreeMap<String, BTreeSet<Code>>,
}

impl Codes {
    /// Reads the table.
    ///
    /// # Panics
    /// For a code that does not exist, an empty set, or an exception without its why.
    #[must_use]
    pub fn load() -> Self {
        #[derive(Deserialize)]
        struct Table {
            reasons: BTreeMap<String, Vec<String>>,
            cases: BTreeMap<String, Exception>,
        }
        #[derive(Deserialize)]
        struct Exception {
            codes: Vec<String>,
            why: String,
        }
        let parsed = |name: &str, codes: &[String]| -> BTreeSet<Code> {
            assert!(!codes.is_empty(), "{name} has no code");
            let parse = |text: &String| Code::parse(text).unwrap_or_else(|| panic!("{name}: {text} is no code"));
            codes.iter().map(parse).collect()
        };
        let folder = Folder { root: root(), used: RefCell::default() };
        let table: Table = folder.json("codes.json");
        Self {
            reasons: table.reasons.iter().map(|(reason, codes)| (reason.clone(), parsed(reason, codes))).collect(),
            cases: table
                .cases
                .iter()
                .map(|(case, exception)| {
                    assert!(!exception.why.is_empty(), "{case} needs a why");
                    (case.clone(), parsed(case, &exception.codes))
                })
                .collect(),
        }
    }

    /// Says whether a code states why a case is rejected.
    ///
    /// # Panics
    /// For a reason that is not in the table.
    #[must_use]
    #[track_caller]
    pub fn states(&self, case: &Case, code: Code) -> bool {
        self.cases.get(&case.id).map_or_else(|| self.gives(&case.reason, code), |codes| codes.contains(&code))
    }

    /// Says whether a code states a reason.
    ///
    /// # Panics
    /// For a reason that is not in the table.
    #[must_use]
    #[track_caller]
    pub fn gives(&self, reason: &str, code: Code) -> bool {
        self.reasons.get(reason).unwrap_or_else(|| panic!("no codes for {reason}")).contains(&code)
    }

    /// Returns the cases that have codes of their own.
    pub fn exceptions(&self) -> impl Iterator<Item = &str> {
        self.cases.keys().map(String::as_str)
    }

    /// Says whether a reason is in the table.
    #[must_use]
    pub fn knows(&self, reason: &str) -> bool {
        self.reasons.contains_key(reason)
    }
}
