//! What a gate lets through, and what it refuses, by code.

use std::fs;
use std::num::NonZeroUsize;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use greatseal_core::{Code, Timestamp};
use greatseal_custody::RunningKey;
use greatseal_service::record::{DecisionRecord, RecordFile};
use greatseal_service::replay::ReplayMemory;
use greatseal_service::{Gate, Refusal};
use greatseal_token::ucan::container::{self, Encoding};

use crate::realm::{NOW, Realm, at, command};

const PUT: &str = "/files/ingest/index";

/// Root → upload → its running key; and what the running key sends to index.
fn chain(realm: &Realm, running: &RunningKey) -> Vec<Vec<u8>> {
    vec![
        realm.delegate(&realm.root, realm.upload.public_key(), "/files/ingest", Some(5000)),
        realm.delegate(&realm.upload, running.public_key(), "/files/ingest", Some(1000)),
    ]
}

fn code(gate: &Gate, call: &[u8], now: u64) -> Option<Code> {
    gate.admit(call, Some(&command(PUT)), at(now)).err().map(|refusal| refusal.code())
}

#[test]
fn what_is_in_order_is_allowed_once_and_recorded() {
    let (realm, running) = (Realm::new(), RunningKey::generate().unwrap());
    let proofs = chain(&realm, &running);
    let call = realm.invoke(&running, PUT, &proofs, Some(60));
    let gate = realm.gate();
    let allowed = gate.admit(&call, Some(&command(PUT)), at(0)).unwrap();
    assert_eq!(allowed.chain().len(), 3);
    assert_eq!(allowed.invocation().issuer(), running.public_key());
    assert_eq!(code(&gate, &call, 0), Some(Code::UcanReplay));
    // In another container it is the same statement.
    let other = container::write(&container::read(&call).unwrap(), Encoding::GzipBase64).unwrap();
    assert_eq!(code(&gate, &other, 0), Some(Code::UcanReplay));

    let records = realm.records.lock().unwrap();
    let [line] = &records[..] else { panic!("{records:?}") };
    let record: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(record["id"], allowed.id().to_string());
    assert_eq!(record["command"], PUT);
    assert_eq!(record["audience"], realm.index.public_key().to_string());
    let issuers: Vec<_> = record["chain"].as_array().unwrap().iter().map(|it| it["issuer"].clone()).collect();
    let keys = [&realm.root, &realm.upload, &running].map(|key| key.public_key().to_string());
    assert_eq!(issuers, keys);
}

