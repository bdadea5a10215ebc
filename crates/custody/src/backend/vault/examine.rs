//! What the server says of a key, and of what our token may do beyond signing with it.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use serde_json::Value;

use super::engine::{Call, Engine};
use crate::custodian::Deadline;
use crate::examination::{Audit, Examination, Rights};
use crate::fault::CustodyFault;

/// Rights that change things, in policies' words.
const WRITE: &[&str] = &["update", "create", "patch"];

/// A right beyond signing: its name, where it would be used, and what grants it there.
struct Right {
    name: &'static str,
    path: String,
    granted_by: &'static [&'static str],
}

/// Lists what a token that signs need not be able to do: take the key out, change who signs, or
/// switch off what would tell of it.
fn beyond(mount: &str, key: &str) -> Vec<Right> {
    let engine = |name, path: String, granted_by| Right { name, path: format!("{mount}/{path}"), granted_by };
    let server = |name, path: &str, granted_by| Right { name, path: path.into(), granted_by };
    vec![
        engine("rotate", format!("keys/{key}/rotate"), WRITE),
        engine("configure", format!("keys/{key}/config"), WRITE),
        engine("export", format!("export/signing-key/{key}"), &["read"]),
        engine("export", format!("export/signing-key/{key}/latest"), &["read"]),
        engine("back up", format!("backup/{key}"), &["read"]),
        engine("restore", format!("restore/{key}"), WRITE),
        engine("import a version", format!("keys/{key}/import_version"), WRITE),
        engine("trim", format!("keys/{key}/trim"), WRITE),
        engine("delete", format!("keys/{key}"), &["delete"]),
        server("change the audit", "sys/audit/file", &["update", "create", "delete"]),
        server("change policies", "sys/policies/acl/default", WRITE),
    ]
}

/// Where the devices that record uses are listed.
const AUDIT: &str = "sys/audit";

impl Engine {
    /// Asks for everything that the server tells us of a key.
    pub(super) fn examine(
        &self,
        name: &str,
        version: NonZeroU64,
        deadline: Deadline,
    ) -> Result<Examination, CustodyFault> {
        let key = self.key(name, deadline)?;
        let rights = beyond(self.mount(), name);
        let granted = self.granted(&rights, deadline)?;
        let may_list = granted.as_ref().is_some_and(|granted| {
            let has = |word: &str| granted.get(AUDIT).is_some_and(|words| words.iter().any(|it| it == word));
            has("root") || (has("read") && has("sudo"))
        });
        Ok(Examination {
            public_key: key.public_key(self, name, version)?,
            origin: key.origin(),
            extractable: key.extractable(),
            version: Some(key.versions(version)),
            rights: granted.map_or(Rights::Unknown, |granted| Rights::Beyond(held(&rights, &granted))),
            audit: if may_list { self.audit(deadline)? } else { Audit::Unknown },
        })
    }

    /// Asks what our token may do, by path; says nothing when it may not even ask that.
    fn granted(
        &self,
        rights: &[Right],
        deadline: Deadline,
    ) -> Result<Option<BTreeMap<String, Vec<String>>>, CustodyFault> {
        let paths: Vec<_> = rights.iter().map(|right| right.path.as_str()).chain([AUDIT]).collect();
        let body = serde_json::json!({ "paths": paths }).to_string().into_bytes();
        let call = Call::post("ask for our rights", self.url("sys/capabilities-self"), body);
        let reply = match self.ask(&call, deadline) {
            Ok(reply) if reply.status == 200 => reply,
            Ok(_) | Err(CustodyFault::Denied { .. }) => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let answer: BTreeMap<String, Value> = self.read(&reply)?;
        let words = |value: Value| serde_json::from_value(value).ok();
        let granted: BTreeMap<String, Vec<String>> =
            answer.into_iter().filter_map(|(path, value)| Some((path, words(value)?))).collect();
        // What it is silent about is not denied.
        Ok(paths.iter().all(|path| granted.contains_key(*path)).then_some(granted))
    }

    fn audit(&self, deadline: Deadline) -> Result<Audit, CustodyFault> {
        let devices = match self.ask(&Call::get("list what records uses", self.url(AUDIT)), deadline) {
            Ok(reply) if reply.status == 200 => self.read::<BTreeMap<String, Value>>(&reply)?,
            Ok(_) | Err(CustodyFault::Denied { .. }) => return Ok(Audit::Unknown),
            Err(fault) => return Err(fault),
        };
        Ok(if devices.is_empty() { Audit::Off } else { Audit::On })
    }
}

/// Names the rights that are granted, each once.
fn held(rights: &[Right], granted: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let may = |right: &Right| {
        let words = granted.get(&right.path).map(Vec::as_slice).unwrap_or_default();
        words.iter().any(|word| word == "root" || right.granted_by.contains(&word.as_str()))
    };
    let mut names: Vec<String> = rights.iter().filter(|right| may(right)).map(|right| right.name.into()).collect();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_granted_is_named_and_once() {
        let rights = beyond("transit", "k");
        let of = |pairs: &[(&str, &str)]| {
            let granted: BTreeMap<_, _> =
                pairs.iter().map(|(path, word)| ((*path).into(), vec![(*word).to_owned()])).collect();
            held(&rights, &granted)
        };
        assert_eq!(of(&[("transit/keys/k", "read"), ("transit/keys/k/rotate", "deny")]), Vec::<String>::new());
        assert_eq!(of(&[("transit/keys/k", "delete")]), ["delete"]);
        let export = [("transit/export/signing-key/k", "read"), ("transit/export/signing-key/k/latest", "read")];
        assert_eq!(of(&export), ["export"]);
        let everything: Vec<_> = rights.iter().map(|right| (right.path.as_str(), "root")).collect();
        assert_eq!(of(&everything).len(), rights.len() - 1);
    }
}
