//! A port of this machine that accepts and never answers. What is not for the offline machine alone.
#![cfg(feature = "online")]

use std::net::TcpListener;

/// Opens one; it is silent for as long as the listener lives. Returns its address too.
pub(super) fn port() -> Option<(TcpListener, String)> {
    let listener = TcpListener::bind("127.0.0.1:0").ok()?;
    let address = listener.local_addr().ok()?.to_string();
    Some((listener, address))
}
