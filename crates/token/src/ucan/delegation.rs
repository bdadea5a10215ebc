//! Delegations: who passes which capability on to whom, under which conditions.

use greatseal_core::command::Command;
use greatseal_core::error::{DecodeFault, UcanFault};
use greatseal_core::key::PublicKey;
use greatseal_core::statement::Aliases;
use greatseal_core::time::Timestamp;

use super::cbor::{Entries, MapBuf, Writer};
use super::dids::Dids;
use super::envelope::{Said, Version};
use super::{Policy, field};

/// What a delegation says (UCAN Delegation 1.0.0).
#[derive(Clone, Debug, PartialEq)]
pub struct Delegation {
    issuer: PublicKey,
    audience: PublicKey,
    subject: Option<PublicKey>,
    command: Command,
    policy: Policy,
    nonce: Box<[u8]>,
    expires: Option<Timestamp>,
    not_before: Option<Timestamp>,
    meta: Option<MapBuf>,
    version: Version,
    aliases: Option<Aliases>,
}

impl Delegation {
    /// Makes a delegation that is yet to be signed; without a subject it passes on whatever the
    /// issuer was given.
    #[must_use]
    pub fn new(
        issuer: PublicKey,
        audience: PublicKey,
        subject: Option<PublicKey>,
        command: Command,
        policy: Policy,
        nonce: &[u8],
        expires: Option<Timestamp>,
    ) -> Self {
        Self {
            issuer,
            audience,
            subject,
            command,
            policy,
            nonce: nonce.into(),
            expires,
            not_before: None,
            meta: None,
            version: Version::default(),
            aliases: None,
        }
    }

