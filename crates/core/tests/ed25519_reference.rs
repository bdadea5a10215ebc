//! The criterion once more, slowly and over another curve library, held against ours on inputs
//! built to fall between implementations.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests take their size from the environment and fail by panicking"
)]

mod support;

use std::sync::LazyLock;

use chacha20::ChaCha12Rng;
use chacha20::rand_core::{Rng as _, SeedableRng as _};
use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity as _;
use greatseal_core::ed25519;
use greatseal_core::error::SignatureFault;
use greatseal_core::key::RawKey;
use greatseal_core::signature::Signature;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use sha2_0_10::{Digest as _, Sha256, Sha512};
use support::{Case, Draw, Verdict, assert_as_alone, honest};

/// Enough for every kind to meet every point of small order; more: `GREATSEAL_ED25519_CASES`.
const CASES: usize = 20_000;
const SEED: u64 = 0x6772_6561_7473_6561;

/// L, the order of the base point, little-endian (RFC 8032 section 5.1).
const L: [u8; 32] = {
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
fn reference(case: &Case) -> Verdict {
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

fn challenge(r: &[u8; 32], a: &[u8; 32], message: &[u8]) -> Scalar {
    let hash = Sha512::new().chain_update(r).chain_update(a).chain_update(message).finalize();
    Scalar::from_bytes_mod_order_wide(&hash.into())
}

/// How a case is built.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
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

const KINDS: [Kind; 24] = [
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
    fn good(self) -> bool {
        matches!(self, Self::Plain | Self::TinyScalars | Self::TorsionInKey | Self::TorsionInR | Self::TorsionInBoth)
    }

    fn build(self, draw: &mut Draw) -> Parts {
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

/// A signature in the making.
struct Parts {
    a: Scalar,
    r: Scalar,
    torsion_a: EdwardsPoint,
    torsion_r: EdwardsPoint,
    message: Vec<u8>,
    key: [u8; 32],
    r_encoded: [u8; 32],
    s: [u8; 32],
}

impl Parts {
    fn draw(draw: &mut Draw) -> Self {
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

    fn encode(&mut self) {
        self.key = (B * self.a + self.torsion_a).compress().0;
        self.r_encoded = (B * self.r + self.torsion_r).compress().0;
    }

    /// Answers the challenge over the encodings as they stand.
    fn answer(&mut self) {
        self.s = (self.r + challenge(&self.r_encoded, &self.key, &self.message) * self.a).to_bytes();
    }

    fn sign(&mut self) {
        self.encode();
        self.answer();
    }

    fn case(self, name: String) -> Case {
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&self.r_encoded);
        signature[32..].copy_from_slice(&self.s);
        Case { name, key: RawKey::new(self.key), message: self.message, signature: Signature::new(signature) }
    }
}

fn scalar(draw: &mut Draw) -> Scalar {
    Scalar::from_bytes_mod_order_wide(&draw.array())
}

fn tiny(draw: &mut Draw) -> Scalar {
    let tiny = Scalar::from(1 + draw.below(8) as u64);
    if draw.below(2) == 0 { tiny } else { -tiny }
}

/// Draws a point of small order; from the first on, one that is not the identity.
fn torsion(draw: &mut Draw, first: usize) -> EdwardsPoint {
    EIGHT_TORSION[first + draw.below(8 - first)]
}

/// Draws one of all encodings of points of small order that some decoder takes.
fn small(draw: &mut Draw) -> [u8; 32] {
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
fn unreduced(draw: &mut Draw) -> [u8; 32] {
    plus_p(draw.below(19) as u8, draw.below(2) == 1)
}

fn plus_p(y: u8, sign: bool) -> [u8; 32] {
    let mut encoded = [0xff; 32];
    encoded[0] = 0xed + y;
    encoded[31] = if sign { 0xff } else { 0x7f };
    encoded
}

/// Draws an S close to where its range ends or where a sloppy check would put that end.
fn edge(draw: &mut Draw) -> [u8; 32] {
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
fn plus(left: [u8; 32], right: [u8; 32]) -> [u8; 32] {
    let mut sum = [0; 32];
    let mut carry = 0u16;
    for ((sum, left), right) in sum.iter_mut().zip(left).zip(right) {
        carry += u16::from(left) + u16::from(right);
        *sum = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    sum
}

fn cases(count: usize) -> Vec<(Kind, Case)> {
    let mut draw = Draw::new(SEED);
    let cases = (0..count).map(|index| {
        let kind = KINDS[index % KINDS.len()];
        (kind, kind.build(&mut draw).case(format!("{kind:?} {index}")))
    });
    cases.collect()
}

static JUDGED: LazyLock<Vec<(Kind, Case, Verdict)>> = LazyLock::new(|| {
    let asked = std::env::var("GREATSEAL_ED25519_CASES").ok().map(|count| count.parse().unwrap());
    let cases = cases(asked.unwrap_or(CASES).max(CASES));
    cases
        .into_iter()
        .map(|(kind, case)| {
            let verdict = reference(&case);
            (kind, case, verdict)
        })
        .collect()
});

/// Cases with the verdict of the reference.
fn judged() -> Vec<(&'static Case, Verdict)> {
    JUDGED.iter().map(|(_, case, verdict)| (case, *verdict)).collect()
}

#[test]
fn every_kind_is_what_it_was_built_to_be() {
    for (kind, case, verdict) in JUDGED.iter() {
        assert_eq!(verdict.is_ok(), kind.good(), "{}", case.name);
    }
}

#[test]
fn single_verdicts_are_the_references() {
    for (case, verdict) in judged() {
        assert_eq!(case.verdict(), verdict, "{case:?}");
        assert_eq!(ed25519::is_weak(case.key.as_bytes()), verdict == Err(SignatureFault::WeakKey), "{case:?}");
    }
}

#[test]
fn mixed_batches_get_the_references_verdicts() {
    let mut draw = Draw::new(SEED + 1);
    let mut all = judged();
    for round in 0..2 {
        // The first round keeps neighbours that were built one after the other.
        if round > 0 {
            draw.shuffle(&mut all);
        }
        let mut rest = all.as_slice();
        while !rest.is_empty() {
            let (batch, after) = rest.split_at((1 + draw.below(100)).min(rest.len()));
            assert_as_alone(batch);
            rest = after;
        }
    }
}

#[test]
fn good_batches_stay_good_and_one_bad_one_is_found() {
    let mut draw = Draw::new(SEED + 2);
    let (mut good, bad): (Vec<_>, Vec<_>) = judged().into_iter().partition(|(_, verdict)| verdict.is_ok());
    for size in [2, 3, 31, 32, 33, 64, 257] {
        draw.shuffle(&mut good);
        good.chunks(size).for_each(assert_as_alone);
    }
    // A step that shares no factor with the 19 bad kinds meets all of them.
    for judged in bad.into_iter().step_by(7) {
        let size = [1, 2, 3, 30, 31, 32, 33][draw.below(7)];
        let mut batch: Vec<_> = (0..size).map(|_| good[draw.below(good.len())]).collect();
        batch.insert(draw.below(size + 1), judged);
        assert_as_alone(&batch);
    }
}

/// Two errors that are each other's opposite: where coefficients are equal, small or guessable,
/// their sum is nothing and both pass.
#[test]
fn errors_that_cancel_are_found() {
    let mut draw = Draw::new(SEED + 3);
    let good = honest(&mut draw, 64);
    let good: Vec<(&Case, Verdict)> = good.iter().map(|case| (case, Ok(()))).collect();
    for round in 0..500 {
        let mut pair = [Parts::draw(&mut draw), Parts::draw(&mut draw)];
        if round % 2 == 0 {
            // Under one key, whose terms a batch adds up.
            pair[1].a = pair[0].a;
        }
        let error = scalar(&mut draw);
        let mut error = [error, -error];
        if round % 3 == 0 {
            // Opposite only after coefficients one and two.
            error[0] = error[0] + error[0];
        }
        let pair: Vec<Case> = pair
            .into_iter()
            .zip(error)
            .map(|(mut parts, error)| {
                parts.sign();
                parts.s = (Scalar::from_bytes_mod_order(parts.s) + error).to_bytes();
                parts.case(format!("cancelling {round}"))
            })
            .collect();
        let size = [0, 1, 2, 30, 31, 62][draw.below(6)];
        let mut batch: Vec<_> = (0..size).map(|_| good[draw.below(good.len())]).collect();
        for case in &pair {
            let verdict = reference(case);
            assert_eq!(verdict, Err(SignatureFault::Invalid));
            batch.insert(draw.below(batch.len() + 1), (case, verdict));
        }
        assert_as_alone(&batch);
    }
}

/// Whoever knew the coefficients before choosing S could make two errors cancel, so they have to
/// hang on S: two signatures built to pass under every seed that leaves S out.
#[test]
fn coefficients_hang_on_the_scalars() {
    let mut draw = Draw::new(SEED + 5);
    for round in 0..4 {
        let mut pair = [Parts::draw(&mut draw), Parts::draw(&mut draw)];
        // Under one key, so that zebra draws the coefficients in the order of the batch.
        pair[1].a = pair[0].a;
        pair.iter_mut().for_each(Parts::sign);
        let mut seed = Sha256::new_with_prefix(b"greatseal batch coefficients");
        let mut seeds = vec![[0; 32], seed.clone().finalize().into()];
        for parts in &pair {
            seed.update(parts.key);
            if round % 2 == 0 {
                seed.update(parts.r_encoded);
            }
            seed.update((parts.message.len() as u64).to_le_bytes());
            seed.update(&parts.message);
        }
        seeds.push(seed.finalize().into());
        for seed in seeds {
            let mut coefficients = ChaCha12Rng::from_seed(seed);
            let [first, second] = [(); 2].map(|()| {
                let mut bytes = [0; 16];
                coefficients.fill_bytes(&mut bytes);
                Scalar::from(u128::from_le_bytes(bytes))
            });
            let cases: Vec<Case> = pair
                .iter()
                .zip([second, -first])
                .map(|(parts, error)| {
                    let s = (Scalar::from_bytes_mod_order(parts.s) + error).to_bytes();
                    Parts { message: parts.message.clone(), s, ..*parts }.case(format!("foreseen {round}"))
                })
                .collect();
            let batch: Vec<_> = cases.iter().map(|case| (case, Err(SignatureFault::Invalid))).collect();
            assert_as_alone(&batch);
        }
    }
}

/// A residue of small order is what a batch without the factor 8 passes or fails by chance.
#[test]
fn residues_of_small_order_pass_in_every_company() {
    let mut draw = Draw::new(SEED + 4);
    let plain = honest(&mut draw, 64);
    for torsion_a in EIGHT_TORSION {
        for torsion_r in EIGHT_TORSION {
            let mut parts = Parts { torsion_a, torsion_r, ..Parts::draw(&mut draw) };
            parts.sign();
            let case = parts.case("residue".into());
            assert_eq!(reference(&case), Ok(()));
            for size in [1, 2, 5, 33] {
                let mut batch: Vec<_> = plain[..size].iter().map(|case| (case, Ok(()))).collect();
                batch.insert(draw.below(size + 1), (&case, Ok(())));
                batch.push((&case, Ok(())));
                assert_as_alone(&batch);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 128,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/regressions/ed25519_reference.txt"
        )))),
        ..ProptestConfig::default()
    })]

    /// Any company in any order, the same one twice included; few bad ones, so that batches pass too.
    #[test]
    fn verdicts_never_depend_on_neighbours(
        chosen in prop::collection::vec((any::<prop::sample::Index>(), 0..40u8), 0..100),
    ) {
        let (good, bad): (Vec<_>, Vec<_>) = judged().into_iter().partition(|(_, verdict)| verdict.is_ok());
        let batch: Vec<_> = chosen
            .iter()
            .map(|(index, lot)| *index.get(if *lot == 0 { &bad } else { &good }))
            .collect();
        assert_as_alone(&batch);
        let backwards: Vec<_> = batch.into_iter().rev().collect();
        assert_as_alone(&backwards);
    }
}
