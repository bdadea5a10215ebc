//! The build for the offline machine: what may not be in it.
//!
//! Whether a package is in it depends on features, which `cargo metadata` unites over the whole
//! workspace. So the tree is asked of `cargo tree`, for the command alone and for every platform.

use std::path::Path;

/// What is asked: every package that `cargo build -p greatseal --no-default-features` links or runs.
pub(super) const TREE: [&str; 13] = [
    "tree",
    "--package",
    super::rule::COMMAND,
    "--no-default-features",
    "--edges",
    "normal,build",
    "--target",
    "all",
    "--prefix",
    "none",
    "--format",
    "{p}",
    "--locked",
];

/// Rooms whose own code is in the build.
pub(super) const ROOMS: &[&str] = &["crates/core/src", "crates/token/src", "crates/custody/src", "crates/cli/src"];

/// Packages that open sockets, speak a protocol over them, or exist to drive those that do.
const NETWORK: &[&str] = &[
    // Runtimes and what drives them. The `futures` crates are not here: they poll, and reach nothing.
    "tokio",
    "async-std",
    "smol",
    "async-io",
    "glommio",
    "monoio",
    "compio",
    "mio",
    "polling",
    "io-uring",
    // Sockets, names and transports.
    "socket2",
    "net2",
    "async-net",
    "hickory-resolver",
    "hickory-proto",
    "quinn",
    "quinn-proto",
    "rustls",
    "tokio-rustls",
    "native-tls",
    "openssl",
    "openssl-sys",
    "schannel",
    "security-framework",
    "s2n-quic",
    // Protocols, clients and servers.
    "h2",
    "h3",
    "hyper",
    "hyper-util",
    "reqwest",
    "ureq",
    "attohttpc",
    "minreq",
    "isahc",
    "surf",
    "curl",
    "curl-sys",
    "axum",
    "actix-web",
    "warp",
    "rocket",
    "tiny_http",
    "tower-http",
    "tonic",
    "tungstenite",
    "tokio-tungstenite",
    "async-nats",
    "nats",
    "ssh2",
    "russh",
    // Ours that is published by network, or fetched.
    "greatseal-registry",
    "greatseal-service",
];

/// The module of the standard library that opens sockets; split, so that this line is none.
const STD_NET: &str = concat!("std", "::net");

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error(
        "the offline build contains {package}: `cargo tree -p greatseal --no-default-features -i {package}` says why"
    )]
    Package { package: String },
    #[error("the offline build has no tree: `cargo tree` named {found} packages, without greatseal itself")]
    NoTree { found: usize },
    #[error("{file}: names {STD_NET}, and is in the offline build")]
    Source { file: String },
}

/// Judges what `cargo tree` printed: a package, its version and more on each line.
pub(super) fn judge_tree(tree: &str) -> Vec<Fault> {
    let names: Vec<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    // An empty answer would find nothing.
    if !names.contains(&super::rule::COMMAND) {
        return vec![Fault::NoTree { found: names.len() }];
    }
    let found = NETWORK.iter().filter(|package| names.contains(package));
    found.map(|package| Fault::Package { package: (*package).to_owned() }).collect()
}

/// What a source file begins with that is in no offline build.
const NOT_OFFLINE: &str = "#![cfg(feature = \"online\")]";

/// Judges one source file of the rooms in the build.
pub(super) fn judge_source(file: &Path, text: &str) -> Option<Fault> {
    let offline = !text.lines().any(|line| line == NOT_OFFLINE);
    (offline && text.contains(STD_NET)).then(|| Fault::Source { file: file.display().to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "greatseal v0.1.0 (/x/crates/cli)\ngreatseal-core v0.1.0 (/x)\nfutures v0.3.0\nclap v4.0.0\n";

    fn package(name: &str) -> Vec<Fault> {
        vec![Fault::Package { package: name.into() }]
    }

    #[test]
    fn a_tree_without_network_is_good() {
        assert_eq!(judge_tree(TREE), []);
        // Only whole names count.
        assert_eq!(judge_tree(&format!("{TREE}tokio-macros v1.0.0\nmiow v1.0.0\n")), []);
    }

    #[test]
    fn whatever_reaches_the_network_is_found_wherever_it_stands() {
        for name in NETWORK {
            assert_eq!(judge_tree(&format!("{TREE}{name} v1.0.0 (*)\n")), package(name));
            assert_eq!(judge_tree(&format!("{name} v1.0.0\n{TREE}")), package(name));
        }
    }

    #[test]
    fn no_tree_is_no_good_tree() {
        assert_eq!(judge_tree(""), [Fault::NoTree { found: 0 }]);
        assert_eq!(judge_tree("greatseal-core v0.1.0\n"), [Fault::NoTree { found: 1 }]);
    }

    #[test]
    fn sockets_of_the_standard_library_are_found() {
        let file = Path::new("crates/cli/src/x.rs");
        assert_eq!(judge_source(file, "use std::fs;"), None);
        assert_eq!(judge_source(file, &format!("{NOT_OFFLINE}\nuse {STD_NET}::TcpStream;")), None);
        let fault = Fault::Source { file: "crates/cli/src/x.rs".into() };
        assert_eq!(judge_source(file, &format!("use {STD_NET}::TcpStream;")), Some(fault));
    }
}
