//! The rules of chains once more, as slowly and plainly as they can be written, from the specification and nothing else.
//!
//! It knows no bytes: tokens are what the test says they are.

use std::collections::BTreeSet;

/// A principal, by number.
pub(crate) type Who = usize;

/// A delegation of a scene.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) from: Who,
    pub(crate) to: Who,
    pub(crate) about: Option<Who>,
    pub(crate) command: Vec<&'static str>,
    pub(crate) begins: Option<i64>,
    pub(crate) ends: Option<i64>,
    /// What `n` has to be in the arguments, if anything.
    pub(crate) wants: Option<i64>,
    pub(crate) forged: bool,
}

/// An invocation of a scene.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) by: Who,
    pub(crate) about: Who,
    pub(crate) command: Vec<&'static str>,
    pub(crate) ends: Option<i64>,
    /// Positions of delegations, root first.
    pub(crate) proofs: Vec<usize>,
    pub(crate) number: i64,
    pub(crate) forged: bool,
}

/// Somebody takes a delegation back.
#[derive(Clone, Debug)]
pub(crate) struct Back {
    pub(crate) by: Who,
    pub(crate) delegation: usize,
    pub(crate) forged: bool,
}

/// Everything that is at hand; now is 0.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) given: Vec<Given>,
    pub(crate) back: Vec<Back>,
    /// Delegations that are not at hand.
    pub(crate) lost: BTreeSet<usize>,
}

/// The answer, and why not.
pub(crate) type Answer = Result<(), &'static str>;

fn starts_with(command: &[&str], above: &[&str]) -> bool {
    above.len() <= command.len() && above.iter().zip(command).all(|(one, other)| one == other)
}

fn in_time(begins: Option<i64>, ends: Option<i64>) -> Answer {
    // Of a window that ends before it begins, its end is told once it is over.
    match (begins, ends) {
        (_, Some(ends)) if 0 > ends => Err("GS-TIME-EXPIRED"),
        (Some(begins), _) if 0 < begins => Err("GS-TIME-EARLY"),
        _ => Ok(()),
    }
}

impl World {
    /// Says whether somebody among these took a delegation back.
    fn taken_back(&self, delegation: usize, above: &[Who]) -> bool {
        self.back.iter().any(|it| !it.forged && it.delegation == delegation && above.contains(&it.by))
    }

    /// Judges an invocation, everybody being his own root.
    pub(crate) fn judge(&self, asked: &Asked) -> Answer {
        in_time(None, asked.ends)?;
        if asked.proofs.iter().any(|at| self.lost.contains(at)) {
            return Err("GS-UCAN-PROOF-MISSING");
        }
        let chain: Vec<&Given> = asked.proofs.iter().map(|at| &self.given[*at]).collect();
        for (depth, it) in chain.iter().enumerate() {
            if depth == 0 {
                let about = it.about.ok_or("GS-UCAN-POWERLINE-ROOT")?;
                if about != it.from {
                    return Err("GS-UCAN-ROOT");
                }
            } else {
                let above = chain[depth - 1];
                if above.to != it.from {
                    return Err("GS-UCAN-ALIGNMENT");
                }
                if !starts_with(&it.command, &above.command) {
                    return Err("GS-UCAN-COMMAND");
                }
            }
            if it.about.is_some_and(|about| about != asked.about) {
                return Err("GS-UCAN-SUBJECT");
            }
        }
        match chain.last() {
            None if asked.by != asked.about => return Err("GS-UCAN-NO-PROOF"),
            Some(last) if last.to != asked.by => return Err("GS-UCAN-ALIGNMENT"),
            Some(last) if !starts_with(&asked.command, &last.command) => return Err("GS-UCAN-COMMAND"),
            None | Some(_) => {}
        }
        for it in &chain {
            in_time(it.begins, it.ends)?;
        }
        let mut above = Vec::new();
        for (it, at) in chain.iter().zip(&asked.proofs) {
            if it.forged {
                return Err("GS-SIGNATURE-INVALID");
            }
            above.push(it.from);
            if self.taken_back(*at, &above) {
                return Err("GS-REVOKED");
            }
        }
        if asked.forged {
            return Err("GS-SIGNATURE-INVALID");
        }
        if chain.iter().any(|it| it.wants.is_some_and(|wants| wants != asked.number)) {
            return Err("GS-UCAN-POLICY");
        }
        Ok(())
    }

    /// Says whether a delegation passes on what its issuer holds: by trying every way up there is.
    pub(crate) fn is_held(&self, target: usize) -> bool {
        let it = &self.given[target];
        // Without a subject it passes on nothing that anybody named.
        let Some(subject) = it.about else { return false };
        let mut ways = vec![vec![target]];
        while let Some(way) = ways.pop() {
            let top = &self.given[*way.last().unwrap()];
            if top.from == subject && top.about == Some(subject) && self.holds(&way, subject) {
                return true;
            }
            for (at, above) in self.given.iter().enumerate() {
                let follows = above.to == top.from && starts_with(&top.command, &above.command);
                if follows && !way.contains(&at) && !self.lost.contains(&at) {
                    ways.push([&way[..], &[at]].concat());
                }
            }
        }
        false
    }

    /// Says whether a way, its last one first, stands.
    fn holds(&self, way: &[usize], subject: Who) -> bool {
        let mut above = Vec::new();
        way.iter().rev().all(|at| {
            let it = &self.given[*at];
            above.push(it.from);
            in_time(it.begins, it.ends).is_ok()
                && !it.forged
                && it.about.is_none_or(|about| about == subject)
                && !self.taken_back(*at, &above)
        })
    }
}
