//! `greatseal container`: several UCANs in one file.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use greatseal_core::Code;
use greatseal_core::code::Exit;
use greatseal_token::ucan;
use greatseal_token::ucan::container::Encoding;
use greatseal_token::ucan::file;
use serde_json::json;

use crate::files;
use crate::input::{Input, Kind};
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::realm::write_new;
use crate::text;

/// Packs UCANs into one container, or takes them out of it.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Pack(Pack),
    Unpack(Unpack),
}

/// Packs UCANs, and those of other containers, into one; each once, in the order of their bytes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  greatseal container pack call.ucan delegations/ --out call.container\n  greatseal container pack call.ucan proofs/ --form gzip --out call.container\n\nWhat is no UCAN is passed over and named."
)]
pub(crate) struct Pack {
    /// UCANs, containers, or folders of them.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Where to write it.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// How it is written.
    #[arg(long, value_enum, default_value_t = Form::Base64url, value_name = "FORM")]
    form: Form,
}

/// Takes the UCANs out of a container, one file each, named by their CIDs.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  greatseal container unpack call.container --out tokens")]
pub(crate) struct Unpack {
    /// The container.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The folder to write them to; made if it is not there.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
}

/// The forms of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Binary.
    Raw,
    /// Text, padded base64.
    Base64,
    /// Text that fits addresses and headers.
    Base64url,
    /// Binary, compressed.
    Gzip,
    /// Text, padded base64, compressed.
    GzipBase64,
    /// Text that fits addresses and headers, compressed.
    GzipBase64url,
}

impl From<Form> for Encoding {
    fn from(form: Form) -> Self {
        match form {
            Form::Raw => Self::Raw,
            Form::Base64 => Self::Base64,
            Form::Base64url => Self::Base64Url,
            Form::Gzip => Self::Gzip,
            Form::GzipBase64 => Self::GzipBase64,
            Form::GzipBase64url => Self::GzipBase64Url,
        }
    }
}

impl Form {
    /// Writes a container as a file.
    pub(crate) fn write(self, tokens: &[Vec<u8>]) -> Result<Vec<u8>, Problem> {
        let fault = |fault: greatseal_core::error::DecodeFault| Problem::new(fault.code(), fault.to_string());
        file::write(tokens, self.into()).map_err(fault)
    }
}

pub(crate) fn run(command: &Command, format: Format) -> Result<Exit, Problem> {
    match command {
        Command::Pack(pack) => pack_up(pack, format),
        Command::Unpack(unpack) => take_out(unpack, format),
    }
}

fn pack_up(pack: &Pack, format: Format) -> Result<Exit, Problem> {
    let mut tokens: Vec<Vec<u8>> = Vec::new();
    for path in &pack.paths {
        for file in files::list(path)? {
            match Input::read(&file)?.kind {
                Kind::Ucans(ucans) => tokens.extend(ucans.tokens),
                Kind::Token(_) | Kind::Deed(_) | Kind::Module(_) | Kind::Archive(_) | Kind::Neither(_) => {
                    output::remark(&format!("passed over {}: no UCAN", text::path(&file)));
                }
            }
        }
    }
    tokens.sort_unstable();
    tokens.dedup();
    if tokens.is_empty() {
        return Err(Problem::new(Code::TokenEmpty, "nothing that was named is a UCAN")
            .hint("Name files that hold UCANs: `greatseal inspect FILE` shows what a file is."));
    }
    for token in &tokens {
        ucan::decode(token).map_err(|fault| Problem::new(fault.code(), format!("one of the UCANs: {fault}")))?;
    }
    let bytes = pack.form.write(&tokens)?;
    write_new(&pack.out, &bytes)?;
    let answer = json!({ "file": pack.out.display().to_string(), "tokens": tokens.len(), "bytes": bytes.len() });
    output::answer(format, &answer, || {
        format!("packed {} into {}: {} bytes\n", text::count(tokens.len(), "UCAN"), text::path(&pack.out), bytes.len())
    });
    Ok(Exit::Ok)
}

fn take_out(unpack: &Unpack, format: Format) -> Result<Exit, Problem> {
    let label = text::path(&unpack.file);
    let ucans = match Input::read(&unpack.file)?.kind {
        Kind::Ucans(ucans) if ucans.contained => ucans,
        Kind::Neither(fault) => return Err(Problem::new(fault.code(), format!("{label}: {fault}"))),
        Kind::Ucans(_) | Kind::Token(_) | Kind::Deed(_) | Kind::Module(_) | Kind::Archive(_) => {
            return Err(Problem::new(Code::UcanContainer, format!("{label} is no container")));
        }
    };
    // All are read before any is written.
    let mut named = Vec::with_capacity(ucans.tokens.len());
    for token in &ucans.tokens {
        let decoded =
            ucan::decode(token).map_err(|fault| Problem::new(fault.code(), format!("a UCAN in {label}: {fault}")))?;
        let cid = decoded.content().aliases().map(|aliases| aliases.cid.to_string()).unwrap_or_default();
        let path = unpack.out.join(format!("{cid}.ucan"));
        if path.exists() {
            return Err(Problem::new(Code::RealmExists, format!("{} exists already", text::path(&path)))
                .hint("Name another folder with `--out FOLDER`; nothing was written."));
        }
        named.push((path, token));
    }
    std::fs::create_dir_all(&unpack.out).map_err(|error| Problem::io("cannot make", &unpack.out, &error))?;
    for (path, token) in &named {
        write_new(path, token)?;
    }
    let files: Vec<String> = named.iter().map(|(path, _)| path.display().to_string()).collect();
    output::answer(format, &json!({ "files": files }), || {
        let lines: String = named.iter().map(|(path, _)| format!("  {}\n", text::path(path))).collect();
        format!("unpacked {} from {label}\n{lines}", text::count(named.len(), "UCAN"))
    });
    Ok(Exit::Ok)
}
