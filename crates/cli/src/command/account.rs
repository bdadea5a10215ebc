//! `greatseal account`: tenants under the operator.

use clap::{Args, Subcommand};
use greatseal_core::Code;
use greatseal_core::code::Exit;
use greatseal_token::wascap::Claims;
use serde_json::{Value, json};

use super::request;
use crate::clock;
use crate::desk::{NewAccount, NextListing, Outcome};
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::realm::Realm;
use crate::secrets::{Custody, InRealm};
use crate::table::table;
use crate::text;

/// Makes and shows accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Create(Create),
    Reissue(Reissue),
    #[command(subcommand)]
    SigningKey(SigningKey),
    List(List),
    Show(Show),
}

/// Makes an account, signed by one of the operator's signing keys.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal account create payments\n  greatseal account create payments --title \"Payments\" --signing-keys 2 --by signing-2\n\nThe account's identity key can be locked away: its signing keys sign modules."
)]
pub(crate) struct Create {
    /// The account's name in this realm, like `payments`.
    name: String,

    /// The account's name for people [default: its name]
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,

    /// How many signing keys to make; with none, the identity key signs modules.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=16))]
    signing_keys: u8,

    /// Which of the operator's signing keys signs [default: any that custody here has]
    #[arg(long, value_name = "KEY")]
    by: Option<String>,

    /// For how many days the token speaks [default: the realm's lifetime, 365]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36500))]
    days: Option<u32>,

    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

/// What every next token of an account can be told.
#[derive(Debug, Args)]
pub(crate) struct Next {
    /// Which of the operator's signing keys signs [default: any that custody here has]
    #[arg(long, value_name = "KEY")]
    by: Option<String>,

    /// For how many days the token speaks [default: the realm's lifetime, 365]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36500))]
    days: Option<u32>,

    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

/// Makes an account's token anew, with the same keys.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal account reissue payments\n  greatseal account reissue payments --by signing-2\n\nThe account's own side agrees to it: its identity key, or a majority of its signing keys. Keys that are elsewhere are asked by a request."
)]
pub(crate) struct Reissue {
    /// The account's name in this realm.
    name: String,
    #[command(flatten)]
    next: Next,
}

/// Lists other signing keys of an account, under the same identity.
#[derive(Debug, Subcommand)]
pub(crate) enum SigningKey {
    Add(AddKeys),
    Remove(RemoveKeys),
}

/// Lists further signing keys: keys that are known already, or new ones.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  greatseal account signing-key add payments payments-signing-2")]
pub(crate) struct AddKeys {
    /// The account's name in this realm.
    name: String,
    /// Names of the keys.
    #[arg(required = true, value_name = "KEY", id = "added")]
    keys: Vec<String>,
    #[command(flatten)]
    next: Next,
}

/// Lists signing keys of an account no more, and others in their place.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  greatseal account signing-key remove payments payments-signing-1 --add payments-signing-2\n\nRevoke a removed account key too (`greatseal revoke key`): if the new listing ever dies, the one before it speaks again with its keys."
)]
pub(crate) struct RemoveKeys {
    /// The account's name in this realm.
    name: String,
    /// Names of the keys.
    #[arg(required = true, value_name = "KEY", id = "removed")]
    keys: Vec<String>,
    /// A key to list in their place; may be repeated.
    #[arg(long, value_name = "KEY")]
    add: Vec<String>,
    #[command(flatten)]
    next: Next,
}

/// Lists the realm's accounts.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    realm: InRealm,
}

/// Shows one account.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The account's name in this realm.
    name: String,
    #[command(flatten)]
    realm: InRealm,
}

pub(crate) fn run(command: &Command, format: Format) -> Result<Exit, Problem> {
    match command {
        Command::Create(create) => make(create, format),
        Command::Reissue(Reissue { name, next }) => relist(name, next, &[], &[], format),
        Command::SigningKey(SigningKey::Add(AddKeys { name, keys, next })) => relist(name, next, keys, &[], format),
        Command::SigningKey(SigningKey::Remove(RemoveKeys { name, keys, add, next })) => {
            relist(name, next, add, keys, format)
        }
        Command::List(list) => list_all(list, format),
        Command::Show(show) => show_one(show, format),
    }
}

fn make(create: &Create, format: Format) -> Result<Exit, Problem> {
    let mut desk = create.custody.desk(&create.realm, clock::now()?)?;
    let name = desk.realm.name(&create.name)?;
    let by = create.by.as_deref().map(|by| desk.realm.name(by)).transpose()?;
    let title = create.title.clone().unwrap_or_else(|| crate::realm::own(&name).into());
    let new = NewAccount { name: name.clone(), title, signing_keys: create.signing_keys, by, days: create.days };
    let saved = match desk.create_account(&new)? {
        Outcome::Done(saved) => saved,
        Outcome::Waiting(waiting) => return Ok(request::tell_waiting(&desk, &waiting, format)),
    };
    let claims = saved.token.verified().content();
    let mut object = object(name.as_str(), claims);
    if let Some(members) = object.as_object_mut() {
        members.insert("token".into(), saved.path.display().to_string().into());
        members.insert("id".into(), saved.token.verified().id().to_string().into());
    }
    output::answer(format, &object, || {
        format!(
            "made the account {name}\n{}  token        {}\n  signed by    {}\n\n  Next:\n    greatseal module sign FILE --account {} --module NAME --new-key\n",
            people(&desk.realm, claims),
            saved.path.display(),
            desk.realm.show(&saved.signed_by),
            crate::realm::own(&name)
        )
    });
    Ok(Exit::Ok)
}

