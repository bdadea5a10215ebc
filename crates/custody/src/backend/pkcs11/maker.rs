//! Making keys in a token, and bringing seeds into one.

use std::sync::Arc;

use cryptoki::error::Error;
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, KeyType, ObjectClass, ObjectHandle};
use greatseal_core::error::Quoted;
use greatseal_core::key::{PublicKey, RawKey};
use greatseal_core::signature::verify;
use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox};
use zeroize::Zeroize;

use super::access::Access;
use super::custodian::Work;
use super::link::{Live, Purpose};
use super::point::{ED25519, P256, spell_ed25519};
use super::trouble::Trouble;
use crate::custodian::Deadline;
use crate::fault::CustodyFault;
use crate::name::KeyName;
use crate::passphrase::PassphraseSource;
use crate::place::{Algorithm, Generate, Import, Placed};
use crate::seed::Seed;
use crate::uri::{KeyUri, Pkcs11Uri};

/// Bytes of a new key's identifier: enough that no two are ever the same.
const ID: usize = 16;

/// What a new key signs to show that its halves belong together. It is no statement of any kind.
const TRIAL: &[u8] = b"greatseal: does this key sign as its public half says?";

/// A token in which keys can be made.
pub(super) struct TokenMaker {
    access: Access,
}

impl TokenMaker {
    /// Reaches nothing yet.
    ///
    /// # Errors
    /// [`CustodyFault::Uri`] for the URI of a key.
    pub(super) fn new(uri: Pkcs11Uri, source: Arc<dyn PassphraseSource>) -> Result<Self, CustodyFault> {
        if uri.names_key() {
            let problem = "it names a key: leave object and id out, the new key gets its own".into();
            return Err(CustodyFault::Uri { found: Quoted::new(&uri.to_string()), problem });
        }
        Ok(Self { access: Access::new(uri, None, Purpose::Make, source) })
    }

    /// Makes a key by `make`, tries it, and takes it away again if it is not as it should be.
    fn place(
        &self,
        name: &KeyName,
        deadline: Deadline,
        make: impl Fn(&Live, &Names) -> Result<Pair, Trouble> + Send + Sync + 'static,
    ) -> Result<Placed, CustodyFault> {
        deadline.remaining()?;
        let names = Names::new(name)?;
        let uri = self.access.uri().with_key(name.as_str(), &names.id);
        let public_key = self.access.run(deadline, move |live, deadline| {
            if live.objects().taken(names.label())? {
                return Err(CustodyFault::Exists { name: names.name.clone() }.into());
            }
            // From here on nothing is done twice.
            let place = live.target.place.clone();
            let once = |trouble: Trouble| Trouble::Final(trouble.into_fault(&place));
            let pair = make(live, &names).map_err(once)?;
            let tried = try_out(live, &pair).and_then(|key| {
                // Nobody waits any more, so nobody would know of it.
                deadline.remaining()?;
                Ok(key)
            });
            if tried.is_err() {
                pair.destroy(live);
            }
            tried.map_err(once)
        })?;
        Ok(Placed { uri: KeyUri::Pkcs11(uri), public_key })
    }
}

impl Generate for TokenMaker {
    fn generate(&self, name: &KeyName, algorithm: Algorithm, deadline: Deadline) -> Result<Placed, CustodyFault> {
        self.place(name, deadline, move |live, names| match algorithm {
            Algorithm::Ed25519 => {
                either_spelling(|curve| generate(live, names, &Mechanism::EccEdwardsKeyPairGen, curve))
            }
            Algorithm::P256 => generate(live, names, &Mechanism::EccKeyPairGen, P256),
        })
    }
}

impl Import for TokenMaker {
    fn import(&self, name: &KeyName, seed: &Seed, deadline: Deadline) -> Result<Placed, CustodyFault> {
        let raw = *seed.nkey().raw();
        // The thread that calls the module may outlive this call, so it gets a copy; wiped when dropped.
        let mut secret = SecretBox::<[u8; 32]>::default();
        seed.lend(|bytes| secret.expose_secret_mut().copy_from_slice(bytes));
        self.place(name, deadline, move |live, names| {
            either_spelling(|curve| import(live, names, &secret, &raw, curve))
        })
    }
}

/// What a new key is called.
struct Names {
    name: KeyName,
    id: [u8; ID],
}

impl Names {
    fn new(name: &KeyName) -> Result<Self, CustodyFault> {
        let mut id = [0; ID];
        getrandom::fill(&mut id).map_err(|error| CustodyFault::Randomness { message: error.to_string() })?;
        Ok(Self { name: name.clone(), id })
    }

