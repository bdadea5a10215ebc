//! Runs a test in the sight of `strace`.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use greatseal_testkit::secrets::traces::{ENDING, FOLDER, TRACED, Trace, short, strace, write};

/// Tests that trace processes themselves, which one process can do to another only once; by how their names begin.
/// What they leave is kept by [`keep`](greatseal_testkit::secrets::traces::keep).
const TRACING_THEMSELVES: [&str; 3] = ["kills ", "hardened ", "custody hardening::"];

/// Runs a program, and ends as it ends.
pub(crate) fn run(program: &str, arguments: &[&str]) -> io::Result<ExitCode> {
    let name = name(program, arguments);
    let folder = std::env::var_os(FOLDER).map(PathBuf::from);
    let plain = arguments.contains(&"--list") || TRACING_THEMSELVES.iter().any(|it| name.starts_with(it));
    let mut command = Command::new(program);
    command.args(arguments);
    let Some(folder) = folder.filter(|_| !plain) else { return Ok(exit(command.status()?)) };
    let (status, traces) = traced(&folder, &name, &command, false)?;
    let path = folder.join(format!("{}.{ENDING}", std::process::id()));
    write(&mut File::options().create(true).append(true).open(path)?, traces)?;
    Ok(exit(status))
}

/// Runs a prepared program in sight, and returns how it ended and what it left.
pub(crate) fn traced(
    folder: &Path,
    test: &str,
    command: &Command,
    quiet: bool,
) -> io::Result<(ExitStatus, Vec<Trace>)> {
    let log = folder.join(format!("{}.log", std::process::id()));
    let mut strace = Command::new("strace");
    strace.args(strace::OPTIONS).arg(&log).arg("--").arg(command.get_program()).args(command.get_args());
    if quiet {
        strace.stdout(Stdio::null()).stderr(Stdio::null());
    }
    let status = strace.env(TRACED, "1").status()?;
    let traces = strace::read(BufReader::new(File::open(&log)?), test, &folder.to_string_lossy())?;
    fs::remove_file(&log)?;
    Ok((status, traces))
}

/// The binary, and the test if it is one alone.
fn name(program: &str, arguments: &[&str]) -> String {
    let test = arguments.iter().find(|argument| !argument.starts_with('-'));
    format!("{} {}", short(program), test.unwrap_or(&"*"))
}

fn exit(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}
