//! The commands, one file each.

mod account;
mod backup;
mod complete;
mod container;
mod custody;
mod delegation;
mod explain;
mod init;
mod inspect;
mod invoke;
mod key;
mod module;
mod operator;
mod provider;
mod quickstart;
mod request;
mod revoke;
mod root;
mod sealed;
mod service;
mod status;
mod trust;
mod undo;
mod verify;

use std::sync::OnceLock;

use clap::{ArgMatches, Subcommand};
use greatseal_core::code::Exit;

use crate::output::Format;
use crate::problem::Problem;

/// What the command can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Quickstart(quickstart::Quickstart),
    Init(init::Init),
    #[command(subcommand)]
    Key(key::Command),
    #[command(subcommand)]
    Custody(custody::Command),
    #[command(subcommand)]
    Operator(operator::Command),
    #[command(subcommand)]
    Account(account::Command),
    #[command(subcommand)]
    Module(module::Command),
    #[command(subcommand)]
    Provider(provider::Command),
    Invoke(Box<invoke::Invoke>),
    #[command(subcommand)]
    Container(container::Command),
    #[command(subcommand)]
    Root(root::Command),
    #[command(subcommand)]
    Service(service::Command),
    #[command(subcommand)]
    Delegation(delegation::Command),
    #[command(subcommand)]
    Request(request::Command),
    #[command(subcommand)]
    Revoke(revoke::Command),
    #[command(subcommand)]
    Backup(backup::Command),
    #[command(subcommand)]
    Trust(trust::Command),
    Status(status::Status),
    Undo(undo::Undo),
    Verify(verify::Verify),
    Inspect(inspect::Inspect),
    Explain(explain::Explain),
    Completions(complete::Completions),
    Man(complete::Man),
}

/// The words of the command that runs, without its arguments: a process runs one.
static RUNNING: OnceLock<String> = OnceLock::new();

/// Notes which command runs, from what was typed: `account create`.
pub(crate) fn note(matches: &ArgMatches) {
    let mut words = Vec::new();
    let mut next = matches.subcommand();
    while let Some((word, matches)) = next {
        words.push(word);
        next = matches.subcommand();
    }
    let _ = RUNNING.set(words.join(" "));
}

/// Returns the words of the command that runs, for the journal.
pub(crate) fn running() -> &'static str {
    RUNNING.get().map_or("greatseal", String::as_str)
}

/// Runs a command and says how it ended.
pub(crate) fn run(command: &Command, format: Format) -> Result<Exit, Problem> {
    match command {
        Command::Quickstart(quickstart) => quickstart::run(quickstart, format),
        Command::Init(init) => init::run(init, format),
        Command::Key(key) => key::run(key, format),
        Command::Custody(custody) => custody::run(custody, format),
        Command::Operator(operator) => operator::run(operator, format),
        Command::Account(account) => account::run(account, format),
        Command::Module(module) => module::run(module, format),
        Command::Provider(provider) => provider::run(provider, format),
        Command::Root(root) => root::run(root, format),
        Command::Service(service) => service::run(service, format),
        Command::Delegation(delegation) => delegation::run(delegation, format),
        Command::Invoke(invoke) => invoke::run(invoke, format),
        Command::Container(container) => container::run(container, format),
        Command::Request(request) => request::run(request, format),
        Command::Revoke(revoke) => revoke::run(revoke, format),
        Command::Backup(backup) => backup::run(backup, format),
        Command::Trust(trust) => trust::run(trust, format),
        Command::Status(status) => status::run(status, format),
        Command::Undo(undo) => undo::run(undo, format),
        Command::Verify(verify) => verify::run(verify, format),
        Command::Inspect(inspect) => inspect::run(inspect, format),
        Command::Explain(explain) => explain::run(explain, format),
        Command::Completions(completions) => Ok(complete::completions(completions)),
        Command::Man(man) => complete::man(man),
    }
}

/// Reads the command of a capability, `/files/read`.
fn capability(text: &str) -> Result<greatseal_core::Command, Problem> {
    greatseal_core::Command::parse(text)
        .map_err(|fault| Problem::new(greatseal_core::Code::UcanCommandSyntax, fault.to_string()))
}
