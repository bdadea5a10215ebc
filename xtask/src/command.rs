//! A program to run, remembered so that a failure can show what to type.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{self, ExitStatus, Stdio};

use crate::failure::Failure;

pub(crate) struct Command {
    program: OsString,
    shown_as: Option<&'static str>,
    arguments: Vec<OsString>,
    set: Vec<(&'static str, OsString)>,
    unset: Vec<&'static str>,
    folder: PathBuf,
}

impl Command {
    pub(crate) fn new(program: OsString, folder: &Path) -> Self {
        Self {
            program,
            shown_as: None,
            arguments: Vec::new(),
            set: Vec::new(),
            unset: Vec::new(),
            folder: folder.to_path_buf(),
        }
    }

    /// Shows the program under a name that a person would type.
    pub(crate) fn shown_as(mut self, name: &'static str) -> Self {
        self.shown_as = Some(name);
        self
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    pub(crate) fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    pub(crate) fn env(mut self, name: &'static str, value: impl AsRef<OsStr>) -> Self {
        self.set.push((name, value.as_ref().to_owned()));
        self
    }

    pub(crate) fn without_env(mut self, name: &'static str) -> Self {
        self.unset.push(name);
        self
    }

    /// Shows the command, runs it on our own terminal, fails when it fails.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        println!("$ {self}");
        self.run_unannounced()
    }

    /// Runs the command on our own terminal and adds nothing to what it prints.
    pub(crate) fn run_unannounced(&self) -> Result<(), Failure> {
        let status = self.prepare().status().map_err(|source| self.not_started(source))?;
        self.judge(status)
    }

    /// Runs the command quietly and returns its standard output.
    pub(crate) fn output(&self) -> Result<String, Failure> {
        let done = self
            .prepare()
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .map_err(|source| self.not_started(source))?;
        self.judge(done.status)?;
        Ok(String::from_utf8_lossy(&done.stdout).into_owned())
    }

    /// Shows the command, runs it and hands over its standard error line by line.
    pub(crate) fn run_reading_errors(&self, mut each: impl FnMut(&str)) -> Result<(), Failure> {
        println!("$ {self}");
        let mut child = self
            .prepare()
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| self.not_started(source))?;
        if let Some(errors) = child.stderr.take() {
            for line in BufReader::new(errors).split(b'\n') {
                let line = line.map_err(|source| self.not_started(source))?;
                each(&String::from_utf8_lossy(&line));
            }
        }
        let status = child.wait().map_err(|source| self.not_started(source))?;
        self.judge(status)
    }

    fn prepare(&self) -> process::Command {
        let mut command = process::Command::new(&self.program);
        command.args(&self.arguments).current_dir(&self.folder);
        for name in &self.unset {
            command.env_remove(name);
        }
        for (name, value) in &self.set {
            command.env(name, value);
        }
        command
    }

    fn judge(&self, status: ExitStatus) -> Result<(), Failure> {
        if status.success() {
            return Ok(());
        }
        Err(Failure::Command { shown: self.to_string(), status: status.to_string() })
    }

    fn not_started(&self, source: io::Error) -> Failure {
        Failure::Start { shown: self.to_string(), source }
    }
}

/// As it would be typed in a shell.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.set {
            write!(f, "{name}={} ", quoted(value))?;
        }
        match self.shown_as {
            Some(name) => f.write_str(name)?,
            None => f.write_str(&quoted(&self.program))?,
        }
        for argument in &self.arguments {
            write!(f, " {}", quoted(argument))?;
        }
        Ok(())
    }
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.into_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cargo() -> Command {
        Command::new("cargo".into(), Path::new("."))
    }

    #[test]
    fn is_shown_as_typed() {
        let command = cargo().args(["test", "-p", "greatseal-core"]).env("RUSTFLAGS", r#"--cfg b="x""#);
        assert_eq!(command.to_string(), r#"RUSTFLAGS='--cfg b="x"' cargo test -p greatseal-core"#);
        assert_eq!(cargo().arg("it's").to_string(), r"cargo 'it'\''s'");
        assert_eq!(cargo().arg("").to_string(), "cargo ''");
    }

    #[test]
    fn a_failing_command_names_itself() {
        let failure = Command::new(env!("CARGO").into(), Path::new("."))
            .shown_as("cargo")
            .arg("--no-such-option")
            .output()
            .unwrap_err();
        assert!(matches!(&failure, Failure::Command { shown, .. } if shown == "cargo --no-such-option"), "{failure}");
    }

    #[test]
    fn a_missing_program_is_a_failure() {
        let command = Command::new("no-such-program-anywhere".into(), Path::new("."));
        assert!(matches!(command.output(), Err(Failure::Start { .. })));
    }
}
