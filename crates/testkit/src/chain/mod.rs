//! A small language for writing chains: a graph in a few lines, the same bytes on every run.
//!
//! ```
//! use greatseal_testkit::chain::{account, account_token, module, module_token, operator, operator_token, verify};
//!
//! let (acme, daily) = (operator("acme"), operator("acme daily"));
//! let (shop, ledger) = (account("shop"), module("ledger"));
//! let root = operator_token(&acme).lists([&daily]).sign();
//! let tenant = account_token(&shop, &daily).sign();
//! let leaf = module_token(&ledger, &shop).sign();
//! verify(&leaf).with([&root, &tenant]).trust(&acme).allowed();
//! ```

mod deed;
mod draft;
mod key;
mod question;
mod realm;
mod token;

pub use deed::{countersignature, deed, edge_revocation, endorsement, key_revocation, revocation};
pub use draft::{Draft, Line, account_token, claims_token, module_token, operator_token, provider_token};
pub use key::{TestKey, account, key, module, operator, provider};
pub use question::{Question, verify, verify_archive, verify_module};
pub use realm::Realm;
pub use token::{HEADER, Token, segment, unchecked};

/// The instant that questions are asked at, unless they say otherwise.
pub const AT: u64 = 1_800_000_000;

/// When tokens are issued, unless they say otherwise.
pub const ISSUED: u64 = AT - 1000;
