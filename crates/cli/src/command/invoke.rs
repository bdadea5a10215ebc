//! `greatseal invoke`: makes an invocation, with the delegations that it rests on.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use greatseal_core::code::Exit;
use greatseal_core::decide::{Candidate, Outcome};
use greatseal_core::deed::Deed;
use greatseal_core::error::DecodeFault;
use greatseal_core::issue::IssueFault;
use greatseal_core::key::{PublicKey, Spelled};
use greatseal_core::limits::NONCE_BYTES;
use greatseal_core::route::{Wanted, route};
use greatseal_core::statement::Statement;
use greatseal_core::supply::Supply;
use greatseal_core::view::Audience;
use greatseal_core::{Anchor, Code, Decision, Policy, Timestamp, View, command};
use greatseal_token::ucan::cbor::MapBuf;
use greatseal_token::ucan::{self, Invocation, Ucan};
use serde_json::json;

use super::container::Form;
use crate::capability::{Book, Who};
use crate::clock;
use crate::files;
use crate::input::Supplied;
use crate::order::Draft;
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::realm::{Realm, write_new};
use crate::sealed;
use crate::secrets::{Custody, InRealm};
use crate::text;

/// Makes an invocation of a command, finds the delegations it rests on, and packs them together.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal invoke /files/ingest --by upload --subject root --audience access --out call.container\n  greatseal invoke /files/ingest --by acme/upload --subject did:key:z6Mk… --args '{\"bucket\":\"public\"}' --with proofs/ --out call.container\n\nA service invokes by itself, with its running key; this is for people and scripts."
)]
pub(crate) struct Invoke {
    /// What is invoked, such as /files/read.
    #[arg(value_name = "COMMAND")]
    command: String,

    /// Who invokes: a name in this realm, or the DID of a key in custody.
    #[arg(long, value_name = "NAME|DID")]
    by: String,

    /// Whose capability it is: the root, as a name in this realm or a DID.
    #[arg(long, value_name = "NAME|DID")]
    subject: String,

    /// Who is to execute it [default: the subject]
    #[arg(long, value_name = "NAME|DID")]
    audience: Option<String>,

    /// The arguments, as a JSON object, or a file of one.
    #[arg(long, value_name = "JSON|FILE", default_value = "{}")]
    args: String,

    /// Further delegations: files or folders. Those of the realm are looked through by themselves.
    #[arg(long, value_name = "PATH")]
    with: Vec<PathBuf>,

    /// For how many minutes it speaks.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=10_080))]
    minutes: u32,

