//! Names of servers, looked up now and then instead of before every call.
//!
//! ureq looks a name up before each request, even where a connection is open, and with a deadline
//! it starts a thread for that: 75 µs, and whatever DNS takes.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// How long an address is believed: a server that has moved is found again after so much.
const BELIEVED: Duration = Duration::from_secs(10);

/// What one server's name meant last.
#[derive(Default)]
pub(super) struct Names {
    system: DefaultResolver,
    last: Mutex<Option<Known>>,
}

struct Known {
    authority: String,
    addresses: ResolvedSocketAddrs,
    since: Instant,
}

impl Names {
    fn known(&self, authority: &str) -> Option<ResolvedSocketAddrs> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let known = last.as_ref().filter(|known| known.authority == authority && known.since.elapsed() < BELIEVED)?;
        let mut copy = self.empty();
        known.addresses.iter().for_each(|address| copy.push(*address));
        Some(copy)
    }
}

impl Resolver for Names {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        if let Some(known) = self.known(authority) {
            return Ok(known);
        }
        let addresses = self.system.resolve(uri, config, timeout)?;
        let mut copy = self.empty();
        addresses.iter().for_each(|address| copy.push(*address));
        let known = Known { authority: authority.into(), addresses, since: Instant::now() };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(copy)
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Names")
    }
}
