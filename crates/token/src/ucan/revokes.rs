//! What an invocation of `/ucan/revoke` takes back.

use greatseal_core::cid::Cid;
use greatseal_core::command::Command;

use super::cbor::{Map, MapBuf, Value, Writer};

/// The command of revocations.
pub const REVOKE: &str = "/ucan/revoke";

/// A token that is taken back, and the way that leads to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revokes {
    /// The token.
    pub token: Cid,
    /// Delegations of the chain in which the revoker stands; empty where it names none.
    pub path: Box<[Cid]>,
}

impl Revokes {
    /// Writes the arguments of the revocation, in the one dialect that we write.
    #[must_use]
    pub fn to_args(&self) -> MapBuf {
        let mut args = Writer::default();
        args.sorted(2);
        args.text("pth");
        args.list(self.path.len());
        self.path.iter().for_each(|cid| args.link(cid));
        args.text("rev");
        args.link(&self.token);
        MapBuf::canonical(args)
    }

    /// Reads the arguments in any dialect that was published: `{rev, pth}`, `{rev}`,
    /// `{revoke, path}`, `{ucan, proof}` and `{ucan}`.
    ///
    /// Whatever else stands there, a token that is named is taken back: its signer meant to, and
    /// passing over a revocation lets in what it was to keep out. Where several are named, the
    /// newest dialect counts.
    pub(super) fn read(command: &Command, args: Map<'_>) -> Option<Self> {
        if command.as_str() != REVOKE {
            return None;
        }
        let named = |name: &str| args.get(name).and_then(cid);
        let path = |name: &str| match args.get(name)? {
            Value::List(list) => list.iter().map(cid).collect::<Option<_>>(),
            Value::Null
            | Value::Bool(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Bytes(_)
            | Value::Text(_)
            | Value::Map(_)
            | Value::Link(_) => None,
        };
        let dialects = [("rev", "pth"), ("revoke", "path"), ("ucan", "proof")];
        let found = dialects.into_iter().find_map(|(token, way)| Some((named(token)?, way)));
        found.map(|(token, way)| Self { token, path: path(way).unwrap_or_default() })
    }
}

/// Reads a CID, which some peers write as text.
fn cid(value: Value<'_>) -> Option<Cid> {
    match value {
        Value::Link(bytes) => Cid::from_bytes(bytes).ok(),
        Value::Text(text) => Cid::parse(text).ok(),
        Value::Null
        | Value::Bool(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Bytes(_)
        | Value::List(_)
        | Value::Map(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(command: &str, args: serde_json::Value) -> Option<Revokes> {
        Revokes::read(&Command::parse(command).unwrap(), MapBuf::from_json(&args).unwrap().map())
    }

    #[test]
    fn every_dialect_is_read() {
        let (token, way) = (Cid::of(b"token"), Cid::of(b"way"));
        let (link, text) = (json!({"/": token.to_string()}), json!(token.to_string()));
        let path = json!([{"/": way.to_string()}, way.to_string()]);
        for (args, path) in [
            (json!({"rev": link, "pth": path}), &[way, way][..]),
            (json!({"rev": link, "pth": []}), &[]),
            (json!({"rev": text}), &[]),
            (json!({"revoke": link, "path": path}), &[way, way]),
            (json!({"ucan": text, "proof": path}), &[way, way]),
            (json!({"ucan": link}), &[]),
        ] {
            let found = read(REVOKE, args.clone());
            assert_eq!(found, Some(Revokes { token, path: path.into() }), "{args}");
            assert_eq!(read("/ucan/revoked", args.clone()), None);
            let again = found.map(|it| serde_json::Value::from(&it.to_args())).unwrap();
            assert_eq!(read(REVOKE, again).unwrap().path[..], *path, "{args}");
        }
    }

    #[test]
    fn what_names_no_token_takes_nothing_back() {
        let link = json!({"/": Cid::of(b"token").to_string()});
        for args in [
            json!({}),
            json!({"rev": 1}),
            json!({"rev": "bafy"}),
            json!({"rev": {"/": "bafkqaaa"}}),
            json!({"pth": [link]}),
            json!({"revoked": link}),
        ] {
            assert_eq!(read(REVOKE, args.clone()), None, "{args}");
        }
    }

    #[test]
    fn whatever_stands_beside_it_a_token_that_is_named_is_taken_back() {
        let (token, other) = (Cid::of(b"token"), json!({"/": Cid::of(b"other").to_string()}));
        let link = json!({"/": token.to_string()});
        for args in [
            json!({"rev": link, "pth": link}),
            json!({"rev": link, "pth": [1]}),
            json!({"rev": link, "path": []}),
            json!({"rev": link, "ucan": other}),
            json!({"rev": link, "pth": [], "more": 1}),
            json!({"revoke": link}),
            json!({"ucan": link, "pth": []}),
        ] {
            assert_eq!(read(REVOKE, args.clone()), Some(Revokes { token, path: Box::default() }), "{args}");
        }
    }
}
