//! Keys in a real OpenBao keep the contract, and what is particular to them.

mod fake;
mod keys;
mod measure;
mod outage;
mod place;
mod rights;
mod server;
