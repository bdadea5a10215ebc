//! The contract of every custodian, as one suite.
//!
//! A backend's tests implement [`Place`] and call [`keep`]. The suite goes through
//! [`greatseal_custody::sign`], as every caller does, except where it shows that the custodian
//! itself refuses.

use std::thread;
use std::time::{Duration, Instant};

use greatseal_core::Code;
use greatseal_core::key::{Nkey, PublicKey, RawKey, Role, Spelled};
use greatseal_core::signature::verify;
use greatseal_custody::{Custodian, Deadline, sign, sign_batch};

use crate::support::{request, request_of_size, soon};

/// A custodian in some trouble, and the code with which it says so.
pub(crate) type Troubled = (Box<dyn Custodian>, Code);

/// A place that keeps keys, in the states that the contract is about.
pub(crate) trait Place {
    /// Returns the public key that is pinned for all of these custodians.
    fn pinned(&self) -> Spelled;

    /// Returns a custodian of the pinned key that can be unlocked.
    fn good(&self) -> Box<dyn Custodian>;

    /// Returns a custodian behind whose back the key was replaced by another good one.
    fn replaced(&self) -> Troubled;

    /// Returns custodians whose key cannot be used: file gone, agent away, server down, refused,
    /// sealed, no permission, rotated underneath, wrong passphrase or PIN; every trouble that the
    /// place can have, each by name.
    fn troubles(&self) -> Vec<(&'static str, Troubled)>;

    /// Returns a custodian whose place takes the request and never answers; nothing where no place
    /// is asked.
    fn hanging(&self) -> Option<Box<dyn Custodian>>;
}

/// Holds a place to the whole contract.
pub(crate) fn keep(place: &dyn Place) {
    it_describes_the_pinned_key_without_unlocking(place);
    it_signs_what_is_asked_and_nothing_else(place);
    it_signs_many_in_their_order(place);
    it_refuses_requests_for_another_key(place);
    it_keeps_to_its_largest_message(place);
    it_does_not_begin_after_the_deadline(place);
    it_gives_up_at_the_deadline(place);
    it_tells_what_is_wrong(place);
    it_notices_another_key_behind_the_pin(place);
    it_examines_what_it_holds(place);
    it_serves_many_at_once(place);
}

fn code(custodian: &dyn Custodian, words: &str, pinned: &Spelled) -> Code {
    sign(custodian, &request(pinned, words), soon()).unwrap_err().code()
}

fn it_describes_the_pinned_key_without_unlocking(place: &dyn Place) {
    let troubled = place.troubles().into_iter().map(|(_, (custodian, _))| custodian);
    for custodian in troubled.chain([place.good(), place.replaced().0]) {
        let before = custodian.describe().unwrap();
        assert_eq!(before.public_key, place.pinned().public_key());
        assert!(before.largest_message >= 2_000, "too small for any token");
        // Briefly: a place that cannot be reached is asked again for as long as there is time.
        let _ = sign(&*custodian, &request(&place.pinned(), ""), Deadline::after(Duration::from_millis(1_500)));
        assert_eq!(custodian.describe().unwrap(), before);
    }
}

fn it_signs_what_is_asked_and_nothing_else(place: &dyn Place) {
    let custodian = place.good();
    let key = place.pinned().public_key();
    for words in ["", "a", "b", "a"] {
        let asked = request(&place.pinned(), words);
        let signature = sign(&*custodian, &asked, soon()).unwrap();
        assert_eq!(verify(&key, asked.message(), &signature), Ok(()));
        // Pure Ed25519 is deterministic, so that a caller may ask again after an outage.
        if key.ed25519().is_some() {
            assert_eq!(sign(&*custodian, &asked, soon()), Ok(signature));
            assert_eq!(sign(&*place.good(), &asked, soon()), Ok(signature));
        }
    }
}

fn it_signs_many_in_their_order(place: &dyn Place) {
    let custodian = place.good();
    let (key, limit) = (place.pinned().public_key(), custodian.describe().unwrap().largest_message);
    let stranger = Nkey::new(Role::Account, RawKey::new([7; 32]));
    let mut requests: Vec<_> = (0..7).map(|number| request(&place.pinned(), &number.to_string())).collect();
    requests.insert(2, request(&stranger, ""));
    requests.insert(5, request_of_size(&place.pinned(), limit + 1));
    let answers = sign_batch(&*custodian, &requests, soon()).unwrap();
    assert_eq!(answers.len(), requests.len());
    for (at, (asked, answer)) in requests.iter().zip(answers).enumerate() {
        match at {
            2 => assert_eq!(answer.unwrap_err().code(), Code::SignSigner),
            5 => assert_eq!(answer.unwrap_err().code(), Code::CustodyTooLarge),
            _ => assert_eq!(verify(&key, asked.message(), &answer.unwrap()), Ok(()), "{at}"),
        }
    }
    assert!(sign_batch(&*custodian, &[], soon()).unwrap().is_empty());
}

fn it_refuses_requests_for_another_key(place: &dyn Place) {
    let custodian = place.good();
    let other = Nkey::new(Role::Account, RawKey::new([7; 32]));
    assert_eq!(code(&*custodian, "", &other.into()), Code::SignSigner);
    assert_eq!(custodian.sign(&request(&other, ""), soon()).unwrap_err().code(), Code::SignSigner);
    // Another spelling of the pinned key is the pinned key: raw bytes are compared.
    let PublicKey::Ed25519(raw) = place.pinned().public_key() else { return };
    for role in Role::ALL {
        assert!(sign(&*custodian, &request(&Nkey::new(role, raw), ""), soon()).is_ok());
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
    assert_eq!(custodian.examine(past).unwrap_err().code(), Code::CustodyDeadline);
    assert!(sign(&*custodian, &asked, soon()).is_ok());
}

fn it_gives_up_at_the_deadline(place: &dyn Place) {
    let Some(custodian) = place.hanging() else { return };
    let (began, patience) = (Instant::now(), Duration::from_millis(300));
    let asked = request(&place.pinned(), "");
    assert_eq!(sign(&*custodian, &asked, Deadline::after(patience)).unwrap_err().code(), Code::CustodyDeadline);
    assert_eq!(custodian.examine(Deadline::after(patience)).unwrap_err().code(), Code::CustodyDeadline);
    for answer in sign_batch(&*custodian, &[asked.clone(), asked], Deadline::after(patience)).unwrap() {
        assert_eq!(answer.unwrap_err().code(), Code::CustodyDeadline);
    }
    // Far less than it would hang; no bar of speed.
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

fn it_tells_what_is_wrong(place: &dyn Place) {
    for (name, (custodian, expected)) in place.troubles() {
        // A place that cannot be reached is asked again for as long as there is time.
        let brief = || Deadline::after(Duration::from_millis(1_500));
        for _ in 0..2 {
            let fault = sign(&*custodian, &request(&place.pinned(), ""), brief()).unwrap_err();
            assert_eq!(fault.code(), expected, "{name}: {fault}");
        }
    }
}

fn it_notices_another_key_behind_the_pin(place: &dyn Place) {
    let (custodian, expected) = place.replaced();
    assert_eq!(code(&*custodian, "", &place.pinned()), expected);
}

fn it_examines_what_it_holds(place: &dyn Place) {
    let seen = place.good().examine(soon()).unwrap();
    assert_eq!(seen.public_key, place.pinned().public_key());
    // Another key may be told as what it is or not at all, and never as the pinned one.
    if let Ok(seen) = place.replaced().0.examine(soon()) {
        assert_ne!(seen.public_key, place.pinned().public_key());
    }
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
