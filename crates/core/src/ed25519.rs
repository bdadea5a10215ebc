//! Ed25519 (RFC 8032), once, for every family: cofactored, canonical, no small order.
//!
//! A signature (R, S) by A over M is good when A and R are canonical encodings and not of small
//! order, S < L, and [8](S·B − k·A − R) = 0. Single and batch verification then agree by
//! construction; which backend of the curve is compiled in changes the speed and nothing else.
//! Reasons and measurements: `docs/signatures.md`.

use chacha20::ChaCha12Rng;
use chacha20::rand_core::SeedableRng;
use ed25519_zebra::{Signature as ZebraSignature, VerificationKey, VerificationKeyBytes, batch};
use sha2::{Digest, Sha256};

use crate::error::SignatureFault;
use crate::key::RawKey;
use crate::signature::Signature;
use crate::statement::StatementId;

/// From so many points on, curve25519-dalek adds them up by buckets, and one equation is quickest.
const BUCKETS: usize = 190;

/// Most points of an equation without buckets: the tables of more leave the fast caches.
const POINTS: usize = 44;

/// Most signatures of the pieces that a failed equation is searched in.
const PIECE: usize = 22;

/// A signature with what it is claimed to be over and by whom.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// The claimed signer.
    pub key: &'a RawKey,
    /// The exact bytes received.
    pub message: &'a [u8],
    /// The signature received.
    pub signature: &'a Signature,
}

/// Judges one signature.
///
/// # Errors
/// [`SignatureFault::WeakKey`] for a key that anybody could sign for, else
/// [`SignatureFault::Invalid`].
pub fn verify(signed: &Signed<'_>) -> Result<(), SignatureFault> {
    Point::of(signed.key)?.verify(signed.message, signed.signature)
}

/// The point that a key encodes, found once for all signatures by it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point(VerificationKey);

impl Point {
    /// Finds it; errors as of [`verify`].
    pub(crate) fn of(key: &RawKey) -> Result<Self, SignatureFault> {
        if is_weak(key.as_bytes()) {
            return Err(SignatureFault::WeakKey);
        }
        VerificationKey::try_from(*key.as_bytes()).map(Self).map_err(|_| SignatureFault::Invalid)
    }

    /// Says whether it was found for this key.
    pub(crate) fn is_of(&self, key: &RawKey) -> bool {
        self.0.as_ref() == key.as_bytes()
    }

    /// Judges a signature by the key.
    pub(crate) fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), SignatureFault> {
        if is_weak(signature.r()) {
            return Err(SignatureFault::Invalid);
        }
        let signature = ZebraSignature::from(*signature.as_bytes());
        self.0.verify(&signature, message).map_err(|_| SignatureFault::Invalid)
    }
}

