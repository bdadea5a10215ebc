//! Verified tokens that a verifier has met before.
//!
//! A look-up compares the whole token byte for byte, so a hit is as sound as the verification it
//! saves. Times, revocations and the chain are judged anew at every decision.

use crate::limits::{REMEMBERED_BYTES, REMEMBERED_TOKENS};
use crate::verify::Verified;

/// Places that one token may be kept in.
const WAYS: usize = 4;

/// A bounded memory: each token has four places, and the one used longest ago makes room.
///
/// Bounded by its shape, without a hash that needs randomness: who floods it makes it forget and
/// can do nothing else.
#[derive(Debug)]
pub struct Remembered<T> {
    sets: Vec<[Option<Place<T>>; WAYS]>,
    clock: u64,
}

#[derive(Debug)]
struct Place<T> {
    token: Verified<T>,
    used: u64,
}

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        Self::with_capacity(REMEMBERED_TOKENS)
    }
}

impl<T> Remembered<T> {
    /// Makes an empty memory for about so many tokens.
    #[must_use]
    pub fn with_capacity(tokens: usize) -> Self {
        let sets = (tokens / WAYS).max(1).next_power_of_two();
        Self { sets: (0..sets).map(|_| [const { None }; WAYS]).collect(), clock: 0 }
    }

    /// Returns the token if exactly these bytes were verified before.
    #[must_use]
    pub fn recall(&mut self, received: &[u8]) -> Option<Verified<T>> {
        self.clock += 1;
        let clock = self.clock;
        let place = self.set(received).iter_mut().flatten().find(|place| place.token.received() == received)?;
        place.used = clock;
        Some(place.token.clone())
    }

    /// Keeps a verified token, unless it is larger than any that is used often.
    pub fn keep(&mut self, token: &Verified<T>) {
        if token.received().len() > REMEMBERED_BYTES {
            return;
        }
        self.clock += 1;
        let used = self.clock;
        let set = self.set(token.received());
        if let Some(place) = set.iter_mut().min_by_key(|place| place.as_ref().map_or(0, |place| place.used)) {
            *place = Some(Place { token: token.clone(), used });
        }
    }

    fn set(&mut self, received: &[u8]) -> &mut [Option<Place<T>>; WAYS] {
        // The signature is the least alike of all parts; JWTs end with it, UCANs begin with it.
        let mix = |bytes: Option<&[u8; 16]>| bytes.map_or(0, |bytes| u128::from_le_bytes(*bytes));
        let mixed = mix(received.last_chunk::<16>()) ^ mix(received.get(8..).and_then(|rest| rest.first_chunk::<16>()));
        let folded = ((mixed >> 64) as u64 ^ mixed as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // The count of sets is a power of two, so the mask keeps the index inside.
        let index = (folded >> 32) as usize & (self.sets.len() - 1);
        #[expect(clippy::indexing_slicing, reason = "masked by the length, a power of two of at least 1")]
        &mut self.sets[index]
    }
}
