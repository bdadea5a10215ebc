//! The pages are true: every command in `README.md` and `docs/` runs as it stands, ends as the
//! page says, and prints what the page shows.
//!
//! | fence | what happens |
//! |---|---|
//! | `sh` | each line is run; it exits 0, or as a comment at its end says: `# exits 3` |
//! | `output` | what the `sh` block before it prints, but for keys, hashes and times; a line of `…` stands for any number of lines, and `…` at the end of one for its rest |
//! | any other | is not run; one that holds commands stands in [`NOT_RUN`] with its reason |
//!
//! A page starts in an empty home folder, beside its [`SAMPLES`], and its blocks follow each other in
//! one shell.
#![cfg(unix)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests read pages, run commands and fail by panicking"
)]

use std::collections::BTreeSet;
use std::fs;
use std::num::NonZeroUsize;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const GREATSEAL: &str = env!("CARGO_BIN_EXE_greatseal");

/// Files of `vectors/` that lie in a page's home folder when it begins.
const SAMPLES: &[(&str, &[(&str, &str)])] = &[
    ("README.md", &[("wascap/published/echo_messaging_v0.9.0.wasm", "app.wasm")]),
    ("docs/start.md", &[("wascap/published/echo_messaging_v0.9.0.wasm", "ledger.wasm")]),
    (
        "docs/verify.md",
        &[
            ("legacy/0.16.2/module.wasm", "app.wasm"),
            ("legacy/0.16.2/provider.jwt", "provider.jwt"),
            ("legacy/0.16.2/operator.jwt", "tokens/operator.jwt"),
            ("legacy/0.16.2/account.jwt", "tokens/account.jwt"),
        ],
    ),
    (
        "docs/chains.md",
        &[("legacy/0.16.2/account-by-identity.jwt", "account.jwt"), ("legacy/0.16.2/operator.jwt", "operator.jwt")],
    ),
    (
        "docs/modules.md",
        &[
            ("wascap/published/echo_messaging_v0.9.0.wasm", "echo.wasm"),
            ("legacy/0.9.0/module.wasm", "partly-hashed.wasm"),
        ],
    ),
    ("docs/custody/moving.md", &[("wascap/published/echo_messaging_v0.9.0.wasm", "echo.wasm")]),
    ("docs/custody/pkcs11.md", &[("wascap/published/echo_messaging_v0.9.0.wasm", "echo.wasm")]),
    (
        "docs/custody/openbao.md",
        &[
            ("wascap/published/echo_messaging_v0.9.0.wasm", "echo.wasm"),
            ("../docs/custody/openbao-sign.hcl", "openbao-sign.hcl"),
        ],
    ),
    ("docs/trust.md", &[("legacy/0.16.2/operator.jwt", "operator.jwt"), ("legacy/0.16.2/account.jwt", "account.jwt")]),
    ("docs/formats/wascap.md", &[("legacy/0.16.2/account.jwt", "account.jwt")]),
];

/// The seed of the bytes 00 01 … 1f, which protects nothing: `root.nk` on the page about key files.
const SEED: (&str, &str, &str) =
    ("docs/custody/file.md", "root.nk", "SOAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H2AJA\n");

