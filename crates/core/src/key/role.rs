//! The roles of nkeys and their prefix bytes.

use core::fmt;

/// What a key may be used for, as its first letter says (`formats`: the table of nkeys).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// `O`: the top of a chain, or one of its signing keys.
    Operator,
    /// `A`: a tenant under an operator, or one of its signing keys.
    Account,
    /// `U`: a user of an account.
    User,
    /// `M`: a WebAssembly module or component.
    Module,
    /// `V`: a capability provider.
    Provider,
    /// `N`: a host.
    Host,
    /// `C`: a cluster of hosts.
    Cluster,
    /// `X`: an X25519 key, which signs nothing.
    Curve,
}

impl Role {
    /// Every role, in the order of the table in `docs/keys.md`.
    pub const ALL: [Self; 8] = [
        Self::Operator,
        Self::Account,
        Self::User,
        Self::Module,
        Self::Provider,
        Self::Host,
        Self::Cluster,
        Self::Curve,
    ];

    /// Returns the byte in front of the key: the letter's base32 value times eight.
    #[must_use]
    pub const fn prefix(self) -> u8 {
        match self {
            Self::Operator => 14 << 3,
            Self::Account => 0,
            Self::User => 20 << 3,
            Self::Module => 12 << 3,
            Self::Provider => 21 << 3,
            Self::Host => 13 << 3,
            Self::Cluster => 2 << 3,
            Self::Curve => 23 << 3,
        }
    }

    /// Returns the role of a prefix byte, or nothing for a byte that is none.
    #[must_use]
    pub const fn from_prefix(byte: u8) -> Option<Self> {
        match byte {
            112 => Some(Self::Operator),
            0 => Some(Self::Account),
            160 => Some(Self::User),
            96 => Some(Self::Module),
            168 => Some(Self::Provider),
            104 => Some(Self::Host),
            16 => Some(Self::Cluster),
            184 => Some(Self::Curve),
            _ => None,
        }
    }

    /// Returns the letter an nkey of this role begins with.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Operator => 'O',
            Self::Account => 'A',
            Self::User => 'U',
            Self::Module => 'M',
            Self::Provider => 'V',
            Self::Host => 'N',
            Self::Cluster => 'C',
            Self::Curve => 'X',
        }
    }

    /// Returns the word used on the command line and in messages.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Account => "account",
            Self::User => "user",
            Self::Module => "module",
            Self::Provider => "provider",
            Self::Host => "host",
            Self::Cluster => "cluster",
            Self::Curve => "curve",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

mod sealed {
    pub trait Sealed {}
}

/// A role as a type, for [`super::Key`].
pub trait KeyRole: sealed::Sealed {
    /// The role as a value.
    const ROLE: Role;
}

macro_rules! role_types {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {}
        impl sealed::Sealed for $name {}
        impl KeyRole for $name {
            const ROLE: Role = Role::$name;
        }
    )+};
}

role_types! {
    /// Marks operator keys.
    Operator,
    /// Marks account keys.
    Account,
    /// Marks user keys.
    User,
    /// Marks module keys.
    Module,
    /// Marks provider keys.
    Provider,
    /// Marks host keys.
    Host,
    /// Marks cluster keys.
    Cluster,
}

#[cfg(test)]
mod tests {
    use super::Role;

    #[test]
    fn prefix_and_letter_go_both_ways() {
        for role in Role::ALL {
            assert_eq!(Role::from_prefix(role.prefix()), Some(role));
            let first = data_encoding::BASE32_NOPAD.encode(&[role.prefix(), 0, 0, 0, 0]);
            assert_eq!(first.chars().next(), Some(role.letter()));
        }
        assert_eq!((0..=255).filter(|b| Role::from_prefix(*b).is_some()).count(), Role::ALL.len());
    }
}
