//! The committed readings of tokens with the claim `greatseal` are what the program writes today.

use std::path::Path;
use std::process::Command;

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/succession/readings.json");

#[test]
fn the_program_writes_the_committed_readings() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readings.json");
    let status = Command::new(env!("CARGO_BIN_EXE_succession")).arg(&file).status().unwrap();
    assert!(status.success());
    assert_eq!(std::fs::read_to_string(file).unwrap(), std::fs::read_to_string(COMMITTED).unwrap());
}