    /// Lets it speak only from an instant on.
    #[must_use]
    pub const fn not_before(mut self, at: Timestamp) -> Self {
        self.not_before = Some(at);
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

    /// Returns who delegates.
    #[must_use]
    pub const fn issuer(&self) -> PublicKey {
        self.issuer
    }

    /// Returns to whom.
    #[must_use]
    pub const fn audience(&self) -> PublicKey {
        self.audience
    }

    /// Returns whose capability it is; without one, it is whatever the issuer was given.
    #[must_use]
    pub const fn subject(&self) -> Option<PublicKey> {
        self.subject
    }

    /// Returns what may be invoked.
    #[must_use]
    pub const fn command(&self) -> &Command {
        &self.command
    }

    /// Returns what has to be true of the arguments.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
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

    /// Returns the first second in which it speaks.
    #[must_use]
    pub const fn begins(&self) -> Option<Timestamp> {
        self.not_before
    }

    /// Returns facts that no rule looks at.
    #[must_use]
    pub const fn meta(&self) -> Option<&MapBuf> {
        self.meta.as_ref()
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

    pub(super) const fn named(mut self, aliases: Aliases) -> Self {
        self.aliases = Some(aliases);
        self
    }

    /// Reads the payload, strictly.
    pub(super) fn read(said: &Said<'_>, dids: &Dids) -> Result<Self, DecodeFault> {
        let [aud, cmd, exp, iss, nbf, pol, sub, meta, nonce] =
            field::sort(said.payload, ["aud", "cmd", "exp", "iss", "nbf", "pol", "sub", "meta", "nonce"])?;
        let issuer = iss.did(dids)?;
        said.fits(&issuer)?;
        Ok(Self {
            issuer,
            subject: sub.nullable(|sub| sub.did(dids))?,
            audience: aud.did(dids)?,
            command: cmd.command()?,
            policy: Policy::decode(pol.list()?.into())?,
            nonce: nonce.bytes()?,
            expires: exp.nullable(field::Field::instant)?,
            not_before: nbf.optional(field::Field::instant)?,
            meta: meta.optional(field::Field::map)?,
            version: said.version,
            aliases: None,
        })
    }

    /// Writes the payload.
    pub(super) fn write(&self, to: &mut Writer) -> Result<(), UcanFault> {
        let mut fields = Entries::default();
        fields.entry("iss").text(&self.issuer.to_string());
        fields.entry("aud").text(&self.audience.to_string());
        fields.entry("sub").text_or_null(self.subject.map(|key| key.to_string()).as_deref());
        fields.entry("cmd").text(self.command.as_str());
        fields.entry("pol").encoded(self.policy.encoded());
        fields.entry("nonce").bytes(&self.nonce);
        fields.entry("exp").instant_or_null(self.expires)?;
        if let Some(at) = self.not_before {
            fields.entry("nbf").instant_or_null(Some(at))?;
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

    fn payload() -> Json {
        json!({
            "iss": ALICE, "aud": BOB, "sub": ALICE, "cmd": "/crud/read", "pol": [["==", ".a", 1]],
            "nonce": {"/": {"bytes": "AAEC"}}, "exp": 20,
        })
    }

    fn read(payload: &Json) -> Result<Delegation, DecodeFault> {
        decode(&token("ucan/dlg@1.0.0", payload)).map(|decoded| match decoded.content() {
            Ucan::Delegation(it) => it.clone(),
            Ucan::Invocation(_) => panic!("it is a delegation"),
        })
    }

    #[track_caller]
    fn changed(name: &str, value: Json) -> Result<Delegation, DecodeFault> {
        let mut payload = payload();
        payload[name] = value;
        read(&payload)
    }

    #[test]
    fn every_field_is_read() {
        let it = read(&payload()).unwrap();
        assert_eq!(it.issuer().to_string(), ALICE);
        assert_eq!(it.audience().to_string(), BOB);
        assert_eq!(it.subject(), Some(it.issuer()));
        assert_eq!(it.command().as_str(), "/crud/read");
        assert_eq!(it.policy().to_json(), json!([["==", ".a", 1]]));
        assert_eq!(it.nonce(), [0, 1, 2]);
        assert_eq!(it.expires(), Some(Timestamp::from_secs(20)));
        assert_eq!((it.begins(), it.meta()), (None, None));
        assert_eq!(changed("sub", Json::Null).unwrap().subject(), None);
        assert_eq!(changed("exp", Json::Null).unwrap().expires(), None);
        assert_eq!(changed("nbf", json!(10)).unwrap().begins(), Some(Timestamp::from_secs(10)));
        let meta = json!({"a": [null, 1.5]});
        assert_eq!(Json::from(changed("meta", meta.clone()).unwrap().meta().unwrap()), meta);
    }

    #[test]
    fn every_field_is_required() {
        for name in ["iss", "aud", "sub", "cmd", "pol", "nonce", "exp"] {
            let mut payload = payload();
            payload.as_object_mut().unwrap().remove(name);
            let fault = read(&payload).unwrap_err();
            assert_eq!(fault.to_string(), format!("the field `{name}` is missing"));
            assert_eq!(fault.code(), Code::UcanField);
        }
    }

    #[test]
    fn types_and_values_are_checked() {
        let web = "did:web:example.org";
        for (name, value, code) in [
            ("iss", json!(1), Code::UcanField),
            ("iss", Json::Null, Code::UcanField),
            ("iss", json!(web), Code::KeyMalformed),
            // Another key's algorithm than the header's.
            ("iss", json!(BOB), Code::UcanVarsig),
            ("aud", Json::Null, Code::UcanField),
            ("aud", json!(web), Code::UcanField),
            ("aud", json!(format!("{ALICE}#key")), Code::UcanField),
            ("sub", json!(1), Code::UcanField),
            ("sub", json!(web), Code::ClaimsSubject),
            ("cmd", json!("/Crud"), Code::UcanCommandSyntax),
            ("cmd", json!(["/crud"]), Code::UcanField),
            ("pol", json!({}), Code::UcanField),
            ("pol", Json::Null, Code::UcanField),
            ("pol", json!([["===", ".a", 1]]), Code::UcanPolicySyntax),
            ("nonce", json!("AAEC"), Code::UcanField),
            ("exp", json!(-1), Code::UcanField),
            ("exp", json!(20.0), Code::UcanField),
            ("exp", json!("20"), Code::UcanField),
            ("nbf", json!(-1), Code::UcanField),
            ("nbf", Json::Null, Code::UcanField),
            ("meta", json!([]), Code::UcanField),
            ("meta", Json::Null, Code::UcanField),
            ("iat", json!(10), Code::UcanField),
            ("args", json!({}), Code::UcanField),
            ("Exp", json!(20), Code::UcanField),
            ("fct", json!({}), Code::UcanField),
        ] {
            assert_eq!(changed(name, value.clone()).unwrap_err().code(), code, "{name} {value}");
        }
    }
}
