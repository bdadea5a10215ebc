//! Every bound in one place, each with its unit and its reason.

/// Bytes of one wascap token. Real ones are under 2 KiB; 64 KiB holds a listing of 800 keys.
pub const TOKEN_BYTES: usize = 64 * 1024;

/// Bytes of one UCAN: arguments travel inside (DESIGN section 12).
pub const UCAN_BYTES: usize = 1024 * 1024;

/// Levels of nesting in CBOR, so that no input can exhaust the stack.
pub const CBOR_DEPTH: usize = 64;

/// Delegations of one chain.
pub const CHAIN_LINKS: usize = 64;

/// Tokens of one call: the delegations of a chain, and the invocation.
pub const CALL_TOKENS: usize = CHAIN_LINKS + 1;

/// Bytes of the header that carries a call: a chain of ten delegations takes five thousand; servers
/// allow more in all.
pub const HEADER_BYTES: usize = 64 * 1024;

/// Bytes of a nonce, as the UCAN specification recommends: 2^48 invocations before two are likely to
/// be alike.
pub const NONCE_BYTES: usize = 12;

/// Bytes of one command: real ones are under a hundred.
pub const COMMAND_BYTES: usize = 1024;

/// Bytes of one policy as encoded.
pub const POLICY_BYTES: usize = 64 * 1024;

/// Steps that the policies of one decision may take: each look at a value, a character or a
/// statement is one; real policies take some hundred, and the worst chain is refused in milliseconds.
pub const POLICY_STEPS: u64 = 1_000_000;

/// Bytes of a container as it lies, and inflated (DESIGN section 12).
pub const CONTAINER_BYTES: usize = 16 * 1024 * 1024;

/// Tokens of one container.
pub const CONTAINER_TOKENS: usize = 4096;

/// Bytes of all tokens that one decision verifies together, so that a flood of look-alikes stays
/// a bounded amount of work (DESIGN section 3).
pub const CHAIN_BYTES: usize = 4 * 1024 * 1024;

/// Levels of nesting in JSON, so that no input can exhaust the stack.
pub const JSON_DEPTH: usize = 64;

/// Bytes of one WebAssembly module or component.
pub const MODULE_BYTES: u64 = 64 * 1024 * 1024;

/// Levels of components within components.
pub const MODULE_DEPTH: usize = 64;

/// Sections and functions of one module: engines run no more than a million functions, and a walk
/// over more would take longer than hashing the file.
pub const MODULE_PARTS: u32 = 1_000_000;

/// Bytes of one provider archive, as it lies and unpacked: a provider for a dozen targets takes a
/// quarter of that. It is hashed as it is read, so this bounds time, not memory.
pub const ARCHIVE_BYTES: u64 = 512 * 1024 * 1024;

/// How many times its compressed bytes an archive may unpack to: executables take a third to a half.
pub const ARCHIVE_RATIO: u64 = 100;

/// Unpacked bytes from which on the ratio is held; small archives are mostly padding.
pub const ARCHIVE_UNRATED_BYTES: u64 = 1024 * 1024;

/// Files of one provider archive: one for each target; a token of 64 KiB could hold some 500 hashes.
pub const ARCHIVE_FILES: usize = 256;

/// Characters of a target's name, so that it fits a plain tar header with its ending.
pub const TARGET_CHARS: usize = 64;

/// Seconds an `iat` may lie ahead of `now`: clocks differ, thieves choose (formats, rule 7).
pub const CLOCK_SKEW_SECONDS: u64 = 5 * 60;

/// Seconds after its expiry in which an operator token is still followed to its successor: 400 days
/// (rule 6 of succession).
pub const FOLLOWED_SECONDS: u64 = 400 * 24 * 60 * 60;

/// Tokens a verifier remembers.
pub const REMEMBERED_TOKENS: usize = 4096;

/// Keys whose points a verifier remembers: those that sign day by day; 50 KiB.
pub const REMEMBERED_KEYS: usize = 256;

/// Bytes of the largest token that is remembered, so that the memory above stays under 64 MiB.
pub const REMEMBERED_BYTES: usize = 8 * 1024;