#[test]
fn what_is_not_in_order_is_refused_by_its_code() {
    let (realm, running) = (Realm::new(), RunningKey::generate().unwrap());
    let proofs = chain(&realm, &running);
    let gate = realm.gate();
    let stranger = RunningKey::generate().unwrap();
    let powerline = vec![
        realm.delegate_about(None, &realm.root, realm.upload.public_key(), "/files/ingest", Some(5000)),
        proofs[1].clone(),
    ];
    let short = vec![proofs[0].clone(), realm.delegate(&realm.upload, running.public_key(), "/files/ingest", Some(10))];
    let mut forged = container::read(&realm.invoke(&running, PUT, &proofs, Some(60))).unwrap();
    let invocation = forged.iter_mut().find(|it| it.windows(8).any(|window| window == b"ucan/inv")).unwrap();
    invocation[10] ^= 1;
    let forged = container::write(&forged, Encoding::Raw).unwrap();
    // Small when compressed, and never looked into.
    let many: Vec<[u8; 2]> = (0..66).map(|byte| [byte, 0]).collect();
    let many = container::write(&many, Encoding::Gzip).unwrap();
    let large = container::write(&[vec![0; 5 << 20]], Encoding::GzipBase64Url).unwrap();
    let audience = realm.upload.public_key();
    for (what, call, now, expected) in [
        ("another audience", realm.invoke_to(audience, &running, PUT, &proofs, Some(60)), 0, Code::UcanAudience),
        ("expired", realm.invoke(&running, PUT, &proofs, Some(60)), 61, Code::TimeExpired),
        ("a delegation expired", realm.invoke(&running, PUT, &short, Some(60)), 11, Code::TimeExpired),
        ("another command", realm.invoke(&running, "/files/ingest/drop", &proofs, Some(60)), 0, Code::CallCommand),
        ("a command above", realm.invoke(&running, "/files/ingest", &proofs, Some(60)), 0, Code::CallCommand),
        ("unbounded", realm.invoke(&running, PUT, &proofs, None), 0, Code::UcanUnbounded),
        ("a powerline at the root", realm.invoke(&running, PUT, &powerline, Some(60)), 0, Code::UcanPowerlineRoot),
        ("no proofs", realm.invoke(&running, PUT, &[], Some(60)), 0, Code::UcanNoProof),
        ("a stranger", realm.invoke(&stranger, PUT, &proofs, Some(60)), 0, Code::UcanAlignment),
        ("forged", forged, 0, Code::SignatureInvalid),
        ("nothing", Vec::new(), 0, Code::TokenEmpty),
        ("more tokens than any chain has", many, 0, Code::ChainTooLarge),
        ("more bytes than any chain has", large, 0, Code::ChainTooLarge),
        ("delegations alone", container::write(&proofs, Encoding::Raw).unwrap(), 0, Code::CallMalformed),
    ] {
        assert_eq!(code(&gate, &call, now), Some(expected), "{what}");
    }
    // Nothing of it took a place, and nothing is on record.
    assert!(realm.records.lock().unwrap().is_empty());
    assert_eq!(code(&gate, &realm.invoke(&running, PUT, &proofs, Some(60)), 60), None);
}

#[test]
fn a_clock_that_is_out_of_order_refuses_everything() {
    let (realm, running) = (Realm::new(), RunningKey::generate().unwrap());
    let endless = |from: &RunningKey, to| realm.delegate(from, to, "/files/ingest", None);
    let proofs = vec![endless(&realm.root, realm.upload.public_key()), endless(&realm.upload, running.public_key())];
    // As far away as a UCAN can say.
    let last = (1 << 53) - 1 - NOW;
    let call = realm.invoke(&running, PUT, &proofs, Some(last));
    let refused = realm.gate().admit(&call, None, Timestamp::from_secs(u64::MAX)).err();
    assert_eq!(refused.map(|refusal| refusal.code()), Some(Code::TimeExpired));
    assert_eq!(code(&realm.gate(), &call, 0), None);
}

#[test]
fn nobody_else_is_trusted() {
    let (realm, other) = (Realm::new(), Realm::new());
    let running = RunningKey::generate().unwrap();
    let proofs = chain(&other, &running);
    let call = other.invoke_to(realm.index.public_key(), &running, PUT, &proofs, Some(60));
    assert_eq!(code(&realm.gate(), &call, 0), Some(Code::RootUntrusted));
}

#[test]
fn what_was_taken_back_is_refused_within_the_next_second_and_stays_so() {
    let (realm, running) = (Realm::new(), RunningKey::generate().unwrap());
    let proofs = chain(&realm, &running);
    let gate = realm.gate();
    let call = |until| realm.invoke(&running, PUT, &proofs, Some(until));
    assert_eq!(code(&gate, &call(60), 0), None);
    // By a stranger: of no effect.
    realm.revoke(&RunningKey::generate().unwrap(), &proofs[1]);
    realm.put("revocations/README", b"hello");
    assert_eq!(code(&gate, &call(60), 1), None);
    assert_eq!(realm.reports.lock().unwrap().len(), 1, "the file that is no revocation is reported");
    realm.revoke(&realm.upload, &proofs[1]);
    assert_eq!(code(&gate, &call(60), 2), Some(Code::Revoked));
    for entry in fs::read_dir(realm.outer.path().join("revocations")).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    assert_eq!(code(&gate, &call(60), 3), Some(Code::Revoked), "taking back is irreversible");
}

