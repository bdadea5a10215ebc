//! `arrows`: the rooms of the design and the dependencies between them.
//!
//! Reads `cargo metadata` with every feature and platform, so that no build can hide an edge. What
//! is allowed, and how it is judged, is in [`rule`]. What may not be in the build for the offline
//! machine is in [`offline`].

mod offline;
mod rule;

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, Package};

use crate::failure::Failure;
use crate::house::House;
use rule::{Edge, Graph};

pub(crate) fn run(house: &House, _arguments: &[String]) -> Result<(), Failure> {
    let metadata = house.metadata()?;
    let members = metadata.workspace_packages();
    let edges = edges(&members);
    let mut faults = rule::judge_edges(&edges);
    faults.extend(rule::judge_graph(&graph(&metadata)));
    faults.extend(unsafe_faults(house, &members)?);
    for package in &members {
        let to: Vec<&str> =
            edges.iter().filter(|edge| edge.from == package.name.as_str()).map(|edge| edge.to.as_str()).collect();
        if !to.is_empty() {
            println!("{} → {}", package.name, to.join(", "));
        }
    }
    if !faults.is_empty() {
        return Err(Failure::Findings {
            what: "arrows that are not allowed (the list is in xtask/src/arrows/rule.rs)".into(),
            lines: faults.iter().map(ToString::to_string).collect(),
        });
    }
    println!("arrows: {} packages, {} edges, all allowed", members.len(), edges.len());
    offline_build(house)
}

/// Fails when the build for the offline machine contains code that reaches a network.
fn offline_build(house: &House) -> Result<(), Failure> {
    let tree = house.cargo(offline::TREE).output()?;
    let mut faults = offline::judge_tree(&tree);
    for room in offline::ROOMS {
        let mut folders = vec![house.root.join(room)];
        while let Some(folder) = folders.pop() {
            let failed = |source| Failure::File { path: folder.clone(), source };
            for entry in std::fs::read_dir(&folder).map_err(failed)? {
                let path = entry.map_err(failed)?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "rs") {
                    let text = std::fs::read_to_string(&path)
                        .map_err(|source| Failure::File { path: path.clone(), source })?;
                    let name = path.strip_prefix(&house.root).unwrap_or(&path);
                    faults.extend(offline::judge_source(name, &text));
                }
            }
        }
    }
    if faults.is_empty() {
        let packages: BTreeSet<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
        println!("offline build: {} packages, none of them reaches a network", packages.len());
        return Ok(());
    }
    Err(Failure::Findings {
        what: "network code in the offline build (the list is in xtask/src/arrows/offline.rs)".into(),
        lines: faults.iter().map(ToString::to_string).collect(),
    })
}

/// The declared edges between our packages, development dependencies apart.
fn edges(members: &[&Package]) -> Vec<Edge> {
    let ours: BTreeSet<&str> = members.iter().map(|package| package.name.as_str()).collect();
    let mut edges = Vec::new();
    for package in members {
        for dependency in &package.dependencies {
            if dependency.kind == DependencyKind::Development || !ours.contains(dependency.name.as_str()) {
                continue;
            }
            let called = dependency.rename.as_ref().unwrap_or(&dependency.name);
            let mut features = dependency.features.clone();
            features.extend(forwarded(package, called));
            edges.push(Edge {
                from: package.name.to_string(),
                to: dependency.name.clone(),
                default_features: dependency.uses_default_features,
                features,
            });
        }
    }
    edges
}

/// Features of a dependency that features of the package turn on: `"registry/server"` in its manifest.
fn forwarded(package: &Package, dependency: &str) -> Vec<String> {
    package
        .features
        .values()
        .flatten()
        .filter_map(|enabled| enabled.split_once('/'))
        .filter(|(of, _)| of.trim_end_matches('?') == dependency)
        .map(|(_, feature)| feature.to_owned())
        .collect()
}

/// The resolved graph, development dependencies apart.
fn graph(metadata: &Metadata) -> Graph {
    let names: BTreeMap<&str, &str> =
        metadata.packages.iter().map(|package| (package.id.repr.as_str(), package.name.as_str())).collect();
    let mut graph = Graph::default();
    for node in metadata.resolve.iter().flat_map(|resolve| &resolve.nodes) {
        let to = node
            .deps
            .iter()
            .filter(|dependency| dependency.dep_kinds.iter().any(|of| of.kind != DependencyKind::Development))
            .map(|dependency| dependency.pkg.repr.clone())
            .collect();
        let name = names.get(node.id.repr.as_str()).copied().unwrap_or(&node.id.repr);
        graph.add(node.id.repr.clone(), name, to);
    }
    graph
}

/// Whether unsafe code is forbidden once, and every member takes part.
fn unsafe_faults(house: &House, members: &[&Package]) -> Result<Vec<rule::Fault>, Failure> {
    let root = manifest(house, "Cargo.toml")?;
    let mut faults = Vec::new();
    faults.extend(rule::judge_workspace_lints(&root));
    for package in members {
        let table = manifest(house, package.manifest_path.as_str())?;
        faults.extend(rule::judge_member_lints(&package.name, &table));
    }
    Ok(faults)
}

fn manifest(house: &House, path: &str) -> Result<toml::Table, Failure> {
    house.read(path)?.parse().map_err(|source| Failure::Toml { path: path.into(), source: Box::new(source) })
}
