//! `greatseal service`: services, each with a stable identity and running keys that come and go.

mod rotate;

use clap::{Args, Subcommand};
use greatseal_core::code::Exit;
use greatseal_core::key::PublicKey;
use greatseal_token::ucan::Policy;
use serde_json::{Value, json};

use super::request;
use super::root::lasting;
use crate::capability::{Book, Entry, Who, is_running, read_policy, shown};
use crate::clock;
use crate::desk::{NewService, Outcome, live_of, running};
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::realm::{Name, Realm, Service};
use crate::secrets::{Custody, InRealm};
use crate::table::table;
use crate::text;

/// Makes services, lets keys run for them, and ends them.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Create(Create),
    List(List),
    Show(Show),
    Rotate(rotate::Rotate),
    Retire(Retire),
}

/// Makes a service: an identity whose key stays in custody, and what it may do.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal service create upload --command /files/write --command /files/read\n  greatseal service create access --command /files --policy '[[\"==\", \".bucket\", \"public\"]]' --days 90\n\nOthers delegate to the identity's DID, address it and configure it; it never changes. What runs in production is another key, for hours: `greatseal service rotate`."
)]
pub(crate) struct Create {
    /// The service's name in this realm, like `upload`.
    name: String,

    /// A command that it may execute, like `/files/read`; may be repeated, one delegation each.
    #[arg(long, value_name = "COMMAND")]
    command: Vec<String>,

    /// On which conditions: a UCAN policy in JSON, or a file with one.
    #[arg(long, value_name = "JSON|FILE", requires = "command")]
    policy: Option<String>,

    /// For how many days.
    #[arg(long, value_name = "N", default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=36500))]
    days: u32,

    /// Which signing principal of the root delegates [default: any that custody here has]
    #[arg(long, value_name = "KEY")]
    by: Option<String>,

    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

/// Lists the realm's services.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    realm: InRealm,
}

/// Shows a service: its identity, what it may do, what runs for it, and what it delegated onwards.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The service's name in this realm.
    name: String,
    #[command(flatten)]
    realm: InRealm,
}

/// Ends a service: takes back what it holds and what it delegated.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  greatseal service retire upload --confirm upload\n\nWhoever was given something by the service loses it. Its key stays in custody; `greatseal key retire` destroys it."
)]
pub(crate) struct Retire {
    /// The service's name in this realm.
    name: String,

    /// Repeat the service's name: nothing undoes this.
    #[arg(long, value_name = "NAME")]
    confirm: String,

    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

pub(crate) fn run(command: &Command, format: Format) -> Result<Exit, Problem> {
    match command {
        Command::Create(create) => make(create, format),
        Command::List(list) => list_all(list, format),
        Command::Show(show) => show_one(show, format),
        Command::Rotate(rotate) => rotate::run(rotate, format),
        Command::Retire(retire) => end(retire, format),
    }
}

fn make(create: &Create, format: Format) -> Result<Exit, Problem> {
    let mut desk = create.custody.desk(&create.realm, clock::now()?)?;
    let new = NewService {
        name: name_in(&desk.realm, &create.name)?,
        commands: create.command.iter().map(|text| super::capability(text)).collect::<Result<_, _>>()?,
        policy: create.policy.as_deref().map(read_policy).transpose()?.unwrap_or_else(Policy::default),
        lasts: lasting(Some(create.days)),
        by: create.by.as_deref().map(|by| desk.realm.name(by)).transpose()?,
    };
    if let Outcome::Waiting(waiting) = desk.create_service(&new)? {
        return Ok(request::tell_waiting(&desk, &waiting, format));
    }
    let book = Book::read(&desk.realm, desk.now)?;
    let part = Part::of(&desk.realm, &book, &new.name)?;
    output::answer(format, &part.object(), || {
        format!(
            "made the service {}\n{}\n  Others delegate to this DID and address it; it never changes.\n  Next, when the service's wallet has written its request:\n    greatseal service rotate {} --for FILE\n",
            new.name,
            part.people(),
            new.name
        )
    });
    Ok(Exit::Ok)
}

/// Reads the name of a service, with or without the realm's before it.
fn name_in(realm: &Realm, text: &str) -> Result<Name, Problem> {
    Name::parse(crate::realm::own(&realm.name(text)?))
}

/// A service with its part in the realm's delegations.
struct Part<'b> {
    book: &'b Book,
    who: Who<'b>,
    name: &'b Name,
    service: &'b Service,
    identity: PublicKey,
}

impl<'b> Part<'b> {
    fn of(realm: &'b Realm, book: &'b Book, name: &Name) -> Result<Self, Problem> {
        let (_, key) = realm.service(name)?;
        let identity = key.public_key();
        let Some((name, service)) = realm.file().services.get_key_value(name) else {
            return Err(Problem::usage("the service is gone"));
        };
        Ok(Self { book, who: Who::of(realm, book), name, service, identity })
    }

