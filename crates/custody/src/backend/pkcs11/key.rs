//! Finding a key in a token, and what the token says of it.

use cryptoki::error::Error;
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use greatseal_core::error::Quoted;
use greatseal_core::key::PublicKey;

use super::point::Spelling;
use super::trouble::Trouble;
use crate::examination::{Extractable, Origin};
use crate::fault::CustodyFault;
use crate::uri::Pkcs11Uri;

/// Identifiers that are told when several keys fit.
const TOLD: usize = 4;

/// What a public key is read from.
const PUBLIC: [AttributeType; 3] = [AttributeType::KeyType, AttributeType::EcParams, AttributeType::EcPoint];

/// A private key in a session.
#[derive(Clone, Copy)]
pub(super) struct Key {
    pub(super) handle: ObjectHandle,
    /// Its public half; some tokens keep none.
    pub(super) public: Option<PublicKey>,
}

/// The objects of a token, as one session sees them.
pub(super) struct Objects<'a> {
    pub(super) session: &'a Session,
    pub(super) uri: &'a Pkcs11Uri,
    pub(super) place: &'a str,
}

impl Objects<'_> {
    /// Finds the private key that the URI names, and its public half.
    ///
    /// # Errors
    /// [`CustodyFault::NoSuchKey`], or [`CustodyFault::Uri`] when several fit.
    pub(super) fn key(&self) -> Result<Key, Trouble> {
        let handle = self.only(ObjectClass::PRIVATE_KEY)?;
        let (mut id, mut label, mut each_time) = (Vec::new(), Vec::new(), false);
        let asked = [AttributeType::Id, AttributeType::Label, AttributeType::AlwaysAuthenticate];
        for attribute in self.attributes(handle, &asked)? {
            if let Attribute::Id(bytes) = attribute {
                id = bytes;
            } else if let Attribute::Label(bytes) = attribute {
                label = bytes;
            } else if let Attribute::AlwaysAuthenticate(yes) = attribute {
                each_time = yes;
            }
        }
        if each_time {
            let problem = format!("{} wants the PIN at each signature of this key, which is not supported", self.place);
            return Err(CustodyFault::Unsupported { problem }.into());
        }
        Ok(Key { handle, public: self.public_half(handle, id, label)? })
    }

    /// Finds the public key that the URI names, without a login: most tokens show it to everybody.
    pub(super) fn public_key(&self) -> Result<PublicKey, Trouble> {
        let handle = self.only(ObjectClass::PUBLIC_KEY)?;
        self.read(handle)
    }

    /// Says how a private key came there and whether it can leave. The device's own word.
    pub(super) fn claims(&self, key: ObjectHandle) -> Result<(Origin, Extractable), Trouble> {
        let asked = [AttributeType::Local, AttributeType::Extractable, AttributeType::NeverExtractable];
        let (mut origin, mut leaves, mut never) = (Origin::Unknown, None, false);
        for attribute in self.attributes(key, &asked)? {
            if let Attribute::Local(local) = attribute {
                origin = if local { Origin::GeneratedInside } else { Origin::Imported };
            } else if let Attribute::Extractable(yes) = attribute {
                leaves = Some(yes);
            } else if let Attribute::NeverExtractable(yes) = attribute {
                never = yes;
            }
        }
        // CKA_EXTRACTABLE can be cleared and not be set again (PKCS#11 3.0 section 4.9).
        let extractable = match leaves {
            Some(true) => Extractable::Yes,
            Some(false) => Extractable::Never,
            None if never => Extractable::Never,
            None => Extractable::Unknown,
        };
        Ok((origin, extractable))
    }

    /// Says whether any key has a label.
    pub(super) fn taken(&self, label: &str) -> Result<bool, Trouble> {
        for class in [ObjectClass::PRIVATE_KEY, ObjectClass::PUBLIC_KEY] {
            let wanted = [Attribute::Class(class), Attribute::Label(label.into())];
            if !self.find(&wanted)?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads the public key of an object.
    pub(super) fn read(&self, handle: ObjectHandle) -> Result<PublicKey, Trouble> {
        Spelling::of(self.attributes(handle, &PUBLIC)?).public_key().map_err(|problem| {
            Trouble::Final(CustodyFault::Answer { place: self.place.into(), message: Quoted::sentence(&problem) })
        })
    }

    fn public_half(&self, key: ObjectHandle, id: Vec<u8>, label: Vec<u8>) -> Result<Option<PublicKey>, Trouble> {
        let class = Attribute::Class(ObjectClass::PUBLIC_KEY);
        let marks: Vec<_> = [
            (!id.is_empty()).then(|| Attribute::Id(id.clone())),
            (!label.is_empty()).then_some(Attribute::Label(label)),
        ]
        .into_iter()
        .flatten()
        .collect();
        // The identifier is what ties the halves together; labels may differ.
        let by_id = (!id.is_empty()).then(|| vec![class.clone(), Attribute::Id(id)]);
        let by_both = (!marks.is_empty()).then(|| [vec![class], marks].concat());
        for wanted in [by_both, by_id].into_iter().flatten() {
            if let [only] = self.find(&wanted)?.as_slice() {
                return self.read(*only).map(Some);
            }
        }
        // Some tokens keep the public half in the private object, or nowhere.
        let spelling = Spelling::of(self.attributes(key, &PUBLIC)?);
        Ok(spelling.public_key().ok())
    }

    fn only(&self, class: ObjectClass) -> Result<ObjectHandle, Trouble> {
        let mut wanted = vec![Attribute::Class(class)];
        wanted.extend(self.uri.object().map(|label| Attribute::Label(label.into())));
        wanted.extend(self.uri.id().map(|id| Attribute::Id(id.into())));
        match self.find(&wanted)?.as_slice() {
            [only] => Ok(*only),
            [] => Err(CustodyFault::NoSuchKey { place: self.place.into(), key: self.name() }.into()),
            several => Err(self.ambiguous(several)?.into()),
        }
    }

    fn ambiguous(&self, several: &[ObjectHandle]) -> Result<CustodyFault, Trouble> {
        let mut marks = Vec::new();
        for handle in several.iter().take(TOLD) {
            for attribute in self.attributes(*handle, &[AttributeType::Id, AttributeType::Label])? {
                // Whichever of the two the URI does not have yet.
                if let (Attribute::Id(id), None) = (&attribute, self.uri.id()) {
                    marks.push(format!("id={}", Pkcs11Uri::spell_id(id)));
                } else if let (Attribute::Label(label), None) = (&attribute, self.uri.object()) {
                    marks.push(format!("object={}", String::from_utf8_lossy(label).escape_debug()));
                }
            }
        }
        let advice = if marks.is_empty() {
            "they have the same label and identifier: delete or rename one".into()
        } else {
            format!("say which one with {}", marks.join(" or "))
        };
        let problem = format!("{} has {} such keys; {advice}", self.place, several.len());
        Ok(CustodyFault::Uri { found: Quoted::new(&self.uri.to_string()), problem })
    }

    fn name(&self) -> String {
        match (self.uri.object(), self.uri.id()) {
            (Some(label), Some(id)) => format!("{} with id={}", label.escape_debug(), Pkcs11Uri::spell_id(id)),
            (Some(label), None) => label.escape_debug().to_string(),
            (None, Some(id)) => format!("with id={}", Pkcs11Uri::spell_id(id)),
            (None, None) => "without a name".into(),
        }
    }

    fn find(&self, wanted: &[Attribute]) -> Result<Vec<ObjectHandle>, Trouble> {
        self.session.find_objects(wanted).map_err(|error| self.trouble(&error))
    }

    fn attributes(&self, handle: ObjectHandle, asked: &[AttributeType]) -> Result<Vec<Attribute>, Trouble> {
        self.session.get_attributes(handle, asked).map_err(|error| self.trouble(&error))
    }

    fn trouble(&self, error: &Error) -> Trouble {
        Trouble::of(error, self.place, "read its objects")
    }
}
