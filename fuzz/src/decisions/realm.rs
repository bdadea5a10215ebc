//! A few tokens of a few keys, as the input has them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use data_encoding::{BASE64URL_NOPAD, HEXUPPER};
use ed25519_zebra::{SigningKey, VerificationKeyBytes};
use greatseal_core::decide::Candidate;
use greatseal_core::key::{self, Nkey, RawKey, Role};
use greatseal_core::{Policy, StatementId, Timestamp, View};
use greatseal_token::wascap::{Claims, decode, pin};
use sha2::{Digest, Sha256};

use crate::input::Input;
use crate::naive::token::HEADER;

/// How many keys there are; their seeds are fixed and protect nothing.
pub const KEYS: usize = 16;

/// How many anchors an input names.
pub const ANCHORS: usize = 3;

/// Most tokens of one realm.
const STATEMENTS: usize = 8;

/// Most signatures that are remembered.
const REMEMBERED: usize = 20_000;

/// The instant of every decision.
pub const NOW: u64 = 1_800_000_000;

/// Seconds around `now`, where rules change and between.
const OFFSETS: [i64; 16] =
    [-1000, -999, -500, -500, -301, -300, -299, -1, 0, 1, 299, 300, 301, 1000, i64::MIN, i64::MAX];

/// Files that modules are issued for.
pub(super) const FILES: [&[u8]; 2] = [b"\0asm\x01\0\0\0", b"\0asm\x0d\0\x01\0\0\x05\x04note"];

static SECRETS: LazyLock<[(SigningKey, RawKey); KEYS]> = LazyLock::new(|| {
    std::array::from_fn(|number| {
        let secret = SigningKey::from(<[u8; 32]>::from(Sha256::digest(format!("fuzz, protects nothing: {number}"))));
        (secret, RawKey::new(VerificationKeyBytes::from(&secret).into()))
    })
});

static HASHES: LazyLock<[String; 2]> = LazyLock::new(|| FILES.map(|file| HEXUPPER.encode(&Sha256::digest(file))));

/// What a token is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Operator,
    Account,
    Module,
    Provider,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Operator, Self::Account, Self::Module, Self::Provider];

    const fn role(self) -> Role {
        match self {
            Self::Operator => Role::Operator,
            Self::Account => Role::Account,
            Self::Module => Role::Module,
            Self::Provider => Role::Provider,
        }
    }

    /// The role of those who issue it.
    const fn issuer(self) -> Role {
        match self {
            Self::Operator | Self::Account => Role::Operator,
            Self::Module | Self::Provider => Role::Account,
        }
    }
}

/// One of the keys under some letter.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) role: Role,
    pub(super) key: usize,
}

impl Name {
    pub(super) fn nkey(self) -> Nkey {
        Nkey::new(self.role, SECRETS[self.key].1)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.role.letter(), self.key)
    }
}

/// A token, and what the rules have to know of it.
#[derive(Clone)]
pub(super) struct Statement {
    pub(super) kind: Kind,
    pub(super) subject: Name,
    pub(super) issuer: Name,
    pub(super) signers: Vec<usize>,
    pub(super) issued_at: u64,
    pub(super) not_before: Option<u64>,
    pub(super) expires: Option<u64>,
    /// Whether the issuer signed exactly these bytes.
    pub(super) genuine: bool,
    /// Which file a module was issued for.
    pub(super) file: usize,
    pub(super) token: Vec<u8>,
    pub(super) id: StatementId,
}

impl fmt::Debug for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |at: Option<u64>| at.map(|at| i128::from(at) - i128::from(NOW));
        write!(f, "{:?} by {:?} lists {:?}", self.subject, self.issuer, self.signers)?;
        write!(f, " iat {:?} nbf {:?}", seconds(Some(self.issued_at)), seconds(self.not_before))?;
        write!(f, " exp {:?} genuine {} id {:.8}", seconds(self.expires), self.genuine, self.id.to_string())
    }
}

/// What is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    Operator(usize),
    Account(usize),
    OperatorToken(StatementId),
    AccountToken(StatementId),
}

/// Tokens, anchors and a policy.
#[derive(Debug)]
pub(super) struct Realm {
    pub(super) relaxed: bool,
    pub(super) statements: Vec<Statement>,
    pub(super) trusted: Vec<Trust>,
    pub(super) chosen: usize,
    turn: u8,
}

/// One token as the input writes it.
#[derive(Clone, Copy)]
pub struct Record {
    /// What it is about.
    pub kind: Kind,
    /// Writes `null` instead of an empty list.
    pub null: bool,
    /// Which of the files a module is issued for.
    pub file: u8,
    /// Under which letter the issuer stands: zero for the usual one.
    pub role: u8,
    /// The subject's key.
    pub subject: u8,
    /// The issuer's key.
    pub issuer: u8,
    /// The listed keys, a bit each.
    pub signers: u16,
    /// `iat`, as an offset.
    pub issued_at: Offset,
    /// `nbf` as an offset from now, absent where it is the least of all.
    pub not_before: Offset,
    /// `exp` as an offset from now, absent where it is the greatest of all.
    pub expires: Offset,
    /// What was done to it afterwards, where and how.
    pub damage: [u8; 3],
}

