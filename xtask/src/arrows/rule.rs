//! Which edge is allowed, and what is wrong with one that is not.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub(super) const COMMAND: &str = "greatseal";
const SERVICE: &str = "greatseal-service";
const REGISTRY: &str = "greatseal-registry";
const CUSTODY: &str = "greatseal-custody";
const TOKEN: &str = "greatseal-token";
const CORE: &str = "greatseal-core";
const TESTKIT: &str = "greatseal-testkit";
const EXAMPLES: &str = "greatseal-example-services";

/// Every arrow that may be drawn. A new package needs a row, and so a reason in the design.
const ALLOWED: &[(&str, &[&str])] = &[
    (COMMAND, &[SERVICE, REGISTRY, CUSTODY, TOKEN, CORE]),
    (SERVICE, &[REGISTRY, CUSTODY, TOKEN, CORE]),
    (REGISTRY, &[TOKEN, CORE]),
    (CUSTODY, &[CORE]),
    (TOKEN, &[CORE]),
    (CORE, &[]),
    (TESTKIT, &[SERVICE, REGISTRY, CUSTODY, TOKEN, CORE]),
    // The thief among the examples searches as the tests do; neither is published.
    (EXAMPLES, &[TESTKIT, SERVICE, REGISTRY, CUSTODY, TOKEN, CORE]),
];

/// May depend on anything; nothing may depend on them. Fuzz and interop are outside the workspace.
const EXEMPT: &[&str] = &["xtask", "greatseal-bench"];

/// Who takes the registry as a client: with this feature and no other.
const REGISTRY_CLIENTS: &[&str] = &[COMMAND, SERVICE, EXAMPLES];
const CLIENT_FEATURE: &str = "client";

/// The rooms that decide. They wait for nothing and talk to nobody, so none of these may be below them.
const PURE: &[&str] = &[CORE, TOKEN];
const NETWORK: &[&str] = &[
    // Runtimes and what drives them.
    "tokio",
    "async-std",
    "smol",
    "async-io",
    "async-executor",
    "async-global-executor",
    "glommio",
    "monoio",
    "compio",
    "embassy-executor",
    "futures",
    "futures-executor",
    "futures-util",
    "mio",
    "polling",
    "io-uring",
    // Sockets, transports and protocols.
    "socket2",
    "quinn",
    "rustls",
    "native-tls",
    "openssl",
    "h2",
    "h3",
    "hyper",
    "hyper-util",
    "tungstenite",
    "tokio-tungstenite",
    "tonic",
    "async-nats",
    "nats",
    "hickory-resolver",
    "hickory-proto",
    // Clients and servers.
    "reqwest",
    "ureq",
    "attohttpc",
    "minreq",
    "isahc",
    "surf",
    "curl",
    "axum",
    "actix-web",
    "warp",
    "rocket",
    "tiny_http",
    "tower",
    "tower-http",
];

/// A declared dependency of one of our packages on another, optional and platform ones included.
pub(super) struct Edge {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) default_features: bool,
    /// Asked for with the dependency, or turned on by a feature of `from`.
    pub(super) features: Vec<String>,
}

/// The resolved packages by identifier, each with its name and where its arrows go.
#[derive(Default)]
pub(super) struct Graph {
    nodes: BTreeMap<String, (String, Vec<String>)>,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("{from} → {to}: not among the allowed arrows")]
    Forbidden { from: String, to: String },
    #[error("{from} → {to}: {from} is not a room of the design")]
    Stranger { from: String, to: String },
    #[error("{from} → greatseal-registry: only as a client, with `default-features = false`")]
    RegistryDefaults { from: String },
    #[error("{from} → greatseal-registry: only feature `client`, found `{feature}`")]
    RegistryFeature { from: String, feature: String },
    #[error("the registry reaches custody, and so secrets: {}", .path.join(" → "))]
    RegistryReachesCustody { path: Vec<String> },
    #[error("a room that decides reaches the network or a runtime: {}", .path.join(" → "))]
    PureReachesNetwork { path: Vec<String> },
    #[error("{package}: its manifest lacks `[lints] workspace = true`, which forbids unsafe code")]
    LintsNotInherited { package: String },
    #[error("the workspace lints lack `unsafe_code = \"forbid\"`")]
    UnsafeNotForbidden,
}

pub(super) fn judge_edges(edges: &[Edge]) -> Vec<Fault> {
    edges.iter().flat_map(judge_edge).collect()
}

