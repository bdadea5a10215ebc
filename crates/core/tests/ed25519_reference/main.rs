//! The criterion once more, slowly and over another curve library, held against ours on inputs
//! built to fall between implementations.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests take their size from the environment and fail by panicking"
)]

mod kind;
mod parts;
mod reference;
#[path = "../support/mod.rs"]
mod support;

use std::sync::LazyLock;

use chacha20::ChaCha12Rng;
use chacha20::rand_core::{Rng as _, SeedableRng as _};
use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::scalar::Scalar;
use greatseal_core::ed25519;
use greatseal_core::error::SignatureFault;
use kind::{KINDS, Kind};
use parts::{Parts, scalar};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use reference::reference;
use sha2_0_10::{Digest as _, Sha256};
use support::{Case, Draw, Verdict, assert_as_alone, honest};

/// Enough for every kind to meet every point of small order; more: `GREATSEAL_ED25519_CASES`.
const CASES: usize = 20_000;
const SEED: u64 = 0x6772_6561_7473_6561;

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