/// Makes an account's next token and tells what became of it.
fn relist(name: &str, next: &Next, add: &[String], remove: &[String], format: Format) -> Result<Exit, Problem> {
    let mut desk = next.custody.desk(&next.realm, clock::now()?)?;
    let name = desk.realm.name(name)?;
    let named = |names: &[String]| names.iter().map(|name| desk.realm.name(name)).collect::<Result<Vec<_>, _>>();
    let order = NextListing {
        account: name.clone(),
        add: named(add)?,
        remove: named(remove)?,
        by: next.by.as_deref().map(|by| desk.realm.name(by)).transpose()?,
        days: next.days,
    };
    let saved = match desk.relist_account(&order)? {
        Outcome::Done(saved) => saved,
        Outcome::Waiting(waiting) => return Ok(super::request::tell_waiting(&desk, &waiting, format)),
    };
    let claims = saved.token.verified().content();
    let mut object = object(name.as_str(), claims);
    if let Some(members) = object.as_object_mut() {
        members.insert("token".into(), saved.path.display().to_string().into());
        members.insert("id".into(), saved.token.verified().id().to_string().into());
    }
    output::answer(format, &object, || {
        let mut text = format!(
            "made the next token of {name}\n{}  token        {}\n  signed by    {}\n",
            people(&desk.realm, claims),
            saved.path.display(),
            desk.realm.show(&saved.signed_by)
        );
        for key in remove {
            text += &format!(
                "\n  {key} is listed no more, and its modules are refused. Revoke it as well:\n    greatseal revoke key {key} --confirm {key}\n"
            );
        }
        text
    });
    Ok(Exit::Ok)
}

fn object(name: &str, claims: &Claims) -> Value {
    let signers: Vec<String> = claims.entity.signers().iter().map(ToString::to_string).collect();
    json!({
        "name": name,
        "title": claims.entity.name(),
        "account": claims.entity.subject_text(),
        "signing_keys": signers,
        "issuer": claims.issuer.to_string(),
        "expires": claims.terms.validity.expires.map(|at| at.as_secs()),
    })
}

fn people(realm: &Realm, claims: &Claims) -> String {
    let mut lines = String::new();
    if let Some(subject) = claims.entity.subject() {
        lines += &format!("  identity     {}\n", realm.show(&subject));
    }
    for key in claims.entity.signers() {
        lines += &format!("  signing key  {}\n", realm.show(&key));
    }
    lines + &format!("  speaks       {}\n", clock::show_expiry(claims.terms.validity.expires))
}

fn list_all(list: &List, format: Format) -> Result<Exit, Problem> {
    let realm = Realm::open(list.realm.start())?;
    let current = realm.tokens()?;
    let objects: Vec<Value> = current
        .accounts
        .iter()
        .map(|(name, _, token)| object(&format!("{}/{name}", realm.file().name), token.content()))
        .collect();
    output::answer(format, &json!({ "accounts": objects }), || {
        let rows = current
            .accounts
            .iter()
            .map(|(name, _, token)| {
                let claims = token.content();
                [
                    name.to_string(),
                    text::name(claims.entity.name().unwrap_or_default()),
                    claims.entity.subject().map(|key| key.short()).unwrap_or_default(),
                    claims.entity.signers().len().to_string(),
                    clock::show_expiry(claims.terms.validity.expires),
                ]
            })
            .collect();
        table(
            ["name", "title", "identity", "signing keys", "speaks"],
            rows,
            "this realm has no accounts yet: `greatseal account create NAME` makes one",
        )
    });
    Ok(Exit::Ok)
}

fn show_one(show: &Show, format: Format) -> Result<Exit, Problem> {
    let realm = Realm::open(show.realm.start())?;
    let name = realm.name(&show.name)?;
    let current = realm.tokens()?;
    let own = crate::realm::own(&name);
    let Some((_, path, token)) = current.accounts.iter().find(|(of, _, _)| of.as_str() == own) else {
        return Err(Problem::new(Code::NameUnknown, format!("this realm has no account {name}"))
            .hint("`greatseal account list` shows the accounts there are."));
    };
    let claims = token.content();
    output::answer(format, &object(name.as_str(), claims), || {
        format!(
            "{name}\n  title        {}\n{}  token        {}\n  issued by    {}\n",
            text::name(claims.entity.name().unwrap_or_default()),
            people(&realm, claims),
            path.display(),
            realm.show(&claims.issuer)
        )
    });
    Ok(Exit::Ok)
}
