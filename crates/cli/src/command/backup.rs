//! `greatseal backup`: the private folder in one encrypted file.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use greatseal_core::Code;
use greatseal_core::code::Exit;
use greatseal_core::limits::UNLOCK_SECONDS;
use greatseal_custody::{BACKUP_BYTES, Backup, Deadline, Entry, KeyName, KeyUri, Proof, Surroundings, WorkFactor};
use serde_json::{Value, json};

use crate::clock;
use crate::configuration::surroundings;
use crate::files;
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::realm;
use crate::secrets::{Custody, Passphrases};
use crate::table::table;
use crate::text;
use crate::trust::InStore;

/// Backs up keys and trust, checks backups, and brings them back.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Create(Create),
    Check(Check),
    Restore(Restore),
}

/// Writes all keys and the trust store into one file, encrypted to a passphrase of its own.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal backup create keys-2026-11-22.age\n  greatseal backup create keys.age --passphrase-file backup-passphrase.txt\n\nEach key in it stays encrypted to its own passphrase, which is not in the backup. Without greatseal, `age -d FILE | tar x` opens it too."
)]
pub(crate) struct Create {
    /// The file to write; nothing is overwritten.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    store: InStore,
}

/// Proves that a backup opens and that its keys are there, and lists what it holds.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal backup check keys.age\n  greatseal backup check keys.age --unlock\n\nWith --unlock every key's own passphrase is asked for, and each key is compared with the public key that is pinned for it."
)]
pub(crate) struct Check {
    /// The backup.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Unlock every key as well.
    #[arg(long)]
    unlock: bool,
    /// Read the keys' passphrase from this file instead of asking: its first line.
    #[arg(long, value_name = "FILE", requires = "unlock")]
    key_passphrase_file: Option<PathBuf>,
    /// Open key files that are encrypted to recipients with the age identities in this file; may be repeated.
    #[arg(long, value_name = "FILE", requires = "unlock")]
    identity: Vec<PathBuf>,
    #[command(flatten)]
    passphrases: Passphrases,
}

/// Writes a backup's files into a new folder; nothing that exists is touched.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  greatseal backup restore keys.age --into restored\n\nUse it where it lies with `--keys restored/keys --trust-store restored/trust`, or move it to its place by hand."
)]
pub(crate) struct Restore {
    /// The backup.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The folder to make; it must not exist.
    #[arg(long, value_name = "FOLDER")]
    into: PathBuf,
    #[command(flatten)]
    passphrases: Passphrases,
}

pub(crate) fn run(command: &Command, format: Format) -> Result<Exit, Problem> {
    match command {
        Command::Create(create) => make(create, format),
        Command::Check(check) => prove(check, format),
        Command::Restore(restore) => bring_back(restore, format),
    }
}

fn make(create: &Create, format: Format) -> Result<Exit, Problem> {
    must_be_free(&create.file)?;
    let keys = create.custody.store()?.snapshot()?;
    let trust = create.store.store()?.snapshot()?;
    let backup = Backup::new(keys, trust).map_err(refused)?;
    // What could not be restored is not backed up as if it were.
    backup.keys().map_err(refused)?;
    if backup.files().next().is_none() {
        return Err(Problem::usage("there is nothing to back up: neither a key nor a pin")
            .hint("Name the folders: `--keys FOLDER`, `--trust-store FOLDER`."));
    }
    let passphrase = create.custody.passphrases().new_passphrase("passphrase for the backup: ")?;
    let sealed = backup
        .seal(&passphrase, WorkFactor::STANDARD, clock::now()?)
        .map_err(|error| Problem::io("cannot encrypt", &create.file, &error))?;
    write_private(&create.file, &sealed)?;
    tell(&create.file, &backup, &Proofs::new(), format, "wrote")?;
    output::remark("check it where it will lie: `greatseal backup check FILE --unlock`");
    Ok(Exit::Ok)
}

fn prove(check: &Check, format: Format) -> Result<Exit, Problem> {
    let backup = open(&check.file, &check.passphrases)?;
    let keys = backup.keys().map_err(refused)?;
    let mut proofs = Proofs::new();
    if check.unlock {
        let given = check.key_passphrase_file.as_deref().map(Passphrases::of_file).unwrap_or_default();
        let around = Surroundings { identities: check.identity.clone(), ..surroundings(given.source()?) };
        for entry in keys.iter().filter(|entry| matches!(entry.uri, KeyUri::File(_))) {
            output::remark(&format!("unlocking {} …", entry.name));
            let deadline = Deadline::after(Duration::from_secs(UNLOCK_SECONDS));
            let proof = backup.unlock_by(entry, &around, deadline).map_err(refused)?;
            if proof == Proof::NoIdentity {
                output::remark(&format!("{} is for recipients: give `--identity FILE` to try it", entry.name));
            }
            proofs.insert(entry.name.clone(), proof);
        }
    }
    tell(&check.file, &backup, &proofs, format, "opened")?;
    Ok(Exit::Ok)
}

