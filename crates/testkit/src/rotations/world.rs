//! The services, what they are told, and every token there is.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use greatseal_core::key::PublicKey;
use greatseal_core::route::{Wanted, route, upstream};
use greatseal_core::statement::Delegating;
use greatseal_core::view::{Audience, Separation};
use greatseal_core::{Anchor, Cid, Command, Policy as Strictness, View};
use greatseal_token::ucan::Policy;

use super::Arrangement;
use super::graph::Graph;
use super::issue::{NOW, Pair, Passed, Token, command, name, only_to};

/// What one service has and was told. Who has to be told anew has to act.
#[derive(Clone)]
pub(super) struct Service {
    /// The key in production, which signs calls.
    pub(super) production: Pair,
    /// The key that it is known by.
    pub(super) identity: Pair,
    /// Whose capabilities it serves.
    pub(super) trusts: PublicKey,
    /// Whom it calls, and by which name.
    pub(super) book: BTreeMap<usize, PublicKey>,
}

impl Service {
    /// Says whether somebody has to change something at this service to get from one to the other.
    pub(super) fn differs(&self, other: &Self) -> bool {
        self.production.public != other.production.public
            || self.identity.public != other.identity.public
            || self.trusts != other.trusts
            || self.book != other.book
    }
}

/// Who keeps a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Keeper {
    Root,
    Signing,
    /// A service, for its production key and its identity.
    Service(usize),
}

/// What was signed, and by whom.
#[derive(Clone, Default)]
pub(super) struct Ledger {
    pub(super) delegations: usize,
    pub(super) revocations: usize,
    pub(super) by: BTreeMap<Keeper, usize>,
}

/// Everything, at one instant.
#[derive(Clone)]
pub(super) struct World {
    pub(super) arrangement: Arrangement,
    pub(super) root: Pair,
    /// The signing principal at work, and the one that is kept for when it is stolen.
    pub(super) signing: [Pair; 2],
    pub(super) services: Vec<Service>,
    /// Every delegation that was ever made.
    pub(super) tokens: Vec<Rc<Token>>,
    pub(super) revocations: Vec<Rc<[u8]>>,
    pub(super) revoked: BTreeSet<Cid>,
    pub(super) ledger: Ledger,
}

/// Days for which a service's grants hold, and hours for which a running key does, in days.
const GRANTED: u64 = 90;
const RUNNING: u64 = 1;

impl World {
    /// Sets everything up.
    pub(super) fn new(arrangement: Arrangement, graph: &Graph) -> Self {
        let root = Pair::new("root");
        let services = (0..graph.services()).map(|service| {
            let production = Pair::new(&format!("{} 1", name(service)));
            let identity = match arrangement {
                Arrangement::Direct => production.clone(),
                Arrangement::Stable | Arrangement::StablePerCallee => Pair::new(&format!("{} identity", name(service))),
            };
            let trusts = match arrangement {
                Arrangement::Direct => identity.public,
                Arrangement::Stable | Arrangement::StablePerCallee => root.public,
            };
            Service { production, identity, trusts, book: BTreeMap::new() }
        });
        let mut world = Self {
            arrangement,
            signing: [Pair::new("signing principal 1"), Pair::new("signing principal 2")],
            services: services.collect(),
            root,
            tokens: Vec::new(),
            revocations: Vec::new(),
            revoked: BTreeSet::new(),
            ledger: Ledger::default(),
        };
        for (caller, callee) in graph.calls() {
            let known = world.services[callee].identity.public;
            world.services[caller].book.insert(callee, known);
        }
        match arrangement {
            Arrangement::Direct => graph.calls().for_each(|(caller, callee)| world.let_call(caller, callee)),
            Arrangement::Stable | Arrangement::StablePerCallee => {
                world.entrust(0);
                for service in 0..graph.services() {
                    world.grant(0, service);
                    world.run(service);
                }
            }
        }
        world
    }

    /// Lets one service call another, by a delegation of the other's.
    pub(super) fn let_call(&mut self, caller: usize, callee: usize) {
        let by = self.services[callee].identity.clone();
        let to = self.services[caller].identity.public;
        let what =
            Passed { to, subject: by.public, command: command("/call"), policy: Policy::default(), days: GRANTED };
        self.delegate(Keeper::Service(callee), &by, what);
    }

