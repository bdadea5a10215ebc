//! `greatseal status`: what somebody should look at.

use clap::Args;
use greatseal_core::Timestamp;
use greatseal_core::code::Exit;
use serde_json::json;

use crate::clock;
use crate::findings;
use crate::missing::Private;
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::realm::Realm;
use crate::secrets::{Custody, InRealm};
use crate::table::table;

/// Says what expires soon, what waits and what is missing in a realm.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal status\n  greatseal status --realm acme --output json\n  greatseal status --at 2027-01-01T00:00:00Z\n\nHow early it warns stands in greatseal.toml: `[warnings] days`. Modules are not kept in the realm, so they are not looked at.\nExit codes: 0 nothing found, 7 something was found."
)]
pub(crate) struct Status {
    /// The instant to look from: seconds since 1970, or RFC 3339. Now, if absent.
    #[arg(long, value_name = "TIME", value_parser = clock::parse)]
    at: Option<Timestamp>,
    #[command(flatten)]
    custody: Custody,
    #[command(flatten)]
    realm: InRealm,
}

pub(crate) fn run(status: &Status, format: Format) -> Result<Exit, Problem> {
    let now = match status.at {
        Some(at) => at,
        None => clock::now()?,
    };
    let realm = Realm::open(status.realm.start())?;
    let private = Private { keys: status.custody.store()?, sealed: status.custody.sealed()? };
    let findings = findings::look(&realm, &private, now)?;
    let object = json!({ "realm": realm.file().name.as_str(), "at": now.as_secs(), "findings": findings });
    output::answer(format, &object, || {
        let rows = findings.iter().map(|finding| {
            let when = finding.when.map(clock::day).unwrap_or_default();
            [finding.kind.word().to_owned(), when, finding.what.clone(), finding.next.clone()]
        });
        let empty = format!("{}: nothing expires within the realm's warnings, nothing waits, and nothing is missing", realm.file().name);
        table(["kind", "when", "what", "next"], rows.collect(), &empty)
    });
    Ok(if findings.is_empty() { Exit::Ok } else { Exit::Findings })
}
