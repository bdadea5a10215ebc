//! `greatseal verify`: is this token, module or provider archive to be believed?

mod answer;
mod session;
mod showing;
mod ucan;

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use clap::ValueEnum;
use greatseal_core::code::Exit;
use greatseal_core::key::{Nkey, PublicKey, did};
use greatseal_core::{Anchor, Code, Policy, Statement, Timestamp, View};

use answer::realm_names;
use session::{Session, Terms};

use crate::anchors::Trust;
use crate::clock;
use crate::input::{Input, Kind, Supplied};
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::text;
use crate::trust::InStore;

/// Says whether a token, module or provider archive is to be believed, and why.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal verify app.wasm --trust ODDB…2GK6 --with tokens/\n  greatseal verify account.jwt --trust operator.jwt --at 2026-11-22T09:00:00Z\n  greatseal verify *.wasm --trust ODDB…2GK6 --with tokens/ --output json\n\nExit codes: 0 allow, 3 deny, 1 something could not be read, 2 the call's words are off."
)]
pub(crate) struct Verify {
    /// Tokens or UCANs (text or binary), containers, WebAssembly modules or components, or provider archives; `-` is
    /// standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Whom to trust: an operator's key (O…), an account's key (A…), a token file to pin, the DID of a root of UCANs, or
    /// the word `subject` (a UCAN's own subject, whoever that is). Whom the trust store names, if absent.
    #[arg(long, value_name = "ANCHOR")]
    trust: Vec<String>,

    #[command(flatten)]
    store: InStore,

    /// Further tokens and deeds (endorsements, countersignatures, revocations): files or folders, in any mixture.
    #[arg(long, value_name = "PATH")]
    with: Vec<PathBuf>,

    /// Revocations and other deeds: files or folders.
    #[arg(long, value_name = "PATH")]
    revocation: Vec<PathBuf>,

    /// How strictly separation of keys is held.
    #[arg(long, value_enum, default_value_t = PolicyWord::Strict)]
    policy: PolicyWord,

    /// The instant to verify at: seconds since 1970, or RFC 3339. Now, if absent.
    #[arg(long, value_name = "TIME", value_parser = clock::parse)]
    at: Option<Timestamp>,

    /// Whom a UCAN has to be addressed to: whoever executes it, or is delegated to. Not checked, if absent.
    #[arg(long, value_name = "DID", value_parser = parse_key)]
    audience: Option<PublicKey>,

    /// A signing principal of the trusted root: with at least one, separation is mandated, and the root may delegate to
    /// these alone.
    #[arg(long, value_name = "DID", value_parser = parse_key)]
    signing_principal: Vec<PublicKey>,

    /// Whom the token has to be about: an nkey or a did:key.
    #[arg(long, value_name = "KEY", value_parser = parse_key)]
    subject: Option<PublicKey>,
}

/// A policy's name on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PolicyWord {
    /// Separation is required.
    Strict,
    /// Separation is recommended: what is missing is told.
    Relaxed,
}

impl From<PolicyWord> for Policy {
    fn from(word: PolicyWord) -> Self {
        match word {
            PolicyWord::Strict => Self::Strict,
            PolicyWord::Relaxed => Self::Relaxed,
        }
    }
}

fn parse_key(text: &str) -> Result<PublicKey, String> {
    if text.starts_with("did:") {
        did::parse(text).map_err(|fault| fault.to_string())
    } else {
        Nkey::parse(text).map(|key| key.public_key()).map_err(|fault| fault.to_string())
    }
}

