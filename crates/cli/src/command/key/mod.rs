//! `greatseal key`: private keys in custody, public ones in the realm.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use greatseal_core::Code;
use greatseal_core::code::Exit;
use greatseal_core::key::{Role, Spelled, did};
use greatseal_custody::{Algorithm, KeyName, KeyUri, Keystore, Lock, Seed, Surroundings};
use serde_json::{Value, json};

mod moving;
mod place;

use super::sealed;
use crate::clock;
use crate::files;
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::realm::Realm;
use crate::secrets::{Custody, InRealm, asked_for};
use crate::table::table;

/// Makes, brings in and shows keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Create(Create),
    Import(Import),
    Pin(Pin),
    List(List),
    Show(Show),
    Move(moving::Move),
    #[command(subcommand)]
    Sealed(sealed::Command),
    Retire(sealed::Retire),
}

/// Makes a key in custody and names its public half in the realm.
///
/// Outside a realm, a full name like `acme/identity` makes a key for the realm of another machine.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal key create ledger --role module\n  greatseal key create payments-signing-2 --role account --passphrase-file secret.txt\n  greatseal key create payments-signing-2 --role account --at \"pkcs11:token=acme?module-path=/usr/lib/softhsm/libsofthsm2.so\"\n  greatseal key create root-signing-2 --role user --at \"openbao://?address=https://bao.example:8200\" --algorithm p256\n\nThe private half goes to your private folder, encrypted; `age -d` opens it too. With --at it is made in another place and never leaves it. Nothing overwrites a key."
)]
pub(crate) struct Create {
    /// The key's name in this realm, like `ledger`.
    name: String,
    /// What the key is for.
    #[arg(long, value_enum)]
    role: RoleWord,
    /// Make it in this place: a key URI without a key, like `pkcs11:token=acme?module-path=…`, `openbao://`, `awskms:///`.
    #[arg(long, value_name = "URI")]
    at: Option<KeyUri>,
    /// The algorithm; P-256 serves UCANs alone (--role user), and only in other places.
    #[arg(long, value_enum, default_value_t = AlgorithmWord::Ed25519, requires = "at")]
    algorithm: AlgorithmWord,
    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

/// Brings a private key into custody: an nkey seed, credentials of NATS, an OpenSSH key, or PKCS#8.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal key import payments payments.nk\n  greatseal key import payments payments.nk --at ssh-agent:\n  greatseal key import deploy ~/.ssh/id_ed25519 --role account\n\nThe key is read from the file only, never from the command line; delete the file afterwards."
)]
pub(crate) struct Import {
    /// The key's name in this realm.
    name: String,
    /// A file with one private key of Ed25519: an nkey seed (S…), `.creds`, OpenSSH, or PKCS#8 as PEM.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What the key is for, where its file does not say: OpenSSH and PKCS#8 know no roles.
    #[arg(long, value_enum)]
    role: Option<RoleWord>,
    /// Bring it to this place instead: a key URI without a key, like `ssh-agent:`.
    #[arg(long, value_name = "URI")]
    at: Option<KeyUri>,
    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

/// Names a key whose private half is kept elsewhere: in a device or service, or on another machine.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal key pin identity OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT\n  greatseal key pin payments-signing-2 --role account --at \"ssh-agent:SHA256:…\"\n\nWithout --at, what the key is to sign is requested where it is kept. Take the public key from the machine that has the private one, and compare all of it: nothing else vouches for it."
)]
pub(crate) struct Pin {
    /// The key's name in this realm, like `identity`.
    name: String,
    /// Its public half (O…, A…, M…, V…, U… or did:key:…); with --at, what the place has to hold.
    #[arg(value_name = "KEY", required_unless_present = "at")]
    public: Option<Spelled>,
    /// Where it is, as a key URI: it is asked for its public half, which is pinned from then on.
    #[arg(long, value_name = "URI")]
    at: Option<KeyUri>,
    /// What the key is for, where only a place tells its public half.
    #[arg(long, value_enum, requires = "at", conflicts_with = "public")]
    role: Option<RoleWord>,
    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

/// Lists the realm's keys, and which of them custody here can use; outside a realm, custody's.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

/// Shows one key.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The key's name in this realm.
    name: String,
    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

/// A role on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleWord {
    /// The top of a chain, or one of its signing keys.
    Operator,
    /// A tenant, or one of its signing keys.
    Account,
    /// A WebAssembly module or component.
    Module,
    /// A capability provider.
    Provider,
    /// The root of services, one of its signing principals, or a service.
    User,
}

