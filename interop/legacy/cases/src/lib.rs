//! What every old wascap version is asked to sign, in words that all of them share.
//!
//! Versions that cannot stand in one lock file are separate packages; each implements [`Wascap`] and
//! calls [`make`], so that all of them write the same cases.

#![forbid(unsafe_code)]

pub mod check;
mod folder;
pub mod keys;
mod macros;
mod make;
mod make_modules;
mod sample;
pub mod wasm;

pub use folder::{Case, Folder, Kind, Manifest, Verdict};
pub use keys::Key;
pub use make::{across, make};

/// Result of this crate. It is a tool: whatever goes wrong ends the run and is printed.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// When a token is valid, in Unix seconds; both ends may be open.
#[derive(Debug, Clone, Copy, Default)]
pub struct Dates {
    /// `nbf`.
    pub not_before: Option<u64>,
    /// `exp`.
    pub expires: Option<u64>,
}

/// Claims of an operator, an account or a cluster.
#[derive(Debug, Default)]
pub struct Listing<'a> {
    /// `name`, written as `null` when absent.
    pub name: Option<&'a str>,
    /// `valid_signers`, written as `null` when absent.
    pub signers: Option<&'a [&'a Key]>,
}

impl Listing<'_> {
    /// The listed public keys in the form in which every version takes them.
    pub fn public_keys(&self) -> Option<Vec<String>> {
        let keys = self.signers?;
        Some(keys.iter().map(|key| key.public.to_owned()).collect())
    }
}

/// Claims of a module; each field is left out of the token when absent.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)] // The names are those of the token.
pub struct Module {
    pub name: Option<String>,
    pub caps: Option<Vec<String>>,
    pub tags: Option<Vec<String>>,
    pub rev: Option<i32>,
    pub ver: Option<String>,
    pub call_alias: Option<String>,
    pub prov: bool,
}

/// Claims of a capability provider.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)] // The names are those of the token.
pub struct Provider {
    pub name: Option<String>,
    pub capid: String,
    pub vendor: String,
    pub rev: Option<i32>,
    pub ver: Option<String>,
    pub target_hashes: std::collections::HashMap<String, String>,
    pub config_schema: Option<serde_json::Value>,
}

/// One old version, as far as its claim types go. What a version has no type for stays `None`.
pub trait Wascap {
    /// The published version number.
    const VERSION: &'static str;
    /// Whether it signs components as well as modules.
    const COMPONENTS: bool = false;
    /// Whether its `hash` covers the whole file; 0.9.0 alone left sections out.
    const HASHES_WHOLE_FILE: bool = true;
    /// Whether it knows the section name `wasmcloud_jwt` and so removes an old token of that name.
    const KNOWS_NEW_SECTION: bool = true;

    /// Signs an operator token.
    fn operator(by: &Key, of: &Key, dates: Dates, listing: &Listing<'_>) -> Result<String>;
    /// Signs an account token.
    fn account(by: &Key, of: &Key, dates: Dates, listing: &Listing<'_>) -> Result<String>;
    /// Signs an invocation token; its subject is free text.
    fn invocation(by: &Key, subject: &str) -> Result<String>;
    /// Signs claims that have no `wascap` object at all.
    fn untyped(by: &Key, of: &Key) -> Result<String>;
    /// Signs a module with the ordinary constructor of its claims.
    fn module(by: &Key, of: &Key, dates: Dates, claims: &Module, wasm: &[u8]) -> Result<Vec<u8>>;
    /// Signs a module with `ClaimsBuilder`, which never writes `wascap_revision`.
    fn built(by: &Key, of: &Key, name: &str, wasm: &[u8]) -> Result<Vec<u8>>;

    /// Signs a cluster token (from 0.6.1).
    fn cluster(_: &Key, _: &Key, _: Dates, _: &Listing<'_>) -> Result<Option<String>> {
        Ok(None)
    }
    /// Signs a provider token (from 0.5).
    fn provider(_: &Key, _: &Key, _: Dates, _: &Provider) -> Result<Option<String>> {
        Ok(None)
    }
    /// Signs a host token (from 0.15); `None` as labels leaves them out.
    fn host(_: &Key, _: &Key, _: Option<&str>, _: Option<&[(&str, &str)]>) -> Result<Option<String>> {
        Ok(None)
    }
}
