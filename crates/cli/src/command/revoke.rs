//! `greatseal revoke`: taking back what was signed, for good.

use clap::{Args, Subcommand};
use data_encoding::HEXLOWER_PERMISSIVE;
use greatseal_core::code::Exit;
use greatseal_core::deed::{Act, Deed, Survivors};
use greatseal_core::error::DecodeFault;
use greatseal_core::key::{Nkey, Role};
use greatseal_core::log::LogRoot;
use greatseal_core::statement::StatementId;
use greatseal_core::{Code, Decoded};
use greatseal_token::deed;
use greatseal_token::wascap::{self, Entity};
use serde_json::json;

use crate::clock;
use crate::desk::{Desk, Outcome, Revoke, Voters};
use crate::input::{Input, Kind};
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::secrets::{Custody, InRealm};
use crate::text;

/// Takes back a key's word, one statement, or what one key said of another: for good.
///
/// A key that was stolen whose own revocation was sealed away: `greatseal key sealed publish` is
/// quicker, and needs no key.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Key(KeyWord),
    Token(TokenWord),
    Edge(EdgeWord),
}

/// Takes back everything that a key signed.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal revoke key signing-1 --confirm signing-1\n  greatseal revoke key signing-1 --by signing-2 --by signing-3 --confirm signing-1\n\nRevoke a signing key of the operator only if it was stolen; one that was merely replaced is destroyed (`greatseal key retire`)."
)]
pub(crate) struct KeyWord {
    /// The key's name in this realm.
    name: String,
    #[command(flatten)]
    how: How,
}

/// Takes back one statement: a token, an endorsement or a countersignature.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  greatseal revoke token acme/tokens/account-payments.jwt --confirm account-payments.jwt\n\nAn operator's token is never revoked, it is succeeded (`greatseal operator reissue`); a revocation stays."
)]
pub(crate) struct TokenWord {
    /// The token's file, or its statement id (64 hexadecimal digits).
    #[arg(value_name = "FILE-OR-ID")]
    what: String,
    #[command(flatten)]
    how: How,
}

/// Takes back whatever one key said about another: a listing, an account, a module.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  greatseal revoke edge signing-1 payments --confirm payments\n\nThe operator's identity takes no signing key back: unlist it (`greatseal operator signing-key remove`), or let the others vote (`greatseal revoke key`)."
)]
pub(crate) struct EdgeWord {
    /// Who said it: a key's name.
    issuer: String,
    /// About whom: a key's name.
    subject: String,
    #[command(flatten)]
    how: How,
}

/// How something is taken back.
#[derive(Debug, Args)]
struct How {
    /// Who takes it back [default: the author if at hand, else as many of the operator's other signing keys as it takes]
    #[arg(long, value_name = "KEY")]
    by: Vec<String>,

    /// Spare what is proven to be among the first N entries of a log; its root belongs to it.
    #[arg(long, value_name = "N", requires = "log_root")]
    log_size: Option<u64>,

    /// The root of that log at that size, 64 hexadecimal digits.
    #[arg(long, value_name = "HEX", requires = "log_size")]
    log_root: Option<String>,

    /// Repeat the name of what is revoked: nothing undoes this.
    #[arg(long, value_name = "NAME")]
    confirm: String,

    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

pub(crate) fn run(command: &Command, format: Format) -> Result<Exit, Problem> {
    match command {
        Command::Key(KeyWord { name, how }) => {
            let (mut desk, voters) = how.open(name)?;
            let key = desk.realm.nkey(&desk.realm.name(name)?)?;
            take_back(&mut desk, &Revoke::Key(key), how, &voters, name, format)
        }
        Command::Token(TokenWord { what, how }) => {
            let file = what.rsplit('/').next().unwrap_or(what);
            let (mut desk, voters) = how.open(file)?;
            let revoke = statement(&desk, what)?;
            take_back(&mut desk, &revoke, how, &voters, file, format)
        }
        Command::Edge(EdgeWord { issuer, subject, how }) => {
            let (mut desk, voters) = how.open(subject)?;
            let key = |name: &str| desk.realm.nkey(&desk.realm.name(name)?);
            let (from, about) = (key(issuer)?, key(subject)?);
            if desk.is_identity(&from)? {
                let fault = format!("{issuer} is an identity of the operator");
                return Err(Problem::new(Code::RevocationFutile, fault));
            }
            let revoke = Revoke::Edge(from, about);
            take_back(&mut desk, &revoke, how, &voters, subject, format)
        }
    }
}

impl How {
    fn open(&self, name: &str) -> Result<(Desk, Voters), Problem> {
        if self.confirm != name {
            return Err(Problem::usage(format!(
                "--confirm {}: this is not what is to be revoked",
                text::name(&self.confirm)
            ))
            .hint(format!(
                "Nothing was revoked, and nothing undoes a revocation. If you mean it: `--confirm {name}`."
            )));
        }
        let desk = self.custody.desk(&self.realm, clock::now()?)?;
        let named = self.by.iter().map(|name| desk.realm.name(name)).collect::<Result<Vec<_>, _>>()?;
        let voters = if named.is_empty() { Voters::Any } else { Voters::Named(named) };
        Ok((desk, voters))
    }