/// An algorithm on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum AlgorithmWord {
    /// Ed25519, for every family of tokens.
    Ed25519,
    /// ECDSA over P-256, for UCANs.
    P256,
}

impl From<AlgorithmWord> for Algorithm {
    fn from(word: AlgorithmWord) -> Self {
        match word {
            AlgorithmWord::Ed25519 => Self::Ed25519,
            AlgorithmWord::P256 => Self::P256,
        }
    }
}

impl From<RoleWord> for Role {
    fn from(word: RoleWord) -> Self {
        match word {
            RoleWord::Operator => Self::Operator,
            RoleWord::Account => Self::Account,
            RoleWord::Module => Self::Module,
            RoleWord::Provider => Self::Provider,
            RoleWord::User => Self::User,
        }
    }
}

pub(crate) fn run(command: &Command, format: Format) -> Result<Exit, Problem> {
    match command {
        Command::Create(create) => make(create, format),
        Command::Import(import) => bring_in(import, format),
        Command::Pin(pin) => point_at(pin, format),
        Command::List(list) => list_all(list, format),
        Command::Show(show) => show_one(show, format),
        Command::Move(order) => moving::run(order, format),
        Command::Sealed(command) => sealed::run(command, format),
        Command::Retire(retire) => sealed::retire(retire, format),
    }
}

fn make(create: &Create, format: Format) -> Result<Exit, Problem> {
    if let Some(at) = &create.at {
        return place::make(create, at, format);
    }
    if let Some(name) = without_realm(&create.realm, &create.name)? {
        let (seed, store) = (Seed::generate(create.role.into())?, create.custody.store()?);
        if store.find(&name).is_ok() {
            return Err(Problem::new(Code::CustodyExists, format!("custody has a key {name} already")));
        }
        let (protector, now) = (create.custody.new_protection()?, clock::now()?);
        let entry = store.keep_for(&name, &seed, protector.protection(), now)?;
        create.custody.sealed()?.seal(&name, &seed, now)?;
        tell_new(&[(name, entry.public)], "made", format);
        tell_where(&entry.name, &entry.public);
        return Ok(Exit::Ok);
    }
    let mut desk = create.custody.desk(&create.realm, clock::now()?)?;
    let name = desk.realm.name(&create.name)?;
    if desk.realm.key(&name).is_ok() {
        return Err(Problem::new(Code::NameTaken, format!("this realm has a key {name} already")));
    }
    let new_keys = desk.draw_keys(core::slice::from_ref(&name), create.role.into())?;
    desk.keep_keys(&new_keys)?;
    desk.realm.add_keys(&new_keys.keys)?;
    tell_new(&new_keys.keys, "made", format);
    Ok(Exit::Ok)
}

/// Returns the full name of a key that is to be kept here for a realm that is elsewhere.
fn without_realm(realm: &InRealm, name: &str) -> Result<Option<KeyName>, Problem> {
    let is_full = name.split('/').count() == 2;
    match Realm::open(realm.start()) {
        Err(problem) if problem.code() == Code::RealmMissing && is_full && !realm.is_named() => {
            Ok(Some(KeyName::parse(name)?))
        }
        // Whatever else is wrong with the realm is told by whoever opens it to change it.
        Ok(_) | Err(_) => Ok(None),
    }
}

/// Says how the realm gets to know a key that was made outside of it.
fn tell_where(name: &KeyName, public: &Spelled) {
    output::remark(&format!(
        "there is no realm here: name the key where there is one, with `greatseal key pin {} {public}`",
        crate::realm::own(name)
    ));
}

fn point_at(pin: &Pin, format: Format) -> Result<Exit, Problem> {
    if let Some(at) = &pin.at {
        return place::adopt(pin, at, format);
    }
    let public = pin.public.ok_or_else(|| Problem::usage("the public half is missing"))?;
    let mut realm = Realm::open_to_change(pin.realm.start())?;
    let keys = [(realm.name(&pin.name)?, public)];
    realm.must_admit(&keys)?;
    let [(name, _)] = &keys;
    let store = pin.custody.store()?;
    // Again, or after an interruption; or the private half is here, which is as good.
    if !is_pinned(&store, name, &public)? {
        store.pin_offline(name, public, clock::now()?)?;
    }
    realm.add_keys(&keys)?;
    tell_new(&keys, "pinned", format);
    Ok(Exit::Ok)
}

