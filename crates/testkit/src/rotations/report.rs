//! The counts, as a table and as JSON.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::calls::{self, Callees};
use super::event::mend;
use super::graph::Graph;
use super::thief;
use super::world::{Keeper, World};
use super::{Arrangement, CALLS, Event, Judged, SIZES};

/// What mending one event took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Delegations newly made.
    pub delegations: usize,
    /// Revocations newly made.
    pub revocations: usize,
    /// Services and keepers of offline keys that had to sign or be told something.
    pub parties: usize,
    /// Signatures by the root.
    pub root: usize,
    /// Signatures by the signing principal.
    pub signing: usize,
    /// Services that a thief's calls got through to before, and none after; of a rotation none.
    pub exposed: usize,
    /// Calls that the thief tried afterwards; each was refused.
    pub tried: usize,
}

impl Cost {
    /// Returns how many tokens were newly made.
    #[must_use]
    pub const fn tokens(&self) -> usize {
        self.delegations + self.revocations
    }

    /// Returns how many signatures were by keys that should be offline.
    #[must_use]
    pub const fn offline(&self) -> usize {
        self.root + self.signing
    }
}

/// One event of one arrangement, over all services that it can happen to.
#[derive(Clone, Debug)]
pub struct Row {
    /// How many services there are.
    pub services: usize,
    /// How they are arranged.
    pub arrangement: Arrangement,
    /// What happened.
    pub event: Event,
    /// What it took, once for each service, or once in all.
    pub costs: Vec<Cost>,
}

impl Row {
    /// Returns the average of a count.
    #[must_use]
    pub fn average(&self, count: impl Fn(&Cost) -> usize) -> f64 {
        self.costs.iter().map(count).sum::<usize>() as f64 / self.costs.len().max(1) as f64
    }

    /// Returns the worst of a count.
    #[must_use]
    pub fn worst(&self, count: impl Fn(&Cost) -> usize) -> usize {
        self.costs.iter().map(count).max().unwrap_or(0)
    }
}

/// Every row, and what was verified for it.
#[derive(Clone, Debug)]
pub struct Report {
    /// The rows: sizes, in them arrangements, in them events.
    pub rows: Vec<Row>,
    /// Tokens that stand before anything happens, by size and arrangement.
    pub standing: Vec<(usize, Arrangement, usize)>,
    /// How many decisions the verifier took.
    pub decisions: u64,
}

impl Report {
    /// Runs the simulation for these numbers of services.
    ///
    /// # Panics
    /// When a call is refused that should go through, or the other way round.
    #[must_use]
    pub fn of(sizes: &[(usize, Judged)]) -> Self {
        let mut report = Self { rows: Vec::new(), standing: Vec::new(), decisions: 0 };
        for (services, judged) in sizes {
            let graph = Graph::new(*services);
            for arrangement in Arrangement::ALL {
                report.run(&graph, arrangement, *judged);
            }
        }
        report
    }

    /// Runs it for [`SIZES`].
    #[must_use]
    pub fn whole() -> Self {
        Self::of(&SIZES.map(|services| (services, Judged::Every)))
    }

    fn run(&mut self, graph: &Graph, arrangement: Arrangement, judged: Judged) {
        let services = graph.services();
        let world = World::new(arrangement, graph);
        let mut callees = Callees::new(services);
        let calls = calls::all(&world, graph, &mut callees);
        self.standing.push((services, arrangement, world.tokens.len()));
        for event in arrangement.events() {
            let concerned = if *event == Event::SigningTheft { 1 } else { services };
            let cost = |service| {
                let mended = mend(&world, graph, *event, service);
                calls::again(&calls, &world, &mended.world, judged, &mut callees);
                let mut cost = counted(&world, &mended.world);
                if let Some(stolen) = &mended.stolen {
                    let doors = doors(graph, *event, service);
                    cost.exposed = thief::attempts(stolen, &[&world], &world, &doors, &mut callees).1;
                    assert_ne!(cost.exposed, 0, "a key that opens nothing was not worth stealing");
                    let known = [&world, &mended.world];
                    let (tried, opened) = thief::attempts(stolen, &known, &mended.world, &doors, &mut callees);
                    assert_eq!(opened, 0, "the thief still gets in");
                    cost.tried = tried;
                }
                cost
            };
            let costs = (0..concerned).map(cost).collect();
            self.rows.push(Row { services, arrangement, event: *event, costs });
        }
        self.decisions += callees.decisions;
    }

