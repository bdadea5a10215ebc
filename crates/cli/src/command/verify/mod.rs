//! `greatseal verify`: is this token, module or provider archive to be believed?

mod answer;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;

use clap::Args;
use clap::ValueEnum;
use greatseal_core::code::Exit;
use greatseal_core::decide::{Candidate, Deny};
use greatseal_core::key::{Nkey, PublicKey, did};
use greatseal_core::{Code, Decision, Fault, Policy, StatementId, Timestamp, View};
use greatseal_token::wascap::archive::ArchiveFile;
use greatseal_token::wascap::module::ModuleFile;
use greatseal_token::wascap::{Claims, Verifier};

use answer::{Answer, Checked, Showing, names, realm_names};

use crate::anchors::Trust;
use crate::clock;
use crate::input::{Ignored, Input, Kind, Supplied};
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
    /// Tokens (text), WebAssembly modules or components, or provider archives; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Whom to trust: an operator's key (O…), an account's key (A…), or a token file to pin. Whom the trust store
    /// names, if absent.
    #[arg(long, value_name = "ANCHOR")]
    trust: Vec<String>,

    #[command(flatten)]
    store: InStore,

    /// Further tokens: files or folders, in any mixture.
    #[arg(long, value_name = "PATH")]
    with: Vec<PathBuf>,

    /// Revocations: files or folders.
    #[arg(long, value_name = "PATH")]
    revocation: Vec<PathBuf>,

    /// How strictly separation of keys is held.
    #[arg(long, value_enum, default_value_t = PolicyWord::Strict)]
    policy: PolicyWord,

    /// The instant to verify at: seconds since 1970, or RFC 3339. Now, if absent.
    #[arg(long, value_name = "TIME", value_parser = clock::parse)]
    at: Option<Timestamp>,

    /// Whom a UCAN has to be addressed to.
    #[arg(long, value_name = "DID")]
    audience: Option<String>,

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
    if verify.audience.is_some() {
        return Err(Problem::usage("--audience: tokens of this family are addressed to nobody")
            .hint("Leave it out; only UCANs have an audience."));
    }
    let now = match verify.at {
        Some(at) => at,
        None => clock::now()?,
    };
    let trust =
        if verify.trust.is_empty() { Trust::of_pins(verify.store.pins()?) } else { Trust::read(&verify.trust)? };
    let mut supplied = Supplied::read(&verify.with)?;
    ignore_revocations(&verify.revocation, &mut supplied)?;
    if trust.anchors.is_empty() {
        return Err(nobody_trusted(&verify.files, &supplied));
    }

    if verify.files.len() > 1 {
        supplied.add_tokens_of(&verify.files);
    }
    let mut session = Session::new(verify, now, trust, supplied);
    let mut exit = Exit::Ok;
    for (number, file) in verify.files.iter().enumerate() {
        // One at a time: there may be many, and a module may be large.
        let answer = match Input::read(file) {
            Ok(input) => session.answer(input),
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
        if number == 0 {
            for ignored in &answer.ignored {
                output::remark(&format!("ignored {}: {} [{}]", ignored.file, ignored.reason, ignored.code));
            }
        }
        output::answer(format, &answer, || answer.people(now, &session.names));
    }
    Ok(exit)
}

/// What all files of one call share.
struct Session<'a> {
    verify: &'a Verify,
    view: View,
    verifier: Verifier,
    trust: Trust,
    supplied: Supplied,
    names: Vec<(String, String)>,
}

impl<'a> Session<'a> {
    fn new(verify: &'a Verify, now: Timestamp, trust: Trust, supplied: Supplied) -> Self {
        let view = View::new(verify.policy.into(), trust.anchors.clone(), now);
        let workers = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self { verify, view, verifier: Verifier::new(workers), trust, supplied, names: realm_names() }
    }

