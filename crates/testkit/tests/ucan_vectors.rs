//! Our UCAN vectors are what the program that makes them makes.

use greatseal_testkit::ucan::vectors::{FOLDER, OURS, manifest, manifests};
use greatseal_testkit::vectors::{Codes, Expected, Folder};

#[test]
fn the_committed_file_is_the_generated_one() {
    let committed = Folder::open(FOLDER).read(OURS);
    // Too long to be shown.
    assert!(committed == manifest(), "{OURS}: run `cargo run -p greatseal-testkit --bin ucan-vectors`");
}

#[test]
fn every_manifest_says_why_and_has_its_codes() {
    let codes = Codes::load();
    let all = manifests(&Folder::open(FOLDER));
    assert!(all.contains_key("manifest.json") && all.contains_key(OURS), "{:?}", all.keys());
    for case in all.values().flatten().filter(|case| case.kind != "container" && case.expect == Expected::Reject) {
        assert!(codes.knows(&case.reason), "{}: no codes for {}", case.id, case.reason);
    }
}

#[test]
fn every_file_is_used() {
    let folder = Folder::open(FOLDER);
    assert!(!manifests(&folder).is_empty());
    // What stands in `fixtures` is read, file by file, where tokens are decoded.
    let fixtures = folder.files().into_iter().filter(|file| file.starts_with("fixtures/"));
    fixtures.for_each(|file| drop(folder.read(&file)));
    folder.assert_all_used();
}
