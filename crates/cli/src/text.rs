//! Foreign text made fit for a terminal.

use std::path::Path;

use greatseal_core::Fault;
use greatseal_core::error::{ChainFault, Quoted, TimeFault};
use greatseal_core::graph::Ineffective;
use greatseal_core::succession::SuccessionFault;

use crate::clock;

/// Bounds a name that somebody else chose and takes the control characters out of it.
pub(crate) fn name(text: &str) -> String {
    Quoted::sentence(text).to_string()
}

/// Names a file on one line, whatever it is called.
pub(crate) fn path(path: &Path) -> String {
    fit(&path.display().to_string()).replace('\n', "\\n")
}

/// Takes out of a text what would steer a terminal, and private seeds; line breaks stay.
pub(crate) fn fit(text: &str) -> String {
    let in_seed = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    let mut fit = String::with_capacity(text.len());
    for piece in text.split_inclusive(|c| !in_seed(c)) {
        let run = piece.trim_end_matches(|c| !in_seed(c));
        let seed = run.len() == SEED_CHARS && run.starts_with('S');
        fit.push_str(if seed { "(a private seed, not repeated)" } else { run });
        for c in piece.strip_prefix(run).unwrap_or_default().chars() {
            if steers(c) { fit.extend(c.escape_unicode()) } else { fit.push(c) }
        }
    }
    fit
}

/// Controls, and what turns the direction of writing.
fn steers(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Characters of an nkey seed.
const SEED_CHARS: usize = 58;

/// Counts things: `1 token`, `2 tokens`.
pub(crate) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Shortens the hexadecimal digits of a digest to those that stand in names of files.
pub(crate) fn short_digest(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// Shortens every DID of a key in a text for people: enough to recognise, never to compare.
pub(crate) fn short_dids(text: &str) -> String {
    const START: &str = "did:key:z";
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(START) {
        let (before, did) = rest.split_at(at);
        let end = did.find(|c: char| !(c.is_ascii_alphanumeric() || c == ':')).unwrap_or(did.len());
        let (did, after) = did.split_at(end);
        told += before;
        told += &greatseal_core::key::did::parse(did).map_or_else(|_| did.to_owned(), |key| key.short());
        rest = after;
    }
    told + rest
}

/// Begins a sentence with a capital letter.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Says what is wrong, with instants as people read them.
pub(crate) fn sentence(fault: &Fault) -> String {
    match fault {
        Fault::Time(TimeFault::Expired { expired, now }) => {
            format!("it expired at {}, and now is {}", clock::show(*expired), clock::show(*now))
        }
        Fault::Time(TimeFault::Early { from, now }) => {
            format!("it does not speak before {}, and now is {}", clock::show(*from), clock::show(*now))
        }
        Fault::Time(TimeFault::IssuedAhead { issued_at, now }) => {
            format!("it says it was issued at {}, and now is {}", clock::show(*issued_at), clock::show(*now))
        }
        Fault::Chain(ChainFault::Superseded { subject, newer, newer_issued_at }) => {
            let at = clock::show(*newer_issued_at);
            format!("{subject} has a newer token, issued at {at}: {newer}")
        }
        Fault::Chain(ChainFault::NoRule { what: what @ ("endorsement" | "countersignature" | "revocation") }) => {
            let (article, about) = match *what {
                "endorsement" => ("an", "supports an operator token"),
                "countersignature" => ("a", "agrees to an account's listing or a module"),
                _ => ("a", "takes something back"),
            };
            format!(
                "this is {article} {what}, which {about} and says nothing by itself: give it with `--with`, beside the token in question"
            )
        }
        Fault::Succession(fault) => succession(fault),
        Fault::Key(_)
        | Fault::Decode(_)
        | Fault::Signature(_)
        | Fault::Module(_)
        | Fault::Archive(_)
        | Fault::Delegation(_)
        | Fault::Chain(_) => fault.to_string(),
    }
}

fn succession(fault: &SuccessionFault) -> String {
    match fault {
        SuccessionFault::Stale { operator, expired } => {
            format!("the token of operator {operator} expired at {}, more than 400 days ago", clock::show(*expired))
        }
        SuccessionFault::Fork { operator, first, second } => {
            format!(
                "operator {operator} has tokens of equal standing, or a gap between its tokens: {first} and {second}"
            )
        }
        SuccessionFault::NotSuccessor { operator, trusted } => format!(
            "operator {operator}: no line of endorsed tokens leads to this one from {trusted}; endorsements of it, or a token between, were not supplied"
        ),
        SuccessionFault::Revoked { subject, by } => format!("{subject} was revoked, by {by}"),
        SuccessionFault::NotCountersigned { account } => {
            format!("no countersignature of this listing was supplied by the own side of account {account}")
        }
        SuccessionFault::Void { .. }
        | SuccessionFault::Followed { .. }
        | SuccessionFault::KeyNotCountersigned { .. }
        | SuccessionFault::Owned { .. } => fault.to_string(),
    }
}

/// Says why a deed has no effect.
pub(crate) fn ineffective(why: &Ineffective) -> String {
    match why {
        Ineffective::Time(fault) => sentence(&(*fault).into()),
        Ineffective::Signature(_) | Ineffective::Identity | Ineffective::Stranger => why.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_spelled_out() {
        assert_eq!(fit("a\u{1b}[2J\rb\nc\u{9b}\u{202e}d ├─ é"), "a\\u{1b}[2J\\u{d}b\nc\\u{9b}\\u{202e}d ├─ é");
        assert_eq!(path(Path::new("a\nb\u{7}")), "a\\nb\\u{7}");
    }

    #[test]
    fn seeds_are_taken_out_and_nothing_else() {
        let seed = format!("S{}", "A7".repeat(28) + "A");
        assert_eq!(seed.len(), SEED_CHARS);
        let hidden = "(a private seed, not repeated)";
        assert_eq!(fit(&seed), hidden);
        assert_eq!(fit(&format!("x={seed}, {seed}\n{seed}.")), format!("x={hidden}, {hidden}\n{hidden}."));
        for other in [seed.replace('S', "O"), seed[..57].into(), format!("{seed}A"), "S".into(), String::new()] {
            assert_eq!(fit(&other), other);
        }
    }
}
