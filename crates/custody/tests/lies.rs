//! Custodians that lie: whatever they return, no signature but the one asked for comes out.

use std::num::NonZeroUsize;
use std::sync::Mutex;

use greatseal_core::Code;
use greatseal_core::error::SignatureFault;
use greatseal_core::issue::SigningRequest;
use greatseal_core::key::{Nkey, PublicKey, RawKey, Role};
use greatseal_core::signature::Signature;
use greatseal_custody::{Custodian, CustodyFault, Deadline, Description, Examination, KeyUri, Lock, Seed, sign};

use crate::support::{request, soon};

/// Says that it holds one key, and answers as it likes.
struct Fake<F> {
    claims: PublicKey,
    answer: F,
}

impl<F> Custodian for Fake<F>
where
    F: Fn(&SigningRequest) -> Result<Signature, CustodyFault> + Send + Sync,
{
    fn describe(&self) -> Result<Description, CustodyFault> {
        let public_key = self.claims;
        Ok(Description {
            public_key,
            uri: KeyUri::Offline,
            lock: Lock::None,
            largest_message: 4_096,
            batch: NonZeroUsize::MIN,
        })
    }

    fn sign(&self, request: &SigningRequest, _deadline: Deadline) -> Result<Signature, CustodyFault> {
        (self.answer)(request)
    }

    fn examine(&self, _deadline: Deadline) -> Result<Examination, CustodyFault> {
        Err(CustodyFault::Deadline)
    }
}

fn fake<F>(claims: &Nkey, answer: F) -> Fake<F>
where
    F: Fn(&SigningRequest) -> Result<Signature, CustodyFault> + Send + Sync,
{
    Fake { claims: claims.public_key(), answer }
}

fn seed() -> Seed {
    Seed::generate(Role::Account).unwrap()
}

const REFUSED: CustodyFault = CustodyFault::Result(SignatureFault::Invalid);

#[test]
fn an_honest_one_is_believed() {
    let seed = seed();
    let honest = fake(&seed.nkey(), |asked| seed.sign(asked));
    assert!(sign(&honest, &request(&seed.nkey(), ""), soon()).is_ok());
}

#[test]
fn a_good_signature_by_another_key_is_refused() {
    let (seed, other) = (seed(), seed());
    // The same words, asked of the other key; and the very same message, signed by it.
    let words = request(&other.nkey(), "words");
    let lying = fake(&seed.nkey(), |_| other.sign(&words));
    assert_eq!(sign(&lying, &request(&seed.nkey(), "words"), soon()), Err(REFUSED));
    let rotated = fake(&other.nkey(), |_| seed.sign(&request(&seed.nkey(), "words")));
    assert_eq!(sign(&rotated, &request(&other.nkey(), "words"), soon()), Err(REFUSED));
}

#[test]
fn a_good_signature_over_another_message_is_refused() {
    let seed = seed();
    let lying = fake(&seed.nkey(), |_| seed.sign(&request(&seed.nkey(), "something else")));
    assert_eq!(sign(&lying, &request(&seed.nkey(), "words"), soon()), Err(REFUSED));
}

#[test]
fn the_previous_answer_is_refused() {
    let seed = seed();
    let previous = Mutex::new(None);
    let replaying = fake(&seed.nkey(), |asked| {
        let fresh = seed.sign(asked)?;
        Ok(previous.lock().unwrap().replace(fresh).unwrap_or(fresh))
    });
    assert!(sign(&replaying, &request(&seed.nkey(), "first"), soon()).is_ok());
    assert_eq!(sign(&replaying, &request(&seed.nkey(), "second"), soon()), Err(REFUSED));
}

#[test]
fn a_changed_signature_is_refused_whichever_bit_it_is() {
    let seed = seed();
    let asked = request(&seed.nkey(), "words");
    let good = *seed.sign(&asked).unwrap().as_bytes();
    for bit in 0..512 {
        let mut changed = good;
        changed[bit / 8] ^= 1 << (bit % 8);
        let lying = fake(&seed.nkey(), |_| Ok(Signature::new(changed)));
        assert_eq!(sign(&lying, &asked, soon()), Err(REFUSED), "bit {bit}");
    }
    for bytes in [[0; 64], [0xff; 64]] {
        let lying = fake(&seed.nkey(), |_| Ok(Signature::new(bytes)));
        assert_eq!(sign(&lying, &asked, soon()), Err(REFUSED));
    }
}

/// Anybody can sign for a key of small order, so no custodian may claim to hold one.
#[test]
fn a_weak_key_is_no_key() {
    let mut identity = [0; 32];
    identity[0] = 1;
    let weak = Nkey::new(Role::Account, RawKey::new(identity));
    let mut forged = [0; 64];
    forged[0] = 1;
    let lying = fake(&weak, |_| Ok(Signature::new(forged)));
    let fault = sign(&lying, &request(&weak, ""), soon()).unwrap_err();
    assert_eq!(fault, CustodyFault::Result(SignatureFault::WeakKey));
    assert_eq!(fault.code(), Code::SignResult);
}

#[test]
fn one_that_describes_another_key_is_not_asked() {
    let (seed, other) = (seed(), seed());
    let lying = fake(&other.nkey(), |_| panic!("it was asked"));
    let fault = sign(&lying, &request(&seed.nkey(), ""), soon()).unwrap_err();
    let (asked, pinned) = (seed.nkey().public_key(), other.nkey().public_key());
    assert_eq!(fault, CustodyFault::Signer { asked, pinned });
}

#[test]
fn one_whose_limit_is_smaller_is_not_asked() {
    let seed = seed();
    let small = fake(&seed.nkey(), |_| panic!("it was asked"));
    let asked = crate::support::request_of_size(&seed.nkey(), 4_097);
    let fault = sign(&small, &asked, soon()).unwrap_err();
    assert_eq!(fault, CustodyFault::TooLarge { found: 4_097, limit: 4_096 });
}

#[test]
fn what_it_complains_of_is_passed_on() {
    let seed = seed();
    let sulking = fake(&seed.nkey(), |_| Err(CustodyFault::Deadline));
    assert_eq!(sign(&sulking, &request(&seed.nkey(), ""), soon()), Err(CustodyFault::Deadline));
}
