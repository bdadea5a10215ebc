//! `greatseal init`: a new realm.

use std::path::PathBuf;

use clap::Args;
use greatseal_core::code::Exit;
use serde_json::json;

use crate::output::{self, Format};
use crate::problem::Problem;
use crate::realm::{Name, Realm};

/// Makes a realm: a folder of public things, meant for version control and review.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal init acme\n  cd acme && greatseal operator create --title \"Acme\"\n\nPrivate keys never live in this folder: see `greatseal key create --help`."
)]
pub(crate) struct Init {
    /// The realm's name: lower-case letters, digits and inner hyphens.
    #[arg(value_name = "NAME")]
    name: String,

    /// The folder to make [default: NAME, here]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

pub(crate) fn run(init: &Init, format: Format) -> Result<Exit, Problem> {
    let name = Name::parse(&init.name)?;
    let folder = init.folder.clone().unwrap_or_else(|| PathBuf::from(name.as_str()));
    let realm = Realm::create(&folder, name)?;
    let place = realm.folder().display().to_string();
    output::answer(format, &json!({ "realm": realm.file().name.as_str(), "folder": place }), || {
        format!(
            "made the realm {} in {place}\n  Everything in it is public. Next:\n    cd {place}\n    greatseal operator create --title \"{}\"\n",
            realm.file().name,
            realm.file().name
        )
    });
    Ok(Exit::Ok)
}
