//! Invocations: who asks whom to do what, resting on which delegations.

use greatseal_core::cid::Cid;
use greatseal_core::command::Command;
use greatseal_core::error::{DecodeFault, UcanFault};
use greatseal_core::key::PublicKey;
use greatseal_core::statement::Aliases;
use greatseal_core::time::Timestamp;

use super::cbor::{Entries, MapBuf, Writer};
use super::dids::Dids;
use super::envelope::{Said, Version};
use super::field::{self, Field};
use super::revokes::Revokes;

/// What an invocation says (UCAN Invocation 1.0.0).
#[derive(Clone, Debug, PartialEq)]
pub struct Invocation {
    issuer: PublicKey,
    audience: Option<PublicKey>,
    subject: PublicKey,
    command: Command,
    args: MapBuf,
    proofs: Box<[Cid]>,
    nonce: Box<[u8]>,
    expires: Option<Timestamp>,
    issued_at: Option<Timestamp>,
    cause: Option<Cid>,
    meta: Option<MapBuf>,
    revokes: Option<Revokes>,
    version: Version,
    aliases: Option<Aliases>,
}

impl Invocation {
    /// Makes an invocation that is yet to be signed; proofs stand root first.
    #[must_use]
    pub fn new(
        issuer: PublicKey,
        subject: PublicKey,
        command: Command,
        args: MapBuf,
        proofs: &[Cid],
        nonce: &[u8],
        expires: Option<Timestamp>,
    ) -> Self {
        let revokes = Revokes::read(&command, args.map());
        Self {
            issuer,
            audience: None,
            subject,
            command,
            args,
            proofs: proofs.into(),
            nonce: nonce.into(),
            expires,
            issued_at: None,
            cause: None,
            meta: None,
            revokes,
            version: Version::default(),
            aliases: None,
        }
    }

    /// Addresses it to somebody else than the subject.
    #[must_use]
    pub const fn to(mut self, audience: PublicKey) -> Self {
        self.audience = Some(audience);
        self
    }

    /// Says when it was made.
    #[must_use]
    pub const fn made_at(mut self, at: Timestamp) -> Self {
        self.issued_at = Some(at);
        self
    }

    /// Names the receipt that gave rise to it.
    #[must_use]
    pub const fn because_of(mut self, cause: Cid) -> Self {
        self.cause = Some(cause);
        self
    }

    /// Adds facts that no rule looks at.
    #[must_use]
    pub fn with_meta(mut self, meta: MapBuf) -> Self {
        self.meta = Some(meta);
        self
    }

    /// Writes it under the tag of another version.
    #[must_use]
    pub const fn in_version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// Returns who invokes.
    #[must_use]
    pub const fn issuer(&self) -> PublicKey {
        self.issuer
    }

    /// Returns who is to execute it: the subject, unless it names somebody.
    #[must_use]
    pub fn audience(&self) -> PublicKey {
        self.audience.unwrap_or(self.subject)
    }

    /// Returns whose capability it is.
    #[must_use]
    pub const fn subject(&self) -> PublicKey {
        self.subject
    }

    /// Returns what is invoked.
    #[must_use]
    pub const fn command(&self) -> &Command {
        &self.command
    }

    /// Returns its arguments.
    #[must_use]
    pub const fn args(&self) -> &MapBuf {
        &self.args
    }

    /// Returns the delegations it rests on, root first.
    #[must_use]
    pub const fn proofs(&self) -> &[Cid] {
        &self.proofs
    }

    /// Returns the bytes that make it one of its kind.
    #[must_use]
    pub const fn nonce(&self) -> &[u8] {
        &self.nonce
    }

    /// Returns the last second in which it speaks.
    #[must_use]
    pub const fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    /// Returns the instant its issuer says it was made.
    #[must_use]
    pub const fn issued_at(&self) -> Option<Timestamp> {
        self.issued_at
    }

    /// Returns the receipt that gave rise to it.
    #[must_use]
    pub const fn cause(&self) -> Option<Cid> {
        self.cause
    }

    /// Returns facts that no rule looks at.
    #[must_use]
    pub const fn meta(&self) -> Option<&MapBuf> {
        self.meta.as_ref()
    }

    /// Returns what it takes back, if it is a revocation that a reader understands.
    #[must_use]
    pub const fn revokes(&self) -> Option<&Revokes> {
        self.revokes.as_ref()
    }