fn judge_edge(edge: &Edge) -> Vec<Fault> {
    let Edge { from, to, .. } = edge;
    if EXEMPT.contains(&from.as_str()) {
        return Vec::new();
    }
    let Some((_, allowed)) = ALLOWED.iter().find(|(room, _)| room == from) else {
        return vec![Fault::Stranger { from: from.clone(), to: to.clone() }];
    };
    if !allowed.contains(&to.as_str()) {
        return vec![Fault::Forbidden { from: from.clone(), to: to.clone() }];
    }
    let mut faults = Vec::new();
    if to == REGISTRY && REGISTRY_CLIENTS.contains(&from.as_str()) {
        if edge.default_features {
            faults.push(Fault::RegistryDefaults { from: from.clone() });
        }
        for feature in edge.features.iter().filter(|feature| *feature != CLIENT_FEATURE) {
            faults.push(Fault::RegistryFeature { from: from.clone(), feature: feature.clone() });
        }
    }
    faults
}

/// Judges what is reached through any number of packages, foreign ones included.
pub(super) fn judge_graph(graph: &Graph) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Some(path) = graph.path(REGISTRY, &[CUSTODY]) {
        faults.push(Fault::RegistryReachesCustody { path });
    }
    for room in PURE {
        if let Some(path) = graph.path(room, NETWORK) {
            faults.push(Fault::PureReachesNetwork { path });
        }
    }
    faults
}

pub(super) fn judge_workspace_lints(root: &toml::Table) -> Option<Fault> {
    let lint = at(root, &["workspace", "lints", "rust", "unsafe_code"]);
    let level = lint.and_then(|lint| lint.get("level").or(Some(lint)));
    match level.and_then(toml::Value::as_str) {
        Some("forbid") => None,
        Some(_) | None => Some(Fault::UnsafeNotForbidden),
    }
}

pub(super) fn judge_member_lints(package: &str, manifest: &toml::Table) -> Option<Fault> {
    match at(manifest, &["lints", "workspace"]).and_then(toml::Value::as_bool) {
        Some(true) => None,
        Some(false) | None => Some(Fault::LintsNotInherited { package: package.to_owned() }),
    }
}

fn at<'a>(table: &'a toml::Table, path: &[&str]) -> Option<&'a toml::Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(table.get(*first)?, |value, key| value.get(key))
}

impl Graph {
    pub(super) fn add(&mut self, id: String, name: &str, to: Vec<String>) {
        self.nodes.insert(id, (name.to_owned(), to));
    }