/// DIDs that a reader of UCANs remembers: those of the longest chains that are usual, and a few more.
pub const REMEMBERED_DIDS: usize = 32;

/// Files of one folder that a service watches: a realm of 200 services has a few hundred delegations
/// and revocations.
pub const WATCHED_FILES: usize = 4096;

/// Bytes of all files of one folder that a service watches.
pub const WATCHED_BYTES: u64 = 64 * 1024 * 1024;

/// Revocations that a service keeps in memory: a realm of 200 services that rotates weekly makes
/// 10,000 in a year.
pub const KNOWN_REVOCATIONS: usize = 100_000;

/// Revocations that a service hands on for one decision, so that a flood of them stays a bounded
/// amount of work. Where there are more, the look-up fails and the call is refused.
pub const HEARD_REVOCATIONS: usize = 1024;

/// Pins of one trust store.
pub const PINS: usize = 1000;

/// Steps that are remembered of a pin: a century of ten in a year.
pub const PIN_STEPS: usize = 1000;

/// Statements of one step: the token, and two endorsements by each key of the largest listing.
pub const STEP_STATEMENTS: usize = 2000;

/// Bytes of all steps of a pin. With what is remembered of revocations it stays under what one
/// decision verifies, so that no memory makes every decision too large.
pub const PIN_FOLLOWED_BYTES: usize = 2 * 1024 * 1024;

/// Revocations that a pin remembers of its own side, and as many of those below it.
pub const PIN_REVOCATIONS: usize = 1000;

/// Bytes of each of the two.
pub const PIN_REVOKED_BYTES: usize = 512 * 1024;

/// Bytes of one revocation that a pin remembers: genuine ones are under 1 KiB.
pub const PIN_REVOCATION_BYTES: usize = 8 * 1024;

/// Levels of folders within a folder of tokens, so that no listing goes on without end.
pub const FOLDER_DEPTH: usize = 8;

/// Files that one folder of tokens may hold, so that one that was named by mistake is not read to its
/// end.
pub const FOLDER_FILES: usize = 200_000;

/// Days after which the operator's token is made anew, so that no verifier's copy runs out (rule 7
/// of succession).
pub const REISSUE_DAYS: u64 = 90;

/// Characters of a text repeated in a message, so that no token can flood a terminal or a log.
pub const QUOTED_CHARS: usize = 80;

/// Failures that a denial tells, so that no flood of tokens makes a flood of answers.
pub const FAILURES_TOLD: usize = 16;

/// Bytes of a file read for its text: realm, custody file, seed, passphrase.
pub const TEXT_FILE_BYTES: u64 = 1024 * 1024;

/// Bytes of a file that carries a signing request, or the answer to one: it passes through hands
/// and sticks, and holds at most so many statements of a few KiB.
pub const REQUEST_BYTES: u64 = 1024 * 1024;

/// Statements of one signing request, so that a person can look through all of them.
pub const REQUEST_STATEMENTS: usize = 64;

/// Seconds for which a signing request can be signed and answered: long enough for a journey to
/// the safe, too short to be found in a drawer.
pub const REQUEST_SECONDS: u64 = 30 * 24 * 60 * 60;

/// Seconds that a place which keeps keys gets to answer, a person's touch included; what serves a
/// key file may take longer, because somebody types a passphrase.
pub const CUSTODY_SECONDS: u64 = 30;

/// Seconds that a person may take to unlock a key: to find the medium, and to type.
pub const UNLOCK_SECONDS: u64 = 10 * 60;

/// Seconds that a place gets for each call of a check-up, unless told otherwise: the slowest that was
/// measured answers in one, and whoever looks does not want to wait.
pub const CUSTODY_PROBE_SECONDS: u64 = 5;

/// Seconds for unlocking a key file of which the passphrase is known: scrypt with the largest work
/// factor takes 3 on an idle machine.
pub const KEY_FILE_SECONDS: u64 = 30;

/// Places that a check-up asks at the same time, so that a realm of thousands floods none.
pub const CUSTODY_ASKED_AT_ONCE: usize = 16;

/// Percent of the largest message that a place signs, from which on a token that large is told.
pub const CUSTODY_MESSAGE_PERCENT: usize = 80;
