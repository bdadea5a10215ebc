//! A signature in its parts, and where each is drawn from.

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION};
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity as _;
use greatseal_core::key::RawKey;
use greatseal_core::signature::Signature;

use crate::reference::{L, challenge};
use crate::support::{Case, Draw};

/// A signature in the making.
pub(crate) struct Parts {
    pub(crate) a: Scalar,
    pub(crate) r: Scalar,
    pub(crate) torsion_a: EdwardsPoint,
    pub(crate) torsion_r: EdwardsPoint,
    pub(crate) message: Vec<u8>,
    pub(crate) key: [u8; 32],
    pub(crate) r_encoded: [u8; 32],
    pub(crate) s: [u8; 32],
}

impl Parts {
    pub(crate) fn draw(draw: &mut Draw) -> Self {
        let length = draw.below(300);
        Self {
            a: scalar(draw),
            r: scalar(draw),
            torsion_a: EdwardsPoint::identity(),
            torsion_r: EdwardsPoint::identity(),
            message: draw.bytes(length),
            key: [0; 32],
            r_encoded: [0; 32],
            s: [0; 32],
        }
    }

    pub(crate) fn encode(&mut self) {
        self.key = (B * self.a + self.torsion_a).compress().0;
        self.r_encoded = (B * self.r + self.torsion_r).compress().0;
    }

    /// Answers the challenge over the encodings as they stand.
    pub(crate) fn answer(&mut self) {
        self.s = (self.r + challenge(&self.r_encoded, &self.key, &self.message) * self.a).to_bytes();
    }

    pub(crate) fn sign(&mut self) {
        self.encode();
        self.answer();
    }

    pub(crate) fn case(self, name: String) -> Case {
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&self.r_encoded);
        signature[32..].copy_from_slice(&self.s);
        Case { name, key: RawKey::new(self.key), message: self.message, signature: Signature::new(signature) }
    }
}

pub(crate) fn scalar(draw: &mut Draw) -> Scalar {
    Scalar::from_bytes_mod_order_wide(&draw.array())
}

pub(crate) fn tiny(draw: &mut Draw) -> Scalar {
    let tiny = Scalar::from(1 + draw.below(8) as u64);
    if draw.below(2) == 0 { tiny } else { -tiny }
}

/// Draws a point of small order; from the first on, one that is not the identity.
pub(crate) fn torsion(draw: &mut Draw, first: usize) -> EdwardsPoint {
    EIGHT_TORSION[first + draw.below(8 - first)]
}

/// Draws one of all encodings of points of small order that some decoder takes.
pub(crate) fn small(draw: &mut Draw) -> [u8; 32] {
    let sign = draw.below(2) == 1;
    match draw.below(3) {
        // y = 0 and y = 1, spelled as p and p + 1.
        0 => plus_p(draw.below(2) as u8, sign),
        // With the other sign, "−0" for y = ±1 among them.
        1 => {
            let mut encoded = torsion(draw, 0).compress().0;
            encoded[31] ^= 0x80;
            encoded
        }
        _ => torsion(draw, 0).compress().0,
    }
}

/// Draws any y from p to 2^255 − 1, on the curve or not.
pub(crate) fn unreduced(draw: &mut Draw) -> [u8; 32] {
    plus_p(draw.below(19) as u8, draw.below(2) == 1)
}

pub(crate) fn plus_p(y: u8, sign: bool) -> [u8; 32] {
    let mut encoded = [0xff; 32];
    encoded[0] = 0xed + y;
    encoded[31] = if sign { 0xff } else { 0x7f };
    encoded
}

/// Draws an S close to where its range ends or where a sloppy check would put that end.
pub(crate) fn edge(draw: &mut Draw) -> [u8; 32] {
    let mut end = [0; 32];
    match draw.below(8) {
        0 => {}
        1 | 2 => end = L,
        // The high half as in L: a check of some bytes only does not see the difference.
        3 => {
            end = L;
            end[..16].copy_from_slice(&draw.array::<16>());
        }
        4 => end[31] = 0x10,
        5 => end[31] = 0x20,
        6 => end[31] = 0x80,
        _ => end = [0xff; 32],
    }
    let mut step = [0; 32];
    match draw.below(3) {
        0 => {}
        1 => step[0] = 1 + draw.below(3) as u8,
        // Minus one to three, in two's complement.
        _ => {
            step = [0xff; 32];
            step[0] -= draw.below(3) as u8;
        }
    }
    plus(end, step)
}

/// Adds modulo 2^256.
pub(crate) fn plus(left: [u8; 32], right: [u8; 32]) -> [u8; 32] {
    let mut sum = [0; 32];
    let mut carry = 0u16;
    for ((sum, left), right) in sum.iter_mut().zip(left).zip(right) {
        carry += u16::from(left) + u16::from(right);
        *sum = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    sum
}