    fn answer(&mut self, input: Input) -> Answer {
        // Read anew for each file: from the second on, what was verified is remembered.
        let (with, labels, mut ignored) = self.candidates();
        let mut showing = Showing { labels, names: names(&with), target: input.label() };
        let mut checked = Checked::Nothing;
        let Input { path, kind } = input;
        let (decision, target) = match kind {
            Kind::Neither(fault) => (deny(fault), None),
            Kind::Token(token) => match self.verifier.read(&token) {
                Ok(target) => {
                    showing.add(&target, &path);
                    let about = About::of(&target);
                    let decision = self.verifier.decide(vec![target], with, &self.view).pop();
                    (decision.unwrap_or_else(deny_nothing), Some(about))
                }
                Err(fault) => (deny(fault.into()), None),
            },
            Kind::Module(bytes) => match ModuleFile::read(&bytes) {
                Ok(file) => {
                    let target = file.token().and_then(|token| self.verifier.read(token).ok());
                    let about = target.as_ref().map(|target| {
                        showing.add(target, &path);
                        About::of(target)
                    });
                    let decision = self.verifier.decide_module(&file, with, &self.view);
                    if matches!(decision, Decision::Allow(_)) {
                        checked = Checked::Module;
                    }
                    (decision, about)
                }
                Err(fault) => (deny(fault.into()), None),
            },
            Kind::Archive(archive) => match ArchiveFile::open(archive) {
                Ok(file) => {
                    let about = self.verifier.read(file.token()).ok().map(|target| {
                        showing.add(&target, &path);
                        About::of(&target)
                    });
                    let decision = self.verifier.decide_archive(file, with, &self.view);
                    if matches!(decision, Decision::Allow(_)) {
                        checked = Checked::Archive;
                    }
                    (decision, about)
                }
                Err(fault) => (deny(fault.into()), None),
            },
        };
        ignored.extend(self.supplied.ignored.iter().cloned());
        let decision = self.about_whom(decision, target.as_ref());
        let (subject, entity) = target.map_or((None, None), |about| (Some(about.subject), about.nkey));
        Answer::of(
            &decision,
            self.view.policy(),
            &showing,
            subject.or_else(|| entity.map(|key| key.to_string())),
            checked,
            ignored,
        )
    }

    /// Holds `--subject`.
    fn about_whom(&self, decision: Decision, target: Option<&About>) -> Decision {
        let Some(wanted) = self.verify.subject else { return decision };
        match (&decision, target.and_then(|about| about.nkey)) {
            (Decision::Allow(_), Some(found)) if found.public_key() == wanted => decision,
            (Decision::Allow(_), found) => deny(
                greatseal_core::error::ChainFault::OtherSubject { found: found.map(|key| key.public_key()), wanted }
                    .into(),
            ),
            (Decision::Deny(_), _) => decision,
        }
    }

    fn candidates(&mut self) -> (Vec<Candidate<Claims>>, BTreeMap<StatementId, String>, Vec<Ignored>) {
        let mut labels = BTreeMap::new();
        let mut ignored = Vec::new();
        let texts: Vec<&[u8]> = self.supplied.tokens.iter().map(|(_, token)| token.as_slice()).collect();
        let mut with = Vec::with_capacity(texts.len());
        for (read, (path, _)) in self.verifier.read_all(&texts).into_iter().zip(&self.supplied.tokens) {
            match read {
                Ok(candidate) => {
                    labels.insert(candidate.id(), text::path(path));
                    with.push(candidate);
                }
                Err(fault) => ignored.push(Ignored::fault(path, &fault.into())),
            }
        }
        for (path, candidate) in &self.trust.pinned {
            labels.insert(candidate.id(), text::path(path));
            with.push(candidate.clone());
        }
        (with, labels, ignored)
    }
}

/// Whom a token is about, as it says itself.
struct About {
    subject: String,
    nkey: Option<Nkey>,
}

impl About {
    fn of(target: &Candidate<Claims>) -> Self {
        let entity = &target.content().entity;
        Self { subject: text::name(&entity.subject_text()), nkey: entity.subject() }
    }
}

fn deny(fault: Fault) -> Decision {
    Decision::Deny(Deny::because(fault))
}

fn deny_nothing() -> Decision {
    deny(greatseal_core::error::DecodeFault::Empty.into())
}

/// Reads revocations: none of the kinds that there will be is known yet, so none has an effect.
fn ignore_revocations(paths: &[PathBuf], supplied: &mut Supplied) -> Result<(), Problem> {
    let revocations = Supplied::read(paths)?;
    supplied.ignored.extend(revocations.ignored);
    for (path, _) in revocations.tokens {
        supplied.ignored.push(Ignored::new(&path, Code::NoRule, "no revocation of a known kind; it has no effect"));
    }
    Ok(())
}

/// Says whom one could trust: the operators and accounts among what was supplied.
fn nobody_trusted(files: &[PathBuf], supplied: &Supplied) -> Problem {
    let targets = files.iter().filter_map(|file| match Input::read(file).ok()?.kind {
        Kind::Token(token) => Some(token),
        Kind::Module(_) | Kind::Archive(_) | Kind::Neither(_) => None,
    });
    let tokens = supplied.tokens.iter().map(|(_, token)| token.clone());
    let mut found: Vec<String> = targets
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
