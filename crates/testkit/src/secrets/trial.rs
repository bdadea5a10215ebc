//! Tries candidates: takes each for a private key, and looks whether its public half is known.

use curve25519_dalek::{EdwardsPoint, Scalar};
use greatseal_core::key::PublicKey;
use sha2::{Digest, Sha512};

use super::known::Known;
use super::spelling::Candidate;

/// Returns which candidates are private keys, and of whom.
pub(super) fn hits(known: &Known, candidates: &[Candidate]) -> Vec<(usize, PublicKey)> {
    let mut points = Vec::with_capacity(candidates.len());
    let mut origins = Vec::with_capacity(candidates.len());
    for (index, candidate) in candidates.iter().enumerate() {
        for point in halves(&candidate.bytes).into_iter().flatten() {
            points.push(point);
            origins.push(index);
        }
    }
    // Together, because to compress points one by one costs an inversion each.
    let compressed = EdwardsPoint::compress_batch_alloc(&points);
    let ed25519 = origins.into_iter().zip(compressed).filter_map(|(index, point)| {
        let key = known.ed25519(point.as_bytes())?;
        Some((index, key))
    });
    let mut hits: Vec<_> = ed25519.collect();
    if known.has_points() {
        for (index, candidate) in candidates.iter().enumerate().filter(|(_, it)| it.apart) {
            hits.extend(ecdsa(known, &candidate.bytes).map(|key| (index, key)));
        }
    }
    hits
}

/// The public points of 32 bytes: as a seed; as the clamped scalar that a seed's hash begins with; as that, reduced.
fn halves(bytes: &[u8; 32]) -> [Option<EdwardsPoint>; 3] {
    let hash = Sha512::digest(bytes);
    let seed = hash.first_chunk::<32>().map(|low| EdwardsPoint::mul_base_clamped(*low));
    let [first, .., last] = bytes;
    let is_clamped = first & 0b0000_0111 == 0 && last & 0b1100_0000 == 0b0100_0000;
    let clamped = is_clamped.then(|| EdwardsPoint::mul_base_clamped(*bytes));
    // The order of the group begins with 0x10.
    let reduced = (*last <= 0x10).then(|| EdwardsPoint::mul_base(&Scalar::from_bytes_mod_order(*bytes)));
    [seed, clamped, reduced]
}

fn ecdsa(known: &Known, bytes: &[u8; 32]) -> Option<PublicKey> {
    let p256 = p256::ecdsa::SigningKey::from_slice(bytes).ok();
    let k256 = k256::ecdsa::SigningKey::from_slice(bytes).ok();
    let p256 = p256.and_then(|key| known.point(key.verifying_key().to_sec1_point(true).as_bytes()));
    p256.or_else(|| k256.and_then(|key| known.point(key.verifying_key().to_sec1_point(true).as_bytes())))
}