    fn label(&self) -> &str {
        self.name.as_str()
    }

    /// Returns the attributes that both halves have.
    fn both(&self, private: bool) -> Vec<Attribute> {
        vec![
            Attribute::Token(true),
            Attribute::Private(private),
            Attribute::Label(self.label().into()),
            Attribute::Id(self.id.into()),
        ]
    }

    /// Returns the attributes of a private half that signs and does not leave.
    fn private(&self) -> Vec<Attribute> {
        let mut attributes = self.both(true);
        attributes.extend([Attribute::Sensitive(true), Attribute::Extractable(false), Attribute::Sign(true)]);
        // SoftHSM allows what is not forbidden. Decryption is left out, because these keys have none, and
        // because tpm2-pkcs11 makes a key for which it is forbidden and then cannot describe it.
        attributes.extend([Attribute::Unwrap(false), Attribute::Derive(false)]);
        attributes
    }
}

/// A key that was made, and the public half that it must have, where that is known.
struct Pair {
    private: ObjectHandle,
    public: ObjectHandle,
    expected: Option<PublicKey>,
}

impl Pair {
    /// Takes it away again. What the token says to that changes nothing.
    fn destroy(&self, live: &Live) {
        for half in [self.private, self.public] {
            let _ = live.session.destroy_object(half);
        }
    }
}

/// Makes an Ed25519 key with the curve spelled in one way, and if that is refused in the other.
fn either_spelling(make: impl Fn(&[u8]) -> Result<Pair, Trouble>) -> Result<Pair, Trouble> {
    let [common, other] = ED25519;
    match make(common) {
        Err(Trouble::Final(_)) => make(other),
        answer => answer,
    }
}

fn generate(live: &Live, names: &Names, mechanism: &Mechanism<'_>, curve: &[u8]) -> Result<Pair, Trouble> {
    let mut public = names.both(false);
    public.extend([Attribute::Verify(true), Attribute::EcParams(curve.into())]);
    let (public, private) = live
        .session
        .generate_key_pair(mechanism, &public, &names.private())
        .map_err(|error| live.trouble(&error, "make a key"))?;
    Ok(Pair { private, public, expected: None })
}

fn import(
    live: &Live,
    names: &Names,
    secret: &SecretBox<[u8; 32]>,
    raw: &RawKey,
    curve: &[u8],
) -> Result<Pair, Trouble> {
    // Tokens that take no such object say that its description is wrong.
    let trouble = |error: Error| {
        let trouble = live.trouble(&error, "bring a key in");
        let Trouble::Final(CustodyFault::Answer { place, message }) = trouble else { return trouble };
        let problem = format!("{place} takes no Ed25519 key that was made elsewhere: {message}");
        Trouble::Final(CustodyFault::Unsupported { problem })
    };
    let of =
        |class| [Attribute::Class(class), Attribute::KeyType(KeyType::EC_EDWARDS), Attribute::EcParams(curve.into())];
    let mut private = [of(ObjectClass::PRIVATE_KEY).to_vec(), names.private()].concat();
    private.push(Attribute::Value(secret.expose_secret().to_vec()));
    let answer = live.session.create_object(&private);
    if let Some(Attribute::Value(copy)) = private.last_mut() {
        copy.zeroize();
    }
    let private = answer.map_err(trouble)?;
    let mut public = [of(ObjectClass::PUBLIC_KEY).to_vec(), names.both(false)].concat();
    public.extend([Attribute::Verify(true), Attribute::EcPoint(spell_ed25519(raw))]);
    match live.session.create_object(&public) {
        Ok(public) => Ok(Pair { private, public, expected: Some(PublicKey::Ed25519(*raw)) }),
        Err(error) => {
            // Half a key is none.
            let _ = live.session.destroy_object(private);
            Err(trouble(error))
        }
    }
}

/// Reads the public half and has the private one sign: a token may take a seed and make another
/// key of it.
fn try_out(live: &Live, pair: &Pair) -> Result<PublicKey, Trouble> {
    let key = live.objects().read(pair.public)?;
    let answer =
        |problem: &str| CustodyFault::Answer { place: live.target.place.clone(), message: Quoted::sentence(problem) };
    if pair.expected.is_some_and(|expected| expected != key) {
        return Err(answer("the public half of the new key is not the seed's").into());
    }
    let signature = Work::of(&key, TRIAL)?.sign(live, pair.private)?;
    verify(&key, TRIAL, &signature).map_err(|_| answer("the new key does not sign as its public half says"))?;
    Ok(key)
}