    fn survivors(&self) -> Result<Option<Survivors>, Problem> {
        let (Some(size), Some(root)) = (self.log_size, &self.log_root) else { return Ok(None) };
        Ok(Some(Survivors { size, root: LogRoot::new(digest(root)?) }))
    }
}

fn digest(text: &str) -> Result<[u8; 32], Problem> {
    let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok();
    bytes
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        .ok_or_else(|| Problem::usage(format!("{}: this is no digest of 64 hexadecimal digits", text::name(text))))
}

/// Finds out which statement is meant, and who signed it where that can be seen.
fn statement(desk: &Desk, what: &str) -> Result<Revoke, Problem> {
    if what.len() == 64 && !std::path::Path::new(what).exists() {
        return Ok(Revoke::Statement(StatementId::from_digest(digest(what)?), None));
    }
    let input = Input::read(std::path::Path::new(what))?;
    let label = input.label();
    let fault = |fault: DecodeFault| Problem::new(fault.code(), format!("{label}: {fault}"));
    let bytes = match input.kind {
        Kind::Token(bytes) => bytes,
        Kind::Deed(text) => return support(desk, &label, &deed::decode(&text).map_err(fault)?),
        Kind::Ucans(_) => {
            return Err(Problem::new(
                Code::TokenUnknown,
                format!("{label} holds UCANs, which are taken back by UCANs"),
            )
            .hint("Take a delegation back by its name or CID: `greatseal delegation revoke DELEGATION`."));
        }
        Kind::Module(_) | Kind::Archive(_) | Kind::Neither(_) => {
            return Err(Problem::new(Code::TokenUnknown, format!("{label} is no token")));
        }
    };
    let token = wascap::decode(&bytes).map_err(fault)?;
    if matches!(token.content().entity, Entity::Operator(_)) {
        return Err(Problem::new(Code::RevocationFutile, format!("{label} is an operator token, which is succeeded")));
    }
    Ok(Revoke::Statement(token.id(), Some(token.content().issuer)))
}

/// Names an endorsement or a countersignature, and who signed it.
fn support(desk: &Desk, label: &str, deed: &Decoded<Deed>) -> Result<Revoke, Problem> {
    let Deed { act, signer, .. } = deed.content();
    let futile = |what: &str| Problem::new(Code::RevocationFutile, format!("{label} is {what}"));
    // One that is spelled as a DID is known by its key all the same.
    let raw = || signer.public_key().ed25519().map(|raw| Nkey::new(Role::Operator, *raw));
    let signer = signer.nkey().or_else(raw);
    match act {
        Act::Revoke(_) => return Err(futile("a revocation, which stays")),
        Act::Endorse(_) => {
            if let Some(signer) = &signer
                && desk.is_identity(signer)?
            {
                return Err(futile("an endorsement by an identity of the operator, which takes nothing back"));
            }
        }
        Act::Countersign(_) => {}
    }
    Ok(Revoke::Statement(deed.id(), signer))
}

fn take_back(
    desk: &mut Desk,
    what: &Revoke,
    how: &How,
    voters: &Voters,
    name: &str,
    format: Format,
) -> Result<Exit, Problem> {
    let dies = match what {
        Revoke::Key(key) => desk.dies_with(key)?,
        Revoke::Statement(..) | Revoke::Edge(..) => Vec::new(),
    };
    let filed = match desk.revoke(what, voters, how.survivors()?)? {
        Outcome::Done(filed) => filed,
        Outcome::Waiting(waiting) => return Ok(super::request::tell_waiting(desk, &waiting, format)),
    };
    let files: Vec<String> = filed.iter().map(|filed| filed.path.display().to_string()).collect();
    let object = json!({ "revoked": name, "files": files, "dead": dies });
    output::answer(format, &object, || {
        let mut text = format!("revoked {name}\n");
        for file in &files {
            text += &format!("  {file}\n");
        }
        for dead in &dies {
            text += &format!("  dead with it: {dead}\n");
        }
        text + "\n  Publish the realm's folder now: verifiers need the revocation to refuse what it names.\n"
    });
    Ok(Exit::Ok)
}
