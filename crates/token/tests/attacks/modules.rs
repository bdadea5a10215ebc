//! Modules whose token is not theirs, is not the only one, or hides.

use greatseal_core::Code;
use greatseal_testkit::chain::{Draft, Question, Realm, Token, account, module, module_token, verify_module};
use greatseal_testkit::wasm::{
    COMPONENT, MODULE, NESTED_MODULE, OLD_TOKEN, TOKEN, custom, custom_padded, sample, section, signed,
};

use crate::peer;

fn ask<'t>(realm: &Realm, file: &'t [u8]) -> Question<'t> {
    verify_module(file).with([&realm.root, &realm.tenant]).trust(&realm.operator)
}

/// A token as wascap 0.8 wrote it: without a revision, so that the peer checks no hash.
fn without_revision(draft: &Draft) -> Token {
    draft.replacing(r#","wascap_revision":3"#, "")
}

#[test]
fn code_changed_after_it_was_signed() {
    let realm = Realm::new("changed");
    let file = signed(&sample("one"), &realm.module, &realm.account_signer);
    let mut changed = file.clone();
    let at = changed.windows(3).position(|bytes| bytes == b"one").unwrap();
    changed[at] ^= 1;
    assert_eq!(ask(&realm, &changed).denied(), Code::ModuleHash);
    let appended = [&*file, &custom("more", b"")].concat();
    assert_eq!(ask(&realm, &appended).denied(), Code::ModuleHash);
    ask(&realm, &file).allowed();
}

#[test]
fn an_old_token_on_another_module() {
    let realm = Realm::new("transplant");
    for revision in ["", r#","wascap_revision":2"#, r#","wascap_revision":0"#, r#","wascap_revision":null"#] {
        let draft = module_token(&realm.module, &realm.account_signer).hash(&sample("genuine"));
        let token = draft.replacing(r#","wascap_revision":3"#, revision);
        let section = custom(TOKEN, token.bytes());
        let moved = [&*sample("evil"), &section].concat();
        assert_eq!(peer::extracts(&moved).unwrap().jwt, token.text());
        assert_eq!(ask(&realm, &moved).denied(), Code::ModuleHash, "{revision}");
        ask(&realm, &[&*sample("genuine"), &section].concat()).allowed();
    }
}

#[test]
fn two_token_sections() {
    let realm = Realm::new("two sections");
    let file = sample("two");
    let draft = module_token(&realm.module, &realm.account_signer).hash(&file);
    let (mine, other) = (draft.sign(), draft.clone().id(1).sign());
    for (first, second) in [(TOKEN, TOKEN), (TOKEN, OLD_TOKEN), (OLD_TOKEN, TOKEN), (OLD_TOKEN, OLD_TOKEN)] {
        let twice = [&*file, &custom(first, mine.bytes()), &custom(second, other.bytes())].concat();
        assert_eq!(peer::extracts(&twice).unwrap().jwt, mine.text(), "the first wins");
        assert_eq!(ask(&realm, &twice).denied(), Code::ModuleAmbiguous, "{first} {second}");
        // Whatever the second one is, and wherever it stands.
        let junk = [&MODULE[..], &custom(second, b""), &file[8..], &custom(first, mine.bytes())].concat();
        assert_eq!(ask(&realm, &junk).denied(), Code::ModuleAmbiguous, "{first} {second}");
        ask(&realm, &[&*file, &custom(first, mine.bytes())].concat()).allowed();
    }
}

#[test]
fn the_token_of_a_nested_module() {
    let realm = Realm::new("nested");
    let stranger = without_revision(&module_token(&module("nested evil"), &account("nested evil")));
    for name in [OLD_TOKEN, TOKEN] {
        let inner = [&MODULE[..], &custom(name, stranger.bytes())].concat();
        let outer = [&COMPONENT[..], &section(NESTED_MODULE, &inner, 1)].concat();
        let token = module_token(&realm.module, &realm.account_signer).hash(&outer).sign();
        let both = [&*outer, &custom(TOKEN, token.bytes())].concat();
        if name == OLD_TOKEN {
            assert_eq!(peer::extracts(&both).unwrap().jwt, stranger.text(), "the nested one overrides");
        }
        assert_eq!(ask(&realm, &both).denied(), Code::ModuleAmbiguous, "{name}");
        assert_eq!(ask(&realm, &outer).denied(), Code::ModuleAmbiguous, "{name}");
    }
    let inner = [&MODULE[..], &custom("note", b"harmless")].concat();
    let outer = [&COMPONENT[..], &section(NESTED_MODULE, &inner, 1)].concat();
    ask(&realm, &signed(&outer, &realm.module, &realm.account_signer)).allowed();
}

#[test]
fn a_file_padded_after_it_was_signed() {
    let realm = Realm::new("padded file");
    let file = signed(&sample("padded"), &realm.module, &realm.account_signer);
    let token = file[sample("padded").len()..].to_vec();
    let padded = [&MODULE[..], &custom_padded("note", b"padded", 5, 1), &token].concat();
    assert!(peer::extracts(&padded).is_some(), "its hash is of the file written anew");
    assert_eq!(ask(&realm, &padded).denied(), Code::ModuleHash);
    ask(&realm, &file).allowed();

    // Signed with its padding, as 0.9 did, it is what it says it is.
    let padded = [&MODULE[..], &custom_padded("note", b"padded", 5, 1)].concat();
    ask(&realm, &signed(&padded, &realm.module, &realm.account_signer)).allowed();
}

#[test]
fn padded_lengths_of_the_token_section() {
    let realm = Realm::new("padded token");
    let file = sample("padded token");
    let token = module_token(&realm.module, &realm.account_signer).hash(&file).sign();
    for (width, name_width) in [(3, 1), (5, 1), (1, 2), (5, 5)] {
        let padded = [&*file, &custom_padded(TOKEN, token.bytes(), width, name_width)].concat();
        assert_eq!(ask(&realm, &padded).denied(), Code::ModulePadded, "{width} {name_width}");
        if name_width == 1 {
            assert!(peer::extracts(&padded).is_some());
        }
    }
    ask(&realm, &[&*file, &custom(TOKEN, token.bytes())].concat()).allowed();
}

#[test]
fn a_module_without_a_token() {
    let realm = Realm::new("unsigned");
    for file in [sample("unsigned"), MODULE.to_vec(), COMPONENT.to_vec()] {
        assert_eq!(ask(&realm, &file).denied(), Code::ModuleUnsigned);
        ask(&realm, &signed(&file, &realm.module, &realm.account_signer)).allowed();
    }
}

#[test]
fn a_module_with_the_token_of_something_else() {
    let realm = Realm::new("something else");
    for token in [&realm.root, &realm.tenant] {
        let file = [&*sample("else"), &custom(TOKEN, token.bytes())].concat();
        assert_eq!(ask(&realm, &file).denied(), Code::ClaimsEntity);
    }
    let junk = [&*sample("else"), &custom(TOKEN, b"junk")].concat();
    assert_eq!(ask(&realm, &junk).denied(), Code::TokenFrame);
    let empty = [&*sample("else"), &custom(TOKEN, b"")].concat();
    assert_eq!(ask(&realm, &empty).denied(), Code::TokenEmpty);
    ask(&realm, &signed(&sample("else"), &realm.module, &realm.account_signer)).allowed();
}

#[test]
fn a_good_file_under_a_bad_chain() {
    let realm = Realm::new("bad chain");
    let file = sample("bad chain");
    assert_eq!(ask(&realm, &signed(&file, &realm.module, &realm.module)).denied(), Code::CodeSelfIssued);
    assert_eq!(ask(&realm, &signed(&file, &realm.module, &account("stranger"))).denied(), Code::CodeIssuer);
    // Nothing is hashed for words nobody signed: the chain is told first.
    let token = module_token(&realm.module, &account("stranger")).sign();
    let both = [&*file, &custom(TOKEN, token.bytes())].concat();
    assert_eq!(ask(&realm, &both).denied(), Code::CodeIssuer);
    ask(&realm, &signed(&file, &realm.module, &realm.account)).allowed();
}
