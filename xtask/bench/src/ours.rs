//! Our own rows: the public functions that the command calls, from bytes to decision.

use std::num::NonZeroUsize;
use std::rc::Rc;

use data_encoding::HEXUPPER;
use ed25519_dalek_2::{Signer as _, VerifyingKey};
use greatseal_core::{Decision, View};
use greatseal_token::wascap::Verifier;
use greatseal_token::wascap::module::{ModuleFile, embed, strip};
use sha2::{Digest as _, Sha256};

use crate::failure::Failure;
use crate::material::{Realm, module_token, signing_key};
use crate::measure::{Subject, apart, together};

pub(crate) const ONE: NonZeroUsize = NonZeroUsize::MIN;
const TWO: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1);

/// Message of the baseline, in bytes.
const MESSAGE: usize = 500;

/// A hash that stands in tokens whose modules are not looked at.
pub(crate) const HASH: &str = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855";

/// Modules of the same account that are taken one after the other while the upper tokens stay.
const MODULES: usize = 16;

/// Makes `ed25519-dalek` `verify_strict` with a parsed key over 500 bytes: 1.00.
pub(crate) fn baseline() -> impl FnMut(u32) -> std::time::Duration {
    let key = signing_key("baseline");
    let parsed: VerifyingKey = key.verifying_key();
    let message = [0x5a; MESSAGE];
    let signature = key.sign(&message);
    together(move || parsed.verify_strict(&message, &signature))
}

/// What a decision is asked for.
#[derive(Clone)]
struct Question {
    view: Rc<View>,
    targets: Vec<Vec<u8>>,
    with: Vec<Vec<u8>>,
}

impl Question {
    fn tokens(&self) -> usize {
        self.targets.len() + self.with.len()
    }

    fn bytes(&self) -> usize {
        self.targets.iter().chain(&self.with).map(Vec::len).sum()
    }

    /// Reads token by token and decides.
    fn ask(&self, verifier: &mut Verifier) -> Vec<Decision> {
        let mut read = |tokens: &[Vec<u8>]| tokens.iter().filter_map(|token| verifier.read(token).ok()).collect();
        let (targets, with) = (read(&self.targets), read(&self.with));
        verifier.decide(targets, with, &self.view)
    }

    /// Reads all at once and decides.
    fn ask_all(&self, verifier: &mut Verifier) -> Vec<Decision> {
        let tokens: Vec<&[u8]> = self.targets.iter().chain(&self.with).map(Vec::as_slice).collect();
        let mut targets: Vec<_> = verifier.read_all(&tokens).into_iter().flatten().collect();
        let with = targets.split_off(self.targets.len().min(targets.len()));
        verifier.decide(targets, with, &self.view)
    }

    /// Makes sure that what is timed is an allow of everything.
    fn checked(self, name: &'static str) -> Result<Self, Failure> {
        let mut verifier = Verifier::new(ONE);
        // A second time out of the memory.
        for decisions in [self.ask(&mut verifier), self.ask_all(&mut Verifier::new(TWO)), self.ask(&mut verifier)] {
            let allowed = decisions.iter().filter(|decision| matches!(decision, Decision::Allow(_))).count();
            if allowed != self.targets.len() {
                return Err(Failure::Refused { name });
            }
        }
        Ok(self)
    }
}

/// Makes the rows of single tokens and chains.
pub(crate) fn chains() -> Result<Vec<Subject>, Failure> {
    let realm = Realm::new(1)?;
    let view = Rc::new(realm.view());
    let operator = realm.operator.clone();
    let token = Question { view: Rc::clone(&view), targets: vec![operator], with: Vec::new() };

    // Two signing keys, as after a rotation: no two signatures of a chain are by one key.
    let realm = Realm::new(2)?;
    let view = Rc::new(realm.view());
    let operator = realm.operator.clone();
    let older = realm.account("account", 0, 86_400)?;
    let account = realm.account("account", 1, 0)?;
    let modules: Vec<_> = (0..=MODULES)
        .map(|index| module_token("account", &format!("module {index}"), HASH))
        .collect::<Result<_, _>>()?;
    let chain = |with: &[&Vec<u8>], module: &Vec<u8>| Question {
        view: Rc::clone(&view),
        targets: vec![module.clone()],
        with: with.iter().map(|token| token.to_vec()).collect(),
    };
    let Some((first, others)) = modules.split_first() else {
        return Ok(Vec::new());
    };
    let three = chain(&[&operator, &account], first);
    let four = chain(&[&operator, &older, &account], first);
    let later: Vec<_> = others.iter().map(|module| chain(&[&operator, &account], module)).collect();

    let of_three = "operator, account, module";
    let of_four = "operator, account before and after a rotation, module";
    Ok(vec![
        cold("token-cold", "operator token", token)?,
        cold("chain-3-cold", of_three, three.clone())?,
        cold("chain-4-cold", of_four, four.clone())?,
        upper_warm("chain-upper-warm", three, later)?,
        warm("chain-4-warm", of_four, four)?,
    ])
}

