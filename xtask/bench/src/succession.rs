//! What succession costs: tokens that are followed, and revocations that concern nobody.

use std::rc::Rc;

use greatseal_core::supply::Supply;
use greatseal_core::{Decision, View};
use greatseal_token::wascap::Verifier;

use crate::failure::Failure;
use crate::line::{Line, strangers};
use crate::measure::{Subject, apart, together};
use crate::ours::{HASH, ONE, baseline};

/// Revocations by strangers.
const IRRELEVANT: usize = 1000;

/// One module, and everything that is supplied beside it.
#[derive(Clone)]
struct Question {
    view: Rc<View>,
    module: Vec<u8>,
    with: Vec<Vec<u8>>,
    deeds: Vec<Vec<u8>>,
}

impl Question {
    fn new(line: &Line) -> Result<Self, Failure> {
        let view = Rc::new(line.view()?);
        Ok(Self { view, module: line.module.clone(), with: line.with(), deeds: line.deeds.clone() })
    }

    fn bytes(&self) -> usize {
        self.module.len() + self.with.iter().chain(&self.deeds).map(Vec::len).sum::<usize>()
    }

    /// Reads one after the other and decides.
    fn ask(&self, verifier: &mut Verifier) -> Vec<Decision> {
        let with = self.with.iter().filter_map(|token| verifier.read(token).ok()).collect();
        let deeds: Vec<_> = self.deeds.iter().filter_map(|deed| verifier.read_deed(deed).ok()).collect();
        let targets = verifier.read(&self.module).into_iter().collect();
        verifier.decide(targets, Supply::heap(with).with_deeds(deeds), &self.view)
    }

    /// Makes sure that what is timed is an allow, and needs its deeds.
    fn checked(self, name: &'static str) -> Result<Self, Failure> {
        let allowed = |decisions: Vec<Decision>| matches!(decisions.as_slice(), [Decision::Allow(_)]);
        let mut verifier = Verifier::new(ONE);
        let bare = Self { deeds: Vec::new(), ..self.clone() };
        if allowed(self.ask(&mut verifier)) && allowed(self.ask(&mut verifier)) && !allowed(bare.ask(&mut verifier)) {
            Ok(self)
        } else {
            Err(Failure::Refused { name })
        }
    }
}

/// Makes the rows.
pub(crate) fn rows() -> Result<Vec<Subject>, Failure> {
    let mut subjects = Vec::new();
    for (cold, warm, successors) in
        [("followed-1-cold", "followed-1-warm", 1), ("followed-3-cold", "followed-3-warm", 3)]
    {
        let line = Line::new(successors, HASH)?;
        let question = Question::new(&line)?.checked(cold)?;
        let detail = format!(
            "chain of three below a pinned token with {successors} successors: {} tokens, {} deeds, {} bytes",
            question.with.len() + 1,
            question.deeds.len(),
            question.bytes()
        );
        let again = question.clone();
        let ask = move |verifier: &mut Verifier| question.ask(verifier);
        subjects.push(Subject::new(cold, detail.clone(), apart(|| Verifier::new(ONE), ask), baseline()));
        let mut verifier = Verifier::new(ONE);
        again.ask(&mut verifier);
        let detail = format!("{detail}, all remembered");
        subjects.push(Subject::new(warm, detail, together(move || again.ask(&mut verifier)), baseline()));
    }
    subjects.extend(irrelevant()?);
    Ok(subjects)
}

/// The same decision with a thousand revocations that concern nobody in it.
///
/// Beside the sum it is compared with what cannot be helped: the decision without them, and reading them.
fn irrelevant() -> Result<[Subject; 2], Failure> {
    const SUM: &str = "irrelevant-1000-cold";
    const SHARE: &str = "irrelevant-1000-beyond-reading";
    let question = Question::new(&Line::new(1, HASH)?)?.checked(SUM)?;
    let beside = strangers(IRRELEVANT)?;
    let mut flooded = question.clone();
    flooded.deeds.extend(beside.iter().cloned());
    let flooded = flooded.checked(SUM)?;
    let bytes: usize = beside.iter().map(Vec::len).sum();
    let detail = format!("followed-1-cold beside {IRRELEVANT} revocations by strangers, {bytes} bytes");

    let ask = |question: Question| apart(|| Verifier::new(ONE), move |verifier: &mut Verifier| question.ask(verifier));
    let without = move |verifier: &mut Verifier| {
        let read: Vec<_> = beside.iter().filter_map(|deed| verifier.read_deed(deed).ok()).collect();
        (read, question.ask(verifier))
    };
    Ok([
        Subject::new(SUM, detail.clone(), ask(flooded.clone()), baseline()),
        Subject::new(SHARE, detail, ask(flooded), apart(|| Verifier::new(ONE), without)),
    ])
}
