//! `test`: everything a change must pass, on a machine with the Rust toolchain and node.
//!
//! To add a step, write a function and give it a row in [`STEPS`]. Of the interoperability trees under
//! `interop/`, the tests run the one in node; the others are not built here: what they produced is committed.

use crate::arrows;
use crate::bench;
use crate::failure::Failure;
use crate::house::House;
use crate::node;
use crate::openbao;
use crate::secrets;
use crate::step::{self, Outcome, Step};
use crate::tool::{self, Found};

const STEPS: &[Step] = &[
    Step { name: "tools", run: tools },
    Step { name: "arrows", run: arrows },
    Step { name: "offline", run: offline },
    Step { name: "node", run: node::packages },
    Step { name: "openbao", run: openbao::server },
    Step { name: "tests", run: tests },
    Step { name: "secrets", run: secrets::search },
    Step { name: "contract", run: contract },
    Step { name: "backends", run: backends },
];

/// All packages but the one that measures, so that no test compiles a peer's tree.
/// With every place for keys, though each is outside the default build.
const EVERYTHING: [&str; 5] = ["--workspace", "--exclude", bench::PACKAGE, "--features", "greatseal/every-custody"];

/// Backends of curve25519-dalek, apart from the one in `.cargo/config.toml` that all tests use.
const OTHER_BACKENDS: &[&str] = &["serial", "fiat"];

/// Runs a folder of vectors against the built command, as a stranger would.
const CONTRACT: &str = "vectors/run.py";
/// The families that the contract knows, each a folder with a `manifest.json` under `vectors/`.
const CONTRACT_FAMILIES: &[&str] = &["wascap", "ucan"];

pub(crate) fn run(house: &House, _arguments: &[String]) -> Result<(), Failure> {
    step::run_all(house, "test", STEPS)
}

fn tools(house: &House) -> Result<Outcome, Failure> {
    for tool in tool::FOR_TESTS {
        match tool.find(house)? {
            Found::At(_) => println!("{}: present", tool.name),
            Found::Absent(reason) => println!("{}: absent, {reason}", tool.name),
        }
    }
    Ok(Outcome::Done)
}

fn arrows(house: &House) -> Result<Outcome, Failure> {
    arrows::run(house, &[])?;
    Ok(Outcome::Done)
}

/// The build for the offline machine stands by itself; what may not be in it is told by the arrows.
fn offline(house: &House) -> Result<Outcome, Failure> {
    house.cargo(["check", "--package", "greatseal", "--no-default-features"]).run()?;
    Ok(Outcome::Done)
}

pub(crate) fn tests(house: &House) -> Result<Outcome, Failure> {
    let sight = secrets::Sight::of_tests(house)?;
    match tool::NEXTEST.find(house)? {
        Found::At(_) => {
            // Nextest runs no documentation tests. They come first, so that its summary ends the step.
            house.cargo(["test", "--doc"]).args(EVERYTHING).run()?;
            sight.over(house.cargo(["nextest", "run"])).args(EVERYTHING).arg("--no-fail-fast").run()?;
        }
        Found::Absent(_) => sight.over(house.cargo(["test"])).args(EVERYTHING).arg("--no-fail-fast").run()?,
    }
    Ok(Outcome::Done)
}

fn contract(house: &House) -> Result<Outcome, Failure> {
    if !house.root.join(CONTRACT).is_file() {
        return Ok(Outcome::Skipped(format!("{CONTRACT} is not in this tree")));
    }
    let python = match tool::PYTHON.find(house)? {
        Found::At(path) => path,
        Found::Absent(reason) => {
            return Ok(Outcome::Skipped(format!("python3 is missing: {reason}")));
        }
    };
    house.cargo(["build", "--package", "greatseal"]).run()?;
    let command = house.target.join("debug").join(format!("greatseal{}", std::env::consts::EXE_SUFFIX));
    for family in CONTRACT_FAMILIES {
        let folder = format!("vectors/{family}");
        if house.root.join(&folder).join("manifest.json").is_file() {
            house.program(&python).args(["-B", CONTRACT]).arg(&command).args([family, folder.as_str()]).run()?;
        }
    }
    Ok(Outcome::Done)
}

fn backends(house: &House) -> Result<Outcome, Failure> {
    for backend in OTHER_BACKENDS {
        house
            .cargo(["test", "--package", "greatseal-core", "--test", "ed25519_vectors"])
            // The variable replaces the flags of .cargo/config.toml, and the encoded one would win over it.
            .without_env("CARGO_ENCODED_RUSTFLAGS")
            .env("RUSTFLAGS", format!("--cfg curve25519_dalek_backend=\"{backend}\""))
            .env("CARGO_TARGET_DIR", house.target.join(format!("backend-{backend}")))
            .run()?;
    }
    Ok(Outcome::Done)
}
