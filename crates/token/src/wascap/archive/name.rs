//! The names of files in a provider archive, and the keys they are hashed under.

use core::fmt;

use greatseal_core::limits::TARGET_CHARS;

/// The token.
const CLAIMS: &str = "claims.jwt";

/// The WIT world, encoded as a component; hashed under its whole name.
const WORLD: &str = "world.wasm";

/// The ending of programs.
const PROGRAM: &str = ".bin";

/// Names that the reference reads as something else, whatever their ending.
const RESERVED: [&str; 3] = ["claims", "world", WORLD];

/// One of the names that a file of a provider archive can have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// `claims.jwt`.
    Claims,
    /// `world.wasm`.
    World,
    /// `TARGET.bin`.
    Target(Target),
}

impl Name {
    /// Reads a name as it stands in a header.
    pub(super) fn parse(name: &[u8]) -> Result<Self, &'static str> {
        let name = core::str::from_utf8(name).map_err(|_| "has a name that is no text")?;
        match name {
            CLAIMS => return Ok(Self::Claims),
            WORLD => return Ok(Self::World),
            _ => {}
        }
        if name.contains(['/', '\\']) {
            return Err("stands in a folder");
        }
        let target = name.strip_suffix(PROGRAM).ok_or("is neither claims.jwt nor world.wasm nor TARGET.bin")?;
        Target::parse(target).map(Self::Target)
    }

    /// Returns the name under `target_hashes`; the token's own is never there.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Claims => CLAIMS,
            Self::World => WORLD,
            Self::Target(target) => target.as_str(),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claims | Self::World => f.write_str(self.key()),
            Self::Target(target) => write!(f, "{target}{PROGRAM}"),
        }
    }
}

/// A machine and an operating system, like `x86_64-linux`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target(String);

impl Target {
    /// Reads a target's name.
    ///
    /// # Errors
    /// What is wrong with it, after the name: it has at most 64 ASCII letters, digits and `-_.`,
    /// begins with a letter or digit, and is none of the names with another meaning.
    pub fn parse(target: &str) -> Result<Self, &'static str> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if RESERVED.contains(&target) {
            Err("has a name that means something else to other readers")
        } else if !target.starts_with(|c: char| c.is_ascii_alphanumeric()) || !target.chars().all(plain) {
            Err("is no target: letters, digits and -_. make one, like x86_64-linux")
        } else if target.len() > TARGET_CHARS {
            Err("has a longer name than any target")
        } else {
            Ok(Self(target.into()))
        }
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn names_are_what_they_are_and_nothing_near() {
        for name in ["claims.jwt", "world.wasm", "x86_64-linux.bin", "a.b.bin", "1.bin"] {
            assert_eq!(Name::parse(name.as_bytes()).unwrap().to_string(), name);
        }
        let long = format!("{}.bin", "x".repeat(65));
        for name in [
            "",
            "x",
            ".bin",
            "..bin",
            "../x.bin",
            "/x.bin",
            "a/x.bin",
            "a\\x.bin",
            "x.bin/",
            "./claims.jwt",
            "claims.bin",
            "world.bin",
            "world.wasm.bin",
            "Claims.jwt",
            "claims.jwt ",
            "x.so",
            "-x.bin",
            "é.bin",
            "x\n.bin",
            &long,
        ] {
            assert!(Name::parse(name.as_bytes()).is_err(), "{name}");
        }
        assert!(Name::parse(b"\xff.bin").is_err());
    }
}