/// One of [`OFFSETS`].
#[derive(Clone, Copy)]
pub struct Offset(u8);

impl Offset {
    /// The start of time.
    pub const FIRST: Self = Self(14);
    /// The end of time.
    pub const LAST: Self = Self(15);

    /// Finds the offset that is closest to so many seconds.
    pub fn nearest(seconds: i64) -> Self {
        let near = (0..14u8).min_by_key(|at| OFFSETS[usize::from(*at)].abs_diff(seconds));
        Self(near.unwrap_or_default())
    }

    fn at(self) -> u64 {
        NOW.saturating_add_signed(OFFSETS[usize::from(self.0 & 15)])
    }
}

/// One anchor as the input writes it.
#[derive(Clone, Copy)]
pub enum Anchor {
    /// None.
    Nothing,
    /// An operator's key.
    Operator(u8),
    /// An account's key.
    Account(u8),
    /// The token at this place.
    Pin(u8),
}

/// Writes an input.
pub fn write(relaxed: bool, anchors: [Anchor; ANCHORS], turn: u8, chosen: u8, records: &[Record]) -> Vec<u8> {
    let mut out = vec![u8::from(relaxed)];
    for anchor in anchors {
        out.extend(match anchor {
            Anchor::Nothing => [0, 0],
            Anchor::Operator(key) => [1, key],
            Anchor::Account(key) => [2, key],
            Anchor::Pin(token) => [3, token],
        });
    }
    out.extend([turn, chosen]);
    for record in records {
        let kind = Kind::ALL.iter().position(|kind| *kind == record.kind).unwrap_or_default() as u8;
        let [low, high] = record.signers.to_le_bytes();
        let [damage, place, by] = record.damage;
        out.extend([
            kind | u8::from(record.null) << 2 | record.file << 3 | record.role << 4,
            record.subject << 4 | record.issuer,
            low,
            high,
            record.issued_at.0 << 4 | damage,
            record.not_before.0 << 4 | record.expires.0,
            place,
            by,
        ]);
    }
    out
}

impl Record {
    fn read(input: &mut Input<'_>) -> Self {
        let [flags, keys, low, high, issued, times, place, by] = input.array();
        Self {
            kind: Kind::ALL[usize::from(flags & 3)],
            null: flags & 4 != 0,
            file: flags >> 3 & 1,
            role: flags >> 4,
            subject: keys >> 4,
            issuer: keys & 15,
            signers: u16::from_le_bytes([low, high]),
            issued_at: Offset(issued >> 4),
            not_before: Offset(times >> 4),
            expires: Offset(times & 15),
            damage: [issued & 15, place, by],
        }
    }

    /// Writes and signs the token, and damages it.
    fn sign(self) -> Option<Statement> {
        let key = usize::from;
        let role = Role::ALL.get(key(self.role).wrapping_sub(8)).copied().unwrap_or(self.kind.issuer());
        let subject = Name { role: self.kind.role(), key: key(self.subject) };
        let issuer = Name { role, key: key(self.issuer) };
        let listing = matches!(self.kind, Kind::Operator | Kind::Account);
        let signers: Vec<usize> = (0..KEYS).filter(|key| listing && self.signers >> key & 1 == 1).collect();
        let not_before = (self.not_before.0 != Offset::FIRST.0).then(|| self.not_before.at());
        let expires = (self.expires.0 != Offset::LAST.0).then(|| self.expires.at());
        let mut statement = Statement {
            kind: self.kind,
            subject,
            issuer,
            signers,
            issued_at: self.issued_at.at(),
            not_before,
            expires,
            genuine: true,
            file: key(self.file),
            token: Vec::new(),
            id: StatementId::of(&[]),
        };
        let header = BASE64URL_NOPAD.encode(HEADER);
        let message = format!("{header}.{}", BASE64URL_NOPAD.encode(statement.json(self.null).as_bytes()));
        let [damage, place, by] = self.damage;
        // Another key signs, or the right one.
        let signer = if damage == 1 { key(by) % KEYS } else { issuer.key };
        let signature = signature(signer, &message);
        statement.genuine = signer == issuer.key;
        statement.token = format!("{message}.{}", BASE64URL_NOPAD.encode(&signature)).into_bytes();
        // Something is changed on the way.
        let (from, length) = match damage {
            2 => (message.len() + 1, 86),
            3 => (header.len() + 1, message.len() - header.len() - 1),
            _ => (0, 0),
        };
        if length > 0 {
            let at = from + key(place) * length / 256;
            statement.genuine &= by == 0;
            statement.token[at] ^= by;
        }
        // What does not decode was not supplied: whatever was read is as signed, or not genuine.
        let decoded = decode(&statement.token).ok()?;
        statement.id = decoded.id();
        Some(statement)
    }
}

