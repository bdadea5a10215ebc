//! `greatseal trust`: whom one trusts, in one's own configuration.

mod memory;

use std::io::{BufRead, IsTerminal};

use clap::{Args, Subcommand};
use greatseal_core::code::Exit;
use greatseal_core::decide::Candidate;
use greatseal_core::key::Nkey;
use greatseal_core::{Anchor, Code, Decision, Decoded, Policy, Timestamp, View};
use greatseal_token::wascap::{Claims, Verifier};
use serde_json::{Value, json};

use crate::anchors::Trust;
use crate::clock;
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::realm::Name;
use crate::table::table;
use crate::text;
use crate::trust::{InStore, NewPin, Pin, Standing, TrustStore, role_word, statement};

/// Remembers whom you trust, where no realm's folder can change it.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Add(Add),
    List(List),
    Show(Show),
    Remove(Remove),
}

/// Pins an operator's or account's token, or trusts a bare key.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal trust add acme operator.jwt\n  greatseal trust add acme operator.jwt --yes\n  greatseal trust add partner ADW7…YORW --yes\n\nCompare what it shows with a source you trust: whoever gave you the file could have given you another. A pinned token holds even when its identity key is stolen; a bare key does not."
)]
pub(crate) struct Add {
    /// A name of your own for it.
    name: String,
    /// The file of an operator's or account's token, or a key (O…, A…).
    #[arg(value_name = "FILE|KEY")]
    what: String,
    /// Do not ask: what is shown has been compared already.
    #[arg(long)]
    yes: bool,
    /// Pin a newer token in the place of the older one of its line; the pin's name once more.
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
    #[command(flatten)]
    store: InStore,
}

/// Lists whom you trust.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    store: InStore,
}

/// Shows one pin in full.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The pin's name.
    name: String,
    #[command(flatten)]
    store: InStore,
}

/// Stops trusting: removes a pin.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  greatseal trust remove acme --confirm acme\n\nThe pin goes with all that was followed from it, so that pinning an older token again would go back."
)]
pub(crate) struct Remove {
    /// The pin's name.
    name: String,
    /// The same name once more: this cannot be undone.
    #[arg(long, value_name = "NAME")]
    confirm: String,
    #[command(flatten)]
    store: InStore,
}

pub(crate) fn run(command: &Command, format: Format) -> Result<Exit, Problem> {
    match command {
        Command::Add(add) => pin(add, format),
        Command::List(list) => list_all(list, format),
        Command::Show(show) => show_one(show, format),
        Command::Remove(remove) => take_out(remove, format),
    }
}

fn pin(add: &Add, format: Format) -> Result<Exit, Problem> {
    let name = Name::parse(&add.name)?;
    let now = clock::now()?;
    let store = add.store.store()?;
    let (new, shown, token) = read(&add.what, now)?;
    // Early, so that nobody compares keys for nothing; adding looks once more.
    let replaces = replaces(&store, &name, token.as_ref(), add.confirm.as_deref())?;
    if !replaces {
        store.admit(&name, &new.key_of())?;
    }
    confirm(add.yes, &shown)?;
    let pin = if replaces { store.replace(&name, &new)? } else { store.add(&name, &new)? };
    output::answer(format, &object(&pin), || {
        format!("pinned {name}\n{}  Now `greatseal verify FILE` trusts it without `--trust`.\n", people(&pin))
    });
    Ok(Exit::Ok)
}

