//! An operator whose tokens follow each other, in files.

use greatseal_core::succession::AccountRule;
use greatseal_testkit::chain::{
    self, AT, TestKey, Token, account, account_token, countersignature, endorsement, module, module_token, operator,
    operator_token,
};
use greatseal_testkit::wasm;

use super::{Place, Run};

/// When all of it was issued: before now by any machine's clock.
const ISSUED: u64 = 1_700_000_000;
/// Seconds of a day.
pub(crate) const DAY: u64 = 86_400;

/// Three signing keys, threshold two, a next identity; an account that agreed to its listing.
pub(crate) struct Line {
    pub(crate) place: Place,
    pub(crate) identity: TestKey,
    pub(crate) next: TestKey,
    pub(crate) signers: [TestKey; 3],
    pub(crate) account: TestKey,
    pub(crate) account_signer: TestKey,
    pub(crate) module: TestKey,
    pub(crate) t0: Token,
    pub(crate) tenant: Token,
    pub(crate) leaf: Token,
}

impl Line {
    /// `t0.jwt`, `leaf.jwt`, `leaf.wasm`, and in `chain/` what stands between them.
    pub(crate) fn new() -> Self {
        Self::expiring(AT + 4000 * DAY)
    }

    /// The same with a first token that expires.
    pub(crate) fn expiring(expires: u64) -> Self {
        let (identity, next) = (operator("acme"), operator("acme next"));
        let signers = ["one", "two", "three"].map(|name| operator(&format!("acme {name}")));
        let (tenant_key, account_signer, code) = (account("shop"), account("shop signer"), module("ledger"));
        let t0 = token(&identity, &signers).line(terms(None, &next)).exp(expires).sign();
        let tenant = account_token(&tenant_key, &signers[0]).lists([&account_signer]).iat(ISSUED).sign();
        let leaf = module_token(&code, &account_signer).iat(ISSUED).sign();
        let line = Self {
            place: Place::new(),
            identity,
            next,
            signers,
            account: tenant_key,
            account_signer,
            module: code,
            t0,
            tenant,
            leaf,
        };
        line.supply("t0.jwt", &line.t0);
        line.supply("leaf.jwt", &line.leaf);
        line.place.write("leaf.wasm", wasm::signed(&wasm::sample("ledger"), &line.module, &line.account_signer));
        line.supply("chain/account.jwt", &line.tenant);
        for (number, by) in [&line.account, &line.account_signer].into_iter().enumerate() {
            line.supply(&format!("chain/agreed-{number}.jwt"), &countersignature(by, &line.tenant));
        }
        line
    }

    /// Issues a module of the same account, in `NAME.jwt`.
    pub(crate) fn supply_module(&self, name: &str) -> Token {
        let token = module_token(&module(name), &self.account_signer).iat(ISSUED).sign();
        self.supply(&format!("{name}.jwt"), &token);
        token
    }

    /// The claim of a token after another, with the same terms.
    pub(crate) fn after<'t>(&'t self, previous: &'t Token) -> chain::Line<'t> {
        terms(Some(previous), &self.next)
    }

    /// Issues the next token under the same keys.
    pub(crate) fn reissued(&self, previous: &Token, id: u128) -> Token {
        token(&self.identity, &self.signers).line(terms(Some(previous), &self.next)).id(id).sign()
    }

    /// Issues the next token by the next identity, which commits to another.
    pub(crate) fn by_next(&self, previous: &Token, id: u128) -> Token {
        let after = operator("acme after");
        token(&self.next, &self.signers).line(terms(Some(previous), &after)).id(id).sign()
    }

    /// Writes a token into a folder, with endorsements by some of the signing keys.
    pub(crate) fn supply_endorsed(&self, folder: &str, token: &Token, by: &[usize]) {
        self.supply(&format!("{folder}/token.jwt"), token);
        for signer in by {
            let deed = endorsement(&self.signers[*signer], token);
            self.supply(&format!("{folder}/endorsement-by-{signer}.jwt"), &deed);
        }
    }

    /// Writes a token or deed.
    pub(crate) fn supply(&self, file: &str, token: &Token) {
        self.place.write(file, token.bytes());
    }

    /// Verifies a file with the chain and the pinned first token, for its JSON.
    #[track_caller]
    pub(crate) fn verify(&self, file: &str, words: &[&str]) -> Run {
        self.people(file, &[words, &["--output", "json"]].concat())
    }

    /// Verifies a file as a person sees it.
    #[track_caller]
    pub(crate) fn people(&self, file: &str, words: &[&str]) -> Run {
        let at = AT.to_string();
        let all = ["verify", file, "--trust", "t0.jwt", "--with", "chain", "--at", &at];
        self.place.run([&all[..], words].concat())
    }

    /// Verifies a file by the trust store, now.
    #[track_caller]
    pub(crate) fn by_store(&self, file: &str, words: &[&str]) -> Run {
        let all = ["verify", file, "--with", "chain", "--output", "json"];
        self.place.run([&all[..], words].concat())
    }
}

fn token(identity: &TestKey, signers: &[TestKey; 3]) -> chain::Draft {
    operator_token(identity).lists(signers).iat(ISSUED)
}

fn terms<'t>(previous: Option<&'t Token>, next: &'t TestKey) -> chain::Line<'t> {
    chain::Line { previous, threshold: 2, next: Some(next), accounts: AccountRule::Countersigned }
}