fn bring_back(restore: &Restore, format: Format) -> Result<Exit, Problem> {
    must_be_free(&restore.into)?;
    let backup = open(&restore.file, &restore.passphrases)?;
    let fault = |error: io::Error| Problem::io("cannot write", &restore.into, &error);
    // Beside its place, so that there is all of it or nothing.
    let unfinished = private_folder(above(&restore.into)).map_err(fault)?;
    for (path, bytes) in backup.files() {
        write_below(unfinished.path(), path, bytes).map_err(fault)?;
    }
    // An empty folder that came in between would be replaced by one with more in it.
    must_be_free(&restore.into)?;
    fs::rename(unfinished.path(), &restore.into).map_err(fault)?;
    let _ = unfinished.keep();
    File::open(above(&restore.into)).and_then(|folder| folder.sync_all()).map_err(fault)?;
    let folder = restore.into.display().to_string();
    let answer = json!({ "folder": folder, "files": backup.files().count() });
    output::answer(format, &answer, || {
        format!(
            "restored {} files into {folder}\n  Use them with:\n    --keys {folder}/keys --trust-store {folder}/trust\n",
            backup.files().count()
        )
    });
    Ok(Exit::Ok)
}

fn open(file: &Path, passphrases: &Passphrases) -> Result<Backup, Problem> {
    let bytes = files::read(file, BACKUP_BYTES)?;
    let passphrase = passphrases.existing("passphrase of the backup: ")?;
    Backup::open(&bytes, &passphrase)
        .map_err(|fault| Problem::new(fault.code(), format!("{}: {fault}", text::path(file))))
}

fn refused(fault: greatseal_custody::BackupFault) -> Problem {
    Problem::new(fault.code(), fault.to_string())
}

/// What was found of the keys that were tried.
type Proofs = BTreeMap<KeyName, Proof>;

/// Lists what a backup holds.
fn tell(file: &Path, backup: &Backup, proofs: &Proofs, format: Format, done: &str) -> Result<(), Problem> {
    let keys = backup.keys().map_err(refused)?;
    let state = |entry: &Entry| match entry.uri {
        KeyUri::Offline => "kept offline",
        KeyUri::File(_) => match proofs.get(&entry.name) {
            Some(Proof::AsPinned) => "unlocked, as pinned",
            Some(Proof::NoIdentity) => "whole, for recipients, not unlocked",
            Some(Proof::Elsewhere) | None => "whole, not unlocked",
        },
        KeyUri::SshAgent(_) | KeyUri::Pkcs11(_) | KeyUri::Vault(_) | KeyUri::AwsKms(_) => "kept in its own place",
    };
    let pins: Vec<&str> =
        backup.files().filter_map(|(path, _)| path.strip_prefix("trust/")?.strip_suffix("/pin.toml")).collect();
    let orphans = backup.orphans(&keys);
    let objects: Vec<Value> = keys
        .iter()
        .map(|entry| json!({ "name": entry.name.as_str(), "public": entry.public.to_string(), "state": state(entry) }))
        .collect();
    let answer = json!({
        "file": file.display().to_string(),
        "files": backup.files().count(),
        "keys": objects,
        "orphans": orphans,
        "pins": pins,
        "unlocked": !proofs.is_empty() && proofs.values().all(|proof| *proof == Proof::AsPinned),
    });
    output::answer(format, &answer, || {
        let rows = keys.iter().map(|entry| {
            [entry.name.to_string(), entry.public.word().to_owned(), entry.public.short(), state(entry).into()]
        });
        let mut shown = format!("{done} {}: {} files\n", text::path(file), backup.files().count());
        shown += &table(["name", "role", "key", "state"], rows.collect(), "it holds no keys");
        for orphan in &orphans {
            shown += &format!("  no name refers to {orphan}\n");
        }
        for pin in &pins {
            shown += &format!("  trusts {pin}\n");
        }
        shown
    });
    Ok(())
}

/// Refuses what exists, and the public folder of a realm: there, anybody could guess passphrases.
fn must_be_free(path: &Path) -> Result<(), Problem> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(Problem::new(Code::BackupExists, format!("{} exists already", text::path(path))));
    }
    if realm::is_within(above(path)) {
        return Err(Problem::usage(format!(
            "{} would lie in a realm, and everything there is public",
            text::path(path)
        ))
        .hint("Name a place outside of the realm's folder."));
    }
    Ok(())
}

fn above(path: &Path) -> &Path {
    path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// Makes a folder of mode 0700 that goes away when it is dropped.
fn private_folder(above: &Path) -> io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir_in(above)
}

/// Beginning of the names of what is not finished.
const UNFINISHED: &str = ".greatseal-";

/// Writes a file of mode 0600 and the folders of mode 0700 above it; its path is a backup's, and plain.
fn write_below(folder: &Path, path: &str, bytes: &[u8]) -> io::Result<()> {
    let path = folder.join(path);
    let missing = path.ancestors().skip(1).take_while(|above| !above.exists());
    for above in missing.collect::<Vec<_>>().into_iter().rev() {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(above)?;
    }
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    File::open(above(&path))?.sync_all()
}

/// Writes a new file of mode 0600, whole or not at all.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    let fault = |error: &io::Error| Problem::io("cannot write", path, error);
    let write = || {
        let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(above(path))?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        Ok(file)
    };
    let file = write().map_err(|error| fault(&error))?;
    match file.persist_noclobber(path) {
        Ok(_) => File::open(above(path)).and_then(|folder| folder.sync_all()).map_err(|error| fault(&error)),
        Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => {
            Err(Problem::new(Code::BackupExists, format!("{} exists already", text::path(path))))
        }
        Err(refused) => Err(fault(&refused.error)),
    }
}
