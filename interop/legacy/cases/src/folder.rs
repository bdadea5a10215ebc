//! Writing the files and the manifest that says what each of them must give.

use crate::{Key, Result, keys};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// How long after the run the cases are judged: late enough for the expired ones.
const JUDGED_AFTER_SECONDS: u64 = 60;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)] // Each is a claim type of its name.
pub enum Kind {
    Module,
    Operator,
    Account,
    Provider,
    Cluster,
    Host,
    Invocation,
}

/// What a strict verification must say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The chain verifies.
    Accept,
    /// It must not verify; the case says why.
    Reject,
    /// Decodes and is well signed, but its claim type has no chain to verify.
    Inspect,
}

/// One file with the tokens it is verified with, and the expected verdict.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[allow(missing_docs)] // The names are those of the manifest.
pub struct Case {
    pub id: String,
    pub made_with: String,
    pub kind: Kind,
    pub description: String,
    pub file: String,
    pub with: Vec<String>,
    pub trust: Vec<String>,
    pub expected_strict: Verdict,
    /// Why a rejected case is rejected; empty otherwise.
    pub reason: String,
}

/// A key as the manifest lists it.
#[derive(Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ListedKey {
    pub public: String,
    #[serde(rename = "seed_TEST_ONLY")]
    pub seed_test_only: String,
}

/// The list of all cases.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Manifest {
    /// Unix time to verify at.
    pub at: u64,
    /// The published test keys by name.
    pub keys: BTreeMap<String, ListedKey>,
    /// The cases, by version in order of release.
    pub cases: Vec<Case>,
}

impl Manifest {
    /// Reads the manifest of a folder.
    pub fn read(folder: &Path) -> Result<Self> {
        Ok(serde_json::from_slice(&fs::read(folder.join("manifest.json"))?)?)
    }

    /// Replaces the cases whose ids start with `prefix`, so that each program renews its own only.
    fn renew(folder: &Path, prefix: &str, cases: Vec<Case>) -> Result<()> {
        let path = folder.join("manifest.json");
        let mut manifest = if path.exists() { Self::read(folder)? } else { Self::default() };
        manifest.at = now()? + JUDGED_AFTER_SECONDS;
        manifest.keys = keys::ALL.iter().map(listed).collect();
        manifest.cases.retain(|case| !case.id.starts_with(prefix));
        manifest.cases.extend(cases);
        manifest.cases.sort_by_key(|case| release(&case.id));
        let mut text = serde_json::to_string_pretty(&manifest)?;
        text.push('\n');
        Ok(fs::write(path, text)?)
    }
}

/// One version's folder while it is being filled.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    version: &'static str,
    cases: Vec<Case>,
}

impl Folder {
    /// Makes an empty folder for a version, removing what an earlier run left in it.
    pub fn create(root: &Path, version: &'static str) -> Result<Self> {
        let path = root.join(version);
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        fs::create_dir_all(path)?;
        Ok(Self { root: root.to_owned(), version, cases: Vec::new() })
    }

    /// Writes a token and its case; `with` names files of this folder.
    pub fn token(&mut self, kind: Kind, name: &str, about: &str, token: &str) -> Result<&mut Case> {
        self.write(kind, format!("{name}.jwt"), about, token.as_bytes())
    }

    /// Writes a module and its case.
    pub fn module(&mut self, name: &str, about: &str, wasm: &[u8]) -> Result<&mut Case> {
        self.write(Kind::Module, format!("{name}.wasm"), about, wasm)
    }

    /// Adds this version's cases to the manifest.
    pub fn finish(self) -> Result<()> {
        Manifest::renew(&self.root, &format!("{}-", self.version), self.cases)
    }

    fn write(&mut self, kind: Kind, file: String, about: &str, bytes: &[u8]) -> Result<&mut Case> {
        let relative = format!("{}/{file}", self.version);
        fs::write(self.root.join(&relative), bytes)?;
        let (stem, _) = file.split_once('.').unwrap_or((&file, ""));
        self.cases.push(Case {
            id: format!("{}-{stem}", self.version),
            made_with: format!("wascap {}", self.version),
            kind,
            description: about.to_owned(),
            file: relative,
            with: Vec::new(),
            trust: vec![keys::OP_IDENTITY.public.to_owned()],
            expected_strict: Verdict::Accept,
            reason: String::new(),
        });
        self.cases.last_mut().ok_or_else(|| "the case just added is gone".into())
    }
}

impl Case {
    /// Names the files of the same folder that complete the chain.
    pub fn with(&mut self, files: &[&str]) -> &mut Self {
        let folder = self.file.split('/').next().unwrap_or_default();
        self.with = files.iter().map(|file| format!("{folder}/{file}")).collect();
        self
    }

    /// Trusts another operator than the usual one.
    pub fn trusting(&mut self, operator: &Key) -> &mut Self {
        self.trust = vec![operator.public.to_owned()];
        self
    }

    /// Expects a refusal.
    pub fn rejected(&mut self, reason: &str) {
        self.expected_strict = Verdict::Reject;
        self.reason = reason.to_owned();
    }

    /// Expects a good signature and no chain.
    pub fn inspected(&mut self) {
        self.expected_strict = Verdict::Inspect;
    }
}

/// Adds cases that combine files of several versions; their ids start with `across-`.
pub(crate) fn add_across(root: &Path, cases: Vec<Case>) -> Result<()> {
    Manifest::renew(root, "across-", cases)
}

/// Unix time now.
pub(crate) fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}

fn listed(key: &Key) -> (String, ListedKey) {
    let listed = ListedKey { public: key.public.to_owned(), seed_test_only: key.seed_test_only.to_owned() };
    (key.name.to_owned(), listed)
}

/// Sort key: the version's numbers; what has none comes last.
fn release(id: &str) -> Vec<u32> {
    let version = id.split('-').next().unwrap_or_default();
    let numbers: Vec<u32> = version.split('.').filter_map(|part| part.parse().ok()).collect();
    if numbers.is_empty() { vec![u32::MAX] } else { numbers }
}