/// Says whether a token takes the place of an older one of its line, which has to be confirmed.
fn replaces(
    store: &TrustStore,
    name: &Name,
    token: Option<&Decoded<Claims>>,
    confirm: Option<&str>,
) -> Result<bool, Problem> {
    let line = match token {
        Some(token) => store.line_of(token)?,
        None => None,
    };
    match (line, confirm) {
        (None, None) => Ok(false),
        (None, Some(_)) => Err(Problem::usage("--confirm: no pin has an older token of the same line")
            .hint("Leave it out; `greatseal trust list` shows what is pinned.")),
        (Some((pin, Standing::Newer)), Some(confirm)) if confirm == pin.name().as_str() && name == pin.name() => {
            Ok(true)
        }
        (Some((pin, Standing::Newer)), _) => {
            let pin = pin.name();
            let fault = format!("this token says that it follows the one pinned as {pin}");
            Err(Problem::new(Code::TrustTaken, fault).hint(format!(
                "Usually there is nothing to do: given its endorsements by `--with`, `greatseal verify` follows it by itself and remembers. To pin it in that one's place, compare it with a source you trust and add `--confirm {pin}`: greatseal trust add {pin} FILE --confirm {pin}"
            )))
        }
        (Some((pin, Standing::Older)), _) => {
            let fault = format!("this token is older than the one of its line that is pinned as {}", pin.name());
            Err(Problem::new(Code::TrustTaken, fault).hint("Nothing was changed: trust does not go back."))
        }
    }
}

/// Reads what is to be pinned, and says what it is.
fn read(word: &str, now: Timestamp) -> Result<(NewPin, String, Option<Decoded<Claims>>), Problem> {
    let mut trust = Trust::read_for(core::slice::from_ref(&word.to_owned()), "trust add")?;
    let Some(anchor) = trust.anchors.pop() else { return Err(Problem::usage("trust add: nothing to pin")) };
    let Some((path, candidate)) = trust.pinned.pop() else {
        let new = NewPin::key(anchor, now)?;
        let shown = format!("  key        {}\n{}", new.key_of(), weaker(&anchor));
        return Ok((new, shown, None));
    };
    let Candidate::Decoded(token) = candidate else {
        return Err(Problem::usage(format!("{} cannot be pinned", text::path(&path))));
    };
    must_speak(&anchor, Candidate::Decoded(token.clone()), now)?;
    let shown = lines(&anchor, Some(token.content()));
    Ok((NewPin::token(anchor, token.received(), now)?, shown, Some(token)))
}

/// Refuses a token that nobody would believe, whoever trusts it.
fn must_speak(anchor: &Anchor, token: Candidate<Claims>, now: Timestamp) -> Result<(), Problem> {
    // How strictly separation is held is for each verification to say.
    let view = View::new(Policy::Relaxed, vec![*anchor], now);
    match Verifier::new(core::num::NonZeroUsize::MIN).decide(vec![token], Vec::new(), &view).pop() {
        Some(Decision::Allow(_)) => Ok(()),
        Some(Decision::Deny(deny)) => {
            let fault = &deny.closest().fault;
            Err(Problem::new(fault.code(), format!("this token cannot be pinned: {}", text::sentence(fault))))
        }
        None => Err(Problem::new(Code::NoRule, "this token cannot be pinned")),
    }
}

/// Has a person look at what is to be trusted.
fn confirm(yes: bool, shown: &str) -> Result<(), Problem> {
    output::remark(&format!("about to trust\n{}", shown.trim_end()));
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Problem::new(Code::TrustUnconfirmed, "nothing was pinned: there is no terminal to ask at"));
    }
    output::remark("Is that what a source you trust says? Type yes:");
    let mut answer = String::new();
    let mut line = std::io::Read::take(std::io::stdin().lock(), 64);
    line.read_line(&mut answer).map_err(|error| Problem::new(Code::Io, format!("cannot read the answer: {error}")))?;
    if answer.trim() == "yes" {
        Ok(())
    } else {
        Err(Problem::new(Code::TrustUnconfirmed, "nothing was pinned: the answer was not yes"))
    }
}

const WEAKER: &str = "anchored by key, which is weaker: whoever steals this key speaks. Pin its token where you can.";

/// Tells what trust in a bare key costs; a root of UCANs has nothing else to trust.
fn weaker(anchor: &Anchor) -> String {
    anchor.root().map_or_else(|| format!("  {WEAKER}\n"), |_| String::new())
}