#[test]
fn a_keys_own_revocation_takes_back_all_that_it_signed() {
    let (realm, running) = (Realm::new(), RunningKey::generate().unwrap());
    let proofs = chain(&realm, &running);
    let gate = realm.gate();
    let call = || realm.invoke(&running, PUT, &proofs, Some(60));
    assert_eq!(code(&gate, &call(), 0), None);
    realm.disown(&running);
    assert_eq!(code(&gate, &call(), 1), Some(Code::Revoked));
}

#[test]
fn records_are_whole_lines_behind_whatever_was_cut_off() {
    let (realm, running) = (Realm::new(), RunningKey::generate().unwrap());
    let proofs = chain(&realm, &running);
    let path = realm.outer.path().join("decisions.jsonl");
    fs::write(&path, "{\"decided\":1,\"deci").unwrap();
    let replay = Arc::new(ReplayMemory::new(NonZeroUsize::MIN.saturating_add(9)));
    let records = Arc::new(RecordFile::open(&path).unwrap());
    let gate = Gate::new(&[realm.root.public_key()], realm.index.public_key(), realm.revocations(), replay, records);
    for _ in 0..2 {
        assert_eq!(code(&gate, &realm.invoke(&running, PUT, &proofs, Some(60)), 0), None);
    }
    let text = fs::read_to_string(&path).unwrap();
    let whole = text.lines().filter(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()).count();
    assert_eq!((text.lines().count(), whole), (3, 2));
}

#[test]
fn a_folder_that_cannot_be_read_refuses_everything() {
    let (realm, running) = (Realm::new(), RunningKey::generate().unwrap());
    let proofs = chain(&realm, &running);
    let gate = realm.gate();
    let call = || realm.invoke(&running, PUT, &proofs, Some(60));
    let folder = realm.outer.path().join("revocations");
    assert_eq!(code(&gate, &call(), 0), None);
    fs::rename(&folder, realm.outer.path().join("away")).unwrap();
    assert_eq!(code(&gate, &call(), 1), Some(Code::UcanLookUp));
    assert_eq!(code(&gate, &call(), 1), Some(Code::UcanLookUp), "also within the second");
    fs::rename(realm.outer.path().join("away"), &folder).unwrap();
    assert_eq!(code(&gate, &call(), 2), None);
    // Whoever may read everything cannot show what happens to others.
    let unreadable = folder.join("unreadable.ucan");
    fs::write(&unreadable, "").unwrap();
    fs::set_permissions(&unreadable, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&unreadable).is_err() {
        assert_eq!(code(&gate, &call(), 3), Some(Code::UcanLookUp));
    }
}

#[test]
fn a_full_set_refuses() {
    let (realm, running) = (Realm::new(), RunningKey::generate().unwrap());
    let proofs = chain(&realm, &running);
    let gate = realm.gate_with(Arc::new(ReplayMemory::new(NonZeroUsize::MIN)));
    let call = || realm.invoke(&running, PUT, &proofs, Some(60));
    assert_eq!(code(&gate, &call(), 0), None);
    assert_eq!(code(&gate, &call(), 0), Some(Code::UcanReplayFull));
}

#[test]
fn what_cannot_be_recorded_is_refused() {
    let (realm, running) = (Realm::new(), RunningKey::generate().unwrap());
    let proofs = chain(&realm, &running);
    let full = |_: &DecisionRecord<'_>| Err(std::io::Error::other("no room in /var/lib/index"));
    let replay = Arc::new(ReplayMemory::new(NonZeroUsize::MIN.saturating_add(9)));
    let roots = [realm.root.public_key()];
    let gate = Gate::new(&roots, realm.index.public_key(), realm.revocations(), replay, Arc::new(full));
    let refusal = gate.admit(&realm.invoke(&running, PUT, &proofs, Some(60)), None, at(0)).unwrap_err();
    assert!(matches!(refusal, Refusal::Unrecorded { .. }), "{refusal}");
    assert!(!refusal.detail().contains("/var/lib"), "the caller is not told about the service's files");
}
