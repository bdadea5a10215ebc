//! The files of `vectors/attacks` are what the program that makes them makes.

use greatseal_testkit::attacks;
use greatseal_testkit::vectors::Folder;

#[test]
fn the_committed_files_are_the_generated_ones() {
    let folder = Folder::open("attacks");
    let generated = attacks::folder();
    for (name, bytes) in &generated {
        assert_eq!(&folder.read(name), bytes, "{name}: run `cargo run -p greatseal-testkit --bin attack-vectors`");
    }
    folder.assert_all_used();
}

#[test]
fn every_case_has_a_name_of_its_own() {
    // A second case of a name would overwrite the files of the first.
    let cases = attacks::all().len();
    let documents = attacks::folder().keys().filter(|name| name.ends_with(".json")).count();
    assert_eq!(documents, cases + 1);
}
