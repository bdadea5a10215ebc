//! `greatseal operator`: the top of the chain.

use clap::{Args, Subcommand};
use greatseal_core::code::Exit;
use greatseal_core::succession::AccountRule;
use serde_json::json;

use super::request;
use crate::clock;
use crate::desk::{NewOperator, NewSuccession, NextToken, Outcome, Succeeded};
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::secrets::{Custody, InRealm};

/// Makes the operator, and its next tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Create(Create),
    Reissue(Reissue),
    RotateIdentity(RotateIdentity),
    #[command(subcommand)]
    SigningKey(SigningKey),
}

/// Makes the realm's operator: an identity key that stays offline, a next one kept apart, and
/// signing keys that work.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal operator create --title \"Acme\"\n  greatseal operator create --title \"Acme\" --signing-keys 1 --days 90\n\nKeys that were named before (`greatseal key pin identity O…`) are taken as they are, and asked by a request.\nThe identity keys sign the operator's own tokens and nothing else, so they can be locked away afterwards."
)]
pub(crate) struct Create {
    /// The operator's name for people [default: the realm's name]
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,

    /// How many signing keys: three, best in three custodies, so that two can outvote a stolen one.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=16))]
    signing_keys: u8,

    /// Make an operator without signing keys: strict verifiers and registries will refuse it.
    #[arg(long, conflicts_with_all = ["signing_keys", "threshold"])]
    without_signing_keys: bool,

    /// How many signing keys decide together on the next token [default: the least majority]
    #[arg(long, value_name = "N")]
    threshold: Option<u64>,

    /// Do not let both identity keys together do without the signing keys.
    #[arg(long)]
    no_pair: bool,

    /// Let accounts be listed without their own word: whoever steals one signing key can then relist any.
    #[arg(long)]
    plain_accounts: bool,

    /// Make a plain chain, as older tools do: a stolen identity key is then the operator.
    #[arg(long, conflicts_with_all = ["threshold", "no_pair", "plain_accounts"])]
    without_succession: bool,

    /// For how many days the token speaks [default: the realm's lifetime, 200]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36500))]
    days: Option<u32>,

    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

/// What every next token can be told.
#[derive(Debug, Args)]
pub(crate) struct Next {
    /// How many signing keys are a quorum from then on [default: the least majority]
    #[arg(long, value_name = "N")]
    threshold: Option<u64>,

    /// Ask this key for its endorsement, wherever it is, beside every key at hand; may be repeated.
    #[arg(long, value_name = "KEY")]
    endorse_with: Vec<String>,

    /// For how many days the token speaks [default: the realm's lifetime, 200]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36500))]
    days: Option<u32>,

    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

/// Makes the operator's token anew, with the same keys: every 90 days or so.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal operator reissue\n  greatseal operator reissue --more-keys /media/safe/keys\n\nVerifiers that trust the older token follow the endorsements to this one. Keys that are elsewhere are asked by a request."
)]
pub(crate) struct Reissue {
    #[command(flatten)]
    next: Next,
}

/// Lets the next identity key take over, and makes another to come after it.
///
/// This is also how a lost or stolen identity is replaced. All accounts stay valid as they are.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal operator rotate-identity --more-keys /media/safe/keys-apart\n  greatseal operator rotate-identity --endorse-with signing-2\n\nThe key after the next one is made in the folder `…-apart` beside your keys: carry it elsewhere."
)]
pub(crate) struct RotateIdentity {
    #[command(flatten)]
    next: Next,
}

/// Lists other signing keys, under the same identity.
#[derive(Debug, Subcommand)]
pub(crate) enum SigningKey {
    Add(AddKeys),
    Remove(RemoveKeys),
}

/// Lists further signing keys: keys that are known already, or new ones.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  greatseal operator signing-key add signing-4")]
pub(crate) struct AddKeys {
    /// Names of the keys.
    #[arg(required = true, value_name = "KEY")]
    names: Vec<String>,
    #[command(flatten)]
    next: Next,
}

/// Lists signing keys no more, and others in their place.
///
/// A key that is removed is destroyed (`greatseal key retire`); it is revoked only if it was stolen.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal operator signing-key remove signing-1 --add signing-4\n  greatseal operator signing-key remove signing-1 signing-2 signing-3 --add signing-4 --replace-all"
)]
pub(crate) struct RemoveKeys {
    /// Names of the keys.
    #[arg(required = true, value_name = "KEY")]
    names: Vec<String>,
    /// A key to list in their place; may be repeated.
    #[arg(long, value_name = "KEY")]
    add: Vec<String>,
    /// Let fewer than a quorum of the old keys stay: for healing.
    #[arg(long)]
    replace_all: bool,
    #[command(flatten)]
    next: Next,
}

pub(crate) fn run(command: &Command, format: Format) -> Result<Exit, Problem> {
    match command {
        Command::Create(create) => make(create, format),
        Command::Reissue(Reissue { next }) => succeed(next, &[], &[], |_| {}, format),
        Command::RotateIdentity(RotateIdentity { next }) => {
            succeed(next, &[], &[], |change| change.rotate_identity = true, format)
        }
        Command::SigningKey(SigningKey::Add(AddKeys { names, next })) => succeed(next, names, &[], |_| {}, format),
        Command::SigningKey(SigningKey::Remove(RemoveKeys { names, add, replace_all, next })) => {
            succeed(next, add, names, |change| change.replace_all = *replace_all, format)
        }
    }
}

