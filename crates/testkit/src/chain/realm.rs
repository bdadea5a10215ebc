//! One ordinary realm, for tests that are about a single thing going wrong in it.

use super::{Question, TestKey, Token, account, account_token, module, module_token, operator, operator_token, verify};

/// An operator with a signing key, an account with a signing key, and a module.
#[derive(Clone, Debug)]
pub struct Realm {
    /// The operator's identity.
    pub operator: TestKey,
    /// The operator's signing key.
    pub operator_signer: TestKey,
    /// The account's identity.
    pub account: TestKey,
    /// The account's signing key.
    pub account_signer: TestKey,
    /// The module.
    pub module: TestKey,
    /// The operator's token.
    pub root: Token,
    /// The account's token, by the operator's signing key.
    pub tenant: Token,
    /// The module's token, by the account's signing key.
    pub leaf: Token,
}

impl Realm {
    /// Makes the realm of that name: other names, other keys.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let (identity, operator_signer) = (operator(name), operator(&format!("{name} signer")));
        let (tenant, account_signer) = (account(name), account(&format!("{name} signer")));
        let code = module(name);
        Self {
            root: operator_token(&identity).lists([&operator_signer]).sign(),
            tenant: account_token(&tenant, &operator_signer).lists([&account_signer]).sign(),
            leaf: module_token(&code, &account_signer).sign(),
            operator: identity,
            operator_signer,
            account: tenant,
            account_signer,
            module: code,
        }
    }

    /// Asks about a token among this realm's operator and account, trusting the operator.
    pub fn verify(&self, target: &Token) -> Question<'static> {
        self.verify_under(target, &self.root, &self.tenant)
    }

    /// Asks with another operator or account token in place of this realm's.
    pub fn verify_under(&self, target: &Token, root: &Token, tenant: &Token) -> Question<'static> {
        verify(target).with([root, tenant]).trust(&self.operator)
    }
}
