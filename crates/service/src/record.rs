//! What was allowed, one line each: it makes the harm of a stolen key something one can list.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use greatseal_core::decide::Link;
use greatseal_core::key::PublicKey;
use greatseal_core::{Cid, Command, StatementId, Timestamp};
use serde::Serialize;
use serde::ser::{SerializeSeq, SerializeStruct, Serializer};
use sha2::{Digest, Sha256};

use crate::fault::ServiceFault;

/// One allowed invocation.
#[derive(Debug)]
pub struct DecisionRecord<'a> {
    /// When it was decided.
    pub decided: Timestamp,
    /// The digest of the invocation's signed bytes.
    pub id: StatementId,
    /// Its CID, as it came.
    pub cid: Cid,
    /// What was invoked.
    pub command: &'a Command,
    /// Whose capability it is.
    pub subject: PublicKey,
    /// Who executes it.
    pub audience: PublicKey,
    /// The canonical bytes of its arguments. Only their digest is written, for they may be private.
    pub args: &'a [u8],
    /// The whole chain, root first, the invocation last.
    pub chain: &'a [Link],
}

// The names below are read by other programs: they may be added to, and never change their meaning.
impl Serialize for DecisionRecord<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("DecisionRecord", 9)?;
        object.serialize_field("decided", &self.decided.as_secs())?;
        object.serialize_field("decision", "allow")?;
        object.serialize_field("id", &self.id.to_string())?;
        object.serialize_field("cid", &self.cid.to_string())?;
        object.serialize_field("command", self.command.as_str())?;
        object.serialize_field("subject", &self.subject.to_string())?;
        object.serialize_field("audience", &self.audience.to_string())?;
        object.serialize_field("args_sha256", &data_encoding::HEXLOWER.encode(&Sha256::digest(self.args)))?;
        object.serialize_field("chain", &Chain(self.chain))?;
        object.end()
    }
}

struct Chain<'a>(&'a [Link]);

impl Serialize for Chain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for link in self.0 {
            list.serialize_element(&Written {
                id: link.id.to_string(),
                cid: link.capability.as_ref().map(|it| it.cid.to_string()),
                issuer: link.issuer.to_string(),
                audience: link.capability.as_ref().map(|it| it.audience.to_string()),
                command: link.capability.as_ref().map(|it| it.command.as_str()),
                expires: link.expires.map(Timestamp::as_secs),
            })?;
        }
        list.end()
    }
}

#[derive(Serialize)]
struct Written<'a> {
    id: String,
    cid: Option<String>,
    issuer: String,
    audience: Option<String>,
    command: Option<&'a str>,
    expires: Option<u64>,
}

impl fmt::Display for DecisionRecord<'_> {
    /// Writes one line of JSON, without a line break.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

/// Takes down what was allowed. What cannot be taken down is refused.
pub trait Recorder: Send + Sync {
    /// Takes one decision down, before anything is executed.
    ///
    /// # Errors
    /// Whatever keeps it from being taken down; the call is refused then.
    fn record(&self, record: &DecisionRecord<'_>) -> io::Result<()>;
}

impl<F: Fn(&DecisionRecord<'_>) -> io::Result<()> + Send + Sync> Recorder for F {
    fn record(&self, record: &DecisionRecord<'_>) -> io::Result<()> {
        self(record)
    }
}

/// Appends whole lines to a file.
///
/// Promise: a record is with the system before the call is executed, so it survives the process.
/// Known gap: it is not waited for the disk, so a loss of power can take the last seconds.
#[derive(Debug)]
pub struct RecordFile {
    file: Mutex<File>,
}

impl RecordFile {
    /// Opens the file, or makes it; what was cut off at its end by a full disk gets a line of its own.
    ///
    /// # Errors
    /// [`ServiceFault::Io`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, ServiceFault> {
        let path = path.into();
        let open = || {
            let mut file = File::options().create(true).read(true).append(true).open(&path)?;
            if file.seek(SeekFrom::End(0))? > 0 {
                file.seek(SeekFrom::End(-1))?;
                let mut last = [0];
                file.read_exact(&mut last)?;
                if last != *b"\n" {
                    file.write_all(b"\n")?;
                }
            }
            Ok(file)
        };
        let file = open().map_err(|error| ServiceFault::io("open", &path, &error))?;
        Ok(Self { file: Mutex::new(file) })
    }
}

impl Recorder for RecordFile {
    fn record(&self, record: &DecisionRecord<'_>) -> io::Result<()> {
        let line = format!("{record}\n");
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let written = file.write(line.as_bytes())?;
        if written == line.len() {
            return Ok(());
        }
        // Half a line: the next one must not be glued to it.
        let rest = line.get(written..).unwrap_or_default();
        file.write_all(rest.as_bytes()).inspect_err(|_| drop(file.write(b"\n")))
    }
}
