//! Signing code anew as it is: the same module or provider, by another key or for longer.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use data_encoding::HEXUPPER;
use greatseal_core::error::SignatureFault;
use greatseal_core::key::{Account, Key, Nkey, PublicKey};
use greatseal_core::limits::REQUEST_STATEMENTS;
use greatseal_core::verify::verify;
use greatseal_core::{Code, Decoded};
use greatseal_custody::KeyName;
use greatseal_token::wascap::module::{self, ModuleFile};
use greatseal_token::wascap::{self, Claims, Entity};

use super::filed::refused;
use super::moving::days_of;
use super::{Before, Desk, Outcome, REVISION};
use crate::input::{Input, Kind};
use crate::order::{Filing, ModuleFiling, Order, ProviderFiling, Sources};
use crate::problem::Problem;
use crate::text;

/// Bytes of files that are held at once; a larger one is held alone.
const LOT_BYTES: u64 = 256 * 1024 * 1024;

/// Which files are to be signed anew, for whom, and where they go.
#[derive(Debug)]
pub(crate) struct Reissue {
    pub(crate) account: KeyName,
    /// Which of the account's keys signs; any that is at hand, if absent.
    pub(crate) by: Option<KeyName>,
    pub(crate) days: Option<u32>,
    /// Each file, and where it is written.
    pub(crate) files: Vec<(PathBuf, PathBuf)>,
}

/// What became of the files.
#[derive(Debug)]
pub(crate) struct Reissued {
    pub(crate) signed_by: Nkey,
    pub(crate) written: Vec<PathBuf>,
    /// Those that were there already, by an earlier run that was interrupted.
    pub(crate) found: Vec<PathBuf>,
}

/// A module or an archive, with the token that it carries.
struct Carried {
    token: Decoded<Claims>,
    filing: Filing,
}

impl Desk {
    /// Signs modules and provider archives anew, so many at a time as a request holds: whatever
    /// interrupts it, each file is whole or not there, and the next run goes on.
    ///
    /// # Errors
    /// What is wrong with a file, before any of its lot is signed; else what custody says.
    pub(crate) fn reissue_code(&mut self, order: &Reissue) -> Result<Outcome<Reissued>, Problem> {
        let (_, signed_by) = self.code_issuer(&order.account, order.by.as_ref())?;
        let own = self.keys_of(&order.account)?;
        let mut done = Reissued { signed_by, written: Vec::new(), found: Vec::new() };
        for lot in lots(&order.files) {
            let mut next = Order::new(format!("reissue-{}", crate::realm::own(&order.account)), self.now);
            let mut empty = true;
            for (file, out) in lot {
                let code = Carried::read(file, out)?;
                code.must_be_signed_by(&own, file, &order.account)?;
                if out.exists() {
                    code.must_be_done(out, signed_by, order.days)?;
                    done.found.push(out.clone());
                    continue;
                }
                let claims = Claims {
                    terms: self.terms_after(order.days.unwrap_or(self.realm.file().lifetimes.module), &code.token)?,
                    issuer: Key::<Account>::new(*signed_by.raw()).nkey(),
                    entity: code.token.content().entity.clone(),
                    revision: Some(REVISION),
                    succession: None,
                };
                next = next.sign(wascap::encode(&claims)?, code.filing).in_place_of(Some(&code.token));
                empty = false;
            }
            if empty {
                continue;
            }
            match self.carry_out(next)? {
                Outcome::Done(filed) => done.written.extend(filed.into_iter().map(|filed| filed.path)),
                Outcome::Waiting(waiting) => return Ok(Outcome::Waiting(waiting)),
            }
            if order.files.len() > lot.len() {
                let so_far = done.written.len() + done.found.len();
                crate::output::remark(&format!("{so_far} of {} files are signed …", order.files.len()));
            }
        }
        Ok(Outcome::Done(done))
    }
}

/// Cuts files into lots: no more than a request holds, and no more bytes than are held at once.
fn lots(files: &[(PathBuf, PathBuf)]) -> Vec<&[(PathBuf, PathBuf)]> {
    let bytes = |file: &Path| std::fs::metadata(file).map_or(0, |it| it.len());
    let (mut lots, mut rest) = (Vec::new(), files);
    while !rest.is_empty() {
        let mut held = 0;
        let fits = |(file, _): &&(PathBuf, PathBuf)| {
            held += bytes(file);
            held <= LOT_BYTES
        };
        // One at least, however large.
        let count = rest.iter().take(REQUEST_STATEMENTS).take_while(fits).count().max(1);
        let (lot, after) = rest.split_at(count);
        lots.push(lot);
        rest = after;
    }
    lots
}