/// Blocks that hold commands and are not run: page, how the block begins, why.
const NOT_RUN: &[(&str, &str, &str)] = &[
    ("README.md", "cargo run --release -- quickstart", "builds the workspace; tests/quickstart.rs runs the tour"),
    ("README.md", "cargo install --path crates/cli", "builds and installs into the user's own home"),
    ("docs/custody/file.md", "age -d", "needs the age command, and an answer at the terminal"),
    ("docs/custody/file.md", "(umask 077; age-keygen", "needs the age command; tests/recipients.rs does the same"),
    (
        "docs/custody/file.md",
        "cargo install",
        "needs a YubiKey; crates/custody/tests/age_plugin has one that stands in",
    ),
    ("docs/custody/README.md", "cargo install", "builds and installs into the user's own home"),
    ("docs/custody/pkcs11.md", "export MODULE", "needs a TPM; crates/custody/tests/pkcs11/tpm.rs has one in software"),
    ("docs/custody/pkcs11.md", "greatseal key pin", "needs a key that is there; crates/custody/tests/pkcs11 has some"),
    ("docs/custody/ssh-agent.md", "ssh-keygen -t", "asks at the terminal; the block after it does the same"),
    (
        "docs/custody/ssh-agent.md",
        "greatseal key import",
        "the block before has the agent; crates/custody/tests does it",
    ),
    ("docs/custody/ssh-agent.md", "ssh-agent -a", "asks at the terminal"),
    ("docs/custody/openbao.md", "cargo install", "builds and installs into the user's own home"),
    ("docs/custody/openbao.md", "(umask 077; bao login", "asks at the terminal; the block after it does the same"),
    ("docs/custody/openbao.md", "(umask 077; python3", "crates/custody/tests/vault/keys.rs runs this block"),
    ("docs/custody/awskms.md", "cargo install", "builds and installs into the user's own home"),
    ("docs/custody/awskms.md", "greatseal key", "needs an account of AWS; crates/custody/tests/aws_kms has a fake"),
    ("docs/verify.md", "greatseal verify FILE", "is the synopsis"),
    ("docs/signatures.md", "cargo test -p greatseal-core", "is part of the same run of tests"),
    ("docs/performance.md", "cargo xtask bench", "measures for a minute, and is judged by people and not by a test"),
];

/// Pages that a build with another feature runs: page, feature, whether this build has it.
///
/// `cargo xtask test` builds with all of them, and installs the servers and modules that they start.
const NEEDS: &[(&str, &str, bool)] = &[
    ("docs/custody/pkcs11.md", "pkcs11", cfg!(feature = "pkcs11")),
    ("docs/custody/openbao.md", "vault", cfg!(feature = "vault")),
    ("docs/custody/ssh-agent.md", "ssh-agent", cfg!(feature = "ssh-agent")),
];

/// Commands that no page runs, and why.
const RUN_ELSEWHERE: &[(&str, &str)] =
    &[("quickstart", "makes as many keys as all pages; tests/quickstart.rs runs it")];

/// Pages that name commands and run none, and why.
const WITHOUT_RUN: &[(&str, &str)] = &[
    ("docs/errors.md", "written from the table of codes; its commands have placeholders"),
    ("docs/custody/awskms.md", "needs an account of AWS; the crate of custody has a fake of the service"),
    ("docs/building-services.md", "is about the library; docs/services.md runs the commands that it names"),
];

struct Page {
    name: String,
    text: String,
    fences: Vec<Fence>,
}

struct Fence {
    language: String,
    /// Line of the page on which the first line of the block stands.
    at: usize,
    lines: Vec<String>,
}

/// A command as typed, with the exit code it ends with.
#[derive(Debug, PartialEq, Eq)]
struct Typed {
    at: usize,
    text: String,
    exits: u8,
}

impl Page {
    fn new(name: &str, text: &str) -> Self {
        let mut fences: Vec<Fence> = Vec::new();
        let mut open = false;
        for (index, line) in text.lines().enumerate() {
            match line.trim_start().strip_prefix("```") {
                Some(_) if open => open = false,
                Some(language) => {
                    open = true;
                    fences.push(Fence { language: language.trim().into(), at: index + 2, lines: Vec::new() });
                }
                None if open => fences.last_mut().unwrap().lines.push(line.into()),
                None => {}
            }
        }
        assert!(!open, "{name}: a block is not closed");
        Self { name: name.into(), text: text.into(), fences }
    }

    fn runs_something(&self) -> bool {
        self.fences.iter().any(|fence| fence.language == "sh")
    }

    /// Every `greatseal …` that stands in a block or in a line of prose, without `greatseal `.
    fn named_commands(&self) -> Vec<String> {
        let mut commands = Vec::new();
        let mut open = false;
        for line in self.text.lines() {
            if line.trim_start().starts_with("```") {
                open = !open;
            } else if open {
                let line = line.trim_start();
                commands.extend(line.strip_prefix("$ ").unwrap_or(line).strip_prefix("greatseal ").map(str::to_owned));
            } else {
                let spans = line.split('`').skip(1).step_by(2);
                commands.extend(spans.filter_map(|span| span.strip_prefix("greatseal ")).map(str::to_owned));
            }
        }
        commands
    }
}

