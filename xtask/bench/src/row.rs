//! The rows of the report and their bars: the one list that a run is checked against.

use Bar::{AtLeast, AtMost, Reported};

/// Processors whose bars differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Machine {
    /// AVX-512 IFMA, which the fastest backend of the curve uses.
    Ifma,
    /// Everything else; the bars are those of AVX2.
    Avx2,
}

impl Machine {
    /// Asks the processor, as the backend itself does.
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx512ifma") && std::arch::is_x86_feature_detected!("avx512vl") {
            return Self::Ifma;
        }
        Self::Avx2
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Ifma => "ifma",
            Self::Avx2 => "avx2",
        }
    }
}

/// What a row has to reach.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bar {
    /// A ratio to the baseline that may not be exceeded.
    AtMost {
        /// Where the processor has AVX-512 IFMA.
        ifma: f64,
        /// Everywhere else.
        avx2: f64,
    },
    /// A ratio that has to be reached.
    AtLeast(f64),
    /// None: the row is there to be compared with.
    Reported,
}

impl Bar {
    /// Returns the number, where there is one.
    pub(crate) const fn number(self, machine: Machine) -> Option<f64> {
        match (self, machine) {
            (AtMost { ifma, .. }, Machine::Ifma) => Some(ifma),
            (AtMost { avx2, .. }, Machine::Avx2) => Some(avx2),
            (AtLeast(least), _) => Some(least),
            (Reported, _) => None,
        }
    }

    /// Says whether a ratio reaches the bar; nothing to say where there is none.
    pub(crate) fn met(self, machine: Machine, ratio: f64) -> Option<bool> {
        let number = self.number(machine)?;
        Some(match self {
            AtMost { .. } => ratio <= number,
            AtLeast(_) | Reported => ratio >= number,
        })
    }

    /// Returns the sign in front of the number.
    pub(crate) const fn sign(self) -> &'static str {
        match self {
            AtMost { .. } => "≤",
            AtLeast(_) => "≥",
            Reported => "",
        }
    }
}

/// One row of the report; names are stable.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// What the ratio counts.
    pub(crate) unit: &'static str,
    pub(crate) bar: Bar,
}

/// The same number of verifications as the chain has signatures, timed as one.
const SAME: &str = "as many verify_strict";
const TOKEN: &str = "verify_strict per token";
const CHAIN: &str = "verify_strict per chain";

/// Every row, in the order of the report. Bars: `docs/performance.md`.
pub(crate) const ROWS: &[Row] = &[
    Row { name: "token-cold", unit: TOKEN, bar: AtMost { ifma: 0.75, avx2: 1.05 } },
    Row { name: "chain-3-cold", unit: CHAIN, bar: AtMost { ifma: 3.0 * 0.60, avx2: 3.0 * 0.80 } },
    Row { name: "chain-4-cold", unit: CHAIN, bar: AtMost { ifma: 4.0 * 0.60, avx2: 4.0 * 0.80 } },
    Row { name: "chain-upper-warm", unit: CHAIN, bar: AtMost { ifma: 0.72, avx2: 1.05 } },
    Row { name: "chain-4-warm", unit: CHAIN, bar: AtMost { ifma: 0.04, avx2: 0.04 } },
    Row { name: "bulk-64-distinct", unit: TOKEN, bar: AtMost { ifma: 0.45, avx2: 0.55 } },
    Row { name: "bulk-512-distinct", unit: TOKEN, bar: AtMost { ifma: 0.40, avx2: 0.47 } },
    Row { name: "bulk-256-16-issuers", unit: TOKEN, bar: AtMost { ifma: 0.26, avx2: 0.32 } },
    Row { name: "bulk-64-distinct-two-cores", unit: TOKEN, bar: Reported },
    Row { name: "bulk-512-distinct-two-cores", unit: TOKEN, bar: Reported },
    Row { name: "bulk-256-16-issuers-two-cores", unit: TOKEN, bar: Reported },
    Row { name: "bulk-two-cores", unit: "times one core", bar: AtLeast(1.8) },
    Row { name: "module-verify", unit: "SHA-256 of the file", bar: Reported },
    Row { name: "followed-1-cold", unit: CHAIN, bar: Reported },
    Row { name: "followed-1-warm", unit: CHAIN, bar: Reported },
    Row { name: "followed-3-cold", unit: CHAIN, bar: Reported },
    Row { name: "followed-3-warm", unit: CHAIN, bar: Reported },
    Row { name: "irrelevant-1000-cold", unit: CHAIN, bar: Reported },
    Row { name: "irrelevant-1000-beyond-reading", unit: "the decision without them, and reading them", bar: Reported },
    Row { name: "ucan-1-cold", unit: SAME, bar: AtMost { ifma: 0.70, avx2: 0.90 } },
    Row { name: "ucan-1-upper-warm", unit: CHAIN, bar: Reported },
    Row { name: "ucan-3-cold", unit: SAME, bar: AtMost { ifma: 0.60, avx2: 0.80 } },
    Row { name: "ucan-3-upper-warm", unit: CHAIN, bar: Reported },
    Row { name: "ucan-10-cold", unit: SAME, bar: AtMost { ifma: 0.50, avx2: 0.70 } },
    Row { name: "ucan-10-upper-warm", unit: CHAIN, bar: Reported },
    Row { name: "ucan-3-p256-cold", unit: SAME, bar: Reported },
    Row { name: "ucan-worst-policy", unit: CHAIN, bar: Reported },
    Row { name: "ucan-worst-glob", unit: CHAIN, bar: Reported },
    Row { name: "ucan-worst-nesting", unit: CHAIN, bar: Reported },
    Row { name: "ucan-chain-64-full-policies", unit: SAME, bar: Reported },
    Row { name: "peer-iso-ucan-1", unit: SAME, bar: Reported },
    Row { name: "peer-iso-ucan-3", unit: SAME, bar: Reported },
    Row { name: "peer-iso-ucan-10", unit: SAME, bar: Reported },
    Row { name: "peer-wascap-token", unit: TOKEN, bar: Reported },
    Row { name: "peer-biscuit-2-blocks-verify", unit: CHAIN, bar: Reported },
    Row { name: "peer-biscuit-2-blocks-authorize", unit: CHAIN, bar: Reported },
];