    /// Returns the version of its tag.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Returns its names; none before it is signed.
    #[must_use]
    pub const fn aliases(&self) -> Option<Aliases> {
        self.aliases
    }

    /// Returns the id of the task, which receipts name: the CID of subject, command, arguments and
    /// nonce, whoever invokes it.
    #[must_use]
    pub fn task(&self) -> Cid {
        let mut task = Writer::default();
        task.sorted(4);
        task.text("cmd");
        task.text(self.command.as_str());
        task.text("sub");
        task.text(&self.subject.to_string());
        task.text("args");
        task.encoded(self.args.encoded());
        task.text("nonce");
        task.bytes(&self.nonce);
        Cid::of(&task.finish())
    }

    pub(super) const fn named(mut self, aliases: Aliases) -> Self {
        self.aliases = Some(aliases);
        self
    }

    /// Reads the payload, strictly.
    pub(super) fn read(said: &Said<'_>, dids: &Dids) -> Result<Self, DecodeFault> {
        let [aud, cmd, exp, iat, iss, prf, sub, args, meta, cause, nonce] = field::sort(
            said.payload,
            ["aud", "cmd", "exp", "iat", "iss", "prf", "sub", "args", "meta", "cause", "nonce"],
        )?;
        let issuer = iss.did(dids)?;
        said.fits(&issuer)?;
        let subject = sub.did(dids)?;
        let command = cmd.command()?;
        let args = args.map()?;
        Ok(Self {
            issuer,
            audience: aud.optional(|aud| aud.did(dids))?,
            subject,
            proofs: prf.cids()?,
            nonce: nonce.bytes()?,
            expires: exp.nullable(Field::instant)?,
            issued_at: iat.optional(Field::instant)?,
            cause: cause.optional(Field::cid)?,
            meta: meta.optional(Field::map)?,
            revokes: Revokes::read(&command, args.map()),
            command,
            args,
            version: said.version,
            aliases: None,
        })
    }

    /// Writes the payload.
    pub(super) fn write(&self, to: &mut Writer) -> Result<(), UcanFault> {
        let mut fields = Entries::default();
        fields.entry("iss").text(&self.issuer.to_string());
        fields.entry("sub").text(&self.subject.to_string());
        fields.entry("cmd").text(self.command.as_str());
        fields.entry("args").encoded(self.args.encoded());
        let proofs = fields.entry("prf");
        proofs.list(self.proofs.len());
        self.proofs.iter().for_each(|cid| proofs.link(cid));
        fields.entry("nonce").bytes(&self.nonce);
        fields.entry("exp").instant_or_null(self.expires)?;
        if let Some(audience) = &self.audience {
            fields.entry("aud").text(&audience.to_string());
        }
        if let Some(at) = self.issued_at {
            fields.entry("iat").instant_or_null(Some(at))?;
        }
        if let Some(cause) = &self.cause {
            fields.entry("cause").link(cause);
        }
        if let Some(meta) = &self.meta {
            fields.entry("meta").encoded(meta.encoded());
        }
        to.map(fields)
    }
}

#[cfg(test)]
mod tests {
    use greatseal_core::Code;
    use serde_json::{Value as Json, json};

    use super::super::envelope::tests::{ALICE, BOB, token};
    use super::super::{Ucan, decode};
    use super::*;

    const CID: &str = "bafyreigyftnzjf4rcu7glp5kfop53vqlopc3zcldauoqdxqlz7t4343gr4";

    fn payload() -> Json {
        json!({
            "iss": ALICE, "sub": BOB, "cmd": "/crud/read", "args": {"uri": "x"}, "prf": [{"/": CID}],
            "nonce": {"/": {"bytes": "AAEC"}}, "exp": 20,
        })
    }

    fn read(payload: &Json) -> Result<Invocation, DecodeFault> {
        decode(&token("ucan/inv@1.0.0", payload)).map(|decoded| match decoded.content() {
            Ucan::Invocation(it) => it.clone(),
            Ucan::Delegation(_) => panic!("it is an invocation"),
        })
    }

    #[track_caller]
    fn changed(name: &str, value: Json) -> Result<Invocation, DecodeFault> {
        let mut payload = payload();
        payload[name] = value;
        read(&payload)
    }