impl Fence {
    fn typed(&self) -> Vec<Typed> {
        let mut all = Vec::new();
        let mut begun: Option<Typed> = None;
        for (index, line) in self.lines.iter().enumerate() {
            let typed = begun.get_or_insert_with(|| Typed { at: self.at + index, text: String::new(), exits: 0 });
            typed.text += line;
            if line.ends_with('\\') {
                typed.text.push('\n');
                continue;
            }
            if let Some((_, code)) = line.rsplit_once("# exits ") {
                typed.exits = code.trim().parse().unwrap();
            }
            let line = typed.text.trim_start();
            let idle = line.is_empty() || line.starts_with('#');
            all.extend(begun.take().filter(|_| !idle));
        }
        assert!(begun.is_none(), "line {}: a block ends with a backslash", self.at);
        all
    }

    fn holds_commands(&self) -> bool {
        let command = |line: &String| {
            let line = line.trim_start();
            ["greatseal ", "cargo ", "age ", "$ "].iter().any(|begin| line.starts_with(begin))
        };
        self.lines.iter().any(command)
    }
}

/// README.md and everything under docs/, in the order of their names.
fn pages() -> Vec<Page> {
    let mut paths = vec![PathBuf::from("README.md")];
    let mut folders = vec![PathBuf::from("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(Path::new(ROOT).join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(path),
                false => paths.extend(path.extension().is_some_and(|ending| ending == "md").then_some(path)),
            }
        }
    }
    paths.sort();
    paths
        .iter()
        .map(|path| Page::new(path.to_str().unwrap(), &fs::read_to_string(Path::new(ROOT).join(path)).unwrap()))
        .collect()
}