    /// The names along a shortest path from a package of that name to one of the others.
    fn path(&self, from: &str, targets: &[&str]) -> Option<Vec<String>> {
        let mut waiting: VecDeque<(&str, Vec<String>)> =
            self.nodes.iter().filter(|(_, (name, _))| name == from).map(|(id, _)| (id.as_str(), Vec::new())).collect();
        let mut seen = BTreeSet::new();
        while let Some((id, mut path)) = waiting.pop_front() {
            let Some((name, to)) = self.nodes.get(id) else {
                continue;
            };
            if !seen.insert(id) {
                continue;
            }
            path.push(name.clone());
            if targets.contains(&name.as_str()) {
                return Some(path);
            }
            waiting.extend(to.iter().map(|next| (next.as_str(), path.clone())));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(from: &str, to: &str) -> Edge {
        Edge { from: from.into(), to: to.into(), default_features: true, features: Vec::new() }
    }

    fn judged(from: &str, to: &str) -> Vec<Fault> {
        judge_edges(&[edge(from, to)])
    }

    fn forbidden(from: &str, to: &str) -> Vec<Fault> {
        vec![Fault::Forbidden { from: from.into(), to: to.into() }]
    }

    fn graph(edges: &[(&str, &str)]) -> Graph {
        let mut graph = Graph::default();
        for (name, _) in edges.iter().chain(&edges.iter().map(|(a, b)| (*b, *a)).collect::<Vec<_>>()) {
            let to = edges.iter().filter(|(from, _)| from == name).map(|(_, to)| format!("{to} 1.0.0")).collect();
            graph.add(format!("{name} 1.0.0"), name, to);
        }
        graph
    }

    fn table(text: &str) -> toml::Table {
        text.parse().unwrap()
    }

    #[test]
    fn the_designs_own_arrows_are_allowed() {
        for (from, to) in [
            (COMMAND, SERVICE),
            (COMMAND, CUSTODY),
            (COMMAND, TOKEN),
            (COMMAND, CORE),
            (SERVICE, CUSTODY),
            (REGISTRY, TOKEN),
            (REGISTRY, CORE),
            (CUSTODY, CORE),
            (TOKEN, CORE),
            (TESTKIT, REGISTRY),
            (EXAMPLES, SERVICE),
            ("xtask", CUSTODY),
        ] {
            assert_eq!(judged(from, to), [], "{from} → {to}");
        }
    }

    #[test]
    fn the_registry_never_names_custody() {
        assert_eq!(judged(REGISTRY, CUSTODY), forbidden(REGISTRY, CUSTODY));
    }

    #[test]
    fn no_room_depends_upwards_or_sideways() {
        for (from, to) in [
            (CORE, TOKEN),
            (CORE, CUSTODY),
            (TOKEN, CUSTODY),
            (CUSTODY, TOKEN),
            (CUSTODY, REGISTRY),
            (REGISTRY, SERVICE),
            (REGISTRY, COMMAND),
            (SERVICE, COMMAND),
            (TESTKIT, COMMAND),
        ] {
            assert_eq!(judged(from, to), forbidden(from, to));
        }
    }

    #[test]
    fn no_product_contains_test_code_or_build_tools() {
        for from in [COMMAND, SERVICE, REGISTRY, CUSTODY, TOKEN, CORE] {
            assert_eq!(judged(from, TESTKIT), forbidden(from, TESTKIT));
            assert_eq!(judged(from, "xtask"), forbidden(from, "xtask"));
        }
    }

    #[test]
    fn a_package_without_a_row_is_a_stranger() {
        let fault = Fault::Stranger { from: "greatseal-util".into(), to: CORE.into() };
        assert_eq!(judged("greatseal-util", CORE), [fault]);
        assert_eq!(judged(COMMAND, "greatseal-util"), forbidden(COMMAND, "greatseal-util"));
    }

    #[test]
    fn the_registry_is_taken_as_a_client_only() {
        for from in [COMMAND, SERVICE] {
            let taken = |default_features, features: &[&str]| {
                judge_edges(&[Edge {
                    default_features,
                    features: features.iter().map(ToString::to_string).collect(),
                    ..edge(from, REGISTRY)
                }])
            };
            assert_eq!(taken(false, &["client"]), []);
            assert_eq!(taken(false, &[]), []);
            assert_eq!(taken(true, &["client"]), [Fault::RegistryDefaults { from: from.into() }]);
            assert_eq!(
                taken(false, &["client", "server"]),
                [Fault::RegistryFeature { from: from.into(), feature: "server".into() }]
            );
        }
    }

    #[test]
    fn custody_is_found_through_foreign_packages() {
        let found = judge_graph(&graph(&[
            (REGISTRY, "helper"),
            ("helper", "deeper"),
            ("deeper", CUSTODY),
            ("deeper", "helper"),
        ]));
        let path = [REGISTRY, "helper", "deeper", CUSTODY].map(String::from).to_vec();
        assert_eq!(found, [Fault::RegistryReachesCustody { path }]);
    }

    #[test]
    fn others_may_reach_custody() {
        let found =
            judge_graph(&graph(&[(COMMAND, CUSTODY), (COMMAND, REGISTRY), (REGISTRY, CORE), (CUSTODY, "tokio")]));
        assert_eq!(found, []);
    }

    #[test]
    fn rooms_that_decide_reach_no_network() {
        let found = judge_graph(&graph(&[(TOKEN, "helper"), ("helper", "mio"), (CORE, "tokio")]));
        let paths = [vec![CORE, "tokio"], vec![TOKEN, "helper", "mio"]];
        let expected =
            paths.map(|path| Fault::PureReachesNetwork { path: path.into_iter().map(String::from).collect() });
        assert_eq!(found, expected);
    }

    #[test]
    fn unsafe_code_must_be_forbidden_by_the_workspace() {
        for good in [
            "[workspace.lints.rust]\nunsafe_code = 'forbid'",
            "[workspace.lints.rust]\nunsafe_code = { level = 'forbid', priority = 1 }",
        ] {
            assert_eq!(judge_workspace_lints(&table(good)), None);
        }
        for bad in ["", "[workspace.lints.rust]\nunsafe_code = 'deny'"] {
            assert_eq!(judge_workspace_lints(&table(bad)), Some(Fault::UnsafeNotForbidden));
        }
    }

    #[test]
    fn every_member_must_take_the_workspace_lints() {
        assert_eq!(judge_member_lints(CORE, &table("[lints]\nworkspace = true")), None);
        for bad in ["", "[lints.rust]\nunsafe_code = 'forbid'", "[lints]\nworkspace = false"] {
            let fault = Fault::LintsNotInherited { package: CORE.into() };
            assert_eq!(judge_member_lints(CORE, &table(bad)), Some(fault));
        }
    }

    #[test]
    fn a_fault_names_the_edge() {
        let text = judged(REGISTRY, CUSTODY).iter().map(ToString::to_string).collect::<String>();
        assert!(text.starts_with("greatseal-registry → greatseal-custody"), "{text}");
    }
}
