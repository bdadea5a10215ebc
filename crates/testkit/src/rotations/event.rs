//! What happens, and how it is mended.

use super::graph::Graph;
use super::issue::{Pair, name};
use super::world::{Keeper, Ledger, World};
use super::{Arrangement, Event};

/// The world after an event, and the key that a thief has.
pub(super) struct Mended {
    pub(super) world: World,
    pub(super) stolen: Option<Pair>,
}

/// Lets an event happen to a service and mends it; the ledger holds what the mending took.
pub(super) fn mend(before: &World, graph: &Graph, event: Event, service: usize) -> Mended {
    let mut world = before.clone();
    world.ledger = Ledger::default();
    let stolen = match (world.arrangement, event) {
        (Arrangement::Direct, Event::Rotation) => {
            replace(&mut world, graph, service);
            None
        }
        (Arrangement::Direct, Event::Theft) => {
            let stolen = world.services[service].production.clone();
            for callee in graph.callees(service) {
                let by = world.services[*callee].identity.clone();
                world.take_back(Keeper::Service(*callee), &by, stolen.public);
            }
            replace(&mut world, graph, service);
            Some(stolen)
        }
        (Arrangement::Direct, Event::IdentityTheft | Event::SigningTheft) => {
            unreachable!("there are no such keys")
        }
        (Arrangement::Stable | Arrangement::StablePerCallee, Event::Rotation) => {
            world.services[service].production = Pair::new(&format!("{} 2", name(service)));
            world.run(service);
            None
        }
        (Arrangement::Stable | Arrangement::StablePerCallee, Event::Theft) => {
            let stolen = world.services[service].production.clone();
            let identity = world.services[service].identity.clone();
            world.take_back(Keeper::Service(service), &identity, stolen.public);
            world.services[service].production = Pair::new(&format!("{} 2", name(service)));
            world.run(service);
            Some(stolen)
        }
        (Arrangement::Stable | Arrangement::StablePerCallee, Event::IdentityTheft) => {
            let stolen = world.services[service].identity.clone();
            let signing = world.signing[0].clone();
            world.take_back(Keeper::Signing, &signing, stolen.public);
            let identity = Pair::new(&format!("{} identity 2", name(service)));
            for caller in graph.callers(service) {
                world.services[caller].book.insert(service, identity.public);
            }
            world.services[service].identity = identity;
            world.grant(0, service);
            world.run(service);
            Some(stolen)
        }
        (Arrangement::Stable | Arrangement::StablePerCallee, Event::SigningTheft) => {
            let stolen = world.signing[0].clone();
            let root = world.root.clone();
            world.take_back(Keeper::Root, &root, stolen.public);
            world.entrust(1);
            for service in 0..graph.services() {
                world.grant(1, service);
            }
            Some(stolen)
        }
    };
    Mended { world, stolen }
}

/// Gives a service that is known by its one key another one: a new DID, on both sides of every call.
fn replace(world: &mut World, graph: &Graph, service: usize) {
    let new = Pair::new(&format!("{} 2", name(service)));
    for caller in graph.callers(service) {
        world.services[caller].book.insert(service, new.public);
    }
    let it = &mut world.services[service];
    it.trusts = new.public;
    it.production = new.clone();
    it.identity = new;
    for caller in graph.callers(service) {
        world.let_call(caller, service);
    }
    for callee in graph.callees(service) {
        world.let_call(service, *callee);
    }
}
