//! `greatseal operator`: the top of the chain.

use clap::{Args, Subcommand};
use greatseal_core::code::Exit;
use serde_json::json;

use super::request;
use crate::clock;
use crate::desk::{NewOperator, Outcome};
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::secrets::{Custody, InRealm};

/// Makes the operator.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Create(Create),
}

/// Makes the realm's operator: an identity key that stays offline, and signing keys that work.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal operator create --title \"Acme\"\n  greatseal operator create --title \"Acme\" --signing-keys 1 --days 90\n\nThe identity key signs the operator's own token and nothing else, so it can be locked away afterwards."
)]
pub(crate) struct Create {
    /// The operator's name for people [default: the realm's name]
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,

    /// How many signing keys to make: three, so that two can outvote a stolen one.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=16))]
    signing_keys: u8,

    /// Make an operator without signing keys: strict verifiers and registries will refuse it.
    #[arg(long, conflicts_with = "signing_keys")]
    without_signing_keys: bool,

    /// For how many days the token speaks [default: the realm's lifetime, 200]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36500))]
    days: Option<u32>,

    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

pub(crate) fn run(command: &Command, format: Format) -> Result<Exit, Problem> {
    let Command::Create(create) = command;
    let mut desk = create.custody.desk(&create.realm, clock::now()?)?;
    let title = create.title.clone().unwrap_or_else(|| desk.realm.file().name.to_string());
    if create.without_signing_keys {
        output::remark(
            "warning: an operator without signing keys needs its identity key for every account, and strict verifiers and registries refuse it",
        );
    }
    let signing_keys = if create.without_signing_keys { 0 } else { create.signing_keys };
    let new = NewOperator { title: title.clone(), signing_keys, days: create.days };
    let saved = match desk.create_operator(&new)? {
        Outcome::Done(saved) => saved,
        Outcome::Waiting(waiting) => return Ok(request::tell_waiting(&desk, &waiting, format)),
    };
    let claims = saved.token.verified().content();
    let signers: Vec<String> = claims.entity.signers().iter().map(ToString::to_string).collect();
    let object = json!({
        "operator": claims.issuer.to_string(),
        "title": title,
        "signing_keys": signers,
        "expires": claims.terms.validity.expires.map(|at| at.as_secs()),
        "token": saved.path.display().to_string(),
        "id": saved.token.verified().id().to_string(),
    });
    output::answer(format, &object, || {
        let mut text = format!("made the operator {title}\n  identity     {}\n", desk.realm.show(&claims.issuer));
        for key in claims.entity.signers() {
            text += &format!("  signing key  {}\n", desk.realm.show(&key));
        }
        text += &format!(
            "  token        {}, {}\n\n  Verifiers trust this key:\n    --trust {}\n  {} Next:\n    greatseal account create NAME\n",
            saved.path.display(),
            clock::show_expiry(claims.terms.validity.expires),
            claims.issuer,
            if signing_keys == 0 {
                "Every account will need the identity key, and only `--policy relaxed` accepts them."
            } else {
                "The identity key is not needed to issue accounts: back it up and keep it offline."
            }
        );
        text
    });
    Ok(Exit::Ok)
}
