//! What both tests of Ed25519 need: drawn numbers, cases, and batches held against single verdicts.

use ed25519_dalek_2::{Signer as _, SigningKey};
use greatseal_core::ed25519::{self, Signed};
use greatseal_core::error::SignatureFault;
use greatseal_core::key::RawKey;
use greatseal_core::signature::Signature;

/// SplitMix64: the same numbers on every machine and in every release of every crate.
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Draws from `0..end`; the bias of the remainder does not matter here.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.number() % end as u64).unwrap()
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.number().to_le_bytes()[0]).collect()
    }

    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        self.bytes(N).try_into().unwrap()
    }

    pub(crate) fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            all.swap(last, self.below(last + 1));
        }
    }
}

/// A signature that owns what it is over.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) key: RawKey,
    pub(crate) message: Vec<u8>,
    pub(crate) signature: Signature,
}

impl Case {
    pub(crate) fn signed(&self) -> Signed<'_> {
        Signed { key: &self.key, message: &self.message, signature: &self.signature }
    }

    pub(crate) fn verdict(&self) -> Verdict {
        ed25519::verify(&self.signed())
    }
}

pub(crate) type Verdict = Result<(), SignatureFault>;

/// Makes signatures as everybody does, some of them by the same key.
pub(crate) fn honest(draw: &mut Draw, count: usize) -> Vec<Case> {
    let mut signer = SigningKey::from_bytes(&draw.array());
    (0..count)
        .map(|index| {
            if draw.below(4) != 0 {
                signer = SigningKey::from_bytes(&draw.array());
            }
            let length = draw.below(300);
            let message = draw.bytes(length);
            Case {
                name: format!("honest {index}"),
                key: RawKey::new(signer.verifying_key().to_bytes()),
                signature: Signature::new(signer.sign(&message).to_bytes()),
                message,
            }
        })
        .collect()
}

/// Judges one batch and insists on the verdict that each of it has alone.
pub(crate) fn assert_as_alone(batch: &[(&Case, Verdict)]) {
    let signed: Vec<Signed<'_>> = batch.iter().map(|(case, _)| case.signed()).collect();
    let together = ed25519::verify_all(&signed);
    assert_eq!(together.len(), batch.len());
    for (position, ((case, alone), together)) in batch.iter().zip(together).enumerate() {
        assert_eq!(together, *alone, "{} at {position} of {}", case.name, batch.len());
    }
}