/// Makes the operator's next token and tells what became of it.
fn succeed(
    next: &Next,
    add: &[String],
    remove: &[String],
    change: impl FnOnce(&mut NextToken),
    format: Format,
) -> Result<Exit, Problem> {
    let mut desk = next.custody.desk(&next.realm, clock::now()?)?;
    let named = |names: &[String]| names.iter().map(|name| desk.realm.name(name)).collect::<Result<Vec<_>, _>>();
    let mut order = NextToken {
        add: named(add)?,
        remove: named(remove)?,
        endorsers: named(&next.endorse_with)?,
        threshold: next.threshold,
        days: next.days,
        ..NextToken::default()
    };
    change(&mut order);
    let mut to_reissue = Vec::new();
    for name in &order.remove {
        to_reissue.extend(desk.dies_with(&desk.realm.nkey(name)?)?);
    }
    let Succeeded { filed, endorsed_by } = match desk.succeed(&order)? {
        Outcome::Done(done) => done,
        Outcome::Waiting(waiting) => return Ok(super::request::tell_waiting(&desk, &waiting, format)),
    };
    let Some((path, token)) = filed.iter().find_map(|filed| Some((&filed.path, filed.statement.wascap()?))) else {
        return Err(Problem::usage("no token was made"));
    };
    let claims = token.verified().content();
    let files: Vec<String> = filed.iter().map(|filed| filed.path.display().to_string()).collect();
    let object = json!({
        "operator": claims.issuer.to_string(),
        "signing_keys": claims.entity.signers().iter().map(ToString::to_string).collect::<Vec<_>>(),
        "endorsed_by": endorsed_by.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "seq": claims.succession.as_ref().map(|claim| claim.terms().seq),
        "expires": claims.terms.validity.expires.map(|at| at.as_secs()),
        "token": path.display().to_string(),
        "id": token.verified().id().to_string(),
        "files": files,
        "to_reissue": to_reissue,
    });
    output::answer(format, &object, || {
        let mut text = format!("made the operator's next token\n  identity     {}\n", desk.realm.show(&claims.issuer));
        for key in claims.entity.signers() {
            text += &format!("  signing key  {}\n", desk.realm.show(&key));
        }
        for key in &endorsed_by {
            text += &format!("  endorsed by  {}\n", desk.realm.show(key));
        }
        text +=
            &format!("  token        {}, {}\n\n", path.display(), clock::show_expiry(claims.terms.validity.expires));
        for account in &to_reissue {
            let name = account.trim_start_matches("account ");
            text += &format!(
                "  {account} was signed by a key that is listed no more: `greatseal account reissue {name}`\n"
            );
        }
        if to_reissue.is_empty() {
            text += "  Accounts and modules stay as they are.\n";
        }
        text += "  Publish the realm's folder: verifiers follow by themselves.\n";
        if order.rotate_identity {
            text += &format!("  The key after this one is in {}: carry it elsewhere.\n", desk.apart_folder().display());
        }
        for name in remove {
            text +=
                &format!("  {name} is listed no more. Destroy it: `greatseal key retire {name} --confirm {name}`.\n");
        }
        text
    });
    Ok(Exit::Ok)
}

fn make(create: &Create, format: Format) -> Result<Exit, Problem> {
    let mut desk = create.custody.desk(&create.realm, clock::now()?)?;
    let title = create.title.clone().unwrap_or_else(|| desk.realm.file().name.to_string());
    if create.without_signing_keys {
        output::remark(
            "warning: an operator without signing keys needs its identity key for every account, and strict verifiers and registries refuse it",
        );
    }
    let signing_keys = if create.without_signing_keys { 0 } else { create.signing_keys };
    if signing_keys == 2 {
        output::remark(
            "warning: with two signing keys both have to agree, so that losing either costs the quorum; take one or three",
        );
    }
    // Without signing keys there is no quorum that could decide anything.
    let succession = (!create.without_succession && signing_keys > 0).then_some(NewSuccession {
        threshold: create.threshold,
        pair: !create.no_pair,
        accounts: if create.plain_accounts { AccountRule::Plain } else { AccountRule::Countersigned },
    });
    let new = NewOperator { title: title.clone(), signing_keys, succession, days: create.days };
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
            "  token        {}, {}\n\n  Verifiers pin this {}:\n    --trust {}\n  {} Next:\n    greatseal account create NAME\n",
            saved.path.display(),
            clock::show_expiry(claims.terms.validity.expires),
            if claims.succession.is_some() { "token" } else { "key" },
            if claims.succession.is_some() { saved.path.display().to_string() } else { claims.issuer.to_string() },
            if signing_keys == 0 {
                "Every account will need the identity key, and only `--policy relaxed` accepts them."
            } else {
                "The identity key is not needed to issue accounts: back it up and keep it offline, the next one elsewhere."
            }
        );
        text
    });
    Ok(Exit::Ok)
}