/// Says whether custody has this very key under the name.
fn is_pinned(store: &Keystore, name: &KeyName, public: &Spelled) -> Result<bool, Problem> {
    match store.find(name) {
        Ok(entry) if entry.public == *public => Ok(true),
        Ok(_) => Err(Problem::new(Code::CustodyExists, format!("custody has another key {name} already"))),
        Err(greatseal_custody::CustodyFault::Missing { .. }) => Ok(false),
        Err(fault) => Err(fault.into()),
    }
}

fn bring_in(import: &Import, format: Format) -> Result<Exit, Problem> {
    if let Some(at) = &import.at {
        return place::bring_in(import, at, format);
    }
    let store = import.custody.store()?;
    if let Some(name) = without_realm(&import.realm, &import.name)? {
        let entry = take_in(&store, &import.custody, &name, &seed_of(import)?)?;
        tell_new(&[(name, entry.public)], "brought in", format);
        tell_where(&entry.name, &entry.public);
        tell_clear(&import.file);
        return Ok(Exit::Ok);
    }
    let mut realm = Realm::open_to_change(import.realm.start())?;
    let name = realm.name(&import.name)?;
    let seed = seed_of(import)?;
    // In custody, but not in the realm: an import that was interrupted goes on.
    let halfway = |known: &Spelled| realm.key(&name).is_err() && Spelled::from(seed.nkey()) == *known;
    let entry = match store.find(&name) {
        Ok(entry) if halfway(&entry.public) => {
            output::remark(&format!("using the key {name} that is in custody already"));
            entry
        }
        Ok(_) => return Err(Problem::new(Code::CustodyExists, format!("custody has a key {name} already"))),
        Err(greatseal_custody::CustodyFault::Missing { .. }) => take_in(&store, &import.custody, &name, &seed)?,
        Err(fault) => return Err(fault.into()),
    };
    let keys = [(name, entry.public)];
    realm.add_keys(&keys)?;
    tell_new(&keys, "brought in", format);
    tell_clear(&import.file);
    Ok(Exit::Ok)
}

/// Reads the private key that is to be brought in. Its own passphrase, if it has one, is asked for at
/// the terminal: what is given in a file is for the key's new file.
fn seed_of(import: &Import) -> Result<Seed, Problem> {
    let limit = usize::try_from(greatseal_core::limits::TEXT_FILE_BYTES).unwrap_or(usize::MAX);
    let bytes = files::read_secret(&import.file, limit)?;
    let ask = || asked_for(&import.file);
    Ok(Seed::read_foreign(&import.file, &bytes, import.role.map(RoleWord::into), ask)?)
}

/// Takes a seed into custody, and seals its own revocation.
fn take_in(
    store: &Keystore,
    custody: &Custody,
    name: &KeyName,
    seed: &Seed,
) -> Result<greatseal_custody::Entry, Problem> {
    let now = clock::now()?;
    let entry = store.keep_for(name, seed, custody.new_protection()?.protection(), now)?;
    custody.sealed()?.seal(name, seed, now)?;
    Ok(entry)
}

fn tell_clear(file: &Path) {
    let file = file.display();
    output::remark(&format!("the private key still lies in {file}: delete that file once you have a backup"));
}

fn tell_new(keys: &[(KeyName, Spelled)], done: &str, format: Format) {
    let objects: Vec<Value> = keys.iter().map(|(name, key)| object(name, key)).collect();
    output::answer(format, &json!({ "keys": objects }), || {
        keys.iter().map(|(name, key)| format!("{done}: {name}\n  {key}\n")).collect()
    });
}

fn object(name: &KeyName, key: &Spelled) -> Value {
    json!({
        "name": name.as_str(),
        "role": key.nkey().map(|key| key.role().word()),
        "algorithm": key.public_key().algorithm(),
        "public": key.to_string(),
        "did": did::encode(&key.public_key()),
    })
}

/// Where custody has a key, and what it takes to make it sign.
struct Whereabouts {
    place: String,
    lock: Option<Lock>,
}

