//! `greatseal request sign`: where the keys are, without a realm and without a network.

use std::io::{self, BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use clap::Args;
use greatseal_core::Code;
use greatseal_core::code::Exit;
use greatseal_core::key::PublicKey;
use greatseal_custody::SignedStatement;
use serde_json::json;

use crate::clock;
use crate::desk::Keyring;
use crate::files;
use crate::order::{Answer, Answered, Order, Sheet};
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::realm::write_new;
use crate::secrets::Custody;
use crate::text;

/// Signs what was brought, with the keys that are in custody here.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal request sign operator.json account-payments.json\n  greatseal request sign operator.json --words \"abandon ability able …\"\n\nNeeds the files and the keys, no realm and no network. Shows what each request says, as the difference from what the key signed before, asks once, and writes NAME.answer.json beside each."
)]
pub(crate) struct Sign {
    /// Request files.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// The words that the other side read out; once for each request, in any order.
    #[arg(long, value_name = "WORDS", conflicts_with = "yes")]
    words: Vec<String>,

    /// Sign without asking.
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    custody: Custody,
}

/// A request under the pen.
struct Brought {
    path: PathBuf,
    answer: PathBuf,
    order: Order,
    sheet: Sheet,
}

pub(super) fn run(sign: &Sign, format: Format) -> Result<Exit, Problem> {
    let ring = sign.custody.ring()?;
    let brought = sign.files.iter().map(|path| Brought::read(path, &ring)).collect::<Result<Vec<_>, _>>()?;
    for brought in &brought {
        output::remark(&brought.sheet.text);
    }
    confirm(sign, &brought)?;
    // All are signed before any answer is written.
    let mut answers = Vec::new();
    for brought in &brought {
        answers.push((brought, brought.sign(&ring)?));
    }
    let mut objects = Vec::new();
    let mut lines = String::new();
    for (brought, signatures) in &answers {
        brought.write(signatures)?;
        objects.push(json!({
            "file": text::path(&brought.path),
            "answer": text::path(&brought.answer),
            "request": brought.order.digest().to_string(),
            "words": brought.order.digest().words(),
            "signed": signatures.len(),
            "missing": brought.order.missing().len().saturating_sub(keys(signatures)),
            "statements": brought.sheet.object.get("statements"),
        }));
        let count = signatures.len();
        lines += &format!(
            "signed {count} statement{} of {}\n  answer  {}\n",
            if count == 1 { "" } else { "s" },
            text::path(&brought.path),
            text::path(&brought.answer)
        );
    }
    output::answer(format, &json!({ "answers": objects }), || {
        lines + "  Bring it back, and there: greatseal request receive FILE...\n"
    });
    Ok(Exit::Ok)
}

/// Counts the keys that signed.
fn keys(signatures: &[Answered]) -> usize {
    let mut keys: Vec<&PublicKey> = signatures.iter().map(|answered| &answered.signer).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.len()
}

impl Brought {
    /// Reads a request and draws it up; refuses what nobody here could or should sign.
    fn read(path: &Path, ring: &Keyring) -> Result<Self, Problem> {
        let order = Order::read(path, None)?;
        let within = |problem: Problem| problem.within(&text::path(path));
        order.must_be_timely(clock::now()?).map_err(within)?;
        let missing = order.missing();
        if missing.is_empty() {
            return Err(within(Problem::new(Code::RequestComplete, "it has every signature already")));
        }
        let mut at_hand = false;
        for key in &missing {
            at_hand |= ring.has(key)?;
        }
        if !at_hand {
            let keys: Vec<String> = missing.iter().map(ToString::to_string).collect();
            let fault = format!("custody here has none of the keys that it asks for: {}", keys.join(", "));
            return Err(within(Problem::new(Code::CustodyMissing, fault))
                .hint("Carry it to where one of these keys is kept, or name the folder with `--keys FOLDER`."));
        }
        let names = |key: &PublicKey| Some(ring.name_of(key).ok()??.to_string());
        let sheet = Sheet::of(&order, path, &names, Some(&ring.store)).map_err(within)?;
        Ok(Self { path: path.into(), answer: Answer::path_for(path), order, sheet })
    }

    /// Has custody sign what it can, and notes what was signed for the next time.
    fn sign(&self, ring: &Keyring) -> Result<Vec<Answered>, Problem> {
        let mut signatures = Vec::new();
        for item in self.order.items.iter().filter(|item| item.signature.is_none()) {
            let request = item.draft.request();
            if !ring.has(request.signer())? {
                continue;
            }
            let signature = ring.sign(request)?;
            // Before the answer leaves this machine: what may be out there is remembered.
            let statement = SignedStatement { message: request.message().to_vec(), signature };
            ring.store.remember(request.signer(), &item.draft.about(), &statement)?;
            signatures.push(Answered { statement: request.id().to_string(), signer: *request.signer(), signature });
        }
        Ok(signatures)
    }

    /// Writes the answer; one that says the same may be there already.
    fn write(&self, signatures: &[Answered]) -> Result<(), Problem> {
        let bytes = Answer::to_bytes(self.order.digest(), signatures)?;
        match write_new(&self.answer, &bytes) {
            Err(problem) if problem.code() == Code::RealmExists => {
                let limit = greatseal_core::limits::REQUEST_BYTES;
                if files::read(&self.answer, limit).is_ok_and(|found| found == bytes) {
                    return Ok(());
                }
                Err(problem.hint("Move the older answer away, and sign again: it gives the same signatures."))
            }
            written => written,
        }
    }
}

/// Has a person confirm all that was shown: by words, by a flag, or at the terminal.
fn confirm(sign: &Sign, brought: &[Brought]) -> Result<(), Problem> {
    if sign.yes {
        return Ok(());
    }
    if !sign.words.is_empty() {
        for Brought { path, order, .. } in brought {
            if !sign.words.iter().any(|heard| order.digest().sounds_like(heard)) {
                let fault = "none of the words given are those of this request";
                return Err(Problem::new(Code::RequestWords, fault).within(&text::path(path)));
            }
        }
        return Ok(());
    }
    let refused = || Problem::new(Code::RequestUnconfirmed, "nobody confirmed what is to be signed");
    if !io::stdin().is_terminal() {
        return Err(refused());
    }
    output::remark("Do the words agree with those on the other machine, and is this what you want to sign?");
    output::remark("Type yes to sign all of it:");
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(|_| refused())?;
    if line.trim() == "yes" { Ok(()) } else { Err(refused()) }
}
