//! The peer in node, `iso-ucan`, on the same chains in the same run (`interop/iso-ucan/bench.mjs`).
//!
//! It takes turns with our rounds, a few times in a run, and says its medians; the lowest decile of
//! those is the figure, as of everything else. Without node or its packages the rows are left out.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::material::NOW;
use crate::measure::{Measured, quantile};
use crate::report::Figure;
use crate::ucan;

const PEER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../interop/iso-ucan");
/// Rows of the peer, the case that each is about, and the row of ours with the same verifications.
pub(crate) const ROWS: [(&str, &str, &str); 3] = [
    ("peer-iso-ucan-1", "chain-1", "ucan-1-cold"),
    ("peer-iso-ucan-3", "chain-3", "ucan-3-cold"),
    ("peer-iso-ucan-10", "chain-10", "ucan-10-cold"),
];
/// How often it verifies each chain at each turn.
const ROUNDS: usize = 20;

/// The peer, and what it said so far.
pub(crate) struct IsoUcan {
    folder: PathBuf,
    micros: BTreeMap<&'static str, Vec<f64>>,
    /// Why there is nothing more to be had from it.
    missing: Option<String>,
}

impl IsoUcan {
    /// Writes the chains into a folder of its own.
    pub(crate) fn new() -> Result<Self, Failure> {
        let folder = std::env::temp_dir().join(format!("greatseal-bench-{}", std::process::id()));
        let missing = if Path::new(PEER).join("node_modules").is_dir() {
            write_cases(&folder).err().map(|problem| problem.to_string())
        } else {
            Some("its packages are not installed: `npm ci --ignore-scripts` in interop/iso-ucan".to_owned())
        };
        Ok(Self { folder, micros: BTreeMap::new(), missing })
    }

    /// Takes a turn.
    pub(crate) fn turn(&mut self) {
        if self.missing.is_some() {
            return;
        }
        match self.ask() {
            Ok(found) => {
                for (_, case, _) in ROWS {
                    match found.get(case).and_then(Value::as_f64) {
                        Some(micros) => self.micros.entry(case).or_default().push(micros),
                        None => self.missing = Some(format!("bench.mjs said nothing of {case}")),
                    }
                }
            }
            Err(problem) => self.missing = Some(problem),
        }
    }

    fn ask(&self) -> Result<Value, String> {
        let mut node = Command::new("node");
        node.current_dir(PEER).arg("bench.mjs").arg(&self.folder).arg(ROUNDS.to_string());
        let output = node.output().map_err(|problem| format!("node: {problem}"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("bench.mjs failed: {}", said.lines().next().unwrap_or("without a word")));
        }
        serde_json::from_slice(&output.stdout).map_err(|problem| format!("bench.mjs: {problem}"))
    }

    /// Returns its figures, or why there are none.
    pub(crate) fn figures(self, measured: &[Measured]) -> Result<Vec<Figure>, String> {
        if let Some(missing) = &self.missing {
            return Err(missing.clone());
        }
        let figure = |(name, case, ours): (&'static str, &str, &str)| {
            let mut micros = self.micros.get(case)?.clone();
            micros.sort_by(f64::total_cmp);
            let found = quantile(&micros, 0.1);
            let baseline = 1e6 * measured.iter().find(|it| it.name == ours)?.baseline;
            let detail = format!(
                "iso-ucan 0.5.0 in node, the same chain, its delegations in any order ({found:.0} of {baseline:.1} µs; {} turns)",
                micros.len()
            );
            Some(Figure { name, ratio: found / baseline, detail })
        };
        ROWS.into_iter().map(figure).collect::<Option<_>>().ok_or_else(|| "it had no turn".to_owned())
    }
}

impl Drop for IsoUcan {
    fn drop(&mut self) {
        // Left in the temporary folder, where it cannot be removed.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn write_cases(folder: &Path) -> Result<(), io::Error> {
    let chains = ucan::for_peers().map_err(io::Error::other)?;
    let mut cases = Vec::new();
    for chain in chains {
        let name = format!("chain-{}", chain.length);
        let proofs = folder.join(&name).join("proofs");
        fs::create_dir_all(&proofs)?;
        fs::write(folder.join(&name).join("token.ucan"), chain.invocation)?;
        for (at, token) in chain.delegations.iter().enumerate() {
            fs::write(proofs.join(format!("{:02}.ucan", at + 1)), token)?;
        }
        cases.push(json!({"name": name, "expect": "accept", "at": NOW, "audience": ucan::audience()}));
    }
    fs::write(folder.join("cases.json"), json!(cases).to_string())
}
