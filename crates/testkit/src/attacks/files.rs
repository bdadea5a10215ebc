//! Modules whose token is not theirs, is not the only one, or hides.

use super::Attack;
use crate::chain::{Realm, account, module, module_token};
use crate::wasm::{COMPONENT, MODULE, NESTED_MODULE, OLD_TOKEN, TOKEN, custom, custom_padded, sample, section, signed};

/// Makes the cases.
pub(super) fn cases() -> Vec<Attack> {
    let realm = &Realm::new("attack files");
    let file = sample("attack");
    let draft = module_token(&realm.module, &realm.account_signer).hash(&file);
    let token = draft.sign();
    let own = custom(TOKEN, token.bytes());
    let old = draft.replacing(r#","wascap_revision":3"#, "");
    let stranger = module_token(&module("attack evil"), &account("attack evil")).sign();

    let inner = [&MODULE[..], &custom(OLD_TOKEN, stranger.bytes())].concat();
    let outer = [&COMPONENT[..], &section(NESTED_MODULE, &inner, 1)].concat();
    let harmless = [&COMPONENT[..], &section(NESTED_MODULE, &file, 1)].concat();
    let padded = [&MODULE[..], &custom_padded("note", b"attack", 5, 1)].concat();
    let issue = |file: &[u8]| signed(file, &realm.module, &realm.account_signer);

    let case =
        |id, description, reason, file: Vec<u8>| Attack::new(id, description, reason, realm, &realm.leaf).module(file);
    vec![
        case("a40-ok-module", "a module signed as wascap 0.16 signs", None, issue(&file)),
        case("a41-ok-component", "a component with a module in it", None, issue(&harmless)),
        case("a42-ok-padded-when-signed", "a module that was signed with a padded length", None, issue(&padded)),
        case(
            "a43-padded-after-it-was-signed",
            "a length was padded afterwards",
            Some("MODULE_HASH_MISMATCH"),
            [&padded, &*own].concat(),
        ),
        case(
            "a44-old-token-on-another-module",
            "a genuine token without a revision, moved to another module",
            Some("MODULE_HASH_MISMATCH"),
            [&*sample("evil"), &custom(TOKEN, old.bytes())].concat(),
        ),
        case(
            "a45-two-tokens",
            "two token sections with the same token",
            Some("MODULE_TOKENS_AMBIGUOUS"),
            [&*file, &own, &own].concat(),
        ),
        case(
            "a46-old-and-new-token",
            "a section of each name",
            Some("MODULE_TOKENS_AMBIGUOUS"),
            [&*file, &custom(OLD_TOKEN, old.bytes()), &own].concat(),
        ),
        case(
            "a47-token-in-a-nested-module",
            "a stranger's token inside a nested module",
            Some("MODULE_TOKENS_AMBIGUOUS"),
            issue(&outer),
        ),
        case(
            "a48-padded-token-section",
            "the token section's own length is padded",
            Some("MODULE_TOKEN_PADDED"),
            [&*file, &custom_padded(TOKEN, token.bytes(), 5, 1)].concat(),
        ),
        case("a49-unsigned", "a module without a token", Some("MODULE_UNSIGNED"), file),
    ]
}