/// Says where custody has a key; a file that is gone is told as such.
fn whereabouts(store: &Keystore, around: &Surroundings, key: &Spelled) -> Result<Option<Whereabouts>, Problem> {
    let Some(entry) = store.find_by_key(&key.public_key())? else { return Ok(None) };
    let gone = matches!(entry.uri, KeyUri::File(_)) && store.at_hand(&key.public_key())?.is_none();
    let place = if gone { format!("{} (the file is gone)", entry.uri) } else { entry.uri.to_string() };
    // Nothing is reached for it; a place that this build does not know says nothing.
    let lock = store.custodian(&entry.name, around).and_then(|custodian| custodian.describe()).ok();
    Ok(Some(Whereabouts { place, lock: lock.filter(|_| !gone).map(|description| description.lock) }))
}

fn list_all(list: &List, format: Format) -> Result<Exit, Problem> {
    let (store, around) = (list.custody.store()?, list.custody.surroundings()?);
    let keys: BTreeMap<KeyName, Spelled> = match Realm::open(list.realm.start()) {
        Ok(realm) => realm.file().keys.clone(),
        // On the machine that only keeps keys there is no realm.
        Err(problem) if problem.code() == Code::RealmMissing && !list.realm.is_named() => {
            store.list()?.entries.into_iter().map(|entry| (entry.name, entry.public)).collect()
        }
        Err(problem) => return Err(problem),
    };
    let mut objects = Vec::new();
    let mut rows = Vec::new();
    for (name, key) in &keys {
        let there = whereabouts(&store, &around, key)?;
        let mut object = object(name, key);
        let lock = there.as_ref().and_then(|there| there.lock).map(Lock::word);
        if let Some(members) = object.as_object_mut() {
            members.insert("custody".into(), there.as_ref().map(|there| there.place.clone()).into());
            members.insert("lock".into(), lock.into());
        }
        objects.push(object);
        rows.push([
            name.to_string(),
            key.word().to_owned(),
            key.short(),
            there.map_or_else(|| "elsewhere".into(), |there| there.place),
            lock.unwrap_or_default().to_owned(),
        ]);
    }
    for orphan in store.list()?.orphans {
        output::remark(&format!("{} is a key file that no name refers to; move it away", orphan.display()));
    }
    output::answer(format, &json!({ "keys": objects }), || {
        table(
            ["name", "role", "key", "custody", "opens with"],
            rows,
            "there are no keys yet: `greatseal operator create` makes a realm's first",
        )
    });
    Ok(Exit::Ok)
}

fn show_one(show: &Show, format: Format) -> Result<Exit, Problem> {
    let realm = Realm::open(show.realm.start())?;
    let name = realm.name(&show.name)?;
    let key = realm.key(&name)?;
    let store = show.custody.store()?;
    let entry = store.find_by_key(&key.public_key())?;
    let there = whereabouts(&store, &show.custody.surroundings()?, &key)?;
    let lock = there.as_ref().and_then(|there| there.lock).map(Lock::word);
    let place = there.map(|there| there.place);
    let created = entry.and_then(|entry| entry.created);
    let current = realm.tokens()?;
    let uses: Vec<String> = current
        .operator
        .iter()
        .map(|(path, token)| (path, token))
        .chain(current.accounts.iter().map(|(_, path, token)| (path, token)))
        .filter_map(|(path, token)| {
            let claims = token.content();
            let how = if claims.entity.subject().is_some_and(|subject| subject.public_key() == key.public_key()) {
                "identity in"
            } else if claims.entity.signers().iter().any(|signer| signer.public_key() == key.public_key()) {
                "signing key in"
            } else if claims.issuer.public_key() == key.public_key() {
                "signed"
            } else {
                return None;
            };
            Some(format!("{how} {}", path.file_name().unwrap_or_default().to_string_lossy()))
        })
        .collect();
    let mut shown = object(&name, &key);
    if let Some(members) = shown.as_object_mut() {
        members.insert("custody".into(), place.clone().into());
        members.insert("lock".into(), lock.into());
        members.insert("created".into(), created.map(|at| at.as_secs()).into());
        members.insert("uses".into(), uses.clone().into());
    }
    output::answer(format, &shown, || {
        let mut lines = format!(
            "{name}\n  role     {}\n  public   {key}\n  did      {}\n  custody  {}\n",
            key.word(),
            did::encode(&key.public_key()),
            place.unwrap_or_else(|| "elsewhere: custody here does not have it".into()),
        );
        if let Some(lock) = lock {
            lines += &format!("  opens    {lock}\n");
        }
        if let Some(created) = created {
            lines += &format!("  since    {}\n", clock::show(created));
        }
        for one in &uses {
            lines += &format!("  use      {one}\n");
        }
        lines
    });
    Ok(Exit::Ok)
}
