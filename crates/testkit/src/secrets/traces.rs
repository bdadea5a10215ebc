//! What running tests left behind: files, output, arguments and environments, each with who left it.
//!
//! Two writers: [`strace`] reads what a tracer saw of a test and of every program that it started; [`keep`] is for
//! tests that cannot be traced, because they trace themselves. One reader, [`read`].

pub mod strace;

use std::collections::HashSet;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// Names the folder into which traces are written. Without it, nothing is kept.
pub const FOLDER: &str = "GREATSEAL_TEST_TRACE";
/// Set for a test that is traced from outside, so that nothing is kept twice.
pub const TRACED: &str = "GREATSEAL_TEST_TRACED";
/// How the names of files with traces end.
pub const ENDING: &str = "trace";
/// The file with words that tests told; each line a name, a tab, and the word.
pub const TOLD: &str = "told";

/// Where bytes were seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// In a file: everything that was ever written to it, also if it is gone.
    File,
    /// On standard output or standard error.
    Output,
    /// Among the arguments of a program.
    Argument,
    /// In the environment of a program.
    Environment,
}

/// Who left what where.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The test, as its binary and its name.
    pub test: String,
    /// The program that wrote, or that was started.
    pub program: String,
    /// Where.
    pub place: Place,
    /// The path of the file; `stdout` or `stderr`; nothing for the rest.
    pub name: String,
}

/// The bytes that one program left in one place.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Who left it.
    pub origin: Origin,
    /// Everything, in the order in which it was written.
    pub bytes: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    #[serde(flatten)]
    origin: Origin,
    bytes: usize,
}

/// Writes traces one after the other.
///
/// # Errors
/// As the writer says.
pub fn write(to: &mut impl Write, traces: impl IntoIterator<Item = Trace>) -> io::Result<()> {
    for Trace { origin, bytes } in traces {
        let mut whole = serde_json::to_vec(&Head { origin, bytes: bytes.len() })?;
        whole.push(b'\n');
        whole.extend(bytes);
        whole.push(b'\n');
        // At once, so that two processes can append to one file.
        to.write_all(&whole)?;
    }
    Ok(())
}

/// Reads what [`write`] wrote.
///
/// # Errors
/// When the file cannot be read, or ends in the middle.
pub fn read(path: &Path) -> io::Result<Vec<Trace>> {
    let mut reader = BufReader::new(File::open(path)?);
    let mut traces = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(traces);
        }
        let head: Head = serde_json::from_str(&line)?;
        let mut bytes = vec![0; head.bytes + 1];
        reader.read_exact(&mut bytes)?;
        bytes.pop();
        traces.push(Trace { origin: head.origin, bytes });
    }
}

/// Keeps a copy of what a test saw, if traces are asked for and nobody traces this test from outside.
///
/// The same bytes are kept once. Fails silently: whether enough was kept is judged by whoever searches it.
pub fn keep(place: Place, program: &str, name: &str, bytes: &[u8]) {
    static KEPT: Mutex<Option<HashSet<u64>>> = Mutex::new(None);
    let Some(folder) = std::env::var_os(FOLDER).filter(|_| std::env::var_os(TRACED).is_none()) else { return };
    if bytes.is_empty() {
        return;
    }
    let mut hasher = DefaultHasher::new();
    (place, program, bytes).hash(&mut hasher);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if !kept.get_or_insert_default().insert(hasher.finish()) {
        return;
    }
    let test = format!("{} {}", own_name(), std::thread::current().name().unwrap_or("main"));
    let origin = Origin { test, program: program.into(), place, name: name.into() };
    let path = Path::new(&folder).join(format!("kept-{}.{ENDING}", std::process::id()));
    if let Ok(mut file) = File::options().create(true).append(true).open(path) {
        let _ = write(&mut file, [Trace { origin, bytes: bytes.into() }]);
    }
}

/// Keeps a copy of every file in a folder, as [`keep`] does: one line at the end of a test.
pub fn keep_folder(folder: &Path) {
    if std::env::var_os(FOLDER).is_none() || std::env::var_os(TRACED).is_some() {
        return;
    }
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        // Links lead to what is kept where it lies.
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_dir() => keep_folder(&path),
            Ok(metadata) if metadata.is_file() => {
                keep(Place::File, "unknown", &path.to_string_lossy(), &fs::read(&path).unwrap_or_default());
            }
            Ok(_) | Err(_) => {}
        }
    }
}

/// Tells a word that must not be seen anywhere, such as a passphrase or a token, by a name to report it under.
///
/// Whoever makes such a word for a test tells it with this one line; without a folder for traces it does nothing.
pub fn tell(name: &str, word: &str) {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    if let Ok(mut file) = File::options().create(true).append(true).open(Path::new(&folder).join(TOLD)) {
        let _ = file.write_all(format!("{name}\t{word}\n").as_bytes());
    }
}

fn own_name() -> String {
    let path = std::env::current_exe().unwrap_or_default();
    short(&path.to_string_lossy())
}

/// The name of a program without its folder, and without the hash that cargo gives to tests.
#[must_use]
pub fn short(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('-') {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => name.into(),
        _ => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let origin = |name: &str| Origin {
            test: "cli a::b".into(),
            program: "greatseal".into(),
            place: Place::File,
            name: name.into(),
        };
        let traces = ["x", "y\n"].map(|name| Trace { origin: origin(name), bytes: format!("{name}\0\n\n").into() });
        let path = std::env::temp_dir().join(format!("greatseal-traces-{}", std::process::id()));
        write(&mut File::create(&path).unwrap(), traces.clone()).unwrap();
        let read = read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(read.len(), 2);
        for (read, written) in read.iter().zip(&traces) {
            assert_eq!((&read.origin, &read.bytes), (&written.origin, &written.bytes));
        }
    }

    #[test]
    fn programs_have_short_names() {
        assert_eq!(short("/x/target/debug/deps/custody-0123456789abcdef"), "custody");
        assert_eq!(short("/usr/bin/ssh-agent"), "ssh-agent");
    }
}
