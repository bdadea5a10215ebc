//! The criterion, word for word as `docs/signatures.md` has it.

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT as B;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity as _;
use greatseal_core::error::SignatureFault;
use sha2_0_10::{Digest as _, Sha512};

use crate::support::{Case, Verdict};

/// L, the order of the base point, little-endian (RFC 8032 section 5.1).
pub(crate) const L: [u8; 32] = {
    let mut order = [0; 32];
    let low = 0x14de_f9de_a2f7_9cd6_5812_631a_5cf5_d3ed_u128.to_le_bytes();
    let mut index = 0;
    while index < low.len() {
        order[index] = low[index];
        index += 1;
    }
    order[31] = 0x10;
    order
};

/// What 32 bytes are when they should be a point.
enum Decoded {
    Good(EdwardsPoint),
    /// Not reduced, "−0", or of small order.
    Weak,
    /// Reduced, and no point of the curve.
    Nothing,
}

fn decode(encoded: &[u8; 32]) -> Decoded {
    // p = 2^255 − 19: every byte is ff but the lowest, and the highest without its sign bit.
    if encoded[0] >= 0xed && encoded[1..31].iter().all(|byte| *byte == 0xff) && encoded[31] | 0x80 == 0xff {
        return Decoded::Weak;
    }
    let Some(point) = CompressedEdwardsY(*encoded).decompress() else { return Decoded::Nothing };
    if point.compress().0 != *encoded || eightfold(point) == EdwardsPoint::identity() {
        return Decoded::Weak;
    }
    Decoded::Good(point)
}

fn eightfold(point: EdwardsPoint) -> EdwardsPoint {
    let twice = point + point;
    let fourfold = twice + twice;
    fourfold + fourfold
}

/// Cofactored and strict, word for word as `docs/signatures.md` has it.
pub(crate) fn reference(case: &Case) -> Verdict {
    let bytes = case.signature.as_bytes();
    let r_encoded: [u8; 32] = bytes[..32].try_into().unwrap();
    let s_encoded: [u8; 32] = bytes[32..].try_into().unwrap();
    let a = match decode(case.key.as_bytes()) {
        Decoded::Good(a) => a,
        Decoded::Weak => return Err(SignatureFault::WeakKey),
        Decoded::Nothing => return Err(SignatureFault::Invalid),
    };
    let Decoded::Good(r) = decode(&r_encoded) else { return Err(SignatureFault::Invalid) };
    if !s_encoded.iter().rev().lt(L.iter().rev()) {
        return Err(SignatureFault::Invalid);
    }
    let s = Scalar::from_bytes_mod_order(s_encoded);
    let k = challenge(&r_encoded, case.key.as_bytes(), &case.message);
    let difference = eightfold(B * s - a * k - r);
    if difference == EdwardsPoint::identity() { Ok(()) } else { Err(SignatureFault::Invalid) }
}

pub(crate) fn challenge(r: &[u8; 32], a: &[u8; 32], message: &[u8]) -> Scalar {
    let hash = Sha512::new().chain_update(r).chain_update(a).chain_update(message).finalize();
    Scalar::from_bytes_mod_order_wide(&hash.into())
}