impl Desk {
    /// Returns every key that ever signed an account's code: its identity, and all that its tokens listed.
    fn keys_of(&self, account: &KeyName) -> Result<Vec<PublicKey>, Problem> {
        let path = self.realm.account_path(account);
        let current = self.realm.tokens()?;
        let now = current.accounts.into_iter().filter(|(_, its, _)| *its == path).map(|(_, _, token)| token);
        let mut keys = vec![self.realm.nkey(account)?.public_key()];
        for token in now.chain(self.realm.replaced(account)?) {
            keys.extend(token.content().entity.signers().iter().map(|key| key.public_key()));
        }
        Ok(keys)
    }
}

impl Carried {
    /// Refuses what the account did not sign: a file that somebody else wrote gets no signature unnoticed.
    fn must_be_signed_by(&self, own: &[PublicKey], file: &Path, account: &KeyName) -> Result<(), Problem> {
        let label = text::path(file);
        let by_name = "To sign it all the same, one by one: `greatseal module sign`, `greatseal provider sign`.";
        let issuer = self.token.content().issuer;
        if !own.contains(&issuer.public_key()) {
            let fault = format!("{label}: its token is by {issuer}, which is no key of the account {account}");
            return Err(Problem::new(Code::CodeIssuer, fault).hint(by_name));
        }
        self.is_signed().map_err(|fault| Problem::new(fault.code(), format!("{label}: {fault}")).hint(by_name))
    }

    /// Verifies the signature of the token that it carries.
    fn is_signed(&self) -> Result<(), SignatureFault> {
        match verify(vec![self.token.clone()], NonZeroUsize::MIN).pop() {
            Some(Ok(_)) => Ok(()),
            Some(Err(refused)) => Err(refused.fault()),
            None => Err(SignatureFault::Invalid),
        }
    }

    /// Reads a signed file whose code is the one that was signed.
    fn read(file: &Path, out: &Path) -> Result<Self, Problem> {
        let label = text::path(file);
        match Input::read(file)?.kind {
            Kind::Module(bytes) => {
                let unsigned = || {
                    Problem::new(
                        Code::TokenEmpty,
                        format!("{label} carries no token, so there is nothing to sign anew"),
                    )
                    .hint("Sign it for the first time: `greatseal module sign FILE --account NAME --module NAME`.")
                };
                let parsed = ModuleFile::read(&bytes).map_err(|fault| refused(fault).within(&label))?;
                let token = wascap::decode(parsed.token().ok_or_else(unsigned)?)
                    .map_err(|fault| Problem::new(fault.code(), format!("{label}: {fault}")))?;
                let Entity::Module(said) = &token.content().entity else {
                    let why = format!("{label}: its token is about a {}", token.content().entity.word());
                    return Err(Problem::new(Code::ClaimsEntity, why));
                };
                let found = HEXUPPER.encode(&module::strip(&bytes).map_err(refused)?.hash());
                if said.hash != found {
                    let fault = greatseal_core::error::ModuleFault::Hash { expected: said.hash.clone(), found };
                    return Err(refused(fault).within(&label).hint(
                        "It was changed after it was signed. To sign it all the same: `greatseal module sign`.",
                    ));
                }
                let filing = ModuleFiling { file: file.into(), out: out.into(), bytes: Some(bytes) };
                Ok(Self { token, filing: Filing::Module(filing) })
            }
            Kind::Archive(_) => {
                let Before { parts, token, gzipped, .. } = Before::read(file)?;
                let token = token.ok_or_else(|| Problem::new(Code::TokenEmpty, format!("{label} carries no token")))?;
                let sources = Sources { archive: Some(file.into()), ..Sources::default() };
                let filing = ProviderFiling { sources, out: out.into(), compress: gzipped, parts: Some(parts) };
                Ok(Self { token, filing: Filing::Provider(filing) })
            }
            Kind::Token(_) | Kind::Ucans(_) | Kind::Deed(_) | Kind::Neither(_) => {
                Err(Problem::new(Code::TokenUnknown, format!("{label} is neither a module nor a provider archive")))
            }
        }
    }

    /// Takes what is in the way for the work of an earlier run, if it is that.
    fn must_be_done(&self, out: &Path, signed_by: Nkey, days: Option<u32>) -> Result<(), Problem> {
        let there = Self::read(out, out).ok().filter(|there| there.is_signed().is_ok());
        let same = there.is_some_and(|there| {
            let (there, own) = (there.token.content(), self.token.content());
            there.issuer.raw() == signed_by.raw()
                && days.is_none_or(|days| days_of(there) == Some(days))
                && there.entity == own.entity
                && there.terms.issued_at > own.terms.issued_at
        });
        if same {
            return Ok(());
        }
        Err(Problem::new(Code::RealmExists, format!("{} exists already, and nothing was overwritten", text::path(out)))
            .hint("Name another folder with `--out FOLDER`."))
    }
}