/// Judges many signatures together, each verdict the same as alone.
///
/// The coefficients come from a hash of the whole batch, so that no randomness is needed: whoever
/// wants faults to cancel has to hit one relation among 2¹²⁸ with a hash he cannot steer.
#[must_use]
pub fn verify_all(all: &[Signed<'_>]) -> Vec<Result<(), SignatureFault>> {
    let all: Vec<_> = all.iter().map(|signed| (*signed, StatementId::of(signed.message))).collect();
    verify_identified(&all)
}

/// Judges as [`verify_all`] does, where the digests of the messages are known.
pub(crate) fn verify_identified(all: &[(Signed<'_>, StatementId)]) -> Vec<Result<(), SignatureFault>> {
    let mut verdicts = Vec::with_capacity(all.len());
    let mut items = Vec::with_capacity(all.len());
    for (index, (signed, _)) in all.iter().enumerate() {
        match prepare(signed) {
            Ok(item) => {
                verdicts.push(Ok(()));
                items.push((index, item));
            }
            Err(fault) => verdicts.push(Err(fault)),
        }
    }
    for index in search(all, &items) {
        if let Some(verdict) = verdicts.get_mut(index) {
            *verdict = Err(SignatureFault::Invalid);
        }
    }
    verdicts
}

/// A signature that is worth an equation, by its index among all.
type Item = (usize, batch::Item);

/// Returns the indices of the bad ones: by equations of the quickest size, then by pieces, then one by one.
fn search(all: &[(Signed<'_>, StatementId)], items: &[Item]) -> Vec<usize> {
    let mut items: Vec<&Item> = items.iter().collect();
    let size = arrange(all, &mut items);
    items
        .chunks(size)
        .filter(|some| !together(all, some))
        .flat_map(|some| some.chunks(PIECE))
        .filter(|piece| !(piece.len() < size && together(all, piece)))
        .flatten()
        .filter(|(_, item)| item.clone().verify_single().is_err())
        .map(|(index, _)| *index)
        .collect()
}

/// Orders signatures for their equations, and returns how many go into one.
fn arrange(all: &[(Signed<'_>, StatementId)], items: &mut [&Item]) -> usize {
    // Each has a point of its own, and each key one more.
    if items.len() >= BUCKETS {
        return items.len();
    }
    let key = |item: &Item| all.get(item.0).map(|(signed, _)| signed.key);
    // Signatures by one key share its point, so they go together.
    items.sort_unstable_by_key(|item| (key(item), item.0));
    let points = items.len() + items.chunk_by(|a, b| key(a) == key(b)).count();
    let equations = if points < BUCKETS { points.div_ceil(POINTS).max(1) } else { 1 };
    items.len().div_ceil(equations).max(1)
}

/// Says whether all of them are good; of a single one it says nothing.
fn together(all: &[(Signed<'_>, StatementId)], items: &[&Item]) -> bool {
    if items.len() < 2 {
        return false;
    }
    let mut seed = Sha256::new_with_prefix(b"greatseal batch coefficients");
    let mut verifier = batch::Verifier::new();
    for (index, item) in items {
        // Everything the equation depends on, messages included, each by its digest: coefficients
        // that were known before a message is chosen could be cancelled by choosing it.
        if let Some((signed, id)) = all.get(*index) {
            seed.update(signed.key.as_bytes());
            seed.update(signed.signature.as_bytes());
            seed.update(id.as_bytes());
        }
        verifier.queue(item.clone());
    }
    verifier.verify(ChaCha12Rng::from_seed(seed.finalize().into())).is_ok()
}

/// Refuses what zebra's own, laxer criterion would let through, and hashes the message.
fn prepare(signed: &Signed<'_>) -> Result<batch::Item, SignatureFault> {
    if is_weak(signed.key.as_bytes()) {
        return Err(SignatureFault::WeakKey);
    }
    if is_weak(signed.signature.r()) {
        return Err(SignatureFault::Invalid);
    }
    let key = VerificationKeyBytes::from(*signed.key.as_bytes());
    let signature = ZebraSignature::from(*signed.signature.as_bytes());
    Ok(batch::Item::from((key, signature, signed.message)))
}

/// Says whether an encoded point is not canonical or of small order.
///
/// All eight points of small order have one of five y; "−0" is among them, because x is 0 only
/// where y is 1 or −1.
#[must_use]
pub fn is_weak(encoded: &[u8; 32]) -> bool {
    const P: [u8; 32] = {
        let mut p = [0xff; 32];
        p[0] = 0xed;
        p[31] = 0x7f;
        p
    };
    const MINUS_ONE: [u8; 32] = {
        let mut y = P;
        y[0] = 0xec;
        y
    };
    const ZERO: [u8; 32] = [0; 32];
    const ONE: [u8; 32] = {
        let mut y = ZERO;
        y[0] = 1;
        y
    };
    const ORDER_EIGHT: [[u8; 32]; 2] = [
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
            0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
        ],
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
            0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
        ],
    ];
    let mut y = *encoded;
    if let Some(last) = y.last_mut() {
        *last &= 0x7f;
    }
    let canonical = y.iter().rev().lt(P.iter().rev());
    !canonical || y == ZERO || y == ONE || y == MINUS_ONE || ORDER_EIGHT.contains(&y)
}
