//! `greatseal delegation create`: who, to whom, what, of whom, on which conditions, how long.

use clap::Args;
use greatseal_core::Timestamp;
use greatseal_core::code::Exit;
use greatseal_token::ucan::Policy;
use serde_json::{Value, json};

use super::request;
use crate::capability::{Book, Entry, Grant, Purpose, Series, Span, Who, read_policy, shown};
use crate::clock;
use crate::desk::{Desk, NewDelegation, Outcome};
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::secrets::{Custody, InRealm};

/// Delegates a capability: once, or ahead for as long as strong keys are to stay offline.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal delegation create --from upload --to access --command /files/read --for 30d\n  greatseal delegation create --from upload --to access --command /files/read --subject root --where '[[\"==\", \".bucket\", \"public\"]]' --for 30d\n  greatseal delegation create --from root-signing-1 --to upload --command /files --for 8d --starts 2027-01-01 --repeat 13 --every 7d\n\nWhat its issuer does not hold is refused, before anybody signs. Names are those of services, the root and its signing principals; anybody else is named by a DID."
)]
pub(crate) struct Create {
    /// Who delegates: a service, the root, or one of its signing principals.
    #[arg(long, value_name = "WHO")]
    from: String,

    /// To whom: a name, or a DID.
    #[arg(long, value_name = "WHO")]
    to: String,

    /// What may be invoked, like `/files/read`; `/` is everything that the issuer holds.
    #[arg(long, value_name = "COMMAND")]
    command: String,

    /// Whose capability it is: a name, or a DID [default: the realm's root]
    #[arg(long, value_name = "WHO")]
    subject: Option<String>,

    /// On which conditions: a UCAN policy in JSON, or a file with one.
    #[arg(long = "where", value_name = "JSON|FILE")]
    policy: Option<String>,

    /// How long it lasts: 30d, 12h, 90m, 4w, or `ever`, which separation leaves to the root.
    #[arg(long = "for", value_name = "TIME", value_parser = Span::parse)]
    lasts: Span,

    /// When it begins: seconds since 1970, RFC 3339, or a day [default: at once]
    #[arg(long, value_name = "TIME", value_parser = clock::parse_beginning)]
    starts: Option<Timestamp>,

    /// How many, each beginning before the one before ends.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    repeat: u8,

    /// How far apart they begin [default: so that each overlaps the one before a little]
    #[arg(long, value_name = "TIME", value_parser = Span::parse, requires = "repeat")]
    every: Option<Span>,

    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

pub(super) fn run(create: &Create, format: Format) -> Result<Exit, Problem> {
    let mut desk = create.custody.desk(&create.realm, clock::now()?)?;
    let book = Book::read(&desk.realm, desk.now)?;
    let grants = {
        let who = Who::of(&desk.realm, &book);
        let subject = match &create.subject {
            Some(text) => who.find(text)?,
            None => desk.realm.root()?.1.public_key(),
        };
        let (from, to) = (who.find(&create.from)?, who.find(&create.to)?);
        let command = crate::command::capability(&create.command)?;
        let policy = create.policy.as_deref().map(read_policy).transpose()?.unwrap_or_else(Policy::default);
        let series = Series { starts: create.starts, each: create.lasts, count: create.repeat, every: create.every };
        let grant = |window| Grant {
            from,
            to,
            subject,
            command: command.clone(),
            policy: policy.clone(),
            window,
            purpose: Purpose::Capability,
        };
        series.windows(desk.now)?.into_iter().map(|window| grant(window).into()).collect::<Vec<NewDelegation>>()
    };
    carry_out(&mut desk, &grants, "delegated", format)
}

/// Makes delegations and tells what became of them.
pub(super) fn carry_out(
    desk: &mut Desk,
    grants: &[NewDelegation],
    done: &str,
    format: Format,
) -> Result<Exit, Problem> {
    let filed = match desk.delegate("delegation", grants)? {
        Outcome::Done(filed) => filed,
        Outcome::Waiting(waiting) => return Ok(request::tell_waiting(desk, &waiting, format)),
    };
    let book = Book::read(&desk.realm, desk.now)?;
    let who = Who::of(&desk.realm, &book);
    let new: Vec<&Entry> =
        filed.iter().filter_map(|filed| book.entries().iter().find(|entry| entry.path == filed.path)).collect();
    let objects: Vec<Value> = new.iter().map(|entry| shown::object(&book, &who, entry)).collect();
    output::answer(format, &json!({ "delegations": objects }), || {
        let mut text = String::new();
        for entry in &new {
            let begins = entry.validity().not_before.filter(|from| *from > desk.now);
            let begins = begins.map(|at| format!("from {} ", clock::show(at))).unwrap_or_default();
            text += &format!(
                "{done}: {} to {}\n  command  {}{}\n  speaks   {begins}{}\n  file     {}\n  cid      {}\n",
                who.show(&entry.issuer),
                who.show(&entry.audience),
                entry.command,
                entry.subject.map(|key| format!(" of {}", who.brief(&key))).unwrap_or_default(),
                shown::ends(&book, entry),
                entry.path.display(),
                entry.cid,
            );
            let policy = crate::capability::policy(entry.content());
            if !policy.is_empty() {
                text += &format!("  where    {policy}\n");
            }
        }
        text
    });
    Ok(Exit::Ok)
}
