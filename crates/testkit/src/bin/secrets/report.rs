//! Searches all traces, and judges what was found.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use greatseal_testkit::secrets::allowed;
use greatseal_testkit::secrets::traces::{ENDING, Origin, Place, TOLD, Trace, read};
use greatseal_testkit::secrets::{Find, Known, Search};

use crate::plant;

/// Files whose words are secrets, by how their names begin; tests and pages write them for commands to read.
const FILES_OF_WORDS: [(&str, &str); 3] =
    [("passphrase in a file", "passphrase"), ("token in a file", ".vault-token"), ("token in a file", "token-")];
/// Words that tests use in their own process, or draw in advance.
const WORDS: [(&str, &str); 4] = [
    ("passphrase of the tests", "correct-horse-battery-staple"),
    ("root token of the tests", "root-token-of-these-tests"),
    ("PIN of the tests", "user-pin-271828"),
    ("security officer's PIN of the tests", "so-pin-314159"),
];
/// Bytes of a trace that are searched at once, and bytes that the next part repeats: the longest container.
const PART: usize = 4 * 1024 * 1024;
const OVERLAP: usize = 16 * 1024;
/// Places that are told one by one.
const TOLD_SINGLY: usize = 100;

/// What was searched.
#[derive(Default)]
struct Extent {
    places: BTreeMap<Place, (usize, usize)>,
    tests: BTreeSet<String>,
}

/// Plants, searches, tells.
pub(crate) fn search(folder: &Path) -> io::Result<ExitCode> {
    let began = Instant::now();
    let planted = plant::all(folder)?;
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<Vec<_>>>()?
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == ENDING))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(io::Error::other("there are no traces to search"));
    }

    let mut traces = Vec::new();
    for file in &files {
        traces.extend(read(file)?);
    }

    let known = Mutex::new(Known::default());
    let seen = Seen::default();
    each(&traces, |trace: &Trace| {
        let mut gathered = Known::default();
        if seen.is_new(&trace.bytes) {
            gathered.gather(&trace.bytes);
        }
        words(trace, &mut gathered);
        known.lock().expect("held for moments").join(gathered);
    });
    let mut known = known.into_inner().expect("no thread is left");
    for trace in &planted {
        known.gather(&trace.bytes);
    }
    for (name, word) in WORDS {
        known.tell(name, word.as_bytes());
    }
    for line in fs::read_to_string(folder.join(TOLD)).unwrap_or_default().lines() {
        if let Some((name, word)) = line.split_once('\t') {
            known.tell(name, word.as_bytes());
        }
    }

    let search = Search::new(known);
    let finds = Mutex::new(Vec::new());
    let in_vain = Seen::default();
    let parts: Vec<(&Trace, Range<usize>)> = traces.iter().flat_map(parts).collect();
    each(&parts, |(trace, range)| {
        let bytes = trace.bytes.get(range.clone()).unwrap_or_default();
        if in_vain.holds(bytes) {
            return;
        }
        let found = search.over(bytes);
        if found.is_empty() {
            in_vain.is_new(bytes);
        }
        let mut finds = finds.lock().expect("held for moments");
        finds.extend(found.into_iter().map(|mut find| {
            find.at += range.start;
            (trace.origin.clone(), find)
        }));
    });
    let finds = finds.into_inner().expect("no thread is left");
    let blind = blind_spots(&search, &planted);
    let mut extent = Extent::default();
    extent.count(&traces);
    let (told, exit) = judged(finds, &blind);
    print!("{}", extent.told(&files));
    println!(
        "known:     {} public keys, {} words; {} candidates were tried",
        search.known().keys(),
        search.known().told(),
        search.tried()
    );
    println!("planted:   {} spellings in up to five places each, {} not found", plant::spellings().len(), blind.len());
    print!("{told}");
    println!("searched in {:.1} s", began.elapsed().as_secs_f64());
    Ok(exit)
}

