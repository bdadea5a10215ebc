//! An operator whose token has successors, and a chain below the last of them.

use ed25519_dalek_2::{Signer as _, SigningKey};
use greatseal_core::deed::{Act, Deed, Revocation, Target};
use greatseal_core::issue::{IssueFault, Signable as _};
use greatseal_core::key::{self, Key, RawKey, Spelled};
use greatseal_core::signature::Signature;
use greatseal_core::statement::StatementId;
use greatseal_core::succession::{AccountRule, Commitment, Succession, Terms};
use greatseal_core::{Timestamp, View};
use greatseal_token::deed::{self, DeedText};
use greatseal_token::wascap::{self, Entity, Listing};

use crate::failure::Failure;
use crate::material::{NOW, issue, module_token, public, signing_key, trusting};

/// How many signing keys each operator token lists, as `operator create` does.
const SIGNERS: usize = 3;

/// Everything that is supplied for one question.
#[derive(Clone)]
pub(crate) struct Line {
    /// The first token, which is pinned, and its successors.
    pub(crate) operators: Vec<Vec<u8>>,
    /// The account's token.
    pub(crate) account: Vec<u8>,
    /// The module's token, which is asked about.
    pub(crate) module: Vec<u8>,
    /// Endorsements of each successor, and the countersignatures.
    pub(crate) deeds: Vec<Vec<u8>>,
}

impl Line {
    /// Makes a line of so many successors, each endorsed by two of the three keys before it.
    pub(crate) fn new(successors: usize, hash: &str) -> Result<Self, Failure> {
        let (identity, next) = (signing_key("line"), public::<key::Operator>(&signing_key("line next")));
        let signers = |step: usize| -> Vec<SigningKey> {
            (0..SIGNERS).map(|index| signing_key(&format!("line {step} signer {index}"))).collect()
        };
        let mut operators: Vec<Vec<u8>> = Vec::new();
        let mut deeds = Vec::new();
        let mut prev = None;
        for step in 0..=successors {
            let listed: Vec<Key<key::Operator>> = signers(step).iter().map(public).collect();
            let raw: Vec<RawKey> = listed.iter().map(|key| *key.raw()).collect();
            let terms = Terms {
                seq: step as u64,
                prev,
                threshold: Succession::least_threshold(SIGNERS as u64),
                next: Some(Commitment::to(next.raw())),
                pair: true,
                accounts: AccountRule::Countersigned,
            };
            let subject = public::<key::Operator>(&identity);
            let claim = Succession::new(terms, subject.raw(), &raw).map_err(|_| IssueFault::Kind)?;
            let listing = Listing { subject, name: Some("acme".into()), signers: Some(listed) };
            let token = issue::<key::Operator>(&identity, Entity::Operator(listing), 0, Some(claim))?;
            let id = id_of(&token)?;
            if let Some(before) = step.checked_sub(1) {
                for signer in signers(before).iter().take(2) {
                    deeds.push(sign(signer, Act::Endorse(id))?);
                }
            }
            prev = Some(id);
            operators.push(token);
        }
        let owner = signing_key("account");
        let signer = signing_key("account signer");
        let listing = Listing { subject: public(&owner), name: None, signers: Some(vec![public(&signer)]) };
        let by = signing_key(&format!("line {successors} signer 2"));
        let account = issue::<key::Operator>(&by, Entity::Account(listing), 0, None)?;
        for key in [&owner, &signer] {
            deeds.push(sign(key, Act::Countersign(id_of(&account)?))?);
        }
        Ok(Self { operators, account, module: module_token("account", "module", hash)?, deeds })
    }

    /// Returns the view that pins the first token.
    pub(crate) fn view(&self) -> Result<View, Failure> {
        let first = self.operators.first().and_then(|token| wascap::decode(token).ok());
        let anchor = first.as_ref().and_then(wascap::pin).ok_or(IssueFault::Kind)?;
        Ok(trusting(anchor))
    }

    /// Returns the tokens beside the one that is asked about.
    pub(crate) fn with(&self) -> Vec<Vec<u8>> {
        self.operators.iter().chain([&self.account]).cloned().collect()
    }
}

/// Makes revocations by so many strangers, each of all that itself signed.
pub(crate) fn strangers(count: usize) -> Result<Vec<Vec<u8>>, Failure> {
    let revoke = |index: usize| {
        let stranger = signing_key(&format!("stranger {index}"));
        let target = Target::Key(Spelled::Nkey(public::<key::Account>(&stranger).nkey()));
        sign(&stranger, Act::Revoke(Revocation { target, survivors: None }))
    };
    (0..count).map(revoke).collect()
}

fn id_of(token: &[u8]) -> Result<StatementId, IssueFault> {
    wascap::decode(token).map(|decoded| decoded.id()).map_err(|_| IssueFault::Kind)
}

fn sign(signer: &SigningKey, act: Act) -> Result<Vec<u8>, Failure> {
    let key = Spelled::Nkey(public::<key::Operator>(signer).nkey());
    let deed = Deed { signer: key, id: "1".into(), issued_at: Timestamp::from_secs(NOW), act };
    let request = deed::encode(&deed)?.request();
    let signature = Signature::new(signer.sign(request.message()).to_bytes());
    Ok(DeedText::assemble(request.message(), &signature))
}
