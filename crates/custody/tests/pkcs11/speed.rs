//! What the way through a custodian costs beside the module's own call, in one run.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::object::{Attribute, ObjectClass};
use cryptoki::session::UserType;
use greatseal_core::key::Spelled;
use greatseal_core::signature::verify;
use greatseal_custody::{Algorithm, Placed, sign};
use sha2::{Digest, Sha256};

use super::softhsm::{SOFTHSM, token};
use super::tpm::{TPM, Tpm};
use super::{PIN, Token, open_with_file, scene};
use crate::support::{request_of_size, soon};

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e6
}

/// Signs in turn with the module alone, through the custodian, and verifies; prints the medians.
fn measure(token: &Token, key: &Placed, rounds: usize, what: &str) {
    let pinned = Spelled::Did(key.public_key);
    let asked = request_of_size(&pinned, 800);
    let custodian = open_with_file(&key.uri, key.public_key);
    let signature = sign(&*custodian, &asked, soon()).unwrap();

    let library = Pkcs11::new(&token.module).unwrap();
    let _ = library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK));
    let session = library.open_ro_session(library.get_slots_with_initialized_token().unwrap()[0]).unwrap();
    let _ = session.login(UserType::User, Some(&PIN.into()));
    let handle = session.find_objects(&[Attribute::Class(ObjectClass::PRIVATE_KEY)]).unwrap()[0];
    let ed25519 = key.public_key.ed25519().is_some();
    let bare = || {
        if ed25519 {
            let mechanism = Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Pure));
            session.sign(&mechanism, handle, asked.message()).unwrap()
        } else {
            session.sign(&Mechanism::Ecdsa, handle, &Sha256::digest(asked.message())).unwrap()
        }
    };
    let timed = |act: &dyn Fn()| {
        let began = Instant::now();
        act();
        began.elapsed()
    };
    let (mut module, mut through, mut verified) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        module.push(timed(&|| drop(bare())));
        through.push(timed(&|| _ = sign(&*custodian, &asked, soon()).unwrap()));
        verified.push(timed(&|| verify(&key.public_key, asked.message(), &signature).unwrap()));
    }
    let (module, through, verified) = (median(module), median(through), median(verified));
    let overhead = (through - verified) / module;
    println!(
        "{what}: module {module:.0} µs, custodian {through:.0} µs, of it verifying {verified:.0} µs: {overhead:.2}"
    );
    for clients in [1, 4, 16] {
        let began = Instant::now();
        thread::scope(|scope| {
            for _ in 0..clients {
                scope.spawn(|| (0..rounds / clients).for_each(|_| _ = sign(&*custodian, &asked, soon()).unwrap()));
            }
        });
        let each = f64::from(u32::try_from(rounds / clients * clients).unwrap());
        println!("{what}: {clients} clients, {:.0} signatures/s", each / began.elapsed().as_secs_f64());
    }
}

#[test]
fn the_way_through_a_custodian_is_measured() {
    scene(&SOFTHSM, "speed::the_way_through_a_custodian_is_measured", |folder: &Path| {
        let token = token(folder, "acme");
        let key = token.generate("acme/k", Algorithm::Ed25519);
        measure(&token, &key, 800, "SoftHSM, Ed25519");
    });
}

#[test]
fn the_way_through_a_custodian_to_a_tpm_is_measured() {
    scene(&TPM, "speed::the_way_through_a_custodian_to_a_tpm_is_measured", |folder: &Path| {
        let tpm = Tpm::start(folder);
        let token = tpm.token(folder);
        let key = token.generate("acme/k", Algorithm::P256);
        measure(&token, &key, 64, "TPM, P-256");
    });
}