fn lines(anchor: &Anchor, claims: Option<&Claims>) -> String {
    let key = anchor.subject().map(|key| key.to_string()).unwrap_or_default();
    let title = claims.and_then(|claims| claims.entity.name()).map(text::name).unwrap_or_default();
    let mut lines = format!("  {:<9}  {title}\n  key        {key}\n", role_word(anchor));
    if let Some(statement) = statement(anchor) {
        lines += &format!("  statement  {statement}\n");
    }
    if let Some(claims) = claims {
        lines += &format!("  speaks     {}\n", clock::show_expiry(claims.terms.validity.expires));
        for signer in claims.entity.signers() {
            lines += &format!("  lists      {signer}\n");
        }
    }
    lines
}

fn people(pin: &Pin) -> String {
    let mut text = lines(pin.anchor(), pin.token().map(|(_, token)| token.content()));
    text += &memory::people(pin);
    if pin.token().is_none() {
        text += &weaker(pin.anchor());
    }
    text
}

fn object(pin: &Pin) -> Value {
    let claims = pin.token().map(|(_, token)| token.content());
    let signers: Option<Vec<String>> =
        claims.map(|claims| claims.entity.signers().iter().map(Nkey::to_string).collect());
    json!({
        "name": pin.name().as_str(),
        "role": role_word(pin.anchor()),
        "key": pin.key().to_string(),
        "anchored": pin.anchor().anchored().word(),
        "statement": statement(pin.anchor()),
        "title": claims.and_then(|claims| claims.entity.name()).map(text::name),
        "signing_keys": signers,
        "expires": claims.and_then(|claims| claims.terms.validity.expires).map(|at| at.as_secs()),
        "followed": memory::path(pin).len(),
        "path": memory::path(pin),
        "revocations": memory::revocations(pin),
        "since": pin.since().as_secs(),
    })
}

fn list_all(list: &List, format: Format) -> Result<Exit, Problem> {
    let store = list.store.store()?;
    let pins = store.pins()?;
    let objects: Vec<Value> = pins.iter().map(object).collect();
    let answer = json!({ "folder": store.folder().display().to_string(), "pins": objects });
    output::answer(format, &answer, || {
        let rows = pins.iter().map(|pin| {
            let anchored = pin.anchor().anchored().word().to_owned();
            let title = pin.token().and_then(|(_, token)| token.content().entity.name()).map(text::name);
            let role = role_word(pin.anchor()).to_owned();
            [
                pin.name().to_string(),
                role,
                pin.key().short(),
                anchored,
                title.unwrap_or_default(),
                clock::day(pin.since()),
            ]
        });
        table(
            ["name", "role", "key", "anchored by", "title", "since"],
            rows.collect(),
            "you trust nobody yet: `greatseal trust add NAME FILE` pins an operator's token",
        )
    });
    Ok(Exit::Ok)
}

fn show_one(show: &Show, format: Format) -> Result<Exit, Problem> {
    let pin = show.store.store()?.pin(&Name::parse(&show.name)?)?;
    output::answer(format, &object(&pin), || {
        format!("{}\n{}  since      {}\n", pin.name(), people(&pin), clock::show(pin.since()))
    });
    Ok(Exit::Ok)
}

fn take_out(remove: &Remove, format: Format) -> Result<Exit, Problem> {
    let name = Name::parse(&remove.name)?;
    if remove.confirm != remove.name {
        return Err(Problem::usage(format!("--confirm {}: this is not the pin's name", text::name(&remove.confirm)))
            .hint(format!("Nothing was removed. To stop trusting it: `--confirm {name}`.")));
    }
    remove.store.store()?.remove(&name)?;
    output::answer(format, &json!({ "removed": name.as_str() }), || {
        format!("removed {name}: it is no longer trusted\n")
    });
    Ok(Exit::Ok)
}
