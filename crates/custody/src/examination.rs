//! What a place says of a key when it is asked.

use greatseal_core::key::PublicKey;

/// What a place says of the key that it holds now. Its own word, and no proof of anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examination {
    /// The public key that it holds, or that signs there now.
    pub public_key: PublicKey,
    /// How the private half came there.
    pub origin: Origin,
    /// Whether the private half can leave.
    pub extractable: Extractable,
    /// Which versions there are, where keys have some.
    pub version: Option<Versions>,
    /// What we may do there beyond signing and reading the public key.
    pub rights: Rights,
    /// Whether uses are recorded.
    pub audit: Audit,
}

/// How a private key came to be where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Generated inside, says the place.
    GeneratedInside,
    /// Brought in from outside.
    Imported,
    /// The place does not say.
    Unknown,
}

/// Whether a private key can leave the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extractable {
    /// Never, says the place.
    Never,
    /// Not as things are; somebody with the right to configure it can change that.
    Configurable,
    /// It can.
    Yes,
    /// The place does not say.
    Unknown,
}

/// The versions of a key in a place that rotates under one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// The one that is pinned.
    pub pinned: u64,
    /// The newest.
    pub latest: u64,
    /// The oldest that still signs.
    pub least: u64,
}

/// What our own access allows beyond signing and reading the public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rights {
    /// What is listed, and nothing if the list is empty: `rotate`, `export`, `configure`, …
    Beyond(Vec<String>),
    /// Whoever reaches the place may use everything in it.
    Everything,
    /// The place does not say.
    Unknown,
}

/// Whether the place records the uses of its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audit {
    /// It does.
    On,
    /// It does not.
    Off,
    /// It does not say, or not to us.
    Unknown,
}