    /// Where to write it, with its proofs.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// How it is written.
    #[arg(long, value_enum, default_value_t = Form::Base64url, value_name = "FORM")]
    form: Form,

    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

pub(crate) fn run(invoke: &Invoke, format: Format) -> Result<Exit, Problem> {
    let now = clock::now()?;
    let realm = match Realm::open(invoke.realm.start()) {
        Ok(realm) => Some(realm),
        Err(problem) if invoke.realm.is_named() => return Err(problem),
        Err(_) => None,
    };
    let book = realm.as_ref().map(|realm| Book::read(realm, now)).transpose()?;
    let who = realm.as_ref().zip(book.as_ref()).map(|(realm, book)| Who::of(realm, book));
    let key = |text: &str| principal(who.as_ref(), text);
    let (by, subject) = (key(&invoke.by)?, key(&invoke.subject)?);
    let audience = invoke.audience.as_deref().map(key).transpose()?;
    let command = command::Command::parse(&invoke.command)
        .map_err(|fault| Problem::new(Code::UcanCommandSyntax, fault.to_string()))?;
    let args = arguments(&invoke.args)?;

    let view = View::new(Policy::Strict, vec![Anchor::Root(subject)], now).addressed_to(Audience::Unchecked);
    let mut hand = Hand::read(invoke, realm.as_ref(), view)?;
    let proofs = hand.way(&Wanted { holder: by, subject, command: &command }).ok_or_else(|| {
        Problem::new(Code::UcanNoProof, format!("nothing at hand lets {} invoke {command} of {subject}", invoke.by))
            .hint("`greatseal delegation list` shows who holds what; add delegations with `--with PATH`.")
    })?;
    let names = proofs.iter().filter_map(|proof| proof.candidate.content().aliases());
    let cids: Vec<_> = names.map(|aliases| aliases.cid).collect();

    let nonce = sealed::nonce::<NONCE_BYTES>()?;
    let ends = now.plus(u64::from(invoke.minutes).saturating_mul(60));
    let mut invocation = Invocation::new(by, subject, command, args, &cids, &nonce, Some(ends));
    if let Some(audience) = audience {
        invocation = invocation.to(audience);
    }
    let unsigned = ucan::encode(&Ucan::Invocation(invocation))?;
    let draft = Draft::from(unsigned);
    draft.must_be_fit()?;
    let ring = invoke.custody.ring()?;
    let signature = ring.sign(draft.request())?;
    let finished = draft.finish(&signature, &hand.view)?;
    let token = finished.ucan().map(|token| token.bytes().to_vec()).ok_or(IssueFault::Kind)?;

    let mut tokens: Vec<Vec<u8>> = proofs.iter().map(|proof| proof.bytes.clone()).collect();
    hand.must_speak(&token, proofs)?;
    tokens.push(token.clone());
    write_new(&invoke.out, &invoke.form.write(&tokens)?)?;
    answer(invoke, &token, tokens.len() - 1, ends, format)
}

fn answer(invoke: &Invoke, token: &[u8], proofs: usize, ends: Timestamp, format: Format) -> Result<Exit, Problem> {
    let decoded = ucan::decode(token).map_err(|fault| Problem::new(fault.code(), fault.to_string()))?;
    let content = decoded.content();
    let cid = content.aliases().map(|aliases| aliases.cid.to_string());
    let object = json!({
        "file": invoke.out.display().to_string(),
        "cid": cid,
        "id": decoded.id().to_string(),
        "issuer": content.issuer().to_string(),
        "audience": content.audience().to_string(),
        "subject": content.subject().map(|subject| subject.to_string()),
        "command": content.command().as_str(),
        "proofs": proofs,
        "expires": ends.as_secs(),
    });
    output::answer(format, &object, || {
        format!(
            "{} invokes {}, with {}, until {}\n  written to  {}\n  Whoever executes it checks it:\n    greatseal verify {} --trust {} --audience {}\n",
            invoke.by,
            content.command(),
            text::count(proofs, "delegation"),
            clock::show(ends),
            text::path(&invoke.out),
            text::path(&invoke.out),
            content.subject().map(|subject| subject.to_string()).unwrap_or_default(),
            content.audience(),
        )
    });
    Ok(Exit::Ok)
}

/// Finds whom a word means: a DID, an nkey, or a name in the realm.
fn principal(who: Option<&Who<'_>>, text: &str) -> Result<PublicKey, Problem> {
    let Some(who) = who else {
        return Spelled::parse(text).map(|key| key.public_key()).map_err(|fault| {
            Problem::new(fault.code(), format!("{}: {fault}", text::name(text)))
                .hint("Write a DID, or name the realm that has the name: `--realm FOLDER`.")
        });
    };
    who.find(text)
}

fn arguments(text: &str) -> Result<MapBuf, Problem> {
    let read;
    let json = if text.trim_start().starts_with('{') {
        text
    } else {
        let bytes = files::read(std::path::Path::new(text), greatseal_core::limits::UCAN_BYTES as u64)?;
        read = String::from_utf8(bytes).map_err(|_| Problem::usage(format!("--args {text}: it is no UTF-8 text")))?;
        &read
    };
    let value: serde_json::Value =
        serde_json::from_str(json).map_err(|error| Problem::usage(format!("--args: no JSON object: {error}")))?;
    MapBuf::from_json(&value).map_err(|fault| Problem::new(fault.code(), format!("--args: {fault}")))
}

/// A delegation at hand.
#[derive(Clone)]
struct Held {
    bytes: Vec<u8>,
    candidate: Candidate<Ucan>,
}

/// What is at hand: delegations, and what takes something back.
struct Hand {
    view: View,
    verifier: ucan::Verifier,
    delegations: Vec<Held>,
    revocations: Vec<Candidate<Ucan>>,
    deeds: Vec<Candidate<Deed>>,
}

impl Hand {
    /// Collects it from what was named and from the realm.
    fn read(invoke: &Invoke, realm: Option<&Realm>, view: View) -> Result<Self, Problem> {
        let mut paths = invoke.with.clone();
        let folder = realm.map(|realm| realm.folder().join("delegations"));
        paths.extend(folder.filter(|folder| folder.is_dir()));
        let revoked = realm.map(|realm| realm.folder().join("revocations")).filter(|folder| folder.is_dir());
        let supplied = Supplied::read(&paths, revoked.as_slice())?;
        let mut verifier = ucan::Verifier::new(NonZeroUsize::MIN);
        let (mut delegations, mut revocations) = (Vec::new(), Vec::new());
        for (_, bytes) in supplied.ucans {
            // What cannot be read leads nowhere.
            let Ok(candidate) = verifier.read(&bytes) else { continue };
            if candidate.content().delegation().is_some() {
                delegations.push(Held { bytes, candidate });
            } else {
                revocations.push(candidate);
            }
        }
        let deeds = supplied.deeds.iter().filter_map(|(_, text)| verifier.read_deed(text).ok()).collect();
        Ok(Self { view, verifier, delegations, revocations, deeds })
    }

    /// Finds the way to a holder over delegations of which each holds now, root first.
    fn way(&mut self, wanted: &Wanted<'_>) -> Option<Vec<Held>> {
        let targets = self.delegations.iter().map(|held| held.candidate.clone()).collect();
        let decisions = self.judge(targets, Vec::new()).decisions;
        let held = self.delegations.iter().enumerate().zip(decisions);
        let grants: Vec<_> = held
            .filter(|(_, decision)| matches!(decision, Decision::Allow(_)))
            .filter_map(|((at, held), _)| Some((at, held.candidate.content().grant().delegation()?)))
            .collect();
        let way = route(&grants, wanted)?;
        Some(way.into_iter().filter_map(|at| self.delegations.get(at).cloned()).collect())
    }

    /// Checks with everybody's eyes that what was made would be accepted.
    fn must_speak(&mut self, token: &[u8], proofs: Vec<Held>) -> Result<(), Problem> {
        let fault = |fault: DecodeFault| Problem::new(fault.code(), fault.to_string());
        let target = self.verifier.read(token).map_err(fault)?;
        let proofs = proofs.into_iter().map(|proof| proof.candidate).collect();
        match self.judge(vec![target], proofs).into_decision() {
            Decision::Allow(_) => Ok(()),
            Decision::Deny(deny) => {
                let fault = &deny.closest().fault;
                Err(Problem::new(fault.code(), format!("nobody would execute this: {fault}")))
            }
        }
    }

    /// Decides about tokens, with everything that takes something back.
    fn judge(&mut self, targets: Vec<Candidate<Ucan>>, mut with: Vec<Candidate<Ucan>>) -> Outcome {
        with.extend(self.revocations.iter().cloned());
        let supply = Supply::heap(with).with_deeds(self.deeds.iter().cloned());
        self.verifier.judge(targets, supply, &self.view)
    }
}
