//! A root, its services and their keys, as files for tests.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Arc, Mutex};

use greatseal_core::deed::{Act, Deed, Revocation, Target};
use greatseal_core::issue::Unsigned;
use greatseal_core::key::{PublicKey, Spelled};
use greatseal_core::{Cid, Command, Policy, Timestamp, View};
use greatseal_custody::RunningKey;
use greatseal_service::record::DecisionRecord;
use greatseal_service::replay::{ReplayMemory, ReplayStore};
use greatseal_service::revocations::RevocationFolder;
use greatseal_service::{Gate, Report, Rotation, Wallet};
use greatseal_token::deed;
use greatseal_token::ucan::cbor::MapBuf;
use greatseal_token::ucan::container::{self, Encoding};
use greatseal_token::ucan::{self, Delegation, Invocation, REVOKE, Revokes, Ucan, UcanEnvelope, encode};

pub(crate) const NOW: u64 = 1_800_000_000;

pub(crate) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_secs(NOW + seconds)
}

pub(crate) fn command(text: &str) -> Command {
    Command::parse(text).unwrap()
}

/// Root, a service `upload` that calls, a service `index` that is called, and a folder.
pub(crate) struct Realm {
    pub(crate) outer: tempfile::TempDir,
    pub(crate) root: RunningKey,
    pub(crate) upload: RunningKey,
    pub(crate) index: RunningKey,
    /// What was reported about files.
    pub(crate) reports: Arc<Mutex<Vec<String>>>,
    /// Lines of decision records.
    pub(crate) records: Arc<Mutex<Vec<String>>>,
}

impl Realm {
    pub(crate) fn new() -> Self {
        let outer = tempfile::tempdir().unwrap();
        for folder in ["wallet", "revocations"] {
            fs::create_dir(outer.path().join(folder)).unwrap();
        }
        let key = || RunningKey::generate().unwrap();
        let (reports, records) = (Arc::default(), Arc::default());
        Self { outer, root: key(), upload: key(), index: key(), reports, records }
    }

    pub(crate) fn report(&self) -> Report {
        let reports = Arc::clone(&self.reports);
        Arc::new(move |path: &Path, why: &_| {
            reports.lock().unwrap().push(format!("{}: {why}", path.file_name().unwrap().display()));
        })
    }

    pub(crate) fn revocations(&self) -> Arc<RevocationFolder> {
        Arc::new(RevocationFolder::new(self.outer.path().join("revocations"), self.report()))
    }

    /// The gate of `index`.
    pub(crate) fn gate(&self) -> Gate {
        self.gate_with(Arc::new(ReplayMemory::new(NonZeroUsize::MIN.saturating_add(9_999))))
    }

    pub(crate) fn gate_with(&self, replay: Arc<dyn ReplayStore>) -> Gate {
        let records = Arc::clone(&self.records);
        let recorder = move |record: &DecisionRecord<'_>| {
            records.lock().unwrap().push(record.to_string());
            Ok(())
        };
        let identity = self.index.public_key();
        Gate::new(&[self.root.public_key()], identity, self.revocations(), replay, Arc::new(recorder))
    }

    /// The wallet of `upload`.
    pub(crate) fn wallet(&self) -> Wallet {
        let rotation = Rotation { renew_after_percent: 50, answer_within_seconds: 60 };
        let folder = self.outer.path().join("wallet");
        Wallet::new("upload", self.upload.public_key(), folder, rotation, self.revocations(), self.report())
    }

    /// A delegation of the root's capabilities.
    pub(crate) fn delegate(&self, from: &RunningKey, to: PublicKey, what: &str, until: Option<u64>) -> Vec<u8> {
        self.delegate_about(Some(self.root.public_key()), from, to, what, until)
    }

    pub(crate) fn delegate_about(
        &self,
        subject: Option<PublicKey>,
        from: &RunningKey,
        to: PublicKey,
        what: &str,
        until: Option<u64>,
    ) -> Vec<u8> {
        let nonce = RunningKey::generate().unwrap().public_key();
        let policy = ucan::Policy::default();
        let nonce = &nonce.as_bytes()[..12];
        let until = until.map(at);
        let it = Delegation::new(from.public_key(), to, subject, command(what), policy, nonce, until);
        finish(encode(&it.into()).unwrap(), from)
    }

    /// What `holder` would send to `index`, by hand.
    pub(crate) fn invoke(&self, holder: &RunningKey, what: &str, proofs: &[Vec<u8>], until: Option<u64>) -> Vec<u8> {
        self.invoke_to(self.index.public_key(), holder, what, proofs, until)
    }

    pub(crate) fn invoke_to(
        &self,
        audience: PublicKey,
        holder: &RunningKey,
        what: &str,
        proofs: &[Vec<u8>],
        until: Option<u64>,
    ) -> Vec<u8> {
        let cids: Vec<Cid> = proofs.iter().map(|proof| Cid::of(proof)).collect();
        let nonce = RunningKey::generate().unwrap().public_key();
        let (subject, args) = (self.root.public_key(), MapBuf::default());
        let nonce = &nonce.as_bytes()[..12];
        let it = Invocation::new(holder.public_key(), subject, command(what), args, &cids, nonce, until.map(at))
            .to(audience);
        let token = finish(encode(&Ucan::from(it)).unwrap(), holder);
        let tokens: Vec<&[u8]> = proofs.iter().map(Vec::as_slice).chain([&token[..]]).collect();
        container::write(&tokens, Encoding::Base64Url).unwrap()
    }

    /// A revocation of one token by a key, put into the folder.
    pub(crate) fn revoke(&self, by: &RunningKey, token: &[u8]) {
        let args = Revokes { token: Cid::of(token), path: Box::default() }.to_args();
        let key = by.public_key();
        let it = Invocation::new(key, key, command(REVOKE), args, &[], b"revocation", None);
        let token = finish(encode(&Ucan::from(it)).unwrap(), by);
        let name = format!("revocations/{}.ucan", Cid::of(&token));
        self.put(&name, &token);
    }

    /// A deed that takes back everything a key signed, put into the folder.
    pub(crate) fn disown(&self, key: &RunningKey) {
        let signer = Spelled::Did(key.public_key());
        let act = Act::Revoke(Revocation { target: Target::Key(signer), survivors: None });
        let unsigned = deed::encode(&Deed { signer, id: "1".into(), issued_at: at(0), act }).unwrap();
        let signature = key.sign(&unsigned.request()).unwrap();
        let issued = unsigned.finish(&signature, &View::new(Policy::Strict, vec![], at(0))).unwrap();
        self.put("revocations/key.jwt", issued.bytes());
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.outer.path().join(name);
        let unfinished = path.with_file_name(".unfinished");
        fs::write(&unfinished, bytes).unwrap();
        fs::rename(unfinished, path).unwrap();
    }
}

pub(crate) fn finish(unsigned: Unsigned<UcanEnvelope>, key: &RunningKey) -> Vec<u8> {
    let signature = key.sign(&unsigned.request()).unwrap();
    unsigned.finish(&signature, &View::new(Policy::Strict, vec![], at(0))).unwrap().bytes().to_vec()
}