    /// What it was granted and lives.
    fn granted(&self) -> Vec<&'b Entry> {
        self.lives(|entry| entry.audience == self.identity)
    }

    /// What it delegated onwards, but for its running keys.
    fn onward(&self) -> Vec<&'b Entry> {
        self.lives(|entry| entry.issuer == self.identity && !is_running(entry.content()))
    }

    fn lives(&self, is: impl Fn(&Entry) -> bool) -> Vec<&'b Entry> {
        let all = self.book.entries().iter().filter(|entry| is(entry));
        all.filter(|entry| self.book.state(entry).0.lives()).collect()
    }

    fn commands(&self) -> Vec<&'b str> {
        let mut commands: Vec<&str> = self.granted().into_iter().map(|entry| entry.command.as_str()).collect();
        commands.sort_unstable();
        commands.dedup();
        commands
    }

    fn object(&self) -> Value {
        let all = |entries: Vec<&Entry>| -> Vec<Value> {
            entries.into_iter().map(|entry| shown::object(self.book, &self.who, entry)).collect()
        };
        let mut onward = self.onward();
        for entry in running(self.book, &self.identity) {
            onward.extend(self.book.passed_on(&entry.audience));
        }
        onward.sort_by_key(|entry| &entry.name);
        onward.dedup_by_key(|entry| &entry.name);
        json!({
            "name": self.name.as_str(),
            "identity": self.identity.to_string(),
            "retired": self.service.retired.map(|at| at.as_secs()),
            "commands": self.commands(),
            "granted": all(self.granted()),
            "running_keys": all(running(self.book, &self.identity)),
            "onward": all(onward),
        })
    }

    fn people(&self) -> String {
        let mut lines = format!("  identity     {}\n", self.identity);
        if let Some(at) = self.service.retired {
            lines += &format!("  retired      {}\n", clock::show(at));
        }
        for entry in self.granted() {
            let by = self.who.brief(&entry.issuer);
            lines += &format!(
                "  may          {} by {by}, {} [{}]\n",
                entry.command,
                shown::ends(self.book, entry),
                entry.name
            );
        }
        for entry in running(self.book, &self.identity) {
            let key = entry.audience.short();
            lines += &format!(
                "  running key  {key} for {}, {} [{}]\n",
                entry.command,
                shown::ends(self.book, entry),
                entry.name
            );
            for onward in self.book.passed_on(&entry.audience) {
                lines += &format!("    passed on  {}", shown::lines(self.book, &self.who, &[onward], ""));
            }
        }
        for entry in self.onward() {
            lines += &format!("  delegated    {}", shown::lines(self.book, &self.who, &[entry], ""));
        }
        lines
    }
}

fn list_all(list: &List, format: Format) -> Result<Exit, Problem> {
    let realm = Realm::open(list.realm.start())?;
    let book = Book::read(&realm, clock::now()?)?;
    let parts =
        realm.file().services.keys().map(|name| Part::of(&realm, &book, name)).collect::<Result<Vec<_>, _>>()?;
    let objects: Vec<Value> = parts.iter().map(Part::object).collect();
    output::answer(format, &json!({ "services": objects }), || {
        let row = |part: &Part<'_>| {
            let keys = running(&book, &part.identity);
            let last = keys.iter().filter_map(|entry| book.last(entry)).max();
            let runs = match (part.service.retired, last) {
                (Some(at), _) => format!("retired {}", clock::day(at)),
                (None, Some(last)) => format!("until {}", clock::minute(last)),
                (None, None) => "nothing".into(),
            };
            [
                part.name.to_string(),
                part.identity.short(),
                part.commands().join(" "),
                runs,
                part.onward().len().to_string(),
            ]
        };
        let rows = parts.iter().map(row).collect();
        table(
            ["name", "identity", "may", "runs", "delegated"],
            rows,
            "this realm has no services yet: `greatseal service create NAME --command /…` makes one",
        )
    });
    Ok(Exit::Ok)
}

fn show_one(show: &Show, format: Format) -> Result<Exit, Problem> {
    let realm = Realm::open(show.realm.start())?;
    let book = Book::read(&realm, clock::now()?)?;
    let name = name_in(&realm, &show.name)?;
    let part = Part::of(&realm, &book, &name)?;
    output::answer(format, &part.object(), || format!("{name}\n{}", part.people()));
    Ok(Exit::Ok)
}

fn end(retire: &Retire, format: Format) -> Result<Exit, Problem> {
    if retire.confirm != retire.name {
        return Err(Problem::usage(format!(
            "--confirm {}: this is not the service's name",
            text::name(&retire.confirm)
        ))
        .hint(format!(
            "Nothing was taken back, and nothing undoes it. If you mean it: `--confirm {}`.",
            text::name(&retire.name)
        )));
    }
    let mut desk = retire.custody.desk(&retire.realm, clock::now()?)?;
    let name = name_in(&desk.realm, &retire.name)?;
    let before = Book::read(&desk.realm, desk.now)?;
    let identity = desk.realm.service(&name)?.1.public_key();
    let taken = live_of(&before, &identity);
    let dead = before.hanging_on(&taken);
    let (taken_back, dies): (Vec<Value>, Vec<Value>) = {
        let who = Who::of(&desk.realm, &before);
        let all = |entries: &[&Entry]| entries.iter().map(|entry| shown::object(&before, &who, entry)).collect();
        (all(&taken), all(&dead))
    };
    let lines = {
        let who = Who::of(&desk.realm, &before);
        (
            shown::lines(&before, &who, &taken, "  taken back      "),
            shown::lines(&before, &who, &dead, "  dead with it    "),
        )
    };
    let filed = match desk.retire_service(&name)? {
        Outcome::Done(filed) => filed,
        Outcome::Waiting(waiting) => return Ok(request::tell_waiting(&desk, &waiting, format)),
    };
    let files: Vec<String> = filed.iter().map(|filed| filed.path.display().to_string()).collect();
    let object = json!({
        "retired": name.as_str(),
        "identity": identity.to_string(),
        "taken_back": taken_back,
        "dead": dies,
        "files": files,
    });
    output::answer(format, &object, || {
        let (taken, dead) = lines;
        format!(
            "retired the service {name}\n{taken}{dead}\n  Publish the realm's folder now: verifiers need the revocations to refuse what they name.\n  Its key is in custody still: `greatseal key retire {name} --confirm {name}` destroys it.\n"
        )
    });
    Ok(Exit::Ok)
}
