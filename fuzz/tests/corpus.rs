//! Every committed input, once, without libFuzzer: what was found once is not lost again.

use std::fs;
use std::path::Path;

fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let mut count = 0;
    for entry in fs::read_dir(&folder).expect("every target has a corpus") {
        let path = entry.expect("the folder can be listed").path();
        check(&fs::read(&path).expect("the input can be read"));
        count += 1;
    }
    assert!(count > 0, "{} is empty", folder.display());
}

#[test]
fn nkeys() {
    replay("nkeys", greatseal_fuzz::nkeys::check);
}

#[test]
fn jwt_frame() {
    replay("jwt_frame", greatseal_fuzz::jwt_frame::check);
}

#[test]
fn claims() {
    replay("claims", greatseal_fuzz::claims::check);
}

#[test]
fn modules() {
    replay("modules", greatseal_fuzz::modules::check);
}

#[test]
fn archive() {
    replay("archive", greatseal_fuzz::archive::check);
}

#[test]
fn deeds() {
    replay("deeds", greatseal_fuzz::deeds::check);
}

#[test]
fn succession() {
    replay("succession", greatseal_fuzz::succession::check);
}

#[test]
fn decisions() {
    replay("decisions", greatseal_fuzz::decisions::check);
}

#[test]
fn ucan_envelope() {
    replay("ucan_envelope", greatseal_fuzz::ucan_envelope::check);
}

#[test]
fn ucan_payloads() {
    replay("ucan_payloads", greatseal_fuzz::ucan_payloads::check);
}

#[test]
fn ucan_policies() {
    replay("ucan_policies", greatseal_fuzz::ucan_policies::check);
}

#[test]
fn ucan_selectors() {
    replay("ucan_selectors", greatseal_fuzz::ucan_selectors::check);
}

#[test]
fn ucan_containers() {
    replay("ucan_containers", greatseal_fuzz::ucan_containers::check);
}
