//! `greatseal custody doctor`: whether every key is where it should be, and signs.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use greatseal_core::Timestamp;
use greatseal_core::code::Exit;
use greatseal_core::key::Spelled;
use greatseal_core::limits::{CUSTODY_PROBE_SECONDS, KEY_FILE_SECONDS, UNLOCK_SECONDS};
use greatseal_custody::{CustodyFault, KeyName, KeyUri, Passphrase, PassphraseFault, PassphraseSource, Surroundings};
use serde_json::json;

use super::keys::{self, Known};
use crate::clock;
use crate::custody_check::{
    AllIssued, Checked, Job, Sealing, Subject, ask_all, differs, elsewhere, judge, object, people, probe,
};
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::sealed::{SealedStore, revokes};
use crate::secrets::{Custody, InRealm};

/// Asks every place that keeps a key of the realm whether it is well; outside a realm, every key of custody.
///
/// Each key signs a probe, a statement that is worth nothing to anybody. Places are asked at the same
/// time, so that one that hangs delays no other.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal custody doctor\n  greatseal custody doctor payments-signing-1 --passphrase-file secret.txt\n  greatseal custody doctor --no-unlock --output json\n\nKeys on other machines are listed and not asked. Key files that nobody unlocks are told, and are no finding.\nExit codes: 0 nothing found, 7 something was found."
)]
pub(crate) struct Doctor {
    /// Keys to look at, by their names. All, if absent.
    #[arg(value_name = "KEY")]
    names: Vec<String>,
    /// How long a place may take for each call.
    #[arg(long, value_name = "SECONDS", default_value_t = CUSTODY_PROBE_SECONDS, conflicts_with = "custody_timeout", value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
    /// Leave what needs a passphrase or a PIN locked, and try nothing of it.
    #[arg(long)]
    no_unlock: bool,
    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

pub(crate) fn run(doctor: &Doctor, format: Format) -> Result<Exit, Problem> {
    let realm = keys::realm(&doctor.realm)?;
    let now = clock::now()?;
    let issued = realm.as_ref().map(|realm| AllIssued::read(realm, now)).transpose()?.unwrap_or_default();
    let sealed = doctor.custody.sealed()?;
    let known = keys::known(&doctor.custody, realm.as_ref(), &doctor.names)?;
    let timeout = doctor.custody.timeout().unwrap_or(doctor.timeout);
    let time = Duration::from_secs(timeout);
    let mut checked = check(doctor, known, &issued, &sealed, time)?;
    if realm.is_none() {
        // What is to be typed next works on the realm, which is on another machine.
        for finding in checked.iter_mut().flat_map(|checked| &mut checked.findings) {
            if finding.next.contains("greatseal key ") {
                finding.next = format!("where the realm is: {}", finding.next);
            }
        }
    }
    let found: usize = checked.iter().map(|checked| checked.findings.len()).sum();
    let answer = json!({
        "realm": realm.as_ref().map(|realm| realm.file().name.as_str()),
        "at": Timestamp::as_secs(now),
        "timeout_seconds": timeout,
        "keys": checked.iter().map(object).collect::<Vec<_>>(),
        "findings": checked.iter().flat_map(|checked| &checked.findings).collect::<Vec<_>>(),
    });
    output::answer(format, &answer, || people(&checked));
    Ok(if found == 0 { Exit::Ok } else { Exit::Findings })
}

fn check(
    doctor: &Doctor,
    known: Vec<Known>,
    issued: &AllIssued,
    sealed: &SealedStore,
    time: Duration,
) -> Result<Vec<Checked>, Problem> {
    let around = surroundings(doctor)?;
    // Nobody types within seconds.
    let asks = doctor.custody.asks() && !doctor.no_unlock;
    let mut done: Vec<(usize, Checked)> = Vec::new();
    let (mut jobs, mut subjects) = (Vec::new(), Vec::new());
    for (index, Known { name, public, at }) in known.into_iter().enumerate() {
        let uri = at.as_ref().map(|(_, entry)| entry.uri.clone());
        let sealing = sealing(sealed, &name, &public, uri.as_ref())?;
        let issued = issued.of(&public.public_key());
        let subject = Subject { name: name.clone(), public, uri, issued, sealed: sealing };
        let Some((store, entry)) = at else {
            done.push((index, elsewhere(subject)));
            continue;
        };
        if entry.public.public_key() != public.public_key() {
            done.push((index, differs(subject, entry.public)));
            continue;
        }
        if entry.uri == KeyUri::Offline {
            done.push((index, elsewhere(subject)));
            continue;
        }
        let in_turn = matches!(entry.uri, KeyUri::File(_)) || asks;
        let own = match entry.uri {
            _ if asks => Duration::from_secs(UNLOCK_SECONDS),
            KeyUri::File(_) => time.max(Duration::from_secs(KEY_FILE_SECONDS)),
            KeyUri::SshAgent(_) | KeyUri::Pkcs11(_) | KeyUri::Vault(_) | KeyUri::AwsKms(_) | KeyUri::Offline => time,
        };
        let around = around.clone();
        jobs.push(Job {
            name: name.to_string(),
            // By the name that custody has it under, which may be another than the realm's.
            open: Box::new(move || store.custodian(&entry.name, &around)),
            probe: probe::request(public.public_key())?,
            time: own,
            in_turn,
        });
        subjects.push((index, subject, own));
    }
    let outcomes = ask_all(jobs, |names, answered| {
        if !asks {
            output::remark(&format!("{answered} answered; waiting for {} …", names.join(", ")));
        }
    });
    for ((index, subject, own), outcome) in subjects.into_iter().zip(outcomes) {
        done.push((index, judge(subject, outcome, own)));
    }
    done.sort_by_key(|(index, _)| *index);
    Ok(done.into_iter().map(|(_, checked)| checked).collect())
}

/// Tells custody of its surroundings; with `--no-unlock` nobody knows a passphrase.
fn surroundings(doctor: &Doctor) -> Result<Surroundings, Problem> {
    let around = doctor.custody.surroundings()?;
    if !doctor.no_unlock {
        return Ok(around);
    }
    let nobody: Arc<dyn PassphraseSource> =
        Arc::new(|name: &KeyName, _: &Spelled| -> Result<Passphrase, CustodyFault> {
            Err(PassphraseFault::Nobody { name: name.clone() }.into())
        });
    Ok(Surroundings { passphrases: nobody, identities: Vec::new(), ..around })
}

/// Says how it stands with a key's own revocation, which only keys that are here, and have a role, need.
fn sealing(sealed: &SealedStore, name: &KeyName, public: &Spelled, uri: Option<&KeyUri>) -> Result<Sealing, Problem> {
    if public.nkey().is_none() || uri.is_none_or(|uri| *uri == KeyUri::Offline) {
        return Ok(Sealing::NotNeeded);
    }
    Ok(match sealed.find(name) {
        Ok(Some(own)) if revokes(own.deed.content(), &public.public_key()) => Sealing::Kept,
        Ok(None) if sealed.is_kept(name) => Sealing::Kept,
        Ok(None) => Sealing::Missing,
        Ok(Some(_)) | Err(_) => Sealing::AnotherKey,
    })
}
