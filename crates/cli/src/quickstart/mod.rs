//! The tour: a realm in a new folder, two signed files, and attacks on them.

mod attacks;
mod report;
mod timing;

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use greatseal_core::key::{Key, Operator, Spelled};
use greatseal_core::succession::AccountRule;
use greatseal_core::supply::Supply;
use greatseal_core::{Anchor, Code, Decision, Policy, Timestamp, View};
use greatseal_custody::{CustodyFault, KeyName, Keystore, Passphrase, Surroundings};
use greatseal_token::wascap::module::ModuleFile;
use greatseal_token::wascap::{Claims, Verifier};
use zeroize::Zeroizing;

use crate::desk::{
    Desk, Keyring, ModuleKey, NewAccount, NewModule, NewOperator, NewSuccession, Protector, SignedModule,
};
use crate::output;
use crate::problem::Problem;
use crate::realm::{Name, Realm};
use crate::sealed::SealedStore;

use report::Report;

/// A module that wasmCloud's own examples published, signed by an older tool.
const MODULE: &[u8] = include_bytes!("../../../../vectors/wascap/published/echo_messaging_v0.9.0.wasm");
/// A component in the current encoding.
const COMPONENT: &[u8] = include_bytes!("../../../../vectors/wascap/v25.wasm");
/// The folder that is made; with a number after it when there is one already.
const FOLDER: &str = "greatseal-quickstart";
/// Folders of that name that are looked for at most.
const FOLDERS: u32 = 1000;

/// A tour under way.
pub(crate) struct Tour {
    folder: PathBuf,
    desk: Desk,
}

/// One signed file of the tour.
struct Signed {
    name: &'static str,
    path: PathBuf,
    module: SignedModule,
}

impl Tour {
    /// Makes the folder, a realm in it, and custody with a passphrase of its own beside it.
    pub(crate) fn begin(now: Timestamp) -> Result<Self, Problem> {
        let folder = new_folder()?;
        output::remark(&format!("working in {}", folder.display()));
        let private = folder.join("private");
        private_folder(&private)?;
        let passphrase = passphrase()?;
        write_private(&private.join("passphrase.txt"), &passphrase)?;
        let passphrase = Arc::new(passphrase);
        let for_new = Arc::clone(&passphrase);
        let desk = Desk {
            realm: Realm::create(&folder.join("acme"), Name::parse("acme")?)?,
            ring: Keyring::new(
                Keystore::open(private.join("keys"))?,
                Surroundings::of(Arc::new(move |_: &KeyName, _: &Spelled| -> Result<Passphrase, CustodyFault> {
                    Passphrase::from_reader(passphrase.as_bytes())
                })),
            ),
            sealed: SealedStore::beside(&private.join("keys")),
            apart: Keystore::open(private.join("keys-apart"))?,
            new_protection: Box::new(move || Ok(Protector::Passphrase(Passphrase::from_reader(for_new.as_bytes())?))),
            now,
        };
        Ok(Self { folder, desk })
    }

    /// Walks through it all.
    pub(crate) fn run(mut self) -> Result<Report, Problem> {
        output::remark("making the operator: an identity key and three signing keys …");
        let succession = NewSuccession { threshold: None, pair: true, accounts: AccountRule::Countersigned };
        let operator = NewOperator { title: "Acme".into(), signing_keys: 3, succession: Some(succession), days: None };
        let operator = self.desk.create_operator(&operator)?.done()?;
        output::remark("making two accounts, signed by a signing key of the operator …");
        for (name, title) in [("payments", "Payments"), ("partners", "Partners")] {
            self.desk
                .create_account(&NewAccount {
                    name: self.desk.realm.name(name)?,
                    title: title.into(),
                    signing_keys: 1,
                    by: None,
                    days: None,
                })?
                .done()?;
        }
        output::remark("signing a published module and a component …");
        let signed = [
            self.sign("echo", "payments", "echo.wasm", MODULE)?,
            self.sign("greeter", "partners", "greeter.component.wasm", COMPONENT)?,
        ];

        let identity = Key::<Operator>::new(*operator.signed_by.raw());
        let anchor = Anchor::OperatorToken { id: operator.token.verified().id(), subject: identity };
        let view = View::new(Policy::Strict, vec![anchor], self.desk.now);
        let mut report = Report::new(&self.folder, identity);
        for file in &signed {
            self.must_allow(file, &view, &mut report)?;
        }
        output::remark("trying to break in …");
        attacks::all(&self.desk, identity, &signed, &view, &mut report)?;
        report.tree(&self.desk, &signed)?;
        report.timing = Some(timing::measure(&self.desk, &signed, &view)?);
        Ok(report)
    }

    fn sign(&mut self, name: &'static str, account: &str, file: &str, bytes: &[u8]) -> Result<Signed, Problem> {
        let path = self.folder.join(file);
        let order = NewModule {
            file: path.clone(),
            out: path.clone(),
            account: self.desk.realm.name(account)?,
            key: ModuleKey::New(self.desk.realm.name(name)?),
            by: None,
            title: name.into(),
            rev: Some(1),
            ver: Some("0.1.0".into()),
            tags: Vec::new(),
            call_alias: None,
            days: None,
        };
        let module = self.desk.sign_module(bytes.to_vec(), &order)?.done()?;
        Ok(Signed { name, path, module })
    }

    fn must_allow(&self, file: &Signed, view: &View, report: &mut Report) -> Result<(), Problem> {
        // From the disk, as anybody would who was sent the file.
        let bytes = fs::read(&file.path).map_err(|error| Problem::io("cannot read", &file.path, &error))?;
        match judge_module(&bytes, self.desk.realm.supply()?, view) {
            Decision::Allow(allow) => {
                report.verified(&file.path, &allow);
                Ok(())
            }
            Decision::Deny(deny) => {
                let fault = &deny.closest().fault;
                Err(Problem::new(fault.code(), format!("{}: {fault}", file.path.display())))
            }
        }
    }
}

/// Judges a module's bytes with a verifier that remembers nothing.
fn judge_module(bytes: &[u8], with: Supply<Claims>, view: &View) -> Decision {
    match ModuleFile::read(bytes) {
        Ok(file) => Verifier::new(NonZeroUsize::MIN).decide_module(&file, with, view),
        Err(fault) => Decision::Deny(greatseal_core::decide::Deny::because(fault.into())),
    }
}

fn new_folder() -> Result<PathBuf, Problem> {
    for number in 1..=FOLDERS {
        let name = if number == 1 { FOLDER.to_owned() } else { format!("{FOLDER}-{number}") };
        let folder = PathBuf::from(name);
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Problem::io("cannot make", &folder, &error)),
        }
    }
    Err(Problem::new(Code::RealmExists, format!("there are {FOLDERS} folders {FOLDER} here already")))
}

fn private_folder(path: &Path) -> Result<(), Problem> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| Problem::io("cannot make", path, &error))
}

fn write_private(path: &Path, text: &str) -> Result<(), Problem> {
    let mut options = fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()))
        .map_err(|error| Problem::io("cannot write", path, &error))
}

/// Makes a passphrase of 160 random bits.
fn passphrase() -> Result<Zeroizing<String>, Problem> {
    let mut bytes = Zeroizing::new([0u8; 20]);
    getrandom::fill(bytes.as_mut())
        .map_err(|error| Problem::new(Code::Io, format!("this machine gives no randomness: {error}")))?;
    Ok(Zeroizing::new(data_encoding::BASE32_NOPAD.encode(bytes.as_ref())))
}