    /// Lets a signing principal speak for the root.
    pub(super) fn entrust(&mut self, signing: usize) {
        let root = self.root.clone();
        let to = self.signing[signing].public;
        let what = Passed { to, subject: root.public, command: command("/"), policy: Policy::default(), days: 400 };
        self.delegate(Keeper::Root, &root, what);
    }

    /// Grants a service whatever it calls.
    pub(super) fn grant(&mut self, signing: usize, service: usize) {
        let by = self.signing[signing].clone();
        for (command, policy) in self.grants(service) {
            let to = self.services[service].identity.public;
            let what = Passed { to, subject: self.root.public, command, policy, days: GRANTED };
            self.delegate(Keeper::Signing, &by, what);
        }
    }

    /// Lets a service's production key use what its identity was granted.
    pub(super) fn run(&mut self, service: usize) {
        let by = self.services[service].identity.clone();
        for (command, _) in self.grants(service) {
            let to = self.services[service].production.public;
            // The policies of what it rests on hold for it too.
            let what = Passed { to, subject: self.root.public, command, policy: Policy::default(), days: RUNNING };
            self.delegate(Keeper::Service(service), &by, what);
        }
    }

    /// Lists what a service is granted.
    fn grants(&self, service: usize) -> Vec<(Command, Policy)> {
        let callees: Vec<usize> = self.services[service].book.keys().copied().collect();
        match self.arrangement {
            Arrangement::Direct => Vec::new(),
            Arrangement::Stable => vec![(command("/call"), only_to(&callees))],
            Arrangement::StablePerCallee => {
                callees.into_iter().map(|callee| (self.command(callee), Policy::default())).collect()
            }
        }
    }

    /// Returns the command that a service serves.
    pub(super) fn command(&self, callee: usize) -> Command {
        match self.arrangement {
            Arrangement::Direct | Arrangement::Stable => command("/call"),
            Arrangement::StablePerCallee => command(&format!("/{}", name(callee))),
        }
    }

    fn delegate(&mut self, keeper: Keeper, by: &Pair, what: Passed) {
        self.tokens.push(Rc::new(by.delegate(what)));
        self.ledger.delegations += 1;
        *self.ledger.by.entry(keeper).or_default() += 1;
    }

    /// Takes back every delegation from one key to another that was not taken back yet.
    pub(super) fn take_back(&mut self, keeper: Keeper, by: &Pair, from: PublicKey) {
        let given: Vec<Rc<Token>> = self
            .tokens
            .iter()
            .filter(|token| {
                let it = token.delegating();
                it.issuer == by.public && it.audience == from && !self.revoked.contains(&token.cid())
            })
            .cloned()
            .collect();
        for token in given {
            self.revocations.push(by.revoke(&token));
            self.revoked.insert(token.cid());
            self.ledger.revocations += 1;
            *self.ledger.by.entry(keeper).or_default() += 1;
        }
    }

    /// Lists every delegation from which a chain to a holder could be made; those that were taken
    /// back too, where that is asked for.
    pub(super) fn near(&self, holder: PublicKey, revoked_too: bool) -> Vec<(usize, Delegating<'_>)> {
        let all: Vec<(usize, Delegating<'_>)> = self
            .tokens
            .iter()
            .enumerate()
            .filter(|(_, token)| revoked_too || !self.revoked.contains(&token.cid()))
            .map(|(at, token)| (at, token.delegating()))
            .collect();
        upstream(&all, holder).into_iter().map(|at| (at, self.tokens[at].delegating())).collect()
    }

    /// Finds the proofs among them, root first, by the search that wallets use.
    pub(super) fn proofs(&self, near: &[(usize, Delegating<'_>)], wanted: &Wanted<'_>) -> Option<Vec<&Token>> {
        Some(route(near, wanted)?.into_iter().map(|at| &*self.tokens[at]).collect())
    }

    /// Says how a service looks at calls.
    pub(super) fn view(&self, service: usize) -> View {
        let service = &self.services[service];
        let view = View::new(Strictness::Strict, vec![Anchor::Root(service.trusts)], NOW)
            .addressed_to(Audience::Key(service.identity.public));
        match self.arrangement {
            Arrangement::Direct => view,
            Arrangement::Stable | Arrangement::StablePerCallee => {
                let signing = self.signing.iter().map(|pair| pair.public).collect();
                view.mandating(Separation { root: self.root.public, signing })
            }
        }
    }
}
