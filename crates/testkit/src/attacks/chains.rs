//! Chains in which one issuer or one listing is wrong.

use greatseal_core::key::Role;

use super::Attack;
use crate::chain::{AT, Draft, ISSUED, Realm, account, account_token, module_token, operator, operator_token};

/// Makes the cases.
pub(super) fn cases() -> Vec<Attack> {
    [issuers(), reuse(), freshness()].into_iter().flatten().collect()
}

fn tenant(realm: &Realm) -> Draft {
    account_token(&realm.account, &realm.operator_signer).lists([&realm.account_signer])
}

fn issuers() -> Vec<Attack> {
    let realm = &Realm::new("attack issuers");
    let spelled = realm.module.spelled(Role::Account);
    let user = realm.account_signer.spelled(Role::User);
    let rival = account_token(&account("attack rival"), &realm.operator_signer).lists([&realm.account_signer]);
    let nobody = rival.clone().by(&operator("nobody"));
    vec![
        Attack::new("a01-ok", "a full chain that nothing is wrong with", None, realm, &realm.leaf),
        Attack::new(
            "a02-self-issued-by-another-letter",
            "the account lists the module's own raw key, spelled as an account's",
            Some("ACTOR_SELF_ISSUED"),
            realm,
            &module_token(&realm.module, &spelled).sign(),
        )
        .accounts([account_token(&realm.account, &realm.operator_signer).lists([&spelled]).sign()]),
        Attack::new(
            "a03-listed-key-as-a-user",
            "the account's signing key issues under the letter of a user",
            Some("ACTOR_ISSUER_NOT_ACCOUNT"),
            realm,
            &module_token(&realm.module, &user).sign(),
        ),
        Attack::new(
            "a04-operator-issued-under-another-letter",
            "the operator's token is issued by its own raw key, spelled as an account's",
            Some("OPERATOR_NOT_SELF_ISSUED"),
            realm,
            &realm.leaf,
        )
        .operators([operator_token(&realm.operator)
            .lists([&realm.operator_signer])
            .by(&realm.operator.spelled(Role::Account))
            .sign()]),
        Attack::new(
            "a05-signing-key-of-two-accounts",
            "another account of the same operator lists the key that signed",
            Some("SIGNING_KEY_AMBIGUOUS"),
            realm,
            &realm.leaf,
        )
        .accounts([realm.tenant.clone(), rival.sign()]),
        Attack::new(
            "a06-ok-rival-that-does-not-count",
            "the other account was issued by nobody, so it takes nothing away",
            None,
            realm,
            &realm.leaf,
        )
        .accounts([realm.tenant.clone(), nobody.sign()]),
    ]
}

fn reuse() -> Vec<Attack> {
    let realm = &Realm::new("attack reuse");
    let code = realm.operator_signer.spelled(Role::Module);
    let double = realm.operator_signer.spelled(Role::Account);
    vec![
        Attack::new(
            "a07-module-is-the-operators-signing-key",
            "one raw key is the module and a signing key of the operator",
            Some("KEY_REUSED"),
            realm,
            &module_token(&code, &realm.account_signer).sign(),
        ),
        Attack::new(
            "a08-account-lists-the-operators-signing-key",
            "one raw key is a signing key of the operator and of the account",
            Some("KEY_REUSED"),
            realm,
            &module_token(&realm.module, &double).sign(),
        )
        .accounts([account_token(&realm.account, &realm.operator_signer).lists([&double]).sign()]),
    ]
}

fn freshness() -> Vec<Attack> {
    let realm = &Realm::new("attack freshness");
    let fresh = operator("attack fresh signer");
    let unlisting = account_token(&realm.account, &realm.operator_signer).iat(ISSUED + 1);
    let moved = operator_token(&realm.operator).lists([&fresh]);
    let leaf = module_token(&realm.module, &realm.account_signer);
    let case = |id, description, reason| Attack::new(id, description, reason, realm, &realm.leaf);
    vec![
        case(
            "a09-unlisted-by-a-newer-account",
            "a newer token of the account no longer lists the key that signed",
            Some("ACTOR_ISSUER_NOT_ACCOUNT"),
        )
        .accounts([realm.tenant.clone(), unlisting.sign()]),
        case(
            "a10-ok-newer-account-of-the-future",
            "the newer token is issued six minutes ahead of now, so it is as if it were not there",
            None,
        )
        .accounts([realm.tenant.clone(), unlisting.clone().iat(AT + 360).sign()]),
        case(
            "a11-unlisted-by-a-newer-account-that-expired",
            "the newer token has expired, and the older one stays replaced",
            Some("EXPIRED"),
        )
        .accounts([realm.tenant.clone(), unlisting.exp(AT - 1).sign()]),
        case(
            "a12-unlisted-by-a-newer-operator",
            "a newer token of the operator no longer lists the key that issued the account",
            Some("ACCOUNT_ISSUER_NOT_OPERATOR_SIGNER"),
        )
        .operators([realm.root.clone(), moved.clone().iat(ISSUED + 1).sign()]),
        case(
            "a13-two-operator-tokens-of-one-second",
            "two operator tokens of the same second: only keys that both list speak",
            Some("ACCOUNT_ISSUER_NOT_OPERATOR_SIGNER"),
        )
        .operators([
            operator_token(&realm.operator).lists([&realm.operator_signer, &operator("shared")]).sign(),
            moved.lists([&fresh, &operator("shared")]).sign(),
        ]),
        Attack::new(
            "a14-issued-in-the-future",
            "issued five minutes and one second ahead of now",
            Some("ISSUED_IN_THE_FUTURE"),
            realm,
            &leaf.clone().iat(AT + 301).sign(),
        ),
        Attack::new(
            "a15-ok-clock-ahead",
            "issued five minutes ahead of now: clocks differ",
            None,
            realm,
            &leaf.clone().iat(AT + 300).sign(),
        ),
        Attack::new(
            "a16-expires-now",
            "the last second was the one before",
            Some("EXPIRED"),
            realm,
            &leaf.clone().exp(AT).sign(),
        ),
        Attack::new("a17-ok-begins-now", "valid from this second on", None, realm, &leaf.nbf(AT).sign()),
        Attack::new("a18-ok-account", "the same account, asked about by itself", None, realm, &tenant(realm).sign()),
    ]
}
