//! Verified tokens that a verifier has met before, and the points of keys that signed them.
//!
//! A look-up compares the whole token byte for byte, so a hit is as sound as the verification it
//! saves. Times, revocations and the chain are judged anew at every decision.

use crate::ed25519::Point;
use crate::key::RawKey;
use crate::limits::{REMEMBERED_BYTES, REMEMBERED_KEYS, REMEMBERED_TOKENS};
use crate::verify::Verified;

/// What a verifier remembers.
#[derive(Debug)]
pub struct Remembered<T> {
    tokens: Places<Verified<T>>,
    points: Points,
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
        Self { tokens: Places::new(tokens), points: Points(Places::new(REMEMBERED_KEYS)) }
    }

    /// Returns the token if exactly these bytes were verified before.
    #[must_use]
    pub fn recall(&mut self, received: &[u8]) -> Option<Verified<T>> {
        self.tokens.find(token_mark(received), |token| token.received() == received).cloned()
    }

    /// Keeps a verified token, unless it is larger than any that is used often.
    pub fn keep(&mut self, token: &Verified<T>) {
        if token.received().len() <= REMEMBERED_BYTES {
            self.tokens.put(token_mark(token.received()), token.clone());
        }
    }

    pub(crate) fn points(&mut self) -> &mut Points {
        &mut self.points
    }
}

/// The points of keys under which something has verified.
#[derive(Debug)]
pub(crate) struct Points(Places<Box<Point>>);

impl Points {
    pub(crate) fn recall(&mut self, key: &RawKey) -> Option<&Point> {
        self.0.find(key_mark(key), |point| point.is_of(key)).map(|point| &**point)
    }

    pub(crate) fn keep(&mut self, key: &RawKey, point: Point) {
        self.0.put(key_mark(key), Box::new(point));
    }
}

/// Places that one value may be kept in.
const WAYS: usize = 4;

/// A bounded memory: each value has four places, and the one used longest ago makes room.
///
/// Bounded by its shape, without a hash that needs randomness: who floods it makes it forget and
/// can do nothing else.
#[derive(Debug)]
struct Places<V> {
    sets: Vec<[Option<Place<V>>; WAYS]>,
    clock: u64,
}

#[derive(Debug)]
struct Place<V> {
    value: V,
    used: u64,
}

impl<V> Places<V> {
    fn new(capacity: usize) -> Self {
        let sets = (capacity / WAYS).max(1).next_power_of_two();
        Self { sets: (0..sets).map(|_| [const { None }; WAYS]).collect(), clock: 0 }
    }

    fn find(&mut self, mark: u64, is_wanted: impl Fn(&V) -> bool) -> Option<&V> {
        self.clock += 1;
        let clock = self.clock;
        let place = self.set(mark).iter_mut().flatten().find(|place| is_wanted(&place.value))?;
        place.used = clock;
        Some(&place.value)
    }

    fn put(&mut self, mark: u64, value: V) {
        self.clock += 1;
        let used = self.clock;
        let set = self.set(mark);
        if let Some(place) = set.iter_mut().min_by_key(|place| place.as_ref().map_or(0, |place| place.used)) {
            *place = Some(Place { value, used });
        }
    }

    fn set(&mut self, mark: u64) -> &mut [Option<Place<V>>; WAYS] {
        let spread = mark.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // The count of sets is a power of two, so the mask keeps the index inside.
        let index = (spread >> 32) as usize & (self.sets.len() - 1);
        #[expect(clippy::indexing_slicing, reason = "masked by the length, a power of two of at least 1")]
        &mut self.sets[index]
    }
}

/// The signature is the least alike of all parts; JWTs end with it, UCANs begin with it.
fn token_mark(received: &[u8]) -> u64 {
    let mix = |bytes: Option<&[u8; 16]>| bytes.map_or(0, |bytes| u128::from_le_bytes(*bytes));
    let mixed = mix(received.last_chunk::<16>()) ^ mix(received.get(8..).and_then(|rest| rest.first_chunk::<16>()));
    (mixed >> 64) as u64 ^ mixed as u64
}

fn key_mark(key: &RawKey) -> u64 {
    key.as_bytes().first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