    /// Finds a row.
    #[must_use]
    pub fn row(&self, services: usize, arrangement: Arrangement, event: Event) -> Option<&Row> {
        let is = |row: &&Row| row.services == services && row.arrangement == arrangement && row.event == event;
        self.rows.iter().find(is)
    }

    /// Writes the table of the page, in Markdown.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = String::from(
            "| services | event | arrangement | tokens made | parties who act | offline signatures | exposed |\n\
             |---|---|---|---|---|---|---|\n",
        );
        let sizes: BTreeSet<usize> = self.rows.iter().map(|row| row.services).collect();
        for services in sizes {
            for event in Event::ALL {
                for row in Arrangement::ALL.into_iter().filter_map(|it| self.row(services, it, event)) {
                    let both = |count: fn(&Cost) -> usize| {
                        let (average, worst) = (row.average(count), row.worst(count));
                        if average == worst as f64 { worst.to_string() } else { format!("{average:.1}, worst {worst}") }
                    };
                    // Writing to a string cannot fail.
                    let _ = writeln!(
                        text,
                        "| {services} | {} | {} | {} | {} | {} | {} |",
                        event.word(),
                        row.arrangement.word(),
                        both(Cost::tokens),
                        both(|cost| cost.parties),
                        both(Cost::offline),
                        if event == Event::Rotation { String::new() } else { both(|cost| cost.exposed) },
                    );
                }
            }
        }
        text
    }

    /// Writes everything for programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let both = |row: &Row, count: fn(&Cost) -> usize| json!({"average": (row.average(count) * 1000.0).round() / 1000.0, "worst": row.worst(count)});
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                json!({
                    "services": row.services,
                    "arrangement": row.arrangement.name(),
                    "event": row.event.name(),
                    "events": row.costs.len(),
                    "tokens": both(row, Cost::tokens),
                    "delegations": both(row, |cost| cost.delegations),
                    "revocations": both(row, |cost| cost.revocations),
                    "parties": both(row, |cost| cost.parties),
                    "offline_signatures": both(row, Cost::offline),
                    "root_signatures": both(row, |cost| cost.root),
                    "exposed_services": both(row, |cost| cost.exposed),
                    "refused_attempts": both(row, |cost| cost.tried),
                })
            })
            .collect();
        let standing: Vec<Value> = self
            .standing
            .iter()
            .map(|(services, arrangement, tokens)| {
                json!({"services": services, "arrangement": arrangement.name(), "tokens": tokens})
            })
            .collect();
        json!({"calls_per_service": CALLS, "rows": rows, "standing": standing, "decisions": self.decisions})
    }
}

/// Lists where a thief tries: at every service that the stolen key could call, at its own, and at
/// one with which it has no business.
fn doors(graph: &Graph, event: Event, service: usize) -> BTreeSet<usize> {
    match event {
        Event::SigningTheft => (0..graph.services()).collect(),
        Event::Rotation | Event::Theft | Event::IdentityTheft => {
            graph.callees(service).iter().copied().chain([service]).chain(graph.stranger(service)).collect()
        }
    }
}

/// Counts what mending took: whoever signed, and whoever was told something, has acted.
fn counted(before: &World, after: &World) -> Cost {
    let ledger = &after.ledger;
    let told = (0..after.services.len()).filter(|at| after.services[*at].differs(&before.services[*at]));
    let parties: BTreeSet<Keeper> = ledger.by.keys().copied().chain(told.map(Keeper::Service)).collect();
    let by = |keeper: Keeper| ledger.by.get(&keeper).copied().unwrap_or(0);
    Cost {
        delegations: ledger.delegations,
        revocations: ledger.revocations,
        parties: parties.len(),
        root: by(Keeper::Root),
        signing: by(Keeper::Signing),
        ..Cost::default()
    }
}