/// Signs, or remembers: inputs that follow each other have most of their tokens in common.
fn signature(signer: usize, message: &str) -> [u8; 64] {
    thread_local! {
        static SIGNED: RefCell<BTreeMap<(usize, String), [u8; 64]>> = const { RefCell::new(BTreeMap::new()) };
    }
    SIGNED.with_borrow_mut(|signed| {
        if signed.len() > REMEMBERED {
            signed.clear();
        }
        let sign = || SECRETS[signer].0.sign(message.as_bytes()).to_bytes();
        *signed.entry((signer, message.to_owned())).or_insert_with(sign)
    })
}

impl Statement {
    /// Writes the claims: no encoder of ours takes all of these.
    fn json(&self, null: bool) -> String {
        let listed: Vec<String> = self
            .signers
            .iter()
            .map(|key| format!("\"{}\"", Name { role: self.subject.role, key: *key }.nkey()))
            .collect();
        let fields = match self.kind {
            Kind::Operator | Kind::Account if null && listed.is_empty() => r#""valid_signers":null"#.to_owned(),
            Kind::Operator | Kind::Account => format!(r#""valid_signers":[{}]"#, listed.join(",")),
            Kind::Module => format!(r#""hash":"{}","prov":false"#, HASHES[self.file]),
            Kind::Provider => r#""vendor":"v","target_hashes":{}"#.to_owned(),
        };
        let time = |name: &str, at: Option<u64>| at.map(|at| format!(r#","{name}":{at}"#)).unwrap_or_default();
        format!(
            r#"{{"jti":"j","iat":{},"iss":"{}","sub":"{}"{}{},"wascap":{{"name":"n",{fields}}},"wascap_revision":3}}"#,
            self.issued_at,
            self.issuer.nkey(),
            self.subject.nkey(),
            time("exp", self.expires),
            time("nbf", self.not_before),
        )
    }
}

impl Realm {
    pub(super) fn read(input: &mut Input<'_>) -> Self {
        let relaxed = input.byte() & 1 == 1;
        let anchors: [[u8; 2]; ANCHORS] = std::array::from_fn(|_| input.array());
        let [turn, chosen] = input.array();
        let mut statements = Vec::new();
        let mut seen = 0;
        while !input.is_empty() && seen < STATEMENTS {
            seen += 1;
            statements.extend(Record::read(input).sign());
        }
        let trusted = anchors
            .into_iter()
            .filter_map(|[kind, which]| match kind % 4 {
                1 => Some(Trust::Operator(usize::from(which) % KEYS)),
                2 => Some(Trust::Account(usize::from(which) % KEYS)),
                3 => {
                    // What was damaged may have become a listing of somebody else, or none.
                    let token = &statements.get(usize::from(which) % STATEMENTS)?.token;
                    match pin(&decode(token).ok()?)? {
                        greatseal_core::Anchor::OperatorToken { id, .. } => Some(Trust::OperatorToken(id)),
                        greatseal_core::Anchor::AccountToken { id, .. } => Some(Trust::AccountToken(id)),
                        greatseal_core::Anchor::Operator(_)
                        | greatseal_core::Anchor::Account(_)
                        | greatseal_core::Anchor::Root(_)
                        | greatseal_core::Anchor::Subject => None,
                    }
                }
                _ => None,
            })
            .collect();
        let chosen = usize::from(chosen).checked_rem(statements.len()).unwrap_or_default();
        Self { relaxed, statements, trusted, chosen, turn }
    }

    pub(super) fn view(&self) -> View {
        let policy = if self.relaxed { Policy::Relaxed } else { Policy::Strict };
        let pinned = |id: &StatementId| {
            let statement = self.statements.iter().find(|statement| statement.id == *id).expect("it was found here");
            pin(&decode(&statement.token).expect("it has decoded")).expect("it is a listing")
        };
        let anchors = self
            .trusted
            .iter()
            .map(|trust| match trust {
                Trust::Operator(key) => greatseal_core::Anchor::Operator(key::Key::new(SECRETS[*key].1)),
                Trust::Account(key) => greatseal_core::Anchor::Account(key::Key::new(SECRETS[*key].1)),
                Trust::OperatorToken(id) | Trust::AccountToken(id) => pinned(id),
            })
            .collect();
        View::new(policy, anchors, Timestamp::from_secs(NOW))
    }

    pub(super) fn candidate(&self, index: usize) -> Candidate<Claims> {
        Candidate::Decoded(decode(&self.statements[index].token).expect("it has decoded"))
    }

    pub(super) fn candidates(&self, indexes: &[usize]) -> Vec<Candidate<Claims>> {
        indexes.iter().map(|index| self.candidate(*index)).collect()
    }

    /// The tokens in one of their other orders.
    pub(super) fn reordered(&self) -> Vec<usize> {
        let mut left: Vec<usize> = (0..self.statements.len()).collect();
        let mut turn = usize::from(self.turn) + 1;
        let mut order = Vec::new();
        while !left.is_empty() {
            order.push(left.remove(turn % left.len()));
            turn = turn * 7 + 3;
        }
        order
    }
}
