//! Where secrets of tests may lie, and why: what tests write on purpose, for a command to read.
//!
//! To add a row, say which tests, which program, which place, and the reason. A row for any program is not for the
//! shipped ones: what these may write is named with them, and is one thing, the passphrase of the quickstart's keys.

use super::traces::{Origin, Place};

/// A place where secrets may be found.
#[derive(Debug)]
pub struct Allowed {
    /// How the test's name begins: its binary, a space, its path.
    tests: &'static str,
    /// Which program left it; none for any but ours.
    program: Option<&'static str>,
    place: Place,
    /// How the file's own name begins; nothing for any, and for other places than files.
    name: &'static str,
    /// Why.
    pub reason: &'static str,
}

/// Programs that are shipped, or stand for one.
pub const OURS: [&str; 3] = ["greatseal", "service", "rotate"];

/// All of them.
pub const ALLOWED: &[Allowed] = &[
    Allowed {
        tests: "quickstart ",
        program: Some("greatseal"),
        place: Place::File,
        name: "passphrase.txt",
        reason: "the passphrase that `greatseal quickstart` draws, beside the keys of its tour",
    },
    Allowed {
        tests: "",
        program: None,
        place: Place::File,
        name: "passphrase",
        reason: "passphrase files that tests and pages write for `--passphrase-file`",
    },
    Allowed {
        tests: "docs every_page_does_what_it_says",
        program: Some("docs"),
        place: Place::File,
        name: "page.sh",
        reason: "pages that show how a passphrase is written into its file",
    },
    Allowed {
        tests: "backup what_is_no_whole_backup_is_refused",
        program: Some("backup"),
        place: Place::File,
        name: "second",
        reason: "a passphrase file for a second passphrase",
    },
    Allowed {
        tests: "custody secrecy::faults_do_not_repeat_secrets",
        program: Some("custody"),
        place: Place::File,
        name: "keys.toml",
        reason: "a test that writes a seed where a name belongs, to see that no fault repeats it",
    },
    Allowed {
        tests: "custody ",
        program: Some("age"),
        place: Place::Output,
        name: "stdout",
        reason: "the stock `age` command, asked to print what a key file holds",
    },
    Allowed {
        tests: "custody foreign::",
        program: Some("ssh-keygen"),
        place: Place::Argument,
        name: "",
        reason: "passphrases of files to be brought in, which ssh-keygen takes as an argument",
    },
    Allowed {
        tests: "custody ssh_agent::",
        program: Some("ssh-keygen"),
        place: Place::File,
        name: "key",
        reason: "keys that ssh-keygen makes for an agent, in files without a passphrase",
    },
    Allowed {
        tests: "custody vault::keys::a_key_that_was_made_elsewhere",
        program: Some("custody"),
        place: Place::File,
        name: "seed.",
        reason: "a seed that OpenBao's own client is to bring in",
    },
    Allowed {
        tests: "custody vault::keys::a_key_that_was_made_elsewhere",
        program: Some("python3"),
        place: Place::Output,
        name: "stdout",
        reason: "the documented recipe that turns that seed into PKCS#8",
    },
    Allowed {
        tests: "imports ",
        program: Some("ssh-keygen"),
        place: Place::File,
        name: "id_ed25519",
        reason: "keys that ssh-keygen and openssl make, in the clear, to be brought in",
    },
    Allowed {
        tests: "imports ",
        program: Some("openssl"),
        place: Place::File,
        name: "key.pem",
        reason: "keys that ssh-keygen and openssl make, in the clear, to be brought in",
    },
    Allowed {
        tests: "",
        program: None,
        place: Place::File,
        name: ".vault-token",
        reason: "tokens where `bao login` leaves them: clients read them from there",
    },
    Allowed {
        tests: "",
        program: None,
        place: Place::File,
        name: "pin",
        reason: "files with a PIN, which a URI names as `pin-source`",
    },
    Allowed {
        tests: "",
        program: Some("softhsm2-util"),
        place: Place::Argument,
        name: "",
        reason: "PINs of tokens that tests and pages make: these tools take them as an argument",
    },
    Allowed {
        tests: "",
        program: Some("pkcs11-tool"),
        place: Place::Argument,
        name: "",
        reason: "PINs of tokens that tests and pages make: these tools take them as an argument",
    },
    Allowed {
        tests: "custody vault::",
        program: Some("bao"),
        place: Place::File,
        name: "log",
        reason: "what a development server of OpenBao says when it starts: it prints its root token",
    },
    Allowed {
        tests: "docs every_page_does_what_it_says",
        program: Some("bao"),
        place: Place::File,
        name: "bao.txt",
        reason: "what a development server of OpenBao says when it starts: it prints its root token",
    },
    Allowed {
        tests: "docs every_page_does_what_it_says",
        program: Some("ssh-keygen"),
        place: Place::File,
        name: "acme-",
        reason: "keys that ssh-keygen makes for an agent, in files without a passphrase",
    },
    Allowed {
        tests: "",
        program: Some("bao"),
        place: Place::Argument,
        name: "",
        reason: "tokens of servers that tests and pages start: `bao` takes them as an argument",
    },
    Allowed {
        tests: "",
        program: Some("bao"),
        place: Place::Environment,
        name: "",
        reason: "tokens of servers that tests and pages start: `bao` takes them from its environment",
    },
];

/// Finds the row that a place falls under.
#[must_use]
pub fn reason(origin: &Origin) -> Option<&'static Allowed> {
    ALLOWED.iter().find(|row| {
        origin.test.starts_with(row.tests)
            && row.program.map_or(!OURS.contains(&origin.program.as_str()), |program| program == origin.program)
            && row.place == origin.place
            && origin.name.rsplit('/').next().is_some_and(|name| name.starts_with(row.name))
    })
}