#[test]
fn every_page_does_what_it_says() {
    let pages = pages();
    let here = |page: &&Page| match NEEDS.iter().find(|(name, _, built)| *name == page.name && !built) {
        Some((name, feature, _)) => {
            println!("{name}: not run, because this build has no {feature}");
            false
        }
        None => true,
    };
    let queue = Mutex::new(pages.iter().filter(|page| page.runs_something()).filter(here));
    let failures = Mutex::new(Vec::new());
    // Unlocking a key takes a core and 256 MiB for the better part of a second.
    let workers = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(4);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().next();
                    let Some(page) = next else { break };
                    failures.lock().unwrap().extend(run(page));
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// Runs a page and returns what did not go as it says.
fn run(page: &Page) -> Vec<String> {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().canonicalize().unwrap();
    let home = folder.join("home");
    fs::create_dir(&home).unwrap();
    for (from, to) in SAMPLES.iter().filter(|(of, _)| *of == page.name).flat_map(|(_, files)| *files) {
        let to = home.join(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(Path::new(ROOT).join("vectors").join(from), to).unwrap();
    }
    if page.name == SEED.0 {
        fs::write(home.join(SEED.1), SEED.2).unwrap();
    }
    let script = folder.join("page.sh");
    fs::write(&script, as_script(page)).unwrap();

    let own = Path::new(GREATSEAL).parent().unwrap();
    // Where `cargo xtask test` puts the server of OpenBao.
    let tools = own.parent().unwrap().join("tools/openbao");
    let path = format!("{}:{}:{}", own.display(), tools.display(), std::env::var("PATH").unwrap());
    // Into a file, because nobody waits for what a page leaves running; a group of its own, because
    // all of that ends with the page.
    let printed = folder.join("printed");
    let mut shell = Command::new("sh")
        .process_group(0)
        .arg(&script)
        .current_dir(&home)
        .env_clear()
        .env("PATH", path)
        .env("HOME", &home)
        .stdin(Stdio::null())
        .stdout(fs::File::create(&printed).unwrap())
        .spawn()
        .unwrap();
    let status = shell.wait().unwrap();
    // Nothing may be left to end.
    let group = format!("-{}", shell.id());
    let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
    let printed = fs::read_to_string(&printed).unwrap().replace(home.to_str().unwrap(), "$HOME");

    let mut failures = Vec::new();
    let mut blocks = printed.split("\n@@block\n").skip(1);
    let mut before: Option<&str> = None;
    for fence in &page.fences {
        match fence.language.as_str() {
            "sh" => before = blocks.next(),
            "output" => {
                let Some(printed) = before.take() else { continue };
                let shown = fence.lines.join("\n");
                if !fits(&lines(&shown), &lines(printed)) {
                    failures.push(format!(
                        "{}:{}: the page shows\n{shown}\nand this is printed\n{printed}",
                        page.name, fence.at
                    ));
                }
            }
            _ => {}
        }
    }
    if !status.success() {
        let (before, stopped) = printed.rsplit_once("\n@@stopped ").unwrap_or((&printed, "somewhere"));
        let block = before.rsplit("\n@@block\n").next().unwrap_or_default();
        failures.push(format!("{}: stopped at {stopped}{block}", page.name));
    }
    failures
}

fn as_script(page: &Page) -> String {
    let mut script = String::from("exec 2>&1\n");
    for fence in page.fences.iter().filter(|fence| fence.language == "sh") {
        script += "printf '\\n@@block\\n'\n";
        for Typed { at, text, exits } in fence.typed() {
            script += &format!(
                "{text}\n__exit=$?\nif [ $__exit -ne {exits} ]; then\n  \
                 printf '\\n@@stopped line {at}: exit %s, not {exits}, after\\n' $__exit\n  exit 1\nfi\n"
            );
        }
    }
    script
}

/// Compares line by line; `…` stands for any number of lines, or for the rest of one.
fn fits(shown: &[String], printed: &[String]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((first, rest)) if first == "…" => (0..=printed.len()).any(|skipped| fits(rest, &printed[skipped..])),
        Some((first, rest)) => printed.split_first().is_some_and(|(line, more)| {
            let begins = first.strip_suffix('…').is_some_and(|begin| line.starts_with(begin));
            (first == line || begins) && fits(rest, more)
        }),
    }
}

fn lines(text: &str) -> Vec<String> {
    text.trim_end().lines().map(masked).collect()
}

/// Replaces what differs from run to run: keys, hashes, instants.
fn masked(line: &str) -> String {
    let mut masked = String::new();
    let mut rest = line.trim_end();
    while let Some(first) = rest.chars().next() {
        let word_end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '…').unwrap_or(rest.len());
        let (part, length) = match instant(rest) {
            Some(length) => ("TIME", length),
            None if word_end == 0 => (&rest[..first.len_utf8()], first.len_utf8()),
            None => (mask_of(&rest[..word_end]), word_end),
        };
        masked += part;
        rest = &rest[length..];
    }
    masked
}

/// Returns the length of the date, or date and time, that a text begins with.
fn instant(text: &str) -> Option<usize> {
    let like = |pattern: &str| {
        let begin = text.as_bytes().get(..pattern.len())?;
        let same = begin.iter().zip(pattern.bytes()).all(|(byte, like)| match like {
            b'0' => byte.is_ascii_digit(),
            _ => *byte == like,
        });
        same.then_some(pattern.len())
    };
    like("0000-00-00 00:00:00 UTC").or_else(|| like("0000-00-00 00:00")).or_else(|| like("0000-00-00"))
}

fn mask_of(word: &str) -> &str {
    let key = |text: &str| text.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'));
    let short = |(head, tail): (&str, &str)| head.len() == 6 && tail.len() == 4 && key(head) && key(tail);
    if (word.len() == 56 && key(word)) || word.split_once('…').is_some_and(short) {
        "KEY"
    } else if word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        "HASH"
    } else if word.starts_with("z6Mk") && (word.len() == 48 || word.contains('…')) {
        "DID"
    } else if word.starts_with("bafyrei") && word.len() == 59 {
        "CID"
    } else if word.len() >= 10 && word.bytes().all(|byte| byte.is_ascii_digit()) {
        "SECONDS"
    } else {
        word
    }
}

