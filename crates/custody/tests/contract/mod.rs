//! The contract of every custodian, as one suite.
//!
//! A backend's tests implement [`Place`] and call [`keep`]. The suite goes through
//! [`greatseal_custody::sign`], as every caller does, except where it shows that the custodian
//! itself refuses.

use std::thread;
use std::time::Duration;

use greatseal_core::Code;
use greatseal_core::ed25519::{Signed, verify};
use greatseal_core::key::{Nkey, RawKey, Role};
use greatseal_custody::{Custodian, Deadline, sign};

use crate::support::{request, request_of_size, soon};

/// A place that keeps keys, in the states that the contract is about.
pub(crate) trait Place {
    /// Returns the public key that is pinned for all of these custodians.
    fn pinned(&self) -> Nkey;

    /// Returns a custodian of the pinned key that can be unlocked.
    fn good(&self) -> Box<dyn Custodian>;

    /// Returns a custodian of the pinned key that cannot be unlocked: another passphrase or PIN.
    fn locked(&self) -> Box<dyn Custodian>;

    /// Returns a custodian behind whose back the key was replaced by another good one.
    fn replaced(&self) -> Box<dyn Custodian>;

    /// Returns a custodian whose key cannot be reached: file gone, agent away, server down.
    fn gone(&self) -> Box<dyn Custodian>;
}

/// Holds a place to the whole contract.
pub(crate) fn keep(place: &dyn Place) {
    it_describes_the_pinned_key_without_unlocking(place);
    it_signs_what_is_asked_and_nothing_else(place);
    it_refuses_requests_for_another_key(place);
    it_keeps_to_its_largest_message(place);
    it_does_not_begin_after_the_deadline(place);
    it_says_that_it_is_locked(place);
    it_notices_another_key_behind_the_pin(place);
    it_says_that_the_key_cannot_be_reached(place);
    it_serves_many_at_once(place);
}

fn code(custodian: &dyn Custodian, words: &str, pinned: &Nkey) -> Code {
    sign(custodian, &request(pinned, words), soon()).unwrap_err().code()
}

fn it_describes_the_pinned_key_without_unlocking(place: &dyn Place) {
    for custodian in [place.good(), place.locked(), place.replaced()] {
        let before = custodian.describe().unwrap();
        assert_eq!(before.public_key, place.pinned().public_key());
        assert!(before.largest_message >= 2_000, "too small for any token");
        let _ = sign(&*custodian, &request(&place.pinned(), ""), soon());
        assert_eq!(custodian.describe().unwrap(), before);
    }
}

fn it_signs_what_is_asked_and_nothing_else(place: &dyn Place) {
    let custodian = place.good();
    let key = *place.pinned().raw();
    for words in ["", "a", "b", "a"] {
        let asked = request(&place.pinned(), words);
        let signature = sign(&*custodian, &asked, soon()).unwrap();
        assert_eq!(verify(&Signed { key: &key, message: asked.message(), signature: &signature }), Ok(()));
        // Pure Ed25519 is deterministic, so that a caller may ask again after an outage.
        assert_eq!(sign(&*custodian, &asked, soon()), Ok(signature));
        assert_eq!(sign(&*place.good(), &asked, soon()), Ok(signature));
    }
}

fn it_refuses_requests_for_another_key(place: &dyn Place) {
    let custodian = place.good();
    let other = Nkey::new(place.pinned().role(), RawKey::new([7; 32]));
    assert_eq!(code(&*custodian, "", &other), Code::SignSigner);
    assert_eq!(custodian.sign(&request(&other, ""), soon()).unwrap_err().code(), Code::SignSigner);
    // Another spelling of the pinned key is the pinned key: raw bytes are compared.
    for role in Role::ALL {
        assert!(sign(&*custodian, &request(&Nkey::new(role, *place.pinned().raw()), ""), soon()).is_ok());
    }
}

fn it_keeps_to_its_largest_message(place: &dyn Place) {
    let custodian = place.good();
    let limit = custodian.describe().unwrap().largest_message;
    assert!(sign(&*custodian, &request_of_size(&place.pinned(), limit), soon()).is_ok());
    let fault = sign(&*custodian, &request_of_size(&place.pinned(), limit + 1), soon()).unwrap_err();
    assert_eq!(fault.code(), Code::CustodyTooLarge);
}

fn it_does_not_begin_after_the_deadline(place: &dyn Place) {
    let custodian = place.good();
    let past = Deadline::after(Duration::ZERO);
    let asked = request(&place.pinned(), "");
    assert_eq!(sign(&*custodian, &asked, past).unwrap_err().code(), Code::CustodyDeadline);
    assert_eq!(custodian.sign(&asked, past).unwrap_err().code(), Code::CustodyDeadline);
    assert!(sign(&*custodian, &asked, soon()).is_ok());
}

fn it_says_that_it_is_locked(place: &dyn Place) {
    let custodian = place.locked();
    assert_eq!(code(&*custodian, "", &place.pinned()), Code::CustodyLocked);
    assert_eq!(code(&*custodian, "", &place.pinned()), Code::CustodyLocked);
}

fn it_notices_another_key_behind_the_pin(place: &dyn Place) {
    let custodian = place.replaced();
    assert_eq!(code(&*custodian, "", &place.pinned()), Code::CustodyPin);
    // Not even when it is asked past the one road.
    assert_eq!(custodian.sign(&request(&place.pinned(), ""), soon()).unwrap_err().code(), Code::CustodyPin);
}

fn it_says_that_the_key_cannot_be_reached(place: &dyn Place) {
    assert_eq!(code(&*place.gone(), "", &place.pinned()), Code::CustodyMissing);
}

fn it_serves_many_at_once(place: &dyn Place) {
    let custodian = place.good();
    let pinned = place.pinned();
    thread::scope(|scope| {
        for thread in 0..4 {
            let custodian = &*custodian;
            scope.spawn(move || {
                for round in 0..25 {
                    assert!(sign(custodian, &request(&pinned, &format!("{thread}/{round}")), soon()).is_ok());
                }
            });
        }
    });
}
