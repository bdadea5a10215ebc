//! The kinds of cases, each built to fall between implementations in its own way.

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT as B;
use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::scalar::Scalar;

use crate::parts::{Parts, edge, plus, plus_p, scalar, small, tiny, torsion, unreduced};
use crate::reference::L;
use crate::support::Draw;

/// How a case is built.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Plain,
    TinyScalars,
    TorsionInKey,
    TorsionInR,
    TorsionInBoth,
    TorsionAfterSigning,
    SmallOrderKey,
    SmallOrderR,
    SmallOrderBoth,
    UnreducedKey,
    UnreducedR,
    UnreducedRByResult,
    ScalarPlusOrder,
    ScalarAtEdge,
    ScalarHighBits,
    OtherMessage,
    OtherKey,
    OtherR,
    NegatedKey,
    NegatedR,
    NegatedScalar,
    FlippedBit,
    NoPoint,
    RandomBytes,
}

pub(crate) const KINDS: [Kind; 24] = [
    Kind::Plain,
    Kind::TinyScalars,
    Kind::TorsionInKey,
    Kind::TorsionInR,
    Kind::TorsionInBoth,
    Kind::TorsionAfterSigning,
    Kind::SmallOrderKey,
    Kind::SmallOrderR,
    Kind::SmallOrderBoth,
    Kind::UnreducedKey,
    Kind::UnreducedR,
    Kind::UnreducedRByResult,
    Kind::ScalarPlusOrder,
    Kind::ScalarAtEdge,
    Kind::ScalarHighBits,
    Kind::OtherMessage,
    Kind::OtherKey,
    Kind::OtherR,
    Kind::NegatedKey,
    Kind::NegatedR,
    Kind::NegatedScalar,
    Kind::FlippedBit,
    Kind::NoPoint,
    Kind::RandomBytes,
];

impl Kind {
    /// What this kind is built to get, so that a generator that builds something else is noticed.
    pub(crate) fn good(self) -> bool {
        matches!(self, Self::Plain | Self::TinyScalars | Self::TorsionInKey | Self::TorsionInR | Self::TorsionInBoth)
    }

    pub(crate) fn build(self, draw: &mut Draw) -> Parts {
        let mut parts = Parts::draw(draw);
        match self {
            Self::Plain => parts.sign(),
            Self::TinyScalars => {
                parts.a = tiny(draw);
                parts.r = tiny(draw);
                parts.torsion_a = torsion(draw, 0);
                parts.torsion_r = torsion(draw, 0);
                parts.sign();
            }
            Self::TorsionInKey => {
                parts.torsion_a = torsion(draw, 1);
                parts.sign();
            }
            Self::TorsionInR => {
                parts.torsion_r = torsion(draw, 1);
                parts.sign();
            }
            Self::TorsionInBoth => {
                parts.torsion_a = torsion(draw, 1);
                parts.torsion_r = torsion(draw, 1);
                parts.sign();
            }
            Self::TorsionAfterSigning => {
                // k covers both encodings, so a point moved afterwards no longer fits.
                parts.sign();
                let moved = torsion(draw, 1);
                if draw.below(2) == 0 {
                    parts.key = (B * parts.a + moved).compress().0;
                } else {
                    parts.r_encoded = (B * parts.r + moved).compress().0;
                }
            }
            Self::SmallOrderKey => {
                // Good by the equation alone, for any message: S·B = R.
                parts.torsion_r = torsion(draw, 0);
                parts.a = Scalar::ZERO;
                parts.sign();
                parts.key = small(draw);
            }
            Self::SmallOrderR => {
                parts.r = Scalar::ZERO;
                parts.torsion_a = torsion(draw, 0);
                parts.encode();
                parts.r_encoded = small(draw);
                parts.answer();
            }
            Self::SmallOrderBoth => {
                parts.key = small(draw);
                parts.r_encoded = small(draw);
                parts.s = [0; 32];
            }
            Self::UnreducedKey => {
                parts.sign();
                parts.key = unreduced(draw);
            }
            Self::UnreducedR => {
                parts.encode();
                parts.r_encoded = unreduced(draw);
                parts.answer();
            }
            Self::UnreducedRByResult => {
                // R is good and only its spelling is not: y of small order plus p.
                parts.r = Scalar::ZERO;
                parts.encode();
                parts.r_encoded = plus_p(draw.below(2) as u8, draw.below(2) == 1);
                parts.answer();
            }
            Self::ScalarPlusOrder => {
                // Up to 15 L still fit into 256 bits.
                parts.sign();
                for _ in 0..=draw.below(15) {
                    parts.s = plus(parts.s, L);
                }
            }
            Self::ScalarAtEdge => {
                parts.sign();
                parts.s = edge(draw);
            }
            Self::ScalarHighBits => {
                parts.sign();
                parts.s[31] |= 0x20 << draw.below(3);
            }
            Self::OtherMessage => {
                parts.sign();
                parts.message.push(0);
            }
            Self::OtherKey => {
                parts.sign();
                parts.key = (B * scalar(draw) + torsion(draw, 0)).compress().0;
            }
            Self::OtherR => {
                parts.sign();
                parts.r_encoded = (B * scalar(draw) + torsion(draw, 0)).compress().0;
            }
            Self::NegatedKey => {
                parts.encode();
                parts.key[31] ^= 0x80;
                parts.answer();
            }
            Self::NegatedR => {
                parts.encode();
                parts.r_encoded[31] ^= 0x80;
                parts.answer();
            }
            Self::NegatedScalar => {
                parts.sign();
                parts.s = (-Scalar::from_bytes_mod_order(parts.s)).to_bytes();
            }
            Self::FlippedBit => {
                parts.sign();
                let bits = 8 * (96 + parts.message.len());
                let bit = draw.below(bits);
                let [key, r, s] = [&mut parts.key, &mut parts.r_encoded, &mut parts.s];
                let byte = key.iter_mut().chain(r).chain(s).chain(&mut parts.message).nth(bit / 8);
                *byte.unwrap() ^= 1 << (bit % 8);
            }
            Self::NoPoint => {
                parts.sign();
                let place = if draw.below(2) == 0 { &mut parts.key } else { &mut parts.r_encoded };
                *place = draw.array();
                while CompressedEdwardsY(*place).decompress().is_some() {
                    *place = draw.array();
                }
            }
            Self::RandomBytes => {
                parts.key = draw.array();
                parts.r_encoded = draw.array();
                parts.s = draw.array();
                parts.s[31] &= 0x1f;
            }
        }
        parts
    }
}