/// Adds the words that a file of passphrases holds.
fn words(trace: &Trace, known: &mut Known) {
    let Origin { place, name, .. } = &trace.origin;
    for (what, beginning) in FILES_OF_WORDS {
        if *place == Place::File && file_name(name).starts_with(beginning) {
            for line in trace.bytes.split(|byte| *byte == b'\n') {
                known.tell(what, line.trim_ascii());
            }
        }
    }
}

/// The planted spellings that were not found where they lie.
fn blind_spots(search: &Search, planted: &[Trace]) -> Vec<String> {
    let mut found: HashSet<(&str, Place, &str)> = HashSet::new();
    for trace in planted.iter().filter(|trace| !search.over(&trace.bytes).is_empty()) {
        let Origin { test, place, name, .. } = &trace.origin;
        found.insert((test, *place, file_name(name)));
    }
    let mut blind = Vec::new();
    for (spelling, fits_arguments) in plant::spellings() {
        let test = format!("{}{spelling}", plant::TEST);
        for (place, name) in plant::places(fits_arguments) {
            if !found.contains(&(test.as_str(), place, name)) {
                blind.push(format!("{spelling} in {place:?} {name}"));
            }
        }
    }
    blind
}

/// Tells what was found, and whether that is in order.
fn judged(finds: Vec<(Origin, Find)>, blind: &[String]) -> (String, ExitCode) {
    let mut expected: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for (origin, find) in finds {
        match allowed::reason(&origin) {
            Some(row) => *expected.entry(row.reason).or_default() += 1,
            None => {
                let Origin { test, program, place, name } = origin;
                let place = format!("{test}: {program}, {place:?} {}", without_random_folder(&name));
                wrong.entry(place).or_insert_with(|| (0, find.to_string())).0 += 1;
            }
        }
    }
    let mut told = String::new();
    for (reason, count) in &expected {
        told += &format!("allowed:   {count} × {reason}\n");
    }
    told += &format!("found:     {} places where none may be\n", wrong.len());
    for (place, (count, first)) in wrong.iter().take(TOLD_SINGLY) {
        told += &format!("  {place}: {count} ×, first {first}\n");
    }
    for line in blind.iter().take(TOLD_SINGLY) {
        told += &format!("  not found: {line}\n");
    }
    if wrong.len() > TOLD_SINGLY {
        told += &format!("  and {} more\n", wrong.len() - TOLD_SINGLY);
    }
    (told, if wrong.is_empty() && blind.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Extent {
    fn count(&mut self, traces: &[Trace]) {
        for trace in traces {
            let (count, bytes) = self.places.entry(trace.origin.place).or_default();
            *count += 1;
            *bytes += trace.bytes.len();
            self.tests.insert(trace.origin.test.clone());
        }
    }

    fn told(&self, files: &[PathBuf]) -> String {
        let mut told = format!("searched:  {} tests in {} traces\n", self.tests.len(), files.len());
        for (place, (count, bytes)) in &self.places {
            told += &format!("           {place:?}: {count}, {:.1} MB\n", *bytes as f64 / 1e6);
        }
        told
    }
}

/// Long traces in parts, each long enough into the next that no key lies in neither.
fn parts(trace: &Trace) -> impl Iterator<Item = (&Trace, Range<usize>)> {
    let length = trace.bytes.len();
    (0..length.max(1)).step_by(PART).map(move |from| (trace, from..(from + PART + OVERLAP).min(length)))
}

/// Goes through all of it on all cores.
fn each<T: Sync>(all: &[T], work: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(one) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(one);
                }
            });
        }
    });
}

/// Bytes that were seen before, by their hash.
#[derive(Default)]
struct Seen {
    hasher: RandomState,
    hashes: Mutex<HashSet<u64>>,
}

impl Seen {
    fn is_new(&self, bytes: &[u8]) -> bool {
        self.hashes.lock().expect("held for moments").insert(self.hasher.hash_one(bytes))
    }

    fn holds(&self, bytes: &[u8]) -> bool {
        self.hashes.lock().expect("held for moments").contains(&self.hasher.hash_one(bytes))
    }
}

/// A path, without the letters that a temporary folder draws.
fn without_random_folder(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with(".tmp") { ".tmp…" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
