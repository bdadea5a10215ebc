//! Claims that wait for their signature.

use std::collections::BTreeMap;

use greatseal_core::issue::Signable;
use greatseal_core::key::{Key, KeyRole};
use greatseal_core::succession::{AccountRule, Commitment, Succession, Terms as SuccessionTerms};
use greatseal_core::{Policy, StatementId, Timestamp, View};
use greatseal_token::wascap::{Claims, Entity, Listing, Module, Provider, Terms, TokenId, encode};

use super::token::{HEADER, Token, unchecked};
use super::{ISSUED, TestKey};

/// Where an operator token stands in its line of descent, and who decides about the next.
#[derive(Clone, Copy, Debug)]
pub struct Line<'t> {
    /// The token that it follows; none for the first.
    pub previous: Option<&'t Token>,
    /// How many signing keys are a quorum.
    pub threshold: u64,
    /// The next identity; with one, both identities may do without a quorum.
    pub next: Option<&'t TestKey>,
    /// What accounts have to agree to.
    pub accounts: AccountRule,
}

/// Claims and who is to sign them.
#[derive(Clone, Debug)]
pub struct Draft {
    claims: Claims,
    signer: TestKey,
}

/// Drafts an operator's token, issued by itself, that lists nobody yet.
#[must_use]
pub fn operator_token(subject: &TestKey) -> Draft {
    let listing = Listing { subject: subject.typed(), name: Some("operator".into()), signers: Some(Vec::new()) };
    claims_token(Entity::Operator(listing), subject)
}

/// Drafts an account's token that lists nobody yet.
#[must_use]
pub fn account_token(subject: &TestKey, issuer: &TestKey) -> Draft {
    let listing = Listing { subject: subject.typed(), name: Some("account".into()), signers: Some(Vec::new()) };
    claims_token(Entity::Account(listing), issuer)
}

/// Drafts a module's token; its hash is of nothing until [`Draft::hash`] says of what.
#[must_use]
pub fn module_token(subject: &TestKey, issuer: &TestKey) -> Draft {
    let module = Module {
        subject: subject.typed(),
        name: Some("module".into()),
        hash: "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855".into(),
        tags: None,
        caps: None,
        rev: Some(1),
        ver: None,
        call_alias: None,
        provider: false,
    };
    claims_token(Entity::Module(module), issuer)
}

/// Drafts a provider's token.
#[must_use]
pub fn provider_token(subject: &TestKey, issuer: &TestKey) -> Draft {
    let provider = Provider {
        subject: subject.typed(),
        name: Some("provider".into()),
        capid: None,
        vendor: "acme".into(),
        rev: Some(1),
        ver: None,
        target_hashes: BTreeMap::new(),
        config_schema: None,
    };
    claims_token(Entity::Provider(provider), issuer)
}

/// Drafts a token about anything.
#[must_use]
pub fn claims_token(entity: Entity, issuer: &TestKey) -> Draft {
    let terms = Terms {
        id: TokenId::from_entropy(0),
        issued_at: Timestamp::from_secs(ISSUED),
        validity: greatseal_core::time::Validity::default(),
    };
    Draft {
        claims: Claims { terms, issuer: issuer.nkey(), entity, revision: Some(3), succession: None },
        signer: issuer.clone(),
    }
}

impl Draft {
    /// Lets another key issue and sign it.
    #[must_use]
    pub fn by(mut self, issuer: &TestKey) -> Self {
        self.claims.issuer = issuer.nkey();
        self.signer = issuer.clone();
        self
    }