pub(crate) fn run(verify: &Verify, format: Format) -> Result<Exit, Problem> {
    let now = match verify.at {
        Some(at) => at,
        None => clock::now()?,
    };
    let store = if verify.trust.is_empty() { verify.store.if_any()? } else { None };
    let trust = match &store {
        Some(store) => Trust::of_store(store)?,
        None => Trust::read(&verify.trust)?,
    };
    let mut supplied = Supplied::read(&verify.with, &verify.revocation)?;
    if trust.anchors.is_empty() {
        return Err(nobody_trusted(&verify.files, &supplied));
    }

    if verify.files.len() > 1 {
        supplied.add_tokens_of(&verify.files);
    }
    let terms = Terms { policy: verify.policy.into(), now, subject: verify.subject, audience: verify.audience };
    // At another instant other tokens speak: what is learned then may not be so now.
    let mut session =
        Session::new(terms, &verify.signing_principal, trust, supplied, store.filter(|_| verify.at.is_none()));
    let names = realm_names();
    let mut told = BTreeSet::new();
    let mut exit = Exit::Ok;
    for file in &verify.files {
        // One at a time: there may be many, and a module may be large.
        let answer = match Input::read(file) {
            Ok(input) => {
                must_have_audience(verify, &input)?;
                must_mandate(&verify.signing_principal, &session.view)?;
                session.answer(input)
            }
            // The last word is the command's; of several files, the others are judged all the same.
            Err(problem) if verify.files.len() == 1 => return Err(problem),
            Err(problem) => {
                output::problem(&problem, format);
                exit = exit.max(problem.exit());
                continue;
            }
        };
        if answer.decision == "deny" {
            exit = Exit::Deny;
        }
        // What several files have in common is told once.
        for ignored in answer.ignored.iter().filter(|ignored| told.insert((*ignored).clone())) {
            output::remark(&format!("ignored {}: {} [{}]", ignored.file, ignored.reason, ignored.code));
        }
        output::answer(format, &answer, || answer.people(now, &names));
    }
    Ok(exit)
}

/// Refuses `--audience` for what is addressed to nobody.
fn must_have_audience(verify: &Verify, input: &Input) -> Result<(), Problem> {
    let of_family = match &input.kind {
        Kind::Token(_) | Kind::Deed(_) | Kind::Module(_) | Kind::Archive(_) => true,
        Kind::Ucans(_) | Kind::Neither(_) => false,
    };
    if of_family && (verify.audience.is_some() || !verify.signing_principal.is_empty()) {
        let option = if verify.audience.is_some() { "--audience" } else { "--signing-principal" };
        return Err(Problem::usage(format!("{option}: tokens of this family have none"))
            .hint("Leave it out; only UCANs have an audience and signing principals."));
    }
    Ok(())
}

/// Refuses `--signing-principal` where it would hold chains of some roots to nothing.
fn must_mandate(signing: &[PublicKey], view: &View) -> Result<(), Problem> {
    let anchors = view.anchors();
    let of_anybody = anchors.contains(&Anchor::Subject);
    if signing.is_empty() || !of_anybody && anchors.iter().any(|anchor| anchor.root().is_some()) {
        return Ok(());
    }
    let why = if of_anybody {
        "`--trust subject` trusts every root, and signing principals are those of one that is named"
    } else {
        "no root of UCANs is trusted whose signing principals these could be"
    };
    Err(Problem::usage(format!("--signing-principal: {why}"))
        .hint("Name the root whose signing principals they are: `--trust did:key:z…`."))
}

/// Says whom one could trust: the operators and accounts among what was supplied.
fn nobody_trusted(files: &[PathBuf], supplied: &Supplied) -> Problem {
    let (mut targets, mut ucans) = (Vec::new(), Vec::new());
    for file in files {
        match Input::read(file).map(|input| input.kind) {
            Ok(Kind::Token(token)) => targets.push(token),
            Ok(Kind::Ucans(read)) => ucans.extend(read.tokens),
            Ok(Kind::Deed(_) | Kind::Module(_) | Kind::Archive(_) | Kind::Neither(_)) | Err(_) => {}
        }
    }
    let tokens = supplied.tokens.iter().map(|(_, token)| token.clone());
    let roots = ucans.iter().filter_map(|token| {
        let decoded = greatseal_token::ucan::decode(token).ok()?;
        let subject = decoded.content().grant().invocation()?.subject;
        Some(format!("--trust {subject}   the root that this UCAN names"))
    });
    let mut found: Vec<String> = targets
        .into_iter()
        .chain(tokens)
        .filter_map(|token| greatseal_token::wascap::decode(&token).ok())
        .filter_map(|decoded| {
            let claims = decoded.content();
            let self_issued = claims.entity.subject() == Some(claims.issuer);
            let operator = matches!(claims.entity, greatseal_token::wascap::Entity::Operator(_));
            (operator && self_issued).then(|| {
                let name = claims.entity.name().map(text::name).unwrap_or_default();
                format!("--trust {}   which calls itself \"{name}\"", claims.issuer)
            })
        })
        .chain(roots)
        .collect();
    found.sort();
    found.dedup();
    found.truncate(5);
    let problem =
        Problem::new(Code::TrustMissing, "nothing is trusted: there is no --trust, and the trust store is empty");
    if found.is_empty() {
        return problem;
    }
    problem.hint(format!(
        "Among what you supplied you could trust, if you know the key from elsewhere:\n    {}",
        found.join("\n    ")
    ))
}