    #[test]
    fn every_field_is_read() {
        let cid = Cid::parse(CID).unwrap();
        let it = read(&payload()).unwrap();
        assert_eq!(it.issuer().to_string(), ALICE);
        assert_eq!(it.subject().to_string(), BOB);
        assert_eq!(it.audience(), it.subject());
        assert_eq!(it.command().as_str(), "/crud/read");
        assert_eq!(Json::from(it.args()), json!({"uri": "x"}));
        assert_eq!(it.proofs(), [cid]);
        assert_eq!(it.nonce(), [0, 1, 2]);
        assert_eq!(it.expires(), Some(Timestamp::from_secs(20)));
        assert_eq!((it.issued_at(), it.cause(), it.meta(), it.revokes()), (None, None, None, None));
        assert_eq!(changed("aud", json!(ALICE)).unwrap().audience(), it.issuer());
        assert_eq!(changed("exp", Json::Null).unwrap().expires(), None);
        assert_eq!(changed("iat", json!(10)).unwrap().issued_at(), Some(Timestamp::from_secs(10)));
        assert_eq!(changed("cause", json!({"/": CID})).unwrap().cause(), Some(cid));
        assert_eq!(Json::from(changed("meta", json!({"a": 1})).unwrap().meta().unwrap()), json!({"a": 1}));
    }

    #[test]
    fn a_revocation_says_what_it_takes_back() {
        let mut revocation = payload();
        revocation["cmd"] = json!("/ucan/revoke");
        assert_eq!(read(&revocation).unwrap().revokes(), None);
        revocation["args"] = json!({"rev": {"/": CID}});
        let token = Cid::parse(CID).unwrap();
        assert_eq!(read(&revocation).unwrap().revokes(), Some(&Revokes { token, path: [].into() }));
    }

    #[test]
    fn many_proofs_are_read() {
        // The search for a chain refuses them, with a code of its own.
        assert_eq!(changed("prf", json!(vec![json!({"/": CID}); 1000])).unwrap().proofs().len(), 1000);
    }

    #[test]
    fn every_field_is_required() {
        for name in ["iss", "sub", "cmd", "args", "prf", "nonce", "exp"] {
            let mut payload = payload();
            payload.as_object_mut().unwrap().remove(name);
            let fault = read(&payload).unwrap_err();
            assert_eq!(fault.to_string(), format!("the field `{name}` is missing"));
            assert_eq!(fault.code(), Code::UcanField);
        }
    }

    #[test]
    fn types_and_values_are_checked() {
        for (name, value, code) in [
            ("iss", json!(BOB), Code::UcanVarsig),
            ("sub", Json::Null, Code::UcanField),
            ("sub", json!("did:web:example.org"), Code::ClaimsSubject),
            ("aud", Json::Null, Code::UcanField),
            ("aud", json!("did:web:example.org"), Code::UcanField),
            ("cmd", json!("crud"), Code::UcanCommandSyntax),
            ("args", json!([]), Code::UcanField),
            ("args", Json::Null, Code::UcanField),
            ("prf", json!({}), Code::UcanField),
            ("prf", json!([CID]), Code::UcanField),
            ("prf", json!([{"/": "bafkqaaa"}]), Code::UcanField),
            ("nonce", json!("AAEC"), Code::UcanField),
            ("exp", json!(-1), Code::UcanField),
            ("iat", json!(-1), Code::UcanField),
            ("iat", Json::Null, Code::UcanField),
            ("cause", json!(CID), Code::UcanField),
            ("cause", Json::Null, Code::UcanField),
            ("meta", json!([]), Code::UcanField),
            ("nbf", json!(10), Code::UcanField),
            ("pol", json!([]), Code::UcanField),
            ("arg", json!({}), Code::UcanField),
        ] {
            assert_eq!(changed(name, value.clone()).unwrap_err().code(), code, "{name} {value}");
        }
    }

    #[test]
    fn a_task_is_the_same_whoever_invokes_it() {
        let task = read(&payload()).unwrap().task();
        let bytes = super::super::cbor::from_json(&json!({
            "sub": BOB, "cmd": "/crud/read", "args": {"uri": "x"}, "nonce": {"/": {"bytes": "AAEC"}},
        }));
        assert_eq!(task, Cid::of(&bytes.unwrap()));
        assert_eq!(changed("exp", json!(30)).unwrap().task(), task);
        assert_eq!(changed("prf", json!([])).unwrap().task(), task);
        assert_ne!(changed("args", json!({})).unwrap().task(), task);
    }
}