#[test]
fn what_is_not_run_has_its_reason() {
    let pages = pages();
    let mut used = BTreeSet::new();
    let mut failures = Vec::new();
    for page in &pages {
        failures.extend(unexplained(page, &mut used));
    }
    for (name, begin, _) in NOT_RUN {
        if !used.contains(&(*name, *begin)) {
            failures.push(format!("{name}: no block begins with {begin:?} any more"));
        }
    }
    for (name, _) in SAMPLES.iter().map(|(name, _)| (*name, "")).chain(WITHOUT_RUN.iter().copied()) {
        if !pages.iter().any(|page| page.name == name) {
            failures.push(format!("{name}: there is no such page"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Finds commands that are shown, not run, and not excused.
fn unexplained(page: &Page, used: &mut BTreeSet<(&str, &str)>) -> Vec<String> {
    let mut failures = Vec::new();
    let mut after_run = false;
    for fence in &page.fences {
        let first = fence.lines.first().map_or("", String::as_str);
        match fence.language.as_str() {
            "sh" => {}
            "output" if !after_run => {
                failures.push(format!("{}:{}: output of no block that is run", page.name, fence.at));
            }
            "output" => {}
            _ if !fence.holds_commands() => {}
            _ => match NOT_RUN.iter().find(|(name, begin, _)| *name == page.name && first.starts_with(begin)) {
                Some((name, begin, _)) => {
                    used.insert((*name, *begin));
                }
                None => {
                    failures.push(format!("{}:{}: commands that are not run, without a reason", page.name, fence.at))
                }
            },
        }
        after_run = fence.language == "sh";
    }
    let excused = WITHOUT_RUN.iter().any(|(name, _)| *name == page.name);
    if !page.runs_something() && !excused && !page.named_commands().is_empty() {
        failures.push(format!("{}: names commands and runs none", page.name));
    }
    failures
}

#[test]
fn the_readme_names_every_command_and_every_command_is_run() {
    let known = known_commands();
    let pages = pages();
    let mut failures = Vec::new();
    let mut run = BTreeSet::new();
    for page in &pages {
        for typed in page.fences.iter().filter(|fence| fence.language == "sh").flat_map(Fence::typed) {
            for call in typed.text.split("greatseal ").skip(1) {
                run.extend(command_of(call, &known));
            }
        }
        for named in page.named_commands() {
            let first = named.split(' ').next().unwrap_or_default();
            // `greatseal COMMAND --help` has a placeholder; `help` is clap's own.
            let other =
                first == "help" || first.starts_with('-') || first.bytes().all(|byte| byte.is_ascii_uppercase());
            if !other && command_of(&named, &known).is_none() {
                failures.push(format!("{}: there is no `greatseal {named}`", page.name));
            }
        }
    }
    let readme = pages.iter().find(|page| page.name == "README.md").unwrap();
    let named: BTreeSet<_> = readme.named_commands().iter().filter_map(|named| command_of(named, &known)).collect();
    for command in &known {
        if !named.contains(command) {
            failures.push(format!("README.md: `greatseal {command}` is not named"));
        }
        let elsewhere = RUN_ELSEWHERE.iter().any(|(of, _)| of == command);
        if run.contains(command) == elsewhere {
            let what = if elsewhere { "is run, so it needs no excuse" } else { "is run by no page" };
            failures.push(format!("`greatseal {command}` {what}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Every command that does something, as the manual pages list them: `account create`, `verify`.
fn known_commands() -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    assert!(Command::new(GREATSEAL).arg("man").arg(folder.path()).status().unwrap().success());
    let pages: BTreeSet<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| Some(name.strip_suffix(".1")?.strip_prefix("greatseal-")?.replace('-', " ")))
        // The names of these have a hyphen of their own.
        .map(|name| name.replace("signing key", "signing-key").replace("rotate identity", "rotate-identity"))
        .collect();
    let leads_on = |page: &String| pages.iter().any(|other| other.starts_with(&format!("{page} ")));
    pages.iter().filter(|page| !leads_on(page)).cloned().collect()
}

fn command_of(call: &str, known: &BTreeSet<String>) -> Option<String> {
    let words: Vec<&str> = call.split_whitespace().take(3).collect();
    (1..=words.len()).rev().filter_map(|count| Some(words.get(..count)?.join(" "))).find(|call| known.contains(call))
}

#[test]
fn links_lead_somewhere() {
    let architecture = fs::read_to_string(Path::new(ROOT).join("ARCHITECTURE.md")).unwrap();
    let mut failures = Vec::new();
    for page in pages().iter().chain([&Page::new("ARCHITECTURE.md", &architecture)]) {
        let folder = Path::new(ROOT).join(&page.name).parent().unwrap().to_path_buf();
        for link in page.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            // A formula, not a link.
            if link.contains(' ') {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { Path::new(ROOT).join(&page.name) } else { folder.join(file) };
            if !target.exists() {
                failures.push(format!("{}: {link} leads nowhere", page.name));
            } else if !heading.is_empty() && !anchors(&fs::read_to_string(&target).unwrap()).contains(heading) {
                failures.push(format!("{}: {link} leads to no heading", page.name));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The anchors that the usual readers of Markdown give to headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let anchor = |heading: &str| -> String {
        let letters = heading.trim().to_lowercase().replace(' ', "-");
        letters.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
    };
    text.lines().filter_map(|line| line.strip_prefix('#')).map(|line| anchor(line.trim_start_matches('#'))).collect()
}

mod the_test_itself {
    use super::*;

    #[test]
    fn notices_commands_that_nobody_runs() {
        let found = |text: &str| unexplained(&Page::new("docs/x.md", text), &mut BTreeSet::new());
        assert_eq!(found("Words, and `code`.\n\n```text\na ─► b\n```\n"), [""; 0]);
        assert_eq!(found("Try `greatseal verify`.\n"), ["docs/x.md: names commands and runs none"]);
        assert_eq!(found("Try `greatseal verify`.\n```sh\ngreatseal help\n```\n"), [""; 0]);
        let silent = "```console\n$ greatseal help\n```\n```sh\ntrue\n```\n";
        assert_eq!(found(silent), ["docs/x.md:2: commands that are not run, without a reason"]);
        assert_eq!(found("```output\nx\n```\n"), ["docs/x.md:2: output of no block that is run"]);
    }

    #[test]
    fn takes_each_line_for_a_command() {
        let page = Page::new("x", "```sh\n# why\none \\\n  two\n\nthree   # exits 3\n```\n");
        let typed = |at, text: &str, exits| Typed { at, text: text.into(), exits };
        assert_eq!(page.fences[0].typed(), [typed(3, "one \\\n  two", 0), typed(6, "three   # exits 3", 3)]);
    }

    #[test]
    fn notices_wrong_codes_and_wrong_output() {
        let failures = |text: &str| run(&Page::new("x", text)).join("\n");
        assert_eq!(failures("```sh\nfalse  # exits 1\ncd /\n```\n```sh\npwd\n```\n```output\n/\n```\n"), "");
        assert!(failures("```sh\nfalse\n```\n").contains("line 2: exit 1, not 0"));
        assert!(failures("```sh\ntrue  # exits 3\n```\n").contains("line 2: exit 0, not 3"));
        assert!(failures("```sh\necho one; echo two >&2\n```\n```output\none\n```\n").contains("x:5: the page shows"));
        assert_eq!(failures("```sh\necho one; echo two >&2\n```\n```output\no…\n…\n```\n"), "");
    }

    #[test]
    fn overlooks_only_what_differs_from_run_to_run() {
        let key = "OAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3QZVT";
        assert_eq!(masked(&format!("  trust {key}  ")), "  trust KEY");
        assert_eq!(masked("acme/x (OAB2CB…QZVT) until 2027-06-10"), "acme/x (KEY) until TIME");
        assert_eq!(masked("at 2026-11-22 02:47:07 UTC, 1795313197"), "at TIME, SECONDS");
        assert_eq!(masked(&"0A".repeat(32)), "HASH");
        assert_eq!(masked("did:key:z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd"), "did:key:DID");
        assert_eq!(masked("(did:key:z6Mknn…vWxAc) 2026-11-22 02:47  x"), "(did:key:DID) TIME  x");
        assert_eq!(masked("└─ 14 files … exits 3"), "└─ 14 files … exits 3");
    }
}