    /// Lists these signing keys, each under the letter that belongs there.
    #[must_use]
    pub fn lists<'k>(mut self, signers: impl IntoIterator<Item = &'k TestKey>) -> Self {
        let signers = signers.into_iter();
        match &mut self.claims.entity {
            Entity::Operator(listing) => listing.signers = Some(typed(signers)),
            Entity::Account(listing) => listing.signers = Some(typed(signers)),
            Entity::Cluster(listing) => listing.signers = Some(typed(signers)),
            Entity::Module(_)
            | Entity::Provider(_)
            | Entity::Host(_)
            | Entity::Invocation(_)
            | Entity::Untyped { .. } => panic!("{} claims list nobody", self.claims.entity.word()),
        }
        self
    }

    /// Gives an operator token the claim `greatseal`; after [`Self::lists`].
    ///
    /// # Panics
    /// Where the claim cannot stand in its token.
    #[must_use]
    pub fn line(mut self, line: Line<'_>) -> Self {
        let Entity::Operator(listing) = &self.claims.entity else { panic!("only operators have a line of descent") };
        let seq =
            line.previous.map(|token| token.decoded().content().succession.as_ref().map_or(0, |it| it.terms().seq));
        let terms = SuccessionTerms {
            seq: seq.map_or(0, |seq| seq + 1),
            prev: line.previous.map(Token::id),
            threshold: line.threshold,
            next: line.next.map(|next| Commitment::to(next.nkey().raw())),
            pair: line.next.is_some(),
            accounts: line.accounts,
        };
        let signers = listing.signers.iter().flatten().map(Key::raw);
        self.claims.succession =
            Some(Succession::new(terms, listing.subject.raw(), signers).expect("a claim that fits its token"));
        self
    }

    /// Sets `iat`.
    #[must_use]
    pub fn iat(mut self, seconds: u64) -> Self {
        self.claims.terms.issued_at = Timestamp::from_secs(seconds);
        self
    }

    /// Sets `nbf`.
    #[must_use]
    pub fn nbf(mut self, seconds: u64) -> Self {
        self.claims.terms.validity.not_before = Some(Timestamp::from_secs(seconds));
        self
    }

    /// Sets `exp`.
    #[must_use]
    pub fn exp(mut self, seconds: u64) -> Self {
        self.claims.terms.validity.expires = Some(Timestamp::from_secs(seconds));
        self
    }

    /// Sets `jti`, so that tokens that say the same differ.
    #[must_use]
    pub fn id(mut self, number: u128) -> Self {
        self.claims.terms.id = TokenId::from_entropy(number);
        self
    }

    /// Sets a module's hash to that of a file without its token.
    #[must_use]
    pub fn hash(mut self, file: &[u8]) -> Self {
        match &mut self.claims.entity {
            // A statement id is the SHA-256 of what it is given.
            Entity::Module(module) => module.hash = StatementId::of(file).to_string().to_uppercase(),
            Entity::Operator(_)
            | Entity::Account(_)
            | Entity::Cluster(_)
            | Entity::Provider(_)
            | Entity::Host(_)
            | Entity::Invocation(_)
            | Entity::Untyped { .. } => panic!("{} claims hash no module", self.claims.entity.word()),
        }
        self
    }

    /// Lets a provider's token vouch for files by these hashes.
    #[must_use]
    pub fn targets(mut self, hashes: BTreeMap<String, String>) -> Self {
        match &mut self.claims.entity {
            Entity::Provider(provider) => provider.target_hashes = hashes,
            Entity::Operator(_)
            | Entity::Account(_)
            | Entity::Cluster(_)
            | Entity::Module(_)
            | Entity::Host(_)
            | Entity::Invocation(_)
            | Entity::Untyped { .. } => panic!("{} claims have no targets", self.claims.entity.word()),
        }
        self
    }

    /// Returns the claims.
    #[must_use]
    pub const fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Issues it the way every command does: claims, request, signature, finish.
    ///
    /// A token that never spoke (it expired before it began) cannot be finished, and is joined.
    #[must_use]
    #[track_caller]
    pub fn sign(&self) -> Token {
        let unsigned = encode(&self.claims).expect("a draft can be encoded");
        let request = unsigned.request();
        let signature = self.signer.answer(&request);
        let terms = &self.claims.terms;
        let begins = terms.validity.not_before.unwrap_or(terms.issued_at).max(terms.issued_at);
        if terms.validity.expires.is_some_and(|expires| expires <= begins) {
            return Token::new(Claims::assemble(request.message(), &signature));
        }
        let view = View::new(Policy::Strict, Vec::new(), begins);
        Token::new(unsigned.finish(&signature, &view).expect("a draft can be finished").bytes())
    }

    /// Returns the claims' JSON as it would be signed.
    #[must_use]
    pub fn json(&self) -> String {
        let request = encode(&self.claims).expect("a draft can be encoded").request();
        Token::new(request.message()).claims()
    }

    /// Replaces one piece of the claims' JSON, which has to be there, and signs what comes out.
    #[must_use]
    #[track_caller]
    pub fn replacing(&self, piece: &str, by: &str) -> Token {
        self.edited(|json| {
            assert_eq!(json.matches(piece).count(), 1, "{piece} is not once in {json}");
            json.replace(piece, by)
        })
    }

    /// Adds members at the end of the outermost object, and signs what comes out.
    #[must_use]
    pub fn adding(&self, members: &str) -> Token {
        self.edited(|json| format!("{},{members}}}", json.strip_suffix('}').expect("claims are an object")))
    }

    /// Signs whatever `edit` makes of the claims' JSON, under the genuine header.
    #[must_use]
    pub fn edited(&self, edit: impl FnOnce(&str) -> String) -> Token {
        unchecked(HEADER, &edit(&self.json()), &self.signer)
    }

    /// Signs the claims under another header.
    #[must_use]
    pub fn under(&self, header: &str) -> Token {
        unchecked(header, &self.json(), &self.signer)
    }
}

fn typed<'k, R: KeyRole>(keys: impl Iterator<Item = &'k TestKey>) -> Vec<Key<R>> {
    keys.map(TestKey::typed).collect()
}