fn cold(name: &'static str, what: &str, question: Question) -> Result<Subject, Failure> {
    let question = question.checked(name)?;
    let detail = format!("{what}: {} bytes", question.bytes());
    Ok(Subject::new(name, detail, apart(|| Verifier::new(ONE), move |verifier| question.ask(verifier)), baseline()))
}

fn warm(name: &'static str, what: &str, question: Question) -> Result<Subject, Failure> {
    let question = question.checked(name)?;
    let detail = format!("{what}: {} bytes, all remembered", question.bytes());
    let mut verifier = Verifier::new(ONE);
    question.ask(&mut verifier);
    Ok(Subject::new(name, detail, together(move || question.ask(&mut verifier)), baseline()))
}

/// Asks about one module after the other, none seen before, over remembered upper tokens.
fn upper_warm(name: &'static str, first: Question, later: Vec<Question>) -> Result<Subject, Failure> {
    let first = first.checked(name)?;
    let later: Vec<_> = later.into_iter().map(|question| question.checked(name)).collect::<Result<_, _>>()?;
    let bytes = later.first().and_then(|question| question.targets.first()).map_or(0, Vec::len);
    let detail = format!("module token of {bytes} bytes; operator and account remembered from another module");
    let prepare = move || {
        let mut verifier = Verifier::new(ONE);
        first.ask(&mut verifier);
        verifier
    };
    let count = later.len();
    let ask = move |verifier: &mut Verifier| later.iter().map(|question| question.ask(verifier)).collect::<Vec<_>>();
    Ok(Subject::new(name, detail, apart(prepare, ask), baseline()).per(count))
}

/// Makes the rows of large sets, on one core and on two.
pub(crate) fn bulk() -> Result<Vec<Subject>, Failure> {
    let mut subjects = Vec::new();
    for (one, two, accounts, signers) in [
        ("bulk-64-distinct", "bulk-64-distinct-two-cores", 63, 63),
        ("bulk-512-distinct", "bulk-512-distinct-two-cores", 511, 511),
        ("bulk-256-16-issuers", "bulk-256-16-issuers-two-cores", 255, 15),
    ] {
        let realm = Realm::new(signers)?;
        let targets = (0..accounts)
            .map(|index| realm.account(&format!("account {index}"), index % signers, 0))
            .collect::<Result<_, _>>()?;
        let with = vec![realm.operator.clone()];
        let question = Question { view: Rc::new(realm.view()), targets, with }.checked(one)?;
        let tokens = question.tokens();
        let detail = format!(
            "{accounts} accounts by {signers} signing keys and the operator: {tokens} tokens, {} issuers, {} bytes",
            signers + 1,
            question.bytes()
        );
        for (name, workers) in [(one, ONE), (two, TWO)] {
            let question = question.clone();
            let ask = move |verifier: &mut Verifier| question.ask_all(verifier);
            let subject = Subject::new(name, detail.clone(), apart(move || Verifier::new(workers), ask), baseline());
            subjects.push(subject.per(tokens));
        }
    }
    Ok(subjects)
}

/// Makes the row of a whole file, whose token and chain are remembered: its framing and its hash.
pub(crate) fn module() -> Result<Subject, Failure> {
    const NAME: &str = "module-verify";
    const FILE: &str =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/wascap/published/echo_messaging_v0.9.0.wasm");
    let published = std::fs::read(FILE).map_err(|source| Failure::File { path: FILE, source })?;

    // Its own signer is nobody's any more, so it is signed again, by a chain that speaks.
    let stripped = strip(&published)?;
    let token = module_token("account", "echo", &HEXUPPER.encode(&stripped.hash()))?;
    let file = embed(stripped, &String::from_utf8_lossy(&token))?;
    let realm = Realm::new(1)?;
    let view = realm.view();
    let above = [realm.operator.clone(), realm.account("account", 0, 0)?];
    let decide = move |verifier: &mut Verifier, file: &[u8]| {
        let with: Vec<_> = above.iter().filter_map(|token| verifier.read(token).ok()).collect();
        ModuleFile::read(file)
            .is_ok_and(|file| matches!(verifier.decide_module(&file, with, &view), Decision::Allow(_)))
    };

    let mut verifier = Verifier::new(ONE);
    if !decide(&mut verifier, &file) {
        return Err(Failure::Refused { name: NAME });
    }
    let detail = format!("echo_messaging 0.9.0 signed again, {} bytes, its chain remembered", file.len());
    let same = file.clone();
    let run = together(move || decide(&mut verifier, &file));
    Ok(Subject::new(NAME, detail, run, together(move || Sha256::digest(&same))))
}
