//! What a thief can do with one stolen key, and everything that is public.

use std::collections::BTreeSet;
use std::rc::Rc;

use greatseal_core::key::PublicKey;
use greatseal_core::route::Wanted;
use greatseal_token::ucan::Policy;

use super::calls::{Callees, subject};
use super::issue::{Asked, Pair, Passed, Token, args};
use super::world::World;

/// Tries everything at some services, directly and through a key of the thief's own; returns how
/// many attempts there were and how many services let one through.
///
/// `known` is the world in which the thief learns what tokens there are and how services are called.
pub(super) fn attempts(
    stolen: &Pair,
    known: &[&World],
    at: &World,
    doors: &BTreeSet<usize>,
    callees: &mut Callees,
) -> (usize, usize) {
    let mallory = Pair::new("mallory");
    // Whatever was ever made is public, also what was taken back.
    let near: Vec<_> = known.iter().map(|world| (*world, world.near(stolen.public, true))).collect();
    let mut tried = 0;
    let mut opened = BTreeSet::new();
    for service in doors.iter().copied() {
        let view = at.view(service);
        let command = at.command(service);
        // Names it has or had, and the thief's own key as a root.
        let names: BTreeSet<PublicKey> = known.iter().map(|world| world.services[service].identity.public).collect();
        let mut subjects: BTreeSet<PublicKey> = names.iter().map(|name| subject(at, *name)).collect();
        subjects.insert(stolen.public);
        for subject in subjects {
            let wanted = Wanted { holder: stolen.public, subject, command: &command };
            let ways: Vec<Vec<&Token>> = near.iter().filter_map(|(world, near)| world.proofs(near, &wanted)).collect();
            for way in ways {
                let passed = Passed {
                    to: mallory.public,
                    subject,
                    command: command.clone(),
                    policy: Policy::default(),
                    days: 1,
                };
                let onward = stolen.delegate(passed);
                let longer: Vec<&Token> = way.iter().copied().chain([&onward]).collect();
                for (by, proofs) in [(stolen, &way), (&mallory, &longer)] {
                    for audience in names.iter().copied() {
                        let asked = Asked { subject, audience, command: command.clone(), args: args(service) };
                        let invocation: Rc<[u8]> = by.invoke(asked, proofs);
                        let with = proofs.iter().map(|token| &*token.bytes);
                        tried += 1;
                        if callees.judge(service, &view, &invocation, with, &at.revocations).is_ok() {
                            opened.insert(service);
                        }
                    }
                }
            }
        }
    }
    (tried, opened.len())
}
